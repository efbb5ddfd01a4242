"""What a clerk's answer orders: 承認, 2番, 差戻し 理由…, 確認済 and the like, as a closed grammar; the rest is not understood.

Called in the reading child with the lines of core/mail/reply_text.py; decide.py decides on what comes out. A line is made of clauses: an order
(order_words.py) or a remark that changes nothing (remarks.py), each matched to its end, so that 承認できません is none. One clause that is
neither makes the whole answer unclear: nothing is guessed, nothing is done by half. Pure; nothing is raised.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bot.core.clerk.answer import order_words as grammar
from bot.core.clerk.answer import reasons
from bot.core.clerk.answer.clauses import (
    Said,
    asides_of,
    heading_in,
    holds_order,
    is_unnamed,
    line_of,
    of_cases,
    tells_of_another,
)
from bot.core.clerk.answer.fitting import fitting_orders, of_all_seen, with_reasons_above
from bot.core.clerk.answer.line_form import in_a_row, in_digits, in_plain_numbers
from bot.core.clerk.answer.one_order import order_in
from bot.core.clerk.answer.refusal_grammar import kind_in
from bot.core.clerk.answer.remarks import Remark, is_praise
from bot.core.clerk.answer.signatures import is_ornament, may_stand_below
from bot.core.clerk.answer.statements import overlooked
from bot.core.mail.reply_text import PLACED, UNSEEN, AnsweredWords, answered_words
from bot.core.records.clerk_orders import WORDS_CHARACTERS, Command, ParsedReply
from bot.core.text.courtesies import plain
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.normalise import clean, fold
from bot.core.text.persons import may_be_a_name, may_be_about_a_case

UNSEEN_WORDS = "〔見えない文字、取消線などの文字〕"
"""So a clerk is told of text that he may not have seen himself."""
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
    reading = _Reading(own | frozenset(_names_told(words.lines)))
    lines = _with_cases_below([part for line in words.lines for part in _parted(in_a_row(line))])
    for place, line in enumerate(lines, 1):
        if place < len(lines) or line != words.above or not _may_be_a_head(line):
            reading.take(line)
    reading.end()
    below = [line for line in words.signature if holds_order(line) or reasons.takes_back(plain(line))]
    fitting, against = fitting_orders(reading.said)
    orders = of_all_seen(with_reasons_above([_closed(order, own) for order in fitting]), reading.said)
    alone = [_shown(order) for order in orders if _is_half_of_a_pair(order, orders)]
    broken = [_shown(order) for order in orders if not _is_whole(order)]
    return ParsedReply(tuple(orders), (*reading.unclear, *against, *below, *alone, *broken))


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
    first, *reasons_told = _REASON_BEHIND.sub("\\1\n\\2", line).split("\n")
    return [first, *(part for told in reasons_told for part in _NEXT_CASE.sub("\\1\n\\2", told).split("\n"))]


_NEXT_CASE = LazyPattern(r"([。!])[ \u3000]?([0-9０-９]{1,2}件目(?:は|も|を|、|：|:|については?))")


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


_LEAST_HEAD = 6
"""Characters; fewer are a word of the clerk's."""


# -- an answer, line by line


