"""What .ci/run says about known vulnerabilities, whether a service answers or not."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.audit import LOCKS, NOT_ASKED, Report, asked

ROOT = Path(__file__).resolve().parents[1]


def document(**packages: list[str] | None) -> str:
    """pip-audit's report: by package the ids of its vulnerabilities, None where the service does not know it."""
    rows = [
        {"name": name, "skip_reason": "not found"}
        if ids is None
        else {"name": name, "version": "1.0", "vulns": [{"id": one, "fix_versions": []} for one in ids]}
        for name, ids in packages.items()
    ]
    return json.dumps({"dependencies": rows, "fixes": []})


def told(*documents: str) -> tuple[str, bool]:
    report = Report()
    for one in documents:
        report.add(one)
    return report.line, bool(report.vulnerable)


def test_a_known_vulnerability_fails_and_is_named():
    line, fails = told(document(a=[], b=["PYSEC-2026-1", "CVE-2026-2"]), document(c=None))
    assert (line, fails) == ("known vulnerabilities: b 1.0: PYSEC-2026-1, CVE-2026-2", True)


def test_a_service_that_knows_no_package_has_not_been_asked():
    assert told(document(a=None, b=None)) == (f"{NOT_ASKED}no vulnerability service is reachable from here", False)
    assert told() == (f"{NOT_ASKED}no vulnerability service is reachable from here", False)


def test_packages_that_the_service_does_not_know_are_told():
    line = "audited: 1 packages, no known vulnerability; the service does not know b, c"
    assert told(document(a=[], b=None), document(a=[], c=None)) == (line, False)


def locked(name: str) -> set[str]:
    return set(re.findall(r"^[a-z][^ ]*", (ROOT / name).read_text("utf-8"), re.MULTILINE))


def test_the_locks_that_are_audited_hold_every_package_of_the_others():
    audited = set().union(*map(locked, LOCKS))
    for lock in ROOT.glob("requirements*.lock"):
        assert locked(lock.name) <= audited, lock.name


def test_what_audits_is_pinned_by_hash_and_in_no_other_lock():
    assert any(one.startswith("pip-audit==") for one in locked("requirements-audit.lock"))
    for lock in ("requirements.lock", "requirements-ocr.lock", "requirements-dev.lock"):
        assert not any(one.startswith("pip-audit") for one in locked(lock))


@pytest.mark.process
@pytest.mark.parametrize(
    ("does", "answer"),
    [
        ("exit 1", ""),
        ("echo Traceback >&2; exit 1", ""),
        ("exec /no/such/program", ""),
        ('while [ "$1" != --output ]; do shift; done; echo "{" >"$2"', ""),
        ('while [ "$1" != --output ]; do shift; done; echo "{}" >"$2"; exit 1', "{}\n"),
    ],
)
def test_only_a_whole_report_is_an_answer(tmp_path, does, answer):
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{does}\n")
    python.chmod(0o755)
    assert asked(python, ROOT / LOCKS[0], "pypi", tmp_path) == answer
