"""After a crash: release the leases of the dead daemon. After a wrong clock: leave no stored time in the future.

`Store.recovery`; `recover` is called by the app: on SQLite once at its start, under the daemon's lock, so every lease is a previous
daemon's; on PostgreSQL by the daemon that leads, for the claims of those that live no more (database/server_lock.py). The counts of attempts stay: a mail that crashes the daemon is still parked after three tries, and such a
letter returns to the usual waits. `set_times_right` is called at each tick: what a clock that was ahead has written can't have
happened later than now, and nothing waits longer than the longest wait there is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from bot.core.records.journal import RESTORED, JournalHead
from bot.core.records.outgoing_mail import Letter
from bot.core.records.reasons import OutboxReason
from bot.core.text.dates import JAPAN
from storage.database.connection import Database
from storage.database.fields import Utc, in_utc
from storage.database.models import table_of
from storage.database.rows import change, places, read
from storage.database.server_lock import LIVING
from storage.use_cases import journal
from storage.use_cases.base import UseCases, use_case
from storage.use_cases.journal import Entry

# A letter with this many attempts may be the cause of the crashes: it keeps its normal wait.
AT_ONCE_ATTEMPTS = 3

CLOCK, DAEMON = "clock", "daemon"
"""What journal lines about the machine's clock and the daemon's lives are about."""
CLOCK_TOLERANCE = timedelta(minutes=1)
"""So far two machines' clocks may differ, or one may be put back, without a word."""
LONGEST_WAIT = timedelta(days=1)
"""Longer than any mail or letter waits for its next attempt."""
AGAIN_AFTER = timedelta(minutes=10)
"""When what would wait longer is tried again: one that is in hand just now is finished by then."""

HAPPENED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "mail": ("state_at",),
        "mail_place": ("noted_at",),
        "canary": ("sent_at", "back_at"),
        "mailbox_memory": ("looked_at",),
        "mailbox_check": ("checked_at",),
        "withheld": ("at",),
        "guarantee_version": ("learnt_at",),
        "guarantee_seen": ("at",),
        "submission": ("state_at", "received_at"),
        "outbox": ("created_at", "queued_at", "done_at", "consent_at"),
        "dead_address": ("since",),
        "ticket_case": ("spent_at",),
        "reminder": ("told_at",),
        "reminder_done": ("at",),
        "alarm": ("since", "absent_since"),
        "worker": ("started_at", "done_at", "failing_since"),
    }
)
"""The columns that say when something happened: never later than now."""
WAITS: Mapping[str, tuple[str, ...]] = MappingProxyType({"mail": ("next_attempt_at",), "outbox": ("next_attempt_at",)})
"""The columns that say when something is tried again: soon."""
KEPT: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "mail": ("received_at",),  # the day is a part of the 受付番号
        "ticket": ("expires_at",),
        "guarantee": ("issued_at",),  # the register's
        "guarantee_version": ("issued_at",),
        "consent": ("at",),  # append-only; what counts follows from the numbers
        "journal": ("at",),  # append-only
    }
)
"""The columns that stay as they were written; no decision waits for one of them to pass."""


NUMBERS_LOST = 100_000
"""More mails than can have come, and numbers than can have been given, between a copy and its restore."""
NUMBERS_ROUND = 10_000
NUMBERS_OF_A_MINUTE = 1_000


@dataclass(frozen=True, slots=True)
class Replaced:
    """How far a database was that a copy has replaced: its journal's end, and the last number of each table."""

    head: JournalHead
    numbers: Mapping[str, int]


def _numbered_tables(database: Database) -> tuple[str, ...]:
    """The tables whose rows get numbers; the journal's have no gaps."""
    names = (table_of(model) for model in database.models.all() if "id" in model._meta.fields_map)  # noqa: SLF001 - as in models.py
    return tuple(name for name in names if name != "journal")


_WAS_AHEAD = "clock.was_ahead"
_LAST_LINES = 1000
"""Of the journal: what is looked at for a clock that was ahead."""


