"""Papers drawn with coordinates: reportlab (fonts embedded or not), and a bare Shift_JIS writer like old form servers'."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

from notices import CLOSING, INTRODUCTION, Notice, Sheet
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

LEFT, VALUES, SIZE = 60, 190, 11
# Characters of a value that fit on one line.
VALUE_LETTERS = 32
# Draws a text at x, y (points from the lower left corner) in a size.
Draw = Callable[[float, float, float, str], None]

_TRUE_TYPE = {
    "IPAexMincho": "/usr/share/fonts/opentype/ipaexfont-mincho/ipaexm.ttf",
    "IPAexGothic": "/usr/share/fonts/opentype/ipaexfont-gothic/ipaexg.ttf",
}


def draw_sheet(
    sheet: Sheet, *, twice: bool = False, sideways: bool = False, letter_spacing: float = 0.0, password: str = ""
) -> bytes:
    """Draw with reportlab. `twice`: bold faked by a second drawing; `sideways`: text up the page, without /Rotate."""
    register(sheet.font)
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4[::-1] if sideways else A4, invariant=1, encrypt=password or None)

    def draw(x: float, y: float, size: float, text: str) -> None:
        canvas.setFont(sheet.font, size)
        canvas.drawString(x, y, text, charSpace=letter_spacing if x == VALUES else 0)
        if twice:
            canvas.drawString(x + 0.3, y, text, charSpace=letter_spacing if x == VALUES else 0)

    for page in _pages(sheet):
        if sideways:
            canvas.translate(A4[1], 0)
            canvas.rotate(90)
        draw_page(sheet, page, draw)
        if sheet.layout == "table":
            canvas.rect(LEFT - 5, 340, 470, 200)
            canvas.line(VALUES - 5, 340, VALUES - 5, 540)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def draw_lines(lines: list[tuple[float, float, str]], font: str = "HeiseiMin-W3") -> bytes:
    """Draw texts at x and y (from the upper edge) on one A4 page."""
    register(font)
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1)
    for x, y, text in lines:
        canvas.setFont(font, SIZE)
        canvas.drawString(x, A4[1] - y, text)
    canvas.save()
    return out.getvalue()


def register(font: str) -> None:
    """Make the font known to reportlab."""
    if font in _TRUE_TYPE:
        pdfmetrics.registerFont(TTFont(font, _TRUE_TYPE[font]))
    else:
        pdfmetrics.registerFont(UnicodeCIDFont(font))


def _pages(sheet: Sheet) -> list[tuple[Notice, ...]]:
    return [(notice,) for notice in sheet.notices] if sheet.page_each else [sheet.notices]


def draw_page(sheet: Sheet, notices: tuple[Notice, ...], draw: Draw) -> None:
    """Draw the sheet's whole page with these notices."""
    draw(150, 790, 15, sheet.title)
    y = 755.0
    for line in INTRODUCTION:
        draw(LEFT, y, 10, line)
        y -= 17
    draw(290, 565, SIZE, "記")
    y = 520.0
    for notice in notices:
        y = _draw_fields(sheet, notice, y, draw) - 12
    y = min(y, 300.0)
    for line in CLOSING:
        draw(LEFT, y, 10, line)
        y -= 17
    draw(350, y - 10, 12, sheet.company)


def _draw_fields(sheet: Sheet, notice: Notice, y: float, draw: Draw) -> float:
    labels: list[tuple[float, float, float, str]] = []
    values: list[tuple[float, float, float, str]] = []
    for label, note, value in sheet.fields(notice):
        head = label + (note if sheet.jv_note == "inline" else "") + sheet.colon
        pieces = _wrapped(value, VALUE_LETTERS)
        if sheet.layout in {"lines", "margin"}:
            pieces = _wrapped(value, 36, len(head))
            labels.append((LEFT, y, SIZE, head + pieces[0]))
            values += [(LEFT, y - 17 * row, SIZE, piece) for row, piece in enumerate(pieces) if row]
        elif sheet.layout == "below":
            labels.append((LEFT, y, SIZE, head))
            y -= 17
            values += [(LEFT + 22, y - 17 * row, SIZE, piece) for row, piece in enumerate(pieces)]
        else:
            labels.append((LEFT, y, SIZE, head))
            values += [(VALUES, y - 17 * row, SIZE, piece) for row, piece in enumerate(pieces)]
        y -= 17 * (len(pieces) - 1)
        if note and sheet.jv_note == "below":
            y -= 15
            labels.append((LEFT, y, 9, note))
        y -= 26
    for piece in values + labels if sheet.layout == "values_first" else labels + values:
        draw(*piece)
    return y


def _wrapped(text: str, letters: int, taken: int = 0) -> list[str]:
    first, rest = text[: letters - taken], text[letters - taken :]
    return [first, *(rest[start : start + letters] for start in range(0, len(rest), letters))]


def write_shift_jis(sheet: Sheet, path: Path, base_font: str = "MS-Mincho") -> None:
    """Write a PDF whose text is cp932 under 90ms-RKSJ-H in a font that is not embedded, without ToUnicode."""
    commands: list[bytes] = []

    def draw(x: float, y: float, size: float, text: str) -> None:
        encoded = text.encode("cp932").hex().upper().encode()
        commands.append(b"BT /F1 %g Tf %g %g Td <%s> Tj ET" % (size, x, y, encoded))

    draw_page(sheet, sheet.notices, draw)
    content = b"\n".join(commands)
    font = base_font.encode()
    descriptor = (
        b"/Flags 4 /FontBBox [0 -137 1000 859] /ItalicAngle 0 /Ascent 859 /Descent -140 /CapHeight 769 /StemV 78"
    )
    path.write_bytes(
        pdf_of_objects(
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
            b" /Resources << /Font << /F1 5 0 R >> >> >>",
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
            b"<< /Type /Font /Subtype /Type0 /BaseFont /%s /Encoding /90ms-RKSJ-H /DescendantFonts [6 0 R] >>" % font,
            b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /%s /DW 1000 /W [1 [500] 2 632 500] /FontDescriptor 7 0 R"
            b" /CIDSystemInfo << /Registry (Adobe) /Ordering (Japan1) /Supplement 2 >> >>" % font,
            b"<< /Type /FontDescriptor /FontName /%s %s >>" % (font, descriptor),
        )
    )


def pdf_of_objects(*objects: bytes) -> bytes:
    """Give a PDF of these objects, numbered from 1; the first is its catalog."""
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    places: list[int] = []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)
