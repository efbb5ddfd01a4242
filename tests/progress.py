"""One line that tells how far the tests are, instead of ten thousand dots. A plugin of tests/conftest.py, on with `--progress`.

On a terminal the line is renewed each second; elsewhere a new one comes every half minute. A failure is named at once.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--progress", action="store_true", help="one line of progress instead of dots")


@pytest.hookimpl(trylast=True)  # behind the terminal's own reporter
def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--progress") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Progress(config))


class _Progress:
    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._began = self._told = time.monotonic()
        self._total = self._done = self._failed = 0

    @pytest.hookimpl(trylast=True)
    def pytest_sessionstart(self) -> None:
        self._out = self._config.get_terminal_writer()
        self._is_terminal = self._out.hasmarkup
        self._out.line("tests: collecting ...")

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._total = len(session.items)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        self._total = len(ids)

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """No letters. The categories are pytest's own."""
        if hasattr(report, "wasxfail"):
            return None
        if report.when == "call" or report.skipped:
            return (report.outcome, "", "")
        return ("error" if report.failed else "", "", "")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._failed += 1
            self._out.line(f"{self._back}FAILED {report.nodeid} ({report.when})")
        self._done += report.when == "teardown"
        since = time.monotonic() - self._told
        if since >= (1 if self._is_terminal else 30):
            self._told = time.monotonic()
            self._out.write(self._line(), flush=True)

    @property
    def _back(self) -> str:
        return "\r\x1b[K" if self._is_terminal else ""

    def _line(self) -> str:
        seconds = int(time.monotonic() - self._began)
        percent = 100 * self._done // max(self._total, 1)
        told = f"tests: {percent}%, {self._done} of {self._total}, {seconds} s, {self._failed} failed"
        return f"{self._back}{told}" if self._is_terminal else f"{told}\n"

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        self._out.write(self._back)
