"""SQLite for Tortoise: transactions begin IMMEDIATE, and a cancelled task leaves neither a lock nor an open transaction.

A Tortoise engine ("storage.database.backends.sqlite"). The stock engine uses BEGIN DEFERRED (two processes that read and then
write fail at once with "database is locked") and never releases its lock when a task is cancelled during BEGIN. It hands each
statement to a thread, which costs ten times what an indexed statement takes; here a statement runs at once, in the event loop,
unless it may wait for the disk or for another process, or takes long. Raises Tortoise's errors.
"""

# ruff: noqa: SLF001 - a backend is made by overriding the stock one's inner parts; Tortoise has no other way
from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from threading import get_ident
from typing import Any

import aiosqlite
from tortoise.backends.base.client import (
    ConnectionWrapper,
    NestedTransactionContext,
    TransactionalDBClient,
    TransactionContext,
)
from tortoise.backends.sqlite import client as stock
from tortoise.connection import get_connections
from tortoise.exceptions import OperationalError, TransactionManagementError

from storage.database.backends.finishing import finish
from storage.database.backends.group_commit import GroupCommit
from storage.database.models import models_of

MODELS = models_of("sqlite")
__models__ = MODELS.all()

# A query of more steps of SQLite's virtual machine than these, a millisecond or two, is broken off and goes to the thread.
QUICK_STEPS = 20_000


class Quick(stock.SqliteClient):
    """Runs a query in the event loop, where it is quick. The caller holds the connection's lock, so the thread is idle."""

    _patience: str
    """Sets how long a statement waits for another process."""
    _breakable_in: list[int]
    """The thread whose statement is to be broken off when it takes long, 0 = none; shared with the connection's transactions."""

    @stock.translate_exceptions
    async def execute_query(self, query: str, values: list[Any] | None = None) -> tuple[int, Sequence[Any]]:
        """The number of changed or else found rows, and the rows."""
        async with self.acquire_connection() as connection:
            start = connection.total_changes
            rows = self._at_once(connection, query, values or [])
            if rows is None:
                rows = list(await connection.execute_fetchall(query, values))
            return (connection.total_changes - start) or len(rows), rows

    async def execute_query_dict(self, query: str, values: list[Any] | None = None) -> list[dict[str, Any]]:
        """The rows."""
        return list(map(dict, (await self.execute_query(query, values))[1]))

    def _at_once(self, connection: aiosqlite.Connection, query: str, values: Sequence[Any]) -> list[Any] | None:
        """The rows; None when the thread is to run it."""
        is_reading = query.startswith(("SELECT", "WITH"))
        if not is_reading and not self._may_write_at_once:
            return None
        self._breakable_in[0] = get_ident() if is_reading else 0  # to break off a write would roll its transaction back
        try:
            return connection._conn.execute(query, values).fetchall()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                raise
            return None
        finally:
            self._breakable_in[0] = 0

    _may_write_at_once = False
    """A write outside of a transaction waits for other processes' writers, and for the disk."""


class SafeSqliteTransaction(stock.SqliteTransactionContext):
    """A transaction that gives the connection back also when its BEGIN fails or is cancelled.

    A short one may share its commit with others, see group_commit.py.
    """

    __slots__ = ("_group", "_has_joined", "_is_short")

    def __init__(self, client: SafeSqlite, *, is_short: bool) -> None:
        super().__init__(SafeTransaction(client), client._lock)
        self._group = client.group
        self._is_short = is_short
        self._has_joined = False

    async def __aenter__(self) -> TransactionalDBClient:
        if self._is_short:
            await self._group.acquire(self.connection._connection)
        else:
            await self._trxlock.acquire()
        try:
            await self.ensure_connection()
            connection = self.connection._connection
            self._has_joined = self._is_short and self._group.join(connection)
            if not self._has_joined:
                if self._group.is_open:
                    await finish(self._group.commit(connection))
                await self.connection.begin()
        except BaseException:
            try:
                if self.connection._connection and not self._has_joined:
                    # the driver's thread may have run BEGIN after the cancellation
                    await finish(self.connection._connection.rollback())
            finally:
                await self._group.release(self.connection._connection)
            raise
        self.token = get_connections().set(self.connection_name, self.connection)
        client: TransactionalDBClient = self.connection
        return client

    async def __aexit__(self, exc_type: type[BaseException] | None, exc_val: object, exc_tb: object) -> None:
        connection, committed = self.connection._connection, None
        try:
            if not self.connection._finalized:
                if exc_type is None:
                    committed = self._group.end(connection, has_joined=self._has_joined)
                elif self._has_joined:
                    await self._undo(connection)
                elif exc_type is not TransactionManagementError:
                    await finish(self.connection.rollback())
        finally:
            get_connections().reset(self.token)
            await self._group.release(connection)
        if committed is not None:
            await finish(committed)

    async def _undo(self, connection: aiosqlite.Connection) -> None:
        try:
            self._group.undo(connection)
        except sqlite3.Error:  # an I/O error: then none of them is committed, and each caller hears of it
            await finish(connection.rollback())
            raise


