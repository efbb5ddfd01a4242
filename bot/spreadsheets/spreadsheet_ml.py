"""Reading Excel's XML of 2003 (SpreadsheetML), which many systems write under the name of an .xls.

Called by reading.py. Raises TableError.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from xml.etree import ElementTree as ET

from bot.core.register.cells import Cell, ShownNumber
from bot.spreadsheets.number_formats import DigitFormat, digit_format
from bot.spreadsheets.sheets import MAX_COLUMNS, FoundSheet, TableError, fill_down, table_from

NAMESPACE = "urn:schemas-microsoft-com:office:spreadsheet"
_SS = f"{{{NAMESPACE}}}"
_VISIBLE = "{urn:schemas-microsoft-com:office:excel}Visible"
_UNREADABLE = "ExcelのXMLファイルとして読み取れません。Excelで開き、XLSXで保存し直してください。"


def sheets_of_xml(text: str, max_rows: int) -> Iterator[FoundSheet]:
    """The sheets, in their order."""
    begin = text.find("<", text.find("?>") + 1)  # what its first line says of its encoding is no more true
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise TableError(_UNREADABLE)
    try:
        root = ET.fromstring(text[max(begin, 0) :])  # noqa: S314 - without entities there is no bomb
        formats = dict(_formats(root))
        for sheet in root.iter(f"{_SS}Worksheet"):
            visible = sheet.find(f".//{_VISIBLE}")
            table = table_from(_cells(sheet, formats, max_rows), sheet.get(f"{_SS}Name", ""), max_rows)
            yield FoundSheet(table, visible is not None and visible.text != "SheetVisible")
    except (ET.ParseError, ValueError, OverflowError) as error:
        if isinstance(error, TableError):
            raise
        raise TableError(_UNREADABLE) from None


def _formats(root: ET.Element) -> Iterator[tuple[str, DigitFormat]]:
    for style in root.iter(f"{_SS}Style"):
        code = style.find(f"{_SS}NumberFormat")
        known = digit_format(code.get(f"{_SS}Format", "")) if code is not None else None
        if known is not None:
            yield style.get(f"{_SS}ID", ""), known


def _cells(sheet: ET.Element, formats: Mapping[str, DigitFormat], max_rows: int) -> list[list[Cell]]:
    cells: list[list[Cell]] = []
    merged: list[tuple[int, int, int]] = []
    for row in sheet.iterfind(f"{_SS}Table/{_SS}Row"):
        _grow(cells, int(row.get(f"{_SS}Index", len(cells) + 1)) - 1, max_rows)
        line: list[Cell] = []
        for cell in row.iterfind(f"{_SS}Cell"):
            index = int(cell.get(f"{_SS}Index", len(line) + 1)) - 1
            across, down = int(cell.get(f"{_SS}MergeAcross", "0")), int(cell.get(f"{_SS}MergeDown", "0"))
            if max(index, len(line)) + across >= MAX_COLUMNS:
                raise TableError(f"表が大きすぎます（上限 {max_rows} 行・{MAX_COLUMNS} 列）。")
            line += [None] * (index - len(line))
            merged += [(len(cells), len(line), len(cells) + down)] if down > 0 else []
            line += [_value(cell, formats), *([None] * across)]
        cells.append(line)
        _grow(cells, len(cells) + int(row.get(f"{_SS}Span", "0")), max_rows)
    for top, left, bottom in merged:
        for below in cells[top + 1 : bottom + 1]:
            below.extend([None] * (left + 1 - len(below)))
        fill_down(cells, top, left, bottom)
    return cells


def _grow(cells: list[list[Cell]], rows: int, max_rows: int) -> None:
    if rows > max_rows:
        raise TableError(f"表が大きすぎます（上限 {max_rows} 行・{MAX_COLUMNS} 列）。")
    cells += [[] for _ in range(rows - len(cells))]


def _value(cell: ET.Element, formats: Mapping[str, DigitFormat]) -> Cell:
    data = next((one for one in cell if one.tag.rpartition("}")[2] == "Data"), None)
    if data is None:
        return None
    text = "".join(data.itertext())
    match data.get(f"{_SS}Type"):
        case "Number":
            value = float(text)
            known = formats.get(cell.get(f"{_SS}StyleID", ""))
            shown = known.shown(value) if known is not None else None
            return value if shown is None else ShownNumber(value, shown)
        case "Boolean":
            return text.strip() == "1"
        case "DateTime":
            moment = datetime.fromisoformat(text.strip().rstrip("Z"))
            return moment.date() if not (moment.hour or moment.minute or moment.second) else moment
        case _:
            return text
