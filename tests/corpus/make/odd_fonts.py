"""Papers whose fonts say too little, too much or something else: no names for letters, lies, old encodings, vertical writing.

Used by odd_pdfs.py. Each function gives papers by their name: the bytes and what must be read. The CMaps of Adobe-Japan1
come from poppler-data.
"""

from __future__ import annotations

import io
import re
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pikepdf
from drawn import draw_page, draw_sheet, pdf_of_objects
from notices import Mint, Notice, Sheet

Made = dict[str, tuple[bytes, dict[str, object]]]
_CMAP = Path("/usr/share/poppler/cMap/Adobe-Japan1/UniJIS-UTF16-H")
_RADICALS = str.maketrans("工長青金土", "⼯⻑⻘⾦⼟")
_MARGIN, _RIGHT, _LEADING = 60, 520, 17


def read_as(*notices: Notice) -> dict[str, object]:
    """Say that these notices must be read."""
    return {"kind": "key_notice", "notices": [notice.expected() for notice in notices]}


def closed(trouble: str) -> dict[str, object]:
    """Say that nothing can be read, and why."""
    return {"kind": "unreadable", "notices": [], "trouble": trouble}


def odd_fonts(mint: Mint) -> Made:
    """Make all of them."""
    return _unnamed(mint) | _old_encodings(mint) | _type3(mint) | _vertical(mint) | _lying(mint)


# ---------------------------------------------------------------- letters without names


def _unnamed(mint: Mint) -> Made:
    notice = mint()
    embedded = draw_sheet(Sheet((notice,), "gap", font="IPAexMincho"))
    radicals = mint("長沼青木線舗装補修工事", "青葉台土木株式会社")
    drawn = draw_sheet(Sheet((radicals,), "gap", font="IPAexMincho", jv_note="none"))
    return {
        "fonts-glyph-numbers": (_glyph_numbers(Sheet((notice,), "gap")), closed("garbled")),
        "fonts-private-use": (_renamed(embedded, lambda code, _: 0xE000 + code), closed("garbled")),
        "fonts-replacements": (_renamed(embedded, lambda _code, _: 0xFFFD), closed("garbled")),
        "fonts-key-unnamed": (
            _key_unnamed(notice),
            {"kind": "key_notice", "notices": [notice.expected() | {"auth_key": "\ufffd" * 12}]},
        ),
        "fonts-radicals": (_radical_labels(drawn), read_as(radicals)),
    }


def _renamed(content: bytes, name: Callable[[int, int], int]) -> bytes:
    """Change what ToUnicode says: `name` gives a letter for a code and the letter it had."""
    with pikepdf.open(io.BytesIO(content)) as pdf:
        for item in pdf.objects:
            if isinstance(item, pikepdf.Dictionary) and "/ToUnicode" in item:
                item.ToUnicode = pdf.make_stream(_other_names(item.ToUnicode.read_bytes(), name))
        return saved(pdf)


def _other_names(cmap: bytes, name: Callable[[int, int], int]) -> bytes:
    pairs = to_unicode(cmap)
    rows = b"".join(b"<%02X> <%04X>\n" % (code, name(code, letter)) for code, letter in pairs.items())
    return cmap_of(b"%d beginbfchar\n%sendbfchar" % (len(pairs), rows))


def to_unicode(cmap: bytes) -> dict[int, int]:
    """Read a small ToUnicode CMap of reportlab's: codes to letters."""
    pairs: dict[int, int] = {}
    for low, _high, letters in re.findall(rb"<(\w{2})>\s*<(\w{2})>\s*\[(.*?)\]", cmap, re.DOTALL):
        for place, letter in enumerate(re.findall(rb"<(\w{4})>", letters)):
            pairs[int(low, 16) + place] = int(letter, 16)
    for low, high, letter in re.findall(rb"<(\w{2})>\s*<(\w{2})>\s*<(\w{4})>", cmap):
        for code in range(int(low, 16), int(high, 16) + 1):
            pairs[code] = int(letter, 16) + code - int(low, 16)
    for code, letter in re.findall(rb"^<(\w{2})>\s*<(\w{4})>$", cmap, re.MULTILINE):
        pairs[int(code, 16)] = int(letter, 16)
    return pairs


def cmap_of(rows: bytes) -> bytes:
    """Wrap rows into a ToUnicode CMap of one byte a code."""
    return (
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /Odd def /CMapType 2 def\n"
        b"1 begincodespacerange <00> <FF> endcodespacerange\n%s\nendcmap end end" % rows
    )


