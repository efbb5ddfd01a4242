"""The letters' typed contexts: exactly what each template in mail_templates/ja may use.

Filled by core/verdict/decide.py and workers, worded by the templates, made into mails by bot/outbound/compose.py. A test holds
every template's variables equal to its dataclass's fields. No context has a place for an access key.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType

from bot.core.letters.period_counts import PeriodCount
from bot.core.notice.missing_notice import Request
from bot.core.policy.policy import Office, Policy
from bot.core.records.guarantee import PRODUCT_NAMES, Guarantee
from bot.core.records.outgoing_mail import Letter
from bot.core.records.reasons import Refusal


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
    """受付のお知らせ: received, not verified. The same for every sender and whatever was found (the oracle stays shut)."""

    office: Office
    received_at: datetime
    items: tuple[NoticeItem, ...]
    moved: tuple[Moved, ...] = ()


@dataclass(frozen=True, slots=True)
class ReceiptAgain:
    """To a known sender whose notice had been accepted before. `first_receipts`: pairs (this number, first number)."""

    office: Office
    received_at: datetime
    items: tuple[NoticeItem, ...]
    first_receipts: tuple[tuple[str, str], ...]
    moved: tuple[Moved, ...] = ()


@dataclass(frozen=True, slots=True)
class DifferingItem:
    """A notice and what differs about it."""

    item: NoticeItem
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class ReceiptDiffers:
    """To a known sender: received, but it differs from the register; what to check and what to send."""

    office: Office
    received_at: datetime
    items: tuple[NoticeItem, ...]  # those with nothing to say about
    differing: tuple[DifferingItem, ...]
    moved: tuple[Moved, ...] = ()


@dataclass(frozen=True, slots=True)
class NoticeWanted:
    """No notice could be taken from the mail: the one thing to do next."""

    office: Office
    received_at: datetime
    wanted: Request


@dataclass(frozen=True, slots=True)
class Verified:
    """確認済のお知らせ: a clerk has seen the certificate in D-Sure. `certificate`: which one of several (変更－1), "" = the only one."""

    office: Office
    item: NoticeItem
    verified_at: datetime
    certificate: str = ""


@dataclass(frozen=True, slots=True)
class SentBack:
    """差戻しのお知らせ: the kind of the refusal, None = only the clerk's words; what he added in his own words, "" = nothing.

    `seen_in_dsure`: it was found out there.
    """

    office: Office
    item: NoticeItem
    clerk_reason: str
    refusal: Refusal | None = None
    seen_in_dsure: bool = False


@dataclass(frozen=True, slots=True)
class Issued:
    """電子保証（認証キー）発行完了のお知らせ, in the city's words. `inbox`: where to send the notice.

    `stops_by_mail`: whether a mail to the inbox stops these letters; else a person does.
    """

    office: Office
    project_name: str
    contractor: str
    product_name: str
    number: str
    issued_at: datetime
    inbox: str
    stops_by_mail: bool = False


def issued_letter(row: Guarantee, issued_at: datetime, policy: Policy) -> Issued:
    """The letter in the register's own words."""
    return Issued(
        policy.office,
        row.project_name,
        row.contractor,
        PRODUCT_NAMES[row.product],
        row.number,
        issued_at,
        policy.inboxes[0],
        stops_by_mail=policy.accepts_opt_out,
    )


@dataclass(frozen=True, slots=True)
class ConsentNoted:
    """To who wrote 配信停止 or 配信再開 (`given`): what this means for his `address`. The same whether the register knows it or not."""

    office: Office
    received_at: datetime
    given: bool
    address: str
    inbox: str


@dataclass(frozen=True, slots=True)
class FieldLine:
    """A field as read beside the register's value; "" = not known there. `note`: how it was read, where that matters."""

    label: str
    read: str
    registered: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Hint:
    """One way to answer: what to write, and what it does."""

    write: str
    does: str


@dataclass(frozen=True, slots=True)
class AlertCase:
    """One submission for a person. `reasons`, `evidence`, `candidates` are sentences; `key_state` tells about the key in words."""

    receipt_number: str
    reasons: tuple[str, ...]
    fields: tuple[FieldLine, ...]
    key_state: str
    evidence: tuple[str, ...]
    document_name: str


