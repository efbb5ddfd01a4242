"""The journal's chain in both databases: whole however it was written, and broken wherever somebody has laid hands on it."""

import asyncio
import os
import sys
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from bot.core.records.journal import BEGINNING, JournalBreak, JournalCheck, JournalHead, link
from bot.core.records.reasons import MailReason, NoReplyReason
from storage.database.connection import Database
from storage.errors import StoreError
from storage.store import Store
from storage.use_cases import journal
from storage.use_cases.journal import Entry
from tests.storage.samples import GUARANTEE, START, Opener, add, arrival, settled, submission

LINES = 8


async def write(store: Store, count: int = LINES, first: int = 1) -> None:
    """So many lines, each in a transaction of its own."""
    for number in range(first, first + count):
        await append(store, [Entry("mail.sorted", "mail", number, {"reason": "notice_found", "papers": ("x", None)})])


async def append(store: Store, entries: list[Entry]) -> None:
    async def written(database: Database) -> None:
        async with database.transaction():
            await journal.write(database, entries)

    await store._database.run(written)


async def tamper(store: Store, *statements: str) -> None:
    """SQL by somebody who has got past the triggers."""

    async def done(database: Database) -> None:
        triggers = ["journal_no_update", "journal_no_delete", "journal_no_truncate"]
        on = ""
        if database.dialect == "sqlite":
            triggers.pop()
        else:
            on = " ON journal"
        for trigger in triggers:
            await database.execute(f"DROP TRIGGER {trigger}{on}")
        for sql in statements:
            await database.execute(sql)

    await store._database.run(done)


# -- whole


async def test_an_empty_journal_is_whole(store: Store) -> None:
    assert await store.journal.head() == BEGINNING
    assert await store.journal.verify() == JournalCheck(0, BEGINNING)
    assert await store.journal.verify(BEGINNING) == JournalCheck(0, BEGINNING)
    assert await store.journal.lines() == ()


async def test_lines_are_numbered_without_gaps_and_read_back_as_they_were(store: Store) -> None:
    await store.register.change(
        add(replace(GUARANTEE, wants_issued_mail=False)), actor="契約課A", source="台帳\0\ud800.csv"
    )
    await write(store, 2)
    lines = await store.journal.lines()
    assert [(line.number, line.event, line.actor) for line in lines] == [
        (4, "mail.sorted", "bot"),
        (3, "mail.sorted", "bot"),
        (2, "register.import", "契約課A"),
        (1, "register.add", "契約課A"),
    ]
    assert (lines[0].at, lines[0].detail) == (START, {"reason": "notice_found", "papers": ["x", None]})
    assert lines[2].subject_id == "台帳\ufffd\ufffd.csv"
    assert await store.journal.lines(subject=("guarantee", "1")) == (lines[3],)
    assert await store.journal.lines(limit=1) == lines[:1]
    head = JournalHead(4, lines[0].hash)
    assert (await store.journal.head(), await store.journal.verify(head)) == (head, JournalCheck(4, head))


async def test_what_is_rolled_back_leaves_no_gap(store: Store) -> None:
    async def failing(database: Database) -> None:
        async with database.transaction():
            await journal.write(database, [Entry("x", "x", 1)])
            raise StoreError("x")

    await write(store, 2)
    with pytest.raises(StoreError):
        await store._database.run(failing)
    await write(store, 2, first=3)
    assert (await store.journal.verify()).lines == 4


async def test_several_writes_of_one_transaction_stand_in_their_order(store: Store) -> None:
    async def several(database: Database) -> None:
        async with database.transaction():
            await journal.write(database, [Entry("x", "x", 1), Entry("x", "x", 2)])
            await journal.write(database, [])
            await journal.write(database, [Entry("x", "x", 3)])

    await store._database.run(several)
    assert [line.subject_id for line in await store.journal.lines()] == ["3", "2", "1"]
    assert (await store.journal.verify()).is_whole


async def test_a_line_outside_a_transaction_is_a_fault(store: Store) -> None:
    with pytest.raises(LookupError):
        await store._database.run(lambda database: journal.write(database, [Entry("x", "x", 1)]))


async def test_a_mail_that_ends_at_the_door_has_its_line(store: Store) -> None:
    old = arrival("old", before_first_start=True)
    await store.incoming.keep([old, arrival("usual"), old])
    await store.incoming.keep([old])
    assert [(line.event, line.subject_id, line.detail) for line in reversed(await store.journal.lines())] == [
        (
            "mail.ignored",
            "1",
            {"reason": MailReason.BEFORE_FIRST_START.value, "no_reply": NoReplyReason.NOT_READ.value},
        ),
    ]


async def test_a_key_that_is_shown_is_told_first(store: Store) -> None:
    await store.journal.note_keys_shown(
        [("guarantee", 12), ("submission", "20261122-0001-1")], actor="契約課A", command="x y"
    )
    await store.journal.note_keys_shown([], actor="契約課A", command="x y")
    assert [
        (line.event, line.actor, line.subject_kind, line.subject_id, line.detail)
        for line in await store.journal.lines()
    ] == [
        ("key.shown", "契約課A", "submission", "20261122-0001-1", {"command": "x y"}),
        ("key.shown", "契約課A", "guarantee", "12", {"command": "x y"}),
    ]


