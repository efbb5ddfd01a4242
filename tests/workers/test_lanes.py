from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from bot.core.records.envelope import Envelope, ReceivedMail, Source
from bot.core.records.incoming_mail import ClaimFilter
from bot.workers.fair_queue import FairQueue

ENVELOPE = Envelope(Source.SMTP, "a@b.example.jp", ("hosho@city.example.jp",), datetime(2026, 6, 1, tzinfo=UTC))


def mail(number: int, sender: str, attempts: int = 1) -> ReceivedMail:
    return ReceivedMail(number, ENVELOPE, b"", "", attempts, shares_as=sender)


class Sorting:
    """Mails in work, each until it is told to be done."""

    def __init__(self, count: int = 2) -> None:
        self.freed = 0
        self.lanes = FairQueue(count, max(count - 1, 1), self._free)
        self._done: dict[int, asyncio.Event] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def _free(self) -> None:
        self.freed += 1

    def begin(self, one: ReceivedMail) -> None:
        event = self._done[one.mail_id] = asyncio.Event()
        task = self._tasks[one.mail_id] = asyncio.create_task(self._until(event))
        self.lanes.take(one, task)

    async def _until(self, event: asyncio.Event) -> None:
        await event.wait()

    async def end(self, number: int) -> None:
        self._done[number].set()
        await self._tasks[number]
        await asyncio.sleep(0)  # its callbacks


async def test_a_sender_whose_mail_is_in_work_has_no_other_turn_and_comes_last_afterwards() -> None:
    sorting = Sorting()
    assert sorting.lanes.turn() == ClaimFilter()
    sorting.begin(mail(1, "a"))
    assert sorting.lanes.turn() == ClaimFilter(busy=("a",), lately=("a",))
    sorting.begin(mail(2, "b"))
    assert sorting.lanes.turn() is None
    await sorting.end(1)
    assert sorting.lanes.turn() == ClaimFilter(busy=("b",), lately=("a", "b"))
    sorting.begin(mail(3, "a"))
    await sorting.end(3)
    await sorting.end(2)
    assert sorting.lanes.turn() == ClaimFilter(lately=("b", "a"))
    assert (sorting.lanes.is_idle, sorting.freed) == (True, 3)


async def test_one_lane_is_always_left_for_mails_that_come_for_the_first_time() -> None:
    sorting = Sorting()
    sorting.begin(mail(1, "a", attempts=2))
    assert sorting.lanes.turn() == ClaimFilter(busy=("a",), lately=("a",), first_tries_only=True)
    await sorting.end(1)
    assert sorting.lanes.turn() == ClaimFilter(lately=("a",))


async def test_a_single_lane_takes_every_mail() -> None:
    sorting = Sorting(count=1)
    sorting.begin(mail(1, "a", attempts=2))
    assert sorting.lanes.turn() is None
    await sorting.end(1)
    assert sorting.lanes.turn() == ClaimFilter(lately=("a",))


async def test_only_so_many_senders_are_remembered() -> None:
    sorting = Sorting()
    for number in range(100):
        sorting.begin(mail(number, str(number)))
        await sorting.end(number)
    turn = sorting.lanes.turn()
    assert turn is not None
    assert turn.lately == tuple(str(number) for number in range(36, 100))
