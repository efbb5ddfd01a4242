"""Statements in open words that stand beside an order: what was looked at or told, why it is so ordered, which case is left for later.

Called by remarks.py and clauses.py for what their closed classes do not hold. The predicate is of a closed class, and nothing before it
denies, doubts, asks, sets a condition, speaks of the future, or names an order or another case. Pure; linear; nothing is raised.
"""

from __future__ import annotations

import re

from bot.core.clerk.answer.asides import is_past, is_substantial
from bot.core.clerk.answer.order_words import AFTERWARDS, DSURE
from bot.core.text.lazy_pattern import LazyPattern

_ORDERS = r"承認|差し?戻|さしもどし|保留|却下|返戻|受理|受け付け|対応済|確認済|取り?消|中止|停止|撤回|取り?下げ|無視"
_ASKS = r"\?|か$|でしょう|かな|どう|どちら(?:[^も]|$)|どの|どれ(?:[^も]|$)|どこ|なぜ|何[かがをで]|いつ(?:[^も]|$)|教え"
_SETS = r"なら|たら|れば|えば|場合|とき|時は|次第|もし|万一|限り|て(?:から|ない)"
_DOUBTS = r"のは[^。]{0,12}(?:だけ|のみ)|思|たぶん|多分|おそらく|恐らく|かも|はず|らしい|よう(?:です|な|に|で)|そうです|そうな|気が|気も|見え|見受け|っぽ|一応|だいたい|大体|おおむね|概ね|ほぼ|半分|微妙|自信|心配|不安|怪し|念のため"
_LATER = r"予定|これから|今後|後日|後ほど|のちほど|あとで|後で|明日|来週|来月|翌|つもり|まだ|未(?:[^満]|$)|待ち|待っ|中$|(?:電話|連絡|確認|対応|返信|回答|送付|提出|相談|照会|調整|協議)(?:いた)?します|(?:伺い|聞き|取り|送り|見)ます|たい(?:です|と|$)"
_TURNS = r"ただ|但し|[たすいだ]が、|けど|けれど|ものの|しかし|でも|一方|のに|逆|(?:ほう|方)が|以外|除[いくき]|うち|しか|残り|片方|一部"
_OTHER = r"自動(?:返信|応答)|辞退|倒産|破産|解除|解約|打ち?切|廃止|偽|死亡|差し?押|苦情|隣|別(?:[のな件紙人]|工事|会社|契約|業者)|他[のは市社県課]|ほかの|違|誤|ミス|間違|不(?:[^動]|$)|無|非|否|漏|もれ|抜け|欠|異な|足り|旧|古い|昨年|去年|前回|前の[^工会]|失効|期限切れ|重複|二重|仮|見本|練習|テスト|試し|例[のえ]|案です|訂正版|差し替え|出し直|再提出|新しい|[0-9] ?(?:件|つ)目|[0-9一二三四五] ?番|件だけ|近い|似て"
_BEGS = r"ください|下さい|願[いえ]|ほしい|欲し|もらえ|いただけ"
_DENIES = r"[Nn]ot|[Nn]o |n't|NO |NOT|ません|な[いくか]|ず(?:[、 に]|$)|ぬ$|ねま"
_BARRED = LazyPattern(f"{_ORDERS}|{_ASKS}|{_SETS}|{_DOUBTS}|{_LATER}|{_TURNS}|{_OTHER}|{_BEGS}|{_DENIES}")
_MOST = 90

# -- that all is well

