"""One reading child as the daemon holds it: a process, its pipes, its frames.

Started and ended by slot.py. Every method raises ChildDiedError when the child ended, overran its time or spoke nonsense;
after that, and after a cancel, the child is killed. Raises OSError where no process can be started.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from pydantic import ValidationError

import bot
from bot.documents.pool.frames import ANSWER_BYTES, LENGTH_BYTES, Ready, adapter

PIECE_BYTES = 2**18
"""So much of a mail is written to a child's pipe at a time: what it does not take at once lies in memory twice."""
START_SECONDS = 20.0
"""Python and the libraries start in half a second, the recogniser in two; a machine under load may need many times that."""
_CLOSE_SECONDS = 2.0

_ROOT: Final = Path(bot.__file__).resolve().parents[1]
# No secret of the daemon's environment reaches a child. One malloc arena: each reserves 64 MiB of address space. One thread:
# a locked-in child can start no other.
_ENVIRONMENT: Final = {
    "LC_ALL": "C.UTF-8",
    "PATH": "/usr/bin:/bin",
    "MALLOC_ARENA_MAX": "1",
    "OMP_THREAD_LIMIT": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


class ChildDiedError(Exception):
    """The child ended, overran its time or spoke nonsense. `ran_out`: of its wall time, which another try would only repeat."""

    def __init__(self, *, ran_out: bool = False) -> None:
        super().__init__()
        self.ran_out = ran_out


class Child:
    """One process and its pipes. Its methods raise ChildDiedError; after that, and after a cancel, it is killed."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        # Not Process.kill(): that polls first, and may so take the exit status away from asyncio's own watcher.
        self._handle: int | None = os.pidfd_open(process.pid)
        self._is_killed = False
        self.mails = 0
        self.unfiltered = ""

    @classmethod
    async def start(cls, role: str) -> Child:
        """Start one and wait until it has locked itself in. `role`: see frames.py."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-E", "-s", "-B", "-m", "bot.documents.pool.child", str(os.getpid()), role),
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
                child.unfiltered = adapter(Ready).validate_json(await child.receive()).unfiltered
        except (TimeoutError, ValidationError) as error:
            child.let_go()
            raise ChildDiedError from error
        except BaseException:
            child.let_go()
            raise
        return child

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether it runs and was not killed."""
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
        """Whether it asked the kernel for what it may not, which was its death."""
        return self._process.returncode == -signal.SIGSYS

    async def send(self, *frames: bytes) -> None:
        """Hand it frames, in pieces."""
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
            raise ChildDiedError from error

    async def receive(self) -> bytes:
        """Its next frame."""
        stdout = self._process.stdout
        assert stdout is not None  # noqa: S101 - asked for as a pipe
        try:
            length = int.from_bytes(await stdout.readexactly(LENGTH_BYTES), "big")
            if length > ANSWER_BYTES:
                raise ChildDiedError
            return await stdout.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise ChildDiedError from error

    def kill(self) -> None:
        """End it at once; it is waited for by `end`."""
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
