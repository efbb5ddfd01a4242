"""The words behind or before an order: whether they are a reason or a memo, or take the order back; and what is cut off them.

Called by order_grammar.py. What goes to a contractor is the clerk's reason and no more: no よろしくお願いします, no signature. Pure; linear;
nothing is raised.
"""

from __future__ import annotations

import re

from bot.core.clerk.answer.order_words import CASE_TOKEN, OTHERS, PLEASE
from bot.core.clerk.answer.refusal_grammar import denies_kind, kind_in
from bot.core.records.clerk_orders import Command, CommandKind
from bot.core.text.courtesies import is_contact, is_courtesy, plain
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.persons import is_person

# Words that take back, doubt or postpone what was said before them, or show that nothing was meant yet.
_DOUBT = (
    r"(?:^|[。、])いや[、。]|す[みい]ません|申し訳|失礼(?:し|いた)|勘違い|見間違|間違い(?:です|でした|だ)|見送|見合わせ|取り下げ|ということは|と思っ|合ってい(?:ます|まし)"
    r"|足りてい(?:ます|まし)|同じでし|追記|練習|下書|記入例|未記入|無効|忘れて|一旦|いったん|様子を|確認中|調査中|検討中|照会中です|たぶん|多分|おそらく|かもしれ"
    r"|(?:場合|とき|なら|たら|れば)$|電話で$|別途連絡|やはり|やっぱり|決裁|処理しない|出さない|上の(?:回答|返信|指示)|待って|○○|××|□□|△△|\*\*|-{3,}|\.{3,}|…"
)
_DOUBTS = LazyPattern(_DOUBT)
# Words behind 差戻し, 相違 or 保留 that take the order back, ask, or talk about it instead of giving its reason.
_NO_REASON = LazyPattern(
    r"^(?:(?:特に|一切|別段|全く|何も) ?(?:なし|無し|あり|ござ|見)|ありません|ございません|見当たりません|見つかりません|不要|無用|なし|無し|無$|しない|しなく|しません|せず|はしない|ではな|じゃな|取り?消|中止|撤回|やめ|止め|待|解除|承認(?:$|し|で|に|を|は|済|の?件)"
    r"|受付し|確認済|OK|可$|不可$|する|の|な(?:ければ|いなら|かったら)|後で|あとで|後日|追って|別途|いや|いえ|やはり|やっぱり|or|または|又は|もしくは|だと|かどうか|かも|理由(?:は|を)?$"
    r"|しても|しますか|しましょうか|すべき|どう|検討|予定|の件|については|必要|でよい|でいい|は|が|を|に|と|も|で|じゃ|か$)"
    r"|(?:です|ます|ません|でしょう|ました|よい|良い|いい)か$|\?|保留解除|(?:差し?戻し?|承認|保留|相違)(?:は|では|し)?(?:もう)?(?:不要|しない|せず|なし|ではな|要り?ません|いりません|やめ)",
    re.IGNORECASE,
)
# In a signature "検査・承認担当" means nothing; a sentence that takes something back does.
_TAKES_BACK = LazyPattern(
    r"(?:承認|受付|差し?戻し?|保留|確認済み?|相違|停止|返信|指示)(?:は|を|しない|しません|でき|せず|取り?消|し(?:ま|て|な))|ただし|但し|取り?消|"
    + _DOUBT.replace("|失礼(?:し|いた)", "").replace(r"|○○|××|□□|△△|\*\*|-{3,}|\.{3,}|…", "")
)
NO_VALUE = LazyPattern(
    r"か$|\?|^[0-]+$|キー|^(?:不明|同上|なし|無し|未定|空欄|承認|確認中|保留|訂正)$|のとおり$|の通り$|ではな|じゃな|か(?:株式|有限|合同|合資)|正しい|(?:ます|ません|です|でした|ました|ください|下さい|でしょう)$"
    r"|または|又は|もしくは|若しくは|あるいは|" + _DOUBT
)
"""A question or an example of our own letters instead of a value; or two of which one is meant."""
LEAST = 3
"""Characters of a reason for the contractor."""
_TWO_LETTERS = LazyPattern(r"^.*[ぁ-んァ-ヶ一-龥々].*[ぁ-んァ-ヶ一-龥々]")
_ONLY_A_CASE = LazyPattern(r".{0,4}件目?")
# The contractor has not read what it points to.
_POINTS_ELSEWHERE = LazyPattern(
    r"(?:同上|右同|左同|上に同じ|〃)[ですだ。]*"
    r"|(?:理由は?、?)?(?:[0-9]{1,2}(?:件目|番)?|前回?|上記?|以前|先日|先ほど|先程|昨日|いつも|前の(?:件|もの)|上の(?:件|もの))(?:の(?:件|もの|理由|分))?(?:と|に)(?:全く)?(?:同じ|同様|同一)(?:の)?(?:理由)?(?:による(?:もの)?|のため|なので|です|でした|だ)*。?"
)


