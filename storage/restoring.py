"""Put a copy of an SQLite database in the place of the database, with nothing of the old one left beside it.

Called by bot/commands/restore.py, under the daemon's lock. Promises that the old database stays, in a folder beside the new one, and
that the copy is looked at before anything is moved. Raises StoreError (Japanese, says what to do).
"""

from __future__ import annotations

import glob
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path

from bot.core.records.journal import BEGINNING, JournalHead
from storage.database.migrate import backup
from storage.errors import StoreError
from storage.files import sync_folder
from storage.use_cases.recovery import Replaced

_BESIDE = ("-wal", "-shm", "-journal", ".lock")


@contextmanager
def candidate(copy: Path, file: Path) -> Iterator[Path]:
    """A copy of the copy, beside the database, whole in itself; it is gone after the block unless the block moved it."""
    there = file.with_name(f"{file.name}.restoring")
    _clear(there)  # of one that was killed: SQLite would lay its log over this copy
    try:
        if not copy.is_file():
            raise StoreError(f"{copy} がありません。バックアップのファイルを確かめてください")
        try:
            backup(copy, there)
            with closing(sqlite3.connect(there)) as database:
                found = database.execute("PRAGMA quick_check(1)").fetchone()[0]
                database.execute("SELECT count(*) FROM schema_version")
        except sqlite3.Error as error:
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
    names = (f"{file.name}.replaced-{at:%Y%m%d-%H%M%S}{again and f'-{again}'}" for again in ("", *range(2, 100)))
    kept = next(path for name in names if not (path := file.with_name(name)).exists()) if old else None
    if kept is not None:
        kept.mkdir(mode=0o700)
        for path in reversed(
            old
        ):  # the database itself last: until then it is whole with what is left, or named as such
            path.rename(kept / path.name)
        sync_folder(kept)
    os.replace(there, file)  # noqa: PTH105 - a rename, said so
    sync_folder(file.parent)
    return kept


def _companions(file: Path) -> list[Path]:
    return [file.with_name(file.name + suffix) for suffix in _BESIDE]
