"""Reads raw mail in supervised child processes: MIME and PDFs are hostile input, and pdfium aborts at times.

`Reader.read` is called by the sorter and by `inspect`. It promises an answer for any bytes: the mail, what its papers say (those
that killed a child stay closed with Trouble.LIMITS), or a ReadFailure. These rest on CPU time, memory and the deaths of children,
so a busy machine gives them as well, later; TakesLong (`quick` only) and NotNow say nothing of the mail: a child that was killed from outside, as a kernel without memory
does, is no death of its own. Cancelling a caller
kills the child at his work. Raises RuntimeError after close().
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from types import TracebackType
from typing import Self

from bot.core.notice.evidence import View
from bot.core.notice.interpret import UnderstoodMail
from bot.core.notice.read_mail import Beforehand, NotNow, ReadFailure, TakesLong
from bot.core.notice.visual_check import VisualCheck
from bot.core.policy.policy import Formats
from bot.core.records.paper import HandedPaper
from bot.core.records.reasons import MailReason
from bot.core.records.secret import Password
from bot.documents.images.sight import is_installed
from bot.documents.pool.children import Children
from bot.documents.pool.frames import Comparing, Drawing, Handing
from bot.documents.pool.process import STILL_SECONDS, ChildDiedError, NotNowError
from bot.documents.pool.progress import TRIES, CpuBudget, Progress, ReadJob

log = logging.getLogger("hosho.reader")

CHILDREN = 2
"""So many mails can be read at a time: no more than a small office machine has cores."""
# All in seconds of CPU time: the same on a busy machine, where they only last longer.
MAIL_CPU = 30.0
"""For all of a mail as text, with its retries."""
PAPER_CPU = 5.0
"""For its own words, and for each of its papers: a notice takes some 20 ms, the slowest honest PDF of 6,231 took 1.1 s."""
QUICK_CPU = 0.5
"""What a first reading gets for all of a mail: hundreds of notices' time, and so little that twenty bombs hold up nobody."""
LOOK_CPU = 12.0
"""For looks at a mail's papers: after so much no page is begun, nor a paper after one that ended its child; no page takes longer.
A scanned page takes two to four seconds, a notice with text a third of one."""
QUICK_LOOK_CPU = 2.0
_PART_OF_A_SECOND = 0.5  # the kernel's clocks do not quite agree
DRAW_CPU = 10.0
HAND_CPU = 10.0
"""For taking a mail's papers out as they came: nothing is read."""
_LOWEST_PRIORITY = 19
KILLED_AT_A_TIME = 1
"""So many children of a reading may be killed from outside; after the next the mail is read later, when there may be memory."""
DEADLY_PAPERS = 2
"""When so many papers of a mail have ended their children, the rest stay closed: an honest mail has not one."""


def _anything(_: MailReason | None) -> bool:
    return True


