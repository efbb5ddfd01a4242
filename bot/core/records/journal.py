"""The journal as a chain: who did what when, each line's hash over the line before it and its own content.

Written and read by storage/use_cases/journal.py, shown by bot/commands/journal.py; the clerks' summary carries the head, so that an old
summary proves what the journal was then. Promises that no line can be changed, taken out, moved or put in without every later
hash being another. Raises ValueError for a head that can't be read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.core.text.closed_list import ClosedList
from bot.core.text.lazy_pattern import LazyPattern

HEAD_DIGITS = 16
"""How much of a hash a letter shows: 64 bits; who wants to rewrite the journal to them has to try 2^64 chains."""

_HEAD = LazyPattern(r"([0-9]{1,18}):([0-9a-f]{16,64})")


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One line."""

    number: int  # from 1, without a gap
    at: datetime
    actor: str
    event: str  # mail.sorted, …
    subject_kind: str  # with subject_id, names the row that it is about
    subject_id: str
    # JSON, as the database gives it back: text, whole numbers, true, false, null, lists and objects of these
    detail: Mapping[str, Any]
    hash: str = ""  # as stored, 64 hexadecimal characters


@dataclass(frozen=True, slots=True)
class JournalHead:
    """The last line's number and hash; a part of the hash, from its beginning, when somebody has copied it from a letter."""

    number: int
    hash: str

    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"

    @property
    def short(self) -> str:
        """As letters show it."""
        return f"{self.number}:{self.hash[:HEAD_DIGITS]}"


BEGINNING = JournalHead(0, "0" * 64)
"""The head of a journal without a line."""


def head_of(text: str) -> JournalHead:
    """NUMBER:HASH as a letter or a command showed it, in any case; at least 16 digits of the hash. Raises ValueError."""
    found = _HEAD.fullmatch(text.strip().lower())
    if found is None:
        raise ValueError(f"番号:ハッシュ（16桁以上の16進数）の形で書いてください: {text}")
    return JournalHead(int(found[1]), found[2])


def link(previous: str, line: JournalLine) -> str:
    """The hash of a line that follows the one with the hash `previous`: SHA-256 over both as JSON, keys sorted, ASCII only."""
    content = [
        previous,
        line.number,
        line.at.astimezone(UTC).isoformat(timespec="microseconds"),
        line.actor,
        line.event,
        line.subject_kind,
        line.subject_id,
        line.detail,
    ]
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode("ascii")).hexdigest()


RESTORED = "database.restored"
"""The event of a line that says: what came after the line before was lost, since a copy of the database was put back."""


@dataclass(frozen=True, slots=True)
class Restore:
    """A line of that event. `lost`: how far the lost lines went, where it is known; they began with this line's own number."""

    number: int
    at: datetime
    lost: int | None

    @classmethod
    def of(cls, line: JournalLine) -> Restore:
        """Read the line."""
        lost, _, _ = str(line.detail.get("lost", "")).partition(":")
        return cls(line.number, line.at, int(lost) if lost.isdecimal() else None)

    def has_lost(self, number: int) -> bool:
        """Whether the line that had this number then may have been one of the lost."""
        return number >= self.number and (self.lost is None or number <= self.lost)


class JournalBreak(ClosedList):
    """How a journal is not the one that was written."""

    words: str

    CHANGED = "changed", "この行は、書かれたときのままではありません（変更、入替え又は挿入）"
    MISSING = "missing", "この行がありません（前後の行はあります）"
    ADDED = "added", "この行は、正規の手順で書かれたものではありません"
    CUT = "cut", "この行から後がありません"
    REWRITTEN = "rewritten", "この行までの記録は、控えの時点のものと違います"
    RESTORED = "restored", "この控えは、復元で失われた記録のものです"


@dataclass(frozen=True, slots=True)
class JournalCheck:
    """What a check of the whole journal found. `lines`: how many were right; `head`: the last of them.

    `broken`: None = whole, else how, and `at` the number of the first line that is wrong (CUT: the first that is gone; RESTORED: the
    one that was expected, all lines there are being right). `restores`: the times that a copy of the database was put back.
    """

    lines: int
    head: JournalHead
    broken: JournalBreak | None = None
    at: int | None = None
    restores: tuple[Restore, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether the journal is the one that was written."""
        return self.broken is None
