"""The two letters to a clerk who answered: what was done and what comes next, or that nothing was done and how to write it.

Called by decide.py; each gives the whole verdict on the mail. A case in a letter and in that letter's ticket has the same rows to
choose from. Nothing is raised.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from bot.core.clerk.actions import KEY_ASKED, letter_drafts
from bot.core.clerk.answer.refusal_grammar import refusal_lines
from bot.core.clerk.facts import AnswerFacts, CaseFacts, MailCase, state_of
from bot.core.clerk.key_letters import keys_draft
from bot.core.clerk.orders import NOT_DONE, CommandResult, order_words
from bot.core.clerk.originals import originals_draft
from bot.core.judging.history import reasons_in_words
from bot.core.judging.lookup import LookUp
from bot.core.judging.options import may_be_told, offer_accepted, offer_held, offer_mail
from bot.core.judging.rejudge import Corrected, judge_corrected
from bot.core.letters.case_texts import case_for_dsure, keys_to_show, mail_to_read, waiting_case
from bot.core.letters.drafts import Answerable, Draft
from bot.core.letters.reply_hints import Offer, hints
from bot.core.letters.to_desks import DeskHelp, DeskReply, OpenCase, ProposedLine, UndoneCases
from bot.core.policy.masking import shown, shown_lines
from bot.core.policy.policy import Policy
from bot.core.records.clerk_orders import ParsedReply
from bot.core.records.incoming_mail import AppliedAction, CaseNote, ClerkDecision, Correction, MailState, OriginalsAsked
from bot.core.records.reasons import MailReason, NoReplyReason, SubmissionReason
from bot.core.records.refusal import Refusal
from bot.core.records.reply_token import Proposal, TokenCase
from bot.core.records.submission import NoticeFields, Submission, SubmissionState
from bot.core.verdict.colleagues import ASKED_FOR, helps_left, person_share
from bot.core.verdict.mail_verdict import MailFacts, Verdict


def reply_letter(
    facts: MailFacts, answer: AnswerFacts, done: Sequence[CommandResult], policy: Policy, *, confirms: int = 0
) -> Verdict:
    """What was done is carried out, and told to the clerk and to whom it concerns; what is still open can be answered next.

    `confirms`: the mail in which the orders were read, where a はい confirms them.
    """
    actor = facts.sender.addr_spec
    carried = tuple(
        AppliedAction(one.carried_out, actor, answer.ticket.token, one.facts.case.place, confirms)
        for one in done
        if one.carried_out
    )
    last = {one.facts.case.place: one for one in done}.values()  # 原本 stands before what is decided
    still_open = [one for one in last if one.after.is_open]
    untouched = [] if done else [one for one in answer.cases if state_of(one).is_open]  # after a 照会 alone
    desk = answer.ticket.desk
    shown_cases = [*(_open_case(one, policy) for one in still_open), *(as_it_stands(one, policy) for one in untouched)]
    reply = DeskReply(
        policy.office,
        desk,
        facts.envelope.received_at,
        tuple(one.line for one in done if not _is_undone(one)),
        tuple(_undone(done)),
        answer.found,
        tuple(shown.case for shown in shown_cases),
        hints((shown.offer for shown in shown_cases), policy.keys),
        is_confirmed=confirms > 0,
    )
    cases = tuple(shown.ticket for shown in shown_cases)
    accepted = [
        one.facts.submission
        for one in still_open
        if isinstance(one.facts, CaseFacts) and one.after is SubmissionState.ACCEPTED
    ]
    accepted += _accepted(untouched)
    answerable = _answerable(facts, answer, cases, accepted, policy)
    first = done[0].facts.case.receipt_number if done else ""
    letters = tuple(
        draft
        for one in done
        if isinstance(one.facts, CaseFacts) and one.letter is not None
        for draft in letter_drafts(one.facts.submission, one.letter, one.facts.found.by_number, policy)
    )
    told = Draft(reply, actor, f"desk_reply/{facts.digest}/{actor}", submission=first, answerable=answerable)
    keys = _keys_letters(facts, answer, done, accepted, policy)
    drafts = (*letters, told, *keys, *_originals_letters(facts, answer, done, policy))
    reason = MailReason.ORDERS_DONE
    return Verdict(MailState.ANSWERED, reason, actor, facts.words.subject, drafts=drafts, carried_out=carried)


def _accepted(cases: Iterable[CaseFacts | MailCase]) -> list[Submission]:
    submissions = (one.submission for one in cases if isinstance(one, CaseFacts))
    return [one for one in submissions if one.state is SubmissionState.ACCEPTED]


def _is_undone(one: CommandResult) -> bool:
    return one.carried_out is None and not one.is_so


def _undone(done: Sequence[CommandResult]) -> Iterable[UndoneCases]:
    """The cases on which nothing was done, by reason."""
    by_reason: dict[str, list[int]] = {}
    for one in done:
        if _is_undone(one):
            places = by_reason.setdefault(one.line.result.removeprefix(NOT_DONE), [])
            places += [one.line.place] if one.line.place not in places else []
    for reason, places in by_reason.items():
        yield UndoneCases(reason, places_in_words(places), len(places))


def places_in_words(places: Sequence[int]) -> str:
    """Places of cases, in ascending order: 2件目、5～8件目."""
    runs: list[list[int]] = []
    for place in places:
        if runs and runs[-1][-1] + 1 == place:
            runs[-1].append(place)
        else:
            runs.append([place])
    return "、".join(f"{run[0]}件目" if len(run) == 1 else f"{run[0]}～{run[-1]}件目" for run in runs)


def _keys_letters(
    facts: MailFacts, answer: AnswerFacts, done: Sequence[CommandResult], accepted: Sequence[Submission], policy: Policy
) -> tuple[Draft, ...]:
    """The mail with the keys of what is listed for D-Sure: those that the desk has not got yet, and those asked for."""
    notes = [one.carried_out for one in done if isinstance(one.carried_out, CaseNote)]
    asked = {note.receipt_number for note in notes if note.event == KEY_ASKED}
    if answer.desk is None:
        return ()
    draft = keys_draft(accepted, answer.desk, policy, facts.digest, answer.keys_mailed - asked)
    return (draft,) if draft is not None else ()


def _originals_letters(
    facts: MailFacts, answer: AnswerFacts, done: Sequence[CommandResult], policy: Policy
) -> tuple[Draft, ...]:
    """The mails with the papers that were asked for, one for each mail that brought some; to the clerk who asked, and to nobody else."""
    actor = facts.sender.addr_spec
    asked = {one.carried_out.mail_id: one.facts for one in done if isinstance(one.carried_out, OriginalsAsked)}
    at, desk = facts.envelope.received_at, answer.ticket.desk
    mails = ((case, case.row if isinstance(case, MailCase) else case.mail) for case in asked.values())
    return tuple(
        originals_draft(mail, case.case.receipt_number, actor, desk, at, facts.digest, policy)
        for case, mail in mails
        if mail is not None
    )


@dataclass(frozen=True, slots=True)
class ShownCase:
    """A case in a letter and in that letter's ticket: the rows to choose from are the same in both, and in what is offered."""

    case: OpenCase
    ticket: TokenCase
    offer: Offer


