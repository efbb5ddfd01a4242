"""A table of cells → the guarantees that it tells of, and every row that can't be taken with its reason.

`parse_rows` is called by bot/register/importing.py with what files.py read; core/register/plan.py compares its result
with the register. A row is taken whole or not at all. Nothing is raised, but ValueError for a wrong `extra`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot.core.records.guarantee import Guarantee, Product
from bot.core.records.guarantee_version import VersionKind
from bot.core.records.secret import AuthKey
from bot.core.register.columns import NEEDED, Cell, Column, HeaderRow, Heading, Table, TableRow, find_header, is_blank
from bot.core.register.values import BLANK_MARKS, SAID, CellError, as_text, read_cell
from bot.core.text.normalise import fold, fold_contractor, fold_name, fold_works_number

__all__ = [
    "NEEDED",
    "Cell",
    "Column",
    "Parsed",
    "ParsedRow",
    "RowProblem",
    "Table",
    "TableRow",
    "details_of",
    "may_be_one_work",
    "parse_rows",
]

_TOTALS = frozenset({"合計", "総合計", "小計", "総計", "累計", "計", "件数"})
_REMARK_STARTS = ("※", "注", "(注", "*", "以上", "備考")


@dataclass(frozen=True, slots=True)
class ParsedRow:
    """A row that could be read. `given`: the names of Guarantee's fields that the row tells; the rest are defaults.

    `guarantee.state` is EXPECTED for 電子; whatever the program itself has to say stands in the register. `said`: what the row
    calls its version (変更区分). `older`: the rows of the file that tell of this guarantee's earlier versions, oldest first.
    """

    line: int
    guarantee: Guarantee
    given: frozenset[str]
    said: VersionKind | None = None
    older: tuple[ParsedRow, ...] = ()


@dataclass(frozen=True, slots=True)
class RowProblem:
    """Something in a file that was not taken. `column`: its header as written, "" when the whole row is meant.

    `value`: cleaned, an access key masked. `is_note`: nothing to mend, said for completeness (a total, an older version).
    """

    line: int
    column: str
    value: str
    reason: str
    is_note: bool = False


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a file says. `ignored_columns`: titles that mean nothing to us; `row_count`: rows of data that were looked at."""

    guarantees: tuple[ParsedRow, ...]
    problems: tuple[RowProblem, ...]
    ignored_columns: tuple[str, ...] = ()
    row_count: int = 0


def details_of(guarantee: Guarantee) -> tuple[str, str, Product]:
    """What identifies a guarantee without number: work, contractor with its legal form, product."""
    return fold_name(guarantee.project_name), fold_contractor(guarantee.contractor), guarantee.product


def may_be_one_work(a: Guarantee, b: Guarantee) -> bool:
    """Whether two rows with the same details may be about one work: not when both tell a 工事番号 and these differ."""
    numbers = {fold_works_number(one.works_number) for one in (a, b)} - {""}
    return len(numbers) < 2


def parse_rows(table: Table, extra: Mapping[str, str]) -> Parsed:
    """Read every row below the header. `extra`: the city's own headers → our names of columns.

    Empty rows and repeated headers are skipped, totals and remarks noted. Of two rows for one guarantee the same is
    skipped and another one is a problem; but of two versions of one number (変更番号, 変更区分) the later stands and the other
    is its history.
    """
    header = find_header(table.rows, extra)
    if header is None:
        needed = "・".join(NEEDED)
        return Parsed((), (RowProblem(0, "", "", f"見出しの行が見つかりません。{needed}の列が必要です。"),))
    if header.missing:
        missing = "・".join(header.missing)
        reason = f"必要な列がありません: {missing}。列名を直すか、設定で列名の対応を指定してください。"
        return Parsed((), (RowProblem(header.last_line, "", "", reason),), header.unknown)
    taken: list[ParsedRow] = []
    problems = [_double_column(header, heading) for heading in header.twice]
    count = 0
    for row in table.rows:
        if row.line <= header.last_line or all(map(is_blank, row.cells)) or header.repeats(row):
            continue
        if (note := _note(row)) is not None:
            problems.append(note)
            continue
        count += 1
        parsed, row_problems = _read_row(header, row)
        problems += row_problems
        if parsed is not None:
            taken.append(parsed)
    kept, doubles = _without_doubles(taken)
    problems = sorted([*problems, *doubles], key=lambda problem: problem.line)
    return Parsed(kept, tuple(problems), header.unknown, count)


def _double_column(header: HeaderRow, heading: Heading) -> RowProblem:
    used = next(other.title for other in header.headings if other.column is heading.column)
    reason = f"「{used}」と同じ意味の列です。「{used}」の方を取り込みます。"
    return RowProblem(header.last_line, heading.title, "", reason, is_note=True)


def _note(row: TableRow) -> RowProblem | None:
    """Whether a row is a total or a remark below the table."""
    filled = [cell for cell in row.cells if not is_blank(cell)]
    first = as_text(filled[0])
    if fold(first).strip("【】[]()<>") in _TOTALS:
        return RowProblem(row.line, "", first, "合計の行とみなして読み飛ばしました。", is_note=True)
    if len(filled) == 1 and fold(first).startswith(_REMARK_STARTS):
        return RowProblem(row.line, "", first, "注記の行とみなして読み飛ばしました。", is_note=True)
    return None


