"""Moves of submissions inside a transaction: written, superseded, closed as a twin, each with its journal entry.

Called by settle.py and clerk_actions.py, which hold the transaction. Raises WrongState, NotFound, Overtaken.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.core.records.reasons import SubmissionReason
from bot.core.records.refusal import Refusal
from bot.core.records.submission import Submission, SubmissionState
from storage.database import mapping, models
from storage.database.connection import Database
from storage.database.rows import insert, one, places, read, wrong_state
from storage.errors import Overtaken
from storage.use_cases import case_words, journal
from storage.use_cases.journal import Entry


async def write_submissions(database: Database, mail_id: int, submissions: Sequence[Submission]) -> list[Entry]:
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
    await case_words.write(database, submissions)
    return [submission_entry(submission, actor=journal.BOT) for submission in submissions]


async def end_unverified(database: Database, submissions: Sequence[Submission]) -> list[Entry]:
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


async def end_replaced(database: Database, replaced: Sequence[tuple[str, int]]) -> list[Entry]:
    """Supersede what its sender has put right, unless it ended just now. Raises Overtaken where a clerk was faster."""
    entries: list[Entry] = []
    for receipt, guarantee_id in sorted(replaced):
        row = await locked_submission(database, receipt)
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
    return submission_entry(mapping.submission_of(row, database.vault), actor=journal.BOT)


async def close_twins(database: Database, accepted: Submission) -> list[Entry]:
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
        entries.append(submission_entry(mapping.submission_of(row, database.vault), actor=journal.BOT))
    return entries


def submission_entry(submission: Submission, *, actor: str, note: str = "", refusal: Refusal | None = None) -> Entry:
    """The journal line of a submission's move."""
    detail: dict[str, Any] = {
        "reasons": [reason.value for reason in submission.reasons],
        "guarantee_id": submission.guarantee_id,
    }
    if note:
        detail["note"] = note
    if refusal is not None:
        detail["refusal"] = refusal.value
    return Entry(f"submission.{submission.state.value}", "submission", submission.receipt_number, detail, actor)


async def locked_submission(database: Database, receipt_number: str) -> models.SubmissionRecord:
    """The row, locked until the transaction ends."""
    found = database.models.submission.filter(receipt_number=receipt_number).select_for_update()
    return await one(found, f"submission {receipt_number}")
