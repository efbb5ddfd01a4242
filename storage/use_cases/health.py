"""Late or failed work in the database, the ledger of mails, and the open alarms.

`Store.health`. The time limits are in bot/core/health/alarms.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from tortoise.expressions import Q

from bot.core.health.alarm_words import AlarmKind
from bot.core.health.alarms import (
    CRASHES_OF,
    DELAYED_AFTER,
    EVENTS_OF,
    REFUSALS_TOLD,
    WAITING_AFTER,
    Alarm,
    Overdue,
    Refused,
    StoreFacts,
)
from bot.core.health.reconciliation import DoorCount, Ledger
from bot.core.health.relay_replies import Stage, reason_of
from bot.core.health.status import Backlog, OpenWork
from bot.core.health.workers import Worker, WorkerHealth
from bot.core.records.envelope import Source
from bot.core.records.incoming_mail import MailState
from bot.core.records.outgoing_mail import OF_CLERKS, Letter, OutboxState, OutgoingMail
from bot.core.records.reasons import OUR_TROUBLE, MailReason, OutboxReason
from bot.core.records.submission import SubmissionState
from storage.database import models
from storage.database.connection import Database
from storage.database.fields import in_utc, storable
from storage.database.rows import first_time
from storage.use_cases import journal, mailboxes, outbox
from storage.use_cases.base import UseCases, use_case
from storage.use_cases.journal import Entry
from storage.use_cases.recovery import CLOCK, DAEMON

_TAKEN_OUT = (MailReason.ATTACHMENT_TAKEN_OUT, MailReason.GATEWAY_NOTICE)


async def ledger(database: Database, since: datetime | None, until: datetime | None) -> Ledger:
    """The ledger of a span; see `Health.ledger`."""
    where, values = _span(since, until)
    # One statement is one snapshot: between two, a mail could arrive or be settled, and the sums would differ.
    rows = await database.rows(
        f"SELECT source, state, count(*) AS mails FROM mail WHERE {where} GROUP BY source, state "  # noqa: S608 - ours
        f"UNION ALL SELECT source, '', count(*) FROM mail WHERE {where} GROUP BY source "
        f"UNION ALL SELECT '', '', count(*) FROM mail WHERE state <> 'received' AND (reason IS NULL OR reason = '') AND {where}",
        values * 3,
    )
    ends = {(row["source"], row["state"]): row["mails"] for row in rows}
    received = {source: mails for (source, state), mails in ends.items() if source and not state}
    doors = tuple(
        DoorCount(
            source,
            received[source.value],
            tuple((state, n) for state in MailState if (n := ends.get((source.value, state.value), 0))),
        )
        for source in Source
        if source.value in received
    )
    return Ledger(doors, ends["", ""])


def _span(since: datetime | None, until: datetime | None) -> tuple[str, list[Any]]:
    bounds = [("received_at > ?", since), ("received_at <= ?", until)]
    given = [(words, at) for words, at in bounds if at is not None]
    return " AND ".join(["1 = 1", *(words for words, _ in given)]), [in_utc(at) for _, at in given]


class Health(UseCases):
    """The ledger of mails, the backlog, the operator's alarms."""

    @use_case
    async def ledger(self, *, since: datetime | None = None, until: datetime | None = None) -> Ledger:
        """The mails received after `since` up to `until` (None: ever), counted by door and state; the states' counts of a door add
        up to what it received, and none that has an end is without a reason.
        """
        return await ledger(self._database, since, until)

    @use_case
    async def backlog(self) -> Backlog:
        """The numbers of mails and letters by state, and the times of the oldest waiting ones."""
        counts = await self._database.rows("SELECT state, count(*) AS mails FROM mail GROUP BY state")
        waiting = await self._database.rows("SELECT state, count(*) AS mails FROM outbox GROUP BY state")
        oldest = (
            await self._database.models.mail.filter(state=MailState.RECEIVED.value)
            .order_by("state_at")
            .only("id", "state_at")
            .first()
        )
        oldest_letter = (
            await self._database.models.outbox.filter(state=OutboxState.QUEUED.value)
            .order_by("queued_at")
            .only("id", "queued_at")
            .first()
        )
        mails = {row["state"]: row["mails"] for row in counts}
        outgoing = {row["state"]: row["mails"] for row in waiting}
        kept_back = self._database.models.outbox.filter(
            state=OutboxState.CANCELLED.value, reason=OutboxReason.IN_SHADOW.value
        )
        return Backlog(
            mails=tuple((state, mails.get(state.value, 0)) for state in MailState),
            outgoing=tuple((state, outgoing.get(state.value, 0)) for state in OutboxState),
            oldest_mail_at=oldest.state_at if oldest else None,
            oldest_letter_at=oldest_letter.queued_at if oldest_letter else None,
            work=await _open_work(self._database, mails),
            in_shadow=await kept_back.count() if outgoing.get(OutboxState.CANCELLED.value) else 0,
        )

    @use_case
    async def open_before(self, at: datetime) -> int:
        """How much of the open work (`Backlog.work`) was received up to `at`."""
        return sum([await query.filter(received_at__lte=at).count() for query in _open_queries(self._database)])

    @use_case
    async def alarm_facts(self, waiting_after: timedelta = WAITING_AFTER) -> StoreFacts:
        """The late and failed work that the database shows now. `waiting_after`: so old a mail that is not sorted is late."""
        now = self._database.clock()
        recent = now - EVENTS_OF
        balance = await ledger(self._database, recent, None)
        waiting = self._database.models.mail.filter(state=MailState.RECEIVED.value, state_at__lte=now - waiting_after)
        sent = self._database.models.outbox
        queued = sent.filter(state=OutboxState.QUEUED.value)
        delayed = queued.filter(queued_at__lte=now - DELAYED_AFTER).exclude(reason__in=_REFUSALS_TOLD)
        taken_out = self._database.models.mail.filter(
            state=MailState.PASSED_ON.value, state_at__gt=recent, reason__in=[one.value for one in _TAKEN_OUT]
        )
        given_up = sent.filter(state=OutboxState.EXPIRED.value, done_at__gt=recent)
        return StoreFacts(
            waiting=await _overdue(waiting, "state_at"),
            waiting_after=waiting_after,
            delayed=await _overdue(delayed, "queued_at"),
            given_up=await _overdue(given_up, "done_at"),
            taken_out=await _overdue(taken_out, "state_at"),
            unreachable=await _unreachable(self._database, recent),
            refused=await _refused(self._database, recent),
            checks=await mailboxes.checks(self._database),
            ledger_since=None if balance.balances else recent,
            parked=await _overdue(self._database.models.mail.filter(state=MailState.PARKED.value), "-state_at"),
            crashes=_crashes(await _lately(self._database, DAEMON, now - CRASHES_OF)),
            clock=_clock_words(await _lately(self._database, CLOCK, recent)),
            summary_at=await summary_at(self._database),
            canaries=await mailboxes.canaries(self._database),
        )

    @use_case
    async def workers(self) -> tuple[WorkerHealth, ...]:
        """How the daemon's workers are doing, as it last said."""
        known = {worker.value for worker in Worker}
        return tuple(
            WorkerHealth(Worker(row.name), row.started_at, row.done_at, row.failing_since, row.failures, row.trouble)
            for row in await self._database.models.worker.all().order_by("name")
            if row.name in known
        )

    @use_case
    async def note_workers(self, healths: Sequence[WorkerHealth]) -> None:
        """Keep this in place of what was said before."""
        async with self._database.transaction():
            await self._database.execute("DELETE FROM worker")
            await self._database.execute_many(
                "INSERT INTO worker (name, started_at, done_at, failing_since, failures, trouble) VALUES (?, ?, ?, ?, ?, ?)",
                [
                    [
                        one.worker.value,
                        in_utc(one.started_at),
                        in_utc(one.done_at) if one.done_at else None,
                        in_utc(one.failing_since) if one.failing_since else None,
                        one.failures,
                        storable(one.trouble),
                    ]
                    for one in healths
                ],
            )

    @use_case
    async def open_alarms(self) -> tuple[Alarm, ...]:
        """The open alarms, oldest first."""
        return tuple(_alarm_of(row) for row in await self._database.models.alarm.all().order_by("since", "id"))

    @use_case
    async def note_alarms(
        self,
        *,
        told: Sequence[Alarm],
        still: Sequence[Alarm],
        over: Sequence[Alarm],
        outgoing: Sequence[OutgoingMail] = (),
    ) -> int:
        """One transaction: `still` are the open ones (those told now included), `over` are closed, the mails queued whose dedupe
        key is new; told and over are in the journal. Returns how many mails were queued.
        """
        async with self._database.transaction(seals=True):
            queued = await outbox.put(self._database, outgoing) if outgoing else []
            for alarm in over:
                await self._database.models.alarm.filter(
                    kind=alarm.kind.value, subject=storable(alarm.subject)
                ).delete()
            for alarm in still:
                await self._database.execute(
                    "INSERT INTO alarm (kind, subject, since, detail, told_on, absent_since) VALUES (?, ?, ?, ?, ?, ?) "
                    "ON CONFLICT (kind, subject) DO UPDATE SET since = excluded.since, detail = excluded.detail, "
                    "told_on = excluded.told_on, absent_since = excluded.absent_since",
                    [
                        alarm.kind.value,
                        storable(alarm.subject),
                        in_utc(alarm.since),
                        storable(alarm.detail),
                        alarm.told_on,
                        in_utc(alarm.absent_since) if alarm.absent_since else None,
                    ],
                )
            entries = [_entry("alarm.told", alarm) for alarm in told] + [_entry("alarm.over", alarm) for alarm in over]
            await journal.write(self._database, [*entries, *queued])
        return len(queued)


