"""A parsed pattern of Python in RE2's language.

Called by regex_engines.py. Pure; raises SlowPatternError for what RE2 can't say, since Python's engine would take too long for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

# The parser behind re.compile has no public name; a test holds what is read of its trees.
from re import _constants as sre  # type: ignore[attr-defined]
from typing import Any

from bot.core.text.regex_cost import Node


class SlowPatternError(re.error):
    """No engine can hold this pattern to linear time."""


_SPACE = r"\t-\r\x1c-\x20\x85\xa0\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}"
_NO_SPACE = (
    r"\x00-\x08\x0e-\x1b\x21-\x{84}\x{86}-\x{9f}\x{a1}-\x{167f}\x{1681}-\x{1fff}\x{200b}-\x{2027}\x{202a}-\x{202e}"
    r"\x{2030}-\x{205e}\x{2060}-\x{2fff}\x{3001}-\x{10ffff}"
)
_UNICODE = {
    sre.CATEGORY_SPACE: _SPACE,
    sre.CATEGORY_NOT_SPACE: _NO_SPACE,
    sre.CATEGORY_DIGIT: r"\p{Nd}",
    sre.CATEGORY_NOT_DIGIT: r"\P{Nd}",
    sre.CATEGORY_WORD: r"\p{L}\p{N}_",
}
_ASCII = {
    sre.CATEGORY_SPACE: r"\t-\r\x20",
    sre.CATEGORY_NOT_SPACE: r"\x00-\x08\x0e-\x1f\x21-\x{10ffff}",
    sre.CATEGORY_DIGIT: r"0-9",
    sre.CATEGORY_NOT_DIGIT: r"\x00-/:-\x{10ffff}",
    sre.CATEGORY_WORD: r"0-9A-Za-z_",
}
_BYTES = {category: members.replace(r"\x{10ffff}", r"\xff") for category, members in _ASCII.items()}


class Translation:
    r"""A parsed pattern of Python in RE2's language. In a pattern for str, classes mean the characters that they mean to Python;
    a `\b` must say (?a:\b), since RE2 knows no other; `$` is the end of the text, also where a line end follows.
    """

    def __init__(self, tree: Any, pattern: str | bytes, flags: int) -> None:
        self._tree, self._pattern = tree, pattern
        self._bytes = isinstance(pattern, bytes)
        self._flags = flags
        self._names = {group: name for name, group in tree.state.groupdict.items()}

    def whole(self) -> str:
        """The pattern."""
        inside = self._sequence(self._tree, self._flags)
        return f"(?i:{inside})" if self._flags & re.IGNORECASE else inside

    def _refused(self, why: object) -> SlowPatternError:
        return SlowPatternError(f"it may take more than linear time: {why}", self._pattern)

    def _sequence(self, nodes: Iterable[Node], flags: int) -> str:
        return "".join(self._node(kind, value, flags) for kind, value in nodes)

    def _node(self, kind: Any, value: Any, flags: int) -> str:
        if kind is sre.LITERAL:
            return self._character(value)
        if kind is sre.NOT_LITERAL:
            return f"[^{self._character(value)}]"
        if kind is sre.ANY:
            return "(?s:.)" if flags & re.DOTALL else r"[^\n]"
        if kind is sre.IN:
            return self._class(value, flags)
        if kind is sre.AT:
            return self._place(value, flags)
        if kind is sre.BRANCH:
            return "(?:" + "|".join(self._sequence(branch, flags) for branch in value[1]) + ")"
        if kind is sre.SUBPATTERN:
            return self._group(value, flags)
        if kind in {sre.MAX_REPEAT, sre.MIN_REPEAT}:
            least, most, body = value
            times = f"{{{least},{'' if most is sre.MAXREPEAT else most}}}"
            return f"(?:{self._sequence(body, flags)}){times}" + ("?" if kind is sre.MIN_REPEAT else "")
        raise self._refused(kind)

    def _group(self, group: tuple[int | None, int, int, Sequence[Node]], flags: int) -> str:
        number, add, take, body = group
        inside = self._sequence(body, (flags | add) & ~take)
        if (add | take) & re.IGNORECASE:
            inside = f"(?{'-' if take & re.IGNORECASE else ''}i:{inside})"
        if number is None:
            return f"(?:{inside})"
        if self._bytes and number in self._names:
            raise self._refused("a named group in a pattern for bytes")  # re2 would take its name as bytes only
        return f"(?P<{self._names[number]}>{inside})" if number in self._names else f"({inside})"

    def _place(self, place: Any, flags: int) -> str:
        lines = flags & re.MULTILINE
        if place is sre.AT_BEGINNING:
            return "(?m:^)" if lines else r"\A"
        if place is sre.AT_END:
            return "(?m:$)" if lines else r"\z"
        ascii_only = self._bytes or flags & re.ASCII
        told = {sre.AT_BEGINNING_STRING: r"\A", sre.AT_END_STRING: r"\z"}
        if ascii_only:
            told |= {sre.AT_BOUNDARY: r"\b", sre.AT_NON_BOUNDARY: r"\B"}
        if place not in told:
            raise self._refused(place)
        return told[place]

    def _class(self, items: Sequence[Node], flags: int) -> str:
        known = _BYTES if self._bytes else _ASCII if flags & re.ASCII else _UNICODE
        negated = items[0][0] is sre.NEGATE
        no_word = (sre.CATEGORY, sre.CATEGORY_NOT_WORD)
        rest = [item for item in items[negated:] if item != no_word]
        inside = "".join(self._member(kind, value, known) for kind, value in rest)
        if len(rest) == len(items) - negated:
            return f"[{'^' if negated else ''}{inside}]"
        word = known[sre.CATEGORY_WORD]
        if not rest:
            return f"[{'' if negated else '^'}{word}]"
        if negated:
            raise self._refused(r"[^\W…]")
        return f"(?:[^{word}]|[{inside}])"

    def _member(self, kind: Any, value: Any, known: dict[Any, str]) -> str:
        if kind is sre.RANGE:
            return f"{self._character(value[0])}-{self._character(value[1])}"
        return known[value] if kind is sre.CATEGORY else self._character(value)

    def _character(self, code: int) -> str:
        if 0xD800 <= code <= 0xDFFF:
            raise self._refused("half of a surrogate pair")
        return chr(code) if chr(code).isascii() and chr(code).isalnum() else f"\\x{{{code:x}}}"
