"""What a clerk's answer orders: 承認, 2番, 差戻し 理由…, 確認済 and the like, as a closed grammar; the rest is not understood.

Called in the reading child with the lines of core/mail/reply_text.py; decide.py decides on what comes out. A line is made of clauses: an order
(order_words.py) or a remark that changes nothing (remarks.py), each matched to its end, so that 承認できません is none. One clause that is
neither makes the whole answer unclear: nothing is guessed, nothing is done by half. Pure; nothing is raised.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from bot.core.clerk.answer import reasons
from bot.core.clerk.answer.case_lines import holds_order, line_of
from bot.core.clerk.answer.clauses import is_unnamed
from bot.core.clerk.answer.fitting import fitting_orders, of_all_seen, with_reasons_above
from bot.core.clerk.answer.line_form import in_a_row, in_digits
from bot.core.clerk.answer.one_order import order_in
from bot.core.clerk.answer.order_words import FOR_THIS_REASON
from bot.core.clerk.answer.reading import Reading
from bot.core.clerk.answer.refusal_grammar import kind_in
from bot.core.clerk.answer.remarks import is_praise
from bot.core.mail.reply_text import UNSEEN, AnsweredWords, answered_words
from bot.core.records.clerk_orders import Command, ParsedReply
from bot.core.text.courtesies import plain
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.normalise import fold
from bot.core.text.persons import may_be_about_a_case

TWO_WAYS_WORDS = "〔メールに本文が2通りあり、指示が異なります〕"


def read_answer(sayings: Sequence[str], letter: str = "", own: frozenset[str] = frozenset()) -> ParsedReply:
    """The orders of an answer that says itself in one way or two (Mail.sayings): those of the first that speaks.

    Where two order different things, nobody knows which the clerk saw: that is unclear. `letter`: what is answered; `own`: the sender's
    names (persons.py).
    """
    first, *others = (read_orders(answered_words(one, letter, _is_order), own) for one in sayings)
    for other in others:
        if not first.orders and not first.unclear:
            first = other
        elif first.orders and other.orders and not _are_alike(first.orders, other.orders):
            return replace(first, unclear=(*first.unclear, TWO_WAYS_WORDS))
    return first


def _is_order(line: str) -> bool:
    return holds_order(line)


def _are_alike(one: Sequence[Command], other: Sequence[Command]) -> bool:
    """Whether the orders are the same; a reason may be broken elsewhere, or be followed by more."""
    if [replace(order, words="") for order in one] != [replace(order, words="") for order in other]:
        return False
    words = [(fold(a.words), fold(b.words)) for a, b in zip(one, other, strict=True)]
    return all(a.startswith(b) or b.startswith(a) for a, b in words)


def read_orders(words: AnsweredWords, own: frozenset[str] = frozenset()) -> ParsedReply:
    """The orders of an answer, in their order, and the lines that are none."""
    reading = Reading(own | frozenset(_names_told(words.lines)))
    rows = [part for one in _with_correction(words.lines) for part in _parted(in_a_row(one))]
    lines = _with_halves_joined(_with_reasons_joined(rows))
    for place, line in enumerate(lines, 1):
        if place < len(lines) or line != words.above or not _may_be_a_head(line):
            reading.take(line)
    reading.end()
    below = [line for line in words.signature if holds_order(line) or reasons.takes_back(plain(line))]
    fitting, against = fitting_orders(reading.said)
    orders = of_all_seen(with_reasons_above([_closed(order, own) for order in fitting]), reading.said)
    alone = [_shown(order) for order in orders if _is_half_of_a_pair(order, orders)]
    broken = [_shown(order) for order in orders if not _is_whole(order)]
    unclear = (*reading.unclear, *against, *below, *alone, *broken, *_other_values(words.lines))
    return ParsedReply(tuple(orders), unclear)


def _is_half_of_a_pair(order: Command, orders: Sequence[Command]) -> bool:
    """Whether it is for 前者 or 下の件 while nothing is ordered for the other: of a letter with one case it says something else."""
    pair = {one.cases for one in orders if one.count == _SEVERAL and len(one.cases) == 1}
    is_more = any(place > _SEVERAL for one in orders for place in one.cases)
    return order.count == _SEVERAL and len(order.cases) == 1 and (len(pair) != _SEVERAL or is_more)


def _names_told(lines: Sequence[str]) -> Iterator[str]:
    """The names by which the clerk says who he is before he orders anything: 道路課の沢渡です."""
    for line in filter(None, map(plain, lines)):
        order = _NAMES_OR_ORDERS.search(line)
        found = _WHO_WRITES.search(line)
        is_first = found is not None and (order is None or found.start() < order.start())
        if found is not None and is_first and not may_be_about_a_case(found[1]):
            yield fold(found[1]).casefold()
        if order is not None:
            return


_WHO_WRITES = LazyPattern(
    r"(?:課|係|室|部|局|所|市|町|村|担当|センター)(?:の|・|/| )([一-龥々ヶ]{2,4})(?:です|でございます|と申します)(?:。|$)"
)


def _parted(line: str) -> list[str]:
    """A line, with the sentences in it that tell the reason of an order as lines of their own, and the next case behind them."""
    first, *reasons_told = _REASON_BEHIND.sub("\\1\n\\2", _CAUSE_BEHIND.sub("\\1\n\\2\n", line)).split("\n")
    return [first, *(part for told in reasons_told for part in _NEXT_CASE.sub("\\1\n\\2", told).split("\n"))]


_REASON_BEHIND = LazyPattern(
    r"([。!])[ \u3000]?((?:[0-9０-９一二三四五六七八九]{1,2}件目の)?(?:差し?戻しの?)?(?:理由|文面)(?:は|：|:|ですが、?))"
)
"""What tells the reason of an order in the sentence before it: it is read as a line of its own."""
_CAUSE_BEHIND = LazyPattern(
    r"(差し?戻し?[^。、:：(（ \u3000]{0,16}[。!])[ \u3000]?((?:[0-9０-９一二三四五六七八九]{1,2}件目|上|下|前者|後者|[^。、]{2,20}の(?:ほう|方|件))(?:は|も)、?[^。]{4,120}(?:ため|から|ので)(?:です|でした)?)(?:。|$)"
)
"""The same, of a case: 下は保証金額が4割を超えているためです."""
_NEXT_CASE = LazyPattern(r"([。!])[ \u3000]?([0-9０-９]{1,2}件目(?:は|も|を|、|：|:|については?))")


def _with_halves_joined(lines: Sequence[str]) -> Sequence[str]:
    """The first so many and the last so many on two lines as one: 最初の2件→承認, 最後の1件→差戻し."""
    for place, (one, other) in enumerate(pairwise(lines)):
        if _FIRST_HALF.match(plain(one)) and _LAST_HALF.match(plain(other)):
            return _with_cases_below([*lines[:place], f"{one}、{other}", *lines[place + 2 :]])
    return _with_cases_below(lines)


def _with_reasons_joined(lines: Sequence[str]) -> Sequence[str]:
    """これを理由に差し戻してください as more of the line above, which is that reason."""
    joined: list[str] = []
    for line in lines:
        if joined and joined[-1] and FOR_THIS_REASON.fullmatch(plain(line)):
            joined[-1] = f"{joined[-1].rstrip('。 ')}。{line}"
        else:
            joined.append(line)
    return joined


_FIRST_HALF = LazyPattern(r"^・? ?(?:最初|はじめ|初め|上)の? ?[1-9]件")
_LAST_HALF = LazyPattern(r"^・? ?(?:最後|おわり|終わり|下|残り)の? ?[1-9]件")


def _with_cases_below(lines: Sequence[str]) -> Sequence[str]:
    """An order alone on its line, and below it lines that are only cases: as one line. Where anything else names a case or orders, as they were."""
    texts = [plain(line) for line in lines]
    named = [place for place, text in enumerate(texts) if _ONLY_CASES.fullmatch(text)]
    if len(named) < _SEVERAL or named[0] < 1 or named[-1] - named[0] >= len(named) or named[0] > _FIRST_LINES:
        return lines
    order = order_in(texts[named[0] - 1])
    rest = [text for place, text in enumerate(texts) if place not in named and place != named[0] - 1]
    if (
        order is None
        or order.words
        or not is_unnamed(order)
        or order.candidate
        or any(map(_NAMES_OR_ORDERS.search, rest))
    ):
        return lines
    joined = "、".join(_BULLETS.sub("", texts[place]) for place in named)
    return (*lines[: named[0] - 1], f"{joined} {texts[named[0] - 1]}", *lines[named[-1] + 1 :])


_ONLY_CASES = LazyPattern(r"(?:[・-] ?)?[0-9]{1,2} ?件目")
_BULLETS = LazyPattern(r"^[・-] ?")
_NAMES_OR_ORDERS = LazyPattern(r"件|承認|差し?戻|保留|確認済|対応済|なし|相違|無視|番")
_SEVERAL = 2
_FIRST_LINES = 40


def _may_be_a_head(line: str) -> bool:
    """Whether a line right above our reply line may be a program's: it orders nothing, says nothing, and may not be about the case."""
    text = plain(line)
    is_word = len(text) < _LEAST_HEAD and text[:1].isalnum()
    is_known = is_word or UNSEEN in line or reasons.takes_back(text) or line_of(text) is not None
    return not is_known and not _SENTENCE.search(text) and not may_be_about_a_case(text)


