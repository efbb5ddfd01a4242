"""What must hold when callers are cancelled, the database fails, or somebody would change the past."""

import asyncio
import random
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.core.records.incoming_mail import KeyReceived, MailState
from bot.core.records.reasons import SubmissionReason
from bot.core.records.submission import SubmissionState
from storage.database.connection import Database
from storage.store import Store, StoreError, Vault
from tests.storage.samples import (
    GUARANTEE,
    KEY,
    NUMBER,
    Opener,
    accepted,
    add,
    arrival,
    judge,
    letter,
    settled,
    submission,
)

ROUNDS = 300


async def cancelled_somewhere(task: asyncio.Task[Any], random_turns: random.Random) -> bool:
    """Cancel the task after some turns of the loop, at least one; whether it had ended before."""
    for _ in range(random_turns.randrange(1, 12)):
        await asyncio.sleep(0)
    ended = not task.cancel()
    await asyncio.wait({task})
    return ended


async def test_cancelled_callers_leave_a_usable_store_and_whole_transactions(open_store: Opener) -> None:
    store, turns = await open_store(), random.Random(7)
    for _ in range(ROUNDS):
        mail = arrival()
        await cancelled_somewhere(asyncio.create_task(store.incoming.keep([mail])), turns)
    (kept,) = await store.incoming.keep([arrival()])
    await store.close()  # waits for what nobody waits for any more
    store = await open_store()
    rows = await store.incoming.list_(limit=10_000)
    assert len(rows) == ROUNDS + 1  # a caller may go; what he asked for is done

    for row in rows:
        notice = submission(f"n{row.mail_id}")
        work = store.submissions.settle(row.mail_id, settled(notice), outgoing=(letter(f"l{row.mail_id}"),))
        await cancelled_somewhere(asyncio.create_task(work), turns)
    (other,) = await store.incoming.keep([arrival()])
    await store.submissions.settle(other.mail_id, settled())
    await store.close()
    store = await open_store()
    states = {row.state for row in await store.incoming.list_(limit=10_000)}
    assert states == {MailState.SORTED}
    assert len(await store.submissions.list_(limit=10_000)) == ROUNDS + 1
    assert len(await store.outbox.list_(limit=10_000)) == ROUNDS + 1
    assert kept.is_new


async def test_the_backends_themselves_survive_cancellation(open_store: Opener) -> None:
    """As at the end of asyncio.run, which cancels every task: no lock kept, no transaction left open or half done."""
    store, other, turns = await open_store(), await open_store(), random.Random(11)

    async def two_rows(database: Database, number: int) -> None:
        async with database.transaction():
            for half in ("a", "b"):
                await database.execute(
                    "INSERT INTO mailbox_memory (mailbox, memory, looked_at) VALUES (?, ?, ?)",
                    [f"{number}{half}", str(number), database.clock()],
                )

    async def many(database: Database, number: int) -> None:
        rows = [[f"{number}{half}", str(number), database.clock()] for half in ("a", "b")]
        await database.execute_many("INSERT INTO mailbox_memory (mailbox, memory, looked_at) VALUES (?, ?, ?)", rows)

    for number in range(ROUNDS):
        work = (two_rows, many)[number % 2]
        task = asyncio.create_task(
            work(store._database, number), context=store._database._home.copy()
        )  # without Database.run's shield
        await cancelled_somewhere(task, turns)

    async def counted(database: Database) -> set[int]:
        rows = await database.rows("SELECT count(*) AS halves FROM mailbox_memory GROUP BY memory")
        return {row["halves"] for row in rows}

    assert await store._database.run(counted) <= {2}
    for each in (store, other):
        assert (await each.incoming.keep([arrival()]))[0].is_new
    assert len(await other.incoming.list_()) == 2


async def test_a_failing_step_undoes_the_whole_use_case(store: Store) -> None:
    await store.incoming.keep([arrival()])
    bad = replace(letter(), guarantee_id=99)  # a guarantee that is not there
    with pytest.raises(StoreError) as caught:
        await store.submissions.settle(1, settled(submission()), outgoing=(letter(), bad))
    assert "99" not in str(caught.value)
    assert (await store.incoming.get(1))[0].state is MailState.RECEIVED
    assert (await store.submissions.list_(), await store.outbox.list_()) == ((), ())


