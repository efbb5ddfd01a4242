from __future__ import annotations

import asyncio
import smtplib
import socket

import aiosmtplib
import pytest

from tests.intake.keepers import ListKeeper
from tests.intake.talk import INBOX, LIMIT, MAIL, SENDER, arrival, talk


async def test_a_mail_by_aiosmtplib_is_kept_with_its_envelope(listening):
    keeper = ListKeeper()
    port = await listening(keeper)
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port) as client:
        assert await client.sendmail(SENDER, ["Hosho+r6@CITY.example.jp", "second@city.example.jp"], MAIL) == (
            {},
            "2.0.0 stored as 1",
        )
    assert keeper.mails == [arrival(MAIL, rcpt_tos=("hosho+r6@city.example.jp", "second@city.example.jp"))]


async def test_each_mail_is_one_line_of_the_log_by_which_it_is_found(listening, caplog):
    caplog.set_level("INFO", "hosho.taken")
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=await listening(ListKeeper())) as client:
        (_, reply) = await client.sendmail(SENDER, [INBOX], MAIL)
        await client.sendmail("", [INBOX], b"Subject: none\r\n\r\n")
    number = reply.rpartition(" ")[2]
    taken = [record.message for record in caplog.records if " taken by " in record.message]
    assert taken == [
        f"mail {number} taken by smtp: Message-ID <1@kensetsu.example.jp>, from <{SENDER}>, {len(MAIL)} bytes",
        f"mail {int(number) + 1} taken by smtp: Message-ID (none), from <>, 17 bytes",
    ]


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


@pytest.mark.parametrize(
    ("command", "mail_from"),
    [
        ("MAIL FROM:<>", ""),
        ("MAIL FROM: <>", ""),
        ("mail from:< >", ""),
        ("MAIL FROM:<> SIZE=100 BODY=8BITMIME", ""),
        ("MAIL FROM:<a@b.example.jp> SIZE=200000", "a@b.example.jp"),
        ("MAIL FROM: a@b.example.jp", "a@b.example.jp"),
        ("MAIL FROM:<a..b.@docomo.example.jp>", "a..b.@docomo.example.jp"),
        ('MAIL FROM:<"a b>"@b.example.jp>', '"a b>"@b.example.jp'),
        ("MAIL FROM:<root>", "root"),
        ("MAIL FROM:<担当@b.example.jp> SMTPUTF8 BODY=8BITMIME", "担当@b.example.jp"),
        ("MAIL FROM:<担当@日本.example.jp>", "担当@日本.example.jp"),
    ],
)
async def test_the_sender_is_kept_as_it_was_written(listening, command, mail_from):
    keeper = ListKeeper()
    client = await talk(await listening(keeper))
    await client.reply()
    await client.say(b"EHLO x")
    assert await client.say(command.encode()) == "250 2.1.0 OK"
    await client.say(b"RCPT TO:<" + INBOX.encode() + b">")
    await client.say(b"DATA")
    client.writer.write(MAIL + b".\r\n")
    assert await client.reply() == "250 2.0.0 stored"
    assert keeper.mails == [arrival(MAIL, mail_from=mail_from)]
    client.close()


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("MAIL", "501"),
        ("MAIL FROM:", "553"),
        ("MAIL FROM:<a@b@c.example.jp>", "553"),
        ("MAIL FROM:<a@b.example.jp", "553"),
        ("MAIL FROM:<@x.example.jp:a@b.example.jp>", "553"),
        ("MAIL FROM:<a@b.example.jp>SIZE=1", "553"),
        ("MAIL FROM:<a@b.example.jp> SIZE=", "501"),
        ("MAIL FROM:<a@b.example.jp> SIZE=x", "501"),
        ("MAIL FROM:<a@b.example.jp> SIZE=²", "553"),
        ("MAIL FROM:<a@b.example.jp> SIZE=-1", "501"),
        ("MAIL FROM:<a@b.example.jp> SIZE=" + "9" * 1900, "552"),
        ("MAIL FROM:<a@b.example.jp> BODY=BINARYMIME", "501"),
        ("MAIL FROM:<a@b.example.jp> AUTH=<>", "555"),
        ("MAIL FROM:<a@b.example.jp> RET=HDRS ENVID=1", "555"),
        ("MAIL FROM:<" + '"' * 1900 + "@b.example.jp>", "553"),
        ("RCPT TO:<hosho@city.example.jp>", "503"),
        ("DATA", "503"),
    ],
)
async def test_a_command_that_is_wrong_begins_no_mail(listening, command, code):
    client = await talk(await listening(ListKeeper()))
    await client.reply()
    await client.say(b"EHLO x")
    assert (await client.say(command.encode()))[:3] == code
    assert (await client.say(b"RCPT TO:<" + INBOX.encode() + b">"))[:3] == "503"
    client.close()


