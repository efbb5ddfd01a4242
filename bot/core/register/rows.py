"""A register file's tables → guarantees, and a problem with its reason for each row or value that is not accepted.

`parse_book` is called by bot/register/importing.py with what bot/spreadsheets read; core/register/plan.py compares the result with the register. A value that is not needed is left out where
it can't be read; the row is taken. Raises only ValueError for a wrong layout.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.core.records.guarantee import Guarantee, Product
from bot.core.records.guarantee_version import VersionKind
from bot.core.records.secret import AuthKey
from bot.core.register.cells import (
    AWAITED_MARKS,
    BLANK_MARKS,
    DITTO_MARKS,
    Cell,
    CellError,
    RowError,
    as_text,
    is_blank,
)
from bot.core.register.columns import NEEDED, Column
from bot.core.register.headers import HeaderRow, Heading, find_header
from bot.core.register.layout import Layout
from bot.core.register.numbers import is_mask, unread_number
from bot.core.register.tables import Book, Table, TableRow
from bot.core.register.values import SAID, read_cell
from bot.core.text.lost_characters import LOST
from bot.core.text.normalise import fold, fold_contractor, fold_name, fold_works_number

_TOTALS = frozenset({"合計", "総合計", "小計", "総計", "累計", "計", "件数"})
_REMARK_STARTS = ("※", "注", "(注", "*", "以上", "以下", "備考", "凡例", "【", "[", "担当", "作成")


@dataclass(frozen=True, slots=True)
class ParsedRow:
    """An accepted row, or one guarantee of it."""

    line: int
    guarantee: Guarantee  # its state is EXPECTED for 電子; the register has the real one
    given: frozenset[str]  # names of Guarantee's fields in the row; the others are defaults
    said: VersionKind | None = None  # the version's kind (変更区分) as the row names it
    older: tuple[ParsedRow, ...] = ()  # the file's rows of earlier versions of this guarantee, oldest first
    sheet: str = ""  # where several were read
    unread: str | None = None  # a number that could not be taken, as far as it can be compared; None = there is none
    key_as_it_is: str = ""  # the title over a masked key, which leaves the register's as it is


@dataclass(frozen=True, slots=True)
class RowProblem:
    """A part of a file that was not accepted."""

    line: int
    column: str  # the header as written; "": the whole row
    value: str  # cleaned; an access key masked
    reason: str
    is_note: bool = False  # nothing to correct: a total, an older version
    is_taken: bool = False  # the row was taken without this value
    sheet: str = ""  # where several were read

    @property
    def place(self) -> str:
        """Where it stands, for people."""
        sheet = f"「{self.sheet}」の" if self.sheet else ""
        return f"{sheet}{self.line}行目" if self.line else "ファイル全体"


@dataclass(frozen=True, slots=True)
class Parsed:
    """The content of a file."""

    guarantees: Sequence[ParsedRow]
    problems: tuple[RowProblem, ...]
    ignored_columns: tuple[str, ...] = ()  # titles of unknown columns


def details_of(guarantee: Guarantee) -> tuple[str, str, Product]:
    """The identity of a guarantee without number: project, contractor with its legal form, product."""
    return fold_name(guarantee.project_name), fold_contractor(guarantee.contractor), guarantee.product


def may_be_one_work(a: Guarantee, b: Guarantee) -> bool:
    """Whether two rows with the same details may be about one work: not when both tell a 工事番号 and these differ."""
    numbers = {fold_works_number(one.works_number) for one in (a, b)} - {""}
    return len(numbers) < 2


def parse_book(book: Book, layout: Layout) -> Parsed:
    """Read every row below the headers.

    Empty rows and repeated headers are skipped, totals and remarks noted. Of two rows for one guarantee the same is
    skipped and another one is a problem; but of two versions of one number (変更番号, 変更区分) the later stands and the other
    is its history.
    """
    taken: list[ParsedRow] = []
    problems = [RowProblem(0, "", "", reason, is_note=True) for reason in book.left_out]
    ignored: list[str] = []
    for table in book.tables:
        sheet = table.name if len(book.tables) > 1 else ""
        rows, told, unknown = _parse_table(table, layout)
        taken += [replace(row, sheet=sheet) for row in rows] if sheet else rows
        problems += [replace(one, sheet=sheet) for one in told] if sheet else told
        ignored += [title for title in unknown if title not in ignored]
    kept, doubles = _without_doubles(taken)
    return Parsed(kept, in_order([*problems, *doubles], book), tuple(ignored))


def in_order(problems: Sequence[RowProblem], book: Book) -> tuple[RowProblem, ...]:
    """The problems in the order of the file."""
    sheets = {table.name: place for place, table in enumerate(book.tables)}
    return tuple(sorted(problems, key=lambda problem: (sheets.get(problem.sheet, 0), problem.line)))


def _parse_table(table: Table, layout: Layout) -> tuple[list[ParsedRow], list[RowProblem], tuple[str, ...]]:
    """The rows of a table, its problems, and the titles of its unknown columns."""
    header = find_header(table, layout)
    if header is None:
        needed = "・".join(NEEDED)
        return [], [RowProblem(0, "", "", f"見出しの行が見つかりません。{needed}の列が必要です。")], ()
    if header.missing:
        missing = "・".join(header.missing)
        reason = f"必要な列がありません: {missing}。列名を直すか、設定で列名の対応を指定してください。"
        return [], [RowProblem(header.last_line, "", "", reason)], header.unknown
    taken: list[ParsedRow] = []
    problems = [_double_column(header, heading) for heading in header.twice]
    above: Sequence[Cell] = ()
    for row in table.rows:
        if row.line <= header.last_line or all(map(is_blank, row.cells)) or header.repeats(row):
            continue
        if (note := _note(row, header)) is not None:
            problems.append(note)
            continue
        row = _without_dittos(row, above, header)  # noqa: PLW2901 - as its writer meant it
        above = row.cells
        for product in header.groups or (header.product,):
            parsed, row_problems = _Row(header, row, product, layout).read()
            problems += [one for one in row_problems if one not in problems[-_LAST:]]
            taken += [] if parsed is None else [parsed]
    return taken, [*problems, *_short_works_numbers(header, taken)], header.unknown


_LAST = 30
"""So many problems a row may have; those of its common cells are told once."""


def _double_column(header: HeaderRow, heading: Heading) -> RowProblem:
    used = next(
        other.title for other in header.headings if (other.column, other.product) == (heading.column, heading.product)
    )
    reason = f"「{used}」と同じ意味の列です。「{used}」の方を取り込みます。"
    return RowProblem(header.last_line, heading.title, "", reason, is_note=True)


def _without_dittos(row: TableRow, above: Sequence[Cell], header: HeaderRow) -> TableRow:
    """The row with what the cell above says where a ditto mark stands; never a number or a key."""
    cells = list(row.cells)
    for heading in header.headings:
        place = heading.index
        if place < min(len(cells), len(above)) and heading.column not in _OWN_TO_EACH and _is_ditto(cells[place]):
            cells[place] = above[place]
    return replace(row, cells=tuple(cells))


_OWN_TO_EACH = frozenset({Column.NUMBER, Column.AUTH_KEY})


def _is_ditto(cell: Cell) -> bool:
    return isinstance(cell, str) and "".join(cell.split()) in DITTO_MARKS


def _note(row: TableRow, header: HeaderRow) -> RowProblem | None:
    """Whether a row is a total, or a remark among or below the rows: a single cell that is not what a guarantee needs."""
    filled = [cell for cell in row.cells if not is_blank(cell)]
    first = as_text(filled[0])
    if fold(first).strip("【】[]()<>") in _TOTALS:
        return RowProblem(row.line, "", first, "合計の行とみなして読み飛ばしました。", is_note=True)
    if len(filled) > 1:
        return None
    place = next(place for place, cell in enumerate(row.cells) if not is_blank(cell))
    is_needed = any(one.index == place and one.column in {*NEEDED, *_OWN_TO_EACH} for one in header.headings)
    if not is_needed or fold(first).startswith(_REMARK_STARTS):
        return RowProblem(row.line, "", first, "注記の行とみなして読み飛ばしました。", is_note=True)
    return None


@dataclass(slots=True)
class _Row:
    """A row being read, for one guarantee of it."""

    header: HeaderRow
    row: TableRow
    product: Product | None  # that of the guarantee; None = a column of the row tells it
    layout: Layout

    def read(self) -> tuple[ParsedRow | None, list[RowProblem]]:
        """The guarantee, None = the row tells of none, or can't be taken; and its problems."""
        if self.header.groups and not self._tells_of_it():
            return None, []
        fields: dict[str, Any] = {} if self.product is None else {"product": self.product}
        problems: list[RowProblem] = []
        is_lost = False
        unread: str | None = None
        as_it_is = ""
        for heading, cell in self._cells():
            if _says_nothing(heading.column, cell):
                if heading.column in NEEDED:
                    problems.append(RowProblem(self.row.line, heading.title, "", "必須の項目が空です。"))
                    is_lost = True
                continue
            if heading.column is Column.AUTH_KEY and is_mask(cell):
                as_it_is = heading.title
                continue
            try:
                found = read_cell(heading, cell, self.layout)
            except CellError as error:
                problems.append(RowProblem(self.row.line, heading.title, _shown(heading.column, cell), str(error)))
                is_lost |= heading.column in NEEDED or isinstance(error, RowError)
                unread = unread_number(cell) if heading.column is Column.NUMBER else unread
                continue
            fields |= {name: value for name, value in found.items() if name not in fields}
            problems += _lost_characters(self.row, heading, found)
        if is_lost:
            return None, problems
        problems += self._contradictions(fields)
        said = fields.pop(SAID, None)
        told = [replace(one, is_taken=True) for one in problems]
        guarantee = Guarantee(**fields)
        return ParsedRow(self.row.line, guarantee, frozenset(fields), said, unread=unread, key_as_it_is=as_it_is), told

    def _cells(self) -> Iterator[tuple[Heading, Cell]]:
        """The cells that tell of the guarantee, in the order in which they count.

        A date in its own column stands before one half of a 工期, 変更番号 and 状態 before what 変更区分 says of them.
        """
        for heading in sorted(self.header.headings, key=lambda one: one.column in {Column.WORKS_PERIOD, Column.KIND}):
            is_of_product = heading.column is Column.PRODUCT and self.product is not None
            if heading.product in {None, self.product} and not is_of_product:
                yield heading, self.row.cells[heading.index] if heading.index < len(self.row.cells) else None

    def _tells_of_it(self) -> bool:
        """Whether the columns of this product say that there is, or will be, such a guarantee."""
        own = {heading.column: cell for heading, cell in self._cells() if heading.product is self.product}
        number = own.get(Column.NUMBER)
        if not is_blank(number):
            written = as_text(number)
            return any(map(str.isdigit, written)) or written in AWAITED_MARKS or written.startswith("#")
        return any(not _says_nothing(column, cell) for column, cell in own.items())

    def _contradictions(self, fields: dict[str, Any]) -> Iterator[RowProblem]:
        """Problems of several cells together; takes out of `fields` what can't be so."""
        titles = {heading.column: heading.title for heading in self.header.headings}
        if fields.get("wants_issued_mail") and not fields.get("email"):
            del fields["wants_issued_mail"]
            reason = "お知らせを希望していますが、使えるメールアドレスがありません。お知らせは送りません。"
            yield RowProblem(self.row.line, titles[Column.WANTS_ISSUED_MAIL], "", reason)
        begin, end = fields.get("works_start_on"), fields.get("works_end_on")
        if begin is not None and end is not None and begin > end:
            del fields["works_start_on"], fields["works_end_on"]
            title = titles.get(Column.WORKS_END_ON, titles.get(Column.WORKS_PERIOD, ""))
            reason = "工期の終わりが始まりより前になっています。"
            yield RowProblem(self.row.line, title, f"{end:%Y/%m/%d}", reason)


