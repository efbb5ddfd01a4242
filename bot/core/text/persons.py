"""Lines that say who wrote: a name, an office with a name, a way to reach him; only in forms that can be nothing else.

Called by courtesies.py and by core/clerk/answer/remarks.py. A name counts behind an office or a post, when it is the sender's own, when it is a common
surname, or in Roman letters that spell Japanese: 別件です, 重複です and 他市の案件です are none. Pure; linear; nothing is raised.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from itertools import pairwise

from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.normalise import fold

# The commonest surnames that are no word of an office; a name that is not here needs an office, a post or the mail's own From.
_SURNAMES = """
佐藤 鈴木 高橋 田中 伊藤 渡辺 渡邊 渡邉 渡部 山本 中村 小林 加藤 吉田 山田 佐々木 山口 松本 井上 木村 林 斎藤 斉藤 齋藤 齊藤 清水 山崎 森 池田 橋本 阿部 石川
山下 中島 石井 小川 前田 岡田 長谷川 藤田 後藤 近藤 村上 遠藤 青木 坂本 福田 太田 西村 藤井 藤原 岡本 三浦 金子 中野 中川 原田 松田 竹内 小野 田村 中山 和田 石田
森田 上田 原 内田 柴田 酒井 宮崎 横山 高木 安藤 宮本 大野 小島 谷口 今井 工藤 高田 増田 丸山 杉山 村田 大塚 新井 小山 平野 藤本 河野 上野 野口 武田 松井 千葉
岩崎 菅原 木下 久保 佐野 野村 松尾 市川 菊地 菊池 杉本 古川 大西 島田 水野 桜井 櫻井 高野 渡会 吉川 山内 西田 飯田 菊田 西川 小松 北村 安田 五十嵐 川口 平田 関
中田 久保田 服部 東 岩田 土屋 川崎 福島 本田 辻 樋口 秋山 田口 永井 山中 中西 吉村 川上 石原 大橋 松岡 馬場 浜田 森本 星野 矢野 浅野 大久保 吉岡 小池 野田 荒木
熊谷 松浦 大谷 内藤 黒田 尾崎 永田 川村 望月 松村 荒井 田辺 菅野 堀 平井 大島 西山 早川 栗原 広瀬 横田 石橋 岩本 萩原 片山 関口 宮田 大石 本間 高山 須藤 岡崎
小田 吉野 鎌田 伊東 篠原 上原 小西 松原 福井 古賀 大森 小泉 成田 南 奥村 内山 沢田 川島 桑原 三宅 片岡 富田 奥田 杉浦 岡 小沢 大川 八木 小倉 平山 千田 久保寺
関根 河合 中井 白石 黒木 児玉 東海林 榎本 川田 田代 宮下 佐久間 森下 大山 北川 谷川 星 天野 堀内 牧野 松下 村山 岡村 坂口 津田 河村 大村 坂井 西 小原 田島 堀江
大竹 根本 尾形 山根 米田 竹田 相沢 田原 杉田 植田 今村 石塚 町田 森川 山岸 児島 三上 神田 松永 金井 三好 飯塚 石黒 水谷 野崎 野中 島崎 梅田 榊原 山村 土井 青山
飯島 黒川 村井 浅井 下田 向井 長尾 徳永 須田 大沢 平川 西岡 坂田 志村 高島 皆川 川原 中沢 北野 小笠原 倉田 森山 笠原 堀田 甲斐 岸 島村 岡部 長島 稲垣 若林 小山田
滝沢 瀬戸 三木 宇野 相馬 相原 江口 武藤 吉井 大平 新田 中原 福岡 塚本 大内 長田 藤川 藤沢 宮川 大木 日高 戸田 小森 泉 岩井 安部 安達 足立 浅田 荒川 有馬 池上
池内 井口 石崎 石山 石渡 磯部 市村 稲葉 井出 井手 猪股 今野 岩瀬 岩間 植木 植村 臼井 内海 梅津 梅原 江川 榎 遠山 大井 大田 大津 大槻 大友 大庭 大場 大原 大宮
岡野 岡林 緒方 小木 奥山 長部 落合 小野寺 小幡 折原 笠井 柏木 片桐 勝又 加納 神谷 亀井 亀田 川端 川瀬 川畑 川辺 川本 神崎 神原 岸本 北島 北原 木内 木原 君島 日下
草野 窪田 倉持 栗田 黒沢 桑田 小出 神山 小谷 児嶋 小菅 駒井 小宮 近江 雑賀 坂上 阪口 阪本 桜庭 笹川 笹原 佐伯 佐竹 佐川 柴崎 渋谷 澁谷 島 島津 清野 下村 庄司
白井 白川 新谷 新藤 進藤 末永 菅 杉原 杉村 鈴村 砂川 角田 関谷 仙波 曽根 園田 高井 高瀬 高松 高柳 滝 滝口 田上 武井 竹中 竹村 武内 立花 谷 谷本 田畑 玉井 千野
塚田 塚越 土田 堤 常盤 坪井 鶴田 手塚 寺内 寺島 寺田 寺西 土居 徳田 富永 豊田 鳥居 内木 中尾 永尾 中里 永島 仲田 長沢 中谷 中塚 永野 長野 中嶋 永山 奈良 成瀬
南雲 新美 西尾 西沢 西野 西原 西本 西脇 丹羽 沼田 根岸 野沢 野島 野上 野原 野本 橋口 橋爪 長谷部 畑 畑中 花田 浜口 浜野 林田 原口 原島 坂東 東野 樋渡 平岡 平賀
平松 平林 広田 深沢 深谷 福永 福原 福本 藤岡 藤村 藤森 藤野 船橋 古谷 別府 保坂 細川 細田 堀口 堀川 本多 前川 前原 前島 牧 牧田 増井 真鍋 松崎 松島 松野
松山 丸田 三沢 三島 水上 水口 水島 溝口 三田 三谷 湊 南沢 峯 箕輪 宮内 宮城 宮原 宮沢 三輪 向 武者 村松 村瀬 室田 毛利 元木 森岡 森永 門田 八代 安井 安川 柳沢
柳田 柳 矢島 藪 山岡 山形 山川 山県 山野 山室 山元 結城 横井 横尾 吉沢 吉原 吉本 米山 米沢 若松 若山 和久 脇田 鷲尾 小暮 柏崎 染谷 飯野 倉本 海老原 染野 結束 塙
国分 不破 別所 別当 仮屋 分部 重松 猪又 柏 平 根津 大高 小貫 糸賀 沼尻 鴻巣 関川 成島 寺門 栗山 海野 鯉渕 鶴見 岡安 羽田 羽生 今泉 白鳥 羽鳥
"""


_KANJI = "一-龥々〆ヶ○〇"
_GIVEN = rf"[{_KANJI}]{{1,3}}|[ぁ-んー]{{1,6}}|[ァ-ヶー]{{1,6}}"
_READING = r"(?: ?\([ぁ-んァ-ヶーA-Za-z ・.]{1,24}\))?"
_SYLLABLE = r"(?:[nm]|(?:[kgsztdhbpmrjfn]y?|y|w|sh|ch|ts|kk|ss|tt|pp)?[aiueo]h?)"
_ROMAN = LazyPattern(
    rf"(?:[a-z]\. ?{_SYLLABLE}{{2,12}}|{_SYLLABLE}{{2,12}},? {_SYLLABLE}{{2,12}}|{_SYLLABLE}{{2,12}},? [a-z]\.?)",
    re.IGNORECASE,
)
_UNIT = rf"(?:[{_KANJI}ァ-ーA-Z0-9・]|こども|子ども|子育て|まちづくり|まち|みどり|くらし|ふるさと|ごみ|いきいき|すこやか|ふれあい|ものづくり|にぎわい|あんしん|しごと|みなと|ひと|デジタル|橋?りょう){{1,16}}?(?:市役所|役所|役場|市|町|村|県|区|部|局|課|係|室|班|グループ|チーム|センター|事務所|支所|出張所|事務局|公室|企業団|組合|本部|担当|委員会(?:事務局)?)|[{_KANJI}]{{2,8}}[TG](?: |$)"
_POST = (
    r"(?:主任主事|主任技師|主任主査|主事補|主事|主任|副主査|主査|主幹|副主幹|係長|課長補佐|副課長|課長|室長|副参事|参事|次長|部長|局長|所長|補佐|技師補|技師|技査|技監|専門員|専門監|係員|嘱託員?"
    r"|会計年度任用職員|再任用職員|書記|リーダー|長補佐|長代理|長|担当者?|担当[:： ])"
)
_OFFICE = LazyPattern(rf"(?P<office>(?:(?:{_UNIT})[ /・、の]?)*)(?P<post>(?:(?:{_POST})[ :：/の]?)*)(?P<name>.*)")
_HEAD = LazyPattern(
    rf"^(?:[【\[]?(?:from|代理?|氏名|名前|所属|部署|課名|役職|文責|発信者?|作成者?|起案者?|回答者?|処理者|確認者|記入者|対応者|返信者|送信者|差出人|文書取扱|取扱者?|決裁者|承認者|担当(?:者|課)?|問い?合わせ先?|連絡先|記)[】\]:： ]+|[{_KANJI}]{{1,3}}[)/・] ?)",
    re.IGNORECASE,
)
_EXTENSION = LazyPattern(r"[ (]*(?:内線?|tel|電話|直通|☎|ext)[ :.]*[0-9][0-9()・, -]*[)]?$", re.IGNORECASE)
_IN_BRACKETS = LazyPattern(r"(?P<head>[^()]+?) ?\((?P<inner>[^()]{1,30})\)")
_ORNAMENTS = "-=*_~+#◆◇■□●○★☆※▼▽▲△♪|｜<>《》≪≫〈〉 "
_TAIL = LazyPattern(r" ?(?:です|でした|でございます|と申します|より|拝|記|[(]印[)])$")
# An office that says which one it is not, or that there is only part of something.
_RELATIVE = LazyPattern(
    r"(?:^|[ /・の])(?:他|別|一|全|当|本|同|某|各|両|半|隣|前|旧|新|違|誤|重|二|内|外|残|別の|他の)(?:市|町|村|県|区|部|局|課|係|室|班)"
)
_SIGNS = LazyPattern(r"[分側別他仮誤違否未不非無再件複旧偽廃止済待案]")
_BUSINESS = LazyPattern(
    r"決裁|確認|承認|変更|出張|休み|休暇|会議|交代|異動|代理|代行|対応|連絡|相談|重複|二重|重な|送付|提出|期限|工期|金額|番号|工事|案件|保留|差戻|取消|取下|辞退|解約|停止|見本|練習|例文|下書|在席|離席|電話|検討|予定|後日|明日|来週|今回|前回|次回|一部|以外|条件|要望|質問|撤回|白紙|管轄|失効|謝罪|削除|修正|意見|参考|作成|作業|略$|前述|後述|下記|上記|承諾|承知|任意|適当|全部|両方|片方|工区|[一二三四]期|文例|雛形|孫請|下請|元請|反対|異論|拒絶|難色|苦情|延期|中断|冗談|失敗|過失|所管|発注|業者|現場|懸念|留保|拒否|不服|抗議|欠陥|瑕疵|遅延|滞納|紛争|訴訟|事故"
)


@cache
def _surnames() -> frozenset[str]:
    return frozenset(map(fold, _SURNAMES.split()))


@lru_cache(maxsize=256)
def is_person(text: str, own: frozenset[str] = frozenset()) -> bool:
    """Whether a line in plain form names nobody but a person, with or without his office, or an office. `own`: see `names_of`."""
    if len(text) > _CHARACTERS:
        return False
    said = _EXTENSION.sub("", _ADDRESS.sub("", _DATE.sub("", _POST_WITHIN.sub(r"\1 ", text.strip(_ORNAMENTS))))).strip(
        _ORNAMENTS
    )
    if _is_who(said, own) or _LABEL.fullmatch(said) or _IN_ENGLISH.fullmatch(said):
        return True
    bare = _HEAD.sub("", said)
    bracketed = _IN_BRACKETS.fullmatch(_TAIL.sub("", bare))
    if bracketed is not None:
        inner = bracketed["inner"]
        is_post = _POST_ALONE.fullmatch(inner) is not None
        is_office = _AT_OFFICE.fullmatch(inner) is not None and not may_be_about_a_case(inner)
        is_inner = is_post or is_office or _AWAY.fullmatch(inner) is not None or _is_who(_HEAD.sub("", inner), own)
        return _is_who(bracketed["head"], own) and is_inner
    family, _, rest = bare.partition(" ")
    if rest and _is_name(family, own) and _is_who(rest, own):
        return True  # the name before the office
    names = _NAMES_APART.split(bare)
    return _is_who(bare, own) or (
        len(names) > 1 and _is_who(names[0], own) and all(_is_name(one, own) for one in names[1:])
    )


_POST_WITHIN = LazyPattern(rf"([課係室局部所]) ?\((?:{_POST})\) ?")
"""契約課(会計年度任用職員)小室."""
_DATE = LazyPattern(r"^(?:[Rr]|令和)?[0-9]{1,4}[./年月-][0-9./年月日-]{1,8} ")
_ADDRESS = LazyPattern(r" ?<?[A-Za-z0-9._-]{1,40}@[A-Za-z0-9.-]{3,60}>?$")
_AWAY = LazyPattern(r"(?:外出先|出張先|自宅|在宅)(?:から|より|中)?|代理|代")
_LABEL = LazyPattern(r"(?:発信者|送信者|担当者?|連絡先|問い?合わせ先)")
_IN_ENGLISH = LazyPattern(
    r"[A-Za-z][A-Za-z ,.&'-]*(?:Section|Division|Department|Dept\.?|Office|City Hall|City|Bureau)", re.IGNORECASE
)
_NAMES_APART = LazyPattern(r"[・、]")


@lru_cache(maxsize=256)
def _is_who(text: str, own: frozenset[str]) -> bool:
    """A name, an office, or both."""
    said = _TAIL.sub("", text).strip()
    is_sentence = said != text.strip()
    if not said or _RELATIVE.search(said):
        return False
    if _is_name(said, own):
        return True
    if "@" in said:
        name, _, office = (part.strip() for part in said.partition("@"))
        return _is_name(name, own) and (_AT_OFFICE.fullmatch(office) is not None and not _is_business(office))
    found = _OFFICE.fullmatch(said)
    if found is None:
        return False
    office, post, name = found["office"].strip(), found["post"], found["name"].strip(" :：")
    if _is_business(office):
        return False
    if not name:
        is_named = any(_is_name(office[-length:], own) for length in (2, 3))  # 契約課の中村です: no village
        return is_named or (
            bool(office) and not _PLACE.fullmatch(office) and not (is_sentence and _ONE_UNIT.fullmatch(office))
        )
    if office and (_ROMAN_WORD.fullmatch(name) or _INITIALS.fullmatch(name)):
        return True
    is_behind = bool(office) or post.endswith((" ", ":", "："))
    return _is_name(name, own) or (is_behind and not is_sentence and _may_be_any_name(name))


_CHARACTERS = 60
_ONE_UNIT = LazyPattern(_UNIT)
_INITIALS = LazyPattern(r"[A-Z](?:[.・]? ?[A-Z])?[.]?")
_POST_ALONE = LazyPattern(_POST)
_POST_BEHIND = LazyPattern(rf" ?(?:{_POST})$")
_ROMAN_WORD = LazyPattern(rf"{_SYLLABLE}{{2,12}}", re.IGNORECASE)
_PLACE = LazyPattern(rf"[{_KANJI}ァ-ー]+[市町村県区] ?")
_AT_OFFICE = LazyPattern(rf"[{_KANJI}ァ-ー]{{2,16}}")
_ANY_NAME = LazyPattern(
    rf"(?:[{_KANJI}]{{1,4}} (?:{_GIVEN})|[{_KANJI}]{{2,5}}|[ァ-ー]{{2,6}} [ァ-ー]{{2,6}}){_READING}"
)
_FULL_NAME = LazyPattern(rf"[{_KANJI}]{{1,4}} (?:{_GIVEN}){_READING}|[{_KANJI}]{{2,5}} ?\([ぁ-んァ-ヶー ]{{2,12}}\)")


def may_be_about_a_case(text: str) -> bool:
    """Whether it has a word of the office's business, or one that sets apart: 他社, 別件."""
    return _SIGNS.search(text) is not None or _is_business(text)


