"""Contexts of the lists that a desk gets by the calendar: the summary and the reminder of deadlines.

Filled by core/summary and core/deadlines/reminders.py; a test holds every template's variables equal to its dataclass's fields.
No context has a place for an access key. Values only: nothing is raised.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from bot.core.letters.to_desks import FieldLine, Hint
from bot.core.policy.policy import Office
from bot.core.records.outgoing_mail import Letter


@dataclass(frozen=True, slots=True)
class SummaryLine:
    """One submission, guarantee or mail in the summary."""

    name: str  # what it is called
    about: str  # what it is about
    note: str  # why or since when
    count: int = 1  # how many are told in this one line
    place: int = 0  # the number by which it can be answered; 0 = it can't
    number: str = ""  # 保証契約番号; "" = it is no notice
    waits: int = 0  # for how many days


@dataclass(frozen=True, slots=True)
class UrgentLine:
    """One of the most urgent things in the summary."""

    place: int  # the number by which it can be answered; 0 = it can't
    why: str  # what it waits for and since when, or when it ends
    about: str


@dataclass(frozen=True, slots=True)
class AskedLine:
    """A mail whose sender was asked for something, and has not answered yet."""

    place: int  # the number by which it can be answered; 0 = it can't
    receipt_number: str
    sender: str
    waits: int  # for how many days


@dataclass(frozen=True, slots=True)
class DsureCase:
    """One that was accepted, and whose certificate a person must look up in D-Sure; "" = not known."""

    place: int  # the number by which it can be answered; 0 = it can't
    receipt_number: str
    number: str  # 保証契約番号
    product_name: str  # in short
    project_name: str
    contractor: str
    amount: str  # 保証金額
    expires_on: str  # 保証期限
    waits: int  # for how many days
    key: str = ""  # its length in words where the city wants it in lists; the composer puts the key itself there
    state: str = ""  # what has changed; "" = nothing
    fields: tuple[FieldLine, ...] = ()  # all that the register has, where something has changed or differs
    notes: tuple[str, ...] = ()  # sentences


@dataclass(frozen=True, slots=True)
class DueLine:
    """One thing that is due."""

    place: int  # how an answer names it; 0 = it can't
    name: str
    about: str  # what it is about
    note: str  # its dates and what they rest on


@dataclass(frozen=True, slots=True)
class DueGroup:
    """All that is due of one kind."""

    title: str
    step: str  # the one thing to do next
    lines: tuple[DueLine, ...]
    besides: int = 0  # how many more there are than are listed
    places: tuple[int, ...] = ()  # the numbers of those that the letter lists elsewhere

    @property
    def count(self) -> int:
        """How many there are in all."""
        return len(self.lines) + len(self.places) + self.besides


@dataclass(frozen=True, slots=True)
class Reminder:
    """To a deputy or head, who gets no summary: all that is due and his today."""

    letter: ClassVar = Letter.REMINDER
    office: Office
    desk: str
    day: date
    why: tuple[str, ...]  # sentences, why it goes to him
    groups: tuple[DueGroup, ...]
    told_before: int  # how many he was told before, and are still open
    hints: tuple[Hint, ...] = ()
    ticket: str = ""


@dataclass(frozen=True, slots=True)
class Summary:
    """To a desk, at the set times of opening days. Lists may be empty: the template says so."""

    letter: ClassVar = Letter.SUMMARY
    office: Office
    desk: str
    since: datetime
    until: datetime
    looked_at: datetime | None
    urgent: tuple[UrgentLine, ...]  # at most three
    held: tuple[SummaryLine, ...]
    passed_on: tuple[SummaryLine, ...]
    parked: tuple[SummaryLine, ...]
    undelivered: tuple[SummaryLine, ...]
    waiting_besides: int  # how many more of these four there are than are listed
    deadlines: tuple[DueGroup, ...] | None  # what is due; None where the city watches no deadlines
    to_verify: tuple[DsureCase, ...]  # accepted, and waiting for a person's look into D-Sure; the oldest first
    to_verify_besides: int  # how many more there are
    asked: tuple[AskedLine, ...]  # mails whose senders were asked for something; no work of the desk
    asked_besides: int
    keys_are: str  # where the keys are that D-Sure asks for, a sentence; "" = in the list
    done: tuple[tuple[str, int], ...]  # what was done in the span and what is awaited from others, in words → how many
    received_count: int
    doors: tuple[tuple[str, int, str], ...]  # a door, how many it received, and their ends, which add up to that
    comparisons: tuple[str, ...]  # a line for each mailbox: the server's count and ours
    journal: str  # the journal's last line, NUMBER:HASH, by which it can be proven later
    has_workbook: bool = False  # whether all details are in a file beside it
    hints: tuple[Hint, ...] = ()  # for each kind of case the orders that it takes
    ticket: str = ""


@dataclass(frozen=True, slots=True)
class DisposalClass:
    """One class of what is due for disposal."""

    name: str
    count: int
    before: datetime  # what ended before this midnight in Japan is on the list


@dataclass(frozen=True, slots=True)
class DisposalList:
    """To who approves disposals: what is due, for approval by an answer."""

    letter: ClassVar = Letter.DISPOSAL_LIST
    office: Office
    number: tuple[str, ...]  # in fours: a longer one would be masked as a key
    classes: tuple[DisposalClass, ...]
    holds: int  # how many mails a hold keeps
    until: datetime  # how long it can be answered
    hints: tuple[Hint, ...] = (
        Hint("承認", "この一覧にあるものを全て廃棄する"),
        Hint("保留", "今回は廃棄しない（理由を続けて書けます）"),
    )
    ticket: str = ""


@dataclass(frozen=True, slots=True)
class DisposalNote:
    """To the same: what became of the answer."""

    letter: ClassVar = Letter.DISPOSAL_NOTE
    office: Office
    number: tuple[str, ...]  # in fours
    result: str  # sentences


ListLetter = Summary | Reminder | DisposalList
