"""`init`: ten questions on a terminal, or a file of answers, make an installation that `check-config` passes."""

from __future__ import annotations

import asyncio
import os
import pty
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli import main
from bot.commands.settings.doctor import examine
from bot.config.settings import load
from bot.core.health.finding_kinds import FindingKind, Severity
from tests.peers import free_port

ANSWERS = {
    "city": "見本市",
    "inbox": "hosho@city.example.jp",
    "desks": "契約課 keiyaku@city.example.jp、道路課　doro@city.example.jp",
    "operator": "joho@city.example.jp",
}


def answers(folder: Path, /, **more: str) -> str:
    file = folder / "answers.toml"
    file.touch(0o600)
    told = ANSWERS | {"folder": str(folder / "data")} | more
    file.write_text("".join(f'{key} = "{value}"\n' for key, value in told.items()), "utf-8")
    return str(file)


def call(*words: str, **more: str) -> Result:
    return CliRunner().invoke(main, [*words], **more)


def init(folder: Path, /, **more: str) -> Result:
    return call("init", "--config", str(folder / "etc/config.toml"), "--answers", answers(folder, **more))


@pytest.mark.parametrize(
    ("more", "files", "settings"),
    [
        ({}, {"hosho_transport", "hosho_recipients", "postfix-main.cf"}, {"lmtp": True, "method": "maildir"}),
        ({"door": "smtp"}, {"hosho_transport", "hosho_recipients", "postfix-main.cf"}, {"smtp": True}),
        ({"door": "imap", "imap_host": "imap.city.example.jp", "imap_password": "geheim"}, {"dovecot.conf"}, {}),
        ({"relay": "127.0.0.1"}, None, {"port": 25, "tls": "none"}),
        ({"relay": "relay.city.example.jp"}, None, {"port": 25, "tls": "starttls", "user": ""}),
        (
            {"relay": "relay.city.example.jp", "relay_user": "hosho", "relay_password": "o'h \\\\ \\\" x"},
            None,
            {"port": 587, "tls": "starttls", "user": "hosho"},
        ),
        ({"relay": "relay.city.example.jp:465"}, None, {"port": 465, "tls": "implicit"}),
        ({"relay": "[::1]:2500"}, None, {"port": 2500, "host": "::1"}),
        ({"relay": "127.0.0.1"}, None, {"every_minutes": 0}),
        ({"relay": "127.0.0.1", "canary": "はい"}, None, {"every_minutes": 60, "tell_host": ""}),
        ({"database": "postgres://hosho@127.0.0.1/hosho", "city": "O'Hara \\\" 市"}, None, {}),
    ],
)
def test_what_is_made_passes_the_check_and_overwrites_nothing(tmp_path, more, files, settings):
    made = init(tmp_path, **more)
    assert made.exit_code == 0, made.output
    folder = tmp_path / "etc"
    config = load(folder / "config.toml")
    doors = {"lmtp": config.lmtp.enabled, "smtp": config.smtp.enabled}
    told = doors | config.outgoing.model_dump() | config.canary.model_dump()
    assert {key: told[key] for key in settings} == settings
    assert [desk.name for desk in config.desks] == ["契約課", "道路課"]
    checked = call("check-config", "--offline", "--config", str(folder / "config.toml"))
    assert (checked.exit_code, checked.output.splitlines()[0]) == (0, "設定に誤りはありません。")
    units = {"hosho-bot.service", "hosho-bot-failed.service", "failed.env"}
    assert files is None or {path.name for path in (folder / "setup").iterdir()} == files | units
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")}
    assert modes <= {0o700, 0o600}
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    again = init(tmp_path, **more)
    assert (again.exit_code, "既にあります" in again.output) == (1, True)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_a_doctor_finds_nothing_but_that_the_copy_of_the_key_is_unknown(tmp_path):
    init(tmp_path)
    file = tmp_path / "etc/config.toml"
    text = file.read_text("utf-8").replace("#port = 2424", f"port = {free_port()}")
    file.write_text(text.replace("#check_dns = true", "check_dns = false"), "utf-8")
    found = asyncio.run(examine(file))
    assert [one.kind for one in found] == [FindingKind.KEY_COPY_UNTOLD]
    assert max(one.severity.exit_code for one in found) == Severity.NOTE.exit_code


def test_the_file_keeps_the_help_of_every_setting(tmp_path):
    init(tmp_path)
    text = (tmp_path / "etc/config.toml").read_text("utf-8")
    assert "# 差出人への返信。\n[replies]\n" in text
    assert text.count("[[desks]]") == 2
    assert "config_docs" not in text


