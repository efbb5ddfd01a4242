"""Rows by plain SQL: read, insert many, change; the one row or the newest of a query; and the check of a change of state.

Called by the use-case modules for each mail's own statements: their text is constant, so that it is prepared once, and nothing
builds it anew as Tortoise does. Raises WrongState, NotFound; the database's exceptions pass through.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from tortoise.models import Model
from tortoise.queryset import QuerySet

from storage.database.connection import Database
from storage.database.fields import in_utc
from storage.database.models import Row, from_columns, table_of, to_columns
from storage.errors import NotFound, WrongState

State = TypeVar("State", bound=StrEnum)
Value = TypeVar("Value")

# Both databases allow some 32,000 values in a statement; the widest table has 24 columns.
ROWS_PER_STATEMENT = 500
VALUES_IN_LIST = 1_000
SKIP_LOCKED = "SKIP LOCKED"
_REGISTER = 0x7265676973746572  # "register" in ASCII


def places(values: Sequence[Any]) -> str:
    """A `?` for each value, for an IN list."""
    return ", ".join("?" * len(values))


def batches(values: Sequence[Value], size: int = VALUES_IN_LIST) -> Iterator[Sequence[Value]]:
    """The values in parts that one statement takes."""
    return (values[start : start + size] for start in range(0, len(values), size))


def newest(model: type[Row], states: Sequence[StrEnum]) -> QuerySet[Row]:
    """The rows in these states, in any where there are none; the newest first."""
    query = model.all().order_by("-id")
    return query.filter(state__in=[state.value for state in states]) if states else query


async def one(query: QuerySet[Row], what: str) -> Row:
    """The query's row. `what` names it: "mail 42". Raises NotFound."""
    row = await query.first()
    if row is None:
        raise NotFound(what)
    return row


class Rows(Protocol):
    """What can be asked: an open database, or a copy."""

    async def rows(self, sql: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """As Database.rows."""


async def insert(
    database: Database,
    model: type[Model],
    rows: Sequence[Mapping[str, Any]],
    *,
    unless: str = "",
    returning: str = "id",
) -> list[dict[str, Any]]:
    """Insert rows that all have the same columns. `unless`: a unique column; rows whose value exists are skipped.

    Returns the `returning` columns of the inserted rows by ascending id (ids ascend in the order of `rows`).
    """
    inserted: list[dict[str, Any]] = []
    for batch in batches(rows, ROWS_PER_STATEMENT):
        names = tuple(batch[0])
        tuples = ", ".join([f"({places(names)})"] * len(batch))
        conflict = f"ON CONFLICT ({unless}) DO NOTHING" if unless else ""
        into = f"{table_of(model)} ({', '.join(names)})"
        sql = f"INSERT INTO {into} VALUES {tuples} {conflict} RETURNING {returning}"  # noqa: S608 - our own names
        values = [value for row in batch for value in to_columns(model, row, names)]
        inserted += sorted(await database.rows(sql, values), key=lambda row: row["id"])
        database.steps.done(len(batch))
    return inserted


async def read(
    database: Database,
    model: type[Row],
    which: str,
    values: Sequence[Any] = (),
    *,
    columns: str = "*",
    lock: bool | str = False,
) -> list[Row]:
    """The rows of `SELECT … FROM … which`. `lock`: until the transaction ends; SQLite's transaction has the only write lock."""
    locking = f" FOR UPDATE {lock if lock is SKIP_LOCKED else ''}" if lock and database.dialect == "postgresql" else ""
    sql = f"SELECT {columns} FROM {table_of(model)} {which}{locking}"  # noqa: S608 - our own words
    return [from_columns(model, row) for row in await database.rows(sql, values)]


async def change(
    database: Database, model: type[Model], changes: Mapping[str, Any], where: str, values: Sequence[Any]
) -> int:
    """Set these columns in the rows for which `where` holds; returns how many there were."""
    names = tuple(changes)
    assignments = ", ".join(f"{name} = ?" for name in names)
    sql = f"UPDATE {table_of(model)} SET {assignments} WHERE {where}"  # noqa: S608 - our own names
    return await database.execute(sql, [*to_columns(model, changes, names), *values])


async def lock_register(database: Database, *, alone: bool) -> None:
    """The first lock of a transaction that touches guarantees and submissions. An import goes from guarantees to submissions, a
    decision the other way: each would wait for the other's rows. `alone`: the import. SQLite's transaction has the only write lock.
    """
    if database.dialect == "postgresql":
        shared = "" if alone else "_shared"
        await database.rows(f"SELECT pg_advisory_xact_lock{shared}({_REGISTER})")


async def first_time(database: Database, sql: str, values: Sequence[Any] = ()) -> datetime | None:
    """The one time, `at`, that the SQL asks for, in UTC; None for NULL."""
    at = (await database.rows(sql, values))[0]["at"]
    return in_utc(datetime.fromisoformat(at) if isinstance(at, str) else at) if at else None


def check_move(what: str, transitions: Mapping[State, frozenset[State]], old: State, new: State) -> None:
    """Raise WrongState unless the transition table allows `old` → `new`. `what` names the row: "mail 42"."""
    if new not in transitions[old]:
        raise wrong_state(what, old, new)


def wrong_state(what: str, old: str, new: str, why: str = "") -> WrongState:
    """The WrongState for this move; `why` in Japanese."""
    error = WrongState(f"{what} is {old}; it can't become {new}")
    error.why = why
    error.move = (what, str(old), str(new))
    return error