class _Reading:
    """What the lines have said so far."""

    def __init__(self, own: frozenset[str]) -> None:
        self.said: list[Said] = []
        self.unclear: list[str] = []
        self._own = own
        self._line = 0
        self._heading: Command | None = None  # the cases of a line of its own, above their order
        self._heading_line = ""  # it, until its order has come
        self._open: int | None = None  # the place of an order whose words go on in the next lines
        self._before: list[str] = []  # statements that are the reason of the order below, if it is 差戻し
        self._is_told_above = False  # a line of its own has said that the reason comes next
        self._is_below_contact = False
        self._is_signed = False  # a name or a way to reach somebody stands below the orders
        self._name: str | None = None  # a line that is a name if the next one says so
        self._is_parted = False  # by a blank line
        self._is_placed = False  # a case is quoted above
        self._told: list[str] = []  # the lines that order, or say something beside

    def take(self, line: str) -> None:
        """Take the next line."""
        self._line += 1
        if line.startswith(PLACED):
            self._settle_heading()
            self._heading, self._is_placed = heading_in(f"{line[1:]}件目"), True
            self._open = None
            return
        text = plain(in_plain_numbers(line))
        if self._has_orders() and self._open_order() is None:
            text = _EXPLAINS.sub("", text)
        if not text:
            self._is_parted = True
            return
        if UNSEEN in line or grammar.TWO_NUMBERS.search(text) or (self._is_placed and not self._is_for_its_place(text)):
            self.unclear.append(line.replace(UNSEEN, UNSEEN_WORDS))
        elif self._give_case_its_reason(text) or self._give_reason_below(text) or self._repeat_order(text):
            pass
        elif (heading := heading_in(text)) is not None:
            self._settle_heading()
            self._heading, self._heading_line, self._open = heading, line, None
        elif (found := line_of(text, self._own)) is None:
            self._take_unknown(text, line)
        elif any(isinstance(one.what, Command) or one.what in _SPEAKS_OF_CASES for one in found):
            self._take_orders(found, line)
        else:
            self._take_remarks(found, text, line)
        self._is_parted = False

    def _is_for_its_place(self, text: str) -> bool:
        """Whether a line below a quoted case is a whole order, a courtesy or a name, or more of the reason above it."""
        if _OF_MORE.search(text):
            return False
        found = line_of(text, self._own)
        if found is None:
            order = self._open_order()
            return order is not None and order.verb.needs_words
        return all(isinstance(one.what, Command) or one.what in _BESIDE_ANY for one in found)

    def end(self) -> None:
        """There is no more."""
        self._settle_heading()
        self._take_asides(self._before)
        self._ask_about_others()
        self.unclear += [self._name] if self._name is not None else []

    def _take_asides(self, lines: Sequence[str]) -> None:
        """What orders nothing and changes nothing is passed over; anything else is not understood."""
        for line in lines:
            told = asides_of(plain(line), self._own)
            self.said += [replace(one, line=self._line) for one in told or ()]
            self.unclear += [line] if told is None else []

    def _settle_heading(self) -> None:
        """A line that names a case without an order for it."""
        self.unclear += [self._heading_line] if self._heading_line else []
        self._heading_line = ""

    def _take_orders(self, found: Sequence[Said], line: str) -> None:
        self._settle_name(is_name=False)
        if self._is_below_contact:
            self.unclear.append(line)  # a signature has no mark, so what stands below it may be its own
            return
        for one in found:
            said = replace(one, line=self._line)
            if isinstance(said.what, Command) and self._heading is not None and is_unnamed(said.what):
                said = replace(said, what=of_cases(said.what, self._heading))
                self._heading_line = ""
            elif self._is_placed and isinstance(said.what, Command):
                # for another case than the one that is quoted above, or for none where several are, it is asked about
                is_of_it = self._heading is not None and is_unnamed(said.what, self._heading)
                is_named = self._heading is None and not is_unnamed(said.what)
                self.unclear += [] if is_of_it or is_named else [line]
            elif self._heading is not None and is_unnamed(said.named):
                said = replace(said, named=self._heading)
                self._heading_line = "" if said.what is Remark.AGREES else self._heading_line
            self.said.append(said)
        self._told.append(plain(in_plain_numbers(line)))
        last = self.said[-1].what
        self._open = len(self.said) - 1 if isinstance(last, Command) and last.verb.takes_lines else None
        first = next((one for one in found if isinstance(one.what, Command)), None)
        if self._before and first is not None and isinstance(first.what, Command):
            self._give_reason(first.what)

    def _ask_about_others(self) -> None:
        """Beside an order for one case what is said of another work would be left out."""
        orders = (one.what for one in self.said if isinstance(one.what, Command))
        if any(not is_unnamed(one) for one in orders):
            self.unclear += [text for text in self._told if tells_of_another(text)]

    def _give_reason(self, order: Command) -> None:
        """What stands above 差戻し without a reason is its reason; above 対応済 and 保留 it tells what was done, or why."""
        lines = [_REASON_IS.sub("", line) for line in self._before]
        is_told = order.verb.needs_words and bool(order.words)
        if is_told or not all(_REASON_IS.match(line) or reasons.fits_above(line, order) for line in self._before):
            return
        place = next(n for n, one in enumerate(self.said) if isinstance(one.what, Command))
        words = clean("\n".join(filter(None, (*lines, order.words))), WORDS_CHARACTERS)
        self.said[place] = replace(self.said[place], what=replace(order, words=words))
        self._before = []

    def _give_reason_below(self, text: str) -> bool:
        """差戻しの理由は…: whether one order alone, with orders of other kinds below it, still wants its reason."""
        wanting = [n for n, one in enumerate(self.said) if isinstance(one.what, Command) and _wants_reason(one.what)]
        told = _REASON_BELOW.match(text)
        if told is None or len(wanting) != 1 or self._is_below_contact or _REASON_IS.fullmatch(text):
            return False
        words = told["words"]
        quoted = _AS_REASON.match(words)
        order, place = self.said[wanting[0]].what, wanting[0]
        if isinstance(order, Command) and words and reasons.goes_on(words, order.verb):
            words = clean(quoted[1] if quoted is not None else words, WORDS_CHARACTERS)
            self.said[place], self._open = replace(self.said[place], what=replace(order, words=words)), place
            return True
        return False

    def _give_case_its_reason(self, text: str) -> bool:
        """(2件目の理由)…: whether that case is sent back without one so far."""
        if (told := _REASON_OF_A_CASE.match(in_digits(text))) is None:
            return False
        cases = (int(told["place"]),)
        for place, one in enumerate(self.said):
            order = one.what
            if isinstance(order, Command) and order.cases == cases and order.verb.takes_lines and not order.words:
                quoted = _AS_REASON.match(told["words"])
                words = clean(quoted[1] if quoted is not None else told["words"], WORDS_CHARACTERS)
                self.said[place], self._open = replace(one, what=replace(order, words=words)), place
                return True
        return False

    def _repeat_order(self, text: str) -> bool:
        """2件目 同上: whether it orders the same as the line above, for a case of its own."""
        found = _AS_ABOVE.fullmatch(in_digits(text))
        last = self.said[-1].what if self.said else None
        named = heading_in(found["case"]) if found is not None else None
        if named is None or not isinstance(last, Command) or last.candidate or is_unnamed(last):
            return False
        self.said.append(Said(of_cases(last, named), self._line, text))
        self._open = None
        return True

    def _take_remarks(self, found: Sequence[Said], text: str, line: str) -> None:
        kinds = {one.what for one in found}
        has_orders = self._has_orders()
        self._told.append(text)
        self._settle_name(is_name=bool(kinds & _SIGNING))
        self._is_signed = self._is_signed or (has_orders and bool(kinds & _SIGNING))
        if Remark.CONTACT in kinds and not has_orders:
            self.unclear.append(line)
            return
        open_order = self._open_order()
        wants = open_order is not None and _wants_reason(open_order)
        goes_on = open_order is not None and open_order.verb.needs_words
        if (wants and kinds & _MAY_BE_A_REASON) or (goes_on and kinds & _IN_OPEN_WORDS):
            self._take_unknown(text, line)
            return
        if open_order is not None and kinds <= {Remark.LOOKED, Remark.TOLD} and not open_order.verb.needs_words:
            self._go_on(open_order, text, line)
            return
        self.said += [replace(one, line=self._line, named=self._heading or one.named) for one in found]
        self._is_below_contact = self._is_below_contact or Remark.CONTACT in kinds
        self._open = None if open_order is not None and open_order.words else self._open

    def _settle_name(self, *, is_name: bool) -> None:
        """Whether the line above was a name."""
        if self._name is not None and not is_name:
            self.unclear.append(self._name)
        self._is_signed = self._is_signed or (is_name and self._name is not None)
        self._name = None

    def _has_orders(self) -> bool:
        return any(isinstance(one.what, Command) or one.what is Remark.AGREES for one in self.said)

    def _take_unknown(self, text: str, line: str) -> None:
        """A line that is neither an order nor a remark: more of a reason, or of a signature."""
        self._settle_name(is_name=False)
        open_order = self._open_order()
        is_told = open_order is None or bool(open_order.words)
        if open_order is not None and open_order.verb.needs_words and _REASON_IS.fullmatch(text):
            self._is_told_above = True  # the reason begins in the next line
        elif self._is_signed and may_stand_below(text):
            self._open = None
        elif self._has_orders() and is_told and may_be_a_name(text):
            self._name, self._open = line, None
        elif self._has_orders() and is_ornament(line):
            self._is_signed, self._open = True, None
        elif open_order is not None and not (self._is_parted and is_told and _is_apart(open_order, text)):
            self._go_on(open_order, text, line)
        elif not self._has_orders() and overlooked(text):
            pass
        elif not self._has_orders() and (_REASON_IS.match(text) or reasons.may_stand_before(text)):
            self._before.append(text)
        else:
            self._take_asides([line])

    def _open_order(self) -> Command | None:
        order = self.said[self._open].what if self._open is not None else None
        return order if isinstance(order, Command) else None

    def _go_on(self, order: Command, text: str, line: str) -> None:
        """The order's words go on in this line."""
        if not reasons.goes_on(_REASON_IS.sub("", text), order.verb):
            self.unclear.append(line)
            return
        before = "" if self._is_told_above else order.words
        self._is_told_above = False
        text = _REASON_IS.sub("", text)
        quoted = _AS_REASON.match(text) if not before else None
        text = quoted[1] if quoted is not None else text
        words = f"{before}\n{clean(text, WORDS_CHARACTERS)}".strip()[:WORDS_CHARACTERS]
        if self._open is not None:
            self.said[self._open] = replace(self.said[self._open], what=replace(order, words=words))


