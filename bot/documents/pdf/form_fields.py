"""What was filled into a PDF's form or laid over a page as a note: its text and its place.

Called by text.py for each page that has annotations. Gives what a viewer shows: no hidden fields, no comments that pop up,
nothing that the page's own content draws already. The fields' values count, not their pictures. Raises nothing.
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
"""A form for people has fewer fields on a page."""
TEXT_LETTERS = 2000
"""Of one field; the longest name of a work has 130."""

_UNSEEN = pdfium.FPDF_ANNOT_FLAG_HIDDEN | pdfium.FPDF_ANNOT_FLAG_NOVIEW
_PASSWORD_FIELD = 1 << 13
_CHOICES = frozenset({pdfium.FPDF_FORMFIELD_COMBOBOX, pdfium.FPDF_FORMFIELD_LISTBOX})


@dataclass(frozen=True, slots=True)
class FilledField:
    """A text over the page. `box`: left, bottom, right, top in points; `em`: its letters' size, 0 if nobody says."""

    text: str
    box: Box
    em: float
    source: TextSource


def filled_fields(form: Any, page: Any, written: Sequence[Character]) -> tuple[FilledField, ...]:
    """Give the page's filled fields and notes. `form`: the form's handle, or None; `written`: the page's own text."""
    count = min(pdfium.FPDFPage_GetAnnotCount(page), ANNOTATIONS_SEEN)
    return tuple(item for item in _all(form, page, count) if item.text.strip() and not _is_drawn(item, written))


def _all(form: Any, page: Any, count: int) -> Iterator[FilledField]:
    for index in range(count):
        annotation = pdfium.FPDFPage_GetAnnot(page, index)
        if not annotation:
            continue
        try:
            found = _filled(form, annotation)
        finally:
            pdfium.FPDFPage_CloseAnnot(annotation)
        if found is not None:
            yield found


def _filled(form: Any, annotation: Any) -> FilledField | None:
    kind = pdfium.FPDFAnnot_GetSubtype(annotation)
    rect = pdfium.FS_RECTF()
    if pdfium.FPDFAnnot_GetFlags(annotation) & _UNSEEN or not pdfium.FPDFAnnot_GetRect(annotation, rect):
        return None
    box = (
        min(rect.left, rect.right),
        min(rect.bottom, rect.top),
        max(rect.left, rect.right),
        max(rect.bottom, rect.top),
    )
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
    """Give the words that a choice shows; its value may be a code."""
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
    """Fetch a text as pdfium hands it over: its length in bytes first, then UTF-16 with an end mark."""
    size = ask(None, 0)
    if not 2 < size <= 2 * TEXT_LETTERS:
        return ""
    room = (pdfium.FPDF_WCHAR * (size // 2))()
    ask(room, size)
    return bytes(room).decode("utf-16-le", "replace").split("\0", 1)[0]


def _is_drawn(item: FilledField, written: Sequence[Character]) -> bool:
    """Tell whether the page's content draws the same words at the same place (a flattened form that kept its fields)."""
    left, bottom, right, top = item.box
    inside = [
        character.text
        for character in written
        if left <= character.middle[0] <= right and bottom <= character.middle[1] <= top
    ]
    return fold("".join(inside)) == fold(item.text)
