"""The closed classes of words that order_grammar.py puts orders together from: endings, cases, orders, and what may stand before an order.

All patterns are for a line in plain form (core/text/courtesies.py). Values only; nothing is raised.
"""

from __future__ import annotations

import re

from bot.core.records.clerk_orders import CommandKind
from bot.core.records.submission import Field
from bot.core.text.lazy_pattern import LazyPattern

# -- endings

PLEASE = (
    r"(?:(?:何卒|なにとぞ|どうぞ|どうか|今後とも|引き続き|以上)[、,]? ?)?"
    r"(?:(?:よろしく|宜しく)[、 ]?(?:です|どうぞ|(?:お|御)?(?:願|ねが)い(?:(?:いた|致)?します|申し?上げます)?)?|(?:お|御)?(?:願|ねが)い(?:(?:いた|致)?します|申し?上げます))"
)
_KUDASAI = r"(?:ください|下さい|(?:いただ|頂)きたいです)"
_FINE = (
    r"(?:(?:結構|けっこう|大丈夫|よろしい|いい|よい|良い|OK)です|(?:差し支え|さしつかえ|問題|支障)(?:は)?(?:ありません|ございません|ないです)"
    r"|(?:構い|かまい)ません)"
)
_GIVING = r"(?:(?:いただ|頂)いて|もらって|くださって|下さって)"
_TO = r" ?(?:(?:で|に|と|を|の|にて|として|の方で|のほうで|の旨で?|扱いと|扱いで|扱いに|ということで)(?:[、 ]?(?:処理|手続き?|対応)(?:を|で)?)?|処理(?:を|で)?|手続き?(?:を|で)?)? ?"
_ENDS = (
    rf" ?(?:です|でした|でございます)|{_TO}(?:(?:いた|致)?し(?:ます|ました)|する|した|させて(?:いただ|頂)きます|(?:お|御)?願(?:い)?ます|{PLEASE})"
    rf"|{_TO}して(?:おいて)?{_KUDASAI}|で(?:進めて|処理して|受け付けて|登録して|お進め){_KUDASAI}"
    rf"|{_TO}(?:して)?{_GIVING}も?{_FINE}|{_TO}(?:して)?も?{_FINE}"
    rf"|{_TO}(?:して)?(?:いただ|頂)(?:けますよう|きますよう|きたく)(?:に)?、?{PLEASE}|の(?:ほど|程)、?{PLEASE}"
    rf"|{_TO}希望(?:(?:いた|致)?し)?ます| ?(?:OK|ok|可)(?:です)?|の(?:ご)?(?:連絡|回答|返信)です|ということで|の旨|にて|で|願|希望"
)
AFTERWARDS = rf"(?:(?:ので|から)?[、,。! ]*(?:{PLEASE}|(?:ご|お)?(?:連絡|知らせ|報告|返信|回答)(?:(?:いた|致)?します|申し?上げます|まで)|以上(?:です)?))?"
"""What a polite person glues behind an order."""
DO = rf"(?:{_ENDS})?{AFTERWARDS}"
"""How an order may end: plain, or as a polite person ends it."""

# -- cases

