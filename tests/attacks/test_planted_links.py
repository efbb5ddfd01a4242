"""Somebody who may write in a folder that the program uses too plants links, pipes and devices there."""

from __future__ import annotations

import asyncio
import os
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli import main
from bot.core.letters.drafts import Draft
from bot.core.register.layout import Layout
from bot.core.register.rows import RowProblem
from bot.files import Folder, NotPlainError, fitting, write_private
from bot.intake.folder import FolderSettings, FolderWatcher
from bot.outbound.maildir import MaildirDelivery
from bot.outbound.smtp_relay import RelayOutcome
from bot.register.export import write_csv, write_xlsx
from bot.register.report import write_report
from bot.workers.register_watch import RegisterWatch
from storage.database.daemon_lock import DaemonLock
from storage.store import Store
from tests.letters.letter_cases import CASES, COMPOSER, NOW
from tests.patience import PATIENCE_SECONDS

SECRET = "storage key\n"
ROWS = "保証契約番号,商品(保証区分),工事名,受注者名\n12345-000001,前払金保証,見本橋工事,見本建設\n12345-000002,,,\n"
AT = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def private_umask():
    before = os.umask(0o077)  # as the program has it
    yield
    os.umask(before)


@pytest.fixture
def victim(tmp_path):
    """A file that its owner alone may use."""
    file = tmp_path / "victim"
    file.write_text(SECRET)
    file.chmod(0o600)
    yield file
    assert (file.read_text(), oct(file.stat().st_mode & 0o777)) == (SECRET, "0o600")


@pytest.fixture
def elsewhere(tmp_path):
    """A folder in which nothing may be written."""
    folder = tmp_path / "elsewhere"
    folder.mkdir(mode=0o700)
    yield folder
    assert (list(folder.iterdir()), oct(folder.stat().st_mode & 0o777)) == ([], "0o700")


@pytest.fixture
def shared(tmp_path):
    folder = tmp_path / "register"
    folder.mkdir()
    folder.chmod(0o777)
    return folder


@pytest.fixture
async def store(tmp_path):
    async with await Store.open(f"sqlite:///{tmp_path}/db/store.db", clock=lambda: AT, durable=False) as opened:
        yield opened


@pytest.fixture
def seeing(store, shared):
    return RegisterWatch(store, shared, Layout(), lambda: AT)


def put(path: Path, content: str = ROWS) -> Path:
    path.write_text(content, "utf-8")
    path.chmod(0o666)
    return path


def below(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): oct(path.stat().st_mode & 0o777)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


# -- the register's folder


async def test_a_link_under_the_reports_name_is_not_written_through(shared, seeing, victim):
    (shared / "done").mkdir()
    for name in ("20261124-100000-rows.problems.csv", "20261124-100000-rows.csv"):
        (shared / "done" / name).symlink_to(victim)
    put(shared / "rows.csv")
    assert (await seeing.look(), await seeing.look()) == (0, 1)
    assert below(shared) == {
        "done/20261124-100000-rows.1.csv": "0o666",
        "done/20261124-100000-rows.1.problems.csv": "0o664",  # its readers' own rows, for nobody to change
    }


async def test_a_link_under_the_reasons_name_is_not_written_through(shared, seeing, victim):
    (shared / "failed").mkdir()
    (shared / "failed" / "20261124-100000-rows.txt").symlink_to(victim)
    put(shared / "rows.xlsx", "no workbook")
    assert (await seeing.look(), await seeing.look()) == (0, 1)
    assert below(shared) == {
        "failed/20261124-100000-rows.xlsx": "0o666",
        "failed/20261124-100000-rows.1.txt": "0o664",
    }


@pytest.mark.parametrize("name", ["done", "failed"])
async def test_a_link_in_place_of_our_folder_takes_no_file_elsewhere(shared, seeing, elsewhere, name):
    (shared / name).symlink_to(elsewhere)
    put(shared / "rows.csv", ROWS if name == "done" else "no table")
    assert await seeing.look() == 0
    with pytest.raises(NotPlainError):
        await seeing.look()
    assert below(shared) == {"rows.csv": "0o666"}


def plant_link(path: Path, victim: Path) -> None:
    path.symlink_to(victim)


def plant_name(path: Path, victim: Path) -> None:
    path.hardlink_to(victim)


def plant_pipe(path: Path, _: Path) -> None:
    os.mkfifo(path)


def plant_device(path: Path, _: Path) -> None:
    path.symlink_to("/dev/zero")


def plant_socket(path: Path, _: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))


