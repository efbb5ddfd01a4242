r"""The IMAP door: looks into a mailbox that people use too, takes what is new, and changes nothing there.

Made by the app, `run` is a task of its TaskGroup and ends only by cancelling: any trouble ends the connection and is
followed by another try, ever later. The memory is our cursor (UIDVALIDITY and the last UID), never a flag: the mailbox is
opened with EXAMINE, so not even \Recent is touched. A cursor is saved only after its mails are durable.

The first look at a mailbox takes everything with before_first_start: listed, not answered. Its cursor is saved only when
all of that is in, else a crash in between would make old mails new (it makes the few new ones of those minutes old). A changed UIDVALIDITY (RFC 9051 §2.3.1.1) means that
the UIDs are void: all is fetched again, and what the store does not know is new mail, for the store knows all older ones.
`received_at` is our clock: INTERNALDATE is whatever another machine or a copying client set it to.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import random
import re
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NoReturn, Protocol

from bot.clock import Clock
from bot.core.envelope import HEADER_BLOCK_BYTES, Arrival, Source
from bot.core.incoming import MailboxCursor
from bot.core.trace import envelope_of
from bot.intake.imap_protocol import (
    ImapError,
    ImapProtocol,
    ImapRefusedError,
    LoginRefusedError,
    Response,
    connect,
    mailbox_name,
)
from bot.intake.receive import Receiver

__all__ = ["Cursors", "ImapSettings", "ImapWatcher", "Secret"]

log = logging.getLogger("hosho.intake")

BATCH_UIDS = 200
"""Asked about at once; servers have limits on the length of a command line."""

GROUP_BYTES = 16 * 2**20
"""What is fetched before it is stored: memory is bounded by this and one mail more."""

IDLE_SECONDS = 540.0
"""Firewalls and some servers forget a silent connection after ten minutes (RFC 2177 would allow 29)."""

SLOWEST_BYTES_PER_SECOND = 20_000
"""A mail's fetch may take its size over this, beyond the usual wait for a reply."""

GIVEN_UP_AFTER = 3
"""So many connections on which the server would not give a mail: then its header must do, and a person looks."""


class Secret(Protocol):
    """A password that does not show itself; pydantic's SecretStr is one."""

    def get_secret_value(self) -> str:
        """The letters."""


class Cursors(Protocol):
    """Where cursors are kept; storage.Store is one."""

    async def mailbox_cursor(self, mailbox: str) -> MailboxCursor | None:
        """The cursor that was saved last, None before the first."""

    async def save_cursor(self, cursor: MailboxCursor) -> None:
        """Make it durable."""


@dataclass(frozen=True, slots=True)
class ImapSettings:
    """A mailbox and how to look at it. `recipients`: our addresses in lower case, the first one is this mailbox's.

    Sizes in bytes, times in seconds. `ssl_context`: None = the system's authorities.
    """

    host: str
    port: int
    tls: Literal["implicit", "starttls", "none"]
    user: str
    password: Secret
    mailbox: str
    poll_seconds: float
    max_bytes: int
    recipients: tuple[str, ...]
    ssl_context: ssl.SSLContext | None = None
    reply_seconds: float = 60.0
    first_retry_seconds: float = 1.0
    longest_retry_seconds: float = 300.0
    login_retry_seconds: float = 300.0  # sooner, and a wrong password locks the account

    @property
    def name(self) -> str:
        """What the cursor is kept under. Another server or account is another mailbox: its mails are old, not new."""
        return f"{self.user}@{self.host}/{self.mailbox}"


@dataclass(frozen=True, slots=True)
class _View:
    """An opened mailbox. `old_up_to`: mails up to this UID lay here before we ever looked; 0 = we have looked before."""

    uidvalidity: int
    last_uid: int
    old_up_to: int


