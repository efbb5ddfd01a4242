"""Labels that fill cells of their own: found across the cells of a line, and across lines where a narrow cell wrapped them.

Called by core/notice/table_columns.py and core/notice/table_headers.py. A block is a label as a piece of the page, with its extent. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from bot.core.notice.document import PageCell
from bot.core.notice.labels import FoundLabel, whole_label
from bot.core.notice.lines import LabelledLine, is_bare_colon, is_note_text
from bot.core.records.submission import Field

CELL_GAP_EM = 0.95
"""Lines of one cell stand closer than this, in heights of a line; rows of a table mostly do not."""
_ASKEW_EM = 0.6  # label and value of one row of a table may be set to different lines of it
_LABEL_GAP_EM = 1.3  # a label's own lines may stand wider apart, since only its whole wording counts
_FULL_LINE = 0.9
_LABEL_ROWS = 4  # of other cells may stand between two lines of a label
_LABEL_LINES = 3  # 受注者名／（ＪＶの場合は代／表者）


@dataclass(frozen=True, slots=True)
class CellPlace:
    """A cell of the page and where it stands: row and number in the row."""

    row: int
    number: int
    cell: PageCell


@dataclass(slots=True, eq=False)
class Block:
    """A label, or other text in a column of labels (Field.OTHER). `values`: the cells that were found to be its value."""

    which: Field
    places: list[CellPlace]
    values: list[CellPlace] = field(default_factory=list)

    @property
    def row(self) -> int:
        """The row in which it begins."""
        return self.places[0].row

    @property
    def x0(self) -> float:
        """Its left edge."""
        return min(place.cell.x0 for place in self.places)

    @property
    def x1(self) -> float:
        """Its right edge."""
        return max(place.cell.x1 for place in self.places)

    @property
    def top(self) -> float:
        """Its upper edge."""
        return min(place.cell.top for place in self.places)

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return max(place.cell.bottom for place in self.places)


def places_of(rows: Sequence[LabelledLine]) -> list[CellPlace]:
    """Every cell of the rows that are not prose, top to bottom, left to right."""
    return [
        CellPlace(index, number, cell)
        for index, row in enumerate(rows)
        if not row.is_prose
        for number, cell in enumerate(row.line.cells)
    ]


def blocks_of(rows: Sequence[LabelledLine], places: Sequence[CellPlace]) -> list[Block]:
    """The labels that share no cell with a value, in reading order."""
    by_row: dict[int, list[CellPlace]] = {}
    for place in places:
        by_row.setdefault(place.row, []).append(place)
    blocks = [
        Block(label.field, [p for p in cells if label.begins[0] <= p.number < label.value_from[0]])
        for index, cells in by_row.items()
        for label in rows[index].labels
        if _stands_alone(rows[index], label)
    ]
    claimed = {id(place) for block in blocks for place in block.places}
    blocks += _wrapped(rows, [place for place in places if id(place) not in claimed])
    claimed = {id(place) for block in blocks for place in block.places}
    free = [(place, _last_above(blocks, place.cell)) for place in places if id(place) not in claimed]
    for block in blocks:
        _grow(rows, block, [place for place, above in free if above is block])
    return sorted(blocks, key=lambda block: (block.row, block.x0))


def _stands_alone(row: LabelledLine, label: FoundLabel) -> bool:
    """Whether the label begins with a cell and its value, if any, with another one (which may begin with the colon)."""
    cell, character = label.value_from
    if not label.starts_cell or cell <= label.begins[0]:
        return False
    return character == 0 or is_bare_colon(row.line.cells[cell].text[:character])


def _wrapped(rows: Sequence[LabelledLine], places: Sequence[CellPlace]) -> list[Block]:
    """Labels over two or three lines of a narrow cell: 商品（保証区／分）."""
    blocks: list[Block] = []
    used: set[int] = set()
    for start, first in enumerate(places):
        if id(first) in used:
            continue
        run = [first]
        for below in places[start + 1 :]:
            if len(run) == _LABEL_LINES or below.row - run[-1].row > _LABEL_ROWS:
                break
            if id(below) in used or not _is_below(rows, run[-1], below, _LABEL_GAP_EM):
                continue
            run.append(below)
            which = whole_label("".join(place.cell.text for place in run))
            if which is not None:
                blocks.append(Block(which, run))
                used.update(map(id, run))
                break
    return blocks


def _grow(rows: Sequence[LabelledLine], block: Block, free: Sequence[CellPlace]) -> None:
    """Add the lines below that belong to the label's own cell: 受注者／名, and （ＪＶの場合は／代表者）."""
    lines: list[CellPlace] = []
    for place in free:
        last = lines[-1] if lines else block.places[-1]
        if len(lines) < _LABEL_LINES and place.row > last.row and _is_below(rows, last, place, _LABEL_GAP_EM):
            lines.append(place)
            text = "".join(p.cell.text for p in (*block.places, *lines))
            if whole_label(text) is block.which or is_note_text(place.cell.text):
                block.places += lines
                lines = []


