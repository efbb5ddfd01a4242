"""The ticker: sets an event every few seconds and at the summaries' times; the sweeps then query the due work.

Run by bot/app.py. It has no state and does no work; after a stall of an hour there is one tick. It sleeps by the machine's running
time and looks at the clock at each tick only: a clock that is put back delays nothing. `Jumps` tells by how much a clock was put
forward or back. Raises nothing but CancelledError.
"""

from __future__ import annotations

import asyncio
import time as running
from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta

from bot.clock import Clock
from bot.core.text.dates import JAPAN

_LEAST_SECONDS = 0.01  # a clock may be a hair behind the machine's running time


class Ticker:
    """Sets `event` every `seconds`, and on the dot of each of the day's `times` in Japan."""

    def __init__(self, event: asyncio.Event, clock: Clock, *, seconds: int, times: Sequence[time]) -> None:
        self._event = event
        self._clock = clock
        self._seconds = seconds
        self._times = tuple(times)

    async def run(self) -> None:
        """Tick for ever, the first time at once."""
        while True:
            self._event.set()
            await asyncio.sleep(self.pause)

    @property
    def pause(self) -> float:
        """How many seconds there are to the next tick."""
        now = self._clock().astimezone(JAPAN)
        days = (now.date(), now.date() + timedelta(days=1))
        dots = (datetime.combine(day, at, JAPAN) for day in days for at in self._times)
        ahead = [(dot - now).total_seconds() for dot in dots if dot > now]
        return max(min([self._seconds, *ahead]), _LEAST_SECONDS)


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
