"""Where a value of the text layer stands on its page: the boxes in which a look compares what is drawn.

Called by strips.py in the child that reads text, and by images/visual_check.py. Pure geometry; nothing is raised.
"""

from __future__ import annotations

from dataclasses import replace

from bot.core.notice.document import Line, Page, PageCell
from bot.core.notice.evidence import Evidence
from bot.core.notice.key_notice import FoundNotice
from bot.core.records.submission import Field
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.normalise import full_width_ascii_to_half
from bot.documents.pdf.painted import Box

_CELLS_BELOW = 12  # so far behind a value's beginning its end is sought


def written(notice: FoundNotice, which: Field) -> str:
    """The letters of the number or the key as they are written on the paper; "" when there are none."""
    if which is Field.NUMBER:
        return notice.fields.number_as_written
    return notice.fields.auth_key.reveal() if notice.fields.auth_key is not None else ""


def boxes_of(page: Page, evidence: Evidence, value: str) -> tuple[Box, ...]:
    """Where to look (points) for a value that was read here: its own place, or else all of what it was read from."""
    box = evidence.box
    return places_of(_part(page, evidence), value) or ((box.x0, box.top, box.x1, box.bottom),)


def _part(page: Page, evidence: Evidence) -> Page:
    """What of a page touches the evidence."""
    box = evidence.box
    lines = (
        Line(
            tuple(
                c for c in line.cells if c.x0 < box.x1 and c.x1 > box.x0 and c.top < box.bottom and c.bottom > box.top
            )
        )
        for line in page.lines
    )
    return replace(page, lines=tuple(line for line in lines if line.cells))


def places_of(page: Page, value: str) -> tuple[Box, ...]:
    """Where a value of the text layer stands on its page (points): one box, two when it goes on in a line below, none when
    it is not found. A label before it may be partly inside.
    """
    wanted = _plain(value)
    cells = [(cell, _plain(cell.text)) for line in page.lines for cell in line.cells]
    for cell, text in cells:
        found = text.find(wanted)
        if wanted and found >= 0:
            return (_part_of(cell, found, len(wanted)),)
    for place, (cell, text) in enumerate(cells):
        for length in range(len(wanted) - 1, 1, -1):
            if not text.endswith(wanted[:length]):
                continue
            for other, below in cells[place + 1 : place + 1 + _CELLS_BELOW]:
                if below.startswith(wanted[length:]) and other.top > cell.top:
                    return _part_of(cell, len(text) - length, length), _part_of(other, 0, len(wanted) - length)
    return ()


_DASHES = LazyPattern(r"[‐‑‒–—―−ー─－ｰ]")


def _plain(text: str) -> str:
    """Without blanks, half-width."""
    return _DASHES.sub("-", full_width_ascii_to_half("".join(text.split())))


def _part_of(cell: PageCell, begin: int, length: int) -> Box:
    """The place of some letters (blanks not counted) within a cell, judged by their widths, and an em on either side."""
    letters = [letter for letter in cell.text if not letter.isspace()]
    widths = [2 if ord(letter) > 0xFF else 1 for letter in letters]
    unit = (cell.x1 - cell.x0) / max(sum(widths), 1)
    em = cell.bottom - cell.top
    x0 = cell.x0 + unit * sum(widths[:begin]) - em
    x1 = cell.x0 + unit * sum(widths[: begin + length]) + em
    return max(x0, cell.x0), cell.top, min(x1, cell.x1), cell.bottom