NUMBER = r"[0-9]{1,2}"
_COUNTED = r" ?(?:件目|つ目)"
_JOINT = r" ?(?:[,、・&と及]|及び|および|から|~|〜|-) ?"
_RECEIPT = r"(?:受付番号)? ?(?P<receipt>[0-9]{8}-[0-9]{4,}-[0-9]{1,3})"
_ALL = r"(?P<all>全件(?:とも)?|まとめて|(?:全|以上)?(?P<of_all>[1-9][0-9]?)件(?:とも(?:全て|すべて)?|全て|すべて|全部|いずれも)|全て|すべて|全部|いずれも|両方(?:とも)?)(?:の件)?"
_REST = r"(?P<rest>(?:残り|ほか|他|その他|それ以外|そのほか)(?:の(?P<of_rest>[1-9][0-9]?)件|の件|の分|の案件)?(?:は|も|を|:|について(?:は)?))"
OTHERS = LazyPattern(r"^(?:ほか|他[のは]|その他|残り|上の|下の|最初の|最後の|それ以外|全件|[0-9]{1,2}件)")
"""How a line may begin that speaks of other cases."""
_LIST = rf"(?:No\.? ?|#|\()?(?P<list>{NUMBER}(?:{_COUNTED})?(?:{_JOINT}\(?{NUMBER}\)?(?:{_COUNTED})?)*)(?P<counted>{_COUNTED})?[.)]?"
_WHOLLY = r"(?: ?(?:まで|の)? ?(?:、|は)? ?(?:全て|すべて|全件|全部|とも|いずれも|両方(?:とも)?|だけ|のみ))?"
CASES = LazyPattern(
    rf"(?:{_RECEIPT}|{_ALL}|{_REST}|{_LIST})(?:まで)?{_WHOLLY}"
    r"(?: ?(?:について(?:は)?|につきまして(?:は)?)?(?:は|を|も|とも|の件は|の件|ですが|すべて|全て)?(?:[:、,)→⇒=]|[-=]>|[.]{2,})? ?)",
    re.IGNORECASE,
)
"""Which cases an order is about."""
CASE_TOKEN = LazyPattern(rf"\(?{NUMBER}\)?{_COUNTED}|[0-9]{{8}}-[0-9]{{4,}}-[0-9]{{1,3}}")
CASE_BEGINS = LazyPattern(
    rf"(?:^|[、,。/; ]) ?(?:\(?{NUMBER}\)?{_COUNTED}|\({NUMBER}\)|{NUMBER}\)|[0-9]{{8}}-[0-9]{{4,}}-[0-9]{{1,3}}|残り|ほか|他は|その他|それ以外|全件)"
)
"""Where a line may go on with another case."""
TWO_NUMBERS = LazyPattern(
    rf"[0-9]{_COUNTED}? ?番?目? ?(?:の?(?:候補|方))? ?(?:または|又は|もしくは|若しくは|あるいは|或いは|か|or|ないし|乃至)、? ?(?:候補 ?)?[0-9]",
    re.IGNORECASE,
)
"""Two numbers of which one is meant: such an answer orders nothing."""

# -- orders

