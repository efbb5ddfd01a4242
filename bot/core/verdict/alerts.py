"""What the desks are told at once: submissions that wait for a person, and mails that only a person can read.

Called by decide.py; `sender_note` also by what shows mails to clerks. What a limit keeps from being mailed
stands in the summary all the same. Nothing is raised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.core.judging.notice_verdict import NoticeVerdict
from bot.core.judging.options import offer_mail
from bot.core.letters.case_texts import about
from bot.core.letters.drafts import Answerable, Draft, Letters
from bot.core.letters.reply_hints import hints, orders
from bot.core.letters.to_desks import Alert, AlertCase, Hint, MailAlert, ReceiptLine, TakenNotice
from bot.core.notice.interpret import UnderstoodMail
from bot.core.policy.mail_desks import desk_of_mail
from bot.core.policy.masking import shown
from bot.core.policy.policy import Desk, Formats, Limits, Policy
from bot.core.records.guarantee import Product
from bot.core.records.incoming_mail import MailState
from bot.core.records.outgoing_mail import Letter
from bot.core.records.paper import Paper, PaperKind
from bot.core.records.reasons import LimitReason, MailReason, NoReplyReason, PaperReason, SubmissionReason
from bot.core.records.reply_token import TokenCase
from bot.core.records.send_counts import RecentCounts, Withheld
from bot.core.records.submission import NoticeFields, Submission, SubmissionState, mail_number
from bot.core.text.normalise import clean
from bot.core.verdict.alert_cases import MOST_VIEWS, alert_case, desks_of, page_views, work_of
from bot.core.verdict.mail_verdict import MailFacts
from bot.core.verdict.reply import is_the_citys, may_be_an_answer_to_us
from bot.core.verdict.send_limits import KEY_ALARMS, own_share, withheld_alert

# A person can read these though no machine could; the sender was asked, and the clerk need not wait for the answer.
_FOR_EYES = frozenset(
    {
        PaperReason.NO_TEXT,
        PaperReason.NOT_REACHED,
        PaperReason.SCANNED_TEXT,
        PaperReason.TEXT_OF_PICTURE,
        PaperReason.NO_SIGN_ON_PICTURE,
        PaperReason.GARBLED,
        PaperReason.LIMITS,
        PaperReason.ATTACHED_MAIL,
        PaperReason.TITLE_ONLY,
    }
)
# These are somebody's work here whatever its sender was asked for.
_KINDS_FOR_EYES = frozenset(
    {
        PaperKind.CLAIM,
        PaperKind.WORKS_CONTRACT,
        PaperKind.INSURER_ACCESS,
        PaperKind.INSURER_SECURITY,
        PaperKind.BANK_GUARANTEE,
        PaperKind.TRANSFER_LINK,
    }
)


def alert(
    facts: MailFacts,
    understood: UnderstoodMail,
    judged: Sequence[NoticeVerdict],
    policy: Policy,
    reason: MailReason,
    answered: Letters,
    reader: Desk,
) -> Letters:
    """What the desks are told of this mail. `reason`: the mail's end; `answered`: to its sender; `reader`: see desk_to_read."""
    by_desk, told = _cases(facts, judged, policy.desks, is_answered=answered.no_reply is None)
    views = (
        {facts.number_of(ordinal): page_views(one) for ordinal, one in enumerate(judged, 1)} if policy.pictures else {}
    )
    note, sender = sender_note(answered.no_reply, answered.drafts), shown_sender(facts, policy.formats)
    own = _own_share(facts, policy)
    drafts = [
        Draft(
            Alert(
                policy.office,
                desk.name,
                facts.mail_id,
                sender,
                facts.words.subject,
                facts.envelope.received_at,
                note,
                tuple(_with_offers(case, one, policy) if len(cases) > 1 else case for case, one in cases),
                hints=_hints(cases) if policy.reply_window else (),
                project_name=next(filter(None, (work_of(one) for _, one in cases)), ""),
            ),
            desk.address,
            f"alert/{facts.digest}/{desk.address}",
            submission=cases[0][0].receipt_number,
            views=tuple(view for case, _ in cases for view in views.get(case.receipt_number, ()))[:MOST_VIEWS],
            answerable=_answerable(facts, desk, cases, policy.reply_window) if policy.reply_window else None,
            share=own or (KEY_ALARMS if any(one.is_key_alarm for _, one in cases) else ""),
            is_first_alarm=any(one.is_first_alarm for _, one in cases),
        )
        for desk, cases in by_desk.items()
    ]
    if _needs_eyes(facts, understood, judged, reason, answered.no_reply, policy):
        mail = _mail_alert(facts, understood, judged, policy, reason, note, reader)
        drafts.append(replace(mail, share=own))
    within = within_desk_limits(drafts, policy.desks, policy.limits, facts.lately)
    return Letters(within.drafts, (*told, *within.withheld))


