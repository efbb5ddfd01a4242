"""Contexts of the letters to contractors: exactly what each template may use.

Filled by core/verdict/reply.py, core/clerk and core/deadlines; a test holds every template's variables equal to its dataclass's fields.
No context has a place for an access key. Values only: nothing is raised.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar

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


ToContractor = (
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
    | NoticeReminder
)
