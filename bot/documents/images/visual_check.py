"""The second look at an opened paper: pages without text of their own are recognised, text is compared with what is drawn.

`load_image_reader` is called by documents/pool/child.py before it locks itself in; None where the OCR extra is not installed. `Eyes.look` is called
for each document and gives it back with the pages that were seen, and what all of it says now; its doubts are for a person.
Raises MemoryError only.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

from PIL import Image, ImageDraw, ImageFont

from bot.core.notice.document import Document, Line, OpenFailure, Page, TextSource, Unread
from bot.core.notice.evidence import Box, Evidence
from bot.core.notice.interpret import PaperContent, read_paper
from bot.core.notice.key_notice import Reading, with_doubts
from bot.core.notice.ocr_numbers import settled_number
from bot.core.notice.visual_check import FOR_THE_RECOGNISER
from bot.core.policy.policy import Formats
from bot.core.records.reasons import SubmissionReason
from bot.core.records.secret import AuthKey
from bot.core.records.submission import Field
from bot.core.text.normalise import normalise_number
from bot.documents.images import image_files
from bot.documents.images.engines import Engines, load
from bot.documents.images.image_files import Picture
from bot.documents.images.rendering import DRAWN_DPI, has_own_fonts, render

if TYPE_CHECKING:
    from bot.documents.images.page_reader import SeenPage

PAGES_LOOKED_AT = 10
"""Of one paper. A fax has one or two; what is longer is a contract that rides along."""
_LOOKED_FOR: tuple[tuple[Field, Literal["number", "key"]], ...] = ((Field.NUMBER, "number"), (Field.KEY, "key"))


def load_image_reader() -> ImageReader | None:
    """Load all that recognises pictures, which takes seconds and files."""
    engines = load()
    if engines is None:
        return None
    eyes = ImageReader(engines)
    eyes.rehearse()
    return eyes


@dataclass(frozen=True, slots=True)
class _Paper:
    """A document with its bytes, and what was drawn or seen of its pages."""

    document: Document
    content: bytes
    passwords: Sequence[str]
    drawn: dict[int, Picture | OpenFailure] = field(default_factory=dict)

    def page(self, number: int, dpi: float = 0.0) -> Picture | OpenFailure:
        """A page as a picture."""
        if self.document.is_pdf:
            return render(self.content, number, dpi, self.passwords)
        return image_files.open_picture(self.content, self.document.media_type, number)

    def drawn_page(self, number: int) -> Picture | OpenFailure:
        """A page as its text is drawn; kept for its other fields."""
        if number not in self.drawn:
            self.drawn[number] = self.page(number, DRAWN_DPI)
        return self.drawn[number]


class ImageReader:
    """Looks with the engines that were loaded."""

    def __init__(self, engines: Engines) -> None:
        self.engines = engines
        # These need the OCR extra to be imported, and must be there before the doors are closed.
        self._page_reading = _module("page_reading")
        self._second_reading = _module("second_reading")
        self._comparing = _module("comparing")

    def rehearse(self) -> None:
        """Do everything once: numpy and OpenCV load much only when it is used, and later no file can be opened."""
        importlib.import_module("numpy.ma")
        page = Image.new("L", (400, 200), 255)
        pen = ImageDraw.Draw(page)
        for row in range(2):
            pen.text((20, 50 + 60 * row), "No. 12345-678901", fill=0, font=ImageFont.load_default(36))
        for tilted in (page.rotate(2, fillcolor=255), page.rotate(180), page.transpose(Image.Transpose.ROTATE_90)):
            self._page_reading.read_picture(Picture(tilted, 110.0), 1, self.engines)
        seen = self._page_reading.read_picture(Picture(page, 110.0), 1, self.engines)
        if not isinstance(seen, OpenFailure) and seen.page.lines:
            cell = seen.page.lines[0].cells[0]
            box = (cell.x0, cell.top, cell.x1, cell.bottom)
            for _, what in _LOOKED_FOR:
                self._second_reading.read_again(seen, box, what, self.engines)
                self._comparing.shows(Picture(page, 110.0), (box,), "12345-678901", what, self.engines)

    def look(
        self, document: Document, content: bytes, said: PaperContent, formats: Formats, passwords: Sequence[str] = ()
    ) -> tuple[Document, PaperContent]:
        """The document with the pages that could be seen, and what it says. `said`: what its text alone says."""
        paper = _Paper(document, content, passwords)
        seen = self._seen(paper)
        if seen:
            document = _with_pages(paper, seen)
            said = read_paper(document, formats)
        readings = tuple(self._judged(reading, paper, document, seen, formats) for reading in said.readings)
        return document, replace(said, readings=readings)

    # -- pages without text of their own

    def _seen(self, paper: _Paper) -> dict[int, SeenPage | None]:
        """The pages that were recognised, and None for those on which there is nothing."""
        seen: dict[int, SeenPage | None] = {}
        for number in _unread_pages(paper)[:PAGES_LOOKED_AT]:
            picture = paper.page(number)
            if isinstance(picture, OpenFailure):
                continue
            read = self._page_reading.read_picture(picture, number, self.engines)
            if not isinstance(read, OpenFailure):
                seen[number] = read
            elif _is_blank(picture):
                seen[number] = None
        return seen

    # -- what was read, looked at again

    def _judged(
        self,
        reading: Reading,
        paper: _Paper,
        document: Document,
        seen: dict[int, SeenPage | None],
        formats: Formats,
    ) -> Reading:
        for which, what in _LOOKED_FOR:
            evidence = reading.evidence_for(which)
            if evidence is None:
                continue
            page = seen.get(evidence.page)
            if evidence.source is TextSource.IMAGE and page is not None:
                again = self._again(page, evidence, what)
                if which is Field.NUMBER:
                    number = settled_number(reading.fields.number, again, formats)
                    reading = replace(reading, fields=replace(reading.fields, number=number))
                reading = _with_alternatives(reading, evidence, again, formats)
            elif document.is_pdf and not self._shows(paper, document, evidence, _written(reading, which)):
                reading = with_doubts(reading, SubmissionReason.SHOWS_OTHERWISE)
                if (drawn := self._drawn(paper, document, evidence.page)) is not None:
                    reading = _with_alternatives(reading, evidence, self._again(drawn, evidence, what), formats)
        return reading

    def _again(self, page: SeenPage, evidence: Evidence, what: str) -> tuple[str, ...]:
        """What further looks make of a field."""
        found: tuple[str, ...] = self._second_reading.read_again(page, _around(evidence.box), what, self.engines)
        return found

    def _shows(self, paper: _Paper, document: Document, evidence: Evidence, value: str) -> bool:
        """Whether nothing speaks against it that the page shows the value there, and not only anywhere."""
        page = next((page for page in document.pages if page.number == evidence.page), None)
        picture = paper.drawn_page(evidence.page)
        if page is None or isinstance(picture, OpenFailure) or not value:
            return False
        box = evidence.box
        boxes = self._comparing.places_of(_part(page, box), value) or ((box.x0, box.top, box.x1, box.bottom),)
        # What was filled into a form is drawn by each viewer from its value, in a font of the viewer's.
        is_text = evidence.source is TextSource.TEXT
        has_font = is_text and has_own_fonts(paper.content, evidence.page, paper.passwords, value)
        what = "number" if evidence.field is Field.NUMBER else "key"
        agreement = self._comparing.shows(picture, boxes, value, what, self.engines, has_own_font=has_font)
        return agreement not in {self._comparing.Agreement.DIFFERS, self._comparing.Agreement.BLANK}

    def _drawn(self, paper: _Paper, document: Document, number: int) -> SeenPage | None:
        """A page with a text layer as a recogniser would have it."""
        page = next((page for page in document.pages if page.number == number), None)
        picture = paper.drawn_page(number)
        if page is None or isinstance(picture, OpenFailure):
            return None
        drawn: SeenPage = self._page_reading.SeenPage(page, self._page_reading.grey_of(picture), picture.dpi)
        return drawn


def _module(name: str) -> Any:
    found: ModuleType = importlib.import_module(f"bot.documents.images.{name}")
    return found


def _unread_pages(paper: _Paper) -> list[int]:
    """The pages that a recogniser may read; all of a picture's."""
    document = paper.document
    if document.is_pdf:
        return [unread.page for unread in document.unread if unread.trouble in FOR_THE_RECOGNISER]
    if document.media_type not in image_files.MEDIA_TYPES or document.trouble is not OpenFailure.NO_TEXT:
        return []
    count = image_files.count_pages(paper.content, document.media_type)
    return [] if isinstance(count, OpenFailure) else list(range(1, count + 1))


