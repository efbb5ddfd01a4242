"""What the database keeps of consent: events that are only ever added.

Written and read by storage; the rules that reckon with them are consent.py's. Values only; nothing is raised.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType


class Origin(StrEnum):
    """By what way a word came."""

    REGISTER = "register"
    MAIL = "mail"
    DESK = "desk"
    COMMAND = "command"


ORIGIN_NAMES: MappingProxyType[Origin, str] = MappingProxyType(
    {
        Origin.REGISTER: "台帳",
        Origin.MAIL: "本人のメール",
        Origin.DESK: "担当者の返信",
        Origin.COMMAND: "担当者の操作",
    }
)


@dataclass(frozen=True, slots=True)
class ConsentStatement:
    """What somebody says: consent given or withdrawn, in which words. `guarantee_id` None = everything to this address."""

    address: str
    granted: bool
    wording: str
    origin: Origin
    source: str
    actor: str
    guarantee_id: int | None = None


@dataclass(frozen=True, slots=True)
class Consent:
    """A word as it is kept. `at` UTC; its address is in lower case. Later ones have a higher `event_id`."""

    event_id: int
    at: datetime
    word: ConsentStatement
