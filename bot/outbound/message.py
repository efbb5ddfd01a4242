"""The bytes of an outgoing mail: ASCII header fields, base64 text, files; every line far below 998 octets (RFC 5322 §2.1.1).

Used by compose.py. EmailMessage is not used: it decodes a subject that looks like an encoded word, and it encodes Message-IDs
above 78 characters as encoded words, so that Microsoft 365 loses the thread. The same input gives the same bytes on every
Python. Raises ValueError for an address that is not one plain address.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from email.header import Header
from typing import Self
from urllib.parse import quote

from bot.core.mail.message import Mail
from bot.core.text.lazy_pattern import LazyPattern

CRLF = "\r\n"

# One local part at one domain (RFC 5322 §3.4.1 without its obsolete and quoted forms), so that a relay can't read it as two
# addresses, a route or a command. Dots anywhere, as in core/mail/addresses.py: Japanese carriers issued "a..b.".
_LOCAL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_ADDR_SPEC = LazyPattern(rf"{_LOCAL}@{_LABEL}(?:\.{_LABEL})*")
_LOCAL_PART_OCTETS = 64  # RFC 5321 §4.5.3.1.1
_PATH_OCTETS = 254  # RFC 5321 §4.5.3.1.3 without the brackets

# A msg-id as found in practice: printable ASCII without blanks in angle brackets.
_MSG_ID = LazyPattern(r"<[!-;=?-~]+>")
_MSG_ID_OCTETS = 900  # a line may have 998, and an id is never folded
_REFERENCES_OCTETS = 4000  # of all ids: some servers refuse long header fields, and a thread needs the newest ids
_REFERENCES = 20  # a long thread keeps its first and its newest ids (as RFC 5537 §3.4.4 does)


def plain_address(text: str) -> str:
    """`text` as one addr-spec with its domain in ASCII (IDNA). Raises ValueError when it is not exactly one."""
    local, at, domain = text.rpartition("@")
    try:
        address = f"{local}{at}{domain if domain.isascii() else domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        raise ValueError("not one plain e-mail address") from None
    if not _ADDR_SPEC.fullmatch(address) or len(address) > _PATH_OCTETS or len(local) > _LOCAL_PART_OCTETS:
        raise ValueError("not one plain e-mail address")
    return address


def mailto(address: str, subject: str = "") -> str:
    """The mailto URL (RFC 6068) of a mail to this address, its subject in percent-encoded UTF-8, "" = none."""
    asks = f"?subject={quote(subject, safe='')}" if subject else ""
    return f"mailto:{quote(address, safe='@!$*+')}{asks}"


@dataclass(frozen=True, slots=True)
class Thread:
    """The identification fields of the answered mail (RFC 5322 §3.6.4). Ids with their brackets, "" = none."""

    message_id: str
    reference_ids: tuple[str, ...] = ()
    in_reply_to: str = ""
    subject: str = ""  # for the answer, "Re: …", one clean line; "": the letter's own

    @classmethod
    def of(cls, mail: Mail, subject: str = "") -> Self:
        """The thread of a mail that was read."""
        return cls(mail.message_id, mail.reference_ids, mail.in_reply_to, subject)

    @property
    def parent(self) -> str:
        """The Message-ID of the answered mail; "" when it has none or an unusable one."""
        return next(iter(_message_ids(self.message_id)), "")

    @property
    def references(self) -> tuple[str, ...]:
        """The parent's References (or its one In-Reply-To), and the parent itself."""
        earlier = _message_ids(*self.reference_ids)
        if not earlier and len(_message_ids(self.in_reply_to)) == 1:
            earlier = _message_ids(self.in_reply_to)
        if not self.parent:
            return ()
        ids = [one for one in earlier if one != self.parent]
        if len(ids) >= _REFERENCES:
            ids = [ids[0], *ids[2 - _REFERENCES :]]
        while ids and sum(map(len, ids)) + len(self.parent) > _REFERENCES_OCTETS:
            del ids[1 if len(ids) > 1 else 0]
        return (*ids, self.parent)


def _message_ids(*texts: str) -> tuple[str, ...]:
    found: dict[str, None] = {}  # in order, each once
    for text in texts:
        bracketed = text if "<" in text or not text.strip() else f"<{text.strip()}>"
        found.update((one, None) for one in _MSG_ID.findall(bracketed) if len(one) <= _MSG_ID_OCTETS)
    return tuple(found)


def mailbox(name: str, display_name: str, address: str) -> str:
    """The field `name` with one mailbox: an encoded display name and the address on a line of its own."""
    return f"{unstructured(name, display_name)}{CRLF} <{address}>" if display_name else f"{name}: {address}"


def unstructured(name: str, value: str) -> str:
    """The field `name` with any one line of text, as encoded words (RFC 2047)."""
    return f"{name}: {Header(value, 'utf-8', header_name=name).encode(linesep=CRLF)}"


def message_ids(name: str, ids: Sequence[str]) -> str:
    """The field `name` with ids, each whole and on a line of its own."""
    return f"{name}: {f'{CRLF} '.join(ids)}"


@dataclass(frozen=True, slots=True)
class Attachment:
    """An attached file."""

    name: str  # ASCII without quotes and blanks, which every mail program shows
    media_type: str  # type/subtype
    content: bytes


def _worded(subtype: str, languages: str) -> tuple[str, ...]:
    return (
        f"Content-Type: text/{subtype}; charset=utf-8",
        "Content-Transfer-Encoding: base64",
        f"Content-Language: {languages}",
    )


def message(
    fields: Sequence[str], text: str, attachments: Sequence[Attachment] = (), html: str = "", *, languages: str = "ja"
) -> bytes:
    """Ready fields, a text with LF line ends and files as a complete message with CRLF line ends.

    `html`: the same letter as a page, beside the text (RFC 2046 §5.1.4: the plainest first); "" = none. `languages`: of the
    text, as RFC 3282 writes them.
    """
    own = _part(_worded("plain", languages), text.replace("\n", CRLF).encode())
    if html:
        own = _joined("alternative", [own, _part(_worded("html", languages), html.replace("\n", CRLF).encode())])
    head = CRLF.join((*fields, "MIME-Version: 1.0")).encode("ascii") + b"\r\n"
    if not attachments:
        return head + own
    return head + _joined("mixed", [own, *(_part(_attached(one), one.content) for one in attachments)])


def _joined(subtype: str, parts: Sequence[bytes]) -> bytes:
    """A multipart of these parts, each with its own fields."""
    # No base64 line begins like this. Derived from the content, because the same letter must give the same bytes.
    boundary = f"=_{hashlib.sha256(b''.join(parts)).hexdigest()[:32]}"
    mark = f"--{boundary}".encode("ascii")
    body = b"".join(mark + b"\r\n" + part for part in parts) + mark + b"--\r\n"
    return f'Content-Type: multipart/{subtype};{CRLF} boundary="{boundary}"{CRLF}{CRLF}'.encode("ascii") + body


def _attached(attachment: Attachment) -> tuple[str, ...]:
    return (
        f'Content-Type: {attachment.media_type}; name="{attachment.name}"',
        "Content-Transfer-Encoding: base64",
        f'Content-Disposition: attachment; filename="{attachment.name}"',
    )


def _part(fields: Sequence[str], content: bytes) -> bytes:
    body = base64.encodebytes(content).replace(b"\n", b"\r\n")
    return CRLF.join(fields).encode("ascii") + b"\r\n\r\n" + body
