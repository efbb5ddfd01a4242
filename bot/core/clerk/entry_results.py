"""What becomes of notices that a clerk sends on or enters by mail, for the clerk: accepted for which row, or why not.

`answer_colleague` is called by the sorter for a mail with papers from a desk's own people, before the verdict; `result_letter` by
workers/sweeps.py once all forms of a mail have been read. Pure; nothing is raised.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.core.clerk.decide import may_answer
from bot.core.judging.history import reasons_in_words, short_words
from bot.core.judging.notice_verdict import NoticeVerdict
from bot.core.letters.case_texts import about
from bot.core.letters.drafts import Draft, Letters
from bot.core.letters.to_desks import EntryResult, ResultLine
from bot.core.notice.interpret import UnderstoodMail
from bot.core.policy.policy import Desk, Policy, desks_for
from bot.core.records.envelope import Source
from bot.core.records.guarantee import Guarantee
from bot.core.records.incoming_mail import MailRow
from bot.core.records.outgoing_mail import Letter
from bot.core.records.paper import Paper, PaperKind, is_file
from bot.core.records.reasons import NoReplyReason
from bot.core.records.submission import Submission, SubmissionState, mail_number
from bot.core.verdict.decide import submission_of
from bot.core.verdict.mail_verdict import MailFacts

REPLIES_PER_DAY = 30
"""So many of these letters a day to one address; a responder that sends papers back would go on for ever."""
_NOT_TOLD = "受注者へは、受付のお知らせを送っていません"


def answer_colleague(
    facts: MailFacts, understood: UnderstoodMail, judged: Sequence[NoticeVerdict], policy: Policy
) -> Letters | None:
    """The answer to a mail of a desk's own people that brings papers or a notice; None where it is none."""
    desk = next((one for one in policy.desks if may_answer(facts, one)), None)
    is_hers = policy.reply_window and facts.automatic is None and facts.envelope.source is not Source.HAND
    if desk is None or not is_hers or facts.sender.address is None:
        return None
    if not judged and not any(map(is_file, understood.papers)):
        return None
    actor = facts.sender.address.addr_spec
    sent = facts.lately.to(actor).get(Letter.ENTRY_RESULT)
    if sent is not None and sent.day >= REPLIES_PER_DAY:
        return Letters(no_reply=NoReplyReason.LIMIT_REACHED)
    items = tuple(_judged_line(facts, one, ordinal, policy.desks) for ordinal, one in enumerate(judged, 1))
    letter = EntryResult(
        policy.office,
        desk.name,
        facts.envelope.received_at,
        mail_number(facts.mail_id, facts.envelope.received_at),
        items,
        tuple(_left(understood.papers)),
    )
    return Letters((Draft(letter, actor, f"entry_result/{facts.digest}/{actor}"),))


def _judged_line(facts: MailFacts, judged: NoticeVerdict, ordinal: int, desks: tuple[Desk, ...]) -> ResultLine:
    submission = submission_of(facts, judged, ordinal)
    reasons = reasons_in_words(judged.reasons, judged.notice.fields, judged.guarantee, judged.earlier)
    return result_line(submission, judged.guarantee, reasons, desks, _NOT_TOLD, judged.first)


def _left(papers: Sequence[Paper]) -> Sequence[str]:
    """The files in which no notice was found, and why."""
    notices = {PaperKind.KEY_NOTICE, PaperKind.KEY_IN_BODY}
    return [
        f"{one.name}：{one.kind.words}（{one.reason.words}）"
        for one in papers
        if is_file(one) and one.kind not in notices
    ]


def result_line(
    submission: Submission,
    row: Guarantee | None,
    reasons: tuple[str, ...],
    desks: tuple[Desk, ...],
    told: str,
    first: Submission | None = None,
) -> ResultLine:
    """A notice's line. `row`: the one that it was accepted for, or the likeliest; `first`: the submission that it repeats."""
    product = submission.fields.product or (row.product if row is not None else None)
    mine = "、".join(desk.name for desk in desks_for(desks, product, row.desk if row is not None else ""))
    match submission.state:
        case SubmissionState.ACCEPTED:
            named = (
                f"台帳{row.guarantee_id}「{row.project_name}」" if row is not None else f"台帳{submission.guarantee_id}"
            )
            result, reasons = f"受け付けました（{named}）。D-Sureでの確認をお願いします", ()
        case SubmissionState.HELD:
            result = f"確認待ちです。{mine}へ、確認依頼のメール又は定時報告でお知らせします"
        case SubmissionState.DUPLICATE:
            result = "既に届いているため、新たには受け付けていません" + (f"（{short_words(first)}）" if first else "")
        case _:
            result = submission.state.in_full
    return ResultLine(f"受付番号 {submission.receipt_number}", about(submission.fields), result, reasons, told)


def unread_line(row: MailRow) -> ResultLine:
    """The line of a form of which no notice came."""
    why = (row.reason.words,) if row.reason is not None else ()
    return ResultLine(
        f"受付番号 {row.number}", "", "お知らせとして読み取れませんでした。担当者の確認が必要です", why, _NOT_TOLD
    )


def told_words(submission: Submission, row: MailRow) -> str:
    """What the contractor was told of a form, for the clerk who entered it."""
    if not submission.sender:
        return "差出人のアドレスがないため、受付のお知らせを送っていません"
    if row.no_reply is not None:
        return row.no_reply.words
    return f"{submission.sender} へ、受付のお知らせを送ります"


def result_letter(entry: MailRow, items: Sequence[ResultLine], policy: Policy) -> Draft:
    """The letter about all forms of a clerk's mail."""
    name = next((desk.name for desk in policy.desks if desk.is_of(entry.sender)), "担当")
    letter = EntryResult(policy.office, name, entry.envelope.received_at, entry.number, tuple(items), ())
    return Draft(letter, entry.sender, f"entry_result/{entry.mail_id}")
