"""A submission that waits, judged again: with a field that a clerk put right, or with the register as it is now.

Called by core/clerk and by bot/workers/sweeps.py. Pure; nothing is raised.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.judging.against import is_confirmed, of_match
from bot.core.judging.history import history_against, taken_by_another
from bot.core.judging.lookup import LookUp
from bot.core.judging.matching import Match, Matched, candidates_of, match
from bot.core.judging.notice_verdict import DIFFERENCES
from bot.core.judging.sender_facts import SenderFacts
from bot.core.judging.trust import fills_row, is_a_strangers, is_known_from, put_right
from bot.core.mail.message import Address
from bot.core.mail.subject_forms import SubjectFields
from bot.core.policy.policy import Policy, Rules
from bot.core.records.guarantee import Guarantee
from bot.core.records.incoming_mail import KeyReceived
from bot.core.records.reasons import SubmissionReason
from bot.core.records.submission import NoticeFields, ReadFrom, Submission, SubmissionState

# What matching and the history say; the rest of a submission's reasons is about its paper and its sender, and stays.
_OF_MATCHING = frozenset(DIFFERENCES) | {
    SubmissionReason.NOT_IN_REGISTER,
    SubmissionReason.SEVERAL_CANDIDATES,
    SubmissionReason.SIMILAR_ONLY,
    SubmissionReason.NAMES_MISSING,
    SubmissionReason.NUMBER_MISSING,
    SubmissionReason.NUMBER_FORMAT,
    SubmissionReason.REFUSED_BEFORE,
    SubmissionReason.NUMBERS_GUESSED,
    SubmissionReason.SENDER_UNKNOWN,
    SubmissionReason.OTHER_NOTICE_BEFORE,
}


@dataclass(frozen=True, slots=True)
class Corrected:
    """A waiting submission with a field put right: what speaks against it now, the evidence, the rows to choose from."""

    reasons: tuple[SubmissionReason, ...]
    evidence: tuple[str, ...]
    candidates: tuple[Guarantee, ...]


def judge_corrected(submission: Submission, fields: NoticeFields, found: LookUp, rules: Rules) -> Corrected:
    """Judge it anew with `fields`; `found`: what the store knows of these. A person's word makes nothing accepted by itself."""
    verdict = _matched_again(submission, fields, found, rules)
    reasons = [reason for reason in submission.reasons if reason not in _OF_MATCHING]
    reasons += of_match(verdict)
    reasons += history_against(
        fields, [one for one in found.earlier if one.receipt_number != submission.receipt_number]
    )
    reasons.append(SubmissionReason.CLERK_CORRECTED)
    return Corrected(tuple(dict.fromkeys(reasons)), verdict.evidence, candidates_of(verdict))


def _matched_again(submission: Submission, fields: NoticeFields, found: LookUp, rules: Rules) -> Match:
    return match(
        fields,
        found,
        rules,
        from_image=submission.read_from is ReadFrom.OCR,
        subject=SubjectFields(submission.works_numbers),
        subject_decides=True,
    )


# What a later import of the register can put right without a person.
_REGISTER_WAS_BEHIND = frozenset(
    {
        SubmissionReason.NOT_IN_REGISTER,
        SubmissionReason.SIMILAR_ONLY,
        SubmissionReason.NUMBER_DIFFERS,
        SubmissionReason.SEVERAL_CANDIDATES,
        SubmissionReason.READ_FROM_IMAGE,  # until the register has the very key
        SubmissionReason.NUMBERS_GUESSED,  # a firm with many works before the register has them looks the same
        SubmissionReason.SENDER_UNKNOWN,  # until the register has the very number and key, or names him
        SubmissionReason.OTHER_KEY_BEFORE,  # until the register has the very key
    },
)


def is_waiting_for_register(submission: Submission) -> bool:
    """Whether a held submission waits only because the register did not know it."""
    return submission.state is SubmissionState.HELD and _REGISTER_WAS_BEHIND.issuperset(submission.reasons)


@dataclass(frozen=True, slots=True)
class Accepted:
    """That a waiting submission is accepted after all. `key_received`: None = nothing is entered before a clerk has verified it."""

    guarantee: Guarantee
    reason: SubmissionReason
    key_received: KeyReceived | None
    replaces: tuple[Submission, ...]  # its sender's own with another key, which end with it


def rejudge(submission: Submission, found: LookUp, policy: Policy) -> Accepted | None:
    """Whether a waiting submission is accepted with the register as it is now; None while a person is still needed."""
    fields = submission.fields
    others = [one for one in found.each_once if one.receipt_number != submission.receipt_number]
    verdict = _matched_again(submission, fields, found, policy.rules)
    right: tuple[Submission, ...] = ()
    if is_confirmed(fields, verdict):
        address, is_proven = Address("", submission.sender), submission.sender_proven
        sender = SenderFacts(address, is_proven, is_unproven=False, is_automatic=False)  # else it would not wait
        right = put_right(fields, others, (), sender, policy.free_mail_domains)
    elif SubmissionReason.OTHER_KEY_BEFORE in submission.reasons:
        return None
    others = [one for one in others if one not in right]
    if history_against(fields, others) or any(one.state.is_taken for one in found.earlier if one not in right):
        return None
    if not isinstance(verdict, Matched) or verdict.guarantee.product not in policy.automatic_products:
        return None
    guarantee, key = verdict.guarantee, fields.auth_key
    if key is None or taken_by_another(fields, guarantee, others):
        return None
    if submission.read_from is ReadFrom.OCR and not is_confirmed(fields, verdict):
        return None
    is_clerks = submission.read_from is ReadFrom.FORM
    known = is_known_from(submission, guarantee, found, policy.free_mail_domains)
    if is_a_strangers(verdict, found, is_known=known or is_clerks):
        return None
    is_vouched = is_clerks or (known and submission.sender_proven)
    fills = fills_row(verdict, policy.rules, is_vouched=is_vouched)
    received = KeyReceived(guarantee.guarantee_id, fields.number, key) if fills else None
    return Accepted(guarantee, verdict.reason, received, right)