def saved(pdf: pikepdf.Pdf) -> bytes:
    """Give the file's bytes, the same in every run."""
    out = io.BytesIO()
    pdf.save(out, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    return out.getvalue()


def _key_unnamed(notice: Notice) -> bytes:
    """Only the key's font has no names for its letters, and an encoding of its own."""
    with pikepdf.open(io.BytesIO(draw_sheet(Sheet((notice,), "gap", font="IPAexMincho")))) as pdf:
        _with_font(pdf, notice.auth_key, lambda cmap: _other_names(cmap, lambda _code, _: 0xFFFD))
        return saved(pdf)


def _radical_labels(content: bytes) -> bytes:
    """Name 工 and 長 as radicals wherever they stand, as many Windows fonts make PDF printers do."""
    return _renamed(content, lambda _code, letter: ord(chr(letter).translate(_RADICALS)))


def _glyph_numbers(sheet: Sheet) -> bytes:
    """Type 0 with Identity-H, a subset embedded, its glyphs numbered, without any ToUnicode (old print drivers)."""
    letters: dict[str, int] = {}
    commands: list[bytes] = []

    def draw(x: float, y: float, size: float, text: str) -> None:
        codes = b"".join(b"%04X" % letters.setdefault(letter, 0x21 + len(letters)) for letter in text)
        commands.append(b"BT /F1 %g Tf %g %g Td <%s> Tj ET" % (size, x, y, codes))

    draw_page(sheet, sheet.notices, draw)
    return _type0(commands, b"Identity-H", b"Identity", embedded=_any_true_type())


@cache
def _any_true_type() -> bytes:
    """A font file to embed: its glyphs don't matter where nothing names them."""
    with pikepdf.open(io.BytesIO(draw_sheet(Sheet((Mint(9)(),), font="IPAexMincho")))) as pdf:
        fonts = pdf.pages[0].Resources.Font.values()
        return next(font.FontDescriptor.FontFile2.read_bytes() for font in fonts if "/FontDescriptor" in font)


# ---------------------------------------------------------------- encodings of old print servers


def _type0(
    commands: list[bytes], cmap: bytes, ordering: bytes, *, embedded: bytes = b"", entries: bytes = b""
) -> bytes:
    content = b"\n".join(commands)
    file = b"/FontFile2 8 0 R" if embedded else b""
    return pdf_of_objects(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type0 /BaseFont /MS-Mincho /Encoding /%s /DescendantFonts [6 0 R] >>" % cmap,
        b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /MS-Mincho /DW 1000 /W [1 [500] 2 632 500] /FontDescriptor 7 0 R"
        b" %s /CIDSystemInfo << /Registry (Adobe) /Ordering (%s) /Supplement 2 >> >>" % (entries, ordering),
        b"<< /Type /FontDescriptor /FontName /MS-Mincho /Flags 4 /FontBBox [0 -137 1000 859] /ItalicAngle 0 /Ascent 859"
        b" /Descent -140 /CapHeight 769 /StemV 78 %s >>" % file,
        *(
            [b"<< /Length %d /Length1 %d >>\nstream\n%s\nendstream" % (len(embedded), len(embedded), embedded)]
            if embedded
            else ()
        ),
    )


def _old_encodings(mint: Mint) -> Made:
    encodings: dict[str, tuple[str, Callable[[str], bytes]]] = {
        "unijis-utf16": ("UniJIS-UTF16-H", lambda text: text.encode("utf-16-be")),
        "unijis-ucs2": ("UniJIS-UCS2-H", lambda text: text.encode("utf-16-be")),
        "unijis-ucs2-half": ("UniJIS-UCS2-HW-H", lambda text: text.encode("utf-16-be")),
        "euc": ("EUC-H", lambda text: text.encode("euc_jp", "replace")),
        "90pv": ("90pv-RKSJ-H", lambda text: text.encode("cp932")),
        "90ms-proportional": ("90msp-RKSJ-H", lambda text: text.encode("cp932")),
        "japan1-identity": ("Identity-H", _as_cids),
    }
    made: Made = {}
    for name, (cmap, encode) in encodings.items():
        notice = mint("市道１２号線舗装補修工事", "青葉台建設株式会社")
        made[f"cid-{name}"] = (_encoded(Sheet((notice,), "gap"), cmap, encode), read_as(notice))
    flat = mint("市道１３号線舗装補修工事", "青葉台建設株式会社")
    made["cid-90ms-vertical-set-flat"] = (_set_flat(flat), read_as(flat))
    return made


def _encoded(sheet: Sheet, cmap: str, encode: Callable[[str], bytes]) -> bytes:
    commands: list[bytes] = []

    def draw(x: float, y: float, size: float, text: str) -> None:
        codes = encode(text).hex().upper().encode()
        commands.append(b"BT /F1 %g Tf %g %g Td <%s> Tj ET" % (size, x, y, codes))

    draw_page(sheet, sheet.notices, draw)
    return _type0(commands, cmap.encode(), b"Japan1")


@cache
def _cids() -> dict[int, int]:
    found: dict[int, int] = {}
    text = _CMAP.read_text("latin-1")
    for low, high, cid in re.findall(r"^<(\w{4})>\s*<(\w{4})>\s*(\d+)$", text, re.MULTILINE):
        found |= {code: int(cid) + code - int(low, 16) for code in range(int(low, 16), int(high, 16) + 1)}
    for code, cid in re.findall(r"^<(\w{4})>\s*(\d+)$", text, re.MULTILINE):
        found[int(code, 16)] = int(cid)
    return found


def _as_cids(text: str) -> bytes:
    return b"".join(_cids()[ord(letter)].to_bytes(2, "big") for letter in text)


def _set_flat(notice: Notice) -> bytes:
    """A font for vertical writing, each letter placed on a horizontal line by itself (old form servers)."""
    commands: list[bytes] = []

    def draw(x: float, y: float, size: float, text: str) -> None:
        for letter in text:
            width = size if ord(letter) > 0xFF else size / 2
            place = (x + width / 2, y + 0.88 * size)
            commands.append(b"BT /F1 %g Tf %g %g Td <%s> Tj ET" % (size, *place, letter.encode("cp932").hex().encode()))
            x += width

    draw_page(Sheet((notice,), "gap"), (notice,), draw)
    return _type0(commands, b"90ms-RKSJ-V", b"Japan1")


# ---------------------------------------------------------------- Type 3, vertical writing


def _type3(mint: Mint) -> Made:
    notice = mint("市道１４号線舗装補修工事", "青葉台建設株式会社")
    sheet = Sheet((notice,), "gap")
    return {
        "type3-named": (_drawn_type3(sheet, named=True), read_as(notice)),
        "type3-unnamed": (_drawn_type3(sheet, named=False), closed("garbled")),
    }


def _drawn_type3(sheet: Sheet, *, named: bool) -> bytes:
    """Fonts of drawn letters, 200 to a font; the letters are boxes, since only their names matter here."""
    letters: dict[str, int] = {}
    commands: list[bytes] = []

    def draw(x: float, y: float, size: float, text: str) -> None:
        for letter in text:
            font, code = divmod(letters.setdefault(letter, len(letters)), 200)
            commands.append(b"BT /T%d %g Tf %g %g Td <%02X> Tj ET" % (font, size, x, y, code + 33))
            x += size if ord(letter) > 0xFF else size / 2

    draw_page(sheet, sheet.notices, draw)
    content = b"\n".join(commands)
    fonts = range(1 + (len(letters) - 1) // 200)
    names = b"".join(b"/T%d %d 0 R " % (font, 5 + 3 * font) for font in fonts)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << %s >> >> >>"
        % names,
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
    ]
    for font in fonts:
        mine = {code % 200 + 33: letter for letter, code in letters.items() if code // 200 == font}
        objects += _type3_font(mine, len(objects) + 1, named=named)
    return pdf_of_objects(*objects)


def _type3_font(mine: dict[int, str], number: int, *, named: bool) -> list[bytes]:
    first, last = min(mine), max(mine)
    widths = b" ".join(b"1000" if ord(mine[code]) > 0xFF else b"500" for code in range(first, last + 1))
    glyphs = b" ".join(b"/g%d" % code for code in range(first, last + 1))
    procedures = b" ".join(b"/g%d %d 0 R" % (code, number + 1) for code in mine)
    to = b"/ToUnicode %d 0 R" % (number + 2) if named else b""
    drawing = b"1000 0 d0 60 0 880 880 re f"
    rows = [b"<%02X> <%s>\n" % (code, letter.encode("utf-16-be").hex().encode()) for code, letter in mine.items()]
    blocks = [rows[start : start + 100] for start in range(0, len(rows), 100)]
    cmap = cmap_of(b"\n".join(b"%d beginbfchar\n%sendbfchar" % (len(block), b"".join(block)) for block in blocks))
    return [
        b"<< /Type /Font /Subtype /Type3 /FontBBox [0 0 1000 1000] /FontMatrix [0.001 0 0 0.001 0 0] /FirstChar %d /LastChar %d"
        b" /Widths [%s] /Encoding << /Type /Encoding /Differences [%d %s] >> /CharProcs << %s >> %s >>"
        % (first, last, widths, first, glyphs, procedures, to),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawing), drawing),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(cmap), cmap),
    ]


