"""What the daemon itself reads of a mail: who sent it, by what right, what it answers, and what its header says against a person.

Made by the workers before a mail is read; a child's word never counts for any of it. Bounded by core/mail/own_head.py. Nothing is
raised.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.judging.sender_facts import SenderFacts
from bot.core.mail.addresses import plain_sender
from bot.core.mail.authentication_results import SenderProof, judge_sender
from bot.core.mail.automatic.screen import is_content_void, screen_head, stricter
from bot.core.mail.message import Address, Mail
from bot.core.mail.own_head import own_head
from bot.core.notice.read_mail import Beforehand
from bot.core.policy.policy import Policy
from bot.core.records.envelope import Envelope, Source
from bot.core.records.reasons import MailReason
from bot.core.records.send_counts import RecentCounts


@dataclass(frozen=True, slots=True)
class KnownMail:
    """A mail by its envelope and its own header. `head`: a Mail without content; `signs`: against a person, by these alone."""

    envelope: Envelope
    head: Mail
    sender: Address | None  # the one plain address of From; None = none, or several
    proof: SenderProof
    signs: MailReason | None
    own: frozenset[str]  # our addresses

    @property
    def is_disproved(self) -> bool:
        """Whether our MX looked, and could not prove the sender."""
        return self.proof in {SenderProof.FAILED, SenderProof.UNKNOWN}

    def screened(self, told: MailReason | None) -> MailReason | None:
        """Why no machine may answer it. `told`: what a child found in all of it."""
        return stricter(told, self.signs)

    def is_worth_a_look(self, told: MailReason | None) -> bool:
        """Whether its papers are interpreted at all; no OCR for a bounce."""
        reason = self.screened(told)
        return reason is None or not is_content_void(reason)

    def sender_facts(self, automatic: MailReason | None, lately: RecentCounts) -> SenderFacts:
        """Who sent it, for the verdict. `automatic`: as it is screened."""
        return SenderFacts(
            self.sender,
            is_proven=self.proof is SenderProof.PROVEN,
            is_unproven=self.is_disproved or automatic is MailReason.FIELDS_REPEATED,
            is_automatic=automatic not in {None, MailReason.FIELDS_REPEATED},
            unknown_numbers=lately.unknown_numbers,
            is_clerk=self.envelope.source is Source.HAND,
        )

    def beforehand(self, letter: str | None = None) -> Beforehand:
        """What its reading is told of it. `letter`: our letter that it answers."""
        return Beforehand(self.envelope.mail_from, self.envelope.rcpt_tos, self.own, letter)


def known_mail(content: bytes, envelope: Envelope, policy: Policy) -> KnownMail:
    """Read the mail's head. No server saw what a clerk at this machine has entered: nothing is asked to prove him."""
    head = own_head(content)
    is_entered = envelope.source is Source.HAND
    proof = SenderProof.NOT_ASKED if is_entered else judge_sender(head, policy.authserv_id, policy.own_hops)
    own = frozenset(policy.inboxes)
    signs = screen_head(head, envelope.mail_from, own)
    return KnownMail(envelope, head, plain_sender(head), proof, signs, own)
