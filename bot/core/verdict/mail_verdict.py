"""What deciding on a mail begins with and ends in: the facts, a letter that is due, the verdict.

Made by the sorter (facts) and by decide.py and whoever else decides (the verdict), written by storage. Values only, nothing is raised.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.core.judging.sender_facts import SenderFacts
from bot.core.letters.drafts import Draft
from bot.core.mail.message import Mail
from bot.core.notice.entry_forms import EntryForm
from bot.core.notice.read_mail import MailWords
from bot.core.policy.policy import Desk
from bot.core.records.consent import ConsentStatement
from bot.core.records.envelope import Envelope
from bot.core.records.guarantee import Guarantee
from bot.core.records.incoming_mail import AppliedAction, KeyReceived, MailRow, MailState
from bot.core.records.outgoing_mail import BounceReport
from bot.core.records.paper import Paper
from bot.core.records.reasons import MailReason, NoReplyReason
from bot.core.records.retention import ListAnswer
from bot.core.records.send_counts import RecentCounts, Withheld
from bot.core.records.submission import Submission, receipt_number


@dataclass(frozen=True, slots=True)
class MailFacts:
    """What is known about a mail when it is decided on."""

    mail_id: int
    digest: str
    envelope: Envelope
    mail: Mail  # its own header alone, as the daemon reads it
    automatic: MailReason | None  # why no machine may answer it; None = a person's
    sender: SenderFacts
    words: MailWords = field(default_factory=MailWords)
    lately: RecentCounts = field(default_factory=RecentCounts)  # the letters that left before it
    is_unclear_report: bool = (
        False  # seems to report that a letter of ours did not arrive, but not surely, or not which
    )
    opens: tuple[int, ...] = ()  # mails of this sender whose locked files open with the words of this one
    looks_for_files: bool = False  # whether mails of this sender were looked through for files that its words open
    sent_before: tuple[
        Submission, ...
    ] = ()  # what came from its sender, proven, the newest first; looked up only where he asks
    arrived_at: tuple[Desk, ...] = ()  # the desks to whose own addresses alone it was sent
    opened_by: tuple[int, ...] = ()  # mails of this sender, among which are those whose words opened its files
    asked: tuple[MailRow, ...] = ()  # mails of this sender that wait for him, newest first
    rows_of_sender: tuple[Guarantee, ...] = ()  # of the register, newest first
    receipts: tuple[Submission, ...] = ()  # the last ones from its sender's address, newest first

    @property
    def asks(self) -> bool:
        """Whether a person asks something in it, that a desk must answer whatever else becomes of the mail."""
        return self.automatic is None and (self.words.asks or self.words.asks_of_earlier)

    @property
    def returned(self) -> BounceReport | None:
        """That a letter of ours did not arrive, as a machine reports it."""
        return self.words.returned if self.automatic is not None else None

    def number_of(self, ordinal: int) -> str:
        """The 受付番号 of its notice in this place, from 1."""
        return receipt_number(self.mail_id, self.envelope.received_at, ordinal)


@dataclass(frozen=True, slots=True)
class Verdict:
    """All that follows from a mail; storage writes it in one transaction (T2), with the letters that `drafts` became."""

    state: MailState
    reason: MailReason
    sender: str  # for lists; "" = no plain address
    subject: str  # for lists: cleaned, without keys and passwords
    papers: tuple[Paper, ...] = ()
    submissions: tuple[Submission, ...] = ()
    keys_received: tuple[KeyReceived, ...] = ()  # the register's news
    replaced: tuple[tuple[str, int], ...] = ()  # the earlier submissions that an accepted one ends, each with the row
    drafts: tuple[Draft, ...] = ()
    no_reply: NoReplyReason | None = None  # why the sender gets nothing; None = a letter goes to him
    withheld: tuple[Withheld, ...] = ()  # letters that a limit keeps back
    desk: str = ""  # the name of the desk whose it is, where a person must read it
    answered: tuple[int, ...] = ()  # mails that waited for this sender, and don't any more since he has sent his notice
    opened_by: tuple[
        int, ...
    ] = ()  # mails that may have told its files' passwords: those that did nothing before are done
    reopened: tuple[int, ...] = ()  # passed-on mails with a locked file, read again since this one tells its password
    carried_out: tuple[AppliedAction, ...] = ()  # what a clerk's answer does
    entered: tuple[EntryForm, ...] = ()  # notices that a clerk enters by the mail
    list_answer: ListAnswer | None = None  # what is answered to a list of what is due for disposal
    word: ConsentStatement | None = None  # what a contractor's 配信停止 or 配信再開 says
