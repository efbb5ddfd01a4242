"""What may stand beside an order and changes nothing: greetings, who writes, that something was looked at, that all is well.

Called by order_grammar.py for a line, a sentence or a clause in plain form. Each is matched to its end, in closed classes of words. A remark
alone orders nothing: 問題ありません and 確認しました are no 承認. Pure; linear; nothing is raised.
"""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache

from bot.core.clerk.answer.asides import Aside, aside
from bot.core.clerk.answer.order_words import AFTERWARDS, DSURE
from bot.core.clerk.answer.pleasantries import OPENING, is_pleasant
from bot.core.clerk.sentence.clause_sense import Sense
from bot.core.clerk.sentence.phrases import leads
from bot.core.clerk.sentence.sentences import sense_of
from bot.core.clerk.sentence.words import is_person_named
from bot.core.text.courtesies import is_contact, is_courtesy
from bot.core.text.lazy_pattern import LazyPattern
from bot.core.text.persons import is_person, may_be_about_a_case


class Remark(Enum):
    """What a clause says beside the order."""

    COURTESY = "courtesy"
    PERSON = "person"
    CONTACT = "contact"
    LOOKED = "looked"  # that something was looked at, or is decided: beside any order
    FAVOURABLE = "favourable"  # that all is well: beside 承認 and 確認済 alone
    AGREES = "agrees"  # the same, of the whole certificate: 確認済, where nothing else is ordered
    TOLD = "told"  # something in open words (statements.py): beside an order that is written out alone
    PRAISED = "praised"  # that all is well, in open words
    EXPLAINED = "explained"  # that what differs is of no account
    UNSURE = "unsure"  # a doubt, a plan or a wish (asides.py)
    OPEN = "open"  # anything else, in open words (asides.py): not beside 承認 and 確認済
    LEFT = "left"  # that a case waits for another answer


# -- what was looked at

