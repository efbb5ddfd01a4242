"""A clerk's word on a submission: accept, send back, verify; with the letter that follows from it.

Called by the command line (and whatever else speaks for a clerk). One transaction each, in the store. Raises NotFound,
WrongState, StoreError, and ClerkError for what can't be done as asked.
"""

from __future__ import annotations

from bot.clock import Clock
from bot.core.answering import notice_item
from bot.core.incoming import KeyReceived
from bot.core.key_notice import mask_keys
from bot.core.letters import SentBack, Verified
from bot.core.outbox import OutgoingMail
from bot.core.policy import Policy
from bot.core.reasons import SubmissionReason
from bot.core.submission import Submission, SubmissionState
from bot.core.text import clean
from bot.outbound.compose import Composer
from storage.store import Store

# Whose address nobody proved, or where a machine wrote: such a sender gets no letter, whoever decides.
_NOT_ANSWERED = frozenset({SubmissionReason.SENDER_UNPROVEN, SubmissionReason.SENDER_AUTOMATIC})


class ClerkError(ValueError):
    """The case can't be decided like this; the text says what to do instead."""


class Clerk:
    """Speaks for `actor` (a name for the journal)."""

    def __init__(self, store: Store, composer: Composer, policy: Policy, clock: Clock, actor: str) -> None:
        self._store = store
        self._composer = composer
        self._policy = policy
        self._clock = clock
        self._actor = actor

    async def accept(self, receipt_number: str, *, guarantee_id: int | None = None) -> Submission:
        """Accept a held submission for the guarantee named, or for the one in the register with its number."""
        submission = await self._store.submission(receipt_number)
        fields = submission.fields
        if fields.auth_key is None or not fields.number:
            raise ClerkError("番号又は認証キーが読み取れていないため受付できません。差し戻して再送を依頼してください")
        if guarantee_id is None:
            guarantee = await self._store.guarantee_by_number(fields.number)
            if guarantee is None:
                raise ClerkError(
                    "台帳にこの番号がありません。--guarantee に台帳の番号（register list の「台帳」列）を指定してください"
                )
        else:
            guarantee = await self._store.guarantee(guarantee_id)
            if guarantee.number and guarantee.number != fields.number:
                raise ClerkError(f"台帳{guarantee_id}の保証契約番号は {guarantee.number} で、お知らせと異なります")
        if guarantee.auth_key is not None and not guarantee.auth_key.same_as(fields.auth_key):
            raise ClerkError("台帳の認証キーと異なるため受付できません。どちらが正しいか保証会社に確認してください")
        key = KeyReceived(guarantee.guarantee_id, fields.number, fields.auth_key)
        return await self._store.judge(
            receipt_number,
            state=SubmissionState.ACCEPTED,
            reason=SubmissionReason.CLERK_ACCEPTED,
            actor=self._actor,
            guarantee_id=guarantee.guarantee_id,
            key_received=key,
        )

    async def refuse(self, receipt_number: str, *, reason: str) -> Submission:
        """Send a submission back, with the reason in the clerk's words; they stand in a mail and in the journal, so no key may."""
        if not clean(reason, 400):
            raise ClerkError("差出人に送る理由を書いてください（--reason）")
        if mask_keys(reason, self._policy.formats) != reason:
            raise ClerkError("理由に認証キーらしい文字があります。メールと記録に残るため、除いて書き直してください")
        submission = await self._store.submission(receipt_number)
        context = SentBack(self._policy.office, notice_item(receipt_number, submission.fields), clean(reason, 400))
        return await self._store.judge(
            receipt_number,
            state=SubmissionState.REFUSED,
            reason=SubmissionReason.CLERK_REFUSED,
            actor=self._actor,
            note=reason,
            outgoing=self._letter(submission, context, f"sent_back/{receipt_number}"),
        )

    async def verify(self, receipt_number: str) -> Submission:
        """Record that the certificate was seen in D-Sure and found right, and tell the contractor."""
        submission = await self._store.submission(receipt_number)
        context = Verified(self._policy.office, notice_item(receipt_number, submission.fields), self._clock())
        return await self._store.judge(
            receipt_number,
            state=SubmissionState.VERIFIED,
            reason=SubmissionReason.VERIFIED_IN_DSURE,
            actor=self._actor,
            outgoing=self._letter(submission, context, f"verified/{receipt_number}"),
        )

    def _letter(self, submission: Submission, context: SentBack | Verified, key: str) -> tuple[OutgoingMail, ...]:
        domain = submission.sender.rpartition("@")[2]
        unanswered = not submission.sender or domain in self._policy.staff_domains or not self._policy.replies_enabled
        if unanswered or _NOT_ANSWERED.intersection(submission.reasons):
            return ()
        return (
            self._composer.compose(
                context,
                recipient=submission.sender,
                dedupe_key=key,
                now=self._clock(),
                submission=submission.receipt_number,
            ),
        )
