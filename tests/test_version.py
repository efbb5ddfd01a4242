"""`--version`: the number of pyproject.toml and CHANGELOG, the commit of a checkout or an archive, the schema's number."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from bot.version import Version, version
from storage.database.migrate import migrations

ROOT = Path(__file__).resolve().parents[1]
NUMBER = str(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"])
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def program(folder: Path, commit: str, number: str = "7.8.9") -> Path:
    """What `version` looks at."""
    (folder / "bot").mkdir()
    (folder / "bot/commit.txt").write_text(f"{commit}\n")
    (folder / "pyproject.toml").write_text(f'[project]\nversion = "{number}"\n')
    return folder


def git(folder: Path, *words: str) -> str:
    names = {f"GIT_{who}_{what}": "x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    call = ("git", "-C", str(folder), *words)
    return subprocess.run(call, env=os.environ | names, capture_output=True, text=True, check=True).stdout


def test_the_version_is_the_newest_of_the_changelog():
    sections = re.findall(r"^## (\S+)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert sections[0] == NUMBER


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_the_schema_is_the_last_migration_of_each_database(tmp_path, dialect):
    assert version(program(tmp_path, COMMIT)) == Version("7.8.9", COMMIT[:12], migrations(dialect)[-1].version)


def test_without_git_and_archive_the_commit_is_left_out(tmp_path):
    assert str(version(program(tmp_path, "$Format:%H$"))) == f"7.8.9 (schema {migrations('sqlite')[-1].version})"


@pytest.mark.process
def test_a_checkout_and_an_archive_of_it_tell_the_same_commit(tmp_path):
    if shutil.which("git") is None:
        pytest.skip("git: not installed")
    checkout, archive = tmp_path / "checkout", tmp_path / "archive"
    checkout.mkdir()
    program(checkout, "$Format:%H$")
    shutil.copy(ROOT / ".gitattributes", checkout)
    git(checkout, "init", "-q")
    git(checkout, "add", ".")
    git(checkout, "commit", "-q", "-m", "x")
    archive.mkdir()
    git(checkout, "archive", "-o", str(tmp_path / "it.tar"), "HEAD")
    shutil.unpack_archive(tmp_path / "it.tar", archive, filter="data")
    head = git(checkout, "rev-parse", "HEAD").strip()[:12]
    assert (version(checkout).commit, version(archive).commit) == (head, head)


@pytest.mark.process
def test_the_command_line_tells_it():
    done = subprocess.run(
        (sys.executable, "-m", "bot", "--version"), cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert re.fullmatch(rf"hosho-bot {re.escape(NUMBER)} \((commit [0-9a-f]{{12}}, )?schema \d+\)\n", done.stdout)
