"""A sentence of a clerk's answer as clauses: each an order or a remark, or the sentence is not understood.

Called by case_lines.py for what stands behind the cases of a line. A text is read as a whole, by its sentences, between commas, or at a blank.
Pure; linear; nothing is raised.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from bot.core.clerk.answer import order_words as grammar
from bot.core.clerk.answer import reasons
from bot.core.clerk.answer.asides import aside
from bot.core.clerk.answer.line_form import in_digits
from bot.core.clerk.answer.one_order import cases_before, named_cases, order_in, orders_behind
from bot.core.clerk.answer.remarks import Remark, aside_in, clause_aside, open_remark, remark, remark_before
from bot.core.clerk.answer.statements import is_not_there
from bot.core.clerk.sentence.phrases import leads
from bot.core.records.clerk_orders import MOST_CASES, WORDS_CHARACTERS, Command, CommandKind
from bot.core.text.courtesies import ENDS
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.normalise import clean

_UNNAMED = Command(CommandKind.HELP)


@dataclass(frozen=True, slots=True)
class Said:
    """A clause of the answer, and the line that it stands in."""

    what: Command | Remark
    line: int = 0
    text: str = ""
    named: Command = _UNNAMED  # of a remark: the cases that it is about


def is_unnamed(order: Command, beside: Command | None = None) -> bool:
    """Whether it names no case of its own; `beside`: or the same as this one."""
    bare = not (order.cases or order.receipt or order.work or order.is_for_all or order.is_for_rest)
    same = beside is not None and of_cases(order, beside) == order
    return bare or same


def of_cases(order: Command, named: Command) -> Command:
    """The order for the cases of the other."""
    return replace(named, verb=order.verb, candidate=order.candidate, words=order.words, field=order.field)


PARTING = "、,。/; "
_SENTENCE = LazyPattern(r"(?:「[^「」]{0,300}」|『[^『』]{0,300}』|\([^()]{0,200}\)|[^。．!])+")
_WHOLE, _STOPS = LazyPattern(r"\n"), LazyPattern(r"。")
_COMMAS = LazyPattern(r"、|, | / |；|;")


def sentences_in(text: str, own: frozenset[str]) -> Sequence[Said] | None:
    """A text as one clause, else its sentences, else its pieces between commas, else at a blank: each an order or a remark."""
    if (found := _clause(text, own)) is not None:
        return found
    sentences = [part.strip(f"{ENDS}→") for part in _SENTENCE.findall(text) if part.strip(ENDS)]
    if 1 < len(sentences) <= MOST_CASES:
        return _joined(sentences, own)
    pieces = [part.strip(ENDS) for part in _COMMAS.split(text) if part.strip(ENDS)]
    if 1 < len(pieces) <= MOST_CASES and (found := all_of([_clause(one, own) for one in pieces])) is not None:
        return found
    return _at_a_blank(text, own)


def remarks_of(text: str, own: frozenset[str]) -> Sequence[Said] | None:
    """What stands before the first case, if it is no order."""
    said = sentences_in(text, own)
    return said if said is not None and all(isinstance(one.what, Remark) for one in said) else None


def _joined(sentences: Sequence[str], own: frozenset[str]) -> Sequence[Said] | None:
    """Several sentences: orders, remarks, and what is told in open words."""
    found = [_sentences_of_one(one, own) for one in sentences]
    while len(found) > 1 and found[-1] is not None and all(one.what is Remark.COURTESY for one in found[-1]):
        found, sentences = found[:-1], sentences[:-1]
    if (pointed := _pointing_above(sentences, own)) is not None:
        return pointed
    unknown = [text for text, said in zip(sentences, found, strict=True) if said is None]
    if not unknown:
        return _with_figures(all_of(found))
    with_asides = [said or _aside(text) for text, said in zip(sentences, found, strict=True)]
    return _with_its_reason(found, unknown) or _with_figures(all_of(with_asides))


def _with_figures(found: Sequence[Said] | None) -> Sequence[Said] | None:
    """相違 with the sentences before it that tell the figures: 画面では409万円でした。…と食い違いますので相違."""
    last = found[-1].what if found else None
    if not found or not isinstance(last, Command) or last.verb is not CommandKind.DIFFERS or not last.words:
        return found
    told = [one for one in found[:-1] if one.what in {Remark.TOLD, Remark.OPEN} and any(map(str.isdigit, one.text))]
    words = clean("。".join([*(one.text for one in told), last.words]), WORDS_CHARACTERS)
    return [*(one for one in found[:-1] if one not in told), replace(found[-1], what=replace(last, words=words))]


def _pointing_above(sentences: Sequence[str], own: frozenset[str]) -> Sequence[Said] | None:
    """Sentences of which one sends back for the reason that those before it tell: ….これを理由に差し戻してください."""
    place = next((at for at, one in enumerate(sentences) if at and grammar.FOR_THIS_REASON.fullmatch(one)), 0)
    if not place:
        return None
    start, kind = place - 1, CommandKind.REFUSE
    while start and reasons.is_statement_against(sentences[start - 1]):
        start -= 1
    words = "。".join(sentences[start:place])
    is_told = (
        reasons.is_reason(words) and not reasons.is_taken_back(kind, words) and not reasons.holds_more(words, kind)
    )
    order = Command(kind, words=clean(words, WORDS_CHARACTERS))
    others = [remarks_of(one, own) or _aside(one) for one in (*sentences[:start], *sentences[place + 1 :])]
    if not is_told or _NO_STATEMENT.search(words) or order_in(words) is not None:
        return None
    return all_of([*others[:start], [Said(order, text=order.words)], *others[start:]])


_NO_STATEMENT = LazyPattern(r"[?]|か$|たら|れば|なら|場合|かも|思[いうわ]|らしい|よう$")
_OF_CANDIDATES = LazyPattern(
    r"^(?:(?:(?:台帳の)?候補(?:の|番号)?[1-9](?:番目?)?|[1-9]番)(?:の(?:方|ほう|工事|もの))?(?:と|、|や|・)?)+(?:は|も|が)(?P<told>[^。?]{4,80}(?:です|ます|ました|でした|ません|った|いる|いた|ない|だ))(?:ので|ため|から)?$"
)


def _aside(sentence: str) -> Sequence[Said] | None:
    told = aside_in(sentence)
    if (
        told is None
        and (found := _OF_CANDIDATES.match(in_digits(sentence)))
        and order_in(found["told"]) is None
        and not _ASKS_OR_ORDERS.search(sentence)
    ):
        told = Remark.OPEN
    return [Said(told, text=sentence)] if told is not None else None


def _with_its_reason(found: Sequence[Sequence[Said] | None], unknown: Sequence[str]) -> Sequence[Said] | None:
    """Where the sentences that are neither tell the reason of 差戻し, or what was done before 対応済, behind them."""
    last = found[-1]
    order = last[0].what if last is not None and len(last) == 1 else None
    if not isinstance(order, Command) or (order.words and order.verb is not CommandKind.DEALT_WITH):
        return None
    fits = all(
        reasons.fits_above(one, order) or (aside_in(one) in _MAY_BE_WELL and reasons.may_be_reason(one, order))
        for one in unknown
    )
    others = [said for said in found[:-1] if said is not None]
    if not fits or any(isinstance(one.what, Command) for said in others for one in said):
        return None
    told = replace(order, words=clean("。".join(filter(None, (*unknown, order.words))), WORDS_CHARACTERS))
    return [*(one for said in others for one in said), Said(told, text=told.words)]


def _aside_of_a_case(sentence: str) -> Sequence[Said] | None:
    """What is told of one case, which is ordered elsewhere: 4件目は契約日が一日ずれています."""
    text = in_digits(grammar.BEFORE_CASES.sub("", sentence))
    found = cases_before(text)
    named = named_cases(found) if found is not None and found.end() else None
    if found is None or named is None or not named.cases or named.is_for_rest:
        return None
    rest = text[found.end() :].removeprefix("の")
    told = open_remark(rest) or remark(rest) or aside_in(rest)
    return [Said(told, text=sentence, named=named)] if told is not None else None


def asides_of(line: str, own: frozenset[str]) -> Sequence[Said] | None:
    """A line that orders nothing: sentences in open words, and remarks."""
    sentences = [part.strip(ENDS) for part in _SENTENCE.findall(line) if part.strip(ENDS)]
    while len(sentences) > 1 and _SORRY.fullmatch(sentences[-1]):
        sentences.pop()
    said = [remarks_of(one, own) or _aside(one) or _aside_of_a_case(one) for one in sentences[:MOST_CASES]]
    return all_of(said) if said and len(sentences) <= MOST_CASES else None


_ASKS_OR_ORDERS = LazyPattern(
    r"承認|差し?戻|保留|受け?付け|正し|合って|一致|こちら|かも|思[いうわ]|よう|たら|なら|れば|か$"
)
_SORRY = LazyPattern(r"(?:すみません|すいません|申し?訳(?:あり|ござい)ません)(?:でした)?")
"""Behind what it is said of; alone it may be said of the order."""


def _sentences_of_one(text: str, own: frozenset[str]) -> Sequence[Said] | None:
    if (named := _named_order(text)) is not None:
        return [Said(named, text=text)]
    pieces = [part.strip(ENDS) for part in _COMMAS.split(text) if part.strip(ENDS)]
    if (found := _clause(text, own)) is not None:
        return found
    if 1 < len(pieces) <= MOST_CASES and (found := all_of([_clause(one, own) for one in pieces])) is not None:
        return found
    return _at_a_blank(text, own)


def all_of(found: Sequence[Sequence[Said] | None]) -> Sequence[Said] | None:
    """Of clauses that follow each other all, or None; also where an order's words would end in the midst."""
    said: list[Said] = []
    for one in found:
        if one is None:
            return None
        last = said[-1].what if said else None
        if last is Remark.CONTACT:
            return None  # a number before an order may be meant for its case
        is_open = isinstance(last, Command) and last.verb.takes_lines
        if isinstance(last, Command) and len(one) == 1 and (both := _both_dealt_with(last, one[0].what)) is not None:
            said[-1] = replace(said[-1], what=both)
            continue
        if isinstance(last, Command) and len(one) == 1 and one[0].what == last and not last.verb.takes_lines:
            continue
        if is_open and any(not isinstance(part.what, Remark) for part in one):
            return None
        is_told = any(
            isinstance(each.what, Command) and each.what.verb.needs_words and each.what.words for each in said
        )
        if is_told and any(part.what in _IN_OPEN_WORDS for part in one):
            return None  # it would be left out of the reason
        said += one
    return said


