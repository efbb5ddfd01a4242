"""How the machine stands: everything that `status` and the status page show, asked of database, disk and copies.

Called by bot/commands/status.py and, in the daemon, by bot/monitoring.py. Nothing is changed. Raises StoreError.
"""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.config.notes import settings_notes
from bot.config.settings import Config
from bot.config.to_policy import backup_of, canary_of
from bot.core.health.alarms import Alarm
from bot.core.health.canary import Canaries
from bot.core.health.reconciliation import Ledger, MailboxCheck
from bot.core.health.status import Backlog
from bot.core.health.workers import WorkerHealth
from bot.core.records.incoming_mail import MailboxMemory
from bot.core.text.dates import JAPAN
from bot.probing.alarms import alarms_seen
from storage.files import newest
from storage.store import Store

_DAY = timedelta(days=1)
_DAYS = 7


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything that is shown. `alarms`: those open and those that can be seen from here. `ledger`: of the last 24 hours.

    `copy_at`: of the newest copy; None: there is none, or nobody says where copies lie (`has_copies`).
    """

    is_running: bool
    backlog: Backlog
    memories: tuple[MailboxMemory, ...]
    checks: tuple[MailboxCheck, ...]
    ledger: Ledger
    free_bytes: int
    journal_head: str
    workers: tuple[WorkerHealth, ...]
    alarms: tuple[Alarm, ...]
    notes: tuple[str, ...]  # what the settings leave off
    has_copies: bool
    copy_at: datetime | None
    canaries: Canaries | None = None  # None: none is sent

    @property
    def is_well(self) -> bool:
        """What the exit code says."""
        return self.is_running and not self.alarms


async def look(config: Config, store: Store, now: datetime, *, runs: bool) -> Standing:
    """What there is now. `runs`: the daemon does."""
    copies = backup_of(config)
    return Standing(
        is_running=runs,
        backlog=await store.health.backlog(),
        memories=await store.mailboxes.memories(),
        checks=await store.mailboxes.checks(),
        ledger=await store.health.ledger(since=now - _DAY),
        free_bytes=shutil.disk_usage(config.data_folder).free,
        journal_head=str(await store.journal.head()),
        workers=await store.health.workers(),
        alarms=await alarms_seen(config, store, now, runs=runs),
        notes=settings_notes(config),
        has_copies=copies is not None,
        copy_at=await asyncio.to_thread(newest, copies[0]) if copies else None,
        canaries=await store.canaries.known() if canary_of(config) else None,
    )


async def by_day(store: Store, now: datetime) -> tuple[tuple[date, Ledger], ...]:
    """The ledgers of the last days of the Japanese calendar, today first."""
    midnight = now.astimezone(JAPAN).replace(hour=0, minute=0, second=0, microsecond=0)
    starts = [midnight - _DAY * back for back in range(_DAYS)]
    return tuple([(at.date(), await store.health.ledger(since=at, until=at + _DAY)) for at in starts])


AGES = (1, 3, 7, 30)
"""Days; the open cases that are older are counted for each."""


async def by_age(store: Store, now: datetime) -> tuple[tuple[int, int], ...]:
    """Pairs (days, how much open work came longer ago)."""
    return tuple([(days, await store.health.open_before(now - _DAY * days)) for days in AGES])
