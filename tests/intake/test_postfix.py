"""Mail from a real relay: what Postfix hands us by SMTP and LMTP is kept, and what we can't keep stays in its queue."""

from __future__ import annotations

import asyncio
import smtplib

import pytest

from bot.core.records.envelope import Envelope, Source
from bot.intake.smtp.listener import SmtpListener, SmtpSettings
from tests.intake.keepers import NOW, FailingKeeper, ListKeeper, clock
from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.postfix

INBOX = "hosho@city.example.jp"
SECOND = "second@city.example.jp"
SENDER = "tanto@kensetsu.example.jp"


@pytest.fixture
async def relayed(receiver_over, postfix, tmp_path):
    """A function: keeper → a listener of ours that Postfix delivers to."""
    listeners = []

    async def start(keeper: ListKeeper, protocol: str) -> None:
        settings = SmtpSettings(
            host="127.0.0.1",
            port=0,
            hostname="bot.city.example.jp",
            max_bytes=2_000_000,
            recipients=frozenset({INBOX, SECOND}),
            spool_folder=tmp_path,
            lmtp=protocol == "lmtp",
        )
        listener = SmtpListener(await receiver_over(keeper), settings, clock)
        listeners.append(listener)
        await asyncio.to_thread(postfix.deliver_to, await listener.start(), protocol=protocol)

    yield start
    for listener in listeners:
        await listener.stop()


async def hand_to(postfix, *mails: bytes, sender: str = SENDER, recipients=(INBOX,)) -> None:
    def send() -> None:
        with smtplib.SMTP("127.0.0.1", postfix.smtp_port, timeout=PATIENCE_SECONDS) as client:
            for mail in mails:
                client.sendmail(sender, recipients, mail)

    await asyncio.to_thread(send)


@pytest.mark.parametrize("protocol", ["smtp", "lmtp"])
async def test_postfix_delivers_to_two_recipients_with_the_body_unchanged(relayed, postfix, protocol):
    keeper = ListKeeper()
    await relayed(keeper, protocol)
    body = "認証キーのお知らせ\r\n.\r\n..dots\r\n".encode() + b"x" * 5_000 + b"\r\n" + b"base64line\r\n" * 10_000
    await hand_to(postfix, b"Subject: 1\r\nMessage-ID: <1@x>\r\n\r\n" + body, recipients=[INBOX, SECOND])
    await keeper.holds(1)
    await postfix.until_empty()
    (mail,) = keeper.mails
    assert mail.envelope == Envelope(Source(protocol), SENDER, (INBOX, SECOND), NOW, "127.0.0.1")
    head, _, kept = mail.content.partition(b"\r\n\r\n")
    assert head.startswith(b"Received: from ")
    # Postfix itself folds lines over smtp_line_length_limit (998), putting CRLF SPACE in.
    assert kept.replace(b"\r\n ", b"") == body


async def test_a_bounce_comes_with_the_null_sender(relayed, postfix):
    keeper = ListKeeper()
    await relayed(keeper, "smtp")
    await hand_to(postfix, b"Subject: x\r\n\r\nx\r\n", sender=INBOX, recipients=["nobody@city.example.jp"])
    await keeper.holds(1)
    await postfix.until_empty()
    (mail,) = keeper.mails
    assert mail.envelope == Envelope(Source.SMTP, "", (INBOX,), NOW, "127.0.0.1")
    assert b"550 5.1.1 no such mailbox here" in mail.content


@pytest.mark.parametrize("protocol", ["smtp", "lmtp"])
async def test_what_we_can_not_store_waits_in_postfix_and_comes_again(relayed, postfix, protocol):
    keeper = FailingKeeper([OSError("disk full")])
    await relayed(keeper, protocol)
    await hand_to(postfix, b"Message-ID: <2@x>\r\n\r\nx\r\n", recipients=[INBOX, SECOND])
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not keeper.mails:  # Postfix decides when it tries again; we hurry it
            await asyncio.to_thread(postfix.flush)
            await asyncio.sleep(0.1)
    await postfix.until_empty()
    assert [mail.envelope.rcpt_tos for mail in keeper.mails] == [(INBOX, SECOND)]
    assert "451 4.3.0 local error, try again later" in postfix.log


async def test_fifty_mails_at_once_come_once_each(relayed, postfix):
    keeper = ListKeeper()
    await relayed(keeper, "lmtp")
    await hand_to(postfix, *(b"Message-ID: <many-%d@x>\r\n\r\nmail %d\r\n" % (n, n) for n in range(50)))
    await keeper.holds(50)
    await postfix.until_empty()
    bodies = sorted(int(mail.content.partition(b"\r\n\r\n")[2].split()[1]) for mail in keeper.mails)
    assert bodies == list(range(50))
    assert sum(keeper.batches) == 50
