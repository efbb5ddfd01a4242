"""Reading Excel's workbooks: XLSX and XLS, by calamine, with what it does not tell beside it.

Called by reading.py. Raises TableError. calamine may abort the process for a hostile XLS.
"""

from __future__ import annotations

import functools
import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from xml.parsers.expat import ExpatError

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from bot.core.register.cells import Cell
from bot.core.register.tables import Table
from bot.core.text.lazy_pattern import LazyPattern
from bot.spreadsheets.sheets import MAX_COLUMNS, FoundSheet, TableError, fill_down, table_from
from bot.spreadsheets.xlsx_cells import Found, special_cells

ZIP_MAGIC = b"PK\x03\x04"
OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")
# A cell with content and its place: <c r="B5" s="1"><v>. A cell that is only formatted closes itself, and does no harm.
_PLACE = LazyPattern(
    rb"""<(?:\w+:)?c\s(?:[^<>]*?\s)?r=["']([A-Za-z]{1,3})([0-9]{1,7})["'](?:[^<>]*[^/<>])?>"""
    # Some programs leave out the cells' places; then the row's number counts.
    rb"""|<(?:\w+:)?row\s(?:[^<>]*?\s)?r=["']([0-9]{1,7})["'][^<>]*>\s*(<(?:\w+:)?c(?:[\s/][^<>]*)?>)""",
)
_HAS_PLACE = LazyPattern(rb"\sr=")
# A tag may lie across two blocks of what is scanned; none that a spreadsheet program writes is longer.
_LONGEST_TAG = 1024
_SCAN_BYTES = 1024 * 1024
_SAVE_ANEW = "Excelで開き、XLSXで保存し直してください。"


def sheets_of(content: bytes, max_rows: int, max_unpacked_bytes: int) -> Iterator[FoundSheet]:
    """The workbook's sheets of cells, in their order."""
    special: Mapping[str, Found] = {}
    if content.startswith(ZIP_MAGIC):
        special = _checked(content, max_rows, max_unpacked_bytes)
    elif _ENCRYPTED_STREAM in content:
        raise TableError("パスワードで保護されています。Excelでパスワードを外して保存し直してください。")
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(content)) as workbook:
            for index, sheet in enumerate(workbook.sheets_metadata):
                if sheet.typ is SheetTypeEnum.WorkSheet:
                    table = _table(workbook.get_sheet_by_index(index), special.get(sheet.name, {}), max_rows)
                    yield FoundSheet(table, sheet.visible is not SheetVisibleEnum.Visible)
    except CalamineError:
        # Its words are English and may quote a cell, and so a key: they are left out.
        raise TableError(f"Excelのファイルとして読み取れません。{_SAVE_ANEW}") from None


def _checked(content: bytes, max_rows: int, max_unpacked_bytes: int) -> Mapping[str, Found]:
    """Refuse, before calamine sees it, what would unpack to gigabytes; what it does not tell of the cells.

    calamine lays every sheet out as a full rectangle: one stray cell at XFD1048576 makes it ask for 512 GiB and abort
    the process (measured with 0.9.1), so the places of the cells are looked at first.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if sum(member.file_size for member in members) > max_unpacked_bytes:
                raise TableError("展開すると大きすぎるファイルです。表の部分だけを保存し直してください。")
            if "xl/workbook.xml" not in archive.namelist():
                raise TableError(_other_kind(archive.namelist()))
            for member in members:
                if member.filename.lower().endswith(".xml"):
                    with archive.open(member) as part:
                        _check_places(iter(functools.partial(part.read, _SCAN_BYTES), b""), max_rows)
            return _special(archive)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError):
        # RuntimeError: a zip with its own password; NotImplementedError: a packing that Excel never uses.
        raise TableError(f"ファイルが壊れているか、保護されています。{_SAVE_ANEW}") from None


def _special(archive: zipfile.ZipFile) -> Mapping[str, Found]:
    try:
        return special_cells(archive)
    except (ExpatError, LookupError, ValueError):
        raise TableError(f"Excelのファイルとして読み取れません。{_SAVE_ANEW}") from None


def _other_kind(names: list[str]) -> str:
    kinds = {"xl/workbook.bin": "バイナリのブック（XLSB）", "content.xml": "OpenDocumentのファイル（ODS等）"}
    kind = next((words for name, words in kinds.items() if name in names), "")
    what = f"{kind}です。" if kind else "Excelのブック（XLSX）ではありません。"
    return f"{what}CSV又はXLSXで保存し直してください。"


def _check_places(blocks: Iterator[bytes], max_rows: int) -> None:
    rest = b""
    for block in blocks:
        text = rest + block
        for found in _places(text):
            letters, row = found[1] or b"", found[2] or found[3]
            if int(row) > max_rows or _column_number(letters) > MAX_COLUMNS:
                place = (letters + row).decode()
                raise TableError(
                    f"表から離れたセル {place} に何か入力されています（上限 {max_rows} 行・{MAX_COLUMNS} 列）。"
                    "そのセルの行と列を削除して保存し直してください。",
                )
        rest = text[-_LONGEST_TAG:]


def _places(text: bytes) -> Iterator[re.Match[bytes]]:
    place = 0
    while found := _PLACE.search(text, place):
        cell = found[4]  # the first of its row
        place = found.end() if cell is None else found.start(4)
        if cell is None or not _HAS_PLACE.search(cell):
            yield found


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - ord("A") + 1
    return number


def _table(sheet: CalamineSheet, special: Found, max_rows: int) -> Table:
    if sheet.end is None:
        return Table((), sheet.name)
    if sheet.end[0] >= max_rows or sheet.end[1] >= MAX_COLUMNS:
        raise TableError(f"表が大きすぎます（上限 {max_rows} 行・{MAX_COLUMNS} 列）。")
    cells: list[list[Cell]] = [list(row) for row in sheet.to_python(skip_empty_area=False)]
    for (row, column), cell in special.items():
        if row < len(cells) and column < len(cells[row]):
            cells[row][column] = cell
    for (top, left), (bottom, _) in sheet.merged_cell_ranges or ():
        if top < len(cells) and left < len(cells[top]):
            fill_down(cells, top, left, bottom)
    return table_from(cells, sheet.name, max_rows)
