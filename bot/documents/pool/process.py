"""A fork server and its children as the daemon holds them: processes, their sockets, their frames.

Used by children.py. Everything raises ChildDiedError when the process ended, overran its time or spoke nonsense; after that, and
after a cancel, it is killed. Raises OSError where no process can be started.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

import bot
from bot.documents.pool.frames import ANSWER_BYTES, EXIT_CODE_BYTES, LENGTH_BYTES, PID_BYTES

PIECE_BYTES = 2**18
"""So much of a mail is written to a child's socket at a time: what it does not take at once lies in memory twice."""
START_SECONDS = 20.0
"""Python and the libraries start in half a second, the recogniser in two; a machine under load may need many times that."""
FORK_SERVER = "bot.documents.pool.fork_server"
_FORK_SECONDS = 3.0  # it takes some milliseconds; QUICK_SECONDS are longer
_CLOSE_SECONDS = 2.0

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
    """The child ended, overran its time or spoke nonsense. `is_final`: another one would fare no better with this mail."""

    def __init__(self, *, is_final: bool = False) -> None:
        super().__init__()
        self.is_final = is_final


class Child:
    """One process that reads one mail. `handle`: its pidfd; `fate`: where the fork server tells how it ended."""

    def __init__(
        self, pid: int, handle: int, fate: socket.socket, talk: tuple[asyncio.StreamReader, asyncio.StreamWriter]
    ) -> None:
        self.pid = pid
        self._handle = handle
        self._fate = fate
        self._answers, self._orders = talk

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
            raise ChildDiedError from error

    async def receive(self) -> bytes:
        """Its next frame."""
        try:
            length = int.from_bytes(await self._answers.readexactly(LENGTH_BYTES), "big")
            if length > ANSWER_BYTES:
                raise ChildDiedError
            return await self._answers.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise ChildDiedError from error

    async def ended_by(self) -> int | None:
        """Kill it if it still lives: its exit code, minus the signal that ended it; None when nobody knows."""
        self._kill()
        with suppress(TimeoutError, OSError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                code = await asyncio.get_running_loop().sock_recv(self._fate, EXIT_CODE_BYTES)
                return int.from_bytes(code, "big", signed=True) if code else None
        return None

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
    """One process that reads nothing, and its children."""

    def __init__(self, process: asyncio.subprocess.Process, control: socket.socket) -> None:
        self._process = process
        self._control = control
        # Not Process.kill(): that polls first, and may so take the exit status away from asyncio's own watcher.
        self._handle: int | None = os.pidfd_open(process.pid)

    @classmethod
    async def start(cls, role: str, program: str = FORK_SERVER) -> ForkServer:
        """Start one and wait until it has everything at hand. `role`: see frames.py; `program`: its module."""
        control, its_own = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        control.settimeout(0)
        with its_own:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-E", "-s", "-B", "-m", program, str(os.getpid()), role),
                cwd=_ROOT,
                env=_ENVIRONMENT,
                stdin=its_own.fileno(),
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C at the daemon's terminal is the daemon's business
            )
        server = cls(process, control)
        try:
            async with asyncio.timeout(START_SECONDS):
                is_ready = await asyncio.get_running_loop().sock_recv(control, 1)
        except TimeoutError:
            is_ready = b""
        except BaseException:
            server.kill()
            raise
        if not is_ready:
            server.kill()
            raise ChildDiedError
        return server

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether it runs and was not killed."""
        return self._process.returncode is None and self._handle is not None

    async def child(self) -> Child:
        """Have a child forked. A server that doesn't do it in time is killed."""
        talk, its_talk = socket.socketpair()
        fate, its_fate = socket.socketpair()
        fate.settimeout(0)
        try:
            with its_talk, its_fate:
                socket.send_fds(self._control, [b"f"], [its_talk.fileno(), its_fate.fileno()])
            async with asyncio.timeout(_FORK_SECONDS):
                pid, handle = await _born(fate)
        except (TimeoutError, OSError) as error:
            self.kill()
            talk.close()
            fate.close()
            raise ChildDiedError from error
        except BaseException:
            talk.close()
            fate.close()
            raise
        return Child(pid, handle, fate, await asyncio.open_unix_connection(sock=talk))

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
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._process.wait()
        self.kill()
        await self._process.wait()


async def _born(fate: socket.socket) -> tuple[int, int]:
    """The new child's process id and handle. Raises OSError when it was not made."""
    loop, readable = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(fate, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(fate)
    pid, handles, _, _ = socket.recv_fds(fate, PID_BYTES, 1)
    if len(handles) != 1:
        raise ChildProcessError
    return int.from_bytes(pid, "big"), handles[0]
