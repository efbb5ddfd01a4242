"""Importing a register file: read it, compare it with the register, write the difference.

Called by `register import` and workers/register_watch.py. The store is a parameter, because edge packages do not import each
other. With `dry_run` nothing is written and the result is the same. Raises TableError for an unreadable file, OSError,
ValueError for a wrong `extra`, and the store's exceptions; a wrong row is a problem in the result, not an exception.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from bot.core.records.guarantee import Guarantee, GuaranteeState, Product
from bot.core.records.guarantee_version import kind_of
from bot.core.records.secret import AuthKey
from bot.core.register.changes import ChangeKind, RegisterChange
from bot.core.register.columns import Column
from bot.core.register.layout import Layout
from bot.core.register.plan import plan
from bot.core.register.rows import RowProblem, in_order, parse_book
from bot.core.register.tables import Book
from bot.core.text.dates import JAPAN, wareki
from bot.core.text.normalise import clean
from bot.progress import Tell, Watched, part, untold
from bot.register.files import read_book

_PARTS = 3
"""The rows are read, compared, written."""


class RegisterStore(Protocol):
    """The methods of the store that an import needs; `Store.register` is one."""

    async def guarantees(self, *, limit: int | None = None) -> tuple[Guarantee, ...]:
        """The register; all of it for None."""
        ...

    async def known_revisions(self) -> Mapping[int, frozenset[int]]:
        """By guarantee_id, the 変更番号 of which the register has a version."""
        ...

    async def change(self, changes: Sequence[RegisterChange], *, actor: str, source: str, tell: Tell = untold) -> None:
        """Write ADD, UPDATE and unknown versions in one transaction."""
        ...


@dataclass(frozen=True, slots=True)
class ImportResult:
    """The result of an import; with `dry_run`, the result that it would have."""

    counts: Mapping[ChangeKind, int]  # has every kind
    changes: tuple[RegisterChange, ...]  # including UNCHANGED
    problems: tuple[RowProblem, ...]
    ignored_columns: tuple[str, ...] = ()  # the file's titles of unknown columns
    new_versions: int = 0  # rows with a further certificate of a known guarantee


async def import_file(
    register: RegisterStore,
    path: Path,
    *,
    layout: Layout,
    actor: str,
    dry_run: bool = False,
    tell: Tell = untold,
) -> ImportResult:
    """Import a file; wrong rows are skipped and reported. `layout`: the city's ways; `actor`: who imports, for the journal.

    `tell`: how many steps of how many are done; what it raises ends the import, and nothing was written.
    """
    book = await asyncio.to_thread(read_book, path, layout=layout)
    return await import_book(register, book, source=path.name, layout=layout, actor=actor, dry_run=dry_run, tell=tell)


async def import_book(
    register: RegisterStore,
    book: Book,
    *,
    source: str,
    layout: Layout,
    actor: str,
    dry_run: bool = False,
    tell: Tell = untold,
) -> ImportResult:
    """As `import_file`, of tables that were read. `source`: the file's name, for the journal."""
    watched = tuple(replace(table, rows=Watched(table.rows, part(tell, 0, _PARTS))) for table in book.tables)
    parsed = await asyncio.to_thread(parse_book, replace(book, tables=watched), layout)
    known, revisions = await register.guarantees(limit=None), await register.known_revisions()
    rows = Watched(parsed.guarantees, part(tell, 1, _PARTS))
    planned = await asyncio.to_thread(plan, replace(parsed, guarantees=rows), known, revisions)
    effective = [change for change in planned.changes if change.is_effective]
    if effective and not dry_run:
        await register.change(effective, actor=actor, source=clean(source), tell=part(tell, 2, _PARTS))
    counted = Counter(change.kind for change in planned.changes)
    return ImportResult(
        counts=MappingProxyType({kind: counted[kind] for kind in ChangeKind}),
        changes=planned.changes,
        problems=in_order((*parsed.problems, *planned.problems), book),
        ignored_columns=parsed.ignored_columns,
        new_versions=sum(map(_is_new_version, planned.changes)),
    )


def _is_new_version(change: RegisterChange) -> bool:
    return change.before is not None and kind_of(change.before, change.after, change.said) is not None


_FIELD_TITLES: Mapping[str, str] = MappingProxyType({one.field: one.value for one in Column if one.field})
_NOTHING = "（なし）"


def describe(change: RegisterChange) -> str:
    """One change in a line of Japanese, keys masked: 「3行目 変更 00000-000001 ○○工事: 保証期限: 旧 → 新」."""
    after = change.after
    works = f"{after.works_number} " if after.works_number else ""
    sheet = f"「{change.sheet}」の" if change.sheet else ""
    head = f"{sheet}{change.line}行目 {change.kind.words} {after.number or '（番号なし）'} {works}{after.project_name}"
    if change.kind is ChangeKind.ADD:
        return f"{head}: {after.contractor}、{after.product.words}、{after.state.words}"
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
            return value.words
        case GuaranteeState():
            return value.words
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
