"""The evidence of a field: page, box, source, confidence, other readings; and the views of pages for a person.

Made by core/notice/key_notice.py for every field of a notice; bot/documents/images adds the results of OCR and of the visual
check. A `View` is a request for a picture. Values only; nothing is raised.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from bot.core.notice.document import Line, PageCell, TextSource
from bot.core.records.secret import AuthKey
from bot.core.records.submission import Field


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on an upright page, in points from its upper left corner (text bodies: columns, lines)."""

    x0: float
    top: float
    x1: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """The evidence of one field."""

    field: Field
    page: int  # from 1
    box: Box
    source: TextSource
    confidence: int  # 0–100
    alternatives: tuple[AuthKey, ...] = ()  # differing readings of a second look; AuthKey for all fields, to be masked


@dataclass(frozen=True, slots=True)
class View:
    """A picture of a page for a person: the fields boxed, number and key large."""

    part: str  # the document's
    page: int
    boxes: tuple[tuple[Field, Box], ...]
    is_recognised: bool = False  # the boxes are positions on the deskewed picture of the page


def evidence_of(field: Field, page: int, cells: Iterable[PageCell]) -> Evidence | None:
    """The evidence of a value from its cells: the box around them, the worst source, the lowest confidence."""
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
    """The cells of a line between two positions (cell, character). Where its characters stand is not known, a box is cut in proportion."""
    found: list[PageCell] = []
    for cell, first, last in line.between(begin, end):
        text = cell.text[first:last]
        if text.strip():
            start = first + len(text) - len(text.lstrip())
            stop = start + len(text.strip())
            x0, x1 = _edge(cell, start), _edge(cell, stop)
            edges = cell.edges[start : stop + 1] if len(cell.edges) == len(cell.text) + 1 else ()
            found.append(replace(cell, text=text.strip(), x0=x0, x1=x1, edges=edges))
    return tuple(found)


def narrowed(cells: Sequence[PageCell], letters: str) -> Sequence[PageCell]:
    """The part of the cells that says just these letters, where one of them has them all; else all of them."""
    for cell in cells:
        place = cell.text.find(letters) if letters else -1
        if place >= 0:
            x0, x1 = _edge(cell, place), _edge(cell, place + len(letters))
            return (replace(cell, text=letters, x0=x0, x1=x1, edges=()),)
    return cells


def _edge(cell: PageCell, place: int) -> float:
    """Where the cell's character in this place begins, or the one before it ends."""
    if len(cell.edges) == len(cell.text) + 1:
        return cell.edges[place]
    return cell.x0 + (cell.x1 - cell.x0) / max(_columns(cell.text), 1) * _columns(cell.text[:place])


def _columns(text: str) -> int:
    """The approximate width of a text: a Japanese letter counts twice a Latin one."""
    return sum(2 if ord(letter) > 0xFF else 1 for letter in text)


# Letters that people and OCR confuse with one another in print and on faxes.
_CONFUSABLE = frozenset("0OoQD1lIi5Ss2Zz8BuUvV")


# Letters that look alike in some fonts, besides capitals and small letters.
_ALIKE = ("0OQD", "1LIJ|!", "5S", "2Z", "8B", "UVY", "6G", "9Q")
_TO_ONE = str.maketrans({letter: group[0] for group in _ALIKE for letter in group})


def look_alike(one: AuthKey, other: AuthKey) -> bool:
    """Whether two keys differ only in letters that look alike."""
    first, second = (key.reveal().upper().translate(_TO_ONE) for key in (one, other))
    return hmac.compare_digest(first.encode(), second.encode())


def confusable_places(letters: str) -> tuple[int, ...]:
    """The positions, from 1, of the letters that are easily confused."""
    return tuple(place for place, letter in enumerate(letters, 1) if letter in _CONFUSABLE)
