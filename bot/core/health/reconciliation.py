"""Reconciliation: a mailbox's mails against the stored ones, and each door's mails against their end states.

Asked by intake/imap/watcher.py once a day and by `mailbox reconcile`; the ledger by the summary and by `status`. Pure: counts and
sets in, values out. Nothing is raised.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.core.records.envelope import Source
from bot.core.records.incoming_mail import MailState
from bot.core.text.dates import JAPAN


@dataclass(frozen=True, slots=True)
class MailboxCheck:
    """A mailbox's last days compared: `on_server` mails there, `known` of them in our store, `missing` were not.

    `recovered`: of the missing ones, fetched now (or gone from the server meanwhile). `days`: how far back it looked.
    """

    mailbox: str
    checked_at: datetime
    days: int
    on_server: int
    known: int
    missing: int = 0
    recovered: int = 0


def is_due(last_at: datetime | None, now: datetime) -> bool:
    """Once on each day of the Japanese calendar, whatever the clock was when it was done or tried (`last_at`)."""
    return last_at is None or last_at.astimezone(JAPAN).date() != now.astimezone(JAPAN).date()


def first_day(now: datetime, days: int) -> date:
    """From which day on the server is asked; a day more than `days`, for it counts days in a zone of its own."""
    return now.astimezone(JAPAN).date() - timedelta(days=days + 1)


@dataclass(frozen=True, slots=True)
class DoorCount:
    """The mails of one door. `received`: how many it answered for; `ends`: how many of these are in which state now."""

    source: Source
    received: int
    ends: tuple[tuple[MailState, int], ...]

    @property
    def balances(self) -> bool:
        """Whether each mail is in exactly one state that we know."""
        return self.received == sum(count for _, count in self.ends)


@dataclass(frozen=True, slots=True)
class Ledger:
    """The mails of a span of time, door by door. `without_reason`: how many have an end and no reason for it, which is never right."""

    doors: tuple[DoorCount, ...]
    without_reason: int

    @property
    def balances(self) -> bool:
        """Whether every mail has one end, with a reason."""
        return self.without_reason == 0 and all(door.balances for door in self.doors)


NO_MAILS = Ledger((), 0)
"""The ledger of a span in which nothing came."""
