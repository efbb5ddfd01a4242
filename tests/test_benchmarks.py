"""The bench runs, its figures are of mails that ended well, and its report says what was measured."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Awaitable, Callable
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from benchmarks import material, naive, startup
from benchmarks.__main__ import Plan, measure
from benchmarks.house import Memory
from benchmarks.material import arrival, plain_notices, register
from benchmarks.measuring import Figure, Laps, Row, Side, Times, rounds, rows
from benchmarks.report import BENCH, GROWTH, SIMULATION, Machine, Place, Report, as_json, as_markdown
from benchmarks.simulation import Costs, Plant, at_once, by_chance, erlang_wait
from benchmarks.whole_corpus import Right
from bot.core.records.envelope import identity
from bot.core.records.guarantee import GuaranteeState

TINY = Plan(
    repeats=1,
    of_each=1,
    papers=2,
    look_ups=1,
    alone=1,
    registers=(20,),
    clients=(2,),
    sessions=(2,),
    warm_ups=0,
    compares=False,
)
REPORT = Report(
    day=date(2026, 11, 22),
    command="./run bench",
    repeats=5,
    mails=24,
    machine=Machine(2, "3.11.7", "Linux", 0.25, has_bytecode=True),
    rows=(
        Row("compose", Figure(2.0, 1.5, 12.0), Figure(4.0, 0.0321, 1234.5), 0.5),
        Row("keep (T1)", Figure(0.5, 0.25, 0.75)),
    ),
    memory={"": Memory((60.4, 36.0, 36.0), (61.0, 36.0, 66.0))},
    right={Side.OURS: Right(71, 71, 0), Side.NAIVE: Right(71, 30, 1)},
)


corpus = cache(material.corpus)
"""Its mails are made of the papers, which takes longer than each of these tests."""


def giving(*figures: float, log: list[float]) -> Callable[[], Awaitable[Times]]:
    left = list(figures)

    async def probe() -> Times:
        log.append(left[0])
        return {"step": left.pop(0)}

    return probe


async def test_both_sides_take_turns_and_the_ratio_is_the_median_of_the_rounds_own() -> None:
    log: list[float] = []
    probes = [(Side.OURS, giving(10, 40, 90, log=log)), (Side.NAIVE, giving(5, 10, 45, log=log))]
    found = rows(await rounds(3, probes))
    assert found == [Row("step", Figure(40, 10, 90), Figure(10, 5, 45), 2.0)]
    assert log == [10, 5, 10, 40, 90, 45]


async def test_rounds_that_warm_up_do_not_count_and_the_load_of_others_is_noted() -> None:
    log: list[float] = []
    foreign: list[float] = []
    found = await rounds(2, [(Side.OURS, giving(100, 1, 3, log=log))], warm_ups=1, foreign=foreign)
    assert (list(found[Side.OURS]["step"]), log) == ([1, 3], [100, 1, 3])
    assert [one >= 0 for one in foreign] == [True, True]


async def test_a_step_that_the_naive_script_does_not_have_stands_alone() -> None:
    assert rows(await rounds(2, [(Side.OURS, giving(1, 3, log=[]))])) == [Row("step", Figure(2, 1, 3))]


def test_laps_share_a_batch_among_its_mails() -> None:
    laps = Laps()
    with laps("batch", of=1000), laps("whole"):
        pass
    times = laps.times
    assert list(times) == ["whole", "batch"]
    assert times["batch"] * 1000 >= times["whole"] >= 0


def test_every_mail_of_the_way_has_one_notice_and_a_number_of_its_own() -> None:
    samples = plain_notices(corpus(), 8)
    numbers = [notice.number for sample in samples for notice in sample.notices]
    assert (len(samples), len(numbers), len(set(numbers))) == (24, 24, 24)
    assert len({sample.sender for sample in samples}) == 24


def test_copies_of_a_mail_are_different_mails() -> None:
    (sample, *_) = corpus()
    assert len({identity(arrival(sample, copy=copy).content) for copy in range(3)}) == 3


@pytest.mark.parametrize(("size", "awaited"), [(100, 100), (5_000, 2_000)])
def test_a_register_has_its_size_its_numbers_once_and_no_more_awaited_than_are_compared(
    size: int, awaited: int
) -> None:
    found = register(size, plain_notices(corpus(), 8))
    is_awaited = [each.state in {GuaranteeState.EXPECTED, GuaranteeState.ISSUED} for each in found]
    assert (len(found), len({each.number for each in found}), sum(is_awaited)) == (size, size, awaited)


def test_the_naive_script_reads_a_leaflets_notice_and_notes_it(tmp_path: Path) -> None:
    (sample,) = (each for each in corpus() if each.name == "chromium-leaflet")
    (notice,) = sample.notices
    mail = naive.read(sample.content)
    assert (mail.fields["number"], mail.fields["auth_key"]) == (notice.number, notice.auth_key)
    ledger = naive.Ledger(tmp_path / "ledger.db", register(50, [sample]))
    guarantee_id = ledger.find(notice.number)
    ledger.note(mail, guarantee_id)
    ledger.close()
    answer = naive.compose(mail, guarantee_id)
    assert mail.fields["project_name"] in answer.get_content()
    assert "受け付けました" in answer.get_content()
    assert "台帳に見つかりません" in naive.compose(mail, None).get_content()


def test_what_is_reported_and_stands_on_no_paper_counts_as_wrong() -> None:
    there = [frozenset({("1", "a"), ("2", "b")}), frozenset({("3", "c")}), frozenset()]
    seen = [frozenset({("1", "a")}), frozenset({("3", "C")}), frozenset({("4", "d")})]
    assert Right.of(there, seen) == Right(notices=3, right=1, wrong=2)
    taken = [frozenset({("1", "a")}), frozenset({("3", "C")}), frozenset()]
    assert Right.of(there, seen, taken) == Right(notices=3, right=1, wrong=2, held=1)


def test_the_document_gets_the_figures_between_its_marks_and_keeps_its_words() -> None:
    document = f"# Title\n\n{BENCH.begin}\nold figures\n{BENCH.end}\n\nWords.\n"
    new = BENCH.filled(document, as_markdown(REPORT))
    assert new == (
        f"""# Title

