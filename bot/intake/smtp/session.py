"""One SMTP or LMTP session (RFC 5321, RFC 2033): aiosmtpd's commands, hardened.

Made by listener.py for each connection. 250 is sent only after the Receiver has the mail on disk. Our own failures are 451
with a fixed text (452 when the disk is full), without an exception's text. Replies never repeat the client's input. Memory
is bounded for any input. The content is stored unchanged, stuffed dots apart. Raises nothing to the outside.
"""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from typing import Any, NoReturn

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP

from bot.core.records import envelope as core
from bot.core.text.lazy_pattern import LazyPattern
from bot.intake.smtp.data import DataStream
from bot.intake.smtp.hooks import TOO_LARGE, Door, Hooks, path_of
from bot.intake.smtp.spool import Spool, SpooledMail

MAX_COMMAND_BYTES = 2048
"""A command with its parameters. RFC 5321 §4.5.3.1.4 asks for 512; SMTPUTF8 and long sender addresses need more."""

MAX_ERRORS = 20
"""4xx and 5xx replies since the last stored mail; then the session is closed (Postfix's smtpd_hard_error_limit)."""

MAX_COMMANDS = 250
"""Commands since the last stored mail. A mail to a hundred recipients needs half of it; it ends an endless NOOP."""

MAX_LINES = 400_000
"""A mail of 25 MiB in lines of 65 columns. The parsing of a mail of empty lines takes a hundred times its size."""

READ_BYTES = 2**16
"""A chunk of DATA. asyncio stops reading from the client at twice this amount of unread bytes."""

UNSENT_BYTES = 2**14
"""Replies that a client has not read; beyond this its commands are not read."""

MIN_BYTES_PER_SECOND = 500
"""Postfix's smtpd_min_data_rate, as an average over the mail: a client that was faster may pause."""

READ_ON = 10
"""A mail over `max_bytes` is read to its end and refused there, so that its sender learns why; over this multiple of it the
connection is cut."""

LAST_WORD_SECONDS = 2.0
"""How long a client may take to read the last reply before the connection is cut."""

SHUTTING_DOWN = "421 4.3.2 shutting down"
TIMEOUT = "421 4.4.2 timeout"
TOO_MANY_LINES = "552 5.3.4 too many lines in the message"
FALSE_END = "550 5.5.2 a line of a single dot must be stuffed, and ended by CRLF"
BARE_LINE_END = "550 5.5.2 bare CR or LF in the message"
NOT_A_COMMAND = "500 5.5.2 not a command"

_CONTROLS = LazyPattern(rb"[\x00-\x08\x0a-\x1f\x7f]")
_OTHER_PROTOCOLS = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
"""HTTP methods. A browser or proxy can be made to send such a request; its body must not be read as commands."""


class _PartedError(ConnectionError):
    """The session is over and the last reply has been sent."""


