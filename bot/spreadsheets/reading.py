"""Reading a table: CSV in the encodings that offices use, and Excel's workbooks, told apart by content.

Called by register/files.py for the register's files, and in the reading child by documents/entry_tables.py for what clerks mail. Gives
the first sheet (or the delimiter) with a header of ours. `warm_up` loads what loads late, before the child's doors close.
Raises TableError, a ValueError with a Japanese message that says what to do.
"""

from __future__ import annotations

import codecs
import csv
import functools
import io
import itertools
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from bot.core.register.columns import HEADER_SEARCH_ROWS, NEEDED, Cell, Column, Table, TableRow, find_header
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.spreadsheet_text import plain
from bot.core.text.told import ToldError

MAX_ROWS = 100_000
MAX_COLUMNS = 256
# A register's workbook may unpack to a hundredfold; this is what we let it have.
MAX_UNPACKED_BYTES = 300 * 1024 * 1024

_ZIP_MAGIC = b"PK\x03\x04"
_OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
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
_DELIMITERS = (",", "\t", ";")


class TableError(ToldError):
    """The file is no table of ours that can be read; the message tells the clerk why and what to do, in Japanese."""


def table_of(
    content: bytes,
    *,
    extra: Mapping[str, str],
    max_rows: int = MAX_ROWS,
    max_unpacked_bytes: int = MAX_UNPACKED_BYTES,
) -> Table:
    """The table of a CSV file or of a workbook's first sheet that has our columns. Raises TableError.

    `extra`: the city's own headers → our names of columns (they decide which sheet and delimiter it is).
    """
    if not content.strip():
        raise TableError("ファイルが空です。")
    if content.startswith((_ZIP_MAGIC, _OLE_MAGIC)):
        found = _best(_workbook_tables(content, max_rows, max_unpacked_bytes), extra)
    else:
        text = _decoded(content)
        # The delimiter is chosen by the first rows, leniently; only then every row is read, strictly.
        first = _best((_first_rows(text, delimiter) for delimiter in _DELIMITERS), extra)
        found = None if first is None else _csv_table(text, first.name, max_rows)
    if found is None:
        needed = "・".join(NEEDED)
        others = "・".join(column for column in Column if column not in NEEDED)
        raise TableError(
            f"見出しの行が見つかりません。必要な列は {needed}、そのほかに読み取る列は {others} です。"
            "列名を直すか、設定で列名の対応を指定してください。",
        )
    return found


def _best(tables: Iterable[Table], extra: Mapping[str, str]) -> Table | None:
    """The first table with every needed column; without one, the first in which a header was found at all."""
    second: Table | None = None
    for table in tables:
        header = find_header(table.rows, extra)
        if header is not None and not header.missing:
            return table
        if header is not None and second is None:
            second = table
    return second


def _decoded(content: bytes) -> str:
    """UTF-8, or UTF-16 with its mark (Excel's "Unicode text"), or cp932; never with characters lost."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings: tuple[str, ...] = ("utf-16",)
    elif b"\0" in content:
        raise TableError("CSV・Excelのファイルではありません。CSV又はXLSXで保存し直してください。")
    else:
        encodings = ("utf-8-sig", "cp932")
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise TableError(
        "文字コードが分かりません。Excelで開き、「CSV UTF-8（コンマ区切り）」で保存し直してください。",
    )


def _first_rows(text: str, delimiter: str) -> Table:
    """The rows in which a header may stand, read with a delimiter, which is the table's name here."""
    rows = []
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        for line, cells in enumerate(itertools.islice(reader, HEADER_SEARCH_ROWS + 1), 1):
            rows.append(TableRow(line, tuple(cells[:MAX_COLUMNS])))
    except csv.Error:
        # A field too long for the reader: with this delimiter it is no table, or _csv_table says so.
        return Table(tuple(rows), delimiter)
    return Table(tuple(rows), delimiter)


def _csv_table(text: str, delimiter: str, max_rows: int) -> Table:
    rows = []
    # strict: an unclosed quote would swallow the rest of the file into one cell without a word.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for line, cells in enumerate(reader, 1):
            if line > max_rows:
                raise TableError(f"行が多すぎます（上限 {max_rows} 行）。")
            rows.append(TableRow(line, tuple(plain(cell) for cell in cells[:MAX_COLUMNS])))
    except csv.Error:
        raise TableError(
            f'CSVとして読み取れません（{len(rows) + 1}行目から）。引用符「"」が閉じているか確かめてください。',
        ) from None
    return Table(tuple(rows))


