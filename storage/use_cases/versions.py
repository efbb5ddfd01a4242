"""The versions of guarantees, and the clerks' looks at them in D-Sure.

`note_imported` is a step of changing the register, `note_seen` of judging; `Store.register` and the summary read them.
core/records/guarantee_version.py decides which change makes a version.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bot.core.policy.masking import mask_keys
from bot.core.policy.policy import Formats
from bot.core.records.guarantee import CertificateValues, Guarantee, GuaranteeState
from bot.core.records.guarantee_version import (
    OlderVersion,
    Version,
    VersionKind,
    filled,
    kind_of,
    older_version,
)
from bot.core.records.reasons import SubmissionReason
from bot.core.register.changes import RegisterChange
from storage.database import mapping, models
from storage.database.connection import Database
from storage.database.rows import batches, insert
from storage.use_cases.journal import Entry


@dataclass(frozen=True, slots=True)
class Imported:
    """A row of an import: its value before (None: new) and after."""

    change: RegisterChange
    before: Guarantee | None
    after: Guarantee

    @property
    def kind(self) -> VersionKind | None:
        """The kind of the version that the change makes, None = none."""
        return None if self.before == self.after else kind_of(self.before, self.after, self.change.said)


async def note_imported(database: Database, imported: Sequence[Imported], actor: str, source: str) -> list[Entry]:
    """Insert the versions of an import, and fill in new values of the current versions; returns the journal entries."""
    now = database.clock()
    current = await _current(database, [one.after.guarantee_id for one in imported if one.before is not None])
    known = await revisions(database, [one.after.guarantee_id for one in imported if one.change.older])
    rows: list[dict[str, Any]] = []
    entries: list[Entry] = []
    for one in imported:
        number = one.after.guarantee_id
        for version in _brought(one, known.get(number, frozenset())):
            rows.append(mapping.version_row(number, version, learnt_at=now, source=source, actor=actor))
            if one.before is None and version not in one.change.older:
                continue  # the entry register.add says it
            detail = {"kind": version.kind.value, "revision": version.revision, "source": source}
            entries.append(Entry("guarantee.version", "guarantee", number, detail, actor))
        if one.kind is None and number in current:
            await _fill_in(current[number], one.after)
    await insert(database, database.models.guarantee_version, rows)
    return entries


def _brought(one: Imported, known: frozenset[int]) -> Iterator[OlderVersion]:
    """The versions, older ones first: of one 変更番号 the one inserted last is current."""
    yield from (version for version in one.change.older if version.revision not in known)
    if one.kind is not None:
        yield older_version(one.change.line, one.after, one.kind)


async def _fill_in(row: models.GuaranteeVersionRecord, after: Guarantee) -> None:
    """Fill in values of a version that the register got later."""
    before = CertificateValues.of(row)
    values = filled(before, CertificateValues.of(after))
    is_on_paper = row.is_on_paper or after.state is GuaranteeState.ON_PAPER
    if (values, is_on_paper) != (before, row.is_on_paper):
        columns = asdict(values) | {"is_on_paper": is_on_paper}
        await row.update_from_dict(columns).save(update_fields=list(columns))


async def note_seen(
    database: Database, guarantee_id: int, result: SubmissionReason, receipt_number: str, *, actor: str, note: str
) -> list[Entry]:
    """Record a clerk's look into D-Sure with the current version. The caller has locked the guarantee's row."""
    current = (await _current(database, [guarantee_id])).get(guarantee_id)
    if current is None:
        return []
    await database.models.guarantee_seen.create(
        version_id=current.id,
        at=database.clock(),
        actor=actor,
        result=result.value,
        receipt_number=receipt_number,
        note=mask_keys(note, Formats()),
    )
    detail = {"kind": current.kind, "revision": current.revision, "result": result.value, "receipt": receipt_number}
    return [Entry("guarantee.seen", "guarantee", guarantee_id, detail, actor)]


async def count_of(database: Database, guarantee_id: int) -> int:
    """How many versions of the guarantee there are."""
    return await database.models.guarantee_version.filter(guarantee_id=guarantee_id).count()


async def _current(database: Database, ids: Sequence[int]) -> dict[int, models.GuaranteeVersionRecord]:
    return {row.guarantee_id: row for row in await _rows(database, ids)}


async def _rows(database: Database, ids: Collection[int]) -> list[models.GuaranteeVersionRecord]:
    """Oldest first."""
    rows: list[models.GuaranteeVersionRecord] = []
    for numbers in batches(sorted(set(ids))):
        batch = database.models.guarantee_version.filter(guarantee_id__in=numbers)
        rows += await batch.order_by("guarantee_id", "revision", "id")
    return rows


async def versions_of(database: Database, guarantee_ids: Collection[int]) -> Mapping[int, tuple[Version, ...]]:
    """guarantee_id → versions, oldest first, each with the clerks' looks at it."""
    rows = await _rows(database, guarantee_ids)
    seen = await _seen(database, [row.id for row in rows])
    found: dict[int, list[Version]] = {}
    for row in rows:
        versions = found.setdefault(row.guarantee_id, [])
        versions.append(mapping.version_of(row, len(versions) + 1, seen.get(row.id, [])))
    return {number: tuple(versions) for number, versions in found.items()}


async def _seen(database: Database, version_ids: Sequence[int]) -> dict[int, list[models.GuaranteeSeenRecord]]:
    found: dict[int, list[models.GuaranteeSeenRecord]] = {}
    for numbers in batches(version_ids):
        for row in await database.models.guarantee_seen.filter(version_id__in=numbers).order_by("id"):
            found.setdefault(row.version_id, []).append(row)
    return found


async def revisions(database: Database, guarantee_ids: Collection[int] | None = None) -> dict[int, frozenset[int]]:
    """guarantee_id → the 変更番号 that have a version; `guarantee_ids` None = of all guarantees."""
    table = database.models.guarantee_version
    query = table.all() if guarantee_ids is None else table.filter(guarantee_id__in=sorted(set(guarantee_ids)))
    found: dict[int, set[int]] = {}
    if guarantee_ids is None or guarantee_ids:
        for guarantee_id, revision in await query.distinct().values_list("guarantee_id", "revision"):
            found.setdefault(int(guarantee_id), set()).add(int(revision))
    return {number: frozenset(known) for number, known in found.items()}
