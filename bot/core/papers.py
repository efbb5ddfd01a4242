"""Which paper is this? Every attachment, and the mail's own text, is one of a closed list of kinds.

Called by core/decision.py for each document; the titles and labels that tell the kinds apart are data in this file.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.core.reasons import PaperReason


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


@dataclass(frozen=True, slots=True)
class Paper:
    """One paper of a mail. `name`: the cleaned file name, or the part's path when it has none."""

    name: str
    kind: PaperKind
    reason: PaperReason
