"""The values of a PDF's form fields and the notes over a page: text and position.

Called by text.py for each page with annotations. Returns what a viewer shows: no hidden fields, no pop-up comments, nothing
that the page's content draws already. The text is the field's value, not its appearance stream. Raises nothing.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pypdfium2.raw as pdfium

from bot.core.notice.document import TextSource
from bot.core.text.normalise import fold
from bot.documents.pdf.characters import Character
from bot.documents.pdf.painted import Box

ANNOTATIONS_SEEN = 500
"""Annotations read on a page; a real form has fewer."""
TEXT_LETTERS = 2000
"""Characters read of one field; the longest project name has 130."""

_UNSEEN = pdfium.FPDF_ANNOT_FLAG_HIDDEN | pdfium.FPDF_ANNOT_FLAG_NOVIEW
_PASSWORD_FIELD = 1 << 13
_CHOICES = frozenset({pdfium.FPDF_FORMFIELD_COMBOBOX, pdfium.FPDF_FORMFIELD_LISTBOX})


@dataclass(frozen=True, slots=True)
class FilledField:
    """A text over the page."""

    text: str
    box: Box  # left, bottom, right, top in points
    em: float  # font size in points; 0: unknown
    source: TextSource


def filled_fields(form: Any, page: Any, written: Sequence[Character]) -> tuple[FilledField, ...]:
    """The page's filled fields and notes. `form`: the form's handle, or None; `written`: the characters of the page's content."""
    count = min(pdfium.FPDFPage_GetAnnotCount(page), ANNOTATIONS_SEEN)
    found = (_filled(form, annotation) for annotation in _annotations(page, count))
    return tuple(item for item in found if item is not None and item.text.strip() and not _is_drawn(item, written))


# pdfium draws these itself when they have no picture; or they show nothing on the page. Fields are told by their values.
_HARMLESS = frozenset(
    {
        *(pdfium.FPDF_ANNOT_LINK, pdfium.FPDF_ANNOT_POPUP, pdfium.FPDF_ANNOT_TEXT, pdfium.FPDF_ANNOT_WIDGET),
        *(pdfium.FPDF_ANNOT_HIGHLIGHT, pdfium.FPDF_ANNOT_UNDERLINE, pdfium.FPDF_ANNOT_SQUIGGLY),
        *(pdfium.FPDF_ANNOT_STRIKEOUT, pdfium.FPDF_ANNOT_CIRCLE, pdfium.FPDF_ANNOT_SQUARE, pdfium.FPDF_ANNOT_INK),
    }
)


def has_odd_note(page: Any, touches: Callable[[Box], bool]) -> bool:
    """Whether a note at a place shows something that can't be told: it has no picture, or is seen on paper only."""
    count = pdfium.FPDFPage_GetAnnotCount(page)
    return count > ANNOTATIONS_SEEN or any(_is_odd(one, touches) for one in _annotations(page, count))


def note_places(page: Any) -> tuple[Box, ...]:
    """Where the page's fields and notes are."""
    count = min(pdfium.FPDFPage_GetAnnotCount(page), ANNOTATIONS_SEEN)
    boxes = (_box(one) for one in _annotations(page, count) if pdfium.FPDFAnnot_GetSubtype(one) in _WRITTEN)
    return tuple(box for box in boxes if box is not None)


_WRITTEN = frozenset({pdfium.FPDF_ANNOT_FREETEXT, pdfium.FPDF_ANNOT_STAMP, pdfium.FPDF_ANNOT_WIDGET})


def _annotations(page: Any, count: int) -> Iterator[Any]:
    """The page's annotations, each closed when the next one is asked for."""
    for index in range(count):
        annotation = pdfium.FPDFPage_GetAnnot(page, index)
        if not annotation:
            continue
        try:
            yield annotation
        finally:
            pdfium.FPDFPage_CloseAnnot(annotation)


