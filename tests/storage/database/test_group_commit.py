"""Short transactions that wait for one another share a commit, and each of them is whole or not there."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from storage.database.connection import Database
from storage.errors import StoreError
from storage.store import Store, Vault

INSERT = "INSERT INTO mailbox_memory (mailbox, memory, looked_at) VALUES (?, ?, '2026')"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with await Store.open(f"sqlite:///{tmp_path}/store.db", vault=Vault.throwaway()) as opened:
        yield opened


@pytest.fixture
def statements(store: Store) -> list[str]:
    """What SQLite runs from now on, by its first word."""
    found: list[str] = []
    client: Any = store._database._home.run(lambda: store._database.client)
    client._connection._conn.set_trace_callback(lambda text: found.append(text.split()[0]))
    return found


async def insert(database: Database, name: str, *, fails: bool = False) -> None:
    async with database.transaction(short=True):
        await database.execute(INSERT, [name, ""])
        if fails:
            raise StoreError(name)


async def names(store: Store) -> set[str]:
    async def asked(database: Database) -> set[str]:
        return {row["mailbox"] for row in await database.rows("SELECT mailbox FROM mailbox_memory")}

    return await store._database.run(asked)


async def test_those_that_wait_for_one_another_share_a_commit(store: Store, statements: list[str]) -> None:
    await asyncio.gather(*(store._database.run(insert, f"m{number}") for number in range(20)))
    assert statements.count("COMMIT") <= 2
    assert len(await names(store)) == 20


async def test_one_alone_is_committed_at_once(store: Store, statements: list[str]) -> None:
    await store._database.run(insert, "m")
    assert statements[-1] == "COMMIT"


@pytest.mark.parametrize("place", [0, 1, 3])
async def test_what_fails_takes_back_its_own_rows_alone(store: Store, place: int) -> None:
    work = [store._database.run(insert, f"m{number}", fails=number == place) for number in range(4)]
    results = await asyncio.gather(*work, return_exceptions=True)
    assert [type(result) for result in results] == [
        StoreError if number == place else type(None) for number in range(4)
    ]
    assert await names(store) == {f"m{number}" for number in range(4) if number != place}


async def test_a_commit_that_fails_fails_for_each_of_them_and_the_store_goes_on(store: Store) -> None:
    async def refused(database: Database) -> None:
        async with database.transaction(short=True):
            await database.execute("PRAGMA defer_foreign_keys = ON")
            await database.execute("INSERT INTO mail_place VALUES ('m', 'p', 99, '2026', 0)")

    database = store._database
    work = [database.run(insert, "a"), database.run(insert, "b"), database.run(refused)]
    results = await asyncio.gather(*work, return_exceptions=True)
    assert await names(store) == {name for name, one in zip("ab", results, strict=False) if one is None}
    assert [type(one) for one in results[1:]] == [StoreError, StoreError]
    await database.run(insert, "c")
    assert "c" in await names(store)


async def test_a_query_and_a_long_transaction_come_after_the_commit(store: Store, statements: list[str]) -> None:
    async def reading(database: Database) -> None:
        await database.rows("WITH one AS (SELECT 1) SELECT * FROM one")

    async def long(database: Database) -> None:
        async with database.transaction():
            await database.execute("DELETE FROM mailbox_memory WHERE mailbox = 'long'")

    database = store._database
    for other, first in ((reading, "WITH"), (long, "DELETE")):
        statements.clear()
        work = [database.run(insert, f"{first}{number}") for number in range(3)]
        await asyncio.gather(*work[:2], database.run(other), work[2])
        before = [one for one in statements[: statements.index(first)] if one in {"INSERT", "COMMIT"}]
        assert (before.count("INSERT"), before[-1]) == (2, "COMMIT")


async def test_callers_that_are_cancelled_leave_nobody_waiting(store: Store) -> None:
    """As at the end of asyncio.run, which cancels every task: without Database.run's shield."""
    turns = random.Random(5)
    for number in range(60):
        tasks = [
            asyncio.create_task(insert(store._database, f"{number}-{place}"), context=store._database._home.copy())
            for place in range(4)
        ]
        for task in turns.sample(tasks, 3):
            for _ in range(turns.randrange(0, 5)):
                await asyncio.sleep(0)
            task.cancel()
        await asyncio.wait(tasks)
    await store._database.run(insert, "last")
    assert "last" in await names(store)
