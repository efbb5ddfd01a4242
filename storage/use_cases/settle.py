"""Store the outcome of a mail and its notices: the bot's verdict (T2, settle) and a clerk's decision (judge).

`Store.submissions`. Each is one transaction with states, submissions, changes of the register, letters and journal.
Raises NotFound, WrongState, Overtaken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from tortoise.exceptions import IntegrityError

from bot.core.records import submission as core_submission
from bot.core.records.consent import ConsentStatement, Origin
from bot.core.records.envelope import Arrival
from bot.core.records.guarantee_version import SEEN_WORDS
from bot.core.records.incoming_mail import (
    TRANSITIONS,
    AppliedAction,
    CaseNote,
    ClerkAction,
    ClerkDecision,
    Correction,
    MailState,
    OriginalsAsked,
    ReadAgain,
    Release,
    Stop,
    leaves_case,
)
from bot.core.records.outgoing_mail import BounceReport, OutgoingMail
from bot.core.records.reasons import SubmissionReason
from bot.core.records.refusal import Refusal
from bot.core.records.submission import Submission, SubmissionState
from bot.core.records.submission_search import Search, finds
from bot.core.verdict.mail_verdict import Verdict
from bot.crash_points import crash_point
from storage.database import mapping, models
from storage.database.connection import Database
from storage.database.fields import in_utc, storable
from storage.database.rows import change, check_move, insert, places, read, wrong_state
from storage.errors import ActRefused, NotFound, Overtaken, WrongState
from storage.use_cases import (
    bounces,
    consent,
    incoming,
    journal,
    outbox,
    password_pairing,
    send_counts,
    tickets,
    versions,
)
from storage.use_cases.base import UseCases, use_case
from storage.use_cases.guarantee_moves import locked_guarantee, receive_key, take_key_back, verify_guarantee
from storage.use_cases.journal import Entry


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
            judged, entries = await _judge(self._database, judgement, actor)
            entries += await outbox.put(self._database, outgoing)
            await journal.write(self._database, entries)
        return judged

    @use_case
    async def list_(self, *, states: Sequence[SubmissionState] = (), limit: int = 100) -> tuple[Submission, ...]:
        """Newest first; no states = all."""
        query = self._database.models.submission.all().order_by("-id").limit(limit)
        if states:
            query = query.filter(state__in=[state.value for state in states])
        return tuple(mapping.submission_of(row, self._database.vault) for row in await query)

    @use_case
    async def find(self, search: Search, *, limit: int | None = 100) -> tuple[Submission, ...]:
        """The submissions that match the search (core/records/submission_search.py), newest first; limit None: all."""
        query = self._database.models.submission.all().order_by("-id")
        if search.states:
            query = query.filter(state__in=[state.value for state in search.states])
        if search.since is not None:
            query = query.filter(received_at__gte=search.since)
        if search.until is not None:
            query = query.filter(received_at__lte=search.until)
        found: list[Submission] = []
        last: int | None = None
        while limit is None or len(found) < limit:
            batch = query if last is None else query.filter(id__lt=last)
            rows = await batch.limit(_SEARCHED_AT_A_TIME)
            if not rows:
                break
            last = rows[-1].id
            found += [
                one for one in (mapping.submission_of(row, self._database.vault) for row in rows) if finds(search, one)
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
        row = await self._database.models.submission.get_or_none(receipt_number=receipt_number)
        if row is None:
            raise NotFound(f"submission {receipt_number}")
        return mapping.submission_of(row, self._database.vault)


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
    async with database.transaction(seals=True):
        await _end_mail(database, mail_id, verdict)
        entries = [Entry(f"mail.{verdict.state.value}", "mail", mail_id, _mail_detail(verdict))]
        entries += await _end_unverified(database, verdict.submissions)
        entries += await _end_replaced(database, verdict.replaced)
        entries += await _write_submissions(database, mail_id, verdict.submissions)
        for submission in verdict.submissions:
            entries += await _close_twins(database, submission)
        for key in sorted(
            verdict.keys_received, key=lambda key: key.guarantee_id
        ):  # one order, or two workers may deadlock
            try:
                receipts = (s.receipt_number for s in verdict.submissions if s.guarantee_id == key.guarantee_id)
                entries += await receive_key(database, key, next(receipts, ""), actor=journal.BOT)
            except (NotFound, WrongState) as error:
                raise Overtaken(f"{error}; the register changed meanwhile: decide anew") from error
        entries += await _carry_out(database, verdict.carried_out, mail_id)
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
        **mapping.ended_columns(verdict.subject, verdict.papers, database.vault),
        **({} if verdict.state is MailState.PARKED else {"error": ""}),
    }
    received = [mail_id, MailState.RECEIVED.value]
    if not await change(database, database.models.mail, changes, "id = ? AND state = ?", received):
        await incoming.check_received(database, mail_id, verdict.state)


async def _write_submissions(database: Database, mail_id: int, submissions: Sequence[Submission]) -> list[Entry]:
    """Insert the submissions. A held one from an earlier reading of the mail is replaced; for another WrongState is raised."""
    now = database.clock()
    numbers = [submission.receipt_number for submission in submissions]
    which = f"WHERE receipt_number IN ({places(numbers)})"
    columns = "receipt_number, state"
    known = (
        await read(database, database.models.submission, which, numbers, columns=columns, lock=True) if numbers else ()
    )
    states = {row.receipt_number: SubmissionState(row.state) for row in known}
    new: list[dict[str, Any]] = []
    for submission in submissions:
        row = mapping.submission_row(submission, mail_id, now, database.vault)
        old = states.get(submission.receipt_number)
        if old is None:
            new.append(row)
        elif old is SubmissionState.HELD:
            await database.models.submission.filter(receipt_number=submission.receipt_number).update(**row)
        else:
            raise wrong_state(f"submission {submission.receipt_number}", old, submission.state)
    await insert(database, database.models.submission, new)
    return [_submission_entry(submission, actor=journal.BOT) for submission in submissions]


async def _end_unverified(database: Database, submissions: Sequence[Submission]) -> list[Entry]:
    """Supersede what was accepted on names alone where the register's own number and key come now: these prove themselves."""
    proven = {
        one.guarantee_id
        for one in submissions
        if one.state is SubmissionState.ACCEPTED and SubmissionReason.NUMBER_AND_KEY_MATCH in one.reasons
    }
    ids = sorted(filter(None, proven))
    which = f"WHERE guarantee_id IN ({places(ids)}) AND state = 'accepted' ORDER BY id"
    rows = await read(database, database.models.submission, which, ids, lock=True) if ids else ()
    return [await _supersede(database, row, row.guarantee_id) for row in rows]


