"""A stranger's text that makes a regular expression slow: texts made from each pattern itself, pumped up.

The work is CPU time, the least of several measurements; twice the text may take two and a half times the work.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import islice, product
from typing import Any

import pytest

from bot.core.text.lazy_pattern import LazyPattern
from tests.patterns import as_text, atoms, every_pattern, is_used_again_and_again

BLOCKS = 16
GROWTH = 2.5
MEASURABLE = 0.02
"""Seconds; superlinear work on texts of these sizes takes far more."""
KNOWN_KILLERS = ("@.", "a@", " ", "　", "-", ">", "|  ", "\n", "[", "(", "=?", "0", "あ", "\\", '"', "<", "\t ", "=\n")


def pumped(pattern: LazyPattern[Any], characters: int, *, many: bool) -> Iterator[str]:
    """The pattern's own pieces again and again, one alone and two by turns, behind a beginning and before a wrong end."""
    pieces = atoms(pattern)
    few = pieces if many else pieces[:: max(1, len(pieces) // 3)][:3]
    pairs = [one + other for one, other in product(few, few[:12] if many else few[:1])]
    for piece in dict.fromkeys([*few, *pairs, *(KNOWN_KILLERS if many else KNOWN_KILLERS[:2])]):
        text = piece * (characters // len(piece) + 1)
        yield (pieces[0] if pieces else "") + text[:characters] + "\x01"


def seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def is_steep(work: Callable[[str], object], text: str, twice: str) -> bool:
    """Whether the work on the text grows by more than GROWTH when the text is doubled; what looks so is measured again."""
    first = seconds(lambda: work(twice))
    looks_so = first > MEASURABLE and first > GROWTH * seconds(lambda: work(text))
    return looks_so and all(grows(work, text, twice, times=3) for _ in range(3))


def grows(work: Callable[[str], object], text: str, twice: str, times: int) -> bool:
    """By turns, so that a slower minute of the machine meets both; the least of each counts."""
    pairs = [(seconds(lambda: work(text)), seconds(lambda: work(twice))) for _ in range(times)]
    return min(two for _, two in pairs) > GROWTH * min(one for one, _ in pairs)


@pytest.mark.parametrize("first", range(BLOCKS))
def test_twice_the_text_is_twice_the_work(first: int, request: pytest.FixtureRequest) -> None:
    many = request.config.getoption("--slow")
    block = list(every_pattern().items())[first::BLOCKS]
    found = {name: steep for name, pattern in block if (steep := steep_texts(pattern, many=many))}
    assert found == {}


def steep_texts(pattern: LazyPattern[Any], *, many: bool) -> list[str]:
    """The beginnings of the texts for which the pattern's work grows too fast."""
    size = 40_000 if many else 2_000
    again = is_used_again_and_again(pattern)

    def work(text: Any) -> None:
        for _ in islice(pattern.finditer(text), None if again else 1):
            pass
        pattern.match(text)
        pattern.fullmatch(text)

    texts = zip(pumped(pattern, size, many=many), pumped(pattern, 2 * size, many=many), strict=True)
    return [one[:40] for one, two in texts if is_steep(work, as_text(pattern, one), as_text(pattern, two))]


def test_the_measurement_sees_a_pattern_that_backtracks() -> None:
    import re  # noqa: PLC0415  # the only place that wants the slow engine

    slow = re.compile(r"\s*\s*x")
    assert is_steep(slow.search, " " * 200, " " * 400)
