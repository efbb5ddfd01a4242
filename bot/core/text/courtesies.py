"""Lines of a reply without content: greetings, closings, introductions, signatures.

Called by the grammars of clerks' answers and of consent. A line that may have a meaning is none of these. Pure; nothing is
raised.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.persons import may_be_about_a_case

_BLANKS = LazyPattern(r"[\s\u3000]+")

ENDS = " 。．.!！、,，"

_BRACKETS = {
    "≪": "≫",
    "《": "》",
    "〈": "〉",
    "〔": "〕",
    "「": "」",
    "『": "』",
    "【": "】",
    "(": ")",
    "<": ">",
    "[": "]",
    '"': '"',
    "“": "”",
}

# Bows and smiles at a line's end; signs that answer, as a crossed-out circle or a thumb, are none of them.
_POLITE_SIGNS = LazyPattern(
    "[\U0001f647\U0001f64f\U0001f60a\U0001f642\U0001f604\U0001f60c\U0001f3fb-\U0001f3ff\u200d\u2640\u2642\ufe0f]+[ \u3000]*$"
)

_DASHES = LazyPattern(r"[\u2010-\u2015\u2212\uff0d]")


def plain(line: str) -> str:
    """A line for matching: half width, single blanks, no full stop at its end, no brackets round it."""
    text = _BLANKS.sub(" ", unicodedata.normalize("NFKC", _DASHES.sub("-", _POLITE_SIGNS.sub("", line)))).strip(ENDS)
    while len(text) > 2 and _BRACKETS.get(text[0]) == text[-1] and text.count(text[0]) == 1:
        text = text[1:-1].strip(ENDS)
    return text


# A line with one of these may have a meaning, so it is no courtesy and no name.
_MEANS = LazyPattern(
    r"承認|受付|受理|差し?戻|返戻|却下|保留|確認|相違|違|訂正|停止|照会|取り?消|中止|不|否|未|非|要|再|無|待|なし|ない|ません|番目?(?:$|[^号地])|件目"
    r"|例|案$|下書|見本|練習|テスト|サンプル|予定|検討|依頼|相談|だめ|ダメ|駄目|すべ|全|ただし|但し|例外|除|以外|金額|期限|\?|だけ|のみ|しか|NG|保証|返|戻|止|やめ|誤|間違|キー|認め|駄|許可",
    re.IGNORECASE,
)

_COURTESY = LazyPattern(
    r"(?:お(?:疲|つか)れ(?:様|さま|さん)?(?:です|でございます|でした)?"
    r"|(?:いつも|大変|平素より?)?(?:大変)?お世話(?:になっております|になります|になっています|様です|さまです)"
    r"|(?:以上)?[、, ]?(?:どうぞ|本日も|今後とも|引き続き)?[、, ]?(?:よろしく|宜しく)(?:御|お)?願い(?:いた|致)?し?(?:ます|申し上げます)"
    r"|(?:お手数(?:を|で(?:すが)?)?(?:おかけ(?:し|いた|致)(?:します|ますが|しますが|します)?|ですが)[、, ]?(?:よろしく|宜しく)?(?:お願い(?:いた|致)?します)?)"
    r"|以上(?:です|となります)?|取り急ぎ.{0,8}(?:まで|ご連絡まで|返信まで)?|とりいそぎ.{0,8}"
    r"|(?:ご|御)?連絡(?:いただき|頂き|を)?(?:ありがとう|有難う)(?:ございます|ございました)|(?:ありがとう|有難う)(?:ございます|ございました)"
    r"|(?:了解|承知)(?:しました|です|いたしました|致しました)|おはようございます|こんにちは|失礼(?:します|いたします|致します)"
    r"|(?:下記|以下|次)の(?:とおり|通り)(?:です|、?(?:回答|返信)(?:します|いたします|致します)|お願いします)?"
    r"|(?:回答|返信)(?:します|いたします|致します)"
    r"|(?:(?:D-?Sure|内容|添付|画像|現物|書類|PDF|台帳)(?:で|を|にて|の内容を)?)?(?:内容を)?確認(?:しました|いたしました|致しました|した結果))",
    re.IGNORECASE,
)
_ADDRESSED = LazyPattern(r"(.{1,20}?)(?:御中|様|各位|殿|さん)")

_SELF = LazyPattern(
    r"(?:[一-龥々ァ-ヶーA-Za-z0-9 ・]{1,24}(?:市|課|係|室|部|局|担当|役所)(?:の|・| )?)?[一-龥々ァ-ヶー ]{1,8}(?:です|と申します)"
)

_CONTACT = LazyPattern(
    r"(?:[^ぁ-ん]{0,12}(?:tel|fax|phone|ext|電話|☎|ファ(?:ッ)?クス|携帯|直通|代表|内線|外線|ダイヤルイン|〒)(?:番号)?[ :()/・.-]*[0-9+(][^ぁ-ん]{1,80}"
    r"|(?:[^ぁ-ん]{0,6}(?:e?-?mail|eメール|メール(?:アドレス)?|✉)[ :]*)?[^ ぁ-ん]+@[^ ぁ-ん]+\.[^ ぁ-ん]+|(?:[^ぁ-ん]{0,6}(?:url|hp|web|ホームページ)[ :]*)?(?:https?://|www\.)[^ぁ-ん]*|(?:x|twitter|instagram|facebook|line|youtube)[ :]*@?[a-z0-9_.]+"
    r"|[0-9()-]{9,15}(?: ?\(?(?:内線)? ?[0-9]{2,5}\)?)?|[^ぁ-ん]{2,6}[市区町村郡][^ぁ-ん]{0,30}[0-9]+(?:番地?[^ぁ-ん]{0,12}|-[0-9]+[^ぁ-ん]{0,12}))",
    re.IGNORECASE,
)

_UNIT = LazyPattern(
    r"[一-龥々ァ-ヶー0-9 ・()]{1,30}(?:市役所|役場|市|町|村|県|部|局|課|係|室|班|グループ|担当|主事|主任|主査|係長|課長)(?:[ 　]?[一-龥々ァ-ヶーぁ-ん ]{1,10})?(?:\([^()]{1,12}\))?"
)

_NAME = LazyPattern(
    r"[一-龥々ァ-ヶー]{1,4}(?: ?[一-龥々]{1,3}| [ぁ-ん]{1,4}| ?[ァ-ヶー]{1,5})?(?:\([一-龥々ぁ-んァ-ヶー ]{1,12}\))?|[A-Z][a-z]+ [A-Z][A-Za-z]+"
)


_SENTENCE_ENDS = LazyPattern(r"[。．!]")


def is_courtesy(text: str) -> bool:
    """Whether a line only greets, thanks, addresses somebody or closes."""
    parts: Iterator[str] = (part.strip(ENDS) for part in _SENTENCE_ENDS.split(text))
    return all(_is_one_courtesy(part) for part in parts if part)


_COMMAS = LazyPattern(r"[、,] ?")
_HAVE_CHECKED = LazyPattern(r"確認(?:しました|いたしました|致しました|した結果)$")


def _is_one_courtesy(text: str) -> bool:
    if _COURTESY.fullmatch(text):
        return not _MEANS.search(_HAVE_CHECKED.sub("", text))
    if (addressed := _ADDRESSED.fullmatch(text)) is not None:
        return not _MEANS.search(text) and not may_be_about_a_case(addressed[1])
    pieces: Sequence[str] = [piece for piece in _COMMAS.split(text) if piece]
    return len(pieces) > 1 and all(_is_one_courtesy(piece) for piece in pieces)


def is_contact(text: str) -> bool:
    """Whether a line is an address, a number or a link."""
    return bool(_CONTACT.fullmatch(text)) and not _OF_A_CASE.search(text)


_OF_A_CASE = LazyPattern(r"承認|差し?戻|保留|確認|相違|訂正|取り?消|中止|ません|ない|不要")


def _is_signature(text: str) -> bool:
    """Whether a line is part of a signature: name, office, contact."""
    names = (_SELF, _UNIT, _NAME)
    return is_contact(text) or (any(one.fullmatch(text) for one in names) and not _means(text))


def _means(text: str) -> bool:
    return _MEANS.search(text) is not None or may_be_about_a_case(text)


def is_small_talk(line: str) -> bool:
    """Whether a contractor's line is only a courtesy or part of a signature; the names of firms have no closed form."""
    pieces = [piece for piece in _SENTENCE_ENDS.split(plain(line)) if piece.strip(ENDS)]
    return all(_is_small_talk(piece.strip(ENDS)) for piece in pieces)


def _is_small_talk(text: str) -> bool:
    pieces = [piece for piece in _COMMAS.split(text) if piece]
    return is_courtesy(text) or _is_signature(text) or (len(pieces) > 1 and all(map(_is_small_talk, pieces)))
