"""A picture read: lines of cells with their places and confidence, as outbound/text_layout.py gives them for a text layer.

`read_picture` is called in the reading process for each page without text of its own. Promises the straightened picture too,
to which all places refer (points = pixels · 72 / dpi). Nothing is corrected but labels (core/notice/ocr_labels.py).
Raises MemoryError only.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise

import cv2
import numpy as np

from bot.core.issuers import PRINTED_LABELS
from bot.core.notice.document import Line, OpenFailure, Page, PageCell, TextSource
from bot.core.notice.ocr_labels import label_behind, label_letters, repair_label, repair_spaced_label
from bot.documents.images.deskew import PADDING, cut, paper_level, upright
from bot.documents.images.engines import Engines
from bot.documents.images.image_files import Picture
from bot.documents.images.text_detection import Grey, Recognised

_POINTS_AN_INCH = 72.0
_LEAST_CONFIDENCE = 0.5  # below it is dirt, a seal, a logo
_FEWEST_LETTERS = 4  # fewer on a page are no text
# Inked columns apart by more than this, in heights of a line's ink, belong to two cells.
_CELL_GAP = 1.6
# Strokes of tables and underlines, in inches: no letter has strokes so long.
_STROKE_INCHES = 0.45
# The detector's boxes are higher than the letters by so much above and below, in their heights.
_AIR = 0.14
# Cells of one line stand at one height but for this, in ems; cells of a table may be set half a line lower.
_LINE_OFFSET = 0.5
_COLUMN_OFFSET = 0.8  # a value that touches its label begins where others begin but for this, in ems
_COLUMN_NEAR, _COLUMN_CELLS = 0.5, 2  # a gap is one between columns where so many other cells begin, within so many ems
_APART = 1.3  # from a letter's middle to the next one's, in ems, where another cell begins
_MOST_LINES = 400

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class SeenPage:
    """A page as it was read, and the upright picture (grey, `dpi`) on which its boxes lie."""

    page: Page
    bitmap: Grey = field(repr=False)
    dpi: float

    def crop(self, box: Box, padding: float = PADDING) -> Grey:
        """What stands in a box of the page, in points, with the air around letters."""
        x0, top, x1, bottom = (edge * self.dpi / _POINTS_AN_INCH for edge in box)
        air = (bottom - top) * _AIR / (1 - 2 * _AIR)
        return cut(self.bitmap, (x0, top - air, x1, bottom + air), padding)


def grey_of(picture: Picture) -> Grey:
    """A picture's pixels."""
    return np.asarray(picture.grey, np.uint8)


def read_picture(picture: Picture, number: int, engines: Engines) -> SeenPage | OpenFailure:
    """Read a picture as page `number`; Trouble.NO_TEXT when nothing on it is legible."""
    straight = upright(picture, engines)
    page, rules = _without_strokes(straight.grey, straight.dpi)
    written = [
        one
        for box in straight.boxes[:_MOST_LINES]
        for one in _written(engines.recogniser.recognise(cut(page, box)), _pieces(page, rules, box), box, straight.dpi)
    ]
    starts = [one.cell.x0 for one in written]
    cells = [cell for one in written for cell in one.parted(starts)]
    if sum(len(cell.text) for cell in cells) < _FEWEST_LETTERS:
        return OpenFailure.NO_TEXT
    height, width = (length * _POINTS_AN_INCH / straight.dpi for length in straight.grey.shape)
    seen = Page(number, round(width, 2), round(height, 2), lines_of_cells(cells))
    return SeenPage(seen, straight.grey, straight.dpi)


@dataclass(frozen=True, slots=True)
class _Written:
    """A cell as it was read, and the middles of its letters (points from the page's left edge)."""

    cell: PageCell
    middles: tuple[float, ...]

    def parted(self, starts: list[float]) -> Iterator[PageCell]:
        """Cut between a label and the value that touches it, before a label behind a value, and where a column begins in a
        gap (`starts`: where the page's cells begin); labels repaired.
        """
        repaired = repair_label(self.cell.text)
        is_label = (
            repaired in PRINTED_LABELS
        )  # spaced out, perhaps: each of its letters stands where another label's does
        found = self._behind_label(starts) or self._before_label() or self._at_column(starts)
        if found is None or is_label:
            yield replace(self.cell, text=repaired)
            return
        letters, x = found[0], round(found[1], 2)
        yield replace(self.cell, text=repair_label(self.cell.text[:letters].rstrip()), x1=x - 0.1)
        rest = replace(self.cell, text=self.cell.text[letters:], x0=x)
        yield from _Written(rest, self.middles[letters:]).parted(starts)

    @property
    def _em(self) -> float:
        return self.cell.bottom - self.cell.top

    def _behind_label(self, starts: list[float]) -> tuple[int, float] | None:
        letters = label_letters(self.cell.text)
        if not 0 < letters < len(self.middles):
            return None
        start = self._start_near(letters, starts, _COLUMN_OFFSET)
        return None if start is None or start <= self.middles[letters - 1] else (letters, start)

    def _before_label(self) -> tuple[int, float] | None:
        letters = label_behind(self.cell.text)
        return (letters, self._left_of(letters)) if self._is_apart(letters) else None

    def _at_column(self, starts: list[float]) -> tuple[int, float] | None:
        for letters in range(1, len(self.middles)):
            start = self._start_near(letters, starts, _COLUMN_NEAR) if self._is_apart(letters) else None
            if start is not None and sum(abs(x - start) < _COLUMN_NEAR * self._em for x in starts) >= _COLUMN_CELLS:
                return letters, start
        return None

    def _is_apart(self, letters: int) -> bool:
        """Whether a gap is before this letter that is wider than between letters of a text."""
        if not 0 < letters < len(self.middles) or self.cell.text[letters].isspace():
            return False
        before = max((place for place in range(letters) if not self.cell.text[place].isspace()), default=letters)
        return self.middles[letters] - self.middles[before] > _APART * self._em

    def _left_of(self, letters: int) -> float:
        return self.middles[letters] - self._em / (2 if ord(self.cell.text[letters]) > 0xFF else 4)

    def _start_near(self, letters: int, starts: list[float], most: float) -> float | None:
        """Where cells begin that is nearest to this letter's left edge; None where none does within so many ems."""
        edge, em = self._left_of(letters), self._em
        inside = (x for x in starts if self.cell.x0 < x < self.cell.x1 and abs(x - edge) < most * em)
        return min(inside, key=lambda x: abs(x - edge), default=None)