def _open_case(done: CommandResult, policy: Policy) -> ShownCase:
    """A case that was answered and is still open."""
    facts = done.facts
    if isinstance(facts, MailCase) or done.after is not SubmissionState.ACCEPTED:
        corrected = done.carried_out.fields if isinstance(done.carried_out, Correction) else None
        if isinstance(facts, CaseFacts) and corrected is not None and done.corrected is not None:
            found = facts.corrected or facts.found
            return _waiting(facts, corrected, found, done.corrected.reasons, done.corrected, policy)
        return as_it_stands(facts, policy)
    rows = (*((facts.found.by_number,) if facts.found.by_number else ()), *facts.candidates)
    wanted = (
        done.carried_out.guarantee_id if isinstance(done.carried_out, ClerkDecision) else facts.submission.guarantee_id
    )
    row = next((one for one in rows if one.guarantee_id == wanted), facts.found.by_number)
    accepted = replace(facts.submission, state=SubmissionState.ACCEPTED)
    case = case_for_dsure(facts.case.place, accepted, row, policy.keys, facts.versions(row))
    return ShownCase(case, replace(facts.case, candidates=(), spent_at=None), offer_accepted(accepted, row, policy))


def as_it_stands(facts: CaseFacts | MailCase, policy: Policy) -> ShownCase:
    """A case with what the register says of it now."""
    case = replace(facts.case, spent_at=None)
    if isinstance(facts, MailCase):
        return ShownCase(
            mail_to_read(case.place, facts.row),
            case,
            offer_mail(facts.row.state, facts.row.reason, facts.papers, policy),
        )
    submission = facts.submission
    if submission.state is SubmissionState.ACCEPTED:
        row = facts.found.by_number
        shown = case_for_dsure(case.place, submission, row, policy.keys, facts.versions(row))
        return ShownCase(shown, replace(case, candidates=()), offer_accepted(submission, row, policy))
    now = judge_corrected(submission, submission.fields, facts.found, policy.rules)
    return _waiting(facts, submission.fields, facts.found, submission.reasons, now, policy)


