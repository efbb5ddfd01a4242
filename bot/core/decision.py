"""The verdict on a whole mail: its end state, its submissions, the letters to its sender, the alerts to the desks.

`decide` is the one place where it is decided who is told what. Called by the sorter and, through it, by `inspect`.
Facts in, a verdict out; it sends and stores nothing. Nothing is raised.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.automatic import is_content_void
from bot.core.document import Document
from bot.core.envelope import Envelope
from bot.core.guarantee import PRODUCT_NAMES
from bot.core.incoming import KeyReceived, MailState
from bot.core.judging import Judged, SenderFacts
from bot.core.key_notice import Formats, mask_keys
from bot.core.letters import (
    Alert,
    AlertCase,
    Context,
    DifferingItem,
    FieldLine,
    MailAlert,
    NoticeItem,
    NoticeWanted,
    Receipt,
    ReceiptAgain,
    ReceiptDiffers,
    Wanted,
)
from bot.core.mail import Mail
from bot.core.papers import KIND_WORDS, Paper, PaperKind, speaks_of_keys
from bot.core.policy import Desk, Policy
from bot.core.reasons import MailReason, NoReplyReason, PaperReason, SubmissionReason, wording
from bot.core.submission import NoticeFields, Submission, SubmissionState, receipt_number
from bot.core.text import clean, full_width_ascii_to_half
from bot.core.understanding import Understood, own_words


@dataclass(frozen=True, slots=True)
class MailFacts:
    """What is known about a mail when it is decided on. `letters_today`: mails to this sender in the last 24 hours."""

    mail_id: int
    digest: str
    envelope: Envelope
    mail: Mail
    automatic: MailReason | None
    sender: SenderFacts
    letters_today: int


@dataclass(frozen=True, slots=True)
class Draft:
    """A letter that is due: its content, its one recipient, its dedupe key. `answers`: it answers the mail (RFC 3834).

    `submission`: the first receipt number that it speaks of, "" = none.
    """

    context: Context
    recipient: str
    dedupe_key: str
    answers: bool
    submission: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """All that follows from a mail."""

    state: MailState
    reason: MailReason
    sender: str
    subject: str
    papers: tuple[Paper, ...] = ()
    submissions: tuple[Submission, ...] = ()
    keys_received: tuple[KeyReceived, ...] = ()
    drafts: tuple[Draft, ...] = ()
    no_reply: NoReplyReason | None = None


def decide(facts: MailFacts, understood: Understood, judged: Sequence[Judged], policy: Policy) -> Verdict:
    """The verdict. `judged`: one for each of `understood.notices`, in their order."""
    state, reason = _end(facts, understood, judged)
    sender = facts.sender.address.addr_spec if facts.sender.address else ""
    subject = clean(mask_keys(facts.mail.subject[:_LONG_LINE], policy.formats))
    submissions = tuple(submission_of(facts, j, n) for n, j in enumerate(judged, 1))
    if state is MailState.IGNORED:
        return Verdict(state, reason, sender, subject, understood.papers, no_reply=NoReplyReason.AUTOMATIC)
    no_reply = _no_reply(facts, understood, judged, policy)
    replies = () if no_reply else _replies(facts, understood, judged, policy)
    alerts = _alerts(facts, understood, judged, policy, subject, reason, no_reply)
    return Verdict(
        state=state,
        reason=reason,
        sender=sender,
        subject=subject,
        papers=understood.papers,
        submissions=submissions,
        keys_received=tuple(j.key_received for j in judged if j.key_received is not None),
        drafts=(*replies, *alerts),
        no_reply=no_reply,
    )


def set_aside(facts: MailFacts, documents: Sequence[Document], policy: Policy) -> Verdict | None:
    """The verdict on a mail whose content must not be understood (bounces, automatic replies, our own), else None.

    One that carries a PDF of its own is shown to a person all the same: some copier or form may send without a sender. A
    delivery report is not: what it carries is ours or somebody else's, sent back.
    """
    if facts.automatic is None or not is_content_void(facts.automatic):
        return None
    sender = facts.sender.address.addr_spec if facts.sender.address else ""
    subject = clean(mask_keys(facts.mail.subject[:_LONG_LINE], policy.formats))
    if facts.automatic is MailReason.DELIVERY_REPORT or not any(d.media_type == _PDF for d in documents):
        return Verdict(MailState.IGNORED, facts.automatic, sender, subject, no_reply=NoReplyReason.AUTOMATIC)
    names = (mask_keys(document.name, policy.formats) or f"添付{document.part}" for document in documents)
    papers = tuple(Paper(name, PaperKind.OTHER, PaperReason.NOT_LOOKED_INTO) for name in names)
    unread = Understood(papers, (), None)
    alerts = _alerts(facts, unread, (), policy, subject, facts.automatic, NoReplyReason.AUTOMATIC)
    return Verdict(
        MailState.PASSED_ON,
        facts.automatic,
        sender,
        subject,
        papers,
        drafts=alerts,
        no_reply=NoReplyReason.AUTOMATIC,
    )


_PDF = "application/pdf"


# -- the mail's end


def _end(facts: MailFacts, understood: Understood, judged: Sequence[Judged]) -> tuple[MailState, MailReason]:
    if judged:
        return MailState.SORTED, MailReason.NOTICE_FOUND
    if facts.automatic is not None and not _worth_a_look(facts, understood):
        return MailState.IGNORED, facts.automatic
    if facts.automatic is not None:
        return MailState.PASSED_ON, facts.automatic
    if understood.wanted is not None:
        return MailState.PASSED_ON, MailReason.NOTICE_WANTED
    if any(paper.kind is PaperKind.ATTACHED_MAIL for paper in understood.papers):
        return MailState.PASSED_ON, MailReason.ATTACHED_MAIL
    return MailState.PASSED_ON, MailReason.PAPER_WITHOUT_NOTICE if understood.papers else MailReason.NO_NOTICE


def _worth_a_look(facts: MailFacts, understood: Understood) -> bool:
    """A machine's mail that a person must see all the same: a fax gateway's scan, a surety's system, a filter's mistake."""
    speaks = speaks_of_keys(facts.mail.subject, own_words(facts.mail.body))
    if facts.automatic is MailReason.MAILING_LIST:  # unless the inbox itself is one, nobody means us
        return bool(understood.papers) and speaks
    return bool(understood.papers) or speaks


# -- answers


def _no_reply(
    facts: MailFacts, understood: Understood, judged: Sequence[Judged], policy: Policy
) -> NoReplyReason | None:
    """Why nothing is mailed to the sender; an answer needs positive proof of all of this."""
    address = facts.sender.address
    if facts.automatic is not None:
        return NoReplyReason.AUTOMATIC
    if address is None or not address.addr_spec:
        return NoReplyReason.NO_PLAIN_ADDRESS
    if address.addr_spec.casefold() in policy.inboxes or address.domain in policy.staff_domains:
        return NoReplyReason.OWN_ADDRESS
    if facts.sender.is_unproven:
        return NoReplyReason.SENDER_UNPROVEN
    if (not judged and understood.wanted is None) or not policy.replies_enabled:
        return NoReplyReason.NO_NOTICE
    if facts.letters_today >= policy.replies_per_address_per_day:
        return NoReplyReason.LIMIT_REACHED
    return None


def _replies(facts: MailFacts, understood: Understood, judged: Sequence[Judged], policy: Policy) -> tuple[Draft, ...]:
    recipient = facts.sender.address.addr_spec if facts.sender.address else ""
    numbered = [(n, j) for n, j in enumerate(judged, 1)]
    complete = [(n, j) for n, j in numbered if not _INCOMPLETE.intersection(j.reasons)]
    drafts: list[Draft] = []
    if complete:
        context = _receipt(facts, complete, policy)
        key, first = f"receipt/{facts.digest}/{recipient}", _number_of(facts, complete[0][0])
        drafts.append(Draft(context, recipient, key, answers=True, submission=first))
    wanted = Wanted.COMPLETE_NOTICE if len(complete) < len(numbered) else understood.wanted
    if wanted is not None:
        asking = NoticeWanted(policy.office, facts.envelope.received_at, wanted)
        drafts.append(Draft(asking, recipient, f"wanted/{facts.digest}/{recipient}", answers=True))
    return tuple(drafts)


_INCOMPLETE = frozenset({SubmissionReason.NUMBER_MISSING, SubmissionReason.KEY_MISSING})


def _receipt(facts: MailFacts, numbered: Sequence[tuple[int, Judged]], policy: Policy) -> Context:
    """The receipt. Only what a known sender may be told makes it differ from the one that every stranger gets."""
    office, received_at = policy.office, facts.envelope.received_at
    items = tuple(_item(facts, j, n) for n, j in numbered)
    differing = tuple(
        DifferingItem(_item(facts, j, n), j.differences) for n, j in numbered if j.sender_is_known and j.differences
    )
    if differing:
        plain = tuple(i for i in items if i not in {d.item for d in differing})
        return ReceiptDiffers(office, received_at, plain, differing)
    sender = facts.sender.address.addr_spec.casefold() if facts.sender.address else ""
    again = [
        (n, j)
        for n, j in numbered
        if j.sender_is_known and j.repeats_accepted and j.first and j.first.sender.casefold() == sender
    ]
    if again and len(again) == len(numbered):
        firsts = tuple((_number_of(facts, n), j.first.receipt_number) for n, j in again if j.first)
        return ReceiptAgain(office, received_at, items, firsts)
    return Receipt(office, received_at, items)


def _number_of(facts: MailFacts, ordinal: int) -> str:
    return receipt_number(facts.mail_id, facts.envelope.received_at, ordinal)


# Any two words with a dot between them: mail programs make a link of every ending that some registry sells.
_LINK = re.compile(r"https?:|www\.|://|@|[a-z0-9-]{2,}\.[a-z]{2,}", re.IGNORECASE)
_NOT_ECHOED = "（表示を省略しました）"


def _echo(text: str) -> str:
    """A sender's own words in a mail of ours; what looks like a link is left out, so that nobody can mail one through us."""
    shown = clean(text, 120)
    return _NOT_ECHOED if _LINK.search(full_width_ascii_to_half(shown)) else shown


