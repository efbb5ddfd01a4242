"""The graphics under and over a PDF page's text: pictures, filled shapes and strokes, in drawing order.

Called by text.py for each page. `painted` walks the page's objects once, including its form XObjects; the result tells how
much of the page is a picture, and which text is invisible. Boxes are left, bottom, right, top in points, in page space (y
upwards). Raises nothing.

Drawing order decides what is visible: a later area hides a letter, an earlier one is its background:

    white area ── text "A" ── black area     "A" is hidden by the black area
    black area ── text "B" (black)           "B" is hidden: its ink is its background's
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pypdfium2.raw as pdfium

from bot.documents.pdf.calls import direct, fill_colour, handle_of, has_transparency, mode_of, stroke_colour, type_of

Box = tuple[float, float, float, float]
Matrix = tuple[float, float, float, float, float, float]
Ink = tuple[int, int, int]

UNKNOWN_INK: Ink = (-1, -1, -1)
"""A pattern or a shading, whose colour at a point is unknown."""

# A page with at least this fraction covered by pictures is a scan.
SCAN_COVERAGE = 0.5

# Objects read; a page with more is a map or a plan, and the rest is not searched for areas over the text.
_OBJECTS_SEEN = 20_000
_PATHS_SEEN = 2000
_DEPTH = 5
UNMOVED: Matrix = (1, 0, 0, 1, 0, 0)
_WHITE: Ink = (255, 255, 255)
# A colour closer than this to its background's is invisible (5 % of a channel).
_SAME_INK = 13
_RECTANGLE_SEGMENTS = range(4, 6)
# A thinner filled path is a stroke: it is no background and hides nothing.
_AREA_POINTS = 4.0
# The coverage is measured on a grid with this many squares a side: scans come in strips and layers.
_SQUARES = 20


@dataclass(frozen=True, slots=True)
class Path:
    """A drawn path with its bounding box and number of segments."""

    box: Box
    segments: int

    @property
    def is_rectangle(self) -> bool:
        """Whether it has four sides, closed or not."""
        return self.segments in _RECTANGLE_SEGMENTS


@dataclass(frozen=True, slots=True)
class _Area:
    """An area that may be behind or over a text."""

    order: int  # its number in the drawing order
    box: Box
    ink: Ink
    covers: bool = False  # opaque
    is_picture: bool = False

    def holds(self, x: float, y: float) -> bool:
        left, bottom, right, top = self.box
        return left <= x <= right and bottom <= y <= top


@dataclass
class Painted:
    """A page's graphics, without its letters."""

    box: Box
    paths: list[Path] = field(default_factory=list)
    areas: list[_Area] = field(default_factory=list)
    texts: list[tuple[int, int]] = field(default_factory=list)  # place in the drawing order, handle
    segments: int = 0

    @cached_property
    def coverage(self) -> float:
        """The fraction of the page covered by pictures, 0 to 1."""
        pictures = [area.box for area in self.areas if area.is_picture]
        if not pictures:
            return 0.0
        left, bottom, right, top = self.box
        wide, high = (right - left) / _SQUARES, (top - bottom) / _SQUARES
        covered = sum(
            any(x0 <= x <= x1 and y0 <= y <= y1 for x0, y0, x1, y1 in pictures)
            for x in (left + (place + 0.5) * wide for place in range(_SQUARES))
            for y in (bottom + (place + 0.5) * high for place in range(_SQUARES))
        )
        return covered / _SQUARES**2

    @property
    def is_scan(self) -> bool:
        """Whether the page is a scan, or has a picture as its whole background."""
        return self.coverage >= SCAN_COVERAGE

    @property
    def is_bare(self) -> bool:
        """Whether nothing is painted but white rectangles: a page that a browser or a spreadsheet fills before it draws."""
        white = [area for area in self.areas if area.ink == _WHITE and not area.is_picture]
        return len(white) == len(self.areas) == len(self.paths) and all(path.is_rectangle for path in self.paths)

    def hides(self, ink: Ink, source: int, x: float, y: float) -> bool:
        """Whether a letter in this ink at this point is invisible. `source`: the text object that draws it."""
        if self._only_light and max(ink) < _WHITE[0] - _SAME_INK:
            return False
        order = self._orders.get(source, len(self._orders) + _OBJECTS_SEEN)
        background = _WHITE
        for area in self.areas:
            if not area.holds(x, y):
                continue
            if area.order < order:
                # The paper on a scan is taken as white.
                background = _WHITE if area.is_picture and self.is_scan else area.ink
            elif area.covers and (not area.is_picture or self.is_scan):
                return True
        if UNKNOWN_INK in {ink, background}:
            return False
        return max(abs(one - other) for one, other in zip(ink, background, strict=True)) <= _SAME_INK

    @cached_property
    def _only_light(self) -> bool:
        """Whether all areas are light and drawn before the first text, so that dark text is visible without a search."""
        first = self.texts[0][0] if self.texts else 0
        return all(min(area.ink) > _WHITE[0] / 2 and area.order < first for area in self.areas)

    @cached_property
    def _orders(self) -> dict[int, int]:
        return {item: order for order, item in self.texts}


