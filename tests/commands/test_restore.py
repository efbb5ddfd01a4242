"""`restore`: no number is given twice, the journal tells it, and `journal verify` knows what is lost."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli import main
from bot.office import command_context
from storage.database.daemon_lock import DaemonLock
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
    result = call(config, "restore", str(copy), "--actor", "joho")
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
    assert call(config, "restore", str(copy)).exit_code == 0  # the same copy once more
    assert keep(config, 1) == [220001]
    olds = list((config.parent / "data").glob("hosho.db.replaced-*"))
    assert [(old / "hosho.db").exists() for old in olds] == [True, True]


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
            return await asyncio.to_thread(call, config, "restore", str(copy))

    assert asyncio.run(locked()).exit_code == 1
    (config.parent / "not.db").write_text("no database at all, whatever its name says" * 100)
    wrong = {
        ("restore", str(config.parent / "absent.db")): (1, "がありません"),
        ("restore", str(config.parent / "not.db")): (1, "本システムのデータベースではないか"),
        ("restore",): (2, "どちらか"),
        ("restore", str(copy), "--already"): (2, "どちらか"),
    }
    for words, (code, told) in wrong.items():
        result = call(config, *words)
        assert (result.exit_code, told in result.output) == (code, True), result.output
    assert sorted(path.name for path in (config.parent / "data").glob("hosho.db.re*")) == []
    assert keep(config, 1) == [2]


def test_what_other_tools_have_put_back_is_noted(config):
    keep(config, 1)
    assert call(config, "restore", "--already").exit_code == 0
    assert keep(config, 1)[0] > 110_000
