r"""An opened mailbox: what is new in it, how large it is, its content. Questions only: nothing here changes it.

Made and asked by bot/intake/imap/watcher.py over one connection. The mailbox is opened with EXAMINE, so not even \Recent is touched.
Raises ImapError and its kin; then the connection is done with, but for ImapRefusedError.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date

from bot.core.records.envelope import HEADER_BLOCK_BYTES
from bot.intake.imap.protocol import ImapProtocol
from bot.intake.imap.wire import ImapError, ImapRefusedError, Response, mailbox_name

BATCH_UIDS = 200
"""Asked about at once; servers have limits on the length of a command line."""

GROUP_BYTES = 16 * 2**20
"""What is fetched before it is stored: memory is bounded by this and one mail more."""

SLOWEST_BYTES_PER_SECOND = 20_000
"""A mail's fetch may take its size over this, beyond the usual wait for a reply."""

_MONTHS = (
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
)  # RFC 9051's, not a locale's


class OpenMailbox:
    """`uidvalidity` as the server tells it; `uidnext` None when it doesn't. `imap`: the connection, for waiting on it."""

    def __init__(self, imap: ImapProtocol, uidvalidity: int, uidnext: int | None, reply_seconds: float) -> None:
        self.imap = imap
        self.uidvalidity = uidvalidity
        self.uidnext = uidnext
        self._reply_seconds = reply_seconds

    @classmethod
    async def open(cls, imap: ImapProtocol, name: str, reply_seconds: float) -> OpenMailbox:
        """EXAMINE the mailbox of this name."""
        responses = await imap.ask("EXAMINE", mailbox_name(name))
        codes = b"\n".join(response[0] for response in responses)
        uidvalidity = _number(codes, rb"\[UIDVALIDITY (\d+)\]")
        if uidvalidity is None:
            raise ImapError("the server tells no UIDVALIDITY; this mailbox can't be watched")
        return cls(imap, uidvalidity, _number(codes, rb"\[UIDNEXT (\d+)\]"), reply_seconds)

    async def above(self, last_uid: int) -> list[int]:
        """UIDs above `last_uid`, ascending. `n:*` always holds the last mail, even below n (RFC 9051 §9, seq-range)."""
        return [uid for uid in await self._search(f"UID {last_uid + 1}:*") if uid > last_uid]

    async def since(self, day: date, first: int, last: int) -> list[int]:
        """UIDs from `first` to `last` of mails that came on this day or later, by the server's calendar, ascending."""
        when = f"{day.day}-{_MONTHS[day.month - 1]}-{day.year}"
        return [uid for uid in await self._search(f"UID {first}:{last} SINCE {when}") if first <= uid <= last]

    async def _search(self, criteria: str) -> list[int]:
        responses = await self.imap.ask("SEARCH", criteria, prefix="UID")
        lines = (line for line, *_ in responses[:-1] if line.upper().startswith(b"SEARCH"))
        return sorted({int(word) for line in lines for word in line.split()[1:] if word.isdigit()})

    async def sizes(self, uids: Sequence[int]) -> dict[int, int]:
        """RFC822.SIZE in bytes of each mail that is still there."""
        responses = await self.imap.ask("FETCH", ",".join(map(str, uids)), "(UID RFC822.SIZE)", prefix="UID")
        sizes: dict[int, int] = {}
        for line, *_ in responses:
            uid, size = _number(line, rb"\bUID (\d+)"), _number(line, rb"\bRFC822\.SIZE (\d+)")
            if uid is not None and size is not None:
                sizes[uid] = size
        return sizes

    async def content(self, uid: int, size_bytes: int, *, whole: bool) -> bytes | None:
        """A mail's bytes, or its header block only; None when it is gone. ImapRefusedError: the server keeps it to itself."""
        section = "BODY.PEEK[]" if whole else f"BODY.PEEK[HEADER]<0.{HEADER_BLOCK_BYTES}>"
        expected = size_bytes if whole else HEADER_BLOCK_BYTES
        seconds = self._reply_seconds + expected / SLOWEST_BYTES_PER_SECOND
        responses = await self.imap.ask("FETCH", str(uid), f"(UID {section})", prefix="UID", seconds=seconds)
        content = next((body for r in responses if (body := _body(r, uid)) is not None), None)
        if content is None and uid in await self.sizes([uid]):
            raise ImapRefusedError("FETCH: the server keeps a mail to itself")
        return content


def batches(uids: Sequence[int]) -> Iterator[Sequence[int]]:
    """So many together as one command may ask about."""
    for start in range(0, len(uids), BATCH_UIDS):
        yield uids[start : start + BATCH_UIDS]


def groups(uids: Sequence[int], sizes: dict[int, int], max_bytes: int) -> Iterator[list[tuple[int, int]]]:
    """(uid, size) of those that have a size, in order, as many together as may be in memory at once."""
    group: list[tuple[int, int]] = []
    group_bytes = 0
    for uid in uids:
        if uid not in sizes:
            continue
        size = sizes[uid]
        fetched = size if size <= max_bytes else HEADER_BLOCK_BYTES
        if group and group_bytes + fetched > GROUP_BYTES:
            yield group
            group, group_bytes = [], 0
        group.append((uid, size))
        group_bytes += fetched
    if group:
        yield group


_QUOTED_BODY = re.compile(rb'BODY\[(?:HEADER)?\](?:<0>)? (?:NIL|"((?:[^"\\]|\\.)*)")', re.IGNORECASE)
_BODY_BEFORE_LITERAL = re.compile(rb"BODY\[(?:HEADER)?\](?:<0>)? ~?\Z", re.IGNORECASE)


def _body(response: Response, uid: int) -> bytes | None:
    """The content in a FETCH response about this UID; None when the response is about something else."""
    if _number(b" ".join(response[::2]), rb"\bUID (\d+)") != uid:
        return None
    for line, literal in zip(response[::2], response[1::2], strict=False):
        if _BODY_BEFORE_LITERAL.search(line):
            return literal
    if short := _QUOTED_BODY.search(response[0]):
        return re.sub(rb"\\(.)", rb"\1", short[1] or b"")
    return None


def _number(text: bytes, pattern: bytes) -> int | None:
    match = re.search(pattern, text, re.IGNORECASE)
    return int(match[1]) if match else None