class ImapWatcher:
    """Watches one mailbox."""

    def __init__(self, receiver: Receiver, cursors: Cursors, settings: ImapSettings, clock: Clock) -> None:
        self._receiver = receiver
        self._cursors = cursors
        self._settings = settings
        self._clock = clock
        self._failures = 0
        self._old_up_to: tuple[int, int] | None = None  # of the first look: (uidvalidity, uid)
        self._refusals: dict[int, int] = {}

    async def run(self) -> None:
        """Watch for ever, connection after connection."""
        while True:
            try:
                await self._watch()
            except Exception as error:  # noqa: BLE001  # the top of a worker loop: any trouble is followed by a new try
                wait_seconds = self._back_off(error)
                log.warning(
                    "mailbox at %s: %s; next try in %.0f s",
                    self._settings.host,
                    str(error) or type(error).__name__,
                    wait_seconds,
                )
            await asyncio.sleep(wait_seconds)

    def _back_off(self, error: Exception) -> float:
        settings = self._settings
        exponent = min(self._failures, 16)
        self._failures += 1
        longest = min(settings.first_retry_seconds * float(2**exponent), settings.longest_retry_seconds)
        jittered = longest * random.uniform(0.5, 1.0)  # noqa: S311  # spreads tries, guards nothing
        return max(jittered, settings.login_retry_seconds) if isinstance(error, LoginRefusedError) else jittered

    # -- one connection

    async def _watch(self) -> NoReturn:
        imap = await self._connect()
        try:
            view = await self._open(imap)
            while True:
                imap.mailbox_changed = False
                view = await self._look(imap, view)
                self._failures = 0
                if not imap.mailbox_changed:
                    await self._wait(imap)
        finally:
            imap.abort()

    async def _connect(self) -> ImapProtocol:
        settings = self._settings
        context = None
        if settings.tls != "none":
            context = settings.ssl_context or ssl.create_default_context()
        imap = await connect(
            settings.host,
            settings.port,
            context=context if settings.tls == "implicit" else None,
            max_literal_bytes=2 * settings.max_bytes + HEADER_BLOCK_BYTES,  # servers count sizes differently
            reply_seconds=settings.reply_seconds,
        )
        try:
            if context is not None and settings.tls == "starttls":
                await imap.start_tls(context, settings.host)
            if context is None and not _is_loopback(imap):
                raise LoginRefusedError("a password is not sent in plain to another machine; set tls")  # noqa: TRY301
            await imap.log_in(settings.user, settings.password.get_secret_value())
        except BaseException:
            imap.abort()
            raise
        return imap

    async def _wait(self, imap: ImapProtocol) -> None:
        if "IDLE" in imap.capabilities:
            await imap.idle(min(self._settings.poll_seconds, IDLE_SECONDS))
        else:
            await asyncio.sleep(self._settings.poll_seconds)
            await imap.ask("NOOP")

    async def _open(self, imap: ImapProtocol) -> _View:
        """Open the mailbox and find out where we stand."""
        responses = await imap.ask("EXAMINE", mailbox_name(self._settings.mailbox))
        codes = b"\n".join(response[0] for response in responses)
        uidvalidity = _code(codes, rb"\[UIDVALIDITY (\d+)\]")
        if uidvalidity is None:
            raise ImapError("the server tells no UIDVALIDITY; this mailbox can't be watched")
        cursor = await self._cursors.mailbox_cursor(self._settings.name)
        if cursor is None:
            return await self._first_view(imap, uidvalidity, _code(codes, rb"\[UIDNEXT (\d+)\]"))
        if cursor.uidvalidity != uidvalidity:
            log.warning("mailbox at %s: UIDVALIDITY has changed, everything is fetched again", self._settings.host)
            return _View(uidvalidity, 0, 0)
        return _View(uidvalidity, cursor.last_uid, 0)

    async def _first_view(self, imap: ImapProtocol, uidvalidity: int, uidnext: int | None) -> _View:
        """Draw the line between old and new mail, once, however often the first look has to be repeated."""
        if self._old_up_to is None or self._old_up_to[0] != uidvalidity:
            newest = uidnext - 1 if uidnext else max(await _search(imap, 0), default=0)
            self._old_up_to = (uidvalidity, newest)
        return _View(uidvalidity, 0, self._old_up_to[1])

    # -- one look

    async def _look(self, imap: ImapProtocol, view: _View) -> _View:
        """Take what is new; the cursor is saved after each group, and when nothing is new for its looked_at."""
        last_uid, saved_uid = view.last_uid, -1
        uids = await _search(imap, last_uid)
        for number in range(0, len(uids), BATCH_UIDS):
            batch = uids[number : number + BATCH_UIDS]
            for group in _groups(batch, await _sizes(imap, batch), self._settings.max_bytes):
                arrivals = [a for uid, size in group if (a := await self._fetch(imap, view, uid, size)) is not None]
                await self._receiver.receive_many(arrivals)
                last_uid = max(last_uid, group[-1][0])
                if last_uid >= view.old_up_to:
                    saved_uid = last_uid
                    await self._save(view.uidvalidity, last_uid)
            last_uid = max(last_uid, batch[-1])  # those expunged meanwhile
        last_uid = max(last_uid, view.old_up_to)
        if last_uid != saved_uid:
            await self._save(view.uidvalidity, last_uid)
        return _View(view.uidvalidity, last_uid, 0)

    async def _save(self, uidvalidity: int, last_uid: int) -> None:
        await self._cursors.save_cursor(MailboxCursor(self._settings.name, uidvalidity, last_uid, self._clock()))

    async def _fetch(self, imap: ImapProtocol, view: _View, uid: int, size_bytes: int) -> Arrival | None:
        """One mail; of one that is too large, or that the server never gives, the header. None: it is gone."""
        whole = size_bytes <= self._settings.max_bytes and self._refusals.get(uid, 0) < GIVEN_UP_AFTER
        section = "BODY.PEEK[]" if whole else f"BODY.PEEK[HEADER]<0.{HEADER_BLOCK_BYTES}>"
        seconds = self._settings.reply_seconds + min(size_bytes, self._settings.max_bytes) / SLOWEST_BYTES_PER_SECOND
        try:
            responses = await imap.ask("FETCH", str(uid), f"(UID {section})", prefix="UID", seconds=seconds)
            content = next((body for r in responses if (body := _body(r, uid)) is not None), None)
            if content is None and uid in await _sizes(imap, [uid]):
                raise ImapRefusedError("FETCH: the server keeps a mail to itself")  # noqa: TRY301  # as if it said NO
        except ImapRefusedError:
            self._refusals[uid] = self._refusals.get(uid, 0) + 1
            raise
        if content is None:
            return None
        envelope = envelope_of(
            content,
            source=Source.IMAP,
            recipients=self._settings.recipients,
            received_at=self._clock(),
            peer=self._settings.name,
        )
        return Arrival(
            envelope,
            content,
            before_first_start=uid <= view.old_up_to,
            too_large_bytes=0 if whole else max(size_bytes, 1),
        )


