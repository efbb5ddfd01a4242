"""The verdict on a whole mail: its end state, its submissions, the letters to its sender, the alerts to the desks.

`decide` is the one place where a mail's end is decided; what the sender is told stands in reply.py, what the desks are
told in alerts.py. Called by the sorter and, through it, by `inspect`. Facts in, a verdict out; it sends and stores nothing.
Nothing is raised.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from bot.core.judging.notice_verdict import NoticeVerdict
from bot.core.letters.drafts import Draft, Letters
from bot.core.mail.automatic.screen import is_content_void
from bot.core.notice.document import Document, OpenFailure
from bot.core.notice.interpret import UnderstoodMail, is_taken_out
from bot.core.notice.missing_notice import Request
from bot.core.policy.masking import mask_keys
from bot.core.policy.policy import Desk, Policy
from bot.core.records.incoming_mail import MailState
from bot.core.records.paper import Paper, PaperKind
from bot.core.records.reasons import MailReason, NoReplyReason, PaperReason
from bot.core.records.submission import Submission
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.normalise import fold, fold_name
from bot.core.verdict.alert_cases import desks_of
from bot.core.verdict.alerts import alert, desk_to_read, for_eyes
from bot.core.verdict.colleagues import helps_left
from bot.core.verdict.mail_verdict import MailFacts, Verdict
from bot.core.verdict.misdirected import right_desk
from bot.core.verdict.password_pairing import brings_nothing, is_password_mail
from bot.core.verdict.reply import SUBJECT_CHARACTERS, answer, complete

__all__ = [
    "Draft",
    "MailFacts",
    "Verdict",
    "answer_by_another",
    "decide",
    "not_whole",
    "set_aside",
    "submission_of",
    "unproven_answer",
]


def decide(
    facts: MailFacts,
    understood: UnderstoodMail,
    judged: Sequence[NoticeVerdict],
    policy: Policy,
    colleague: Letters | None = None,
) -> Verdict:
    """The verdict. `judged`: one for each of `understood.notices`, in their order; `colleague`: the answer where the sender is one."""
    if understood.request is Request.NOTICE_MISSING and (facts.opens or is_password_mail(facts.words, understood)):
        understood = replace(understood, request=None)  # its file comes, or came, with another mail
    told = answer(facts, understood, judged, policy) if colleague is None else colleague
    state, reason = _end(facts, understood, judged, is_asked=colleague is None and told.no_reply is None)
    desk = desk_to_read(facts, judged, policy, understood.papers)
    sender, subject = facts.sender.addr_spec, facts.words.subject
    submissions = tuple(_moved(facts, j, submission_of(facts, j, n), policy.desks) for n, j in enumerate(judged, 1))
    if state is MailState.IGNORED:
        is_persons = reason in {MailReason.PASSWORD_MAIL, MailReason.THANKS}
        no_reply = NoReplyReason.NO_NOTICE if is_persons else NoReplyReason.AUTOMATIC
        return Verdict(state, reason, sender, subject, understood.papers, no_reply=no_reply, reopened=facts.opens)
    alerts = alert(facts, understood, judged, policy, reason, told, desk)
    return Verdict(
        state=state,
        desk=desk.name if state.is_open else "",
        answered=_answered(facts, judged),
        opened_by=facts.opened_by if judged else (),
        reason=reason,
        sender=sender,
        subject=subject,
        papers=understood.papers,
        submissions=submissions,
        keys_received=tuple(j.key_received for j in judged if j.key_received is not None),
        replaced=tuple(
            (one.receipt_number, j.decided_guarantee_id)
            for j in judged
            for one in j.replaces
            if j.decided_guarantee_id is not None
        ),
        drafts=(*told.drafts, *alerts.drafts),
        no_reply=told.no_reply,
        withheld=(*told.withheld, *alerts.withheld),
        reopened=facts.opens,
    )


def set_aside(facts: MailFacts, documents: Sequence[Document], policy: Policy) -> Verdict | None:
    """The verdict on a mail whose content must not be understood (bounces, automatic replies, our own), else None.

    One that carries a PDF of its own is shown to a person all the same: some copier or form may send without a sender. A
    delivery report is not: what it carries is ours or somebody else's, sent back.
    """
    if facts.is_unclear_report:
        return _with_alert(facts, (), MailReason.REPORT_UNCLEAR, policy)
    if facts.automatic is None or not is_content_void(facts.automatic):
        return None
    sender, subject = facts.sender.addr_spec, facts.words.subject
    if facts.automatic is MailReason.DELIVERY_REPORT or not any(map(_may_be_a_page, documents)):
        return Verdict(MailState.IGNORED, facts.automatic, sender, subject, no_reply=NoReplyReason.AUTOMATIC)
    names = (mask_keys(document.name, policy.formats) or f"添付{document.part}" for document in documents)
    papers = tuple(Paper(name, PaperKind.OTHER, PaperReason.NOT_LOOKED_INTO) for name in names)
    return _with_alert(facts, papers, facts.automatic, policy)


def unproven_answer(facts: MailFacts, policy: Policy) -> Verdict:
    """The verdict on a mail that bears a clerk's ticket and is not surely a clerk's: nothing is done, and a person sees it."""
    if facts.sender.is_proven:
        return _with_alert(facts, (), MailReason.ANSWER_NOT_STAFF, policy, NoReplyReason.NO_PROOF)
    return _with_alert(facts, (), MailReason.ANSWER_UNPROVEN, policy, NoReplyReason.SENDER_UNPROVEN)


def not_whole(facts: MailFacts, why: MailReason, policy: Policy) -> Verdict:
    """The verdict on a mail of which there is a header only: a person looks into the mailbox."""
    return _with_alert(facts, (), why, policy, NoReplyReason.NOT_READ)


def answer_by_another(facts: MailFacts, asked: Desk | None, policy: Policy, *, orders: bool) -> Verdict:
    """The verdict on an answer by a proven colleague who does not speak for the desk `asked`: he is told (colleagues.py).

    `orders`: it says what to do, and the desk sees that too.
    """
    address = facts.sender.addr_spec
    is_anothers = any(desk.is_of(address) for desk in policy.desks)
    reason = MailReason.ANSWER_OTHER_DESK if is_anothers else MailReason.ANSWER_NOT_STAFF
    if not orders and helps_left(facts, policy):
        no_reply, subject = NoReplyReason.OWN_ADDRESS, facts.words.subject
        return Verdict(MailState.ANSWERED, reason, address, subject, no_reply=no_reply)
    return _with_alert(facts, (), reason, policy, NoReplyReason.OWN_ADDRESS, asked)


def _with_alert(
    facts: MailFacts,
    papers: tuple[Paper, ...],
    reason: MailReason,
    policy: Policy,
    no_reply: NoReplyReason = NoReplyReason.AUTOMATIC,
    desk: Desk | None = None,
) -> Verdict:
    """A mail whose content is not understood, and which a person must see. `desk`: whose it is, where that is known."""
    subject, desk = facts.words.subject, desk or desk_to_read(facts, (), policy)
    read, untold = UnderstoodMail(facts.words, papers=papers), Letters(no_reply=no_reply)
    alerts = alert(facts, read, (), policy, reason, untold, desk)
    return Verdict(
        MailState.PASSED_ON,
        reason,
        facts.sender.addr_spec,
        subject,
        papers,
        drafts=alerts.drafts,
        no_reply=no_reply,
        withheld=alerts.withheld,
        desk=desk.name,
    )


# In a folded subject: the name of a work, its number, or a 保証契約番号.
_NAMES_WORK = LazyPattern(r"第?[0-9]{1,4}号|[0-9]{5,6}-[0-9]{6}|[一-龥々ァ-ヶー0-9]{3,60}(?:工事|業務|委託)")


def _answered(facts: MailFacts, judged: Sequence[NoticeVerdict]) -> tuple[int, ...]:
    """The mails that don't wait for the sender any more: all of his but those whose subject names another work than his notices."""
    notices = [one.notice.fields for one in complete(judged)]
    if not notices or facts.sender.is_unproven:
        return ()
    works = [name for one in notices if (name := fold_name(one.project_name))]
    numbers = [one.number for one in notices if one.number]
    return tuple(row.mail_id for row in facts.asked if not _is_of_another(row.subject, works, numbers))


