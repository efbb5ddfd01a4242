"""What is due on a day: guarantees, notices and mails against the city's deadlines, in its opening days.

Asked by workers/reminders.py; who is told what of it, and how often, is reminders.py's. The day that starts a clock is not counted
itself. One function for each kind gives everything that ever becomes due; what is not due yet is taken out at the end. Pure, nothing
is raised.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from types import MappingProxyType

from bot.core.deadlines.claims import SeenMail, SeenNotice, claims_of, has_notice
from bot.core.deadlines.facts import DEPUTY, HEAD, DeadlineFacts, DueItem
from bot.core.deadlines.rules import DeadlineKind, ReminderRules
from bot.core.letters.case_texts import about
from bot.core.policy.mail_desks import desk_named
from bot.core.policy.policy import Desk, desks_for
from bot.core.records.guarantee import Guarantee, GuaranteeState, Product
from bot.core.records.incoming_mail import MailState
from bot.core.records.submission import SubmissionState, mail_number
from bot.core.text.business_days import Calendar
from bot.core.text.dates import JAPAN
from bot.core.text.normalise import clean, fold_name


def due_items(
    facts: DeadlineFacts, calendar: Calendar, rules: ReminderRules, desks: tuple[Desk, ...], today: date
) -> tuple[DueItem, ...]:
    """Everything that is due on the day, by kind and deadline."""
    numbers = frozenset(row.number for row in facts.guarantees if row.number and not row.state.is_closed)
    notices = _Notices(facts.notices)
    looks = (_Look(kind, facts, calendar, rules, desks, today, notices, numbers) for kind in DeadlineKind)
    found = [due for look in looks if look.days for due in FINDERS[look.kind](look)]
    told = [
        due
        for due in found
        if due.due_on <= today
        and (rules.begins_on is None or due.since >= rules.begins_on)
        and (due.kind, due.about) not in facts.done
    ]
    order = list(DeadlineKind)
    return tuple(sorted(told, key=lambda due: (order.index(due.kind), due.deadline, due.about)))


def contractors_dues(
    facts: DeadlineFacts, calendar: Calendar, rules: ReminderRules, desks: tuple[Desk, ...], today: date
) -> tuple[DueItem, ...]:
    """The issued guarantees of which the contractor, who wants mails, is to be reminded on the day."""
    if not rules.contractor:
        return ()
    days = MappingProxyType({DeadlineKind.ISSUED_WITHOUT_NOTICE: rules.contractor})
    found = due_items(facts, calendar, replace(rules, days=days, held_head=0), desks, today)
    return tuple(due for due in found if due.guarantee is not None and due.guarantee.guarantee_id in facts.wanting)


# -- the clocks


class _Notices:
    """The notices, by what ties one to a row of the register: each is looked at once, however many rows there are."""

    def __init__(self, notices: Sequence[SeenNotice]) -> None:
        self._of_row: dict[int, list[SeenNotice]] = {}
        self._of_number: dict[str, list[SeenNotice]] = {}
        self._of_work: dict[str, list[SeenNotice]] = {}
        for notice in notices:
            submission = notice.submission
            if submission.guarantee_id is not None:
                self._of_row.setdefault(submission.guarantee_id, []).append(notice)
            if submission.fields.number:
                self._of_number.setdefault(submission.fields.number, []).append(notice)
            elif submission.guarantee_id is None:
                self._of_work.setdefault(fold_name(submission.fields.project_name), []).append(notice)

    def of(self, row: Guarantee) -> list[SeenNotice]:
        """Every notice that is, or may be, this guarantee's."""
        named = self._of_number.get(row.number, ()) if row.number else ()
        of_work = self._of_work.get(fold_name(row.project_name), ())
        alike = [one for one in of_work if one.submission.fields.product in {None, row.product}]
        every = (*self._of_row.get(row.guarantee_id, ()), *named, *alike)
        return list({one.submission.receipt_number: one for one in every}.values())


