"""The words of a sentence with its names and quotations as one word each, and whether all of them are known.

Called by sentences.py. A name is made by its form alone: words that stand in no class of vocabulary.toml with an end that nothing else has (工事,
さん, 課); a word that speaks against is never part of one. Pure; linear; nothing is raised.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.core.clerk.sentence.words import NAME, Word, listed, words_in

NOMINAL = frozenset({"名詞", "接頭辞", "接尾辞", "形状詞"})
_NOT_QUOTED = frozenset({"fault", "differs", "old", "good", "enter", "deed", "register", "us"})
_NEVER = frozenset({"against", "orders"})
_ELSEWHERE = frozenset({"turns", "doubt"})
"""Classes of asides.py, which say nothing here."""


def phrases_in(text: str) -> Sequence[Word]:
    """The words, with what is a name as one word: 浦田組, 南橋補修工事, 久世さん, and what stands in 「」."""
    words = words_in(text)
    told: list[Word] = []
    place = 0
    while place < len(words):
        if words[place].text in "「『" and (end := _closing(words, place)):
            inside = words[place + 1 : end]
            classes = frozenset[str]().union(*(one.classes for one in inside)) - _NOT_QUOTED
            told.append(_as_one(inside, classes | NAME))
            place = end + 1
            continue
        count = _name_at(words, place)
        told.append(_as_one(words[place : place + count], NAME) if count else words[place])
        place += count or 1
    return told


def _closing(words: Sequence[Word], place: int) -> int:
    return next((n for n in range(place, len(words)) if words[n].text in "」』"), 0)


def _name_at(words: Sequence[Word], begun: int) -> int:
    """How many words from here on are a name."""
    end = begun
    while end < len(words) and _may_be_in_a_name(words[end]):
        end += 1
    ends = listed("name_ends")
    for count in range(end - begun, 1, -1):
        part = words[begun : begun + count]
        if part[-1].text in ends and any(not one.classes or one.classes == NAME for one in part[:-1]):
            return count
    return 0


def _may_be_in_a_name(one: Word) -> bool:
    is_sign = one.kind in {"補助記号", "記号"} and (one.text in "ー・ヶ" or "spelling" in one.classes)
    return (one.kind in NOMINAL or is_sign) and not one.classes & _NEVER


def _as_one(several: Sequence[Word], classes: frozenset[str]) -> Word:
    return Word("".join(one.text for one in several), "", "名詞", "普通名詞", "", classes)


def are_known(words: Sequence[Word]) -> bool:
    """Whether each word is in a class, a number, a name, or a word of the grammar."""
    return all(_is_known(one) or _is_either(words, place) for place, one in enumerate(words)) and not any(
        one.text == "件" and "数詞" in words[place - 1].sort and not is_followed(words, place, {"ずつ"})
        for place, one in enumerate(words)
        if place
    )


def _is_known(one: Word) -> bool:
    if one.classes & _NEVER:
        return False
    if one.classes - _ELSEWHERE or one.sort.startswith("数詞"):
        return True
    match one.kind:
        case "助詞":
            return one.base in listed("particles")
        case "助動詞":
            return one.base in listed("auxiliaries")
        case "補助記号" | "記号":
            return one.text in listed("signs")
        case "感動詞":
            return one.sort.startswith("フィラー")
        case "接尾辞" if one.base in listed("suffixes"):
            return True
    is_era = one.kind == "名詞" and one.text in {"R", "H", "S"}
    return is_era or one.base in listed("helping") or one.base in {"無い", "御", "ご"} or one.text == "いう"


def _is_either(words: Sequence[Word], place: int) -> bool:
    """全角か半角かの違い."""
    places = [n for n, one in enumerate(words) if one.base == "か"]
    is_two = place in places and len(places) == 2
    return is_two and any(one.text in {"の", "だけ", "と", "という", "は"} for one in words[places[-1] + 1 :][:1])


def is_followed(words: Sequence[Word], place: int, bases: set[str]) -> bool:
    """Whether one of these words comes next."""
    return place + 1 < len(words) and words[place + 1].base in bases


def is_noun_phrase(text: str) -> bool:
    """Whether it is a name or nouns, and says nothing."""
    words = words_in(text)
    are_nouns = all(
        one.kind in NOMINAL or one.text in {"の", "と", "・"} or "name" in one.classes or one.kind == "記号"
        for one in words
    )
    return bool(words) and are_nouns and words[-1].kind != "助詞"


def leads(told: str) -> bool:
    """Whether a clause ends as one that leads to an order: in a tie, a predicate or a reason, and not as the name of a case."""
    words = words_in(told.strip("、。 "))
    if not words:
        return False
    last = words[-1]
    is_tied = last.kind == "助詞" and last.sort.startswith("接続助詞")
    is_said = last.kind in {"動詞", "助動詞", "形容詞"} or last.base in _LEADING or last.base in listed("limits")
    return is_tied or is_said or (last.text in {"で", "つき", "より"} and len(words) > 1)


_LEADING = frozenset({"為", "所", "結果", "上", "通り", "とおり", "無し", "なし"})
