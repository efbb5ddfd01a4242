"""The states' diagrams, drawn here by hand; the program's tables must say the same."""

from __future__ import annotations

from enum import StrEnum

import pytest

from bot.core.records import guarantee, incoming_mail, outgoing_mail, submission

MAIL = """
received → sorted besides answered passed_on asked ignored parked
sorted →
besides → sorted
answered →
passed_on → received released
asked → received released
ignored → received
parked → received released
released → received
"""
SUBMISSION = """
accepted → refused verified superseded
held → accepted refused duplicate superseded
refused →
duplicate →
verified → accepted superseded
superseded →
"""
GUARANTEE = """
expected → issued key_received verified
issued → key_received verified
key_received → expected issued verified
verified → key_received
on_paper →
cancelled →
expired →
"""
OUTBOX = """
queued → hold delivered bounced expired cancelled
hold → queued cancelled
delivered → bounced
bounced → queued
expired → queued
cancelled → queued
"""
MACHINES = [
    pytest.param(incoming_mail.MailState, incoming_mail.TRANSITIONS, MAIL, id="mail"),
    pytest.param(submission.SubmissionState, submission.TRANSITIONS, SUBMISSION, id="submission"),
    pytest.param(guarantee.GuaranteeState, guarantee.TRANSITIONS, GUARANTEE, id="guarantee"),
    pytest.param(outgoing_mail.OutboxState, outgoing_mail.TRANSITIONS, OUTBOX, id="outbox"),
]


def drawn(states: type[StrEnum], table) -> str:
    """The table as a diagram, in the order of the list of states."""
    lines = (f"{state} → {' '.join(s for s in states if s in table[state])}".rstrip() for state in states)
    return "\n" + "\n".join(lines) + "\n"


@pytest.mark.parametrize(("states", "table", "diagram"), MACHINES)
def test_the_table_is_the_diagram(states, table, diagram):
    assert drawn(states, table) == diagram
    assert set(table) == set(states)


@pytest.mark.parametrize(("states", "table", "diagram"), MACHINES)
def test_no_state_leads_to_itself(states, table, diagram):
    assert [state for state in states if state in table[state]] == []


@pytest.mark.parametrize(
    ("state", "letters"),
    [
        (outgoing_mail.OutboxState.QUEUED, True),
        (outgoing_mail.OutboxState.HOLD, False),
        (outgoing_mail.OutboxState.DELIVERED, False),
        (outgoing_mail.OutboxState.BOUNCED, False),
        (outgoing_mail.OutboxState.EXPIRED, False),
        (outgoing_mail.OutboxState.CANCELLED, False),
    ],
)
def test_a_letter_is_delivered_only_from_the_queue(state, letters):
    assert (outgoing_mail.OutboxState.DELIVERED in outgoing_mail.TRANSITIONS[state]) is letters


def test_what_was_refused_or_superseded_never_comes_back():
    ends = [s for s, onward in submission.TRANSITIONS.items() if not onward]
    assert set(ends) == {"refused", "duplicate", "superseded"}
