"""The power fails at any moment of a daemon's life: what was acknowledged is on the disk, what left is in the outbox.

A real daemon runs with every write and sync recorded (powercut/recorder.c); then the disk is rebuilt as it may look after a
cut at this or that moment (powercut/replay.py), and opened with the real store. The same with synchronous=NORMAL must lose mail, or
all this proves nothing.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import shutil
import smtplib
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

import pytest

from bot.config.settings import load
from bot.core.records.envelope import digest
from storage.errors import StoreError
from tests.faults.invariants import EVERYTHING, opened
from tests.faults.notices import NO_LIMITS, UniqueNotice
from tests.faults.powercut.replay import Disk, Kind, Record, Survives, read_log
from tests.patience import PATIENCE_SECONDS
from tests.whole.world import Daemon, Relay, wait_until

HERE = Path(__file__).parent / "powercut"
MAILS = 24
CLIENTS = 2
LARGE_EVERY = 6
LARGE_BYTES = 600_000
"""Some mails go through a file first, and the -wal grows until it is copied into the database."""
READ_EVERY = 10
"""So many cuts are there to one whose mails are all read back; the others' are counted by their digests."""
STORED = b"250 2.0.0"
"""How the reply to a mail begins, and to nothing else."""


@pytest.fixture(scope="module")
def recorder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shared object that records."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("a C compiler is not installed")
    library = tmp_path_factory.mktemp("recorder") / "recorder.so"
    command = [
        compiler,
        "-shared",
        "-fPIC",
        "-O1",
        "-Wall",
        "-Werror",
        "-o",
        str(library),
        str(HERE / "recorder.c"),
        "-ldl",
    ]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    if "No such file" in built.stderr or "cannot find" in built.stderr:
        pytest.skip("the C library's headers are not installed")
    assert built.returncode == 0, built.stderr
    return library


@dataclass(frozen=True, slots=True)
class Recording:
    """A daemon's life. `acknowledged`: moment → digest of the mail that was answered then; `left`: moment → Message-ID of a letter.

    A moment is the number of records up to it.
    """

    folder: Path
    config: Path
    records: tuple[Record, ...]
    acknowledged: dict[int, str]
    left: dict[int, str]


@dataclass
class Tally:
    """What many cuts came to."""

    cuts: int = 0
    lost: int = 0
    worst: int = 0
    letters_lost: int = 0
    broken: Counter[str] = field(default_factory=Counter)