_ABOVE = LazyPattern(
    r"(?:理由は?、?)?(?:同上|右同|左同|上に同じ|上と同じ|〃|同じ理由|同理由)(?:です|のため|による|で)?。?"
)


def points_above(words: str) -> bool:
    """Whether a reason only says that it is that of the order above."""
    return _ABOVE.fullmatch(words) is not None


def takes_back(text: str) -> bool:
    """Whether a line below the answer, as of a signature, takes something back."""
    return _TAKES_BACK.search(text) is not None


# Words behind 対応済 that say that it is not done.
_UNFINISHED = LazyPattern(
    r"これから|今から|この後|相談中|半分|一部|続いて|まだ|未|待ち|待って|予定|たぶん|多分|おそらく|恐らく|思[いうわ]|はず|かも|らしい|ようです|明日|来週|後日|後ほど|のちほど|不在|留守|折り返し(?:を|待|の)|考えて|でしょう|ません|ない|ただし|(?:^|[。、 ])ただ|再度|もう一度|検討|依頼中|確認中|調整中|ず(?:、|に|$)|ようとし|と聞[いき]|つなが[らっ]|(?:切|断)られ|拒否され|戻って|不達|不通|か$|\?"
)


_RELENTS = LazyPattern(
    r"(?:^|[。、\n ])ただし|(?:今回は|このまま)[^。]{0,8}認め|認め(?:ます|ました|るとのこと|ることに)|やめ(?:て|ま)|(?:計算|読み|打ち|書き|見|勘)(?:間)?違い(?:です|でした|でし)"
    r"|(?:よう|ふう)に(?:見え|読め|思)|[たすうるい](?:が|けれど|けど|ものの)[、 ]?[^。\n]{0,20}(?:大丈夫|(?:どおり|通り)(?:だ|で)|解消|解決|直して(?:き|もら|いただ|あ|い[まる])|直[っり]|(?:修正|訂正|是正|変更)(?:され|済)|契約書(?:側|の方|のほう)?が(?:間違|誤)|正し(?:か|い(?:です|$))|合って(?:い|お)[まりる]|問題(?:あり|な[いくか]))"
)
_SINCE_MENDED = LazyPattern(r"(?:是正|修正|訂正|解消|解決)(?:され|し)(?:まし|た)|足りて(?:い|お)")
_FOR_COLLEAGUES = LazyPattern(
    r"」と言われ|(?:業者|受注者|先方)(?:さん|様)?[にへ](?:返し|戻し|連絡し|言って|伝え)|言わないで|内緒|部内|庁内|前任(?:者)?(?:から|が|は|も|に|へ)|引き?継ぎ|係長|上司|課長(?:も|に|が|は)|了解済|うるさ|以前も|(?:業者|受注者|先方)(?:さん|様)?が[^。\n]*言って"
    r"|内部|社内|課内|係内|メモ|(?:見せ|知らせ|伝え|送ら|教え|話さ)(?:ない|ず|る(?:な|必要))|(?:業者|受注者|先方)(?:さん|様)?には|この(?:行|文|部分)は|反社|警察|指名停止|(?:私|自分|当方|こちら)(?:あて|宛)?[にへ](?:回|まわ|転送|つな|電話)|(?:連絡|電話)は[^。\n]{0,8}(?:明日|後日|来週|して)|会議|休暇|0[789]0-?[0-9]{4}"
)


def is_for_colleagues(words: str) -> bool:
    """Whether a reason for the contractor holds what is meant for the office."""
    return _FOR_COLLEAGUES.search(words) is not None


