"""An open database: its Tortoise context, its models, and the one way in which anything is run against it.

Made by opening.py; handed to the classes of use_cases/. Every use case runs in a task of its own, inside this database's
Tortoise context whatever task asked, and to its end even if the asker is cancelled. Raises StoreError for whatever the database
or its driver raises, with the cause chained.
"""

from __future__ import annotations

import asyncio
import contextvars
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.backends.base.config_generator import expand_db_url
from tortoise.context import TortoiseContext
from tortoise.exceptions import BaseORMException, ConfigurationError
from tortoise.transactions import in_transaction

from bot.clock import Clock
from storage.database.models import Models
from storage.errors import KeysUnfit, NotFound, StoreError, WrongState
from storage.files import FileGuard, sqlite_file
from storage.keys.vault import Vault

Result = TypeVar("Result")
Item = TypeVar("Item")
Parameters = ParamSpec("Parameters")

# How long a writer waits for another process's transaction; ours take milliseconds, a backup on a slow disk seconds.
BUSY_TIMEOUT_MS = 15_000
# A server that accepts and then says nothing must not hold a use case for ever.
POSTGRESQL_TIMEOUT_SECONDS = 60
POSTGRESQL_CONNECTIONS = 10


LastSteps = dict[Callable[["Database", list[Any]], Coroutine[Any, Any, None]], list[Any]]
"""What a transaction does last, and with what."""


@dataclass(frozen=True, slots=True)
class DatabaseUrl:
    """What a URL says: the dialect, the backend's settings, and the SQLite file (None: memory or PostgreSQL)."""

    dialect: str
    credentials: dict[str, Any]
    file: Path | None = None


def read_url(url: str, *, durable: bool) -> DatabaseUrl:
    """Read a URL: sqlite:///relative, sqlite:////absolute, sqlite://:memory:, postgres://… or postgresql://….

    Raises StoreError for any other, without repeating it (it may hold a password).
    """
    scheme = url.partition("://")[0]
    if scheme == "sqlite":
        pragmas = {
            "synchronous": _synchronous(url, durable=durable),
            "busy_timeout": BUSY_TIMEOUT_MS,
            "secure_delete": "ON",  # what a row held does not stay in a free page
        }
        file = sqlite_file(url)
        return DatabaseUrl("sqlite", {"file_path": str(file or ":memory:"), **pragmas}, file)
    if scheme in {"postgres", "postgresql"}:
        try:
            settings = dict(expand_db_url(url)["credentials"])
        except (ConfigurationError, ValueError) as error:
            raise StoreError("the PostgreSQL URL can't be read") from error
        settings.setdefault("command_timeout", POSTGRESQL_TIMEOUT_SECONDS)
        settings.setdefault("maxsize", POSTGRESQL_CONNECTIONS)
        return DatabaseUrl("postgresql", settings)
    raise StoreError("a database URL begins with sqlite:// or postgres://")


def _synchronous(url: str, *, durable: bool) -> str:
    """FULL: what was committed is on the disk. `?synchronous=NORMAL` is for the rehearsal that shows what would be lost."""
    setting = url.partition("?")[2]
    if setting in {"", "synchronous=NORMAL"}:
        return "NORMAL" if setting else "FULL" if durable else "OFF"
    raise StoreError("an SQLite URL has no such settings")


