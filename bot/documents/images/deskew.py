"""A page out of a picture: the sheet out of a photo, shadows off, turned upright, deskewed. OpenCV's geometry.

`upright` is called by page_reader.py for each picture. It promises a page that a person would call upright, and the lines'
places on it. The page is what is shown to people and what all boxes refer to. Raises MemoryError only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from bot.documents.images.engines import Engines
from bot.documents.images.image_files import Picture, likely_dpi
from bot.documents.images.text_detection import Grey, Quads

_LOOK = 500  # the longer side of the small picture in which a sheet, and the light on it, are seen
_SHEET_PART = 0.25  # of the picture: what is smaller is no page
_SHEET_EDGE = 0.97  # a sheet that fills the picture needs no cutting out
_DARK_DESK = 40  # how much darker than the sheet what lies around it must be
# Angles below this (degrees) are not worth blurring the page for.
_STEEP_ENOUGH = 0.15
_MOST_SKEW = 15.0
_ANGLE_NEAR, _ANGLES_TRIED = 1.2, 49  # degrees around what the boxes say, which lean with the letters in them
_INK_BELOW, _INK_SEEN = 60, 30_000  # levels below the paper's, pixels looked at
_LONG_LINE = 3.0  # a box of such proportions tells which way the text runs
_LINES_TRIED = 4
_SURELY_UPRIGHT = 0.9  # of the recogniser, on a line; upside down it is far less sure
_LETTERS_ENOUGH = 4
_FINEST_SIDE = 3600  # A4 at 300 dpi: what is finer is drawn coarser, at no loss
PADDING = 0.08  # of a line's height, around what is cut out of the page


@dataclass(frozen=True, slots=True)
class Straight:
    """An upright page: `grey`, dark on light, `dpi`, and the boxes of its lines (x0, y0, x1, y1 in pixels).

    `quarters`: how often it was turned by 90° counter-clockwise; `skew`: degrees that were taken off.
    """

    grey: Grey
    dpi: float
    boxes: tuple[tuple[float, float, float, float], ...] = field(repr=False)
    quarters: int = 0
    skew: float = 0.0


def upright(picture: Picture, engines: Engines) -> Straight:
    """Make a page of a picture and find its lines."""
    grey = np.asarray(picture.grey)
    sheet = _sheet(grey)
    if sheet is not None:
        grey = _cut_out(grey, sheet)
    dpi = picture.dpi if sheet is None else likely_dpi(grey.shape[1], grey.shape[0])
    if (scale := _FINEST_SIDE / max(grey.shape)) < 1:
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        dpi *= scale
    grey = _evenly_lit(grey)
    quads = engines.recogniser.detect(grey)
    if not len(quads):
        return Straight(grey, dpi, ())
    sideways = _runs_down(quads)
    angle = _angle(grey, _rough_angle(quads), runs_down=sideways)
    turned, places = _turned(grey, quads, int(sideways), angle)
    quarters = int(sideways)
    if _is_upside_down(turned, places, engines):
        turned = np.ascontiguousarray(turned[::-1, ::-1])
        places = (np.array([turned.shape[1], turned.shape[0]], np.float32) - places).astype(np.float32)
        quarters += 2
    return Straight(turned, dpi, tuple(_boxes(places, turned.shape)), quarters, angle)


def cut(page: Grey, box: tuple[float, float, float, float], padding: float = PADDING) -> Grey:
    """What stands in a box (pixels), with some of the paper around it; at least one pixel."""
    x0, y0, x1, y1 = box
    around = padding * (y1 - y0)
    height, width = page.shape
    left, top = min(max(int(x0 - around), 0), width - 1), min(max(int(y0 - around), 0), height - 1)
    right, bottom = max(min(round(x1 + around), width), left + 1), max(min(round(y1 + around), height), top + 1)
    return page[top:bottom, left:right]


def paper_level(area: NDArray[np.uint8], part: float = 0.9) -> float:
    """How light the paper is: the level below which this part of the pixels lies (numpy's own loads files late)."""
    ordered = np.sort(area, axis=None)
    return float(ordered[int(part * (len(ordered) - 1))])


# -- the sheet in a photo


def _sheet(grey: Grey) -> Quads | None:
    """The corners of a light sheet on a darker ground, clockwise from the upper left; None where the page fills the picture."""
    scale = _LOOK / max(grey.shape)
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    # Letters vanish, the sheet stays.
    closed = cv2.morphologyEx(small, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    plain = np.asarray(cv2.GaussianBlur(closed, (5, 5), 0), np.uint8)
    threshold, mask = cv2.threshold(plain, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    whole = small.shape[0] * small.shape[1]
    largest = max(contours, key=cv2.contourArea, default=None)
    if largest is None or not _SHEET_PART * whole < cv2.contourArea(largest) < _SHEET_EDGE * whole:
        return None
    hull = cv2.convexHull(largest)
    inside = np.zeros_like(mask)
    cv2.fillPoly(inside, [hull], 255)
    around = plain[inside == 0]
    if not around.size or paper_level(plain[inside > 0], 0.5) - paper_level(around, 0.5) < _DARK_DESK or threshold < 1:
        return None
    for part in (0.02, 0.03, 0.05, 0.08):
        corners = cv2.approxPolyDP(hull, part * cv2.arcLength(hull, closed=True), closed=True)
        if len(corners) == 4:
            break
    else:
        corners = cv2.boxPoints(cv2.minAreaRect(hull))
    return _clockwise(corners.reshape(4, 2).astype(np.float32) / np.float32(scale))


def _clockwise(corners: Quads) -> Quads:
    across, along = corners.sum(axis=1), corners[:, 0] - corners[:, 1]
    return corners[[across.argmin(), along.argmax(), across.argmax(), along.argmin()]]


def _cut_out(grey: Grey, corners: Quads) -> Grey:
    def side(first: int, second: int) -> float:
        return float(np.linalg.norm(corners[first] - corners[second]))

    width, height = max(side(0, 1), side(3, 2)), max(side(0, 3), side(1, 2))
    # A foreshortened A4 sheet gets its proportions back.
    if 0.5 < min(width, height) / max(width, height) < 0.95:
        width, height = (height / 2**0.5, height) if height > width else (width, width / 2**0.5)
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    warp = cv2.getPerspectiveTransform(corners, target)
    size = (max(round(width), 1), max(round(height), 1))
    drawn = cv2.warpPerspective(grey, warp, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(drawn, np.uint8)


# -- light


def _evenly_lit(grey: Grey) -> Grey:
    """The page divided by the light on it; what is black and white already stays."""
    scale = _LOOK / max(grey.shape)
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    light = cv2.medianBlur(cv2.morphologyEx(small, cv2.MORPH_CLOSE, np.ones((15, 15), np.uint8)), 21)
    if int(light.min()) > 235:
        return grey
    light = cv2.resize(light, (grey.shape[1], grey.shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.divide(grey, np.maximum(light, 40), scale=250), np.uint8)


# -- which way up


def _sides(quads: Quads) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Vectors along the longer side of each box, and their proportions."""
    first, second = quads[:, 1] - quads[:, 0], quads[:, 2] - quads[:, 1]
    one, other = np.linalg.norm(first, axis=1), np.linalg.norm(second, axis=1)
    longer = np.where((one >= other)[:, None], first, second)
    return longer, np.maximum(one, other) / np.maximum(np.minimum(one, other), 1)


def _runs_down(quads: Quads) -> bool:
    longer, proportions = _sides(quads)
    told = np.linalg.norm(longer, axis=1) * (proportions > _LONG_LINE / 2)
    down = np.abs(longer[:, 1]) > np.abs(longer[:, 0])
    return float(told[down].sum()) > float(told[~down].sum())


def _rough_angle(quads: Quads) -> float:
    """By how many degrees the lines lean (clockwise), whichever way they run; the median by length, short lines' roughly."""
    longer, proportions = _sides(quads)
    is_long = proportions > _LONG_LINE
    if not is_long.any():
        return 0.0
    degrees = np.degrees(np.arctan2(longer[is_long, 1], longer[is_long, 0]))
    leaning = (degrees + 45) % 90 - 45
    order = leaning.argsort()
    lengths = np.linalg.norm(longer[is_long], axis=1)[order].cumsum()
    return float(leaning[order][int(np.searchsorted(lengths, lengths[-1] / 2))])


def _angle(grey: Grey, rough: float, *, runs_down: bool) -> float:
    """The angle near the rough one at which the ink falls into the fewest and fullest rows of pixels; 0 when it is no skew."""
    scale = 2 * _LOOK / max(grey.shape)
    small = np.asarray(cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    ys, xs = np.nonzero(small < paper_level(small) - _INK_BELOW)
    if not len(ys):
        return 0.0
    step = len(ys) // _INK_SEEN + 1
    across, along = (ys[::step], xs[::step]) if runs_down else (xs[::step], ys[::step])
    fullest, best = 0.0, rough
    for angle in np.linspace(rough - _ANGLE_NEAR, rough + _ANGLE_NEAR, _ANGLES_TRIED):
        turn = math.radians(float(angle)) * (-1 if runs_down else 1)
        rows = (along * math.cos(turn) - across * math.sin(turn) + 2 * _LOOK).astype(np.int64)
        counts = np.bincount(np.maximum(rows, 0)).astype(np.float64)
        if (fullness := float((counts * counts).sum())) > fullest:
            fullest, best = fullness, float(angle)
    return best if _STEEP_ENOUGH < abs(best) < _MOST_SKEW else 0.0


def _turned(grey: Grey, quads: Quads, quarters: int, angle: float) -> tuple[Grey, Quads]:
    """The page turned counter-clockwise, by quarters and by the angle, on white paper that is large enough."""
    if not quarters and not angle:
        return grey, quads
    height, width = grey.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 90 * quarters + angle, 1.0)
    cosine, sine = abs(turn[0, 0]), abs(turn[0, 1])
    size = (round(height * sine + width * cosine), round(height * cosine + width * sine))
    turn[:, 2] += (size[0] / 2 - width / 2, size[1] / 2 - height / 2)
    drawn = cv2.warpAffine(grey, turn, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT, borderValue=250)
    places = cv2.transform(quads, turn)
    return np.asarray(drawn, np.uint8), np.asarray(places, np.float32)


def _is_upside_down(page: Grey, quads: Quads, engines: Engines) -> bool:
    """Read some lines as they stand and the other way up: what makes more sense is right."""
    boxes = sorted(_boxes(quads, page.shape), key=lambda box: abs((box[2] - box[0]) / max(box[3] - box[1], 1) - 8))
    this = that = 0.0
    for box in boxes[:_LINES_TRIED]:
        line = cut(page, box)
        read = engines.recogniser.recognise(line)
        if len(read.text) >= _LETTERS_ENOUGH and read.confidence > _SURELY_UPRIGHT:
            return False
        this += read.confidence
        that += engines.recogniser.recognise(np.ascontiguousarray(line[::-1, ::-1])).confidence
    return that > this


def _boxes(quads: Quads, shape: tuple[int, ...]) -> list[tuple[float, float, float, float]]:
    """Upright boxes of lines that are nearly upright: the middles of their sides, not their outermost corners."""
    boxes: list[tuple[float, float, float, float]] = []
    for quad in quads:
        xs, ys = np.sort(quad[:, 0]), np.sort(quad[:, 1])
        x0, x1 = float(xs[:2].mean()), float(xs[2:].mean())
        y0, y1 = float(ys[:2].mean()), float(ys[2:].mean())
        if x1 - x0 > 2 and y1 - y0 > 2 and x1 > 0 and y1 > 0 and x0 < shape[1] and y0 < shape[0]:
            boxes.append((x0, y0, x1, y1))
    return boxes
