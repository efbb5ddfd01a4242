"""A relay that takes every mail and forgets it, in a process of its own: `python -m benchmarks.sink`.

It prints its port, then the recipient of each mail taken; it ends with its standard input. `Sink` is the bench's end of it.
Raises EOFError when the process has died, TimeoutError when mails stay away.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiosmtpd.smtp import SMTP

PATIENCE_SECONDS = 60.0
"""Nothing here takes so long; after it something is broken."""


class Sink:
    """The running relay. `port`: where it listens on the loopback address."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self._process = process
        self.port = port

    async def wait_for(self, mails: int) -> None:
        """Return when so many more have been taken."""
        for _ in range(mails):
            await self.recipient()

    async def recipient(self) -> str:
        """To whom the next one goes that is taken."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return (await _line(self._process)).decode().strip()


@asynccontextmanager
async def sink() -> AsyncIterator[Sink]:
    """Start one, and end it."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.sink"), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield Sink(process, int(await _line(process)))
    finally:
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()


async def _line(process: asyncio.subprocess.Process) -> bytes:
    line = await process.stdout.readline() if process.stdout is not None else b""
    if not line:
        raise EOFError("the sink has died")
    return line


class _Taker:
    """aiosmtpd's handler."""

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        print(envelope.rcpt_tos[0], flush=True)
        return "250 2.0.0 taken"


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(_Taker(), loop=loop), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(_serve())
