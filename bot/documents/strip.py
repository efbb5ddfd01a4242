"""A value as it is drawn on a paper, cut out for the recogniser, which then needs no paper.

Made by pdf/strips.py in the child that reads text, handed on by the daemon, compared by images/visual_check.py. Values only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from pydantic import Base64Bytes

from bot.core.records.secret import AuthKey

DRAWN_DPI = 200.0
"""For pages that are drawn, not scanned."""
MOST_STRIPS = 12
"""Of one mail: six notices, which is more than nearly all have."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a page in grey, a byte a pixel, and the place of the letters on it in pixels: left, top, right, bottom."""

    pixels: Base64Bytes = field(repr=False)
    width: int
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Strip:
    """A number or a key as it was read (`letters`: an AuthKey for both, to be masked), and where it stands."""

    letters: AuthKey
    is_number: bool
    pieces: tuple[Piece, ...]


def all_of(papers: Iterable[tuple[Strip, ...] | None]) -> tuple[Strip, ...] | None:
    """The strips of several papers; None when one of them must itself be looked at, or there are too many."""
    found: list[Strip] = []
    for strips in papers:
        if strips is None:
            return None
        found += strips
    return tuple(found) if len(found) <= MOST_STRIPS else None
