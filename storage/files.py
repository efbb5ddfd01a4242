"""The files of an SQLite database: owner and mode, identity while the database is open, free disk space.

Called by opening.py and database/connection.py (modes, identity), database/daemon_lock.py (a URL's file) and the app (space).
Guarantees that other users can't read a database, that it is not opened with another database's -wal, and that an empty one
is not silently created in place of a missing one. Raises StoreError and its subclasses; the texts are Japanese and say what
to do. Imports nothing heavy.
"""

from __future__ import annotations

import json
import logging
import os
import pwd
import stat
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from glob import glob
from pathlib import Path

from storage.errors import DatabaseGone, DatabaseReplaced, NotPrivate, StoreError

log = logging.getLogger("hosho.files")

# SQLite's files beside an open database; a commit is in the -wal until a checkpoint copies it.
_COMPANIONS = ("-wal", "-shm")
_OTHERS = 0o077

Identity = tuple[int, int]
"""st_dev and st_ino, which identify a file independent of its name."""


def sqlite_file(url: str) -> Path | None:
    """The file of sqlite:///relative or sqlite:////absolute; None for sqlite://:memory:. Raises StoreError for any other.

    The part after a question mark is settings, see database/connection.py.
    """
    path = url.removeprefix("sqlite://").partition("?")[0]
    if path == ":memory:":
        return None
    if not path.startswith("/") or path == "/":
        raise StoreError("an SQLite URL is sqlite:///relative, sqlite:////absolute or sqlite://:memory:")
    return Path(path[1:]).absolute()


# -- folders that survive a power cut


def make_folder(folder: Path) -> None:
    """Make a folder, mode 0700, and its missing parents. Each name is synced: a file is durable only with its folder's name."""
    if not folder.is_dir():
        make_folder(folder.parent)
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Sync the folder (fsync), which makes the names in it durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# -- modes


def check_private(paths: Iterable[Path]) -> None:
    """Raise NotPrivate for the first path that another user owns or may use. Missing files are skipped."""
    for path in paths:
        try:
            status = path.stat()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise NotPrivate(f"{path} を調べられません（{error.strerror}）。持ち主と権限を確かめてください") from error
        if status.st_uid != os.geteuid():
            owner, me = _name(status.st_uid), _name(os.geteuid())
            raise NotPrivate(
                f"{path} の持ち主は {owner} で、実行している利用者 {me} ではありません。sudo -u {owner} を付けて実行するか、"
                f"chown {me} {path} を実行してください"
            )
        if status.st_mode & _OTHERS:
            mode = "700" if path.is_dir() else "600"
            raise NotPrivate(
                f"{path} はほかの利用者も使える権限（{status.st_mode & 0o7777:04o}）です。chmod {mode} {path} を実行してください"
            )


def private_paths(file: Path) -> list[Path]:
    """The paths of a database that must be private: folder, file, SQLite's and our files beside it, and the copies."""
    file = file.resolve()
    beside = (file.with_name(file.name + suffix) for suffix in (*_COMPANIONS, "-journal", ".lock", ".daemon"))
    return [file.parent, file, *beside, *sorted(file.parent.glob(f"{file.name}.before-*"))]


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


# -- identity


