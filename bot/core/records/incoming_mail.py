"""An incoming mail in the store: its states, and what a clerk orders about it.

`received → sorted | besides | answered | passed_on | asked | ignored | parked`; `parked, passed_on, asked → released` (a person has
dealt with it, or its sender has); `besides → sorted` (likewise: its notice stays as it is); `parked, passed_on, asked, ignored, released →
received` (replay; passed_on and asked also when another mail tells its file's password). Every mail ends in exactly one of these, with a
reason. Values only, nothing is raised.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from bot.core.records.envelope import Envelope
from bot.core.records.paper import Paper
from bot.core.records.reasons import MailReason, NoReplyReason, SubmissionReason
from bot.core.records.refusal import Refusal
from bot.core.records.secret import AuthKey
from bot.core.records.submission import NoticeFields, SubmissionState, mail_number
from bot.core.text.closed_list import ClosedList


class MailState(ClosedList):
    """Where an incoming mail stands."""

    words: str  # in a list
    end: str  # where a door's mails ended, before a number
    counted: str  # in the summary's counts
    is_open: bool  # a clerk's answer can still decide it
    is_work: bool  # it waits for a person of a desk

    RECEIVED = "received", "受信", "処理中", "処理中のもの", False, False
    SORTED = "sorted", "処理済", "読取り", "認証キーのお知らせを読み取ったもの", False, False
    # a notice was taken from it, and what stands beside the notice (a question, a paper that can't be read) is for a person
    BESIDES = "besides", "お知らせのほか要確認", "ほか要確認", "お知らせのほかに、担当者の確認が必要なもの", True, True
    # a clerk's answer, carried out or answered with what was not understood; a contractor's 配信停止
    ANSWERED = (
        "answered",
        "返信・手入力・申出",
        "返信・手入力・申出",
        "担当者からの返信・手入力、配信停止・再開の申出",
        False,
        False,
    )
    PASSED_ON = "passed_on", "要確認", "要確認", "担当者の確認が必要なメール", True, True
    ASKED = "asked", "返信待ち", "返信待ち", "差出人に送付を依頼し、返信を待つもの", True, False
    IGNORED = "ignored", "対象外", "対象外", "自動送信等のため対象外としたもの", False, False
    PARKED = "parked", "保留", "保留", "読み取れず保留したもの", True, True
    RELEASED = "released", "対応済", "対応済み", "対応済みとしたもの", False, False

    @property
    def outcome(self) -> MailState:
        """What became of the mail itself, whatever is still to be done about it: what programs are told."""
        return {MailState.BESIDES: MailState.SORTED, MailState.ASKED: MailState.PASSED_ON}.get(self, self)

    @property
    def when_dealt_with(self) -> MailState:
        """Where it stands when what was open is dealt with: a mail with a notice is never read again."""
        return MailState.SORTED if self is MailState.BESIDES else MailState.RELEASED


TRANSITIONS: MappingProxyType[MailState, frozenset[MailState]] = MappingProxyType(
    {
        MailState.RECEIVED: frozenset(
            {
                MailState.SORTED,
                MailState.BESIDES,
                MailState.ANSWERED,
                MailState.PASSED_ON,
                MailState.ASKED,
                MailState.IGNORED,
                MailState.PARKED,
            }
        ),
        MailState.PARKED: frozenset({MailState.RECEIVED, MailState.RELEASED}),
        MailState.PASSED_ON: frozenset({MailState.RECEIVED, MailState.RELEASED}),
        MailState.ASKED: frozenset({MailState.RECEIVED, MailState.RELEASED}),
        MailState.BESIDES: frozenset({MailState.SORTED}),
        MailState.IGNORED: frozenset({MailState.RECEIVED}),
        MailState.RELEASED: frozenset({MailState.RECEIVED}),
        MailState.SORTED: frozenset(),
        MailState.ANSWERED: frozenset(),
    },
)


@dataclass(frozen=True, slots=True)
class ClaimFilter:
    """Whose mail may be claimed next. Senders as `ReceivedMail.shares_as` names them."""

    busy: tuple[str, ...] = ()  # a mail of theirs is in work
    lately: tuple[str, ...] = ()  # those who had a turn, longest ago first; all others come before them
    first_tries_only: bool = False  # no mail that was tried before


@dataclass(frozen=True, slots=True)
class KeyReceived:
    """The effect of an accepted submission on the register: the guarantee now has this number and key."""

    guarantee_id: int
    number: str
    auth_key: AuthKey


@dataclass(frozen=True, slots=True)
class ClerkDecision:
    """A clerk's word on a submission."""

    receipt_number: str
    state: SubmissionState  # its new one
    reason: SubmissionReason  # appended to the submission's
    note: str = ""  # his words, for the journal
    guarantee_id: int | None = None  # the row that it is accepted for; None = what was decided stays
    key_received: KeyReceived | None = None
    refusal: Refusal | None = None  # which letter its sender gets
    # of a word on what was seen in D-Sure: how many the guarantee had when it was decided on; 0 = not told
    versions: int = 0
    replaces: tuple[str, ...] = ()  # receipt numbers of earlier ones that end with its acceptance


