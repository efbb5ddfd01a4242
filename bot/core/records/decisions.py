"""What the bot decided on each mail, as the journal tells it: state, reason, notices, kinds of letters.

Used by `mail replay --dry-run`, which compares two journals. Pure; nothing is raised for a journal that this program wrote.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from bot.core.records.journal import JournalLine


@dataclass(frozen=True, slots=True)
class DecidedNotice:
    """One notice of a mail. `guarantee_id`: the row that it was matched with; None = none."""

    state: str
    reasons: frozenset[str]
    guarantee_id: int | None


@dataclass(frozen=True, slots=True)
class Decision:
    """One mail. `letters`: their kinds, also those that a limit kept back, in alphabetical order."""

    state: str
    reason: str
    notices: tuple[DecidedNotice, ...] = ()
    letters: tuple[str, ...] = ()

    def differences(self, other: Decision) -> tuple[str, ...]:
        """The names of the fields that are not the same in both."""
        names = ("state", "reason", "notices", "letters")
        return tuple(name for name in names if getattr(self, name) != getattr(other, name))


def decisions_of(lines: Iterable[JournalLine], actor: str) -> dict[int, Decision]:
    """By mail_id, the last decision of `actor`; letters of earlier ones count, since none is queued twice.

    `lines`: ascending. A decision's lines stand together and bear one time: the mail's, its submissions', its letters'.
    """
    found: dict[int, Decision] = {}
    begun: JournalLine | None = None
    for line in lines:
        if _begins(line, actor):
            begun = line
            held_back = (str(one).partition(":")[0] for one in line.detail.get("withheld", ()))
            before = found[mail].letters if (mail := int(line.subject_id)) in found else ()
            state = line.event.removeprefix("mail.")
            letters = tuple(sorted((*before, *held_back)))
            found[mail] = Decision(state, str(line.detail["reason"]), letters=letters)
        elif begun is not None and line.at == begun.at:
            mail = int(begun.subject_id)
            found[mail] = _with(found[mail], line, begun)
    return found


def _begins(line: JournalLine, actor: str) -> bool:
    is_settled = "submissions" in line.detail or line.event == "mail.parked"
    return line.subject_kind == "mail" and line.actor == actor and is_settled


def _with(decision: Decision, line: JournalLine, begun: JournalLine) -> Decision:
    if line.subject_kind == "outgoing" and "letter" in line.detail:  # queued, or kept back by shadow mode
        return replace(decision, letters=tuple(sorted((*decision.letters, str(line.detail["letter"])))))
    if line.subject_kind == "submission" and line.subject_id in begun.detail.get("submissions", ()):
        if "reasons" not in line.detail:  # a key that is shown in a letter, not a state
            return decision
        state = line.event.removeprefix("submission.")
        notice = DecidedNotice(state, frozenset(line.detail["reasons"]), line.detail["guarantee_id"])
        return replace(decision, notices=(*decision.notices, notice))
    return decision
