"""Regular expressions that no text can make slow, compiled at their first use so that importing a module which holds them is free.

`LazyPattern(...)` stands where `re.compile(...)` would stand at a module's top, and is used in the same way. Its engine
(regex_engines.py) takes time in proportion to the text. It raises re.error at the first use for a pattern that could take
longer; a test compiles them all, and refuses the functions of `re` for texts of others (tests/test_structure.py).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from functools import cached_property, lru_cache
from typing import Any, AnyStr, Generic

from bot.core.text.regex_engines import engine_for


@lru_cache(maxsize=256)
def form(pattern: str) -> LazyPattern[str]:
    """A pattern of a setting, compiled once."""
    return LazyPattern(pattern)


class LazyPattern(Generic[AnyStr]):
    """A pattern and its flags; the methods are those of re.Pattern."""

    def __init__(self, pattern: AnyStr, flags: int = 0) -> None:
        self.pattern: AnyStr = pattern
        self.flags = flags

    @cached_property
    def compiled(self) -> re.Pattern[AnyStr]:
        """The pattern in its engine."""
        return engine_for(self.pattern, self.flags)

    def match(self, text: AnyStr, start: int = 0, end: int = sys.maxsize) -> re.Match[AnyStr] | None:
        """Like re.Pattern.match."""
        return self.compiled.match(text, start, end)

    def fullmatch(self, text: AnyStr, start: int = 0, end: int = sys.maxsize) -> re.Match[AnyStr] | None:
        """Like re.Pattern.fullmatch."""
        return self.compiled.fullmatch(text, start, end)

    def search(self, text: AnyStr, start: int = 0, end: int = sys.maxsize) -> re.Match[AnyStr] | None:
        """Like re.Pattern.search."""
        return self.compiled.search(text, start, end)

    def finditer(self, text: AnyStr, start: int = 0, end: int = sys.maxsize) -> Iterator[re.Match[AnyStr]]:
        """Like re.Pattern.finditer."""
        return self.compiled.finditer(text, start, end)

    def findall(self, text: AnyStr) -> list[Any]:
        """Like re.Pattern.findall."""
        return self.compiled.findall(text)

    def split(self, text: AnyStr, maxsplit: int = 0) -> list[Any]:
        """Like re.Pattern.split."""
        return self.compiled.split(text, maxsplit)

    def sub(self, by: AnyStr | Callable[[re.Match[AnyStr]], AnyStr], text: AnyStr, count: int = 0) -> AnyStr:
        """Like re.Pattern.sub."""
        return self.compiled.sub(by, text, count)
