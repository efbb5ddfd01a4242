"""The model of a disk that test_power_cut.py believes in, by small runs whose outcome is known."""

from __future__ import annotations

import random

import pytest

from tests.faults.powercut.replay import Disk, Kind, Record, Survives

FOLDER, FILE = "/d", "/d/f"


def record(kind: Kind, path: str = FILE, data: bytes = b"", *, offset: int = 0, second: str = "") -> Record:
    return Record(kind, path, second, offset, data)


MADE = [record(Kind.FOLDER, FOLDER), record(Kind.SYNCED, "/"), record(Kind.MADE)]
NAMED = [*MADE, record(Kind.SYNCED, FOLDER)]


def after(records: list[Record], survives: Survives = Survives.NOTHING, seed: int = 1) -> dict[str, bytes | None]:
    disk = Disk()
    for one in records:
        disk.follow(one)
    return disk.after_cut(survives, random.Random(seed))


@pytest.mark.parametrize(
    ("records", "found"),
    [
        (MADE, {FOLDER: None}),  # nobody synced the folder
        (NAMED, {FOLDER: None, FILE: b""}),
        ([*NAMED, record(Kind.WROTE, data=b"ab")], {FOLDER: None, FILE: b""}),
        ([*NAMED, record(Kind.WROTE, data=b"ab"), record(Kind.SYNCED)], {FOLDER: None, FILE: b"ab"}),
        ([*MADE, record(Kind.WROTE, data=b"ab"), record(Kind.SYNCED)], {FOLDER: None}),  # content without a name
        (
            [*NAMED, record(Kind.WROTE, data=b"abcd"), record(Kind.CUT, offset=1), record(Kind.SYNCED)],
            {FOLDER: None, FILE: b"a"},
        ),
        ([*NAMED, record(Kind.REMOVED)], {FOLDER: None, FILE: b""}),
        ([*NAMED, record(Kind.REMOVED), record(Kind.SYNCED, FOLDER)], {FOLDER: None}),
        ([*NAMED, record(Kind.RENAMED, second="/d/g")], {FOLDER: None, FILE: b""}),
        ([*NAMED, record(Kind.RENAMED, second="/d/g"), record(Kind.SYNCED, FOLDER)], {FOLDER: None, "/d/g": b""}),
        (
            [*NAMED, record(Kind.LINKED, second="/d/g"), record(Kind.SYNCED, FOLDER)],
            {FOLDER: None, FILE: b"", "/d/g": b""},
        ),
        ([record(Kind.FOLDER, FOLDER), record(Kind.MADE), record(Kind.SYNCED, FOLDER)], {}),  # no way to the file
    ],
)
def test_only_what_was_synced_is_there_for_sure(records, found):
    assert after(records) == found


def test_all_that_was_written_is_there_when_nothing_is_lost():
    records = [
        *MADE,
        record(Kind.WROTE, data=b"ab"),
        record(Kind.WROTE, data=b"xyz", offset=1),
        record(Kind.SENT, "25"),
    ]
    assert after(records, Survives.EVERYTHING) == {FOLDER: None, FILE: b"axyz"}


def test_by_chance_each_sector_survives_for_itself_and_the_last_write_wins_where_it_does():
    old, new = b"o" * 2048, b"n" * 2048
    records = [*NAMED, record(Kind.WROTE, data=old), record(Kind.SYNCED), record(Kind.WROTE, data=new)]
    contents = {after(records, Survives.BY_CHANCE, seed)[FILE] for seed in range(200)}
    sectors = {tuple({content[at : at + 512] for at in range(0, 2048, 512)}) for content in contents}
    assert len(contents) == 2**4
    assert {sector for each in sectors for sector in each} == {old[:512], new[:512]}
