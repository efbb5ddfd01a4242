"""The envelope of a mail from a mailbox or a folder, from the trace headers of the last server (RFC 5321 §4.4).

Called by the IMAP and the folder door, and by `inspect`. Only the first HEADER_BLOCK_BYTES of the header block are read, so
that the cost is bounded for any mail. Nothing is raised.

    Return-Path: <sender@example.com>           written by the delivering server, topmost: the reverse-path
    Delivered-To: denshi+3f9a…@city.example.jp  likewise: the recipient, perhaps with an extension (tag or VERP token)
    Received: …
    Return-Path: <forged@example.net>           below: part of the received mail, ignored
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from bot.core.records.envelope import HEADER_BLOCK_BYTES, Envelope, Source
from bot.core.records.own_identifiers import TOKEN
from bot.core.text.lazy_pattern import LazyPattern

# The fields in which servers write the envelope's recipient: Postfix, Dovecot and qmail; Postfix before aliases; Exim.
_DELIVERED_TO = frozenset({b"delivered-to", b"x-original-to", b"envelope-to"})

MAX_DELIVERED_TO = 100
"""The most recipients, as at the SMTP door; further ones are ignored."""

MAX_ADDRESS_BYTES = 320
"""64 for the local part, 1 for @, 255 for the domain (RFC 5321 §4.5.3.1)."""


def trace_envelope(content: bytes) -> tuple[str | None, tuple[str, ...]]:
    """Return-Path and Delivered-To of a mail's bytes, as (mail_from, delivered_to).

    `mail_from`: the topmost Return-Path, because each server adds its fields at the top; "" for `<>`, None when it is missing
    or no address. `delivered_to`: without duplicates, topmost first.
    """
    mail_from: str | None = None
    seen_return_path = False
    delivered_to: dict[str, None] = {}
    for name, value in _fields(content):
        if name == b"return-path" and not seen_return_path:
            seen_return_path = True
            mail_from = _address(value)
        elif name in _DELIVERED_TO and len(delivered_to) < MAX_DELIVERED_TO:
            address = _address(value)
            if address:
                delivered_to[address] = None
    return mail_from, tuple(delivered_to)


_WITH_TOKEN = LazyPattern(rf"(.+){TOKEN}")


def is_ours(address: str, recipients: Collection[str]) -> bool:
    """Whether an address is one of `recipients` (in lower case), with or without an extension: local+tag@domain.

    After another delimiter (Postfix: `recipient_delimiter`) only a VERP token counts as an extension.
    """
    local, _, domain = address.lower().rpartition("@")
    with_token = _WITH_TOKEN.fullmatch(local)
    locals_ = (local, local.partition("+")[0], with_token[1] if with_token else local)
    return any(f"{one}@{domain}" in recipients for one in locals_)


def envelope_of(
    content: bytes, *, source: Source, recipients: Sequence[str], received_at: datetime, peer: str = ""
) -> Envelope:
    """Make the envelope of a mail from a mailbox or a folder.

    `recipients`: our addresses in lower case; the first one is used when no trace header names one of them.
    `received_at`: our clock; INTERNALDATE and the mail's Date are set by other machines.
    """
    mail_from, delivered_to = trace_envelope(content)
    ours = tuple(address.lower() for address in delivered_to if is_ours(address, recipients))
    return Envelope(source, mail_from, ours or tuple(recipients[:1]), received_at, peer)


def _fields(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name in lower case and value of each header field of the block, unfolded."""
    name, value = b"", b""
    for line in content[:HEADER_BLOCK_BYTES].split(b"\n"):
        stripped = line.rstrip(b"\r")
        if not stripped:
            break
        if stripped[:1] in b" \t":
            value += b" " + stripped.strip() if len(value) <= MAX_ADDRESS_BYTES else b""
            continue
        if name:
            yield name, value
        name, _, value = stripped.partition(b":")
        name, value = name.strip().lower(), value.strip()
    if name:
        yield name, value


def _address(value: bytes) -> str | None:
    """`<a@b>` or `a@b` → a@b, `<>` → "", anything else → None."""
    inner = value.strip()
    if inner.startswith(b"<") and inner.endswith(b">"):
        inner = inner[1:-1].strip()
        if not inner:
            return ""
    if len(inner) > MAX_ADDRESS_BYTES or inner.count(b"@") != 1 or b" " in inner:
        return None
    text = inner.decode("utf-8", "surrogateescape")  # RFC 6532 allows UTF-8 here
    return text if text.isprintable() else None
