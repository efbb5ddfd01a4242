"""An open database: its Tortoise context, its models, and the one way in which anything is run against it.

Made by `Store.open`; handed to the use-case modules (mails.py, settling.py, …), which are functions of a Database and core
values. Every use case runs in a task of its own, inside this database's Tortoise context whatever task asked, and to its end
even if the asker is cancelled. Raises StoreError for whatever the database or its driver raises, with the cause chained.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import os
import sqlite3
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from tortoise.backends.base.client import BaseDBAsyncClient, TransactionContext
from tortoise.backends.base.config_generator import expand_db_url
from tortoise.context import TortoiseContext
from tortoise.exceptions import BaseORMException, ConfigurationError
from tortoise.transactions import in_transaction

from bot.clock import Clock
from storage.errors import NotFound, StoreError, WrongState
from storage.migrate import locked, migrate
from storage.models import Models

Result = TypeVar("Result")
Parameters = ParamSpec("Parameters")

# How long a writer waits for another process's transaction; ours take milliseconds, a backup on a slow disk seconds.
BUSY_TIMEOUT_MS = 15_000
# A server that accepts and then says nothing must not hold a use case for ever.
POSTGRESQL_TIMEOUT_SECONDS = 60
POSTGRESQL_CONNECTIONS = 10


@dataclass(frozen=True, slots=True)
class Place:
    """What a URL says: the dialect, the backend's settings, and the SQLite file (None: memory or PostgreSQL)."""

    dialect: str
    credentials: dict[str, Any]
    file: Path | None = None


def place_of(url: str, *, durable: bool) -> Place:
    """Read a URL: sqlite:///relative, sqlite:////absolute, sqlite://:memory:, postgres://… or postgresql://….

    Raises StoreError for any other, without repeating it (it may hold a password).
    """
    scheme = url.partition("://")[0]
    if scheme == "sqlite":
        path = url.removeprefix("sqlite://")
        if path != ":memory:" and (not path.startswith("/") or path == "/"):
            raise StoreError("an SQLite URL is sqlite:///relative, sqlite:////absolute or sqlite://:memory:")
        pragmas = {"synchronous": "FULL" if durable else "OFF", "busy_timeout": BUSY_TIMEOUT_MS}
        file = None if path == ":memory:" else Path(path[1:]).absolute()
        return Place("sqlite", {"file_path": str(file or path), **pragmas}, file)
    if scheme in {"postgres", "postgresql"}:
        try:
            settings = dict(expand_db_url(url)["credentials"])
        except (ConfigurationError, ValueError) as error:
            raise StoreError("the PostgreSQL URL can't be read") from error
        settings.setdefault("command_timeout", POSTGRESQL_TIMEOUT_SECONDS)
        settings.setdefault("maxsize", POSTGRESQL_CONNECTIONS)
        return Place("postgresql", settings)
    raise StoreError("a database URL begins with sqlite:// or postgres://")


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
    """One open database. `dialect` is "sqlite" or "postgresql"; `models` its classes; `clock` tells the time of every row."""

    def __init__(self, place: Place, models: Models, clock: Clock) -> None:
        self.dialect = place.dialect
        self.models = models
        self.clock = clock
        self._place = place
        self._driver_errors = driver_errors()
        self._tortoise = TortoiseContext()
        # Tortoise finds its connections through a context variable. Ours stands in a context of our own, of which each
        # use case's task gets a copy: it does not matter which task asks, or whether it began before the store was opened.
        self._home = contextvars.Context()
        self._home.run(self._tortoise.__enter__)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closing: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, url: str, *, clock: Clock, durable: bool) -> Self:
        """Connect and migrate. Raises StoreError."""
        place = place_of(url, durable=durable)
        if place.dialect == "sqlite":
            from storage.backends import sqlite as backend  # noqa: PLC0415 - as below
        else:
            try:
                from storage.backends import postgresql as backend  # type: ignore[no-redef]  # noqa: PLC0415 - needs the extra
            except ImportError as error:
                raise StoreError("PostgreSQL needs the package asyncpg: install hosho-bot[postgresql]") from error
        database = cls(place, backend.MODELS, clock)
        try:
            await database.run(cls._start)
        except BaseException:
            await database.close()
            raise
        return database

    @property
    def client(self) -> BaseDBAsyncClient:
        """The connection, or the transaction in which the use case stands."""
        return self._tortoise.connections.get(self.dialect)

    def transaction(self) -> TransactionContext:
        """`async with database.transaction()`: commits at its end, rolls back on any exception."""
        return in_transaction(self.dialect)

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
        task = asyncio.create_task(self._guarded(use_case(self, *args, **kwargs)), context=self._home.copy())
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Let running use cases finish, then disconnect. May be called twice."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._disconnect(), context=self._home.copy())
        await asyncio.shield(self._closing)

    async def _start(self) -> None:
        place = self._place
        async with locked(_made_private(place.file)):
            await self._tortoise.init(
                config={
                    "connections": {
                        place.dialect: {
                            "engine": f"storage.backends.{place.dialect}",
                            "credentials": place.credentials,
                        },
                    },
                    "apps": {
                        f"storage_{place.dialect}": {
                            "models": [f"storage.backends.{place.dialect}"],
                            "default_connection": place.dialect,
                        },
                    },
                },
                use_tz=True,
                timezone="UTC",
            )
            await migrate(self.client, database=place.file, clock=self.clock)

    async def _guarded(self, work: Coroutine[Any, Any, Result]) -> Result:
        try:
            return await work
        except (StoreError, NotFound, WrongState):
            raise
        except self._driver_errors as error:
            raise StoreError(f"the database could not be asked ({type(error).__name__})") from error

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


def _made_private(file: Path | None) -> Path | None:
    """Make the SQLite file before SQLite does, mode 0600, in a folder 0700: it holds keys. WAL and SHM inherit the mode."""
    if file is not None:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # O_EXCL: closing any descriptor of a file that is open in this process would drop SQLite's POSIX locks on it.
        with contextlib.suppress(FileExistsError):
            os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    return file
