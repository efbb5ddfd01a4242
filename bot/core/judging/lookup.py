"""What the store knows of a notice's fields: the answer to one question.

Asked by the workers before a verdict. Values only; nothing is raised.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.records.guarantee import Guarantee
from bot.core.records.submission import Submission


@dataclass(frozen=True, slots=True)
class FoldedRow:
    """A row of the register as far as it is compared with many notices: its number, and the names as the register folds them."""

    number: str
    project_fold: str
    contractor_fold: str
    contractor_core: str
    jv_fold: str


@dataclass(frozen=True, slots=True)
class LookUp:
    """What the store knows that may have to do with a notice.

    `by_number`: the guarantee with exactly this number. `candidates`: others with the same contractor or project name,
    or still awaited; empty when the number decided. `earlier`: submissions with the same number, or for the guarantee
    `by_number`, or with the same key, oldest first.
    `known_senders`: addresses from which a submission came that a clerk has verified in D-Sure, for `by_number` or a candidate,
    as pairs (guarantee_id, address). `unverified`: the accepted submissions for candidates that no clerk has verified.
    """

    by_number: Guarantee | None
    candidates: tuple[Guarantee, ...]
    earlier: tuple[Submission, ...]
    known_senders: frozenset[tuple[int, str]]
    unverified: tuple[Submission, ...] = ()

    @property
    def each_once(self) -> tuple[Submission, ...]:
        """Its submissions, each once."""
        return tuple({one.receipt_number: one for one in (*self.earlier, *self.unverified)}.values())