class Reader:
    """The pool: a fork server, and a child of its own for each mail. It starts with the first mail, or with warm(); an
    `async with` block ends it.

    `sees`: whether pictures are recognised and papers looked at; None = wherever the recogniser is installed. `still_seconds`:
    see process.py.
    """

    def __init__(
        self, children: int = CHILDREN, *, still_seconds: float = STILL_SECONDS, sees: bool | None = None
    ) -> None:
        self._children = children
        self._free = asyncio.Semaphore(children)
        self._text = Children(self._note_start, still_seconds=still_seconds)
        self._sight = Children(self._note_start, still_seconds=still_seconds, of_text=self._text)
        # A first reading never waits for the look at a mail that takes long.
        self._looking, self._looking_quickly, self._drawing = asyncio.Lock(), asyncio.Lock(), asyncio.Lock()
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
        try:
            await self._text.server()
            if self._sees:
                await self._sight.server()
        except NotNowError as error:
            log.error("mails wait, they can't be read yet: %s", error)  # noqa: TRY400 - there is nothing to trace
        else:
            log.info("mails can be read without waiting for a process")

    async def read(
        self,
        content: bytes,
        formats: Formats | None = None,
        *,
        beforehand: Beforehand | None = None,
        quick: bool = False,
        passwords: Sequence[Password] = (),
        worth_a_look: Callable[[MailReason | None], bool] = _anything,
        budget: CpuBudget | None = None,
    ) -> UnderstoodMail | ReadFailure | TakesLong | NotNow:
        """Read a mail, open its papers and understand them. `content`: the mail's raw bytes; `formats`: None = the usual ones;
        `beforehand`: what is known of it, None = nothing.

        `quick`: give it QUICK_CPU in all and one try; TakesLong is returned when that is not enough, or when it has pictures
        to recognise. `worth_a_look`: whether the papers of a mail with such a sign of a machine deserve a second look. `budget`: for the text of several
        readings; None = this one has its own.
        """
        if self._is_closed:
            raise RuntimeError("the reader is closed")
        cpu, paper_cpu = (QUICK_CPU, QUICK_CPU) if quick else (MAIL_CPU, PAPER_CPU)
        task = ReadJob(
            content,
            formats or Formats(),
            beforehand or Beforehand(),
            budget or CpuBudget(cpu),
            paper_cpu,
            passwords,
            strips=self._sees,
        )
        try:
            return await self._read(task, worth_a_look, quick=quick)
        except NotNowError as error:
            log.warning("a mail can't be read now: %s", error)
            return NotNow(is_killed=error.is_killed)

    async def _read(
        self, task: ReadJob, worth_a_look: Callable[[MailReason | None], bool], *, quick: bool
    ) -> UnderstoodMail | ReadFailure | TakesLong:
        progress = Progress()
        async with self._free:
            await _bring_forward(self._text, task, progress, quick=quick)
        if quick and progress.understood is None:
            return TakesLong()
        is_worth_it = self._sees and progress.told is not None and worth_a_look(progress.told.words.automatic)
        look = progress.look if is_worth_it else VisualCheck.NONE
        if look is VisualCheck.NONE or progress.understood is None:
            return progress.result()
        if quick and look is VisualCheck.READ:
            return TakesLong()
        return await self._look(task, progress, quick=quick)

    # -- the second look

    async def _look(
        self, task: ReadJob, progress: Progress, *, quick: bool
    ) -> UnderstoodMail | ReadFailure | TakesLong:
        """Look at what the text left open, or may have told wrongly. What could not be looked at is for a person."""
        seen = progress.for_sight()
        cpu = QUICK_LOOK_CPU if quick else LOOK_CPU
        look = replace(task, look=True, strips=False, budget=CpuBudget(2 * cpu), paper_cpu=cpu)
        async with self._looking_quickly if quick else self._looking:
            if await self._is_as_drawn(progress, cpu):
                return progress.result()
            await _bring_forward(self._sight, look, seen, quick=quick)
        if seen.understood is not None and seen.given_up == progress.given_up:
            return seen.result()
        if quick:
            return TakesLong()
        log.warning("a mail's papers could not be looked at, a person is asked to")
        progress = progress.with_unseen(seen)
        async with self._free:  # what all papers say, once each of them is known
            await _bring_forward(self._text, task, progress)
        return progress.result()

    async def _is_as_drawn(self, progress: Progress, cpu: float) -> bool:
        """Whether everything that a look would compare was drawn by the child that read it, and shows what it read.

        Then the papers need not be opened again. That child's word on what is drawn counts as much as on what is written.
        """
        strips = progress.strips if progress.look is VisualCheck.CHECK else None
        if not strips:
            return strips is not None  # in no font of the papers' own
        try:
            return await self._sight.agree(Comparing(strips, cpu))
        except ChildDiedError:
            return False

    async def draw(
        self, content: bytes, views: Sequence[View], passwords: Sequence[Password] = ()
    ) -> tuple[bytes, ...] | None:
        """A PNG for each view of the mail's papers, b"" for what can't be shown; None where that can't be told now.

        Nothing is raised for a mail's sake.
        """
        if self._is_closed:
            raise RuntimeError("the reader is closed")
        nothing = (b"",) * len(views)
        try:
            # Of low priority, and beside a look: an alert's pictures must not make another mail's reading wait.
            async with self._drawing:
                order = Drawing(tuple(views), DRAW_CPU, tuple(passwords))
                pictures = await self._sight.draw(content, order, _LOWEST_PRIORITY)
                if not self._sees:  # without a recogniser it is needed for pictures only
                    await self._sight.end()
        except (ChildDiedError, NotNowError) as error:
            log.warning("no picture could be made of a mail's papers")
            return None if isinstance(error, NotNowError) or error.is_killed else nothing
        return pictures if len(pictures) == len(views) else nothing

    async def hand_out(
        self,
        content: bytes,
        limit: int,
        *,
        other_desks: Collection[str] = (),
        shared: Collection[str] = (),
        formats: Formats | None = None,
        passwords: Sequence[Password] = (),
    ) -> tuple[tuple[HandedPaper, bytes], ...] | None:
        """Each paper of the mail as it came, with its bytes where it goes along; None where they can't be taken out now.

        See documents/originals.py. Nothing is raised for a mail's sake.
        """
        if self._is_closed:
            raise RuntimeError("the reader is closed")
        try:
            async with self._drawing:
                order = Handing(
                    limit, tuple(other_desks), tuple(shared), formats or Formats(), HAND_CPU, tuple(passwords)
                )
                return await self._text.hand_out(content, order, _LOWEST_PRIORITY)
        except (ChildDiedError, NotNowError):
            log.warning("a mail's papers could not be taken out")
            return None

    async def close(self) -> None:
        """Let the mails in work be read to their end, then end the processes."""
        self._is_closed = True
        try:
            async with AsyncExitStack() as work:
                for _ in range(self._children):
                    await work.enter_async_context(self._free)
                async with self._looking, self._looking_quickly:
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


async def _bring_forward(children: Children, task: ReadJob, progress: Progress, *, quick: bool = False) -> None:
    """Read on, with one child after the other, until there is nothing left to do, or no hope, or no CPU time. `quick`: one child.

    Raises NotNowError when children are killed from outside.
    """
    killed = 0
    while progress.understood is None and not progress.is_hopeless:
        try:
            await children.read(task, progress)
        except ChildDiedError as error:
            killed += error.is_killed
            if killed > KILLED_AT_A_TIME:
                raise NotNowError("processes that read are killed from outside", is_killed=True) from error
            if not error.is_killed:
                progress.note_death(TRIES if error.is_final else 1)
            if quick or (task.look and task.budget.used >= task.paper_cpu - _PART_OF_A_SECOND):
                return
            if not task.budget.left or len(progress.given_up) >= DEADLY_PAPERS:
                progress.leave_the_rest_closed()
