"""The watched folder of register files: each CSV or XLSX put there is imported once and moved to `done`.

Called at every tick. Problems of rows are written to `NAME.problems.csv` beside the moved file; an unreadable file is moved to
`failed` with the reason in `NAME.txt`. Others write here too (bot/files.py): a link, a pipe or a file with a second name stays
where it is, and `failed/NAME.txt` says so. Raises StoreError and OSError; the files stay and are tried again.
"""

from __future__ import annotations

import asyncio
import logging
import os
from dataclasses import dataclass
from pathlib import Path

from bot.clock import Clock
from bot.core.register.changes import ChangeKind
from bot.core.register.layout import Layout
from bot.core.register.tables import Book
from bot.core.text.dates import JAPAN
from bot.files import Folder, NotPlainError, fitting, is_plain
from bot.register.files import book_in
from bot.register.importing import ImportResult, import_book
from bot.register.report import report_bytes
from bot.spreadsheets.sheets import TableError
from storage.store import Store

log = logging.getLogger("hosho.register")

_SUFFIXES = frozenset(
    {".csv", ".xlsx", ".xlsm", ".xls", ".xml", ".htm", ".html", ".mht", ".mhtml", ".ods", ".xlsb", ".tsv", ".txt"}
)
_NOT_FOR_OTHERS = ~0o002
_REPORT_MODE = 0o664


@dataclass(frozen=True, slots=True)
class _Stamp:
    """The file behind a name at a look; equal at the next look: nothing is being written to it."""

    inode: int
    names: int
    size_bytes: int
    modified_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> _Stamp:
        return cls(status.st_ino, status.st_nlink, status.st_size, status.st_mtime_ns)


class RegisterWatch:
    """`look()` imports the files that did not change since the previous look."""

    def __init__(self, store: Store, folder: Path, layout: Layout, clock: Clock) -> None:
        self._store = store
        self._path = folder
        self._layout = layout
        self._clock = clock
        self._seen: dict[str, _Stamp] = {}
        self._left: frozenset[str] = frozenset()  # names of what is no plain file, logged once

    async def look(self) -> int:
        """Import every file whose size and time have not changed since the last look; returns how many were taken."""
        taken = 0
        with await asyncio.to_thread(Folder.open, self._path, make=True) as folder:
            for name in await asyncio.to_thread(self._settled, folder):
                del self._seen[name]  # a file that fails lets the others pass at the next look
                taken += await self._import(folder, name)
        return taken

    def _settled(self, folder: Folder) -> list[str]:
        """The names of the files that are complete; what is no plain file is told and left."""
        seen: dict[str, _Stamp] = {}
        settled: list[str] = []
        left: list[str] = []
        for name in folder.names():
            status = folder.status(name)
            if status is None or name.startswith((".", "~")) or Path(name).suffix.lower() not in _SUFFIXES:
                continue
            seen[name] = _Stamp.of(status)
            if seen[name] == self._seen.get(name):  # else it is perhaps still being copied
                (settled if is_plain(status) else left).append(name)
        for name in sorted({*left} - self._left):
            _tell_left(folder, name)
        self._seen, self._left = seen, frozenset(left)
        return settled

    async def _import(self, folder: Folder, name: str) -> bool:
        """Import a file and move it; False when it is gone, no plain file any more, or can't be read now."""
        try:
            book, status = await asyncio.to_thread(_read, folder, name, self._layout)
        except (FileNotFoundError, NotPlainError):
            return False
        except (TableError, PermissionError) as error:
            await asyncio.to_thread(self._set_aside, folder, name, error)
            return True
        shown = _shown(name)
        result = await import_book(self._store.register, book, source=shown, layout=self._layout, actor="folder")
        await asyncio.to_thread(self._finish, folder, name, status, result)
        log.info(
            "register file %s: %d added, %d changed, %d unchanged, %d problems",
            shown,
            result.counts[ChangeKind.ADD],
            result.counts[ChangeKind.UPDATE],
            result.counts[ChangeKind.UNCHANGED],
            len(result.problems),
        )
        return True

    def _set_aside(self, folder: Folder, name: str, error: TableError | PermissionError) -> None:
        """Move an unreadable file to failed/, its reason beside it."""
        status = folder.status(name)
        with _inside(folder, "failed") as failed:
            moved = folder.move(name, failed, self._stamped(name))
            reason = error.strerror or "" if isinstance(error, PermissionError) else str(error)
            _write_beside(failed, moved, ".txt", _text(reason), status.st_mode if status else 0)
        log.warning("register file %s can't be read; the reason lies beside it in failed/", _shown(name))

    def _finish(self, folder: Folder, name: str, status: os.stat_result, result: ImportResult) -> None:
        """Move the file to done/, with its report. What was written over it meanwhile stays and is read at the next look."""
        moved = self._stamped(name)
        now = folder.status(name)
        with _inside(folder, "done") as done:
            if now is not None and _Stamp.of(now) == _Stamp.of(status):
                moved = folder.move(name, done, moved)
            if result.problems:
                _write_beside(done, moved, ".problems.csv", report_bytes(result.problems), status.st_mode)

    def _stamped(self, name: str) -> str:
        """A name of its own: 20261122-194600-NAME."""
        return f"{self._clock().astimezone(JAPAN):%Y%m%d-%H%M%S}-{name}"


def _read(folder: Folder, name: str, layout: Layout) -> tuple[Book, os.stat_result]:
    with folder.open_plain(name) as file:
        return book_in(file, layout=layout), os.fstat(file.fileno())


def _inside(folder: Folder, name: str) -> Folder:
    """done/ or failed/, made for those who share the folder."""
    return folder.inside(name, folder.mode & _NOT_FOR_OTHERS)


def _write_beside(folder: Folder, file: str, suffix: str, content: bytes, mode: int) -> None:
    """Write beside the file, for those who may read it: our umask would exclude the clerks."""
    folder.write(folder.free(fitting(Path(file).stem, suffix)), content, mode=mode & _REPORT_MODE)


def _tell_left(folder: Folder, name: str) -> None:
    """Tell the log and, once, the clerks that a link or the like stays where it is."""
    log.warning("register folder: %s is a link, a pipe or the like, or has a second name; it is left", _shown(name))
    report = fitting(name, ".txt")
    with _inside(folder, "failed") as failed:
        if not failed.has(report):
            words = f"{_shown(name)} は、{NotPlainError(name).strerror}。読まずに、そのままにしてあります。"
            failed.write(report, _text(words + "ファイルそのものを置いてください。"), mode=folder.mode & _REPORT_MODE)


def _shown(name: str) -> str:
    """The name as text, whatever its bytes are."""
    return os.fsencode(name).decode("utf-8", "replace")


def _text(words: str) -> bytes:
    return f"{words}\n".encode("utf-8-sig")
