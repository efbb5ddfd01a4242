"""The whole mail corpus: no mail comes out wrong, and each ends as it must.

The words of all mails are read in this process. At papers the daemon's own processes look, at some of each kind, as a page costs
seconds of CPU time; `--slow`: all mails, by them alone.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack

import pytest

from tests.corpus import judged, table


@pytest.fixture(scope="module")
def rows(tmp_path_factory, request):
    looked_at = None if request.config.getoption("--slow") else judged.to_look_at()
    run = judged.run(tmp_path_factory.mktemp("corpus"), names=looked_at)
    assert run.code in {0, 1}, run.errors
    return run.rows if looked_at is None else run.rows | judged.read_here(judged.cases().keys() - looked_at)


@pytest.fixture(scope="module")
def results(rows):
    return judged.judge_all(rows)


def listed(found):
    return "\n".join(f"{one.name}: {one.expected} expected, {one.end}: {one.why}" for one in found)


pytestmark = pytest.mark.timeout(1800)


def test_no_mail_comes_out_wrong(results):
    wrong = [one for one in results if one.end == "wrong"]
    assert not wrong, "\n" + listed(wrong)


def test_every_mail_ends_as_expected_or_with_more_care(results):
    other = [one for one in results if not one.as_expected and one.end != "wrong"]
    assert not other, "\n" + listed(other)


def test_every_notice_with_a_text_layer_by_every_producer_is_read_right(results):
    notices = [one for one in results if one.kind.startswith("producer/")]
    unread = [one for one in notices if one.end != "read"]
    assert len({one.kind for one in notices}) >= 15
    assert not unread, "\n" + listed(unread)


def test_the_corpus_is_large_and_each_mail_has_its_expected_result(results):
    assert len(results) >= 300
    assert {path.stem for path in judged.MAILS.glob("*.eml")} == {one.name for one in results}
    assert sum(one.by_image for one in results) >= 60
    assert 80 <= len(judged.to_look_at()) <= 120
    size = sum(path.stat().st_size for path in judged.MAILS.iterdir())
    assert size < 20 * 1024 * 1024


def test_the_table_counts_every_mail_once(results):
    counted = table.counts(results)
    assert sum(row.mails for row in counted) == len(results)
    assert sum(one.end in {"wrong", "misread"} for one in results) == sum(row.wrong for row in counted)
    print()
    print(table.text(counted))
    if not judged.WITH_SIGHT:
        print("The recognition of pictures is not installed: what can be seen only was expected to go to a person.")


def test_the_document_has_the_shape_of_the_table():
    assert table.shape(table.DOCUMENT.read_text("utf-8")) == table.shape_of_corpus()


LOOPS = 8


@pytest.mark.slow
@pytest.mark.timeout(6 * 3600)
def test_a_busy_machine_gives_the_same_verdicts(rows, tmp_path, figure):
    """At the lowest priority, beside eight loops that never rest and have it too."""
    lowest = ("nice", "-n", "19")
    with ExitStack() as loops:
        for _ in range(LOOPS):
            loop = loops.enter_context(subprocess.Popen([*lowest, sys.executable, "-c", "while True: pass"]))
            loops.callback(loop.kill)
        busy = judged.run(tmp_path, before=lowest)
    differing = sorted(name for name in rows if judged.verdict(busy.rows[name]) != judged.verdict(rows[name]))
    figure(f"verdicts beside {LOOPS} busy loops: {len(rows) - len(differing)} of {len(rows)} as on an idle machine")
    assert (differing, len(busy.rows)) == ([], len(rows))
