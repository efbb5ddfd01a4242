"""Reads raw mail in supervised child processes: MIME and PDFs are hostile input, and pdfium aborts at times.

`Reader.read` is called by the sorter and by `inspect`. It promises an answer for any bytes within MAIL_SECONDS of a
child's time, and SIGHT_SECONDS where there is something to look at: the mail, what its papers say (those that killed a child
stay closed with Trouble.LIMITS), or a ReadFailure; `quick`, within QUICK_SECONDS, or TakesLong. Cancelling a caller kills the
child at his work. Raises RuntimeError after close(), OSError if no process starts.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from types import TracebackType
from typing import Self

from bot.core.mail.message import Mail
from bot.core.notice.evidence import View
from bot.core.notice.interpret import UnderstoodMail
from bot.core.notice.read_mail import ReadFailure, TakesLong
from bot.core.notice.visual_check import VisualCheck
from bot.core.policy.policy import Formats
from bot.core.records.secret import Password
from bot.documents.images.sight import is_installed
from bot.documents.pool.frames import SIGHT, TEXT, Drawing
from bot.documents.pool.process import ChildDiedError
from bot.documents.pool.progress import TRIES, Progress, ReadJob
from bot.documents.pool.slot import Slot, SlotRules

log = logging.getLogger("hosho.reader")

CHILDREN = 2
"""So many mails can be read at a time: no more than a small office machine has cores."""
MAIL_SECONDS = 30.0
"""Wall clock for one mail, with its retries; a person looks at what takes longer."""
PAPER_SECONDS = 10.0
"""Wall clock for a mail's own text, and for each of its papers."""
CPU_SECONDS = 5.0
"""CPU time for the same: a notice takes some 20 ms, the slowest honest PDF of 6,231 took 1.1 s."""
QUICK_SECONDS = 4.0
QUICK_CPU_SECONDS = 0.5
"""What a first reading gets for all of a mail: hundreds of notices' time, and so little that twenty bombs hold up nobody."""
SIGHT_SECONDS = 90.0
"""Wall clock for the second look at a mail: ten scanned pages with room to spare."""
SIGHT_PAPER_SECONDS = 60.0
SIGHT_CPU_SECONDS = 45.0
"""For each paper: a scanned page takes some two seconds."""
MAILS_A_CHILD = 200
SIGHTS_A_CHILD = 200
_LOWEST_PRIORITY = 19
DEADLY_PAPERS = 2
"""When so many papers of a mail have ended their children, the rest stay closed: an honest mail has not one."""


def _anything(_: Mail) -> bool:
    return True