def relents(told: str) -> bool:
    """Whether what is told beside 差戻し or 相違 takes it back: 私の計算違いでした."""
    return _RELENTS.search(told) is not None or _SINCE_MENDED.search(told) is not None


_ORDERS_IN_A_MEMO = LazyPattern(
    r"(?:キー|原本|書類|pdf)[^。]{0,14}(?:再送|お?送り?(?:って|くだ|下さ|願|いただ)|送付)[^。]*(?:ください|下さい|願)|(?:配信|お知らせ)[^。]{0,6}停止して",
    re.IGNORECASE,
)


def orders_more(memo: str) -> bool:
    """Whether a memo holds another order, which would be lost in it."""
    return _ORDERS_IN_A_MEMO.search(memo) is not None


def is_taken_back(verb: CommandKind, words: str) -> bool:
    """Whether the words take their order back. A memo may doubt: it changes nothing."""
    if verb is CommandKind.DEALT_WITH and _UNFINISHED.search(_NOT_WANTED.sub("", words)):
        return True
    against = (_DOUBTS.search, _RELENTS.search, _ELSEWHERE.match)
    return bool(_NO_REASON.search(words)) or (verb.needs_words and any(one(words) for one in against))


_ELSEWHERE = LazyPattern(
    r"(?:お?任せ|適宜|適当に|よしなに|そちらで)|(?:先日(?:の|お?話し)|お?話しし?た(?:とおり|通り)|後ほど|のちほど|別紙|別メール|改めて|(?:電話|口頭|メール)(?:で|にて)|(?:先ほど|さきほど|前回|昨日|いつも|例|上記|前述)(?:の|と)?(?:とおり|通り|件|理由|メール|お?電話|同じ)|同上|上記$|前述$)"
)
"""A reason that stands elsewhere."""


_NOT_WANTED = LazyPattern(
    r"はずだった|何もしません(?:$|。|ので)|返信はして(?:いません|おりません)|(?:行う|する|やる|対応する|すべき)(?:こと|もの)(?:は|が|も)?(?:特に)?[、 ]?(?:あり|ござい)ません|(?:対応|処理|回答|返信|返事|必要|関係)(?:は|の必要は|の必要が|が|も)?(?:の)?(?:不要|要りません|いりません|必要ありません|ありません|ございません|ない|なくて|しなくて)"
    r"|(?:あて|宛て?|もの|担当|関係|案件|工事)(?:の(?:もの|メール))?では(?:ない|ありません|なく)|(?:広告|営業|迷惑|宣伝|セールス|勧誘|案内|間違い)(?:の)?(?:メール)?のようです|(?:構い|かまい)ません|(?:差し支え|支障|問題)(?:は)?(?:ありません|ございません)"
)


def is_reason(words: str) -> bool:
    """Whether they say something to a contractor: in words, no number and no sign alone, more than which case it is, and not elsewhere."""
    says = _TWO_LETTERS.match(words) is not None and not _ONLY_A_CASE.fullmatch(words)
    return (
        says
        and len(words) >= LEAST
        and not all(_ANNOUNCES.fullmatch(one) for one in _SENTENCE_ENDS.split(words) if one)
        and not (is_courtesy(words) or is_person(words) or is_contact(words) or denies_kind(words))
        and not _POINTS_ELSEWHERE.fullmatch(words)
    )


_ANNOUNCES = LazyPattern(
    r"(?:なお)?(?:(?:差し?戻しの?)?(?:理由|詳細|詳しい(?:こと|内容|理由)|詳しく|内容|文面|文章)(?:は|については|につきましては|も)?)?(?:[^。、]{1,16}(?:から|より))?(?:追って|追ってまた|あとで|後で|後ほど|のちほど|後日|別途|改めて|あらためて|また|明日|次の?メールで|別メールで|電話で)?(?:ご|お)?(?:連絡|書き|書く|伝え|知らせ|送り|送る|説明|回答|返信|話し)(?:(?:いた|致)?し)?(?:ます|する|予定です|る)?"
)
"""What only says that a reason comes later: 理由は監督員から追ってご連絡します."""


def speaks_of_a_case(words: str) -> bool:
    """Whether the words name a case of the letter, and not only to compare with it: what is meant for it can't be told."""
    names = CASE_TOKEN.search(words) is not None
    return names and (_COMPARED.search(words) is None or _ORDERED.search(words) is not None)