@dataclass(frozen=True, slots=True)
class CaseNote:
    """A clerk's word that changes no state."""

    receipt_number: str
    event: str  # it stands in the journal as submission.`event`
    note: str


@dataclass(frozen=True, slots=True)
class Correction:
    """A held submission's fields as a clerk put them right."""

    receipt_number: str
    fields: NoticeFields  # never the key
    reasons: tuple[SubmissionReason, ...]  # what speaks against it now
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stop:
    """A contractor wants no more issuance-complete mails at this address, as a clerk says in answering about a submission."""

    receipt_number: str
    address: str
    wording: str = "停止"


@dataclass(frozen=True, slots=True)
class Release:
    """A person has dealt with a mail that was open."""

    mail_id: int
    note: str  # how, in his words, for the journal
    also: tuple[int, ...] = ()  # the other mails of its line in the letter, those that are still open


@dataclass(frozen=True, slots=True)
class ReadAgain:
    """A mail that was passed on or parked is to be read once more."""

    mail_id: int


@dataclass(frozen=True, slots=True)
class OriginalsAsked:
    """A clerk wants the papers that came with a mail. `receipt_number`: the submission that he asks about, "" = the mail itself."""

    mail_id: int
    receipt_number: str = ""


ClerkAction = ClerkDecision | CaseNote | Correction | Stop | Release | ReadAgain | OriginalsAsked


def leaves_case(act: ClerkAction) -> bool:
    """Whether the case is as it was afterwards, so that the same letter can still be answered."""
    return isinstance(act, CaseNote | Stop | OriginalsAsked)


@dataclass(frozen=True, slots=True)
class AppliedAction:
    """One act of a clerk's answer."""

    act: ClerkAction
    actor: str  # by whom
    token: str  # of the letter answered
    place: int  # the letter's case that is spent by it
    confirms: int = 0  # the mail in which the order was read, where a はい confirms it


@dataclass(frozen=True, slots=True)
class MailRow:
    """An incoming mail as `mail list|show` present it."""

    mail_id: int
    state: MailState
    reason: MailReason | None
    envelope: Envelope
    sender: str
    subject: str
    size_bytes: int
    digest: str
    attempts: int
    error: str  # the last trouble; "" = none
    papers: tuple[Paper, ...]
    no_reply: NoReplyReason | None  # why its sender got nothing; None = a letter went to him
    desk: str = ""  # the name of the desk whose it is, where a person must read it; "" = told by no rule

    @property
    def number(self) -> str:
        """The number by which a clerk names it."""
        return mail_number(self.mail_id, self.envelope.received_at)


@dataclass(frozen=True, slots=True)
class MailboxMemory:
    """How far a mailbox was read, in the words of its source."""

    mailbox: str
    memory: str  # a JSON object that only the source reads: of IMAP see bot/intake/imap/cursor.py
    looked_at: datetime  # UTC