@dataclass(frozen=True, slots=True)
class _Look:
    """All that the finder of a kind needs."""

    kind: DeadlineKind
    facts: DeadlineFacts
    calendar: Calendar
    rules: ReminderRules
    desks: tuple[Desk, ...]
    today: date
    notices: _Notices
    numbers: frozenset[str]  # of the register's rows that are open

    @property
    def days(self) -> int:
        """The city's days for the kind; 0 = it is not watched."""
        return self.rules.of(self.kind)

    def after(self, day: date, count: int) -> date:
        if self.kind in self.rules.all_days:
            return day + timedelta(days=count)
        return self.calendar.opening_days_after(day, count)

    def before(self, day: date) -> date:
        if self.kind in self.rules.all_days:
            return day - timedelta(days=self.days)
        return self.calendar.opening_days_before(day, self.days)

    def distance(self, deadline: date) -> str:
        """How far the deadline is, in words."""
        if deadline == self.today:
            return "本日"
        first, last = sorted((deadline, self.today))
        opened = 0 if self.kind in self.rules.all_days else self.calendar.days_open_between(first, last)
        days = f"{opened}開庁日" if opened else f"{(last - first).days}日"  # over a weekend there is none
        return f"あと{days}" if deadline > self.today else f"{days}経過"

    def named(self, day: date) -> str:
        """The day in words; with its year where that is another one."""
        year = f"{day.year}年" if day.year != self.today.year else ""
        return f"{year}{day.month}月{day.day}日"

    def row_of(self, notice: SeenNotice) -> Guarantee | None:
        return self.facts.rows.get(notice.submission.guarantee_id or 0)

    def product_of(self, notice: SeenNotice) -> Product | None:
        row = self.row_of(notice)
        return row.product if row is not None else notice.submission.fields.product

    def desks_of(self, notice: SeenNotice) -> tuple[str, ...]:
        row = self.row_of(notice)
        return _names(desks_for(self.desks, self.product_of(notice), row.desk if row is not None else ""))


def _names(desks: Sequence[Desk]) -> tuple[str, ...]:
    return tuple(desk.name for desk in desks)


def _day(at: datetime) -> date:
    return at.astimezone(JAPAN).date()


@dataclass(frozen=True, slots=True)
class _When:
    """The days of a due, as `DueItem` has them, and their words."""

    since: date
    due_on: date
    deadline: date
    note: str
    level: int = 1


# -- guarantees


def _of_row(look: _Look, row: Guarantee, when: _When) -> DueItem:
    names = (row.project_name, row.jv_name or row.contractor, row.product.words, row.number)
    return DueItem(
        kind=look.kind,
        about=f"guarantee/{row.guarantee_id}/{row.revision}",
        desks=_names(desks_for(look.desks, row.product, row.desk)),
        name=f"台帳 {row.guarantee_id}",
        what="／".join(clean(name, 60) for name in names if name),
        guarantee=row,
        since=when.since,
        due_on=when.due_on,
        deadline=when.deadline,
        note=when.note,
        level=when.level,
    )


def _issued_without_notice(look: _Look) -> Iterator[DueItem]:
    for row in look.facts.guarantees:
        if row.state is not GuaranteeState.ISSUED or row.issued_at is None:
            continue
        notices = look.notices.of(row)
        if any(notice.submission.state.is_standing for notice in notices):
            continue  # it came, and waits for a person
        refused = [_day(one.state_at) for one in notices if one.submission.state is SubmissionState.REFUSED]
        issued = _day(row.issued_at)
        since = max([issued, *refused])  # what was sent back is sent anew in its own time
        deadline = look.after(since, look.days)
        back = f"、{look.named(since)}差戻し" if refused and since > issued else ""
        note = f"{look.named(issued)}発行{back}（{look.distance(since)}）"
        yield _of_row(look, row, _When(since, deadline, deadline, note))


