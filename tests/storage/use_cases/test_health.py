"""The books balance at every moment, also while mail comes and is settled, on both databases."""

import asyncio
from datetime import timedelta

from bot.core.health.alarms import Overdue
from bot.core.health.workers import Worker, WorkerHealth
from storage.store import Store
from tests.storage.samples import Opener, Watch, arrival, settled

MAILS = 40


async def test_the_books_balance_while_mail_comes_and_goes(store: Store, open_store: Opener) -> None:
    other = await open_store()

    async def work() -> None:
        for _ in range(MAILS):
            await other.incoming.keep([arrival()])
            mail = await other.incoming.claim(lease=timedelta(minutes=1))
            assert mail is not None
            await other.submissions.settle(mail.mail_id, settled())

    working = asyncio.create_task(work())
    looks = 0
    while not working.done():
        assert (await store.health.ledger()).balances
        looks += 1
    await working
    assert looks > 1
    (door,) = (await store.health.ledger()).doors
    assert door.received == MAILS


async def test_the_workers_state_takes_the_place_of_the_one_before(store: Store, watch: Watch) -> None:
    now = watch.now
    failing = WorkerHealth(Worker.SUMMARIES, now, None, now, 3, "no")
    await store.health.note_workers([failing, WorkerHealth(Worker.READING, now, now)])
    await store.health.note_workers([failing, WorkerHealth(Worker.ALARMS, now, now)])
    assert await store.health.workers() == (WorkerHealth(Worker.ALARMS, now, now), failing)


async def test_crashes_and_jumps_are_known_by_the_journal_for_a_while(store: Store, watch: Watch) -> None:
    for started in (True, False, True, True):
        await store.recovery.note_run(started=started)
    await store.recovery.note_jump(120)
    facts = await store.health.alarm_facts()
    assert (facts.crashes, facts.clock) == (Overdue(1, watch.now), (watch.now, "時計が120秒進みました。"))
    watch.turn(days=2)
    later = await store.health.alarm_facts()
    assert (later.crashes, later.clock) == (None, None)
