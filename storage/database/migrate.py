"""Migrate a database's schema: the numbered files of migrations/, under a lock, after a backup.

Called once by opening.py. All pending migrations run in one transaction, each with its row in `schema_version`: version, name, and
the file's checksum. An existing SQLite file is first copied online to `<file>.before-NNNN`. Each migration is logged. Raises
SchemaUnfit (Japanese, says what to do) when what was applied is not the beginning of what this program has, file by file;
StoreError for rows that a migration would orphan, and when another process holds the lock for too long.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import logging
import os
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.transactions import in_transaction

from bot.clock import Clock
from bot.progress import Tell, untold
from storage.database.fields import in_utc
from storage.errors import SchemaUnfit, StoreError

log = logging.getLogger("hosho.storage")

# The key of the advisory lock, unique in the PostgreSQL database: "hosho" in ASCII.
ADVISORY_LOCK = 0x686F73686F
# Longer than any migration of a city's few ten thousand mails takes.
LOCK_WAIT_SECONDS = 60.0
_LOCK_POLL_SECONDS = 0.05

MIGRATIONS: Traversable = resources.files("storage.migrations")


@dataclass(frozen=True, slots=True)
class Migration:
    """One file of migrations/. `version` counts from 1."""

    version: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """Of the file's text."""
        return hashlib.sha256(self.sql.encode("utf-8")).hexdigest()


def migrations(dialect: str, folder: Traversable = MIGRATIONS) -> tuple[Migration, ...]:
    """The folder's migrations for this dialect, in order."""
    suffix = f".{dialect}.sql"
    found = sorted((file.name.removesuffix(suffix), file) for file in folder.iterdir() if file.name.endswith(suffix))
    return tuple(Migration(int(name[:4]), name, file.read_text("utf-8")) for name, file in found)


