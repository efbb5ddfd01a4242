"""Copies of an SQLite database: make one, look whether it is whole, put one in the place of the database.

Called by bot/commands/keeping/backup.py. A copy is a folder (database, settings, the city's letters, a manifest with checksums) that appears under
its name when it is whole. To look at a copy writes nothing beside it. A restore, under the daemon's lock, keeps the old database in a
folder beside the new one. Raises StoreError (Japanese, says what to do), OSError for a folder that can't be read or written.
"""

from __future__ import annotations

import fcntl
import glob
import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.core.records.journal import BEGINNING, JournalHead
from bot.progress import Tell, untold
from storage.database.migrate import backup, checked, migrations
from storage.errors import StoreError
from storage.files import make_folder, sync_folder
from storage.keys.key_file import KeyFile
from storage.opening import secret_of
from storage.use_cases import journal
from storage.use_cases.recovery import Replaced

DATABASE = "hosho.db"
MANIFEST = "manifest.json"
COPIES = f"hosho-*/{MANIFEST}"
"""In a folder of copies: what each that is whole has."""
_BESIDE = ("-wal", "-shm", "-journal")
_PIECE = 1024 * 1024
_STEPS_OF_SQLITE = 1_000_000
"""So many of its instructions pass between two looks whether somebody has stopped it: some milliseconds."""


# -- make


def create(
    file: Path,
    into: Path,
    beside: Mapping[str, Path],
    about: Mapping[str, object],
    at: datetime,
    tell: Tell = untold,
) -> Path:
    """Copy a database, also while it is in use, into a new folder of `into`, in an `alone` block; returns that folder.

    `beside`: files and folders that go with it, by their names there. `about`: goes into the manifest. `tell`: what it raises leaves no copy.
    """
    there, unfinished = _free(into / f"hosho-{at:%Y%m%d-%H%M%S}"), into / ".unfinished"
    if not file.is_file():
        raise StoreError(f"{file} がありません。設定の storage を確かめてください")
    shutil.rmtree(unfinished, ignore_errors=True)  # of one that was killed
    unfinished.mkdir(mode=0o700)
    try:
        try:
            backup(file, unfinished / DATABASE, tell)
        except sqlite3.Error as error:
            raise StoreError(f"データベースを複写できません（{error}）。置き場所の空きを確かめてください") from error
        for name, source in beside.items():
            (shutil.copytree if source.is_dir() else shutil.copyfile)(source, unfinished / name)
        names = sorted(path for path in unfinished.rglob("*") if path.is_file())
        files = {str(path.relative_to(unfinished)): _digest(path, tell) for path in names}
        told = {**about, "at": at.isoformat(timespec="seconds"), "files": files}
        (unfinished / MANIFEST).write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", "utf-8")
        for path in (*names, unfinished / MANIFEST):
            with path.open("rb") as written:
                os.fsync(written.fileno())
        for path in (unfinished, *(path for path in unfinished.rglob("*") if path.is_dir())):
            sync_folder(path)
        unfinished.rename(there)
        sync_folder(into)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return there


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Exclude other processes from making and removing copies in this folder. Raises StoreError while one does."""
    make_folder(folder)
    with (folder / ".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreError(
                f"{folder} に、ほかの backup create が書いています。終わってから実行してください"
            ) from None
        yield


def _free(path: Path) -> Path:
    """The path, or the first free one with a number behind it."""
    numbered = (path.with_name(f"{path.name}{again and f'-{again}'}") for again in ("", *range(2, 100)))
    return next(one for one in numbered if not one.exists())


def _digest(path: Path, tell: Tell) -> str:
    digest, size = hashlib.sha256(), path.stat().st_size
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
            tell(file.tell(), size)
    return digest.hexdigest()


def made_in(folder: Path) -> list[Path]:
    """The whole copies in a folder of copies, oldest first."""
    return sorted(path.parent for path in folder.glob(COPIES))


def age_out(folder: Path, keep: int) -> list[Path]:
    """Remove all but the newest `keep` copies; returns those removed."""
    old = made_in(folder)[:-keep]
    for copy in old:
        remove(copy)
    return old


def remove(copy: Path) -> None:
    """Remove a copy, its manifest first: what is left then is no copy."""
    (copy / MANIFEST).unlink()
    shutil.rmtree(copy)


def set_aside(copy: Path) -> Path:
    """Let a copy that is not right count as none, in place of an earlier one; returns where it is."""
    aside = copy.with_name("wrong")
    shutil.rmtree(aside, ignore_errors=True)
    return copy.rename(aside)


# -- look


@dataclass(frozen=True, slots=True)
class CopyCheck:
    """What a look at a copy found. `wrong`: in words, empty when it can be restored."""

    copy: Path
    head: JournalHead
    wrong: tuple[str, ...]


class _Copy:
    """A copy as something that can be asked (database/rows.py)."""

    def __init__(self, file: Path, tell: Tell) -> None:
        # Immutable: nobody writes it, so nothing is made beside it, also on a medium that takes no writes.
        self.connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
        self.connection.row_factory = sqlite3.Row
        _let_stop(self.connection, tell)

    async def rows(self, sql: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Run SQL and return its rows."""
        return [dict(row) for row in self.connection.execute(sql, list(values))]


