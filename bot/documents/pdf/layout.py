"""Positioned glyphs → lines of cells, grouped as a reader sees them. Pure geometry, without a PDF library.

Called by upright.py for each page. No visible character is lost, doubled or moved against its neighbours on the same
baseline; blanks may be dropped or added. Lengths in points, y downwards from the page's upper edge. Raises nothing.

A PDF has no words or lines, only glyphs at positions in any order. They are grouped in three steps:

    glyphs   drawn one after the other on one baseline           → runs
    runs     that overlap vertically by LINE_OVERLAP             → lines, sorted left to right
    lines    cut at a gap > CELL_GAP_EMS, a table's vertical     → cells
             stroke, two typed blanks, or a column's left edge

    工事名 ：○○線舗装工事          │ 保証契約番号   00000-000000
    `cell'   `---- cell --'  stroke ^ `-- cell --' ^ gap  `cell-'

All thresholds are in ems (the font size), because gaps scale with it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median_low
from typing import NamedTuple

from bot.core.notice.document import Line, PageCell

# A gap wider than this many ems starts a new cell: more than one full-width blank, less than any table's column gap.
CELL_GAP_EMS = 1.2
# This many lines whose cells begin at the same x make a column.
COLUMN_LINES = 2
# Explicit blanks in a row that start a new cell: one stands inside names, two are a typist's column gap.
CELL_GAP_BLANKS = 2
# A gap beyond the text's own letter-spacing that reads as a blank though none is drawn (browsers draw none). A blank is
# usually a quarter em wide, but word processors also put a quarter em between Japanese and Latin.
BLANK_EMS = 0.2
BLANK_BETWEEN_SCRIPTS_EMS = 0.45
# A gap from here on is a full-width blank.
WIDE_BLANK_EMS = 0.7
# Baselines closer than this are one (rounding by producers, bold simulated by drawing twice).
SAME_BASELINE_EMS = 0.1
# A run joins a line when they overlap by at least this fraction of the smaller height (centred table cells).
LINE_OVERLAP = 0.5
# Runs whose sizes differ by more than this factor never share a line: watermarks, stamps.
SIZE_RATIO = 2.5
# The same letter within this distance is one letter drawn twice; the narrowest real advance is twice as wide.
DOUBLE_EMS = 0.12
# The fraction of the em above the baseline in CJK fonts (ascent 880 of 1000).
ASCENT = 0.88
_LAST_LATIN = "\u024f"
# A run is compared with this many of the latest lines; more never overlap vertically.
LINES_IN_REACH = 8


class Glyph(NamedTuple):
    """A character at its position on the page."""

    text: str
    x0: float
    x1: float
    baseline: float
    em: float  # font size
    order: int  # its number in the page's content
    source: int  # the text object that draws it
    upright: bool = True  # False: its text has another direction than the page's main text

    @property
    def is_blank(self) -> bool:
        """Whether it is whitespace."""
        return self.text.isspace()


@dataclass(frozen=True, slots=True)
class Rule:
    """A vertical stroke of a table, from `top` to `bottom`."""

    x: float
    top: float
    bottom: float


@dataclass(slots=True)
class _Run:
    """Consecutive glyphs on one baseline."""

    glyphs: list[Glyph]
    baseline: float
    em: float
    x0: float
    x1: float

    @property
    def top(self) -> float:
        return self.baseline - ASCENT * self.em

    @property
    def bottom(self) -> float:
        return self.baseline + (1 - ASCENT) * self.em


def lines_of(glyphs: Iterable[Glyph], rules: Iterable[Rule] = ()) -> tuple[Line, ...]:
    """The page's lines from top to bottom, each with its cells from left to right. `rules`: vertical strokes of tables."""
    runs = _runs(glyphs)
    upright = [run for run in runs if run.glyphs[0].upright]
    aslant = [run for run in runs if not run.glyphs[0].upright]
    fence = _Fence(rules)
    rows = [list(_cells(_in_reading_order(row), fence)) for row in _rows(upright)]
    # Tables without strokes: where cells of several lines begin is a column, and a narrower gap separates cells.
    starts = Counter(round(cell[0].x0) for row in rows for cell in row)
    lines = [Line(tuple(_cell(part) for cell in row for part in _columns(cell, starts))) for row in rows if row]
    lines += [Line((_cell(run.glyphs),)) for run in aslant if not all(glyph.is_blank for glyph in run.glyphs)]
    return tuple(sorted(lines, key=lambda line: (line.cells[0].top, line.cells[0].x0)))


