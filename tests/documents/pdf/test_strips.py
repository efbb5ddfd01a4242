"""What a look would compare is cut out by the child that reads: the same pixels, and never less than a look compares."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pikepdf
import pytest

from bot.core.notice.interpret import read_paper
from bot.core.policy.policy import Formats
from bot.documents.images.image_files import Picture
from bot.documents.images.rendering import render
from bot.documents.opening import open_document
from bot.documents.pdf.strips import strips_of
from bot.documents.pdf.text import PdfInHand, read_pages
from bot.documents.pdf.upright import degrees
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


def test_hidden_text_turns_no_page() -> None:
    """What is hidden would choose the place of the page where the value is looked for."""
    visible = b"BT /F1 12 Tf 72 700 Td (Number 12345-678901) Tj ET\n"
    hidden = b"BT /F1 6 Tf 3 Tr -1 0 0 -1 400 300 Tm (%s) Tj ET\n" % (b"hidden" * 9)
    with PdfInHand() as hand, pikepdf.new() as pdf, BytesIO() as file:
        page = pdf.add_blank_page(page_size=(595, 842))
        font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
        page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
        page.Contents = pdf.make_stream(visible + hidden)
        pdf.save(file)
        read_pages(file.getvalue(), (), hand)
        (on_page,) = hand.pages.values()
        assert len(on_page.written) > 2 * len(on_page.seen)
        assert degrees(on_page.page, on_page.seen, on_page.drawn.box) == 0
        looked_at = render(file.getvalue(), 1, 72.0)
    assert isinstance(looked_at, Picture)
    dark = looked_at.grey.point(lambda grey: 255 * (grey < 128)).getbbox()
    assert dark is not None
    assert dark[3] < looked_at.grey.height / 2, "the number stands above, as the text says"
