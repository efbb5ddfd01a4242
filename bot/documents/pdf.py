"""A PDF's text layer as pages of lines of cells, read with pdfium; the only module that knows pypdfium2.

Called by opening.py, inside the child process. `read_pages` returns the pages or the Trouble that kept them closed.
pdfium may abort the whole process on hostile files; that is why nobody calls this in the daemon itself. Raises nothing
else than MemoryError.
"""

from __future__ import annotations

import ctypes
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from bot.core.document import Page, Trouble
from bot.documents.layout import Glyph, Rule, lines_of

# A notice is one page; claims and contracts that ride along have a few. Nobody reads further by machine (faults.md A3).
PAGES_READ = 20
# All pages' characters. A page alone beyond this is no paper for people.
TEXT_CHARACTERS = 200_000
# From this part of meaningless characters on a text layer is garbled; bullets from symbol fonts stay far below.
GARBLED_PART = 1 / 3
# A page that is a picture, with fewer letters than this beside it (a fax header, a scanner's stamp), is a scan.
# The labels, number and key of the shortest notice have more than 60.
SCAN_CHARACTERS = 40
SCAN_COVERAGE = 0.5

# A table's strokes are sought among so many drawn paths; plans and maps have more, and no cells.
PATHS_SEEN = 2000
# A stroke is thinner than this and longer than that, in points.
_STROKE_WIDTH = 3.0
_STROKE_LENGTH = 8.0
_RECTANGLE_SEGMENTS = range(4, 6)

# pdfium writes a hyphen at a line's end as one of these; numbers are wrapped there.
_HYPHENS = frozenset({0x02, 0xFFFE})
_HYPHENATION_POINT = 0x2027  # what cairo writes for ・ where a font draws both alike; no Japanese text means it
_REPLACEMENT = "\ufffd"
_NO_PDF = b"-"
_QUARTERS = 4
# Text whose direction differs by more than this from the page's does not belong to its lines.
_ASLANT_RADIANS = math.radians(15)

_OPEN_ERRORS: MappingProxyType[int, Trouble] = MappingProxyType(
    {pdfium.FPDF_ERR_PASSWORD: Trouble.ENCRYPTED, pdfium.FPDF_ERR_SECURITY: Trouble.ENCRYPTED},
)


# No fonts but the paper's own and pdfium's: it would seek substitutes all over the machine, which a locked-in child can't,
# and what a paper says must not depend on what is installed.
_NO_FONTS = pdfium.FPDF_SYSFONTINFO(version=1)
pdfium.FPDF_SetSystemFontInfo(_NO_FONTS)


@dataclass(frozen=True, slots=True)
class _Character:
    """A character as pdfium tells it, in the page's own space (y upwards). `angle`: of its text, radians."""

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


def read_pages(content: bytes) -> tuple[Page, ...] | Trouble:
    """Read the first pages of the PDF (at most PAGES_READ and TEXT_CHARACTERS)."""
    # For some damaged files pdfium leaves the error of an earlier one: a password where there is none. This sets it.
    pdfium.FPDF_LoadMemDocument64(_NO_PDF, len(_NO_PDF), None)
    try:
        pdf = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        return _OPEN_ERRORS.get(error.err_code, Trouble.DAMAGED)
    with closing(pdf):
        try:
            return _judged(pdf)
        except pypdfium2.PdfiumError:
            return Trouble.DAMAGED  # a page that does not load: nobody can say what stands there


def _judged(pdf: Any) -> tuple[Page, ...] | Trouble:
    pages: list[Page] = []
    room = TEXT_CHARACTERS
    scans = meaningless = letters = 0
    count = min(len(pdf), PAGES_READ)
    for index in range(count):
        with closing(pdf[index]) as page, closing(page.get_textpage()) as text_page:
            if pdfium.FPDFText_CountChars(text_page) > room:
                break
            characters = list(_characters(text_page))
            visible = [character.text for character in characters if not character.text.isspace()]
            scans += len(visible) < SCAN_CHARACTERS and _is_picture(page)
            pages.append(_page(index + 1, page, characters))
        room -= len(characters)
        letters += len(visible)
        meaningless += sum(map(is_meaningless, visible))
    if not count:
        return Trouble.DAMAGED
    if not pages:
        return Trouble.LIMITS
    if not letters or scans == len(pages):
        return Trouble.NO_TEXT
    if meaningless >= GARBLED_PART * letters or _has_cid_marks(pages):
        return Trouble.GARBLED
    return tuple(pages)


def is_meaningless(text: str) -> bool:
    """Tell a character that stands for a failure: U+FFFD, private use, a control."""
    code = ord(text[0])
    return text == _REPLACEMENT or 0xE000 <= code <= 0xF8FF or code >= 0xF0000 or code < 0x20 or 0x7F <= code < 0xA0


def _has_cid_marks(pages: Iterable[Page]) -> bool:
    """Tell whether another program's failure was copied into the text itself: (cid:1234)."""
    return any(page.text.count("(cid:") > 3 for page in pages)


def _is_picture(page: Any) -> bool:
    left, bottom, right, top = page.get_bbox()
    least = SCAN_COVERAGE * (right - left) * (top - bottom)
    bounds = map(_bounds, _objects(page, pdfium.FPDF_PAGEOBJ_IMAGE))
    return any((x1 - x0) * (y1 - y0) >= least for x0, y0, x1, y1 in bounds)


