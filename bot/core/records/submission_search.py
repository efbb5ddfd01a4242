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
    wanted = needles(search.words)
    return any(needle in text for needle, texts in zip(wanted, _texts_of(one), strict=True) if needle for text in texts)


def needles(words: str) -> tuple[str, str, str, str]:
    """The forms in which words are looked for: as a number, an address, a name, a firm; "" = as none."""
    return normalise_number(words), words.strip().casefold(), fold_name(words), contractor_core(words)


def texts_of(one: Submission) -> tuple[str, ...]:
    """All texts of a case in which any of these forms is looked for."""
    return tuple(text for texts in _texts_of(one) for text in texts)


def _texts_of(one: Submission) -> tuple[tuple[str, ...], ...]:
    """The texts for each form of the words."""
    fields = one.fields
    return (
        (one.receipt_number, fields.number, normalise_number(fields.number_as_written)),
        (one.sender.casefold(),),
        (fold_name(fields.project_name), fold_contractor(fields.contractor), fold_name(fields.contractor)),
        (contractor_core(fields.contractor),),
    )
