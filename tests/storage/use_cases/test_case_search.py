"""A clerk's search finds the cases that have his words, and reads few others for it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.records.incoming_mail import Correction
from bot.core.records.reasons import SubmissionReason
from bot.core.records.submission import Submission, SubmissionState
from bot.core.records.submission_search import Search, finds
from storage.database.connection import Database
from storage.store import Store
from storage.use_cases.case_words import may_have
from storage.use_cases.settling.clerk_actions import correct
from tests.storage.samples import FIELDS, arrival, settled, submission

CASES = tuple(
    submission(
        f"20261122-{place:04}-1",
        fields=replace(
            FIELDS,
            project_name=f"第{place}工区の{name}工事",
            contractor=f"{name}建設㈱",
            number=f"{place:05}-000{place:03}",
            number_as_written=f"{place:05}－０００{place:03}",
        ),
        sender=f"Tanto{place}@{place % 7}.example.jp",
    )
    for place, name in enumerate(["橋梁", "道路", "高﨑", "Ａ棟", "河川の護岸", "公園"] * 50, 1)
)
WORDS = (
    *("橋梁", "高崎建設", "髙﨑", "a棟", "護岸工事", "20261122-0042", "00042-000042", "０００４２－０", "TANTO42@", "@3.example"),
    *("第42工区の", "第42工区の公園工事", "園", "株式会社", "ない工事", "x", "0"),
)  # fmt: skip


@pytest.fixture
async def filled(store: Store) -> Store:
    await store.incoming.keep([arrival()])
    await store.submissions.settle(1, settled(*CASES))
    return store


async def found(store: Store, words: str, *states: SubmissionState) -> list[str]:
    return [one.receipt_number for one in await store.submissions.find(Search(states, words), limit=None)]


async def test_all_that_have_the_words_are_found_newest_first(filled: Store) -> None:
    for words in WORDS:
        expected = [one.receipt_number for one in reversed(CASES) if finds(Search(words=words), one)]
        assert await found(filled, words) == expected, words
        assert len(await filled.submissions.find(Search(words=words), limit=3)) == min(3, len(expected)), words
    assert await found(filled, "橋梁", SubmissionState.ACCEPTED) == []


async def test_few_others_are_read_for_it(filled: Store) -> None:
    async def read(database: Database) -> int:
        return len(await may_have(database, "第42工区の公園工事", below=None, limit=1000))

    assert await filled._database.run(read) <= 3


async def test_what_a_clerk_has_put_right_is_found_by_its_new_words_alone(filled: Store) -> None:
    corrected = replace(CASES[41].fields, project_name="トンネル補修工事", auth_key=None)
    act = Correction(CASES[41].receipt_number, corrected, (SubmissionReason.NOT_IN_REGISTER,), ())

    async def corrected_by_hand(database: Database) -> None:
        async with database.transaction():
            await correct(database, act, "契約課A")

    await filled._database.run(corrected_by_hand)
    assert await found(filled, "トンネル") == [CASES[41].receipt_number]
    assert await found(filled, "第42工区の公園工事") == []


async def test_a_mail_that_is_read_again_has_the_words_of_its_last_reading(filled: Store) -> None:
    again: Submission = replace(CASES[0], fields=replace(CASES[0].fields, project_name="水門改修工事"))
    await filled.incoming.keep([arrival()])
    await filled.submissions.settle(2, settled(again))
    assert await found(filled, "水門") == [again.receipt_number]
