"""The ticker: APScheduler wakes those who ask the database what is due. It remembers nothing and performs nothing.

Run by bot/app.py. Ticks are coalesced and never too late: after a stall of an hour there is one tick. APScheduler's default
would skip a job that is more than a second late (its misfire_grace_time).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import time

from apscheduler.executors.asyncio import AsyncIOExecutor
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from bot.core.text.dates import JAPAN


class Ticker:
    """Sets `event` every `seconds`, and on the dot of each of the day's `times` in Japan."""

    def __init__(self, event: asyncio.Event, *, seconds: int, times: Sequence[time]) -> None:
        self._event = event
        self._scheduler = AsyncIOScheduler(
            timezone=JAPAN,
            executors={"default": AsyncIOExecutor()},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )
        self._scheduler.add_job(self._tick, IntervalTrigger(seconds=seconds, timezone=JAPAN))
        for at in times:
            self._scheduler.add_job(self._tick, CronTrigger(hour=at.hour, minute=at.minute, timezone=JAPAN))

    async def _tick(self) -> None:
        self._event.set()

    async def run(self) -> None:
        """Tick for ever; the first tick is at once."""
        self._scheduler.start()
        self._event.set()
        try:
            await asyncio.Event().wait()
        finally:
            self._scheduler.shutdown(wait=False)