def within_desk_limits(drafts: Sequence[Draft], desks: Sequence[Desk], limits: Limits, lately: RecentCounts) -> Letters:
    """Those of the alerts that the desks' limits leave, and what they withhold."""
    names = {desk.address: desk.name for desk in desks}
    kept: list[Draft] = []
    withheld: list[Withheld] = []
    for draft in drafts:
        besides = sum((one.recipient, one.share) == (draft.recipient, draft.share) for one in kept)
        letter, name = draft.context.letter, names.get(draft.recipient, draft.recipient)
        reached = withheld_alert(letter, name, draft.recipient, lately, limits, share=draft.share, besides=besides)
        if reached is None or draft.is_first_alarm:
            kept.append(draft)
        else:
            withheld.append(reached)
    return Letters(tuple(kept), tuple(withheld))


def _own_share(facts: MailFacts, policy: Policy) -> str:
    """The share of a sender whom the register names; "" = the strangers'."""
    address = facts.sender.addr_spec
    return own_share(address, policy.free_mail_domains) if address and facts.lately.named else ""


# -- submissions that wait


def _hints(cases: Sequence[tuple[AlertCase, NoticeVerdict]]) -> tuple[Hint, ...]:
    return hints(one.offer for _, one in cases if one.offer is not None)


def _with_offers(case: AlertCase, judged: NoticeVerdict, policy: Policy) -> AlertCase:
    """The case with what may be written about it: the letter's list is about all of its cases."""
    told = hints((judged.offer,)) if judged.offer is not None and policy.reply_window else ()
    return replace(case, offers=orders(told))


def _cases(
    facts: MailFacts, judged: Sequence[NoticeVerdict], desks: tuple[Desk, ...], *, is_answered: bool
) -> tuple[dict[Desk, list[tuple[AlertCase, NoticeVerdict]]], list[Withheld]]:
    """The held notices by desk; those of a guesser whom the desks know already are withheld.

    One that is only outside of the city's conditions has its line in the summary: its sender was told what to send instead.
    """
    by_desk: dict[Desk, list[tuple[AlertCase, NoticeVerdict]]] = {}
    told: list[Withheld] = []
    for ordinal, one in enumerate(judged, 1):
        is_settled = is_answered and one.outside and one.reasons == (SubmissionReason.OUTSIDE_CONDITIONS,)
        if one.state is not SubmissionState.HELD or is_settled:
            continue
        if one.guess_is_told:
            told.append(Withheld(Letter.ALERT, LimitReason.GUESSES_TOLD, one.guessed_at))
            continue
        for desk in desks_of(one, desks):
            by_desk.setdefault(desk, []).append((alert_case(facts.number_of(ordinal), one), one))
    return by_desk, told


def _answerable(
    facts: MailFacts, desk: Desk, cases: Sequence[tuple[AlertCase, NoticeVerdict]], window: timedelta
) -> Answerable:
    """The cases as an answer can name them, in the order in which the alert has them."""
    return Answerable(
        desk.name,
        facts.envelope.received_at + window,
        tuple(
            TokenCase(place, case.receipt_number, tuple(row.guarantee_id for row in one.candidates))
            for place, (case, one) in enumerate(cases, 1)
        ),
    )


# -- mails for a person


def _needs_eyes(
    facts: MailFacts,
    understood: UnderstoodMail,
    judged: Sequence[NoticeVerdict],
    reason: MailReason,
    no_reply: NoReplyReason | None,
    policy: Policy,
) -> bool:
    if reason is MailReason.ARRIVAL_TOLD:
        return False
    if judged:
        return reason in {MailReason.NOTICE_AND_QUESTION, MailReason.NOTICE_AND_UNREAD}
    if facts.automatic is MailReason.SPAM:
        return False  # listed in the summary; a filter's mistake shows there
    is_the_citys_own = is_the_citys(facts.sender.addr_spec, policy)
    may_be_a_responder = is_the_citys_own and may_be_an_answer_to_us(facts, understood, policy.limits)
    if reason not in _TOLD_ALWAYS and may_be_a_responder:
        return False  # likewise: told at once, it would answer again, until real alerts have no room below the limit
    asked = understood.request is not None and no_reply is None
    return not asked or facts.asks or for_eyes(understood)


# What somebody orders who may not, and what may hide who wrote.
_TOLD_ALWAYS = frozenset(
    {
        MailReason.ANSWER_UNPROVEN,
        MailReason.ANSWER_NOT_STAFF,
        MailReason.ANSWER_OTHER_DESK,
        MailReason.FIELDS_REPEATED,
    }
)


