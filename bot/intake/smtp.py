"""The SMTP and LMTP doors: a listening socket, its limits, its orderly end.

Made by the app, one per port. `start` raises OSError when the port is taken; after that every client gets an SMTP reply
and nothing is raised. `stop` returns within `stop_seconds`; what a client was promised (250) is on disk before.
"""

from __future__ import annotations

import asyncio
import logging

from bot.clock import Clock
from bot.intake.receive import Receiver
from bot.intake.smtp_session import Connections, LmtpSession, SmtpSession, SmtpSettings

__all__ = ["SmtpListener", "SmtpSettings"]


class SmtpListener:
    """Takes mails by SMTP, or by LMTP if the settings say so."""

    def __init__(self, receiver: Receiver, settings: SmtpSettings, clock: Clock) -> None:
        self._receiver = receiver
        self._settings = settings
        self._clock = clock
        self._nobody = asyncio.Event()
        self._connections = Connections(on_empty=self._nobody.set)
        self._server: asyncio.Server | None = None

    async def start(self) -> int:
        """Listen; returns the port (of interest when the settings say 0)."""
        logging.getLogger("mail.log").setLevel(logging.WARNING)  # aiosmtpd logs addresses at INFO, contents at DEBUG
        self._server = await asyncio.get_running_loop().create_server(
            self._session, self._settings.host, self._settings.port
        )
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def stop(self) -> None:
        """Close the door; idle clients get 421 at once, those with a mail under way after their reply."""
        if self._server is None:
            return
        self._server.close()  # without wait_closed: since Python 3.12 that waits for idle clients, for ever
        self._nobody.clear()
        for session in tuple(self._connections.sessions):
            session.close_soon()
        if self._connections.sessions:
            try:
                async with asyncio.timeout(self._settings.stop_seconds):
                    await self._nobody.wait()
            except TimeoutError:
                for session in tuple(self._connections.sessions):
                    session.abort()

    def _session(self) -> SmtpSession:
        kind = LmtpSession if self._settings.lmtp else SmtpSession
        return kind(self._receiver, self._settings, self._clock, self._connections)
