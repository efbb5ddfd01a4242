"""How many letters left lately, as the store counts them, and a letter that a limit withholds.

Called by storage, which counts, and by core/verdict/send_limits.py, which decides. Values only; nothing is raised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True)
class SendCount:
    """Letters queued in the last 60 minutes and in the last 24 hours; cancelled ones don't count."""

    hour: int = 0
    day: int = 0

    def __add__(self, other: SendCount) -> SendCount:
        return SendCount(self.hour + other.hour, self.day + other.day)


Counts = Mapping[Letter, SendCount]

NOTHING: Counts = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class RecentCounts:
    """What left lately, as the store counted it in one question.

    `to_address`: by `canonical_mailbox`, for the sender and for the desks asked about; `to_domain`: to the sender's `counted_domain`;
    `in_all`: to anybody. `unknown_numbers`: numbers without a guarantee that the sender's waiting submissions of the day name.
    """

    to_address: Mapping[str, Counts] = field(default_factory=lambda: MappingProxyType({}))
    to_domain: Counts = field(default_factory=lambda: NOTHING)  # a mappingproxy has no hash before Python 3.12
    in_all: Counts = field(default_factory=lambda: NOTHING)
    unknown_numbers: frozenset[str] = frozenset()

    def to(self, address: str) -> Counts:
        """What went to this address."""
        return self.to_address.get(canonical_mailbox(address), NOTHING)


@dataclass(frozen=True, slots=True)
class Withheld:
    """A letter that was not written because of a limit. `about`: the address, domain, desk or number that it is about."""

    letter: Letter
    limit: LimitReason
    about: str
