"""Outgoing mails: queue them, claim them (T3), note the results (T4); the issued mails that are due.

`Store.outbox`. `put` is also a step of settling and judging.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from tortoise.expressions import Q

from bot.core.records import outgoing_mail
from bot.core.records.guarantee import Guarantee
from bot.core.records.outgoing_mail import (
    ClaimedMail,
    Letter,
    OutboxRow,
    OutboxState,
    OutgoingMail,
    wait_after,
)
from bot.core.records.reasons import OUR_TROUBLE, OutboxReason
from bot.crash_points import crash_point
from storage.database import mapping, models
from storage.database.connection import Database
from storage.database.fields import in_utc, storable
from storage.database.rows import (
    SKIP_LOCKED,
    change,
    check_move,
    first_time,
    insert,
    newest,
    one,
    places,
    read,
    wrong_state,
)
from storage.errors import NotFound, Unreadable, WrongState
from storage.use_cases import bounces, journal, tickets
from storage.use_cases.base import UseCases, use_case
from storage.use_cases.journal import Entry
from storage.use_cases.may_leave import Permitted, checked, permitting, untell, who_want_mails

log = logging.getLogger("hosho.letters")

# The longest relay reply in a row; RFC 5321 §4.5.3.1.5 allows 512 octets a line, and replies may have several.
MAX_REPLY = 1000
_OURS = sorted(reason.value for reason in OUR_TROUBLE)
# With _OURS as its values.
_WAITING = f"state = 'queued' AND reason NOT IN ({places(_OURS)})"


QUEUED, _CANCELLED, _SHOWN = "outgoing.queued", "outgoing.cancelled", "key.shown"
_SHADOW = OutboxReason.IN_SHADOW.value


async def put(database: Database, mails: Sequence[OutgoingMail], at: datetime | None = None) -> list[Entry]:
    """Queue those whose dedupe key is new, as made `at` (None = now); returns journal entries, which the caller writes.

    An issued mail that nothing permits any more is not queued. In shadow mode only alarms are: the others are kept as cancelled.
    """
    now = at or database.clock()
    permitted = await permitting(database, [mail for mail in mails if mail.letter is Letter.ISSUED])
    rows = [
        mapping.outbox_row(mail, now, database.vault)
        | {"consent_id": permitted.get(mail.dedupe_key), "done_at": None}
        | (_kept_back(now) if _stays(database, mail.letter) else {})
        for mail in mails
        if mail.letter is not Letter.ISSUED or mail.dedupe_key in permitted
    ]
    new = await insert(
        database,
        database.models.outbox,
        rows,
        unless="dedupe_key",
        returning="id, dedupe_key, letter, submission, guarantee_id",
    )
    about = ("letter", "submission", "guarantee_id")
    stays = [row for row in new if _stays(database, Letter(row["letter"]))]
    kept_back = [
        Entry(_CANCELLED, "outgoing", row["id"], {name: row[name] for name in about} | {"reason": _SHADOW})
        for row in stays
    ]
    new = [row for row in new if row not in stays]
    await tickets.put(database, mails, {row["dedupe_key"]: row["id"] for row in new})
    keys_of = {mail.dedupe_key: mail.keys_of for mail in mails if mail.keys_of}
    shown = [
        Entry(_SHOWN, "submission", receipt, {"outgoing": row["id"]})
        for row in new
        for receipt in keys_of.get(row["dedupe_key"], ())
    ]
    queued = [Entry(QUEUED, "outgoing", row["id"], {name: row[name] for name in about}) for row in new]
    return [*shown, *queued, *kept_back]


def _stays(database: Database, letter: Letter) -> bool:
    """Whether shadow mode keeps the letter back: all but alarms, which go to the operator."""
    return database.in_shadow and letter is not Letter.ALARM


def _kept_back(now: datetime) -> dict[str, object]:
    """The columns of a letter that shadow mode keeps back, for good: `retry` refuses it, so the mode's end sends nothing."""
    return {"state": OutboxState.CANCELLED.value, "reason": _SHADOW, "done_at": now}


