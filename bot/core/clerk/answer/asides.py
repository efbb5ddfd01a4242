"""Whole sentences in open words beside an order: an explanation, a story, who writes. They order nothing and change nothing.

Called by clauses.py and order_grammar.py for a sentence that no closed class of words holds. It must end as a statement does, and hold nothing
of what could change an order: no order, question, condition, doubt, plan, request, exception or other case. Beside 承認 and 確認済 only what
speaks for the notice may stand (`Aside.FOR`). Pure; linear; nothing is raised.
"""

from __future__ import annotations

from enum import Enum

from bot.core.text.lazy_pattern import LazyPattern


class Aside(Enum):
    """Which way a statement points."""

    FOR = "for"  # that the notice is right, or that what differs is of no account or the city's own
    UNSURE = "unsure"  # a doubt, a plan or a wish: beside what sends back or waits
    OPEN = "open"  # anything else: 契約は流れました is told in words that no list holds


_OF_ITSELF = r"^\(?理由|^(?:と|の|で|↑|(?:上記|以上|これ|それ|この(?:回答|返信|メール)|先ほどの|今の|前の)[はも]|すみません|すいません|申し?訳|失礼)|言って|言われ|書きかけ|途中|消し忘れ|希望|控え|必要|条件|勘違い|見間違|間違え|間違いました|(?:回答|返信|返事|返答)(?:です|でした|は|を|へ|の|が(?:ま|な|違|誤)|し(?:ます|て(?:い|しま))|と)|誤って(?:送|返|書)|言え|決める|任せ|権限|忘れ"
_ORDERS = r"承 ?認|差し?戻|さしもど|保留|却下|返戻|受理し|受け?付け|対応済|確認済|取り?消|中止|停止|撤回|取り?下げ|無視|なし(?:$|」)|指示|どおり(?:で|に)"
_ASKS = r"\?|か$|か[。、]|でしょう|かな|どう(?:[^い]|$)|どちら(?:[^も]|$)|どの|どれ(?:[^も]|$)|どこ|なぜ|何[かがをで]|いつ(?:[^もの]|$)|教え|かどうか|ですよね"
_SETS = r"とすると|なら|たら|れば|えば|場合|とき[は、に]|時は|次第|もし|万一|限り|てから|前提|つつ"
_DOUBTS = r"のは[^。]{0,12}(?:だけ|のみ)|思|たぶん|多分|おそらく|恐らく|かも|はず|らしい|よう(?:です|な(?:気|の)|に見)|そうです$|そうな|気が|気も|見え|見受け|っぽ|一応|だいたい|大体|おおむね|概ね|ほぼ|半分|だけ(?:は|が)?(?:合|一致)|微妙|自信|心配|不安|怪し|念のため|迷|悩|難し|困|不明|不審|疑|分か[らり]|わか[らり]|判断(?:が|でき|に)|聞い(?:た(?:だけ|話)|ただけ)|噂|つもり|気味|とか"
_LATER = r"予定|これから|今後|後日|後ほど|のちほど|あとで|後で|明日|来週|来月|週明け|翌|まだ|未(?:[^満登反更入]|$)|待ち|待って|中(?:$|で(?:す|ご)|の(?:ため|段階))|(?:電話|連絡|確認|対応|返信|回答|送付|提出|相談|照会|調整|協議|検討|判断)(?:を)?(?:いた|致)?します|(?:伺い|聞き|取り|送り|見|考え|決め)ます|たい(?:です|と|$|ので)|ところです|途中|届(?:きます|く)|登録されて(?:から|い(?:ない|ません))|[0-9] ?通|一旦|いったん|とりあえず|しばらく"
_TURNS = r"^(?:ただ|但し|しかし|でも|一方|逆に|むしろ|もっとも|やはり|やっぱり|あ、|いや|訂正|追記)|ただし|以外|除[いくき]|のうち|しか|残り|片方|一部|(?:ほう|方)が(?:よ|良|い)|ものの|のに(?:[、。]|$)|けれど|けど$|が$|が、$"
_CASES = r"候補|選[びんぶ択]|[0-9一二三四五]番|原本(?:を|も)?(?:送|くだ|下さ|希望|お願|見せ|転送)|再読|[0-9] ?(?:件|つ)目|[0-9一二三四五六七八九] ?件(?:だけ|とも|は|も|を|が)|[0-9]{8}-|件だけ|両方|全て(?:の件|で)|全件|こちらの件は|別件|もう[一1]"
_BEGS = r"ください|下さい|願(?:[えう]|い(?:ます|いたし|致し|し(?:ます|たい)|申|$))|ほしい|欲し|もらえ|もらいたい|いただけ|いただきた|頂けれ|頂きた|お待ち|してくれ|急い"
_FIRMLY = r"お?伝え(?:て|く|下|願|い)|文面|待|まだ|一旦|いったん|とりあえず|しばらく|途中|ところです|ないで|やめ|止め|^(?:ただ|但し|しかし|でも|逆に|むしろ|もっとも|やはり|やっぱり|あ、|いや|訂正|追記)|以外|除[いくき]|残り|片方|一部|かも|とか|勘違|迷|悩"
_NO_ANSWER = r"自動(?:返信|応答)|見本|練習|テスト|試し|例えば|案です|下書|仮に|仮の|冗談|嘘|うそ|不在(?:にし|です)|休暇"
_BARRED = LazyPattern(
    f"{_OF_ITSELF}|{_ORDERS}|{_ASKS}|{_SETS}|{_DOUBTS}|{_LATER}|{_TURNS}|{_CASES}|{_BEGS}|{_NO_ANSWER}"
)
_BARRED_ANYWHERE = LazyPattern(f"{_OF_ITSELF}|{_ORDERS}|{_ASKS}|{_SETS}|{_FIRMLY}|{_CASES}|{_NO_ANSWER}")

