"""Watched mailboxes: how far each was read, places of mails, results of comparisons; and the canaries that must come back.

`Store.mailboxes`, `Store.canaries`. `note_places` and `take_canary` are steps of keeping mails (T1).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from bot.core.health.canary import KNOWN_FOR, Canaries
from bot.core.health.reconciliation import MailboxCheck
from bot.core.records.envelope import CANARY, MailboxPlace
from bot.core.records.incoming_mail import MailboxMemory
from bot.core.records.reasons import OutboxReason
from storage.database import models
from storage.database.connection import Database
from storage.database.fields import Utc, in_utc, storable
from storage.database.rows import batches, first_time
from storage.use_cases import journal
from storage.use_cases.base import UseCases, use_case
from storage.use_cases.journal import Entry

# Four values a row, and both databases take some 32,000 in a statement.
_PLACES_PER_STATEMENT = 500


class Mailboxes(UseCases):
    """Watched mailboxes."""

    @use_case
    async def memory(self, mailbox: str) -> MailboxMemory | None:
        """How far the mailbox was read; None before the first look."""
        row = await self._database.models.mailbox_memory.get_or_none(mailbox=storable(mailbox))
        return _memory_of(row) if row else None

    @use_case
    async def memories(self) -> tuple[MailboxMemory, ...]:
        """The same of all mailboxes, by name."""
        return tuple(_memory_of(row) for row in await self._database.models.mailbox_memory.all().order_by("mailbox"))

    @use_case
    async def remember(self, memory: MailboxMemory) -> None:
        """Save it in place of the mailbox's previous one."""
        await self._database.execute(
            "INSERT INTO mailbox_memory (mailbox, memory, looked_at) VALUES (?, ?, ?) "
            "ON CONFLICT (mailbox) DO UPDATE SET memory = excluded.memory, looked_at = excluded.looked_at",
            [storable(memory.mailbox), storable(memory.memory), in_utc(memory.looked_at)],
        )

    @use_case
    async def note_waiting(self, place: MailboxPlace) -> None:
        """Record a mail that the server lists and does not give now; a place that is recorded is not changed."""
        await self._database.execute(
            "INSERT INTO mail_place (mailbox, name, noted_at) VALUES (?, ?, ?) ON CONFLICT (mailbox, name) DO NOTHING",
            [storable(place.mailbox), storable(place.name), in_utc(self._database.clock())],
        )

    @use_case
    async def waiting(self, mailbox: str, since: datetime) -> Mapping[str, datetime]:
        """The names of places whose mails are not stored, and since when (after `since`) they are waited for."""
        rows = await self._database.rows(
            "SELECT name, noted_at FROM mail_place WHERE mailbox = ? AND mail_id IS NULL AND is_canary = 0 AND noted_at > ?",
            [storable(mailbox), in_utc(since)],
        )
        return {str(row["name"]): Utc().to_python_value(row["noted_at"]) for row in rows}

    @use_case
    async def known(self, mailbox: str, names: Sequence[str]) -> frozenset[str]:
        """Those names of places whose mails are stored; `keep` records each Arrival's place, also of a known mail."""
        known: set[str] = set()
        for some in batches(names, _PLACES_PER_STATEMENT):
            marks = ", ".join("?" * len(some))
            rows = await self._database.rows(
                f"SELECT name FROM mail_place WHERE mailbox = ? AND (mail_id IS NOT NULL OR is_canary = 1) AND name IN ({marks})",  # noqa: S608 - question marks
                [storable(mailbox), *map(storable, some)],
            )
            known.update(row["name"] for row in rows)
        return frozenset(known)

    @use_case
    async def note_check(self, check: MailboxCheck) -> None:
        """Save a comparison in place of the mailbox's previous one, with a journal line."""
        counts = {
            "on_server": check.on_server,
            "known": check.known,
            "missing": check.missing,
            "recovered": check.recovered,
        }
        changed = ", ".join(f"{name} = excluded.{name}" for name in ("checked_at", "days", *counts))
        async with self._database.transaction():
            await self._database.execute(
                "INSERT INTO mailbox_check (mailbox, checked_at, days, on_server, known, missing, recovered) "  # noqa: S608 - our own names
                f"VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (mailbox) DO UPDATE SET {changed}",
                [storable(check.mailbox), in_utc(check.checked_at), check.days, *counts.values()],
            )
            await journal.write(self._database, [Entry("mailbox.compared", "mailbox", check.mailbox, counts)])

    @use_case
    async def last_check(self, mailbox: str) -> MailboxCheck | None:
        """The last comparison of this mailbox; None before the first."""
        row = await self._database.models.mailbox_check.get_or_none(mailbox=storable(mailbox))
        return _check_of(row) if row else None

    @use_case
    async def checks(self) -> tuple[MailboxCheck, ...]:
        """The last comparison of each mailbox, by name."""
        return await checks(self._database)


