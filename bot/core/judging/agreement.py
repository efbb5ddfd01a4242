"""How a notice's verdict by the program compares with what the people did, for the report of shadow mode.

Facts from the journal and the register in, one value per notice out. What people did: a number or key that came into the register by
an import after the notice, or a clerk's own decision. Pure; nothing is raised for a journal that this program wrote.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.core.records.guarantee import Guarantee
from bot.core.records.journal import JournalLine
from bot.core.records.submission import Submission, SubmissionState
from bot.core.text.closed_list import ClosedList


class Agreement(ClosedList):
    """How program and people compare for one notice."""

    words: str

    AGREED = "agreed", "一致"
    DIFFERS = "differs", "相違"
    LEFT = "left", "人に任せたもの"  # the program decided nothing, and a person did
    REPEATED = "repeated", "重複（比べないもの）"  # it says what another notice said, which is compared
    OPEN = "open", "結果待ち"


class PeoplesWord(ClosedList):
    """What the people did with a notice."""

    words: str

    NOTHING = "nothing", "まだ分かりません"
    TOOK = "took", "受付"
    TOOK_ELSEWHERE = "took_elsewhere", "別の台帳の行で受付"
    OTHER_NUMBER = "other_number", "台帳に別の番号を記入"
    OTHER_KEY = "other_key", "台帳に別の認証キーを記入"
    REFUSED = "refused", "差戻し"


@dataclass(frozen=True, slots=True)
class Told:
    """What the journal tells of the time since some day."""

    first: Mapping[str, tuple[SubmissionState, int | None]] = field(default_factory=dict)  # by receipt: by the program
    clerks: Mapping[str, SubmissionState] = field(default_factory=dict)  # by receipt: the last decision of a clerk
    entered: Mapping[int, datetime] = field(default_factory=dict)  # by guarantee: a number or key came by a file, last


@dataclass(frozen=True, slots=True)
class ComparedNotice:
    """One notice. `guarantee_id`: the row that the program matched it with; `row`: where the people entered it."""

    submission: Submission
    decided: SubmissionState
    guarantee_id: int | None
    people: PeoplesWord
    row: int | None
    agreement: Agreement


_OF_CLERKS = {
    SubmissionState.ACCEPTED: PeoplesWord.TOOK,
    SubmissionState.VERIFIED: PeoplesWord.TOOK,
    SubmissionState.REFUSED: PeoplesWord.REFUSED,
}
_STATES = {f"submission.{state.value}": state for state in SubmissionState}


def told_by(lines: Iterable[JournalLine], actor: str) -> Told:
    """What the journal's lines tell, ascending. `actor`: the program, whose first decision on a notice counts."""
    first: dict[str, tuple[SubmissionState, int | None]] = {}
    clerks: dict[str, SubmissionState] = {}
    entered: dict[int, datetime] = {}
    for line in lines:
        state = _STATES.get(line.event)
        if state is not None and "reasons" in line.detail and line.actor == actor:
            first.setdefault(line.subject_id, (state, line.detail.get("guarantee_id")))
        elif state in _OF_CLERKS and line.actor != actor and "from" not in line.detail:  # "from": by an import
            clerks[line.subject_id] = state
        elif line.event == "register.add" or (
            line.event == "register.update" and not {"number", "auth_key"}.isdisjoint(line.detail.get("changed", ()))
        ):
            entered[int(line.subject_id)] = line.at
    return Told(first, clerks, entered)


def compare(submissions: Sequence[Submission], register: Sequence[Guarantee], told: Told) -> tuple[ComparedNotice, ...]:
    """The notices that the program decided on in this time, in their order."""
    rows = {row.guarantee_id: row for row in register}
    by_number = {row.number: row.guarantee_id for row in register if row.number}
    found: list[ComparedNotice] = []
    for one in submissions:
        if one.receipt_number not in told.first:
            continue
        decided, matched = told.first[one.receipt_number]
        word, row = _people(one, matched, rows, by_number, told)
        found.append(ComparedNotice(one, decided, matched, word, row, agreement(decided, word)))
    return tuple(found)


def _people(
    notice: Submission, matched: int | None, rows: Mapping[int, Guarantee], by_number: Mapping[str, int], told: Told
) -> tuple[PeoplesWord, int | None]:
    """What the people did, and in which row."""
    if (clerk := told.clerks.get(notice.receipt_number)) is not None:
        return _OF_CLERKS[clerk], notice.guarantee_id
    there = by_number.get(notice.fields.number)
    if there is not None and _is_entered(rows[there], notice, told):
        theirs, read = rows[there].auth_key, notice.fields.auth_key
        if theirs is not None and read is not None and not read.same_as(theirs):
            return PeoplesWord.OTHER_KEY, there
        is_other = matched is not None and there != matched
        return (PeoplesWord.TOOK_ELSEWHERE if is_other else PeoplesWord.TOOK), there
    own = rows.get(matched) if matched is not None else None
    if own is not None and own.number not in {"", notice.fields.number} and _is_entered(own, notice, told):
        return PeoplesWord.OTHER_NUMBER, matched
    return PeoplesWord.NOTHING, None


def _is_entered(row: Guarantee, notice: Submission, told: Told) -> bool:
    """Whether a file brought its number or key after the notice: what stood there before says nothing about the notice."""
    at = told.entered.get(row.guarantee_id)
    return at is not None and at >= notice.received_at


def agreement(decided: SubmissionState, people: PeoplesWord) -> Agreement:
    """How a verdict and the people's word compare."""
    if decided is SubmissionState.DUPLICATE:
        return Agreement.REPEATED
    if people is PeoplesWord.NOTHING:
        return Agreement.OPEN
    if decided is not SubmissionState.ACCEPTED:
        return Agreement.LEFT
    return Agreement.AGREED if people is PeoplesWord.TOOK else Agreement.DIFFERS