async def test_a_key_in_a_clerks_words_is_masked(store: Store) -> None:
    await append(
        store, [Entry("mail.released", "mail", 1, {"note": "認証キーは Ab3dEf7hJk9m でした", "from": "parked"})]
    )
    (line,) = await store.journal.lines()
    assert line.detail == {"note": "認証キーは ＊＊＊＊＊＊ でした", "from": "parked"}
    assert (await store.journal.verify()).is_whole


# -- broken

LAST = "(SELECT max(id) FROM journal)"
COPIED = "at, actor, event, subject_kind, subject_id, detail, hash FROM journal WHERE id"
AS_4 = ["UPDATE journal SET id = -4 WHERE id = 4"]
BROKEN: dict[str, tuple[list[str], JournalBreak, int]] = {
    "the actor": (["UPDATE journal SET actor = 'x' WHERE id = 4"], JournalBreak.CHANGED, 4),
    "the time": (["UPDATE journal SET at = '2026-11-22 01:30:00.000001+00:00' WHERE id = 4"], JournalBreak.CHANGED, 4),
    "the detail": (["""UPDATE journal SET detail = '{"reason": "x"}' WHERE id = 4"""], JournalBreak.CHANGED, 4),
    "the hash": (["UPDATE journal SET hash = 'x' WHERE id = 4"], JournalBreak.CHANGED, 4),
    "the last hash": (["UPDATE journal SET hash = 'x' WHERE id = 8"], JournalBreak.CHANGED, 8),
    "nonsense": (["UPDATE journal SET detail = '[[]]', hash = '' WHERE id = 1"], JournalBreak.CHANGED, 1),
    "a line": (["DELETE FROM journal WHERE id = 4"], JournalBreak.MISSING, 4),
    "the first line": (["DELETE FROM journal WHERE id = 1"], JournalBreak.MISSING, 1),
    "a line, numbers closed": (
        ["DELETE FROM journal WHERE id = 4", *(f"UPDATE journal SET id = {n - 1} WHERE id = {n}" for n in range(5, 9))],
        JournalBreak.CHANGED,
        4,
    ),
    "two lines swapped": (
        [
            "UPDATE journal SET id = -4 WHERE id = 4",
            "UPDATE journal SET id = 4 WHERE id = 5",
            "UPDATE journal SET id = 5 WHERE id = -4",
        ],
        JournalBreak.CHANGED,
        4,
    ),
    "the tail": (["DELETE FROM journal WHERE id > 5"], JournalBreak.CUT, 6),
    "all": (["DELETE FROM journal"], JournalBreak.CUT, 1),
    "a line put before": ([f"INSERT INTO journal SELECT 0, {COPIED} = 1"], JournalBreak.ADDED, 0),
    "a line put behind": ([f"INSERT INTO journal SELECT 9, {COPIED} = 8"], JournalBreak.CHANGED, 9),
    "a line put in": (
        [
            *(f"UPDATE journal SET id = {n + 1} WHERE id = {n}" for n in range(8, 3, -1)),
            f"INSERT INTO journal SELECT 4, {COPIED} = 3",
        ],
        JournalBreak.CHANGED,
        4,
    ),
    "the head moved back": (["UPDATE journal_head SET number = 7"], JournalBreak.ADDED, 8),
    "the head's hash": (["UPDATE journal_head SET hash = 'x'"], JournalBreak.CHANGED, 8),
    "the head taken away": (["DELETE FROM journal_head"], JournalBreak.ADDED, 1),
}


@pytest.mark.parametrize("what", BROKEN)
async def test_whatever_was_done_to_it_is_found_and_where(store: Store, what: str) -> None:
    statements, how, at = BROKEN[what]
    await write(store)
    before = await store.journal.verify()
    await tamper(store, *statements)
    after = await store.journal.verify()
    assert (before.lines, before.is_whole) == (LINES, True)
    assert (after.broken, after.at, after.lines <= LINES) == (how, at, True)


async def test_a_tail_that_was_cut_with_its_head_shows_against_an_old_summary(store: Store) -> None:
    await write(store)
    remembered = await store.journal.head()
    five = next(line for line in await store.journal.lines() if line.number == 5)
    await tamper(
        store,
        "DELETE FROM journal WHERE id > 5",
        f"UPDATE journal_head SET number = 5, hash = '{five.hash}'",
    )
    assert (await store.journal.verify()).is_whole  # nothing in the database can tell
    check = await store.journal.verify(remembered)
    assert (check.broken, check.at, check.lines) == (JournalBreak.CUT, 6, 5)


