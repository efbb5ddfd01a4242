"""What a contractor tells of is over, or open: trouble, a difference, a change that the office must act on.

Called by sentences.py and matter.py. The last clause decides: it tells a deed of his own that is done, or a cause. When in doubt it
is open. For folded sentences in lower case. Pure; linear; nothing is raised.
"""

from __future__ import annotations

from bot.core.text.lazy_pattern import LazyPattern


def is_open(sentence: str) -> bool:
    """Whether it tells of trouble that is not over, or of a change that the office must act on."""
    told = _IS_NONE.sub("", sentence)
    if _CHANGED.search(told) or _CLAIMS.search(told):
        return True
    if _MADE_LATE.search(sentence):
        return False
    return _EXPLAINS.search(told) is None and _TROUBLED.search(told) is not None and not _is_over(told)


def reports(sentence: str) -> bool:
    """Whether it only tells what he does, or has done, with it among his own people, or what he has seen."""
    if any(one.search(sentence) for one in (_OF_WORK, _TROUBLED, _CHANGED)):
        return False
    return _OWN_DEED.search(sentence) is not None or _AMONG_HIS_OWN.search(sentence) is not None


def says_back(sentence: str) -> bool:
    """Whether it says again what somebody told him: 明日の10時ですね."""
    is_appointment = sentence.endswith(("ですね", "ますね")) and _WHEN.search(sentence) is not None
    return is_appointment and not any(one.search(sentence) for one in (_OF_WORK, _TROUBLED, _CHANGED))


_WHEN = LazyPattern(r"[0-9]+(?:時|日|月)")
_OWN_DEED = LazyPattern(
    r"^(?:[^。]{0,40}(?:とのこと|の件|旨)、)?[^0-9、]{0,24}(?:共有|周知|回覧|報告|展開|保管|保存|印刷|転記|控え|ファイリング|申し伝え|伝え|手配)(?:(?:さ|ら)せていただき|(?:いた|致)?し|を済ませ)?(?:ました|ております|ています|てあります|ておき(?:ました|ます))$"
    r"|^(?:[^。]{0,40}とのこと、)?[^、]{0,40}(?:確認|拝見|受領|拝受|理解|把握|承知|了解|了承|認識)(?:(?:いた|致)?し|でき|させていただき)ました$|^[^0-9、]{0,16}(?:正し|直)[^0-9、]{0,16}(?:おり|い)ました$"
    r"|^(?:無事に?|うまく|きちんと|ちゃんと)(?:送れ|開け|開き|印刷|ダウンロ[ー-]ド|手続き?|完了|見られ)[^0-9、。]{0,8}ました$|^[^0-9、]{0,24}解決(?:(?:いた|致)?し)ました$|^(?:こちら|当方|弊社|私)の(?:認識|勘)違いでした$|^[^。]{0,30}(?:頂戴(?:いた|致)?し|受け取り|受取り)ました$"
    r"|^[^。]{0,40}(?:検査に合格|竣工|完成|引き?渡し)[^。]{0,24}(?:でき|終え|完了し|(?:いた|致)し)ました$|^[^0-9。]{0,24}(?:終わった|完了した)とのこと、ありがとうございました$"
)
"""What he did with it himself."""


def begs_for_work(sentence: str) -> bool:
    """Whether a courtesy begs for what the office does with papers: beside thanks alone it means some that are to come."""
    return _BEGS_FOR_WORK.search(sentence) is not None


_BEGS_FOR_WORK = LazyPattern(
    r"(?:確認|対応|手続き?|処理|手配|審査|検収|受付|査収|照合|精査|支払い?|入金)(?:の(?:程|ほど))?[をは、]?[^。]{0,8}(?:お?願|くだ|下さ|いただけ|頂け|いただきたく|幸い)"
)