class FileGuard:
    """Detects that the file of an open database was deleted or replaced.

    SQLite silently continues to commit into a deleted or replaced file, and it applies the -wal of the old file to a restored
    one. So the inodes of file and -wal are written into `<file>.lock` at each opening and compared at the next one.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._real = file.resolve()
        self._mark = file.with_name(f"{file.name}.lock")
        self._opened: dict[Path, Identity] = {}
        self.was_put_here = False  # the file is not the one that was opened here last: a copy, or moved from elsewhere

    def before(self, *, new_database: bool) -> None:
        """Check before opening, with `<file>.lock` locked, and make a missing file, mode 0600.

        `new_database`: the file may be missing although the mark names one. Raises NotPrivate, DatabaseGone, DatabaseReplaced.
        """
        check_private(private_paths(self._file))
        wal = self._beside("-wal")
        known = self._read_mark()
        if _size(self._real):
            self.was_put_here = known.get("database") != _inode(self._real) or bool(known["put_here"])
            if known and _size(wal) and known["database"] != _inode(self._real) and known["wal"] == _inode(wal):
                raise DatabaseReplaced(
                    f"{self._file} は別のファイルに入れ替えられていますが、前のデータベースの {wal} が残っています。"
                    f"{wal.name} と {self._beside('-shm').name} を別のフォルダへ移してください"
                )
        elif _size(wal):
            raise DatabaseGone(
                f"{self._file} がないのに {wal} が残っています。データベースを元に戻すか、{wal.name} を別のフォルダへ移してください"
            )
        elif known and not new_database:
            raise DatabaseGone(
                f"{self._file} がありません（以前はありました）。元に戻すかバックアップから復元してください。"
                "空のデータベースから始めてよいときだけ serve --new-database を実行してください"
            )
        # O_EXCL: closing any descriptor of a file that is open in this process would drop SQLite's POSIX locks on it.
        with suppress(FileExistsError):
            os.close(os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        self._opened = self._identities((self._file,))

    def opened(self) -> None:
        """Record the files after opening, still locked, here and in `<file>.lock`. Raises as `check`, and StoreError."""
        self.check()  # still the file that `before` checked
        self._opened = self._identities((self._file, *(self._beside(suffix) for suffix in _COMPANIONS)))
        self._write_mark()

    def settle(self) -> None:
        """Whoever put the file here, it is ours from now on. Raises StoreError."""
        self.was_put_here = False
        self._write_mark()

    def _write_mark(self) -> None:
        inodes = {"database": _inode(self._real), "wal": _inode(self._beside("-wal"))}
        mark = inodes | {"put_here": int(self.was_put_here)}
        if mark != self._read_mark():
            try:
                self._mark.write_text(json.dumps(mark) + "\n", "ascii")
            except OSError as error:
                raise StoreError(f"{self._mark} に書けません（{error.strerror}）") from error

    def check(self) -> None:
        """Raise DatabaseGone when nothing lies where the database was opened; DatabaseReplaced when something else does, or
        its -wal or -shm is not the one in use: only closing and opening anew mends that.
        """
        for path, opened in self._opened.items():  # the file itself comes first
            identity = _identity(path)
            if identity is None and path == self._file:
                raise DatabaseGone(f"{path} が、動いている間になくなりました。元に戻してください")
            if identity != opened:
                raise DatabaseReplaced(f"{path} が、動いている間に入れ替えられたか、なくなりました")

    def _identities(self, paths: Iterable[Path]) -> dict[Path, Identity]:
        return {path: identity for path in paths if (identity := _identity(path))}

    def _beside(self, suffix: str) -> Path:
        return self._real.with_name(self._real.name + suffix)

    def _read_mark(self) -> dict[str, int]:
        """The inodes written at the last opening; empty when there are none or the line is incomplete."""
        with suppress(FileNotFoundError, ValueError):
            mark = json.loads(self._mark.read_text("ascii"))
            return {name: int(mark[name]) for name in ("database", "wal")} | {"put_here": int(mark.get("put_here", 0))}
        return {}


def _identity(path: Path) -> Identity | None:
    try:
        status = os.stat(path)  # noqa: PTH116 - several at each transaction; Path.stat is slower and says no more
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _inode(path: Path) -> int:
    identity = _identity(path)
    return identity[1] if identity else 0


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


# -- copies


def newest(pattern: str) -> datetime | None:
    """When the newest file that the pattern names (/srv/backup/*.db) was written; None: there is none."""
    times = [status.st_mtime for name in glob(pattern) if (status := _status(name)) and stat.S_ISREG(status.st_mode)]  # noqa: PTH207 - the whole path is the pattern
    return datetime.fromtimestamp(max(times), UTC) if times else None


def _status(name: str) -> os.stat_result | None:
    try:
        return Path(name).stat()
    except OSError:
        return None


# -- room


class DiskRoom:
    """Whether `need_bytes` are free for more mail. A change is logged with one line."""

    def __init__(self, folder: Path, need_bytes: int) -> None:
        self._folder = folder
        self._need_bytes = need_bytes
        self._was_enough = True

    def __call__(self) -> bool:
        """Ask the file system now."""
        try:
            status = os.statvfs(self._folder)
        except OSError:  # the folder is gone: nothing can be stored there
            free_bytes = 0
        else:
            free_bytes = status.f_bavail * status.f_frsize
        is_enough = free_bytes >= self._need_bytes
        if is_enough != self._was_enough:
            self._was_enough = is_enough
            words = "there is room again" if is_enough else "too little room on the disk, no mail is taken"
            level = logging.INFO if is_enough else logging.ERROR
            log.log(level, "%s: %d MiB free in %s", words, free_bytes >> 20, self._folder)
        return is_enough
