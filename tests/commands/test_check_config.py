"""`check-config` tries the relay without a mail, and says what it refuses; a relay's trouble is no wrong setting."""

from __future__ import annotations

import asyncio
import json
import socket
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
[folder]
path = "mails"
[outgoing]
method = "smtp"
host = "127.0.0.1"
port = {port}
tls = "none"
[[desks]]
name = "契約課"
address = "keiyaku@city.example.jp"
"""


async def check(folder: Path, script: Script, *words: str) -> Result:
    async with relay(script) as port:
        (folder / "config.toml").write_text(CONFIG.format(port=port), "utf-8")
        call = ["check-config", "--config", str(folder / "config.toml"), *words]
        return await asyncio.to_thread(CliRunner().invoke, main, call)


@pytest.mark.parametrize(
    ("answers", "notes"),
    [
        ([], []),
        (
            ["501 5.1.7 no null"],
            ["差出人なし（MAIL FROM:<>）を断りました：501 5.1.7 no null（受付のお知らせ等を送れません"],
        ),
        (["", "553 no"], ["差出人 <hosho@city.example.jp> を断りました：553 no（中継サーバーの担当に"]),
        (["530 5.7.57 log in"], ["ログイン又は暗号化を求めています：530 5.7.57 log in（outgoing.user"]),
    ],
)
async def test_what_the_relay_refuses_is_said(tmp_path, answers, notes):
    script = Script({"mail": list(answers)})
    result = await check(tmp_path, script)
    assert (result.exit_code, script.mails) == (0, [])
    said = [line for line in result.output.splitlines() if "中継サーバー" in line]
    assert [note in line for line, note in zip(said, notes, strict=True)] == [True] * len(notes)


async def test_programs_are_told_too(tmp_path):
    told = json.loads((await check(tmp_path, Script({"mail": ["", "553 no"]}), "--json")).output)
    [refusal] = told.pop("relay")
    assert told == {"ok": True, "mistakes": []}
    assert "差出人 <hosho@city.example.jp> を断りました：553 no" in refusal


async def test_offline_the_relay_is_left_alone(tmp_path):
    script = Script()
    result = await check(tmp_path, script, "--offline")
    assert (result.exit_code, script.connections) == (0, [])


async def test_the_daemon_says_the_same_in_its_log_when_it_starts(tmp_path, caplog):
    async with relay(Script({"mail": ["", "553 no"]})) as port:
        (tmp_path / "config.toml").write_text(CONFIG.format(port=port), "utf-8")
        await app._try_relay(load(tmp_path / "config.toml"))
    [told] = caplog.messages
    assert "差出人 <hosho@city.example.jp> を断りました：553 no" in told


LOCAL = """
[office]
city = "見本市"
[mail]
inboxes = ["hosho@city.example.jp"]
[folder]
path = "mails"
[[desks]]
name = "契約課"
address = "keiyaku@city.example.jp"
"""


@pytest.mark.parametrize(
    ("lines", "key"),
    [
        ('[storage]\nfolder = "a-file"', "storage.folder"),
        ('[storage]\nfolder = "a-file/below"', "storage.folder"),
        ('[storage]\nkey_file = "a-file/hosho.key"', "storage.key_file"),
        ('[outgoing]\nmaildir = "a-file"', "outgoing.maildir"),
        ('[register]\nwatch_folder = "a-file"', "register.watch_folder"),
        ('[register]\nwatch_folder = "mails"', "register.watch_folder"),
        ('[outgoing]\nca_file = "a-file"', "outgoing.ca_file"),
        ('[outgoing]\nca_file = "absent.pem"', "outgoing.ca_file"),
        ('[smtp]\nenabled = true\nhost = "192.0.2.1"', "smtp.host"),
        ('[lmtp]\nenabled = true\nhost = "no-such-host.invalid"', "lmtp.host"),
        (
            '[imap]\nenabled = true\nhost = "127.0.0.1"\nuser = "u"\nauth = "xoauth2"\ntoken_command = ["/no/such/program"]',
            "imap.token_command",
        ),
    ],
)
def test_settings_that_cant_work_on_this_machine_are_told(tmp_path, lines, key):
    (tmp_path / "a-file").write_text("x")
    (tmp_path / "config.toml").write_text(f"{LOCAL}{lines}\n", "utf-8")
    result = CliRunner().invoke(
        main, ["check-config", "--offline", "--json", "--config", str(tmp_path / "config.toml")]
    )
    told = json.loads(result.output)
    assert (result.exit_code, [mistake["key"] for mistake in told["mistakes"]]) == (2, [key])
    assert all(mistake["cure"] for mistake in told["mistakes"])


def test_what_may_be_a_bad_moment_is_a_note_and_nothing_is_made(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken, socket.create_server(("127.0.0.1", 0)) as other:
        port, closed = taken.getsockname()[1], other.getsockname()[1]
        other.close()
        (tmp_path / "pw").touch(0o600)
        (tmp_path / "pw").write_text("pw")
        imap = f'[imap]\nenabled = true\nhost = "127.0.0.1"\nport = {closed}\ntls = "none"\nuser = "u"\npassword_file = "pw"\n'
        smtp = f"[smtp]\nenabled = true\nport = {taken.getsockname()[1]}\n"
        (tmp_path / "config.toml").write_text(LOCAL + smtp + imap, "utf-8")
        result = CliRunner().invoke(main, ["check-config", "--json", "--config", str(tmp_path / "config.toml")])
    told = json.loads(result.output)
    assert (result.exit_code, told["ok"]) == (0, True)
    assert [note.partition("（")[0] for note in told["notes"]] == [
        f"ポート {port} は、ほかのプログラムが使っています",
        f"受信箱のサーバー 127.0.0.1:{closed} につながりません",
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.toml", "pw"]
