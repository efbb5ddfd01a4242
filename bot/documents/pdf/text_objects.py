"""A page's text objects, and how one of them is drawn alone: in black on another page, unclipped and opaque.

Called by appearance.py. `move` leaves out what can't be drawn plainly; then its letters have no ink, and count as unseen.
Raises nothing.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any

import pypdfium2.raw as pdfium

from bot.documents.pdf.painted import UNMOVED, Matrix, address_of, clip_of, items

# A thinner outline, in points, is a hairline.
_HAIRLINE = 0.15
_CLIP_GROWTH = 1000.0
_BLACK = (0, 0, 0, 255)
_UNPAINTED = frozenset({pdfium.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium.FPDF_TEXTRENDERMODE_CLIP})


@dataclass(frozen=True, slots=True)
class TextObject:
    """A text object with the form that holds it (None: the page) and its form's matrix."""

    item: Any
    form: Any
    matrix: Matrix
    mode: int


def text_objects(page: Any) -> dict[int, TextObject]:
    """The page's text objects by their addresses, also those in forms."""
    return {
        address_of(item): TextObject(item, form, matrix, pdfium.FPDFTextObj_GetTextRenderMode(item))
        for item, kind, matrix, _, form in items(page.raw)
        if kind == pdfium.FPDF_PAGEOBJ_TEXT
    }


def move(text: TextObject, page: Any, other: Any, origin: tuple[float, float]) -> None:
    """Move a text to another page, in black, without what may clip or fade it; it is left out where that can't be."""
    item = text.item
    if text.mode in _UNPAINTED:
        return
    is_out = (
        pdfium.FPDFPage_RemoveObject(page, item)
        if text.form is None
        else pdfium.FPDFFormObj_RemoveObject(text.form, item)
    )
    if not is_out:
        return
    pdfium.FPDFTextObj_SetTextRenderMode(item, _plain_mode(text))
    pdfium.FPDFPageObj_SetFillColor(item, *_BLACK)
    pdfium.FPDFPageObj_SetStrokeColor(item, *_BLACK)
    if pdfium.FPDFPageObj_HasTransparency(item):  # opaque now: a soft mask, or blended with what is below
        pdfium.FPDFPageObj_Destroy(item)
        return
    _unclip(item)
    if text.matrix is not UNMOVED:
        pdfium.FPDFPageObj_Transform(item, *text.matrix)
    pdfium.FPDFPageObj_Transform(item, 1, 0, 0, 1, -origin[0], -origin[1])
    pdfium.FPDFPage_InsertObject(other, item)


def _plain_mode(text: TextObject) -> int:
    """Filled, or outlined where only an outline is seen: white letters with a black edge."""
    mode = text.mode % 4
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    is_light = pdfium.FPDFPageObj_GetFillColor(text.item, red, green, blue, alpha) and (
        min(red.value, green.value, blue.value) > 240 or alpha.value < 16
    )
    is_outline = mode == pdfium.FPDF_TEXTRENDERMODE_STROKE or (
        mode == pdfium.FPDF_TEXTRENDERMODE_FILL_STROKE and is_light
    )
    if not is_outline:
        return int(mode)
    width = ctypes.c_float()
    is_hairline = not pdfium.FPDFPageObj_GetStrokeWidth(text.item, width) or width.value < _HAIRLINE
    return int(pdfium.FPDF_TEXTRENDERMODE_INVISIBLE if is_hairline else pdfium.FPDF_TEXTRENDERMODE_STROKE)


def _unclip(item: Any) -> None:
    """Blow up the object's clip around its middle, so that it clips nothing any more."""
    left, bottom, right, top = clip_of(item, UNMOVED) or (0.0, 0.0, 0.0, 0.0)
    if right <= left or top <= bottom:
        edges = [ctypes.c_float() for _ in range(4)]
        pdfium.FPDFPageObj_GetBounds(item, *edges)
        left, bottom, right, top = (edge.value for edge in edges)
    x, y, grown = (left + right) / 2, (bottom + top) / 2, _CLIP_GROWTH
    pdfium.FPDFPageObj_TransformClipPath(item, grown, 0, 0, grown, x * (1 - grown), y * (1 - grown))


def name_unless_embedded(item: Any) -> str:
    """The base name of a text's font; "" when the file brings the font."""
    font = pdfium.FPDFTextObj_GetFont(item)
    if font and pdfium.FPDFFont_GetIsEmbedded(font) == 1:
        return ""
    room = ctypes.create_string_buffer(256)
    size = pdfium.FPDFFont_GetBaseFontName(font, room, len(room)) if font else 0
    return room.value.decode("utf-8", "replace") if 0 < size <= len(room) else "?"
