"""What a workbook for clerks holds: sheets of typed cells, and a chart where one helps.

Made by core/summary/workbook.py, core/summary/entry_form.py and register/export.py, written by bot/spreadsheets/writing.py. Values only, nothing is raised.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

SheetCell = str | int | date | datetime | None
"""Text, a whole number, a day, a moment (shown in Japan's time); None and "" leave the cell empty."""


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """A column's head and width, in half-width characters. `choices`: what may be filled in, () = anything."""

    title: str
    width: int
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: its head stays in sight and filters. `charted`: the titles of whole-number columns, drawn over the first column.

    `is_form`: people fill it in; what they type stays text.
    """

    name: str
    columns: tuple[SheetColumn, ...]
    rows: tuple[tuple[SheetCell, ...], ...]
    charted: tuple[str, ...] = ()
    is_form: bool = False
