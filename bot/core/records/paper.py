"""The closed list of papers: each kind with its words and what a city does with it, and one paper of a mail.

`PAPERS` is the one table of the kinds. `PaperRules` says what this city does. Values only; nothing is raised but ValueError for a
rule that does not exist.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from bot.core.records.reasons import PaperReason


def is_file(paper: Paper) -> bool:
    """Whether a paper is something attached that is no ornament and no signature."""
    return paper.kind not in {PaperKind.SIGNATURE, PaperKind.KEY_IN_BODY} and paper.reason is not PaperReason.ORNAMENT


class PaperKind(StrEnum):
    """What a contractor may attach or write."""

    KEY_NOTICE = "key_notice"
    IMAGE_NOTICE = "image_notice"  # a key notice that was scanned, faxed or photographed
    KEY_IN_BODY = "key_in_body"
    CERTIFICATE = "certificate"
    VIEWING_SCREEN = "viewing_screen"  # D-Sure's, or another service's that shows the certificate
    NET_DESK_SCREEN = "net_desk_screen"  # the contractor's own system, which shows the key; e-Net's too
    COMPLETION_MAIL = "completion_mail"
    INSURER_ACCESS = "insurer_access"
    INSURER_SECURITY = "insurer_security"  # PDF発行証券, 履行保証保険証券, 公共工事履行保証証券
    BANK_GUARANTEE = "bank_guarantee"
    CLAIM = "claim"  # 前払金請求書
    WORKS_CONTRACT = "works_contract"  # 契約書
    SIGNATURE = "signature"  # smime.p7s, signature.asc: no paper for anybody
    ATTACHED_MAIL = "attached_mail"
    UNREADABLE = "unreadable"
    OTHER = "other"


class PaperRule(StrEnum):
    """What a city does with a kind of paper."""

    ACCEPT = "accept"  # taken as it is
    ASK = "ask"  # its sender is asked for what the city needs
    PERSON = "person"  # no letter about it; a person decides


@dataclass(frozen=True, slots=True)
class PaperEntry:
    """A kind's line in the table. `words`: what a clerk calls it; `rule`: the default, None where no city decides."""

    words: str
    rule: PaperRule | None = None


PAPERS: MappingProxyType[PaperKind, PaperEntry] = MappingProxyType(
    {
        PaperKind.KEY_NOTICE: PaperEntry("認証キーのお知らせ"),
        PaperKind.IMAGE_NOTICE: PaperEntry("認証キーのお知らせ（画像）", PaperRule.ASK),
        PaperKind.KEY_IN_BODY: PaperEntry("本文に記載された認証キー", PaperRule.PERSON),
        PaperKind.CERTIFICATE: PaperEntry("保証書", PaperRule.ASK),
        PaperKind.VIEWING_SCREEN: PaperEntry("保証確認サービスの画面", PaperRule.ASK),
        PaperKind.NET_DESK_SCREEN: PaperEntry("ネットデスクの画面", PaperRule.ASK),
        PaperKind.COMPLETION_MAIL: PaperEntry("発行完了のお知らせ", PaperRule.ASK),
        PaperKind.INSURER_ACCESS: PaperEntry("保険会社の閲覧用URL等", PaperRule.PERSON),
        PaperKind.INSURER_SECURITY: PaperEntry("保険会社の証券", PaperRule.PERSON),
        PaperKind.BANK_GUARANTEE: PaperEntry("銀行等の保証書", PaperRule.PERSON),
        PaperKind.CLAIM: PaperEntry("前払金請求書", PaperRule.ASK),
        PaperKind.WORKS_CONTRACT: PaperEntry("契約書", PaperRule.ACCEPT),
        PaperKind.SIGNATURE: PaperEntry("電子署名"),
        PaperKind.ATTACHED_MAIL: PaperEntry("添付されたメール"),
        PaperKind.UNREADABLE: PaperEntry("読み取れないファイル"),
        PaperKind.OTHER: PaperEntry("その他"),
    },
)
"""Every kind. The signs of each stand in core/issuers/*.toml under its value."""

KIND_WORDS: MappingProxyType[PaperKind, str] = MappingProxyType({kind: one.words for kind, one in PAPERS.items()})
"""What a clerk calls each kind."""


@dataclass(frozen=True, slots=True)
class PaperRules:
    """What the city has decided."""

    # in pairs, so that it can travel to the reading child; the rest is the default's
    decided: tuple[tuple[PaperKind, PaperRule], ...] = ()

    def of(self, kind: PaperKind) -> PaperRule:
        """The rule for a kind; PERSON for those that no city decides about."""
        return dict(self.decided).get(kind) or PAPERS[kind].rule or PaperRule.PERSON

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
