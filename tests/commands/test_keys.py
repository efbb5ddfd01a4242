"""`keys check|rotate` and every command that shows a key, called as an operator calls them."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bot.cli import main
from bot.config.settings import load
from bot.core.records.secret import AuthKey
from storage.database.daemon_lock import DaemonLock
from storage.store import KeyFile, Store
from tests.storage.samples import FIELDS, GUARANTEE, add, arrival, settled, submission

CONFIG = """
[office]
city = "見本市"

[mail]
inboxes = ["hosho@city.example.jp"]

[storage]
folder = "data"
key_file = "keys/hosho.key"

[smtp]
enabled = true

[[desks]]
name = "契約課"
address = "keiyaku@city.example.jp"
"""
KEY, OTHER = AuthKey("Kanar1aVog3l"), AuthKey("Nach7iga11xx")
RECEIPT = "20261122-0001-1"
MAILS = 3


def in_store(folder: Path, work: Any) -> Any:
    async def done() -> Any:
        config = load(folder / "config.toml")
        async with await Store.open(config.database_url, vault=KeyFile(config.key_file)) as store:
            return await work(store)

    coroutine: Coroutine[Any, Any, Any] = done()
    return asyncio.run(coroutine)


async def filled(store: Store) -> None:
    await store.register.change(add(replace(GUARANTEE, auth_key=KEY)), actor="x", source="x")
    await store.register.change(add(replace(GUARANTEE, number="", auth_key=None)), actor="x", source="x")
    for number in range(MAILS):
        (kept,) = await store.incoming.keep([arrival(f"認証キー：{OTHER.reveal()} {number}")])
        if not number:
            await store.submissions.settle(
                kept.mail_id, settled(submission(RECEIPT, fields=replace(FIELDS, auth_key=OTHER)))
            )


Office = Callable[..., Result]


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """A function that runs a command on a store with two guarantees, three mails, a submission."""
    (tmp_path / "config.toml").write_text(CONFIG, "utf-8")
    in_store(tmp_path, filled)

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(main, [*arguments, "--config", str(tmp_path / "config.toml")])

    return call


def shown(folder: Path) -> list[tuple[str, str, str]]:
    """What the journal tells of keys that were shown: to whom, whose, by which command; oldest first."""
    lines = in_store(folder, lambda store: store.journal.lines())
    told = [line for line in reversed(lines) if line.event == "key.shown"]
    return [(line.actor, f"{line.subject_kind}/{line.subject_id}", line.detail["command"]) for line in told]


# -- showing


def test_a_key_is_shown_by_request_only_and_the_journal_tells_to_whom(office, tmp_path):
    for arguments in (("register", "show", "1"), ("submissions", "show", RECEIPT), ("mail", "show", "1")):
        hidden = office(*arguments)
        assert hidden.exit_code == 0
        assert not any(key.reveal() in hidden.stdout for key in (KEY, OTHER))
    assert shown(tmp_path) == []
    assert KEY.reveal() in office("register", "show", "1", "--reveal-keys", "--actor", "契約課A").stdout
    assert OTHER.reveal() in office("submissions", "show", RECEIPT, "--reveal-keys", "--actor", "契約課B").stdout
    assert OTHER.reveal() in office("mail", "show", "1", "--raw", "--actor", "契約課C").stdout
    assert shown(tmp_path) == [
        ("契約課A", "guarantee/1", "register show"),
        ("契約課B", f"submission/{RECEIPT}", "submissions show"),
        ("契約課C", "mail/1", "mail show --raw"),
    ]


def test_what_has_no_key_shows_none_and_nothing_is_told(office, tmp_path):
    assert office("register", "show", "2", "--reveal-keys").exit_code == 0
    assert shown(tmp_path) == []


@pytest.mark.parametrize("name", ["out.csv", "out.xlsx"])
def test_an_export_with_keys_is_told_for_each_guarantee_that_has_one(office, tmp_path, name):
    file = tmp_path / name
    assert office("register", "export", str(file)).exit_code == 0
    assert shown(tmp_path) == []
    assert office("register", "export", str(file), "--reveal-keys", "--actor", "契約課A").exit_code == 0
    assert shown(tmp_path) == [("契約課A", "guarantee/1", "register export")]
    if name.endswith(".csv"):
        with file.open(encoding="utf-8-sig", newline="") as lines:
            assert [row["認証キー"] for row in csv.DictReader(lines)] == [KEY.reveal(), ""]


def test_exported_mails_are_told_one_by_one(office, tmp_path):
    assert office("mail", "export", "2", "1", "--to", str(tmp_path / "out"), "--actor", "契約課A").exit_code == 0
    assert shown(tmp_path) == [("契約課A", "mail/2", "mail export"), ("契約課A", "mail/1", "mail export")]


def test_what_can_not_be_told_is_not_shown(office, tmp_path):
    async def full(store: Store) -> None:
        """No line can be written any more: the next one's number is taken."""
        head = await store.journal.head()
        sql = "INSERT INTO journal SELECT ?, at, actor, event, subject_kind, subject_id, detail, hash FROM journal WHERE id = 1"
        await store._database.run(lambda database: database.execute(sql, [head.number + 1]))

    in_store(tmp_path, full)
    for arguments in (
        ("register", "show", "1", "--reveal-keys"),
        ("submissions", "show", RECEIPT, "--reveal-keys"),
        ("mail", "show", "1", "--raw"),
        ("register", "export", str(tmp_path / "out.csv"), "--reveal-keys"),
        ("mail", "export", "1", "--to", str(tmp_path / "out")),
    ):
        refused = office(*arguments)
        assert (refused.exit_code, refused.stdout) == (1, ""), arguments
    assert not (tmp_path / "out.csv").exists()
    assert not (tmp_path / "out").exists()


