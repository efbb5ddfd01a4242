"""What a look would compare with a paper's text, cut out where the paper is open: its numbers and keys as they are drawn.

Called by pool/child.py for each PDF with notices, before its page is taken apart. `strips_of` returns None where a look must see
the paper itself; a value in a font that the paper does not bring needs no strip. Raises nothing but MemoryError.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import closing

import pypdfium2

from bot.core.notice.document import Document, Page, TextSource
from bot.core.notice.evidence import Evidence
from bot.core.notice.key_notice import FoundNotice
from bot.core.records.secret import AuthKey
from bot.core.records.submission import Field
from bot.documents.pdf.calls import handle_of
from bot.documents.pdf.own_fonts import is_own, written_on
from bot.documents.pdf.painted import Box
from bot.documents.pdf.text import PageInHand, PdfInHand
from bot.documents.pdf.upright import degrees
from bot.documents.pdf.value_places import boxes_of, written
from bot.documents.strip import DRAWN_DPI, MOST_STRIPS, Piece, Strip

_SCALE = DRAWN_DPI / 72
_MOST_SIDE = 4800  # pixels of a page; a larger one is drawn coarser, by a look
_MOST_PIXELS = 200_000  # of a piece
_BESIDE = 0.35  # of a value's height: paper before and behind it
_AROUND = 0.4  # of a value's height: more than a look takes of the paper around it


def strips_of(document: Document, notices: Sequence[FoundNotice], hand: PdfInHand) -> tuple[Strip, ...] | None:
    """The numbers and keys whose look can tell something."""
    pages = {page.number: page for page in document.pages}
    found: list[Strip] = []
    for notice in notices:
        for evidence in (notice.evidence_for(Field.NUMBER), notice.evidence_for(Field.KEY)):
            if evidence is None:
                continue
            on_page, value = hand.pages.get(evidence.page), written(notice, evidence.field)
            if on_page is None or on_page.said or not value or evidence.page not in pages:
                return None
            if evidence.source is not TextSource.TEXT or not _may_lie(on_page, value):
                continue
            pieces = _pieces(on_page, _boxes(pages[evidence.page], evidence, value))
            if pieces is None or len(found) >= MOST_STRIPS:
                return None
            found.append(Strip(AuthKey(value), evidence.field is Field.NUMBER, pieces))
    return tuple(found)


def _boxes(page: Page, evidence: Evidence, value: str) -> tuple[Box, ...]:
    """Where a look finds the value, without the letters beside it: what reads a strip takes as long as it is wide."""
    boxes = boxes_of(page, evidence, value)
    if len(boxes) > 1:
        return boxes
    ((x0, top, x1, bottom),) = boxes
    air = _BESIDE * (bottom - top)
    return ((max(x0, evidence.box.x0 - air), top, min(x1, evidence.box.x1 + air), bottom),)


def _may_lie(on_page: PageInHand, value: str) -> bool:
    """Whether the paper brings the fonts with which the value is written."""
    sources = {one.source for one in on_page.written if one.source}
    if all(map(is_own, sources)):
        return True
    with closing(on_page.page.get_textpage()) as text_page:
        return written_on(handle_of(text_page)).has_own_fonts(value)


def _pieces(on_page: PageInHand, boxes: Sequence[Box]) -> tuple[Piece, ...] | None:
    """The boxes (points on the upright page) as they are drawn; None where the page can't be drawn so."""
    page, turn = on_page.page, degrees(on_page.page, on_page.seen, on_page.drawn.box)
    wide, high = (math.ceil(length * _SCALE) for length in page.get_size())
    if turn in {90, 270}:
        wide, high = high, wide
    if not 0 < min(wide, high) <= max(wide, high) <= _MOST_SIDE:
        return None
    found: list[Piece] = []
    for box in boxes:
        x0, y0, x1, y1 = (edge * _SCALE for edge in box)
        around = _AROUND * (y1 - y0) + 2
        left, top = max(int(x0 - around), 0), max(int(y0 - around), 0)
        right, bottom = min(math.ceil(x1 + around), wide), min(math.ceil(y1 + around), high)
        if left >= right or top >= bottom or (right - left) * (bottom - top) > _MOST_PIXELS:
            return None
        cut = (left, high - bottom, wide - right, top)
        try:
            crop = tuple(max((pixels - 0.5) / _SCALE, 0.0) for pixels in cut)
            bitmap = page.render(scale=_SCALE, grayscale=True, rotation=turn, crop=crop)
        except (pypdfium2.PdfiumError, ValueError):
            return None
        with closing(bitmap):
            picture = bitmap.to_pil()
            found.append(Piece(picture.tobytes(), picture.width, (x0 - left, y0 - top, x1 - left, y1 - top)))
    return tuple(found)
