"""How far a mailbox on an IMAP server was read (RFC 9051 §2.3.1.1), and the memory in which the store keeps that.

Used by watcher.py and fetching.py. Pure; raises KeyError or ValueError for a memory that is not of this source.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from bot.core.records.incoming_mail import MailboxMemory


@dataclass(frozen=True, slots=True)
class MailboxCursor:
    """How far a mailbox was read."""

    mailbox: str
    uidvalidity: int
    last_uid: int  # everything up to it, of this `uidvalidity`, is in the store
    looked_at: datetime  # UTC
    # mails up to this UID lay there before the first look: they are listed, not answered
    watermark: int = 0

    @classmethod
    def of(cls, kept: MailboxMemory) -> MailboxCursor:
        """The cursor that a memory keeps."""
        said = json.loads(kept.memory)
        return cls(kept.mailbox, said["uidvalidity"], said["last_uid"], kept.looked_at, said["watermark"])

    @property
    def memory(self) -> MailboxMemory:
        """What the store keeps."""
        numbers = {"uidvalidity": self.uidvalidity, "last_uid": self.last_uid, "watermark": self.watermark}
        return MailboxMemory(self.mailbox, json.dumps(numbers), self.looked_at)
