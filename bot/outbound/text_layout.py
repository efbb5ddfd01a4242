"""Layout of Japanese plain text in mails: cleaned values, tidy lines, widths, dates in eras.

Used by compose.py for every value of a letter and every line of the result. A full-width character has two columns.
Raises nothing.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime

from bot.core.text.control_characters import CONTROLS, HIDDEN, SURROGATES
from bot.core.text.dates import JAPAN, wareki
from bot.core.text.lazy_pattern import LazyPattern

COLUMNS = 70  # 35 full-width characters: what a list of mails shows of a subject

_CONTROLS = LazyPattern(f"[{CONTROLS}]")
_HIDDEN = LazyPattern(f"[{HIDDEN}]")
_SURROGATES = LazyPattern(f"[{SURROGATES}]")
_QUOTE = "> "
LONGEST_LINE = 240
"""Characters of a line: below the 998 octets of RFC 5322 §2.1.1 in UTF-8, for gateways that take base64 away."""
_ROW = LazyPattern(rf".{{1,{LONGEST_LINE - 1}}}[、。 ]|.{{1,{LONGEST_LINE}}}")
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


def short(text: str, columns: int) -> str:
    """As much of one line as fits into so many columns; what is left out shows as …."""
    if width(text) <= columns:
        return text
    kept = text[:columns]
    while kept and width(kept) > columns - width("…"):
        kept = kept[:-1]
    return f"{kept.rstrip()}…"


def tidy(text: str) -> str:
    """A letter's lines without blanks at their ends, several blank lines as one. Only a line above LONGEST_LINE is broken.

    A paragraph is one line, which every mail program breaks at its window's edge: a break of ours would fall inside a word on a
    telephone, and a name that is broken can't be copied.
    """
    lines: list[str] = []
    for line in text.split("\n"):
        if line.strip():
            bare = line.rstrip()
            lines.extend([bare] if len(bare) <= LONGEST_LINE else (row.rstrip() for row in _ROW.findall(bare)))
        elif lines and lines[-1]:
            lines.append("")
    return "\n".join(lines).rstrip("\n") + "\n"


_NARROWEST = 12
"""A name that is cut keeps so many columns."""


def in_a_line(lead: str, names: str, tail: str = "") -> str:
    """A line of names with `／` between them, the longest cut until it fits: 「　　市道0101号線道路改…／見本建設株式会社（待ち3日）」."""
    parts = names.split("／")
    room = COLUMNS - width(lead) - width(tail) - width("／") * (len(parts) - 1)
    widest = max(map(width, parts))
    while widest > _NARROWEST and sum(min(width(part), widest) for part in parts) > room:
        widest -= 1
    return f"{lead}{'／'.join(short(part, widest) for part in parts)}{tail}"


def ranges(places: Sequence[int]) -> str:
    """Rising numbers, those that follow one another joined: 1～3、5."""
    begins = [place for place in places if place - 1 not in places]
    ends = [place for place in places if place + 1 not in places]
    return "、".join(
        f"{first}～{last}" if first != last else str(first) for first, last in zip(begins, ends, strict=True)
    )


def quote(text: str) -> str:
    """Other people's lines, each marked with `> `."""
    return "\n".join(f"{_QUOTE}{line}" if line else _QUOTE.rstrip() for line in text.split("\n"))


_WEEKDAYS = "月火水木金土日"


def day(moment: datetime) -> str:
    """The day in Japan: 令和8年11月22日(日)."""
    on = moment.astimezone(JAPAN).date()
    return f"{wareki(on)}({_WEEKDAYS[on.weekday()]})"


def minute(moment: datetime) -> str:
    """The day and the time in Japan: 令和8年11月22日(日) 19時46分."""
    at = moment.astimezone(JAPAN)
    return f"{day(moment)} {at.hour}時{at.minute:02}分"


_MONTHS = "January February March April May June July August September October November December".split()  # noqa: SIM905 - words


def minute_in_english(moment: datetime) -> str:
    """The day and the time in Japan for English readers: 22 November 2026, 19:46 (Japan time)."""
    at = moment.astimezone(JAPAN)
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}, {at.hour}:{at.minute:02} (Japan time)"


def short_day(moment: datetime | date) -> str:
    """The day in Japan for subjects: 11月22日."""
    on = moment.astimezone(JAPAN) if isinstance(moment, datetime) else moment
    return f"{on.month}月{on.day}日"
