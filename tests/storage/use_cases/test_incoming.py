"""Incoming mails on both databases: kept once, claimed once, settled once."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.records.envelope import Kept, ReceivedMail, digest
from bot.core.records.incoming_mail import MailboxMemory, MailRow, MailState
from bot.core.records.paper import Paper, PaperKind
from bot.core.records.reasons import MailReason, NoReplyReason, PaperReason
from storage.database.connection import Database
from storage.store import NotFound, Store, WrongState
from tests.storage.samples import (
    ENVELOPE,
    FIELDS,
    START,
    Opener,
    Watch,
    accepted,
    add,
    arrival,
    letter,
    settled,
    submission,
)
from tests.storage.samples import GUARANTEE as G

LEASE = timedelta(minutes=10)


async def test_a_mail_is_kept_once_however_often_it_comes(store: Store) -> None:
    first, second = arrival(), arrival()
    again = replace(first, content=b"Received: from mx.example.jp\r\n" + first.content)

    assert await store.incoming.keep([first, second, again]) == (Kept(1, True), Kept(2, True), Kept(1, False))
    third = arrival()
    kept = await store.incoming.keep([again, third])
    assert [each.is_new for each in kept] == [False, True]
    assert kept[0].mail_id == 1
    assert await store.incoming.keep([]) == ()
    assert [row.mail_id for row in await store.incoming.list_()] == [kept[1].mail_id, 2, 1]


async def test_a_claimed_mail_is_what_came_and_counts_its_attempts(store: Store, watch: Watch) -> None:
    hostile = replace(
        ENVELOPE, mail_from=None, peer="nul \0 and \udc80", rcpt_tos=("a@city.example.jp", "b@city.example.jp")
    )
    mail = arrival("\0本文", envelope=hostile)
    await store.incoming.keep([mail])
    expected = replace(hostile, peer="nul \ufffd and \ufffd")

    claimed = await store.incoming.claim(lease=LEASE)
    assert claimed == ReceivedMail(1, expected, mail.content, digest(mail.content), 1)
    assert await store.incoming.claim(lease=LEASE) is None
    assert await store.incoming.next_due() == START + LEASE
    watch.turn(minutes=10)
    again = await store.incoming.claim(lease=LEASE)
    assert again == replace(claimed, attempts=2)


async def test_what_came_before_is_ended_at_once_and_what_is_not_whole_is_claimed_with_the_reason(store: Store) -> None:
    large = arrival(too_large_bytes=99_000_000)
    await store.incoming.keep([arrival(before_first_start=True), large, arrival(not_fetched=True), arrival()])
    rows = await store.incoming.list_()
    assert [(row.state, row.size_bytes > 1000) for row in reversed(rows)] == [
        (MailState.IGNORED, False),
        (MailState.RECEIVED, True),
        (MailState.RECEIVED, False),
        (MailState.RECEIVED, False),
    ]
    claimed = [await store.incoming.claim(lease=LEASE) for _ in range(3)]
    assert [mail.lacks for mail in claimed] == [MailReason.TOO_LARGE, MailReason.NOT_FETCHED, None]
    assert claimed[0].content == large.content
    assert await store.incoming.claim(lease=LEASE) is None


async def test_two_stores_never_claim_the_same_mail(open_store: Opener) -> None:
    one, two = await open_store(), await open_store()
    await one.incoming.keep([arrival() for _ in range(30)])

    async def all_of(store: Store) -> list[int]:
        found = []
        while mail := await store.incoming.claim(lease=LEASE):
            found.append(mail.mail_id)
        return found

    claims = await asyncio.gather(*(all_of(each) for each in (one, two, one, two)))
    assert sorted(number for claim in claims for number in claim) == list(range(1, 31))


async def test_a_cursor_is_remembered(store: Store, watch: Watch) -> None:
    assert await store.mailboxes.memory("INBOX") is None
    cursor = MailboxMemory("INBOX", "17", watch.now)
    await store.mailboxes.remember(cursor)
    await store.mailboxes.remember(replace(cursor, memory="18"))
    assert await store.mailboxes.memory("INBOX") == replace(cursor, memory="18")


async def test_a_settled_mail_shows_everything_that_was_settled(store: Store) -> None:
    mail = arrival()
    await store.incoming.keep([mail])
    await store.incoming.postpone(1, error="documents: no child", until=START)
    await store.register.change(add(G), actor="clerk", source="a.csv")
    notice = accepted(1)
    other = submission("20261122-0001-2", fields=replace(notice.fields, product=None, auth_key=None, number=""))
    papers = (Paper("お知らせ.pdf", PaperKind.KEY_NOTICE, PaperReason.LABELS_AND_TITLE),)
    await store.incoming.claim(lease=LEASE)
    await store.submissions.settle(
        1, settled(notice, other, papers=papers, no_reply=NoReplyReason.AUTOMATIC), outgoing=(letter(),)
    )

    row = MailRow(
        mail_id=1,
        state=MailState.SORTED,
        reason=MailReason.NOTICE_FOUND,
        envelope=ENVELOPE,
        sender="tanto@kensetsu.example.jp",
        subject="認証キーのお知らせ",
        size_bytes=len(mail.content),
        digest=digest(mail.content),
        attempts=1,
        error="",
        papers=papers,
        no_reply=NoReplyReason.AUTOMATIC,
    )
    assert await store.incoming.get(1) == (row, mail.content, (notice, other))
    assert await store.incoming.list_(states=[MailState.SORTED]) == (row,)
    assert await store.incoming.list_(states=[MailState.PARKED]) == ()
    assert await store.submissions.get(notice.receipt_number) == notice
    assert len(await store.outbox.list_()) == 1


async def test_a_settled_mail_can_not_be_settled_postponed_parked_or_replayed(store: Store) -> None:
    await store.incoming.keep([arrival()])
    await store.submissions.settle(1, settled())
    with pytest.raises(WrongState, match=r"sorted.*ignored"):
        await store.submissions.settle(1, settled(state=MailState.IGNORED))
    with pytest.raises(WrongState, match=r"sorted.*sorted"):
        await store.submissions.settle(1, settled(submission()), outgoing=(letter(),))
    with pytest.raises(WrongState, match=r"received.*received"):
        await store.submissions.settle(1, settled(state=MailState.RECEIVED))
    with pytest.raises(WrongState, match=r"sorted.*received"):
        await store.incoming.postpone(1, error="x", until=START)
    with pytest.raises(WrongState, match=r"sorted.*parked"):
        await store.incoming.park(1, error="x", outgoing=[letter()])
    with pytest.raises(WrongState, match=r"sorted.*received"):
        await store.incoming.replay(1, actor="clerk")
    assert (await store.submissions.list_(), await store.outbox.list_()) == ((), ())


async def test_what_is_not_there_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound, match="7"):
        await store.incoming.get(7)
    with pytest.raises(NotFound):
        await store.submissions.settle(7, settled())
    with pytest.raises(NotFound):
        await store.incoming.postpone(7, error="x", until=START)
    with pytest.raises(NotFound):
        await store.incoming.park(7, error="x")
    with pytest.raises(NotFound):
        await store.incoming.replay(7, actor="clerk")
    with pytest.raises(NotFound):
        await store.submissions.get("20261122-0007-1")


async def test_a_parked_mail_is_told_about_and_can_be_replayed(store: Store, watch: Watch) -> None:
    await store.incoming.keep([arrival()])
    await store.incoming.claim(lease=LEASE)
    await store.incoming.park(1, error="ValueError " * 100, outgoing=[letter("alert/1")])
    row, _, _ = await store.incoming.get(1)
    assert (row.state, row.reason, row.attempts) == (MailState.PARKED, MailReason.PROCESSING_FAILED, 1)
    assert 0 < len(row.error) <= 500
    assert [each.mail.dedupe_key for each in await store.outbox.list_()] == ["alert/1"]

    watch.turn(hours=1)
    await store.incoming.replay(1, actor="clerk")
    row, _, _ = await store.incoming.get(1)
    assert (row.state, row.reason, row.attempts, row.error) == (MailState.RECEIVED, None, 0, "")
    claimed = await store.incoming.claim(lease=LEASE)
    assert claimed is not None
    assert claimed.attempts == 1


async def test_a_try_that_does_not_count_is_taken_back(store: Store, watch: Watch) -> None:
    await store.incoming.keep([arrival()])
    for _ in range(3):
        mail = await store.incoming.claim(lease=LEASE)
        assert mail is not None
        assert mail.attempts == 1
        await store.incoming.postpone(1, error="", until=watch(), attempts=0)


async def test_a_postponed_mail_waits_with_its_trouble(store: Store, watch: Watch) -> None:
    await store.incoming.keep([arrival()])
    await store.incoming.claim(lease=LEASE)
    await store.incoming.postpone(1, error="TimeoutError", until=START + timedelta(hours=2))
    assert await store.incoming.next_due() == START + timedelta(hours=2)
    watch.turn(minutes=30)
    assert await store.incoming.claim(lease=LEASE) is None
    assert (await store.incoming.list_())[0].error == "TimeoutError"


async def test_notices_read_again_replace_held_ones_only(store: Store) -> None:
    await store.incoming.keep([arrival(), arrival()])
    await store.register.change(add(G), actor="clerk", source="a.csv")
    other = submission("20261122-0001-2", fields=replace(FIELDS, number="99999-000001"))
    await store.submissions.settle(1, settled(submission(), other, state=MailState.IGNORED))
    await store.incoming.replay(1, actor="clerk")
    await store.submissions.settle(1, settled(accepted(1), other, state=MailState.IGNORED))
    assert [each.state.value for each in (await store.incoming.get(1))[2]] == ["accepted", "held"]

    await store.incoming.replay(1, actor="clerk")
    with pytest.raises(WrongState, match=r"accepted.*held"):
        await store.submissions.settle(1, settled(submission()), outgoing=(letter(),))
    assert (await store.incoming.get(1))[0].state is MailState.RECEIVED
    assert await store.outbox.list_() == ()


async def test_naive_times_are_refused(store: Store) -> None:
    naive = START.replace(tzinfo=None)
    await store.incoming.keep([arrival()])
    with pytest.raises(ValueError, match="time zone"):
        await store.incoming.keep([arrival(envelope=replace(ENVELOPE, received_at=naive))])
    with pytest.raises(ValueError, match="time zone"):
        await store.incoming.postpone(1, error="x", until=naive)
    with pytest.raises(ValueError, match="time zone"):
        await store.summary.facts(since=naive, until=START)
    assert len(await store.incoming.list_()) == 1


async def test_a_mail_that_nobody_reads_is_listed_with_its_sender_and_subject(store: Store) -> None:
    content = b"From: <a@example.jp>\r\nSubject: key aB3dE6gH9jK2 here\r\n\r\nbody\r\n"
    await store.incoming.keep([arrival(content=content, before_first_start=True)])
    (row,) = await store.incoming.list_()
    assert (row.sender, row.no_reply) == ("a@example.jp", NoReplyReason.NOT_READ)
    assert row.subject.startswith("key ")
    assert "aB3dE6gH9jK2" not in row.subject


# -- what a person does about a mail


async def test_a_person_releases_what_was_parked_or_passed_on(store: Store) -> None:
    await store.incoming.keep([arrival(), arrival(), arrival()])
    await store.incoming.park(1, error="x")
    await store.submissions.settle(2, settled(state=MailState.PASSED_ON, reason=MailReason.NO_NOTICE))
    for mail_id in (1, 2):
        await store.incoming.release(mail_id, actor="clerk", note="電話で回答")
        row, _, _ = await store.incoming.get(mail_id)
        assert (row.state, row.reason) == (MailState.RELEASED, MailReason.CLERK_RELEASED)
    with pytest.raises(WrongState, match="mail 3 is received; it can't become released"):
        await store.incoming.release(3, actor="clerk", note="x")
    with pytest.raises(WrongState):
        await store.incoming.release(1, actor="clerk", note="again")
    with pytest.raises(NotFound):
        await store.incoming.release(99, actor="clerk", note="x")
    facts = await store.summary.facts(since=START - timedelta(days=1), until=START + timedelta(days=1))
    assert (facts.parked, facts.passed_on) == ((), ())
    assert dict(facts.mails) == {MailState.RECEIVED: 1, MailState.RELEASED: 2}
    for mail_id in (1, 2):  # and if that was a mistake
        await store.incoming.replay(mail_id, actor="clerk")
        assert (await store.incoming.get(mail_id))[0].state is MailState.RECEIVED


async def test_a_release_stands_in_the_journal_with_its_note(store: Store) -> None:
    await store.incoming.keep([arrival()])
    await store.incoming.park(1, error="x")
    await store.incoming.release(1, actor="契約課A", note="電話で回答")

    async def asked(database: Database) -> tuple[str, str]:
        row = await database.models.journal.all().order_by("-id").first()
        assert row is not None
        return row.actor, str(row.detail)

    actor, detail = await store._database.run(asked)
    assert actor == "契約課A"
    for told in ("parked", "clerk_released", "電話で回答"):
        assert told in detail


async def test_a_mail_passed_on_is_read_again_but_not_one_whose_body_was_never_stored(store: Store) -> None:
    large = replace(arrival(), too_large_bytes=10**8)
    await store.incoming.keep([arrival(), large])
    await store.submissions.settle(1, settled(state=MailState.PASSED_ON, reason=MailReason.NO_NOTICE))
    await store.submissions.settle(2, settled(state=MailState.PASSED_ON, reason=MailReason.TOO_LARGE))
    await store.incoming.replay(1, actor="clerk")
    assert (await store.incoming.get(1))[0].state is MailState.RECEIVED
    with pytest.raises(WrongState, match="メール2は本文を保存していない"):
        await store.incoming.replay(2, actor="clerk")
    assert (await store.incoming.get(2))[0].state is MailState.PASSED_ON
