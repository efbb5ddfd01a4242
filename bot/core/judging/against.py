"""What speaks against accepting one notice, in the order in which a clerk should read it.

Called by judge.py and rejudge.py. Pure; nothing is raised.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.core.judging.history import history_against, taken_by_another
from bot.core.judging.matching import Ambiguous, Conflicting, Match, Matched, Unmatched
from bot.core.judging.sender_facts import SenderFacts
from bot.core.notice.key_notice import FoundNotice
from bot.core.policy.policy import Formats, Policy
from bot.core.records.reasons import SubmissionReason
from bot.core.records.submission import NoticeFields, ReadFrom, Submission, SubmissionState


def what_speaks_against(
    notice: FoundNotice, verdict: Match, earlier: Sequence[Submission], sender: SenderFacts, policy: Policy
) -> tuple[SubmissionReason, ...]:
    """Everything that speaks against acceptance, in the order in which a clerk should read it."""
    fields = notice.fields
    reasons = [*notice.doubts, *of_match(verdict)]
    if isinstance(verdict, Matched) and is_confirmed(fields, verdict):
        reasons = [one for one in reasons if one is not SubmissionReason.TWO_KEYS_IN_MAIL]  # the register chooses
    if isinstance(verdict, Matched) and verdict.guarantee.product not in policy.automatic_products:
        reasons.append(SubmissionReason.PRODUCT_NOT_AUTOMATIC)
    if notice.read_from is ReadFrom.OCR and not is_confirmed(fields, verdict):
        reasons.append(SubmissionReason.READ_FROM_IMAGE)
    reasons += _format_doubts(fields, verdict, policy.formats)
    reasons += history_against(fields, earlier)
    if isinstance(verdict, Matched) and _is_taken(verdict, fields, earlier):
        reasons.append(SubmissionReason.OTHER_NOTICE_BEFORE)
    if sender.is_automatic:
        reasons.append(SubmissionReason.SENDER_AUTOMATIC)
    elif sender.is_unproven:
        reasons.append(SubmissionReason.SENDER_UNPROVEN)
    # Another key for a number is an alarm, and is read before anything else.
    return tuple(dict.fromkeys(sorted(reasons, key=lambda reason: reason not in OF_ANOTHER_KEY)))


def _is_taken(matched: Matched, fields: NoticeFields, earlier: Sequence[Submission]) -> bool:
    """Whether another notice stands for the row; what has the register's own number and key takes the place of an unverified one."""
    others = taken_by_another(fields, matched.guarantee, earlier)
    if matched.reason is SubmissionReason.NUMBER_AND_KEY_MATCH:
        return any(one.state is SubmissionState.VERIFIED for one in others)
    return bool(others)


OF_ANOTHER_KEY = frozenset(
    {SubmissionReason.KEY_DIFFERS, SubmissionReason.OTHER_KEY_BEFORE, SubmissionReason.OTHER_NOTICE_BEFORE}
)


def of_match(verdict: Match) -> tuple[SubmissionReason, ...]:
    """What the register says against it."""
    match verdict:
        case Matched():
            return ()
        case Conflicting(reasons=conflicts):
            return conflicts
        case Ambiguous():
            return (SubmissionReason.SEVERAL_CANDIDATES,)
        case Unmatched(reason=reason):
            return (reason,)


def is_confirmed(fields: NoticeFields, verdict: Match) -> bool:
    """Whether the register has this very number and key: a picture proves nothing by itself."""
    if not isinstance(verdict, Matched | Conflicting):
        return False
    if verdict.guarantee.auth_key is None or fields.auth_key is None:
        return False
    return verdict.guarantee.number == fields.number and fields.auth_key.same_as(verdict.guarantee.auth_key)


def _format_doubts(fields: NoticeFields, verdict: Match, formats: Formats) -> list[SubmissionReason]:
    """A form that we don't know is no fault where the register has the very number, the very key."""
    doubts: list[SubmissionReason] = []
    guarantee = verdict.guarantee if isinstance(verdict, Matched | Conflicting) else None
    in_register = guarantee is not None and guarantee.number == fields.number
    if fields.number and not in_register and not formats.is_number(fields.number):
        doubts.append(SubmissionReason.NUMBER_FORMAT)
    key = fields.auth_key
    registered = guarantee.auth_key if guarantee is not None else None
    if key is not None and not formats.is_key(key.reveal()):
        confirmed = registered is not None and key.same_as(registered)
        doubts += [] if confirmed else [SubmissionReason.KEY_FORMAT]
    return doubts
