"""A place for one reading child: starts it when a mail comes, hands it the mail, replaces it when that is due.

Used by reader.py, one mail at a time. Raises ChildDiedError (the child is killed by then), OSError if no process starts.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pydantic import ValidationError

from bot.documents.pool.frames import DRAWN, OPENED, ORDER, READ_MAIL, UNDERSTOOD, Drawing
from bot.documents.pool.process import Child, ChildDiedError
from bot.documents.pool.progress import Progress, ReadJob

log = logging.getLogger("hosho.reader")


@dataclass(frozen=True, slots=True)
class SlotRules:
    """`role`: see frames.py. `mails`: after so many a child is replaced: whatever leaked or was bent in it is gone.

    `paper_seconds`: by the wall, for a mail's own text and for each of its papers.
    """

    role: str
    mails: int
    paper_seconds: float


class Slot:
    """One child at a time; `on_start` is told why a new one runs unfiltered ("" = it does not)."""

    def __init__(self, rules: SlotRules, on_start: Callable[[str], None]) -> None:
        self._rules = rules
        self._on_start = on_start
        self._child: Child | None = None

    @property
    def pid(self) -> int | None:
        """The living child's process id."""
        return self._child.pid if self._child is not None and self._child.is_alive else None

    @property
    def is_dead(self) -> bool:
        """Whether there is no living child."""
        return self._child is None or not self._child.is_alive

    def is_due(self, *, times: int = 1) -> bool:
        """Whether the child has read its share of mails, so many times over."""
        return self._child is not None and self._child.mails >= times * self._rules.mails

    async def child(self) -> Child:
        """Give the living child; start one if there is none."""
        if self._child is not None and not self._child.is_alive:
            await self.end(now=False)
        if self._child is None:
            self._child = await Child.start(self._rules.role)
            self._on_start(self._child.unfiltered)
        return self._child

    async def renew(self) -> None:
        """Put a fresh child in the place of this one; if none starts now, the next mail tries again."""
        await self.end(now=False)
        try:
            await self.child()
        except (ChildDiedError, OSError):
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
        """Kill the child, if there is one."""
        if self._child is not None:
            self._child.kill()

    async def read(self, task: ReadJob, progress: Progress) -> None:
        """Bring the reading forward until it is complete."""
        child = await self.child()
        order = progress.order(task)
        with _in_step(child):
            child.mails += 1
            await child.send(ORDER.dump_json(order), task.content)
            progress.read = READ_MAIL.validate_json(await self._in_time(child.receive()))
            skipped = progress.opened.keys() | set(order.leave_closed)
            for _ in set(range(len(progress.read.documents))) - skipped:
                opened = OPENED.validate_json(await self._in_time(child.receive()))
                progress.opened[opened.place] = opened
            progress.understood = UNDERSTOOD.validate_json(await self._in_time(child.receive()))

    async def draw(self, content: bytes, drawing: Drawing) -> tuple[bytes, ...]:
        """The pictures, b"" for those that could not be made."""
        child = await self.child()
        with _in_step(child):
            child.mails += 1
            await child.send(ORDER.dump_json(drawing), content)
            return DRAWN.validate_json(await self._in_time(child.receive())).pictures

    async def _in_time(self, frame: Coroutine[None, None, bytes]) -> bytes:
        """The child's next frame."""
        clock = asyncio.timeout(self._rules.paper_seconds)
        try:
            async with clock:
                return await frame
        except TimeoutError as error:
            if not clock.expired():
                raise  # the mail's own clock
            raise ChildDiedError(ran_out=True) from error


@contextmanager
def _in_step(child: Child) -> Iterator[None]:
    """Kill a child that was left in the middle of an answer, also when our caller is cancelled: it is out of step for ever."""
    try:
        yield
    except ValidationError as error:
        child.kill()
        raise ChildDiedError from error
    except BaseException:
        child.kill()
        raise