_NONE = r"(?:ありません(?:でした)?|ございません(?:でした)?|ない(?:です)?|なかった(?:です)?|なし(?:です|でした)?|無し|見当たりません(?:でした)?)"
_FAULT = r"(?:問題|支障|差し支え|不備|不足|相違|違い|誤り|(?:打ち|書き|読み|聞き)?間違い|(?:入力|転記|記載|記入)ミス|誤字(?:脱字)?|取り違え|異常|異状|齟齬|不一致|(?:記載|記入)?漏れ|過不足|疑義|疑い|変わり)(?:な?点|箇所|など|等)?(?:は|も|が|に)? ?"
_AS_AGREED = (
    r"(?:契約(?:書|内容)?|台帳|仕様書|通知|記載|設計書|協定書|当初)(?:の|に)?(?:記載)?(?:の)?(?:とおり|通り|どおり)"
)
_SAME = (
    r"(?:一致|合致|符合|整合)(?:して(?:い|お)(?:ります|ました|りました|ます|る)|しました|です)?|合って(?:い|お)(?:ります|りました|ます|ました|る)"
    r"|(?:正しい|同じ|同一|OK|ok|大丈夫|適正|適切|妥当|十分|同様|変わりない|(?:当課|当市|本市|弊市|当係)(?:の(?:発注)?)?(?:分)?)(?:の)?(?:もの|内容|会社|業者|工事|案件|契約|番号|人|金額|書類)?(?:です|でした|である|であること)?|足りて(?:い|お)(?:ります|ました|ます|る)|(?:超えて|上回って|満たして|収まって|入って)(?:い|お)(?:ります|ました|ます|る)"
    rf"|{_AS_AGREED}(?:です|でした|で(?:す|した|ある)|である|で(?:間違い|相違)(?:ありません(?:でした)?|ございません(?:でした)?|ない(?:です)?))?"
)
_WELL = rf"(?:{_FAULT}{_NONE}|{_SAME})"
_OF_IT = r"(?:と|との|という|である|だった)"
_TOLD = (
    rf"(?:{_OF_IT}?(?:こと|旨|回答|返答|返事|連絡|報告|説明|話|確認|見解|認識)?(?:です|でした|であり|で|だった"
    r"|(?:を|が|も|の)?(?:(?:回答|連絡|返事|確認|報告|説明)(?:を|が)?)?(?:(?:いただ|頂)(?:きました|いて(?:い|お)り?ます)|もらいました|もらって(?:い|お)り?ます|得ました|得て(?:い|お)り?ます|受けました|受けて(?:い|お)り?ます|ありました|取れました|取れて(?:い|お)ります))|だ?そうです"
    rf"|{_OF_IT}?(?:こと)?(?:を|が|は)?(?:聞いて(?:い|お)り?ます|聞きました|伺いました|言って(?:い|お)り?ました|(?:確認|判断|照合|把握)(?:し|いたし|致し|でき|が取れ|を(?:し|いたし))?(?:ました|て(?:い|お)り?ます|済み?です)))"
)
_SAYS_WELL = LazyPattern(rf"(?P<x>[^。!]{{0,60}}?){_WELL}(?:{_TOLD})?(?:ね|よ)?{AFTERWARDS}", re.IGNORECASE)

# -- that what differs is of no account, or the city's own to put right

_DIFFERING = r"違(?:う|い|って(?:い|お)り?る?)|異な[るっ]|相違|漏れ|もれ|誤(?:り|記|字)|ミス|間違[いえっ]|抜け|古い|旧|不一致|遅れ|変更前|未(?:更新|登録|反映|入力|修正)|まま|前の|載って(?:い|お)?ない|直って(?:い|お)?ない|(?:更新|反映|登録|修正)(?:され|し|でき)て(?:い|お)?な(?:い|かった)"
_ENDING = r"(?:です|で|でした|だった(?:ため)?です|のため(?:です)?|ため(?:です)?|によるものです|が(?:原因|理由)です|(?:と|との)(?:判断|確認)(?:し|いたし)ました|とのこと(?:です|でした))"
_SAYS_SMALL = LazyPattern(
    rf"(?P<x>[^。!]{{0,40}}?)(?:(?:{_DIFFERING})[^。!]{{0,16}}?(?:だけ|のみ|に過ぎません|にすぎません)|て(?:い|お)るだけ|(?:反映|登録|更新|入力)(?:漏れ|もれ|遅れ))(?:{_ENDING})?(?:ね|よ)?",
    re.IGNORECASE,
)
_SAYS_OUR_OWN = LazyPattern(
    rf"(?P<x>[^。!]{{0,30}}?)(?:台帳|登録|当課|当方|市の入力|市側|こちら)(?:側|の入力|の登録|の記載|の更新|の方|のほう)?(?:の|が|は|も|に)?(?P<y>[^。!と]{{0,24}}?)(?:{_DIFFERING})(?P<z>[^。!]{{0,8}}?){_ENDING}(?:ね|よ)?",
    re.IGNORECASE,
)
_SAYS_NAME = LazyPattern(
    rf"(?P<x>[^。!]{{0,40}}?)(?:変更後|改称後|合併後|代表|正式|略|通)[^。!]{{0,10}}?(?:名称|者|社|員|名|商号|社名|表記|内容|金額|工期|通知|もの){_ENDING}(?:ね|よ)?"
)
_UNSETTLED = LazyPattern(
    rf"{_ORDERS}|{_ASKS}|{_SETS}|{_DOUBTS}|{_BEGS}|が、|けど|けれど|ものの|しかし|別[のな]|他[のは市社]|通知[がのは]|件目"
)


