"""The second look at an opened paper: pages without text of their own are recognised, text is compared with what is drawn.

`ImageReader.rehearse` is called by sight.py before the process locks itself in. `ImageReader.look` is called for each document
and gives it back with the pages that were seen, and what all of it says now; its doubts are for a person. Raises
FileNotFoundError when it is loaded without the engines' data, MemoryError; importing this needs the OCR extra.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.ma
from PIL import Image, ImageDraw, ImageFont

from bot.core.notice.document import Document, OpenFailure, TextSource, Unread
from bot.core.notice.evidence import Box, Evidence
from bot.core.notice.interpret import PaperContent, read_paper
from bot.core.notice.key_notice import FoundNotice, with_doubts
from bot.core.notice.ocr_numbers import settled_number
from bot.core.notice.paper_kinds import skeleton
from bot.core.notice.visual_check import FOR_THE_RECOGNISER
from bot.core.policy.policy import Formats
from bot.core.records.reasons import SubmissionReason
from bot.core.records.secret import AuthKey
from bot.core.records.submission import Field
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.normalise import normalise_number
from bot.documents.images import compare_text, image_files
from bot.documents.images.budget import LookBudget
from bot.documents.images.compare_text import TextAgreement
from bot.documents.images.deskew import cut, upright
from bot.documents.images.engines import Engines
from bot.documents.images.image_files import Picture
from bot.documents.images.page_reader import SeenPage, grey_of, read_picture
from bot.documents.images.rendering import render, written_letters
from bot.documents.images.second_reading import What, read_again
from bot.documents.pdf.own_fonts import WrittenLetters
from bot.documents.pdf.value_places import boxes_of, written
from bot.documents.strip import DRAWN_DPI, Strip

PAGES_LOOKED_AT = 20
"""Of one paper, with words or without."""
_LOOKED_FOR: tuple[tuple[Field, What], ...] = ((Field.NUMBER, "number"), (Field.KEY, "key"))

_REHEARSED_DPI = 55.0
# A glimpse at a page: finds a title's line, and reads it nearly.
_GLIMPSE_DPI, _GLIMPSE_SIDE, _GLIMPSE_LINES, _LINE_SHAPE = 120.0, 640, 4, 3.0
_KEY = LazyPattern("認証キ|証キー|電子保証|電子証")


@dataclass(frozen=True, slots=True)
class _Paper:
    """A document with its bytes, and what was drawn or seen of its pages."""

    document: Document
    content: bytes
    passwords: Sequence[str]
    budget: LookBudget
    drawn: dict[int, Picture | OpenFailure] = field(default_factory=dict)
    cut: set[int] = field(default_factory=set)  # pages of which some is missing
    looked_at: set[int] = field(default_factory=set)
    written: dict[int, WrittenLetters] = field(default_factory=dict)
    glimpses: dict[int, bool] = field(default_factory=dict)  # whether a page looks like a notice

    def page(self, number: int, dpi: float = 0.0) -> Picture | OpenFailure:
        """A page as a picture."""
        if self.document.is_pdf:
            return render(self.content, number, dpi, self.passwords)
        return image_files.open_picture(self.content, self.document.media_type, number)

    def letters(self, number: int) -> WrittenLetters:
        """The letters of a page's text layer; kept for its other fields."""
        if number not in self.written:
            self.written[number] = written_letters(self.content, number, self.passwords)
        return self.written[number]

    def drawn_page(self, number: int) -> Picture | OpenFailure:
        """A page as its text is drawn; kept for its other fields."""
        if number not in self.drawn:
            self.drawn[number] = self.page(number, DRAWN_DPI)
        return self.drawn[number]


