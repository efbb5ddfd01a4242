from __future__ import annotations

import asyncio
import os
import resource
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.records.envelope import Arrival, Envelope, Source
from bot.intake.folder import FolderSettings, FolderWatcher
from tests.intake.keepers import FailingKeeper, ListKeeper
from tests.patience import PATIENCE_SECONDS

START = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
INBOX = "hosho@city.example.jp"


class Turned:
    """A clock that stands until it is turned."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def turned():
    return Turned()


def put(folder, name: str, content: bytes, *, age_seconds: float = 60):
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(content)
    written = START.timestamp() - age_seconds
    os.utime(path, (written, written))
    return path


@pytest.fixture
async def watched(receiver_over, tmp_path, turned):
    """A function: keeper → (watcher, its folder)."""

    async def start(keeper: ListKeeper, **changes: object):
        settings = FolderSettings(tmp_path / "in", (INBOX,), **{"interval_seconds": 0.01, **changes})
        return FolderWatcher(await receiver_over(keeper), settings, turned), tmp_path / "in"

    return start


async def test_files_wait_where_they_are_while_the_disk_is_full(receiver_over, tmp_path, turned):
    keeper, room = ListKeeper(), []
    settings = FolderSettings(tmp_path / "in", (INBOX,))
    watcher = FolderWatcher(await receiver_over(keeper), settings, turned, has_room=lambda: bool(room))
    put(tmp_path / "in", "a.eml", b"Subject: a\n\n")
    assert (await watcher.look(), names(tmp_path / "in")) == (0, ["a.eml"])
    room.append("some")
    assert (await watcher.look(), names(tmp_path / "in")) == (1, ["done/a.eml"])


async def test_a_store_that_is_down_is_one_line_in_the_log(watched, caplog):
    keeper = FailingKeeper([OSError("the database is gone")] * 100)
    watcher, folder = await watched(keeper)
    put(folder, "a.eml", b"Subject: a\n\n")
    running = asyncio.create_task(watcher.run())
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(keeper.batches) < 5:  # noqa: ASYNC110 - the watcher tells nobody how often it looked
            await asyncio.sleep(0)
    running.cancel()
    assert [record.getMessage() for record in caplog.records] == [
        f"folder {folder}: the database is gone; it is looked into again"
    ]


def names(folder) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


async def test_mails_are_taken_in_the_order_of_names_and_moved(watched):
    keeper = ListKeeper()
    watcher, folder = await watched(keeper)
    put(folder, "b.eml", b"Subject: b\n\n")
    put(folder, "a.EML", b"Return-Path: <x@y.example.jp>\nDelivered-To: Hosho+1@city.example.jp\n\n")
    put(folder, "10.eml", b"Return-Path: <>\n\n")
    assert await watcher.look() == 3
    assert keeper.mails == [
        Arrival(Envelope(Source.FOLDER, "", (INBOX,), START, "10.eml"), b"Return-Path: <>\n\n"),
        Arrival(
            Envelope(Source.FOLDER, "x@y.example.jp", ("hosho+1@city.example.jp",), START, "a.EML"),
            b"Return-Path: <x@y.example.jp>\nDelivered-To: Hosho+1@city.example.jp\n\n",
        ),
        Arrival(Envelope(Source.FOLDER, None, (INBOX,), START, "b.eml"), b"Subject: b\n\n"),
    ]
    assert names(folder) == ["done/10.eml", "done/a.EML", "done/b.eml"]


async def test_other_files_and_half_written_names_are_left_alone(watched):
    watcher, folder = await watched(ListKeeper())
    for name in (".a.eml", "a.eml.part", "a.tmp", "readme.txt", "a.eml~"):
        put(folder, name, b"x")
    assert await watcher.look() == 0
    assert names(folder) == [".a.eml", "a.eml.part", "a.eml~", "a.tmp", "readme.txt"]


async def test_a_file_that_grows_is_left_until_it_has_settled(watched, turned):
    keeper = ListKeeper()
    watcher, folder = await watched(keeper)
    put(folder, "a.eml", b"half", age_seconds=1)
    assert await watcher.look() == 0
    put(folder, "a.eml", b"half and more", age_seconds=0.5)
    assert await watcher.look() == 0
    put(folder, "a.eml", b"whole, at last", age_seconds=0)
    assert await watcher.look() == 0
    turned.now += timedelta(seconds=2)
    assert await watcher.look() == 1
    assert keeper.contents == [b"whole, at last"]


async def test_a_file_that_two_looks_find_the_same_is_complete_whatever_the_clocks_say(watched):
    keeper = ListKeeper()
    watcher, folder = await watched(keeper)
    put(folder, "a.eml", b"from the future", age_seconds=-3600)
    assert [await watcher.look(), await watcher.look()] == [0, 1]


async def test_a_file_that_its_writer_has_not_closed_waits_however_long_he_pauses(watched, turned):
    keeper = ListKeeper()
    watcher, folder = await watched(keeper)
    path = put(folder, "a.eml", b"Subject: half\n", age_seconds=30)
    with path.open("ab") as writing:
        assert [await watcher.look(), await watcher.look()] == [0, 0]
        writing.write(b"\nwhole\n")
    os.utime(path, (turned.now.timestamp() - 30,) * 2)
    assert await watcher.look() == 1
    assert keeper.contents == [b"Subject: half\n\nwhole\n"]


async def test_a_file_that_nobody_ever_closes_is_taken_after_a_minute(watched):
    watcher, folder = await watched(ListKeeper())
    path = put(folder, "a.eml", b"Subject: a\n\n", age_seconds=61)
    with path.open("ab"):
        assert await watcher.look() == 1


async def test_trouble_of_this_machine_does_not_make_a_mail_unreadable(watched):
    keeper = ListKeeper()
    watcher, folder = await watched(keeper)
    put(folder, "a.eml", b"Subject: a\n\n")
    (folder / "done").mkdir(exist_ok=True)
    (folder / "failed").mkdir(exist_ok=True)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    held = [os.open("/dev/null", os.O_RDONLY) for _ in range(3)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (held[-1] + 1, hard))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            await watcher._take(folder / "a.eml")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for descriptor in held:
            os.close(descriptor)
    assert await watcher.look() == 1
    assert keeper.contents == [b"Subject: a\n\n"]


async def test_names_that_are_taken_in_done_get_a_number(watched):
    watcher, folder = await watched(ListKeeper())
    for round_ in (b"1", b"2", b"3"):
        put(folder, "a.eml", b"Subject: %b\n\n" % round_)
        assert await watcher.look() == 1
    assert {path.name: path.read_bytes() for path in (folder / "done").iterdir()} == {
        "a.eml": b"Subject: 1\n\n",
        "a.1.eml": b"Subject: 2\n\n",
        "a.2.eml": b"Subject: 3\n\n",
    }


async def test_what_is_no_readable_file_goes_to_failed_and_the_others_are_taken(watched, tmp_path, caplog):
    keeper = ListKeeper()
    watcher, folder = await watched(keeper)
    put(folder, "0-empty.eml", b"")
    secret = put(tmp_path / "elsewhere", "secret", b"root:x")
    (folder / "1-link.eml").symlink_to(secret)
    os.mkfifo(folder / "2-pipe.eml")
    (folder / "3-folder.eml").mkdir()
    put(folder, "4-good.eml", b"Subject: good\n\n")
    await watcher.look()
    await watcher.look()  # those with the age of now
    assert keeper.contents == [b"Subject: good\n\n"]
    assert sorted(path.name for path in (folder / "failed").iterdir()) == [
        "0-empty.eml",
        "1-link.eml",
        "2-pipe.eml",
        "3-folder.eml",
    ]
    assert len([record for record in caplog.records if "can't be read" in record.getMessage()]) == 4


async def test_of_a_file_that_is_too_large_only_the_header_is_kept(watched):
    keeper = ListKeeper()
    watcher, folder = await watched(keeper, max_bytes=300_000)
    put(folder, "a.eml", b"Subject: a\n\n" + b"x" * 300_000)
    assert await watcher.look() == 1
    assert [(len(mail.content), mail.too_large_bytes) for mail in keeper.mails] == [(256 * 1024, 300_012)]


async def test_a_mail_that_can_not_be_stored_stays_and_is_taken_later(watched):
    keeper = FailingKeeper([OSError("down")])
    watcher, folder = await watched(keeper)
    put(folder, "a.eml", b"Subject: a\n\n")
    with pytest.raises(OSError, match="down"):
        await watcher.look()
    assert names(folder) == ["a.eml"]
    assert await watcher.look() == 1
    assert names(folder) == ["done/a.eml"]


async def test_the_watcher_goes_on_after_trouble(watched, caplog):
    keeper = FailingKeeper([OSError("down")])
    watcher, folder = await watched(keeper)
    put(folder, "a.eml", b"Subject: a\n\n")
    task = asyncio.create_task(watcher.run())
    await keeper.holds(1)
    task.cancel()
    await asyncio.wait([task])
    assert "down; it is looked into again" in caplog.text
