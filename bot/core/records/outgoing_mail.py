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
from bot.core.text.closed_list import ClosedList


class Addressee(StrEnum):
    """To whom a letter goes."""

    CONTRACTOR = "contractor"
    DESK = "desk"
    OPERATOR = "operator"


class Letter(ClosedList):
    """Every letter that we write; the value is the template's file name in mail_templates/ja.

    An answer has the null reverse-path (RFC 3834 §3.3); what nobody asked for has one that bounces reach.
    """

    words: str  # in a list of letters
    to: Addressee
    answers: bool  # whether it answers a mail
    needs: tuple[str, ...]  # the fields of its context without which it does not say what it is there for

    RECEIPT = "receipt", "受付のお知らせ", Addressee.CONTRACTOR, True, ("office", "items")
    RECEIPT_AGAIN = "receipt_again", "再送受付のお知らせ", Addressee.CONTRACTOR, True, ("office", "items")
    RECEIPT_DIFFERS = "receipt_differs", "相違のお知らせ", Addressee.CONTRACTOR, True, ("office", "items", "differing")
    NOTICE_WANTED = "notice_wanted", "送付のお願い", Addressee.CONTRACTOR, True, ("office", "wanted")
    OUTSIDE = "outside", "利用条件外のお知らせ", Addressee.CONTRACTOR, True, ("office", "outside", "instead")
    ARRIVALS = "arrivals", "受付状況のお知らせ", Addressee.CONTRACTOR, True, ("office", "arrived")
    VERIFIED = "verified", "確認済のお知らせ", Addressee.CONTRACTOR, False, ("office", "item")
    SENT_BACK = (
        "sent_back",
        "差戻しのお知らせ",
        Addressee.CONTRACTOR,
        False,
        ("office", "item", "clerk_reason", "refusal"),
    )
    ISSUED = "issued", "発行完了のお知らせ", Addressee.CONTRACTOR, False, ("office", "contractor", "inbox")
    NOTICE_REMINDER = (
        "notice_reminder",
        "お知らせの送付の再度のお願い",
        Addressee.CONTRACTOR,
        False,
        ("office", "items", "inbox"),
    )
    CONSENT = "consent", "配信停止・再開の確認", Addressee.CONTRACTOR, True, ("office", "given", "address", "inbox")
    ALERT = "alert", "担当者への確認依頼", Addressee.DESK, False, ("cases", "sender")
    MAIL_ALERT = "mail_alert", "担当者へのメール確認依頼", Addressee.DESK, False, ("mail_id", "sender", "reason")
    SUMMARY = (
        "summary",
        "定時報告",
        Addressee.DESK,
        False,
        ("held", "passed_on", "parked", "undelivered", "to_verify"),
    )
    DESK_REPLY = "desk_reply", "担当者の返信への回答", Addressee.DESK, True, ("done", "found", "cases")
    DESK_HELP = (
        "desk_help",
        "担当者の返信への書き方の案内",
        Addressee.DESK,
        True,
        ("problem", "lines", "cases", "proposed"),
    )
    DESK_NOTE = "desk_note", "職員のメールへの回答", Addressee.DESK, True, ("why", "notices")
    REMINDER = "reminder", "期限のお知らせ", Addressee.DESK, False, ("groups",)
    KEYS = "keys", "担当者への認証キーの送付", Addressee.DESK, False, ("keys",)
    ORIGINALS = "originals", "担当者への原本の送付", Addressee.DESK, False, ("mail_id", "files", "left", "inbox")
    ENTRY_REPLY = "entry_reply", "担当者の手入力のメールへの回答", Addressee.DESK, True, ("count", "files", "left")
    ENTRY_RESULT = "entry_result", "担当者が送ったお知らせの結果", Addressee.DESK, True, ("items", "left")
    DISPOSAL_LIST = "disposal_list", "廃棄の一覧", Addressee.OPERATOR, False, ("number", "classes")
    DISPOSAL_NOTE = "disposal_note", "廃棄の一覧への返信の結果", Addressee.OPERATOR, False, ("number", "result")
    ALARM = "alarm", "システム担当者への警報", Addressee.OPERATOR, False, ("title", "over_at")

    @property
    def has_english(self) -> bool:
        """Whether it says the same in English below where the city wants that; its template stands in mail_templates/en."""
        return self.to is Addressee.CONTRACTOR


OF_CLERKS = frozenset(one.value for one in Letter if one.to is not Addressee.CONTRACTOR)
"""The values of the letters that go to nobody outside."""

