"""Reads raw mail in supervised child processes: MIME and PDFs are hostile input, and pdfium aborts at times.

`Reader.read` is called by the sorter and by `inspect`. It promises an answer for any bytes within MAIL_SECONDS of a
child's time: the mail, what its papers say (those that killed a child stay closed with Trouble.LIMITS), or a ReadFailure;
`quick`, within QUICK_SECONDS, or TakesLong. Cancelling a caller kills the child at his work. Raises RuntimeError after
close(), OSError if no process starts.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from pydantic import ValidationError

import bot
from bot.core.key_notice import Formats
from bot.core.reading import ReadFailure, ReadMail, TakesLong
from bot.core.understanding import Understood, UnderstoodMail
from bot.documents.frames import (
    ANSWER_BYTES,
    LENGTH_BYTES,
    OPENED,
    ORDER,
    READ_MAIL,
    READY,
    UNDERSTOOD,
    Opened,
    Order,
)

log = logging.getLogger("hosho.reader")

PIECE_BYTES = 2**18
"""So much of a mail is written to a child's pipe at a time: what it does not take at once lies in memory twice."""
CHILDREN = 2
"""So many mails can be read at a time: no more than a small office machine has cores."""
MAIL_SECONDS = 30.0
"""Wall clock for one mail, with its retries (design: a person looks at what takes longer)."""
PAPER_SECONDS = 10.0
"""Wall clock for a mail's own text, and for each of its papers (faults.md A3)."""
CPU_SECONDS = 5.0
"""CPU time for the same: a notice takes some 20 ms, the slowest honest PDF of 6,231 took 1.1 s."""
QUICK_SECONDS = 4.0
QUICK_CPU_SECONDS = 0.5
"""What a first reading gets for all of a mail: hundreds of notices' time, and so little that twenty bombs hold up nobody."""
START_SECONDS = 20.0
"""Python and the libraries start in half a second; a machine under load may need many times that."""
MAILS_A_CHILD = 200
"""After so many mails a child is replaced: whatever leaked or was bent in it is gone."""
DEADLY_PAPERS = 2
"""When so many papers of a mail have ended their children, the rest stay closed: an honest mail has not one."""
TRIES = 2
"""A child's death costs one retry in a fresh one; what kills two is to blame."""
_CLOSE_SECONDS = 2.0

_ROOT: Final = Path(bot.__file__).resolve().parents[1]
# No secret of the daemon's environment reaches a child. One malloc arena: each reserves 64 MiB of address space.
_ENVIRONMENT: Final = {"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin", "MALLOC_ARENA_MAX": "1"}


class _ChildDiedError(Exception):
    """The child ended, overran its time or spoke nonsense. `ran_out`: of its wall time, which another try would only repeat."""

    def __init__(self, *, ran_out: bool = False) -> None:
        super().__init__()
        self.ran_out = ran_out


_MAIL = -1  # the place of the mail itself, before its papers'


@dataclass(slots=True)
class _Progress:
    """What is known of a mail, over the lives of several children."""

    read: ReadMail | None = None
    opened: dict[int, Opened] = field(default_factory=dict)
    understood: Understood | None = None
    deaths: Counter[int] = field(default_factory=Counter)

    def note_death(self, tries: int) -> None:
        self.deaths[self.place] += tries

    def leave_the_rest_closed(self) -> None:
        """Give up every paper that is not opened yet."""
        if self.read is not None:
            self.deaths.update(dict.fromkeys(set(range(len(self.read.documents))) - self.opened.keys(), TRIES))

    @property
    def place(self) -> int:
        """The first paper that is neither opened nor given up; behind the last one: what all of them say."""
        if self.read is None:
            return _MAIL
        count = len(self.read.documents)
        return next((n for n in range(count) if n not in self.opened and n not in self.given_up), count)

    @property
    def given_up(self) -> frozenset[int]:
        return frozenset(place for place, deaths in self.deaths.items() if deaths >= TRIES)

    @property
    def is_hopeless(self) -> bool:
        return self.place in self.given_up

    def order(self, formats: Formats) -> Order:
        """What is left to do."""
        closed = sorted(self.given_up - {_MAIL})
        known = tuple(self.opened[place] for place in sorted(self.opened))
        return Order(formats, known, tuple(closed), CPU_SECONDS, CPU_SECONDS)

    def result(self) -> UnderstoodMail | ReadFailure:
        if self.read is None or self.understood is None:
            return ReadFailure("the reading process died or ran out of time over the mail itself")
        papers = enumerate(self.read.documents)
        documents = tuple(self.opened[place].document if place in self.opened else paper for place, paper in papers)
        return UnderstoodMail(self.read.mail, documents, self.understood, self.read.report)


