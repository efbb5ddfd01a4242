"""A line of a clerk's answer with its cases: about one, or naming several, each with its order.

Called by reading.py and order_grammar.py. What stands behind the cases is read by clauses.py. Pure; linear; nothing is raised.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.core.clerk.answer import order_words as grammar
from bot.core.clerk.answer import reasons
from bot.core.clerk.answer.asides import changes
from bot.core.clerk.answer.clauses import PARTING, Said, all_of, is_unnamed, of_cases, remarks_of, sentences_in
from bot.core.clerk.answer.line_form import in_form
from bot.core.clerk.answer.one_order import cases_before, named_cases, order_in
from bot.core.clerk.answer.pleasantries import is_pleasant
from bot.core.clerk.answer.remarks import Remark
from bot.core.clerk.answer.statements import is_left_plainly, leaves
from bot.core.clerk.sentence.phrases import is_noun_phrase
from bot.core.records.clerk_orders import MOST_CASES, Cases, Command, CommandKind
from bot.core.text.courtesies import ENDS, plain
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.persons import is_person


def holds_order(line: str) -> bool:
    """Whether a line holds an order."""
    found = line_of(plain(line))
    return found is not None and any(isinstance(one.what, Command) for one in found)


def line_of(text: str, own: frozenset[str] = frozenset()) -> Sequence[Said] | None:
    """What a line says, clause by clause; None where one is neither an order nor a remark."""
    text = in_form(text)
    found = (
        _in_order(text)
        or _but_one(text, own)
        or _by_halves(text)
        or _by_receipts(text, own)
        or _by_cases(text, own)
        or _segment(text, own)
        or _by_topics(text, own)
        or _several_called(text, own)
    )
    if found is None and (bare := _QUOTED.sub(r"\1", text)) != text:
        found = _by_cases(bare, own) or _segment(bare, own)
        if found is not None and any(isinstance(one.what, Command) and one.what.words for one in found):
            return None
    return found


_QUOTED = LazyPattern(r"[「『\"“]([^「」『』\"“”]{1,12})[」』\"”]")
_HALVES = LazyPattern(
    r"^(?:最初|はじめ|初め|上)(?:の|から)? ?(?P<first>[1-9])(?:件|つ)(?:は|を|とも|:|→)?[、 ]?(?P<one>[^、。,]+)[、。, ]+(?:最後|おわり|終わり|下|残り)の? ?(?P<second>[1-9])(?:件|つ)(?:は|を|とも|:|→)?[、 ]?(?P<other>.+)$"
)


def _by_halves(text: str) -> Sequence[Said] | None:
    """The first so many and the last so many, which are all of the letter: 最初の3件は承認、最後の1件は差戻し(…)."""
    if (found := _HALVES.match(text)) is None:
        return None
    first, count = int(found["first"]), int(found["first"]) + int(found["second"])
    orders = order_in(found["one"].strip(ENDS)), order_in(found["other"].strip(ENDS))
    said: list[Said] = []
    for order, places in zip(orders, (range(1, first + 1), range(first + 1, count + 1)), strict=True):
        if order is None or not is_unnamed(order):
            return None
        said.append(Said(replace(order, cases=tuple(places), count=count), text=text))
    return said


_RECEIPTS = LazyPattern(
    r"^(?P<all>[0-9]{8}-[0-9]{4,}-[0-9]{1,3}(?:(?:と|、|・|及び|,) ?[0-9]{8}-[0-9]{4,}-[0-9]{1,3})+)(?:とも(?:に)?|の?両方(?:とも)?)?(?:、?(?:いずれも|どちらも|すべて|全て))?(?:は|を)?[、 ]?(?P<rest>.*)$"
)


def _but_one(text: str, own: frozenset[str]) -> Sequence[Said] | None:
    """One order for all cases, and another for some: 全件承認、ただし3件目は差戻し(…)."""
    if (found := _BUT.match(text)) is None:
        return None
    order, other = order_in(found["one"].strip(ENDS)), _named_segment(found["other"], own)
    orders = [one.what for one in other or () if isinstance(one.what, Command)]
    if order is None or not is_unnamed(order) or other is None or len(orders) != 1 or not orders[0].cases:
        return None
    if order.verb is orders[0].verb or orders[0].is_for_rest or order.words:
        return None
    return [Said(replace(order, cases=orders[0].cases, is_for_rest=True), text=text), *other]


_BUT = LazyPattern(
    r"^(?:全件|全部|全て|すべて|いずれも)(?:は|を|とも)?[、 ]?(?P<one>[^、。ぁ-ん]{2,6}[^、。]{0,12})[、。 ]+(?:ただし|但し)[、 ]?(?P<other>.+)$"
)


def _by_receipts(text: str, own: frozenset[str]) -> Sequence[Said] | None:
    """An order for several receipt numbers."""
    found = _RECEIPTS.match(text)
    if found is None:
        return None
    named = [one.strip() for one in _BETWEEN_RECEIPTS.split(found["all"])][:MOST_CASES]
    return all_of([_named_segment(f"{one} {found['rest']}", own) for one in named])


def _is_left_plainly(said: Said) -> bool:
    return said.what is Remark.LEFT and is_left_plainly(said.text)


_BETWEEN_RECEIPTS = LazyPattern(r"と|、|・|及び|,")


def _by_cases(text: str, own: frozenset[str]) -> Sequence[Said] | None:
    """A line that names several cases, each with its order: all of them, or None."""
    if _BROKEN_RECEIPT.search(text):
        return None
    starts = [
        one.start() for one in grammar.CASE_BEGINS.finditer(text) if one.start() == 0 or text[one.start()] in PARTING
    ]
    starts = starts if starts[:1] == [0] else [0, *starts]
    if not _SEVERAL <= len(starts) <= MOST_CASES:
        return None
    ends = [*starts[1:], len(text)]
    found: list[Said] = []
    begun = passed_over = 0
    for end in ends:
        piece = _GOING_ON.sub(r"\1", text[begun:end].strip(f"{PARTING}{ENDS}"))
        above = repeated(piece, found[-1].what if found else None)
        said = [above] if above is not None else _named_segment(piece, own)
        said = said or (remarks_of(piece, own) if begun == 0 else None)
        if said is not None and begun and text[begun] != "。" and any(map(_is_left_plainly, said)):
            return None  # half a sentence may be half an answer
        if said is not None:
            found += said
            begun, passed_over = end, 0
        elif (passed_over := passed_over + 1) > _COMPARED_WITH:
            return None
    return found if begun == len(text) else None


def repeated(text: str, last: Command | Remark | None) -> Said | None:
    """2件目 同上, 2件目も同様です: the order above, for a case of its own."""
    found = _AS_ABOVE.fullmatch(text)
    named = heading_in(found["case"]) if found is not None else None
    if named is None or not isinstance(last, Command) or last.candidate or is_unnamed(last):
        return None
    return Said(of_cases(last, named), text=text)


_AS_ABOVE = LazyPattern(
    r"(?P<case>[0-9]{1,2}(?:件目|つ目)[:、, ]?)(?:につきまして|について)?[はも]? ?(?:同上|同じく|同様|右同|〃|上に同じ)(?:です|で|に)?(?:お願い(?:いた|致)?します|願います)?"
)
_GOING_ON = LazyPattern(r"(です|ます|ました|でした)(?:が|けど|けれど)$")
"""1件目は承認ですが、2件目は…"""
_FROM_THE_TOP = LazyPattern(
    r"^(?:(?:1件目|先頭|最初|上|頭|一番上|1番目|一覧の上)から(?:の?順(?:番)?(?:に|で)?)?|順(?:番)?に|上から順(?:番)?(?:に|で))[、: ]*"
)
_APART = LazyPattern(r" (です|で|と)")
_ONE_OF_THEM = LazyPattern(r"(?:[^、,。/・ ()]|\([^()]*\))+")


def _in_order(text: str) -> Sequence[Said] | None:
    """Orders for all cases of the letter, by their order: 先頭から順に承認、差戻し（…）、承認."""
    if (found := _FROM_THE_TOP.match(text)) is None:
        return None
    pieces = _ONE_OF_THEM.findall(_APART.sub(r"\1", text[found.end() :]))
    if not _SEVERAL <= len(pieces) <= MOST_CASES:
        return None
    orders = [order for one in pieces if (order := order_in(one)) is not None and is_unnamed(order)]
    if len(orders) != len(pieces):
        return None
    count = len(pieces)
    return [Said(replace(one, cases=(n,), count=count), text=text) for n, one in enumerate(orders, 1)]


_BROKEN_RECEIPT = LazyPattern(r"[0-9]{6,}-[0-9]")
_SEVERAL = 2
_COMPARED_WITH = 3
"""So many other cases may be named in what is said about one: 1件目は、2件目と同じ工事のため差戻し."""


def _segment(text: str, own: frozenset[str]) -> Sequence[Said] | None:
    """What a line says that is about one case, or one list of cases."""
    return _named_segment(text, own) or sentences_in(text, own)


def _named_segment(text: str, own: frozenset[str]) -> Sequence[Said] | None:
    """The same where it begins with its cases; the rest names no others."""
    found = cases_before(text)
    if found is not None and found.end() and is_pleasant(text):
        return [Said(Remark.COURTESY, text=text)]
    is_among = found is not None and found["among"] and text[found.end() : found.end() + 1] != "目"
    if found is None or not (found["rest"] or is_among):
        text = grammar.BEFORE_CASES.sub("", text)
        found = cases_before(text)
    named = named_cases(found) if found is not None and found.end() else None
    if found is None or named is None:
        return _of_a_work(text, own)
    rest = _OF_THEM.sub(r"\1", text[found.end() :].lstrip(PARTING))
    if (later := _AND_LATER.match(rest)) is not None and leaves(later[1]) and len(named.cases) == 1:
        after = tuple(range(named.cases[0], MOST_CASES + 1))
        return [Said(Remark.LEFT, text=later[1], named=replace(named, cases=after))]
    if (
        _IS_NOT_IT.match(rest)
        or reasons.names_another(rest)
        or (_BARE_NUMBER.search(found[0]) and not _ORDER_BEGINS.match(rest))
    ):
        return None
    said = sentences_in(rest, own)
    if (said is None or all(one.what in _NO_ANSWER for one in said)) and _is_left(found[0], rest):
        return [Said(Remark.LEFT, text=rest, named=named)]
    if said is None or not any(isinstance(one.what, Command) or one.what is Remark.AGREES for one in said):
        return None
    if any(isinstance(one.what, Command) and not _is_unnamed_beside(one.what, named) for one in said):
        return None
    return [
        replace(one, what=of_cases(one.what, named), text=text)
        if isinstance(one.what, Command)
        else replace(one, named=named)
        for one in said
    ]


def _is_unnamed_beside(order: Command, named: Command) -> bool:
    """Whether it names no other cases than these: 1件目も2件目も…ので、いずれも対応済."""
    count = len(named.cases) or named.count or order.count
    is_of_these = order.is_for_all and not order.work and order.count in {0, count}
    return is_unnamed(order) or (is_of_these and (len(named.cases) > 1 or named.among is not Cases.ANY))


def _of_a_work(text: str, own: frozenset[str]) -> Sequence[Said] | None:
    """The same where it begins with the name of a work: 中央公園整備工事は承認で. Whether the letter has it is seen when the answer is decided."""
    found = grammar.WORK.match(text)
    if found is None:
        found = next(filter(None, (one.match(text) for one in _PARTS_OF_WORKS)), None)
        if found is not None and grammar.NO_PART.search(found["work"]):
            return None
    if found is None or grammar.NO_NAME.search(found["work"]):
        return None
    said = sentences_in(text[found.end() :], own)
    orders = [one.what for one in said or () if isinstance(one.what, Command)]
    if said is None or len(orders) != 1 or not is_unnamed(orders[0]) or orders[0].verb not in _BY_WORK:
        return None
    named = Command(CommandKind.HELP, work=found["work"].strip("「」『』 "))
    return [replace(one, what=of_cases(one.what, named)) if isinstance(one.what, Command) else one for one in said]


def _by_topics(text: str, own: frozenset[str]) -> Sequence[Said] | None:
    """Several works or firms by what they are called, each with its order: 若葉橋は承認、中央線は差戻し(…)."""
    groups: list[str] = []
    for piece in _PIECES.findall(text):
        topic, part = grammar.TOPIC.match(piece), grammar.IN_PART.match(piece)
        is_ordered = topic is not None and _ORDER_BEGINS.match(piece[topic.end() :]) is not None
        is_part = part is not None and _may_be_called(part["work"])
        if is_ordered or is_part or not groups:
            groups.append(piece)
        else:
            groups[-1] += piece
    if not _SEVERAL <= len(groups) <= MOST_CASES:
        return None
    return all_of([_of_a_topic(one.strip(f"{PARTING}{ENDS}"), own) for one in groups])


def _may_be_called(work: str) -> bool:
    """Whether a work of the letter may be called so."""
    return not any(one.search(work) for one in (grammar.NO_PART, grammar.NO_NAME)) and not changes(work)


def _several_called(text: str, own: frozenset[str]) -> Sequence[Said] | None:
    """One order for as many works as are counted: 緑ケ丘団地の2件, 体育館改修工事と武道場改修工事の2件."""
    found = grammar.SEVERAL_CALLED.match(grammar.BEFORE_CASES.sub("", text))
    if found is None:
        return None
    count, works = int(found["count"]), _BETWEEN_WORKS.split(found["works"])
    names = [found["works"]] if len(works) == 1 else works if len(works) == count else []
    said = sentences_in(found["rest"], own)
    orders = [one.what for one in said or () if isinstance(one.what, Command)]
    is_sure = names and all(_may_be_called(one) and not is_person(one, own) for one in names)
    if said is None or not is_sure or len(orders) != 1 or orders[0].verb not in _BY_WORK or orders[0].candidate:
        return None
    if not is_unnamed(orders[0]):
        return None
    each = count if len(names) == 1 else 0
    named = [of_cases(orders[0], Command(CommandKind.HELP, work=one.strip("「」『』 "), count=each)) for one in names]
    return [*(Said(one, text=text) for one in named), *(one for one in said if isinstance(one.what, Remark))]


_BETWEEN_WORKS = LazyPattern(r"(?:と、?|、|及び|および)")


def _of_a_topic(text: str, own: frozenset[str]) -> Sequence[Said] | None:
    """One of these."""
    found = grammar.TOPIC.match(text)
    if found is None or any(one.search(found["work"]) for one in (grammar.NO_PART, grammar.NO_NAME)):
        return _named_segment(text, own)
    work = found["work"].strip("「」『』 ")
    rest = text[found.end() :]
    said = sentences_in(rest, own)
    orders = [one.what for one in said or () if isinstance(one.what, Command)]
    is_name = not changes(work) and not is_person(work, own)
    if said is None or len(orders) != 1 or not is_unnamed(orders[0]) or orders[0].verb not in _BY_WORK or not is_name:
        return None
    named = Command(CommandKind.HELP, work=work, count=int(found["count"] or 0))
    return [replace(one, what=of_cases(one.what, named)) if isinstance(one.what, Command) else one for one in said]


def tells_of_another(text: str) -> bool:
    """Whether a later clause of a line says something of a work that it orders nothing for: 東橋は合っています."""
    pieces = [one.strip(f"{PARTING}{ENDS}") for one in _PIECES.findall(in_form(text))]
    ordered = frozenset(one.what.work for one in line_of(text) or () if isinstance(one.what, Command))
    for piece in pieces:
        topic = _TOLD_TOPIC.match(piece)
        if topic is None or grammar.CASE_BEGINS.match(piece) or cases_before(topic["topic"]):
            continue
        if ordered.issuperset(_BETWEEN_WORKS.split(_COUNTED.sub("", topic["topic"]))):
            continue
        if _OF_ANOTHER.search(topic["topic"]):
            return True
        if topic["topic"] not in ordered and not _OF_THE_CASE.search(topic["topic"]):
            return True
    return False


_COUNTED = LazyPattern(r"の[2-9]件$")
_OF_ANOTHER = LazyPattern(r"もう|(?:線|橋|川|園|校|館|道|工事|業務|委託|建設|組)の")
_TOLD_TOPIC = LazyPattern(
    r"^(?P<topic>[^、。→:]{2,30}?)(?:の(?:方|ほう|件|分))?(?:は|も|→|:) ?(?:承認|確認|差し?戻|保留|相違|なし|問題|[合あ]って|一致|大丈夫|ok|OK|対応|同|よい|良い|いい|済)"
)
_OF_THE_CASE = LazyPattern(
    r"金額|工期|番号|書類|内容|契約|台帳|名称|名前|名$|表記|通知|お知らせ|画面|保証|証書|認証|キー|メール|期[限間]|こちら|担当|長$|課$|係$|[点所]$|[ぁ-ん]て$|[こそ]れ|[にでと]$|[Dd]-?[Ss]ure|電話|現場|原本|図面|全て|すべて|[0-9] ?(?:件|番|つ)"
)
_PIECES = LazyPattern(r"(?:[^、。()]|\([^()]*\))+[、。]*")
_PARTS_OF_WORKS = (grammar.WORK_PART, grammar.WORK_FIRM, grammar.WORK_SHORT)


def _is_left(cases: str, rest: str) -> bool:
    """Whether a case is left for later. 3件目だけ回答します may say that it alone is answered now."""
    return leaves(rest) and (_ONLY_IT.search(cases) is None or _LATER.search(rest) is not None)


_OF_THEM = LazyPattern(r"^の(承認|差し?戻|保留|確認済|原本|届いた書類|書類の原本|pdf)", re.IGNORECASE)
"""1件目の承認をお願いします."""
_ONLY_IT = LazyPattern(r"だけ|のみ")
_LATER = LazyPattern(r"後|のち|改め|あらため|追って|別途|また|明日|来週|まだ|中|待|次第|まで")
_AND_LATER = LazyPattern(r"^以降(?:については?|の件)?(?:は|も)?[、 ]?(.+)$")
_NO_ANSWER = frozenset({Remark.LOOKED, Remark.TOLD, Remark.COURTESY})
_BY_WORK = frozenset(kind for kind in CommandKind if kind.cases is not Cases.ANY or kind.takes_lines) - {
    CommandKind.CORRECT
}
_IS_NOT_IT = LazyPattern(r"(?:では|じゃ) ?(?:な|あり)")
_BARE_NUMBER = LazyPattern(r"[0-9]$")
_ORDER_BEGINS = LazyPattern(r"承|確認|保留|差|なし|対応|相違|受|一致|閲覧|再|停止|却下|返|無視|候補|[1-9]番")


def heading_in(text: str) -> Command | None:
    """The cases that a line of its own names: 1件目."""
    text = in_form(text)
    found = grammar.CASES.fullmatch(text)
    is_one = found is not None and (
        found["receipt"] or found["counted"] or found["former"] or found["latter"] or grammar.CASE_TOKEN.search(text)
    )
    return named_cases(found) if found is not None and is_one else None


_HEAD = LazyPattern(
    r"^\(?(?P<place>[0-9]{1,2})(?:件目(?:の件)?|[.)]|番)[.):、 ]* ?(?P<work>[「『]?[^、。:→「」『』]{2,40}[」』]?)(?:の(?:件|分))?(?:について)?:?$"
)
_WORK_HEAD = LazyPattern(
    r"^(?P<work>[「『]?[^、。:→「」『』 ]{3,60}?(?:工事|業務|委託|修繕|新築|改築|設計|測量|調査|点検|保守|清掃)(?:\([^()]{1,16}\))?[」』]?)(?:の件|について)?:?$"
)


def head_with_work(text: str, own: frozenset[str]) -> Command | None:
    """A line that names a case by its place and its work, above its order: 1) 配水池耐震補強."""
    text = in_form(text)
    placed = _HEAD.match(text)
    found = placed or _WORK_HEAD.match(text)
    if found is None:
        return None
    work = found["work"].strip("「」『』 ")
    is_name = not _is_no_work(work) and is_noun_phrase(work) and not is_person(work, own)
    places = (int(placed["place"]),) if placed is not None else ()
    return Command(CommandKind.HELP, places, work=work) if is_name else None


def _is_no_work(work: str) -> bool:
    return any(one.search(work) for one in (grammar.NO_PART, grammar.NO_NAME)) or changes(work)
