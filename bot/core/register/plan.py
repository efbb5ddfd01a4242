"""The plan of an import: each row of the file compared with its guarantee in the register.

Called by bot/register/importing.py. Decides only; storage writes. A case that a person must decide becomes a RowProblem and
changes nothing. Importing a file twice changes nothing the second time. Raises nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, time
from types import MappingProxyType
from typing import Any

from bot.core.records.guarantee import Guarantee, GuaranteeState, Product
from bot.core.records.guarantee_version import OlderVersion, VersionKind, older_version
from bot.core.register.changes import ChangeKind, RegisterChange
from bot.core.register.numbers import differs_by_zeros
from bot.core.register.rows import Parsed, ParsedRow, RowProblem, details_of, may_be_one_work, problem_of
from bot.core.text.dates import JAPAN
from bot.core.text.lost_characters import LOST, may_be

_FIELD_NAMES = tuple(field.name for field in fields(Guarantee) if field.name != "guarantee_id")

_Details = tuple[str, str, Product]


@dataclass(frozen=True, slots=True)
class Plan:
    """A change for each accepted row, including UNCHANGED, in the order of the file; a problem for each other row."""

    changes: tuple[RegisterChange, ...]
    problems: tuple[RowProblem, ...]


_NONE_KNOWN: Mapping[int, frozenset[int]] = MappingProxyType({})


def plan(parsed: Parsed, existing: Sequence[Guarantee], known: Mapping[int, frozenset[int]] = _NONE_KNOWN) -> Plan:
    """Compare a file with the register (all of it). `known`: by guarantee_id, the 変更番号 of which there is a version.

    A row means the guarantee with its number; else the one with the same work, contractor and product, and no other 工事番号. Columns that
    the file does not have, empty cells, a masked key and names with lost characters never erase what the register knows. A row
    with an older 変更番号 than the register's changes nothing, but is its history where that is not known yet. Another access key than the register's is a
    problem: a person decides, nothing is overwritten. A state that a notice gave (key_received, verified) stays.
    """
    finder = _Finder(parsed.guarantees, existing)
    changes = []
    problems = []
    for row in parsed.guarantees:
        before = finder.find(row)
        if isinstance(before, RowProblem):
            problems.append(before)
            continue
        if row.key_as_it_is and (before is None or before.auth_key is None):
            problems.append(_nothing_behind_the_mask(row))
        change = _change(row, before, known.get(before.guarantee_id, frozenset()) if before else frozenset())
        if isinstance(change, RowProblem):
            problems.append(change)
        else:
            changes.append(replace(change, sheet=row.sheet))
    return Plan(tuple(changes), tuple(problems))


class _Finder:
    """Finds the guarantee of a row.

    Rows with known numbers are assigned first, so that a second guarantee of a project (the next year's 前払金保証, still
    without a number) is not matched with the first.
    """

    def __init__(self, rows: Sequence[ParsedRow], existing: Sequence[Guarantee]) -> None:
        self._by_number = {guarantee.number: guarantee for guarantee in existing if guarantee.number}
        numbers = {row.guarantee.number for row in rows}
        self._by_details: dict[_Details, list[Guarantee]] = {}
        for guarantee in existing:
            if not guarantee.number or guarantee.number not in numbers:
                self._by_details.setdefault(details_of(guarantee), []).append(guarantee)
        self._lossy = [details for details in self._by_details if LOST in "".join(details[:2])]
        self._numbered_rows: dict[_Details, list[ParsedRow]] = {}
        for row in rows:
            if row.guarantee.number:
                self._numbered_rows.setdefault(details_of(row.guarantee), []).append(row)
        # The rows that claim the one that has no number yet: new numbers, and the row without number itself.
        self._claims: dict[_Details, list[Guarantee]] = {}
        for row in rows:
            if row.guarantee.number not in self._by_number:
                self._claims.setdefault(details_of(row.guarantee), []).append(row.guarantee)

    def find(self, row: ParsedRow) -> Guarantee | RowProblem | None:
        """The row's guarantee; None: the row is new."""
        number, details = row.guarantee.number, details_of(row.guarantee)
        if (same := self._by_number.get(number)) is not None:
            if not any(map(_same_name, details_of(same)[:2], details[:2])):
                return problem_of(
                    row, "この保証契約番号は台帳では別の工事・別の受注者のものです。番号を確かめてください。"
                )
            return same
        found = self._by_works_number(row.guarantee, self._with_details(details))
        if number:
            found = [guarantee for guarantee in found if not guarantee.number]
        elif len(found) > 1:
            # The one that still waits for its number, when the others have theirs.
            found = [guarantee for guarantee in found if not guarantee.number] or found
        if not number and (twin := self._twin(row, details)) is not None:
            return problem_of(row, f"{twin.line}行目（保証契約番号あり）と同じ保証契約の行とみなし、取り込みません。")
        if len(found) > 1:
            return problem_of(
                row, "台帳に同じ工事名・受注者・保証区分の保証が複数あります。保証契約番号を入力してください。"
            )
        if found and sum(may_be_one_work(found[0], claim) for claim in self._claims[details]) > 1:
            return problem_of(
                row, "ファイルの複数の行が台帳の同じ保証に当たります。その保証の行だけを先に取り込んでください。"
            )
        if found and row.unread is not None and found[0].number and not differs_by_zeros(row.unread, found[0].number):
            return problem_of(row, f"番号が読み取れないため、台帳の {found[0].number} と同じ保証か分かりません。")
        return found[0] if found else None

    def _with_details(self, details: _Details) -> list[Guarantee]:
        """Those with these details; without any, those that have them but for characters lost here or there."""
        if (exact := self._by_details.get(details)) is not None:
            return exact
        others = self._by_details if LOST in "".join(details[:2]) else self._lossy
        alike = (one for one in others if one[2] is details[2] and all(map(_same_name, one[:2], details[:2])))
        return [guarantee for one in alike for guarantee in self._by_details[one]]

    def _by_works_number(self, wanted: Guarantee, found: Sequence[Guarantee]) -> list[Guarantee]:
        """Of those with the same details the ones with its 工事番号; else those that tell none, as any may be meant."""
        may_be = [one for one in found if may_be_one_work(one, wanted)]
        same = [one for one in may_be if one.works_number and wanted.works_number]
        return same or may_be

    def _twin(self, row: ParsedRow, details: _Details) -> ParsedRow | None:
        """A row of the file that says the same and the number besides."""
        for other in self._numbered_rows.get(details, []):
            common = (row.given & other.given) - {"project_name", "contractor"}
            if all(getattr(row.guarantee, name) == getattr(other.guarantee, name) for name in common):
                return other
        return None


