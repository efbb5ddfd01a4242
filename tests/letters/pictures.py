"""Draws the summary's page and an alert as Chromium shows them, into docs/pictures: `python -m tests.letters.pictures`."""

from __future__ import annotations

import html
import tempfile
from dataclasses import replace
from pathlib import Path

from PIL import Image, ImageChops

from bot.core.letters.samples import ALERT_CASE
from tests.letters.letter_cases import CASES, COMPOSER
from tests.letters.test_pages import FULL, drawn

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "pictures"
DARK = "--blink-settings=preferredColorScheme=0"


def alert_page() -> str:
    """The alert as a mail program shows plain text."""
    worded = COMPOSER.word(replace(CASES["alert-answerable"], cases=(ALERT_CASE,)))
    style = (
        "font:15px/1.5 'Noto Sans Mono CJK JP',monospace;margin:20px;white-space:pre-wrap;background:#fff;color:#222"
    )
    return f'<meta charset="utf-8"><pre style="{style}"><b>{html.escape(worded.subject)}</b>\n\n{html.escape(worded.text)}</pre>'


def kept(picture: Image.Image, name: str) -> None:
    """Without the empty rest below, in few colours: a document's picture need not be large."""
    ground = Image.new("RGB", picture.size, picture.getpixel((0, 0)))
    box = ImageChops.difference(picture, ground).getbbox() or (0, 0, *picture.size)
    cut = picture.crop((0, 0, picture.width, min(picture.height, box[3] + 20)))
    cut.quantize(32).save(FOLDER / f"{name}.png", optimize=True)


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    pages = {
        "summary": (COMPOSER.page(FULL), 760, ()),
        "summary-dark": (COMPOSER.page(FULL), 760, (DARK,)),
        "summary-phone": (COMPOSER.page(FULL), 390, ()),
        "alert": (alert_page(), 720, ()),
    }
    for name, (page, width, more) in pages.items():
        with tempfile.TemporaryDirectory() as folder:
            kept(drawn(page, Path(folder), width, *more), name)


if __name__ == "__main__":
    main()
