"""Prints the leaflets for clerks and contractors as PDF, beside their Markdown in docs/: `python -m tests.letters.leaflets`.

`--config config.toml --to FOLDER` prints them with the city's own values instead of the 〔 〕. Chromium prints; a PDF holds the hash of its
page, so that a test without Chromium knows one of an older page.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import re
import tempfile
from pathlib import Path

import pikepdf
from markdown_it import MarkdownIt

from bot.config.settings import Config, load
from tests.letters.pictures import run

DOCS = Path(__file__).resolve().parents[2] / "docs"
SOURCES = {"contractors": DOCS / "contractors.ja.md", "clerks": DOCS / "clerks.ja.md"}
LEAFLETS = {"contractors": 1, "clerks": 2}
"""With the sheets of paper that each may fill."""
_STYLE = """
@page { size: A4; margin: 12mm 14mm; }
body { font: 9.4pt/1.5 "Noto Sans CJK JP", sans-serif; color: #222; }
h1 { font-size: 15pt; margin: 0 0 4pt; border-bottom: 2pt solid #1f4e79; }
h2 { font-size: 11pt; margin: 8pt 0 3pt; color: #1f4e79; break-after: avoid; }
p, ul, ol { margin: 3pt 0; } ul, ol { padding-left: 16pt; }
table { border-collapse: collapse; margin: 4pt 0; width: 100%; } tr { break-inside: avoid; }
th, td { border: .5pt solid #999; padding: 2pt 5pt; text-align: left; vertical-align: top; } th { background: #e8eef4; }
code { font: inherit; background: #f0f0f0; padding: 0 2pt; }
.beside { display: flex; gap: 8pt; } .beside > div { flex: 1; }
.beside img { width: 70mm; height: 100%; max-height: 118mm; object-fit: cover; object-position: top; border: .5pt solid #999; }
"""


def page(name: str, config: Config | None = None) -> str:
    """The leaflet as a page, with its pictures from docs/."""
    text = SOURCES[name].read_text("utf-8")
    for mark, value in _values(config).items() if config else ():
        text = text.replace(f"〔{mark}〕", value)
    body = MarkdownIt("commonmark").enable("table").render(text)
    body = re.sub(r'src="(pictures/[^"]+)"', lambda found: f'src="{(DOCS / found[1]).as_uri()}"', body)
    body = re.sub(r"(?<=[^\x00-\x7f])\n(?=[^<\n])", "", body)  # a line's end within Japanese words is no space
    body = "".join(_beside(part) for part in re.split(r"(?=<h2>)", body))
    title = text.splitlines()[0].removeprefix("# ")
    return f'<!doctype html><html lang="ja"><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>{body}'


def _beside(section: str) -> str:
    """A section with its picture at the right of all else."""
    found = re.search(r"<p>(<img [^>]+>)</p>", section)
    if not found:
        return section
    heading, _, rest = section.replace(found[0], "").partition("</h2>")
    return f'{heading}</h2><div class="beside"><div>{rest}</div>{found[1]}</div>'


def _values(config: Config) -> dict[str, str]:
    office = config.office
    told = (office.city, office.department, config.mail.inboxes[0], office.phone, office.hours)
    return dict(zip(MARKS, told, strict=True))


MARKS = ("市の名称", "担当部署", "受付のアドレス", "電話番号", "受付時間")
"""What a city fills in; in the order of `_values`."""


def page_hash(name: str) -> str:
    """What tells this leaflet from another: its words, style and pictures, wherever they lie."""
    text = page(name)
    told = hashlib.sha256(text.replace(DOCS.as_uri(), "").encode())
    for picture in re.findall(r"pictures/[\w-]+\.png", text):
        told.update((DOCS / picture).read_bytes())
    return told.hexdigest()


def printed(name: str, config: Config | None = None) -> bytes:
    """The PDF."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "page.pdf"
        run(
            page(name, config),
            800,
            f"--print-to-pdf={file}",
            "--no-pdf-header-footer",
            "--allow-file-access-from-files",
        )
        made = io.BytesIO()
        with pikepdf.open(file) as pdf:
            pdf.docinfo["/Page"] = page_hash(name)
            pdf.save(made, deterministic_id=True)
    return made.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path)
    parser.add_argument("--to", type=Path, default=DOCS)
    told = parser.parse_args()
    config = load(told.config) if told.config else None
    for name in LEAFLETS:
        (told.to / f"{name}.pdf").write_bytes(printed(name, config))


if __name__ == "__main__":
    main()
