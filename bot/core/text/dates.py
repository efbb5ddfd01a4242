"""Dates as Japanese offices write them: 令和8年4月1日, R8.4.1, ㋿八年四月一日, 2026/4/1, 20260401.

Called by the register's reading and writing, and by all letters that tell a day. Never guesses: a two-digit year without an era, a year alone or a date
that the calendar does not have is refused. Raises DateError (a ValueError) with a Japanese sentence for the clerk.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime, time
from types import MappingProxyType
from zoneinfo import ZoneInfo

from bot.core.text.lazy_pattern import LazyPattern

JAPAN = ZoneInfo("Asia/Tokyo")

_REIWA_BEGINS = date(2019, 5, 1)
_HEISEI_BEGINS = date(1989, 1, 8)
# First days, newest first (元号法, and the orders before it). Dates before Meiji are told in the western count.
_ERAS = (
    ("令和", _REIWA_BEGINS),
    ("平成", _HEISEI_BEGINS),
    ("昭和", date(1926, 12, 25)),
    ("大正", date(1912, 7, 30)),
    ("明治", date(1868, 1, 25)),
)
# The year before an era's first: 令和元年 is 2018 + 1.
_ERA_OFFSETS = MappingProxyType({"令和": 2018, "令": 2018, "R": 2018, "平成": 1988, "平": 1988, "H": 1988})
_ERA_BEGINS = MappingProxyType({2018: _REIWA_BEGINS, 1988: _HEISEI_BEGINS})
# No works contract of ours lies outside; a year beyond is a slip of the finger (20226/4/1, 令和88年).
_FIRST_YEAR = 1989
_LAST_YEAR = 2099

# A cell longer than this is no date; it is not searched.
_MAX_LENGTH = 100

_KANJI_DIGITS = MappingProxyType({c: n for n, c in enumerate("〇一二三四五六七八九")} | {"零": 0, "元": 1})
_KANJI_NUMBER = LazyPattern(r"[〇零一二三四五六七八九十廿]{1,20}(?=[年月日])|元(?=年)")
# Hyphens of every kind and the kanji 一, when they stand between digits, separate year, month and day.
_HYPHENS = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u30fc\u2500"
_HYPHEN_BETWEEN_DIGITS = LazyPattern(rf"(?<=[0-9])[{_HYPHENS}](?=[0-9])")
_WEEKDAY = LazyPattern(r"\([月火水木金土日](?:曜日?)?(?:・?祝日?)?\)|[月火水木金土日]曜日?")
_BLANKS = LazyPattern(r"[\s\u3000]+")

_ERA = r"(?P<era>令和|平成|令|平|[RrHh])[.．]?(?P<era_year>元|[0-9]{1,2})"
_YEAR = rf"(?:{_ERA}|(?P<year>[0-9]{{4}}))"
_WRITTEN = rf"{_YEAR}(?:年|[./・,、-])(?P<month>[0-9]{{1,2}})(?:月|[./・,、-])(?P<day>[0-9]{{1,2}})日?"
_PACKED = r"(?P<packed>[0-9]{8})"
_WHOLE_DATE = LazyPattern(rf"^(?:{_WRITTEN}|{_PACKED}(?:$|T))(?:T?(?P<time>[0-9]{{1,2}}[:時].*))?$")
_ANY_DATE = LazyPattern(rf"(?<![0-9])(?:{_WRITTEN}|{_PACKED}(?![0-9]))(?![0-9])")
_TIME = LazyPattern(
    r"^(?P<hour>[0-9]{1,2})[:時](?P<minute>[0-9]{1,2})分?"
    r"(?::?(?P<second>[0-9]{1,2})(?:\.(?P<fraction>[0-9]{1,6}))?秒?)?(?P<zone>Z|[+-][0-9]{2}:?[0-9]{2})?$",
)
# What may stand around the dates of a period; everything else is a sign that the cell says more than a period.
_PERIOD_FILLING = LazyPattern(r"自|至|から|より|まで|迄|\(?[0-9,]+日間\)?|[~〜∼-]|間|\(|\)|[、,・:]")
# 契約締結日の翌日から令和9年3月31日まで: the beginning is real, but no date.
_OPEN_BEGINNING = LazyPattern(r"^自?(?:本?契約|着手|議決|議会|指示)[^0-9]*?(?:から|より|[~〜∼]|至)")


class DateError(ValueError):
    """The text is no date that can be taken without guessing; the message says why, in Japanese."""


def read_date(text: str) -> date:
    """The date that the text writes; a time behind it is left out. Raises DateError."""
    found = _whole(text)
    return _to_date(found)


def read_moment(text: str) -> datetime:
    """A date with or without a time of day, in Japan's time unless it tells its zone; returned as UTC.

    A date alone is its midnight. Raises DateError.
    """
    found = _whole(text)
    day = _to_date(found)
    if found["time"] is None:
        return moment_of(datetime.combine(day, time()))
    clock = _TIME.match(found["time"])
    if clock is None:
        raise DateError("時刻として読み取れません。「2026/4/1 10:05」の形で入力してください。")
    fraction = (clock["fraction"] or "").ljust(6, "0")
    try:
        moment = datetime.combine(
            day,
            time(int(clock["hour"]), int(clock["minute"]), int(clock["second"] or 0), int(fraction)),
        )
    except ValueError:
        raise DateError("時刻がありえない値です。") from None
    if clock["zone"] is None:
        return moment_of(moment)
    return _in_zone(moment, clock["zone"])


def read_period(text: str) -> tuple[date | None, date | None]:
    """工期 in one cell: 令和8年4月1日～令和9年3月31日, 自…至…, 契約日の翌日から…まで (its beginning is None).

    Raises DateError when there is no end, when the end lies before the beginning, or when the cell says more.
    """
    folded = _fold(text)
    opening = _OPEN_BEGINNING.match(folded)
    rest = folded[opening.end() :] if opening else folded
    dates = [_to_date(found) for found in _ANY_DATE.finditer(_abbreviated_end(rest))]
    filling = _ANY_DATE.sub("", _abbreviated_end(rest))
    if _PERIOD_FILLING.sub("", filling):
        raise DateError("工期として読み取れません。「令和8年4月1日～令和9年3月31日」の形で入力してください。")
    open_beginning = opening is not None or rest.startswith(("~", "〜", "∼", "至"))
    match dates:
        case [begin, end] if opening is None:
            if begin > end:
                raise DateError("工期の終わりが始まりより前になっています。")
            return begin, end
        case [end] if open_beginning:
            return None, end
        case _:
            raise DateError("工期の始まりと終わりの2つの日付が読み取れません。")


def moment_of(local: datetime) -> datetime:
    """A moment of Japan's clock without zone (a spreadsheet's date cell) as UTC, to the microsecond."""
    return local.replace(tzinfo=JAPAN).astimezone(UTC)


def wareki(day: date) -> str:
    """令和8年4月1日; the first year of an era is 元年, before Meiji it is 西暦1800年."""
    for name, begins in _ERAS:
        if day >= begins:
            year = day.year - begins.year + 1
            return f"{name}{'元' if year == 1 else year}年{day.month}月{day.day}日"
    return f"西暦{day.year}年{day.month}月{day.day}日"


def wareki_minute(moment: datetime) -> str:
    """The minute in Japan: 令和8年4月1日 9時05分."""
    at = moment.astimezone(JAPAN)
    return f"{wareki(at.date())} {at.hour}時{at.minute:02}分"


def _fold(text: str) -> str:
    """NFKC, no blanks, kanji numbers before 年月日 as digits, dashes between digits as hyphens, no weekdays."""
    if len(text) > _MAX_LENGTH:
        raise DateError("日付として長すぎます。")
    folded = _BLANKS.sub("", unicodedata.normalize("NFKC", text))
    folded = _KANJI_NUMBER.sub(lambda found: _kanji_value(found[0]), folded)
    return _HYPHEN_BETWEEN_DIGITS.sub("-", _WEEKDAY.sub("", folded))


def _kanji_value(text: str) -> str:
    """二十三 → 23, 十 → 10, 二〇二六 → 2026; a heap of signs that is no number stays as it is."""
    text = text.replace("廿", "二十")
    if "十" not in text:
        return "".join(str(_KANJI_DIGITS[sign]) for sign in text)
    tens, _, ones = text.partition("十")
    if len(tens) > 1 or len(ones) > 1 or "十" in ones:
        return text
    return str((_KANJI_DIGITS[tens] if tens else 1) * 10 + (_KANJI_DIGITS[ones] if ones else 0))


_BEFORE_TIME = LazyPattern(r"(?<=[0-9０-９])[\s\u3000]{1,9}(?=[0-9０-９]{1,2}[:：])")
_WITHOUT_YEAR = LazyPattern(r"[0-9]{1,2}[./-][0-9]{1,2}([./-][0-9]{1,2})?")


def _whole(text: str) -> re.Match[str]:
    # The blank between date and time must not join their digits: 2026/4/1 10:05.
    folded = _fold(_BEFORE_TIME.sub("T", text.strip()))
    found = _WHOLE_DATE.match(folded)
    if found is not None:
        return found
    if _WITHOUT_YEAR.fullmatch(folded):
        raise DateError("年が分かりません。年号又は4桁の西暦を付けて入力してください。")
    raise DateError("日付として読み取れません。「令和8年4月1日」又は「2026/4/1」の形で入力してください。")


def _to_date(found: re.Match[str]) -> date:
    if found["packed"] is not None:
        digits = found["packed"]
        return _checked(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    month, day = int(found["month"]), int(found["day"])
    if found["era"] is None:
        return _checked(int(found["year"]), month, day)
    era_year = 1 if found["era_year"] == "元" else int(found["era_year"])
    if era_year == 0:
        raise DateError("年号の年が0になっています。")
    offset = _ERA_OFFSETS[found["era"].upper()]
    result = _checked(offset + era_year, month, day)
    # 平成33年 of a contract made in 2018 tells one day only; 令和元年1月 is most often a slip for 令和2年.
    if result < _ERA_BEGINS[offset]:
        raise DateError("年号が始まる前の日付です。年を確かめてください。")
    return result


def _checked(year: int, month: int, day: int) -> date:
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise DateError(f"年が{year}年になっています。年を確かめてください。")
    try:
        return date(year, month, day)
    except ValueError:
        raise DateError(f"暦にない日付です（{year}年{month}月{day}日）。") from None


def _in_zone(moment: datetime, zone: str) -> datetime:
    # The sign, hours and minutes of ISO 8601; datetime's own reader refuses what has no such zone.
    suffix = "+00:00" if zone == "Z" else zone
    try:
        return datetime.fromisoformat(moment.isoformat() + suffix).astimezone(UTC)
    except ValueError:
        raise DateError("時刻の地域（+09:00など）がありえない値です。") from None


_BEGINS_WITH_YEAR = LazyPattern(rf"^自?(?:{_YEAR})年")
_SAME_YEAR = LazyPattern(r"(?<=[~〜∼らり至、-])同年")
_NO_ERA = LazyPattern(r"(?<=[~〜∼らり至-])([0-9]{1,2}年[0-9])")


def _abbreviated_end(text: str) -> str:
    """令和8年4月1日~9年3月31日 and ~同年12月20日: the end borrows the era or the year of the beginning."""
    found = _BEGINS_WITH_YEAR.match(text)
    if found is None:
        return text
    name = found["era"] or ""
    year = f"{name}{found['era_year']}年" if name else f"{found['year']}年"
    text = _SAME_YEAR.sub(year, text)
    return _NO_ERA.sub(rf"{name}\1", text) if name else text
