"""A stranger's file that takes hours to open: every function that foreign bytes of a paper meet, with files of n and 2n bytes.

The work is CPU time, the least of several measurements; twice the file may take two and a half times the work. Where a limit ends the
work before, that is as good.
"""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable

import pytest

from bot.core.mail.parse import parse_mail
from bot.core.notice.document import TextSource, text_page
from bot.core.notice.evidence import Box
from bot.documents.archives.limits import clean_name, decoded_name
from bot.documents.archives.rtf import rtf_text
from bot.documents.archives.signed import is_signed, unpack_signed
from bot.documents.archives.tnef import unpack_tnef
from bot.documents.archives.unpack import container_type, unpack
from bot.documents.archives.zip_files import is_office_paper
from bot.documents.decorations import is_ornament
from bot.documents.delivery_reports import read_report
from bot.documents.images.image_files import count_pages, open_picture
from bot.documents.opening import open_document, picture_type
from bot.documents.pdf.appearance import WrittenValue, unseen
from bot.documents.pdf.layout import Glyph, Rule, lines_of
from bot.documents.pdf.repair import has_false_sum, is_glued, repaired, with_own_line_ends
from tests.attacks.test_superlinear_patterns import is_steep

SIZE = 3_000
PDF, PNG, GIF = b"%PDF-1.7\n", b"\x89PNG\r\n\x1a\n", b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00"
ZIP, SEVEN, TNEF, GZIP, DER = (
    b"PK\x03\x04",
    b"7z\xbc\xaf\x27\x1c\x00\x04",
    b"\x78\x9f\x3e\x22\x00\x00",
    b"\x1f\x8b\x08",
    b"\x30\x80",
)
TIFF, JPEG, WEBP = b"II*\x00\x08\x00\x00\x00", b"\xff\xd8\xff", b"RIFF\xff\xff\x00\x00WEBP"
IHDR = PNG + b"\x00\x00\x00\x0dIHDR" + struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0) + b"\x3a\x7e\x9b\x55"
SIGNED = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"
TYPES = ("image/png", "image/jpeg", "image/gif", "image/bmp", "image/webp", "image/tiff", "image/heic")


