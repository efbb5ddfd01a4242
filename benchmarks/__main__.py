"""`./run bench [--write]`: every figure of docs/performance.md, in some minutes on two cores.

`measure(plan)` is the whole bench; the command line prints what it gave and, with --write, puts it into the document.
Exit codes: 0 done, 1 a step did not do what it is timed for.
"""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import click

from benchmarks.desk import desk
from benchmarks.doors import doors
from benchmarks.house import COMPARING, alone, evenly, memory, whole_way
from benchmarks.material import corpus, plain_notices
from benchmarks.measuring import rounds, rows
from benchmarks.report import BENCH, Machine, Report, as_json, as_markdown, show
from benchmarks.sink import sink
from benchmarks.steps import keeping, looking_up, reading
from benchmarks.way import way
from benchmarks.whole_corpus import inspecting, reading_right
from bot import log
from bot.core.text.dates import JAPAN
from bot.documents.images.sight import is_installed

PARTS = ("keep", "read", "look-up", "way", "house", "door", "inspect")


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to measure. `of_each`: at most so many papers of each producer; `papers`: of the corpus for `inspect`.

    `look_ups` and `alone`: so many in a round. `compares`: also with the recogniser. `registers`: sizes in rows; a mail's way is measured with the smallest.
    """

    repeats: int = 5
    of_each: int = 8
    papers: int = 1000
    look_ups: int = 10
    alone: int = 6
    registers: tuple[int, ...] = (1_000, 20_000)
    clients: tuple[int, ...] = (1, 10)
    sessions: tuple[int, ...] = (10, 50)
    warm_ups: int = 1
    parts: tuple[str, ...] = PARTS
    compares: bool = field(default_factory=is_installed)


async def measure(plan: Plan, command: str) -> Report:
    """Take all figures."""
    machine = Machine.here()
    papers = corpus()[: plan.papers]
    samples = plain_notices(corpus(), plan.of_each)
    known = {sample.name for sample in samples}
    warming = tuple(sample for sample in plain_notices(corpus(), 1000) if sample.name not in known)
    with tempfile.TemporaryDirectory(prefix="hosho-bench-") as folder:
        async with sink() as relay:
            place = await desk(Path(folder), samples, warming, plan.registers, relay)
            probes = {
                "keep": [keeping(place)],
                "read": [reading(place)],
                "look-up": [looking_up(place, size, plan.look_ups) for size in plan.registers],
                "way": [way(place)],
                "house": [
                    alone(place, plan.alone),
                    *(whole_way(place, clients) for clients in plan.clients),
                    *([whole_way(place, plan.clients[-1], sees=True)] if plan.compares else []),
                    evenly(place),
                ],
                "door": [doors(place, sessions) for sessions in plan.sessions],
                "inspect": [inspecting(papers)],
            }
            chosen = [probe for part in plan.parts for pairs in probes[part] for probe in pairs]
            foreign: list[float] = []
            samples_by_side = await rounds(plan.repeats, chosen, warm_ups=plan.warm_ups, foreign=foreign)
            kinds = {"": False} | ({COMPARING: True} if plan.compares else {})
            return Report(
                day=datetime.now(UTC).astimezone(JAPAN).date(),
                command=command,
                repeats=plan.repeats,
                mails=len(samples),
                machine=replace(machine, foreign=tuple(foreign)),
                rows=rows(samples_by_side),
                memory={kind: await memory(place, sees=sees) for kind, sees in kinds.items()}
                if "house" in plan.parts
                else {},
                right=await reading_right(papers) if "inspect" in plan.parts else {},
            )


@click.command()
@click.option("--repeats", default=Plan().repeats, show_default=True, type=click.IntRange(min=1), help="Rounds.")
@click.option("--part", "parts", multiple=True, type=click.Choice(PARTS), help="Only this; may be given several times.")
@click.option("--write", is_flag=True, help="Put the figures into docs/performance.md.")
@click.option("--json", "file", type=click.Path(path_type=Path), help="Write them to this file, for a program.")
def main(*, repeats: int, parts: tuple[str, ...], write: bool, file: Path | None) -> None:
    """Time one mail's way step by step, beside a naive script on the same mails."""
    log.configure("error", "text")
    plan = Plan(repeats=repeats, parts=parts or PARTS)
    options = [f"--part {part}" for part in parts] + ([] if repeats == Plan().repeats else [f"--repeats {repeats}"])
    report = asyncio.run(measure(plan, " ".join(["./run bench", *options])))
    show(report)
    if file:
        file.write_text(as_json(report), "utf-8")
    if write:
        BENCH.write(as_markdown(report))


if __name__ == "__main__":
    main(prog_name="./run bench")