_IN_OPEN_WORDS = frozenset({Remark.UNSURE, Remark.OPEN})
_MAY_BE_A_REASON = frozenset({Remark.TOLD, Remark.PRAISED, Remark.UNSURE, Remark.OPEN})
_SPEAKS_OF_CASES = frozenset({Remark.AGREES, Remark.LEFT})
_BESIDE_ANY = frozenset(Remark) - {Remark.LEFT}
_OF_MORE = LazyPattern(
    r"全て|すべて|全部|全件|いずれ|どちら|両方|残り|のこり|ほか|他|とも(?:に)?(?:承認|確認|差|保留|$)"
)
_SIGNING = frozenset({Remark.PERSON, Remark.CONTACT})
_SENTENCE = LazyPattern(r"[ぁ-ん。、?!]$")
_SHORT = 20


def _wants_reason(order: Command) -> bool:
    return order.verb.needs_words and not order.words


def _is_apart(order: Command, text: str) -> bool:
    """Whether a line below a reason is none of it: no sentence, as a name, or what an office tells of itself. It is not for the contractor."""
    is_short = len(text) <= _SHORT and not _SENTENCE.search(text)
    return order.verb.needs_words and (is_short or may_stand_below(text))


_REASON_IS = LazyPattern(
    r"^\(?(?:差し?戻し?の?|相違の?)?理由(?: ?\(?共通\)?)?(?: ?(?:\)|は(?:次|以下|下記)の(?:とおり|通り)(?:です)?[。 ]?|は|:|として(?:は)?|$)| )[、 ]?"
)
_REASON_BEHIND = LazyPattern(
    r"([。!])[ \u3000]?((?:[0-9０-９一二三四五六七八九]{1,2}件目の)?(?:差し?戻しの?)?(?:理由|文面)(?:は|：|:|ですが、?))"
)
"""What tells the reason of an order in the sentence before it: it is read as a line of its own."""
_REASON_BELOW = LazyPattern(
    r"^\(?(?:(?:差し?戻し?|相違)の?)?(?:理由|文面) ?(?:\(共通\)|共通)?\)?(?:は(?:(?:[0-9]{1,2}件とも|いずれも|全て|すべて)?(?:同じ|共通)(?:で|です)[、。 ]|(?:次|以下|下記)の(?:とおり|通り)(?:です)?[。 ]?)?|ですが|:| )[、 ]*(?P<words>.+)$"
)
_EXPLAINS = LazyPattern(
    r"^[【\[](?:備考|理由|経緯|補足|確認日)[】\]] ?|^(?:[0-9]{1,2} ?[.):、]? ?|[・-] ?)?(?:理由|経緯|備考|補足|その他|参考)(?:$| ?:[、 ]?)|^・ ?"
)
"""What heads an explanation below an order that takes no words."""
_AS_REASON = LazyPattern(
    r"^[「『](.+)[」』](?:として(?:ください|下さい)|です|で(?:結構|よろしい|いい|よい)です|と(?:お伝え|伝えて|書いて|記載して)(?:ください|下さい)|でお願い(?:(?:いた|致)?し)?ます)?$"
)
_AS_ABOVE = LazyPattern(
    r"(?P<case>[0-9]{1,2}(?:件目|つ目)[:、, ]?)(?:につきまして|について)?[はも]? ?(?:同上|同じく|同様|右同|〃|上に同じ)(?:です|で)?"
)
_REASON_OF_A_CASE = LazyPattern(
    r"^\(?(?P<place>[0-9]{1,2})(?:件目|番)?の?(?:差し?戻し?の?|相違の?|保留の?)?(?:理由|メモ)(?:は|→|\)|:|です)[:、 ]?(?P<words>.*)$"
)


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