def names_another(words: str) -> bool:
    """Whether the words behind a case name another one, and not only to compare with it."""
    return CASE_TOKEN.search(words) is not None and not _COMPARED.search(words)


def goes_on(words: str, verb: CommandKind) -> bool:
    """Whether a line can be more of a reason or memo: it speaks of no other case, and a reason of no other order."""
    is_other = speaks_of_a_case(words) or OTHERS.match(words) is not None
    return not is_other and not (verb.needs_words and _ORDERED.search(words))


def holds_more(words: str, verb: CommandKind) -> bool:
    """Whether words behind an order hold more than its reason: an order, a case, what is about the others, or text behind a closed bracket."""
    if verb.needs_words:
        goes_out = any(one.search(words) for one in (_ALSO_ORDERS, _COUNTS, _FOR_US)) or _tells_of_another(words)
    else:
        goes_out = _ORDERED_IN_A_MEMO.search(words) is not None
    return goes_out or bool(_OF_OTHERS.search(words)) or speaks_of_a_case(words) or not _is_bracketed_well(words)


_ALSO_ORDERS = LazyPattern(
    r"承認(?:$|[でをはにおいとも、。 )」]|し(?:て|ま)|願|希望|ください|下さい|ok|の(?:方|ほう|ほど|程))|(?:差し?戻し?|さしもどし|却下|返戻|保留)(?:$|[でをはにおと、。 (:]|し?(?:ます|て(?:お|く|下)|願))|確認済|対応済|しょうにん",
    re.IGNORECASE,
)
_ORDERED_IN_A_MEMO = LazyPattern(
    r"(?:承認|差し?戻し?|確認済み?)(?:を|で|と|に)?(?:お?願い|願|して(?:くだ|下さ|おいて)|とし(?:て|ます))|(?:は|も|→|⇒|:) ?(?:承認|差し?戻|確認済|保留|相違|なし)"
)
# What the program or a colleague is to do, or what is no reason yet.
_FOR_US = LazyPattern(
    r"要確認|添付の(?:とおり|通り)|(?:確認|決裁|相談)後$|理由は後|(?:送ら|書か|出さ|返さ|伝え|知らせ|連絡し|送信し)ないで|(?:まだ|午[前後]|明日|後で|あとで|後ほど|今日|本日|夕方|来週|週明け|曜|時に|たら|れば|前に)[^。\n]{0,10}(?:送|出し|返|連絡|伝え|知らせ|見せ)|見(?:せ)?て(?:ください|下さい|(?:いただ|頂)|もら|ほしい)"
    r"|(?:よい|良い|いい)か|(?:課|係|室|局|部)で(?:ご)?(?:検討|判断|確認|相談|対応)|自信|文面|丁寧|適当|(?:^|[。、\n])[^。、\nを]{0,10}書いて(?:ください|下さい)|(?:聞いて|渡して)(?:ください|下さい)|至急[^。\n]{0,4}送|こちらで(?:直|修正|訂正)|電話(?:で)?も|理由は?(?:未定|不明|分か|わか|考え)|(?:^|[。\n] ?)(?:未定|考え中|思案中|検討中|分か(?:り|ら)|わか(?:り|ら)|書かな|調べ(?:て|中))"
)


def _tells_of_another(words: str) -> bool:
    """Whether a later sentence of a reason is about another work or firm: 北小学校も工期が違います."""
    later = _SENTENCE_ENDS.split(words)[1:]
    topics = (found["topic"] for one in later if (found := _TOPIC.match(one.strip())) is not None)
    return any(_OF_A_WORK_OR_FIRM.search(topic) and not _OF_THE_PAPERS.search(topic) for topic in topics)


_SENTENCE_ENDS = LazyPattern(r"[。、\n]")
_TOPIC = LazyPattern(r"^(?P<topic>[^、。]{2,30}?)(?:は|も)")
_OF_A_WORK_OR_FIRM = LazyPattern(
    r"の(?:方|ほう|件|分)$|(?:線|橋|川|園|校|館|所|池|道|場|港|団地|地区|地内|トンネル|センター|住宅|プール|工事|業務|委託|修繕|建設|土建|組|工業|設備|緑化|電設|電気|管工|舗道|興業|工務店|塗装|造園|会社|[(](?:株|有)[)])(?:様|さん)?$"
)
_OF_THE_PAPERS = LazyPattern(r"金額|工期|番号|書類|契約|期[限間]|保証|住所|[箇個場]所|所在|名$|当市|貴社|御社|この")
_COUNTS = LazyPattern(r"[0-9]{1,2}件(?:は|とも|も|を)")


