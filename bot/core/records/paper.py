"""The closed list of papers: each kind with its words and what a city does with it, and one paper of a mail.

`PaperRules` says what this city does. Values only; nothing is raised but ValueError for a
rule that does not exist.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bot.core.records.reasons import PaperReason
from bot.core.text.closed_list import ClosedList


def is_file(paper: Paper) -> bool:
    """Whether a paper is something attached that is no ornament and no signature."""
    return (
        paper.kind not in {PaperKind.SIGNATURE, PaperKind.KEY_IN_BODY, PaperKind.TRANSFER_LINK}
        and paper.reason is not PaperReason.ORNAMENT
    )


class KeptBack(ClosedList):
    """Why a paper that came with a mail is not sent to the clerk who asks for it."""

    words: str  # with its size and the limit

    TOO_LARGE = "too_large", "大きすぎます（{size}。上限は合計{limit}）"
    OTHER_DESK = "other_desk", "ほかの担当のお知らせです"
    UNSURE = "unsure", "同じ名前の書類に、ほかの担当のお知らせがあります"
    NO_PAPER = "no_paper", "PDFでも画像でもないため、送りません"
    LOCKED = "locked", "パスワードのかかった圧縮ファイルのため、取り出せません"
    UNOPENED = "unopened", "圧縮ファイルの中を取り出せません"
    TOO_MANY = "too_many", "ファイルの数が多すぎます"


@dataclass(frozen=True, slots=True)
class HandedPaper:
    """A file that came with a mail, for a clerk who asks for it. `name`: as its Paper has it; `kept_back`: None = it goes along.

    `is_locked`: it goes along as it came, and opens with its sender's password only.
    """

    name: str
    media_type: str
    size_bytes: int
    kept_back: KeptBack | None = None
    is_locked: bool = False

    @property
    def needs_password(self) -> bool:
        """Whether nobody can read it without its sender's password."""
        return self.is_locked or self.kept_back is KeptBack.LOCKED


class PaperRule(StrEnum):
    """What a city does with a kind of paper."""

    ACCEPT = "accept"  # taken as it is
    ASK = "ask"  # its sender is asked for what the city needs
    PERSON = "person"  # no letter about it; a person decides


class PaperKind(ClosedList):
    """What a contractor may attach or write. The signs of each stand in core/issuers/*.toml under its value."""

    words: str  # what a clerk calls it
    rule: PaperRule | None  # what is done where the city decides nothing; None where no city decides

    KEY_NOTICE = "key_notice", "認証キーのお知らせ", None
    IMAGE_NOTICE = (
        "image_notice",
        "認証キーのお知らせ（画像）",
        PaperRule.ASK,
    )  # a key notice that was scanned, faxed or photographed
    KEY_IN_BODY = "key_in_body", "本文に記載された認証キー", PaperRule.PERSON
    CERTIFICATE = "certificate", "保証書", PaperRule.ASK
    VIEWING_SCREEN = (
        "viewing_screen",
        "保証確認サービスの画面",
        PaperRule.ASK,
    )  # D-Sure's, or another service's that shows the certificate
    NET_DESK_SCREEN = (
        "net_desk_screen",
        "ネットデスクの画面",
        PaperRule.ASK,
    )  # the contractor's own system, which shows the key; e-Net's too
    COMPLETION_MAIL = "completion_mail", "発行完了のお知らせ", PaperRule.ASK
    INSURER_ACCESS = "insurer_access", "保険会社の閲覧用URL等", PaperRule.PERSON
    INSURER_SECURITY = (
        "insurer_security",
        "保険会社の証券",
        PaperRule.PERSON,
    )  # PDF発行証券, 履行保証保険証券, 公共工事履行保証証券
    BANK_GUARANTEE = "bank_guarantee", "銀行等の保証書", PaperRule.PERSON
    CLAIM = "claim", "前払金請求書", PaperRule.ASK  # 前払金請求書
    WORKS_CONTRACT = "works_contract", "契約書", PaperRule.ACCEPT  # 契約書
    TRANSFER_LINK = "transfer_link", "ファイル転送サービス等のリンク", None  # nobody opens it
    SIGNATURE = "signature", "電子署名", None  # smime.p7s, signature.asc: no paper for anybody
    ATTACHED_MAIL = "attached_mail", "添付されたメール", None
    UNREADABLE = "unreadable", "読み取れないファイル", None
    OTHER = "other", "その他", None


@dataclass(frozen=True, slots=True)
class PaperRules:
    """What the city has decided."""

    # in pairs, so that it can travel to the reading child; the rest is the default's
    decided: tuple[tuple[PaperKind, PaperRule], ...] = ()

    def of(self, kind: PaperKind) -> PaperRule:
        """The rule for a kind; PERSON for those that no city decides about."""
        return dict(self.decided).get(kind) or kind.rule or PaperRule.PERSON

    @classmethod
    def deciding(cls, rules: Mapping[str, str]) -> PaperRules:
        """From the config's [papers]: a kind's value → its rule's. Raises ValueError for what is neither."""
        return cls(tuple((PaperKind(kind), PaperRule(rule)) for kind, rule in rules.items()))


@dataclass(frozen=True, slots=True)
class Paper:
    """One paper of a mail."""

    name: str  # the cleaned file name, or the part's path when it has none
    kind: PaperKind
    reason: PaperReason
    issuer: str = ""  # its name; "" = unknown
