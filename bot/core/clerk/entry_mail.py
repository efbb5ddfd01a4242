"""A clerk's mail that enters notices (subject 手入力 …), and each notice so entered as it takes the way of a mail.

Called by the sorter. Whoever is not surely of a desk, proven by the city's own MX, enters nothing: his mail takes its usual way.
What is taken becomes mails of the door "hand" (workers/hand_entry.py), which are read, matched and receipted like any other; what a
clerk typed counts as a form's, not as words in somebody's mail. Nothing is raised.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bot.core.clerk.decide import may_answer
from bot.core.letters.drafts import Draft
from bot.core.letters.to_desks import EntryFile, EntryLine, EntryReply
from bot.core.notice.entry_forms import MOST_FORMS, EntryForm, EntryTable, entered_how, entry_table
from bot.core.notice.interpret import UnderstoodMail
from bot.core.notice.key_notice import FoundNotice
from bot.core.policy.masking import shown
from bot.core.policy.policy import Desk, Formats, Policy
from bot.core.records.envelope import Source
from bot.core.records.incoming_mail import MailState
from bot.core.records.outgoing_mail import Letter
from bot.core.records.paper import Paper, PaperKind, is_file
from bot.core.records.reasons import MailReason, NoReplyReason, PaperReason, SubmissionReason
from bot.core.records.submission import ReadFrom
from bot.core.verdict.mail_verdict import MailFacts, Verdict

REPLIES_PER_DAY = 30
"""So many answers a day to one address, then mails from which nothing is taken get none: a responder would go on for ever."""


def decide_entry(facts: MailFacts, understood: UnderstoodMail, policy: Policy) -> Verdict | None:
    """The verdict; None where the mail enters nothing by a form, or its sender may not."""
    how = entered_how(facts.mail.subject)
    desk = next((one for one in policy.desks if may_answer(facts, one)), None)
    is_entered = policy.reply_window and facts.automatic is None and facts.envelope.source is not Source.HAND
    if how is None or desk is None or not is_entered:
        return None
    if understood.notices and not understood.filled:
        return None  # a notice that a clerk scanned: it is read like anybody's
    files = _within_bounds(understood.filled, policy.formats)
    forms = tuple(form for one in files for form in one.forms)
    return _verdict(facts, replace(understood, filled=files), desk, how, forms, policy)


def _within_bounds(files: tuple[EntryTable, ...], formats: Formats) -> tuple[EntryTable, ...]:
    """All of them, or none where together they bring too much."""
    every = [form for one in files for form in one.forms]
    if len(every) <= MOST_FORMS:
        return files
    return (entry_table("、".join(one.name for one in files), every, (), formats),)


def _verdict(
    facts: MailFacts, understood: UnderstoodMail, desk: Desk, how: str, forms: tuple[EntryForm, ...], policy: Policy
) -> Verdict:
    actor = facts.sender.addr_spec
    subject = facts.words.subject
    papers = tuple(_papers(understood))
    sent = facts.lately.to(actor).get(Letter.ENTRY_REPLY)
    if not forms and sent is not None and sent.day >= REPLIES_PER_DAY:
        reason, no_reply = MailReason.FORMS_NOT_TAKEN, NoReplyReason.LIMIT_REACHED
        return Verdict(MailState.PASSED_ON, reason, actor, subject, papers, no_reply=no_reply, desk=desk.name)
    reply = EntryReply(
        policy.office,
        desk.name,
        facts.envelope.received_at,
        shown(how, policy.formats),
        len(forms),
        tuple(
            EntryFile(one.name, tuple(_line(f, policy.formats) for f in one.forms), one.wrong)
            for one in understood.filled
        ),
        tuple(_left(understood)),
    )
    told = Draft(reply, actor, f"entry_reply/{facts.digest}/{actor}")
    reason = MailReason.FORMS_TAKEN if forms else MailReason.FORMS_NOT_TAKEN
    return Verdict(MailState.ANSWERED, reason, actor, subject, papers, drafts=(told,), entered=forms)


def _line(form: EntryForm, formats: Formats) -> EntryLine:
    """A form as the clerk is told of it; whoever writes a key into another column is not shown it."""
    about = "／".join(shown(name, formats) for name in (form.project_name, form.contractor) if name)
    number = form.number if formats.is_number(form.number) else shown(form.number, formats)
    key = f"{len(form.auth_key.reveal())}文字"
    return EntryLine(number, form.product.words, about, key, shown(form.sender, formats), shown(form.how, formats))


def _papers(understood: UnderstoodMail) -> Iterator[Paper]:
    """The mail's papers; those that were forms say so."""
    names = {one.name for one in understood.filled if one.forms}
    for paper in understood.papers:
        is_form = paper.name in names and paper.kind is not PaperKind.KEY_IN_BODY
        yield Paper(paper.name, PaperKind.OTHER, PaperReason.FILLED_IN) if is_form else paper


def _left(understood: UnderstoodMail) -> Iterator[str]:
    """What else is attached: nothing is taken from it here."""
    names = {one.name for one in understood.filled}
    for paper in understood.papers:
        if is_file(paper) and paper.name not in names:
            yield f"{paper.name}（{paper.reason.words}）" if paper.kind is PaperKind.UNREADABLE else paper.name


def as_form(understood: UnderstoodMail) -> UnderstoodMail:
    """The same with its notices as a form's."""
    return replace(understood, notices=tuple(_of_form(understood)))


def _of_form(understood: UnderstoodMail) -> Iterator[FoundNotice]:
    # A form holds one: more come of words in a field that look like another field.
    strange = (SubmissionReason.READ_TWICE_DIFFERENTLY,) if len(understood.notices) > 1 else ()
    for notice in understood.notices:
        doubts = tuple(one for one in notice.doubts if one is not SubmissionReason.TYPED_IN_BODY)
        yield replace(notice, doubts=(*doubts, *strange), read_from=ReadFrom.FORM, document_name="手入力")
