"""A page's text objects, and how one of them is drawn alone: in black on another page, unclipped and opaque.

Called by appearance.py. `move` leaves out what can't be drawn plainly; then its letters have no ink, and count as unseen.
Raises nothing.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any

import pypdfium2.raw as pdfium

from bot.documents.pdf.calls import direct, fill_colour, handle_of, has_transparency, mode_of, set_mode
from bot.documents.pdf.painted import UNMOVED, Matrix, clip_of, items

# A thinner outline, in points, is a hairline.
_HAIRLINE = 0.15
_CLIP_GROWTH = 1000.0
_BLACK = (0, 0, 0, 255)
_UNPAINTED = frozenset({pdfium.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium.FPDF_TEXTRENDERMODE_CLIP})


@dataclass(frozen=True, slots=True)
class TextObject:
    """A text object with the form that holds it (0: the page) and its form's matrix. Both are handles (calls.py)."""

    item: int
    form: int
    matrix: Matrix
    mode: int


def text_objects(page: Any) -> dict[int, TextObject]:
    """The page's text objects by their addresses, also those in forms."""
    return {
        item: TextObject(item, form, matrix, mode_of(item))
        for item, kind, matrix, _, form in items(page)
        if kind == pdfium.FPDF_PAGEOBJ_TEXT
    }


def move(text: TextObject, page: Any, other: Any, origin: tuple[float, float]) -> None:
    """Move a text to another page, in black, without what may clip or fade it; it is left out where that can't be."""
    item = text.item
    if text.mode in _UNPAINTED:
        return
    if not (_remove_from_form(text.form, item) if text.form else _remove(handle_of(page), item)):
        return
    set_mode(item, _plain_mode(text))
    _set_fill_colour(item, *_BLACK)
    _set_stroke_colour(item, *_BLACK)
    if has_transparency(item):  # opaque now: a soft mask, or blended with what is below
        _destroy(item)
        return
    _unclip(item)
    if text.matrix is not UNMOVED:
        _transform(item, *text.matrix)
    _transform(item, 1, 0, 0, 1, -origin[0], -origin[1])
    _insert(handle_of(other), item)


_remove = direct(pdfium.FPDFPage_RemoveObject)
_remove_from_form = direct(pdfium.FPDFFormObj_RemoveObject)
_insert = direct(pdfium.FPDFPage_InsertObject)
_destroy = direct(pdfium.FPDFPageObj_Destroy)
_transform = direct(pdfium.FPDFPageObj_Transform)
_transform_clip = direct(pdfium.FPDFPageObj_TransformClipPath)
_bounds = direct(pdfium.FPDFPageObj_GetBounds)
_set_fill_colour = direct(pdfium.FPDFPageObj_SetFillColor)
_set_stroke_colour = direct(pdfium.FPDFPageObj_SetStrokeColor)
_stroke_width = direct(pdfium.FPDFPageObj_GetStrokeWidth)
_font_of = direct(pdfium.FPDFTextObj_GetFont)
_is_embedded = direct(pdfium.FPDFFont_GetIsEmbedded)
_base_name = direct(pdfium.FPDFFont_GetBaseFontName)


def _plain_mode(text: TextObject) -> int:
    """Filled, or outlined where only an outline is seen: white letters with a black edge."""
    mode = text.mode % 4
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    is_light = fill_colour(text.item, *map(ctypes.addressof, (red, green, blue, alpha))) and (
        min(red.value, green.value, blue.value) > 240 or alpha.value < 16
    )
    is_outline = mode == pdfium.FPDF_TEXTRENDERMODE_STROKE or (
        mode == pdfium.FPDF_TEXTRENDERMODE_FILL_STROKE and is_light
    )
    if not is_outline:
        return int(mode)
    width = ctypes.c_float()
    is_hairline = not _stroke_width(text.item, ctypes.addressof(width)) or width.value < _HAIRLINE
    return int(pdfium.FPDF_TEXTRENDERMODE_INVISIBLE if is_hairline else pdfium.FPDF_TEXTRENDERMODE_STROKE)


def _unclip(item: int) -> None:
    """Blow up the object's clip around its middle, so that it clips nothing any more."""
    left, bottom, right, top = clip_of(item, UNMOVED) or (0.0, 0.0, 0.0, 0.0)
    if right <= left or top <= bottom:
        edges = [ctypes.c_float() for _ in range(4)]
        _bounds(item, *map(ctypes.addressof, edges))
        left, bottom, right, top = (edge.value for edge in edges)
    x, y, grown = (left + right) / 2, (bottom + top) / 2, _CLIP_GROWTH
    _transform_clip(item, grown, 0, 0, grown, x * (1 - grown), y * (1 - grown))


def name_unless_embedded(item: int) -> str:
    """The base name of a text's font; "" when the file brings the font."""
    font = _font_of(item)
    if font and _is_embedded(font) == 1:
        return ""
    room = ctypes.create_string_buffer(256)
    size = _base_name(font, ctypes.addressof(room), len(room)) if font else 0
    return room.value.decode("utf-8", "replace") if 0 < size <= len(room) else "?"
