"""Reads raw mail in supervised child processes: MIME and PDFs are hostile input, and pdfium aborts at times.

`Reader.read` is called by the sorter and by `inspect`. It promises an answer for any bytes within MAIL_SECONDS of a
child's time: the mail with its papers (those that killed a child stay closed with Trouble.LIMITS) or a ReadFailure.
Cancelling a caller kills the child at his work. Raises RuntimeError after close(), OSError if no process starts.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from pydantic import ValidationError

import bot
from bot.core.document import Document
from bot.core.reading import ReadFailure, ReadMail
from bot.documents.frames import ANSWER_BYTES, LENGTH_BYTES, OPENED, ORDER, READ_MAIL, READY, Order, framed

CHILDREN = 2
"""So many mails can be read at a time. The sorter reads one; the second is there at once when a bomb kills the first."""
MAIL_SECONDS = 30.0
"""Wall clock for one mail, with its retries (design: a person looks at what takes longer)."""
START_SECONDS = 20.0
"""Python and the libraries start in half a second; a machine under load may need many times that."""
MAILS_A_CHILD = 200
"""After so many mails a child is replaced: whatever leaked or was bent in it is gone."""
TRIES = 2
"""A child's death costs one retry in a fresh one; what kills two is to blame."""
_CLOSE_SECONDS = 2.0

_ROOT: Final = Path(bot.__file__).resolve().parents[1]
# No secret of the daemon's environment reaches a child. One malloc arena: each reserves 64 MiB of address space.
_ENVIRONMENT: Final = {"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin", "MALLOC_ARENA_MAX": "1"}


class _ChildDiedError(Exception):
    """The child ended, overran its time or spoke nonsense."""


@dataclass(slots=True)
class _Progress:
    """What is known of a mail, over the lives of several children."""

    read: ReadMail | None = None
    opened: dict[int, Document] = field(default_factory=dict)
    deaths: Counter[int] = field(default_factory=Counter)  # by place; -1 = over the mail itself

    def note_death(self, tries: int) -> None:
        self.deaths[self.place] += tries

    @property
    def place(self) -> int:
        """The first paper that is neither opened nor given up; -1 while the mail itself is unread."""
        if self.read is None:
            return -1
        return next(place for place in range(len(self.read.documents)) if place not in self.settled)

    @property
    def settled(self) -> frozenset[int]:
        return frozenset(self.opened) | {place for place, deaths in self.deaths.items() if deaths >= TRIES}

    @property
    def is_complete(self) -> bool:
        return self.read is not None and all(place in self.settled for place in range(len(self.read.documents)))

    @property
    def is_hopeless(self) -> bool:
        return self.deaths[-1] >= TRIES

    def result(self) -> ReadMail | ReadFailure:
        if self.read is None:
            return ReadFailure("the reading process died or ran out of time over the mail itself")
        closed = self.read.documents
        return ReadMail(self.read.mail, tuple(self.opened.get(place, paper) for place, paper in enumerate(closed)))


