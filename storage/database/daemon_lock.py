"""One daemon per database: a lock that the system releases when the process ends, also by a crash.

`serve` starts with `async with await DaemonLock.take(url):`; `keys rotate` takes the lock too. SQLite: flock on
`<file>.daemon`; PostgreSQL: an advisory lock on a separate connection; memory: none. Other commands need no lock.
Imports nothing heavy: a second daemon must refuse within two seconds. Raises DaemonRunning, StoreError.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol, Self

from storage.errors import DaemonRunning, StoreError
from storage.files import make_folder, sqlite_file

log = logging.getLogger("hosho.guard")

# The key of the advisory lock, unique in the PostgreSQL database: "daemon" in ASCII.
DAEMON_LOCK = 0x6461656D6F6E
# How often `watch` checks that the lock is still held, and how long the server may take to answer.
LOOK_SECONDS = 5.0
_ANSWER_SECONDS = 10.0
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
    """The lock of the database's only daemon; an async context manager that releases it."""

    def __init__(self, lock: _Lock | None) -> None:
        self._lock = lock

    @classmethod
    async def take(cls, url: str, *, what: str = "serve") -> Self:
        """Take the lock. `url`: as for Store.open; `what`: the command's name, shown to a process that finds the lock taken.

        Raises DaemonRunning (Japanese, says what to do) when another process holds it, StoreError when the lock fails.
        """
        lock: _Lock | None = None
        if url.startswith("sqlite:"):
            file = sqlite_file(url)
            lock = _FileLock(file.resolve(), what) if file else None
        else:
            lock = _ServerLock(url, what)
        if lock is not None:
            await _take(lock)
        return cls(lock)

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
            raise DaemonRunning(_running(holder or "hosho-bot", str(self._path))) from None
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


class _ServerLock:
    """A session-level advisory lock: PostgreSQL releases it with the connection."""

    def __init__(self, url: str, what: str) -> None:
        self._url = url
        self._what = what
        self._connection: Any = None  # asyncpg's, which is an extra

    async def take(self) -> None:
        from storage.database.connection import read_url  # noqa: PLC0415 - Tortoise is slow to load

        await self.release()
        where = read_url(self._url, durable=True)
        try:
            import asyncpg  # noqa: PLC0415 - an extra: absent where only SQLite is used
        except ImportError as error:
            raise StoreError("PostgreSQL needs the package asyncpg: install hosho-bot[postgresql]") from error
        login = {name: where.credentials.get(name) for name in ("host", "port", "user", "password", "database", "ssl")}
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                connection = await asyncpg.connect(
                    **{name: value for name, value in login.items() if value is not None},
                    server_settings={"application_name": f"hosho-bot {self._what}"},
                )
                self._connection = connection
                taken = await connection.fetchval("SELECT pg_try_advisory_lock($1)", DAEMON_LOCK)
        except _failures() as error:
            await self.release()
            raise StoreError(f"the database could not be asked ({type(error).__name__})") from error
        if not taken:
            await self.release()
            raise DaemonRunning(_running("hosho-bot", where.credentials.get("database") or "PostgreSQL"))

    async def is_held(self) -> bool:
        if self._connection is None or self._connection.is_closed():
            return False
        try:
            # A query detects also a connection that is lost without being closed.
            async with asyncio.timeout(_ANSWER_SECONDS):
                await self._connection.execute("SELECT 1")
        except _failures():
            return False
        return True

    async def release(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()  # unlike close(), it does not wait for the server


def _failures() -> tuple[type[Exception], ...]:
    from storage.database.connection import driver_errors  # noqa: PLC0415 - Tortoise is slow to load

    return (*driver_errors(), TimeoutError)


def _running(holder: str, place: str) -> str:
    return f"このデータベース（{place}）は、既に動いている {holder} が使っています。先にそれを止めてください"