_WHOLE = rf"(?:{DSURE}|(?:保証)?証券|証書|保証証書|電子証書|電子保証|保証(?:書|内容)?|画面|内容|記載(?:内容|事項)?|契約書(?:類)?|契約(?:内容)?|原契約|台帳|原本|こちら|本件|データ|(?:全て|すべて|全)(?:の)?項目|全て|すべて|全件)"
_PARTS = (
    r"(?:お知らせ|通知|pdf|添付(?:ファイル|書類|資料|の)?|ファイル|書類|資料|現物|写し|画像|工事名|工事番号|件名|番号|保証契約番号|受注者名?|業者名?|会社名|請負者|金額|保証金額|請負金額|契約金額"
    r"|保証期限|保証期間|期間|工期|保証区分|契約日|契約者名?|項目|認証キー|キー|メール|中身|当課|当方|当係|当室|電話|窓口|口頭|書類一式|一式|工事|案件|担当|伺い?|[1-9][0-9]?件(?:とも)?|[一-龥]{1,8}(?:課|係|室))"
)
_PARTICLE = r"(?:との間で|とも|とは|との|では|には|にて|から|は|が|も|を|に|で|と|の|及び|および|や|、|,|・| )"
_ADVERB = r"(?:今回は?|(?:訂正|修正|変更|差し?替え|再提出)後の|特に|とくに|全く|何も|一切|先ほど|本日|昨日|今朝|既に|すでに|改めて|再度|念のため|いずれも|問題なく|きちんと|同様に|別段|併せて|特段|さきほど|今|いま|ただいま|只今|一通り|ひととおり|番号で|キーで|画面上で)[、 ]?"
_OF_WHOLE = rf"(?:(?:{_ADVERB}|契約書?(?:の)?(?:どおり|通り)で[、 ]?|{_WHOLE}(?:{_PARTICLE}){{0,2}}(?:写し|内容|記載(?:内容)?|画面)?(?:{_PARTICLE}){{0,2}}))"
_OF_ANY = rf"(?:(?:{_ADVERB}|(?:{_WHOLE}|{_PARTS})(?:{_PARTICLE}){{0,2}}))"
_DID = r"(?:(?:し|いたし|致し)ました|(?:し|いたし|致し)た|でき(?:ました|た)|(?:して|いたして|致して)(?:い|お)り?ます|済み?(?:です)?)"
_LOOK = r"ご?(?:確認|照合|閲覧|突合|検索|拝見|照会|参照|チェック|精査|比較|点検)"
_LOOKED = rf"{_LOOK}(?:を)?{_DID}|確認(?:は|が|も)?(?:ok(?:です)?|完了(?:です|(?:し|いたし)ました))|調べ(?:ました|た)|{_LOOK}(?:が|は)?済みました|契約(?:は)?締結(?:済み?(?:です)?|(?:し|いたし)ました)|見(?:ました|た)|突き合わせ(?:ました|た|済み?)|見比べ(?:ました|た)|確かめ(?:ました|た)"
_BOSS = r"(?:(?:課長|係長|上司|部長|次長|室長|局長|所長|主任|主査|補佐|課長補佐|担当課?|原課|事業課|工事担当課?|所管課|監督員|所属長|検査員)(?:と|及び|・|、)?){1,3}"
_AGREED = r"(?:了承|了解|承諾|確認|決裁|許可|ok|同意|合意|内諾|承認)"
_GOT = r"(?:済み?(?:です|となりました|となって(?:い|お)ります)?|(?:を|も|が)?(?:得ました|得た|得ています|得ております|もらいました|もらった|(?:いただ|頂)きました|(?:いただ|頂)いた|(?:いただ|頂)いています|(?:いただ|頂)いております|取れました|取れた|取りました|下りました|おりました|出ました|受けました)|(?:し|いたし)ました)"
_DECIDED = rf"{_BOSS}(?:も)?ok(?:です)?|起案・?決裁済み?(?:です)?|{_BOSS}(?:に(?:確認|報告|相談|説明)(?:し|いたし)(?:て)?[、 ]?)?(?:の|に|へ|から|より|も|まで|にも)? ?{_AGREED}{_GOT}|決裁(?:は|が|を)?(?:済み?(?:です)?|(?:下り|おり|完了し|終わり|取り)ました)"
_NOTHING = r"(?:特に|特段|全く|一切|何も)? ?(?:ありません(?:でした)?|ございません(?:でした)?|ないです|なかったです|ない|なかった|なし(?:です|でした)?|無し(?:です|でした)?|無い(?:です)?|見当たりません(?:でした)?|見つかりません(?:でした)?)"
_FAULT = r"(?:問題|支障|差し支え|不備|不足|相違|違い|誤り|間違い|異常|齟齬|不一致|矛盾)(?:点|箇所|等)?[:]? ?(?:は|も|が|等も)?"
_NO_FAULT = r"(?:相違|違い|齟齬|不一致|誤り|間違い|異なる)(?:点|箇所|ところ)?[:]? ?(?:は|も|が)?"
_IS_SAME = r"(?:一致|合致|符合|整合)(?:して(?:い|お)り?(?:ます|ました)|して(?:い|お)る|していた|しています|していました|しました|した|です)?|[合あ]って(?:い|お)?り?ま(?:す|した)|合っている"
_WELL = rf"{_FAULT}{_NOTHING}|{_IS_SAME}|(?:問題|不備)(?:が|の)?(?:ない|無い)ことを?(?:確認|照合)(?:し|いたし|致し|でき)ました|(?:正しい|ok|大丈夫|適正|適切|妥当|良好|同じ|同一)(?:です|でした)|契約書?(?:の)?(?:記載)?(?:の)?(?:とおり|通り)(?:です|でした)|揃って(?:い|お)り?ます|(?:通して|進めて|受け付けて)(?:ください|下さい|(?:いただ|頂)いて結構です)|認めます|(?:確認|照合)が?(?:取|と)れ(?:ました|ています|ております)"
_AGREES = (
    rf"{_NO_FAULT}{_NOTHING}|{_IS_SAME}|(?:(?:一致|合致)(?:して(?:いる|いた)こと)?|(?:相違|違い)(?:が|の)?(?:ない|無い)こと)を?(?:確認|照合)(?:し|いたし|致し|でき)ました"
    r"|(?:一致|合致)確認済み?(?:です)?"
)

_LOOKED_CLAUSE = rf"(?:{_OF_ANY}){{0,8}}(?:{_LOOKED}|{_DECIDED}|{_LOOK}の結果|(?:審査|検討|協議)の結果)"
_WELL_CLAUSE = rf"(?:{_OF_ANY}){{0,8}}(?:{_WELL})"
_AGREES_CLAUSE = rf"(?:{_OF_WHOLE}){{0,6}}(?:{_AGREES})"
_SO = r"(?:ところ|結果)?(?:ですので|ですから|なので|ので|のため|ため|から|ことから|により|につき)[、,]? ?"
_THEN = r"(?:(?:ところ|結果)?(?:[、,。] ?| |$)|ところ)"

_ALONE = (
    (LazyPattern(rf"{_LOOKED_CLAUSE}{AFTERWARDS}", re.IGNORECASE), Remark.LOOKED),
    (
        LazyPattern(rf"(?:{_LOOKED_CLAUSE}(?:ところ|結果)?[、, ]*)?{_AGREES_CLAUSE}{AFTERWARDS}", re.IGNORECASE),
        Remark.AGREES,
    ),
    (
        LazyPattern(rf"(?:{_LOOKED_CLAUSE}(?:ところ|結果)?[、, ]*)?{_WELL_CLAUSE}{AFTERWARDS}", re.IGNORECASE),
        Remark.FAVOURABLE,
    ),
)
_BEFORE = (
    (LazyPattern(rf"{_LOOKED_CLAUSE}(?:{_SO}|{_THEN})", re.IGNORECASE), Remark.LOOKED),
    (LazyPattern(rf"{_WELL_CLAUSE}(?:{_SO}|{_THEN}|おり、)", re.IGNORECASE), Remark.FAVOURABLE),
)
_LOOKING = LazyPattern(
    rf"(?:{_OF_ANY}){{0,8}}(?:{_LOOK}(?:し|いたし|致し|でき)[、 ]?|突き合わせ、|見て、)", re.IGNORECASE
)
"""確認し、: what follows must say what was found."""

