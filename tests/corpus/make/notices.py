"""What stands on the test papers: invented notices, and the fixed wording around them (as on the issuers' papers)."""

from __future__ import annotations

import random
import unicodedata
from dataclasses import dataclass

# Letters that look like each other in most fonts: what a key is made of when it wants to be misread.
CONFUSABLES = "0O1lI5S2Z8BuvU"
OTHERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
KEY_LETTERS = 12

PRODUCTS = {"前払金保証": "advance_payment", "中間前払金保証": "interim_payment", "契約保証": "contract"}

PROJECTS = (
    "市道０１０５号線舗装補修工事",
    "市立稲穂小学校屋内運動場長寿命化改修工事",
    "（仮称）桑畑地区土地区画整理事業造成工事（第２工区）",
    "令和８年度公共下水道枝線管渠布設工事（その３）",
    "若葉ポンプ場機械設備更新工事",
    "東口Ａ街区歩行者デッキ築造工事",
    "水辺消防署庁舎空調設備改修工事",
    "白鷺川堤防天端舗装工事",
    "橋梁補修設計業務委託（髙井橋ほか）",
    "市営住宅外壁改修ⅡＡ期工事",
)
CONTRACTORS = (
    "青葉台建設株式会社",
    "髙梨土木株式会社",
    "株式会社つばめ電設",
    "有限会社ひばり工務店",
    "あけぼの道路(株)",
    "ABC設備工業株式会社",
    "（株）みのり造園",
    "株式会社 野ばら組",
)
TWO_LINES = "令和８年度社会資本整備総合交付金事業市道１０２３号線（桜ケ丘工区）道路改良及び排水施設設置工事"
THREE_LINES = (
    "令和７年度繰越防災・安全交付金事業市道２０４号線（水辺橋）橋梁耐震補強並びに橋面舗装打換え及び"
    "高欄取替えその他これに伴う仮設道路設置撤去工事（第３回変更分・債務負担行為に係る部分を含む。）"
)
JV = "青葉台・髙梨特定建設工事共同企業体　代表者　青葉台建設株式会社"
SPECIAL_PROJECT = "（仮称）中央①街区市営住宅Ⅱ期新築工事"
SPECIAL_CONTRACTOR = "㈱髙﨑濵組"

EAST_TITLE = "電子保証にかかる「認証キー」のお知らせ"
WEST_TITLE = "電子証書閲覧用「認証キー」等のお知らせ"
HOKKAIDO_TITLE = "電子証書にかかる「認証キー」のお知らせ"
LABELS = ("工事名", "受注者名", "商品（保証区分）", "保証契約番号", "認証キー")
EAST, WEST, HOKKAIDO = "東日本建設業保証株式会社", "西日本建設業保証株式会社", "北海道建設業信用保証株式会社"

INTRODUCTION = (
    "　電子保証を「保証確認サービス（D-Sure）」に掲載しましたので、お知らせします。",
    "つきましては、お客様にて下記内容をご確認いただき、次のいずれかの方法でこのPDFファイルを",
    "発注者様にご提出ください。",
    "①電子契約システムへのアップロード",
    "又は",
    "②電子メールに添付して送信",
    "　電子保証のご利用にあたっては、発注者様への「保証契約番号」と「認証キー」のご提出をもって、",
    "前払金請求手続（前払金保証）、又は請負契約締結手続（契約保証）が完了いたします。",
    "ご不明な点がございましたら、当社の営業部・支店までお問い合わせください。",
)
CLOSING = (
    "【発注者様へのお断り】",
    "「保証確認サービス（D-Sure）」にログインし、上記の「保証契約番号」と「認証キー」をもって",
    "電子保証を閲覧ください。",
)
JV_NOTE = "（ＪＶの場合は代表者）"


@dataclass(frozen=True, slots=True)
class Notice:
    """The five values of a notice as they are printed."""

    project_name: str
    contractor: str
    product: str
    number: str
    auth_key: str

    def expected(self) -> dict[str, str]:
        """Give the values as they must be read."""
        return {
            "project_name": self.project_name,
            "contractor": self.contractor,
            "product": PRODUCTS[self.product],
            "number": unicodedata.normalize("NFKC", self.number),
            "auth_key": unicodedata.normalize("NFKC", self.auth_key),
        }

    def full_width(self) -> Notice:
        """Print number and key with full-width letters."""
        return Notice(self.project_name, self.contractor, self.product, _wide(self.number), _wide(self.auth_key))


@dataclass(frozen=True, slots=True)
class Sheet:
    """A notice's paper: wording and layout.

    `layout`: lines, table, gap, below, hanging, margin, labels_first or values_first. `colon`: what ends a label.
    `spacing`: how labels are stretched: "" or blanks ("　", " "). `jv_note`: none, inline or below.
    """

    notices: tuple[Notice, ...]
    layout: str = "lines"
    colon: str = "："
    spacing: str = ""
    jv_note: str = "below"
    title: str = EAST_TITLE
    company: str = EAST
    font: str = "IPAexMincho"
    css: str = ""
    page_each: bool = False

    def fields(self, notice: Notice) -> list[tuple[str, str, str]]:
        """Give label, note beside the label, and value, in the order of the paper."""
        return [
            (self._label("工事名"), "", notice.project_name),
            (self._label("受注者名"), "" if self.jv_note == "none" else JV_NOTE, notice.contractor),
            ("商品（保証区分）", "", notice.product),
            (self._label("保証契約番号"), "", notice.number),
            (self._label("認証キー"), "", notice.auth_key),
        ]

    def _label(self, label: str) -> str:
        return self.spacing.join(label)


class Mint:
    """Makes notices that differ from each other, the same ones in every run."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._made = 0

    def __call__(self, project_name: str = "", contractor: str = "", product: str = "") -> Notice:
        """Make a notice; what is not given is drawn from the invented names in turn."""
        turn, self._made = self._made, self._made + 1
        letters = self._random.choices(CONFUSABLES, k=7) + self._random.choices(OTHERS, k=KEY_LETTERS - 7)
        self._random.shuffle(letters)
        number = f"{self._random.randrange(100_000):05}-{self._random.randrange(1_000_000):06}"
        return Notice(
            project_name or PROJECTS[turn % len(PROJECTS)],
            contractor or CONTRACTORS[turn % len(CONTRACTORS)],
            product or tuple(PRODUCTS)[turn % len(PRODUCTS)],
            number,
            "".join(letters),
        )


def _wide(text: str) -> str:
    return "".join(chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter for letter in text)