def _vertical(mint: Mint) -> Made:
    notice = mint("市道１５号線舗装補修工事", "青葉台建設株式会社")
    commands: list[bytes] = []
    column = float(_RIGHT)

    def draw(_x: float, _y: float, size: float, text: str) -> None:
        nonlocal column
        commands.append(
            b"BT /F1 %g Tf %g 780 Td <%s> Tj ET" % (size, column, text.encode("utf-16-be").hex().upper().encode())
        )
        column -= _LEADING

    draw_page(Sheet((notice.full_width(),)), (notice.full_width(),), draw)
    return {"vertical-writing": (_type0(commands, b"UniJIS-UCS2-V", b"Japan1"), closed("garbled"))}


# ---------------------------------------------------------------- layers that say something else than is drawn


def _lying(mint: Mint) -> Made:
    """Papers whose letters are named as others; only who looks at the picture can tell."""
    made: Made = {}
    for name, (key, number) in {
        "lying-key-permuted": (_turned_round, _same),
        "lying-number-shifted": (_same, _shifted),
        "lying-one-letter": (_one_other, _same),
        "lying-key-and-number": (_turned_round, _shifted),
        "lying-key-upper-lower": (_swapped, _same),
    }.items():
        drawn = mint()
        layer = Notice(drawn.project_name, drawn.contractor, drawn.product, number(drawn.number), key(drawn.auth_key))
        made[name] = (_lie(drawn, layer), lie(drawn, layer))
    drawn = mint()
    other = mint()
    layer = Notice(drawn.project_name, drawn.contractor, drawn.product, other.number, other.auth_key)
    made["lying-replaced-words"] = (_replaced(drawn, layer), lie(drawn, layer))
    return made


