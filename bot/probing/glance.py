"""What `status --nagios` needs and no more: the database's place from the settings, counts, and the alarms that the daemon has noted.

Loads neither the settings' checks nor the ORM. None where the daemon does not run, has noted nothing lately, or anything is not as it
should be: then standing.py looks at everything, and says what it is. Raises nothing.
"""

from __future__ import annotations

import shutil
import tomllib
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from bot.core.health.alarm_words import AlarmKind
from storage.glance import glance

NOTED_WITHIN = timedelta(minutes=6)
"""The daemon saves the time of its look every five minutes (workers/alarms.py)."""


@dataclass(frozen=True, slots=True)
class Glimpse:
    """A daemon that runs."""

    mails_waiting: int
    letters_waiting: int
    open_work: int
    alarms: tuple[AlarmKind, ...]
    free_bytes: int


async def glimpse(config_path: Path, now: datetime) -> Glimpse | None:
    """What there is now; None: it is not so simple."""
    try:
        folder, url = _storage(config_path)
        seen = await glance(url)
        if seen is None or seen.noted_at is None or abs(now - seen.noted_at) > NOTED_WITHIN:
            return None
        kinds = tuple(AlarmKind(kind) for kind in seen.alarms)
        free = shutil.disk_usage(folder).free
    except (OSError, ValueError, TypeError, AttributeError):
        return None
    return Glimpse(seen.mails_waiting, seen.letters_waiting, seen.open_work, kinds, free)


def _storage(config_path: Path) -> tuple[Path, str]:
    """The folder of the data and the database's URL, as bot/config/settings.py has them."""
    storage = tomllib.loads(config_path.read_bytes().decode("utf-8-sig")).get("storage", {})
    folder = (config_path.parent / storage.get("folder", "var")).absolute()
    return folder, storage.get("url") or f"sqlite:///{folder / 'hosho.db'}"
