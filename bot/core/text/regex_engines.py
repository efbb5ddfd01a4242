"""Which engine runs a regular expression, so that no text can make it slow: a match costs time in proportion to the text.

LazyPattern calls engine_for() at its first use. Python's own engine gets what costs a bounded number of steps at each place of
the text, proven on the parsed pattern; it is the fastest for short lines. All else goes to RE2, which is linear by construction.
What neither can do is refused with re.error: look-around or a back-reference beside an unbounded repetition.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

# The parser behind re.compile has no public name; a test holds what is read of its trees.
from re import _compiler as compiler  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, AnyStr, Generic, cast

from bot.core.text.re2_language import SlowPatternError, in_re2
from bot.core.text.regex_cost import is_local, needed_words

_LONG = 1000
"""A pattern of more characters is not parsed for its proof: a hundred times more would fail it than pass."""
_MEMORY = 1 << 20  # bytes that RE2 may take for one pattern, program and states; it is slower, never wrong, with fewer


def engine_for(pattern: AnyStr, flags: int) -> re.Pattern[AnyStr]:
    """The compiled pattern; RE2's is used like Python's. SlowPatternError for one that could take longer."""
    if len(pattern) <= _LONG:
        tree = parser.parse(pattern, flags)
        if is_local(list(tree), tree.state.flags):
            return cast("re.Pattern[AnyStr]", compiler.compile(tree, flags))
    found = _Re2(pattern, flags)
    _unlearned.append((found, flags))
    return cast("re.Pattern[AnyStr]", found)


_unlearned: list[tuple[_Re2[Any], int]] = []


def learn_words() -> Iterator[None]:
    """Let one of RE2's patterns after the other learn which words a text must have for a match.

    It takes half of a pattern's compilation, and then saves most searches: for who searches many texts.
    """
    while _unlearned:
        pattern, flags = _unlearned.pop()
        pattern.learn(flags)
        yield


_NOWHERE = (-1, -1)


class _Match(Generic[AnyStr]):
    """The methods of re.Match that the program calls."""

    __slots__ = ("_names", "_spans", "_text")

    def __init__(self, text: AnyStr, spans: Sequence[tuple[int, int]], names: dict[str, int]) -> None:
        self._text: AnyStr = text
        self._spans, self._names = spans, names

    def span(self, group: int | str = 0) -> tuple[int, int]:
        return self._spans[group if isinstance(group, int) else self._names[group]]

    def start(self, group: int | str = 0) -> int:
        return self.span(group)[0]

    def end(self, group: int | str = 0) -> int:
        return self.span(group)[1]

    def __getitem__(self, group: int | str) -> AnyStr | None:
        start, end = self.span(group)
        return None if start < 0 else self._text[start:end]

    def group(self, *groups: int | str) -> Any:
        if len(groups) > 1:
            return tuple(self[one] for one in groups)
        return self[groups[0] if groups else 0]

    def groups(self, default: AnyStr | None = None) -> tuple[AnyStr | None, ...]:
        return tuple(default if span == _NOWHERE else self._text[slice(*span)] for span in self._spans[1:])

    @property
    def lastindex(self) -> int | None:
        """The group that was closed last; of two that end together, the outer one."""
        ends = [end for _, end in self._spans[1:]]
        return ends.index(max(ends)) + 1 if ends and max(ends) >= 0 else None

    @property
    def lastgroup(self) -> str | None:
        last = self.lastindex
        return next((name for name, group in self._names.items() if group == last), None)


class _Re2(Generic[AnyStr]):
    """RE2's pattern behind the methods of re.Pattern. Half a surrogate pair is matched as U+FFFD.

    It calls the binding of the `re2` package, not its module in Python: that one is several times slower for short texts, finds an
    empty match twice, and counts the text's characters up to the start at each call.
    """

    def __init__(self, pattern: AnyStr, flags: int) -> None:
        from re2 import Options, _re2  # noqa: PLC0415  # its shared object is loaded when the first pattern needs it

        options = Options()
        options.max_mem = _MEMORY
        options.log_errors = False
        if isinstance(pattern, bytes):
            options.encoding = Options.Encoding.LATIN1
        self.pattern: AnyStr = pattern
        self._needed: Sequence[Sequence[AnyStr]] = ()
        program = _re2.RE2(in_re2(pattern, flags), options)
        if not program.ok():
            raise SlowPatternError(f"it may take more than linear time: {program.error()}", pattern)
        self._match = program.Match
        self._names = {name.decode(): group for name, group in program.NamedCapturingGroups()}
        anchor = _re2.RE2.Anchor
        self._anywhere, self._here, self._whole = anchor.UNANCHORED, anchor.ANCHOR_START, anchor.ANCHOR_BOTH

    def learn(self, flags: int) -> None:
        """Find the words that a match holds; from now on a text without them is not searched."""
        tree = parser.parse(self.pattern, flags)
        as_text: Callable[[str], Any] = str.encode if isinstance(self.pattern, bytes) else str
        self._needed = [[as_text(word) for word in words] for words in needed_words(tree, tree.state.flags)]

    def _may_match(self, text: AnyStr) -> bool:
        for words in self._needed:
            for word in words:
                if word in text:
                    break
            else:
                return False
        return True

    def match(self, text: AnyStr, start: int = 0, end: int | None = None) -> re.Match[AnyStr] | None:
        return self._first(self._here, text, start, end)

    def fullmatch(self, text: AnyStr, start: int = 0, end: int | None = None) -> re.Match[AnyStr] | None:
        return self._first(self._whole, text, start, end)

    def search(self, text: AnyStr, start: int = 0, end: int | None = None) -> re.Match[AnyStr] | None:
        return self._first(self._anywhere, text, start, end)

    def _first(self, anchor: Any, text: AnyStr, start: int, end: int | None) -> re.Match[AnyStr] | None:
        if not self._may_match(text):
            return None
        encoded = _encoded(text)
        spans = self._match(anchor, encoded.data, encoded.byte_of(start), encoded.end(end))
        return None if spans[0] == _NOWHERE else self._found(text, encoded, spans)

    def _found(self, text: AnyStr, encoded: _Encoded, spans: Sequence[tuple[int, int]]) -> re.Match[AnyStr]:
        return cast("re.Match[AnyStr]", _Match(text, encoded.in_characters(spans), self._names))

    def finditer(self, text: AnyStr, start: int = 0, end: int | None = None) -> Iterator[re.Match[AnyStr]]:
        if not self._may_match(text):
            return
        encoded = _encoded(text)
        place, last = encoded.byte_of(start), encoded.end(end)
        before = _NOWHERE
        while place <= last:
            spans = self._match(self._anywhere, encoded.data, place, last)
            if spans[0] == _NOWHERE:
                return
            if spans[0] != before:
                yield self._found(text, encoded, spans)
            before = spans[0]
            place = before[1] if before[1] > place else encoded.next_byte(place)  # an empty match is behind us

    def findall(self, text: AnyStr) -> list[Any]:
        nothing = text[:0]
        groups = (found.groups(nothing) or (found[0],) for found in self.finditer(text))
        return [each[0] if len(each) == 1 else each for each in groups]

    def split(self, text: AnyStr, maxsplit: int = 0) -> list[Any]:
        return list(self._pieces(text, maxsplit, lambda found: found.groups()))

    def sub(self, by: AnyStr | Callable[[re.Match[AnyStr]], AnyStr], text: AnyStr, count: int = 0) -> AnyStr:
        replacement = by if callable(by) else _expander(by)
        return text[:0].join(self._pieces(text, count, lambda found: (replacement(found),)))

    def _pieces(
        self, text: AnyStr, most: int, between: Callable[[re.Match[AnyStr]], Iterable[AnyStr]]
    ) -> Iterator[AnyStr]:
        """What stands around the matches, and for each match what `between` makes of it."""
        end = 0
        for found in islice(self.finditer(text), most or None):
            yield text[end : found.start()]
            yield from between(found)
            end = found.end()
        yield text[end:]


class _Encoded:
    """A text as RE2 reads it, and a place in it that is known in characters and in bytes, from which others are counted."""

    __slots__ = ("_known", "_simple", "data", "text")

    def __init__(self, text: str | bytes) -> None:
        self.text = text
        self.data = text if isinstance(text, bytes) else _utf8(text)
        self._simple = len(self.data) == len(text)  # a character is a byte
        self._known = (0, 0)

    def byte_of(self, place: int) -> int:
        """The place of a character in bytes, counted from the known place, which it becomes; that of the end beyond it."""
        if self._simple or not place:
            return min(place, len(self.data))
        place = min(place, len(self.text))
        character, byte = self._known
        between = len(_utf8(cast("str", self.text)[min(character, place) : max(character, place)]))
        byte += between if place >= character else -between
        self._known = (place, byte)
        return byte

    def end(self, place: int | None) -> int:
        """`byte_of` for an end, None for the text's own; the known place stays."""
        if place is None or place >= len(self.text):
            return len(self.data)
        return place if self._simple else len(_utf8(cast("str", self.text)[:place]))

    def next_byte(self, place: int) -> int:
        """Where the next character begins."""
        place += 1
        while not self._simple and place < len(self.data) and self.data[place] & 0xC0 == 0x80:  # inside of a character
            place += 1
        return place

    def in_characters(self, spans: Sequence[tuple[int, int]]) -> Sequence[tuple[int, int]]:
        """Spans of bytes in characters, the whole match first; _NOWHERE for a group that matched nothing."""
        if self._simple:
            return spans
        (begin, end), *groups = spans
        start = self._character_of(begin, self._known)
        whole = (start, self._character_of(end, (start, begin)))
        self._known = (whole[1], end)
        return [whole, *(one if one[0] < 0 else self._counted(one, start, begin) for one in groups)]

    def _counted(self, span: tuple[int, int], character: int, byte: int) -> tuple[int, int]:
        start = self._character_of(span[0], (character, byte))
        return start, self._character_of(span[1], (start, span[0]))

    def _character_of(self, place: int, known: tuple[int, int]) -> int:
        character, byte = known
        between = len(self.data[min(byte, place) : max(byte, place)].decode())
        return character + between if place >= byte else character - between


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        return re.sub("[\ud800-\udfff]", "\ufffd", text).encode()


_latest = _Encoded("")


def _encoded(text: str | bytes) -> _Encoded:
    global _latest  # noqa: PLW0603 - one text, so that memory is bounded
    latest = _latest
    if latest.text is not text:
        latest = _latest = _Encoded(text)
    return latest


def _expander(template: AnyStr) -> Callable[[re.Match[AnyStr]], AnyStr]:
    r"""The template of a sub with `\1` to `\9` and no other backslash; re2's own damages letters beyond ASCII."""
    group: Any = r"\\([1-9])" if isinstance(template, str) else rb"\\([1-9])"
    pieces: list[AnyStr] = re.split(group, template)
    nothing = template[:0]

    def expand(match: re.Match[AnyStr]) -> AnyStr:
        # By turns a text and a group's number.
        return nothing.join(match[int(one)] or nothing if place % 2 else one for place, one in enumerate(pieces))

    return expand if len(pieces) > 1 else lambda _match: template
