"""Writes docs/states.md: the four state machines as diagrams, from their transition tables in bot/core.

Run by hand after a change: `python -m docs.generate.state_docs`; tests/test_docs.py compares. Raises nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from bot.core.records import guarantee, incoming_mail, outgoing_mail, submission

STATES = Path(__file__).resolve().parents[2] / "docs" / "states.md"

_HEAD = """\
# States

Written by `python -m docs.generate.state_docs` from the transition tables in `bot/core`; do not edit. The store compares a
move with its table in the transaction that makes it, and raises WrongState.
"""

Table = Mapping[Any, frozenset[Any]]

# Where a machine begins: (the state, what makes it so).
Starts = tuple[tuple[StrEnum, str], ...]

_MAIL_STARTS: Starts = (
    (incoming_mail.MailState.RECEIVED, "T1"),
    (incoming_mail.MailState.IGNORED, "before_first_start"),
)
_SUBMISSION_STARTS: Starts = (
    (submission.SubmissionState.ACCEPTED, "T2"),
    (submission.SubmissionState.HELD, "T2"),
    (submission.SubmissionState.DUPLICATE, "T2"),
)
_GUARANTEE_STARTS: Starts = ((guarantee.GuaranteeState.EXPECTED, "import"),)
_OUTBOX_STARTS: Starts = ((outgoing_mail.OutboxState.QUEUED, "T2 or a sweep"),)

_MACHINES: tuple[tuple[str, str, Table, Starts], ...] = (
    (
        "Incoming mail",
        "Every mail ends in exactly one state, with a reason (`MailReason`). Back to received: `mail replay`; released: `mail release`.",
        incoming_mail.TRANSITIONS,
        _MAIL_STARTS,
    ),
    (
        "Submission",
        "One key notice. A clerk accepts, refuses or verifies. A new version of the guarantee opens it again; cancelled or on paper ends it.",
        submission.TRANSITIONS,
        _SUBMISSION_STARTS,
    ),
    (
        "Guarantee",
        "A row of the register. An import may besides set on_paper, cancelled and expired from any state, and back.",
        guarantee.TRANSITIONS,
        _GUARANTEE_STARTS,
    ),
    (
        "Outgoing mail",
        "Lease and attempts are columns, not states: a mail on its way is queued, its next attempt already set.",
        outgoing_mail.TRANSITIONS,
        _OUTBOX_STARTS,
    ),
)


def diagram(table: Table, starts: Starts) -> str:
    """A table as Mermaid's stateDiagram-v2; a state without a way out leads to the end."""
    lines = ["stateDiagram-v2"]
    lines += [f"    [*] --> {state}: {why}" for state, why in starts]
    for state, following in table.items():
        lines += [f"    {state} --> {after}" for after in type(state) if after in following]
        if not following:
            lines.append(f"    {state} --> [*]")
    return "\n".join(lines)


def states() -> str:
    """The whole of docs/states.md."""
    parts = [_HEAD]
    for title, words, table, starts in _MACHINES:
        parts.append(f"## {title}\n\n{words}\n\n```mermaid\n{diagram(table, starts)}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    STATES.write_text(states(), encoding="utf-8")
