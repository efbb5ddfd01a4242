"""How many letters may leave because of incoming mail: limits in several windows, and which of them is reached.

Called by reply.py and alerts.py with what the store counted (`RecentCounts`); storage asks it how an address is counted.
A limit stops letters only: the mail is sorted as ever, and the summary has one line for what was withheld. What strangers
share (all answers, a desk's alerts) takes nothing from whom the register names, nor from alarms about keys. Pure; nothing is
raised. Defaults: RFC 3834 §2 (once per sender and period for what is no receipt), RFC 5230's vacation, Zammad's windows.
"""

from __future__ import annotations

from bot.core.mail.addresses import is_free_mail, organizational_domain
from bot.core.policy.policy import Limits
from bot.core.records.outgoing_mail import Addressee, Letter
from bot.core.records.reasons import LimitReason
from bot.core.records.send_counts import Counts, Named, RecentCounts, SendCount, Withheld, canonical_mailbox

REPLIES = frozenset(one for one in Letter if one.answers and one.to is Addressee.CONTRACTOR)
"""What the sorter answers senders with; a clerk's own words (verified, sent back) and the city's news are no answers."""

_EACH_TIME = frozenset({Letter.RECEIPT, Letter.CONSENT})
"""Confirm what a sender has just done: who stops and resumes within a day is told both."""

_WISHES = 3
"""A forgotten file, a link instead of it, a mail of the surety's instead of the notice."""

ALERTS = frozenset({Letter.ALERT, Letter.MAIL_ALERT})
"""What the sorter tells desks at once; what is withheld stands in the summary."""


# ---------------------------------------------------------------- how an address is counted


def counted_domain(address: str) -> str:
    """The organisation behind an address, for counting; a host of one's own can give itself any number of subdomains."""
    return organizational_domain(address.strip().casefold().rpartition("@")[2])


KEY_ALARMS = "keys"
"""The share of alarms about keys of rows in the register."""


def own_share(address: str, free_mail: frozenset[str]) -> str:
    """The share of the alerts about one sender whom the register names."""
    domain = counted_domain(address)
    return f"of {canonical_mailbox(address) if is_free_mail(domain, free_mail) else domain}"


# ---------------------------------------------------------------- what was counted


def total(counts: Counts, letters: frozenset[Letter] | None = None) -> SendCount:
    """The sum over these letters; None = all."""
    return sum((count for letter, count in counts.items() if letters is None or letter in letters), SendCount())


# ---------------------------------------------------------------- the limits


def withheld_reply(
    letter: Letter,
    address: str,
    lately: RecentCounts,
    limits: Limits,
    free_mail: frozenset[str],
    *,
    besides: int = 0,
    is_persons: bool = False,
) -> Withheld | None:
    """The narrowest limit that keeps this answer from the address; None = it may go.

    `is_persons`: no responder wrote the mail; its sender may do several things wrong in a day, and is told of each.
    """
    sent, domain = lately.to(address), counted_domain(address)
    most = limits.kind_per_day * (_WISHES if letter is Letter.NOTICE_WANTED and is_persons else 1)
    if letter not in _EACH_TIME and sent.get(letter, SendCount()).day >= most:
        return Withheld(letter, LimitReason.SAME_KIND, canonical_mailbox(address))
    if limits.address.is_used_up(total(sent, REPLIES), besides):
        return Withheld(letter, LimitReason.ADDRESS, canonical_mailbox(address))
    if lately.named is Named.BY_ADDRESS:
        return None  # what others at his domain, or anywhere, have used up is not his
    if not is_free_mail(domain, free_mail) and limits.domain.is_used_up(total(lately.to_domain, REPLIES), besides):
        return Withheld(letter, LimitReason.DOMAIN, domain)
    if not lately.named and limits.in_all.is_used_up(total(lately.in_all, REPLIES), besides):
        return Withheld(letter, LimitReason.IN_ALL, "")
    return None


def withheld_alert(
    letter: Letter, desk: str, address: str, lately: RecentCounts, limits: Limits, *, share: str = "", besides: int = 0
) -> Withheld | None:
    """Whether the desk has had this share of alerts; answers to senders, however many, take nothing from it."""
    if limits.desk.is_used_up(total(lately.to(address, share), ALERTS), besides):
        return Withheld(letter, LimitReason.DESK, desk)
    return None