class Outbox(UseCases):
    """Outgoing mails."""

    @use_case
    async def enqueue(
        self, mails: Sequence[OutgoingMail], *, at: datetime | None = None, actor: str = journal.BOT
    ) -> int:
        """Queue the mails whose dedupe key is new, due now; returns their number. `at`: `created_at`, None = now."""
        if not mails:
            return 0
        async with self._database.transaction(seals=True):
            queued = await put(self._database, mails, at)
            await journal.write(self._database, [replace(entry, actor=actor) for entry in queued])
        return sum(entry.event == QUEUED for entry in queued)

    @use_case
    async def complete(self, mail: OutgoingMail) -> bool:
        """Give a queued mail its final words and bytes, and make it due now; False when it was claimed before, or is not queued.

        The keys that it shows are noted in the journal.
        """
        async with self._database.transaction(seals=True):
            now = self._database.clock()
            row = mapping.outbox_row(mail, now, self._database.vault)
            waiting = self._database.models.outbox.filter(
                dedupe_key=mail.dedupe_key, state=OutboxState.QUEUED.value, attempts=0, next_attempt_at__gt=now
            )
            if not await waiting.update(**{name: row[name] for name in _COMPLETED}):
                return False
            if mail.keys_of:
                queued = await self._database.models.outbox.filter(dedupe_key=mail.dedupe_key).only("id").get()
                shown = [Entry(_SHOWN, "submission", receipt, {"outgoing": queued.id}) for receipt in mail.keys_of]
                await journal.write(self._database, shown)
            return True

    @use_case
    async def waiting_for_files(self) -> tuple[OutboxRow, ...]:
        """The queued letters that are not due before they are completed, or let go, oldest first."""
        rows = self._database.models.outbox.filter(
            letter__in=_WITH_FILES,
            state=OutboxState.QUEUED.value,
            attempts=0,
            next_attempt_at__gt=self._database.clock(),
        )
        return tuple([mapping.listed_outgoing(row, self._database.vault) for row in await rows.order_by("id")])

    @use_case
    async def let_go(self, outbox_id: int) -> None:
        """Make such a letter due as it is."""
        waiting = self._database.models.outbox.filter(id=outbox_id, state=OutboxState.QUEUED.value, attempts=0)
        await waiting.update(next_attempt_at=self._database.clock())

    @use_case
    async def keys_mailed(self, receipt_numbers: Sequence[str], address: str) -> dict[str, datetime]:
        """Receipt number → time (UTC) of the last KEYS letter to this address that shows the submission's key.

        Letters that were not and will not be delivered do not count.
        """
        # The journal has the letter that showed a key, the outbox its recipient.
        lines = self._database.models.journal.filter(
            event=_SHOWN, subject_kind="submission", subject_id__in=list(receipt_numbers)
        ).only("id", "subject_id", "detail")
        shown = [(row.subject_id, row.detail.get("outgoing")) for row in await lines] if receipt_numbers else []
        letters = self._database.models.outbox.filter(
            id__in=[number for _, number in shown if number],
            letter=Letter.KEYS.value,
            recipient_fold=mapping.fold_address(address),
            state__in=_MAY_ARRIVE,
        )
        made = {row.id: row.created_at for row in await letters.only("id", "created_at")} if shown else {}
        mailed: dict[str, datetime] = {}
        for receipt, number in shown:
            if number in made:
                mailed[receipt] = max(made[number], mailed.get(receipt, made[number]))
        return mailed

    @use_case
    async def claim(
        self, *, limit: int = 20, in_flight: Collection[str] | None = None, tries_ours: bool = False
    ) -> tuple[ClaimedMail, ...]:
        """Queued and due, oldest due first; attempts+1 and next_attempt_at = now + wait_after(attempts) are committed before
        this returns. A contractor's letter to a dead address is cancelled here instead (dead_address), an `issued` letter whose
        recipient has opted out, or whose guarantee no longer wants it or is cancelled, too (opted_out, no_longer_true).
        `in_flight`: addresses to which nothing is claimed now; when given, not even empty, each address gets one mail at most.
        What waits for a trouble of ours (OUR_TROUBLE) is passed over; `tries_ours`: but one of each, due or not, in turns.
        In shadow mode all but alarms, queued before it or by a process without it, is cancelled here (in_shadow).
        """
        if self._database.in_shadow:
            await self._keep_back_queued()
        ours = f"SELECT 1 AS there FROM outbox WHERE state = 'queued' AND reason IN ({places(_OURS)}) LIMIT 1"  # noqa: S608 - our own words
        tries_ours = tries_ours and bool(await self._database.rows(ours, _OURS))
        owner = self._database.owner
        apart = (
            "" if owner is None else f" AND (owner IS NULL OR owner = {owner:d})"
        )  # by address it is told which of ours are busy
        if self._database.in_shadow:
            apart += f" AND letter = '{Letter.ALARM.value}'"
        due, due_now = f"{_WAITING} AND next_attempt_at <= ?{apart}", [*_OURS, in_utc(self._database.clock())]
        any_due = f"SELECT 1 AS there FROM outbox WHERE {due} LIMIT 1"  # noqa: S608 - likewise
        # The usual answer, without taking the write lock for it.
        if limit < 1 or not (tries_ours or await self._database.rows(any_due, due_now)):
            return ()
        claimed: list[models.OutboxRecord] = []
        busy = ["", *map(mapping.fold_address, in_flight or ())]
        async with self._database.transaction(short=True):
            if tries_ours:
                claimed += await self._one_of_each_trouble(busy, limit)
                busy += [row.recipient_fold for row in claimed]
            while len(claimed) < limit:
                wanted = limit - len(claimed)
                free = due if in_flight is None else f"{due} AND recipient_fold NOT IN ({places(busy)})"
                which = f"WHERE {free} ORDER BY next_attempt_at, id LIMIT {wanted:d}"
                values = due_now if in_flight is None else [*due_now, *map(storable, busy)]
                batch = await read(self._database, self._database.models.outbox, which, values, lock=SKIP_LOCKED)
                true, permitted = await _still_true(self._database, batch)
                if in_flight is not None:
                    first: dict[str, models.OutboxRecord] = {}
                    for row in true:
                        first.setdefault(row.recipient_fold, row)
                    true = list(first.values())
                    busy += first
                await _lease(self._database, true, permitted)
                claimed += true
                if len(batch) < wanted:
                    break
            crash_point("outbox.claim_before_commit")
        return tuple(_unsealed(self._database, claimed))

    async def _keep_back_queued(self) -> None:
        """Cancel what waits, but for alarms."""
        waiting = self._database.models.outbox.filter(state=OutboxState.QUEUED.value).exclude(letter=Letter.ALARM.value)
        if not await waiting.exists():
            return
        async with self._database.transaction():
            for row in await waiting.order_by("id").select_for_update().only("id"):
                await _move(self._database, row.id, OutboxState.CANCELLED, OutboxReason.IN_SHADOW, actor=journal.BOT)
                for told in await self._database.models.reminder.filter(outbox_id=row.id):
                    await untell(told)

    async def _one_of_each_trouble(self, busy: Sequence[str], limit: int) -> list[models.OutboxRecord]:
        """Of the letters that wait for each trouble the one whose next time is the earliest, due or not; claimed."""
        ours: list[models.OutboxRecord] = []
        for reason in _OURS:
            taken = [*busy, *(row.recipient_fold for row in ours)]
            waiting = self._database.models.outbox.filter(state=OutboxState.QUEUED.value, reason=reason)
            if (owner := self._database.owner) is not None:  # what another daemon has in hand is tried just now
                waiting = waiting.filter(Q(owner=None) | Q(owner=owner))
            if self._database.in_shadow:
                waiting = waiting.filter(letter=Letter.ALARM.value)
            free = waiting.exclude(recipient_fold__in=taken).order_by("next_attempt_at", "id").limit(1)
            batch = await free.select_for_update(skip_locked=True) if len(ours) < limit else []
            true, permitted = await _still_true(self._database, batch)
            await _lease(self._database, true, permitted)
            ours += true
        return ours

    @use_case
    async def over(self, reason: OutboxReason) -> int:
        """A trouble of ours is over: what waited for it is due now, its five days begin anew. Returns how many letters."""
        now = self._database.clock()
        waiting = self._database.models.outbox.filter(state=OutboxState.QUEUED.value, reason=reason.value)
        async with self._database.transaction():
            return await waiting.update(reason=OutboxReason.WAITING.value, queued_at=now, next_attempt_at=now)

    @use_case
    async def next_due(self) -> datetime | None:
        """The time, in UTC, at which the next queued mail is or was due; None when none waits, but for a trouble of ours."""
        first = f"SELECT min(next_attempt_at) AS at FROM outbox WHERE {_WAITING}"  # noqa: S608 - our own words
        return await first_time(self._database, first, _OURS)

    @use_case
    async def note_delivery(
        self,
        outbox_id: int,
        *,
        state: OutboxState,
        reason: OutboxReason,
        reply: str,
        outcome_known: bool = True,
        address_is_dead: bool = False,
    ) -> None:
        """Record the result of an attempt. State queued keeps the next_attempt_at of the claim. `reply` is cut to MAX_REPLY.

        `outcome_known=False`: the relay may have accepted the mail; a delivery after such an attempt, or after one without a
        recorded result, becomes relay_accepted_again. `address_is_dead`: send no more contractors' letters there.
        Raises NotFound, WrongState (a clerk has cancelled it).
        """
        async with self._database.transaction(short=True):
            row = await _locked(self._database, outbox_id)
            unsure = max(row.unsure_attempts - 1, 0) if outcome_known else row.unsure_attempts
            old = OutboxState(row.state)
            changes: dict[str, object] = {"reply": reply[:MAX_REPLY], "unsure_attempts": unsure, "owner": None}
            if state is old is OutboxState.QUEUED:
                changes["reason"] = reason.value
                if row.reason in _OURS and reason not in OUR_TROUBLE:  # its five days begin where that trouble ends
                    changes["queued_at"] = self._database.clock()
            waits = state in {OutboxState.QUEUED, OutboxState.EXPIRED}
            if state is old is OutboxState.QUEUED or (old is OutboxState.HOLD and waits):
                await change(self._database, self._database.models.outbox, changes, "id = ?", [outbox_id])
                return
            if old is OutboxState.HOLD:  # it was held during the attempt: the relay's reply counts
                await _move(self._database, outbox_id, OutboxState.QUEUED, OutboxReason.WAITING, actor=journal.BOT)
                old = OutboxState.QUEUED
            if old is OutboxState.CANCELLED:
                raise wrong_state(f"outgoing mail {outbox_id}", old, state)
            check_move(f"outgoing mail {outbox_id}", outgoing_mail.TRANSITIONS, old, state)
            if unsure and reason is OutboxReason.RELAY_ACCEPTED:
                reason = OutboxReason.RELAY_ACCEPTED_AGAIN
            await _move(self._database, outbox_id, state, reason, actor=journal.BOT, **changes)
            if address_is_dead and state is OutboxState.BOUNCED:
                await journal.write(self._database, await bounces.bury(self._database, row, reply[:MAX_REPLY]))
            crash_point("outbox.note_before_commit")

    @use_case
    async def list_(self, *, states: Sequence[OutboxState] = (), limit: int = 100) -> tuple[OutboxRow, ...]:
        """Newest first; no states = all."""
        rows = await newest(self._database.models.outbox, states).limit(limit)
        return tuple(mapping.listed_outgoing(row, self._database.vault) for row in rows)

    @use_case
    async def get(self, outbox_id: int) -> OutboxRow:
        """One outgoing mail. Raises NotFound."""
        found = self._database.models.outbox.filter(id=outbox_id)
        return mapping.listed_outgoing(await one(found, f"outgoing mail {outbox_id}"), self._database.vault)

    @use_case
    async def retry(self, outbox_id: int, *, actor: str) -> None:
        """Hold, bounced, expired or kept back from a dead address → queued, attempts 0, due now, five days anew, byte for byte
        the same. Its address is not dead any more. Raises NotFound, WrongState.
        """
        async with self._database.transaction():
            row = await _locked(self._database, outbox_id)
            queued = OutboxState.QUEUED
            if row.state == OutboxState.CANCELLED.value and row.reason != OutboxReason.DEAD_ADDRESS.value:
                raise wrong_state(f"outgoing mail {outbox_id}", row.state, queued)
            check_move(f"outgoing mail {outbox_id}", outgoing_mail.TRANSITIONS, OutboxState(row.state), queued)
            gone = "SELECT 1 AS gone FROM disposed WHERE row_kind = 'outgoing' AND row_id = ?"
            if await self._database.rows(gone, [outbox_id]):
                raise WrongState(f"送信{outbox_id}は保存期間を過ぎて廃棄したため、送り直せません")
            now = self._database.clock()
            await self._database.models.outbox.filter(id=outbox_id).update(
                attempts=0, queued_at=now, next_attempt_at=now
            )
            await _move(self._database, outbox_id, queued, OutboxReason.WAITING, actor=actor)
            await journal.write(self._database, await bounces.revive(self._database, row.recipient_fold, actor))

    @use_case
    async def cancel(self, outbox_id: int, *, actor: str) -> None:
        """Queued or hold → cancelled / clerk_cancelled. Raises NotFound, WrongState."""
        await _take_back(self._database, outbox_id, OutboxState.CANCELLED, OutboxReason.CLERK_CANCELLED, actor)

    @use_case
    async def hold(self, outbox_id: int, *, actor: str) -> None:
        """Queued → hold / clerk_held; a running attempt may still deliver it. Raises NotFound, WrongState."""
        await _take_back(self._database, outbox_id, OutboxState.HOLD, OutboxReason.CLERK_HELD, actor)

    @use_case
    async def release(self, outbox_id: int, *, actor: str) -> None:
        """Hold → queued, due now; attempts and the five days continue. Raises NotFound, WrongState."""
        async with self._database.transaction():
            row = await _locked(self._database, outbox_id)
            if row.state != OutboxState.HOLD.value:
                raise wrong_state(f"outgoing mail {outbox_id}", row.state, OutboxState.QUEUED)
            await self._database.models.outbox.filter(id=outbox_id).update(next_attempt_at=self._database.clock())
            await _move(self._database, outbox_id, OutboxState.QUEUED, OutboxReason.WAITING, actor=actor)

    @use_case
    async def of_submission(self, receipt_number: str) -> tuple[OutboxRow, ...]:
        """The letters about this 受付番号, oldest first; may be empty."""
        # Letters about a mail have the receipt number of its first notice; a clerk's letter is about one notice.
        of_mail = Q(submission__startswith=f"{receipt_number.rpartition('-')[0]}-", letter__in=_OF_A_MAIL)
        of_tickets = await tickets.letters_about(self._database, receipt_number)
        query = self._database.models.outbox.filter(
            Q(submission=receipt_number) | of_mail | Q(id__in=of_tickets)
        ).order_by("id")
        return tuple(mapping.listed_outgoing(row, self._database.vault) for row in await query)

    @use_case
    async def due_issued(self) -> tuple[Guarantee, ...]:
        """The guarantees for which an issued mail is to be queued.

        State issued, issued_at set, wants_issued_mail, an address with consent, and no mail with the dedupe key
        `issued/<guarantee_id>/<revision>` yet.
        """
        rows = await self._database.rows(
            "SELECT g.* FROM guarantee g WHERE g.state = 'issued' AND g.issued_at IS NOT NULL AND g.wants_issued_mail "
            "AND g.email <> '' AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.dedupe_key = "
            "'issued/' || CAST(g.id AS TEXT) || '/' || CAST(g.revision AS TEXT)) ORDER BY g.id",
        )
        due = [
            mapping.guarantee_of(models.from_columns(self._database.models.guarantee, row), self._database.vault)
            for row in rows
        ]
        return await who_want_mails(self._database, due)