DSURE = r"(?:d[- ]?sure|ディーシュア|保証確認サービス|電子(?:証書等?|保証等?)閲覧サービス)"
_AT_DSURE = rf"(?:{DSURE}(?:の(?:画面|証書|内容))? ?(?:では|でも|では|にて|には|に(?:ログイン|アクセス)して|で|に|を|の|と|上で)?[、 ]?)?"
_ACCEPTED = r"(?:承 ?認(?:済み?|処理)?|しょうにん)"
_RECEIVED = r"(?:受理|受付(?:け|処理)?|受け付け)"
_RECEIVING = (
    rf"(?:{_TO}(?:(?:いた|致)?します|する|させて(?:いただ|頂)きます|(?:お|御)?願(?:い)?ます|{PLEASE})|{_TO}して(?:おいて)?{_KUDASAI}"
    rf"|で(?:進めて|処理して|お進め){_KUDASAI}|{_TO}(?:して)?{_GIVING}も?{_FINE}|{_TO}(?:して)?も?{_FINE})?{AFTERWARDS}"
)
"""受け付けました and 受付です may tell what has happened, or who speaks."""
_TAKING = rf"受け?付け(?:ます|る|て(?:おいて)?{_KUDASAI}|て{_GIVING}?も?{_FINE}|て(?:いただ|頂)けますよう、?{PLEASE})"
ACCEPT = LazyPattern(
    rf"(?:このまま|そのまま|まずは|今回[はも]|(?:本通知|お知らせ|通知|記載|書類|内容)の?(?:とおり|通り)(?:で)?)?[、 ]?(?:{_ACCEPTED}{DO}|{_RECEIVED}{_RECEIVING}|{_TAKING}{AFTERWARDS})",
    re.IGNORECASE,
)
CANDIDATE = LazyPattern(
    r"(?:(?:(?:(?:工事名|番号|受注者名?|内容)が ?)?(?:正しい|該当する|一致する|合致する|合っている|同じ)(?:の|もの|方|工事|契約|案件|保証)は|(?:工事名|工事番号|番号|受注者名?|内容|金額)(?:から(?:見て|判断して|すると)|より)|該当(?:は|工事は)|台帳(?:の|は)?|候補の(?:中|うち)(?:で)?は|選ぶのは)[、 ]?)?"
    r"(?:候補(?:番号)? ?(?:の|は)? ?(?:[Nn]o\.? ?)?\(?(?P<a>[1-9])\)?(?: ?番目?)?|(?P<b>[1-9]) ?番目?(?:の候補)?)"
    r"(?: ?の(?:工事|案件|方|ほう|もの|保証|契約|行))?(?:[をにと] ?)?[:、,]? ?"
)
NUMBERED = LazyPattern(
    rf"(?:no\.? ?|番号 ?)?\(?(?P<number>[1-9])\)?(?:です|でした|でお願い(?:(?:いた|致)?し)?ます){AFTERWARDS}",
    re.IGNORECASE,
)
CHOOSE = LazyPattern(
    rf"(?:(?:で ?)?(?:{_ACCEPTED}|選択|採用|該当|決定|確定){DO}|(?:で ?)?{_TAKING}{AFTERWARDS}|(?:が(?:正しい|該当|正解)(?:です)?|で合って(?:い|お)り?ます|になります|(?:が|に)該当(?:します|しています|です)|(?:一致|合致)(?:します|しています|しました|です)|で(?:間違い|相違)(?:あり|ござい)ません){AFTERWARDS}|{DO})",
    re.IGNORECASE,
)
CONFIRMED = LazyPattern(
    rf"(?:先ほど|本日|昨日|今朝)?[、 ]?{_AT_DSURE}(?:(?:と|を)?(?:見比べ|照合し|突き合わせ)(?:て|、)[、 ]?)?(?:(?:電子|保証)?証書(?:の(?:内容|記載))?(?:は|を)? ?)?(?:確認済み?|確認ずみ|かくにんずみ){DO}(?:[ 、,]*(?:内容)?(?:相違|問題)(?:なし|無し|ありません))?",
    re.IGNORECASE,
)
_NONE = (
    r"(?:なし|無し|(?:見当た|見つか|出てき|表示され)りません(?:でした)?|(?:見つか|見当た)らず|(?:出てき|表示され)ません(?:でした)?"
    r"|閲覧不能|閲覧することができません(?:でした)?|登録されて(?:い|お)り?ません(?:でした)?|(?:見られ|見れ|開け|ヒットし|表示でき)ません(?:でした)?|(?:閲覧|表示|検索)(?:が|は)?でき(?:ません(?:でした)?|ず|ない(?:です)?|なかった(?:です)?)|閲覧不可(?:能)?|(?:ありません|ございません)でした)"
)
_LOOKED_FOR = r"(?:(?:該当(?:する)?(?:の)?)?(?:電子)?(?:の)?(?:保証証書|保証|証書|データ|もの|件|番号|登録|検索結果)?(?:は|が|も|に)?) ?"
_TRIED = (
    r"(?:(?:再度|念のため(?:再度)?|何度か|何回か|改めて|先ほど|本日)[、 ]?)?(?:(?:(?:保証契約)?(?:番号|キー|認証キー)(?:と(?:認証)?キー)?を)?(?:入力|入れ)|確認|検索|閲覧|照会|探|試)(?:しようと)?(?:し|いたし|致し)?"
    r"(?:ました(?:が|けれど|ところ)|たところ|たが|たものの|ても)[、 ]?"
)
NOT_FOUND = LazyPattern(
    rf"(?:{_AT_DSURE}(?:{_TRIED})?{_AT_DSURE}{_LOOKED_FOR}(?:{_NONE}|(?:該当|登録)(?:は|が)?(?:なし|無し|ありません(?:でした)?|ございません))|{DSURE}(?:に|には|で|では)[、 ]?(?:証書|該当|登録|データ|保証)(?:が|は)ありません|(?:保証)?証書(?:が|を)確認できません(?:でした)?|{DSURE}(?:では|でも|では|にて|で)[、 ]?(?:証書(?:が|を))?確認(?:が)?できません(?:でした)?)(?:です|でした|でお願い(?:(?:いた|致)?し)?ます)?{AFTERWARDS}",
    re.IGNORECASE,
)
STOP = LazyPattern(
    rf"(?:(?:発行完了の)?(?:配信|通知|送信|お知らせ|メール)(?:の配信)?(?: |を|の|は)?)?(?:停止|ていし){DO}"
)
HELP = LazyPattern(r"(?:ヘルプ|help|使い方|書き方)", re.IGNORECASE)
REFUSALS = LazyPattern(r"(?:差し?戻し?|さしもどし|相違)(?: ?の?(?:理由|種類))? ?の? ?(?:一覧|いちらん|リスト)")
READ_AGAIN = LazyPattern(
    rf"(?:再(?:読み?取り?|処理|読み?込み?)|(?:もう一度|再度|改めて)(?:の)?読み?取り?){DO}|(?:もう一度|再度|改めて)読み?取って{_KUDASAI}{AFTERWARDS}"
)
SEND_KEY = LazyPattern(
    rf"(?:(?:認証)?キー(?: ?[のを]? ?(?:メール ?[のを] ?)?(?:再送(?:付|信)?|送付|もう一度送付?){DO})?|(?:再送(?:付|信)?|もう一度) ?(?:認証)?キー{DO})"
)