def _memory_of(row: models.MailboxMemoryRecord) -> MailboxMemory:
    return MailboxMemory(row.mailbox, row.memory, row.looked_at)


async def note_places(database: Database, places: Sequence[tuple[MailboxPlace, int]]) -> None:
    """Save where mails lie, with their ids (CANARY: it was one). Called in a transaction. A place with a mail is not changed."""
    now = in_utc(database.clock())
    last = dict(places)  # a statement may not name a row twice
    for some in batches(tuple(last.items()), _PLACES_PER_STATEMENT):
        rows = ", ".join(["(?, ?, ?, ?, ?)"] * len(some))
        values = [
            value
            for place, mail_id in some
            for value in (
                *(storable(place.mailbox), storable(place.name), None if mail_id == CANARY else mail_id, now),
                int(mail_id == CANARY),
            )
        ]
        await database.execute(
            f"INSERT INTO mail_place (mailbox, name, mail_id, noted_at, is_canary) VALUES {rows} "  # noqa: S608 - question marks
            "ON CONFLICT (mailbox, name) DO UPDATE SET mail_id = excluded.mail_id, noted_at = excluded.noted_at, "
            "is_canary = excluded.is_canary WHERE mail_place.mail_id IS NULL AND mail_place.is_canary = 0",
            values,
        )


async def checks(database: Database) -> tuple[MailboxCheck, ...]:
    """The last comparison of each mailbox, by name."""
    return tuple(_check_of(row) for row in await database.models.mailbox_check.all().order_by("mailbox"))


def _check_of(row: models.MailboxCheckRecord) -> MailboxCheck:
    return MailboxCheck(row.mailbox, row.checked_at, row.days, row.on_server, row.known, row.missing, row.recovered)


class CanaryNotes(UseCases):
    """The canaries of the last day."""

    @use_case
    async def begin(self, name: str) -> None:
        """One is about to be sent, with no outcome yet. Those of more than a day ago are forgotten, but for the last that came back."""
        now = self._database.clock()
        async with self._database.transaction():
            await self._database.execute(
                "DELETE FROM canary WHERE sent_at < ? AND name NOT IN "
                "(SELECT name FROM canary WHERE back_at IS NOT NULL ORDER BY sent_at DESC LIMIT 1)",
                [in_utc(now - KNOWN_FOR)],
            )
            await self._database.execute(
                "INSERT INTO canary (name, sent_at, reason, reply) VALUES (?, ?, ?, '')",
                [name, in_utc(now), OutboxReason.OUTCOME_UNKNOWN],
            )

    @use_case
    async def sent(self, name: str, reason: OutboxReason, reply: str) -> None:
        """How its sending ended, and the relay's words."""
        await self._database.execute(
            "UPDATE canary SET reason = ?, reply = ? WHERE name = ?", [reason, storable(reply), name]
        )

    @use_case
    async def known(self) -> Canaries | None:
        """How it stands with them; None: none was ever sent."""
        return await canaries(self._database)


async def take_canary(database: Database, name: str) -> bool:
    """Note that this canary came back; a second copy changes nothing. False: it is of more than a day ago. Called in a transaction."""
    now = database.clock()
    return bool(
        await database.execute(
            "UPDATE canary SET back_at = coalesce(back_at, ?) WHERE name = ? AND sent_at >= ?",
            [in_utc(now), name, in_utc(now - KNOWN_FOR)],
        )
    )


async def canaries(database: Database) -> Canaries | None:
    """See `CanaryNotes.known`."""
    last = await database.rows("SELECT sent_at, reason, reply, back_at FROM canary ORDER BY sent_at DESC, name LIMIT 1")
    if not last:
        return None
    back = await database.rows(
        "SELECT sent_at, back_at FROM canary WHERE back_at IS NOT NULL ORDER BY sent_at DESC, name LIMIT 1"
    )
    after, values = ("AND sent_at > ?", [back[0]["sent_at"]]) if back else ("", [])
    missing = await first_time(
        database,
        f"SELECT min(sent_at) AS at FROM canary WHERE back_at IS NULL {after}",  # noqa: S608 - our own words
        values,
    )
    to_time = Utc().to_python_value
    back_at = to_time(back[0]["back_at"]) if back else None
    return Canaries(
        sent_at=to_time(last[0]["sent_at"]),
        is_back=last[0]["back_at"] is not None,
        reason=OutboxReason(last[0]["reason"]),
        reply=last[0]["reply"],
        back_at=back_at,
        took=back_at - to_time(back[0]["sent_at"]) if back_at else timedelta(0),
        missing_since=missing,
    )
