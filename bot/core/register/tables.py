"""A register file as rows of cells, before anybody knows what its columns are.

Made by bot/register and bot/spreadsheets, read by plan.py and rows.py. Values only; nothing is raised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.register.cells import Cell


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row of a table. `line`: its number in the spreadsheet, from 1."""

    line: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a file or sheet, titles and header included. `name`: the sheet's, "" for CSV."""

    rows: Sequence[TableRow]
    name: str = ""


@dataclass(frozen=True, slots=True)
class Book:
    """The tables of a file that have our columns, in their order; and what of the file was not read, a line each."""

    tables: tuple[Table, ...]
    left_out: tuple[str, ...] = ()
