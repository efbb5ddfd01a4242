"""Several offices on one machine: settings, data and keys of their own, and one list of how they all stand."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli import main
from bot.core.records.submission import SubmissionState
from bot.office import command_context
from storage.database.daemon_lock import DaemonLock
from storage.store import Store
from tests.storage.samples import GUARANTEE, NUMBER, add, arrival, settled, submission

CONFIG = """
[office]
city = "見本市"
department = "{name}"
[mail]
inboxes = ["{name}@city.example.jp"]
[storage]
folder = "{name}"
key_file = "{name}.keys/hosho.key"
free_mib = 1
[lmtp]
enabled = true
max_message_mib = 1
[smtp]
max_message_mib = 1
[imap]
max_message_mib = 1
[[desks]]
name = "契約課"
address = "keiyaku@city.example.jp"
"""


@pytest.fixture
def offices(tmp_path: Path) -> list[Path]:
    """Two offices whose registers have the same 保証契約番号, neither of them running."""
    return made_in(tmp_path)


@pytest.fixture
def folder_for_all() -> Iterator[Path]:
    """pytest's own folder is made its user's alone by every run of pytest that begins."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def made_in(folder: Path) -> list[Path]:
    files = [folder / f"{name}.toml" for name in ("doboku", "suido")]
    for file in files:
        file.write_text(CONFIG.format(name=file.stem), "utf-8")
        in_store(file, registered)
    return files


async def registered(store: Store) -> None:
    await store.register.change(add(GUARANTEE), actor="register", source="rows.csv")


async def a_mail_is_held(store: Store) -> None:
    await store.incoming.keep([arrival(), arrival()])
    await store.submissions.settle(1, settled(submission(state=SubmissionState.HELD, guarantee_id=None)))


def in_store(file: Path, step) -> object:
    async def done() -> object:
        async with command_context(file, may_begin=True) as office:
            return await step(office.store)

    return asyncio.run(done())


def everything(file: Path) -> dict[Path, bytes]:
    """What an office has, byte for byte."""
    own = [file, *file.with_suffix("").rglob("*"), *file.with_suffix(".keys").rglob("*")]
    return {path: path.read_bytes() for path in own if path.is_file()}


def status(*words: str) -> Result:
    return CliRunner().invoke(main, ["status", *words])


def rows(*words: str) -> dict[str, dict[str, object]]:
    return {row["office"]: row for row in map(json.loads, status(*words, "--json").output.splitlines())}


def while_running(file: Path, *words: str) -> Result:
    async def locked() -> Result:
        async with await DaemonLock.take(f"sqlite:///{file.with_suffix('')}/hosho.db"):
            return await asyncio.to_thread(status, *words)

    return asyncio.run(locked())


def test_two_offices_with_the_same_number_never_touch(offices, tmp_path):
    doboku, suido = offices
    before = everything(suido)
    in_store(doboku, a_mail_is_held)
    assert everything(suido) == before
    found = [in_store(file, lambda store: store.register.by_number(NUMBER)) for file in offices]
    assert [row.number for row in found] == [NUMBER, NUMBER]
    told = rows("--all", str(tmp_path))
    assert {name: (row["open_work"], row["mails_waiting"]) for name, row in told.items()} == {
        "doboku": (1, 1),
        "suido": (0, 0),
    }


def test_each_office_is_a_line_and_the_worst_is_the_exit_code(offices, tmp_path):
    doboku, suido = offices
    result = while_running(doboku, "--all", str(doboku))
    assert result.exit_code == 0, result.output
    assert [word in result.output for word in ("doboku", "正常", "1件")] == [True, True, True]
    result = while_running(doboku, "--all", str(tmp_path))
    assert (result.exit_code, "停止" in result.output) == (1, True)
    suido.write_text("[office]\n", "utf-8")
    result = while_running(doboku, "--all", f"{tmp_path}/*.toml", "--json")
    told = {row["office"]: row["standing"] for row in map(json.loads, result.output.splitlines())}
    assert (result.exit_code, told) == (2, {"doboku": "well", "suido": "unknown"})


def test_an_office_that_never_began_hides_no_other(offices, tmp_path):
    (tmp_path / "new.toml").write_text(CONFIG.format(name="new"), "utf-8")
    told = rows("--all", str(tmp_path))
    assert [told[name]["standing"] for name in ("doboku", "new", "suido")] == ["stopped", "unknown", "stopped"]
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("words", [("--all", "nowhere"), ("--all", "."), ("--all", "{}", "--nagios")])
def test_what_can_not_be_listed_is_a_wrong_call(offices, tmp_path, monkeypatch, words):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    result = status(*(word.format(tmp_path) for word in words))
    assert (result.exit_code, result.stdout) == (2, "")


def python_for_all(folder: Path) -> Path:
    """An interpreter with our packages that every user may run; the one of the tests may lie in root's own folder."""
    base = Path(f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}")
    if not base.exists():
        pytest.skip(f"{base} is not installed")
    subprocess.run([base, "-m", "venv", "--without-pip", folder], check=True)
    [packages] = folder.glob("lib/python*/site-packages")
    ours = (Path(__file__).parents[2], sysconfig.get_path("purelib"))
    (packages / "ours.pth").write_text("".join(f"{one}\n" for one in ours), "utf-8")
    return folder / "bin/python"


@pytest.mark.process
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: files of two users")
def test_root_looks_at_each_office_as_its_own_user(folder_for_all):
    folder = folder_for_all
    offices = made_in(folder)
    for uid, file in enumerate(offices, 61001):
        for path in (file.with_suffix(""), file.with_suffix(".keys")):
            for one in (path, *path.rglob("*")):
                os.chown(one, uid, uid)
        os.chown(file, 0, uid)
        file.chmod(0o640)
    program = (python_for_all(folder / "venv"), "-P", "-m", "bot", "status", "--all", f"{folder}/*.toml", "--json")

    def standing() -> list[str]:
        told = subprocess.run(program, cwd="/", capture_output=True, text=True, check=False)
        return [json.loads(line)["standing"] for line in told.stdout.splitlines()]

    assert standing() == ["stopped", "stopped"]
    assert {path.stat().st_uid for path in folder.glob("doboku/*")} == {61001}
    secret, his = folder / "secret.db", folder / "suido/hosho.db"
    shutil.copy(folder / "doboku/hosho.db", secret)
    secret.chmod(0o600)
    his.unlink()
    his.symlink_to(secret)  # what its owner may not read is not read for him
    assert standing() == ["stopped", "unknown"]
