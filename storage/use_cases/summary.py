"""The facts of the clerks' summary and workbooks, and the time of the last summary.

`Store.summary`; bot/core/summary/facts.py explains each list.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from tortoise.expressions import Q

from bot.core.records.guarantee import Guarantee, GuaranteeState
from bot.core.records.incoming_mail import MailState
from bot.core.records.outgoing_mail import OVERDUE_AFTER, Letter, OutboxState
from bot.core.records.reasons import OutboxReason, SubmissionReason
from bot.core.records.submission import Submission, SubmissionState
from bot.core.summary.facts import SummaryFacts, UndeliveredMail
from bot.core.summary.workbook import DAYS, MOST_ROWS, BookFacts
from storage.database import mapping
from storage.database.connection import Database
from storage.database.fields import in_utc
from storage.database.rows import first_time
from storage.use_cases import consent, health, incoming, journal, mailboxes, register, send_counts, versions
from storage.use_cases.base import UseCases, use_case


class Summaries(UseCases):
    """Facts for summaries and workbooks."""

    @use_case
    async def facts(self, *, since: datetime, until: datetime) -> SummaryFacts:
        """The facts of the span, `since` exclusive, `until` inclusive, and the open cases of now.

        Accepted, refused, duplicate and verified submissions: those that came into this state in the span and are still in it.
        """
        to_verify = await _to_verify(self._database)
        held = await _came_to(self._database, SubmissionState.HELD, None, None)
        issued = await register.guarantees(self._database, (GuaranteeState.ISSUED,), "", None)
        came = {
            one.guarantee_id for one, _ in to_verify
        }  # accepted, and not entered in the register before it is verified
        passed_on = await incoming.standing(self._database, MailState.PASSED_ON, MailState.BESIDES)
        stopped, resumed = await consent.words_between(self._database, since, until)
        return SummaryFacts(
            since=since,
            until=until,
            mails=await _mail_counts(self._database, since, until),
            accepted=await _came_to(self._database, SubmissionState.ACCEPTED, since, until),
            held=held,
            named=await register.with_numbers(self._database, {one.fields.number for one in held}),
            refused=await _came_to(self._database, SubmissionState.REFUSED, since, until),
            duplicates=await _came_to(self._database, SubmissionState.DUPLICATE, since, until),
            verified=await _came_to(self._database, SubmissionState.VERIFIED, since, until),
            passed_on=passed_on,
            beside=await _of_mails(
                self._database, [row.mail_id for row in passed_on if row.state is MailState.BESIDES]
            ),
            parked=await incoming.standing(self._database, MailState.PARKED),
            asked=await incoming.standing(self._database, MailState.ASKED),
            issued_without_notice=tuple(row for row in issued if row.guarantee_id not in came),
            undelivered=await _undelivered(self._database, since, until),
            withheld=await send_counts.withheld_between(self._database, since, until),
            looked_at=await _looked_at(self._database),
            ledger=await health.ledger(self._database, since, until),
            checks=await mailboxes.checks(self._database),
            journal=await journal.head(self._database),
            moved=await _moved(self._database, since, until),
            to_verify=to_verify,
            series=await versions.versions_of(
                self._database, [row.guarantee_id for _, row in to_verify if row is not None]
            ),
            stopped=stopped,
            resumed=resumed,
            replaced=tuple(
                one
                for one in await _came_to(self._database, SubmissionState.SUPERSEDED, since, until)
                if one.reasons[-1] is SubmissionReason.REGISTER_PROVES_ANOTHER
            ),
        )

    @use_case
    async def book_facts(self, *, until: datetime) -> BookFacts:
        """The facts of the desks' workbooks: recent and waiting submissions, and the newest rows of the register."""
        recent = Q(received_at__gt=until - timedelta(days=DAYS))
        waiting = Q(state__in=[SubmissionState.HELD.value, SubmissionState.ACCEPTED.value])
        submissions = await self._database.models.submission.filter(recent | waiting).order_by("id")
        ended = [GuaranteeState.CANCELLED.value, GuaranteeState.EXPIRED.value]
        guarantees = await self._database.models.guarantee.exclude(state__in=ended).order_by("-id").limit(MOST_ROWS)
        return BookFacts(
            until,
            tuple(mapping.submission_of(row, self._database.vault) for row in submissions),
            tuple(mapping.guarantee_of(row, self._database.vault) for row in reversed(guarantees)),
        )

    @use_case
    async def last_at(self) -> datetime | None:
        """When the last summary was queued; None before the first. A time that is still to come was none."""
        return await health.summary_at(self._database)

    @use_case
    async def began_at(self) -> datetime | None:
        """When the first thing happened that a summary may be about; None: nothing has."""
        return await first_time(
            self._database,
            "SELECT min(at) AS at FROM (SELECT at FROM journal WHERE id = 1 UNION ALL SELECT min(received_at) FROM mail) AS first",
        )


