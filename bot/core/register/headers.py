"""The search for a table's header, and what its titles mean.

Called by core/register/rows.py and, to choose the sheets and the delimiter, by bot/spreadsheets. City sheets have titles above the
header, units in brackets and headers in two rows; a sheet's name or a title may tell the 保証区分. Only `meanings` and `sheet_products`
raise: ValueError, in Japanese, for a setting that names no column or product of ours.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import zip_longest
from types import MappingProxyType

from bot.core.records.guarantee import Product
from bot.core.register.cells import Cell
from bot.core.register.columns import NEEDED, Column
from bot.core.register.layout import Layout
from bot.core.register.products import product_named
from bot.core.register.tables import Table, TableRow
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.normalise import clean

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
# Of the whole table, in a row above its header.
_UNIT_ABOVE = LazyPattern(r"(?:単位[:：]?|\()(千|百万|万|億)円")
_REMARK = LazyPattern(r"[(\[【〔「]([^()\[\]【】〔〕「」]*)[)\]】〕」]")
_SIGNS = LazyPattern(r"[\s\u3000()\[\]【】〔〕「」『』<>〈〉《》※*#:.,、。・_/-]+")
# In a setting, the product before the column of one of its guarantees: 契約保証：保証契約番号.
_GROUP = LazyPattern(r"([^:：]+)[:：](.+)")

# Rows searched for the header; titles above it are seldom longer.
HEADER_SEARCH_ROWS = 40
# A header has at least this many known names; a single one (担当課, 発注者) is part of a title.
_LEAST_KNOWN = 2
# Longer cells are no header.
_MAX_HEADER_LENGTH = 60
_OWN, _GROUPED = -1, 1000
"""The ranks of a city's own title, which stands before all others, and of a title that begins with a product."""
# Short names of a guarantee's columns, where the product stands before or above them: 契約保証 over 番号 and 期限.
_SHORT = MappingProxyType(
    {"番号": Column.NUMBER, "期限": Column.EXPIRES_ON, "金額": Column.GUARANTEE_AMOUNT, "キー": Column.AUTH_KEY}
)
# Without 契約 alone: 契約状態, 契約発行日 tell of the contract.
_BEFORE = (
    "中間前払金保証",
    "中間前払保証",
    "中間前払金",
    "中間前払",
    "前払金保証",
    "前払保証",
    "前払金",
    "前払",
    "契約保証",
)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a title means. `rank`: how sure that is, smaller is surer; `product`: whose column, None = the row's."""

    column: Column
    rank: int
    product: Product | None = None


@dataclass(frozen=True, slots=True)
class Heading:
    """One recognised column of a file."""

    column: Column
    index: int
    title: str  # as written
    unit: str = ""  # 千, 万 … in its header; "": none
    rank: int = 0
    product: Product | None = None  # whose guarantee's, where a row tells of several


@dataclass(frozen=True, slots=True)
class HeaderRow:
    """The header of a table."""

    headings: tuple[Heading, ...]
    last_line: int  # of the header's last row
    twice: tuple[Heading, ...]  # further headings of a column that has one already; not used
    unknown: tuple[str, ...]  # titles of unknown columns
    missing: tuple[Column, ...]  # needed columns without a heading
    texts: frozenset[str]
    product: Product | None = None  # of all rows, by the sheet's name; None = a column tells it

    @property
    def groups(self) -> tuple[Product, ...]:
        """The products of which a row may tell a guarantee each; () = it tells of one."""
        return tuple(dict.fromkeys(one.product for one in self.headings if one.product is not None))

    def repeats(self, row: TableRow) -> bool:
        """Whether a row is this header again, as on every printed page."""
        found = set()
        for cell in row.cells:
            folded = _fold_title(cell)
            if folded and folded not in self.texts:
                return False
            found.add(folded)
        return len(found - {""}) >= _LEAST_KNOWN


Known = Mapping[str, Meaning]
"""Folded title → what it means."""


@lru_cache(maxsize=8)
def meanings(layout: Layout) -> Known:
    """What each known title means, the city's own included.

    Raises ValueError, in Japanese, when the layout names an unknown column.
    """
    known: dict[str, Meaning] = {}
    for column in Column:
        for rank, name in enumerate((column.value, *column.synonyms)):
            known.setdefault(_fold_title(name), Meaning(column, rank))
    own: dict[str, Meaning] = {}
    for title, name in layout.columns:
        found = known.get(_fold_title(name))
        group = _GROUP.fullmatch(name.strip()) if found is None else None
        product = product_named(group[1]) if group is not None else None
        if group is not None and product is not None:
            found = known.get(_fold_title(group[2]))
        if found is None or (product is not None and not found.column.is_the_guarantees):
            raise ValueError(_wrong_column(title, name, product))
        own[_fold_title(title)] = Meaning(found.column, _OWN, product)
    return known | own


