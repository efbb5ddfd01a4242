"""What deadlines are decided from, and what is due: values between the store, due.py and reminders.py.

Nothing is raised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

from bot.core.deadlines.claims import SeenMail, SeenNotice
from bot.core.deadlines.rules import DeadlineKind
from bot.core.records.guarantee import Guarantee
from bot.core.records.incoming_mail import MailState
from bot.core.records.submission import SubmissionState


@dataclass(frozen=True, slots=True)
class DeadlineFacts:
    """What the store knows of all that may be due. `wanting`: guarantees whose contractor wants mails from us, and may have them.

    `done`: pairs (kind, about) that a clerk has said are dealt with. `rows`: by their id, those that notices were taken for.
    """

    guarantees: tuple[Guarantee, ...]
    notices: tuple[SeenNotice, ...]
    mails: tuple[SeenMail, ...]
    rows: Mapping[int, Guarantee] = field(default_factory=lambda: MappingProxyType({}))
    wanting: frozenset[int] = frozenset()
    done: frozenset[tuple[DeadlineKind, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class DueItem:
    """One thing that is due. `about`: the row, as the journal names it: guarantee/12/0 (with its revision), submission/…, mail/57.

    `since`: what started the clock; `due_on`: the first day on which it is told; `deadline`: the day that matters to people. `level`
    rises when it gets worse. `name` and `what`: as a clerk calls it; `note`: the dates, and what it rests on, in words.
    `receipt_number`, `mail_id`: the case that an answer can decide, "" and 0 = none, in this `state`; `is_acceptable`: the register has its
    number. `desks`: their names.
    """

    kind: DeadlineKind
    about: str
    desks: tuple[str, ...]
    since: date
    due_on: date
    deadline: date
    name: str
    what: str
    note: str
    level: int = 1
    receipt_number: str = ""
    mail_id: int = 0
    state: SubmissionState | MailState | None = None
    is_acceptable: bool = False
    guarantee: Guarantee | None = None


DEPUTY, HEAD = 1, 2
"""The levels of HELD_TOO_LONG: whose business it is."""
