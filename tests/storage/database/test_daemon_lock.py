"""One daemon per database: the lock, its end with its holder, and what its loss does; on both databases."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from storage.database.connection import Database
from storage.database.daemon_lock import DaemonLock
from storage.errors import DaemonRunning
from storage.store import Store, StoreError, Vault
from tests.patience import PATIENCE_SECONDS

HOLDER = """
import asyncio, sys
from storage.database.daemon_lock import DaemonLock
async def hold():
    async with await DaemonLock.take(sys.argv[1]):
        print("held", flush=True)
        await asyncio.Event().wait()
asyncio.run(hold())
"""


async def holder(url: str) -> asyncio.subprocess.Process:
    """A process that has the lock."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLDER, url, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[3]
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"held\n"
    return process


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Ask again and again until it is so."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await condition():  # noqa: ASYNC110 - files and servers tell nobody
            await asyncio.sleep(0.01)


async def holders(store: Store) -> list[int]:
    """The server processes that have an advisory lock."""

    async def asked(database: Database) -> list[int]:
        rows = await database.rows("SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted")
        return [row["pid"] for row in rows]

    return await store._database.run(asked)


@pytest.mark.process
async def test_a_second_one_is_refused_and_told_by_whom(url: str, tmp_path: Path) -> None:
    first = await holder(url)
    try:
        with pytest.raises(DaemonRunning, match="先にそれを止めてください") as caught:
            await DaemonLock.take(url)
        if url.startswith("sqlite"):
            assert f"hosho-bot serve (pid {first.pid})" in str(caught.value)
        async with await Store.open(url, vault=Vault.throwaway()) as store:  # the commands work beside the daemon
            assert await store.incoming.list_() == ()
    finally:
        first.kill()
        await first.wait()


@pytest.mark.process
async def test_kill_9_leaves_nothing_behind(url: str) -> None:
    first = await holder(url)
    first.send_signal(signal.SIGKILL)
    await first.wait()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                lock = await DaemonLock.take(url)
                break
            except DaemonRunning:  # PostgreSQL may need a moment to see that its client is gone
                assert url.startswith("postgres")
    await lock.release()


async def test_release_lets_the_next_one_in_and_may_come_twice(url: str) -> None:
    async with await DaemonLock.take(url) as lock:
        await lock.release()
        async with await DaemonLock.take(url):
            pass
    await lock.release()


async def test_who_only_looks_whether_it_is_taken_keeps_nobody_out(url: str) -> None:
    lock = await DaemonLock.take(url, what="status")
    asyncio.get_running_loop().call_later(0.05, lambda: looked.append(asyncio.ensure_future(lock.release())))
    looked: list[asyncio.Future[None]] = []
    async with await DaemonLock.take(url):
        assert len(looked) == 1


async def test_each_database_has_a_lock_of_its_own(tmp_path: Path) -> None:
    one, other = f"sqlite:///{tmp_path}/one.db", f"sqlite:///{tmp_path}/other.db"
    async with await DaemonLock.take(one), await DaemonLock.take(other), await DaemonLock.take("sqlite://:memory:"):
        pass
    (tmp_path / "link.db").symlink_to(tmp_path / "one.db")
    async with await DaemonLock.take(one):
        with pytest.raises(DaemonRunning):  # another name of the same file is the same database
            await DaemonLock.take(f"sqlite:///{tmp_path}/link.db")


async def test_a_lock_file_that_was_removed_is_made_again(tmp_path: Path) -> None:
    url, file = f"sqlite:///{tmp_path}/store.db", tmp_path / "store.db.daemon"
    async with await DaemonLock.take(url) as lock:
        watching = asyncio.create_task(lock.watch(every_seconds=0.01))
        file.unlink()

        async def made_again() -> bool:
            return file.exists() and file.read_text() != ""

        await until(made_again)
        with pytest.raises(DaemonRunning):
            await DaemonLock.take(url)
        assert not watching.done()
        watching.cancel()


async def test_who_lost_the_lock_to_another_is_told_to_stop(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    async with await DaemonLock.take(url) as lock:
        (tmp_path / "store.db.daemon").unlink()
        async with await DaemonLock.take(url):
            with pytest.raises(DaemonRunning):
                await asyncio.wait_for(lock.watch(every_seconds=0.01), PATIENCE_SECONDS)


@pytest.mark.postgresql
async def test_a_connection_that_the_server_cut_is_replaced_or_the_lock_is_lost(new_postgresql: str) -> None:
    url = new_postgresql

    async def cut(database: Database) -> None:
        await database.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
        )

    async with await DaemonLock.take(url) as lock, await Store.open(url, vault=Vault.throwaway()) as store:

        async def another() -> bool:
            return await holders(store) not in ([], before)

        async def nobody() -> bool:
            return await holders(store) == []

        watching = asyncio.create_task(lock.watch(every_seconds=0.01))
        before = await holders(store)
        await store._database.run(cut)
        await until(another)
        assert not watching.done()
        watching.cancel()
        await asyncio.wait([watching])

        await store._database.run(cut)
        await until(nobody)
        async with await DaemonLock.take(url):
            with pytest.raises(DaemonRunning):
                await asyncio.wait_for(lock.watch(every_seconds=0.01), PATIENCE_SECONDS)


async def test_a_server_that_is_not_there_is_no_running_daemon(tmp_path: Path) -> None:
    pytest.importorskip("asyncpg")
    with pytest.raises(StoreError, match="could not be asked") as caught:
        await DaemonLock.take(f"postgres://bot:himitsu@/store?host={tmp_path}")
    assert not isinstance(caught.value, DaemonRunning)
    assert "himitsu" not in str(caught.value)


async def test_a_lock_that_can_not_be_made_says_why(tmp_path: Path) -> None:
    (tmp_path / "store.db.daemon").symlink_to(os.devnull)  # nobody's link is followed
    with pytest.raises(StoreError, match=r"store\.db\.daemon を開けません"):
        await DaemonLock.take(f"sqlite:///{tmp_path}/store.db")
