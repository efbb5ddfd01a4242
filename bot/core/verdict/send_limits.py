"""How many letters may leave because of incoming mail: limits in several windows, and which of them is reached.

Called by reply.py and alerts.py with what the store counted (`RecentCounts`); storage asks it how an address is counted.
A limit stops letters only: the mail is sorted as ever, and the summary has one line for what was withheld. Pure; nothing
is raised. Defaults: RFC 3834 §2 (once per sender and period for what is no receipt), RFC 5230's vacation, Zammad's windows.
"""

from __future__ import annotations

from bot.core.mail.addresses import is_free_mail, organizational_domain
from bot.core.policy.policy import Limits
from bot.core.records.outgoing_mail import Letter
from bot.core.records.reasons import LimitReason
from bot.core.records.send_counts import Counts, RecentCounts, SendCount, Withheld, canonical_mailbox

REPLIES = frozenset(
    {Letter.RECEIPT, Letter.RECEIPT_AGAIN, Letter.RECEIPT_DIFFERS, Letter.NOTICE_WANTED, Letter.CONSENT}
)
"""What the sorter answers senders with; a clerk's own words (verified, sent back) and the city's news are no answers."""

_EACH_TIME = frozenset({Letter.RECEIPT, Letter.CONSENT})
"""Confirm what a sender has just done: who stops and resumes within a day is told both."""

ALERTS = frozenset({Letter.ALERT, Letter.MAIL_ALERT})
"""What the sorter tells desks at once; what is withheld stands in the summary."""


# ---------------------------------------------------------------- how an address is counted


def counted_domain(address: str) -> str:
    """The organisation behind an address, for counting; a host of one's own can give itself any number of subdomains."""
    return organizational_domain(address.strip().casefold().rpartition("@")[2])


# ---------------------------------------------------------------- what was counted


def total(counts: Counts, letters: frozenset[Letter] | None = None) -> SendCount:
    """The sum over these letters; None = all."""
    return sum((count for letter, count in counts.items() if letters is None or letter in letters), SendCount())


# ---------------------------------------------------------------- the limits


def withheld_reply(
    letter: Letter, address: str, lately: RecentCounts, limits: Limits, free_mail: frozenset[str], *, besides: int = 0
) -> Withheld | None:
    """The narrowest limit that keeps this answer from the address; None = it may go."""
    sent, domain = lately.to(address), counted_domain(address)
    if letter not in _EACH_TIME and sent.get(letter, SendCount()).day >= limits.kind_per_day:
        return Withheld(letter, LimitReason.SAME_KIND, canonical_mailbox(address))
    if limits.address.is_used_up(total(sent, REPLIES), besides):
        return Withheld(letter, LimitReason.ADDRESS, canonical_mailbox(address))
    if not is_free_mail(domain, free_mail) and limits.domain.is_used_up(total(lately.to_domain, REPLIES), besides):
        return Withheld(letter, LimitReason.DOMAIN, domain)
    if limits.in_all.is_used_up(total(lately.in_all, REPLIES), besides):
        return Withheld(letter, LimitReason.IN_ALL, "")
    return None


def withheld_alert(
    letter: Letter, desk: str, address: str, lately: RecentCounts, limits: Limits, *, besides: int = 0
) -> Withheld | None:
    """Whether the desk has had its share of alerts; answers to senders, however many, take nothing from it."""
    if limits.desk.is_used_up(total(lately.to(address), ALERTS), besides):
        return Withheld(letter, LimitReason.DESK, desk)
    return None
