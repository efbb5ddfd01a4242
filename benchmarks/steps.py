"""The steps by themselves: keep, read by producer, understand, look up and judge by size of register.

Each function makes probes for measuring.rounds; `way.py` has the steps in their order. Raises RuntimeError when a paper
gives no notice or a look-up finds what it should not: such a figure would be worth nothing.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path

from benchmarks import naive
from benchmarks.desk import Desk
from benchmarks.material import INBOX, PRODUCERS, Sample, arrival
from benchmarks.measuring import Laps, Probe, Side, Times
from bot.clock import utc_now
from bot.commands.inspect import embedded
from bot.config.to_policy import policy_of
from bot.core.judging.judge import judge
from bot.core.judging.sender_facts import SenderFacts
from bot.core.mail.addresses import plain_sender
from bot.core.mail.own_head import own_head
from bot.core.notice.interpret import UnderstoodMail
from bot.core.notice.key_notice import FoundNotice
from bot.core.notice.read_mail import NotNow, ReadFailure, TakesLong
from bot.documents.pool.reader import Reader
from bot.intake.receive import BATCH_MAILS, Receiver

POLICY = policy_of(embedded(INBOX, ""))
ONE_PAPER_TIMES = 5
"""A row about a single paper reads it so often in a round; a row about a group reads each of its papers once."""
FLOOR_TIMES = 20
UNKNOWN_NUMBER = "80808-080808"


def sizes(samples: Sequence[Sample]) -> dict[str, Sample]:
    """The smallest of the mails and the one in the middle, by their size in words."""
    ordered = sorted(samples, key=lambda sample: len(sample.content))
    chosen = (ordered[0], ordered[len(ordered) // 2])
    return {f"{len(sample.content) // 1000} kB": sample for sample in chosen}


def keeping(desk: Desk) -> list[tuple[Side, Probe]]:
    """T1 through intake's Receiver: each mail awaited, then as many at once as it takes into one transaction."""
    copies = count(1)

    async def ours() -> Times:
        laps = Laps()
        async with desk.store() as store:
            receiver = Receiver(store.incoming, lambda: None)
            committer = asyncio.create_task(receiver.run())
            for size, sample in sizes(desk.samples).items():
                _write_and_sync(desk.folder, sample.content, laps, f"keep: floor, {size} appended and synced")
                arrivals = [arrival(sample, copy=next(copies)) for _ in range(2 * BATCH_MAILS)]
                for one in arrivals[:BATCH_MAILS]:
                    with laps(f"keep (T1), {size}, one by one"):
                        await receiver.receive(one)
                with laps(f"keep (T1), {size}, {BATCH_MAILS} at once", of=BATCH_MAILS):
                    await receiver.receive_many(arrivals[BATCH_MAILS:])
            receiver.stop()
            await committer
        return laps.times

    return [(Side.OURS, ours)]


def _write_and_sync(folder: Path, content: bytes, laps: Laps, row: str) -> None:
    """What the disk itself takes for a mail that must not be lost."""
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        for _ in range(FLOOR_TIMES):
            with laps(row):
                file.write(content)
                os.fdatasync(file.fileno())


def groups(samples: Sequence[Sample]) -> dict[str, list[Sample]]:
    """The papers of each row about reading."""
    found = {f"{producer}-*": [s for s in samples if s.producer == producer] for producer in PRODUCERS}
    found["chromium-leaflet"] = [s for s in samples if s.name == "chromium-leaflet"] * ONE_PAPER_TIMES
    return {name: papers for name, papers in found.items() if papers}


def reading(desk: Desk) -> list[tuple[Side, Probe]]:
    """MIME and PDF by producer: ours in a limited child whose answer is checked, the naive script in its own process."""

    async def ours() -> Times:
        laps = Laps()
        async with Reader(1) as reader:
            with laps("start of a reading child"):
                await reader.warm()
            for name, papers in groups(desk.samples).items():
                for sample in papers:
                    with laps(f"read, {name}"):
                        read = await reader.read(sample.content)
                    _notice(sample, read)
        return laps.times

    async def theirs() -> Times:
        laps = Laps()
        for name, papers in groups(desk.samples).items():
            for sample in papers:
                with laps(f"read, {name}"):
                    naive.read(sample.content)
        return laps.times

    return [(Side.OURS, ours), (Side.NAIVE, theirs)]


def _notice(sample: Sample, read: UnderstoodMail | ReadFailure | TakesLong | NotNow) -> FoundNotice:
    notices = read.notices if isinstance(read, UnderstoodMail) else ()
    if len(notices) != 1:
        raise RuntimeError(f"{sample.name} gave {len(notices)} notices")
    return notices[0]


def _unknown(notice: FoundNotice) -> FoundNotice:
    """The same of which the register knows nothing: the longest look-up there is."""
    fields = replace(
        notice.fields,
        number=UNKNOWN_NUMBER,
        project_name="台帳にない工事",
        contractor="台帳にない建設株式会社",
    )
    return replace(notice, fields=fields)


def looking_up(desk: Desk, size: int, times: int) -> list[tuple[Side, Probe]]:
    """Look up and judge: a number that the register has, and a notice that it knows nothing of. `times` in a round."""
    numbers = [sample.notices[0].number for sample in desk.samples]

    async def ours() -> Times:
        laps = Laps()
        sample = desk.samples[0]
        async with Reader(1) as reader:
            read = await reader.read(sample.content)
        hit = _notice(sample, read)
        miss = _unknown(hit)
        sender = SenderFacts(
            plain_sender(own_head(sample.content)), is_proven=False, is_unproven=False, is_automatic=False
        )
        async with desk.store(size) as store:
            for _ in range(times):
                for kind, notice in (("hit", hit), ("miss", miss)):
                    with laps(f"look up, {kind}, {size:,} rows"):
                        found = await store.register.look_up(notice.fields)
                    if (found.by_number is not None) is not (kind == "hit"):
                        raise RuntimeError(f"the look-up was no {kind}")
                    with laps(f"judge, {kind}, {size:,} rows"):
                        judge(notice, found, sender, POLICY, utc_now())
        return laps.times

    async def theirs() -> Times:
        laps = Laps()
        with desk.ledger(size) as ledger:
            for place in range(times):
                with laps(f"look up, hit, {size:,} rows"):
                    ledger.find(numbers[place % len(numbers)])
                with laps(f"look up, miss, {size:,} rows"):
                    ledger.find(UNKNOWN_NUMBER)
        return laps.times

    return [(Side.OURS, ours), (Side.NAIVE, theirs)]
