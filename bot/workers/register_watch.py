"""The watched folder of register files: each CSV or XLSX put there is imported once and moved to `done`.

Run on every tick. Rows that can't be taken are written beside the moved file as `NAME.problems.csv`; a file that can't be
read at all moves to `failed` with the reason in `NAME.txt`. Raises StoreError (the file stays and is tried again).
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from bot.clock import Clock
from bot.core.register.changes import ChangeKind
from bot.core.text.dates import JAPAN
from bot.register.importing import import_file
from bot.register.report import report_text
from bot.spreadsheets.reading import TableError
from storage.errors import StoreError
from storage.store import Store

log = logging.getLogger("hosho.register")

_SUFFIXES = frozenset({".csv", ".xlsx", ".xls", ".tsv", ".txt"})


class RegisterWatch:
    """`look()` imports what lies still since the look before."""

    def __init__(self, store: Store, folder: Path, extra: Mapping[str, str], clock: Clock) -> None:
        self._store = store
        self._folder = folder
        self._extra = extra
        self._clock = clock
        self._seen: dict[Path, tuple[int, int]] = {}

    async def look(self) -> int:
        """Import every file whose size and time have not changed since the last look; returns how many were taken."""
        taken = 0
        for path, stamp in (await asyncio.to_thread(self._files)).items():
            if self._seen.get(path) != stamp:
                self._seen[path] = stamp  # perhaps still being copied: next time
                continue
            await self._import(path)
            del self._seen[path]
            taken += 1
        return taken

    def _files(self) -> dict[Path, tuple[int, int]]:
        self._folder.mkdir(parents=True, exist_ok=True)
        files: dict[Path, tuple[int, int]] = {}
        for path in sorted(self._folder.iterdir()):
            if path.is_file() and path.suffix.lower() in _SUFFIXES and not path.name.startswith((".", "~")):
                stat = path.stat()
                files[path] = (stat.st_size, stat.st_mtime_ns)
        return files

    async def _import(self, path: Path) -> None:
        now = self._clock()
        try:
            result = await import_file(self._store.register, path, extra=self._extra, actor="folder")
        except (TableError, OSError) as error:
            if isinstance(error, StoreError):
                raise
            moved = await asyncio.to_thread(_move, path, "failed", now)
            await asyncio.to_thread(_tell_beside, moved, ".txt", f"{error}\n")
            log.warning("register file %s can't be read; the reason lies beside it in failed/", path.name)
            return
        moved = await asyncio.to_thread(_move, path, "done", now)
        if result.problems:
            await asyncio.to_thread(_tell_beside, moved, ".problems.csv", report_text(result.problems))
        log.info(
            "register file %s: %d added, %d changed, %d unchanged, %d problems",
            path.name,
            result.counts[ChangeKind.ADD],
            result.counts[ChangeKind.UPDATE],
            result.counts[ChangeKind.UNCHANGED],
            len(result.problems),
        )


def _move(path: Path, folder: str, now: datetime) -> Path:
    """Move a file aside under a name of its own: 20261122-194600-NAME."""
    target = path.parent / folder / f"{now.astimezone(JAPAN):%Y%m%d-%H%M%S}-{path.name}"
    if not target.parent.exists():
        target.parent.mkdir()
        shutil.copymode(path.parent, target.parent)
    return path.rename(target)


def _tell_beside(file: Path, suffix: str, text: str) -> None:
    """Write what became of a file beside it, for whoever may read the file: our umask would keep the clerks out."""
    told = file.with_suffix(suffix)
    told.write_text(text, "utf-8-sig", newline="")
    shutil.copymode(file, told)
