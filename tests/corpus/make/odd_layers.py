"""Papers whose text is not what people see: scans with a program's text on them, letters in white, under a cover, too small.

Used by odd_pdfs.py. Pictures are drawn with 80 dots an inch in black and white, to stay small.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable

import pikepdf
import pypdfium2
from drawn import draw_sheet
from notices import Mint, Notice, Sheet
from odd_fonts import Made, closed, read_as, saved
from PIL import Image, ImageDraw

WIDTH, HEIGHT = 595, 842
_SCALE = 80 / 72
_PLAIN = "HeiseiMin-W3"


def odd_layers(mint: Mint) -> Made:
    """Make all of them."""
    return _scans(mint) | _pictures_behind(mint) | _unseen(mint) | _colours(mint)


def sheet(notice: Notice, font: str = _PLAIN) -> bytes:
    """Draw the usual page."""
    return draw_sheet(Sheet((notice,), "gap", font=font))


def picture_of(content: bytes) -> Image.Image:
    """Give the first page as a copier sees it."""
    pdf = pypdfium2.PdfDocument(content)
    image: Image.Image = pdf[0].render(scale=_SCALE).to_pil().convert("1", dither=Image.Dither.NONE)
    pdf.close()
    return image


def changed(content: bytes, change: Callable[[bytes], bytes], image: Image.Image | None = None) -> bytes:
    """Change the first page's content; it may draw `image` as /Scan."""
    with pikepdf.open(io.BytesIO(content)) as pdf:
        page = pdf.pages[0]
        page.contents_coalesce()
        if image is not None:
            add_picture(pdf, page, image)
        page.Contents = pdf.make_stream(change(page.Contents.read_bytes()))
        return saved(pdf)


def add_picture(pdf: pikepdf.Pdf, page: pikepdf.Page, image: Image.Image) -> None:
    """Put the picture into the page's resources as /Scan."""
    bits = 1 if image.mode == "1" else 8
    stream = pdf.make_stream(
        zlib.compress(image.tobytes(), 9),
        Type=pikepdf.Name.XObject,
        Subtype=pikepdf.Name.Image,
        Width=image.width,
        Height=image.height,
        ColorSpace=pikepdf.Name.DeviceGray,
        BitsPerComponent=bits,
        Filter=pikepdf.Name.FlateDecode,
    )
    page.Resources.XObject = pikepdf.Dictionary(Scan=stream)


def whole_page(width: float = WIDTH, height: float = HEIGHT, x: float = 0, y: float = 0) -> bytes:
    """Draw the picture over the page."""
    return b"q %g 0 0 %g %g %g cm /Scan Do Q\n" % (width, height, x, y)


def text(x: float, y: float, size: float, words: str) -> bytes:
    """Write in Helvetica, reportlab's F1."""
    return b"BT /F1 %g Tf %g %g Td (%s) Tj ET\n" % (size, x, y, words.encode())


def _scans(mint: Mint) -> Made:
    notice = mint()
    layer = sheet(notice)
    image = picture_of(sheet(notice, "IPAexMincho"))
    scanned = closed("scanned_text") | {"unread": {"1": "scanned_text"}}
    no_text = closed("no_text") | {"unread": {"1": "no_text"}}
    strips = b"".join(whole_page(height=HEIGHT / 4, y=HEIGHT / 4 * place) for place in range(4))
    fax = text(40, 826, 8, "2026-06-03 10:15 FAX 029700000 P.001")
    return {
        "searchable-invisible": (
            changed(layer, lambda c: whole_page() + c.replace(b"BT ", b"BT 3 Tr "), image),
            scanned,
        ),
        "searchable-under-picture": (changed(layer, lambda c: c + whole_page(), image), scanned),
        "searchable-transparent": (
            _transparent(changed(layer, lambda c: whole_page() + b"q /Clear gs\n" + c + b"Q", image)),
            scanned,
        ),
        "searchable-white": (changed(layer, lambda c: whole_page() + _in_colour(c, b"1 1 1 rg"), image), scanned),
        "searchable-with-fax-header": (
            changed(layer, lambda c: whole_page() + fax + c.replace(b"BT ", b"BT 3 Tr "), image),
            scanned,
        ),
        "scan-with-fax-header": (changed(layer, lambda _: whole_page() + fax, image), no_text),
        "scan-in-strips": (changed(layer, lambda _: strips, image), no_text),
        "scan-pasted": (
            changed(layer, lambda _: text(60, 780, 11, "please see below") + whole_page(320, 260, 60, 400), image),
            no_text,
        ),
        "text-as-outlines": (_outlined(image), no_text),
    }


def _pictures_behind(mint: Mint) -> Made:
    letterhead, boxed = mint(), mint()
    paper = Image.new("L", (60, 85), 238)
    ImageDraw.Draw(paper).ellipse((15, 25, 45, 55), fill=225)
    return {
        "letterhead-picture": (changed(sheet(letterhead), lambda c: whole_page() + c, paper), read_as(letterhead)),
        "letterhead-logo-after": (
            changed(sheet(boxed), lambda c: c + whole_page(60, 60, 480, 760), paper),
            read_as(boxed),
        ),
    }


