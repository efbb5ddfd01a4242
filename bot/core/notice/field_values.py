"""The values of a page's labels: beside, below or wrapped under them, in a table's columns or below a table's head.

`values_of` is called by core/notice/key_notice.py for each page. It finds texts and positions and does not interpret them.
Pure; nothing is raised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.notice.document import Page, PageCell
from bot.core.notice.evidence import cells_between
from bot.core.notice.labels import FoundLabel, between
from bot.core.notice.lines import MOST_LABELS, MOST_LABELS_ON_A_PAGE, LabelledLine, bounded, rows_of, without_colons
from bot.core.notice.side_columns import columns_apart
from bot.core.notice.table_cells import Block, blocks_of, places_of
from bot.core.notice.table_columns import read_columns
from bot.core.notice.table_headers import heads_of, read_heads
from bot.core.records.submission import Field
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.normalise import fold

_FULL_LINE = 0.85  # of the widest line: a value that ends there may continue at the left margin of the next line
# The label of an unknown field, also without a colon: 工事場所　取手市…, （２）場所 …
_IS_FIELD = LazyPattern(r"\W?\w{0,2}[.．)）、 \u3000]?[\u3040-\u30ff\u3400-\u9fff]{2,8}[ \u3000:：]")
_MAX_WRAPS = 4  # lines of one project name


@dataclass(frozen=True, slots=True)
class Value:
    """A label's text ("" = none), its page, the cells that hold it. `titles`: how many titles stood above: a title begins
    another notice.
    """

    field: Field
    text: str  # "": none
    page: int
    titles: int  # titles above it, over all pages; each title begins another notice
    cells: tuple[PageCell, ...] = ()


def values_of(pages: Sequence[Page]) -> list[Value]:
    """All labelled values, in reading order."""
    values: list[Value] = []
    titles = labels = 0
    for page in pages:
        for lines in columns_apart(without_colons(bounded(page.lines))):
            rows = rows_of(lines, titles)
            here = sum(len(row.labels) for row in rows)
            labels += here
            if here > MOST_LABELS_ON_A_PAGE or labels > MOST_LABELS:
                continue  # a person looks at the page
            titles = rows[-1].titles if rows else titles
            values += _page_values(page, rows)
    return values


def _page_values(page: Page, rows: list[LabelledLine]) -> list[Value]:
    values: list[Value] = []
    margin = _right_margin(rows)
    in_tables = _table_values(rows)
    for index, row in enumerate(rows):
        for block in in_tables.get(index, ()):
            cells = tuple(place.cell for place in block.values)
            values.append(Value(block.which, _text(block), page.number, row.titles, cells))
        if row.taken:
            continue
        for n, label in enumerate(row.labels):
            here = between(row.line, label.value_from, label.value_to)
            is_last = n == len(row.labels) - 1
            below = _lines_below(rows, index, label, here, margin) if is_last or not here else []
            pieces = [*([here[0]] if here else []), *(lower.line.text for lower in below)]
            cells = (
                *cells_between(row.line, label.value_from, label.value_to),
                *(cell for lower in below for cell in lower.line.cells),
            )
            values.append(Value(label.field, join(pieces), page.number, row.titles, cells))
    return values


def _right_margin(rows: Sequence[LabelledLine]) -> float:
    """The right margin of the lines with fields, which may be narrower than the page's prose."""
    labelled = [number for number, row in enumerate(rows) if row.labels]
    fields = rows[labelled[0] : labelled[-1] + 1] if labelled else rows
    return max((row.x1 for row in fields if not row.is_prose), default=0.0)


def _table_values(rows: list[LabelledLine]) -> dict[int, list[Block]]:
    """Row → the table blocks with values that begin in it; their rows are marked as taken."""
    places = places_of(rows)
    blocks = blocks_of(rows, places)
    heads = heads_of(places, blocks)
    read = [block for record in read_heads(rows, places, blocks, heads) for block in record]
    used = {place.row for block in read for place in (*block.places, *block.values)}
    if read:
        used |= {place.row for head in heads for block in head for place in block.places}
    left = [place for place in places if place.row not in used]
    read += read_columns(rows, left, [block for block in blocks if block.row not in used])
    found: dict[int, list[Block]] = {}
    for block in read:
        found.setdefault(block.row, []).append(block)
        used |= {place.row for place in (*block.places, *block.values)}
    for row in used:
        rows[row].taken = True
    return found


