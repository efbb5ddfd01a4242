"""What bot/intake/imap/watcher.py needs to be given: the mailbox and how to look at it, and where its memory is kept. Values and a Protocol."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from bot.core.health.reconciliation import MailboxCheck
from bot.core.records.envelope import MailboxPlace
from bot.core.records.incoming_mail import MailboxCursor
from bot.intake.imap.credentials import Credential


class Mailboxes(Protocol):
    """Where cursors, places and comparisons are kept; `Store.mailboxes` is one."""

    async def cursor(self, mailbox: str) -> MailboxCursor | None:
        """The cursor that was saved last, None before the first."""

    async def save_cursor(self, cursor: MailboxCursor) -> None:
        """Make it durable."""

    async def note_gone(self, places: Sequence[MailboxPlace]) -> None:
        """These were gone before they could be fetched."""

    async def known_uids(self, mailbox: str, uidvalidity: int, uids: Sequence[int]) -> frozenset[int]:
        """Those of the UIDs whose mails were kept."""

    async def last_check(self, mailbox: str) -> MailboxCheck | None:
        """The last comparison with the server."""

    async def note_check(self, check: MailboxCheck) -> None:
        """Make a comparison durable."""


@dataclass(frozen=True, slots=True)
class ImapSettings:
    """A mailbox and how to look at it. `recipients`: our addresses in lower case, the first one is this mailbox's.

    Sizes in bytes, times in seconds. `ssl_context`: None = the system's authorities. `credential`: the password, or the
    token where `auth` is xoauth2; asked for at each login.
    """

    host: str
    port: int
    tls: Literal["implicit", "starttls", "none"]
    user: str
    credential: Credential
    mailbox: str
    poll_seconds: float
    max_bytes: int
    recipients: tuple[str, ...]
    auth: Literal["password", "xoauth2"] = "password"
    reconcile_days: int = 7
    ssl_context: ssl.SSLContext | None = None
    reply_seconds: float = 60.0
    first_retry_seconds: float = 1.0
    longest_retry_seconds: float = 300.0
    login_retry_seconds: float = 300.0  # sooner, and a wrong password locks the account

    @property
    def name(self) -> str:
        """What the cursor is kept under. Another server or account is another mailbox: its mails are old, not new."""
        return f"{self.user}@{self.host}/{self.mailbox}"
