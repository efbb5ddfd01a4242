"""A clerk's answer, line by line: which line belongs to which order, and what is not understood.

Called by order_grammar.py with the lines of core/mail/reply_text.py; case_lines.py reads each. Pure; linear; nothing is raised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.core.clerk.answer import order_words as grammar
from bot.core.clerk.answer import reasons
from bot.core.clerk.answer.case_lines import head_with_work, heading_in, line_of, repeated, tells_of_another
from bot.core.clerk.answer.clauses import Said, asides_of, is_unnamed, of_cases
from bot.core.clerk.answer.line_form import in_digits, in_plain_numbers
from bot.core.clerk.answer.remarks import Remark
from bot.core.clerk.answer.signatures import is_ornament, may_stand_below
from bot.core.clerk.answer.statements import overlooked
from bot.core.mail.reply_text import PLACED, UNSEEN
from bot.core.records.clerk_orders import WORDS_CHARACTERS, Command
from bot.core.text.courtesies import plain
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.normalise import clean
from bot.core.text.persons import may_be_a_name

UNSEEN_WORDS = "〔見えない文字、取消線などの文字〕"
"""So a clerk is told of text that he may not have seen himself."""


class Reading:
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
            self._take_asides(self._before)
            self._before = []
            self._heading, self._is_placed = heading_in(f"{line[1:]}件目"), True
            self._open = None
            return
        text = plain(in_plain_numbers(line))
        if self._has_orders() and (self._open_order() is None or text.startswith("※")):
            text = _EXPLAINS.sub("", text)
        if not text or self._is_title(text):
            self._is_parted = True
            return
        if UNSEEN in line or grammar.TWO_NUMBERS.search(text) or (self._is_placed and not self._is_for_its_place(text)):
            self.unclear.append(line.replace(UNSEEN, UNSEEN_WORDS))
        elif (
            self._give_case_its_reason(text)
            or self._give_cause(text)
            or self._give_reason_below(text)
            or self._repeat_order(text)
        ):
            pass
        elif (heading := heading_in(text)) is not None:
            self._settle_heading()
            self._heading, self._heading_line, self._open = heading, line, None
        elif (found := line_of(text, self._own)) is None:
            if self._open_order() is None and (head := head_with_work(text, self._own)) is not None:
                self._settle_heading()
                self._heading, self._heading_line = head, line
            else:
                self._take_unknown(text, line)
        elif any(
            isinstance(one.what, Command) or (one.what in _SPEAKS_OF_CASES and not self._is_of_ledger(one))
            for one in found
        ):
            self._take_orders(found, line)
        else:
            self._take_remarks(found, text, line)
        self._is_parted = False

    def _is_title(self, text: str) -> bool:
        """Whether a line is the title of a part of a report, and nothing else: 2.処理."""
        order = self._open_order()
        return _TITLE.fullmatch(text) is not None and not (order is not None and _wants_reason(order))

    def _is_of_ledger(self, said: Said) -> bool:
        """台帳は合っています beside an order that says that the notice is wrong."""
        last = next((one.what for one in reversed(self.said) if isinstance(one.what, Command)), None)
        return last is not None and last.verb.needs_words and _LEDGER_IS_RIGHT.search(said.text) is not None

    def _is_for_its_place(self, text: str) -> bool:
        """Whether a line below a quoted case is a whole order, a courtesy or a name, or more of the reason above it."""
        if _OF_MORE.search(text):
            return False
        found = line_of(text, self._own)
        if found is None:
            order = self._open_order()
            is_more = order is not None and order.verb.needs_words
            return is_more or reasons.may_stand_before(text) or asides_of(text, self._own) is not None
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
            place = self._heading if self._is_placed else None
            self.said += [replace(one, line=self._line, named=place or one.named) for one in told or ()]
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
        told = _REASON_BELOW.match(text)
        is_quoted = told is not None and _AS_REASON.match(told["words"]) is not None
        refused = [n for n, one in enumerate(self.said) if isinstance(one.what, Command) and one.what.verb.needs_words]
        wanting = [n for n in refused if _wants_reason(self.said[n].what)] or (refused if is_quoted else [])
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

    def _give_cause(self, text: str) -> bool:
        """下は保証金額が4割を超えているためです: whether what is called so is sent back without a reason so far."""
        if (told := _CAUSE_OF_A_CASE.match(text)) is None:
            return False
        case = heading_in(f"{told['case']}の件" if told["case"] in {"上", "下"} else told["case"])
        wanting = [
            place
            for place, one in enumerate(self.said)
            if isinstance(one.what, Command)
            and _wants_reason(one.what)
            and (is_unnamed(one.what, case) if case is not None else told["work"] and told["work"] in one.what.work)
        ]
        is_of_another = bool(told["work"]) or (case is not None and bool(case.count))
        named = [one.what for one in self.said if isinstance(one.what, Command) and not is_unnamed(one.what)]
        if is_of_another and not wanting and named:
            self.unclear.append(text)  # 上は…ためです is no reason for the case below
            return True
        order = self.said[wanting[0]].what if len(wanting) == 1 else None
        if not isinstance(order, Command) or is_unnamed(order) or not reasons.goes_on(told["words"], order.verb):
            return False
        words = clean(told["words"], WORDS_CHARACTERS)
        self.said[wanting[0]], self._open = replace(self.said[wanting[0]], what=replace(order, words=words)), None
        return True

    def _repeat_order(self, text: str) -> bool:
        """2件目 同上: whether it orders the same as the line above, for a case of its own."""
        said = repeated(in_digits(text), self.said[-1].what if self.said else None)
        if said is None:
            return False
        self.said.append(replace(said, line=self._line))
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
        found = [replace(one, what=Remark.LOOKED) if self._is_of_ledger(one) else one for one in found]
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
        elif open_order is not None and self._is_told_of_its_case(open_order, text):
            pass
        elif open_order is not None and not (self._is_parted and is_told and _is_apart(open_order, text)):
            self._go_on(open_order, text, line)
        elif not self._has_orders() and overlooked(text):
            pass
        elif not self._has_orders() and (_REASON_IS.match(text) or reasons.may_stand_before(text)):
            self._before.append(text)
        else:
            self._take_asides([line])

    def _is_told_of_its_case(self, order: Command, text: str) -> bool:
        """3件目は担当課に頼んであります: whether a line tells of cases by their numbers, below the orders for them."""
        told = asides_of(text, self._own)
        if told is None or not any(one.named.cases for one in told) or not order.cases:
            return False
        self.said += [replace(one, line=self._line) for one in told]
        return True

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


_IN_OPEN_WORDS = frozenset({Remark.EXPLAINED, Remark.UNSURE, Remark.OPEN})
_MAY_BE_A_REASON = frozenset({Remark.TOLD, Remark.PRAISED, Remark.EXPLAINED, Remark.UNSURE, Remark.OPEN})
_SPEAKS_OF_CASES = frozenset({Remark.AGREES, Remark.LEFT})
_BESIDE_ANY = frozenset(Remark) - {Remark.LEFT}
_OF_MORE = LazyPattern(
    r"全て|すべて|全部|全件|いずれ|どちら|両方|残り|のこり|ほか|他|とも(?:に)?(?:承認|確認|差|保留|$)"
)
_SIGNING = frozenset({Remark.PERSON, Remark.CONTACT})
_SENTENCE = LazyPattern(r"[ぁ-ん。、?!]$")
_SHORT = 20


def _wants_reason(order: Command | Remark) -> bool:
    return isinstance(order, Command) and order.verb.needs_words and not order.words


def _is_apart(order: Command, text: str) -> bool:
    """Whether a line below a reason is none of it: no sentence, as a name, or what an office tells of itself. It is not for the contractor."""
    is_short = len(text) <= _SHORT and not _SENTENCE.search(text)
    return order.verb.needs_words and (is_short or may_stand_below(text))


_REASON_IS = LazyPattern(
    r"^\(?(?:差し?戻し?の?|相違の?)?理由(?: ?\(?共通\)?)?(?: ?(?:\)|は(?:次|以下|下記)の(?:とおり|通り)(?:です)?[。 ]?|は|:|として(?:は)?|$)| )[、 ]?|^\(?(?:メモ|保留の?(?:メモ|理由))(?:は|:|\))[、 ]?"
)
_REASON_BELOW = LazyPattern(
    r"^\(?(?:(?:差し?戻し?|相違)の?)?(?:理由|文面) ?(?:\(共通\)|共通)?\)?(?:は(?:(?:[0-9]{1,2}件とも|いずれも|全て|すべて)?(?:同じ|共通)(?:で|です)[、。 ]|(?:次|以下|下記)の(?:とおり|通り)(?:です)?[。 ]?)?|ですが|:| )[、 ]*(?P<words>.+)$"
)
_EXPLAINS = LazyPattern(
    r"^[【\[](?:備考|理由|経緯|補足|確認日)[】\]] ?|^(?:[0-9]{1,2} ?[.):、]? ?|[・-] ?)?(?:理由|経緯|備考|補足|その他|参考)(?:$| ?:[、 ]?)|^[・※] ?"
)
"""What heads an explanation below an order that takes no words."""
_AS_REASON = LazyPattern(
    r"^[「『](.+)[」』](?:として(?:ください|下さい)|です|で(?:結構|よろしい|いい|よい)です|と(?:お伝え|伝えて|書いて|記載して)(?:ください|下さい)|でお願い(?:(?:いた|致)?し)?ます)?$"
)
_TITLE = LazyPattern(
    r"(?:\(?[0-9]{1,2}[).:、 ]+|[■◆●] ?)(?:経過|経緯|相違の?内容|内容|原因|理由|処理|対応|結論|結果|今後(?:の対応)?|備考|その他|回答|判断|確認(?:内容|結果|事項)|処理(?:内容|結果))(?:について)?:?"
)
_CAUSE_OF_A_CASE = LazyPattern(
    r"^(?P<case>[0-9]{1,2}件目|上の?|下の?|前者|後者|(?P<work>[^。、]{2,20})の(?:ほう|方|件))(?:は|も)、?(?P<words>.+(?:ため|から|ので)(?:です|でした)?)$"
)
_LEDGER_IS_RIGHT = LazyPattern(
    r"台帳(?:側|の(?:方|ほう|記載|内容))?(?:は|が|の(?:方|ほう)が)(?:[合あ]って(?:い|お)り?ます|正しい(?:です)?|正です)"
)
"""Beside 差戻し that agrees with it; it is no 確認済."""
_REASON_OF_A_CASE = LazyPattern(
    r"^\(?(?P<place>[0-9]{1,2})(?:件目|番)?の?(?:差し?戻し?の?|相違の?|保留の?)?(?:理由|メモ)(?:は|→|\)|:|です)[:、 ]?(?P<words>.*)$"
)
