from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reportlab.pdfgen.canvas import Canvas

from bot.core.notice.document import Document, OpenFailure, text_page
from bot.documents.opening import PAGE_BYTES, PDF_BYTES, open_document
from bot.documents.pdf.text import PAGES_READ


def zipped(name: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, b"%PDF-1.4 inside")
    return out.getvalue()


def lines(document: Document) -> list[str]:
    return [line.text for page in document.pages for line in page.lines]


@pytest.mark.parametrize(
    ("content", "media_type", "trouble"),
    [
        (b"\xff\xd8\xff\xe0 a photo", "image/jpeg", OpenFailure.NO_TEXT),
        (b"\x89PNG\r\n\x1a\n", "image/png", OpenFailure.NO_TEXT),
        (b"II*\x00 a fax", "image/tiff", OpenFailure.NO_TEXT),
        (b"MM\x00* a fax", "image/tiff", OpenFailure.NO_TEXT),
        (b"GIF89a", "image/gif", OpenFailure.NO_TEXT),
        (b"BM\x00\x00\x00\x00", "image/bmp", OpenFailure.NO_TEXT),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00", "image/heic", OpenFailure.NO_TEXT),
        (zipped("[Content_Types].xml"), "application/vnd.openxmlformats-officedocument", OpenFailure.UNKNOWN_FORMAT),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage", OpenFailure.UNKNOWN_FORMAT),
        (b"<!DOCTYPE html><script>unlock()</script>", "text/html", OpenFailure.UNKNOWN_FORMAT),
        (b"<html><p>x" + b" " * PAGE_BYTES, "text/html", OpenFailure.UNKNOWN_FORMAT),
        (b"Received: from a\r\nFrom: b\r\n\r\nc", "message/rfc822", OpenFailure.ATTACHED_MAIL),
        (b"\x00\x01\x02 anything", "application/octet-stream", OpenFailure.UNKNOWN_FORMAT),
        (b"", "application/octet-stream", OpenFailure.UNKNOWN_FORMAT),
        (b" \r\n ", "application/octet-stream", OpenFailure.UNKNOWN_FORMAT),
        (b"%PDF-1.4\n and then nothing", "application/pdf", OpenFailure.DAMAGED),
        (b"%PDF-1.4\n" + bytes(PDF_BYTES), "application/pdf", OpenFailure.TOO_LARGE),
    ],
)
def test_an_attachment_is_what_its_bytes_are(content: bytes, media_type: str, trouble: OpenFailure) -> None:
    digest = hashlib.sha256(content).hexdigest()
    assert open_document("2", "お知らせ.pdf", content) == Document(
        "2", "お知らせ.pdf", media_type, len(content), digest, trouble=trouble
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "iso2022_jp", "utf-16"])
def test_a_web_page_gives_its_words(encoding: str) -> None:
    document = open_document(
        "2", "key.html", "<html><body>工事名：橋<br>認証キー：Z28YUE4J3Bux</html>".encode(encoding)
    )
    assert (document.media_type, lines(document)) == ("text/html", ["工事名：橋", "認証キー：Z28YUE4J3Bux"])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "iso2022_jp", "utf-16"])
def test_a_text_file_is_a_page_in_right_characters(encoding: str) -> None:
    text = "工事名：市道舗装補修工事\n認証キー：Z28YUE4J3Bux\n"
    document = open_document("2", "key.txt", text.encode(encoding))
    assert (document.media_type, document.pages) == ("text/plain", (text_page(text),))


def test_a_damaged_paper_is_not_called_encrypted_because_the_one_before_was(paper: Callable[[str], bytes]) -> None:
    no_pages = (
        b"%PDF-1.7\n1 0 obj\n<</Type/Catalog>>\nendobj\nxref\n0 2\n0000000000 65535 f \n0000000009 00000 n \n"
        b"trailer<</Root 1 0 R/Size 2>>\nstartxref\n42\n%%EOF\n"
    )
    assert open_document("2", "", paper("encrypted")).trouble == OpenFailure.ENCRYPTED
    assert open_document("2", "", no_pages).trouble == OpenFailure.DAMAGED


def test_a_text_file_in_no_known_characters_is_garbled() -> None:
    assert open_document("2", "", b"abc \x80\xff\xfe\xa0").trouble == OpenFailure.GARBLED


