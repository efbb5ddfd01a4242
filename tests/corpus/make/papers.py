"""Makes all test papers: `python tests/corpus/make/papers.py` writes tests/corpus/papers/NAME.pdf and NAME.expected.json.

Needs Chromium, LibreOffice, the IPAex and Noto CJK fonts, and the development packages. The tests read what is committed.
"""

from __future__ import annotations

import io
import json
from pathlib import Path

import notices as texts
import odd_pdfs
import pypdfium2
from drawn import draw_lines, draw_sheet, write_shift_jis
from layouts import layouts
from notices import Mint, Notice, Sheet
from others import other_papers
from printed import print_with_chromium, print_with_libreoffice, sheet_html
from varied import varied

PAPERS = Path(__file__).resolve().parents[1] / "papers"
NOTO_SANS, NOTO_SERIF, GOTHIC = "Noto Sans CJK JP", "Noto Serif CJK JP", "IPAexGothic"
SCAN_DPI = 110


def main() -> None:
    """Make every paper anew."""
    PAPERS.mkdir(exist_ok=True)
    for old in PAPERS.iterdir():
        old.unlink()
    chromium, writer = _chromium_sheets(), _writer_sheets()
    print_with_chromium({name: sheet_html(sheet) for name, sheet in chromium.items()}, PAPERS)
    print_with_libreoffice({name: sheet_html(sheet) for name, sheet in writer.items()}, PAPERS)
    for name, sheet in (chromium | writer).items():
        _expect(name, "key_notice", sheet.notices)
    _layouts()
    _drawn()
    _changed()
    _others()
    odd_pdfs.main()


def _layouts() -> None:
    made = layouts() | varied()
    for producer, print_with in (("chromium", print_with_chromium), ("writer", print_with_libreoffice)):
        print_with({name: page for name, (by, page, _) in made.items() if by == producer}, PAPERS)
    for name, (_, _, notices) in made.items():
        _expect(name, "key_notice", notices)


def _expect(name: str, kind: str, notices: tuple[Notice, ...] = ()) -> None:
    expected = {"kind": kind, "notices": [notice.expected() for notice in notices]}
    text = json.dumps(expected, ensure_ascii=False, indent=1) + "\n"
    (PAPERS / f"{name}.expected.json").write_text(text, "utf-8")


def _chromium_sheets() -> dict[str, Sheet]:
    mint = Mint(1)
    return {
        "chromium-leaflet": Sheet((mint(),)),
        "chromium-half-colon": Sheet((mint(),), colon=":", font=NOTO_SANS),
        "chromium-table": Sheet((mint(),), "table", colon="", jv_note="below"),
        "chromium-table-gothic": Sheet((mint(),), "table", colon="", jv_note="inline", font=GOTHIC),
        "chromium-no-colon": Sheet((mint(),), "gap", colon="", font=NOTO_SERIF),
        "chromium-blanks-in-labels": Sheet((mint(),), "gap", spacing="　", jv_note="none"),
        "chromium-letter-spaced": Sheet((mint(),), css=".key { letter-spacing: 0.5em }"),
        "chromium-letter-spaced-key": Sheet((mint(),), "gap", css=".val { letter-spacing: 0.3em }"),
        "chromium-justified-labels": Sheet(
            (mint(),), "table", colon="", jv_note="none", css=".label { text-align-last: justify }"
        ),
        "chromium-two-lines": Sheet((mint(texts.TWO_LINES),), "table", colon=""),
        "chromium-three-lines": Sheet((mint(texts.THREE_LINES),), "hanging"),
        "chromium-three-lines-middle": Sheet(
            (mint(texts.THREE_LINES),), "hanging", colon="", css="td { vertical-align: middle }"
        ),
        "chromium-margin-two-lines": Sheet((mint(texts.TWO_LINES),), "margin"),
        "chromium-margin-three-lines": Sheet((mint(texts.THREE_LINES),), "margin", font=GOTHIC),
        "chromium-value-below": Sheet((mint(),), "below", colon=""),
        "chromium-jv": Sheet((mint("", texts.JV),), "table", colon=""),
        "chromium-full-width": Sheet((mint().full_width(),)),
        "chromium-two-notices": Sheet((mint(), mint()), jv_note="none", css="p { line-height: 1.2 }"),
        "chromium-three-pages": Sheet((mint(), mint(), mint()), page_each=True),
        "chromium-west": Sheet((mint(),), title=texts.WEST_TITLE, company=texts.WEST, font=GOTHIC),
        "chromium-hokkaido": Sheet((mint(),), title=texts.HOKKAIDO_TITLE, company=texts.HOKKAIDO),
        "chromium-special-letters": Sheet((mint(texts.SPECIAL_PROJECT, texts.SPECIAL_CONTRACTOR),), font=NOTO_SANS),
        "chromium-bold": Sheet((mint(),), css=".val { font-weight: bold }"),
        "chromium-large-key": Sheet((mint(),), "gap", css=".val { font-size: 16pt }"),
    }


