"""What all tests share: the real peers, started when a test asks for them; counts that `--slow` makes long; figures told at the end."""

from __future__ import annotations

import gc
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.imap_peers import Courier, Cyrus, not_unpacked
from tests.peers import Dovecot, ImapPeer, Postfix, missing
from tests.postgresql import cluster, loopback, new_postgresql

__all__ = ["cluster", "loopback", "new_postgresql"]  # fixtures of their own file
pytest_plugins = ["tests.sizes", "tests.tables", "tests.progress"]

_FIGURE = "figure"
_PEAK_RSS = "peak_rss_mib"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Iterator[None]:
    """What is collected stays to the end: the garbage collector need not look through it, now or later. Nor so often at what tests make."""
    gc.disable()
    gc.set_threshold(10_000)
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


@pytest.fixture(autouse=True)
def own_process() -> Iterator[None]:
    """What a command called in this process leaves behind harms no other test: its umask of 077 (Postfix and Dovecot, as users of
    their own, could not read their files), its levels of logging, and the loggers that libraries switch off.
    """
    os.umask(0o022)
    logging.disable(logging.NOTSET)
    _at(logging.WARNING, logging.getLogger())
    for name, logger in logging.Logger.manager.loggerDict.items():
        if name.startswith("hosho") and isinstance(logger, logging.Logger):
            logger.disabled, logger.propagate = False, True
            _at(logging.NOTSET, logger)
    yield
    os.umask(0o022)  # not what was there: a module's own fixture may have called a command before


def _at(level: int, logger: logging.Logger) -> None:
    if logger.level != level:  # setting a level goes through all loggers there are
        logger.setLevel(level)


@pytest.fixture
def count(request: pytest.FixtureRequest) -> Callable[[int, int], int]:
    """`count(short, long)`: how often to do it, by `--slow`."""
    slow = bool(request.config.getoption("--slow"))
    return lambda short, long: long if slow else short


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Tell what was measured, in one line; all such lines stand together below the tests' result, whichever process ran them."""
    return lambda text: request.node.user_properties.append((_FIGURE, text))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    lines = [
        text
        for reports in terminalreporter.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport) and report.when == "call"
        for name, text in report.user_properties
        if name == _FIGURE
    ]
    peaks = [  # of the daemon, of its reading children together
        value
        for reports in terminalreporter.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport) and report.when == "teardown"
        for name, value in report.user_properties
        if name == _PEAK_RSS
    ]
    if peaks:
        daemon, children = (max(one) for one in zip(*peaks, strict=True))
        lines.append(
            f"resident memory, the highest in {len(peaks)} tests: daemon {daemon} MiB (limit 300), its children {children} MiB"
        )
    if lines:
        terminalreporter.section("figures")
        for line in sorted(lines):
            terminalreporter.line(line)


@pytest.fixture(scope="module")
def open_folder() -> Iterator[Callable[[str], Path]]:
    """Makes folders that the peers' own users may enter. Not pytest's: each run that begins shuts these to everybody else."""
    made: list[Path] = []

    def make(name: str) -> Path:
        made.append(Path(tempfile.mkdtemp(prefix=f"hosho-{name}-")))
        return made[-1]

    yield make
    for folder in made:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def dovecot(open_folder: Callable[[str], Path]) -> Iterator[Dovecot]:
    """A Dovecot with an empty mailbox."""
    if reason := missing("dovecot", "openssl"):
        pytest.skip(f"Dovecot: {reason}")
    server = Dovecot(open_folder("dovecot"))
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(params=["dovecot", "courier", "cyrus"])
def imap_server(request: pytest.FixtureRequest, open_folder: Callable[[str], Path]) -> Iterator[ImapPeer]:
    """Each real IMAP server in turn, with an empty mailbox."""
    name = str(request.param)
    if reason := missing("dovecot", "openssl") if name == "dovecot" else not_unpacked(name):
        pytest.skip(f"{name}: {reason}")
    kinds: dict[str, Callable[[Path], ImapPeer]] = {"dovecot": Dovecot, "courier": Courier, "cyrus": Cyrus}
    server = kinds[name](open_folder(name))
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def postfix(open_folder: Callable[[str], Path]) -> Iterator[Postfix]:
    """A Postfix relay; one a module, so point it with `deliver_to` first."""
    if reason := missing("postfix", "postconf", "postqueue"):
        pytest.skip(f"Postfix: {reason}")
    server = Postfix(open_folder("postfix"))
    try:
        server.start()
        yield server
    finally:
        server.stop()
