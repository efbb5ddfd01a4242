"""The register as a file: CSV (UTF-8 with BOM, or cp932) and XLSX, in the columns that an import reads.

Called by `register export`. Importing an export changes nothing. Access keys are masked unless `reveal_keys`; the importer
refuses a mask. The file is its owner's alone. Raises OSError when it can't be written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.core.records.guarantee import Guarantee, GuaranteeState, Product
from bot.core.records.secret import AuthKey
from bot.core.register.columns import Column
from bot.core.text.sheet import Sheet, SheetCell, SheetColumn
from bot.files import write_private
from bot.spreadsheets.writing import LostCell, csv_of, workbook

_SHEET_NAME = "保証台帳"


@dataclass(frozen=True, slots=True)
class LostCharacter:
    """A value that cp932 can't encode, written with 〓."""

    line: int  # of the export, from 1
    column: Column
    value: str  # as in the register; never a key


# Columns in the order in which they are written.
_COLUMNS = tuple(column for column in Column if column.field)


def write_csv(
    path: Path,
    guarantees: Sequence[Guarantee],
    *,
    cp932: bool = False,
    reveal_keys: bool = False,
) -> tuple[LostCharacter, ...]:
    """Write CSV with CRLF, UTF-8 with BOM or cp932. Returns what cp932 could not hold. Raises OSError."""
    content, lost = csv_of(_sheet(guarantees, reveal_keys=reveal_keys), cp932=cp932)
    write_private(path, content)
    return tuple(_lost(one) for one in lost)


def _lost(one: LostCell) -> LostCharacter:
    column = Column(one.title)
    return LostCharacter(one.line, column, "" if column is Column.AUTH_KEY else one.value)


def write_xlsx(path: Path, guarantees: Sequence[Guarantee], *, reveal_keys: bool = False) -> None:
    """Write a workbook: text as text, amounts and dates as such, the header frozen and filtered. Raises OSError."""
    write_private(path, workbook((_sheet(guarantees, reveal_keys=reveal_keys),)))


def _sheet(guarantees: Sequence[Guarantee], *, reveal_keys: bool) -> Sheet:
    columns = tuple(SheetColumn(column.value, column.width) for column in _COLUMNS)
    rows = (tuple(_cell(one, column, reveal_keys=reveal_keys) for column in _COLUMNS) for one in guarantees)
    return Sheet(_SHEET_NAME, columns, tuple(rows))


def _cell(guarantee: Guarantee, column: Column, *, reveal_keys: bool) -> SheetCell:
    value: SheetCell | AuthKey = getattr(guarantee, column.field)
    match value:
        case AuthKey():
            return value.reveal() if reveal_keys else value.masked
        case Product() | GuaranteeState():
            return value.words
        case bool():
            return "希望する" if value else "希望しない"
        case None if column is Column.AUTH_KEY:
            return ""
        case _:
            return value
