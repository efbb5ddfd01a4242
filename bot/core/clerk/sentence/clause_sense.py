"""Which way one clause points: for the notice, against it, what was done, or a difference.

Called by sentences.py with clauses whose words are all known. What counts is whether something is said to be well or wrong, whose it is (the city's
own register, the notice, the firm), and whether it is denied. Pure; linear; nothing is raised.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from itertools import pairwise

from bot.core.clerk.sentence.phrases import NOMINAL
from bot.core.clerk.sentence.words import Word, listed


class Sense(Enum):
    """Which way a sentence or a clause points."""

    WELL = auto()  # that the notice is right
    OURS = auto()  # that what differs is wrong in the city's own register
    SMALL = auto()  # that what differs is of no account, or rightly changed
    TOLD = auto()  # that something was done
    NOTHING = auto()  # no more than what the next clause is about
    DIFFERS = auto()  # a difference that is still to be explained
    NAMED = auto()  # the same in what somebody or something is called: that it is the same one explains it
    SAME = auto()  # that it is the same one
    UNCLEAR = auto()


EXPLAINED = frozenset({Sense.OURS, Sense.SMALL})


@dataclass(frozen=True, slots=True)
class Clause:
    """The words of a clause. `tie`: what leads to the next one, "" at the end."""

    words: tuple[Word, ...]
    tie: str

    def has(self, *classes: str) -> bool:
        """Whether a word of one of these classes is in it."""
        return any(name in one.classes for one in self.words for name in classes)

    def has_base(self, bases: frozenset[str]) -> bool:
        """Whether one of these words is in it."""
        return any(one.base in bases for one in self.words)


# -- how a clause ends


@dataclass(frozen=True, slots=True)
class _End:
    """`of`: its last word of content; `is_noun`: it is said of a noun (…です, or nothing)."""

    of: Word
    is_noun: bool
    is_past: bool
    goes_on: bool


def _end(clause: Clause) -> _End:
    words = clause.words
    is_there = words[-1].text == "あり"
    content = [n for n, one in enumerate(words[: -1 if is_there else None]) if _is_content(one)]
    place = content[-1] if content else 0
    of, tail = words[place], words[place + 1 :]
    is_verb = of.kind == "動詞" or any(one.kind == "動詞" for one in tail)
    is_past = any(one.base == "た" for one in tail) or of.text.endswith(_DONE)
    goes_on = is_there or any(one.base in _GOING_ON for one in tail)
    return _End(of, not is_verb and of.kind != "形容詞", is_past, goes_on)


_DONE = ("済み", "済")
_GOING_ON = frozenset({"居る", "おる", "有る"})


def _is_content(one: Word) -> bool:
    is_form = one.kind in {"助詞", "助動詞", "補助記号"}
    return not is_form and one.base not in listed("helping") and one.base not in listed("grammar_nouns")


def ends_as_sentence(clause: Clause) -> bool:
    """Whether it ends as a sentence does: in a predicate, or in a noun that is one."""
    last, end = clause.words[-1], _end(clause)
    if last.kind == "助詞" and last.base not in {"ね", "よ", "な", "だけ", "のみ"}:
        return bool(clause.tie)
    is_said = last.kind in {"助動詞", "動詞", "形容詞"} or last.base in listed("denials")
    return is_said or end.is_past or bool(end.of.classes & {"good", "differs", "fault", "old"})


# -- whose it is

_OWNERS = ("register", "us", "notice", "firm")
_OURS = frozenset({"register", "us"})


def _owner(clause: Clause, before: Sequence[Clause]) -> str:
    """The register or the city where the clause names them, else the notice or the firm, else the topic before."""
    found = [
        name
        for place, one in enumerate(clause.words)
        for name in _OWNERS
        if name in one.classes and not _is_compared(clause.words, place)
    ]
    if found:
        return next((name for name in found if name in _OURS), found[-1])
    topics = () if before and before[-1].tie == "but" else reversed(before)
    return next((topic for one in topics if (topic := _topic(one))), "")


def _is_compared(words: Sequence[Word], place: int) -> bool:
    """Whether it is what something is compared with: 台帳の会社と異なる."""
    for one in words[place + 1 :]:
        if one.kind == "助詞" and one.text in {"と", "より"}:
            return True
        if one.text != "の" and one.kind not in NOMINAL:
            return False
    return False


def _topic(clause: Clause) -> str:
    """Whose the clause's topic is: お知らせの方が."""
    phrase: list[Word] = []
    for one in clause.words:
        if one.kind == "助詞" and one.text in {"は", "が"}:
            return next((name for word in phrase for name in _OWNERS if name in word.classes), "")
        phrase = [*phrase, one] if one.kind in NOMINAL or one.text == "の" else []
    return ""


# -- what it says


