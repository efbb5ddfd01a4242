"""Who runs on a database: locks that the system releases when the process ends, also by a crash.

`serve` starts with `async with await DaemonLock.take(url, beside=True):`; `keys rotate` and the like take it alone. SQLite: flock on
`<file>.daemon`, one daemon; memory: none. PostgreSQL: advisory locks of one connection (server_lock.py), any number of daemons. Other
commands need no lock. Imports nothing heavy: a second daemon must refuse within two seconds. Raises DaemonRunning, StoreError.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Protocol, Self

from storage.database.server_lock import ServerLock, running
from storage.errors import DaemonRunning, StoreError
from storage.files import make_folder, sqlite_file

log = logging.getLogger("hosho.guard")

LOOK_SECONDS = 3.0
"""How often `watch` checks that the lock is still held, and the daemon whether it leads and which others have died."""
# `status` takes the lock for a moment to see whether a daemon runs; a starting daemon tries again.
_TRIES = 3
_TRY_SECONDS = 0.1
# The file's text names the holder, for the message of a process that finds the lock taken.
_TOLD_BYTES = 100


class _Lock(Protocol):
    """A lock of one dialect."""

    async def take(self) -> None:
        """Take the lock without waiting. Raises DaemonRunning when it is taken, StoreError when that can't be determined."""

    async def is_held(self) -> bool:
        """Whether the lock is still held."""

    async def release(self) -> None:
        """Release the lock; twice is no error."""


class DaemonLock:
    """A daemon's place on the database; an async context manager that gives it up. `on_news`: another daemon has work for all."""

    def __init__(self, lock: _FileLock | ServerLock | None) -> None:
        self._lock = lock
        self._server = lock if isinstance(lock, ServerLock) else None
        self._deciding = asyncio.Lock()
        self._telling: asyncio.Task[None] | None = None

    @classmethod
    async def take(
        cls, url: str, *, what: str = "serve", beside: bool = False, told: str = "", in_shadow: bool = False
    ) -> Self:
        """Take the lock. `url`: as for Store.open; `what`: the command's name, shown to a process that finds the lock taken;
        `beside`: other daemons may run beside this one, where the database can serve several; `told`: a word for them about this one;
        `in_shadow`: only daemons that are so too run beside it.

        Raises DaemonRunning (Japanese, says what to do) when another process keeps it from us, StoreError when the lock fails.
        """
        lock: _FileLock | ServerLock | None = None
        if url.startswith("sqlite:"):
            file = sqlite_file(url)
            lock = _FileLock(file.resolve(), what) if file else None
        else:
            lock = ServerLock(url, what, beside=beside, told=told, in_shadow=in_shadow)
        if lock is not None:
            await _take(lock)
        return cls(lock)

    @property
    def is_shared(self) -> bool:
        """Whether several daemons may run."""
        return self._server is not None and self._server.beside

    @property
    def number(self) -> int:
        """What this daemon's claims bear while it lives. Raises StoreError while the lock is lost."""
        return self._server.number if self._server is not None else 0

    async def leads(self) -> bool:
        """Whether this is the daemon that does what one alone may do; it becomes it where there is none."""
        return self._server is None or await self._server.leads()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[Callable[[], None]]:
        """One block at a time, of all daemons. What it gives raises StoreError when the turn was lost meanwhile."""
        async with self._deciding:
            if self._server is None:
                yield lambda: None
            else:
                async with self._server.turn() as check:
                    yield check

    def listen(self, on_news: Callable[[], None]) -> None:
        """Call this when another daemon `tells` of work."""
        if self._server is not None:
            self._server.on_news = on_news

    def tell(self) -> None:
        """Tell the other daemons that there is work; what is not told they find by themselves within a minute."""
        if self._server is not None and self._server.others and (self._telling is None or self._telling.done()):
            self._telling = asyncio.create_task(self._server.tell())

    async def watch(self, *, every_seconds: float = LOOK_SECONDS) -> None:
        """Run beside the daemon: when the lock is lost (its file removed, its connection cut), take it again.

        Ends only by cancelling. Raises DaemonRunning when another daemon has taken it; then this one must stop.
        """
        is_told = False
        while True:
            await asyncio.sleep(every_seconds)
            if self._lock is None or await self._lock.is_held():
                continue
            try:
                await _take(self._lock)
            except DaemonRunning:
                raise
            except StoreError as error:  # the server is down, also for the store, so no daemon works: look again
                if not is_told:
                    log.warning("the daemon's lock is lost and can't be taken again yet: %s", error)
                is_told = True
            else:
                is_told = False
                log.warning("the daemon's lock was lost and is taken again")

    async def release(self) -> None:
        """Release the lock; twice is no error."""
        if self._lock is not None:
            await self._lock.release()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.release()


async def is_running(url: str) -> bool:
    """Whether a daemon has the lock; who can take it, even for a moment, knows that none runs. Raises StoreError."""
    try:
        async with await DaemonLock.take(url, what="status"):
            return False
    except DaemonRunning:
        return True


async def _take(lock: _Lock) -> None:
    for _ in range(_TRIES):
        with suppress(DaemonRunning):
            return await lock.take()
        await asyncio.sleep(_TRY_SECONDS)
    return await lock.take()


class _FileLock:
    """flock on a file beside the database. The kernel releases it with the process; the file stays and means nothing."""

    def __init__(self, database: Path, what: str) -> None:
        self._path = database.with_name(f"{database.name}.daemon")
        self._what = what
        self._descriptor: int | None = None

    async def take(self) -> None:
        await self.release()
        make_folder(self._path.parent)
        try:
            # O_CLOEXEC: a reading process that outlives a killed daemon must not hold the lock.
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise StoreError(
                f"{self._path} を開けません（{error.strerror}）。持ち主と権限を確かめてください"
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, _TOLD_BYTES, 0).decode("ascii", "replace").strip()
            os.close(descriptor)
            raise DaemonRunning(running(holder or "hosho-bot", str(self._path))) from None
        except OSError as error:
            os.close(descriptor)
            raise StoreError(f"{self._path} をロックできません（{error.strerror}）") from error
        self._descriptor = descriptor
        with suppress(OSError):  # a full disk: the line is for people, the lock is the kernel's
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"hosho-bot {self._what} (pid {os.getpid()})\n".encode(), 0)

    async def is_held(self) -> bool:
        if self._descriptor is None:
            return False
        try:
            there = self._path.lstat()
        except OSError:
            return False
        ours = os.fstat(self._descriptor)
        return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)

    async def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
