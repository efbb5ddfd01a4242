"""A fork server and its children as the daemon holds them: processes, their sockets, their frames.

Used by children.py. What is asked of a child raises ChildDiedError when the process ended or spoke nonsense. There is no limit by
the wall clock but one: `while_it_works` ends with NotNowError what waits for a process that uses no CPU time. After either, and
after a cancel, the process is killed. Raises NotNowError or OSError where no process can be had.
"""

from __future__ import annotations

import asyncio
import math
import os
import resource
import select
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import bot
from bot.documents.pool.frames import ANSWER, ANSWER_BYTES, CHILD, END, LENGTH_BYTES, PID_BYTES, SIGHT

PIECE_BYTES = 2**18
"""So much of a mail is written to a child's socket at a time: what it does not take at once lies in memory twice."""
STILL_SECONDS = 15.0
"""So long, by the wall clock, a process may use no CPU time before it counts as one that hangs."""
_LEAST_SHARE = 0.001  # of a CPU: with less a process does not work; the lowest priority among eight others gets 0.004
_LOOK_SECONDS = 1.0
_PROCESS_CLOCK = (
    2  # the kernel's name for a process's CPU time is made of its number and this, see clock_getcpuclockid(3)
)
_CLOSE_SECONDS = 2.0
FORK_SERVER = "bot.documents.pool"

_ROOT: Final = Path(bot.__file__).resolve().parents[1]
# No secret of the daemon's environment reaches a child. One malloc arena: each reserves 64 MiB of address space. One thread:
# a locked-in child can start no other, and a fork takes only one along.
_ENVIRONMENT: Final = {
    "LC_ALL": "C.UTF-8",
    "PATH": "/usr/bin:/bin",
    "MALLOC_ARENA_MAX": "1",
    "OMP_THREAD_LIMIT": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


class ChildDiedError(Exception):
    """The child ended, used up its CPU time or spoke nonsense. `is_final`: another one would fare no better with this mail.

    `is_killed`: somebody else ended it, as a kernel without memory does; that says nothing of the mail.
    """

    def __init__(self, *, is_final: bool = False, is_killed: bool = False) -> None:
        super().__init__()
        self.is_final = is_final
        self.is_killed = is_killed


class ChildGoneError(ChildDiedError):
    """Its socket was closed."""


class NotNowError(Exception):
    """The machine is at fault, no mail: a process can't be had, or hangs. The text says which; later it may be otherwise.

    `is_killed`: processes were had, and killed from outside.
    """

    def __init__(self, why: str, *, is_killed: bool = False) -> None:
        super().__init__(why)
        self.is_killed = is_killed


@dataclass(frozen=True, slots=True)
class End:
    """How a child ended: its exit code, minus the signal that ended it, and its seconds of CPU time.

    `code`: None when nobody knows, since its fork server is gone. `is_killed`: from outside, and neither by us nor by its limits.
    """

    code: int | None
    cpu: float
    is_killed: bool


@asynccontextmanager
async def while_it_works(pid: int, still_seconds: float = STILL_SECONDS) -> AsyncIterator[None]:
    """Wait within for a process, however slow it is. Raises NotNowError when it hangs: it was stopped, or waits for something."""
    clock = asyncio.timeout(None)
    try:
        async with clock:
            watching = asyncio.create_task(_expire(clock, pid, still_seconds))
            try:
                yield
            finally:
                watching.cancel()
    except TimeoutError as error:
        if not clock.expired():
            raise
        raise NotNowError("a process does not go on") from error


async def _expire(clock: asyncio.Timeout, pid: int, still_seconds: float) -> None:
    """End the wait once the process was still for so long. Looks are counted, not time: it is not to blame for our own delays."""
    step = min(_LOOK_SECONDS, still_seconds / 4)
    still, before = 0.0, cpu_seconds(pid)
    while still < still_seconds:
        await asyncio.sleep(step)
        used = cpu_seconds(pid)
        still, before = max(still + step - (used - before) / _LEAST_SHARE, 0.0), used
    clock.reschedule(asyncio.get_running_loop().time())


def cpu_seconds(pid: int) -> float:
    """The CPU time of a process, 0 when it is gone. Not from /proc, where systemd may hide it."""
    try:
        return time.clock_gettime((~pid << 3) | _PROCESS_CLOCK)
    except OSError:
        return 0.0


class Child:
    """One process that reads one mail. `handle`: its pidfd; `fate`: where the fork server tells how it ended."""

    def __init__(
        self, pid: int, handle: int, fate: socket.socket, talk: tuple[asyncio.StreamReader, asyncio.StreamWriter]
    ) -> None:
        self.pid = pid
        self._handle = handle
        self._fate = fate
        self._answers, self._orders = talk
        self._allowed = math.inf

    async def send(self, *frames: bytes) -> None:
        """Hand it frames, in pieces."""
        try:
            for frame in frames:
                self._orders.write(len(frame).to_bytes(LENGTH_BYTES, "big"))
                # A transport keeps a copy of what it can't write at once.
                for start in range(0, len(frame), PIECE_BYTES):
                    self._orders.write(frame[start : start + PIECE_BYTES])
                    await self._orders.drain()
        except ConnectionError as error:
            raise ChildGoneError from error

    async def receive(self) -> bytes:
        """Its next frame."""
        try:
            length = int.from_bytes(await self._answers.readexactly(LENGTH_BYTES), "big")
            if length > ANSWER_BYTES:
                raise ChildDiedError
            return await self._answers.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise ChildGoneError from error

    def allow(self, cpu: float) -> None:
        """Have the kernel end it some time after it should have ended itself, which one that was taken over would not do."""
        if cpu:
            self._allowed = seconds = math.ceil(cpu) + 1
            with suppress(ProcessLookupError):
                resource.prlimit(self.pid, resource.RLIMIT_CPU, (seconds, seconds + 1))

    async def end(self, *, is_gone: bool) -> End:
        """Kill it if it still lives. `is_gone`: its socket was closed, which its end does, and a moment later it has ended."""
        ended = is_gone and await _is_readable(self._handle, STILL_SECONDS)
        self._kill()
        told = b""
        with suppress(ConnectionError):
            told = await asyncio.get_running_loop().sock_recv(self._fate, END.size)
        if not told:
            return End(None, 0.0, is_killed=ended)
        code, milliseconds = END.unpack(told)
        is_killed = ended and code == -signal.SIGKILL and milliseconds / 1000 < self._allowed
        return End(code, milliseconds / 1000, is_killed)

    def let_go(self) -> None:
        """Kill it if it still lives, and forget it; the fork server waits for it."""
        self._kill()
        os.close(self._handle)
        self._fate.close()
        self._orders.transport.abort()

    def _kill(self) -> None:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._handle, signal.SIGKILL)