def _is_loopback(imap: ImapProtocol) -> bool:
    """Whether the other end is this very machine: judged by the address that was reached, not by its name."""
    address = str(imap.transport.get_extra_info("peername")[0])
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback


async def _search(imap: ImapProtocol, last_uid: int) -> list[int]:
    """UIDs above `last_uid`, ascending. `n:*` always holds the last mail, even below n (RFC 9051 §9, seq-range)."""
    responses = await imap.ask("SEARCH", f"UID {last_uid + 1}:*", prefix="UID")
    lines = (line for line, *_ in responses[:-1] if line.upper().startswith(b"SEARCH"))
    return sorted(
        {uid for line in lines for word in line.split()[1:] if word.isdigit() and (uid := int(word)) > last_uid}
    )


async def _sizes(imap: ImapProtocol, uids: Sequence[int]) -> dict[int, int]:
    """RFC822.SIZE of each mail that is still there."""
    responses = await imap.ask("FETCH", ",".join(map(str, uids)), "(UID RFC822.SIZE)", prefix="UID")
    sizes: dict[int, int] = {}
    for line, *_ in responses:
        uid, size = _code(line, rb"\bUID (\d+)"), _code(line, rb"\bRFC822\.SIZE (\d+)")
        if uid is not None and size is not None:
            sizes[uid] = size
    return sizes


def _groups(uids: Sequence[int], sizes: dict[int, int], max_bytes: int) -> Iterator[list[tuple[int, int]]]:
    """(uid, size) in order, as many together as may be in memory at once."""
    group: list[tuple[int, int]] = []
    group_bytes = 0
    for uid in uids:
        if uid not in sizes:
            continue
        size = sizes[uid]
        fetched = size if size <= max_bytes else HEADER_BLOCK_BYTES
        if group and group_bytes + fetched > GROUP_BYTES:
            yield group
            group, group_bytes = [], 0
        group.append((uid, size))
        group_bytes += fetched
    if group:
        yield group


_QUOTED_BODY = re.compile(rb'BODY\[(?:HEADER)?\](?:<0>)? (?:NIL|"((?:[^"\\]|\\.)*)")', re.IGNORECASE)
_BODY_BEFORE_LITERAL = re.compile(rb"BODY\[(?:HEADER)?\](?:<0>)? ~?\Z", re.IGNORECASE)


def _body(response: Response, uid: int) -> bytes | None:
    """The content in a FETCH response about this UID; None when the response is about something else."""
    if _code(b" ".join(response[::2]), rb"\bUID (\d+)") != uid:
        return None
    for line, literal in zip(response[::2], response[1::2], strict=False):
        if _BODY_BEFORE_LITERAL.search(line):
            return literal
    if short := _QUOTED_BODY.search(response[0]):
        return re.sub(rb"\\(.)", rb"\1", short[1] or b"")
    return None


def _code(text: bytes, pattern: bytes) -> int | None:
    match = re.search(pattern, text, re.IGNORECASE)
    return int(match[1]) if match else None
