"""A PDF page's characters, fields and strokes → a Page, rotated so that most of its text is upright.

Called by text.py for each page with text. /Rotate is ignored; the direction of the letters decides. Cells of form fields and
notes have their own `source`. Raises nothing.

    page space: y upwards, any rotation           upright page: y downwards, from the upper left corner
    ▲ y                                           ┌────▶ x
    │   text angle 90° → turns = 1                │ 工事名 …
    └────▶ x                                      ▼ y
"""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.core.notice.document import Line, Page, PageCell
from bot.documents.pdf.characters import Character
from bot.documents.pdf.form_fields import FilledField
from bot.documents.pdf.layout import ASCENT, Glyph, Rule, lines_of
from bot.documents.pdf.painted import Box, Painted

# A stroke's largest width and smallest length, in points.
_STROKE_WIDTH = 3.0
_STROKE_LENGTH = 8.0
_QUARTERS = 4
# Text that deviates by more than this from the page's direction is not part of its lines.
_ASLANT_RADIANS = math.radians(15)
# Layout of a field's value: line pitch in ems, distance from the edge in points, font size in points where unknown.
_FIELD_LINE = 1.25
_FIELD_INSET = 2.0
_FIELD_EM = 12.0
_NARROW_EMS = 0.5


def upright_page(
    number: int, page: Any, seen: Sequence[Character], drawn: Painted, fields: Sequence[FilledField]
) -> Page:
    """The page's lines, in points from the upper left corner of the upright page. `seen`: the visible characters."""
    turned = turning(page, seen, drawn.box)
    width, height = turned.size
    glyphs = turned.glyphs(seen)
    rules = list(turned.rules(drawn))
    boxes: list[tuple[Box, FilledField]] = []
    for field in fields:
        box = turned.box(field.box)
        boxes.append((box, field))
        glyphs += _set(field, box, len(boxes))
        rules += [Rule(x, box[1], box[3]) for x in (box[0], box[2])]
    lines = lines_of(glyphs, rules)
    return Page(number, round(width, 2), round(height, 2), _with_sources(lines, boxes) if boxes else lines)


