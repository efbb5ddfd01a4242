"""What a summary says of each thing in it: a line of the letter, a row of the workbook.

Called by core/summary/summarise.py. Pure, nothing is raised.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from bot.core.deadlines.facts import DueItem
from bot.core.deadlines.rules import DeadlineKind
from bot.core.health.reconciliation import DoorCount, MailboxCheck
from bot.core.letters.case_texts import about_mail, case_for_dsure, differing_lines
from bot.core.letters.lists import AskedLine, DsureCase, SummaryLine, UrgentLine
from bot.core.policy.policy import Desk, KeyDelivery
from bot.core.records.guarantee import Guarantee
from bot.core.records.guarantee_version import Version, yen
from bot.core.records.incoming_mail import MailRow
from bot.core.records.reasons import SubmissionReason
from bot.core.records.submission import Submission, is_seen_anew
from bot.core.summary.facts import SummaryFacts, UndeliveredMail, WithheldLetters
from bot.core.summary.open_work import OpenLine, OpenWork
from bot.core.text.dates import JAPAN, wareki

# -- open work


def open_line(line: OpenLine, until: datetime) -> SummaryLine:
    """What waits for a person."""
    told = _told(line.of)
    if line.work:
        told = replace(told, about=f"{line.work}／{told.about}")
    if line.besides:
        name = f"{told.name}から{line.besides[-1].number}までのうち{line.count}件"
        told = replace(told, name=name, about=f"{told.about} ほか")
    return replace(told, count=line.count, place=line.place, waits=line.waits(until))


def _told(of: Submission | MailRow | UndeliveredMail) -> SummaryLine:
    match of:
        case Submission():
            return submission_line(of)
        case MailRow():
            return _mail_line(of)
        case UndeliveredMail():
            return _undelivered_line(of)


def submission_line(submission: Submission) -> SummaryLine:
    """A notice: what it is about, and why it stands as it does."""
    fields = submission.fields
    product = fields.product.words if fields.product else "保証区分不明"
    about = "／".join(text for text in (fields.project_name, fields.contractor, product) if text)
    came_from = "・".join(submission.moved_from)
    note = (
        *(reason.words for reason in submission.reasons),
        *((f"{came_from}のアドレスに届き、回したもの",) if came_from else ()),
    )
    return SummaryLine(submission.receipt_number, about, "、".join(note), number=fields.number or "番号なし")


def asked_line(line: OpenLine, row: MailRow, until: datetime) -> AskedLine:
    """A mail that waits for its sender."""
    return AskedLine(line.place, row.number, row.sender or "（差出人不明）", line.waits(until))


def _mail_line(row: MailRow) -> SummaryLine:
    reason = row.reason.words if row.reason else ""
    note = "、".join(text for text in (reason, row.error) if text)
    return SummaryLine(row.number, about_mail(row), note)


def _undelivered_line(mail: UndeliveredMail) -> SummaryLine:
    about = f"、受付番号 {mail.submission}" if mail.submission else ""
    note = f"{mail.state.words}・{mail.reason.words}（{mail.attempts}回試行）"
    return SummaryLine(f"送信{mail.outbox_id}", f"{mail.letter.words}、宛先 {mail.recipient}{about}", note)


_ON_TWO_LINES = frozenset({"保証契約番号", "工事名", "受注者名", "保証区分", "保証金額", "保証期限"})


def dsure_case(line: OpenLine, submission: Submission, facts: SummaryFacts, delivery: KeyDelivery) -> DsureCase:
    """What a person looks up in D-Sure: two lines; all that the register has where the certificate was changed or the notice differs."""
    row, fields = line.row, submission.fields
    versions: tuple[Version, ...] = facts.series.get(row.guarantee_id, ()) if row is not None else ()
    whole = case_for_dsure(line.place, submission, row, delivery, versions)
    differing = differing_lines(fields, row) if SubmissionReason.CLERK_ACCEPTED in submission.reasons else ()
    is_whole = bool(whole.notes or differing or is_seen_anew(submission))
    product = row.product if row is not None else fields.product
    state = whole.state if is_seen_anew(submission) else ""
    told = _ON_TWO_LINES | ({"対象の証書"} if state else frozenset())
    return DsureCase(
        line.place,
        submission.receipt_number,
        fields.number or fields.number_as_written,
        product.short if product is not None else fields.product_as_written,
        row.project_name if row is not None else fields.project_name,
        row.contractor if row is not None else fields.contractor,
        yen(row.guarantee_amount_yen) if row is not None else "",
        wareki(row.expires_on) if row is not None and row.expires_on is not None else "",
        line.waits(facts.until),
        f"{len(fields.auth_key.reveal())}文字" if fields.auth_key and delivery is KeyDelivery.IN_LIST else "",
        state,
        (*differing, *(one for one in whole.fields if one.label not in told)) if is_whole else (),
        whole.notes,
    )


# -- what is urgent

MOST_URGENT = 3
_IN_DAYS = 3
"""What waits is as urgent on its first day as what ends in so many days."""
_ENDS = frozenset(
    {DeadlineKind.PAYMENT_DUE, DeadlineKind.CONTRACT_GUARANTEE_DUE, DeadlineKind.GUARANTEE_ENDS_BEFORE_WORKS}
)
"""What has a day that counts outside of the desk; the other kinds tell how long something waits."""


def urgent_lines(dues: Sequence[tuple[DueItem, int]], work: OpenWork, until: datetime) -> tuple[UrgentLine, ...]:
    """The most urgent of all, the first to do first. `dues`: with their numbers in the letter."""
    today = until.astimezone(JAPAN).date()
    found = [
        (
            (due.deadline - today).days,
            UrgentLine(place, due.note.partition("。")[0], "／".join(due.what.split("／")[:2])),
        )
        for due, place in dues
        if due.kind in _ENDS
    ]
    for words, lines in (("確認待ち", work.waiting), ("D-Sure", work.to_verify)):
        for one in lines:
            waits = one.waits(until)
            why = f"{words}（{f'待ち{waits}日' if waits else '本日'}）"
            found.append((_IN_DAYS - waits, UrgentLine(one.place, why, _names(one) or open_line(one, until).about)))
    return tuple(line for _, line in sorted(found, key=lambda each: each[0])[:MOST_URGENT])


def _names(line: OpenLine) -> str:
    """Work and firm of a notice."""
    if not isinstance(line.of, Submission):
        return ""
    return "／".join(name for name in (line.of.fields.project_name, line.of.fields.contractor) if name)


# -- what was done, and what waits for others


def moved_line(submission: Submission, desks: tuple[Desk, ...]) -> SummaryLine:
    """A notice for the desk at whose address it came, though it is another's."""
    right = "・".join(one.name for one in desks if one.takes(submission.fields.product))
    return replace(submission_line(submission), note=f"{right}へ回しました")


