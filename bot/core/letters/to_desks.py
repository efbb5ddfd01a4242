"""Contexts of the letters to a desk about a mail or a clerk's answer: exactly what each template may use.

Filled by core/verdict/alerts.py and core/clerk; a test holds every template's variables equal to its dataclass's fields.
No context has a place for an access key. Values only: nothing is raised.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from bot.core.policy.policy import Office
from bot.core.records.outgoing_mail import Letter


@dataclass(frozen=True, slots=True)
class FieldLine:
    """A field as read beside the register's value."""

    label: str
    read: str
    registered: str  # "" = not known there
    note: str = ""  # how it was read, where that matters


@dataclass(frozen=True, slots=True)
class Hint:
    """One way to answer: what to write, and what it does."""

    write: str
    does: str


@dataclass(frozen=True, slots=True)
class AlertCase:
    """One submission for a person."""

    receipt_number: str
    reasons: tuple[str, ...]  # sentences
    fields: tuple[FieldLine, ...]
    key_state: str  # about the key, in words
    evidence: tuple[str, ...]  # sentences
    document_name: str
    offers: tuple[str, ...] = ()  # what may be written about it, where a letter tells of several
    why_not: str = ""  # why 承認 does nothing yet, and what to do first


@dataclass(frozen=True, slots=True)
class Alert:
    """To a desk: submissions that need a person."""

    letter: ClassVar = Letter.ALERT
    office: Office
    desk: str
    mail_id: int
    sender: str
    subject: str
    received_at: datetime
    sender_note: str  # whether the sender was proven, what he was told
    cases: tuple[AlertCase, ...]
    pictures: int = 0  # how many pictures of the papers go with it
    ticket: str = ""  # [ABCD-EFGH-IJKL]; "" = it can't be answered
    hints: tuple[Hint, ...] = ()
    project_name: str = ""  # the first that is known, for the subject


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """A submission in one line."""

    receipt_number: str
    received_at: datetime
    about: str  # work, firm, product, number
    state: str  # in words


@dataclass(frozen=True, slots=True)
class TakenNotice:
    """A notice beside which something is left for a person."""

    receipt_number: str
    about: str
    state: str  # in words
    waits: bool  # for a person


@dataclass(frozen=True, slots=True)
class MailAlert:
    """To a desk: a mail that a person must read, because no machine can."""

    letter: ClassVar = Letter.MAIL_ALERT
    office: Office
    desk: str
    mail_id: int
    receipt_number: str  # the mail's own, 20261122-0042-0
    sender: str
    subject: str
    received_at: datetime
    reason: str
    papers: tuple[str, ...]  # a line each
    excerpt: str  # keys masked
    sender_note: str
    notices: tuple[TakenNotice, ...] = ()  # those of the mail; what is told here stands beside them
    is_question: bool = False  # it asks something beside them; else papers of it could not be read
    ticket: str = ""
    hints: tuple[Hint, ...] = ()
    project_name: str = ""  # that they are about, the first
    receipts: tuple[ReceiptLine, ...] = ()  # the last ones from its sender's address, newest first


@dataclass(frozen=True, slots=True)
class DoneLine:
    """What was done on a case."""

    place: int
    name: str  # 受付番号 20261122-0042-1
    about: str
    order: str  # as understood
    result: str  # what came of it
    told: str  # what its sender is told; "" = nothing


@dataclass(frozen=True, slots=True)
class UndoneCases:
    """Cases on which nothing was done for one reason."""

    reason: str
    cases: str  # 2件目、5～8件目
    count: int


@dataclass(frozen=True, slots=True)
class OpenCase:
    """A case that an answer can still decide."""

    place: int
    name: str
    about: str
    state: str  # in words
    fields: tuple[FieldLine, ...]
    notes: tuple[str, ...]  # sentences
    key: str = ""  # about the key, in words; "" = nothing. The composer puts the key itself there, where the city wants it, as the letter leaves


@dataclass(frozen=True, slots=True)
class DeskReply:
    """To the clerk who answered: what was understood and done, and what comes next."""

    letter: ClassVar = Letter.DESK_REPLY
    office: Office
    desk: str
    received_at: datetime
    done: tuple[DoneLine, ...]
    undone: tuple[UndoneCases, ...]  # those that were named, too
    found: tuple[str, ...]  # what 照会 found, lines
    cases: tuple[OpenCase, ...]
    hints: tuple[Hint, ...]
    ticket: str = ""
    is_confirmed: bool = False  # he answered はい to a letter that asked


