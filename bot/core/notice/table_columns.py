"""Tables whose labels stand in a column, with their values in the column to the right; two such pairs side by side as well.

Called by core/notice/field_values.py once for each page. Labels may be set left, right, centred or spaced out, and may wrap; so
may values. What stands in the column of labels and is none that we know takes its own value, and so keeps it from ours.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise

from bot.core.notice.lines import LabelledLine, is_note_text
from bot.core.notice.table_cells import Block, CellPlace, assign
from bot.core.records.submission import Field

_TOLERANCE_EM = 0.6  # edges of one column differ by less
_FULL_LINE = 0.85  # of the widest line: a value that reaches so far may go on at the left margin of the next
_NEXT_LINE_EM = 1.1  # a continued line follows at once
_WIDE_PITCH_EM = 2.6  # from line to line of one value, at most
_AROUND_GAP_EM = 1.3  # between the two lines of a value whose label stands between them
_NAMES = frozenset({Field.PROJECT_NAME, Field.CONTRACTOR})
_REGION_EM = 6.0  # a column's values stand no further above or below its labels


def read_columns(rows: Sequence[LabelledLine], places: Sequence[CellPlace], blocks: Sequence[Block]) -> list[Block]:
    """The blocks whose values stand to their right, with these values; those that found none are left out."""
    columns = [column for column in _columns(blocks) if _has_values_beside(column, places, blocks)]
    if sum(map(len, columns)) < 2:
        return []  # one label alone is a line, not a table
    read: list[Block] = []
    for number, column in enumerate(columns):
        beside = (b.x0 for other in columns[number + 1 :] for b in other if _at_height_of(b, column))
        right = min(beside, default=float("inf"))
        read += _read_column(rows, places, blocks, column, right)
    return read


def _columns(blocks: Sequence[Block]) -> list[list[Block]]:
    """Blocks one below the other: their extents overlap by more than half of the narrower one."""
    columns: list[list[Block]] = []
    for block in blocks:
        for column in columns:
            if any(_overlap(block, other) for other in column) and all(block.row != other.row for other in column):
                column.append(block)
                break
        else:
            columns.append([block])
    return sorted(columns, key=lambda column: min(block.x0 for block in column))


def _at_height_of(block: Block, column: Sequence[Block]) -> bool:
    return block.top < max(other.bottom for other in column) and block.bottom > min(other.top for other in column)


def _overlap(a: Block, b: Block) -> bool:
    return min(a.x1, b.x1) - max(a.x0, b.x0) > 0.5 * min(a.x1 - a.x0, b.x1 - b.x0)


def _beside(block: Block, places: Sequence[CellPlace], blocks: Sequence[Block]) -> CellPlace | None:
    """The next cell to the right at the block's height, if it is no label."""
    labels = {id(place) for other in blocks for place in other.places}
    beside = [
        place
        for place in places
        if place.cell.x0 >= block.x1 - 0.1 and place.cell.top < block.bottom and place.cell.bottom > block.top
    ]
    nearest = min(beside, key=lambda place: place.cell.x0, default=None)
    return None if nearest is None or id(nearest) in labels else nearest


def _has_values_beside(column: Sequence[Block], places: Sequence[CellPlace], blocks: Sequence[Block]) -> bool:
    return any(_beside(block, places, blocks) is not None for block in column)


def _read_column(
    rows: Sequence[LabelledLine],
    places: Sequence[CellPlace],
    blocks: Sequence[Block],
    column: Sequence[Block],
    right: float,
) -> list[Block]:
    em = rows[column[0].row].em
    split = min(place.cell.x0 for block in column if (place := _beside(block, places, blocks)) is not None)
    left = min(block.x0 for block in column)
    widest = max(block.x1 for block in column)
    top, bottom = column[0].top - _REGION_EM * em, column[-1].bottom + _REGION_EM * em
    labels = {id(place) for block in blocks for place in block.places}
    free = [p for p in places if id(p) not in labels and p.cell.bottom > top and p.cell.top < bottom]
    tolerance = _TOLERANCE_EM * em
    values = [p for p in free if p.cell.x0 >= min(split - tolerance, widest) and p.cell.x0 < right - tolerance]
    others = [
        Block(Field.OTHER, [p])
        for p in free
        if left - 2 * em <= p.cell.x0 < split - tolerance and p.cell.x1 <= split + tolerance
        if not _is_remark(p) and not _numbers_a_label(p, column)
    ]
    assign([*column, *others], values)
    _take_orphans(rows, column, others, values)
    for block in column:
        _continue_at_margin(rows, block, left, split, {place.row for other in blocks for place in other.places})
    return [*column, *others]


def _numbers_a_label(place: CellPlace, column: Sequence[Block]) -> bool:
    """Whether a cell stands before a label, in its line: a table's first column may count its rows."""
    cell = place.cell
    return any(cell.x1 <= b.x0 and cell.top < b.bottom and cell.bottom > b.top for b in column)


def _take_orphans(
    rows: Sequence[LabelledLine], column: Sequence[Block], others: Sequence[Block], values: Sequence[CellPlace]
) -> None:
    """Lines of a name set so wide apart that they seem to be rows of their own: they stand between two labels."""
    taken = {id(place) for block in (*column, *others) for place in block.values}
    for block, following in pairwise(column):
        if block.which not in _NAMES or not block.values or not following.values:
            continue
        last, end = block.values[-1], min(following.values[0].cell.top, following.top)
        between = [place for place in values if last.cell.bottom < place.cell.top and place.cell.bottom < end]
        if not between or any(id(place) in taken for place in between):
            continue
        em = rows[last.row].em
        is_spaced = last.row == block.row and (end - last.cell.top) / (len(between) + 1) <= _WIDE_PITCH_EM * em
        # 一行目／工事名／二行目: the label stands in the middle of its cell
        is_around = last.cell.top < block.top < between[0].cell.top and (
            between[0].cell.top - last.cell.bottom <= _AROUND_GAP_EM * em
        )
        if is_spaced or is_around:
            block.values += between


def _is_remark(place: CellPlace) -> bool:
    return is_note_text(place.cell.text)


def _continue_at_margin(
    rows: Sequence[LabelledLine], block: Block, left: float, split: float, labelled: Collection[int]
) -> None:
    """A long name that goes on at the left margin of the next lines, below its label (no table, but gaps)."""
    if block.which not in _NAMES or not block.values:
        return
    margin = max(row.x1 for row in rows)
    last = block.values[-1]
    for row, following in pairwise(range(last.row, len(rows))):
        above, below = rows[row], rows[following]
        is_full = above.x1 >= _FULL_LINE * margin
        is_next = below.top - above.bottom <= _NEXT_LINE_EM * above.em
        begins_left = below.x0 < split - _TOLERANCE_EM * below.em and below.x0 <= left + 1.5 * below.em
        first = below.line.cells[0]
        goes_past = first.x1 > split or len(below.line.cells) == 1  # else it has a label of its own
        if (
            not (is_full and is_next and begins_left and goes_past)
            or following in labelled
            or below.is_prose
            or below.is_note
        ):
            return
        block.values += [CellPlace(following, n, cell) for n, cell in enumerate(below.line.cells)]
