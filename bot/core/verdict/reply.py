"""The answer to a mail's sender: the proof that it needs, what it says, and the limits that it must keep.

Called by decide.py. An answer needs positive proof of everything: a notice or a paper that we know, one plain sender whom
our own server proved (where it looks), no sign of a machine, and room below every limit. It goes to that sender (From) alone:
Reply-To and Sender are anybody's words, and an envelope of a forwarder's is not his (RFC 3834 §4 asks for the envelope's
sender, so that no third party is hit; the proof of From serves that better). Nothing is raised.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.core.judging.notice_verdict import NoticeVerdict
from bot.core.letters.contexts import Context
from bot.core.letters.drafts import Draft, Letters
from bot.core.letters.to_contractors import (
    DifferingItem,
    Moved,
    NoticeItem,
    NoticeWanted,
    OutsideConditions,
    OutsideItem,
    Receipt,
    ReceiptAgain,
    ReceiptDiffers,
)
from bot.core.mail.message import Mail
from bot.core.notice.interpret import UnderstoodMail, is_taken_out
from bot.core.notice.missing_notice import Request
from bot.core.policy.masking import mask_keys
from bot.core.policy.policy import Formats, Limits, Office, Policy, desks_for
from bot.core.records.guarantee import Product
from bot.core.records.outgoing_mail import Letter
from bot.core.records.own_identifiers import MESSAGE_ID_PREFIX
from bot.core.records.paper import PaperKind
from bot.core.records.reasons import LimitReason, MailReason, NoReplyReason, SubmissionReason
from bot.core.records.send_counts import Withheld, canonical_mailbox
from bot.core.records.submission import NoticeFields, mail_number
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.normalise import clean, full_width_ascii_to_half
from bot.core.verdict.arrivals import arrivals, asks_what_arrived
from bot.core.verdict.mail_verdict import MailFacts
from bot.core.verdict.misdirected import moves
from bot.core.verdict.send_limits import total, withheld_reply


def answer(facts: MailFacts, understood: UnderstoodMail, judged: Sequence[NoticeVerdict], policy: Policy) -> Letters:
    """What the sender is told. `judged`: one for each of `understood.notices`."""
    refusal = _refusal(facts, understood, judged, policy)
    if refusal is not None:
        return Letters(no_reply=refusal)
    worn = _Worn(
        by_notice=all(one.times_sent >= policy.limits.notice_per_day for one in complete(judged)),
        is_persons=_is_a_persons(facts, understood),
    )
    due = tuple(_due(facts, understood, judged, policy))
    letters = _within_limits(facts, due, policy.limits, policy.free_mail_domains, worn)
    return letters if letters.drafts else replace(letters, no_reply=NoReplyReason.LIMIT_REACHED)


# -- the time

_STEP = timedelta(minutes=1)
_ROOM = timedelta(seconds=1)  # for the verdict


def answer_due(received_at: datetime, read_at: datetime, delay: timedelta) -> datetime:
    """When an answer is dated and leaves: so long after its mail came, whatever is decided.

    Where reading was slower (`read_at`: its end), a whole number of minutes later, so that little of the time that it took shows.
    """
    due = min(received_at, read_at) + delay  # a mail can't have come later than it was read
    if not delay or read_at + _ROOM <= due:
        return due if delay else read_at
    return due + -((due - read_at - _ROOM) // _STEP) * _STEP


# -- the proof


def _refusal(
    facts: MailFacts, understood: UnderstoodMail, judged: Sequence[NoticeVerdict], policy: Policy
) -> NoReplyReason | None:
    """What is missing for an answer."""
    address = facts.sender.address
    is_doubtful = facts.automatic is MailReason.FIELDS_REPEATED
    if facts.automatic is not None and not is_doubtful:
        return NoReplyReason.AUTOMATIC
    if address is None or not address.addr_spec:
        return NoReplyReason.NO_PLAIN_ADDRESS
    if is_the_citys(address.addr_spec, policy):
        return NoReplyReason.OWN_ADDRESS
    if facts.sender.is_unproven or is_doubtful:
        return NoReplyReason.SENDER_UNPROVEN
    if not judged and understood.request is None and not (asks_what_arrived(facts) and facts.sent_before):
        return NoReplyReason.TAKEN_OUT if is_taken_out(understood) else NoReplyReason.NO_NOTICE
    if not policy.replies_enabled:
        return NoReplyReason.DISABLED
    return None if judged else may_be_an_answer_to_us(facts, understood, policy.limits)


def is_the_citys(addr_spec: str, policy: Policy) -> bool:
    """Whether it is an inbox, an address of a desk or of somebody who speaks for one, or staff's."""
    folded = addr_spec.casefold()
    of_keys = {desk.keys_address.casefold() for desk in policy.desks} - {""}
    of_desks = folded in of_keys or any(desk.is_of(folded) for desk in policy.desks)
    return folded in policy.inboxes or of_desks or folded.rpartition("@")[2] in policy.staff_domains


