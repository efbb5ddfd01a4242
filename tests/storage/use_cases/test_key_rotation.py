"""Keys in a database: sealed wherever they stand; refused without their file; rotated, cut off or not."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.core.records.incoming_mail import ClaimFilter, KeyReceived, MailState
from bot.core.records.paper import Paper, PaperKind
from bot.core.records.reasons import MailReason, PaperReason, SubmissionReason
from bot.core.records.secret import AuthKey
from bot.core.records.submission import SubmissionState
from bot.core.records.submission_search import Search
from storage.database.connection import Database
from storage.errors import KeysUnfit, Unreadable
from storage.files import sqlite_file
from storage.keys.key_file import KeyFile
from storage.keys.vault import Vault, new_key
from storage.store import Store
from storage.use_cases.key_rotation import KeysCheck, Sealed
from tests.storage.samples import FIELDS, GUARANTEE, Watch, add, arrival, judge, letter, settled, submission

CANARY, OTHER = AuthKey("Kanar1aVog3l"), AuthKey("Nach7iga11xx")


@pytest.fixture
def keys(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path / "keys" / "hosho.key")


Open = Callable[..., Any]


@pytest.fixture
async def opened(url: str, keys: KeyFile, watch: Watch) -> AsyncIterator[Open]:
    """Opens a store with the key file, or with other keys; all are closed after the test."""
    stores: list[Store] = []

    async def open_(vault: KeyFile | Vault | None = None) -> Store:
        stores.append(await Store.open(url, vault=vault or keys, clock=watch))
        return stores[-1]

    yield open_
    await asyncio.gather(*(store.close() for store in stores))


async def everything_in(store: Store) -> str:
    """Every column of every row, as text."""

    async def asked(database: Database) -> str:
        tables = [model._meta.db_table for model in database.models.all()]
        rows = [row for table in tables for row in await database.rows(f"SELECT * FROM {table}")]
        return "\n".join(map(repr, rows))

    return await store._database.run(asked)


def on_disk(url: str) -> bytes:
    """The database's file and all that lies beside it; nothing for PostgreSQL."""
    file = sqlite_file(url) if url.startswith("sqlite") else None
    return b"".join(path.read_bytes() for path in sorted(file.parent.iterdir())) if file else b""


def shows(content: bytes | str, key: AuthKey) -> bool:
    letters = key.reveal()
    return letters in content if isinstance(content, str) else letters.encode() in content


async def fill(store: Store) -> None:
    """Keys everywhere where they come from: typed, on papers, in the register, sent back, verified."""
    await store.register.change(add(replace(GUARANTEE, auth_key=CANARY)), actor="契約課A", source="台帳.csv")
    await store.register.change(add(replace(GUARANTEE, number="", auth_key=None)), actor="契約課A", source="台帳.csv")
    fields = replace(FIELDS, auth_key=OTHER, number="00777-000001")
    for place in range(3):
        body = f"認証キー：{CANARY.reveal()}\r\n" * 50
        (kept,) = await store.incoming.keep([arrival(body + str(place), before_first_start=place == 2)])
        if place < 2:
            notice = submission(f"20261122-0001-{place}", fields=fields)
            papers = (Paper("お知らせ.pdf", PaperKind.KEY_NOTICE, PaperReason.LABELS_AND_TITLE),)
            await store.submissions.settle(
                kept.mail_id, settled(notice, papers=papers), outgoing=(letter(submission=notice.receipt_number),)
            )
    await judge(
        store,
        "20261122-0001-0",
        state=SubmissionState.ACCEPTED,
        reason=SubmissionReason.CLERK_ACCEPTED,
        actor="契約課A",
        guarantee_id=2,
        key_received=KeyReceived(2, "00777-000001", OTHER),
    )
    await store.journal.note_keys_shown(
        [("guarantee", 1), ("submission", "20261122-0001-0")], actor="契約課A", command="x"
    )


