"""What deciding on a mail begins with and ends in: the facts, a letter that is due, the verdict.

Made by the sorter (facts) and by decide.py, reply.py, alerts.py (the rest). Values only, nothing is raised.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.core.letters.drafts import Draft
from bot.core.mail.message import Mail
from bot.core.notice.entry_forms import EntryForm
from bot.core.policy.policy import Desk
from bot.core.records.consent import ConsentStatement
from bot.core.records.envelope import Envelope
from bot.core.records.incoming_mail import AppliedAction, KeyReceived, MailState
from bot.core.records.paper import Paper
from bot.core.records.reasons import MailReason, NoReplyReason
from bot.core.records.send_counts import RecentCounts, Withheld
from bot.core.records.submission import Submission, receipt_number
from bot.core.verdict.judge import SenderFacts


@dataclass(frozen=True, slots=True)
class MailFacts:
    """What is known about a mail when it is decided on. `lately`: the letters that left before it.

    `is_unclear_report`: it seems to report that a letter of ours did not arrive, but not surely, or not which one.
    `opens`: mails of this sender whose locked files open with the words of this one. `arrived_at`: the desks to whose own
    addresses alone it was sent.
    """

    mail_id: int
    digest: str
    envelope: Envelope
    mail: Mail
    automatic: MailReason | None
    sender: SenderFacts
    lately: RecentCounts = field(default_factory=RecentCounts)
    is_unclear_report: bool = False
    opens: tuple[int, ...] = ()
    arrived_at: tuple[Desk, ...] = ()

    def number_of(self, ordinal: int) -> str:
        """The 受付番号 of its notice in this place, from 1."""
        return receipt_number(self.mail_id, self.envelope.received_at, ordinal)


@dataclass(frozen=True, slots=True)
class Verdict:
    """All that follows from a mail. `reopened`: other mails, which are to be read again; `carried_out`: a clerk's orders.

    `entered`: the notices that a clerk enters by the mail. `word`: a contractor's.
    """

    state: MailState
    reason: MailReason
    sender: str
    subject: str
    papers: tuple[Paper, ...] = ()
    submissions: tuple[Submission, ...] = ()
    keys_received: tuple[KeyReceived, ...] = ()
    drafts: tuple[Draft, ...] = ()
    no_reply: NoReplyReason | None = None
    withheld: tuple[Withheld, ...] = ()
    reopened: tuple[int, ...] = ()
    carried_out: tuple[AppliedAction, ...] = ()
    entered: tuple[EntryForm, ...] = ()
    word: ConsentStatement | None = None
