"""Other users of the machine read or change what the settings keep secret."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli import main
from bot.config.secrecy import holds_password, settings_file, without_user
from bot.config.settings import ConfigError, load

ROOT = Path(__file__).parents[2]


def written(tmp_path: Path, url: str, mode: int) -> Path:
    text = (ROOT / "config.example.toml").read_text("utf-8")
    file = tmp_path / "config.toml"
    file.write_text(text.replace("[storage]\n", f'[storage]\nurl = "{url}"\n', 1), "utf-8")
    file.chmod(mode)
    return file


def checked(file: Path):
    return CliRunner().invoke(main, ["check-config", "--config", str(file)])


@pytest.mark.parametrize(
    "url",
    [
        "postgres://bot:sekrit@db.example.jp/hosho",
        "postgresql://bot:se@k:r/it@db.example.jp/hosho",
        "postgres://db.example.jp/hosho?user=bot&password=sekrit",
    ],
)
@pytest.mark.parametrize("mode", [0o644, 0o604, 0o666])
def test_a_password_in_settings_that_everybody_reads_is_a_mistake(tmp_path, url, mode):
    file = written(tmp_path, url, mode)
    told = checked(file)
    assert told.exit_code == 2
    assert f"chmod 600 {file}" in told.output
    assert "sekrit" not in told.output


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o400])
def test_settings_of_which_the_group_alone_knows_are_in_order_and_show_no_password(tmp_path, mode):
    told = checked(written(tmp_path, "postgres://bot:se@krit@db.example.jp/hosho?sslmode=require", mode))
    assert told.exit_code == 0, told.output
    assert "データベース: db.example.jp/hosho\n" in told.output
    assert "krit" not in told.output


@pytest.mark.parametrize("url", ["", "postgres://bot@db.example.jp/hosho", "sqlite:////srv/hosho/hosho.db"])
def test_settings_without_a_password_may_be_read_and_not_changed_by_everybody(tmp_path, url):
    assert checked(written(tmp_path, url, 0o644)).exit_code == 0
    file = written(tmp_path, url, 0o646)
    assert f"chmod o-w {file}" in checked(file).output


@pytest.mark.parametrize(
    ("words", "is_secret"),
    [
        (["/usr/bin/token", "--client-secret", "sekrit"], True),
        (["/usr/bin/token", "--client_secret=sekrit", "--account", "x"], True),
        (["/usr/bin/token", "-password", "sekrit"], True),
        (["/usr/bin/token", "--refresh-token", "sekrit"], True),
        (["/usr/bin/get-secret", "hosho"], False),
        (["/usr/bin/token", "--client-secret", "/etc/hosho-bot/secret"], False),
        (["/usr/bin/token", "--client-secret-file", "secret"], False),
        (["/usr/bin/token", "--password=/etc/hosho-bot/secret"], False),
        (["/usr/bin/token", "--password"], False),
    ],
)
def test_a_secret_among_a_commands_words_is_one_too(tmp_path, words, is_secret):
    mistakes = [*settings_file(tmp_path / "config.toml", 0o644, {"imap": {"token_command": words}})]
    assert [one.what.partition(" ")[0] for one in mistakes] == ["imap.token_command"] * is_secret
    assert [*settings_file(tmp_path / "config.toml", 0o640, {"imap": {"token_command": words}})] == []


@pytest.mark.parametrize("data", [{}, {"storage": 1}, {"storage": {"url": 5}}, {"imap": {"token_command": "x"}}])
def test_settings_that_are_wrong_are_left_to_the_other_rules(tmp_path, data):
    assert [*settings_file(tmp_path / "config.toml", 0o644, data)] == []


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o660, 0o604, 0o622])
def test_a_password_file_that_others_may_use_is_refused_by_its_name(tmp_path, mode):
    config = load(written(tmp_path, "", 0o600))
    secret = tmp_path / "relay-password"
    secret.write_text("sekrit\n")
    secret.chmod(mode)
    with pytest.raises(ConfigError, match=f"chmod 600 {secret}"):
        config.secret(secret)


def test_a_password_file_that_is_no_text_is_told_without_its_bytes(tmp_path):
    config = load(written(tmp_path, "", 0o600))
    secret = tmp_path / "relay-password"
    secret.write_bytes(b"sekrit\xff")
    secret.chmod(0o600)
    with pytest.raises(ConfigError, match="UTF-8") as told:
        config.secret(secret)
    assert "sekrit" not in str(told.value)


@pytest.mark.parametrize(
    ("url", "shown", "holds"),
    [
        ("postgres://u:p@h:5432/d", "h:5432/d", True),
        ("postgres://u:p@x@h/d?a=b", "h/d", True),
        ("postgres://u@h/d", "h/d", False),
        ("postgres://@/d?host=/run/p&password=x", "/d", True),
        ("postgres://[u:p@h/d", "h/d", True),
        ("sqlite:////srv/a@b.db", "sqlite:////srv/a@b.db", False),
    ],
)
def test_an_address_is_shown_without_who_and_what(url, shown, holds):
    assert (without_user(url), holds_password(url)) == (shown, holds)
