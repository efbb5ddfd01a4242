"""Bounces with a valid notice inside the mail that they return: what a naive reader would take for a submission.

`with_notice_inside(bounce, notice)` puts it where that bounce holds the returned mail, or would: into its message/rfc822, in the
place of its text/rfc822-headers, as one more part, or below the words of a bounce that is plain text. The bounce's own
headers and words stay as they were.
"""

from __future__ import annotations

import re
from email.generator import BytesGenerator
from email.message import Message
from email.mime.message import MIMEMessage
from email.parser import BytesParser
from io import BytesIO

PLACES = ("in the returned message", "instead of its headers", "as one more part", "below the words")


def with_notice_inside(bounce: bytes, returned: bytes) -> tuple[str, bytes]:
    """Where it was put, one of PLACES, and the new bounce. `returned`: a contractor's mail with a notice, its bytes."""
    mail = BytesParser().parsebytes(bounce)
    for part in mail.walk():
        if part.get_content_type() == "message/rfc822" and part.is_multipart():
            part.set_payload([_merged(part.get_payload(0), returned)])
            del part["Content-Transfer-Encoding"]
            return PLACES[0], _bytes(mail, bounce)
    for part in mail.walk():
        if part.get_content_type() in {"text/rfc822-headers", "text/x-rfc822-headers"} and part is not mail:
            return PLACES[1], _bytes(_with_part_replaced(mail, part, returned), bounce)
    if mail.is_multipart():
        mail.attach(MIMEMessage(BytesParser().parsebytes(returned)))
        return PLACES[2], _bytes(mail, bounce)
    return PLACES[3], _below(bounce, returned)


def _merged(inner: Message, returned: bytes) -> Message:
    """The returned message: its own envelope headers, the notice's content."""
    new = BytesParser().parsebytes(returned)
    for name, value in inner.items():
        if name.lower() in {"from", "to", "subject", "message-id", "date", "received"}:
            if name.lower() != "received":
                del new[name]
            new[name] = value
    return new


def _with_part_replaced(mail: Message, old: Message, returned: bytes) -> Message:
    for parent in mail.walk():
        if parent.is_multipart() and old in (parts := parent.get_payload()):
            parts[parts.index(old)] = MIMEMessage(BytesParser().parsebytes(returned))
    return mail


def _below(bounce: bytes, returned: bytes) -> bytes:
    """qmail's way and that of many others: the returned mail's source, as it came, below the report's words."""
    ending = next((one for one in (b"\r\n", b"\n") if one in bounce), b"\r")  # some old programs wrote CR alone
    source = re.sub(rb"\r?\n", ending, returned)
    return bounce.rstrip(b"\r\n") + ending * 2 + b"--- Below this line is a copy of the message." + ending * 2 + source


def _bytes(mail: Message, bounce: bytes) -> bytes:
    out = BytesIO()
    try:
        BytesGenerator(out, mangle_from_=False, maxheaderlen=0).flatten(mail)
    except (UnicodeError, LookupError, ValueError, AttributeError, KeyError, TypeError):
        return _without_generator(bounce, mail)  # a bounce so bent that the library can't write it again
    return out.getvalue()


def _without_generator(bounce: bytes, mail: Message) -> bytes:
    returned = next(part for part in mail.walk() if part.get_content_type() == "application/pdf")
    return _below(bounce, returned.as_bytes())
