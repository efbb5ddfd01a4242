"""What the alarms see from outside: by the database, the disk and the backups, without the daemon's own memory.

Called by `status` and `doctor`. Raises StoreError.
"""

from __future__ import annotations

import asyncio
from datetime import datetime

from bot.config.settings import Config
from bot.config.to_policy import backup_of, calendar_of, canary_of, waiting_after
from bot.core.health.alarms import NO_ROOM_AFTER, Alarm, AlarmFacts, found
from bot.core.health.status import as_seen_from_outside
from storage.files import DiskRoom, newest
from storage.store import Store


async def alarms_seen(config: Config, store: Store, now: datetime, *, runs: bool) -> tuple[Alarm, ...]:
    """Those that are open and those that can be seen from here. `runs`: the daemon does."""
    has_room = DiskRoom(config.data_folder, config.room_bytes)()
    watched = [memory for memory in await store.mailboxes.memories() if config.imap.enabled]
    backup = backup_of(config)
    facts = AlarmFacts(
        store=await store.health.alarm_facts(waiting_after(config)),
        mailboxes=tuple(as_seen_from_outside(memory) for memory in watched),
        no_room_since=None if has_room else now - NO_ROOM_AFTER,
        workers=await store.health.workers() if runs else (),  # what a daemon said that has ended is not how it stands
        calendar=calendar_of(config),
        canary=canary_of(config),
        backup_at=await asyncio.to_thread(newest, backup[0]) if backup else None,  # it may be on a share
        backup_within=backup[1] if backup else None,
    )
    seen = {(alarm.kind, alarm.subject): alarm for alarm in found(facts, now)}
    opened = {
        (alarm.kind, alarm.subject): alarm for alarm in await store.health.open_alarms() if alarm.absent_since is None
    }
    return tuple((seen | opened).values())
