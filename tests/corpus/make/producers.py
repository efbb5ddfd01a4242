"""Notice PDFs by many programs: producer × layout → bytes. Each needs its program or package; what is committed needs none.

`PRODUCERS` gives for each name the function that makes a sheet's PDF. Programs that write HTML get the page of
`printed.sheet_html`; those that draw get the texts and places of `drawn`. Raises CalledProcessError when one fails.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pikepdf
import scripts
from drawn import draw_sheet
from notices import Sheet
from placed import MINCHO, subset_font, texts
from printed import print_with_chromium, print_with_libreoffice, sheet_html
from wordlike import word_like

# Where `npm install pdf-lib @pdf-lib/fontkit pdfkit jspdf` was called.
MODULES = os.environ.get("CORPUS_NODE_MODULES", "node_modules")


def weasyprint(sheet: Sheet) -> bytes:
    """WeasyPrint."""
    import weasyprint as program  # noqa: PLC0415

    return bytes(program.HTML(string=sheet_html(sheet)).write_pdf())


def typst(sheet: Sheet) -> bytes:
    """Typst."""
    import typst as program  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as work:
        source = Path(work, "n.typ")
        source.write_text(scripts.typst_source(sheet), "utf-8")
        return bytes(program.compile(str(source), font_paths=[str(Path(MINCHO).parent)]))


def fpdf(sheet: Sheet) -> bytes:
    """fpdf2."""
    from fpdf import FPDF  # noqa: PLC0415

    pdf = FPDF(unit="pt", format=(595.28, 841.89))
    pdf.set_auto_page_break(False)
    pdf.add_font("m", fname=MINCHO)
    for page in texts(sheet):
        pdf.add_page()
        for x, y, size, text, spacing in page:
            pdf.set_font("m", size=size)
            pdf.set_char_spacing(spacing)
            pdf.text(x, 841.89 - y, text)
    return bytes(pdf.output())


def cairo(sheet: Sheet) -> bytes:
    """Cairo, through an SVG for each page."""
    with tempfile.TemporaryDirectory() as work:
        names = []
        for number, page in enumerate(texts(sheet)):
            name = Path(work, f"{number}.svg")
            name.write_text(scripts.svg(page), "utf-8")
            names.append(str(name))
        return _ran(["rsvg-convert", "-f", "pdf", *names])


def qt(sheet: Sheet) -> bytes:
    """Qt's QPdfWriter (a text document, as a printing application makes it)."""
    with tempfile.TemporaryDirectory() as work:
        source, target = Path(work, "n.html"), Path(work, "n.pdf")
        source.write_text(sheet_html(sheet), "utf-8")
        _python(scripts.QT, str(source), str(target))
        return target.read_bytes()


def _node(script: str, sheet: Sheet) -> bytes:
    with tempfile.TemporaryDirectory() as work:
        font, data, target = Path(work, "f.ttf"), Path(work, "t.json"), Path(work, "n.pdf")
        font.write_bytes(subset_font(sheet))
        data.write_text(json.dumps(texts(sheet)), "utf-8")
        program = Path(work, "s.cjs")
        program.write_text(script, "utf-8")
        _ran(["node", str(program), str(font), str(data), str(target)], NODE_PATH=str(Path(MODULES).resolve()))
        return target.read_bytes()


def pdf_lib(sheet: Sheet) -> bytes:
    """pdf-lib (JavaScript)."""
    return _node(scripts.PDF_LIB, sheet)


def pdfkit(sheet: Sheet) -> bytes:
    """PDFKit (JavaScript)."""
    return _node(scripts.PDFKIT, sheet)


def jspdf(sheet: Sheet) -> bytes:
    """JsPDF (JavaScript, web pages' own PDFs)."""
    return _node(scripts.JSPDF, sheet)


def fop(sheet: Sheet) -> bytes:
    """Apache FOP (Java)."""
    with tempfile.TemporaryDirectory() as work:
        source, target, config = Path(work, "n.fo"), Path(work, "n.pdf"), Path(work, "fop.xml")
        source.write_text(scripts.formatting_objects(sheet), "utf-8")
        config.write_text(scripts.fop_config(MINCHO), "utf-8")
        _ran(["fop", "-c", str(config), "-fo", str(source), "-pdf", str(target)])
        return target.read_bytes()


def tcpdf(sheet: Sheet) -> bytes:
    """TCPDF (PHP), with its Japanese CID font that is not embedded."""
    return _fed("php", scripts.TCPDF, ".php", json.dumps(texts(sheet)))