def _wrong_column(title: str, name: str, product: Product | None) -> str:
    names = "、".join(column for column in Column if product is None or column.is_the_guarantees)
    told = "保証区分を付けられる列" if product is not None else "使える列"
    return f"列名の対応「{title} → {name}」の「{name}」は台帳の列にありません。{told}: {names}"


@lru_cache(maxsize=8)
def sheet_products(layout: Layout) -> Mapping[str, Product]:
    """Folded name of a sheet → the product of all its rows. Raises ValueError, in Japanese, for words that are no product."""
    products: dict[str, Product] = {}
    for sheet, words in layout.sheets:
        product = product_named(words)
        if product is None:
            names = "、".join(one.words for one in Product)
            raise ValueError(
                f"シートの対応「{sheet} → {words}」の「{words}」は保証区分ではありません。使える保証区分: {names}"
            )
        products[_fold_title(sheet)] = product
    return products


def column_of(title: str, known: Known) -> Column | None:
    """The column of a title; None for an unknown one, and for one of several guarantees. `known`: the result of `meanings`."""
    found = _lookup(clean(title), known)
    return found[0].column if found is not None and found[0].product is None else None


def find_header(table: Table, layout: Layout) -> HeaderRow | None:
    """The first row with every needed column; without one, the row with the most known names; None below two names."""
    known = meanings(layout)
    product = sheet_products(layout).get(_fold_title(table.name)) or product_named(table.name)
    best: HeaderRow | None = None
    for position, row in enumerate(table.rows[:HEADER_SEARCH_ROWS]):
        below = table.rows[position + 1] if position + 1 < len(table.rows) else None
        third = table.rows[position + 2] if position + 2 < len(table.rows) else None
        for header in _readings(row, below, third, known, product):
            if not header.missing:
                return _with_unit(header, table.rows[:position])
            if best is None or len(header.headings) > len(best.headings):
                best = header
    return best if best is not None and len(best.headings) >= _LEAST_KNOWN else None


def _with_unit(header: HeaderRow, above: Sequence[TableRow]) -> HeaderRow:
    """The header with the unit that a title above it tells, for each column that tells none itself."""
    units = (_UNIT_ABOVE.search(_nfkc(cell)) for row in above for cell in row.cells if isinstance(cell, str))
    unit = next((found[1] for found in units if found), "")
    if not unit:
        return header
    headings = (one if one.unit or "円" in one.title else replace(one, unit=unit) for one in header.headings)
    return replace(header, headings=tuple(headings))


def _readings(
    row: TableRow, below: TableRow | None, third: TableRow | None, known: Known, product: Product | None
) -> Iterable[HeaderRow]:
    """The row read as a header together with the two rows below, if they complete it, with the one below, and alone."""
    if below is not None and (joined := _joined(row, below, known)) is not None:
        two = replace(row, cells=joined)
        if third is not None and (all_three := _joined(two, _without_merged(below, third), known, paired=True)):
            yield _header(all_three, third.line, known, (row, below, third), product)
        yield _header(joined, below.line, known, (row, below), product)
    yield _header(tuple(_title(cell) for cell in row.cells), row.line, known, (row,), product)


def _without_merged(above: TableRow, row: TableRow) -> TableRow:
    """The row without what is one cell with the one above it."""
    merged = (cell == upper for cell, upper in zip_longest(row.cells, above.cells[: len(row.cells)]))
    return replace(row, cells=tuple(None if is_one else cell for cell, is_one in zip(row.cells, merged, strict=True)))


def _joined(row: TableRow, below: TableRow, known: Known, *, paired: bool = False) -> tuple[str, ...] | None:
    """Titles of a header in two rows: 工期 over 自 and 至 is 工期自 and 工期至. None when the rows are no such pair.

    `paired`: a title that stands over another one is not asked for.
    """
    above = [_title(cell) for cell in row.cells]
    under = [_title(cell) for cell in below.cells]
    width = max(len(above), len(under))
    above += [""] * (width - len(above))
    under += [""] * (width - len(under))
    parent = ""
    titles = []
    for upper, lower in zip(above, under, strict=True):
        parent = upper or (parent if lower else "")
        if not lower or lower == upper:
            titles.append(upper)
        elif parent and _lookup(parent + lower, known) is not None:
            titles.append(parent + lower)
            paired = True
        elif (not upper or _lookup(parent, known) is None) and _lookup(lower, known) is not None:
            titles.append(lower)  # 契約の内容 over 件名
        elif parent and _lookup(parent, known) is None:
            titles.append(parent + lower)  # 保証期間 over 自: a pair that we do not know
        elif not upper:
            titles.append(lower)
        else:
            return None  # a value below: a header of one row with its first row of data
    return tuple(titles) if paired else None