def _workbook_tables(content: bytes, max_rows: int, max_unpacked_bytes: int) -> Iterator[Table]:
    if content.startswith(_ZIP_MAGIC):
        _check_workbook(content, max_rows, max_unpacked_bytes)
    elif _ENCRYPTED_STREAM in content:
        raise TableError("パスワードで保護されています。Excelでパスワードを外して保存し直してください。")
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(content)) as workbook:
            for index, sheet in enumerate(workbook.sheets_metadata):
                if sheet.visible is SheetVisibleEnum.Visible and sheet.typ is SheetTypeEnum.WorkSheet:
                    yield _sheet_table(workbook.get_sheet_by_index(index), max_rows)
    except CalamineError:
        # Its words are English and may quote a cell, and so a key: they are left out.
        raise TableError(
            "Excelのファイルとして読み取れません。Excelで開き、XLSXで保存し直してください。",
        ) from None


def _check_workbook(content: bytes, max_rows: int, max_unpacked_bytes: int) -> None:
    """Refuse, before calamine sees it, what would unpack to gigabytes.

    calamine lays every sheet out as a full rectangle: one stray cell at XFD1048576 makes it ask for 512 GiB and abort
    the process (measured with 0.9.1), so the places of the cells are looked at first.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if sum(member.file_size for member in members) > max_unpacked_bytes:
                raise TableError("展開すると大きすぎるファイルです。表の部分だけを保存し直してください。")
            if "xl/workbook.xml" not in archive.namelist():
                raise TableError("Excelのブック（XLSX）ではありません。CSV又はXLSXで保存し直してください。")
            for member in members:
                if member.filename.lower().endswith(".xml"):
                    with archive.open(member) as part:
                        _check_places(iter(functools.partial(part.read, _SCAN_BYTES), b""), max_rows)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError):
        # RuntimeError: a zip with its own password; NotImplementedError: a packing that Excel never uses.
        raise TableError(
            "ファイルが壊れているか、保護されています。Excelで開き、XLSXで保存し直してください。",
        ) from None


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


def _sheet_table(sheet: CalamineSheet, max_rows: int) -> Table:
    if sheet.end is None:
        return Table((), sheet.name)
    if sheet.end[0] >= max_rows or sheet.end[1] >= MAX_COLUMNS:
        raise TableError(f"表が大きすぎます（上限 {max_rows} 行・{MAX_COLUMNS} 列）。")
    cells: list[list[Cell]] = [list(row) for row in sheet.to_python(skip_empty_area=False)]
    for (top, left), (bottom, _) in sheet.merged_cell_ranges or ():
        # One work with two guarantees: its name stands in cells merged downwards. To the right nothing is filled in.
        for row in range(top + 1, min(bottom + 1, len(cells))):
            if left < len(cells[row]):
                cells[row][left] = cells[top][left]
    return Table(tuple(TableRow(line, tuple(row)) for line, row in enumerate(cells, 1)), sheet.name)


def warm_up() -> None:
    """Read a small workbook and a small CSV, which loads what loads late."""
    names = "".join(
        f'<c r="{letter}1" t="inlineStr"><is><t>{name}</t></is></c>' for letter, name in zip("ABC", NEEDED, strict=True)
    )
    table_of(_smallest_workbook(f"<sheetData><row>{names}</row></sheetData>"), extra={})
    table_of(",".join(NEEDED).encode("cp932"), extra={})


def _smallest_workbook(data: str) -> bytes:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    links = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    packages = "http://schemas.openxmlformats.org/package/2006/relationships"

    def linked(kind: str, target: str) -> str:
        link = f'<Relationship Id="r1" Type="{links}/{kind}" Target="{target}"/>'
        return f'<Relationships xmlns="{packages}">{link}</Relationships>'

    sheet = '<sheet name="1" sheetId="1" r:id="r1"/>'
    parts = {
        "_rels/.rels": linked("officeDocument", "xl/workbook.xml"),
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{links}"><sheets>{sheet}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": linked("worksheet", "worksheets/sheet1.xml"),
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}">{data}</worksheet>',
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return buffer.getvalue()