async def test_a_key_is_found_nowhere_but_in_its_column_and_there_sealed(url: str, opened: Open) -> None:
    store = await opened()
    await fill(store)
    told = await everything_in(store)
    content = on_disk(url)
    assert [shows(told, key) or shows(content, key) for key in (CANARY, OTHER)] == [False, False]
    assert (await store.register.guarantee(1)).auth_key == CANARY
    assert (await store.register.guarantee(2)).auth_key == OTHER
    assert CANARY.reveal().encode() in (await store.incoming.get(1))[1]
    if content:  # that it is looked for in the right place
        assert b"20261122-0001-0" in content


async def test_equal_keys_are_found_by_their_marks(opened: Open) -> None:
    store = await opened()
    (kept,) = await store.incoming.keep([arrival()])
    await store.submissions.settle(
        kept.mail_id, settled(submission(fields=replace(FIELDS, number="1", auth_key=CANARY)))
    )
    found = await store.register.look_up(replace(FIELDS, number="2", auth_key=CANARY))
    assert [each.receipt_number for each in found.earlier] == ["20261122-0001-1"]
    assert (await store.register.look_up(replace(FIELDS, number="2", auth_key=OTHER))).earlier == ()


async def test_a_mail_that_was_changed_on_the_disk_is_parked_and_the_next_one_is_given(opened: Open) -> None:
    store = await opened()
    await store.incoming.keep([arrival("first"), arrival("second")])

    async def spoil(database: Database) -> None:
        row = (await database.rows("SELECT content FROM mail WHERE id = 1"))[0]
        await database.execute("UPDATE mail SET content = ? WHERE id = 1", [row["content"][:-1] + b"\x00\x01"])

    await store._database.run(spoil)
    claimed = await store.incoming.claim(lease=timedelta(), turn=ClaimFilter())
    assert claimed is not None
    assert (claimed.mail_id, b"second" in claimed.content) == (2, True)
    (row,) = await store.incoming.list_(states=[MailState.PARKED])
    assert (row.mail_id, row.reason) == (1, MailReason.PROCESSING_FAILED)
    with pytest.raises(Unreadable):
        await store.incoming.get(1)


async def test_derived_secrets_are_the_databases_own_and_outlive_a_rotation(opened: Open, keys: KeyFile) -> None:
    store = await opened()
    before = store.derived_secret("letters")
    assert (len(before), before != store.derived_secret("others")) == (32, True)
    await store.keys.rotate(keys, actor="x")
    assert store.derived_secret("letters") == before
    assert (await opened()).derived_secret("letters") == before
    async with await Store.open("sqlite://:memory:") as other:
        assert other.derived_secret("letters") != before


# -- the file and the database


async def test_a_kept_database_needs_a_vault(url: str) -> None:
    with pytest.raises(TypeError):
        await Store.open(url)


async def test_without_its_file_a_database_is_refused_and_no_file_is_made(opened: Open, keys: KeyFile) -> None:
    await (await opened()).close()
    keys.path.unlink()
    with pytest.raises(KeysUnfit, match="控えから元に戻して"):
        await opened()
    assert not keys.path.exists()


async def test_another_databases_file_is_refused(opened: Open, keys: KeyFile) -> None:
    await (await opened()).close()
    keys.path.write_text(new_key() + "\n", "ascii")
    with pytest.raises(KeysUnfit, match="このデータベースの鍵ではありません") as caught:
        await opened()
    assert str(keys.path) in str(caught.value)


async def test_a_file_that_is_there_already_is_used_for_a_new_database(opened: Open, keys: KeyFile) -> None:
    ids = keys.vault(may_create=True).key_ids
    assert (await (await opened()).keys.check()).key_ids == ids


# -- rotation


def with_keys(check: KeysCheck) -> tuple[tuple[str, ...], tuple[tuple[str, int], ...], bool, bool]:
    return check.key_ids, check.keys, check.fits, check.is_rotating


