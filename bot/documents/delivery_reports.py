"""Delivery reports that follow no standard, as flufl.bounce recognises them: qmail, Exim, Exchange, Yahoo and others.

Called by documents/pool/child.py, inside its limits: the library reads hostile bytes with the stdlib's parser and many patterns. It sees only
mails that carry nothing but text and returned mails, and of these a bounded beginning. Promises a Report for any bytes.
"""

from __future__ import annotations

import email
import logging
from dataclasses import replace
from email import policy
from email.message import Message

from flufl.bounce import all_failures

from bot.core.mail.delivery_status import Report, find_report, folded_address
from bot.core.mail.message import Flaw
from bot.core.mail.parse import ParsedMail

# A system says at the start what happened; 2,000 lines of patterns are 0.1 s, and lines longer than this are nobody's address.
LOOKED_AT_BYTES = 96 * 1024
_LINE_BYTES = 1000
_ADDRESSES = 20
_LEVELS = 20

logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)  # it prints the tracebacks of what we catch


def read_report(content: bytes, parsed: ParsedMail) -> Report:
    """What the mail reports, by its own fields first, else by what the library makes of its words."""
    found = find_report(content, parsed)
    if found.actions or Flaw.PARTS_CUT in parsed.mail.flaws:  # a report has three parts
        return found
    if any(not part.media_type.startswith(("text/", "message/")) for part in parsed.mail.parts):
        return found
    delayed, failed = _recognised(content)
    return replace(found, failed=failed, delayed=delayed)


def _recognised(content: bytes) -> tuple[tuple[str, ...], tuple[str, ...]]:
    lines = (line[:_LINE_BYTES] for line in content[:LOOKED_AT_BYTES].splitlines(keepends=False))
    try:
        mail = email.message_from_bytes(b"\n".join(lines), _class=Message, policy=policy.compat32)
        if _depth(mail) > _LEVELS:
            return (), ()
        temporary, permanent = all_failures(mail)
    except Exception:  # noqa: BLE001 - the stdlib's parser and 17 detectors over hostile bytes: whatever they raise, nothing was recognised
        return (), ()
    return _addresses(temporary), _addresses(permanent)


def _depth(mail: Message) -> int:
    depth, level = 0, [mail]
    while level and depth <= _LEVELS:
        depth += 1
        payloads = [one.get_payload() for one in level if one.is_multipart()]
        level = [
            part for payload in payloads if isinstance(payload, list) for part in payload if isinstance(part, Message)
        ]
    return depth


def _addresses(found: frozenset[bytes]) -> tuple[str, ...]:
    folded = {folded_address(address.decode("ascii", "replace")) for address in found}
    return tuple(sorted(folded - {""}))[:_ADDRESSES]


_SAMPLE = (
    b"From: MAILER-DAEMON@example.jp\nSubject: failure\nMIME-Version: 1.0\nContent-Type: text/plain; charset=iso-2022-jp\n"
    b"Content-Transfer-Encoding: base64\n\nSGkuIFRoaXMgaXMgdGhlIHFtYWlsLXNlbmQgcHJvZ3JhbQo=\n"
)


def warm_up() -> None:
    """Load what Python and the library load only when they are first used: later, the child may open no file."""
    for encoding in (b"base64", b"quoted-printable", b"x-uuencode"):
        _recognised(_SAMPLE.replace(b"base64", encoding))
