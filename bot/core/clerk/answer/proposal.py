"""What an answer would order without the sentences that are not understood: for a letter that asks whether it is so meant.

Called in the reading child beside order_grammar.py, which reads what is left. An order counts only as it is read otherwise; a sentence that may
turn it round, as a question, a condition or a retraction does, leaves nothing to ask about. Nothing is ever done by what is found here alone.
Pure; nothing is raised.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bot.core.clerk.answer import reasons
from bot.core.clerk.answer.case_lines import heading_in, holds_order, line_of
from bot.core.clerk.answer.order_grammar import read_orders
from bot.core.clerk.answer.reading import UNSEEN_WORDS
from bot.core.mail.reply_text import UNSEEN, AnsweredWords, answered_words
from bot.core.records.clerk_orders import Command, CommandKind
from bot.core.text.courtesies import plain
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.normalise import fold


@dataclass(frozen=True, slots=True)
class Proposable:
    """Orders that may be asked about, and the sentences beside them that were not understood; none = there is nothing to ask."""

    orders: tuple[Command, ...] = ()
    unread: tuple[str, ...] = ()


NOTHING = Proposable()


def proposable_in(sayings: Sequence[str], letter: str = "", own: frozenset[str] = frozenset()) -> Proposable:
    """What may be asked about an answer that order_grammar.read_answer finds unclear. Its ways of saying it must agree."""
    told = [_proposable(answered_words(one, letter, holds_order), own) for one in sayings]
    found = [one for one in told if one is not None]
    return found[0] if found and all(one == found[0] for one in found) else NOTHING


def _proposable(words: AnsweredWords, own: frozenset[str]) -> Proposable | None:
    """The same of one way; None where it says nothing at all."""
    lines = list(words.lines)
    first = read_orders(words, own)
    if not first.orders and not first.unclear:
        return None
    if sum(len(list(_sentences(line))) for line in lines) > _MOST_SENTENCES or any(UNSEEN in line for line in lines):
        return NOTHING
    unread: list[tuple[int, str]] = []
    for _ in range(_ROUNDS):
        read = read_orders(replace(words, lines=tuple(lines)), own)
        if not read.unclear:
            told = tuple(sentence for _, sentence in sorted(unread, key=lambda one: one[0]))
            is_sound = bool(told and read.orders) and all(map(_may_be_asked, read.orders))
            is_relented = any(order.verb.needs_words for order in read.orders) and any(map(reasons.relents, told))
            return Proposable(read.orders, told) if is_sound and not is_relented else NOTHING
        cut = _cut(lines, read.unclear, own)
        if not cut or any(_turns(sentence) for _, sentence in cut):
            return NOTHING
        unread += cut
    return NOTHING


def _may_be_asked(order: Command) -> bool:
    """Whether the order is for named cases, or the only one: 全件 beside what is not understood may have an exception in it."""
    is_open = order.is_for_rest or (order.is_for_all and not order.count)
    return order.verb not in _NOT_ASKED and not is_open


_NOT_ASKED = frozenset(
    {CommandKind.LOOK_UP, CommandKind.HELP, CommandKind.REFUSALS, CommandKind.STOP, CommandKind.SEND_KEY}
)
"""What only tells; and a contractor's opt-out, which is recorded in the clerk's own words, and a key, which leaves on a plain order alone."""
_MOST_SENTENCES, _ROUNDS = 60, 6


def _cut(lines: list[str], unclear: Sequence[str], own: frozenset[str]) -> list[tuple[int, str]]:
    """Take the sentences that are not understood out of the lines; nothing where one can't be told, or may belong to a reason."""
    cut: list[tuple[int, str]] = []
    for told in dict.fromkeys(unclear):
        place = next((at for at, line in enumerate(lines) if line and _is_of(told, line)), None)
        if place is None:
            continue
        kept: list[str] = []
        sentences = list(_sentences(lines[place]))
        for sentence in sentences:
            if not _is_unread(sentence, told, lines[place], len(sentences), own):
                kept.append(sentence)
                continue
            if _may_go_on(sentence, lines[:place], "".join(kept), own):
                return []
            cut.append((place, sentence.strip()))
        lines[place] = "".join(kept)
    return cut


def _is_of(told: str, line: str) -> bool:
    return fold(plain(told)) in fold(plain(line)) and heading_in(plain(line)) is None


def _is_unread(sentence: str, told: str, line: str, count: int, own: frozenset[str]) -> bool:
    """Whether a sentence of a line is what is not understood there: the line as a whole, or the clause `told` of it."""
    text = plain(sentence)
    if not text or line_of(text, own) is None:
        return bool(text)
    said, clause = fold(text), fold(plain(told))
    is_clause = clause != fold(plain(line)) or count == 1
    return is_clause and (clause in said or said in clause) and not holds_order(sentence)


