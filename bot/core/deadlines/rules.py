"""Deadlines: their kinds in words, and the city's rules for them.

Every kind is off until the city has given it days (`[reminders]` of the config). What is due on a day is due.py's, who is told of it
reminders.py's. The settings are made of this: it loads nothing that is slow. Values only, nothing is raised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from types import MappingProxyType

from bot.core.text.closed_list import ClosedList


class DeadlineKind(ClosedList):
    """Everything that can be due, in the order in which it is told."""

    heading: str  # what all dues of the kind have in common
    step: str  # the one thing to do next
    setting: str  # the key in [reminders] that gives its days

    PAYMENT_DUE = (
        "payment_due",
        "前払金の支払期限が近いもの",
        "支払の手続が済んでいるか、ご確認ください。",
        "payment_due_days",
    )
    CONTRACT_GUARANTEE_DUE = (
        "contract_guarantee_due",
        "契約保証の認証キーを受け取っていない契約",
        "契約の前に、契約保証のお知らせが提出されるか、ご確認ください。",
        "contract_guarantee_due_days",
    )
    HELD_TOO_LONG = (
        "held_too_long",
        "担当者の確認を待っているもの",
        "内容を確認し、受付、差戻しなどの処理をお願いします。",
        "held_deputy_days",
    )
    NOT_VERIFIED = (
        "not_verified",
        "D-Sureでの確認が済んでいないもの",
        "D-Sureで内容を確認し、確認済の処理をお願いします。",
        "not_verified_days",
    )
    CLAIM_WITHOUT_NOTICE = (
        "claim_without_notice",
        "請求書が届き、お知らせが見当たらないもの",
        "お知らせがほかの方法で届いていないか、紙の証書でないか、ご確認ください。",
        "claim_without_notice_days",
    )
    NOTICE_WITHOUT_CLAIM = (
        "notice_without_claim",
        "お知らせが届き、請求書が見当たらないもの",
        "請求書が紙などで届いていないか、ご確認ください。",
        "notice_without_claim_days",
    )
    ISSUED_WITHOUT_NOTICE = (
        "issued_without_notice",
        "発行済みで、お知らせが届いていないもの",
        "ほかの方法で届いていないか確かめ、受注者への連絡をご検討ください。",
        "issued_without_notice_days",
    )
    GUARANTEE_ENDS_BEFORE_WORKS = (
        "guarantee_ends_before_works",
        "保証期限が工期の終わりより前のもの",
        "保証の変更の手続が必要か、ご確認ください。",
        "guarantee_ends_before_works_days",
    )


@dataclass(frozen=True, slots=True)
class Absence:
    """Somebody is away from the first day to the last, both included. `name`: as a letter calls him, "" = by his address."""

    address: str
    first: date
    last: date
    name: str = ""


@dataclass(frozen=True, slots=True)
class ReminderRules:
    """The city's days; 0 = that kind is off. Opening days, but for the kinds in `all_days`, which count every day.

    `days`: for what has happened, days after it; for PAYMENT_DUE the days to pay in, told `payment_warning` opening days before their
    end; for CONTRACT_GUARANTEE_DUE and GUARANTEE_ENDS_BEFORE_WORKS days before the date. `held_head`: from so many days on a held case
    is the head's, before that the deputy's. `contractor`: days after the issue, `contractor_times`: how often he is told.
    `repeat`: opening days until the same is told again, 0 = never. `ends_after`: opening days after which we stop asking about what
    nobody tells us the end of (a claim on paper, a payment). `claim_window`: so far apart a claim and a notice of one sender belong
    together. `begins_on`: clocks that started before this day are let be; None = all.
    """

    days: Mapping[DeadlineKind, int] = field(default_factory=lambda: MappingProxyType({}))
    all_days: frozenset[DeadlineKind] = frozenset({DeadlineKind.PAYMENT_DUE})
    payment_warning: int = 3
    held_head: int = 0
    contractor: int = 0
    contractor_times: int = 1
    repeat: int = 5
    ends_after: int = 10
    claim_window: timedelta = timedelta(days=60)
    begins_on: date | None = None
    absences: tuple[Absence, ...] = ()

    def of(self, kind: DeadlineKind) -> int:
        """The kind's days; 0 = off. Held cases may be the head's alone, and issued guarantees the contractor's."""
        days = self.days.get(kind, 0)
        if kind is DeadlineKind.HELD_TOO_LONG:
            return days or self.held_head
        return days

    @property
    def looks_back(self) -> timedelta:
        """How far back claims and ended notices may still matter: the longest clock, opening days taken as two days each."""
        longest = max((self.of(kind) for kind in DeadlineKind), default=0)
        return timedelta(days=2 * max(longest, self.contractor) + 2 * self.ends_after + 30) + self.claim_window

    @property
    def is_on(self) -> bool:
        """Whether anything at all is watched."""
        return bool(self.contractor) or any(self.of(kind) for kind in DeadlineKind)
