"""`journal list|verify`, called as an operator calls them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bot.cli import main
from bot.config.settings import load
from bot.core.summary.summarise import summarise
from storage.database.connection import Database
from storage.store import KeyFile, Store
from tests.storage.samples import START

CONFIG = """
[office]
city = "見本市"

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


def in_store(folder: Path, work: Any) -> Any:
    async def done() -> Any:
        config = load(folder / "config.toml")
        keys = KeyFile(config.key_file)
        async with await Store.open(config.database_url, vault=keys, clock=lambda: START) as store:
            return await work(store)

    coroutine: Coroutine[Any, Any, Any] = done()
    return asyncio.run(coroutine)


@pytest.fixture
def office(tmp_path: Path):
    """A function that runs a command on a store whose journal has three lines."""
    (tmp_path / "config.toml").write_text(CONFIG, "utf-8")

    async def filled(store: Store) -> None:
        for number in (1, 2, 1):
            await store.journal.note_keys_shown([("guarantee", number)], actor="契約課A", command="register show")

    in_store(tmp_path, filled)

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(main, [*arguments, "--config", str(tmp_path / "config.toml")])

    return call


def head(folder: Path) -> str:
    return str(in_store(folder, lambda store: store.journal.head()))


def run_sql(folder: Path, *statements: str) -> None:
    async def done(database: Database) -> None:
        for sql in statements:
            await database.execute(sql)

    in_store(folder, lambda store: store._database.run(done))


def test_the_list_is_newest_first_and_may_be_about_one_row(office):
    rows = [json.loads(line) for line in office("journal", "list", "--json").stdout.splitlines()]
    assert [(row["number"], row["subject"]) for row in rows] == [
        (3, "guarantee/1"),
        (2, "guarantee/2"),
        (1, "guarantee/1"),
    ]
    assert (rows[0]["at"], rows[0]["actor"], rows[0]["event"]) == ("2026-11-22T01:30:00+00:00", "契約課A", "key.shown")
    assert rows[0]["detail"] == {"command": "register show"}
    only = office("journal", "list", "--subject", "guarantee/2", "--json").stdout.splitlines()
    assert [json.loads(line)["number"] for line in only] == [2]
    table = office("journal", "list", "--limit", "1").stdout
    assert all(word in table for word in ("2026-11-22 10:30", "契約課A", "key.shown", "guarantee/1", "1件"))
    assert office("journal", "list", "--subject", "mail/9").stdout == "0件\n"


@pytest.mark.parametrize("subject", ["guarantee", "/2", "guarantee/"])
def test_a_subject_of_another_form_is_a_wrong_call(office, subject):
    refused = office("journal", "list", "--subject", subject)
    assert (refused.exit_code, "種類/番号" in refused.stderr) == (2, True)


def test_a_whole_journal_is_said_to_be_whole(office, tmp_path):
    last = head(tmp_path)
    told = office("journal", "verify")
    assert (told.exit_code, told.stdout) == (0, f"記録は3行の全てが、書かれたときのままです。末尾: {last}\n")
    told = office("journal", "verify", "--expect", last[:18].upper())
    assert (told.exit_code, "控え（3行目）とも一致しました" in told.stdout) == (0, True)
    assert json.loads(office("journal", "verify", "--json").stdout) == {
        "ok": True,
        "lines": 3,
        "head": last,
        "broken_at": None,
        "how": None,
    }


def test_a_broken_one_is_said_to_be_broken_and_where(office, tmp_path):
    run_sql(tmp_path, "DROP TRIGGER journal_no_update", "UPDATE journal SET actor = 'x' WHERE id = 2")
    told = office("journal", "verify")
    assert told.exit_code == 1
    assert told.stdout.startswith("記録に異常があります。2行目: この行は、書かれたときのままではありません")
    row = json.loads(office("journal", "verify", "--json").stdout)
    assert (row["ok"], row["lines"], row["broken_at"], row["how"]) == (False, 1, 2, "changed")


def test_the_head_that_a_summary_shows_proves_that_the_tail_was_cut(office, tmp_path):
    async def letter(store: Store) -> str:
        from bot.config.to_policy import policy_of  # noqa: PLC0415 - here alone

        policy = policy_of(load(tmp_path / "config.toml"))
        facts = await store.summary.facts(since=START, until=START)
        return summarise(facts, policy.desks[0], policy).letter.journal

    remembered = in_store(tmp_path, letter)
    assert head(tmp_path).startswith(remembered)
    assert len(remembered) == len("3:") + 16
    assert office("journal", "verify", "--expect", remembered).exit_code == 0
    run_sql(
        tmp_path,
        "DROP TRIGGER journal_no_delete",
        "DELETE FROM journal WHERE id = 3",
        "UPDATE journal_head SET number = 2, hash = (SELECT hash FROM journal WHERE id = 2)",
    )
    assert office("journal", "verify").exit_code == 0
    told = office("journal", "verify", "--expect", remembered)
    assert (told.exit_code, "3行目: この行から後がありません" in told.stdout) == (1, True)


@pytest.mark.parametrize("text", ["3", "3:0123", "x:0123456789abcdef"])
def test_another_form_of_a_head_is_a_wrong_call(office, text):
    refused = office("journal", "verify", "--expect", text)
    assert (refused.exit_code, "番号:ハッシュ" in refused.stderr) == (2, True)
