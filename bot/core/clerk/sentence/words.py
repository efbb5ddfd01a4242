"""A sentence as words, each with its spelling brought to one form and the classes of vocabulary.toml that it stands in.

Called by sentences.py. The analyser (SudachiPy) and its dictionary are loaded at the first sentence: a command or a daemon that reads no
answer never has them. Time is in proportion to the text. Nothing is raised.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sudachipy import Morpheme, Tokenizer


@dataclass(frozen=True, slots=True)
class Word:
    """One word. `base`: its normal form; `kind`, `sort`, `form`: part of speech, its subdivision, inflection."""

    text: str
    base: str
    kind: str
    sort: str
    form: str
    classes: frozenset[str] = frozenset()


MOST_CHARACTERS = 240
"""Of a sentence; a longer one is not read."""
_MOST_PARTS = 6
_FUNCTION = frozenset({"助詞", "助動詞"})
NAME = frozenset({"name"})


@cache
def _analyser() -> Tokenizer:
    from sudachipy import Dictionary  # noqa: PLC0415 - half a hundred MB, for those who read an answer

    return Dictionary(dict="small").tokenizer()


def load() -> None:
    """Load the dictionary: a process that may open no file calls this before."""
    words_in("読む")


@cache
def _file() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("vocabulary.toml").read_text("utf-8"))


@cache
def listed(name: str) -> frozenset[str]:
    """The words of the grammar in this list."""
    return frozenset(_file()["forms"][name].split())


@cache
def vocabulary() -> dict[tuple[str, ...], frozenset[str]]:
    """The classes of each word, by the normal forms of its parts."""
    found: dict[tuple[str, ...], frozenset[str]] = {}
    for name, words in _file().items():
        written = words.split() if isinstance(words, str) else ()
        for parts in {*_apart(written, "の"), *((one.lower(),) for one in written)}:
            found[parts] = found.get(parts, frozenset()) | {name}
    return found


def _apart(listed: Sequence[str], joint: str) -> Iterator[tuple[str, ...]]:
    """The normal forms of the parts of each word, as the analyser parts it behind this joint."""
    begun = 0
    text = "".join(f"{joint}{one}" for one in listed)
    found = list(_analyser().tokenize(text))
    place = 0
    for one in listed:
        start, end = begun + len(joint), begun + len(joint) + len(one)
        parts = []
        while place < len(found) and found[place].end() <= end:
            if found[place].begin() >= start:
                parts.append(found[place])
            place += 1
        if parts and parts[0].begin() == start and parts[-1].end() == end:
            yield tuple(part.normalized_form().lower() for part in parts)
        begun = end


def _parts(text: str) -> list[Word]:
    return [_as_word(one) for one in _analyser().tokenize(text) if one.surface().strip()]


def _as_word(found: Morpheme) -> Word:
    kind, sort, detail, use, _, form = found.part_of_speech()
    is_name = sort == "固有名詞" and not found.is_oov()
    base = found.normalized_form().lower()
    return Word(found.surface(), base, kind, f"{sort} {detail} {use}", form, NAME if is_name else frozenset())


def is_person_named(text: str) -> bool:
    """Whether it names a person by a surname that the dictionary knows, with or without his office, and says nothing else."""
    words = _parts(text) if len(text) <= _MOST_NAME else []
    names = [one for one in words if "固有名詞 人名" in one.sort]
    if not names or len(words) > _MOST_NAME_PARTS:
        return False
    others = [one for one in words if one not in names]
    office = {"の", "です", "と", "申す", "ます", "御座る", "で", "より", "(", ")", "・", "新人", "担当", "御", "様"}
    return all(one.base in office or one.classes or one.kind == "接尾辞" or _is_office(one) for one in others)


def _is_office(one: Word) -> bool:
    known = vocabulary().get((one.base,), frozenset())
    return "person" in known or ("thing" in known and one.kind == "名詞")


_MOST_NAME, _MOST_NAME_PARTS = 24, 10


def words_in(text: str) -> Sequence[Word]:
    """The words of a sentence; parts that together are one word of the vocabulary as one."""
    return tuple(_joined(_parts(text))) if len(text) <= MOST_CHARACTERS else ()


def _joined(parts: Sequence[Word]) -> Iterator[Word]:
    known = vocabulary()
    place = 0
    while place < len(parts):
        for count in range(min(_MOST_PARTS, len(parts) - place), 0, -1):
            several = parts[place : place + count]
            classes = known.get(tuple(one.base for one in several))
            if classes is not None and several[0].kind not in _FUNCTION:
                break
        else:
            count, several, classes = 1, parts[place : place + 1], None
        last = several[-1]
        text, base = "".join(one.text for one in several), "".join(one.base for one in several)
        yield Word(text, base, last.kind, last.sort, last.form, classes if classes is not None else last.classes)
        place += count