@dataclass(frozen=True, slots=True)
class Alert:
    """To a desk: submissions that need a person. `sender_note`: whether the sender was proven, what he was told.

    `pictures`: how many pictures of the papers go with it.
    """

    office: Office
    desk: str
    mail_id: int
    sender: str
    subject: str
    received_at: datetime
    sender_note: str
    cases: tuple[AlertCase, ...]
    pictures: int = 0
    ticket: str = ""  # [ABCD-EFGH-IJKL]; "" = it can't be answered
    hints: tuple[Hint, ...] = ()


@dataclass(frozen=True, slots=True)
class MailAlert:
    """To a desk: a mail that a person must read, because no machine can. `papers`: a line each; `excerpt`: keys masked."""

    office: Office
    desk: str
    mail_id: int
    sender: str
    subject: str
    received_at: datetime
    reason: str
    papers: tuple[str, ...]
    excerpt: str
    sender_note: str
    ticket: str = ""
    hints: tuple[Hint, ...] = ()


@dataclass(frozen=True, slots=True)
class DoneLine:
    """What was done on a case: the order as understood, what came of it, what its sender is told.

    `name`: 受付番号 20261122-0042-1, or メール番号 57.
    """

    place: int
    name: str
    about: str
    order: str
    result: str
    told: str


@dataclass(frozen=True, slots=True)
class OpenCase:
    """A case that an answer can still decide. `state` in words; `notes`: sentences; `key`: about the key in words, "" = nothing.

    Where the city wants keys in mails to its desks, the composer puts the key itself there, as the letter leaves.
    """

    place: int
    name: str
    about: str
    state: str
    fields: tuple[FieldLine, ...]
    notes: tuple[str, ...]
    key: str = ""


@dataclass(frozen=True, slots=True)
class DeskReply:
    """To the clerk who answered: what was understood and done, and what comes next. `found`: what 照会 found, lines."""

    office: Office
    desk: str
    received_at: datetime
    done: tuple[DoneLine, ...]
    found: tuple[str, ...]
    cases: tuple[OpenCase, ...]
    hints: tuple[Hint, ...]
    ticket: str = ""


@dataclass(frozen=True, slots=True)
class DeskHelp:
    """To the clerk who answered: nothing was done; why, and how to write it.

    `lines`: those not understood (keys masked), or what keeps each case from being done.
    """

    office: Office
    desk: str
    received_at: datetime
    problem: str
    lines: tuple[str, ...]
    cases: tuple[OpenCase, ...]
    hints: tuple[Hint, ...]
    ticket: str = ""


@dataclass(frozen=True, slots=True)
class KeyLine:
    """A receipt number and its key: its length in words here, the key itself in the mail that leaves (the composer puts it in)."""

    receipt_number: str
    key: str


@dataclass(frozen=True, slots=True)
class Keys:
    """To a desk: the keys to look up in D-Sure, apart from everything that tells what they are for."""

    office: Office
    desk: str
    keys: tuple[KeyLine, ...]


@dataclass(frozen=True, slots=True)
class EntryLine:
    """A notice as it was entered. `key`: how long it is, in words; `sender`: the contractor's address, "" = not told."""

    number: str
    product_name: str
    about: str
    key: str
    sender: str
    how: str


@dataclass(frozen=True, slots=True)
class EntryFile:
    """A file, or メール本文, of a mail that enters notices. `wrong`: what can't be taken and why, a line each."""

    name: str
    taken: tuple[EntryLine, ...]
    wrong: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EntryReply:
    """To the clerk who entered notices by mail: what was taken, what was not. `left`: papers that nobody looked at, a line each.

    `how`: FAX, 窓口 and the like.
    """

    office: Office
    desk: str
    received_at: datetime
    how: str
    count: int
    files: tuple[EntryFile, ...]
    left: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SummaryLine:
    """One submission, guarantee or mail in the summary: what it is called, what it is about, and why or since when.

    `count`: how many are told in this one line; `place`: the number by which it can be answered, 0 = it can't.
    """

    name: str
    about: str
    note: str
    count: int = 1
    place: int = 0


@dataclass(frozen=True, slots=True)
class DueLine:
    """One thing that is due: its name, what it is about, its dates and what they rest on. `place`: how an answer names it, 0 = can't."""

    place: int
    name: str
    about: str
    note: str


@dataclass(frozen=True, slots=True)
class DueGroup:
    """All that is due of one kind, and the one thing to do next. `besides`: how many more there are than are listed."""

    title: str
    step: str
    lines: tuple[DueLine, ...]
    besides: int = 0


