"""The journal: who did what when, written in the transaction of the change. Append-only, hash-chained; never holds a key.

`write` is called by the use-case modules in a transaction; the rest is `Store.journal`. Raises StoreError.

    line 1 ──hash──▶ line 2 ──hash──▶ line 3        journal_head: (3, hash of line 3)

Each line's hash covers the hash of the line before it and the line's own content (bot/core/records/journal.py). So a changed,
removed, inserted or moved line changes all later hashes. Numbers have no gaps, and the head shows when the end is cut off.
Who can rewrite the whole chain and the head is detected by an old head, which summaries show (`verify(expected)`). Lines are
chained as the last step of the transaction: the head row is locked only until the commit, and writers can't deadlock.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from bot.core.policy.masking import without_keys
from bot.core.policy.policy import Formats
from bot.core.records.journal import (
    BEGINNING,
    RESTORED,
    JournalBreak,
    JournalCheck,
    JournalHead,
    JournalLine,
    Restore,
    link,
)
from storage.database.connection import Database
from storage.database.fields import in_utc, json_text, storable
from storage.database.rows import Rows, insert
from storage.errors import StoreError
from storage.use_cases.base import UseCases, use_case

# The actor of the daemon's own actions.
BOT = "bot"

_COLUMNS = "id, at, actor, event, subject_kind, subject_id, detail, hash"
# Lines in a batch of `verify`; some 300 bytes each.
_BATCH = 500
# The smallest id of a table, so that a forged line with a number below 1 is found too.
_BEFORE_ALL = -(2**63)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line to be written."""

    event: str  # "mail.sorted", "submission.accepted", …
    kind: str  # the kind of row that it is about: "mail", "submission", …
    subject: str | int  # that row's id or receipt number
    detail: dict[str, Any] = field(default_factory=dict)  # JSON without floats, which may change in the database
    actor: str = BOT


async def write(database: Database, entries: Sequence[Entry]) -> None:
    """Append the entries as a last step of the current transaction."""
    now = in_utc(database.clock())
    lines = [
        JournalLine(
            number=0,
            at=now,
            actor=storable(entry.actor),
            event=storable(entry.event),
            subject_kind=storable(entry.kind),
            subject_id=storable(str(entry.subject)),
            detail=json.loads(
                json_text(without_keys(entry.detail, Formats()))
            ),  # hash what will be read: tuples become lists
        )
        for entry in database.steps.through(entries)
    ]
    database.at_the_end(_append, lines)


async def _append(database: Database, lines: Sequence[JournalLine]) -> None:
    last = await _locked_head(database)
    rows: list[dict[str, Any]] = []
    for line in database.steps.through(lines):
        numbered = replace(line, number=last.number + 1)
        last = JournalHead(numbered.number, link(last.hash, numbered))
        rows.append(
            {
                "id": numbered.number,
                "at": line.at,
                "actor": line.actor,
                "event": line.event,
                "subject_kind": line.subject_kind,
                "subject_id": line.subject_id,
                "detail": line.detail,
                "hash": last.hash,
            }
        )
    await insert(database, database.models.journal, rows)
    await _set_head(database, last)


async def _locked_head(database: Database) -> JournalHead:
    lock = " FOR UPDATE" if database.dialect == "postgresql" else ""  # SQLite: the transaction has the only write lock
    rows = await database.rows(f"SELECT number, hash FROM journal_head{lock}")  # noqa: S608 - two constants
    if not rows:
        raise StoreError("記録（journal）の末尾を示す行がありません。./run journal verify で確かめてください")
    return JournalHead(rows[0]["number"], rows[0]["hash"])


async def _set_head(database: Database, last: JournalHead) -> None:
    """Save number and hash of the last line."""
    await database.execute("UPDATE journal_head SET number = ?, hash = ?", [last.number, last.hash])


async def head(database: Rows) -> JournalHead:
    """The last line's number and hash; BEGINNING before the first."""
    rows = await database.rows("SELECT number, hash FROM journal_head")
    return JournalHead(rows[0]["number"], rows[0]["hash"]) if rows else BEGINNING


async def verify(rows_of: Rows, expected: JournalHead | None = None) -> JournalCheck:
    """Read the whole journal of a database, or of a copy, in batches and recompute its chain.

    `expected`: a head from an old summary; the journal must still have that line, unchanged.
    """
    # The head is read after the lines; lines written in the meantime are read in a further round.
    last = BEGINNING
    if expected is not None and not _agree(expected, last):
        return JournalCheck(0, last, JournalBreak.REWRITTEN, 0)
    restores: list[Restore] = []
    is_lost = False
    while True:
        async for rows in _lines_after(rows_of, last.number or _BEFORE_ALL):
            for row in rows:
                broken = _broken(last, row, expected)
                if row["event"] == RESTORED and broken in {None, JournalBreak.REWRITTEN}:
                    restores.append(Restore.of(_line_of(row)))
                if broken is JournalBreak.REWRITTEN and _may_be_lost(expected, restores):
                    broken, is_lost = None, True
                if broken is not None:
                    return JournalCheck(last.number, last, broken, min(row["id"], last.number + 1))
                last = JournalHead(row["id"], row["hash"])
        stored = await head(rows_of)
        if stored.number > last.number and await _is_there(rows_of, stored.number):
            continue  # a line came between the last batch and the head
        if expected is not None and expected.number > last.number:
            is_lost = _may_be_lost(expected, restores)
        found = _ended(last, stored, None if is_lost else expected)
        if found.is_whole and expected is not None and is_lost:
            found = replace(found, broken=JournalBreak.RESTORED, at=expected.number)
        return replace(found, restores=tuple(restores))


