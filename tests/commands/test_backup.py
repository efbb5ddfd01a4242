"""`backup`: a copy beside writers is one moment; a damaged one is named; a restore gives no number twice, and the journal tells it."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli import main
from bot.config.settings import load
from bot.config.to_policy import backup_of
from bot.office import command_context
from storage.database.daemon_lock import DaemonLock
from storage.database.migrate import backup
from storage.files import newest
from storage.store import Store
from tests.storage.samples import arrival

CONFIG = """
[office]
city = "見本市"
[mail]
inboxes = ["hosho@city.example.jp"]
[storage]
folder = "data"
[folder]
path = "mails"
[[desks]]
name = "契約課"
address = "keiyaku@city.example.jp"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "config.toml"
    file.write_text(CONFIG, "utf-8")
    return file


def call(config: Path, *words: str) -> Result:
    return CliRunner().invoke(main, [*words, "--config", str(config)])


def keep(config: Path, mails: int) -> list[int]:
    """Take mails in; their numbers. Each has a line of the journal, as everything that is decided has."""

    async def kept() -> list[int]:
        async with command_context(config, may_begin=True) as office:
            numbers = [one.mail_id for one in await office.store.incoming.keep([arrival() for _ in range(mails)])]
            await office.store.journal.note_keys_shown([("mail", number) for number in numbers], actor="x", command="y")
            return numbers

    return asyncio.run(kept())


def copied(config: Path) -> Path:
    copy = config.parent / "backup.db"
    with closing(sqlite3.connect(config.parent / "data" / "hosho.db")) as source, closing(sqlite3.connect(copy)) as to:
        source.backup(to)
    return copy


def head(config: Path) -> str:
    return json.loads(call(config, "journal", "verify", "--json").output)["head"]


def test_a_restore_gives_no_number_twice_and_the_journal_knows_it(config):
    assert keep(config, 3) == [1, 2, 3]
    copy, before = copied(config), head(config)
    assert keep(config, 2) == [4, 5]
    lost = head(config)
    result = call(config, "backup", "restore", str(copy), "--actor", "joho")
    assert result.exit_code == 0, result.output
    after = keep(config, 1)
    assert after == [110001]
    told = json.loads(call(config, "journal", "verify", "--json").output)
    assert [(one["line"], one["lost_until"]) for one in told["restores"]] == [(4, 5)]
    assert (told["ok"], told["lines"]) == (True, 5)
    expected = [(before, 0), (lost, 1), (head(config), 0), (f"5:{'0' * 64}", 1), (f"3:{'0' * 64}", 1)]
    assert [call(config, "journal", "verify", "--expect", one).exit_code for one, _ in expected] == [
        c for _, c in expected
    ]
    assert "復元で失われた記録" in call(config, "journal", "verify", "--expect", lost).output
    assert "4行目から5行目までの記録は失われました" in call(config, "journal", "verify").output
    assert call(config, "backup", "restore", str(copy)).exit_code == 0  # the same copy once more
    assert keep(config, 1) == [220001]
    olds = list((config.parent / "data").glob("hosho.db.replaced-*"))
    assert [(old / "hosho.db").exists() for old in olds] == [True, True]
    assert [(old / "hosho.db.lock").exists() for old in olds] == [False, False], (
        "without it an empty one might be begun"
    )


def test_a_copy_that_was_put_there_by_hand_is_known_at_the_next_start(config):
    keep(config, 3)
    copy, file = copied(config), config.parent / "data" / "hosho.db"
    keep(config, 1)
    for path in file.parent.glob("hosho.db*"):
        path.unlink()
    file.write_bytes(copy.read_bytes())
    file.chmod(0o600)
    assert call(config, "mail", "list").exit_code == 0  # a command before the daemon

    async def started() -> tuple[bool, int, bool]:
        async with command_context(config) as office:
            store: Store = office.store
            return store.was_put_here, await store.recovery.note_restored(actor="bot"), store.was_put_here

    was_put_here, first, is_put_here = asyncio.run(started())
    assert (was_put_here, first > 110_001, is_put_here) == (True, True, False)
    assert keep(config, 1) == [first]


def test_nothing_is_restored_beside_a_daemon_or_from_what_is_no_database(config):
    keep(config, 1)
    copy = copied(config)

    async def locked() -> Result:
        async with await DaemonLock.take(f"sqlite:///{config.parent}/data/hosho.db"):
            return await asyncio.to_thread(call, config, "backup", "restore", str(copy))

    assert asyncio.run(locked()).exit_code == 1
    (config.parent / "not.db").write_text("no database at all, whatever its name says" * 100)
    wrong = {
        ("backup", "restore", str(config.parent / "absent.db")): (1, "がありません"),
        ("backup", "restore", str(config.parent / "not.db")): (1, "本システムのデータベースではないか"),
        (
            "backup",
            "restore",
        ): (2, "どちらか"),
        ("backup", "restore", str(copy), "--already"): (2, "どちらか"),
    }
    for words, (code, told) in wrong.items():
        result = call(config, *words)
        assert (result.exit_code, told in result.output) == (code, True), result.output
    assert sorted(path.name for path in (config.parent / "data").glob("hosho.db.re*")) == []
    assert keep(config, 1) == [2]


def test_what_other_tools_have_put_back_is_noted(config):
    keep(config, 1)
    assert call(config, "backup", "restore", "--already").exit_code == 0
    assert keep(config, 1)[0] > 110_000


def made(config: Path, *words: str) -> Path:
    result = call(config, "backup", "create", "--to", str(config.parent / "copies"), "--json", *words)
    assert result.exit_code == 0, result.output
    return Path(json.loads(result.output)["copy"])


