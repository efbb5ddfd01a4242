"""A clock that is or was wrong: nothing rests on a stored time that lies in the future, and a jump is told."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, time, timedelta

import pytest

from bot.clock import utc_now
from bot.core.records.outgoing_mail import Letter, OutboxState
from bot.core.text.business_days import Calendar
from bot.core.text.dates import JAPAN
from bot.workers.sweeps import Sweeps
from bot.workers.ticker import Jumps, Ticker
from tests.patience import PATIENCE_SECONDS
from tests.storage.samples import arrival, letter
from tests.workers.test_sender import DEFERRED, ScriptedRelay, send_due


@pytest.fixture
def calendar() -> Calendar:
    return Calendar(times=(time(9, 0), time(15, 0)))


@pytest.fixture
def sweeps(store, composer, policy, watch, calendar) -> Sweeps:
    return Sweeps(store, composer, policy, calendar, watch, issued_enabled=True)


def japan(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=JAPAN).astimezone(UTC)


@pytest.mark.parametrize("ahead", [timedelta(hours=23, minutes=30), timedelta(days=1, minutes=7), timedelta(days=400)])
async def test_summaries_of_a_clock_that_was_ahead_silence_none_of_the_right_one(sweeps, store, watch, ahead):
    watch.now = japan(11, 24, 15, 0) + ahead
    assert await sweeps.all() == 1
    watch.now = japan(11, 24, 15, 3)
    sent = 0
    for _ in range(2 * 24 * 4):
        sent += await sweeps.all()
        watch.turn(minutes=15)
    assert (
        sent == 3
    )  # on Wednesday at 9:00 and 15:00, on Thursday at 9:00; the wrong one has told what there was until 15:03
    assert len([row for row in await store.outbox.list_() if row.mail.letter is Letter.SUMMARY]) == 4


async def test_a_summary_that_lies_in_the_future_is_none_before_anything_set_it_right(sweeps, watch):
    watch.turn(days=400)
    assert await sweeps.send_summary() == 1
    watch.turn(days=-400, hours=5)
    assert await sweeps.summaries() == 1
    assert (await sweeps.last_span())[0] == watch.now


async def test_the_first_summary_is_owed_when_the_daemon_starts_after_its_time(
    store, composer, policy, watch, calendar
):
    watch.now = japan(11, 24, 8, 0)
    await store.incoming.keep([arrival()])
    watch.now = japan(11, 24, 9, 5)
    late = Sweeps(store, composer, policy, calendar, watch, issued_enabled=True)
    assert await late.summaries() == 1
    assert await late.summaries() == 0


async def test_the_first_summary_tells_all_that_there_has_been(store, composer, policy, watch, calendar):
    await store.incoming.keep([arrival()])  # on Sunday, and down until Tuesday
    watch.now = japan(11, 24, 9, 1)
    late = Sweeps(store, composer, policy, calendar, watch, issued_enabled=True)
    assert await late.summaries() == 1
    (row,) = await store.outbox.list_()
    assert "受信したメール：1件" in row.mail.text


async def test_a_letter_is_not_given_up_because_the_clock_was_put_forward(store, watch):
    await store.outbox.enqueue([letter("receipt/1")])
    watch.turn(days=2000)

    await send_due(store, ScriptedRelay([DEFERRED]), watch)
    assert (await store.outbox.get(1)).state is OutboxState.QUEUED


class _ScriptedJumps(Jumps):
    """Tells one jump, when it is asked for the third time."""

    def __init__(self) -> None:
        self.looks = 0

    def look(self) -> int:
        self.looks += 1
        return -86400 * (self.looks == 3)


async def test_the_ticker_ticks_within_its_seconds_and_on_the_dot():
    soon = (datetime.now(JAPAN) + timedelta(minutes=2)).time().replace(second=0, microsecond=0)
    for seconds, times in ((30, ()), (86400, (soon,))):
        event = asyncio.Event()
        ticker = Ticker(event, Jumps(utc_now), seconds=seconds, times=times)
        running = asyncio.create_task(ticker.run())
        await event.wait()
        assert ticker.due - datetime.now(JAPAN) <= timedelta(minutes=2)
        running.cancel()


async def test_a_clock_that_is_put_back_stops_no_ticker():
    event, jumps = asyncio.Event(), _ScriptedJumps()
    ticker = Ticker(event, jumps, seconds=0, times=())
    running = asyncio.create_task(ticker.run())
    await event.wait()
    for job in ticker._scheduler.get_jobs():  # as it is after the clock was put back
        job.modify(next_run_time=datetime.now(JAPAN) + timedelta(days=365))
    event.clear()
    async with asyncio.timeout(PATIENCE_SECONDS):
        await event.wait()
    assert jumps.looks >= 3
    assert ticker.due - datetime.now(JAPAN) <= timedelta(minutes=2)
    running.cancel()


def test_a_jump_is_told_once_and_a_correction_is_none(watch):
    elapsed = [0.0]
    jumps = Jumps(watch, lambda: elapsed[0])

    def after(seconds: float, clock: float) -> int:
        elapsed[0] += seconds
        watch.turn(seconds=clock)
        return jumps.look()

    assert [after(30, 30), after(30, 31), after(30, 86430), after(30, 30), after(30, -86370), after(30, 30)] == [
        0,
        0,
        86400,
        0,
        -86400,
        0,
    ]
