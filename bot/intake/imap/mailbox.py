r"""A selected mailbox: its UIDs, what tells one mail from another, the mails' contents.

Made and called by bot/intake/imap/watcher.py over one connection. Opened with SELECT, because there are servers that give UIDs
for good only then (Courier-IMAP numbers anew at each EXAMINE); contents are read with BODY.PEEK, so no mail becomes \Seen. The one
trace is \Recent, which RFC 9051 has no more. Raises ImapError and its subclasses; after any but ImapRefusedError the connection is
unusable.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from itertools import groupby

from bot.core.records.envelope import HEADER_BLOCK_BYTES
from bot.core.text.lazy_pattern import LazyPattern
from bot.intake.imap.fetch_response import Items, is_fetch, items_of
from bot.intake.imap.protocol import ImapProtocol
from bot.intake.imap.wire import (
    NUMBER,
    NUMBER64,
    ImapError,
    ImapLostError,
    ImapRefusedError,
    ListingError,
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

# date-month of RFC 9051 §9; strftime would follow the locale
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()  # noqa: SIM905 - names read better as a line

LISTED_BYTES = 8 * 1024
"""What a server may send of each mail that it lists."""

_IDENTITY = "UID INTERNALDATE RFC822.SIZE"
_HEADER = "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID DATE FROM SUBJECT)]"


@dataclass(frozen=True, slots=True)
class Listed:
    """A mail as the server lists it. `mark`: tells it from another mail that had or gets its UID; "" when nothing is told."""

    uid: int
    size_bytes: int
    mark: str


class OpenMailbox:
    """A mailbox after SELECT. `uidnext`: None when the server does not send it. `imap`: the connection.

    `lists_headers`: whether mails are told apart by header fields too; False when the server can't list them.
    """

    lists_headers = True

    def __init__(self, imap: ImapProtocol, uidvalidity: int, uidnext: int | None, reply_seconds: float) -> None:
        self.imap = imap
        self.uidvalidity = uidvalidity
        self.uidnext = uidnext
        self.floor = 1  # the lowest of the newest mails: what a look asks for and compares
        self._reply_seconds = reply_seconds

    @classmethod
    async def open(cls, imap: ImapProtocol, name: str, reply_seconds: float) -> OpenMailbox:
        """SELECT the mailbox of this name. Raises ImapError, also when the server sends no UIDVALIDITY."""
        responses = await imap.ask("SELECT", mailbox_name(name))
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

    async def listed(self, uids: Sequence[int]) -> list[Listed]:
        """The mails with these UIDs, at most BATCH_UIDS, ascending. Expunged mails are missing.

        A mail that a SEARCH finds and of which a FETCH tells nothing (Exchange has such) is listed without a mark. Raises
        ListingError when the next connection had better do without header fields.
        """
        told = {}
        for uid, items in await self._identities(uids):
            if (size := items.get(b"RFC822.SIZE")) is not None:
                told[uid] = Listed(uid, number(size, NUMBER64), _mark(items))
        silent = [uid for uid in uids if uid not in told]
        if silent:
            there = await self._search("UID " + ",".join(map(str, silent)), silent[0], silent[-1])
            told |= {uid: Listed(uid, 0, "") for uid in set(there).intersection(silent)}
        return [told[uid] for uid in uids if uid in told]

    async def _identities(self, uids: Sequence[int]) -> list[tuple[int, Items]]:
        if self.lists_headers:
            try:
                return await self._fetched(uids, f"({_IDENTITY} {_HEADER})", asked_bytes=len(uids) * LISTED_BYTES)
            except ImapRefusedError:
                pass  # one mail whose header can't be read makes Exchange refuse all of them
            except ImapLostError:
                raise
            except ImapError as error:
                raise ListingError(str(error)) from None
        return await self._fetched(uids, f"({_IDENTITY})")

    async def content(self, mail: Listed, *, whole: bool) -> bytes | None:
        """A mail's bytes, or with `whole=False` its header block only; None when it is expunged.

        Raises ImapRefusedError when the server lists the mail but does not send it, or sends nothing.
        """
        section = "BODY.PEEK[]" if whole else f"BODY.PEEK[HEADER]<0.{HEADER_BLOCK_BYTES}>"
        expected = mail.size_bytes if whole else HEADER_BLOCK_BYTES
        fetched = await self._fetched(
            [mail.uid],
            f"(UID {section})",
            seconds=self._reply_seconds + expected / SLOWEST_BYTES_PER_SECOND,
            asked_bytes=self.imap.max_literal_bytes if whole else 2 * HEADER_BLOCK_BYTES,
        )
        content = next((items[b"BODY[]"] or b"" for _, items in fetched if b"BODY[]" in items), None)
        if content:
            return content
        if not await self.listed([mail.uid]):
            return None  # Dovecot gives NIL or "" of a mail that goes meanwhile
        if content is None or mail.size_bytes:
            raise ImapRefusedError("FETCH: the server keeps a mail to itself")
        return content

    async def _fetched(
        self, uids: Sequence[int], what: str, *, seconds: float | None = None, asked_bytes: int = 0
    ) -> list[tuple[int, Items]]:
        """Data items of the mails with these UIDs; what the server tells of others is left out."""
        responses = await self.imap.ask(
            "FETCH", ",".join(map(str, uids)), what, prefix="UID", seconds=seconds, asked_bytes=asked_bytes
        )
        asked, found = set(uids), []
        for response in responses[:-1]:
            items = items_of(response) if is_fetch(response) else {}
            uid = uid_of(items[b"UID"] or b"") if b"UID" in items else 0
            if uid in asked:
                found.append((uid, items))
        return found


def _mark(items: Items) -> str:
    """16 hexadecimal characters from INTERNALDATE, size and the header fields that tell mails apart."""
    names = (b"INTERNALDATE", b"RFC822.SIZE", b"BODY[]")
    return sha256(b"\0".join((items.get(name) or b"").strip() for name in names)).hexdigest()[:16]


def batches(uids: Sequence[int]) -> Iterator[Sequence[int]]:
    """Slices of BATCH_UIDS, one for each command."""
    for start in range(0, len(uids), BATCH_UIDS):
        yield uids[start : start + BATCH_UIDS]


def groups(mails: Sequence[Listed], max_bytes: int) -> Iterator[list[Listed]]:
    """The mails in order, in groups of at most GROUP_BYTES to fetch.

    Of a mail over `max_bytes` only the header is fetched, and only that counts.
    """
    group: list[Listed] = []
    group_bytes = 0
    for mail in mails:
        fetched = mail.size_bytes if mail.size_bytes <= max_bytes else HEADER_BLOCK_BYTES
        if group and group_bytes + fetched > GROUP_BYTES:
            yield group
            group, group_bytes = [], 0
        group.append(mail)
        group_bytes += fetched
    if group:
        yield group


_UIDVALIDITY = LazyPattern(rb"\[UIDVALIDITY ([^\s\]]+)\]", re.IGNORECASE)
_UIDNEXT = LazyPattern(rb"\[UIDNEXT ([^\s\]]+)\]", re.IGNORECASE)
_WORD = LazyPattern(rb"\S+")


def _end(line: bytes) -> int:
    """Where a SEARCH response's UIDs end: at the line's end, or at what an extension adds in brackets (RFC 7162 §3.1.5)."""
    added = line.find(b"(")
    return added if added >= 0 else len(line)


def _uid(text: bytes, pattern: LazyPattern[bytes]) -> int | None:
    match = pattern.search(text)
    return uid_of(match[1]) if match else None
