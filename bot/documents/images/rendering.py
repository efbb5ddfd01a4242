"""A page of a PDF as a picture, drawn by pdfium with no fonts but the paper's own and pdfium's.

Called in the reading process for scans and for comparing a page with its text layer. `render` promises a grey picture of at
most PIXELS_A_PAGE, or the Trouble. Notes and filled-in fields are drawn, as viewers do. Raises nothing but MemoryError.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from bot.core.notice.document import OpenFailure
from bot.documents.images.image_files import PIXELS_A_PAGE, Picture
from bot.documents.pdf.calls import handle_of
from bot.documents.pdf.characters import characters
from bot.documents.pdf.own_fonts import WrittenLetters, written_on
from bot.documents.pdf.painted import painted
from bot.documents.pdf.text import TEXT_CHARACTERS, is_seen, opened_pdf
from bot.documents.pdf.upright import degrees
from bot.documents.strip import DRAWN_DPI

FINEST_DPI = 300.0
COARSEST_DPI = 150.0
_POINTS_AN_INCH = 72.0
_SCAN_COVERAGE = 0.5  # of the page: a picture from there on is the page


def render(content: bytes, page_number: int, dpi: float = 0.0, passwords: Sequence[str] = ()) -> Picture | OpenFailure:
    """Draw a page (`page_number` counts from 1) at `dpi`; 0: as finely as the picture on it, at most FINEST_DPI.

    It is turned as documents/pdf/upright.py turns its lines: most of its text is upright, so that the places of both agree.
    """
    with opened_pdf(content, passwords) as pdf:
        if isinstance(pdf, OpenFailure):
            return pdf
        if not 1 <= page_number <= len(pdf):
            return OpenFailure.DAMAGED
        try:
            with closing(pdf[page_number - 1]) as page:
                return _drawn(page, dpi or _own_dpi(page))
        except pypdfium2.PdfiumError:
            return OpenFailure.DAMAGED


def _drawn(page: Any, dpi: float) -> Picture | OpenFailure:
    width, height = page.get_size()
    if width <= 0 or height <= 0:
        return OpenFailure.DAMAGED
    dpi = min(dpi, _POINTS_AN_INCH * math.sqrt(PIXELS_A_PAGE / (width * height)))
    if min(width, height) * dpi / _POINTS_AN_INCH < 1:
        return OpenFailure.LIMITS
    bitmap = page.render(scale=dpi / _POINTS_AN_INCH, grayscale=True, rotation=_turn(page))
    with closing(bitmap):
        return Picture(bitmap.to_pil().convert("L").copy(), dpi)


def _turn(page: Any) -> int:
    """See degrees: by what is seen, as the page's text was read; hidden text turns nothing."""
    drawn = painted(page)
    with closing(page.get_textpage()) as text_page:
        if pdfium.FPDFText_CountChars(text_page) > TEXT_CHARACTERS:
            return 0  # nobody has read it
        seen = [one for one in characters(text_page) if is_seen(one, drawn)]
    return degrees(page, seen, drawn.box)


def written_letters(content: bytes, page_number: int, passwords: Sequence[str]) -> WrittenLetters:
    """The letters of a page's text layer."""
    nothing = WrittenLetters(is_page=False)
    with opened_pdf(content, passwords) as pdf:
        if isinstance(pdf, OpenFailure) or not 1 <= page_number <= len(pdf):
            return nothing
        try:
            with closing(pdf[page_number - 1]) as page, closing(page.get_textpage()) as text_page:
                return written_on(handle_of(text_page))
        except pypdfium2.PdfiumError:
            return nothing


def _own_dpi(page: Any) -> float:
    """The resolution of the picture that makes most of the page; DRAWN_DPI where there is none."""
    left, bottom, right, top = page.get_bbox()
    least = _SCAN_COVERAGE * (right - left) * (top - bottom)
    width, height = ctypes.c_uint(), ctypes.c_uint()
    for index in range(pdfium.FPDFPage_CountObjects(page)):
        item = pdfium.FPDFPage_GetObject(page, index)
        if pdfium.FPDFPageObj_GetType(item) != pdfium.FPDF_PAGEOBJ_IMAGE:
            continue
        box = [ctypes.c_float() for _ in range(4)]
        pdfium.FPDFPageObj_GetBounds(item, *box)
        x0, y0, x1, y1 = (edge.value for edge in box)
        if (x1 - x0) * (y1 - y0) < least or not pdfium.FPDFImageObj_GetImagePixelSize(item, width, height):
            continue
        pixels = max(width.value, height.value)  # it may lie sideways on the page
        return min(max(pixels * _POINTS_AN_INCH / max(x1 - x0, y1 - y0), COARSEST_DPI), FINEST_DPI)
    return DRAWN_DPI
