r"""A selected mailbox: its new UIDs, the mails' sizes and contents. Read-only.

Made and called by bot/intake/imap/watcher.py over one connection. The mailbox is opened with EXAMINE, so not even \Recent
changes. Raises ImapError and its subclasses; after any but ImapRefusedError the connection is unusable.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import groupby

from bot.core.records.envelope import HEADER_BLOCK_BYTES
from bot.core.text.lazy_pattern import LazyPattern
from bot.intake.imap.protocol import ImapProtocol
from bot.intake.imap.wire import (
    NUMBER,
    NUMBER64,
    ImapError,
    ImapRefusedError,
    Response,
    mailbox_name,
    number,
    uid_of,
)

BATCH_UIDS = 200
"""UIDs in one command; servers limit the length of a command line."""

GROUP_BYTES = 16 * 2**20
"""Fetched before it is stored: memory is bounded by this and one mail more."""

SEARCH_BYTES = 10 * 2**20
"""A SEARCH response with a million UIDs."""

SLOWEST_BYTES_PER_SECOND = 20_000
"""A FETCH may take the mail's size divided by this, in addition to the usual wait for a reply."""

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
)  # date-month of RFC 9051 §9; strftime would follow the locale


class OpenMailbox:
    """A mailbox after EXAMINE. `uidnext`: None when the server does not send it. `imap`: the connection."""

    def __init__(self, imap: ImapProtocol, uidvalidity: int, uidnext: int | None, reply_seconds: float) -> None:
        self.imap = imap
        self.uidvalidity = uidvalidity
        self.uidnext = uidnext
        self._reply_seconds = reply_seconds

    @classmethod
    async def open(cls, imap: ImapProtocol, name: str, reply_seconds: float) -> OpenMailbox:
        """EXAMINE the mailbox of this name. Raises ImapError, also when the server sends no UIDVALIDITY."""
        responses = await imap.ask("EXAMINE", mailbox_name(name))
        codes = b"\n".join(response[0] for response in responses)
        uidvalidity, uidnext = _uid(codes, _UIDVALIDITY), _uid(codes, _UIDNEXT)
        if uidvalidity is None:
            raise ImapError("the server tells no UIDVALIDITY; this mailbox can't be watched")
        return cls(imap, uidvalidity, uidnext, reply_seconds)

    async def above(self, last_uid: int) -> Sequence[int]:
        """UIDs above `last_uid`, ascending. `n:*` matches the last mail even when its UID is below n (RFC 9051 §9, seq-range)."""
        return await self._search(f"UID {last_uid + 1}:*", last_uid + 1, NUMBER)

    async def since(self, day: date, first: int, last: int) -> Sequence[int]:
        """UIDs from `first` to `last` of mails with an INTERNALDATE of this day or later (SINCE), ascending."""
        when = f"{day.day}-{_MONTHS[day.month - 1]}-{day.year}"
        return await self._search(f"UID {first}:{last} SINCE {when}", first, last)

    async def _search(self, criteria: str, first: int, last: int) -> Sequence[int]:
        """The UIDs from `first` to `last` that are found, ascending, each once."""
        responses = await self.imap.ask("SEARCH", criteria, prefix="UID", asked_bytes=SEARCH_BYTES)
        found = array("I")  # four bytes for each; a set would need a hundred
        for line, *_ in responses[:-1]:
            if line[:6].upper() == b"SEARCH":
                # Word by word: a list of a million words would be larger than the line.
                found.extend(
                    uid for word in _WORD.finditer(line, 6, _end(line)) if first <= (uid := uid_of(word[0])) <= last
                )
        return array("I", (uid for uid, _ in groupby(sorted(found))))

    async def sizes(self, uids: Sequence[int]) -> dict[int, int]:
        """UID → RFC822.SIZE in bytes. Expunged mails are missing."""
        responses = await self.imap.ask("FETCH", ",".join(map(str, uids)), "(UID RFC822.SIZE)", prefix="UID")
        asked, sizes = set(uids), dict[int, int]()
        for line, *_ in responses:
            uid, size = _uid(line, _UID), _SIZE.search(line)
            if uid in asked and size:
                sizes[uid] = number(size[1], NUMBER64)
        return sizes

    async def content(self, uid: int, size_bytes: int, *, whole: bool) -> bytes | None:
        """A mail's bytes, or with `whole=False` its header block only; None when it is expunged.

        Raises ImapRefusedError when the server lists the mail but does not send it.
        """
        section = "BODY.PEEK[]" if whole else f"BODY.PEEK[HEADER]<0.{HEADER_BLOCK_BYTES}>"
        expected = size_bytes if whole else HEADER_BLOCK_BYTES
        most = self.imap.max_literal_bytes if whole else 2 * HEADER_BLOCK_BYTES
        seconds = self._reply_seconds + expected / SLOWEST_BYTES_PER_SECOND
        responses = await self.imap.ask(
            "FETCH",
            str(uid),
            f"(UID {section})",
            prefix="UID",
            seconds=seconds,
            asked_bytes=most,
        )
        content = next((body for r in responses if (body := _body(r, uid)) is not None), None)
        if content is None and uid in await self.sizes([uid]):
            raise ImapRefusedError("FETCH: the server keeps a mail to itself")
        return content


