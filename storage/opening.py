"""Open a database: connect, open its vault, migrate its schema; or look what that would change.

Called by `Store.open`, and by `doctor`. The opening of an SQLite file is serialised between processes by `<file>.lock`. That the key file
belongs to the database is checked before any migration. Raises StoreError and its subclasses KeysUnfit (Japanese, says what
to do), NotPrivate, DatabaseGone, DatabaseReplaced.
"""

from __future__ import annotations

import secrets

from bot.clock import Clock
from storage.database.connection import Database
from storage.database.daemon_lock import DaemonLock
from storage.database.driver import read_url
from storage.database.migrate import locked, migrate, pending_of
from storage.database.rows import Rows
from storage.errors import KeysUnfit, StoreError, Unreadable
from storage.files import make_folder
from storage.keys.key_file import KeyFile
from storage.keys.vault import DERIVED_BYTES, Vault


async def open_database(
    url: str,
    *,
    keys: KeyFile | Vault,
    clock: Clock,
    durable: bool,
    new_database: bool = False,
    daemon: DaemonLock | None = None,
) -> Database:
    """Connect and migrate; see Store.open."""
    database = _unopened(url, clock, durable=durable, daemon=daemon)
    try:
        await database.run(_start, keys, new_database=new_database)
    except BaseException:
        await database.close()
        raise
    return database


async def pending_migrations(url: str, *, clock: Clock) -> tuple[str, ...] | None:
    """What opening this database would change of its schema: the migrations' names; None: it has no tables yet. Nothing is changed.

    An SQLite file must be there. Raises SchemaUnfit, StoreError.
    """

    async def look(database: Database) -> tuple[str, ...] | None:
        await database.connect()
        return await pending_of(database.client)

    database = _unopened(url, clock, durable=True)
    try:
        return await database.run(look)
    finally:
        await database.close()


def _unopened(url: str, clock: Clock, *, durable: bool, daemon: DaemonLock | None = None) -> Database:
    where = read_url(url, durable=durable)
    if where.dialect == "sqlite":
        from storage.database.backends import sqlite as backend  # noqa: PLC0415 - as below
    else:
        try:
            from storage.database.backends import postgresql as backend  # type: ignore[no-redef]  # noqa: PLC0415 - needs the extra
        except ImportError as error:
            raise StoreError("PostgreSQL needs the package asyncpg: install hosho-bot[postgresql]") from error
    return Database(where, backend.MODELS, clock, daemon)


async def _start(database: Database, keys: KeyFile | Vault, *, new_database: bool) -> None:
    file = database.url.file
    if file is not None:
        make_folder(file.parent)
    async with locked(file):
        if database.files is not None:
            database.files.before(new_database=new_database)
        await database.connect()
        database.vault = await _vault(database, keys)
        await migrate(database.client, database=file, clock=database.clock)
        await _give_secret(database)
        database.secret = await secret_of(database, database.vault, keys)
        if database.files is not None:
            database.files.opened()


async def _vault(database: Database, keys: KeyFile | Vault) -> Vault:
    """The vault for a database before its migration. A key file is created only while nothing is sealed."""
    has_sealed = await _has_vault(database) and bool(await database.rows("SELECT 1 AS there FROM vault"))
    vault = keys.vault(may_create=not has_sealed) if isinstance(keys, KeyFile) else keys
    if has_sealed:
        await secret_of(database, vault, keys)
    return vault


async def _has_vault(database: Database) -> bool:
    if database.dialect == "sqlite":
        question = "SELECT 1 AS there FROM sqlite_master WHERE type = 'table' AND name = 'vault'"
    else:
        question = "SELECT 1 AS there WHERE to_regclass('vault') IS NOT NULL"
    return bool(await database.rows(question))


async def _give_secret(database: Database) -> None:
    """Give a new database its secret."""
    vault = database.vault
    if await database.rows("SELECT 1 AS there FROM vault"):
        return
    await database.execute(  # when two processes open it at once, the first one's secret stays
        "INSERT INTO vault (only_one, key_id, secret) VALUES (1, ?, ?) ON CONFLICT DO NOTHING",
        [vault.key_ids[0], vault.seal_text(secrets.token_bytes(DERIVED_BYTES))],
    )


async def secret_of(database: Rows, vault: Vault, keys: KeyFile | Vault) -> bytes:
    """The database's secret, sealed by its keys. Raises KeysUnfit when the vault has other keys."""
    row = (await database.rows("SELECT secret FROM vault"))[0]
    try:
        return vault.unseal_text(row["secret"])
    except Unreadable:
        name = f"鍵ファイル {keys.path}" if isinstance(keys, KeyFile) else "この鍵"
        raise KeysUnfit(
            f"{name} は、このデータベースの鍵ではありません。このデータベースの鍵の控えを、元の場所に戻してください（場所は設定の storage.key_file）"
        ) from None
