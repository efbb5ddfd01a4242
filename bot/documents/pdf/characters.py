"""A PDF page's characters from pdfium: position, size, direction and colour.

Called by text.py for each page; upright.py uses the type. `characters` returns the characters of the page's content in content
order, without the blanks and line ends that pdfium generates; a glyph without a Unicode mapping is U+FFFD. Raises nothing.
"""

from __future__ import annotations

import ctypes
import math
import struct
import unicodedata
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import pypdfium2.raw as pdfium

from bot.core.text.lazy_pattern import LazyPattern
from bot.documents.pdf.calls import direct, handle_of
from bot.documents.pdf.painted import Ink, ink_of

# pdfium returns one of these for a hyphen at a line's end, where numbers wrap.
_HYPHENS = frozenset({0x02, 0xFFFE})
_HYPHENATION_POINT = 0x2027  # cairo writes it for ・ when a font has one glyph for both; Japanese text does not use it
_MADE_UP = frozenset({0x20, 0x0A, 0x0D})
_REPLACEMENT = "\ufffd"
# In vertical writing a letter's origin is this many ems below the previous one, without a horizontal offset.
_BELOW_EMS = (0.3, 2.5)
_BESIDE_EMS = 0.2
_FIRST_EAST_ASIAN = "\u2e80"
# The page is vertical from this fraction of letter pairs on; a stamp or a margin note has fewer.
_VERTICAL_PART = 0.3


class Character(NamedTuple):
    """A character in page space, in points (y upwards). A tuple, because a page has thousands of them."""

    text: str
    left: float
    bottom: float
    right: float
    top: float
    origin_x: float
    origin_y: float
    em: float
    angle: float  # of its text, in radians
    order: int  # its number in the page's content
    source: int  # the text object that draws it
    ink: Ink | None  # None: not painted

    @property
    def middle(self) -> tuple[float, float]:
        """The middle of its box."""
        return (self.left + self.right) / 2, (self.bottom + self.top) / 2


def characters(text_page: Any) -> list[Character]:
    """All characters of the page's content, visible or not."""
    page = handle_of(text_page)
    found: list[Character] = []
    em = angle = 0.0
    ink: Ink | None = None
    last = -1
    lead = 0
    for order in range(_count(page)):
        code = _unicode(page, order)
        if code in _MADE_UP and _is_generated(page, order) == 1:
            continue
        if 0xD800 <= code < 0xDC00:
            lead = code
            continue
        text = chr(code) if code in _PLAIN else _text(code, lead)
        lead = 0
        if not _loose_box(page, order, _AT_BOX):
            continue
        if text != " " and _is_unmapped(page, order) == 1:
            text = _REPLACEMENT  # pdfium returns the font's glyph number, which looks like a letter
        _origin(page, order, _AT_X, _AT_Y)
        left, top, right, bottom, x, y = _PLACE.unpack_from(_ROOM)
        source = _text_object(page, order) or 0
        if source != last or not source:
            last = source
            em, angle = _size_and_angle(page, order, max(abs(top - bottom), 0.1))
            ink = ink_of(source) if source else (0, 0, 0)
        # The class's own constructor is a function of Python's.
        found.append(_made(Character, (text, left, bottom, right, top, x, y, em, angle, order, source, ink)))
    return found


_made = tuple.__new__
_PLAIN = range(0x3000, 0xD800)  # kana, kanji, Japanese punctuation: they are what they say
# pdfium writes a character's loose box (FS_RECTF) and its origin here.
_PLACE = struct.Struct("=4f2d")
_ROOM = (ctypes.c_ubyte * _PLACE.size)()
_AT_BOX = ctypes.addressof(_ROOM)
_AT_X, _AT_Y = _AT_BOX + 16, _AT_BOX + 24
_MATRIX = pdfium.FS_MATRIX()
_AT_MATRIX = ctypes.addressof(_MATRIX)

_count = direct(pdfium.FPDFText_CountChars)
_unicode = direct(pdfium.FPDFText_GetUnicode)
_is_generated = direct(pdfium.FPDFText_IsGenerated)
_is_unmapped = direct(pdfium.FPDFText_HasUnicodeMapError)
_loose_box = direct(pdfium.FPDFText_GetLooseCharBox)
_origin = direct(pdfium.FPDFText_GetCharOrigin)
_text_object = direct(pdfium.FPDFText_GetTextObject)
_font_size = direct(pdfium.FPDFText_GetFontSize)
_matrix = direct(pdfium.FPDFText_GetMatrix)


