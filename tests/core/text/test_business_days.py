"""The office's opening days and when its summaries are due. 2026: 21–23 September are holidays in a row."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.text.business_days import Calendar
from bot.core.text.dates import JAPAN

CITY = Calendar()


def japan(*when: int) -> datetime:
    return datetime(*when, tzinfo=JAPAN)


@pytest.mark.parametrize(
    ("day", "is_open"),
    [
        (date(2026, 11, 20), True),
        (date(2026, 11, 21), False),
        (date(2026, 11, 22), False),
        (date(2026, 11, 23), False),  # 勤労感謝の日
        (date(2026, 11, 24), True),
        (date(2026, 9, 21), False),  # 敬老の日
        (date(2026, 9, 22), False),  # 国民の休日, between two holidays
        (date(2026, 9, 23), False),  # 秋分の日
        (date(2026, 5, 6), False),  # 振替休日
        (date(2026, 12, 28), True),
        (date(2026, 12, 29), False),
        (date(2026, 12, 31), False),
        (date(2027, 1, 1), False),
        (date(2027, 1, 3), False),
        (date(2027, 1, 4), True),
    ],
)
def test_weekends_holidays_and_the_turn_of_the_year_are_closed(day: date, is_open):
    assert CITY.is_open(day) is is_open


def test_the_city_may_have_closing_days_and_a_turn_of_the_year_of_its_own():
    city = Calendar(closed_days=frozenset({date(2026, 11, 20)}), year_end_from=(12, 30), year_end_to=(12, 31))
    opened = [city.is_open(date(2026, *day)) for day in ((11, 20), (12, 29), (12, 30), (12, 31))]
    assert opened == [False, True, False, False]
    assert city.is_open(date(2027, 1, 4))


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (japan(2026, 11, 24, 9, 0), japan(2026, 11, 24, 9, 0)),
        (japan(2026, 11, 24, 8, 59, 59), japan(2026, 11, 20, 9, 0)),
        (japan(2026, 11, 22, 12, 0), japan(2026, 11, 20, 9, 0)),
        (japan(2026, 11, 25, 0, 0), japan(2026, 11, 24, 9, 0)),
        (japan(2027, 1, 3, 23, 0), japan(2026, 12, 28, 9, 0)),
        (datetime(2026, 11, 24, 0, 0, tzinfo=UTC), japan(2026, 11, 24, 9, 0)),
        (datetime(2026, 11, 23, 23, 59, tzinfo=UTC), japan(2026, 11, 20, 9, 0)),
    ],
)
def test_the_latest_summary_due_is_that_of_the_last_opening_day(now: datetime, due: datetime):
    found = CITY.last_due(now)
    assert found == due
    assert found is not None
    assert found.tzinfo is UTC


def test_several_summaries_a_day_are_due_each_at_its_time():
    city = Calendar(times=(time(16, 0), time(9, 0)))
    assert city.last_due(japan(2026, 11, 24, 15, 59)) == japan(2026, 11, 24, 9, 0)
    assert city.last_due(japan(2026, 11, 24, 16, 0)) == japan(2026, 11, 24, 16, 0)


def test_an_office_that_never_opens_has_no_summary_due():
    closed = frozenset(date(2026, 11, 24) - timedelta(days=n) for n in range(40))
    assert Calendar(closed_days=closed).last_due(japan(2026, 11, 24, 10, 0)) is None
    assert Calendar(times=()).last_due(japan(2026, 11, 24, 10, 0)) is None


@given(st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis adds the zone
def test_a_due_time_is_never_in_the_future_and_always_on_an_opening_day(now: datetime):
    due = CITY.last_due(now)
    assert due is not None
    assert due <= now
    assert (CITY.is_open(due.astimezone(JAPAN).date()), due.astimezone(JAPAN).time()) == (True, time(9, 0))


# Golden Week: Wed 29 April, Sun 3 to Wed 6 May 2026 are closed; the turn of the year: 29 December to 3 January.
@pytest.mark.parametrize(
    ("day", "count", "after"),
    [
        (date(2026, 4, 28), 0, date(2026, 4, 28)),
        (date(2026, 4, 28), 1, date(2026, 4, 30)),
        (date(2026, 4, 28), 2, date(2026, 5, 1)),
        (date(2026, 4, 28), 3, date(2026, 5, 7)),
        (date(2026, 5, 3), 1, date(2026, 5, 7)),
        (date(2026, 12, 28), 1, date(2027, 1, 4)),
        (date(2026, 12, 31), 2, date(2027, 1, 5)),
    ],
)
def test_opening_days_are_counted_from_the_day_after(day: date, count: int, after: date):
    assert CITY.opening_days_after(day, count) == after
    assert CITY.days_open_between(day, after) == count


@pytest.mark.parametrize(
    ("day", "count", "before"),
    [
        (date(2026, 5, 7), 1, date(2026, 5, 1)),
        (date(2026, 5, 7), 3, date(2026, 4, 28)),
        (date(2027, 1, 4), 1, date(2026, 12, 28)),
        (date(2027, 1, 2), 1, date(2026, 12, 28)),
        (date(2027, 1, 2), 0, date(2027, 1, 2)),
    ],
)
def test_opening_days_are_counted_back_from_the_day_before(day: date, count: int, before: date):
    assert CITY.opening_days_before(day, count) == before


@pytest.mark.parametrize(
    ("day", "last"),
    [
        (date(2026, 5, 7), date(2026, 5, 7)),
        (date(2026, 5, 6), date(2026, 5, 1)),
        (date(2027, 1, 3), date(2026, 12, 28)),
    ],
)
def test_the_last_opening_day_is_the_day_itself_or_one_before(day: date, last: date):
    assert CITY.last_open(day) == last


def test_a_city_that_never_opens_does_not_hang():
    days = frozenset(date(2026, 1, 1) + timedelta(days=n) for n in range(1000))
    assert Calendar(closed_days=days).opening_days_after(date(2026, 1, 1), 2) > date(2026, 1, 1)


def test_reminders_go_out_with_the_first_summary_of_the_day():
    assert Calendar(times=(time(16, 0), time(8, 30))).opens_at == time(8, 30)
    assert Calendar(times=()).opens_at == time(9, 0)


@given(st.dates(date(2024, 1, 1), date(2030, 1, 1)), st.integers(1, 40))
def test_counting_forth_and_back_ends_where_it_began(day: date, count: int):
    after = CITY.opening_days_after(day, count)
    assert CITY.is_open(after)
    assert CITY.days_open_between(day, after) == count
    if CITY.is_open(day):
        assert CITY.opening_days_before(after, count) == day