def _open_queries(database: Database) -> tuple[Any, Any]:
    """The mails and the notices that wait for a person of a desk."""
    open_states = [state.value for state in MailState if state.is_work]
    waiting = [SubmissionState.HELD.value, SubmissionState.ACCEPTED.value]
    return (
        database.models.mail.filter(state__in=open_states),
        database.models.submission.filter(state__in=waiting),
    )


async def _open_work(database: Database, mails: Mapping[str, int]) -> OpenWork:
    """`mails`: how many there are, by state."""
    open_states = [state.value for state in MailState if state.is_work]
    held, accepted = SubmissionState.HELD.value, SubmissionState.ACCEPTED.value
    submissions = database.models.submission
    oldest: list[Any] = [
        await query.order_by("received_at").limit(1).values_list("received_at", flat=True)
        for query in _open_queries(database)
    ]
    return OpenWork(
        held=await submissions.filter(state=held).count(),
        to_verify=await submissions.filter(state=accepted).count(),
        mails=sum(mails.get(state, 0) for state in open_states),
        since=min((at for times in oldest for at in times), default=None),
    )


_LINES_READ = 100


async def _lately(database: Database, subject: str, since: datetime) -> list[tuple[datetime, str, Mapping[str, Any]]]:
    """(time, event, detail) of the journal's last lines about the daemon or the clock, oldest first."""
    now = database.clock()
    found = database.models.journal.filter(subject_kind=subject, subject_id="").order_by("-id").limit(_LINES_READ)
    return [(line.at, line.event, line.detail) for line in reversed(await found) if since < line.at <= now]


