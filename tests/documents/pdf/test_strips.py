"""What a look would compare is cut out by the child that reads: the same pixels, and never less than a look compares."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.core.notice.interpret import read_paper
from bot.core.policy.policy import Formats
from bot.documents.images.rendering import render
from bot.documents.opening import open_document
from bot.documents.pdf.strips import strips_of
from bot.documents.pdf.text import PdfInHand
from bot.documents.strip import MOST_STRIPS, Strip, all_of

PAPERS = Path(__file__).parents[2] / "corpus" / "papers"
# What a look compares; None = it must see the paper itself.
STRIPS = {
    "chromium-leaflet": 2,
    "reportlab-embedded": 2,
    "lying-key-permuted": 2,
    "pages-turned-left": 0,  # in a font that each viewer brings
    "reportlab-leaflet": 0,
    "form-without-pictures": 0,  # values in fields
    "pages-notice-behind-others": None,  # not among the pages that stay open
    "lying-replaced-words": None,  # words marked to stand for others
    "scan": 0,
}


def _strips(name: str) -> tuple[Strip, ...] | None:
    content = (PAPERS / f"{name}.pdf").read_bytes()
    with PdfInHand() as hand:
        document = open_document("1", f"{name}.pdf", content, (), hand)
        return strips_of(document, read_paper(document, Formats()).notices, hand)


@pytest.mark.parametrize("name", STRIPS)
def test_a_value_is_cut_out_where_its_font_may_lie(name):
    found = _strips(name)
    assert (None if found is None else len(found)) == STRIPS[name]


@pytest.mark.parametrize("name", ["chromium-leaflet", "reportlab-sideways", "writer-leaflet"])
def test_a_strip_is_a_part_of_the_page_as_a_look_draws_it(name):
    page = render((PAPERS / f"{name}.pdf").read_bytes(), 1, 200).grey
    rows = [page.crop((0, y, page.width, y + 1)).tobytes() for y in range(page.height)]
    for strip in _strips(name):
        for piece in strip.pieces:
            lines = [piece.pixels[at : at + piece.width] for at in range(0, len(piece.pixels), piece.width)]
            middle = len(lines) // 2
            found = [(y - middle, row.find(lines[middle])) for y, row in enumerate(rows) if lines[middle] in row]
            assert lines in [[row[x : x + piece.width] for row in rows[y : y + len(lines)]] for y, x in found]


def test_papers_are_taken_together():
    strips = _strips("chromium-leaflet")
    assert all_of([strips, (), strips]) == (*strips, *strips)
    assert all_of([strips, None]) is None
    assert all_of([strips] * MOST_STRIPS) is None
