"""All typed contexts of letters together: exactly what each template in mail_templates/ja may use.

Those to contractors stand in to_contractors.py, those to desks in to_desks.py and lists.py, the operator's here. Worded by the
templates, made into mails by bot/outbound/compose.py. A test holds every template's variables equal to its dataclass's fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import ClassVar, get_args

from bot.core.letters.lists import DisposalNote, ListLetter
from bot.core.letters.to_contractors import ToContractor
from bot.core.letters.to_desks import Alert, DeskHelp, DeskReply, MailAlert, ToDesk
from bot.core.policy.policy import Office
from bot.core.records.outgoing_mail import Letter


@dataclass(frozen=True, slots=True)
class OperatorAlarm:
    """To the operator: something is wrong with the machine itself, or it is well again."""

    letter: ClassVar = Letter.ALARM
    office: Office
    title: str
    about: str  # "" = nothing to name
    since: datetime
    over_at: datetime | None  # since when it is well again; None = it is not
    detail: str
    advice: tuple[str, ...]
    daily: bool  # it is told again each day while it lasts


Context = ToContractor | ToDesk | ListLetter | DisposalNote | OperatorAlarm
AnswerableLetter = Alert | MailAlert | DeskReply | DeskHelp | ListLetter
"""Letters that clerks can answer: each has a `ticket`."""

CONTEXT_OF: Mapping[Letter, type[Context]] = MappingProxyType({one.letter: one for one in get_args(Context)})
