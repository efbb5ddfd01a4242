"""How many letters may leave because of incoming mail: limits in several windows, and which of them is reached.

Called by answering.py and alerting.py with what the store counted (`Lately`); storage asks it how an address is counted.
A limit stops letters only: the mail is sorted as ever, and the summary has one line for what was withheld. Pure; nothing
is raised. Defaults: RFC 3834 §2 (once per sender and period for what is no receipt), RFC 5230's vacation, Zammad's windows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from bot.core.address import is_free_mail, organizational_domain
from bot.core.outbox import Letter
from bot.core.policy import Limits
from bot.core.reasons import LimitReason

REPLIES = frozenset(
    {Letter.RECEIPT, Letter.RECEIPT_AGAIN, Letter.RECEIPT_DIFFERS, Letter.NOTICE_WANTED, Letter.CONSENT}
)
"""What the sorter answers senders with; a clerk's own words (verified, sent back) and the city's news are no answers."""

_EACH_TIME = frozenset({Letter.RECEIPT, Letter.CONSENT})
"""Confirm what a sender has just done: who stops and resumes within a day is told both."""

ALERTS = frozenset({Letter.ALERT, Letter.MAIL_ALERT})
"""What the sorter tells desks at once; what is withheld stands in the summary."""


# ---------------------------------------------------------------- how an address is counted

# Houses where dots in the local part mean nothing: each spelling is the same mailbox.
_DOTLESS = MappingProxyType({"gmail.com": "gmail.com", "googlemail.com": "gmail.com"})


def counted_as(address: str) -> str:
    """The mailbox behind an address, for counting: lower case, without +tag (RFC 5233), Gmail's without dots."""
    local, _, domain = address.strip().casefold().rpartition("@")
    local = local.partition("+")[0] or local
    if domain in _DOTLESS:
        local, domain = local.replace(".", "") or local, _DOTLESS[domain]
    return f"{local}@{domain}"


def counted_domain(address: str) -> str:
    """The organisation behind an address, for counting; a host of one's own can give itself any number of subdomains."""
    return organizational_domain(address.strip().casefold().rpartition("@")[2])


# ---------------------------------------------------------------- what was counted


@dataclass(frozen=True, slots=True)
class Count:
    """Letters queued in the last 60 minutes and in the last 24 hours; cancelled ones don't count."""

    hour: int = 0
    day: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(self.hour + other.hour, self.day + other.day)


Counts = Mapping[Letter, Count]
NOTHING: Counts = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Lately:
    """What left lately, as the store counted it in one question.

    `to_address`: by `counted_as`, for the sender and for the desks asked about; `to_domain`: to the sender's `counted_domain`;
    `in_all`: to anybody. `unknown_numbers`: numbers without a guarantee that the sender's waiting submissions of the day name.
    """

    to_address: Mapping[str, Counts] = field(default_factory=lambda: MappingProxyType({}))
    to_domain: Counts = field(default_factory=lambda: NOTHING)  # a mappingproxy has no hash before Python 3.12
    in_all: Counts = field(default_factory=lambda: NOTHING)
    unknown_numbers: frozenset[str] = frozenset()

    def to(self, address: str) -> Counts:
        """What went to this address."""
        return self.to_address.get(counted_as(address), NOTHING)


def total(counts: Counts, letters: frozenset[Letter] | None = None) -> Count:
    """The sum over these letters; None = all."""
    return sum((count for letter, count in counts.items() if letters is None or letter in letters), Count())


# ---------------------------------------------------------------- the limits


@dataclass(frozen=True, slots=True)
class Withheld:
    """A letter that was not written because of a limit. `about`: the address, domain, desk or number that it is about."""

    letter: Letter
    limit: LimitReason
    about: str


def withheld_reply(
    letter: Letter, address: str, lately: Lately, limits: Limits, free_mail: frozenset[str], *, besides: int = 0
) -> Withheld | None:
    """The narrowest limit that keeps this answer from the address; None = it may go."""
    sent, domain = lately.to(address), counted_domain(address)
    if letter not in _EACH_TIME and sent.get(letter, Count()).day >= limits.kind_per_day:
        return Withheld(letter, LimitReason.SAME_KIND, counted_as(address))
    if limits.address.is_used_up(total(sent, REPLIES), besides):
        return Withheld(letter, LimitReason.ADDRESS, counted_as(address))
    if not is_free_mail(domain, free_mail) and limits.domain.is_used_up(total(lately.to_domain, REPLIES), besides):
        return Withheld(letter, LimitReason.DOMAIN, domain)
    if limits.in_all.is_used_up(total(lately.in_all, REPLIES), besides):
        return Withheld(letter, LimitReason.IN_ALL, "")
    return None


def withheld_alert(
    letter: Letter, desk: str, address: str, lately: Lately, limits: Limits, *, besides: int = 0
) -> Withheld | None:
    """Whether the desk has had its share of alerts; answers to senders, however many, take nothing from it."""
    if limits.desk.is_used_up(total(lately.to(address), ALERTS), besides):
        return Withheld(letter, LimitReason.DESK, desk)
    return None
