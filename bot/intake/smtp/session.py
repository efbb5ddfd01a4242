"""One SMTP or LMTP conversation (RFC 5321, RFC 2033): aiosmtpd's commands in a session that must not lose mail.

Made by listener.py for each connection. Promises: 250 only after the Receiver has the mail on disk; our own trouble is 451 with
a fixed text (452 when the disk is full), never an exception's; no word of the client's is repeated to it; memory bounded
whatever it sends; content unchanged but for dot-stuffing. Raises nothing to the outside.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import ExitStack
from typing import Any, NoReturn

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP

from bot.core.records import envelope as core
from bot.intake.smtp.data import DataStream
from bot.intake.smtp.hooks import TOO_LARGE, Door, Hooks, path_of
from bot.intake.smtp.spool import Spool, SpooledMail

MAX_COMMAND_BYTES = 2048
"""A command with its parameters; RFC 5321 asks for 512, SMTPUTF8 and long sender addresses need more."""

MAX_ERRORS = 20
"""So many refusals since the last good mail are no honest client's (Postfix's smtpd_hard_error_limit)."""

MAX_COMMANDS = 250
"""Since the last good mail: a mail to a hundred recipients needs half of it; NOOP for ever ends here."""

MAX_LINES = 400_000
"""A mail of 25 MiB in lines of 65 columns; one of empty lines costs whoever takes it apart a hundred times its size."""

READ_BYTES = 2**16
"""A chunk of DATA; also what may lie unread in memory before the client is made to wait (twice this)."""

UNSENT_BYTES = 2**14
"""Replies that a client has not read; beyond them its commands wait."""

MIN_BYTES_PER_SECOND = 500
"""Postfix's smtpd_min_data_rate. What was faster before may pause for as long as that pays for."""

READ_ON = 10
"""A mail over the limit is read to its end and refused there, so that its sender learns why; over so many limits it is cut."""

LAST_WORD_SECONDS = 2.0
"""How long a client that we part with may take to read what is left to say to it."""

SHUTTING_DOWN = "421 4.3.2 shutting down"
TIMEOUT = "421 4.4.2 timeout"
TOO_MANY_LINES = "552 5.3.4 too many lines in the message"
FALSE_END = "550 5.5.2 a line of a single dot must be stuffed, and ended by CRLF"
BARE_LINE_END = "550 5.5.2 bare CR or LF in the message"
NOT_A_COMMAND = "500 5.5.2 not a command"

_CONTROLS = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_OTHER_PROTOCOLS = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
"""A browser or a proxy made to speak to us: what follows as its request's body must not be heard as commands."""


class _PartedError(ConnectionError):
    """The conversation is over; what there was to say has been said."""


