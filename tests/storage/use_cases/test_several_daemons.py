"""Several daemons on one PostgreSQL database, as stores that each have a place of their own: whose is what, and what the dead leave."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from bot.core.records.envelope import Arrival
from bot.core.records.incoming_mail import ClerkDecision
from bot.core.records.outgoing_mail import OutboxState
from bot.core.records.reasons import OutboxReason, SubmissionReason
from bot.core.records.secret import AuthKey
from bot.core.records.submission import SubmissionState
from storage.database.daemon_lock import DaemonLock
from storage.database.driver import POSTGRESQL_PORT, login, reach, read_url
from storage.errors import DaemonRunning, StoreError
from storage.store import Store, Vault
from tests.patience import PATIENCE_SECONDS
from tests.storage.samples import ENVELOPE, FIELDS, GUARANTEE, Watch, accepted, add, arrival, letter, settled, update

pytestmark = pytest.mark.postgresql
LEASE = timedelta(minutes=15)
Daemons = Callable[..., Awaitable[tuple[Store, DaemonLock]]]


@pytest.fixture
async def daemon(new_postgresql: str, watch: Watch) -> AsyncIterator[Daemons]:
    """One more daemon on the database: its store and its place."""
    made: list[tuple[Store, DaemonLock]] = []

    async def begin(told: str = "") -> tuple[Store, DaemonLock]:
        lock = await DaemonLock.take(new_postgresql, beside=True, told=told)
        store = await Store.open(new_postgresql, vault=Vault.throwaway(), clock=watch, daemon=lock)
        made.append((store, lock))
        return made[-1]

    yield begin
    for store, lock in made:
        await store.close()
        await lock.release()


@pytest.mark.parametrize("in_shadow", [False, True])
async def test_daemons_in_shadow_mode_and_others_keep_each_other_out(new_postgresql: str, in_shadow: bool) -> None:
    take = partial(DaemonLock.take, new_postgresql, beside=True)
    async with await take(in_shadow=in_shadow), await take(in_shadow=in_shadow):
        with pytest.raises(DaemonRunning, match="試験運用"):
            await take(in_shadow=not in_shadow)
    async with await take(in_shadow=not in_shadow):
        pass


def mail_of(sender: str) -> Arrival:
    return arrival(envelope=ENVELOPE.__class__(ENVELOPE.source, sender, ENVELOPE.rcpt_tos, ENVELOPE.received_at, ""))


async def until_gone(store: Store, number: int) -> None:
    """The server may need a moment to see that a connection was cut."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while number not in await store.recovery.gone():  # noqa: ASYNC110 - a server tells nobody
            await asyncio.sleep(0.01)


async def cut(store: Store, lock: DaemonLock) -> None:
    """As the server does when it starts anew; returns when the daemon has seen it."""
    sql = f"SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = {lock.number}"
    await store._database.run(lambda database: database.rows(sql))
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                _ = lock.number
            except StoreError:
                return
            await asyncio.sleep(0.01)


async def test_each_mail_is_one_daemons_and_a_senders_mails_are_all_one_daemons(daemon: Daemons) -> None:
    (one, _), (other, _) = await daemon(), await daemon()
    await one.incoming.keep([mail_of("a@example.jp"), mail_of("a@example.jp"), mail_of("b@example.jp")])
    mine, theirs = await one.incoming.claim(lease=LEASE), await other.incoming.claim(lease=LEASE)
    assert mine
    assert theirs
    assert (mine.mail_id, theirs.mail_id) == (1, 3)
    assert await other.incoming.claim(lease=LEASE) is None  # the second of a's comes after the first
    await one.submissions.settle(1, settled())
    second = await other.incoming.claim(lease=LEASE)
    assert second
    assert second.mail_id == 2


async def test_what_a_dead_daemon_had_in_hand_is_anothers_and_what_a_living_one_has_is_not(
    daemon: Daemons, watch: Watch
) -> None:
    (one, lock), (other, _) = await daemon(), await daemon()
    await one.incoming.keep([mail_of("a@example.jp"), mail_of("b@example.jp")])
    await one.outbox.enqueue([letter("receipt/1"), letter("receipt/2", recipient="b@example.jp")])
    number = lock.number
    assert await one.incoming.claim(lease=LEASE)
    assert len(await one.outbox.claim(limit=1)) == 1
    watch.turn(hours=1)  # however long it takes: no clock frees what a living daemon has
    assert await other.recovery.gone() == frozenset()
    claimed = await other.incoming.claim(lease=LEASE)
    assert claimed
    assert claimed.mail_id == 2
    assert [one.outbox_id for one in await other.outbox.claim()] == [2]
    await lock.release()
    await until_gone(other, number)
    assert await other.recovery.recover(await other.recovery.gone()) == (1, 1)
    assert await other.recovery.gone() == frozenset()
    claimed = await other.incoming.claim(lease=LEASE)
    assert claimed
    assert (claimed.mail_id, claimed.attempts) == (1, 2)
    assert [one.outbox_id for one in await other.outbox.claim()] == [1]


