"""A notice that puts an earlier one right: accepted where the register has its number and key, and ends its sender's own alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.judging.judge import judge
from bot.core.judging.rejudge import is_waiting_for_register, rejudge
from bot.core.judging.sender_facts import SenderFacts
from bot.core.letters.to_contractors import Difference, Receipt, ReceiptDiffers
from bot.core.letters.to_desks import Alert
from bot.core.mail.message import Address
from bot.core.records.incoming_mail import MailState
from bot.core.records.reasons import SubmissionReason as Why
from bot.core.records.secret import AuthKey
from bot.core.records.submission import ReadFrom
from bot.core.records.submission import SubmissionState as State
from tests.core.verdict.cases import (
    KEY,
    NOTICE_TEXT,
    NOW,
    NUMBER,
    OTHER_KEY,
    POLICY,
    SENDER,
    fields,
    guarantee,
    look_up,
    notice,
    paper,
    raw_mail,
    sort,
    submission,
)

WRONG = submission(State.HELD, fields=fields(auth_key=OTHER_KEY), reasons=(Why.KEY_DIFFERS,))
TAKEN = submission(State.ACCEPTED, fields=fields(auth_key=OTHER_KEY))
ROW = guarantee(auth_key=KEY)


def sender(address: str = SENDER, **known: bool) -> SenderFacts:
    facts = {"is_proven": True, "is_unproven": False, "is_automatic": False} | known
    return SenderFacts(Address("", address), **facts)


def judged(*earlier, row=ROW, who=None, doubts=(), **said):
    found = look_up(row, earlier=earlier)
    return judge(notice(*doubts, **said), found, who or sender(), POLICY, NOW)


@pytest.mark.parametrize(
    ("earlier", "who"),
    [
        (WRONG, sender()),
        (WRONG, sender("soumu@kensetsu.example.jp")),
        (WRONG, sender(SENDER.upper())),
        (WRONG, sender(is_proven=False)),  # nobody looks
        (TAKEN, sender()),
        (replace(WRONG, sender="koji@gmail.com"), sender("koji@gmail.com")),
    ],
    ids=["address", "domain", "case", "not-asked", "accepted", "free-mail"],
)
def test_the_registers_own_number_and_key_end_what_the_same_sender_had_sent(earlier, who):
    found = judged(earlier, who=who)
    assert (found.state, found.reasons) == (State.ACCEPTED, (Why.NUMBER_AND_KEY_MATCH,))
    assert found.replaces == (earlier,)
    assert any(earlier.receipt_number in line for line in found.evidence)
    assert not found.is_key_alarm


SECOND = replace(WRONG, receipt_number="20261102-0002-1", fields=fields(auth_key=AuthKey("Qw4eRt6yUi8p")))


def test_several_are_ended_together():
    assert judged(WRONG, SECOND).replaces == (WRONG, SECOND)


STRANGE = replace(WRONG, sender="mallory@evil.example.com")


@pytest.mark.parametrize(
    ("earlier", "who", "more"),
    [
        ((STRANGE,), sender(), {}),
        ((WRONG, STRANGE), sender(), {}),
        ((WRONG,), sender("mallory@evil.example.com"), {}),
        ((WRONG,), sender("koji@kensetsu.example.jp.evil.example.com"), {}),
        ((replace(WRONG, sender="koji@gmail.com"),), sender("mallory@gmail.com"), {}),
        ((replace(WRONG, sender="koji@isp.ne.jp"),), sender("mallory@isp.ne.jp"), {}),
        ((replace(WRONG, sender=""),), sender(""), {}),
        ((replace(WRONG, reasons=(Why.KEY_DIFFERS, Why.SENDER_UNPROVEN)),), sender(), {}),
        ((replace(WRONG, reasons=(Why.KEY_DIFFERS, Why.SENDER_AUTOMATIC)),), sender(), {}),
        ((replace(TAKEN, reasons=(Why.KEY_DIFFERS, Why.CLERK_ACCEPTED)),), sender(), {}),
        ((replace(TAKEN, state=State.VERIFIED, reasons=(Why.VERIFIED_IN_DSURE,)),), sender(), {}),
        ((replace(TAKEN, reasons=(Why.VERIFIED_IN_DSURE, Why.GUARANTEE_CHANGED)),), sender(), {}),
        ((WRONG,), sender(is_proven=False, is_unproven=True), {}),
        ((WRONG,), sender(is_automatic=True), {}),
        ((WRONG,), sender(), {"row": guarantee()}),  # the register has no key: nobody knows which one is right
        ((WRONG,), sender(), {"row": guarantee(auth_key=AuthKey("Qw4eRt6yUi8p"))}),
        ((WRONG,), sender(), {"project_name": "市道２号線舗装工事"}),
        ((WRONG,), sender(), {"doubts": (Why.SHOWS_OTHERWISE,)}),
        ((WRONG,), sender(), {"auth_key": None, "doubts": (Why.KEY_MISSING,)}),
    ],
)
def test_nobody_else_ends_it_and_nothing_doubtful_does(earlier, who, more):
    found = judged(*earlier, who=who, **more)
    assert (found.state, found.replaces) == (State.HELD, ())
    if found.notice.fields.auth_key is not None:
        assert Why.OTHER_KEY_BEFORE in found.reasons


def test_a_picture_with_the_very_key_puts_a_misread_one_right():
    seen = replace(notice(), read_from=ReadFrom.OCR)
    found = judge(seen, look_up(ROW, earlier=(WRONG,)), sender(), POLICY, NOW)
    assert (found.state, found.replaces) == (State.ACCEPTED, (WRONG,))


OTHER_TEXT = NOTICE_TEXT.replace(KEY.reveal(), OTHER_KEY.reveal())
BOTH = [paper(OTHER_TEXT, name="1.pdf"), paper(name="2.pdf")]


@pytest.mark.parametrize("papers", [BOTH, BOTH[::-1]], ids=["wrong-first", "right-first"])
@pytest.mark.parametrize("is_known", [True, False])
def test_of_two_keys_in_one_mail_the_registers_is_accepted_and_the_other_is_named(papers, is_known: bool):
    row = guarantee(auth_key=KEY, email=SENDER if is_known else "")
    verdict = sort(raw_mail("Subject: 認証キー"), *papers, register=lambda said: look_up(row, number=said.number))
    right, wrong = sorted(verdict.submissions, key=lambda one: one.state)
    assert (verdict.state, right.state, wrong.state) == (MailState.SORTED, State.ACCEPTED, State.HELD)
    assert (right.document_name, wrong.document_name) == ("2.pdf", "1.pdf")
    assert wrong.reasons[0] is Why.KEY_DIFFERS
    assert verdict.replaced == ()
    (alert,) = (one.context for one in verdict.drafts if isinstance(one.context, Alert))
    assert [case.receipt_number for case in alert.cases] == [wrong.receipt_number]
    (reply,) = (one.context for one in verdict.drafts if one.answers)
    if is_known:
        assert isinstance(reply, ReceiptDiffers)
        assert [(one.item.receipt_number, one.differences) for one in reply.differing] == [
            (wrong.receipt_number, (Difference.KEY,))
        ]
    else:
        assert isinstance(reply, Receipt)


def test_who_is_known_is_told_in_one_line_and_a_stranger_is_not():
    for email, told in ((SENDER, (("20261123-0007-1", WRONG.receipt_number),)), ("", ())):
        found = look_up(guarantee(auth_key=KEY, email=email), earlier=(WRONG,))
        verdict = sort(raw_mail("Subject: 認証キー"), paper(), register=lambda _, found=found: found)
        (reply,) = (one.context for one in verdict.drafts if one.answers)
        assert isinstance(reply, Receipt)
        assert reply.replaced == told
        assert verdict.replaced == ((WRONG.receipt_number, 1),)
        assert NUMBER in reply.items[0].number


def test_of_two_keys_in_one_mail_none_is_taken_where_the_register_has_none():
    verdict = sort(raw_mail("Subject: 認証キー"), *BOTH, register=lambda said: look_up(guarantee(), number=said.number))
    assert [one.state for one in verdict.submissions] == [State.HELD, State.HELD]
    assert all(Why.TWO_KEYS_IN_MAIL in one.reasons for one in verdict.submissions)


WAITING = replace(
    WRONG, receipt_number="20261103-0003-1", fields=fields(), reasons=(Why.NOT_IN_REGISTER, Why.OTHER_KEY_BEFORE)
)


@pytest.mark.parametrize(
    ("row", "earlier", "is_accepted"),
    [
        (ROW, (WRONG,), True),
        (ROW, (STRANGE,), False),
        (ROW, (WRONG, STRANGE), False),
        (ROW, (), True),  # the other one was sent back meanwhile
        (guarantee(), (WRONG,), False),
        (guarantee(), (), False),
    ],
)
def test_one_that_waited_for_the_register_is_accepted_when_its_very_key_comes(row, earlier, is_accepted: bool):
    assert is_waiting_for_register(WAITING)
    verdict = rejudge(WAITING, look_up(row, earlier=(*earlier, WAITING)), POLICY)
    assert (verdict is not None) is is_accepted
    if verdict is not None:
        assert (verdict.reason, verdict.replaces) == (Why.NUMBER_AND_KEY_MATCH, earlier)
    assert rejudge(WRONG, look_up(row, earlier=(WRONG, WAITING)), POLICY) is None
