from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from bot.documents.pdf.layout import Glyph, Rule, lines_of

EM = 10.0


def drawn(
    text: str, x: float, baseline: float, *, advance: float = 10.0, source: int = 1, order: int = 0
) -> list[Glyph]:
    """Letters of one text object, each `advance` points after the other and one em wide (a blank half an em)."""
    glyphs = []
    for number, letter in enumerate(text):
        width = EM / 2 if letter == " " else EM
        is_blank = letter.isspace()
        glyphs.append(Glyph(letter, x, x + width, baseline, EM, order + number, source, is_blank=is_blank))
        x += width + advance - EM
    return glyphs


def texts(glyphs: Iterable[Glyph], rules: Iterable[Rule] = ()) -> list[list[str]]:
    return [[cell.text for cell in line.cells] for line in lines_of(glyphs, rules)]


def test_letters_on_one_baseline_are_one_cell() -> None:
    assert texts(drawn("工事名", 50, 100)) == [["工事名"]]


def test_a_gap_wider_than_a_full_width_blank_starts_a_cell() -> None:
    assert texts([*drawn("工事名", 50, 100), *drawn("舗装工事", 95, 100)]) == [["工事名", "舗装工事"]]


def test_a_gap_of_a_full_width_blank_is_one() -> None:
    assert texts([*drawn("株式会社", 50, 100), *drawn("野ばら組", 100, 100)]) == [["株式会社\u3000野ばら組"]]


def test_two_drawn_blanks_start_a_cell_and_one_does_not() -> None:
    assert texts(drawn("認証 キー  鍵", 50, 100)) == [["認証 キー", "鍵"]]


def test_lines_go_from_top_to_bottom_whatever_was_drawn_first() -> None:
    values = [*drawn("舗装", 150, 100), *drawn("青葉", 150, 120)]
    labels = [*drawn("工事名", 50, 100), *drawn("受注者", 50, 120)]
    assert texts([*values, *labels]) == [["工事名", "舗装"], ["受注者", "青葉"]]


def test_evenly_spaced_letters_are_no_words() -> None:
    assert texts(drawn("保証契約番号", 50, 100, advance=18)) == [["保証契約番号"]]


def test_a_narrow_gap_parts_cells_where_other_lines_begin_theirs() -> None:
    glyphs = [
        *drawn("認証キー鍵", 50, 100),
        *drawn("Ａ", 110, 100),
        *drawn("番号", 50, 120),
        *drawn("Ｂ", 110, 120),
        *drawn("名", 50, 140),
        *drawn("Ｃ", 110, 140),
    ]
    assert texts(glyphs)[0] == ["認証キー鍵", "Ａ"]


def test_a_stroke_between_letters_parts_cells() -> None:
    glyphs = [*drawn("鍵", 50, 100), *drawn("Ａ", 65, 100)]
    assert texts(glyphs, [Rule(62.5, 80, 120)]) == [["鍵", "Ａ"]]
    assert texts(glyphs, [Rule(62.5, 180, 220)]) == [["鍵Ａ"]]


def test_a_letter_drawn_again_beside_itself_is_one_letter() -> None:
    twice = [*drawn("11ll", 50, 100, source=1), *drawn("11ll", 50.4, 100.3, source=2, order=9)]
    assert texts(twice) == [["11ll"]]


def test_a_ligatures_letters_are_all_kept() -> None:
    glyphs = [Glyph(letter, 50, 60, 100, EM, order, source=7) for order, letter in enumerate("ffi")]
    assert texts(glyphs) == [["ffi"]]


def test_a_forms_blanks_under_filled_in_digits_vanish() -> None:
    form = drawn("第      号", 50, 100, source=1)
    filled = [
        Glyph(digit, x, x + 5, 100, EM, 20 + order, 2)
        for order, (digit, x) in enumerate(zip("123", (62, 67, 72), strict=True))
    ]
    (line,) = lines_of([*form, *filled])
    assert "123" in line.text


def test_a_label_in_the_middle_of_its_row_joins_the_line_it_overlaps() -> None:
    assert texts([*drawn("工事名", 50, 103), *drawn("舗装工事", 150, 100)]) == [["工事名", "舗装工事"]]


def test_lines_set_tightly_stay_two_lines() -> None:
    assert texts([*drawn("第一行の文", 50, 100), *drawn("第二行の文", 50, 104)]) == [["第一行の文"], ["第二行の文"]]


@given(
    st.lists(st.tuples(st.floats(0, 500), st.floats(0, 800), st.floats(4, 40), st.booleans()), min_size=1, max_size=60)
)
def test_no_letter_is_lost_or_doubled_wherever_it_stands(places: list[tuple[float, float, float, bool]]) -> None:
    letters = [chr(0x4E00 + number) for number in range(len(places))]
    glyphs = [
        Glyph(letter, x, x + em, baseline, em, order, order % 3, upright)
        for order, (letter, (x, baseline, em, upright)) in enumerate(zip(letters, places, strict=True))
    ]
    found = Counter(letter for line in lines_of(glyphs) for letter in line.text if not letter.isspace())
    assert found == Counter(letters)
