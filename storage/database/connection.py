"""An open database: its Tortoise context, its models, transactions and SQL.

Made by opening.py; used by the classes of use_cases/. `run` executes a use case in its own task, in this database's Tortoise
context, and to its end even if the caller is cancelled. Raises StoreError for every exception of the database or its driver,
with the cause chained.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any, Concatenate, ParamSpec, TypeVar

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.context import TortoiseContext

from bot.clock import Clock
from bot.progress import Steps
from storage.database.daemon_lock import DaemonLock
from storage.database.driver import DatabaseUrl, driver_errors, is_about_values
from storage.database.models import Models
from storage.errors import KeysUnfit, NotFound, StoreError, Unstorable, WrongState
from storage.files import FileGuard
from storage.keys.vault import Vault

Result = TypeVar("Result")
Item = TypeVar("Item")
Parameters = ParamSpec("Parameters")

LastSteps = dict[Callable[["Database", list[Any]], Coroutine[Any, Any, None]], list[Any]]
"""The last steps of a transaction, each with its items."""


@lru_cache(maxsize=512)
def _numbered(sql: str) -> str:
    """PostgreSQL's form of the SQL."""
    first, *rest = sql.split("?")
    return first + "".join(f"${number}{piece}" for number, piece in enumerate(rest, 1))