def _both_dealt_with(first: Command, second: Command | Remark) -> Command | None:
    """広告メールです。対応不要。 as one order."""
    kind = CommandKind.DEALT_WITH
    if first.verb is not kind or not isinstance(second, Command) or second.verb is not kind or not is_unnamed(second):
        return None
    return replace(first, words="。".join(filter(None, (first.words, second.words)))[:WORDS_CHARACTERS])


_MOST_BLANKS = 4


def _at_a_blank(text: str, own: frozenset[str]) -> Sequence[Said] | None:
    """Two halves with a blank between: 承認 山田, 課長了承済 承認."""
    place = text.find(" ")
    for _ in range(_MOST_BLANKS):
        if place < 0:
            return None
        halves = _clause(text[:place].strip(f"{ENDS}/"), own), _clause(text[place:].strip(f"{ENDS}/"), own)
        if (found := all_of(halves)) is not None:
            return found
        place = text.find(" ", place + 1)
    return None


# -- one clause

_MOST_REMARKS = 6
_BRACKETED = LazyPattern(r"(?P<order>.*?) ?\((?P<beside>[^()]{1,80})\)")
_BEHIND_A_COLON = LazyPattern(r"(?P<order>.*?) ?[:/・] ?(?P<beside>[^:/・]{1,40})")
_HOW = LazyPattern(r"電話|メール|窓口|口頭|対面|fax", re.IGNORECASE)


