"""What the store answers when a notice is looked up, and what a file changes in the register.

`LookUp` is made by storage and judged by core/verdict/matching.py; `RegisterChange` is planned by core and written by storage.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.core.records.guarantee import Guarantee
from bot.core.records.guarantee_version import OlderVersion, VersionKind


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
