"""Deadlines: their facts, the reminders sent, and the ones that a clerk has marked as done.

`Store.deadlines`. The facts hold no key. may_leave.py checks a contractor's reminder again before it is sent.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import datetime

from tortoise.expressions import Q

from bot.core.deadlines.claims import SeenMail, SeenNotice
from bot.core.deadlines.facts import DeadlineFacts
from bot.core.deadlines.reminders import Told
from bot.core.deadlines.rules import DeadlineKind
from bot.core.records.guarantee import Guarantee, GuaranteeState
from bot.core.records.incoming_mail import MailState
from bot.core.records.outgoing_mail import OutgoingMail
from bot.core.records.paper import PaperKind
from bot.core.records.submission import SubmissionState
from bot.core.text.dates import JAPAN
from storage.database import mapping, models
from storage.database.connection import Database
from storage.database.fields import in_utc, storable
from storage.errors import NotFound
from storage.keys.vault import Vault
from storage.use_cases import incoming, journal, may_leave, outbox
from storage.use_cases.base import UseCases, use_case
from storage.use_cases.journal import Entry

_OPEN_NOTICES = (SubmissionState.HELD.value, SubmissionState.ACCEPTED.value)
_ENDED_NOTICES = (SubmissionState.VERIFIED.value, SubmissionState.REFUSED.value)
_OPEN_MAILS = tuple(state.value for state in MailState if state.is_work)


class Deadlines(UseCases):
    """Deadlines and reminders."""

    @use_case
    async def facts(self, *, since: datetime) -> DeadlineFacts:
        """All that may be due (core/due.py), without keys: what waits, whenever it came, and of what has ended, or only
        brought a 請求書, the notices and mails after `since`.
        """
        guarantees = await _guarantees(self._database)
        query = Q(state__in=_OPEN_NOTICES) | Q(state__in=_ENDED_NOTICES, state_at__gt=since)
        notices = [
            _notice(self._database, row) for row in await self._database.models.submission.filter(query).order_by("id")
        ]
        numbers = {one.submission.guarantee_id for one in notices if one.submission.guarantee_id is not None}
        rows = await self._database.models.guarantee.filter(id__in=sorted(numbers)) if numbers else []
        wanting = await may_leave.who_want_mails(
            self._database, [one for one in guarantees if one.state is GuaranteeState.ISSUED]
        )
        done = await self._database.models.reminder_done.all()
        return DeadlineFacts(
            guarantees=guarantees,
            notices=tuple(notices),
            mails=await _mails(self._database, since),
            rows={row.id: _without_key(self._database, row) for row in rows},
            wanting=frozenset(one.guarantee_id for one in wanting),
            done=frozenset((DeadlineKind(row.kind), row.about) for row in done),
        )

    @use_case
    async def reminded(self) -> tuple[Told, ...]:
        """The last reminder of each deadline and recipient."""
        return tuple(
            Told(
                DeadlineKind(row.kind),
                row.about,
                row.recipient,
                row.level,
                row.told_at.astimezone(JAPAN).date(),
                row.count,
            )
            for row in await self._database.models.reminder.all().order_by("id")
        )

    @use_case
    async def remind(self, mails: Sequence[tuple[OutgoingMail, Sequence[Told]]]) -> int:
        """One transaction: queue each mail whose dedupe key is new, and remember what it tells; of the others nothing is remembered.
        Returns how many were queued.
        """
        queued = 0
        async with self._database.transaction(seals=True):
            for mail, dues in mails:
                entries = await outbox.put(self._database, [mail])
                numbers = [int(entry.subject) for entry in entries if entry.event == outbox.QUEUED]
                queued += len(numbers)  # none: he has had the mail of the day, or shadow mode keeps it back
                for number, due in itertools.product(numbers, dues):
                    await _remember(self._database, due, number)
                    kind, _, subject = due.about.partition("/")
                    detail = {"kind": due.kind.value, "level": due.level, "outgoing": number}
                    entries.append(Entry("reminder.told", kind, subject.partition("/")[0], detail))
                await journal.write(self._database, entries)
        return queued

    @use_case
    async def end(self, kind: DeadlineKind, about: str, *, actor: str, note: str) -> None:
        """Mark a deadline as done: no more reminders. Twice is no error. `note`: for the journal."""
        async with self._database.transaction():
            new = await self._database.rows(
                "INSERT INTO reminder_done (kind, about, at, actor, note) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT (kind, about) DO NOTHING RETURNING id",
                [kind.value, storable(about), in_utc(self._database.clock()), storable(actor), storable(note)],
            )
            if new:
                await journal.write(self._database, [_entry("reminder.ended", kind, about, actor, note)])

    @use_case
    async def resume(self, kind: DeadlineKind, about: str, *, actor: str) -> None:
        """Undo `end`. Raises NotFound when the deadline is not marked as done."""
        async with self._database.transaction():
            if not await self._database.models.reminder_done.filter(kind=kind.value, about=about).delete():
                raise NotFound(f"reminder {about}")
            await journal.write(self._database, [_entry("reminder.resumed", kind, about, actor, "")])


async def _guarantees(database: Database) -> tuple[Guarantee, ...]:
    """The rows that a deadline of any kind may be about."""
    rows = await database.rows(
        "SELECT * FROM guarantee WHERE (state = 'issued' AND issued_at IS NOT NULL) "
        "OR (product = 'contract' AND state IN ('expected', 'issued') AND contracted_on IS NOT NULL) "
        "OR (expires_on < works_end_on AND state NOT IN ('cancelled', 'expired')) ORDER BY id",
    )
    return tuple(_without_key(database, models.from_columns(database.models.guarantee, row)) for row in rows)


def _without_key(database: Database, row: models.GuaranteeRecord) -> Guarantee:
    row.auth_key = None  # type: ignore[assignment]  # deadlines need no key
    return mapping.guarantee_of(row, database.vault)


def _notice(database: Database, row: models.SubmissionRecord) -> SeenNotice:
    row.auth_key = None  # type: ignore[assignment]  # likewise
    return SeenNotice(mapping.submission_of(row, database.vault), row.mail_id, row.state_at)


async def _mails(database: Database, since: datetime) -> tuple[SeenMail, ...]:
    """The mails that wait for a person, and those after `since` with a 請求書."""
    query = Q(state__in=_OPEN_MAILS) | Q(received_at__gt=since)
    found = await database.models.mail.filter(query).only(*incoming.LISTED, "state_at").order_by("id")
    seen = (_mail(row, database.vault) for row in found)
    return tuple(one for one in seen if one.claims or one.state.value in _OPEN_MAILS)


def _mail(row: models.MailRecord, vault: Vault) -> SeenMail:
    claims = sum(paper["kind"] == PaperKind.CLAIM.value for paper in row.papers)
    subject = mapping.subject_of(row, vault)
    state, desk = MailState(row.state), row.desk
    came_at = min(row.received_at, row.state_at)  # a clock that was ahead may have dated it
    return SeenMail(row.id, state, row.sender, subject, came_at, row.state_at, claims, desk)


async def _remember(database: Database, due: Told, number: int) -> None:
    await database.execute(
        "INSERT INTO reminder (kind, about, recipient, level, told_at, count, outbox_id) VALUES (?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (kind, about, recipient) DO UPDATE SET level = excluded.level, told_at = excluded.told_at, "
        "count = excluded.count, outbox_id = excluded.outbox_id",
        [
            due.kind.value,
            due.about,
            storable(due.recipient),
            due.level,
            in_utc(database.clock()),
            due.count,
            number,
        ],
    )


def _entry(event: str, kind: DeadlineKind, about: str, actor: str, note: str) -> Entry:
    subject, _, number = about.partition("/")
    detail = {"kind": kind.value} | ({"note": note} if note else {})
    return Entry(event, subject, number.partition("/")[0], detail, actor)