class Database:
    """One open database. open_database returns it connected, migrated and with its vault."""

    vault: Vault  # seals keys and mails; replaced by a rotation
    secret: bytes  # 32 bytes, this database's; see Store.derived_secret

    def __init__(self, url: DatabaseUrl, models: Models, clock: Clock, daemon: DaemonLock | None = None) -> None:
        self.dialect = url.dialect  # "sqlite" or "postgresql"
        self.models = models
        self.clock = clock  # the source of all times in rows
        self.url = url
        self.daemon = daemon or DaemonLock(None)
        self.in_shadow = False  # no letter leaves but alarms, and no notice changes the register
        self.files = FileGuard(url.file) if url.file else None
        self._tortoise = TortoiseContext()
        # Tortoise finds its connections through a context variable. It is set in this context, and each use case's task gets
        # a copy of it; so the calling task and its start relative to the opening do not matter.
        self._home = contextvars.Context()
        self._home.run(self._tortoise.__enter__)
        self._last_steps: contextvars.ContextVar[LastSteps] = contextvars.ContextVar("last_steps")
        self._steps: contextvars.ContextVar[Steps] = contextvars.ContextVar("steps", default=Steps())  # noqa: B039 - it counts for nobody
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closing: asyncio.Task[None] | None = None

    @property
    def owner(self) -> int | None:
        """What our claims bear, where several daemons may claim; None: SQLite has one. Raises StoreError while our lock is lost."""
        return self.daemon.number if self.dialect == "postgresql" else None

    @property
    def client(self) -> BaseDBAsyncClient:
        """The connection, or the use case's current transaction."""
        return self._tortoise.connections.get(self.dialect)

    @asynccontextmanager
    async def transaction(
        self, *, seals: bool = False, short: bool = False, steps: Steps | None = None
    ) -> AsyncIterator[None]:
        """`async with database.transaction()`: commits at its end, rolls back on any exception. Not to be nested.

        `short`: it takes milliseconds and happens for each mail; such ones share commits (backends/group_commit.py).
        `seals`: the transaction writes sealed values; raises KeysUnfit when another process has rotated the keys since this
        one read them. `steps`: counts the rows that it makes and inserts; what that raises rolls back.
        """
        client: Any = self.client
        begun = client.short_transaction() if short and self.dialect == "sqlite" else client._in_transaction()  # noqa: SLF001 - Tortoise's own way
        async with begun:
            if seals:
                await self._check_current()
            last: LastSteps = {}
            outside = self._last_steps.set(last)
            counted = self._steps.set(steps or Steps())
            try:
                try:
                    yield
                finally:
                    self._last_steps.reset(outside)
                for step, items in last.items():
                    await step(self, items)
            finally:
                self._steps.reset(counted)
            self.check_files()  # a commit into a deleted file would succeed

    @property
    def steps(self) -> Steps:
        """What counts the steps of the current transaction."""
        return self._steps.get()

    def at_the_end(
        self, step: Callable[[Database, list[Item]], Coroutine[Any, Any, None]], items: Sequence[Item]
    ) -> None:
        """Run `step` as a last step of the current transaction, once, with the items of all calls; never without items."""
        if items:
            self._last_steps.get().setdefault(step, []).extend(items)

    def check_files(self) -> None:
        """Raise DatabaseGone or DatabaseReplaced when the SQLite file is not the opened one. PostgreSQL: no check."""
        if self.files is not None:
            self.files.check()

    async def rows(self, sql: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Run SQL and return its rows. `?` stands for a value; the SQL has no other question mark."""
        return await self.client.execute_query_dict(self._numbered(sql), list(values))

    async def execute(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Run SQL without a result; `?` stands for a value. Returns how many rows it changed."""
        return (await self.client.execute_query(self._numbered(sql), list(values)))[0]

    async def execute_many(self, sql: str, values: Sequence[list[Any]]) -> None:
        """Run SQL once for each list of values; `?` stands for a value."""
        await self.client.execute_many(self._numbered(sql), list(values))

    async def run(
        self,
        use_case: Callable[Concatenate[Database, Parameters], Coroutine[Any, Any, Result]],
        *args: Parameters.args,
        **kwargs: Parameters.kwargs,
    ) -> Result:
        """Run a use case to its end, also when the caller is cancelled. Raises StoreError, NotFound, WrongState."""
        if self._closing is not None:
            raise StoreError("the store is closed")
        self.check_files()
        task = asyncio.create_task(self._guarded(use_case(self, *args, **kwargs)), context=self._home.copy())
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return await asyncio.shield(task)

    async def connect(self) -> None:
        """Configure Tortoise's connection. The other steps of opening a database are in opening.py."""
        url = self.url
        backend = f"storage.database.backends.{url.dialect}"
        await self._tortoise.init(
            config={
                "connections": {url.dialect: {"engine": backend, "credentials": url.credentials}},
                "apps": {f"storage_{url.dialect}": {"models": [backend], "default_connection": url.dialect}},
            },
            use_tz=True,
            timezone="UTC",
        )

    async def close(self) -> None:
        """Wait for running use cases, then disconnect. Twice is no error."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._disconnect(), context=self._home.copy())
        await asyncio.shield(self._closing)

    async def _check_current(self) -> None:
        """Raise KeysUnfit when the keys were rotated since this process read them. Called in a transaction that seals."""
        lock = " FOR SHARE" if self.dialect == "postgresql" else ""  # a rotation waits for it, then re-seals these rows
        rows = await self.rows(f"SELECT key_id FROM vault{lock}")  # noqa: S608 - two constants
        if not rows or rows[0]["key_id"] not in self.vault.key_ids:
            raise KeysUnfit("データベースの鍵が、動いている間に取り替えられました。もう一度起動してください")

    async def _guarded(self, work: Coroutine[Any, Any, Result]) -> Result:
        try:
            result = await work
            self.check_files()  # the commit may have gone into a replaced file
        except (StoreError, NotFound, WrongState):
            raise
        except driver_errors() as error:
            if is_about_values(error):
                raise Unstorable(f"the database takes no such values ({type(error).__name__})") from error
            raise StoreError(f"the database could not be asked ({type(error).__name__})") from error
        return result

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # the caller may be cancelled; asyncio logs an unretrieved exception, with its values

    def _numbered(self, sql: str) -> str:
        return sql if self.dialect == "sqlite" else _numbered(sql)

    async def _disconnect(self) -> None:
        while self._tasks:
            await asyncio.wait(self._tasks)
        await self._tortoise.close_connections()