def lines_of_cells(cells: list[PageCell]) -> tuple[Line, ...]:
    """Put cells on one baseline into one line, from top to bottom, left to right."""
    rows: list[list[PageCell]] = []
    for cell in sorted(cells, key=lambda cell: cell.top + cell.bottom):
        row = next((row for row in reversed(rows[-8:]) if all(_beside(other, cell) for other in row)), None)
        if row is None:
            rows.append([cell])
        else:
            row.append(cell)
    lines = [_line(sorted(row, key=lambda cell: cell.x0)) for row in rows]
    return tuple(sorted(lines, key=lambda line: min(cell.top for cell in line.cells)))


def _line(cells: list[PageCell]) -> Line:
    texts = repair_spaced_label([cell.text for cell in cells])
    return Line(tuple(replace(cell, text=text) for cell, text in zip(cells, texts, strict=True)))


def _beside(one: PageCell, other: PageCell) -> bool:
    lower = min(one.bottom - one.top, other.bottom - other.top)
    offset = abs(one.top + one.bottom - other.top - other.bottom) / 2
    return offset <= _LINE_OFFSET * lower and min(one.x1, other.x1) - max(one.x0, other.x0) < lower / 2


def _written(read: Recognised, pieces: list[tuple[float, float]], box: Box, dpi: float) -> Iterator[_Written]:
    """The line's letters as cells, one for each piece of it (from, to in pixels); those that are dirt are left out."""
    around = PADDING * (box[3] - box[1])
    left, width = max(box[0] - around, 0.0), box[2] - box[0] + 2 * around
    scale = _POINTS_AN_INCH / dpi
    begin = 0
    for number, (x0, x1) in enumerate(pieces):
        end = len(read.text)
        if number + 1 < len(pieces):
            fence = ((x1 + pieces[number + 1][0]) / 2 - left) / width
            end = max(bisect_left(read.places, fence), begin)
        text, sure = read.text[begin:end], read.confidences[begin:end]
        first = begin + len(text) - len(text.lstrip())
        begin, text = end, text.strip()
        if text and sum(sure) >= _LEAST_CONFIDENCE * len(sure):
            air = _AIR * (box[3] - box[1])
            edges = (x0, box[1] + air, x1, box[3] - air)
            left_edge, top, right_edge, bottom = (round(edge * scale, 2) for edge in edges)
            confidence = round(100 * sum(sure) / len(sure))
            places = tuple((left + place * width) * scale for place in read.places[first : first + len(text)])
            between = ((one + other) / 2 for one, other in pairwise(places))
            begins = (left_edge, *between, right_edge)
            yield _Written(
                PageCell(text, left_edge, top, right_edge, bottom, TextSource.IMAGE, confidence, begins), places
            )


def _without_strokes(grey: Grey, dpi: float) -> tuple[Grey, Grey]:
    """The page without the strokes of its tables, and where upright strokes stood (255)."""
    dark = cv2.threshold(grey, 160, 255, cv2.THRESH_BINARY_INV)[1]
    length = max(round(_STROKE_INCHES * dpi), 20)
    across = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((1, length), np.uint8))
    down = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((length, 1), np.uint8))
    strokes = cv2.dilate(cv2.bitwise_or(across, down), np.ones((3, 3), np.uint8))
    page = grey.copy()
    page[strokes > 0] = 250
    return page, np.asarray(down, np.uint8)


def _pieces(page: Grey, rules: Grey, box: Box) -> list[tuple[float, float]]:
    """Where a line's ink begins and ends, cut where a stroke stands or a wide gap gapes; pixels of the page."""
    x0, y0, x1, y1 = (max(round(edge), 0) for edge in box)
    area = page[y0:y1, x0:x1]
    if area.size == 0:
        return [(box[0], box[2])]
    paper = paper_level(area)
    ink = area < min(paper - 50, 0.75 * paper)
    rows = np.flatnonzero(ink.mean(axis=1) > 0.01)
    columns = np.flatnonzero(ink.any(axis=0))
    if not len(rows) or not len(columns):
        return [(box[0], box[2])]
    widest = _CELL_GAP * int(rows[-1] - rows[0] + 1)
    fence = np.flatnonzero((rules[y0:y1, x0:x1] > 0).mean(axis=0) > 0.5)
    pieces: list[tuple[float, float]] = []
    begin = int(columns[0])
    for left, right in pairwise(map(int, columns)):
        if right - left > 1 and (right - left > widest or ((fence > left) & (fence < right)).any()):
            pieces.append((float(x0 + begin), float(x0 + left + 1)))
            begin = right
    return [*pieces, (float(x0 + begin), float(x0 + int(columns[-1]) + 1))]