def lie(drawn: Notice, layer: Notice) -> dict[str, object]:
    """Say what people see and what the text layer says; nothing of it may be taken as read."""
    return {"kind": "key_notice", "notices": [], "drawn": drawn.expected(), "layer": layer.expected()}


def _same(text: str) -> str:
    return text


def _turned_round(text: str) -> str:
    letters = sorted(set(text))
    return text.translate(str.maketrans("".join(letters), "".join(letters[1:] + letters[:1])))


def _shifted(text: str) -> str:
    return text.translate(str.maketrans("0123456789", "3456789012"))


def _one_other(text: str) -> str:
    return text.replace(text[4], "W" if text[4] != "W" else "t")


def _swapped(text: str) -> str:
    return text.swapcase()


def _lie(drawn: Notice, layer: Notice) -> bytes:
    with pikepdf.open(io.BytesIO(draw_sheet(Sheet((drawn,), "gap", font="IPAexMincho")))) as pdf:
        for shown, said in ((drawn.auth_key, layer.auth_key), (drawn.number, layer.number)):
            names = dict(zip(map(ord, shown), map(ord, said), strict=True))
            if shown != said:
                _with_font(
                    pdf, shown, lambda cmap, names=names: _other_names(cmap, lambda _c, old: names.get(old, old))
                )
        return saved(pdf)


def _with_font(pdf: pikepdf.Pdf, text: str, change: Callable[[bytes], bytes]) -> None:
    """Set this one text in a copy of its font with other names for its letters."""
    page = pdf.pages[0]
    content = page.Contents.read_bytes()
    shown = b"(%s) Tj" % text.encode()
    before = content[: content.index(shown)]
    name, size = re.findall(rb"/(F\S+) ([\d.]+) Tf", before)[-1]
    font = pdf.make_indirect(pikepdf.Dictionary(page.Resources.Font[f"/{name.decode()}"]))
    font.ToUnicode = pdf.make_stream(change(font.ToUnicode.read_bytes()))
    copy = f"/L{len(page.Resources.Font)}"
    page.Resources.Font[copy] = font
    in_copy = b"%s %s Tf %s /%s %s Tf" % (copy.encode(), size, shown, name, size)
    page.Contents = pdf.make_stream(content.replace(shown, in_copy))


def _replaced(drawn: Notice, layer: Notice) -> bytes:
    """Words for readers aloud (ActualText) that are not those which are drawn."""
    with pikepdf.open(io.BytesIO(draw_sheet(Sheet((drawn,), "gap", font="IPAexMincho")))) as pdf:
        content = pdf.pages[0].Contents.read_bytes()
        for shown, said in ((drawn.number, layer.number), (drawn.auth_key, layer.auth_key)):
            mark = b"(%s) Tj" % shown.encode()
            content = content.replace(mark, b"/Span << /ActualText (%s) >> BDC %s EMC" % (said.encode(), mark))
        pdf.pages[0].Contents = pdf.make_stream(content)
        return saved(pdf)


def printed_to(write: Callable[[Path], None]) -> bytes:
    """Give the bytes of what writes itself to a path."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "paper.pdf"
        write(path)
        return path.read_bytes()
