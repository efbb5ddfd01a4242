"""Pictures of papers are read: scans, faxes, photos; hostile files are refused; and all of it locked in."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, features

from bot.core.notice.document import OpenFailure, TextSource
from bot.core.notice.interpret import read_paper
from bot.core.notice.key_notice import read_notices
from bot.core.policy.policy import Formats
from bot.core.records.reasons import SubmissionReason
from bot.core.text.normalise import fold_contractor, fold_name
from bot.documents.decorations import is_ornament
from bot.documents.images.image_files import PIXELS_A_PAGE, count_pages, open_picture
from bot.documents.images.rendering import render, written_letters
from bot.documents.images.sight import is_installed
from bot.documents.opening import open_document, picture_type
from bot.documents.pdf.text import read_pages
from bot.documents.pdf.value_places import places_of
from tests.corpus.make.scanned import Harm, filed, harmed

PAPERS = Path(__file__).parents[2] / "corpus" / "papers"
LEAFLET = (PAPERS / "chromium-leaflet.pdf").read_bytes()
NUMBER = "49965-719830"


@pytest.fixture(scope="module")
def engines():
    if not is_installed():
        pytest.skip("the OCR extra is not installed")
    from bot.documents.images.engines import load  # noqa: PLC0415 - needs the OCR extra

    return load()


HARMS = {
    "a copier's page": Harm(blur=0.5, skew=1.5, noise=8, jpeg=50),
    "black and white": Harm(blur=0.5, skew=-1.0, dirt=50, bilevel=True),
    "a fine fax": Harm(skew=0.7, fax="fine"),
    "fed upside down": Harm(quarters=2, noise=5, jpeg=60),
    "fed sideways": Harm(quarters=1, skew=1.0, noise=5, jpeg=60),
    "fed sideways the other way": Harm(quarters=3, noise=5, jpeg=60),
    "a photo on a desk": Harm(photo=True, light=0.3, noise=4, jpeg=80),
    "a dark margin and a fold": Harm(fold=True, dark_margin=True, dirt=60, jpeg=60),
}


@pytest.mark.parametrize("kind", HARMS)
def test_a_notice_is_read_from_a_picture(kind, engines):
    from bot.documents.images.page_reader import read_picture  # noqa: PLC0415 - needs the OCR extra
    from bot.documents.images.second_reading import read_again  # noqa: PLC0415

    page = render(LEAFLET, 1, 200)
    content, media_type = filed(harmed(page.grey, 200, HARMS[kind], 1), 200, HARMS[kind])
    picture = open_picture(content, media_type, 1)
    seen = read_picture(picture, 1, engines)
    (reading,) = read_notices((seen.page,), Formats())
    assert reading.fields.number == NUMBER
    assert reading.fields.auth_key is not None
    cells = [cell for line in seen.page.lines for cell in line.cells]
    assert {cell.source for cell in cells} == {TextSource.IMAGE}
    (cell,) = [cell for cell in cells if NUMBER in cell.text]
    assert NUMBER in read_again(seen, (cell.x0, cell.top, cell.x1, cell.bottom), "number", engines)


# Labels that touch their values, lose a stroke, stand behind a value, or wrap in a table's head, row by row askew.
@pytest.mark.parametrize(
    "name",
    [
        "layout-labels-right-writer",
        "layout-justified-chromium",
        "layout-pairs-writer",
        "layout-heads-chromium",
        "layout-heads-writer",
        "varied-marks",
    ],
)
def test_a_layout_is_read_from_a_picture_as_from_text(name, engines):
    from bot.documents.images.page_reader import read_picture  # noqa: PLC0415

    content = (PAPERS / f"{name}.pdf").read_bytes()
    seen = read_picture(render(content, 1, 200), 1, engines)
    read = [one.fields for one in read_notices((seen.page,), Formats())]
    told = [one.fields for one in read_notices(read_pages(content).pages, Formats())]
    assert [(one.number, one.product) for one in read] == [(one.number, one.product) for one in told]
    assert [fold_name(one.project_name) for one in read] == [fold_name(one.project_name) for one in told]
    assert [fold_contractor(one.contractor) for one in read] == [fold_contractor(one.contractor) for one in told]
    assert all(one.auth_key is not None for one in read)


def test_a_blank_that_was_seen_behind_a_lines_words_is_none_of_its_letters(engines):
    from bot.documents.images.page_reader import read_picture  # noqa: PLC0415

    content = (PAPERS / "scan-blank-behind-words.tiff").read_bytes()
    seen = read_picture(open_picture(content, "image/tiff", 1), 1, engines)
    numbers = [reading.fields.number for reading in read_notices((seen.page,), Formats())]
    assert numbers == ["36580-957574", "04693-743191", "58474-245132", "00112-800449"]


def test_white_paper_has_no_text(engines):
    from bot.documents.images.image_files import Picture  # noqa: PLC0415
    from bot.documents.images.page_reader import read_picture  # noqa: PLC0415

    assert read_picture(Picture(Image.new("L", (1654, 2339), 255), 200.0), 1, engines) is OpenFailure.NO_TEXT


@pytest.mark.parametrize(("told", "agreement"), [(NUMBER, "agrees"), ("49965-719330", "differs")])
def test_a_page_is_compared_with_its_text(told, agreement, engines):
    from bot.documents.images.compare_text import shows  # noqa: PLC0415

    page = read_pages(LEAFLET).pages[0]
    boxes = places_of(page, NUMBER)
    assert shows(render(LEAFLET, 1, 200), boxes, told, "number", engines) == agreement


# A key with one other letter can't be told from a misreading.
@pytest.mark.parametrize(("letters", "agreement"), [(0, "agrees"), (1, "unsure"), (2, "differs"), (4, "differs")])
def test_a_key_is_another_one_when_two_of_its_letters_are_drawn_otherwise(letters, agreement, engines):
    from bot.documents.images.compare_text import shows  # noqa: PLC0415

    page = read_pages(LEAFLET).pages[0]
    (reading,) = read_notices((page,), Formats())
    key = reading.fields.auth_key.reveal()
    told = "".join("#" if place < letters else letter for place, letter in enumerate(key))
    assert shows(render(LEAFLET, 1, 200), places_of(page, key), told, "key", engines) == agreement


def test_nothing_drawn_is_told_and_whether_the_font_is_the_papers_own(engines):
    from bot.documents.images.compare_text import shows  # noqa: PLC0415
    from bot.documents.images.image_files import Picture  # noqa: PLC0415

    blank, box = Picture(Image.new("L", (1654, 2339), 255), 200.0), ((100.0, 100.0, 200.0, 112.0),)
    assert shows(blank, box, NUMBER, "number", engines) == "blank"
    assert not written_letters((PAPERS / "shift-jis-leaflet.pdf").read_bytes(), 1, ()).has_own_fonts("保証契約番号")
    assert not written_letters(LEAFLET, 9, ()).has_own_fonts("保証契約番号")
    assert written_letters(LEAFLET, 1, ()).has_own_fonts("保証契約番号")


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def test_a_fax_has_square_pixels():
    fax = _saved(Image.new("1", (1728, 1145), 1), "TIFF", compression="group4", dpi=(204, 98))
    picture = open_picture(fax, "image/tiff", 1)
    assert picture.grey.size == (1728, 2383)
    assert picture.dpi == pytest.approx(204)


def test_a_photo_stands_as_its_camera_was_held():
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = open_picture(_saved(Image.new("RGB", (400, 300)), "JPEG", exif=exif), "image/jpeg", 1)
    assert picture.grey.size == (300, 400)


def test_pages_are_counted_and_opened_one_by_one():
    pages = [Image.new("L", (100 + page, 140), 255) for page in range(21)]
    content = _saved(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    assert count_pages(content, "image/tiff") == 21
    assert open_picture(content, "image/tiff", 21).grey.width == 120


@pytest.mark.parametrize("side", [7000, 20_000])
def test_a_picture_that_is_too_large_is_not_decoded(side):
    assert side * side > PIXELS_A_PAGE
    content = _saved(Image.new("1", (side, side), 1), "PNG")
    assert open_picture(content, "image/png", 1) is OpenFailure.LIMITS


@pytest.mark.parametrize("kind", ["TIFF", "JPEG", "PNG", "GIF", "BMP", "WEBP"])
def test_a_damaged_picture_is_trouble_not_a_crash(kind):
    content = _saved(Image.effect_noise((300, 300), 60).convert("L"), kind)
    for length in (4, 20, len(content) // 2):
        found = open_picture(content[:length], f"image/{kind.lower()}", 1)
        assert found is OpenFailure.DAMAGED or not isinstance(found, OpenFailure)


def photo(size: tuple[int, int]) -> Image.Image:
    return Image.effect_noise((300, 300), 60).convert("L").resize(size)


@pytest.mark.parametrize("lost", [1, 2, 30])
@pytest.mark.parametrize("kind", ["JPEG", "MPO", "PNG"])
def test_a_picture_whose_end_is_lost_is_read_as_far_as_it_goes(kind, lost):
    content = _saved(photo((300, 400)), kind, **({"save_all": True, "append_images": []} if kind == "MPO" else {}))
    found = open_picture(
        content[: len(content) * (100 - lost) // 100], f"image/{kind.replace('MPO', 'JPEG').lower()}", 1
    )
    assert found.grey.size == (300, 400)
    assert found.is_cut
    whole = open_picture(content, f"image/{kind.replace('MPO', 'JPEG').lower()}", 1)
    assert not whole.is_cut


def test_a_telephones_two_pictures_are_its_first_drafted_where_it_is_large():
    content = _saved(photo((7000, 8000)), "MPO", save_all=True, append_images=[photo((70, 80))], quality=20)
    assert Image.open(io.BytesIO(content)).format == "MPO"
    assert picture_type(content) == "image/jpeg"
    assert count_pages(content, "image/jpeg") == 1
    assert open_picture(content, "image/jpeg", 1).grey.size == (3500, 4000)
    assert not is_ornament(content, "image/jpeg")


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")
def test_avif_is_opened_as_what_it_is():
    content = _saved(photo((800, 1100)), "AVIF")
    assert picture_type(content) == "image/avif"
    assert picture_type(content[:8] + b"mif1\0\0\0\0mif1avif" + content[24:]) == "image/avif"
    assert count_pages(content, "image/avif") == 1
    assert open_picture(content, "image/avif", 1).grey.size == (800, 1100)
    assert open_picture(content[: len(content) // 2], "image/avif", 1) is OpenFailure.DAMAGED


def test_a_notice_on_a_photo_whose_end_is_lost_goes_to_a_person(engines):
    content = _saved(render(LEAFLET, 1, 150).grey.convert("RGB"), "JPEG", quality=90)[:-2]
    document = open_document("2", "photo.jpg", content)
    from bot.documents.images.visual_check import ImageReader  # noqa: PLC0415 - needs the OCR extra

    _, said = ImageReader(engines).look(document, content, read_paper(document, Formats()), Formats())
    assert [one.fields.number for one in said.notices] == [NUMBER]
    assert SubmissionReason.PAPER_DAMAGED in said.notices[0].doubts


LOCKED_IN = """
import os, sys
from bot.documents.images import engines, page_reader, rendering, second_reading
from bot.documents.pool import confinement
import re2  # as the rehearsal of the fork server does
loaded = engines.load()
content = sys.stdin.buffer.read()
reads, writes = os.pipe()
print(confinement.lock_in(confinement.rules_for(reads, 1), 2560 * 2**20) or "filtered", flush=True)
seen = page_reader.read_picture(rendering.render(content, 1, 200), 1, loaded)
cells = [cell for line in seen.page.lines for cell in line.cells if "{number}" in cell.text]
box = (cells[0].x0, cells[0].top, cells[0].x1, cells[0].bottom)
os.write(1, repr(second_reading.read_again(seen, box, "number", loaded)).encode())
os._exit(0)
"""


def test_everything_works_behind_closed_doors(engines):
    done = subprocess.run(
        [sys.executable, "-c", LOCKED_IN.replace("{number}", NUMBER)],
        input=LEAFLET,
        capture_output=True,
        check=False,
        timeout=100,
    )
    said, _, readings = done.stdout.decode().partition("\n")
    if said != "filtered":
        pytest.skip(said)
    assert NUMBER in readings
