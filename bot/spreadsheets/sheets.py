"""What the readers of this room share: limits, the error, and a sheet as it was found.

Raises nothing itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.register.cells import Cell
from bot.core.register.tables import Table, TableRow
from bot.core.text.told import ToldError

MAX_ROWS = 100_000
MAX_COLUMNS = 256


class TableError(ToldError):
    """The file is no table of ours that can be read; the message tells the clerk why and what to do, in Japanese."""


@dataclass(frozen=True, slots=True)
class FoundSheet:
    """A sheet of a file."""

    table: Table
    is_hidden: bool = False


def table_from(rows: Sequence[Sequence[Cell]], name: str, max_rows: int) -> Table:
    """The rows as a table. Raises TableError for too many."""
    if len(rows) > max_rows or any(len(row) > MAX_COLUMNS for row in rows):
        raise TableError(f"表が大きすぎます（上限 {max_rows} 行・{MAX_COLUMNS} 列）。")
    return Table(tuple(TableRow(line, tuple(row)) for line, row in enumerate(rows, 1)), name)


def fill_down(cells: list[list[Cell]], top: int, left: int, bottom: int) -> None:
    """Fill cells merged downwards: one work with two guarantees has its name once. To the right nothing is filled in."""
    for row in range(top + 1, min(bottom + 1, len(cells))):
        if left < len(cells[row]):
            cells[row][left] = cells[top][left]
