"""What each sentence of a contractor's own words is there for: a courtesy, thanks, something sent, whether it arrived, a question.

Called by matter.py. A sentence is a courtesy only if closed classes of words make up all of it (or all that it asks for); what asks or
begs for anything else is a question: a person reads it. No list of sentences. Pure; linear; nothing is raised.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from itertools import islice

from bot.core.contractor.arrival import INTERROGATIVE, asks_arrival
from bot.core.contractor.settled import is_open
from bot.core.text.courtesies import is_small_talk
from bot.core.text.lazy_pattern import LazyPattern


class Purpose(StrEnum):
    """What a sentence is there for."""

    COURTESY = "courtesy"  # greets, closes, introduces, begs for what the office does anyway
    THANKS = "thanks"  # thanks or acknowledges, and says no more
    SENDING = "sending"  # announces something that comes with this mail
    ARRIVAL = "arrival"  # asks whether something arrived
    QUESTION = "question"  # asks something else
    WISH = "wish"  # begs for something else, or says that something went wrong
    STATEMENT = "statement"  # all the rest


# ---------------------------------------------------------------- classes of words, for folded text in lower case

_PARTICLES = (
    r"を|に|が|は|も|の|へ|と|で|や|から|より|まで|のみ|だけ|際|折|節|頃|にて|として|については?|につき(?:まして)?は?|に(?:関|かん)し(?:て|まして)|に係る|にかかる|における"
    r"|及び|並びに|または|又は|とともに|等|など|ほど|程|の?上(?:で)?|うえ(?:で)?|方|件|旨|ため|ので|、|,|・|:|…|~|w|\^|_|-"
)
_CUSHIONS = (
    r"お忙しい(?:ところ|所|中|折)|ご?多[忙用](?:の(?:ところ|所|折|中)|中|とは存じますが)|お手(?:数|間)(?:を?(?:お?(?:かけ|掛け)(?:いた|致)?し(?:て|ますが|まして|ます)?)|です(?:が|けれども)?|とは存じますが|ではございますが|ながら)?"
    r"|恐れ(?:入り|いり)(?:ます|ました)?が?|恐縮(?:です|ではございます|でございます|に存じます|ながら|の至りです)?が?|申し?訳(?:ございません|ありません|ない(?:の)?です)が?"
    r"|すみません|すいません|失礼(?:ながら|とは存じますが|いた?し?ます|しました|いたしました)|ご面倒|ご迷惑|勝手(?:ながら|を申し(?:上げ)?ます(?:が)?)|突然の?(?:メール|ご連絡)?|たびたび|度々|何度も|重ね重ね|重ねて"
    r"|大変|誠に|まことに|本当に|心より|早速|迅速|速やか|ご?丁寧な?|何卒|何とぞ|どうか|どうぞ|ぜひ|併せて|あわせて|改めて|再度|念のため|取り急ぎ|とりいそぎ|まずは?|以上|引き続き|どうも|厚く|深く|格別の?|万が?一|今後とも|今後|末永く|変わらぬ|いつも|毎度|日頃|平素(?:より)?"
    r"|このたび|この度|先日|先ほど|先程|昨日|本日|今朝|先般|さて|なお|また|つきましては|それでは|では|はい|ご?多幸|(?:ご?(?:連絡|返信|提出|送付|送信|報告)|お礼|御礼)が(?:大変)?(?:遅く(?:なり(?:まして)?|なって)|遅れ(?:まして|て)?)|ますます|益々|幾分|はじめて|初めて|お陰様で|おかげさまで|とんでも"
)  # fmt: skip
_OBJECTS = (
    r"添付(?:の|した|いたしました|しました|させていただきました|致しました)?(?:ファイル|書類|資料|データ|pdf|もの)?|別添|別紙|内容|記載(?:内容|事項)?|書類(?:一式)?|資料|デ-タ|データ|ファイル|pdf(?:ファイル)?|写し|お知らせ|通知(?:書)?"
    r"|[「『]?(?:電子)?認証キ[ーィ][」』]?(?:等)?|電子(?:保証|証書)|保証(?:証書|書|契約)?(?:番号)?|契約保証金?|(?:中間)?前払金?(?:保証)?|請求書|申請書|標記|首題|表題|上記|下記|左記|以下|前記|こちら|これ|本件|本書|当該|同封|関係|提出(?:書類|物|分)?|送付(?:書類|物)?"
    r"|本?メ-ル|メール|(?:控え|ご?参考|資料)(?:として|まで(?:に)?)|この|当方|弊社|貴市|貴課|貴職|市役所|担当(?:者|課)?(?:様|の方)?|皆様|各位|様|さま|お客様|工事|業務|案件|契約|手続き?|支払い?|お?支払い?|入金|お?振込|電子契約|本日中|年内|月末|今週|来週|週明け|午[前後]|(?:月|火|水|木|金)曜日?|早め|早い|お?行き?違い|ご?都合(?:の|が)?(?:よろしい|良い|よい)(?:時|とき)?|お?手すき|お?時間(?:のある|の)?(?:時|とき|際)?"
)  # fmt: skip
_PROCESSES = r"(?:ご|御|お)?(?:確認|検認|査収|収受|受領|受[取け]取?り?|受け?付け?|受理|対応|手続き?|処理|高覧|一読|目通し|覧(?:になって)?|取り|検収|取り?計らい|取り?扱い|閲覧|納め|審査|尽力|協力|配慮|参照|確かめ|お?伝え|指導|・?鞭撻|高配|愛顧|引き立て|引立て|理解|了承|了解|承知(?:おき)?|受納|笑納|容赦|海容|進め|手配|活用|付き合い|精査|照合|チェック|使い|利用|印刷|安心|見(?:とい|ておい)?|使用)"
_REQUESTS = (
    r"(?:して|し|て)?(?:ください|下さい|くださ(?:れば|ると|るよう)|下さ(?:れば|ると|るよう)|くださいます|下さいます|くださる|下さる)(?:よう|ませ)?(?:に)?"
    r"|(?:を|して|し|て|の)?(?:いただ|頂|戴)(?:け|き|く|ければ|けると|けましたら|きますと)(?:ます|れば|ましたら|ますと|ると|ませんか|ませんでしょうか|ないでしょうか|たく|たい|ますよう|よう)?(?:に|ば|と)?"
    r"|お?願(?:い|え)(?:を)?(?:たい|たく)?(?:(?:いた|致)?し(?:ます|たく|たい)?|申し?上?げ(?:ます|たく)|(?:でき|出来)(?:ます|れば|ましたら|ませんか|ませんでしょうか|ないでしょうか))?(?:まで|です)?|願い?ます|ねがいます"
    r"|賜(?:り|れ|わり)(?:ます|ば|れば)?(?:よう)?|頂戴(?:でき|したく|いたし|し)(?:ます|れば|ますと)?|くれ(?:ます|れば)|もらえ(?:ます|れば|ると)|なさって"
    r"|(?:大変)?(?:幸い|幸甚|幸福|有[り]?難い|ありがたい|うれしい|嬉しい|助かり|たすかり)(?:です|でございます|に存じ|に思い|と存じ|ます|く)?|結構(?:です|でございます)|存じ(?:ます|上げます)|思い(?:ます)?|よろしく|宜しく|申し?上げ(?:ます)?|いたし(?:ます)?|致し(?:ます)?"
    r"|ます|です|ございます|でございます|ませ|ますか|ますでしょうか|でしょうか|か|ね|よ|ば"
)  # fmt: skip
_BEGS = LazyPattern(
    rf"(?:{_PARTICLES}|{_CUSHIONS}|{_OBJECTS}|{_PROCESSES}|{_REQUESTS}|ご|お|御|し|して|の程|のほど|次第)+"
)
_GREETS = LazyPattern(
    r"お?世話(?:に)?(?:なって|なり|様|さま)|お疲れ|おつかれ|ご苦労|おはよう|こんにちは|こんばんは|初めて(?:ご連絡|メ)|はじめまして|時下|拝啓|前略|敬具|草々|ご?(?:清栄|清祥|健勝|隆盛|繁栄|発展|隆昌|盛栄)|お(?:慶|喜)び"
    r"|いかがお過ごし|お変わり(?:は|も)?(?:ない|ござい|あり)|お元気|残暑|猛暑|厳し[いく]|寒[いさく]|暑[いさく]|季節|ご自愛|年末|年始|新年|本年|旧年|良いお年|よいお年|お?祈り|お体|お身体|お騒がせ|煩わせ(?:て(?:しまい)?|まして)?、?(?:誠に|大変)?申し?訳(?:あり|ござい)ませんでした$|と申します$|寒暖|(?:担当|代表)の[^。]{1,12}(?:です|でございます)$"
)

# Who writes, and to whom. A name is short and follows the firm's.
_NAMES = LazyPattern(
    r"^[^、。]{2,40}(?:御中|様|殿|各位|宛て?)$|^(?:[^、。ぁ-ん]{2,30}の)[一-龥ァ-ヶー々]{1,5}[^件方旨分物用号事的]?(?:です|でございます|と申します)$|^[^、。ぁ-ん]{0,20}(?:株式会社|有限会社|合同会社|\([株有]\)|企業体)[^、。ぁ-ん]{0,30}$|^(?:株式会社|有限会社|合同会社|\([株有]\))[^、。がをへ]{1,20}[一-龥ァ-ヶー々]$"
)
_LEGAL = LazyPattern(r"株式会社|有限会社|合同会社|\([株有同]\)|企業体|工務店|組合")
_INTRODUCES = LazyPattern(r"(?:です|でございます|と申します|になります)$")
_INTRODUCTION = 45
# Where to turn to is no question.
_CONTACT = LazyPattern(
    r"(?:連絡|問い?合わ?せ|返信|電話|返送|連絡先|窓口)(?:先)?(?:は|につきましては|について(?:は)?)[^。]{0,40}(?:まで|へ|宛て?|あて|で|にて)(?:に)?[^。]{0,6}(?:お?願い|くだ|下さ|いただ)|まで(?:ご|お|御)?(?:一報|連絡|知らせ|問い?合わ?せ)"
)
_CLOSES = LazyPattern(
    r"^(?:また(?:何か)?(?:あれば|あり(?:まし)?(?:たら|た際は))|[^、。をか]{0,14})(?:、)?(?:よろしく|宜しく)(?:お?願い(?:いた|致)?(?:し|申し?上?げ)?ます|どうぞ|お伝え(?:ください|下さい)|です)?(?:ね|よ)?$"
)
# Whoever sends a notice gets a reply.
_REPLY_TO_US = LazyPattern(
    rf"(?:{_CUSHIONS}|{_PARTICLES})*(?:ご|御)?(?:返信|一報|連絡|返答)(?:{_REQUESTS}|を|の程|のほど|待ち|おり|お)+"
)

# ---------------------------------------------------------------- what is asked

_NO_QUESTION_ENDS = ("ほか", "わずか", "たしか", "確か", "なか", "いずれか", "何か", "いくつか", "速やか", "なにか")
_ASKS = LazyPattern(
    r"よね$|(?:お?電話|ご?来庁|ご?連絡|お時間)を?(?:いただけ|頂け|もらえ)(?:ます|ません)(?:か|で)|まで(?:お?電話)を?(?:くだ|下さ)|相談が(?:あり|ござ)|(?:どうす(?:れば|ると|べき))$|もらえ(?:ます|ません)か$|(?:それ|これ|まま|形|内容)で(?:よ|良|問題な|構わな|差し支えな)(?:けれ|いの?なら|かった)|(?:いい|よい|良い|よろしい|大丈夫|合って(?:い)?ます)(?:です)?ね$|ても?(?:よろし|良|よ|構わ|差し支え)[^。]{0,6}(?:ければ|か$|でしょう)|(?:[日月週旬末中]|まで|早め)に[^。]{0,10}(?:入金|支払い?|振り?込み?)を?(?:お?願|いただけ|頂け|いただき|くだ|下さ)|受(?:理|付)(?:して|を)(?:いただけ|頂け|もらえ)ます|(?:辞退|解除|解約|取り?やめ|中止)(?:する)?(?:こと)?(?:も|を)(?:含め|視野|検討|考え)|教えて|お?教え(?:くだ|下さ|いただ|頂|願)|教示|教授|お?尋ね|聞き(?:し|いた|致|たい|たく)|聞かせ|伺(?:いたい|いたく|わせ|えれば|えます|いできれば)|お伺い(?:し|いた|致)|質問|相談(?:です|が|させ|した|いた|し|に[乗の]|事|の[上件])|照会|ご?指示|ご?案内(?:くだ|下さ|いただ|頂|願|をお)"
    r"|問い?合わ?せ(?:です|いた|致|させ|しま|した|たい|たく)|知りたい|知りたく|(?:分か|わか|判)(?:れば|ると|りましたら)|(?:ご|御)?回答を?(?:お?願|いただ|頂|くだ|下さ|お?待|お?聞)|返[事答](?:を)?(?:お?待ち|(?:いただ|頂)(?:け|きた|きま[すせ])|くだ|下さ|願|お?聞)|ご?見解|ご?意見|ご?助言|アドバイス|ご?判断|いかが|如何"
    r"|確認(?:させて|したい|したく|です$)|(?:ほかに|他に|別に)(?:も)?[^。]{0,20}(?:必要|提出|要る|いる|揃え)[^。]{0,16}(?:あれば|ありましたら|でしたら)|(?:様式|書式|ひな形|用紙|控え(?:[^と]|と[^し])|写し|受領印)[^。]{0,24}(?:いただけ|頂け|もらえ|返送)|宛て?に(?:て)?(?:お願い|送って|ご送付)[^。]{0,12}(?:か$|いただけ)|(?:登録|宛先|送付先|連絡先)の?(?:変更|修正|追加)(?:も|を)|(?:よい|よろしい|いい)のですが|(?:連絡|返信)を?お?待ち|か(?:どうか|否か)|(?:要|必要|可|有)[無否]|(?:いつ|どこ|どちら|どなた|どの|どう|どれ|誰|何)(?:まで|から|頃|ごろ|に|へ|を|が|で|すれ|やって|したら|処理|よう)[^。]{0,40}(?:か|ください|下さい|願います|いただ|お願い)"
)  # fmt: skip
_EMBEDDED = LazyPattern(
    r"(?:の|い|る|た|です|ます|ません|要|能|れ|か否|ん|きか)か(?:どうか)?(?:を|が|、|,|も|について|につき|は|と)?(?:お|ご|御)?(?:教|知ら|回答|返[信事]|連絡|確認|分か|わか|判|伺|聞|尋|不明|迷|悩|指示|心配|不安|懸念|気にな|思っ|思い)"
)
_BEGS_AT_ALL = LazyPattern(
    r"お?知らせ(?:くだ|下さ|願|いただ|頂|をお?願)|(?:くださ|下さ)(?:います|る)よう|(?:ください|下さい)(?:ませ|ね|ますよう)?|(?:いただ|頂|もら|貰)(?:け|い|き|え)?(?:ます|ません|ない|れば|たい|たく|ますと|ると|ましたら)|お?願(?:い|え)(?:いた|致|し|申|でき|出来|ます|たく|たい)|願います|ほしい|欲しい|(?:たい|たく)(?:です|のです|存じ|思|お?願|、|と)|たいの(?:です|で|だ)が|(?:希望|要望)(?:し|いた|致|です|が)"
)  # fmt: skip
_IF_ANYTHING = LazyPattern(
    r"(?:不備|不足|不明|誤り|間違い|相違|問題|不都合|支障|漏れ|もれ|質問|疑義|疑問|何か|なにか|何なり|何ら|至らぬ|至らない|気づき|気付き|必要|要望|修正|追加|変更|ご用|届かない|開けない|読めない|そのほか|その他)[^。]{0,24}"
    r"(?:あり|ござい|御座い|あれば|でしたら|なら|場合|の際|とき|ましたら)[^。]{0,30}(?:連絡|知らせ|指摘|申し?付け|問い?合わ?せ|一報|電話|返信|指示|言い付け|仰せ|用命|容赦|まで(?:お?願い|ご?連絡))"
    r"|(?:御|ご)用(?:の(?:際|方|節)|でしたら|がござい)[^。]{0,24}(?:まで|へ|に)[^。]{0,4}(?:お?願い|くだ|下さ)|(?:間違|違っ|不備|不足|おかし|漏れ|足り)[^。、]{0,8}(?:たら|れば)[^。]{0,8}(?:言って|おっしゃって|仰って)(?:くだ|下さ)|ご?不明(?:な点|の点|点)(?:は|について)[^。]{0,24}(?:まで|へ|に)[^。]{0,4}(?:申し?付け|連絡|問い?合わ?せ|電話)"
)  # fmt: skip
_IF_SO = LazyPattern(
    r"(?:場合|の際|とき|[るた]時(?:は|に|、)|(?:まし|でし)たら|(?:けれ|れ|あれ|なけれ)ば|なら|ようで)[^。]{0,40}(?:申し?付け|連絡|知らせ|一報|指摘|電話|声がけ|声掛け|用命)(?:を|の程|のほど)?(?:くだ|下さ|いただ|頂|お?願|待ち)[^。]{0,16}$"
)
_IS_ALL_RIGHT = LazyPattern(
    r"(?:不備|不足|誤り|間違い|相違|問題|漏れ|もれ)(?:等|など|の)?(?:が|は|の)?(?:ない|無い|ありません|ございません)か(?:どうか)?(?:、)?(?:を|も)?(?:ご|御)?(?:確認|査収)"
)
_TELL_RECEIPT = LazyPattern(
    r"(?:届き|到着|受領|受信|受け?取り?|着き|受付|受理|確認)[^。]{0,14}(?:ましたら|次第|たら|れば|の際|後|の上|うえ|の(?:ご|御)?(?:連絡|返信|メ|一報|旨|お返事)|した(?:旨|こと)|した?という)[^。]{0,24}(?:連絡|返信|一報|知らせ|返事|メール|メ-ル|ご返答)[^。]{0,24}$"
    r"|(?:受領|受信|到着|受付)(?:確認)?の?(?:ご|御|お)?(?:連絡|返信|メ-ル|メール|返事|一報|確認)(?:を|も|の)?[^。]{0,24}(?:いただ|頂|願|ください|下さい|くだされば)"
)  # fmt: skip

# ---------------------------------------------------------------- what is sent, what is thanked for

_SENDS = LazyPattern(
    r"(?:pdf|ファイル|スキャン|紙|書類|メール|メ-ル)[^。]{0,12}(?:付け|つけ|貼っ|貼り?付け|添え|入れ)(?:まし|て(?:お|い|あり|、?(?:ご|お)?(?:送|提出)))|添付|別添|同封|(?:送付|送信|提出|提示|送達|転送|進達|届け出|報告)(?:し|いた|致|申|させ|の件|です$|$|を?いた|にな|方)|お?送り(?:し|いた|致|申|させ|します|いたします|ます|$)|送ら?(?:せて|させて|ります|りました)|お?届け(?:し|いた|致|ます)|差し上げ|(?:本文|下記|以下)に[^。]{0,8}(?:記載|記入|書き|貼り付け)(?:(?:いた|致)?し)?(?:ます|ました)|(?:以下|下記|次)の?とおり|(?:の|お知らせ|キー|pdf|ファイル|書類|一式)です$|(?:キ[ー-]|お知らせ|pdf|ファイル|書類|デ-タ|データ|通知|証書)(?:一式)?(?:になります|となります|でございます)$|(?:キ[ー-]|お知らせ|pdf|ファイル|書類|データ|通知|証書)(?:を|も)(?:お?付け|お?つけ|添え|アップ|貼り?付け)|(?:pdf|書類|紙|キ[ー-]|やつ|もの|ファイル|お知らせ)(?:を)?送(?:る|っと(?:く|き))(?:ね|よ|わ)?$|(?:を|も|にて)[添転天展点貼](?:付|府|符|布)(?:し|いた|致|させ)"
)
_BY_OTHER_WAY = LazyPattern(
    r"後日|別途|(?:社内|社長|上司|本社|部長|所長)[にへで]|別(?:の|便|送)|追って|後ほど|のちほど|明日|来週|来月|郵送|持参|窓口|fax|郵便|宅配|速達|レタ-パック|レターパック|予定|できませ|出来ませ|送れ(?:ず|ま)|送る(?:べき|場合|必要)|送れば|提出(?:すれば|する(?:場合|必要|べき)|先|期限|方法|が必要|後)|未提出|提出済|送付(?:先|方法)|(?:開|読|見)[^。]{0,4}(?:ません|ない)"
)
_THANK_WORDS = (
    r"ありがとう(?:ござい(?:ます|ました))?|有[り]?難う?(?:ござい(?:ます|ました))?|感謝(?:して|いたし|致し|申し?上げ|し|の)?(?:ており|おり)?(?:ます|ました|念)?|お?御?礼(?:まで|申し?上げ|を)?|助かりました|安心(?:いた|致)?しました|安心です|うれしく|嬉しく"
    r"|(?:ご|お|御)?(?:返信|連絡|回答|教示|返事|案内|説明|電話|知らせ|メ-ル|指摘|指導|手配|返答|一報|送付|通知)|(?:いただ|頂|戴)(?:き|け|いて|いた|きまして|けまして)(?:ました|ます|て)?|くださ(?:り|って|いまして)|下さ(?:り|って|いまして)|賜り|拝受|拝見|拝読|拝承|敬承|諒解|受け?取り|受領|受信|承知|了解|かしこまり|畏まり|承り|確認|理解|把握"
    r"|早々に?|恐縮|ご自愛|寒さ厳しき|厳しき|折|季節柄|皆様|丁寧に?|教えて|手続き?|済みまし|しました|いたしました|致しました|できました|出来ました|おります|でした|ました|です|した|だきました|受付番号(?:(?:は|:|の)?[「(]?[0-9-]{6,30}[)」]?)?|お?控え(?:いた|致)?し?(?:ました|ます)|届い|お手数|お手間|(?:おかけ|お掛け|掛け|かけ)(?:(?:いた|致)?し(?:まし)?)?|[()「」『』【】]|(?:返信|返事)(?:は|には|について)?(?:不要|及びません|お気遣いなく|結構)(?:です)?|とても|わざわざ|さっそく|いろいろ|色々|色々と|控え|保管|保存|として|済み?|た|よう|次回|大切|確かに|確実|社内|共有|方法|進めます|進めさせて|かたがた|痛み入り|お?(?:とら|取ら|掛け|かけ)(?:せ)?(?:て|し)|助かり|ひと安心|お会い|お電話口|おかげ|お陰|様で|無事に?|ほっと|完了|届き|ご安心|それ|こと|旨|とのこと|なによりです|何よりです|その節"
)  # fmt: skip
_THANKS = LazyPattern(
    rf"(?:{_PARTICLES}|{_CUSHIONS}|{_OBJECTS}|{_PROCESSES}|{_THANK_WORDS}|よろしく|宜しく|お?願い|申し?上げ|いたし|致し|ます|ございます|し|ご|お|御)+"
)
_THANK_HEAD = LazyPattern(
    r"いただ(?:き|いて)[^。]{0,8}恐縮です|おかげ(?:さま|様)で|(?:お|御)礼|痛み入り|ありがとう|有[り]?難う|感謝|お礼|御礼|助かりました|安心|承知|了解|かしこまり|畏まり|承り|拝受|拝見|拝承|敬承|諒解|(?:確認|受領|受信|理解|把握|受け取り|受取り)(?:を)?(?:いた|致|でき|出来|し|ま)"
)

_MOST = 200
"""So many parts of a sentence are looked at."""


def purpose_of(sentence: str) -> Purpose:
    """What a folded sentence is there for. One in katakana alone, as old programs and facsimiles write, is read in hiragana."""
    if _IN_KATAKANA.match(sentence) is not None:
        sentence = sentence.translate(_AS_HIRAGANA)
    return next((purpose for says, purpose in _SIGNS if says(sentence)), Purpose.STATEMENT)


_IN_KATAKANA = LazyPattern(r"^[^ぁ-ん]*(?:マス|デス|マシタ|マセン|クダサイ|マセ|ショウ)カ?$")
_AS_HIRAGANA = {kana: kana - 0x60 for kana in range(ord("ァ"), ord("ヴ"))}

_IN_ENGLISH = LazyPattern(
    r"(?:(?:many|again|so|very|much|a|lot|alot|for|your|the|quick|prompt|kind|reply|response|email|e-?mail|message|help|support|confirmation|information|informing|notice|us|me|me|you|thank|thanks|thx|noted|understood|received|well|with|and|have|has|been|i|we|it|appreciate|appreciated|of|as|ok|okay|got|that)[ ,.'-]*)+"
)
_ENGLISH_THANKS = LazyPattern(r"thank|thx|appreciat|noted|understood|received|got it")


def _thanks(sentence: str) -> bool:
    """Whether it thanks or acknowledges: by closed words alone, or at its end, where no other statement stands before."""
    if _ENGLISH_THANKS.search(sentence) and _IN_ENGLISH.fullmatch(sentence):
        return True
    told = sentence.replace("いつもありがとう", "")
    if _THANKS.fullmatch(sentence) and _THANK_HEAD.search(told):
        return True
    end = _THANK_END.search(told)
    if end is None:
        return False
    before = _GIVEN.sub("", told[: end.start()])
    is_excuse = end[0].startswith("恐") and not _GIVEN.search(told[: end.start()])
    return not (
        is_excuse
        or is_open(before)
        or any(sign.search(before) for sign in (_STATES, _ASKS, _EMBEDDED, _BEGS_AT_ALL, _SENDS, _NUMBERS))
    )


# What the office did for him.
_GIVEN = LazyPattern(
    r"(?:お?送り|送付|送信|添付|転送|指示|教示|案内|回答|教え|お?調べ)?(?:て|を)?(?:いただ|頂|戴|くださ|下さ)(?:き(?:まし[てた])?(?:、|$|大変|誠に|本当に)|いて|いた|いまし|り|って|った)"
)


_THANK_END = LazyPattern(
    r"(?:一|ひと)安心です$|おおきに$|(?:おかげ|お陰|賜物)(?:様|さま)?(?:と存じます|です|でございます|だと思(?:い|って)[^。]{0,6}ます)$|(?:ほっと|ホッと)(?:いた|致)?しました$|あり(?:がた|難)く[^。、]{0,6}(?:頂戴|拝受|受領)(?:(?:いた|致)?し)ました$|(?:何より|なにより)(?:です|でございます|と存じます)$|(?:恐縮|恐れ入り)[^、。]{0,6}$|(?:ありがとう|有[り]?難う?)(?:ござい(?:ます|ました))?$|感謝(?:いた|致|申し?上げ|し)[^、。]{0,10}$|(?:お|御)礼(?:を)?申し?上げます$|(?:助かり|安心(?:いた|致)?し|安堵(?:いた|致)?し)(?:ました|ます|ております|ています)(?:わ|よ|ね)?$"
    r"|(?:承知|了解|拝受|拝見|拝承|敬承|諒解|受領|受信|理解|把握|確認)(?:(?:いた|致)?し|でき)ました$|(?:かしこまり|畏まり|承り|受け取り|受取り|分かり|わかり)ました$"
)
_STATES = LazyPattern(r"(?:ます|です|ました|ません|でした)(?:が|ので|けれど|ため|し)?、|ので|ですが|ますが")
_NUMBERS = LazyPattern(r"[0-9]{5,6}-[0-9]|円|[0-9]月[0-9]")
# What he will do with it.
_PROMISES = LazyPattern(
    r"^[^、0-9]{0,20}(?:控え|共有|保管|保存|参考|進め|努め|気をつけ|気を付け|励み|注意|徹底|留意|精進|その(?:よう|とおり|通り)に?)[^、。]{0,6}(?:ます|ました|ております|おきます|いただきます|所存です)$"
)


def _is_polite(sentence: str) -> bool:
    """Whether it greets, closes, or says who writes to whom."""
    if is_small_talk(sentence) or _is_name(sentence) or _REPLY_TO_US.fullmatch(sentence):
        return True
    if _CLOSES.fullmatch(sentence) and not _SENDS.search(sentence):
        return True
    rest = _without_greeting(sentence)
    return _GREETS.search(sentence) is not None and not _is_asking(rest) and not _wishes(rest)


def _offers(sentence: str) -> bool:
    """Whether it begs for a word only if something is wrong, or for what the receipt is."""
    offering = (_TELL_RECEIPT, _IS_ALL_RIGHT, _LOOK_AT)
    if _NOT_YET.search(sentence):
        return False
    return _is_conditional(sentence) or any(one.search(sentence) for one in offering)


_NOT_YET = LazyPattern(r"まだ|て(?:い|お)(?:り)?ません")
_LOOK_AT = LazyPattern(r"^(?:ご覧|見て)(?:ください|下さい)$|添付[^。]{0,8}見て(?:ください|下さい)$")


def _sends(sentence: str) -> bool:
    return _SENDS.search(sentence) is not None and _HIRAGANA.search(sentence) is not None and _sends_now(sentence)


_HIRAGANA = LazyPattern(r"[ぁ-ん]")
"""No sentence is without one."""


def _is_of_closed_words(sentence: str) -> bool:
    return bool(_BEGS.fullmatch(sentence.rstrip("?")) or _THANKS.fullmatch(sentence) or _PROMISES.match(sentence))


def _is_name(sentence: str) -> bool:
    """Whether it says who writes, or to whom."""
    is_firm = len(sentence) <= _INTRODUCTION and _LEGAL.search(sentence) and _INTRODUCES.search(sentence)
    is_more = any(one.search(sentence) for one in (_SENDS, _ASKS)) or is_open(sentence)
    return bool(is_firm or _NAMES.search(sentence)) and not is_more


def _is_conditional(sentence: str) -> bool:
    """Whether it begs for a word only if something is so; without asking what, where or whether."""
    found = _IF_ANYTHING.search(sentence) or _IF_SO.search(sentence) or _CONTACT.search(sentence)
    against = (INTERROGATIVE, _EMBEDDED, _OURS_TO_SAY, _TELLS_MORE)
    if found is None or any(one.search(sentence) for one in against):
        return False
    return all(_begs_for_courtesy(sentence[: one.end(1)]) for one in islice(_BEGS_FIRST.finditer(sentence), _MOST))


_BEGS_FIRST = LazyPattern(r"((?:いただ|頂)き)、")
"""What is begged for before the word that is begged for in the end."""


_TELLS_MORE = LazyPattern(
    r"(?:ほか|他|別)に(?:も)?[^。]{0,6}(?:何か|必要|提出)|控え|受領印|宛て?に[^。]{0,12}か$|(?:よい|よろしい|いい)のですが|教え|教示|お?聞か|聞き?たい|伺い?たい|案内|回答|返送|送って|お送りくだ|送付くだ|様式|手続き?[をのに]|方法|書き方|仕方|記載例|紙|原本|郵送|押印|持参|(?:場合|とき|際)の[^、は]|後任"
)
# What only the office can know: to be told of it is no courtesy.
_OURS_TO_SAY = LazyPattern(r"決ま|確定|判明|支払|入金|振込|振り込|認定|検査|契約日")


def _without_greeting(sentence: str) -> str:
    """What is left of a sentence behind its greeting; a greeting of its own asks nothing."""
    return sentence.rpartition("、")[2] if "、" in sentence and not _GREETS.search(sentence.rpartition("、")[2]) else ""


def _sends_now(sentence: str) -> bool:
    clauses = [one for one in _CLAUSES.split(sentence) if _SENDS.search(one)]
    return any(not _BY_OTHER_WAY.search(one) for one in clauses)


_CLAUSES = LazyPattern(r"(?<=ので)、?|(?<=ますが)、|(?<=すが)、|(?<=まして)、|(?<=ため)、|(?<=とも)に、?")


def _is_asking(sentence: str) -> bool:
    """Whether it is a question, by its end or by a word that only questions have."""
    sentence = _said_now(sentence)
    bare = sentence.rstrip("?…)」")
    if _ASKS.search(sentence) or _EMBEDDED.search(sentence):
        return True
    is_open = sentence.endswith("?") or (
        bare.endswith(("か", "でしょう", "かな", "すかね", "たかね", "るかね", "いかね", "んかね", "かしら", "っけ"))
        and not bare.endswith(_NO_QUESTION_ENDS)
    )
    return is_open and not _begs_for_courtesy(bare)


def _wishes(sentence: str) -> bool:
    """Whether it begs for what is no courtesy, or tells of trouble. What disclaimers beg for is nobody's wish."""
    is_told_open = is_open(sentence)
    sentence = _said_now(sentence)
    if _DISCLAIMS.search(sentence):
        return False
    begs = any(
        _BEGS_AT_ALL.search(part) is not None and not _begs_for_courtesy(part.rstrip("?…)」、"))
        for part in _FOR_WHICH.split(sentence)
    )
    # Trouble that is over: what could not be sent then comes now.
    last = _CLAUSES.split(sentence)[-1].rpartition("、")[2]
    return begs or (is_told_open and is_open(sentence) and not _sends(last))


