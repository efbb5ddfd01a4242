from __future__ import annotations

import asyncio
import errno
import logging
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import aiosmtplib
import pytest

from bot.core.records.envelope import Source
from bot.intake.smtp.spool import MEMORY_BYTES
from tests.intake.keepers import FailingKeeper, GatedKeeper, ListKeeper
from tests.intake.talk import INBOX, MAIL, SENDER, SETTINGS, arrival, talk, until_let_in

LOCAL_ERROR = "451 4.3.0 local error, try again later"
NO_ROOM = "452 4.3.1 no room, try again later"
LARGE = b"Subject: large\r\n\r\n" + b"x" * 76 + b"\r\n" * (MEMORY_BYTES // 2)
ROOMY = replace(SETTINGS, max_bytes=4 * MEMORY_BYTES, takes_bare_line_ends=True)

ERRORS = [
    OSError("disk I/O error: /var/lib/bot/secret.db"),
    OSError(errno.EIO, "保証", "/var/lib/bot/secret.db"),
    ConnectionResetError("the database went away"),
    BrokenPipeError(errno.EPIPE, "likewise"),
    asyncio.IncompleteReadError(b"secret", 10),
    TimeoutError("/var/lib/bot/secret.db"),
    RuntimeError("secret"),
    ValueError("保証"),
    KeyError("x"),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "secret"),
    MemoryError(),
    RecursionError("maximum recursion depth exceeded"),
    asyncio.CancelledError("somebody else's"),
]


@pytest.mark.parametrize("error", ERRORS, ids=repr)
async def test_whatever_the_store_raises_is_451_with_a_fixed_text_and_the_next_mail_is_taken(listening, error, caplog):
    keeper = FailingKeeper([error])
    client = await talk(await listening(keeper))
    await client.reply()
    await client.say(b"EHLO x")
    assert await client.send() == LOCAL_ERROR
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == [
        "a mail could not be taken, its sender was told to try again"
    ]
    assert await client.send() == "250 2.0.0 stored"
    assert keeper.mails == [arrival(MAIL)]
    client.close()


async def test_trouble_that_lasts_is_one_line_in_the_log_and_so_is_its_end(listening, caplog):
    caplog.set_level(logging.INFO, "hosho.intake")
    keeper = FailingKeeper([OSError("down")] * 5 + [OSError("still down")])
    port = await listening(keeper)
    for reply in [LOCAL_ERROR] * 6 + ["250 2.0.0 stored"] * 2:
        client = await talk(port)
        await client.reply()
        await client.say(b"EHLO x")
        assert await client.send() == reply
        client.close()
    told = [(record.levelname, record.getMessage()) for record in caplog.records if record.name == "hosho.intake"]
    assert told == [
        ("ERROR", "a mail could not be taken, its sender was told to try again"),
        ("ERROR", "a mail could not be taken, its sender was told to try again"),
        ("INFO", "mails are taken again; so many were put off: 6"),
    ]


class Faulty:
    """A `has_room` that raises at its n-th call: where a call of the door's own goes wrong."""

    def __init__(self, nth: int, error: Exception) -> None:
        self.calls = 0
        self._nth = nth
        self._error = error

    def __call__(self) -> bool:
        self.calls += 1
        if self.calls == self._nth:
            raise self._error
        return True


@pytest.mark.parametrize(
    "error", [e for e in ERRORS if isinstance(e, Exception) and not isinstance(e, ConnectionError)], ids=repr
)
async def test_whatever_goes_wrong_at_mail_is_451_and_the_next_mail_is_taken(listening, error):
    keeper = ListKeeper()
    client = await talk(await listening(keeper, has_room=Faulty(1, error)))
    await client.reply()
    await client.say(b"EHLO x")
    assert await client.say(b"MAIL FROM:<a@b.example.jp>") == LOCAL_ERROR
    assert (await client.say(b"RCPT TO:<" + INBOX.encode() + b">"))[:3] == "503"
    assert await client.send() == "250 2.0.0 stored"
    assert keeper.contents == [MAIL]
    client.close()


@pytest.mark.parametrize("error", [e for e in ERRORS if isinstance(e, Exception)], ids=repr)
async def test_whatever_goes_wrong_at_the_spool_is_told_after_the_dot_and_the_next_mail_is_taken(listening, error):
    keeper = ListKeeper()
    faulty = Faulty(2, error)
    client = await talk(await listening(keeper, ROOMY, has_room=faulty))
    await client.reply()
    await client.say(b"EHLO x")
    assert await client.send(LARGE + b"NOOP\r\nQUIT\r\n") == LOCAL_ERROR
    assert await client.send(LARGE) == "250 2.0.0 stored"
    assert keeper.contents == [LARGE]
    assert faulty.calls == 4
    client.close()


async def test_without_room_no_mail_is_begun_and_with_room_again_it_is_taken(listening):
    keeper = ListKeeper()
    room = [False, True, True]
    client = await talk(await listening(keeper, has_room=lambda: room.pop(0)))
    await client.reply()
    await client.say(b"EHLO x")
    assert await client.say(b"MAIL FROM:<a@b.example.jp> SIZE=1000") == NO_ROOM
    assert await client.send() == "250 2.0.0 stored"
    client.close()


