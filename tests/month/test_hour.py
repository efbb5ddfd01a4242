"""The hour at the desk is the golden one. `python -m tests.month.hour` writes it anew."""

from __future__ import annotations

import asyncio

import pytest

from tests.month.hour import GOLDEN, Hour, lived


@pytest.fixture(scope="module")
def hour(tmp_path_factory: pytest.TempPathFactory) -> Hour:
    return asyncio.run(lived(tmp_path_factory.mktemp("hour")))


def test_everybody_gets_what_the_golden_hour_says(hour: Hour) -> None:
    assert "".join(hour.told) == GOLDEN.read_text("utf-8")


def test_no_colleague_is_left_without_a_word(hour: Hour) -> None:
    assert [sender for sender in hour.unanswered if sender.endswith("@city.example.jp")] == []
