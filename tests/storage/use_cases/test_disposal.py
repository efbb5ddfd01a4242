"""Disposal: only what was approved and is still due goes; what makes a mail known stays; the journal proves it, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.records.guarantee import GuaranteeState
from bot.core.records.incoming_mail import MailState
from bot.core.records.outgoing_mail import Letter, OutboxState
from bot.core.records.reasons import MailReason, OutboxReason, SubmissionReason
from bot.core.records.reply_token import NewTicket, TokenCase
from bot.core.records.retention import ApprovedList, DueList, ListAnswer, Retained, Retention, case_of, digest_of
from bot.core.records.submission import SubmissionState
from storage.errors import NotFound, Overtaken, WrongState
from storage.store import Store
from storage.use_cases.retention.disposal import PORTION
from tests.storage.samples import (
    FIELDS,
    GUARANTEE,
    KEY,
    Opener,
    Watch,
    accepted,
    add,
    arrival,
    judge,
    letter,
    settled,
    submission,
)

RECEIPT = "20261122-0001-1"
OTHER = replace(FIELDS, number="00999-000001")
ALL = Retention(dict.fromkeys(Retained, 100))


async def delivered(store: Store) -> None:
    (claimed,) = await store.outbox.claim()
    await store.outbox.note_delivery(
        claimed.outbox_id, state=OutboxState.DELIVERED, reason=OutboxReason.RELAY_ACCEPTED, reply="250"
    )


async def filled(store: Store) -> None:
    """A verified case with its receipt, a mail that nobody needs, a case that waits, one that a duplicate was."""
    await store.register.change(add(replace(GUARANTEE, auth_key=KEY)), actor="register", source="rows.csv")
    await store.incoming.keep([arrival() for _ in range(4)])
    await store.submissions.settle(
        1, settled(accepted(1, RECEIPT)), outgoing=(letter("receipt/1", submission=RECEIPT),)
    )
    word = {"state": SubmissionState.VERIFIED, "reason": SubmissionReason.VERIFIED_IN_DSURE}
    await judge(store, RECEIPT, actor="sato", **word)
    await store.submissions.settle(2, settled(state=MailState.IGNORED, reason=MailReason.BEFORE_FIRST_START))
    await store.submissions.settle(3, settled(submission("20261122-0003-1", fields=OTHER)))
    again = submission("20261122-0004-1", state=SubmissionState.DUPLICATE, guarantee_id=1)
    await store.submissions.settle(4, settled(again))
    await delivered(store)


def rows(due: DueList) -> list[str]:
    return [f"{item.what} {item.row_id}" for item in due.items]


async def carried_out(store: Store, rules: Retention, actor: str = "kacho") -> int:
    due = await store.disposal.due(rules)
    await store.disposal.approve(due, actor=actor)
    done = 0
    for portion in due.portions(PORTION):
        done += await store.disposal.carry_out(rules, portion, number=due.number, actor=actor)
    return done


async def test_nothing_is_due_unless_it_is_set_and_nothing_that_is_open_or_held(store: Store, watch: Watch) -> None:
    await filled(store)
    due = store.disposal.due
    assert rows(await due(ALL)) == []
    watch.turn(days=101)
    assert rows(await due(Retention())) == []
    assert rows(await due(ALL)) == ["mails 1", "mails 2", "mails 4", "letters 1"]
    number = (await due(ALL)).number
    watch.turn(hours=2)
    assert (await due(ALL)).number == number  # the same day
    watch.turn(days=130)
    assert rows(await due(ALL))[0] == "keys 1"  # 2027-03-31 and a hundred days
    await store.disposal.hold(4, why="住民訴訟", actor="bunsho")
    assert rows(await due(ALL)) == ["mails 1", "mails 2", "letters 1"]
    await store.disposal.hold(1, why="開示請求", actor="bunsho")
    assert rows(await due(ALL)) == ["mails 2"]
    assert await store.disposal.holds() == ((1, "開示請求", "bunsho"), (4, "住民訴訟", "bunsho"))
    for mail_id in (1, 4):
        await store.disposal.release(mail_id, why="終結", actor="bunsho")
    assert len((await due(ALL)).items) == 5
    for wrong in (store.disposal.hold(99, why="x", actor="x"), store.disposal.release(1, why="x", actor="x")):
        with pytest.raises(NotFound):
            await wrong


async def test_what_was_disposed_of_is_gone_known_when_it_comes_again_and_told(store: Store, watch: Watch) -> None:
    first = arrival(body="認証キー")
    await store.incoming.keep([first])
    await store.incoming.claim(lease=timedelta(minutes=1))
    await store.submissions.settle(
        1,
        settled(submission(RECEIPT, state=SubmissionState.DUPLICATE)),
        outgoing=(letter("receipt/1", submission=RECEIPT),),
    )
    await delivered(store)
    watch.turn(days=101)
    assert await carried_out(store, ALL) == 2
    row, content, (case,) = await store.incoming.get(1)
    assert (content, row.state, row.sender, case.receipt_number) == (
        b"",
        MailState.SORTED,
        "tanto@kensetsu.example.jp",
        RECEIPT,
    )
    assert rows(await store.disposal.due(ALL)) == ["cases 1"]
    assert await carried_out(store, ALL) == 1
    row, _, (case,) = await store.incoming.get(1)
    assert (row.sender, row.subject, row.envelope.mail_from, row.papers) == ("", "", None, ())
    assert (case.sender, case.fields.auth_key, case.fields.project_name, case.document_name) == ("", None, "", "")
    (sent,) = await store.outbox.list_()
    assert (sent.mail.recipient, sent.mail.text, sent.mail.content, sent.state) == ("", "", b"", OutboxState.DELIVERED)
    assert [(one.mail_id, one.is_new) for one in await store.incoming.keep([first])] == [(1, False)]
    assert (await store.personal_data.of_address("tanto@kensetsu.example.jp")).mails == ()
    assert rows(await store.disposal.due(ALL)) == []
    lines = [line for line in await store.journal.lines() if line.subject_kind == "disposal"]
    assert [(line.event, line.actor, line.detail.get("rows", "")) for line in reversed(lines)] == [
        ("disposal.approved", "kacho", ""),
        ("disposal.done", "kacho", "mail/1"),
        ("disposal.done", "kacho", "outgoing/1"),
        ("disposal.approved", "kacho", ""),
        ("disposal.done", "kacho", "mail/1"),
    ]
    check = await store.keys.check()
    assert ((await store.journal.verify()).is_whole, check.fits, check.unreadable) == (True, True, 0)


async def test_a_key_goes_with_all_that_holds_it_and_its_row_takes_no_other(store: Store, watch: Watch) -> None:
    await filled(store)
    watch.turn(days=230)
    keys = Retention({Retained.KEYS: 100})
    due = await store.disposal.due(keys)
    assert (rows(due), [item.proof for item in due.items]) == (["keys 1"], [GUARANTEE.number])
    assert await carried_out(store, keys) == 1
    guarantee = await store.register.guarantee(1)
    assert (guarantee.auth_key, guarantee.state) == (None, GuaranteeState.EXPIRED)
    kept = [await store.incoming.get(mail_id) for mail_id in (1, 2, 3, 4)]
    assert [content == b"" for _, content, _ in kept] == [True, False, False, True]
    assert [case.fields.auth_key for _, _, cases in kept for case in cases] == [None, KEY, None]
    (sent,) = await store.outbox.list_()
    assert sent.mail.content == b""
    assert rows(await store.disposal.due(keys)) == []


async def test_no_more_goes_than_is_still_due_and_a_crash_leaves_the_rest(
    store: Store, open_store: Opener, watch: Watch
) -> None:
    await store.incoming.keep([arrival() for _ in range(PORTION + 3)])
    for mail_id in range(1, PORTION + 4):
        await store.submissions.settle(mail_id, settled(state=MailState.IGNORED, reason=MailReason.BEFORE_FIRST_START))
    watch.turn(days=101)
    mails = Retention({Retained.MAILS: 100})
    due = await store.disposal.due(mails)
    first, second = due.portions(PORTION)
    await store.disposal.approve(due, actor="kacho")
    await store.disposal.hold(2, why="訴訟", actor="bunsho")
    await store.incoming.replay(3, actor="sato")
    assert await store.disposal.carry_out(mails, first, number=due.number, actor="kacho") == PORTION - 2
    other = await open_store()  # the first is gone in the middle
    left = await other.disposal.due(mails)
    assert left.items == second
    assert await carried_out(other, mails) == 3
    assert await other.disposal.carry_out(mails, first, number=due.number, actor="kacho") == 0
    done = [line.detail for line in await other.journal.lines() if line.event == "disposal.done"]
    assert [one["count"] for one in done] == [3, PORTION - 2]
    assert tuple(done[0]["digest"]) == digest_of(second)
    assert (await other.journal.verify()).is_whole


async def test_what_is_gone_is_neither_read_nor_sent_again(store: Store, watch: Watch) -> None:
    await store.incoming.keep([arrival()])
    await store.submissions.settle(1, settled(state=MailState.IGNORED, reason=MailReason.BEFORE_FIRST_START))
    await store.outbox.enqueue([letter("receipt/9")])
    await store.outbox.cancel(1, actor="sato")
    watch.turn(days=101)
    assert await carried_out(store, ALL) == 2
    with pytest.raises(WrongState):
        await store.incoming.replay(1, actor="sato")
    with pytest.raises(WrongState):
        await store.outbox.retry(1, actor="sato")


async def test_the_file_gives_its_room_back(store: Store, watch: Watch) -> None:
    await store.incoming.keep([arrival("x" * 300_000) for _ in range(10)])
    for mail_id in range(1, 11):
        await store.submissions.settle(mail_id, settled(state=MailState.IGNORED, reason=MailReason.BEFORE_FIRST_START))
    watch.turn(days=101)
    await carried_out(store, ALL)
    freed = await store.disposal.shrink()
    assert freed > 2_900_000 if store._database.dialect == "sqlite" else freed == 0
    assert await store.disposal.shrink() == 0


async def test_a_list_that_was_approved_by_mail_waits_until_it_is_finished_and_is_approved_once(
    store: Store, watch: Watch
) -> None:
    ticket = NewTicket("ABCDEFGHIJKL", "", watch() + timedelta(days=9), (TokenCase(1, case_of("3f9a")),))
    await store.outbox.enqueue([letter("disposal/3f9a", letter=Letter.DISPOSAL_LIST, ticket=ticket)])
    await store.incoming.keep([arrival() for _ in range(3)])
    put_off, approved = (
        ListAnswer("3f9a", is_approved, watch(), "bunsho@city.example.jp", ticket.token, "監査" * (not is_approved))
        for is_approved in (False, True)
    )
    done = {"state": MailState.ANSWERED, "reason": MailReason.ORDERS_DONE}
    await store.submissions.settle(1, settled(list_answer=approved, **done))
    with pytest.raises(Overtaken):
        await store.submissions.settle(2, settled(list_answer=put_off, **done))
    [waiting] = await store.disposal.approved_by_mail()
    assert waiting == ApprovedList("3f9a", watch(), "bunsho@city.example.jp")
    due = await store.disposal.due(ALL)
    await store.disposal.approve(due, actor="sato")  # by command: nothing waits
    assert await store.disposal.approved_by_mail() == (waiting,)
    await store.disposal.finish(waiting, due, 0, outgoing=[letter("disposal_note/1")])
    assert await store.disposal.approved_by_mail() == ()
    events = [line.event for line in await store.journal.lines(subject=("disposal", "3f9a"))]
    assert events == ["disposal.finished", "disposal.approved"]