_OF_OTHERS = LazyPattern(
    r"残りの?(?:[0-9一二三四五六七八九]{0,2}件|分|もの|案件|全|す|ほう|方)|残り[はもを]|のこり|(?:ほか|他)(?:の(?:[0-9]{1,2}件|件|案件|分|もの|方|ほう))?(?:は|も|を)(?:[^う]|$)|(?:その|この)(?:他|ほか)[のはもを]"
    r"|それ以外|(?:ほか|他)の[^、。]{1,8}[はも](?:問題|OK|ok|大丈夫|結構|良|よ)|あとの?(?:[0-9]{1,2}件|は)|両件|全件|もう[一1](?:件|つ)|(?:上|下|先頭|最後|最初|次)の(?:件|もの|分|方|ほう)[はも]"
)
_OPENING, _CLOSING = "([{「『【〔《〈", ")]}」』】〕》〉"
_GOES_ON = LazyPattern(r"^[、。,;:/\n ]")
_CALLED = LazyPattern(r"^[「『【][^「」『』【】]{1,20}[」』】]")
"""The name of a kind of refusal may stand in brackets before the reason."""


def _is_bracketed_well(words: str) -> bool:
    """Whether each bracket that closes was opened in the words, and no text is added behind a reason in brackets."""
    opened: list[int] = []
    for place, sign in enumerate(words):
        if sign in _OPENING:
            opened.append(place)
        elif sign in _CLOSING:
            if not opened:
                return False
            is_whole = opened.pop() == 0 and not opened
            if is_whole and _GOES_ON.match(words[place + 1 :]) and not _CALLED.match(words):
                return False
    return True


def without_last_bracket(words: str) -> str:
    """A reason that was opened in the order's line and closed in its own last one, without that sign."""
    bare = words.rstrip(" 。.")
    is_closed = bare.endswith(tuple(_CLOSING)) and not _is_bracketed_well(bare) and _is_bracketed_well(bare[:-1])
    return bare[:-1] if is_closed else words


_COMPARED = LazyPattern(
    r"(?:件目|-[0-9]{1,3}) ?(?:と(?:同|重複|二重|異|は別)|の(?:お知らせ|工事|保証|番号|もの|分と)|に(?:添付|付))"
)
_ORDERED = LazyPattern(r"承認(?:$|で|を|は|に|し(?:て|ます))|差し?戻|保留|確認済|対応済|取り?消")


# -- a reason before its order

# That something is wrong, said for certain.
_ADVERSE = LazyPattern(
    r"(?:異な|違[いうっ]|相違し|相違が|不足し|足りま|足りて(?:い|お)り?ません|誤っ|誤り|間違っ|一致し(?:ません|ない|て(?:い|お)り?ません)|合(?:いません|わない|って(?:い|お)り?ません)|欠け|漏れ|抜け|切れて|過ぎて|超えて"
    r"|短い|不明|不鮮明|読め|読み取れ|開け(?:ません|ない)|前のもの|別の|旧|古い|ありません|されていません|していません|なって(?:い|お)り?ます|対象外|二重|重複|(?:では|じゃ)な[くい])"
)
_STATEMENT = LazyPattern(r".{3,200}(?:です|ます|ません|でした|ました|ない|る|ため)")
_NOT_CERTAIN = LazyPattern(
    r"^自動(?:返信|応答)|\?|か$|まだ|ようです|ように|そうです|らしい|思[いうわ]|かも|たぶん|多分|おそらく|恐らく|気がし|場合|とき|なら|たら|れば|次第|予定|待ち|待って|どう|どちら|いずれか|なぜ|以外|だけ|のみ|承認|差し?戻|保留|返信|指示|取り?消|確認中|問い?合わせ中|検討|昨日|先ほど|さっき|やはり|やっぱり|ただし|(?:^|[。、 ])ただ|一旦|念のため|見えます|見受け"
)
_UNSURE = LazyPattern(r"たぶん|多分|おそらく|恐らく|思[いうわ]|はず|かも|らしい|よう(?:な|です)|気がし|ぽい")
_CONDITION = LazyPattern(r"^自動(?:返信|応答)|\?|か$|場合|なら|たら|れば|かどうか|どう|差し?戻|取り?消|承認し")
_DONE = LazyPattern(
    r".{3,120}(?:ました|しません|ましたので|ております|ています|済みです|済です|メールです|です|でした)"
)
_NOT_DONE = LazyPattern(
    r"\?|か$|ない|ません|まだ|未|不在|予定|たい|かも|でしょう|のに|が、|けど|けれど|たら|れば|なら|次第|後で|のち|待|取り?消|承認|差し?戻|保留|間違|誤|たぶん|多分|おそらく|ようです|そうです|らしい|思[いうわ]|依頼し|お願いし|中です|明日|来週|ただし|(?:^|[。、 ])ただ|一旦"
)