def _change(row: ParsedRow, before: Guarantee | None, known: frozenset[int]) -> RegisterChange | RowProblem:
    if before is None:
        older = _older(row.older, known)
        return RegisterChange(ChangeKind.ADD, row.line, None, _issued(row.guarantee), said=row.said, older=older)
    if "revision" in row.given and row.guarantee.revision < before.revision:
        older = _older((*row.older, row), known)
        return RegisterChange(ChangeKind.UNCHANGED, row.line, before, before, older=older)
    key = row.guarantee.auth_key
    if key is not None and before.auth_key is not None and not key.same_as(before.auth_key):
        return problem_of(
            row, "認証キーが台帳の認証キーと異なります。お知らせを確かめてください。この行は取り込みません。"
        )
    given: dict[str, Any] = {name: getattr(row.guarantee, name) for name in row.given}
    given = {name: value for name, value in given.items() if not _says_less(value, getattr(before, name))}
    if row.said is VersionKind.REISSUE and before.state is GuaranteeState.CANCELLED:
        given.setdefault("state", GuaranteeState.EXPECTED)
    if "state" in given:
        given["state"] = _state(before, given["state"])
    after = _issued(replace(before, **given))
    changed = tuple(name for name in _FIELD_NAMES if getattr(before, name) != getattr(after, name))
    kind = ChangeKind.UPDATE if changed else ChangeKind.UNCHANGED
    return RegisterChange(
        kind, row.line, before, after, changed, row.said if changed else None, _older(row.older, known)
    )


def _older(rows: Sequence[ParsedRow], known: frozenset[int]) -> tuple[OlderVersion, ...]:
    """The versions that the rows tell of and the register does not know."""
    return tuple(
        older_version(row.line, row.guarantee, row.said) for row in rows if row.guarantee.revision not in known
    )


def _state(before: Guarantee, wanted: GuaranteeState) -> GuaranteeState:
    """The state after a file's word. 電子 brings back only what had ended, to where a notice is awaited again."""
    if wanted.is_closed:
        return wanted
    return GuaranteeState.EXPECTED if before.state.is_closed else before.state


def _issued(guarantee: Guarantee) -> Guarantee:
    """The guarantee, issued when it is expected and has a 発行日時."""
    if guarantee.state is GuaranteeState.EXPECTED and guarantee.issued_at is not None:
        return replace(guarantee, state=GuaranteeState.ISSUED)
    return guarantee


def _same_name(a: str, b: str) -> bool:
    """Whether two folded names are one but for characters that one of them lost."""
    return a == b or may_be(a, b) or may_be(b, a)


def _says_less(value: object, known: object) -> bool:
    """Whether a file's value is the register's, only less exact: a name with lost characters, a moment without its seconds or time."""
    if isinstance(value, str) and isinstance(known, str):
        return LOST in value and bool(known) and LOST not in known
    if not isinstance(value, datetime) or not isinstance(known, datetime):
        return False
    if value.second == 0 and value == known.replace(second=0, microsecond=0):
        return True
    local, exact = value.astimezone(JAPAN), known.astimezone(JAPAN)
    return local.time() == time() and local.date() == exact.date()


def _nothing_behind_the_mask(row: ParsedRow) -> RowProblem:
    reason = "伏せ字の認証キーは「台帳のまま」の意味ですが、台帳にこの保証の認証キーがありません。お知らせのとおりに入力してください。"
    return RowProblem(row.line, row.key_as_it_is, "", reason, is_taken=True, sheet=row.sheet)
