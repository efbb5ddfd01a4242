"""An incoming mail in the store: its states, and what is settled about it in one transaction.

`received → sorted | passed_on | ignored | parked`; `parked, ignored → received` (replay). Every mail ends in exactly one
of these, with a reason. Values only, nothing is raised.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from bot.core.envelope import Envelope
from bot.core.outbox import OutgoingMail
from bot.core.papers import Paper
from bot.core.reasons import MailReason, NoReplyReason
from bot.core.secret import AuthKey
from bot.core.submission import Submission


class MailState(StrEnum):
    """Where an incoming mail stands."""

    RECEIVED = "received"
    SORTED = "sorted"
    PASSED_ON = "passed_on"
    IGNORED = "ignored"
    PARKED = "parked"


TRANSITIONS: MappingProxyType[MailState, frozenset[MailState]] = MappingProxyType(
    {
        MailState.RECEIVED: frozenset({MailState.SORTED, MailState.PASSED_ON, MailState.IGNORED, MailState.PARKED}),
        MailState.PARKED: frozenset({MailState.RECEIVED}),
        MailState.IGNORED: frozenset({MailState.RECEIVED}),
        MailState.SORTED: frozenset(),
        MailState.PASSED_ON: frozenset(),
    },
)


@dataclass(frozen=True, slots=True)
class KeyReceived:
    """The effect of an accepted submission on the register: the guarantee now has this number and key."""

    guarantee_id: int
    number: str
    auth_key: AuthKey


@dataclass(frozen=True, slots=True)
class Settled:
    """All that one transaction (T2) writes about a mail: its end, its submissions, the register's news, the letters.

    `bounced`: Message-IDs of our letters that this mail reports as not delivered. `sender` and `subject` are for lists; `no_reply` says why the sender gets nothing, None when a letter goes to him.
    """

    state: MailState
    reason: MailReason
    sender: str
    subject: str
    papers: tuple[Paper, ...] = ()
    submissions: tuple[Submission, ...] = ()
    keys_received: tuple[KeyReceived, ...] = ()
    outgoing: tuple[OutgoingMail, ...] = ()
    bounced: tuple[str, ...] = ()
    no_reply: NoReplyReason | None = None


@dataclass(frozen=True, slots=True)
class MailRow:
    """An incoming mail as `mail list|show` present it. `error`: the last trouble, "" = none."""

    mail_id: int
    state: MailState
    reason: MailReason | None
    envelope: Envelope
    sender: str
    subject: str
    size_bytes: int
    digest: str
    attempts: int
    error: str
    papers: tuple[Paper, ...]
    no_reply: NoReplyReason | None


@dataclass(frozen=True, slots=True)
class MailboxCursor:
    """How far a mailbox was read (RFC 9051 §2.3.1.1): everything up to `last_uid` of this `uidvalidity` is in the store."""

    mailbox: str
    uidvalidity: int
    last_uid: int
    looked_at: datetime