async def test_another_process_that_writes_is_waited_for(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    async with await Store.open(f"sqlite:///{file}", vault=Vault.throwaway()) as store:
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            task = asyncio.create_task(store.incoming.keep([arrival()]))
            await asyncio.wait({task}, timeout=0.2)
            assert not task.done()
            other.execute("COMMIT")
            assert (await task)[0].is_new


async def test_a_database_that_breaks_is_temporary_and_tells_no_values(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    async with await Store.open(f"sqlite:///{file}", vault=Vault.throwaway()) as store:
        with closing(sqlite3.connect(file)) as other:
            other.execute("DROP TABLE journal")
            other.commit()
        await store.incoming.keep([arrival()])
        with pytest.raises(StoreError) as caught:
            await store.submissions.settle(1, settled(sender="himitsu@example.jp"))
        assert "himitsu" not in str(caught.value)
        assert (await store.incoming.get(1))[0].state is MailState.RECEIVED


@pytest.mark.postgresql
async def test_connections_that_the_server_cuts_are_replaced(new_postgresql: str) -> None:
    async with await Store.open(new_postgresql, vault=Vault.throwaway()) as store:
        async with await Store.open(new_postgresql, vault=Vault.throwaway()) as other:

            async def cut(database: Database) -> None:
                await database.rows(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()",
                )

            await store.incoming.keep([arrival()])
            await other._database.run(cut)
        results = await asyncio.gather(*(store.incoming.keep([arrival()]) for _ in range(20)), return_exceptions=True)
        assert {type(result) for result in results} <= {tuple, StoreError}
        assert (await store.incoming.keep([arrival()]))[0].is_new


async def entries(store: Store) -> list[tuple[str, str, str, str]]:
    async def asked(database: Database) -> list[tuple[str, str, str, str]]:
        rows = await database.models.journal.all().order_by("id")
        return [(row.actor, row.event, row.subject_id, str(row.detail)) for row in rows]

    return await store._database.run(asked)


async def test_the_journal_tells_who_did_what_and_no_key(store: Store) -> None:
    await store.register.change(add(replace(GUARANTEE, number="", auth_key=None)), actor="clerk", source="a.csv")
    await store.incoming.keep([arrival(), arrival()])
    keys = (KeyReceived(1, NUMBER, KEY),)
    await store.submissions.settle(1, settled(accepted(1, "n1"), keys_received=keys), outgoing=(letter("l1"),))
    word = {"state": SubmissionState.VERIFIED, "reason": SubmissionReason.VERIFIED_IN_DSURE, "note": "確認"}
    await judge(store, "n1", actor="clerk", **word)
    await store.incoming.park(2, error="x")
    await store.incoming.replay(2, actor="clerk")
    await store.outbox.cancel(1, actor="clerk")
    await store.consent.opt_out("a@example.jp", wording="「配信停止」", actor="clerk", source="電話")
    await store.consent.opt_in("a@example.jp", wording="「配信再開」", actor="clerk", source="電話")

    written = await entries(store)
    assert [entry[:3] for entry in written] == [
        ("clerk", "register.add", "1"),
        ("clerk", "consent.given", "1"),
        ("clerk", "register.import", "a.csv"),
        ("bot", "mail.sorted", "1"),
        ("bot", "submission.accepted", "n1"),
        ("bot", "guarantee.key_received", "1"),
        ("bot", "outgoing.queued", "1"),
        ("clerk", "submission.verified", "n1"),
        ("clerk", "guarantee.seen", "1"),
        ("clerk", "guarantee.verified", "1"),
        ("bot", "mail.parked", "2"),
        ("clerk", "mail.received", "2"),
        ("clerk", "outgoing.cancelled", "1"),
        ("clerk", "consent.withdrawn", "2"),
        ("clerk", "consent.given", "3"),
    ]
    assert KEY.reveal() not in str(written)
    assert "確認" in str(written)


@pytest.mark.parametrize("change", ["UPDATE journal SET actor = 'x'", "DELETE FROM journal"])
async def test_the_journal_can_not_be_changed(store: Store, change: str) -> None:
    await store.outbox.enqueue([letter()])
    before = await entries(store)

    async def tampered(database: Database) -> None:
        await database.execute(change)

    with pytest.raises(StoreError):
        await store._database.run(tampered)
    assert await entries(store) == before


async def test_a_lease_that_ran_out_is_taken_by_another_store(open_store: Opener, watch: Any) -> None:
    one, two = await open_store(), await open_store()
    await one.incoming.keep([arrival()])
    lease = timedelta(minutes=5)
    first = await one.incoming.claim(lease=lease)
    assert await two.incoming.claim(lease=lease) is None
    watch.turn(minutes=5)
    second = await two.incoming.claim(lease=lease)
    assert first is not None
    assert second == replace(first, attempts=2)


LONG = (
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) SELECT count(*) AS found FROM n"
)


@pytest.mark.parametrize("is_in_transaction", [False, True])
async def test_a_long_query_leaves_the_event_loop_free_and_its_transaction_whole(
    store: Store, *, is_in_transaction: bool
) -> None:
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    async def asked(database: Database) -> int:
        counting = asyncio.create_task(count_turns())
        if not is_in_transaction:
            rows = await database.rows(LONG)
        else:
            async with database.transaction():
                await database.execute("UPDATE vault SET key_id = 'other'")
                rows = await database.rows(LONG)
            assert await database.rows("SELECT key_id FROM vault") == [{"key_id": "other"}]
        counting.cancel()
        return int(rows[0]["found"])

    assert await store._database.run(asked) == 300_000
    assert turns > 0