class SmtpSession(SMTP):
    """aiosmtpd's protocol, hardened. `is_busy` while a mail is in transfer or being stored: such a client is waited for.

    `ip`, `led_on_at` and `is_storing` are what Connections asks for.
    """

    line_length_limit = READ_BYTES  # aiosmtpd's name for the stream's limit; DATA has no limit of lines here

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
        """Count the client in."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # for the type checker: no datagrams here
        transport.set_write_buffer_limits(high=UNSENT_BYTES)
        transport.max_size = READ_BYTES  # type: ignore[attr-defined]  # asyncio's own are 256 KiB, for each client
        self._door.connections.enter(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Count the client out. A mail that is being stored is stored all the same; only its reply has nobody left."""
        super().connection_lost(error)
        self._door.connections.leave(self)

    def eof_received(self) -> bool | None:
        """Let a client that closed its half have the replies to all that it said before."""
        return asyncio.StreamReaderProtocol.eof_received(self)  # not aiosmtpd's, which cancels what is being done

    def close_soon(self) -> None:
        """Part with 421: at once when idle, after the reply when a mail is under way."""
        self._closing = True
        if not self.is_busy:
            self.part(SHUTTING_DOWN)

    def abort(self) -> None:
        """Part now, whatever is under way."""
        self.part(SHUTTING_DOWN)
        if self.transport is not None:
            self.transport.abort()  # type: ignore[attr-defined]  # aiosmtpd types it as BaseTransport

    def part(self, reply: str, *, patient: bool = True) -> None:
        """Say a last word and close. One who does not read gets LAST_WORD_SECONDS for it, or no time."""
        transport: Any = self.transport
        if transport is None or transport.is_closing():
            return
        transport.write(reply.encode("ascii") + b"\r\n")
        transport.close()
        if transport.get_write_buffer_size():  # close() waits for its reader, for ever
            self.loop.call_later(LAST_WORD_SECONDS if patient else 0, transport.abort)

    def _reset_timeout(self, duration: float | None = None) -> None:
        left = self._ends_at - self.loop.time()
        super()._reset_timeout(max(0.001, min(duration or self._timeout_duration, left)))

    def _timeout_cb(self) -> None:
        if self.is_storing:  # never cut while storing; the client's own patience (10 minutes) is the limit
            super()._reset_timeout()
        else:
            self.part(TIMEOUT)

    # -- the conversation

    async def _handle_client(self) -> None:
        """Greet, and obey until the end. In place of aiosmtpd's loop, which lets a bare LF end a command and repeats what it hears."""
        try:
            await self.push(f"220 {self._settings.hostname} {self.__ident__}")
            while True:
                await self._obey(await self._next_line())
        except ConnectionError:  # the client has gone, or we have parted: there is nobody left to tell
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
        if not line.endswith(b"\r\n"):  # what we hear as the next command may be the rest of this one
            self._part_from("500 5.5.2 bare LF in a command")
        return line[:-2]

    async def _obey(self, line: bytes) -> None:
        """Do what a command says; whatever goes wrong in it is our trouble, and the next one is heard."""
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
        """Send a reply, in ASCII; part with a client that collects refusals."""
        text = status.decode("ascii", "replace") if isinstance(status, bytes) else status
        await super().push(text.encode("ascii", "replace"))
        if text[:1] in {"4", "5"}:
            self._errors += 1
            if self._errors >= MAX_ERRORS:
                self._part_from("421 4.7.0 too many errors")

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """A path and what follows it; (None, None) for what is none. aiosmtpd's own takes time in the square of the length."""
        return path_of(arg)

    # -- commands

    async def smtp_VRFY(self, arg: str) -> None:  # noqa: ARG002, N802  # aiosmtpd's name and signature
        """Never say who exists."""
        await self.push("252 2.5.0 send some mail, it will be tried")

    async def smtp_AUTH(self, arg: str) -> None:  # noqa: ARG002, N802  # aiosmtpd's name and signature
        """No passwords here: the door is for the city's own mail server."""
        await self.push("502 5.5.1 AUTH not implemented")

    async def smtp_HELP(self, arg: str) -> None:  # noqa: ARG002, N802  # aiosmtpd's name and signature
        """No help but RFC 5321's."""
        await self.push("214 2.0.0 see RFC 5321")

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802  # aiosmtpd's name
        """Take the mail in, chunk by chunk, store it, reply."""
        envelope = _envelope(self)
        if arg or not envelope.rcpt_tos:
            reply = "501 5.5.4 Syntax: DATA" if arg else "503 5.5.1 need RCPT command"
            if self._has_input():  # a mail whose client did not wait for this reply: it must not be heard as commands
                self._part_from(reply)
            await self.push(reply)
            return
        self.is_busy = True
        self._replies_due = len(envelope.rcpt_tos) if self._settings.lmtp else 1
        try:
            reply = await self._take_mail()
        except ConnectionError:
            raise
        except Exception as error:  # noqa: BLE001  # as in _obey, but the rest of a mail must not be heard as commands
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
        """Read a mail, have it stored; returns the reply to its dot."""
        with ExitStack() as mine:
            spool = Spool(self._settings.spool_folder, self._door.has_room)
            mine.callback(spool.close)
            await super().push("354 End data with <CR><LF>.<CR><LF>")
            refusal = await self._read_into(spool)
            if refusal:
                return refusal
            self.is_storing = True
            mine.pop_all()  # from here on the Receiver closes it
            try:
                await self._door.receiver.receive(SpooledMail(self._core_envelope(), spool))
            except Exception as error:  # noqa: BLE001  # any trouble of the store's: the client is told, and the log
                return self._door.trouble.note(error)
            self._door.trouble.end()
            self._errors = self._commands = 0
            return "250 2.0.0 stored"

    async def _read_into(self, spool: Spool) -> str:
        """Read all up to CRLF.CRLF; returns why the mail is refused, or "". A refused one is read to its end, but not kept."""
        data = DataStream()
        started = self.loop.time()
        refusal = ""
        rest: bytes | None = None
        while rest is None:
            self._grant_time(started, data.size_bytes)
            chunk = await self._reader.read(READ_BYTES)
            if not chunk:
                raise _PartedError  # it closed its half inside the mail
            content, rest = data.feed(chunk)
            refusal = refusal or self._refusal(data)
            if not refusal:
                try:
                    await spool.write(content)
                except Exception as error:  # noqa: BLE001  # any trouble of the disk's: told after the dot
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
        """Give DATA the time that its bytes pay for, the grace, and no more than all of it may take."""
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
            mail_from="" if envelope.mail_from == "<>" else envelope.mail_from,  # aiosmtpd needs a word for nothing
            rcpt_tos=tuple(dict.fromkeys(address.lower() for address in envelope.rcpt_tos)),
            received_at=self._door.clock(),
            peer=self.ip,
        )


class LmtpSession(SmtpSession, LMTP):
    """The same with LHLO instead of HELO and EHLO."""


def _envelope(session: SMTP) -> Any:
    """Return aiosmtpd's envelope: there since the connection was made, though typed as optional."""
    return session.envelope
