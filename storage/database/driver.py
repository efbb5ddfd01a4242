"""A database's URL, and the errors of its driver.

Used by connection.py and server_lock.py. Slow to load: Tortoise comes with it. Raises StoreError for a URL that can't be read.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tortoise.backends.base.config_generator import expand_db_url
from tortoise.exceptions import BaseORMException, ConfigurationError, IntegrityError

from bot.surroundings import has_name
from storage.errors import StoreError
from storage.files import sqlite_file

# How long a writer waits for another process's transaction; ours take milliseconds, a backup on a slow disk seconds.
BUSY_TIMEOUT_MS = 15_000
# Bounds a use case whose server accepts the connection and never answers.
POSTGRESQL_TIMEOUT_SECONDS = 60
POSTGRESQL_CONNECTIONS = 10
POSTGRESQL_PORT = 5432


@dataclass(frozen=True, slots=True)
class DatabaseUrl:
    """A parsed database URL."""

    dialect: str  # "sqlite" or "postgresql"
    credentials: dict[str, Any]  # the settings of Tortoise's backend
    file: Path | None = None  # the SQLite file; None: memory or PostgreSQL


def read_url(url: str, *, durable: bool) -> DatabaseUrl:
    """Read a URL: sqlite:///relative, sqlite:////absolute, sqlite://:memory:, postgres://… or postgresql://….

    Raises StoreError for any other, without repeating it (it may hold a password).
    """
    scheme = url.partition("://")[0]
    if scheme == "sqlite":
        pragmas = {
            "auto_vacuum": "INCREMENTAL",  # first, for a new file: what is disposed of gives its room back
            "synchronous": _synchronous(url, durable=durable),
            "busy_timeout": BUSY_TIMEOUT_MS,
            "secure_delete": "ON",  # overwrite deleted content; else it stays in a free page
        }
        file = sqlite_file(url)
        return DatabaseUrl("sqlite", {"file_path": str(file or ":memory:"), **pragmas}, file)
    if scheme in {"postgres", "postgresql"}:
        try:
            url, hosts = _hosts(url)
            settings = dict(expand_db_url(url)["credentials"]) | hosts
        except (ConfigurationError, ValueError) as error:
            raise StoreError("the PostgreSQL URL can't be read") from error
        if not (settings.get("user") or os.environ.get("PGUSER") or has_name()):
            raise StoreError("storage.url に利用者名を書いてください（postgres://利用者@ホスト/名前）")
        settings.setdefault("command_timeout", POSTGRESQL_TIMEOUT_SECONDS)
        settings.setdefault("maxsize", POSTGRESQL_CONNECTIONS)
        return DatabaseUrl("postgresql", settings)
    raise StoreError("a database URL begins with sqlite:// or postgres://")


def _hosts(url: str) -> tuple[str, dict[str, Any]]:
    """The URL with its first server alone, and the settings that name them all: postgres://user@one:5432,other:5432/name. Of several
    the one that may be written to is meant, whichever it is just now. Raises ValueError.
    """
    where = urlsplit(url)
    login, at, servers = where.netloc.rpartition("@")
    if "," not in servers:
        return url, {}
    places = [urlsplit(f"//{server}") for server in servers.split(",")]
    first = where._replace(netloc=f"{login}{at}{servers.split(',')[0]}")
    hosts, ports = [place.hostname for place in places], [place.port or POSTGRESQL_PORT for place in places]
    return first.geturl(), {"hosts": hosts, "ports": ports, "target_session_attrs": "primary"}


def login(url: DatabaseUrl) -> dict[str, Any]:
    """How the driver connects to PostgreSQL."""
    names = ("host", "port", "user", "password", "database", "ssl", "hosts", "ports", "target_session_attrs")
    return with_hosts({name: url.credentials[name] for name in names if url.credentials.get(name) is not None})


def with_hosts(settings: dict[str, Any]) -> dict[str, Any]:
    """The driver's own names for several servers."""
    named = {"hosts": "host", "ports": "port"}
    return {name: value for name, value in settings.items() if name not in named} | {
        named[name]: settings[name] for name in named if name in settings
    }


async def reach(*args: Any, host: Any = None, port: Any = None, **settings: Any) -> Any:
    """Connect as asyncpg does, to one server after the other: it gives all together one time, which a machine that is dark uses up.

    `host`, `port`: one, or a list of each. Raises what the last server raised, TimeoutError, OSError.
    """
    import asyncpg  # noqa: PLC0415 - an extra: absent where only SQLite is used

    if not isinstance(host, list):
        return await asyncpg.connect(*args, host=host, port=port, **settings)
    last: Exception | None = None
    for one, at in zip(host, port, strict=True):
        try:
            async with asyncio.timeout(_SERVER_SECONDS):
                return await asyncpg.connect(*args, host=one, port=at, **settings)
        except (
            OSError,
            TimeoutError,
            asyncpg.PostgresError,
            asyncpg.InterfaceError,
            asyncpg.InternalClientError,
        ) as error:
            last = error
    raise last or OSError("no server is named")


_SERVER_SECONDS = 3.0


def _synchronous(url: str, *, durable: bool) -> str:
    """PRAGMA synchronous. FULL makes a commit durable; `?synchronous=NORMAL` is for the test that shows the loss without."""
    setting = url.partition("?")[2]
    if setting in {"", "synchronous=NORMAL"}:
        return "NORMAL" if setting else "FULL" if durable else "OFF"
    raise StoreError("an SQLite URL has no such settings")


def driver_errors() -> tuple[type[Exception], ...]:
    """Every exception class of a failing database; asyncpg's are no subclasses of Tortoise's or OSError.

    OverflowError: sqlite3 raises it for an id of more than 64 bits.
    """
    errors: tuple[type[Exception], ...] = (BaseORMException, sqlite3.Error, OSError, OverflowError)
    asyncpg = sys.modules.get("asyncpg")  # an extra: loaded where PostgreSQL is used
    if asyncpg is None:
        return errors
    # InternalClientError: asyncpg sometimes raises it when the server cuts the connection during a query.
    return (*errors, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


def is_about_values(error: Exception) -> bool:
    """Whether the database would refuse the same again."""
    asyncpg = sys.modules.get("asyncpg")
    refusals = (IntegrityError, sqlite3.IntegrityError, sqlite3.DataError, OverflowError)
    return isinstance(error, refusals if asyncpg is None else (*refusals, asyncpg.DataError))
