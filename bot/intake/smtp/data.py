r"""What comes after 354 (RFC 5321 §4.1.1.4), chunk by chunk: where it ends, its content, its size, and how its lines end.

Used by session.py for one mail each. Pure; the cost is linear, the memory a chunk's. Only CRLF.CRLF ends a mail: whatever else
looks like an end to some server is how mails are smuggled (CVE-2023-51764, CVE-2024-27305). Raises nothing.
"""

from __future__ import annotations

_END = b"\r\n.\r\n"
_BEFORE = 2
"""So many bytes before a chunk decide what it begins with: a CRLF may stand there."""
_OPEN = len(_END) - 1
"""So many bytes at a chunk's end may be the beginning of an end."""
_FALSE_ENDS = (b"\n.\n", b"\n.\r", b"\r.\n", b"\r.\r")
"""A dot alone on a line, in every way in which one of the lines' ends is not CRLF; CRLF.CRLF itself never gets here."""


class DataStream:
    """One mail's DATA. The sizes and counts are of what was certain at the last `feed`.

    `size_bytes`: without stuffed dots and without the end (RFC 1870 §3). `lines`: CRLF, bare CR and bare LF each end one.
    `has_false_end`: a line of a single dot, ended or begun by a bare CR or LF, or with NULs beside the dot; no mail program writes
    that. `has_bare_line_end`: a CR or LF that is no part of a CRLF; some do write that.
    """

    def __init__(self) -> None:
        self.size_bytes = 0
        self.has_false_end = False
        self._open = b"\r\n"  # the end of the DATA line: it makes one rule fit an empty mail and a first dot, too
        self._without_nul = b"\r\n"
        self._crs = self._lfs = self._crlfs = 0

    @property
    def lines(self) -> int:
        """How many lines there are."""
        return self._crs + self._lfs - self._crlfs

    @property
    def has_bare_line_end(self) -> bool:
        """Whether a CR or LF stands alone."""
        return not self._crs == self._lfs == self._crlfs

    def feed(self, chunk: bytes) -> tuple[bytes, bytes | None]:
        """The content that is certain now, and what followed the end: None while the end has not come."""
        stream = self._open + chunk
        end = stream.find(_END)
        if end >= 0:
            return self._content(stream[: end + _BEFORE]), stream[end + len(_END) :]
        certain = max(_BEFORE, len(stream) - _OPEN)
        self._open = stream[certain - _BEFORE :]
        return self._content(stream[:certain]), None

    def _content(self, wire: bytes) -> bytes:
        """Without stuffed dots. The first two bytes of `wire` are known already: no dot before them can be lost."""
        self._crs += wire.count(b"\r", _BEFORE)
        self._lfs += wire.count(b"\n", _BEFORE)
        self._crlfs += wire.count(b"\r\n", 1)
        seen = self._without_nul + wire[_BEFORE:].replace(b"\0", b"")
        self.has_false_end = self.has_false_end or any(false_end in seen for false_end in _FALSE_ENDS)
        self._without_nul = seen[-_BEFORE:]
        content = wire.replace(b"\r\n.", b"\r\n")[_BEFORE:]
        self.size_bytes += len(content)
        return content