class Reader:
    """The pool. Children start with the first mail, or with warm(); an `async with` block closes them.

    `sees`: whether pictures are recognised and papers looked at; None = wherever the recogniser is installed.
    """

    def __init__(
        self,
        children: int = CHILDREN,
        *,
        mail_seconds: float = MAIL_SECONDS,
        mails_a_child: int = MAILS_A_CHILD,
        sees: bool | None = None,
    ) -> None:
        self._mail_seconds = mail_seconds
        rules = SlotRules(TEXT, mails_a_child, PAPER_SECONDS)
        self._slots = tuple(Slot(rules, self._note_start) for _ in range(children))
        self._free: asyncio.LifoQueue[Slot] = asyncio.LifoQueue()
        for slot in self._slots:
            self._free.put_nowait(slot)
        self._sight = Slot(SlotRules(SIGHT, SIGHTS_A_CHILD, SIGHT_PAPER_SECONDS), self._note_start)
        # Of its own, and of low priority: an alert's pictures must not make another mail's reading wait.
        self._drawing_slot = Slot(SlotRules(SIGHT, 1, SIGHT_PAPER_SECONDS), self._note_start)
        self._looking, self._drawing = asyncio.Lock(), asyncio.Lock()
        self._sees = is_installed() if sees is None else sees
        self._waiting = 0
        self._renewals: set[asyncio.Task[None]] = set()
        self._unfiltered = ""
        self._is_closed = False

    @property
    def children(self) -> int:
        """How many mails can be read at a time."""
        return len(self._slots)

    @property
    def sees(self) -> bool:
        """Whether pictures are recognised."""
        return self._sees

    @property
    def pids(self) -> tuple[int, ...]:
        """Process ids of the living children, for `status` and for tests; the one that looks comes last."""
        return tuple(slot.pid for slot in self._all_slots if slot.pid is not None)

    @property
    def _all_slots(self) -> tuple[Slot, ...]:
        return (*self._slots, self._drawing_slot, self._sight)

    @property
    def unfiltered(self) -> str:
        """Why the children started so far run without a filter of system calls; "" when they have one, or none started."""
        return self._unfiltered

    def _note_start(self, unfiltered: str) -> None:
        if unfiltered and not self._unfiltered:
            log.warning("mails are read without a filter of system calls, within all other limits: %s", unfiltered)
        self._unfiltered = unfiltered

    async def warm(self) -> None:
        """Start all children now, those that read text first; mails that come meanwhile wait for theirs.

        One that fails is tried again with a mail.
        """
        if self._renewals:
            await asyncio.wait(self._renewals)
        slots = [self._free.get_nowait() for _ in range(self._free.qsize())]
        try:
            await asyncio.gather(*(slot.child() for slot in slots), return_exceptions=True)
        finally:
            for slot in slots:
                self._free.put_nowait(slot)
        if self._sees:
            async with self._looking:
                await asyncio.gather(self._sight.child(), return_exceptions=True)
                if self._sight.is_dead:
                    log.error(
                        "the process that looks at papers does not start: until it does, every notice is for a person"
                    )
        log.info("mails can be read without waiting for a process")

    async def read(
        self,
        content: bytes,
        formats: Formats | None = None,
        *,
        quick: bool = False,
        passwords: Sequence[Password] = (),
        worth_a_look: Callable[[Mail], bool] = _anything,
    ) -> UnderstoodMail | ReadFailure | TakesLong:
        """Read a mail, open its papers and understand them. `content`: the mail's raw bytes; `formats`: None = the usual ones.

        `quick`: give it QUICK_SECONDS in all and one try; TakesLong is returned when that is not enough, or when it has pictures
        to recognise. `worth_a_look`: whether such a mail's papers deserve a second look.
        """
        if self._is_closed:
            raise RuntimeError("the reader is closed")
        task = ReadJob(content, formats or Formats(), passwords, QUICK_CPU_SECONDS if quick else CPU_SECONDS)
        progress = await self._read_text(task, quick=quick)
        if isinstance(progress, TakesLong):
            return progress
        look = progress.look if self._sees and progress.read and worth_a_look(progress.read.mail) else VisualCheck.NONE
        if look is VisualCheck.NONE or progress.understood is None:
            return progress.result()
        if quick and look is VisualCheck.READ:
            return TakesLong()
        return await self._look(task, progress, quick=quick)

    # -- the text

    async def _read_text(self, task: ReadJob, *, quick: bool) -> Progress | TakesLong:
        self._waiting += 1
        try:
            slot = await self._free.get()
        finally:
            self._waiting -= 1
        try:
            return await (_read_quickly(slot, task) if quick else _read(slot, task, self._mail_seconds))
        finally:
            self._give_back(slot)

    def _give_back(self, slot: Slot) -> None:
        """Let others have the slot; first give it a fresh child if it needs one, and nobody waits for it (or it must be)."""
        is_due = slot.is_dead or slot.is_due(times=1 if not self._waiting else 2)
        if self._is_closed or not is_due:
            self._free.put_nowait(slot)
            return
        renewal = asyncio.create_task(slot.renew())
        self._renewals.add(renewal)
        renewal.add_done_callback(self._renewals.discard)
        renewal.add_done_callback(lambda _: self._free.put_nowait(slot))

    # -- the second look

    async def _look(
        self, task: ReadJob, progress: Progress, *, quick: bool
    ) -> UnderstoodMail | ReadFailure | TakesLong:
        """Look at what the text left open, or may have told wrongly. What could not be looked at is for a person."""
        seen = progress.for_sight()
        task = replace(task, look=True, cpu_seconds=SIGHT_CPU_SECONDS)
        try:
            async with asyncio.timeout(QUICK_SECONDS if quick else SIGHT_SECONDS), self._looking:
                await _bring_forward(self._sight, task, seen)
                if self._sight.is_due():
                    await self._sight.end(now=False)
        except TimeoutError:
            if quick:
                return TakesLong()
        if seen.understood is not None and seen.given_up == progress.given_up:
            return seen.result()
        log.warning("a mail's papers could not be looked at, a person is asked to")
        return await self._put_together(task, progress.with_unseen(seen))

    async def _put_together(self, task: ReadJob, progress: Progress) -> UnderstoodMail | ReadFailure:
        """What all papers say, once each of them is known."""
        if self._is_closed:
            raise RuntimeError("the reader is closed")
        slot = await self._free.get()
        try:
            await _bring_forward(slot, replace(task, look=False, cpu_seconds=CPU_SECONDS), progress)
        finally:
            self._give_back(slot)
        return progress.result()

    async def draw(
        self, content: bytes, views: Sequence[View], passwords: Sequence[Password] = ()
    ) -> tuple[bytes, ...]:
        """A PNG for each view of the mail's papers, b"" for what can't be shown; nothing is raised for a mail's sake."""
        if self._is_closed:
            raise RuntimeError("the reader is closed")
        nothing = (b"",) * len(views)
        try:
            async with asyncio.timeout(SIGHT_PAPER_SECONDS), self._drawing:
                os.setpriority(os.PRIO_PROCESS, (await self._drawing_slot.child()).pid, _LOWEST_PRIORITY)
                pictures = await self._drawing_slot.draw(content, Drawing(tuple(views), passwords=tuple(passwords)))
                await self._drawing_slot.end(now=False)
        except (TimeoutError, ChildDiedError, OSError):
            log.warning("no picture could be made of a mail's papers")
            return nothing
        return pictures if len(pictures) == len(views) else nothing

    async def close(self) -> None:
        """Let the mails in work be read to their end (mail_seconds at most), then end the children."""
        self._is_closed = True
        slots: list[Slot] = []
        try:
            while len(slots) < len(self._slots):
                slots.append(await self._free.get())
            async with self._looking:
                await asyncio.gather(*(slot.end(now=False) for slot in (*slots, self._sight)))
        finally:
            for slot in self._all_slots:
                slot.kill()
            for slot in slots:
                self._free.put_nowait(slot)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


