"""Layout of Japanese plain text in mails: cleaned values, lines of at most 70 columns, kinsoku, dates in eras.

Used by compose.py for every value of a letter and every line of the result. A full-width character has two columns. Numbers,
addresses and ASCII words are never broken; a single one may be wider than a line. Raises nothing.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from datetime import date, datetime

from bot.core.text.control_characters import CONTROLS, HIDDEN, SURROGATES
from bot.core.text.dates import JAPAN, wareki
from bot.core.text.lazy_pattern import LazyPattern

COLUMNS = 70  # 35 full-width characters: what Japanese mail programs show without a second break

_NOT_AT_START = frozenset(
    "、。，．・：；？！）〕］｝〉》」』】’”ー～〜々ゝゞヽヾ…‥"
    "ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ"
    "､｡･｣ｰﾞﾟ"
    ")]},.:;?!%",
)
_NOT_AT_END = frozenset("（〔［｛〈《「『【‘“｢([{")
_COUNTERS = frozenset("年月日時分秒件通名回個枚円号条部課第") - {"第"}  # stay with the digits before them

# An ASCII word or number (3・4・3 is one number of a road), full-width digits, a run of blanks, or one character. A word's last
# ・ begins no line, so that it stays with the word either way.
_UNIT = LazyPattern(r"[!-~][!-~・]*|[０-９]+|\s+|.", re.DOTALL)
# Indent, quote mark or bullet, and a short label: the next lines start below what follows.
_LEAD = LazyPattern(r"\s*(?:[・※■]\s?|\d{1,2}[.．]\s?)?(?:[^\s：（）「」。、]{1,10}　*：)?")
_CONTROLS = LazyPattern(f"[{CONTROLS}]")
_HIDDEN = LazyPattern(f"[{HIDDEN}]")
_SURROGATES = LazyPattern(f"[{SURROGATES}]")
_QUOTE = "> "
_WIDEST_HANG = 28
_LAST_ROW = 8  # four full-width characters
_SPARE = 18


_BLANKS = LazyPattern(" {2,}")


def clean(text: str, limit: int) -> str:
    """One line: controls and line breaks become blanks, invisible and bidi characters vanish; cut at `limit` characters."""
    shown = text[: 4 * limit]  # the rest can't be shown, so megabytes are not cleaned
    shown = _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", _HIDDEN.sub("", _CONTROLS.sub(" ", shown)))
    line = _BLANKS.sub(" ", shown).strip()
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def clean_lines(text: str, limit: int, most_lines: int) -> str:
    """At most `most_lines` lines, each cleaned and cut, without blank lines at both ends."""
    lines = [clean(line, limit) for line in text[: 4 * limit * most_lines].splitlines()]
    while lines and not lines[0]:
        del lines[0]
    shown = lines[:most_lines]
    if len(lines) > most_lines:
        shown.append("（以下省略）")
    return "\n".join(shown).rstrip()


def width(text: str) -> int:
    """The columns that the text takes: full-width and ambiguous characters two, combining ones none."""
    return len(text) if text.isascii() else sum(map(_width_of, text))


@functools.lru_cache(maxsize=4096)
def _width_of(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F", "A"} else 1


def wrap(text: str, columns: int = COLUMNS) -> str:
    """Break every line wider than `columns`; remove blanks at line ends, reduce several blank lines to one."""
    lines: list[str] = []
    for line in text.split("\n"):
        if line.strip():
            lines.extend(_wrapped(line.rstrip(), columns))
        elif lines and lines[-1]:
            lines.append("")
    return "\n".join(lines).rstrip("\n") + "\n"


def quote(text: str) -> str:
    """Other people's lines, each marked with `> `."""
    return "\n".join(f"{_QUOTE}{line}" if line else _QUOTE.rstrip() for line in text.split("\n"))


def _wrapped(line: str, columns: int) -> list[str]:
    if width(line) <= columns:
        return [line]
    rows = _broken(line, columns)
    if columns < 2 * _SPARE:
        return rows
    # A last row of one or two characters looks bad; slightly narrower rows often avoid it.
    for narrower in range(columns - 2, columns - _SPARE, -2):
        if width(rows[-1].strip()) >= _LAST_ROW:
            break
        other = _broken(line, narrower)
        if len(other) == len(rows) and width(other[-1].strip()) >= _LAST_ROW:
            return other
    return rows


def _broken(line: str, columns: int) -> list[str]:
    lead, next_lead = _leads(line)
    rows: list[str] = []
    row, used = lead, width(lead)
    for cluster in _clusters(line[len(lead) :], columns - width(next_lead)):
        empty = row in {lead, next_lead}
        if not empty and not cluster.isspace() and used + width(cluster.rstrip()) > columns:
            rows.append(row.rstrip())
            row, used, empty = next_lead, width(next_lead), True
        if not (empty and cluster.isspace()):
            row += cluster
            used += width(cluster)
    if not rows or row != next_lead:
        rows.append(row.rstrip())
    return rows


def _leads(line: str) -> tuple[str, str]:
    """The beginning of the line (indent, bullet, label), and the indent of its continuations."""
    if line.startswith(_QUOTE):
        return _QUOTE, _QUOTE
    match = _LEAD.match(line)
    lead = match[0] if match else ""
    if width(lead) > _WIDEST_HANG:
        lead = line[: len(line) - len(line.lstrip())][: _WIDEST_HANG // 2]
    hang = width(lead)
    if lead.startswith(" "):  # a line in half width: what hangs below it too
        return lead, " " * hang
    return lead, "　" * (hang // 2) + " " * (hang % 2)


def _clusters(text: str, room: int) -> list[str]:
    """The pieces between which a line may break. A piece wider than `room` is split into its units."""
    clusters: list[str] = []
    for unit in _UNIT.findall(text):
        if clusters and not unit.isspace() and _stays_with(clusters[-1], unit):
            clusters[-1] += unit
        else:
            clusters.append(unit)
    fitting: list[str] = []
    for cluster in clusters:
        fitting.extend([cluster] if width(cluster) <= room else _UNIT.findall(cluster))
    return fitting


def _stays_with(before: str, unit: str) -> bool:
    if before.isspace():
        return False
    return (
        unit[0] in _NOT_AT_START
        or before[-1] in _NOT_AT_END
        or (before[-1].isdigit() and unit in _COUNTERS)
        or width(unit) == 0
    )


_WEEKDAYS = "月火水木金土日"


def day(moment: datetime) -> str:
    """The day in Japan: 令和8年11月22日(日)."""
    on = moment.astimezone(JAPAN).date()
    return f"{wareki(on)}({_WEEKDAYS[on.weekday()]})"


def minute(moment: datetime) -> str:
    """The day and the time in Japan: 令和8年11月22日(日) 19時46分."""
    at = moment.astimezone(JAPAN)
    return f"{day(moment)} {at.hour}時{at.minute:02}分"


_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def minute_in_english(moment: datetime) -> str:
    """The day and the time in Japan for English readers: 22 November 2026, 19:46 (Japan time)."""
    at = moment.astimezone(JAPAN)
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}, {at.hour}:{at.minute:02} (Japan time)"


def short_day(moment: datetime | date) -> str:
    """The day in Japan for subjects: 11月22日."""
    on = moment.astimezone(JAPAN) if isinstance(moment, datetime) else moment
    return f"{on.month}月{on.day}日"
