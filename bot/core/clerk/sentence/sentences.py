"""What a sentence in open words says beside an order, read by its words.

A sentence may stand beside 承認 if three things hold. Its form is a plain statement: no question, condition, wish, request, guess or plan. Each
of its words is in a class of vocabulary.toml, is a number, or is a name in a form that can be nothing else; any other word makes it unclear.
And its clauses, from first to last, speak for the notice: a clause that says that something is wrong (違う, 誤り, 古い) must say it of the city's
own register, of how a thing is written, or name what rightly changed (変更契約, 合併); a difference that is granted first must be explained by what
follows. A negation turns a clause round: 違いはありません speaks for the notice, 一致しません against it, and 台帳に反映されていません explains. Called by
remarks.py. Pure; linear; nothing is raised.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from bot.core.clerk.sentence.clause_sense import EXPLAINED, Clause, Sense, ends_as_sentence, sense_of_clause
from bot.core.clerk.sentence.phrases import NOMINAL, are_known, phrases_in
from bot.core.clerk.sentence.words import Word, listed
from bot.core.text.lazy_pattern import LazyPattern

_PERMITTED = LazyPattern(
    r"(?:再発行|変更|差し?替え|訂正)前の(?:保証)?(?:証書|証券|番号|もの)(?:の保証)?は[^。]{0,12}?(?:失効|解約|返却|破棄|回収)済み?|"
    r"(?:承認|受け?付け?|受理)(?:で|し)?(?:て)?(?:(?:いただ|頂)いて|もらって)?も?(?:差し支え|問題|支障)(?:は)?な(?:い|く)"
)
"""承認して差し支えない and 再発行前の証書は失効済み tell that all is well."""
_OF_ITSELF = LazyPattern(r"^(?:と|の|で|↑|これ[はも]間違|すみません|すいません|申し?訳|失礼)")
"""What is said of the line above, or of the answer itself."""
_NEXT_TIME = LazyPattern(r"(?:なお、?)?((?:次回|今後|以後|以降|次)(?:から)?は?[^。]{2,40}?)よう(?:に)?[、 ]?")
"""What the contractor is told for another time: 次回からは工事番号を書くよう、|業者に伝えます."""
_GUESS = LazyPattern(
    r"(?:だ|な|の)?(?:と(?:思(?:い|われ)|考え(?:られ)?|存じ|見られ)ます|と(?:思われ|考えられ)る|と思って(?:い|お)り?ます|ようです|らしいです|と(?:のこと)?みられます)$"
)
"""A guess about the cause of a difference is harmless: 台帳の打ち間違いだと思います."""
_BRACKETED = LazyPattern(r"\(([^()]{2,60})\)")
_LEGAL_FORM = LazyPattern(r"^\((株|有)\)")
"""At the beginning the analyser takes it for a bracket."""
_QUOTED = LazyPattern(r"[「『][^「」『』]{0,60}[」』]")
_PREDICATE = LazyPattern(r"(?:です|ます|[たいるうすくむんぬ]|だ|済み?|あり|なし|未[^ ]{1,4}|漏れ|もれ)$")


@lru_cache(maxsize=1024)
def sense_of(text: str, *, leads: bool = False) -> Sense:
    """What a sentence says. `leads`: it goes on with an order: 同じ会社ですが|承認します."""
    if _OF_ITSELF.search(text) is not None:
        return Sense.UNCLEAR
    if (asked := _NEXT_TIME.match(text)) is not None and are_known(phrases_in(asked[1])):
        return sense_of(text[asked.end() :], leads=leads)
    text = _LEGAL_FORM.sub(lambda found: {"株": "株式会社", "有": "有限会社"}[found[1]], text.strip("。 、"))
    text = _PERMITTED.sub("問題ない", text)
    text = _QUOTED.sub(lambda found: found[0].replace("(", "").replace(")", ""), text)
    beside = [_said(one[1], leads=True) for one in _BRACKETED.finditer(text) if _PREDICATE.search(one[1])]
    known = all(are_known(phrases_in(one[1])) for one in _BRACKETED.finditer(text))
    if Sense.UNCLEAR in beside or not known:
        return Sense.UNCLEAR
    bare = _BRACKETED.sub("", text).strip("()")
    if (guess := _GUESS.search(bare)) is not None:
        found = _said(f"{bare[: guess.start()]}です", leads=False)
        return found if found in EXPLAINED else Sense.UNCLEAR
    found = _said(bare, leads=leads)
    return Sense.SMALL if found is Sense.DIFFERS and EXPLAINED & set(beside) else found


def _said(text: str, *, leads: bool) -> Sense:
    words = phrases_in(text)
    if not words or not are_known(words) or _is_no_statement(words):
        return Sense.UNCLEAR
    clauses = list(_clauses(words))
    is_cut_off = not clauses or clauses[-1].tie in {"but", "when"} or not ends_as_sentence(clauses[-1])
    if is_cut_off and not (leads and clauses):
        return Sense.UNCLEAR
    return _together(
        [(sense_of_clause(one, clauses[:place], clauses[place + 1 :]), one.tie) for place, one in enumerate(clauses)]
    )


def _together(told: Sequence[tuple[Sense, str]]) -> Sense:
    """The clauses in their order: a difference is explained by what follows, or by its cause before."""
    found, is_explained = Sense.NOTHING, False
    for sense, tie in told:
        if sense is Sense.UNCLEAR:
            return sense
        now = _alone(sense, found)
        if now in _GRANTED and is_explained:
            found = Sense.SMALL
        elif now in _OVER[found]:
            found = now
        is_explained = now in EXPLAINED and tie == "cause"
    return {Sense.NOTHING: Sense.UNCLEAR, Sense.NAMED: Sense.DIFFERS}.get(found, found)


def _alone(sense: Sense, before: Sense) -> Sense:
    """That it is the same one explains a difference in a name, and says else that all is well."""
    if sense is Sense.SAME:
        return Sense.SMALL if before is Sense.NAMED else Sense.WELL
    return sense


_GRANTED = frozenset({Sense.DIFFERS, Sense.NAMED})
_OVER = {
    Sense.NOTHING: _GRANTED | EXPLAINED | {Sense.WELL, Sense.TOLD},
    Sense.TOLD: _GRANTED | EXPLAINED | {Sense.WELL},
    Sense.WELL: _GRANTED | EXPLAINED,
    Sense.SMALL: _GRANTED | EXPLAINED | {Sense.WELL},
    Sense.OURS: _GRANTED,
    Sense.DIFFERS: EXPLAINED,
    Sense.NAMED: EXPLAINED,
}
"""What a sentence has said, and what of the next clauses counts more."""


def _is_no_statement(words: Sequence[Word]) -> bool:
    """Whether it asks, sets a condition, wishes, begs or guesses."""
    for place, one in enumerate(words):
        before = words[place - 1] if place else None
        after = words[place + 1] if place + 1 < len(words) else None
        if one.form.startswith(("仮定形", "意志推量形", "命令形")):
            return True
        if one.text == "と" and one.kind == "助詞" and before is not None and before.base == "為る":
            return before.form.startswith("終止形")  # とすると
        if one.base == "て" and after is not None and after.base in {"から", "も"}:
            return True  # 登録してから is a plan
        if after is not None and (one.text + after.text == "よね" or (one.text == "と" and after.base == "良い")):
            return True
    return False


# -- clauses

_TIES = {"が": "but", "けど": "but", "けれど": "but", "から": "cause", "し": "and", "て": "and", "と": "when"}


def _clauses(words: Sequence[Word]) -> Iterator[Clause]:
    begun = 0
    for place in range(len(words)):
        if tie := _tie(words, place):
            if words[begun:place]:
                yield Clause(tuple(words[begun : place + 1]), tie)
            begun = place + 1
    if rest := [one for one in words[begun:] if one.text not in listed("signs")]:
        yield Clause(tuple(rest), "")


def _tie(words: Sequence[Word], place: int) -> str:
    """What parts two clauses behind this word, "" for nothing."""
    one = words[place]
    before = words[place - 1] if place else None
    after = words[place + 1] if place + 1 < len(words) else None
    if one.kind == "助詞" and one.sort.startswith("接続助詞"):
        helps = one.base == "て" and after is not None and (after.base in listed("helping") or after.base == "見る")
        return "" if helps else _TIES.get(one.base, "")
    if before is None:
        return ""
    if one.base == "だ" and one.text == "で":
        return "cause" if before.sort.startswith("準体助詞") or before.base == "為" else "and"
    if one.base == "為" and (after is None or after.text in "、に"):
        return "cause"
    if one.base in {"所", "結果"} and before.base == "た" and (after is None or after.text in "、で"):
        return "when"
    if one.text == "で" and before.base in {"だけ", "のみ"}:
        return "and"
    return "and" if one.text == "、" and _is_cut(before) else ""


def _is_cut(before: Word) -> bool:
    """Whether a clause ends before a comma: 確認し、 and 番号は一致、."""
    is_verb = before.form.startswith("連用形") and before.kind in {"動詞", "助動詞", "形容詞"}
    is_said = bool(before.classes & {"good", "differs", "fault"}) or before.text in {"済み", "済"}
    return is_verb or (before.kind in NOMINAL and is_said) or (before.base == "で" and before.kind == "助詞")
