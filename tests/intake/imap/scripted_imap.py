"""An IMAP server of a few lines that does one thing wrong at a moment that the test chooses, and a line that dies. The truth is test_real_servers.py."""

from __future__ import annotations

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from bot.core.records.envelope import MailboxPlace
from tests.patience import PATIENCE_SECONDS


class Peer:
    """One connection, from the server's side."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    def drop(self) -> None:
        self.writer.transport.abort()

    async def silence(self) -> None:
        """Say nothing until the client has gone."""
        await self.reader.read()


_DATE = "24-Nov-2026 01:02:03 +0000"

Fault = Callable[[Peer, str], Awaitable[None]]
"""Does instead of the answer to a command; gets the command's tag."""


class ScriptedImap:
    """`faults[command]`: one entry for each time the command comes, None for a right answer, right ones afterwards."""

    def __init__(self, mails: dict[int, bytes]) -> None:
        self.mails = mails
        self.uidvalidity = 7
        self.uidnext = 0  # 0: the one after the highest UID
        self.dates: dict[int, str] = {}  # UID → INTERNALDATE, where it is not the usual
        self.capabilities = "IMAP4rev1 IDLE"
        self.greeting = b"* OK ready\r\n"
        self.faults: dict[str, list[Fault | None]] = defaultdict(list)
        self.commands: list[str] = []
        self.connections = 0
        self.idling = asyncio.Condition()
        self.idle_count = 0
        self._idlers: set[Peer] = set()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[int]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        async with server:
            yield server.sockets[0].getsockname()[1]

    async def idles(self, count: int) -> None:
        """Wait until a client has idled for the count-th time."""
        async with asyncio.timeout(PATIENCE_SECONDS), self.idling:
            await self.idling.wait_for(lambda: self.idle_count >= count)

    async def deliver(self, uid: int, content: bytes) -> None:
        """A new mail, pushed to those who idle."""
        self.mails[uid] = content
        for peer in self._idlers:
            await peer.send(b"* %d EXISTS\r\n" % len(self.mails))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(reader, writer)
        self.connections += 1
        try:
            await peer.send(self.greeting)
            while line := (await reader.readline()).decode():
                await self._command(peer, line.rstrip("\r\n"))
        except ConnectionError:
            pass
        finally:
            self._idlers.discard(peer)
            writer.close()

    async def _command(self, peer: Peer, line: str) -> None:
        tag, _, rest = line.partition(" ")
        name = rest if rest.startswith("UID ") else rest.partition(" ")[0]
        name = " ".join(name.split()[:2]) if name.startswith("UID ") else name
        self.commands.append(rest)
        script = self.faults[name]
        if fault := script.pop(0) if script else None:
            await fault(peer, tag)
            return
        await getattr(self, name.replace(" ", "_").lower())(peer, rest)
        await peer.send(f"{tag} OK done\r\n".encode())

    async def capability(self, peer: Peer, _: str) -> None:
        await peer.send(f"* CAPABILITY {self.capabilities}\r\n".encode())

    async def login(self, peer: Peer, _: str) -> None: ...

    async def authenticate(self, peer: Peer, rest: str) -> None: ...

    async def noop(self, peer: Peer, _: str) -> None: ...

    async def starttls(self, peer: Peer, _: str) -> None: ...

    async def select(self, peer: Peer, _: str) -> None:
        uidnext = self.uidnext or max(self.mails, default=0) + 1
        await peer.send(
            b"* FLAGS (\\Seen)\r\n* %d EXISTS\r\n* OK [UIDVALIDITY %d] ok\r\n* OK [UIDNEXT %d] next\r\n"
            % (len(self.mails), self.uidvalidity, uidnext)
        )

    async def uid_search(self, peer: Peer, rest: str) -> None:
        newest = max(self.mails, default=0)
        found: set[int] = set()
        for one in rest.split()[3].split(","):
            first, _, last = one.partition(":")
            highest = newest if last == "*" else int(last or first)
            found.update(uid for uid in self.mails if min(int(first), highest) <= uid <= highest)
        await peer.send(("* SEARCH " + " ".join(map(str, sorted(found)))).strip().encode() + b"\r\n")

    async def uid_fetch(self, peer: Peer, rest: str) -> None:
        _, _, uids, what = rest.split(" ", 3)
        for uid in map(int, uids.split(",")):
            if uid in self.mails:
                await peer.send(self.listed(uid) if "SIZE" in what else self.content(uid, whole="HEADER" not in what))

    def place(self, uid: int, mailbox: str = "city@127.0.0.1/INBOX") -> MailboxPlace:
        """Where the mail lies, with what tells it from others."""
        content, date = self.mails[uid], self.dates.get(uid, _DATE)
        told = (date.encode(), str(len(content)).encode(), content[: content.index(b"\r\n\r\n")])
        mark = hashlib.sha256(b"\0".join(told)).hexdigest()[:16]
        return MailboxPlace(mailbox, f"{self.uidvalidity}/{uid}/{mark}")

    def listed(self, uid: int) -> bytes:
        """A mail as it is listed: by all that tells it from others."""
        content = self.mails[uid]
        head = content[: content.index(b"\r\n\r\n") + 4]
        return (
            b'* %d FETCH (UID %d INTERNALDATE "%b" RFC822.SIZE %d BODY[HEADER.FIELDS (MESSAGE-ID)] {%d}\r\n%b)\r\n'
            % (
                uid,
                uid,
                self.dates.get(uid, _DATE).encode(),
                len(content),
                len(head),
                head,
            )
        )

    def content(self, uid: int, *, whole: bool) -> bytes:
        """A mail, or its header block."""
        section, content = b"BODY[]", self.mails[uid]
        if not whole:
            section, content = b"BODY[HEADER]<0>", content[: content.index(b"\r\n\r\n") + 4]
        return b"* %d FETCH (%b {%d}\r\n%b UID %d)\r\n" % (uid, section, len(content), content, uid)

    async def idle(self, peer: Peer, _: str) -> None:
        self._idlers.add(peer)
        await peer.send(b"+ idling\r\n")
        async with self.idling:
            self.idle_count += 1
            self.idling.notify_all()
        await peer.reader.readline()
        self._idlers.discard(peer)


class Line:
    """A proxy that can lose every packet from one moment on, without a FIN, as a dead router does."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.is_dead = asyncio.Event()
        self.connections = 0

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[int]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        async with server:
            yield server.sockets[0].getsockname()[1]

    def die(self) -> None:
        """Those who are connected hear nothing more; new connections work."""
        self.is_dead.set()
        self.is_dead = asyncio.Event()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        dead = asyncio.create_task(self.is_dead.wait())
        there, back = await asyncio.open_connection("127.0.0.1", self._port)
        pumps = [asyncio.create_task(_pump(reader, back)), asyncio.create_task(_pump(there, writer))]
        await asyncio.wait([dead, *pumps], return_when=asyncio.FIRST_COMPLETED)
        for task in pumps:
            task.cancel()
        if dead.done():
            back.close()
            await reader.read()  # whatever the client says goes nowhere, until it gives up
        dead.cancel()
        back.close()
        writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
