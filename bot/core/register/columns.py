"""The columns of a register file: their Japanese names and synonyms, and the search for the header.

Called by core/register/rows.py and, to choose the sheet and the delimiter, by bot/spreadsheets/reading.py. City sheets have
titles above the header, units in brackets and headers in two rows. Only `synonyms` raises: ValueError for a configured synonym
of an unknown column.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from bot.core.text.closed_list import ClosedList
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.normalise import clean

Cell = str | int | float | bool | date | datetime | time | timedelta | None


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row of a table. `line`: its number in the spreadsheet, from 1."""

    line: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a file or sheet, titles and header included. `name`: the sheet's, "" for CSV."""

    rows: tuple[TableRow, ...]
    name: str = ""


class Column(ClosedList):
    """Every column that a register file may have, in an export's order; the value is its Japanese name.

    How its cells are read stands in core/register/values.py.
    """

    field: str  # the field of Guarantee that it gives, "" = several, or something else: an export has it not
    width: int  # in an exported workbook, in characters
    synonyms: tuple[str, ...]  # what else its header may be

    NUMBER = "保証契約番号", "number", 16, ("保証番号", "保証契約No", "保証証書番号")
    REVISION = "変更番号", "revision", 9, ("変更回数", "変更回")
    KIND = "変更区分", "", 0, ("対象",)  # 対象: as D-Sure calls it in its history
    PRODUCT = "商品(保証区分)", "product", 16, ("商品", "保証区分", "保証種類", "保証の種類", "保証種別", "商品名")
    WORKS_NUMBER = (
        "工事番号",
        "works_number",
        16,
        (
            "案件番号",
            "調達案件番号",
            "施行番号",
            "工事(委託)番号",
            "工事業務番号",
            "工事No",
            "案件No",
            "業務番号",
            "委託番号",
        ),
    )
    PROJECT_NAME = (
        "工事名",
        "project_name",
        40,
        ("件名", "業務名", "委託名", "工事件名", "工事名称", "業務名称", "委託業務名", "契約件名"),
    )
    CONTRACTOR = (
        "受注者名",
        "contractor",
        28,
        (
            "受注者",
            "請負者",
            "請負者名",
            "請負契約者",
            "保証契約者",
            "契約者",
            "契約者名",
            "請負業者",
            "請負業者名",
            "受注業者",
            "受注業者名",
            "受託者",
            "受託者名",
            "契約の相手方",
        ),
    )
    JV_NAME = "JV名", "jv_name", 28, ("JV", "共同企業体", "共同企業体名")
    ORDERER = "発注者名", "orderer", 16, ("発注者",)
    CONTRACT_AMOUNT = (
        "請負金額",
        "contract_amount_yen",
        15,
        ("契約金額", "請負代金額", "請負代金", "請負額", "契約額", "委託金額", "委託料"),
    )
    GUARANTEE_AMOUNT = "保証金額", "guarantee_amount_yen", 15, ("保証額",)
    EXPIRES_ON = (
        "保証期限",
        "expires_on",
        12,
        ("保証期日", "保証満了日", "保証終期", "保証期間満了日", "保証期間終了日"),
    )
    WORKS_START_ON = (
        "工期開始",
        "works_start_on",
        12,
        (
            "工期自",
            "工期始期",
            "工期着手",
            "工期着工",
            "工期開始日",
            "着手日",
            "着工日",
            "履行開始日",
            "履行期間開始",
            "履行期間自",
            "着手年月日",
        ),
    )
    WORKS_END_ON = (
        "工期終了",
        "works_end_on",
        12,
        (
            "工期至",
            "工期終期",
            "工期完成",
            "工期竣工",
            "工期完了",
            "工期末",
            "工期終了日",
            "完成期限",
            "完成期日",
            "竣工期限",
            "履行期限",
            "履行期間終了",
            "履行期間至",
            "完成年月日",
        ),
    )
    WORKS_PERIOD = "工期", "", 0, ("履行期間", "契約工期", "工事期間", "委託期間")
    CONTRACTED_ON = (
        "請負契約日",
        "contracted_on",
        12,
        ("契約日", "契約年月日", "契約締結日", "請負契約年月日", "請負契約締結日"),
    )
    DEPOSIT_BANK = "預託金融機関", "deposit_bank", 24, ("預託先", "預託銀行", "預託先金融機関", "保証金預託先")
    AUTH_KEY = "認証キー", "auth_key", 18, ("電子保証認証キー",)
    ISSUED_AT = "発行日時", "issued_at", 18, ("電子保証発行日時", "発行日", "電子保証発行日")
    WANTS_ISSUED_MAIL = (
        "電子保証発行完了のお知らせ",
        "wants_issued_mail",
        14,
        ("お知らせ希望", "発行完了のお知らせ", "お知らせ", "お知らせの希望", "発行完了メール"),
    )
    EMAIL = (
        "メールアドレス",
        "email",
        28,
        ("e-mail", "Eメール", "メール", "電子メール", "電子メールアドレス", "連絡先メールアドレス"),
    )
    DESK = "担当課", "desk", 14, ("担当部署", "担当課名", "所管課", "主管課", "発注課", "工事担当課")
    STATE = "状態", "state", 10, ("証書の形式", "保証証書の形式", "証書形式")