def turning(page: Any, seen: Sequence[Character], box: Box) -> Turned:
    """How the page must be turned. `seen`: the visible characters; `box`: the page's."""
    quarters = Counter[int]()
    for angle, letters in Counter([character.angle for character in seen]).items():
        quarters[round(angle / (math.pi / 2)) % _QUARTERS] += letters
    # not most_common(1), which imports heapq when it is called: a confined child can't
    return Turned(max(quarters, key=lambda turn: quarters[turn]) if quarters else page.get_rotation() // 90, *box)


def degrees(page: Any, seen: Sequence[Character], box: Box) -> int:
    """By how many degrees clockwise the page must be turned when it is drawn, beside its own /Rotate."""
    own: int = page.get_rotation()
    return (turning(page, seen, box).turns * 90 - own) % 360


@dataclass(frozen=True, slots=True)
class Turned:
    """The page's box in points, and the rotation of its text."""

    turns: int  # quarter turns counter-clockwise
    left: float
    bottom: float
    right: float
    top: float

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the upright page."""
        width, height = self.right - self.left, self.top - self.bottom
        return (height, width) if self.turns % 2 else (width, height)

    def glyphs(self, seen: Sequence[Character]) -> list[Glyph]:
        """The characters on the upright page, in points from its upper left corner."""
        found: list[Glyph] = []
        is_upright: dict[float, bool] = {}
        for text, left, bottom, right, top, origin_x, origin_y, em, angle, order, source, _ in seen:
            if self.turns:
                x0, x1 = self.point(left, bottom)[0], self.point(right, top)[0]
                start, baseline = self.point(origin_x, origin_y)
            else:
                x0, x1 = left - self.left, right - self.left
                start, baseline = origin_x - self.left, self.top - origin_y
            if x0 > x1:
                x0, x1 = x1, x0
            if angle not in is_upright:
                lean = math.remainder(angle - self.turns * math.pi / 2, 2 * math.pi)
                is_upright[angle] = abs(lean) < _ASLANT_RADIANS
            # For some letters pdfium returns the inked box, not the advance (Chromium's 日); the origin gives the bearing.
            bearing = x0 - start if 0 < x0 - start < em / 2 else 0.0
            glyph = (text, x0 - bearing, x1 + bearing, baseline, em, order, source, is_upright[angle], text.isspace())
            found.append(_made(Glyph, glyph))
        return found

    def rules(self, drawn: Painted) -> Iterator[Rule]:
        """The vertical strokes among the page's paths, on the upright page."""
        for path in drawn.paths:
            x0, y0, x1, y1 = self.box(path.box)
            if y1 - y0 < _STROKE_LENGTH:
                continue
            if x1 - x0 < _STROKE_WIDTH:
                yield Rule((x0 + x1) / 2, y0, y1)
            elif path.is_rectangle:
                yield Rule(x0, y0, y1)
                yield Rule(x1, y0, y1)

    def box(self, box: Box) -> Box:
        """Left, top, right, bottom of a box on the upright page."""
        xs, ys = zip(self.point(*box[:2]), self.point(*box[2:]), strict=True)
        return min(xs), min(ys), max(xs), max(ys)

    def point(self, x: float, y: float) -> tuple[float, float]:
        """A point of the page on the upright page."""
        match self.turns:
            case 0:
                return x - self.left, self.top - y
            case 1:
                return y - self.bottom, x - self.left
            case 2:
                return self.right - x, y - self.bottom
            case _:
                return self.top - y, self.right - x


_made = tuple.__new__  # the class's own constructor is a function of Python's


def _set(field: FilledField, box: Box, number: int) -> Iterator[Glyph]:
    """The glyphs of a field's value, laid out like a viewer's: one line centred vertically, several from the top."""
    x0, top, x1, bottom = box
    room = max(x1 - x0 - 2 * _FIELD_INSET, 1.0)
    em = min(field.em or _FIELD_EM, max(bottom - top, 1.0))
    texts = list(_wrapped(field.text, room / em, int((bottom - top) / (em * _FIELD_LINE))))
    widest = max(map(_width, texts), default=0.0)
    em = min(em, room / max(widest, 1.0))
    first = top + em if len(texts) > 1 else (top + bottom) / 2 + (ASCENT - 0.5) * em
    order = -1_000_000 + 10_000 * number
    for row, text in enumerate(texts):
        x = x0 + _FIELD_INSET
        for letter in text:
            wide = _width(letter) * em
            order += 1
            baseline = first + row * _FIELD_LINE * em
            yield Glyph(letter, x, x + wide, baseline, em, order, -number, is_blank=letter.isspace())
            x += wide


def _wrapped(text: str, room: float, rows: int) -> Iterator[str]:
    """Break a value into lines of `room` ems when its field has the height of several `rows`."""
    for line in text.splitlines():
        if rows <= 1 or _width(line) <= room:
            yield line
            continue
        taken = ""
        for letter in line:
            if _width(taken + letter) > room:
                yield taken
                taken = ""
            taken += letter
        yield taken


def _width(text: str) -> float:
    return sum(1.0 if unicodedata.east_asian_width(letter) in "WFA" else _NARROW_EMS for letter in text)


def _with_sources(lines: tuple[Line, ...], boxes: list[tuple[Box, FilledField]]) -> tuple[Line, ...]:
    return tuple(Line(tuple(_with_source(cell, boxes) for cell in line.cells)) for line in lines)


def _with_source(cell: PageCell, boxes: list[tuple[Box, FilledField]]) -> PageCell:
    for (x0, top, x1, bottom), field in boxes:
        wide = min(cell.x1, x1) - max(cell.x0, x0)
        high = min(cell.bottom, bottom) - max(cell.top, top)
        if 2 * wide > cell.x1 - cell.x0 and high > 0 and "".join(cell.text.split()) in "".join(field.text.split()):
            return replace(cell, source=field.source)
    return cell
