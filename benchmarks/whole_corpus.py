"""The whole corpus at once: how long `inspect` takes for it as a process, and how much of it is read right.

Run by __main__.py. A notice is right when its number and its key are those that a person reads on the paper; what is
reported and stands on no paper is wrong. The register knows all that is reported, so what is held is held for its paper's sake.
Raises RuntimeError when `inspect` fails.
"""

from __future__ import annotations

import asyncio
import csv
import io
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import naive
from benchmarks.material import Sample, as_files
from benchmarks.measuring import Laps, Probe, Side, Times

Pair = tuple[str, str]
"""A notice's number and key."""
Row = dict[str, list[dict[str, str]]]
"""What `inspect` reports of a mail."""


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
    """How many of the corpus's notices were read right, and how many were reported that stand nowhere. `held`: of these, for a person."""

    notices: int
    right: int
    wrong: int
    held: int = 0

    @classmethod
    def of(
        cls,
        expected: Sequence[frozenset[Pair]],
        found: Sequence[frozenset[Pair]],
        accepted: Sequence[frozenset[Pair]] | None = None,
    ) -> Right:
        """Compare paper by paper. `accepted`: those of the found that no person looks at; None = all of them."""
        rows = list(zip(expected, found, found if accepted is None else accepted, strict=True))
        wrong = sum(len(seen - there) for there, seen, _ in rows)
        taken = sum(len(taken - there) for there, _, taken in rows)
        return cls(sum(map(len, expected)), sum(len(there & seen) for there, seen, _ in rows), wrong, wrong - taken)


async def reading_right(corpus: Sequence[Sample]) -> dict[Side, Right]:
    """Both sides' readings of the corpus."""
    expected = [frozenset((notice.number, notice.auth_key) for notice in sample.notices) for sample in corpus]
    with as_files(corpus) as folder, tempfile.TemporaryDirectory() as beside:
        found = await _inspect(folder)
        register = Path(beside) / "register.csv"
        register.write_text(_register(found), "utf-8-sig")
        judged = await _inspect(folder, "--register", str(register))
    theirs = [_pair(naive.read(sample.content).fields) for sample in corpus]
    ours = Right.of(expected, list(map(_pairs, found)), [_pairs(row, "accepted") for row in judged])
    return {Side.OURS: ours, Side.NAIVE: Right.of(expected, theirs)}


_COLUMNS = {
    "保証契約番号": "guarantee_number",
    "商品（保証区分）": "product_text",
    "工事名": "project_name",
    "受注者名": "contractor",
}


def _register(rows: Sequence[Row]) -> str:
    """A register of all that was reported, also of what is wrong."""
    known = {each["guarantee_number"]: each for row in rows for each in row["submissions"] if each["guarantee_number"]}
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(_COLUMNS)
    table.writerows([each[name] for name in _COLUMNS.values()] for each in known.values())
    return text.getvalue()


def _pairs(row: Row, state: str = "") -> frozenset[Pair]:
    """What was reported of a mail, in this state; "" = in any."""
    return frozenset(
        (each["guarantee_number"], each["auth_key"]) for each in row["submissions"] if state in {"", each["state"]}
    )


def _pair(fields: dict[str, str]) -> frozenset[Pair]:
    complete = "number" in fields and "auth_key" in fields
    return frozenset({(fields["number"], fields["auth_key"])}) if complete else frozenset()


async def _inspect(folder: Path, *options: str) -> list[Row]:
    """A row for each mail, by name."""
    command = (sys.executable, "-m", "bot", "inspect", "--json", "--reveal-keys", *options, str(folder))
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"inspect ended with exit code {process.returncode}")
    return [json.loads(line) for line in output.splitlines()]
