"""A parsed mail: decoded header fields, addresses, bodies, parts.

Made by parse.py from raw bytes; the input of the core's decisions. Values only; nothing is raised.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Flaw(StrEnum):
    """A defect of a mail's form that was repaired or cut while parsing."""

    HEADERS_CUT = "headers_cut"
    PARTS_CUT = "parts_cut"
    NESTING_CUT = "nesting_cut"
    TEXT_CUT = "text_cut"
    CHARSET_GUESSED = "charset_guessed"  # no label, a false label, or characters lost
    CHARACTERS_LOST = "characters_lost"  # U+FFFD remains somewhere
    NO_HEADERS = "no_headers"
    HEADER_GUESSED = "header_guessed"  # a line of a header is no field; other programs may end the header there


@dataclass(frozen=True, slots=True)
class Header:
    """A header field: its name as written, its value unfolded and decoded, without controls.

    Structured fields (addresses, ids, Authentication-Results …) keep their encoded words: decoded, they would be other syntax.
    """

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Address:
    """A mailbox of RFC 5322."""

    display_name: str
    addr_spec: str  # its domain in lower case; "" when it is not one plain address

    @property
    def domain(self) -> str:
        """The domain of the addr-spec; "" without one."""
        return self.addr_spec.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class Part:
    """A leaf of the MIME tree."""

    path: str  # as IMAP's section numbers: "1", "2.1"
    media_type: str
    file_name: str  # cleaned for display; "": none
    size_bytes: int  # of the decoded content
    digest: str  # likewise
    is_attachment: bool  # False for the bodies that a mail program shows as the message
    text: str | None = None  # only of readable text parts


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail in right characters."""

    headers: tuple[Header, ...] = ()  # as they came, each line of its own
    from_: tuple[Address, ...] = ()  # every mailbox of every From field: more than one is a finding
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    subject: str = ""
    message_id: str = ""
    in_reply_to: str = ""
    reference_ids: tuple[str, ...] = ()  # References, oldest first
    date: datetime | None = None  # what Date says; None = nothing that can be understood
    media_type: str = ""
    body: str = ""  # the message's own text, as a plain mail has it: quoted lines behind ">"
    marked: str = ""  # the body as `said` gives it, where that differs
    rich: str = ""  # the same of its richer alternative, where that says more or something else
    parts: tuple[Part, ...] = ()
    flaws: tuple[Flaw, ...] = ()
    targets: tuple[str, ...] = ()  # where the links of its HTML lead, above what it quotes
    has_one_header: bool = True  # False: programs may read other fields (mail/multipart.py)

    @property
    def said(self) -> str:
        """The body for whatever counts only as its author's words: core/mail/html.py marks what is quoted or not seen."""
        return self.marked or self.body

    @property
    def sayings(self) -> tuple[str, ...]:
        """`said`, and what the richer alternative says instead: readers of different programs see the one or the other."""
        return (self.said, self.rich) if self.rich else (self.said,)

    def values(self, name: str) -> tuple[str, ...]:
        """Every value of the header, in the order of the mail; the name in any case."""
        wanted = name.lower()
        return tuple(header.value for header in self.headers if header.name.lower() == wanted)

    def value(self, name: str) -> str:
        """The first value of the header, or ""."""
        return next(iter(self.values(name)), "")
