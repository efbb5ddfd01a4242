"""Write outgoing mails into a Maildir instead of sending them: for a trial run, a demo, and tests of the whole program.

A Deliverer like the relay. A mail is durable when `deliver` returns DELIVERED, and is there once however often it is tried,
because its file name is made from its Message-ID. Folders are 0700, mails 0600: the letters name people and works. A disk error
is a deferral; nothing is raised.
"""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

from bot.core.records.outgoing_mail import OutgoingMail
from bot.core.records.reasons import OutboxReason
from bot.files import Folder
from bot.outbound.smtp_relay import Delivery, RelayOutcome


class MaildirDelivery:
    """The Maildir at `path`, created at the first delivery. The envelope is in Return-Path and Delivered-To."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def deliver(self, mail: OutgoingMail) -> Delivery:
        """Write the mail to new/, unless it is already there or in cur/."""
        try:
            name = await asyncio.to_thread(self._put, mail)
        except OSError as trouble:
            words = f"{self._path} に書けません（{trouble.strerror or 'OSError'}）"
            return Delivery(RelayOutcome.DEFERRED, OutboxReason.RELAY_UNREACHABLE, words, is_relays=True)
        return Delivery(RelayOutcome.DELIVERED, OutboxReason.RELAY_ACCEPTED, name)

    async def ready(self) -> Delivery | None:
        """None: a folder is only tried with a mail."""
        return None

    async def close(self) -> None:
        """No effect: nothing is kept open."""

    def _put(self, mail: OutgoingMail) -> str:
        name = f"{hashlib.sha256(mail.message_id.encode()).hexdigest()[:40]}.hosho-bot"
        with (
            Folder.open(self._path, make=True) as maildir,
            maildir.inside("tmp") as tmp,
            maildir.inside("new") as new,
            maildir.inside("cur") as cur,
        ):
            is_there = new.has(name) or any(
                one.startswith(name) for one in cur.names()
            )  # a reader adds flags to the name
            if not is_there:
                head = f"Return-Path: <{mail.reverse_path}>\r\nDelivered-To: {mail.recipient}\r\n".encode("ascii")
                tmp.write(name, head + mail.content, into=new, durable=True)
        return name