def _contract_guarantee_due(look: _Look) -> Iterator[DueItem]:
    for row in look.facts.guarantees:
        awaited = row.state in {GuaranteeState.EXPECTED, GuaranteeState.ISSUED}
        if row.product is not Product.CONTRACT or not awaited or row.contracted_on is None:
            continue
        notices = [one.submission for one in look.notices.of(row)]
        if any(one.guarantee_id == row.guarantee_id and one.state is SubmissionState.ACCEPTED for one in notices):
            continue  # its key is here, and waits for D-Sure
        held = [one for one in notices if one.state is SubmissionState.HELD]
        waits = f"。受付番号 {held[0].receipt_number} が確認待ちです" if held else ""
        yield _of_row(
            look,
            row,
            _When(
                since=row.contracted_on,
                due_on=look.before(row.contracted_on),
                deadline=row.contracted_on,
                level=2 if look.today >= row.contracted_on else 1,
                note=f"契約日 {look.named(row.contracted_on)}（{look.distance(row.contracted_on)}）{waits}",
            ),
        )


def _guarantee_ends(look: _Look) -> Iterator[DueItem]:
    ended = {GuaranteeState.CANCELLED, GuaranteeState.EXPIRED}
    for row in look.facts.guarantees:
        if row.state in ended or row.expires_on is None or row.works_end_on is None:
            continue
        if row.expires_on >= row.works_end_on or look.today > row.works_end_on:
            continue
        ends_on = row.expires_on
        far = look.distance(ends_on)
        words = f"保証期限まで{far}" if look.today < ends_on else far if look.today == ends_on else f"保証期限から{far}"
        when = _When(
            since=ends_on,
            due_on=look.before(ends_on),
            deadline=ends_on,
            level=2 if look.today > ends_on else 1,
            note=f"保証期限 {look.named(ends_on)}、工期の終わり {look.named(row.works_end_on)}（{words}）",
        )
        yield _of_row(look, row, when)


# -- notices


def _of_notice(look: _Look, notice: SeenNotice, when: _When) -> DueItem:
    one = notice.submission
    return DueItem(
        kind=look.kind,
        about=f"submission/{one.receipt_number}",
        desks=look.desks_of(notice),
        name=f"受付番号 {one.receipt_number}",
        what=about(one.fields) or "（記載なし）",
        receipt_number=one.receipt_number,
        state=one.state,
        is_acceptable=one.fields.number in look.numbers,
        since=when.since,
        due_on=when.due_on,
        deadline=when.deadline,
        note=when.note,
        level=when.level,
    )


def _not_verified(look: _Look) -> Iterator[DueItem]:
    for notice in look.facts.notices:
        if notice.submission.state is SubmissionState.ACCEPTED:
            since = _day(notice.state_at)
            deadline = look.after(since, look.days)
            note = f"{look.named(since)}受付（{look.distance(since)}）"
            yield _of_notice(look, notice, _When(since, deadline, deadline, note))


def _for_payment(look: _Look) -> list[SeenNotice]:
    """The accepted notices with which a 請求書 is expected."""
    taken = {SubmissionState.ACCEPTED, SubmissionState.VERIFIED}
    paid = {Product.ADVANCE_PAYMENT, Product.INTERIM_PAYMENT}
    return [one for one in look.facts.notices if one.submission.state in taken and look.product_of(one) in paid]


def _notice_without_claim(look: _Look) -> Iterator[DueItem]:
    notices = _for_payment(look)
    claims = claims_of(notices, look.facts.mails, look.rules.claim_window)
    for notice in notices:
        since = _day(notice.submission.received_at)
        deadline = look.after(since, look.days)
        if notice.submission.receipt_number in claims or _is_over(look, deadline):
            continue
        note = f"{look.named(since)}受信（{look.distance(since)}）。同じ差出人からの請求書が見当たりません"
        yield _of_notice(look, notice, _When(since, deadline, deadline, note))


def _is_over(look: _Look, deadline: date) -> bool:
    """Whether the question ends: nothing tells the program that a claim came on paper, or that it was paid."""
    return look.today > look.calendar.opening_days_after(deadline, look.rules.ends_after)


