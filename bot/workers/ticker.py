"""The ticker: APScheduler sets an event every few seconds and at the summaries' times; the sweeps then query the due work.

Run by bot/crew.py. It has no state and does no work. Ticks are coalesced and never skipped: after a stall of an hour there is one tick (by
default APScheduler skips a job that is more than a second late: misfire_grace_time). `Jumps` tells by how much a clock was put forward or back.
Raises nothing but CancelledError.
"""

from __future__ import annotations

import asyncio
import time as running
from collections.abc import Callable, Sequence
from datetime import datetime, time

from apscheduler.executors.asyncio import AsyncIOExecutor
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from bot.clock import Clock
from bot.core.text.dates import JAPAN


class Ticker:
    """Sets `event` every `seconds`, and on the dot of each of the day's `times` in Japan. `jumps`: looked at by nobody else."""

    def __init__(self, event: asyncio.Event, jumps: Jumps, *, seconds: int, times: Sequence[time]) -> None:
        self._event = event
        self._jumps = jumps
        self._seconds = seconds
        self._times = tuple(times)
        self._scheduler = AsyncIOScheduler(
            timezone=JAPAN,
            executors={"default": AsyncIOExecutor()},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )

    async def run(self) -> None:
        """Tick for ever, the first time at once."""
        self._plan()
        self._scheduler.start()
        self._event.set()
        try:
            while (
                True
            ):  # APScheduler sleeps until a time of the clock: put back by a year, it would not tick for a year
                await asyncio.sleep(self._seconds)
                if self._jumps.look():
                    self._plan()
                    self._event.set()
        finally:
            self._scheduler.shutdown(wait=False)

    def _plan(self) -> None:
        self._scheduler.remove_all_jobs()
        self._scheduler.add_job(self._tick, IntervalTrigger(seconds=self._seconds, timezone=JAPAN))
        for at in self._times:
            self._scheduler.add_job(self._tick, CronTrigger(hour=at.hour, minute=at.minute, timezone=JAPAN))

    async def _tick(self) -> None:
        self._event.set()

    @property
    def due(self) -> datetime:
        """When it ticks next."""
        times: list[datetime] = [job.next_run_time for job in self._scheduler.get_jobs()]
        return min(times)


JUMP_SECONDS = 60
"""A clock that was put forward or back by more, between two looks, has jumped; less is a correction."""


def seconds_running() -> float:
    """How long the machine has been running, the time of its sleep included; nobody can set it."""
    return running.clock_gettime(running.CLOCK_BOOTTIME)


class Jumps:
    """Compares the clock with the machine's running time, from look to look."""

    def __init__(self, clock: Clock, elapsed: Callable[[], float] = seconds_running) -> None:
        self._clock = clock
        self._elapsed = elapsed
        self._ahead = self._difference

    @property
    def _difference(self) -> float:
        return self._clock().timestamp() - self._elapsed()

    def look(self) -> int:
        """By how many seconds the clock was put forward since the last look (back: less than 0); 0: it was not."""
        before, self._ahead = self._ahead, self._difference
        return round(self._ahead - before) if abs(self._ahead - before) > JUMP_SECONDS else 0
