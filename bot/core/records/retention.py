"""What is kept for how long: the classes, their times, and the list of what is due for disposal.

Made from the settings (bot/config/to_policy.py) and by storage/use_cases/retention/disposal.py, approved by `disposal approve`. Pure,
nothing is raised.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from bot.core.text.closed_list import ClosedList
from bot.core.text.dates import JAPAN


class Retained(ClosedList):
    """What has a time of its own. What makes a mail known when it comes again, and the journal, stay for ever."""

    words: str
    row: str  # the kind of row, in the journal's words

    KEYS = "keys", "保証期限を過ぎた認証キー", "guarantee"
    MAILS = "mails", "受信メールの原本（添付の書類も）", "mail"
    LETTERS = "letters", "送信メールの文面", "outgoing"
    # after the mail itself: what is left of its sender
    CASES = "cases", "終わった件の差出人と、書かれた文字", "mail"


@dataclass(frozen=True, slots=True)
class Retention:
    """Days for each class; a class without any is kept for ever."""

    days: Mapping[Retained, int] = field(default_factory=dict)

    def until(self, now: datetime) -> Mapping[Retained, datetime]:
        """What ended before this moment, a midnight in Japan, is due: all day long the same."""
        today = datetime.combine(now.astimezone(JAPAN).date(), time(), JAPAN)
        return {what: today - timedelta(days=days) for what, days in self.days.items() if days}


_OF_A_LIST = "disposal/"


def case_of(number: str) -> str:
    """What stands in a ticket in place of a 受付番号, where its letter is the list with this number."""
    return f"{_OF_A_LIST}{number}"


def list_in(case: str) -> str:
    """The number of the list that a ticket's case is; "" = it is none."""
    return case.removeprefix(_OF_A_LIST) if case.startswith(_OF_A_LIST) else ""


@dataclass(frozen=True, slots=True)
class ListAnswer:
    """What the approver answers to a list that was mailed at this time; `token`: of the letter."""

    number: str
    is_approved: bool  # else it is put off: nothing of it goes
    listed_at: datetime
    actor: str
    token: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class ApprovedList:
    """A list that was approved by mail and is still to be carried out."""

    number: str
    listed_at: datetime
    actor: str


@dataclass(frozen=True, slots=True)
class DueItem:
    """A row that is due. `proof`: what names its content: a mail's digest, a letter's Message-ID, a guarantee's number."""

    what: Retained
    row_id: int
    proof: str

    @property
    def line(self) -> str:
        """As it is hashed."""
        return f"{self.what} {self.what.row}/{self.row_id} {self.proof}\n"


def digest_of(items: tuple[DueItem, ...]) -> tuple[str, ...]:
    """SHA-256 over the items' lines, hexadecimal in fours, which the journal takes for no key: who has the items can prove which they were."""
    whole = hashlib.sha256("".join(item.line for item in items).encode("utf-8", "replace")).hexdigest()
    return tuple(whole[start : start + 4] for start in range(0, len(whole), 4))


def fours_of(number: str) -> tuple[str, ...]:
    """A list's number in fours: a longer one is taken for a key, and masked."""
    return tuple(number[start : start + 4] for start in range(0, len(number), 4))


@dataclass(frozen=True, slots=True)
class DueList:
    """Everything that is due, class by class. `ended_before`: by day, for people. `holds`: mails that a hold keeps."""

    items: tuple[DueItem, ...]
    ended_before: Mapping[Retained, date]
    holds: int = 0

    @property
    def number(self) -> str:
        """What an approval names: another list has another number."""
        return "".join(digest_of(self.items)[:3])

    @property
    def in_fours(self) -> tuple[str, ...]:
        """The number, in the form that no letter masks."""
        return fours_of(self.number)

    @property
    def counts(self) -> Mapping[Retained, int]:
        """How many there are of each class that has a time."""
        return {what: sum(item.what is what for item in self.items) for what in self.ended_before}

    def portions(self, size: int) -> Iterator[tuple[DueItem, ...]]:
        """The items of one class at a time, at most `size` of them."""
        for what in Retained:
            of_it = tuple(item for item in self.items if item.what is what)
            yield from (of_it[start : start + size] for start in range(0, len(of_it), size))
