"""The operator's alarms: facts from the database, the mailboxes, the disk → mails to the operator, log lines, open alarms.

`look` is called at each tick by bot/app.py; running it twice has no further effect. A failure of the database itself is kept
in memory until it can be reported. Raises StoreError, after logging it, and OSError while the other way of telling fails.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.core.health.alarm_words import AlarmKind, Repeat
from bot.core.health.alarms import (
    WAITING_AFTER,
    Alarm,
    AlarmFacts,
    AlarmVerdict,
    MailboxHealth,
    decide,
    found,
    japanese_day,
)
from bot.core.health.canary import CanaryRules
from bot.core.health.workers import WorkerHealth
from bot.core.letters.contexts import OperatorAlarm
from bot.core.letters.drafts import Draft
from bot.core.policy.policy import Policy
from bot.core.records.outgoing_mail import OutgoingMail
from bot.core.text.business_days import Calendar
from bot.outbound.compose import Composer
from bot.outbound.smtp_relay import Deliverer, Delivery, RelayOutcome
from bot.successes import Successes
from storage.errors import StoreError
from storage.files import newest
from storage.store import Store

log = logging.getLogger("hosho.alarms")

ASIDE_SECONDS = 30.0
"""So long a mail by the other way may take; the other sweeps wait meanwhile."""
SAVED_EVERY = timedelta(minutes=5)
"""How often the workers' last successes are saved: an idle daemon writes no more often."""


