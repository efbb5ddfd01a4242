"""The city's opening days (開庁日), counted, and the times at which summaries are due, in Japan's time.

Weekends, national holidays (jpholiday), the turn of the year and the city's own closing days are closed. Called by
workers/sweeps.py, core/deadlines/due.py and core/deadlines/reminders.py. Pure; nothing is raised.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

import jpholiday

from bot.core.text.dates import JAPAN

_SATURDAY = 5
_LONGEST_CLOSED = 366  # no office is closed for so many days in a row; a bound for wrong calendars

_is_holiday = lru_cache(maxsize=4096)(jpholiday.is_holiday)


@dataclass(frozen=True, slots=True)
class Calendar:
    """`year_end_from`/`year_end_to`: (month, day), both closed. `times`: when summaries go out, Japan's time."""

    times: tuple[time, ...] = (time(9, 0),)
    closed_days: frozenset[date] = frozenset()
    year_end_from: tuple[int, int] = (12, 29)
    year_end_to: tuple[int, int] = (1, 3)

    def is_open(self, day: date) -> bool:
        """Whether the office is open on the day."""
        return not (
            day.weekday() >= _SATURDAY
            or _is_holiday(day)
            or day in self.closed_days
            or self._is_turn_of_year((day.month, day.day))
        )

    def _is_turn_of_year(self, day: tuple[int, int]) -> bool:
        first, last = self.year_end_from, self.year_end_to
        return first <= day <= last if first <= last else day >= first or day <= last

    def opening_days_after(self, day: date, count: int) -> date:
        """The count-th opening day after the day, which is not counted itself (初日不算入); 0 = the day as it is."""
        return self._step(day, count, timedelta(days=1))

    def opening_days_before(self, day: date, count: int) -> date:
        """The count-th opening day before the day, which is not counted itself; 0 = the day as it is."""
        return self._step(day, count, timedelta(days=-1))

    def _step(self, day: date, count: int, step: timedelta) -> date:
        for _ in range(count):
            for _ in range(_LONGEST_CLOSED):
                day += step
                if self.is_open(day):
                    break
        return day

    def days_open_between(self, first: date, last: date) -> int:
        """How many opening days there are after the first day, up to the last one inclusive; 0 when that is not later."""
        return sum(self.is_open(first + timedelta(days=n)) for n in range(1, (last - first).days + 1))

    def last_open(self, day: date) -> date:
        """The day itself when the office is open, else the last opening day before it."""
        return day if self.is_open(day) else self.opening_days_before(day, 1)

    @property
    def opens_at(self) -> time:
        """When the first summary of a day goes out, and with it the reminders; 9:00 where there are no summaries."""
        return min(self.times, default=time(9, 0))

    def last_due(self, now: datetime) -> datetime | None:
        """The latest summary time at or before `now` on an opening day of the last 31 days, UTC; None when there is none."""
        return max((due for due in self._dues(now) if due <= now), default=None)

    def _dues(self, now: datetime) -> Iterator[datetime]:
        today = now.astimezone(JAPAN).date()
        for days in range(31):
            day = today - timedelta(days=days)
            if self.is_open(day):
                for at in self.times:
                    yield datetime.combine(day, at, JAPAN).astimezone(UTC)