def is_vertical(written: Sequence[Character]) -> bool:
    """Whether the page is written vertically (縦書き), so that it has no horizontal lines."""
    letters = [character for character in written if not character.text.isspace()]
    below = 0
    for first, second in pairwise(letters):
        # On one baseline no letter is below another.
        if first.origin_y != second.origin_y or first.angle:
            below += _is_below(first, second)
    return below > _VERTICAL_PART * len(letters)


def _is_below(first: Character, second: Character) -> bool:
    if first.text < _FIRST_EAST_ASIAN and second.text < _FIRST_EAST_ASIAN:
        return False  # a list of numbers
    across, along = second.origin_x - first.origin_x, second.origin_y - first.origin_y
    if first.angle:
        sine, cosine = math.sin(first.angle), math.cos(first.angle)
        across, along = across * cosine + along * sine, along * cosine - across * sine
    return abs(across) < _BESIDE_EMS * first.em and _BELOW_EMS[0] * first.em < -along < _BELOW_EMS[1] * first.em


def is_meaningless(text: str) -> bool:
    """Whether a character shows a failed mapping: U+FFFD, private use, a control."""
    code = ord(text[0])
    return text == _REPLACEMENT or 0xE000 <= code <= 0xF8FF or code >= 0xF0000 or code < 0x20 or 0x7F <= code < 0xA0


_ACTUAL_TEXT = b"ActualText"


def without_actual_text(item: int) -> tuple[str, ...]:
    """Remove the words with Latin letters or digits that a text object is marked to stand for (ActualText), and return them.

    pdfium would give them in place of the letters that are drawn. Other words stay: they name kanji that a font draws with the
    glyphs of radicals.
    """
    said: list[str] = []
    for index in range(_count_marks(item) - 1, -1, -1):
        mark = _mark(item, index)
        if _type_in_mark(mark, _ACTUAL_TEXT) == pdfium.FPDF_OBJECT_UNKNOWN:
            continue
        size = ctypes.c_ulong()
        _bytes_in_mark(mark, _ACTUAL_TEXT, None, 0, ctypes.addressof(size))
        room = (ctypes.c_ubyte * size.value)()
        _bytes_in_mark(mark, _ACTUAL_TEXT, room, size.value, ctypes.addressof(size))
        words = _decoded(bytes(room))
        if signs_of(words):
            said.append(words)
            _remove_mark(item, mark)
    return tuple(said)


_count_marks = direct(pdfium.FPDFPageObj_CountMarks)
_mark = direct(pdfium.FPDFPageObj_GetMark)
_type_in_mark = direct(pdfium.FPDFPageObjMark_GetParamValueType)
_bytes_in_mark = direct(pdfium.FPDFPageObjMark_GetParamBlobValue)
_remove_mark = direct(pdfium.FPDFPageObj_RemoveMark)


def _decoded(text: bytes) -> str:
    """A PDF's text string (ISO 32000-2 §7.9.2.2)."""
    for mark, charset in ((b"\xfe\xff", "utf-16-be"), (b"\xff\xfe", "utf-16-le"), (b"\xef\xbb\xbf", "utf-8")):
        if text.startswith(mark):
            return text[len(mark) :].decode(charset, "replace")
    return text.decode("latin-1")


def signs_of(text: str) -> str:
    """The Latin letters and digits in a text, half-width: what numbers and keys are made of."""
    return "".join(_SIGN.findall(unicodedata.normalize("NFKC", text)))


_SIGN = LazyPattern("[0-9A-Za-z]")


def _text(code: int, lead: int) -> str:
    """The character of pdfium's code; `lead`: a high surrogate before it, or 0."""
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


def _size_and_angle(page: int, order: int, height: float) -> tuple[float, float]:
    """The em in points and the direction in radians, from the character's text matrix. `height`: its box's."""
    matrix = _MATRIX
    size = _font_size(page, order)
    if not _matrix(page, order, _AT_MATRIX) or not (matrix.a or matrix.b):
        return height, 0.0
    em = abs(size) * math.hypot(matrix.c, matrix.d)
    # Some fonts have their own matrix and a size of 1 or 0; then the box is the better measure.
    return (em if em > 0.5 else height), math.atan2(matrix.b, matrix.a)
