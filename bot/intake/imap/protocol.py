"""An IMAP connection (RFC 9051) that can't hang: aioimaplib's protocol with reading and waiting replaced.

Used by bot/intake/imap/watcher.py. Every wait ends with a response, a lost connection or a timeout. Raises ImapError and its
subclasses, all OSError; after any but ImapRefusedError the connection is unusable.

aioimaplib recurses once for each line, leaves callers waiting when the connection is lost, and takes quoted text for
structure. So the Framer cuts the stream into whole responses first, and one command is in progress at a time:

    C: 3 UID FETCH 71 (UID BODY.PEEK[])         _begin
    S: * 5 FETCH (UID 71 BODY[] {1234} ...)     untagged: collected for the command in progress
    S: * 6 EXISTS                               untagged: also sets `mailbox_changed`
    S: + ...                                    continuation: IDLE has begun, or a challenge of AUTHENTICATE
    S: 3 OK done                                tagged: the command's end, _end returns

After a timeout or a cancel the late response would be taken for the next command's, so the connection is cut. What a server
may send is bounded for each command, in bytes and in responses; one that sends more is not heard any further.
"""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import Awaitable
from typing import Any

from aioimaplib.aioimaplib import AUTH, CONNECTED, NONAUTH, Command, IMAP4ClientProtocol

from bot.core.text.lazy_pattern import LazyPattern
from bot.intake.imap.wire import (
    MAX_LINE_BYTES,
    REPLY_BYTES,
    Framer,
    ImapError,
    ImapLostError,
    ImapRefusedError,
    LoginRefusedError,
    Response,
    quoted,
    shown,
    status_told,
)

DONE_SECONDS = 30.0
"""The wait for the end of an IDLE: by then, a server that is gone without closing the connection is noticed."""

LOGIN_BYTES = 256 * 1024
"""What may come until a mailbox is open: a greeting, capabilities, challenges."""

MAX_RESPONSES = 20_000
"""Kept for a command. The most that we ask for at once is 200."""

MAX_CHALLENGES = 3
"""AUTHENTICATE takes one or two challenges; without a limit a server could send them for ever."""


_BEFORE_MAILBOX = frozenset({"CAPABILITY", "STARTTLS", "LOGIN", "AUTHENTICATE"})
_TOLD_BY_RESPONSES = frozenset({"CAPABILITY", "SELECT", "SEARCH", "FETCH"})
_CONTINUED = frozenset({"IDLE", "AUTHENTICATE"})
# What may come amid a FETCH. A line of a mail whose literal was announced too short looks like none of these.
_UNTAGGED = LazyPattern(
    rb"[0-9]+ (?:EXISTS|RECENT|EXPUNGE|FETCH)\b|(?:OK|NO|BAD|BYE|PREAUTH|CAPABILITY|ENABLED|FLAGS|VANISHED|LIST|LSUB"
    rb"|STATUS|E?SEARCH|SORT|THREAD|METADATA|ANNOTATION|QUOTA|QUOTAROOT|NAMESPACE|ID)\b"
)