def _writer_sheets() -> dict[str, Sheet]:
    mint = Mint(2)
    return {
        "writer-leaflet": Sheet((mint(),)),
        "writer-half-colon": Sheet((mint(),), colon=":", font=GOTHIC),
        "writer-table": Sheet((mint(),), "table", colon=""),
        "writer-no-colon": Sheet((mint(),), "gap", colon="", jv_note="inline"),
        "writer-letter-spaced": Sheet((mint(),), "gap", css=".key { letter-spacing: 4pt }", jv_note="none"),
        "writer-blanks-in-labels": Sheet((mint(),), spacing=" "),
        "writer-two-lines": Sheet((mint(texts.TWO_LINES),), "table", colon=""),
        "writer-margin-three-lines": Sheet((mint(texts.THREE_LINES),), "margin"),
        "writer-value-below": Sheet((mint(),), "below"),
        "writer-jv": Sheet((mint("", texts.JV),), "hanging", colon=""),
        "writer-full-width": Sheet((mint().full_width(),), font=GOTHIC),
        "writer-special-letters": Sheet((mint(texts.SPECIAL_PROJECT, texts.SPECIAL_CONTRACTOR),)),
        "writer-two-pages": Sheet((mint(), mint()), page_each=True),
        "writer-west": Sheet((mint(),), "table", colon="", title=texts.WEST_TITLE, company=texts.WEST),
    }


def _drawn() -> None:
    mint = Mint(3)
    minchou, gothic, embedded = "HeiseiMin-W3", "HeiseiKakuGo-W5", "IPAexMincho"
    sheets: dict[str, tuple[Sheet, dict[str, object]]] = {
        "reportlab-leaflet": (Sheet((mint(),), font=minchou), {}),
        "reportlab-gothic": (Sheet((mint(),), colon=":", font=gothic), {}),
        "reportlab-no-colon": (Sheet((mint(),), "gap", colon="", font=minchou), {}),
        "reportlab-labels-first": (Sheet((mint(),), "labels_first", colon="", font=gothic), {}),
        "reportlab-values-first": (Sheet((mint(),), "values_first", jv_note="none", font=minchou), {}),
        "reportlab-labels-first-wrapped": (Sheet((mint(texts.THREE_LINES),), "labels_first", font=minchou), {}),
        "reportlab-margin-two-lines": (Sheet((mint(texts.TWO_LINES),), "margin", font=gothic), {}),
        "reportlab-blanks-in-labels": (Sheet((mint(),), spacing="　", font=gothic), {}),
        "reportlab-jv": (Sheet((mint("", texts.JV),), "gap", jv_note="none", font=minchou), {}),
        "reportlab-two-notices": (Sheet((mint(), mint()), "gap", colon="", jv_note="none", font=minchou), {}),
        "reportlab-embedded": (Sheet((mint(),), font=embedded), {}),
        "reportlab-embedded-table": (Sheet((mint(),), "table", colon="", font=GOTHIC), {}),
        "reportlab-drawn-twice": (Sheet((mint(),), "gap", font=embedded), {"twice": True}),
        "reportlab-letter-spaced": (Sheet((mint(),), "gap", font=embedded), {"letter_spacing": 5.0}),
        "reportlab-sideways": (Sheet((mint(),), font=embedded), {"sideways": True}),
        "reportlab-special-letters": (
            Sheet((mint(texts.SPECIAL_PROJECT, texts.SPECIAL_CONTRACTOR),), font=embedded),
            {},
        ),
        "reportlab-value-below": (Sheet((mint(texts.TWO_LINES),), "below", colon="", font=embedded), {}),
        "reportlab-three-pages": (Sheet((mint(), mint(), mint()), font=minchou, page_each=True), {}),
    }
    for name, (sheet, options) in sheets.items():
        (PAPERS / f"{name}.pdf").write_bytes(draw_sheet(sheet, **options))  # type: ignore[arg-type]
        _expect(name, "key_notice", sheet.notices)
    rksj = {
        "shift-jis-leaflet": Sheet((mint(),)),
        "shift-jis-no-colon": Sheet((mint(texts.TWO_LINES),), "gap", colon=""),
        "shift-jis-special-letters": Sheet((mint(texts.SPECIAL_PROJECT, "㈱髙﨑組"),), "labels_first"),
        "shift-jis-full-width": Sheet((mint().full_width(),), colon=""),
    }
    rksj["shift-jis-full-width"] = Sheet(rksj["shift-jis-full-width"].notices, "gap", colon=":")
    for name, sheet in rksj.items():
        write_shift_jis(sheet, PAPERS / f"{name}.pdf")
        _expect(name, "key_notice", sheet.notices)