async def test_a_letter_of_a_dead_daemon_goes_at_once_and_is_told_to_be_a_second_one(daemon: Daemons) -> None:
    (one, lock), (other, _) = await daemon(), await daemon()
    await one.outbox.enqueue([letter("receipt/1")])
    number = lock.number
    assert len(await one.outbox.claim()) == 1
    await lock.release()
    await until_gone(other, number)
    assert await other.recovery.recover({number}) == (0, 1)
    (claimed,) = await other.outbox.claim()
    assert (claimed.attempts, claimed.reason) == (2, OutboxReason.OUTCOME_UNKNOWN)
    await other.outbox.note_delivery(1, state=OutboxState.DELIVERED, reason=OutboxReason.RELAY_ACCEPTED, reply="250")
    assert (await other.outbox.get(1)).reason is OutboxReason.RELAY_ACCEPTED_AGAIN


async def test_what_another_daemon_tries_after_a_trouble_is_not_tried_beside_it(daemon: Daemons) -> None:
    (one, _), (other, _) = await daemon(), await daemon()
    await one.outbox.enqueue([letter("receipt/1")])
    await one.outbox.claim()
    trouble = OutboxReason.RELAY_LOGIN
    await one.outbox.note_delivery(1, state=OutboxState.QUEUED, reason=trouble, reply="535")
    assert [mail.outbox_id for mail in await one.outbox.claim(tries_ours=True)] == [1]
    assert await other.outbox.claim(tries_ours=True) == ()


async def test_who_is_cut_off_keeps_the_number_that_his_work_bears(daemon: Daemons, new_postgresql: str) -> None:
    _, lock = await daemon()
    number, old = lock.number, lock._server._connection
    lock._server._connection = None  # as of a network that has lost it: the server still holds the number
    await lock._server.take()
    assert lock.number == number
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not old.is_closed():  # noqa: ASYNC110 - it is the server that ends it
            await asyncio.sleep(0.01)


async def test_a_server_that_says_nothing_leaves_time_for_the_next_one(new_postgresql: str) -> None:
    where = login(read_url(new_postgresql, durable=True))
    with socket.create_server(("127.0.0.1", 0)) as dark:
        ports = [dark.getsockname()[1], where.get("port") or POSTGRESQL_PORT]
        connection = await reach(**where | {"host": ["127.0.0.1", where["host"]], "port": ports})
    assert await connection.fetchval("SELECT 1") == 1
    await connection.close()


async def test_who_has_lost_his_place_claims_nothing_until_he_has_it_again(daemon: Daemons) -> None:
    (one, lock), (other, _) = await daemon(), await daemon()
    await one.incoming.keep([mail_of("a@example.jp")])
    await one.outbox.enqueue([letter("receipt/1")])
    await cut(other, lock)
    for claim in (one.incoming.claim(lease=LEASE), one.outbox.claim()):
        with pytest.raises(StoreError, match="lock"):
            await claim
    watching = asyncio.create_task(lock.watch(every_seconds=0.01))
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                assert await one.incoming.claim(lease=LEASE)
                break
            except StoreError:
                await asyncio.sleep(0.01)
    watching.cancel()


async def test_what_a_daemon_does_not_know_to_have_it_gives_back(daemon: Daemons) -> None:
    (one, _), (other, _) = await daemon(), await daemon()
    await one.incoming.keep([mail_of("a@example.jp"), mail_of("b@example.jp"), mail_of("c@example.jp")])
    claimed = [await store.incoming.claim(lease=LEASE) for store in (one, one, other)]
    assert [mail.mail_id for mail in claimed if mail] == [1, 2, 3]
    assert await one.incoming.give_back([1]) == 1  # the answer to its second claim was lost
    again = await other.incoming.claim(lease=LEASE)
    assert again
    assert again.mail_id == 2


