"""Servers and lines that do their worst: each mail comes in once, or a person is told of it, and nothing stands still."""

from __future__ import annotations

import asyncio
import resource
import time
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.records.envelope import Arrival
from bot.core.records.incoming_mail import MailState
from bot.intake.imap.fetching import HEADER_AFTER
from bot.intake.imap.watcher import ImapWatcher
from storage.store import Store
from tests.intake.imap.scripted_imap import Line, Peer, ScriptedImap
from tests.intake.imap.test_watcher import NAME, arrival, cursor, mail, seen_before, settings, watching
from tests.intake.keepers import NOW, Cursors, ListKeeper, Today, clock
from tests.patience import PATIENCE_SECONDS


@pytest.fixture
async def keeper():
    return ListKeeper()


@pytest.fixture
async def receiver(receiver_over, keeper):
    return await receiver_over(keeper)


@pytest.fixture
async def store():
    async with await Store.open("sqlite://:memory:", clock=clock) as opened:
        yield opened


def stored(server: ScriptedImap, uid: int) -> Arrival:
    """A mail of the server as the door hands it on."""
    return replace(arrival(server.mails[uid], uid), place=server.place(uid))


async def known(store: Store, server: ScriptedImap) -> set[int]:
    """The UIDs of the server's mails that the store has."""
    names = await store.mailboxes.known(NAME, [server.place(uid).name for uid in server.mails])
    return {uid for uid in server.mails if server.place(uid).name in names}


async def test_a_line_that_dies_without_a_word_is_noticed_after_the_idle(keeper, receiver):
    server, cursors = ScriptedImap({}), await seen_before()
    async with server.serving() as port:
        line = Line(port)
        async with line.serving() as through:
            chosen = settings(through, poll_seconds=0.2, reply_seconds=0.2)
            async with watching(receiver, cursors, chosen):
                await server.idles(1)
                line.die()
                server.mails[1] = mail(1)
                await keeper.holds(1)
    assert keeper.mails == [arrival(mail(1))]
    assert line.connections == 2


async def lying_size(peer: Peer, tag: str) -> None:
    await peer.send(
        f"* 1 FETCH (UID 1 RFC822.SIZE 10)\r\n* 2 FETCH (UID 2 RFC822.SIZE 70)\r\n{tag} OK done\r\n".encode()
    )


async def fifty_megabytes(peer: Peer, _: str) -> None:
    await peer.send(b"* 1 FETCH (UID 1 BODY[] {52428800}\r\n")
    await peer.silence()


async def cut_off(peer: Peer, _: str) -> None:
    await peer.send(b"* 1 FETCH (UID 1 BODY[] {200000}\r\n" + b"x" * 150_000)
    peer.drop()


async def refuse(peer: Peer, tag: str) -> None:
    await peer.send(f"{tag} NO not now\r\n".encode())


@pytest.mark.parametrize("fault", [fifty_megabytes, cut_off])
async def test_a_mail_that_never_comes_whole_is_known_by_its_header_and_those_behind_it_come(keeper, receiver, fault):
    server, cursors = ScriptedImap({1: mail(1), 2: mail(2)}), await seen_before()
    server.faults["UID FETCH"] = [lying_size, fault] * HEADER_AFTER
    async with server.serving() as port, watching(receiver, cursors, settings(port)):
        await server.idles(1)
    header = mail(1)[: mail(1).index(b"\r\n\r\n") + 4]
    assert keeper.mails == [arrival(header, too_large=len(mail(1)), not_fetched=True), arrival(mail(2))]
    assert server.connections == 1 + HEADER_AFTER


async def test_while_the_disk_is_full_mails_stay_on_their_server(keeper, receiver, caplog):
    server, cursors, room = ScriptedImap({1: mail(1)}), await seen_before(), []
    async with server.serving() as port:
        watcher = ImapWatcher(receiver, cursors, settings(port, poll_seconds=0.05), clock, has_room=lambda: bool(room))
        task = asyncio.create_task(watcher.run())
        await server.idles(2)
        assert keeper.mails == []
        assert cursors.saved == [cursor(0)]
        assert not [command for command in server.commands if "BODY.PEEK[]" in command]
        room.append(1)
        await keeper.holds(1)
        task.cancel()
        await asyncio.wait([task])
    assert keeper.mails == [arrival(mail(1))]
    assert "the disk is nearly full" in caplog.text


# -- which mail is which


def with_id(message_id: bytes, body: bytes) -> bytes:
    return b"Message-ID: " + message_id + b"\r\nSubject: x\r\n\r\n" + body + b"\r\n"


LONG_ID = b"<" + b"x" * 2_000 + b"@b.example.jp>"
NO_ID = b"Subject: x\r\n\r\nbody\r\n"