def _header(
    titles: Sequence[str], last_line: int, known: Known, rows: tuple[TableRow, ...], product: Product | None
) -> HeaderRow:
    taken: dict[tuple[Column, Product | None], Heading] = {}
    twice: list[Heading] = []
    unknown: list[str] = []
    for index, title in enumerate(titles):
        found = _lookup(title, known)
        if found is None:
            if title:
                unknown.append(title)
            continue
        meaning, unit = found
        heading = Heading(meaning.column, index, title, unit, meaning.rank, meaning.product)
        before = taken.setdefault((meaning.column, meaning.product), heading)
        if heading.rank < before.rank:
            taken[meaning.column, meaning.product] = heading
        if before is not heading:
            twice.append(before if heading.rank < before.rank else heading)
    unknown += _without_loose_groups(taken, product)
    _take_contract_number(titles, taken, unknown)
    texts = {_fold_title(cell) for row in rows for cell in row.cells} | {_fold_title(title) for title in titles}
    columns = {column for column, _ in taken}
    if product is not None or any(one is not None for _, one in taken):
        columns.add(Column.PRODUCT)
    return HeaderRow(
        headings=tuple(sorted(taken.values(), key=lambda heading: heading.index)),
        last_line=last_line,
        twice=tuple(twice),
        unknown=tuple(unknown),
        missing=tuple(column for column in NEEDED if column not in columns),
        texts=frozenset(texts - {""}),
        product=product,
    )


def _without_loose_groups(taken: dict[tuple[Column, Product | None], Heading], product: Product | None) -> list[str]:
    """Forget the columns of products that only their titles name, where a row has one product, or no number of theirs; their titles."""
    certain = product is not None or (Column.PRODUCT, None) in taken
    told: list[str] = []
    for group in Product:
        keyed = any((column, group) in taken for column in (Column.NUMBER, Column.AUTH_KEY))
        if certain or not keyed:
            loose = [place for place, one in taken.items() if place[1] is group and one.rank >= _GROUPED]
            told += [taken.pop(place).title for place in loose]
    return told


def _take_contract_number(
    titles: Sequence[str], taken: dict[tuple[Column, Product | None], Heading], unknown: list[str]
) -> None:
    """Take 契約番号 as 工事番号 when the table has a 保証契約番号 and no other 工事番号."""
    title = next((one for one in unknown if _fold_title(one) == _CONTRACT_NUMBER), None)
    columns = {column for column, _ in taken}
    if title is None or Column.NUMBER not in columns or Column.WORKS_NUMBER in columns:
        return
    unknown.remove(title)
    taken[Column.WORKS_NUMBER, None] = Heading(Column.WORKS_NUMBER, list(titles).index(title), title)


def _lookup(title: str, known: Known) -> tuple[Meaning, str] | None:
    """What a title means, and the unit in its brackets."""
    if not title or len(title) > _MAX_HEADER_LENGTH:
        return None
    meaning = _meaning(_fold_title(title), known)
    if meaning is not None:
        return meaning, ""
    remarks = [remark.strip().lower() for remark in _REMARK.findall(_nfkc(title))]
    units = [unit[1] for remark in remarks if (unit := _UNIT.match(remark))]
    if not remarks or any(remark not in _HARMLESS_REMARKS and not _UNIT.match(remark) for remark in remarks):
        return None
    meaning = _meaning(_fold_title(_REMARK.sub("", _nfkc(title))), known)
    return None if meaning is None else (meaning, "".join(units[:1]))


def _meaning(folded: str, known: Known) -> Meaning | None:
    if (found := known.get(folded)) is not None:
        return found
    before = next((words for words in _BEFORE if folded.startswith(words)), "")
    rest = folded[len(before) :]
    for named in (rest, f"保証{rest}") if before else ():
        column = _SHORT.get(named) or (known[named].column if named in known else None)
        if column is not None and column.is_the_guarantees:
            return Meaning(column, _GROUPED, product_named(before))
    return None


def _title(cell: Cell) -> str:
    return clean(cell) if isinstance(cell, str) else ""


_BLANKS = LazyPattern(r"[\s\u3000]+")


def _nfkc(text: str) -> str:
    return _BLANKS.sub("", unicodedata.normalize("NFKC", text))


def _fold_title(cell: Cell) -> str:
    """The title without width, case, blanks, quotes and marks: 「商品（保証区分）」 = 商品(保証区分)※."""
    return _SIGNS.sub("", _nfkc(_title(cell)).casefold())
