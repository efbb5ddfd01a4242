"""Packed rows of a table: each is tried, and what fails or is skipped is told by its name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.process

ROOT = Path(__file__).resolve().parents[1]
TABLE = """
import pytest

TRIED = []

@pytest.mark.parametrize("row", range(70))
def test_rows(row):
    TRIED.append(row)
    if row == 40:
        pytest.skip("not here")
    assert row not in {WRONG}

@pytest.mark.parametrize("row", [1, 2])
def test_with_a_fixture(row, tmp_path):
    assert tmp_path.is_dir()

def test_all_were_tried():
    assert TRIED == list(range(70))
"""
OPTIONS = """
def pytest_addoption(parser):
    for size in ("--small", "--rest", "--all"):
        parser.addoption(size, action="store_true")
"""


def run(folder: Path, *wrong: int) -> str:
    (folder / "conftest.py").write_text(OPTIONS)
    (folder / "test_table.py").write_text(TABLE.replace("{WRONG}", repr(wrong)))
    words = ["-m", "pytest", "-p", "tests.tables", "-p", "no:cacheprovider", "--all", "-rs", str(folder)]
    ran = subprocess.run(
        [sys.executable, *words], check=False, cwd=folder, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    return ran.stdout + ran.stderr


def test_each_row_is_tried_and_a_skipped_one_is_told(tmp_path: Path) -> None:
    told = run(tmp_path)
    assert "5 passed, 1 skipped" in told  # two packs and the three others; the pack with the row that is skipped
    assert "1 of 32 rows: not here" in told
    assert "70 rows of tables were tried in 3 tests" in told


def test_rows_that_fail_fail_their_test_by_name(tmp_path: Path) -> None:
    told = run(tmp_path, 3, 5, 69)
    assert "2 of 32 rows failed: test_rows[3], test_rows[5]" in told
    assert "1 of 6 rows failed: test_rows[69]" in told
    assert "2 failed, 3 passed, 1 skipped" in told
