"""Whether a person surely sees the text of an HTML element, or surely doesn't: by its attributes, its style and the mail's style sheets.

Called by html.py for each element. Nothing is drawn: a property that is not known to be harmless, a value that can't be
computed and a rule that may match count as hiding. Linear in the style's length; nothing is raised; nothing is fetched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from bot.core.mail.css import (
    ITSELF_ALONE,
    LEAST_SIZE,
    SIZES,
    Colour,
    Declaration,
    bare_style,
    colour_of,
    contrast,
    declarations,
    declarations_of,
    font_size,
    hides,
    is_cut,
    is_length,
    split,
    surely_hides,
)
from bot.core.text.lazy_pattern import LazyPattern

_BLACK, _WHITE, _LINK = (0, 0, 0), (255, 255, 255), (0, 0, 238)
_MOST_COLOURS = 8  # that may be an element's at once
_MOST_VALUES = 16  # of rules that may match one element
_LEAST_CONTRAST = 1.75  # WCAG 2's ratio; 4.5 is easy to read, 1 is invisible


@dataclass(frozen=True, slots=True)
class Look:
    """How an element's text looks. Several colours: it can't be told which."""

    is_unseen: bool = False
    is_out: bool = False  # surely out of sight, or struck out
    colours: frozenset[Colour] = frozenset({_BLACK})
    grounds: frozenset[Colour] = frozenset({_WHITE})
    size: float = 16.0
    keeps_lines: bool = False  # white-space: pre and the like
    is_moved: bool = False  # it may stand over other text

    @property
    def is_seen(self) -> bool:
        """Whether a person surely sees text that looks so."""
        if self.is_unseen or self.size < LEAST_SIZE:
            return False
        if not self.colours or not self.grounds or len(self.colours) + len(self.grounds) > _MOST_COLOURS:
            return False
        return all(contrast(one, other) >= _LEAST_CONTRAST for one in self.colours for other in self.grounds)

    @property
    def is_hidden(self) -> bool:
        """Whether a person surely doesn't see it, or sees it struck out."""
        if self.is_out or len(self.colours) != 1 or len(self.grounds) != 1:
            return self.is_out
        return self.colours == self.grounds


# Elements whose text is no text of the page, or only when somebody opens or chooses it.
_UNSEEN_TAGS = frozenset(
    "textarea select option optgroup datalist button meter progress details dialog marquee s strike del bdo".split()  # noqa: SIM905 - names read better as a line
)


_HIDING_ATTRIBUTES = frozenset({"hidden", "popover", "inert"})
_STRUCK_TAGS = frozenset({"s", "strike", "del"})


def look_of(tag: str, attributes: Mapping[str, str | None], parent: Look, sheet: StyleSheet) -> Look:
    """The look of an element inside `parent`."""
    look = parent
    if (
        tag in _UNSEEN_TAGS
        or not _HIDING_ATTRIBUTES.isdisjoint(attributes)
        or (attributes.get("aria-hidden") or "").strip().lower() == "true"
    ):
        is_out = tag in _STRUCK_TAGS or "hidden" in attributes
        look = replace(look, is_unseen=True, is_out=look.is_out or is_out)
    if tag == "a" and "href" in attributes:
        look = replace(look, colours=look.colours | {_LINK})
    if tag == "pre":
        look = replace(look, keeps_lines=True)
    if tag in {"small", "sub", "sup"}:
        look = replace(look, size=look.size * SIZES["smaller"])
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


# ---------------------------------------------------------------- declarations


def _styled(look: Look, told: Iterable[Declaration]) -> Look:
    """The look with these declarations."""
    told = list(told)
    for name, value in told:
        if name in {"color", "background-color", "background"}:
            look = _coloured(look, name, value)
        elif name in {"font-size", "font"}:
            look = replace(look, size=font_size(name, value, look.size))
        elif name == "white-space":
            look = replace(look, keeps_lines=value.startswith(("pre", "break-spaces")))
        elif hides(name, value):
            look = replace(look, is_unseen=True, is_moved=look.is_moved or not name.startswith(ITSELF_ALONE))
    if any(surely_hides(*one) for one in told):
        look = replace(look, is_unseen=True, is_out=True)
    return replace(look, is_unseen=True) if is_cut(told) else look