def test_a_copy_has_what_a_restore_needs_and_the_key_only_when_asked(config):
    letters = config.parent / "letters" / "en"
    letters.mkdir(parents=True)
    (letters / "receipt.j2").write_text("…", "utf-8")
    config.write_text(f'{CONFIG}[letters]\nfolder = "letters"\n[backup]\nfolder = "copies"\nkeep = 2\n', "utf-8")
    keep(config, 3)
    copies = [made(config)]
    manifest = json.loads((copies[0] / "manifest.json").read_text("utf-8"))
    assert set(manifest["files"]) == {"config.toml", "hosho.db", "letters/en/receipt.j2"}
    assert (manifest["key_file"], manifest["with_key"]) == (str(config.parent / "hosho.key"), False)
    assert {path.stat().st_mode & 0o077 for path in (copies[0], *copies[0].glob("*.*"))} == {0}
    copies += [made(config, "--with-key"), made(config, "--with-key")]
    assert (copies[1] / "hosho.key").read_text() == (config.parent / "hosho.key").read_text()
    assert [copy.exists() for copy in copies] == [False, True, True]
    place, _ = backup_of(load(config))
    assert newest(place).timestamp() == pytest.approx((copies[-1] / "manifest.json").stat().st_mtime)
    before = sorted(copies[-1].rglob("*"))
    checked = call(config, "backup", "verify")
    assert (checked.exit_code, "3行で、全て書かれたときのまま" in checked.output) == (0, True), checked.output
    assert sorted(copies[-1].rglob("*")) == before
    keep(config, 1)
    assert call(config, "backup", "restore", str(copies[-1])).exit_code == 0
    assert keep(config, 1) == [110001]


def test_what_is_wrong_with_a_copy_is_named_and_it_is_not_restored(config):
    keep(config, 2)
    copy = made(config)

    def database(*sql: str) -> None:
        with closing(sqlite3.connect(copy / "hosho.db")) as opened:
            for statement in sql:
                opened.execute(statement)
            opened.commit()

    def key_of_another() -> None:
        (config.parent / "hosho.key").write_text("QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=\n")

    wrong = (
        (lambda: (copy / "config.toml").write_text("x"), "config.toml は、書かれたときのままではありません"),
        ((copy / "config.toml").unlink, "config.toml を読めません"),
        (key_of_another, "hosho.key は、このデータベースの鍵ではありません"),
        (
            lambda: database("DROP TRIGGER journal_no_update", "UPDATE journal SET actor = 'y' WHERE id = 2"),
            "操作の記録の2行目",
        ),
        (lambda: database("UPDATE schema_version SET checksum = 'x'"), "更新のファイルが"),
        (lambda: (copy / "hosho.db").write_bytes(b"no database" * 1000), "本システムのデータベースではないか"),
        (lambda: (copy / "manifest.json").write_text("{"), "manifest.json を読めません"),
        ((copy / "manifest.json").unlink, "manifest.json がありません"),
    )
    for spoil, told in wrong:
        spoil()
        result = call(config, "backup", "verify", str(copy))
        assert (result.exit_code, told in result.output) == (1, True), (told, result.output)
    refused = call(config, "backup", "restore", str(copy))
    assert (refused.exit_code, "別のバックアップ" in refused.output) == (1, True), refused.output


def test_a_copy_that_is_not_right_counts_as_none_and_removes_none(config):
    config.write_text(f'{CONFIG}[backup]\nfolder = "copies"\nkeep = 1\n', "utf-8")
    keep(config, 2)
    good = made(config)
    with closing(sqlite3.connect(config.parent / "data" / "hosho.db")) as opened:
        opened.execute("DROP TRIGGER journal_no_delete")
        opened.execute("DELETE FROM journal WHERE id = 2")
        opened.commit()
    result = call(config, "backup", "create")
    assert (result.exit_code, "2行目" in result.output) == (1, True), result.output
    assert sorted(path.name for path in (config.parent / "copies").iterdir()) == [".lock", good.name, "wrong"]


def test_a_copy_beside_a_writer_is_one_moment_and_holds_no_write_up(tmp_path):
    file, steps, waited = tmp_path / "busy.db", [], 0
    with closing(sqlite3.connect(file, isolation_level=None, timeout=0)) as writer:
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute("CREATE TABLE row (number INTEGER, content BLOB)")
        writer.execute("INSERT INTO row VALUES (0, randomblob(4000000))")

        def write(done: int, _all: int) -> None:
            nonlocal waited
            steps.append(done)
            try:  # it never waits: a lock of the copy would be an error at once
                writer.execute("INSERT INTO row VALUES (?, randomblob(2000))", [len(steps)])
            except sqlite3.OperationalError:
                waited += 1

        backup(file, tmp_path / "copy.db", write)
        assert (len(steps), waited) == (4, 0)
        assert writer.execute("SELECT count(*) FROM row").fetchone() == (5,)
    assert steps == sorted(steps)
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        assert copy.execute("SELECT count(*) FROM row").fetchone() == (1,)


def test_postgresql_is_named_and_nothing_is_made_without_a_database(config):
    calls = {
        ("create",): (2, "backup.folder"),
        ("create", "--to", str(config.parent / "copies")): (1, "hosho.key"),
        ("verify",): (2, "backup.folder"),
    }
    for words, (code, told) in calls.items():
        result = call(config, "backup", *words)
        assert (result.exit_code, told in result.output) == (code, True), result.output
    config.write_text(CONFIG.replace('folder = "data"', 'url = "postgres://x@127.0.0.1/x"'), "utf-8")
    for words in (("create", "--to", str(config.parent / "copies")), ("restore", "copy")):
        result = call(config, "backup", *words)
        assert (result.exit_code, "pg_dump" in result.output) == (2, True), result.output
    assert sorted(path.name for path in config.parent.iterdir()) == ["config.toml"]
