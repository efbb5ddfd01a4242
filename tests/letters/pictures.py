"""Draws the summary's page, an alert and a receipt as Chromium shows them, into docs/pictures: `python -m tests.letters.pictures`.

A picture has the hash of its page in it, so that a test without Chromium knows one of an older page.
"""

from __future__ import annotations

import hashlib
import html
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image, ImageChops
from PIL.PngImagePlugin import PngInfo

from bot.core.letters.contexts import Context
from bot.core.letters.samples_to_desks import ALERT_CASE
from tests.letters.letter_cases import CASES, COMPOSER

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "pictures"
DARK = "--blink-settings=preferredColorScheme=0"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
_OPTIONS = [
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
_GROUPS = CASES["summary"].deadlines
FULL = replace(
    CASES["summary"],
    urgent=tuple(replace(line, place=place) for line, place in zip(CASES["summary"].urgent, (6, 1, 2), strict=True)),
    deadlines=(replace(_GROUPS[0], lines=(replace(_GROUPS[0].lines[0], place=6),)), *_GROUPS[1:]),
    held=tuple(replace(line, place=1) for line in CASES["summary"].held),
    passed_on=tuple(replace(line, place=place) for place, line in enumerate(CASES["summary"].passed_on, 2)),
    waiting_besides=1,
    to_verify=tuple(replace(case, place=place) for place, case in enumerate(CASES["summary-answerable"].to_verify, 4)),
    to_verify_besides=3,
    hints=CASES["summary-answerable"].hints,
    ticket=CASES["summary-answerable"].ticket,
)


@dataclass(frozen=True, slots=True)
class Drawing:
    """What is drawn into a picture. `options`: of Chromium."""

    page: str
    width: int
    options: tuple[str, ...] = ()

    @property
    def hash(self) -> str:
        """What tells this drawing from another."""
        told = f"{self.width} {' '.join(self.options)}\n{self.page}"
        return hashlib.sha256(told.encode()).hexdigest()


def drawings() -> dict[str, Drawing]:
    """By the names of their files."""
    page = COMPOSER.page(FULL)
    return {
        "summary": Drawing(page, 760),
        "summary-dark": Drawing(page, 760, (DARK,)),
        "summary-phone": Drawing(page, 390),
        "alert": Drawing(_letter_page(replace(CASES["alert-answerable"], cases=(ALERT_CASE,))), 720),
        "receipt": Drawing(_letter_page(CASES["receipt"]), 720),
    }


def _letter_page(letter: Context) -> str:
    """A letter as a mail program shows plain text."""
    worded = COMPOSER.word(letter)
    style = (
        "font:15px/1.5 'Noto Sans Mono CJK JP',monospace;margin:20px;white-space:pre-wrap;background:#fff;color:#222"
    )
    return f'<meta charset="utf-8"><pre style="{style}"><b>{html.escape(worded.subject)}</b>\n\n{html.escape(worded.text)}</pre>'


def run(page: str, width: int, *options: str) -> bytes:
    """Chromium's output over the page in a window of this width."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "page.html"
        file.write_text(page, "utf-8")
        profile = f"--user-data-dir={folder}/profile"
        command = [str(CHROMIUM), *_OPTIONS, profile, f"--window-size={width},3600", *options, file.as_uri()]
        return subprocess.run(command, check=True, capture_output=True, timeout=60).stdout


def drawn(drawing: Drawing) -> Image.Image:
    """The page as Chromium draws it, without the empty rest below."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "page.png"
        run(drawing.page, drawing.width, f"--screenshot={file}", *drawing.options)
        with Image.open(file) as opened:
            picture = opened.convert("RGB")
    ground = Image.new("RGB", picture.size, picture.getpixel((0, 0)))
    box = ImageChops.difference(picture, ground).getbbox() or (0, 0, *picture.size)
    return picture.crop((0, 0, picture.width, min(picture.height, box[3] + 20)))


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, drawing in drawings().items():
        told = PngInfo()
        told.add_text("page", drawing.hash)
        # In few colours: a document's picture need not be large.
        drawn(drawing).quantize(32).save(FOLDER / f"{name}.png", optimize=True, pnginfo=told)


if __name__ == "__main__":
    main()
