"""Notice PDFs in the manner of a word processor's export: tagged, marked content, runs cut anywhere, spaces as moves."""

from __future__ import annotations

import io
import zlib

from fontTools.ttLib import TTFont
from notices import Sheet
from placed import subset_font, texts

_DESCRIPTOR = (
    b"<</Type/FontDescriptor/FontName/BCDEEE+MS-Mincho/Flags 32/ItalicAngle 0/Ascent 859/Descent -140/CapHeight 709"
    b"/StemV 50/FontBBox[0 -137 1000 709]/FontFile2 6 0 R>>"
)


def word_like(sheet: Sheet) -> bytes:
    """A tagged PDF: each run of one kind of letters has its own BT … ET, and each letter its own place in TJ."""
    file = subset_font(sheet)
    font = TTFont(io.BytesIO(file))
    glyphs = {chr(code): font.getGlyphID(name) for code, name in font.getBestCmap().items()}
    scale = 1000 / font["head"].unitsPerEm
    widths = {number: round(font["hmtx"][font.getGlyphName(number)][0] * scale) for number in glyphs.values()}
    pages = [_content(page, glyphs, widths) for page in texts(sheet)]
    return _file(pages, file, glyphs, widths)


def _runs(text: str) -> list[str]:
    runs: list[str] = []
    for letter in text:
        if runs and (runs[-1][-1] < "\x80") == (letter < "\x80"):
            runs[-1] += letter
        else:
            runs.append(letter)
    return runs


def _content(
    page: list[tuple[float, float, float, str, float]], glyphs: dict[str, int], widths: dict[int, int]
) -> bytes:
    out: list[str] = []
    for number, (x, y, size, text, spacing) in enumerate(page):
        at = x
        for run in _runs(text):
            shown = "".join(f"<{glyphs[letter]:04X}> {-spacing * 1000 / size - 0.4:.1f} " for letter in run)
            out.append(
                f"/P <</MCID {number}>> BDC q 0 0 595.32 841.92 re W* n BT /F1 {size:g} Tf 1 0 0 1 {at:.2f} {y:.2f} Tm"
                f" 0 g 0 G [{shown}] TJ ET Q EMC"
            )
            at += sum(widths[glyphs[letter]] * size / 1000 + spacing for letter in run)
        out.append(
            f"/Span <</Lang (en-US)/MCID 90{number}>> BDC BT /F1 {size:g} Tf 1 0 0 1 {at:.2f} {y:.2f} Tm"
            f" [<{glyphs[' ']:04X}>] TJ ET EMC"
        )
    return "\n".join(out).encode()


def _file(pages: list[bytes], font: bytes, glyphs: dict[str, int], widths: dict[int, int]) -> bytes:
    listed = " ".join(f"{number} [{width}]" for number, width in sorted(widths.items()))
    first = 9
    kids = " ".join(f"{first + 2 * turn} 0 R" for turn in range(len(pages)))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R/Lang(ja-JP)/StructTreeRoot 8 0 R/MarkInfo<</Marked true>>>>",
        f"<</Type/Pages/Count {len(pages)}/Kids[{kids}]>>".encode(),
        b"<</Type/Font/Subtype/Type0/BaseFont/BCDEEE+MS-Mincho/Encoding/Identity-H/DescendantFonts[4 0 R]/ToUnicode 7 0 R>>",
        f"<</Type/Font/Subtype/CIDFontType2/BaseFont/BCDEEE+MS-Mincho/CIDToGIDMap/Identity/DW 1000/W[{listed}]"
        "/CIDSystemInfo<</Ordering(Identity)/Registry(Adobe)/Supplement 0>>/FontDescriptor 5 0 R>>".encode(),
        _DESCRIPTOR,
        _stream(font, f"/Length1 {len(font)}"),
        _stream(_to_unicode(glyphs)),
        b"<</Type/StructTreeRoot/RoleMap<</Footnote/Note>>>>",
    ]
    for turn, content in enumerate(pages):
        page = (
            "<</Type/Page/Parent 2 0 R/Resources<</Font<</F1 3 0 R>>/ProcSet[/PDF/Text]>>/MediaBox[0 0 595.32 841.92]"
        )
        objects.append(f"{page}/Contents {first + 2 * turn + 1} 0 R/Tabs/S/StructParents {turn}>>".encode())
        objects.append(_stream(content))
    return _joined(objects)


def _to_unicode(glyphs: dict[str, int]) -> bytes:
    lines = [
        f"<{number:04X}> <{letter.encode('utf-16-be').hex().upper()}>" for letter, number in sorted(glyphs.items())
    ]
    blocks = [lines[start : start + 100] for start in range(0, len(lines), 100)]
    maps = "\n".join(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks)
    return (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CIDSystemInfo << /Registry (Adobe) /Ordering (UCS)"
        " /Supplement 0 >> def /CMapName /Adobe-Identity-UCS def /CMapType 2 def 1 begincodespacerange <0000> <FFFF>"
        f" endcodespacerange\n{maps}\nendcmap CMapName currentdict /CMap defineresource pop end end"
    ).encode()


def _stream(content: bytes, more: str = "") -> bytes:
    packed = zlib.compress(content, 9)
    return f"<</Filter/FlateDecode/Length {len(packed)}{more}>>\nstream\n".encode() + packed + b"\nendstream"


def _joined(objects: list[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.7\r\n%\xb5\xb5\xb5\xb5\r\n")
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\r\n%s\r\nendobj\r\n" % (number, content)
    start = len(out)
    out += b"xref\r\n0 %d\r\n0000000000 65535 f\r\n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n\r\n" % place for place in places)
    out += b"trailer\r\n<</Size %d/Root 1 0 R>>\r\nstartxref\r\n%d\r\n%%%%EOF\r\n" % (len(objects) + 1, start)
    return bytes(out)
