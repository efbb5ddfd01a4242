"""What a clerk's summary counts: facts from the store for a span of time, and lists of what stands open now.

Asked of the store by workers/sweeps.py and `summary --print`; worded by mail_templates/ja/summary.j2.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from bot.core.health.reconciliation import NO_MAILS, Ledger, MailboxCheck
from bot.core.records.guarantee import Guarantee
from bot.core.records.guarantee_version import NO_SERIES, Series
from bot.core.records.incoming_mail import MailRow, MailState
from bot.core.records.journal import BEGINNING, JournalHead
from bot.core.records.outgoing_mail import Letter, OutboxState
from bot.core.records.reasons import LimitReason, OutboxReason
from bot.core.records.submission import Submission


@dataclass(frozen=True, slots=True)
class UndeliveredMail:
    """A letter of ours that did not arrive, was not sent to a dead address, or waits longer than it should.

    `submission`: the receipt number that it speaks of, "" = none.
    """

    outbox_id: int
    letter: Letter
    recipient: str
    subject: str
    state: OutboxState
    reason: OutboxReason
    attempts: int
    created_at: datetime
    submission: str = ""


@dataclass(frozen=True, slots=True)
class WithheldLetters:
    """How many letters of a kind a limit withheld. `about`: the address, domain, desk or number that the limit is about."""

    limit: LimitReason
    about: str
    letter: Letter
    count: int


@dataclass(frozen=True, slots=True)
class SummaryFacts:
    """`since` exclusive, `until` inclusive, UTC. `held` is everything that waits now, whenever it came.

    `mails` counts every mail received in the span by its state now; the sum is what came in.
    `looked_at`: the last successful look into a mailbox, None when only SMTP/LMTP feeds us.
    `passed_on`, `parked` and `asked`: the mails that are open now, whenever they came. The first are those that a person must read, or
    must answer beside a notice that was taken; the last wait for their senders, and are no work of a desk.
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
    withheld: tuple[WithheldLetters, ...]
    looked_at: datetime | None
    ledger: Ledger = NO_MAILS  # the span's mails by door: what each received, and what became of them
    journal: JournalHead = BEGINNING  # the journal's last line when the facts were asked
    checks: tuple[MailboxCheck, ...] = ()  # each mailbox's last comparison with its server
    moved: tuple[
        Submission, ...
    ] = ()  # of the mails that were settled in the span, those that came to another desk's address
    to_verify: tuple[
        tuple[Submission, Guarantee | None], ...
    ] = ()  # all that was accepted and not verified, oldest first
    series: Series = field(default_factory=lambda: NO_SERIES)  # the versions of their guarantees
    stopped: int = 0  # words of the span that stop the issuance-complete mails to an address, and that resume them
    resumed: int = 0
    named: tuple[Guarantee, ...] = ()  # the register's rows with the numbers of what is held
    replaced: tuple[
        Submission, ...
    ] = ()  # those that ended in the span since the register's number and key came in another
    asked: tuple[MailRow, ...] = ()  # mails that wait for their senders
    beside: tuple[Submission, ...] = ()  # the notices that came with those of `passed_on`