_FOR_WHICH = LazyPattern(r"(?<=きたく)、|(?<=したく)、")
"""Behind what somebody wants stands what he sends for it."""


def _said_now(sentence: str) -> str:
    """A sentence without its thanks, without what was told before, without humble forms that look like wishes."""
    return _HUMBLE.sub("", _AS_TOLD.sub("", _BEHIND_THANKS.split(sentence)[-1]))


_DISCLAIMS = LazyPattern(
    r"漏ら|複製|転載|複写|開封せず|(?:本|この|お手元の|当該)(?:電子)?メールを?[^。]{0,14}(?:破棄|削除|消去|廃棄|転送)|宛(?:先|て)?(?:違い|間違|で(?:は)?な)|誤って(?:本|この|お?受|届|配信|受信|送信され)|アドレス帳|返信(?:いただいても|されても)|混み合い|ご遠慮|お待ち(?:くだ|下さ|いただ)|お?控え(?:くだ|下さ|いただ)|[しさ]ないよう|理解(?:と|、|・|及び)ご?協力|[送発]信者|ご利用(?:くだ|下さ|いただ)|場合が(?:あり|ござ)"
)


# What somebody told, asked or answered before.
_AS_TOLD = LazyPattern(
    r"教えて(?:くれ|もらっ|いただい|くださっ)た(?:ので|とおり|通り|おかげ|お陰|の|、)|(?:ご|お|御)?(?:指示|教示|案内|質問|相談|回答|依頼|連絡|照会|指摘|問い?合わ?せ|教え|返事|要望)(?:を|て)?(?:(?:いただ|頂|もら|貰)[いきっ](?:まし[たて]|、|た|て(?:い|お))|くださいまし|くださった|あり(?:まし)?た|が?ありました|があった|により、?|の(?:とおり|通り|件|あった|ありました)|の[契保電認書工])(?:とおり|通り|件|ので|内容)?"
)
_HUMBLE = LazyPattern(
    r"(?:さ|ら|か|わ)せて(?:いただ|頂)(?:き(?:ます|まし|、)|いた|いて|く(?:$|、|ため|た))|(?:くださ|下さ)(?:いまし|り|った)|(?:いただ|頂)く(?:メ[ー-]ル|返信|連絡|お?知らせ|書類)"
)
_BEHIND_THANKS = LazyPattern(
    r"(?:ありがとう|有[り]?難う?)(?:ござい(?:ます|ました|まして))?が?|感謝(?:いた|申し)[^、。]{0,8}ます"
)
# Where the part of a sentence begins that begs: behind these, what stands before is only told.
_SEAM = LazyPattern(
    r"(?:、|,|ので|ますが|ましたが|ですが|ませんが|んで|でして|まして|ため|から|けれど|けど|たら|ば|の上|うえ|上、|て|り|し|く)$"
)