def _crashes(lines: Sequence[tuple[datetime, str, Mapping[str, Any]]]) -> Overdue | None:
    """The starts that no stop preceded, of each daemon."""
    places = {line[2].get("place", "") for line in lines}
    times = sorted(
        after[0]
        for place in places
        for before, after in pairwise(line for line in lines if line[2].get("place", "") == place)
        if (before[1], after[1]) == ("daemon.started", "daemon.started")
    )
    return Overdue(len(times), times[0]) if times else None


def _clock_words(lines: Sequence[tuple[datetime, str, Mapping[str, Any]]]) -> tuple[datetime, str] | None:
    if not lines:
        return None
    at, event, detail = lines[-1]
    if event == "clock.jumped":
        return at, f"時計が{abs(detail['seconds'])}秒{'進み' if detail['seconds'] > 0 else '戻り'}ました。"
    return at, f"時計が進んでいた間に保存した{detail['values']}件の日時を、今の日時に直しました。"


async def summary_at(database: Database) -> datetime | None:
    """When the last summary was queued; None before the first. A time that is still to come was none."""
    return await first_time(
        database,
        "SELECT max(created_at) AS at FROM outbox WHERE letter = ? AND created_at <= ?",
        [Letter.SUMMARY.value, in_utc(database.clock())],
    )