NEEDED = (Column.PROJECT_NAME, Column.CONTRACTOR, Column.PRODUCT)
"""Without these a notice can't be matched; cities know them before they know number or key."""

_CONTRACT_NUMBER = "契約番号"
"""The number of the works contract, or short for 保証契約番号; the former only in a table that has 保証契約番号 too."""

# Remarks in brackets after a name that do not change the column's meaning, unlike 受注者名(住所), 工事名(変更後).
_HARMLESS_REMARKS = frozenset(
    {"円", "税込", "税込み", "税抜", "税抜き", "総額", "必須", "任意", "全角", "半角", "和暦", "西暦", "年月日", "日"}
    | {
        "yen",
        "jvの場合は代表者",
        "jvは代表者",
        "代表者",
        "希望する・希望しない",
        "希望する/希望しない",
        "有無",
        "紙・電子",
    },
)
_UNIT = LazyPattern(r"^(?:単位[:：]?)?(千|万|百万|億)円?$")
_REMARK = LazyPattern(r"[(\[【〔「]([^()\[\]【】〔〕「」]*)[)\]】〕」]")
_SIGNS = LazyPattern(r"[\s\u3000()\[\]【】〔〕「」『』<>〈〉《》※*#:.,、。・_/-]+")

# Rows searched for the header; titles above it are seldom longer.
HEADER_SEARCH_ROWS = 40
# A header has at least this many known names; a single one (担当課, 発注者) is part of a title.
_LEAST_KNOWN = 2
# Longer cells are no header.
_MAX_HEADER_LENGTH = 60


@dataclass(frozen=True, slots=True)
class Heading:
    """One recognised column of a file."""

    column: Column
    index: int
    title: str  # as written
    unit: str = ""  # 千, 万 … in its header; "": none


@dataclass(frozen=True, slots=True)
class HeaderRow:
    """The header of a table."""

    headings: tuple[Heading, ...]
    last_line: int  # of the header's last row
    twice: tuple[Heading, ...]  # further headings of a column that has one already; not used
    unknown: tuple[str, ...]  # titles of unknown columns
    missing: tuple[Column, ...]  # needed columns without a heading
    texts: frozenset[str]

    def repeats(self, row: TableRow) -> bool:
        """Whether a row is this header again, as on every printed page."""
        found = set()
        for cell in row.cells:
            folded = _fold_title(cell)
            if folded and folded not in self.texts:
                return False
            found.add(folded)
        return len(found - {""}) >= _LEAST_KNOWN


def synonyms(extra: Mapping[str, str]) -> Mapping[str, Column]:
    """Folded header → column. `extra`: a city's own header → one of our names or their synonyms.

    Raises ValueError, in Japanese, when `extra` names an unknown column.
    """
    known = {_fold_title(name): column for column in Column for name in (column.value, *column.synonyms)}
    own: dict[str, Column] = {}
    for title, name in extra.items():
        column = known.get(_fold_title(name))
        if column is None:
            names = "、".join(Column)
            raise ValueError(f"列名の対応「{title} → {name}」の「{name}」は台帳の列にありません。使える列: {names}")
        own[_fold_title(title)] = column
    return known | own


def column_of(title: str, known: Mapping[str, Column]) -> Column | None:
    """The column of a title; None for an unknown one. `known`: the result of `synonyms`."""
    found = _lookup(clean(title), known)
    return found[0] if found is not None else None


def find_header(rows: Sequence[TableRow], extra: Mapping[str, str]) -> HeaderRow | None:
    """The first row with every needed column; without one, the row with the most known names; None below two names."""
    known = synonyms(extra)
    best: HeaderRow | None = None
    for position, row in enumerate(rows[:HEADER_SEARCH_ROWS]):
        below = rows[position + 1] if position + 1 < len(rows) else None
        for header in _readings(row, below, known):
            if not header.missing:
                return header
            if best is None or len(header.headings) > len(best.headings):
                best = header
    return best if best is not None and len(best.headings) >= _LEAST_KNOWN else None


