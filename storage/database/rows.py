"""Batched inserts in one statement, and the two guards that every change of state passes.

Called by the use-case modules inside a transaction. Raises WrongState; what the database raises passes through.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeVar

from tortoise.models import Model

from storage.database.connection import Database
from storage.database.models import table_of, to_columns
from storage.errors import WrongState

State = TypeVar("State", bound=StrEnum)

# Both databases take some 32,000 values in a statement; our widest table has 24 columns.
ROWS_PER_STATEMENT = 500


async def insert(
    database: Database,
    model: type[Model],
    rows: Sequence[Mapping[str, Any]],
    *,
    unless: str = "",
    returning: str = "id",
) -> list[dict[str, Any]]:
    """Insert rows that all have the same columns; `unless`: a unique column whose known values are left out silently.

    Returns the `returning` columns of the inserted rows, lowest id first (ids rise in the order of `rows`).
    """
    inserted: list[dict[str, Any]] = []
    for start in range(0, len(rows), ROWS_PER_STATEMENT):
        batch = rows[start : start + ROWS_PER_STATEMENT]
        names = tuple(batch[0])
        places = ", ".join([f"({', '.join('?' * len(names))})"] * len(batch))
        conflict = f"ON CONFLICT ({unless}) DO NOTHING" if unless else ""
        into = f"{table_of(model)} ({', '.join(names)})"
        sql = f"INSERT INTO {into} VALUES {places} {conflict} RETURNING {returning}"  # noqa: S608 - our own names
        values = [value for row in batch for value in to_columns(model, row, names)]
        inserted += sorted(await database.rows(sql, values), key=lambda row: row["id"])
    return inserted


def check_move(what: str, transitions: Mapping[State, frozenset[State]], old: State, new: State) -> None:
    """Raise WrongState unless the table in core allows the move. `what` names the row: "mail 42"."""
    if new not in transitions[old]:
        raise wrong_state(what, old, new)


def wrong_state(what: str, old: str, new: str, why: str = "") -> WrongState:
    """The exception that names both states."""
    error = WrongState(f"{what} is {old}; it can't become {new}")
    error.why = why
    error.move = (what, str(old), str(new))
    return error
