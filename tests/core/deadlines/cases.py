"""Invented guarantees, notices and mails for the tests of deadlines; days are Japan's."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time
from types import MappingProxyType
from typing import Any

from bot.core.deadlines.claims import SeenMail, SeenNotice
from bot.core.deadlines.due import due_items
from bot.core.deadlines.facts import DeadlineFacts, DueItem
from bot.core.deadlines.rules import DeadlineKind, ReminderRules
from bot.core.policy.policy import Desk, Office, Policy
from bot.core.records.guarantee import Guarantee, GuaranteeState, Product
from bot.core.records.incoming_mail import MailState
from bot.core.records.reasons import SubmissionReason
from bot.core.records.submission import NoticeFields, ReadFrom, Submission, SubmissionState
from bot.core.text.business_days import Calendar
from bot.core.text.dates import JAPAN

CITY = Calendar()
DESK = Desk("契約課", "keiyaku@city.example.jp", deputy="kakaricho@city.example.jp", head="kacho@city.example.jp")
POLICY = Policy(Office("見本市", "契約課", "", "", "", "電子保証受付システム"), ("hosho@city.example.jp",), (DESK,))
SENDER = "tanto@kensetsu.example.jp"
NUMBER = "00123-456789"


def at(day: date, hour: int = 10) -> datetime:
    return datetime.combine(day, time(hour), JAPAN)


def guarantee(**changes: Any) -> Guarantee:
    plain = Guarantee(
        "市道第3号線舗装修繕工事",
        "株式会社みほん建設",
        Product.ADVANCE_PAYMENT,
        number=NUMBER,
        state=GuaranteeState.ISSUED,
        guarantee_id=12,
    )
    return replace(plain, **changes)


def notice(
    received: date,
    state: SubmissionState = SubmissionState.ACCEPTED,
    *,
    receipt: str = "20260428-0007-1",
    mail_id: int = 7,
    state_on: date | None = None,
    **changes: Any,
) -> SeenNotice:
    """`changes`: the submission's, or its fields'."""
    fields = NoticeFields(
        "市道第3号線舗装修繕工事", "株式会社みほん建設", Product.ADVANCE_PAYMENT, "", NUMBER, NUMBER, None
    )
    of_fields = {name: changes.pop(name) for name in list(changes) if hasattr(fields, name)}
    one = Submission(
        receipt,
        state,
        (SubmissionReason.NUMBER_MATCHES,),
        replace(fields, **of_fields),
        ReadFrom.PDF_TEXT,
        "お知らせ.pdf",
        (),
        None,
        SENDER,
        at(received),
    )
    return SeenNotice(replace(one, **changes), mail_id, at(state_on or received))


def mail(received: date, **changes: Any) -> SeenMail:
    plain = SeenMail(57, MailState.PASSED_ON, SENDER, "前払金の請求", at(received), at(received), 0)
    return replace(plain, **changes)


def facts(
    *rows: Guarantee, notices: tuple[SeenNotice, ...] = (), mails: tuple[SeenMail, ...] = (), **more: Any
) -> DeadlineFacts:
    return DeadlineFacts(rows, notices, mails, MappingProxyType({row.guarantee_id: row for row in rows}), **more)


def rules(kind: DeadlineKind, days: int, **more: Any) -> ReminderRules:
    return ReminderRules(MappingProxyType({kind: days}), **more)


def due_on(today: date, of: DeadlineFacts, by: ReminderRules, policy: Policy = POLICY) -> tuple[DueItem, ...]:
    return due_items(of, CITY, by, policy, today)
