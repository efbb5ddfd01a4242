"""One SMTP or LMTP conversation (RFC 5321, RFC 2033): aiosmtpd's, with what it lacks for a server that must not lose mail.

Made by bot/intake/smtp.py for each connection. Promises: 250 only after the Receiver has the mail on disk; our own trouble
is 451 with a fixed text, never an exception's; memory bounded by the announced SIZE; ASCII replies; content unchanged but
for dot-stuffing. Raises nothing to the outside.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from bot.clock import Clock
from bot.core import envelope as core
from bot.core.trace import is_ours
from bot.intake.receive import Receiver

log = logging.getLogger("hosho.intake")

MAX_RECIPIENTS = 100
"""RFC 5321 §4.5.3.1.8 asks for at least 100."""

MAX_COMMAND_BYTES = 2048
"""A command with its parameters; RFC 5321 asks for 512, SMTPUTF8 and long sender addresses need more."""

MAX_ERRORS = 20
"""So many refusals since the last good mail are no honest client's (Postfix's smtpd_hard_error_limit)."""

READ_BYTES = 2**16
"""A chunk of DATA; also what may lie unread in memory before the client is made to wait (twice this)."""

LOCAL_ERROR = "451 4.3.0 local error, try again later"
SHUTTING_DOWN = "421 4.3.2 shutting down"
TOO_LARGE = "552 5.3.4 message too large"

_DOT = b".\r\n"
_END = b"\r\n.\r\n"


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """A listener's settings. `recipients`: our addresses in lower case. Sizes in bytes, times in seconds."""

    host: str
    port: int
    hostname: str
    max_bytes: int
    recipients: frozenset[str]
    lmtp: bool = False
    takes_bare_line_ends: bool = False  # a mail with bare CR or LF: kept as it is, or refused (never two mails)
    max_connections: int = 100
    max_connections_per_ip: int = 50  # a Postfix in front comes from one address, with up to 20 at once
    command_seconds: float = 300.0  # RFC 5321 §4.5.3.2.7
    data_seconds: float = 600.0  # the whole of DATA, however steady the drip
    session_seconds: float = 1800.0  # NOOP for ever ends here
    stop_seconds: float = 10.0  # what a mail in transfer gets when we stop


def _has_bare_line_end(content: bytes) -> bool:
    return not content.count(b"\r\n") == content.count(b"\n") == content.count(b"\r")


@dataclass(slots=True)
class Connections:
    """Who is connected to one listener now."""

    sessions: set[SmtpSession] = field(default_factory=set)
    per_ip: Counter[str] = field(default_factory=Counter)
    on_empty: Callable[[], None] = lambda: None


