from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.envelope import Arrival, Envelope, Source
from bot.intake.folder import FolderSettings, FolderWatcher
from tests.intake.keepers import FailingKeeper, ListKeeper

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
