"""The whole corpus at once: how long `inspect` takes for it as a process, and how much of it is read right.

Run by __main__.py. A notice is right when its number and its key are those that a person reads on the paper; what is
reported and stands on no paper is wrong. Raises RuntimeError when `inspect` fails.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import naive
from benchmarks.material import Sample, as_files
from benchmarks.measuring import Laps, Probe, Side, Times

Pair = tuple[str, str]
"""A notice's number and key."""


def inspecting(corpus: Sequence[Sample]) -> list[tuple[Side, Probe]]:
    """`inspect` over every mail, its start included; the naive script only reads them, and needs no start."""
    row = f"inspect: {len(corpus)} mails, each"

    async def ours() -> Times:
        laps = Laps()
        with as_files(corpus[:1]) as one, as_files(corpus) as all_of_them:
            with laps("inspect: one mail, start included"):
                await _inspect(one)
            with laps(row, of=len(corpus)):
                await _inspect(all_of_them)
        return laps.times

    async def theirs() -> Times:
        laps = Laps()
        for sample in corpus:
            with laps(row):
                naive.read(sample.content)
        return laps.times

    return [(Side.OURS, ours), (Side.NAIVE, theirs)]


@dataclass(frozen=True, slots=True)
class Right:
    """How many of the corpus's notices were read right, and how many were reported that stand nowhere."""

    notices: int
    right: int
    wrong: int

    @classmethod
    def of(cls, expected: Sequence[frozenset[Pair]], found: Sequence[frozenset[Pair]]) -> Right:
        """Compare paper by paper."""
        pairs = list(zip(expected, found, strict=True))
        return cls(
            sum(map(len, expected)),
            sum(len(there & seen) for there, seen in pairs),
            sum(len(seen - there) for there, seen in pairs),
        )


async def reading_right(corpus: Sequence[Sample]) -> dict[Side, Right]:
    """Both sides' readings of the corpus."""
    expected = [frozenset((notice.number, notice.auth_key) for notice in sample.notices) for sample in corpus]
    with as_files(corpus) as folder:
        ours = [_pairs(row) for row in await _inspect(folder)]
    theirs = [_pair(naive.read(sample.content).fields) for sample in corpus]
    return {Side.OURS: Right.of(expected, ours), Side.NAIVE: Right.of(expected, theirs)}


def _pairs(row: dict[str, list[dict[str, str]]]) -> frozenset[Pair]:
    return frozenset((each["guarantee_number"], each["auth_key"]) for each in row["submissions"])


def _pair(fields: dict[str, str]) -> frozenset[Pair]:
    complete = "number" in fields and "auth_key" in fields
    return frozenset({(fields["number"], fields["auth_key"])}) if complete else frozenset()


async def _inspect(folder: Path) -> list[dict[str, list[dict[str, str]]]]:
    """A row for each mail, by name."""
    command = (sys.executable, "-m", "bot", "inspect", "--json", "--reveal-keys", str(folder))
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"inspect ended with exit code {process.returncode}")
    return [json.loads(line) for line in output.splitlines()]
