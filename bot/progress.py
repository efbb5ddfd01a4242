"""How far a long work is: `tell(done, total)`, which the work calls between its steps.

What `tell` raises ends the work there: nothing that was begun may then stand half done. Commands hand one in (commands/shared/
long_work.py); whoever hands in none hears nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar, overload

Item = TypeVar("Item")
Tell = Callable[[int, int], None]

_ITEMS = 500
"""So many items are a step: told often enough for a person, seldom enough to cost nothing."""


def untold(_done: int, _total: int) -> None:
    """Tell nobody."""


def part(tell: Tell, place: int, of: int) -> Tell:
    """Tell of one part, the first being 0, of a work that has several of one size."""
    return lambda done, total: tell(place * total + done, of * total)


class Steps:
    """Counts the steps of a work through several hands, against an estimate of all of them."""

    def __init__(self, tell: Tell = untold, total: int = 0) -> None:
        self._tell = tell
        self._total = max(total, 1)
        self._done = 0

    def done(self, count: int) -> None:
        """So many more are done."""
        self._done = min(self._done + count, self._total)
        self._tell(self._done, self._total)

    def through(self, items: Sequence[Item]) -> Iterator[Item]:
        """The items, counted as they are taken."""
        for place, item in enumerate(items, 1):
            yield item
            if place % _ITEMS == 0:
                self.done(_ITEMS)


class Watched(Sequence[Item]):
    """A sequence that tells how far its reader is, for a reader that knows of no `tell`."""

    def __init__(self, items: Sequence[Item], tell: Tell) -> None:
        self._items = items
        self._tell = tell

    def __len__(self) -> int:
        return len(self._items)

    @overload
    def __getitem__(self, place: int) -> Item: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Item]: ...
    def __getitem__(self, place: int | slice) -> Item | Sequence[Item]:
        return self._items[place]

    def __iter__(self) -> Iterator[Item]:
        for place, item in enumerate(self._items):
            if place % _ITEMS == 0:
                self._tell(place, len(self._items))
            yield item