def test_a_clerk_can_not_write_a_key_into_a_letter(office, tmp_path):
    refused = office("submissions", "refuse", RECEIPT, "--reason", f"認証キー {OTHER.reveal()} は使えません。")
    assert (refused.exit_code, "除いて書き直してください" in refused.stderr) == (1, True)
    assert in_store(tmp_path, lambda store: store.outbox.list_()) == ()
    assert office("submissions", "refuse", RECEIPT, "--reason", "認証キーをご確認ください。").exit_code == 0


# -- check


def test_the_check_says_that_file_and_database_fit(office, tmp_path):
    (key_id,) = KeyFile(tmp_path / "keys" / "hosho.key").vault().key_ids
    told = office("keys", "check")
    assert told.exit_code == 0
    assert told.stdout.splitlines() == [
        f"鍵ファイル: {tmp_path}/keys/hosho.key（鍵1個、使用中 {key_id}）",
        f"認証キー: {key_id} 2件",
        f"メール: {key_id} 3件",
        "鍵ファイルとデータベースは合っています",
    ]
    assert json.loads(office("keys", "check", "--json").stdout) == {
        "ok": True,
        "key_file": f"{tmp_path}/keys/hosho.key",
        "key_ids": [key_id],
        "sealing": key_id,
        "keys": {key_id: 2},
        "mails": {key_id: 3},
        "unreadable": 0,
        "rotating": False,
    }


def test_the_check_says_what_does_not_fit(office, tmp_path):
    sql = "UPDATE guarantee SET auth_key = 'Kanar1aVog3l' WHERE id = 1"
    in_store(tmp_path, lambda store: store._database.run(lambda database: database.execute(sql)))
    told = office("keys", "check")
    assert told.exit_code == 1
    assert "暗号化されていないもの 1件" in told.stdout
    assert "この鍵では読めないものがあります" in told.stdout


def test_every_command_refuses_a_database_without_its_keys_and_says_what_to_do(office, tmp_path):
    file = tmp_path / "keys" / "hosho.key"
    keys = file.read_text("utf-8")
    file.unlink()
    for arguments in (("keys", "check"), ("keys", "rotate"), ("mail", "list"), ("journal", "verify")):
        refused = office(*arguments)
        assert (refused.exit_code, refused.stdout) == (1, "")
        assert "控えから元に戻してください" in refused.stderr
    assert not file.exists()
    file.write_text(keys, "utf-8")
    file.chmod(0o644)
    refused = office("mail", "list")
    assert (refused.exit_code, f"chmod 600 {file}" in refused.stderr) == (1, True)
    checked = office("check-config")
    assert (checked.exit_code, f"chmod 600 {file}" in checked.stderr) == (2, True)


