"""The figures as a table on the screen and as the middle of docs/performance.md.

Called by __main__.py. What is written names the machine by its kind only: no path, no host.
Raises ValueError when the document has lost the marks between which the figures stand.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date

from rich.console import Console
from rich.table import Table

from benchmarks.house import Memory
from benchmarks.measuring import Figure, Row, Side
from benchmarks.whole_corpus import Right

BEGIN = "<!-- figures: written by ./run bench --write -->"
END = "<!-- end of the figures -->"
_TITLES = ("step (ms a mail)", "ours", "min – max", "naive script", "min – max", "ours : naive")


@dataclass(frozen=True, slots=True)
class Machine:
    """What the figures depend on. `load`: the average number of processes that wanted to run in the minute before."""

    cores: int
    python: str
    system: str
    load: float
    has_bytecode: bool
    foreign: tuple[float, ...] = ()  # cores that others kept busy, by round

    @classmethod
    def here(cls) -> Machine:
        """The machine that runs this."""
        return cls(
            os.cpu_count() or 1,
            platform.python_version(),
            platform.system(),
            os.getloadavg()[0],
            not sys.dont_write_bytecode,
        )

    def __str__(self) -> str:
        cores = sorted(self.foreign)
        others = f", others kept {cores[0]:.1f} – {cores[-1]:.1f} cores busy in the rounds" if cores else ""
        bytecode = "" if self.has_bytecode else ", no bytecode files (every start compiles)"
        return f"{self.cores} cores, Python {self.python}, {self.system}, load {self.load:.1f} before the start{others}{bytecode}"


@dataclass(frozen=True, slots=True)
class Report:
    """All that one run of the bench gave. `command`: how to repeat it."""

    day: date
    command: str
    repeats: int
    mails: int
    machine: Machine
    rows: Sequence[Row]
    memory: Mapping[str, Memory]
    right: dict[Side, Right]

    def head(self) -> str:
        """What was run, when, on what."""
        return f"`{self.command}`, {self.day}; {self.repeats} rounds of {self.mails} mails; {self.machine}"

    def notes(self) -> Iterator[str]:
        """What is no time: memory and right readings."""
        for kind, memory in self.memory.items():
            for when, sizes in (("idle", memory.idle), (f"after {self.mails} mails", memory.after)):
                daemon, *children = (f"{size:.0f}" for size in sizes)
                total = f"{sum(sizes):.0f} MiB in all"
                servers = f"fork servers {' + '.join(children)} MiB"
                yield f"Resident memory, {when}{kind}: daemon {daemon} MiB, {servers}, {total}."
        for side, name in ((Side.OURS, "ours"), (Side.NAIVE, "naive script")):
            if (found := self.right.get(side)) is None:
                continue
            wrong = f"{found.wrong} wrong: {found.held} held for a person, {found.wrong - found.held} taken"
            yield f"Number and key read right, {name}: {found.right} of {found.notices} notices, {wrong}."


def as_json(report: Report) -> str:
    """All figures, for a program: every row with median, lowest and highest of both sides."""
    return json.dumps(asdict(report), default=str, ensure_ascii=False, indent=1) + "\n"


def show(report: Report) -> None:
    """Print it."""
    console = Console(width=None if Console().is_terminal else 140, highlight=False)
    table = Table(*_TITLES[:1], title=report.head(), header_style="bold")
    for title in _TITLES[1:]:
        table.add_column(title, justify="right")
    for row in report.rows:
        table.add_row(*_cells(row))
    console.print(table)
    for note in report.notes():
        console.print(note)


def written(document: str, report: Report) -> str:
    """The document with these figures in the place of the old ones."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the document lacks the marks {BEGIN} and {END}")
    lines = [
        report.head(),
        "",
        f"| {' | '.join(_TITLES)} |",
        "|---|--:|--:|--:|--:|--:|",
        *(f"| {' | '.join(_cells(row))} |" for row in report.rows),
        "",
        *(f"- {note}" for note in report.notes()),
    ]
    return "".join((before, BEGIN, "\n\n", "\n".join(lines), "\n\n", END, after))


def _cells(row: Row) -> tuple[str, ...]:
    naive = _of(row.naive) if row.naive else ("–", "")
    return (row.name, *_of(row.ours), *naive, f"{_number(row.ratio)} : 1" if row.ratio is not None else "")


def _of(figure: Figure) -> tuple[str, str]:
    return _number(figure.median), f"{_number(figure.lowest)} – {_number(figure.highest)}"


def _number(value: float) -> str:
    """Three figures that mean something."""
    digits = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 0.1 else 3
    return f"{value:,.{digits}f}"