async def _to_verify(database: Database) -> tuple[tuple[Submission, Guarantee | None], ...]:
    """The accepted submissions, which wait for a look into D-Sure, each with its row of the register."""
    accepted = await _came_to(database, SubmissionState.ACCEPTED, None, None)
    numbers = {one.guarantee_id for one in accepted if one.guarantee_id is not None}
    rows = database.models.guarantee.filter(id__in=sorted(numbers)) if numbers else None
    by_id = {row.id: mapping.guarantee_of(row, database.vault) for row in await rows} if rows is not None else {}
    return tuple((one, by_id.get(one.guarantee_id or 0)) for one in accepted)


async def _of_mails(database: Database, mail_ids: Sequence[int]) -> tuple[Submission, ...]:
    rows = database.models.submission.filter(mail_id__in=list(mail_ids)).order_by("id")
    return tuple(mapping.submission_of(row, database.vault) for row in await rows) if mail_ids else ()


async def _moved(database: Database, since: datetime, until: datetime) -> tuple[Submission, ...]:
    rows = await database.rows(
        "SELECT submission.id AS id FROM submission JOIN mail ON mail.id = mail_id "
        "WHERE moved_from <> '' AND mail.state_at > ? AND mail.state_at <= ?",
        [in_utc(since), in_utc(until)],
    )
    found = database.models.submission.filter(id__in=[row["id"] for row in rows]).order_by("id")
    return tuple(mapping.submission_of(row, database.vault) for row in await found) if rows else ()


async def _mail_counts(database: Database, since: datetime, until: datetime) -> tuple[tuple[MailState, int], ...]:
    rows = await database.rows(
        "SELECT state, count(*) AS mails FROM mail WHERE received_at > ? AND received_at <= ? GROUP BY state",
        [in_utc(since), in_utc(until)],
    )
    counts = {row["state"]: row["mails"] for row in rows}
    return tuple((state, counts[state.value]) for state in MailState if state.value in counts)


async def _came_to(
    database: Database, state: SubmissionState, since: datetime | None, until: datetime | None
) -> tuple[Submission, ...]:
    query = database.models.submission.filter(state=state.value).order_by("id")
    if since is not None and until is not None:
        query = query.filter(state_at__gt=since, state_at__lte=until)
    return tuple(mapping.submission_of(row, database.vault) for row in await query)


_OVERDUE_SHOWN = 20


async def _undelivered(database: Database, since: datetime, until: datetime) -> tuple[UndeliveredMail, ...]:
    """Letters given up or cancelled for a dead address in the span; or waiting now after a failed attempt or held by a clerk.

    Of letters that wait without an attempt (the relay is down) only the oldest are listed.
    """
    kept_back = Q(state=OutboxState.CANCELLED.value, reason=OutboxReason.DEAD_ADDRESS.value)
    given_up = Q(state__in=[OutboxState.BOUNCED.value, OutboxState.EXPIRED.value]) | kept_back
    given_up &= Q(done_at__gt=since, done_at__lte=until)
    failed = Q(state=OutboxState.QUEUED.value, attempts__gt=0) & ~Q(reason=OutboxReason.WAITING.value)
    waiting = Q(state=OutboxState.QUEUED.value, attempts=0, queued_at__lt=until - OVERDUE_AFTER)
    overdue = database.models.outbox.filter(waiting).order_by("id").limit(_OVERDUE_SHOWN).values_list("id", flat=True)
    columns = ("id", "letter", "recipient", "quoted", "state", "reason", "attempts", "created_at", "submission")
    query = database.models.outbox.filter(
        given_up | failed | Q(state=OutboxState.HOLD.value) | Q(id__in=list(await overdue))
    )
    return tuple(
        UndeliveredMail(
            outbox_id=row.id,
            letter=Letter(row.letter),
            recipient=row.recipient,
            subject=mapping.subject_of(row, database.vault),
            state=OutboxState(row.state),
            reason=OutboxReason(row.reason),
            attempts=row.attempts,
            created_at=row.created_at,
            submission=row.submission,
        )
        for row in await query.order_by("id").only(*columns)
    )


async def _looked_at(database: Database) -> datetime | None:
    row = await database.models.mailbox_memory.all().order_by("-looked_at").first()
    return row.looked_at if row else None
