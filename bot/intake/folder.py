"""The folder door: stores each mail saved as NAME.eml in the folder and moves the file to done/ inside it.

Made by the app; `run` is a task of its TaskGroup and ends only by cancelling. A file that can't be read is moved to failed/
with a line in the log, a link or pipe unread; nothing is deleted. After a crash between storing and moving the file is read again, and the store
recognises the mail. `look` raises OSError when the folder is not usable or the mail can't be stored now.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import logging
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from bot.clock import Clock
from bot.core.health.workers import Worker
from bot.core.mail.trace_headers import envelope_of
from bot.core.records.envelope import HEADER_BLOCK_BYTES, Arrival, Source
from bot.files import Folder
from bot.intake.receive import Receiver, always_room
from bot.log import error_words
from bot.successes import Successes

log = logging.getLogger("hosho.intake")

SETTLED_AFTER = timedelta(seconds=2)
"""A file not modified for this time is complete; a younger one when two looks found the same size and time."""

OPEN_WRITER_SECONDS = 60.0
"""A file that a process has open for writing is left for up to this time: a copy over the network may pause."""

_WILL_NOT_CHANGE = frozenset({0, errno.ELOOP, errno.EACCES, errno.EPERM, errno.EISDIR, errno.ENXIO, errno.ENODEV})
"""errno values of a file that stays unreadable (0: our own checks). Any other error is the machine's and temporary."""


@dataclass(frozen=True, slots=True)
class FolderSettings:
    """The folder and how to watch it."""

    path: Path
    recipients: tuple[str, ...]  # our addresses in lower case; a mail that names none of them gets the first
    max_bytes: int = 25 * 2**20
    interval_seconds: float = 5.0


@dataclass(frozen=True, slots=True)
class _Seen:
    """Size and time of a file at a look; equal at the next look: nothing is being written to it."""

    size_bytes: int
    modified_ns: int


class FolderWatcher:
    """Watches one folder. While `has_room` (free disk space) is False, the files stay where they are."""

    def __init__(
        self,
        receiver: Receiver,
        settings: FolderSettings,
        clock: Clock,
        *,
        has_room: Callable[[], bool] = always_room,
        successes: Successes | None = None,
    ) -> None:
        self._receiver = receiver
        self._settings = settings
        self._clock = clock
        self._seen: dict[str, _Seen] = {}
        self._has_room = has_room
        self._successes = successes or Successes(clock)
        self._trouble = ""  # the error that was logged last and persists, "" when there is none

    async def run(self) -> None:
        """Look every `interval_seconds`, for ever."""
        while True:
            try:
                await self.look()
            except Exception as error:  # noqa: BLE001  # the top of a worker loop: the files stay and are tried again
                if str(error) != self._trouble:  # one log line for as long as the error lasts
                    log.warning("folder %s: %s; it is looked into again", self._settings.path, error)
                self._trouble = str(error)
                self._successes.failed(Worker.FOLDER, f"{self._settings.path}: {error_words(error)}")
            else:
                self._trouble = ""
                self._successes.done(Worker.FOLDER)
            await asyncio.sleep(self._settings.interval_seconds)

    async def look(self) -> int:
        """Store every complete *.eml in the order of names. Returns the number of mails stored."""
        taken = 0
        for name in await asyncio.to_thread(self._complete_files):
            if not self._has_room():
                break
            taken += await self._take(self._settings.path / name)
        return taken

    def _complete_files(self) -> list[str]:
        settled_ns = int((self._clock() - SETTLED_AFTER).timestamp() * 1e9)
        seen: dict[str, _Seen] = {}
        complete: list[str] = []
        with Folder.open(self._settings.path, make=True) as folder:
            for inside in ("done", "failed"):
                folder.inside(inside).close()
            for name in folder.names():
                if name.startswith(".") or not name.lower().endswith(".eml"):
                    continue
                if status := folder.status(name):
                    seen[name] = _Seen(status.st_size, status.st_mtime_ns)
                    if status.st_mtime_ns <= settled_ns or seen[name] == self._seen.get(name):
                        complete.append(name)
        self._seen = seen
        return complete

    async def _take(self, path: Path) -> int:
        try:
            now = self._clock().timestamp()
            content, size_bytes = await asyncio.to_thread(_read, path, self._settings.max_bytes, now)
        except (FileNotFoundError, _StillWrittenError):
            return 0  # removed in the meantime, or still written to
        except OSError as error:
            if error.errno not in _WILL_NOT_CHANGE:
                raise
            target = await asyncio.to_thread(_move, path, "failed")
            log.warning("folder %s: a file can't be read (%s), it is now %s", path.parent, error.strerror, target)
            return 0
        envelope = envelope_of(
            content,
            source=Source.FOLDER,
            recipients=self._settings.recipients,
            received_at=self._clock(),
            peer=path.name,
        )
        too_large_bytes = size_bytes if size_bytes > self._settings.max_bytes else 0
        await self._receiver.receive(Arrival(envelope, content, too_large_bytes=too_large_bytes))
        await asyncio.to_thread(_move, path, "done")
        return 1


class _StillWrittenError(Exception):
    """The file is not complete."""


def _read(path: Path, max_bytes: int, now: float) -> tuple[bytes, int]:
    """Content and size in bytes; of a file over `max_bytes` only the first HEADER_BLOCK_BYTES.

    `now`: seconds since 1970. Raises _StillWrittenError, and OSError, also for what is no regular file or empty.
    """
    with Folder.open(path.parent) as folder, folder.open_plain(path.name) as file:
        descriptor = file.fileno()
        status = os.fstat(descriptor)
        if now - status.st_mtime < OPEN_WRITER_SECONDS and _has_writer(descriptor):
            raise _StillWrittenError
        if not status.st_size:
            raise OSError(0, "empty")
        whole = status.st_size <= max_bytes
        content = file.read(max_bytes if whole else HEADER_BLOCK_BYTES)
        after = os.fstat(descriptor)
        if (after.st_size, after.st_mtime_ns) != (status.st_size, status.st_mtime_ns):
            raise _StillWrittenError
        return content, status.st_size


def _has_writer(descriptor: int) -> bool:
    """Whether a process has the file open for writing: the kernel then refuses a read lease with EAGAIN (fcntl(2)).

    False also where the file system has no leases.
    """
    try:
        fcntl.fcntl(
            descriptor, fcntl.F_SETSIG, signal.SIGURG
        )  # sent when a writer breaks the lease; ignored by default
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    with suppress(OSError):
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False


def _move(path: Path, into: str) -> str:
    """Move without overwriting. Returns the new name."""
    with Folder.open(path.parent) as folder, folder.inside(into) as target:
        return folder.move(path.name, target)