def is_blank(cell: Cell) -> bool:
    """Whether a cell is empty or blank."""
    return cell is None or (isinstance(cell, str) and not any(map(str.isalnum, cell)) and not clean(cell))


def _readings(row: TableRow, below: TableRow | None, known: Mapping[str, Column]) -> Iterable[HeaderRow]:
    """The row read as a header together with the row below, if that completes it, and alone."""
    if below is not None and (joined := _joined(row, below, known)) is not None:
        yield _header(joined, below.line, known, extra_texts=(row, below))
    yield _header(tuple(_title(cell) for cell in row.cells), row.line, known, extra_texts=(row,))


def _joined(row: TableRow, below: TableRow, known: Mapping[str, Column]) -> tuple[str, ...] | None:
    """Titles of a header in two rows: 工期 over 自 and 至 is 工期自 and 工期至. None when the rows are no such pair."""
    above = [_title(cell) for cell in row.cells]
    under = [_title(cell) for cell in below.cells]
    width = max(len(above), len(under))
    above += [""] * (width - len(above))
    under += [""] * (width - len(under))
    parent = ""
    titles = []
    paired = False
    for upper, lower in zip(above, under, strict=True):
        parent = upper or (parent if lower else "")
        if not lower or lower == upper:
            titles.append(upper)
        elif parent and _lookup(parent + lower, known) is not None:
            titles.append(parent + lower)
            paired = True
        elif not upper:
            titles.append(lower)
        else:
            return None  # a value below: a header of one row with its first row of data
    return tuple(titles) if paired else None


def _header(
    titles: Sequence[str],
    last_line: int,
    known: Mapping[str, Column],
    extra_texts: tuple[TableRow, ...],
) -> HeaderRow:
    taken: dict[Column, Heading] = {}
    twice: list[Heading] = []
    unknown: list[str] = []
    for index, title in enumerate(titles):
        found = _lookup(title, known)
        if found is None:
            if title:
                unknown.append(title)
            continue
        heading = Heading(found[0], index, title, found[1])
        before = taken.get(heading.column)
        if before is None:
            taken[heading.column] = heading
        elif _is_own_name(heading) and not _is_own_name(before):
            taken[heading.column] = heading
            twice.append(before)
        else:
            twice.append(heading)
    _take_contract_number(titles, taken, unknown)
    texts = {_fold_title(cell) for row in extra_texts for cell in row.cells} | {_fold_title(title) for title in titles}
    return HeaderRow(
        headings=tuple(sorted(taken.values(), key=lambda heading: heading.index)),
        last_line=last_line,
        twice=tuple(twice),
        unknown=tuple(unknown),
        missing=tuple(column for column in NEEDED if column not in taken),
        texts=frozenset(texts - {""}),
    )


def _take_contract_number(titles: Sequence[str], taken: dict[Column, Heading], unknown: list[str]) -> None:
    """Take 契約番号 as 工事番号 when the table has a 保証契約番号 and no other 工事番号."""
    title = next((one for one in unknown if _fold_title(one) == _CONTRACT_NUMBER), None)
    if title is None or Column.NUMBER not in taken or Column.WORKS_NUMBER in taken:
        return
    unknown.remove(title)
    taken[Column.WORKS_NUMBER] = Heading(Column.WORKS_NUMBER, list(titles).index(title), title)


def _is_own_name(heading: Heading) -> bool:
    return _fold_title(heading.title) == _fold_title(heading.column.value)


def _lookup(title: str, known: Mapping[str, Column]) -> tuple[Column, str] | None:
    """The column that a title names, and the unit in its brackets."""
    if not title or len(title) > _MAX_HEADER_LENGTH:
        return None
    column = known.get(_fold_title(title))
    if column is not None:
        return column, ""
    remarks = [remark.strip().lower() for remark in _REMARK.findall(_nfkc(title))]
    units = [unit[1] for remark in remarks if (unit := _UNIT.match(remark))]
    if not remarks or any(remark not in _HARMLESS_REMARKS and not _UNIT.match(remark) for remark in remarks):
        return None
    column = known.get(_fold_title(_REMARK.sub("", _nfkc(title))))
    return None if column is None else (column, "".join(units[:1]))


def _title(cell: Cell) -> str:
    return clean(cell) if isinstance(cell, str) else ""


_BLANKS = LazyPattern(r"[\s\u3000]+")


def _nfkc(text: str) -> str:
    return _BLANKS.sub("", unicodedata.normalize("NFKC", text))


def _fold_title(cell: Cell) -> str:
    """The title without width, case, blanks, quotes and marks: 「商品（保証区分）」 = 商品(保証区分)※."""
    return _SIGNS.sub("", _nfkc(_title(cell)).casefold())
