"""Consent to issuance-complete mails: the events, which are append-only, and the letters that they permitted.

`record` and `record_wishes` are steps of a transaction that has taken all its other locks; may_leave.py calls `events_of`
when a letter is queued and again, after `lock`, when it is claimed; the rest is `Store.consent`. The rules are in
bot/core/consent/rules.py.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from tortoise.expressions import Q

from bot.core.consent import rules as core
from bot.core.consent.rules import Proof, SentNotice, wish_changes
from bot.core.policy.masking import mask_keys
from bot.core.policy.policy import Formats
from bot.core.records.consent import Consent, ConsentStatement, Origin
from bot.core.records.guarantee import Guarantee
from bot.core.records.outgoing_mail import Letter, OutboxState
from storage.database import mapping, models
from storage.database.connection import Database
from storage.database.rows import batches, insert
from storage.use_cases import journal
from storage.use_cases.base import UseCases, use_case
from storage.use_cases.journal import Entry

# The key of the advisory lock, unique in the PostgreSQL database: "consent" in ASCII.
_LOCK = 0x636F6E73656E74

Events = Mapping[str, Sequence[Consent]]
"""Address in lower case → its events by ascending id."""


# -- steps of a transaction


async def lock(database: Database) -> None:
    """Exclude other transactions that add events or claim letters by them, until this transaction ends.

    So an event that a letter's claim did not see has a higher id than those that it saw. Taken after all other locks, so
    that its holder waits for no other lock.
    """
    if database.dialect == "postgresql":  # SQLite: the transaction has the only write lock
        await database.rows(f"SELECT pg_advisory_xact_lock({_LOCK})")


async def record(database: Database, words: Sequence[ConsentStatement]) -> list[Entry]:
    """Add events; returns the journal entries, which the caller writes."""
    if not words:
        return []
    await lock(database)
    now = database.clock()
    rows = [_row(word, now) for word in words]
    new = await insert(database, database.models.consent, rows)
    return [
        Entry(
            "consent.given" if row["given"] else "consent.withdrawn",
            "consent",
            made["id"],
            {name: row[name] for name in ("address", "guarantee_id", "wording", "source")},
            row["actor"],
        )
        for row, made in zip(rows, new, strict=True)
    ]


def _row(word: ConsentStatement, at: datetime) -> dict[str, Any]:
    return {
        "at": at,
        "address": mapping.fold_address(word.address),
        "guarantee_id": word.guarantee_id,
        "given": word.granted,
        "wording": mask_keys(word.wording, Formats()),
        "origin": word.origin.value,
        "source": word.source,
        "actor": word.actor,
    }


Changed = tuple[int, Guarantee | None, Guarantee, int]
"""A row of the register: its id, its old value (None: new), its new value, its line in the file (0: none)."""


async def record_wishes(database: Database, changed: Iterable[Changed], actor: str, source: str) -> list[Entry]:
    """Add the events of an import's changes to 発行通知 wishes; returns the journal entries, which the caller writes."""
    words: list[ConsentStatement] = []
    for guarantee_id, before, after, line in changed:
        place = _place(source, line)
        old = sends_to(before) if before is not None else ""
        words += [
            ConsentStatement(one.address, one.granted, one.wording, Origin.REGISTER, place, actor, guarantee_id)
            for one in wish_changes(old, sends_to(after), still_wanted=after.wants_issued_mail)
        ]
    return await record(database, words)


def sends_to(guarantee: Guarantee) -> str:
    """The address, in lower case, to which the row wants an issuance-complete mail; "" = none."""
    return mapping.fold_address(guarantee.email) if guarantee.wants_issued_mail else ""


def _place(source: str, line: int) -> str:
    return f"{source} {line}行目" if line else source


# -- reading


async def events_of(database: Database, addresses: Collection[str]) -> Events:
    """All events of these addresses (in lower case)."""
    found: dict[str, list[Consent]] = {address: [] for address in addresses}
    for wanted in batches(sorted(found)):
        for row in await database.models.consent.filter(address__in=wanted).order_by("id"):
            found.setdefault(row.address, []).append(_event(row))
    return found


def _event(row: models.ConsentRecord) -> Consent:
    word = ConsentStatement(
        row.address, row.given, row.wording, Origin(row.origin), row.source, row.actor, row.guarantee_id
    )
    return Consent(row.id, row.at, word)


