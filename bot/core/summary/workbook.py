"""The workbook beside a desk's summary: what waits, what came in the last weeks, its rows of the register, the days counted.

Called by workers/sweeps.py. No key ever stands in it. Pure, nothing is raised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core.letters.case_texts import STATE_WORDS
from bot.core.letters.period_counts import by_day
from bot.core.policy.policy import Desk, Policy
from bot.core.records.guarantee import PRODUCT_NAMES, Guarantee
from bot.core.records.reasons import wording
from bot.core.records.submission import Submission, SubmissionState, is_seen_anew
from bot.core.register.values import STATE_NAMES
from bot.core.text.dates import JAPAN
from bot.core.text.sheet import Sheet, SheetCell, SheetColumn

MOST_ROWS = 5_000
"""More rows of a register make a file that a city's gateway may not take; the newest are kept."""


@dataclass(frozen=True, slots=True)
class BookFacts:
    """Submissions: those of the last weeks, and all that wait, oldest first. Guarantees: those whose end has not come."""

    until: datetime
    submissions: tuple[Submission, ...]
    guarantees: tuple[Guarantee, ...]


_CASES = (
    SheetColumn("状態", 20),
    SheetColumn("受付番号", 18),
    SheetColumn("受信日時", 19),
    SheetColumn("待ち日数", 9),
    SheetColumn("工事名", 40),
    SheetColumn("受注者名", 28),
    SheetColumn("保証区分", 14),
    SheetColumn("保証契約番号", 16),
    SheetColumn("理由", 48),
    SheetColumn("差出人", 30),
)
_ROWS = (
    SheetColumn("台帳", 8),
    SheetColumn("保証契約番号", 16),
    SheetColumn("変更", 6),
    SheetColumn("保証区分", 14),
    SheetColumn("工事番号", 16),
    SheetColumn("工事名", 40),
    SheetColumn("受注者名", 28),
    SheetColumn("共同企業体", 24),
    SheetColumn("請負金額", 15),
    SheetColumn("保証金額", 15),
    SheetColumn("保証期限", 12),
    SheetColumn("工期（始）", 12),
    SheetColumn("工期（終）", 12),
    SheetColumn("契約日", 12),
    SheetColumn("発行日時", 19),
    SheetColumn("状態", 12),
)
_DAYS = (SheetColumn("日", 12), SheetColumn("受信", 8), SheetColumn("自動", 8), SheetColumn("担当者", 8))
_WAITING = (SubmissionState.HELD, SubmissionState.ACCEPTED)


def desk_book(facts: BookFacts, desk: Desk, policy: Policy) -> tuple[Sheet, ...]:
    """The sheets for one desk: its submissions and its rows."""
    theirs = submissions_of(facts, desk, policy)
    waiting = sorted((one for one in theirs if one.state in _WAITING), key=lambda one: _WAITING.index(one.state))
    register = [row for row in facts.guarantees if policy.is_for(desk, row.product, row)]
    days = by_day(theirs, facts.until)
    return (
        Sheet("対応が必要なもの", _CASES, tuple(_case(one, facts.until) for one in waiting)),
        case_sheet(theirs[::-1], facts.until),
        Sheet("台帳", _ROWS, tuple(_row(row) for row in register[-MOST_ROWS:])),
        Sheet(
            "件数の推移",
            _DAYS,
            tuple((day.first, day.received, day.automatic, day.by_hand) for day in days),
            ("受信", "自動", "担当者"),
        ),
    )


def case_sheet(submissions: Sequence[Submission], until: datetime) -> Sheet:
    """Submissions as one sheet, in the order given; no key stands in it."""
    return Sheet("受付", _CASES, tuple(_case(one, until) for one in submissions))


def _case(one: Submission, until: datetime) -> tuple[SheetCell, ...]:
    fields = one.fields
    waits = (until.astimezone(JAPAN).date() - one.received_at.astimezone(JAPAN).date()).days
    return (
        STATE_WORDS[one.state],
        one.receipt_number,
        one.received_at.replace(microsecond=0),
        waits if one.state in _WAITING and not is_seen_anew(one) else None,
        fields.project_name,
        fields.contractor,
        PRODUCT_NAMES[fields.product] if fields.product else fields.product_as_written,
        fields.number or fields.number_as_written,
        "、".join(wording(reason) for reason in one.reasons),
        one.sender,
    )


def _row(row: Guarantee) -> tuple[SheetCell, ...]:
    return (
        row.guarantee_id,
        row.number,
        row.revision,
        PRODUCT_NAMES[row.product],
        row.works_number,
        row.project_name,
        row.contractor,
        row.jv_name,
        row.contract_amount_yen,
        row.guarantee_amount_yen,
        row.expires_on,
        row.works_start_on,
        row.works_end_on,
        row.contracted_on,
        row.issued_at.replace(microsecond=0) if row.issued_at else None,
        STATE_NAMES[row.state],
    )


def submissions_of(facts: BookFacts, desk: Desk, policy: Policy) -> list[Submission]:
    """The desk's submissions, for the counts in its summary."""
    rows = {row.guarantee_id: row for row in facts.guarantees}
    return [
        one for one in facts.submissions if policy.is_for(desk, one.fields.product, rows.get(one.guarantee_id or 0))
    ]
