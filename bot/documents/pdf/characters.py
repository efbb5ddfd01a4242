"""A PDF page's characters as pdfium tells them: their place, size, direction and ink.

Called by text.py for each page, by upright.py for their type. `characters` gives what the page's own content writes, in
its order, without what pdfium made up itself; a letter that no font can name is U+FFFD. Raises nothing.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pypdfium2.raw as pdfium

from bot.documents.pdf.painted import Ink, ink_of

# pdfium writes a hyphen at a line's end as one of these; numbers are wrapped there.
_HYPHENS = frozenset({0x02, 0xFFFE})
_HYPHENATION_POINT = 0x2027  # what cairo writes for ・ where a font draws both alike; no Japanese text means it
_MADE_UP = frozenset({0x20, 0x0A, 0x0D})
_REPLACEMENT = "\ufffd"
# In a column of vertical writing a letter's origin lies this many ems below the one before, and not beside it.
_BELOW_EMS = (0.3, 2.5)
_BESIDE_EMS = 0.2
_FIRST_EAST_ASIAN = "\u2e80"
# From this part of the pairs of letters on the page is written vertically; a stamp or a margin note stays below.
_VERTICAL_PART = 0.3


@dataclass(frozen=True, slots=True)
class Character:
    """A character in the page's own space, in points (y upwards).

    `angle`: of its text, radians; `source`: the text object that draws it; `ink`: None where it is not painted.
    """

    text: str
    left: float
    bottom: float
    right: float
    top: float
    origin_x: float
    origin_y: float
    em: float
    angle: float
    order: int
    source: int
    ink: Ink | None

    @property
    def middle(self) -> tuple[float, float]:
        """The middle of its box."""
        return (self.left + self.right) / 2, (self.bottom + self.top) / 2


def characters(text_page: Any) -> Iterator[Character]:
    """Give everything that the page writes, seen or not."""
    text_page = text_page.raw  # else each of the thousands of calls asks pypdfium2's wrapper for it
    box = pdfium.FS_RECTF()
    x, y = ctypes.c_double(), ctypes.c_double()
    em = angle = 0.0
    ink: Ink | None = None
    last = -1
    lead = 0
    for order in range(pdfium.FPDFText_CountChars(text_page)):
        code = pdfium.FPDFText_GetUnicode(text_page, order)
        if code in _MADE_UP and pdfium.FPDFText_IsGenerated(text_page, order) == 1:
            continue
        if 0xD800 <= code < 0xDC00:
            lead = code
            continue
        text, lead = _text(code, lead), 0
        if not pdfium.FPDFText_GetLooseCharBox(text_page, order, box):
            continue
        if text != " " and pdfium.FPDFText_HasUnicodeMapError(text_page, order) == 1:
            text = _REPLACEMENT  # pdfium gives the font's own number, which looks like a letter
        pdfium.FPDFText_GetCharOrigin(text_page, order, x, y)
        item = pdfium.FPDFText_GetTextObject(text_page, order)
        source = ctypes.cast(item, ctypes.c_void_p).value or 0
        if source != last or not source:
            last = source
            em, angle = _size_and_angle(text_page, order, box)
            ink = ink_of(item, pdfium.FPDFTextObj_GetTextRenderMode(item)) if source else (0, 0, 0)
        yield Character(text, box.left, box.bottom, box.right, box.top, x.value, y.value, em, angle, order, source, ink)


def is_vertical(written: Sequence[Character]) -> bool:
    """Tell whether the page's letters stand below each other (縦書き): they are no lines."""
    letters = [character for character in written if not character.text.isspace()]
    return sum(_is_below(first, second) for first, second in pairwise(letters)) > _VERTICAL_PART * len(letters)


def _is_below(first: Character, second: Character) -> bool:
    if first.text < _FIRST_EAST_ASIAN and second.text < _FIRST_EAST_ASIAN:
        return False  # a list of numbers
    across, along = second.origin_x - first.origin_x, second.origin_y - first.origin_y
    if first.angle:
        sine, cosine = math.sin(first.angle), math.cos(first.angle)
        across, along = across * cosine + along * sine, along * cosine - across * sine
    return abs(across) < _BESIDE_EMS * first.em and _BELOW_EMS[0] * first.em < -along < _BELOW_EMS[1] * first.em


def is_meaningless(text: str) -> bool:
    """Tell a character that stands for a failure: U+FFFD, private use, a control."""
    code = ord(text[0])
    return text == _REPLACEMENT or 0xE000 <= code <= 0xF8FF or code >= 0xF0000 or code < 0x20 or 0x7F <= code < 0xA0


def _text(code: int, lead: int) -> str:
    """Turn pdfium's code into a character; `lead`: a high surrogate before it."""
    if 0xDC00 <= code < 0xE000:
        return chr(0x10000 + ((lead - 0xD800) << 10) + (code - 0xDC00)) if lead else _REPLACEMENT
    if code in _HYPHENS:
        return "-"
    if code == _HYPHENATION_POINT:
        return "・"
    if code in {0x09, 0x0A, 0x0D}:
        return " "
    if code == 0 or code > 0x10FFFF:
        return _REPLACEMENT
    return chr(code)


def _size_and_angle(text_page: Any, order: int, box: Any) -> tuple[float, float]:
    """Take the em in points and the direction of the text from the matrix that draws it."""
    matrix = _MATRIX
    size = pdfium.FPDFText_GetFontSize(text_page, order)
    if not pdfium.FPDFText_GetMatrix(text_page, order, matrix) or not (matrix.a or matrix.b):
        return max(abs(box.top - box.bottom), 0.1), 0.0
    em = abs(size) * math.hypot(matrix.c, matrix.d)
    # Some fonts draw with a matrix of their own and a size of 1 or 0: then the box is the better measure.
    return (em if em > 0.5 else max(abs(box.top - box.bottom), 0.1)), math.atan2(matrix.b, matrix.a)


# One for all questions: a browser's page has a text object for each letter.
_MATRIX = pdfium.FS_MATRIX()