def _says_nothing(column: Column, cell: Cell) -> bool:
    if is_blank(cell):
        return True
    # 無 and なし are answers to 「お知らせを希望」, and a needed column with 未定 is reported by its reader.
    answers = column in NEEDED or column is Column.WANTS_ISSUED_MAIL
    return isinstance(cell, str) and cell.strip() in BLANK_MARKS and not answers


def _shown(column: Column, cell: Cell) -> str:
    """The cell for a report; a key's length only, whatever a spreadsheet made of it."""
    return AuthKey(as_text(cell)).masked if column is Column.AUTH_KEY else as_text(cell)


def _lost_characters(row: TableRow, heading: Heading, found: Mapping[str, object]) -> list[RowProblem]:
    value = found.get(heading.column.field)
    if not isinstance(value, str) or LOST not in value:
        return []
    reason = f"表せなかった文字（外字など）があります。「{LOST}」として扱います。正しい文字を入力してください。"
    return [RowProblem(row.line, heading.title, value, reason)]


def _short_works_numbers(header: HeaderRow, rows: Sequence[ParsedRow]) -> Iterator[RowProblem]:
    """工事番号 that seem to have lost zeros, by the others of the column; compared, zeros in front don't count."""
    title = next((one.title for one in header.headings if one.column is Column.WORKS_NUMBER), "")
    numbers = [(row.line, row.guarantee.works_number) for row in rows if row.guarantee.works_number.isdecimal()]
    widest = max((len(number) for _, number in numbers if number.startswith("0")), default=0)
    for line, number in dict.fromkeys(numbers):
        if len(number) < widest and not number.startswith("0"):
            reason = "先頭の0が失われているようです。照合では、先頭の0の有無は区別しません。"
            yield RowProblem(line, title, number, reason, is_note=True)


