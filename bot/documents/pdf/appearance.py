"""Whether people see on a PDF's page what was read there: each number and key, its letters by their own ink and name.

Called by contents.py for each PDF with a notice, after its text was read. Needs no recogniser. `unseen` returns the values
that are for a person: covered, clipped, pale, tiny, on a layer that is off, in a note that shows other words, or in a font that
is not embedded and whose letters the file renames. What can't be compared counts as unseen. Raises nothing but MemoryError.

An embedded font may still draw another letter than it names: only a recogniser sees that.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from enum import Enum, auto
from operator import itemgetter
from typing import Any, cast

import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image

from bot.core.notice.document import OpenFailure, TextSource
from bot.core.notice.evidence import Box as Place
from bot.documents.pdf import repair
from bot.documents.pdf.calls import set_mode
from bot.documents.pdf.characters import Character, signs_of
from bot.documents.pdf.form_fields import filled_fields, has_odd_note, note_places
from bot.documents.pdf.ink import Pictures, has_nothing_drawn, is_seen
from bot.documents.pdf.painted import Box
from bot.documents.pdf.placed_letters import (
    OVER_EMS,
    PlacedLetter,
    PlacedLetters,
    PlacedLine,
    around,
    holds,
    in_order,
    is_in,
    is_over,
    meet,
    origin,
)
from bot.documents.pdf.text import PageInHand, PdfInHand, content_of, opened_pdf
from bot.documents.pdf.text_objects import move, name_unless_embedded, text_objects
from bot.documents.pdf.upright import Turned, turning

# Letters are drawn with this many pixels an em.
_EM_PIXELS = 20.0
_PIXELS = 2_000_000
# The least em, as a part of the page's shorter side: 5 points on A4.
_LEAST_EM = 5 / 595
# Ink of a lower height, or letters narrower on average, in ems of the least size, can't be read.
_LEAST_INK_EMS = 0.6
_LEAST_ADVANCE_EMS = 0.25
# The space beside a value, in ems, in which nothing foreign may stand.
_BESIDE_EMS = 0.6
_ABOVE_EMS = 0.5
# Letters so far from a value, in ems, are none of its neighbours.
_NEAR_EMS = 3.0
# So many letters at the height of a page's values, counted for each value, are no honest page's: 125 notices have some ten thousand.
_MOST_COMPARED = 100_000
_RGB = pdfium.FPDFBitmap_BGRx


@dataclass(frozen=True, slots=True)
class WrittenValue:
    """A value as it was read: its letters, and where. `place` is on the upright page, in points."""

    letters: str = field(repr=False)  # a key may be among them
    page: int
    place: Place
    source: TextSource


def unseen(
    content: bytes, values: Sequence[WrittenValue], passwords: Sequence[str] = (), hand: PdfInHand | None = None
) -> frozenset[WrittenValue]:
    """The values that people don't see as they were read. `hand`: the file, still open from the reading; it is of no use then."""
    if not values:
        return frozenset()
    fonts: set[str] = set()
    hand = hand or PdfInHand()
    with hand:
        pdf = hand.open(content, passwords) if isinstance(hand.pdf, OpenFailure) else hand.pdf
        opened = b"" if isinstance(pdf, OpenFailure) else content_of(pdf)  # it may have been repaired
        found = _unseen_in(content, values, passwords, fonts, hand=hand)
    left = [value for value in values if value not in found]
    if not left:
        return frozenset(found)
    plain = repair.without_claims(opened, {value.page for value in left}, fonts, repair.keys_of(passwords))
    if plain is not None:
        found |= _unseen_in(plain.content, left, passwords, set())
        if plain.had_layers:
            found |= _unseen_in(content, left, passwords, set(), pdfium.FPDF_PRINTING)
    return frozenset(found)


