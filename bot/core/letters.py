"""The letters' typed contexts: exactly what each template in mail_templates/ja may use.

Filled by core/decision.py and workers, worded by the templates, made into mails by bot/outbound/compose.py. A test holds
every template's variables equal to its dataclass's fields. No context has a place for an access key.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from bot.core.month import Count
from bot.core.outbox import Letter


@dataclass(frozen=True, slots=True)
class Office:
    """The city's own words about itself, from the config's [office]."""

    city: str  # 取手市
    department: str  # 財政部 契約課
    phone: str  # "" = not told
    email: str  # where a person answers; "" = not told
    hours: str  # 平日 8時30分〜17時15分; "" = not told
    system_name: str  # 電子保証受付システム


@dataclass(frozen=True, slots=True)
class NoticeItem:
    """One notice in a letter to its sender: his own words only, cleaned; "（読み取れませんでした）" is the template's."""

    receipt_number: str
    project_name: str
    contractor: str
    product_name: str
    number: str


class Wanted(StrEnum):
    """What a sender is asked for: the one next step of `notice_wanted`."""

    NOTICE_INSTEAD_OF_CERTIFICATE = "notice_instead_of_certificate"
    NOTICE_INSTEAD_OF_COMPLETION_MAIL = "notice_instead_of_completion_mail"
    NOTICE_INSTEAD_OF_SCREEN = "notice_instead_of_screen"
    NOTICE_INSTEAD_OF_VIEWING_SCREEN = "notice_instead_of_viewing_screen"  # a print of D-Sure
    NOTICE_WITH_CLAIM = "notice_with_claim"  # the claim came, no notice with it
    NOTICE_WITH_CONTRACT = "notice_with_contract"
    INSURER_ACCESS = "insurer_access"  # URL and password of an insurer's system, which are not taken here
    INSURER_SECURITY = "insurer_security"
    BANK_GUARANTEE = "bank_guarantee"  # its original
    NOTICE_MISSING = "notice_missing"  # says 認証キー, but nothing is attached
    WITHOUT_PASSWORD = "without_password"  # noqa: S105 - what is asked for, no secret
    UNLOCKED = "unlocked"  # the same where no password mail is looked for
    UNPACKED = "unpacked"  # packed in a way that is not opened, or beyond the limits
    ORIGINAL_PDF = "original_pdf"  # a scan or picture: the PDF itself, as downloaded
    READABLE_FILE = "readable_file"  # damaged, garbled, not opened
    COMPLETE_NOTICE = "complete_notice"  # number or key not readable on it


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
    wanted: Wanted


@dataclass(frozen=True, slots=True)
class Verified:
    """確認済のお知らせ: a clerk has seen the certificate in D-Sure."""

    office: Office
    item: NoticeItem
    verified_at: datetime


@dataclass(frozen=True, slots=True)
class SentBack:
    """差戻しのお知らせ: a clerk's reason in his own words."""

    office: Office
    item: NoticeItem
    clerk_reason: str


@dataclass(frozen=True, slots=True)
class Issued:
    """電子保証（認証キー）発行完了のお知らせ, in the city's words. `inbox`: where to send the notice."""

    office: Office
    project_name: str
    contractor: str
    product_name: str
    number: str
    issued_at: datetime
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
class SummaryLine:
    """One submission, guarantee or mail in the summary: what it is called, what it is about, and why or since when.

    `count`: how many are told in this one line.
    """

    name: str
    about: str
    note: str
    count: int = 1


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
    weeks: tuple[Count, ...] = ()  # the last five weeks, oldest first
    to_verify: tuple[OpenCase, ...] = ()  # accepted, and waiting for a person's look into D-Sure; the oldest first
    to_verify_besides: int = 0  # how many more there are
    hints: tuple[Hint, ...] = ()
    ticket: str = ""


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
    | Alert
    | MailAlert
    | Summary
    | DeskReply
    | DeskHelp
    | OperatorAlarm
)
AnswerableLetter = Alert | MailAlert | DeskReply | DeskHelp | Summary
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
        Alert: Letter.ALERT,
        MailAlert: Letter.MAIL_ALERT,
        Summary: Letter.SUMMARY,
        DeskReply: Letter.DESK_REPLY,
        DeskHelp: Letter.DESK_HELP,
        OperatorAlarm: Letter.ALARM,
    },
)
