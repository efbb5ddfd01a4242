"""What any IMAP server must give us, asked of real ones: Dovecot, Courier-IMAP, Cyrus. Scripted ones: test_strange_servers.py."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from bot.core.records.incoming_mail import MailState
from bot.intake.imap.cursor import MailboxCursor
from bot.intake.imap.settings import ImapSettings
from bot.intake.imap.watcher import ImapWatcher
from storage.store import Store
from tests.intake.imap.scripted_imap import Line
from tests.intake.imap.test_watcher import holding, settings
from tests.intake.keepers import clock
from tests.patience import PATIENCE_SECONDS


def mail(number: int, size_bytes: int = 0) -> bytes:
    head = b"From: a@b.example.jp\r\nMessage-ID: <%d@b.example.jp>\r\nSubject: mail %d\r\n\r\n" % (number, number)
    return head + b"body\r\n" + (b"x" * 75 + b"\r\n") * (size_bytes // 77)


def message_id(number: int) -> bytes:
    return b"<%d@b.example.jp>" % number


@pytest.fixture
async def store():
    async with await Store.open("sqlite://:memory:", clock=clock) as opened:
        yield opened


@pytest.fixture
async def receiver(receiver_over, store):
    return await receiver_over(store.incoming)


@pytest.fixture
def chosen(imap_server) -> ImapSettings:
    # What comes, comes by IDLE.
    password = holding(imap_server.password)
    return settings(
        imap_server.imap_port, credential=password, poll_seconds=300, reconcile_days=7, max_bytes=40_000_000
    )


@asynccontextmanager
async def watching(receiver, store, chosen):
    task = asyncio.create_task(ImapWatcher(receiver, store.mailboxes, chosen, clock).run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def until(store: Store, numbers: list[int]) -> None:
    """Wait until these mails, and no others, were received and are to be answered."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await received(store) != numbers:  # noqa: ASYNC110  # the store tells nobody
            await asyncio.sleep(0.05)


async def received(store: Store) -> list[int]:
    rows = await store.incoming.list_(states=[MailState.RECEIVED], limit=20_000)
    return sorted(int(row.subject.removeprefix("mail ")) for row in rows)


async def cursors_of(store: Store) -> list[MailboxCursor]:
    return [MailboxCursor.of(memory) for memory in await store.mailboxes.memories()]


async def compared(receiver, store, chosen, last_uid: int) -> tuple[int, int, int]:
    """(on the server, known, missing), asked by command once the watcher's cursor has come to this UID."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await cursors_of(store))[0].last_uid != last_uid:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    check = await ImapWatcher(receiver, store.mailboxes, chosen, clock).compare_now()
    return check.on_server, check.known, check.missing


async def looked(store: Store) -> None:
    """Wait for the end of the first look."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not (cursor := await cursors_of(store)) or cursor[0].last_uid < cursor[0].watermark:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_each_mail_comes_once_whoever_removes_mails_and_the_server_and_we_agree(
    imap_server, chosen, receiver, store
):
    await asyncio.to_thread(imap_server.deliver, mail(1))
    async with watching(receiver, store, chosen):
        await looked(store)
        await asyncio.to_thread(imap_server.deliver, mail(2), mail(3))
        await until(store, [2, 3])
        await asyncio.to_thread(imap_server.expunge, message_id(2))
        await asyncio.to_thread(imap_server.deliver, mail(4), mail(5))
        await until(store, [2, 3, 4, 5])
        await asyncio.to_thread(imap_server.take_by_pop3, message_id(4))
        await asyncio.to_thread(imap_server.deliver, mail(6))
        await until(store, [2, 3, 4, 5, 6])
        assert await compared(receiver, store, chosen, 6) == (4, 4, 0)
    flags = await asyncio.to_thread(imap_server.flags)
    assert [b"\\Seen" in one for one in flags.values()] == [False] * 4  # a person's unread mails stay unread


async def test_a_mail_that_comes_while_we_are_away_is_taken_whatever_was_removed_meanwhile(
    imap_server, chosen, receiver, store
):
    """Courier-IMAP gives the UID of a mail that was never in a selected mailbox again; the person's program selects."""

    def by_a_person() -> None:
        with imap_server.client():
            pass

    async with watching(receiver, store, chosen):
        await looked(store)
        await asyncio.to_thread(imap_server.deliver, mail(1), mail(2), mail(3))
        await until(store, [1, 2, 3])
    for number in (4, 5):
        await asyncio.to_thread(imap_server.take_by_pop3, message_id(number - 2))
        await asyncio.to_thread(imap_server.deliver, mail(number))
        async with watching(receiver, store, chosen):
            await until(store, [*range(1, number + 1)])
            assert await compared(receiver, store, chosen, number) == (3, 3, 0)
        await asyncio.to_thread(by_a_person)


async def test_a_mailbox_that_is_made_anew_is_read_anew_and_nobody_is_answered_twice(
    imap_server, chosen, receiver, store
):
    async with watching(receiver, store, chosen):
        await looked(store)
        await asyncio.to_thread(imap_server.deliver, mail(1), mail(2))
        await until(store, [1, 2])
    before = (await cursors_of(store))[0].uidvalidity
    await asyncio.to_thread(imap_server.recreate, mail(2), mail(1), mail(3))  # the UIDs of 1 and 2 are others'
    async with watching(receiver, store, chosen):
        await until(store, [1, 2, 3])
        assert await compared(receiver, store, chosen, 3) == (3, 3, 0)
    assert (await cursors_of(store))[0].uidvalidity != before
    assert await received(store) == [1, 2, 3]


async def test_old_mails_are_listed_at_the_first_start_and_none_is_answered(
    imap_server, chosen, receiver, store, count, figure
):
    old = count(60, 10_000)
    await asyncio.to_thread(imap_server.deliver, *map(mail, range(1, old + 1)))
    began = asyncio.get_running_loop().time()
    async with watching(receiver, store, chosen):
        async with asyncio.timeout(PATIENCE_SECONDS * 30):
            while not (cursors := await cursors_of(store)) or cursors[0].last_uid < old:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        seconds = asyncio.get_running_loop().time() - began
        await asyncio.to_thread(imap_server.deliver, mail(old + 1))
        await until(store, [old + 1])
    (door,) = (await store.health.ledger()).doors
    assert door.ends == ((MailState.RECEIVED, 1), (MailState.IGNORED, old))
    figure(f"first look at {old:,} old mails of {type(imap_server).__name__}: {seconds:.0f} s")


async def test_a_mail_of_25_mib_comes_whole(imap_server, chosen, receiver, store):
    large = mail(1, 25 * 2**20)
    async with watching(receiver, store, chosen):
        await looked(store)
        await asyncio.to_thread(imap_server.deliver, large)
        await until(store, [1])
    _, content, _ = await store.incoming.get(1)
    assert content == large


async def test_a_line_that_dies_silently_while_idling_is_noticed(imap_server, chosen, receiver, store):
    line = Line(imap_server.imap_port)
    async with line.serving() as through:
        over = replace(chosen, port=through, poll_seconds=3, reply_seconds=10)
        async with watching(receiver, store, over):
            await looked(store)
            await asyncio.to_thread(imap_server.deliver, mail(1))
            await until(store, [1])
            line.die()
            await asyncio.to_thread(imap_server.deliver, mail(2))
            await until(store, [1, 2])
    assert line.connections == 2
