"""Closed lists: a member is its value everywhere, has all its properties, and no two members of a list read alike."""

from __future__ import annotations

import copy
import json
import pickle

import pytest

from bot.core.records import consent, guarantee, guarantee_version, incoming_mail, outgoing_mail, paper, submission
from bot.core.text.closed_list import ClosedList

LISTS: tuple[type[ClosedList], ...] = (
    incoming_mail.MailState,
    submission.SubmissionState,
    submission.Field,
    submission.ReadFrom,
    outgoing_mail.OutboxState,
    guarantee.GuaranteeState,
    guarantee.Product,
    guarantee_version.VersionKind,
    paper.PaperKind,
    consent.Origin,
)
MEMBERS = [pytest.param(one, id=f"{type(one).__name__}.{one.name}") for members in LISTS for one in members]


@pytest.mark.parametrize("member", MEMBERS)
def test_a_member_is_its_value(member):
    assert member == member.value == str(member) == f"{member}" == json.loads(json.dumps(member))
    assert type(member)(member.value) is member
    assert pickle.loads(pickle.dumps(member)) is member
    assert copy.deepcopy(member) is member


@pytest.mark.parametrize("members", LISTS)
def test_two_members_have_different_words(members):
    words = [one.words for one in members]
    assert all(words)
    assert len(words) == len(set(words))


@pytest.mark.parametrize("properties", [(), ("words", "more")])
def test_a_member_has_all_its_properties_and_no_more(properties):
    with pytest.raises(TypeError, match="Wrong: a must have words"):

        class Wrong(ClosedList):
            words: str
            A = "a", *properties


def test_what_is_no_member_is_a_value_error():
    with pytest.raises(ValueError, match="'b' is not a valid"):
        guarantee.Product("b")
