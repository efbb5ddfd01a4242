"""CSS as text: declarations, colours, sizes, and which properties take text out of sight.

Called by visibility.py. Closed: a property that is not known to be harmless hides, and a value that can't be computed is none. Values are
in lower case. Linear; nothing is raised.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from bot.core.text.lazy_pattern import LazyPattern

Colour = tuple[int, int, int]
Declaration = tuple[str, str]
LEAST_SIZE = 5.0
"""Pixels of a font that is read."""
_LEAST_OPACITY = 0.5
_MOST_PIXELS, _MOST_OUTLINE = 500.0, 5.0

# ---------------------------------------------------------------- tables of CSS

SIZES = {
    "xx-small": 0.5625, "x-small": 0.625, "small": 0.8125, "medium": 1.0, "large": 1.125, "x-large": 1.5, "xx-large": 2.0,
    "smaller": 0.83, "larger": 1.2,
}  # fmt: skip
_NAMED_COLOURS = {
    "black": "#000000", "windowtext": "#000000", "white": "#ffffff", "window": "#ffffff", "red": "#ff0000", "blue": "#0000ff",
    "green": "#008000", "navy": "#000080", "teal": "#008080", "olive": "#808000", "maroon": "#800000", "purple": "#800080",
    "fuchsia": "#ff00ff", "magenta": "#ff00ff", "aqua": "#00ffff", "cyan": "#00ffff", "lime": "#00ff00", "yellow": "#ffff00",
    "silver": "#c0c0c0", "gray": "#808080", "grey": "#808080", "orange": "#ffa500", "brown": "#a52a2a", "darkblue": "#00008b",
    "darkred": "#8b0000", "darkgreen": "#006400", "dimgray": "#696969", "dimgrey": "#696969", "crimson": "#dc143c",
    "initial": "#000000",
}  # fmt: skip
HARMLESS_VALUES = frozenset({"none", "normal", "auto", "initial", "inherit", "unset", ""})
_DISPLAYS = frozenset(
    "block inline inline-block list-item flow-root contents flex inline-flex grid inline-grid table inline-table table-row table-cell"  # noqa: SIM905 - names read better as a line
    " table-caption table-column table-column-group table-row-group table-header-group table-footer-group initial inherit unset".split(),
)
# Properties, and beginnings of their names, that take no text out of sight while their lengths are small.
_HARMLESS = (
    "margin", "padding", "border", "outline", "font-family", "font-weight", "font-style", "font-variant", "font-stretch", "font-kerning",
    "font-feature", "font-optical", "font-smoothing", "osx-font-smoothing", "text-align", "text-indent", "text-transform", "text-justify",
    "text-autospace", "text-underline", "text-rendering", "text-wrap", "text-spacing", "vertical-align", "list-style", "word-break",
    "word-wrap", "word-spacing", "letter-spacing", "overflow-wrap", "white-space", "hyphens", "line-break", "tab-", "orphans", "widows", "page", "break-",
    "cursor", "box-sizing", "table-layout", "caption-side", "empty-cells", "clear", "float", "pointer-events", "user-select",
    "user-modify", "user-drag", "tap-highlight-color", "caret-color", "resize", "object-fit", "align-", "justify-", "flex", "gap",
    "row-gap", "column-gap", "min-width", "min-height", "background-repeat", "background-position", "background-size",
    "background-attachment", "quotes", "nbsp-mode", "interpolation-mode", "top", "left", "right", "bottom", "size",
    "layout-grid", "punctuation-wrap", "ime-mode", "print-color-adjust",
)  # fmt: skip

# ---------------------------------------------------------------- declarations

_BEGINS = LazyPattern(r"/\*|[\"']")
_TO_QUOTE = {
    '"': LazyPattern(r'(?:[^"\\\n]|\\.)*', re.DOTALL),
    "'": LazyPattern(r"(?:[^'\\\n]|\\.)*", re.DOTALL),
}
_ODD = LazyPattern(r"[\\{}@]|/\*")
_UNKNOWN = ("unknown", "unknown")


def bare_style(source: str) -> str:
    """A style without comments, its strings empty; a string that is not closed leaves a backslash, which is read as unknown."""
    out: list[str] = []
    place = 0
    while found := _BEGINS.search(source, place):
        out.append(source[place : found.start()])
        place, mark = found.end(), found[0]
        if mark == "/*":
            end = source.find("*/", place)
            place = end + 2 if end >= 0 else len(source)
            out.append(" ")
            continue
        inner = _TO_QUOTE[mark].match(source, place)
        place = inner.end() if inner else place
        is_closed = source.startswith(mark, place)
        place += is_closed
        out.append('""' if is_closed else "\\")
    return "".join((*out, source[place:]))


def declarations(style: str) -> list[Declaration]:
    """The properties and values of a style, in lower case; what can't be read is an unknown property."""
    if not style.strip():
        return []
    return list(declarations_of(bare_style(style)))