def _read_row(header: HeaderRow, row: TableRow) -> tuple[ParsedRow | None, list[RowProblem]]:
    fields: dict[str, Any] = {}
    problems = []
    # A date in its own column stands before one half of a 工期, 変更番号 and 状態 before what 変更区分 says of them.
    for heading in sorted(header.headings, key=lambda heading: heading.column in {Column.WORKS_PERIOD, Column.KIND}):
        cell = row.cells[heading.index] if heading.index < len(row.cells) else None
        if _says_nothing(heading.column, cell):
            if heading.column in NEEDED:
                problems.append(RowProblem(row.line, heading.title, "", "必須の項目が空です。"))
            continue
        try:
            fields |= {name: value for name, value in read_cell(heading, cell).items() if name not in fields}
        except CellError as error:
            problems.append(RowProblem(row.line, heading.title, _shown(heading.column, cell), str(error)))
    problems += _contradictions(row, header, fields) if not problems else []
    if problems:
        return None, problems
    said = fields.pop(SAID, None)
    return ParsedRow(row.line, Guarantee(**fields), frozenset(fields), said), []


def _says_nothing(column: Column, cell: Cell) -> bool:
    if is_blank(cell):
        return True
    # 無 and なし are answers to 「お知らせを希望」, and a needed column with 未定 is reported by its reader.
    answers = column in NEEDED or column is Column.WANTS_ISSUED_MAIL
    return isinstance(cell, str) and cell.strip() in BLANK_MARKS and not answers


def _shown(column: Column, cell: Cell) -> str:
    """The cell for a report; a key's length only, whatever a spreadsheet made of it."""
    return AuthKey(as_text(cell)).masked if column is Column.AUTH_KEY else as_text(cell)


def _contradictions(row: TableRow, header: HeaderRow, fields: Mapping[str, Any]) -> list[RowProblem]:
    """What can only be seen in the whole row."""
    titles = {heading.column: heading.title for heading in header.headings}
    found = []
    if fields.get("wants_issued_mail") and not fields.get("email"):
        reason = "お知らせを希望していますが、メールアドレスがありません。"
        found.append(RowProblem(row.line, titles[Column.WANTS_ISSUED_MAIL], "", reason))
    begin, end = fields.get("works_start_on"), fields.get("works_end_on")
    if begin is not None and end is not None and begin > end:
        title = titles.get(Column.WORKS_END_ON, titles.get(Column.WORKS_PERIOD, ""))
        found.append(RowProblem(row.line, title, f"{end:%Y/%m/%d}", "工期の終わりが始まりより前になっています。"))
    return found


def _without_doubles(rows: list[ParsedRow]) -> tuple[tuple[ParsedRow, ...], list[RowProblem]]:
    """One row for each guarantee, in the order of the file; its earlier versions stand with it."""
    kept: dict[object, list[list[ParsedRow]]] = {}
    problems = []
    for row in rows:
        number = row.guarantee.number
        alike = kept.setdefault(number or details_of(row.guarantee), [])
        versions = next((one for one in alike if number or may_be_one_work(one[0].guarantee, row.guarantee)), None)
        if versions is None:
            alike.append([row])
            continue
        if any((one.guarantee, one.given, one.said) == (row.guarantee, row.given, row.said) for one in versions):
            continue
        same = next((one for one in versions if not number or not _are_versions(one, row)), None)
        if same is None:
            versions.append(row)
        else:
            shown = number or row.guarantee.project_name
            reason = f"{same.line}行目と同じ保証契約ですが、内容が異なります。どちらが正しいか確かめてください。"
            problems.append(RowProblem(row.line, "", shown, reason))
    taken = []
    for versions in (group for alike in kept.values() for group in alike):
        *older, newest = sorted(versions, key=_age)
        reason = f"変更前の内容とみなし、履歴にだけ残します（台帳には{newest.line}行目を取り込みます）。"
        problems += [RowProblem(one.line, "", one.guarantee.number, reason, is_note=True) for one in older]
        taken.append(replace(newest, older=tuple(older)))
    return tuple(sorted(taken, key=lambda row: row.line)), problems


def _are_versions(one: ParsedRow, other: ParsedRow) -> bool:
    """Whether two rows of one number tell of two versions: two 変更番号, or two things that happened to one."""
    if "revision" in one.given & other.given and one.guarantee.revision != other.guarantee.revision:
        return True
    return one.said is not None and other.said is not None and one.said is not other.said


_AGES = (VersionKind.CORRECTION, VersionKind.CANCELLATION, VersionKind.REISSUE)


def _age(row: ParsedRow) -> tuple[int, int]:
    """What comes later has more: the higher 変更番号; of one number a correction, a cancellation, an issue anew."""
    return row.guarantee.revision, _AGES.index(row.said) + 1 if row.said in _AGES else 0
