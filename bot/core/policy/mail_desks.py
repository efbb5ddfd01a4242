"""Whose a mail is that a person must read: one desk's, by the city's own rules, else by what is known of the mail.

Called by decide.py when the mail ends; what its row then says is read by the summary and the deadlines. A mail that brings a notice is
its notice's desk's. Pure; nothing is raised.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.core.mail.trace_headers import is_ours
from bot.core.policy.policy import Desk, DeskRule, desks_for
from bot.core.records.guarantee import Guarantee, Product
from bot.core.text.normalise import fold


def default_desk(desks: Sequence[Desk]) -> Desk:
    """Whose the rest is: the desk that the settings name, else the first that takes all products, else the first."""
    named = next((one for one in desks if one.is_default), None)
    return named or next((one for one in desks if not one.products), desks[0])


def desk_named(name: str, desks: Sequence[Desk]) -> Desk:
    """The desk of a stored mail. A mail that ended at the door has none, and a desk may be gone from the settings."""
    return next((one for one in desks if one.name == name), None) or default_desk(desks)


def desk_of_mail(
    desks: tuple[Desk, ...],
    rules: Iterable[DeskRule],
    *,
    recipients: Iterable[str],
    sender: str,
    subject: str,
    arrived_at: Sequence[Desk] = (),
    rows: Iterable[Guarantee] = (),
    product: Product | None = None,
) -> Desk:
    """The one desk. `arrived_at`: to whose own addresses alone it was sent; `rows`: the sender's of the register, newest first;
    `product`: that its papers are about.
    """
    recipients = tuple(recipients)
    by_name = {one.name: one for one in desks}
    for rule in rules:
        if rule.desk in by_name and _fits(rule, recipients, sender.casefold(), subject):
            return by_name[rule.desk]
    if arrived_at:
        return arrived_at[0]
    likely = [desks_for(desks, row.product, row.desk) for row in rows]
    likely += [desks_for(desks, product)] if product is not None else []
    return next((found[0] for found in likely if len(found) == 1), None) or default_desk(desks)


def _fits(rule: DeskRule, recipients: Sequence[str], sender: str, subject: str) -> bool:
    if rule.recipients and not any(is_ours(one, rule.recipients) for one in recipients):
        return False
    if rule.senders and not any(_is_of(sender, one) for one in rule.senders):
        return False
    folded = fold(subject).casefold()
    return not rule.words or any(fold(word).casefold() in folded for word in rule.words)


def _is_of(sender: str, address_or_domain: str) -> bool:
    domain = sender.rpartition("@")[2]
    return address_or_domain in {sender, domain} or domain.endswith(f".{address_or_domain}")