def notice_item(receipt: str, fields: NoticeFields) -> NoticeItem:
    """A notice as its sender may read it in a letter of ours: his own words, cleaned, without links."""
    product = PRODUCT_NAMES[fields.product] if fields.product in _NAMED else fields.product_as_written
    return NoticeItem(
        receipt, _echo(fields.project_name), _echo(fields.contractor), _echo(product), _echo(fields.number_as_written)
    )


def _item(facts: MailFacts, judged: Judged, ordinal: int) -> NoticeItem:
    return notice_item(_number_of(facts, ordinal), judged.notice.reading.fields)


_NAMED = frozenset(product for product in PRODUCT_NAMES if product != "other")


# -- submissions


def submission_of(facts: MailFacts, judged: Judged, ordinal: int) -> Submission:
    """The submission that is stored for a notice."""
    return Submission(
        receipt_number=_number_of(facts, ordinal),
        state=judged.state,
        reasons=judged.reasons,
        fields=judged.notice.reading.fields,
        read_from=judged.notice.read_from,
        document_name=judged.notice.document_name,
        evidence=(*judged.evidence, *judged.notice.reading.places),
        guarantee_id=judged.decided_guarantee_id,
        sender=facts.sender.address.addr_spec if facts.sender.address else "",
        received_at=facts.envelope.received_at,
        sender_proven=facts.sender.is_proven,
    )


