"""What a clerk orders, carried out inside a transaction: a decision on a submission, a correction, a mail put away or read again.

Called by settle.py. Raises NotFound, WrongState, Overtaken, and ActRefused for an action of an answer by mail.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace

from tortoise.exceptions import IntegrityError

from bot.core.records import submission as core_submission
from bot.core.records.guarantee_version import SEEN_WORDS
from bot.core.records.incoming_mail import (
    AppliedAction,
    CaseNote,
    ClerkAction,
    ClerkDecision,
    Correction,
    OriginalsAsked,
    ReadAgain,
    Release,
    Stop,
    leaves_case,
)
from bot.core.records.reasons import SubmissionReason
from bot.core.records.submission import Submission, SubmissionState
from storage.database import mapping
from storage.database.connection import Database
from storage.database.rows import check_move, wrong_state
from storage.errors import ActRefused, NotFound, Overtaken, WrongState
from storage.use_cases import case_words, incoming, tickets, versions
from storage.use_cases.guarantee_moves import locked_guarantee, receive_key, take_key_back, verify_guarantee
from storage.use_cases.journal import Entry
from storage.use_cases.settling.submission_moves import close_twins, end_replaced, locked_submission, submission_entry


async def judge_submission(database: Database, judgement: ClerkDecision, actor: str) -> tuple[Submission, list[Entry]]:
    """Accept, refuse or verify a submission, with what that does to the register."""
    what = f"submission {judgement.receipt_number}"
    row = await locked_submission(database, judgement.receipt_number)
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
        *await end_replaced(database, [(one, judgement.guarantee_id or 0) for one in judgement.replaces]),
        submission_entry(judged, actor=actor, note=judgement.note, refusal=judgement.refusal),
        *await close_twins(database, judged),
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


async def carry_out(database: Database, carried_out: Sequence[AppliedAction], mail_id: int) -> list[Entry]:
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
        by = {"answer": mail_id} | ({"confirms": one.confirms} if one.confirms else {})
        entries += [replace(entry, detail=entry.detail | by) for entry in done]
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
            return (await judge_submission(database, act, actor))[1]
        case CaseNote():
            await locked_submission(database, act.receipt_number)
            return [Entry(f"submission.{act.event}", "submission", act.receipt_number, {"note": act.note}, actor)]
        case Correction():
            return [await correct(database, act, actor)]
        case OriginalsAsked():
            return [await _asked(database, act, actor)]
        case Stop():
            await locked_submission(database, act.receipt_number)
            return []  # recorded as the transaction's last step, see consent.lock


async def _asked(database: Database, act: OriginalsAsked, actor: str) -> Entry:
    """That the papers go to a clerk; the letter's own lines tell which keys they show."""
    if act.receipt_number:
        await locked_submission(database, act.receipt_number)
        return Entry("submission.originals_asked", "submission", act.receipt_number, {"mail": act.mail_id}, actor)
    return Entry("mail.originals_asked", "mail", act.mail_id, {}, actor)


async def correct(database: Database, act: Correction, actor: str) -> Entry:
    """Write the corrected fields of a held submission; its key is not changed."""
    row = await locked_submission(database, act.receipt_number)
    if row.state != SubmissionState.HELD.value:
        raise wrong_state(f"submission {act.receipt_number}", row.state, SubmissionState.HELD)
    judged = mapping.submission_of(row, database.vault)
    await database.models.submission.filter(id=row.id).update(**mapping.corrected_columns(act, judged, database.vault))
    await case_words.write(database, [replace(judged, fields=act.fields)])
    old, new = asdict(judged.fields) | {"evidence": judged.evidence}, asdict(act.fields) | {"evidence": act.evidence}
    before = {name: old[name] for name in sorted(old) if name != "auth_key" and old[name] != new[name]}
    return Entry("submission.corrected", "submission", act.receipt_number, {"before": before}, actor)