{BENCH.begin}

`./run bench`, 2026-11-22; 5 rounds of 24 mails; 2 cores, Python 3.11.7, Linux, load 0.2 before the start

| step (ms a mail) | ours | min – max | naive script | min – max | ours : naive |
|---|--:|--:|--:|--:|--:|
| compose | 2.00 | 1.50 – 12.0 | 4.00 | 0.032 – 1,234 | 0.50 : 1 |
| keep (T1) | 0.50 | 0.25 – 0.75 | – |  |  |

- Resident memory, idle: daemon 60 MiB, fork servers 36 + 36 MiB, 132 MiB in all.
- Resident memory, after 24 mails: daemon 61 MiB, fork servers 36 + 66 MiB, 163 MiB in all.
- Number and key read right, ours: 71 of 71 notices, 0 wrong: 0 held for a person, 0 taken.
- Number and key read right, naive script: 30 of 71 notices, 1 wrong: 0 held for a person, 1 taken.

{BENCH.end}

Words.
"""
    )
    assert BENCH.filled(new, as_markdown(REPORT)) == new


def test_a_document_without_the_marks_is_left_alone() -> None:
    with pytest.raises(ValueError, match="lacks the marks"):
        BENCH.filled("# Title\n", "figures")


@pytest.mark.parametrize(
    ("place", "row"),
    [(BENCH, "way: all of it"), (GROWTH, "look up by number"), (SIMULATION, "1")],
    ids=str,
)
def test_the_projects_own_documents_have_the_marks_and_figures(place: Place, row: str) -> None:
    figures = place.document.read_text("utf-8").partition(place.begin)[2].partition(place.end)[0]
    assert re.search(rf"^\| {re.escape(row)} \| [0-9.,]+ \|", figures, re.MULTILINE)


COSTS = Costs(read=0.1, turn=0.03, rest=0.03, turn_server=0.02, rest_server=0.02)


def test_a_simulated_queue_is_as_fast_as_its_narrowest_place() -> None:
    wide = at_once(COSTS, Plant(machines=4, cores=4, daemons=8), 200)
    assert wide.rate == pytest.approx(1 / 0.05, rel=0.05)  # the turn, with the server's part of it
    narrow = at_once(COSTS, Plant(machines=1, cores=1, daemons=1, server_apart=False), 200)
    assert narrow.rate == pytest.approx(1 / COSTS.whole, rel=0.05)


def test_simulated_arrivals_use_what_they_cost_and_wait_more_where_more_come() -> None:
    plant = Plant(machines=1, cores=2, daemons=1)
    calm, busy = (by_chance(COSTS, plant, rate, 400) for rate in (1, 8))
    assert calm.cores_busy == pytest.approx(COSTS.whole / 4, rel=0.1)
    assert COSTS.whole <= calm.mean < busy.mean


@pytest.mark.parametrize(("rate", "servers", "wait"), [(0.5, 1, 1.0), (1.0, 2, 1 / 3), (2.0, 2, math.inf)])
def test_the_wait_of_one_and_of_two_servers(rate: float, servers: int, wait: float) -> None:
    assert erlang_wait(rate, 1, servers) == pytest.approx(wait)


@pytest.mark.process
@pytest.mark.timeout(400)  # it starts a dozen processes, one after the other
async def test_the_whole_bench_runs_with_the_smallest_counts() -> None:
    report = await measure(TINY, "./run bench")
    assert report.mails == 3
    names = [row.name for row in report.rows]
    assert len(names) == len(set(names))
    beside = {row.name for row in report.rows if row.naive is not None}
    assert beside >= {
        "read, chromium-*",
        "look up, hit, 20 rows",
        "look up, miss, 20 rows",
        "way: read, in the child",
        "way: settle (T2)",
        "way: all of it",
        "house: one mail alone, until its letter is out",
        "house: SMTP in to letter out, 2 at once",
        "inspect: 2 mails, each",
        "door: a durable 250, 2 at once",
    }
    assert {"keep (T1), 5 kB, one by one", "way: note the delivery (T4)", "house: 250 to letter, 20 a second, p99"} <= {
        *names
    }
    assert all(figure > 0 for row in report.rows for figure in (row.ours.lowest, row.ours.highest))
    assert [(len(one.idle), len(one.after)) for one in report.memory.values()] == [(2, 2)]  # the daemon, a fork server
    assert json.loads(as_json(report))["mails"] == 3
    assert len(report.machine.foreign) == 1
    assert report.right[Side.OURS].notices == sum(len(sample.notices) for sample in corpus()[:2])


@pytest.mark.process
def test_what_a_start_costs_is_told_in_seconds(tmp_path: Path) -> None:
    start = startup.starts(tmp_path / "demo")["`--help`"]
    wall, cpu = startup.measured(start, repeats=1)
    assert 0 < cpu < 10 * wall
