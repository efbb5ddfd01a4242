"""The ink of a value: what people see where letters were read must be these letters' ink, and nothing else.

Called by appearance.py with three pictures of one line: the page as it is, the page without any text, and the text alone in
black on white. Works with Pillow only. `is_seen` returns False for letters that are covered, clipped, pale, partly drawn or
drawn over something; it has no excuse for what it can't compare. Raises nothing but MemoryError.

    as it is       without text     text alone
    │ 12345 │   −  │       │    =   12345        every letter has ink, its contrast is even, nothing else is in its place
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

from PIL import Image, ImageChops

Place = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels."""

_FULL = 255
# The least contrast of a letter to its background, of 255. Grey of half the brightness has 128 on white.
_LEAST_CONTRAST = 84
# A pixel with half of a letter's strongest coverage, and so much at least, counts as the letter's own.
_LEAST_INK = 48
# The part of a letter's own pixels that may be fainter than half of its contrast (smoothing at the edges).
_FAINT_PART = 0.1
# Pixels outside of the letters may differ by this much between the page and the page without text.
_SAME = 40
# Pixels so near to a letter's, at its smoothed edges, are its own.
_NEAR = 2
# Texture and watermarks behind letters may have this part of the letters' contrast.
_TEXTURE_PART = 0.3
_TINT = 4
# The part of a row or column that must be inked to be a line.
_LINE_PART = 0.95


@dataclass(frozen=True, slots=True)
class Pictures:
    """A line of a page, three times, in one size: `whole` and `bare` in RGB, `alone` in grey."""

    whole: Image.Image
    bare: Image.Image
    alone: Image.Image


def is_seen(pictures: Pictures, letters: Sequence[Place], around: Place, em: int) -> bool:
    """Whether the letters, and nothing but them, are seen in their places.

    `around`: the space in which no other ink may stand, from the tops of the letters to their baseline. `em` in pixels.
    """
    contrast = ImageChops.difference(pictures.whole.convert("L"), pictures.bare.convert("L"))
    coverage = ImageChops.invert(pictures.alone)
    is_black_on_white = contrast.tobytes() == coverage.tobytes()
    weakest = _FULL
    for place in letters:
        ink = coverage.crop(place)
        if is_black_on_white:
            own = _FULL if max(ink.tobytes(), default=0) >= _LEAST_INK else 0
        else:
            own = _contrast_of(contrast.crop(place).tobytes(), ink.tobytes())
        if own < _LEAST_CONTRAST:
            return False
        weakest = min(weakest, own)
    return _is_nothing_else(pictures, around) and _is_plain(pictures.bare, around, round(weakest * _TEXTURE_PART), em)


def has_nothing_drawn(picture: Image.Image, around: Place, em: int) -> bool:
    """Whether a place is empty paper, but for lines."""
    return _is_plain(picture, around, _SAME, em)


def _contrast_of(contrast: bytes, coverage: bytes) -> int:
    """A letter's contrast; 0 when it has no ink or an uneven one."""
    least = max(max(coverage, default=0) // 2, _LEAST_INK)
    counted = Counter(zip(contrast, coverage, strict=True))
    own = [(seen, ink, pixels) for (seen, ink), pixels in counted.items() if ink >= least]
    most = max((_FULL * seen // ink for seen, ink, _ in own), default=0)
    faint = sum(pixels for seen, ink, pixels in own if 2 * _FULL * seen < most * ink)
    return 0 if faint > max(1, _FAINT_PART * sum(pixels for _, _, pixels in own)) else min(most, _FULL)


def _is_nothing_else(pictures: Pictures, around: Place) -> bool:
    """Whether the page differs from the page without text only where the text has ink."""
    other = _strongest(ImageChops.difference(pictures.whole, pictures.bare)).crop(around)
    elsewhere = darkest_near(pictures.alone, around).point([0] * 250 + [_FULL] * 6)
    return _highest(ImageChops.darker(other, elsewhere)) <= _SAME


def darkest_near(picture: Image.Image, around: Place) -> Image.Image:
    """Of each pixel in a place the darkest one within two rows and columns: a rank filter takes twenty times as long."""
    left, top, right, bottom = around
    wide, high = right - left, bottom - top
    seen = Image.new("L", (wide + 2 * _NEAR, high + 2 * _NEAR), _FULL)
    x, y = max(left - _NEAR, 0), max(top - _NEAR, 0)
    part = picture.crop((x, y, min(right + _NEAR, picture.width), min(bottom + _NEAR, picture.height)))
    seen.paste(part, (x - left + _NEAR, y - top + _NEAR))
    rows = [seen.crop((step, 0, step + wide, high + 2 * _NEAR)) for step in range(2 * _NEAR + 1)]
    beside = reduce(ImageChops.darker, rows)
    return reduce(ImageChops.darker, (beside.crop((0, step, wide, step + high)) for step in range(2 * _NEAR + 1)))


def _is_plain(bare: Image.Image, around: Place, tolerance: int, em: int) -> bool:
    """Whether the background is of one colour, crossed by whole lines at most."""
    background = bare.crop(around)
    if all(high - low <= tolerance for low, high in background.getextrema()):  # type: ignore[misc]
        return True
    colour = tuple(
        max(range(256), key=band.histogram().__getitem__) for band in background.split()
    )  # the most frequent
    reach = (around[0], max(around[1] - em // 3, 0), around[2], min(around[3] + em // 3, bare.height))
    paper = Image.new("RGB", bare.size, colour)
    other = ImageChops.difference(bare.convert("L"), paper.convert("L"))
    # People see differences of brightness; those of colour alone, such as a highlighter's, count less.
    tinted = _strongest(ImageChops.difference(bare, paper)).point([value // _TINT for value in range(256)])
    inked = ImageChops.lighter(other, tinted).point([0] * (tolerance + 1) + [1] * (_FULL - tolerance))
    return _is_lines(inked.crop(around), inked.crop(reach))


def _is_lines(inked: Image.Image, taller: Image.Image) -> bool:
    """Whether all inked pixels belong to whole rows, or to columns that are longer than letters are high (`taller`)."""
    width, height = inked.size
    pixels, tall = inked.tobytes(), taller.tobytes()
    columns = bytes(sum(tall[x::width]) >= _LINE_PART * taller.height for x in range(width))
    between = width - sum(columns)
    for y in range(height):
        row = pixels[y * width : (y + 1) * width]
        rest = sum(ink for ink, line in zip(row, columns, strict=True) if not line)
        # Strokes through the middle of letters change them; those above and below are rules.
        if rest and (rest < _LINE_PART * between or height / 5 < y < height * 4 / 5):
            return False
    return True


def _strongest(difference: Image.Image) -> Image.Image:
    """The largest difference of the three channels."""
    red, green, blue = difference.split()
    return ImageChops.lighter(ImageChops.lighter(red, green), blue)


def _highest(picture: Image.Image) -> int:
    return int(picture.getextrema()[1])  # type: ignore[arg-type]
