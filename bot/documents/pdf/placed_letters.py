"""Letters where they stand on the upright page: in lines, in a place, over each other.

Used by appearance.py. Pure geometry; nothing is raised.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter

from bot.documents.pdf.characters import Character
from bot.documents.pdf.painted import Box

# Letters whose origins are nearer than this, in ems, stand in each other's place.
OVER_EMS = 0.12


@dataclass(frozen=True, slots=True)
class PlacedLetter:
    """A letter on the upright page."""

    character: Character
    box: Box  # left, top, right, bottom
    baseline: float

    @property
    def middle(self) -> tuple[float, float]:
        """The middle of its box."""
        return (self.box[0] + self.box[2]) / 2, (self.box[1] + self.box[3]) / 2


@dataclass(frozen=True, slots=True)
class PlacedLine:
    """The letters of a value on one line, the part of the page around them, and its scale in pixels a point."""

    letters: tuple[PlacedLetter, ...]
    box: Box
    scale: float

    @property
    def em(self) -> float:
        """The largest of its letters."""
        return max(letter.character.em for letter in self.letters)

    def pixels(self, box: Box) -> tuple[int, int, int, int]:
        """The part of the line's picture that a box of the page is."""
        x, y = self.box[:2]
        left, top, right, bottom = ((edge - start) * self.scale for edge, start in zip(box, (x, y, x, y), strict=True))
        width, height = self.size
        return max(int(left), 0), max(int(top), 0), min(int(right) + 1, width), min(int(bottom) + 1, height)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of its picture, in pixels."""
        x0, top, x1, bottom = self.box
        return max(int((x1 - x0) * self.scale), 1), max(int((bottom - top) * self.scale), 1)


class PlacedLetters:
    """Letters by their height on the page, so that those of a place are found without a look at all."""

    def __init__(self, letters: Iterable[PlacedLetter]) -> None:
        self._ordered = sorted(enumerate(letters), key=lambda one: one[1].middle[1])
        self._heights = [letter.middle[1] for _, letter in self._ordered]
        self._reach = max((letter.box[3] - letter.box[1] for _, letter in self._ordered), default=0.0)

    def between(self, top: float, bottom: float) -> list[PlacedLetter]:
        """Those whose middles are, in the page's order."""
        found = self._ordered[bisect_right(self._heights, top) : bisect_left(self._heights, bottom)]
        return [letter for _, letter in sorted(found, key=itemgetter(0))]

    def meeting(self, box: Box) -> list[PlacedLetter]:
        """Those whose boxes meet this one."""
        near = self.between(box[1] - self._reach, box[3] + self._reach)
        return [letter for letter in near if meet(letter.box, box)]


def around(letters: Sequence[PlacedLetter]) -> Box:
    """The box around letters."""
    lefts, tops, rights, bottoms = zip(*(letter.box for letter in letters), strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def meet(one: Box, other: Box) -> bool:
    """Whether two boxes meet."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def holds(box: Box, x: float, y: float) -> bool:
    """Whether a point is inside of a box."""
    return box[0] < x < box[2] and box[1] < y < box[3]


def is_in(letter: PlacedLetter, place: Box) -> bool:
    """Whether a letter stands in a place, of which the left and right edges are estimates."""
    slack = 2 * letter.character.em
    return holds((place[0] - slack, place[1], place[2] + slack, place[3]), *letter.middle)


def in_order(row: Sequence[PlacedLetter]) -> list[PlacedLetter]:
    """A row's letters from left to right, those that are drawn twice once."""
    found: list[PlacedLetter] = []
    for letter in sorted(row, key=lambda one: one.middle[0]):
        if not any(_is_twice(letter, other) for other in found[-3:]):
            found.append(letter)
    return found


def _is_twice(letter: PlacedLetter, other: PlacedLetter) -> bool:
    return (
        letter.character.text == other.character.text
        and letter.character.source != other.character.source
        and abs(letter.middle[0] - other.middle[0]) < letter.character.em / 4
    )


def origin(letter: PlacedLetter) -> float:
    """By which letters are put in order."""
    return letter.character.origin_x


def is_over(letter: PlacedLetter, other: PlacedLetter) -> bool:
    """Whether another text's letter stands in the letter's place. Both letters of a ligature have the same one."""
    one, two = letter.character, other.character
    if one.source == two.source:
        return False
    apart = math.hypot(one.origin_x - two.origin_x, one.origin_y - two.origin_y)
    return one.text != two.text and apart < OVER_EMS * max(one.em, two.em)
