"""The script `run`: what it says while it installs, and that it calls nothing ready that isn't.

Its pip is a stand-in, so that nothing is fetched. The tests run the script itself in a checkout of their own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

import pytest

pytestmark = pytest.mark.process

ROOT = Path(__file__).resolve().parents[1]
CLICK = f"click=={version('click')} \\\n    --hash=sha256:{'0' * 64}\n"
NOT_HERE = f"no-such-package==1.0 ; python_full_version < '3' \\\n    --hash=sha256:{'0' * 64}\n"
MISSING = f"no-such-package==1.0 \\\n    --hash=sha256:{'0' * 64}\n"


class Checkout:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.venv = folder / "the venv"
        shutil.copy(ROOT / "run", folder)

    def lock(self, text: str) -> None:
        (self.folder / "requirements.lock").write_text(text)

    def call(
        self, *words: str, pip: str, user: int | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run the script. `pip`: what the stand-in does, in sh; `$venv` is the environment's folder."""
        python = self.folder / "python"
        python.write_text(
            f"""#!/bin/sh
            venv="{self.venv}"
            case "$*" in
            "-c import pip") ;;
            *" install "*) {pip} ;;
            *) exec "{sys.executable}" "$@" ;;
            esac
            """
        )
        python.chmod(0o755)
        own = {"PATH": "/usr/bin:/bin", "PYTHON": str(python), "HOSHO_VENV": str(self.venv), "PYTHONPATH": str(ROOT)}
        return subprocess.run(
            [str(self.folder / "run"), *words],
            env=own | environment,
            capture_output=True,
            text=True,
            check=False,
            user=user,
        )

    @property
    def is_stamped(self) -> bool:
        return (self.venv / ".installed").exists()


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


# Whatever is asked for is there at once: the packages of the environment in which the tests run.
HERE = (
    f"""echo WARNING: an index; echo {sysconfig.get_path("purelib")} >"$(echo "$venv"/lib/*/site-packages)/here.pth\""""
)


def test_two_lines_tell_of_an_install_and_the_next_call_is_silent(checkout: Checkout):
    checkout.lock(CLICK + NOT_HERE)
    first = checkout.call("--version", pip=HERE)
    assert (first.returncode, checkout.is_stamped) == (0, True), first.stderr
    assert first.stderr.splitlines() == [
        "hosho-bot: パッケージを入れています（はじめの1回だけです）",
        "hosho-bot: 準備ができました",
    ]
    assert [path.name for path in checkout.venv.glob("install.*")] == []
    again = checkout.call("--version", pip="exit 9")
    assert (again.returncode, again.stderr) == (0, "")


@pytest.mark.parametrize(("words", "environment"), [((), {"LANG": "en_US.UTF-8"}), (("--lang", "en"), {})])
def test_a_failed_install_shows_why_and_is_not_called_ready(checkout: Checkout, words, environment):
    checkout.lock(CLICK)
    result = checkout.call(*words, "--version", pip="echo ERROR: no room; exit 1", **environment)
    assert (result.returncode, result.stdout, checkout.is_stamped) == (1, "", False)
    assert "ERROR: no room" in result.stderr
    assert "ready" not in result.stderr
    assert f"the packages could not be installed; remove {checkout.venv} and try again" in result.stderr


def test_a_package_that_is_missing_after_all_is_told(checkout: Checkout):
    checkout.lock(CLICK + MISSING)
    result = checkout.call("--version", pip=HERE)
    assert (result.returncode, checkout.is_stamped) == (1, False)
    assert "no-such-package==1.0" in result.stderr
    assert "準備" not in result.stderr


def test_a_lock_file_that_changes_is_installed_again(checkout: Checkout):
    checkout.lock(CLICK)
    assert checkout.call("--version", pip=HERE).returncode == 0
    checkout.lock(CLICK + MISSING)
    assert checkout.call("--version", pip="exit 1").returncode == 1
    assert not checkout.is_stamped


def test_who_may_not_install_is_told_who_does_and_nothing_runs_on_old_packages():
    with tempfile.TemporaryDirectory() as name:  # pytest's folders are closed to others
        folder = Path(name)
        folder.chmod(0o755)
        checkout = Checkout(folder)
        checkout.lock(CLICK)
        assert checkout.call("setup", pip=HERE).returncode == 0
        assert (checkout.venv / ".installed").stat().st_mode & 0o444 == 0o444
        checkout.lock(CLICK + NOT_HERE)
        for path in (checkout.venv, folder):
            path.chmod(0o555)
        refused = checkout.call("--version", pip="exit 9", user=65534 if os.geteuid() == 0 else None)
        for path in (folder, checkout.venv):
            path.chmod(0o755)
        assert (refused.returncode, refused.stdout) == (2, "")
        (line,) = refused.stderr.splitlines()
        assert f"{folder}/run setup を実行してください" in line
        assert checkout.call("setup", pip=HERE).returncode == 0


def test_two_calls_install_once(checkout: Checkout):
    checkout.lock(CLICK)
    with ThreadPoolExecutor() as pool:
        ended = list(pool.map(lambda _: checkout.call("setup", pip=HERE), range(3)))
    assert [one.returncode for one in ended] == [0, 0, 0]
    assert sum("準備ができました" in one.stderr for one in ended) == 1


def test_setup_looks_at_every_package_whatever_the_stamp_says(checkout: Checkout):
    checkout.lock(CLICK)
    assert checkout.call("setup", pip=HERE).returncode == 0
    assert "この版のものです" in checkout.call("setup", pip="exit 9").stderr
    next(checkout.venv.glob("lib/*/site-packages/here.pth")).unlink()
    assert checkout.call("setup", pip="exit 9").returncode == 1
    assert not checkout.is_stamped
    assert checkout.call("setup", pip=HERE).returncode == 0
