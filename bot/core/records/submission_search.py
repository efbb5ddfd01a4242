"""What a clerk looks for among submissions: a state, a time, a number or a part of one, a name in any spelling.

Asked by `submissions list|export`; the store narrows by state and time, the words are compared here. Pure, nothing is raised.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.core.records.submission import Submission, SubmissionState
from bot.core.text.normalise import contractor_core, fold_contractor, fold_name, normalise_number


@dataclass(frozen=True, slots=True)
class Search:
    """What a clerk looks for."""

    states: tuple[SubmissionState, ...] = ()  # empty = any
    words: str = ""  # part of a 受付番号, number, name or address; "" = any
    since: datetime | None = None  # received then or later, UTC; None = any
    until: datetime | None = None  # received then or earlier, UTC; None = any


def finds(search: Search, one: Submission) -> bool:
    """Whether the words are in it, whatever their width and variants (髙 and 高, ㈱ and 株式会社, １ and 1)."""
    if not search.words.strip():
        return True
    fields = one.fields
    number = normalise_number(search.words)
    if number in one.receipt_number or number in fields.number or number in normalise_number(fields.number_as_written):
        return True
    if search.words.strip().casefold() in one.sender.casefold():
        return True
    name, firm = fold_name(search.words), contractor_core(search.words)
    in_names = (fold_name(fields.project_name), fold_contractor(fields.contractor))
    return any(name and name in one for one in (*in_names, fold_name(fields.contractor))) or bool(
        firm and firm in contractor_core(fields.contractor)
    )