def plant_chain(path: Path, victim: Path) -> None:
    (path.parent / "middle").symlink_to(victim)
    path.symlink_to("middle")


def plant_folder(path: Path, _: Path) -> None:
    path.mkdir()


PLANTS = [plant_link, plant_name, plant_pipe, plant_device, plant_socket, plant_chain, plant_folder]


@pytest.mark.parametrize("plant", PLANTS)
async def test_what_is_no_file_is_reported_and_left_and_the_files_are_taken(
    shared, seeing, victim, tmp_path, monkeypatch, caplog, plant
):
    monkeypatch.chdir(shared)  # a socket's path is short
    plant(Path("planted.csv") if plant is plant_socket else shared / "planted.csv", victim)
    before = os.lstat(shared / "planted.csv").st_ino
    put(shared / "rows.csv")
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert [await seeing.look() for _ in range(4)] == [0, 1, 0, 0]
    assert os.lstat(shared / "planted.csv").st_ino == before
    told = (shared / "failed" / "planted.csv.txt").read_text("utf-8-sig")
    assert told == (
        "planted.csv は、通常のファイルではありません（リンク、複数の名前を持つファイル、パイプなど）。"
        "読まずに、そのままにしてあります。ファイルそのものを置いてください。\n"
    )
    assert len([one for one in caplog.records if "it is left" in one.getMessage()]) == 1


async def test_a_file_with_a_name_too_long_for_ours_is_taken(shared, seeing):
    name = "台" * 83 + ".csv"  # 253 bytes
    put(shared / name)
    assert (await seeing.look(), await seeing.look()) == (0, 1)
    assert {path.name for path in (shared / "done").iterdir()} == {
        f"20261124-100000-{'台' * 78}.csv",
        f"20261124-100000-{'台' * 75}.problems.csv",
    }


async def test_a_name_that_is_no_text_is_taken_and_the_others_with_it(shared, seeing):
    put(shared / os.fsdecode(b"\xff\x91\xe4.csv"))
    put(shared / "z.csv", ROWS.replace("000001", "000009"))
    assert (await seeing.look(), await seeing.look()) == (0, 2)


async def test_a_file_that_can_not_be_taken_does_not_keep_the_others_waiting(shared, seeing, store):
    (shared / "done").write_text("no folder")
    put(shared / "a.csv")
    put(shared / "b.csv", ROWS.replace("000001", "000009"))
    numbers = []
    for _ in range(4):
        try:
            await seeing.look()
        except NotPlainError:
            numbers.append(len(await store.register.guarantees(limit=None)))
    assert numbers[-1] == 2


async def test_what_is_written_over_a_file_while_it_is_imported_is_imported_too(shared, store):
    def clock() -> datetime:
        put(shared / "new")
        (shared / "new").replace(shared / "rows.csv")  # between reading and moving
        return AT

    seeing = RegisterWatch(store, shared, Layout(), clock)
    put(shared / "rows.csv", ROWS.replace("000001", "000007"))
    assert (await seeing.look(), await seeing.look()) == (0, 1)
    assert (shared / "rows.csv").read_text("utf-8") == ROWS


# -- the mails' folder


class Keeping:
    """Instead of the receiver: keeps what it is handed."""

    def __init__(self) -> None:
        self.contents: list[bytes] = []

    async def receive(self, arrival) -> None:
        self.contents.append(arrival.content)


def mails(shared: Path) -> tuple[FolderWatcher, Keeping]:
    keeping = Keeping()
    return FolderWatcher(keeping, FolderSettings(shared, ("hosho@city.example.jp",)), lambda: AT), keeping


@pytest.mark.parametrize("plant", PLANTS)
async def test_a_planted_mail_is_not_read(shared, victim, monkeypatch, plant):
    monkeypatch.chdir(shared)
    watcher, keeping = mails(shared)
    plant(Path("planted.eml") if plant is plant_socket else shared / "planted.eml", victim)
    (shared / "good.eml").write_bytes(b"Subject: good\n\n")
    async with asyncio.timeout(PATIENCE_SECONDS):
        await watcher.look()
        await watcher.look()
    assert keeping.contents == [b"Subject: good\n\n"]
    assert [path.name for path in (shared / "failed").iterdir()] == ["planted.eml"]


@pytest.mark.parametrize("name", ["done", "failed"])
async def test_a_link_in_place_of_a_mail_folder_takes_no_mail_elsewhere(shared, elsewhere, name):
    watcher, keeping = mails(shared)
    (shared / name).symlink_to(elsewhere)
    (shared / "a.eml").write_bytes(b"Subject: a\n\n")
    for _ in range(2):
        with pytest.raises(NotPlainError):
            await watcher.look()
    assert keeping.contents == []


