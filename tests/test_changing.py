"""docs/changing.md names files and tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NAMED = sorted(set(re.findall(r"`([\w./]+/[\w./]+(?:::\w+)?)`", (ROOT / "docs" / "changing.md").read_text("utf-8"))))


@pytest.mark.parametrize("name", NAMED)
def test_what_is_named_exists(name):
    file, _, test = name.partition("::")
    assert (ROOT / file).exists()
    assert f"def {test}(" in (ROOT / file).read_text("utf-8") if test else True


def test_each_list_names_its_completeness_test():
    assert len([name for name in NAMED if "::" in name]) >= 6