async def test_one_leads_and_the_next_one_when_it_has_gone(daemon: Daemons) -> None:
    (_, one), (store, other) = await daemon(), await daemon()
    assert (await one.leads(), await other.leads(), await one.leads()) == (True, False, True)
    await cut(store, one)
    assert not await one.leads()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await other.leads():  # noqa: ASYNC110 - a server tells nobody
            await asyncio.sleep(0.01)


async def test_the_turn_goes_round_and_is_nobodys_whose_connection_was_cut(daemon: Daemons) -> None:
    (_, one), (store, other) = await daemon(), await daemon()
    order: list[str] = []

    async def take(lock: DaemonLock, name: str, steps: int) -> None:
        for _ in range(steps):
            async with lock.turn() as check:
                order.append(name)
                await asyncio.sleep(0)
                check()
                order.append(name)

    await asyncio.gather(take(one, "a", 5), take(other, "b", 5), take(one, "c", 5))
    assert [begun == ended for begun, ended in zip(order[::2], order[1::2], strict=True)] == [True] * 15
    async with one.turn():
        waiting = asyncio.create_task(take(other, "b", 1))
        await asyncio.sleep(0.05)
        waiting.cancel()  # who gives up leaves no lock behind
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await take(one, "a", 1)
    async with one.turn() as check:
        await cut(store, one)
        with pytest.raises(StoreError):
            check()
    await take(other, "b", 1)


async def test_daemons_know_each_other_and_say_when_their_settings_differ(
    daemon: Daemons, new_postgresql: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "hosho.guard")
    _, first = await daemon("aaaaaaaa")
    await daemon("aaaaaaaa")
    assert [record.levelname for record in caplog.records] == ["INFO"]
    await daemon("bbbbbbbb")
    assert [record.levelname for record in caplog.records] == ["INFO", "WARNING"]
    assert "ITS SETTINGS DIFFER" in caplog.text
    with pytest.raises(DaemonRunning, match="hosho-bot serve"):  # what must be alone waits for all of them
        await DaemonLock.take(new_postgresql, what="keys rotate")
    heard = asyncio.Event()
    first.listen(heard.set)
    _, last = await daemon("aaaaaaaa")
    last.tell()
    async with asyncio.timeout(PATIENCE_SECONDS):
        await heard.wait()


async def test_the_journals_chain_and_the_numbers_hold_with_several_writers(daemon: Daemons) -> None:
    stores = [(await daemon())[0] for _ in range(3)]
    kept = await asyncio.gather(
        *(store.incoming.keep([mail_of(f"{n}@example.jp")]) for n in range(8) for store in stores)
    )
    numbers = [one.mail_id for (one,) in kept]
    assert len(set(numbers)) == 24  # the 受付番号 is made of them
    await asyncio.gather(
        *(stores[number % 3].submissions.settle(number, settled(), outgoing=[letter()]) for number in numbers)
    )
    check = await stores[0].journal.verify()
    assert (check.is_whole, check.head.number) == (True, 48)


async def test_an_import_and_clerks_words_on_the_same_rows_do_not_lock_each_other_out(daemon: Daemons) -> None:
    (one, _), (other, _) = await daemon(), await daemon()
    rows = [replace(GUARANTEE, number=f"00123-45{n:04}", project_name=f"工事{n}") for n in range(40)]
    await one.register.change(add(*rows), actor="clerk", source="a.csv")
    known = {row.number: row for row in await one.register.guarantees()}
    receipts = [f"20261122-{n:04}-1" for n in range(len(rows))]
    for n, receipt in enumerate(receipts):
        ((kept,), number) = (
            await one.incoming.keep([mail_of(f"{n}@example.jp")]),
            known[rows[n].number or ""].guarantee_id,
        )
        fields = replace(FIELDS, number=rows[n].number or "", auth_key=AuthKey(f"Ab3dEf7hJ{n:03}"))
        await one.submissions.settle(kept.mail_id, settled(accepted(number, receipt, fields=fields)))
    changes = [update(row, guarantee_amount_yen=1) for row in known.values()]
    refused = [
        ClerkDecision(receipt, SubmissionState.REFUSED, SubmissionReason.CLERK_REFUSED, note="x")
        for receipt in receipts
    ]
    await asyncio.gather(
        one.register.change(changes, actor="folder", source="b.csv"),
        *(other.submissions.judge(word, actor="yamada") for word in reversed(refused)),
    )
    assert {row.guarantee_amount_yen for row in await one.register.guarantees()} == {1}
    assert {row.state for row in await one.submissions.list_()} == {SubmissionState.REFUSED}