# -- alerts

_EXCERPT_LINES = 15
_EXCERPT = 600
_LONG_LINE = 2000  # masked up to here, shown far less
# A person can read these though no machine could; the sender was asked, and the clerk need not wait for the answer.
_FOR_EYES = frozenset({PaperReason.NO_TEXT, PaperReason.GARBLED, PaperReason.ATTACHED_MAIL, PaperReason.TITLE_ONLY})


def _alerts(
    facts: MailFacts,
    understood: Understood,
    judged: Sequence[Judged],
    policy: Policy,
    subject: str,
    reason: MailReason,
    no_reply: NoReplyReason | None,
) -> tuple[Draft, ...]:
    note = sender_note(no_reply)
    sender = _shown_sender(facts)
    held = [(n, j) for n, j in enumerate(judged, 1) if j.state is SubmissionState.HELD]
    by_desk: dict[Desk, list[AlertCase]] = {}
    for ordinal, one in held:
        for desk in desks_of(one, policy):
            by_desk.setdefault(desk, []).append(_case(facts, one, ordinal))
    alerts = [
        Draft(
            Alert(
                policy.office,
                desk.name,
                facts.mail_id,
                sender,
                subject,
                facts.envelope.received_at,
                note,
                tuple(cases),
            ),
            desk.address,
            f"alert/{facts.digest}/{desk.address}",
            answers=False,
            submission=cases[0].receipt_number,
        )
        for desk, cases in by_desk.items()
    ]
    if not judged and _needs_eyes(facts, understood, no_reply):
        papers = tuple(
            f"{paper.name}: {KIND_WORDS[paper.kind]}（{wording(paper.reason)}）" for paper in understood.papers
        )
        excerpt = excerpt_of(facts.mail.body, policy.formats)
        received_at = facts.envelope.received_at
        for desk in policy.desks_for(None):
            context = MailAlert(
                policy.office,
                desk.name,
                facts.mail_id,
                sender,
                subject,
                received_at,
                wording(reason),
                papers,
                excerpt,
                note,
            )
            alerts.append(Draft(context, desk.address, f"mail_alert/{facts.digest}/{desk.address}", answers=False))
    return tuple(alerts)


