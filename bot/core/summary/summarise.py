"""A desk's summary: a letter that is read in a minute, and a workbook that has everything. Called by workers/sweeps.py and
`summary --print`. Pure, nothing is raised.

First three numbers and what is most urgent, then what waits for a person, what is due, what to look up in D-Sure; of the span's work
only the counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.core.deadlines.facts import DueItem
from bot.core.deadlines.reminders import DueList, Route, desk_list
from bot.core.letters.case_texts import keys_to_show
from bot.core.letters.drafts import Answerable
from bot.core.letters.lists import Summary, SummaryLine
from bot.core.letters.reply_hints import hints_by_kind
from bot.core.policy.policy import Desk, KeyDelivery, Policy, is_for
from bot.core.records.incoming_mail import MailRow
from bot.core.records.submission import Submission, is_seen_anew
from bot.core.summary.facts import SummaryFacts
from bot.core.summary.lines import (
    asked_line,
    comparison,
    door_line,
    dsure_case,
    guarantee_line,
    moved_line,
    open_line,
    replaced_line,
    submission_line,
    urgent_lines,
    withheld_lines,
)
from bot.core.summary.open_work import OpenLine, OpenWork

Details = tuple[tuple[str, tuple[SummaryLine, ...]], ...]
"""By their heads, the lines of what the letter only counts."""


@dataclass(frozen=True, slots=True)
class DeskSummary:
    """A desk's summary. `answerable`: what it can be answered by, None = nothing in it; `work`, `dues`, `details`: for its workbook."""

    letter: Summary
    answerable: Answerable | None
    work: OpenWork
    dues: tuple[tuple[DueItem, int], ...]
    details: Details

    @property
    def for_dsure(self) -> tuple[Submission, ...]:
        """What the desk looks up in D-Sure by it: what it lists, or has a number for."""
        lines = [one for one in self.work.to_verify if one.is_listed or one.place]
        return tuple(one.of for one in lines if isinstance(one.of, Submission))


def summarise(facts: SummaryFacts, desk: Desk, policy: Policy, due: Sequence[Route] | None = None) -> DeskSummary:
    """The desk's summary: submissions and guarantees of its products, its own mails, undelivered letters of all.

    `due`: what is due today, None = that isn't watched.
    """
    work = OpenWork.of(facts, desk, policy)
    dues = desk_list(due, desk, policy, work.places) if due is not None else DueList(())
    details = _details(facts, desk, policy)
    cases = (*work.cases, *dues.cases)
    keys = policy.keys if policy.reply_window or policy.keys is KeyDelivery.SEPARATE else KeyDelivery.MASKED
    letter = Summary(
        office=policy.office,
        desk=desk.name,
        since=facts.since,
        until=facts.until,
        looked_at=facts.looked_at,
        urgent=urgent_lines(dues.every, work, facts.until),
        held=_listed(work.held, facts),
        passed_on=_listed(work.passed_on, facts),
        parked=_listed(work.parked, facts),
        undelivered=_listed(work.undelivered, facts),
        waiting_besides=sum(one.count for one in work.waiting if not one.is_listed),
        deadlines=dues.groups if due is not None else None,
        to_verify=tuple(dsure_case(line, one, facts, keys) for one, line in _for_dsure(work)),
        to_verify_besides=sum(not one.is_listed for one in work.to_verify),
        asked=tuple(
            asked_line(line, line.of, facts.until)
            for line in work.asked
            if isinstance(line.of, MailRow) and line.is_listed
        ),
        asked_besides=sum(line.count - line.is_listed for line in work.asked),
        keys_are=keys.told if work.to_verify else "",
        done=(*((head, sum(line.count for line in lines)) for head, lines in details if lines), *_wishes(facts)),
        received_count=sum(count for _, count in facts.mails),
        doors=tuple(map(door_line, facts.ledger.doors)),
        comparisons=tuple(map(comparison, facts.checks)),
        journal=facts.journal.short,
        has_workbook=policy.workbooks,
        hints=hints_by_kind((*work.offers(policy), *dues.offers)) if policy.reply_window else (),
    )
    for_dsure = [one for one, _ in _for_dsure(work)]
    until = facts.until + policy.reply_window
    answerable = Answerable(desk.name, until, cases, keys_to_show(for_dsure, policy.keys)) if cases else None
    came = tuple(SummaryLine(state.counted, f"{count}件", "", count) for state, count in facts.mails if count)
    return DeskSummary(letter, answerable, work, dues.every, (*details, ("受信したメール", came)))


def _for_dsure(work: OpenWork) -> list[tuple[Submission, OpenLine]]:
    """What the letter lists for D-Sure."""
    return [(line.of, line) for line in work.to_verify if isinstance(line.of, Submission) and line.is_listed]


def _listed(lines: Iterable[OpenLine], facts: SummaryFacts) -> tuple[SummaryLine, ...]:
    return tuple(open_line(one, facts.until) for one in lines if one.is_listed)


def _details(facts: SummaryFacts, desk: Desk, policy: Policy) -> Details:
    """What was done in the span, and what is awaited from others."""

    def theirs(of: Iterable[Submission]) -> list[Submission]:
        return [one for one in of if is_for(desk, policy.desks, one.fields.product)]

    def told(of: Iterable[Submission]) -> tuple[SummaryLine, ...]:
        return tuple(map(submission_line, theirs(of)))

    awaited = (one for one in facts.issued_without_notice if is_for(desk, policy.desks, one.product, one))
    return (
        ("受付", told(one for one in facts.accepted if not is_seen_anew(one))),
        ("D-Sureで確認", told(facts.verified)),
        ("重複", told(facts.duplicates)),
        ("差戻し", told(facts.refused)),
        ("正しいお知らせにより終了", tuple(replaced_line(one, facts) for one in theirs(facts.replaced))),
        ("他の担当へ", tuple(moved_line(s, policy.desks) for s in facts.moved if desk.name in s.moved_from)),
        ("上限により送信なし", tuple(withheld_lines(facts.withheld))),
        ("お知らせ待ちの保証", tuple(map(guarantee_line, awaited))),
    )


def _wishes(facts: SummaryFacts) -> tuple[tuple[str, int], ...]:
    """Of the span, for the issuance-complete mails."""
    counts = (("配信停止", facts.stopped), ("配信再開", facts.resumed))
    return tuple((words, count) for words, count in counts if count)
