"""The envelope of a mail that comes without one: what the last server wrote into its trace headers (RFC 5321 §4.4).

Called by the doors that take mails from a mailbox or a folder, and by `inspect`. Only the header block is looked at, and
no more than HEADER_BLOCK_BYTES of it, so that the cost is bounded whatever the mail is. Nothing is raised.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from bot.core.records.envelope import HEADER_BLOCK_BYTES, Envelope, Source
from bot.core.records.own_identifiers import TOKEN
from bot.core.text.lazy_pattern import LazyPattern

# What servers call the envelope's recipient: Postfix, Dovecot and qmail; Postfix before aliases; Exim.
_DELIVERED_TO = frozenset({b"delivered-to", b"x-original-to", b"envelope-to"})

MAX_DELIVERED_TO = 100
"""As many recipients as the SMTP door takes; a longer list is cut."""

MAX_ADDRESS_BYTES = 320
"""64 for the local part, @, 255 for the domain (RFC 5321 §4.5.3.1): a longer one is no address."""


def trace_envelope(content: bytes) -> tuple[str | None, tuple[str, ...]]:
    """Return-Path and Delivered-To of a mail's bytes, as (mail_from, delivered_to).

    `mail_from`: the topmost Return-Path, since each server puts its own above what it got; "" for `<>`, None when there
    is none or it is no address. `delivered_to`: without doubles, topmost first.
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

    With any other delimiter (`recipient_delimiter` is the mail system's choice) only an extension of our tokens' form counts.
    """
    local, _, domain = address.lower().rpartition("@")
    with_token = _WITH_TOKEN.fullmatch(local)
    locals_ = (local, local.partition("+")[0], with_token[1] if with_token else local)
    return any(f"{one}@{domain}" in recipients for one in locals_)


def envelope_of(
    content: bytes, *, source: Source, recipients: Sequence[str], received_at: datetime, peer: str = ""
) -> Envelope:
    """Make the envelope of a mail from a mailbox or a folder.

    `recipients`: our addresses in lower case; the first one stands in when no trace header names one of them.
    `received_at`: our clock. A mailbox's INTERNALDATE and the mail's own Date are other people's clocks.
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
