"""Lists for disposal by mail: the letter to who approves them, and what is carried out once he has.

`carry_out` is run by bot/crew.py at each tick, `listed` by `disposal mail`. A list that is another one by now (a hold, other settings) is not
carried out. After a crash in the middle what is done is whole; the rest is on the next list. Raises StoreError.
"""

from __future__ import annotations

from datetime import UTC, datetime, time

from bot.clock import Clock
from bot.core.letters.drafts import Answerable, Draft
from bot.core.letters.lists import DisposalClass, DisposalList, DisposalNote
from bot.core.policy.policy import Policy
from bot.core.records.outgoing_mail import OutgoingMail
from bot.core.records.reply_token import TokenCase
from bot.core.records.retention import ApprovedList, DueList, Retention, case_of, fours_of
from bot.core.text.dates import JAPAN
from bot.outbound.compose import Composer
from storage.store import Store
from storage.use_cases.retention.disposal import PORTION

_CHANGED = (
    "承認をいただいたあとに、保存期間の設定か、廃棄しないものが変わったため、何も廃棄していません。"
    "新しい一覧をお送りしますので、システム担当者にお知らせください。"
)


class Disposals:
    """`rules`: what is kept for how long."""

    def __init__(self, store: Store, composer: Composer, policy: Policy, rules: Retention, clock: Clock) -> None:
        self._store = store
        self._composer = composer
        self._policy = policy
        self._rules = rules
        self._clock = clock

    def listed(self, due: DueList) -> OutgoingMail:
        """The letter with this list; the same list again on the same day is the same letter."""
        now, approver = self._clock(), self._policy.disposal_approver
        until = now + self._policy.reply_window
        letter = DisposalList(
            self._policy.office,
            due.in_fours,
            tuple(
                DisposalClass(
                    what.words, count, datetime.combine(due.ended_before[what], time(), JAPAN).astimezone(UTC)
                )
                for what, count in due.counts.items()
            ),
            due.holds,
            until,
        )
        answerable = Answerable("", until, (TokenCase(1, case_of(due.number)),))
        key = f"disposal/{due.number}/{now.astimezone(JAPAN):%Y%m%d}/{approver}"
        return self._composer.compose(Draft(letter, approver, key, answerable=answerable), now=now)

    async def carry_out(self) -> int:
        """Dispose of what was approved by mail, and tell who approved it; returns how many."""
        return sum([await self._carry_out(one) for one in await self._store.disposal.approved_by_mail()])

    async def _carry_out(self, approved: ApprovedList) -> int:
        disposal, done = self._store.disposal, 0
        listed = await disposal.due(self._rules, at=approved.listed_at)
        is_same = listed.number == approved.number
        for portion in listed.portions(PORTION) if is_same else ():
            done += await disposal.carry_out(self._rules, portion, number=approved.number, actor=approved.actor)
        await disposal.shrink()
        await disposal.finish(approved, listed, done, outgoing=[self._told(approved, done, is_same=is_same)])
        return done

    def _told(self, approved: ApprovedList, done: int, *, is_same: bool) -> OutgoingMail:
        now = self._clock()
        result = (
            f"{done}件を廃棄しました。バックアップには、古いものが削除されるまで残ります。" if is_same else _CHANGED
        )
        letter = DisposalNote(self._policy.office, fours_of(approved.number), result)
        key = f"disposal_note/{approved.number}/{approved.listed_at:%Y%m%dT%H%M%S}/{approved.actor}"
        return self._composer.compose(Draft(letter, approved.actor, key), now=now)
