"""The rotation of the keys, and the count of values sealed by each key.

`Store.keys`. A rotation may be interrupted at any point: the file holds the old key until all rows are sealed by the new one,
and the next call continues. Raises StoreError.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from bot.crash_points import crash_point
from bot.progress import Steps, Tell, untold
from storage.database import mapping
from storage.database.connection import Database
from storage.errors import StoreError, Unreadable
from storage.keys.key_file import KeyFile
from storage.keys.vault import bytes_prefix, key_id_of, text_prefix
from storage.use_cases import case_words, journal
from storage.use_cases.base import UseCases, use_case
from storage.use_cases.journal import Entry

# Tables with mails.
_WITH_MAILS = ("mail", "outbox")
# Tables with a column auth_key; submissions have a mark of the key besides.
_WITH_KEYS = ("guarantee", "submission")
# Tables with a column of texts that quote a sender.
_WITH_WORDS = ("mail", "submission", "outbox")
_ROWS = 500
# Bytes of mails in one transaction; other writers wait for it.
_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Sealed:
    """The numbers of access keys and mails that a rotation has sealed again."""

    keys: int = 0
    mails: int = 0


@dataclass(frozen=True, slots=True)
class KeysCheck:
    """Whether key file and database belong together."""

    key_ids: tuple[str, ...]  # of the file, the sealing one first
    sealing: str  # the id of the sealing key that the database names
    keys: tuple[tuple[str, int], ...]  # (key id, number of access keys sealed by it); id "": not sealed
    mails: tuple[tuple[str, int], ...]  # the same for mails
    words: tuple[tuple[str, int], ...]  # the same for texts that quote a sender
    unreadable: int  # access keys that could not be unsealed

    @property
    def fits(self) -> bool:
        """Whether the file's keys unseal everything."""
        strange = {key_id for key_id, _ in (*self.keys, *self.mails, *self.words)} - set(self.key_ids)
        return not strange and not self.unreadable and self.sealing in self.key_ids

    @property
    def is_rotating(self) -> bool:
        """Whether a rotation is unfinished."""
        return len(self.key_ids) > 1


class KeyRotation(UseCases):
    """Check and rotate the keys."""

    @use_case
    async def check(self) -> KeysCheck:
        """Count the values by key, and unseal every access key. Mails are counted by the key id in their prefix only."""
        return await _check(self._database)

    @use_case
    async def rotate(self, keys: KeyFile, *, actor: str, tell: Tell = untold) -> Sealed:
        """Add a new first key to the file, seal everything by it, remove the old keys; or continue an interrupted rotation.

        `keys`: the file with which this store was opened. No daemon may run (database/daemon_lock.py). What `tell` raises interrupts it. Raises StoreError.
        """
        steps = Steps(tell, await _count(self._database))
        steps.done(0)
        self._database.vault = vault = keys.begin_rotation()
        newest = vault.key_ids[0]
        _step()
        async with self._database.transaction():
            # From here on a process that has only the old key can't write sealed values: see Database.transaction.
            await self._database.execute(
                "UPDATE vault SET key_id = ?, secret = ?", [newest, vault.seal_text(self._database.secret)]
            )
            await journal.write(self._database, [Entry("keys.rotating", "keys", newest, {}, actor)])
        _step()
        counts = {"keys": 0, "mails": 0}
        for table in _WITH_KEYS:
            async for ids in _portions(self._database, table, "auth_key", text_prefix(newest)):
                async with self._database.transaction():
                    await _seal_keys(self._database, table, ids)
                    _step()
                counts["keys"] += len(ids)
                steps.done(len(ids))
        for table in _WITH_WORDS:
            async for ids in _portions(self._database, table, "quoted", text_prefix(newest)):
                async with self._database.transaction():
                    await _seal_words(self._database, table, ids)
                    _step()
                steps.done(len(ids))
        for table in _WITH_MAILS:
            async for ids in _portions(self._database, table, "content", bytes_prefix(newest)):
                async with self._database.transaction():
                    counts["mails"] += await _seal_mails(self._database, table, ids)
                    _step()
                steps.done(len(ids))
        found = await _check(self._database)
        if {key_id for key_id, _ in (*found.keys, *found.mails, *found.words)} - {newest}:
            raise StoreError("古い鍵で暗号化されたものが残っています。./run keys rotate をもう一度実行してください")
        async with self._database.transaction():
            await journal.write(self._database, [Entry("keys.rotated", "keys", newest, dict(counts), actor)])
        _step()
        self._database.vault = keys.end_rotation()
        return Sealed(**counts)


_SEALED = (*((table, "auth_key") for table in _WITH_KEYS), *((table, "quoted") for table in _WITH_WORDS), *((table, "content") for table in _WITH_MAILS))  # fmt: skip


async def _count(database: Database) -> int:
    """How many values are sealed."""
    counted = [
        await database.rows(f"SELECT count({column}) AS values_of_it FROM {table}")  # noqa: S608 - our names
        for table, column in _SEALED
    ]
    return sum(rows[0]["values_of_it"] for rows in counted)


