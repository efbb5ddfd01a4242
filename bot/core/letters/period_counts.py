"""How the last weeks went: notices received, decided by the machine, decided by a person; by day and by week.

For the clerks' summary (core/summary/summarise.py) and its workbook (core/summary/workbook.py). Days are Japan's. Pure, nothing is raised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.core.records.reasons import SubmissionReason
from bot.core.records.submission import Submission, SubmissionState
from bot.core.text.dates import JAPAN

WEEKS = 5
DAYS = 7 * WEEKS

_BY_A_PERSON = frozenset(
    {
        SubmissionReason.CLERK_ACCEPTED,
        SubmissionReason.CLERK_REFUSED,
        SubmissionReason.DSURE_DIFFERS,
        SubmissionReason.NOT_IN_DSURE,
    }
)


@dataclass(frozen=True, slots=True)
class PeriodCount:
    """Of the notices received from the day `first` to the day `last`. What neither the machine nor a person has decided waits."""

    first: date
    last: date
    received: int
    automatic: int
    by_hand: int


def by_day(submissions: Sequence[Submission], until: datetime) -> tuple[PeriodCount, ...]:
    """The last 35 days up to that of `until`, oldest first, days without a notice too."""
    last = until.astimezone(JAPAN).date()
    days = [last - timedelta(days=back) for back in reversed(range(DAYS))]
    of_day: dict[date, list[Submission]] = {day: [] for day in days}
    for one in submissions:
        day = one.received_at.astimezone(JAPAN).date()
        if day in of_day:
            of_day[day].append(one)
    return tuple(_count(day, of_day[day]) for day in days)


def by_week(days: Sequence[PeriodCount]) -> tuple[PeriodCount, ...]:
    """The same in weeks of seven days, the last one ending with the last day."""
    weeks = [days[start : start + 7] for start in range(0, len(days), 7)]
    return tuple(
        PeriodCount(
            week[0].first,
            week[-1].last,
            sum(day.received for day in week),
            sum(day.automatic for day in week),
            sum(day.by_hand for day in week),
        )
        for week in weeks
    )


def _count(day: date, submissions: Sequence[Submission]) -> PeriodCount:
    by_hand = sum(bool(_BY_A_PERSON.intersection(one.reasons)) for one in submissions)
    decided = sum(one.state is not SubmissionState.HELD for one in submissions)
    return PeriodCount(day, day, len(submissions), decided - by_hand, by_hand)
