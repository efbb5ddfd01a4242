"""The register of guarantees and the notices taken for them: look up, list, change.

`Store.register`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tortoise.expressions import Q

from bot.core.judging.lookup import FoldedRow, LookUp
from bot.core.judging.matching import may_score
from bot.core.records.guarantee import TRANSITIONS, Guarantee, GuaranteeState
from bot.core.records.guarantee_version import Series
from bot.core.records.reasons import SubmissionReason
from bot.core.records.submission import TRANSITIONS as SUBMISSION_TRANSITIONS
from bot.core.records.submission import NoticeFields, Submission, SubmissionState
from bot.core.register.changes import ChangeKind, RegisterChange
from bot.core.text.normalise import contractor_core, fold_contractor, fold_name, fold_works_number, normalise_number
from bot.progress import Steps, Tell, untold
from storage.database import mapping, models
from storage.database.connection import Database
from storage.database.fields import storable
from storage.database.models import to_columns
from storage.database.rows import batches, check_move, insert, lock_register, one, places, read, wrong_state
from storage.errors import NotFound, StoreError
from storage.use_cases import consent, journal, versions
from storage.use_cases.base import UseCases, use_case
from storage.use_cases.journal import Entry
from storage.use_cases.versions import Imported

# The most guarantees that one notice is compared with; with more, a person decides anyway.
MAX_CANDIDATES = 200
# With up to this many awaited guarantees all are candidates; in a larger register only those with something in common.
MAX_AWAITED = 2_000
# Numbers have about a dozen characters; a longer text is no mistyped number, and has many variants.
MAX_NUMBER_WITH_VARIANTS = 20
_ROWS_OF_SENDER = 10
_PASSES = 6
"""A new row is made and inserted, likewise its version, and its line of the journal."""

_AWAITED = (GuaranteeState.EXPECTED.value, GuaranteeState.ISSUED.value)
_TAKEN = tuple(state.value for state in SubmissionState if state.is_taken)
# What a notice may have written since the plan was made.
_GUARDED = frozenset({"state", "number", "auth_key"})


class Register(UseCases):
    """The register of guarantees."""

    @use_case
    async def look_up(
        self, fields: NoticeFields, works_numbers: Sequence[str] = (), *, besides: Collection[int] = ()
    ) -> LookUp:
        """The rows that may belong to this notice; at most MAX_CANDIDATES, by ascending id.

        `works_numbers`: those in its mail's subject; rows with one of them are candidates too. `besides`: awaited ones for which
        another notice of the mail was accepted.
        """
        by_number = await _by_exact_number(self._database, fields.number)
        candidates = () if by_number is not None else await _candidates(self._database, fields, works_numbers, besides)
        ids = [by_number.guarantee_id] if by_number is not None else [each.guarantee_id for each in candidates]
        which = f"WHERE guarantee_id IN ({places(ids)}) AND state IN ({places(_TAKEN)}) ORDER BY id"
        rows = await read(self._database, self._database.models.submission, which, [*ids, *_TAKEN]) if ids else []
        return LookUp(
            by_number=by_number,
            candidates=candidates,
            earlier=await _earlier(self._database, fields, by_number),
            known_senders=frozenset((row.guarantee_id, row.sender) for row in rows if _names_its_sender(row.reasons)),
            unverified=tuple(
                mapping.submission_of(row, self._database.vault)
                for row in rows
                if by_number is None and row.state == SubmissionState.ACCEPTED.value
            ),
        )

    @use_case
    async def guarantees(
        self, *, states: Sequence[GuaranteeState] = (), text: str = "", limit: int | None = 100
    ) -> tuple[Guarantee, ...]:
        """In the order of their ids. `text`: part of number, project name or contractor, folded as the names are."""
        return await guarantees(self._database, states, text, limit)

    @use_case
    async def guarantee(self, guarantee_id: int) -> Guarantee:
        """One row of the register. Raises NotFound."""
        found = self._database.models.guarantee.filter(id=guarantee_id)
        return mapping.guarantee_of(await one(found, f"guarantee {guarantee_id}"), self._database.vault)

    @use_case
    async def by_number(self, number: str) -> Guarantee | None:
        """The guarantee with exactly this normalised number; None for "" too."""
        return await _by_exact_number(self._database, number)

    @use_case
    async def rows_of_sender(self, sender: str) -> tuple[Guarantee, ...]:
        """The guarantees that name the address (case-insensitive), or for which a proven mail of it was taken; newest first, some."""
        address = storable(sender.strip().lower())
        if not address:
            return ()
        which = (
            "WHERE email <> '' AND lower(email) = ? OR id IN (SELECT guarantee_id FROM submission WHERE lower(sender) = ? "  # noqa: S608 - ours
            f"AND sender_proven AND state IN ({places(_TAKEN)})) ORDER BY id DESC LIMIT {_ROWS_OF_SENDER:d}"
        )
        rows = await read(self._database, self._database.models.guarantee, which, [address, address, *_TAKEN])
        return tuple(mapping.guarantee_of(row, self._database.vault) for row in rows)

    @use_case
    async def versions(self, guarantee_ids: Collection[int]) -> Series:
        """The versions of these guarantees by guarantee_id, oldest first, with what was seen of each in D-Sure."""
        return await versions.versions_of(self._database, guarantee_ids)

    @use_case
    async def known_revisions(self) -> Mapping[int, frozenset[int]]:
        """By guarantee_id, the 変更番号 of which there is a version."""
        return await versions.revisions(self._database)

    @use_case
    async def change(self, changes: Sequence[RegisterChange], *, actor: str, source: str, tell: Tell = untold) -> None:
        """Write ADD and UPDATE in one transaction, one journal entry each and one for the file.

        Of an UPDATE only `changed_fields` are written, so a key entered in the meantime stays. A change that makes a new version
        of a guarantee (core/records/guarantee_version.py) is written as one; its verified submissions become accepted, to be
        looked at again, and submissions of a guarantee that is now cancelled or on paper become superseded. Raises NotFound,
        WrongState; StoreError when a state is not the planned one any more, or a number is taken: plan again. What `tell` raises leaves everything as it was.
        """
        added = [each for each in changes if each.kind is ChangeKind.ADD]
        updated = [each for each in changes if each.kind is ChangeKind.UPDATE]
        async with self._database.transaction(seals=True, steps=Steps(tell, _PASSES * len(changes))):
            await lock_register(self._database, alone=True)
            steps = self._database.steps
            rows = [mapping.guarantee_row(each.after, self._database.vault) for each in steps.through(added)]
            new = await insert(self._database, self._database.models.guarantee, rows)
            imported = [
                Imported(each, None, replace(each.after, guarantee_id=row["id"]))
                for row, each in zip(new, added, strict=True)
            ]
            entries = [
                Entry("register.add", "guarantee", row["id"], _place(each, source), actor)
                for row, each in zip(new, added, strict=True)
            ]
            looked_at = await _as_they_are(self._database, updated)
            imported += looked_at
            imported += [Imported(each, each.after, each.after) for each in changes if _has_history_only(each)]
            await _update(self._database, list(steps.through(updated)))
            entries += [
                Entry("register.update", "guarantee", each.after.guarantee_id, _update_detail(each, source), actor)
                for each in updated
            ]
            entries += await versions.note_imported(self._database, imported, actor, source)
            entries += await _follow(self._database, imported, actor)
            wishes: list[consent.Changed] = []
            wishes += [(row["id"], None, each.after, each.line) for row, each in zip(new, added, strict=True)]
            wishes += [(one.after.guarantee_id, one.before, one.after, one.change.line) for one in looked_at]
            entries += await consent.record_wishes(self._database, wishes, actor, source)
            counts = {kind.value: sum(each.kind is kind for each in changes) for kind in ChangeKind}
            await journal.write(self._database, [*entries, Entry("register.import", "register", source, counts, actor)])

    @use_case
    async def last_import(self) -> int:
        """A number that grows with every import of the register; 0 before the first."""
        row = await self._database.models.journal.filter(event="register.import").order_by("-id").only("id").first()
        return row.id if row else 0


def _names_its_sender(reasons: Sequence[str]) -> bool:
    """Whether a taken submission was verified once, and its sender was surely he: then he is known for its guarantee."""
    return SubmissionReason.VERIFIED_IN_DSURE.value in reasons and not _DOUBTED.intersection(reasons)


_DOUBTED = frozenset({SubmissionReason.SENDER_UNPROVEN.value, SubmissionReason.SENDER_AUTOMATIC.value})


async def _by_exact_number(database: Database, number: str) -> Guarantee | None:
    """`number` is normalised; "" finds nothing."""
    wanted = [storable(number)]
    rows = await read(database, database.models.guarantee, "WHERE number = ?", wanted) if number else []
    return mapping.guarantee_of(rows[0], database.vault) if rows else None


async def with_numbers(database: Database, numbers: Collection[str]) -> tuple[Guarantee, ...]:
    """The guarantees with exactly these normalised numbers; "" finds nothing."""
    wanted = sorted({number for number in numbers if number})
    rows = [row for part in batches(wanted) for row in await database.models.guarantee.filter(number__in=part)]
    return tuple(mapping.guarantee_of(row, database.vault) for row in rows)


async def _candidates(
    database: Database, fields: NoticeFields, works_numbers: Sequence[str], besides: Collection[int]
) -> tuple[Guarantee, ...]:
    """Candidates by likelihood up to the limit: the same works or a mistyped number, the same contractor, all awaited that are alike.

    `besides`: ids of awaited ones that are candidates whatever their names.
    """
    found: dict[int, None] = {}
    questions = tuple(_questions(fields, works_numbers))
    for question, values in questions:
        if len(found) < MAX_CANDIDATES:
            found |= dict.fromkeys(row["id"] for row in await database.rows(question, values))
    if questions and len(found) < MAX_CANDIDATES:
        for row in await database.rows(_ALL_AWAITED, _AWAITED):
            number = row.pop("id")
            if number in besides or may_score(fields, FoldedRow(**row | {"number": row["number"] or ""})):
                found.setdefault(number)
    best = list(found)[:MAX_CANDIDATES]
    which = f"WHERE id IN ({places(best)}) ORDER BY id"
    rows = await read(database, database.models.guarantee, which, best) if best else []
    return tuple(mapping.guarantee_of(row, database.vault) for row in rows)


def _questions(fields: NoticeFields, works_numbers: Sequence[str]) -> Iterator[tuple[str, list[Any]]]:
    """Queries for ids, each answered from indexes, the likelier rows first; none where the notice names nothing."""
    same = {
        "project_fold": [fold_name(fields.project_name)],
        "number": sorted(one_slip_away(fields.number)),
        "works_fold": sorted({fold_works_number(one) for one in works_numbers}),
    }
    known = {column: texts for column, values in same.items() if (texts := [storable(one) for one in values if one])}
    core = storable(contractor_core(fields.contractor))
    if known:
        parts = [f"SELECT id FROM guarantee WHERE {column} IN ({places(values)})" for column, values in known.items()]  # noqa: S608 - ours
        values = [value for values in known.values() for value in values]
        yield f"SELECT id FROM ({' UNION '.join(parts)}) AS same {_NEWEST}", values  # noqa: S608 - ours
    if core:
        yield _OF_FIRM, [core, storable(fold_name(fields.contractor)), *_AWAITED]


_NEWEST = f"ORDER BY id DESC LIMIT {MAX_CANDIDATES}"
_OF_FIRM = (
    "SELECT id FROM (SELECT id, state FROM guarantee WHERE contractor_core = ? UNION SELECT id, state FROM guarantee "  # noqa: S608 - ours
    f"WHERE jv_fold = ? AND jv_fold <> '') AS firms ORDER BY CASE WHEN state IN ({places(_AWAITED)}) THEN 0 ELSE 1 END, "
    f"id DESC LIMIT {MAX_CANDIDATES}"
)
_ALL_AWAITED = (
    f"WITH awaited AS (SELECT id FROM guarantee WHERE state IN ({places(_AWAITED)}) LIMIT {MAX_AWAITED + 1}) "  # noqa: S608 - ours
    "SELECT id, number, project_fold, contractor_fold, contractor_core, jv_fold FROM guarantee WHERE id IN "
    f"(SELECT id FROM awaited WHERE (SELECT count(*) FROM awaited) <= {MAX_AWAITED} {_NEWEST}) ORDER BY id DESC"
)


def one_slip_away(number: str) -> frozenset[str]:
    """All numbers that differ in one digit or by two exchanged neighbours; none for "" and for long text."""
    if len(number) > MAX_NUMBER_WITH_VARIANTS:
        return frozenset()
    variants: set[str] = set()
    for place, character in enumerate(number):
        if character in "0123456789":
            variants.update(f"{number[:place]}{digit}{number[place + 1 :]}" for digit in "0123456789")
        if place:
            variants.add(f"{number[: place - 1]}{character}{number[place - 1]}{number[place + 1 :]}")
    return frozenset(variants - {number})


async def _earlier(database: Database, fields: NoticeFields, by_number: Guarantee | None) -> tuple[Submission, ...]:
    same: dict[str, list[Any]] = {
        "number": [storable(fields.number)] if fields.number else [],
        "guarantee_id": [by_number.guarantee_id] if by_number is not None else [],
        "key_mark": list(database.vault.marks(fields.auth_key)),
    }
    known = {column: values for column, values in same.items() if values}
    if not known:
        return ()
    which = " OR ".join(f"{column} IN ({places(values)})" for column, values in known.items())
    values = [value for values in known.values() for value in values]
    rows = await read(database, database.models.submission, f"WHERE {which} ORDER BY received_at, id", values)
    return tuple(mapping.submission_of(row, database.vault) for row in rows)


async def guarantees(
    database: Database, states: Sequence[GuaranteeState], text: str, limit: int | None
) -> tuple[Guarantee, ...]:
    """Rows of the register; see `Register.guarantees`."""
    query = database.models.guarantee.all().order_by("id")
    if states:
        query = query.filter(state__in=[state.value for state in states])
    if text.strip():
        part = Q(number__contains=normalise_number(text))
        if name := fold_name(text):
            part |= Q(project_fold__contains=name) | Q(contractor_fold__contains=name) | Q(jv_fold__contains=name)
        if firm := fold_contractor(text):
            part |= Q(contractor_fold__contains=firm)
        if works := fold_works_number(text):
            part |= Q(works_fold__contains=works)
        query = query.filter(part)
    return tuple(
        mapping.guarantee_of(row, database.vault) for row in await (query if limit is None else query.limit(limit))
    )


def _has_history_only(change: RegisterChange) -> bool:
    return change.kind is ChangeKind.UNCHANGED and change.is_effective


def _place(change: RegisterChange, source: str) -> dict[str, Any]:
    """Where a change stands, for the journal."""
    place: dict[str, Any] = {"line": change.line, "source": source}
    return place | {"sheet": change.sheet} if change.sheet else place


def _update_detail(update: RegisterChange, source: str) -> dict[str, Any]:
    detail = _place(update, source) | {"changed": list(update.changed_fields)}
    if update.before is not None and "state" in update.changed_fields:
        detail |= {"from": update.before.state.value, "to": update.after.state.value}
    return detail


async def _as_they_are(database: Database, updates: Sequence[RegisterChange]) -> list[Imported]:
    """The updates, each with its current row, locked.

    The plan was made from rows read earlier. Raises StoreError or WrongState where a row does not fit the plan any more.
    """
    now: dict[int, Guarantee] = {}
    for ids in batches([update.after.guarantee_id for update in updates]):
        for row in await database.models.guarantee.filter(id__in=ids).select_for_update():
            now[row.id] = mapping.guarantee_of(row, database.vault)
    for update in updates:
        number = update.after.guarantee_id
        if number not in now:
            raise NotFound(f"guarantee {number}")
        for name in _GUARDED.intersection(update.changed_fields):
            if update.before is not None and getattr(now[number], name) != getattr(update.before, name):
                raise StoreError(f"guarantee {number}: its {name} changed meanwhile: plan the import anew")
        old, new = now[number].state, update.after.state
        if "state" in update.changed_fields and new is GuaranteeState.VERIFIED:
            raise wrong_state(f"guarantee {number}", old, new)  # a clerk's look into D-Sure alone does that
        if "state" in update.changed_fields and not (old.is_closed or new.is_closed):
            check_move(f"guarantee {number}", TRANSITIONS, old, new)
    return [Imported(update, now[update.after.guarantee_id], _changed(now, update)) for update in updates]


def _changed(now: Mapping[int, Guarantee], update: RegisterChange) -> Guarantee:
    """The row after the update: only `changed_fields` differ, so a key entered in the meantime stays."""
    fields: dict[str, Any] = {name: getattr(update.after, name) for name in update.changed_fields}
    return replace(now[update.after.guarantee_id], **fields)


async def _update(database: Database, updates: Sequence[RegisterChange]) -> None:
    """Write only `changed_fields`: a key entered in the meantime stays."""
    batches: dict[tuple[str, ...], list[list[Any]]] = {}
    for update in updates:
        columns = tuple(c for name in update.changed_fields for c in mapping.GUARANTEE_COLUMNS.get(name, (name,)))
        row = mapping.guarantee_row(update.after, database.vault)
        values = to_columns(database.models.guarantee, row, columns)
        if columns:
            batches.setdefault(columns, []).append([*values, update.after.guarantee_id])
    for columns, values in batches.items():
        assignments = ", ".join(f"{column} = ?" for column in columns)
        await database.execute_many(f"UPDATE guarantee SET {assignments} WHERE id = ?", values)  # noqa: S608 - our names


# Guarantee states that end the notice too: the certificate can't be opened by its key any more.
_ENDS_NOTICE = {
    GuaranteeState.CANCELLED: SubmissionReason.GUARANTEE_CANCELLED,
    GuaranteeState.ON_PAPER: SubmissionReason.GUARANTEE_ON_PAPER,
}


async def _follow(database: Database, imported: Sequence[Imported], actor: str) -> list[Entry]:
    """Change the accepted notices after an import: they end with their guarantee, or must be looked at again in D-Sure.

    Number and key are the same for all versions; no new notice is needed.
    """
    ended = {
        one.after.guarantee_id: _ENDS_NOTICE[one.after.state] for one in imported if one.after.state in _ENDS_NOTICE
    }
    renewed = {
        one.after.guarantee_id
        for one in imported
        if one.before is not None
        and one.kind is not None
        and one.after.guarantee_id not in ended
        and one.after.state is not GuaranteeState.EXPIRED  # needs no look any more
    }
    entries: list[Entry] = []
    open_again: set[int] = set()
    for ids in batches(sorted(ended.keys() | renewed)):
        taken = database.models.submission.filter(guarantee_id__in=ids, state__in=_TAKEN).order_by("id")
        for row in await taken.select_for_update():
            if row.guarantee_id in ended:
                state, reason = SubmissionState.SUPERSEDED, ended[row.guarantee_id]
                entries.append(await _move(database, row, state, reason, actor))
                continue
            open_again.add(row.guarantee_id)
            if row.state == SubmissionState.VERIFIED.value:  # else it still waits for its first look
                state, reason = SubmissionState.ACCEPTED, SubmissionReason.GUARANTEE_CHANGED
                entries.append(await _move(database, row, state, reason, actor))
    for ids in batches(sorted(open_again)):
        # The key is here and the changed certificate has not been looked at; an expired one is not awaited again.
        others = [GuaranteeState.VERIFIED.value, *_AWAITED]
        moved = await database.models.guarantee.filter(id__in=ids, state__in=others).order_by("id").only("id", "state")
        here = GuaranteeState.KEY_RECEIVED
        for each in moved:
            check_move(f"guarantee {each.id}", TRANSITIONS, GuaranteeState(each.state), here)
        await database.models.guarantee.filter(id__in=[row.id for row in moved]).update(state=here.value)
        entries += [
            Entry("guarantee.changed", "guarantee", row.id, {"from": str(row.state), "to": here.value}, actor)
            for row in moved
        ]
    return entries


async def _move(
    database: Database, row: models.SubmissionRecord, state: SubmissionState, reason: SubmissionReason, actor: str
) -> Entry:
    receipt, old = row.receipt_number, SubmissionState(row.state)
    check_move(f"submission {receipt}", SUBMISSION_TRANSITIONS, old, state)
    row.state, row.state_at, row.reasons = state.value, database.clock(), [*row.reasons, reason.value]
    await row.save(update_fields=["state", "state_at", "reasons"])
    detail = {"from": old.value, "reasons": row.reasons, "guarantee_id": row.guarantee_id}
    return Entry(f"submission.{state.value}", "submission", receipt, detail, actor)