ORIGINALS = LazyPattern(
    rf"(?:原本|(?:届いた|元の) ?(?:書類|pdf|ファイル))(?: ?[のを]? ?(?:再送(?:付|信)?|送付|送信|転送))?{DO}"
    r"|(?:原本|(?:届いた|元の) ?(?:書類|pdf|ファイル)) ?を ?(?:送って|見せて)(?:ください|下さい)",
    re.IGNORECASE,
)

_WHEN = r"(?:(?:先ほど|先程|さきほど|本日|今朝|昨日|午前中|既に|すでに|[0-9]{1,2}月[0-9]{1,2}日|[0-9]{1,2}:[0-9]{2}|[0-9]{1,2}時(?:[0-9]{1,2}分|半)?)(?:に)?[、 ]?)?"
_WHOM = r"(?:(?:受注者|業者|差出人|相手方?|先方|会社|施工業者|事業者|担当者|ご本人|本人|問い?合わ?せ(?:者|元)|ご?質問|ご?照会|お?問い?合わせ)(?:様|さん)?(?:に|へ|には|へは|については)[、 ]?)?"
_HOW = r"(?:(?:別途|直接|個別に|こちら(?:で|から)|当課(?:で|から)|当方(?:で|から))?[、 ]?(?:(?:担当者?|係長|課長|原課|担当課)(?:の[一-龥]{1,3})?(?:から|が|より)[、 ]?)?(?:お?(?:電話|メール|窓口|口頭|fax|対面|現地|来庁時)(?:で|にて|により|し|をして)?[、 ]?)?)"
_ANSWERED = r"(?:回答|返信|返答|返事|説明|案内|対応|お伝え|連絡|処理)"
_ABOUT = r"(?:[^。、? ]{2,30}(?:について|の件(?:について|で)?)(?:は)?[、 ]?)?"
DEALT_WITH = (
    rf"{_ABOUT}{_WHEN}{_WHOM}{_WHEN}{_HOW}{_WHOM}(?:{_ANSWERED}(?:メール|文書|書面)?(?:を(?:送付|送信|返信))?(?:し|して|しましたので|いたしましたので|したので|したため)、?)?(?:(?:電話|メール|窓口|口頭|fax)?(?:対応|処理|回答|返信|説明|返答|連絡|案内|解決|伝達)(?:済み?|ずみ|完了)(?:と(?:なりました|なって(?:い|お)ります))?{DO}"
    rf"|(?:ご)?{_ANSWERED}(?:(?:し|いたし|致し)ました|しておきました|済ませました){AFTERWARDS}|対応(?:は|を|が)?(?:済んで(?:い|お)り?ます|完了して(?:い|お)り?ます|終えました|終了(?:(?:し|いたし)ました|です)?|終わりました|済みました){AFTERWARDS}|伝えました{AFTERWARDS})"
)
NOT_NEEDED = (
    rf"(?:(?:特に)?(?:対応|処理|回答|返信)(?:(?:は|の必要は|の必要が|については)?(?:不要|要りません|いりません|必要ありません|必要ございません)|の必要は?(?:ありません|ございません|なし)){DO}"
    rf"|対応(?:しなくて|(?:いただ|頂)かなくて)(?:も)?{_FINE}{AFTERWARDS})"
)
ANOTHER_MATTER = rf"(?:(?:[^。、?]{{1,30}}(?:に関する|の))?別件(?:です|になります|のメールです|でした|とします)?|(?:こちらは)?(?:迷惑|営業|広告|宣伝|セールス|スパム|勧誘)(?:の)?メール(?:です|でした)){AFTERWARDS}"

