"""Every test paper opens, and what a person reads on it can be read in its lines and columns."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from bot.core.notice.document import Document, OpenFailure, PageCell
from bot.documents.opening import open_document

PAPERS = Path(__file__).parents[1] / "corpus" / "papers"
NAMES = sorted(path.stem for path in PAPERS.glob("*.pdf"))
EXPECTED = {name: json.loads((PAPERS / f"{name}.expected.json").read_text("utf-8")) for name in NAMES}
TROUBLES = {"scan": OpenFailure.NO_TEXT, "encrypted": OpenFailure.ENCRYPTED, "damaged": OpenFailure.DAMAGED} | {
    name: OpenFailure(expected["trouble"]) for name, expected in EXPECTED.items() if "trouble" in expected
}
COLUMN_POINTS = 2.0
RADICALS = str.maketrans("⻑⻘", "長青")  # NFKC knows the Kangxi radicals, and not these


@cache
def opened(name: str) -> Document:
    return open_document("2", f"{name}.pdf", (PAPERS / f"{name}.pdf").read_bytes())


def notices(name: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = EXPECTED[name]["notices"]
    return found


def squeezed(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).translate(RADICALS).split())


def columns(document: Document) -> Iterator[str]:
    """The text of cells that begin below each other: how a wrapped value is read beside its label."""
    for page in document.pages:
        column: list[PageCell] = []
        for cell in sorted((cell for line in page.lines for cell in line.cells), key=lambda cell: (cell.x0, cell.top)):
            if column and cell.x0 - column[0].x0 > COLUMN_POINTS:
                yield "".join(cell.text for cell in sorted(column, key=lambda cell: cell.top))
                column = []
            column.append(cell)
        yield "".join(cell.text for cell in sorted(column, key=lambda cell: cell.top))


def test_there_are_papers_of_every_producer() -> None:
    producers = {name.partition("-")[0] for name in NAMES}
    assert {"chromium", "writer", "reportlab", "shift"} <= producers
    assert len(NAMES) >= 60


@pytest.mark.parametrize("name", sorted(TROUBLES))
def test_a_paper_that_cannot_be_read_tells_why(name: str) -> None:
    document = opened(name)
    assert (document.trouble, document.pages) == (TROUBLES[name], ())


@pytest.mark.parametrize("name", [name for name in NAMES if name not in TROUBLES])
def test_every_value_stands_in_a_line_or_in_a_column(name: str) -> None:
    document = opened(name)
    assert document.trouble is None
    text = squeezed(document.text) + "\n" + "\n".join(squeezed(column) for column in columns(document))
    values = [value for notice in notices(name) for field, value in notice.items() if field != "product"]
    assert [value for value in values if squeezed(value) not in text] == []


# In the narrow columns of a table with its labels on top, numbers and keys wrap.
UNWRAPPED = [name for name in NAMES if notices(name) and not name.startswith("layout-heads")]


@pytest.mark.parametrize("name", UNWRAPPED)
def test_number_and_key_stand_whole_in_cells_of_their_own_line(name: str) -> None:
    lines = [squeezed(line.text) for page in opened(name).pages for line in page.lines]
    wanted = [squeezed(notice[field]) for notice in notices(name) for field in ("number", "auth_key")]
    assert [value for value in wanted if not any(value in line for line in lines)] == []


@pytest.mark.parametrize("name", [name for name in NAMES if name not in TROUBLES])
def test_lines_go_down_cells_go_right_and_all_lie_on_the_page(name: str) -> None:
    for page in opened(name).pages:
        cells = [cell for line in page.lines for cell in line.cells]
        assert [line.cells[0].top for line in page.lines] == sorted(line.cells[0].top for line in page.lines)
        assert all(line.cells == tuple(sorted(line.cells, key=lambda cell: cell.x0)) for line in page.lines)
        assert all(0 <= cell.x0 < cell.x1 <= page.width for cell in cells)
        assert all(0 <= cell.top < cell.bottom <= page.height for cell in cells)
        assert all(cell.text == cell.text.strip() != "" for cell in cells)


@pytest.mark.parametrize(("turned", "upright"), [("turned-right", "chromium-leaflet"), ("turned-over", "writer-table")])
def test_a_turned_page_reads_like_the_upright_one(turned: str, upright: str) -> None:
    assert opened(turned).pages == opened(upright).pages


@pytest.mark.parametrize("name", ["reportlab-labels-first", "reportlab-values-first", "shift-jis-special-letters"])
def test_label_and_value_share_a_line_though_they_were_drawn_far_apart(name: str) -> None:
    (notice,) = notices(name)
    pairs = {line.cells[0].text.strip("：:"): line.cells[-1].text for page in opened(name).pages for line in page.lines}
    assert (pairs["工事名"], pairs["保証契約番号"], pairs["認証キー"]) == (
        notice["project_name"],
        notice["number"],
        notice["auth_key"],
    )


@pytest.mark.parametrize("name", ["chromium-table", "chromium-justified-labels", "net-desk-screen", "writer-table"])
def test_a_tables_stroke_or_column_parts_cells_that_stand_close(name: str) -> None:
    (notice,) = notices(name)
    cells = [cell.text for page in opened(name).pages for line in page.lines for cell in line.cells]
    assert notice["auth_key"] in cells


def test_a_value_keeps_the_blank_that_a_browser_shows_but_does_not_draw() -> None:
    cells = [
        cell.text for page in opened("chromium-letter-spaced-key").pages for line in page.lines for cell in line.cells
    ]
    assert "株式会社 野ばら組" in cells


def test_bold_faked_by_drawing_twice_does_not_double_letters() -> None:
    (notice,) = notices("reportlab-drawn-twice")
    cells = [cell.text for page in opened("reportlab-drawn-twice").pages for line in page.lines for cell in line.cells]
    assert {notice["project_name"], notice["contractor"], notice["number"], notice["auth_key"]} <= set(cells)


def test_each_page_has_its_own_notice() -> None:
    document = opened("chromium-three-pages")
    texts = [squeezed(page.text) for page in document.pages]
    keys = [notice["auth_key"] for notice in notices("chromium-three-pages")]
    assert [[key in text for key in keys] for text in texts] == [
        [True, False, False],
        [False, True, False],
        [False, False, True],
    ]
    assert [page.number for page in document.pages] == [1, 2, 3]


def test_a_narrow_letter_gets_no_blank_beside_it() -> None:
    cells = [cell.text for page in opened("chromium-leaflet").pages for line in page.lines for cell in line.cells]
    assert "東日本建設業保証株式会社" in cells