_SENTENCE = LazyPattern(r"[ぁ-ん。、?!]$")
_LEAST_HEAD = 6
"""Characters; fewer are a word of the clerk's."""


# -- a correction that is told in several sentences

_FIELD = r"(?P<field>保証契約番号|契約番号|番号|工事名|件名|受注者名?|契約者名?|保証区分)"
_CASE = r"(?:(?P<case>[0-9]{1,2}件目)(?:の|は|、|:| )?)?"
_NUMBER = r"[0-9A-Z]{3,8}-[0-9A-Z]{4,8}(?:-[0-9]{1,3})?"
_PRODUCT = r"契約保証|前払金保証|中間前払金保証|履行保証"
_VALUE = rf"(?:[「『](?P<quoted>[^「」『』。?]{{2,80}})[」』]|(?P<bare>{_NUMBER}|{_PRODUCT}))"
_VALUE_ENDS = r"(?:が(?:正しい|正))?(?:です|でした|になります)?(?:ので|から)?"
_NOTE = r"(?: ?\((?P<note>[^()]{2,120})\))?"
_BARE_ORDER = LazyPattern(
    rf"{_CASE}(?:{_FIELD}(?:を|の|は)?)?(?:そのように|上記のとおり|お手数ですが|よって|再度)?、?(?:(?:訂正|修正)(?:を)?(?:して(?:おいて)?(?:ください|下さい)|(?:よろしく|宜しく)?お?願い(?:いた|致)?し?ます|お?願います|(?:いた|致)?します)|直して(?:おいて)?(?:ください|下さい))"
)
_WHOLE_ORDER = LazyPattern(
    rf"{_CASE}訂正[: ]+{_FIELD}[: ]+(?P<value>.{{2,80}}?)(?:です|に訂正(?:願います|してください))?"
)
_TELLS_VALUE = (
    LazyPattern(rf"{_CASE}(?:正しい)?{_FIELD}(?:は|が|、)(?:正しくは)? ?{_VALUE} ?{_VALUE_ENDS}{_NOTE}{_VALUE_ENDS}"),
    LazyPattern(rf"(?:正しくは|正) ?:?、? ?{_VALUE} ?{_VALUE_ENDS}{_NOTE}{_VALUE_ENDS}"),
    LazyPattern(
        rf"(?:{_FIELD}は)?(?:[「『][^「」『』]{{2,80}}[」』]|{_NUMBER}|{_PRODUCT})では?なく、?{_VALUE} ?{_VALUE_ENDS}{_NOTE}{_VALUE_ENDS}"
    ),
)
_MARKED_VALUE = LazyPattern(r"正[: ]+(?P<value>[^ 。?][^。?]{1,60})")
_WRONG_VALUE = LazyPattern(r"誤[: ]+[^。?]{2,80}")
_MENTIONED = LazyPattern(_FIELD)
_PLACE_NAMED = LazyPattern(r"[0-9]{1,2}件目")
_PARTS_OF_A_LINE = LazyPattern(
    r"(?:「[^「」]{0,120}」|『[^『』]{0,120}』|[(（][^()（）]{0,120}[)）]|[^。「『(（])+。?|[。「『(（]"
)
_MOST_SENTENCES = 40


