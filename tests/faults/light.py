"""The daemon as a fork of a process that has everything imported: what `serve` runs, started in a tenth of the time.

For tests that start it thousands of times. Its reading children are real ones. Raises AssertionError when it does not answer.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import time
from contextlib import suppress
from pathlib import Path

import bot.app  # imported here so that the fork server has it  # noqa: F401
import storage.database.backends.sqlite  # noqa: F401 - likewise
from bot import app, crash_points, log
from bot.config.settings import Config, load
from storage.database.daemon_lock import DaemonLock
from tests.whole.world import Measured, answers, children_of, peak_kib, wait_until

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload([__name__])


class LightDaemon:
    """One daemon, life after life, on the settings of `config`. `lives`: how many there were."""

    def __init__(self, config: Path, smtp_port: int) -> None:
        self.config = config
        self.smtp_port = smtp_port
        self.lives = 0
        self.measured = Measured()
        self._process: multiprocessing.process.BaseProcess | None = None
        self._began = 0.0

    def begin(self, *, crash_at: str = "") -> None:
        """Start, and do not wait."""
        self.lives += 1
        self._began = time.monotonic()
        self._process = _FORKS.Process(target=_serve, args=(self.config, crash_at), daemon=True)
        self._process.start()

    def wait_ready(self) -> bool:
        """Wait until it answers; False when it died before that."""
        wait_until(lambda: not self.is_running or answers(self.smtp_port))
        if self.lives > 1 and self.is_running:
            self.measured.recoveries.append(time.monotonic() - self._began)
        return self.is_running

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.is_alive()

    def wait_for_crash(self, seconds: float) -> bool:
        """Wait until it has died at its crash point; False when it lives on. Raises AssertionError when it ended otherwise."""
        self._process.join(seconds)
        if self.is_running:
            return False
        assert self._process.exitcode == 137, f"it ended by itself, {self._process.exitcode}: {self.log()[-3000:]}"
        return True

    def kill(self) -> None:
        """kill -9."""
        self.measure()
        self._process.kill()
        self._process.join()

    def stop(self) -> None:
        """SIGTERM."""
        self.measure()
        self._process.terminate()
        self._process.join()
        assert self._process.exitcode == 0, f"it ended with {self._process.exitcode}: {self.log()[-3000:]}"

    def measure(self) -> None:
        """Note what its processes take, at most, so far."""
        if self.is_running:
            pid = self._process.pid
            self.measured.daemon_kib = max(self.measured.daemon_kib, peak_kib(pid))
            self.measured.children_kib = max(self.measured.children_kib, sum(map(peak_kib, children_of(pid))))

    def log(self) -> str:
        """What it logged."""
        with suppress(FileNotFoundError):
            return self.config.with_name("log.txt").read_text("utf-8")
        return ""


def _serve(path: Path, crash_at: str) -> None:
    """What bot/commands/serve.py does, in a process of its own."""
    out = os.open(path.with_name("log.txt"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(out, 2)
    os.chdir(path.parent)
    os.environ["HOSHO_TICK_SECONDS"] = "1"
    crash_points.arm(crash_at)
    config = load(path)
    log.configure(config.log.level, config.log.format)
    if not asyncio.run(_run(config)):
        raise SystemExit(1)


async def _run(config: Config) -> bool:
    async with await DaemonLock.take(config.database_url) as lock:
        return await app.serve(config, lock)
