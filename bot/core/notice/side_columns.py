"""A page's lines without what stands beside the fields: a column of remarks, a box with the office's address, a second notice.

Called by core/notice/field_values.py for each page, before the lines are read. A column beside is cut off only where no label
loses its value by it; fields may stand beside prose too. Pure; nothing is raised.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from bot.core.notice.document import Line, PageCell
from bot.core.notice.labels import between, find_labels

_MIN_LINES = 3  # fewer cells at one place are chance
_MIN_FIELDS = 2  # what holds no fields has nothing beside them
_EDGE_EM = 0.6  # left edges of one column differ by less
_MOST_COLUMNS = 4
_EDGES_TRIED = 24  # the ones at which most lines begin: a page of thousands of scattered cells costs no more


def columns_apart(lines: Sequence[Line]) -> list[list[Line]]:
    """The page's main lines, then the lines of each column beside them, from left to right."""
    apart: list[list[Line]] = []
    rest = list(lines)
    while len(apart) < _MOST_COLUMNS - 1 and (cut := _cut(rest)) is not None:
        rest, beside = cut
        apart.append(beside)
    return [rest, *reversed(apart)]


def _cut(lines: list[Line]) -> tuple[list[Line], list[Line]] | None:
    """The lines without their rightmost column beside, and that column; None when there is none."""
    for x in _left_edges(lines):
        for start, stop in _bands(lines, x):
            left, right = _halves(lines[start:stop], x)
            if _keeps_its_values(lines[start:stop], left) or _is_prose_beside_fields(left, right):
                return [*lines[:start], *left, *lines[stop:]], right
    return None


def _em(cell: PageCell) -> float:
    return max(cell.bottom - cell.top, 0.1)


def _begins_at(cell: PageCell, x: float) -> bool:
    return abs(cell.x0 - x) < _EDGE_EM * _em(cell)


def _left_edges(lines: Sequence[Line]) -> list[float]:
    """The places, from right to left, at which the cells of several lines begin, right of the page's margin."""
    margin = min((line.cells[0].x0 for line in lines), default=0.0)
    counted = Counter(round(cell.x0) for line in lines for cell in line.cells if cell.x0 > margin + _em(cell))
    often = [x for x, _ in counted.most_common(_EDGES_TRIED)]
    return sorted((float(x) for x in often), reverse=True)


def _bands(lines: Sequence[Line], x: float) -> list[tuple[int, int]]:
    """Runs of lines through which nothing is written across x, from the first to the last cell that begins there."""
    found: list[tuple[int, int]] = []
    for across, run in groupby(range(len(lines)), lambda n: any(_is_across(cell, x) for cell in lines[n].cells)):
        begins = [] if across else [n for n in run if any(_begins_at(cell, x) for cell in lines[n].cells)]
        if len(begins) >= _MIN_LINES:
            found.append((begins[0], begins[-1] + 1))
    return found


def _is_across(cell: PageCell, x: float) -> bool:
    tolerance = _EDGE_EM * _em(cell)
    return cell.x0 < x - tolerance and cell.x1 > x + 0.1


def _halves(lines: Sequence[Line], x: float) -> tuple[list[Line], list[Line]]:
    left: list[Line] = []
    right: list[Line] = []
    for line in lines:
        beside = tuple(cell for cell in line.cells if cell.x0 >= x - _EDGE_EM * _em(cell))
        own = tuple(cell for cell in line.cells if cell not in beside)
        if own:
            left.append(Line(own))
        if beside:
            right.append(Line(beside))
    return left, right


def _keeps_its_values(whole: Sequence[Line], left: Sequence[Line]) -> bool:
    """Whether the left half holds fields, and every label in it the value that stands in its line."""
    valued = _valued(left)
    if valued < _MIN_FIELDS:
        return False
    kept = {id(cell) for line in left for cell in line.cells}
    before = 0
    for line in whole:
        for label in find_labels(line):
            if id(line.cells[label.begins[0]]) in kept and between(line, label.value_from, label.value_to):
                before += 1
    return valued >= before


def _is_prose_beside_fields(left: Sequence[Line], right: Sequence[Line]) -> bool:
    has_labels = any(find_labels(line) for line in left)
    return len(left) >= _MIN_LINES and not has_labels and _valued(right) >= _MIN_FIELDS


def _valued(lines: Sequence[Line]) -> int:
    return sum(
        between(line, label.value_from, label.value_to) is not None for line in lines for label in find_labels(line)
    )