def _unseen_in(
    content: bytes,
    values: Sequence[WrittenValue],
    passwords: Sequence[str],
    fonts: set[str],
    flags: int = 0,
    hand: PdfInHand | None = None,
) -> set[WrittenValue]:
    """`fonts` takes the names of fonts that write a value and are not embedded. `hand`: the file, if it is open as it came."""
    written = [value for value in values if value.source is TextSource.TEXT]
    filled = [value for value in values if value.source is not TextSource.TEXT]
    found: set[WrittenValue] = set()
    for how, some in ((_As.IT_IS, written), (_As.PICTURED, filled), (_As.FILLED, filled)):
        if not some:
            continue
        is_open = how is _As.IT_IS and hand is not None
        with nullcontext(hand.pdf) if is_open and hand is not None else opened_pdf(content, passwords) as pdf:
            if isinstance(pdf, OpenFailure):
                return set(values)
            pages = hand.pages if is_open and hand is not None else {}
            for number in {value.page for value in some}:
                here = [value for value in some if value.page == number]
                try:
                    found.update(_unseen_on(pdf, number, here, how, fonts, flags | pdfium.FPDF_ANNOT, pages))
                except (pypdfium2.PdfiumError, IndexError):
                    found.update(here)
    return found


class _As(Enum):
    """How the fields and notes of a page are taken: as they are; by the file's pictures of them; by pdfium's where it has none."""

    IT_IS = auto()
    PICTURED = auto()
    FILLED = auto()


def _unseen_on(
    pdf: Any,
    number: int,
    values: Sequence[WrittenValue],
    how: _As,
    fonts: set[str],
    flags: int,
    pages: Mapping[int, PageInHand],
) -> Iterator[WrittenValue]:
    """`pages`: those that are open."""
    notes = _flatten(pdf, number - 1, draws_fields=how is _As.FILLED) if how is not _As.IT_IS else ()
    if on_page := pages.get(number):
        yield from _Sheet(pdf, on_page, flags, values, notes).unseen(fonts, but_absent=False)
        return
    with closing(pdf[number - 1]) as page:
        on_page = PageInHand.of(page)
        if on_page is None:
            yield from values
            return
        yield from _Sheet(pdf, on_page, flags, values, notes).unseen(fonts, but_absent=how is _As.PICTURED)


def _flatten(pdf: Any, index: int, *, draws_fields: bool) -> tuple[Box, ...]:
    """Make the pictures of fields and notes a part of the page; their places. `draws_fields`: let pdfium draw those without."""
    if draws_fields:
        with closing(pdf[index]) as page, closing(pypdfium2.PdfBitmap.new_native(1, 1, _RGB)) as bitmap:
            pdfium.FPDF_RenderPageBitmap(bitmap, page, 0, 0, 1, 1, 0, pdfium.FPDF_ANNOT)
            if pdf.formenv is not None:
                pdfium.FPDF_FFLDraw(pdf.formenv, bitmap, page, 0, 0, 1, 1, 0, pdfium.FPDF_ANNOT)
    page = pdfium.FPDF_LoadPage(pdf, index)  # pypdfium2 would have the fields drawn anew
    if not page:
        return ()
    places = note_places(page)
    pdfium.FPDFPage_Flatten(page, pdfium.FLAT_NORMALDISPLAY)
    pdfium.FPDF_ClosePage(page)
    return places


