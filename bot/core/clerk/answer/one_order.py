"""One order of a clerk's answer, in a text that is nothing else: from its first character to its last.

Called by clauses.py, with the classes of words of order_words.py. Pure; linear; nothing is raised.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from itertools import islice

from bot.core.clerk.answer import order_words as grammar
from bot.core.clerk.answer import reasons
from bot.core.clerk.answer.asides import changes
from bot.core.clerk.answer.remarks import is_praise
from bot.core.records.clerk_orders import MOST_CASES, WORDS_CHARACTERS, Cases, Command, CommandKind
from bot.core.records.submission import Field
from bot.core.text.courtesies import ENDS
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.normalise import clean
from bot.core.text.persons import may_be_about_a_case


@lru_cache(maxsize=256)  # a clause is tried alone, in its sentence and in its line
def order_in(text: str) -> Command | None:
    """The order that the text is, from its first character to its last."""
    behind = grammar.BEHIND_AN_ARROW.fullmatch(text) or grammar.BEHIND.fullmatch(text)
    is_list = behind is not None and _NUMBERS.fullmatch(behind["cases"]) is not None
    if not is_list and (order := _verb(text, Command(CommandKind.HELP))) is not None:
        return order
    if behind is not None:
        cases = grammar.CASES.fullmatch(behind["cases"])
        named = named_cases(cases) if cases is not None else None
        words = (behind["words"] or "").lstrip("←: ")
        return _verb(f"{behind['verb']} {words}".strip(), named) if named is not None else None
    return None


def orders_behind(text: str) -> Iterator[tuple[str, Command]]:
    """What stands before an order in its sentence, with the order: each place where one may begin, and goes to the end."""
    for found in islice(_ORDER_BEGINS.finditer(text, 2), _MOST_BEGINNINGS):
        before = text[: found.start()]
        if _PARTED.search(before[-6:]) and (order := order_in(text[found.start() :])) is not None:
            yield before, order


_ORDER_BEGINS = LazyPattern(
    r"(?:業者|受注者|会社|先方|提出者)(?:様|さん)?[にへ]|このメール|もう[一1][度回]|再 ?読|承 ?認|差し?戻|返戻|却下|保留|確認済|対応済|なし|相違|候補|[0-9] ?番|受理|受け?付け"
)
_PARTED = LazyPattern(
    r"(?:[、,。:→)」 ]|ので|ため|から|により|うえ|上で?|ところ|結果|として|く|て|付し|添え|も|は|まま|付けで|いずれ|旨で|」(?:と|で|の|との|という)?(?:理由|旨)?(?:で|を|として)?)$"
)
_MOST_BEGINNINGS = 8
_NUMBERS = LazyPattern(rf"{grammar.NUMBER}(?:件目)?(?:[、,・ ~-]+{grammar.NUMBER}(?:件目)?)*")
"""差戻し:3(…) is no reason that begins with 3."""
_RANGE = frozenset({"から", "~", "〜", "-"})
_PLACES = LazyPattern(rf"({grammar.NUMBER})\)?(?: ?(?:件目|つ目))? ?([^0-9(]*)")


def cases_before(text: str) -> re.Match[str] | None:
    """The cases that a text begins with. The first figures of a longer number are none: 20913-440687."""
    found = grammar.CASES.match(text)
    return None if found is None or _IN_A_NUMBER.match(text[max(found.end() - 1, 0) :]) else found


_IN_A_NUMBER = LazyPattern(r"[0-9](?:[0-9]|-[0-9])")


def named_cases(found: re.Match[str]) -> Command | None:
    """Which cases a line speaks of; None for places that no letter has."""
    called = found["called"] or ""
    if called and (_is_no_name(called) or found["receipt"] or found["list"] is None):
        return None
    if found["former"] or found["latter"]:
        return Command(CommandKind.HELP, (1,) if found["former"] else (2,), count=_BOTH)
    if found["receipt"]:
        return Command(CommandKind.HELP, receipt=found["receipt"])
    if found["among"]:
        among = Cases.HELD if found["held"] else Cases.ACCEPTED
        return Command(CommandKind.HELP, is_for_all=True, count=int(found["of_kind"] or 0), among=among)
    if found["all"]:
        count = _BOTH if found["both"] else int(found["of_all"] or found["of_whole"] or found["of_these"] or 0)
        return Command(CommandKind.HELP, is_for_all=True, count=count)
    if found["rest"]:
        return Command(CommandKind.HELP, is_for_rest=True, count=int(found["of_rest"] or 0))
    places = _places_in(found["except"] or found["list"])
    if not places or ((called or found["also"]) and len(places) > 1):
        return None
    return Command(
        CommandKind.HELP, places, is_for_rest=bool(found["except"]), receipt=found["also"] or "", work=called
    )


def _is_no_name(called: str) -> bool:
    """Whether what stands in brackets behind a case is more than what it is called."""
    is_other = any(one.search(called) for one in (grammar.NO_PART, grammar.NO_NAME))
    return is_other or changes(called) or may_be_about_a_case(called.removesuffix("工事"))


_BOTH = 2


def _places_in(listed: str) -> tuple[int, ...]:
    """The places in a list, with ranges; () for one that no letter has."""
    places: list[int] = []
    until = 0
    for number, joint in _PLACES.findall(listed):
        first = int(number)
        if until and joint.strip() in _RANGE:
            return ()
        if until:
            if not until < first <= MOST_CASES:
                return ()
            places += range(until + 1, first + 1)
        else:
            places.append(first)
        until = first if joint.strip() in _RANGE else 0
    return tuple(dict.fromkeys(places)) if all(places) and not until else ()


def _verb(text: str, named: Command) -> Command | None:
    """The order for the named cases."""
    for pattern, verb in grammar.PLAIN:
        if pattern.fullmatch(text):
            return replace(named, verb=verb)
    found = grammar.CANDIDATE.match(text)
    is_named_well = found is not None and grammar.NO_NAME.search((found["called"] or "").replace("その", "第")) is None
    if found is not None and is_named_well and grammar.CHOOSE.fullmatch(text[found.end() :]):
        return replace(named, verb=CommandKind.ACCEPT, candidate=int(found["a"] or found["b"] or found["c"]))
    if found := grammar.NUMBERED.fullmatch(text):
        return replace(named, verb=CommandKind.ACCEPT, candidate=int(found["number"]))
    return _verb_with_words(text, named) or _correction(text, named) or _look_up(text, named)


def _verb_with_words(text: str, named: Command) -> Command | None:
    """The order with a reason or a memo, which stands behind it, or before it."""
    for pattern, verb in grammar.TAKES_WORDS:
        if found := pattern.fullmatch(text):
            words = _in_its_brackets(text, found) if found["words"] else ""
            words = _SHORT_FORM.sub(r"(\g<0>", words.strip(ENDS))
            says_well = verb.needs_words and is_praise(words)
            if says_well or reasons.is_taken_back(verb, words) or reasons.holds_more(words, verb):
                return None
            if verb is CommandKind.DEALT_WITH and not reasons.is_certain(text):
                return None
            return replace(named, verb=verb, words=clean(words, WORDS_CHARACTERS))
    if grammar.FOR_THESE_REASONS.fullmatch(text):
        return replace(named, verb=CommandKind.REFUSE)
    if any(pattern.fullmatch(text) for pattern in grammar.NEEDS_NOTHING) and reasons.is_certain(text):
        return replace(named, verb=CommandKind.DEALT_WITH, words=clean(text, WORDS_CHARACTERS))
    for pattern, verb in grammar.BECAUSE:
        if (
            (found := pattern.fullmatch(text))
            and reasons.is_cause(found["why"], verb)
            and not reasons.holds_more(found["why"], verb)
        ):
            tie = "のため" if found["tie"] in {"のため", "につき"} else "ため" if "ため" in found["tie"] else ""
            return replace(named, verb=verb, words=clean(f"{found['why'].strip(ENDS)}{tie}", WORDS_CHARACTERS))
    return None


def _in_its_brackets(text: str, found: re.Match[str]) -> str:
    """The words with a bracket at either end that belongs to them: its other half is among them."""
    words, before, behind = found["words"], text[: found.start("words")][-1:], text[found.end("words") :][:1]
    opening = _OPENED_BY.get(behind, "")
    if opening and words.count(opening) > words.count(behind):
        words += behind
    return before + words if before == "「" and words.count("」") > words.count("「") else words


_OPENED_BY = {")": "(", "】": "【", "」": "「"}
_SHORT_FORM = LazyPattern(r"^(?:仮称|仮|株|有|同|資|一財|公財|一社|公社)\)")
"""What a reason begins with in brackets of its own, whose first sign was taken for the order's: (仮称)…."""


def _correction(text: str, named: Command) -> Command | None:
    found = grammar.CORRECT.fullmatch(text)
    found = found or next(filter(None, (one.fullmatch(text) for one in grammar.CORRECT_IN_WORDS)), None)
    if found is None:
        return None
    field = grammar.FIELDS.get(found["field"], Field.CONTRACTOR)
    words = "" if field is Field.KEY else clean(found["words"].strip("「」『』"), WORDS_CHARACTERS)
    if reasons.NO_VALUE.search(words):
        return None
    return replace(named, verb=CommandKind.CORRECT, field=field, words=words)


def _look_up(text: str, named: Command) -> Command | None:
    found = grammar.LOOK_UP.fullmatch(text) if named == Command(CommandKind.HELP) else None
    if found is None or _REQUESTS.search(text) is not None:
        return None
    return replace(named, verb=CommandKind.LOOK_UP, words=clean(found["words"] or found["before"], WORDS_CHARACTERS))


_REQUESTS = LazyPattern(r"(?:か|聞いて.*|確かめて.*|問い合わせ.*)$")
"""What the contractor is to be asked is nothing to look up."""
