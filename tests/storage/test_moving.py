"""A database moved from SQLite to PostgreSQL and back: every row of every table, the journal's chain, and what comes after."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from tortoise import fields

from bot.core.records.journal import JournalHead
from storage.database.connection import Database
from storage.database.fields import Json, Utc
from storage.database.models import table_of, to_columns
from storage.errors import StoreError
from storage.moving import _BEGUN, TABLES, _batches, _fields, _values
from storage.store import Store, Vault
from tests.storage.samples import arrival

pytestmark = pytest.mark.postgresql
VAULT = Vault.throwaway()
SAMPLES = {
    Utc: datetime(2026, 11, 22, 1, 2, 3, 456_000, tzinfo=UTC),
    fields.DateField: date(2027, 3, 31),
    Json: {"工事": ["x\u2028", 1, None], "b": {"a": True}},
    fields.BooleanField: True,
    fields.BinaryField: bytes(range(256)),
    fields.IntField: 7,
    fields.BigIntField: 2**40,
    fields.CharField: "受信箱 ①",
}
REFERS = (
    "mail_id",
    "guarantee_id",
    "version_id",
    "outbox_id",
    "ticket_id",
    "consent_id",
    "entered_by",
    "submission_id",
)


async def fill(database: Database) -> None:
    """Two rows of every table: one of odd values, one of as many NULLs as there may be."""
    models = {table_of(model): model for model in database.models.all()}
    for table, model in ((table, models[table]) for table in TABLES if table in models):
        columns = {name: field for name, field in model._meta.fields_map.items() if name != "owner"}
        for number in (1, 2) if table != "journal" else ():
            row: dict[str, Any] = {}
            for name, field in columns.items():
                sample = next(
                    (one for kind, one in SAMPLES.items() if isinstance(field, kind)), f"{name} {number} 全角"
                )
                sample = number if name == "id" or name in REFERS else sample
                is_key = field.pk and name != "id"
                row[name] = None if field.null and number == 2 else f"{sample}{number}" if is_key else sample
            sql = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})"
            await database.execute(sql, to_columns(model, row, tuple(row)))
        if table == "mail":
            await database.execute("INSERT INTO mail_place VALUES ('box', '1', 1, '2026-11-22 01:30:00+00:00', 0)")
            await database.execute("INSERT INTO mail_place VALUES ('box', '10', NULL, '2026-11-22 01:30:00+00:00', 1)")
            times = "'2026-11-22 01:30:00+00:00', 'relay_deferred', '451 あ', '2026-11-22 01:31:00+00:00'"
            await database.execute(f"INSERT INTO canary VALUES ('a-1', {times})")
            await database.execute(
                "INSERT INTO canary VALUES ('b-2', '2026-11-22 02:30:00+00:00', 'outcome_unknown', '', NULL)"
            )
            await database.execute("INSERT INTO legal_hold VALUES (1, '照会中', 'yamada')")
            await database.execute("INSERT INTO disposed VALUES ('mail', 2, 'content'), ('mail', 10, 'content')")
        if table == "submission":
            await database.execute(
                f"INSERT INTO case_words VALUES (1, {', '.join(str(-(2**n)) for n in range(48, 64))})"
            )


async def everything(store: Store) -> dict[str, list[dict[str, Any]]]:
    """Every row as values."""
    database = store._database
    known = _fields(database)
    return {
        table: [_values(row, known[table]) async for rows in _batches(database, table) for row in rows]
        for table in TABLES
    }


@pytest.fixture
async def full(tmp_path: Path) -> AsyncIterator[Store]:
    async with await Store.open(f"sqlite:///{tmp_path}/one.db", vault=VAULT) as store:
        for started in (True, False):
            await store.recovery.note_run(started=started)
        await store._database.run(fill)
        yield store


def untold(_done: int, _total: int) -> None:
    """Nobody looks."""


async def test_every_table_is_known(full: Store, new_postgresql: str) -> None:
    tables = (
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'schema_version'"
    )
    assert {row["name"] for row in await full._database.rows(tables)} == set(TABLES)
    assert all((await everything(full)).values())


async def test_there_and_back_every_row_is_the_same_and_numbers_go_on(
    full: Store, new_postgresql: str, tmp_path: Path
) -> None:
    before = await everything(full)
    rows = sum(map(len, before.values()))
    steps: list[tuple[int, int]] = []
    async with await Store.open(new_postgresql, vault=VAULT) as there:
        assert await there.take_all_from(full, lambda *step: steps.append(step)) == rows
        assert await everything(there) == before
        assert steps[-1] == (2 * rows, 2 * rows)
        assert (await there.journal.verify(await full.journal.head())).is_whole
        assert there.derived_secret("x") != full.derived_secret("x")  # known once it is opened anew
        with pytest.raises(StoreError, match="空ではありません"):
            await there.take_all_from(full, untold)
        (kept,) = await there.incoming.keep([arrival()])
        assert kept.mail_id == 3
    async with (
        await Store.open(new_postgresql, vault=VAULT) as there,
        await Store.open(f"sqlite:///{tmp_path}/two.db", vault=VAULT) as back,
    ):
        assert there.derived_secret("x") == full.derived_secret("x")
        await back.take_all_from(there, untold)
        assert await everything(back) == await everything(there)
        assert (await back.journal.verify(await there.journal.head())).is_whole
        (kept,) = await back.incoming.keep([arrival()])
        assert kept.mail_id == 4
    assert await everything(full) == before


async def test_stopped_at_any_step_nothing_is_there_and_it_can_be_done_again(full: Store, new_postgresql: str) -> None:
    class StoppedError(StoreError):
        """Somebody pressed Ctrl-C."""

    steps: list[int] = []
    async with await Store.open(new_postgresql, vault=VAULT) as there:
        empty = await everything(there)
        await there.take_all_from(full, lambda done, _: steps.append(done))
        await there._database.run(wipe)
        for at in steps[::5]:

            def stop(done: int, _total: int, at: int = at) -> None:
                if done == at:
                    raise StoppedError

            with pytest.raises(StoppedError):
                await there.take_all_from(full, stop)
            after = await everything(there)
            assert {name: rows for name, rows in after.items() if name not in _BEGUN} == {
                name: rows for name, rows in empty.items() if name not in _BEGUN
            }
        told = asyncio.Event()
        copying = asyncio.create_task(there.take_all_from(full, lambda *_: told.set()))
        await told.wait()
        copying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await copying
    async with await Store.open(new_postgresql, vault=VAULT) as there:
        assert await there.journal.head() == JournalHead(0, "0" * 64)
        assert await there.take_all_from(full, untold) == steps[-1] // 2


async def wipe(database: Database) -> None:
    for table in reversed(TABLES):
        if table in {"journal", "consent"}:
            await database.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        if table not in _BEGUN:
            await database.execute(f"DELETE FROM {table}")
    await database.execute("UPDATE journal_head SET number = 0, hash = ?", ["0" * 64])


async def test_a_source_that_is_written_to_meanwhile_is_not_moved(full: Store, new_postgresql: str) -> None:
    writing: list[asyncio.Task[None]] = []

    def write(done: int, total: int) -> None:
        if done == total:
            writing.append(asyncio.create_task(full.recovery.note_run(started=True)))

    async with await Store.open(new_postgresql, vault=VAULT) as there:
        empty = await everything(there)
        with pytest.raises(StoreError, match="変わりました"):
            await there.take_all_from(full, write)
        assert await everything(there) == empty
    await writing[0]
