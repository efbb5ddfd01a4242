"""What an operator wants to know in the morning: the counts of the database, and whether all of it is well.

Asked of the store by `status`. Values only, nothing is raised.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.core.health.alarms import MailboxHealth
from bot.core.records.incoming_mail import MailboxMemory, MailState
from bot.core.records.outgoing_mail import OutboxState


@dataclass(frozen=True, slots=True)
class OpenWork:
    """What waits for a person of a desk, whenever it came. `since`: when the oldest of it came; None: nothing waits."""

    held: int = 0  # notices
    to_verify: int = 0  # accepted notices, for a look into D-Sure
    mails: int = 0
    since: datetime | None = None

    @property
    def count(self) -> int:
        """All of it."""
        return self.held + self.to_verify + self.mails


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many mails and letters are in which state, every state named. `oldest_*`: since when the oldest waits; None: none does."""

    mails: tuple[tuple[MailState, int], ...]
    outgoing: tuple[tuple[OutboxState, int], ...]
    oldest_mail_at: datetime | None
    oldest_letter_at: datetime | None
    work: OpenWork = OpenWork()
    in_shadow: int = 0  # letters that shadow mode kept back


def as_seen_from_outside(memory: MailboxMemory) -> MailboxHealth:
    """A watched mailbox's health for who knows nothing but the database: no look since the last one that was saved."""
    return MailboxHealth(memory.mailbox, memory.looked_at, failing_since=memory.looked_at)
