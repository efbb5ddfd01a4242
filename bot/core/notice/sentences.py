"""Number and key in a sentence: 「保証契約番号は00000-000000、認証キーは…です」.

Called by core/notice/interpret.py for a mail's own text without a labelled notice. The result always goes to a person. Pure;
nothing is raised.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.core.notice.document import Line, text_page
from bot.core.notice.key_notice import FoundNotice, read_notices
from bot.core.notice.labels import find_labels
from bot.core.policy.policy import Formats, within
from bot.core.records.submission import Field
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.normalise import full_width_ascii_to_half

_REACH = 30  # the most characters from a word's beginning to its value: 認証キーは下記のとおりです
_NUMBER_WORD = LazyPattern("番号")
_KEY_WORD = LazyPattern("(?:キ|ｷ)[ーｰ-]")
_DASH_IN_NUMBER = LazyPattern("(?<=[0-9])[\u2010-\u2015\u2212\u30fc\uff70](?=[0-9])")
_NAMES = frozenset({Field.PROJECT_NAME, Field.CONTRACTOR, Field.PRODUCT})


def read_sentences(words: str, formats: Formats) -> tuple[FoundNotice, ...]:
    """The notices that the words tell: as many numbers as keys, by turns. What names the work stands in labelled lines."""
    text = _DASH_IN_NUMBER.sub("-", full_width_ascii_to_half(words))
    numbers = list(_named(_NUMBER_WORD, formats.numbers, text))
    keys = list(_named(_KEY_WORD, formats.keys, text))
    if not numbers or not _take_turns([at for _, at in numbers], [at for _, at in keys]):
        return ()
    lines = [line.text for line in text_page(words).lines if _names_the_work(line)]
    for (number, _), (key, _) in zip(numbers, keys, strict=True):
        lines += [f"保証契約番号：{number}", f"認証キー：{key}"]
    return read_notices([text_page("\n".join(lines))], formats)


def _named(word: LazyPattern[str], forms: Sequence[str], text: str) -> Iterator[tuple[str, int]]:
    """Each different run of a known form within _REACH after the word, with its position."""
    seen: set[str] = set()
    runs = sorted(found.span() for one in forms for found in within(one).finditer(text))
    for start, end in runs:
        run = text[start:end]
        near = text[max(start - _REACH, 0) : start].rpartition("。")[2]
        if word.search(near) and run not in seen:
            seen.add(run)
            yield run, start


def _take_turns(numbers: Sequence[int], keys: Sequence[int]) -> bool:
    """Whether numbers and keys alternate: all numbers before their keys, or all after."""
    if len(numbers) != len(keys):
        return False
    order = [kind for _, kind in sorted([(at, "number") for at in numbers] + [(at, "key") for at in keys])]
    return order in (["number", "key"] * len(keys), ["key", "number"] * len(keys))


def _names_the_work(line: Line) -> bool:
    fields = {label.field for label in find_labels(line)}
    return bool(fields) and fields <= _NAMES
