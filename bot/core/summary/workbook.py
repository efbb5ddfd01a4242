"""The workbook beside a desk's summary: what waits, what came in the last weeks, its rows of the register, the days counted.

Called by workers/sweeps.py. It has all lines of what the letter only counts, and prints on A4. No key ever stands in it. Pure, nothing is raised.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType

from bot.core.deadlines.facts import DueItem
from bot.core.letters.lists import SummaryLine
from bot.core.policy.policy import Desk, is_for
from bot.core.records.guarantee import Guarantee
from bot.core.records.incoming_mail import MailRow
from bot.core.records.reasons import SubmissionReason
from bot.core.records.submission import Submission, SubmissionState, is_seen_anew
from bot.core.summary.facts import UndeliveredMail
from bot.core.summary.open_work import OpenLine, OpenWork
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
    SheetColumn("状態", 13),
    SheetColumn("受付番号", 17),
    SheetColumn("受信日時", 19),
    SheetColumn("待ち日数", 6),
    SheetColumn("工事名", 32),
    SheetColumn("受注者名", 22),
    SheetColumn("保証区分", 13),
    SheetColumn("保証契約番号", 14),
    SheetColumn("理由", 34),
    SheetColumn("差出人", 24),
)
_PLACE = SheetColumn("件目", 6)
_DETAILS = (SheetColumn("区分", 28), SheetColumn("番号など", 24), SheetColumn("内容", 60), SheetColumn("備考", 40))
_ROWS: Mapping[SheetColumn, Callable[[Guarantee], SheetCell]] = MappingProxyType(
    {
        SheetColumn("台帳", 8): lambda row: row.guarantee_id,
        SheetColumn("保証契約番号", 16): lambda row: row.number,
        SheetColumn("変更", 6): lambda row: row.revision,
        SheetColumn("保証区分", 14): lambda row: row.product.words,
        SheetColumn("工事番号", 16): lambda row: row.works_number,
        SheetColumn("工事名", 40): lambda row: row.project_name,
        SheetColumn("受注者名", 28): lambda row: row.contractor,
        SheetColumn("共同企業体", 24): lambda row: row.jv_name,
        SheetColumn("請負金額", 15): lambda row: row.contract_amount_yen,
        SheetColumn("保証金額", 15): lambda row: row.guarantee_amount_yen,
        SheetColumn("保証期限", 12): lambda row: row.expires_on,
        SheetColumn("工期（始）", 12): lambda row: row.works_start_on,
        SheetColumn("工期（終）", 12): lambda row: row.works_end_on,
        SheetColumn("契約日", 12): lambda row: row.contracted_on,
        SheetColumn("発行日時", 19): lambda row: row.issued_at.replace(microsecond=0) if row.issued_at else None,
        SheetColumn("状態", 12): lambda row: row.state.words,
    }
)
_DAYS = (SheetColumn("日", 12), SheetColumn("受信", 8), SheetColumn("自動", 8), SheetColumn("担当者", 8))
_WAITING = (SubmissionState.HELD, SubmissionState.ACCEPTED)


def desk_book(
    facts: BookFacts,
    desk: Desk,
    desks: tuple[Desk, ...],
    work: OpenWork,
    dues: Iterable[tuple[DueItem, int]] = (),
    details: Iterable[tuple[str, Sequence[SummaryLine]]] = (),
) -> tuple[Sheet, ...]:
    """The sheets for one desk: all its open work with the numbers of its letter, its submissions, what was done, its rows."""
    theirs = submissions_of(facts, desk, desks)
    register = [row for row in facts.guarantees if is_for(desk, desks, row.product, row)]
    days = by_day(theirs, facts.until)
    waiting = tuple(row for line in (*work.waiting, *work.to_verify) for row in _open_rows(line, facts.until))
    asked = tuple(row for line in work.asked for row in _open_rows(line, facts.until))
    to_see = tuple(
        (one.place or None, one.names[0], one.waits(facts.until), *_row(one.row)) for one in work.to_verify if one.row
    )
    return (
        Sheet("対応が必要なもの", (_PLACE, *_CASES), waiting),
        Sheet("D-Sureで確認するもの", (_PLACE, _CASES[1], _CASES[3], *_ROWS), to_see),
        Sheet(
            "期限",
            (_PLACE, *_DETAILS),
            tuple((place or None, due.kind.heading, due.name, due.what, due.note) for due, place in dues),
        ),
        Sheet("差出人の返信待ち", (_PLACE, *_CASES), asked),
        case_sheet(theirs[::-1], facts.until),
        Sheet(
            "期間中の処理",
            _DETAILS,
            tuple(
                (head, "／".join(text for text in (line.name, line.number) if text), line.about, line.note)
                for head, lines in details
                for line in lines
            ),
        ),
        Sheet("台帳", tuple(_ROWS), tuple(_row(row) for row in register[-MOST_ROWS:])),
        Sheet(
            "件数の推移",
            _DAYS,
            tuple((day.day, day.received, day.automatic, day.by_hand) for day in days),
            ("受信", "自動", "担当者"),
        ),
    )


def _open_rows(line: OpenLine, until: datetime) -> Iterator[tuple[SheetCell, ...]]:
    """A row for each that is told in the line, with the line's number."""
    place = line.place or None
    match line.of:
        case Submission():
            state, number, came, _, *rest = _case(line.of, until)
            yield place, state, number, came, line.waits(until), *rest
        case MailRow():
            for mail in (line.of, *line.besides):
                reason = mail.reason.words if mail.reason else ""
                why = "、".join(text for text in (reason, mail.error) if text)
                came = mail.envelope.received_at.replace(microsecond=0)
                about = ("／".join(filter(None, (line.work, mail.subject))), "", "", "", why, mail.sender)
                yield place, mail.state.words, mail.number, came, line.waits(until), *about
        case UndeliveredMail() as letter:
            about = (f"{letter.letter.words}（宛先 {letter.recipient}）", "", "", "", letter.reason.words, "")
            came = letter.created_at.replace(microsecond=0)
            yield place, letter.state.words, letter.submission, came, line.waits(until), *about