class Recovery(UseCases):
    """The leases of a previous daemon, the times of a wrong clock."""

    @use_case
    async def gone(self) -> frozenset[int]:
        """Whose claims are there, and who lives no more. SQLite: nobody; there the next daemon knows."""
        if self._database.dialect == "sqlite":
            return frozenset()
        rows = await self._database.rows(
            "SELECT owner FROM (SELECT owner FROM mail WHERE owner IS NOT NULL UNION "  # noqa: S608 - our own words
            f"SELECT owner FROM outbox WHERE owner IS NOT NULL) AS owners WHERE owner NOT IN ({LIVING})"
        )
        return frozenset(row["owner"] for row in rows)

    @use_case
    async def recover(self, gone: Collection[int] = ()) -> tuple[int, int]:
        """Make due at once what a daemon that died had in hand: received mails that were tried before, and letters whose last
        attempt has no result (reason outcome_unknown: they may arrive twice). Returns how many of each. On SQLite only for the holder
        of the daemon's lock, before it claims anything; on PostgreSQL those who are `gone`.
        """
        database, now = self._database, self._database.clock()
        of_mails = of_letters = f"owner IN ({places(tuple(gone))})"
        values: list[Any] = [*gone]
        if database.dialect == "sqlite":
            of_mails, values = "attempts > 0 AND next_attempt_at > ?", [in_utc(now)]
            of_letters = "unsure_attempts > 0 AND next_attempt_at > ?"
        elif not gone:
            return 0, 0
        async with database.transaction():
            freed = await database.execute(
                f"UPDATE mail SET next_attempt_at = ?, owner = NULL WHERE state = 'received' AND {of_mails}",  # noqa: S608 - our own words
                [in_utc(now), *values],
            )
            which = f"WHERE state = 'queued' AND {of_letters} AND attempts < ? ORDER BY id"
            values_and_most = [*values, AT_ONCE_ATTEMPTS]
            rows = await read(database, database.models.outbox, which, values_and_most, columns="id", lock=True)
            reason = OutboxReason.OUTCOME_UNKNOWN.value
            for row in rows:
                await change(
                    database, database.models.outbox, {"reason": reason, "next_attempt_at": now}, "id = ?", [row.id]
                )
            if (
                database.dialect == "postgresql"
            ):  # what waits as any other, was held or cancelled meanwhile, is nobody's either
                await database.execute(f"UPDATE outbox SET owner = NULL WHERE {of_letters}", values)  # noqa: S608 - likewise
            entries = [Entry("outgoing.interrupted", "outgoing", row.id, {"reason": reason}) for row in rows]
            await journal.write(database, entries)
        return freed, len(rows)

    @use_case
    async def set_times_right(self) -> int:
        """Let no row lie in the future, where the journal or a summary shows that the clock was ahead; the journal tells it.
        Returns how many values were changed.
        """
        now, ahead_until = self._database.clock(), await self._written_last()
        if ahead_until is None or ahead_until <= now + CLOCK_TOLERANCE:
            return 0
        changed = 0
        async with self._database.transaction():
            for columns, latest, value in (
                (HAPPENED, now, now),
                (WAITS, now + LONGEST_WAIT, now + AGAIN_AFTER),
            ):
                for table, name in ((table, name) for table, names in columns.items() for name in names):
                    sql = f"UPDATE {table} SET {name} = ? WHERE {name} > ?"  # noqa: S608 - our own names
                    changed += await self._database.execute(sql, [in_utc(value), in_utc(latest)])
            today = now.astimezone(JAPAN).date().isoformat()
            await self._database.execute("UPDATE alarm SET told_on = '' WHERE told_on > ?", [today])
            detail = {"ahead_until": ahead_until.isoformat(timespec="seconds"), "values": changed}
            await journal.write(self._database, [Entry(_WAS_AHEAD, CLOCK, "", detail)])
        return changed

    async def _written_last(self) -> datetime | None:
        """The time that lies farthest ahead among the last lines of the journal since times were set right, and the summaries.

        Every change has a line; lines of the right clock may stand behind those of the wrong one (a jump that was noted, a start).
        """
        rows = await self._database.rows(
            "SELECT max(at) AS at FROM (SELECT at FROM journal WHERE id > COALESCE((SELECT max(id) FROM journal WHERE subject_kind = ? "
            "AND event = ?), 0) ORDER BY id DESC LIMIT ?) AS line UNION ALL SELECT max(created_at) FROM outbox WHERE letter = ?",
            [CLOCK, _WAS_AHEAD, _LAST_LINES, Letter.SUMMARY.value],
        )
        return max((Utc().to_python_value(row["at"]) for row in rows if row["at"] is not None), default=None)

    @use_case
    async def note_restored(self, *, actor: str, replaced: Replaced | None = None) -> int:
        """The database is a copy, and what was given after it is not in it: numbers go on above any that can have been given. The
        journal tells it. `replaced`: how far the old database was, where it is known; else each minute of the day has numbers of its
        own, since the same copy may be put back twice. Returns the next mail's number, 0 for a database in which nothing has happened.
        """
        kept, first = await journal.head(self._database), 0
        if kept.number:
            first = await self._note_restored(kept, replaced, actor)
        if self._database.files is not None:
            self._database.files.settle()
        return first

    async def _note_restored(self, kept: JournalHead, replaced: Replaced | None, actor: str) -> int:
        now = self._database.clock().astimezone(JAPAN)
        minutes = 0 if replaced else (now.hour * 60 + now.minute + 1) * NUMBERS_OF_A_MINUTE
        async with self._database.transaction():
            first = 0
            for table in _numbered_tables(self._database):
                above = replaced.numbers.get(table, 0) if replaced else 0
                number = await self._jump(table, above, minutes)
                first = number + 1 if table == "mail" else first
            detail = {"kept": str(kept), "lost": str(replaced.head) if replaced else "", "next_mail": first}
            await journal.write(self._database, [Entry(RESTORED, "database", "", detail, actor)])
        return first

    async def _jump(self, table: str, above: int, further: int) -> int:
        """Let a table's numbers go on far above its last one and `above`; returns where they begin, less one."""
        database = self._database
        asked = f"SELECT COALESCE(max(id), 0) AS last FROM {table}"  # noqa: S608 - our own names
        last: int = (await database.rows(asked))[0]["last"]
        number = ((max(last, above) + NUMBERS_LOST) // NUMBERS_ROUND + 1) * NUMBERS_ROUND + further
        if database.dialect == "postgresql":
            await database.rows("SELECT setval(pg_get_serial_sequence(?, 'id'), ?)", [table, number])
        elif not await database.execute("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", [number, table]):
            await database.execute("INSERT INTO sqlite_sequence (seq, name) VALUES (?, ?)", [number, table])
        return number

    @use_case
    async def note_run(self, *, started: bool, place: str = "") -> None:
        """Write into the journal that the daemon has started, or has stopped as it was told to: what has no stop was a crash.
        `place`: which one, where there may be several.
        """
        async with self._database.transaction():
            event = "daemon.started" if started else "daemon.stopped"
            await journal.write(self._database, [Entry(event, DAEMON, "", {"place": place} if place else {})])

    @use_case
    async def note_jump(self, seconds: int) -> None:
        """Write into the journal that the clock was put forward (or back: less than 0) while the daemon ran."""
        async with self._database.transaction():
            await journal.write(self._database, [Entry("clock.jumped", CLOCK, "", {"seconds": seconds})])
