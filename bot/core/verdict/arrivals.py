"""The answer to "did it arrive?": what a proven sender's own address sent, each with its number, time and state, and nothing else.

Called by reply.py. Whether a notice was accepted or waits is one state here: else the answer would tell what the register knows.
Pure; nothing is raised.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

from bot.core.letters.to_contractors import Arrivals, ArrivedItem, Stage
from bot.core.policy.policy import Office
from bot.core.records.submission import Submission, SubmissionState
from bot.core.verdict.mail_verdict import MailFacts

LOOKED_BACK = timedelta(days=60)
"""A contractor asks about what he sent for the work at hand."""
MOST = 20

_STAGES = MappingProxyType(
    {
        SubmissionState.ACCEPTED: Stage.RECEIVED,
        SubmissionState.HELD: Stage.RECEIVED,
        SubmissionState.DUPLICATE: Stage.RECEIVED,
        SubmissionState.SUPERSEDED: Stage.RECEIVED,
        SubmissionState.REFUSED: Stage.SENT_BACK,  # its sender was told
        SubmissionState.VERIFIED: Stage.VERIFIED,  # likewise
    }
)


def asks_what_arrived(facts: MailFacts) -> bool:
    """Whether the mail may be answered with what its sender sent: he is proven, and asks that alone."""
    return facts.automatic is None and facts.sender.is_proven and facts.words.asks_arrival and not facts.words.has_file


def arrivals(office: Office, asked_at: datetime, sent: Sequence[Submission]) -> Arrivals:
    """The letter."""
    items = (ArrivedItem(one.receipt_number, one.received_at, _STAGES[one.state]) for one in sent[:MOST])
    return Arrivals(office, asked_at, tuple(items))