class ImapProtocol(IMAP4ClientProtocol):  # type: ignore[misc]  # aioimaplib has no types
    """One connection. `connect` returns one after its greeting."""

    transport: Any  # None until connected; aioimaplib has no types

    def __init__(self, max_literal_bytes: int, reply_seconds: float) -> None:
        super().__init__(asyncio.get_running_loop())
        self.max_literal_bytes = max_literal_bytes
        self._framer = Framer(max_literal_bytes, LOGIN_BYTES)
        self._reply_seconds = reply_seconds
        self._pending: Command | None = None
        self._collected: list[Response] = []
        self._greeted: asyncio.Future[None] = self.loop.create_future()
        self._continued = asyncio.Event()
        self._pushed = asyncio.Event()
        self._answers: list[str] = []  # to the challenges of an AUTHENTICATE, the next one first
        self._challenges: list[bytes] = []  # those of the AUTHENTICATE in progress, in base64
        self._plaintext_ends = False  # STARTTLS was accepted; no plaintext may follow
        self.lost: ImapError | None = None  # why the connection is unusable; None while it is good
        self.mailbox_changed = False  # an EXISTS or EXPUNGE came; cleared by the caller

    # -- reading

    def data_received(self, data: bytes) -> None:
        """Cut into responses and dispatch them. Never raises: a violation of the protocol ends the connection."""
        if self.lost is not None:  # what was on its way when the connection was given up
            return
        try:
            for response in self._framer.feed(data):
                self._on_response(response)
            if self._plaintext_ends and not self._framer.is_empty:
                raise ImapError("plaintext after STARTTLS")  # noqa: TRY301  # all violations end in one place
        except ImapError as error:
            self._fail(error)
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail the waiting callers."""
        self._fail(ImapLostError(str(exc) if exc else "the server closed the connection"))

    def _on_response(self, response: Response) -> None:
        if self.lost is not None:
            return
        line = response[0]
        if self._plaintext_ends:
            raise ImapError("plaintext after STARTTLS")
        if self.state == CONNECTED:
            self._on_greeting(line)
        elif line.startswith(b"* "):
            self._on_untagged((line[2:], *response[1:]))
        elif line.startswith(b"+"):
            self._on_continuation(line)
        else:
            self._on_tagged(line)

    def _on_greeting(self, line: bytes) -> None:
        word = line[2:].partition(b" ")[0].upper()
        if not line.startswith(b"* ") or word not in {b"OK", b"PREAUTH"}:
            raise ImapLostError(f"the server greets with: {shown(line)}")
        self.state = AUTH if word == b"PREAUTH" else NONAUTH
        if not self._greeted.done():
            self._greeted.set_result(None)

    def _on_untagged(self, response: Response) -> None:
        upper = response[0][:200].upper()
        if upper.startswith(b"BYE"):
            raise ImapLostError(f"the server said goodbye: {shown(response[0])}")
        if self._pending is not None and self._pending.name == "FETCH" and not _UNTAGGED.match(upper):
            raise ImapError(f"a response that is none{self._told(response[0])}")
        if upper.endswith((b" EXISTS", b" EXPUNGE")):
            self.mailbox_changed = True
            self._pushed.set()
        if self._pending is not None and self._pending.name in _TOLD_BY_RESPONSES:
            if len(self._collected) >= MAX_RESPONSES:
                raise ImapError("the server sends more responses than were asked for")
            self._collected.append(response)

    def _on_continuation(self, line: bytes) -> None:
        self._continued.set()
        name = self._pending.name if self._pending is not None else ""
        if name not in _CONTINUED:
            raise ImapError(f"the server asks for more than we have to say{self._told(line)}")
        if name == "IDLE":
            return
        self._challenges.append(line[1:].strip())
        if len(self._challenges) > MAX_CHALLENGES:
            raise ImapError("the server asks for the login again and again")
        # XOAUTH2 refuses with a further challenge; the server sends its NO after an empty response.
        answer = self._answers.pop(0) if self._answers else ""
        self.send(answer, scrub=answer or None)

    def _told(self, line: bytes) -> str:
        """A strange line, for the log; not amid a FETCH: it may be a line of a mail, and a key stand in it."""
        fetching = self._pending is not None and self._pending.name == "FETCH"
        return ": is a mail cut?" if fetching else f": {shown(line)}"

    def _on_tagged(self, line: bytes) -> None:
        tag, _, rest = line.partition(b" ")
        command = self._pending
        if command is None or tag.decode("ascii", "replace") != command.tag:
            raise ImapError(f"an answer to nothing that we asked{self._told(line)}")
        word, _, text = rest.partition(b" ")
        result = word[:4].decode("ascii", "replace").upper()
        if result not in {"OK", "NO", "BAD"}:
            raise ImapError(f"an answer that is none{self._told(line)}")
        self._pending = None
        self._allow(REPLY_BYTES)
        self._plaintext_ends = command.name == "STARTTLS" and result == "OK"
        command.close(text, result)
        self._continued.set()  # an IDLE that was refused, or ended by the server
        self._pushed.set()

    def _fail(self, error: ImapError) -> None:
        self.lost = self.lost or error
        if self._pending is not None:
            self._pending._exception = self.lost  # noqa: SLF001  # aioimaplib has no other way to fail a command
            self._pending._event.set()  # noqa: SLF001  # likewise
            self._pending = None
        if not self._greeted.done():
            self._greeted.set_exception(self.lost)
        self._continued.set()
        self._pushed.set()

    def _allow(self, reply_bytes: int, line_bytes: int = MAX_LINE_BYTES) -> None:
        """How much may come until the next command, or its end."""
        self._framer.allowed_bytes, self._framer.line_bytes = reply_bytes, line_bytes

    # -- asking

    def abort(self) -> None:
        """Cut the connection without LOGOUT."""
        if self.transport is not None:
            self.transport.abort()

    async def ask(
        self, name: str, *args: str, prefix: str = "", seconds: float | None = None, asked_bytes: int = 0
    ) -> list[Response]:
        """Send a command; return its untagged responses (none for a command that nothing is read from) and, last, the text
        of its OK.

        `prefix`: "UID" or "". `seconds`: how long to wait, None for `reply_seconds`. `asked_bytes`: what is asked for, where
        that is much. Raises ImapRefusedError for NO and BAD, ImapLostError after a timeout.
        """
        command = self._begin(name, *args, prefix=prefix, asked_bytes=asked_bytes)
        return await self._end(command, seconds or self._reply_seconds)

    async def idle(self, seconds: float) -> None:
        """IDLE (RFC 2177) until the mailbox changes or the time is over. The caller searches afterwards in both cases."""
        self._continued.clear()
        self._pushed.clear()
        command = self._begin("IDLE")
        await self._within(min(self._reply_seconds, DONE_SECONDS), self._continued.wait())
        if self.lost is None and self._pending is command:
            try:
                async with asyncio.timeout(seconds):
                    await self._pushed.wait()
            except TimeoutError:
                pass  # nothing new is the usual outcome
        if self.lost is None and self._pending is command:
            self.send("DONE")
        await self._end(command, min(self._reply_seconds, DONE_SECONDS))

    def _begin(self, name: str, *args: str, prefix: str = "", asked_bytes: int = 0) -> Command:
        if self.lost is not None:
            raise ImapLostError(str(self.lost))
        if self._pending is not None:
            raise ImapError("a command is under way")
        command = Command(name, self.new_tag(), *args, prefix=prefix or None, loop=self.loop)
        self._collected = []
        self._challenges = []
        self._pending = command
        usual_bytes = LOGIN_BYTES if name in _BEFORE_MAILBOX else REPLY_BYTES
        self._allow(usual_bytes + asked_bytes, asked_bytes if name == "SEARCH" else MAX_LINE_BYTES)
        self.send(str(command), scrub=args[-1] if name in {"LOGIN", "AUTHENTICATE"} else None)
        return command

    async def _end(self, command: Command, seconds: float) -> list[Response]:
        await self._within(seconds, command.wait())
        result, lines = command.response
        if result != "OK":
            raise ImapRefusedError(f"{command.name}: {result} {shown(lines[-1])}")
        return [*self._collected, (lines[-1],)]

    async def _within(self, seconds: float, awaited: Awaitable[object]) -> None:
        """Wait. A timeout or a cancel ends the connection: a late response would be taken for the next command's."""
        try:
            async with asyncio.timeout(seconds):
                await awaited
        except TimeoutError:
            self._fail(ImapLostError(f"no answer within {seconds:.0f} s"))
            self.abort()
            raise ImapLostError(str(self.lost)) from None
        except BaseException:
            self._fail(ImapLostError("out of step"))
            self.abort()
            raise

    # -- greeting, STARTTLS, login

    async def greet(self) -> None:
        """Wait for the server's greeting and ask for its capabilities."""
        await self._within(self._reply_seconds, self._greeted)
        await self.learn_capabilities()

    async def learn_capabilities(self) -> None:
        """CAPABILITY; to be repeated after STARTTLS and login, which change them (RFC 9051 §6.1.1)."""
        responses = await self.ask("CAPABILITY")
        words = [word for line, *_ in responses if line.upper().startswith(b"CAPABILITY") for word in line.split()[1:]]
        self.capabilities = {word.decode("ascii", "replace").upper() for word in words}

    async def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """STARTTLS. Plaintext after its OK is an injection and ends the connection (ImapError)."""
        if self.state != NONAUTH:  # PREAUTH makes STARTTLS impossible: a downgrade attack (RFC 9051 §11.3)
            raise LoginRefusedError("the server skips STARTTLS by PREAUTH")
        await self.ask("STARTTLS")
        if self.lost is not None:
            raise self.lost
        try:
            async with asyncio.timeout(self._reply_seconds):
                transport = await self.loop.start_tls(self.transport, self, context, server_hostname=host)
        except TimeoutError:
            raise ImapLostError(f"no TLS within {self._reply_seconds:.0f} s") from None
        self.transport = transport
        self._plaintext_ends = False
        await self.learn_capabilities()

    async def log_in(self, user: str, password: str) -> None:
        """LOGIN. Raises LoginRefusedError; under LOGINDISABLED without sending the password."""
        if self.state == AUTH:
            return
        if "LOGINDISABLED" in self.capabilities:
            raise LoginRefusedError("the server takes no login on this connection (LOGINDISABLED); is tls set right?")
        try:
            await self.ask("LOGIN", quoted(user), quoted(password))
        except ImapRefusedError as error:
            raise LoginRefusedError(str(error)) from None
        self.state = AUTH
        await self.learn_capabilities()

    async def log_in_by_token(self, user: str, token: str) -> None:
        """AUTHENTICATE XOAUTH2 (Microsoft 365, Google). Raises LoginRefusedError; without AUTH=XOAUTH2 nothing is sent.

        https://developers.google.com/workspace/gmail/imap/xoauth2-protocol
        """
        if self.state == AUTH:
            return
        if "AUTH=XOAUTH2" not in self.capabilities:
            raise LoginRefusedError("the server takes no XOAUTH2 on this connection; are imap.auth and tls set right?")
        said = base64.b64encode(f"user={user}\1auth=Bearer {token}\1\1".encode()).decode("ascii")
        at_once = "SASL-IR" in self.capabilities  # RFC 4959; else it is the answer to the first challenge
        self._answers = [] if at_once else [said]
        try:
            await self.ask("AUTHENTICATE", "XOAUTH2", *([said] if at_once else []))
        except ImapRefusedError as error:
            told = status_told(self._challenges[-1:])
            raise LoginRefusedError(f"{error}{f' (status {told})' if told else ''}") from None
        finally:
            self._answers = []
        self.state = AUTH
        await self.learn_capabilities()  # Microsoft 365 announces most of them only after the login


async def connect(
    host: str, port: int, *, context: ssl.SSLContext | None, max_literal_bytes: int, reply_seconds: float
) -> ImapProtocol:
    """Connect and wait for the greeting; TLS from the start when `context` is given.

    Raises OSError; ssl.SSLError and ImapError are subclasses of it.
    """
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(reply_seconds):
            _, protocol = await loop.create_connection(
                lambda: ImapProtocol(max_literal_bytes, reply_seconds),
                host,
                port,
                ssl=context,
                server_hostname=host if context else None,
            )
    except TimeoutError:
        raise ImapLostError(f"no connection within {reply_seconds:.0f} s") from None
    try:
        await protocol.greet()
    except BaseException:
        protocol.abort()
        raise
    return protocol