@pytest.mark.parametrize("first", ["MAIL FROM:<a@b.example.jp>", "RCPT TO:<a@b.example.jp>", "DATA"])
async def test_a_client_must_greet_first(listening, first):
    client = await talk(await listening(ListKeeper()))
    await client.reply()
    assert (await client.say(first.encode()))[:3] == "503"
    client.close()


async def test_a_second_greeting_and_rset_forget_the_mail_that_was_begun(listening):
    keeper = ListKeeper()
    client = await talk(await listening(keeper))
    await client.reply()
    for forget in (b"EHLO x", b"HELO x", b"RSET"):
        await client.say(b"EHLO x")
        await client.say(b"MAIL FROM:<a@b.example.jp>")
        await client.say(b"RCPT TO:<" + INBOX.encode() + b">")
        assert (await client.say(forget))[:3] == "250"
        assert (await client.say(b"DATA"))[:3] == "503"
    assert await client.send() == "250 2.0.0 stored"
    client.close()


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
        "@other.example.jp:hosho@city.example.jp",
        "@other.example.jp,@city.example.jp:victim@other.example.jp",
        "victim%other.example.jp@city.example.jp",
        "other.example.jp!victim@city.example.jp",
        '"victim@other.example.jp"@city.example.jp',
        "hosho@city.example.jp@other.example.jp",
        "hosho@[127.0.0.1]",
        "hosho@city.example.jp.",
        "hosho@city.example.jp>,<victim@other.example.jp",
        "hosho@city.example.jp> <victim@other.example.jp",
        "hosho(x)@city.example.jp",
        "hosho@city.example.jp\x00@other.example.jp",
        "",
    ],
)
async def test_foreign_recipients_are_refused(listening, recipient):
    client = await talk(await listening(ListKeeper()))
    await client.reply()
    await client.say(b"EHLO x")
    await client.say(b"MAIL FROM:<a@b.example.jp> SMTPUTF8")
    assert (await client.say(b"RCPT TO:<" + recipient.encode() + b">"))[:3] in {"500", "550", "553", "501"}
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
        (b"AUTH LOGIN", "502"),
        (b"STARTTLS", "454"),
        (b"VRFY hosho", "252"),
        ("VRFY 保証".encode(), "252"),
        (b"VRFY \xff\xfe", "252"),
        (b"HELP", "214"),
        (b"HELP \x1b[31m", "500"),
        (b"\xff\xfe", "500"),
        (b"", "500"),
        (b" ", "500"),
        (b"MAIL FROM:<\xff@b.example.jp>", "553"),
        (b"MAIL FROM:<\xe2\x80\xae@b.example.jp>", "553"),
        (b"MAIL FROM:<a\0@b.example.jp>", "500"),
        (b"MAIL FROM:<a\r@b.example.jp>", "500"),
        (b"NO\0OP", "500"),
        (b"NOOP " + b"x" * 3_000, "500"),
        (b"BDAT 10 LAST", "500"),
        (b"EXPN all", "502"),
        (b"__class__", "500"),
    ],
)
async def test_odd_commands_get_an_ascii_reply_and_the_session_goes_on(listening, command, code):
    client = await talk(await listening(ListKeeper()))
    await client.reply()
    await client.say(b"EHLO x")
    reply = await client.say(command)
    assert reply[:3] == code
    assert reply.isprintable()
    assert await client.say(b"NOOP") == "250 OK"
    client.close()


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        (b"NOOP " + b"x" * 70_000, "500 5.5.2 line too long"),
        (b"GET / HTTP/1.1", "554 5.5.1 this is no HTTP server"),
        (b"POST / HTTP/1.1", "554 5.5.1 this is no HTTP server"),
        (b"NOOP\nMAIL FROM:<a@b.example.jp>", "500 5.5.2 bare LF in a command"),
    ],
    ids=["too long", "GET", "POST", "bare LF"],
)
async def test_what_no_mail_program_says_ends_the_conversation(listening, command, reply):
    client = await talk(await listening(ListKeeper()))
    await client.reply()
    await client.say(b"EHLO x")
    client.writer.write(command + b"\r\nNOOP\r\n")
    assert await client.rest() == reply + "\r\n"
