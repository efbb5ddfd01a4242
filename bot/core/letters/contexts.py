"""The letters' typed contexts: exactly what each template in mail_templates/ja may use.

Filled by core/verdict/decide.py and workers, worded by the templates, made into mails by bot/outbound/compose.py. A test holds
every template's variables equal to its dataclass's fields. No context has a place for an access key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar, get_args

from bot.core.notice.missing_notice import Request
from bot.core.policy.conditions import Outside
from bot.core.policy.policy import Office, Policy
from bot.core.records.guarantee import Guarantee
from bot.core.records.outgoing_mail import Letter
from bot.core.records.refusal import Refusal


@dataclass(frozen=True, slots=True)
class NoticeItem:
    """One notice in a letter to its sender: his own words only, cleaned; "（読み取れませんでした）" is the template's."""

    receipt_number: str
    project_name: str
    contractor: str
    product_name: str
    number: str


class Difference(StrEnum):
    """What differs from the office's register; told to a known sender only."""

    NUMBER = "number"
    KEY = "key"
    OTHER_KEY_BEFORE = "other_key_before"
    PROJECT_NAME = "project_name"
    CONTRACTOR = "contractor"
    PRODUCT = "product"
    ON_PAPER = "on_paper"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Moved:
    """Notices of a product that came to another desk's address: whose they are, and where to send the next one."""

    product_name: str
    desk: str
    inbox: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """受付のお知らせ: received, not verified. The same for every stranger and whatever was found (the oracle stays shut)."""

    letter: ClassVar = Letter.RECEIPT
    office: Office
    received_at: datetime
    items: tuple[NoticeItem, ...]
    moved: tuple[Moved, ...] = ()
    replaced: tuple[
        tuple[str, str], ...
    ] = ()  # to a known sender: pairs (this number, that of his notice which it puts right)
    question: str = ""  # the receipt number of what the mail asks besides, and a desk answers; "" = nothing


@dataclass(frozen=True, slots=True)
class ReceiptAgain:
    """To a known sender whose notice had been accepted before, and to a proven one who sent the very same himself."""

    letter: ClassVar = Letter.RECEIPT_AGAIN
    office: Office
    received_at: datetime
    items: tuple[NoticeItem, ...]
    first_receipts: tuple[tuple[str, str], ...]  # pairs (this number, first number)
    moved: tuple[Moved, ...] = ()
    question: str = ""
    own: bool = False  # the first one was his; whether it was accepted is not told


@dataclass(frozen=True, slots=True)
class DifferingItem:
    """A notice and what differs about it."""

    item: NoticeItem
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class ReceiptDiffers:
    """To a known sender: received, but it differs from the register; what to check and what to send."""

    letter: ClassVar = Letter.RECEIPT_DIFFERS
    office: Office
    received_at: datetime
    items: tuple[NoticeItem, ...]  # those with nothing to say about
    differing: tuple[DifferingItem, ...]
    moved: tuple[Moved, ...] = ()
    replaced: tuple[tuple[str, str], ...] = ()
    question: str = ""


@dataclass(frozen=True, slots=True)
class NoticeWanted:
    """No notice could be taken from the mail: the one thing to do next."""

    letter: ClassVar = Letter.NOTICE_WANTED
    office: Office
    received_at: datetime
    wanted: Request


@dataclass(frozen=True, slots=True)
class OutsideItem:
    """A notice, and which of the city's conditions are not met."""

    item: NoticeItem
    unmet: tuple[Outside, ...]


@dataclass(frozen=True, slots=True)
class OutsideConditions:
    """The city does not accept these as electronic guarantees: what to send instead."""

    letter: ClassVar = Letter.OUTSIDE
    office: Office
    received_at: datetime
    outside: tuple[OutsideItem, ...]
    instead: str  # in the city's words; "" = the template's


class Stage(StrEnum):
    """How far a notice has come, as its sender may know it."""

    RECEIVED = "received"
    VERIFIED = "verified"
    SENT_BACK = "sent_back"