@lru_cache(maxsize=256)  # a clause is tried alone, in its sentence and in its line
def _clause(text: str, own: frozenset[str]) -> Sequence[Said] | None:
    """An order with the remarks that stand before it, or one remark."""
    said: list[Said] = []
    rest = text
    for _ in range(_MOST_REMARKS):
        if (order := order_in(rest)) is not None or (said and (order := _named_order(rest)) is not None):
            if any(one.what in _MAY_BE_WELL for one in said) and (at_end := _ends_with_order(text)) is not None:
                return at_end
            is_told = any(one.what in _IN_OPEN_WORDS for one in said)
            return None if is_told and not _WRITTEN_OUT.search(rest) else [*said, Said(order, text=text)]
        if (whole := remark(rest, own)) is not None:
            return _closed_by(whole, said, text)
        if (bracketed := _beside_brackets(rest, own)) is not None:
            return [*said, *bracketed]
        begins = remark_before(rest)
        if begins is None:
            told = _ends_with_order(rest)
            if told is None and (kind := open_remark(rest)) is not None:
                told = [Said(kind, text=text)]
            return [*said, *told] if told is not None else None
        if order_in(rest[: begins[1]].strip(ENDS)) is not None:
            return None  # 確認済です。なしです。
        said.append(Said(begins[0], text=rest[: begins[1]]))
        rest = rest[begins[1] :]
    return None


