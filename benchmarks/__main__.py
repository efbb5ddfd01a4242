"""`./run bench [--write]`: every figure of docs/performance.md, in under three minutes on two cores.

`measure(plan)` is the whole bench; the command line prints what it gave and, with --write, puts it into the document.
Exit codes: 0 done, 1 a step did not do what it is timed for.
"""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from benchmarks.desk import desk
from benchmarks.house import alone, memory, whole_way
from benchmarks.material import corpus, plain_notices
from benchmarks.measuring import rounds, rows
from benchmarks.report import Machine, Report, show, written
from benchmarks.sink import sink
from benchmarks.steps import keeping, looking_up, reading
from benchmarks.way import way
from benchmarks.whole_corpus import inspecting, reading_right
from bot import log
from bot.core.text.dates import JAPAN

DOCUMENT = Path(__file__).parents[1] / "docs" / "performance.md"


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to measure. `of_each`: at most so many papers of each producer; `papers`: of the corpus for `inspect`.

    `look_ups` and `alone`: so many in a round. `registers`: sizes in rows; a mail's way is measured with the smallest.
    """

    repeats: int = 5
    of_each: int = 8
    papers: int = 1000
    look_ups: int = 10
    alone: int = 6
    registers: tuple[int, ...] = (1_000, 20_000)
    clients: tuple[int, ...] = (1, 10)


async def measure(plan: Plan, command: str) -> Report:
    """Take all figures."""
    machine = Machine.here()
    papers = corpus()[: plan.papers]
    samples = plain_notices(corpus(), plan.of_each)
    with tempfile.TemporaryDirectory(prefix="hosho-bench-") as folder:
        async with sink() as relay:
            place = await desk(Path(folder), samples, plan.registers, relay)
            probes = [
                *keeping(place),
                *reading(place),
                *(probe for size in plan.registers for probe in looking_up(place, size, plan.look_ups)),
                *way(place),
                *alone(place, plan.alone),
                *(probe for clients in plan.clients for probe in whole_way(place, clients)),
                *inspecting(papers),
            ]
            samples_by_side = await rounds(plan.repeats, probes)
            return Report(
                day=datetime.now(UTC).astimezone(JAPAN).date(),
                command=command,
                repeats=plan.repeats,
                mails=len(samples),
                machine=machine,
                rows=rows(samples_by_side),
                memory=await memory(place),
                right=await reading_right(papers),
            )


@click.command()
@click.option("--repeats", default=Plan().repeats, show_default=True, type=click.IntRange(min=1), help="Rounds.")
@click.option("--write", is_flag=True, help="Put the figures into docs/performance.md.")
def main(*, repeats: int, write: bool) -> None:
    """Time one mail's way step by step, beside a naive script on the same mails."""
    log.configure("error", "text")
    command = "./run bench" if repeats == Plan().repeats else f"./run bench --repeats {repeats}"
    report = asyncio.run(measure(Plan(repeats=repeats), command))
    show(report)
    if write:
        DOCUMENT.write_text(written(DOCUMENT.read_text("utf-8"), report), "utf-8")


if __name__ == "__main__":
    main(prog_name="./run bench")