def prawn(sheet: Sheet) -> bytes:
    """Prawn (Ruby)."""
    return _fed("ruby", scripts.PRAWN % {"font": MINCHO}, ".rb", json.dumps(texts(sheet)))


def pdf_api2(sheet: Sheet) -> bytes:
    """PDF::API2 (Perl)."""
    with tempfile.TemporaryDirectory() as work:
        font = Path(work, "f.ttf")
        font.write_bytes(subset_font(sheet))
        lines = "\n".join(
            "\f" if one is None else "\t".join(map(str, one)) for page in texts(sheet) for one in (None, *page)
        )
        return _fed("perl", scripts.PDF_API2 % {"font": font}, ".pl", lines)


def chromium(sheet: Sheet) -> bytes:
    """Chromium."""
    with tempfile.TemporaryDirectory() as work:
        print_with_chromium({"n": sheet_html(sheet)}, Path(work))
        return Path(work, "n.pdf").read_bytes()


def writer(sheet: Sheet) -> bytes:
    """LibreOffice Writer."""
    with tempfile.TemporaryDirectory() as work:
        print_with_libreoffice({"n": sheet_html(sheet)}, Path(work))
        return Path(work, "n.pdf").read_bytes()


def distilled(content: bytes) -> bytes:
    """Printed anew by Ghostscript's pdfwrite, as PDF printers do."""
    with tempfile.TemporaryDirectory() as work:
        source, target = Path(work, "a.pdf"), Path(work, "b.pdf")
        source.write_bytes(content)
        _ran(
            ["gs", "-q", "-dBATCH", "-dNOPAUSE", "-dSAFER", "-sDEVICE=pdfwrite", f"-sOutputFile={target}", str(source)]
        )
        return target.read_bytes()


def through_postscript(content: bytes) -> bytes:
    """Printed to PostScript and distilled: the fonts lose their names."""
    with tempfile.TemporaryDirectory() as work:
        source, middle, target = Path(work, "a.pdf"), Path(work, "a.ps"), Path(work, "b.pdf")
        source.write_bytes(content)
        _ran(
            ["gs", "-q", "-dBATCH", "-dNOPAUSE", "-dSAFER", "-sDEVICE=ps2write", f"-sOutputFile={middle}", str(source)]
        )
        _ran(
            ["gs", "-q", "-dBATCH", "-dNOPAUSE", "-dSAFER", "-sDEVICE=pdfwrite", f"-sOutputFile={target}", str(middle)]
        )
        return target.read_bytes()


def saved_anew(content: bytes) -> bytes:
    """Saved anew by qpdf's library with object streams, linearised, as viewers do."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(content)) as pdf:
        pdf.save(out, object_stream_mode=pikepdf.ObjectStreamMode.generate, linearize=True, deterministic_id=True)
    return out.getvalue()


def ghostscript(sheet: Sheet) -> bytes:
    """Writer's page, distilled."""
    return distilled(writer(sheet))


def distilled_chromium(sheet: Sheet) -> bytes:
    """Chromium's page, distilled: what is seen is right, but its text is garbled for most letters."""
    return distilled(chromium(sheet))


def qpdf(sheet: Sheet) -> bytes:
    """Reportlab's page, saved anew."""
    return saved_anew(draw_sheet(replace(sheet, font="IPAexGothic"), letter_spacing=4.0 if sheet.css else 0.0))


PRODUCERS: dict[str, Callable[[Sheet], bytes]] = {
    "weasyprint": weasyprint,
    "typst": typst,
    "fpdf2": fpdf,
    "cairo": cairo,
    "qt": qt,
    "pdf-lib": pdf_lib,
    "pdfkit": pdfkit,
    "jspdf": jspdf,
    "fop": fop,
    "tcpdf": tcpdf,
    "prawn": prawn,
    "pdf-api2": pdf_api2,
    "ghostscript": ghostscript,
    "qpdf": qpdf,
    "word-like": word_like,
}


def _ran(command: list[str], given: bytes = b"", **environment: str) -> bytes:
    if shutil.which(command[0]) is None:
        raise SystemExit(f"{command[0]} is needed to make these mails; the committed ones need nothing")
    return subprocess.run(
        command, check=True, capture_output=True, timeout=300, input=given, env={**os.environ, **environment}
    ).stdout


def _fed(program: str, script: str, suffix: str, given: str) -> bytes:
    with tempfile.TemporaryDirectory() as work:
        path = Path(work, f"s{suffix}")
        path.write_text(script, "utf-8")
        return _ran([program, str(path)], given.encode())


def _python(script: str, *arguments: str) -> None:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    subprocess.run([sys.executable, "-c", script, *arguments], check=True, capture_output=True, env=environment)