def may_be_an_answer_to_us(facts: MailFacts, understood: UnderstoodMail, limits: Limits) -> NoReplyReason | None:
    """By what a mail without a notice may be a responder's, who shows no sign of one: it comes after a letter of ours. None = it may not.

    Words and pictures that prove no person are no reason to write when they answer a letter of ours, or when one left to that address
    within the day: responders quote and decorate.
    """
    if _is_a_persons(facts, understood):
        return None
    ids = (facts.mail.in_reply_to, *facts.mail.reference_ids)
    if any(one.startswith(f"<{MESSAGE_ID_PREFIX}") for one in ids):
        return NoReplyReason.NO_PROOF
    sender = facts.sender.addr_spec
    return NoReplyReason.ANSWERED_TODAY if total(facts.lately.to(sender)).day >= limits.words_per_day else None


def _is_a_persons(facts: MailFacts, understood: UnderstoodMail) -> bool:
    """Whether the mail proves that no responder wrote it.

    By a paper that we know or a file that is no picture; or by words that announce a notice, ask whether it arrived or hand on a
    surety's mail, unless they give our own letter back. What a responder writes all the same ends at the limit of each kind.
    """
    if any(paper.kind in _KNOWN_PAPERS for paper in understood.papers) or facts.words.has_file:
        return True
    is_said = facts.words.announces or asks_what_arrived(facts) or _hands_on(understood)
    return is_said and not facts.words.echoes_us


def _hands_on(understood: UnderstoodMail) -> bool:
    """Whether the words are a surety's or an insurer's, handed on: no responder writes them."""
    return understood.request in {Request.NOTICE_INSTEAD_OF_COMPLETION_MAIL, Request.INSURER_ACCESS}


_KNOWN_PAPERS = frozenset(PaperKind) - {
    PaperKind.SIGNATURE,
    PaperKind.ATTACHED_MAIL,
    PaperKind.UNREADABLE,
    PaperKind.OTHER,
}


# -- what is due, each with what may be said instead


