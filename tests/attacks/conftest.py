"""Fixtures of the attacks that need a clock of their own."""

from __future__ import annotations

import pytest

from tests.workers.conftest import Watch


@pytest.fixture
def watch() -> Watch:
    return Watch()
