"""Writes sheets as XLSX and CSV: text as text, numbers, dates and times as such, the head frozen and filtered, no cell a formula.

Called by register/export.py, workers/sweeps.py and commands. The same sheets give the same bytes. Raises nothing.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, TypeAlias

from bot.core.text.dates import JAPAN
from bot.core.text.sheet import Sheet, SheetCell
from bot.core.text.spreadsheet_text import inert

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
"""The file's media type."""

_Worksheet: TypeAlias = Any  # xlsxwriter's
_OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
_MADE_AT = datetime(2000, 1, 1, tzinfo=UTC)  # else a file would differ from itself
_CELL_CHARACTERS = 32_767  # what a cell holds
_COLOURS = ("#9AA5B1", "#2F6DB5", "#D9822B")


def workbook(sheets: Sequence[Sheet]) -> bytes:
    """The file's content."""
    import xlsxwriter  # noqa: PLC0415 - the daemon loads this module at its start, and writes a workbook hours later

    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, _OPTIONS)
    book.set_properties({"created": _MADE_AT.replace(tzinfo=None)})
    head = book.add_format({"bold": True, "bottom": 1, "bg_color": "#E8EEF5", "text_wrap": True, "valign": "top"})
    formats = {
        str: book.add_format({"num_format": "@", "valign": "top", "text_wrap": True}),
        int: book.add_format({"num_format": "#,##0", "valign": "top"}),
        date: book.add_format({"num_format": "yyyy/mm/dd", "valign": "top"}),
        datetime: book.add_format({"num_format": "yyyy/mm/dd hh:mm:ss", "valign": "top"}),
    }
    for one in sheets:
        sheet = book.add_worksheet(one.name)
        for index, column in enumerate(one.columns):
            sheet.set_column(index, index, column.width)
            sheet.write_string(0, index, column.title, head)
        for row, cells in enumerate(one.rows, 1):
            for index, cell in enumerate(cells):
                _write(sheet, row, index, cell, formats)
        if one.is_form:
            _to_fill_in(sheet, one, formats[str])
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, max(len(one.rows), 1), len(one.columns) - 1)
        _on_paper(sheet)
        if one.charted and one.rows:
            _chart(book, sheet, one)
    book.close()
    return buffer.getvalue()


_A4 = 9
_INCHES = 0.4


def _on_paper(sheet: _Worksheet) -> None:
    """A4 across, as wide as the page, the head on each page; below it the sheet's name and the pages' numbers."""
    sheet.set_paper(_A4)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.set_margins(_INCHES, _INCHES, _INCHES, 2 * _INCHES)
    sheet.set_footer("&L&A&R&P / &N")


_FORM_ROWS = 1000


def _to_fill_in(sheet: _Worksheet, one: Sheet, text: object) -> None:
    """Whatever is typed below the head is text (a key of digits would become a number), and some of it is chosen from a list."""
    for index, column in enumerate(one.columns):
        sheet.set_column(index, index, column.width, text)
        if column.choices:
            told = f"{'・'.join(column.choices)}から選んでください。"
            rules = {"validate": "list", "source": list(column.choices), "error_title": column.title}
            sheet.data_validation(1, index, _FORM_ROWS, index, rules | {"error_message": told})
    sheet.ignore_errors({"number_stored_as_text": f"A2:Z{_FORM_ROWS + 1}"})


# What cp932 lacks is written as 〓 (geta), as printers always have; the export tells where, the importer refuses it.
_GETA = "〓"
# Signs of one look that Unicode has twice; cp932 has the second.
_LOOKALIKES = str.maketrans("〜−—‖¢£¬", "～－―∥￠￡￢")


@dataclass(frozen=True, slots=True)
class LostCell:
    """A value that cp932 can't hold, written with 〓. `line` of the file, from 1; `title`: its column's."""

    line: int
    title: str
    value: str


def csv_of(sheet: Sheet, *, cp932: bool = False) -> tuple[bytes, tuple[LostCell, ...]]:
    """A sheet as CSV with CRLF, in UTF-8 with BOM or cp932; and what cp932 could not hold."""
    lost: list[LostCell] = []
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([column.title for column in sheet.columns])
    for line, cells in enumerate(sheet.rows, 2):
        texts = []
        for column, cell in zip(sheet.columns, cells, strict=True):
            text = cell_text(cell)
            if cp932 and (readable := _in_cp932(text)) != text:
                lost.append(LostCell(line, column.title, text))
                text = readable
            texts.append(inert(text))
        writer.writerow(texts)
    return buffer.getvalue().encode("cp932" if cp932 else "utf-8-sig"), tuple(lost)


def cell_text(cell: SheetCell) -> str:
    """A cell as text."""
    match cell:
        case None:
            return ""
        case datetime():
            return as_text(cell)
        case date():
            return f"{cell:%Y/%m/%d}"
        case _:
            return str(cell)


def _in_cp932(text: str) -> str:
    """The text with a look-alike or 〓 for what cp932 lacks or would not give back as the same character."""
    try:
        if text.encode("cp932").decode("cp932") == text:
            return text
    except UnicodeEncodeError:
        pass
    return "".join(sign if _round_trips(sign) else _GETA for sign in text.translate(_LOOKALIKES))


def _round_trips(sign: str) -> bool:
    return sign.encode("cp932", "replace").decode("cp932", "replace") == sign


def as_text(moment: datetime) -> str:
    """A moment in Japan's time, exact to its last digit."""
    local = moment.astimezone(JAPAN)
    return f"{local:%Y/%m/%d %H:%M:%S}" + (f".{local:%f}" if local.microsecond else "")


def _write(sheet: _Worksheet, row: int, index: int, cell: SheetCell, formats: dict[type, object]) -> None:
    match cell:
        case None | "":
            return
        case str():
            sheet.write_string(row, index, cell[:_CELL_CHARACTERS], formats[str])
        case int():
            sheet.write_number(row, index, cell, formats[int])
        case datetime() if cell.microsecond:
            # A spreadsheet's clock is rounded when it is read; text is exact.
            sheet.write_string(row, index, as_text(cell), formats[str])
        case datetime():
            sheet.write_datetime(row, index, cell.astimezone(JAPAN).replace(tzinfo=None), formats[datetime])
        case _:
            sheet.write_datetime(row, index, cell, formats[date])


def _chart(book: Any, sheet: _Worksheet, one: Sheet) -> None:
    """Columns side by side, over the days of the first column."""
    titles = [column.title for column in one.columns]
    chart = book.add_chart({"type": "column"})
    last = len(one.rows)
    for title, colour in zip(one.charted, _COLOURS, strict=False):
        index = titles.index(title)
        chart.add_series(
            {
                "name": [one.name, 0, index],
                "categories": [one.name, 1, 0, last, 0],
                "values": [one.name, 1, index, last, index],
                "fill": {"color": colour},
            }
        )
    chart.set_x_axis({"num_format": "m/d", "date_axis": True})
    chart.set_y_axis({"min": 0, "major_gridlines": {"visible": True, "line": {"color": "#DDDDDD"}}})
    chart.set_legend({"position": "bottom"})
    chart.set_size({"width": 720, "height": 320})
    sheet.insert_chart(1, len(titles) + 1, chart)
