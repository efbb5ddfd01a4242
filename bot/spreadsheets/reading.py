"""Reading a file's tables: CSV, Excel's workbooks, its XML of 2003 and pages saved as .xls, told apart by content.

Called by register/files.py for the register's files, and in the reading child by documents/entry_tables.py for what clerks mail. Gives
every visible sheet (or the delimiter) with a header of ours, and names the others. `warm_up` loads what loads late, before the child's
doors close. Raises TableError, a ValueError with a Japanese message that says what to do.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable
from dataclasses import replace

from bot.core.register.cells import is_blank
from bot.core.register.columns import NEEDED, Column
from bot.core.register.headers import HeaderRow, find_header
from bot.core.register.layout import Layout
from bot.core.register.tables import Book, Table
from bot.core.text.lazy_pattern import LazyPattern
from bot.spreadsheets.pages import sheets_of_archive, sheets_of_page
from bot.spreadsheets.sheets import MAX_ROWS, FoundSheet, TableError
from bot.spreadsheets.spreadsheet_ml import NAMESPACE, sheets_of_xml
from bot.spreadsheets.text_tables import DELIMITERS, first_rows, marked_text, table_of_text, texts_of
from bot.spreadsheets.workbooks import OLE_MAGIC, ZIP_MAGIC, sheets_of

# A register's workbook may unpack to a hundredfold; this is what we let it have.
MAX_UNPACKED_BYTES = 300 * 1024 * 1024
_HEAD_BYTES = 8192
_PAGE = LazyPattern(rb"(?i)<(?:!doctype\s+html|html|head|meta|body|table|frameset|div|style)[\s>]")
_FIELD = LazyPattern(rb"^\s*[A-Za-z][A-Za-z-]{0,60}:")
_ARCHIVE = LazyPattern(rb"(?im)^content-type:\s*multipart/related")
_OLD_FORMAT = "古い形式（XLS）では、数式のエラーと空欄を区別できません。XLSXで保存してください。"
# Rows of such a sheet are nobody's.
_EXAMPLES = ("記入例", "記載例", "入力例", "見本", "サンプル", "ひな形", "雛形", "テンプレート")


def book_of(
    content: bytes,
    *,
    layout: Layout,
    max_rows: int = MAX_ROWS,
    max_unpacked_bytes: int = MAX_UNPACKED_BYTES,
) -> Book:
    """The tables of a file that have our columns. Raises TableError.

    `layout`: the city's own headers and sheets; they decide which sheets and which delimiter it is.
    """
    if not content.strip():
        raise TableError("ファイルが空です。")
    head = content[:_HEAD_BYTES].replace(b"\0", b"").removeprefix(b"\xef\xbb\xbf").removeprefix(b"\xff\xfe")
    is_tagged = head.lstrip().startswith(b"<")
    if content.startswith((ZIP_MAGIC, OLE_MAGIC)):
        found = _chosen(sheets_of(content, max_rows, max_unpacked_bytes), layout)
        if found is not None and content.startswith(OLE_MAGIC):
            found = replace(found, left_out=(*found.left_out, _OLD_FORMAT))
    elif is_tagged and NAMESPACE.encode() in head:
        found = _chosen(sheets_of_xml(marked_text(content, "utf-8"), max_rows), layout)
    elif is_tagged and _PAGE.search(head):
        found = _chosen(sheets_of_page(content, max_rows), layout)
    elif _FIELD.match(head) and _ARCHIVE.search(head):
        found = _chosen(sheets_of_archive(content, max_rows), layout)
    else:
        found = _text_book(content, layout, max_rows)
    if found is None:
        needed = "・".join(NEEDED)
        others = "・".join(column for column in Column if column not in NEEDED)
        raise TableError(
            f"見出しの行が見つかりません。必要な列は {needed}、そのほかに読み取る列は {others} です。"
            "列名を直すか、設定で列名の対応を指定してください。",
        )
    return found


def _text_book(content: bytes, layout: Layout, max_rows: int) -> Book | None:
    """The encoding and the delimiter are chosen by the first rows, leniently; only then every row is read, strictly."""
    second: tuple[str, str] | None = None
    for text in texts_of(content):
        for delimiter in DELIMITERS:
            header = find_header(first_rows(text, delimiter), layout)
            if header is not None and not header.missing:
                return Book((table_of_text(text, delimiter, max_rows),))
            if header is not None and second is None:
                second = text, delimiter
    return None if second is None else Book((table_of_text(*second, max_rows),))


def _chosen(sheets: Iterable[FoundSheet], layout: Layout) -> Book | None:
    """Every visible sheet with every needed column; without one, the first in which a header was found at all."""
    whole: list[Table] = []
    second: Table | None = None
    left_out: list[str] = []
    for sheet in sheets:
        table = sheet.table
        header = find_header(table, layout)
        if why := _why_not(sheet, header):
            left_out += [f"シート「{table.name}」は読みませんでした（{why}）。"] if why != _EMPTY else []
            if second is None and header is not None and not sheet.is_hidden:
                second = table
        else:
            whole.append(table)
    if whole:
        return Book(tuple(whole), tuple(left_out))
    return None if second is None else Book((second,))


_EMPTY = "空"


def _why_not(sheet: FoundSheet, header: HeaderRow | None) -> str:
    """Why a sheet is not read; "" = it is."""
    if not any(not is_blank(cell) for row in sheet.table.rows for cell in row.cells):
        return _EMPTY
    if header is None:
        return "見出しの行がありません"
    if sheet.is_hidden:
        return "非表示のシートです"
    if any(word in sheet.table.name for word in _EXAMPLES):
        return "記入例とみなしました"
    return f"必要な列 {'・'.join(header.missing)} がありません" if header.missing else ""


def warm_up() -> None:
    """Read a small workbook, page and CSV, which loads what loads late."""
    names = "".join(
        f'<c r="{letter}1" t="inlineStr"><is><t>{name}</t></is></c>' for letter, name in zip("ABC", NEEDED, strict=True)
    )
    book_of(_smallest_workbook(f"<sheetData><row>{names}</row></sheetData>"), layout=Layout())
    book_of(",".join(NEEDED).encode("cp932"), layout=Layout())
    cells = "".join(f"<td>{name}" for name in NEEDED)
    book_of(f"<table><tr>{cells}</table>".encode(), layout=Layout())


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
