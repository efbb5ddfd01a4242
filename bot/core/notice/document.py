"""An opened paper: pages of lines of cells with their positions, or the reason why it could not be opened.

Made by bot/documents in a child process, read by core/notice/paper_kinds.py and core/notice/key_notice.py. Values only;
nothing is raised.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from bot.core.text.lazy_pattern import LazyPattern

PDF = "application/pdf"
WEB_PAGE = "text/html"


class OpenFailure(StrEnum):
    """Why a document gave no text."""

    ENCRYPTED = "encrypted"  # opens only with a password
    DAMAGED = "damaged"
    TOO_LARGE = "too_large"
    NO_TEXT = "no_text"  # a scan, a fax, a photo: pages without a text layer
    NOT_REACHED = "not_reached"  # pages like these that nobody looked at: the mail has more than are read
    GARBLED = "garbled"  # a text layer of meaningless characters: (cid:…), U+FFFD, private use
    LIMITS = "limits"  # the reading process reached its limit of time or memory, or crashed
    UNKNOWN_FORMAT = "unknown_format"  # a format that is not opened
    ARCHIVE = "archive"  # an archive format that is not opened
    ATTACHED_MAIL = "attached_mail"  # a mail within a mail, nested too deep to be opened
    ORNAMENT = "ornament"  # a picture too small to be a page
    SCANNED_TEXT = "scanned_text"  # a picture with a text layer by a copier's or another program's OCR


class TextSource(StrEnum):
    """The source of a text. Only TEXT was written by the program that made the paper."""

    TEXT = "text"
    FORM_FIELD = "form_field"  # a value filled into a form's field
    ANNOTATION = "annotation"  # a note laid over the page
    IMAGE = "image"  # recognised from a picture, here or by another program


@dataclass(frozen=True, slots=True)
class PageCell:
    """A run of characters without a wide gap. Positions in points from the page's upper left corner (text bodies: columns, lines)."""

    text: str
    x0: float
    top: float
    x1: float
    bottom: float
    source: TextSource = TextSource.TEXT
    confidence: int = 100  # 0–100, the OCR engine's; 100 for text
    # where each character begins, and where the last one ends; what does not fit the text's length is not known
    edges: tuple[float, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Line:
    """Cells on one baseline, left to right."""

    cells: tuple[PageCell, ...]

    @property
    def text(self) -> str:
        """The cells' texts, joined by a blank."""
        return " ".join(cell.text for cell in self.cells)

    def between(self, begin: tuple[int, int], end: tuple[int, int]) -> Iterator[tuple[PageCell, int, int]]:
        """The cells between two positions (cell, character), each with where its part begins and ends."""
        for index, cell in enumerate(self.cells):
            if begin[0] <= index <= end[0]:
                yield cell, begin[1] if index == begin[0] else 0, end[1] if index == end[0] else len(cell.text)


@dataclass(frozen=True, slots=True)
class Page:
    """A page, upright, its lines from top to bottom. `number` counts from 1; sizes in points."""

    number: int
    width: float
    height: float
    lines: tuple[Line, ...]

    @property
    def text(self) -> str:
        """The lines' texts, joined by LF."""
        return "\n".join(line.text for line in self.lines)


@dataclass(frozen=True, slots=True)
class Unread:
    """A page without text, or with a text that is not reliable. `page` counts from 1."""

    page: int
    trouble: OpenFailure


@dataclass(frozen=True, slots=True)
class Document:
    """An attachment, or a file within one, opened or not. `part`: the MIME part's path ("2", "1.3"), behind it the place in
    what it was packed into ("2/1"); `name`: the cleaned file name, may be "", with that of its container ("a.zip/b.pdf").

    `media_type` is what the bytes are, not what the mail said. `pages` is empty exactly when `trouble` is set. `unread`: those of
    its pages that are not among `pages`, or are without their own text.
    """

    part: str
    name: str
    media_type: str
    size_bytes: int
    digest: str
    pages: tuple[Page, ...] = ()
    trouble: OpenFailure | None = None
    unread: tuple[Unread, ...] = ()

    @property
    def text(self) -> str:
        """All pages' text."""
        return "\n".join(page.text for page in self.pages)

    @property
    def is_pdf(self) -> bool:
        """Whether it is a PDF."""
        return self.media_type == PDF


_TABLE_ROW = LazyPattern(r"^\s*[|｜].+[|｜].+[|｜]\s*$")


_BETWEEN_BARS = LazyPattern(r"[^|｜]+")
_WHOLE_LINE = LazyPattern(".+")


def text_page(text: str) -> Page:
    """A mail's body as a page: one cell for each line, at its indentation (a full-width blank counts two columns).

    A row of a table drawn with bars, | 認証キー | … |, gives a cell for each text.
    """
    lines: list[Line] = []
    for row, line in enumerate(text.splitlines()):
        pieces = _BETWEEN_BARS.finditer(line) if _TABLE_ROW.match(line) else _WHOLE_LINE.finditer(line)
        cells = tuple(_text_cell(line, piece.span(), row) for piece in pieces if piece.group().strip())
        if cells:
            lines.append(Line(cells))
    width = max((line.cells[-1].x1 for line in lines), default=0.0)
    return Page(1, width, float(len(lines)), tuple(lines))


def _text_cell(line: str, span: tuple[int, int], row: int) -> PageCell:
    piece = line[slice(*span)]
    content = piece.strip()
    x0 = _columns(line[: span[0] + len(piece) - len(piece.lstrip())])
    return PageCell(content, float(x0), float(row), float(x0 + _columns(content)), row + 1.0)


def _columns(text: Iterable[str]) -> int:
    return sum(2 if ord(character) > 0xFF else 1 for character in text)