def sense_of_clause(clause: Clause, before: Sequence[Clause], after: Sequence[Clause]) -> Sense:
    """Which way a clause points, between the others of its sentence."""
    denied = [place for place, one in enumerate(clause.words) if one.base in listed("denials")]
    if len(denied) > 1:
        return Sense.UNCLEAR
    clause = replace(clause, words=tuple(_without_what_is_only_old(clause.words)))
    owner = _owner(clause, before)
    if denied:
        return _denied(clause, denied[0], owner, before, after)
    if clause.has("differs", "fault", "old", "becomes") or (clause.has("omits") and clause.has("naming")):
        return _wrong(clause, owner, after)
    if clause.has("good"):
        return _well(clause, owner)
    if clause.has_base(listed("limits")) and not clause.has("spelling", "change"):
        return Sense.SMALL if _is_merely(clause) else Sense.UNCLEAR
    return _told(clause, owner, after)


def _without_what_is_only_old(words: Sequence[Word]) -> Iterator[Word]:
    """古いひな形 and 前か後ろか tell nothing of the notice."""
    for place, one in enumerate(words):
        head = next((word for word in words[place + 1 : place + 3] if word.text != "の"), None)
        is_of_thing = head is not None and head.kind in NOMINAL and not head.classes & _OF_ACCOUNT and head.classes
        is_place = one.base == "前" and words[place + 1 :] and words[place + 1].text not in {"の", "で", "です", "だ"}
        yield replace(one, classes=_THING) if "old" in one.classes and (is_of_thing or is_place) else one


_THING = frozenset({"thing"})
_OF_ACCOUNT = frozenset({"register", "us", "notice", "firm", "substance", "naming", "old", "change"})


def _is_merely(clause: Clause) -> bool:
    """支店名が付いているだけ, and not 付いているのは支店名だけ."""
    is_verb = any(
        two.base in listed("limits") and one.kind in {"助動詞", "動詞"} for one, two in pairwise(clause.words)
    )
    return is_verb and not clause.has("substance")


def _well(clause: Clause, owner: str) -> Sense:
    good, end = [one for one in clause.words if "good" in one.classes], _end(clause)
    is_deed = "deed" in end.of.classes and not end.is_noun
    if is_deed and all(one.base in _SAME for one in good):
        return _told(clause, owner, ())  # 同じことをしています says it of what is done
    is_otherwise = any(
        one in good and one.kind == "形容詞" and one.form.startswith("連用形") and two.text != "、"
        for one, two in pairwise(clause.words)
        if not one.base.endswith("無い")
    )
    is_of_register = owner == "register" and not clause.has("us")
    is_value = end.is_noun and not end.of.classes & {"good"} and any("数詞" in one.sort for one in clause.words[-5:])
    is_planned = is_deed and not (end.is_past or end.goes_on or clause.tie or end.of.base in _DECLARED)
    if clause.has_base(listed("limits")) or is_otherwise or is_of_register or is_planned or is_value:
        return Sense.UNCLEAR
    if _topic(clause) == "notice":
        return Sense.OURS
    is_same = any(one.base in _SAME for one in good) and clause.has("firm", "substance", "us", "thing")
    return Sense.SAME if is_same else Sense.WELL


_SAME = frozenset({"同じ", "同一", "一緒", "同様", "同じく"})
_DECLARED = frozenset({"認める", "判断", "解釈", "理解"})


def _denied(clause: Clause, place: int, owner: str, before: Sequence[Clause], after: Sequence[Clause]) -> Sense:
    words = clause.words
    near = words[max(0, place - 4) : place]
    is_copular = any(one.text in {"じゃ", "では"} for one in near)
    is_copular = is_copular or any(one.text == "で" and two.text == "は" for one, two in pairwise(near))
    at = max((n for n, one in enumerate(words) if one.classes & {"differs", "fault"}), default=-1)
    is_good_denied = any("good" in one.classes for one in words[at + 1 : place])
    if is_copular or is_good_denied or clause.has_base(listed("limits")):
        return Sense.UNCLEAR
    if at >= 0:
        is_of_us = owner == "register" or (owner == "us" and words[at - 1].text != "に")
        is_none = all(not _is_content(one) or one.base in listed("none") for one in words[at + 1 : place])
        return Sense.WELL if is_none and not is_of_us else Sense.UNCLEAR
    if clause.has("enter") and owner in _OURS:
        return Sense.OURS
    is_of_name = clause.has("spelling", "naming") or any(_is_merely(one) for one in before)
    if clause.has("omits", "enter") and is_of_name and owner in {"", "firm"}:
        return Sense.UNCLEAR if clause.has("substance") else Sense.SMALL  # it is not part of the name
    if clause.tie == "but" and clause.has_base(_SHOWN) and any(one.has_base(_SHOWN) for one in after):
        return Sense.NOTHING  # 昨日は出ませんでしたが、今朝は表示されました
    return Sense.WELL if any(one.base in {"変わる", "変更"} for one in words[:place]) else Sense.UNCLEAR


_SHOWN = frozenset({"出る", "表示", "見付かる", "見つかる", "見当たる", "登録", "載る", "閲覧", "開く", "開ける"})


