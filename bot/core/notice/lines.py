"""A page's lines with what the reader of labels must know of each: its labels, whether it is prose, which title is above.

Made by `rows_of` for core/notice/field_values.py and core/notice/table_columns.py. Pure; nothing is raised.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.core.issuers import PROSE, TITLE
from bot.core.notice.document import Line
from bot.core.notice.labels import FoundLabel, find_labels
from bot.core.text.normalise import fold


@dataclass(slots=True)
class LabelledLine:
    """A line of the page with its labels; `taken` once its text was given to a value. Work in progress, local to one page.

    `titles`: how many titles stood above it or in it, over all pages: a title begins another notice.
    """

    line: Line
    labels: tuple[FoundLabel, ...]
    is_prose: bool
    titles: int
    taken: bool = False

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


_TITLE = re.compile(TITLE)
_NOTE = re.compile(r"^※|^\(?注[)0-9]|^\(注|^\(?JVの場合")
_PROSE = re.compile(PROSE)  # lines of the notice that belong to no field: they end a wrapped value


def is_bare_colon(text: str) -> bool:
    """Whether a text only parts a label from its value."""
    return fold(text) in {"", ":", "=", "→"}


def is_note_text(text: str) -> bool:
    """Whether a text is a remark like （ＪＶの場合は代表者）."""
    return _NOTE.search(fold(text)) is not None


def is_title(text: str) -> bool:
    """Whether a line says 「認証キー」(等)のお知らせ, whatever stands before it: sureties' titles differ (電子保証にかかる, 電子証書閲覧用)."""
    return _TITLE.search(fold(text)) is not None


# A notice has some sixty cells and ten labels, and a mail a hundred notices at the most; a page made to cost time has
# thousands. The bounds keep a page's reading far below the time that a paper has.
MOST_CELLS = 600  # on a page
MOST_LABELS_ON_A_PAGE = 250
MOST_LABELS = 600  # in a paper
_LONGEST_CELL = 2_000


def bounded(lines: Sequence[Line]) -> list[Line]:
    """The page's first cells, so many as a notice may have at the most, each cut where no label could follow."""
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
    """The lines that hold text. `titles`: how many stood above them, and on the pages before."""
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
