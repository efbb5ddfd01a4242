"""Why a city sends a notice back, as a closed list: each kind has a name that a clerk types and a letter of its own.

`kind_in` finds the kind at the beginning of a clerk's reason (「保証期限 3月31日まで必要です」); used by order_grammar.py, orders.py and the
command line. What the contractor reads stands in mail_templates/*/_refusals.j2, where the city may word it. Where it is not sure which
kind is meant, it is none: the clerk's own words go out as they are. Pure; nothing is raised.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType

from bot.core.records.reasons import Refusal
from bot.core.text.lazy_pattern import LazyPattern


@dataclass(frozen=True, slots=True)
class RefusalWords:
    """A kind for clerks. `means`: what it says, in one line; `others`: what else they may type for it.

    `differs`: a field, so that 工期 may go on with 相違, が違います and the like.
    """

    name: str
    means: str
    others: tuple[str, ...] = ()
    differs: bool = False


REFUSALS: MappingProxyType[Refusal, RefusalWords] = MappingProxyType(
    {
        Refusal.ANOTHER_ORDERER: RefusalWords(
            "別の発注者",
            "市の発注した工事ではない",
            ("別の市", "他市", "他の市", "ほかの市", "他の発注者", "ほかの発注者", "発注者違い", "別の自治体"),
        ),
        Refusal.ANOTHER_DESK: RefusalWords(
            "担当外",
            "この窓口の担当ではない",
            ("担当違い", "別の部署", "部署違い", "他の部署", "ほかの部署", "別の窓口"),
        ),
        Refusal.ANOTHER_WORKS: RefusalWords(
            "別の工事", "別の工事のお知らせと思われる", ("別工事", "他の工事", "ほかの工事", "工事違い", "別の案件")
        ),
        Refusal.NO_SUCH_WORKS: RefusalWords(
            "該当工事なし",
            "市の記録に該当の工事がない",
            ("該当する工事なし", "該当する工事がない", "該当案件なし", "該当の工事なし"),
        ),
        Refusal.NOT_ELIGIBLE: RefusalWords(
            "対象外",
            "電子保証を取り扱う工事ではない",
            ("電子保証対象外", "電子保証の対象外", "対象外の工事", "開始前の契約"),
        ),
        Refusal.NUMBER: RefusalWords("保証契約番号", "保証契約番号が市の記録と異なる", ("保証番号",), differs=True),
        Refusal.KEY: RefusalWords("認証キー", "認証キーが市の記録と異なる", differs=True),
        Refusal.NOT_VIEWABLE: RefusalWords(
            "閲覧不可",
            "D-Sureで保証を閲覧できない",
            ("閲覧できない", "D-Sureで閲覧できない", "D-Sureで閲覧不可"),
        ),
        Refusal.OTHER_KEY: RefusalWords(
            "別の認証キー",
            "同じ番号で別のキーを受け取っている",
            ("別のキー", "同じ番号に別のキー", "認証キーの重複", "キー重複"),
        ),
        Refusal.PROJECT_NAME: RefusalWords(
            "工事名", "工事名が契約と異なる", ("工事件名", "業務名", "委託名"), differs=True
        ),
        Refusal.CONTRACTOR: RefusalWords(
            "受注者名",
            "受注者名が契約と異なる",
            ("受注者相違", "受注者違い", "会社名", "商号", "契約者名"),
            differs=True,
        ),
        Refusal.JOINT_VENTURE: RefusalWords(
            "共同企業体",
            "企業体の名称か代表者が契約と異なる",
            ("JV", "JV名", "JV代表者", "企業体名", "共同企業体名", "共同企業体の名称", "共同企業体の代表者"),
            differs=True,
        ),
        Refusal.PRODUCT: RefusalWords(
            "保証区分", "契約保証と前払金保証などが異なる", ("保証の区分", "保証の種類", "保証種別"), differs=True
        ),
        Refusal.AMOUNT: RefusalWords("保証金額", "保証金額が必要な額と異なる", ("保証額",), differs=True),
        Refusal.AMOUNT_SHORT: RefusalWords(
            "保証金額不足",
            "保証金額が必要な額より少ない",
            (
                "保証金額の不足",
                "保証金額が不足",
                "保証金額が足りない",
                "保証額不足",
                "保証額が不足",
            ),
        ),
        Refusal.EXPIRES_EARLY: RefusalWords(
            "保証期限",
            "保証期限が工期の末日より前",
            ("保証期限不足", "保証期限が短い", "保証期限が工期より短い", "保証期間", "保証期間不足", "保証期間が短い"),
        ),
        Refusal.CONTRACT_AMOUNT: RefusalWords(
            "請負金額",
            "請負金額が契約と異なる（契約の変更だけなら、差戻しが不要なことがあります）",
            ("契約金額", "請負代金額", "請負代金"),
            differs=True,
        ),
        Refusal.WORKS_PERIOD: RefusalWords("工期", "工期が契約と異なる", ("履行期間", "委託期間"), differs=True),
        Refusal.CONTRACT_DATE: RefusalWords(
            "契約日", "請負契約日が契約と異なる", ("請負契約日", "契約年月日"), differs=True
        ),
        Refusal.AFTER_CONTRACT: RefusalWords(
            "契約日後の保証",
            "契約日より後に始まる保証",
            ("契約日より後の保証", "契約日より後", "契約後の保証"),
        ),
        Refusal.BEFORE_CHANGE: RefusalWords(
            "変更前",
            "契約変更の前の保証の内容",
            ("変更前の内容", "変更前の保証", "変更前の保証内容", "変更未反映", "変更保証未了"),
        ),
        Refusal.CANCELLED: RefusalWords(
            "保証の取消", "取り消された保証", ("保証取消", "保証取消し", "保証の取消し", "保証解約", "解約された保証")
        ),
        Refusal.EXPIRED: RefusalWords(
            "期限切れ", "保証期限を過ぎた保証", ("保証期限切れ", "期限切れの保証", "期限の過ぎた保証", "期限経過")
        ),
        Refusal.ON_PAPER: RefusalWords(
            "紙で提出済み",
            "紙の保証証書が出ている",
            (
                "紙で提出済",
                "紙の証書あり",
                "紙の証書提出済み",
                "紙の証書が提出済み",
                "紙の保証証書が提出済み",
                "紙証書あり",
            ),
        ),
        Refusal.SENT_TWICE: RefusalWords(
            "二重提出", "同じお知らせが受付済み", ("重複提出", "二重送付", "二重送信", "同じお知らせ")
        ),
        Refusal.NO_CLAIM: RefusalWords(
            "請求書なし",
            "前払金の請求書が出ていない",
            ("請求書がない", "請求書未提出", "請求書未着", "請求書が未提出", "前払金請求書なし"),
        ),
        Refusal.BEFORE_APPROVAL: RefusalWords(
            "認定前",
            "中間前払金の認定の前",
            ("認定前の中間前払金", "中間前払金の認定前", "中間前払金認定前", "認定未了"),
        ),
        Refusal.INSURER: RefusalWords(
            "保険会社の証券",
            "保険会社の証券は、ここでは受け付けていない",
            ("保険会社の保証", "保険証券", "損保の証券", "履行保証保険", "損害保険会社の証券"),
        ),
        Refusal.BANK: RefusalWords(
            "銀行の保証書",
            "銀行等の保証書は、電子保証ではない",
            ("銀行保証", "銀行の保証", "銀行等の保証書", "金融機関の保証書"),
        ),
        Refusal.BLURRED: RefusalWords(
            "不鮮明", "画像が不鮮明で読めない", ("画像不鮮明", "画像が不鮮明", "画像の不鮮明", "スキャン不鮮明")
        ),
        Refusal.UNREADABLE: RefusalWords(
            "読取不可",
            "文字化けやファイルの破損で読めない",
            (
                "読取り不可",
                "読み取り不可",
                "読み取れない",
                "文字化け",
                "ファイル破損",
                "PDF破損",
                "壊れたPDF",
            ),
        ),
        Refusal.SCREEN: RefusalWords(
            "画面の印刷",
            "お知らせではなく画面の写し",
            ("画面印刷", "画面の写し", "画面コピー", "画面のコピー", "スクリーンショット"),
        ),
        Refusal.CERTIFICATE: RefusalWords(
            "証書の写し",
            "お知らせではなく保証証書の写し",
            ("証書の印刷", "証書のPDF", "証書PDF", "保証証書の写し", "保証証書のPDF"),
        ),
        Refusal.COMPLETION_MAIL: RefusalWords(
            "完了メール",
            "お知らせではなく発行完了のメール",
            ("発行完了メール", "発行完了のメール", "完了メールの転送"),
        ),
        Refusal.WRONG_FILE: RefusalWords(
            "添付違い",
            "別の書類が添付されている",
            ("添付ファイル違い", "添付の取り違え", "添付取り違え", "書類違い", "別の書類"),
        ),
    }
)


@dataclass(frozen=True, slots=True)
class RefusalSaid:
    """A kind as a clerk wrote it: `typed`, his word for it, and `own`, what he added for the contractor ("" = nothing)."""

    kind: Refusal
    typed: str
    own: str


def kind_in(words: str) -> RefusalSaid | None:
    """The kind at the beginning of a reason; None where none stands there alone, or where more may be meant than that."""
    text = _without_brackets(words.strip())
    found = _KINDS.match(_in_place(text))
    if found is None:
        return None
    own = text[found.end() :].lstrip(_ENDS).rstrip()
    if _NAMES_ONE.match(_plain(own)) or _TAKES_IT_ON.search(_plain(own)):
        return None
    return RefusalSaid(_kind_of(found["name"]), text[: found.end()].strip(_ENDS), own)


def denies_kind(words: str) -> bool:
    """Whether a reason begins with the word that a kind is not meant: 工期 ではありません."""
    return bool(_DENIED.match(_plain(words)))


def kind_named(name: str) -> Refusal | None:
    """The kind with exactly this name, in any width, or with this value (`expires_early`)."""
    if name in set(Refusal):
        return Refusal(name)
    said = kind_in(name)
    return said.kind if said is not None and not said.own else None


def refusal_note(kind: Refusal | None, words: str) -> str:
    """A refusal in one line for lists and the journal: 【保証期限】保証期限 3月31日まで必要です."""
    return words if kind is None else f"【{REFUSALS[kind].name}】{words}"


def refusal_lines() -> Iterator[str]:
    """Every kind for a clerk: its name and what it says."""
    return (f"{words.name}：{words.means}" for words in REFUSALS.values())


# -- matching

_ENDS = " \u3000\n。．、，,:：・"


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _bare(text: str) -> str:
    return "".join(_plain(text).split()).lower()


def _in_place(text: str) -> str:
    """In half width, each character where it was, so that what was matched can be cut off."""
    return "".join(plain if len(plain := _plain(character)) == 1 else character for character in text)


_BRACKETED = LazyPattern(r"[「『【]([^「」『』【】]{1,20})[」』】]")


def _without_brackets(text: str) -> str:
    return _BRACKETED.sub(r"\1 ", text, count=1) if _BRACKETED.match(text) else text


def _spelled(name: str) -> str:
    """The name with blanks wherever a clerk may put them."""
    return r" ?".join(map(re.escape, name))


def _names() -> dict[str, tuple[str, Refusal, bool]]:
    """Each name by itself: as it is written, its kind, and whether it is a field that may differ."""
    return {
        _bare(name): (name, kind, words.differs)
        for kind, words in REFUSALS.items()
        for name in (words.name, *words.others)
    }


_BY_NAME: dict[str, Refusal] = {bare: kind for bare, (_, kind, _) in _names().items()}
# In short words only: a whole polite sentence is the clerk's own, and goes out as he wrote it.
_DIFFERS = r" ?(?:が|の)? ?(?:相違(?:あり)?|不一致|異なる|違う|違い|一致しない)"
_HOW_IT_DIFFERS = LazyPattern(f"{_DIFFERS}$", re.IGNORECASE)


def _kind_of(matched: str) -> Refusal:
    """A name as it was matched: 受注者相違 is one by itself, 工期相違 is 工期."""
    return _BY_NAME.get(_bare(matched)) or _BY_NAME[_bare(_HOW_IT_DIFFERS.sub("", matched))]


_CLOSES = r"(?: ?(?:のため|です|につき))?"
# What must follow: the end, or a mark that parts the kind from the clerk's own words. Not ・ and と: they add another.
_PARTS = r"(?=$|[\s\u3000。.:、,(])"


def _pattern(names: dict[str, tuple[str, Refusal, bool]]) -> str:
    ordered = sorted(names.values(), key=lambda one: -len(one[0]))
    return "|".join(
        f"{_spelled(_plain(name))}(?:{_DIFFERS})?" if differs else _spelled(_plain(name))
        for name, _, differs in ordered
    )


_KINDS = LazyPattern(rf"(?P<name>{_pattern(_names())}){_CLOSES}{_PARTS}", re.IGNORECASE)
# Another kind beside it: which of them, or both, is not for us to say.
_NAMES_ONE = LazyPattern(
    rf"(?:{_pattern(_names())})(?:$|[\s\u3000。.:、,・(]|と|も|及び|および|又は|または)", re.IGNORECASE
)
_DENIED = LazyPattern(rf"(?:{_pattern(_names())}) ?(?:では|じゃ|で)(?:ない|なく|ありませ)", re.IGNORECASE)
# Words by which the kind was no more than the beginning of a sentence, or is said to be in order.
_TAKES_IT_ON = LazyPattern(
    r"^(?:は|が|も|を|に|の|と|で|や|へ|か|まで|より|及び|および|並び|又は|または|以外|ほか|ではな|でな|じゃな)"
    r"|正しい(?:が|です|けど|けれど|の[でに]|$)|合って|一致して(?:い|お)り?ま|問題(?:は|が|も)?(?:あ?りません|ない|なし|無)|相違(?:は|が)?(?:ありません|ない|なし|無)|ではな[くい]|以外"
)
