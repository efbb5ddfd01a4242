"""A line of a clerk's answer in one form, before it is read: circled, kanji and doubled numbers, marks, what a case is called in brackets.

Called by clauses.py and order_grammar.py. Nothing is added and no order is changed; a line that has none of this stays as it is. Pure; linear;
nothing is raised.
"""

from __future__ import annotations

import re

from bot.core.clerk.answer.one_order import order_in
from bot.core.text.courtesies import plain
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.normalise import full_width_ascii_to_half

_HALF_TYPED = LazyPattern("([でま])う?[sｓ][uｕ]?($|[ 　。、!！])")
"""です whose last letter was typed too early: お疲れ様でｓ。"""
_CIRCLED = LazyPattern("[①-⑳]")
_CIRCLED_CHOICE = LazyPattern("([①-⑨])番")
_CIRCLED_LIST = LazyPattern("[①-⑳](?:[ \u3000]?[、,・~～〜と-]?[ \u3000]?[①-⑳])+")
_TWO_CIRCLED = LazyPattern("([①-⑳])[ \u3000]?([、,・~～〜と-]?)")


def in_plain_numbers(line: str) -> str:
    """A line whose circled numbers are cases of the letter, ①～③ as 1件目~3件目, ① as (1); でｓ as です."""
    listed = _CIRCLED_LIST.sub(lambda found: _as_cases(found[0]), _HALF_TYPED.sub(r"\1す\2", line))
    chosen = _CIRCLED_CHOICE.sub(lambda found: f"{_number(found[1])}番", listed)
    return _CIRCLED.sub(lambda found: f" ({_number(found[0])})", chosen)


def _as_cases(circled: str) -> str:
    last = f"{_number(circled[-1])}件目"
    return (
        _TWO_CIRCLED.sub(lambda found: f"{_number(found[1])}件目{found[2] or '、'}", circled[:-1]).strip(" \u3000")
        + last
    )


def _number(circled: str) -> int:
    return ord(circled) - ord("①") + 1


_BULLET = LazyPattern(r"^(?:[・→⇒➡▶►■◆●▼]|- )+ ?")
_NUMBERED_WORK = LazyPattern(
    r"^([1-9][0-9]?)[ .):、]+([^ 、。()]{3,40}(?:工事|業務|委託|修繕|設計|測量|点検))(?:\([^()]{1,16}\))?[ :→]+(承認|差し?戻|保留|確認済|なし|相違|対応済)"
)
"""1 中央公園整備工事 承認: the work is compared with the case's own."""
_KANJI_LIST = LazyPattern(
    r"^([一二三四五六七八九])(?:、|・|と|,)([一二三四五六七八九])(?:、|・|と|,)?([一二三四五六七八九])?件目"
)
KANJI_PLACE = LazyPattern(
    r"(^|[^一-龥0-9]|候補)([一二三四五六七八九])( ?(?:件目|番目|つ目|件とも|つとも|件全て|件すべて|件(?:は|を|も|が|については)|番(?:の(?:工事|候補|方|ほう)|で|が|に|を|です|$)))"
)
_GLUED_CASES = LazyPattern(r"(承認|保留|確認済み?|なし|対応済み?|[)）])([0-9]{1,2}件目)")
_OF_A_LIST = LazyPattern(
    r"^(?:d-?sure|確認待ち)(?:分)?(?:の)?(?: ?[0-9]{1,2}件)? ?\(([0-9件目、,と~〜・から ]{2,40})\)(?:は|→|:|について(?:は)?)? ?",
    re.IGNORECASE,
)
_TWICE = LazyPattern(r"^([0-9]{1,2})[ .)]+([0-9]{1,2}|[一二三四五六七八九])件目")


def _once(found: re.Match[str]) -> str:
    """A line that is numbered as its case is: 2. 2件目; 1.2件目 may mean two."""
    return f"{found[2]}件目" if found[1] == DIGITS.get(found[2], found[2]) else found[0]


_NUMBERED = LazyPattern(r"^(?:第 ?([0-9]{1,2}) ?件(?:目)?|[QqNn]\.? ?([0-9]{1,2})件目)")
_IN_BRACKETS = LazyPattern(r"^[【\[〔(「]((?:No\.? ?)?[0-9]{1,2} ?件目)[】\]〕)」][:、 ]*")
_RUN = LazyPattern(r"([0-9]{1,2})(?:[.)→:]|->)? ?(承認|差し?戻|保留|確認済|なし|対応済|無視|相違)")
_GLUED = LazyPattern(r"[一-龥ぁ-ん)] ?$|^$|[、,。;] ?$")
_NO_PLACE = LazyPattern(r"(?:[件番月日年時分第号から]|まで) ?$")