class ImageReader:
    """Looks with the engines that were loaded."""

    def __init__(self, engines: Engines) -> None:
        self.engines = engines

    def rehearse(self) -> None:
        """Do everything once: numpy and OpenCV load much only when it is used, and later no file can be opened."""
        page = Image.new("L", (200, 100), 255)
        ImageDraw.Draw(page).text((10, 40), "No. 12345-678901", fill=0, font=ImageFont.load_default(18))
        sideways = page.rotate(92, expand=True, fillcolor=255)  # upside down besides, and leaning
        read_picture(Picture(sideways, _REHEARSED_DPI), 1, self.engines)
        seen = read_picture(Picture(page, _REHEARSED_DPI), 1, self.engines)
        if not isinstance(seen, OpenFailure) and seen.page.lines:
            cell = seen.page.lines[0].cells[0]
            box = (cell.x0, cell.top, cell.x1, cell.bottom)
            read_again(seen, box, "number", self.engines)
            compare_text.shows(Picture(page, _REHEARSED_DPI), (box,), "12345-678901", "number", self.engines)

    def straighten(self, picture: Picture) -> Picture:
        """The picture as its page was read: cut out, evenly lit, upright."""
        straight = upright(picture, self.engines)
        return Picture(Image.fromarray(straight.grey), straight.dpi)

    def look(
        self,
        document: Document,
        content: bytes,
        said: PaperContent,
        formats: Formats,
        passwords: Sequence[str] = (),
        budget: LookBudget | None = None,
    ) -> tuple[Document, PaperContent]:
        """The document with the pages that could be seen, and what it says. `said`: what its text alone says.

        `budget`: of all papers of the mail; None = this one has its own.
        """
        paper = _Paper(document, content, passwords, budget or LookBudget())
        seen = self._seen(paper)
        document = _with_pages(paper, seen)
        if document != paper.document:
            said = read_paper(document, formats)
        notices = tuple(self._judged(notice, paper, document, seen, formats) for notice in said.notices)
        return document, replace(said, notices=notices)

    def agrees(self, strip: Strip) -> bool:
        """Whether a value is drawn as it was read; when it is not, the paper itself must be looked at."""
        places = [(np.frombuffer(one.pixels, np.uint8).reshape(-1, one.width), one.box) for one in strip.pieces]
        what: What = "number" if strip.is_number else "key"
        found = compare_text.shows_in(places, strip.letters.reveal(), what, self.engines)
        return found is TextAgreement.AGREES

    # -- pages without text of their own

    def _seen(self, paper: _Paper) -> dict[int, SeenPage | None]:
        """The pages that were recognised, and None for those on which there is nothing."""
        seen: dict[int, SeenPage | None] = {}
        budget, numbers = paper.budget, _unread_pages(paper)[:PAGES_LOOKED_AT]
        if len(numbers) > budget.pages:
            numbers.sort(key=lambda number: not self._is_likely(paper, number))
        for number in numbers:
            if not budget.pages and not (budget.likely and self._is_likely(paper, number)):
                continue
            if not budget.begin():
                break  # the others stay unread
            paper.looked_at.add(number)
            picture = paper.page(number)
            if isinstance(picture, OpenFailure):
                continue
            if picture.is_cut:
                paper.cut.add(number)
            read = read_picture(picture, number, self.engines)
            if not isinstance(read, OpenFailure):
                budget.count()
                seen[number] = read
            elif _is_blank(picture) and not picture.is_cut:
                seen[number] = None
        return seen

    def _is_likely(self, paper: _Paper, number: int) -> bool:
        """Whether a glimpse at a page, which takes a tenth of its reading's CPU time, shows the title of a notice."""
        if number not in paper.glimpses and paper.budget.begin():
            picture = paper.page(number, _GLIMPSE_DPI)
            paper.glimpses[number] = not isinstance(picture, OpenFailure) and self._shows_title(picture)
        return paper.glimpses.get(number, False)

    def _shows_title(self, picture: Picture) -> bool:
        """Whether one of the tallest lines in a page's upper half speaks of an access key."""
        grey = grey_of(picture)
        quads = self.engines.recogniser.detect(grey, side=_GLIMPSE_SIDE)
        boxes = [(*quad.min(axis=0).tolist(), *quad.max(axis=0).tolist()) for quad in quads]
        lines = [
            box for box in boxes if box[1] < grey.shape[0] / 2 and box[2] - box[0] > _LINE_SHAPE * (box[3] - box[1])
        ]
        tallest = sorted(lines, key=lambda box: box[1] - box[3])[:_GLIMPSE_LINES]
        return any(_KEY.search(skeleton(self.engines.recogniser.recognise(cut(grey, box)).text)) for box in tallest)

    # -- what was read, looked at again

    def _judged(
        self,
        notice: FoundNotice,
        paper: _Paper,
        document: Document,
        seen: dict[int, SeenPage | None],
        formats: Formats,
    ) -> FoundNotice:
        if any(one.page in paper.cut for one in notice.evidence):
            notice = with_doubts(notice, SubmissionReason.PAPER_DAMAGED)
        for which, what in _LOOKED_FOR:
            evidence = notice.evidence_for(which)
            if evidence is None:
                continue
            page = seen.get(evidence.page)
            if evidence.source is TextSource.IMAGE and page is not None:
                again = self._again(page, evidence, what)
                if which is Field.NUMBER:
                    number = settled_number(notice.fields.number, again, formats)
                    notice = replace(notice, fields=replace(notice.fields, number=number))
                notice = _with_alternatives(notice, evidence, again, formats)
            elif document.is_pdf and (doubt := self._doubt(paper, document, evidence, written(notice, which))):
                notice = with_doubts(notice, doubt)
                if (drawn := self._drawn(paper, document, evidence.page)) is not None:
                    notice = _with_alternatives(notice, evidence, self._again(drawn, evidence, what), formats)
        return notice

    def _again(self, page: SeenPage, evidence: Evidence, what: What) -> tuple[str, ...]:
        """What further looks make of a field."""
        return read_again(page, _around(evidence.box), what, self.engines)

    def _doubt(self, paper: _Paper, document: Document, evidence: Evidence, value: str) -> SubmissionReason | None:
        """What speaks against it that the page shows the value there, and not only anywhere."""
        page = next((page for page in document.pages if page.number == evidence.page), None)
        picture = paper.drawn_page(evidence.page)
        if page is None or isinstance(picture, OpenFailure) or not value:
            return SubmissionReason.NOT_SEEN
        boxes = boxes_of(page, evidence, value)
        # What was filled in has a picture in the file, or each viewer draws one in a font of its own.
        is_text = evidence.source is TextSource.TEXT
        if not (is_text and paper.letters(evidence.page).has_own_fonts(value)):
            return None  # what another font draws, or leaves out, says nothing about what others see
        what: What = "number" if evidence.field is Field.NUMBER else "key"
        agreement = compare_text.shows(picture, boxes, value, what, self.engines)
        if agreement in {TextAgreement.DIFFERS, TextAgreement.BLANK}:
            return SubmissionReason.SHOWS_OTHERWISE
        return SubmissionReason.NOT_SEEN if agreement is TextAgreement.UNSURE else None

    def _drawn(self, paper: _Paper, document: Document, number: int) -> SeenPage | None:
        """A page with a text layer as a recogniser would have it."""
        page = next((page for page in document.pages if page.number == number), None)
        picture = paper.drawn_page(number)
        if page is None or isinstance(picture, OpenFailure):
            return None
        return SeenPage(page, grey_of(picture), picture.dpi)


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
    numbers = _unread_pages(paper)
    if not numbers:
        return document
    found = [one.page for one in seen.values() if one is not None]
    pages = tuple(sorted([*document.pages, *found], key=lambda page: page.number))
    unread = document.unread if document.is_pdf else tuple(Unread(number, OpenFailure.NO_TEXT) for number in numbers)
    unread = tuple(
        replace(one, trouble=_trouble(one.trouble, is_reached=one.page in paper.looked_at))
        for one in unread
        if one.page not in seen
    )
    trouble = (
        None if pages or document.trouble is None else _trouble(document.trouble, is_reached=bool(paper.looked_at))
    )
    return replace(document, pages=pages, unread=unread, trouble=trouble)


