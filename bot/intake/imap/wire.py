"""IMAP on the wire (RFC 9051 §4): bytes → whole responses, names and words → what a command line may hold; the errors.

Used by bot/intake/imap/protocol.py and those who ask it. Nothing here waits or sends. Raises ImapError and its kin, all OSError.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

MAX_LINE_BYTES = 16 * 2**20
"""A line without end is an attack; a SEARCH response with a million UIDs has 8 MiB."""


class ImapError(OSError):
    """The server did something that we can't go on from."""


class ImapLostError(ImapError):
    """The connection is gone."""


class ImapRefusedError(ImapError):
    """The server said NO or BAD to a command."""


class LoginRefusedError(ImapRefusedError):
    """The server doesn't take user and password, or must not be told them on this connection."""


Response = tuple[bytes, ...]
"""A response as it came: line, literal, line, … (an odd number), without the CRLF and the counts of literals."""

_LITERAL = re.compile(rb"\{(\d+)\+?\}\Z")


class Framer:
    """Bytes in, whole responses out, in any portions. Raises ImapError when a line or a literal is over its limit."""

    def __init__(self, max_literal_bytes: int) -> None:
        self._max_literal_bytes = max_literal_bytes
        self._buffer = bytearray()
        self._parts: list[bytes] = []
        self._literal_bytes: int | None = None  # what is awaited, None while reading a line
        self._searched = 0

    def feed(self, data: bytes) -> Iterator[Response]:
        """Take what came and give what is complete."""
        self._buffer += data
        position = 0
        while True:
            end = self._literal_end(position) if self._literal_bytes is not None else self._line_end(position)
            if end is None:
                break
            part = bytes(self._buffer[position:end])
            if self._literal_bytes is not None:
                self._literal_bytes = None
                self._parts.append(part)
                position = end
                continue
            position = end + 2
            self._searched = 0
            if literal := _LITERAL.search(part):
                self._expect_literal(int(literal[1]))
                self._parts.append(part[: literal.start()])
                continue
            response = (*self._parts, part)
            self._parts.clear()
            yield response
        del self._buffer[:position]

    @property
    def is_empty(self) -> bool:
        """Nothing begun lies here."""
        return not self._buffer and not self._parts

    def _line_end(self, position: int) -> int | None:
        end = self._buffer.find(b"\r\n", position + self._searched)
        if end >= 0:
            return end
        waiting = len(self._buffer) - position
        if waiting > MAX_LINE_BYTES:
            raise ImapError("the server sent a line without end")
        self._searched = max(0, waiting - 1)
        return None

    def _literal_end(self, position: int) -> int | None:
        end = position + (self._literal_bytes or 0)
        return end if len(self._buffer) >= end else None

    def _expect_literal(self, size_bytes: int) -> None:
        if size_bytes > self._max_literal_bytes:
            raise ImapError(f"the server announced {size_bytes} bytes, more than was asked for")
        self._literal_bytes = size_bytes


def quoted(text: str) -> str:
    """A quoted string (RFC 9051 §4.3). Raises ImapError for what would end the line: a name must not become a command."""
    if re.search(r"[\r\n\0]", text):
        raise ImapError("a name or password with a line end in it can't be sent")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def mailbox_name(text: str) -> str:
    """A mailbox name for the wire: modified UTF-7 (RFC 3501 §5.1.3), quoted: 処理済 → "&UeZ0Bm4I-"."""
    return quoted("".join(_encoded(run) for run in re.findall(r"[\x20-\x7e]+|[^\x20-\x7e]+", text)))


def _encoded(run: str) -> str:
    if run.isascii() and run.isprintable():
        return run.replace("&", "&-")
    letters = base64.b64encode(run.encode("utf-16-be"), altchars=b"+,").rstrip(b"=")
    return f"&{letters.decode('ascii')}-"


def status_told(challenges: list[bytes]) -> str:
    """The status in a refusal's JSON: 400, 401, …; "" when it holds none. Only digits: the rest may quote what we sent."""
    try:
        told = b"".join(base64.b64decode(challenge) for challenge in challenges)
    except ValueError:
        return ""
    status = re.search(rb'"status"\s*:\s*"?(\d{3})\b', told)
    return status[1].decode("ascii") if status else ""


def shown(line: bytes) -> str:
    """A server's words, fit for a log line: one line, no controls, no addresses."""
    text = line[:200].decode("utf-8", "replace")
    text = "".join(character if character.isprintable() else "?" for character in text)
    return re.sub(r"\S+@\S+", "…@…", text)