def _waiting(
    facts: CaseFacts,
    fields: NoticeFields,
    found: LookUp,
    reasons: tuple[SubmissionReason, ...],
    now: Corrected,
    policy: Policy,
) -> ShownCase:
    rows = () if found.by_number is not None else now.candidates
    receipt = facts.case.receipt_number
    others = [one for one in found.earlier if one.receipt_number != receipt]
    why = reasons_in_words(reasons, fields, next(iter((found.by_number, *rows)), None), others)
    told = may_be_told(facts.submission.sender, reasons, policy)
    offer = offer_held(
        fields, found, rows, policy, tells_sender=told, read_from=facts.submission.read_from, receipt=receipt
    )
    why = (*why, *((offer.why_not,) if offer.why_not else ()))
    case = waiting_case(facts.case.place, receipt, fields, found.by_number, why, rows)
    candidates = tuple(row.guarantee_id for row in rows)
    return ShownCase(case, replace(facts.case, candidates=candidates, spent_at=None), offer)


LINES_SHOWN = 20
_LINE, QUOTED = 120, 180  # characters of a line, and of a sentence that a clerk must see in full
UNCLEAR = "次の行の意味が分かりませんでした"


def unclear_letter(facts: MailFacts, ordered: ParsedReply, answer: AnswerFacts, policy: Policy) -> Verdict:
    """Nothing is done, since a line was not understood; the clerk is told what was, and the one line to send."""
    lacking = [order for order in ordered.orders if order.verb.needs_words and not order.words]
    of_lacking = {order.verb.words for order in lacking}
    lines = tuple(line for line in ordered.unclear if line not in of_lacking)
    if lacking and not lines:
        word = lacking[0].verb.words
        problem = f"{word}の理由がありません。「{word} 工期が契約書と異なるため」のように書いてください"
        return help_letter(facts, (), answer, policy, problem)
    understood = [order for order in ordered.orders if order not in lacking]
    read = list(dict.fromkeys(shown(order_words(order), policy.formats) for order in understood))
    if not read:
        return help_letter(facts, ordered.unclear, answer, policy, UNCLEAR)
    only = f"「{read[0]}」だけを書いて" if len(understood) == 1 else "その行を除いて"
    what = "".join(f"「{one}」" for one in read[:_MOST_READ])
    problem = f"{what}は読み取りましたが、次の行の意味が分からないため、何も処理していません。{only}返信してください"
    return help_letter(facts, ordered.unclear, answer, policy, problem)


_MOST_READ = 3


