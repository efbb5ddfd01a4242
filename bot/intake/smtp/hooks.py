"""What all sessions of an SMTP or LMTP listener share: its settings, whom and what it takes in a command, its trouble.

Made by listener.py, used by session.py. `Hooks` answers aiosmtpd at EHLO, MAIL and RCPT; `path_of` reads an address as RFC 5321 §4.1.2
writes it, in time linear in its length. Raises nothing but what `has_room` raises.
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
from bot.intake.receive import Receiver
from bot.intake.smtp.connections import Connections

log = logging.getLogger("hosho.intake")

MAX_RECIPIENTS = 100
"""RFC 5321 §4.5.3.1.8 asks for at least 100."""

LOCAL_ERROR = "451 4.3.0 local error, try again later"
NO_ROOM = "452 4.3.1 no room, try again later"
TOO_LARGE = "552 5.3.4 message too large"

_DISK_IS_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})

_PATH = re.compile(
    r"""
    (?P<angle><)?
    \s*+
    (?P<address>
        (?: "(?:[^"\\]|\\.)*+" @ [^\s<>"@]+ )    # quoted local part
      | (?: [^\s<>"@]+ (?:@ [^\s<>"@]+)? )      # anything like local@domain, though RFC 5321 may forbid it: mobile carriers'
    )?                                          # nothing between < and >: the null reverse-path
    \s*
    (?(angle)>)
    (?P<rest> (?:\s [\x20-\x7e]*)? )
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """A listener's settings. `recipients`: our addresses in lower case. Sizes in bytes, times in seconds.

    `spool_folder`: where large mails lie in files without names while they come in.
    `takes_bare_line_ends`: a mail with bare CR or LF is kept as it is, not refused; a false end of a mail is always refused.
    """

    host: str
    port: int
    hostname: str
    max_bytes: int
    recipients: frozenset[str]
    spool_folder: Path
    lmtp: bool = False
    takes_bare_line_ends: bool = False
    max_connections: int = 100
    max_connections_per_ip: int = 50  # a Postfix in front comes from one address, with up to 20 at once
    command_seconds: float = 300.0  # RFC 5321 §4.5.3.2.7
    data_seconds: float = 600.0  # the whole of DATA, however steady the drip
    data_grace_seconds: float = 60.0  # so long DATA may be slower than MIN_BYTES_PER_SECOND
    session_seconds: float = 1800.0
    stop_seconds: float = 10.0  # what a mail in transfer gets when we stop


class DoorFailure:
    """Our own trouble: the log is told once, however many mails meet the same, and again when it is over."""

    def __init__(self) -> None:
        self._told = ""
        self._put_off = 0

    def note(self, error: Exception) -> str:
        """A mail was not taken; returns the reply that says no more than its sender may know."""
        words = f"{type(error).__name__}: {error}"
        if words != self._told:
            log.error("a mail could not be taken, its sender was told to try again", exc_info=error)
        self._told = words
        self._put_off += 1
        return NO_ROOM if isinstance(error, OSError) and error.errno in _DISK_IS_FULL else LOCAL_ERROR

    def end(self) -> None:
        """A mail was taken."""
        if self._told:
            log.info("mails are taken again; so many were put off: %d", self._put_off)
        self._told, self._put_off = "", 0


@dataclass(frozen=True, slots=True)
class Door:
    """What all sessions of a listener share."""

    receiver: Receiver
    settings: SmtpSettings
    clock: Clock
    has_room: Callable[[], bool]
    connections: Connections
    trouble: DoorFailure = field(default_factory=DoorFailure)


def path_of(argument: str) -> tuple[str | None, str | None]:
    """The address of a path ("<>" for the null one) and what follows it; (None, None) for what is no path."""
    found = _PATH.fullmatch(argument)
    if found is None or not (found["angle"] or found["address"]):
        return None, None
    return found["address"] or "<>", found["rest"]


class Hooks:
    """What aiosmtpd asks at each command. A command that leads on makes its client worth waiting for."""

    def __init__(self, door: Door) -> None:
        self._settings = door.settings
        self._has_room = door.has_room

    async def handle_EHLO(  # noqa: N802  # aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """What is offered."""
        del server, envelope
        session.host_name = hostname
        return [responses[0], f"250-SIZE {self._settings.max_bytes}", *responses[1:-1], "250-PIPELINING", responses[-1]]

    async def handle_MAIL(  # noqa: N802  # likewise
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Any sender, if the mail and the disk allow it."""
        del session
        if not address.isprintable():  # raw bytes that are no UTF-8, controls: no database takes them
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
        """Our own addresses only."""
        del session, options
        if not address.isprintable() or not is_ours(address, self._settings.recipients):
            return "550 5.1.1 no such mailbox here"
        if len(envelope.rcpt_tos) >= MAX_RECIPIENTS:
            return "452 4.5.3 too many recipients"
        envelope.rcpt_tos.append(address)
        server.led_on_at = server.loop.time()
        return "250 2.1.5 OK"
