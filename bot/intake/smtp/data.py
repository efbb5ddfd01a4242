r"""The stream after 354 (RFC 5321 §4.1.1.4), chunk by chunk: the end of data, the content, its size, its line ends.

Used by session.py, one object for each mail. Pure; linear time, the memory of a chunk. Raises nothing.

Only <CRLF>.<CRLF> ends a mail. Where two servers disagree about the end, the rest of one mail is read as commands by the
other (SMTP smuggling, CVE-2023-51764, CVE-2024-27305); so every other line of a single dot is reported as a false end.
A chunk may end within <CRLF>.<CRLF>. Its last four bytes are therefore kept back and read again before the next chunk,
with the two bytes before them, which decide whether a dot is at the start of a line:

    ... t e x t \r \n . \r | \n M A I L ...      | = border of two chunks
            `-- kept ---'
"""

from __future__ import annotations

_END = b"\r\n.\r\n"
_BEFORE = 2
"""The bytes before a position that show whether a line starts there: a CRLF."""
_OPEN = len(_END) - 1
"""The last bytes of a chunk that may be the beginning of _END."""
_FALSE_ENDS = (b"\n.\n", b"\n.\r", b"\r.\n", b"\r.\r")
"""A single dot between line ends of which one is not CRLF. CRLF.CRLF itself is cut off before."""


class DataStream:
    """The DATA of one mail. Sizes and counts cover the bytes that were certain at the last `feed`.

    `size_bytes`: without stuffed dots and without the end (RFC 1870 §3). `has_false_end`: a line of a single dot that is
    begun or ended by a bare CR or LF, or has NULs beside the dot; no mail program writes that.
    """

    def __init__(self) -> None:
        self.size_bytes = 0
        self.has_false_end = False
        self._open = b"\r\n"  # the bytes kept back; at first the CRLF of the DATA line, which starts the first line
        self._without_nul = b"\r\n"  # the last two bytes before, NULs removed: the start of a false end
        self._crs = self._lfs = self._crlfs = 0

    @property
    def lines(self) -> int:
        """The number of line ends; CRLF, a bare CR and a bare LF count as one each."""
        return self._crs + self._lfs - self._crlfs

    @property
    def has_bare_line_end(self) -> bool:
        """Whether there is a CR or LF that is no part of a CRLF; some mail programs write that."""
        return not self._crs == self._lfs == self._crlfs

    def feed(self, chunk: bytes) -> tuple[bytes, bytes | None]:
        """The content that is certain now, and the bytes after the end of data: None before the end has come."""
        stream = self._open + chunk
        end = stream.find(_END)
        if end >= 0:
            return self._content(stream[: end + _BEFORE]), stream[end + len(_END) :]
        certain = max(_BEFORE, len(stream) - _OPEN)
        self._open = stream[certain - _BEFORE :]
        return self._content(stream[:certain]), None

    def _content(self, wire: bytes) -> bytes:
        """The content without stuffed dots. The first two bytes of `wire` are context and were returned before."""
        self._crs += wire.count(b"\r", _BEFORE)
        self._lfs += wire.count(b"\n", _BEFORE)
        self._crlfs += wire.count(b"\r\n", 1)
        seen = self._without_nul + wire[_BEFORE:].replace(b"\0", b"")
        # Files in base64 have no dot, and its last place is found at once: what stands behind it is not looked through.
        dotted = seen[: seen.rfind(b".") + _BEFORE]
        self.has_false_end = self.has_false_end or any(false_end in dotted for false_end in _FALSE_ENDS)
        self._without_nul = seen[-_BEFORE:]
        dotted = wire[: wire.rfind(b".") + 1]
        content = (dotted.replace(b"\r\n.", b"\r\n") + wire[len(dotted) :])[_BEFORE:]
        self.size_bytes += len(content)
        return content