def _last_above(blocks: Sequence[Block], cell: PageCell) -> Block | None:
    """The lowest label above a cell, in its column: a line that follows is that one's, not an earlier one's."""
    above = [b for b in blocks if b.bottom <= cell.top + 0.1 and min(b.x1, cell.x1) > max(b.x0, cell.x0)]
    return max(above, key=lambda b: b.bottom, default=None)


def _is_below(rows: Sequence[LabelledLine], upper: CellPlace, lower: CellPlace, most: float = CELL_GAP_EM) -> bool:
    """Whether the lower cell is the next line of the upper one's cell of a table. `most`: the gap, in heights."""
    if lower.row <= upper.row:
        return False
    overlap = min(upper.cell.x1, lower.cell.x1) - max(upper.cell.x0, lower.cell.x0)
    gap = lower.cell.top - upper.cell.bottom
    return overlap > 0 and gap <= most * rows[upper.row].em


@dataclass(slots=True)
class _Run:
    """Cells of a column of values that belong together; `block` once one of them stands beside it."""

    places: list[CellPlace]
    block: Block | None


def assign(blocks: Sequence[Block], places: Sequence[CellPlace]) -> None:
    """Give each cell to its block: those beside one to it, the others to their nearest neighbour in the column.

    So a value that wraps is found whether its label stands at the top, in the middle or at the bottom of the cell.
    """
    runs = [
        _Run([place], _beside(blocks, place.cell)) for place in sorted(places, key=lambda p: (p.cell.top, p.cell.x0))
    ]
    margin = max((place.cell.x1 for place in places), default=0.0)
    while len(runs) > 1:
        # Among lines that stand equally far apart, one that reaches the margin goes on in the next.
        gaps = [
            (round(b.places[0].cell.top - a.places[-1].cell.bottom, 1), _ends_early(a.places[-1].cell, margin), n)
            for n, (a, b) in enumerate(pairwise(runs))
            if a.block is None or b.block is None or a.block is b.block
        ]
        gap, _, number = min(gaps, default=(float("inf"), True, 0))
        upper = runs[number].places[-1].cell
        if gap > CELL_GAP_EM * max(upper.bottom - upper.top, 0.1):
            break
        joined = runs.pop(number + 1)
        runs[number].places += joined.places
        runs[number].block = runs[number].block or joined.block
    for run in runs:
        if run.block is not None:
            run.block.values += run.places
    for run in runs:  # a value set a little above or below its label
        if run.block is None and (block := _nearest_empty(blocks, run.places)):
            block.values += run.places


def _ends_early(cell: PageCell, margin: float) -> bool:
    """Whether a line ends before the margin of its column: what wraps does not."""
    return cell.x1 - cell.x0 < _FULL_LINE * (margin - cell.x0)


def _nearest_empty(blocks: Sequence[Block], places: Sequence[CellPlace]) -> Block | None:
    """The block without a value that is less than a blank line away; None when there is none."""
    top, bottom = places[0].cell.top, places[-1].cell.bottom
    em = max(places[0].cell.bottom - top, 0.1)
    gaps = [(max(block.top - bottom, top - block.bottom), n) for n, block in enumerate(blocks) if not block.values]
    gap, number = min(gaps, default=(float("inf"), 0))
    return blocks[number] if gap <= _ASKEW_EM * em else None


def _beside(blocks: Sequence[Block], cell: PageCell) -> Block | None:
    """The block that shares most of its height with the cell; None when none does."""
    shared = [(min(block.bottom, cell.bottom) - max(block.top, cell.top), n) for n, block in enumerate(blocks)]
    most, number = max(shared, default=(0.0, 0))
    return blocks[number] if most > 0 else None