class _Child:
    """One process and its pipes. Its methods raise _ChildDiedError; after that, and after a cancel, it is killed."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        # Not Process.kill(): that polls first, and may so take the exit status away from asyncio's own watcher.
        self._handle: int | None = os.pidfd_open(process.pid)
        self._is_killed = False
        self.mails = 0

    @classmethod
    async def start(cls) -> _Child:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-E", "-s", "-B", "-m", "bot.documents.child", str(os.getpid())),
            cwd=_ROOT,
            env=_ENVIRONMENT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C at the daemon's terminal is the daemon's business
        )
        child = cls(process)
        try:
            async with asyncio.timeout(START_SECONDS):
                await child.receive_ready()
        except TimeoutError as error:
            child.let_go()
            raise _ChildDiedError from error
        except BaseException:
            child.let_go()
            raise
        return child

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.returncode is None and not self._is_killed

    @property
    def ran_out_of_cpu(self) -> bool:
        return self._process.returncode == -signal.SIGXCPU

    async def send(self, *frames: bytes) -> None:
        stdin = self._process.stdin
        assert stdin is not None  # noqa: S101 - asked for as a pipe
        try:
            for frame in frames:
                stdin.write(framed(frame))
                await stdin.drain()
        except ConnectionError as error:
            raise _ChildDiedError from error

    async def receive(self) -> bytes:
        stdout = self._process.stdout
        assert stdout is not None  # noqa: S101 - asked for as a pipe
        try:
            length = int.from_bytes(await stdout.readexactly(LENGTH_BYTES), "big")
            if length > ANSWER_BYTES:
                raise _ChildDiedError
            return await stdout.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise _ChildDiedError from error

    async def receive_ready(self) -> None:
        if await self.receive() != READY:
            raise _ChildDiedError

    def kill(self) -> None:
        self._is_killed = True
        if self._handle is not None:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, signal.SIGKILL)

    def let_go(self) -> None:
        """Kill it if it still lives, and forget it."""
        self.kill()
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    async def end(self, *, now: bool) -> None:
        """Close its stdin, which ends it, or kill it; and wait until it is gone."""
        stdin = self._process.stdin
        if now:
            self.kill()
        elif stdin is not None:
            stdin.close()
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._process.wait()
        except TimeoutError:
            self.kill()
            await self._process.wait()
        finally:
            self.let_go()


class _Slot:
    """A place for one child; reads one mail at a time and replaces the child when that is due."""

    def __init__(self, mails_a_child: int) -> None:
        self._mails_a_child = mails_a_child
        self._child: _Child | None = None

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child is not None and self._child.is_alive else None

    async def child(self) -> _Child:
        """Give the living child; start one if there is none or its time is over."""
        if self._child is not None and (self._child.mails >= self._mails_a_child or not self._child.is_alive):
            await self.end(now=False)
        if self._child is None:
            self._child = await _Child.start()
        return self._child

    async def end(self, *, now: bool) -> bool:
        """End the child. True when it had run out of its CPU time, which another try would only repeat."""
        child, self._child = self._child, None
        if child is None:
            return False
        await child.end(now=now)
        return child.ran_out_of_cpu

    def kill(self) -> None:
        if self._child is not None:
            self._child.kill()

    async def read(self, content: bytes, progress: _Progress) -> None:
        """Bring the reading forward until it is complete. Raises _ChildDiedError; the child is killed by then."""
        child = await self.child()
        try:
            child.mails += 1
            settled = progress.settled
            await child.send(ORDER.dump_json(Order(tuple(sorted(settled)))), content)
            progress.read = READ_MAIL.validate_json(await child.receive())
            for _ in set(range(len(progress.read.documents))) - settled:
                opened = OPENED.validate_json(await child.receive())
                progress.opened[opened.place] = opened.document
        except ValidationError as error:
            child.kill()
            raise _ChildDiedError from error
        except BaseException:
            # Also when our caller is cancelled: a child in the middle of an answer is out of step for ever.
            child.kill()
            raise


class Reader:
    """The pool. Children start with the first mail, or with warm(); an `async with` block closes them."""

    def __init__(
        self, children: int = CHILDREN, *, mail_seconds: float = MAIL_SECONDS, mails_a_child: int = MAILS_A_CHILD
    ) -> None:
        self._mail_seconds = mail_seconds
        self._slots = tuple(_Slot(mails_a_child) for _ in range(children))
        self._free: asyncio.LifoQueue[_Slot] = asyncio.LifoQueue()
        for slot in self._slots:
            self._free.put_nowait(slot)
        self._is_closed = False

    @property
    def pids(self) -> tuple[int, ...]:
        """Process ids of the living children, for `status` and for tests."""
        return tuple(slot.pid for slot in self._slots if slot.pid is not None)

    async def warm(self) -> None:
        """Start all children now, so that the first mails don't wait; one that fails is tried again with a mail."""
        slots = [self._free.get_nowait() for _ in range(self._free.qsize())]
        try:
            await asyncio.gather(*(slot.child() for slot in slots), return_exceptions=True)
        finally:
            for slot in slots:
                self._free.put_nowait(slot)

    async def read(self, content: bytes) -> ReadMail | ReadFailure:
        """Read a mail and open its papers. `content`: the mail's raw bytes."""
        if self._is_closed:
            raise RuntimeError("the reader is closed")
        slot = await self._free.get()
        try:
            return await _read(slot, content, self._mail_seconds)
        finally:
            self._free.put_nowait(slot)

    async def close(self) -> None:
        """Let the mails in work be read to their end (mail_seconds at most), then end the children."""
        self._is_closed = True
        slots: list[_Slot] = []
        try:
            while len(slots) < len(self._slots):
                slots.append(await self._free.get())
            await asyncio.gather(*(slot.end(now=False) for slot in slots))
        finally:
            for slot in self._slots:
                slot.kill()
            for slot in slots:
                self._free.put_nowait(slot)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


async def _read(slot: _Slot, content: bytes, seconds: float) -> ReadMail | ReadFailure:
    progress = _Progress()
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not progress.is_complete and not progress.is_hopeless:
                try:
                    await slot.read(content, progress)
                except _ChildDiedError:
                    progress.note_death(TRIES if await slot.end(now=True) else 1)
    return progress.result()
