"""Group commit: short transactions that wait for one another are made durable by one commit, each of them whole or not at all.

Used by sqlite.py, whose one connection runs one transaction at a time. A transaction that ends while a short one waits leaves
its rows to that one's commit, and its caller goes on only after it. What fails takes back its own rows alone. A query outside
of transactions never sees rows that are not durable. Raises, to each caller, what the commit raised.
"""

# ruff: noqa: SLF001 - statements that run at once, in the event loop: see sqlite.py
from __future__ import annotations

import asyncio
from contextlib import suppress

import aiosqlite
from tortoise.exceptions import OperationalError

from storage.database.backends.finishing import finish

MOST = 32
"""Transactions in one commit: the first of them waits no longer than for so many."""
_SAVEPOINT = "among_others"


class GroupCommit:
    """The ended transactions of a connection that are not committed yet. `lock`: whoever holds it has the connection."""

    def __init__(self, lock: asyncio.Lock) -> None:
        self._lock = lock
        self._coming = 0
        self._ended: list[asyncio.Future[None]] = []
        self._closing: asyncio.Task[None] | None = None

    @property
    def is_open(self) -> bool:
        """Whether there are any."""
        return bool(self._ended)

    async def acquire(self, connection: aiosqlite.Connection | None) -> None:
        """Wait for the connection, for a short transaction."""
        self._coming += 1
        try:
            await self._lock.acquire()
        except BaseException:
            if connection is not None and self._ended:  # perhaps it was this one that they wait for
                self._closing = asyncio.ensure_future(self._close(connection))
            raise
        finally:
            self._coming -= 1

    async def _close(self, connection: aiosqlite.Connection) -> None:
        async with self._lock:
            await self.commit(connection)

    def join(self, connection: aiosqlite.Connection) -> bool:
        """Begin a transaction among others; False: there is none to join."""
        if not (self._ended and connection.in_transaction):
            return False
        connection._conn.execute(f"SAVEPOINT {_SAVEPOINT}")
        return True

    def end(self, connection: aiosqlite.Connection, *, has_joined: bool) -> asyncio.Future[None]:
        """End a transaction; the future is done when it is committed."""
        if has_joined:
            connection._conn.execute(f"RELEASE {_SAVEPOINT}")
        ended = asyncio.get_running_loop().create_future()
        self._ended.append(ended)
        return ended

    def undo(self, connection: aiosqlite.Connection) -> None:
        """Take back the rows of a transaction among others."""
        if connection.in_transaction:  # after some errors SQLite has taken back everything, which `commit` finds
            connection._conn.execute(f"ROLLBACK TO {_SAVEPOINT}")
            connection._conn.execute(f"RELEASE {_SAVEPOINT}")

    async def release(self, connection: aiosqlite.Connection | None) -> None:
        """Give the connection to the next; without a short transaction that comes, what has ended is committed before."""
        try:
            if connection is not None and self._ended and not (self._coming and len(self._ended) < MOST):
                await finish(self.commit(connection))
        finally:
            self._lock.release()

    async def commit(self, connection: aiosqlite.Connection) -> None:
        """Commit what has ended, and tell its callers how it went. The caller of this holds the lock."""
        ended, self._ended = self._ended, []
        if not ended:
            return
        failure = None if connection.in_transaction else OperationalError("the transaction was rolled back")
        try:
            await connection.commit()
        except Exception as error:  # noqa: BLE001 - each of them raises it
            failure = OperationalError(error)
            with suppress(Exception):  # disk full, I/O error: SQLite may leave the transaction open
                await connection.rollback()
        for one in ended:
            if not one.done():
                one.set_result(None) if failure is None else one.set_exception(failure)