def _objects(page: Any, kind: int) -> Iterator[Any]:
    """Go through the page's own objects of a kind (raw handles: pypdfium2's wrappers cost more than all the rest)."""
    for index in range(pdfium.FPDFPage_CountObjects(page)):
        item = pdfium.FPDFPage_GetObject(page, index)
        if pdfium.FPDFPageObj_GetType(item) == kind:
            yield item


def _bounds(item: Any) -> tuple[float, float, float, float]:
    """Give left, bottom, right, top in the page's own space; nothing for what has no place."""
    box = [ctypes.c_float() for _ in range(4)]
    pdfium.FPDFPageObj_GetBounds(item, *box)
    left, bottom, right, top = (edge.value for edge in box)
    return left, bottom, right, top


def _characters(text_page: Any) -> Iterator[_Character]:
    """Everything that the page draws as text, in the order of its content; without what pdfium made up itself."""
    box = pdfium.FS_RECTF()
    x, y = ctypes.c_double(), ctypes.c_double()
    style = (0, 0.0, 0.0)
    lead = 0
    for order in range(pdfium.FPDFText_CountChars(text_page)):
        if pdfium.FPDFText_IsGenerated(text_page, order) == 1:
            continue
        code = pdfium.FPDFText_GetUnicode(text_page, order)
        if 0xD800 <= code < 0xDC00:
            lead = code
            continue
        text, lead = _text(code, lead), 0
        if not text or not pdfium.FPDFText_GetLooseCharBox(text_page, order, box):
            continue
        pdfium.FPDFText_GetCharOrigin(text_page, order, x, y)
        source = ctypes.cast(pdfium.FPDFText_GetTextObject(text_page, order), ctypes.c_void_p).value or 0
        if source != style[0] or not source:
            style = (source, *_size_and_angle(text_page, order, box))
        yield _Character(
            text, box.left, box.bottom, box.right, box.top, x.value, y.value, style[1], style[2], order, source
        )


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
    matrix = pdfium.FS_MATRIX()
    size = pdfium.FPDFText_GetFontSize(text_page, order)
    if not pdfium.FPDFText_GetMatrix(text_page, order, matrix) or not (matrix.a or matrix.b):
        return max(abs(box.top - box.bottom), 0.1), 0.0
    em = abs(size) * math.hypot(matrix.c, matrix.d)
    # Some fonts draw with a matrix of their own and a size of 1 or 0: then the box is the better measure.
    return (em if em > 0.5 else max(abs(box.top - box.bottom), 0.1)), math.atan2(matrix.b, matrix.a)


def _page(number: int, page: Any, characters: list[_Character]) -> Page:
    """Turn the page so that most of its text is upright, whatever /Rotate or the drawing program did."""
    quarters = Counter(round(character.angle / (math.pi / 2)) % _QUARTERS for character in characters)
    turns = quarters.most_common(1)[0][0] if quarters else page.get_rotation() // 90
    left, bottom, right, top = page.get_bbox()
    width, height = right - left, top - bottom
    if turns % 2:
        width, height = height, width
    turned = _Turned(turns, left, bottom, right, top)
    lines = lines_of(map(turned.glyph, characters), turned.rules(page))
    return Page(number, round(width, 2), round(height, 2), lines)


@dataclass(frozen=True, slots=True)
class _Turned:
    """The page's box and how many quarters its text is turned counter-clockwise."""

    turns: int
    left: float
    bottom: float
    right: float
    top: float

    def glyph(self, character: _Character) -> Glyph:
        """Place the character in points from the upright page's upper-left corner."""
        x0, _ = self._point(character.left, character.bottom)
        x1, _ = self._point(character.right, character.top)
        start, baseline = self._point(character.origin_x, character.origin_y)
        lean = math.remainder(character.angle - self.turns * math.pi / 2, 2 * math.pi)
        x0, x1 = min(x0, x1), max(x0, x1)
        # For some letters pdfium gives the inked box instead of the advance (Chromium's 日); the origin tells the bearing.
        bearing = x0 - start if 0 < x0 - start < character.em / 2 else 0.0
        return Glyph(
            character.text,
            x0 - bearing,
            x1 + bearing,
            baseline,
            character.em,
            character.order,
            character.source,
            upright=abs(lean) < _ASLANT_RADIANS,
        )

    def rules(self, page: Any) -> Iterator[Rule]:
        """Find what stands upright among the page's drawn strokes and rectangles."""
        for path in islice(_objects(page, pdfium.FPDF_PAGEOBJ_PATH), PATHS_SEEN):
            bounds = _bounds(path)
            xs, ys = zip(self._point(*bounds[:2]), self._point(*bounds[2:]), strict=True)
            if max(ys) - min(ys) < _STROKE_LENGTH:
                continue
            if max(xs) - min(xs) < _STROKE_WIDTH:
                yield Rule(sum(xs) / 2, min(ys), max(ys))
            elif pdfium.FPDFPath_CountSegments(path) in _RECTANGLE_SEGMENTS:
                yield Rule(min(xs), min(ys), max(ys))
                yield Rule(max(xs), min(ys), max(ys))

    def _point(self, x: float, y: float) -> tuple[float, float]:
        match self.turns:
            case 0:
                return x - self.left, self.top - y
            case 1:
                return y - self.bottom, x - self.left
            case 2:
                return self.right - x, y - self.bottom
            case _:
                return self.top - y, self.right - x
