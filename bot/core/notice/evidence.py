"""Where a field stood and how surely it was read: page, box, source, confidence, other readings; and what a person is shown of it.

Made by core/notice/key_notice.py for every field of a notice; what was recognised from a picture, and what the picture itself shows
of a text, is put in by bot/documents/sight. `View`s ask for pictures. Values only; nothing is raised.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, replace

from bot.core.notice.document import Line, PageCell, TextSource
from bot.core.records.secret import AuthKey
from bot.core.records.submission import Field


@dataclass(frozen=True, slots=True)
class Box:
    """A place on an upright page, in points from its upper left corner (text bodies: columns, lines)."""

    x0: float
    top: float
    x1: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """One field's. `page` from 1; `confidence` 0–100; `alternatives`: what a second look made of it, where that differs.

    They are secrets all, since a key's are.
    """

    field: Field
    page: int
    box: Box
    source: TextSource
    confidence: int
    alternatives: tuple[AuthKey, ...] = ()


@dataclass(frozen=True, slots=True)
class View:
    """A picture of a page for a person: the fields boxed, number and key large. `part`: the document's.

    `is_recognised`: the boxes lie on the page as the recogniser straightened it.
    """

    part: str
    page: int
    boxes: tuple[tuple[Field, Box], ...]
    is_recognised: bool = False


def evidence_of(field: Field, page: int, cells: Iterable[PageCell]) -> Evidence | None:
    """What the cells that hold a value say about it: the box around them, the worst source, the least confidence."""
    held = [cell for cell in cells if cell.text.strip()]
    if not held:
        return None
    box = Box(
        min(cell.x0 for cell in held),
        min(cell.top for cell in held),
        max(cell.x1 for cell in held),
        max(cell.bottom for cell in held),
    )
    source = max((cell.source for cell in held), key=list(TextSource).index)
    return Evidence(field, page, box, source, min(cell.confidence for cell in held))


def cells_between(line: Line, begin: tuple[int, int], end: tuple[int, int]) -> tuple[PageCell, ...]:
    """The cells of a line between two places of (cell, character), the first and the last cut by the width of their texts."""
    found: list[PageCell] = []
    for index, cell in enumerate(line.cells):
        if index < begin[0] or index > end[0]:
            continue
        start = begin[1] if index == begin[0] else 0
        stop = end[1] if index == end[0] else len(cell.text)
        text = cell.text[start:stop]
        if text.strip():
            width = (cell.x1 - cell.x0) / max(_columns(cell.text), 1)
            x0 = cell.x0 + width * _columns(cell.text[:start])
            found.append(replace(cell, text=text, x0=x0, x1=x0 + width * _columns(text)))
    return tuple(found)


def _columns(text: str) -> int:
    """About how wide a text is: a Japanese letter twice a Latin one."""
    return sum(2 if ord(letter) > 0xFF else 1 for letter in text)


# Letters that are taken for one another in print, on a fax, and by readers of pictures.
_CONFUSABLE = frozenset("0OoQD1lIi5Ss2Zz8BuUvV")


# Letters that look alike in some print; capitals and small letters are alike anyway.
_ALIKE = ("0OQD", "1LIJ|!", "5S", "2Z", "8B", "UVY", "6G", "9Q")
_TO_ONE = str.maketrans({letter: group[0] for group in _ALIKE for letter in group})


def look_alike(one: AuthKey, other: AuthKey) -> bool:
    """Whether two keys may be one that was taken for the other by sight."""
    first, second = (key.reveal().upper().translate(_TO_ONE) for key in (one, other))
    return hmac.compare_digest(first.encode(), second.encode())


def confusable_places(letters: str) -> tuple[int, ...]:
    """The places, from 1, of the letters that are easily taken for others."""
    return tuple(place for place, letter in enumerate(letters, 1) if letter in _CONFUSABLE)
