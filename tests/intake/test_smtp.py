from __future__ import annotations

import asyncio
import logging
import smtplib
import socket
from dataclasses import replace

import aiosmtplib
import pytest

from bot.core.envelope import Arrival, Envelope, Source
from bot.intake.receive import Receiver
from bot.intake.smtp import SmtpListener, SmtpSettings
from tests.intake.keepers import NOW, FailingKeeper, GatedKeeper, ListKeeper, clock

INBOX = "hosho@city.example.jp"
SENDER = "tanto@kensetsu.example.jp"
MAIL = b"Message-ID: <1@kensetsu.example.jp>\r\nSubject: =?UTF-8?B?6KqN6Ki844Kt44O8?=\r\n\r\nbody\r\n"
LIMIT = 200_000
SETTINGS = SmtpSettings(
    host="127.0.0.1",
    port=0,
    hostname="bot.city.example.jp",
    max_bytes=LIMIT,
    recipients=frozenset({INBOX, "second@city.example.jp"}),
    stop_seconds=20,
)


class Talk:
    """A conversation in raw bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def reply(self) -> str:
        """The next reply, its lines joined by \\n; "" when the server has closed."""
        lines = []
        async with asyncio.timeout(30):
            while True:
                line = (await self.reader.readline()).decode("ascii").rstrip("\r\n")
                lines.append(line)
                if line[3:4] != "-":
                    return "\n".join(lines)

    async def say(self, command: bytes) -> str:
        self.writer.write(command + b"\r\n")
        return await self.reply()

    async def upto_data(self, recipients: tuple[str, ...] = (INBOX,), greeting: bytes = b"EHLO x") -> None:
        assert (await self.reply()).startswith("220 ")
        assert (await self.say(greeting)).startswith("250-")
        assert (await self.say(b"MAIL FROM:<" + SENDER.encode() + b">")).startswith("250 ")
        for recipient in recipients:
            assert (await self.say(b"RCPT TO:<" + recipient.encode() + b">")).startswith("250 ")
        assert (await self.say(b"DATA")).startswith("354 ")

    async def rest(self) -> str:
        async with asyncio.timeout(30):
            return (await self.reader.read()).decode("ascii")

    def close(self) -> None:
        self.writer.close()


async def talk(port: int, local: str = "127.0.0.1") -> Talk:
    return Talk(*await asyncio.open_connection("127.0.0.1", port, local_addr=(local, 0)))


@pytest.fixture
async def listening(receiver_over):
    """A function: keeper, settings → port."""
    listeners = []

    async def start(keeper: ListKeeper, settings: SmtpSettings = SETTINGS) -> int:
        listener = SmtpListener(await receiver_over(keeper), settings, clock)
        listeners.append(listener)
        return await listener.start()

    yield start
    for listener in listeners:
        await listener.stop()


def arrival(content: bytes, mail_from: str = SENDER, rcpt_tos=(INBOX,), source=Source.SMTP) -> Arrival:
    return Arrival(Envelope(source, mail_from, rcpt_tos, NOW, "127.0.0.1"), content)


async def test_a_mail_by_aiosmtplib_is_kept_with_its_envelope(listening):
    keeper = ListKeeper()
    port = await listening(keeper)
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port) as client:
        assert await client.sendmail(SENDER, ["Hosho+r6@CITY.example.jp", "second@city.example.jp"], MAIL) == (
            {},
            "2.0.0 stored",
        )
    assert keeper.mails == [arrival(MAIL, rcpt_tos=("hosho+r6@city.example.jp", "second@city.example.jp"))]


async def test_a_mail_by_smtplib_is_kept(listening):
    keeper = ListKeeper()
    port = await listening(keeper)

    def send() -> None:
        with smtplib.SMTP("127.0.0.1", port) as client:
            client.sendmail(SENDER, [INBOX], MAIL)

    await asyncio.to_thread(send)
    assert keeper.mails == [arrival(MAIL)]


async def test_the_null_sender_is_the_empty_string(listening):
    keeper = ListKeeper()
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=await listening(keeper)) as client:
        await client.sendmail("", [INBOX], MAIL)
    assert keeper.mails == [arrival(MAIL, mail_from="")]


async def test_what_is_offered(listening):
    client = await talk(await listening(ListKeeper()))
    assert await client.reply() == "220 bot.city.example.jp Hosho"
    assert await client.say(b"EHLO x") == "\n".join(
        [
            "250-bot.city.example.jp",
            f"250-SIZE {LIMIT}",
            "250-8BITMIME",
            "250-SMTPUTF8",
            "250-PIPELINING",
            "250 HELP",
        ]
    )
    client.close()


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (
            b"Subject: a\r\n\r\n..\r\n..dot\r\n...two\r\nend.\r\n.\r\n",
            b"Subject: a\r\n\r\n.\r\n.dot\r\n..two\r\nend.\r\n",
        ),
        (b"..first\r\n.\r\n", b".first\r\n"),
        (b".\r\n", b""),
        (b"\r\n.\r\n", b"\r\n"),
        (b"a\r\n.\r\n", b"a\r\n"),
        (b"x.\r\ny\0\r\n.\r\n", b"x.\r\ny\0\r\n"),
        (b"\xe4\xbf\x9d\x88\x9f\r\n.\r\n", b"\xe4\xbf\x9d\x88\x9f\r\n"),
        (b"x" * 1_500 + b"\r\n.\r\n", b"x" * 1_500 + b"\r\n"),
        (b"x" * 100_000 + b"\r\n" + b"y" * 65_536 + b"\r\n.\r\n", b"x" * 100_000 + b"\r\n" + b"y" * 65_536 + b"\r\n"),
    ],
    ids=["dots", "first dot", "empty", "blank line", "one line", "NUL", "eight bit", "1500", "100000"],
)
async def test_the_content_is_kept_byte_for_byte_but_for_stuffed_dots(listening, sent, kept):
    keeper = ListKeeper()
    client = await talk(await listening(keeper))
    await client.upto_data()
    client.writer.write(sent)
    assert await client.reply() == "250 2.0.0 stored"
    assert keeper.contents == [kept]
    client.close()


async def test_content_in_chunks_that_cut_the_end_anywhere_is_the_same(listening):
    keeper = ListKeeper()
    client = await talk(await listening(keeper))
    await client.reply()
    await client.say(b"EHLO x")
    client.writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    wire = b"Subject: 1\r\n\r\na.\r\n..\r\n.\r\n"
    for cut in range(len(wire)):
        await client.say(b"MAIL FROM:<a@b.example.jp>")
        await client.say(b"RCPT TO:<" + INBOX.encode() + b">")
        await client.say(b"DATA")
        client.writer.write(b"X: %d\r\n" % cut + wire[:cut])
        await client.writer.drain()
        await asyncio.sleep(0)
        client.writer.write(wire[cut:])
        assert await client.reply() == "250 2.0.0 stored"
    assert keeper.contents == [b"X: %d\r\nSubject: 1\r\n\r\na.\r\n.\r\n" % cut for cut in range(len(wire))]
    client.close()


async def test_pipelined_mails_all_arrive_and_are_answered_in_order(listening):
    keeper = ListKeeper()
    client = await talk(await listening(keeper))
    await client.reply()
    await client.say(b"EHLO x")
    for number in range(3):
        client.writer.write(
            b"MAIL FROM:<a@b.example.jp>\r\nRCPT TO:<nobody@city.example.jp>\r\nRCPT TO:<%b>\r\nDATA\r\nmail %d\r\n.\r\n"
            % (INBOX.encode(), number)
        )
    client.writer.write(b"QUIT\r\n")
    replies = (await client.rest()).split("\r\n")
    assert [reply[:3] for reply in replies] == ["250", "550", "250", "354", "250"] * 3 + ["221", ""]
    assert keeper.contents == [b"mail 0\r\n", b"mail 1\r\n", b"mail 2\r\n"]


SMUGGLED = b"MAIL FROM:<evil@b.example.jp>\r\nRCPT TO:<hosho@city.example.jp>\r\nDATA\r\nsecond\r\n.\r\n"


@pytest.mark.parametrize(
    "false_end",
    [
        b"\n.\n",
        b"\n.\r\n",
        b"\r.\r",
        b"\r\n.\n",
        b"\r\n.\r",
        b"\0.\r\n",
        b"\r.\r\n",
        b".\r\r\n",
        b"\r\n\0.\r\n",
        b"\r\r\n.\r",
    ],
    ids=repr,
)
async def test_only_crlf_dot_crlf_ends_a_mail(listening, false_end):
    keeper = ListKeeper()
    client = await talk(await listening(keeper))
    await client.upto_data()
    client.writer.write(b"Subject: first\r\n\r\nfirst" + false_end + SMUGGLED)
    reply = await client.reply()
    client.writer.write(b"QUIT\r\n")
    assert (await client.rest()).startswith("221 ")  # nothing of the smuggled part was a command
    without_ends = false_end.replace(b"\r\n", b"")
    if b"\n" in without_ends or b"\r" in without_ends:
        assert reply == "550 5.5.2 bare CR or LF in the message"
        assert keeper.contents == []
    else:
        assert reply == "250 2.0.0 stored"
        assert len(keeper.contents) == 1


async def test_bare_line_ends_may_be_taken_as_they_are_and_still_make_one_mail(listening):
    keeper = ListKeeper()
    client = await talk(await listening(keeper, replace(SETTINGS, takes_bare_line_ends=True)))
    await client.upto_data()
    content = b"Subject: first\n\nfirst\n.\n" + SMUGGLED.partition(b"\r\n.\r\n")[0].replace(b"\r\n", b"\n") + b"\r\n"
    client.writer.write(content + b".\r\n")
    assert await client.reply() == "250 2.0.0 stored"
    assert keeper.contents == [content]
    client.close()


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


@pytest.mark.parametrize(
    "recipient",
    [
        "nobody@city.example.jp",
        "hosho@other.example.jp",
        "hosho@city.example.jp.evil.example.jp",
        "hosho%city.example.jp@other.example.jp",
        "victim@other.example.jp@city.example.jp",
        "evil!hosho@city.example.jp",
        "+hosho@city.example.jp",
        "hosho",
        "postmaster",
        "@city.example.jp",
        '"hosho@city.example.jp"@other.example.jp',
        "保証@city.example.jp",
    ],
)
async def test_foreign_recipients_are_refused(listening, recipient):
    client = await talk(await listening(ListKeeper()))
    await client.reply()
    await client.say(b"EHLO x")
    await client.say(b"MAIL FROM:<a@b.example.jp> SMTPUTF8")
    assert (await client.say(b"RCPT TO:<" + recipient.encode() + b">"))[:3] in {"550", "553", "501"}
    assert (await client.say(b"DATA"))[:3] == "503"
    client.close()


async def test_a_wrong_recipient_gets_550_5_1_1(listening):
    client = await talk(await listening(ListKeeper()))
    await client.reply()
    await client.say(b"EHLO x")
    await client.say(b"MAIL FROM:<a@b.example.jp>")
    assert await client.say(b"RCPT TO:<nobody@city.example.jp>") == "550 5.1.1 no such mailbox here"
    client.close()


async def test_at_most_a_hundred_recipients(listening):
    client = await talk(await listening(ListKeeper()))
    await client.reply()
    await client.say(b"EHLO x")
    await client.say(b"MAIL FROM:<a@b.example.jp>")
    replies = [await client.say(b"RCPT TO:<hosho+%d@city.example.jp>" % n) for n in range(101)]
    assert replies == ["250 2.1.5 OK"] * 100 + ["452 4.5.3 too many recipients"]
    client.close()


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (b"AUTH PLAIN AGEAYg==", "502"),
        (b"STARTTLS", "454"),
        (b"VRFY hosho", "252"),
        ("VRFY 保証".encode(), "252"),
        (b"VRFY \xff\xfe", "252"),
        (b"\xff\xfe", "500"),
        (b"MAIL FROM:<\xff@b.example.jp>", "553"),
        (b"NOOP " + b"x" * 3_000, "500"),
        (b"NOOP " + b"x" * 300_000, "500"),
        (b"BDAT 10 LAST", "500"),
        (b"EXPN all", "502"),
        (b"GET / HTTP/1.1", "500"),
    ],
)
async def test_odd_commands_get_an_ascii_reply_and_the_session_goes_on(listening, command, code):
    client = await talk(await listening(ListKeeper()))
    await client.reply()
    await client.say(b"EHLO x")
    assert (await client.say(command))[:3] == code
    assert await client.say(b"NOOP") == "250 OK"
    client.close()


async def test_a_sender_in_japanese_is_kept(listening):
    keeper = ListKeeper()
    client = await talk(await listening(keeper))
    await client.reply()
    await client.say(b"EHLO x")
    await client.say("MAIL FROM:<担当@b.example.jp> SMTPUTF8 BODY=8BITMIME".encode())
    await client.say(b"RCPT TO:<" + INBOX.encode() + b">")
    await client.say(b"DATA")
    client.writer.write(MAIL + b".\r\n")
    await client.reply()
    assert keeper.mails == [arrival(MAIL, mail_from="担当@b.example.jp")]
    client.close()


@pytest.mark.parametrize("error", [OSError("disk full: /var/lib/bot/secret.db"), ValueError("保証"), KeyError("x")])
async def test_an_error_of_the_store_is_451_with_a_fixed_text_and_the_mail_can_be_sent_again(listening, error, caplog):
    keeper = FailingKeeper([error])
    client = await talk(await listening(keeper))
    await client.upto_data()
    client.writer.write(MAIL + b".\r\n")
    assert await client.reply() == "451 4.3.0 local error, try again later"
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == [
        "a mail could not be taken, its sender was told to try again"
    ]
    assert await client.say(b"MAIL FROM:<" + SENDER.encode() + b">") == "250 2.1.0 OK"
    await client.say(b"RCPT TO:<" + INBOX.encode() + b">")
    await client.say(b"DATA")
    client.writer.write(MAIL + b".\r\n")
    assert await client.reply() == "250 2.0.0 stored"
    assert keeper.mails == [arrival(MAIL)]
    client.close()


async def test_lmtp_gives_one_reply_for_each_accepted_recipient(listening):
    keeper = FailingKeeper([None, OSError("down")])
    client = await talk(await listening(keeper, replace(SETTINGS, lmtp=True)))
    recipients = (INBOX, "second@city.example.jp", INBOX)
    await client.upto_data(recipients, greeting=b"LHLO x")
    client.writer.write(MAIL + b".\r\n")
    assert [await client.reply() for _ in recipients] == ["250 2.0.0 stored"] * 3
    for content, reply in (
        (b"again\r\n", "451 4.3.0 local error, try again later"),
        (b"bare\nLF\r\n", "550 5.5.2 bare CR or LF in the message"),
        (b"x" * LIMIT + b"\r\n", "552 5.3.4 message too large"),
    ):
        await client.say(b"MAIL FROM:<a@b.example.jp>")
        for recipient in recipients[:2]:
            await client.say(b"RCPT TO:<" + recipient.encode() + b">")
        await client.say(b"DATA")
        client.writer.write(content + b".\r\n")
        assert [await client.reply() for _ in range(2)] == [reply] * 2
    assert await client.say(b"NOOP") == "250 OK"
    assert keeper.mails == [arrival(MAIL, rcpt_tos=recipients[:2], source=Source.LMTP)]
    client.close()


async def test_lmtp_does_not_know_ehlo(listening):
    client = await talk(await listening(ListKeeper(), replace(SETTINGS, lmtp=True)))
    await client.reply()
    assert (await client.say(b"EHLO x"))[:3] == "500"
    client.close()


async def test_a_hundred_clients_that_hang_up_after_the_dot_leave_a_hundred_whole_mails(listening):
    keeper = ListKeeper()
    port = await listening(keeper)
    for number in range(100):
        client = await talk(port)
        await client.upto_data()
        client.writer.write(b"mail %d\r\n.\r\n" % number)
        await client.writer.drain()
        if number % 2:
            client.writer.transport.abort()
        else:
            client.close()
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port) as good:
        await good.sendmail(SENDER, [INBOX], MAIL)
    # An abort may overtake its own mail; what came in came in whole and once.
    expected = {b"mail %d\r\n" % number for number in range(100)} | {MAIL}
    assert set(keeper.contents) <= expected
    assert len(keeper.contents) == len(set(keeper.contents))
    assert {b"mail %d\r\n" % number for number in range(0, 100, 2)} | {MAIL} <= set(keeper.contents)


async def test_a_client_that_hangs_up_while_its_mail_is_stored_changes_nothing(listening):
    keeper = GatedKeeper()
    port = await listening(keeper)
    client = await talk(port)
    await client.upto_data()
    client.writer.write(MAIL + b".\r\n")
    await keeper.asked.wait()
    client.writer.transport.abort()
    second = await talk(port)
    await second.upto_data()
    second.writer.write(b"second\r\n.\r\n")
    keeper.gate.set()
    assert await second.reply() == "250 2.0.0 stored"
    assert keeper.contents == [MAIL, b"second\r\n"]
    second.close()


async def test_a_client_that_closes_its_half_after_the_dot_gets_its_reply(listening):
    keeper = GatedKeeper()
    client = await talk(await listening(keeper))
    await client.upto_data()
    client.writer.write(MAIL + b".\r\n")
    await keeper.asked.wait()
    client.writer.write_eof()
    for _ in range(10):
        await asyncio.sleep(0)
    keeper.gate.set()
    assert await client.rest() == "250 2.0.0 stored\r\n221 2.0.0 bye\r\n"


async def test_a_client_that_drops_inside_data_leaves_nothing(listening):
    keeper = ListKeeper()
    port = await listening(keeper, replace(SETTINGS, max_connections=1))
    client = await talk(port)
    await client.upto_data()
    client.writer.write(b"half a mail\r\n")
    await client.writer.drain()
    client.close()
    await client.writer.wait_closed()
    again = await until_let_in(port)
    assert keeper.contents == []
    again.close()


async def until_let_in(port: int) -> Talk:
    """Connect until the server has noticed that the earlier client went."""
    async with asyncio.timeout(30):
        while True:
            client = await talk(port)
            if (await client.reply()).startswith("220 "):
                return client
            client.close()


async def test_too_many_connections_get_421_and_a_place_that_is_free_again_is_given_again(listening):
    port = await listening(ListKeeper(), replace(SETTINGS, max_connections=3, max_connections_per_ip=2))
    first, second = await talk(port), await talk(port)
    assert [(await client.reply())[:3] for client in (first, second)] == ["220", "220"]
    assert await (await talk(port)).rest() == "421 4.7.0 too many connections, try again later\r\n"
    other_ip = await talk(port, "127.0.0.2")
    assert (await other_ip.reply())[:3] == "220"
    assert (await (await talk(port, "127.0.0.3")).rest())[:3] == "421"
    first.close()
    (await until_let_in(port)).close()
    second.close()
    other_ip.close()


async def test_a_client_that_collects_refusals_is_sent_away(listening):
    client = await talk(await listening(ListKeeper()))
    await client.reply()
    client.writer.write(b"AUTH x\r\n" * 30)
    replies = (await client.rest()).split("\r\n")
    assert replies[-2:] == ["421 4.7.0 too many errors", ""]


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
    assert reply == "421 4.4.2 timeout"


async def test_data_that_never_ends_gets_421(listening):
    keeper = ListKeeper()
    client = await talk(await listening(keeper, replace(SETTINGS, data_seconds=0.05)))
    await client.upto_data()
    client.writer.write(b"drip\r\n")
    assert await client.rest() == "421 4.4.2 timeout\r\n"
    assert keeper.contents == []


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
    assert await busy.rest() == ""
    keeper.gate.set()
    await keeper.holds(1)  # stored all the same; nobody was told


async def test_a_failing_store_at_the_stop_is_told_before_the_goodbye(receiver_over):
    keeper = GatedKeeper(error=OSError("down"))
    _, _, busy, stopping = await stop_with_clients(await receiver_over(keeper), keeper, SETTINGS)
    keeper.gate.set()
    assert await busy.rest() == "451 4.3.0 local error, try again later\r\n421 4.3.2 shutting down\r\n"
    await stopping
    assert keeper.contents == []
