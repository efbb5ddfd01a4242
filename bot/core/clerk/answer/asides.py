"""Sentences beside an order that sends back, waits or changes nothing: a story, a doubt, a plan, in whatever words.

Called by remarks.py for what sentences.py does not understand. It must end as a statement does, and hold nothing of what could change an order:
no word of the letter, question, condition or other case, and nothing that turns round what was said (vocabulary.toml: orders, turns). It never
stands beside 承認 or 確認済. Pure; linear; nothing is raised.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from functools import lru_cache

from bot.core.clerk.sentence.words import Word, words_in
from bot.core.text.lazy_pattern import LazyPattern


class Aside(Enum):
    """What such a sentence is."""

    UNSURE = "unsure"  # a doubt, a plan, a wish or a request
    OPEN = "open"  # anything else that is told


_LEAST, _MOST = 7, 200
_CHANGES = frozenset({"orders", "turns"})
_TURNS_A_NAME = _CHANGES | {"against", "doubt", "differs", "fault", "old", "becomes", "good"}
_PREDICATES = frozenset({"動詞", "助動詞", "形容詞"})
_ENDS_AS_NOUN = frozenset(
    ["事", "物", "済み", "通り", "為", "だけ", "のみ", "由", "旨", "こと", "もの", "から", "まで", "ので", "し", "が"]
)
_ASKS = LazyPattern(
    r"^\(?理由|^(?:と|の|で|↑|すみません|すいません|申し?訳|失礼)|(?:回答|返信|返事|返答)(?:です|でした|は|を|へ|の|が[まな違誤])|誤って(?:送|返|書)|間違え(?:ました|て)|\?|か$|か[。、]|かな|どう(?:[^い]|$)|なぜ|何[かがをで]|教え|かどうか|ですよね|でしょう|[0-9]{8}-|(?:これ|それ|上記|以上)[はも]"
)
_OF_CASES = LazyPattern(
    r"[0-9一二三四五] ?番|[0-9] ?(?:件|つ)目|件(?:だけ|とも|は|も|を|が)|もう[一1]|なし(?:$|」)|原本(?:を|も)?(?:送|くだ|下さ|希望|お願|見せ|転送)|」(?:と|って)言|言って|言われ"
)


@lru_cache(maxsize=1024)
def aside(text: str) -> Aside | None:
    """What a sentence says beside an order, if it changes nothing. `text`: in plain form (courtesies.py)."""
    bare = text.strip("()「」。、 ")
    words = words_in(bare) if _LEAST <= len(bare) <= _MOST else ()
    if not words or _ASKS.search(bare) or _OF_CASES.search(bare) or not _is_statement(words):
        return None
    if any(one.classes & _CHANGES or one.form.startswith("仮定形") for one in words):
        return None
    is_told = words[-1].base == "た" or (
        words[-1].text in {"です", "ため", "ので"} and any(one.base == "た" for one in words[-3:])
    )
    is_unsure = any(_is_doubt(words, place) or (_is_wish(one) and not is_told) for place, one in enumerate(words))
    return Aside.UNSURE if is_unsure or _is_plan(words) else Aside.OPEN


def _is_statement(words: Sequence[Word]) -> bool:
    last = next((one for one in reversed(words) if one.text not in {"ね", "よ", "な", ")", "」"}), words[-1])
    return last.kind in _PREDICATES or last.base in _ENDS_AS_NOUN or last.text in {"で", "て"}


def _is_wish(one: Word) -> bool:
    return one.base in {"たい", "下さる", "願う", "欲しい"} or one.form.startswith("命令形")


def _is_doubt(words: Sequence[Word], place: int) -> bool:
    one, after = words[place], words[place + 1] if place + 1 < len(words) else None
    is_like = (
        one.kind == "形状詞"
        and one.base in {"様", "よう", "そう"}
        and (after is None or (after.text not in {"に", "、"} and after.kind in _PREDICATES))
    )
    return is_like or "doubt" in one.classes or one.base in {"らしい", "べし"} or one.form.startswith("意志推量形")


def _is_plan(words: Sequence[Word]) -> bool:
    """確認します: what is to be done."""
    end = len(words) - next(
        (n for n, one in enumerate(reversed(words)) if one.kind in _PREDICATES and one.text != "で"), 0
    )
    tail = words[max(0, end - 4) : end]
    return (
        bool(tail)
        and tail[-1].base in {"ます", "為る"}
        and any("deed" in one.classes for one in tail)
        and not any(one.base in {"居る", "有る", "おる", "た"} for one in tail)
    )


def speaks_against(told: str) -> bool:
    """Whether a sentence holds a word that speaks against what is ordered beside it, or denies something: 該当する工事はありません."""
    return any(one.classes & _TURNS_A_NAME - {"good"} or one.base in _DENIES for one in words_in(told))


_DENIES = frozenset({"ない", "無い", "ず", "ぬ", "ん"})


def changes(words: str) -> bool:
    """Whether words beside a case are more than what it is called, or could change what is ordered for it."""
    return (
        any(one.classes & _TURNS_A_NAME or one.kind == "助動詞" for one in words_in(words))
        or _ASKS.search(words) is not None
    )