def _is_business(text: str) -> bool:
    return _BUSINESS.search(text.replace("工事", "").replace("契約", "")) is not None


def may_be_a_name(text: str) -> bool:
    """Whether it has the form of a whole name or of a town's, and is surely no word about a case."""
    return any(one.fullmatch(text) for one in (_FULL_NAME, _PLACE)) and not may_be_about_a_case(text)


def _may_be_any_name(text: str) -> bool:
    is_one = len(text) == 1 and _KANJI_ONLY.fullmatch(text) is not None and text not in _ANSWERS
    return (_ANY_NAME.fullmatch(text) is not None or is_one) and not may_be_about_a_case(text)


_ANSWERS = frozenset("可了要印有良優秀是見欠空却止保返戻駄差済否不未無再誤違全他別")
"""Single signs that answer, so that they are no name."""


_BARE = LazyPattern(rf"(?P<family>[{_KANJI}ァ-ー]+)(?: (?P<given>{_GIVEN}))?{_READING}")


@lru_cache(maxsize=256)
def _is_name(text: str, own: frozenset[str]) -> bool:
    """Whether it is the name of a person by itself, also with his post behind it."""
    text = _POST_BEHIND.sub("", text)
    if _ROMAN.fullmatch(text) or fold(text).casefold() in own:
        return True
    found = _BARE.fullmatch(text)
    if found is None:
        return False
    family, given = fold(found["family"]), found["given"] or ""
    if _SIGNS.search(given) or _BUSINESS.search(given):
        return False
    return family in _surnames() or any(
        family[:length] in _surnames()
        and _GLUED.fullmatch(family[length:])
        and not may_be_about_a_case(family[length:])
        for length in (2, 3)
    )


# A given name written behind a surname without a blank: not what makes a place of it, as in 本田橋.
_GLUED = LazyPattern(
    rf"[{_KANJI}]{{0,2}}[^橋道線側区分号町村市県郡川社組会店部課係地帯庁所園校館場堤池沢山台線東西南北上下]"
)


def names_of(display_names: Iterable[str]) -> frozenset[str]:
    """The names that stand in a mail's own From, as `is_person` takes them: whole, and each part."""
    found: set[str] = set()
    for name in display_names:
        parts = [part for part in _PARTS.split(unicodedata.normalize("NFKC", name)) if part]
        found |= {fold(name).casefold(), *(fold(part).casefold() for part in parts)}
        found |= {fold(a + b).casefold() for a, b in pairwise(parts)}
        found |= {fold(part)[:length] for part in parts if _KANJI_ONLY.fullmatch(part) for length in (2, 3)}
    return frozenset(one for one in found if len(one) > 1 and not _SIGNS.search(one) and not _BUSINESS.search(one))


_PARTS = LazyPattern(r"[ ()<>「」、,.@_/・\"'-]+")
_KANJI_ONLY = LazyPattern(rf"[{_KANJI}]+")
