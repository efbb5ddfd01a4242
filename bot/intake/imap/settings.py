"""Settings of bot/intake/imap/watcher.py, and the Protocol of the store that keeps its cursor."""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from bot.core.health.reconciliation import MailboxCheck
from bot.core.records.envelope import MailboxPlace
from bot.core.records.incoming_mail import MailboxMemory
from bot.credentials import Credential


class Mailboxes(Protocol):
    """Stores memories, mailbox places and comparisons; `Store.mailboxes` is one."""

    async def memory(self, mailbox: str) -> MailboxMemory | None:
        """What was remembered last, None before the first look."""

    async def remember(self, memory: MailboxMemory) -> None:
        """Make it durable."""

    async def note_waiting(self, place: MailboxPlace) -> None:
        """Record a mail that the server lists and does not give now."""

    async def waiting(self, mailbox: str, since: datetime) -> Mapping[str, datetime]:
        """The names of places whose mails are not stored, and since when (after `since`) they are waited for."""

    async def known(self, mailbox: str, names: Sequence[str]) -> frozenset[str]:
        """Those among the names of places whose mails are stored."""

    async def last_check(self, mailbox: str) -> MailboxCheck | None:
        """The last comparison with the server, None before the first."""

    async def note_check(self, check: MailboxCheck) -> None:
        """Make a comparison durable."""


@dataclass(frozen=True, slots=True)
class ImapSettings:
    """A mailbox and how to watch it."""

    host: str
    port: int
    tls: Literal["implicit", "starttls", "none"]
    user: str
    credential: Credential  # the password, or the token when `auth` is xoauth2; called at each login
    mailbox: str
    poll_seconds: float  # between two looks; also the longest IDLE
    max_bytes: int  # of a larger mail only the header is fetched
    recipients: tuple[str, ...]  # our addresses in lower case; the first is this mailbox's own
    auth: Literal["password", "xoauth2"] = "password"
    reconcile_days: int = 7  # how many days the daily comparison covers; 0: none
    ssl_context: ssl.SSLContext | None = None  # None: the system's certificate authorities
    reply_seconds: float = 60.0
    first_retry_seconds: float = 1.0
    longest_retry_seconds: float = 300.0
    login_retry_seconds: float = 300.0  # after a refused login; sooner, and a wrong password locks the account

    @property
    def name(self) -> str:
        """The cursor's key. A change of server, account or mailbox starts a new cursor: its mails are old, not new."""
        return f"{self.user}@{self.host}/{self.mailbox}"