class _Fence:
    """A page's rules, searchable for one between two glyphs."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = sorted(rules, key=lambda rule: rule.x)

    def parts(self, first: Glyph, second: Glyph) -> bool:
        slack = second.em / 10
        start = bisect_left(self._rules, first.x1 - slack, key=lambda rule: rule.x)
        middle = second.baseline - second.em / 3
        for rule in self._rules[start:]:
            if rule.x > second.x0 + slack:
                return False
            if rule.top <= middle <= rule.bottom:
                return True
        return False


def _runs(glyphs: Iterable[Glyph]) -> list[_Run]:
    runs: list[_Run] = []
    for glyph in glyphs:
        run = runs[-1] if runs else None
        if run is not None and _continues(run, glyph):
            run.glyphs.append(glyph)
            run.x0, run.x1 = min(run.x0, glyph.x0), max(run.x1, glyph.x1)
        else:
            runs.append(_Run([glyph], glyph.baseline, glyph.em, glyph.x0, glyph.x1))
    return runs


def _continues(run: _Run, glyph: Glyph) -> bool:
    last = run.glyphs[-1]
    if last.upright != glyph.upright:
        return False
    if not glyph.upright:
        return last.source == glyph.source
    return abs(run.baseline - glyph.baseline) <= SAME_BASELINE_EMS * min(run.em, glyph.em)


def _rows(runs: Sequence[_Run]) -> list[list[_Run]]:
    rows: list[list[_Run]] = []
    for run in sorted(runs, key=lambda run: run.baseline):
        row = next((row for row in reversed(rows[-LINES_IN_REACH:]) if _on_one_line(row, run)), None)
        if row is None:
            rows.append([run])
        else:
            row.append(run)
    return rows


def _on_one_line(row: list[_Run], run: _Run) -> bool:
    first = row[0]
    low, high = sorted((first.em, run.em))
    if high > SIZE_RATIO * low:
        return False
    if abs(first.baseline - run.baseline) <= SAME_BASELINE_EMS * low:
        return True
    if min(first.bottom, run.bottom) - max(first.top, run.top) < LINE_OVERLAP * low:
        return False
    # Tightly set lines overlap vertically too; runs that also overlap horizontally are not one line.
    return all(min(other.x1, run.x1) - max(other.x0, run.x0) < low / 2 for other in row)


def _in_reading_order(row: list[_Run]) -> list[Glyph]:
    """Sort left to right, ties (ligatures, combining marks) in content order; drop doubles and covered blanks."""
    ordered = sorted((glyph for run in row for glyph in run.glyphs), key=lambda glyph: (glyph.x0, glyph.order))
    visible: list[Glyph] = []
    for glyph in ordered:
        if not glyph.is_blank and not _is_double(visible, glyph):
            visible.append(glyph)
    kept = iter(visible)
    following = next(kept, None)
    previous: Glyph | None = None
    result: list[Glyph] = []
    for glyph in ordered:
        if glyph is following:
            result.append(glyph)
            previous, following = glyph, next(kept, None)
        elif glyph.is_blank and not _covers(previous, glyph) and not _covers(following, glyph):
            result.append(glyph)
    return result


def _is_double(before: list[Glyph], glyph: Glyph) -> bool:
    for other in reversed(before):
        if glyph.x0 - other.x0 > DOUBLE_EMS * glyph.em:
            return False
        if other.text == glyph.text and not _of_one_ligature(other, glyph):
            return True
    return False


def _of_one_ligature(first: Glyph, second: Glyph) -> bool:
    """Whether two letters are one ligature: consecutive in one text object, with one box."""
    return first.source == second.source and abs(first.order - second.order) == 1 and first.x0 == second.x0


def _covers(glyph: Glyph | None, blank: Glyph) -> bool:
    """Whether the letter was filled in over a blank of a form's line."""
    return glyph is not None and glyph.x0 < (blank.x0 + blank.x1) / 2 < glyph.x1


