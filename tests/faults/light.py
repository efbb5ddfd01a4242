"""The daemon (tests/warm.py) life after life, for tests that kill it.

`begin` does not wait for it. Its reading children are real ones. Raises AssertionError when it does not answer.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from subprocess import TimeoutExpired

from tests import warm
from tests.whole.world import Measured, answers, children_of, peak_kib, wait_until


class LightDaemon:
    """One daemon, life after life, on the settings of `config`. `lives`: how many there were."""

    def __init__(self, config: Path, smtp_port: int) -> None:
        self.config = config
        self.smtp_port = smtp_port
        self.lives = 0
        self.measured = Measured()
        self._process: warm.Forked | None = None
        self._began = 0.0

    def begin(self, *, crash_at: str = "") -> None:
        """Start, and do not wait."""
        self.lives += 1
        self._began = time.monotonic()
        self._process = warm.start(
            ["serve", "--config", self.config],
            folder=self.config.parent,
            errors=self.config.with_name("log.txt"),
            env=os.environ | {"HOSHO_TICK_SECONDS": "1", "HOSHO_CRASH_AT": crash_at},
        )

    def wait_ready(self) -> bool:
        """Wait until it answers; False when it died before that."""
        wait_until(lambda: not self.is_running or answers(self.smtp_port))
        if self.lives > 1 and self.is_running:
            self.measured.recoveries.append(time.monotonic() - self._began)
        return self.is_running

    @property
    def pid(self) -> int:
        """Of the life that runs."""
        assert self._process is not None
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def wait_for_crash(self, seconds: float) -> bool:
        """Wait until it has died at its crash point; False when it lives on. Raises AssertionError when it ended otherwise."""
        try:
            code = self._process.wait(seconds)
        except TimeoutExpired:
            return False
        assert code == 137, f"it ended by itself, {code}: {self.log()[-3000:]}"
        return True

    def kill(self) -> None:
        """kill -9."""
        self.measure()
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """SIGTERM."""
        self.measure()
        self._process.terminate()
        code = self._process.wait()
        assert code == 0, f"it ended with {code}: {self.log()[-3000:]}"

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
