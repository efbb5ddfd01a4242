"""A sheet as placed texts, and a font cut to its letters: for every program that draws; used by producers.py, wordlike.py."""

from __future__ import annotations

import io

from drawn import VALUES, draw_page
from fontTools import subset
from notices import Sheet

MINCHO = "/usr/share/fonts/opentype/ipaexfont-mincho/ipaexm.ttf"
Text = tuple[float, float, float, str, float]  # x, y from the lower edge, size, text, letter spacing


def texts(sheet: Sheet) -> list[list[Text]]:
    """The sheet's pages as placed texts; letter-spaced values where the sheet's css asks for it."""
    spacing = 4.0 if "letter-spacing" in sheet.css else 0.0
    pages: list[list[Text]] = []
    for notices in [(n,) for n in sheet.notices] if sheet.page_each else [sheet.notices]:
        page: list[Text] = []

        def draw(x: float, y: float, size: float, text: str, page: list[Text] = page) -> None:
            page.append((x, y, size, text, spacing if x == VALUES else 0.0))

        draw_page(sheet, notices, draw)
        pages.append(page)
    return pages


def subset_font(sheet: Sheet, font: str = MINCHO) -> bytes:
    """The font with the letters of the sheet only: some programs would embed all of it."""
    letters = "".join(text for page in texts(sheet) for _, _, _, text, _ in page) + " 　"
    options = subset.Options()
    options.layout_features = []
    options.notdef_outline = True
    loaded = subset.load_font(font, options)
    cutter = subset.Subsetter(options)
    cutter.populate(text=letters)
    cutter.subset(loaded)
    out = io.BytesIO()
    loaded.save(out)
    return out.getvalue()
