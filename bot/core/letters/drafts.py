"""A letter that is due: its content, its recipient, what lets a desk answer it.

Made by whatever decides; worded by outbound/compose.py. Values only; nothing is raised.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.core.letters.contexts import Context
from bot.core.notice.evidence import View
from bot.core.records.reply_token import TokenCase
from bot.core.records.secret import AuthKey
from bot.core.records.send_counts import Withheld


@dataclass(frozen=True, slots=True)
class Answerable:
    """That a desk's staff may answer a letter, until when, and about which cases. `desk`: its name.

    `keys`: by receipt number, those that the letter shows as it leaves.
    """

    desk: str
    until: datetime
    cases: tuple[TokenCase, ...]
    keys: tuple[tuple[str, AuthKey], ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """A letter that is due: its content, its one recipient, its dedupe key. `answers`: it answers the mail (RFC 3834).

    `submission`: the first receipt number that it speaks of, "" = none. `views`: pictures that go with it. `answerable`: None =
    nobody can act by answering it. `keys`: by receipt number, what a KEYS letter shows as it leaves.
    """

    context: Context
    recipient: str
    dedupe_key: str
    answers: bool
    submission: str = ""
    views: tuple[View, ...] = ()
    answerable: Answerable | None = None
    keys: tuple[tuple[str, AuthKey], ...] = ()


@dataclass(frozen=True, slots=True)
class Letters:
    """Letters that are due, and those that a limit withholds."""

    drafts: tuple[Draft, ...] = ()
    withheld: tuple[Withheld, ...] = ()