async def _overdue(query: Any, column: str) -> Overdue | None:
    """How many, and since when the first in this order. Of parked mails that is the newest: each one that comes is news."""
    first = await query.order_by(column).limit(1).values_list(column.lstrip("-"), flat=True)
    return Overdue(await query.count(), first[0]) if first else None


_REFUSALS_TOLD = sorted(reason.value for reason in REFUSALS_TOLD)


async def _refused(database: Database, since: datetime) -> tuple[Refused, ...]:
    """What waits for a trouble of ours; what was refused for its content in the span, or came back with words about us. By reason,
    with the newest words.
    """
    waiting = Q(state=OutboxState.QUEUED.value, reason__in=_REFUSALS_TOLD)
    ends = [OutboxReason.LETTER_REFUSED.value, OutboxReason.REPORTED_BACK.value]
    ended = Q(state=OutboxState.BOUNCED.value, reason__in=ends, done_at__gt=since)
    query = database.models.outbox.filter(waiting | ended).order_by("-id")
    rows: dict[tuple[OutboxReason, bool], list[models.OutboxRecord]] = {}
    for row in await query.only("id", "reason", "queued_at", "reply"):
        reason = OutboxReason(row.reason)
        is_returned = reason is OutboxReason.REPORTED_BACK
        if is_returned:
            reason = reason_of(Stage.CONTENT, _RETURNED, row.reply)
        if not is_returned or reason in OUR_TROUBLE:
            rows.setdefault((reason, is_returned), []).append(row)
    return tuple(
        Refused(reason, Overdue(len(of), min(row.queued_at for row in of)), of[0].reply, is_returned)
        for (reason, is_returned), of in sorted(rows.items())
    )


_RETURNED = 550  # a report's basic code, which it may leave out


async def _unreachable(database: Database, since: datetime) -> tuple[tuple[str, Overdue], ...]:
    """Clerks' addresses at which a letter failed in the span, and none arrived after it."""
    query = database.models.outbox.filter(
        letter__in=OF_CLERKS,
        state__in=[OutboxState.BOUNCED.value, OutboxState.EXPIRED.value, OutboxState.DELIVERED.value],
        done_at__gt=since,
    )
    failed: dict[str, list[datetime]] = {}
    for row in await query.order_by("done_at", "id").only("id", "recipient_fold", "state", "done_at"):
        if row.state == OutboxState.DELIVERED.value:
            failed.pop(row.recipient_fold, None)
        else:
            failed.setdefault(row.recipient_fold, []).append(row.done_at)
    return tuple((address, Overdue(len(times), times[0])) for address, times in sorted(failed.items()))


def _alarm_of(row: models.AlarmRecord) -> Alarm:
    return Alarm(AlarmKind(row.kind), row.subject, row.since, row.detail, row.told_on, row.absent_since)


def _entry(event: str, alarm: Alarm) -> Entry:
    return Entry(event, "alarm", alarm.kind.value, {"subject": alarm.subject, "detail": alarm.detail})