class _Sheet:
    """A page that is drawn line by line: as it is, without text, and its text alone."""

    def __init__(
        self, pdf: Any, on_page: PageInHand, flags: int, values: Sequence[WrittenValue], notes: Sequence[Box]
    ) -> None:
        """`notes`: the places of the page's fields and notes, where the values are in these."""
        page = on_page.page
        self._pdf, self._page, self._flags, self._values = pdf, page, flags, values
        self._said = on_page.said
        written = [one for one in on_page.written if not one.text.isspace()]
        seen = [one for one in on_page.seen if not one.text.isspace()]
        self._turned = turning(page, seen, on_page.drawn.box)
        self._places = {value: self._place(value, [self._turned.box(note) for note in notes]) for value in values}
        self._letters = PlacedLetters(self._near(seen))
        self._all_letters = self._letters if len(seen) == len(written) else PlacedLetters(self._near(written))
        self._texts = text_objects(page)
        self._room = _MOST_COMPARED
        fields = filled_fields(pdf.formenv, page, seen) if pdfium.FPDFPage_GetAnnotCount(page) > 0 else ()
        self._fields = [self._turned.box(field.box) for field in fields]

    def _place(self, value: WrittenValue, notes: Sequence[Box]) -> Box:
        """Where a value stands: where it was read, or anywhere in its field or note."""
        x0, top, x1, bottom = value.place.x0, value.place.top, value.place.x1, value.place.bottom
        if value.source is TextSource.TEXT:
            return x0, top, x1, bottom
        x, y = (x0 + x1) / 2, (top + bottom) / 2
        return next((note for note in notes if holds(note, x, y)), (x0, top, x1, bottom))

    def _near(self, written: Sequence[Character]) -> Iterator[PlacedLetter]:
        """The letters in and around the values' places."""
        places = sorted(self._places.values(), key=itemgetter(1))
        if not places:
            return
        tops, tallest = [place[1] for place in places], max(place[3] - place[1] for place in places)
        top, bottom = tops[0], max(place[3] for place in places)
        for one in written:
            x, y = self._turned.point(*one.middle)
            room = _NEAR_EMS * one.em
            if not top - room < y < bottom + room:
                continue
            near = range(bisect_right(tops, y - room - tallest), bisect_left(tops, y + room))
            if any(
                x0 - room < x < x1 + room and top - room < y < bottom + room
                for x0, top, x1, bottom in map(places.__getitem__, near)
            ):
                box = self._turned.box((one.left, one.bottom, one.right, one.top))
                yield PlacedLetter(one, box, self._turned.point(one.origin_x, one.origin_y)[1])

    # -- text

    def unseen(self, fonts: set[str], *, but_absent: bool) -> Iterator[WrittenValue]:
        """The values that the page does not show. `but_absent`: without those in whose places nothing is drawn."""
        values = [value for value in self._values if not (but_absent and self._is_free(value))]
        # What is hidden by its colours or by what is over it may be seen all the same: ink decides.
        lines = {value: self._lines(value, self._letters) or self._lines(value, self._all_letters) for value in values}
        whole = {line: self._drawn(line) for found in lines.values() for line in found}
        for source in {letter.character.source for line in whole for letter in line.letters} & self._texts.keys():
            fonts.add(name_unless_embedded(self._texts[source].item))
        fonts.discard("")
        for text in self._texts.values():
            set_mode(text.item, pdfium.FPDF_TEXTRENDERMODE_INVISIBLE)
        bare = {line: self._drawn(line) for line in whole}
        alone = self._alone(list(whole))
        for value, found in lines.items():
            shown = [self._shows(line, Pictures(whole[line], bare[line], alone[line])) for line in found]
            if not all(shown) or not shown:
                yield value

    def _lines(self, value: WrittenValue, letters: PlacedLetters) -> tuple[PlacedLine, ...]:
        """The lines of a value; () when its letters are not found in this order, stand in each other's place, or among too many."""
        place = self._places[value]
        if self._room < 0:
            return ()
        at_height = letters.between(place[1], place[3])
        self._room -= len(at_height)
        near = [letter for letter in at_height if is_in(letter, place)]
        near.sort(key=lambda letter: letter.baseline)
        rows: list[list[PlacedLetter]] = []
        for letter in near:
            if not rows or letter.baseline - rows[-1][-1].baseline > letter.character.em / 2:
                rows.append([])
            rows[-1].append(letter)
        ordered = [letter for row in rows for letter in in_order(row)]
        spelt = [(place, sign) for place, letter in enumerate(ordered) for sign in signs_of(letter.character.text)]
        wanted = signs_of(value.letters)
        text = "".join(sign for _, sign in spelt)
        start = text.find(wanted)
        if start < 0 or not wanted:
            return ()
        own = ordered[spelt[start][0] : spelt[start + len(wanted) - 1][0] + 1]
        if any(signs_of(words) not in text for letter in own for words in self._said.get(letter.character.source, ())):
            return ()
        owned = set(map(id, own))
        lines = [[letter for letter in row if id(letter) in owned] for row in rows]
        if any(self._is_unfit(line, near) for line in lines if line):
            return ()
        return tuple(self._line(line) for line in lines if line)

    def _is_unfit(self, letters: Sequence[PlacedLetter], near: Sequence[PlacedLetter]) -> bool:
        """Whether letters are too small, a field or note is on them, or others stand in their place."""
        least = _LEAST_EM * min(self._turned.size)
        ems = [letter.character.em for letter in letters]
        box = around(letters)
        if min(ems) < least or max(ems) > 2 * min(ems) or box[2] - box[0] < _LEAST_ADVANCE_EMS * least * len(ems):
            return True
        has_notes = pdfium.FPDFPage_GetAnnotCount(self._page) > 0
        if has_notes and has_odd_note(self._page, lambda edges: meet(box, self._turned.box(edges))):
            return True
        if any(meet(box, field) for field in self._fields):
            return True
        ordered = sorted(near, key=origin)
        origins, reach = list(map(origin, ordered)), OVER_EMS * max(other.character.em for other in near)
        return any(
            is_over(letter, ordered[place])
            for letter in letters
            for place in range(
                bisect_left(origins, origin(letter) - reach), bisect_right(origins, origin(letter) + reach)
            )
        )

    def _line(self, letters: Sequence[PlacedLetter]) -> PlacedLine:
        em = max(letter.character.em for letter in letters)
        x0, top, x1, bottom = around(letters)
        beside, above = _BESIDE_EMS * em, _ABOVE_EMS * em
        box = (x0 - beside, top - above, x1 + beside, bottom + above)
        room = (box[2] - box[0]) * (box[3] - box[1])
        return PlacedLine(tuple(letters), box, min(_EM_PIXELS / em, (_PIXELS / max(room, 1.0)) ** 0.5))

    def _shows(self, line: PlacedLine, pictures: Pictures) -> bool:
        inked = pictures.alone.point([255] * 160 + [0] * 96).crop(line.pixels(around(line.letters))).getbbox()
        least = _LEAST_EM * min(self._turned.size)
        if inked is None or inked[3] - inked[1] < _LEAST_INK_EMS * least * line.scale:
            return False
        top = line.pixels(around(line.letters))[1] + inked[1]
        base = round((max(letter.baseline for letter in line.letters) - line.box[1]) * line.scale)
        places = [line.pixels(letter.box) for letter in line.letters]
        row = (0, top, line.size[0], min(max(base, top + 1), line.size[1]))
        return is_seen(pictures, places, row, round(line.em * line.scale))

    def _is_free(self, value: WrittenValue) -> bool:
        """Whether nothing is drawn in a value's place: viewers draw it themselves, the file has no picture of it."""
        place = self._places[value]
        if self._letters.meeting(place):
            return False
        line = PlacedLine((), place, _EM_PIXELS / max(place[3] - place[1], 1.0))
        return has_nothing_drawn(self._drawn(line), (0, 0, *line.size), round(_EM_PIXELS))

    # -- drawing

    def _drawn(self, line: PlacedLine) -> Image.Image:
        turn = self._turned.turns - self._page.get_rotation() // 90
        return _picture(self._page, line, self._turned, turn % 4, self._flags)

    def _alone(self, lines: Sequence[PlacedLine]) -> Mapping[PlacedLine, Image.Image]:
        """The texts in these lines, moved to a new page. The old page has them no more."""
        sources = {
            letter.character.source
            for line in lines
            for letter in (*self._letters.meeting(line.box), *line.letters)
            if letter.character.source in self._texts
        }
        turned = self._turned
        width, height = turned.right - turned.left, turned.top - turned.bottom
        with closing(self._pdf.new_page(width, height)) as page:
            for source in sorted(sources):
                move(self._texts[source], self._page, page, (turned.left, turned.bottom))
            return {line: _picture(page, line, turned, turned.turns, 0).convert("L") for line in lines}


def _picture(page: Any, line: PlacedLine, turned: Turned, turn: int, flags: int) -> Image.Image:
    """The part of the page around a line, in RGB."""
    width, height = turned.size
    place = (
        round(-line.box[0] * line.scale),
        round(-line.box[1] * line.scale),
        max(round(width * line.scale), 1),
        max(round(height * line.scale), 1),
    )
    bitmap = pypdfium2.PdfBitmap.new_native(*line.size, _RGB)
    with closing(bitmap):
        bitmap.fill_rect((255, 255, 255, 255), 0, 0, *line.size)
        pdfium.FPDF_RenderPageBitmap(bitmap, page, *place, turn, flags)
        return cast("Image.Image", bitmap.to_pil().convert("RGB"))
