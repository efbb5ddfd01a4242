"""Whether a person surely sees the text of an HTML element: by its attributes, its style and the mail's style sheets.

Called by html.py for each element. Nothing is drawn: a property that is not known to be harmless, a value that can't be
computed and a rule that may match count as hiding. Linear in the style's length; nothing is raised; nothing is fetched.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from bot.core.text.lazy_pattern import LazyPattern

Colour = tuple[int, int, int]
_BLACK, _WHITE, _LINK = (0, 0, 0), (255, 255, 255), (0, 0, 238)
_MOST_COLOURS = 8  # that may be an element's at once
_MOST_VALUES = 16  # of rules that may match one element
_LEAST_CONTRAST = 1.75  # WCAG 2's ratio; 4.5 is easy to read, 1 is invisible
_LEAST_SIZE = 5.0  # pixels
_LEAST_OPACITY = 0.5
_MOST_PIXELS, _MOST_OUTLINE = 500.0, 5.0


@dataclass(frozen=True, slots=True)
class Look:
    """How an element's text looks. Several colours: it can't be told which."""

    is_unseen: bool = False
    colours: frozenset[Colour] = frozenset({_BLACK})
    grounds: frozenset[Colour] = frozenset({_WHITE})
    size: float = 16.0
    keeps_lines: bool = False  # white-space: pre and the like
    is_moved: bool = False  # it may stand over other text

    @property
    def is_seen(self) -> bool:
        """Whether a person surely sees text that looks so."""
        if self.is_unseen or self.size < _LEAST_SIZE:
            return False
        if not self.colours or not self.grounds or len(self.colours) + len(self.grounds) > _MOST_COLOURS:
            return False
        return all(_contrast(one, other) >= _LEAST_CONTRAST for one in self.colours for other in self.grounds)


# Elements whose text is no text of the page, or only when somebody opens or chooses it.
_UNSEEN_TAGS = frozenset(
    "textarea select option optgroup datalist button meter progress details dialog marquee s strike del bdo".split()  # noqa: SIM905 - names read better as a line
)


_HIDING_ATTRIBUTES = frozenset({"hidden", "popover", "inert"})


def look_of(tag: str, attributes: Mapping[str, str | None], parent: Look, sheet: StyleSheet) -> Look:
    """The look of an element inside `parent`."""
    look = parent
    if (
        tag in _UNSEEN_TAGS
        or not _HIDING_ATTRIBUTES.isdisjoint(attributes)
        or (attributes.get("aria-hidden") or "").strip().lower() == "true"
    ):
        look = replace(look, is_unseen=True)
    if tag == "a" and "href" in attributes:
        look = replace(look, colours=look.colours | {_LINK})
    if tag == "pre":
        look = replace(look, keeps_lines=True)
    if tag in {"small", "sub", "sup"}:
        look = replace(look, size=look.size * _SIZES["smaller"])
    look = sheet.applied(tag, attributes, look)
    told = [
        (name, (attributes.get(attribute) or "").strip().lower())
        for attribute, name in _OLD_ATTRIBUTES
        if attribute in attributes
    ]
    look = _styled(look, [*told, *declarations(attributes.get("style") or "")])
    if tag in {"col", "colgroup"} and look.is_unseen:
        return replace(look, is_moved=True)  # it hides the cells, which are not inside it
    return look


_OLD_ATTRIBUTES = (("color", "color"), ("text", "color"), ("bgcolor", "background-color"), ("background", "background"))


# ---------------------------------------------------------------- tables of CSS

_SIZES = {
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
_HARMLESS_VALUES = frozenset({"none", "normal", "auto", "initial", "inherit", "unset", ""})
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
Declaration = tuple[str, str]


def _bare(source: str) -> str:
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
    return list(_declarations(_bare(style)))


def _declarations(bare: str) -> Iterator[Declaration]:
    if _ODD.search(bare):
        yield _UNKNOWN
    for one in bare.split(";"):
        name, colon, value = one.partition(":")
        if colon:
            yield name.strip().lower(), value.lower().replace("!important", "").replace("! important", "").strip()


def _styled(look: Look, told: Iterable[Declaration]) -> Look:
    """The look with these declarations."""
    told = list(told)
    for name, value in told:
        if name in {"color", "background-color", "background"}:
            look = _coloured(look, name, value)
        elif name in {"font-size", "font"}:
            look = replace(look, size=_size(name, value, look.size))
        elif name == "white-space":
            look = replace(look, keeps_lines=value.startswith(("pre", "break-spaces")))
        elif _hides(name, value):
            look = replace(look, is_unseen=True, is_moved=look.is_moved or not name.startswith(_ITSELF_ALONE))
    return replace(look, is_unseen=True) if _is_cut(told) else look


def _coloured(look: Look, name: str, value: str) -> Look:
    if value in {"inherit", "unset", ""}:
        return look
    if name == "color":
        if value in {"currentcolor", "auto"}:
            return look
        colour = _colour(value)
        return replace(look, colours=frozenset({colour}) if colour else frozenset())
    if value in {"none", "initial", "transparent", "auto", "", "inherit", "repeat"}:
        return look  # what is behind shows
    words = [word for word in _split(value) if word not in _BESIDE_GROUND and not _NUMBER.match(word)]
    colour = _colour(words[0]) if len(words) == 1 else None
    if not words or words == ["transparent"]:
        return look
    return replace(look, grounds=frozenset({colour}) if colour else frozenset())


_BESIDE_GROUND = frozenset(
    "none repeat no-repeat repeat-x repeat-y scroll fixed local center top bottom left right / auto initial padding-box border-box".split()  # noqa: SIM905 - names read better as a line
)
_WORD = LazyPattern(r"[^\s(]*\([^()]*\)|[^\s(]+|\(")


def _split(value: str) -> list[str]:
    return _WORD.findall(value)


_HEX = LazyPattern(r"#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})")
_RGB = LazyPattern(r"rgba?\(\s*([0-9.]{1,6})[\s,]+([0-9.]{1,6})[\s,]+([0-9.]{1,6})(?:[\s,/]+([0-9.]{1,8})(%?))?\s*\)")
_MOST = 255


def _colour(value: str) -> Colour | None:
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


def _contrast(one: Colour, other: Colour) -> float:
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


def _size(name: str, value: str, parents: float) -> float:
    """A font's size in pixels; 0 where it can't be told."""
    if value in _HARMLESS_VALUES or (name == "font" and value in _SIZES):
        return parents
    words = _split(value) if name == "font" else [value]
    sizes = [size for word in words if (size := _one_size(word, parents)) is not None]
    return min(sizes, default=0.0)


def _one_size(word: str, parents: float) -> float | None:
    if word in _SIZES:
        return parents * _SIZES[word] if word in {"smaller", "larger"} else 16 * _SIZES[word]
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
    "overflow": frozenset({"visible", "auto", "scroll", "hidden", "clip"}),  # with a size: _is_cut
    "overflow-x": frozenset({"visible", "auto", "scroll", "hidden", "clip"}),
    "overflow-y": frozenset({"visible", "auto", "scroll", "hidden", "clip"}),
    "width": None,
    "max-width": None,
}
# What hides an element and leaves those beside it as they are; anything else that hides may hide them, too.
_ITSELF_ALONE = (
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


def _hides(name: str, value: str) -> bool:
    for vendor in _VENDORS:
        name = name.removeprefix(vendor)
    if name.startswith("mso-"):
        return any(word in name for word in _WORDS_HIDING) and value not in {"none", "normal", "auto"}
    if name in {"display", "all"}:
        return name == "all" or value not in _DISPLAYS
    if name.startswith("--") or value in _HARMLESS_VALUES or not name:
        return False
    if name in _HIDES_NOTHING:
        allowed = _HIDES_NOTHING[name]
        return allowed is not None and value not in allowed
    return not _is_small(name, value)


def _is_small(name: str, value: str) -> bool:
    """Whether the property is harmless, and its lengths are."""
    if name.startswith("text-decoration"):
        return "line-through" not in value and "(" not in value
    if name.startswith("text-stroke"):
        return value.startswith("0")
    if name == "opacity":
        return _number(value) / (100 if value.endswith("%") else 1) >= _LEAST_OPACITY
    if name == "line-height":
        return (_one_size(value, 16.0) or 16 * _number(value)) >= _LEAST_SIZE
    if name.startswith("outline"):  # it is drawn over what stands beside it
        return _lengths_within(value, 0.0, most=_MOST_OUTLINE)
    if name in {"height", "max-height"}:
        return _number(value) > 0 if value.endswith("%") else (_one_size(value, 16.0) or 0.0) >= _LEAST_SIZE
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


def _is_cut(told: Iterable[Declaration]) -> bool:
    """Whether a box of a certain size cuts what it holds."""
    named = dict(told)
    cuts = any(named.get(one) in {"hidden", "clip"} for one in ("overflow", "overflow-x", "overflow-y"))
    sizes = (named.get(one, "auto") for one in ("height", "max-height", "width", "max-width"))
    return cuts and any(size not in _HARMLESS_VALUES and size not in {"100%", "min-content"} for size in sizes)


# ---------------------------------------------------------------- style sheets

_BRACE = LazyPattern(r"[{}]")
_DEEP = 10  # no sheet nests so far
_IDLE_RULES = (
    "@font-face",
    "@page",
    "@charset",
    "@namespace",
    "@keyframes",
    "@-webkit-keyframes",
    "@list",
    "@viewport",
)
_UNTIL_TOUCHED = (":hover", ":active", ":focus")
_BRACKETS = LazyPattern(r"\[[^\]]*\]")
_COMBINATORS = LazyPattern(r"[\s>+~|]+")
_KEYS = LazyPattern(r"([.#]?)([a-z0-9_\u0080-\U0010ffff-]+)")
_TOLD_BY_VALUE = frozenset({"color", "background-color", "background", "font-size", "font"})


@dataclass(slots=True)
class _Effect:
    """What the rules for one key do: an id, a class, an element's name, or *."""

    is_unseen: bool = False
    is_moved: bool = False
    declared: dict[Declaration, bool] = field(default_factory=dict)  # each with whether it surely applies


