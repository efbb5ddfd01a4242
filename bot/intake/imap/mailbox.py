r"""A selected mailbox: its new UIDs, the mails' sizes and contents. Read-only.

Made and called by bot/intake/imap/watcher.py over one connection. The mailbox is opened with EXAMINE, so not even \Recent
changes. Raises ImapError and its subclasses; after any but ImapRefusedError the connection is unusable.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date

from bot.core.records.envelope import HEADER_BLOCK_BYTES
from bot.intake.imap.protocol import ImapProtocol
from bot.intake.imap.wire import ImapError, ImapRefusedError, Response, mailbox_name

BATCH_UIDS = 200
"""UIDs in one command; servers limit the length of a command line."""

GROUP_BYTES = 16 * 2**20
"""Fetched before it is stored: memory is bounded by this and one mail more."""

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
        uidvalidity = _number(codes, rb"\[UIDVALIDITY (\d+)\]")
        if uidvalidity is None:
            raise ImapError("the server tells no UIDVALIDITY; this mailbox can't be watched")
        return cls(imap, uidvalidity, _number(codes, rb"\[UIDNEXT (\d+)\]"), reply_seconds)

    async def above(self, last_uid: int) -> list[int]:
        """UIDs above `last_uid`, ascending. `n:*` matches the last mail even when its UID is below n (RFC 9051 §9, seq-range)."""
        return [uid for uid in await self._search(f"UID {last_uid + 1}:*") if uid > last_uid]

    async def since(self, day: date, first: int, last: int) -> list[int]:
        """UIDs from `first` to `last` of mails with an INTERNALDATE of this day or later (SINCE), ascending."""
        when = f"{day.day}-{_MONTHS[day.month - 1]}-{day.year}"
        return [uid for uid in await self._search(f"UID {first}:{last} SINCE {when}") if first <= uid <= last]

    async def _search(self, criteria: str) -> list[int]:
        responses = await self.imap.ask("SEARCH", criteria, prefix="UID")
        lines = (line for line, *_ in responses[:-1] if line.upper().startswith(b"SEARCH"))
        return sorted({int(word) for line in lines for word in line.split()[1:] if word.isdigit()})

    async def sizes(self, uids: Sequence[int]) -> dict[int, int]:
        """UID → RFC822.SIZE in bytes. Expunged mails are missing."""
        responses = await self.imap.ask("FETCH", ",".join(map(str, uids)), "(UID RFC822.SIZE)", prefix="UID")
        sizes: dict[int, int] = {}
        for line, *_ in responses:
            uid, size = _number(line, rb"\bUID (\d+)"), _number(line, rb"\bRFC822\.SIZE (\d+)")
            if uid is not None and size is not None:
                sizes[uid] = size
        return sizes

    async def content(self, uid: int, size_bytes: int, *, whole: bool) -> bytes | None:
        """A mail's bytes, or with `whole=False` its header block only; None when it is expunged.

        Raises ImapRefusedError when the server lists the mail but does not send it.
        """
        section = "BODY.PEEK[]" if whole else f"BODY.PEEK[HEADER]<0.{HEADER_BLOCK_BYTES}>"
        expected = size_bytes if whole else HEADER_BLOCK_BYTES
        seconds = self._reply_seconds + expected / SLOWEST_BYTES_PER_SECOND
        responses = await self.imap.ask("FETCH", str(uid), f"(UID {section})", prefix="UID", seconds=seconds)
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


_QUOTED_BODY = re.compile(rb'BODY\[(?:HEADER)?\](?:<0>)? (?:NIL|"((?:[^"\\]|\\.)*)")', re.IGNORECASE)
_BODY_BEFORE_LITERAL = re.compile(rb"BODY\[(?:HEADER)?\](?:<0>)? ~?\Z", re.IGNORECASE)


def _body(response: Response, uid: int) -> bytes | None:
    """The body section of a FETCH response for this UID; None when the response is another one.

    The section comes as a literal or, if short, as a quoted string or NIL; data items come in any order (RFC 9051 §7.5.2):

        line                          literal       line
        * 5 FETCH (BODY[] {1234}      1234 bytes    ` UID 71)`
        * 5 FETCH (UID 71 BODY[HEADER]<0> "Subject: ...")
    """
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
