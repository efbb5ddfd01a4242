"""The city's opening days (開庁日) and the times at which summaries are due, in Japan's time.

Weekends, national holidays (jpholiday), the turn of the year and the city's own closing days are closed. Called by
workers/sweeps.py. Pure; nothing is raised.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import jpholiday

from bot.core.submission import JAPAN

_SATURDAY = 5


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
            or jpholiday.is_holiday(day)
            or day in self.closed_days
            or self._is_turn_of_year((day.month, day.day))
        )

    def _is_turn_of_year(self, day: tuple[int, int]) -> bool:
        first, last = self.year_end_from, self.year_end_to
        return first <= day <= last if first <= last else day >= first or day <= last

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
