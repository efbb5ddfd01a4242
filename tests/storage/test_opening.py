"""Opening: file modes, migrations with their backup, one schema whatever the way to it, and doors that stay shut."""

import asyncio
import sqlite3
import stat
from collections.abc import Mapping
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.core.records.envelope import Kept
from storage.database.connection import Database
from storage.database.migrate import MIGRATIONS, migrate, migrations, statements
from storage.database.models import models_of
from storage.errors import SchemaUnfit
from storage.files import sqlite_file
from storage.store import Store, StoreError, Vault
from tests.storage.samples import Opener, arrival, settled, submission

GOLDEN = Path(__file__).parent


async def test_files_hold_keys_and_are_private(tmp_path: Path) -> None:
    file = tmp_path / "new" / "folder" / "store.db"
    async with await Store.open(f"sqlite:///{file}", vault=Vault.throwaway()) as store:
        await store.incoming.keep([arrival()])
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in file.parent.iterdir()}
    assert modes == dict.fromkeys(["store.db", "store.db-wal", "store.db-shm", "store.db.lock"], 0o600)
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


async def settings(store: Store) -> dict[str, Any]:
    names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")

    async def asked(database: Database) -> dict[str, Any]:
        return {name: next(iter((await database.rows(f"PRAGMA {name}"))[0].values())) for name in names}

    return await store._database.run(asked)


async def test_a_commit_is_on_the_disk_unless_the_database_is_thrown_away(tmp_path: Path) -> None:
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 15_000}
    async with await Store.open(f"sqlite:///{tmp_path}/a.db", vault=Vault.throwaway()) as store:
        assert await settings(store) == wanted
    async with await Store.open(f"sqlite:///{tmp_path}/b.db", durable=False) as store:
        assert await settings(store) == wanted | {"synchronous": 0}


async def test_relative_paths_and_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with (
        await Store.open("sqlite:///data/store.db", vault=Vault.throwaway()) as store,
        await Store.open("sqlite://:memory:") as other,
    ):
        assert await store.incoming.keep([arrival(), arrival()]) == (Kept(1, True), Kept(2, True))
        assert await other.incoming.keep([arrival()]) == (Kept(1, True),)
    assert (tmp_path / "data" / "store.db").exists()


@pytest.mark.parametrize(
    "url", ["mysql://bot:hidden@host/db", "sqlite://store.db", "sqlite:///", "postgres://[hidden", ""]
)
async def test_a_wrong_url_is_not_repeated(url: str) -> None:
    with pytest.raises(StoreError) as caught:
        await Store.open(url, vault=Vault.throwaway())
    assert "hidden" not in str(caught.value)


