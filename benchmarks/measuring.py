"""How figures are taken: laps within a round, rounds in turn, and their median, minimum and maximum.

Called by every part of the bench. The two sides take turns within each round, so that whatever else the machine does
falls on both; a ratio is the median of the rounds' own ratios. Times are milliseconds of wall clock unless a row says CPU.
"""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum


class Side(StrEnum):
    """Whose figure it is."""

    OURS = "ours"
    NAIVE = "naive"


Times = Mapping[str, float]
"""A round's figures: a row's name → milliseconds."""
Probe = Callable[[], Awaitable[Times]]


class Laps:
    """Adds up what happens under each name, and says what one of them took on average."""

    def __init__(self) -> None:
        self._seconds: defaultdict[str, list[float]] = defaultdict(list)

    @contextmanager
    def __call__(self, *names: str, of: int = 1) -> Iterator[None]:
        """Time the block, once for each name; `of`: so many mails were done in it."""
        start = time.perf_counter()
        yield
        seconds = time.perf_counter() - start
        for name in names:
            self._seconds[name] += [seconds / of] * of

    @property
    def times(self) -> Times:
        """Milliseconds for one, by name, in the order of the first laps."""
        return {name: 1000 * statistics.fmean(seconds) for name, seconds in self._seconds.items()}


@dataclass(frozen=True, slots=True)
class Figure:
    """What the rounds gave."""

    median: float
    lowest: float
    highest: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Figure:
        """Sum up at least one value."""
        return cls(statistics.median(values), min(values), max(values))


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `ratio`: ours over naive; None where the naive script has no such step."""

    name: str
    ours: Figure
    naive: Figure | None = None
    ratio: float | None = None


Samples = Mapping[Side, Mapping[str, Sequence[float]]]


async def rounds(repeats: int, probes: Sequence[tuple[Side, Probe]]) -> Samples:
    """Run every probe once a round, in turn; every other round backwards."""
    samples: dict[Side, defaultdict[str, list[float]]] = {side: defaultdict(list) for side in Side}
    for number in range(repeats):
        for side, probe in probes if number % 2 == 0 else reversed(probes):
            for name, milliseconds in (await probe()).items():
                samples[side][name].append(milliseconds)
    return samples


def rows(samples: Samples) -> list[Row]:
    """A row for each of our figures, with the naive script's beside it where it has one of that name."""
    return [_row(name, ours, samples[Side.NAIVE].get(name, ())) for name, ours in samples[Side.OURS].items()]


def _row(name: str, ours: Sequence[float], naive: Sequence[float]) -> Row:
    if not naive:
        return Row(name, Figure.of(ours))
    ratio = statistics.median(a / b for a, b in zip(ours, naive, strict=True))
    return Row(name, Figure.of(ours), Figure.of(naive), ratio)