@dataclass(frozen=True, slots=True)
class _Correction:
    """What the sentences say: fields, values and cases; the place of the order, and of the sentences that only tell the value."""

    order: tuple[int, int]
    field: str
    value: str
    case: str
    dropped: frozenset[tuple[int, int]]


def _with_correction(lines: Sequence[str]) -> Sequence[str]:
    """The lines with one correction as one order; the same where there is none, or where it is not certain which."""
    if not any(_IS_ONE.search(line) for line in lines):
        return lines
    parted = [_PARTS_OF_A_LINE.findall(line) for line in lines]
    told = _correction_told(parted) if sum(map(len, parted)) <= _MOST_SENTENCES else None
    return list(_written(parted, told)) if told is not None else lines


_IS_ONE = LazyPattern(r"訂正|修正|直して")


def _correction_told(parted: Sequence[Sequence[str]]) -> _Correction | None:
    texts = {(n, at): in_digits(plain(one)) for n, line in enumerate(parted) for at, one in enumerate(line)}
    bare = {place: found for place, text in texts.items() if (found := _BARE_ORDER.fullmatch(text)) is not None}
    whole = {place: found for place, text in texts.items() if (found := _WHOLE_ORDER.fullmatch(text)) is not None}
    if len(bare) + len(whole) != 1:
        return None
    fields: list[str] = []
    values: list[str] = []
    cases: list[str] = []
    dropped: list[tuple[int, int]] = []
    for place, text in texts.items():
        value = _value_in(text) if place not in whole else None
        values += [value] if value is not None else []
        dropped += [place] if value is not None or _WRONG_VALUE.fullmatch(text) else []
        if value is not None or place in bare or place in whole or _SAYS_WRONG.search(text):
            fields += [one[0] for one in _MENTIONED.finditer(_QUOTED_WORDS.sub("", text))]
            cases += [one[0] for one in _PLACE_NAMED.finditer(text)]
    if not values or any(reasons.NO_VALUE.search(one) for one in values):
        return None
    ((order, found),) = (bare | whole).items()
    values += [found["value"].strip("「」『』 ")] if whole else []
    if len(set(values)) != 1 or len(set(fields)) != 1 or len(set(cases)) > 1:
        return None
    return _Correction(order, fields[0], values[0], cases[0] if cases else "", frozenset(dropped))


