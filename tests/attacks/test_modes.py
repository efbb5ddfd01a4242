"""Whatever the umask is, nothing that the program makes can be used by other users; files in a shared folder by its users alone."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.core.letters.drafts import Draft
from bot.core.register.layout import Layout
from bot.core.register.rows import RowProblem
from bot.files import Folder, write_private
from bot.intake.folder import FolderSettings, FolderWatcher
from bot.intake.smtp.spool import MEMORY_BYTES, Spool
from bot.outbound.maildir import MaildirDelivery
from bot.register.export import write_csv, write_xlsx
from bot.register.report import write_report
from bot.workers.register_watch import RegisterWatch
from storage.database.daemon_lock import DaemonLock
from storage.database.migrate import backup
from storage.store import KeyFile, Store
from tests.letters.letter_cases import CASES, COMPOSER, NOW

AT = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
ROWS = "保証契約番号,商品(保証区分),工事名,受注者名\n12345-000001,前払金保証,見本橋工事,見本建設\n12345-000002,,,\n"


@pytest.fixture(autouse=True)
def umask_that_forbids_nothing():
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def place(tmp_path):
    """A folder that everybody may use, and below it nothing yet."""
    folder = tmp_path / "srv"
    folder.mkdir()
    folder.chmod(0o777)
    return folder


def open_to_others(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): oct(path.lstat().st_mode & 0o777)
        for path in folder.rglob("*")
        if path.lstat().st_mode & 0o077
    }


async def test_database_lock_keys_and_copies_are_private(place):
    url = f"sqlite:///{place}/a/b/hosho.db"
    async with (
        await DaemonLock.take(url),
        await Store.open(url, vault=KeyFile(place / "c" / "d" / "hosho.key"), clock=lambda: AT) as store,
    ):
        await store.register.guarantees(limit=None)
        backup(place / "a" / "b" / "hosho.db", place / "a" / "b" / "hosho.db.before-0002")
        KeyFile(place / "c" / "d" / "hosho.key").begin_rotation()
        assert len([*place.rglob("hosho.*")]) >= 5
        assert open_to_others(place) == {}


async def test_letters_and_spooled_mails_are_private(place):
    mail = COMPOSER.compose(Draft(CASES["receipt"], "tanto@mihon.example.jp", "k"), now=NOW)
    await MaildirDelivery(place / "a" / "out").deliver(mail)
    spool = Spool(place, lambda: True)
    await spool.write(b"x" * (MEMORY_BYTES + 1))
    assert oct(os.fstat(spool._file.fileno()).st_mode & 0o777) == "0o600"
    spool.close()
    assert open_to_others(place) == {}


def test_exports_are_private(place):
    write_csv(place / "a.csv", ())
    write_xlsx(place / "a.xlsx", ())
    write_report(place / "a.problems.csv", (RowProblem(1, "工事名", "x", "理由"),))
    write_private(place / "a.zip", b"evidence")
    with Folder.open(place / "mails" / "of" / "2026", make=True) as folder:
        folder.write_new("1.eml", b"mail")
    assert len([*place.rglob("*.*")]) == 5
    assert open_to_others(place) == {}


class Keeping:
    """Instead of the receiver."""

    async def receive(self, arrival) -> None:
        pass


async def test_the_mails_folder_is_made_private(place):
    watcher = FolderWatcher(Keeping(), FolderSettings(place / "a" / "in", ("hosho@city.example.jp",)), lambda: AT)
    await watcher.look()
    assert sorted(path.name for path in (place / "a" / "in").iterdir()) == ["done", "failed"]
    assert open_to_others(place) == {}


@pytest.mark.parametrize(
    ("folder", "file", "made", "report"), [(0o2770, 0o660, 0o2770, 0o660), (0o777, 0o644, 0o775, 0o644)]
)
async def test_the_registers_reports_are_for_those_who_share_the_folder(place, folder, file, made, report):
    shared = place / "register"
    shared.mkdir()
    shared.chmod(folder)
    (shared / "rows.csv").write_text(ROWS, "utf-8")
    (shared / "broken.xlsx").write_bytes(b"no workbook")
    for one in shared.iterdir():
        one.chmod(file)
    async with await Store.open(f"sqlite:///{place}/db/store.db", clock=lambda: AT, durable=False) as store:
        seeing = RegisterWatch(store, shared, Layout(), lambda: AT)
        assert (await seeing.look(), await seeing.look()) == (0, 2)
    modes = {path.name: path.stat().st_mode & 0o7777 for path in shared.rglob("*")}
    assert modes == {
        "done": made,
        "failed": made,
        "20261124-100000-rows.csv": file,
        "20261124-100000-rows.problems.csv": report,
        "20261124-100000-broken.xlsx": file,
        "20261124-100000-broken.txt": report,
    }


async def test_a_register_folder_of_our_own_is_private(place):
    async with await Store.open(f"sqlite:///{place}/db/store.db", clock=lambda: AT, durable=False) as store:
        await RegisterWatch(store, place / "a" / "register", Layout(), lambda: AT).look()
    assert open_to_others(place) == {}
