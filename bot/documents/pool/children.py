"""The children of one role: each mail that is read gets a fresh one, and a fork server that ended is started again.

Used by reader.py. Raises ChildDiedError (the child is killed by then), OSError if no process starts.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

from bot.core.notice.interpret import UnderstoodMail
from bot.core.notice.read_mail import ReadMail
from bot.documents.pool.frames import Drawing, Drawn, OpenedPaper, Ready, adapter, order_adapter, told
from bot.documents.pool.process import FORK_SERVER, Child, ChildDiedError, ForkServer
from bot.documents.pool.progress import Progress, ReadJob

T = TypeVar("T")

log = logging.getLogger("hosho.reader")


class Children:
    """`role`: see frames.py. `paper_seconds`: by the wall, for a mail's own text and for each of its papers.

    `on_start` is told why a child runs unfiltered ("" = it does not). `program`: the fork server's module.
    """

    def __init__(
        self, role: str, paper_seconds: float, on_start: Callable[[str], None], program: str = FORK_SERVER
    ) -> None:
        self._role = role
        self._program = program
        self._paper_seconds = paper_seconds
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
                self._server = await ForkServer.start(self._role, self._program)
            return self._server

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
        """Bring the reading forward until it is complete."""
        order = progress.order(task)
        async with self._child() as child:
            await child.send(order_adapter().dump_json(order), task.content)
            self._on_start((await self._told(child, Ready)).unfiltered)
            read = await self._told(child, ReadMail)
            progress.note_read(read, task.content)
            awaited = set(range(len(read.documents))) - progress.opened.keys() - set(order.leave_closed)
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
            with suppress(ProcessLookupError):
                os.setpriority(os.PRIO_PROCESS, child.pid, priority)
            await child.send(order_adapter().dump_json(drawing), content)
            self._on_start((await self._told(child, Ready)).unfiltered)
            # A picture is a text of its own length: the frame's is its bound.
            return adapter(Drawn).validate_json(await self._in_time(child.receive())).pictures

    async def _born(self) -> Child:
        try:
            return await (await self.server()).child()
        except ChildDiedError:  # the server had ended unseen, or hung: no mail's fault
            return await (await self.server()).child()

    @asynccontextmanager
    async def _child(self) -> AsyncIterator[Child]:
        """A child that has read nothing; it is gone when its work is done or given up, also when our caller is cancelled."""
        child = await self._born()
        self._living.append(child)
        try:
            yield child
        except (ChildDiedError, ValueError) as error:
            code = await child.ended_by()
            if code == -signal.SIGSYS:
                log.error(  # noqa: TRY400 - there is nothing to trace
                    "a mail's content made its reading process ask for what it may not; the process was killed"
                )
            # One that was killed from outside, or with its server, gets another try.
            is_mails_doing = code not in {None, 0, -signal.SIGKILL}
            raise ChildDiedError(is_final=is_mails_doing or getattr(error, "is_final", False)) from error
        finally:
            self._living.remove(child)
            child.let_go()

    async def _told(self, child: Child, kind: type[T]) -> T:
        return told(kind, await self._in_time(child.receive()))

    async def _in_time(self, frame: Coroutine[None, None, bytes]) -> bytes:
        """The child's next frame."""
        clock = asyncio.timeout(self._paper_seconds)
        try:
            async with clock:
                return await frame
        except TimeoutError as error:
            if not clock.expired():
                raise  # the mail's own clock
            raise ChildDiedError(is_final=True) from error
