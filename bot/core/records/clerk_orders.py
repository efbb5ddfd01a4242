"""What a clerk may order in an answer to a letter of ours, and what an answer says, as values.

Read by core/clerk/answer/order_grammar.py in the reading child, told to the daemon, decided on by core/clerk/decide.py. Values only; nothing is
raised.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.core.records.submission import Field
from bot.core.text.closed_list import ClosedList

MOST_CASES = 99
"""So many cases one letter may have numbers for."""
MOST_ORDERS = 500
"""So many orders one answer may have, and lines that are none."""
MOST_CANDIDATE = 9
WORDS_CHARACTERS = 1000
"""More is no reason; a letter takes less (actions.py), and says so."""


class Cases(StrEnum):
    """What a command may be about."""

    ANY = "any"
    HELD = "held"
    ACCEPTED = "accepted"
    MAILS = "mails"  # that a person had to read


class Words(StrEnum):
    """What may follow a command."""

    NONE = "none"
    MEMO = "memo"  # a note, over several lines
    REASON = "reason"  # the same, and it must: the contractor reads it


class CommandKind(ClosedList):
    """What a clerk may order. How he writes it stands in core/clerk/answer/order_grammar.py; what it does in orders.py beside it."""

    words: str  # as it is shown
    cases: Cases
    takes: Words

    ACCEPT = "accept", "承認", Cases.HELD, Words.NONE  # 承認, 2番
    REFUSE = "refuse", "差戻し", Cases.ANY, Words.REASON
    PUT_OFF = "put_off", "保留", Cases.ANY, Words.MEMO
    CORRECT = "correct", "訂正", Cases.HELD, Words.NONE  # 訂正 保証契約番号 …
    LOOK_UP = "look_up", "照会", Cases.ANY, Words.NONE
    CONFIRMED = "confirmed", "確認済", Cases.ACCEPTED, Words.NONE  # seen in D-Sure, and right
    DIFFERS = "differs", "相違", Cases.ACCEPTED, Words.REASON  # seen in D-Sure, and not right
    NOT_FOUND = "not_found", "なし", Cases.ACCEPTED, Words.NONE  # D-Sure shows nothing
    STOP = "stop", "停止", Cases.ANY, Words.NONE  # no more notifications to this contractor
    DEALT_WITH = "dealt_with", "対応済", Cases.MAILS, Words.MEMO
    READ_AGAIN = "read_again", "再読取", Cases.MAILS, Words.NONE
    SEND_KEY = "send_key", "キー", Cases.ACCEPTED, Words.NONE  # the mail with the key, once more
    ORIGINALS = "originals", "原本", Cases.ANY, Words.NONE  # the papers that came, by a mail of their own
    HELP = "help", "書き方", Cases.ANY, Words.NONE
    REFUSALS = "refusals", "差戻し 一覧", Cases.ANY, Words.NONE  # the kinds that have a letter of their own

    @property
    def takes_lines(self) -> bool:
        """Whether its words go on in the next lines."""
        return self.takes is not Words.NONE

    @property
    def needs_words(self) -> bool:
        """Whether it is nothing without a reason."""
        return self.takes is Words.REASON


@dataclass(frozen=True, slots=True)
class Command:
    """One order. `cases`: their places in the letter, from 1; empty = its only one; `is_for_all`: 全件; `is_for_rest`: 残り, or with `cases` all
    but these: 3件目以外; `count`: how many there are, where that is said, 0 = not. `among`: 全件 only of what waits so: 確認待ちの2件.

    `receipt`: the case by its 受付番号 or the end of it, `work`: by the name of its work or firm, "" = by its place; beside `cases` they must agree. `candidate`: 2 for 2番, 0 = none named. `words`: the reason, the note, the
    new value or what to look up, one line; never of a key (訂正 認証キー has none).
    """

    verb: CommandKind
    cases: tuple[int, ...] = ()
    is_for_all: bool = False
    is_for_rest: bool = False
    count: int = 0
    among: Cases = Cases.ANY
    receipt: str = ""
    work: str = ""
    candidate: int = 0
    words: str = ""
    field: Field | None = None


class Assent(StrEnum):
    """What an answer says to a letter that asks whether something is so meant, where it says nothing else."""

    YES = "yes"  # はい
    NO = "no"  # いいえ


def is_numbered(number: str, receipt: str) -> bool:
    """Whether an order's `receipt` is this 受付番号, or its end: 0007-1, -1."""
    return number == receipt or number.endswith(f"-{receipt.removeprefix('-')}")


@dataclass(frozen=True, slots=True)
class ParsedReply:
    """What an answer says. With `unclear` lines nothing of `orders` may be done; neither: it says nothing to us.

    `proposed`: of an unclear answer, what it orders beside the sentences `unread`; it may be asked about, and never done without a はい.
    """

    orders: tuple[Command, ...] = ()
    unclear: tuple[str, ...] = ()
    proposed: tuple[Command, ...] = ()
    unread: tuple[str, ...] = ()
    assent: Assent | None = None