class Consents(UseCases):
    """Consent to mails that the contractor did not ask for: statements, opt-outs and their proof."""

    @use_case
    async def opt_out(self, address: str, *, wording: str, actor: str, source: str) -> None:
        """Record that this address (case-insensitive) opts out. `wording`: the literal words, "" = unknown."""
        word = ConsentStatement(
            address, granted=False, wording=wording, origin=Origin.COMMAND, source=source, actor=actor
        )
        await _say(self._database, word)

    @use_case
    async def opt_in(self, address: str, *, wording: str, actor: str, source: str) -> None:
        """Record that this address withdraws its opt-out: the register's wishes for it count again."""
        word = ConsentStatement(
            address, granted=True, wording=wording, origin=Origin.COMMAND, source=source, actor=actor
        )
        await _say(self._database, word)

    @use_case
    async def opted_out(self) -> tuple[Consent, ...]:
        """For each address that is opted out now, the event of the opt-out, oldest first."""
        rows = await self._database.models.consent.filter(guarantee_id__isnull=True).order_by("id")
        by_address: dict[str, list[Consent]] = {}
        for row in rows:
            by_address.setdefault(row.address, []).append(_event(row))
        stops = [stop for events in by_address.values() if (stop := core.standing_stop(events)) is not None]
        return tuple(sorted(stops, key=lambda stop: (stop.at, stop.word.address)))

    @use_case
    async def list_(self, address: str = "", *, limit: int = 100) -> tuple[Consent, ...]:
        """The events of consent, of one address (case-insensitive) or of all, newest first."""
        query = self._database.models.consent.all().order_by("-id").limit(limit)
        if address:
            query = query.filter(address=mapping.fold_address(address))
        return tuple(_event(row) for row in await query)

    @use_case
    async def proofs(self, *, since: datetime | None = None, until: datetime | None = None) -> tuple[Proof, ...]:
        """For each issued mail that was or may have been sent in the span, both ends inclusive: the event that permitted it,
        evaluated again; oldest first.
        """
        letters = [Letter.ISSUED.value, Letter.NOTICE_REMINDER.value]
        found = (
            await self._database.models.outbox.filter(_LEFT, letter__in=letters)
            .order_by("id")
            .only(*_COLUMNS, "letter")
        )
        told = await _reminded_of(
            self._database, [row.id for row in found if row.letter == Letter.NOTICE_REMINDER.value]
        )
        rows = [(row, _notice(row, number)) for row in found for number in told.get(row.id, [row.guarantee_id])]
        rows = [
            (row, notice)
            for row, notice in rows
            if (since is None or notice.sent_at >= since) and (until is None or notice.sent_at <= until)
        ]
        events = await events_of(self._database, {notice.address for _, notice in rows})
        by_id = {event.event_id: event for found in events.values() for event in found}
        return tuple(
            core.proof(notice, _permitted_by(row, notice, by_id, events[notice.address]), events[notice.address])
            for row, notice in rows
        )


async def words_between(database: Database, since: datetime, until: datetime) -> tuple[int, int]:
    """The numbers of opt-outs and of their withdrawals recorded after `since` up to `until`."""
    said = database.models.consent.filter(guarantee_id__isnull=True, at__gt=since, at__lte=until)
    return await said.filter(given=False).count(), await said.filter(given=True).count()


async def _say(database: Database, word: ConsentStatement) -> None:
    """Record one statement in a transaction."""
    async with database.transaction():
        await journal.write(database, await record(database, [word]))


_LEFT = Q(state__in=[OutboxState.DELIVERED.value, OutboxState.BOUNCED.value]) | Q(unsure_attempts__gt=0)
_COLUMNS = ("id", "recipient_fold", "guarantee_id", "created_at", "done_at", "consent_id", "consent_at", "consent_seen")


def _permitted_by(
    row: models.OutboxRecord, notice: SentNotice, by_id: Mapping[int, Consent], events: Sequence[Consent]
) -> Consent | None:
    """The recorded event. A reminder records that of its first guarantee; the others' follow from the last event seen."""
    event = by_id.get(row.consent_id or 0)
    if event is None or row.letter == Letter.ISSUED.value or event.word.guarantee_id == notice.guarantee_id:
        return event
    return core.permission(events, notice.guarantee_id, notice.seen)


async def _reminded_of(database: Database, letters: Sequence[int]) -> dict[int, list[int]]:
    """Reminder id → ids of its guarantees, from the journal, which keeps them also for a deadline that was reminded again."""
    of_letter: dict[int, list[int]] = {number: [] for number in letters}
    lines = database.models.journal.filter(event="reminder.told", subject_kind="guarantee").order_by("id")
    for line in await lines.only("id", "subject_id", "detail") if letters else []:
        number = line.detail.get("outgoing")
        if number in of_letter:
            of_letter[number].append(int(line.subject_id))
    return of_letter


def _notice(row: models.OutboxRecord, guarantee_id: int | None) -> SentNotice:
    sent_at = row.done_at or row.consent_at or row.created_at
    return SentNotice(row.id, row.recipient_fold, guarantee_id, sent_at, row.consent_at, row.consent_seen)
