"""Statements in open words that stand beside an order: what was looked at or told, why it is so ordered, which case is left for later.

Called by remarks.py and clauses.py for what their closed classes do not hold. The predicate is of a closed class, and nothing before it
denies, doubts, asks, sets a condition, speaks of the future, or names an order or another case. Pure; linear; nothing is raised.
"""

from __future__ import annotations

import re

from bot.core.clerk.answer.order_words import DSURE
from bot.core.text.lazy_pattern import LazyPattern

_ORDERS = r"承認|差し?戻|さしもどし|保留|却下|返戻|受理|受け付け|対応済|確認済|取り?消|中止|停止|撤回|取り?下げ|無視"
_ASKS = r"\?|か$|でしょう|かな|どう|どちら(?:[^も]|$)|どの|どれ(?:[^も]|$)|どこ|なぜ|何[かがをで]|いつ(?:[^も]|$)|教え"
_MOST = 90


# -- what is left for later

_WAITS = (
    r"(?:(?:確認|照会|調整|協議|検討|調査|問い?合わ?せ|手続き?|審査|精査|決裁|作業|依頼)中(?:です|でして|のため|なので|ですので|につき|であり)?"
    r"|(?:回答|返事|決裁|確認|返信|連絡|提出|折り返し|差し替え|結果)待ち(?:です|のため|なので|ですので)?"
    r"|まだ[^、。]{0,16}(?:ません(?:でした)?|ない(?:です)?|て(?:い|お)ません|途中です|これからです)|(?:未確認|未決裁|未着|これから)(?:です|のため|なので)?"
    r"|.{1,16}(?:前|中|待ち)(?:です|のため|なので|ですので))"
)
_WHEN = r"(?:後日|追って|改めて|あらためて|別途|のちほど|後ほど|明日|明後日|来週|週明け|今週中|近日中|本日中|午後|もう少し|しばらく|もうしばらく|また|[^、。]{1,12}まで|[^、。]{1,10}(?:次第|後|の上|てから|たら))(?:に|には|お時間を)?"
_SHALL_ANSWER = (
    r"(?:(?:ご|お)?(?:回答|連絡|返信|返答|報告|知らせ|返事|お答え)(?:(?:いた|致)?し|させて(?:いただ|頂)き)ます|お待ちください|待って(?:おいて)?(?:ください|下さい)|お待ち(?:いただ|頂)けますでしょうか"
    r"|お?時間を(?:ください|下さい|(?:いただ|頂)きます)|(?:そのまま|このまま|手を付けずに|残して)(?:に|と)?(?:して)?おいて(?:ください|下さい))"
)
_LEFT_TO_AN_ANSWER = LazyPattern(rf"(?:[^。]{{0,30}}?)(?:{_WAITS}[、, ]*)?(?:{_WHEN}[、, ]*)?{_SHALL_ANSWER}")
_LEFT = LazyPattern(
    rf"(?:[^。]{{0,30}}?)(?:{_WAITS}[、, ]*)?(?:{_WHEN}[、, ]*)(?:待ちます|見(?:ます|て(?:また|から)?(?:返信|回答|連絡)(?:(?:いた|致)?し)?ます)|やります|(?:また)?かけ(?:直し)?ます|(?:確認|対応|処理|判断)(?:(?:いた|致)?し)ます|決めます)|(?:[^。]{{0,30}}?){_WAITS}"
)
_LEFT_PLAINLY = LazyPattern(
    r"[^。、]{0,24}(?:不在|留守)(?:で|でした|のため|だったので|でしたので)、?(?:また|改めて|明日|後で|後ほど)*(?:かけ直し(?:ます)?|かけ(?:ます)?|電話(?:(?:いた|致)?し)?ます)|(?:[^。]{0,24}(?:ので|ため)、?)?[^。、]{1,16}(?:から|より)(?:別途|改めて|直接)?、?ご?(?:回答|返信|連絡|返事)(?:が(?:あります|参ります|来ます|いきます)|(?:(?:いた|致)?し|させ)ます)|(?:これから|未(?:処理|回答)?)(?:です)?|(?:各課|担当課|他課|原課|それぞれの課)(?:で|に)(?:ご)?(?:判断|対応|回答)(?:ください|下さい|(?:を)?お願い(?:いた|致)?します|願います)|(?:明日|明後日|来週|週明け|午後|後日|後ほど|のちほど)(?:に)?[、 ]?(?:(?:確認|対応|処理|回答|返信|連絡)(?:(?:いた|致)?し)|見)ます"
)
_DECIDES = LazyPattern(f"{_ORDERS}|{_ASKS}")
_ONLY = LazyPattern(r"だけ|のみ|除|以外")


