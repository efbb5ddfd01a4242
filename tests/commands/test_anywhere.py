"""Every command on any machine: a uid without a name, a locale that knows no Japanese, streams that are closed, full or broken."""

from __future__ import annotations

import io
import os
import pwd
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from bot.cli import main
from bot.core.records.submission import SubmissionState
from bot.surroundings import as_typed
from tests.commands.test_mail import CONFIG
from tests.commands.test_outbox import in_store
from tests.storage.samples import GUARANTEE, add, arrival, letter, settled, submission

RECEIPT, HELD = "20261122-0001-1", "20261122-0002-1"
NAME = "髙﨑建設㈱ ①工区 ～☎"  # characters that EUC-JP and Latin-1 lack


def commands(
    command: click.Command = main, words: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command of `--help`, however deep."""
    yield words, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from commands(command.get_command(context, name), (*words, name))


ALL = dict(commands())
# What each is called with besides --config; those not named need nothing.
CALLED = {
    ("disposal", "approve"): ["0123456789ab"],
    ("disposal", "hold"): ["1", "--note", NAME],
    ("disposal", "release"): ["1", "--note", NAME],
    ("personal-data", "export"): ["koji@example.jp", "--to", "out"],
    ("backup", "create"): ["--to", "copies"],
    ("backup", "restore"): ["missing.db"],
    ("backup", "verify"): ["missing"],
    ("consent", "list"): ["koji@example.jp"],
    ("consent", "resume"): ["koji@example.jp"],
    ("consent", "stop"): ["koji@example.jp"],
    ("inspect",): ["missing.eml"],
    ("letters", "preview"): ["receipt"],
    ("mail", "export"): ["1", "--to", "out"],
    ("mail", "release"): ["2", "--note", NAME],
    ("mail", "replay"): ["1"],
    ("mail", "show"): ["1"],
    ("outbox", "cancel"): ["1"],
    ("outbox", "hold"): ["1"],
    ("outbox", "release"): ["1"],
    ("outbox", "retry"): ["1"],
    ("outbox", "revive"): ["koji@example.jp"],
    ("outbox", "show"): ["1"],
    ("register", "export"): ["rows.csv"],
    ("register", "import"): ["rows.csv"],
    ("register", "show"): ["12345-678901"],
    ("reminders", "done"): ["held_too_long", f"submission/{HELD}", "--note", NAME],
    ("submissions", "accept"): [HELD, "--guarantee", "1"],
    ("submissions", "add"): ["--file", "rows.csv"],
    ("submissions", "evidence"): [RECEIPT, "case.zip"],
    ("submissions", "export"): ["notices.csv"],
    ("submissions", "form"): ["form.xlsx"],
    ("submissions", "list"): ["--text", NAME],
    ("submissions", "refuse"): [HELD, "--reason", NAME],
    ("submissions", "send-key"): [RECEIPT],
    ("submissions", "show"): [RECEIPT],
    ("submissions", "verify"): [RECEIPT],
    ("storage", "move"): ["--to", "postgres://bot@127.0.0.1:1/nowhere"],
    ("summary",): ["--print"],
    ("upgrade",): ["rows.csv", "--home", "."],
}
# These start processes, or go on until they are stopped: the test below with a process has them.
STARTS = {("serve",), ("demo",)}


class Streams:
    """Standard streams as a terminal of another encoding has them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
        self._written = {name: io.BytesIO() for name in ("stdout", "stderr")}
        for name, into in self._written.items():
            stream = io.TextIOWrapper(into, encoding=encoding, errors="strict", write_through=True)
            monkeypatch.setattr(sys, name, stream)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(), encoding=encoding))

    def written(self) -> str:
        """All that was written so far, which is UTF-8 or fails."""
        return b"".join(into.getvalue() for into in self._written.values()).decode("utf-8")


def called(words: list[str]) -> int:
    """The exit code of the command line."""
    with pytest.raises(SystemExit) as ended:
        main(words, prog_name="hosho-bot")
    return int(ended.value.code or 0)


