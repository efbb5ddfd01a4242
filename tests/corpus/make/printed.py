"""HTML papers printed by headless Chromium and by LibreOffice: the PDFs of browsers and word processors."""

from __future__ import annotations

import html
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from notices import CLOSING, INTRODUCTION, Notice, Sheet

_STYLE = """
@page { size: A4; margin: 20mm }
body { font-family: "%s"; font-size: 11pt; line-height: 1.5; margin: 0 }
h1 { font-size: 15pt; text-align: center; font-weight: normal }
p { margin: 3pt 0 } .centre { text-align: center } .right { text-align: right }
table { border-collapse: collapse; margin: 6pt 0 } td { padding: 4pt 6pt; vertical-align: top }
.border td { border: 0.5pt solid black }
.label { width: 42mm } .value { width: 118mm } .narrow .value { width: 75mm }
.note { font-size: 9pt } .field { margin: 8pt 0 } .page { page-break-before: always }
"""


def sheet_html(sheet: Sheet) -> str:
    """Give the paper as a web page."""
    parts: list[str] = []
    for turn, notice in enumerate(sheet.notices):
        if turn == 0 or sheet.page_each:
            parts.append(f'<h1 class="{"page" if turn else ""}">{html.escape(sheet.title)}</h1>')
            parts += [f"<p>{html.escape(line)}</p>" for line in INTRODUCTION]
            parts.append('<p class="centre">記</p>')
        parts.append(_fields(sheet, notice))
    parts += [f"<p>{html.escape(line)}</p>" for line in CLOSING]
    parts.append(f'<p class="right">{sheet.company}</p>')
    return page_html("".join(parts), sheet.font, sheet.css)


def page_html(body: str, font: str = "IPAexMincho", css: str = "") -> str:
    """Put a body into a page with the papers' style."""
    style = _STYLE % font + css
    return f'<!doctype html><html lang="ja"><meta charset="utf-8"><style>{style}</style><body>{body}</body></html>'


def table_html(rows: list[tuple[str, ...]], kind: str = "border") -> str:
    """Give a table of plain texts."""
    cells = "".join("<tr>" + "".join(f"<td>{html.escape(text)}</td>" for text in row) + "</tr>" for row in rows)
    return f'<table class="{kind}">{cells}</table>'


def _fields(sheet: Sheet, notice: Notice) -> str:
    rows: list[str] = []
    for label, note, text in sheet.fields(notice):
        value = html.escape(text)
        below = f'<br><span class="note">{note}</span>' if note and sheet.jv_note == "below" else ""
        inline = note if note and sheet.jv_note == "inline" else ""
        head = f"<span class=key>{label}</span>{inline}"
        match sheet.layout:
            case "table" | "hanging" | "gap":
                cell = f'<td class="label">{head}{sheet.colon}{below}</td>'
                rows.append(f'<tr>{cell}<td class="value"><span class=val>{value}</span></td></tr>')
            case "below":
                rows.append(f'<p class="field">{head}{sheet.colon}{below}<br>　　<span class=val>{value}</span></p>')
            case _:  # lines, margin
                rows.append(f'<p class="field">{head}{sheet.colon}<span class=val>{value}</span>{below}</p>')
    if sheet.layout in {"table", "hanging", "gap"}:
        kinds = {"table": "border", "hanging": "narrow", "gap": ""}
        return f'<table class="{kinds[sheet.layout]}">{"".join(rows)}</table>'
    return "".join(rows)


def print_with_chromium(pages: dict[str, str], folder: Path) -> None:
    """Print each page to NAME.pdf in the folder."""
    with tempfile.TemporaryDirectory() as work:
        for name, text in pages.items():
            source = Path(work, f"{name}.html")
            source.write_text(text, "utf-8")
            subprocess.run(
                [
                    _program("chromium"),
                    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
                    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
                    f"--user-data-dir={work}/profile",
                    "--no-pdf-header-footer",
                    f"--print-to-pdf={folder / name}.pdf",
                    source.as_uri(),
                ],
                check=True,
                capture_output=True,
                timeout=120,
            )


def print_with_libreoffice(pages: dict[str, str], folder: Path) -> None:
    """Load each page into Writer and export NAME.pdf into the folder."""
    with tempfile.TemporaryDirectory() as work:
        for name, text in pages.items():
            Path(work, f"{name}.html").write_text(text, "utf-8")
        subprocess.run(
            [
                _program("soffice"),
                f"-env:UserInstallation=file://{work}/profile",
                *("--headless", "--infilter=HTML (StarWriter)", "--convert-to", "pdf:writer_pdf_Export"),
                *("--outdir", str(folder)),
                *sorted(str(path) for path in Path(work).glob("*.html")),
            ],
            check=True,
            capture_output=True,
            timeout=600,
            env={**os.environ, "SOURCE_DATE_EPOCH": "1767225600"},
        )


def _program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise SystemExit(f"{name} is needed to make these papers; the committed ones need nothing")
    return path
