"""The word to a colleague: no mail that is surely of somebody of this city ends in silence.

Called by the sorter with each verdict, whatever made it; who has a letter already gets no second one. One person has so many a day, with
the letters on how to answer, and the last says that it is the last: else a responder that shows no sign would go on for ever. Pure;
nothing is raised.
"""

from __future__ import annotations

import re
from dataclasses import replace

from bot.core.letters.drafts import Draft
from bot.core.letters.lists import DisposalNote
from bot.core.letters.to_desks import DeskNote
from bot.core.mail.addresses import is_free_mail
from bot.core.mail.message import Address
from bot.core.notice.entry_forms import entered_how
from bot.core.policy.policy import Desk, Policy
from bot.core.records.envelope import Source
from bot.core.records.incoming_mail import MailState
from bot.core.records.outgoing_mail import Letter
from bot.core.records.own_identifiers import MESSAGE_ID_PREFIX
from bot.core.records.reasons import MailReason, NoReplyReason
from bot.core.records.send_counts import RecentCounts
from bot.core.records.submission import mail_number
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.normalise import fold
from bot.core.verdict.alerts import taken_notice
from bot.core.verdict.mail_verdict import MailFacts, Verdict
from bot.core.verdict.reply import is_the_citys
from bot.core.verdict.send_limits import total

HELPS_PER_DAY = 30
"""So often a day one person is told what could not be done, and how to write it."""
_COUNTED = frozenset({Letter.DESK_HELP, Letter.DESK_NOTE})
ASKED_FOR = "asked"
"""The share of letters that a clerk has asked for; they take nothing from his others."""


def person_share(sender: Address, desks: tuple[Desk, ...]) -> str:
    """The share of one person's letters: those who write from a desk's common address are told apart by the name beside it."""
    is_common = any(sender.addr_spec.casefold() == desk.address.casefold() for desk in desks)
    name = fold(sender.display_name)[:40].casefold()
    return f"as {name}" if is_common and name else ""


def helps_left(facts: MailFacts, policy: Policy) -> int:
    """How many more such letters the sender may have today, this one included."""
    sender = facts.sender.address
    return _left(sender, facts.lately, policy) if sender is not None else 0


def _left(sender: Address, lately: RecentCounts, policy: Policy) -> int:
    sent = total(lately.to(sender.addr_spec, person_share(sender, policy.desks)), _COUNTED)
    return max(HELPS_PER_DAY - sent.day, 0)


def is_colleague(address: str, policy: Policy) -> bool:
    """Whether it is an address of the city's own, and none of ours."""
    folded = address.casefold()
    domain = folded.rpartition("@")[2]
    own = {one.rpartition("@")[2].casefold() for one in (*policy.inboxes, *(desk.address for desk in policy.desks))}
    is_own = domain in own and not is_free_mail(domain, policy.free_mail_domains)
    return folded not in policy.inboxes and (is_own or is_the_citys(folded, policy))


def with_a_word(facts: MailFacts, verdict: Verdict, policy: Policy) -> Verdict:
    """The verdict with a line to the colleague who wrote the mail, where it has no letter to him yet."""
    sender = facts.sender.address
    if facts.automatic is not None or facts.envelope.source is Source.HAND or not facts.sender.is_proven:
        return verdict
    if sender is None or not is_colleague(sender.addr_spec, policy):
        return verdict
    left = helps_left(facts, policy)
    if not left or any(one.answers or isinstance(one.context, DisposalNote) for one in verdict.drafts):
        return verdict
    if any(desk.is_of(sender.addr_spec) for desk in policy.desks) and _is_only_words(facts, verdict):
        verdict = replace(
            verdict, state=MailState.ANSWERED, desk="", drafts=()
        )  # he is the person to read it, and is told
    if left < HELPS_PER_DAY and not facts.words.has_file and _AWAY.search(facts.words.excerpt[:_LOOKED_AT]):
        return replace(verdict, no_reply=NoReplyReason.NO_PROOF)
    note = DeskNote(
        policy.office,
        facts.envelope.received_at,
        mail_number(facts.mail_id, facts.envelope.received_at),
        "" if verdict.submissions else _why(facts, verdict, policy),
        notices=tuple(taken_notice(one.receipt_number, one.fields, one.state) for one in verdict.submissions),
        reader=verdict.desk,
        is_last=left == 1,
    )
    return replace(verdict, drafts=(*verdict.drafts, note_draft(note, sender, facts.digest, policy)), no_reply=None)


# What a person may write and a responder does, who would answer our answer: such words are answered once a day.
_AWAY = LazyPattern(
    r"不在|出張中|外出中|休暇(?:中|を(?:いただ|頂|取))|席を外して|out of (?:the )?office|on (?:leave|vacation|holiday)",
    re.IGNORECASE,
)
_LOOKED_AT = 400


def _is_only_words(facts: MailFacts, verdict: Verdict) -> bool:
    return verdict.state is MailState.PASSED_ON and verdict.reason is MailReason.NO_NOTICE and not facts.words.has_file


def unread_note(
    mail_id: int, sender: Address, note: DeskNote, digest: str, lately: RecentCounts, policy: Policy
) -> Draft | None:
    """The same about a mail that could not be read. `note`: without its last words."""
    left = _left(sender, lately, policy)
    if not left:
        return None
    return note_draft(replace(note, is_last=left == 1), sender, f"unread/{mail_id}/{digest}", policy)


def note_draft(note: DeskNote, sender: Address, digest: str, policy: Policy) -> Draft:
    """The letter, of the person's own share."""
    key = f"desk_note/{digest}/{sender.addr_spec}"
    return Draft(note, sender.addr_spec, key, share=person_share(sender, policy.desks))


def _why(facts: MailFacts, verdict: Verdict, policy: Policy) -> str:
    """Why nothing was done, as it concerns him."""
    address = facts.sender.addr_spec
    if verdict.no_reply is NoReplyReason.LIMIT_REACHED:
        return "本日のご案内の上限に達したため、処理していません"
    is_staff = any(desk.is_of(address) for desk in policy.desks)
    if verdict.reason not in _OF_WORDS:
        return verdict.reason.words
    if entered_how(facts.mail.subject) is not None and not is_staff:
        return "手入力は、担当の職員として登録のあるアドレスから送ってください"
    ids = (facts.mail.in_reply_to, *facts.mail.reference_ids)
    if is_staff or any(one.startswith(f"<{MESSAGE_ID_PREFIX}") for one in ids):
        return "返信で処理できるメール（件名に［ ］の符号のあるもの）への返信ではないため、処理していません"
    return verdict.reason.words


# Ends of mails that bring nothing but words.
_OF_WORDS = frozenset({MailReason.NO_NOTICE, MailReason.PAPER_WITHOUT_NOTICE})