def _other_values(lines: Sequence[str]) -> Sequence[str]:
    """What tells another value than the one that is ordered: 受注者名はA建設です。訂正 受注者名 B建設."""
    if not any(_IS_ONE.search(line) for line in lines):
        return ()
    texts = [in_digits(plain(one)) for line in lines for one in _PARTS_OF_A_LINE.findall(line)[:_MOST_SENTENCES]]
    whole = (_WHOLE_ORDER.fullmatch(text) for text in texts)
    ordered = {found["value"].strip("「」『』 ") for found in whole if found is not None}
    return [text for text in texts if ordered and (value := _value_in(text)) is not None and value not in ordered]


def _value_in(text: str) -> str | None:
    """The value that a sentence tells for certain."""
    if (marked := _MARKED_VALUE.fullmatch(text)) is not None:
        return marked["value"]
    found = next(filter(None, (one.fullmatch(text) for one in _TELLS_VALUE)), None)
    if found is None or not reasons.is_certain(found["note"] or ""):
        return None
    return found["quoted"] or found["bare"]


_QUOTED_WORDS = LazyPattern(r"「[^「」]*」|『[^『』]*』")
_SAYS_WRONG = LazyPattern(r"違|誤|間違|読[みめ]|抜け")


def _written(parted: Sequence[Sequence[str]], told: _Correction) -> Iterator[str]:
    for n, line in enumerate(parted):
        kept = [one for at, one in enumerate(line) if (n, at) != told.order and (n, at) not in told.dropped]
        if kept or not line:
            yield "".join(kept)
        if n == told.order[0]:
            yield f"{told.case} 訂正 {told.field} {told.value}".strip()


# -- an order as a whole


def _closed(order: Command, own: frozenset[str]) -> Command:
    """Without what a polite person writes behind a reason or a memo, and without his name."""
    if not order.verb.takes_lines:
        return order
    words = reasons.without_last_bracket(reasons.own_words(order.words, own))
    words = reasons.for_contractor(words) if order.verb.needs_words else words
    return replace(order, words=reasons.without_closing(words))


def _is_whole(order: Command) -> bool:
    """Whether what the order needs was said, and nothing in its words takes it back."""
    if not order.verb.takes_lines:
        return True
    if reasons.holds_more(order.words, order.verb):
        return False
    if reasons.is_for_colleagues(order.words) if order.verb.needs_words else reasons.orders_more(order.words):
        return False
    if order.verb.needs_words and (said := kind_in(order.words)) is not None:
        own = (said.own, order.words) if said.own else (order.words,)
        return not any(reasons.is_taken_back(order.verb, words) for words in own) and not holds_order(said.own)
    if reasons.is_taken_back(order.verb, order.words):
        return False
    if order.verb.needs_words and is_praise(order.words):
        return False
    return not order.verb.needs_words or (reasons.is_reason(order.words) and not holds_order(order.words))


def _shown(order: Command) -> str:
    return f"{order.verb.words} {order.words}".strip()