def _ends_with_order(text: str) -> Sequence[Said] | None:
    """A sentence in open words that ends with its order: what stands before it is its reason, or may stand beside it."""
    for stands_before, order in orders_behind(text):
        before = grammar.FILLERS.sub("", stands_before)
        quoted = grammar.QUOTED_REASON.search(before) if order.verb.needs_words and not order.words else None
        open_words = before if quoted is None else before[: quoted.start()]
        told = open_words.strip(f"{ENDS}→:")
        if "。" in open_words:
            continue
        if quoted is not None:
            order = replace(order, words=clean(quoted["words"], WORDS_CHARACTERS))  # noqa: PLW2901
        if not told:
            return [Said(order, text=text)]
        why = _TIE.sub("", told)
        if order.verb.takes_lines and not order.words and _is_its_reason(told, why, order):
            return [Said(replace(order, words=clean(why, WORDS_CHARACTERS)), text=text)]
        if (said := clause_aside(told)) is not None:
            return [Said(said, text=told), Said(order, text=text)]
    return None


def _is_its_reason(told: str, why: str, order: Command) -> bool:
    if (
        "旨" in why
        or _OF_A_WORK.match(why)
        or not reasons.is_cause(why, order.verb)
        or reasons.holds_more(why, order.verb)
        or not leads(told)
    ):
        return False
    if order.verb.needs_words:
        return _IS_CAUSE.search(told) is not None
    return reasons.is_memo_of_what_was_done(told) if order.verb is CommandKind.DEALT_WITH else aside(told) is not None


_OF_A_WORK = LazyPattern(r"^[^、。]{2,20}の(?:方|ほう|件|分)[はも]")
_TIE = LazyPattern(r"(?:(?:だった|な|です|でした)?(?:ので|ため)|ですから|から|ことから|により|につき)$")
_IS_CAUSE = LazyPattern(r"(?:ので|ため|[るいだたすん]から|により|につき|ことから|(?:合わ|一致せ|足り)ず)$")
"""How a reason ends that goes to the contractor; what stands so before 差戻し otherwise may be a manner or a plan: 文面を直して差戻し."""
_IN_OPEN_WORDS = frozenset({Remark.TOLD, Remark.PRAISED, Remark.EXPLAINED, Remark.UNSURE, Remark.OPEN})


def _closed_by(whole: Remark, said: Sequence[Said], text: str) -> Sequence[Said] | None:
    """Remarks with another at their end: what is told in open words is read as one sentence."""
    sentence = _aside(text) if any(one.what in _IN_OPEN_WORDS for one in said) else None
    if whole is Remark.COURTESY and any(one.what in _IN_OPEN_WORDS for one in said):
        return sentence
    is_open = any(one.what in _MAY_BE_WELL for one in said)
    return sentence if is_open and sentence is not None else [*said, Said(whole, text=text)]


