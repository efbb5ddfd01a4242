"""The books balance at every moment, also while mail comes and is settled, on both databases."""

import asyncio
from datetime import timedelta

from storage.store import Store
from tests.storage.samples import Opener, arrival, settled

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
