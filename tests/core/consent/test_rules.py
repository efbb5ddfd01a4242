"""How the events of consent add up, and what proves that a letter had it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.consent.rules import PROOF_WORDS, ProofState, SentNotice, permission, proof, standing_stop, wish_changes
from bot.core.records.consent import ORIGIN_NAMES, Consent, ConsentStatement, Origin

START = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
ADDRESS = "keiri@kensetsu.example.jp"


def events(*said: tuple[int | None, bool]) -> list[Consent]:
    """(the guarantee or None for all, given) an hour apart."""
    return [
        Consent(
            number,
            START + timedelta(hours=number),
            ConsentStatement(ADDRESS, is_given, "", Origin.MAIL, "", "", guarantee_id),
        )
        for number, (guarantee_id, is_given) in enumerate(said, 1)
    ]


WISH, NO_WISH, STOP, RESUME = (7, True), (7, False), (None, False), (None, True)


@pytest.mark.parametrize(
    ("said", "permitted_by"),
    [
        ((), None),
        ((WISH,), 1),
        ((WISH, NO_WISH), None),
        ((WISH, NO_WISH, WISH), 3),
        (((8, True),), None),
        ((RESUME,), None),
        ((WISH, STOP), None),
        ((STOP, WISH), None),
        ((WISH, STOP, WISH), None),
        ((WISH, STOP, RESUME), 1),
        ((WISH, STOP, NO_WISH, RESUME), None),
        ((WISH, STOP, NO_WISH, WISH, RESUME), 4),
        ((WISH, STOP, RESUME, STOP), None),
    ],
)
def test_a_stop_overrides_the_registers_wish_until_it_is_taken_back(said, permitted_by) -> None:
    found = permission(events(*said), 7)
    assert (found.event_id if found else None) == permitted_by


def test_nothing_permits_a_letter_about_no_guarantee() -> None:
    assert permission(events(WISH, RESUME), None) is None


def test_what_was_said_later_does_not_count_for_an_earlier_moment() -> None:
    known = events(WISH, STOP, RESUME)
    found = [permission(known, 7, upto) for upto in (0, 1, 2, 3)]
    assert found == [None, known[0], None, known[0]]


def test_a_stop_stands_since_the_first_word_of_it() -> None:
    known = events(STOP, WISH, STOP, RESUME, STOP, STOP)
    assert standing_stop(known) == known[4]
    assert standing_stop(known[:4]) is None


_SAID = st.lists(st.sampled_from([WISH, NO_WISH, STOP, RESUME, (8, True), (8, False)]), max_size=12)


@given(_SAID)
def test_after_a_stop_no_import_brings_a_letter(said) -> None:
    known = events(*said, STOP)
    for wish in (WISH, NO_WISH, WISH):
        known += [Consent(99, known[-1].at, events(wish)[0].word)]
        assert permission(known, 7) is None


@given(_SAID)
def test_a_resumption_lifts_the_stop_and_gives_no_wish(said) -> None:
    only_wishes = [one for one in said if one[0] is not None]
    after = permission(events(*said, RESUME), 7)
    assert (after is not None) == (permission(events(*only_wishes), 7) is not None)


@pytest.mark.parametrize(
    ("before", "after", "still_wanted", "changes"),
    [
        ("", "", False, []),
        ("a@x", "a@x", True, []),
        ("", "a@x", True, [("a@x", True, "電子保証発行完了のお知らせ：希望する、メールアドレス：a@x")]),
        ("a@x", "", False, [("a@x", False, "電子保証発行完了のお知らせ：希望しない")]),
        ("a@x", "", True, [("a@x", False, "メールアドレス：（空欄）")]),
        (
            "a@x",
            "b@x",
            True,
            [
                ("a@x", False, "メールアドレス：b@x"),
                ("b@x", True, "電子保証発行完了のお知らせ：希望する、メールアドレス：b@x"),
            ],
        ),
    ],
)
def test_the_registers_changes_are_said_in_its_own_words(before, after, still_wanted, changes) -> None:
    found = wish_changes(before, after, still_wanted=still_wanted)
    assert [(one.address, one.granted, one.wording) for one in found] == changes


def notice(hours: float, *, seen: int | None) -> SentNotice:
    at = START + timedelta(hours=hours)
    return SentNotice(1, ADDRESS, 7, at, None if seen is None else at, seen)


def state(known: list[Consent], sent: SentNotice, permitted: Consent | None) -> ProofState:
    return proof(sent, permitted, known).state


def test_a_letter_is_proven_by_what_held_when_it_left() -> None:
    known = events(WISH, STOP, RESUME, NO_WISH)
    held = [state(known, notice(9, seen=seen), known[0]) is ProofState.HELD for seen in (1, 2, 3, 4)]
    assert held == [True, False, True, False]
    assert state(known, notice(9, seen=2), known[0]) is ProofState.NOT_HELD
    assert state(known, notice(9, seen=1), events(WISH, WISH)[1]) is ProofState.NOT_HELD


def test_a_letter_without_a_record_is_a_fault() -> None:
    assert state(events(WISH), notice(1.5, seen=None), None) is ProofState.MISSING
    assert state(events(WISH), notice(1.5, seen=1), None) is ProofState.MISSING
    assert state(events(WISH), notice(1.5, seen=None), events(WISH)[0]) is ProofState.MISSING


def test_every_word_of_the_closed_lists_has_its_japanese() -> None:
    assert set(ORIGIN_NAMES) == set(Origin)
    assert set(PROOF_WORDS) == set(ProofState)
