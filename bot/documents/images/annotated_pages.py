"""Pictures for people: a page of a paper with the fields boxed, number and key enlarged above it.

`draw` is called by documents/pool/child.py for the alerts about held notices. Promises a PNG for each view, b"" where the paper can't be
found or shown. What was text is drawn by pdfium; what was recognised is shown on the straightened page on which it was
found, which takes the recogniser. Raises MemoryError only.
"""

from __future__ import annotations

import importlib
import io
from collections.abc import Sequence
from types import MappingProxyType

from PIL import Image, ImageDraw, ImageFont

from bot.core.mail.parse import parse_mail
from bot.core.notice.document import OpenFailure
from bot.core.notice.evidence import Box, View
from bot.core.records.submission import Field
from bot.documents.contents import find_file
from bot.documents.images import image_files
from bot.documents.images.engines import Engines
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
# Latin, since no font but Pillow's own is there; the letter says it in Japanese.
_LARGE = ((Field.NUMBER, "No."), (Field.KEY, "Key"))
_FONT = ImageFont.load_default(24)


def draw(
    content: bytes, views: Sequence[View], passwords: Sequence[str] = (), engines: Engines | None = None
) -> tuple[bytes, ...]:
    """A PNG for each view of the mail's papers."""
    parsed = parse_mail(content)
    pictures: list[bytes] = []
    for view in views:
        file = find_file(parsed, view.part, passwords)
        page = _page(file, view, passwords, engines) if file is not None else OpenFailure.DAMAGED
        pictures.append(b"" if isinstance(page, OpenFailure) else _png(_sheet(page, view)))
    return tuple(pictures)


def _page(file: bytes, view: View, passwords: Sequence[str], engines: Engines | None) -> Picture | OpenFailure:
    """The page as its boxes lie on it."""
    if is_pdf(file):
        page = render(file, view.page, 0.0 if view.is_recognised else _DRAWN_DPI, passwords)
    else:
        page = image_files.open_picture(file, picture_type(file), view.page)
    if isinstance(page, OpenFailure) or not view.is_recognised or engines is None:
        return page
    straight = importlib.import_module("bot.documents.images.deskew").upright(page, engines)
    return Picture(Image.fromarray(straight.grey), straight.dpi)


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
    # Where within its line a value begins is an estimate: some of its label is shown with it.
    left = x0 - 2 * (bottom - top)
    cut = page.grey.crop((round(left), round(top - around), round(x1 + (bottom - top)), round(bottom + around)))
    room = PAGE_WIDTH - 5 * _MARGIN - 60
    scale = min(_CROP_HEIGHT / max(cut.height, 1), room / max(cut.width, 1))
    size = (max(round(cut.width * scale), 1), max(round(cut.height * scale), 1))
    strip = Image.new("RGB", (PAGE_WIDTH - 2 * _MARGIN, max(size[1], 32)), "white")
    ImageDraw.Draw(strip).text((0, strip.height // 2 - 14), name, fill="#c00000", font=_FONT)
    strip.paste(cut.resize(size, Image.Resampling.LANCZOS).convert("RGB"), (60, 0))
    return strip


def _edges(box: Box) -> tuple[float, float, float, float]:
    return box.x0, box.top, box.x1, box.bottom


def _png(sheet: Image.Image) -> bytes:
    out = io.BytesIO()
    sheet.quantize(_COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()
