"""A letter that is due: its content, its recipient, what lets a desk answer it.

Made by whatever decides; worded by outbound/compose.py. Values only; nothing is raised.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.core.letters.contexts import Context
from bot.core.notice.evidence import View
from bot.core.records.reasons import NoReplyReason
from bot.core.records.reply_token import Proposal, TokenCase
from bot.core.records.secret import AuthKey
from bot.core.records.send_counts import Withheld


@dataclass(frozen=True, slots=True)
class Answerable:
    """That a desk's staff may answer a letter."""

    desk: str  # its name
    until: datetime  # UTC
    cases: tuple[TokenCase, ...]  # about which
    keys: tuple[tuple[str, AuthKey], ...] = ()  # by receipt number, those that the letter shows as it leaves
    proposal: Proposal | None = None  # what the letter asks about


@dataclass(frozen=True, slots=True)
class Draft:
    """A letter that is due."""

    context: Context  # its content
    recipient: str
    dedupe_key: str
    submission: str = ""  # the first receipt number that it speaks of; "" = none
    views: tuple[View, ...] = ()  # pictures that go with it
    answerable: Answerable | None = None  # None = nobody can act by answering it
    keys: tuple[tuple[str, AuthKey], ...] = ()  # by receipt number, what a KEYS letter shows as it leaves
    share: str = ""  # the budget that an alert takes from; "" = the common one
    guarantee_id: int | None = None  # that an issuance-complete mail tells of
    papers_of: int = 0  # the mail whose papers are to go along; 0 = none
    is_first_alarm: bool = False  # the day's first about the keys of a number: no limit withholds it

    @property
    def answers(self) -> bool:
        """Whether it answers a mail (RFC 3834)."""
        return self.context.letter.answers


@dataclass(frozen=True, slots=True)
class Letters:
    """Letters that are due, and those that a limit withholds."""

    drafts: tuple[Draft, ...] = ()
    withheld: tuple[Withheld, ...] = ()
    no_reply: NoReplyReason | None = None  # of letters to a sender: why there is none