def _due(
    facts: MailFacts, understood: UnderstoodMail, judged: Sequence[NoticeVerdict], policy: Policy
) -> Iterator[tuple[Draft, ...]]:
    """For each thing to say its letters, the best first: one whose kind the sender had today gives way to the plain receipt."""
    recipient = facts.sender.addr_spec
    numbered = [(n, j) for n, j in enumerate(judged, 1)]
    taken = [(n, j) for n, j in numbered if j in complete(judged)]
    outside = [(n, j) for n, j in taken if j.outside]
    whole = [pair for pair in taken if pair not in outside]
    if whole:
        items = tuple(_item(facts, j, n) for n, j in whole)
        products = (j.notice.fields.product for _, j in whole)
        moved = moves(products, facts.arrived_at, policy.desks, policy.inboxes)
        office = policy.contact_for(j.notice.fields.product for _, j in whole)
        plain = Receipt(office, facts.envelope.received_at, items, moved, question=_question(facts))
        receipt = _receipt(facts, whole, office, moved)
        contexts = (receipt,) if isinstance(receipt, Receipt) else (receipt, plain)
        key, first = f"receipt/{facts.digest}/{recipient}", facts.number_of(whole[0][0])
        yield tuple(Draft(c, recipient, key, submission=first) for c in contexts)
    if outside:
        office = policy.contact_for(j.notice.fields.product for _, j in outside)
        told = tuple(OutsideItem(_item(facts, j, n), j.outside) for n, j in outside)
        context = OutsideConditions(office, facts.envelope.received_at, told, policy.conditions.instead)
        key, first = f"outside/{facts.digest}/{recipient}", facts.number_of(outside[0][0])
        yield (Draft(context, recipient, key, submission=first),)
    if not judged and understood.request is None:
        telling = arrivals(
            policy.contact_for(one.fields.product for one in facts.sent_before),
            facts.envelope.received_at,
            facts.sent_before,
        )
        yield (Draft(telling, recipient, f"arrivals/{facts.digest}/{recipient}"),)
    wanted = Request.COMPLETE_NOTICE if len(taken) < len(numbered) else understood.request
    if wanted is not None:
        half = [pair[1].notice.fields.product for pair in numbered if pair not in taken]
        office = policy.contact_for(half) if half else policy.contact(facts.arrived_at or desks_for(policy.desks, None))
        asking = NoticeWanted(office, facts.envelope.received_at, as_asked(wanted, policy.password_window))
        yield (Draft(asking, recipient, f"wanted/{facts.digest}/{recipient}"),)


def as_asked(wanted: Request, password_window: timedelta) -> Request:
    """The wish as this city says it: where no password mail is looked for, none is waited for."""
    return Request.UNLOCKED if wanted is Request.WITHOUT_PASSWORD and not password_window else wanted


_INCOMPLETE = frozenset({SubmissionReason.NUMBER_MISSING, SubmissionReason.KEY_MISSING})


def complete(judged: Sequence[NoticeVerdict]) -> list[NoticeVerdict]:
    """Those with a number and a key."""
    return [one for one in judged if not _INCOMPLETE.intersection(one.reasons)]


def _receipt(
    facts: MailFacts, numbered: Sequence[tuple[int, NoticeVerdict]], office: Office, moved: tuple[Moved, ...]
) -> Context:
    """The receipt. Only what a known sender may be told makes it differ from the one that every stranger gets."""
    received_at = facts.envelope.received_at
    items = tuple(_item(facts, j, n) for n, j in numbered)
    differing = tuple(
        DifferingItem(_item(facts, j, n), j.differences) for n, j in numbered if j.sender_is_known and j.differences
    )
    replaced = tuple(
        (facts.number_of(n), one.receipt_number) for n, j in numbered if j.sender_is_known for one in j.replaces
    )
    if differing:
        plain = tuple(i for i in items if i not in {d.item for d in differing})
        return ReceiptDiffers(office, received_at, plain, differing, moved, replaced, _question(facts))
    sender = facts.sender.addr_spec.casefold()
    again = [
        (n, j)
        for n, j in numbered
        if j.sender_is_known and j.repeats_accepted and j.first and j.first.sender.casefold() == sender
    ]
    if again and len(again) == len(numbered):
        firsts = tuple((facts.number_of(n), j.first.receipt_number) for n, j in again if j.first)
        return ReceiptAgain(office, received_at, items, firsts, moved, _question(facts))
    own = [(facts.number_of(n), j.own_first.receipt_number) for n, j in numbered if j.own_first is not None]
    if own and len(own) == len(numbered) and not replaced:
        return ReceiptAgain(office, received_at, items, tuple(own), moved, _question(facts), own=True)
    return Receipt(office, received_at, items, moved, replaced, _question(facts))