_IS_PENDING = LazyPattern(r"照会して(?:い|お)り?ます$")
_LEDGER_IS_RIGHT = LazyPattern(r"台帳(?:側|の方|のほう)?[がは]正し")
"""That speaks against the notice."""
_ADDRESSED = LazyPattern(r"(?P<whom>.{1,20}?)(?:さん|様|殿)")


@lru_cache(maxsize=256)  # a clause is tried alone, in its sentence and in its line
def remark(text: str, own: frozenset[str] = frozenset()) -> Remark | None:
    """What a whole clause says, if it is a remark. `own`: the writer's names (persons.py)."""
    for pattern, kind in _ALONE:
        if pattern.fullmatch(text) and not _LEDGER_IS_RIGHT.search(text) and not _IS_PENDING.search(text):
            return kind
    bare = text.strip("-=*~■◆● ")
    if is_pleasant(bare):
        return Remark.COURTESY
    if (addressed := _ADDRESSED.fullmatch(text)) is not None and is_person(addressed["whom"], own):
        return None  # what a colleague is asked to do is no order of ours
    if is_courtesy(bare):
        return Remark.COURTESY
    if is_contact(text):
        return Remark.CONTACT
    named = _AS_WHOM.fullmatch(text)
    if is_person_named(text) and not may_be_about_a_case(text.removesuffix("です")) and _NAME_ENDS.search(text):
        return Remark.PERSON
    is_so = named is not None and is_person(f"{named['name']}です", own) and not may_be_about_a_case(named["as"])
    return Remark.PERSON if is_so or is_person(text, own) else None


_NAME_ENDS = LazyPattern(r"(?:です|でございます|と申します|[課係室局部所] ?[一-龥々ヶ]{2,4}|[)） ][一-龥々ヶ]{2,4})$")
_AS_WHOM = LazyPattern(
    r"(?P<as>(?:[^。、0-9]{0,16}?(?:の|ました|た|、))?)(?P<name>[一-龥々ヶ]{1,4}?)(?:です|でございます|と申します|の代理です)"
)
"""前任から引き継ぎました田中です."""


def open_remark(text: str) -> Remark | None:
    """The same in open words (statements.py): for a clause that is nothing else."""
    return _KIND_OF_SENSE.get(sense_of(text))


_KIND_OF_SENSE = {
    Sense.WELL: Remark.PRAISED,
    Sense.OURS: Remark.PRAISED,
    Sense.SMALL: Remark.EXPLAINED,
    Sense.TOLD: Remark.TOLD,
}
_KIND_OF_ASIDE = {Aside.UNSURE: Remark.UNSURE, Aside.OPEN: Remark.OPEN}


def aside_in(sentence: str) -> Remark | None:
    """What a whole sentence that is nothing else says (asides.py)."""
    if (told := open_remark(sentence)) is not None:
        return told
    said = aside(sentence)
    return _KIND_OF_ASIDE[said] if said is not None else None


def clause_aside(told: str) -> Remark | None:
    """What stands before an order in its sentence, if it changes nothing."""
    if is_pleasant(told):
        return Remark.COURTESY
    if (sense := _KIND_OF_SENSE.get(sense_of(told, leads=True))) is not None and leads(told):
        return sense
    is_plan = told.endswith("てから")
    said = aside(told.strip("、。 ")) if leads(told) and not is_plan else None
    return _KIND_OF_ASIDE[said] if said is not None else None


def is_praise(text: str) -> bool:
    """Whether it says that all is well, so that it is no reason against."""
    return remark(text) in {Remark.AGREES, Remark.FAVOURABLE} or (sense_of(text) is Sense.WELL and "同" not in text)


def remark_before(text: str) -> tuple[Remark, int] | None:
    """The remark that a clause begins with, and where the rest begins."""
    for pattern, kind in ((_LOOKING, Remark.LOOKED), *_BEFORE, (OPENING, Remark.COURTESY)):
        if (
            (found := pattern.match(text))
            and found.end()
            and not (pattern is OPENING and _GOES_ON.match(text[found.end() :]))
            and not _LEDGER_IS_RIGHT.search(found[0])
            and (pattern is not _LOOKING or _tells(text[found.end() :]))
        ):
            return kind, found.end()
    return None


_GOES_ON = LazyPattern(r"(?:から|に|へ|で|の|が|と)[^すし]")
"""こちらから返信しました begins with no heading."""


def _tells(rest: str) -> bool:
    """Whether something is said of what was looked at: 確認し、承認します may be a plan."""
    return _BEFORE[1][0].match(rest) is not None or any(pattern.fullmatch(rest) for pattern, _ in _ALONE[1:])
