"""Consent to the city's issuance-complete mail: events, the rules by which they add up, the proof that a letter had it.

An event is somebody's word, kept for ever: the register's wish for one guarantee, or a stop (配信停止) and its end (配信再開) for an address.
A stop of the address overrides every wish until the address, or a clerk for it, says 再開; an import never ends a stop. Asked by
storage/use_cases/consent.py, which keeps the events; what counts at a moment is always reckoned from them. Pure; nothing is raised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from bot.core.records.consent import Consent
from bot.core.register.columns import Column

# -- what counts


def standing_stop(events: Sequence[Consent]) -> Consent | None:
    """Since which event the address wants nothing; None = it is not stopped. `events`: of one address, in their order."""
    since: Consent | None = None
    for event in events:
        if event.word.guarantee_id is None:
            since = None if event.word.granted else since or event
    return since


def permission(events: Sequence[Consent], guarantee_id: int | None, upto: int | None = None) -> Consent | None:
    """The event that permits a letter about this guarantee to their address; None = nothing does.

    `events`: of one address, in their order; those after the event `upto` don't count, None = all do.
    """
    known = [event for event in events if upto is None or event.event_id <= upto]
    if standing_stop(known) is not None:
        return None
    wishes = [event for event in known if guarantee_id is not None and event.word.guarantee_id == guarantee_id]
    return wishes[-1] if wishes and wishes[-1].word.granted else None


# -- what the register says


@dataclass(frozen=True, slots=True)
class WishChange:
    """A row's wish begins or ends for an address, in the register's own words."""

    address: str
    granted: bool
    wording: str


def wish_changes(before: str, after: str, *, still_wanted: bool) -> tuple[WishChange, ...]:
    """What an import changes. `before`, `after`: the address that the row sends to, folded, "" = to nobody.

    `still_wanted`: the row's wish as it is now, whatever its address.
    """
    if before == after:
        return ()
    changes: list[WishChange] = []
    if before:
        changes.append(
            WishChange(before, granted=False, wording=_address(after) if still_wanted else _wish("希望しない"))
        )
    if after:
        changes.append(WishChange(after, granted=True, wording=wish_wording(after)))
    return tuple(changes)


def wish_wording(address: str) -> str:
    """A row's wish with its address, as the register has them."""
    return f"{_wish('希望する')}、{_address(address)}"


def _wish(value: str) -> str:
    return f"{Column.WANTS_ISSUED_MAIL}：{value}"


def _address(address: str) -> str:
    return f"{Column.EMAIL}：{address or '（空欄）'}"


# -- the proof


class ProofState(StrEnum):
    """Whether a letter that left had consent."""

    HELD = "held"
    MISSING = "missing"  # nothing on record permits it
    NOT_HELD = "not_held"  # what permitted it did not hold when it left


PROOF_WORDS: MappingProxyType[ProofState, str] = MappingProxyType(
    {
        ProofState.HELD: "同意あり",
        ProofState.MISSING: "記録なし",
        ProofState.NOT_HELD: "送信時に同意なし",
    }
)
UNPROVEN = frozenset({ProofState.MISSING, ProofState.NOT_HELD})
"""What must not be."""


@dataclass(frozen=True, slots=True)
class SentNotice:
    """An issuance-complete mail, or what a reminder says of one guarantee, that left or may have. `address` in lower case.

    `sent_at`: its end, or its last attempt, UTC. `checked_at`: when consent was last asked, in the transaction that took it for sending, and `seen`: the address's last event
    then, by its number, since a clock may be put back; None = never.
    """

    outbox_id: int
    address: str
    guarantee_id: int | None
    sent_at: datetime
    checked_at: datetime | None
    seen: int | None


@dataclass(frozen=True, slots=True)
class Proof:
    """A letter and the event that permitted it, None = none on record."""

    notice: SentNotice
    permitted_by: Consent | None
    state: ProofState


def proof(notice: SentNotice, permitted_by: Consent | None, events: Sequence[Consent]) -> Proof:
    """Reckon anew from the events what the letter's row says. `events`: of the letter's address, in their order."""
    if permitted_by is None or notice.seen is None:
        return Proof(notice, permitted_by, ProofState.MISSING)
    found = permission(events, notice.guarantee_id, notice.seen)
    return Proof(notice, permitted_by, ProofState.HELD if found == permitted_by else ProofState.NOT_HELD)
