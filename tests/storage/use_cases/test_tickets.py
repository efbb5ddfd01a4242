"""Tickets beside their letters: kept with them, found by token or thread, spent once, with what they were spent for."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.records.consent import Origin
from bot.core.records.incoming_mail import (
    AppliedAction,
    CaseNote,
    ClerkAction,
    ClerkDecision,
    Correction,
    MailState,
    OriginalsAsked,
    Stop,
)
from bot.core.records.reasons import MailReason, SubmissionReason
from bot.core.records.reply_token import NewTicket, TokenCase
from bot.core.records.submission import SubmissionState
from bot.core.verdict.mail_verdict import Verdict
from storage.errors import Overtaken
from storage.store import Store
from tests.storage.samples import GUARANTEE as G
from tests.storage.samples import START, add, arrival, letter, settled, submission

TOKEN = "ABCDEFGH2345"
RECEIPT = "20261122-0001-1"
UNTIL = START + timedelta(days=30)
CASES = (TokenCase(1, RECEIPT, (1, 7)), TokenCase(2, "20261122-0001-2"))


def done(*acts: ClerkAction, place: int = 1) -> Verdict:
    """What a clerk's answer settles."""
    carried_out = tuple(AppliedAction(act, "yamada@city.example.jp", TOKEN, place) for act in acts)
    return Verdict(MailState.ANSWERED, MailReason.ORDERS_DONE, "yamada@city.example.jp", "RE:", carried_out=carried_out)


REFUSED = ClerkDecision(RECEIPT, SubmissionState.REFUSED, SubmissionReason.CLERK_REFUSED, note="工期が異なります")


@pytest.fixture
async def waiting(store: Store) -> Store:
    """Two held submissions, an alert with a ticket, and two answers in hand."""
    await store.register.change(add(G), actor="register", source="rows.csv")
    await store.incoming.keep([arrival() for _ in range(3)])
    for _ in range(3):
        await store.incoming.claim(lease=timedelta(hours=1))
    held = [
        submission(receipt_number=case.receipt_number, state=SubmissionState.HELD, guarantee_id=None) for case in CASES
    ]
    await store.submissions.settle(1, settled(*held))
    ticketed = replace(letter("alert"), ticket=NewTicket(TOKEN, "契約課", UNTIL, CASES))
    assert await store.outbox.enqueue([ticketed]) == 1
    assert await store.outbox.enqueue([ticketed]) == 0  # a replay of the mail writes neither anew
    return store


async def test_a_ticket_is_found_by_its_token_or_by_its_letters_message_id(waiting: Store) -> None:
    (row,) = await waiting.outbox.list_()
    found = await waiting.tickets.find(TOKEN)
    assert found is not None
    assert (found.desk, found.message_id, found.expires_at) == ("契約課", row.mail.message_id, UNTIL)
    assert found.cases == CASES
    assert await waiting.tickets.find("", [row.mail.message_id, "<other@example.jp>"]) == found
    assert await waiting.tickets.find("AAAABBBBCCCC") is None
    assert await waiting.tickets.find("") is None


async def test_an_answer_does_all_it_orders_and_spends_its_case(waiting: Store) -> None:
    await waiting.submissions.settle(2, done(REFUSED))
    one = await waiting.submissions.get(RECEIPT)
    assert (one.state, one.reasons[-1]) == (SubmissionState.REFUSED, SubmissionReason.CLERK_REFUSED)
    ticket = await waiting.tickets.find(TOKEN)
    assert [case.spent_at is not None for case in ticket.cases] == [True, False]
    (line, *_) = [
        line
        for line in await waiting.journal.lines(subject=("submission", RECEIPT))
        if line.event == "submission.refused"
    ]
    assert (line.actor, line.detail["answer"], line.detail["note"]) == (
        "yamada@city.example.jp",
        2,
        "工期が異なります",
    )


async def test_a_spent_case_is_not_spent_again_and_nothing_of_that_answer_happens(waiting: Store) -> None:
    fields = replace((await waiting.submissions.get(RECEIPT)).fields, contractor="株式会社みほん建設", auth_key=None)
    await waiting.submissions.settle(2, done(Correction(RECEIPT, fields, (), ())))
    with pytest.raises(Overtaken):
        await waiting.submissions.settle(3, done(REFUSED))
    assert (await waiting.submissions.get(RECEIPT)).state is SubmissionState.HELD
    assert (await waiting.incoming.get(3))[0].state is MailState.RECEIVED


async def test_what_changes_nothing_leaves_the_case_to_be_answered(waiting: Store) -> None:
    await waiting.submissions.settle(2, done(CaseNote(RECEIPT, "put_off", "照会中"), OriginalsAsked(1, RECEIPT)))
    assert [case.spent_at for case in (await waiting.tickets.find(TOKEN)).cases] == [None, None]
    await waiting.submissions.settle(3, done(REFUSED))
    assert (await waiting.submissions.get(RECEIPT)).state is SubmissionState.REFUSED


async def test_of_two_answers_at_once_one_is_decided_anew(waiting: Store) -> None:
    ends = await asyncio.gather(
        waiting.submissions.settle(2, done(REFUSED)),
        waiting.submissions.settle(3, done(REFUSED)),
        return_exceptions=True,
    )
    assert sorted(type(end).__name__ for end in ends) == ["NoneType", "Overtaken"]


async def test_a_case_that_changed_meanwhile_is_decided_anew(waiting: Store) -> None:
    await waiting.submissions.judge(REFUSED, actor="another")
    with pytest.raises(Overtaken):
        await waiting.submissions.settle(2, done(REFUSED))
    assert [case.spent_at for case in (await waiting.tickets.find(TOKEN)).cases] == [None, None]


async def test_a_correction_changes_the_fields_and_never_the_key(waiting: Store) -> None:
    before = await waiting.submissions.get(RECEIPT)
    fields = replace(before.fields, number="00123-456780", number_as_written="00123-456780", auth_key=None)
    await waiting.submissions.settle(
        2, done(Correction(RECEIPT, fields, (SubmissionReason.CLERK_CORRECTED,), ("候補1: …",)))
    )
    after = await waiting.submissions.get(RECEIPT)
    assert after.fields == replace(fields, auth_key=before.fields.auth_key)
    assert (after.state, after.reasons) == (SubmissionState.HELD, (SubmissionReason.CLERK_CORRECTED,))
    (line, *_) = await waiting.journal.lines(subject=("submission", RECEIPT))
    assert line.detail["before"]["number"] == before.fields.number


async def test_a_stop_is_an_opt_out(waiting: Store) -> None:
    await waiting.submissions.settle(2, done(Stop(RECEIPT, "Tanto@kensetsu.example.jp")))
    (stop,) = await waiting.consent.opted_out()
    assert (stop.word.address, stop.word.granted) == ("tanto@kensetsu.example.jp", False)
    assert (stop.word.wording, stop.word.origin, stop.word.actor) == ("「停止」", Origin.DESK, "yamada@city.example.jp")
    assert stop.word.source == f"受付 {RECEIPT} への返信（メール2）"


async def test_the_showing_of_a_key_in_a_mail_has_its_line(store: Store) -> None:
    assert await store.outbox.enqueue([replace(letter("work"), is_secret=True, keys_of=(RECEIPT,))]) == 1
    (line,) = await store.journal.lines(subject=("submission", RECEIPT))
    assert (line.event, line.detail) == ("key.shown", {"outgoing": 1})
