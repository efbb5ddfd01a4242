"""The rows of a table as one test, where a whole size runs: what pytest does around a row takes longer than most rows do.

Rows are packed whose test is a plain function of its parameters: no fixture, no mark, neither a property nor a coroutine. All are
tried; the first that fails raises, with the names of all that did. With pytest's own arguments (`./run test tests/core -k jv`) each
row is a test. A plugin of tests/conftest.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

import pytest

_SIZES = ("--small", "--rest", "--all")
_ROWS = "rows"
_AT_ONCE = 32  # rows: a machine that is very busy must finish them within a test's time
_ALWAYS = frozenset({"own_process", "event_loop_policy"})


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if any(config.getoption(size) for size in _SIZES):
        items[:] = [one for _, rows in groupby(items, _table) for one in _packed(list(rows))]


def _table(item: pytest.Item) -> object:
    """What the rows of a table have in common; an item that is none has it for itself."""
    if type(item) is not pytest.Function or not hasattr(item, "callspec") or hasattr(item.obj, "hypothesis"):
        return item
    marks = [mark for mark in item.iter_markers() if mark.name != "parametrize" or mark.kwargs.get("indirect")]
    others = set(item.fixturenames) - item.callspec.params.keys() - _ALWAYS
    return item if marks or others else (item.parent, item.originalname)


def _packed(rows: Sequence[pytest.Item]) -> Iterator[pytest.Item]:
    for first in range(0, len(rows), _AT_ONCE):
        some = rows[first : first + _AT_ONCE]
        yield _Rows.of(some) if len(some) > 1 else some[0]


class _Rows(pytest.Function):
    """Some rows of a table."""

    rows: Sequence[pytest.Function]

    @classmethod
    def of(cls, rows: Sequence[pytest.Function]) -> _Rows:
        """They are called by the name of the first, and of how many follow."""
        first = rows[0]
        name = f"{first.name[:-1]} and {len(rows) - 1} more]"
        made = cls.from_parent(
            first.parent,
            name=name,
            callspec=first.callspec,
            callobj=first.obj,
            fixtureinfo=first._fixtureinfo,
            originalname=first.originalname,
        )
        made.rows = rows
        return made

    def runtest(self) -> None:
        self.user_properties.append((_ROWS, len(self.rows)))
        failed: list[tuple[str, BaseException]] = []
        skipped: list[pytest.skip.Exception] = []
        for row in self.rows:
            try:
                row.obj(**row.callspec.params)
            except pytest.skip.Exception as reason:
                skipped.append(reason)
            except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 - the other rows are tried too
                failed.append((row.name, error))
        if failed:
            names = ", ".join(name for name, _ in failed)
            failed[0][1].add_note(f"{len(failed)} of {len(self.rows)} rows failed: {names}")
            raise failed[0][1]
        if skipped:
            pytest.skip(f"{len(skipped)} of {len(self.rows)} rows: {skipped[0].msg}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    counts = [
        value
        for reports in terminalreporter.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport) and report.when == "call"
        for name, value in report.user_properties
        if name == _ROWS
    ]
    if counts:
        terminalreporter.section("tables")
        terminalreporter.line(f"{sum(counts)} rows of tables were tried in {len(counts)} tests")