def _changed() -> None:
    """Papers that something happened to: turned, scanned, locked, cut off."""
    mint = Mint(4)
    _turn("chromium-leaflet", "turned-right", 90)
    _turn("writer-table", "turned-over", 180)
    _scan("chromium-leaflet", "scan")
    locked = Sheet((mint(),), font="IPAexMincho")
    (PAPERS / "encrypted.pdf").write_bytes(draw_sheet(locked, password="himitsu"))
    _expect("encrypted", "unreadable")
    whole = (PAPERS / "writer-leaflet.pdf").read_bytes()
    (PAPERS / "damaged.pdf").write_bytes(whole[: len(whole) // 3])
    _expect("damaged", "unreadable")
    behind_junk = b"\r\n--- relayed ---\r\n" + (PAPERS / "reportlab-leaflet.pdf").read_bytes()
    (PAPERS / "behind-junk.pdf").write_bytes(behind_junk)
    _copy_expected("reportlab-leaflet", "behind-junk")


def _turn(name: str, turned: str, degrees: int) -> None:
    pdf = pypdfium2.PdfDocument(PAPERS / f"{name}.pdf")
    for page in pdf:
        page.set_rotation(degrees)
    pdf.save(PAPERS / f"{turned}.pdf")
    pdf.close()
    _copy_expected(name, turned)


def _scan(name: str, scanned: str) -> None:
    """A picture only, as a copier makes it."""
    pdf = pypdfium2.PdfDocument(PAPERS / f"{name}.pdf")
    image = pdf[0].render(scale=SCAN_DPI / 72).to_pil().convert("L")
    out = io.BytesIO()
    image.save(out, "PDF", resolution=SCAN_DPI, quality=45)
    pdf.close()
    (PAPERS / f"{scanned}.pdf").write_bytes(out.getvalue())
    _expect(scanned, "unreadable")


def _copy_expected(name: str, copy: str) -> None:
    expected = (PAPERS / f"{name}.expected.json").read_text("utf-8")
    (PAPERS / f"{copy}.expected.json").write_text(expected, "utf-8")


def _others() -> None:
    """Papers that ride along with a notice, or come instead of it."""
    printed, drawn = other_papers(Mint(5))
    print_with_chromium({name: paper.page for name, paper in printed.items()}, PAPERS)
    for name, paper in drawn.items():
        (PAPERS / f"{name}.pdf").write_bytes(draw_lines(paper.lines))
    for name, other in (printed | drawn).items():
        _expect(name, other.kind, other.notices)


if __name__ == "__main__":
    main()