def painted(page: Any) -> Painted:
    """Collect the page's graphics."""
    found = Painted(page.get_bbox())
    for order, (item, kind, matrix, is_soft, _) in enumerate(items(page)):
        if kind == pdfium.FPDF_PAGEOBJ_TEXT:
            found.texts.append((order, item))
        elif kind == pdfium.FPDF_PAGEOBJ_IMAGE:
            covers = not is_soft and not has_transparency(item)
            found.areas.append(_Area(order, _box(item, matrix), UNKNOWN_INK, covers, is_picture=True))
        elif kind == pdfium.FPDF_PAGEOBJ_SHADING:
            found.areas.append(_Area(order, _box(item, matrix), UNKNOWN_INK))
        elif kind == pdfium.FPDF_PAGEOBJ_PATH and len(found.paths) < _PATHS_SEEN:
            _add_path(found, order, item, matrix, is_soft=is_soft)
    return found


def ink_of(item: int) -> Ink | None:
    """The colour of a text; None when its render mode does not paint it."""
    return _ink_in(item, mode_of(item))


def _ink_in(item: int, mode: int) -> Ink | None:
    if mode in {pdfium.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium.FPDF_TEXTRENDERMODE_CLIP}:
        return None
    stroked = mode in {pdfium.FPDF_TEXTRENDERMODE_STROKE, pdfium.FPDF_TEXTRENDERMODE_STROKE_CLIP}
    colour = _colour(stroke_colour if stroked else fill_colour, item)
    if colour is None:
        return UNKNOWN_INK
    *ink, alpha = colour
    outlined = mode in {pdfium.FPDF_TEXTRENDERMODE_FILL_STROKE, pdfium.FPDF_TEXTRENDERMODE_FILL_STROKE_CLIP}
    if outlined and (alpha <= _SAME_INK or min(ink) > _WHITE[0] - _SAME_INK):
        return _ink_in(item, pdfium.FPDF_TEXTRENDERMODE_STROKE)
    return None if alpha <= _SAME_INK else (ink[0], ink[1], ink[2])


def _colour(ask: Any, item: int) -> tuple[int, int, int, int] | None:
    if not ask(item, *_COLOUR_PARTS):
        return None
    red, green, blue, alpha = _COLOUR
    return red, green, blue, alpha


# What pdfium writes to is allocated once: to do so for each letter costs more than the call.
_COLOUR = (ctypes.c_uint * 4)()
_COLOUR_PARTS = tuple(ctypes.addressof(_COLOUR) + 4 * place for place in range(4))
_EDGES = (ctypes.c_float * 4)()
_EDGE_PARTS = tuple(ctypes.addressof(_EDGES) + 4 * place for place in range(4))
_MODES = (ctypes.c_int * 2)()
_MODE_PARTS = (ctypes.addressof(_MODES), ctypes.addressof(_MODES) + 4)
_MATRIX = pdfium.FS_MATRIX()
_AT_MATRIX = ctypes.addressof(_MATRIX)

_count_objects = direct(pdfium.FPDFPage_CountObjects)
_object = direct(pdfium.FPDFPage_GetObject)
_count_in_form = direct(pdfium.FPDFFormObj_CountObjects)
_object_in_form = direct(pdfium.FPDFFormObj_GetObject)
_bounds = direct(pdfium.FPDFPageObj_GetBounds)
_get_matrix = direct(pdfium.FPDFPageObj_GetMatrix)
_count_segments = direct(pdfium.FPDFPath_CountSegments)
_draw_mode = direct(pdfium.FPDFPath_GetDrawMode)
_clip = direct(pdfium.FPDFPageObj_GetClipPath)
_count_clips = direct(pdfium.FPDFClipPath_CountPaths)
_count_clip_segments = direct(pdfium.FPDFClipPath_CountPathSegments)
_clip_segment = direct(pdfium.FPDFClipPath_GetPathSegment)
_point = direct(pdfium.FPDFPathSegment_GetPoint)