def _wrong(clause: Clause, owner: str, after: Sequence[Clause]) -> Sense:
    if clause.has("becomes") and not _is_done(clause, after):
        return Sense.UNCLEAR
    if owner in _OURS:
        is_its_fault = clause.has("fault", "old", "omits") or (clause.has("differs") and _is_of_us_at_last(clause))
        return Sense.OURS if is_its_fault else Sense.DIFFERS
    is_name = clause.has("naming") and not clause.has("substance")
    if clause.has("old"):
        if clause.has("cause") and owner != "notice":
            return Sense.SMALL  # an old form that was used again
        is_old_name = any(one.base.startswith("旧") for one in clause.words) and not clause.has("substance")
        return Sense.NAMED if is_name or is_old_name else Sense.UNCLEAR
    if any(one.text in {"円", "万円", "千円"} and two.base == "です" for one, two in pairwise(clause.words)):
        return Sense.UNCLEAR
    has_changed = any(
        "change" in one.classes and not _is_compared(clause.words, n) for n, one in enumerate(clause.words)
    )
    if clause.has("spelling") or (has_changed and owner != "notice"):
        return Sense.SMALL
    if owner == "notice" and clause.has("fault"):
        return Sense.UNCLEAR
    is_small = clause.has("becomes") or (clause.has("omits") and _is_merely(clause))
    of_name = Sense.NAMED if is_name else Sense.DIFFERS
    return Sense.SMALL if clause.has("naming") and not clause.has("differs") and is_small else of_name


def _is_of_us_at_last(clause: Clause) -> bool:
    """違うのは台帳の方です."""
    differs = max(n for n, one in enumerate(clause.words) if "differs" in one.classes)
    return any(one.classes & _OURS for one in clause.words[differs:])


_STATIVE = frozenset({"有る", "御座る", "成る", "よる", "因る", "含む", "含まれる"})


def _told(clause: Clause, owner: str, after: Sequence[Clause]) -> Sense:
    """A clause that tells of deeds, or only names what the next one is about."""
    words, end = clause.words, _end(clause)
    if any(two.base == "中" and one.classes & {"deed", "ask"} for one, two in pairwise(words)):
        return Sense.UNCLEAR
    if clause.has("change"):
        is_name = end.is_noun and not clause.tie and not end.is_past and "change" not in end.of.classes
        is_so = _is_done(clause, after) or clause.has_base(_STATIVE)
        return Sense.SMALL if is_so and not is_name else Sense.UNCLEAR
    deeds = [one for one in words if one.classes & {"deed", "promise"}]
    if not deeds or (end.is_noun and not end.is_past):
        return _about(clause, end)
    deed = deeds[-1]
    is_of_notice = owner == "notice" or _is_of_account(clause)
    is_mended = "mend" in deed.classes and owner not in _OURS and not _names_nothing(clause)
    if (is_of_notice and "look" not in deed.classes) or is_mended:
        return Sense.UNCLEAR
    is_pending = end.goes_on and not end.is_past and "ask" in deed.classes
    if (not end.is_noun or end.is_past) and _is_done(clause, after) and not is_pending:
        return Sense.TOLD
    is_to_somebody = clause.has("firm", "person") if "tell" in deed.classes else owner != "firm"
    return Sense.TOLD if "promise" in deed.classes and is_to_somebody else Sense.UNCLEAR


def _names_nothing(clause: Clause) -> bool:
    """本日修正いたします: of nothing else, it is his own register."""
    return not any(one.classes and not one.classes & _IDLE for one in clause.words)


_IDLE = frozenset({"time", "manner", "courtesy", "mend"})


def _is_done(clause: Clause, after: Sequence[Clause]) -> bool:
    """Whether it tells of what is so, and not of what will be: it is past, goes on, or leads to a clause that is."""
    end = _end(clause)
    is_done_after = any(_end(one).is_past or _end(one).goes_on or one.has("good", "fault", "differs") for one in after)
    leads_to_it = (clause.tie == "and" and is_done_after) or clause.tie == "when"
    return end.is_past or end.goes_on or end.is_noun or leads_to_it


def _about(clause: Clause, end: _End) -> Sense:
    """A clause without a deed: it is there, it is the city's own, it is so written; or no more than a topic."""
    is_spelling = end.is_noun and "spelling" in end.of.classes and not clause.has("notice")
    if is_spelling and clause.tie == "cause" and clause.has_base(listed("limits")):
        return Sense.SMALL  # 表記ゆれだけなので
    if clause.tie or clause.words[-1].kind != "助動詞":
        return Sense.NOTHING
    is_there = any(one.base in {"有る", "居る", "御座る"} for one in clause.words[-3:])
    if is_there and not clause.has("substance", "firm", "naming", "notice"):
        return Sense.UNCLEAR if any("数詞" in one.sort for one in clause.words) else Sense.TOLD
    if end.is_noun and clause.has("us") and end.of.base in _OF_THE_CITY:
        return Sense.WELL
    return Sense.SMALL if is_spelling else Sense.NOTHING


_OF_THE_CITY = frozenset({"分", "工事", "案件", "発注", "契約", "業務", "所管"})


def _is_of_account(clause: Clause) -> bool:
    """Whether it is told of what the notice says: この番号は使われています."""
    return any(
        one.classes & {"notice", "substance"} and two.text in {"は", "が"} for one, two in pairwise(clause.words)
    )