def case_sheet(submissions: Sequence[Submission], until: datetime) -> Sheet:
    """Submissions as one sheet, in the order given; no key stands in it."""
    return Sheet("受付", _CASES, tuple(_case(one, until) for one in submissions))


def _case(one: Submission, until: datetime) -> tuple[SheetCell, ...]:
    fields = one.fields
    waits = (until.astimezone(JAPAN).date() - one.received_at.astimezone(JAPAN).date()).days
    return (
        one.state.in_full,
        one.receipt_number,
        one.received_at.replace(microsecond=0),
        waits if one.state in _WAITING and not is_seen_anew(one) else None,
        fields.project_name,
        fields.contractor,
        fields.product.words if fields.product else fields.product_as_written,
        fields.number or fields.number_as_written,
        "、".join(reason.words for reason in one.reasons),
        one.sender,
    )


def _row(row: Guarantee) -> tuple[SheetCell, ...]:
    return tuple(cell_of(row) for cell_of in _ROWS.values())


def submissions_of(facts: BookFacts, desk: Desk, desks: tuple[Desk, ...]) -> list[Submission]:
    """The desk's submissions, for the counts in its summary."""
    rows = {row.guarantee_id: row for row in facts.guarantees}
    return [
        one for one in facts.submissions if is_for(desk, desks, one.fields.product, rows.get(one.guarantee_id or 0))
    ]


# -- how the last weeks went

DAYS = 35
"""How the last weeks went is told by day: notices received, decided by the machine, by a person."""

_BY_A_PERSON = frozenset(
    {
        SubmissionReason.CLERK_ACCEPTED,
        SubmissionReason.CLERK_REFUSED,
        SubmissionReason.DSURE_DIFFERS,
        SubmissionReason.NOT_IN_DSURE,
    }
)


@dataclass(frozen=True, slots=True)
class DayCount:
    """Of the notices received on the day. What neither the machine nor a person has decided waits."""

    day: date
    received: int
    automatic: int
    by_hand: int


def by_day(submissions: Sequence[Submission], until: datetime) -> tuple[DayCount, ...]:
    """The last 35 days up to that of `until`, oldest first, days without a notice too."""
    last = until.astimezone(JAPAN).date()
    days = [last - timedelta(days=back) for back in reversed(range(DAYS))]
    of_day: dict[date, list[Submission]] = {day: [] for day in days}
    for one in submissions:
        day = one.received_at.astimezone(JAPAN).date()
        if day in of_day:
            of_day[day].append(one)
    return tuple(_count(day, of_day[day]) for day in days)


def _count(day: date, submissions: Sequence[Submission]) -> DayCount:
    by_hand = sum(bool(_BY_A_PERSON.intersection(one.reasons)) for one in submissions)
    decided = sum(one.state is not SubmissionState.HELD for one in submissions)
    return DayCount(day, len(submissions), decided - by_hand, by_hand)
