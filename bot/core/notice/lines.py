"""A page's lines with their labels, whether they are prose, and the number of titles above.

Made by `rows_of` for core/notice/field_values.py and core/notice/table_columns.py. Pure; nothing is raised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.core.issuers import PROSE, TITLE
from bot.core.notice.document import Line
from bot.core.notice.labels import FoundLabel, find_labels
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.normalise import fold


@dataclass(slots=True)
class LabelledLine:
    """A line of the page with its labels. Mutable, local to the reading of one page."""

    line: Line
    labels: tuple[FoundLabel, ...]
    is_prose: bool
    titles: int  # titles above it or in it, over all pages; each title begins another notice
    taken: bool = False  # its text belongs to a value

    @property
    def top(self) -> float:
        """The upper edge, in points."""
        return min(cell.top for cell in self.line.cells)

    @property
    def bottom(self) -> float:
        """The lower edge, in points."""
        return max(cell.bottom for cell in self.line.cells)

    @property
    def x0(self) -> float:
        """The left edge, in points."""
        return self.line.cells[0].x0

    @property
    def x1(self) -> float:
        """The right edge, in points."""
        return self.line.cells[-1].x1

    @property
    def em(self) -> float:
        """The height of the line: about the size of its characters."""
        return max(self.bottom - self.top, 0.1)

    @property
    def is_note(self) -> bool:
        """Whether it is a remark that may stand between a label and its value."""
        return not self.labels and is_note_text(self.line.text)


_TITLE = LazyPattern(TITLE)
_NOTE = LazyPattern(r"^※|^\(?注[)0-9]|^\(注|^\(?JVの場合")
_PROSE = LazyPattern(PROSE)  # lines of the notice that belong to no field: they end a wrapped value


def is_bare_colon(text: str) -> bool:
    """Whether a text is only a separator of label and value."""
    return fold(text) in {"", ":", "=", "→"}


def is_note_text(text: str) -> bool:
    """Whether a text is a remark like （ＪＶの場合は代表者）."""
    return _NOTE.search(fold(text)) is not None


def is_title(text: str) -> bool:
    """Whether a line contains 「認証キー」(等)のお知らせ; sureties put different words before (電子保証にかかる, 電子証書閲覧用)."""
    return _TITLE.search(fold(text)) is not None


# A notice has some sixty cells and ten labels, and a mail at most a hundred notices; a hostile page has thousands. With
# these limits the reading of a page takes far less than the time limit of a paper.
MOST_CELLS = 600  # on a page
MOST_LABELS_ON_A_PAGE = 250
MOST_LABELS = 600  # in a paper
_LONGEST_CELL = 2_000


def bounded(lines: Sequence[Line]) -> list[Line]:
    """The page's first MOST_CELLS cells, each cut to _LONGEST_CELL characters."""
    kept: list[Line] = []
    cells = 0
    for line in lines:
        cells += len(line.cells)
        if cells > MOST_CELLS:
            break
        kept.append(Line(tuple(replace(c, text=c.text[:_LONGEST_CELL]) for c in line.cells)))
    return kept


def without_colons(lines: Sequence[Line]) -> list[Line]:
    """The lines without cells that hold a colon only."""
    kept = [Line(tuple(cell for cell in line.cells if not is_bare_colon(cell.text))) for line in lines]
    return [line for line in kept if line.cells]


def rows_of(lines: Sequence[Line], titles: int) -> list[LabelledLine]:
    """The lines with text. `titles`: the number of titles above them, including the pages before."""
    rows: list[LabelledLine] = []
    for line in lines:
        folded = fold(line.text)
        if not folded:
            continue
        if is_title(folded):
            titles += 1
        labels = find_labels(line)
        prose = not labels and (_PROSE.search(folded) is not None or is_title(folded))
        rows.append(LabelledLine(line, labels, prose, titles))
    return rows
