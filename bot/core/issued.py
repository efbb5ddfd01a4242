"""The city's issuance-complete letter about a row of its register: what the sweeps mail and `letters preview` shows. Pure."""

from __future__ import annotations

from datetime import datetime

from bot.core.guarantee import PRODUCT_NAMES, Guarantee
from bot.core.letters import Issued
from bot.core.policy import Policy


def issued_letter(row: Guarantee, issued_at: datetime, policy: Policy) -> Issued:
    """The letter in the register's own words."""
    return Issued(
        policy.office,
        row.project_name,
        row.contractor,
        PRODUCT_NAMES[row.product],
        row.number,
        issued_at,
        policy.inboxes[0],
        stops_by_mail=policy.takes_wishes,
    )
