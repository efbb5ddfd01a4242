from __future__ import annotations

from dataclasses import replace

import pytest

from tests.intake.keepers import ListKeeper
from tests.intake.talk import INBOX, MAIL, SETTINGS, talk

SMUGGLED = b"MAIL FROM:<evil@b.example.jp>\r\nRCPT TO:<hosho@city.example.jp>\r\nDATA\r\nsecond\r\n.\r\n"
FALSE_END = "550 5.5.2 a line of a single dot must be stuffed, and ended by CRLF"
BARE = "550 5.5.2 bare CR or LF in the message"


@pytest.mark.parametrize("takes_bare_line_ends", [True, False], ids=["lenient", "strict"])
@pytest.mark.parametrize(
    "false_end",
    [
        b"\n.\n",
        b"\n.\r\n",
        b"\n.\r",
        b"\r.\r",
        b"\r.\n",
        b"\r.\r\n",
        b"\r\n.\n",
        b"\r\n.\r",
        b"\r\n.\r\r\n",
        b"\r\r\n.\r",
        b"\r\n\n.\n",
        b"\r\n\0.\r\n",
        b"\r\n.\0\r\n",
        b"\r\n\0.\0\r\n",
        b"\n\0.\n",
    ],
    ids=repr,
)
async def test_a_false_end_makes_no_second_mail_and_is_refused(listening, false_end, takes_bare_line_ends):
    keeper = ListKeeper()
    client = await talk(await listening(keeper, replace(SETTINGS, takes_bare_line_ends=takes_bare_line_ends)))
    await client.upto_data()
    client.writer.write(b"Subject: first\r\n\r\nfirst" + false_end + SMUGGLED)
    assert await client.reply() == FALSE_END
    client.writer.write(b"QUIT\r\n")
    assert (await client.rest()).startswith("221 ")  # nothing of the smuggled part was a command
    assert keeper.contents == []


@pytest.mark.parametrize(
    "harmless",
    [
        b"\0.\r\n",
        b".\r\n",
        b"\r\n..\r\n",
        b"\r\n. \r\n",
        b"\r\n.x\r\n",
        b"\r\n\xe3\x80\x82\r\n",
        b"\r\n\xef\xbc\x8e\r\n",
    ],
    ids=repr,
)
async def test_what_only_looks_a_little_like_an_end_is_content(listening, harmless):
    keeper = ListKeeper()
    client = await talk(await listening(keeper))
    await client.upto_data()
    content = b"Subject: first\r\n\r\nfirst" + harmless + SMUGGLED
    client.writer.write(content)
    assert await client.reply() == "250 2.0.0 stored"
    assert keeper.contents == [content.replace(b"\r\n.", b"\r\n")[:-2]]
    client.close()


@pytest.mark.parametrize("bare", [b"a\nb", b"a\rb", b"a\r\r\nb", b"a\n.b", b"\na"], ids=repr)
async def test_careless_line_ends_are_kept_as_they_are_or_refused_as_the_settings_say(listening, bare):
    content = b"Subject: 1\r\n\r\n" + bare + b"\r\n"
    for takes, reply, kept in ((True, "250 2.0.0 stored", [content]), (False, BARE, [])):
        keeper = ListKeeper()
        client = await talk(await listening(keeper, replace(SETTINGS, takes_bare_line_ends=takes)))
        await client.upto_data()
        client.writer.write(content + b".\r\n")
        assert await client.reply() == reply
        assert keeper.contents == kept
        client.close()


@pytest.mark.parametrize(
    ("said", "replies"),
    [
        (b"DATA\r\n", "503"),
        (b"MAIL FROM:<a@b.example.jp>\r\nRCPT TO:<nobody@city.example.jp>\r\nDATA\r\n", "250 550 503"),
        (b"MAIL FROM:<a@b.example.jp>\r\nRCPT TO:<hosho@city.example.jp>\r\nDATA now\r\n", "250 250 501"),
    ],
)
async def test_a_mail_sent_although_data_was_refused_is_not_heard_as_commands(listening, said, replies):
    keeper = ListKeeper()
    client = await talk(await listening(keeper))
    await client.reply()
    await client.say(b"EHLO x")
    client.writer.write(said + b"Subject: first\r\n\r\n" + SMUGGLED)
    assert [line[:3] for line in (await client.rest()).splitlines()] == replies.split()
    assert keeper.contents == []


async def test_starttls_is_not_there_and_what_follows_it_is_plain_conversation(listening):
    keeper = ListKeeper()
    client = await talk(await listening(keeper))
    await client.reply()
    assert "STARTTLS" not in await client.say(b"EHLO x")
    client.writer.write(b"STARTTLS\r\nNOOP\r\n")
    assert await client.reply() == "454 TLS not available"
    assert await client.reply() == "250 OK"
    assert await client.send() == "250 2.0.0 stored"
    client.close()


async def test_what_is_said_after_quit_is_not_heard(listening):
    keeper = ListKeeper()
    client = await talk(await listening(keeper))
    await client.reply()
    await client.say(b"EHLO x")
    client.writer.write(b"QUIT\r\n" + SMUGGLED)
    assert (await client.rest()).splitlines() == ["221 Bye"]
    assert keeper.contents == []


async def test_a_mail_that_is_said_before_354_is_still_one_mail(listening):
    keeper = ListKeeper()
    client = await talk(await listening(keeper))
    await client.reply()
    await client.say(b"EHLO x")
    client.writer.write(
        b"MAIL FROM:<a@b.example.jp>\r\nRCPT TO:<%b>\r\nDATA\r\n%b.\r\nNOOP\r\n" % (INBOX.encode(), MAIL)
    )
    assert [(await client.reply())[:3] for _ in range(5)] == ["250", "250", "354", "250", "250"]
    assert keeper.contents == [MAIL]
    client.close()
