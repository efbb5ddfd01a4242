"""Which paper is this? Every attachment, and the mail's own text, is one of a closed list of kinds.

Called by core/decision.py for each document; the titles and labels that tell the kinds apart are data in this file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from bot.core.document import Trouble
from bot.core.reasons import PaperReason
from bot.core.text import fold


class PaperKind(StrEnum):
    """What a contractor may attach or write."""

    KEY_NOTICE = "key_notice"
    KEY_IN_BODY = "key_in_body"
    CERTIFICATE = "certificate"
    NET_DESK_SCREEN = "net_desk_screen"
    COMPLETION_MAIL = "completion_mail"
    INSURER_ACCESS = "insurer_access"
    CLAIM = "claim"  # 前払金請求書
    WORKS_CONTRACT = "works_contract"  # 契約書
    ATTACHED_MAIL = "attached_mail"
    UNREADABLE = "unreadable"
    OTHER = "other"


KIND_WORDS: MappingProxyType[PaperKind, str] = MappingProxyType(
    {
        PaperKind.KEY_NOTICE: "認証キーのお知らせ",
        PaperKind.KEY_IN_BODY: "本文に記載された認証キー",
        PaperKind.CERTIFICATE: "保証書",
        PaperKind.NET_DESK_SCREEN: "ネットデスクの画面",
        PaperKind.COMPLETION_MAIL: "発行完了のお知らせ",
        PaperKind.INSURER_ACCESS: "保険会社の閲覧用URL等",
        PaperKind.CLAIM: "前払金請求書",
        PaperKind.WORKS_CONTRACT: "契約書",
        PaperKind.ATTACHED_MAIL: "添付されたメール",
        PaperKind.UNREADABLE: "読み取れないファイル",
        PaperKind.OTHER: "その他",
    },
)
"""What a clerk calls each kind."""


@dataclass(frozen=True, slots=True)
class Paper:
    """One paper of a mail. `name`: the cleaned file name, or the part's path when it has none."""

    name: str
    kind: PaperKind
    reason: PaperReason


# What tells the kinds apart, in the order in which it is asked; on folded text without blanks. The titles that cities and
# sureties use are in domain.md §2; a screen of Net Desk repeats the notice's labels, so it is asked first.
_SIGNS: tuple[tuple[PaperKind, re.Pattern[str]], ...] = (
    (PaperKind.NET_DESK_SCREEN, re.compile(r"電子保証概要|電子保証履歴一覧|保証契約一覧.{0,200}電子保証\(認証キ")),
    (PaperKind.INSURER_ACCESS, re.compile(r"保証証券等確認システム|閲覧用(?:URL|パスワード)|PDF発行証券")),
    (
        PaperKind.COMPLETION_MAIL,
        re.compile(r"(?:電子保証|認証キ[ー一―‐-]).{0,20}発行完了のお知らせ|発行(?:手続き?)?が完了"),
    ),
    (PaperKind.CLAIM, re.compile(r"(?:前払金|中間前払金|前金払).{0,10}(?:請求書|申請書)|^請求書|請求金額")),
    (
        PaperKind.CERTIFICATE,
        re.compile(
            r"^.{0,60}保証(?:証)?書|保証期限.{0,400}保証金額|保証金額.{0,400}保証期限|電子証[書券](?!に(?:かか|係)る|(?:等の?)?閲覧)"
        ),
    ),
    (PaperKind.WORKS_CONTRACT, re.compile(r"(?:工事請負|業務委託)契約書|請負契約約款")),
)
_SUBJECT_SIGN = re.compile(r"認証キ[ー一―‐-]|電子保証|電子証[書券]|保証契約番号|D-?Sure", re.IGNORECASE)
_START = 4000  # a paper says what it is on its first page


def kind_of_text(text: str) -> tuple[PaperKind, PaperReason]:
    """Which paper a readable text is, when it holds no key notice."""
    folded = fold(text)[:_START]
    for kind, sign in _SIGNS:
        if sign.search(folded):
            return kind, PaperReason.TEXT_OF_PAPER
    return PaperKind.OTHER, PaperReason.NO_SIGN


def is_screen(text: str) -> bool:
    """Whether the text is a print of Net Desk's page, which shows the key too (leaflet, 保証契約一覧)."""
    return _SIGNS[0][1].search(fold(text)[:_START]) is not None


def speaks_of_keys(*texts: str) -> bool:
    """Whether a subject, body or file name says that a key notice is meant to be there."""
    return any(_SUBJECT_SIGN.search(fold(text)) for text in texts)


_TROUBLES: MappingProxyType[Trouble, tuple[PaperKind, PaperReason]] = MappingProxyType(
    {
        Trouble.ENCRYPTED: (PaperKind.UNREADABLE, PaperReason.ENCRYPTED),
        Trouble.DAMAGED: (PaperKind.UNREADABLE, PaperReason.DAMAGED),
        Trouble.TOO_LARGE: (PaperKind.UNREADABLE, PaperReason.TOO_LARGE),
        Trouble.NO_TEXT: (PaperKind.UNREADABLE, PaperReason.NO_TEXT),
        Trouble.GARBLED: (PaperKind.UNREADABLE, PaperReason.GARBLED),
        Trouble.LIMITS: (PaperKind.UNREADABLE, PaperReason.LIMITS),
        Trouble.UNKNOWN_FORMAT: (PaperKind.OTHER, PaperReason.UNKNOWN_FORMAT),
        Trouble.ARCHIVE: (PaperKind.UNREADABLE, PaperReason.ARCHIVE),
        Trouble.ATTACHED_MAIL: (PaperKind.ATTACHED_MAIL, PaperReason.ATTACHED_MAIL),
    },
)


def kind_of_trouble(trouble: Trouble) -> tuple[PaperKind, PaperReason]:
    """What a document that could not be opened is called."""
    return _TROUBLES[trouble]
