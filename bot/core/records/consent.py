"""What the database keeps of consent: events that are only ever added.

Written and read by storage; the rules that reckon with them are consent.py's. Values only; nothing is raised.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.core.text.closed_list import ClosedList


class Origin(ClosedList):
    """By what way a word came."""

    words: str

    REGISTER = "register", "台帳"
    MAIL = "mail", "本人のメール"
    DESK = "desk", "担当者の返信"
    COMMAND = "command", "担当者の操作"


@dataclass(frozen=True, slots=True)
class OptOutStatement:
    """A mail's wish to get no more of our notices, or to get them again, and the words in which it stands."""

    granted: bool
    wording: str


@dataclass(frozen=True, slots=True)
class ConsentStatement:
    """What somebody says: consent given or withdrawn."""

    address: str
    granted: bool
    wording: str  # in which words
    origin: Origin
    source: str  # where it stands: a mail, a file
    actor: str  # who said it
    guarantee_id: int | None = None  # None = everything to this address


@dataclass(frozen=True, slots=True)
class Consent:
    """A word as it is kept."""

    event_id: int  # later ones have a higher one
    at: datetime  # UTC
    word: ConsentStatement  # its address is in lower case
