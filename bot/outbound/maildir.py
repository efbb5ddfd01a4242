"""Puts outgoing mails into a Maildir instead of sending them: for a trial run, a demo, and for tests of the whole house.

A Deliverer like the relay. A mail is durable when `deliver` says so, and stands there once however often it is tried:
its file name follows from its Message-ID. Trouble with the disk is a deferral; nothing is raised.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from pathlib import Path

from bot.core.records.outgoing_mail import OutgoingMail
from bot.core.records.reasons import OutboxReason
from bot.outbound.smtp_relay import Delivery, RelayOutcome

_FOLDER_MODE = 0o700  # the letters name people and works
_FILE_MODE = 0o600


class MaildirDelivery:
    """The Maildir at `path`, made when it is first needed. The envelope stands in Return-Path and Delivered-To."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def deliver(self, mail: OutgoingMail) -> Delivery:
        """Write the mail to new/, unless it is there or in cur/ already."""
        try:
            name = await asyncio.to_thread(self._put, mail)
        except OSError as trouble:
            words = f"{self._path} に書けません（{trouble.strerror or 'OSError'}）"
            return Delivery(RelayOutcome.DEFERRED, OutboxReason.RELAY_UNREACHABLE, words, is_relays=True)
        return Delivery(RelayOutcome.DELIVERED, OutboxReason.RELAY_ACCEPTED, name)

    async def ready(self) -> Delivery | None:
        """A folder is tried with a mail; what is wrong with it is not known before."""
        return None

    async def close(self) -> None:
        """Nothing is kept open."""

    def _put(self, mail: OutgoingMail) -> str:
        tmp, new, cur = (self._path / folder for folder in ("tmp", "new", "cur"))
        for folder in (self._path, tmp, new, cur):
            folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        name = f"{hashlib.sha256(mail.message_id.encode()).hexdigest()[:40]}.hosho-bot"
        if (new / name).exists() or any(cur.glob(f"{name}*")):  # a reader adds flags to the name
            return name
        head = f"Return-Path: <{mail.reverse_path}>\r\nDelivered-To: {mail.recipient}\r\n".encode("ascii")
        with open(tmp / name, "wb", opener=_private) as file:
            file.write(head + mail.content)
            file.flush()
            os.fsync(file.fileno())
        (tmp / name).replace(new / name)
        folder_fd = os.open(new, os.O_RDONLY)
        try:
            os.fsync(folder_fd)  # the name is durable only with its folder
        finally:
            os.close(folder_fd)
        return name


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, _FILE_MODE)