_MAY_BE_WELL = frozenset({Remark.UNSURE, Remark.OPEN})
_WRITTEN_OUT = LazyPattern(r"承 ?認|受|なし|無し|済|[0-9]番?|保留|差し?戻|不要|無視|再|停止|キー|原本|[かし]ょうにん")
"""An order by its own word, behind a reason in open words: 担当が休みなので閲覧できません is none."""


def _named_order(text: str) -> Command | None:
    """The one order behind its cases: 全て承認. Nothing is split here, so that a line's clauses are not tried in all ways."""
    found = cases_before(text)
    named = named_cases(found) if found is not None and found.end() else None
    order = order_in(text[found.end() :].strip(PARTING)) if found is not None and named is not None else None
    return of_cases(order, named) if order is not None and named is not None and is_unnamed(order) else None


def _beside_brackets(text: str, own: frozenset[str]) -> Sequence[Said] | None:
    """An order with a name, or a remark, in brackets behind it: 承認（山田）, 対応済（電話）."""
    both = (one.fullmatch(text) for one in (_BRACKETED, _BEHIND_A_COLON))
    found = next((one for one in both if one is not None and order_in(one["order"].strip(ENDS)) is not None), None)
    order = order_in(found["order"].strip(ENDS)) if found is not None else None
    if found is None or order is None:
        return _in_brackets(text, own)
    beside = found["beside"].strip(ENDS)
    if order.verb is CommandKind.DEALT_WITH and _HOW.fullmatch(beside):
        return [Said(replace(order, words=beside), text=text)]
    if order_in(beside) == order:
        return [Said(order, text=text)]  # なし(表示されず)
    if order.verb is CommandKind.NOT_FOUND and (is_not_there(beside) or _IN_HAND.search(beside)):
        return [Said(order, text=text)]
    kinds = _kinds_beside(beside, own)
    if not text.endswith(")") and kinds != [Remark.PERSON]:
        return None
    if order.words and order.verb.needs_words and any(kind in _IN_OPEN_WORDS for kind in kinds):
        return None  # 差戻し 工期が違います(自信はありません)
    return [Said(order, text=text), *(Said(kind, text=text) for kind in kinds)] if kinds else None


def _kinds_beside(beside: str, own: frozenset[str]) -> Sequence[Remark]:
    """What is said in brackets behind an order, as a whole or piece by piece; () where a piece is not understood."""
    for apart in (_WHOLE, _STOPS, _COMMAS):
        pieces = [one.strip(ENDS) for one in apart.split(beside) if one.strip(ENDS)]
        kinds = [remark(one, own) or open_remark(one) or clause_aside(one) for one in pieces]
        if kinds and None not in kinds:
            return [kind for kind in kinds if kind is not None]
    return ()


def _in_brackets(text: str, own: frozenset[str]) -> Sequence[Said] | None:
    """The order in brackets behind what was seen: 証書を確認しました（確認済）."""
    if (crossed := _CROSSED.fullmatch(text)) is not None:
        order = order_in((crossed["inner"] or crossed["rest"]).strip(ENDS))
        return [Said(order, text=text)] if order is not None and order.verb in _ILL else None
    found = _BRACKETED.fullmatch(text)
    order = order_in(found["beside"].strip(ENDS)) if found is not None else None
    if found is None or order is None or order.verb not in _SEEN:
        return None
    seen = found["order"].strip(ENDS)
    is_well = seen.lower() in {"ok", "okです", "○", "◯"} or remark(seen, own) in {
        Remark.LOOKED,
        Remark.AGREES,
        Remark.FAVOURABLE,
    }
    return [Said(order, text=text)] if is_well else None


_IN_HAND = LazyPattern(
    r"^(?:(?:業者|保証会社|発行元)(?:に|へ|が保証会社に))?(?:問い?合わ?せ|確認|照会|依頼)中(?:です)?$"
)
_CROSSED = LazyPattern(r"[×✕✖✗xX] ?(?:\((?P<inner>.+)\)|(?P<rest>[^ ()].*))")
_ILL = frozenset({CommandKind.REFUSE, CommandKind.DIFFERS, CommandKind.NOT_FOUND})
_SEEN = frozenset({CommandKind.ACCEPT, CommandKind.CONFIRMED})
