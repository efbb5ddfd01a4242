"""The SMTP and LMTP doors: listening sockets, the limits of connections, the orderly stop.

Made by the app, one per port. `start` raises OSError when the port is taken; after that every client gets an SMTP reply
and nothing is raised. `stop` returns within `stop_seconds`. A mail that got its 250 is on disk.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Callable
from functools import partial

from bot.clock import Clock
from bot.intake.receive import Receiver, always_room
from bot.intake.smtp.connections import TOO_MANY, Connections
from bot.intake.smtp.hooks import Door, SmtpSettings
from bot.intake.smtp.session import LmtpSession, SmtpSession

__all__ = ["SmtpListener", "SmtpSettings"]

log = logging.getLogger("hosho.intake")

BACKLOG = 512
"""Connections that the kernel queues (listen(2)). A client beyond them repeats its SYN after a second or three."""

RETRY_SECONDS = 1.0
"""Pause after a failed accept; usually no file descriptors are left."""

_GONE = frozenset({errno.ECONNABORTED, errno.ECONNRESET, errno.EPIPE, errno.ENOTCONN, errno.EAGAIN})
"""Errors of a client that has gone already; the next one is accepted without a pause."""


class SmtpListener:
    """Takes mails by SMTP, or by LMTP if the settings say so. While `has_room` (free disk space) is False, MAIL gets 452."""

    def __init__(
        self, receiver: Receiver, settings: SmtpSettings, clock: Clock, *, has_room: Callable[[], bool] = always_room
    ) -> None:
        self._settings = settings
        self._nobody = asyncio.Event()
        self._connections = Connections(
            settings.max_connections, settings.max_connections_per_ip, on_empty=self._nobody.set
        )
        self._door = Door(receiver, settings, clock, has_room, self._connections)
        self._accepting: list[asyncio.Task[None]] = []
        self._sockets: list[socket.socket] = []

    async def start(self) -> int:
        """Listen; returns the port (chosen by the kernel when the settings say 0). Raises OSError."""
        logging.getLogger("mail.log").setLevel(logging.ERROR)  # aiosmtpd logs addresses at INFO, contents at DEBUG
        self._settings.spool_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        loop = asyncio.get_running_loop()
        places = await loop.getaddrinfo(
            self._settings.host or None, self._settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        try:
            for family, address in dict.fromkeys((family, address) for family, _, _, _, address in places):
                self._sockets.append(socket.create_server(address[:2], family=family, backlog=BACKLOG))
        except OSError:
            self._close_sockets()
            raise
        for listening in self._sockets:
            listening.settimeout(0)
            # Accepted sockets inherit it. asyncio sets it only for the sockets of its own server.
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._accepting.append(loop.create_task(self._accept(listening)))
        port: int = self._sockets[0].getsockname()[1]
        return port

    async def stop(self) -> None:
        """Stop listening. Idle clients get 421 at once, those with a mail in transfer after its reply."""
        if not self._sockets:
            return
        for task in self._accepting:
            task.cancel()
        await asyncio.wait(self._accepting)
        self._close_sockets()
        self._nobody.clear()
        for client in tuple(self._connections.clients):
            client.close_soon()
        if self._connections.clients:
            try:
                async with asyncio.timeout(self._settings.stop_seconds):
                    await self._nobody.wait()
            except TimeoutError:
                for client in tuple(self._connections.clients):
                    client.abort()

    async def _accept(self, listening: socket.socket) -> None:
        """Let clients in, one after the other. In place of asyncio's server, to which a client is a protocol object before anybody
        may ask who it is, and which says a hundred times a second that there are no file descriptors left.
        """
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, address = await loop.sock_accept(listening)
                ip = str(address[0]) if address else "local"
                if self._connections.make_room(ip, loop.time()):
                    await loop.connect_accepted_socket(partial(self._session, ip), connection)
                else:
                    _send_away(connection)
                    await asyncio.sleep(0)  # neither call above yields: a flood would starve the other tasks
            except Exception as error:  # noqa: BLE001  # the top of a worker loop: else no client could connect any more
                if getattr(error, "errno", None) in _GONE:
                    continue
                log.warning("a client can't be let in: %s: %s", type(error).__name__, error)
                await asyncio.sleep(RETRY_SECONDS)

    def _session(self, ip: str) -> SmtpSession:
        return LmtpSession(self._door, ip) if self._settings.lmtp else SmtpSession(self._door, ip)

    def _close_sockets(self) -> None:
        for listening in self._sockets:
            listening.close()
        self._sockets.clear()


def _send_away(connection: socket.socket) -> None:
    with connection:
        connection.settimeout(0)
        connection.send(TOO_MANY.encode("ascii") + b"\r\n")
