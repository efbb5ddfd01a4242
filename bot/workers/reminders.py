"""Deadlines: those due today, for the summaries, and once a day the mails to recipients without a summary.

Called by the sweeps at the ticker's ticks and by `reminders list`. Running it twice has no further effect: the dedupe key allows
one mail a day for each recipient, and reminders are recorded in the mail's transaction. With the default settings nothing is
queried or sent.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date, datetime

from bot.clock import Clock
from bot.core.deadlines.due import contractors_dues, due_items
from bot.core.deadlines.facts import DeadlineFacts, DueItem
from bot.core.deadlines.reminders import ReminderDraft, Route, Told, contractor_drafts, reminder_drafts, routes_of
from bot.core.deadlines.rules import ReminderRules
from bot.core.policy.policy import Policy
from bot.core.text.business_days import Calendar
from bot.core.text.dates import JAPAN
from bot.outbound.compose import Composer
from storage.store import Store


@dataclass(frozen=True, slots=True)
class Found:
    """What is due on a day, to whom it goes, and the mails that it makes. `told`: what was told before."""

    routes: tuple[Route, ...] = ()
    of_contractors: tuple[DueItem, ...] = ()
    drafts: tuple[ReminderDraft, ...] = ()
    told: tuple[Told, ...] = ()


class Reminders:
    """`rules`: which deadlines are watched; none = this does nothing."""

    def __init__(
        self, store: Store, composer: Composer, policy: Policy, calendar: Calendar, clock: Clock, rules: ReminderRules
    ) -> None:
        self._store = store
        self._composer = composer
        self._policy = policy
        self._calendar = calendar
        self._clock = clock
        self._rules = rules
        self._sent_on: date | None = None  # spares the question at each tick; the database knows it all the same

    @property
    def is_on(self) -> bool:
        """Whether any deadline is watched."""
        return self._rules.is_on

    async def due(self, now: datetime) -> tuple[Route, ...] | None:
        """What is due, for the summaries; None where no deadline is watched."""
        if not self.is_on:
            return None
        facts = await self._facts()
        return await asyncio.to_thread(self._routes, facts, now)  # thousands of rows: the doors answer meanwhile

    async def found(self, now: datetime) -> Found:
        """What is due at this time, which may be in the future, and the mails that would go out."""
        if not self.is_on:
            return Found()
        facts, told = await self._facts(), await self._store.deadlines.reminded()
        return await asyncio.to_thread(self._reckoned, facts, told, now)

    async def _facts(self) -> DeadlineFacts:
        return await self._store.deadlines.facts(since=self._clock() - self._rules.looks_back)

    def _routes(self, facts: DeadlineFacts, now: datetime) -> tuple[Route, ...]:
        today = now.astimezone(JAPAN).date()
        found = due_items(facts, self._calendar, self._rules, self._policy.desks, today)
        return routes_of(found, self._policy.desks, self._rules, today)

    def _reckoned(self, facts: DeadlineFacts, told: tuple[Told, ...], now: datetime) -> Found:
        today = now.astimezone(JAPAN).date()
        routes = self._routes(facts, now)
        of_contractors = contractors_dues(facts, self._calendar, self._rules, self._policy.desks, today)
        drafts = (
            *reminder_drafts(routes, told, self._policy, self._calendar, self._rules, now),
            *contractor_drafts(of_contractors, told, self._policy, self._calendar, self._rules, now),
        )
        return Found(routes, of_contractors, drafts, told)

    async def send(self) -> int:
        """Queue the day's mails, on an opening day from its first summary time on; returns how many."""
        now = self._clock()
        local = now.astimezone(JAPAN)
        today = local.date()
        is_early = local.time() < self._calendar.opens_at
        if not self.is_on or self._sent_on == today or is_early or not self._calendar.is_open(today):
            return 0
        drafts = (await self.found(now)).drafts
        mails = [(self._composer.compose(one.draft, now=now), one.told) for one in drafts]
        queued = await self._store.deadlines.remind(mails) if mails else 0
        self._sent_on = today
        return queued