def test_the_unit_names_the_places_of_this_installation(tmp_path):
    init(tmp_path)
    unit = (tmp_path / "etc/setup/hosho-bot.service").read_text("utf-8")
    for said in (
        f"WorkingDirectory={tmp_path}/data",
        f"ReadWritePaths={tmp_path}/data",
        f"HOSHO_CONFIG={tmp_path}/etc/config.toml ",
        f"ReadWritePaths=-{tmp_path}/etc/keys",
        f"ExecStart={Path(__file__).resolve().parents[2]}/run serve",
    ):
        assert said in unit
    assert "/opt/hosho-bot" not in unit
    assert "StateDirectory" not in unit


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ({"inbox": "hosho"}, "inbox"),
        ({"desks": "keiyaku@city.example.jp"}, "desks"),
        ({"door": "pop3"}, "door"),
        ({"door": "imap"}, "imap_host"),
        ({"relay": "a b"}, "relay"),
        ({"relay": "a:99999"}, "relay"),
        ({"relay": "127.0.0.1", "canary": "60"}, "canary"),
        ({"canary": "はい"}, "canary.every_minutes"),  # nothing goes out
        ({"folder": "var"}, "folder"),
        ({"folder": "/var/ひらがな"}, "folder"),
        ({"database": "mysql://x"}, "database"),
        ({"database": "postgres://hosho:pw@db/hosho"}, "database"),
        ({"cty": "x"}, "cty"),
        ({"operator": "hosho@city.example.jp"}, "operator.address"),
        ({"folder": "/proc/1/nothing"}, "storage.folder"),
    ],
)
def test_wrong_answers_are_all_told_and_nothing_is_made(tmp_path, more, key):
    result = init(tmp_path, **more)
    assert result.exit_code == 2
    assert f"  {key}: " in result.output
    assert not (tmp_path / "etc").exists()
    assert not (tmp_path / "data").exists()


def test_a_file_of_answers_with_a_password_must_be_private(tmp_path):
    file = Path(answers(tmp_path, relay="relay.example.jp", relay_user="u", relay_password="p"))
    file.chmod(0o644)
    result = call("init", "--config", str(tmp_path / "etc/config.toml"), "--answers", str(file))
    assert (result.exit_code, "chmod 600" in result.output) == (2, True)


def test_a_wrong_answer_is_asked_for_again_and_an_end_makes_nothing(tmp_path):
    result = call(
        "init", "--config", str(tmp_path / "etc/config.toml"), input="見本市\n\nhosho\nhosho@city.example.jp\n"
    )
    assert result.output.count("3. ") == 2
    assert "→ メールアドレスを1つ書いてください" in result.output
    assert "［city.example.jp］" in result.output
    assert (result.exit_code, (tmp_path / "etc").exists()) == (1, False)


TYPED = [
    ("1. ", "見本市"),
    ("2. ", ""),
    ("3. ", "hosho@city.example.jp"),
    ("4. ", ""),
    ("5. ", "契約課 keiyaku@city.example.jp"),
    ("6. ", ""),
    ("7. ", "imap"),
    ("IMAPサーバー", "127.0.0.1:1430"),
    ("利用者名", ""),
    ("パスワード", "geheim"),
    ("8. ", "127.0.0.1:2526"),
    ("利用者名", ""),
    ("試験メール", "はい"),
    ("9. ", "{folder}/data"),
    ("10. ", ""),
]


@pytest.mark.process
def test_on_a_terminal_the_questions_make_what_the_check_passes(tmp_path):
    config = str(tmp_path / "etc/config.toml")
    ours, theirs = pty.openpty()
    running = subprocess.Popen(
        [sys.executable, "-m", "bot", "init", "--config", config], stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    said = ""
    for prompt, line in TYPED:
        asked = ""
        while not (prompt in asked and asked.endswith(": ")):
            asked += os.read(ours, 4096).decode("utf-8", "replace")
        said += asked
        os.write(ours, f"{line.format(folder=tmp_path)}\n".encode())
    while chunk := _rest(ours):
        said += chunk
    os.close(ours)
    assert running.wait() == 0, said
    assert "geheim" not in said
    assert "作りました。" in said
    ran = subprocess.run(
        [sys.executable, "-m", "bot", "check-config", "--config", config], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout.splitlines()[0]) == (0, "設定に誤りはありません。"), ran.stderr
    assert (tmp_path / "etc/imap-password").read_text() == "geheim\n"
    assert load(tmp_path / "etc/config.toml").canary.every_minutes == 60


def _rest(terminal: int) -> str:
    try:
        return os.read(terminal, 4096).decode("utf-8", "replace")
    except OSError:  # Linux ends a terminal so
        return ""


@pytest.mark.dovecot
@pytest.mark.process
def test_dovecot_takes_its_snippet(tmp_path):
    if not shutil.which("doveconf"):
        pytest.skip("not installed: doveconf")
    init(tmp_path, door="imap", imap_host="imap.city.example.jp", imap_password="p")
    command = ["doveconf", "-n", "-c", str(tmp_path / "etc/setup/dovecot.conf"), "passdb"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ran.returncode, "passwd-file" in ran.stdout) == (0, True), ran.stderr
