from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass, field, replace

import pytest

from bot.intake.receive import Receiver
from bot.intake.smtp.connections import MIN_QUIET_SECONDS, TOO_MANY, Connections
from bot.intake.smtp.listener import SmtpListener, SmtpSettings
from bot.intake.smtp.session import MAX_COMMANDS, MAX_LINES, TIMEOUT
from tests.intake.keepers import GatedKeeper, ListKeeper, clock
from tests.intake.talk import INBOX, LIMIT, MAIL, SETTINGS, talk, until_let_in
from tests.patience import PATIENCE_SECONDS


async def test_a_size_over_the_limit_is_refused_at_mail(listening):
    client = await talk(await listening(ListKeeper()))
    await client.reply()
    await client.say(b"EHLO x")
    assert (await client.say(b"MAIL FROM:<a@b.example.jp> SIZE=%d" % (LIMIT + 1))).startswith("552 ")
    assert (await client.say(b"MAIL FROM:<a@b.example.jp> SIZE=%d" % LIMIT)).startswith("250 ")
    client.close()


async def test_a_mail_over_the_limit_is_refused_after_its_end_and_the_next_one_taken(listening):
    keeper = ListKeeper()
    client = await talk(await listening(keeper))
    await client.upto_data()
    client.writer.write(b"x" * 78 + b"\r\n")
    client.writer.write((b"x" * 76 + b".\r\n") * (LIMIT // 79 + 1) + b".\r\n")
    assert await client.reply() == "552 5.3.4 message too large"
    await client.say(b"MAIL FROM:<a@b.example.jp>")
    await client.say(b"RCPT TO:<" + INBOX.encode() + b">")
    await client.say(b"DATA")
    client.writer.write(MAIL + b".\r\n")
    assert await client.reply() == "250 2.0.0 stored"
    assert keeper.contents == [MAIL]
    client.close()


async def test_a_mail_of_exactly_the_limit_is_taken(listening):
    keeper = ListKeeper()
    client = await talk(await listening(keeper))
    await client.upto_data()
    client.writer.write(b"x" * (LIMIT - 2) + b"\r\n.\r\n")
    assert await client.reply() == "250 2.0.0 stored"
    assert [len(content) for content in keeper.contents] == [LIMIT]
    client.close()


async def test_a_client_that_never_stops_is_cut(listening):
    keeper = ListKeeper()
    client = await talk(await listening(keeper))
    await client.upto_data()

    async def flood() -> None:
        while True:
            client.writer.write(b"\r\n" * 50_000)
            await client.writer.drain()

    with pytest.raises(ConnectionError):
        await flood()
    assert keeper.contents == []


@pytest.mark.parametrize("line_end", [b"\r\n", b"\n", b"\r"], ids=repr)
async def test_a_mail_of_too_many_lines_is_refused(listening, line_end):
    keeper = ListKeeper()
    settings = replace(SETTINGS, max_bytes=4 * MAX_LINES, takes_bare_line_ends=True)
    client = await talk(await listening(keeper, settings))
    await client.reply()
    await client.say(b"EHLO x")
    assert await client.send(line_end * MAX_LINES + b"x\r\n") == "552 5.3.4 too many lines in the message"
    assert await client.send(line_end * (MAX_LINES - 1) + b"x\r\n") == "250 2.0.0 stored"
    assert [len(content) for content in keeper.contents] == [len(line_end) * (MAX_LINES - 1) + 3]
    client.close()


async def test_a_stuffed_dot_does_not_count_for_the_size(listening):
    keeper = ListKeeper()
    client = await talk(await listening(keeper))
    await client.reply()
    await client.say(b"EHLO x")
    assert await client.send(b"..\r\n" * (LIMIT // 3)) == "250 2.0.0 stored"
    assert keeper.contents == [b".\r\n" * (LIMIT // 3)]
    client.close()


async def test_a_client_that_collects_refusals_is_sent_away(listening):
    client = await talk(await listening(ListKeeper()))
    await client.reply()
    client.writer.write(b"AUTH x\r\n" * 30)
    replies = (await client.rest()).split("\r\n")
    assert replies[-2:] == ["421 4.7.0 too many errors", ""]


async def test_a_client_that_only_talks_is_sent_away(listening):
    client = await talk(await listening(ListKeeper()))
    await client.reply()
    client.writer.write(b"NOOP\r\n" * (MAX_COMMANDS + 1))
    assert (await client.rest()).splitlines() == ["250 OK"] * MAX_COMMANDS + ["421 4.7.0 too many commands"]


async def test_a_good_mail_forgives_what_was_before(listening):
    keeper = ListKeeper()
    client = await talk(await listening(keeper))
    await client.reply()
    await client.say(b"EHLO x")
    for number in range(3):
        for _ in range(15):
            assert (await client.say(b"AUTH x"))[:3] == "502"
        for _ in range(MAX_COMMANDS - 30):
            await client.say(b"NOOP")
        assert await client.send(b"mail %d\r\n" % number) == "250 2.0.0 stored"
    client.close()


@pytest.mark.parametrize(
    "settings",
    [replace(SETTINGS, command_seconds=0.05), replace(SETTINGS, session_seconds=0.05)],
    ids=["a command", "a session"],
)
async def test_a_silent_client_gets_421(listening, settings):
    client = await talk(await listening(ListKeeper(), settings))
    assert (await client.rest()).endswith("421 4.4.2 timeout\r\n")


async def test_noop_for_ever_ends_with_the_session(listening):
    client = await talk(await listening(ListKeeper(), replace(SETTINGS, session_seconds=0.2)))
    await client.reply()
    reply = "250 OK"
    while reply == "250 OK":
        reply = await client.say(b"NOOP")
        await asyncio.sleep(0.01)
    assert reply == "421 4.4.2 timeout"


async def drip(client, piece: bytes) -> str:
    """Send a piece again and again until the server has had enough; its last word, which TCP loses to one who still sends."""
    last_word = asyncio.create_task(client.rest())
    while not last_word.done():
        client.writer.write(piece)
        await asyncio.sleep(0.01)
    try:
        return await last_word
    except ConnectionResetError:
        assert piece
        return TIMEOUT + "\r\n"


@pytest.mark.parametrize(
    "settings",
    [replace(SETTINGS, data_seconds=0.1), replace(SETTINGS, data_grace_seconds=0.1)],
    ids=["all of DATA", "500 bytes a second"],
)
@pytest.mark.parametrize("piece", [b"", b"x", b"\r\n"], ids=repr)
async def test_data_that_drips_gets_421(listening, settings, piece):
    keeper = ListKeeper()
    client = await talk(await listening(keeper, settings))
    await client.upto_data()
    assert await drip(client, piece) == TIMEOUT + "\r\n"
    assert keeper.contents == []


async def test_data_that_was_fast_may_pause(listening):
    keeper = ListKeeper()
    client = await talk(await listening(keeper, replace(SETTINGS, data_grace_seconds=0.05)))
    await client.upto_data()
    client.writer.write(b"x" * 1_000 + b"\r\n")
    await asyncio.sleep(0.5)  # 1,000 bytes pay for two seconds
    client.writer.write(b".\r\n")
    assert await client.reply() == "250 2.0.0 stored"
    client.close()


async def test_a_client_that_reads_no_replies_is_cut(listening):
    keeper = ListKeeper()
    settings = replace(SETTINGS, command_seconds=0.2, data_seconds=0.2)
    port = await listening(keeper, settings)
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    deaf.connect(("127.0.0.1", port))
    deaf.setblocking(False)

    async def for_ever(said: bytes) -> None:
        while True:
            await asyncio.get_running_loop().sock_sendall(deaf, said)

    said = b"EHLO x\r\n" * (MAX_COMMANDS - 10) + b"MAIL FROM:<>\r\nRCPT TO:<%b>\r\nDATA\r\n.\r\n" % INBOX.encode()
    async with asyncio.timeout(PATIENCE_SECONDS):
        with pytest.raises(ConnectionError):
            await for_ever(said)
    deaf.close()


async def test_a_store_that_is_slower_than_the_timeout_still_answers(listening):
    keeper = GatedKeeper()
    port = await listening(keeper, replace(SETTINGS, data_seconds=0.05, command_seconds=0.05))
    client = await talk(port)
    await client.upto_data()
    client.writer.write(MAIL + b".\r\n")
    await keeper.asked.wait()
    assert (await (await talk(port)).rest()).endswith("421 4.4.2 timeout\r\n")  # so the timeout has passed
    keeper.gate.set()
    assert await client.reply() == "250 2.0.0 stored"
    client.close()


@dataclass(eq=False)
class Someone:
    """A client of Connections' own tests."""

    ip: str
    led_on_at: float
    is_storing: bool = False
    heard: list[str] = field(default_factory=list)

    def part(self, reply: str, *, patient: bool = True) -> None:
        assert not patient
        self.heard.append(reply)


def full_house(*clients: Someone, limit: int = 3, limit_per_ip: int = 2) -> Connections:
    connections = Connections(limit, limit_per_ip)
    for client in clients:
        connections.enter(client)
    return connections


def test_while_there_is_room_nobody_has_to_go():
    old = Someone("a", 0.0)
    assert full_house(old).make_room("a", 1000.0)
    assert old.heard == []


def test_a_full_house_parts_with_who_led_to_nothing_for_the_longest_time():
    clients = [Someone("a", 3.0), Someone("b", 1.0), Someone("c", 2.0)]
    connections = full_house(*clients)
    assert connections.make_room("d", 10.0)
    assert [client.heard for client in clients] == [[], [TOO_MANY], []]
    assert len(connections.clients) == 2


def test_an_address_that_has_its_share_gets_room_from_its_own_only():
    clients = [Someone("a", 3.0), Someone("a", 2.0), Someone("b", 1.0)]
    assert full_house(*clients, limit=10).make_room("a", 10.0)
    assert [client.heard for client in clients] == [[], [TOO_MANY], []]


def test_who_waits_for_his_mail_to_be_stored_or_got_on_a_moment_ago_stays():
    now = 10.0
    clients = [Someone("a", 1.0, is_storing=True), Someone("b", now - MIN_QUIET_SECONDS / 2), Someone("c", now)]
    assert not full_house(*clients).make_room("d", now)
    assert [client.heard for client in clients] == [[], [], []]


def test_to_leave_twice_frees_one_place():
    first, second = Someone("a", 0.0), Someone("a", 0.0, is_storing=True)
    connections = full_house(first, second)
    connections.leave(first)
    connections.leave(first)
    assert connections.make_room("a", 10.0)
    connections.enter(Someone("a", 0.0, is_storing=True))
    assert not connections.make_room("a", 10.0)


async def test_clients_whose_mails_are_being_stored_keep_their_places_and_the_newcomer_gets_421(listening):
    keeper = GatedKeeper()
    port = await listening(keeper, replace(SETTINGS, max_connections=2))
    clients = [await talk(port), await talk(port)]
    for client in clients:
        await client.upto_data()
        client.writer.write(MAIL + b".\r\n")
    await keeper.asked.wait()
    await asyncio.sleep(2 * MIN_QUIET_SECONDS)
    newcomer = await talk(port)
    assert await newcomer.rest() == TOO_MANY + "\r\n"
    keeper.gate.set()
    assert [await client.reply() for client in clients] == ["250 2.0.0 stored"] * 2
    (await until_let_in(port)).close()
    for client in clients:
        client.close()


async def test_a_newcomer_to_a_full_house_takes_the_place_of_the_idlest(listening):
    keeper = ListKeeper()
    port = await listening(keeper, replace(SETTINGS, max_connections=3))
    idle = await talk(port)
    await idle.reply()
    others = [await talk(port), await talk(port)]
    for other in others:
        await other.upto_data()
    newcomer = await until_let_in(port)
    assert await idle.rest() == TOO_MANY + "\r\n"
    for other in others:
        other.writer.write(b"x\r\n.\r\n")
        assert await other.reply() == "250 2.0.0 stored"
        other.close()
    newcomer.close()


async def stop_with_clients(receiver: Receiver, keeper: GatedKeeper, settings: SmtpSettings):
    listener = SmtpListener(receiver, settings, clock)
    port = await listener.start()
    idle, busy = await talk(port), await talk(port)
    await idle.reply()
    await busy.upto_data()
    busy.writer.write(MAIL + b".\r\n")
    await keeper.asked.wait()
    return port, idle, busy, asyncio.create_task(listener.stop())


async def test_at_the_stop_idle_clients_get_421_at_once_and_busy_ones_after_their_reply(receiver_over):
    keeper = GatedKeeper()
    port, idle, busy, stopping = await stop_with_clients(await receiver_over(keeper), keeper, SETTINGS)
    assert await idle.rest() == "421 4.3.2 shutting down\r\n"
    with pytest.raises(ConnectionRefusedError):
        await talk(port)
    assert not stopping.done()
    keeper.gate.set()
    assert await busy.rest() == "250 2.0.0 stored\r\n421 4.3.2 shutting down\r\n"
    await stopping
    assert keeper.contents == [MAIL]


async def test_at_the_stop_a_client_that_never_ends_is_cut_after_the_deadline(receiver_over):
    keeper = GatedKeeper()
    settings = replace(SETTINGS, stop_seconds=0.05)
    _, idle, busy, stopping = await stop_with_clients(await receiver_over(keeper), keeper, settings)
    await stopping
    assert await idle.rest() == "421 4.3.2 shutting down\r\n"
    assert await busy.rest() == "421 4.3.2 shutting down\r\n"
    keeper.gate.set()
    await keeper.holds(1)  # stored all the same; nobody was told


async def test_a_failing_store_at_the_stop_is_told_before_the_goodbye(receiver_over):
    keeper = GatedKeeper(error=OSError("down"))
    _, _, busy, stopping = await stop_with_clients(await receiver_over(keeper), keeper, SETTINGS)
    keeper.gate.set()
    assert await busy.rest() == "451 4.3.0 local error, try again later\r\n421 4.3.2 shutting down\r\n"
    await stopping
    assert keeper.contents == []