async def test_a_chain_that_was_written_anew_shows_against_an_old_summary(store: Store) -> None:
    await write(store)
    remembered = await store.journal.head()
    shortened = JournalHead(remembered.number, remembered.hash[:16])
    lines = list(reversed(await store.journal.lines()))
    previous, statements = BEGINNING.hash, []
    for line in lines:
        forged = replace(line, actor="x") if line.number == 4 else line
        previous = link(previous, forged)
        statements.append(
            f"UPDATE journal SET actor = '{forged.actor}', hash = '{previous}' WHERE id = {forged.number}"
        )
    await tamper(store, *statements, f"UPDATE journal_head SET hash = '{previous}'")
    assert (await store.journal.verify()).is_whole
    for expected in (remembered, shortened):
        check = await store.journal.verify(expected)
        assert (check.broken, check.at, check.lines) == (JournalBreak.REWRITTEN, 8, 7)


async def test_an_old_head_is_still_right_when_lines_came_after_it(store: Store) -> None:
    await write(store)
    remembered = await store.journal.head()
    await write(store, 3)
    assert (await store.journal.verify(remembered)).is_whole
    wrong = JournalHead(remembered.number, "0" * 16)
    assert (await store.journal.verify(wrong)).broken is JournalBreak.REWRITTEN
    assert (await store.journal.verify(JournalHead(0, "1" * 16))).broken is JournalBreak.REWRITTEN
    assert (await store.journal.verify(JournalHead(12, "1" * 16))).broken is JournalBreak.CUT


async def test_without_its_head_nothing_more_is_written(store: Store) -> None:
    await write(store)
    await tamper(store, "DELETE FROM journal_head")
    with pytest.raises(StoreError, match="journal verify"):
        await write(store, 1)


@pytest.mark.parametrize("change", ["UPDATE journal SET actor = 'x'", "DELETE FROM journal", "TRUNCATE journal"])
async def test_the_triggers_refuse_what_is_not_an_insert(store: Store, change: str) -> None:
    if store._database.dialect == "sqlite" and change.startswith("TRUNCATE"):
        pytest.skip("SQLite has no TRUNCATE")
    await write(store, 1)
    with pytest.raises(StoreError):
        await store._database.run(lambda database: database.execute(change))
    assert (await store.journal.verify()).is_whole


# -- many writers

WRITER = """
import asyncio, sys
from storage.database.connection import Database
from storage.use_cases import journal
from storage.use_cases.journal import Entry
from storage.store import KeyFile, Store
from pathlib import Path

async def main(url, keys, name, count):
    async with await Store.open(url, vault=KeyFile(Path(keys))) as store:
        print("open", flush=True)
        sys.stdin.readline()
        async def line(number):
            async def written(database):
                async with database.transaction():
                    await journal.write(database, [Entry(name, "x", number)])
            await store._database.run(written)
        await asyncio.gather(*(line(number) for number in range(count)))

asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
"""


@pytest.mark.process
async def test_two_processes_that_write_at_once_keep_one_chain(
    url: str, tmp_path: Any, count: Callable[[int, int], int], figure: Callable[[str], None]
) -> None:
    from storage.store import KeyFile  # noqa: PLC0415 - here alone

    lines, keys = count(60, 2000), tmp_path / "keys" / "hosho.key"
    async with await Store.open(url, vault=KeyFile(keys)) as store:
        writers = [
            await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", WRITER, url, str(keys), name, str(lines)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env=os.environ,
            )
            for name in ("one", "two")
        ]
        for writer in writers:
            assert await writer.stdout.readline() == b"open\n"
        for writer in writers:
            writer.stdin.write(b"\n")
        assert [await writer.wait() for writer in writers] == [0, 0]
        check = await store.journal.verify()
        found = await store.journal.lines(limit=3 * lines)
    assert (check.lines, check.is_whole) == (2 * lines, True)
    written = sorted((line.event, int(line.subject_id)) for line in found)
    assert written == [(name, number) for name in ("one", "two") for number in range(lines)]
    turns = sum(a.event != b.event for a, b in pairwise(found))
    figure(
        f"journal, two processes on {store._database.dialect}: {2 * lines} lines, one chain, {turns} changes of writer"
    )


async def test_a_check_beside_writers_finds_it_whole(open_store: Opener) -> None:
    one, two = await open_store(), await open_store()
    await append(one, [Entry("x", "x", number) for number in range(700)])  # two batches
    writing = asyncio.create_task(write(two, 30))
    checks = []
    while not writing.done():
        checks.append(await one.journal.verify())
    await writing
    assert [check.broken for check in checks] == [None] * len(checks)
    assert (await one.journal.verify()).lines == 730


async def test_settling_and_judging_keep_the_chain(store: Store) -> None:
    kept = await store.incoming.keep([arrival() for _ in range(3)])
    for place, each in enumerate(kept):
        await store.submissions.settle(each.mail_id, settled(submission(f"20261122-000{place}-1")))
    assert (await store.journal.verify()).lines == 6


async def test_the_memory_of_a_check_does_not_grow_with_the_journal(
    store: Store, count: Callable[[int, int], int]
) -> None:
    total = count(6_000, 60_000)
    for start in range(0, total, 3_000):
        await append(store, [Entry("x", "x", start + number, {"why": "x" * 200}) for number in range(3_000)])
    tracemalloc.start()
    try:
        check = await store.journal.verify()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (check.lines, check.is_whole) == (total, True)
    assert peak < 4 * 2**20  # some batches; the lines in all are more than twice that with the shortest count
