"""Whether somebody tries keys for a number, or numbers, until one fits.

Called by judge.py for each notice. What is found changes nothing in what the sender is told; it goes to a clerk, once a
day for each number or sender. Pure; nothing is raised.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from bot.core.policy.policy import GuessRules
from bot.core.records.guarantee import Guarantee
from bot.core.records.reasons import SubmissionReason
from bot.core.records.secret import AuthKey
from bot.core.records.submission import NoticeFields, Submission

TOLD_FOR = timedelta(days=1)
"""A desk that was told of guesses at a number is not told again within this time."""


def keys_tried(
    fields: NoticeFields,
    guarantee: Guarantee | None,
    earlier: Sequence[Submission],
    at: datetime,
    is_stranger: Callable[[Submission], bool],
    rules: GuessRules,
) -> int:
    """How many different keys strangers have named for the notice's number, this one included; the register's own is no guess.

    0 when the notice names no number, no key, or the very key of the register.
    """
    registered = guarantee.auth_key if guarantee is not None and guarantee.number == fields.number else None
    if not fields.number or fields.auth_key is None or (registered and fields.auth_key.same_as(registered)):
        return 0
    since = at - timedelta(days=rules.days)
    tried: list[AuthKey] = [fields.auth_key]
    for one in earlier:
        key = one.fields.auth_key
        if one.fields.number != fields.number or key is None or one.received_at < since or not is_stranger(one):
            continue
        if not any(key.same_as(other) for other in (*tried, *((registered,) if registered else ()))):
            tried.append(key)
    return len(tried)


def told_of_keys(
    fields: NoticeFields,
    earlier: Sequence[Submission],
    at: datetime,
    about: frozenset[SubmissionReason] = frozenset({SubmissionReason.KEYS_GUESSED}),
) -> bool:
    """Whether a desk was told within TOLD_FOR of this number for one of these reasons; what was not told itself counts for nothing."""
    told: datetime | None = None
    for came in sorted(
        one.received_at
        for one in earlier
        if one.fields.number == fields.number and about.intersection(one.reasons) and one.received_at <= at
    ):
        if told is None or came > told + TOLD_FOR:
            told = came
    return told is not None and at <= told + TOLD_FOR