def driver_errors() -> tuple[type[Exception], ...]:
    """Every class that a database in trouble may raise; asyncpg's are its own, outside Tortoise's and OSError.

    OverflowError: what sqlite3 says to an id of more than 64 bits, where PostgreSQL has an error of its own.
    """
    errors: tuple[type[Exception], ...] = (BaseORMException, sqlite3.Error, OSError, OverflowError)
    try:
        import asyncpg  # noqa: PLC0415 - an extra: absent where only SQLite is used
    except ImportError:
        return errors
    # InternalClientError: what asyncpg says, at times, when the server cuts a connection under a query.
    return (*errors, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


class Database:
    """One open database. Connected, migrated and with its vault only when opening.py gives it out."""

    vault: Vault  # what seals and unseals
    secret: bytes  # this database's own, for what is derived from it

    def __init__(self, url: DatabaseUrl, models: Models, clock: Clock) -> None:
        self.dialect = url.dialect  # "sqlite" or "postgresql"
        self.models = models
        self.clock = clock  # tells the time of every row
        self.url = url
        self.files = FileGuard(url.file) if url.file else None
        self._driver_errors = driver_errors()
        self._tortoise = TortoiseContext()
        # Tortoise finds its connections through a context variable. Ours stands in a context of our own, of which each
        # use case's task gets a copy: it does not matter which task asks, or whether it began before the store was opened.
        self._home = contextvars.Context()
        self._home.run(self._tortoise.__enter__)
        self._last_steps: contextvars.ContextVar[LastSteps] = contextvars.ContextVar("last_steps")
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closing: asyncio.Task[None] | None = None

    @property
    def client(self) -> BaseDBAsyncClient:
        """The connection, or the transaction in which the use case stands."""
        return self._tortoise.connections.get(self.dialect)

    @asynccontextmanager
    async def transaction(self, *, seals: bool = False) -> AsyncIterator[None]:
        """`async with database.transaction()`: commits at its end, rolls back on any exception. Not to be nested.

        `seals`: it writes something sealed; refused (KeysUnfit) when another process has rotated the keys since we read them.
        """
        async with in_transaction(self.dialect):
            if seals:
                await self._check_current()
            steps: LastSteps = {}
            outside = self._last_steps.set(steps)
            try:
                yield
            finally:
                self._last_steps.reset(outside)
            for step, items in steps.items():
                await step(self, items)
            self.check_files()  # a commit into a file that is no longer there would succeed

    def at_the_end(
        self, step: Callable[[Database, list[Item]], Coroutine[Any, Any, None]], items: Sequence[Item]
    ) -> None:
        """Have the transaction in hand end with `step`, called once with all items that were given for it, if any."""
        if items:
            self._last_steps.get().setdefault(step, []).extend(items)

    def check_files(self) -> None:
        """Raise DatabaseGone or DatabaseReplaced when the SQLite file is not the one that was opened; else do nothing."""
        if self.files is not None:
            self.files.check()

    async def rows(self, sql: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Run SQL with `?` for values (no other question mark in it) and give its rows."""
        return await self.client.execute_query_dict(self._numbered(sql), list(values))

    async def execute(self, sql: str, values: Sequence[Any] = ()) -> None:
        """Run SQL with `?` for values that gives no rows."""
        await self.client.execute_query(self._numbered(sql), list(values))

    async def execute_many(self, sql: str, values: Sequence[list[Any]]) -> None:
        """Run SQL with `?` for values once for each list of values."""
        await self.client.execute_many(self._numbered(sql), list(values))

    async def run(
        self,
        use_case: Callable[Concatenate[Database, Parameters], Coroutine[Any, Any, Result]],
        *args: Parameters.args,
        **kwargs: Parameters.kwargs,
    ) -> Result:
        """Run a use case to its end, whatever becomes of the caller."""
        if self._closing is not None:
            raise StoreError("the store is closed")
        self.check_files()
        task = asyncio.create_task(self._guarded(use_case(self, *args, **kwargs)), context=self._home.copy())
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return await asyncio.shield(task)

    async def connect(self) -> None:
        """Tell Tortoise what to connect to; the rest of opening a database is opening.py's."""
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
        """Let running use cases finish, then disconnect. May be called twice."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._disconnect(), context=self._home.copy())
        await asyncio.shield(self._closing)

    async def _check_current(self) -> None:
        """In a transaction that seals: that nobody has rotated the keys away since this process read them. Raises KeysUnfit."""
        lock = " FOR SHARE" if self.dialect == "postgresql" else ""  # a rotation waits for us, then seals what we wrote
        rows = await self.rows(f"SELECT key_id FROM vault{lock}")  # noqa: S608 - two constants
        if not rows or rows[0]["key_id"] not in self.vault.key_ids:
            raise KeysUnfit("データベースの鍵が、動いている間に取り替えられました。もう一度起動してください")

    async def _guarded(self, work: Coroutine[Any, Any, Result]) -> Result:
        try:
            result = await work
            self.check_files()  # what was committed a moment ago is not where anybody will look for it
        except (StoreError, NotFound, WrongState):
            raise
        except self._driver_errors as error:
            raise StoreError(f"the database could not be asked ({type(error).__name__})") from error
        return result

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # the caller may be gone; an exception that nobody reads would be printed with its values

    def _numbered(self, sql: str) -> str:
        if self.dialect == "sqlite":
            return sql
        first, *rest = sql.split("?")
        return first + "".join(f"${number}{piece}" for number, piece in enumerate(rest, 1))

    async def _disconnect(self) -> None:
        while self._tasks:
            await asyncio.wait(self._tasks)
        await self._tortoise.close_connections()
