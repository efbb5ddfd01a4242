"""Work that takes long: a bar on a terminal, and a Ctrl-C that leaves nothing half done and says so.

`await long_work(title, work, …)` runs `work`, which gets a `Work`. A Ctrl-C ends it at its next `tell`, or, with `may_be_cut`, also
where it waits; then StoppedError comes, which `run` shows, with exit code 130. What has told its last step is not stopped any more:
what it has written stands, and the command ends as if nobody had asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bot.commands.shared.basics import StoppedError
from bot.crash_points import crash_point

R = TypeVar("R")


class Work:
    """A long work under way, as it tells of itself."""

    def __init__(self, title: str, task: asyncio.Task[object], *, shown: bool) -> None:
        console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        # What is piped or for programs gets no line more.
        self._is_shown = shown and console.is_interactive
        self._bar = Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False)
        self._row = self._bar.add_task(title, total=None)
        self._task = task

    def tell(self, done: int, total: int) -> None:
        """So many steps of so many are done. Raises StoppedError after a Ctrl-C; may be called in any thread."""
        crash_point("long_work.told")
        if self._task.cancelling():
            raise StoppedError
        self._bar.update(self._row, completed=done, total=total)

    def heard(self) -> None:
        """Show that the Ctrl-C is heard, since the next step may be seconds away."""
        self._bar.update(self._row, description="止めています")

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Write in here: the bar is not there meanwhile."""
        if self._is_shown:
            self._bar.stop()
        yield
        if self._is_shown:
            self._bar.start()

    @contextmanager
    def visible(self) -> Iterator[None]:
        """Show the bar in here."""
        with self._bar if self._is_shown else nullcontext():
            yield


async def long_work(
    title: str,
    work: Callable[[Work], Awaitable[R]],
    *,
    when_stopped: str,
    shown: bool = True,
    may_be_cut: bool = False,
) -> R:
    """Run it; what it returns. `when_stopped`: what stands then and what to do, in Japanese; `shown`: a person reads the output.

    Without `may_be_cut` a Ctrl-C interrupts no wait: the outcome is known, and is what is said.
    """
    caller = asyncio.current_task()
    if caller is None:
        raise RuntimeError("called outside a task")
    told = Work(title, caller, shown=shown)

    async def worked() -> R:
        return await work(told)

    with told.visible():
        task = asyncio.create_task(worked())
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError:
                told.heard()
                if may_be_cut:
                    task.cancel()
    with suppress(asyncio.CancelledError, StoppedError):
        return task.result()
    raise StoppedError(when_stopped)
