"""The summary's page beside its text: the same facts, nothing foreign but words, and readable on a desk and on a telephone."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import pytest
from PIL import Image

from bot.core.letters.contexts import SummaryLine
from tests.letters.letter_cases import CASES, COMPOSER

FULL = replace(
    CASES["summary"],
    to_verify=CASES["summary-answerable"].to_verify,
    to_verify_besides=3,
    waiting_besides=1,
    hints=CASES["summary-answerable"].hints,
    ticket=CASES["summary-answerable"].ticket,
)


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


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
OPTIONS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
]


def drawn(page: str, folder: Path, width: int, *more: str) -> Image.Image:
    """The page as Chromium draws it."""
    (folder / "page.html").write_text(page, "utf-8")
    picture = folder / "page.png"
    subprocess.run(
        [
            CHROMIUM,
            *OPTIONS,
            f"--user-data-dir={folder / 'profile'}",
            f"--window-size={width},2400",
            f"--screenshot={picture}",
            *more,
            (folder / "page.html").as_uri(),
        ],
        check=True,
        capture_output=True,
        timeout=60,
    )
    with Image.open(picture) as opened:
        return opened.convert("RGB")


@pytest.mark.process
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium")
@pytest.mark.parametrize("width", [390, 760, 1200])
def test_a_page_fits_the_window_it_is_read_in(tmp_path: Path, width: int) -> None:
    picture = drawn(COMPOSER.page(FULL), tmp_path, width)
    edge = picture.crop((width - 8, 0, width, 2000))
    assert edge.getcolors() == [(edge.width * edge.height, (255, 255, 255))]  # nothing runs out of it


@pytest.mark.process
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium")
def test_a_page_is_dark_where_its_reader_wants_it_dark(tmp_path: Path) -> None:
    picture = drawn(COMPOSER.page(FULL), tmp_path, 760, "--blink-settings=preferredColorScheme=0")
    shades = sorted(picture.convert("L").resize((76, 240)).tobytes())
    assert shades[len(shades) // 2] < 60
    assert shades[-1] > 150  # its letters
