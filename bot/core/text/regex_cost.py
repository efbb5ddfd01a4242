"""What a regular expression costs Python's own engine at one place of the text, as an upper bound proven on the parsed pattern.

Called by regex_engines.py. Pure; nothing is raised.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce

# The parser behind re.compile has no public name; a test holds what is read of its trees.
from re import _constants as sre  # type: ignore[attr-defined]
from typing import Any

STEPS = 1000
"""So many steps of Python's engine at one place of the text are few."""
_MANY = 10**6
_ONE = frozenset({sre.LITERAL, sre.NOT_LITERAL, sre.ANY, sre.IN})
Node = tuple[Any, Any]


@dataclass(frozen=True, slots=True)
class _Cost:
    """Upper bounds for a piece of a pattern, from one place of the text."""

    ways: int  # in which it can match
    steps: int
    loops: int  # unbounded repetitions that may be retried


_NOTHING = _Cost(1, 0, 0)
_BEYOND = _Cost(_MANY, _MANY, _MANY)


def is_local(nodes: Sequence[Node], flags: int) -> bool:
    """Whether each start costs at most STEPS. An anchored pattern has one start, and may run through the text once."""
    cost = _cost(nodes, last=True)
    one_start = nodes[:1] == [(sre.AT, sre.AT_BEGINNING)] and not flags & re.MULTILINE
    return cost.steps <= STEPS and cost.loops <= one_start


def _cost(nodes: Iterable[Node], *, last: bool) -> _Cost:
    """`last`: nothing follows that could fail, so a repetition at the end is never retried."""
    nodes = list(nodes)
    return reduce(
        _then, (_cost_of(node, last=last and place == len(nodes) - 1) for place, node in enumerate(nodes)), _NOTHING
    )


def _then(first: _Cost, second: _Cost) -> _Cost:
    return _Cost(
        min(first.ways * second.ways, _MANY),
        min(first.steps + first.ways * second.steps, _MANY),
        first.loops + second.loops,
    )


def _cost_of(node: Node, *, last: bool) -> _Cost:
    kind, value = node
    if kind in _ONE or kind is sre.AT:
        return _Cost(1, 1, 0)
    if kind is sre.SUBPATTERN:
        return _cost(value[-1], last=last)
    if kind in {sre.ASSERT, sre.ASSERT_NOT}:
        inside = _cost(value[1], last=False)
        return _Cost(1, inside.steps, inside.loops)  # it is not retried
    if kind is sre.BRANCH:
        each = [_cost(branch, last=last) for branch in value[1]]
        return _Cost(sum(one.ways for one in each), sum(one.steps for one in each), max(one.loops for one in each))
    if kind is sre.ATOMIC_GROUP:
        inside = _cost(value, last=last)
        return _Cost(1, inside.steps, inside.loops)
    if kind is sre.POSSESSIVE_REPEAT:
        inside = _cost_of_repetition(*value, last=last)
        return _Cost(1, inside.steps, inside.loops)
    if kind in {sre.MAX_REPEAT, sre.MIN_REPEAT}:
        return _cost_of_repetition(*value, last=last)
    return _BEYOND  # back-references


def _cost_of_repetition(least: int, most: int, body: Sequence[Node], *, last: bool) -> _Cost:
    if most is sre.MAXREPEAT:
        single = len(body) == 1 and body[0][0] in _ONE
        return _Cost(1, least + 1, 0 if last else 1) if single else _BEYOND
    inside = _cost(body, last=last and most == 1)
    ways, steps, now = int(least == 0), 0, 1
    for times in range(1, most + 1):
        steps, now = steps + now * inside.steps, now * inside.ways
        ways += now if times >= least else 0
        if steps > _MANY or ways > _MANY:
            return _BEYOND
    return _Cost(ways, steps, inside.loops * most)