class ForkServer:
    """One process that reads nothing, and its children. `handle`: its pidfd; `process`: None for one that another one made."""

    def __init__(
        self, pid: int, handle: int, control: socket.socket, process: asyncio.subprocess.Process | None = None
    ) -> None:
        self.pid = pid
        self._handle: int | None = handle
        self._control = control
        self._process = process

    @classmethod
    async def start(cls, program: str = FORK_SERVER, still_seconds: float = STILL_SECONDS) -> Self:
        """Start one and wait until it has everything at hand. `program`: its module."""
        control, its_own = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        control.settimeout(0)
        with its_own:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-E", "-s", "-B", "-m", program, str(os.getpid())),
                cwd=_ROOT,
                env=_ENVIRONMENT,
                stdin=its_own.fileno(),
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C at the daemon's terminal is the daemon's business
            )
        return await cls(process.pid, os.pidfd_open(process.pid), control, process).ready(still_seconds)

    async def for_pictures(self, still_seconds: float = STILL_SECONDS) -> Self:
        """Have one forked whose children look at pictures as well, and wait until it has everything at hand."""
        control, its_own = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        control.settimeout(0)
        try:
            pid, handle, fate = await self._forked(SIGHT, its_own, still_seconds)
        except BaseException:
            control.close()
            raise
        fate.close()
        return await type(self)(pid, handle, control).ready(still_seconds)

    async def ready(self, still_seconds: float) -> Self:
        """Wait until it says that it is. One that does not is killed."""
        try:
            async with while_it_works(self.pid, still_seconds):
                is_ready = await asyncio.get_running_loop().sock_recv(self._control, 1)
        except BaseException:
            self.kill()
            raise
        if not is_ready:
            self.kill()
            raise NotNowError("a process that reads does not start")
        return self

    @property
    def is_alive(self) -> bool:
        """Whether it runs and was not killed."""
        if self._handle is None:
            return False
        ended = select.poll()
        ended.register(self._handle, select.POLLIN)
        return not ended.poll(0)

    async def child(self, still_seconds: float = STILL_SECONDS, *, answers: bool = False) -> Child:
        """Have a child forked. A server that can't is killed. `answers`: one that may read a clerk's answer."""
        talk, its_talk = socket.socketpair()
        try:
            pid, handle, fate = await self._forked(ANSWER if answers else CHILD, its_talk, still_seconds)
        except BaseException:
            talk.close()
            raise
        return Child(pid, handle, fate, await asyncio.open_unix_connection(sock=talk))

    async def _forked(self, what: bytes, talk: socket.socket, still_seconds: float) -> tuple[int, int, socket.socket]:
        """The process id and handle of what is asked for, and where its end is told; `talk` becomes its own."""
        fate, its_fate = socket.socketpair()
        fate.settimeout(0)
        try:
            with talk, its_fate:
                socket.send_fds(self._control, [what], [talk.fileno(), its_fate.fileno()])
            async with while_it_works(self.pid, still_seconds):
                pid, handle = await _born(fate)
        except (NotNowError, OSError) as error:
            self.kill()
            fate.close()
            raise NotNowError("no process can be forked") from error
        except BaseException:
            fate.close()
            raise
        return pid, handle, fate

    def kill(self) -> None:
        """End it, and so its children, at once."""
        self._control.close()
        if self._handle is not None:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, signal.SIGKILL)
            os.close(self._handle)
            self._handle = None

    async def end(self) -> None:
        """Close its socket, which ends it after its children, or kill it; and wait until it is gone."""
        self._control.close()
        if self._handle is not None:
            await _is_readable(self._handle, _CLOSE_SECONDS)
        self.kill()
        if self._process is not None:
            await self._process.wait()


async def _born(fate: socket.socket) -> tuple[int, int]:
    """The new child's process id and handle. Raises OSError when it was not made."""
    await _is_readable(fate.fileno(), None)
    pid, handles, _, _ = socket.recv_fds(fate, PID_BYTES, 1)
    if len(handles) != 1:
        raise ChildProcessError
    return int.from_bytes(pid, "big"), handles[0]


async def _is_readable(descriptor: int, seconds: float | None) -> bool:
    """Wait until it is, at most so long."""
    loop, readable = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(descriptor, readable.set)
    try:
        async with asyncio.timeout(seconds):
            await readable.wait()
    except TimeoutError:
        return False
    finally:
        loop.remove_reader(descriptor)
    return True
