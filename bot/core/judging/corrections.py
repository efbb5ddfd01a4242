"""Which earlier notices a right one puts right: its sender had sent another key for the number before, or in the same mail.

Called by judge.py for a notice with the register's own number and key. A stranger ends nobody's notice by it: what others sent
holds it as before, and so does what a clerk has accepted or verified. Pure; nothing is raised.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.core.judging.history import with_other_key
from bot.core.judging.sender_facts import SenderFacts
from bot.core.judging.trust import is_of_one
from bot.core.records.reasons import SubmissionReason
from bot.core.records.submission import NoticeFields, Submission


def put_right(
    fields: NoticeFields,
    earlier: Sequence[Submission],
    siblings: Sequence[Submission],
    sender: SenderFacts,
    free_mail_domains: frozenset[str],
) -> tuple[Submission, ...]:
    """The notices with its number and another key that are no obstacle to it; those of `siblings` came with the same mail."""
    if sender.is_unproven or sender.is_automatic:
        return ()
    others = with_other_key(fields, earlier)
    return tuple(one for one in others if one in siblings or _is_own(one, sender, free_mail_domains))


# A doubted sender is nobody, and what a clerk has decided no machine takes back.
_NOT_ITS_SENDERS = frozenset(
    {
        SubmissionReason.SENDER_UNPROVEN,
        SubmissionReason.SENDER_AUTOMATIC,
        SubmissionReason.CLERK_ACCEPTED,
        SubmissionReason.VERIFIED_IN_DSURE,
    }
)


def _is_own(one: Submission, sender: SenderFacts, free_mail_domains: frozenset[str]) -> bool:
    """Whether it is surely of the sender or his office, and nobody has decided on it."""
    return not _NOT_ITS_SENDERS.intersection(one.reasons) and is_of_one(sender.address, one.sender, free_mail_domains)