def is_statement_against(text: str) -> bool:
    """Whether a sentence before 差戻し is its reason: it says what is wrong, and says it for certain."""
    said = kind_in(text)
    is_kind = said is not None and not said.own
    return is_kind or (all(p.search(text) for p in (_ADVERSE, _STATEMENT)) and not _NOT_CERTAIN.search(text))


def is_cause(text: str, verb: CommandKind) -> bool:
    """Whether the words before のため差戻し are a reason, and neither a condition nor a doubt; a memo may doubt."""
    doubts = _NOT_CERTAIN if verb.needs_words else _CONDITION
    if verb is CommandKind.DEALT_WITH and _UNSURE.search(text):
        return False
    if verb.needs_words and _OF_OUR_DAY.search(text):
        return False
    return (len(text) >= LEAST or not verb.needs_words) and not doubts.search(text) and not speaks_of_a_case(text)


_OF_OUR_DAY = LazyPattern(r"不在|休み|休暇|出張|会議|外出|私|忙し|時間が")


def is_certain(text: str) -> bool:
    """Whether nothing in a line without a reason doubts it."""
    return not _UNSURE.search(text) and not _CONDITION.search(text)


def is_memo(text: str) -> bool:
    """Whether a sentence before 保留 says why: it changes nothing, so that it may doubt."""
    return _STATEMENT.fullmatch(text) is not None and not _CONDITION.search(text) and not _ORDERED.search(text)


def is_memo_of_what_was_done(text: str) -> bool:
    """Whether a sentence before 対応済 tells what was done."""
    return _DONE.fullmatch(text) is not None and not _NOT_DONE.search(_NOT_WANTED.sub("", text))


def may_stand_before(text: str) -> bool:
    """Whether a line may tell the reason of an order below it, or what was done."""
    return is_statement_against(text) or is_memo_of_what_was_done(text) or is_memo(text)


def fits_above(text: str, order: Command) -> bool:
    """Whether it does so for this order."""
    if order.verb is CommandKind.DIFFERS and _COMPARES.search(text):
        return True
    if order.verb.needs_words:
        return is_statement_against(text)
    if order.verb is CommandKind.DEALT_WITH:
        return is_memo_of_what_was_done(text) or (_IGNORED.search(order.words) is not None and is_memo(text))
    return order.verb.takes_lines and is_memo(text)


_COMPARES = LazyPattern(
    r"(?i:d-?sure|画面|証[書券]).*(?:契約書?|台帳|通知|お知らせ).*[0-9].*(?:です|でした|円|日|[0-9])$"
)


def may_be_reason(text: str, order: Command) -> bool:
    """Whether what is told in open words beside an order that wants its reason is that: it tells of the contract or the papers, not of us."""
    is_ours = _OF_US.search(text) is not None or is_for_colleagues(text)
    return order.verb.needs_words and not order.words and _OF_THE_CONTRACT.search(text) is not None and not is_ours


_OF_THE_CONTRACT = LazyPattern(
    r"契約|金額|工期|番号|名|保証|期[限間]|日付|印|(?i:pdf)|ページ|書類|記載|業者|会社|工事|代表|住所|所在|キー|証書|添付|免除|市長|当市|当町|当村|県|欄|[0-9]号"
)
_OF_US = LazyPattern(
    r"私|担当(?:者|課|の)|係長|課長|部長|上司|休み|不在|電話|窓口|外出|出張|遅|すみません|お世話|いただきました|伝え|話し|聞[いき]|言って|メール|確認(?:しま|済|中)|思[いうわ]|らしい|かも"
)
_IGNORED = LazyPattern(r"無視|不要|要りません|いりません|必要ありません|別件|メールです")
"""What a memo says of a mail that nothing is done about."""


