r"""IMAP on the wire (RFC 9051 §4): bytes to whole responses, strings to arguments of a command; the errors.

Used by bot/intake/imap/protocol.py and its callers. No I/O. Raises ImapError and its subclasses, all OSError.

A response is lines and literals by turns. A literal is announced by its size at a line's end and may hold any bytes, CRLF
and text that looks like a response included; so only its count, not a search, finds its end (RFC 9051 §4.3):

    * 5 FETCH (BODY[] {4}\r\n  ab\r\n   UID 71)\r\n
    `------- line ------'      `lit-'  `-- line -'     → (b"* 5 FETCH (BODY[] ", b"ab\r\n", b" UID 71)")
"""

from __future__ import annotations

import base64
from collections.abc import Iterator

from bot.core.text.lazy_pattern import LazyPattern

MAX_LINE_BYTES = 64 * 1024
"""The limit of a line; an endless one is an attack. Only a SEARCH is answered by longer ones."""

REPLY_BYTES = 4 * 2**20
"""What may come to a command, and between two, besides what is asked for: a hundred thousand flags that others set."""

MAX_LITERALS = 20
"""In one response. Of those that we ask for none has more than one."""

NUMBER, NUMBER64 = 2**32 - 1, 2**63 - 1
"""The largest `number` and `number64` (RFC 9051 §9): the grammar has no others."""


class ImapError(OSError):
    """The server violated the protocol, or the connection failed."""


class ImapLostError(ImapError):
    """The connection is closed or unusable."""


class ImapRefusedError(ImapError):
    """The server answered a command with NO or BAD."""


class ListingError(ImapError):
    """What the server sent of mails' headers can't be understood."""


class LoginRefusedError(ImapRefusedError):
    """The server refuses the login, or the connection is not safe enough to send it."""


Response = tuple[bytes, ...]
"""Line, literal, line, … (an odd number), without the lines' CRLF and the literals' counts."""

_LITERAL = LazyPattern(rb"\{([0-9]+)\+?\}\Z")
_NZ_NUMBER = LazyPattern(rb"[1-9][0-9]{0,9}")
_MOST_DIGITS = 19  # of NUMBER64


def number(digits: bytes, most: int = NUMBER) -> int:
    """A number of the grammar. Raises ImapError for one that is larger than `most`, before it is computed."""
    value = int(digits) if len(digits) <= _MOST_DIGITS and digits.isdigit() else most + 1
    if value > most:
        raise ImapError(f"the server sent a number that IMAP does not have: {shown(digits[:30])}")
    return value


def uid_of(digits: bytes) -> int:
    """A UID or UIDVALIDITY (nz-number). Raises ImapError, also for a leading zero."""
    if not _NZ_NUMBER.fullmatch(digits):
        raise ImapError(f"the server sent a UID that IMAP does not have: {shown(digits[:30])}")
    return number(digits)


class Framer:
    """Cuts a byte stream into responses. Raises ImapError when a line or a literal is over its limit.

    `allowed_bytes`: how much may still come, set anew for each command; so nothing that a server sends is kept beyond it.
    `line_bytes`: the longest line.
    """

    def __init__(self, max_literal_bytes: int, allowed_bytes: int = REPLY_BYTES) -> None:
        self.allowed_bytes = allowed_bytes
        self.line_bytes = MAX_LINE_BYTES
        self._max_literal_bytes = max_literal_bytes
        self._buffer = bytearray()
        self._parts: list[bytes] = []
        self._literal_bytes: int | None = None  # the announced size of the current literal, None while reading a line
        self._searched = 0  # bytes of the current line that hold no CRLF, so that no byte is searched twice

    def feed(self, data: bytes) -> Iterator[Response]:
        """Add received bytes; yield the responses that are complete."""
        self.allowed_bytes -= len(data)
        if self.allowed_bytes < 0:
            raise ImapError("the server sends more than was asked for")
        self._buffer += data
        position = 0
        while True:
            end = self._literal_end(position) if self._literal_bytes is not None else self._line_end(position)
            if end is None:
                break
            with memoryview(self._buffer) as received:
                part = bytes(received[position:end])
            if self._literal_bytes is not None:
                self._literal_bytes = None
                self._parts.append(part)
                position = end
                continue
            position = end + 2
            self._searched = 0
            if literal := _LITERAL.search(part):
                self._expect_literal(number(literal[1], NUMBER64))
                self._parts.append(part[: literal.start()])
                continue
            response = (*self._parts, part)
            self._parts.clear()
            yield response
        del self._buffer[:position]

    @property
    def is_empty(self) -> bool:
        """Whether no incomplete response is buffered."""
        return not self._buffer and not self._parts

    def _line_end(self, position: int) -> int | None:
        end = self._buffer.find(b"\r\n", position + self._searched)
        waiting = (end if end >= 0 else len(self._buffer)) - position
        if waiting > self.line_bytes:
            raise ImapError("the server sent a line without end")
        if end >= 0:
            return end
        self._searched = max(0, waiting - 1)
        return None

    def _literal_end(self, position: int) -> int | None:
        end = position + (self._literal_bytes or 0)
        return end if len(self._buffer) >= end else None

    def _expect_literal(self, size_bytes: int) -> None:
        if size_bytes > self._max_literal_bytes:
            raise ImapError(f"the server announced {size_bytes} bytes, more than was asked for")
        if len(self._parts) >= 2 * MAX_LITERALS:
            raise ImapError("the server sent a response of too many parts")
        self._literal_bytes = size_bytes


_UNSENDABLE = LazyPattern(r"[\r\n\0]")


def quoted(text: str) -> str:
    """A quoted string (RFC 9051 §4.3). Raises ImapError for CR, LF and NUL: the rest would be read as a command."""
    if _UNSENDABLE.search(text):
        raise ImapError("a name or password with a line end in it can't be sent")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


_RUNS = LazyPattern(r"[\x20-\x7e]+|[^\x20-\x7e]+")


def mailbox_name(text: str) -> str:
    """A mailbox name in modified UTF-7 (RFC 3501 §5.1.3), quoted: 処理済 → "&UeZ0Bm4I-"."""
    return quoted("".join(_encoded(run) for run in _RUNS.findall(text)))


def _encoded(run: str) -> str:
    if run.isascii() and run.isprintable():
        return run.replace("&", "&-")
    letters = base64.b64encode(run.encode("utf-16-be"), altchars=b"+,").rstrip(b"=")
    return f"&{letters.decode('ascii')}-"


_STATUS = LazyPattern(rb'"status"\s*:\s*"?(\d{3})\b')


def status_told(challenges: list[bytes]) -> str:
    """The status in the JSON of an XOAUTH2 refusal: "400", "401", …; "" without one. The rest may quote the token."""
    try:
        told = b"".join(base64.b64decode(challenge) for challenge in challenges)
    except ValueError:
        return ""
    status = _STATUS.search(told)
    return status[1].decode("ascii") if status else ""


_ADDRESS = LazyPattern(r"\S+@\S+")


def shown(line: bytes) -> str:
    """A server's text for the log: 200 bytes at most, no control characters, no mail addresses."""
    text = line[:200].decode("utf-8", "replace")
    text = "".join(character if character.isprintable() else "?" for character in text)
    return _ADDRESS.sub("…@…", text)