def test_check_config_names_the_key_file_and_warns_of_a_place_beside_the_data(office, tmp_path):
    assert f"  鍵ファイル: {tmp_path}/keys/hosho.key\n" in office("check-config").stdout
    config = tmp_path / "config.toml"
    config.write_text(CONFIG.replace("keys/hosho.key", "data/hosho.key"), "utf-8")
    told = office("check-config").stdout
    assert "hosho.key（ありません。データベースがあるので、控えから元に戻してください）" in told
    config.write_text(
        CONFIG.replace("keys/hosho.key", "data/hosho.key").replace('folder = "data"', 'folder = "new"'), "utf-8"
    )
    assert "最初の起動で作ります" in office("check-config").stdout
    config.write_text(CONFIG.replace("keys/hosho.key", "data/hosho.key"), "utf-8")
    assert "鍵ファイルがデータのフォルダの中にあります" in told


# -- rotate


def test_a_rotation_is_told_and_everything_is_read_with_the_new_key(office, tmp_path):
    file = tmp_path / "keys" / "hosho.key"
    before = file.read_text("utf-8")
    done = office("keys", "rotate", "--actor", "契約課A")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[0] == "新しい鍵に取り替えました（認証キー2件、メール3通）"
    assert "控えを取り直してください" in done.stdout
    assert before.splitlines()[-1] not in file.read_text("utf-8")
    assert office("keys", "check").exit_code == 0
    assert KEY.reveal() in office("register", "show", "1", "--reveal-keys").stdout
    assert office("journal", "verify").exit_code == 0


def test_a_rotation_waits_for_no_daemon_and_changes_nothing_beside_one(office, tmp_path):
    file = tmp_path / "keys" / "hosho.key"
    before = file.read_text("utf-8")

    async def beside() -> Result:
        async with await DaemonLock.take(load(tmp_path / "config.toml").database_url):
            return await asyncio.to_thread(office, "keys", "rotate")

    refused = asyncio.run(beside())
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "先にそれを止めてください" in refused.stderr
    assert file.read_text("utf-8") == before


@pytest.mark.process
def test_a_rotation_killed_at_any_step_loses_nothing_and_goes_on(office, tmp_path, figure):
    """kill -9 at every step in turn, each time going on with what the last one left; between them all is read."""

    def rotate(step: int) -> int:
        command = [sys.executable, "-m", "bot", "keys", "rotate", "--config", str(tmp_path / "config.toml")]
        environment = os.environ | {"HOSHO_CRASH_AT": f"keys.rotating:{step}"}
        return subprocess.run(command, capture_output=True, check=False, env=environment).returncode

    async def read(store: Store) -> tuple[bool, list[AuthKey | None], list[bool], bool]:
        keys = [guarantee.auth_key for guarantee in await store.register.guarantees()]
        keys.append((await store.submissions.get(RECEIPT)).fields.auth_key)
        mails = [OTHER.reveal().encode() in (await store.incoming.get(number))[1] for number in range(1, MAILS + 1)]
        found = await store.register.look_up(replace(FIELDS, number="", auth_key=OTHER))
        return (await store.keys.check()).fits, keys, mails, [e.receipt_number for e in found.earlier] == [RECEIPT]

    whole = (True, [KEY, None, OTHER], [True] * MAILS, True)
    assert in_store(tmp_path, read) == whole
    kills = 0
    for step in range(1, 10):
        code = rotate(step)
        assert in_store(tmp_path, read) == whole, step
        if code == 0:
            break
        assert code == 137
        kills += 1
        assert "途中です" in office("keys", "check").stdout
    # Each rehearsal has a step more behind it, and those before it have nothing left to seal: two of the file's, two of the rows'.
    assert kills >= 3
    assert "合っています" in office("keys", "check").stdout
    assert office("journal", "verify").exit_code == 0
    figure(f"keys rotate: killed at {kills} steps, every key and mail read after each")
