"""The register as a file: CSV (UTF-8 with BOM, or cp932) and XLSX, in the columns that an import reads.

Called by `register export`. Promises that an export, imported again, changes nothing. Access keys are masked unless
`reveal_keys`; the importer refuses a mask. Raises OSError when the file can't be written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from bot.core.records.guarantee import PRODUCT_NAMES, Guarantee
from bot.core.register.columns import Column
from bot.core.register.values import STATE_NAMES
from bot.core.text.sheet import Sheet, SheetCell, SheetColumn
from bot.spreadsheets.writing import LostCell, csv_of, workbook

_SHEET_NAME = "保証台帳"
# Read and write for the owner only: the file may hold keys and addresses.
_MODE = 0o600


@dataclass(frozen=True, slots=True)
class LostCharacter:
    """A value that cp932 can't hold, written with 〓. `line` of the export, from 1; `value` as in the register, no key."""

    line: int
    column: Column
    value: str


# Columns in the order in which they are written, and how wide they are in XLSX, in characters.
_COLUMNS: MappingProxyType[Column, tuple[int, Callable[[Guarantee], SheetCell]]] = MappingProxyType(
    {
        Column.NUMBER: (16, lambda row: row.number),
        Column.REVISION: (9, lambda row: row.revision),
        Column.PRODUCT: (16, lambda row: PRODUCT_NAMES[row.product]),
        Column.WORKS_NUMBER: (16, lambda row: row.works_number),
        Column.PROJECT_NAME: (40, lambda row: row.project_name),
        Column.CONTRACTOR: (28, lambda row: row.contractor),
        Column.JV_NAME: (28, lambda row: row.jv_name),
        Column.ORDERER: (16, lambda row: row.orderer),
        Column.CONTRACT_AMOUNT: (15, lambda row: row.contract_amount_yen),
        Column.GUARANTEE_AMOUNT: (15, lambda row: row.guarantee_amount_yen),
        Column.EXPIRES_ON: (12, lambda row: row.expires_on),
        Column.WORKS_START_ON: (12, lambda row: row.works_start_on),
        Column.WORKS_END_ON: (12, lambda row: row.works_end_on),
        Column.CONTRACTED_ON: (12, lambda row: row.contracted_on),
        Column.DEPOSIT_BANK: (24, lambda row: row.deposit_bank),
        Column.AUTH_KEY: (18, lambda row: "" if row.auth_key is None else row.auth_key.masked),
        Column.ISSUED_AT: (18, lambda row: row.issued_at),
        Column.WANTS_ISSUED_MAIL: (14, lambda row: "希望する" if row.wants_issued_mail else "希望しない"),
        Column.EMAIL: (28, lambda row: row.email),
        Column.DESK: (14, lambda row: row.desk),
        Column.STATE: (10, lambda row: STATE_NAMES[row.state]),
    },
)


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
    columns = tuple(SheetColumn(column.value, width) for column, (width, _) in _COLUMNS.items())
    rows = (tuple(value for _, value in _values(one, reveal_keys=reveal_keys)) for one in guarantees)
    return Sheet(_SHEET_NAME, columns, tuple(rows))


def _values(guarantee: Guarantee, *, reveal_keys: bool) -> list[tuple[Column, SheetCell]]:
    values: list[tuple[Column, SheetCell]] = [(column, read(guarantee)) for column, (_, read) in _COLUMNS.items()]
    if reveal_keys and guarantee.auth_key is not None:
        letters = guarantee.auth_key.reveal()
        return [(column, letters if column is Column.AUTH_KEY else value) for column, value in values]
    return values


def write_private(path: Path, content: bytes) -> None:
    """Write a file that nobody but its owner may read. Raises OSError."""
    path.touch(mode=_MODE)
    path.chmod(_MODE)
    path.write_bytes(content)