class _Child:
    """One process and its pipes. Its methods raise _ChildDiedError; after that, and after a cancel, it is killed."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        # Not Process.kill(): that polls first, and may so take the exit status away from asyncio's own watcher.
        self._handle: int | None = os.pidfd_open(process.pid)
        self._is_killed = False
        self.mails = 0
        self.unfiltered = ""

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
                child.unfiltered = READY.validate_json(await child.receive()).unfiltered
        except (TimeoutError, ValidationError) as error:
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
    def has_only_itself_to_blame(self) -> bool:
        """Whether the mail in hand ended it (after it was awaited), so that another child would fare no better.

        One that had read other mails before may have died of those; one that was killed from outside gets another try.
        """
        ended_by = -(self._process.returncode or 0)
        if ended_by in {signal.SIGPROF, signal.SIGSYS}:
            return True
        return self.mails <= 1 and ended_by not in {0, signal.SIGKILL}

    @property
    def broke_out(self) -> bool:
        return self._process.returncode == -signal.SIGSYS

    async def send(self, *frames: bytes) -> None:
        stdin = self._process.stdin
        assert stdin is not None  # noqa: S101 - asked for as a pipe
        try:
            for frame in frames:
                stdin.write(len(frame).to_bytes(LENGTH_BYTES, "big"))
                for start in range(
                    0, len(frame), PIECE_BYTES
                ):  # a transport keeps a copy of what it can't write at once
                    stdin.write(frame[start : start + PIECE_BYTES])
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

    def __init__(self, mails_a_child: int, on_start: Callable[[str], None]) -> None:
        self._mails_a_child = mails_a_child
        self._on_start = on_start
        self._child: _Child | None = None

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child is not None and self._child.is_alive else None

    @property
    def is_dead(self) -> bool:
        return self._child is None or not self._child.is_alive

    def is_due(self, *, times: int = 1) -> bool:
        """Whether the child has read its share of mails, so many times over."""
        return self._child is not None and self._child.mails >= times * self._mails_a_child

    async def child(self) -> _Child:
        """Give the living child; start one if there is none. Raises _ChildDiedError, OSError."""
        if self._child is not None and not self._child.is_alive:
            await self.end(now=False)
        if self._child is None:
            self._child = await _Child.start()
            self._on_start(self._child.unfiltered)
        return self._child

    async def renew(self) -> None:
        """Put a fresh child in the place of this one; if none starts now, the next mail tries again."""
        await self.end(now=False)
        try:
            await self.child()
        except (_ChildDiedError, OSError):
            log.warning("a reading process did not start; the next mail tries again")

    async def end(self, *, now: bool) -> bool:
        """End the child. True when the mail in hand had ended it already, and would do the same to another."""
        child, self._child = self._child, None
        if child is None:
            return False
        await child.end(now=now)
        if child.broke_out:
            log.error("a mail's content made its reading process ask for what it may not; the process was killed")
        return child.has_only_itself_to_blame

    def kill(self) -> None:
        if self._child is not None:
            self._child.kill()

    async def read(self, content: bytes, order: Order, progress: _Progress) -> None:
        """Bring the reading forward until it is complete. Raises _ChildDiedError; the child is killed by then."""
        child = await self.child()
        try:
            child.mails += 1
            await child.send(ORDER.dump_json(order), content)
            progress.read = READ_MAIL.validate_json(await _in_time(child.receive()))
            skipped = progress.opened.keys() | set(order.leave_closed)
            for _ in set(range(len(progress.read.documents))) - skipped:
                opened = OPENED.validate_json(await _in_time(child.receive()))
                progress.opened[opened.place] = opened
            progress.understood = UNDERSTOOD.validate_json(await _in_time(child.receive()))
        except ValidationError as error:
            child.kill()
            raise _ChildDiedError from error
        except BaseException:
            # Also when our caller is cancelled: a child in the middle of an answer is out of step for ever.
            child.kill()
            raise


async def _in_time(frame: Coroutine[None, None, bytes]) -> bytes:
    """The child's next frame. Raises _ChildDiedError."""
    clock = asyncio.timeout(PAPER_SECONDS)
    try:
        async with clock:
            return await frame
    except TimeoutError as error:
        if not clock.expired():
            raise  # the mail's own clock
        raise _ChildDiedError(ran_out=True) from error