# What sounds like trouble and is none: thanks and excuses, a second copy (known by itself), what somebody has said, a humble request.
_IS_NONE = LazyPattern(
    r"(?:間違え|違え|忘れ|漏れ|遅れ|切れ)ないよう(?:に)?|担当(?:者)?の?交[代替][^。]{0,8}引き?継ぎ(?:漏れ|もれ|ミス|不足)|(?:2[回通度]|二[回通度重]|重複|行き?違い)[^。]{0,16}(?:送|届|提出)[^。]{0,12}かも(?:しれ|知れ)(?:ません|ない)"
    r"|かも(?:しれ|知れ)ませんが、?(?:何卒|どうか)?(?:ご容赦|お許し|ご了承|ご勘弁)|「[^」]*」との|ご?心配を?(?:お?(?:掛け|かけ))|差し支え(?:は|が)?(?:ない|ありません|ございません)|(?:いただけ|頂け|もらえ|願え)(?:ません|ない)(?:か|でしょうか)"
    r"|お?忘れ(?:なく|ず)|送れ(?:ず|ませんでした)|(?:送信|送付|提出|添付)が?(?:でき|出来)(?:ず|ませんでした|なかった)|届いて(?:い)?な(?:い(?:よう|場合)|けれ)[^。]{0,12}(?:再送|送り直)|変わら(?:ず|ぬ|ない)|不慣れ"
    r"|(?:問題|相違|間違い|不備|支障|不足|変更|誤り|漏れ|違い|異常|訳|異存)(?:が|は|も)?(?:ありません|ございません|ない)|件名[^。]{0,40}正しくは[^。]*|(?:遅|忘れ|[朝日夕夜刻頃]に?な)[^。、]{0,4}てしまいました"
)
_MADE_LATE = LazyPattern(
    r"、[^、。0-9]{0,10}(?:遅く|ぎりぎりに|(?:今日|本日|今|翌日|朝|昼|夕方|夜|晩|刻|頃|明け)に)(?:なって(?:しまい)?|なり)(?:ました|まして)|、(?:(?:ご?(?:送付|提出|連絡|返信|送信|報告)|(?:お送りする|送る|出す)の)が?)?(?:大変|すっかり|つい)?遅れ(?:て(?:しまい)?)?(?:ました|まして)"
)
"""What befell him is why it comes so late; it comes now."""
_CHANGED = LazyPattern(
    r"(?:アドレス|担当(?:者|が|の)|住所|所在地|本店|商号|社名|代表(?:者|取締役)?|役員|口座|電話番号|印鑑|技術者|代理人)[^。]{0,16}(?:変更|移転|異動|交[代替]|就任|退任|解約|[変替代]わ(?:りま|った|って|る)|改め)|保証[^。]{0,10}切り?替え|(?:産休|育休|休職)(?:に|へ)|退職(?:し|いた|と|する)|転勤(?:し|いた|と|に)|後任[^。]{0,40}(?:宛|まで|へ|に)[^。]{0,8}(?:お?願|連絡)"
)
_CLAIMS = LazyPattern(
    r"納得(?:が|は|も)?(?:い[かき]|行[かき]|でき|出来|しかね)|遅すぎ|失礼(?:でした$|だった|ではない)|不愉快|改善(?:を|して)|求めます|抗議"
    r"|(?:別|違う|他社|他|ほか|よそ)の?(?:会社|業者|工事|市|方)?(?:の名前|宛|あて)[^。]{0,16}(?:届|書かれ|記載|来|入って)|(?:違う|別の)(?:会社|業者)の?(?:名前|名称|社名)"
    r"|訂正が(?:あり|ござい)|正しくは|[のがは]正しい(?:です|のです|名称です)|誤記|誤植|書き忘れ|ずれて(?:お|い)|[がは](?:去年|昨年|前年|旧)(?:に|の|で|年度)|になっていました$"
    r"|辞退|誤って[^。]{0,20}(?:送|提出|出し)|(?:未提出|未着|届いていない)[^。]{0,6}(?:と|との)|と(?:は)?言われ|(?:催促|督促)[^。]{0,12}(?:が|も|来|届)|(?:入金|支払い?|振り?込み?|返事|返信|回答|連絡)[^。]{0,10}まだ|折り返し[^。]{0,16}(?:ません|ない)|返還"
    r"|聞くよう[^。]{0,4}言われ|(?:残り|変更分|もう(?:一|1)[件通])[^。]{0,24}(?:日|週|月)に(?:なり|なる)|(?:アドレス|ホームページ|宛先)[^。]{0,16}送れ(?:ず|ません)|で(?:は)?なく[^。]{0,24}(?:つもり|予定)|気になり(?:ます|$)|区別が|お会いし|控え忘れ|(?:結果|可否|合否)を[^。]{0,4}お知らせ|ておいてほし|ていただきたい$"
)
"""A complaint, a correction, another firm's papers, an event, a thing wanted: the office must know of it, whatever else the sentence tells."""
_TROUBLED = LazyPattern(
    r"(?:分か|わか|判)(?:ら(?:ない|ず|なく|ぬ)|り(?:ません|かね|にく|づら))|不明(?:です|なの|のため|なため|なので|でして|でした|で、)|困(?:って|り)|迷(?:って|い)|悩んで|見(?:当|あ)た(?:ら|りません)|見つか(?:ら|りません)"
    r"|(?:でき|出来)(?:ません|ず|ない|なか|かね)|(?:[えけげねべめ]|[^ま]せ|[^さ]れ|[開動進入](?:[かきまみらり])?|(?:表示|反映|認識)され)(?:ない|ません|ず(?:$|、|に|お|困))|届(?:いて(?:い|お)ません|いて(?:い)?ない|かない|きません)|来(?:ない|ません|て(?:い|お)(?:ません|りません|ない))|エラ[ー-]|不安|心配|疑問|(?:消|無く|なく|失く)して(?:しまい|しまった)|紛失|至急|急いで"
    r"|まだ[^。]{0,16}(?:ません|ない|ず)|間に合(?:わ|いま?せ|いそう|う(?:か|よう))|(?:合|足り|揃い|揃|そろ|伸び|解け|終わ)(?:って|て)?(?:い|お)?(?:わない|わず|いません|ない|ません|らない|らず|りません)|かも(?:しれ|知れ)(?:ません|ない)|長引|遅延|(?:提出|送付|提示|発行|着工|工事|納品|入手|審査)[^。]{0,14}遅れ(?:る|ます|そう)|(?:着工|工期|竣工|完成)[がも](?:大変)?遅れ|苦情|事故|破損|漏水"
    r"|(?:違っ|異なっ|間違っ|間違え|相違し|食い違っ|抜け|漏れ|欠け|切れ)て(?:い|お|る|ま)|異なる|異なり|違う(?:よう|と|の|もの|ため|が|かも)|違い(?:ます|が)|ことに(?:(?:いた|致)?し|なり)ま(?:した|す)|食い違|相違が|(?:ている|れる)ようです"
    r"|が(?:ありません|ございません|ないの?(?:で|$|た))|てしまいました$|(?:気[づ付]き|判明し)ました$"
)  # fmt: skip