_NO = r"(?:あり?ません|ございません|な[いくか]|なし|無[いくし])(?:でした|です)?"
_WELL = (
    rf"(?:問題|支障|差し支え|不備|相違|違い|間違い?|誤り|変わり|異常|疑義|不足)(?:は|も|の|が)?(?:特に|まったく|全く|一切|何ら)?[、 ]?{_NO}"
    r"|(?:一致|合致|符合)(?:し(?:ました|て(?:い|お)?り?(?:ます|ました|る)|ておりまして|、|$)|です)|合って(?:い|お)?り?(?:ます|ました|る|まして)"
    r"|揃って(?:い|お)り?ま(?:す|した)|正し(?:い(?:ことを?(?:確認|照合)(?:し|いたし|でき)|です|もの|金額|番号|契約|内容|社名|会社|名称|表記|工期)|く(?:記載|登録|入力)され)"
    r"|(?:台帳|契約書?|登録|画面|設計書)と(?:同じ|同一)(?:です|でした)|同じ(?:金額|内容|名称)に?(?:なって|です|でし)|同じ(?:会社|業者|工事|契約|もの)(?:です|でした|なので|ですので|に)"
    r"|(?:とおり|通り|どおり)(?:です|でした|で$)|正し(?:いと|く、)|(?:が|の)正(?:です|$)|(?:これ|それ)で(?:いい|よい|良い|結構)です|(?:妥当|適正|適切|大丈夫)(?:です|でした)|(?:d-?sure|画面)[にで](?:は)?(?:証書が)?(?:あり|表示され|出て)(?:まし|て)"
)
_FOR = LazyPattern(
    rf"{_WELL}|(?:元の|もとの)?(?:番号|金額|会社|契約|工事|内容|業者|工期|企業体)[はも]?(?:一緒|同じ|同一|変わらず|変更なし)(?:です|でした|で、|なので|ですので|$)|(?:確認|照合)(?:が)?(?:取れ|でき)(?:まし|て)|(?:受理|届出|訂正|修正|是正|解消|解決|反映|登録)(?:を)?(?:済|され(?:まし|て)|し(?:まし|て)|直)"
)
_DIFFERENCE = r"(?:違|異な|ずれ|漏れ|もれ|抜け|古|旧|表記|書き方|略|変わ|付い|反映)"
_OUR_OWN = r"(?:台帳|登録|当課|当方|私(?:ども)?|こちら)(?:側|の方|のほう|の(?:入力|登録|記載|更新|職員|落ち度|手違い))?(?:の|が|は|で|に|へ|を|も)"
_SMALL = LazyPattern(
    rf"(?:変更届|改称届|合併|改称|(?:社名|商号|名称|組織)変更|社名が変わ|前株と?後株の?(?:誤記|違い|取り違え|書き間違い|表記)|取り違えただけ|変更契約(?:で|を|が|は|に|済|締結)|(?:変更|増額|減額|台帳|契約)[^。]{{0,8}}未(?:登録|反映|更新|入力)|表記(?:ゆれ|揺れ)|字(?:体)?だけの(?:話|違い|差|こと)|(?:JV|共同企業体)の代表|(?:(?:消費税|端数|税抜き?|税込み?)(?:[とやの][^。]{{0,6}})?(?:違い|差|ずれ|誤差|端数|分)|端数(?:処理|調整)?(?:です|で))|略称|通称|旧字体|異体字|新字体|単なる[^。]{{0,12}}(?:ミス|誤り|間違い|もれ|漏れ|違い))|(?:違い|相違|差|不一致|ずれ)[はがも][^。]{{0,30}}(?:解消|解決|訂正|是正|修正)|(?:軽微|僅か|わずか)な[^。]{{0,12}}(?:違い|差|相違|誤り|ミス|ずれ)"
    rf"|{_DIFFERENCE}[^。]{{0,16}}?(?:だけ|のみ)(?:の(?:違|こと|もの)|です|でし|で、|であ|なので|と|$)|(?:だけ|のみ)の(?:違い|差)|にすぎ|に過ぎ"
    rf"|{_OUR_OWN}[^。と]{{0,40}}?(?:誤|間違|ミス|漏れ|もれ|抜け|古い|旧|前の|遅れ|忘れ|落ち度|打ち違え)|(?:台帳|登録)(?:の|が|は|に|へ)[^。と]{{0,40}}?(?:おりません|いません|ていない|のまま)"
    r"|落ち度です"
)
_SUBSTANTIAL = LazyPattern(
    r"(?:会社名?|受注者名?|業者名?|相手方?|場所|箇所|路線|発注者|金額|番号|期限|工期|保証額)[がのは](?:[^「()]{0,6})(?:違|異な)"
)
"""A difference that is of account, however small it is called."""
_ONLY_DIFFERS = LazyPattern(r"な?の?(?:違い|相違)(?:だけ|のみ)(?:です|でした|なので|で)")
"""市の違いだけです may be any difference."""
_HOW_WRITTEN = LazyPattern(
    r"[「()]|解消|解決|是正|税[抜込]|消費税|端数|変更契約|合併|変更届|表記|書き方|略|字体|旧字|全角|半角|ハイフン|スペース|空白|前後|前か後|かな|カナ|仮名|位置|順番|JV"
)
_TURNS_ROUND = LazyPattern(r"が、|けど|けれど|[すた]が[^い]")
_AGAINST = LazyPattern(
    r"(?:問題|支障|不備|疑義)(?:が|は|も)?(?:あり|ござい)ま|半額|桁|解約|破産|打ち?切|(?:台帳|契約書)(?:側|の方|のほう)が正し|変わりま|変わって|過ぎて|短[いく]|少な|低い|高い|大き|小さ|過大|過小|超え|別[のな件紙人でだ]|他[のは市社県課]|ほかの|隣[の町市村]|近[いく]|似て|違|誤|ミス|間違|不[^動]|無効|非|否|漏|もれ|抜け|欠|異な|足り|旧|古い|昨年|去年|前年|前回|前の[^工会]|失効|切れ|重複|二重|偽|辞退|倒産|解除|廃止|ません|ない|ず(?:[、 に]|$)|[Nn]ot|n't|だめ|駄目|ダメ|悪"
)
_ENDED = LazyPattern(
    r"半額|一桁|桁違|解約|解除|破産|倒産|打ち?切|辞退|廃止|失効|無効|偽|中止|中断|停止|流れ|取り?やめ|取り下げ|期限切れ|[切過]れて|過ぎて|だめ|駄目|ダメ|悪|消え|見込|見通し|隣[の町市村]|(?:違う|別の?)(?:工事|会社|業者|契約|案件)|(?:変更|改称|合併)前の(?:会社|業者|社名|名称|契約|もの)?(?:です|でした)|(?:違い|差|ずれ)[^。]{0,8}[0-9一二三四五六七八九十百千]+ ?(?:万|億|千)円"
)
"""Nothing that is said beside it makes up for it."""
_CONCEDED = LazyPattern(r"^.*(?:です|ます|ました|でした|とのことで[^、]{0,8})が、")
"""What is granted first, as the difference that the letter asks about: what counts is said behind it."""
_NOTICE_IS_RIGHT = LazyPattern(r"(?:お知らせ|通知|証書)(?:の方|のほう|側)?が正し")
_IS_OURS = LazyPattern(
    r"(?:違うのは|相違は|違いは|不一致は|ずれは|[^。]{0,20}のは)[^。]{0,30}(?:台帳|登録|当課|当方|こちら|私)(?:の|が|側の|で)[^。]{0,16}(?:誤り|誤記|間違い|ミス|漏れ|もれ|抜け|忘れ|誤入力|打ち間違い|入力違い)(?:です|でした|による(?:もの)?です|が原因です)?$"
)
"""Whatever differs, the register is wrong."""
_WHEN = LazyPattern(r"(?:する|した)(?:とき|際)に")
_NOT_SO = LazyPattern(
    r"よう(?:に)?(?:依頼|お願い)|言い張|主張|間違いを認|(?:では|じゃ)(?:あり|ござい)?(?:ませ|な[いか])|(?:側|方|ほう)が正し|台帳[がは]正し"
)
_STATES = LazyPattern(
    r"(?:です|ます|ました|でした|ません(?:でした)?|ない|なかった|った|[いしきれえけせてねめべ]た|いる|ある|との(?:こと|由)|だけ|のみ|(?:ください|下さい)(?:ませ)?|願います|こと|もの|済み?|通り|とおり|ため|ので|から|まで)(?:ね|よ|よね|な|わ|〜|ー|!|！|笑|\)|」)*$"
)
_BESIDE = LazyPattern(r"\([^()]{1,40}\)$")
_LEAST, _MOST = 7, 200


