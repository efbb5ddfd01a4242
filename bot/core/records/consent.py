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
