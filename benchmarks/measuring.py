"""How figures are taken: laps within a round, rounds in turn, and their median, minimum and maximum.

Called by every part of the bench. The two sides take turns within each round, so that whatever else the machine does
falls on both; a ratio is the median of the rounds' own ratios. Times are milliseconds of wall clock unless a row says CPU.
"""

from __future__ import annotations

import os
import statistics
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


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
_TICKS = os.sysconf("SC_CLK_TCK")


def with_children(pid: int) -> Iterator[int]:
    """A process and all that it has started, and those have."""
    yield pid
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split():
        yield from with_children(int(child))


def cpu_seconds(pid: int) -> float:
    """What a process and its ended children have used."""
    # proc(5): utime, stime and those of children that have ended are the 14th field and the next three; the second, the name
    # in brackets, may hold blanks.
    fields = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / _TICKS


class Foreign:
    """How much of the machine others have used since this was made; what runs at a low priority is not counted."""

    def __init__(self) -> None:
        self._start, self._before = time.perf_counter(), self._theirs()

    @staticmethod
    def _theirs() -> float:
        user, _nice, system, _idle, _wait, *interrupts = Path("/proc/stat").read_text("ascii").split()[1:9]
        busy = sum(map(int, (user, system, *interrupts))) / _TICKS
        return busy - sum(cpu_seconds(pid) for pid in with_children(os.getpid()))

    @property
    def cores(self) -> float:
        """The cores that they kept busy, on average."""
        return max((self._theirs() - self._before) / (time.perf_counter() - self._start), 0.0)


async def rounds(
    repeats: int, probes: Sequence[tuple[Side, Probe]], *, warm_ups: int = 0, foreign: list[float] | None = None
) -> Samples:
    """Run every probe once a round, in turn; every other round backwards. The first `warm_ups` rounds come besides, and do not
    count. `foreign` gets the cores that others kept busy in each round.
    """
    samples: dict[Side, defaultdict[str, list[float]]] = {side: defaultdict(list) for side in Side}
    for number in range(-warm_ups, repeats):
        others = Foreign()
        for side, probe in probes if number % 2 == 0 else reversed(probes):
            for name, milliseconds in (await probe()).items():
                if number >= 0:
                    samples[side][name].append(milliseconds)
        if foreign is not None and number >= 0:
            foreign.append(others.cores)
    return samples


def rows(samples: Samples) -> list[Row]:
    """A row for each of our figures, with the naive script's beside it where it has one of that name."""
    return [_row(name, ours, samples[Side.NAIVE].get(name, ())) for name, ours in samples[Side.OURS].items()]


def _row(name: str, ours: Sequence[float], naive: Sequence[float]) -> Row:
    if not naive:
        return Row(name, Figure.of(ours))
    ratio = statistics.median(a / b for a, b in zip(ours, naive, strict=True))
    return Row(name, Figure.of(ours), Figure.of(naive), ratio)