async def _end_replaced(database: Database, replaced: Sequence[tuple[str, int]]) -> list[Entry]:
    """Supersede what its sender has put right, unless it ended just now. Raises Overtaken where a clerk was faster."""
    entries: list[Entry] = []
    for receipt, guarantee_id in sorted(replaced):
        row = await _locked_submission(database, receipt)
        state = SubmissionState(row.state)
        if state.is_open:
            entries.append(await _supersede(database, row, guarantee_id))
        elif state is not SubmissionState.SUPERSEDED:
            raise Overtaken(f"submission {receipt} is {state.value} by now: decide anew")
    return entries


async def _supersede(database: Database, row: models.SubmissionRecord, guarantee_id: int | None) -> Entry:
    """End a submission: the register's own number and key have come in another one."""
    row.state, row.state_at, row.guarantee_id = SubmissionState.SUPERSEDED.value, database.clock(), guarantee_id
    row.reasons = [*row.reasons, SubmissionReason.REGISTER_PROVES_ANOTHER.value]
    await row.save(update_fields=["state", "state_at", "reasons", "guarantee_id"])
    return _submission_entry(mapping.submission_of(row, database.vault), actor=journal.BOT)


async def _close_twins(database: Database, accepted: Submission) -> list[Entry]:
    """Close the held submissions with the number and key of one that is accepted now: they are repeats of it."""
    marks = database.vault.marks(accepted.fields.auth_key)
    if accepted.state is not SubmissionState.ACCEPTED or not accepted.fields.number or not marks:
        return []
    which = f"WHERE number = ? AND key_mark IN ({places(marks)}) AND state = 'held' AND receipt_number <> ?"
    twin = [accepted.fields.number, *marks, accepted.receipt_number]
    entries: list[Entry] = []
    for row in await read(database, database.models.submission, which, twin, lock=True):
        row.state, row.state_at = SubmissionState.DUPLICATE.value, database.clock()
        row.reasons = [*row.reasons, SubmissionReason.SAME_AS_ACCEPTED.value]
        row.guarantee_id = accepted.guarantee_id
        await row.save(update_fields=["state", "state_at", "reasons", "guarantee_id"])
        entries.append(_submission_entry(mapping.submission_of(row, database.vault), actor=journal.BOT))
    return entries


