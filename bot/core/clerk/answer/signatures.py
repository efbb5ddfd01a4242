"""What stands below the name in a signature: addresses, hours, what the office tells of itself.

Called by order_grammar.py for lines below an order and a name that are neither an order nor a remark. Whatever may be about the case is none of
these. Pure; linear; nothing is raised.
"""

from __future__ import annotations

import re

from bot.core.clerk.answer.reasons import takes_back
from bot.core.text.courtesies import plain
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.persons import may_be_about_a_case

_DECORATED = LazyPattern(r"^[\W_]*[★☆※*＊~～〜◆◇■□●○◎【\[≪《「♪▼▽▲△…・|｜:-]")
_OF_THE_OFFICE = LazyPattern(
    r"[月火水木金土日](?:曜日?)?(?:は|に)?(?:不在|お?休み|在宅|勤務|出勤)|勤務日|出勤日|在席|勤務時間|窓口時間|庁内便|郵便番号|電話番号|実施中|キャラクター|広報|ゼロカーボン|笑顔|輝く|観光|特産|はじめました|開庁|閉庁|庁舎|業務(?:時間|を開始)|受付時間|移転|周年|sdgs|推進して|宣言|応援して|メール(?:アドレス)?(?:は|の|に)|lgwan|無害化|ウイルス|添付ファイル|ホームページ|サイト|公式|住所|所在地|返信の際|全員に返信"
    r"|募集|開催|ご覧|お越し|フォロー|節電|クールビズ|ふるさと|まち|のまち|キャンペーン|マイナンバー|選挙|国体|人権|交通安全|環境",
    re.IGNORECASE,
)
_SAYS_MORE = LazyPattern(
    r"\?|ませんか|ですか|待|すみません|だけ|以外|ただし|但し|けど|やめ|止め|違|ミス|誤|保留|承認|差し?戻|受け付け|確認|件目|番目|番で|金額|工期|期限|不要|できません|しないで"
)
_PREDICATE = LazyPattern(
    r"(?:です|ます|ました|でした|ません|ない|だ|する|した|ください|下さい)[*＊~～〜★☆】」。!！ ]*$"
)
_LATIN = LazyPattern(r"[@A-Za-z][A-Za-z0-9 ,.&()/'#:@_-]{1,60}")
_LATIN_WORDS = LazyPattern(
    r"\b(?:not|no|wait|cancel|reject|stop|hold|wrong|mistake|please|except|but|error|only|ng|ok|void|mada|test)\b",
    re.IGNORECASE,
)
_FIGURES = LazyPattern(r"[0-9〒:/()~～〜-]{3,}|[月火水木金土日]曜")
_CHARACTERS = 200


def may_stand_below(text: str) -> bool:
    """Whether a line below a name belongs to the signature. `text`: in plain form."""
    if len(text) > _CHARACTERS or not any(map(str.isalnum, text)) or takes_back(text) or _SAYS_MORE.search(text):
        return False
    if _LATIN.fullmatch(text):
        return not _LATIN_WORDS.search(text)
    if _OF_THE_OFFICE.search(text):
        return True
    if may_be_about_a_case(text) or _PREDICATE.search(text):
        return False
    return _DECORATED.match(text) is not None or _FIGURES.search(text) is not None


def is_ornament(line: str) -> bool:
    """Whether a line has signs alone, and none that answers, as ○ and × do; or a telephone number alone."""
    text = plain(line)
    if _TELEPHONE.fullmatch(text):
        return True
    return len(text) > 1 and _SIGNS_ALONE.fullmatch(text) is not None and (len(set(text)) < _FEW or set(text) <= _USUAL)


_TELEPHONE = LazyPattern(
    r"(?:\(内線?\)|内線?|℡|TEL|Tel|電話|☎|直通)[ :.]*[0-9(][0-9()/、・ -]{2,24}(?:\((?:内線?|直通)?[ :]*[0-9]*\))?"
)
_FEW = 4
_SIGNS_ALONE = LazyPattern(r"[^0-9A-Za-z一-龥々ぁ-んァ-ヶ○×△✕✖✗✓✔☑☒⭕❌👍👌🆗?!]+")
_USUAL = set("-=*~〜_+#◆◇■□●◎★☆※…─━―・:.< >|｜〃\"'^/\\∴∵‥∞♪ー")
