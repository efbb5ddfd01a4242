"""Every reason has words for people, and no two can be mistaken for each other."""

from __future__ import annotations

import re
from enum import StrEnum

import pytest

from bot.core.records.reasons import (
    LimitReason,
    MailReason,
    NoReplyReason,
    OutboxReason,
    PaperReason,
    SubmissionReason,
)

LISTS: tuple[type[StrEnum], ...] = (
    MailReason,
    PaperReason,
    SubmissionReason,
    OutboxReason,
    NoReplyReason,
    LimitReason,
)
ALL = [reason for reasons in LISTS for reason in reasons]


@pytest.mark.parametrize("reason", ALL, ids=[f"{type(r).__name__}.{r.name}" for r in ALL])
def test_a_reason_is_worded_in_one_japanese_sentence(reason):
    words = reason.words
    assert re.search("[ぁ-ん]", words)
    assert words == words.strip()
    assert not re.search(r"[\n。_]", words)
    assert len(words) <= 40


@pytest.mark.parametrize("reasons", LISTS)
def test_two_reasons_of_a_list_have_different_words(reasons):
    words = [reason.words for reason in reasons]
    assert len(words) == len(set(words))


@pytest.mark.parametrize("reason", ALL, ids=[f"{type(r).__name__}.{r.name}" for r in ALL])
def test_a_reasons_value_is_its_name(reason):
    """Stored and shown to programs: a renamed member must not change what a database already says."""
    assert reason.value == reason.name.lower()