def _with_pages(paper: _Paper, seen: dict[int, SeenPage | None]) -> Document:
    """The document with its recognised pages; what is left unread, and is not blank, stays so."""
    document = paper.document
    found = [one.page for one in seen.values() if one is not None]
    pages = tuple(sorted([*document.pages, *found], key=lambda page: page.number))
    if document.is_pdf:
        unread = tuple(one for one in document.unread if one.page not in seen)
    else:
        unread = tuple(Unread(number, OpenFailure.NO_TEXT) for number in _unread_pages(paper) if number not in seen)
    return replace(document, pages=pages, unread=unread, trouble=None if pages else document.trouble)


_DARK_PART = 0.0005  # the back of a sheet that went through a duplex scanner has less ink


def _is_blank(picture: Picture) -> bool:
    """Whether there is no ink, however faint, on a page on which nothing could be read."""
    counts = picture.grey.histogram()
    total, seen, paper = sum(counts), 0, 255
    while paper > 0 and seen < total / 2:  # the paper's own grey: half of the page is at least so light
        seen += counts[paper]
        paper -= 1
    return sum(counts[: paper * 9 // 10]) < _DARK_PART * total


def _written(reading: Reading, which: Field) -> str:
    """The letters as they are written on the paper."""
    if which is Field.NUMBER:
        return reading.fields.number_as_written
    return reading.fields.auth_key.reveal() if reading.fields.auth_key is not None else ""


def _part(page: Page, box: Box) -> Page:
    """What of a page touches the box."""
    lines = (
        Line(
            tuple(
                c for c in line.cells if c.x0 < box.x1 and c.x1 > box.x0 and c.top < box.bottom and c.bottom > box.top
            )
        )
        for line in page.lines
    )
    return replace(page, lines=tuple(line for line in lines if line.cells))


def _with_alternatives(reading: Reading, evidence: Evidence, again: Sequence[str], formats: Formats) -> Reading:
    """The reading with other readings of a field. Of a number only what is one: more of its line may hold the key."""
    if evidence.field is Field.NUMBER:
        others = [number for one in again if formats.is_number(number := normalise_number(one))]
        known = reading.fields.number
    else:
        others, known = list(again), _written(reading, evidence.field)
    alternatives = tuple(AuthKey(one) for one in dict.fromkeys(others) if one != known)
    changed = replace(evidence, alternatives=alternatives)
    return replace(reading, evidence=tuple(changed if one is evidence else one for one in reading.evidence))


def _around(box: Box) -> tuple[float, float, float, float]:
    """The box with some of what stands before it: where within its line a value begins is an estimate."""
    return box.x0 - _BEFORE * (box.bottom - box.top), box.top, box.x1 + (box.bottom - box.top) / 2, box.bottom


_BEFORE = 2.0  # heights of a line, about two Japanese letters
