"""Cleaned values, tidy lines, dates in eras."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.outbound.text_layout import clean, clean_lines, day, minute, quote, short, short_day, tidy, width


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (datetime(2026, 11, 22, 10, 46, tzinfo=UTC), "令和8年11月22日(日) 19時46分"),
        (datetime(2026, 11, 22, 15, 0, tzinfo=UTC), "令和8年11月23日(月) 0時00分"),  # the next day in Japan
        (datetime(2019, 5, 1, 0, 5, tzinfo=UTC), "令和元年5月1日(水) 9時05分"),
        (datetime(2019, 4, 30, 15, 0, tzinfo=UTC), "令和元年5月1日(水) 0時00分"),
        (datetime(2019, 4, 30, 14, 59, tzinfo=UTC), "平成31年4月30日(火) 23時59分"),
        (datetime(1989, 1, 7, 15, 0, tzinfo=UTC), "平成元年1月8日(日) 0時00分"),
        (datetime(1989, 1, 7, 14, 59, tzinfo=UTC), "昭和64年1月7日(土) 23時59分"),
        (datetime(1926, 12, 25, 3, 0, tzinfo=UTC), "昭和元年12月25日(土) 12時00分"),
    ],
)
def test_a_moment_is_told_in_japans_era_and_time(moment, expected):
    assert minute(moment) == expected


def test_a_day_may_be_told_with_or_without_its_year():
    moment = datetime(2027, 1, 3, 15, 30, tzinfo=UTC)
    assert (day(moment), short_day(moment)) == ("令和9年1月4日(月)", "1月4日")


def test_a_date_before_the_eras_of_the_present_law_is_told_in_the_western_count():
    assert day(datetime(1800, 1, 1, tzinfo=UTC)) == "西暦1800年1月1日(水)"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\r\nBcc: x@example.jp", "a Bcc: x@example.jp"),
        ("a\x00b\x0bc\x85d\u2028e\u2029f", "a b c d e f"),
        ("\u202egnp.exe\u200b\ufeff", "gnp.exe"),
        ("半角  二つ　全角", "半角 二つ　全角"),
        ("\ud83d", "\N{REPLACEMENT CHARACTER}"),
        ("　前後　", "前後"),
        ("一二三四五六七八九十百", "一二三四五六七八九…"),
    ],
)
def test_a_value_becomes_one_harmless_line(text, expected):
    assert clean(text, 10 if expected.endswith("…") else 100) == expected


def test_a_text_keeps_its_lines_but_not_their_controls_and_not_too_many():
    assert clean_lines("\n\n一\r\n\t二\x00\n\n三\n四\n", 10, 4) == "一\n二\n\n三\n（以下省略）"


@pytest.mark.parametrize(
    ("text", "columns"),
    [("abc", 3), ("取手市", 6), ("ｱｲｳ", 3), ("①〜※", 6), ("か\u3099", 2), ("葛\U000e0100", 2)],
)
def test_the_width_counts_columns(text, columns):
    assert width(text) == columns


@pytest.mark.parametrize(
    ("text", "columns", "expected"),
    [
        ("市道0101号線", 12, "市道0101号線"),
        ("市道0101号線", 11, "市道0101…"),
        ("市道0101号線道路改良工事", 14, "市道0101号線…"),
        ("市 道", 4, "市…"),
        ("市道", 1, "…"),
    ],
)
def test_a_name_is_cut_to_so_many_columns(text, columns, expected):
    assert short(text, columns) == expected


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("　名　：" + "あ" * 200, 1),  # a label and the longest value
        ("あ、" * 120, 1),
        ("あ" * 241, 2),
    ],
)
def test_a_paragraph_is_one_line_unless_no_mail_may_have_it(text, rows):
    assert tidy(text).count("\n") == rows


def test_a_line_that_is_too_long_is_broken_where_its_sentence_pauses():
    assert tidy("あ" * 100 + "。" + "い" * 130 + "、" + "う" * 50) == f"{'あ' * 100}。{'い' * 130}、\n{'う' * 50}\n"


def test_several_blank_lines_become_one_and_the_last_line_ends():
    assert tidy("一\n\n\n二   \n\n") == "一\n\n二\n"


def test_other_peoples_lines_are_marked():
    assert quote("一\n\n二") == "> 一\n>\n> 二"


@given(st.text(max_size=2000))
def test_no_line_is_longer_than_a_mail_may_have_and_only_blanks_are_lost(text):
    rows = tidy(text).split("\n")
    assert max(len(row.encode(errors="replace")) for row in rows) <= 998
    assert "".join("".join(rows).split()) == "".join(text.split())


@given(st.text(max_size=400))
def test_a_cleaned_value_is_one_encodable_line_of_limited_length(text):
    line = clean(text, 50)
    assert len(line) <= 50
    assert {unicodedata.category(character) for character in line} & {"Cc", "Cf", "Cs", "Zl", "Zp"} == set()
    assert line.encode().decode() == line


@given(st.text(max_size=2000))
def test_a_cleaned_text_has_limited_lines(text):
    lines = clean_lines(text, 20, 5).split("\n")
    assert len(lines) <= 6
    assert max(map(len, lines)) <= 20