def _coloured(look: Look, name: str, value: str) -> Look:
    if value in {"inherit", "unset", ""}:
        return look
    if name == "color":
        if value in {"currentcolor", "auto"}:
            return look
        colour = colour_of(value)
        return replace(look, colours=frozenset({colour}) if colour else frozenset())
    if value in {"none", "initial", "transparent", "auto", "", "inherit", "repeat"}:
        return look  # what is behind shows
    words = [word for word in split(value) if word not in _BESIDE_GROUND and not is_length(word)]
    colour = colour_of(words[0]) if len(words) == 1 else None
    if not words or words == ["transparent"]:
        return look
    return replace(look, grounds=frozenset({colour}) if colour else frozenset())


_BESIDE_GROUND = frozenset(
    "none repeat no-repeat repeat-x repeat-y scroll fixed local center top bottom left right / auto initial padding-box border-box".split()  # noqa: SIM905 - names read better as a line
)

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
    is_out: bool = False  # surely
    is_moved: bool = False
    declared: dict[Declaration, bool] = field(default_factory=dict)  # each with whether it surely applies


class StyleSheet:
    """The rules of a mail's <style> elements."""

    def __init__(self, source: str = "") -> None:
        self._effects: dict[str, _Effect] = {}
        self.is_told = True  # False: something stands in it that can't be computed
        if source.strip():
            self._read(bare_style(source.replace("<!--", " ").replace("-->", " ")))

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
                self._add(preludes[-1], list(declarations_of(told)), is_sure=len(preludes) == 1)
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
            effect.is_unseen = effect.is_unseen or is_cut(told)
            effect.is_out = effect.is_out or (
                is_sure and one.lower() == key and any(surely_hides(*two) for two in told)
            )
            for name, value in told:
                if name in _TOLD_BY_VALUE:
                    effect.declared[name, value] = is_sure and one == key
                elif name != "white-space" and hides(name, value):
                    effect.is_unseen = True
                    effect.is_moved = effect.is_moved or not name.startswith(ITSELF_ALONE)

    def applied(self, tag: str, attributes: Mapping[str, str | None], look: Look) -> Look:
        """The look with the rules that match, or may match."""
        if not self._effects:
            return look
        keys = ["*", tag, *("." + one for one in (attributes.get("class") or "").lower().split()[:50])]
        keys.append("#" + (attributes.get("id") or "").strip().lower())
        effects = [self._effects[key] for key in keys if key in self._effects]
        if not effects:
            return look
        if any(effect.is_out for effect in effects):
            look = replace(look, is_unseen=True, is_out=True)
        told = {one: sure for effect in effects for one, sure in effect.declared.items()}
        if any(effect.is_unseen for effect in effects) or len(told) > _MOST_VALUES:
            return replace(look, is_unseen=True, is_moved=look.is_moved or any(effect.is_moved for effect in effects))
        return replace(
            look,
            colours=_may_be(look, told, ("color",), lambda one: one.colours),
            grounds=_may_be(look, told, ("background", "background-color"), lambda one: one.grounds),
            size=min((font_size(*one, look.size) for one in told if one[0].startswith("font")), default=look.size),
        )


def _may_be(
    look: Look, told: Mapping[Declaration, bool], names: tuple[str, ...], read: Callable[[Look], frozenset[Colour]]
) -> frozenset[Colour]:
    """The colours that one of the declarations may give; none where one of them can't be told."""
    found = [read(_styled(look, [one])) for one in told if one[0] in names]
    if not any(sure for one, sure in told.items() if one[0] in names):
        found.append(read(look))
    return frozenset().union(*found) if all(found) else frozenset()