# -- what is written where others may write


@pytest.mark.parametrize("place", ["tmp", "new"])
async def test_a_letter_is_not_written_through_a_link_in_the_maildir(tmp_path, victim, place):
    maildir = tmp_path / "out"
    mail = COMPOSER.compose(Draft(CASES["receipt"], "tanto@mihon.example.jp", "k"), now=NOW)
    name = (await MaildirDelivery(maildir).deliver(mail)).reply
    (maildir / "new" / name).unlink()
    (maildir / place / name).symlink_to(victim)
    await MaildirDelivery(maildir).deliver(mail)
    assert (maildir / "new" / name).is_symlink() == (place == "new")


@pytest.mark.parametrize("place", ["tmp", "new", "cur"])
async def test_a_letter_is_not_written_into_a_linked_folder(tmp_path, elsewhere, place):
    maildir = tmp_path / "out"
    maildir.mkdir()
    (maildir / place).symlink_to(elsewhere)
    mail = COMPOSER.compose(Draft(CASES["receipt"], "tanto@mihon.example.jp", "k"), now=NOW)
    assert (await MaildirDelivery(maildir).deliver(mail)).outcome is RelayOutcome.DEFERRED


WRITERS = [
    lambda path: write_csv(path, ()),
    lambda path: write_xlsx(path, ()),
    lambda path: write_report(path, (RowProblem(1, "工事名", "x", "理由"),)),
    lambda path: write_private(path, b"evidence"),
]


@pytest.mark.parametrize("write", WRITERS)
def test_no_export_goes_through_a_link_or_a_pipe(tmp_path, shared, victim, elsewhere, write):
    for plant in PLANTS[:1] + PLANTS[2:4] + PLANTS[5:]:
        file = shared / plant.__name__
        plant(file, victim)
        with pytest.raises(NotPlainError):
            write(file)
    (shared / "nowhere").symlink_to(elsewhere / "new")
    with pytest.raises(NotPlainError):
        write(shared / "nowhere")
    assert below(shared) == {}


@pytest.mark.parametrize("write", WRITERS)
def test_an_export_replaces_the_name_and_not_the_file_that_somebody_else_may_have_open(shared, victim, write):
    waiting = put(shared / "export", "")
    (shared / "second").hardlink_to(victim)
    with waiting.open("rb") as theirs:
        write(waiting)
        write(shared / "second")
        assert theirs.read() == b""
    assert below(shared) == {"export": "0o600", "second": "0o600"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a link to somebody else")
def test_a_folder_that_somebody_else_has_replaced_by_a_link_is_not_used(shared, elsewhere, tmp_path):
    link = shared / "out"
    link.symlink_to(elsewhere)
    with Folder.open(link) as folder:  # ours
        assert folder.names() == []
    os.lchown(link, 4321, 4321)
    with pytest.raises(NotPlainError):
        Folder.open(link, make=True)
    with pytest.raises(NotPlainError):
        write_private(link / "register.csv", b"keys")


def test_exported_mails_replace_nothing(shared, victim):
    (shared / "00000001.eml").symlink_to(victim)
    with Folder.open(shared) as folder, pytest.raises(FileExistsError):
        folder.write_new("00000001.eml", b"mail")


def test_a_writer_that_fails_leaves_nothing(shared):
    with Folder.open(shared) as folder, pytest.raises(TypeError):
        folder.write("a.csv", "text")  # type: ignore[arg-type]
    assert list(shared.iterdir()) == []


def test_the_demo_does_not_begin_in_a_linked_folder(tmp_path, elsewhere):
    (tmp_path / "demo").symlink_to(elsewhere)
    done = CliRunner().invoke(main, ["demo", "--folder", str(tmp_path / "demo")])
    assert done.exit_code == 2
    assert "demo のフォルダではありません" in done.output


@pytest.mark.parametrize("suffix", [".daemon", ".lock"])
async def test_a_database_whose_lock_is_a_link_is_not_opened(tmp_path, victim, suffix):
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    (folder / f"hosho.db{suffix}").symlink_to(victim)
    url = f"sqlite:///{folder}/hosho.db"
    with pytest.raises(OSError, match=r"開けません|could not be asked"):
        await (DaemonLock.take(url) if suffix == ".daemon" else Store.open(url, durable=False))


def test_names_are_cut_between_characters_and_keep_their_ending():
    assert fitting("a" * 300, ".csv") == "a" * 251 + ".csv"
    assert fitting("台" * 100, ".csv") == "台" * 83 + ".csv"
