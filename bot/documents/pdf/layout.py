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

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter
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
    is_blank: bool = False  # whitespace


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
    x0: float = 0.0
    x1: float = 0.0

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
        self._places = [rule.x for rule in self._rules]

    def parts(self, first: Glyph, second: Glyph) -> bool:
        slack = second.em / 10
        start = bisect_left(self._places, first.x1 - slack)
        end = bisect_right(self._places, second.x0 + slack, start)
        middle = second.baseline - second.em / 3
        return start < end and any(rule.top <= middle <= rule.bottom for rule in self._rules[start:end])


def _runs(glyphs: Iterable[Glyph]) -> list[_Run]:
    runs: list[_Run] = []
    for glyph in glyphs:
        if runs and _continues(runs[-1], glyph):
            runs[-1].glyphs.append(glyph)
        else:
            runs.append(_Run([glyph], glyph.baseline, glyph.em))
    for run in runs:
        run.x0 = min([glyph.x0 for glyph in run.glyphs])
        run.x1 = max([glyph.x1 for glyph in run.glyphs])
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
    ordered = sorted([glyph for run in row for glyph in run.glyphs], key=_PLACE)
    visible: list[Glyph] = []
    for glyph in ordered:
        if not glyph.is_blank and not _is_double(visible, glyph):
            visible.append(glyph)
    if len(visible) == len(ordered):
        return ordered
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


_PLACE = itemgetter(Glyph._fields.index("x0"), Glyph._fields.index("order"))


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
        is_gap = second.x0 - first.x1 > WIDE_BLANK_EMS * second.em and not first.is_blank and not second.is_blank
        if is_gap and sum(starts[round(second.x0) + near] for near in (-1, 0, 1)) >= COLUMN_LINES:
            yield cell[begin:place]
            begin = place
    yield cell[begin:]


def _cell(glyphs: list[Glyph]) -> PageCell:
    seen = [glyph for glyph in glyphs if not glyph.is_blank]
    texts, edges = _with_blanks(glyphs)
    whole = "".join(texts)
    text = whole.strip()
    begin = len(whole) - len(whole.lstrip())
    heights = {(glyph.baseline, glyph.em) for glyph in seen}  # most often one
    end = max([glyph.x1 for glyph in seen])
    return PageCell(
        text,
        round(min([glyph.x0 for glyph in seen]), 2),
        round(min([baseline - ASCENT * em for baseline, em in heights]), 2),
        round(end, 2),
        round(max([baseline + (1 - ASCENT) * em for baseline, em in heights]), 2),
        edges=(*edges[begin : begin + len(text)], end),
    )


def _with_blanks(glyphs: list[Glyph]) -> tuple[list[str], list[float]]:
    """The letters, with a blank where only a gap separates words, and where each character of them begins.

    Evenly spaced letters are one word. A ligature's letters share its width.
    """
    texts: list[str] = []
    edges: list[float] = []
    gaps = _gaps(glyphs) if glyphs[0].upright else [None] * len(glyphs)
    between = [gap for gap in gaps if gap is not None]
    spacing = max(median_low(between), 0.0) if between else 0.0
    before = glyphs[0]
    for glyph, gap in zip(glyphs, gaps, strict=True):
        if gap is not None and (blank := _blank_for(gap - spacing, before.text[-1], glyph.text[0])):
            texts.append(blank)
            edges.append(before.x1)
        text = glyph.text
        texts.append(text)
        if len(text) == 1:
            edges.append(glyph.x0)
        else:
            edges += [glyph.x0 + (glyph.x1 - glyph.x0) * place / len(text) for place in range(len(text))]
        before = glyph
    return texts, edges


def _gaps(glyphs: list[Glyph]) -> list[float | None]:
    """The gap before each letter in ems; None before the first one, and beside a blank."""
    return [
        None,
        *(
            None if first.is_blank or second.is_blank else (second.x0 - first.x1) / second.em
            for first, second in pairwise(glyphs)
        ),
    ]


def _blank_for(gap: float, before: str, after: str) -> str:
    if gap <= BLANK_EMS:
        return ""
    if gap <= BLANK_BETWEEN_SCRIPTS_EMS and (before <= _LAST_LATIN) != (after <= _LAST_LATIN):
        return ""
    return "\u3000" if gap > WIDE_BLANK_EMS else " "