def test_a_pdf_behind_junk_is_opened(paper: Callable[[str], bytes]) -> None:
    behind = open_document("2", "", paper("behind-junk"))
    assert behind.pages == open_document("2", "", paper("reportlab-leaflet")).pages != ()


def test_of_a_thick_pdf_the_first_pages_are_read() -> None:
    out = io.BytesIO()
    canvas = Canvas(out)
    for number in range(PAGES_READ + 5):
        canvas.drawString(72, 700, f"page {number + 1}")
        canvas.showPage()
    canvas.save()
    document = open_document("2", "", out.getvalue())
    assert lines(document) == [f"page {number + 1}" for number in range(PAGES_READ)]


@pytest.mark.parametrize(
    ("first", "second"), [("number 12345-", "678901"), ("pdfium marks this hy-", "phen as its own")]
)
def test_a_hyphen_at_a_lines_end_stays_a_hyphen(first: str, second: str, pdf_of: Callable[..., bytes]) -> None:
    content = f"BT /F 11 Tf 72 700 Td ({first}) Tj 0 -14 Td ({second}) Tj ET"
    assert lines(open_document("2", "", pdf_of(content.encode()))) == [first, second]


def test_words_parted_by_place_alone_get_their_blank_back(pdf_of: Callable[..., bytes]) -> None:
    content = b"BT /F 10 Tf 72 700 Td [(two) -300 (words)] TJ ET"
    assert lines(open_document("2", "", pdf_of(content))) == ["two words"]


def test_places_are_counted_from_the_corner_of_the_shown_page(pdf_of: Callable[..., bytes]) -> None:
    content = b"BT /F 10 Tf 110 690 Td (corner) Tj ET"
    page = open_document("2", "", pdf_of(content, page=b"/CropBox[100 100 500 700]")).pages[0]
    cell = page.lines[0].cells[0]
    assert (page.width, page.height, cell.x0, cell.top, cell.bottom) == (400, 600, 10, 1.2, 11.2)


def test_a_watermark_across_the_page_does_not_mix_with_the_lines(pdf_of: Callable[..., bytes]) -> None:
    content = (
        b"BT /F 10 Tf 72 700 Td (first line of the paper) Tj 0 -12 Td (second line of the paper) Tj ET "
        b"BT /F 60 Tf .7 .7 -.7 .7 72 650 Tm (COPY) Tj ET"
    )
    found = lines(open_document("2", "", pdf_of(content)))
    assert sorted(found) == ["COPY", "first line of the paper", "second line of the paper"]


def test_letters_of_private_use_are_garbled(pdf_of: Callable[..., bytes]) -> None:
    font = (
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 6 0 R>> endobj\n6 0 obj<</Length 93>>stream\n"
        b"1 begincodespacerange <00><ff> endcodespacerange 1 beginbfrange <20><7e><e020> endbfrange      \nendstream"
    )
    document = open_document("2", "", pdf_of(b"BT /F 10 Tf 72 700 Td (Z28YUE4J3Bux) Tj ET", more=font))
    assert (document.trouble, document.pages) == (OpenFailure.GARBLED, ())


def test_a_picture_with_a_fax_header_is_a_scan(pdf_of: Callable[..., bytes]) -> None:
    image = b"<</Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceGray/BitsPerComponent 8/Length 1>>stream\nx\nendstream"
    resources = b"<</XObject<</I 5 0 R>>/Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>"
    content = b"q 595 0 0 842 0 0 cm /I Do Q BT /F 8 Tf 72 830 Td (2026/06/01 10:00 FAX P.01) Tj ET"
    assert open_document("2", "", pdf_of(content, resources, more=image)).trouble == OpenFailure.NO_TEXT


@given(st.binary(max_size=300))
def test_any_bytes_become_a_document(content: bytes) -> None:
    document = open_document("2", "", content)
    assert (document.trouble is None) == bool(document.pages)


def test_a_letter_outside_the_basic_plane_is_one_letter(pdf_of: Callable[..., bytes]) -> None:
    font = (
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 6 0 R>> endobj\n6 0 obj<</Length 93>>stream\n"
        b"1 begincodespacerange <00><ff> endcodespacerange 1 beginbfchar <41><d842dfb7> endbfchar          \nendstream"
    )
    document = open_document("2", "", pdf_of(b"BT /F 10 Tf 72 700 Td (AB) Tj ET", more=font))
    assert lines(document) == ["𠮷B"]