def closed_letter(facts: MailFacts, answer: AnswerFacts, done: Sequence[CommandResult], policy: Policy) -> Verdict:
    """Nothing is done, since every case that was named is closed already."""
    states = [(one.line.place, _as_told(one)) for one in done]
    if len(states) == 1:
        return help_letter(facts, (), answer, policy, f"この件は既に「{states[0][1]}」です。ご対応は必要ありません")
    lines = tuple(f"{place}件目：{state}" for place, state in states)
    return help_letter(facts, lines, answer, policy, "次の件は、既に処理が済んでいます。ご対応は必要ありません")


def _as_told(one: CommandResult) -> str:
    return one.after.words if isinstance(one.after, MailState) else one.after.in_full


def refusals_letter(facts: MailFacts, answer: AnswerFacts, policy: Policy) -> Verdict:
    """Nothing is done; the clerk gets the kinds of refusals, each with the word that he may write behind 差戻し."""
    lines, most = tuple(refusal_lines()), len(Refusal)
    return help_letter(facts, lines, answer, policy, REFUSALS_PROBLEM, most=most, is_asked_for=True)


REFUSALS_PROBLEM = "「差戻し」「相違」に続けて書ける種類は、次のとおりです。種類の後に、言葉を添えられます"


def help_letter(
    facts: MailFacts,
    lines: Sequence[str],
    answer: AnswerFacts,
    policy: Policy,
    problem: str,
    *,
    most: int = LINES_SHOWN,
    is_asked_for: bool = False,
    proposal: Proposal | None = None,
    proposed: tuple[ProposedLine, ...] = (),
) -> Verdict:
    """Nothing is done; the clerk is told why and how to write it, unless he was told so often already. `is_asked_for`: by himself.

    `proposal`: what はい carries out, in words `proposed`. It is asked once: in answer to that letter, nothing more is.
    """
    actor = facts.sender.addr_spec
    subject = facts.words.subject
    left = helps_left(facts, policy)
    if not left and not is_asked_for:
        no_reply, desk = NoReplyReason.LIMIT_REACHED, answer.ticket.desk
        return Verdict(MailState.PASSED_ON, MailReason.ORDERS_NOT_DONE, actor, subject, no_reply=no_reply, desk=desk)
    share = (
        ASKED_FOR if is_asked_for or facts.sender.address is None else person_share(facts.sender.address, policy.desks)
    )
    cases = [one for one in answer.cases if state_of(one).is_open]
    standing = [as_it_stands(one, policy) for one in cases]
    letter = DeskHelp(
        policy.office,
        answer.ticket.desk,
        facts.envelope.received_at,
        problem,
        shown_lines("\n".join(lines[:most]), policy.formats, QUOTED if proposed else _LINE),
        tuple(one.case for one in standing),
        hints((one.offer for one in standing), policy.keys),
        is_last=left == 1 and not is_asked_for,
        is_asked_for=is_asked_for,
        proposed=proposed,
    )
    asked = proposal if proposal is not None else answer.ticket.proposal and Proposal()
    tickets = tuple(one.ticket for one in standing)
    draft = Draft(
        letter,
        actor,
        f"desk_help/{facts.digest}/{actor}",
        answerable=_answerable(facts, answer, tickets, _accepted(cases), policy, asked),
        share=share,
    )
    # What is attached is for a person: such a mail stands in the summary.
    state = MailState.PASSED_ON if answer.has_files else MailState.ANSWERED
    desk = answer.ticket.desk if state.is_open else ""
    return Verdict(state, MailReason.ORDERS_NOT_DONE, actor, subject, answer.papers, drafts=(draft,), desk=desk)


def _answerable(
    facts: MailFacts,
    answer: AnswerFacts,
    cases: tuple[TokenCase, ...],
    accepted: Sequence[Submission],
    policy: Policy,
    proposal: Proposal | None = None,
) -> Answerable | None:
    """The next ticket, and of the accepted cases the keys; None when nothing is left to answer."""
    until = facts.envelope.received_at + policy.reply_window
    return (
        Answerable(answer.ticket.desk, until, cases, keys_to_show(accepted, policy.keys), proposal) if cases else None
    )