_REFUSED = r"(?:(?:受注者|業者|差出人|会社|提出者|申請者|先方)(?:様|さん)?(?:に|へ|あてに?)[、 ]?)?(?:差し?戻し?|さしもどし|却下|返戻|返却)"
_PUT_OFF = r"(?:(?:一旦|いったん|(?:もう)?しばらく|もう少し|少し|ひとまず|とりあえず|当面|今回は|今は|このまま|.{1,12}まで(?:は)?)(?:の間)?[、 ]?)?(?:保留|ほりゅう)"
_DIFFERS = rf"{_AT_DSURE}(?:相違|そうい)(?:あり|有り?|があります|がありました|しています|していました)?"
_SINGLE = r"(?: ?[:、,。(→⇒/=※【\[-]+ ?| )(?:理由 ?[】\])]?(?:は|:|として(?:は)?|=)?(?:(?:次|以下|下記)の(?:とおり|通り)(?:です|で)?)?[、。: ]*)?(?P<words>.*?)[)】]?"


def _with_words(verb: str) -> LazyPattern[str]:
    return LazyPattern(rf"(?:{verb})(?:{DO}{_SINGLE}|{DO})", re.IGNORECASE)


TAKES_WORDS = (
    (_with_words(_REFUSED), CommandKind.REFUSE),
    (_with_words(_DIFFERS), CommandKind.DIFFERS),
    (_with_words(_PUT_OFF), CommandKind.PUT_OFF),
    (_with_words(DEALT_WITH), CommandKind.DEALT_WITH),
)
_BECAUSE = (
    r"(?P<why>.{2,200}?)(?P<tie>のため|為|ため(?:に)?|ですので|なので|ので|から|ことから|につき|により|によって)[、, ]*"
)
BECAUSE = (
    (LazyPattern(rf"{_BECAUSE}(?:{_REFUSED}){DO}"), CommandKind.REFUSE),
    (LazyPattern(rf"{_BECAUSE}(?:{_PUT_OFF}){DO}"), CommandKind.PUT_OFF),
    (LazyPattern(rf"{_BECAUSE}{NOT_NEEDED}"), CommandKind.DEALT_WITH),
)
"""The reason before the order."""
FOR_THESE_REASONS = LazyPattern(
    rf"(?:以下|下記|次)の?(?:理由|とおり|通り|点|内容)(?:に|で)?(?:より|から|のため|ため|で)?[、, ]*(?:{_REFUSED}){DO}"
)
NEEDS_NOTHING = (LazyPattern(NOT_NEEDED), LazyPattern(ANOTHER_MATTER))
PLAIN = (
    (ACCEPT, CommandKind.ACCEPT),
    (CONFIRMED, CommandKind.CONFIRMED),
    (NOT_FOUND, CommandKind.NOT_FOUND),
    (STOP, CommandKind.STOP),
    (READ_AGAIN, CommandKind.READ_AGAIN),
    (SEND_KEY, CommandKind.SEND_KEY),
    (ORIGINALS, CommandKind.ORIGINALS),
    (HELP, CommandKind.HELP),
    (REFUSALS, CommandKind.REFUSALS),
)
"""Orders without words of their own."""
BEHIND = LazyPattern(
    rf"(?P<verb>承認|確認済み?|保留|なし|対応済み?|再読取)(?:は|:| )[、 ]?(?P<cases>.+?)(?:{_ENDS})?{AFTERWARDS}"
)
"""The cases behind the order: 確認済：1件目、2件目."""
LOOK_UP = LazyPattern(
    rf"(?:照会|しょうかい){DO}[: ]+(?:(?:保証契約番号|契約番号|番号|工事名)[: ]*)?(?P<words>.+)|(?P<before>.+?) ?(?:を|の) ?照会{DO}"
)
CORRECT = LazyPattern(
    rf"(?:訂正|ていせい){DO}[:、 ]+(?P<field>保証契約番号|契約番号|番号|工事名|件名|受注者名?|契約者名?|保証区分|商品|認証キー|キー)"
    r"(?:は|を|[:= ])* ?(?P<words>.+?)(?: ?(?:が正しい(?:です)?|です|(?:に|へ)(?:訂正)?(?:します|してください|お願いします)?))?"
)
FIELDS = {
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
"""What may be put right; any other name of a field is the contractor's."""
