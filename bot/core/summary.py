"""What a clerk's summary counts: facts from the store for a span of time, and lists of what stands open now.

Asked of the store by workers/sweeps.py and `summary --print`; worded by mail_templates/ja/summary.j2.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.core.guarantee import Guarantee
from bot.core.incoming import MailRow, MailState
from bot.core.outbox import Letter, OutboxState
from bot.core.reasons import OutboxReason
from bot.core.submission import Submission


@dataclass(frozen=True, slots=True)
class UndeliveredMail:
    """A letter of ours that did not arrive, or not yet after its first attempts."""

    outbox_id: int
    letter: Letter
    recipient: str
    subject: str
    state: OutboxState
    reason: OutboxReason
    attempts: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class SummaryFacts:
    """`since` exclusive, `until` inclusive, UTC. `held` is everything that waits now, whenever it came.

    `mails` counts every mail received in the span by its state now; the sum is what came in.
    `looked_at`: the last successful look into a mailbox, None when only SMTP/LMTP feeds us.
    `passed_on` and `parked`: the mails of the span (parked: all that are parked now).
    """

    since: datetime
    until: datetime
    mails: tuple[tuple[MailState, int], ...]
    accepted: tuple[Submission, ...]
    held: tuple[Submission, ...]
    refused: tuple[Submission, ...]
    duplicates: tuple[Submission, ...]
    verified: tuple[Submission, ...]
    passed_on: tuple[MailRow, ...]
    parked: tuple[MailRow, ...]
    issued_without_notice: tuple[Guarantee, ...]
    undelivered: tuple[UndeliveredMail, ...]
    looked_at: datetime | None
