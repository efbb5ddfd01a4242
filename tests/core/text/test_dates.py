"""Dates in every writing that offices use, and the refusal to guess."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.text.dates import DateError, moment_of, read_date, read_moment, read_period, wareki

FIRST_OF_APRIL = date(2026, 4, 1)
DAYS = st.dates(min_value=date(1989, 1, 8), max_value=date(2099, 12, 31))
KANJI = str.maketrans("0123456789", "〇一二三四五六七八九")
FULL_WIDTH = str.maketrans("0123456789/.-", "０１２３４５６７８９／．－")


@pytest.mark.parametrize(
    "text",
    [
        "令和8年4月1日",
        "令和 ８年 ４月 １日",
        "令和08年04月01日",
        "R8.4.1",
        "r8.4.1",
        "Ｒ８．４．１",
        "R.8.4.1",
        "R08/04/01",
        "R8-4-1",
        "R8・4・1",
        "令8.4.1",
        "㋿8年4月1日",
        "㋿八年四月一日",
        "令和八年四月一日",
        "二〇二六年四月一日",
        "2026年4月1日",
        "2026/4/1",
        "2026.4.1",
        "2026-04-01",
        "2026\u201304\u201301",
        "2026－04－01",
        "20260401",
        "２０２６年４月１日",
        "令和8年4月1日（水）",
        "2026/4/1(水曜日)",
        "2026/4/1 10:05",
        "2026-04-01T10:05:00",
        "　2026/4/1　",
    ],
)
def test_every_usual_writing_is_the_first_of_april_2026(text: str) -> None:
    assert read_date(text) == FIRST_OF_APRIL


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("令和元年5月1日", date(2019, 5, 1)),
        ("令和1年5月1日", date(2019, 5, 1)),
        ("R元.5.1", date(2019, 5, 1)),
        ("平成31年4月30日", date(2019, 4, 30)),
        ("H元.1.8", date(1989, 1, 8)),
        ("平成33年3月31日", date(2021, 3, 31)),
        ("令和十年十月二十日", date(2028, 10, 20)),
        ("令和二十一年十二月三十一日", date(2039, 12, 31)),
        ("令和6年2月29日", date(2024, 2, 29)),
        ("令和8年4月5日(日)", date(2026, 4, 5)),
    ],
)
def test_eras_and_kanji_numbers_are_reckoned(text: str, expected: date) -> None:
    assert read_date(text) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("8.4.1", "年が分かりません"),
        ("26/4/1", "年が分かりません"),
        ("4/1", "年が分かりません"),
        ("令和8年4月", "読み取れません"),
        ("令和8年度末", "読み取れません"),
        ("令和8年2月30日", "暦にない日付"),
        ("2026/13/1", "暦にない日付"),
        ("令和元年4月30日", "年号が始まる前"),
        ("平成元年1月7日", "年号が始まる前"),
        ("令和0年4月1日", "年が0"),
        ("令和88年4月1日", "2106年"),
        ("9999/12/31", "9999年"),
        ("昭和64年1月7日", "読み取れません"),
        ("2026041", "読み取れません"),
        ("202604011", "読み取れません"),
        ("令和8年4月1日ごろ", "読み取れません"),
        ("令和十十年四月一日", "読み取れません"),
        ("", "読み取れません"),
        ("別途協議", "読み取れません"),
        ("1" * 500, "長すぎます"),
    ],
)
def test_nothing_is_guessed(text: str, words: str) -> None:
    with pytest.raises(DateError, match=words):
        read_date(text)


@given(DAYS)
def test_every_writing_of_a_day_is_read_back(day: date) -> None:
    writings = [
        wareki(day),
        wareki(day).translate(KANJI) if day.month < 10 and day.day < 10 and "十" not in wareki(day) else wareki(day),
        f"{day:%Y/%m/%d}",
        f"{day:%Y%m%d}",
        f"{day.year}.{day.month}.{day.day}".translate(FULL_WIDTH),
        f"{day.year}年{day.month}月{day.day}日".translate(FULL_WIDTH),
        day.isoformat(),
    ]
    assert [read_date(text) for text in writings] == [day] * len(writings)


@given(DAYS, DAYS)
def test_a_period_in_one_cell_is_its_two_days(one: date, other: date) -> None:
    begin, end = sorted((one, other))
    for text in (
        f"{wareki(begin)}～{wareki(end)}",
        f"{wareki(begin)}から{wareki(end)}まで",
        f"自　{wareki(begin)}\n至　{wareki(end)}",
        f"{begin:%Y/%m/%d} - {end:%Y/%m/%d}",
        f"{begin}〜{end}",
    ):
        assert read_period(text) == (begin, end)


@given(st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2099, 12, 30)))  # noqa: DTZ001 (Japan's wall clock)
def test_a_moment_of_japans_clock_comes_back_as_utc(local: datetime) -> None:
    moment = local.replace(tzinfo=timezone(timedelta(hours=9))).astimezone(UTC)
    assert read_moment(f"{local:%Y/%m/%d %H:%M:%S.%f}") == moment
    assert read_moment(moment.isoformat()) == moment
    assert moment_of(local) == moment


@pytest.mark.parametrize(
    "text",
    [
        "2026/4/1 10:05",
        "2026/4/1　１０：０５",
        "令和8年4月1日 10時05分",
        "R8.4.1 10:05:00",
        "2026-04-01T10:05:00+09:00",
        "2026-04-01T01:05:00Z",
        "20260401 10:05",
    ],
)
def test_a_time_of_day_is_japans_unless_it_tells_its_zone(text: str) -> None:
    assert read_moment(text) == datetime(2026, 4, 1, 1, 5, tzinfo=UTC)


def test_a_date_alone_is_its_midnight() -> None:
    assert read_moment("令和8年4月1日") == datetime(2026, 3, 31, 15, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2026/4/1 25:00", "2026/4/1 10:60", "2026/4/1 10:05 午後", "2026-04-01T10:05+99:00"])
def test_a_time_that_no_clock_shows_is_refused(text: str) -> None:
    with pytest.raises(DateError, match="時刻"):
        read_moment(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("令和8年4月1日～9年3月31日", (FIRST_OF_APRIL, date(2027, 3, 31))),
        ("令和8年4月1日から同年12月20日まで", (FIRST_OF_APRIL, date(2026, 12, 20))),
        ("令和8年4月1日～令和9年3月31日（365日間）", (FIRST_OF_APRIL, date(2027, 3, 31))),
        ("R8.4.1-R9.3.31", (FIRST_OF_APRIL, date(2027, 3, 31))),
        ("20260401～20270331", (FIRST_OF_APRIL, date(2027, 3, 31))),
        ("契約締結日の翌日から令和9年3月31日まで", (None, date(2027, 3, 31))),
        ("契約日～令和9年3月31日", (None, date(2027, 3, 31))),
        ("～令和9年3月31日", (None, date(2027, 3, 31))),
    ],
)
def test_periods_may_be_short_or_open_at_their_beginning(text: str, expected: tuple[date | None, date]) -> None:
    assert read_period(text) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("令和9年3月31日", "2つの日付"),
        ("令和8年4月1日～", "2つの日付"),
        ("令和9年4月1日～令和8年3月31日", "始まりより前"),
        ("令和8年4月1日～令和9年3月31日 変更予定", "工期として"),
        ("令和8年2月30日～令和9年3月31日", "暦にない"),
    ],
)
def test_half_a_period_or_more_than_one_is_refused(text: str, words: str) -> None:
    with pytest.raises(DateError, match=words):
        read_period(text)


@given(st.text(max_size=60) | st.text("令和平成RH元一二十廿年月日0123456789/.-~〜自至からまで同:TZ+ ", max_size=40))
def test_whatever_the_text_nothing_but_date_error_is_raised(text: str) -> None:
    for read in (read_date, read_moment, read_period):
        with suppress(DateError):
            read(text)