@pytest.mark.parametrize("encoding", ["latin-1", "euc_jp", "ascii"])
def test_every_help_is_told_in_utf_8_in_any_locale(monkeypatch: pytest.MonkeyPatch, encoding: str):
    assert len(ALL) > 50
    for words in ALL:
        streams = Streams(monkeypatch, encoding)
        assert called([*words, "--help"]) == 0, words
        assert "使い方: hosho-bot" in streams.written()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(CONFIG, "utf-8")

    async def fill(store) -> None:
        await store.register.change(add(GUARANTEE), actor="register", source="rows.csv")
        await store.incoming.keep([arrival(), arrival()])
        taken = submission(RECEIPT, state=SubmissionState.ACCEPTED)
        held = submission(HELD, state=SubmissionState.HELD, guarantee_id=None)
        await store.submissions.settle(1, settled(taken), outgoing=(letter("a", submission=RECEIPT),))
        await store.submissions.settle(2, settled(held))

    in_store(path, fill)
    return path


def test_every_command_runs_for_a_user_without_a_name_in_any_locale(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME", "HOME"):
        monkeypatch.delenv(name, raising=False)

    def nobody(uid: int):
        raise KeyError(f"getpwuid(): uid not found: {uid}")

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    monkeypatch.chdir(tmp_path)
    leaves = [words for words, command in ALL.items() if not isinstance(command, click.Group) and words not in STARTS]
    assert not set(CALLED) - set(leaves)
    for words in leaves:
        streams = Streams(monkeypatch, "latin-1")
        takes_config = any(one.name == "config_path" for one in ALL[words].params)
        options = ["--config", str(config)] if takes_config else []
        code = called([*words, *CALLED.get(words, ()), *options])
        written = streams.written()
        assert code in {0, 1, 2}, words
        assert written, words
        assert "Traceback" not in written, words
        if code == 2:  # wrong call: only where we meant it
            assert words == ("inspect",), written
    config.write_text(CONFIG.replace("[storage]", '[storage]\nurl = "postgres://127.0.0.1:1/hosho"'), "utf-8")
    streams = Streams(monkeypatch, "latin-1")
    assert called(["mail", "list", "--config", str(config)]) == 1
    assert "postgres://利用者@ホスト/名前" in streams.written()
    config.write_text(CONFIG, "utf-8")
    lines = in_store(config, lambda store: store.journal.lines(subject=None))
    assert f"uid {os.getuid()}" in {line.actor for line in lines}


def test_words_typed_in_another_encoding_are_understood_or_refused():
    assert as_typed("確認") == "確認"
    assert as_typed("\udcff") is None


# -- a process of its own: what only the start can do

_PYTHON = (sys.executable, "-m", "bot")


@pytest.mark.process
@pytest.mark.parametrize(
    ("how", "code"),
    [
        ("check-config", 0),
        ("check-config >&-", 0),
        ("check-config <&- >&- 2>&-", 0),
        ("check-config | head -n 1", 0),
        ("check-config | true", 0),
        ("check-config >/dev/full", 1),
        ("--help >/dev/full", 1),
        ("--help >/dev/full 2>/dev/full", 1),
        ("mail list 2>&-", 1),
        (r"submissions list --text $(printf '\377')", 2),
    ],
)
def test_no_stream_and_no_locale_brings_a_traceback(tmp_path: Path, how: str, code: int):
    """In a folder that can't be written to, without HOME, in a locale that is neither UTF-8 nor C to Python, without zones."""
    (tmp_path / "config.toml").write_text(CONFIG, "utf-8")
    tmp_path.chmod(0o500)
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "PYTHONCOERCECLOCALE": "0",
        "PYTHONUTF8": "0",
        "PYTHONTZPATH": "",
        "TZ": "No/Where",
        "LC_ALL": "C",
    }
    script = f"{' '.join(_PYTHON)} {how}"
    done = subprocess.run(["sh", "-c", script], cwd=tmp_path, env=environment, capture_output=True, check=False)
    written = (done.stdout + done.stderr).decode("utf-8")
    assert "Traceback" not in written
    assert "Exception ignored" not in written
    assert done.returncode == code, written
