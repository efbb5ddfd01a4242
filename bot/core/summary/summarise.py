"""A summary's facts sorted into the lines that one desk reads. Called by workers/sweeps.py and `summary --print`. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.core.deadlines.reminders import Route, desk_list
from bot.core.health.reconciliation import DoorCount, MailboxCheck
from bot.core.letters.case_texts import case_for_dsure, keys_to_show
from bot.core.letters.contexts import Summary, SummaryLine
from bot.core.letters.drafts import Answerable
from bot.core.letters.period_counts import by_day, by_week
from bot.core.letters.reply_hints import hints
from bot.core.policy.mail_desks import desk_named
from bot.core.policy.policy import Desk, Policy, is_for
from bot.core.records.clerk_orders import MOST_CASES
from bot.core.records.envelope import Source
from bot.core.records.guarantee import Guarantee, Product
from bot.core.records.incoming_mail import MailRow, MailState
from bot.core.records.reply_token import TokenCase
from bot.core.records.submission import Submission, SubmissionState, is_seen_anew
from bot.core.summary.facts import SummaryFacts, UndeliveredMail, WithheldLetters
from bot.core.summary.workbook import BookFacts, submissions_of
from bot.core.text.dates import JAPAN
from bot.core.verdict.alerts import sender_note


@dataclass(frozen=True, slots=True)
class DeskSummary:
    """A desk's summary, what it can be answered by (None = nothing in it), and what it lists for D-Sure."""

    letter: Summary
    answerable: Answerable | None
    for_dsure: tuple[Submission, ...]


def summarise(
    facts: SummaryFacts,
    desk: Desk,
    policy: Policy,
    book: BookFacts | None = None,
    due: Sequence[Route] | None = None,
) -> DeskSummary:
    """The desk's summary: submissions and guarantees of its products, its own mails, undelivered letters of all.

    `book`: what its workbook is made of, for the counts of the last weeks. `due`: what is due today, None = that isn't watched.
    """
    first_taken = (one for one in facts.accepted if not is_seen_anew(one))

    def submissions(of: Iterable[Submission]) -> tuple[SummaryLine, ...]:
        return tuple(_submission(s) for s in of if is_for(desk, policy.desks, s.fields.product))

    to_see = to_verify(facts, desk, policy.desks)
    listed = to_see[:MOST_TO_VERIFY]
    for_dsure = tuple(one for one, _ in listed)
    held = _held(facts, desk, policy.desks)
    passed_on, parked, asked = (
        _mails_of(desk, policy.desks, rows) for rows in (facts.passed_on, facts.parked, facts.asked)
    )
    waiting = (
        _Waiting.of(held, passed_on, parked, for_dsure, asked) if policy.reply_window else _Waiting((), frozenset())
    )
    deadlines = desk_list(due, desk, policy, waiting.places) if due is not None else None
    cases = (*waiting.cases, *(deadlines.cases if deadlines is not None else ()))
    states = waiting.states | (deadlines.states if deadlines is not None else frozenset())
    letter = Summary(
        office=policy.office,
        desk=desk.name,
        since=facts.since,
        until=facts.until,
        looked_at=facts.looked_at,
        received_count=sum(count for _, count in facts.mails),
        counts=tuple((state.counted, count) for state, count in facts.mails if count),
        accepted=submissions(first_taken),
        held=tuple(_with_place(_submission(s), waiting.places.get(s.receipt_number, 0)) for s in held),
        sent_back=submissions(facts.refused),
        duplicates=submissions(facts.duplicates),
        verified=submissions(facts.verified),
        passed_on=tuple(_mails(passed_on, waiting.places)),
        parked=tuple(_mails(parked, waiting.places)),
        asked=tuple(_mails(asked, waiting.places)),
        issued_without_notice=tuple(
            _guarantee(g) for g in facts.issued_without_notice if is_for(desk, policy.desks, g.product, g)
        ),
        undelivered=tuple(_undelivered(mail) for mail in facts.undelivered),
        withheld=tuple(_withheld(facts.withheld)),
        moved=tuple(_moved(s, policy.desks) for s in facts.moved if desk.name in s.moved_from),
        replaced=tuple(_replaced(s, facts) for s in facts.replaced if is_for(desk, policy.desks, s.fields.product)),
        doors=tuple(_door(door) for door in facts.ledger.doors),
        comparisons=tuple(comparison(check) for check in facts.checks),
        journal=facts.journal.short,
        weeks=by_week(by_day(submissions_of(book, desk, policy.desks), book.until)) if book is not None else (),
        to_verify=tuple(
            case_for_dsure(
                waiting.places.get(one.receipt_number, place),
                one,
                row,
                policy.keys,
                facts.series.get(row.guarantee_id, ()) if row is not None else (),
            )
            for place, (one, row) in enumerate(listed, 1)
        ),
        to_verify_besides=len(to_see) - len(listed),
        stopped=facts.stopped,
        resumed=facts.resumed,
        hints=hints(states, policy.keys, has_choices=False) if policy.reply_window else (),
        deadlines=deadlines.groups if deadlines is not None else None,
    )
    until = facts.until + policy.reply_window
    answerable = Answerable(desk.name, until, cases, keys_to_show(for_dsure, policy.keys)) if cases else None
    return DeskSummary(letter, answerable, for_dsure)


