"""The program as a fork of a process that has imported all of it: what `python -m bot ...` runs, without the second of loading.

For tests that start daemons and commands by the hundred. `start` gives a process with Popen's words, `call` one that has ended.
What depends on a start from nothing (tests/whole/test_safety.py, tests/commands/test_light.py, test_anywhere.py) starts Python itself.
Raises subprocess.TimeoutExpired.
"""

from __future__ import annotations

import multiprocessing
import os
import pkgutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import bot.__main__
import bot.commands
from bot import crash_points

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    [
        __name__,
        "bot.app",
        "bot.composing",
        "bot.wiring",
        *(f"bot.commands.{room.name}" for room in pkgutil.iter_modules(bot.commands.__path__)),
        "storage.database.backends.sqlite",
        "storage.database.backends.postgresql",
    ]
)


class Forked:
    """One that runs, or has run."""

    def __init__(self, process: multiprocessing.process.BaseProcess) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        """Its exit code, minus the signal that ended it; None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout)
        return self._process.exitcode

    def terminate(self) -> None:
        """SIGTERM."""
        self._process.terminate()

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()


def start(
    arguments: Sequence[str | Path],
    *,
    folder: Path,
    errors: Path,
    output: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> Forked:
    """`python -m bot` with these arguments, in the folder. What it prints is appended to the files. `env`: None = ours."""
    words = [str(word) for word in arguments]
    told = (str(output or os.devnull), str(errors))
    process = _FORKS.Process(
        target=_run, args=(words, str(folder), told, dict(os.environ if env is None else env)), daemon=True
    )
    process.start()
    return Forked(process)


def call(
    arguments: Sequence[str | Path], *, folder: Path, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    with tempfile.NamedTemporaryFile() as output, tempfile.NamedTemporaryFile() as errors:
        code = start(arguments, folder=folder, errors=Path(errors.name), output=Path(output.name), env=env).wait()
        said, told = output.read().decode(), errors.read().decode()
    return subprocess.CompletedProcess([*map(str, arguments)], code, said, told)


def _run(arguments: list[str], folder: str, told: tuple[str, str], environment: dict[str, str]) -> None:
    for number, place in enumerate(told, 1):
        opened = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None  # chosen by another environment
    sys.argv, sys.orig_argv = ["bot", *arguments], [sys.executable, "-m", "bot", *arguments]
    crash_points.arm(environment.get("HOSHO_CRASH_AT", ""))
    bot.__main__.start()