@pytest.mark.parametrize(
    ("mails", "expected"),
    [
        pytest.param([with_id(b"<a@b>", b"1")] * 2, [1, 1], id="the same mail under two UIDs"),
        pytest.param([with_id(b"<a@b>", b"1"), with_id(b"<a@b>", b"2")], [1, 2], id="a Message-ID with another body"),
        pytest.param([with_id(LONG_ID, b"1"), with_id(LONG_ID, b"1")], [1, 1], id="a Message-ID of 2,000 letters"),
        pytest.param([with_id(LONG_ID, b"1"), with_id(LONG_ID[:-2] + b"q>", b"1")], [1, 2], id="long ones that differ"),
        pytest.param([NO_ID, NO_ID], [1, 1], id="no Message-ID, the same bytes"),
        pytest.param([NO_ID, b"Received: again\r\n" + NO_ID], [1, 2], id="no Message-ID, other bytes"),
        pytest.param([with_id(b"", b"1"), with_id(b"", b"2")], [1, 2], id="an empty Message-ID"),
    ],
)
async def test_the_same_mail_is_one_and_another_one_is_another(receiver_over, store, mails, expected):
    server = ScriptedImap(dict(enumerate(mails, 1)))
    await store.mailboxes.remember(cursor(0).memory)
    async with server.serving() as port, watching(await receiver_over(store.incoming), store.mailboxes, settings(port)):
        await server.idles(1)
    assert sorted(row.mail_id for row in await store.incoming.list_()) == sorted(set(expected))
    assert await known(store, server) == {1, 2}


async def test_after_a_new_uidvalidity_no_mail_is_taken_twice(receiver_over, store):
    receiver = await receiver_over(store.incoming)
    server = ScriptedImap({uid: mail(uid) for uid in (1, 2, 3)})
    async with server.serving() as port:
        async with watching(receiver, store.mailboxes, settings(port)):
            await server.idles(1)
            await server.deliver(4, mail(4))
            await server.idles(2)
        server.uidvalidity, server.mails = 8, {uid: mail(5 - uid) for uid in (1, 2, 3, 4)} | {5: mail(9)}
        async with watching(receiver, store.mailboxes, settings(port)):
            await server.idles(3)
    states = [(row.mail_id, row.state) for row in reversed(await store.incoming.list_())]
    assert [state for _, state in states] == [MailState.IGNORED] * 3 + [MailState.RECEIVED] * 2
    assert await known(store, server) == {1, 2, 3, 4, 5}
    assert await store.mailboxes.memory(NAME) == cursor(5, uidvalidity=8).memory


async def test_twenty_thousand_old_mails_are_listed_and_none_is_answered(receiver_over, store, count, figure):
    old = count(500, 20_000)
    server = ScriptedImap({uid: mail(uid) for uid in range(1, old + 1)})
    began = time.monotonic()
    async with server.serving() as port, watching(await receiver_over(store.incoming), store.mailboxes, settings(port)):
        async with asyncio.timeout(PATIENCE_SECONDS * 30):
            while not server.idle_count:  # noqa: ASYNC110  # the server's own waiting has a limit of 30 s
                await asyncio.sleep(0.05)
        await server.deliver(old + 1, mail(old + 1))
        await server.idles(2)
    seconds = time.monotonic() - began
    ledger = await store.health.ledger()
    (door,) = ledger.doors
    assert door.ends == ((MailState.RECEIVED, 1), (MailState.IGNORED, old))
    assert ledger.balances
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    figure(f"first look at {old:,} old mails: {old:,} listed, 0 to be answered, {seconds:.1f} s, peak {peak_mib} MiB")


# -- the comparison with the server


