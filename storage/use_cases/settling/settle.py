"""Store the outcome of a mail and its notices: the bot's verdict (T2, settle) and a clerk's decision (judge).

`Store.submissions`. Each is one transaction with states, submissions, changes of the register, letters and journal.
Raises NotFound, WrongState, Overtaken.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tortoise.exceptions import IntegrityError

from bot.core.records.consent import ConsentStatement, Origin
from bot.core.records.envelope import Arrival
from bot.core.records.incoming_mail import (
    TRANSITIONS,
    ClerkDecision,
    MailState,
    Stop,
)
from bot.core.records.outgoing_mail import BounceReport, OutgoingMail
from bot.core.records.submission import Submission, SubmissionState
from bot.core.records.submission_search import Search, finds
from bot.core.verdict.mail_verdict import Verdict
from bot.crash_points import crash_point
from storage.database import mapping
from storage.database.connection import Database
from storage.database.fields import in_utc, storable
from storage.database.rows import change, check_move, lock_register, newest, one
from storage.errors import NotFound, Overtaken, WrongState
from storage.use_cases import (
    bounces,
    case_words,
    consent,
    incoming,
    journal,
    outbox,
    password_pairing,
    send_counts,
)
from storage.use_cases.base import UseCases, use_case
from storage.use_cases.guarantee_moves import receive_key
from storage.use_cases.journal import Entry
from storage.use_cases.retention.disposal import note_answer
from storage.use_cases.settling.clerk_actions import carry_out, judge_submission
from storage.use_cases.settling.submission_moves import (
    close_twins,
    end_replaced,
    end_unverified,
    write_submissions,
)


class Submissions(UseCases):
    """Submissions: settled, judged, listed."""

    @use_case
    async def settle(
        self,
        mail_id: int,
        verdict: Verdict,
        *,
        outgoing: Sequence[OutgoingMail] = (),
        entered: Sequence[Arrival] = (),
        returned: BounceReport | None = None,
        is_alive: bool = False,
    ) -> None:
        """Write a verdict in one transaction, with its letters and its journal entries.

        `outgoing`: its drafts, worded; those whose dedupe key exists are left out. `entered`: its forms, as mails of their own.
        `returned`: what the mail reports about a letter of ours. `is_alive`: a person wrote it, so letters to its sender are worth
        while again. The mails of `reopened` are received again and due now; what a clerk's
        answer orders is carried out. Raises WrongState when the mail is not `received` any more, or a notice of it read before is no
        longer held; Overtaken when another process took the same guarantee meanwhile (unique index: one accepted-or-verified
        submission per guarantee), the register changed, or a mail to reopen is not passed on any more: decide anew; StoreError.
        """
        try:
            await _settle(self._database, mail_id, verdict, outgoing, entered, returned, is_alive=is_alive)
        except IntegrityError as error:
            raise Overtaken("another submission took the guarantee meanwhile: decide anew") from error

    @use_case
    async def judge(self, judgement: ClerkDecision, *, actor: str, outgoing: Sequence[OutgoingMail] = ()) -> Submission:
        """A clerk's word: accept, refuse, verify; one transaction with journal and letters. The reason is appended to the
        submission's reasons; verify also moves the guarantee to verified. Raises NotFound, WrongState.
        """
        async with self._database.transaction(seals=True):
            await lock_register(self._database, alone=False)
            judged, entries = await judge_submission(self._database, judgement, actor)
            entries += await outbox.put(self._database, outgoing)
            await journal.write(self._database, entries)
        return judged

    @use_case
    async def list_(self, *, states: Sequence[SubmissionState] = (), limit: int = 100) -> tuple[Submission, ...]:
        """Newest first; no states = all."""
        rows = await newest(self._database.models.submission, states).limit(limit)
        return tuple(mapping.submission_of(row, self._database.vault) for row in rows)

    @use_case
    async def find(self, search: Search, *, limit: int | None = 100) -> tuple[Submission, ...]:
        """The submissions that match the search (core/records/submission_search.py), newest first; limit None: all."""
        query = newest(self._database.models.submission, search.states)
        if search.since is not None:
            query = query.filter(received_at__gte=search.since)
        if search.until is not None:
            query = query.filter(received_at__lte=search.until)
        found: list[Submission] = []
        last: int | None = None
        portion = _SEARCHED_AT_A_TIME if limit is None else min(max(limit, 1), _SEARCHED_AT_A_TIME)
        while limit is None or len(found) < limit:
            if search.words.strip():
                words, below = search.words, last
                ids = await case_words.may_have(self._database, words, below=below, limit=portion)
                rows = await query.filter(id__in=ids) if ids else []
                last = ids[-1] if ids else None
            else:
                rows = await (query if last is None else query.filter(id__lt=last)).limit(portion)
                last = rows[-1].id if rows else None
            if last is None:
                break
            found += [
                each
                for each in (mapping.submission_of(row, self._database.vault) for row in rows)
                if finds(search, each)
            ]
        return tuple(found[:limit])

    @use_case
    async def sent_by(self, address: str, *, since: datetime, limit: int) -> tuple[Submission, ...]:
        """What this very address sent and our MX proved to be its, newest first."""
        own = storable(address.strip().lower())
        rows = await self._database.rows(
            "SELECT receipt_number FROM submission WHERE lower(sender) = ? AND received_at >= ? AND sender_proven ORDER BY id DESC LIMIT ?",
            [own, in_utc(since), limit],
        )
        numbers = [row["receipt_number"] for row in rows]
        found = await self._database.models.submission.filter(receipt_number__in=numbers).order_by("-id")
        return tuple(mapping.submission_of(row, self._database.vault) for row in found)

    @use_case
    async def last_from(self, address: str, *, limit: int, besides: int = 0) -> tuple[Submission, ...]:
        """The last submissions from this address, newest first, without those of the mail `besides`; none for ""."""
        if not address:
            return ()
        rows = await self._database.rows(
            "SELECT id FROM submission WHERE lower(sender) = ? AND mail_id <> ? ORDER BY received_at DESC, id DESC LIMIT ?",
            [storable(address.lower()), besides, limit],
        )
        found = self._database.models.submission.filter(id__in=[row["id"] for row in rows])
        by_id = {row.id: mapping.submission_of(row, self._database.vault) for row in await found} if rows else {}
        return tuple(by_id[row["id"]] for row in rows)

    @use_case
    async def get(self, receipt_number: str) -> Submission:
        """The submission with this 受付番号. Raises NotFound."""
        found = self._database.models.submission.filter(receipt_number=receipt_number)
        return mapping.submission_of(await one(found, f"submission {receipt_number}"), self._database.vault)


# Rows of a search in memory at a time.
_SEARCHED_AT_A_TIME = 500


async def _settle(
    database: Database,
    mail_id: int,
    verdict: Verdict,
    outgoing: Sequence[OutgoingMail],
    entered: Sequence[Arrival],
    returned: BounceReport | None,
    *,
    is_alive: bool,
) -> None:
    check_move(f"mail {mail_id}", TRANSITIONS, MailState.RECEIVED, verdict.state)
    async with database.transaction(seals=True, short=True):
        if verdict.submissions or verdict.carried_out or verdict.replaced or verdict.keys_received:
            await lock_register(database, alone=False)
        await _end_mail(database, mail_id, verdict)
        entries = [Entry(f"mail.{verdict.state.value}", "mail", mail_id, _mail_detail(verdict))]
        entries += await end_unverified(database, verdict.submissions)
        entries += await end_replaced(database, verdict.replaced)
        entries += await write_submissions(database, mail_id, verdict.submissions)
        for submission in verdict.submissions:
            entries += await close_twins(database, submission)
        received = () if database.in_shadow else verdict.keys_received  # there, people alone write the register
        for key in sorted(received, key=lambda key: key.guarantee_id):  # one order, or two workers may deadlock
            try:
                receipts = (s.receipt_number for s in verdict.submissions if s.guarantee_id == key.guarantee_id)
                entries += await receive_key(database, key, next(receipts, ""), actor=journal.BOT)
            except (NotFound, WrongState) as error:
                raise Overtaken(f"{error}; the register changed meanwhile: decide anew") from error
        entries += await carry_out(database, verdict.carried_out, mail_id)
        if verdict.list_answer is not None:
            entries += await note_answer(database, verdict.list_answer, mail_id)
        entries += await incoming.enter(database, entered, verdict.sender, mail_id)
        entries += await password_pairing.reopen(database, verdict.reopened, mail_id)
        entries += await incoming.end_asked(database, verdict.answered, mail_id)
        entries += await incoming.end_unused_passwords(database, verdict.opened_by, mail_id)
        entries += await bounces.revive(database, verdict.sender if is_alive else "", journal.BOT)
        entries += await outbox.put(database, outgoing)
        await send_counts.note_withheld(database, mail_id, verdict.withheld)
        if returned is not None:
            entries += await bounces.note(database, returned)
        entries += await consent.record(database, _words(verdict, mail_id))
        await journal.write(database, entries)
        crash_point("settle.before_commit")
    crash_point("settle.committed")


def _words(verdict: Verdict, mail_id: int) -> list[ConsentStatement]:
    """What the mail says about issuance-complete mails: its sender for himself, or a clerk for a contractor."""
    said = [verdict.word] if verdict.word is not None else []
    return said + [
        ConsentStatement(
            one.act.address,
            granted=False,
            wording=f"「{one.act.wording}」",
            origin=Origin.DESK,
            source=f"受付 {one.act.receipt_number} への返信（メール{mail_id}）",
            actor=one.actor,
        )
        for one in verdict.carried_out
        if isinstance(one.act, Stop)
    ]


def _mail_detail(verdict: Verdict) -> dict[str, Any]:
    return {
        "reason": verdict.reason.value,
        "no_reply": verdict.no_reply and verdict.no_reply.value,
        "submissions": [submission.receipt_number for submission in verdict.submissions],
        "withheld": [f"{one.letter.value}: {one.limit.value}" for one in verdict.withheld],
    }


async def _end_mail(database: Database, mail_id: int, verdict: Verdict) -> None:
    changes = {
        "state": verdict.state.value,
        "state_at": database.clock(),
        "reason": verdict.reason.value,
        "no_reply": verdict.no_reply and verdict.no_reply.value,
        "sender": verdict.sender,
        "desk": verdict.desk,
        "owner": None,
        **mapping.ended_columns(verdict.subject, verdict.papers, database.vault),
        **({} if verdict.state is MailState.PARKED else {"error": ""}),
    }
    received = [mail_id, MailState.RECEIVED.value]
    if not await change(database, database.models.mail, changes, "id = ? AND state = ?", received):
        await incoming.check_received(database, mail_id, verdict.state)