MOST_TO_VERIFY = 30
"""So many cases one summary lists for D-Sure: more is no day's work."""

MOST_WAITING = 30
"""So many of what waits for a person can be answered from one summary, the newest notices and the mails; the rest is only listed."""


def to_verify(facts: SummaryFacts, desk: Desk, desks: tuple[Desk, ...]) -> list[tuple[Submission, Guarantee | None]]:
    """What the desk is to look up in D-Sure, the oldest first."""
    return [(one, row) for one, row in facts.to_verify if is_for(desk, desks, one.fields.product, row)]


def _held(facts: SummaryFacts, desk: Desk, desks: tuple[Desk, ...]) -> list[Submission]:
    rows = {row.number: row for row in facts.named}
    return [one for one in facts.held if is_for(desk, desks, one.fields.product, rows.get(one.fields.number))]


def _mails_of(desk: Desk, desks: tuple[Desk, ...], rows: Iterable[MailRow]) -> tuple[MailRow, ...]:
    return tuple(row for row in rows if desk_named(row.desk, desks) == desk)


@dataclass(frozen=True, slots=True)
class _Waiting:
    """What a desk may decide by answering its summary, numbered in the order in which it stands there."""

    cases: tuple[TokenCase, ...]
    states: frozenset[SubmissionState | MailState]

    @property
    def places(self) -> dict[str, int]:
        """The numbers, by receipt number or `mail/…`, as dues call their cases."""
        return {case.receipt_number or _mail_name(case.mail_id): case.place for case in self.cases}

    @classmethod
    def of(
        cls,
        held: Sequence[Submission],
        passed_on: Sequence[MailRow],
        parked: Sequence[MailRow],
        for_dsure: Sequence[Submission],
        asked: Sequence[MailRow],
    ) -> _Waiting:
        notices: list[tuple[TokenCase, SubmissionState | MailState]]
        notices = [(TokenCase(0, one.receipt_number), one.state) for one in held]
        mails = [*_mail_cases(passed_on), *_mail_cases(parked)]
        to_see = [(TokenCase(0, one.receipt_number), one.state) for one in for_dsure]
        few = mails[: max(MOST_WAITING // 2, MOST_WAITING - len(notices))]
        newest = notices[-(MOST_WAITING - len(few)) :]  # the older ones had their numbers before
        every = (*newest, *few, *to_see, *_mail_cases(asked)[:MOST_WAITING])[:MOST_CASES]
        cases = tuple(replace(case, place=place) for place, (case, _) in enumerate(every, 1))
        return cls(cases, frozenset(state for _, state in every))


def _mail_cases(rows: Sequence[MailRow]) -> list[tuple[TokenCase, SubmissionState | MailState]]:
    """A case for each line."""
    return [
        (TokenCase(0, "", tuple(row.mail_id for row in same[1:]), mail_id=same[0].mail_id), same[0].state)
        for same in _lines(rows)
    ]


def _mail_name(mail_id: int) -> str:
    return f"mail/{mail_id}"


_DOOR_WORDS = {
    Source.SMTP: "SMTP",
    Source.LMTP: "LMTP",
    Source.IMAP: "受信箱（IMAP）",
    Source.FOLDER: "フォルダ",
    Source.HAND: "手入力",
}


def _door(door: DoorCount) -> tuple[str, int, str]:
    ends = "、".join(f"{state.end}{count}" for state, count in door.ends)
    return _DOOR_WORDS[door.source], door.received, ends if door.balances else f"{ends}、合計が一致しません"


def comparison(check: MailboxCheck) -> str:
    """A mailbox's comparison with its server, for a person."""
    recovered = f"（うち{check.recovered}件を取り込みました）" if check.missing else ""
    return (
        f"{check.mailbox}：最近{check.days}日間、サーバー{check.on_server}件、取込み済み{check.known}件、"
        f"不足{check.missing}件{recovered} {_when(check.checked_at)}"
    )


def _product(product: Product | None) -> str:
    return product.words if product else "保証区分不明"


def _submission(submission: Submission) -> SummaryLine:
    fields = submission.fields
    about = "／".join(text for text in (fields.project_name, fields.contractor, _product(fields.product)) if text)
    number = f"番号 {fields.number}" if fields.number else "番号なし"
    return SummaryLine(
        submission.receipt_number,
        f"{about}／{number}",
        "、".join((*(reason.words for reason in submission.reasons), *_came_from(submission))),
    )


def _came_from(submission: Submission) -> tuple[str, ...]:
    names = "・".join(submission.moved_from)
    return (f"{names}のアドレスに届き、回したもの",) if names else ()


def _moved(submission: Submission, desks: tuple[Desk, ...]) -> SummaryLine:
    """The same for the desk at whose address it came."""
    line = _submission(submission)
    right = "・".join(one.name for one in desks if one.takes(submission.fields.product))
    return SummaryLine(line.name, line.about, f"{right}へ回しました")


def _replaced(submission: Submission, facts: SummaryFacts) -> SummaryLine:
    """One that another has taken the place of, with the other's number where that still stands."""
    standing = (*(one for one, _ in facts.to_verify), *facts.verified)
    other = next((one.receipt_number for one in standing if one.guarantee_id == submission.guarantee_id), "")
    line = _submission(submission)
    return replace(line, note=f"受付番号 {other} に代わりました") if other else line


_MOST_ALIKE = 5
"""So many mails of one sender that ended alike have a line each; a flood of them has one in all, and one answer ends them."""


def _lines(rows: Iterable[MailRow]) -> Iterator[list[MailRow]]:
    """The mails of each line, by the oldest of them."""
    groups: dict[tuple[object, ...], list[MailRow]] = {}
    for row in rows:
        groups.setdefault((row.sender or row.mail_id, row.state, row.reason, row.no_reply), []).append(row)
    lines = [same for same in groups.values() if len(same) > _MOST_ALIKE]
    lines += [[row] for same in groups.values() if len(same) <= _MOST_ALIKE for row in same]
    yield from sorted(lines, key=lambda same: same[0].mail_id)


def _mails(rows: Sequence[MailRow], places: Mapping[str, int]) -> Iterator[SummaryLine]:
    """A line for each mail, and one for all of a sender's many."""
    for same in _lines(rows):
        line = _with_place(_mail(same[0]), places.get(_mail_name(same[0].mail_id), 0))
        if len(same) > 1:
            name = f"{line.name}から{same[-1].number}までのうち{len(same)}件"
            line = replace(line, name=name, about=f"{line.about} ほか", count=len(same))
        yield line


def _with_place(line: SummaryLine, place: int) -> SummaryLine:
    return replace(line, place=place)


def _mail(row: MailRow) -> SummaryLine:
    reason = row.reason.words if row.reason else ""
    told = sender_note(row.no_reply) if row.reason else ""
    return SummaryLine(
        row.number,
        f"{row.sender or '（差出人不明）'}「{row.subject or '（件名なし）'}」 {_when(row.envelope.received_at)}から",
        "、".join(text for text in (reason, row.error, told) if text),
    )


def _guarantee(guarantee: Guarantee) -> SummaryLine:
    issued = f"{_when(guarantee.issued_at)} 発行" if guarantee.issued_at else "発行日時不明"
    about = f"{guarantee.project_name}／{guarantee.contractor}／{_product(guarantee.product)}"
    return SummaryLine(guarantee.number or "番号なし", about, issued)


def _undelivered(mail: UndeliveredMail) -> SummaryLine:
    note = f"{mail.state.words}・{mail.reason.words}（{mail.attempts}回試行）"
    about = f"、受付番号 {mail.submission}" if mail.submission else ""
    return SummaryLine(f"送信{mail.outbox_id}", f"{mail.letter.words}、宛先 {mail.recipient}{about}", note)


_MOST_WITHHELD = 30
"""So many limits are told one by one; beyond, somebody floods us with addresses, and their names help nobody."""


def _withheld(rows: Sequence[WithheldLetters]) -> Iterator[SummaryLine]:
    """A line for each address and kind of letter (or domain, desk, number) that a limit concerned, the largest first."""
    ordered = sorted(rows, key=lambda row: -row.count)
    for row in ordered[:_MOST_WITHHELD]:
        about = row.about or "全ての宛先"
        yield SummaryLine(f"{row.limit.named}{about}", row.letter.words, row.limit.told.format(row.count), row.count)
    if rest := ordered[_MOST_WITHHELD:]:
        count = sum(row.count for row in rest)
        yield SummaryLine(f"ほか{len(rest)}件の宛先等", "", f"上限に達したため、{count}件を送っていません", count)


def _when(at: datetime) -> str:
    local = at.astimezone(JAPAN)
    return f"{local.month}月{local.day}日 {local:%H:%M}"