async def test_a_rotation_seals_everything_anew_and_drops_the_old_key(url: str, opened: Open, keys: KeyFile) -> None:
    store = await opened()
    await fill(store)
    (old,) = keys.vault().key_ids
    assert await store.keys.rotate(keys, actor="契約課A") == Sealed(keys=4, mails=5)
    (new,) = keys.vault().key_ids
    assert new != old
    check = await store.keys.check()
    assert check == KeysCheck((new,), new, ((new, 4),), mails=((new, 5),), words=((new, 7),), unreadable=0)
    assert (check.fits, check.is_rotating) == (True, False)
    await store.close()
    again = await opened()
    assert (await again.register.guarantee(1)).auth_key == CANARY
    assert CANARY.reveal().encode() in (await again.incoming.get(3))[1]
    row, _, (notice,) = await again.incoming.get(1)
    sent, *_ = await again.outbox.of_submission(notice.receipt_number)
    assert (row.papers[0].name, notice.fields.project_name, bool(sent.mail.text)) == (
        "お知らせ.pdf",
        FIELDS.project_name,
        True,
    )
    assert len((await again.register.look_up(replace(FIELDS, number="", auth_key=OTHER))).earlier) == 2
    lines = await again.journal.lines(limit=2)
    assert [(line.event, line.actor) for line in lines] == [("keys.rotated", "契約課A"), ("keys.rotating", "契約課A")]
    assert (await again.journal.verify()).is_whole
    assert len(await again.submissions.find(Search(words=FIELDS.project_name))) == len(await again.submissions.list_())


async def test_a_rotation_goes_on_where_one_was_cut_off(opened: Open, keys: KeyFile) -> None:
    """Some rows by the new key, some by the old one, both in the file: all is read and found, and what comes is sealed."""
    store = await opened()
    await fill(store)
    both = keys.begin_rotation()
    new, old = both.key_ids
    await store.close()

    async def half(database: Database) -> None:
        await database.execute("UPDATE guarantee SET auth_key = ? WHERE id = 1", [both.seal(CANARY)])
        await database.execute(
            "UPDATE submission SET auth_key = ?, key_mark = ? WHERE id = 1", [both.seal(OTHER), both.mark(OTHER)]
        )

    again = await opened()
    assert await again.submissions.find(Search(words=FIELDS.project_name))
    await again._database.run(half)
    check = await again.keys.check()
    assert with_keys(check) == ((new, old), tuple(sorted({old: 2, new: 2}.items())), True, True)
    assert [(await again.register.guarantee(number)).auth_key for number in (1, 2)] == [CANARY, OTHER]
    assert len((await again.register.look_up(replace(FIELDS, number="", auth_key=OTHER))).earlier) == 2
    await again.incoming.keep([arrival(f"認証キー：{CANARY.reveal()}")])
    assert await again.keys.rotate(keys, actor="x") == Sealed(keys=2, mails=5)
    assert with_keys(await again.keys.check()) == ((new,), ((new, 4),), True, False)
    assert len((await again.register.look_up(replace(FIELDS, number="", auth_key=OTHER))).earlier) == 2
    assert not shows(await everything_in(again), CANARY)


async def test_a_process_with_the_old_key_writes_nothing_after_a_rotation(opened: Open, keys: KeyFile) -> None:
    late = await opened()
    store = await opened()
    await store.keys.rotate(keys, actor="x")
    with pytest.raises(KeysUnfit, match="もう一度起動"):
        await late.incoming.keep([arrival()])
    with pytest.raises(KeysUnfit, match="もう一度起動"):
        await late.register.change(add(GUARANTEE), actor="x", source="x")
    assert (await store.keys.check()).fits
    assert await store.incoming.list_() == ()


async def test_the_check_counts_what_does_not_fit(opened: Open) -> None:
    store = await opened()
    await fill(store)
    stranger = Vault([new_key()])

    async def spoil(database: Database) -> None:
        await database.execute("UPDATE guarantee SET auth_key = ? WHERE id = 1", [CANARY.reveal()])
        await database.execute("UPDATE guarantee SET auth_key = ? WHERE id = 2", [stranger.seal(CANARY)])
        await database.execute("UPDATE mail SET content = ? WHERE id = 1", [b"From: a@example.jp\r\n\r\n"])

    await store._database.run(spoil)
    check = await store.keys.check()
    (ours,) = check.key_ids
    assert dict(check.keys) == {ours: 2, stranger.key_ids[0]: 1, "": 1}
    assert dict(check.mails) == {ours: 4, "": 1}
    assert (check.unreadable, check.fits) == (2, False)
