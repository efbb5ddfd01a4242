"""`mail export|release|replay`, called as a clerk calls them."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bot.cli import main
from bot.config.settings import load
from bot.core.records.incoming_mail import MailState
from storage.store import KeyFile, Store
from tests.storage.samples import arrival

CONFIG = """
[office]
city = "見本市"
department = "契約課"
phone = "000-000-0000"

[mail]
inboxes = ["hosho@city.example.jp"]

[storage]
folder = "data"

[smtp]
enabled = true

[[desks]]
name = "契約課"
address = "keiyaku@city.example.jp"
"""
MAILS = (arrival("\0一通目", too_large_bytes=0), arrival("二通目\r\n.\r\n"), arrival("三通目"))


def in_store(folder: Path, work: Any) -> Any:
    async def done() -> Any:
        config = load(folder / "config.toml")
        async with await Store.open(config.database_url, vault=KeyFile(config.key_file)) as store:
            return await work(store)

    coroutine: Coroutine[Any, Any, Any] = done()
    return asyncio.run(coroutine)


@pytest.fixture
def office(tmp_path: Path):
    """A function that runs a command on a store of three mails: two parked, one received."""
    (tmp_path / "config.toml").write_text(CONFIG, "utf-8")

    async def filled(store: Store) -> None:
        await store.incoming.keep(MAILS)
        for mail_id in (1, 2):
            await store.incoming.park(mail_id, error="x")

    in_store(tmp_path, filled)

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(main, [*arguments, "--config", str(tmp_path / "config.toml")])

    return call


def test_exported_mails_are_what_came_for_their_owner_only(office, tmp_path):
    folder = tmp_path / "out"
    done = office("mail", "export", "--state", "parked", "3", "3", "--to", str(folder))
    assert (done.exit_code, done.stdout) == (0, f"3通を {folder} に書き出しました\n")
    files = sorted(folder.iterdir())
    assert [file.name[:9] for file in files] == ["00000001-", "00000002-", "00000003-"]
    assert [file.read_bytes() for file in files] == [mail.content for mail in MAILS]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_nothing_is_overwritten_and_no_link_is_followed(office, tmp_path):
    assert office("mail", "export", "1", "2", "--to", str(tmp_path / "out")).exit_code == 0
    first, second = sorted((tmp_path / "out").iterdir())
    first.write_text("mine")
    second.unlink()
    second.symlink_to(tmp_path / "elsewhere")
    done = office("mail", "export", "1", "2", "3", "--to", str(tmp_path / "out"))
    assert (done.exit_code, done.stdout) == (1, f"1通を {tmp_path / 'out'} に書き出しました\n")
    assert done.stderr == "".join(f"{path} は既にあるため、上書きしません\n" for path in (first, second))
    assert first.read_text() == "mine"
    assert not (tmp_path / "elsewhere").exists()


def test_an_export_of_nothing_is_a_wrong_call_and_of_an_unknown_mail_a_failure(office, tmp_path):
    assert office("mail", "export", "--to", str(tmp_path / "out")).exit_code == 2
    unknown = office("mail", "export", "99", "--to", str(tmp_path / "out"))
    assert (unknown.exit_code, unknown.stderr) == (1, "見つかりません: メール99\n")


def test_a_command_that_looks_begins_no_database_and_no_key_file(office, tmp_path):
    config = tmp_path / "config.toml"
    config.write_text(CONFIG.replace('folder = "data"', 'folder = "elsewhere"\nkey_file = "elsewhere.key"'), "utf-8")
    for words in (("status",), ("mail", "list"), ("keys", "check"), ("submissions", "accept", "1")):
        told = office(*words)
        assert (told.exit_code, told.stdout) == (1, "")
        assert f"{tmp_path / 'elsewhere' / 'hosho.db'} がありません" in told.stderr
    assert not list(tmp_path.glob("elsewhere*"))
    table = tmp_path / "register.csv"
    table.write_text("工事名,受注者名,保証区分\n見本工事,見本建設,契約\n", "utf-8")
    assert office("register", "import", str(table)).exit_code == 0
    assert office("mail", "list").stdout == "0件\n"


def test_a_release_needs_its_note_and_is_shown_as_dealt_with(office, tmp_path):
    assert office("mail", "release", "1").exit_code == 2
    assert office("mail", "release", "1", "--note", " ").exit_code == 2
    done = office("mail", "release", "1", "--note", "電話で回答しました", "--actor", "契約課A")
    assert (done.exit_code, done.stdout) == (0, "メール1を対応済みとしました\n")
    shown = office("mail", "show", "1").stdout
    assert "状態: 対応済\n" in shown
    assert "理由: 担当者が対応済みとしました\n" in shown
    again = office("mail", "release", "1", "--note", "again")
    assert (again.exit_code, again.stderr) == (1, "メール1は「対応済」のため、「対応済」にできません\n")
    assert office("mail", "replay", "1").exit_code == 0
    rows = in_store(tmp_path, lambda store: store.incoming.list_())
    assert [row.state for row in rows] == [MailState.RECEIVED, MailState.PARKED, MailState.RECEIVED]
