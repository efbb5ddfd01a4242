"""The header fields that say who sent a mail, by what right, and what it answers: the daemon reads them from the bytes by itself.

Called by documents/pool. The reading child tells the same, but it has touched papers and may have been taken over: its word never
counts for these. Bounded, whatever comes: by the limits of multipart.py, and by OWN_BYTES. Pure; nothing is raised.
"""

from __future__ import annotations

from dataclasses import replace

from bot.core.mail.auto_submitted import OWN_HEADER
from bot.core.mail.header_values import ONCE
from bot.core.mail.message import Flaw, Header, Mail
from bot.core.mail.multipart import HeaderField, has_one_header, header_fields
from bot.core.mail.parse import mail_head

OWN_FIELDS = ONCE | {"return-path", "received", "authentication-results", "auto-submitted", OWN_HEADER.lower()}
"""In lower case: who sent it, what proves that, what it answers, and every field that may stand once only (RFC 5322 §3.6)."""
OWN_BYTES = 64 * 1024
"""Of all their values. Fifty hops with their proofs are some 40 KiB."""


def own_head(content: bytes) -> Mail:
    """The mail's own fields, as far as they are OWN_FIELDS. Where they are too long altogether it has no sender."""
    fields: list[HeaderField] = []
    room = OWN_BYTES
    for field in header_fields(content):
        if field.name.lower() in OWN_FIELDS:
            room -= len(field.raw)
            if room < 0:
                return replace(mail_head(fields), from_=(), flaws=(Flaw.HEADERS_CUT,), has_one_header=False)
            fields.append(field)
    return replace(mail_head(fields), has_one_header=has_one_header(content))


def with_own_head(told: Mail, head: Mail) -> Mail:
    """The mail that a child told, with the daemon's own head; of the child's headers those that nobody else reads."""
    return replace(
        told,
        headers=(*head.headers, *_others(told)),
        from_=head.from_,
        to=head.to,
        cc=head.cc,
        subject=head.subject,
        message_id=head.message_id,
        in_reply_to=head.in_reply_to,
        reference_ids=head.reference_ids,
        date=head.date,
        has_one_header=head.has_one_header,
        flaws=tuple(flaw for flaw in Flaw if flaw in {*told.flaws, *head.flaws}),
    )


SAID_CHARACTERS = 20_000
"""What the daemon gets of a mail's words: more than it looks at for an answer's orders, an excerpt or a machine's signs."""
_CALENDAR = "text/calendar"


def to_be_told(mail: Mail) -> Mail:
    """What a child has to tell of a mail: nothing that the daemon reads by itself, and no text of any length."""
    parts = (
        replace(part, text=part.text[:SAID_CHARACTERS] if part.text and part.media_type == _CALENDAR else None)
        for part in mail.parts
    )
    body, marked, rich = (one[:SAID_CHARACTERS] for one in (mail.body, mail.marked, mail.rich))
    nobodys = replace(mail, headers=_others(mail), body=body, marked=marked, rich=rich, parts=tuple(parts))
    return with_own_head(nobodys, Mail())


def _others(mail: Mail) -> tuple[Header, ...]:
    return tuple(one for one in mail.headers if one.name.lower() not in OWN_FIELDS)
