"""Canaries: which Message-ID is one of ours, when the next is due, and since when they are lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.health.canary import Canaries, CanaryRules, is_due, lost_since, message_id, name_of, recognised
from bot.core.records.reasons import OutboxReason

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
SECRET = bytes(32)
RULES = CanaryRules(timedelta(hours=1), timedelta(minutes=15))


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


@given(
    st.binary(min_size=8, max_size=8),
    st.integers(10**9, 10**11 - 1),
    st.integers(0),
    st.characters(),
)
def test_it_is_known_as_it_was_made_and_not_with_any_character_changed(random, seconds, place, character):
    name = name_of(random, datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds))
    made = message_id(name, "city.example.jp", SECRET)
    assert recognised(made, SECRET) == name
    assert recognised(made, b"x" * 32) == ""
    signed = made.index("@")  # the domain is where it comes back to, and proves nothing
    place %= signed
    changed = made[:place] + character + made[place + 1 :]
    assert recognised(changed, SECRET) == (name if changed == made else "")


@given(st.text())
def test_no_text_is_one_or_raises(text):
    assert recognised(text, SECRET) == ""


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (None, True),
        (Canaries(ago(minutes=59), is_back=True), False),
        (Canaries(ago(minutes=60), is_back=True), True),
        (Canaries(ago(minutes=4), is_back=False, reason=OutboxReason.RELAY_DEFERRED), False),
        (Canaries(ago(minutes=5), is_back=False, reason=OutboxReason.RELAY_DEFERRED), True),
        (Canaries(ago(minutes=14), is_back=False, reason=OutboxReason.OUTCOME_UNKNOWN), False),
        (Canaries(ago(minutes=14), is_back=False), False),
        (Canaries(ago(minutes=15), is_back=False), True),
        (Canaries(NOW + timedelta(days=365), is_back=True), True),
    ],
)
def test_the_next_is_due_by_the_hour_and_sooner_after_one_that_failed(known, expected):
    assert is_due(known, RULES, NOW) is expected


def test_one_that_came_too_late_is_lost_until_one_is_in_time() -> None:
    late = Canaries(ago(minutes=20), is_back=True, back_at=NOW, took=timedelta(minutes=20))
    assert lost_since(late, RULES, ago(days=1), NOW) == ago(minutes=20)
    under_way = replace(late, is_back=False, sent_at=NOW, missing_since=NOW)
    assert lost_since(under_way, RULES, ago(days=1), NOW) == ago(minutes=20)
    assert lost_since(replace(late, took=timedelta(minutes=1)), RULES, ago(days=1), NOW) is None
    assert lost_since(late, RULES, ago(minutes=18), NOW) is None  # it waited for the daemon


LOST = Canaries(ago(minutes=1), is_back=False, missing_since=ago(minutes=20))


@pytest.mark.parametrize(
    ("known", "began", "expected"),
    [
        (None, ago(days=1), None),
        (Canaries(ago(hours=1), is_back=True), ago(days=1), None),
        (Canaries(ago(minutes=14), is_back=False, missing_since=ago(minutes=14)), ago(days=1), None),
        (LOST, ago(days=1), LOST.missing_since),
        (LOST, ago(minutes=15), LOST.missing_since),
        (LOST, ago(minutes=14), None),  # what came back while nobody was there waits at the relay
    ],
)
def test_they_are_lost_when_the_first_is_late_and_somebody_was_there_to_take_it(known, began, expected):
    assert lost_since(known, RULES, began, NOW) == expected


def test_a_start_ends_no_loss_that_was_told():
    assert lost_since(LOST, RULES, NOW, NOW, was_lost=True) == LOST.missing_since
    under_way = replace(LOST, missing_since=ago(minutes=1), back_at=ago(minutes=2))
    assert lost_since(under_way, RULES, NOW, NOW, was_lost=True) is None