def _cells(glyphs: list[Glyph], fence: _Fence) -> Iterator[list[Glyph]]:
    cell: list[Glyph] = []
    seen: Glyph | None = None
    blanks = 0
    jumped = False
    end = 0.0
    for glyph in glyphs:
        jumped = jumped or (bool(cell) and glyph.x0 - end > CELL_GAP_EMS * glyph.em)
        end = max(end, glyph.x1) if cell else glyph.x1
        if glyph.is_blank:
            blanks += 1
            jumped = jumped or glyph.x1 - glyph.x0 > CELL_GAP_EMS * glyph.em  # a blank stretched over a column gap
        else:
            if seen is not None and (jumped or blanks >= CELL_GAP_BLANKS or fence.parts(seen, glyph)):
                yield cell
                cell = []
            seen, blanks, jumped = glyph, 0, False
        if cell or not glyph.is_blank:
            cell.append(glyph)
    if cell:
        yield cell


def _columns(cell: list[Glyph], starts: Counter[int]) -> Iterator[list[Glyph]]:
    begin = 0
    for place, (first, second) in enumerate(pairwise(cell), 1):
        is_gap = not first.is_blank and not second.is_blank and second.x0 - first.x1 > WIDE_BLANK_EMS * second.em
        if is_gap and sum(starts[round(second.x0) + near] for near in (-1, 0, 1)) >= COLUMN_LINES:
            yield cell[begin:place]
            begin = place
    yield cell[begin:]


def _cell(glyphs: list[Glyph]) -> PageCell:
    seen = [glyph for glyph in glyphs if not glyph.is_blank]
    placed = list(_with_blanks(glyphs))
    whole = "".join(text for text, _, _ in placed)
    text = whole.strip()
    begin = len(whole) - len(whole.lstrip())
    edges = tuple(edge for text, x0, x1 in placed for edge in _edges(text, x0, x1))[begin : begin + len(text)]
    return PageCell(
        text,
        round(min(glyph.x0 for glyph in seen), 2),
        round(min(glyph.baseline - ASCENT * glyph.em for glyph in seen), 2),
        round(max(glyph.x1 for glyph in seen), 2),
        round(max(glyph.baseline + (1 - ASCENT) * glyph.em for glyph in seen), 2),
        edges=(*edges, max(glyph.x1 for glyph in seen)),
    )


def _edges(text: str, x0: float, x1: float) -> Iterator[float]:
    """Where each character begins: a ligature's share its width."""
    return (x0 + (x1 - x0) * place / len(text) for place in range(len(text)))


def _with_blanks(glyphs: list[Glyph]) -> Iterator[tuple[str, float, float]]:
    """The letters from left to right edge, with a blank where only a gap separates words; evenly spaced letters are one word."""
    if not glyphs[0].upright:
        yield from ((glyph.text, glyph.x0, glyph.x1) for glyph in glyphs)
        return
    gaps = [
        (second.x0 - first.x1) / second.em
        for first, second in pairwise(glyphs)
        if not first.is_blank and not second.is_blank
    ]
    spacing = max(median_low(gaps), 0.0) if gaps else 0.0
    yield glyphs[0].text, glyphs[0].x0, glyphs[0].x1
    for first, second in pairwise(glyphs):
        if not first.is_blank and not second.is_blank:
            gap = (second.x0 - first.x1) / second.em - spacing
            yield _blank_for(gap, first.text[-1], second.text[0]), first.x1, second.x0
        yield second.text, second.x0, second.x1


def _blank_for(gap: float, before: str, after: str) -> str:
    least = BLANK_EMS if (before <= _LAST_LATIN) == (after <= _LAST_LATIN) else BLANK_BETWEEN_SCRIPTS_EMS
    if gap <= least:
        return ""
    return "\u3000" if gap > WIDE_BLANK_EMS else " "
