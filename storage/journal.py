"""The journal: who did what when, written in the same transaction as what was done. Append-only; never holds a key.

Called by the use-case modules.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from storage.database import Database
from storage.rows import insert

# The actor of everything that no person did.
BOT = "bot"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. `event`: "mail.sorted", "submission.accepted", …; `kind` and `subject` name the row that it is about."""

    event: str
    kind: str
    subject: str | int
    detail: dict[str, Any] = field(default_factory=dict)
    actor: str = BOT


async def write(database: Database, entries: Sequence[Entry]) -> None:
    """Append the entries."""
    now = database.clock()
    rows = [
        {
            "at": now,
            "actor": entry.actor,
            "event": entry.event,
            "subject_kind": entry.kind,
            "subject_id": str(entry.subject),
            "detail": entry.detail,
        }
        for entry in entries
    ]
    await insert(database, database.models.journal, rows)