def _add_path(found: Painted, order: int, item: int, matrix: Matrix, *, is_soft: bool) -> None:
    segments = _count_segments(item)
    box = _box(item, matrix)
    found.segments += segments
    found.paths.append(Path(box, segments))
    if box[2] - box[0] < _AREA_POINTS or box[3] - box[1] < _AREA_POINTS:
        return
    if not _draw_mode(item, *_MODE_PARTS) or not _MODES[0]:  # how it is filled
        return
    colour = _colour(fill_colour, item)
    ink = UNKNOWN_INK if colour is None else colour[:3]
    is_whole = not is_soft and not has_transparency(item)
    if colour is not None and colour[3] <= _SAME_INK:
        return
    covers = is_whole and found.paths[-1].is_rectangle
    shown = _meet(box, clip_of(item, matrix))
    if shown is not None:
        found.areas.append(_Area(order, shown, ink if is_whole else UNKNOWN_INK, covers))


def items(page: Any) -> Iterator[tuple[int, int, Matrix, bool, int]]:
    """The page's objects, as handles (calls.py), with their kinds, the matrix and the form that they are in (0: the page).

    The flag: whether a form around it is transparent.
    """
    budget = _OBJECTS_SEEN
    holder = handle_of(page)

    def walk(count: int, get: Any, of: int, matrix: Matrix, depth: int, soft: bool) -> Iterator[Any]:  # noqa: FBT001
        nonlocal budget
        for index in range(count):
            if (budget := budget - 1) < 0:
                return
            item = get(of, index)
            kind = type_of(item)
            if kind != pdfium.FPDF_PAGEOBJ_FORM:
                yield item, kind, matrix, soft, 0 if of == holder else of
            elif depth:
                is_soft = soft or bool(has_transparency(item))
                inner = _joined(_matrix(item), matrix)
                yield from walk(_count_in_form(item), _object_in_form, item, inner, depth - 1, is_soft)

    return walk(_count_objects(holder), _object, holder, UNMOVED, _DEPTH, soft=False)


def _matrix(item: int) -> Matrix:
    found = _MATRIX
    if not _get_matrix(item, _AT_MATRIX):
        return UNMOVED
    return found.a, found.b, found.c, found.d, found.e, found.f


def _joined(first: Matrix, then: Matrix) -> Matrix:
    a, b, c, d, e, f = first
    return (*_moved(a, b, then), *_moved(c, d, then), *_moved(e, f, then, shifted=1))


def _moved(x: float, y: float, by: Matrix, shifted: int = 0) -> tuple[float, float]:
    a, b, c, d, e, f = by
    return a * x + c * y + shifted * e, b * x + d * y + shifted * f


def _box(item: int, matrix: Matrix) -> Box:
    if not _bounds(item, *_EDGE_PARTS):
        return 0.0, 0.0, 0.0, 0.0
    left, bottom, right, top = _EDGES
    return (left, bottom, right, top) if matrix is UNMOVED else _moved_box((left, bottom, right, top), matrix)


def _moved_box(box: Box, matrix: Matrix) -> Box:
    corners = [_moved(x, y, matrix, shifted=1) for x in (box[0], box[2]) for y in (box[1], box[3])]
    xs, ys = zip(*corners, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def clip_of(item: int, matrix: Matrix) -> Box | None:
    """The bounding box of the object's clip path; None without one."""
    clip = _clip(item)
    if not clip:
        return None
    found: Box | None = None
    for path in range(max(_count_clips(clip), 0)):
        points: list[tuple[float, float]] = []
        for place in range(max(_count_clip_segments(clip, path), 0)):
            segment = _clip_segment(clip, path, place)
            if segment and _point(segment, *_EDGE_PARTS[:2]):
                points.append(_moved(_EDGES[0], _EDGES[1], matrix, shifted=1))
        if points:
            xs, ys = zip(*points, strict=True)
            found = _meet((min(xs), min(ys), max(xs), max(ys)), found) or (0.0, 0.0, 0.0, 0.0)
    return found


def _meet(box: Box, other: Box | None) -> Box | None:
    if other is None:
        return box
    left, bottom = max(box[0], other[0]), max(box[1], other[1])
    right, top = min(box[2], other[2]), min(box[3], other[3])
    return (left, bottom, right, top) if left < right and bottom < top else None
