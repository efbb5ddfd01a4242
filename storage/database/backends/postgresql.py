"""PostgreSQL (asyncpg) for Tortoise: a cancelled task returns its pooled connection.

A Tortoise engine ("storage.database.backends.postgresql"), imported only when a postgres:// URL is opened. The stock engine
loses the connection of a task that is cancelled during BEGIN, until the pool is empty. Raises Tortoise's and asyncpg's errors.
"""

# ruff: noqa: SLF001 - a backend is made by overriding the stock one's inner parts; Tortoise has no other way
from __future__ import annotations

from typing import Any

import asyncpg
from tortoise.backends.asyncpg import client as stock
from tortoise.backends.base.client import TransactionalDBClient, TransactionContext, TransactionContextPooled
from tortoise.connection import get_connections
from tortoise.exceptions import TransactionManagementError

from storage.database.backends.finishing import finish
from storage.database.driver import reach, with_hosts
from storage.database.models import models_of

MODELS = models_of("postgresql")
__models__ = MODELS.all()


class SafePostgresqlTransaction(TransactionContextPooled):
    """A transaction that returns its connection to the pool in every case."""

    __slots__ = ()

    async def __aenter__(self) -> TransactionalDBClient:
        await self.ensure_connection()
        pool = self.client._parent._pool
        self.client._connection = await pool.acquire()
        try:
            await self.client.begin()
        except BaseException:
            await finish(pool.release(self.client._connection))
            raise
        self.token = get_connections().set(self.connection_name, self.client)
        return self.client

    async def __aexit__(self, exc_type: type[BaseException] | None, exc_val: object, exc_tb: object) -> None:
        pool = self.client._parent._pool
        try:
            if not self.client._finalized:
                if exc_type is None:
                    await finish(self.client.commit())
                elif exc_type is not TransactionManagementError:
                    await finish(self.client.rollback())
        finally:
            get_connections().reset(self.token)
            if pool:
                await finish(pool.release(self.client._connection))


class SafeAsyncpg(stock.AsyncpgDBClient):
    """A pool of connections."""

    async def create_pool(self, **settings: Any) -> asyncpg.Pool:
        """Connect to the one of several servers that may be written to."""
        return await super().create_pool(connect=reach, **with_hosts(settings))

    def _in_transaction(self) -> TransactionContext:
        return SafePostgresqlTransaction(stock.TransactionWrapper(self), self._pool_init_lock)


client_class = SafeAsyncpg
