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
    texts: list[tuple[int, Any]] = field(default_factory=list)
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
        return {address_of(item): order for order, item in self.texts}


def painted(page: Any) -> Painted:
    """Collect the page's graphics."""
    found = Painted(page.get_bbox())
    for order, (item, kind, matrix, is_soft, _) in enumerate(items(page.raw)):
        if kind == pdfium.FPDF_PAGEOBJ_TEXT:
            found.texts.append((order, item))
        elif kind == pdfium.FPDF_PAGEOBJ_IMAGE:
            covers = not is_soft and not pdfium.FPDFPageObj_HasTransparency(item)
            found.areas.append(_Area(order, _box(item, matrix), UNKNOWN_INK, covers, is_picture=True))
        elif kind == pdfium.FPDF_PAGEOBJ_SHADING:
            found.areas.append(_Area(order, _box(item, matrix), UNKNOWN_INK))
        elif kind == pdfium.FPDF_PAGEOBJ_PATH and len(found.paths) < _PATHS_SEEN:
            _add_path(found, order, item, matrix, is_soft=is_soft)
    return found


def address_of(item: Any) -> int:
    """The object's address, as its identity; 0 for none."""
    return ctypes.c_void_p.from_buffer(item).value or 0  # a third of what `cast` costs


def ink_of(item: Any, mode: int) -> Ink | None:
    """The colour of a text; None when its render mode does not paint it."""
    if mode in {pdfium.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium.FPDF_TEXTRENDERMODE_CLIP}:
        return None
    stroked = mode in {pdfium.FPDF_TEXTRENDERMODE_STROKE, pdfium.FPDF_TEXTRENDERMODE_STROKE_CLIP}
    colour = _colour(pdfium.FPDFPageObj_GetStrokeColor if stroked else pdfium.FPDFPageObj_GetFillColor, item)
    if colour is None:
        return UNKNOWN_INK
    *ink, alpha = colour
    outlined = mode in {pdfium.FPDF_TEXTRENDERMODE_FILL_STROKE, pdfium.FPDF_TEXTRENDERMODE_FILL_STROKE_CLIP}
    if outlined and (alpha <= _SAME_INK or min(ink) > _WHITE[0] - _SAME_INK):
        return ink_of(item, pdfium.FPDF_TEXTRENDERMODE_STROKE)
    return None if alpha <= _SAME_INK else (ink[0], ink[1], ink[2])


def _colour(ask: Any, item: Any) -> tuple[int, int, int, int] | None:
    parts = _COLOUR
    if not ask(item, *parts):
        return None
    return parts[0].value, parts[1].value, parts[2].value, parts[3].value


# Allocated once: allocating four for each letter costs more than the call.
_COLOUR = tuple(ctypes.c_uint() for _ in range(4))


def _add_path(found: Painted, order: int, item: Any, matrix: Matrix, *, is_soft: bool) -> None:
    segments = pdfium.FPDFPath_CountSegments(item)
    box = _box(item, matrix)
    found.segments += segments
    found.paths.append(Path(box, segments))
    if box[2] - box[0] < _AREA_POINTS or box[3] - box[1] < _AREA_POINTS:
        return
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    if not pdfium.FPDFPath_GetDrawMode(item, fill, stroke) or not fill.value:
        return
    colour = _colour(pdfium.FPDFPageObj_GetFillColor, item)
    ink = UNKNOWN_INK if colour is None else colour[:3]
    is_whole = not is_soft and not pdfium.FPDFPageObj_HasTransparency(item)
    if colour is not None and colour[3] <= _SAME_INK:
        return
    covers = is_whole and found.paths[-1].is_rectangle
    shown = _meet(box, clip_of(item, matrix))
    if shown is not None:
        found.areas.append(_Area(order, shown, ink if is_whole else UNKNOWN_INK, covers))


def items(holder: Any) -> Iterator[tuple[Any, int, Matrix, bool, Any]]:
    """The objects with their kinds, the matrix and the form that they are in (None: the page), as raw handles, because
    pypdfium2's wrappers cost more than all other work. The flag: whether a form around it is transparent.
    """
    budget = _OBJECTS_SEEN

    def walk(count: int, get: Any, of: Any, matrix: Matrix, depth: int, soft: bool) -> Iterator[Any]:  # noqa: FBT001
        nonlocal budget
        for index in range(count):
            if (budget := budget - 1) < 0:
                return
            item = get(of, index)
            kind = pdfium.FPDFPageObj_GetType(item)
            if kind != pdfium.FPDF_PAGEOBJ_FORM:
                yield item, kind, matrix, soft, None if of is holder else of
            elif depth:
                inner = pdfium.FPDFFormObj_CountObjects(item)
                is_soft = soft or bool(pdfium.FPDFPageObj_HasTransparency(item))
                yield from walk(
                    inner, pdfium.FPDFFormObj_GetObject, item, _joined(_matrix(item), matrix), depth - 1, is_soft
                )

    return walk(pdfium.FPDFPage_CountObjects(holder), pdfium.FPDFPage_GetObject, holder, UNMOVED, _DEPTH, soft=False)


def _matrix(item: Any) -> Matrix:
    found = pdfium.FS_MATRIX()
    if not pdfium.FPDFPageObj_GetMatrix(item, found):
        return UNMOVED
    return found.a, found.b, found.c, found.d, found.e, found.f


def _joined(first: Matrix, then: Matrix) -> Matrix:
    a, b, c, d, e, f = first
    return (*_moved(a, b, then), *_moved(c, d, then), *_moved(e, f, then, shifted=1))


def _moved(x: float, y: float, by: Matrix, shifted: int = 0) -> tuple[float, float]:
    a, b, c, d, e, f = by
    return a * x + c * y + shifted * e, b * x + d * y + shifted * f


def _box(item: Any, matrix: Matrix) -> Box:
    edges = _EDGES
    if not pdfium.FPDFPageObj_GetBounds(item, *edges):
        return 0.0, 0.0, 0.0, 0.0
    box = (edges[0].value, edges[1].value, edges[2].value, edges[3].value)
    return box if matrix is UNMOVED else _moved_box(box, matrix)


_EDGES = tuple(ctypes.c_float() for _ in range(4))


def _moved_box(box: Box, matrix: Matrix) -> Box:
    corners = [_moved(x, y, matrix, shifted=1) for x in (box[0], box[2]) for y in (box[1], box[3])]
    xs, ys = zip(*corners, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def clip_of(item: Any, matrix: Matrix) -> Box | None:
    """The bounding box of the object's clip path; None without one."""
    clip = pdfium.FPDFPageObj_GetClipPath(item)
    if not clip:
        return None
    found: Box | None = None
    x, y = ctypes.c_float(), ctypes.c_float()
    for path in range(max(pdfium.FPDFClipPath_CountPaths(clip), 0)):
        points: list[tuple[float, float]] = []
        for place in range(max(pdfium.FPDFClipPath_CountPathSegments(clip, path), 0)):
            segment = pdfium.FPDFClipPath_GetPathSegment(clip, path, place)
            if segment and pdfium.FPDFPathSegment_GetPoint(segment, x, y):
                points.append(_moved(x.value, y.value, matrix, shifted=1))
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
