"""Reads raw mail in supervised child processes: MIME and PDFs are hostile input, and pdfium aborts at times.

`Reader.read` is called by the sorter and by `inspect`. It promises an answer for any bytes within MAIL_SECONDS of its
children's time, and SIGHT_SECONDS where there is something to look at: the mail, what its papers say (those that killed a child
stay closed with Trouble.LIMITS), or a ReadFailure; `quick`, within QUICK_SECONDS, or TakesLong. Cancelling a caller kills the
child at his work. Raises RuntimeError after close(), OSError if no process starts.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
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
from bot.documents.pool.children import Children
from bot.documents.pool.frames import SIGHT, TEXT, Drawing
from bot.documents.pool.process import ChildDiedError
from bot.documents.pool.progress import TRIES, Progress, ReadJob

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
_LOWEST_PRIORITY = 19
DEADLY_PAPERS = 2
"""When so many papers of a mail have ended their children, the rest stay closed: an honest mail has not one."""


def _anything(_: Mail) -> bool:
    return True


class Reader:
    """The pool: a fork server, and a child of its own for each mail. It starts with the first mail, or with warm(); an
    `async with` block ends it.

    `sees`: whether pictures are recognised and papers looked at; None = wherever the recogniser is installed.
    """

    def __init__(
        self, children: int = CHILDREN, *, mail_seconds: float = MAIL_SECONDS, sees: bool | None = None
    ) -> None:
        self._mail_seconds = mail_seconds
        self._children = children
        self._free = asyncio.Semaphore(children)
        self._text = Children(TEXT, PAPER_SECONDS, self._note_start)
        self._sight = Children(SIGHT, SIGHT_PAPER_SECONDS, self._note_start)
        self._looking, self._drawing = asyncio.Lock(), asyncio.Lock()
        self._sees = is_installed() if sees is None else sees
        self._unfiltered = ""
        self._is_closed = False

    @property
    def children(self) -> int:
        """How many mails can be read at a time."""
        return self._children

    @property
    def sees(self) -> bool:
        """Whether pictures are recognised."""
        return self._sees

    @property
    def pids(self) -> tuple[int, ...]:
        """Process ids of the children at work; the one that looks comes last."""
        return (*self._text.pids, *self._sight.pids)

    @property
    def server_pids(self) -> tuple[int, ...]:
        """Process ids of the living fork servers; the one whose children look comes last."""
        return tuple(pid for pid in (self._text.server_pid, self._sight.server_pid) if pid is not None)

    @property
    def unfiltered(self) -> str:
        """Why the last child ran without a filter of system calls; "" when it had one, or none has read yet."""
        return self._unfiltered

    def _note_start(self, unfiltered: str) -> None:
        if unfiltered and not self._unfiltered:
            log.warning("mails are read without a filter of system calls, within all other limits: %s", unfiltered)
        self._unfiltered = unfiltered

    async def warm(self) -> None:
        """Start the fork servers now, first the one for text; mails that come meanwhile wait for it.

        One that fails is tried again with a mail.
        """
        with suppress(ChildDiedError, OSError):
            await self._text.server()
        if self._sees:
            try:
                await self._sight.server()
            except (ChildDiedError, OSError):
                log.error(  # noqa: TRY400 - there is nothing to trace
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
        async with self._free:
            return await (_read_quickly(self._text, task) if quick else _read(self._text, task, self._mail_seconds))

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
        async with self._free:
            await _bring_forward(self._text, replace(task, look=False, cpu_seconds=CPU_SECONDS), progress)
        return progress.result()

    async def draw(
        self, content: bytes, views: Sequence[View], passwords: Sequence[Password] = ()
    ) -> tuple[bytes, ...]:
        """A PNG for each view of the mail's papers, b"" for what can't be shown; nothing is raised for a mail's sake."""
        if self._is_closed:
            raise RuntimeError("the reader is closed")
        nothing = (b"",) * len(views)
        try:
            # Of low priority, and beside a look: an alert's pictures must not make another mail's reading wait.
            async with asyncio.timeout(SIGHT_PAPER_SECONDS), self._drawing:
                order = Drawing(tuple(views), passwords=tuple(passwords))
                pictures = await self._sight.draw(content, order, _LOWEST_PRIORITY)
                if not self._sees:  # without a recogniser it is needed for pictures only
                    await self._sight.end()
        except (TimeoutError, ChildDiedError, OSError):
            log.warning("no picture could be made of a mail's papers")
            return nothing
        return pictures if len(pictures) == len(views) else nothing

    async def close(self) -> None:
        """Let the mails in work be read to their end (mail_seconds at most), then end the processes."""
        self._is_closed = True
        try:
            async with AsyncExitStack() as work:
                for _ in range(self._children):
                    await work.enter_async_context(self._free)
                async with self._looking:
                    await asyncio.gather(self._text.end(), self._sight.end())
        finally:
            self._text.kill()
            self._sight.kill()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


async def _read_quickly(children: Children, task: ReadJob) -> Progress | TakesLong:
    progress = Progress()
    try:
        await children.server()  # its start is not the mail's fault
        async with asyncio.timeout(QUICK_SECONDS):
            await children.read(replace(task, whole_cpu=True), progress)
    except (TimeoutError, ChildDiedError):
        return TakesLong()
    return progress


async def _read(children: Children, task: ReadJob, seconds: float) -> Progress:
    progress = Progress()
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await _bring_forward(children, task, progress)
    if progress.read is not None and progress.understood is None:
        progress.leave_the_rest_closed()
        with suppress(TimeoutError):
            async with asyncio.timeout(PAPER_SECONDS):
                await _bring_forward(children, task, progress)
    return progress


async def _bring_forward(children: Children, task: ReadJob, progress: Progress) -> None:
    """Read on, with one child after the other, until there is nothing left to do or no hope. Raises TimeoutError from outside."""
    while progress.understood is None and not progress.is_hopeless:
        try:
            await children.read(task, progress)
        except ChildDiedError as error:
            progress.note_death(TRIES if error.is_final else 1)
            if len(progress.given_up) >= DEADLY_PAPERS:
                progress.leave_the_rest_closed()
