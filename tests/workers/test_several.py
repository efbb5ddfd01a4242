"""Several daemons on one PostgreSQL database: what counts, counts for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import time

import pytest

from bot.core.policy.policy import Rate
from bot.core.records.envelope import Arrival, Envelope, Source
from bot.core.records.outgoing_mail import Letter
from bot.core.text.business_days import Calendar
from bot.workers.sorter import LEASE, Sorter
from bot.workers.sweeps import Sweeps
from storage.database.daemon_lock import DaemonLock
from storage.store import Store, Vault
from tests.workers.conftest import INBOX, Watch
from tests.workers.test_oracle import RIGHT, PaperReader, notice, number_of

pytestmark = pytest.mark.postgresql
SENDERS, MOST = 18, 5


@pytest.fixture
async def stores(new_postgresql: str, watch: Watch) -> AsyncIterator[list[Store]]:
    """One for each daemon."""
    async with AsyncExitStack() as stack:
        made = []
        for _ in range(3):
            lock = await stack.enter_async_context(await DaemonLock.take(new_postgresql, beside=True))
            opening = Store.open(new_postgresql, vault=Vault.throwaway(), clock=watch, daemon=lock)
            made.append(await stack.enter_async_context(await opening))
        yield made


async def test_a_limit_holds_for_all_daemons_together(stores, composer, policy, watch):
    limited = replace(policy, limits=replace(policy.limits, in_all=Rate(MOST, MOST)))

    async def sort_all(store: Store) -> int:
        sorter, sorted_ = Sorter(store, PaperReader(), composer, limited, watch), 0
        while mail := await store.incoming.claim(lease=LEASE):
            await sorter.sort(mail)
            sorted_ += 1
        return sorted_

    for n in range(SENDERS):
        sender = f"tanto@kensetsu{n}.example.jp"
        content = notice(number_of(n), RIGHT, sender)
        await stores[0].incoming.keep(
            [Arrival(content=content, envelope=Envelope(Source.SMTP, sender, (INBOX,), watch()))]
        )
    done = await asyncio.gather(*(sort_all(store) for store in (*stores, *stores)))  # two lanes each
    assert sum(done) == SENDERS
    assert sum(count > 0 for count in done) > len(stores)  # they did it together
    rows = await stores[0].outbox.list_(limit=1000)
    assert sum(row.mail.letter not in {Letter.ALERT, Letter.MAIL_ALERT} for row in rows) == MOST


async def test_a_summary_is_sent_once_whoever_leads(stores, composer, policy, watch):
    await stores[0].recovery.note_run(started=True)
    calendar = Calendar(times=(time(9, 0), time(15, 0)))
    sweeps = [Sweeps(store, composer, policy, calendar, watch, issued_enabled=True) for store in stores]
    watch.turn(hours=5)
    assert sum(await asyncio.gather(*(one.summaries() for one in (*sweeps, *sweeps)))) == len(policy.desks)
    assert sum(await asyncio.gather(*(one.summaries() for one in sweeps))) == 0
    watch.turn(hours=18)
    assert sum(await asyncio.gather(*(one.summaries() for one in sweeps))) == len(policy.desks)