def record(
    daemon: Callable[..., Daemon], relay: Relay, recorder: Path, tmp_path: Path, *, storage: str = ""
) -> Recording:
    """Let a daemon take its mails and send its letters, from its very first start to an orderly stop."""
    log = tmp_path / "powercut.log"
    city = tmp_path / "city"  # not there yet: its making is part of it
    bot = daemon(
        extra=NO_LIMITS, storage=storage.format(city=city) + f'\nkey_file = "{city}/keys/hosho.key"', start=False
    )
    bot.config.write_text(bot.config.read_text("utf-8").replace('folder = "data"', f'folder = "{city}/data"'), "utf-8")
    bot.environment |= {"LD_PRELOAD": str(recorder), "POWERCUT_FOLDER": str(tmp_path), "POWERCUT_LOG": str(log)}
    bot.start()
    digests: dict[str, list[str]] = {}
    clients = [Thread(target=_send, args=(bot, digests, start)) for start in range(1, CLIENTS + 1)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    wait_until(lambda: len(relay.copies) >= 2 * MAILS)  # a receipt and an alert for each
    assert bot.stop() == 0
    records = read_log(log)
    assert all_written(records, city) == on_disk(city)  # the recorder has missed nothing
    return Recording(city, bot.config, records, _acknowledged(records, digests), _left(records, relay.port))


def all_written(records: Sequence[Record], folder: Path) -> dict[str, bytes | None]:
    """What the records come to when nothing is lost."""
    disk = Disk()
    for one in records:
        disk.follow(one)
    found = disk.after_cut(Survives.EVERYTHING, random.Random(0))
    return {path: content for path, content in found.items() if Path(path).is_relative_to(folder)}


def on_disk(folder: Path) -> dict[str, bytes | None]:
    """What there really is."""
    return {str(path): None if path.is_dir() else path.read_bytes() for path in (folder, *folder.rglob("*"))}


def _send(bot: Daemon, digests: dict[str, list[str]], start: int) -> None:
    with smtplib.SMTP("127.0.0.1", bot.smtp_port, timeout=PATIENCE_SECONDS) as client:
        sent = digests.setdefault(str(client.sock.getsockname()[1]), [])
        for n in range(start, MAILS + 1, CLIENTS):
            content = UniqueNotice(n).mail(padding_bytes=0 if n % LARGE_EVERY else LARGE_BYTES)
            bot.send_on(client, content, mail_from=UniqueNotice(n).sender)
            sent.append(digest(content))


def _acknowledged(records: Sequence[Record], digests: dict[str, list[str]]) -> dict[int, str]:
    waiting = {port: iter(sent) for port, sent in digests.items()}
    found = {
        moment: next(waiting[one.path])
        for moment, one in enumerate(records, 1)
        if one.kind is Kind.SENT and one.path in waiting and one.data.startswith(STORED)
    }
    assert sorted(found.values()) == sorted(each for sent in digests.values() for each in sent)
    return found


def _left(records: Sequence[Record], port: int) -> dict[int, str]:
    letters: dict[int, str] = {}
    for moment, one in enumerate(records, 1):
        if one.kind is Kind.SENT and one.path == str(port):
            for name in re.findall(rb"^Message-ID:\s+(<[^>]+>)", one.data, re.MULTILINE):
                letters[moment] = name.decode()
    assert len(letters) == 2 * MAILS
    return letters


def moments_of(recording: Recording, how_many: int, dice: random.Random) -> list[int]:
    """Right behind each acknowledgement and each letter, and at any others; in order."""
    sharp = [*recording.acknowledged, *recording.left]
    others = max(0, how_many - len(sharp))
    return sorted(
        dice.sample(sharp, min(how_many, len(sharp))) + dice.choices(range(len(recording.records) + 1), k=others)
    )


async def cut(recording: Recording, how_many: int, scratch: Path) -> Tally:
    """Cut the power so often, and look at what is left."""
    dice = random.Random(1)
    tally = Tally()
    disk = Disk()
    followed = 0
    for moment in moments_of(recording, how_many, dice):
        for one in recording.records[followed:moment]:
            disk.follow(one)
        followed = moment
        survives = dice.choice([*Survives, Survives.BY_CHANCE])
        folder = scratch / str(tally.cuts)
        config = restore(recording, disk.after_cut(survives, dice), folder)
        await _look(recording, moment, config, tally)
        shutil.rmtree(folder)
    return tally


def restore(recording: Recording, files: dict[str, bytes | None], folder: Path) -> Path:
    """Lay the files out below another folder; returns the settings with which a daemon would start there."""
    city = folder / "city"
    folder.mkdir(parents=True)
    config = folder / "config.toml"
    config.write_text(recording.config.read_text("utf-8").replace(str(recording.folder), str(city)), "utf-8")
    for path, content in sorted(files.items()):
        if not Path(path).is_relative_to(recording.folder):  # the log of whom we watch
            continue
        target = city / Path(path).relative_to(recording.folder)
        if content is None:
            target.mkdir(mode=0o700, parents=True)
        elif not target.name.endswith("-shm"):
            target.touch(0o600)
            target.write_bytes(content)
    _same_inodes(city / "data" / "hosho.db")
    return config


def _same_inodes(database: Path) -> None:
    """After a real cut the files have the inodes that they had; `<file>.lock` names them."""
    mark = database.with_name("hosho.db.lock")
    wal = database.with_name("hosho.db-wal")
    try:
        told = json.loads(mark.read_text("ascii"))
    except (FileNotFoundError, ValueError):
        return
    told |= {name: path.stat().st_ino for name, path in (("database", database), ("wal", wal)) if path.exists()}
    mark.write_text(json.dumps(told), "ascii")


async def _look(recording: Recording, moment: int, config: Path, tally: Tally) -> None:
    tally.cuts += 1
    settings = load(config)
    try:
        async with await opened(settings) as store:
            rows = await store.incoming.list_(limit=EVERYTHING)
            outgoing = await store.outbox.list_(limit=EVERYTHING)
            if tally.cuts % READ_EVERY == 0:
                for row in rows:
                    _, content, _ = await store.incoming.get(row.mail_id)
                    assert digest(content) == row.digest
        with closing(sqlite3.connect(config.parent / "city" / "data" / "hosho.db")) as database:
            (sound,) = database.execute("PRAGMA integrity_check").fetchone()
            assert sound == "ok"
    except (StoreError, sqlite3.Error, AssertionError) as error:
        tally.broken[f"{type(error).__name__}: {str(error)[:200]}"] += 1
        return
    there = {row.digest for row in rows}
    missing = [one for at, one in recording.acknowledged.items() if at <= moment and one not in there]
    tally.lost += bool(missing)
    tally.worst = max(tally.worst, len(missing))
    known = {row.mail.message_id for row in outgoing}
    tally.letters_lost += any(at <= moment and one not in known for at, one in recording.left.items())


@pytest.mark.timeout(3600)
def test_what_was_acknowledged_is_there_after_a_power_cut_at_any_moment(
    daemon, relay, recorder, tmp_path, count, figure
):
    recording = record(daemon, relay, recorder, tmp_path)
    tally = asyncio.run(cut(recording, count(200, 2000), tmp_path / "cuts"))
    figure(
        f"{tally.cuts:,} power cuts in {len(recording.records):,} calls of a daemon's life: {tally.lost} lost acknowledged mail, "
        f"{tally.letters_lost} a letter that had left, {tally.broken.total()} databases or keys unusable"
    )
    assert (tally.lost, tally.letters_lost, tally.broken) == (0, 0, Counter())


@pytest.mark.timeout(3600)
def test_with_synchronous_normal_the_same_cuts_lose_mail(daemon, relay, recorder, tmp_path, count, figure):
    url = 'url = "sqlite:///{city}/data/hosho.db?synchronous=NORMAL"'
    recording = record(daemon, relay, recorder, tmp_path, storage=url)
    tally = asyncio.run(cut(recording, count(60, 500), tmp_path / "cuts"))
    figure(
        f"{tally.cuts:,} power cuts with synchronous=NORMAL: {tally.lost} lost acknowledged mail (up to {tally.worst} of {MAILS}), "
        f"{tally.broken.total()} databases or keys unusable"
    )
    assert tally.lost > tally.cuts // 10
