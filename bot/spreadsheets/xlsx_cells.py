"""What calamine does not tell of an XLSX's cells: which ones failed, and what a number's format shows.

Called by workbooks.py with an archive that it has checked. Raises ExpatError, KeyError or ValueError for parts that are no workbook's,
which its caller words; a document type, which no workbook has, is a ValueError.
"""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Callable, Mapping
from typing import NoReturn
from xml.parsers import expat

from bot.core.register.cells import Cell, ShownNumber
from bot.spreadsheets.number_formats import DigitFormat, digit_format

Found = Mapping[tuple[int, int], Cell]
"""Row and column from 0 → the cell's content."""

_WORKBOOK = "xl/workbook.xml"
_RELATIONS = "xl/_rels/workbook.xml.rels"
_STYLES = "xl/styles.xml"


def special_cells(archive: zipfile.ZipFile) -> Mapping[str, Found]:
    """By the sheets' names: the failed cells as what they show, and the numbers whose format shows more than digits."""
    formats = _formats(archive) if _STYLES in archive.namelist() else {}
    targets: dict[str, str] = {}
    sheets: dict[str, str] = {}

    def relation(name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship":
            targets[attributes["Id"]] = posixpath.normpath(posixpath.join("/xl", attributes["Target"])).lstrip("/")

    def sheet(name: str, attributes: dict[str, str]) -> None:
        if name == "sheet":
            sheets[attributes["name"]] = next((v for k, v in attributes.items() if k.rpartition(":")[2] == "id"), "")

    _parse(archive, _RELATIONS, relation)
    _parse(archive, _WORKBOOK, sheet)
    parts = {name: targets.get(link, "") for name, link in sheets.items()}
    names = set(archive.namelist())
    return {name: _Cells(formats).of(archive, part) for name, part in parts.items() if part in names}


def _formats(archive: zipfile.ZipFile) -> Mapping[int, DigitFormat]:
    """By the cells' style: the formats that show a number in another way than by its digits."""
    codes: dict[str, DigitFormat] = {}
    styles: list[str] = []
    inside: list[bool] = [False]

    def start(name: str, attributes: dict[str, str]) -> None:
        if name == "numFmt" and (known := digit_format(attributes.get("formatCode", ""))) is not None:
            codes[attributes["numFmtId"]] = known
        inside[0] = name == "cellXfs" or (inside[0] and name not in {"cellStyles", "cellStyleXfs", "dxfs"})
        if name == "xf" and inside[0]:
            styles.append(attributes.get("numFmtId", "0"))

    _parse(archive, _STYLES, start)
    return {style: codes[number] for style, number in enumerate(styles) if number in codes}


class _Cells:
    """Reads a sheet for its special cells."""

    def __init__(self, formats: Mapping[int, DigitFormat]) -> None:
        self._formats = formats
        self._found: dict[tuple[int, int], Cell] = {}
        self._row = self._column = -1
        self._style = -1
        self._type = ""
        self._text: list[str] | None = None  # of a <v>, in a cell that matters

    def of(self, archive: zipfile.ZipFile, part: str) -> Found:
        """The cells of a sheet."""
        _parse(archive, part, self._start, self._end, self._characters)
        return self._found

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "row":
            self._row = int(attributes["r"]) - 1 if "r" in attributes else self._row + 1
            self._column = -1
        elif name == "c":
            place = attributes.get("r", "")
            self._column = _column(place) if place else self._column + 1
            self._type, self._style = attributes.get("t", "n"), int(attributes.get("s", "0"))
        elif name == "v" and (self._type == "e" or (self._type == "n" and self._style in self._formats)):
            self._text = []

    def _characters(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def _end(self, name: str) -> None:
        if name != "v" or self._text is None:
            return
        text, self._text = "".join(self._text).strip(), None
        if self._type == "e":
            self._found[self._row, self._column] = text
            return
        value = float(text)
        if (shown := self._formats[self._style].shown(value)) is not None:
            self._found[self._row, self._column] = ShownNumber(value, shown)


def _column(place: str) -> int:
    number = 0
    for letter in place.upper():
        if not "A" <= letter <= "Z":
            break
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _parse(
    archive: zipfile.ZipFile,
    part: str,
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None] | None = None,
    characters: Callable[[str], None] | None = None,
) -> None:
    """Give a part's elements, by their names without prefix."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = lambda name, attributes: start(name.rpartition(":")[2], attributes)
    if end is not None:
        parser.EndElementHandler = lambda name: end(name.rpartition(":")[2])
    parser.CharacterDataHandler = characters
    parser.StartDoctypeDeclHandler = _refuse
    with archive.open(part) as file:
        parser.ParseFile(file)


def _refuse(*_: object) -> NoReturn:
    raise ValueError("a document type")
