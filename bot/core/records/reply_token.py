"""A ticket (整理符号): what lets a clerk answer one letter of ours, once for each case that the letter is about.

Drafted by core/verdict/alerts.py and core/clerk/decide.py, given its token by outbound/compose.py, kept by storage beside the letter, looked up by the
sorter when a mail's subject bears one. The token follows from a secret of the database and the letter: nobody else can make
one, and the same letter always bears the same. Values only, nothing is raised.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime

from bot.core.records.clerk_orders import Command, CommandKind
from bot.core.records.submission import Field
from bot.core.text.lazy_pattern import LazyPattern

TOKEN_CHARACTERS = 12
"""Of base32 (RFC 4648 §6): 60 bits, without 0, 1, 8 and 9, that look like O, I and B."""

_MARK = LazyPattern(r"\[ ?([A-Z2-7]{4}) ?- ?([A-Z2-7]{4}) ?- ?([A-Z2-7]{4}) ?\]")


@dataclass(frozen=True, slots=True)
class TokenCase:
    """A case in a letter."""

    place: int  # from 1
    receipt_number: str  # "" = the case is a mail
    # rows of the register, in the order of their numbers in the letter; of a mail: the other mails that are told in its line
    candidates: tuple[int, ...] = ()
    spent_at: datetime | None = None  # when an answer was carried out on it; None = it may be answered
    mail_id: int = 0  # of a mail that a person must read; 0 = it is a submission


@dataclass(frozen=True, slots=True)
class ProposedOrder:
    """One order of a proposal, for one case. `candidate`: its number in the letter that asks; `standing`: the case as it was then, as a hash."""

    place: int
    verb: CommandKind
    candidate: int
    words: str
    field: Field | None
    standing: str

    @property
    def command(self) -> Command:
        """The same as an answer would order it."""
        return Command(self.verb, (self.place,), candidate=self.candidate, words=self.words, field=self.field)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a letter asks about, and a bare はい in answer to it carries out. `answer`: the mail in which it was read.

    No orders: nothing is asked, and nothing will be in answer to this letter either, since a letter before it did.
    """

    answer: int = 0
    orders: tuple[ProposedOrder, ...] = ()


@dataclass(frozen=True, slots=True)
class NewTicket:
    """The ticket of a letter that is being written."""

    token: str
    desk: str  # the name of the desk whose staff may answer
    expires_at: datetime
    cases: tuple[TokenCase, ...]
    proposal: Proposal | None = None


@dataclass(frozen=True, slots=True)
class ReplyToken:
    """A ticket as it is kept."""

    token: str
    desk: str  # the name of the desk whose staff may answer
    message_id: str  # its letter's, with brackets
    expires_at: datetime
    cases: tuple[TokenCase, ...]
    written_at: datetime | None = None  # when that letter was queued, UTC
    letter: str = ""  # its words
    proposal: Proposal | None = None


def ticket_mark(token: str) -> str:
    """The token as subjects bear it: [ABCD-EFGH-IJKL]."""
    return f"[{token[:4]}-{token[4:8]}-{token[8:]}]"


# Whole, or as a program or a masking left it where the subject was cut.
_ANY_MARK = LazyPattern(
    r"\s*[\[［] ?[A-Z2-7]{4} ?- ?[A-Z2-7]{4} ?- ?[A-Z2-7]{4} ?[\]］]"
    r"|\s*[\[［][A-Z2-7＊* -]{0,14}(?:…|\.\.\.?)[\]］]?|\s*[\[［][A-Z2-7 -]{0,10}[＊*]{3}[A-Z2-7＊* -]{0,14}[\]］]?"
    r"|\s*[\[［](?:[A-Z2-7]{4} ?- ?){1,2}[A-Z2-7]{0,4}\s*$"
)


def without_marks(subject: str) -> str:
    """A subject as it is quoted in other letters: without the tokens that it bears, and what is left of them."""
    return _ANY_MARK.sub("", subject)


_BLANKS = LazyPattern(r"\s+")


def token_in(subject: str) -> str:
    """The token in a subject, "" = none; where a conversation has gathered several, the last one is the letter answered."""
    found = _MARK.findall(_BLANKS.sub(" ", unicodedata.normalize("NFKC", subject)))
    return "".join(found[-1]) if found else ""