def _is_of_another(subject: str, works: Sequence[str], numbers: Sequence[str]) -> bool:
    folded = fold(subject[:SUBJECT_CHARACTERS])
    named = [fold_name(one) for one in _NAMES_WORK.findall(folded)]
    name = fold_name(folded)
    is_theirs = any(work in name or any(one in work for one in named) for work in works)
    return bool(named) and not is_theirs and not any(one in folded for one in numbers)


def _may_be_a_page(document: Document) -> bool:
    """Whether a copier or a fax gateway may have sent it: a PDF, a picture of a page's size, something packed."""
    if document.media_type.startswith("image/"):
        return document.trouble is not OpenFailure.ORNAMENT
    return document.is_pdf or document.trouble in {OpenFailure.ENCRYPTED, OpenFailure.ARCHIVE}


# -- the mail's end


def _end(
    facts: MailFacts, understood: UnderstoodMail, judged: Sequence[NoticeVerdict], *, is_asked: bool
) -> tuple[MailState, MailReason]:
    """State and reason. `is_asked`: a letter asks the sender for what is missing, or answers what he asks."""
    if judged:
        beside = _beside_a_notice(facts, understood)
        return MailState.SORTED if beside is None else MailState.BESIDES, beside or MailReason.NOTICE_FOUND
    if facts.opens and brings_nothing(facts.words, understood) and (facts.automatic or not facts.words.asks):
        return MailState.IGNORED, MailReason.PASSWORD_MAIL
    if facts.automatic is not None:
        return (MailState.PASSED_ON if _worth_a_look(facts, understood) else MailState.IGNORED), facts.automatic
    if understood.request is not None and is_asked:
        return _asked(facts, understood)
    if is_asked:
        return MailState.ANSWERED, MailReason.ARRIVAL_TOLD
    if facts.words.only_thanks and not _has_papers(understood) and not facts.words.has_file:
        return MailState.IGNORED, MailReason.THANKS
    return MailState.PASSED_ON, _why_for_a_person(facts, understood)


