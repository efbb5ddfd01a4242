"""Durable intake: our door beside aiosmtpd as it comes, which syncs each message to a file of its own.

`python -m benchmarks.doors ours|stock FOLDER` is such a door: it prints its port and ends with its standard input. Ours is the
daemon's listener, receiver and store, without the workers behind them. The probes send the same mail over several connections,
one after the other on each. Run by __main__.py. Raises EOFError when a door has died, RuntimeError when it refuses.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP

from benchmarks.desk import Desk
from benchmarks.material import INBOX
from benchmarks.measuring import Laps, Probe, Side, Times
from bot.clock import utc_now
from bot.intake.receive import Receiver
from bot.intake.smtp.listener import SmtpListener, SmtpSettings
from storage.store import KeyFile, Store

MAILS = 100
"""So many in a round: half a second's."""
_MIB = 2**20


def doors(desk: Desk, sessions: int) -> list[tuple[Side, Probe]]:
    """Mails taken durably, a mail, over so many connections at once; the peer stands in the naive script's column."""
    row = f"door: a durable 250, {sessions} at once"
    middle = sorted(desk.samples, key=lambda sample: len(sample.content))[len(desk.samples) // 2]
    numbers = count(1)

    def probe(kind: str) -> Probe:
        async def run() -> Times:
            laps = Laps()
            async with _door(kind, desk.folder) as port:
                await _send(port, [_copy(middle.content, next(numbers)) for _ in range(sessions)])
                shares = [
                    [_copy(middle.content, next(numbers)) for _ in range(MAILS // sessions)] for _ in range(sessions)
                ]
                with laps(row, of=MAILS):
                    await asyncio.gather(*(_send(port, share) for share in shares))
            return laps.times

        return run

    return [(Side.OURS, probe("ours")), (Side.NAIVE, probe("stock"))]


def _copy(content: bytes, number: int) -> bytes:
    return content.replace(b"Message-ID: <", b"Message-ID: <%d." % number, 1)


async def _send(port: int, mails: list[bytes]) -> None:
    """As little as a client can be: it runs on the doors' cores."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await reader.readline()
    commands = (b"HELO bench", b"MAIL FROM:<tanto@kensetsu.example.jp>", b"RCPT TO:<%s>" % INBOX.encode(), b"DATA")
    for place, mail in enumerate(mails):
        for command in (*commands[bool(place) :], mail.replace(b"\r\n.", b"\r\n..") + b"\r\n."):
            writer.write(command + b"\r\n")
            reply = await reader.readline()
            if reply[:1] not in b"23":
                raise RuntimeError(f"the door said {reply!r}")
    writer.close()


@asynccontextmanager
async def _door(kind: str, folder: Path) -> AsyncIterator[int]:
    with tempfile.TemporaryDirectory(dir=folder) as room:
        command = (sys.executable, "-m", "benchmarks.doors", kind, room)
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        try:
            line = await process.stdout.readline() if process.stdout is not None else b""
            if not line:
                raise EOFError("the door has died")
            yield int(line)
        finally:
            if process.stdin is not None:
                process.stdin.close()
            await process.wait()


class _Filer:
    """aiosmtpd's handler: a file and a sync for each message."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count(1)

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        with (self._folder / f"{next(self._numbers)}.eml").open("wb") as file:
            file.write(envelope.content)
            file.flush()
            os.fsync(file.fileno())
        return "250 2.0.0 taken"


async def _stock(folder: Path) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(_Filer(folder), loop=loop), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


async def _ours(folder: Path) -> None:
    async with await Store.open(f"sqlite:///{folder}/hosho.db", vault=KeyFile(folder / "hosho.key")) as store:
        receiver = Receiver(store.incoming, lambda: None)
        committer = asyncio.create_task(receiver.run())
        settings = SmtpSettings("127.0.0.1", 0, "bench.example.jp", 25 * _MIB, frozenset({INBOX}), folder / "spool")
        listener = SmtpListener(receiver, settings, utc_now)
        print(await listener.start(), flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        await listener.stop()
        receiver.stop()
        await committer


if __name__ == "__main__":
    asyncio.run({"ours": _ours, "stock": _stock}[sys.argv[1]](Path(sys.argv[2])))