_JOINED = LazyPattern(
    r"(?P<said>.{2,160}?(?:(?:です|ます|ました|でした|ません)(?:が|し)|(?:だった|な|です|でした|ます|ました|ません)?(?:ので|ため)|のため|ですから|だから|ました?から|ことから|により|につき|[たし]た(?:ところ|結果)|の結果"
    r"|て(?:い|お)り(?:まして)?|でありまして|であり|でして|ました?て|との(?:ことで|由(?:で)?)|と判断し))[、, ]*"
)


def changes(words: str) -> bool:
    """Whether words beside a case could change what is ordered for it."""
    return is_barred(words) or _AGAINST.search(words) is not None


def is_barred(said: str) -> bool:
    """Whether it holds what could change an order."""
    return _BARRED.search(_IDLE.sub("", said)) is not None


_IDLE = LazyPattern(
    r"(?:承認|受け?付け?|受理)(?:で|して)?(?:(?:いただ|頂)いて|もらって)?も?(?:差し支え|問題|支障)(?:は)?な(?:い|く)|(?:付け|入れ|入力し|登録し|直し|更新し|書き|載せ|転記し)忘れ|(?:入力|登録|転記)(?:する|した)ときに?|(?:違う|異なる|相違)のは[^。]{1,30}(?:だけ|のみ)|(?:こと|もの|と)(?:が)?(?:分か|わか|判明し|判)り?ま(?:した|して)|(?:聞い|見|調べ|確認し|電話し|開い|照合し|問い合わせ)たら、?|ていただけ(?:で|な|の)|間違えて(?:送|出|提出|添付)(?:し)?(?:って|して)?(?:き(?:た|まし)|来)|(?:いずれの|どの)候補(?:で)?も(?:なく|ない|ありません)|(?:ご?(?:回答|返信|返事|返答|対応|処理))(?:は|の必要は|の必要が)?(?:特に)?(?:不要|必要(?:あり|ござい)ません|(?:要り|いり)ません)"
)