def _submission_entry(submission: Submission, *, actor: str, note: str = "", refusal: Refusal | None = None) -> Entry:
    detail: dict[str, Any] = {
        "reasons": [reason.value for reason in submission.reasons],
        "guarantee_id": submission.guarantee_id,
    }
    if note:
        detail["note"] = note
    if refusal is not None:
        detail["refusal"] = refusal.value
    return Entry(f"submission.{submission.state.value}", "submission", submission.receipt_number, detail, actor)


async def _judge(database: Database, judgement: ClerkDecision, actor: str) -> tuple[Submission, list[Entry]]:
    what = f"submission {judgement.receipt_number}"
    row = await _locked_submission(database, judgement.receipt_number)
    old, state = SubmissionState(row.state), judgement.state
    check_move(what, core_submission.TRANSITIONS, old, state)
    if state is SubmissionState.ACCEPTED and old is not SubmissionState.HELD:
        raise wrong_state(what, old, state)  # only an import of the register reopens a verified submission
    row.state, row.state_at = state.value, database.clock()
    row.reasons = [*row.reasons, judgement.reason.value]
    if judgement.guarantee_id is not None:
        row.guarantee_id = (await locked_guarantee(database, judgement.guarantee_id)).id
    judged = mapping.submission_of(row, database.vault)
    entries = [
        *await _end_replaced(database, [(one, judgement.guarantee_id or 0) for one in judgement.replaces]),
        _submission_entry(judged, actor=actor, note=judgement.note, refusal=judgement.refusal),
        *await _close_twins(database, judged),
    ]
    try:
        await row.save(update_fields=["state", "state_at", "reasons", "guarantee_id"])
        if judgement.key_received is not None:
            entries += await receive_key(database, judgement.key_received, judgement.receipt_number, actor=actor)
    except IntegrityError as error:
        raise wrong_state(what, old, state, _TAKEN_ALREADY) from error
    if old is SubmissionState.ACCEPTED and state is SubmissionState.REFUSED and row.guarantee_id is not None:
        is_proven = SubmissionReason.VERIFIED_IN_DSURE in judged.reasons
        entries += await take_key_back(
            database, row.guarantee_id, judgement.receipt_number, actor=actor, is_proven=is_proven
        )
    if judgement.reason in SEEN_WORDS and row.guarantee_id is not None:
        await locked_guarantee(database, row.guarantee_id)
        if judgement.versions and await versions.count_of(database, row.guarantee_id) != judgement.versions:
            raise Overtaken(f"the guarantee of {what} was changed meanwhile: look at it anew")
        entries += await versions.note_seen(
            database, row.guarantee_id, judgement.reason, judgement.receipt_number, actor=actor, note=judgement.note
        )
    if state is SubmissionState.VERIFIED and row.guarantee_id is not None:
        try:
            entries += await verify_guarantee(database, row.guarantee_id, judged.fields, actor=actor)
        except IntegrityError as error:
            raise wrong_state(what, old, state, _TAKEN_ALREADY) from error
    return judged, entries


