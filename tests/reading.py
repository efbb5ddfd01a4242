"""What the reading child makes of a mail, as one value: for tests that have a parsed mail and its papers, and need no child."""

from __future__ import annotations

from dataclasses import replace

from bot.core.notice.interpret import UnderstoodMail, understand
from bot.core.notice.read_mail import Beforehand, ReadMail
from bot.core.policy.policy import Formats
from bot.documents.mail_words import words_of


def understood(read: ReadMail, formats: Formats | None = None, beforehand: Beforehand | None = None) -> UnderstoodMail:
    """The mail's words and what it brings."""
    formats = formats or Formats()
    return replace(understand(read, formats), words=words_of(read, beforehand or Beforehand(), formats))
