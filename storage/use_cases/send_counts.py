"""The counts of queued letters, which the limits are compared with, and the letters withheld because of a limit.

`Store.send_counts`. `note_withheld` is also a step of settling and parking.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.core.records.outgoing_mail import Letter
from bot.core.records.reasons import LimitReason, SubmissionReason
from bot.core.records.send_counts import Counts, Named, RecentCounts, SendCount, Withheld, canonical_mailbox
from bot.core.summary.facts import WithheldLetters
from bot.core.verdict.send_limits import REPLIES, counted_domain
from storage.database.connection import Database
from storage.database.fields import in_utc, storable
from storage.database.rows import insert
from storage.use_cases.base import UseCases, use_case

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MOST_NUMBERS = 1000
"""The most unknown numbers read of one sender; above any limit."""

_COUNTED = "count(*) AS in_day, count(CASE WHEN created_at >= ? THEN 1 END) AS in_hour"
_SINCE = "created_at >= ? AND state <> 'cancelled'"


class SendCounts(UseCases):
    """Counts of letters, for the limits."""

    @use_case
    async def lately(self, sender: str, others: Sequence[str] = (), *, is_domain_shared: bool = False) -> RecentCounts:
        """What was queued in the last hour and the last 24, cancelled letters left out: to the sender ("" = nobody), under the
        other names (core/records/send_counts.py), to the sender's domain, and in all; the unknown numbers that he named, and whether
        he is named. `is_domain_shared`: his domain names nobody.
        """
        now = in_utc(self._database.clock())
        addresses = sorted({*([canonical_mailbox(sender)] if sender else []), *others})
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
            named=await _named(self._database, sender, is_domain_shared=is_domain_shared),
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
        "AND number <> '' AND (CAST(reasons AS TEXT) LIKE ? OR CAST(reasons AS TEXT) LIKE ?) "
        "AND CAST(reasons AS TEXT) NOT LIKE ? LIMIT ?",
        [
            storable(sender.lower()),
            since,
            *(f'%"{reason.value}"%' for reason in (*unknown, SubmissionReason.SENDER_UNPROVEN)),
            MOST_NUMBERS,
        ],
    )
    return frozenset(row["number"] for row in rows)


async def _named(database: Database, sender: str, *, is_domain_shared: bool) -> Named:
    """Whether the register, or a verified submission of a sender who was no machine and not unproven, has the address or its domain."""
    own = storable(sender.strip().lower())
    if not own:
        return Named.NOT
    domain = " " if is_domain_shared else own.rpartition("@")[2]  # no address ends with a blank
    reasons = (SubmissionReason.VERIFIED_IN_DSURE, SubmissionReason.SENDER_UNPROVEN, SubmissionReason.SENDER_AUTOMATIC)
    likes = [f'%"{reason.value}"%' for reason in reasons]
    rows = await database.rows(_NAMED, [own, own, *likes, domain, domain, *likes])
    return Named(rows[0]["named"])


def _domain(column: str) -> str:
    """What stands behind the last @ of a column; the indexes guarantee_by_domain and submission_by_domain have the same words."""
    return f"replace(lower({column}), rtrim(lower({column}), replace(lower({column}), '@', '')), '')"


_VERIFIED = (
    "state IN ('accepted', 'verified') AND CAST(reasons AS TEXT) LIKE ? "
    "AND CAST(reasons AS TEXT) NOT LIKE ? AND CAST(reasons AS TEXT) NOT LIKE ?"
)
_NAMED = (
    "SELECT CASE WHEN EXISTS (SELECT 1 FROM guarantee WHERE email <> '' AND lower(email) = ?) "  # noqa: S608 - our own words
    f"OR EXISTS (SELECT 1 FROM submission WHERE lower(sender) = ? AND {_VERIFIED}) THEN 2 "
    f"WHEN EXISTS (SELECT 1 FROM guarantee WHERE email <> '' AND {_domain('email')} = ?) "
    f"OR EXISTS (SELECT 1 FROM submission WHERE {_domain('sender')} = ? AND {_VERIFIED}) THEN 1 ELSE 0 END AS named"
)


async def note_withheld(database: Database, mail_id: int, withheld: Sequence[Withheld]) -> None:
    """Record the withheld letters, for the summary."""
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
    """The letters withheld after `since` up to `until`, a row for each limit and its subject."""
    rows = await database.rows(
        "SELECT limit_hit, about, letter, count(*) AS letters FROM withheld WHERE at > ? AND at <= ? "
        "GROUP BY limit_hit, about, letter ORDER BY limit_hit, about, letter",
        [in_utc(since), in_utc(until)],
    )
    return tuple(
        WithheldLetters(LimitReason(row["limit_hit"]), row["about"], Letter(row["letter"]), row["letters"])
        for row in rows
    )