def _unseen(mint: Mint) -> Made:
    notices = [mint() for _ in range(6)]
    other = mint()
    decoy = text(190, 300, 11, other.number) + text(190, 280, 11, other.auth_key)
    corner = text(190, 900, 11, other.number) + text(190, 920, 11, other.auth_key)
    whitened = _in_colour(decoy, b"1 1 1 rg")
    tiny = text(190, 300, 0.5, other.number + " " + other.auth_key)
    box = b"q 1 1 1 rg 185 405 250 60 re f Q\n"
    under = text(190, 441, 11, other.number) + text(190, 412, 11, other.auth_key)
    clip = b"BT 7 Tr /F1 11 Tf 190 300 Td (%s) Tj ET\n" % other.auth_key.encode()
    return {
        "unseen-white": (changed(sheet(notices[0]), lambda c: c + whitened), read_as(notices[0])),
        "unseen-off-the-page": (changed(sheet(notices[1]), lambda c: c + corner), read_as(notices[1])),
        "unseen-tiny": (changed(sheet(notices[2]), lambda c: c + tiny), read_as(notices[2])),
        "unseen-mode-3": (
            changed(sheet(notices[3]), lambda c: c + b"q " + decoy.replace(b"BT ", b"BT 3 Tr ") + b"Q\n"),
            read_as(notices[3]),
        ),
        "unseen-under-a-cover": (changed(sheet(notices[4]), lambda c: under + box + c), read_as(notices[4])),
        "unseen-clipped": (changed(sheet(notices[5]), lambda c: c + b"q " + clip + b"Q\n"), read_as(notices[5])),
    }


def _colours(mint: Mint) -> Made:
    """Labels in white on dark fields, everything in grey or blue: all of it seen."""
    inverse, grey, outlined, marked = mint(), mint(), mint(), mint()
    dark = b"q 0 0 0.4 rg 55 395 125 140 re f Q\n"
    pattern = b"q 1 1 1 rg 0 0 595 842 re f 0.93 0.96 1 rg 50 390 480 150 re f Q\n"
    return {
        "inverse-labels": (changed(sheet(inverse), lambda c: pattern + dark + _labels_in_white(c)), read_as(inverse)),
        "grey-on-tinted": (changed(sheet(grey), lambda c: pattern + _in_colour(c, b"0.45 0.45 0.5 rg")), read_as(grey)),
        "outlined-letters": (
            changed(sheet(outlined), lambda c: _in_colour(c, b"1 1 1 rg 0 0 0 RG").replace(b"BT ", b"BT 2 Tr ")),
            read_as(outlined),
        ),
        "marked-with-highlighter": (_highlighted(sheet(marked)), read_as(marked)),
    }


def _in_colour(content: bytes, colour: bytes) -> bytes:
    return b"q " + content.replace(b"BT ", b"BT " + colour + b" ") + b" Q\n"


def _labels_in_white(content: bytes) -> bytes:
    lines = content.split(b"\n")
    return b"\n".join(
        b"q 1 1 1 rg " + line + b" Q"
        if line.startswith(b"BT 1 0 0 1 60 ") and _height(line) in range(395, 535)
        else line
        for line in lines
    )


def _height(line: bytes) -> int:
    return int(float(line.split()[6]))


def _transparent(content: bytes) -> bytes:
    with pikepdf.open(io.BytesIO(content)) as pdf:
        pdf.pages[0].Resources.ExtGState = pikepdf.Dictionary(Clear=pikepdf.Dictionary(ca=0, CA=0))
        return saved(pdf)


def _highlighted(content: bytes) -> bytes:
    """A yellow field multiplied over number and key, drawn last."""
    drawn = changed(content, lambda c: c + b"q /Marker gs 1 1 0 rg 185 395 250 80 re f Q\n")
    with pikepdf.open(io.BytesIO(drawn)) as pdf:
        pdf.pages[0].Resources.ExtGState = pikepdf.Dictionary(Marker=pikepdf.Dictionary(BM=pikepdf.Name.Multiply))
        return saved(pdf)


def _outlined(image: Image.Image) -> bytes:
    """Every dot run of the picture as a filled rectangle in one path: letters that are shapes, no text, no picture."""
    small = image.resize((WIDTH // 2, HEIGHT // 2))
    pixels = small.load()
    runs: list[bytes] = []
    for y in range(small.height):
        x = 0
        while x < small.width:
            start = x
            while x < small.width and not pixels[x, y]:
                x += 1
            if x > start:
                runs.append(b"%d %d %d 2 re" % (2 * start, HEIGHT - 2 * y, 2 * (x - start)))
            x += 1
    return changed(sheet(Mint(1)()), lambda _: b"\n".join(runs) + b" f\n")
