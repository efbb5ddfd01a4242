"""Reading tables out of web pages: HTML that systems write under the name of an .xls, and pages that Excel saves in one file (MHTML).

Called by reading.py. Each table is a sheet. Raises TableError.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from email.parser import BytesParser
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from bot.core.register.cells import Cell
from bot.core.text.lazy_pattern import LazyPattern
from bot.spreadsheets.sheets import MAX_COLUMNS, FoundSheet, TableError, fill_down, table_from
from bot.spreadsheets.text_tables import marked_text

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_LABEL = LazyPattern(
    rb"""(?i)<(?:meta\s[^>]*?|\?xml\s[^>]*?)(?:charset|encoding)\s{0,9}=\s{0,9}["']?\s{0,9}([A-Za-z0-9_.:-]{1,40})"""
)
_HEAD_BYTES = 4096
_FRAMES = LazyPattern(r"(?i)<frameset[\s>]")
_BREAK = LazyPattern(r"(?i)<br\s{0,9}/?>")
_MOST_TABLES = 200


def sheets_of_page(content: bytes, max_rows: int, label: str | None = None, name: str = "") -> Iterator[FoundSheet]:
    """The tables of an HTML page. `label`: its charset, where a header tells it; `name`: the page's."""
    found = _LABEL.search(content[:_HEAD_BYTES].replace(b"\0", b""))
    text = marked_text(content, label or (found[1].decode("ascii") if found else ""))
    if _FRAMES.search(text) and "<td" not in text.lower():
        raise TableError(
            "Webページの枠だけのファイルで、表は別のフォルダにあります。Excelで開き、XLSXで保存し直してください。"
        )
    tables = list(_tables(text, max_rows))
    for place, rows in enumerate(tables, 1):
        title = name if len(tables) == 1 else f"{name}表{place}"
        yield FoundSheet(table_from(rows, title, max_rows))


def sheets_of_archive(content: bytes, max_rows: int) -> Iterator[FoundSheet]:
    """The tables of all pages in a page saved in one file (RFC 2557)."""
    for part in BytesParser().parsebytes(content).walk():
        if part.get_content_type() == "text/html":
            page = part.get_payload(decode=True)
            if isinstance(page, bytes):
                name = PurePosixPath(str(part.get("Content-Location", "")).replace("\\", "/")).stem
                yield from sheets_of_page(page, max_rows, part.get_content_charset(), name)


def _tables(text: str, max_rows: int) -> Iterator[list[list[Cell]]]:
    from selectolax.lexbor import LexborHTMLParser  # noqa: PLC0415 - 30 ms of loading, for pages alone

    # Excel's own pages break lines of text and begin the next with blanks; a break of the clerk's is a <br>.
    tree = LexborHTMLParser(_BREAK.sub("\v", text.replace("\r\n", "\n").replace("\n", " ")))
    for table in tree.css("table")[:_MOST_TABLES]:
        rows = [row for part in table.iter() for row in (part.iter() if part.tag in _PARTS else [part])]
        yield _rows_of([row for row in rows if row.tag == "tr"], max_rows)


_PARTS = frozenset({"tbody", "thead", "tfoot"})


def _rows_of(rows: Sequence[LexborNode], max_rows: int) -> list[list[Cell]]:
    if len(rows) > max_rows:
        raise TableError(f"行が多すぎます（上限 {max_rows} 行）。")
    cells: list[list[Cell]] = [[] for _ in rows]
    merged: list[tuple[int, int, int]] = []
    until = [-1] * MAX_COLUMNS  # by column: the last row that a cell from above covers
    for line, row in enumerate(rows):
        here = cells[line]
        for cell in row.iter():
            if cell.tag not in {"td", "th"}:
                continue
            while len(here) < MAX_COLUMNS and until[len(here)] >= line:
                here.append(None)
            left, down = len(here), _span(cell.attributes.get("rowspan"))
            here += [cell.text().replace("\v", "\n").strip(), *([None] * (_span(cell.attributes.get("colspan")) - 1))]
            if len(here) > MAX_COLUMNS:
                raise TableError(f"表が大きすぎます（上限 {max_rows} 行・{MAX_COLUMNS} 列）。")
            until[left : len(here)] = [line + down - 1] * (len(here) - left)
            merged += [(line, left, line + down - 1)] if down > 1 else []
        covered = [column for column in range(len(here), MAX_COLUMNS) if until[column] >= line]
        here += [None] * (covered[-1] + 1 - len(here) if covered else 0)
    for top, left, bottom in merged:
        fill_down(cells, top, left, bottom)
    return cells


def _span(written: str | None) -> int:
    number = int(written) if written and written.strip().isdecimal() else 1
    return max(1, min(number, MAX_COLUMNS))
