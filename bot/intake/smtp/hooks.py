"""Shared by all sessions of an SMTP or LMTP listener: settings, checks of EHLO, MAIL and RCPT, report of our own failures.

Made by listener.py, used by session.py. aiosmtpd calls `Hooks` at EHLO, MAIL and RCPT; `path_of` parses a path of RFC 5321
§4.1.2 in linear time. Raises nothing but what `has_room` raises.
"""

from __future__ import annotations

import errno
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from bot.clock import Clock
from bot.core.mail.trace_headers import is_ours
from bot.core.text.lazy_pattern import LazyPattern
from bot.intake.receive import Receiver
from bot.intake.smtp.connections import Connections

log = logging.getLogger("hosho.intake")

MAX_RECIPIENTS = 100
"""RFC 5321 §4.5.3.1.8 asks for at least 100."""

LOCAL_ERROR = "451 4.3.0 local error, try again later"
NO_ROOM = "452 4.3.1 no room, try again later"
TOO_LARGE = "552 5.3.4 message too large"

_DISK_IS_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})

# A quoted local part, or local@domain, also with the dots of mobile carriers that RFC 5321 forbids.
_ADDRESS = r'(?: "(?:[^"\\]|\\.)*" @ [^\s<>"@]+ | [^\s<>"@]+ (?:@ [^\s<>"@]+)? )'
_PATH = LazyPattern(
    r"""
    (?: < \s* (?P<in_angles> ADDRESS )? \s* >     # nothing between < and >: the null reverse-path
      | \s* (?P<bare> ADDRESS ) \s*
    )
    (?P<rest> (?:\s [\x20-\x7e]*)? )
    """.replace("ADDRESS", _ADDRESS),
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """A listener's settings."""

    host: str
    port: int
    hostname: str  # for the greeting
    max_bytes: int  # of a mail's content (SIZE, RFC 1870)
    recipients: frozenset[str]  # our addresses in lower case
    spool_folder: Path  # for the unnamed files of large mails while they are received
    lmtp: bool = False
    takes_bare_line_ends: bool = False  # store a mail with bare CR or LF unchanged; a false end is always refused
    max_connections: int = 100
    max_connections_per_ip: int = 50  # a Postfix in front comes from one address, with up to 20 at once
    command_seconds: float = 300.0  # RFC 5321 §4.5.3.2.7
    data_seconds: float = 600.0  # the whole of DATA, also at a steady rate
    data_grace_seconds: float = 60.0  # how long DATA may be slower than MIN_BYTES_PER_SECOND
    session_seconds: float = 1800.0
    stop_seconds: float = 10.0  # for mails in transfer when the daemon stops


class DoorFailure:
    """Our own failures: the same error is logged once for all mails that meet it, and once more when it is over."""

    def __init__(self) -> None:
        self._told = ""
        self._put_off = 0

    def note(self, error: Exception) -> str:
        """Record that a mail was not stored; returns the reply, which has no details."""
        words = f"{type(error).__name__}: {error}"
        if words != self._told:
            log.error("a mail could not be taken, its sender was told to try again", exc_info=error)
        self._told = words
        self._put_off += 1
        return NO_ROOM if isinstance(error, OSError) and error.errno in _DISK_IS_FULL else LOCAL_ERROR

    def end(self) -> None:
        """Record that a mail was stored."""
        if self._told:
            log.info("mails are taken again; so many were put off: %d", self._put_off)
        self._told, self._put_off = "", 0


@dataclass(frozen=True, slots=True)
class Door:
    """Shared by all sessions of a listener."""

    receiver: Receiver
    settings: SmtpSettings
    clock: Clock
    has_room: Callable[[], bool]
    connections: Connections
    trouble: DoorFailure = field(default_factory=DoorFailure)


def path_of(argument: str) -> tuple[str | None, str | None]:
    """The address in a path ("<>" for the null reverse-path) and the text after it; (None, None) when it is no path."""
    found = _PATH.fullmatch(argument)
    if found is None:
        return None, None
    return found["in_angles"] or found["bare"] or "<>", found["rest"]


class Hooks:
    """The handler that aiosmtpd calls at each command. An accepted MAIL or RCPT renews the client's `led_on_at`."""

    def __init__(self, door: Door) -> None:
        self._settings = door.settings
        self._has_room = door.has_room

    async def handle_EHLO(  # noqa: N802  # aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """The offered extensions."""
        del server, envelope
        session.host_name = hostname
        return [responses[0], f"250-SIZE {self._settings.max_bytes}", *responses[1:-1], "250-PIPELINING", responses[-1]]

    async def handle_MAIL(  # noqa: N802  # likewise
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Accept any sender, unless the declared size or the disk is against it."""
        del session
        if not address.isprintable():  # control characters, bytes that are no UTF-8: the database can't store them
            return "553 5.1.7 malformed sender address"
        sizes = [int(option[5:]) for option in options if option.startswith("SIZE=")]
        if any(size > self._settings.max_bytes for size in sizes):
            return TOO_LARGE
        if not self._has_room():
            return NO_ROOM
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        server.led_on_at = server.loop.time()
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802  # likewise
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Accept our own addresses only."""
        del session, options
        if not address.isprintable() or not is_ours(address, self._settings.recipients):
            return "550 5.1.1 no such mailbox here"
        if len(envelope.rcpt_tos) >= MAX_RECIPIENTS:
            return "452 4.5.3 too many recipients"
        envelope.rcpt_tos.append(address)
        server.led_on_at = server.loop.time()
        return "250 2.1.5 OK"
