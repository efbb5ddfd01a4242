"""`check-config` tries the relay without a mail, and says what it refuses; a relay's trouble is no wrong setting."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot import app
from bot.cli import main
from bot.config.settings import load
from tests.outbound.relays import Script, relay

CONFIG = """
[office]
city = "見本市"
[mail]
inboxes = ["hosho@city.example.jp"]
[smtp]
enabled = true
[outgoing]
method = "smtp"
host = "127.0.0.1"
port = {port}
tls = "none"
[[desks]]
name = "契約課"
address = "keiyaku@city.example.jp"
"""


CURE = (
    "（受付のお知らせ等を送れません。中継サーバーの設定を直せないときは outgoing.null_sender = false としてください）"
)


async def check(folder: Path, script: Script, *words: str) -> Result:
    async with relay(script) as port:
        (folder / "config.toml").write_text(CONFIG.format(port=port), "utf-8")
        call = ["check-config", "--config", str(folder / "config.toml"), *words]
        return await asyncio.to_thread(CliRunner().invoke, main, call)


@pytest.mark.parametrize(
    ("answers", "notes"),
    [
        ([], []),
        (["501 5.1.7 no null"], ["  注意: 中継サーバーが差出人 <> を断りました：501 5.1.7 no null" + CURE]),
        (["", "553 no"], ["  注意: 中継サーバーが差出人 <hosho@city.example.jp> を断りました：553 no"]),
        (["530 5.7.57 log in"], ["  注意: 中継サーバーを使えません：530 5.7.57 log in"]),
    ],
)
async def test_what_the_relay_refuses_is_said(tmp_path, answers, notes):
    script = Script({"mail": list(answers)})
    result = await check(tmp_path, script)
    assert (result.exit_code, script.mails) == (0, [])
    assert [line for line in result.output.splitlines() if "中継サーバー" in line] == notes


async def test_programs_are_told_too(tmp_path):
    told = json.loads((await check(tmp_path, Script({"mail": ["", "553 no"]}), "--json")).output)
    refusal = "中継サーバーが差出人 <hosho@city.example.jp> を断りました：553 no"
    assert told == {"ok": True, "mistakes": [], "relay": [refusal]}


async def test_offline_the_relay_is_left_alone(tmp_path):
    script = Script()
    result = await check(tmp_path, script, "--offline")
    assert (result.exit_code, script.connections) == (0, [])


async def test_the_daemon_says_the_same_in_its_log_when_it_starts(tmp_path, caplog):
    async with relay(Script({"mail": ["", "553 no"]})) as port:
        (tmp_path / "config.toml").write_text(CONFIG.format(port=port), "utf-8")
        await app._try_relay(load(tmp_path / "config.toml"))
    assert caplog.messages == ["中継サーバーが差出人 <hosho@city.example.jp> を断りました：553 no"]