TO_FIRM = "/firm"
"""Ends the dedupe key of a final letter to the register's own address, which somebody else's notice brought about."""


class OutboxState(ClosedList):
    """`queued → delivered | bounced | expired | cancelled`, `queued ⇄ hold`."""

    words: str

    QUEUED = "queued", "送信待ち"
    HOLD = "hold", "保留"
    DELIVERED = "delivered", "送信済"
    BOUNCED = "bounced", "不達"
    EXPIRED = "expired", "期限切れ"
    CANCELLED = "cancelled", "取消し"


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
    """A mail ready to leave, complete to the byte. One recipient."""

    dedupe_key: str  # unique in the store for ever
    letter: Letter
    recipient: str
    reverse_path: str  # "" = the null reverse-path
    subject: str
    text: str  # the letter's words, for `outbox show` and `inspect`
    message_id: str  # with brackets
    content: bytes
    submission: str = ""  # a receipt number; "" = none
    guarantee_id: int | None = None  # the issued letter's guarantee
    not_before: datetime | None = None  # when it is due (it may be past); None = at once
    is_secret: bool = False  # its content may show a key: who looks at it is noted
    # by which it can be answered, while it is being queued; a stored mail's is asked for by its token
    ticket: NewTicket | None = None
    keys_of: tuple[str, ...] = ()  # the submissions whose keys it shows, for the journal
    share: str = ""  # the budget that it is counted in (core/verdict/send_limits.py), while it is being queued


@dataclass(frozen=True, slots=True)
class ClaimedMail:
    """A mail whose attempt is already registered."""

    outbox_id: int
    mail: OutgoingMail
    attempts: int  # with this one
    created_at: datetime  # UTC
    reason: OutboxReason = OutboxReason.WAITING  # why it was not sent before


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
LEAST_ATTEMPTS = 12
OVERDUE_AFTER = timedelta(hours=4)
"""A person should know of a mail that waits longer than this."""
# What failed together must not come back together: each mail waits up to a tenth longer, always the same for the same mail.
_SPREAD = 0.1
_GOLDEN = 2654435769  # 2**32 divided by the golden ratio: neighbouring numbers are spread evenly (Knuth, TAOCP 6.4)


def wait_after(attempts: int, outbox_id: int) -> timedelta:
    """How long a mail waits after the given number of attempts (1 = the first one failed)."""
    wait = _WAITS[attempts - 1] if attempts <= len(_WAITS) else _LAST_WAIT
    return wait * (1 + _SPREAD * (outbox_id * _GOLDEN % 2**32) / 2**32)


def gives_up(created_at: datetime, attempts: int, now: datetime) -> bool:
    """Whether a mail is too old for another attempt: by the clock, which may have been put forward, and by its attempts."""
    return attempts >= LEAST_ATTEMPTS and now - created_at >= GIVE_UP_AFTER


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """An outgoing mail as `outbox list|show` present it. Times UTC."""

    outbox_id: int
    mail: OutgoingMail
    state: OutboxState
    reason: OutboxReason
    reply: str  # the relay's last one
    attempts: int
    created_at: datetime
    next_attempt_at: datetime
    done_at: datetime | None  # None = it may still be sent


SUSPECTED_FOR = timedelta(days=7)
"""A report that names an address and no letter is about one of the last days: relays give up after five (RFC 5321 §4.5.4.1)."""


@dataclass(frozen=True, slots=True)
class BounceReport:
    """What a delivery report says about a letter of ours, and by what it names that letter."""

    reverse_paths: tuple[str, ...]  # proof, like message_ids: nobody but who got the letter knows them
    message_ids: tuple[str, ...]
    addresses: tuple[str, ...]  # whom the report names as failed or late, lower case
    is_final: bool  # it did not arrive and won't; else it is only late
    is_sure: bool  # the report says which of the two
    is_dead: bool  # the addresses don't exist
    words: str  # the report's own status and diagnosis, one line, cut


@dataclass(frozen=True, slots=True)
class BounceMatch:
    """Which letters a report is about."""

    proven: tuple[int, ...] = ()  # their numbers
    suspects: int = 0  # how many went to its addresses lately, where none is proven


@dataclass(frozen=True, slots=True)
class DeadAddress:
    """An address to which a contractor's letter bounced for good."""

    address: str
    since: datetime
    why: str  # the report's words
    outbox_id: int  # that letter
