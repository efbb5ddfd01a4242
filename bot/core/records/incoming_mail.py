"""An incoming mail in the store: its states, and what is settled about it in one transaction.

`received → sorted | answered | passed_on | ignored | parked`; `parked, passed_on → released` (a person has dealt with it); `parked,
passed_on, ignored, released → received` (replay; passed_on also when another mail tells its file's password). Every mail ends
in exactly one of these, with a reason. Values only, nothing is raised.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from bot.core.records.consent import ConsentStatement
from bot.core.records.envelope import Arrival, Envelope
from bot.core.records.outgoing_mail import BounceReport, OutgoingMail
from bot.core.records.paper import Paper
from bot.core.records.reasons import MailReason, NoReplyReason, Refusal, SubmissionReason
from bot.core.records.secret import AuthKey
from bot.core.records.send_counts import Withheld
from bot.core.records.submission import NoticeFields, Submission, SubmissionState


class MailState(StrEnum):
    """Where an incoming mail stands."""

    RECEIVED = "received"
    SORTED = "sorted"
    ANSWERED = (
        "answered"  # a clerk's answer, carried out or answered with what was not understood; a contractor's 配信停止
    )
    PASSED_ON = "passed_on"
    IGNORED = "ignored"
    PARKED = "parked"
    RELEASED = "released"


TRANSITIONS: MappingProxyType[MailState, frozenset[MailState]] = MappingProxyType(
    {
        MailState.RECEIVED: frozenset(
            {MailState.SORTED, MailState.ANSWERED, MailState.PASSED_ON, MailState.IGNORED, MailState.PARKED}
        ),
        MailState.PARKED: frozenset({MailState.RECEIVED, MailState.RELEASED}),
        MailState.PASSED_ON: frozenset({MailState.RECEIVED, MailState.RELEASED}),
        MailState.IGNORED: frozenset({MailState.RECEIVED}),
        MailState.RELEASED: frozenset({MailState.RECEIVED}),
        MailState.SORTED: frozenset(),
        MailState.ANSWERED: frozenset(),
    },
)


@dataclass(frozen=True, slots=True)
class ClaimFilter:
    """Whose mail may be claimed next. Senders as `ReceivedMail.shares_as` names them.

    `busy`: a mail of theirs is in work. `lately`: those who had a turn, longest ago first; all others come before them.
    `first_tries_only`: no mail that was tried before.
    """

    busy: tuple[str, ...] = ()
    lately: tuple[str, ...] = ()
    first_tries_only: bool = False


@dataclass(frozen=True, slots=True)
class KeyReceived:
    """The effect of an accepted submission on the register: the guarantee now has this number and key."""

    guarantee_id: int
    number: str
    auth_key: AuthKey


@dataclass(frozen=True, slots=True)
class ClerkDecision:
    """A clerk's word on a submission: its new state, with the reason that is added. `note`: his words, for the journal.

    `guarantee_id`: the row that it is accepted for; None leaves what was decided. `refusal`: which letter its sender gets.
    `versions`: of a word on what was seen in D-Sure, how many versions the guarantee had when it was decided on; 0 = not told.
    """

    receipt_number: str
    state: SubmissionState
    reason: SubmissionReason
    note: str = ""
    guarantee_id: int | None = None
    key_received: KeyReceived | None = None
    refusal: Refusal | None = None
    versions: int = 0


@dataclass(frozen=True, slots=True)
class CaseNote:
    """A clerk's word that changes no state: it stands in the journal as submission.`event`."""

    receipt_number: str
    event: str
    note: str


@dataclass(frozen=True, slots=True)
class Correction:
    """A held submission's fields as a clerk put them right (never the key), and what speaks against it now."""

    receipt_number: str
    fields: NoticeFields
    reasons: tuple[SubmissionReason, ...]
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stop:
    """A contractor wants no more issuance-complete mails at this address, as a clerk says in answering about a submission."""

    receipt_number: str
    address: str
    wording: str = "停止"


@dataclass(frozen=True, slots=True)
class Release:
    """A person has dealt with a mail that was passed on or parked. `note`: how, in his words, for the journal."""

    mail_id: int
    note: str


@dataclass(frozen=True, slots=True)
class ReadAgain:
    """A mail that was passed on or parked is to be read once more."""

    mail_id: int


ClerkAction = ClerkDecision | CaseNote | Correction | Stop | Release | ReadAgain


@dataclass(frozen=True, slots=True)
class AppliedAction:
    """One act of a clerk's answer: by whom, and the ticket's case that is spent by it."""

    act: ClerkAction
    actor: str
    token: str
    place: int


@dataclass(frozen=True, slots=True)
class Settled:
    """All that one transaction (T2) writes about a mail: its end, its submissions, the register's news, the letters.

    `returned`: what this mail reports about a letter of ours. `alive`: the address of a person who wrote it, "" = none: letters
    to him are worth while again. `sender` and `subject` are for lists; `no_reply` says why the sender gets nothing, None when a
    letter goes to him. `reopened`: mails that were passed on with a locked file and are read again, since this one tells its password.
    `carried_out`: what a clerk's answer does. `entered`: the forms that a clerk's mail brings, as mails of their own, in the name of
    its `sender`. `word`: what a contractor's 配信停止 or 配信再開 says.
    """

    state: MailState
    reason: MailReason
    sender: str
    subject: str
    papers: tuple[Paper, ...] = ()
    submissions: tuple[Submission, ...] = ()
    keys_received: tuple[KeyReceived, ...] = ()
    outgoing: tuple[OutgoingMail, ...] = ()
    returned: BounceReport | None = None
    alive: str = ""
    no_reply: NoReplyReason | None = None
    withheld: tuple[Withheld, ...] = ()
    reopened: tuple[int, ...] = ()
    carried_out: tuple[AppliedAction, ...] = ()
    entered: tuple[Arrival, ...] = ()
    word: ConsentStatement | None = None


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
    """How far a mailbox was read (RFC 9051 §2.3.1.1): everything up to `last_uid` of this `uidvalidity` is in the store.

    `watermark`: mails up to this UID lay there before the first look: they are listed, not answered, and not counted.
    """

    mailbox: str
    uidvalidity: int
    last_uid: int
    looked_at: datetime
    watermark: int = 0