def declarations_of(bare: str) -> Iterator[Declaration]:
    """The same of what `bare_style` returned."""
    if _ODD.search(bare):
        yield _UNKNOWN
    for one in bare.split(";"):
        name, colon, value = one.partition(":")
        if colon:
            yield name.strip().lower(), value.lower().replace("!important", "").replace("! important", "").strip()


# ---------------------------------------------------------------- colours

_WORD = LazyPattern(r"[^\s(]*\([^()]*\)|[^\s(]+|\(")


def is_length(word: str) -> bool:
    """Whether a word is a number, with or without a unit."""
    return _NUMBER.match(word) is not None


def split(value: str) -> list[str]:
    """The words of a value; a function with its arguments is one."""
    return _WORD.findall(value)


_HEX = LazyPattern(r"#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})")
_RGB = LazyPattern(r"rgba?\(\s*([0-9.]{1,6})[\s,]+([0-9.]{1,6})[\s,]+([0-9.]{1,6})(?:[\s,/]+([0-9.]{1,8})(%?))?\s*\)")
_MOST = 255


def colour_of(value: str) -> Colour | None:
    """An opaque colour; None for one that is not, or can't be told."""
    value = value.strip()
    if value in _NAMED_COLOURS:
        value = _NAMED_COLOURS[value]
    if len(value) in {3, 6} and _HEX.fullmatch(f"#{value}"):
        value = f"#{value}"  # attributes of old
    if _HEX.fullmatch(value):
        digits = value[1:] if len(value) > len("#rgba") else "".join(one * 2 for one in value[1:])
        red, green, blue, alpha = (int(digits[place : place + 2] or "ff", 16) for place in (0, 2, 4, 6))
        return (red, green, blue) if alpha == _MOST else None
    found = _RGB.fullmatch(value)
    if not found or any(part.count(".") > 1 for part in found.groups("")):
        return None
    if found[4] and (float(found[4].strip(".") or 0) / (100 if found[5] else 1)) < 1:
        return None
    red, green, blue = (min(_MOST, int(float(one))) if one.strip(".") else 0 for one in (found[1], found[2], found[3]))
    return (red, green, blue)


