"""What a reading of a raw mail begins with and gives: what is known before, what its words say, its papers, or why it could not be read.

Made by the daemon (`Beforehand`) and by bot/documents in its child processes, judged by core/verdict/decide.py. Values only; nothing is
raised.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.core.mail.delivery_status import Report
from bot.core.mail.message import Mail
from bot.core.mail.subject_forms import NOTHING, SubjectFields
from bot.core.notice.document import Document
from bot.core.records.clerk_orders import ParsedReply
from bot.core.records.consent import OptOutStatement
from bot.core.records.outgoing_mail import BounceReport
from bot.core.records.reasons import MailReason
from bot.core.records.secret import Password

EXCERPT_CHARACTERS = 600
"""Of a mail's words, for a clerk."""


@dataclass(frozen=True, slots=True)
class Beforehand:
    """What the daemon knows of a mail before it is read, as far as its words are read by it.

    `mail_from`, `rcpt_tos`: the envelope's. `own`: our addresses, in lower case. `letter`: the words of our letter that it answers, ""
    where they are nobody's business; None = it answers none, and orders nothing.
    """

    mail_from: str | None = None
    rcpt_tos: tuple[str, ...] = ()
    own: frozenset[str] = frozenset()
    letter: str | None = None


@dataclass(frozen=True, slots=True)
class MailWords:
    """What a mail's words say, each thing once. All that the daemon gets of its text: short, and about this mail alone."""

    subject: str = ""  # for lists: cleaned, without keys and passwords
    subject_tells_password: bool = False
    subject_fields: SubjectFields = NOTHING
    automatic: MailReason | None = None  # a sign against a person as its sender
    returned: BounceReport | None = None  # that a letter of ours did not arrive
    has_file: bool = False  # one that no responder attaches
    asks: bool = False  # a person asks something in it
    asks_arrival: bool = False  # or only whether something arrived
    asks_of_earlier: bool = False  # that is about an earlier mail, of which nothing comes again
    announces: bool = False  # a person says that something comes with it
    echoes_us: bool = False  # its words give a letter of ours back
    only_thanks: bool = False  # a person thanks or acknowledges, and says nothing else
    speaks_of_keys: bool = False  # in a machine's mail
    speaks_of_password: bool = False
    tells_password: bool = False  # and no insurer's
    passwords: tuple[Password, ...] = ()  # what may be one, best first
    excerpt: str = ""  # its first lines for a clerk, keys and passwords masked
    ordered: ParsedReply | None = None  # None = it answers no letter of ours
    opt_out: OptOutStatement | None = None  # that it says about our notices, if it says nothing else


@dataclass(frozen=True, slots=True)
class ReadMail:
    """A mail and its attachments, in the child."""

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
    """Nothing is known of the mail, and it is not to blame: no process could be had, or one hung. It is to be read later.

    `is_killed`: its processes were killed from outside. A machine with too little memory for this mail would do so for ever.
    """

    is_killed: bool = False
