from __future__ import annotations

import asyncio
import itertools
import logging
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.core.records.envelope import Arrival, Envelope, MailboxPlace, Source
from bot.intake.imap.cursor import MailboxCursor
from bot.intake.imap.watcher import ImapSettings, ImapWatcher
from bot.intake.imap.wire import Framer, ImapError, mailbox_name
from tests.intake.imap.scripted_imap import Peer, ScriptedImap
from tests.intake.keepers import NOW, Cursors, FailingKeeper, ListKeeper, Logged, clock

INBOX = "hosho@city.example.jp"
NAME = "city@127.0.0.1/INBOX"


def mail(number: int) -> bytes:
    return b"Return-Path: <a@b.example.jp>\r\nMessage-ID: <%d@b.example.jp>\r\n\r\nbody %d\r\n" % (number, number)


def holding(secret: str):
    """A credential that is always the same."""

    async def credential() -> SecretStr:
        return SecretStr(secret)

    return credential


def settings(port: int, **changes: object) -> ImapSettings:
    base = ImapSettings(
        host="127.0.0.1",
        port=port,
        tls="none",
        user="city",
        credential=holding("sekrit"),
        mailbox="INBOX",
        poll_seconds=60,
        max_bytes=100_000,
        recipients=(INBOX,),
        reply_seconds=20,
        first_retry_seconds=0.01,
        longest_retry_seconds=0.05,
        login_retry_seconds=0.01,
        reconcile_days=0,
    )
    return replace(base, **changes)


def cursor(last_uid: int, uidvalidity: int = 7, watermark: int = 0) -> MailboxCursor:
    return MailboxCursor(NAME, uidvalidity, last_uid, NOW, watermark)


def place(uid: int) -> MailboxPlace:
    """As ListKeeper remembers it."""
    return MailboxPlace(NAME, f"7/{uid}")


def arrival(
    content: bytes, uid: int = 0, *, old: bool = False, too_large: int = 0, not_fetched: bool = False
) -> Arrival:
    """As mail(n) comes in at UID n, unless another UID is told."""
    envelope = Envelope(Source.IMAP, "a@b.example.jp", (INBOX,), NOW, NAME)
    uid = uid or int(content.partition(b"<")[2].partition(b"<")[2].partition(b"@")[0])
    return Arrival(envelope, content, old, too_large, not_fetched, place(uid))


