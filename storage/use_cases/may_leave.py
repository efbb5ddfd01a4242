"""Whether a letter may be sent: consent, checked when it is queued and when it is claimed; dead addresses; outdated content.

Steps of queueing and claiming (outbox.py), which cancels the other letters. Consent is read after `consent.lock`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from tortoise.expressions import Q

from bot.core.consent.rules import permission, standing_stop
from bot.core.deadlines.rules import DeadlineKind
from bot.core.records.guarantee import Guarantee, GuaranteeState
from bot.core.records.outgoing_mail import OF_CLERKS, TO_FIRM, Letter, OutgoingMail
from bot.core.records.reasons import OutboxReason
from bot.core.records.submission import SubmissionState
from storage.database import mapping, models
from storage.database.connection import Database
from storage.use_cases import bounces, consent


async def permitting(database: Database, issued: Sequence[OutgoingMail]) -> dict[str, int]:
    """Dedupe key → id of the event that permits this issued mail; mails without one are left out."""
    events = await consent.events_of(database, {mapping.fold_address(mail.recipient) for mail in issued})
    found = {
        mail.dedupe_key: permission(events[mapping.fold_address(mail.recipient)], mail.guarantee_id) for mail in issued
    }
    return {key: event.event_id for key, event in found.items() if event is not None}


@dataclass(frozen=True, slots=True)
class Permitted:
    """The consent behind an issued mail."""

    by: int  # the id of the permitting event
    seen: int  # the id of the address's last event at that time


async def checked(
    database: Database, rows: Sequence[models.OutboxRecord]
) -> tuple[dict[int, Permitted], dict[int, OutboxReason]]:
    """Outbox id → permission of issued mails and reminders; outbox id → reason to cancel.

    Cancelled are letters to dead addresses, and issued mails and reminders without consent or with outdated content.
    """
    to_others = [row for row in rows if row.letter not in OF_CLERKS]
    dead = await bounces.dead_of(database, {row.recipient_fold for row in to_others}) if to_others else set()
    permitted, untrue = await _wanted(database, [row for row in to_others if row.letter == Letter.ISSUED.value])
    untrue = {row.id: OutboxReason.DEAD_ADDRESS for row in to_others if row.recipient_fold in dead} | untrue
    of_notices = [row for row in to_others if row.letter == Letter.NOTICE_REMINDER.value and row.id not in untrue]
    still_permitted, overtaken = await _overtaken(database, of_notices)
    stopped = await _stopped(database, [row for row in to_others if row.dedupe_key.endswith(TO_FIRM)])
    return permitted | still_permitted, untrue | overtaken | stopped


async def _stopped(database: Database, rows: Sequence[models.OutboxRecord]) -> dict[int, OutboxReason]:
    """Letters to firms that did not send the notice, and have said that they want none from us."""
    if not rows:
        return {}
    await consent.lock(database)
    events = await consent.events_of(database, {row.recipient_fold for row in rows})
    return {row.id: OutboxReason.OPTED_OUT for row in rows if standing_stop(events[row.recipient_fold]) is not None}


async def _wanted(
    database: Database, issued: Sequence[models.OutboxRecord]
) -> tuple[dict[int, Permitted], dict[int, OutboxReason]]:
    """`checked` for issued mails."""
    permitted: dict[int, Permitted] = {}
    unwanted: dict[int, OutboxReason] = {}
    if not issued:
        return permitted, unwanted
    await consent.lock(database)
    events = await consent.events_of(database, {row.recipient_fold for row in issued})
    ended = database.models.guarantee.filter(
        id__in={row.guarantee_id for row in issued if row.guarantee_id}, state=GuaranteeState.CANCELLED.value
    )
    cancelled = {row.id for row in await ended.only("id")}
    for row in issued:
        of_address = events[row.recipient_fold]
        event = permission(of_address, row.guarantee_id)
        if standing_stop(of_address) is not None:
            unwanted[row.id] = OutboxReason.OPTED_OUT
        elif event is None or row.guarantee_id in cancelled:
            unwanted[row.id] = OutboxReason.NO_LONGER_TRUE
        else:
            permitted[row.id] = Permitted(event.event_id, of_address[-1].event_id)
    return permitted, unwanted


async def _overtaken(
    database: Database, reminders: Sequence[models.OutboxRecord]
) -> tuple[dict[int, Permitted], dict[int, OutboxReason]]:
    """`checked` for reminders to contractors: one that names a guarantee whose notice has come in, say, is cancelled.

    The other guarantees of a cancelled reminder are marked as not reminded, so that the next opening day's mail has them.
    """
    permitted: dict[int, Permitted] = {}
    reasons: dict[int, OutboxReason] = {}
    if reminders:
        await consent.lock(database)
    for mail in reminders:
        told = {int(row.about.split("/")[1]): row for row in await database.models.reminder.filter(outbox_id=mail.id)}
        rows = await database.models.guarantee.filter(id__in=sorted(told), state=GuaranteeState.ISSUED.value)
        found = [mapping.guarantee_of(row, database.vault) for row in rows]
        wanted = await who_want_mails(
            database, [one for one in found if told[one.guarantee_id].about.endswith(f"/{one.revision}")]
        )
        true = {one.guarantee_id for one in wanted if mapping.fold_address(one.email) == mail.recipient_fold}
        true -= await _settled_otherwise(database, found, [row.about for row in told.values()])
        events = (await consent.events_of(database, {mail.recipient_fold}))[mail.recipient_fold]
        event = permission(events, min(told, default=None))
        if true == set(told) and event is not None:
            permitted[mail.id] = Permitted(event.event_id, events[-1].event_id)
        else:
            is_stopped = standing_stop(events) is not None
            reasons[mail.id] = OutboxReason.OPTED_OUT if is_stopped else OutboxReason.NO_LONGER_TRUE
            for number in true:
                await untell(told[number])
    return permitted, reasons


_CAME = tuple(state.value for state in SubmissionState if state.is_standing)

_NEVER = datetime(2000, 1, 1, tzinfo=UTC)


async def _settled_otherwise(database: Database, rows: Sequence[Guarantee], abouts: Sequence[str]) -> set[int]:
    """The ids of the rows whose notice has come in, or whose deadline a clerk has marked as done."""
    came = database.models.submission.filter(
        Q(guarantee_id__in=[row.guarantee_id for row in rows])
        | Q(number__in=[row.number for row in rows if row.number]),
        state__in=_CAME,
    )
    numbers = {(row.guarantee_id, row.number) for row in await came.only("guarantee_id", "number")}
    ids, named = {number for number, _ in numbers}, {number for _, number in numbers}
    kind = DeadlineKind.ISSUED_WITHOUT_NOTICE.value
    done = database.models.reminder_done.filter(kind=kind, about__in=list(abouts))
    ended = {int(row.about.split("/")[1]) for row in await done}
    return ended | {row.guarantee_id for row in rows if row.guarantee_id in ids or row.number in named - {""}}


async def untell(told: models.ReminderRecord) -> None:
    """Mark as not reminded, because the mail was not sent; earlier reminders still count."""
    if told.count == 1:
        await told.delete()
        return
    told.count, told.told_at = told.count - 1, _NEVER
    await told.save(update_fields=["count", "told_at"])


async def who_want_mails(database: Database, guarantees: Sequence[Guarantee]) -> tuple[Guarantee, ...]:
    """The guarantees whose contractor has consented to issuance-complete mails."""
    asked = [one for one in guarantees if one.wants_issued_mail and one.email.strip()]
    events = await consent.events_of(database, {mapping.fold_address(one.email) for one in asked})
    return tuple(
        one for one in asked if permission(events[mapping.fold_address(one.email)], one.guarantee_id) is not None
    )
