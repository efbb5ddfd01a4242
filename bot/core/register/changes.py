"""The changes that a file makes in the register.

A `RegisterChange` is planned by core/register/plan.py and written by storage. Values only; nothing is raised.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.records.guarantee import Guarantee
from bot.core.records.guarantee_version import OlderVersion, VersionKind
from bot.core.text.closed_list import ClosedList


class ChangeKind(ClosedList):
    """The kind of a row's change."""

    words: str

    ADD = "add", "追加"
    UPDATE = "update", "変更"
    UNCHANGED = "unchanged", "変更なし"


@dataclass(frozen=True, slots=True)
class RegisterChange:
    """The change by one row of the file."""

    kind: ChangeKind
    line: int  # in the file, from 1
    before: Guarantee | None  # None for ADD
    after: Guarantee  # `guarantee_id` is the row to write for UPDATE, 0 for ADD
    changed_fields: tuple[str, ...] = ()  # names of Guarantee's fields
    said: VersionKind | None = None  # the version's kind (対象) as the file names it, if it does
    older: tuple[OlderVersion, ...] = ()  # earlier versions in the file that the register does not know
    sheet: str = ""  # where the line is, when several were read

    @property
    def is_effective(self) -> bool:
        """Whether it changes the database."""
        return self.kind is not ChangeKind.UNCHANGED or bool(self.older)