_TAKEN_ALREADY = "台帳の同じ行にほかの受付済の受付があるか、その保証契約番号が台帳の別の行にあります"


async def _locked_submission(database: Database, receipt_number: str) -> models.SubmissionRecord:
    row = await database.models.submission.filter(receipt_number=receipt_number).select_for_update().first()
    if row is None:
        raise NotFound(f"submission {receipt_number}")
    return row


# -- a clerk's answer by mail


async def _carry_out(database: Database, carried_out: Sequence[AppliedAction], mail_id: int) -> list[Entry]:
    """Carry out the actions of an answer. Raises Overtaken where a case has changed since the decision."""
    entries: list[Entry] = []
    for one in sorted(carried_out, key=_order_of):  # one lock order for all workers prevents deadlocks
        if not leaves_case(one.act):
            await tickets.spend(database, one.token, one.place, database.clock())
        try:
            done = await _act(database, one.act, one.actor)
        except (NotFound, WrongState) as error:
            raise ActRefused(
                one.place, getattr(error, "why", "") or "この件の状態が、ほかの処理で変わりました"
            ) from error
        except IntegrityError as error:
            raise ActRefused(one.place, "台帳の同じ行に、ほかの受付があります") from error
        entries += [replace(entry, detail=entry.detail | {"answer": mail_id}) for entry in done]
    return entries


def _order_of(one: AppliedAction) -> tuple[int, str]:
    act = one.act
    if isinstance(act, Release | ReadAgain):
        return (act.mail_id, "")
    if isinstance(act, OriginalsAsked) and not act.receipt_number:
        return (act.mail_id, "")
    return (0, act.receipt_number)


async def _act(database: Database, act: ClerkAction, actor: str) -> list[Entry]:
    match act:
        case Release():
            return [
                await incoming.put_away(database, act.mail_id, actor, act.note),
                *await incoming.put_all_away(database, act.also, actor, act.note),
            ]
        case ReadAgain():
            return [await incoming.read_again(database, act.mail_id, actor)]
        case ClerkDecision():
            return (await _judge(database, act, actor))[1]
        case CaseNote():
            await _locked_submission(database, act.receipt_number)
            return [Entry(f"submission.{act.event}", "submission", act.receipt_number, {"note": act.note}, actor)]
        case Correction():
            return [await _correct(database, act, actor)]
        case OriginalsAsked():
            return [await _asked(database, act, actor)]
        case Stop():
            await _locked_submission(database, act.receipt_number)
            return []  # recorded as the transaction's last step, see consent.lock


async def _asked(database: Database, act: OriginalsAsked, actor: str) -> Entry:
    """That the papers go to a clerk; the letter's own lines tell which keys they show."""
    if act.receipt_number:
        await _locked_submission(database, act.receipt_number)
        return Entry("submission.originals_asked", "submission", act.receipt_number, {"mail": act.mail_id}, actor)
    return Entry("mail.originals_asked", "mail", act.mail_id, {}, actor)


async def _correct(database: Database, act: Correction, actor: str) -> Entry:
    """Write the corrected fields of a held submission; its key is not changed."""
    row = await _locked_submission(database, act.receipt_number)
    if row.state != SubmissionState.HELD.value:
        raise wrong_state(f"submission {act.receipt_number}", row.state, SubmissionState.HELD)
    judged = mapping.submission_of(row, database.vault)
    await database.models.submission.filter(id=row.id).update(**mapping.corrected_columns(act, judged, database.vault))
    old, new = asdict(judged.fields) | {"evidence": judged.evidence}, asdict(act.fields) | {"evidence": act.evidence}
    before = {name: old[name] for name in sorted(old) if name != "auth_key" and old[name] != new[name]}
    return Entry("submission.corrected", "submission", act.receipt_number, {"before": before}, actor)
