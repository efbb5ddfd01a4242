"""The mail servers that the city names turn hostile: floods, endless lines, numbers that no grammar has, numbers given again."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import Iterator
from contextlib import asynccontextmanager, suppress

import pytest

from bot.core.letters.drafts import Draft
from bot.core.records.outgoing_mail import OutgoingMail
from bot.intake.imap.mailbox import GROUP_BYTES, SEARCH_BYTES, OpenMailbox
from bot.intake.imap.protocol import LOGIN_BYTES, MAX_RESPONSES, ImapProtocol
from bot.intake.imap.watcher import EMPTY_LOOKS_AT_ONCE, RENUMBERINGS, ImapWatcher
from bot.intake.imap.wire import NUMBER, REPLY_BYTES, Framer, ImapError
from bot.intake.receive import Receiver
from bot.outbound.smtp_relay import REPLY_CHARACTERS, RelayOutcome, SmtpRelay
from tests.intake.imap.scripted_imap import Peer, ScriptedImap
from tests.intake.imap.test_watcher import arrival, mail, seen_before, settings
from tests.intake.keepers import Cursors, ListKeeper, clock
from tests.letters.letter_cases import CASES, COMPOSER, NOW
from tests.patience import PATIENCE_SECONDS

MIB = 2**20
LITERAL_BYTES = 2 * 100_000 + 256 * 1024  # as the watcher allows with these settings
IN_SOCKETS = 16 * MIB  # what kernels and transports hold of it at most
FLOOD_BYTES = 128 * MIB


@pytest.fixture
async def keeper():
    return ListKeeper()


@pytest.fixture
async def receiver(keeper):
    receiver = Receiver(keeper, lambda: None)
    task = asyncio.create_task(receiver.run())
    yield receiver
    receiver.stop()
    await task


@asynccontextmanager
async def watcher_of(receiver, cursors, chosen, **more):
    watcher = ImapWatcher(receiver, cursors, chosen, clock, **more)
    task = asyncio.create_task(watcher.run())
    try:
        yield watcher
    finally:
        task.cancel()
        await asyncio.wait([task])


class Flood:
    """Sends `piece` again and again, in place of an answer, until the client has gone. `sent_bytes`: what it took."""

    def __init__(self, piece: bytes, first: bytes = b"") -> None:
        self.first = first
        self.piece = piece * (65_536 // len(piece) + 1)
        self.sent_bytes = 0

    async def __call__(self, peer: Peer, _tag: str) -> None:
        with suppress(ConnectionError):
            await peer.send(self.first)
            while self.sent_bytes < FLOOD_BYTES:
                await peer.send(self.piece)
                self.sent_bytes += len(self.piece)


# -- floods: the client goes away after what it allows, and comes again for its mail

FLOODS = {
    "untagged": (b"* OK still here\r\n", b""),
    "empty untagged": (b"* \r\n", b""),
    "FETCH of others": (b"* 1 FETCH (UID 4000 RFC822.SIZE 5)\r\n", b""),
    "FETCH with mails": (b"* 1 FETCH (UID 1 BODY[] {4}\r\nabcd)\r\n", b""),
    "small literals": (b" X {1}\r\na", b"* 1 FETCH ("),
    "no line end": (b"x", b"* OK "),
    "flags": (b"\\Seen ", b"* FLAGS ("),
    "one SEARCH": (b" 1 2 3 4000000000", b"* SEARCH"),
    "SEARCH": (b"* SEARCH 3 2 1 3 2 1\r\n", b""),
    "capabilities": (b"* CAPABILITY IMAP4rev1 IDLE X1 X2\r\n", b""),
    "EXISTS": (b"* 4294967296 EXISTS\r\n", b""),
    "EXPUNGE": (b"* 1 EXPUNGE\r\n", b""),
    "CR alone": (b"* OK\r", b""),
}
COMMANDS = ["CAPABILITY", "LOGIN", "SELECT", "UID SEARCH", "UID FETCH", "IDLE", "NOOP"]


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        *(("UID FETCH", kind) for kind in FLOODS),
        *((command, kind) for command in COMMANDS for kind in ("untagged", "no line end")),
        ("UID SEARCH", "one SEARCH"),
        ("UID SEARCH", "SEARCH"),
        ("CAPABILITY", "capabilities"),
        ("SELECT", "flags"),
        ("IDLE", "EXISTS"),
        ("NOOP", "EXPUNGE"),
    ],
)
async def test_a_flood_ends_the_connection_and_the_mail_comes_with_the_next(keeper, receiver, command, kind):
    piece, first = FLOODS[kind]
    flood = Flood(piece, b"+ idling\r\n" + first if command == "IDLE" else first)
    server, cursors = ScriptedImap({1: mail(1)} if command in {"UID SEARCH", "UID FETCH"} else {}), await seen_before()
    server.faults[command] = [flood]
    if command == "NOOP":
        server.capabilities = "IMAP4rev1"
    async with server.serving() as port, watcher_of(receiver, cursors, settings(port, poll_seconds=0.01)):
        async with asyncio.timeout(PATIENCE_SECONDS):
            while server.connections < 2:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.005)
        server.mails[1] = mail(1)
        await keeper.holds(1)
    asked = {"UID SEARCH": SEARCH_BYTES, "UID FETCH": LITERAL_BYTES}.get(command, 0)
    assert flood.sent_bytes <= REPLY_BYTES + asked + IN_SOCKETS
    assert keeper.mails == [arrival(mail(1))]


@pytest.mark.parametrize("greeting", [b"* OK " + b"x" * 8 * MIB, b"* OK ready\r\n" + b"* OK again\r\n" * 700_000])
async def test_a_greeting_without_end_is_not_listened_to(receiver, greeting):
    server = ScriptedImap({})
    server.greeting = greeting
    server.capabilities = "IMAP4rev1"
    async with server.serving() as port, watcher_of(receiver, Cursors(), settings(port)) as watcher:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while server.connections < 3:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.005)
        assert watcher.health.trouble.endswith(("asked for", "without end", "closed the connection"))


@pytest.mark.parametrize(
    ("kind", "most_mib"),
    [("untagged", 8), ("small literals", 8), ("FETCH of others", 16), ("one SEARCH", 32), ("no line end", 32)],
)
async def test_what_is_kept_of_a_flood_is_bounded(receiver, kind, most_mib, figure):
    piece, first = FLOODS[kind]
    server, cursors = ScriptedImap({1: mail(1)}), await seen_before()
    server.faults["UID SEARCH"] = [Flood(piece, first)]
    tracemalloc.start()
    try:
        async with server.serving() as port, watcher_of(receiver, cursors, settings(port)):
            async with asyncio.timeout(PATIENCE_SECONDS):
                while server.connections < 2:  # noqa: ASYNC110 - it tells nobody
                    await asyncio.sleep(0.005)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    figure(f"a flood of {kind}: {peak / MIB:.1f} MiB at most")
    assert peak < most_mib * MIB


@pytest.mark.peer
async def test_the_longest_list_of_uids_that_may_come_is_kept_small(figure):
    class Server:
        """A transport that answers the one command with as many UIDs as are allowed."""

        def write(self, command: bytes) -> None:
            imap.loop.call_soon(self.answer, command.split()[0])

        def answer(self, tag: bytes) -> None:
            imap.data_received(b"* SEARCH")
            for first in range(1, 1_240_000, 10_000):
                imap.data_received(b"".join(b" %d" % uid for uid in range(first, first + 10_000)))
            imap.data_received(b"\r\n" + tag + b" OK done\r\n")

    imap = ImapProtocol(LITERAL_BYTES, 60)
    imap.connection_made(Server())
    imap.data_received(b"* PREAUTH\r\n")
    tracemalloc.start()
    try:
        uids = await OpenMailbox(imap, 7, None, 60).above(0)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (len(uids), uids[0], uids[-1]) == (1_240_000, 1, 1_240_000)
    figure(f"a SEARCH with {len(uids):,} UIDs: {peak / MIB:.0f} MiB at most")
    assert peak < 100 * MIB


@pytest.mark.parametrize("piece", [b"* CAPABILITY IMAP4rev1\r\n", b"* OK " + b"x" * 1_000 + b"\r\n"])
async def test_before_a_mailbox_is_open_little_may_come(piece):
    imap = ImapProtocol(LITERAL_BYTES, 60)
    imap.connection_made(Peerless())
    imap.data_received(b"* OK ready\r\n")
    asking = asyncio.create_task(imap.learn_capabilities())
    await asyncio.sleep(0)
    for _ in range(LOGIN_BYTES // len(piece) + 1):
        imap.data_received(piece)
    assert isinstance(imap.lost, ImapError)
    with pytest.raises(ImapError, match="asked for"):
        await asking
    imap.data_received(piece * 1_000)  # what was on its way is not kept
    assert len(imap._framer._buffer) < len(piece)


class Peerless:
    """A transport to nobody."""

    def write(self, data: bytes) -> None:
        pass

    def abort(self) -> None:
        pass


def fed(framer: Framer, data: bytes) -> int:
    return len([*framer.feed(data)])


@pytest.mark.parametrize(
    "line",
    [
        b"* 1 FETCH (BODY[] {999999999999}",
        b"* 1 FETCH (BODY[] {" + b"9" * 5_000 + b"}",
        b"* 1 FETCH (BODY[] {" + b"0" * 5_000 + b"1}",
        b"* 1 FETCH (BODY[] {9223372036854775808}",
        b"* 1 FETCH (BODY[] {101+}",
    ],
)
def test_a_literal_larger_than_anything_asked_for_is_refused_at_its_announcement(line):
    with pytest.raises(ImapError):
        fed(Framer(100), line + b"\r\n")


@pytest.mark.parametrize("braces", [b"{-1}", b"{}", "{１}".encode(), b"{1", b"{0x5}", b"{1}}"])
def test_braces_without_a_number_announce_nothing(braces):
    assert fed(Framer(100), b"* OK " + braces + b"\r\n") == 1


def test_a_response_of_many_literals_is_no_response():
    framer = Framer(100)
    with pytest.raises(ImapError, match="too many parts"):
        fed(framer, b"* 1 FETCH (" + b" {1}\r\na" * 1_000)


def test_only_what_is_allowed_is_taken_in_whatever_portions():
    framer = Framer(100)
    portion = b"* OK and again\r\n" * 128
    for _ in range(REPLY_BYTES // len(portion)):
        fed(framer, portion)
    with pytest.raises(ImapError, match="more than was asked for"):
        fed(framer, portion)
    assert len(framer._buffer) < len(portion)


async def test_thousands_of_responses_to_one_question_are_too_many(keeper, receiver):
    async def answer(peer: Peer, tag: str) -> None:
        await peer.send(b"* SEARCH\r\n" * (MAX_RESPONSES + 1) + f"{tag} OK\r\n".encode())

    server, cursors = ScriptedImap({1: mail(1)}), await seen_before()
    server.faults["UID SEARCH"] = [answer]
    async with server.serving() as port, watcher_of(receiver, cursors, settings(port)):
        await keeper.holds(1)
    assert server.connections == 2


# -- numbers that the grammar does not have

LONG = b"9" * 5_000
NO_UIDS = [b"0", b"-1", b"007", b"4294967296", LONG, b"0" * 4_999 + b"1", "１".encode(), "٣".encode(), b"1e9", b"0x10"]


def instead(*lines: bytes):
    async def answer(peer: Peer, tag: str) -> None:
        await peer.send(b"".join(b"* " + line + b"\r\n" for line in lines) + f"{tag} OK done\r\n".encode())

    return answer


def numbered() -> Iterator[tuple[str, bytes]]:
    for digits in NO_UIDS:
        yield "SELECT", b"OK [UIDVALIDITY %b] x" % digits
        yield "UID SEARCH", b"SEARCH 1 %b" % digits
        yield "UID FETCH", b"1 FETCH (UID %b RFC822.SIZE 70)" % digits
    for digits in [b"-1", b"9223372036854775808", LONG, "１".encode(), b"1e9"]:
        yield "UID FETCH", b"1 FETCH (UID 1 RFC822.SIZE %b)" % digits
    for digits in [b"-1", b"0", b"4294967296", LONG]:
        yield "SELECT", b"OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT %b] x" % digits


@pytest.mark.parametrize(("command", "line"), [*numbered()])
async def test_a_number_that_is_none_ends_the_connection_and_the_mail_comes_with_the_next(
    keeper, receiver, caplog, command, line
):
    server, cursors = ScriptedImap({1: mail(1)}), await seen_before()
    server.faults[command] = [instead(line)]
    async with server.serving() as port, watcher_of(receiver, cursors, settings(port)):
        await keeper.holds(1)
    assert (keeper.mails, server.connections) == ([arrival(mail(1))], 2)
    (told,) = {record.getMessage().partition("; next")[0] for record in caplog.records if "next try" in record.msg}
    assert "that IMAP does not have" in told
    assert len(told) < 200


@pytest.mark.parametrize("line", [b"SEARCH 3 1 2 2 1 3 3", b"SEARCH 3 1 2 (MODSEQ 0017)", b"search 2 1 3 4294967295"])
async def test_a_search_in_any_order_and_with_doubles_is_each_mail_once(keeper, receiver, line):
    server, cursors = ScriptedImap({uid: mail(uid) for uid in (1, 2, 3)}), await seen_before()
    server.faults["UID SEARCH"] = [instead(line)]
    async with server.serving() as port, watcher_of(receiver, cursors, settings(port)):
        await keeper.holds(3)
    assert keeper.mails == [arrival(mail(uid)) for uid in (1, 2, 3)]


async def test_sizes_of_mails_that_nobody_asked_for_are_not_kept(keeper, receiver):
    others = [b"9 FETCH (UID %d RFC822.SIZE 5)" % uid for uid in range(2, 5_000)]
    server, cursors = ScriptedImap({1: mail(1)}), await seen_before()
    server.faults["UID FETCH"] = [instead(*others, b"1 FETCH (UID 1 RFC822.SIZE 70)")]
    async with server.serving() as port, watcher_of(receiver, cursors, settings(port)):
        await keeper.holds(1)
    assert (keeper.mails, server.connections) == ([arrival(mail(1))], 1)


async def test_a_short_mail_as_quoted_text_says_nothing_about_its_uid(keeper, receiver):
    text = b"Message-ID: <1@b.example.jp>\\\\ UID 007 UID 99999999999 BODY[]"
    server, cursors = ScriptedImap({1: mail(1)}), await seen_before()
    server.faults["UID FETCH"] = [None, instead(b'1 FETCH (BODY[] "%b" UID 1)' % text)]
    async with server.serving() as port, watcher_of(receiver, cursors, settings(port)):
        await keeper.holds(1)
    assert keeper.contents == [text.replace(b"\\\\", b"\\")]


@pytest.mark.parametrize("result", [b"OKAY", b"PREAUTH", b"", b"x" * 60_000, b"BADX"])
async def test_a_result_that_is_none_is_not_told_at_length(keeper, receiver, result):
    async def answer(peer: Peer, tag: str) -> None:
        await peer.send(tag.encode() + b" " + result + b" done\r\n")

    server, cursors = ScriptedImap({1: mail(1)}), await seen_before()
    server.faults["LOGIN"] = [answer]
    async with server.serving() as port, watcher_of(receiver, cursors, settings(port)):
        await keeper.holds(1)
    assert server.connections == 2


# -- servers that lie about their mailbox


async def test_mails_that_are_larger_than_was_said_are_stored_in_portions(keeper, receiver):
    large = {uid: mail(uid) + b"x" * 90_000 for uid in range(1, 1 + 2 * GROUP_BYTES // 90_000)}
    server, cursors = ScriptedImap(large), await seen_before()
    small = [b"%d FETCH (UID %d RFC822.SIZE 1)" % (uid, uid) for uid in large]
    server.faults["UID FETCH"] = [instead(*small[:200]), *[None] * 200, instead(*small[200:])]
    async with server.serving() as port, watcher_of(receiver, cursors, settings(port)):
        await keeper.until(lambda: len(keeper.mails) == len(large), 90)
    held = max(sum(len(one) for one in batch) for batch in portions(keeper))
    assert held <= GROUP_BYTES + 2 * 100_000


def portions(keeper: ListKeeper) -> Iterator[list[bytes]]:
    start = 0
    for size in keeper.batches:
        yield keeper.contents[start : start + size]
        start += size


async def test_a_mailbox_numbered_anew_at_each_look_is_left_until_later(keeper, receiver):
    server, cursors = ScriptedImap({1: mail(1)}), await seen_before()

    async def renumber_and_hang_up(peer: Peer, _: str) -> None:
        server.uidvalidity += 1
        peer.drop()

    server.faults["IDLE"] = [renumber_and_hang_up] * 1_000
    async with server.serving() as port, watcher_of(receiver, cursors, settings(port)) as watcher:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while "again and again" not in watcher.health.trouble:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.005)
        assert watcher.health.failing_since
    assert cursors.saved[-1].uidvalidity == 7 + RENUMBERINGS
    assert keeper.mails == [arrival(mail(1))]


async def test_mails_under_numbers_that_are_given_again_come_in(keeper, receiver, caplog):
    server, cursors = ScriptedImap({}), await seen_before(NUMBER - 1)
    async with server.serving() as port, watcher_of(receiver, cursors, settings(port)) as watcher:
        await server.idles(1)
        await server.deliver(1, mail(1))
        await keeper.holds(1)
        assert watcher.health.trouble == ""
    assert "UIDNEXT is 1 after UID 4294967294" in caplog.text
    assert keeper.mails == [arrival(mail(1))]


@pytest.mark.parametrize("exists", [b"4294967296", LONG, b"-1", b"0", b"x"])
async def test_how_many_mails_there_are_said_to_be_is_not_believed(keeper, receiver, exists):
    server, cursors = ScriptedImap({1: mail(1)}), await seen_before()
    server.faults["SELECT"] = [instead(b"%b EXISTS" % exists, b"OK [UIDVALIDITY 7] x", b"OK [UIDNEXT 2] x")]
    async with server.serving() as port, watcher_of(receiver, cursors, settings(port)):
        await keeper.holds(1)
    assert (keeper.mails, server.connections) == ([arrival(mail(1))], 1)


async def test_a_server_that_always_says_something_changed_is_asked_once_a_second(keeper, receiver):
    server, cursors = ScriptedImap({}), await seen_before()
    server.faults["UID SEARCH"] = [instead(b"1 EXISTS", b"SEARCH")] * 1_000
    async with server.serving() as port, watcher_of(receiver, cursors, settings(port)):
        await cursors.looks(1 + EMPTY_LOOKS_AT_ONCE)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(server.commands) < EMPTY_LOOKS_AT_ONCE:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.005)
        for _ in range(500):  # turns of the loop, in which a look would be done
            await asyncio.sleep(0)
    assert len([one for one in server.commands if "SEARCH" in one]) <= EMPTY_LOOKS_AT_ONCE + 3


async def test_a_server_that_hangs_up_after_each_look_is_asked_ever_less_often(keeper, receiver):
    async def goodbye(peer: Peer, _: str) -> None:
        await peer.send(b"* BYE\r\n")

    server, cursors = ScriptedImap({}), await seen_before()
    server.faults["IDLE"] = [goodbye] * 5
    async with server.serving() as port, watcher_of(receiver, cursors, settings(port)) as watcher:
        await server.idles(1)
        assert watcher._tries == 5


async def test_millions_of_mails_that_are_said_to_be_gone_do_not_fill_a_full_disk(receiver):
    server, cursors = ScriptedImap({}), await seen_before()
    server.faults["UID SEARCH"] = [instead(b"SEARCH" + b"".join(b" %d" % uid for uid in range(1, 100_000)))]
    async with (
        server.serving() as port,
        watcher_of(receiver, cursors, settings(port, poll_seconds=0.01), has_room=lambda: False),
    ):
        await server.idles(1)
    assert cursors.waits == {}
    assert cursors.saved[-1].last_uid == 0


async def test_a_server_that_sends_a_byte_now_and_then_is_waited_for_no_longer_than_any(receiver):
    async def drip(peer: Peer, _: str) -> None:
        with suppress(ConnectionError):
            for letter in b"* OK " + b"x" * 10_000:
                await peer.send(bytes([letter]))
                with suppress(TimeoutError):
                    await asyncio.wait_for(peer.reader.read(1), 0.02)

    server, cursors = ScriptedImap({}), await seen_before()
    server.faults["SELECT"] = [drip]
    async with server.serving() as port, watcher_of(receiver, cursors, settings(port, reply_seconds=0.3)) as watcher:
        await server.idles(1)
        assert server.connections == 2
        assert watcher.health.looked_at


# -- the relay


def a_mail() -> OutgoingMail:
    return COMPOSER.compose(Draft(CASES["receipt"], "tanto@mihon.example.jp", "k"), now=NOW)


class HostileRelay:
    """Answers rightly until the command `at`, and there with `piece` again and again."""

    def __init__(self, at: str, piece: bytes) -> None:
        self.at, self.flood = at, Flood(piece)

    @asynccontextmanager
    async def serving(self):
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        async with server:
            yield server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(reader, writer)
        with suppress(ConnectionError):
            if self.at == "greeting":
                await self.flood(peer, "")
            await peer.send(b"220 ready\r\n")
            while line := await reader.readline():
                word = line[:4].upper().strip().decode()
                if word == self.at:
                    await self.flood(peer, "")
                if word == "DATA":
                    await peer.send(b"354 go on\r\n")
                    while await reader.readline() not in {b".\r\n", b""}:
                        pass
                    if self.at == "dot":
                        await self.flood(peer, "")
                await peer.send(b"250 done\r\n")
        writer.close()


@pytest.mark.parametrize("at", ["greeting", "EHLO", "MAIL", "RCPT", "DATA", "dot"])
@pytest.mark.parametrize(
    "piece",
    [b"250-and more\r\n", b"x", b"250-" + b"y" * 500, b"250 \xff\xfe\x00\x1b[31m\r\n", b"\r\n", b"99999999999 no\r\n"],
)
async def test_a_relay_that_never_ends_its_reply_defers_the_mail_and_nothing_long_is_kept(at, piece):
    hostile = HostileRelay(at, piece)
    tracemalloc.start()
    try:
        async with hostile.serving() as port:
            relay = SmtpRelay("127.0.0.1", port, tls="none", hostname="bot.example.jp", timeout_s=2.0)
            async with asyncio.timeout(PATIENCE_SECONDS):
                delivery = await relay.deliver(a_mail())
                await relay.close()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert delivery.outcome is not RelayOutcome.BOUNCED
    assert len(delivery.reply) <= REPLY_CHARACTERS
    assert delivery.reply.isprintable()
    assert peak < 16 * MIB
