"""Further readings of one number or key on a page that was read from a picture: what a doubt, or an agreement, is made of.

`read_again` is called for each number and key that came from a picture. Promises raw letters: full-width ones made half-width,
dashes in numbers made hyphens, what is not of the value left out, nothing corrected. Raises MemoryError only.
"""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np

from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.normalise import full_width_ascii_to_half
from bot.documents.images.deskew import paper_level
from bot.documents.images.engines import Engines
from bot.documents.images.page_reader import Box, SeenPage
from bot.documents.images.text_detection import Grey, Recogniser

What = Literal["number", "key"]

_DASHES = LazyPattern(r"[‐‑‒–—―−ー─一－ｰ_~]")
_RUN = LazyPattern(r"[0-9A-Za-z|!-]+(?:[ .・]?[0-9A-Za-z|!-]+)*")
_MARGIN = 0.35  # of the line's height, beside the value that is cut out
_SECOND_HEIGHT = 40  # the second time the line is drawn anew, coarser and with more paper around it
_TESSERACT_HEIGHT = 64  # what Tesseract reads best


def read_again(seen: SeenPage, box: Box, what: What, engines: Engines) -> tuple[str, ...]:
    """Readings of the value in the box (points; a label may stand before it), best first, one for each way to read it.

    The first two are the first eye's, on a closer cut and on one drawn anew; the last is the second eye's. Any may be missing.
    """
    line = value_part(seen.crop(box), engines.recogniser)
    again = _padded(_of_height(line, _SECOND_HEIGHT), 0.15)
    coarse = _padded(_of_height(line, _TESSERACT_HEIGHT), 0.2)
    readings = (
        engines.recogniser.recognise_ascii(line).text,
        engines.recogniser.recognise_ascii(again).text,
        engines.second_eye.read(coarse, 300),
    )
    plain = (plain_letters(reading, what) for reading in readings)
    return tuple(reading for reading in plain if reading)


def plain_letters(text: str, what: What) -> str:
    """The ASCII letters of a reading; a number's dashes as hyphens."""
    text = full_width_ascii_to_half("".join(text.split()))
    if what == "number":
        text = _DASHES.sub("-", text)
    return "".join(letter for letter in text if "!" <= letter <= "~")


def value_part(line: Grey, recogniser: Recogniser) -> Grey:
    """The part of a line's picture with its longest run of Latin letters and digits; the whole where there is none."""
    read = recogniser.recognise(line)
    plain = _DASHES.sub("-", full_width_ascii_to_half(read.text))
    runs = [found.span() for found in _RUN.finditer(plain)] if len(plain) == len(read.places) else []
    if not runs:
        return line
    begin, end = max(runs, key=lambda run: run[1] - run[0])
    height, width = line.shape
    left, right = 0, width
    if begin > 0:  # the middle between the last letter before and the first one of the value
        left = max(round((read.places[begin - 1] + read.places[begin]) / 2 * width), 0)
    if end < len(plain):
        right = min(round((read.places[end - 1] + read.places[end]) / 2 * width), width)
    return line[:, left:right] if right - left > height else line


def _of_height(line: Grey, height: int) -> Grey:
    scale = height / line.shape[0]
    size = (max(round(line.shape[1] * scale), 1), height)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(line, size, interpolation=way), np.uint8)


def _padded(line: Grey, part: float) -> Grey:
    around = max(round(line.shape[0] * part), 1)
    paper = round(paper_level(line))
    return np.asarray(
        cv2.copyMakeBorder(line, around, around, around, around, cv2.BORDER_CONSTANT, value=paper), np.uint8
    )
