"""Which orders of an answer stand, with what is said beside them.

Called by order_grammar.py with the clauses of all lines. A remark belongs to the order of its case, else to the next one; what speaks against
its order makes the answer unclear. Pure; nothing is raised.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.core.clerk.answer import reasons
from bot.core.clerk.answer.asides import speaks_against
from bot.core.clerk.answer.clauses import Said, is_unnamed, of_cases
from bot.core.clerk.answer.remarks import Remark, is_praise
from bot.core.clerk.answer.statements import is_not_there, may_wait
from bot.core.clerk.sentence.clause_sense import EXPLAINED, Sense
from bot.core.clerk.sentence.sentences import sense_of
from bot.core.records.clerk_orders import WORDS_CHARACTERS, Cases, Command, CommandKind
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.normalise import clean


def fitting_orders(said: Sequence[Said]) -> tuple[list[Command], list[str]]:
    """The orders, with 一致しています as 確認済 where nothing beside it says more; and what does not fit together with them."""
    orders: list[Command] = []
    unclear: list[str] = []
    for place, one in enumerate(said):
        beside = _beside(said, place)
        if isinstance(one.what, Command):
            if not _is_said_by(one.what, beside):
                orders.append(one.what)
        elif one.what is Remark.AGREES:
            order = of_cases(Command(CommandKind.CONFIRMED), one.named)
            if beside is None and any(other.what in _TOLD for other in said):
                unclear.append(one.text)  # of what, nobody knows
            elif beside is None or beside.verb not in _FAVOURED or not is_unnamed(order, beside):
                orders.append(order)
        elif _is_against(one, beside, said):
            unclear.append(one.text)
    return [_with_memo(order, said) for order in orders], unclear


def _with_memo(order: Command, said: Sequence[Said]) -> Command:
    """An order that takes a memo with what is told beside it: 電話で回答しました。対応済."""
    if order.verb not in _TAKES_MEMO:
        return order
    place = next((at for at, one in enumerate(said) if one.what is order), 0)
    signed = next((at for at, one in enumerate(said) if at > place and one.what in _SIGNING), len(said))
    beside = [
        one
        for at, one in enumerate(said[:signed])
        if one.what in _TOLD | {Remark.LOOKED} and _beside(said, at) is order
    ]
    told = [one for one in dict.fromkeys(one.text.strip("、。 ") for one in beside) if one not in order.words]
    is_in_its_line = any(one.what is order and order.words[:_FIRST] in one.text for one in said)
    words = filter(None, (order.words, *told) if is_in_its_line else (*told, order.words))
    return replace(order, words=clean("。".join(words), WORDS_CHARACTERS)) if told else order


_FIRST = 6
"""Characters by which words are known that stand in the order's own line; others stand in the lines below it."""

_SIGNING = frozenset({Remark.PERSON, Remark.CONTACT})
"""What stands below is a footer's, not the clerk's."""
_TAKES_MEMO = frozenset({CommandKind.DEALT_WITH, CommandKind.PUT_OFF})
_WELL = frozenset({Remark.FAVOURABLE, Remark.PRAISED})
_TOLD = frozenset({Remark.TOLD, Remark.PRAISED, Remark.EXPLAINED, Remark.UNSURE, Remark.OPEN})
_FAVOURED = frozenset({CommandKind.ACCEPT, CommandKind.CONFIRMED})
_CHANGES_NOTHING = frozenset({CommandKind.ORIGINALS, CommandKind.LOOK_UP, CommandKind.READ_AGAIN})
"""What they do can't be wrong, so that whatever is told beside them may stand."""
_TAKES_OPEN_WORDS = _CHANGES_NOTHING | {
    CommandKind.REFUSE,
    CommandKind.DIFFERS,
    CommandKind.PUT_OFF,
}


def _beside(said: Sequence[Said], place: int) -> Command | None:
    """The order that a clause belongs to: of its case; else in its line the next one, else the last; else that of the next or the last line."""
    line, named = said[place].line, said[place].named
    if named.cases and not named.is_for_rest:
        orders = [one.what for one in said if isinstance(one.what, Command)]
        own = [one for one in orders if set(named.cases) <= set(one.cases) and not one.is_for_rest]
        return next(iter((*own, *(one for one in orders if one.is_for_rest or one.is_for_all))), None)
    after = [one for one in said[place + 1 :] if isinstance(one.what, Command)]
    before = [one for one in reversed(said[:place]) if isinstance(one.what, Command)]
    near = [one for one in (*after[:1], *before[:1]) if one.line == line]
    found = next(iter((*near, *after[:1], *before[:1])), None)
    return found.what if found is not None and isinstance(found.what, Command) else None


def _is_against(one: Said, beside: Command | None, said: Sequence[Said]) -> bool:
    """Whether a remark does not fit what is ordered beside it."""
    if one.what is Remark.LEFT:
        return not all(_leaves_out(each, one) for each in said)
    if beside is None:
        return one.what in _TOLD and bool(one.named.cases)  # what is told of a case that nothing is ordered for
    if one.what in _WELL and _praises_another(beside, one.text):
        return True
    if one.what in _TOLD_OR_LOOKED and _takes_back(beside, one.text):
        return True
    if one.what is Remark.UNSURE:
        is_memo = (
            beside.verb is CommandKind.DEALT_WITH
            and _WAS_TOLD.search(one.text) is not None
            and not reasons.is_taken_back(beside.verb, one.text)
        )
        return beside.verb not in _TAKES_DOUBTS and not is_memo
    if one.what is Remark.OPEN:
        is_explained = sense_of(one.text) is Sense.DIFFERS and any(
            sense_of(other.text) in EXPLAINED for other in said[said.index(one) + 1 :] if isinstance(other.what, Remark)
        )
        return not is_explained and not _takes_open_words(beside, one.text)
    may_stand = one.what is Remark.PRAISED and (
        beside.verb is CommandKind.DEALT_WITH or (beside.verb in _WAITS and not is_praise(one.text))
    )
    return one.what in _WELL and beside.verb not in _FAVOURED and not may_stand