def aside_before(text: str) -> tuple[Aside, int] | None:
    """The statement that a sentence begins with, and where what it leads to begins: 確認したところ間違いないとのことなので|承認します."""
    found = _JOINED.match(text)
    if found is None or found.end() == len(text) or is_barred(_JOINT.sub("", found["said"])):
        return None
    return _direction(found["said"]), found.end()


def aside_of_clause(told: str) -> Aside | None:
    """What a clause before an order says, if it changes nothing."""
    told = told.strip("、。 ")
    bare = _JOINT.sub("", told)
    is_plan = _FIRST.search(told) is not None
    return _of(bare, bare) if leads(told) and not is_plan and len(bare) <= _MOST else None


_FIRST = LazyPattern(r"[てで]から$")
"""登録してから承認します is a plan."""


def leads(told: str) -> bool:
    """Whether a clause ends as one that leads to an order: as a statement, and not as the name of a case."""
    return _LEADS.search(told) is not None or _STATES.search(told) is not None


_LEADS = LazyPattern(
    r"(?:(?:です|ます|ました|でした|ません)(?:が|ので|から|し)|[たるいなだ](?:ので|ため|から|し)|のため|により|であり|でして|おりまして|[いてり]おり|[しれいっん]て|[しれい]で|ました?て|なく|ず|ところ|結果|とのことで|のうえ|の上|とおり|通り)$"
)


