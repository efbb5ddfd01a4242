"""A relay in a process of its own: `python sink.py PORT FILE` takes every mail and writes a line for each to FILE.

A line: the Message-ID, the recipient, and how many connections were open. Run by test_sending.py, whose memory it must not fill.
"""

from __future__ import annotations

import asyncio
import sys
from email.parser import BytesHeaderParser
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session


class Sink:
    """Notes each mail."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("a", buffering=1)
        self.open = 0

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        message_id = BytesHeaderParser().parsebytes(envelope.original_content)["Message-ID"]
        self._file.write(f"{message_id} {envelope.rcpt_tos[0]} {self.open}\n")
        return "250 ok"


class Counting(SMTP):
    """Counts its connections."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        self.event_handler.open += 1
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self.event_handler.open -= 1
        super().connection_lost(error)


async def main() -> None:
    port, file = int(sys.argv[1]), Path(sys.argv[2])
    sink = Sink(file)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Counting(sink, hostname="sink.example.jp"), "127.0.0.1", port)
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