async def test_a_server_that_is_not_there_is_temporary(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as caught:
        await Store.open(f"postgres://bot:hidden@/store?host={tmp_path}", vault=Vault.throwaway())
    assert "hidden" not in str(caught.value)
    assert isinstance(caught.value.__cause__, OSError)


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    file.write_bytes(b"this is no database at all, but long enough to be looked at" * 100)
    with pytest.raises(StoreError):
        await Store.open(f"sqlite:///{file}", vault=Vault.throwaway())


async def test_a_closed_store_says_so(store: Store) -> None:
    await store.close()
    await store.close()
    with pytest.raises(StoreError, match="closed"):
        await store.incoming.list_()


async def test_closing_waits_for_what_runs(open_store: Opener) -> None:
    one = await open_store()
    running = [asyncio.create_task(one.incoming.keep([arrival()])) for _ in range(20)]
    await asyncio.sleep(0)
    await one.close()
    assert [(await task)[0].is_new for task in running] == [True] * 20
    assert len(await (await open_store()).incoming.list_()) == 20


async def test_tasks_older_than_the_store_may_use_it(open_store: Opener) -> None:
    opened: asyncio.Future[Store] = asyncio.get_running_loop().create_future()

    async def early() -> int:
        return len(await (await opened).incoming.keep([arrival()]))

    task = asyncio.create_task(early())
    opened.set_result(await asyncio.create_task(open_store()))
    assert await task == 1


@pytest.mark.postgresql
async def test_both_databases_in_one_process(cluster: str, tmp_path: Path, new_postgresql: str) -> None:
    async with (
        await Store.open(f"sqlite:///{tmp_path}/a.db", vault=Vault.throwaway()) as one,
        await Store.open(new_postgresql, vault=Vault.throwaway()) as two,
    ):
        for _ in range(2):
            for store in (one, two):
                await store.incoming.keep([arrival()])
                assert await store.incoming.claim(lease=timedelta(hours=1)) is not None
                await store.register.guarantees(text="x")
    assert [model.__name__ for model in models_of("x").all()][:2] == ["MailRecord", "MailboxMemoryRecord"]


# -- migrations


async def schema_of(store: Store) -> str:
    """Every column, index, constraint and trigger, as text to compare."""

    async def asked(database: Database) -> list[str]:
        if database.dialect == "sqlite":
            rows = await database.rows("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type DESC, name")
            return [row["sql"] + ";" for row in rows]
        columns = await database.rows(
            "SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || "
            "coalesce(' default ' || column_default, '') AS line FROM information_schema.columns "
            "WHERE table_schema = 'public' ORDER BY table_name, ordinal_position",
        )
        others = await database.rows(
            "SELECT line FROM (SELECT indexdef AS line FROM pg_indexes WHERE schemaname = 'public' UNION ALL "
            "SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE connamespace = 'public'::regnamespace AND contype <> 'n' UNION ALL SELECT pg_get_triggerdef(oid) "
            'FROM pg_trigger WHERE NOT tgisinternal) AS lines ORDER BY line COLLATE "C"',
        )
        return [row["line"] for row in (*columns, *others)]

    return "\n".join(await store._database.run(asked)) + "\n"


def golden(store: Store) -> Path:
    return GOLDEN / f"schema.{store._database.dialect}.sql"


async def test_a_new_database_has_the_golden_schema(store: Store) -> None:
    assert await schema_of(store) == golden(store).read_text("utf-8")


NOTE = {
    "sqlite": "ALTER TABLE mail ADD COLUMN note TEXT NOT NULL DEFAULT '';\nCREATE INDEX mail_by_note ON mail (note);\n",
    "postgresql": "ALTER TABLE mail ADD COLUMN note TEXT NOT NULL DEFAULT '';\nCREATE INDEX mail_by_note ON mail (note);\n",
}


def next_program(folder: Path, second: Mapping[str, str]) -> Path:
    """The migrations of a program that has one more."""
    folder.mkdir()
    for file in MIGRATIONS.iterdir():
        if file.name.endswith(".sql"):
            (folder / file.name).write_text(file.read_text("utf-8"), "utf-8")
    for dialect, sql in second.items():
        (folder / f"0002_note.{dialect}.sql").write_text(sql, "utf-8")
    return folder


async def migrated(store: Store, folder: Path, file: Path | None = None) -> tuple[int, ...]:
    async def asked(database: Database) -> tuple[int, ...]:
        return await migrate(database.client, database=file, clock=database.clock, folder=folder)

    return await store._database.run(asked)


async def test_a_migration_changes_a_database_with_data_once(url: str, open_store: Opener, tmp_path: Path) -> None:
    store = await open_store()
    await store.incoming.keep([arrival()])
    content = (await store.incoming.get(1))[1]
    folder = next_program(tmp_path / "next", NOTE)
    file = sqlite_file(url) if url.startswith("sqlite") else None
    assert await migrated(store, folder, file) == (2,)
    assert await migrated(store, folder, file) == ()
    assert await versions(store) == [(1, "0001_tables"), (2, "0002_note")]
    assert "mail_by_note" in await schema_of(store)
    assert (await store.incoming.get(1))[1] == content
    with pytest.raises(StoreError, match="version 2"):  # of a newer program
        await open_store()


async def test_before_a_migration_changes_a_database_that_is_copied(tmp_path: Path) -> None:
    file, folder = tmp_path / "private" / "store.db", next_program(tmp_path / "next", NOTE)
    async with await Store.open(f"sqlite:///{file}", vault=Vault.throwaway()) as store:
        assert copies_in(file.parent) == []
        await store.incoming.keep([arrival()])
        assert await migrated(store, folder, file) == (2,)
    (copy,) = copies_in(file.parent)
    assert (copy.name, stat.S_IMODE(copy.stat().st_mode)) == ("store.db.before-0002", 0o600)
    with closing(sqlite3.connect(copy)) as database:
        assert database.execute("SELECT max(version) FROM schema_version").fetchall() == [(1,)]
        assert database.execute("SELECT count(*) FROM mail").fetchall() == [(1,)]


async def test_a_migration_that_would_orphan_rows_changes_nothing(open_store: Opener, tmp_path: Path) -> None:
    store = await open_store()
    (kept,) = await store.incoming.keep([arrival()])
    await store.submissions.settle(kept.mail_id, settled(submission("r-1")))
    emptied = dict.fromkeys(("sqlite", "postgresql"), "DELETE FROM mail;\n")
    with pytest.raises(StoreError):
        await migrated(store, next_program(tmp_path / "next", emptied))
    assert await versions(store) == [(1, "0001_tables")]
    assert len(await store.incoming.list_()) == 1


def copies_in(folder: Path) -> list[Path]:
    return list(folder.glob("*.before-*"))


async def versions(store: Store) -> list[tuple[int, str]]:
    async def asked(database: Database) -> list[tuple[int, str]]:
        rows = await database.rows("SELECT version, name FROM schema_version ORDER BY version")
        return [(row["version"], row["name"]) for row in rows]

    return await store._database.run(asked)


async def test_many_that_open_at_once_migrate_once(open_store: Opener) -> None:
    stores = await asyncio.gather(*(open_store() for _ in range(8)))
    assert await versions(stores[0]) == [(each.version, each.name) for each in migrations(stores[0]._database.dialect)]
    await asyncio.gather(*(store.incoming.keep([arrival()]) for store in stores))
    assert len(await stores[0].incoming.list_()) == 8


async def test_a_database_of_a_newer_program_is_left_alone(open_store: Opener) -> None:
    store = await open_store()

    async def future(database: Database) -> None:
        await database.execute("UPDATE schema_version SET version = 99 WHERE version = 1")

    await store._database.run(future)
    with pytest.raises(StoreError, match="99"):
        await open_store()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("UPDATE schema_version SET checksum = 'x' WHERE version = 1", "0001_tables.*入れ直して"),
        ("UPDATE schema_version SET name = '0001_other' WHERE version = 1", "0001_tables.*入れ直して"),
        ("DELETE FROM schema_version WHERE version = 1", "行われていない更新.*0001_tables"),
        ("ALTER TABLE schema_version DROP COLUMN checksum", "0001_tables.*入れ直して"),
    ],
)
async def test_migrations_that_are_not_those_of_this_program_are_refused(
    open_store: Opener, tmp_path: Path, change: str, told: str
) -> None:
    store, folder = await open_store(), next_program(tmp_path / "next", NOTE)
    await migrated(store, folder)

    async def changed(database: Database) -> None:
        await database.execute(change)

    await store._database.run(changed)
    with pytest.raises(SchemaUnfit, match=told):
        await migrated(store, folder)


async def test_each_migration_is_logged(open_store: Opener, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = await open_store()
    with caplog.at_level("INFO", "hosho.storage"):
        await migrated(store, next_program(tmp_path / "next", NOTE))
    assert [record.message for record in caplog.records] == ["the database was migrated: 0002_note"]


def test_both_dialects_have_the_same_migrations_without_gaps() -> None:
    names = [[(each.version, each.name) for each in migrations(dialect)] for dialect in ("sqlite", "postgresql")]
    assert names[0] == names[1]
    assert [version for version, _ in names[0]] == list(range(1, len(names[0]) + 1))


def test_a_script_is_cut_at_its_statements_only() -> None:
    script = "-- a; b\nCREATE TABLE a (x DEFAULT ';');\nCREATE TRIGGER t AFTER INSERT ON a\nBEGIN\n SELECT 1;\nEND;\n-- end\n"
    found = list(statements(script))
    assert [each.splitlines()[-1] for each in found] == ["CREATE TABLE a (x DEFAULT ';');", "END;"]
    with pytest.raises(ValueError, match="semicolon"):
        list(statements("CREATE TABLE a (x)"))
