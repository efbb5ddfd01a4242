"""Outgoing mails on both databases: queued once, claimed once, and what becomes of them."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from bot.core.records.guarantee import GuaranteeState
from bot.core.records.incoming_mail import AppliedAction, MailboxMemory, MailState, Release
from bot.core.records.outgoing_mail import TO_FIRM, TRANSITIONS, ClaimedMail, Letter, OutboxRow, OutboxState, wait_after
from bot.core.records.reasons import MailReason, OutboxReason
from bot.core.records.reply_token import NewTicket, TokenCase
from bot.core.records.send_counts import SendCount
from bot.core.records.submission import SubmissionState
from bot.core.summary.facts import SummaryFacts, UndeliveredMail
from storage.store import NotFound, Store, WrongState
from tests.storage.samples import (
    AT,
    FIELDS,
    GUARANTEE,
    NUMBER,
    START,
    Opener,
    Watch,
    accepted,
    add,
    arrival,
    letter,
    settled,
    submission,
    update,
)


async def test_a_letter_is_queued_once_for_ever(store: Store) -> None:
    mail = letter("receipt/1")
    assert await store.outbox.enqueue([mail, replace(mail, subject="another"), letter("receipt/2")]) == 2
    assert await store.outbox.enqueue([mail]) == 0
    assert await store.outbox.enqueue([]) == 0
    rows = await store.outbox.list_()
    assert rows[1] == OutboxRow(1, mail, OutboxState.QUEUED, OutboxReason.WAITING, "", 0, START, START, None)
    assert await store.outbox.get(1) == rows[1]
    with pytest.raises(NotFound):
        await store.outbox.get(99)


async def test_a_claim_registers_the_attempt_before_it_is_made(store: Store, watch: Watch) -> None:
    mail = letter()
    await store.outbox.enqueue([mail])
    for attempts in range(1, 8):
        before = OutboxReason.WAITING if attempts == 1 else OutboxReason.RELAY_DEFERRED
        assert await store.outbox.claim() == (ClaimedMail(1, mail, attempts, START, before),)
        assert await store.outbox.claim() == ()
        assert await store.outbox.next_due() == watch.now + wait_after(attempts, 1)
        await store.outbox.note_delivery(
            1, state=OutboxState.QUEUED, reason=OutboxReason.RELAY_DEFERRED, reply="451 4.3.0 " * 200
        )
        watch.now += wait_after(attempts, 1)
    row = await store.outbox.get(1)
    assert (row.state, row.reason, row.attempts) == (OutboxState.QUEUED, OutboxReason.RELAY_DEFERRED, 7)
    assert len(row.reply) == 1000


async def test_the_oldest_due_goes_first(store: Store, watch: Watch) -> None:
    await store.outbox.enqueue([letter("a"), letter("b")])
    watch.turn(minutes=-1)
    await store.outbox.enqueue([letter("c")])
    watch.turn(minutes=1)
    first = await store.outbox.claim(limit=2)
    second = await store.outbox.claim(limit=2)
    assert [[each.mail.dedupe_key for each in claim] for claim in (first, second)] == [["c", "a"], ["b"]]
    assert await store.outbox.next_due() == START + min(wait_after(1, number) for number in (1, 2, 3))


async def test_what_waits_for_a_trouble_of_ours_is_claimed_one_at_a_time_in_turns_until_it_is_over(
    store: Store, watch: Watch
) -> None:
    sender, quota = OutboxReason.RELAY_SENDER, OutboxReason.RELAY_QUOTA
    await store.outbox.enqueue([letter(name, recipient=f"{name}@example.jp") for name in "abcd"])
    for claimed in await store.outbox.claim():
        reason = quota if claimed.mail.dedupe_key == "d" else sender
        await store.outbox.note_delivery(claimed.outbox_id, state=OutboxState.QUEUED, reason=reason, reply="550")
    watch.turn(days=1)
    assert await store.outbox.next_due() is None
    assert await store.outbox.claim() == ()
    tried = []
    for _ in range(4):
        claims = await store.outbox.claim(tries_ours=True, in_flight=())
        assert {claimed.reason for claimed in claims} == {sender, quota}
        tried += [claimed.mail.dedupe_key for claimed in claims if claimed.reason is sender]
        watch.turn(minutes=5)
    assert (sorted(tried[:3]), tried[3]) == (["a", "b", "c"], tried[0])
    assert [claimed.reason for claimed in await store.outbox.claim(tries_ours=True, limit=1)] == [quota]
    assert await store.outbox.claim(tries_ours=True, in_flight=[f"{name}@example.jp" for name in "ABCD"]) == ()
    assert await store.outbox.over(sender) == 3
    assert sorted(claimed.mail.dedupe_key for claimed in await store.outbox.claim()) == ["a", "b", "c"]
    assert (await store.outbox.get(4)).reason is quota


async def test_two_stores_never_claim_the_same_letter(open_store: Opener) -> None:
    one, two = await open_store(), await open_store()
    await one.outbox.enqueue([letter() for _ in range(40)])

    async def all_of(store: Store) -> list[int]:
        found = []
        while claimed := await store.outbox.claim(limit=3):
            found += [each.outbox_id for each in claimed]
        return found

    claims = await asyncio.gather(*(all_of(each) for each in (one, two, one, two)))
    assert sorted(number for claim in claims for number in claim) == list(range(1, 41))


async def test_issued_letters_are_checked_once_more_when_they_leave(store: Store) -> None:
    rows = [replace(GUARANTEE, number=str(number)) for number in (1, 2, 3)]
    rows.append(replace(GUARANTEE, number="4", email="Out@example.jp"))
    await store.register.change(add(*rows), actor="clerk", source="a.csv")
    issued = [
        letter(f"issued/{n}/0", letter=Letter.ISSUED, guarantee_id=n, recipient=rows[n - 1].email) for n in (1, 2, 3, 4)
    ]
    receipt = letter("receipt/4", recipient="out@example.jp")
    assert await store.outbox.enqueue([*issued, receipt]) == 5
    unwanted = update(await store.register.guarantee(2), wants_issued_mail=False)
    cancelled = update(await store.register.guarantee(3), state=GuaranteeState.CANCELLED)
    await store.register.change([unwanted, cancelled], actor="clerk", source="b.csv")
    await store.consent.opt_out("OUT@example.jp", wording="「配信停止」", actor="clerk", source="電話")
    assert [each.mail.dedupe_key for each in await store.outbox.claim(limit=2)] == ["issued/1/0", "receipt/4"]
    ends = [(row.state, row.reason, row.done_at) for row in await store.outbox.list_(states=[OutboxState.CANCELLED])]
    untrue = (OutboxState.CANCELLED, OutboxReason.NO_LONGER_TRUE, START)
    assert ends == [(OutboxState.CANCELLED, OutboxReason.OPTED_OUT, START), untrue, untrue]


async def test_a_firm_that_wants_no_letters_gets_no_final_one_for_another_sender(store: Store) -> None:
    await store.outbox.enqueue(
        [
            letter(f"verified/{n}{end}", letter=Letter.VERIFIED, recipient="out@example.jp")
            for n, end in ((1, TO_FIRM), (2, ""))
        ]
    )
    await store.consent.opt_out("out@example.jp", wording="「配信停止」", actor="clerk", source="電話")
    assert [each.mail.dedupe_key for each in await store.outbox.claim()] == ["verified/2"]


async def test_only_the_moves_of_the_table_are_made(store: Store) -> None:
    moves = [(old, new) for old, new in product(OutboxState, OutboxState) if old is not OutboxState.HOLD]
    await store.outbox.enqueue([letter() for _ in moves])
    for number, (old, new) in enumerate(moves, 1):
        if old is not OutboxState.QUEUED:
            await store.outbox.note_delivery(number, state=old, reason=OutboxReason.CLERK_HELD, reply="")
        word = {"state": new, "reason": OutboxReason.RELAY_ACCEPTED, "reply": "250 ok"}
        may_move = (
            new in TRANSITIONS[old] and old is not OutboxState.CANCELLED
        )  # what is cancelled stays so but by retry
        if may_move or old is new is OutboxState.QUEUED:
            await store.outbox.note_delivery(number, **word)
            row = await store.outbox.get(number)
            assert (row.state, row.reply) == (new, "250 ok")
            assert (row.done_at is None) == (new in {OutboxState.QUEUED, OutboxState.HOLD})
        else:
            with pytest.raises(WrongState, match=f"{old.value}.*{new.value}"):
                await store.outbox.note_delivery(number, **word)
            assert (await store.outbox.get(number)).state is old


@pytest.mark.parametrize("new", [OutboxState.DELIVERED, OutboxState.BOUNCED, OutboxState.QUEUED, OutboxState.EXPIRED])
async def test_a_result_for_a_mail_that_was_held_on_its_way_counts(store: Store, new: OutboxState) -> None:
    await store.outbox.enqueue([letter()])
    await store.outbox.claim()
    await store.outbox.hold(1, actor="clerk")
    await store.outbox.note_delivery(1, state=new, reason=OutboxReason.RELAY_DEFERRED, reply="word")
    row = await store.outbox.get(1)
    held = new in {OutboxState.QUEUED, OutboxState.EXPIRED}
    assert (row.state, row.reply) == (OutboxState.HOLD if held else new, "word")


async def test_a_retried_letter_has_five_days_anew(store: Store, watch: Watch) -> None:
    await store.outbox.enqueue([letter()])
    await store.outbox.claim()
    with pytest.raises(WrongState, match=r"queued.*queued"):
        await store.outbox.retry(1, actor="clerk")
    await store.outbox.note_delivery(1, state=OutboxState.EXPIRED, reason=OutboxReason.TOO_OLD, reply="")
    watch.turn(days=6)
    await store.outbox.retry(1, actor="clerk")
    row = await store.outbox.get(1)
    assert (row.state, row.attempts, row.created_at, row.done_at) == (OutboxState.QUEUED, 0, START, None)
    (claimed,) = await store.outbox.claim()
    assert (claimed.attempts, claimed.created_at) == (1, watch.now)
    await store.outbox.cancel(1, actor="clerk")
    row = await store.outbox.get(1)
    assert (row.state, row.reason, row.done_at) == (OutboxState.CANCELLED, OutboxReason.CLERK_CANCELLED, watch.now)
    with pytest.raises(WrongState, match=r"cancelled.*queued"):
        await store.outbox.retry(1, actor="clerk")
    with pytest.raises(WrongState, match=r"cancelled.*cancelled"):
        await store.outbox.cancel(1, actor="clerk")
    for refused in (store.outbox.retry(9, actor="c"), store.outbox.cancel(9, actor="c")):
        with pytest.raises(NotFound):
            await refused


async def test_letters_to_an_address_are_counted(store: Store, watch: Watch) -> None:
    await store.outbox.enqueue([letter(recipient="A@Example.jp"), letter(recipient="b@example.jp")])
    watch.turn(hours=1)
    await store.outbox.enqueue([letter(recipient="a@example.jp"), letter("x", recipient="a@example.jp")])
    await store.outbox.cancel(4, actor="clerk")
    lately = await store.send_counts.lately("a+x@EXAMPLE.jp", ["c@example.jp"])
    assert lately.to("A@example.jp") == {Letter.RECEIPT: SendCount(hour=2, day=2)}
    assert lately.to("c@example.jp") == {}
    assert lately.to_domain == lately.in_all == {Letter.RECEIPT: SendCount(hour=3, day=3)}
    watch.turn(minutes=1)
    assert (await store.send_counts.lately("a@example.jp")).to("a@example.jp") == {
        Letter.RECEIPT: SendCount(hour=1, day=2)
    }
    watch.turn(hours=23)
    assert (await store.send_counts.lately("a@example.jp")).in_all == {Letter.RECEIPT: SendCount(hour=0, day=1)}
    assert (await store.send_counts.lately("")).to_domain == {}


async def test_issued_mails_are_due_once_per_revision_and_not_after_an_opt_out(store: Store) -> None:
    due = replace(GUARANTEE, number="1")
    await store.register.change(
        add(
            due,
            replace(due, number="2", wants_issued_mail=False),
            replace(due, number="3", email=""),
            replace(due, number="4", issued_at=None),
            replace(due, number="5", state=GuaranteeState.KEY_RECEIVED),
            replace(due, number="6", email="out@example.jp"),
            replace(due, number="7", revision=1),
            replace(due, number="8"),
            replace(due, number=""),
        ),
        actor="clerk",
        source="a.csv",
    )
    await store.consent.opt_out("Out@example.jp", wording="「配信停止」", actor="clerk", source="電話")
    await store.outbox.enqueue([letter("issued/7/0"), letter("issued/8/0")])
    assert [each.number for each in await store.outbox.due_issued()] == ["1", "7", ""]
    assert (await store.outbox.due_issued())[0] == replace(due, guarantee_id=1)
    await store.consent.opt_in("out@EXAMPLE.jp", wording="「配信再開」", actor="clerk", source="電話")
    assert [each.number for each in await store.outbox.due_issued()] == ["1", "6", "7", ""]


async def test_opt_outs_are_listed_once_from_the_first_word(store: Store, watch: Watch) -> None:
    await store.consent.opt_out("B@example.jp", wording="「配信停止」", actor="clerk", source="電話")
    watch.turn(hours=1)
    await store.consent.opt_out("b@example.jp", wording="「配信停止」", actor="clerk", source="メール")
    await store.consent.opt_out("a@example.jp", wording="「配信停止」", actor="clerk", source="メール")
    assert [(one.word.address, one.at, one.word.source) for one in await store.consent.opted_out()] == [
        ("b@example.jp", START, "電話"),
        ("a@example.jp", START + timedelta(hours=1), "メール"),
    ]
    await store.consent.opt_in("b@example.jp", wording="「配信再開」", actor="clerk", source="電話")
    await store.consent.opt_in("nobody@example.jp", wording="「配信再開」", actor="clerk", source="電話")
    assert [one.word.address for one in await store.consent.opted_out()] == ["a@example.jp"]


async def test_the_summary_counts_the_span_and_what_stands_open(store: Store, watch: Watch) -> None:
    await store.register.change(add(GUARANTEE, replace(GUARANTEE, number="2")), actor="clerk", source="a.csv")
    await store.incoming.keep([arrival() for _ in range(5)])
    held_before = submission("a", fields=replace(FIELDS, number="99999-000001"))
    await store.submissions.settle(1, settled(held_before, state=MailState.PASSED_ON, reason=MailReason.NO_NOTICE))
    watch.turn(hours=1)
    since = watch.now
    watch.turn(hours=1)
    ones = [
        accepted(1, "b"),
        submission("c", state=SubmissionState.REFUSED),
        submission("d", state=SubmissionState.DUPLICATE),
        submission("e", state=SubmissionState.VERIFIED),
    ]
    await store.submissions.settle(2, settled(*ones))
    await store.incoming.park(3, error="x")
    await store.outbox.enqueue([letter(f"l{n}") for n in range(5)] + [letter("s", letter=Letter.SUMMARY)])
    await store.outbox.claim(limit=4)
    for number, state in ((1, OutboxState.DELIVERED), (2, OutboxState.BOUNCED), (3, OutboxState.QUEUED)):
        await store.outbox.note_delivery(number, state=state, reason=OutboxReason.RELAY_DEFERRED, reply="")
    await store.mailboxes.remember(MailboxMemory("INBOX", "{}", since))

    found = await store.summary.facts(since=since, until=watch.now)
    undelivered = tuple(
        UndeliveredMail(
            number,
            Letter.RECEIPT,
            "tanto@kensetsu.example.jp",
            "受付のお知らせ",
            state,
            OutboxReason.RELAY_DEFERRED,
            1,
            watch.now,
            "20261122-0001-1",
        )
        for number, state in ((2, OutboxState.BOUNCED), (3, OutboxState.QUEUED))
    )
    assert (
        found
        == SummaryFacts(
            since=since,
            until=watch.now,
            mails=(),
            accepted=(ones[0],),
            held=(held_before,),
            refused=(ones[1],),
            duplicates=(ones[2],),
            verified=(ones[3],),
            passed_on=await store.incoming.list_(states=[MailState.PASSED_ON]),  # before the span, and open
            parked=await store.incoming.list_(states=[MailState.PARKED]),
            issued_without_notice=(await store.register.guarantees(states=[GuaranteeState.ISSUED]))[
                1:
            ],  # row 1 has one
            undelivered=undelivered,
            withheld=(),
            looked_at=since,
            journal=await store.journal.head(),
            to_verify=((ones[0], await store.register.guarantee(1)),),
            series=await store.register.versions([1]),
        )
    )
    whole_day = await store.summary.facts(since=AT - timedelta(hours=1), until=AT)
    counts = ((MailState.RECEIVED, 2), (MailState.SORTED, 1), (MailState.PASSED_ON, 1), (MailState.PARKED, 1))
    assert whole_day.mails == counts
    after = await store.summary.facts(since=AT, until=START)
    assert after.mails == ()
    assert await store.summary.last_at() == watch.now


async def test_open_mails_stand_in_every_span_until_they_are_dealt_with(store: Store, watch: Watch) -> None:
    await store.register.change(add(GUARANTEE), actor="clerk", source="a.csv")
    await store.incoming.keep([arrival() for _ in range(6)])
    assert [row.number for row in await store.register.rows_of_sender("KEIRI@kensetsu.example.jp")] == [NUMBER]
    assert await store.register.rows_of_sender("tanto@kensetsu.example.jp") == ()
    ends = {
        1: (MailState.PASSED_ON, MailReason.NO_NOTICE),
        2: (MailState.BESIDES, MailReason.NOTICE_AND_QUESTION),
        3: (MailState.ASKED, MailReason.NOTICE_WANTED),
        4: (MailState.ASKED, MailReason.NOTICE_WANTED),
    }
    for number, (state, reason) in ends.items():
        notices = [accepted(1, "b")] if state is MailState.BESIDES else []
        await store.submissions.settle(number, settled(*notices, state=state, reason=reason, desk="契約課"))
    assert (
        len(await store.register.rows_of_sender("tanto@kensetsu.example.jp")) == 1
    )  # a proven notice of his was taken
    assert [row.mail_id for row in await store.incoming.asked_of("Tanto@kensetsu.example.jp")] == [4, 3]

    async def open_now() -> tuple[list[int], list[int]]:
        watch.turn(days=40)
        facts = await store.summary.facts(since=watch.now - timedelta(days=1), until=watch.now)
        assert {row.desk for row in (*facts.passed_on, *facts.asked)} <= {"契約課"}
        return [row.mail_id for row in facts.passed_on], [row.mail_id for row in facts.asked]

    assert await open_now() == ([1, 2], [3, 4])
    work = (await store.health.backlog()).work
    assert (work.mails, work.held, work.to_verify, work.count, work.since) == (2, 0, 1, 3, AT)
    # The notice of one of the two has come; that of the other has not.
    await store.submissions.settle(5, settled(answered=(4,)))
    await store.incoming.release(2, actor="clerk", note="電話で回答")
    assert await open_now() == ([1], [3])
    closed = [(await store.incoming.get(number))[0] for number in (2, 4)]
    assert [(row.state, row.reason) for row in closed] == [
        (MailState.SORTED, MailReason.CLERK_RELEASED),
        (MailState.RELEASED, MailReason.SENDER_HAS_SENT),
    ]
    for never_again in (store.incoming.replay(2, actor="clerk"), store.incoming.release(2, actor="clerk", note="")):
        with pytest.raises(WrongState):  # its notice was taken
            await never_again
    # Several in one line of a letter end together; what has ended meanwhile stays as it is.
    await store.incoming.release(1, actor="clerk", note="")
    await store.incoming.replay(1, actor="clerk")
    await store.submissions.settle(1, settled(state=MailState.PASSED_ON, reason=MailReason.NO_NOTICE))
    act = AppliedAction(Release(1, "済", also=(2, 3)), "clerk", await a_ticket(store), 1)
    await store.submissions.settle(6, settled(state=MailState.ANSWERED, carried_out=(act,)))
    assert await open_now() == ([], [])


async def a_ticket(store: Store) -> str:
    ticket = NewTicket("ABCDEFGHIJ23", "契約課", START + timedelta(days=99), (TokenCase(1, "", (2, 3), mail_id=1),))
    await store.outbox.enqueue([letter("ticket", ticket=ticket)])
    found = await store.tickets.find(ticket.token)
    assert found is not None
    assert found.cases == ticket.cases
    return ticket.token


async def test_there_is_no_last_summary_before_the_first(store: Store) -> None:
    await store.outbox.enqueue([letter()])
    assert await store.summary.last_at() is None
