"""The result of reading a raw mail: the mail with its opened papers, or why it could not be read.

Made by bot/documents in its child processes, judged by core/verdict/decide.py. Values only; nothing is raised.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.core.mail.delivery_status import Report
from bot.core.mail.message import Mail
from bot.core.notice.document import Document


@dataclass(frozen=True, slots=True)
class ReadMail:
    """A mail and its attachments."""

    mail: Mail
    documents: tuple[Document, ...]  # opened, or with their failure, in the mail's order
    report: Report = field(default_factory=Report)  # about the delivery of other mails


@dataclass(frozen=True, slots=True)
class ReadFailure:
    """The mail itself could not be read. `reason`: for the operator, without the mail's content."""

    reason: str


@dataclass(frozen=True, slots=True)
class TakesLong:
    """The first reading used up its CPU time: the mail is to be read again with all that a mail may have."""


@dataclass(frozen=True, slots=True)
class NotNow:
    """Nothing is known of the mail, and it is not to blame: no process could be had, or one hung. It is to be read later."""