def _parted(text: str) -> str:
    """A line in which numbers stand right before orders, with their cases: 1承認2差戻し(…)3承認."""
    found = [
        one
        for one in _RUN.finditer(text)
        if _GLUED.search(before := text[max(0, one.start() - 2) : one.start()]) and not _NO_PLACE.search(before)
    ]
    numbers = [int(one[1]) for one in found]
    if len(found) < _SEVERAL or found[0].start() or numbers != sorted(set(numbers)):
        return text
    ends = [*(one.start() for one in found[1:]), len(text)]
    return "、".join(
        f"{one[1]}件目 {text[one.start(2) : end]}".strip("、, ") for one, end in zip(found, ends, strict=True)
    )


_IN_THE_LIST = LazyPattern(r"^(?:(?:一覧|リスト|表|報告)(?:の|では))(?:[0-9]{1,2}番目(?:[、,・と]|から|及び|および)?)+")
_DASHED = LazyPattern(r"^-([0-9]{1,2}件目)")
_LABEL = LazyPattern(r"^[【\[](?:ご?回答|返信|返答|判断|結果|処理|区分|結論)[】\]] ?")
_CASE_ALONE = LazyPattern(r"^([0-9]{1,2}件目)(?:の件)?(?:です|についてです)。 ?")
_ORDER_OF_CASE = LazyPattern(r"(件目)[ :、]*[【\[](承認|差し?戻し?|保留|確認済み?|対応済み?|なし|相違)[】\]][:、 ]*")
_KANJI_LISTED = LazyPattern(
    r"^([一二三四五六七八九壱弐参])(?:つ目)?[ 、.:)→](?: ?[→:])? ?(承認|差し?戻|保留|確認済|対応済|なし|相違)"
)
DIGITS = {kanji: str(place) for place, kanji in enumerate("一二三四五六七八九", 1)} | {"壱": "1", "弐": "2", "参": "3"}


def in_digits(text: str) -> str:
    """A line with the kanji that count cases as digits: 二件目 as 2件目."""
    return KANJI_PLACE.sub(lambda found: found[1] + DIGITS[found[2]] + found[3], text)


_IN_TSU = LazyPattern(r"([1-9]|ひと|ふた)つ(?:め|目)(?:の(?:件|方|ほう|もの|やつ)|(の候補))?")
_OF_TWO = LazyPattern(
    r"(^|[ 、。])([上下]) ?(?:(?:は|が|→|⇒|->|:|の方[はが]|のほう[はが])[、 ]?)?(承 ?認|差し?戻|保留|確認済|なし|相違|対応済|候補|[1-9]番)"
)
"""上→承認, 下→2番: the two cases of a letter."""
_ORDER = r"承 ?認|差し?戻|保留|確認済|なし|相違|対応済|無視|候補|[1-9]番|受け?付け|受理|原本|訂正"
_MARKS = LazyPattern(
    rf"(件目|[0-9]{{4}}-[0-9]{{1,3}}|\)) ?:? ?(?:→|⇒|➡|➔|▶|-+>|=+>|>|=|…|\.{{2,}}|・{{2,}}|-+|─+|━+|~)+[ :→]*({_ORDER})"
)
"""1件目 ──承認: what stands between a case and its order."""
_CHOICE = LazyPattern(r"(件目)[、,] ?([1-9]番)")
_CASE_BEHIND = LazyPattern(r"^([^。、件]{2,16})。 ?([0-9]{1,2}件目)(?:の件)?です$")
"""差戻しをお願いします。1件目です."""
_NO = LazyPattern(r"(^|[ 、。])[Nn][Oo]\.? ?([0-9]{1,2})(?: ?[:→は] ?| )(承認|差し?戻|保留|確認済|なし|相違|対応済)")
_TSU = {"ひと": "1", "ふた": "2"}
_ROW = LazyPattern(r"^\| ?([0-9]{1,2})(?:件目)? ?\| ?([^|]+?) ?(?:\| ?([^|]*?) ?)?\|$")
_TITLES = LazyPattern(
    r"^(?:\| ?(?:件|件目|no\.?|番号|受付番号|件名|工事名|処理|備考|回答|結果|理由|判断|区分|対応|メモ|[-:]+)? ?)+\|$",
    re.IGNORECASE,
)
_SHORT_RECEIPT = LazyPattern(r"^[-ー…]? ?(0[0-9]{3}-[0-9]{1,3}) ?(?:…+|\.{3,}|・{2,}|:|→) ?")


