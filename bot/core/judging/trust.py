"""Who is no stranger to a guarantee, and what a stranger's notice may do.

The names of a work and its contractor are public, so anybody can write a notice that fits. A sender is known from the register
or from a submission that a clerk has verified in D-Sure, never from one that was only accepted. Called by judge.py. Pure;
nothing is raised.
"""

from __future__ import annotations

from bot.core.judging.lookup import LookUp
from bot.core.judging.matching import Matched
from bot.core.mail.addresses import is_free_mail
from bot.core.mail.message import Address
from bot.core.policy.policy import Rules
from bot.core.records.guarantee import Guarantee
from bot.core.records.reasons import SubmissionReason
from bot.core.records.submission import Submission

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
