"""Mailboxes on IMAP servers: how far each was read, which of its mails is which of ours, what the last comparison found.

`Store.mailboxes`. `note_places` is a step of keeping mails (T1).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from bot.core.health.reconciliation import MailboxCheck
from bot.core.records.envelope import MailboxPlace
from bot.core.records.incoming_mail import MailboxCursor
from storage.database import models
from storage.database.connection import Database
from storage.database.fields import in_utc, storable
from storage.use_cases import journal
from storage.use_cases.base import UseCases, use_case
from storage.use_cases.journal import Entry

# Five values a row, and both databases take some 32,000 in a statement.
_PLACES_PER_STATEMENT = 500

Item = TypeVar("Item")


class Mailboxes(UseCases):
    """Mailboxes on IMAP servers: how far each was read, which of its mails is which of ours, what was compared."""

    @use_case
    async def cursor(self, mailbox: str) -> MailboxCursor | None:
        """How far this mailbox was read; None before the first look."""
        row = await self._database.models.mailbox_cursor.get_or_none(mailbox=storable(mailbox))
        return _cursor_of(row) if row else None

    @use_case
    async def cursors(self) -> tuple[MailboxCursor, ...]:
        """How far each mailbox was read, by name."""
        return tuple(_cursor_of(row) for row in await self._database.models.mailbox_cursor.all().order_by("mailbox"))

    @use_case
    async def save_cursor(self, cursor: MailboxCursor) -> None:
        """Remember how far a mailbox was read, in place of what was known."""
        await self._database.execute(
            "INSERT INTO mailbox_cursor (mailbox, uidvalidity, last_uid, looked_at, watermark) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (mailbox) DO UPDATE SET uidvalidity = excluded.uidvalidity, last_uid = excluded.last_uid, "
            "looked_at = excluded.looked_at, watermark = excluded.watermark",
            [storable(cursor.mailbox), cursor.uidvalidity, cursor.last_uid, in_utc(cursor.looked_at), cursor.watermark],
        )

    @use_case
    async def note_gone(self, places: Sequence[MailboxPlace]) -> None:
        """Mails that were gone from their server before they could be fetched; what is known of a place stays."""
        if places:
            async with self._database.transaction():
                await note_places(self._database, [(place, None) for place in places])

    @use_case
    async def known_uids(self, mailbox: str, uidvalidity: int, uids: Sequence[int]) -> frozenset[int]:
        """Those of the UIDs whose mails were kept (`keep` notes each Arrival's place, of a known mail too)."""
        known: set[int] = set()
        for some in _portions(tuple(uids)):
            marks = ", ".join("?" * len(some))
            rows = await self._database.rows(
                "SELECT uid FROM mail_place WHERE mailbox = ? AND uidvalidity = ? AND mail_id IS NOT NULL "  # noqa: S608 - question marks
                f"AND uid IN ({marks})",
                [storable(mailbox), uidvalidity, *some],
            )
            known.update(row["uid"] for row in rows)
        return frozenset(known)

    @use_case
    async def note_check(self, check: MailboxCheck) -> None:
        """Remember what a comparison of a mailbox with the server found, in place of the last one, and in the journal."""
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


def _cursor_of(row: models.MailboxCursorRecord) -> MailboxCursor:
    return MailboxCursor(row.mailbox, row.uidvalidity, row.last_uid, row.looked_at, row.watermark)


async def note_places(database: Database, places: Sequence[tuple[MailboxPlace, int | None]]) -> None:
    """Where these mails lie on their server (None: gone before it could be fetched). Called in a transaction.

    What is known of a place is not forgotten: a mail that was fetched once stays so.
    """
    now = in_utc(database.clock())
    last = {place: mail_id for place, mail_id in places if place is not None}  # a statement may not name a row twice
    for some in _portions(tuple(last.items())):
        rows = ", ".join(["(?, ?, ?, ?, ?)"] * len(some))
        values = [
            value
            for place, mail_id in some
            for value in (storable(place.mailbox), place.uidvalidity, place.uid, mail_id, now)
        ]
        await database.execute(
            f"INSERT INTO mail_place (mailbox, uidvalidity, uid, mail_id, noted_at) VALUES {rows} "  # noqa: S608 - question marks
            "ON CONFLICT (mailbox, uidvalidity, uid) DO UPDATE SET mail_id = excluded.mail_id, "
            "noted_at = excluded.noted_at WHERE mail_place.mail_id IS NULL",
            values,
        )


def _portions(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), _PLACES_PER_STATEMENT):
        yield items[start : start + _PLACES_PER_STATEMENT]


async def checks(database: Database) -> tuple[MailboxCheck, ...]:
    """The last comparison of each mailbox, by name."""
    return tuple(_check_of(row) for row in await database.models.mailbox_check.all().order_by("mailbox"))


def _check_of(row: models.MailboxCheckRecord) -> MailboxCheck:
    return MailboxCheck(row.mailbox, row.checked_at, row.days, row.on_server, row.known, row.missing, row.recovered)
