"""What the store answers when a notice is looked up, and what a file changes in the register.

`LookUp` is made by storage and judged by core/matching.py; `RegisterChange` is planned by core and written by storage.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.core.guarantee import Guarantee
from bot.core.submission import Submission
from bot.core.versions import OlderVersion, VersionKind


@dataclass(frozen=True, slots=True)
class LookUp:
    """What the store knows that may have to do with a notice.

    `by_number`: the guarantee with exactly this number. `candidates`: others with the same contractor or project name,
    or still awaited; empty when the number decided. `earlier`: submissions with the same number, or for the guarantee
    `by_number`, or with the same key, oldest first.
    `known_senders`: addresses from which an accepted or verified submission for `by_number` or a candidate came,
    as pairs (guarantee_id, address).
    """

    by_number: Guarantee | None
    candidates: tuple[Guarantee, ...]
    earlier: tuple[Submission, ...]
    known_senders: frozenset[tuple[int, str]]


class ChangeKind(StrEnum):
    """What a row of a file does to the register."""

    ADD = "add"
    UPDATE = "update"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class RegisterChange:
    """One row's effect. `before` is None for ADD; `changed_fields` are names of Guarantee's fields, empty if unchanged.

    `after.guarantee_id` is the row to write for UPDATE and 0 for ADD. `line` is the line in the file, from 1. `said`: what the file
    calls the version (対象), if it does. `older`: versions before it that the file tells of and the register does not know.
    """

    kind: ChangeKind
    line: int
    before: Guarantee | None
    after: Guarantee
    changed_fields: tuple[str, ...] = ()
    said: VersionKind | None = None
    older: tuple[OlderVersion, ...] = ()

    @property
    def is_effective(self) -> bool:
        """Whether there is something to write."""
        return self.kind is not ChangeKind.UNCHANGED or bool(self.older)