@dataclass(frozen=True, slots=True)
class ArrivedItem:
    """One notice of those that a sender sent."""

    receipt_number: str
    arrived_at: datetime
    stage: Stage


@dataclass(frozen=True, slots=True)
class Arrivals:
    """To a proven sender who asks whether it arrived: what came from his address, the newest first."""

    letter: ClassVar = Letter.ARRIVALS
    office: Office
    received_at: datetime
    arrived: tuple[ArrivedItem, ...]


@dataclass(frozen=True, slots=True)
class Verified:
    """確認済のお知らせ: a clerk has seen the certificate in D-Sure."""

    letter: ClassVar = Letter.VERIFIED
    office: Office
    item: NoticeItem
    verified_at: datetime
    certificate: str = ""  # which one of several (変更－1); "" = the only one


@dataclass(frozen=True, slots=True)
class SentBack:
    """差戻しのお知らせ."""

    letter: ClassVar = Letter.SENT_BACK
    office: Office
    item: NoticeItem
    clerk_reason: str  # what the clerk added in his own words; "" = nothing
    refusal: Refusal | None = None  # its kind; None = only the clerk's words
    seen_in_dsure: bool = False  # it was found out there


@dataclass(frozen=True, slots=True)
class Issued:
    """電子保証（認証キー）発行完了のお知らせ, in the city's words."""

    letter: ClassVar = Letter.ISSUED
    office: Office
    project_name: str
    contractor: str
    product_name: str
    number: str
    issued_at: datetime
    inbox: str  # where to send the notice
    stops_by_mail: bool = False  # whether a mail to the inbox stops these letters; else a person does


def issued_letter(row: Guarantee, issued_at: datetime, policy: Policy) -> Issued:
    """The letter in the register's own words."""
    return Issued(
        policy.contact_for((row.product,), row.desk),
        row.project_name,
        row.contractor,
        row.product.words,
        row.number,
        issued_at,
        policy.inboxes[0],
        stops_by_mail=policy.accepts_opt_out,
    )


@dataclass(frozen=True, slots=True)
class ConsentNoted:
    """To who wrote 配信停止 or 配信再開: what this means. The same whether the register knows the address or not."""

    letter: ClassVar = Letter.CONSENT
    office: Office
    received_at: datetime
    given: bool  # False = 配信停止
    address: str  # the sender's
    inbox: str


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
class IssuedItem:
    """A guarantee of which no notice has come, by the city's register."""

    project_name: str
    contractor: str
    product_name: str
    number: str
    issued_on: date


@dataclass(frozen=True, slots=True)
class NoticeReminder:
    """To a contractor who wants mails: all his issued guarantees of which no notice has come."""

    letter: ClassVar = Letter.NOTICE_REMINDER
    office: Office
    items: tuple[IssuedItem, ...]
    inbox: str  # where to send it
    stops_by_mail: bool = False  # as with Issued, whose consent counts for it too


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
class OperatorAlarm:
    """To the operator: something is wrong with the machine itself, or it is well again."""

    letter: ClassVar = Letter.ALARM
    office: Office
    title: str
    about: str  # "" = nothing to name
    since: datetime
    over_at: datetime | None  # since when it is well again; None = it is not
    detail: str
    advice: tuple[str, ...]


Context = (
    Receipt
    | ReceiptAgain
    | ReceiptDiffers
    | NoticeWanted
    | OutsideConditions
    | Arrivals
    | Verified
    | SentBack
    | Issued
    | ConsentNoted
    | Alert
    | MailAlert
    | Summary
    | DeskReply
    | DeskHelp
    | DeskNote
    | Reminder
    | NoticeReminder
    | Keys
    | EntryReply
    | EntryResult
    | Originals
    | OperatorAlarm
)
AnswerableLetter = Alert | MailAlert | DeskReply | DeskHelp | Summary | Reminder
"""Letters that clerks can answer: each has a `ticket`."""

CONTEXT_OF: Mapping[Letter, type[Context]] = MappingProxyType({one.letter: one for one in get_args(Context)})
