"""Tables whose labels stand in a column, with their values in the column to the right; two such pairs side by side as well.

Called by core/label_values.py once for each page. Labels may be set left, right, centred or spaced out, and may wrap; so
may values. What stands in the column of labels and is none that we know takes its own value, and so keeps it from ours.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise

from bot.core.label_blocks import Block, Place, assign
from bot.core.labels import Field
from bot.core.page_rows import Row, is_note_text

_TOLERANCE_EM = 0.6  # edges of one column differ by less
_FULL_LINE = 0.85  # of the widest line: a value that reaches so far may go on at the left margin of the next
_NEXT_LINE_EM = 1.1  # a continued line follows at once
_REGION_EM = 6.0  # a column's values stand no further above or below its labels


def read_columns(rows: Sequence[Row], places: Sequence[Place], blocks: Sequence[Block]) -> list[Block]:
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


def _beside(block: Block, places: Sequence[Place], blocks: Sequence[Block]) -> Place | None:
    """The next cell to the right at the block's height, if it is no label."""
    labels = {id(place) for other in blocks for place in other.places}
    beside = [
        place
        for place in places
        if place.cell.x0 >= block.x1 - 0.1 and place.cell.top < block.bottom and place.cell.bottom > block.top
    ]
    nearest = min(beside, key=lambda place: place.cell.x0, default=None)
    return None if nearest is None or id(nearest) in labels else nearest


def _has_values_beside(column: Sequence[Block], places: Sequence[Place], blocks: Sequence[Block]) -> bool:
    return any(_beside(block, places, blocks) is not None for block in column)


def _read_column(
    rows: Sequence[Row], places: Sequence[Place], blocks: Sequence[Block], column: Sequence[Block], right: float
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
        if left - 2 * em <= p.cell.x0 < split - tolerance and p.cell.x1 <= split + tolerance and not _is_remark(p)
    ]
    assign([*column, *others], values)
    for block in column:
        _continue_at_margin(rows, block, left, split, {place.row for other in blocks for place in other.places})
    return [*column, *others]


def _is_remark(place: Place) -> bool:
    return is_note_text(place.cell.text)


def _continue_at_margin(
    rows: Sequence[Row], block: Block, left: float, split: float, labelled: Collection[int]
) -> None:
    """A long name that goes on at the left margin of the next lines, below its label (no table, but gaps)."""
    if block.which not in {Field.PROJECT_NAME, Field.CONTRACTOR} or not block.values:
        return
    margin = max(row.x1 for row in rows)
    last = block.values[-1]
    for row, following in pairwise(range(last.row, len(rows))):
        above, below = rows[row], rows[following]
        is_full = above.x1 >= _FULL_LINE * margin
        is_next = below.top - above.bottom <= _NEXT_LINE_EM * above.em
        begins_left = below.x0 < split - _TOLERANCE_EM * below.em and below.x0 <= left + 1.5 * below.em
        goes_past = below.x1 > split or len(below.line.cells) == 1
        if (
            not (is_full and is_next and begins_left and goes_past)
            or following in labelled
            or below.is_prose
            or below.is_note
        ):
            return
        block.values += [Place(following, n, cell) for n, cell in enumerate(below.line.cells)]
