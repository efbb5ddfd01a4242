"""A queue of mails in simulated time, from measured costs: `python -m benchmarks.simulation [--write]`.

First it repeats what benchmarks/several.py measured, so that one sees how far to trust it; then what an office, a prefecture and the
country need. With --write the tables go into docs/scaling.md. The same seed gives the same figures. Raises nothing.
"""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import click
import simpy

from benchmarks.report import SIMULATION, table

SLICE = 0.02
"""Seconds for which a process has a core before the next one gets it."""
CHILDREN = 2
"""Mails that a daemon reads at once."""
SPREAD = 0.3
"""A mail takes so much more or less than the mean."""
SEED = 20261201


@dataclass(frozen=True, slots=True)
class Costs:
    """Seconds of CPU for one mail. `turn`: facts, verdict and settling, one mail at a time of all daemons; `server`: PostgreSQL's."""

    read: float
    turn: float
    rest: float
    turn_server: float
    rest_server: float

    @property
    def whole(self) -> float:
        """Of all processes."""
        return self.read + self.turn + self.rest + self.turn_server + self.rest_server


@dataclass(frozen=True, slots=True)
class Plant:
    """Machines with daemons on them, spread evenly. `server_apart`: PostgreSQL has a machine of its own with as many cores."""

    machines: int
    cores: int
    daemons: int
    server_apart: bool = True


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run gave: mails a second, seconds from arrival to letter (mean, 99th of 100), share of the time that cores and the turn were busy."""

    rate: float
    mean: float
    p99: float
    cores_busy: float
    turn_busy: float


class _Run:
    def __init__(self, costs: Costs, plant: Plant) -> None:
        self.time = simpy.Environment()
        self._costs, self._plant, self._chance = costs, plant, random.Random(SEED)  # noqa: S311 - chance that repeats
        self._machines = [simpy.Resource(self.time, plant.cores) for _ in range(plant.machines)]
        self._server = simpy.Resource(self.time, plant.cores) if plant.server_apart else self._machines[0]
        self._children = [simpy.Resource(self.time, CHILDREN) for _ in range(plant.daemons)]
        self._turn = simpy.Resource(self.time)
        self._daemons = count()
        self._worked = self._turned = 0.0
        self.took: list[float] = []

    def _work(self, cores: simpy.Resource, mean: float) -> Generator[Any, Any, None]:
        left = mean * self._chance.uniform(1 - SPREAD, 1 + SPREAD)
        while left > 0:
            with cores.request() as core:
                yield core
                used = min(left, SLICE)
                yield self.time.timeout(used)
                self._worked += used
                left -= used

    def mail(self) -> Generator[Any, Any, None]:
        """One mail, from its arrival to its letter."""
        daemon, arrived, costs = next(self._daemons) % self._plant.daemons, self.time.now, self._costs
        machine = self._machines[daemon % self._plant.machines]
        with self._children[daemon].request() as child:
            yield child
            yield from self._work(machine, costs.read)
        with self._turn.request() as turn:
            yield turn
            began = self.time.now
            yield from self._work(machine, costs.turn)
            yield from self._work(self._server, costs.turn_server)
            self._turned += self.time.now - began
        yield from self._work(machine, costs.rest)
        yield from self._work(self._server, costs.rest_server)
        self.took.append(self.time.now - arrived)

    def arrivals(self, rate: float, mails: int) -> Generator[Any, Any, None]:
        """So many mails by chance, `rate` a second (Poisson)."""
        for _ in range(mails):
            yield self.time.timeout(self._chance.expovariate(rate))
            self.time.process(self.mail())

    def outcome(self) -> Outcome:
        """Until the last letter is out."""
        self.time.run()
        cores = self._plant.cores * (self._plant.machines + self._plant.server_apart)
        last = sorted(self.took)[math.ceil(0.99 * len(self.took)) - 1]
        seconds = self.time.now
        rate = len(self.took) / seconds
        return Outcome(rate, statistics.fmean(self.took), last, self._worked / seconds / cores, self._turned / seconds)


def at_once(costs: Costs, plant: Plant, mails: int) -> Outcome:
    """All mails wait at the start, as when clients hand them in as fast as they are taken."""
    run = _Run(costs, plant)
    for _ in range(mails):
        run.time.process(run.mail())
    return run.outcome()


def by_chance(costs: Costs, plant: Plant, rate: float, mails: int) -> Outcome:
    """Mails that arrive by chance, `rate` a second."""
    run = _Run(costs, plant)
    run.time.process(run.arrivals(rate, mails))
    return run.outcome()


def erlang_wait(rate: float, work: float, servers: int) -> float:
    """The mean wait of M/M/c in seconds (Erlang's C); infinite where more comes than is done. Source: Erlang 1917, Kleinrock 1975, 3.4."""
    load = rate * work
    if load >= servers:
        return math.inf
    last = load**servers / math.factorial(servers) * servers / (servers - load)
    waits = last / (sum(load**k / math.factorial(k) for k in range(servers)) + last)
    return waits * work / (servers - load)


@dataclass(frozen=True, slots=True)
class Measured:
    """A row of benchmarks/several.py: ms of CPU a mail, and mails a second of so many daemons on two cores, server included."""

    daemons: int
    ours: float
    server: float
    rate: float


MEASURED = (Measured(1, 173, 28, 8.0), Measured(2, 185, 29, 8.0), Measured(4, 185, 46, 8.0))
TURN, TURN_SERVER = 0.3, 0.5
"""The turn's shares of the daemons' CPU without reading, and of the server's."""
READ = 0.6
"""Reading's share of the daemons' CPU."""
FISCAL_YEARS_END = (
    # who, mails a second, mails
    ("one office, its peak hour", 20 / 3600, 200),
    ("a prefecture, 44 municipalities", 250 / 3600, 500),
    ("all ~1,800 bodies", 10_000 / 3600, 3_000),
    ("the same, an hour's mails in ten minutes", 10_000 / 600, 10_000),
)
PLANTS = (Plant(1, 2, 1), Plant(2, 2, 2), Plant(3, 2, 3), Plant(3, 4, 3))


def costs_of(one: Measured) -> Costs:
    """Its figures by step."""
    ours, server = one.ours / 1000, one.server / 1000
    other = ours * (1 - READ)
    turn, asked = other * TURN, server * TURN_SERVER
    return Costs(ours * READ, turn, other - turn, asked, server - asked)


def repeated() -> Iterator[tuple[Measured, Outcome]]:
    """What was measured, and what the simulation gives for it."""
    for one in MEASURED:
        plant = Plant(machines=1, cores=2, daemons=one.daemons, server_apart=False)
        yield one, at_once(costs_of(one), plant, mails=480)


def planned() -> Iterator[tuple[str, Plant, Outcome, float]]:
    """Who needs what: each load on each plant that carries it, and the wait by Erlang."""
    costs = costs_of(MEASURED[-1])
    for who, rate, mails in FISCAL_YEARS_END:
        for plant in PLANTS:
            cores = plant.machines * plant.cores
            yield who, plant, by_chance(costs, plant, rate, mails), erlang_wait(rate, costs.whole, cores)


def _tables() -> str:
    """Both, as Markdown."""
    first = {
        f"{one.daemons}": [one.ours, one.server, one.rate, found.rate, found.rate / one.rate]
        for one, found in repeated()
    }
    lines = [
        table(
            (
                "daemons",
                "CPU ms, daemons",
                "CPU ms, PostgreSQL",
                "mails a second, measured",
                "simulated",
                "simulated : measured",
            ),
            first,
        ),
        "",
        "| who | machines × cores, and the server's | mean s to the letter | 99th of 100 | cores busy | turn busy | Erlang's mean wait, s |",
        "|---|--:|--:|--:|--:|--:|--:|",
        *(
            f"| {who} | {plant.machines} × {plant.cores} + {plant.cores} | {found.mean:.2f} | {found.p99:.2f} | {found.cores_busy:.0%} "
            f"| {found.turn_busy:.0%} | {_wait(wait)} |"
            for who, plant, found, wait in planned()
        ),
    ]
    return "\n".join(lines)


def _wait(seconds: float) -> str:
    return "more comes than is done" if math.isinf(seconds) else f"{seconds:.3f}"


@click.command()
@click.option("--write", is_flag=True, help="Put the tables into docs/scaling.md.")
def main(*, write: bool) -> None:
    """Simulate what was measured, and what offices need."""
    figures = _tables()
    click.echo(figures)
    if write:
        SIMULATION.write(figures)


if __name__ == "__main__":
    main()
