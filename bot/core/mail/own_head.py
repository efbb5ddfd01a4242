"""The header fields that say who sent a mail, by what right, and what it answers: the daemon reads them from the bytes by itself.

Called by core/verdict/known_mail.py. A reading child may have been taken over: its word never counts for these, and it tells none of them. Bounded, whatever comes: by the limits of multipart.py, and by OWN_BYTES. Pure; nothing is raised.
"""

from __future__ import annotations

from dataclasses import replace

from bot.core.mail.automatic.screen import OWN_HEADER
from bot.core.mail.header_values import ONCE
from bot.core.mail.message import Flaw, Mail
from bot.core.mail.multipart import HeaderField, own_header
from bot.core.mail.parse import mail_head

OWN_FIELDS = ONCE | {"return-path", "received", "authentication-results", "auto-submitted", OWN_HEADER.lower()}
"""In lower case: who sent it, what proves that, what it answers, and every field that may stand once only (RFC 5322 §3.6)."""
OWN_BYTES = 64 * 1024
"""Of all their values. Fifty hops with their proofs are some 40 KiB."""


def own_head(content: bytes) -> Mail:
    """The mail's own fields, as far as they are OWN_FIELDS. Where they are too long altogether it has no sender."""
    fields: list[HeaderField] = []
    room = OWN_BYTES
    found, is_one = own_header(content)
    for field in found:
        if field.name.lower() in OWN_FIELDS:
            room -= len(field.raw)
            if room < 0:
                return replace(mail_head(fields), from_=(), flaws=(Flaw.HEADERS_CUT,), has_one_header=False)
            fields.append(field)
    return replace(mail_head(fields), has_one_header=is_one)
