"""A clerk's decision on a submission by the command line: accept, send back, verify; with the resulting letter.

core/clerk/actions.py decides what is allowed, also for answers by mail. Each action is one transaction. Raises NotFound,
WrongState, StoreError, and ClerkError for an action that is not possible as requested.
"""

from __future__ import annotations

from bot.clock import Clock
from bot.core.clerk import actions
from bot.core.clerk.actions import Action
from bot.core.clerk.key_letters import keys_draft
from bot.core.judging.options import Obstacle
from bot.core.policy.policy import Policy, desks_for
from bot.core.records.outgoing_mail import OutgoingMail
from bot.core.records.reasons import SubmissionReason
from bot.core.records.refusal import Refusal
from bot.core.records.submission import Submission
from bot.core.text.told import ToldError
from bot.outbound.compose import Composer
from storage.store import Store


class ClerkError(ToldError):
    """The case can't be decided like this; the text says what to do instead."""


class Clerk:
    """The actions of one clerk. `actor`: the name for the journal."""

    def __init__(self, store: Store, composer: Composer, policy: Policy, clock: Clock, actor: str) -> None:
        self._store = store
        self._composer = composer
        self._policy = policy
        self._clock = clock
        self._actor = actor

    async def accept(self, receipt_number: str, *, guarantee_id: int | None = None) -> Submission:
        """Accept a held submission for the guarantee named, or for the one in the register with its number."""
        submission = await self._store.submissions.get(receipt_number)
        chosen = await self._store.register.guarantee(guarantee_id) if guarantee_id is not None else None
        found = await self._store.register.look_up(submission.fields, submission.works_numbers)
        return await self._judge(submission, actions.accept(submission, found, chosen))

    async def refuse(
        self,
        receipt_number: str,
        *,
        reason: str = "",
        kind: Refusal | None = None,
        because: SubmissionReason = SubmissionReason.CLERK_REFUSED,
    ) -> Submission:
        """Send a submission back, with the letter of the kind, or with the reason in the clerk's words; at best with both.

        `because`: the reason; also the result of a look into D-Sure.
        """
        submission = await self._store.submissions.get(receipt_number)
        return await self._judge(submission, actions.refuse(submission, reason, self._policy, because, kind))

    async def verify(self, receipt_number: str) -> Submission:
        """Record that the certificate was seen in D-Sure and found right, and tell the contractor."""
        submission = await self._store.submissions.get(receipt_number)
        number = submission.guarantee_id
        row = await self._store.register.guarantee(number) if number is not None else None
        series = await self._store.register.versions([number]) if number is not None else {}
        act = actions.verify(submission, self._policy, self._clock(), row, series.get(number or 0, ()))
        return await self._judge(submission, act)

    async def send_key(self, receipt_number: str) -> tuple[str, ...]:
        """Mail the key of an accepted submission to its desks once more; returns the addresses."""
        submission = await self._store.submissions.get(receipt_number)
        act = actions.send_key(submission, self._policy.keys)
        if isinstance(act, Obstacle):
            raise ClerkError(act.words)
        row = (
            await self._store.register.guarantee(submission.guarantee_id)
            if submission.guarantee_id is not None
            else None
        )
        product, named = (row.product, row.desk) if row is not None else (submission.fields.product, "")
        now = self._clock()
        occasion = f"asked/{now:%Y%m%dT%H%M%S.%f}/{receipt_number}"
        drafts = (
            keys_draft((submission,), desk, self._policy, occasion)
            for desk in desks_for(self._policy.desks, product, named)
        )
        by_address = {draft.recipient.casefold(): draft for draft in drafts if draft is not None}
        mails = [self._composer.compose(draft, now=now) for draft in by_address.values()]
        await self._store.outbox.enqueue(mails, actor=self._actor)
        return tuple(mail.recipient for mail in mails)

    async def _judge(self, submission: Submission, act: Action | Obstacle) -> Submission:
        if isinstance(act, Obstacle):
            choice = "。--guarantee に台帳の番号（register list の「台帳」列）を指定してください"
            raise ClerkError(act.words + (choice if act.is_choice else ""))
        outgoing: tuple[OutgoingMail, ...] = ()
        if act.letter is not None:
            number = submission.guarantee_id
            row = await self._store.register.guarantee(number) if number is not None else None
            drafts = actions.letter_drafts(submission, act.letter, row, self._policy)
            outgoing = tuple(self._composer.compose(draft, now=self._clock()) for draft in drafts)
        return await self._store.submissions.judge(act.judgement, actor=self._actor, outgoing=outgoing)