def for_eyes(understood: UnderstoodMail) -> bool:
    """Whether its papers are somebody's work here, whatever their sender was asked for."""
    return any(paper.reason in _FOR_EYES or paper.kind in _KINDS_FOR_EYES for paper in understood.papers)


def _mail_alert(
    facts: MailFacts,
    understood: UnderstoodMail,
    judged: Sequence[NoticeVerdict],
    policy: Policy,
    reason: MailReason,
    note: str,
    desk: Desk,
) -> Draft:
    state = MailState.BESIDES if judged else MailState.PASSED_ON
    notices = tuple(
        taken_notice(facts.number_of(ordinal), one.notice.fields, one.state) for ordinal, one in enumerate(judged, 1)
    )
    context = MailAlert(
        policy.office,
        desk.name,
        facts.mail_id,
        mail_number(facts.mail_id, facts.envelope.received_at),
        shown_sender(facts, policy.formats),
        facts.words.subject,
        facts.envelope.received_at,
        reason.words,
        paper_lines(understood.papers),
        facts.words.excerpt,
        note,
        notices=notices,
        is_question=reason is MailReason.NOTICE_AND_QUESTION,
        hints=hints((offer_mail(state, reason, understood.papers, policy),)) if policy.reply_window else (),
        project_name=next((work_of(one) for one in judged), ""),
        receipts=receipt_lines(facts.receipts),
    )
    key = f"mail_alert/{facts.digest}/{desk.address}"
    return Draft(
        context,
        desk.address,
        key,
        answerable=about_a_mail(facts.mail_id, desk, facts.envelope.received_at, policy.reply_window)
        if context.hints
        else None,
    )


def taken_notice(receipt_number: str, fields: NoticeFields, state: SubmissionState) -> TakenNotice:
    """A notice beside what a person must read."""
    name = clean(fields.project_name, 60) or clean(fields.number_as_written, 60)
    return TakenNotice(receipt_number, name, state.words, waits=state is SubmissionState.HELD)


def paper_lines(papers: Sequence[Paper]) -> tuple[str, ...]:
    """A mail's papers for a clerk, a line each: what it is called, what it is, why it was taken so."""
    return tuple(f"{paper.name}: {paper.kind.words}（{paper.reason.words}）" for paper in papers)


def desk_to_read(
    facts: MailFacts, judged: Sequence[NoticeVerdict], policy: Policy, papers: Sequence[Paper] = ()
) -> Desk:
    """The one desk of what a person must read: a notice's beside which it stands, else the mail's own (policy/mail_desks.py)."""
    sender = facts.sender.addr_spec
    written = (one.addr_spec for one in (*facts.mail.to, *facts.mail.cc))
    own = desk_of_mail(
        policy.desks,
        policy.desk_rules,
        recipients=(*facts.envelope.rcpt_tos, *written),
        sender=sender,
        subject=facts.mail.subject,
        arrived_at=facts.arrived_at,
        rows=facts.rows_of_sender,
        product=Product.ADVANCE_PAYMENT if any(one.kind is PaperKind.CLAIM for one in papers) else None,
    )
    of_notices = [desk for one in judged for desk in desks_of(one, policy.desks)]
    return own if own in of_notices or not of_notices else of_notices[0]


def about_a_mail(mail_id: int, desk: Desk, at: datetime, window: timedelta) -> Answerable:
    """That the desk's staff may answer an alert about a mail that a person must read."""
    return Answerable(desk.name, at + window, (TokenCase(1, "", mail_id=mail_id),))


def sender_note(no_reply: NoReplyReason | None, letters: Sequence[Draft] = ()) -> str:
    """What the clerk should know about the answer to the sender. `letters`: the answer; none: it is not at hand."""
    if no_reply is not None:
        return no_reply.words
    named = (
        f"{one.context.letter.words}（{one.submission}）" if one.submission else one.context.letter.words
        for one in letters
    )
    return f"{'、'.join(named)}を返信しました" if letters else "自動で返信しました"


def receipt_lines(receipts: Sequence[Submission]) -> tuple[ReceiptLine, ...]:
    """The submissions for a clerk, a line each."""
    return tuple(
        ReceiptLine(one.receipt_number, one.received_at, about(one.fields), one.state.words) for one in receipts
    )


def shown_sender(facts: MailFacts, formats: Formats) -> str:
    """Whom the clerk sees as the sender: the one plain address, or what stands in its place."""
    return facts.sender.addr_spec or shown(facts.mail.value("From"), formats, 80) or "（差出人なし）"
