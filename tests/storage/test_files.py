"""The database's files: refused when others may read them, noticed when they go or are replaced, never silently begun anew."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import pytest

from bot.core.records.incoming_mail import MailboxMemory
from storage.errors import DatabaseGone, DatabaseReplaced, NotPrivate
from storage.files import DiskRoom, check_private
from storage.store import Store, StoreError, Vault
from tests.storage.samples import START, arrival

NAMES = ("store.db", "store.db-wal", "store.db-shm")


def url(folder: Path) -> str:
    return f"sqlite:///{folder}/store.db"


def rows_in(file: Path) -> int:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        count: int = connection.execute("SELECT count(*) FROM mail").fetchone()[0]
        return count


def away(folder: Path, names: tuple[str, ...] = NAMES) -> Callable[[], None]:
    """Move the files aside; returns what moves them back."""
    aside = folder / "aside"
    aside.mkdir()
    for name in names:
        (folder / name).rename(aside / name)

    def back() -> None:
        for name in names:
            (aside / name).rename(folder / name)

    return back


# -- gone and back


async def test_a_file_moved_away_is_refused_and_works_again_when_it_is_back(tmp_path: Path) -> None:
    async with await Store.open(url(tmp_path), vault=Vault.throwaway()) as store:
        await store.incoming.keep([arrival()])
        back = away(tmp_path)
        with pytest.raises(DatabaseGone, match="元に戻してください"):
            await store.incoming.keep([arrival()])
        with pytest.raises(DatabaseGone):
            await store.mailboxes.remember(MailboxMemory("m", "{}", START))
        with pytest.raises(DatabaseGone):
            store.check_files()
        assert not (tmp_path / "store.db").exists()  # nobody made an empty one
        back()
        store.check_files()
        assert (await store.incoming.keep([arrival()]))[0].is_new
        assert len(await store.incoming.list_()) == 2
    assert rows_in(tmp_path / "store.db") == 2


async def test_a_file_deleted_in_the_middle_of_a_transaction_is_not_committed_into(tmp_path: Path) -> None:
    async with await Store.open(url(tmp_path), vault=Vault.throwaway()) as store:
        database = store._database

        async def deleted() -> None:
            async with database.transaction():
                await database.execute(
                    "INSERT INTO mailbox_memory (mailbox, memory, looked_at) VALUES ('m', '{}', '2026')"
                )
                back.append(away(tmp_path))

        back: list[Callable[[], None]] = []
        with pytest.raises(DatabaseGone):
            await database.run(lambda _: deleted())
        back[0]()
        assert await store.mailboxes.memory("m") is None


@pytest.mark.parametrize("name", NAMES)
async def test_a_file_that_was_replaced_is_refused_for_good(tmp_path: Path, name: str) -> None:
    async with await Store.open(url(tmp_path), vault=Vault.throwaway()) as store:
        await store.incoming.keep([arrival()])
        shutil.copyfile(tmp_path / name, tmp_path / "copy")
        (tmp_path / "copy").replace(tmp_path / name)
        with pytest.raises(DatabaseReplaced, match=name):
            await store.incoming.keep([arrival()])
        with pytest.raises(DatabaseReplaced):
            store.check_files()


async def test_a_wal_that_was_deleted_costs_nothing_once_the_store_is_closed(tmp_path: Path) -> None:
    async with await Store.open(url(tmp_path), vault=Vault.throwaway()) as store:
        await store.incoming.keep([arrival()])
        (tmp_path / "store.db-wal").unlink()
        with pytest.raises(DatabaseReplaced, match=r"store\.db-wal"):
            await store.incoming.keep([arrival()])
    async with await Store.open(url(tmp_path), vault=Vault.throwaway()) as store:
        assert len(await store.incoming.list_()) == 1


# -- a backup restored


async def backup_and_crash(folder: Path) -> Path:
    """A backup with one mail, and a database with two that nobody closed: its -wal lies there."""
    async with await Store.open(url(folder), vault=Vault.throwaway()) as store:
        await store.incoming.keep([arrival()])
    backup = folder / "backup.db"
    shutil.copyfile(folder / "store.db", backup)
    store = await Store.open(url(folder), vault=Vault.throwaway())
    await store.incoming.keep([arrival()])
    crashed = folder / "crashed"
    crashed.mkdir()
    for name in (*NAMES, "store.db.lock"):  # what kill -9 would leave
        (crashed / name).hardlink_to(folder / name)
    for name in NAMES:
        (folder / name).unlink()
    await store.close()
    for name in NAMES:
        (crashed / name).rename(folder / name)
    return backup


async def test_the_wal_of_the_old_database_is_not_laid_over_a_restored_one(tmp_path: Path) -> None:
    backup = await backup_and_crash(tmp_path)
    backup.chmod(0o600)
    backup.replace(tmp_path / "store.db")
    with pytest.raises(DatabaseReplaced, match=r"store\.db-wal と store.db-shm を別のフォルダへ移してください"):
        await Store.open(url(tmp_path), vault=Vault.throwaway())
    away(tmp_path, NAMES[1:])
    async with await Store.open(url(tmp_path), vault=Vault.throwaway()) as store:
        assert len(await store.incoming.list_()) == 1
    async with await Store.open(url(tmp_path), vault=Vault.throwaway()) as store:
        assert len(await store.incoming.list_()) == 1


async def test_after_a_crash_the_database_and_its_own_wal_go_on(tmp_path: Path) -> None:
    await backup_and_crash(tmp_path)
    async with await Store.open(url(tmp_path), vault=Vault.throwaway()) as store:
        assert len(await store.incoming.list_()) == 2


async def test_a_whole_folder_copied_to_another_machine_goes_on(tmp_path: Path) -> None:
    await backup_and_crash(tmp_path)
    other = tmp_path / "other"
    other.mkdir(mode=0o700)
    for name in (*NAMES, "store.db.lock"):
        shutil.copy(tmp_path / name, other / name)
    async with await Store.open(url(other), vault=Vault.throwaway()) as store:
        assert len(await store.incoming.list_()) == 2


# -- begun anew


async def test_an_empty_database_is_not_begun_where_one_used_to_be(tmp_path: Path) -> None:
    async with await Store.open(url(tmp_path), vault=Vault.throwaway()) as store:
        await store.incoming.keep([arrival()])
    (tmp_path / "store.db").rename(tmp_path / "elsewhere.db")
    for _ in range(2):
        with pytest.raises(DatabaseGone, match="serve --new-database"):
            await Store.open(url(tmp_path), vault=Vault.throwaway())
        assert not (tmp_path / "store.db").exists()
    (tmp_path / "store.db").touch(0o600)
    with pytest.raises(DatabaseGone):  # an empty file is no database either
        await Store.open(url(tmp_path), vault=Vault.throwaway())
    async with await Store.open(url(tmp_path), vault=Vault.throwaway(), new_database=True) as store:
        assert await store.incoming.list_() == ()
    async with await Store.open(url(tmp_path), vault=Vault.throwaway()) as store:  # from now on that is the database
        assert await store.incoming.list_() == ()


async def test_a_wal_without_its_database_is_kept(tmp_path: Path) -> None:
    await backup_and_crash(tmp_path)
    (tmp_path / "store.db").unlink()
    size = (tmp_path / "store.db-wal").stat().st_size
    for new_database in (False, True):  # SQLite would delete it
        with pytest.raises(DatabaseGone, match=r"store\.db-wal"):
            await Store.open(url(tmp_path), vault=Vault.throwaway(), new_database=new_database)
    assert (tmp_path / "store.db-wal").stat().st_size == size


# -- modes


@pytest.mark.parametrize(
    "name",
    [".", "store.db", "store.db-wal", "store.db-shm", "store.db.lock", "store.db.daemon", "store.db.before-0002"],
)
async def test_what_others_may_read_is_refused_with_the_cure(tmp_path: Path, name: str) -> None:
    async with await Store.open(url(tmp_path), vault=Vault.throwaway()):
        pass
    path = tmp_path / name
    path.touch(0o600)
    mode = path.stat().st_mode & 0o700
    path.chmod(mode | 0o040)
    cure = f"chmod {mode:o} {path.resolve()} を実行してください"
    with pytest.raises(NotPrivate, match=cure):
        await Store.open(url(tmp_path), vault=Vault.throwaway())
    path.chmod(mode)
    async with await Store.open(url(tmp_path), vault=Vault.throwaway()):
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
async def test_what_somebody_else_owns_is_refused_with_the_cure(tmp_path: Path) -> None:
    async with await Store.open(url(tmp_path), vault=Vault.throwaway()):
        pass
    os.chown(tmp_path / "store.db", 65534, -1)
    with pytest.raises(
        NotPrivate, match=r"store\.db の持ち主は nobody で.*sudo -u nobody を付けて実行するか、chown root "
    ):
        await Store.open(url(tmp_path), vault=Vault.throwaway())


def test_what_is_not_there_is_private(tmp_path: Path) -> None:
    check_private([tmp_path / "nothing"])


# -- room


def test_room_is_told_once_when_it_ends_and_once_when_it_is_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    folder = tmp_path / "data"
    room = DiskRoom(folder, 1)
    assert [room(), room(), room()] == [False] * 3  # no folder, no room
    folder.mkdir()
    assert [room(), room()] == [True] * 2
    assert [(record.levelname, record.getMessage().partition(":")[0]) for record in caplog.records] == [
        ("ERROR", "too little room on the disk, no mail is taken"),
        ("INFO", "there is room again"),
    ]
    status = os.statvfs(tmp_path)
    assert not DiskRoom(tmp_path, status.f_blocks * status.f_frsize + 1)()


@pytest.fixture
def small_disk(tmp_path: Path):
    """A disk of 4 MiB."""
    import subprocess  # noqa: PLC0415 - only here

    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m,mode=0700", "tmpfs", str(place)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"no disk can be mounted here: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def fill(path: Path) -> None:
    """Write until nothing more goes in."""
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)):
            pass


async def test_a_full_disk_refuses_whole_transactions_and_works_again_when_there_is_room(
    small_disk: Path, figure: Callable[[str], None]
) -> None:
    async with await Store.open(url(small_disk), vault=Vault.throwaway()) as store:
        await store.incoming.keep([arrival()])
        ballast = small_disk / "ballast"
        fill(ballast)
        refused = 0
        for _ in range(50):
            try:
                await store.incoming.keep([arrival(content=os.urandom(100_000)), arrival()])
            except StoreError:
                refused += 1
        assert refused >= 40  # what the -wal had room for is kept
        kept = 1 + 2 * (50 - refused)
        assert len(await store.incoming.list_()) == kept  # none half
        ballast.unlink()
        assert (await store.incoming.keep([arrival()]))[0].is_new
        assert len(await store.incoming.list_()) == kept + 1
        (problem,) = await store._database.run(lambda database: database.rows("PRAGMA integrity_check"))
        assert problem == {"integrity_check": "ok"}
        figure(f"disk full: {refused} of 50 transactions refused, 0 half, the next one after it kept")