def batches(uids: Sequence[int]) -> Iterator[Sequence[int]]:
    """Slices of BATCH_UIDS, one for each command."""
    for start in range(0, len(uids), BATCH_UIDS):
        yield uids[start : start + BATCH_UIDS]


def groups(uids: Sequence[int], sizes: dict[int, int], max_bytes: int) -> Iterator[list[tuple[int, int]]]:
    """(UID, size in bytes) of the mails that have a size, in order, in groups of at most GROUP_BYTES to fetch.

    Of a mail over `max_bytes` only the header is fetched, and only that counts.
    """
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


_UID = LazyPattern(rb"\bUID ([^\s()]+)", re.IGNORECASE)
_SIZE = LazyPattern(rb"\bRFC822\.SIZE ([^\s()]+)", re.IGNORECASE)
_UIDVALIDITY = LazyPattern(rb"\[UIDVALIDITY ([^\s\]]+)\]", re.IGNORECASE)
_UIDNEXT = LazyPattern(rb"\[UIDNEXT ([^\s\]]+)\]", re.IGNORECASE)
_WORD = LazyPattern(rb"\S+")
_QUOTED_PAIR = LazyPattern(rb"\\(.)")
_QUOTED = LazyPattern(rb'"(?:[^"\\]|\\.)*"')
_QUOTED_BODY = LazyPattern(rb'BODY\[(?:HEADER)?\](?:<0>)? (?:NIL|"((?:[^"\\]|\\.)*)")', re.IGNORECASE)
_BODY_BEFORE_LITERAL = LazyPattern(rb"BODY\[(?:HEADER)?\](?:<0>)? ~?\Z", re.IGNORECASE)


def _body(response: Response, uid: int) -> bytes | None:
    """The body section of a FETCH response for this UID; None when the response is another one.

    The section comes as a literal or, if short, as a quoted string or NIL; data items come in any order (RFC 9051 §7.5.2):

        line                          literal       line
        * 5 FETCH (BODY[] {1234}      1234 bytes    ` UID 71)`
        * 5 FETCH (UID 71 BODY[HEADER]<0> "Subject: ...")
    """
    if _uid(_QUOTED.sub(b"", b" ".join(response[::2])), _UID) != uid:  # a short mail's own text says anything
        return None
    for line, literal in zip(response[::2], response[1::2], strict=False):
        if _BODY_BEFORE_LITERAL.search(line):
            return literal
    if short := _QUOTED_BODY.search(response[0]):
        return _QUOTED_PAIR.sub(rb"\1", short[1] or b"")
    return None


def _end(line: bytes) -> int:
    """Where a SEARCH response's UIDs end: at the line's end, or at what an extension adds in brackets (RFC 7162 §3.1.5)."""
    added = line.find(b"(")
    return added if added >= 0 else len(line)


def _uid(text: bytes, pattern: LazyPattern[bytes]) -> int | None:
    match = pattern.search(text)
    return uid_of(match[1]) if match else None