def contrast(one: Colour, other: Colour) -> float:
    """WCAG 2's ratio: from 1, invisible, to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Colour) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (one / _MOST for one in colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


# ---------------------------------------------------------------- sizes

_NUMBER = LazyPattern(r"([+-]?)([0-9]{0,9}\.?[0-9]{0,9})(px|pt|pc|em|rem|ex|ch|%|mm|cm|in|vw|vh|q)?(?:/\S{0,20})?$")
_PIXELS = {"px": 1.0, "pt": 4 / 3, "pc": 16.0, "mm": 3.78, "cm": 37.8, "in": 96.0, "q": 0.945, "rem": 16.0}
_SIGNED = LazyPattern(r"-?[0-9]{0,12}\.?[0-9]{1,12}(?:e[+-]?[0-9]{1,9})?(?:px|pt|pc|em|rem|%|mm|cm|in|vw|vh|ex|ch)?")


def font_size(name: str, value: str, parents: float) -> float:
    """A font's size in pixels; 0 where it can't be told."""
    if value in HARMLESS_VALUES or (name == "font" and value in SIZES):
        return parents
    words = split(value) if name == "font" else [value]
    sizes = [size for word in words if (size := _one_size(word, parents)) is not None]
    return min(sizes, default=0.0)


def _one_size(word: str, parents: float) -> float | None:
    if word in SIZES:
        return parents * SIZES[word] if word in {"smaller", "larger"} else 16 * SIZES[word]
    found = _NUMBER.match(word)
    if not found or not found[2].strip("."):
        return None
    number = -float(found[2]) if found[1] == "-" else float(found[2])
    if not found[3]:
        return None if number >= 100 else 0.0  # a weight; or no unit
    if found[3] in {"em", "%"}:
        return parents * number / (100 if found[3] == "%" else 1)
    return number * _PIXELS[found[3]] if found[3] in _PIXELS else 0.0


# ---------------------------------------------------------------- all other properties

_HIDES_NOTHING = {
    "visibility": frozenset({"visible"}),
    "position": frozenset({"static", "relative"}),
    "direction": frozenset({"ltr"}),
    "writing-mode": frozenset({"horizontal-tb", "lr-tb"}),
    "flex-direction": frozenset({"row", "column"}),
    "text-size-adjust": frozenset({"auto", "100%"}),
    "overflow": frozenset({"visible", "auto", "scroll", "hidden", "clip"}),  # with a size: is_cut
    "overflow-x": frozenset({"visible", "auto", "scroll", "hidden", "clip"}),
    "overflow-y": frozenset({"visible", "auto", "scroll", "hidden", "clip"}),
    "width": None,
    "max-width": None,
}
# What hides an element and leaves those beside it as they are; anything else that hides may hide them, too.
ITSELF_ALONE = (
    "display", "visibility", "opacity", "mso-", "text-decoration", "text-indent", "line-height", "height", "max-height", "overflow",
    "direction", "padding", "-webkit-text-fill-color", "clip", "letter-spacing", "content-visibility", "zoom",
)  # fmt: skip
_LEAST = {
    "text-indent": -60.0,
    "margin-left": -10.0,
    "margin-right": -10.0,
    "letter-spacing": -2.0,
}  # Word's lists and tables hang out
_VENDORS = ("-webkit-", "-moz-", "-ms-", "-o-")
# Of Word's own properties those that take text out of sight, or may.
_WORDS_HIDING = ("hide", "fill", "raise", "font-width", "alpha", "effect", "position", "shade", "rotate")


def hides(name: str, value: str) -> bool:
    """Whether the property takes text out of sight, or may; colours, sizes and `white-space` are asked for by value."""
    for vendor in _VENDORS:
        name = name.removeprefix(vendor)
    if name.startswith("mso-"):
        return any(word in name for word in _WORDS_HIDING) and value not in {"none", "normal", "auto"}
    if name in {"display", "all"}:
        return name == "all" or value not in _DISPLAYS
    if name.startswith("--") or value in HARMLESS_VALUES or not name:
        return False
    if name in _HIDES_NOTHING:
        allowed = _HIDES_NOTHING[name]
        return allowed is not None and value not in allowed
    return not _is_small(name, value)


_SURELY = {
    "display": frozenset({"none"}),
    "visibility": frozenset({"hidden", "collapse"}),
    "mso-hide": frozenset({"all"}),
}


def surely_hides(name: str, value: str) -> bool:
    """Whether the property surely takes text out of sight, or strikes it out: of what `hides` the part that leaves no doubt."""
    for vendor in _VENDORS:
        name = name.removeprefix(vendor)
    if name.startswith("text-decoration"):
        return "line-through" in value
    if name in {"opacity", "font-size"}:
        found = _NUMBER.match(value)
        return bool(found and found[2].strip(".")) and _number(value) == 0
    return value in _SURELY.get(name, frozenset())


def _is_small(name: str, value: str) -> bool:
    """Whether the property is harmless, and its lengths are."""
    if name.startswith("text-decoration"):
        return "line-through" not in value and "(" not in value
    if name.startswith("text-stroke"):
        return value.startswith("0")
    if name == "opacity":
        return _number(value) / (100 if value.endswith("%") else 1) >= _LEAST_OPACITY
    if name == "line-height":
        return (_one_size(value, 16.0) or 16 * _number(value)) >= LEAST_SIZE
    if name.startswith("outline"):  # it is drawn over what stands beside it
        return _lengths_within(value, 0.0, most=_MOST_OUTLINE)
    if name in {"height", "max-height"}:
        return _number(value) > 0 if value.endswith("%") else (_one_size(value, 16.0) or 0.0) >= LEAST_SIZE
    if name == "color-scheme":
        return value in {"light", "only light"}
    return (
        name.startswith(_HARMLESS)
        and not name.startswith("border-image")
        and _lengths_within(value, _LEAST.get(name, 0.0))
    )


def _number(value: str) -> float:
    found = _NUMBER.match(value)
    return float(found[2]) if found and found[2].strip(".") and found[1] != "-" else 0.0


def _lengths_within(value: str, least: float, *, most: float = _MOST_PIXELS) -> bool:
    """Whether no length in the value moves text out of sight."""
    for found in _SIGNED.findall(value):
        size = found.rstrip("abcdefghijklmnopqrstuvwxyz%")
        if not size or "e" in size:
            return False
        pixels = float(size) * _PIXELS.get(found[len(size) :], 16.0 if found.endswith(("em", "w", "h")) else 1.0)
        if not least <= pixels <= most:
            return False
    return True


def is_cut(told: Iterable[Declaration]) -> bool:
    """Whether a box of a certain size cuts what it holds."""
    named = dict(told)
    cuts = any(named.get(one) in {"hidden", "clip"} for one in ("overflow", "overflow-x", "overflow-y"))
    sizes = (named.get(one, "auto") for one in ("height", "max-height", "width", "max-width"))
    return cuts and any(size not in HARMLESS_VALUES and size not in {"100%", "min-content"} for size in sizes)
