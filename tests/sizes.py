"""The sizes of a test run (docs/testing.md): what belongs to which, and how often properties are tried. A plugin of tests/conftest.py.

`--small` leaves out what starts a process, talks to a peer, needs the recogniser or a whole month, and holds the rest to that; `--rest` runs what
`--small` left out, and the properties again with more examples. The marks follow from a test's fixtures and its folder.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

PROCESS, PEER, IMAGES, MONTH = "process", "peer", "images", "month"
_TESTS = Path(__file__).parent
_BY_FIXTURE = {
    "daemon": PROCESS,
    "cluster": PEER,
    "new_postgresql": PEER,
    "dovecot": PEER,
    "imap_server": PEER,
    "postfix": PEER,
    "certificate": PROCESS,
    "small_disk": PROCESS,
    "engines": IMAGES,
    "seeing": IMAGES,
    "lived": MONTH,
    "hour": MONTH,
    "beside": MONTH,
}
_BY_MARK = dict.fromkeys(("postgresql", "dovecot", "postfix"), PEER)
_BY_FOLDER = {"faults": PROCESS, "whole": PROCESS, "documents/pool": PROCESS, "documents/images": IMAGES}
_LONG = (
    "whole/test_corpus.py",
    "whole/test_daemon.py",
    "faults/test_kill.py",
    "month/test_month.py",
    "whole/test_safety.py",
    "documents/images/test_visual_check.py",
    "faults/test_bombs.py",
    "whole/test_corpora.py",
    "whole/test_answers.py",
    "documents/pool/",
    "attacks/test_hanging_loop.py",
    "whole/test_mutations.py",
    "faults/",
    "test_benchmarks.py",
    "commands/test_inspect.py",
    "documents/images/",
    "whole/",
    "intake/imap/test_real_servers.py",
    "core/clerk/",
    "core/verdict/",
    "workers/",
    "attacks/",
    "commands/",
    "storage/",
    "register/",
)
"""What takes long begins first, the longest before all, or one process would be left with it at the end. The order is that of a run's seconds."""
_STARTS = frozenset({"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system", "os.exec", "os.spawn"})
_LEFT = "left_out"

settings.register_profile("small", max_examples=10, deadline=None)
settings.register_profile("all", max_examples=200, deadline=None)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--small", action="store_true", help="only what needs no process, peer, recogniser or month")
    parser.addoption(
        "--rest", action="store_true", help="what --small leaves out, and the properties with more examples"
    )
    parser.addoption("--all", action="store_true", help="the properties with more examples")
    parser.addoption("--slow", action="store_true", help="everything with the long counts: hours instead of minutes")


def pytest_configure(config: pytest.Config) -> None:
    many = any(config.getoption(size) for size in ("--rest", "--all", "--slow"))
    settings.load_profile("all" if many else "small")
    config.stash[_left_key] = Counter()
    if config.getoption("--small"):
        sys.addaudithook(_no_process)


_left_key = pytest.StashKey[Counter[str]]()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    kept, left = [], []
    for item in items:
        marks = {mark.name for mark in item.iter_markers()}
        by_place = _marks_of(item, marks)
        for name in by_place:
            item.add_marker(name)
        why = _left_to(config, item, marks | by_place)
        if why:
            config.stash[_left_key][why] += 1
        (left if why else kept).append(item)
    if left:
        config.hook.pytest_deselected(items=left)
    items[:] = sorted(kept, key=lambda item: _turn(item.path))


@cache
def _folder(path: Path) -> str:
    return path.relative_to(_TESTS).as_posix() if path.is_relative_to(_TESTS) else ""


@cache
def _turn(path: Path) -> int:
    """The place among those that take long; behind them all where it does not."""
    return next((turn for turn, long in enumerate(_LONG) if _folder(path).startswith(long)), len(_LONG))


@cache
def _marks_of_folder(path: Path) -> frozenset[str]:
    return frozenset(mark for place, mark in _BY_FOLDER.items() if _folder(path).startswith(f"{place}/"))


def _marks_of(item: pytest.Item, marks: AbstractSet[str]) -> set[str]:
    """The marks that follow from the folder, the fixtures and other marks."""
    found = {_BY_FIXTURE[name] for name in getattr(item, "fixturenames", ()) if name in _BY_FIXTURE}
    found |= {_BY_MARK[name] for name in marks if name in _BY_MARK}
    return found | _marks_of_folder(item.path)


def _left_to(config: pytest.Config, item: pytest.Item, marks: AbstractSet[str]) -> str:
    """Why the run leaves the test out, "" = it does not."""
    if "slow" in marks and not config.getoption("--slow"):
        return "--slow: long counts"
    needs = next((mark for mark in (PEER, IMAGES, PROCESS, MONTH) if mark in marks), "")
    if config.getoption("--small"):
        return f"--all: {needs}" if needs else ""
    is_property = getattr(getattr(item, "obj", None), "is_hypothesis_test", False)
    return "the small size" if config.getoption("--rest") and not needs and not is_property else ""


# -- a test of the small size starts nothing

_running: list[str] = []
"""The test that runs, if one does."""


def _no_process(event: str, args: tuple[Any, ...]) -> None:
    if event in _STARTS and _running:
        pytest.fail(
            f"{_running[-1]} starts a process ({event} {args[0] if args else ''}): mark it `process`, or do without",
            pytrace=False,
        )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    _running.append(item.nodeid)
    try:
        return (yield)
    finally:
        _running.pop()


# -- what was left out is told at the end, whichever process collected the tests


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[_LEFT] = dict(session.config.stash[_left_key])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """With pytest-xdist each worker collects all the tests, so one's word is enough."""
    node.config.stash[_left_key] = Counter(getattr(node, "workeroutput", {}).get(_LEFT, node.config.stash[_left_key]))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if left := terminalreporter.config.stash[_left_key]:
        told = ", ".join(f"{count} to {why}" for why, count in sorted(left.items()))
        terminalreporter.section("left out")
        terminalreporter.line(f"{left.total()} tests: {told}")