_WAS_TOLD = LazyPattern(r"(?:た|だった)(?:との?(?:こと|由|回答|返事|連絡)|そう)")
_WAITS = _CHANGES_NOTHING | {CommandKind.PUT_OFF}
_TAKES_DOUBTS = _TAKES_OPEN_WORDS
_TOLD_OR_LOOKED = frozenset({Remark.TOLD, Remark.OPEN, Remark.UNSURE, Remark.LOOKED})
_IS_THERE = LazyPattern(
    r"届い|届き|受け取|(?:閲覧|表示|確認|検索)(?:が)?でき(?:た|まし)|(?:表示|登録)され(?:た|まし)|見つかりまし|出てきまし|出ました"
)


def _takes_back(order: Command, told: str) -> bool:
    if order.verb is CommandKind.NOT_FOUND:
        return _IS_THERE.search(told) is not None
    return order.verb in _AGAINST and reasons.relents(told)


_AGAINST = frozenset({CommandKind.REFUSE, CommandKind.DIFFERS})


def _takes_open_words(order: Command, told: str) -> bool:
    """Whether whatever is told beside an order can't take it back: it is against the notice, or changes little."""
    if order.verb is CommandKind.DEALT_WITH:
        return not reasons.is_taken_back(order.verb, told)
    if order.verb is CommandKind.NOT_FOUND:
        return is_not_there(told)
    if order.candidate and _OF_CANDIDATE.search(told):
        return _speaks_against_others(order.candidate, told)
    if order.verb is CommandKind.CORRECT:
        return sense_of(told) is Sense.DIFFERS and _SAYS_A_VALUE.search(told) is None
    return order.verb in _TAKES_OPEN_WORDS or (bool(order.candidate) and not speaks_against(told))


_SAYS_A_VALUE = LazyPattern(r"[0-9]{2}|台帳|画面|契約書")


def _speaks_against_others(chosen: int, told: str) -> bool:
    """Whether what is told is that other candidates are not meant: 1番は去年の工事です."""
    others = {int(one or other) for one, other in _OF_CANDIDATE.findall(told)}
    return chosen not in others and _IS_OTHER.search(told) is not None


def _praises_another(order: Command, told: str) -> bool:
    """Whether what is said to be right is a candidate that is not the chosen one: 候補1の方は合っています."""
    named = {int(one or other) for one, other in _OF_CANDIDATE.findall(told)}
    return bool(named - {order.candidate})


_OF_CANDIDATE = LazyPattern(r"候補 ?([1-9])|([1-9]) ?番")
_IS_OTHER = LazyPattern(
    r"違|別|去年|昨年|前年|完了|完成|取り?消|終わ|関係(?:あり|ござい)?ま?せ?ん?|ではありません|ではない|異な"
)


def _leaves_out(said: Said, left: Said) -> bool:
    """Whether an order stands beside a case that is left for later: it is surely not about that case."""
    order, named = said.what, left.named
    if not isinstance(order, Command):
        return True
    if not may_wait(left.text, said.text):
        return False
    if named.among is not Cases.ANY:
        return order.verb.cases not in {Cases.ANY, named.among} or order.among not in {Cases.ANY, named.among}
    if named.is_for_rest and not named.cases:
        return bool(order.cases or order.receipt or order.work) and not order.is_for_rest
    if not named.cases or named.is_for_rest or not order.cases:
        return False
    places = set(named.cases)
    return places <= set(order.cases) if order.is_for_rest else places.isdisjoint(order.cases)


def _is_said_by(order: Command, beside: Command | None) -> bool:
    """Whether 承認 only says once more what a candidate beside it says: 2番の工事です。承認します。."""
    is_plain = order.verb is CommandKind.ACCEPT and not order.candidate
    return is_plain and beside is not None and bool(beside.candidate) and is_unnamed(order, beside)


def of_all_seen(orders: list[Command], said: Sequence[Said]) -> list[Command]:
    """One order without a case, beside a remark about all of them: 3件とも合っています。確認済で."""
    seen = [found for one in said if isinstance(one.what, Remark) and (found := _ALL_SEEN.match(one.text))]
    if len(orders) != 1 or not seen or not is_unnamed(orders[0]) or orders[0].verb not in _FAVOURED:
        return orders
    return [replace(orders[0], is_for_all=True, count=int(seen[0][1] or _BOTH))] if not orders[0].candidate else orders


_ALL_SEEN = LazyPattern(
    r"(?:d-?sure、?)?(?:([2-9])件(?:とも|すべて|全て)|(?:どちらも|どっちも|両方(?:とも|、|は|が|も)))[^にへ]",
    re.IGNORECASE,
)
_BOTH = 2


def with_reasons_above(orders: Sequence[Command]) -> list[Command]:
    """同上 as the reason of the order above it."""
    told: list[Command] = []
    for order in orders:
        above = told[-1] if told else None
        is_same = order.verb.needs_words and reasons.points_above(order.words)
        if is_same and above is not None and above.verb is order.verb:
            told.append(replace(order, words=above.words))
        else:
            told.append(order)
    return told
