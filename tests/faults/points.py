"""Every named crash point of the program, and what makes the daemon pass it. test_kill.py holds the list against the code.

`SMTP`: a mail by SMTP, from its spooling to the note of its letter. `IMAP`: a mailbox that is watched.
"""

from __future__ import annotations

SMTP = (
    "intake.spooling",
    "intake.before_keep",
    "keep.before_commit",
    "intake.kept",
    "sorter.claimed",
    "sorter.read",
    "settle.before_commit",
    "settle.committed",
    "outbox.claim_before_commit",
    "sender.claimed",
    "sender.sent",
    "outbox.note_before_commit",
    "sender.noted",
)
IMAP = ("imap.kept_before_cursor",)

LARGE = frozenset({"intake.spooling"})
"""Passed by mails only that are too large to wait in memory."""

REPEATS_A_LETTER = frozenset({"sender.sent", "outbox.note_before_commit"})
"""Between the relay's word and our note of it: the one window in which a letter may leave twice."""

KEYS = ("keys.rotating",)
"""Passed many times by one `keys rotate`; tests/commands/test_keys.py rehearses each."""

RETENTION = ("disposal.portion",)
"""Passed once for each portion of a `disposal approve`; tests/commands/test_retention.py rehearses it."""

LONG_WORK = ("long_work.told",)
"""Passed at each step of a long command; tests/commands/test_long_work.py interrupts it there."""

ALL = (*SMTP, *IMAP, *KEYS, *RETENTION, *LONG_WORK)
