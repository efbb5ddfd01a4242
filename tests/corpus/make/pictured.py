"""Notices drawn straight into pictures of A4 pages, with the fonts of this machine: for counts that need thousands. Used by tests.

`fonts` finds what there is, `drawn` gives one clean page; scanned.py harms it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from tests.corpus.make.notices import CLOSING, EAST, EAST_TITLE, INTRODUCTION, JV_NOTE, LABELS, Notice

_FONTS = ("ipaexm.ttf", "ipaexg.ttf", "NotoSerifCJK-Regular.ttc", "NotoSansCJK-Regular.ttc", "NotoSansCJK-Medium.ttc")
_FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
_A4_INCHES = (8.27, 11.69)
_POINTS_AN_INCH = 72
LAYOUTS = ("letter", "lines", "spaced", "table", "below", "heads")
NOTICES_ON = {"letter": 1, "lines": 4, "spaced": 4, "table": 4, "below": 3, "heads": 6}
"""So many notices a page of the layout takes at most."""


def fonts() -> tuple[Path, ...]:
    """Give the Japanese fonts of this machine, none twice."""
    found = {path.name: path for folder in _FOLDERS for path in folder.rglob("*") if path.name in _FONTS}
    return tuple(found[name] for name in _FONTS if name in found)


@dataclass(slots=True)
class _Pen:
    """Draws text from the left margin down. Lengths in pixels."""

    draw: ImageDraw.ImageDraw
    font: ImageFont.FreeTypeFont
    left: float
    right: float
    y: float
    pitch: float

    def line(self, text: str, x: float = 0.0) -> None:
        self.draw.text((self.left + x, self.y), text, fill=0, font=self.font)
        self.y += self.pitch

    def cells(self, *cells: tuple[float, str]) -> None:
        for x, text in cells:
            self.draw.text((self.left + x, self.y), text, fill=0, font=self.font)
        self.y += self.pitch


def drawn(notices: Sequence[Notice], layout: str, font: Path, dpi: int, rng: random.Random) -> Image.Image:
    """Draw a page; `rng` chooses size, pitch and margins."""
    inch = float(dpi)
    size = rng.uniform(9.0, 12.0) if layout != "heads" else rng.uniform(8.0, 9.0)
    page = Image.new("L", (round(_A4_INCHES[0] * inch), round(_A4_INCHES[1] * inch)), 255)
    draw = ImageDraw.Draw(page)
    em = size * inch / _POINTS_AN_INCH
    type_face = ImageFont.truetype(str(font), round(em))
    left = rng.uniform(0.6, 0.9) * inch
    pen = _Pen(draw, type_face, left, page.width - left, rng.uniform(0.5, 0.9) * inch, em * rng.uniform(1.5, 2.0))
    draw.text(
        (page.width / 2, pen.y), EAST_TITLE, fill=0, font=type_face.font_variant(size=round(1.3 * em)), anchor="ma"
    )
    pen.y += 2.5 * pen.pitch
    if layout == "heads":
        _heads(pen, notices, em)
    for notice in notices if layout != "heads" else ():
        _notice(pen, notice, layout, em)
    if layout != "heads":
        pen.line(CLOSING[0])
    pen.line(EAST)
    return page


def _notice(pen: _Pen, notice: Notice, layout: str, em: float) -> None:
    values = (notice.project_name, notice.contractor, notice.product, notice.number, notice.auth_key)
    if layout == "letter":
        for text in INTRODUCTION:
            pen.line(text)
    for label, value in zip(LABELS, values, strict=True):
        if layout == "table":
            _row(pen, label, value, em)
        elif layout == "below":
            pen.line(f"{label}：")
            pen.line(value, 2 * em)
        elif layout == "spaced":
            stretch = 8 * em / len(label)
            pen.cells(*((stretch * place, letter) for place, letter in enumerate(label)), (10 * em, value))
        else:
            pen.line(f"{label}：{value}")
        if layout == "lines" and label == "受注者名":
            pen.line(JV_NOTE)
    pen.y += pen.pitch / 2


def _row(pen: _Pen, label: str, value: str, em: float) -> None:
    top = pen.y - 0.25 * em
    pen.cells((0.5 * em, label), (10 * em, value))
    middle, width = pen.left + 9.5 * em, max(round(em / 12), 1)
    pen.draw.rectangle((pen.left, top, middle, top + pen.pitch), outline=0, width=width)
    pen.draw.rectangle((middle, top, pen.right, top + pen.pitch), outline=0, width=width)


def _heads(pen: _Pen, notices: Sequence[Notice], em: float) -> None:
    at = (0.0, 20 * em, 32 * em, 40 * em, 49 * em)
    labels = ("工事名", "受注者名", "保証区分", "保証契約番号", "認証キー")
    pen.cells(*zip(at, labels, strict=True))
    for notice in notices:
        values = (notice.project_name[:18], notice.contractor[:11], notice.product, notice.number, notice.auth_key)
        pen.cells(*zip(at, values, strict=True))