def _needs_eyes(facts: MailFacts, understood: Understood, no_reply: NoReplyReason | None) -> bool:
    if facts.automatic is MailReason.SPAM:
        return False  # listed in the summary; a filter's mistake shows there
    asked = understood.wanted is not None and no_reply is None
    return not asked or any(paper.reason in _FOR_EYES for paper in understood.papers)


def desks_of(judged: Judged, policy: Policy) -> tuple[Desk, ...]:
    """The desks that a case concerns: by the register's row, else by the notice's product."""
    guarantee = judged.guarantee
    product = judged.notice.reading.fields.product
    if product is None and guarantee is not None:
        product = guarantee.product
    return policy.desks_for(product, guarantee.desk if guarantee else "")


def sender_note(no_reply: NoReplyReason | None) -> str:
    """What the clerk should know about the answer to the sender."""
    return "差出人には自動で返信しました" if no_reply is None else wording(no_reply)


def _shown_sender(facts: MailFacts) -> str:
    if facts.sender.address and facts.sender.address.addr_spec:
        return facts.sender.address.addr_spec
    return clean(facts.mail.value("From"), 80) or "（差出人なし）"


def _case(facts: MailFacts, judged: Judged, ordinal: int) -> AlertCase:
    fields, guarantee = judged.notice.reading.fields, judged.guarantee
    product = fields.product_as_written or (PRODUCT_NAMES[fields.product] if fields.product else "")
    lines = (
        FieldLine("工事名", clean(fields.project_name), guarantee.project_name if guarantee else ""),
        FieldLine("受注者名", clean(fields.contractor), _register_contractor(judged)),
        FieldLine("保証区分", clean(product), PRODUCT_NAMES[guarantee.product] if guarantee else ""),
        FieldLine("保証契約番号", clean(fields.number_as_written), guarantee.number if guarantee else ""),
    )
    return AlertCase(
        receipt_number=_number_of(facts, ordinal),
        reasons=tuple(wording(reason) for reason in judged.reasons),
        fields=lines,
        key_state=_key_state(judged),
        evidence=judged.evidence,
        document_name=judged.notice.document_name,
    )


def _register_contractor(judged: Judged) -> str:
    guarantee = judged.guarantee
    if guarantee is None:
        return ""
    return "／".join(name for name in (guarantee.contractor, guarantee.jv_name) if name)


def _key_state(judged: Judged) -> str:
    """What is known about the key, without a letter of it."""
    key = judged.notice.reading.fields.auth_key
    if key is None:
        return "読み取れませんでした"
    count = len(key.reveal())
    registered = judged.guarantee.auth_key if judged.guarantee else None
    if registered is None:
        return f"{count}文字を読み取りました（台帳にキーの登録なし）"
    return f"{count}文字を読み取りました（台帳のキーと{'一致' if key.same_as(registered) else '不一致'}）"


def excerpt_of(body: str, formats: Formats) -> str:
    """The first lines of a body for a clerk, keys masked."""
    lines = [line[:_LONG_LINE] for line in own_words(body).splitlines() if line.strip()][:_EXCERPT_LINES]
    return "\n".join(clean(mask_keys(line, formats), 120) for line in lines)[:_EXCERPT]  # masked before it is cut