def _let_stop(database: sqlite3.Connection, tell: Tell) -> None:
    """Let `tell` end also a statement that takes long, with sqlite3.Error; it raises again when it is called next."""

    def look() -> int:
        try:
            tell(0, 0)
        except BaseException:  # noqa: BLE001 - whatever it is, it is raised again outside SQLite
            return 1
        return 0

    database.set_progress_handler(look, _STEPS_OF_SQLITE)


async def verify(copy: Path, keys: KeyFile, tell: Tell = untold) -> CopyCheck:
    """Look at a copy: its files by the manifest, the database itself, its migrations, the journal, and whether the keys fit."""
    found = CopyCheck(copy, BEGINNING, tuple(_changed_files(copy, tell)))
    file = database_of(copy)
    if not file.is_file():
        return found if found.wrong else CopyCheck(copy, BEGINNING, (f"{file} がありません",))
    head, wrong = BEGINNING, list(found.wrong)
    try:
        database = _Copy(file, tell)
        with closing(database.connection):
            whole = [row["integrity_check"] for row in await database.rows("PRAGMA integrity_check(3)")]
            wrong += [] if whole == ["ok"] else [f"データベースが壊れています（{'、'.join(whole)}）"]
            versions = await database.rows("SELECT * FROM schema_version ORDER BY version")
            checked({row["version"]: (row["name"], row["checksum"]) for row in versions}, migrations("sqlite"))
            chain = await journal.verify(database)
            head = chain.head
            wrong += [f"操作の記録の{chain.at}行目: {chain.broken.words}"] if chain.broken else []
            await secret_of(database, keys.vault(), keys)
    except sqlite3.Error as error:
        tell(0, 0)  # it may have stopped SQLite
        wrong.append(f"本システムのデータベースではないか、壊れています（{error}）")
    except StoreError as error:
        wrong.append(str(error))
    return CopyCheck(copy, head, tuple(wrong))


def database_of(copy: Path) -> Path:
    """The database of a copy: a folder that `create` has made, or a bare file."""
    return copy / DATABASE if copy.is_dir() else copy


def _changed_files(copy: Path, tell: Tell) -> Iterator[str]:
    if not copy.is_dir():
        return
    try:
        files = json.loads((copy / MANIFEST).read_text("utf-8"))["files"].items()
    except FileNotFoundError:
        yield f"{copy / MANIFEST} がありません（途中で止まったか、バックアップのフォルダではありません）"
        return
    except (ValueError, KeyError, AttributeError):
        yield f"{copy / MANIFEST} を読めません"
        return
    for name, digest in files:
        try:
            is_same = _digest(copy / name, tell) == digest
        except OSError as error:
            yield f"{name} を読めません（{error.strerror}）"
        else:
            if not is_same:
                yield f"{name} は、書かれたときのままではありません"


# -- restore


@contextmanager
def candidate(copy: Path, file: Path, tell: Tell = untold) -> Iterator[Path]:
    """A copy of the copy, beside the database, whole in itself; it is gone after the block unless the block moved it."""
    there = file.with_name(f"{file.name}.restoring")
    _clear(there)  # of one that was killed: SQLite would lay its log over this copy
    try:
        if wrong := tuple(_changed_files(copy, tell)):
            raise StoreError(f"{copy}: {'。'.join(wrong)}。別のバックアップを使ってください")
        if not database_of(copy).is_file():
            raise StoreError(f"{copy} がありません。バックアップの場所を確かめてください")
        try:
            backup(database_of(copy), there, tell)
            with closing(sqlite3.connect(there)) as database:
                _let_stop(database, tell)
                found = database.execute("PRAGMA quick_check(1)").fetchone()[0]
                database.execute("SELECT count(*) FROM schema_version")
        except sqlite3.Error as error:
            tell(0, 0)  # it may have stopped SQLite
            raise StoreError(f"{copy} は、本システムのデータベースではないか、壊れています（{error}）") from error
        if found != "ok":
            raise StoreError(f"{copy} は壊れています（{found}）。別のバックアップを使ってください")
        yield there
    finally:
        _clear(there)


def _clear(there: Path) -> None:
    for path in there.parent.glob(f"{glob.escape(there.name)}*"):
        with suppress(FileNotFoundError):
            path.unlink()


def state_of(file: Path) -> Replaced | None:
    """How far a database is; None when there is none, or it can't be read any more."""
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
            row = database.execute("SELECT number, hash FROM journal_head").fetchone()
            numbers = dict(database.execute("SELECT name, seq FROM sqlite_sequence").fetchall())
    except sqlite3.Error:
        return None
    return Replaced(JournalHead(*row) if row else BEGINNING, numbers)


def put_in_place(there: Path, file: Path, at: datetime) -> Path | None:
    """Move the old database with all that belongs to it into a folder of its own, and the new one into its place. Returns that
    folder; None: there was no old one.
    """
    old = [path for path in (file, *_companions(file)) if path.exists()]
    kept = _free(file.with_name(f"{file.name}.replaced-{at:%Y%m%d-%H%M%S}")) if old else None
    if kept is not None:
        kept.mkdir(mode=0o700)
        for path in old:  # the database itself first: none is opened without the log that belongs to it
            path.rename(kept / path.name)
        sync_folder(kept)
    os.replace(there, file)  # noqa: PTH105 - a rename, said so
    sync_folder(file.parent)
    return kept


def _companions(file: Path) -> list[Path]:
    return [file.with_name(file.name + suffix) for suffix in _BESIDE]
