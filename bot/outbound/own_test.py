"""A test mail to our own inbox, with the marks of a machine's mail: nobody answers it.

Made by workers/canary.py and by `doctor --mail`. The same inputs give the same bytes. Nothing is raised.
"""

from __future__ import annotations

from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from bot.core.records.outgoing_mail import Letter, OutgoingMail
from bot.core.text.dates import JAPAN

_SUBJECT = "電子保証受付システムの試験"


def mail_to_ourselves(address: str, message_id: str, text: str, now: datetime, *, mark: str = "") -> OutgoingMail:
    """From this address to itself, without a reverse-path. `mark`: what its subject ends in."""
    mail = EmailMessage()
    mail["From"] = mail["To"] = address
    mail["Subject"] = f"{_SUBJECT} {mark}".rstrip()
    mail["Date"] = format_datetime(now.astimezone(JAPAN))
    mail["Message-ID"] = message_id
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail["X-Hosho-Bot"] = "1"
    mail.set_content(text, charset="utf-8")
    return OutgoingMail(
        dedupe_key=message_id,
        letter=Letter.ALARM,
        recipient=address,
        reverse_path="",
        subject=mail["Subject"],
        text=text,
        message_id=message_id,
        content=mail.as_bytes(policy=SMTP),
    )
