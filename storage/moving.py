"""Copy a whole database into an empty one, of either kind, and compare every row before anything of it counts.

Called by `Store.take_all_from`. All of the target's rows come in one transaction: whatever stops it, nothing is there; of the source
nothing is changed. Rows are compared as values: the databases write times and JSON differently. Raises StoreError.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from tortoise.fields import Field

from storage.database.connection import Database
from storage.database.fields import Utc
from storage.database.models import table_of
from storage.database.rows import places
from storage.errors import StoreError

TABLES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "mail": ("id",),
        "mail_place": ("mailbox", "name"),
        "canary": ("name",),
        "mailbox_memory": ("mailbox",),
        "mailbox_check": ("mailbox",),
        "withheld": ("id",),
        "guarantee": ("id",),
        "guarantee_version": ("id",),
        "guarantee_seen": ("id",),
        "submission": ("id",),
        "case_words": ("submission_id",),
        "consent": ("id",),
        "outbox": ("id",),
        "dead_address": ("address",),
        "ticket": ("id",),
        "ticket_case": ("id",),
        "reminder": ("id",),
        "reminder_done": ("id",),
        "alarm": ("id",),
        "worker": ("name",),
        "legal_hold": ("mail_id",),
        "disposed": ("row_kind", "row_id", "what"),
        "journal": ("id",),
        "journal_head": ("only_one",),
        "vault": ("only_one",),
    }
)
"""Every table but `schema_version`, each after those that it refers to, and its primary key."""
_BEGUN = ("journal_head", "vault")
"""A new database has a row in these."""
_HEAVY = frozenset({"mail", "outbox"})
_ROWS, _HEAVY_ROWS = 500, 8  # at a time; a mail may have 25 MiB

Row = dict[str, Any]


async def take_all(target: Database, source: Database, tell: Callable[[int, int], None]) -> int:
    """Copy and compare; returns how many rows. `tell` gets how many steps of how many are done; what it raises ends it all."""
    counts = {table: await source.run(_count, table) for table in TABLES}
    total, done = 2 * sum(counts.values()), 0
    before = await source.run(_head)
    fields = _fields(target)
    async with target.transaction():
        for table in TABLES:
            if table not in _BEGUN and await _count(target, table):
                raise StoreError("移す先のデータベースが空ではありません。空のデータベースを指定してください")
        for table in _BEGUN:
            await target.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
        for table in TABLES:
            async for rows in _batches(source, table):
                await _insert(target, table, [_values(row, fields[table]) for row in rows], fields[table])
                done += len(rows)
                tell(done, total)
        await _go_on_counting(target, source)
        for table, key in TABLES.items():
            async for rows in _batches(source, table):
                await _compare(target, table, key, rows, fields[table])
                done += len(rows)
                tell(done, total)
            if await _count(target, table) != counts[table]:
                raise StoreError(f"{table}: 行の数が合いません。何も移していません")
        after = {
            table: await source.run(_count, table) for table in TABLES
        }  # a mail that comes has no line in the journal
        if after != counts or await source.run(_head) != before:
            raise StoreError("移している間に、元のデータベースが変わりました。何も移していません")
    return total // 2


def _fields(database: Database) -> dict[str, dict[str, Field[Any]]]:
    """What each column's values are, where they are not the same in both databases as they stand."""
    known: dict[str, dict[str, Field[Any]]] = {table: {} for table in TABLES}
    for model in database.models.all():
        known[table_of(model)] = dict(model._meta.fields_map)  # noqa: SLF001 - as in models.py
    known["mail_place"] = {"noted_at": Utc()}
    known["canary"] = {"sent_at": Utc(), "back_at": Utc()}
    return known


def _values(row: Row, fields: Mapping[str, Field[Any]]) -> Row:
    """A raw row's values, whichever database it comes from."""
    return {name: fields[name].to_python_value(value) if name in fields else value for name, value in row.items()}


async def _batches(database: Database, table: str) -> AsyncIterator[list[Row]]:
    """A table's rows, in the order of its key."""
    last: list[Any] = []
    while rows := await database.run(_batch, table, last):
        yield rows
        last = [rows[-1][name] for name in TABLES[table]]


async def _batch(database: Database, table: str, last: Sequence[Any]) -> list[Row]:
    key = ", ".join(TABLES[table])
    after = f"WHERE ({key}) > ({places(last)})" if last else ""
    limit = _HEAVY_ROWS if table in _HEAVY else _ROWS
    return await database.rows(f"SELECT * FROM {table} {after} ORDER BY {key} LIMIT {limit}", last)  # noqa: S608 - our own names


async def _insert(database: Database, table: str, rows: Sequence[Row], fields: Mapping[str, Field[Any]]) -> None:
    names = tuple(rows[0])
    model = next((one for one in database.models.all() if table_of(one) == table), None)

    def stored(row: Row) -> Iterator[Any]:
        for name in names:
            yield fields[name].to_db_value(row[name], model) if name in fields and model else row[name]

    tuples = ", ".join([f"({places(names)})"] * len(rows))
    sql = f"INSERT INTO {table} ({', '.join(names)}) VALUES {tuples}"  # noqa: S608 - our own names
    await database.execute(sql, [value for row in rows for value in stored(row)])


async def _compare(
    target: Database, table: str, key: Sequence[str], rows: Sequence[Row], fields: Mapping[str, Field[Any]]
) -> None:
    """Raise StoreError unless the target has exactly these rows under their keys."""
    keys = [[row[name] for name in key] for row in rows]
    which = places(keys) if len(key) == 1 else ", ".join([f"({places(key)})"] * len(keys))
    if len(key) > 1 and target.dialect == "sqlite":  # PostgreSQL would take each value of such a list for a text
        which = f"VALUES {which}"
    sql = f"SELECT * FROM {table} WHERE ({', '.join(key)}) IN ({which})"  # noqa: S608 - our own names
    there = {
        tuple(row[name] for name in key): _values(row, fields)
        for row in await target.rows(sql, [value for one in keys for value in one])
    }
    for row, one in zip(rows, keys, strict=True):
        if there.get(tuple(one)) != _values(row, fields):
            raise StoreError(f"{table} {'/'.join(map(str, one))}: 移した行が元と違います。何も移していません")


async def _count(database: Database, table: str) -> int:
    rows = await database.rows(f"SELECT count(*) AS rows FROM {table}")  # noqa: S608 - our own names
    return int(rows[0]["rows"])


async def _head(database: Database) -> list[Row]:
    return await database.rows("SELECT number, hash FROM journal_head")


async def _numbers(database: Database) -> dict[str, int]:
    """The last number that each table has given; those of rows that are gone are not given again."""
    if database.dialect == "sqlite":
        rows = await database.rows("SELECT name, seq FROM sqlite_sequence WHERE seq > 0")
        return {row["name"]: row["seq"] for row in rows}
    numbers: dict[str, int] = {}
    for table in TABLES:
        if "id" in TABLES[table] and table != "journal":
            [row] = await database.rows(
                "SELECT pg_sequence_last_value(pg_get_serial_sequence(?, 'id')::regclass) AS last", [table]
            )
            numbers |= {table: row["last"]} if row["last"] else {}
    return numbers


async def _go_on_counting(target: Database, source: Database) -> None:
    for table, number in (await source.run(_numbers)).items():
        if target.dialect == "postgresql":
            await target.rows("SELECT setval(pg_get_serial_sequence(?, 'id'), ?)", [table, number])
        else:
            await target.execute("DELETE FROM sqlite_sequence WHERE name = ?", [table])
            await target.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", [table, number])
