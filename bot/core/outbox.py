"""An outgoing mail from its wording to its delivery: kinds of letters, states, the back-off.

Composed by bot/outbound, kept by storage, sent by workers/sender.py. Pure: the next attempt is a function of the row.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from bot.core.reasons import OutboxReason

MESSAGE_ID_PREFIX = "hosho-bot."
"""Every Message-ID of ours begins so; staff of the same domain have other ones, and theirs is not our own mail."""


class Letter(StrEnum):
    """Every letter that we write; the value is the template's file name in mail_templates/ja."""

    # to contractors
    RECEIPT = "receipt"
    RECEIPT_AGAIN = "receipt_again"
    RECEIPT_DIFFERS = "receipt_differs"
    NOTICE_WANTED = "notice_wanted"
    VERIFIED = "verified"
    SENT_BACK = "sent_back"
    ISSUED = "issued"
    # to clerks
    ALERT = "alert"
    MAIL_ALERT = "mail_alert"
    SUMMARY = "summary"


LETTERS_TO_CLERKS = frozenset({Letter.ALERT, Letter.MAIL_ALERT, Letter.SUMMARY})
# Answers carry the null reverse-path (RFC 3834 §3.3); what nobody asked for has one that bounces reach.
NOTIFICATIONS = frozenset({Letter.VERIFIED, Letter.SENT_BACK, Letter.ISSUED}) | LETTERS_TO_CLERKS


class OutboxState(StrEnum):
    """`queued → delivered | bounced | expired | cancelled`, `queued ⇄ hold`."""

    QUEUED = "queued"
    HOLD = "hold"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


TRANSITIONS: MappingProxyType[OutboxState, frozenset[OutboxState]] = MappingProxyType(
    {
        OutboxState.QUEUED: frozenset(
            {
                OutboxState.DELIVERED,
                OutboxState.BOUNCED,
                OutboxState.EXPIRED,
                OutboxState.CANCELLED,
                OutboxState.HOLD,
            },
        ),
        OutboxState.HOLD: frozenset({OutboxState.QUEUED, OutboxState.CANCELLED}),
        OutboxState.DELIVERED: frozenset({OutboxState.BOUNCED}),
        OutboxState.BOUNCED: frozenset({OutboxState.QUEUED}),  # `outbox retry`
        OutboxState.EXPIRED: frozenset({OutboxState.QUEUED}),  # `outbox retry`
        OutboxState.CANCELLED: frozenset(),
    },
)


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """A mail ready to leave, complete to the byte. One recipient. `dedupe_key` is unique in the store for ever.

    `reverse_path` "" is the null reverse-path. `text` is the letter's words (for `outbox show` and `inspect`).
    `submission`: a receipt number, or ""; `guarantee_id`: the issued letter's guarantee, or None.
    """

    dedupe_key: str
    letter: Letter
    recipient: str
    reverse_path: str
    subject: str
    text: str
    message_id: str
    content: bytes
    submission: str = ""
    guarantee_id: int | None = None


@dataclass(frozen=True, slots=True)
class ClaimedMail:
    """A mail whose attempt is already registered; `attempts` counts this one. `created_at` UTC."""

    outbox_id: int
    mail: OutgoingMail
    attempts: int
    created_at: datetime


# 5 m, 15 m, 30 m, 1 h, 2 h, then every 4 h until five days have passed (RFC 5321 §4.5.4.1: give up after 4–5 days).
_WAITS = (
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=2),
)
_LAST_WAIT = timedelta(hours=4)
GIVE_UP_AFTER = timedelta(days=5)


def wait_after(attempts: int) -> timedelta:
    """How long to wait after the given number of attempts (1 = the first one failed)."""
    return _WAITS[attempts - 1] if attempts <= len(_WAITS) else _LAST_WAIT


def gives_up(created_at: datetime, now: datetime) -> bool:
    """Whether a mail is too old for another attempt."""
    return now - created_at >= GIVE_UP_AFTER


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """An outgoing mail as `outbox list|show` present it. Times UTC; `done_at` None while it may still be sent."""

    outbox_id: int
    mail: OutgoingMail
    state: OutboxState
    reason: OutboxReason
    reply: str
    attempts: int
    created_at: datetime
    next_attempt_at: datetime
    done_at: datetime | None
