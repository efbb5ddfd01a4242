"""What a PDF's text layer says is read as people see the page; what can't be believed or seen is told, page by page."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from bot.core.notice.document import Document, OpenFailure, TextSource, Unread
from bot.documents.opening import is_pdf, open_document
from bot.documents.pdf.text import PAGES_READ, PdfText, opened_pdf, read_pages
from tests.patience import PATIENCE_SECONDS

PAPERS = Path(__file__).parents[2] / "corpus" / "papers"
EXPECTED: dict[str, dict[str, Any]] = {
    path.name.removesuffix(".expected.json"): json.loads(path.read_text("utf-8")) for path in PAPERS.glob("*.json")
}
PdfOf = Callable[..., bytes]


def named(*beginnings: str) -> list[str]:
    return sorted(name for name in EXPECTED if name.startswith(beginnings))


@cache
def opened(name: str) -> Document:
    return open_document("2", f"{name}.pdf", (PAPERS / f"{name}.pdf").read_bytes())


def read(content: bytes) -> PdfText:
    found = read_pages(content)
    assert isinstance(found, PdfText)
    return found


def cells(document: Document) -> list[str]:
    return [cell.text for page in document.pages for line in page.lines for cell in line.cells]


def pairs(document: Document) -> list[tuple[str, str]]:
    lines = [line for page in document.pages for line in page.lines]
    return [(line.cells[0].text.strip("：:"), line.cells[-1].text) for line in lines]


@pytest.mark.parametrize("name", [name for name in EXPECTED if "trouble" in EXPECTED[name]])
def test_a_paper_without_words_of_its_own_tells_why(name: str) -> None:
    document = opened(name)
    assert (document.trouble, document.pages) == (OpenFailure(EXPECTED[name]["trouble"]), ())


@pytest.mark.parametrize("name", [name for name in EXPECTED if "unread" in EXPECTED[name]])
def test_each_page_without_words_of_its_own_is_named(name: str) -> None:
    named = {str(unread.page): unread.trouble.value for unread in opened(name).unread}
    assert named == EXPECTED[name]["unread"]


READ = [name for name in named(*("form-", "notes-", "unseen-", "owner-", "cid-")) if EXPECTED[name]["notices"]]


@pytest.mark.parametrize("name", READ)
def test_number_and_key_stand_beside_their_labels(name: str) -> None:
    (notice,) = EXPECTED[name]["notices"]
    found = pairs(opened(name))
    assert [value for label, value in found if label == "保証契約番号"] == [notice["number"]]
    assert [value for label, value in found if label == "認証キー"] == [notice["auth_key"]]


# ---------------------------------------------------------------- pages


def test_a_page_with_nothing_on_it_is_no_trouble() -> None:
    document = opened("pages-blank-behind")
    assert ([page.number for page in document.pages], document.unread) == ([1], ())


def test_pages_keep_their_numbers_beside_those_that_are_not_read() -> None:
    document = opened("pages-scan-blank-notice")
    assert ([page.number for page in document.pages], document.unread) == ([3], (Unread(1, OpenFailure.NO_TEXT),))


def test_pages_behind_the_first_are_named_and_not_read() -> None:
    document = opened("pages-more-than-are-read")
    assert [page.number for page in document.pages] == list(range(1, PAGES_READ + 1))
    assert {unread.trouble for unread in document.unread} == {OpenFailure.LIMITS}


def test_one_scan_among_garbled_pages_does_not_hide_that_they_are_garbled() -> None:
    mixed = PdfText((), (Unread(1, OpenFailure.NO_TEXT), Unread(2, OpenFailure.GARBLED)))
    scans = PdfText((), (Unread(1, OpenFailure.SCANNED_TEXT), Unread(2, OpenFailure.NO_TEXT)))
    assert (mixed.trouble, scans.trouble) == (OpenFailure.GARBLED, OpenFailure.NO_TEXT)


# ---------------------------------------------------------------- what people see


@pytest.mark.parametrize("name", named("searchable-"))
def test_what_a_program_read_from_a_scan_is_never_taken_for_the_issuers_words(name: str) -> None:
    assert opened(name).unread == (Unread(1, OpenFailure.SCANNED_TEXT),)


@pytest.mark.parametrize("name", named("letterhead-", "inverse-", "grey-", "outlined-", "marked-"))
def test_words_over_a_picture_or_in_colour_are_words(name: str) -> None:
    (notice,) = EXPECTED[name]["notices"]
    assert {("保証契約番号", notice["number"]), ("認証キー", notice["auth_key"])} <= set(pairs(opened(name)))


@pytest.mark.parametrize("colour", ["1 1 1 rg", "0.98 0.98 0.97 rg", "/None gs", "3 Tr", "7 Tr"])
def test_letters_in_the_papers_own_colour_or_none_are_not_read(colour: str, pdf_of: PdfOf) -> None:
    resources = b"<</Font<</F 5 0 R>>/ExtGState<</None<</ca 0>>>>>>"
    content = f"BT /F 11 Tf 72 700 Td (seen by everybody) Tj ET q {colour} BT /F 11 Tf 72 600 Td (by nobody) Tj ET Q"
    (page,) = read(pdf_of(content.encode(), resources)).pages
    assert page.text == "seen by everybody"


@pytest.mark.parametrize(("field", "letters"), [("0 0 0.3", "1 1 1"), ("1 1 0.9", "0.7 0 0"), ("0.5 0.5 0.5", "1 1 1")])
def test_letters_on_a_field_of_another_colour_are_read(field: str, letters: str, pdf_of: PdfOf) -> None:
    content = f"{field} rg 60 690 300 30 re f {letters} rg BT /F 11 Tf 72 700 Td (on a field) Tj ET"
    (page,) = read(pdf_of(content.encode())).pages
    assert page.text == "on a field"


def test_letters_in_their_fields_own_colour_are_not_read(pdf_of: PdfOf) -> None:
    content = b"0 0 0.3 rg 60 690 300 30 re f BT /F 11 Tf 72 700 Td (dark on dark) Tj ET"
    assert read(pdf_of(content)) == PdfText((), (Unread(1, OpenFailure.NO_TEXT),))


def test_what_was_painted_over_is_not_read_and_what_stands_on_the_paint_is(pdf_of: PdfOf) -> None:
    content = (
        b"BT /F 11 Tf 72 700 Td (the old value) Tj ET 1 1 1 rg 60 690 300 30 re f "
        b"0 g BT /F 11 Tf 72 702 Td (the new one) Tj ET"
    )
    (page,) = read(pdf_of(content)).pages
    assert page.text == "the new one"


def test_a_field_that_is_drawn_elsewhere_hides_nothing(pdf_of: PdfOf) -> None:
    content = b"BT /F 11 Tf 72 700 Td (in sight) Tj ET q 0 0 10 10 re W n 1 1 1 rg 0 0 595 842 re f Q"
    (page,) = read(pdf_of(content)).pages
    assert page.text == "in sight"


# ---------------------------------------------------------------- forms and notes


def test_what_was_filled_in_tells_that_it_was() -> None:
    sources = {
        name: {cell.source for page in opened(name).pages for line in page.lines for cell in line.cells}
        for name in ("form-without-pictures", "notes-written-over", "form-flattened-kept", "writer-table")
    }
    assert sources == {
        "form-without-pictures": {TextSource.TEXT, TextSource.FORM_FIELD},
        "notes-written-over": {TextSource.TEXT, TextSource.ANNOTATION},
        "form-flattened-kept": {TextSource.TEXT},
        "writer-table": {TextSource.TEXT},
    }


def test_a_choice_says_its_words_and_not_its_code() -> None:
    (notice,) = EXPECTED["form-choice"]["notices"]
    assert notice["product"] == "advance_payment" or "保証" in opened("form-choice").text
    assert "1" not in cells(opened("form-choice"))


def test_opening_a_form_says_nothing_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        read_pages((PAPERS / "form-xfa.pdf").read_bytes())
    assert caplog.records == []


# ---------------------------------------------------------------- fonts


def test_a_letter_alone_is_read_though_its_font_is_nowhere() -> None:
    text = opened("cid-90ms-vertical-set-flat").text
    assert "市道１３号線舗装補修工事" in text


@pytest.mark.parametrize("name", [name for name in named("lying-") if name != "lying-replaced-words"])
def test_a_layer_that_lies_is_read_as_it_is_since_only_eyes_can_tell(name: str) -> None:
    layer, drawn = EXPECTED[name]["layer"], EXPECTED[name]["drawn"]
    found = pairs(opened(name))
    assert ("認証キー", layer["auth_key"]) in found
    assert (layer["auth_key"], layer["number"]) != (drawn["auth_key"], drawn["number"])


def test_words_for_readers_aloud_are_not_read_in_place_of_the_letters() -> None:
    drawn = EXPECTED["lying-replaced-words"]["drawn"]
    found = pairs(opened("lying-replaced-words"))
    assert {("保証契約番号", drawn["number"]), ("認証キー", drawn["auth_key"])} <= set(found)


# ---------------------------------------------------------------- damage and passwords


def test_a_file_without_its_header_is_for_a_person() -> None:
    content = (PAPERS / "writer-leaflet.pdf").read_bytes()
    assert not is_pdf(content[8:])
    assert open_document("2", "", content[8:]).trouble == OpenFailure.UNKNOWN_FORMAT


def test_two_files_in_one_have_the_pages_of_both() -> None:
    assert [page.number for page in opened("damaged-glued").pages] == [1, 2]
    with opened_pdf((PAPERS / "damaged-glued.pdf").read_bytes()) as pdf:
        assert len(pdf) == 2


# Behind the doors that the reading child closes; what was read is told by its pages or its trouble.
LOCKED_IN = """
import os, sys
from bot.documents.pdf import repair, text
from bot.documents.pool import confinement
content = sys.stdin.buffer.read()
confinement.load_charsets()
repair.warm_up()
text.read_pages(open(sys.argv[1], "rb").read())  # as the child's own rehearsal: what a plain paper loads late
unfiltered = confinement.lock_in(confinement.rules_for(0, 1))
found = text.read_pages(content, ("kagi-2026",))
os.write(1, (unfiltered or getattr(found, "value", "") or "\\n".join(page.text for page in found.pages)).encode())
os._exit(0)
"""


MENDED = (
    "damaged-cut-tail",
    "damaged-glued",
    "damaged-content-lost",
    "damaged-cut-in-half",
    "damaged-line-ends-packed",
)
FILLED = (
    "form-without-pictures",
    "form-choice",
    "notes-stamp",
    "owner-aes-256",
    "password-aes-256",
    "cid-90ms-vertical",
)


@pytest.mark.process
@pytest.mark.parametrize("name", named(*MENDED, *FILLED))
def test_a_locked_in_process_mends_and_fills_in_as_well(name: str) -> None:
    content = (PAPERS / f"{name}.pdf").read_bytes()
    found = read_pages(content, ("kagi-2026",))
    command = [sys.executable, "-c", LOCKED_IN, str(PAPERS / "shift-jis-leaflet.pdf")]
    done = subprocess.run(command, input=content, capture_output=True, check=True, timeout=PATIENCE_SECONDS)
    if b"libseccomp" in done.stdout or b"kernel" in done.stdout:
        pytest.skip(done.stdout.decode())
    said = found.value if isinstance(found, OpenFailure) else "\n".join(page.text for page in found.pages)
    assert done.stdout.decode() == said


@pytest.mark.parametrize("name", named("password-"))
def test_the_first_password_that_fits_opens(name: str) -> None:
    content = (PAPERS / f"{name}.pdf").read_bytes()
    found = read_pages(content, ("no", "違う", EXPECTED[name]["password"], "later"))
    assert isinstance(found, PdfText)
    assert len(found.pages) == 1
    assert read_pages(content, ("no", "違う")) == OpenFailure.ENCRYPTED
    assert open_document("2", "", content, (EXPECTED[name]["password"],)).trouble is None


BLANK = (
    b"",
    b"BT /F1 10 Tf 72 740 Td () Tj ET",
    b"BT /F1 10 Tf 72 740 Td ( ) Tj [( ) 20 ()] TJ ET",
    rb"BT /F1 10 Tf 72 740 Td (\040\40) Tj ET",
    b"BT /F1 10 Tf 72 740 Td <20> Tj ET",
    b"/Artifact BMC BT /F1 9 Tf 72 40 Td <> Tj ET EMC",
    b"q 0 0 595 842 re W n Q",
    b"1 1 1 rg 0 0 595 842 re f",
    b"q /Empty Do Q",
    b"q /Blank Do Q",
)
DRAWN = (b"/Nothing Do", b"q /Lost Do Q", b"0 0 0 rg 50 50 400 400 re f", b"1 1 1 rg 9 9 90 90 re f 0 0 m 99 99 l S")


@pytest.mark.parametrize(("stream", "is_empty"), [*((one, True) for one in BLANK), *((one, False) for one in DRAWN)])
def test_a_page_that_draws_only_blanks_is_empty(stream: bytes, is_empty: bool) -> None:
    with pikepdf.new() as file:
        fonts = pikepdf.Dictionary(
            F1=pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
        )
        forms = {"Empty": b"", "Blank": b"BT /F1 9 Tf ( ) Tj ET", "Lost": b"/Gone Do"}
        objects = pikepdf.Dictionary()
        for name, drawn in forms.items():
            objects[f"/{name}"] = file.make_stream(
                drawn, Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Form, BBox=[0, 0, 595, 842]
            )
        for content in (b"BT /F1 10 Tf 72 740 Td (words) Tj ET", stream):
            page = file.add_blank_page(page_size=(595, 842))
            page.Resources = pikepdf.Dictionary(Font=fonts, XObject=objects)
            page.Contents = file.make_stream(content)
        out = BytesIO()
        file.save(out)
    found = read(out.getvalue())
    assert ([page.number for page in found.pages], not found.unread) == ([1], is_empty)
