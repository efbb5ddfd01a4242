"""What arrived and how: the envelope (RFC 5321) and the bytes, as every intake hands them to `receive`.

Built by bot/intake and by `inspect`; kept by storage; read by the sorter. Values only, nothing is raised.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from bot.core.records.reasons import MailReason
from bot.core.text.closed_list import ClosedList


class Source(ClosedList):
    """The door by which a mail came in."""

    words: str

    SMTP = "smtp", "SMTP"
    LMTP = "lmtp", "LMTP"
    IMAP = "imap", "受信箱（IMAP）"
    FOLDER = "folder", "フォルダ"
    HAND = "hand", "手入力"  # a form that a clerk has entered


@dataclass(frozen=True, slots=True)
class Envelope:
    """RFC 5321's envelope, as far as the door knows it."""

    source: Source
    # "" = the null reverse-path `<>`; None = the door can't know it (a mailbox without Return-Path)
    mail_from: str | None
    rcpt_tos: tuple[str, ...]  # only addresses of ours
    received_at: datetime  # our own clock, UTC; never the mail's `Date:`
    peer: str = ""  # the client's address or the mailbox's name, for the log


@dataclass(frozen=True, slots=True)
class MailboxPlace:
    """Where a mail lies in a mailbox: no two mails ever have the same place.

    `name`: the source's own, which only the source reads (IMAP: UIDVALIDITY, UID and what tells the mail from another with them).
    """

    mailbox: str
    name: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """A mail at the door."""

    envelope: Envelope
    content: bytes
    before_first_start: bool = False  # it lay in the mailbox before we ever looked: it is listed, not answered
    # the size that the server told, where the door fetched no more than the header block; 0 = whole
    too_large_bytes: int = 0
    # the server does not give the whole mail; `content` is what it gave, or what stands in for it
    not_fetched: bool = False
    # where a mailbox's mail lies, so that the server's count can be compared with ours
    place: MailboxPlace | None = None


CANARY = 0
"""In place of a mail's number: it was a canary (core/health/canary.py), of which nothing is kept but that it came back."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The store's promise: the mail is durable."""

    mail_id: int  # or CANARY
    is_new: bool  # False = the same mail was already there


@dataclass(frozen=True, slots=True)
class ReceivedMail:
    """A mail in the store whose turn it is."""

    mail_id: int
    envelope: Envelope
    content: bytes
    digest: str  # hexadecimal SHA-256 of its bytes
    attempts: int  # with this one
    lacks: MailReason | None = None  # why only its header is here, or what stands in for the mail; None = all of it is
    shares_as: str = ""  # whose share of our time it uses: its reverse-path, else its From field; "" = it has neither


def digest(content: bytes) -> str:
    """The hexadecimal SHA-256 of the bytes as they came."""
    return hashlib.sha256(content).hexdigest()


# A header block longer than this is cut before anything looks at it (limits: 256 KiB block).
HEADER_BLOCK_BYTES = 256 * 1024


def identity(content: bytes) -> str:
    """What makes two copies one mail: its Message-ID and its body; trace headers differ from copy to copy.

    A mail without a Message-ID is identified by all its bytes. Returns 64 hexadecimal characters.
    """
    head, separator, body = content.partition(b"\r\n\r\n")
    if not separator:
        head, separator, body = content.partition(b"\n\n")
    message_id = _in_head(head[:HEADER_BLOCK_BYTES])
    if not message_id:
        return digest(content)
    hashed = hashlib.sha256(message_id + b"\0")
    hashed.update(body)
    return hashed.hexdigest()


class MessageId(str):
    """A mail's Message-ID as text to be shown, of which the log masks only what is a key by itself."""

    __slots__ = ()


def message_id_of(content: bytes) -> MessageId:
    """The Message-ID as it is written; "" where there is none."""
    head, _ = parted(content[:HEADER_BLOCK_BYTES])
    return MessageId(_in_head(head).decode("ascii", "replace")[:_MOST_OF_ID])


def parted(content: bytes) -> tuple[bytes, bytes]:
    """What stands before and behind the first blank line, whose ends are CRLF or LF. What stands behind it is not looked through."""
    end, size = content.find(b"\n\r\n"), 3
    earlier = content.find(b"\n\n", 0, end + 1 if end >= 0 else None)
    if earlier >= 0:
        end, size = earlier, 2
    return (content[:end].removesuffix(b"\r"), content[end + size :]) if end >= 0 else (content, b"")


_MOST_OF_ID = 250


def _in_head(head: bytes) -> bytes:
    lines = head.replace(b"\r\n", b"\n").split(b"\n")
    for number, line in enumerate(lines):
        if line[:11].lower() == b"message-id:":
            value = line[11:].strip()
            if not value and number + 1 < len(lines) and lines[number + 1][:1] in b" \t":
                value = lines[number + 1].strip()  # Microsoft folds before a long id
            return value
    return b""