def _trouble(found: OpenFailure, *, is_reached: bool) -> OpenFailure:
    """A page's trouble after the look, or a paper's."""
    return OpenFailure.NOT_REACHED if found is OpenFailure.NO_TEXT and not is_reached else found


_DARK_PART = 0.0005  # the back of a sheet that went through a duplex scanner has less ink


def _is_blank(picture: Picture) -> bool:
    """Whether there is no ink, however faint, on a page on which nothing could be read."""
    counts = picture.grey.histogram()
    total, seen, paper = sum(counts), 0, 255
    while paper > 0 and seen < total / 2:  # the paper's own grey: half of the page is at least so light
        seen += counts[paper]
        paper -= 1
    return sum(counts[: paper * 9 // 10]) < _DARK_PART * total


def _with_alternatives(notice: FoundNotice, evidence: Evidence, again: Sequence[str], formats: Formats) -> FoundNotice:
    """The notice with other readings of a field. Of a number only what is one: more of its line may hold the key."""
    if evidence.field is Field.NUMBER:
        others = [number for one in again if formats.is_number(number := normalise_number(one))]
        known = notice.fields.number
    else:
        others, known = list(again), written(notice, evidence.field)
    alternatives = tuple(AuthKey(one) for one in dict.fromkeys(others) if one != known)
    changed = replace(evidence, alternatives=alternatives)
    return replace(notice, evidence=tuple(changed if one is evidence else one for one in notice.evidence))


def _around(box: Box) -> tuple[float, float, float, float]:
    """The box with some of what stands before it: where within its line a value begins is an estimate."""
    return box.x0 - _BEFORE * (box.bottom - box.top), box.top, box.x1 + (box.bottom - box.top) / 2, box.bottom


_BEFORE = 2.0  # heights of a line, about two Japanese letters