@asynccontextmanager
async def watching(receiver, cursors, chosen: ImapSettings):
    task = asyncio.create_task(ImapWatcher(receiver, cursors, chosen, clock).run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def seen_before(last_uid: int = 0, keeper: ListKeeper | None = None) -> Cursors:
    cursors = Cursors(keeper)
    await cursors.remember(cursor(last_uid).memory)
    return cursors


@pytest.fixture
async def keeper():
    return ListKeeper()


@pytest.fixture
async def receiver(receiver_over, keeper):
    return await receiver_over(keeper)


async def test_the_first_look_lists_what_is_there_and_what_comes_later_is_new(keeper, receiver):
    server, cursors = ScriptedImap({3: mail(3), 5: mail(5)}), Cursors()
    async with server.serving() as port, watching(receiver, cursors, settings(port)):
        await server.idles(1)
        await server.deliver(6, mail(6))
        await server.idles(2)
    assert keeper.mails == [arrival(mail(3), old=True), arrival(mail(5), old=True), arrival(mail(6))]
    assert cursors.saved[0] == cursor(0, watermark=5)  # before anything is fetched
    assert cursors.saved[-1] == cursor(6, watermark=5)


async def test_an_empty_mailbox_gets_its_cursor_at_the_first_look(receiver):
    server, cursors = ScriptedImap({}), Cursors()
    async with server.serving() as port, watching(receiver, cursors, settings(port)):
        await server.idles(1)
    assert cursors.saved == [cursor(0), cursor(0)]


async def test_a_first_look_that_breaks_off_is_repeated_and_mails_that_came_meanwhile_are_new(keeper, receiver):
    server, cursors = ScriptedImap({uid: mail(uid) for uid in (1, 2)}), Cursors()

    async def a_mail_comes_and_the_line_drops(peer: Peer, _: str) -> None:
        server.mails[3] = mail(3)
        peer.drop()

    server.faults["UID FETCH"] = [None, None, a_mail_comes_and_the_line_drops]
    async with server.serving() as port, watching(receiver, cursors, settings(port)):
        await server.idles(1)
    assert keeper.mails == [arrival(mail(1), old=True), arrival(mail(2), old=True), arrival(mail(3))]
    assert cursors.saved[-1] == cursor(3, watermark=2)


async def test_a_first_look_that_another_process_goes_on_with_does_not_make_old_mails_new(keeper, receiver):
    server, cursors = ScriptedImap({uid: mail(uid) for uid in (1, 2, 3)}), Cursors(keeper)
    keeper.places.add(server.place(1))
    # Where the one before was killed; mail 3 came after its start.
    await cursors.remember(cursor(1, watermark=2).memory)
    async with server.serving() as port, watching(receiver, cursors, settings(port)):
        await server.idles(1)
    assert keeper.mails == [arrival(mail(2), old=True), arrival(mail(3))]


async def test_with_a_cursor_only_newer_mails_are_fetched(keeper, receiver):
    server, cursors = ScriptedImap({uid: mail(uid) for uid in (1, 2, 3)}), await seen_before(2, keeper)
    keeper.places.update(map(server.place, (1, 2)))
    async with server.serving() as port, watching(receiver, cursors, settings(port)):
        await server.idles(1)
    assert keeper.mails == [arrival(mail(3))]
    assert [c for c in server.commands if "BODY.PEEK[]" in c] == ["UID FETCH 3 (UID BODY.PEEK[])"]


async def test_n_star_below_n_is_not_a_new_mail(keeper, receiver):
    server, cursors = ScriptedImap({2: mail(2)}), await seen_before(9, keeper)
    server.uidnext = 10
    keeper.places.add(server.place(2))
    async with server.serving() as port, watching(receiver, cursors, settings(port)):
        await server.idles(1)
    assert keeper.mails == []
    assert cursors.saved == [cursor(9), cursor(9)]  # the second one is the look's own


async def test_a_changed_uidvalidity_fetches_everything_again_as_new(keeper, receiver, caplog):
    server, cursors = ScriptedImap({1: mail(1), 2: mail(2)}), Cursors()
    await cursors.remember(cursor(500, uidvalidity=6).memory)
    await receiver.receive(replace(arrival(mail(1)), place=server.place(1)))
    async with server.serving() as port, watching(receiver, cursors, settings(port)):
        await server.idles(1)
    assert keeper.mails == [arrival(mail(1)), arrival(mail(2))]
    assert cursors.saved[-1] == cursor(2)
    assert "UIDVALIDITY has changed" in caplog.text


async def test_three_hundred_mails_come_in_batches_and_the_cursor_follows(keeper, receiver):
    server, cursors = ScriptedImap({uid: mail(uid) for uid in range(1, 301)}), await seen_before()
    async with server.serving() as port, watching(receiver, cursors, settings(port)):
        await server.idles(1)
    assert keeper.contents == [mail(uid) for uid in range(1, 301)]
    assert [saved.last_uid for saved in cursors.saved] == [0, 200, 300]


async def test_of_a_mail_over_the_limit_only_the_header_is_fetched(keeper, receiver):
    large = mail(1) + b"x" * 100_000
    server, cursors = ScriptedImap({1: large, 2: mail(2)}), await seen_before()
    async with server.serving() as port, watching(receiver, cursors, settings(port)):
        await server.idles(1)
    header = large[: large.index(b"\r\n\r\n") + 4]
    assert keeper.mails == [arrival(header, too_large=len(large)), arrival(mail(2))]


async def test_without_idle_the_mailbox_is_looked_at_again_and_again(keeper, receiver):
    server, cursors = ScriptedImap({}), Cursors()
    server.capabilities = "IMAP4rev1"
    async with server.serving() as port, watching(receiver, cursors, settings(port, poll_seconds=0.01)):
        await cursors.looks(2)
        server.mails[1] = mail(1)
        await keeper.holds(1)
    assert keeper.mails == [arrival(mail(1))]
    assert "IDLE" not in server.commands


async def test_a_silent_idle_ends_by_itself_and_the_mailbox_is_looked_at(keeper, receiver):
    server, cursors = ScriptedImap({}), Cursors()
    async with server.serving() as port, watching(receiver, cursors, settings(port, poll_seconds=0.05)):
        await server.idles(1)
        server.mails[1] = mail(1)  # without a push
        await keeper.holds(1)
    assert keeper.mails == [arrival(mail(1))]


async def bye(peer: Peer, _: str) -> None:
    await peer.send(b"* BYE shutting down\r\n")
    peer.writer.close()


async def bye_in_idle(peer: Peer, tag: str) -> None:
    await peer.send(b"+ idling\r\n* BYE shutting down\r\n")
    await peer.silence()


async def drop(peer: Peer, _: str) -> None:
    peer.drop()


async def drop_in_idle(peer: Peer, _: str) -> None:
    await peer.send(b"+ idling\r\n")
    peer.drop()


async def drop_in_a_literal(peer: Peer, _: str) -> None:
    await peer.send(b"* 1 FETCH (UID 1 BODY[] {500}\r\nhalf a mail")
    peer.drop()


async def silence(peer: Peer, _: str) -> None:
    await peer.silence()


async def refuse(peer: Peer, tag: str) -> None:
    await peer.send(f"{tag} NO not now\r\n".encode())


async def foreign_tag(peer: Peer, _: str) -> None:
    await peer.send(b"XX99 OK done\r\n")
    await peer.silence()


async def lying_literal(peer: Peer, _: str) -> None:
    await peer.send(b"* 1 FETCH (UID 1 BODY[] {2000000000}\r\n")
    await peer.silence()


async def endless_line(peer: Peer, _: str) -> None:
    await peer.send(b"* " + b"x" * 17 * 2**20)
    await peer.silence()


async def not_given(peer: Peer, tag: str) -> None:
    await peer.send(f"* 1 FETCH (FLAGS (\\Seen))\r\n{tag} OK done\r\n".encode())


@pytest.mark.parametrize(
    ("command", "fault"),
    [
        ("IDLE", bye),
        ("IDLE", bye_in_idle),
        ("IDLE", drop),
        ("IDLE", drop_in_idle),
        ("IDLE", refuse),
        ("IDLE", silence),
        ("CAPABILITY", silence),
        ("LOGIN", bye),
        ("LOGIN", refuse),
        ("SELECT", refuse),
        ("SELECT", drop),
        ("UID SEARCH", foreign_tag),
        ("UID SEARCH", endless_line),
        ("UID FETCH", silence),
    ],
)
async def test_after_any_trouble_it_connects_again_and_misses_nothing(keeper, receiver, command, fault, caplog):
    server, cursors = ScriptedImap({1: mail(1)}), await seen_before()
    server.faults[command] = [fault]
    seconds = 0.2 if fault is silence else 20
    async with server.serving() as port, watching(receiver, cursors, settings(port, reply_seconds=seconds)):
        await server.idles(1)
        await server.deliver(2, mail(2))
        await keeper.holds(2)
    assert keeper.mails == [arrival(mail(1)), arrival(mail(2))]
    assert server.connections == 2
    assert [record.levelno for record in caplog.records if "next try in" in record.getMessage()] == [logging.WARNING]
    assert "sekrit" not in caplog.text


@pytest.mark.parametrize(
    ("fault", "connections"), [(drop_in_a_literal, 2), (lying_literal, 2), (not_given, 1), (refuse, 1)]
)
async def test_a_mail_that_comes_in_half_or_not_at_all_is_fetched_again_whole(keeper, receiver, fault, connections):
    server, cursors = ScriptedImap({1: mail(1), 2: mail(2)}), await seen_before()
    server.faults["UID FETCH"] = [None, fault]
    async with server.serving() as port, watching(receiver, cursors, settings(port)):
        await keeper.holds(2)
    assert sorted(keeper.contents) == [mail(1), mail(2)]
    assert server.connections == connections


async def test_a_mail_that_somebody_deletes_meanwhile_is_no_trouble(keeper, receiver):
    server, cursors = ScriptedImap({1: mail(1), 2: mail(2)}), await seen_before()

    async def deleted(peer: Peer, tag: str) -> None:
        del server.mails[1]
        await peer.send(f"* 1 EXPUNGE\r\n{tag} OK done\r\n".encode())

    server.faults["UID FETCH"] = [None, deleted]
    async with server.serving() as port, watching(receiver, cursors, settings(port)):
        await server.idles(1)
    assert keeper.mails == [arrival(mail(2))]
    assert server.connections == 1
    assert cursors.saved[-1] == cursor(2)


async def test_five_thousand_lines_at_once_are_read(keeper, receiver):
    server, cursors = ScriptedImap({1: mail(1)}), await seen_before()

    async def storm(peer: Peer, tag: str) -> None:
        lines = b"".join(b"* %d FETCH (FLAGS (\\Seen) UID %d)\r\n" % (n, n) for n in range(1, 5_001))
        await peer.send(lines + f"* SEARCH 1\r\n{tag} OK done\r\n".encode())

    server.faults["UID SEARCH"] = [storm]
    async with server.serving() as port, watching(receiver, cursors, settings(port)):
        await server.idles(1)
    assert keeper.mails == [arrival(mail(1))]
    assert server.connections == 1


async def test_a_store_that_fails_leaves_the_cursor_and_the_mail_comes_again(receiver_over):
    keeper = FailingKeeper([OSError("down")])
    server, cursors = ScriptedImap({1: mail(1)}), await seen_before()
    async with server.serving() as port, watching(await receiver_over(keeper), cursors, settings(port)):
        await server.idles(1)
    assert keeper.mails == [arrival(mail(1))]
    assert server.connections == 2
    assert cursors.saved[:2] == [cursor(0), cursor(1)]


async def test_a_refused_password_is_not_tried_again_soon(receiver, caplog):
    server = ScriptedImap({})
    server.faults["LOGIN"] = [refuse] * 100
    async with (
        server.serving() as port,
        watching(receiver, Cursors(), settings(port, login_retry_seconds=300)),
        Logged.within("next try in 300 s"),
    ):
        pass
    assert server.connections == 1
    assert "LOGIN: NO not now" in caplog.text


@pytest.mark.parametrize("capabilities", ["IMAP4rev1 LOGINDISABLED", "IMAP4rev1 logindisabled"])
async def test_a_server_that_forbids_the_login_is_not_told_the_password(receiver, caplog, capabilities):
    server = ScriptedImap({})
    server.capabilities = capabilities
    async with (
        server.serving() as port,
        watching(receiver, Cursors(), settings(port, login_retry_seconds=300)),
        Logged.within("LOGINDISABLED"),
    ):
        pass
    assert server.commands == ["CAPABILITY"]


async def test_a_greeting_of_bye_is_told_in_the_log(receiver, caplog):
    server = ScriptedImap({})
    server.greeting = b"* BYE too many connections of city@example.jp\r\n"
    async with (
        server.serving() as port,
        watching(receiver, Cursors(), settings(port)),
        Logged.within("greets with: * BYE too many connections of …@…"),
    ):
        pass


async def test_plaintext_behind_starttls_ends_the_connection_before_the_password(receiver, caplog):
    server = ScriptedImap({})

    async def inject(peer: Peer, tag: str) -> None:
        await peer.send(f"{tag} OK go ahead\r\n* CAPABILITY IMAP4rev1\r\n".encode())
        await peer.silence()

    server.faults["STARTTLS"] = [inject] * 100
    async with (
        server.serving() as port,
        watching(receiver, Cursors(), settings(port, tls="starttls")),
        Logged.within("plaintext after STARTTLS"),
    ):
        pass
    assert not [command for command in server.commands if "LOGIN" in command]


async def test_a_server_that_refuses_starttls_is_not_told_the_password(receiver, caplog):
    server = ScriptedImap({})
    server.faults["STARTTLS"] = [refuse] * 100
    async with (
        server.serving() as port,
        watching(receiver, Cursors(), settings(port, tls="starttls")),
        Logged.within("STARTTLS: NO"),
    ):
        pass
    assert not [command for command in server.commands if "LOGIN" in command]


async def test_an_account_with_odd_letters_is_quoted(keeper, receiver):
    server = ScriptedImap({})
    chosen = {"user": 'a "b" c', "credential": holding('p\\w "x'), "mailbox": "処理済 & more"}
    async with server.serving() as port, watching(receiver, Cursors(), settings(port, **chosen)):
        await server.idles(1)
    assert 'LOGIN "a \\"b\\" c" "p\\\\w \\"x"' in server.commands
    assert 'SELECT "&UeZ0Bm4I- &- more"' in server.commands


@pytest.mark.parametrize(
    ("name", "wire"),
    [
        ("INBOX", '"INBOX"'),
        ("処理済", '"&UeZ0Bm4I-"'),
        ("a&b", '"a&-b"'),
        ("~peter/mail/台北/日本語", '"~peter/mail/&U,BTFw-/&ZeVnLIqe-"'),
        ('say "x"\\', '"say \\"x\\"\\\\"'),
        ("𠮷", '"&2ELft w-"'.replace(" ", "")),
    ],
)
def test_mailbox_names_are_in_modified_utf_7(name, wire):
    assert mailbox_name(name) == wire


WIRE = b"* OK hi {3}\r\nab\r (x {0}\r\n)\r\n* 2 EXISTS\r\n+ go\r\n* 1 FETCH (BODY[] {7}\r\n\r\n*)a\r\n)\r\n"
RESPONSES = [
    (b"* OK hi ", b"ab\r", b" (x ", b"", b")"),
    (b"* 2 EXISTS",),
    (b"+ go",),
    (b"* 1 FETCH (BODY[] ", b"\r\n*)a\r\n", b")"),
]


@given(st.lists(st.integers(0, len(WIRE)), max_size=8))
def test_responses_are_the_same_in_whatever_portions_they_come(cuts):
    places = sorted({0, *cuts, len(WIRE)})
    framer = Framer(100)
    assert [r for a, b in itertools.pairwise(places) for r in framer.feed(WIRE[a:b])] == RESPONSES
    assert framer.is_empty


def test_a_literal_over_the_limit_is_refused_before_it_comes():
    with pytest.raises(ImapError, match="101 bytes"):
        list(Framer(100).feed(b"* 1 FETCH (BODY[] {101}\r\n"))