_WITH_FILES = (Letter.ALERT.value, Letter.MAIL_ALERT.value, Letter.ORIGINALS.value)
_COMPLETED = ("quoted", "content", "next_attempt_at")
_MAY_ARRIVE = (OutboxState.QUEUED.value, OutboxState.HOLD.value, OutboxState.DELIVERED.value)


def _unsealed(database: Database, rows: Iterable[models.OutboxRecord]) -> Iterator[ClaimedMail]:
    """The claimed mails; one that can't be unsealed is logged and left for its next attempt."""
    for row in rows:
        try:
            mail = mapping.outgoing_of(row, database.vault)
        except Unreadable as error:
            log.error("outgoing mail %d waits: %s", row.id, error)  # noqa: TRY400 - the text says all
        else:
            yield ClaimedMail(row.id, mail, row.attempts + 1, row.queued_at, OutboxReason(row.reason))


async def _still_true(
    database: Database, rows: Sequence[models.OutboxRecord]
) -> tuple[list[models.OutboxRecord], dict[int, Permitted]]:
    """Those of the letters that may leave, and by what; the others are cancelled."""
    permitted, untrue = await checked(database, rows)
    for number, reason in untrue.items():
        await _move(database, number, OutboxState.CANCELLED, reason, actor=journal.BOT)
    return [row for row in rows if row.id not in untrue], permitted


