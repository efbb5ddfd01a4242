"""Figures as a table on the screen, and as tables and plots between marks in a document.

Called by __main__.py, growth.py and simulation.py. What is written names the machine by its kind only: no path, no host.
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
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.house import Memory
from benchmarks.measuring import Figure, Row, Side
from benchmarks.whole_corpus import Right

_DOCS = Path(__file__).parents[1] / "docs"


@dataclass(frozen=True, slots=True)
class Place:
    """Where figures stand in a document: between two comments, of which the first names the command that writes them."""

    document: Path
    command: str

    @property
    def begin(self) -> str:
        """The comment above them."""
        return f"<!-- figures: written by {self.command} --write -->"

    @property
    def end(self) -> str:
        """The comment below them."""
        return f"<!-- end of {self.command} -->"

    def filled(self, text: str, figures: str) -> str:
        """The document's text with these figures for the old ones."""
        before, begin, rest = text.partition(self.begin)
        _, end, after = rest.partition(self.end)
        if not (begin and end):
            raise ValueError(f"the document lacks the marks {self.begin} and {self.end}")
        return f"{before}{begin}\n\n{figures}\n\n{end}{after}"

    def write(self, figures: str) -> None:
        """Put them into the document."""
        self.document.write_text(self.filled(self.document.read_text("utf-8"), figures), "utf-8")


BENCH = Place(_DOCS / "performance.md", "./run bench")
GROWTH = Place(_DOCS / "performance.md", "python -m benchmarks.growth")
SIMULATION = Place(_DOCS / "scaling.md", "python -m benchmarks.simulation")
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


def as_markdown(report: Report) -> str:
    """What stands in the document: the table, a plot of one mail's way, the notes."""
    steps = {row.name.removeprefix("way: "): [row.ours.median] for row in report.rows if row.name.startswith("way: ")}
    steps.pop("all of it", None)
    lines = [
        report.head(),
        "",
        f"| {' | '.join(_TITLES)} |",
        "|---|--:|--:|--:|--:|--:|",
        *(f"| {' | '.join(_cells(row))} |" for row in report.rows),
        "",
        *(f"- {note}" for note in report.notes()),
    ]
    if steps:
        lines += [
            "",
            _chart("One mail's way, ms by step", list(steps), "ms", [("bar", [one for (one,) in steps.values()])]),
        ]
    return "\n".join(lines)


def table(heads: Sequence[str], lines: Mapping[str, Sequence[float]]) -> str:
    """Figures in Markdown, a line each."""
    return "\n".join(
        (
            f"| {' | '.join(heads)} |",
            "|---" + "|--:" * (len(heads) - 1) + "|",
            *(f"| {name} | {' | '.join(map(_number, figures))} |" for name, figures in lines.items()),
        )
    )


def plot(title: str, heads: Sequence[str], lines: Mapping[str, Sequence[float]], unit: str = "ms") -> str:
    """The same as a plot, for whoever shows Mermaid (GitHub, GitLab): a line each, from top to bottom of the table."""
    return _chart(title, heads, unit, [("line", figures) for figures in lines.values()])


def _chart(title: str, heads: Sequence[str], unit: str, lines: Sequence[tuple[str, Sequence[float]]]) -> str:
    axis = ", ".join(f'"{head}"' for head in heads)
    drawn = [f"    {kind} [{', '.join(f'{one:.4g}' for one in figures)}]" for kind, figures in lines]
    words = [
        "```mermaid",
        "xychart-beta",
        f'    title "{title}"',
        f"    x-axis [{axis}]",
        f'    y-axis "{unit}"',
        *drawn,
    ]
    return "\n".join((*words, "```"))


def _cells(row: Row) -> tuple[str, ...]:
    naive = _of(row.naive) if row.naive else ("–", "")
    return (row.name, *_of(row.ours), *naive, f"{_number(row.ratio)} : 1" if row.ratio is not None else "")


def _of(figure: Figure) -> tuple[str, str]:
    return _number(figure.median), f"{_number(figure.lowest)} – {_number(figure.highest)}"


def _number(value: float) -> str:
    """Three figures that mean something."""
    digits = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 0.1 else 3
    return f"{value:,.{digits}f}"