_SAYS_SPELLING = LazyPattern(
    r"(?P<x>[^。!]{0,40}?)(?:書き方|表記|略称|字体|旧字体?|全角と?半角|ハイフン|スペース|空白|かな|カナ|前か後ろか|前後|送り仮名)の?(?:違い|差|相違)(?:です|でした)"
)


def says_small(text: str) -> bool:
    """Whether a clause says that a difference is of no account: ハイフンの位置が違うだけです, or our own: 台帳の入力もれです."""
    if len(text) > _MOST or _UNSETTLED.search(text) or is_substantial(text) or is_past(text):
        return False
    return any(one.fullmatch(text) for one in (_SAYS_SMALL, _SAYS_OUR_OWN, _SAYS_NAME, _SAYS_SPELLING))


# -- that something was looked at, told or received

_ED = r"(?:(?:し|いたし|致し|でき|され)(?:ました|た|て(?:い|お)り?ます)|済み?(?:です|でした)?|を?(?:し|いたし)ました|が(?:取|と)れ(?:ました|て(?:い|お)り?ます)|が?済(?:みました|んで(?:い|お)り?ます)|を?終えました|完了(?:です|しました)?)"
_LOOK = r"(?:確認|照合|閲覧|突合|検索|拝見|照会|参照|チェック|精査|比較|点検|審査|検討|協議|共有|精読|突き合わせ|聞き取り|問い合わせ)"
_GET = r"(?:(?:いただ|頂)(?:きました|いて(?:い|お)り?ます|いた)|もらいました|もらって(?:い|お)り?ます|もらい済み?です|もらった|くださいました|受けました|受けて(?:い|お)り?ます|得ました|得て(?:い|お)り?ます|ありました|あった|来ました|取りました|取れました|取れて(?:い|お)り?ます|済みです)"
_TIDINGS = r"(?:説明|報告|連絡|回答|了解|了承|許可|返事|転送|指示|確認|決裁|書類|資料|原本|契約書|届|届出|同意|合意|電話|提出|引き継ぎ|申し出)"
_LOOKED = (
    rf"{_LOOK}{_ED}|見(?:ました|てあります|て(?:い|お)ります)|見比べ(?:ました|済み?です)|突き合わせ(?:ました|済み?です)?|確かめ(?:ました|てあります)|目を通しました|読みました|聞きました|伺いました|調べました|控えました"
    rf"|{_TIDINGS}(?:済み?)?(?:を|が|も|は)?{_GET}|(?:確認し|見|聞い|調べ|教え|判断し|目を通し)て(?:も)?{_GET}"
    r"|届(?:きました|いて(?:い|お)り?ます)|受け取りました|受領(?:し|いたし)ました|(?:揃|そろ)(?:いました|って(?:い|お)り?ます)"
    r"|(?:受理|受付|届出|契約|提出|修正|訂正|反映|登録|記載|締結|押印|更新|差し替え|入力|締結|計上|是正|解消|把握|了承|了解|承知|判断)(?:(?:され|いたし|致し|し)(?:ました|て(?:い|お)り?ます|て(?:い|お)りました|ていました)|済み?(?:です|でした)?)"
)
_SAYS_LOOKED = LazyPattern(
    rf"(?P<x>[^。!]{{0,60}}?)(?:{_LOOKED})(?:との(?:こと|連絡|回答)(?:です|でした))?(?:ね|よ)?{AFTERWARDS}",
    re.IGNORECASE,
)

# -- what the clerk does beside it

