"""What the SMTP tests share: a conversation in raw bytes, and the settings of the door that it is held at."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from bot.core.records.envelope import Arrival, Envelope, Source
from bot.intake.smtp.listener import SmtpSettings
from tests.intake.keepers import NOW
from tests.patience import PATIENCE_SECONDS

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
    spool_folder=Path(),
    stop_seconds=20,
)


def without_number(reply: str) -> str:
    """Without the number under which a mail is stored."""
    return re.sub(r"stored as [0-9]+", "stored", reply)


class Talk:
    """A conversation in raw bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def reply(self) -> str:
        """The next reply, its lines joined by \\n, without a stored mail's number; "" when the server has closed."""
        lines = []
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                line = (await self.reader.readline()).decode("ascii").rstrip("\r\n")
                lines.append(without_number(line))
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
        async with asyncio.timeout(PATIENCE_SECONDS):
            return without_number((await self.reader.read()).decode("ascii"))

    async def send(self, content: bytes = MAIL) -> str:
        """A mail from MAIL to its reply."""
        assert await self.say(b"MAIL FROM:<" + SENDER.encode() + b">") == "250 2.1.0 OK"
        assert await self.say(b"RCPT TO:<" + INBOX.encode() + b">") == "250 2.1.5 OK"
        assert (await self.say(b"DATA")).startswith("354 ")
        self.writer.write(content + b".\r\n")
        return await self.reply()

    def close(self) -> None:
        self.writer.close()


async def talk(port: int, local: str = "127.0.0.1") -> Talk:
    return Talk(*await asyncio.open_connection("127.0.0.1", port, local_addr=(local, 0)))


async def until_let_in(port: int) -> Talk:
    """Connect until the server has noticed that the earlier client went."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            client = await talk(port)
            if (await client.reply()).startswith("220 "):
                return client
            client.close()


def arrival(content: bytes, mail_from: str = SENDER, rcpt_tos=(INBOX,), source=Source.SMTP) -> Arrival:
    return Arrival(Envelope(source, mail_from, rcpt_tos, NOW, "127.0.0.1"), content)