def _question(facts: MailFacts) -> str:
    """The number of what the mail asks beside its notice: its own words alone say so, whatever the register does."""
    return mail_number(facts.mail_id, facts.envelope.received_at) if facts.asks else ""


# Any two words with a dot between them: mail programs make a link of every ending that some registry sells.
_LINK = LazyPattern(r"https?:|www\.|://|@|[a-z0-9-]{2,}\.[a-z]{2,}", re.IGNORECASE)
_NOT_ECHOED = "（表示を省略しました）"


def _echo(text: str) -> str:
    """A sender's own words in a mail of ours; what looks like a link is left out, so that nobody can mail one through us."""
    shown = clean(text, 120)
    return _NOT_ECHOED if _LINK.search(full_width_ascii_to_half(shown)) else shown


SUBJECT_CHARACTERS = 100
"""A longer subject would have to be cut, and a cut one keeps no conversation together."""

_ANSWERED = LazyPattern(r"re\s*:", re.IGNORECASE)


def reply_subject(mail: Mail, formats: Formats) -> str:
    """The subject under which its proven sender finds our answer beside his mail; "" = the letter's own.

    Gmail keeps mails together only under one subject, whatever their References say. Nobody but who wrote it gets it back, and
    none that holds a link or what may be a key, or that would have to be changed.
    """
    written = clean(mail.subject[: 2 * SUBJECT_CHARACTERS], 2 * SUBJECT_CHARACTERS)
    if not written or len(written) > SUBJECT_CHARACTERS or "\ufffd" in written:
        return ""
    if mask_keys(written, formats) != written or _LINK.search(full_width_ascii_to_half(written)):
        return ""
    return written if _ANSWERED.match(written) else f"Re: {written}"


def notice_item(receipt: str, fields: NoticeFields) -> NoticeItem:
    """A notice as its sender may read it in a letter of ours: his own words, cleaned, without links."""
    product = fields.product.words if fields.product in _NAMED else fields.product_as_written
    return NoticeItem(
        receipt, _echo(fields.project_name), _echo(fields.contractor), _echo(product), _echo(fields.number_as_written)
    )


def _item(facts: MailFacts, judged: NoticeVerdict, ordinal: int) -> NoticeItem:
    return notice_item(facts.number_of(ordinal), judged.notice.fields)


_NAMED = frozenset(Product) - {Product.OTHER}


# -- the limits


@dataclass(frozen=True, slots=True)
class _Worn:
    """What of a mail bears on its limits: `by_notice`: its notices were answered often enough; `is_persons`: no responder's."""

    by_notice: bool
    is_persons: bool


def _within_limits(
    facts: MailFacts, due: Sequence[tuple[Draft, ...]], limits: Limits, free_mail: frozenset[str], worn: _Worn
) -> Letters:
    """Of each thing to say the first letter that no limit withholds."""
    kept: list[Draft] = []
    withheld: list[Withheld] = []
    for choices in due:
        reached = [_reached(facts, one, limits, free_mail, worn, besides=len(kept)) for one in choices]
        free = next((draft for draft, limit in zip(choices, reached, strict=True) if limit is None), None)
        if free is not None:
            kept.append(free)
        elif limit := reached[-1]:
            withheld.append(limit)
    return Letters(tuple(kept), tuple(withheld))


def _reached(
    facts: MailFacts, draft: Draft, limits: Limits, free_mail: frozenset[str], worn: _Worn, *, besides: int
) -> Withheld | None:
    letter = draft.context.letter
    if worn.by_notice and letter not in {Letter.NOTICE_WANTED, Letter.ARRIVALS}:
        return Withheld(letter, LimitReason.SAME_NOTICE, canonical_mailbox(draft.recipient))
    return withheld_reply(
        letter, draft.recipient, facts.lately, limits, free_mail, besides=besides, is_persons=worn.is_persons
    )