def _may_go_on(sentence: str, above: Sequence[str], before: str, own: frozenset[str]) -> bool:
    """Whether the order right before a sentence takes a reason, a memo or a value, which the sentence may be more of."""
    orders = read_orders(AnsweredWords((*above, before)), own).orders
    if not orders:
        return False
    if orders[-1].verb is CommandKind.CORRECT:
        return bool(before.strip()) or _STATES.search(plain(sentence)) is None  # a value stands in its line
    return orders[-1].verb.takes_lines


_STATES = LazyPattern(r"(?:です|ます|ました|でした|ません)$")


def _sentences(line: str) -> Iterator[str]:
    """The sentences of a line, each with its full stop; one in brackets ends none."""
    begun = depth = 0
    for place, sign in enumerate(line):
        depth = max(0, depth + (sign in _OPENING) - (sign in _CLOSING))
        if sign in _FULL_STOPS and not depth:
            yield line[begun : place + 1]
            begun = place + 1
    if line[begun:].strip():
        yield line[begun:]


_OPENING, _CLOSING, _FULL_STOPS = "(（「『【", ")）」』】", "。．!！?？"


def _turns(sentence: str) -> bool:
    """Whether a sentence may turn an order round, put it off or ask about it, rather than tell something beside it."""
    text = _TELLS.sub("", fold(plain(sentence)))
    is_of_others = _OF_OTHERS.match(text) is not None
    return (
        any(one.search(text) for one in (_TURNS, *(() if is_of_others else (_PUTS_OFF,)))) or UNSEEN_WORDS in sentence
    )


_TURNS = LazyPattern(
    r"承認|差し?戻|さしもど|保留|却下|返戻|確認済|対応済|無視|取り?消|撤回|取り?下げ|見送|やめ|止め|待|中止|反対|拒絶|延期|再考|猶予|だめ|駄目|ダメ|×|ng$"
    r"|異[議論](?:$|です|が(?:あり|出)|あり(?:$|ます|ました))|\?|か$|か[。、]|でしょう|ましょう|教えて|^(?:と|の|で)(?:言|い[うっ]|の|課|部|係|上司|思|、)|言いたい"
    r"|^失礼(?:し|いたし)ました$|^(?:大変)?(?:すみません|すいません|申し訳(?:あり|ござい)ません)(?:でした)?$|誤送信|(?:別|他|ほか|違う|間違).{0,8}への返信"
    r"|ただし|但し|場合|ときは|なら(?:ば|$|[^なずび])|たら|れば|次第|限り|条件|前提|てから|後に?$|の上$|もし|万一|いったん|一旦|とりあえず|仮に|仮の(?:回答|返信|返事|指示|判断)"
    r"|以外|除[いくき]|逆に|やはり|やっぱり|間違え|間違って(?:返|送|書)|勘違い|見間違|誤って(?:送|返|書)|下書|練習|テスト|見本|自動(?:返信|応答)"
    r"|かも|たぶん|多分|おそらく|恐らく|気がし|自信|迷[いっ]|検討(?:中|し(?:ます|て))|相談し(?:て|ま)|判断(?:でき|が)|(?:分か|わか)(?:らな|りません|らず)|不明|任せ"
    r"|しないで|せずに|てはいけ|断[りわっ]|不可|無効|却|否認|不(?:受理|適|合格|承)|しかね|なかったこと|なしで|気が変わ|忘れて|逆(?:です|でし)|違いました|取り?違え|書き損じ|冗談|嘘|うそ|白紙|出し直し"
    r"|(?:進め|受け付け|通さ|処理し|扱わ)な(?:い|くて)|(?:ください|下さい)(?:ませ)?$"
    r"|よね$|ですね$|かな$|(?:受け|承知|同意|納得|賛成)(?:が|は)?(?:でき|して(?:い|お)?り?)ませ|遠慮|没|ボツ|アウト|否決|間違いです|押しました|違う。?$|[^がは]違います$|人違い|前言|^↑|^[(]?仮[)]?$|戻し$|パス$|やり直"
)
"""An order, a question, a condition, a retraction or a doubt."""
_PUTS_OFF = LazyPattern(
    r"残り|まだ|未(?:確認|決裁|了|定|処理)|(?:確認|照会|調整|協議|調査|相談|対応|審査|決裁)中|(?:後で|後日|追って|改めて|のちほど|後ほど|明日|来週).{0,12}(?:回答|連絡|返事|返信|確認|決め|判断)"
)
_OF_OTHERS = LazyPattern(r"(?:[0-9]{1,2}(?:件目|、)|残り|のこり|ほか|他の|あとの?[0-9]?件)")
"""What is said of a case that nothing is ordered for: the letter says that nothing is done on it."""
_TELLS = LazyPattern(
    r"(?:聞い|見|調べ|確認し|電話し|開い|照合し|問い合わせ)たら|によれば|(?:付け|入れ|入力し|登録し|直し|更新し|書き)忘れ"
)