def _without_doubles(rows: list[ParsedRow]) -> tuple[tuple[ParsedRow, ...], list[RowProblem]]:
    """One row for each guarantee, in the order of the file, with its earlier versions in `older`."""
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
        elif same.sheet != row.sheet and _agree(same, row):
            versions[versions.index(same)] = _together(same, row)
        else:
            reason = f"{_place(same, row)}と同じ保証契約ですが、内容が異なります。どちらが正しいか確かめてください。"
            problems.append(problem_of(row, reason))
    places = {_origin(row): place for place, row in enumerate(rows)}
    taken = []
    for versions in (group for alike in kept.values() for group in alike):
        *older, newest = sorted(versions, key=_age)
        problems += [replace(problem_of(one, _is_older_than(one, newest)), is_note=True) for one in older]
        taken.append((places[_origin(newest)], replace(newest, older=tuple(older))))
    return tuple(row for _, row in sorted(taken, key=lambda pair: pair[0])), problems


def _origin(row: ParsedRow) -> tuple[str, int, Product]:
    return row.sheet, row.line, row.guarantee.product


def _agree(one: ParsedRow, other: ParsedRow) -> bool:
    """Whether two rows contradict each other in nothing."""
    return all(getattr(one.guarantee, name) == getattr(other.guarantee, name) for name in one.given & other.given)


