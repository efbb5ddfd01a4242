"""What every reader of a cell shares: the cell's types, its text, what stands for nothing, and the errors.

Called by columns.py, names.py, numbers.py, values.py and rows.py. `CellError` says why a value is not taken, `RowError` why the row is
not; both are ValueErrors with a Japanese message. Pure.
"""

from __future__ import annotations

import unicodedata
from datetime import date, datetime, time, timedelta
from typing import Self

from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.normalise import clean


class ShownNumber(float):
    """A number that its cell's format shows in letters and digits of its own: 328751568 as 00328-751568."""

    shown: str

    def __new__(cls, value: float, shown: str) -> Self:
        """The number, and what is seen in its cell."""
        number = super().__new__(cls, value)
        number.shown = shown
        return number


Cell = str | int | float | bool | date | datetime | time | timedelta | None


class CellError(ValueError):
    """The cell can't be taken; the message tells the clerk why and what to do."""


class RowError(CellError):
    """Nor can its row: what it says may end the guarantee."""


# Placeholders for an unknown value. In a needed column they are a fault.
AWAITED_MARKS = frozenset({"未定", "未", "未発行", "申請中", "手続中", "未着", "不明"})
BLANK_MARKS = AWAITED_MARKS | frozenset("- ― ー － ‐ – — − ─ . … 該当なし なし".split())  # noqa: SIM905 (words read better as words)
DITTO_MARKS = frozenset({"〃", "々", "ゝ", "仝", "″", '"', "同上", "同じ"})
"""What stands for the cell above. In a number or a key it stands for nothing."""
# A longer text is no name. It is refused, not cut, because names are compared.
MAX_TEXT = 200
_EXCEL_FAULT = LazyPattern(r"#(?:REF!|N/A|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|SPILL!|CALC!|BLOCKED!|GETTING_DATA|[#]+)")
_DATE_LIKE = LazyPattern(
    # What a spreadsheet shows in place of 6-1 or 8:12. ISO's dates may be numbers, and are left.
    r"(?:(?:明治|大正|昭和|平成|令和|[MTSHR])?[0-9]{1,4}年)?[0-9]{1,2}月(?:[0-9]{1,2}日)?"
    r"|(?:[0-9]{1,2}-)?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}-[0-9]{1,4}"
    r"|[0-9]{1,2}-(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}"
    r"|[0-9]{4}/[0-9]{1,2}/[0-9]{1,2}(?: [0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?)?|[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?|[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?"
)
# One digit before the point, a sign and two or three digits behind the E: so programs write, and nothing else does.
_SCIENTIFIC = LazyPattern(r"[0-9](?:\.[0-9]+)?[Ee][+-][0-9]{2,3}")


def as_text(cell: Cell) -> str:
    """A cell as a clerk sees it in the spreadsheet, on one line."""
    match cell:
        case None:
            return ""
        case bool():
            return "TRUE" if cell else "FALSE"
        case ShownNumber():
            return cell.shown
        case float() if cell.is_integer() and abs(cell) < 10**15:
            return str(int(cell))
        case datetime():
            return f"{cell:%Y/%m/%d %H:%M:%S}"
        case date():
            return f"{cell:%Y/%m/%d}"
        case _:
            return clean(str(cell), limit=MAX_TEXT)


def is_blank(cell: Cell) -> bool:
    """Whether a cell is empty or blank."""
    return cell is None or (isinstance(cell, str) and not any(map(str.isalnum, cell)) and not clean(cell))


def is_fault(cell: Cell) -> bool:
    """Whether a formula failed there: #REF!, #N/A, ####."""
    return (
        isinstance(cell, str)
        and _EXCEL_FAULT.fullmatch(unicodedata.normalize("NFKC", cell).strip().upper()) is not None
    )


def is_calculated(value: str) -> bool:
    """Whether a spreadsheet made a number of what was written, and wrote that: 7.03E+15."""
    return _SCIENTIFIC.fullmatch(value) is not None


def is_dated(value: str) -> bool:
    """Whether a spreadsheet made a date of what was written, and wrote that: 6月1日, Jun-01, 2026/6/1."""
    return _DATE_LIKE.fullmatch(unicodedata.normalize("NFKC", value).strip()) is not None