@dataclass(frozen=True, slots=True)
class ProposedLine:
    """What a はい does on a case."""

    place: int
    name: str  # 受付番号 20261122-0042-1
    work: str
    order: str
    label: str  # of the words
    words: tuple[str, ...]  # the reason that its sender reads, or the memo, in full
    told: str  # what its sender is told; "" = nothing


@dataclass(frozen=True, slots=True)
class DeskHelp:
    """To the clerk who answered: nothing was done; why, and how to write it."""

    letter: ClassVar = Letter.DESK_HELP
    office: Office
    desk: str
    received_at: datetime
    problem: str
    lines: tuple[str, ...]  # those not understood (keys masked), or what keeps each case from being done
    cases: tuple[OpenCase, ...]
    hints: tuple[Hint, ...]
    ticket: str = ""
    is_last: bool = False  # he gets no more of them today
    is_asked_for: bool = False  # by himself, as 「ヘルプ」 does: then nothing was to be done
    proposed: tuple[ProposedLine, ...] = ()  # what a はい does; `lines` are then the sentences that were not understood


@dataclass(frozen=True, slots=True)
class DeskNote:
    """To a colleague whose mail gets no other letter: what became of it."""

    letter: ClassVar = Letter.DESK_NOTE
    office: Office
    received_at: datetime
    receipt_number: str  # the mail's own
    why: str  # nothing was done; "" where notices were taken
    notices: tuple[TakenNotice, ...] = ()
    reader: str = ""  # the name of the desk that reads it; "" = nobody need
    is_last: bool = False  # he gets no more of them today


@dataclass(frozen=True, slots=True)
class KeyLine:
    """A receipt number and its key."""

    receipt_number: str
    key: str  # its length in words; the composer puts the key itself into the mail that leaves


@dataclass(frozen=True, slots=True)
class Keys:
    """To a desk: the keys to look up in D-Sure, apart from everything that tells what they are for."""

    letter: ClassVar = Letter.KEYS
    office: Office
    desk: str
    keys: tuple[KeyLine, ...]


@dataclass(frozen=True, slots=True)
class Originals:
    """To the clerk who asked for it: the papers that came with a mail, attached."""

    letter: ClassVar = Letter.ORIGINALS
    office: Office
    desk: str
    received_at: datetime  # the clerk's answer
    mail_id: int
    sender: str
    subject: str
    came_at: datetime
    inbox: str  # where that mail lies
    files: tuple[str, ...]  # what is attached, a line each
    left: tuple[str, ...]  # what is not, and why
    is_locked: bool = False  # a paper opens with its sender's password only
    told_in: tuple[str, ...] = ()  # where that stands, a line each


@dataclass(frozen=True, slots=True)
class EntryLine:
    """A notice as it was entered."""

    number: str
    product_name: str
    about: str
    key: str  # how long it is, in words
    sender: str  # the contractor's address; "" = not told
    how: str  # FAX, 窓口 and the like


@dataclass(frozen=True, slots=True)
class EntryFile:
    """A file, or メール本文, of a mail that enters notices."""

    name: str
    taken: tuple[EntryLine, ...]
    wrong: tuple[str, ...]  # what can't be taken and why, a line each


@dataclass(frozen=True, slots=True)
class EntryReply:
    """To the clerk who entered notices by mail: what was taken, what was not."""

    letter: ClassVar = Letter.ENTRY_REPLY
    office: Office
    desk: str
    received_at: datetime
    how: str  # FAX, 窓口 and the like
    count: int  # how many were taken
    files: tuple[EntryFile, ...]
    left: tuple[str, ...]  # papers that nobody looked at, a line each


@dataclass(frozen=True, slots=True)
class ResultLine:
    """What became of a notice that a clerk sent on or entered."""

    name: str  # 受付番号 20261122-0042-1, or メール番号 57
    about: str
    result: str
    reasons: tuple[str, ...]  # why not, sentences
    told: str  # what the contractor is told


@dataclass(frozen=True, slots=True)
class EntryResult:
    """To the clerk who sent a notice on or entered some: for which row of the register each was accepted, or why not."""

    letter: ClassVar = Letter.ENTRY_RESULT
    office: Office
    desk: str
    received_at: datetime
    receipt_number: str  # his mail's own
    items: tuple[ResultLine, ...]
    left: tuple[str, ...]  # files without a notice, a line each


ToDesk = Alert | MailAlert | DeskReply | DeskHelp | DeskNote | Keys | Originals | EntryReply | EntryResult