def _together(one: ParsedRow, other: ParsedRow) -> ParsedRow:
    """What two sheets tell of a guarantee: a list of all, and a sheet for each product."""
    more = {name: getattr(other.guarantee, name) for name in other.given - one.given}
    return replace(one, guarantee=replace(one.guarantee, **more), given=one.given | other.given)


def problem_of(row: ParsedRow, reason: str) -> RowProblem:
    """A problem of a whole row."""
    return RowProblem(row.line, "", row.guarantee.number or row.guarantee.project_name, reason, sheet=row.sheet)


def _place(of: ParsedRow, seen_from: ParsedRow) -> str:
    return f"「{of.sheet}」の{of.line}行目" if of.sheet != seen_from.sheet else f"{of.line}行目"


def _is_older_than(row: ParsedRow, newest: ParsedRow) -> str:
    return f"変更前の内容とみなし、履歴にだけ残します（台帳には{_place(newest, row)}を取り込みます）。"


def _are_versions(one: ParsedRow, other: ParsedRow) -> bool:
    """Whether two rows of one number tell of two versions: two 変更番号, or two things that happened to one."""
    if "revision" in one.given & other.given and one.guarantee.revision != other.guarantee.revision:
        return True
    return one.said is not None and other.said is not None and one.said is not other.said


_AGES = (VersionKind.CORRECTION, VersionKind.CANCELLATION, VersionKind.REISSUE)


def _age(row: ParsedRow) -> tuple[int, int]:
    """A sort key by age: 変更番号, then new, correction, cancellation, reissue."""
    return row.guarantee.revision, _AGES.index(row.said) + 1 if row.said in _AGES else 0