def _text(block: Block) -> str:
    """A value's cells as text: lines joined without a blank, cells of one line with one."""
    lines: dict[int, list[str]] = {}
    for place in sorted(block.values, key=lambda place: (place.row, place.number)):
        lines.setdefault(place.row, []).append(place.cell.text)
    return join([" ".join(cells).lstrip(" \u3000:：") for cells in lines.values()])


def _lines_below(
    rows: list[LabelledLine], index: int, label: FoundLabel, here: tuple[str, float, float] | None, margin: float
) -> list[LabelledLine]:
    """The lines below a label that continue its value or hold it; they are marked as taken."""
    pieces = [here[0]] if here else []
    below: list[LabelledLine] = []
    x0, x1 = (here[1], here[2]) if here else (None, None)
    previous = rows[index]
    for row in rows[index + 1 : index + 1 + _MAX_WRAPS + 2]:
        if row.is_note:
            continue
        if row.taken or row.labels or row.is_prose or not _follows(previous, row, has_value=bool(pieces)):
            break
        if not pieces:
            if not _may_begin(label.field, row):
                break
            x0 = row.x0
        elif not _continues(label, row, (rows[index].x0, x0, x1), margin):
            break
        pieces.append(row.line.text)
        below.append(row)
        row.taken = True
        x1, previous = row.x1, row
    return below


def _is_wrapping(which: Field) -> bool:
    return which in {Field.PROJECT_NAME, Field.CONTRACTOR}


def _follows(previous: LabelledLine, row: LabelledLine, *, has_value: bool) -> bool:
    gap = row.top - previous.bottom
    return gap <= (1.1 if has_value else 2.6) * max(previous.em, row.em)


_NUMBER_BEGINS = LazyPattern(r"第?[0-9A-Za-z]")
_KEY_BEGINS = LazyPattern(r"[「『\"']?[!-~]")
_OF_PRODUCT = LazyPattern(r"前払|前金|保証|保険")


def _may_begin(which: Field, row: LabelledLine) -> bool:
    """Whether a line below an empty label can be its value."""
    text = fold(row.line.text)
    if which is Field.NUMBER:
        return _NUMBER_BEGINS.match(text) is not None
    if which is Field.KEY:
        return _KEY_BEGINS.match(text) is not None
    if which is Field.PRODUCT:
        return _OF_PRODUCT.search(text) is not None
    return True


_PIECE = LazyPattern(r"[0-9A-Za-z]{1,11}")


def _continues(
    label: FoundLabel, row: LabelledLine, extent: tuple[float, float | None, float | None], margin: float
) -> bool:
    """Whether a line continues the value above it. `extent`: x of the label's line, of the value's begin and its end so far."""
    line_x0, x0, x1 = extent
    if label.field is Field.KEY:
        return _PIECE.fullmatch(fold(row.line.text)) is not None and _hangs(row, x0)
    if not _is_wrapping(label.field) or x0 is None or x1 is None:
        return False
    is_full = x1 >= _FULL_LINE * margin and row.x0 <= line_x0 + 1.5 * row.em
    return _hangs(row, x0) or (is_full and not _IS_FIELD.match(row.line.text))


def _hangs(row: LabelledLine, x0: float | None) -> bool:
    return x0 is not None and row.x0 >= x0 - 1.2 * row.em and row.x0 > 0


def join(pieces: Sequence[str]) -> str:
    """Wrapped pieces as one text: without a blank between Japanese, with one between Latin words."""
    text = ""
    for piece in pieces:
        stripped = piece.strip()
        latin = text[-1:].isascii() and text[-1:].isalpha() and stripped[:1].isascii() and stripped[:1].isalpha()
        text += f" {stripped}" if text and latin else stripped
    return text