# -- what is cut off

_CLOSES = LazyPattern(
    rf"(?:^|[。.、,! \n])[ 。]*(?:以上(?:です)?[、。 ]*)?(?:(?:ご対応|ご確認)(?:のほど)?、?)?{PLEASE}[。.!]?$"
)
_LAST_PIECE = LazyPattern(r"(?s:(.*?)[ 。、\n]*(?:\(([^()\n]{1,40})\)|[ 。\n/]([^ 。\n/]{1,40})))")


def own_words(words: str, own: frozenset[str] = frozenset()) -> str:
    """A reason or memo without the courtesies and the names behind it."""
    for _ in range(_MOST_CUTS):
        shorter = _CLOSES.sub("", words).rstrip(" 、\n")
        lines = shorter.split("\n")
        while len(lines) > 1 and _is_signature(plain(lines[-1]), own):
            lines.pop()
        shorter = "\n".join(lines).rstrip()
        if shorter and (found := _LAST_PIECE.fullmatch(shorter)) and found[1]:
            last = plain(found[2] or found[3])
            shorter = found[1] if _is_signature(last, own) else shorter
        if shorter == words:
            break
        words = shorter
    return words


_MOST_CUTS = 6


def _is_signature(text: str, own: frozenset[str]) -> bool:
    return is_courtesy(text) or is_contact(text) or is_person(text, own)


_TO_TELL = LazyPattern(
    r"(?s:(?:業者|受注者|先方|相手方?|会社|請負者|施工者)(?:さん|様)?(?:に|へ|あてに)は?[、 ]?[「『](.+)[」』]と(?:お?伝え|ご?連絡|ご?案内|返信|書い|お知らせ)[^。「」]{0,12})"
)
_TELLING = LazyPattern(
    r"^(?:業者|受注者|先方|相手方?|会社|請負者)(?:さん|様)?(?:への|あての|に送る)(?:連絡|文面|連絡文|伝言|伝達|文|通知|メール|返信|お知らせ)(?:の?(?:文|文面|内容|事項))?(?:は(?:次|以下|下記)の(?:とおり|通り)(?:です|で(?:お願いします|結構です))?|は|:)[、。: \n]*"
    r"|^(?:業者|受注者|先方|相手方?|会社)(?:さん|様)?(?:に|へ)は?[、 ]?(?:次|以下|下記)の(?:よう|とおり|通り)に(?:お伝え|ご?連絡|伝えて|ご?案内)(?:して)?(?:ください|下さい)[。 \n]*"
)


_QUOTED = LazyPattern(
    r"(?:文面|文言|理由|文章|内容)?(?:は|:)? ?[「『]([^「」『』]+)[」』](?:と(?:お伝え|書いて|記載して)|として|で)(?:ください|下さい|お願い(?:いた|致)?します)"
)


# What he is to be asked for, at a sentence's end: 送るよう伝えてください, 作り直してもらってください.
_THAT_HE = LazyPattern(
    r"よう(?:に)?、?(?:お?伝え|(?:ご?連絡|ご?依頼|ご?案内|ご?指示|お願い)(?:し)?|言っ)(?:て)?(?:ください|下さい)(。|\n|$)"
)
_BY_ANOTHER = LazyPattern(r"([てで])(?:もらって|(?:いただ|頂)いて)(?:ください|下さい)(。|\n|$)")


def for_contractor(words: str) -> str:
    """What a clerk wants him to be told, as it is said to him, without the words that say so: 業者には「…」とお伝えください."""
    told = _TO_TELL.fullmatch(words) or _QUOTED.fullmatch(words)
    words = told[1] if told is not None else _TELLING.sub("", words)
    return _BY_ANOTHER.sub(r"\1ください\2", _THAT_HE.sub(r"ようお願いします\1", words))


def without_closing(words: str) -> str:
    """A kind of refusal with よろしくお願いします behind it: that is no word for the contractor."""
    said = kind_in(words)
    return said.typed if said is not None and said.own and is_courtesy(said.own) else words