class Alarms:
    """`operator`: the recipient of the mails, "" = all desks. `waiting_after`: see `Health.alarm_facts`. `mailboxes`: return their
    state. `has_room`: free disk space. `successes`: the workers'. `backup`: where copies lie, as a pattern, and how old the newest may be.
    `canary`: how often one is sent. `aside`: the way of what is told of canaries, which the usual way may lose; None: there is no other.
    """

    def __init__(  # noqa: PLR0913 - what each alarm is about, by name
        self,
        store: Store,
        composer: Composer,
        policy: Policy,
        clock: Clock,
        *,
        operator: str = "",
        in_shadow: bool = False,
        waiting_after: timedelta = WAITING_AFTER,
        mailboxes: Sequence[Callable[[], MailboxHealth]] = (),
        has_room: Callable[[], bool] = lambda: True,
        calendar: Calendar | None = None,
        canary: CanaryRules | None = None,
        aside: Deliverer | None = None,
        successes: Successes | None = None,
        backup: tuple[str, timedelta] | None = None,
    ) -> None:
        self._store = store
        self._composer = composer
        self._policy = policy
        self._clock = clock
        self._desks = () if in_shadow else tuple(dict.fromkeys(desk.address for desk in policy.desks))
        self._operators = (operator,) if operator else self._desks
        self._waiting_after = waiting_after
        self._mailboxes = mailboxes
        self._has_room = has_room
        self._calendar = calendar
        self._canary = canary
        self._aside = aside
        self._successes = successes or Successes(clock)
        self._backup = backup
        self._saved: tuple[WorkerHealth, ...] = ()
        self._saved_at: datetime | None = None
        self._no_room_since: datetime | None = None
        self._failing_since: datetime | None = None
        self._database_failed: tuple[datetime, datetime] | None = None

    async def look(self) -> int:
        """Check for failures, report those not reported today; returns the number of mails queued."""
        self._no_room_since = None if self._has_room() else self._no_room_since or self._clock()
        try:
            return await self._tell()
        except StoreError as error:
            if self._failing_since is None:
                log.error("the database can't be asked: %s", error)  # noqa: TRY400 - the cause is in the text
            self._failing_since = self._failing_since or self._clock()
            raise

    async def _tell(self) -> int:
        facts_of_store, opened = (
            await self._store.health.alarm_facts(self._waiting_after),
            await self._store.health.open_alarms(),
        )
        now = self._clock()
        await self._save_workers(now)
        if self._failing_since is not None:
            log.warning("the database can be asked again, after %s", now - self._failing_since)
            self._database_failed, self._failing_since = (self._failing_since, now), None
        facts = AlarmFacts(
            store=facts_of_store,
            mailboxes=tuple(health() for health in self._mailboxes),
            no_room_since=self._no_room_since,
            database_failed=self._database_failed,
            workers=self._successes.healths,
            calendar=self._calendar,
            canary=self._canary,
            was_canary_lost=any(one.kind is AlarmKind.CANARY_LOST and not one.absent_since for one in opened),
            backup_at=await asyncio.to_thread(newest, self._backup[0]) if self._backup else None,
            backup_within=self._backup[1] if self._backup else None,
        )
        seen = found(facts, now)
        if not opened and not seen:
            return 0
        verdict = decide(opened, seen, now)
        failed = ""
        if self._aside and any(alarm.kind is AlarmKind.CANARY_LOST for alarm in (*verdict.told, *verdict.over)):
            failed, verdict = await self._tell_aside(self._aside, opened, verdict, now)
        usual = [alarm for alarm in (*verdict.told, *verdict.over) if not self._goes_aside(alarm)]
        queued = await self._note(opened, verdict, list(self._mails(usual, now)))
        if failed:
            raise OSError(failed)
        return queued

    async def _note(self, opened: Sequence[Alarm], verdict: AlarmVerdict, mails: Sequence[OutgoingMail]) -> int:
        if set(opened) == set(verdict.still) and not mails:
            return 0
        queued = await self._store.health.note_alarms(
            told=verdict.told, still=verdict.still, over=verdict.over, outgoing=mails
        )
        # The mail may wait behind the very relay that is down: the log says it too.
        for alarm in verdict.told:
            log.error("alarm %s %s since %s: %s", alarm.kind, alarm.subject, alarm.since.isoformat(), alarm.detail)
        for alarm in verdict.over:
            log.warning("alarm over: %s %s", alarm.kind, alarm.subject)
        return queued

    def _goes_aside(self, alarm: Alarm) -> bool:
        return self._aside is not None and alarm.kind is AlarmKind.CANARY_LOST

    async def _tell_aside(
        self, aside: Deliverer, opened: Sequence[Alarm], verdict: AlarmVerdict, now: datetime
    ) -> tuple[str, AlarmVerdict]:
        """Mail what goes aside. Where nobody got it, why, and the verdict without it: it is told at the next look."""
        mine = [alarm for alarm in (*verdict.told, *verdict.over) if self._goes_aside(alarm)]
        sent: list[Delivery] = []
        mails = list(self._mails(mine, now))
        with suppress(TimeoutError):
            async with asyncio.timeout(ASIDE_SECONDS):
                for mail in mails:
                    sent.append(await aside.deliver(mail))  # noqa: PERF401 - those before a timeout count
                await aside.close()
        refused = [one.reply for one in sent if one.outcome in {RelayOutcome.DEFERRED, RelayOutcome.BOUNCED}]
        if not mails or len(refused) < len(sent):
            return "", verdict
        failed = f"canary.tell_host: {refused[0] if refused else 'TimeoutError'}"
        before = [alarm for alarm in opened if alarm.kind is AlarmKind.CANARY_LOST]
        untold = [replace(alarm, told_on="") for alarm in verdict.still if self._goes_aside(alarm)]
        return failed, AlarmVerdict(
            tuple(alarm for alarm in verdict.told if not self._goes_aside(alarm)),
            (*(alarm for alarm in verdict.still if not self._goes_aside(alarm)), *(before or untold)),
            tuple(alarm for alarm in verdict.over if not self._goes_aside(alarm)),
        )

    async def _save_workers(self, now: datetime) -> None:
        """Keep the workers' state for `status`: at once what begins or ends to fail, the last successes every few minutes."""
        healths = self._successes.healths
        states = [[(one.worker, one.failures) for one in some] for some in (healths, self._saved)]
        if self._saved_at and states[0] == states[1] and abs(now - self._saved_at) < SAVED_EVERY:
            return
        await self._store.health.note_workers(healths)
        self._saved, self._saved_at = healths, now

    def _mails(self, alarms: Sequence[Alarm], now: datetime) -> Iterator[OutgoingMail]:
        for alarm in alarms:
            words = alarm.kind.words
            if alarm.absent_since is not None and not (words.ends and alarm.told_on):
                continue
            context = OperatorAlarm(
                office=self._policy.office,
                title=words.title,
                about=alarm.subject,
                since=alarm.since,
                over_at=alarm.absent_since,
                detail=alarm.detail,
                advice=words.advice,
                daily=words.repeat is Repeat.DAILY,
            )
            word = "alarm" if alarm.absent_since is None else "alarm-over"
            # With `since` in the key, an alarm that returns after its end is reported again.
            key = f"{word}/{alarm.kind}/{alarm.subject}/{japanese_day(now)}/{alarm.since.isoformat()}"
            for recipient in self._recipients(alarm):
                yield self._composer.compose(Draft(context, recipient, f"{key}/{recipient}"), now=now)

    def _recipients(self, alarm: Alarm) -> tuple[str, ...]:
        """The recipients, without the unreachable address that the alarm is about: then the desks; if none is left, only the log."""

        def others(addresses: Sequence[str]) -> tuple[str, ...]:
            dead = alarm.subject if alarm.kind is AlarmKind.DESK_UNREACHABLE else ""
            return tuple(address for address in addresses if address.casefold() != dead)

        if alarm.kind.words.desks_know and self._operators == self._desks:
            return ()
        return others(self._operators) or others(self._desks)
