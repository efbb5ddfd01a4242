"""An outgoing mail from its wording to its delivery and beyond: kinds of letters, states, the back-off, what comes back.

Composed by bot/outbound, kept by storage, sent by workers/sender.py. Pure: the next attempt is a function of the row.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from bot.core.records.reasons import OutboxReason
from bot.core.records.reply_token import NewTicket


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
    NOTICE_REMINDER = "notice_reminder"
    CONSENT = "consent"
    # to clerks
    ALERT = "alert"
    MAIL_ALERT = "mail_alert"
    SUMMARY = "summary"
    DESK_REPLY = "desk_reply"
    DESK_HELP = "desk_help"
    REMINDER = "reminder"
    KEYS = "keys"
    ENTRY_REPLY = "entry_reply"
    # to the operator
    ALARM = "alarm"


LETTERS_TO_CLERKS = frozenset(
    {
        Letter.ALERT,
        Letter.MAIL_ALERT,
        Letter.SUMMARY,
        Letter.ALARM,
        Letter.DESK_REPLY,
        Letter.DESK_HELP,
        Letter.REMINDER,
        Letter.KEYS,
        Letter.ENTRY_REPLY,
    }
)
# Answers carry the null reverse-path (RFC 3834 §3.3); what nobody asked for has one that bounces reach.
NOTIFICATIONS = (
    frozenset({Letter.VERIFIED, Letter.SENT_BACK, Letter.ISSUED, Letter.NOTICE_REMINDER}) | LETTERS_TO_CLERKS
) - {
    Letter.DESK_REPLY,
    Letter.DESK_HELP,
    Letter.ENTRY_REPLY,
}


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
        OutboxState.CANCELLED: frozenset({OutboxState.QUEUED}),  # by `retry`, where its address was dead
    },
)


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """A mail ready to leave, complete to the byte. One recipient. `dedupe_key` is unique in the store for ever.

    `reverse_path` "" is the null reverse-path. `text` is the letter's words (for `outbox show` and `inspect`).
    `submission`: a receipt number, or ""; `guarantee_id`: the issued letter's guarantee, or None. `not_before`: when it is due
    (it may be past), None = at once. `is_secret`: its content shows a key, and is sealed at rest.
    `ticket`: by which it can be answered, while it is being queued; a stored mail's is asked for by its token. `keys_of`: the submissions whose keys it shows, for the journal.
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
    not_before: datetime | None = None
    is_secret: bool = False
    ticket: NewTicket | None = None
    keys_of: tuple[str, ...] = ()


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
OVERDUE_AFTER = timedelta(hours=4)
"""A person should know of a mail that waits longer than this."""
# What failed together must not come back together: each mail waits up to a tenth longer, always the same for the same mail.
_SPREAD = 0.1
_GOLDEN = 2654435769  # 2**32 divided by the golden ratio: neighbouring numbers are spread evenly (Knuth, TAOCP 6.4)


def wait_after(attempts: int, outbox_id: int) -> timedelta:
    """How long a mail waits after the given number of attempts (1 = the first one failed)."""
    wait = _WAITS[attempts - 1] if attempts <= len(_WAITS) else _LAST_WAIT
    return wait * (1 + _SPREAD * (outbox_id * _GOLDEN % 2**32) / 2**32)


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


SUSPECTED_FOR = timedelta(days=7)
"""A report that names an address and no letter is about one of the last days: relays give up after five (RFC 5321 §4.5.4.1)."""


@dataclass(frozen=True, slots=True)
class BounceReport:
    """What a delivery report says about a letter of ours, and by what it names that letter.

    `reverse_paths` and `message_ids` are proof: nobody but who got the letter knows them. `addresses`: whom the report names
    as failed or late, lower case. `is_final`: it did not arrive and won't; else it is only late. `is_sure`: the report says
    which of the two. `is_dead`: the addresses don't exist. `words`: the report's own status and diagnosis, one line, cut.
    """

    reverse_paths: tuple[str, ...]
    message_ids: tuple[str, ...]
    addresses: tuple[str, ...]
    is_final: bool
    is_sure: bool
    is_dead: bool
    words: str


@dataclass(frozen=True, slots=True)
class BounceMatch:
    """Which letters a report is about. `proven`: their numbers; `suspects`: how many went to its addresses lately, where none is."""

    proven: tuple[int, ...] = ()
    suspects: int = 0


@dataclass(frozen=True, slots=True)
class DeadAddress:
    """An address to which a contractor's letter bounced for good. `why`: the report's words; `outbox_id`: that letter."""

    address: str
    since: datetime
    why: str
    outbox_id: int
