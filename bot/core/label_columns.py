"""Tables whose labels stand in a column of their own, with their values in the column to the right.

Called by core/label_values.py once for each page. Labels wrap in narrow cells (商品（保証区／分）), values wrap beside a label
that is centred, on top or at the bottom of its cell: so text is joined by its distances, not by lines. Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from bot.core.document import Cell
from bot.core.labels import Field, whole_label
from bot.core.page_rows import Row

_SAME_EDGE_EM = 0.6  # cells of one column begin at one place; letters differ by less than this
_CELL_GAP_EM = 0.95  # lines of one cell stand closer than this; rows of a table mostly do not
_LABEL_LINES = 3  # 受注者名／（ＪＶの場合は代／表者）
_MIN_LABELS = 2  # one label alone is a line, not a table


@dataclass(slots=True)
class _Label:
    """A label of a column, which may have wrapped; where it stands and which row it began in."""

    which: Field
    row: int
    top: float
    bottom: float
    values: list[Cell] = field(default_factory=list)


def column_values(rows: Sequence[Row]) -> dict[int, list[tuple[Field, list[str]]]]:
    """For each row (by its index) in which a column's label begins: the fields and their pieces of text, top to bottom.

    Rows whose text was given away are marked as taken. Empty when the page has no such table.
    """
    found: dict[int, list[tuple[Field, list[str]]]] = {}
    edges = _column_edges(rows)
    for number, edge in enumerate(edges):
        right = edges[number + 1] if number + 1 < len(edges) else float("inf")
        for label in _column(rows, edge, right):
            found.setdefault(label.row, []).append((label.which, [cell.text for cell in label.values]))
    return found or {}


def _column_edges(rows: Sequence[Row]) -> list[float]:
    """The left edges of label columns: at least two labels that fill their cell, one with a cell to its right."""
    labels: dict[float, int] = defaultdict(int)
    beside: set[float] = set()
    for row in rows:
        for place, cell in enumerate(row.line.cells):
            if whole_label(cell.text) is None:
                continue
            edge = next((e for e in labels if abs(e - cell.x0) <= _SAME_EDGE_EM * row.em), cell.x0)
            labels[edge] += 1
            following = row.line.cells[place + 1 : place + 2]
            if following and whole_label(following[0].text) is None:
                beside.add(edge)
    return sorted(edge for edge, count in labels.items() if count >= _MIN_LABELS and edge in beside)


def _column(rows: Sequence[Row], edge: float, right: float) -> list[_Label]:
    """The labels of one column with their values."""
    left_cells: list[tuple[int, Cell]] = []
    value_cells: list[tuple[int, Cell]] = []
    for index, row in enumerate(rows):
        if row.is_prose:
            continue
        for cell in row.line.cells:
            if abs(cell.x0 - edge) <= _SAME_EDGE_EM * row.em:
                left_cells.append((index, cell))
            elif edge < cell.x0 < right - _SAME_EDGE_EM * row.em:
                value_cells.append((index, cell))
    labels = _labels(rows, left_cells)
    used = _assign(labels, value_cells)
    if not any(label.values for label in labels):
        return []
    for index in {index for index, _ in used} | {label.row for label in labels}:
        rows[index].taken = True
    for index, cell in left_cells:
        if any(label.top <= cell.top and cell.bottom <= label.bottom for label in labels):
            rows[index].taken = True
    return labels


def _labels(rows: Sequence[Row], cells: Sequence[tuple[int, Cell]]) -> list[_Label]:
    """Cells of the label column joined to labels: the longest run of lines that is a label as a whole."""
    labels: list[_Label] = []
    place = 0
    while place < len(cells):
        for count in range(min(_LABEL_LINES, len(cells) - place), 0, -1):
            run = cells[place : place + count]
            which = whole_label("".join(cell.text for _, cell in run))
            if which is not None and _is_one_cell(rows, run):
                labels.append(_Label(which, run[0][0], run[0][1].top, run[-1][1].bottom))
                place += count
                break
        else:
            place += 1
    return labels


def _is_one_cell(rows: Sequence[Row], run: Sequence[tuple[int, Cell]]) -> bool:
    return all(b.top - a.bottom <= _CELL_GAP_EM * rows[index].em for (index, a), (_, b) in pairwise(run))


@dataclass(slots=True)
class _Block:
    """Lines of the value column that belong together; `label` once one of them stands beside it."""

    cells: list[tuple[int, Cell]]
    label: _Label | None


def _assign(labels: Sequence[_Label], cells: Sequence[tuple[int, Cell]]) -> list[tuple[int, Cell]]:
    """Give each value cell to its label: those beside one to it, the others to their nearest neighbour in the column.

    Returns the cells that found a label.
    """
    blocks = [_Block([(index, cell)], _beside(labels, cell)) for index, cell in cells]
    while len(blocks) > 1:
        gaps = [
            (b.cells[0][1].top - a.cells[-1][1].bottom, n)
            for n, (a, b) in enumerate(pairwise(blocks))
            if a.label is None or b.label is None or a.label is b.label
        ]
        gap, place = min(gaps, default=(float("inf"), 0))
        em = blocks[place].cells[-1][1].bottom - blocks[place].cells[-1][1].top
        if gap > _CELL_GAP_EM * max(em, 0.1):
            break
        upper, lower = blocks[place], blocks.pop(place + 1)
        upper.cells += lower.cells
        upper.label = upper.label or lower.label
    used: list[tuple[int, Cell]] = []
    for block in blocks:
        if block.label is not None:
            block.label.values += [cell for _, cell in block.cells]
            used += block.cells
    return used


def _beside(labels: Sequence[_Label], cell: Cell) -> _Label | None:
    """The label that shares most of its height with the cell; None when none does."""
    shared = [(min(label.bottom, cell.bottom) - max(label.top, cell.top), n) for n, label in enumerate(labels)]
    most, place = max(shared, default=(0.0, 0))
    return labels[place] if most > 0 else None