async def _read_quickly(slot: Slot, task: ReadJob) -> Progress | TakesLong:
    progress = Progress()
    try:
        await slot.child()  # its start is not the mail's fault
        async with asyncio.timeout(QUICK_SECONDS):
            await slot.read(replace(task, whole_cpu=True), progress)
    except (TimeoutError, ChildDiedError):
        await slot.end(now=True)
        return TakesLong()
    return progress


async def _read(slot: Slot, task: ReadJob, seconds: float) -> Progress:
    progress = Progress()
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await _bring_forward(slot, task, progress)
    if progress.read is not None and progress.understood is None:
        progress.leave_the_rest_closed()
        with suppress(TimeoutError):
            async with asyncio.timeout(PAPER_SECONDS):
                await _bring_forward(slot, task, progress)
    return progress


async def _bring_forward(slot: Slot, task: ReadJob, progress: Progress) -> None:
    """Read on, with one child after the other, until there is nothing left to do or no hope. Raises TimeoutError from outside."""
    while progress.understood is None and not progress.is_hopeless:
        try:
            await slot.read(task, progress)
        except ChildDiedError as error:
            is_final = await slot.end(now=True) or error.ran_out
            progress.note_death(TRIES if is_final else 1)
            if len(progress.given_up) >= DEADLY_PAPERS:
                progress.leave_the_rest_closed()