async def test_room_that_ends_within_a_mail_is_452_after_the_dot_and_nothing_half(listening, tmp_path):
    keeper = ListKeeper()
    room = [True, False, True, True]
    client = await talk(await listening(keeper, ROOMY, has_room=lambda: room.pop(0)))
    await client.reply()
    await client.say(b"EHLO x")
    assert await client.send(LARGE) == NO_ROOM
    assert keeper.contents == []
    assert await client.send(LARGE) == "250 2.0.0 stored"
    assert keeper.contents == [LARGE]
    assert list((tmp_path / "spool").iterdir()) == []
    client.close()


async def test_a_spool_folder_that_is_gone_is_451_and_small_mails_are_still_taken(listening, tmp_path):
    keeper = ListKeeper()
    client = await talk(await listening(keeper, ROOMY))
    await client.reply()
    await client.say(b"EHLO x")
    (tmp_path / "spool").rmdir()
    assert await client.send(LARGE) == LOCAL_ERROR
    assert await client.send() == "250 2.0.0 stored"
    (tmp_path / "spool").mkdir()
    assert await client.send(LARGE) == "250 2.0.0 stored"
    client.close()


@pytest.fixture
def small_disk(tmp_path: Path):
    """A disk of 1 MiB, mounted where the spool will be."""
    if os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("mounting needs root")
    place = tmp_path / "spool"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("mounting is not allowed here")
    yield place
    subprocess.run(["umount", place], check=True)


async def test_a_disk_that_is_really_full_is_452_and_takes_mail_again_when_it_is_not(listening, small_disk):
    keeper = ListKeeper()
    client = await talk(await listening(keeper, ROOMY))
    await client.reply()
    await client.say(b"EHLO x")
    (small_disk / "filler").write_bytes(bytes(900_000))
    assert await client.send(LARGE) == NO_ROOM
    assert keeper.contents == []
    (small_disk / "filler").unlink()
    assert await client.send(LARGE) == "250 2.0.0 stored"
    assert keeper.contents == [LARGE]
    client.close()


@pytest.mark.parametrize(
    "recipients", [(INBOX,), (INBOX, "second@city.example.jp"), (INBOX, "HOSHO@city.example.jp", INBOX)]
)
async def test_lmtp_gives_one_reply_for_each_accepted_recipient_in_every_case(listening, recipients):
    room: list[bool] = []
    keeper = FailingKeeper([None, OSError("down"), asyncio.CancelledError()])
    client = await talk(await listening(keeper, replace(ROOMY, lmtp=True), has_room=lambda: not room or room.pop(0)))
    await client.reply()
    await client.say(b"LHLO x")
    cases = [
        (MAIL, "250 2.0.0 stored"),
        (b"again\r\n", LOCAL_ERROR),
        (b"and again\r\n", LOCAL_ERROR),
        (b"x\n.\n\r\n", "550 5.5.2 a line of a single dot must be stuffed, and ended by CRLF"),
        (b"\r\n" * 400_001, "552 5.3.4 too many lines in the message"),
        (b"x" * ROOMY.max_bytes + b"\r\n", "552 5.3.4 message too large"),
        (LARGE, NO_ROOM),
        (LARGE, "250 2.0.0 stored"),
    ]
    for content, reply in cases:
        room[:] = [True, False] if reply == NO_ROOM else []
        await client.say(b"MAIL FROM:<" + SENDER.encode() + b">")
        for recipient in (*recipients, "nobody@city.example.jp"):
            await client.say(b"RCPT TO:<" + recipient.encode() + b">")
        await client.say(b"DATA")
        client.writer.write(content + b".\r\n")
        assert [await client.reply() for _ in recipients] == [reply] * len(recipients)
        assert await client.say(b"NOOP") == "250 OK"  # and not one more
    each_once = tuple(dict.fromkeys(address.lower() for address in recipients))
    assert keeper.mails == [arrival(content, rcpt_tos=each_once, source=Source.LMTP) for content in (MAIL, LARGE)]
    client.close()


@pytest.mark.parametrize("greeting", [b"EHLO x", b"HELO x"])
async def test_lmtp_knows_no_greeting_but_lhlo(listening, greeting):
    client = await talk(await listening(ListKeeper(), replace(SETTINGS, lmtp=True)))
    await client.reply()
    assert (await client.say(greeting))[:3] == "500"
    assert (await client.say(b"MAIL FROM:<a@b.example.jp>"))[:3] == "503"
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
    assert await client.rest() == "250 2.0.0 stored\r\n"


async def test_a_client_that_says_all_at_once_and_closes_its_half_gets_all_replies(listening):
    keeper = ListKeeper()
    client = await talk(await listening(keeper))
    said = b"EHLO x\r\nMAIL FROM:<%b>\r\nRCPT TO:<%b>\r\nDATA\r\n%b.\r\n" % (SENDER.encode(), INBOX.encode(), MAIL)
    client.writer.write(said)
    client.writer.write_eof()
    assert (await client.rest()).endswith("250 2.0.0 stored\r\n")
    assert keeper.mails == [arrival(MAIL)]


@pytest.mark.parametrize("said", [b"", b"EH", b"EHLO x\r\nMAIL FR", b"DATA\r\nhalf"], ids=repr)
async def test_a_half_closed_client_in_the_middle_of_something_is_parted_with(listening, said):
    keeper = ListKeeper()
    client = await talk(await listening(keeper))
    client.writer.write(said)
    client.writer.write_eof()
    assert (await client.rest()).startswith("220 ")
    assert keeper.contents == []


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
