"""Every regular expression of the program, and texts made from one: for the tests of their engines and of their growth."""

from __future__ import annotations

import gc
import importlib
import pkgutil
import re
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from re import _constants as sre
from re import _parser as parser
from typing import Any

import bot
import storage
from bot.core.mail.subject_forms import every_form
from bot.core.text.lazy_pattern import LazyPattern


@cache
def every_pattern() -> dict[str, LazyPattern[Any]]:
    """All patterns that stand in modules, in tables and objects of modules too, by a name that stays the same."""
    for package in (bot, storage):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not found.name.endswith("__main__"):
                importlib.import_module(found.name)
    every_form()
    gc.unfreeze()  # the collector does not tell of what was there when a command loaded in another test
    living = [one for one in gc.get_objects() if isinstance(one, LazyPattern) and _is_right(one)]
    made = {(one.pattern, one.flags): one for one in living}
    ordered = sorted(made.values(), key=lambda one: (isinstance(one.pattern, bytes), str(one.pattern), one.flags))
    return {f"{place:03d} {one.pattern!r}"[:70]: one for place, one in enumerate(ordered)}


def _is_right(pattern: LazyPattern[Any]) -> bool:
    """Wrong ones are other tests' (a city's settings); that ours can be compiled is tested in test_lazy_pattern.py."""
    try:
        _tree(pattern.pattern, pattern.flags)
    except re.error:
        return False
    return True


@cache
def _tree(pattern: Any, flags: int) -> Any:
    return parser.parse(pattern, flags)


@cache
def _names() -> dict[tuple[Any, int], set[str]]:
    found: dict[tuple[Any, int], set[str]] = {}
    for module in [one for name, one in sys.modules.items() if name.startswith(("bot.", "storage."))]:
        for name, value in vars(module).items():
            if isinstance(value, LazyPattern):
                found.setdefault((value.pattern, value.flags), set()).add(name)
    return found


@cache
def _used_again_and_again() -> set[str]:
    sources = (file.read_text() for package in (bot, storage) for file in Path(package.__path__[0]).rglob("*.py"))
    return {name for text in sources for name in re.findall(r"(\w+)\.(?:finditer|findall|sub|split)\(", text)}


def is_used_again_and_again(pattern: LazyPattern[Any]) -> bool:
    """Whether the program looks for every match in a text, not for one: by the pattern's name and what is called on it."""
    return not _used_again_and_again().isdisjoint(_names().get((pattern.pattern, pattern.flags), ()))


@cache
def atoms(pattern: LazyPattern[Any]) -> list[str]:
    """Short texts that the pattern speaks of: its literals, a member or two of each of its classes."""
    found = dict.fromkeys(text for text in _atoms(_tree(pattern.pattern, pattern.flags)) if text)
    return list(found)


def _atoms(nodes: Iterable[tuple[Any, Any]]) -> Iterator[str]:
    run = ""
    for kind, value in nodes:
        if kind is sre.LITERAL:
            run += chr(value)
            continue
        yield run
        run = ""
        yield from _of_node(kind, value)
    yield run


def _of_node(kind: Any, value: Any) -> Iterator[str]:
    if kind is sre.IN:
        members = [member for item in value for member in _members(*item)]
        yield from (members[:1], members[-1:])[1]
        yield from members[:3]
    elif kind is sre.BRANCH:
        for branch in value[1]:
            yield from _atoms(branch)
    elif kind is sre.SUBPATTERN:
        yield from _atoms(value[-1])
    elif kind in {sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT}:
        yield from _atoms(value[2])
        if len(value[2]) > 1:
            yield "".join(_atoms(value[2]))
    elif kind in {sre.ASSERT, sre.ASSERT_NOT}:
        yield from _atoms(value[1])


_OF_CATEGORY = {sre.CATEGORY_SPACE: " ", sre.CATEGORY_DIGIT: "7", sre.CATEGORY_WORD: "w", sre.CATEGORY_NOT_SPACE: "x"}


def _members(kind: Any, value: Any) -> Iterator[str]:
    if kind is sre.LITERAL:
        yield chr(value)
    elif kind is sre.RANGE:
        yield from (chr(value[0]), chr(value[1]))
    elif kind is sre.CATEGORY:
        yield _OF_CATEGORY.get(value, "-")


def as_text(pattern: LazyPattern[Any], text: str) -> Any:
    """The text as the pattern takes it."""
    return text if isinstance(pattern.pattern, str) else text.encode("latin-1", "replace")


def by_python(pattern: LazyPattern[Any]) -> re.Pattern[Any]:
    """The pattern in Python's own engine."""
    return re.compile(pattern.pattern, pattern.flags)