_JOINT = LazyPattern(r"(?:な?ので|ため|から|が|し|で|て)$")


def aside(text: str) -> Aside | None:
    """What a sentence says beside an order, if it changes nothing. `text`: in plain form (courtesies.py)."""
    bare = _BESIDE.sub("", text).strip("()「」。、 ")
    if not _LEAST <= len(bare) <= _MOST:
        return None
    return _of(text, bare) if _STATES.search(bare) is not None else None


def _of(text: str, bare: str) -> Aside | None:
    if not is_barred(text):
        return _direction(bare)
    return None if _BARRED_ANYWHERE.search(_IDLE.sub("", text)) else Aside.UNSURE


def _direction(said: str) -> Aside:
    said = _WHEN.sub("に", _NOTICE_IS_RIGHT.sub("正し", said))
    if _NOT_SO.search(said) is not None or _ENDED.search(said) is not None:
        return Aside.OPEN
    said = _CONCEDED.sub("", said)
    if _IS_OURS.search(said) is not None:
        return Aside.FOR
    if is_substantial(said):
        return Aside.OPEN
    well, small = list(_FOR.finditer(said)), list(_SMALL.finditer(said))
    ends = max((one.end() for one in (*well, *small)), default=0)
    behind = said[ends:]
    is_last = bool(ends) and _AGAINST.search(behind) is None and _TURNS_ROUND.search(behind) is None
    is_plain = _AGAINST.search(_FOR.sub("", said)) is None
    return Aside.FOR if is_last and (is_plain or bool(small)) else Aside.OPEN


def is_past(said: str) -> bool:
    """Whether it tells that the contract or the firm is no more, or another: nothing that is said beside it makes up for that."""
    return _ENDED.search(said) is not None


def is_substantial(said: str) -> bool:
    """Whether it tells of a difference in the firm, an amount, a number or a date, and not only in how it is written."""
    of_account = _SUBSTANTIAL.search(said) is not None or _ONLY_DIFFERS.search(said) is not None
    return of_account and _HOW_WRITTEN.search(said) is None