class Reader:
    """The pool. Children start with the first mail, or with warm(); an `async with` block closes them."""

    def __init__(
        self, children: int = CHILDREN, *, mail_seconds: float = MAIL_SECONDS, mails_a_child: int = MAILS_A_CHILD
    ) -> None:
        self._mail_seconds = mail_seconds
        self._slots = tuple(_Slot(mails_a_child, self._note_start) for _ in range(children))
        self._free: asyncio.LifoQueue[_Slot] = asyncio.LifoQueue()
        for slot in self._slots:
            self._free.put_nowait(slot)
        self._waiting = 0
        self._renewals: set[asyncio.Task[None]] = set()
        self._unfiltered = ""
        self._is_closed = False

    @property
    def children(self) -> int:
        """How many mails can be read at a time."""
        return len(self._slots)

    @property
    def pids(self) -> tuple[int, ...]:
        """Process ids of the living children, for `status` and for tests."""
        return tuple(slot.pid for slot in self._slots if slot.pid is not None)

    @property
    def unfiltered(self) -> str:
        """Why the children started so far run without a filter of system calls; "" when they have one, or none started."""
        return self._unfiltered

    def _note_start(self, unfiltered: str) -> None:
        if unfiltered and not self._unfiltered:
            log.warning("mails are read without a filter of system calls, within all other limits: %s", unfiltered)
        self._unfiltered = unfiltered

    async def warm(self) -> None:
        """Start all children now, so that the first mails don't wait; one that fails is tried again with a mail."""
        if self._renewals:
            await asyncio.wait(self._renewals)
        slots = [self._free.get_nowait() for _ in range(self._free.qsize())]
        try:
            await asyncio.gather(*(slot.child() for slot in slots), return_exceptions=True)
        finally:
            for slot in slots:
                self._free.put_nowait(slot)

    async def read(
        self, content: bytes, formats: Formats | None = None, *, quick: bool = False
    ) -> UnderstoodMail | ReadFailure | TakesLong:
        """Read a mail, open its papers and understand them. `content`: the mail's raw bytes; `formats`: None = the usual ones.

        `quick`: give it QUICK_SECONDS in all and one try; TakesLong is returned for no other reason.
        """
        if self._is_closed:
            raise RuntimeError("the reader is closed")
        self._waiting += 1
        try:
            slot = await self._free.get()
        finally:
            self._waiting -= 1
        try:
            if quick:
                return await _read_quickly(slot, content, formats or Formats())
            return await _read(slot, content, formats or Formats(), self._mail_seconds)
        finally:
            self._give_back(slot)

    def _give_back(self, slot: _Slot) -> None:
        """Let others have the slot; first give it a fresh child if it needs one, and nobody waits for it (or it must be)."""
        is_due = slot.is_dead or slot.is_due(times=1 if not self._waiting else 2)
        if self._is_closed or not is_due:
            self._free.put_nowait(slot)
            return
        renewal = asyncio.create_task(slot.renew())
        self._renewals.add(renewal)
        renewal.add_done_callback(self._renewals.discard)
        renewal.add_done_callback(lambda _: self._free.put_nowait(slot))

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


async def _read_quickly(slot: _Slot, content: bytes, formats: Formats) -> UnderstoodMail | ReadFailure | TakesLong:
    progress = _Progress()
    order = Order(formats, mail_cpu=QUICK_CPU_SECONDS, paper_cpu=0)
    try:
        await slot.child()  # its start is not the mail's fault
        async with asyncio.timeout(QUICK_SECONDS):
            await slot.read(content, order, progress)
    except (TimeoutError, _ChildDiedError):
        await slot.end(now=True)
        return TakesLong()
    return progress.result()


async def _read(slot: _Slot, content: bytes, formats: Formats, seconds: float) -> UnderstoodMail | ReadFailure:
    progress = _Progress()
    await _bring_forward(slot, content, formats, progress, seconds)
    if progress.read is not None and progress.understood is None:
        progress.leave_the_rest_closed()
        await _bring_forward(slot, content, formats, progress, PAPER_SECONDS)
    return progress.result()


async def _bring_forward(slot: _Slot, content: bytes, formats: Formats, progress: _Progress, seconds: float) -> None:
    """Read on, with one child after the other, until there is nothing left to do, no hope, or no time."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while progress.understood is None and not progress.is_hopeless:
                try:
                    await slot.read(content, progress.order(formats), progress)
                except _ChildDiedError as error:
                    is_final = await slot.end(now=True) or error.ran_out
                    progress.note_death(TRIES if is_final else 1)
                    if len(progress.given_up) >= DEADLY_PAPERS:
                        progress.leave_the_rest_closed()