def _is_odd(annotation: Any, touches: Callable[[Box], bool]) -> bool:
    flags, box = pdfium.FPDFAnnot_GetFlags(annotation), _box(annotation)
    if flags & pdfium.FPDF_ANNOT_FLAG_HIDDEN or box is None or not touches(box):
        return False
    if flags & pdfium.FPDF_ANNOT_FLAG_NOVIEW:
        return bool(flags & pdfium.FPDF_ANNOT_FLAG_PRINT)
    has_picture = pdfium.FPDFAnnot_GetAP(annotation, pdfium.FPDF_ANNOT_APPEARANCEMODE_NORMAL, None, 0) > 2
    return not has_picture and pdfium.FPDFAnnot_GetSubtype(annotation) not in _HARMLESS


def _box(annotation: Any) -> Box | None:
    rect = pdfium.FS_RECTF()
    if not pdfium.FPDFAnnot_GetRect(annotation, rect):
        return None
    return (
        min(rect.left, rect.right),
        min(rect.bottom, rect.top),
        max(rect.left, rect.right),
        max(rect.bottom, rect.top),
    )


def _filled(form: Any, annotation: Any) -> FilledField | None:
    kind = pdfium.FPDFAnnot_GetSubtype(annotation)
    box = _box(annotation)
    if pdfium.FPDFAnnot_GetFlags(annotation) & _UNSEEN or box is None:
        return None
    if kind == pdfium.FPDF_ANNOT_WIDGET and form is not None:
        return FilledField(_value(form, annotation), box, _size(form, annotation), TextSource.FORM_FIELD)
    if kind in {pdfium.FPDF_ANNOT_FREETEXT, pdfium.FPDF_ANNOT_STAMP}:
        text = _string(lambda room, size: pdfium.FPDFAnnot_GetStringValue(annotation, b"Contents", room, size))
        return FilledField(text, box, 0.0, TextSource.ANNOTATION)
    return None


def _value(form: Any, annotation: Any) -> str:
    kind = pdfium.FPDFAnnot_GetFormFieldType(form, annotation)
    if kind in _CHOICES and (chosen := _chosen(form, annotation)):
        return chosen
    is_text = kind == pdfium.FPDF_FORMFIELD_TEXTFIELD
    if not is_text and kind not in _CHOICES:
        return ""
    if is_text and pdfium.FPDFAnnot_GetFormFieldFlags(form, annotation) & _PASSWORD_FIELD:
        return ""
    return _string(lambda room, size: pdfium.FPDFAnnot_GetFormFieldValue(form, annotation, room, size))


def _chosen(form: Any, annotation: Any) -> str:
    """The text that a choice field shows; its value may be a code."""
    count = min(pdfium.FPDFAnnot_GetOptionCount(form, annotation), ANNOTATIONS_SEEN)
    return "\n".join(
        _string(lambda room, size, place=place: pdfium.FPDFAnnot_GetOptionLabel(form, annotation, place, room, size))
        for place in range(count)
        if pdfium.FPDFAnnot_IsOptionSelected(form, annotation, place)
    )


def _size(form: Any, annotation: Any) -> float:
    size = ctypes.c_float()
    return size.value if pdfium.FPDFAnnot_GetFontSize(form, annotation, size) else 0.0


def _string(ask: Callable[..., int]) -> str:
    """A text from a pdfium function with the usual protocol: first the length in bytes, then UTF-16LE with a final NUL."""
    size = ask(None, 0)
    if not 2 < size <= 2 * TEXT_LETTERS:
        return ""
    room = (pdfium.FPDF_WCHAR * (size // 2))()
    ask(room, size)
    return bytes(room).decode("utf-16-le", "replace").split("\0", 1)[0]


def _is_drawn(item: FilledField, written: Sequence[Character]) -> bool:
    """Whether the page's content draws the same text at the same position (a flattened form that kept its fields)."""
    left, bottom, right, top = item.box
    inside = [
        character.text
        for character in written
        if left <= character.middle[0] <= right and bottom <= character.middle[1] <= top
    ]
    return fold("".join(inside)) == fold(item.text)