def _step() -> None:
    """Between two steps of a rotation."""
    crash_point("keys.rotating")


async def _check(database: Database) -> KeysCheck:
    """The counts of `KeyRotation.check`."""
    vault = database.vault
    unreadable = 0
    keys: Counter[str] = Counter()
    for table in _WITH_KEYS:
        async for ids in _portions(database, table, "auth_key", None):
            for row in await _rows(database, table, "auth_key", ids):
                keys[key_id_of(row["auth_key"])] += 1
                try:
                    vault.unseal(row["auth_key"])
                except Unreadable:
                    unreadable += 1
    mails = await _heads(database, _WITH_MAILS, "content", len(bytes_prefix(vault.key_ids[0])))
    words = await _heads(database, _WITH_WORDS, "quoted", len(text_prefix(vault.key_ids[0])))
    sealing = (await database.rows("SELECT key_id FROM vault"))[0]["key_id"]
    return KeysCheck(
        vault.key_ids,
        sealing,
        keys=tuple(sorted(keys.items())),
        mails=tuple(sorted(mails.items())),
        words=tuple(sorted(words.items())),
        unreadable=unreadable,
    )


async def _heads(database: Database, tables: Sequence[str], column: str, length: int) -> Counter[str]:
    """How many values of the column each key has sealed, by the beginnings alone."""
    counts: Counter[str] = Counter()
    for table in tables:
        heads = await database.rows(
            f"SELECT head, count(*) AS rows_of_it FROM (SELECT substr({column}, 1, ?) AS head FROM {table} "  # noqa: S608 - our names
            f"WHERE {column} IS NOT NULL) AS heads GROUP BY head",
            [length],
        )
        for row in heads:
            counts[key_id_of(row["head"])] += row["rows_of_it"]
    return counts


# -- rows


async def _portions(
    database: Database, table: str, column: str, prefix: str | bytes | None
) -> AsyncIterator[list[int]]:
    """The ids of the rows whose column lacks the prefix (None: of all non-NULL ones), in portions for one transaction each."""
    last = 0
    unlike = "" if prefix is None else f"AND substr({column}, 1, ?) <> ?"
    values = [] if prefix is None else [len(prefix), prefix]
    while True:
        rows = await database.rows(
            f"SELECT id, length({column}) AS size FROM {table} WHERE id > ? AND {column} IS NOT NULL {unlike} "  # noqa: S608 - our names
            "ORDER BY id LIMIT ?",
            [last, *values, _ROWS],
        )
        if not rows:
            return
        portion: list[int] = []
        size = 0
        for row in rows:
            if portion and size + row["size"] > _BYTES:
                yield portion
                portion, size = [], 0
            portion.append(row["id"])
            size += row["size"]
        yield portion
        last = rows[-1]["id"]


async def _rows(database: Database, table: str, column: str, ids: Sequence[int]) -> list[dict[str, Any]]:
    """The rows whose column is not NULL; on PostgreSQL locked until the transaction ends."""
    lock = " FOR UPDATE" if database.dialect == "postgresql" else ""
    places = ", ".join("?" * len(ids))
    return await database.rows(
        f"SELECT id, {column} FROM {table} WHERE id IN ({places}) AND {column} IS NOT NULL ORDER BY id{lock}",  # noqa: S608 - our names
        list(ids),
    )


async def _seal_keys(database: Database, table: str, ids: Sequence[int]) -> None:
    """Seal and mark these rows' access keys by the first key."""
    vault = database.vault
    changes: list[list[Any]] = []
    for row in await _rows(database, table, "auth_key", ids):
        key = vault.unseal(row["auth_key"])
        marks = [vault.mark(key)] if table == "submission" else []
        changes.append([vault.seal(key), *marks, row["id"]])
    columns = "auth_key = ?, key_mark = ?" if table == "submission" else "auth_key = ?"
    if changes:
        await database.execute_many(f"UPDATE {table} SET {columns} WHERE id = ?", changes)  # noqa: S608 - our names


async def _seal_words(database: Database, table: str, ids: Sequence[int]) -> None:
    """Seal these rows' texts by the first key."""
    vault = database.vault
    rows = await _rows(database, table, "quoted", ids)
    changes = [[vault.seal_text(vault.unseal_text(row["quoted"])), row["id"]] for row in rows]
    if changes:
        await database.execute_many(f"UPDATE {table} SET quoted = ? WHERE id = ?", changes)  # noqa: S608 - our names
    if table == "submission":
        cases = await database.models.submission.filter(id__in=list(ids))
        await case_words.write(database, [mapping.submission_of(row, vault) for row in cases])


async def _seal_mails(database: Database, table: str, ids: Sequence[int]) -> int:
    """Seal these mails by the first key; returns how many."""
    vault = database.vault
    rows = await _rows(database, table, "content", ids)
    for row in rows:
        sealed = await vault.seal_mail(await vault.unseal_mail(row["content"]))
        await database.execute(f"UPDATE {table} SET content = ? WHERE id = ?", [sealed, row["id"]])  # noqa: S608 - our names
    return len(rows)