@asynccontextmanager
async def comparing(receiver, cursors, chosen, today):
    task = asyncio.create_task(ImapWatcher(receiver, cursors, chosen, today).run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


def counts(check) -> tuple[int, int, int, int]:
    return check.on_server, check.known, check.missing, check.recovered


async def test_a_mailbox_without_a_difference_is_compared_and_that_is_kept(receiver_over, store):
    server = ScriptedImap({uid: mail(uid) for uid in (1, 2, 3, 4)})
    await store.mailboxes.remember(cursor(0, watermark=2).memory)
    async with (
        server.serving() as port,
        watching(await receiver_over(store.incoming), store.mailboxes, settings(port, reconcile_days=7)),
    ):
        await server.idles(1)
    check = await store.mailboxes.last_check(NAME)
    assert (counts(check), check.checked_at, check.days) == ((4, 4, 0, 0), NOW, 7)
    assert await store.mailboxes.checks() == (check,)
    # A day more than seven, for the server has its own midnight.
    assert [command for command in server.commands if "SINCE" in command] == ["UID SEARCH UID 1:4 SINCE 16-Nov-2026"]


async def test_a_mail_that_the_server_has_and_we_do_not_is_fetched_as_new_and_told(receiver_over, store, caplog):
    receiver = await receiver_over(store.incoming)
    server = ScriptedImap({uid: mail(uid) for uid in range(1, 301)})
    await receiver.receive_many([stored(server, uid) for uid in range(1, 301) if uid not in {10, 20, 30}])
    await store.mailboxes.remember(cursor(300).memory)
    async with server.serving() as port, watching(receiver, store.mailboxes, settings(port, reconcile_days=7)):
        await server.idles(1)
    assert counts(await store.mailboxes.last_check(NAME)) == (300, 297, 3, 3)
    assert await known(store, server) == set(range(1, 301))
    assert (await store.health.ledger()).doors[0].ends == ((MailState.RECEIVED, 300),)
    assert "server 300, ours 297, missing 3, of these fetched now 3" in caplog.text


async def test_a_mail_that_was_waited_for_and_is_given_now_is_fetched_and_was_not_missing(receiver_over, store):
    receiver = await receiver_over(store.incoming)
    server = ScriptedImap({1: mail(1)})
    await store.mailboxes.note_waiting(server.place(1))
    await store.mailboxes.remember(cursor(1).memory)
    async with server.serving() as port, watching(receiver, store.mailboxes, settings(port, reconcile_days=7)):
        await server.idles(1)
    assert counts(await store.mailboxes.last_check(NAME)) == (1, 1, 0, 0)
    assert len(await store.incoming.list_()) == 1


async def test_mails_that_others_deleted_are_no_difference(receiver_over, store):
    receiver = await receiver_over(store.incoming)
    server = ScriptedImap({2: mail(2)})
    await receiver.receive_many([arrival(mail(1)), stored(server, 2)])
    await store.mailboxes.remember(cursor(2).memory)
    async with server.serving() as port, watching(receiver, store.mailboxes, settings(port, reconcile_days=7)):
        await server.idles(1)
    assert counts(await store.mailboxes.last_check(NAME)) == (1, 1, 0, 0)


async def test_it_is_compared_once_on_each_day_in_japan(keeper, receiver):
    server, cursors, today = ScriptedImap({1: mail(1)}), Cursors(keeper), Today()
    today.now = datetime(2026, 11, 24, 14, 59, tzinfo=UTC)  # 23:59 in Japan
    async with server.serving() as port:
        chosen = settings(port, reconcile_days=7, poll_seconds=0.02)
        async with comparing(receiver, cursors, chosen, today):
            await server.idles(3)
            assert len(cursors.checks) == 1
            today.now += timedelta(hours=1)
            await server.idles(6)
            assert len(cursors.checks) == 2
        async with comparing(receiver, cursors, chosen, today):
            await server.idles(8)
    assert len(cursors.checks) == 2  # a restart is no new day


async def test_a_server_that_cannot_be_compared_is_still_read_and_asked_again_only_after_an_hour(keeper, receiver):
    server, cursors, today = ScriptedImap({1: mail(1)}), Cursors(keeper), Today()
    await cursors.remember(cursor(0).memory)
    server.faults["UID SEARCH"] = [None, refuse]
    async with server.serving() as port:
        chosen = settings(port, reconcile_days=7, poll_seconds=0.02)
        async with comparing(receiver, cursors, chosen, today):
            await server.idles(2)
            await server.deliver(2, mail(2))
            await keeper.holds(2)
            assert cursors.checks == []
            assert server.connections == 2
            today.now += timedelta(hours=1)
            await cursors.until(lambda: len(cursors.checks) == 1)
    assert counts(cursors.checks[0]) == (2, 2, 0, 0)


async def test_compared_by_command_before_the_first_look_nothing_is_changed(receiver_over, store):
    server = ScriptedImap({1: mail(1)})
    async with server.serving() as port:
        watcher = ImapWatcher(
            await receiver_over(store.incoming), store.mailboxes, settings(port, reconcile_days=7), clock
        )
        with pytest.raises(OSError, match="not looked into"):
            await watcher.compare_now()
    assert await store.mailboxes.memories() == ()


async def test_health_tells_since_when_and_how_often_and_forgets_when_all_is_well(keeper, receiver):
    server, cursors, today = ScriptedImap({}), await seen_before(), Today()
    server.faults["LOGIN"] = [refuse, refuse]
    async with server.serving() as port:
        watcher = ImapWatcher(receiver, cursors, settings(port), today)
        task = asyncio.create_task(watcher.run())
        while watcher.health.refused_logins < 2:  # noqa: ASYNC110  # it tells nobody
            await asyncio.sleep(0.005)
        ill = watcher.health
        await server.idles(1)
        task.cancel()
        await asyncio.wait([task])
    assert (ill.mailbox, ill.looked_at, ill.failing_since, ill.trouble) == (NAME, None, NOW, "LOGIN: NO not now")
    well = watcher.health
    assert (well.looked_at, well.failing_since, well.refused_logins, well.trouble) == (NOW, None, 0, "")