def in_a_row(line: str) -> str:
    """A row of a table that is drawn with bars, as a line: | 1 | 承認 | 課長了承済 |. "" for its titles."""
    text = full_width_ascii_to_half(line).strip()
    if _TITLES.match(text):
        return ""
    found = _ROW.match(text)
    if found is not None and order_in(plain(found[3] or "")) is not None:
        return line  # two orders for one case
    return line if found is None else f"{found[1]}件目 {found[2]} {found[3] or ''}".strip()


def in_form(text: str) -> str:
    """A line in plain form (courtesies.py) with its cases as 1件目, and without marks."""
    text = _IN_TSU.sub(
        lambda found: found[0] if found[2] else f"{_TSU.get(found[1], found[1])}件目", _SHORT_RECEIPT.sub(r"\1 ", text)
    )
    text = _OF_TWO.sub(r"\1\2の件は \3", text)
    text = _NO.sub(r"\1\2件目 \3", _CHOICE.sub(r"\1 \2", _DASHED.sub(r"\1", text)))
    text = _MARKS.sub(r"\1 \2", text)
    text = _KANJI_LIST.sub(
        lambda found: "、".join(DIGITS[one] for one in found.groups() if one) + "件目", text.rstrip("~〜～♪")
    )
    text = _NUMBERED_WORK.sub(r"\1件目(\2) \3", _CASE_BEHIND.sub(r"\2 \1", text))
    text = _ORDER_OF_CASE.sub(r"\1 \2 ", _LABEL.sub("", _CASE_ALONE.sub(r"\1 ", text)))
    text = _KANJI_LISTED.sub(lambda found: f"{DIGITS[found[1]]}件目 {found[2]}", text)
    text = _GLUED_CASES.sub(r"\1、\2", text)
    text = _OF_A_LIST.sub(r"\1 ", _TWICE.sub(_once, text))
    text = _NUMBERED.sub(lambda found: f"{found[1] or found[2]}件目", _IN_BRACKETS.sub(r"\1 ", _BULLET.sub("", text)))
    text = _without_marks(in_digits(text))
    return _parted(_IN_THE_LIST.sub(lambda found: found[0].replace("番目", "件目"), text))


_MARKED = LazyPattern(
    r"(^|件目[:、 ]*)(?:[○◯〇◎✓✔☑][ 、]?(?P<well>承認|確認済|対応済)|[×✕✖✗][ 、]?(?P<ill>差し?戻|相違)|[-△▲] ?(?P<other>対応済|無視|保留))"
)
_BRACKETED_ORDER = LazyPattern(r"^[【\[](承認|差し?戻し?|保留|確認済み?|対応済み?|なし|無視|相違)[】\]][:、 ]*")
_COUNTED_ORDER = LazyPattern(r"^([1-9][0-9]?)件(承認|差し?戻|保留|確認済|対応済|無視)")
_IN_BOTH = LazyPattern(r"^approved ?\((承認)\)$", re.IGNORECASE)
_ONLY_THIS = LazyPattern(
    rf"^([0-9]{{1,2}}件目)(?:だけ|のみ)(?:先に)?(?:処理|回答|返信|対応)(?:(?:いた|致)?し)ます[。、 ]+({_ORDER})"
)
_ONLY_ONE = LazyPattern(
    r"^(?:本日は|今日は|今回は|まずは?|先に)?[、 ]?([0-9]{1,2})件目(?:だけ|のみ)(?:先に)?(?:ご?回答|返信|ご?連絡)(?:(?:いた|致)?し)ます[。、 ]+([0-9]{1,2})件目"
)


def _without_marks(text: str) -> str:
    """A line without marks that say the same as the order behind them, and with a count before an order as all cases: ○ 承認, 2件承認."""
    text = _MARKED.sub(lambda found: f"{found[1]} {found['well'] or found['ill'] or found['other']}", text).strip()
    text = _IN_BOTH.sub(r"\1", _BRACKETED_ORDER.sub(r"\1 ", text))
    text = _ONLY_THIS.sub(r"\1 \2", text)
    if (only := _ONLY_ONE.match(text)) is not None and only[1] == only[2]:
        text = text[only.start(2) :]
    return _COUNTED_ORDER.sub(r"\1件とも\2", text)


_SEVERAL = 2
