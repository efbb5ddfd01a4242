"""The chain of the journal: what goes into a line's hash, and how a head is written and read."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from bot.core.records.journal import BEGINNING, JournalHead, JournalLine, head_of, link

LINE = JournalLine(
    number=1,
    at=datetime(2026, 11, 22, 1, 0, 0, 5, tzinfo=UTC),
    actor="契約課A",
    event="submission.accepted",
    subject_kind="submission",
    subject_id="20261122-0042-1",
    detail={"reasons": ["number_matches"], "guarantee_id": 12, "note": None},
)


def test_the_hash_is_what_it_was_when_old_journals_were_written():
    assert link(BEGINNING.hash, LINE) == "1c7fa6d4ae74253f60971a351cd5bf400246a0795030da64b5ad4892d9a73c0a"


@pytest.mark.parametrize(
    "change",
    [
        {"number": 2},
        {"at": LINE.at + timedelta(microseconds=1)},
        {"actor": "契約課B"},
        {"event": "submission.refused"},
        {"subject_kind": "mail"},
        {"subject_id": "20261122-0042-2"},
        {"detail": {**LINE.detail, "note": ""}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_part_of_a_line_is_in_its_hash(change):
    assert link(BEGINNING.hash, replace(LINE, **change)) != link(BEGINNING.hash, LINE)


def test_so_is_the_line_before():
    assert link("1" * 64, LINE) != link(BEGINNING.hash, LINE)


def test_neither_the_order_of_the_detail_nor_the_zone_changes_it():
    turned = dict(reversed(LINE.detail.items()))
    in_japan = LINE.at.astimezone(timezone(timedelta(hours=9)))
    assert link(BEGINNING.hash, replace(LINE, detail=turned, at=in_japan)) == link(BEGINNING.hash, LINE)


def test_a_head_is_read_as_a_letter_or_a_command_shows_it():
    head = JournalHead(1234, "0123456789abcdef" * 4)
    assert (head_of(str(head)), head.short) == (head, "1234:0123456789abcdef")
    assert head_of(f" {head.short.upper()} ") == JournalHead(1234, "0123456789abcdef")
    assert head_of(str(BEGINNING)) == BEGINNING


@pytest.mark.parametrize(
    "text", ["", "1234", "1234:", "1234:0123456789abcde", ":0123456789abcdef", "x:" + "0" * 64, "1:" + "g" * 64]
)
def test_any_other_text_is_no_head(text):
    with pytest.raises(ValueError, match="番号:ハッシュ"):
        head_of(text)