async def _take_back(database: Database, outbox_id: int, state: OutboxState, reason: OutboxReason, actor: str) -> None:
    """A clerk cancels or holds a letter that has not left."""
    async with database.transaction():
        row = await _locked(database, outbox_id)
        check_move(f"outgoing mail {outbox_id}", outgoing_mail.TRANSITIONS, OutboxState(row.state), state)
        await _move(database, outbox_id, state, reason, actor=actor)


async def _lease(database: Database, rows: Iterable[models.OutboxRecord], permitted: Mapping[int, Permitted]) -> None:
    """Register the attempt and set the next one. `permitted`: outbox id → permission, which is recorded."""
    now, owner = database.clock(), database.owner
    for row in rows:
        proof = {}
        if found := permitted.get(row.id):
            proof = {"consent_id": found.by, "consent_at": now, "consent_seen": found.seen}
        changes = {
            "attempts": row.attempts + 1,
            "unsure_attempts": row.unsure_attempts + 1,  # until its result is noted
            "next_attempt_at": now + wait_after(row.attempts + 1, row.id),
            "owner": owner,
            **proof,
        }
        await change(database, database.models.outbox, changes, "id = ?", [row.id])


async def _locked(database: Database, outbox_id: int) -> models.OutboxRecord:
    columns = "id, state, reason, letter, recipient_fold, unsure_attempts"
    rows = await read(database, database.models.outbox, "WHERE id = ?", [outbox_id], columns=columns, lock=True)
    if not rows:
        raise NotFound(f"outgoing mail {outbox_id}")
    return rows[0]


async def _move(
    database: Database, outbox_id: int, state: OutboxState, reason: OutboxReason, *, actor: str, **besides: Any
) -> None:
    """Change a letter's state, and `besides` other columns of it, with a line in the journal."""
    waits = state in {OutboxState.QUEUED, OutboxState.HOLD}
    changes = {
        "state": state.value,
        "reason": reason.value,
        "done_at": None if waits else database.clock(),
        **besides,
    }
    await change(database, database.models.outbox, changes, "id = ?", [outbox_id])
    entry = Entry(f"outgoing.{state.value}", "outgoing", outbox_id, {"reason": reason.value}, actor)
    await journal.write(database, [entry])


_OF_A_MAIL = tuple(
    letter.value for letter in (Letter.RECEIPT, Letter.RECEIPT_AGAIN, Letter.RECEIPT_DIFFERS, Letter.ALERT)
)