@dataclass(frozen=True, slots=True)
class Reminder:
    """To a deputy or head, who gets no summary: all that is due and his today. `why`: sentences, why it goes to him.

    `told_before`: how many he was told before, and are still open.
    """

    office: Office
    desk: str
    day: date
    why: tuple[str, ...]
    groups: tuple[DueGroup, ...]
    told_before: int
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
    """To a contractor who wants mails: all his issued guarantees of which no notice has come. `inbox`: where to send it.

    `stops_by_mail`: as with Issued, whose consent counts for it too.
    """

    office: Office
    items: tuple[IssuedItem, ...]
    inbox: str
    stops_by_mail: bool = False


@dataclass(frozen=True, slots=True)
class Summary:
    """To a desk, at the set times of opening days. Lists may be empty: the template says 0件."""

    office: Office
    desk: str
    since: datetime
    until: datetime
    looked_at: datetime | None
    received_count: int
    counts: tuple[tuple[str, int], ...]  # state of the span's mails in words → how many; they add up to received_count
    accepted: tuple[SummaryLine, ...]
    held: tuple[SummaryLine, ...]
    sent_back: tuple[SummaryLine, ...]
    duplicates: tuple[SummaryLine, ...]
    verified: tuple[SummaryLine, ...]
    passed_on: tuple[SummaryLine, ...]
    parked: tuple[SummaryLine, ...]
    issued_without_notice: tuple[SummaryLine, ...]
    undelivered: tuple[SummaryLine, ...]
    withheld: tuple[SummaryLine, ...]  # a line for each limit that was reached
    moved: tuple[SummaryLine, ...] = ()  # those that came to this desk's address and are another's
    doors: tuple[tuple[str, int, str], ...] = ()  # a door, how many it received, and their ends, which add up to that
    journal: str = ""  # the journal's last line, NUMBER:HASH, by which it can be proven later
    comparisons: tuple[str, ...] = ()  # a line for each mailbox: the server's count and ours
    weeks: tuple[PeriodCount, ...] = ()  # the last five weeks, oldest first
    to_verify: tuple[OpenCase, ...] = ()  # accepted, and waiting for a person's look into D-Sure; the oldest first
    to_verify_besides: int = 0  # how many more there are
    stopped: int = 0  # 配信停止 and 配信再開 of the span, for the issuance-complete mails
    resumed: int = 0
    hints: tuple[Hint, ...] = ()
    ticket: str = ""
    deadlines: tuple[DueGroup, ...] | None = None  # what is due; None where the city watches no deadlines


@dataclass(frozen=True, slots=True)
class OperatorAlarm:
    """To the operator: something is wrong with the machine itself, or (`over_at`) it is well again. `about`: "" = nothing to name."""

    office: Office
    title: str
    about: str
    since: datetime
    over_at: datetime | None
    detail: str
    advice: tuple[str, ...]


Context = (
    Receipt
    | ReceiptAgain
    | ReceiptDiffers
    | NoticeWanted
    | Verified
    | SentBack
    | Issued
    | ConsentNoted
    | Alert
    | MailAlert
    | Summary
    | DeskReply
    | DeskHelp
    | Reminder
    | NoticeReminder
    | Keys
    | EntryReply
    | OperatorAlarm
)
AnswerableLetter = Alert | MailAlert | DeskReply | DeskHelp | Summary | Reminder
"""Letters that clerks can answer: each has a `ticket`."""

LETTER_OF: MappingProxyType[type[Context], Letter] = MappingProxyType(
    {
        Receipt: Letter.RECEIPT,
        ReceiptAgain: Letter.RECEIPT_AGAIN,
        ReceiptDiffers: Letter.RECEIPT_DIFFERS,
        NoticeWanted: Letter.NOTICE_WANTED,
        Verified: Letter.VERIFIED,
        SentBack: Letter.SENT_BACK,
        Issued: Letter.ISSUED,
        ConsentNoted: Letter.CONSENT,
        Alert: Letter.ALERT,
        MailAlert: Letter.MAIL_ALERT,
        Summary: Letter.SUMMARY,
        DeskReply: Letter.DESK_REPLY,
        DeskHelp: Letter.DESK_HELP,
        Reminder: Letter.REMINDER,
        NoticeReminder: Letter.NOTICE_REMINDER,
        Keys: Letter.KEYS,
        EntryReply: Letter.ENTRY_REPLY,
        OperatorAlarm: Letter.ALARM,
    },
)