def _asked(facts: MailFacts, understood: UnderstoodMail) -> tuple[MailState, MailReason]:
    """The sender was asked for what is missing: that waits for him, what else he brought for a desk."""
    if facts.asks:
        return MailState.PASSED_ON, MailReason.WANTED_AND_QUESTION
    return (MailState.PASSED_ON if for_eyes(understood) else MailState.ASKED), MailReason.NOTICE_WANTED


def _beside_a_notice(facts: MailFacts, understood: UnderstoodMail) -> MailReason | None:
    """What a mail with a notice brings besides, for a person; None = nothing."""
    if facts.asks:
        return MailReason.NOTICE_AND_QUESTION
    if any(paper.kind is PaperKind.UNREADABLE or paper.reason in _MAY_HIDE_A_NOTICE for paper in understood.papers):
        return MailReason.NOTICE_AND_UNREAD
    return None


_MAY_HIDE_A_NOTICE = frozenset(
    {
        PaperReason.TITLE_ONLY,
        PaperReason.NO_SIGN_ON_PICTURE,
        PaperReason.MORE_ON_PICTURE,
        PaperReason.ATTACHED_MAIL,
        PaperReason.NOT_LOOKED_INTO,
        PaperReason.TAKEN_OUT,
        PaperReason.NOT_OPENED,
    }
)


def _why_for_a_person(facts: MailFacts, understood: UnderstoodMail) -> MailReason:
    """Why a person must read a mail without a notice whose sender is asked for nothing."""
    if is_taken_out(understood):
        return MailReason.ATTACHMENT_TAKEN_OUT
    if any(paper.kind is PaperKind.ATTACHED_MAIL for paper in understood.papers):
        return MailReason.ATTACHED_MAIL
    if facts.opens:
        return MailReason.PASSWORD_MAIL
    if facts.looks_for_files and is_password_mail(facts.words, understood):
        return MailReason.PASSWORD_UNUSED
    if facts.words.asks_arrival and not facts.words.has_file:
        return MailReason.ARRIVAL_ASKED
    return next((reason for sign, reason in _SIGNS if any(map(sign, understood.papers))), MailReason.NO_NOTICE)


# The first that holds says why a person must read a mail without a notice.
_SIGNS: tuple[tuple[Callable[[Paper], bool], MailReason], ...] = (
    (lambda paper: paper.kind is PaperKind.TRANSFER_LINK, MailReason.LINK_WRITTEN),
    (lambda paper: paper.reason is PaperReason.UNKNOWN_FORMAT, MailReason.FORMAT_NOT_READ),
    (lambda paper: paper.kind is not PaperKind.SIGNATURE, MailReason.PAPER_WITHOUT_NOTICE),
)


def _worth_a_look(facts: MailFacts, understood: UnderstoodMail) -> bool:
    """A machine's mail that a person must see all the same: a fax gateway's scan, a surety's system, a filter's mistake."""
    speaks = facts.words.speaks_of_keys
    if facts.automatic in {MailReason.FIELDS_REPEATED, MailReason.GATEWAY_NOTICE}:
        return True
    if facts.automatic is MailReason.MAILING_LIST:  # unless the inbox itself is one, nobody means us
        return _has_papers(understood) and speaks
    return _has_papers(understood) or speaks


def _has_papers(understood: UnderstoodMail) -> bool:
    return any(paper.kind is not PaperKind.SIGNATURE for paper in understood.papers)


# -- submissions


def _moved(facts: MailFacts, judged: NoticeVerdict, submission: Submission, desks: tuple[Desk, ...]) -> Submission:
    """The submission with the desks from which it was moved, for the summaries: not where the register gives it to one of these."""
    right = right_desk(submission.fields.product, facts.arrived_at, desks)
    if right is None or set(desks_of(judged, desks)) & set(facts.arrived_at):
        return submission
    return replace(submission, moved_from=tuple(desk.name for desk in facts.arrived_at))


def submission_of(facts: MailFacts, judged: NoticeVerdict, ordinal: int) -> Submission:
    """The submission that is stored for a notice."""
    return Submission(
        receipt_number=facts.number_of(ordinal),
        state=judged.state,
        reasons=judged.reasons,
        fields=judged.notice.fields,
        read_from=judged.notice.read_from,
        document_name=judged.notice.document_name,
        evidence=(*judged.evidence, *judged.notice.places),
        guarantee_id=judged.decided_guarantee_id,
        sender=facts.sender.addr_spec,
        received_at=facts.envelope.received_at,
        sender_proven=facts.sender.is_proven,
        works_numbers=judged.works_numbers,
    )