def _is_over(sentence: str) -> bool:
    """Whether the last clause tells of something done, and itself of no trouble."""
    last = sentence.rpartition("、")[2]
    return (
        last != sentence
        and _ENDED.search(last) is not None
        and not any(one.search(last) for one in (_TROUBLED, _HAPPENED))
    )


_ENDED = LazyPattern(r"(?:ました|済み?です|てあります)(?:よ|ね)?$")
# What befell him, and where he turned: neither ends a trouble.
_HAPPENED = LazyPattern(
    r"(?:聞き|問い?合わせ|確認(?:(?:いた|致)?し)?|止め|言われ|表示され|求められ|出|戻って|返って|返され|なり|なって|しまい|しまって|来|来て|残って|止まって|困って|待って|迷って|探して|試し|試して|連絡(?:(?:いた|致)?し)?|電話(?:(?:いた|致)?し)?|メ[ー-]ル(?:(?:いた|致)?し)?|送信(?:(?:いた|致)?し)?|ご連絡(?:いた|致)し|お?尋ねし|伺い)(?:ました|ています|ております|おります)|ません(?:でした)?|と(?:の|いう)こと"
)
_EXPLAINS = LazyPattern(
    r"^原因は.{2,60}でした$|(?:(?:の|こと|もの)(?:が原因|によるもの|のため)|漏れ|もれ|ミス|原因|不具合|手違い|勘違い|不手際)(?:が原因|によるもの|のため)?(?:でした|でございました)$"
)
# What gives work, or something to wait for.
_OF_WORK = LazyPattern(
    r"解除|破産|倒産|合併|亡くな|死亡|火災|期限切れ|無効|誤字|壊れ|拒否|誤って|第三者|別件|切り?替|ことに|保証|見え(?:ます|る)|郵送|持参|提出|送付|送信|発送|変更|修正|訂正し|差し?替え|取り?消|辞退|中止|中断|延期|延長|延び|決ま|予定|希望|依頼|申請|請求|お願い|ません|ない(?:$|で|の|よ)|なく|不[^安慣備]|[0-9]{5,6}-[0-9]|円|[?]|か$"
)
_AMONG_HIS_OWN = LazyPattern(
    r"(?:社内|経理|現場|担当|関係者|皆|社員|部署|一同|上司|当方|弊社|次回)[^。]{0,16}(?:共有|周知|徹底|伝え|回覧|報告|展開|使わせて|使い|活用|参考)[^。]{0,12}ます$|^[^0-9、]{0,16}(?:施工|努め|励|精進|取り?組)[^0-9、]{0,10}ます$|安心して[^。]{0,12}(?:ます|です)$"
)
