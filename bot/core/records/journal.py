"""The journal as a chain: who did what when, each line's hash over the line before it and its own content.

Written and read by storage/use_cases/journal.py, shown by bot/commands/journal.py; the clerks' summary carries the head, so that an old
summary proves what the journal was then. Promises that no line can be changed, taken out, moved or put in without every later
hash being another. Raises ValueError for a head that can't be read.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

HEAD_DIGITS = 16
"""How much of a hash a letter shows: 64 bits; who wants to rewrite the journal to them has to try 2^64 chains."""

_HEAD = re.compile(r"([0-9]{1,18}):([0-9a-f]{16,64})")


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One line. `number` counts from 1 without a gap; `hash`: as stored, 64 hexadecimal characters.

    `event`: "mail.sorted", …; `subject_kind` and `subject_id` name the row that it is about. `detail` is JSON: text, whole numbers,
    true, false, null, lists and objects of these, as the database gives it back.
    """

    number: int
    at: datetime
    actor: str
    event: str
    subject_kind: str
    subject_id: str
    detail: Mapping[str, Any]
    hash: str = ""


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


class JournalBreak(StrEnum):
    """How a journal is not the one that was written."""

    CHANGED = "changed"
    MISSING = "missing"
    ADDED = "added"
    CUT = "cut"
    REWRITTEN = "rewritten"


BREAK_WORDS = {
    JournalBreak.CHANGED: "この行は、書かれたときのままではありません（変更、入替え又は挿入）",
    JournalBreak.MISSING: "この行がありません（前後の行はあります）",
    JournalBreak.ADDED: "この行は、正規の手順で書かれたものではありません",
    JournalBreak.CUT: "この行から後がありません",
    JournalBreak.REWRITTEN: "この行までの記録は、控えの時点のものと違います",
}


@dataclass(frozen=True, slots=True)
class JournalCheck:
    """What a check of the whole journal found. `lines`: how many were right; `head`: the last of them.

    `broken`: None = whole, else how, and `at` the number of the first line that is wrong (CUT: the first that is gone).
    """

    lines: int
    head: JournalHead
    broken: JournalBreak | None = None
    at: int | None = None

    @property
    def is_whole(self) -> bool:
        """Whether the journal is the one that was written."""
        return self.broken is None