def again(piece: bytes, begin: bytes = b"", end: bytes = b"") -> Callable[[int], bytes]:
    return lambda size: begin + piece * (size // len(piece)) + end


def chunks(kind: bytes, begin: bytes) -> Callable[[int], bytes]:
    """PNG's chunks, with sums that nobody checks before."""
    return again(b"\x00\x00\x00\x00" + kind + b"\x00\x00\x00\x00", begin)


def zipped(size: int, *, name: str = "a", content: bytes = b"") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number in range(size // 100):
            archive.writestr(f"{name}{number}", content)
    return packed.getvalue()


def zipped_in_itself(size: int) -> bytes:
    content = b"x"
    while len(content) < size:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("a.zip", content)
        content = packed.getvalue()
    return content


def attributes(number: int, data: bytes) -> Callable[[int], bytes]:
    """TNEF's attributes, each with its right sum."""
    one = struct.pack("<BIi", 2, number, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)
    return again(one, TNEF)


def in_rtf(piece: bytes) -> Callable[[int], bytes]:
    """RTF that is not compressed (MELA)."""

    def build(size: int) -> bytes:
        words = b"{\\rtf1 " + piece * (size // len(piece))
        return struct.pack("<II4sI", len(words) + 12, len(words), b"MELA", 0) + words

    return build


def ifds(size: int) -> bytes:
    """A TIFF of many pages, each where the last one ends."""
    return b"II*\x00\x08\x00\x00\x00" + b"".join(
        struct.pack("<HHHIIHHIII", 2, 256, 3, 1, 1, 257, 3, 1, 1, 8 + 30 * (place + 1)) for place in range(size // 30)
    )


def as_report(content: bytes) -> object:
    return read_report(content, parse_mail(content))


FILES: dict[str, Callable[[int], bytes]] = {
    **{f"{name} again": again(piece) for name, piece in (
        ("zeros", b"\x00"), ("ones", b"\xff"), ("blanks", b" "), ("lines", b"\n"), ("words", "保証契約番号：".encode()), ("zip marks", ZIP),
        ("directory marks", b"PK\x01\x02"), ("zip ends", b"PK\x05\x06" + b"\x00" * 18), ("7z marks", SEVEN), ("DER", DER), ("gzip", GZIP),
        ("PDF marks", PDF), ("ends", b"%%EOF\n"), ("list ends", b"startxref\n9\n%%EOF\n"),
    )},
    **{f"PDF of {piece!r}": again(piece, PDF) for piece in (
        b"1 0 obj<<>>endobj\n", b"<<", b"[", b"(", b"<< /A ", b"xref\n0 1\n", b"trailer<</Prev 9>>\n", b"startxref\n9\n%%EOF\n",
        b"1 0 obj<</Length 9>>stream\n", b"endstream\n", b"%PDF-1.4\n%%EOF\n", b"\\\r\n", b"/" + b"A" * 100,
    )},
    "zip of files": zipped, "zip of long names": lambda size: zipped(size, name="あ/" * 20), "zip in zip": zipped_in_itself,
    "zip of marks": lambda size: zipped(size, content=b"PK\x01\x02PK\x05\x06"),
    "office paper": lambda size: zipped(size, name="xl/worksheets/"),
    "zip marks before an end": again(b"PK\x01\x02" + b"\x00" * 42, ZIP, b"PK\x05\x06" + b"\xff" * 18),
    **{f"TNEF of {number:x}": attributes(number, data) for number, data in (
        (0x69002, b""), (0x6800F, b"x"), (0x18010, b"a\x00"), (0x69005, struct.pack("<I", 2**31 - 1)), (0x69003, struct.pack("<III", 1, 3, 0)),
        (0x2800C, b"\\"),
    )},
    "TNEF of empty bytes": again(b"\x00", TNEF),
    "DER in DER": again(DER, DER), "DER of octets": again(b"\x04\x00", DER + SIGNED + b"\xa0\x80\x30\x80\x02\x00\x30\x80" + SIGNED + b"\xa0\x80\x24\x80"),
    "PEM": again(b"MIIB", b"-----BEGIN PKCS7-----\n"), "PEM lines": again(b"-----BEGIN PKCS7-----\n"),
    **{f"RTF of {piece!r}": in_rtf(piece) for piece in (
        b"{", b"}", b"{}", b"\\'82", b"\\u12345 ", b"{\\fonttbl{\\f0\\fcharset128 ", b"\\f1\\a1", b"\\", b"\\ansicpg932", b"{\\*\\x ", b"\r\n",
    )},
    "RTF compressed": again(b"\x00{\\rtf1 {", struct.pack("<II4sI", 9_999, 9_999, b"LZFu", 0)),
    "RTF of copies": again(b"\xff" + b"\x00\xff" * 8, struct.pack("<II4sI", 99_999, 99_999, b"LZFu", 0)),
    "PNG of chunks": chunks(b"tEXt", IHDR), "PNG of unknown chunks": chunks(b"abCd", IHDR), "PNG of ICC": chunks(b"iCCP", IHDR),
    "GIF of comments": again(b"\x21\xfe\x01a\x00", GIF), "GIF of pictures": again(b"\x2c" + b"\x00" * 4 + b"\x01\x00\x01\x00\x00\x02\x02D\x01\x00", GIF),
    "JPEG of segments": again(b"\xff\xe1\x00\x02", JPEG), "JPEG of 8BIM": again(b"\xff\xed\x00\x0e8BIM\x04\x04\x00\x00\x00\x00", b"\xff\xd8"),
    "JPEG of fill bytes": again(b"\xff", JPEG), "TIFF of pages": ifds, "TIFF of a loop": again(b"\x00\x00\x08\x00\x00\x00", TIFF),
    "WEBP of chunks": again(b"VP8X\x00\x00\x00\x00", WEBP), "HEIF of boxes": again(b"\x00\x00\x00\x08free", b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"),
    "BMP": again(b"\x00", b"BM\xff\xff\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x01\x00\x20\x00"),
    "a report of blocks": again(b"Action: failed\nFinal-Recipient: rfc822; a@example.jp\n\n", b"Content-Type: message/delivery-status\n\n"),
    "a report of addresses": again(b"<a@example.jp>:\n", b"From: MAILER-DAEMON@example.jp\n\nHi. This is the qmail-send program\n"),
    "a report of parts": again(b"--x\nContent-Type: message/rfc822\n\n", b"Content-Type: multipart/report; boundary=x\n\n"),
    "a report of lines": again(b"550 user unknown <a@", b"From: MAILER-DAEMON@example.jp\n\n"),
}  # fmt: skip


READERS: dict[str, Callable[[bytes], object]] = {
    "container_type": container_type,
    "unpack": lambda content: unpack(content, ("a", "b")),
    "unpack_tnef": unpack_tnef,
    "is_signed": is_signed,
    "unpack_signed": unpack_signed,
    "rtf_text": rtf_text,
    "is_office_paper": is_office_paper,
    "decoded_name": decoded_name,
    "clean_name": lambda content: clean_name(content.decode("cp932", "replace")),
    "read_report": as_report,
    "picture_type": picture_type,
    "is_ornament": lambda content: [is_ornament(content, kind) for kind in TYPES],
    "count_pages": lambda content: [count_pages(content, kind) for kind in TYPES],
    "open_picture": lambda content: [open_picture(content, kind, 1) for kind in TYPES],
    "open_document": lambda content: open_document("1", "a.pdf", content, ("a",)),
    "is_glued": is_glued,
    "with_own_line_ends": with_own_line_ends,
    "repaired": repaired,
    "has_false_sum": has_false_sum,
    "text_page": lambda content: text_page(content.decode("utf-8", "replace")),
}


def steep(read: Callable[[bytes], object], builds: dict[str, Callable[[int], bytes]], size: int) -> list[str]:
    """Those of the files whose double size takes more than the double work."""
    return [
        name for name, build in builds.items() if is_steep(lambda n: read(made[n]), *_sized(made := {}, build, size))
    ]


def _sized(made: dict[str, bytes], build: Callable[[int], bytes], size: int) -> tuple[str, str]:
    made |= {"once": build(size), "twice": build(2 * size)}
    return "once", "twice"


@pytest.mark.parametrize("name", READERS)
def test_twice_the_file_is_twice_the_work(name: str, request: pytest.FixtureRequest) -> None:
    size = 30 * SIZE if request.config.getoption("--slow") else SIZE
    files = {what: build for what, build in FILES.items() if name != "read_report" or what.startswith("a report")}
    assert not steep(READERS[name], files, size)


# ---------------------------------------------------------------- letters of a page

PLACES: dict[str, Callable[[int], tuple[float, float]]] = {
    "one place": lambda place: (50, 100),
    "one line": lambda place: (11.0 * place, 100),
    "one column": lambda place: (50, 3.0 * place),
    "a stair": lambda place: (3.0 * place, 3.0 * place),
    "rows that overlap": lambda place: (11.0 * (place % 40), 0.1 * place),
    "a table": lambda place: (40.0 * (place % 20), 12.0 * (place // 20)),
    "two ends by turns": lambda place: (500.0 * (place % 2), 0.01 * place),
}


def glyphs(place_of: Callable[[int], tuple[float, float]], count: int, *, upright: bool, aloud: int) -> list[Glyph]:
    places = [place_of(place) for place in range(count)]
    return [Glyph("国", x, x + 10, y, 10.0, order, order // aloud, upright) for order, (x, y) in enumerate(places)]


@pytest.mark.parametrize("where", PLACES)
def test_twice_the_letters_on_a_page_are_twice_the_work(where: str, request: pytest.FixtureRequest) -> None:
    count = 10_000 if request.config.getoption("--slow") else 500
    for upright, aloud in ((True, 1), (True, 1_000_000), (False, 1)):
        many = {n: glyphs(PLACES[where], n, upright=upright, aloud=aloud) for n in (count, 2 * count)}
        rules = {n: [Rule(one.x0, one.baseline - 9, one.baseline) for one in many[n]] for n in many}
        assert not is_steep(
            lambda n, many=many, rules=rules: lines_of(many[int(n)], rules[int(n)]), str(count), str(2 * count)
        )


# ---------------------------------------------------------------- ink of values

KEY = b"Z28Y4x8T3Bux"
Sheet = tuple[bytes, tuple[WrittenValue, ...]]


def sheet(drawn: bytes, *, values: int = 1, step: float = 0.0, letters: bytes = KEY, more: bytes = b"") -> Sheet:
    """A page that draws this, and then so many times the letters, one below the other; and the values that were read there."""
    tops = [40 + step * place for place in range(values)]
    shown = b"".join(b"BT/F 11 Tf 72 %.2f Td(%s)Tj ET\n" % (842 - top - 11, letters) for top in tops)
    stream = drawn + shown
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources"
        b"<</Font<</F 5 0 R>>/XObject<</X 6 0 R>>>>%s>>" % more,
        b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        b"<</Type/XObject/Subtype/Form/BBox[0 0 595 842]/Length 14>>stream\n0 0 1 1 re f  \nendstream",
    )
    body = b"".join(b"%d 0 obj%s endobj\n" % numbered for numbered in enumerate(objects, 1))
    places = (Box(72, top, 72 + 6 * len(letters), top + 14) for top in tops)
    read = tuple(WrittenValue(letters.decode(), 1, place, TextSource.TEXT) for place in places)
    return b"%PDF-1.4\n" + body + b"trailer<</Root 1 0 R>>", read


def over(piece: bytes) -> Callable[[int], Sheet]:
    return lambda count: sheet(piece * count)


SHEETS: dict[str, Callable[[int], Sheet]] = {
    "letters in its place": over(b"BT/F 11 Tf 72 790.9 Td(x)Tj ET\n"),
    "the key again in its place": over(b"BT/F 11 Tf 72 791 Td(%s)Tj ET\n" % KEY),
    "letters of one text beside it": lambda count: sheet(b"BT/F 1 Tf 150 791 Td(%s)Tj ET\n" % (b"x" * count)),
    "boxes over it": over(b"70 780 200 30 re f\n"),
    "clips in clips": over(b"q 0 0 595 842 re W n\n"),
    "curves": over(b"72 790 m 80 900 90 700 140 795 c S\n"),
    "forms": over(b"/X Do\n"),
    "groups that are marked": over(b"/Span<</ActualText(x)>>BDC EMC\n"),
    "notes over it": lambda count: sheet(
        b"", more=b"/Annots[%s]" % (b"<</Type/Annot/Subtype/Square/Rect[70 780 200 800]>>" * count)
    ),
    "fields over it": lambda count: sheet(
        b"", more=b"/Annots[%s]" % (b"<</Type/Annot/Subtype/Widget/FT/Tx/T(a)/V(b)/Rect[70 780 200 800]>>" * count)
    ),
    "a long value": lambda count: sheet(b"", letters=b"x" * count),
    "values below each other": lambda count: sheet(b"", values=count // 8, step=11.0),
}


@pytest.mark.parametrize("what", SHEETS)
def test_twice_on_a_page_with_a_value_is_twice_the_work(what: str, request: pytest.FixtureRequest) -> None:
    count = 4_000 if request.config.getoption("--slow") else 400
    made = {str(n): SHEETS[what](n) for n in (count, 2 * count)}
    assert not is_steep(lambda n: unseen(*made[n]), str(count), str(2 * count))