@asynccontextmanager
async def locked(database: Path | None) -> AsyncIterator[None]:
    """Exclude other processes from opening and migrating the same SQLite file. None (memory, PostgreSQL): no lock here."""
    if database is None:
        yield
        return
    descriptor = os.open(f"{database}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        await _take(descriptor)
        yield
    finally:
        os.close(descriptor)


async def _take(descriptor: int) -> None:
    polls = int(LOCK_WAIT_SECONDS / _LOCK_POLL_SECONDS)
    for _ in range(polls):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            await asyncio.sleep(_LOCK_POLL_SECONDS)
        else:
            return
    raise StoreError("another process has been opening the database for a minute")


async def migrate(
    client: BaseDBAsyncClient, *, database: Path | None, clock: Clock, folder: Traversable = MIGRATIONS
) -> tuple[int, ...]:
    """Apply the pending migrations; returns their versions. `database`: the SQLite file, None = memory or PostgreSQL."""
    dialect = client.capabilities.dialect
    known = migrations("sqlite" if dialect == "sqlite" else "postgresql", folder)
    current = checked(await _applied(client), known)
    pending = tuple(m for m in known if m.version > current)
    if not pending:
        return ()
    if dialect != "sqlite":
        return await _apply(client, pending, clock)
    if database is not None and current > 0:
        await asyncio.to_thread(
            backup, database, database.with_name(f"{database.name}.before-{pending[0].version:04d}")
        )
    await client.execute_query("PRAGMA foreign_keys=OFF")  # else dropping a table to rebuild it deletes its child rows
    try:
        return await _apply(client, pending, clock)
    finally:
        await client.execute_query("PRAGMA foreign_keys=ON")


async def pending_of(client: BaseDBAsyncClient, folder: Traversable = MIGRATIONS) -> tuple[str, ...] | None:
    """The names of the migrations that `migrate` would apply; None: there is no table yet. Nothing is changed. Raises SchemaUnfit."""
    known = migrations("sqlite" if client.capabilities.dialect == "sqlite" else "postgresql", folder)
    current = checked(await _applied(client), known)
    return tuple(m.name for m in known if m.version > current) if current else None


STEP_PAGES = 256
"""A step of a copy: 1 MiB. Between two of them a Ctrl-C is heard."""


def backup(database: Path, copy: Path, tell: Tell = untold) -> None:
    """Copy an SQLite database, also while it is in use. The copy appears whole or not at all, mode 0600, one file without a log beside it.

    One snapshot is copied: no writer waits for it (WAL), and no write makes it begin anew. What `tell` raises leaves
    no copy.
    """
    unfinished = copy.with_name(copy.name + ".part")
    unfinished.unlink(missing_ok=True)
    os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with closing(sqlite3.connect(database, isolation_level=None)) as source, closing(sqlite3.connect(unfinished)) as to:
        source.execute("BEGIN")
        source.execute("SELECT 1 FROM sqlite_master").fetchone()  # the snapshot begins here
        source.backup(to, pages=STEP_PAGES, progress=lambda _status, left, all_: tell(all_ - left, all_))
        to.execute("PRAGMA journal_mode=DELETE")
    with unfinished.open("rb") as file:
        os.fsync(file.fileno())
    unfinished.replace(copy)


async def _applied(client: BaseDBAsyncClient) -> dict[int, tuple[str, str]]:
    """What was applied: version → (name, checksum)."""
    if client.capabilities.dialect == "sqlite":
        question = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'schema_version'"
    else:
        question = "SELECT 1 WHERE to_regclass('schema_version') IS NOT NULL"
    if not await client.execute_query_dict(question):
        return {}
    rows = await client.execute_query_dict("SELECT * FROM schema_version ORDER BY version")
    return {row["version"]: (row["name"], row.get("checksum", "")) for row in rows}


def checked(applied: dict[int, tuple[str, str]], known: tuple[Migration, ...]) -> int:
    """The last version that was applied, 0 = none. Raises SchemaUnfit unless these are the first files of `known`, unchanged."""
    last, newest = max(applied, default=0), known[-1].version
    if last > newest:
        raise SchemaUnfit(
            f"データベースは、このプログラムより新しい版のものです（version {last}、このプログラムは {newest} まで）。"
            "新しい版のプログラムで動かすか、更新前のデータベースの写し（.before-…）を復元してください"
        )
    for migration in known[:last]:
        told = applied.get(migration.version)
        if told is None:
            raise SchemaUnfit(
                f"データベースに、行われていない更新があります（{migration.name}）。"
                "データベースの写し（.before-… 又はバックアップ）を復元してください"
            )
        if told != (migration.name, migration.checksum):
            raise SchemaUnfit(
                f"データベースを作った更新のファイルが、このプログラムのものと違います（{migration.name}）。データベースを作った版の"
                "プログラムに戻すか、プログラムを入れ直してください（storage/migrations のファイルは書き換えられません）"
            )
    return last


async def _apply(client: BaseDBAsyncClient, pending: tuple[Migration, ...], clock: Clock) -> tuple[int, ...]:
    sqlite = client.capabilities.dialect == "sqlite"
    async with in_transaction(client.connection_name) as transaction:
        if not sqlite:
            await transaction.execute_query(f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})")
        at = "TEXT" if sqlite else "TIMESTAMPTZ"
        await transaction.execute_query(
            f"CREATE TABLE IF NOT EXISTS schema_version "
            f"(version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, applied_at {at} NOT NULL, checksum TEXT NOT NULL)",
        )
        current = max(await _applied(transaction), default=0)  # another process may have been faster
        applied = tuple(migration for migration in pending if migration.version > current)
        record = "INSERT INTO schema_version VALUES ({})".format("?, ?, ?, ?" if sqlite else "$1, $2, $3, $4")  # noqa: S608 - two constants
        for migration in applied:
            for statement in statements(migration.sql) if sqlite else (migration.sql,):
                await _script(transaction, statement)
            values = [migration.version, migration.name, in_utc(clock()), migration.checksum]
            await transaction.execute_query(record, values)
        if sqlite and await transaction.execute_query_dict("PRAGMA foreign_key_check"):
            raise StoreError("the migration would leave rows whose parents are gone; nothing was changed")
    for migration in applied:
        log.info("the database was migrated: %s", migration.name)
    return tuple(migration.version for migration in applied)


async def _script(transaction: BaseDBAsyncClient, script: str) -> None:
    if transaction.capabilities.dialect == "sqlite":
        await transaction.execute_query(script)  # not execute_script: Python's executescript commits first
    else:
        await transaction.execute_script(script)


def statements(sql: str) -> Iterator[str]:
    """Split an SQLite script; a semicolon in a trigger, string or comment does not end a statement. Raises ValueError."""
    statement = ""
    for line in sql.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement.strip()
            statement = ""
    if "".join(line for line in statement.splitlines() if not line.lstrip().startswith("--")).strip():
        raise ValueError("an SQLite migration does not end with a semicolon")