class SafeTransaction(Quick, stock.SqliteTransactionWrapper):
    """A transaction that takes the write lock when it begins."""

    _may_write_at_once = True

    def __init__(self, connection: SafeSqlite | SafeTransaction) -> None:
        super().__init__(connection)
        self._breakable_in = connection._breakable_in
        self._patience = connection._patience

    def _in_transaction(self) -> TransactionContext:
        return NestedTransactionContext(SafeTransaction(self))

    async def begin(self) -> None:
        """Begin, waiting for other processes' writers up to busy_timeout."""
        connection = self._connection._conn
        connection.execute("PRAGMA busy_timeout=0")
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:  # another process writes: the thread waits for it
            connection.execute(self._patience)
            try:
                await self._connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                raise OperationalError(error) from error
        else:
            connection.execute(self._patience)


class _Alone(ConnectionWrapper[aiosqlite.Connection]):
    """The connection with nothing on it that is not committed."""

    __slots__ = ("_group",)

    def __init__(self, client: SafeSqlite) -> None:
        super().__init__(client._lock, client)
        self._group = client.group

    async def __aenter__(self) -> aiosqlite.Connection:
        connection: aiosqlite.Connection = await super().__aenter__()
        if self._group.is_open:
            try:
                await finish(self._group.commit(connection))
            except BaseException:
                self._lock.release()
                raise
        return connection


class SafeSqlite(Quick):
    """One connection behind one lock."""

    def __init__(self, file_path: str, **settings: Any) -> None:
        super().__init__(file_path, **settings)
        self.group = GroupCommit(self._lock)
        self._breakable_in = [0]
        self._patience = f"PRAGMA busy_timeout={self.pragmas['busy_timeout']}"

    async def create_connection(self, with_db: bool) -> None:  # noqa: ARG002, FBT001 - Tortoise's own
        """Connect, for the event loop's thread as well."""
        if self._connection:
            return
        self._connection = await aiosqlite.connect(self.filename, isolation_level=None, check_same_thread=False)
        connection = self._connection._conn
        connection.row_factory = sqlite3.Row
        for name, value in self.pragmas.items():
            await self._connection.execute_fetchall(f"PRAGMA {name}={value}")
        connection.set_progress_handler(lambda: self._breakable_in[0] == get_ident(), QUICK_STEPS)
        await self._post_connect()

    def _in_transaction(self) -> TransactionContext:
        return SafeSqliteTransaction(self, is_short=False)

    def short_transaction(self) -> TransactionContext:
        """A transaction of some milliseconds, whose commit may be others' as well."""
        return SafeSqliteTransaction(self, is_short=True)

    def acquire_connection(self) -> ConnectionWrapper[aiosqlite.Connection]:
        """The connection for a query outside of transactions."""
        return _Alone(self)

    @stock.translate_exceptions
    async def execute_many(self, query: str, values: list[list[Any]]) -> None:
        """Run a statement for many rows in a transaction of its own."""
        async with self.acquire_connection() as connection:
            try:
                await connection.execute("BEGIN IMMEDIATE")
                await connection.executemany(query, values)
            except BaseException:
                await finish(connection.rollback())
                raise
            await finish(connection.commit())


client_class = SafeSqlite