def _begs_for_courtesy(sentence: str) -> bool:
    """Whether all that it begs for is what the office does anyway."""
    if _TELLS_ME.search(sentence):
        return False
    for start in range(len(sentence)):
        before = sentence[:start]
        is_object = _OBJECT.match(sentence, start) is not None
        begins = not before or is_object or (_SEAM.search(before[-8:]) and _BEGINS.match(sentence, start))
        if begins and _BEGS.fullmatch(sentence, start):
            return _BEGS_AT_ALL.search(before) is None
    return False


_OBJECT = LazyPattern(rf"(?:の|に係る|にかかる|に関する|についての|:)?(?:{_OBJECTS})")
_TELLS_ME = LazyPattern(r"お?知らせ(?:くだ|下さ|願|いただ|頂|をお?願)")
_BEGINS = LazyPattern(rf"{_OBJECTS}|{_CUSHIONS}|{_PROCESSES}|よろしく|宜しく|お?願い|幸い")

# The first that holds says what a sentence is there for.
_SIGNS: tuple[tuple[Callable[[str], bool], Purpose], ...] = (
    (_thanks, Purpose.THANKS),
    (_is_polite, Purpose.COURTESY),
    (lambda one: _offers(one) and _sends(one), Purpose.SENDING),
    (_offers, Purpose.COURTESY),
    (asks_arrival, Purpose.ARRIVAL),
    (_is_asking, Purpose.QUESTION),
    (_wishes, Purpose.WISH),
    (_sends, Purpose.SENDING),
    (_is_of_closed_words, Purpose.COURTESY),
)