_SAYS_ASIDE = LazyPattern(
    r"(?P<x>[^。!]{0,60}?)(?:伝え|話し|お?話をし|注意(?:を)?し|連絡(?:を)?し|指導(?:を)?し|直し|修正(?:を)?し|訂正(?:を)?し|保管し|説明(?:を)?し|依頼し|お願いし|周知し|共有し|登録し|入力し|更新し|言っ|報告し|回覧し|控え)て(?:おき|あり)ます|(?P<y>[^。!]{0,30}?)台帳(?:は|を|も|の方は)[^。!]{0,20}?(?:直し|修正し|訂正し|更新し|登録し)(?:て(?:おき|あり)?)?ます",
    re.IGNORECASE,
)
_FILED = r"(?:ました|てあります|ておき(?:ます|ました)|て(?:い|お)ります|ます|済みです)(?:ので、?)?"
_SAYS_FILED = LazyPattern(
    r"(?P<x>[^。!]{0,40}?)(?:(?:写し|印刷(?:した|し、|して)?(?:もの|紙)?|控え|書類|資料|起案(?:文書)?|決裁文書|変更届|紙)(?:は|を|も)(?P<y>[^。!]{0,30}?)(?:入れ|綴じ|綴り込み|保管(?:を)?し|保存(?:を)?し|差し込み|貼り|印刷(?:を)?し|回し|共有(?:を)?し|供覧(?:を)?し)"
    r"|(?:台帳|登録|一覧|エクセル|excel)(?:に|へ|は|を|も|の方は|の番号を)(?P<z>[^。!]{0,30}?)(?:入れ|修正(?:を)?(?:いたし|し)|更新(?:を)?(?:いたし|し)|直し|訂正(?:を)?(?:いたし|し)|追記(?:を)?(?:いたし|し)|登録(?:を)?(?:いたし|し)|入力(?:を)?(?:いたし|し)|記入(?:を)?し)"
    rf"|(?:番号|金額|工期|名称)を(?:台帳に)?(?:入れ|入力し|登録し|追記し|記入し)){_FILED}|(?:供覧|台帳の?(?:修正|訂正|更新|登録)|印刷|綴り)[はもを](?P<w>[^。!]{{0,20}}?)(?:行う|行います|行いました|済ませ(?:ます|ました)|やって(?:おき|あり)ます|(?:(?:いた|致)?し)ます)",
    re.IGNORECASE,
)
"""What the clerk does with the papers or the register."""
_BY_OTHERS = LazyPattern(r"合わせて|業者|受注者|先方|会社|保証")
_NOT_ASIDE = LazyPattern(f"{_ORDERS}|{_ASKS}|{_SETS}|{_TURNS}|待|ません|ない|違|誤|別")


def says_aside(text: str) -> bool:
    """Whether a clause tells what the clerk does himself beside the order: 業者には口頭で注意しておきます, 台帳は本日修正します."""
    if len(text) > _MOST:
        return False
    found = _SAYS_ASIDE.fullmatch(text)
    if found is not None:
        return _NOT_ASIDE.search(found["x"] or found["y"] or "") is None
    filed = _SAYS_FILED.fullmatch(text)
    beside = "".join(filter(None, filed.groups())) if filed is not None else ""
    return filed is not None and not _is_barred(beside) and not _BY_OTHERS.search(beside)


# -- why it is so ordered, in the same clause

_CAUSE = LazyPattern(
    r"(?P<x>[^。!]{2,80}?)(?:(?:だった|な|です|でした)?(?:ので|ため)|のため|ですから|だから|ました?から|る(?:こと)?から|ことから|により|によって|につき|[たし]た(?:ところ|結果)|の結果)[、, ]*",
    re.IGNORECASE,
)
_FAULTLESS = LazyPattern(rf"{_FAULT}{_NONE}|間違いない|過不足なく|間違いなく|(?:無事|問題な[くし])")


def _is_barred(text: str) -> bool:
    return _BARRED.search(_FAULTLESS.sub("", text)) is not None


def says_well(text: str) -> bool:
    """Whether a clause says that all is well, in open words but for its predicate: 落札者もこの会社に間違いありません."""
    found = _SAYS_WELL.fullmatch(text) if len(text) <= _MOST else None
    return found is not None and not _is_barred(found["x"]) and not _LEDGER_IS_RIGHT.search(text)


_LEDGER_IS_RIGHT = LazyPattern(r"台帳(?:側|の方|のほう)?[がは]正し|だけ(?:は|が)?(?:合|一致)")


def says_looked(text: str) -> bool:
    """Whether a clause tells that something was looked at, told or received: 係長にも見てもらいました."""
    found = _SAYS_LOOKED.fullmatch(text) if len(text) <= _MOST and not _MAY_ORDER.search(text) else None
    return found is not None and not _is_barred(found["x"])


_MAY_ORDER = LazyPattern(r"[0-9]{8}-|[、, ]確認済み?(?:です)?$")
"""What is told of a numbered case, or ends with an order's own word, may be an order."""


def cause_before(text: str) -> int:
    """Where what follows a reason begins, 0 for none: 工事担当に確認したところ間違いないとのことなので|承認します."""
    found = _CAUSE.match(text)
    if found is None or found.end() == len(text) or (_is_barred(found["x"]) and not says_small(f"{found['x']}です")):
        return 0
    return found.end()


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
    r"(?:(?:です|でした)?(?:ので|ため|から)|のため)?[、。 ]*",
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
