"""What a clerk's answer orders: 承認, 2番, 差戻し 理由…, 確認済 and the like, as a closed grammar; the rest is not understood.

Called in the reading child with the lines of core/mail/reply_text.py; decide.py decides on what comes out. A line is an order, a courtesy, part of a
signature, or unclear, and one unclear line makes the whole answer unclear: nothing is guessed, nothing is done by half. Every
order is matched to its end, so that 承認できません is none. Pure; nothing is raised.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.core.clerk.refusal_grammar import denies_kind, kind_in
from bot.core.mail.reply_text import UNSEEN, AnsweredWords, answered_words
from bot.core.records.clerk_orders import MOST_CASES, WORDS_CHARACTERS, Command, CommandKind, ParsedReply
from bot.core.records.submission import Field
from bot.core.text.courtesies import _ENDS, _is_contact, _is_courtesy, _is_signature, _plain
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.normalise import clean, fold

UNSEEN_WORDS = "〔見えない文字、取消線などの文字〕"
"""So a clerk is told of text that he may not have seen himself."""


def read_answer(sayings: Sequence[str], letter: str = "") -> ParsedReply:
    """The orders of an answer that says itself in one way or two (Mail.sayings): those of the first that speaks.

    Where two order different things, nobody knows which the clerk saw: that is unclear. `letter`: what is answered.
    """
    first, *others = (read_orders(answered_words(one, letter, _is_order)) for one in sayings)
    for other in others:
        if not first.orders and not first.unclear:
            first = other
        elif first.orders and other.orders and not _are_alike(first.orders, other.orders):
            return replace(first, unclear=(*first.unclear, TWO_WAYS_WORDS))
    return first


TWO_WAYS_WORDS = "〔メールに本文が2通りあり、指示が異なります〕"


def _is_order(line: str) -> bool:
    return bool(_orders_of(_plain(line)))


def _are_alike(one: Sequence[Command], other: Sequence[Command]) -> bool:
    """Whether the orders are the same; a reason may be broken elsewhere, or be followed by more."""
    if [replace(order, words="") for order in one] != [replace(order, words="") for order in other]:
        return False
    words = [(fold(a.words), fold(b.words)) for a, b in zip(one, other, strict=True)]
    return all(a.startswith(b) or b.startswith(a) for a, b in words)


def read_orders(words: AnsweredWords) -> ParsedReply:
    """The orders of an answer, in their order, and the lines that are none."""
    orders: list[Command] = []
    unclear: list[str] = []
    open_order: Command | None = None  # one whose words go on in the next lines
    is_below_signature = False
    for line in words.lines:
        text = _plain(line)
        if not text:
            continue
        if UNSEEN in line:
            unclear.append(line.replace(UNSEEN, UNSEEN_WORDS))
            continue
        found = _orders_of(text)
        if found and is_below_signature:
            unclear.append(line)  # a signature has no mark, so what stands below it may be its own
        elif found:
            orders += found
            open_order = found[-1] if found[-1].verb.takes_lines else None
        elif _is_courtesy(text) or (bool(orders) and _is_signature(text)):
            is_below_signature = is_below_signature or _is_contact(text)
            open_order = None if orders and open_order and open_order.words else open_order
        elif open_order is not None and orders:
            orders[-1] = open_order = _continued(open_order, text)
        else:
            unclear.append(line)
    unclear += [line for line in words.signature if _orders_of(_plain(line)) or _TAKES_BACK.search(_plain(line))]
    orders = [_without_closing(order) for order in orders]
    unclear += [_shown(order) for order in orders if not _is_whole(order)]
    return ParsedReply(tuple(orders), tuple(unclear))


# -- one line


_NUMBER = r"[0-9]{1,2}"
_CASES = LazyPattern(
    r"(?:(?:受付番号)? ?(?P<receipt>[0-9]{8}-[0-9]{4,}-[0-9]{1,3})"
    r"|(?P<all>全件|全て|すべて|全部|いずれも|両方(?:とも)?)"
    rf"|(?:No\.? ?|#)?(?P<list>{_NUMBER}(?: ?(?:件目|つ目))?(?:(?: ?(?:[,、・&と及]|及び|から|~|〜|-) ?){_NUMBER}(?: ?(?:件目|つ目))?)*)"
    r"(?P<counted> ?(?:件目|つ目)?)[.)]?)"
    r"(?: ?(?:について)?(?:は|を|も|とも|の件は|の件)?[:、,)]? ?)",
    re.IGNORECASE,
)
_CANDIDATE = LazyPattern(
    r"(?:候補 ?(?:の )?(?P<a>[1-9])(?: ?番目?)?|(?P<b>[1-9]) ?番目?(?:の候補)?)(?:(?:で(?![すし])|[をにと]) ?)?[:、,]? ?"
)

# How an order may end: plain, or as a polite person ends it.
_DO = (
    r"(?: ?(?:に|と|で|を)? ?(?:します|いたします|致します|する|とします"
    r"|して(?:ください|下さい)|お願い(?:します|いたします|致します|申し上げます)?|をお願い(?:します|いたします|致します)|願います|です|でした"
    r"|としてください|として下さい|の処理をお願いします|で(?:よろしく|宜しく)お願い(?:します|いたします|致します)|で結構です))?"
)
_ACCEPT = LazyPattern(rf"(?:承認|受理|受付|しょうにん){_DO}")
_CHOOSE = LazyPattern(rf"(?:(?:承認|受理|受付|しょうにん)?{_DO}|が(?:正しい|該当)です|が(?:正しい|該当))")
_CONFIRMED = LazyPattern(
    rf"(?:d-?sure ?(?:で|にて|を|の)? ?)?(?:(?:確認済み?|確認ずみ|かくにんずみ){_DO}(?:[ 、,]*(?:内容)?(?:相違|問題)(?:なし|無し|ありません))?"
    r"|相違点?[: ]{0,2}(?:は ?)?(?:特に|一切|別段|全く|何も)? ?(?:なし|無し|ありません|ございません|見当たりません|見つかりません)(?:でした)?)",
    re.IGNORECASE,
)
_NOT_FOUND = LazyPattern(
    r"(?:d-?sure ?(?:で|に|には)? ?)?(?:該当 ?)?(?:なし|無し|見当たりません(?:でした)?|見つかりません(?:でした)?)(?:です|でした)?",
    re.IGNORECASE,
)
_STOP = LazyPattern(rf"(?:配信 ?|通知 ?|送信 ?)?(?:停止|ていし){_DO}")
_HELP = LazyPattern(r"(?:ヘルプ|help|使い方|書き方)", re.IGNORECASE)
_REFUSALS = LazyPattern(r"(?:差し?戻し?|さしもどし|相違)(?: ?の?(?:理由|種類))? ?の? ?(?:一覧|いちらん|リスト)")
# Words that take back, doubt or postpone what was said before them, or show that nothing was meant yet.
_DOUBT = (
    r"す[みい]ません|申し訳|失礼(?:し|いた)|勘違い|見間違|間違い(?:です|でした|だ)|見送|見合わせ|取り下げ|ということは|と思っ|合ってい(?:ます|まし)"
    r"|足りてい(?:ます|まし)|同じでし|追記|練習|下書|記入例|未記入|無効|忘れて|一旦|いったん|様子を|確認中|調査中|検討中|照会中です|たぶん|多分|おそらく|かもしれ"
    r"|(?:場合|とき|なら|たら|れば)$|電話で$|別途連絡|やはり|やっぱり|決裁|処理しない|出さない|上の(?:回答|返信|指示)|待って|○○|××|□□|△△|\*\*|-{3,}|\.{3,}|…"
)
_SEPARATED = r"(?:(?:{do})(?: ?[:、,。(] ?| )(?:理由 ?(?:は|:)? ?)?(?P<words>.*?)\)?|{do})"


def _with_words(verb: str) -> LazyPattern[str]:
    return LazyPattern(rf"(?:{verb})" + _SEPARATED.format(do=_DO), re.IGNORECASE)


_REFUSE = _with_words(r"差し?戻し?|さしもどし|却下|返戻")
_PUT_OFF = _with_words(r"保留|ほりゅう")
_DIFFERS = _with_words(
    r"(?:d-?sure ?(?:で|の|と)? ?)?(?:相違|そうい)(?:あり|有り?|があります|がありました|しています|していました)?"
)
_DEALT_WITH = _with_words(r"(?:対応|処理)(?:済み?|ずみ|完了)")
_READ_AGAIN = LazyPattern(rf"(?:再(?:読み?取り?|処理)|もう一度読み?取り?){_DO}")
_SEND_KEY = LazyPattern(
    rf"(?:(?:認証)?キー(?: ?[のを]? ?(?:メール ?[のを] ?)?(?:再送(?:付|信)?|送付|もう一度送付?){_DO})?|(?:再送(?:付|信)?|もう一度) ?(?:認証)?キー{_DO})"
)
_ORIGINALS = LazyPattern(
    rf"(?:原本|(?:届いた|元の) ?(?:書類|pdf|ファイル))(?: ?[のを]? ?(?:再送(?:付|信)?|送付|送信|転送))?{_DO}"
    r"|(?:原本|(?:届いた|元の) ?(?:書類|pdf|ファイル)) ?を ?(?:送って|見せて)(?:ください|下さい)",
    re.IGNORECASE,
)
_LOOK_UP = LazyPattern(
    rf"(?:照会|しょうかい){_DO}[: ]+(?:(?:保証契約番号|契約番号|番号|工事名)[: ]*)?(?P<words>.+)|(?P<before>.+?) ?(?:を|の) ?照会{_DO}"
)
_CORRECT = LazyPattern(
    rf"(?:訂正|ていせい){_DO}[:、 ]+(?P<field>保証契約番号|契約番号|番号|工事名|件名|受注者名?|契約者名?|保証区分|商品|認証キー|キー)"
    r"(?:は|を|[:= ])* ?(?P<words>.+?)(?: ?(?:が正しい(?:です)?|です|(?:に|へ)(?:訂正)?(?:します|してください|お願いします)?))?",
)
# A question, or the example of our own letters as it stands there.
_NO_VALUE = LazyPattern(
    r"か$|\?|^[0-]+$|キー|^(?:不明|同上|なし|無し|未定|空欄|承認|確認中|保留|訂正)$|のとおり$|の通り$|ではな|じゃな|か(?:株式|有限|合同|合資)|正しい|(?:ます|ません|です|でした|ました|ください|下さい|でしょう)$|"
    + _DOUBT
)
_FIELDS = {
    "保証契約番号": Field.NUMBER,
    "契約番号": Field.NUMBER,
    "番号": Field.NUMBER,
    "工事名": Field.PROJECT_NAME,
    "件名": Field.PROJECT_NAME,
    "保証区分": Field.PRODUCT,
    "商品": Field.PRODUCT,
    "認証キー": Field.KEY,
    "キー": Field.KEY,
}

_TAKES_WORDS = (
    (_REFUSE, CommandKind.REFUSE),
    (_DIFFERS, CommandKind.DIFFERS),
    (_PUT_OFF, CommandKind.PUT_OFF),
    (_DEALT_WITH, CommandKind.DEALT_WITH),
)
_PLAIN_ORDERS = (
    (_ACCEPT, CommandKind.ACCEPT),
    (_CONFIRMED, CommandKind.CONFIRMED),
    (_NOT_FOUND, CommandKind.NOT_FOUND),
    (_STOP, CommandKind.STOP),
    (_READ_AGAIN, CommandKind.READ_AGAIN),
    (_SEND_KEY, CommandKind.SEND_KEY),
    (_ORIGINALS, CommandKind.ORIGINALS),
    (_HELP, CommandKind.HELP),
    (_REFUSALS, CommandKind.REFUSALS),
)
_LEAST_WORDS = 3  # characters of a reason for the contractor

# Words behind 差戻し, 相違 or 保留 that take the order back, ask, or talk about it instead of giving its reason.
_NO_REASON = LazyPattern(
    r"^(?:不要|無用|なし|無し|無$|しない|しなく|しません|せず|はしない|ではな|じゃな|取り?消|中止|撤回|やめ|止め|待|解除|承認(?:$|し|で|に|を|は|済|の?件)"
    r"|受付し|確認済|OK|可$|不可$|する|の|な(?:ければ|いなら|かったら)|後で|あとで|後日|追って|別途|かどうか|かも|理由(?:は|を)?$"
    r"|しても|しますか|しましょうか|すべき|どう|検討|予定|の件|については|必要|でよい|でいい|は|が|を|に|と|も|で|じゃ|か$)"
    r"|(?:です|ます|ません|でしょう|ました|よい|良い|いい)か$|\?|保留解除|(?:差し?戻し?|承認|保留|相違)(?:は|では|し)?(?:もう)?(?:不要|しない|せず|なし|ではな|要り?ません|いりません|やめ)",
    re.IGNORECASE,
)
_DOUBTS = LazyPattern(_DOUBT)


def _is_taken_back(verb: CommandKind, words: str) -> bool:
    """Whether the words take their order back. A memo may doubt: it changes nothing."""
    return bool(_NO_REASON.search(words)) or (verb.needs_words and bool(_DOUBTS.search(words)))


_SENTENCE_ENDS = LazyPattern(r"[。．!]|(?<=[一-龥ぁ-ん])\. ")
_COMMAS = LazyPattern(r"、|, ")


def _orders_of(text: str) -> list[Command]:
    """The orders of one line: of the line as a whole, else of its sentences, if each is an order or a courtesy."""
    if (order := _order(text)) is not None:
        return [order]
    sentences = [part.strip(_ENDS) for part in _SENTENCE_ENDS.split(text) if part.strip(_ENDS)]
    if len(sentences) < 2:
        sentences = [part.strip(_ENDS) for part in _COMMAS.split(text) if part.strip(_ENDS)]
    if len(sentences) < 2 or len(sentences) > MOST_CASES:
        return []
    found: list[Command] = []
    for place, sentence in enumerate(sentences):
        order = _order(sentence)
        if order is not None and order.verb.takes_lines and place + 1 < len(sentences):
            return []  # where its reason ends can't be told
        if order is None and not _is_courtesy(sentence):
            return []
        found += [order] if order is not None else []
    return found


def _order(text: str) -> Command | None:
    """The order that the text is, from its first character to its last."""
    if (order := _verb(text, Command(CommandKind.HELP))) is not None:
        return order
    cases = _CASES.match(text)
    if cases is None or cases.end() == 0:
        return None
    named = _named(cases)
    return None if named is None else _verb(text[cases.end() :], named)


_RANGE = frozenset({"から", "~", "〜", "-"})


_PLACES = LazyPattern(rf"({_NUMBER})(?: ?(?:件目|つ目))? ?([^0-9]*)")


def _named(found: re.Match[str]) -> Command | None:
    """Which cases a line speaks of; None for places that no letter has."""
    if found["receipt"]:
        return Command(CommandKind.HELP, receipt=found["receipt"])
    if found["all"]:
        return Command(CommandKind.HELP, is_for_all=True)
    places: list[int] = []
    until = 0
    for number, joint in _PLACES.findall(found["list"]):
        first = int(number)
        if until and joint.strip() in _RANGE:
            return None
        if until:
            if not until < first <= MOST_CASES:
                return None
            places += range(until + 1, first + 1)
        else:
            places.append(first)
        until = first if joint.strip() in _RANGE else 0
    return Command(CommandKind.HELP, tuple(dict.fromkeys(places))) if all(places) and places and not until else None


def _verb(text: str, named: Command) -> Command | None:
    """The order for the named cases."""
    for pattern, verb in _PLAIN_ORDERS:
        if pattern.fullmatch(text):
            return replace(named, verb=verb)
    if (found := _CANDIDATE.match(text)) and _CHOOSE.fullmatch(text[found.end() :]):
        return replace(named, verb=CommandKind.ACCEPT, candidate=int(found["a"] or found["b"]))
    for pattern, verb in _TAKES_WORDS:
        if found := pattern.fullmatch(text):
            words = (found["words"] or "").strip(_ENDS)
            return (
                None if _is_taken_back(verb, words) else replace(named, verb=verb, words=clean(words, WORDS_CHARACTERS))
            )
    if found := _CORRECT.fullmatch(text):
        field = _FIELDS.get(found["field"], Field.CONTRACTOR)
        words = "" if field is Field.KEY else clean(found["words"].strip("「」『』"), WORDS_CHARACTERS)
        if _NO_VALUE.search(words):
            return None
        return replace(named, verb=CommandKind.CORRECT, field=field, words=words)
    if named == Command(CommandKind.HELP) and (found := _LOOK_UP.fullmatch(text)):
        return replace(
            named, verb=CommandKind.LOOK_UP, words=clean(found["words"] or found["before"], WORDS_CHARACTERS)
        )
    return None


def _continued(order: Command, text: str) -> Command:
    return replace(order, words=f"{order.words}\n{clean(text, WORDS_CHARACTERS)}".strip()[:WORDS_CHARACTERS])


def _without_closing(order: Command) -> Command:
    """A refusal whose kind is followed by よろしくお願いします alone: that is no word for the contractor."""
    said = kind_in(order.words) if order.verb.needs_words else None
    if said is None or not said.own or not _is_courtesy(said.own):
        return order
    return replace(order, words=said.typed)


def _is_whole(order: Command) -> bool:
    """Whether what the order needs was said, and nothing in its words takes it back."""
    if order.verb.needs_words and (said := kind_in(order.words)) is not None:
        own = (said.own, order.words) if said.own else (order.words,)
        return not any(_is_taken_back(order.verb, words) or _orders_of(words) for words in own)
    if order.verb.needs_words and (_is_courtesy(order.words) or _is_signature(order.words)):
        return False
    if order.verb.needs_words and (not _says_something(order.words) or _orders_of(order.words)):
        return False
    if order.verb.needs_words and denies_kind(order.words):
        return False
    if order.verb.takes_lines and _is_taken_back(order.verb, order.words):
        return False
    return not order.verb.needs_words or len(order.words) >= _LEAST_WORDS


_TWO_LETTERS = LazyPattern(r"^.*[ぁ-んァ-ヶ一-龥々].*[ぁ-んァ-ヶ一-龥々]")
_ONLY_A_CASE = LazyPattern(r".{0,4}件目?")


def _says_something(words: str) -> bool:
    """Whether they are a reason in words, no number and no sign alone; and more than which case it is."""
    return _TWO_LETTERS.match(words) is not None and not _ONLY_A_CASE.fullmatch(words)


def _shown(order: Command) -> str:
    return f"{order.verb.words} {order.words}".strip()


# -- what is no order

# In a signature "検査・承認担当" means nothing; a sentence that takes something back does.
_TAKES_BACK = LazyPattern(
    r"(?:承認|受付|差し?戻し?|保留|確認済み?|相違|停止|返信|指示)(?:は|を|しない|しません|でき|せず|取り?消|し(?:ま|て|な))|ただし|但し|取り?消|"
    + _DOUBT.replace("|失礼(?:し|いた)", "").replace(r"|○○|××|□□|△△|\*\*|-{3,}|\.{3,}|…", "")
)
