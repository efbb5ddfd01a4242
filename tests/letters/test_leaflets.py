"""The leaflets for clerks and contractors: what they name is the program's, and each PDF is of the present words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pikepdf
import pypdfium2
import pytest

from bot.config.settings import check
from bot.core.clerk.answer.order_grammar import read_answer
from tests.letters.leaflets import DOCS, LEAFLETS, MARKS, SOURCES, page, page_hash, printed
from tests.letters.pictures import CHROMIUM

GOLDEN = Path(__file__).parent
CITY = {
    "office": {"city": "見本市", "department": "契約課", "phone": "000-000-0000", "hours": "平日 9時～17時"},
    "mail": {"inboxes": ["hosho@city.example.jp"]},
    "desks": [{"name": "契約課", "address": "keiyaku@city.example.jp"}],
    "smtp": {"enabled": True},
}


def text(name: str) -> str:
    return SOURCES[name].read_text("utf-8")


def orders() -> Iterator[str]:
    """What the clerk's leaflet teaches to write."""
    yield from re.findall(r"(?m)^\| `([^`]+)` \|", text("clerks"))
    yield from re.findall(r"「(\d件目 [^」]+|全件 [^」]+)」", text("clerks"))
    yield "差戻し 一覧"


@pytest.mark.parametrize("words", sorted(set(orders())))
def test_every_order_that_the_leaflet_teaches_is_understood(words):
    found = read_answer([words.replace("00000-000000", "12345-678901")])  # that of examples is refused
    assert (len(found.orders), found.unclear) == (1, ()), words


def test_there_are_orders_to_look_at():
    assert len(set(orders())) > 10


@pytest.mark.parametrize("name", LEAFLETS)
def test_every_beginning_of_a_subject_is_one_of_a_letter(name):
    begun = {
        found[1] for file in GOLDEN.glob("*.txt") if (found := re.match(r"件名: (【[^】]+】)", file.read_text("utf-8")))
    }
    named = set(re.findall(r"【[^】]+】", text(name))) - {"【電子保証】"}  # a contractor's own
    assert len(named) > 2
    assert named - begun == set()


def test_a_city_s_own_values_fill_every_mark():
    assert {mark for name in LEAFLETS for mark in re.findall(r"〔([^〕]+)〕", text(name))} == set(MARKS)
    made = page("contractors", check(CITY, Path("/")))
    assert "〔" not in made
    assert "見本市 契約課" in made
    assert "<strong>hosho@city.example.jp</strong>" in made


@pytest.mark.parametrize(("name", "sheets"), LEAFLETS.items())
def test_a_pdf_is_of_the_present_words_and_fits_its_paper(name, sheets):
    """`python -m tests.letters.leaflets` prints them anew."""
    with pikepdf.open(DOCS / f"{name}.pdf") as pdf:
        assert str(pdf.docinfo["/Page"]) == page_hash(name)
        assert len(pdf.pages) == sheets


def words_of(pdf: bytes) -> list[str]:
    with pypdfium2.PdfDocument(pdf) as opened:
        return ["".join(one.get_textpage().get_text_range().split()) for one in opened]


@pytest.mark.process
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: leaflets are not printed")
@pytest.mark.parametrize("name", LEAFLETS)
def test_a_pdf_is_what_chromium_prints(name):
    assert words_of(printed(name)) == words_of((DOCS / f"{name}.pdf").read_bytes())