class StyleSheet:
    """The rules of a mail's <style> elements."""

    def __init__(self, source: str = "") -> None:
        self._effects: dict[str, _Effect] = {}
        self.is_told = True  # False: something stands in it that can't be computed
        if source.strip():
            self._read(_bare(source.replace("<!--", " ").replace("-->", " ")))

    def _read(self, bare: str) -> None:
        """Rules nest, in each other and in @media and its kin; nested ones may apply or not."""
        if "\\" in bare or "@import" in bare.lower():
            self.is_told = False
        preludes: list[str] = []
        start = 0
        for found in _BRACE.finditer(bare):
            text, brace, start = bare[start : found.start()], found[0], found.end()
            told, _, prelude = text.rpartition(";") if brace == "{" else (text, "", "")
            idle = next((one for one in preludes[:_DEEP] if one.startswith(_IDLE_RULES)), "")
            if idle:
                self.is_told = self.is_told and not (
                    idle == "@font-face" and "src" in told.lower()
                )  # letters of its own
            elif preludes and not preludes[-1].startswith("@"):
                self._add(preludes[-1], list(_declarations(told)), is_sure=len(preludes) == 1)
            if brace == "{":
                self.is_told = self.is_told and len(preludes) < _DEEP
                preludes.append(prelude.strip().lower())
            elif preludes:
                preludes.pop()
        if preludes:
            self.is_told = False

    def _add(self, selectors: str, told: list[Declaration], *, is_sure: bool) -> None:
        for selector in selectors.split(","):
            one = selector.strip()
            if not one or one.endswith(_UNTIL_TOUCHED):
                continue
            last = _COMBINATORS.split(_BRACKETS.sub("", one).strip())[-1].partition(":")[0]
            keys = _KEYS.findall(last) if "(" not in one else []
            ids = ["#" + name for kind, name in keys if kind == "#"]
            classes = ["." + name for kind, name in keys if kind == "."]
            key = next(iter((*ids, *classes, *(name for _, name in keys))), "*")
            effect = self._effects.setdefault(key, _Effect())
            effect.is_unseen = effect.is_unseen or _is_cut(told)
            for name, value in told:
                if name in _TOLD_BY_VALUE:
                    effect.declared[name, value] = is_sure and one == key
                elif name != "white-space" and _hides(name, value):
                    effect.is_unseen = True
                    effect.is_moved = effect.is_moved or not name.startswith(_ITSELF_ALONE)

    def applied(self, tag: str, attributes: Mapping[str, str | None], look: Look) -> Look:
        """The look with the rules that match, or may match."""
        if not self._effects:
            return look
        keys = ["*", tag, *("." + one for one in (attributes.get("class") or "").lower().split()[:50])]
        keys.append("#" + (attributes.get("id") or "").strip().lower())
        effects = [self._effects[key] for key in keys if key in self._effects]
        if not effects:
            return look
        told = {one: sure for effect in effects for one, sure in effect.declared.items()}
        if any(effect.is_unseen for effect in effects) or len(told) > _MOST_VALUES:
            return replace(look, is_unseen=True, is_moved=look.is_moved or any(effect.is_moved for effect in effects))
        return replace(
            look,
            colours=_may_be(look, told, ("color",), lambda one: one.colours),
            grounds=_may_be(look, told, ("background", "background-color"), lambda one: one.grounds),
            size=min((_size(*one, look.size) for one in told if one[0].startswith("font")), default=look.size),
        )


def _may_be(
    look: Look, told: Mapping[Declaration, bool], names: tuple[str, ...], read: Callable[[Look], frozenset[Colour]]
) -> frozenset[Colour]:
    """The colours that one of the declarations may give; none where one of them can't be told."""
    found = [read(_styled(look, [one])) for one in told if one[0] in names]
    if not any(sure for one, sure in told.items() if one[0] in names):
        found.append(read(look))
    return frozenset().union(*found) if all(found) else frozenset()
