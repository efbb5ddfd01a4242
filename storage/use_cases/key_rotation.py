"""The rotation of the keys, and the count of what each has sealed.

`Store.keys`. A rotation may be cut off anywhere: until its last row is done the file holds the old key too, and the next one
goes on. Raises StoreError.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from bot.crash_points import crash_point
from storage.database.connection import Database
from storage.errors import StoreError, Unreadable
from storage.keys.key_file import KeyFile
from storage.keys.vault import bytes_prefix, key_id_of, text_prefix
from storage.use_cases import journal
from storage.use_cases.base import UseCases, use_case
from storage.use_cases.journal import Entry

# Tables with mails: of those that leave only the ones that show a key are sealed.
_WITH_MAILS = ("mail", "outbox")
# Tables with a column auth_key; submissions have a mark of the key besides.
_WITH_KEYS = ("guarantee", "submission")
_ROWS = 500
# Mails in one transaction, by size: what a daemon that waits for it may be kept waiting.
_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Sealed:
    """How many keys and mails a rotation has sealed anew."""

    keys: int = 0
    mails: int = 0


@dataclass(frozen=True, slots=True)
class KeysCheck:
    """How file and database fit. `key_ids`: the file's, the one that seals first; `sealing`: the one that the database knows.

    `keys`, `mails`: how many each key has sealed, by its id, "" = not sealed, or with what nobody knows; `unreadable`: access
    keys that could not be unsealed.
    """

    key_ids: tuple[str, ...]
    sealing: str
    keys: tuple[tuple[str, int], ...]
    mails: tuple[tuple[str, int], ...]
    unreadable: int

    @property
    def fits(self) -> bool:
        """Whether everything can be read with the file."""
        strange = {key_id for key_id, _ in (*self.keys, *self.mails)} - set(self.key_ids)
        return not strange and not self.unreadable and self.sealing in self.key_ids

    @property
    def is_rotating(self) -> bool:
        """Whether a rotation was begun and not finished."""
        return len(self.key_ids) > 1


class KeyRotation(UseCases):
    """What the keys have sealed, and their rotation."""

    @use_case
    async def check(self) -> KeysCheck:
        """Count what each key has sealed, and unseal every access key. Mails are counted by what they say they are sealed with."""
        return await _check(self._database)

    @use_case
    async def rotate(self, keys: KeyFile, *, actor: str) -> Sealed:
        """Put a new key in front of the file, seal everything by it, take the old keys out of the file; or go on with that.

        `keys`: the file with which this store was opened. No daemon may run (database/daemon_lock.py). Cut off anywhere, nothing is
        lost: the file holds the old keys until everything is sealed anew. Raises StoreError.
        """
        self._database.vault = vault = keys.begin_rotation()
        newest = vault.key_ids[0]
        _step()
        async with self._database.transaction():
            # From here on no process that has only the old key writes anything sealed: see Database.transaction.
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
        for table in _WITH_MAILS:
            async for ids in _portions(self._database, table, "content", bytes_prefix(newest)):
                async with self._database.transaction():
                    counts["mails"] += await _seal_mails(self._database, table, ids)
                    _step()
        found = await _check(self._database)
        if {key_id for key_id, _ in (*found.keys, *found.mails)} - {newest}:
            raise StoreError("古い鍵で暗号化されたものが残っています。./run keys rotate をもう一度実行してください")
        async with self._database.transaction():
            await journal.write(self._database, [Entry("keys.rotated", "keys", newest, dict(counts), actor)])
        _step()
        self._database.vault = keys.end_rotation()
        return Sealed(**counts)


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
    head = len(bytes_prefix(vault.key_ids[0]))
    mails: Counter[str] = Counter()
    for table in _WITH_MAILS:
        heads = await database.rows(
            f"SELECT head, count(*) AS mails FROM (SELECT substr(content, 1, ?) AS head FROM {table}) AS heads GROUP BY head",  # noqa: S608 - our names
            [head],
        )
        for row in heads:
            if table == "mail" or key_id_of(row["head"]):
                mails[key_id_of(row["head"])] += row["mails"]
    sealing = (await database.rows("SELECT key_id FROM vault"))[0]["key_id"]
    return KeysCheck(vault.key_ids, sealing, tuple(sorted(keys.items())), tuple(sorted(mails.items())), unreadable)


# -- rows


async def _portions(
    database: Database, table: str, column: str, prefix: str | bytes | None
) -> AsyncIterator[list[int]]:
    """The ids of the rows whose column does not begin so (None: of all that have one), so many at a time as fit in a transaction."""
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
    """The rows that still have the column; in a transaction they stay as they are until its end."""
    lock = " FOR UPDATE" if database.dialect == "postgresql" else ""
    places = ", ".join("?" * len(ids))
    return await database.rows(
        f"SELECT id, {column} FROM {table} WHERE id IN ({places}) AND {column} IS NOT NULL ORDER BY id{lock}",  # noqa: S608 - our names
        list(ids),
    )


async def _seal_keys(database: Database, table: str, ids: Sequence[int]) -> None:
    """Seal and mark these rows' keys anew, by the first key."""
    vault = database.vault
    changes: list[list[Any]] = []
    for row in await _rows(database, table, "auth_key", ids):
        key = vault.unseal(row["auth_key"])
        marks = [vault.mark(key)] if table == "submission" else []
        changes.append([vault.seal(key), *marks, row["id"]])
    columns = "auth_key = ?, key_mark = ?" if table == "submission" else "auth_key = ?"
    if changes:
        await database.execute_many(f"UPDATE {table} SET {columns} WHERE id = ?", changes)  # noqa: S608 - our names


async def _seal_mails(database: Database, table: str, ids: Sequence[int]) -> int:
    """Seal these mails anew, by the first key; how many. What leaves unsealed stays so."""
    vault = database.vault
    count = 0
    for row in await _rows(database, table, "content", ids):
        if table == "mail" or key_id_of(row["content"]):
            sealed = await vault.seal_mail(await vault.unseal_mail(row["content"]))
            await database.execute(f"UPDATE {table} SET content = ? WHERE id = ?", [sealed, row["id"]])  # noqa: S608 - our names
            count += 1
    return count
