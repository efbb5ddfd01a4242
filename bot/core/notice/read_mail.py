"""What reading a raw mail gave: the mail with its opened papers, or why it could not be read (now, or at all).

Made by bot/documents (in its child processes), decided on by core/verdict/decide.py. Values only, nothing is raised.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.core.mail.delivery_status import Report
from bot.core.mail.message import Mail
from bot.core.notice.document import Document


@dataclass(frozen=True, slots=True)
class ReadMail:
    """A mail and its attachments, opened or with the trouble that kept them closed, in the mail's order.

    `report`: what it says about the delivery of other mails.
    """

    mail: Mail
    documents: tuple[Document, ...]
    report: Report = field(default_factory=Report)


@dataclass(frozen=True, slots=True)
class ReadFailure:
    """The mail itself could not be read. `reason`: for the operator, without anything of the mail's content."""

    reason: str


@dataclass(frozen=True, slots=True)
class TakesLong:
    """A first, short reading came to no end: the mail is to be read again with all the time that a mail may have."""
