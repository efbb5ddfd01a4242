"""How many letters left lately, as the store counts them, and a letter that a limit withholds.

Called by storage, which counts, and by core/verdict/send_limits.py, which decides. Values only; nothing is raised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType

from bot.core.records.outgoing_mail import Letter
from bot.core.records.reasons import LimitReason

# Houses where dots in the local part mean nothing: each spelling is the same mailbox.
_DOTLESS = MappingProxyType({"gmail.com": "gmail.com", "googlemail.com": "gmail.com"})


def canonical_mailbox(address: str) -> str:
    """The mailbox behind an address, for counting: lower case, without +tag (RFC 5233), Gmail's without dots."""
    local, _, domain = address.strip().casefold().rpartition("@")
    local = local.partition("+")[0] or local
    if domain in _DOTLESS:
        local, domain = local.replace(".", "") or local, _DOTLESS[domain]
    return f"{local}@{domain}"


def counted_name(address: str, share: str = "") -> str:
    """The name under which a letter to the address is counted; `share`: a budget of its own that it takes from, "" = the common one."""
    mailbox = canonical_mailbox(address)
    return f"{mailbox} {share}" if share else mailbox


class Named(IntEnum):
    """Whether the register, or a submission that a clerk has verified, names a sender."""

    NOT = 0
    BY_DOMAIN = 1
    BY_ADDRESS = 2


@dataclass(frozen=True, slots=True)
class SendCount:
    """Letters that were queued; cancelled ones don't count."""

    hour: int = 0  # in the last 60 minutes
    day: int = 0  # in the last 24 hours

    def __add__(self, other: SendCount) -> SendCount:
        return SendCount(self.hour + other.hour, self.day + other.day)


Counts = Mapping[Letter, SendCount]

NOTHING: Counts = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class RecentCounts:
    """What left lately, as the store counted it in one question."""

    # By a factory, since a mappingproxy has no hash before Python 3.12.
    # by canonical_mailbox, for the sender and for the desks asked about
    to_address: Mapping[str, Counts] = field(default_factory=lambda: MappingProxyType({}))
    to_domain: Counts = field(default_factory=lambda: NOTHING)  # to the sender's counted_domain
    in_all: Counts = field(default_factory=lambda: NOTHING)  # to anybody
    # without a guarantee, named by the sender's waiting notices of the day
    unknown_numbers: frozenset[str] = frozenset()
    named: Named = Named.NOT  # for any guarantee

    def to(self, address: str, share: str = "") -> Counts:
        """What went to this address, of the share."""
        return self.to_address.get(counted_name(address, share), NOTHING)


@dataclass(frozen=True, slots=True)
class Withheld:
    """A letter that was not written because of a limit."""

    letter: Letter
    limit: LimitReason
    about: str  # the address, domain, desk or number that it is about
