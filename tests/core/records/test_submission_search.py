"""What a clerk types finds the case, in any width and variant."""

from __future__ import annotations

import pytest

from bot.core.records.submission_search import Search, finds
from tests.core.verdict.cases import fields, submission

CASE = submission(
    receipt_number="20261122-0042-1",
    fields=fields(project_name="市道第３号線舗装修繕工事", contractor="㈱髙﨑建設", number="00123-456789"),
    sender="Tanto@kensetsu.example.jp",
)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "  ",
        "20261122-0042-1",
        "0042-1",
        "00123-456789",
        "００１２３－４５",
        "456789",
        "市道第3号線",
        "舗装　修繕",
        "株式会社高崎建設",
        "高崎",
        "髙﨑建設",
        "株式会社",
        "TANTO@",
        "kensetsu.example.jp",
    ],
)
def test_it_is_found(words: str) -> None:
    assert finds(Search(words=words), CASE)


@pytest.mark.parametrize("words", ["市道第4号線", "00123-456780", "別の建設", "suzuki@", "有限会社"])
def test_another_is_not(words: str) -> None:
    assert not finds(Search(words=words), CASE)
