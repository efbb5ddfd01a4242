"""The summary's page beside its text: the same facts, nothing foreign but words, and readable on a desk and on a telephone."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace

import pytest
from PIL import Image, ImageChops

from bot.core.letters.lists import SummaryLine
from tests.letters.letter_cases import CASES, COMPOSER
from tests.letters.pictures import CHROMIUM, FOLDER, FULL, drawings, drawn, run


def words(page: str) -> str:
    """A page's text without blanks, as somebody reads it."""
    body = re.sub(r"<(style|title)>.*?</\1>", "", page, flags=re.DOTALL)
    return "".join(html.unescape(re.sub(r"<[^>]*>", "", body)).split())


def texts(value: object, name: str = "") -> Iterator[str]:
    """Every text and number of a context; the office is told by its name alone, as in the text."""
    if isinstance(value, bool):
        return
    if isinstance(value, str | int):
        yield str(value)
    elif isinstance(value, tuple):
        for one in value:
            yield from texts(one, name)
    elif is_dataclass(value) and name != "office":
        for field in fields(value):
            if field.name != "count":  # added up in the heads
                yield from texts(getattr(value, field.name), field.name)


def test_the_page_says_everything_that_the_text_is_made_of():
    page = words(COMPOSER.page(FULL))
    assert [one for one in texts(FULL) if "".join(one.split()) not in page] == []


def test_a_page_has_no_link_no_picture_no_script_and_nothing_is_fetched():
    page = COMPOSER.page(FULL).casefold()
    assert not re.search(
        r"<(?:a|img|script|link|iframe|form|input|object|base)\b|url\(|@import|https?:|javascript:|\son\w+=", page
    )


def test_what_a_sender_wrote_is_never_markup():
    line = SummaryLine('<script>alert("1")</script>', "<b>工事</b>&amp;", "<img src=x>")
    page = COMPOSER.page(replace(FULL, held=(line,), desk="<h1>"))
    assert not re.search(r"<script|<img|<b>工事|<h1>]", page)
    assert "&lt;script&gt;" in page
    assert "<b>工事</b>&amp;" in html.unescape(page)


def test_an_empty_summary_has_a_page_too():
    assert "確認待ち：0件" in COMPOSER.page(CASES["summary-empty"])


def test_every_picture_in_the_documents_is_of_the_present_page():
    """`python -m tests.letters.pictures` draws them anew."""
    assert {file.stem for file in FOLDER.glob("*.png")} == set(drawings())
    for name, drawing in drawings().items():
        with Image.open(FOLDER / f"{name}.png") as picture:
            assert picture.info["page"] == drawing.hash, name


with_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: pages are not drawn, pictures not compared")


@pytest.mark.process
@with_chromium
@pytest.mark.parametrize("name", sorted(drawings()))
def test_a_picture_is_what_chromium_draws(name: str) -> None:
    """Versions of Chromium and of fonts differ a little: a line more or less, shades at edges."""
    with Image.open(FOLDER / f"{name}.png") as opened:
        kept = opened.convert("L")
    now = drawn(drawings()[name]).convert("L")
    assert now.width == kept.width
    assert abs(now.height - kept.height) <= 0.03 * kept.height
    one, other = (picture.resize((now.width // 8, now.height // 8)) for picture in (now, kept))
    assert sum(ImageChops.difference(one, other).tobytes()) / (one.width * one.height) < 12
    edges = now.crop((now.width - 8, 0, now.width, now.height)).getcolors()
    assert edges is not None
    assert len(edges) == 1  # nothing runs out of it
    shades = sorted(other.tobytes())
    assert (shades[len(shades) // 2] < 60) is ("dark" in name)


_MEASURE = """<iframe style="width:390px;height:3000px;border:0" srcdoc="{}"></iframe><script>onload = () => {{
  const page = document.querySelector("iframe").contentDocument;
  const breaks = one => one.getClientRects().length > 1 || one.scrollWidth > Math.max(one.clientWidth, 390);
  document.title = JSON.stringify([
    page.documentElement.scrollWidth,
    [...page.querySelectorAll(".whole, .tiles td, td.note")].filter(breaks).map(one => one.textContent),
  ]);
}}</script>"""


@pytest.mark.process
@with_chromium
def test_on_a_telephone_no_label_is_broken_and_nothing_is_wider_than_the_screen() -> None:
    page = _MEASURE.format(html.escape(COMPOSER.page(FULL)))
    shown = run(page, 800, "--dump-dom").decode()
    assert json.loads(html.unescape(re.findall("<title>(.*?)</title>", shown)[0])) == [390, []]
