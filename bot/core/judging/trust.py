"""Who is no stranger to a guarantee, what a stranger's notice may do, and which earlier notices a right one puts right.

The names of a work and its contractor are public, so anybody can write a notice that fits. A sender is known from the register
or from a submission that a clerk has verified in D-Sure, never from one that was only accepted. Called by judge.py and rejudge.py.
Pure; nothing is raised.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.core.judging.history import with_other_key
from bot.core.judging.lookup import LookUp
from bot.core.judging.matching import Matched
from bot.core.judging.sender_facts import SenderFacts
from bot.core.mail.addresses import is_free_mail
from bot.core.mail.message import Address
from bot.core.policy.policy import Rules
from bot.core.records.guarantee import Guarantee
from bot.core.records.reasons import SubmissionReason
from bot.core.records.submission import NoticeFields, Submission

BY_NAMES = frozenset({SubmissionReason.DETAILS_MATCH, SubmissionReason.SUBJECT_CHOSE})
"""Matches that rest on public names alone."""


def is_known_sender(
    address: Address | None, guarantee: Guarantee | None, found: LookUp, free_mail_domains: frozenset[str]
) -> bool:
    """Whether the address, or its domain where not everyone can have one, is named for this guarantee."""
    return any(is_of_one(address, other, free_mail_domains) for other in _named(guarantee, found))


def is_of_one(address: Address | None, other: str, free_mail_domains: frozenset[str]) -> bool:
    """Whether two addresses are one, or of one domain where not everyone can have an address."""
    if address is None or not address.addr_spec:
        return False
    domain = other.casefold().rpartition("@")[2]
    is_one = other.casefold() == address.addr_spec.casefold()
    return is_one or (domain == address.domain and not is_free_mail(domain, free_mail_domains))


def is_known_from(
    one: Submission, guarantee: Guarantee | None, found: LookUp, free_mail_domains: frozenset[str]
) -> bool:
    """The same of an earlier submission; a sender whom our MX could not prove is nobody."""
    proven = SubmissionReason.SENDER_UNPROVEN not in one.reasons
    return proven and is_known_sender(Address("", one.sender), guarantee, found, free_mail_domains)


def _named(guarantee: Guarantee | None, found: LookUp) -> frozenset[str]:
    """The addresses that the register and verified submissions name for a guarantee."""
    if guarantee is None:
        return frozenset()
    verified = {sender for number, sender in found.known_senders if number == guarantee.guarantee_id}
    return frozenset(one.casefold() for one in (guarantee.email, *verified) if one)


def is_a_strangers(matched: Matched, found: LookUp, *, is_known: bool) -> bool:
    """Whether public names alone lead to a guarantee whose sender is somebody else."""
    return matched.reason in BY_NAMES and not is_known and bool(_named(matched.guarantee, found))


def fills_row(matched: Matched, rules: Rules, *, is_vouched: bool) -> bool:
    """Whether an acceptance enters number and key in the register at once. `is_vouched`: a known sender, proven, or a clerk sent it.

    Otherwise they are entered when a clerk has verified them in D-Sure.
    """
    proves_itself = matched.reason is SubmissionReason.NUMBER_AND_KEY_MATCH
    return proves_itself or is_vouched or rules.strangers_fill_rows


# -- a wrong key, put right


def put_right(
    fields: NoticeFields,
    earlier: Sequence[Submission],
    siblings: Sequence[Submission],
    sender: SenderFacts,
    free_mail_domains: frozenset[str],
) -> tuple[Submission, ...]:
    """The notices with its number and another key that are no obstacle to a notice with the register's own number and key.

    Its sender had sent them before, or in the same mail (`siblings`). A stranger ends nobody's notice by it: what others sent holds
    it as before, and so does what a clerk has accepted or verified.
    """
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
