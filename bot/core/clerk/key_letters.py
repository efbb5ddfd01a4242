"""Keys by a mail of their own: the list for D-Sure tells what to look up, and this mail the keys, by receipt number alone.

Called by workers/sweeps.py, replies.py and `submissions send-key`. Whoever gets one of the two mails alone can look nothing up: the
list has numbers and names, this one the keys. A key goes to an address once; again where its guarantee was changed, or a clerk asks for it. Pure;
nothing is raised.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from bot.core.letters.case_texts import keys_of
from bot.core.letters.drafts import Draft
from bot.core.letters.to_desks import KeyLine, Keys
from bot.core.policy.policy import Desk, KeyDelivery, Policy
from bot.core.records.guarantee_version import Version, changed_since
from bot.core.records.submission import Submission


def keys_address(desk: Desk) -> str:
    """Where a desk's keys go."""
    return desk.keys_address or desk.address


def still_at_hand(mailed_at: Mapping[str, datetime], versions: Mapping[str, tuple[Version, ...]]) -> set[str]:
    """Of the receipt numbers whose keys were mailed those whose guarantee was not changed since. `versions`: by receipt number.

    Whoever has seen a certificate deletes the mail with its key; for the next certificate it is wanted once more.
    """
    return {receipt for receipt, at in mailed_at.items() if changed_since(versions.get(receipt, ()), at) is None}


def keys_draft(
    submissions: Iterable[Submission], desk: Desk, policy: Policy, occasion: str, mailed: Collection[str] = ()
) -> Draft | None:
    """The mail with the keys of these; None where no key is left to tell, or the city wants no such mail.

    `occasion`: makes the dedupe key; `mailed`: receipt numbers whose keys have gone to the address before.
    """
    keys = tuple((receipt, key) for receipt, key in keys_of(submissions) if receipt not in mailed)
    if policy.keys is not KeyDelivery.SEPARATE or not keys:
        return None
    lines = tuple(KeyLine(receipt, f"（{len(key.reveal())}文字）") for receipt, key in keys)
    address = keys_address(desk)
    return Draft(
        Keys(policy.office, desk.name, lines),
        address,
        f"keys/{occasion}/{desk.name}/{address}",
        submission=keys[0][0],
        keys=keys,
    )