def _payment_due(look: _Look) -> Iterator[DueItem]:
    notices = _for_payment(look)
    claims = claims_of(notices, look.facts.mails, look.rules.claim_window)
    for notice in notices:
        claim = claims.get(notice.submission.receipt_number)
        if claim is None:
            continue
        since = _day(claim.mail.received_at)
        pay_by = look.after(since, look.days)
        if _is_over(look, pay_by):
            continue
        last_day = look.calendar.last_open(pay_by)
        due_on = max(min(look.calendar.opening_days_before(pay_by, look.rules.payment_warning), last_day), since)
        rests_on = f"{look.named(since)}に届いた、{claim.basis.words}"
        closed = f"。閉庁日のため、{look.named(last_day)}までに" if last_day != pay_by and look.today < pay_by else ""
        when = _When(
            since=since,
            due_on=due_on,
            deadline=pay_by,
            level=1 + (look.today >= last_day) + (look.today > pay_by),
            note=f"支払期限 {look.named(pay_by)}（{look.distance(pay_by)}）{closed}。{rests_on}",
        )
        yield _of_notice(look, notice, when)


# -- mails, and all that waits for a person


def _of_mail(look: _Look, mail: SeenMail, when: _When) -> DueItem:
    return DueItem(
        kind=look.kind,
        about=f"mail/{mail.mail_id}",
        desks=_names((desk_named(mail.desk, look.desks),)),
        name=f"受付番号 {mail_number(mail.mail_id, mail.received_at)}",
        what=f"{mail.sender or '（差出人不明）'}「{clean(mail.subject, 60) or '（件名なし）'}」",
        mail_id=mail.mail_id,
        state=mail.state,
        since=when.since,
        due_on=when.due_on,
        deadline=when.deadline,
        note=when.note,
        level=when.level,
    )


def _claim_without_notice(look: _Look) -> Iterator[DueItem]:
    came = [
        one
        for one in look.facts.notices
        if one.submission.state.is_standing and one.submission.fields.product is not Product.CONTRACT
    ]
    for mail in look.facts.mails:
        if mail.state is not MailState.PASSED_ON or not mail.claims:
            continue
        if has_notice(mail, came, look.rules.claim_window):
            continue
        since = _day(mail.received_at)
        deadline = look.after(since, look.days)
        note = f"{look.named(since)}受信（{look.distance(since)}）。同じ差出人からのお知らせが見当たりません"
        yield _of_mail(look, mail, _When(since, deadline, deadline, note))


def _held_too_long(look: _Look) -> Iterator[DueItem]:
    for notice in look.facts.notices:
        if notice.submission.state is SubmissionState.HELD:
            why = notice.submission.reasons[0].words if notice.submission.reasons else ""
            yield _of_notice(look, notice, _waiting(look, notice.state_at, why))
    for mail in look.facts.mails:
        if mail.state.is_work:
            yield _of_mail(look, mail, _waiting(look, mail.state_at, ""))


def _waiting(look: _Look, state_at: datetime, why: str) -> _When:
    """The days of something that waits for a person: from when on it is the deputy's, then the head's."""
    since = _day(state_at)
    due_on = look.after(since, look.days)
    head_on = look.after(since, look.rules.held_head) if look.rules.held_head else date.max
    note = f"{look.named(since)}から（{look.distance(since)}）{'。' if why else ''}{why}"
    level = HEAD if look.today >= head_on else DEPUTY
    return _When(since, due_on, due_on, note, level)


FINDERS: Mapping[DeadlineKind, Callable[[_Look], Iterator[DueItem]]] = MappingProxyType(
    {
        DeadlineKind.PAYMENT_DUE: _payment_due,
        DeadlineKind.CONTRACT_GUARANTEE_DUE: _contract_guarantee_due,
        DeadlineKind.HELD_TOO_LONG: _held_too_long,
        DeadlineKind.NOT_VERIFIED: _not_verified,
        DeadlineKind.CLAIM_WITHOUT_NOTICE: _claim_without_notice,
        DeadlineKind.NOTICE_WITHOUT_CLAIM: _notice_without_claim,
        DeadlineKind.ISSUED_WITHOUT_NOTICE: _issued_without_notice,
        DeadlineKind.GUARANTEE_ENDS_BEFORE_WORKS: _guarantee_ends,
    }
)
