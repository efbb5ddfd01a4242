"""Importing a register file: read it, compare it with the register, write the difference.

Called by `register import`. The store is handed in, since the edges do not know each other. With `dry_run` nothing is
written and the result is the same. Raises TableError for a file that can't be read at all, OSError, ValueError for
a wrong `extra`, and what the store raises; a row that can't be taken is a problem in the result, not an error.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from bot.core.records.guarantee import PRODUCT_NAMES, Guarantee, GuaranteeState, Product
from bot.core.records.guarantee_version import kind_of
from bot.core.records.secret import AuthKey
from bot.core.register.changes import ChangeKind, RegisterChange
from bot.core.register.columns import Column
from bot.core.register.plan import plan
from bot.core.register.rows import RowProblem, parse_rows
from bot.core.register.values import STATE_NAMES
from bot.core.text.dates import JAPAN, wareki
from bot.core.text.normalise import clean
from bot.register.files import read_table


class RegisterStore(Protocol):
    """What an import needs of the store (`Store.register` is one)."""

    async def guarantees(self, *, limit: int | None = None) -> tuple[Guarantee, ...]:
        """The register; all of it for None."""
        ...

    async def known_revisions(self) -> Mapping[int, frozenset[int]]:
        """By guarantee_id, the 変更番号 of which the register has a version."""
        ...

    async def change(self, changes: Sequence[RegisterChange], *, actor: str, source: str) -> None:
        """Write ADD, UPDATE and the versions that were not known, in one transaction."""
        ...


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did, or with dry_run would do. `counts` has every kind of change; `changes` includes UNCHANGED.

    `ignored_columns`: titles in the file that mean nothing to us. `sheet`: the workbook's sheet that was read, "" for CSV.
    `new_versions`: how many rows bring another certificate of a guarantee that was known.
    """

    counts: Mapping[ChangeKind, int]
    changes: tuple[RegisterChange, ...]
    problems: tuple[RowProblem, ...]
    ignored_columns: tuple[str, ...] = ()
    sheet: str = ""
    new_versions: int = 0


async def import_file(
    register: RegisterStore,
    path: Path,
    *,
    extra: Mapping[str, str],
    actor: str,
    dry_run: bool = False,
) -> ImportResult:
    """Bring a file into the register; its rows that can't be taken do not hold up the others.

    `extra`: the city's own headers → our names of columns. `actor`: who imports, for the journal.
    """
    table = await asyncio.to_thread(read_table, path, extra=extra)
    parsed = await asyncio.to_thread(parse_rows, table, extra)
    planned = plan(parsed, await register.guarantees(limit=None), await register.known_revisions())
    effective = [change for change in planned.changes if change.is_effective]
    if effective and not dry_run:
        await register.change(effective, actor=actor, source=clean(path.name))
    counted = Counter(change.kind for change in planned.changes)
    return ImportResult(
        counts=MappingProxyType({kind: counted[kind] for kind in ChangeKind}),
        changes=planned.changes,
        problems=tuple(sorted((*parsed.problems, *planned.problems), key=lambda problem: problem.line)),
        ignored_columns=parsed.ignored_columns,
        sheet=table.name,
        new_versions=sum(map(_is_new_version, planned.changes)),
    )


def _is_new_version(change: RegisterChange) -> bool:
    return change.before is not None and kind_of(change.before, change.after, change.said) is not None


_FIELD_TITLES: MappingProxyType[str, str] = MappingProxyType(
    {
        "works_number": Column.WORKS_NUMBER,
        "project_name": Column.PROJECT_NAME,
        "contractor": Column.CONTRACTOR,
        "product": Column.PRODUCT,
        "number": Column.NUMBER,
        "revision": Column.REVISION,
        "jv_name": Column.JV_NAME,
        "orderer": Column.ORDERER,
        "contract_amount_yen": Column.CONTRACT_AMOUNT,
        "guarantee_amount_yen": Column.GUARANTEE_AMOUNT,
        "expires_on": Column.EXPIRES_ON,
        "works_start_on": Column.WORKS_START_ON,
        "works_end_on": Column.WORKS_END_ON,
        "contracted_on": Column.CONTRACTED_ON,
        "deposit_bank": Column.DEPOSIT_BANK,
        "auth_key": Column.AUTH_KEY,
        "issued_at": Column.ISSUED_AT,
        "wants_issued_mail": Column.WANTS_ISSUED_MAIL,
        "email": Column.EMAIL,
        "desk": Column.DESK,
        "state": Column.STATE,
    },
)
_KIND_NAMES = MappingProxyType({ChangeKind.ADD: "追加", ChangeKind.UPDATE: "変更", ChangeKind.UNCHANGED: "変更なし"})
_NOTHING = "（なし）"


def describe(change: RegisterChange) -> str:
    """One change in a line of Japanese, keys masked: 「3行目 変更 00000-000001 ○○工事: 保証期限: 旧 → 新」."""
    after = change.after
    works = f"{after.works_number} " if after.works_number else ""
    head = f"{change.line}行目 {_KIND_NAMES[change.kind]} {after.number or '（番号なし）'} {works}{after.project_name}"
    if change.kind is ChangeKind.ADD:
        return f"{head}: {after.contractor}、{PRODUCT_NAMES[after.product]}、{STATE_NAMES[after.state]}"
    if change.before is None or change.kind is ChangeKind.UNCHANGED:
        return head
    differences = (
        f"{_FIELD_TITLES[name]}: {_shown(name, getattr(change.before, name))} → {_shown(name, getattr(after, name))}"
        for name in change.changed_fields
    )
    return f"{head}: {'、'.join(differences)}"


def _shown(field: str, value: object) -> str:  # noqa: PLR0911 (a line for each type of value)
    match value:
        case None | "":
            return _NOTHING
        case bool():
            return "希望する" if value else "希望しない"
        case Product():
            return PRODUCT_NAMES[value]
        case GuaranteeState():
            return STATE_NAMES[value]
        case datetime():
            return f"{value.astimezone(JAPAN):%Y/%m/%d %H:%M}"
        case date():
            return wareki(value)
        case int() if field.endswith("_yen"):
            return f"{value:,}円"
        case AuthKey():
            return value.masked
        case _:
            return str(value)
