"""SQLite for Tortoise: transactions begin IMMEDIATE, and a cancelled task leaves neither a lock nor an open transaction.

A Tortoise engine ("storage.database.backends.sqlite"). Tortoise's own begins DEFERRED (two processes that read and then write fail at
once with "database is locked") and keeps its lock for ever when a task is cancelled while beginning. Raises Tortoise's errors.
"""

# ruff: noqa: SLF001 - a backend is made by overriding the stock one's inner parts; Tortoise has no other way
from __future__ import annotations

import sqlite3
from typing import Any

from tortoise.backends.base.client import NestedTransactionContext, TransactionalDBClient, TransactionContext
from tortoise.backends.sqlite import client as stock
from tortoise.connection import get_connections
from tortoise.exceptions import OperationalError, TransactionManagementError

from storage.database.backends.finishing import finish
from storage.database.models import models_of

MODELS = models_of("sqlite")
__models__ = MODELS.all()


class SafeSqliteTransaction(stock.SqliteTransactionContext):
    """The lock is released on every way out of a beginning that failed."""

    __slots__ = ()

    async def __aenter__(self) -> TransactionalDBClient:
        await self._trxlock.acquire()
        try:
            await self.ensure_connection()
            await self.connection.begin()
        except BaseException:
            try:
                if self.connection._connection:
                    # a BEGIN may have arrived after the cancellation
                    await finish(self.connection._connection.rollback())
            finally:
                self._trxlock.release()
            raise
        self.token = get_connections().set(self.connection_name, self.connection)
        client: TransactionalDBClient = self.connection
        return client

    async def __aexit__(self, exc_type: type[BaseException] | None, exc_val: object, exc_tb: object) -> None:
        try:
            if not self.connection._finalized:
                if exc_type is None:
                    await finish(self._commit())
                elif exc_type is not TransactionManagementError:
                    await finish(self.connection.rollback())
        finally:
            get_connections().reset(self.token)
            self._trxlock.release()

    async def _commit(self) -> None:
        try:
            await self.connection.commit()
        except sqlite3.Error as error:  # disk full, I/O error: SQLite may leave the transaction open
            await self.connection._connection.rollback()
            raise OperationalError(error) from error


class SafeTransaction(stock.SqliteTransactionWrapper):
    """A transaction that takes the write lock when it begins."""

    def _in_transaction(self) -> TransactionContext:
        return NestedTransactionContext(SafeTransaction(self))

    async def begin(self) -> None:
        """Begin, waiting for other processes' writers up to busy_timeout."""
        try:
            await self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise OperationalError(error) from error


class SafeSqlite(stock.SqliteClient):
    """One connection behind one lock."""

    def _in_transaction(self) -> TransactionContext:
        return SafeSqliteTransaction(SafeTransaction(self), self._lock)

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
