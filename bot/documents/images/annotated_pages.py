"""Pictures for people: a page of a paper with the fields boxed, number and key enlarged above it.

`draw` is called by documents/pool/child.py (through sight.py) for the alerts about held notices. Promises a PNG for each view, b"" where the paper can't be
found or shown. What was text is drawn by pdfium; what was recognised is shown on the straightened page on which it was
found, which takes the recogniser. Raises MemoryError only.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import TypeAlias

from PIL import Image, ImageDraw

from bot.core.mail.parse import parse_mail
from bot.core.notice.document import OpenFailure
from bot.core.notice.evidence import Box, View
from bot.core.records.submission import Field
from bot.documents.contents import find_file
from bot.documents.images import image_files
from bot.documents.images.image_files import Picture
from bot.documents.images.rendering import render
from bot.documents.opening import is_pdf, picture_type

PAGE_WIDTH = 900
"""Pixels: what a clerk's screen shows whole, and a mail carries in some 100 KiB."""
_MOST_HEIGHT = 2000  # of a strip of paper that somebody scanned
_DRAWN_DPI = 150.0
_CROP_HEIGHT = 64
_MARGIN = 16
_COLOURS = 32
_POINTS_AN_INCH = 72.0
_INK: MappingProxyType[Field, str] = MappingProxyType({Field.NUMBER: "#c00000", Field.KEY: "#c00000"})
_OTHER_INK = "#1f5fbf"
_LARGE = ((Field.NUMBER, "番号"), (Field.KEY, "キー"))
# Drawn by us, since no Japanese font need be there: the strokes of each letter, on a square of 24.
_STROKES: MappingProxyType[str, tuple[tuple[tuple[float, float], ...], ...]] = MappingProxyType(
    {
        "番": (
            ((18, 1), (12, 2.3), (5, 3)),
            ((6.5, 4), (8, 7)),
            ((17, 3.5), (15, 7)),
            ((2, 8), (22, 8)),
            ((12, 2.3), (12, 13)),
            ((12, 8), (8, 11), (2, 13.5)),
            ((12, 8), (16, 11), (22, 13.5)),
            ((5, 14), (19, 14), (19, 23), (5, 23), (5, 14)),
            ((12, 14), (12, 23)),
            ((5, 18.5), (19, 18.5)),
        ),
        "号": (
            ((6, 2), (18, 2), (18, 8), (6, 8), (6, 2)),
            ((2, 11.5), (22, 11.5)),
            ((8.5, 11.5), (7, 16), (18, 16), (17, 21), (15.5, 22.5), (11, 22.5)),
        ),
        "キ": (((3.5, 8), (20, 6)), ((2, 15.5), (22, 13)), ((10, 1), (14.5, 23))),
        "ー": (((2, 12), (22, 12)),),
    }
)
_LETTER = 28  # pixels
_LABEL_WIDTH = 2 * _LETTER + 12

Straighten: TypeAlias = Callable[[Picture], Picture]


def draw(
    content: bytes, views: Sequence[View], passwords: Sequence[str] = (), straighten: Straighten | None = None
) -> tuple[bytes, ...]:
    """A PNG for each view of the mail's papers. `straighten`: what makes a picture the page that was recognised; None = nothing."""
    parsed = parse_mail(content)
    pictures: list[bytes] = []
    for view in views:
        file = find_file(parsed, view.part, passwords)
        page = _page(file, view, passwords, straighten) if file is not None else OpenFailure.DAMAGED
        pictures.append(b"" if isinstance(page, OpenFailure) else _png(_sheet(page, view)))
    return tuple(pictures)


def _page(file: bytes, view: View, passwords: Sequence[str], straighten: Straighten | None) -> Picture | OpenFailure:
    """The page as its boxes lie on it."""
    if is_pdf(file):
        page = render(file, view.page, 0.0 if view.is_recognised else _DRAWN_DPI, passwords)
    else:
        page = image_files.open_picture(file, picture_type(file), view.page)
    if isinstance(page, OpenFailure) or not view.is_recognised or straighten is None:
        return page
    return straighten(page)


def _sheet(page: Picture, view: View) -> Image.Image:
    """The enlarged fields one below the other, then the page."""
    strips = [_strip(page, box, name) for field, name in _LARGE for which, box in view.boxes if which is field]
    scale = min(PAGE_WIDTH / page.grey.width, _MOST_HEIGHT / page.grey.height)
    size = (max(round(page.grey.width * scale), 1), max(round(page.grey.height * scale), 1))
    shown = page.grey.resize(size, Image.Resampling.LANCZOS)
    boxed = shown.convert("RGB")
    pen = ImageDraw.Draw(boxed)
    for field, box in view.boxes:
        x0, top, x1, bottom = (round(edge * page.dpi / _POINTS_AN_INCH * scale) for edge in _edges(box))
        pen.rectangle((x0 - 4, top - 4, x1 + 4, bottom + 4), outline=_INK.get(field, _OTHER_INK), width=3)
    height = sum(strip.height + _MARGIN for strip in strips) + _MARGIN
    sheet = Image.new("RGB", (PAGE_WIDTH, height + boxed.height), "white")
    top = _MARGIN
    for strip in strips:
        sheet.paste(strip, (_MARGIN, top))
        top += strip.height + _MARGIN
    sheet.paste(boxed, (0, height))
    ImageDraw.Draw(sheet).line((0, height, PAGE_WIDTH, height), fill="#808080", width=2)
    return sheet


def _strip(page: Picture, box: Box, name: str) -> Image.Image:
    """A field cut out and enlarged, its name before it."""
    x0, top, x1, bottom = (edge * page.dpi / _POINTS_AN_INCH for edge in _edges(box))
    around = (bottom - top) * 0.25
    cut = page.grey.crop((round(x0 - around), round(top - around), round(x1 + around), round(bottom + around)))
    room = PAGE_WIDTH - 5 * _MARGIN - _LABEL_WIDTH
    scale = min(_CROP_HEIGHT / max(cut.height, 1), room / max(cut.width, 1))
    size = (max(round(cut.width * scale), 1), max(round(cut.height * scale), 1))
    strip = Image.new("RGB", (PAGE_WIDTH - 2 * _MARGIN, max(size[1], 32)), "white")
    strip.paste(_label(name), (0, (strip.height - _LETTER) // 2))
    strip.paste(cut.resize(size, Image.Resampling.LANCZOS).convert("RGB"), (_LABEL_WIDTH, 0))
    return strip


def _label(name: str) -> Image.Image:
    """A field's name in letters, drawn four times as large and made smaller, so that their edges are smooth."""
    scale = 4 * _LETTER / 24
    large = Image.new("RGB", (4 * _LETTER * len(name), 4 * _LETTER), "white")
    pen = ImageDraw.Draw(large)
    for place, letter in enumerate(name):
        for stroke in _STROKES[letter]:
            points = [((x + 24 * place) * scale, y * scale) for x, y in stroke]
            pen.line(points, fill="#c00000", width=9, joint="curve")
    return large.resize((_LETTER * len(name), _LETTER), Image.Resampling.LANCZOS)


def _edges(box: Box) -> tuple[float, float, float, float]:
    return box.x0, box.top, box.x1, box.bottom


def _png(sheet: Image.Image) -> bytes:
    out = io.BytesIO()
    sheet.quantize(_COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()
