"""The content of a mail while it is received: the first part in memory, the rest in an unnamed file.

Made by session.py for each DATA, handed to the Receiver as a `SpooledMail`. The file (mode 0600, in the data folder) has no
name and disappears when it is closed, also by a crash; its blocks are encrypted with a key that only this process has. It is
never synced: only the database is durable. Disk work runs in threads. `write` and `content` raise OSError; ENOSPC also when
`has_room` is False.
"""

from __future__ import annotations

import asyncio
import errno
import os
import tempfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import IO, Any, TypeVar

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from bot.core.records.envelope import Arrival, Envelope
from bot.crash_points import crash_point

Result = TypeVar("Result")

MEMORY_BYTES = 256 * 1024
"""Most mails with a paper are smaller and need no file. Each of a hundred clients may hold this much."""


_KEY_BYTES = 32
_COUNTER_BYTES = 16


class Spool:
    """The content of one mail. `close` must be called in every case; the file is closed after a running disk operation."""

    def __init__(self, folder: Path, has_room: Callable[[], bool]) -> None:
        self.size_bytes = 0
        self._folder = folder
        self._has_room = has_room
        self._memory = bytearray()
        self._file: IO[bytes] | None = None
        self._cipher = Cipher(
            AES(os.urandom(_KEY_BYTES)), CTR(bytes(_COUNTER_BYTES))
        )  # a fresh key for each mail, so the counter may start at 0
        self._sealing = self._cipher.encryptor()
        self._working: asyncio.Future[Any] | None = None
        self._closed = False

    async def write(self, content: bytes) -> None:
        """Append."""
        self._memory += content
        self.size_bytes += len(content)
        if len(self._memory) > MEMORY_BYTES:
            if self._file is None and not self._has_room():
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            await self._in_thread(self._to_file)

    async def content(self) -> bytes:
        """The whole content, loaded into memory."""
        if self._file is None:
            return bytes(self._memory)
        return await self._in_thread(self._from_file)

    def close(self) -> None:
        """Close the file. Twice is no error."""
        self._closed = True
        if self._working is None or self._working.done():
            self._close()
        else:  # a closed descriptor could be another file's by the time the thread writes to it
            self._working.add_done_callback(lambda _: self._close())

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        """Run disk work in a thread; a cancel of the caller does not interrupt it."""
        if self._closed:
            raise ValueError("the spool is closed")
        working = asyncio.get_running_loop().run_in_executor(None, work)
        working.add_done_callback(_note_outcome)
        self._working = working
        return await asyncio.shield(working)

    def _to_file(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(dir=self._folder, buffering=0)  # noqa: SIM115 - closed by `close`
        rest = memoryview(self._sealing.update(self._memory))
        self._memory.clear()
        while rest:
            rest = rest[self._file.write(rest) :]
            crash_point("intake.spooling")

    def _from_file(self) -> bytes:
        self._to_file()
        assert self._file is not None  # noqa: S101 - for the type checker
        self._file.seek(0)
        unsealing = self._cipher.decryptor()
        content = BytesIO()
        while piece := self._file.read(MEMORY_BYTES):
            content.write(unsealing.update(piece))
        if content.tell() != self.size_bytes:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return content.getvalue()

    def _close(self) -> None:
        self._memory = bytearray()
        if self._file is not None:
            self._file.close()


class SpooledMail:
    """A spooled mail as a `Parcel` of the Receiver: loaded into memory only for its transaction."""

    def __init__(self, envelope: Envelope, spool: Spool) -> None:
        self._envelope = envelope
        self._spool = spool

    @property
    def size_bytes(self) -> int:
        """The content's size."""
        return self._spool.size_bytes

    async def unpack(self) -> Arrival:
        """Load the whole mail. Raises OSError."""
        return Arrival(self._envelope, await self._spool.content())

    def close(self) -> None:
        """Free the content."""
        self._spool.close()


def _note_outcome(working: asyncio.Future[Any]) -> None:
    """Retrieve the outcome: the caller may be cancelled, and asyncio logs an exception that is never retrieved."""
    if not working.cancelled():
        working.exception()
