"""A relay on loopback that answers by a script: real SMTP, real sockets, and a memory of what it was sent."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session, syntax

DROP = "drop"


@dataclass
class Script:
    """What to answer, by the command: "mail", "rcpt", "data", "dot". Taken from the front; then 250. DROP = hang up."""

    answers: dict[str, list[str]] = field(default_factory=dict)
    mails: list[tuple[str, list[str], bytes]] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    connections: list[asyncio.Transport] = field(default_factory=list)
    handshakes: list[bool] = field(default_factory=list)
    token: str = ""  # XOAUTH2 is offered where it is set
    logins: list[bytes] = field(default_factory=list)  # what XOAUTH2 was told, and what followed a refusal

    def next(self, command: str) -> str:
        """The scripted answer, "" = go on as usual."""
        self.commands.append(command)
        waiting = self.answers.get(command, [])
        return waiting.pop(0) if waiting else ""


class ScriptedSmtp(SMTP):
    """aiosmtpd with our script before each command of a mail."""

    script: Script

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self.script.connections.append(transport)

    async def auth_XOAUTH2(self, _server: SMTP, args: list[str]) -> AuthResult:  # noqa: N802 - aiosmtpd's name
        said = base64.b64decode(args[1])
        self.script.logins.append(said)
        if said == f"user=hosho\1auth=Bearer {self.script.token}\1\1".encode():
            return AuthResult(success=True)
        await self.push("334 " + base64.b64encode(b'{"status":"401"}').decode())
        self.script.logins.append(await self._reader.readline())
        return AuthResult(success=False, handled=False)

    async def _scripted(self, command: str) -> bool:
        answer = self.script.next(command)
        if answer == DROP:
            self.transport.abort()
        elif answer:
            await self.push(answer)
        return bool(answer)

    @syntax("MAIL FROM: <address>")
    async def smtp_MAIL(self, arg: str) -> None:  # noqa: N802 - aiosmtpd's name
        if not await self._scripted("mail"):
            await super().smtp_MAIL(arg)

    @syntax("RCPT TO: <address>")
    async def smtp_RCPT(self, arg: str) -> None:  # noqa: N802 - aiosmtpd's name
        if not await self._scripted("rcpt"):
            await super().smtp_RCPT(arg)

    @syntax("DATA")
    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - aiosmtpd's name
        if not await self._scripted("data"):
            await super().smtp_DATA(arg)


class Handler:
    """Keeps what comes, and answers the final dot by the script."""

    def __init__(self, script: Script) -> None:
        self.script = script

    async def handle_DATA(self, server: ScriptedSmtp, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = self.script.next("dot")
        self.script.handshakes.append(session.ssl is not None)
        if not answer.startswith(("4", "5")):
            self.script.mails.append((envelope.mail_from, envelope.rcpt_tos, envelope.original_content))
        if answer == DROP:
            server.transport.abort()
        return answer if answer and answer != DROP else "250 2.0.0 queued as 42"


def authenticate(server, session, envelope, mechanism, data) -> AuthResult:
    return AuthResult(
        success=data.login == b"hosho" and data.password == b"right", handled=False
    )  # False: aiosmtpd says 535 itself


@asynccontextmanager
async def relay(script: Script, *, tls: ssl.SSLContext | None = None, implicit: bool = False) -> AsyncIterator[int]:
    """A relay that runs by the script; gives its port."""

    def protocol() -> ScriptedSmtp:
        made = ScriptedSmtp(
            Handler(script),
            hostname="relay.example.jp",
            tls_context=None if implicit else tls,
            authenticator=authenticate,
            auth_exclude_mechanism=() if script.token else ("XOAUTH2",),
        )
        made.script = script
        return made

    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=tls if implicit else None)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for transport in script.connections:
            transport.abort()
