"""How a verdict and the people's word compare: what the people did after the notice counts, and the program's first decision."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.judging.agreement import Agreement, PeoplesWord, agreement, compare, told_by
from bot.core.records.guarantee import Guarantee, Product
from bot.core.records.journal import JournalLine
from bot.core.records.secret import AuthKey
from bot.core.records.submission import NoticeFields, ReadFrom, Submission, SubmissionState

AT = datetime(2026, 11, 2, 1, tzinfo=UTC)
LATER, BEFORE = AT + timedelta(days=1), AT - timedelta(days=1)
BOT, CLERK = "bot", "yamada"
RECEIPT, NUMBER, ANOTHER = "20261102-0001-1", "10001-000001", "10001-000002"
KEY, OTHER_KEY = AuthKey("Kanar1aVog3l"), AuthKey("Kanar1aVog3L")
ACCEPTED, HELD = SubmissionState.ACCEPTED, SubmissionState.HELD


def submission(number: str = NUMBER) -> Submission:
    fields = NoticeFields("市道改良工事", "みほん建設", Product.CONTRACT, "契約保証", number, number, KEY)
    return Submission(RECEIPT, HELD, (), fields, ReadFrom.PDF_TEXT, "a.pdf", (), 1, "a@kensetsu.example.jp", AT)


def row(guarantee_id: int, number: str = "", key: AuthKey | None = None) -> Guarantee:
    made = Guarantee("市道改良工事", "みほん建設", product=Product.CONTRACT, number=number, guarantee_id=guarantee_id)
    return replace(made, auth_key=key)


def line(event: str, at: datetime = AT, actor: str = BOT, subject: str = RECEIPT, **detail: object) -> JournalLine:
    kind = "guarantee" if event.startswith("register.") else "submission"
    return JournalLine(1, at, actor, event, kind, subject, detail, "")


def decided(state: SubmissionState, actor: str = BOT, **detail: object) -> JournalLine:
    return line(f"submission.{state.value}", actor=actor, **({"reasons": [], "guarantee_id": 1} | detail))


def entered(guarantee_id: int, at: datetime = LATER, *changed: str) -> JournalLine:
    return line("register.update", at, CLERK, str(guarantee_id), changed=list(changed or ("number",)))


ROWS = (row(1, NUMBER), row(2))
CASES = {
    "the same row": (decided(ACCEPTED), [entered(1)], ROWS, PeoplesWord.TOOK, Agreement.AGREED),
    "its key": (decided(ACCEPTED), [entered(1, LATER, "auth_key")], ROWS, PeoplesWord.TOOK, Agreement.AGREED),
    "a new row": (
        *(decided(ACCEPTED, guarantee_id=2), [line("register.add", LATER, CLERK, "1")], ROWS),
        *(PeoplesWord.TOOK_ELSEWHERE, Agreement.DIFFERS),
    ),
    "known before": (decided(ACCEPTED), [entered(1, BEFORE)], ROWS, PeoplesWord.NOTHING, Agreement.OPEN),
    "another field": (decided(ACCEPTED), [entered(1, LATER, "email")], ROWS, PeoplesWord.NOTHING, Agreement.OPEN),
    "nothing yet": (decided(ACCEPTED), [], (row(1), row(2)), PeoplesWord.NOTHING, Agreement.OPEN),
    "another number": (
        *(decided(ACCEPTED), [entered(1)], (row(1, ANOTHER), row(2)), PeoplesWord.OTHER_NUMBER, Agreement.DIFFERS),
    ),
    "the same key": (decided(ACCEPTED), [entered(1)], (row(1, NUMBER, KEY),), PeoplesWord.TOOK, Agreement.AGREED),
    "another key": (
        *(decided(ACCEPTED), [entered(1)], (row(1, NUMBER, OTHER_KEY),), PeoplesWord.OTHER_KEY, Agreement.DIFFERS),
    ),
    "left to people": (decided(HELD, guarantee_id=None), [entered(1)], ROWS, PeoplesWord.TOOK, Agreement.LEFT),
    "held, and open": (decided(HELD), [], ROWS, PeoplesWord.NOTHING, Agreement.OPEN),
    "a clerk's refusal": (
        *(decided(ACCEPTED), [decided(SubmissionState.REFUSED, CLERK)], ROWS, PeoplesWord.REFUSED, Agreement.DIFFERS),
    ),
    "verified": (
        *(decided(ACCEPTED), [decided(SubmissionState.VERIFIED, CLERK)], ROWS, PeoplesWord.TOOK, Agreement.AGREED),
    ),
    "ended by an import": (
        *(decided(ACCEPTED), [line("submission.accepted", LATER, CLERK, reasons=[], **{"from": "verified"})], ROWS),
        *(PeoplesWord.NOTHING, Agreement.OPEN),
    ),
    "accepted once the register told": (
        *(decided(HELD), [entered(1), decided(ACCEPTED)], ROWS, PeoplesWord.TOOK, Agreement.LEFT),
    ),
    "repeated": (decided(SubmissionState.DUPLICATE), [entered(1)], ROWS, PeoplesWord.TOOK, Agreement.REPEATED),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_the_people_did_is_told_by_what_came_after_the_notice(case):
    first, then, rows, people, agrees = case
    (found,) = compare([submission()], rows, told_by([first, *then], BOT))
    assert (found.people, found.agreement) == (people, agrees)


def test_a_notice_of_another_time_and_one_without_a_number_say_nothing():
    assert compare([submission()], ROWS, told_by([entered(1)], BOT)) == ()
    (found,) = compare([submission("")], ROWS, told_by([decided(HELD), entered(2)], BOT))
    assert found.agreement is Agreement.OPEN


@pytest.mark.parametrize("state", SubmissionState)
def test_only_an_acceptance_agrees_or_differs(state):
    said = {agreement(state, word) for word in PeoplesWord}
    assert bool(said & {Agreement.AGREED, Agreement.DIFFERS}) == (state is ACCEPTED)