class SmtpSession(SMTP):
    """aiosmtpd's protocol, hardened; a Client of Connections.

    `is_busy`: a mail is in transfer or being stored; `close_soon` waits for its reply.
    """

    line_length_limit = READ_BYTES  # aiosmtpd's name for the StreamReader's limit; a line of DATA may be longer

    def __init__(self, door: Door, ip: str) -> None:
        loop = asyncio.get_running_loop()
        settings = door.settings
        super().__init__(
            Hooks(door),
            data_size_limit=None,  # its refusal has no enhanced code; ours is in Hooks
            enable_SMTPUTF8=True,
            hostname=settings.hostname,
            ident="Hosho",
            timeout=settings.command_seconds,
            loop=loop,
        )
        self.ip = ip
        self.led_on_at = loop.time()
        self.is_storing = False
        self.is_busy = False
        self._door = door
        self._settings = settings
        self._closing = False
        self._errors = 0
        self._commands = 0
        self._ends_at = self.led_on_at + settings.session_seconds
        self._replies_due = 1

    # -- the connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Enter the connections."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # for the type checker: no datagrams here
        transport.set_write_buffer_limits(high=UNSENT_BYTES)
        transport.max_size = READ_BYTES  # type: ignore[attr-defined]  # asyncio's own are 256 KiB, for each client
        self._door.connections.enter(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Leave the connections. A mail that is being stored is stored all the same; only its reply can't be sent."""
        super().connection_lost(error)
        self._door.connections.leave(self)

    def eof_received(self) -> bool | None:
        """Still reply to the commands that came before the client closed its half of the connection."""
        return asyncio.StreamReaderProtocol.eof_received(self)  # not aiosmtpd's, which cancels the running command

    def close_soon(self) -> None:
        """Close with 421: at once when idle, after the reply when a mail is being received."""
        self._closing = True
        if not self.is_busy:
            self.part(SHUTTING_DOWN)

    def abort(self) -> None:
        """Close now, also within a mail."""
        self.part(SHUTTING_DOWN)
        if self.transport is not None:
            self.transport.abort()  # type: ignore[attr-defined]  # aiosmtpd types it as BaseTransport

    def part(self, reply: str, *, patient: bool = True) -> None:
        """Send a last reply and close. A client that does not read it is cut off after LAST_WORD_SECONDS, or at once."""
        transport: Any = self.transport
        if transport is None or transport.is_closing():
            return
        transport.write(reply.encode("ascii") + b"\r\n")
        transport.close()
        if transport.get_write_buffer_size():  # close() waits without limit until the client reads it
            self.loop.call_later(LAST_WORD_SECONDS if patient else 0, transport.abort)

    def _reset_timeout(self, duration: float | None = None) -> None:
        left = self._ends_at - self.loop.time()
        super()._reset_timeout(max(0.001, min(duration or self._timeout_duration, left)))

    def _timeout_cb(self) -> None:
        if self.is_storing:  # not cut while storing; the client's own timeout (10 minutes) is the limit
            super()._reset_timeout()
        else:
            self.part(TIMEOUT)

    # -- the session

    async def _handle_client(self) -> None:
        """Greet, and run commands until the end. aiosmtpd's own loop accepts a bare LF and repeats input in its replies."""
        try:
            await self.push(f"220 {self._settings.hostname} {self.__ident__}")
            while True:
                await self._obey(await self._next_line())
        except ConnectionError:  # the connection is closed, by the client or by us: no reply is possible
            pass
        finally:
            if self.transport is not None:
                self.transport.close()

    async def _next_line(self) -> bytes:
        """A command without its CRLF."""
        try:
            line: bytes = await self._reader.readuntil(b"\n")
        except asyncio.IncompleteReadError as error:
            raise _PartedError from error
        except asyncio.LimitOverrunError:
            self._part_from("500 5.5.2 line too long")
        if not line.endswith(b"\r\n"):  # to another server the next line is a part of this command
            self._part_from("500 5.5.2 bare LF in a command")
        return line[:-2]

    async def _obey(self, line: bytes) -> None:
        """Run a command. An exception in it is our own failure: 451, and the session goes on."""
        word, _, rest = line.partition(b" ")
        command = word.upper().decode("ascii", "replace")
        self._commands += 1
        if self._commands > MAX_COMMANDS:
            self._part_from("421 4.7.0 too many commands")
        if command in _OTHER_PROTOCOLS:
            self._part_from("554 5.5.1 this is no HTTP server")
        method = self._smtp_methods.get(command)
        if len(line) > MAX_COMMAND_BYTES or _CONTROLS.search(line) or method is None:
            await self.push(NOT_A_COMMAND)
            return
        self._reset_timeout()
        try:
            await method(rest.strip().decode("utf-8", "surrogateescape") or None)
        except ConnectionError:
            raise
        except Exception as error:  # noqa: BLE001  # the top of a worker loop: a client is told, and the log
            reply = self._door.trouble.note(error)
            self._set_rset_state()  # type: ignore[no-untyped-call]  # aiosmtpd left it untyped
            await self.push(reply)

    def _part_from(self, reply: str) -> NoReturn:
        self.part(reply)
        raise _PartedError

    async def push(self, status: str | bytes) -> None:
        """Send a reply, in ASCII; close the session after MAX_ERRORS refusals."""
        text = status.decode("ascii", "replace") if isinstance(status, bytes) else status
        await super().push(text.encode("ascii", "replace"))
        if text[:1] in {"4", "5"}:
            self._errors += 1
            if self._errors >= MAX_ERRORS:
                self._part_from("421 4.7.0 too many errors")

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """See `path_of`. aiosmtpd's own parser takes time quadratic in the length."""
        return path_of(arg)

    # -- commands

    async def smtp_VRFY(self, arg: str) -> None:  # noqa: ARG002, N802  # aiosmtpd's name and signature
        """Do not reveal which mailboxes exist (RFC 5321 §7.3)."""
        await self.push("252 2.5.0 send some mail, it will be tried")

    async def smtp_AUTH(self, arg: str) -> None:  # noqa: ARG002, N802  # aiosmtpd's name and signature
        """No authentication: the door is for the city's own mail server."""
        await self.push("502 5.5.1 AUTH not implemented")

    async def smtp_HELP(self, arg: str) -> None:  # noqa: ARG002, N802  # aiosmtpd's name and signature
        """Refer to RFC 5321."""
        await self.push("214 2.0.0 see RFC 5321")

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802  # aiosmtpd's name
        """Read the mail chunk by chunk, store it, reply."""
        envelope = _envelope(self)
        if arg or not envelope.rcpt_tos:
            reply = "501 5.5.4 Syntax: DATA" if arg else "503 5.5.1 need RCPT command"
            if self._has_input():  # the client sent the mail without waiting: it must not be read as commands
                self._part_from(reply)
            await self.push(reply)
            return
        self.is_busy = True
        self._replies_due = len(envelope.rcpt_tos) if self._settings.lmtp else 1
        try:
            reply = await self._take_mail()
        except ConnectionError:
            raise
        except Exception as error:  # noqa: BLE001  # as in _obey, but the rest of a mail must not be read as commands
            self._part_from(self._door.trouble.note(error))
        finally:
            self.is_busy = self.is_storing = False
            self._set_post_data_state()  # type: ignore[no-untyped-call]  # aiosmtpd left it untyped
        # In LMTP one for each accepted recipient (RFC 2033 §4.2).
        await self.push("\r\n".join([reply] * self._replies_due))
        if self._closing:
            self._part_from(SHUTTING_DOWN)
        self.led_on_at = self.loop.time()
        self._reset_timeout()

    async def _take_mail(self) -> str:
        """Read a mail and store it; returns the reply to the end of data."""
        with ExitStack() as mine:
            spool = Spool(self._settings.spool_folder, self._door.has_room)
            mine.callback(spool.close)
            await super().push("354 End data with <CR><LF>.<CR><LF>")
            refusal = await self._read_into(spool)
            if refusal:
                return refusal
            self.is_storing = True
            mine.pop_all()  # from here on the Receiver closes the spool
            try:
                kept = await self._door.receiver.receive(SpooledMail(self._core_envelope(), spool))
            except Exception as error:  # noqa: BLE001  # any failure of the store becomes a reply and a log line
                return self._door.trouble.note(error)
            self._door.trouble.end()
            self._errors = self._commands = 0
            return "250 2.0.0 came back" if kept.mail_id == core.CANARY else f"250 2.0.0 stored as {kept.mail_id}"

    async def _read_into(self, spool: Spool) -> str:
        """Read up to CRLF.CRLF into the spool; returns the refusal, or "". A refused mail is read to its end and dropped."""
        data = DataStream()
        started = self.loop.time()
        refusal = ""
        rest: bytes | None = None
        while rest is None:
            self._grant_time(started, data.size_bytes)
            chunk = await self._reader.read(READ_BYTES)
            if not chunk:
                raise _PartedError  # the client closed its half within the mail
            content, rest = data.feed(chunk)
            refusal = refusal or self._refusal(data)
            if not refusal:
                try:
                    await spool.write(content)
                except Exception as error:  # noqa: BLE001  # any failure of the disk: the reply after the end of data
                    refusal = self._door.trouble.note(error)
            if refusal:
                spool.close()
            if data.size_bytes > READ_ON * self._settings.max_bytes:
                self._part_from(refusal)
        self._reader._buffer[:0] = rest  # type: ignore[attr-defined]  # noqa: SLF001  # aiosmtpd does likewise
        if not refusal and data.has_bare_line_end and not self._settings.takes_bare_line_ends:
            return BARE_LINE_END
        return refusal

    def _refusal(self, data: DataStream) -> str:
        if data.size_bytes > self._settings.max_bytes:
            return TOO_LARGE
        if data.lines > MAX_LINES:
            return TOO_MANY_LINES
        return FALSE_END if data.has_false_end else ""

    def _grant_time(self, started: float, size_bytes: int) -> None:
        """Set DATA's timeout: its bytes at MIN_BYTES_PER_SECOND plus the grace, at most `data_seconds` in all."""
        now = self.loop.time()
        paid_until = started + size_bytes / MIN_BYTES_PER_SECOND
        self.led_on_at = min(now, max(started, paid_until))
        ends_at = min(started + self._settings.data_seconds, paid_until + self._settings.data_grace_seconds)
        self._reset_timeout(ends_at - now)

    def _has_input(self) -> bool:
        return bool(self._reader._buffer)  # type: ignore[attr-defined]  # noqa: SLF001  # aiosmtpd looks there, too

    def _core_envelope(self) -> core.Envelope:
        envelope = _envelope(self)
        return core.Envelope(
            source=core.Source.LMTP if self._settings.lmtp else core.Source.SMTP,
            mail_from="" if envelope.mail_from == "<>" else envelope.mail_from,  # aiosmtpd takes "" for a missing MAIL
            rcpt_tos=tuple(dict.fromkeys(address.lower() for address in envelope.rcpt_tos)),
            received_at=self._door.clock(),
            peer=self.ip,
        )


class LmtpSession(SmtpSession, LMTP):
    """LMTP (RFC 2033): LHLO instead of HELO and EHLO, and a reply for each recipient."""


def _envelope(session: SMTP) -> Any:
    """Envelope of aiosmtpd: typed as optional, but set since `connection_made`."""
    return session.envelope