class SmtpSession(SMTP):
    """aiosmtpd's protocol, hardened. `busy` while a mail is in transfer or being stored: such a client is waited for."""

    line_length_limit = READ_BYTES  # aiosmtpd's name for the stream's limit; DATA has no limit of lines here

    def __init__(self, receiver: Receiver, settings: SmtpSettings, clock: Clock, connections: Connections) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(
            _Hooks(settings),
            data_size_limit=settings.max_bytes,
            enable_SMTPUTF8=True,
            hostname=settings.hostname,
            ident="Hosho",
            timeout=settings.command_seconds,
            loop=loop,
        )
        # An instance's own: aiosmtpd's is shared by all and cleared by every new connection.
        self.command_size_limit = MAX_COMMAND_BYTES
        self.command_size_limits = defaultdict(lambda: MAX_COMMAND_BYTES)
        self.busy = False
        self._receiver = receiver
        self._settings = settings
        self._clock = clock
        self._connections = connections
        self._storing = False
        self._half_closed = False
        self._closing = False
        self._errors = 0
        self._ip = ""
        self._ends_at = loop.time() + settings.session_seconds
        self._replies_due = 1

    # -- the connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the client in, or send it away."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # for the type checker: no datagrams here
        ip = str((transport.get_extra_info("peername") or ("local",))[0])
        if (
            len(self._connections.sessions) >= self._settings.max_connections
            or self._connections.per_ip[ip] >= self._settings.max_connections_per_ip
        ):
            log.warning("too many connections, one was sent away")
            transport.write(b"421 4.7.0 too many connections, try again later\r\n")
            transport.close()
            return
        self._ip = ip
        self._connections.sessions.add(self)
        self._connections.per_ip[ip] += 1
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Count the client out. A mail that is being stored is stored all the same; only its reply has nobody left."""
        if not self._ip:
            return
        self._connections.sessions.discard(self)
        self._connections.per_ip[self._ip] -= 1
        if not self._connections.per_ip[self._ip]:
            del self._connections.per_ip[self._ip]
        super().connection_lost(error)
        if not self._connections.sessions:
            self._connections.on_empty()

    def eof_received(self) -> bool | None:
        """Let a client that closed its half after the dot have its reply."""
        if not self._ip:
            return False
        if self._storing:
            self._half_closed = True
            return True
        return super().eof_received()

    def close_soon(self) -> None:
        """Part with 421: at once when idle, after the reply when a mail is under way."""
        self._closing = True
        if not self.busy:
            self._say_goodbye(SHUTTING_DOWN)

    def abort(self) -> None:
        """Cut the connection."""
        if self.transport is not None:
            self.transport.abort()  # type: ignore[attr-defined]  # aiosmtpd types it as BaseTransport

    def _say_goodbye(self, reply: str) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(reply.encode("ascii") + b"\r\n")  # type: ignore[attr-defined]  # likewise
            self.transport.close()

    def _reset_timeout(self, duration: float | None = None) -> None:
        left = self._ends_at - self.loop.time()
        super()._reset_timeout(max(0.001, min(duration or self._timeout_duration, left)))

    def _timeout_cb(self) -> None:
        if self._storing:  # never cut while storing; the client's own patience (10 minutes) is the limit
            super()._reset_timeout()
        else:
            self._say_goodbye("421 4.4.2 timeout")

    # -- replies

    async def push(self, status: str | bytes) -> None:
        """Send a reply, in ASCII; part with a client that collects refusals."""
        text = status.decode("ascii", "replace") if isinstance(status, bytes) else status
        await super().push(text.encode("ascii", "replace"))
        if text[:1] in {"4", "5"}:
            self._errors += 1
            if self._errors >= MAX_ERRORS:
                self._say_goodbye("421 4.7.0 too many errors")

    async def handle_exception(self, error: Exception) -> str:
        """Tell the client that it is our trouble and will pass; tell the log all of it."""
        log.error("a mail could not be taken, its sender was told to try again", exc_info=error)
        replies_due = self._replies_due
        self._after_data()
        self.loop.call_soon(self._part)  # aiosmtpd writes the reply before the loop comes round
        return "\r\n".join([LOCAL_ERROR] * replies_due)

    async def _reply_after_dot(self, reply: str) -> None:
        """One reply; in LMTP one for each accepted recipient (RFC 2033 §4.2)."""
        replies_due = self._replies_due
        self._after_data()
        await self.push("\r\n".join([reply] * replies_due))
        self._part()

    def _part(self) -> None:
        """Part with a client that waited only for this reply, or for which we waited."""
        if self._half_closed:
            self._say_goodbye("221 2.0.0 bye")
        elif self._closing:
            self._say_goodbye(SHUTTING_DOWN)

    def _after_data(self) -> None:
        self._set_post_data_state()  # type: ignore[no-untyped-call]  # aiosmtpd left it untyped
        self.busy = self._storing = False
        self._replies_due = 1

    # -- commands

    async def smtp_VRFY(self, arg: str) -> None:  # noqa: ARG002, N802  # aiosmtpd's name and signature
        """Never say who exists."""
        await self.push("252 2.5.0 send some mail, it will be tried")

    async def smtp_AUTH(self, arg: str) -> None:  # noqa: ARG002, N802  # aiosmtpd's name and signature
        """No passwords here: the door is for the city's own mail server."""
        await self.push("502 5.5.1 AUTH not implemented")

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802  # aiosmtpd's name
        """Take the mail in, chunk by chunk, store it, reply."""
        if await self.check_helo_needed():
            return
        if not _envelope(self).rcpt_tos:
            await self.push("503 5.5.1 need RCPT command")
            return
        if arg:
            await self.push("501 5.5.4 Syntax: DATA")
            return
        self.busy = True
        self._replies_due = len(_envelope(self).rcpt_tos) if self._settings.lmtp else 1
        await super().push("354 End data with <CR><LF>.<CR><LF>")
        self._reset_timeout(self._settings.data_seconds)
        content = await self._read_content()
        if content is None:
            await self._reply_after_dot(TOO_LARGE)
        elif not self._settings.takes_bare_line_ends and _has_bare_line_end(content):
            await self._reply_after_dot("550 5.5.2 bare CR or LF in the message")
        else:
            self._storing = True
            await self._receiver.receive(self._arrival(content))
            self._errors = 0
            await self._reply_after_dot("250 2.0.0 stored")
        self._reset_timeout()

    async def _read_content(self) -> bytes | None:
        """All up to CRLF.CRLF, dots unstuffed; None when it was more than SIZE. Reads on after that, but keeps nothing.

        Only CRLF.CRLF ends a mail: everything else that looks like an end is how mails are smuggled (CVE-2024-27305).
        """
        # The end of the DATA line counts as the first CRLF; in the stream it makes one search fit an empty mail, too.
        self._reader._buffer[:0] = b"\r\n"  # type: ignore[attr-defined]  # noqa: SLF001  # aiosmtpd does likewise
        content = bytearray()
        size_bytes = -2
        limit = self._settings.max_bytes
        ended = False
        while not ended:
            chunk, ended = await self._next_chunk()
            size_bytes += len(chunk)
            if size_bytes <= limit + len(_DOT):
                content += chunk
            elif size_bytes > 2 * limit + READ_BYTES:  # it was told the limit, twice
                self._say_goodbye(TOO_LARGE)
                raise asyncio.CancelledError
            else:
                content.clear()
        if size_bytes > limit + len(_DOT):
            return None
        return bytes(content[: -len(_DOT)]).replace(b"\r\n.", b"\r\n")[2:]

    async def _next_chunk(self) -> tuple[bytes, bool]:
        """What lies before CRLF.CRLF, and whether that is all and the end with it. A lost connection cancels us."""
        try:
            return await self._reader.readuntil(_END), True
        except asyncio.LimitOverrunError as more:  # it leaves what may be the beginning of an end
            return await self._reader.readexactly(more.consumed), False

    def _arrival(self, content: bytes) -> core.Arrival:
        envelope = _envelope(self)
        mail_from = envelope.mail_from or ""
        source = core.Source.LMTP if self._settings.lmtp else core.Source.SMTP
        return core.Arrival(
            core.Envelope(
                source=source,
                mail_from="" if mail_from == "<>" else mail_from,  # aiosmtpd's word for the null reverse-path
                rcpt_tos=tuple(dict.fromkeys(address.lower() for address in envelope.rcpt_tos)),
                received_at=self._clock(),
                peer=self._ip,
            ),
            content,
        )


class LmtpSession(SmtpSession, LMTP):
    """The same with LHLO instead of HELO and EHLO."""


class _Hooks:
    """What aiosmtpd asks at each command."""

    def __init__(self, settings: SmtpSettings) -> None:
        self._recipients = settings.recipients

    async def handle_EHLO(  # noqa: N802  # aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        del server, envelope
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", responses[-1]]

    async def handle_MAIL(  # noqa: N802  # likewise
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        del server, session
        if not address.isprintable():  # raw bytes that are no UTF-8, controls: no database takes them
            return "553 5.1.7 malformed sender address"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802  # likewise
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        del server, session, options
        if not address.isprintable() or not is_ours(address, self._recipients):
            return "550 5.1.1 no such mailbox here"
        if len(envelope.rcpt_tos) >= MAX_RECIPIENTS:
            return "452 4.5.3 too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"


def _envelope(session: SMTP) -> Any:
    """Return aiosmtpd's envelope: there since the connection was made, though typed as optional."""
    return session.envelope
