"""The children of a fork server: each mail that is read gets a fresh one, and a fork server that ended is started again.

Used by reader.py. Raises ChildDiedError and NotNowError (process.py); the child is killed by then.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TypeVar

from bot.core.notice.interpret import UnderstoodMail
from bot.core.records.paper import HandedPaper
from bot.documents.pool.frames import (
    Compared,
    Comparing,
    Drawing,
    Drawn,
    Handed,
    Handing,
    OpenedPaper,
    Ready,
    ToldMail,
    adapter,
    order_adapter,
    told,
)
from bot.documents.pool.process import (
    FORK_SERVER,
    STILL_SECONDS,
    Child,
    ChildDiedError,
    ChildGoneError,
    End,
    ForkServer,
    NotNowError,
    cpu_seconds,
    while_it_works,
)
from bot.documents.pool.progress import CpuBudget, Progress, ReadJob

T = TypeVar("T")

log = logging.getLogger("hosho.reader")


@contextmanager
def _no_process_is_no_fault() -> Iterator[None]:
    """The machine has no room for a process, or for what talks with it."""
    try:
        yield
    except OSError as error:
        raise NotNowError(f"no process can be had: {error.strerror}") from error


class Children:
    """`on_start` is told why a child runs unfiltered ("" = it does not). `program`: the fork server's module; `of_text`: those
    whose fork server makes ours, one for pictures. `still_seconds`: see process.py.
    """

    def __init__(
        self,
        on_start: Callable[[str], None],
        program: str = FORK_SERVER,
        still_seconds: float = STILL_SECONDS,
        of_text: Children | None = None,
    ) -> None:
        self._program = program
        self._of_text = of_text
        self._still_seconds = still_seconds
        self._on_start = on_start
        self._server: ForkServer | None = None
        self._starting = asyncio.Lock()
        self._living: list[Child] = []

    @property
    def server_pid(self) -> int | None:
        """The living fork server's process id."""
        return self._server.pid if self._server is not None and self._server.is_alive else None

    @property
    def pids(self) -> tuple[int, ...]:
        """The process ids of the children at work."""
        return tuple(child.pid for child in self._living)

    async def server(self) -> ForkServer:
        """Give the living fork server; start one if there is none."""
        async with self._starting:
            if self._server is None or not self._server.is_alive:
                await self._end()
                with _no_process_is_no_fault():
                    self._server = await self._new_server()
            return self._server

    async def _new_server(self) -> ForkServer:
        if self._of_text is None:
            return await ForkServer.start(self._program, self._still_seconds)
        return await (await self._of_text.server()).for_pictures(self._still_seconds)

    async def end(self) -> None:
        """End the fork server, after the children at work."""
        async with self._starting:
            await self._end()

    async def _end(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            await server.end()

    def kill(self) -> None:
        """Kill all of them at once."""
        if self._server is not None:
            self._server.kill()

    async def read(self, task: ReadJob, progress: Progress) -> None:
        """Bring the reading forward until it is complete, and take its CPU time from the task's."""
        order = progress.order(task)
        answers = task.beforehand.letter is not None
        async with self._child(task.budget, answers=answers) as child:
            child.allow(order.cpu)
            await child.send(order_adapter().dump_json(order), task.content)
            self._on_start((await self._told(child, Ready)).unfiltered)
            mail = await self._told(child, ToldMail)
            progress.note_told(mail)
            awaited = set(range(len(mail.documents))) - progress.opened.keys() - set(order.leave_closed)
            while awaited:
                opened = await self._told(child, OpenedPaper)
                if opened.place not in awaited:
                    raise ChildDiedError
                awaited.remove(opened.place)
                progress.opened[opened.place] = opened
            progress.understood = await self._told(child, UnderstoodMail)

    async def draw(self, content: bytes, drawing: Drawing, priority: int = 0) -> tuple[bytes, ...]:
        """The pictures, b"" for those that could not be made. `priority`: see nice(2)."""
        async with self._child() as child:
            child.allow(drawing.cpu)
            with suppress(ProcessLookupError):
                os.setpriority(os.PRIO_PROCESS, child.pid, priority)
            await child.send(order_adapter().dump_json(drawing), content)
            self._on_start((await self._told(child, Ready)).unfiltered)
            # A picture is a text of its own length: the frame's is its bound.
            return adapter(Drawn).validate_json(await child.receive()).pictures

    async def agree(self, comparing: Comparing) -> bool:
        """Whether what another child has drawn shows what it read there."""
        async with self._child() as child:
            child.allow(comparing.cpu)
            await child.send(order_adapter().dump_json(comparing), b"")
            self._on_start((await self._told(child, Ready)).unfiltered)
            return (await self._told(child, Compared)).agree

    async def hand_out(
        self, content: bytes, order: Handing, priority: int = 0
    ) -> tuple[tuple[HandedPaper, bytes], ...]:
        """Each paper of the mail, with its bytes where it goes along. `priority`: see nice(2)."""
        async with self._child() as child:
            child.allow(order.cpu)
            with suppress(ProcessLookupError):
                os.setpriority(os.PRIO_PROCESS, child.pid, priority)
            await child.send(order_adapter().dump_json(order), content)
            self._on_start((await self._told(child, Ready)).unfiltered)
            papers = (await self._told(child, Handed)).papers
            if sum(one.size_bytes for one in papers if one.kept_back is None) > order.limit:
                raise ChildDiedError(is_final=True)
            return tuple([(one, await self._received(child, one)) for one in papers])

    async def _received(self, child: Child, paper: HandedPaper) -> bytes:
        """A paper's bytes: as many as were announced."""
        held = bytearray()
        while paper.kept_back is None and len(held) < paper.size_bytes:
            piece = await child.receive()
            if not piece:
                raise ChildDiedError
            held += piece
        if paper.kept_back is None and len(held) != paper.size_bytes:
            raise ChildDiedError
        return bytes(held)

    async def _born(self, *, answers: bool) -> Child:
        try:
            return await (await self.server()).child(self._still_seconds, answers=answers)
        except (NotNowError, OSError):  # the server may have ended unseen, or hung
            with _no_process_is_no_fault():
                return await (await self.server()).child(self._still_seconds, answers=answers)

    @asynccontextmanager
    async def _child(self, budget: CpuBudget | None = None, *, answers: bool = False) -> AsyncIterator[Child]:
        """A child that has read nothing; it is gone when its work is done or given up, also when our caller is cancelled.

        What it used is taken from the budget.
        """
        child = await self._born(answers=answers)
        self._living.append(child)
        try:
            async with while_it_works(child.pid, self._still_seconds):
                try:
                    yield child
                except (ChildDiedError, ValueError) as error:
                    end = await self._end_of(child, budget, is_gone=isinstance(error, ChildGoneError))
                    is_final = end.code not in {None, 0, -signal.SIGKILL}
                    raise ChildDiedError(is_final=is_final, is_killed=end.is_killed) from error
                if budget is not None:
                    budget.used += cpu_seconds(child.pid)
        finally:
            self._living.remove(child)
            child.let_go()

    async def _end_of(self, child: Child, budget: CpuBudget | None, *, is_gone: bool) -> End:
        end = await child.end(is_gone=is_gone)
        if budget is not None:
            budget.used += end.cpu
        if end.code == -signal.SIGSYS:
            log.error("a mail's content made its reading process ask for what it may not; the process was killed")
        return end

    async def _told(self, child: Child, kind: type[T]) -> T:
        return told(kind, await child.receive())