def replaced_line(submission: Submission, facts: SummaryFacts) -> SummaryLine:
    """One that another has taken the place of, with the other's number where that still stands."""
    standing = (*(one for one, _ in facts.to_verify), *facts.verified)
    other = next((one.receipt_number for one in standing if one.guarantee_id == submission.guarantee_id), "")
    line = submission_line(submission)
    return replace(line, note=f"受付番号 {other} に代わりました") if other else line


def guarantee_line(guarantee: Guarantee) -> SummaryLine:
    """A guarantee of which no notice has come."""
    issued = f"{short_minute(guarantee.issued_at)} 発行" if guarantee.issued_at else "発行日時不明"
    about = f"{guarantee.project_name}／{guarantee.contractor}／{guarantee.product.words}"
    return SummaryLine(guarantee.number or "番号なし", about, issued)


_MOST_WITHHELD = 30
"""So many limits are told one by one; beyond, somebody floods us with addresses, and their names help nobody."""


def withheld_lines(rows: Sequence[WithheldLetters]) -> Iterator[SummaryLine]:
    """A line for each address and kind of letter (or domain, desk, number) that a limit concerned, the largest first."""
    ordered = sorted(rows, key=lambda row: -row.count)
    for row in ordered[:_MOST_WITHHELD]:
        about = row.about or "全ての宛先"
        yield SummaryLine(f"{row.limit.named}{about}", row.letter.words, row.limit.told.format(row.count), row.count)
    if rest := ordered[_MOST_WITHHELD:]:
        count = sum(row.count for row in rest)
        yield SummaryLine(f"ほか{len(rest)}件の宛先等", "", f"上限に達したため、{count}件を送っていません", count)


# -- what came in


def door_line(door: DoorCount) -> tuple[str, int, str]:
    """A door, what it received, and what became of that."""
    ends = "、".join(f"{state.end}{count}" for state, count in door.ends)
    return door.source.words, door.received, ends if door.balances else f"{ends}、合計が一致しません"


def comparison(check: MailboxCheck) -> str:
    """A mailbox's comparison with its server, for a person."""
    recovered = f"（うち{check.recovered}件を取り込みました）" if check.missing else ""
    return (
        f"{check.mailbox}：最近{check.days}日間、サーバー{check.on_server}件、取込み済み{check.known}件、"
        f"不足{check.missing}件{recovered} {short_minute(check.checked_at)}"
    )


def short_minute(at: datetime) -> str:
    """11月24日 09:05."""
    local = at.astimezone(JAPAN)
    return f"{local.month}月{local.day}日 {local:%H:%M}"
