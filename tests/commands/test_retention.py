"""`disposal` and `personal-data`: what a person approves, to the end, also after a crash in the middle; what is told of one address."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli import main
from bot.core.records.incoming_mail import MailState
from bot.core.records.reasons import MailReason
from bot.office import command_context
from tests.commands.test_backup import CONFIG
from tests.storage.samples import KEY, arrival, letter, settled, submission

ROOT = Path(__file__).resolve().parents[2]
RECEIPT = "20261122-0001-1"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "config.toml"
    file.write_text(f"{CONFIG}[retention]\nmails_days = 30\n", "utf-8")

    async def filled() -> None:
        async with command_context(file, may_begin=True) as office:
            store = office.store
            await store.incoming.keep([arrival(f"Key {KEY.reveal()}"), *(arrival() for _ in range(29))])
            await store.submissions.settle(
                1, settled(submission(RECEIPT)), outgoing=(letter("receipt/1", submission=RECEIPT),)
            )
            for mail_id in range(2, 31):
                await store.submissions.settle(
                    mail_id, settled(state=MailState.IGNORED, reason=MailReason.BEFORE_FIRST_START)
                )

    asyncio.run(filled())
    with closing(sqlite3.connect(tmp_path / "data" / "hosho.db")) as opened:
        opened.execute("UPDATE mail SET state_at = '2026-01-01 00:00:00+00:00'")
        opened.commit()
    return file


def call(config: Path, *words: str) -> Result:
    return CliRunner().invoke(main, [*words, "--config", str(config)])


def listed(config: Path) -> dict[str, object]:
    return json.loads(call(config, "disposal", "list", "--json").output)


@pytest.mark.process
def test_a_crash_in_the_middle_leaves_whole_portions_and_the_rest_on_the_next_list(config):
    before = listed(config)
    assert before["counts"] == {"mails": 29}
    number = str(before["number"])
    assert call(config, "disposal", "approve", "0123456789ab").exit_code == 1
    words = [sys.executable, "-m", "bot", "disposal", "approve", number, "--config", str(config)]
    crashed = subprocess.run(words, cwd=ROOT, env=os.environ | {"HOSHO_CRASH_AT": "disposal.portion"}, check=False)
    assert crashed.returncode == 137
    left = listed(config)
    assert (left["counts"], left["number"] == number) == ({"mails": 9}, False)
    result = call(config, "disposal", "approve", str(left["number"]), "--actor", "kacho")
    assert (result.exit_code, "9件を廃棄しました" in result.output) == (0, True), result.output
    assert call(config, "disposal", "approve", str(left["number"])).exit_code == 1
    assert json.loads(call(config, "journal", "verify", "--json").output)["ok"]
    events = [json.loads(line) for line in call(config, "journal", "list", "--json").output.splitlines()]
    done = [one["detail"]["count"] for one in events if one["event"] == "disposal.done"]
    assert done == [9, 20]
    for words in (("show", "2", "--raw"), ("export", "2", "--to", str(config.parent / "out"))):
        told = call(config, "mail", *words)
        assert (told.exit_code, "保存期間を過ぎて廃棄しました" in told.output) == (1, True), told.output
    assert call(config, "mail", "show", "2").exit_code == 0


def test_a_hold_keeps_a_mail_and_both_are_told(config):
    assert call(config, "disposal", "hold", "3", "--note", "住民訴訟", "--actor", "bunsho").exit_code == 0
    told = call(config, "disposal", "list", "--items").output
    assert "廃棄しないもの: メール3（住民訴訟、bunsho）" in told
    assert ("mail/3 " in told, "mail/4 " in told, "受信メールの原本（添付の書類も）: 28件" in told) == (
        False,
        True,
        True,
    )
    assert call(config, "disposal", "release", "3", "--note", "終結").exit_code == 0
    assert call(config, "disposal", "release", "3", "--note", "終結").exit_code == 1
    config.write_text(CONFIG, "utf-8")
    assert "保存期間は、どれも定められていません" in call(config, "disposal", "list").output


def test_a_list_is_mailed_only_to_who_can_be_proven_to_answer(config):
    told = call(config, "disposal", "mail")
    assert (told.exit_code, "retention.approver" in told.output) == (1, True)
    text = config.read_text("utf-8")
    config.write_text(f'{text}approver = "bunsho@city.example.jp"\n', "utf-8")
    wrong = call(config, "disposal", "mail")
    assert (wrong.exit_code, "差出人を確認できないため" in wrong.output) == (2, True)
    proven = text.replace("[mail]\n", '[mail]\nauthserv_id = "mx.city.example.jp"\n')
    config.write_text(f'{proven}approver = "bunsho@city.example.jp"\n', "utf-8")
    assert "29件）を送ります" in call(config, "disposal", "mail").output
    config.write_text(proven.replace("mails_days = 30", 'approver = "bunsho@city.example.jp"'), "utf-8")
    assert "ありません。送っていません" in call(config, "disposal", "mail").output


def test_what_is_kept_of_an_address_is_written_with_masked_keys_and_noted(config):
    folder = config.parent / "out"
    result = call(config, "personal-data", "export", "TANTO@kensetsu.example.jp", "--to", str(folder))
    assert result.exit_code == 0, result.output
    text = (folder / "data.json").read_text("utf-8")
    data = json.loads(text)
    counts = {name: len(rows) for name, rows in data.items() if rows}
    assert counts == {"mails": 30, "submissions": 1, "letters": 1}
    assert data["submissions"][0]["receipt_number"] == RECEIPT
    assert KEY.reveal() not in text
    assert len(list(folder.glob("*.eml"))) == 30
    assert folder.joinpath("00000001.eml").stat().st_mode & 0o077 == 0
    events = [json.loads(line) for line in call(config, "journal", "list", "--json").output.splitlines()]
    assert sum(one["event"] == "key.shown" for one in events) == 30
    nothing = call(config, "personal-data", "export", "x@example.jp", "--to", str(config.parent / "none"))
    assert (nothing.exit_code, "受信メール0件" in nothing.output) == (0, True), nothing.output
