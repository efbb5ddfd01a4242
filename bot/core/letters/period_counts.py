"""How the last weeks went: notices received, decided by the machine, decided by a person, by day.

For the workbook of the clerks' summary (core/summary/workbook.py). Days are Japan's. Pure, nothing is raised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.core.records.reasons import SubmissionReason
from bot.core.records.submission import Submission, SubmissionState
from bot.core.text.dates import JAPAN

DAYS = 35

_BY_A_PERSON = frozenset(
    {
        SubmissionReason.CLERK_ACCEPTED,
        SubmissionReason.CLERK_REFUSED,
        SubmissionReason.DSURE_DIFFERS,
        SubmissionReason.NOT_IN_DSURE,
    }
)


@dataclass(frozen=True, slots=True)
class DayCount:
    """Of the notices received on the day. What neither the machine nor a person has decided waits."""

    day: date
    received: int
    automatic: int
    by_hand: int


def by_day(submissions: Sequence[Submission], until: datetime) -> tuple[DayCount, ...]:
    """The last 35 days up to that of `until`, oldest first, days without a notice too."""
    last = until.astimezone(JAPAN).date()
    days = [last - timedelta(days=back) for back in reversed(range(DAYS))]
    of_day: dict[date, list[Submission]] = {day: [] for day in days}
    for one in submissions:
        day = one.received_at.astimezone(JAPAN).date()
        if day in of_day:
            of_day[day].append(one)
    return tuple(_count(day, of_day[day]) for day in days)


def _count(day: date, submissions: Sequence[Submission]) -> DayCount:
    by_hand = sum(bool(_BY_A_PERSON.intersection(one.reasons)) for one in submissions)
    decided = sum(one.state is not SubmissionState.HELD for one in submissions)
    return DayCount(day, len(submissions), decided - by_hand, by_hand)
