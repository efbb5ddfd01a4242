"""Ctrl-C in a long command, wherever it comes: one clear line, exit code 130, nothing half done, and the same call again succeeds."""

from __future__ import annotations

import csv
import os
import pty
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result

from bot import crash_points
from tests.commands.test_backup import call, config, keep

__all__ = ["config"]  # a fixture of its own file

ROWS, MAILS = 501, 40


@pytest.fixture(autouse=True)
def heard() -> Iterator[None]:
    """A process of pytest-xdist ignores SIGINT; a command is called by a shell, which does not."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def register_file(folder: Path) -> str:
    file = folder / "register.csv"
    with file.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow(["保証契約番号", "工事名", "受注者名", "保証区分"])
        writer.writerows([f"00000-{n:06d}", f"市道{n}号線工事", "株式会社見本建設", "前払金保証"] for n in range(ROWS))
    return str(file)


def mails(folder: Path) -> str:
    place = folder / "eml"
    place.mkdir()
    for number in range(MAILS):
        text = f"From: a@example.jp\r\nTo: hosho@city.example.jp\r\nMessage-ID: <{number}@example.jp>\r\n\r\nhello\r\n"
        (place / f"{number}.eml").write_text(text, "utf-8")
    return str(place)


def copy_of(config: Path) -> str:
    made = call(config, "backup", "create", "--to", str(config.parent / "copies"))
    assert made.exit_code == 0, made.output
    (copy,) = (config.parent / "copies").glob("hosho-*")
    return str(copy)


def contents(folder: Path) -> dict[str, list[str]]:
    """The database as the operator sees it, and the names of all files but locks, logs and the target of a move."""
    config = folder / "config.toml"
    listed = {name: call(config, name, "list", "--json").stdout.splitlines() for name in ("register", "mail")}
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))
    return {
        **listed,
        "files": [name for name in names if not re.search(r"\.lock$|-wal$|-shm$|\.daemon$|^moved|^made$", name)],
    }


EACH = range(1, 50)
"""The first step and all after it, until none is left."""
COMMANDS = {
    "register import": (
        lambda at: ("register", "import", register_file(at.parent)),
        "台帳は変わっていません",
        (1, 3, 6, 9, 1_000),
    ),
    "backup create": (lambda at: ("backup", "create", "--to", str(at.parent / "made")), "残していません", EACH),
    "backup verify": (lambda at: ("backup", "verify", copy_of(at)), "バックアップは変わっていません", EACH),
    "backup restore": (lambda at: ("backup", "restore", copy_of(at)), "データベースは元のままです", EACH),
    "keys rotate": (lambda _: ("keys", "rotate"), "続きから行います", EACH),
    "storage move": (
        lambda at: ("storage", "move", "--to", f"sqlite:///{at.parent}/moved.db"),
        "移す先には何も書いていません",
        (*range(1, 90, 6), 1_000),
    ),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_ctrl_c_at_each_step_leaves_nothing_half_done(config: Path, name: str) -> None:
    keep(config, 3)
    make, told, at = COMMANDS[name]
    words = make(config)
    before = contents(config.parent)
    for step in at:
        if (result := stopped(config, *words, step=step)).exit_code != 130:
            break
        assert (told in result.stderr, result.stdout, "Traceback" in result.output) == (True, "", False), result.output
        assert contents(config.parent) == before, step
    assert (result.exit_code, step > 2) == (0, True), (step, result.output)
    check = call(config, "keys", "check")
    assert (check.exit_code, "合っています" in check.stdout) == (0, True), check.output
    assert call(config, "journal", "verify").exit_code == 0


def stopped(config: Path, *words: str, step: int) -> Result:
    """The command, with a Ctrl-C at this step of it."""
    crash_points.arm(f"long_work.told:{step}:stops")
    try:
        return call(config, *words)
    finally:
        crash_points.arm("")


@pytest.mark.process
def test_a_person_sees_how_far_it_is_and_stops_it_by_the_keyboard(tmp_path: Path) -> None:
    """A terminal of its own: the bar is drawn, ^C is typed after the first mail of many, and the shell hears 130."""
    command = (sys.executable, "-m", "bot", "inspect", mails(tmp_path))
    process, terminal = pty.fork()
    if not process:
        os.execve(command[0], command, os.environ | {"TERM": "xterm", "COLUMNS": "100"})
    told, is_typed = b"", False
    while piece := _read(terminal):
        told += piece
        if not is_typed and "状態".encode() in told:
            os.write(terminal, b"\x03")
            is_typed = True
    _, status = os.waitpid(process, 0)
    text = told.decode()
    assert os.waitstatus_to_exitcode(status) == 130, text
    assert (f"0/{MAILS}" in text, "途中で止めました" in text, "Traceback" in text) == (True, True, False), text


def _read(terminal: int) -> bytes:
    """What the terminal shows next; empty when the program has let go of it."""
    try:
        return os.read(terminal, 65_536)
    except OSError:
        return b""
