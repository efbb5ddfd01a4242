"""Whether a drawn page shows what its text layer says: a paper may say one key to programs and show another to people.

`shows` is called for the number and the key of each notice with a text layer. Promises to be slow to accuse: look-alikes are equal, DIFFERS is said only after two readings, and what can't be judged is UNSURE.
Raises MemoryError only.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import cv2
import numpy as np

from bot.documents.images.deskew import cut, paper_level
from bot.documents.images.engines import Engines
from bot.documents.images.image_files import Picture
from bot.documents.images.page_reader import Box
from bot.documents.images.second_reading import What, plain_letters
from bot.documents.images.text_detection import Grey

# Letters that look alike in some font, in poor print, or to the recogniser. Capitals and small letters are alike anyway.
_ALIKE = ("0OQDC", "1LIJ|!", "5S", "2Z", "8B", "UVY", "6BG", "9GQ")
_TWO_AS_ONE = (("rn", "m"), ("vv", "w"), ("VV", "W"), ("cl", "d"), ("cI", "d"), ("c1", "d"))
# A key with one other letter may be misread; from so many on it is another key. No honest paper of the corpus has one twice.
_MOST_OTHER = 2
_LOOKS = ((0.05, 1.0), (0.3, 1.5))  # paper around a line, in its height, and how much finer it is drawn: first, second
_LEAST_INK = 0.004  # of a crop: less is paper
_LEAST_CONTRAST = 40
_POINTS_AN_INCH = 72.0


class TextAgreement(StrEnum):
    """What a look at the place of a value says."""

    AGREES = "agrees"
    DIFFERS = "differs"  # something else is legible there
    BLANK = "blank"  # nothing is drawn there
    UNSURE = "unsure"


def shows(picture: Picture, boxes: tuple[Box, ...], expected: str, what: What, engines: Engines) -> TextAgreement:
    """Compare what is drawn in the boxes (points, see pdf/value_places.py) of the page with the text; 200 dpi are enough.

    For text in fonts of the PDF's own: what pdfium draws in another one, or leaves out, says nothing about other viewers.
    """
    page = np.asarray(picture.grey)
    scale = picture.dpi / _POINTS_AN_INCH
    places = [(x0 * scale, top * scale, x1 * scale, bottom * scale) for x0, top, x1, bottom in boxes]
    return shows_in([(page, place) for place in places], expected, what, engines)


def shows_in(places: Sequence[tuple[Grey, Box]], expected: str, what: What, engines: Engines) -> TextAgreement:
    """The same for places on pictures, in pixels."""
    if not places:
        return TextAgreement.UNSURE
    if all(_is_blank(cut(page, place)) for page, place in places):
        return TextAgreement.BLANK
    said: list[TextAgreement] = []
    for padding, finer in _LOOKS:
        crops = [_finer(cut(page, place, padding), finer) for page, place in places]
        read = "".join(plain_letters(engines.recogniser.recognise_ascii(crop).text, what) for crop in crops)
        said.append(_judged(read, plain_letters(expected, what), what))
        if said[-1] is TextAgreement.AGREES:
            return TextAgreement.AGREES
    return TextAgreement.DIFFERS if all(one is TextAgreement.DIFFERS for one in said) else TextAgreement.UNSURE


def _finer(crop: Grey, scale: float) -> Grey:
    return np.asarray(cv2.resize(crop, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC), np.uint8)


def _judged(read: str, expected: str, what: What) -> TextAgreement:
    other = other_letters(read, expected, what)
    if what == "number":
        return TextAgreement.DIFFERS if other else TextAgreement.AGREES
    if not other:
        return TextAgreement.AGREES
    return TextAgreement.DIFFERS if other >= _MOST_OTHER else TextAgreement.UNSURE


def other_letters(read: str, expected: str, what: What) -> int:
    """How many letters of `expected` are missing or look different where it fits best into `read` (Sellers' distance)."""
    if what == "key":
        read, expected = _joined(read), _joined(expected)
    costs = list(range(len(expected) + 1))
    best = costs[-1]
    for letter in read:
        diagonal, costs[0] = costs[0], 0
        for place, wanted in enumerate(expected, 1):
            same = diagonal + (not _look_alike(letter, wanted))
            diagonal = costs[place]
            costs[place] = min(same, costs[place] + 1, costs[place - 1] + 1)
        best = min(best, costs[-1])
    return best


def _look_alike(one: str, other: str) -> bool:
    one, other = one.upper(), other.upper()
    return one == other or any(one in group and other in group for group in _ALIKE)


def _joined(text: str) -> str:
    for two, one in _TWO_AS_ONE:
        text = text.replace(two, one)
    return text


def _is_blank(crop: Grey) -> bool:
    paper = paper_level(crop)
    return bool((crop < paper - _LEAST_CONTRAST).mean() < _LEAST_INK)
