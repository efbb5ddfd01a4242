"""What a regular expression costs Python's own engine at one place of the text, as an upper bound proven on the parsed pattern.

Called by regex_engines.py. Pure; nothing is raised.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

# The parser behind re.compile has no public name; a test holds what is read of its trees.
from re import _constants as sre  # type: ignore[attr-defined]
from typing import Any, NamedTuple

STEPS = 1000
"""So many steps of Python's engine at one place of the text are few."""
_SINGLE = frozenset({sre.LITERAL, sre.NOT_LITERAL, sre.ANY, sre.IN})
_ONE = _SINGLE | {sre.AT}
Node = tuple[Any, Any]


class _Cost(NamedTuple):
    """Upper bounds for a piece of a pattern, from one place of the text."""

    ways: int  # in which it can match
    steps: int
    loops: int  # unbounded repetitions that may be retried


_ONE_STEP = _Cost(1, 1, 0)
_BEYOND = _Cost(STEPS + 1, STEPS + 1, STEPS + 1)
"""Of what costs too much wherever it stands: the rest of the pattern need not be looked at."""


def is_local(nodes: Sequence[Node], flags: int) -> bool:
    """Whether each start costs at most STEPS. An anchored pattern has one start, and may run through the text once."""
    cost = _cost(nodes, last=True)
    one_start = nodes[:1] == [(sre.AT, sre.AT_BEGINNING)] and not flags & re.MULTILINE
    return cost.steps <= STEPS and cost.loops <= one_start


def _cost(nodes: Sequence[Node], *, last: bool) -> _Cost:
    """`last`: nothing follows that could fail, so a repetition at the end is never retried."""
    ways, steps, loops, end = 1, 0, 0, len(nodes) - 1
    for place, (kind, value) in enumerate(nodes):
        more = _ONE_STEP if kind in _ONE else _cost_of(kind, value, last=last and place == end)
        steps += ways * more.steps
        if steps > STEPS:
            return _BEYOND
        ways *= more.ways
        loops += more.loops
    return _Cost(min(ways, STEPS + 1), steps, loops)


def _cost_of(kind: Any, value: Any, *, last: bool) -> _Cost:
    if kind is sre.SUBPATTERN:
        return _cost(value[-1], last=last)
    if kind in {sre.ASSERT, sre.ASSERT_NOT}:
        inside = _cost(value[1], last=False)
        return _Cost(1, inside.steps, inside.loops)  # it is not retried
    if kind is sre.BRANCH:
        return _cost_of_branches(value[1], last=last)
    if kind is sre.ATOMIC_GROUP:
        inside = _cost(value, last=last)
        return _Cost(1, inside.steps, inside.loops)
    if kind is sre.POSSESSIVE_REPEAT:
        inside = _cost_of_repetition(*value, last=last)
        return _Cost(1, inside.steps, inside.loops)
    if kind in {sre.MAX_REPEAT, sre.MIN_REPEAT}:
        return _cost_of_repetition(*value, last=last)
    return _BEYOND  # back-references


def _cost_of_branches(branches: Sequence[Sequence[Node]], *, last: bool) -> _Cost:
    ways, steps, loops = 0, 0, 0
    for branch in branches:
        more = _cost(branch, last=last)
        ways, steps, loops = ways + more.ways, steps + more.steps, max(loops, more.loops)
        if steps > STEPS:
            return _BEYOND
    return _Cost(ways, steps, loops)


def _cost_of_repetition(least: int, most: int, body: Sequence[Node], *, last: bool) -> _Cost:
    if most is sre.MAXREPEAT:
        single = len(body) == 1 and body[0][0] in _SINGLE
        return _Cost(1, least + 1, 0 if last else 1) if single else _BEYOND
    inside = _cost(body, last=last and most == 1)
    ways, steps, now = int(least == 0), 0, 1
    for times in range(1, most + 1):
        steps, now = steps + now * inside.steps, now * inside.ways
        ways += now if times >= least else 0
        if steps > STEPS:
            return _BEYOND
    return _Cost(ways, steps, inside.loops * most)


# -- what a text must have for a match

_SETS, _WORDS = 3, 12
"""So many sets of words are asked for, of so many words each: more take longer than the search."""
_LOST = "\ufffd"  # as which RE2 sees half of a surrogate pair
Words = tuple[str, ...]


def needed_words(nodes: Iterable[Node], flags: int) -> tuple[Words, ...]:
    """Sets of words: each match holds one of each set, so where all of one set are missing nothing can match."""
    found = sorted(_needed(nodes, flags), key=_rank)
    return tuple(dict.fromkeys(words for words in found if len(words) <= _WORDS))[:_SETS]


def _rank(words: Words) -> tuple[int, int]:
    """Long words are rare, and few are found out soon."""
    return -min(map(len, words)), len(words)


def _needed(nodes: Iterable[Node], flags: int) -> list[Words]:
    found: list[Words] = []
    word = ""
    for kind, value in nodes:
        if kind is sre.LITERAL and _is_itself(chr(value), flags):
            word += chr(value)
            continue
        if word:
            found.append((word,))
            word = ""
        if kind is sre.SUBPATTERN:
            found += _needed(value[-1], (flags | value[1]) & ~value[2])
        elif kind is sre.BRANCH:
            each = [min(_needed(branch, flags), key=_rank, default=()) for branch in value[1]]
            if all(each):
                found.append(tuple(dict.fromkeys(one for words in each for one in words)))
        elif kind in {sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT} and value[0]:
            found += _needed(value[2], flags)
        elif kind is sre.ATOMIC_GROUP:
            found += _needed(value, flags)
    return [*found, (word,)] if word else found


def _is_itself(letter: str, flags: int) -> bool:
    """Whether nothing else matches where this letter is asked for."""
    return letter != _LOST and (not flags & re.IGNORECASE or letter.lower() == letter.upper())