_NOT_THERE = LazyPattern(
    rf"(?:{DSURE}|画面|一覧|システム)?(?:に|で|には|では|上で?|を)?[、 ]?(?:(?:確認|検索|閲覧|照会|入力)(?:し|いたし)(?:ました|た)(?:が|ところ|けれど|ものの)|(?:見|探し)(?:ました|た)(?:が|ところ))?[、 ]?"
    r"(?:該当(?:する)?(?:の)?)?(?:保証|電子)?(?:証書|証券|該当|登録|表示|一覧|画面|データ|もの|検索結果|保証|D-Sure)?(?:に|が|は|も|を|の表示が|の登録が)?[、 ]?(?:まだ)?[、 ]?(?:証書|該当|登録|表示)?(?:が|は)?"
    r"(?:あり(?:ません|ませんでした)|ございません(?:でした)?|ない(?:です|よう(?:です)?)?|なかった(?:です)?|出(?:ません(?:でした)?|ず|ない|て(?:こ|き)(?:ません(?:でした)?|ず))|表示(?:され|でき|が?でき)(?:ません(?:でした)?|ず|ない|なかった)|見つか(?:りません(?:でした)?|らず|らない|らなかった)|見当た(?:りません(?:でした)?|らず|らない|らなかった)|登録されて(?:い|お)(?:り?ません(?:でした)?|らず|ない)|ヒットし(?:ません(?:でした)?|ず)|(?:閲覧|確認)でき(?:ません(?:でした)?|ず|ない|なかった)|エラー(?:です|でした|になります|になりました)?)"
    r"(?:(?:です|でした)?(?:ので|ため|から)|のため|です)?[、。 ]*",
    re.IGNORECASE,
)


def is_not_there(text: str) -> bool:
    """Whether a clause says that D-Sure shows no certificate; 問題はありません and 見ていません say something else."""
    return _NOT_THERE.fullmatch(text) is not None


def leaves(text: str) -> bool:
    """Whether what is said behind a case leaves it for later, and orders nothing: 課内で確認中ですので、後日回答します."""
    forms = (_LEFT_TO_AN_ANSWER, _LEFT, _LEFT_PLAINLY)
    return len(text) <= _MOST and any(one.fullmatch(text) for one in forms) and _DECIDES.search(text) is None


def is_left_plainly(text: str) -> bool:
    """Whether a case is left without the promise of an answer: for a sentence or a line of its own."""
    return _LEFT_PLAINLY.fullmatch(text) is not None


def overlooked(text: str) -> bool:
    """Whether a clerk only says that he answers late: as the first line of an answer, before any order."""
    return _OVERLOOKED.fullmatch(text) is not None


_OVERLOOKED = LazyPattern(
    r"(?:(?:すみません|すいません|申し?訳(?:あり|ござい)ません|失礼しました)[、。 ]*)?(?:ご?(?:メール|連絡|通知|返信|回答)(?:を|に)?)?(?:見落として|失念して|気づいて|気付いて)(?:い|お)?り?(?:ました|ませんでした)(?:[、。 ]*(?:すみません|すいません|申し?訳(?:あり|ござい)ません|失礼しました)(?:でした)?)?[.…]*"
)


def may_wait(left: str, ordered: str) -> bool:
    """Whether an order stands although another case is left: another answer is announced, or the order is for its case only."""
    return _LEFT_TO_AN_ANSWER.fullmatch(left) is not None or is_left_plainly(left) or _ONLY.search(ordered) is not None