class Journal(UseCases):
    """Read and verify the journal; log the display of keys, and which version of the program comes."""

    @use_case
    async def head(self) -> JournalHead:
        """The last line's number and hash; (0, zeros) before the first."""
        return await head(self._database)

    @use_case
    async def lines(self, *, subject: tuple[str, str] | None = None, limit: int = 100) -> tuple[JournalLine, ...]:
        """Newest first. `subject`: only the lines about this row, e.g. ("guarantee", "12")."""
        where = "WHERE subject_kind = ? AND subject_id = ?" if subject else ""
        rows = await self._database.rows(
            f"SELECT {_COLUMNS} FROM journal {where} ORDER BY id DESC LIMIT ?",  # noqa: S608 - constants
            [*(map(storable, subject) if subject else ()), limit],
        )
        return tuple(_line_of(row) for row in rows)

    @use_case
    async def lines_since(self, since: datetime) -> tuple[JournalLine, ...]:
        """All lines since then, oldest first."""
        rows = await self._database.rows(f"SELECT {_COLUMNS} FROM journal WHERE at >= ? ORDER BY id", [in_utc(since)])  # noqa: S608 - constants
        return tuple(_line_of(row) for row in rows)

    @use_case
    async def verify(self, expected: JournalHead | None = None) -> JournalCheck:
        """See the function of this name."""
        return await verify(self._database, expected)

    @use_case
    async def note_keys_shown(self, shown: Sequence[tuple[str, str | int]], *, actor: str, command: str) -> None:
        """Write a line for each row whose key is about to be displayed. Call it first; display nothing when it raises.

        `shown`: (kind, id) as in Entry: ("guarantee", 12), ("submission", receipt number), ("mail", 3).
        """
        entries = [Entry("key.shown", kind, subject, {"command": command}, actor) for kind, subject in shown]
        async with self._database.transaction():
            await write(self._database, entries)

    @use_case
    async def note_upgrade(self, *, old: str, new: str, actor: str, went_back: str = "") -> None:
        """Write that a version takes the place of another, or, with the reason, that it did not stay. Written by the old one."""
        event = "program.went_back" if went_back else "program.upgrade"
        detail = {"old": old, "new": new} | ({"why": went_back} if went_back else {})
        async with self._database.transaction():
            await write(self._database, [Entry(event, "program", "", detail, actor)])


async def _lines_after(database: Rows, number: int) -> AsyncIterator[list[dict[str, Any]]]:
    """The raw lines after `number`, ascending, in batches, until there are no more."""
    while True:
        rows = await database.rows(
            f"SELECT {_COLUMNS} FROM journal WHERE id > ? ORDER BY id LIMIT ?",  # noqa: S608 - constants
            [number, _BATCH],
        )
        if not rows:
            return
        yield rows
        number = rows[-1]["id"]


def _line_of(row: dict[str, Any]) -> JournalLine:
    """The line of a raw row. Raises ValueError, TypeError or RecursionError for a row that this program did not write."""
    at, detail = row["at"], row["detail"]
    return JournalLine(
        number=row["id"],
        at=in_utc(at if isinstance(at, datetime) else datetime.fromisoformat(at)),
        actor=row["actor"],
        event=row["event"],
        subject_kind=row["subject_kind"],
        subject_id=row["subject_id"],
        detail=detail if isinstance(detail, dict) else json.loads(detail),
        hash=row["hash"],
    )


def _broken(last: JournalHead, row: dict[str, Any], expected: JournalHead | None) -> JournalBreak | None:
    """The break between `last` and the following row; None when the row is right."""
    if row["id"] != last.number + 1:
        return JournalBreak.MISSING if row["id"] > last.number else JournalBreak.ADDED
    try:
        right = link(last.hash, _line_of(row))
    except (ValueError, TypeError, RecursionError):
        return JournalBreak.CHANGED
    if right != row["hash"]:
        return JournalBreak.CHANGED
    return None if expected is None or _agree(expected, JournalHead(row["id"], right)) else JournalBreak.REWRITTEN


def _agree(expected: JournalHead, line: JournalHead) -> bool:
    """False when `line` has the expected number but another hash."""
    return expected.number != line.number or line.hash.startswith(expected.hash)


def _may_be_lost(expected: JournalHead | None, restores: Sequence[Restore]) -> bool:
    """Whether the expected line may be one that a restore has lost."""
    return expected is not None and any(one.has_lost(expected.number) for one in restores)


def _ended(last: JournalHead, stored: JournalHead, expected: JournalHead | None) -> JournalCheck:
    """Compare the last line of an unbroken chain with the stored head and the expected one."""
    known = max(stored.number, expected.number if expected else 0)
    if known > last.number:
        return JournalCheck(last.number, last, JournalBreak.CUT, last.number + 1)
    if stored.number < last.number:
        return JournalCheck(last.number, last, JournalBreak.ADDED, stored.number + 1)
    if stored.hash != last.hash:
        return JournalCheck(last.number, last, JournalBreak.CHANGED, last.number)
    return JournalCheck(last.number, last)


async def _is_there(database: Rows, number: int) -> bool:
    return bool(await database.rows("SELECT 1 AS there FROM journal WHERE id = ?", [number]))
