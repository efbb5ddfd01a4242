"""Clear-signed text is read as it was before it was signed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.core.text.pgp_clearsign import clear_signed
from tests.corpus.make.packed import pgp_signed

LINES = "お世話になっております。\n-- \n- 認証キー\n-----BEGIN X-----\n"


def test_lines_that_begin_with_a_dash_are_as_they_were() -> None:
    assert clear_signed(pgp_signed(LINES)) == LINES + "\n"
    assert clear_signed(pgp_signed(LINES).replace("\n", "\r\n")) == (LINES + "\n").replace("\n", "\r\n")


def test_what_stands_around_it_stays() -> None:
    assert clear_signed(f"前\n{pgp_signed('a')}中\n{pgp_signed('b')}後\n") == "前\na\n中\nb\n後\n"


def test_a_text_whose_signature_was_cut_off_is_read_to_its_end() -> None:
    cut = pgp_signed("a\nb").partition("-----BEGIN PGP SIGNATURE")[0]
    assert clear_signed(cut) == "a\nb\n"


def test_a_text_without_a_signed_part_is_none() -> None:
    for text in ("", "a", "> -----BEGIN PGP SIGNED MESSAGE-----\n\na\n", "-----BEGIN PGP MESSAGE-----\n"):
        assert clear_signed(text) is None


@given(st.text(st.characters(exclude_categories=["Cs"])).filter(lambda text: "\r" not in text))
def test_every_text_comes_back(text: str) -> None:
    assert clear_signed(pgp_signed(text)) == text + "\n"


@given(st.lists(st.sampled_from([*pgp_signed("- a").splitlines(keepends=True), "x\n", "-", "\r\n"])).map("".join))
def test_no_text_raises_anything(text: str) -> None:
    clear_signed(text)
