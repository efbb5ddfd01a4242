"""Deadlines' facts, what was told and what was dealt with, on both databases; a contractor's reminder leaves only while it is true."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from bot.core.consent.rules import ProofState
from bot.core.deadlines.reminders import Told
from bot.core.deadlines.rules import DeadlineKind
from bot.core.records.guarantee import Guarantee, GuaranteeState, Product
from bot.core.records.incoming_mail import KeyReceived, MailState
from bot.core.records.outgoing_mail import Letter, OutboxState
from bot.core.records.paper import Paper, PaperKind
from bot.core.records.reasons import MailReason, OutboxReason, PaperReason
from bot.core.records.submission import SubmissionState
from storage.errors import NotFound
from storage.store import Store, Vault
from tests.storage.samples import (
    FIELDS,
    GUARANTEE,
    KEY,
    START,
    Watch,
    accepted,
    add,
    arrival,
    letter,
    settled,
    submission,
    update,
)

LONG_AGO = START - timedelta(days=100)
ISSUED = DeadlineKind.ISSUED_WITHOUT_NOTICE
EMAIL = "keiri@kensetsu.example.jp"
TODAY = date(2026, 11, 22)


def row(number: str, **changes: Any) -> Guarantee:
    return replace(GUARANTEE, number=number, **changes)


async def test_the_facts_are_what_may_be_due_and_no_key_is_in_them(store: Store, watch: Watch) -> None:
    contract, paper = Product.CONTRACT, GuaranteeState.ON_PAPER
    await store.register.change(
        add(
            GUARANTEE,
            row("1", state=GuaranteeState.EXPECTED),  # nothing of it can be due
            row("2", state=GuaranteeState.EXPECTED, product=contract, wants_issued_mail=False),
            row("3", state=paper, expires_on=date(2027, 3, 1), auth_key=KEY),
            row("4", state=GuaranteeState.EXPIRED, expires_on=date(2027, 3, 1)),
            row("5", wants_issued_mail=False),
            row("6", email="gone@kensetsu.example.jp"),
        ),
        actor="clerk",
        source="a.csv",
    )
    await store.consent.opt_out("GONE@kensetsu.example.jp", wording="「配信停止」", actor="clerk", source="電話")
    await store.incoming.keep([arrival(), arrival(), arrival(), arrival()])
    await store.submissions.settle(1, settled(submission("20261122-0001-1")))
    claim = Paper("請求書.pdf", PaperKind.CLAIM, PaperReason.TEXT_OF_PAPER)
    passed_on = settled(state=MailState.PASSED_ON, reason=MailReason.PAPER_WITHOUT_NOTICE, papers=(claim, claim))
    await store.submissions.settle(2, passed_on)
    await store.submissions.settle(3, settled(state=MailState.IGNORED, reason=MailReason.SPAM))
    await store.submissions.settle(4, settled(state=MailState.PASSED_ON, reason=MailReason.NO_NOTICE))
    await store.incoming.release(2, actor="clerk", note="紙で受領")
    facts = await store.deadlines.facts(since=LONG_AGO)
    assert [one.number for one in facts.guarantees] == [GUARANTEE.number, "2", "3", "5", "6"]
    assert facts.wanting == {1}
    assert [(one.mail_id, one.submission.receipt_number) for one in facts.notices] == [(1, "20261122-0001-1")]
    assert [(one.mail_id, one.state, one.claims) for one in facts.mails] == [
        (2, MailState.RELEASED, 2),
        (4, MailState.PASSED_ON, 0),
    ]
    assert facts.notices[0].state_at == watch.now
    assert {one.auth_key for one in facts.guarantees} == {None}
    assert facts.notices[0].submission.fields == replace(FIELDS, auth_key=None)


async def test_what_has_ended_long_ago_is_left_out_and_what_waits_is_not(store: Store, watch: Watch) -> None:
    await store.register.change(add(GUARANTEE, row("2")), actor="clerk", source="a.csv")
    await store.incoming.keep([arrival(), arrival()])
    taken = KeyReceived(1, GUARANTEE.number, KEY)
    await store.submissions.settle(1, settled(accepted(1), keys_received=(taken,)))
    await store.submissions.settle(2, settled(submission("20261122-0002-1", state=SubmissionState.REFUSED)))
    watch.turn(days=30)
    facts = await store.deadlines.facts(since=watch.now - timedelta(days=1))
    assert [one.submission.state for one in facts.notices] == [SubmissionState.ACCEPTED]
    assert facts.rows[1].project_name == GUARANTEE.project_name
    assert facts.rows[1].auth_key is None


def told(about: str = "guarantee/1/0", **changes: Any) -> Told:
    return replace(Told(ISSUED, about, EMAIL, 1, TODAY), **changes)


def reminder(key: str = "notice_reminder/20261122/a", **changes: Any) -> Any:
    return letter(key, letter=Letter.NOTICE_REMINDER, recipient=EMAIL, submission="", **changes)


async def test_what_was_told_is_remembered_with_its_mail(store: Store, watch: Watch) -> None:
    assert await store.deadlines.reminded() == ()
    assert await store.deadlines.remind([(reminder(), (told(), told("guarantee/2/1")))]) == 1
    assert await store.deadlines.reminded() == (told(), told("guarantee/2/1"))
    watch.turn(days=7)
    later = told(level=2, told_on=TODAY + timedelta(days=7), count=2)
    assert await store.deadlines.remind([(reminder("notice_reminder/20261129/a"), (later,))]) == 1
    assert await store.deadlines.reminded() == (later, told("guarantee/2/1"))
    lines = await store.journal.lines(subject=("guarantee", "1"))
    assert [(line.event, line.detail["level"], line.detail["outgoing"]) for line in lines] == [
        ("reminder.told", 2, 2),
        ("reminder.told", 1, 1),
    ]


async def test_the_day_of_a_telling_is_japans(store: Store, watch: Watch) -> None:
    watch.now = datetime.fromisoformat("2026-11-23T15:30:00+00:00")
    await store.deadlines.remind([(reminder(), (told(),))])
    assert [one.told_on for one in await store.deadlines.reminded()] == [date(2026, 11, 24)]


async def test_who_has_had_his_mail_of_the_day_is_not_taken_for_told(store: Store) -> None:
    await store.deadlines.remind([(reminder(), (told(),))])
    assert await store.deadlines.remind([(reminder(), (told("guarantee/2/0"),))]) == 0
    assert await store.deadlines.reminded() == (told(),)
    assert len(await store.outbox.list_()) == 1


async def test_what_shadow_mode_keeps_back_was_told_to_nobody(url: str, store: Store, watch: Watch) -> None:
    await store.register.change(add(GUARANTEE), actor="clerk", source="a.csv")
    await store.deadlines.remind([(reminder(), (told(),))])
    async with await Store.open(url, vault=Vault.throwaway(), clock=watch, in_shadow=True) as shadow:
        assert await shadow.outbox.claim() == ()
        assert await shadow.deadlines.reminded() == ()
        tomorrow = replace(reminder(), dedupe_key="tomorrow")
        assert await shadow.deadlines.remind([(tomorrow, (told(),))]) == 0
    assert await store.deadlines.reminded() == ()
    assert {one.reason for one in await store.outbox.list_()} == {OutboxReason.IN_SHADOW}
    assert sum(one.event == "outgoing.cancelled" for one in await store.journal.lines_since(LONG_AGO)) == 2


@pytest.mark.parametrize("what", ["notice", "held", "dealt with", "opt-out", "no wish", "revision"])
async def test_a_contractors_reminder_leaves_only_while_all_of_it_is_true(store: Store, what: str) -> None:
    await store.register.change(add(GUARANTEE, row("2")), actor="clerk", source="a.csv")
    await store.deadlines.remind([(reminder(), (told(), told("guarantee/2/0")))])
    first = await store.register.guarantee(1)
    if what == "notice":
        await store.incoming.keep([arrival()])
        await store.submissions.settle(1, settled(accepted(1), keys_received=(KeyReceived(1, GUARANTEE.number, KEY),)))
    elif what == "held":  # it waits for a person, and may name the number only
        await store.incoming.keep([arrival()])
        one = submission(SubmissionState.HELD, fields=replace(FIELDS, number=GUARANTEE.number))
        await store.submissions.settle(1, settled(one))
    elif what == "dealt with":
        await store.deadlines.end(DeadlineKind.ISSUED_WITHOUT_NOTICE, "guarantee/1/0", actor="契約課A", note="紙で受領")
    elif what == "opt-out":
        await store.consent.opt_out(EMAIL, wording="「配信停止」", actor="clerk", source="電話")
    elif what == "no wish":
        await store.register.change([update(first, wants_issued_mail=False)], actor="clerk", source="b.csv")
    else:
        await store.register.change([update(first, revision=1)], actor="clerk", source="b.csv")
    assert await store.outbox.claim() == ()
    (row_,) = await store.outbox.list_()
    reason = OutboxReason.OPTED_OUT if what == "opt-out" else OutboxReason.NO_LONGER_TRUE
    assert (row_.state, row_.reason) == (OutboxState.CANCELLED, reason)
    # What is still true counts as not told: the next opening day's mail tells it.
    left = {one.about for one in await store.deadlines.reminded()}
    assert left == ({"guarantee/1/0", "guarantee/2/0"} if what == "opt-out" else {"guarantee/1/0"})


async def test_a_reminder_that_is_true_leaves(store: Store) -> None:
    await store.register.change(add(GUARANTEE), actor="clerk", source="a.csv")
    await store.deadlines.remind([(reminder(), (told(),))])
    (claimed,) = await store.outbox.claim()
    assert claimed.mail.recipient == EMAIL


async def test_a_reminder_to_a_dead_address_is_kept_back_and_one_to_a_deputy_never(store: Store) -> None:
    to_deputy = letter("reminder/1", letter=Letter.REMINDER, recipient="kakaricho@city.example.jp", submission="")
    await store.deadlines.remind([(to_deputy, (told("mail/57", recipient="kakaricho@city.example.jp"),))])
    (claimed,) = await store.outbox.claim()
    await store.outbox.note_delivery(
        claimed.outbox_id,
        state=OutboxState.BOUNCED,
        reason=OutboxReason.RELAY_REFUSED,
        reply="550",
        address_is_dead=True,
    )
    await store.deadlines.remind([(replace(to_deputy, dedupe_key="reminder/2", message_id="<2@city.example.jp>"), ())])
    assert len(await store.outbox.claim()) == 1


async def test_what_a_clerk_has_dealt_with_is_in_the_facts_and_the_journal(store: Store) -> None:
    kind, about = DeadlineKind.NOTICE_WITHOUT_CLAIM, "submission/20261122-0001-1"
    for _ in range(2):
        await store.deadlines.end(kind, about, actor="契約課A", note="紙で受領")
    assert (await store.deadlines.facts(since=LONG_AGO)).done == {(kind, about)}
    (line,) = await store.journal.lines(subject=("submission", "20261122-0001-1"))
    assert (line.event, line.actor, line.detail["note"]) == ("reminder.ended", "契約課A", "紙で受領")
    await store.deadlines.resume(kind, about, actor="契約課A")
    assert (await store.deadlines.facts(since=LONG_AGO)).done == frozenset()
    with pytest.raises(NotFound):
        await store.deadlines.resume(kind, about, actor="契約課A")


async def test_a_reminder_that_left_proves_consent_for_each_of_its_guarantees(store: Store) -> None:
    await store.register.change(add(GUARANTEE, row("2")), actor="clerk", source="a.csv")
    await store.deadlines.remind([(reminder(), (told(), told("guarantee/2/0")))])
    (claimed,) = await store.outbox.claim()
    await store.outbox.note_delivery(
        claimed.outbox_id, state=OutboxState.DELIVERED, reason=OutboxReason.RELAY_ACCEPTED, reply="250"
    )
    await store.consent.opt_out(EMAIL, wording="「配信停止」", actor="clerk", source="電話")  # too late for this one
    proofs = await store.consent.proofs()
    assert [(one.notice.guarantee_id, one.state) for one in proofs] == [(1, ProofState.HELD), (2, ProofState.HELD)]
    by = [one.permitted_by.word for one in proofs if one.permitted_by is not None]
    assert [(word.guarantee_id, word.source) for word in by] == [(1, "a.csv 2行目"), (2, "a.csv 3行目")]


async def test_a_reminder_without_consent_on_record_is_told_as_such(store: Store) -> None:
    await store.register.change(add(GUARANTEE), actor="clerk", source="a.csv")
    await store.deadlines.remind(
        [(reminder(), (told(), told("guarantee/9/0")))]
    )  # of a row that nobody wished mails for
    assert await store.outbox.claim() == ()
    assert await store.consent.proofs() == ()


async def test_what_did_not_leave_does_not_count_as_told(store: Store) -> None:
    """Told once, then once more in a mail that is cancelled for another guarantee: once is what he has read."""
    await store.register.change(add(GUARANTEE, row("2")), actor="clerk", source="a.csv")
    await store.deadlines.remind([(reminder(), (told("guarantee/2/0"),))])
    (claimed,) = await store.outbox.claim()
    await store.outbox.note_delivery(
        claimed.outbox_id, state=OutboxState.DELIVERED, reason=OutboxReason.RELAY_ACCEPTED, reply="250"
    )
    again = replace(reminder(), dedupe_key="notice_reminder/2", message_id="<again@city.example.jp>")
    await store.deadlines.remind([(again, (told(), told("guarantee/2/0", count=2)))])
    await store.register.change(
        [update(await store.register.guarantee(1), wants_issued_mail=False)], actor="clerk", source="b.csv"
    )
    assert await store.outbox.claim() == ()
    (left,) = [one for one in await store.deadlines.reminded() if one.about == "guarantee/2/0"]
    assert left.count == 1
    assert left.told_on < date(2026, 1, 1)  # due again at once
