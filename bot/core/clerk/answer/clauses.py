"""A line of a clerk's answer as clauses: each an order or a remark, or the line is not understood.

Called by order_grammar.py. A line is about one case, or names several, each with its order; it is read as a whole, by its sentences, between
commas, or at a blank. Pure; linear; nothing is raised.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from bot.core.clerk.answer import order_words as grammar
from bot.core.clerk.answer import reasons
from bot.core.clerk.answer.asides import changes, is_barred, leads
from bot.core.clerk.answer.line_form import in_digits, in_form
from bot.core.clerk.answer.one_order import cases_before, named_cases, order_in, orders_behind
from bot.core.clerk.answer.pleasantries import is_pleasant
from bot.core.clerk.answer.remarks import Remark, aside_in, clause_aside, open_remark, remark, remark_before
from bot.core.clerk.answer.statements import is_left_plainly, is_not_there, leaves
from bot.core.records.clerk_orders import MOST_CASES, WORDS_CHARACTERS, Cases, Command, CommandKind
from bot.core.text.courtesies import ENDS, plain
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.normalise import clean
from bot.core.text.persons import is_person

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


# -- one line


def holds_order(line: str) -> bool:
    """Whether a line holds an order."""
    found = line_of(plain(line))
    return found is not None and any(isinstance(one.what, Command) for one in found)


def line_of(text: str, own: frozenset[str] = frozenset()) -> Sequence[Said] | None:
    """What a line says, clause by clause; None where one is neither an order nor a remark."""
    text = in_form(text)
    found = (
        _in_order(text)
        or _by_halves(text)
        or _by_receipts(text, own)
        or _by_cases(text, own)
        or _segment(text, own)
        or _by_topics(text, own)
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


def _by_receipts(text: str, own: frozenset[str]) -> Sequence[Said] | None:
    """An order for several receipt numbers."""
    found = _RECEIPTS.match(text)
    if found is None:
        return None
    named = [one.strip() for one in _BETWEEN_RECEIPTS.split(found["all"])][:MOST_CASES]
    return _all_of([_named_segment(f"{one} {found['rest']}", own) for one in named])


def _is_left_plainly(said: Said) -> bool:
    return said.what is Remark.LEFT and is_left_plainly(said.text)


_BETWEEN_RECEIPTS = LazyPattern(r"と|、|・|及び|,")


def _by_cases(text: str, own: frozenset[str]) -> Sequence[Said] | None:
    """A line that names several cases, each with its order: all of them, or None."""
    if _BROKEN_RECEIPT.search(text):
        return None
    starts = [
        one.start() for one in grammar.CASE_BEGINS.finditer(text) if one.start() == 0 or text[one.start()] in _PARTING
    ]
    starts = starts if starts[:1] == [0] else [0, *starts]
    if not _SEVERAL <= len(starts) <= MOST_CASES:
        return None
    ends = [*starts[1:], len(text)]
    found: list[Said] = []
    begun = passed_over = 0
    for end in ends:
        piece = _GOING_ON.sub(r"\1", text[begun:end].strip(f"{_PARTING}{ENDS}"))
        said = _named_segment(piece, own) or (_remarks_of(piece, own) if begun == 0 else None)
        if said is not None and begun and text[begun] != "。" and any(map(_is_left_plainly, said)):
            return None  # half a sentence may be half an answer
        if said is not None:
            found += said
            begun, passed_over = end, 0
        elif (passed_over := passed_over + 1) > _COMPARED_WITH:
            return None
    return found if begun == len(text) else None


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


def _remarks_of(text: str, own: frozenset[str]) -> Sequence[Said] | None:
    """What stands before the first case, if it is no order."""
    said = _sentences(text, own)
    return said if said is not None and all(isinstance(one.what, Remark) for one in said) else None


_BROKEN_RECEIPT = LazyPattern(r"[0-9]{6,}-[0-9]")
_SEVERAL = 2
_COMPARED_WITH = 3
"""So many other cases may be named in what is said about one: 1件目は、2件目と同じ工事のため差戻し."""
_PARTING = "、,。/; "


def _segment(text: str, own: frozenset[str]) -> Sequence[Said] | None:
    """What a line says that is about one case, or one list of cases."""
    return _named_segment(text, own) or _sentences(text, own)


def _named_segment(text: str, own: frozenset[str]) -> Sequence[Said] | None:
    """The same where it begins with its cases; the rest names no others."""
    found = cases_before(text)
    if found is not None and found.end() and is_pleasant(text):
        return [Said(Remark.COURTESY, text=text)]
    is_among = found is not None and found["among"] and text[found.end() : found.end() + 1] != "目"
    if found is None or not (found["rest"] or is_among):
        text = _BEFORE_CASES.sub("", text)
        found = cases_before(text)
    named = named_cases(found) if found is not None and found.end() else None
    if found is None or named is None:
        return _of_a_work(text, own)
    rest = _OF_THEM.sub(r"\1", text[found.end() :].lstrip(_PARTING))
    if (later := _AND_LATER.match(rest)) is not None and leaves(later[1]) and len(named.cases) == 1:
        after = tuple(range(named.cases[0], MOST_CASES + 1))
        return [Said(Remark.LEFT, text=later[1], named=replace(named, cases=after))]
    if (
        _IS_NOT_IT.match(rest)
        or reasons.names_another(rest)
        or (_BARE_NUMBER.search(found[0]) and not _ORDER_BEGINS.match(rest))
    ):
        return None
    said = _sentences(rest, own)
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
    said = _sentences(text[found.end() :], own)
    orders = [one.what for one in said or () if isinstance(one.what, Command)]
    if said is None or len(orders) != 1 or not is_unnamed(orders[0]) or orders[0].verb not in _BY_WORK:
        return None
    named = Command(CommandKind.HELP, work=found["work"].strip("「」『』 "))
    return [replace(one, what=of_cases(one.what, named)) if isinstance(one.what, Command) else one for one in said]


def _by_topics(text: str, own: frozenset[str]) -> Sequence[Said] | None:
    """Several works or firms by what they are called, each with its order: 若葉橋は承認、中央線は差戻し(…)."""
    groups: list[str] = []
    for piece in _PIECES.findall(text):
        is_new = (topic := grammar.TOPIC.match(piece)) is not None and _ORDER_BEGINS.match(piece[topic.end() :])
        if is_new or not groups:
            groups.append(piece)
        else:
            groups[-1] += piece
    if not _SEVERAL <= len(groups) <= MOST_CASES:
        return None
    return _all_of([_of_a_topic(one.strip(f"{_PARTING}{ENDS}"), own) for one in groups])


def _of_a_topic(text: str, own: frozenset[str]) -> Sequence[Said] | None:
    """One of these."""
    found = grammar.TOPIC.match(text)
    if found is None or any(one.search(found["work"]) for one in (grammar.NO_PART, grammar.NO_NAME)):
        return _named_segment(text, own)
    work = found["work"].strip("「」『』 ")
    rest = text[found.end() :]
    said = _sentences(rest, own)
    orders = [one.what for one in said or () if isinstance(one.what, Command)]
    is_name = not changes(work) and not is_person(work, own)
    if said is None or len(orders) != 1 or not is_unnamed(orders[0]) or orders[0].verb not in _BY_WORK or not is_name:
        return None
    named = Command(CommandKind.HELP, work=work, count=int(found["count"] or 0))
    return [replace(one, what=of_cases(one.what, named)) if isinstance(one.what, Command) else one for one in said]


def tells_of_another(text: str) -> bool:
    """Whether a later clause of a line says something of a work that it orders nothing for: 東橋は合っています."""
    pieces = [one.strip(f"{_PARTING}{ENDS}") for one in _PIECES.findall(in_form(text))]
    ordered = frozenset(one.what.work for one in line_of(text) or () if isinstance(one.what, Command))
    for piece in pieces:
        topic = _TOLD_TOPIC.match(piece)
        if topic is None or grammar.CASE_BEGINS.match(piece) or cases_before(topic["topic"]):
            continue
        if _OF_ANOTHER.search(topic["topic"]):
            return True
        if topic["topic"] not in ordered and not _OF_THE_CASE.search(topic["topic"]):
            return True
    return False


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


_OF_THEM = LazyPattern(r"^の(承認|差し?戻|保留|確認済)")
"""1件目の承認をお願いします."""
_ONLY_IT = LazyPattern(r"だけ|のみ")
_LATER = LazyPattern(r"後|のち|改め|あらため|追って|別途|また|明日|来週|まだ|中|待|次第|まで")
_AND_LATER = LazyPattern(r"^以降(?:については?|の件)?(?:は|も)?[、 ]?(.+)$")
_NO_ANSWER = frozenset({Remark.LOOKED, Remark.TOLD, Remark.COURTESY})
_BY_WORK = frozenset(kind for kind in CommandKind if kind.cases is not Cases.ANY or kind.takes_lines) - {
    CommandKind.CORRECT
}
_BEFORE_CASES = LazyPattern(
    rf"^(?:(?:{grammar.DSURE}(?:では|で|にて)|(?:今朝|本日|今日|今回)の(?:報告|一覧|メール|分)の|とりあえず|取り急ぎ|とりいそぎ|まずは?|(?:d-?sure|確認待ち)(?:分)?の|なお|また|次に|続いて|最後に|一覧の(?:うち、?|中で(?:は)?、?)?|残る|残りの|全?[0-9]{{1,2}}件(?:中|のうち)、?)[、 ]?)+",
    re.IGNORECASE,
)
_IS_NOT_IT = LazyPattern(r"(?:では|じゃ) ?(?:な|あり)")
_BARE_NUMBER = LazyPattern(r"[0-9]$")
_ORDER_BEGINS = LazyPattern(r"承|確認|保留|差|なし|対応|相違|受|一致|閲覧|再|停止|却下|返|無視")
"""What may stand right behind a number without a word between them: 1承認, but not 12月4日まで保留."""
_SENTENCE_ENDS = LazyPattern(r"[。．!]|(?<=[一-龥ぁ-ん])\. ")
_COMMAS = LazyPattern(r"、|, | / |；|;")


def _sentences(text: str, own: frozenset[str]) -> Sequence[Said] | None:
    """A text as one clause, else its sentences, else its pieces between commas, else at a blank: each an order or a remark."""
    if (found := _clause(text, own)) is not None:
        return found
    sentences = [part.strip(f"{ENDS}→") for part in _SENTENCE_ENDS.split(text) if part.strip(ENDS)]
    if 1 < len(sentences) <= MOST_CASES:
        return _joined(sentences, own)
    pieces = [part.strip(ENDS) for part in _COMMAS.split(text) if part.strip(ENDS)]
    if 1 < len(pieces) <= MOST_CASES and (found := _all_of([_clause(one, own) for one in pieces])) is not None:
        return found
    return _at_a_blank(text, own)


def _joined(sentences: Sequence[str], own: frozenset[str]) -> Sequence[Said] | None:
    """Several sentences: orders, remarks, and what is told in open words."""
    found = [_sentences_of_one(one, own) for one in sentences]
    while len(found) > 1 and found[-1] is not None and all(one.what is Remark.COURTESY for one in found[-1]):
        found, sentences = found[:-1], sentences[:-1]
    unknown = [text for text, said in zip(sentences, found, strict=True) if said is None]
    if not unknown:
        return _all_of(found)
    return _with_its_reason(found, unknown) or _all_of(
        [said or _aside(text) for text, said in zip(sentences, found, strict=True)]
    )


def _aside(sentence: str) -> Sequence[Said] | None:
    told = aside_in(sentence)
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
    text = in_digits(_BEFORE_CASES.sub("", sentence))
    found = cases_before(text)
    named = named_cases(found) if found is not None and found.end() else None
    if found is None or named is None or not named.cases or named.is_for_rest:
        return None
    told = aside_in(text[found.end() :])
    return [Said(told, text=sentence, named=named)] if told is not None else None


def asides_of(line: str, own: frozenset[str]) -> Sequence[Said] | None:
    """A line that orders nothing: sentences in open words, and remarks."""
    sentences = [part.strip(ENDS) for part in _SENTENCE_ENDS.split(line) if part.strip(ENDS)]
    while len(sentences) > 1 and _SORRY.fullmatch(sentences[-1]):
        sentences.pop()
    said = [_remarks_of(one, own) or _aside(one) or _aside_of_a_case(one) for one in sentences[:MOST_CASES]]
    return _all_of(said) if said and len(sentences) <= MOST_CASES else None


_SORRY = LazyPattern(r"(?:すみません|すいません|申し?訳(?:あり|ござい)ません)(?:でした)?")
"""Behind what it is said of; alone it may be said of the order."""


def _sentences_of_one(text: str, own: frozenset[str]) -> Sequence[Said] | None:
    if (named := _named_order(text)) is not None:
        return [Said(named, text=text)]
    pieces = [part.strip(ENDS) for part in _COMMAS.split(text) if part.strip(ENDS)]
    if (found := _clause(text, own)) is not None:
        return found
    if 1 < len(pieces) <= MOST_CASES and (found := _all_of([_clause(one, own) for one in pieces])) is not None:
        return found
    return _at_a_blank(text, own)


def _all_of(found: Sequence[Sequence[Said] | None]) -> Sequence[Said] | None:
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
        if (found := _all_of(halves)) is not None:
            return found
        place = text.find(" ", place + 1)
    return None


# -- one clause

_MOST_REMARKS = 6
_BRACKETED = LazyPattern(r"(?P<order>.*?) ?\((?P<beside>[^()]{1,40})\)")
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
            told = open_remark(rest)
            told_before = [Said(told, text=text)] if told is not None else _ends_with_order(rest)
            return [*said, *told_before] if told_before is not None else None
        if order_in(rest[: begins[1]].strip(ENDS)) is not None:
            return None  # 確認済です。なしです。
        said.append(Said(begins[0], text=rest[: begins[1]]))
        rest = rest[begins[1] :]
    return None


def _ends_with_order(text: str) -> Sequence[Said] | None:
    """A sentence in open words that ends with its order: what stands before it is its reason, or may stand beside it."""
    for before, order in orders_behind(text):
        quoted = _QUOTED_REASON.search(before) if order.verb.needs_words and not order.words else None
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
    return reasons.is_memo_of_what_was_done(told) if order.verb is CommandKind.DEALT_WITH else not is_barred(why)


_OF_A_WORK = LazyPattern(r"^[^、。]{2,20}の(?:方|ほう|件|分)[はも]")
_QUOTED_REASON = LazyPattern(
    r"[「『](?P<words>.{3,300})[」』](?:の|との|という|と)?(?:理由|旨|こと)?(?:として|により|を?理由(?:に|として|で)|を?(?:付し|付け|添え|記載し|書い)て?|で)*[、 ]*$"
)
_TIE = LazyPattern(r"(?:(?:だった|な|です|でした)?(?:ので|ため)|ですから|から|ことから|により|につき)$")
_IS_CAUSE = LazyPattern(r"(?:ので|ため|[るいだたすん]から|により|につき|ことから|(?:合わ|一致せ|足り)ず)$")
"""How a reason ends that goes to the contractor; what stands so before 差戻し otherwise may be a manner or a plan: 文面を直して差戻し."""
_IN_OPEN_WORDS = frozenset({Remark.TOLD, Remark.PRAISED, Remark.UNSURE, Remark.OPEN})


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
    order = order_in(text[found.end() :].strip(_PARTING)) if found is not None and named is not None else None
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
    kind = remark(beside, own) or open_remark(beside) or clause_aside(beside)
    if not text.endswith(")") and kind is not Remark.PERSON:
        return None
    if order.words and order.verb.needs_words and kind in _IN_OPEN_WORDS:
        return None  # 差戻し 工期が違います(自信はありません)
    return [Said(order, text=text), Said(kind, text=text)] if kind is not None else None


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


def heading_in(text: str) -> Command | None:
    """The cases that a line of its own names: 1件目."""
    found = grammar.CASES.fullmatch(in_digits(text))
    is_one = found is not None and (found["receipt"] or found["counted"] or grammar.CASE_TOKEN.search(text))
    return named_cases(found) if found is not None and is_one else None
