"""What left lately and what was withheld: the counts behind the limits, and the rows that the summary tells of.

`Store.send_counts`. `note_withheld` is also a step of settling and parking.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.core.records.outgoing_mail import Letter
from bot.core.records.reasons import LimitReason, SubmissionReason
from bot.core.records.send_counts import Counts, RecentCounts, SendCount, Withheld, canonical_mailbox
from bot.core.summary.facts import WithheldLetters
from bot.core.verdict.send_limits import REPLIES, counted_domain
from storage.database.connection import Database
from storage.database.fields import in_utc, storable
from storage.database.rows import insert
from storage.use_cases.base import UseCases, use_case

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MOST_NUMBERS = 1000
"""More unknown numbers of one sender than any limit asks for."""

_COUNTED = "count(*) AS in_day, count(CASE WHEN created_at >= ? THEN 1 END) AS in_hour"
_SINCE = "created_at >= ? AND state <> 'cancelled'"


class SendCounts(UseCases):
    """What left lately, for the limits."""

    @use_case
    async def lately(self, sender: str, others: Sequence[str] = ()) -> RecentCounts:
        """What was queued in the last hour and the last 24, cancelled letters left out: to the sender ("" = nobody) and to the
        other addresses, to the sender's domain, and in all; and the unknown numbers that he named (core/limits.py).
        """  # noqa: D205 - one promise, not a headline and its text
        now = in_utc(self._database.clock())
        addresses = sorted({canonical_mailbox(address) for address in (sender, *others) if address})
        places = ", ".join("?" * len(addresses)) or "NULL"
        replies = ", ".join("?" * len(REPLIES))
        times = [now - HOUR, now - DAY]
        rows = await self._database.rows(
            f"SELECT 'address' AS scope, counted_as AS name, letter, {_COUNTED} FROM outbox "  # noqa: S608 - only our own words
            f"WHERE {_SINCE} AND counted_as IN ({places}) GROUP BY counted_as, letter "
            f"UNION ALL SELECT 'domain', '', letter, {_COUNTED} FROM outbox "
            f"WHERE {_SINCE} AND counted_domain = ? GROUP BY letter "
            f"UNION ALL SELECT 'all', '', letter, {_COUNTED} FROM outbox WHERE {_SINCE} AND letter IN ({replies}) GROUP BY letter",
            [
                *times,
                *map(storable, addresses),
                *times,
                storable(counted_domain(sender)) if sender else " ",  # no row has a blank
                *times,
                *sorted(letter.value for letter in REPLIES),
            ],
        )
        return RecentCounts(
            to_address={name: _counts(rows, "address", name) for name in addresses},
            to_domain=_counts(rows, "domain", ""),
            in_all=_counts(rows, "all", ""),
            unknown_numbers=await _unknown_numbers(self._database, sender, now - DAY),
        )


def _counts(rows: Sequence[dict[str, Any]], scope: str, name: str) -> Counts:
    return {
        Letter(row["letter"]): SendCount(row["in_hour"], row["in_day"])
        for row in rows
        if row["scope"] == scope and row["name"] == name
    }


async def _unknown_numbers(database: Database, sender: str, since: datetime) -> frozenset[str]:
    """The numbers of the sender's waiting submissions that the register did not know."""
    if not sender:
        return frozenset()
    unknown = (SubmissionReason.NOT_IN_REGISTER, SubmissionReason.SIMILAR_ONLY)
    rows = await database.rows(
        "SELECT DISTINCT number FROM submission WHERE lower(sender) = ? AND received_at >= ? AND state = 'held' "
        "AND number <> '' AND (CAST(reasons AS TEXT) LIKE ? OR CAST(reasons AS TEXT) LIKE ?) LIMIT ?",
        [storable(sender.lower()), since, *(f'%"{reason.value}"%' for reason in unknown), MOST_NUMBERS],
    )
    return frozenset(row["number"] for row in rows)


async def note_withheld(database: Database, mail_id: int, withheld: Sequence[Withheld]) -> None:
    """Remember for the summary what was not written."""
    now = database.clock()
    rows = [
        {
            "at": now,
            "mail_id": mail_id,
            "letter": one.letter.value,
            "limit_hit": one.limit.value,
            "about": one.about,
        }
        for one in withheld
    ]
    await insert(database, database.models.withheld, rows)


async def withheld_between(database: Database, since: datetime, until: datetime) -> tuple[WithheldLetters, ...]:
    """What was withheld after `since` up to `until`, a row for each limit and what it is about."""
    rows = await database.rows(
        "SELECT limit_hit, about, letter, count(*) AS letters FROM withheld WHERE at > ? AND at <= ? "
        "GROUP BY limit_hit, about, letter ORDER BY limit_hit, about, letter",
        [in_utc(since), in_utc(until)],
    )
    return tuple(
        WithheldLetters(LimitReason(row["limit_hit"]), row["about"], Letter(row["letter"]), row["letters"])
        for row in rows
    )
