"""A month of the city's office, from the first mail to the last answer: what left stands in golden files, and everything adds up.

One clerk reads text and workbook, one the pages alone. Its first week is lived twice more: as it is, and with every mail to the clerks stripped
of its page, its files and its links. `python -m tests.month.golden` writes the golden files anew, and docs/summaries.md.
"""

from __future__ import annotations

import asyncio
import io
import re
from collections import Counter
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import default
from itertools import pairwise
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from bot.core.records.envelope import Source
from bot.core.records.guarantee import GuaranteeState
from bot.core.records.incoming_mail import MailRow, MailState
from bot.core.records.outgoing_mail import Letter, OutboxRow, OutboxState
from bot.core.records.reasons import MailReason, SubmissionReason
from bot.core.records.submission import Submission, SubmissionState
from bot.core.text.dates import JAPAN
from tests.month.golden import GOLDEN, SUMMARIES, as_golden, shown_lines, summaries_table
from tests.month.mails import CONTRACT, DAYS, SERIES, mails_of, work
from tests.month.world import CONTRACTS, DEPUTY, WORKS, Month, ReadOnce

EVERYTHING = 100_000


@dataclass(frozen=True)
class Lived:
    """A month that is over."""

    month: Month
    mails: tuple[MailRow, ...]
    submissions: tuple[Submission, ...]
    outgoing: tuple[OutboxRow, ...]
    guarantee_states: dict[str, GuaranteeState]

    def letters(self, *letters: Letter) -> list[OutboxRow]:
        """The letters of these kinds, oldest first."""
        return [row for row in self.outgoing if row.mail.letter in letters]

    def ends(self) -> dict[str, tuple[str, tuple[str, ...]]]:
        """What became of each notice, by its mail and place: state and reasons."""
        return {one.receipt_number: (one.state.value, tuple(r.value for r in one.reasons)) for one in self.submissions}


async def _lived(folder: Path, *, stripped: bool = False, days: int = DAYS) -> Lived:
    async with ReadOnce() as reader:
        month = Month(folder, reader, stripped=stripped, days=days)
        await month.live()
        store = month.store
        lived = Lived(
            month,
            tuple(reversed(await store.incoming.list_(limit=EVERYTHING))),
            tuple(reversed(await store.submissions.list_(limit=EVERYTHING))),
            tuple(reversed(await store.outbox.list_(limit=EVERYTHING))),
            {one.number: one.state for one in await store.register.guarantees(limit=None)},
        )
        await store.close()
        return lived


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    return asyncio.run(_lived(tmp_path_factory.mktemp("month")))


WEEK = 5
"""Every kind of mail comes within so many days; `--slow` compares whole months."""


@pytest.fixture(scope="module")
def beside(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Lived, Lived]:
    """The same days as they are, and stripped."""
    days = DAYS if request.config.getoption("--slow") else WEEK
    plain, stripped = tmp_path_factory.mktemp("plain"), tmp_path_factory.mktemp("stripped")
    return asyncio.run(_lived(plain, days=days)), asyncio.run(_lived(stripped, stripped=True, days=days))


pytestmark = pytest.mark.timeout(900)


def test_the_mails_that_left_are_the_golden_ones(lived: Lived) -> None:
    made = as_golden(lived.month.relay.left)
    assert sorted(made) == sorted(file.name for file in GOLDEN.glob("*.txt"))
    for name, text in made.items():
        assert text == (GOLDEN / name).read_text("utf-8"), name


def test_the_first_weeks_mails_are_the_golden_ones(beside: tuple[Lived, Lived]) -> None:
    made = as_golden(beside[0].month.relay.left)
    for name in sorted(made)[:WEEK]:
        assert made[name] == (GOLDEN / name).read_text("utf-8"), name


def test_every_mail_is_taken_once_and_has_its_end(lived: Lived) -> None:
    assert sum(len(mails_of(day)) for day in range(DAYS)) == 400
    answers = sum(len(clerk.answered) for clerk in lived.month.clerks)
    entered = [mail for mail in lived.mails if mail.envelope.source is Source.HAND]
    reasons = Counter(mail.reason for mail in lived.mails)
    assert len(entered) == reasons[MailReason.FORMS_TAKEN] == 4
    assert len(lived.mails) == 400 + answers + len(entered)
    assert not [mail for mail in lived.mails if mail.state in {MailState.RECEIVED, MailState.PARKED}]
    assert reasons[MailReason.ORDERS_DONE] + reasons[MailReason.ORDERS_NOT_DONE] == answers
    assert (
        reasons[MailReason.ORDERS_NOT_DONE] < answers / 20
    )  # words that order nothing, and what another had sent back
    assert reasons[MailReason.CONSENT_WITHDRAWN] == 4


def test_every_letter_left_once_although_the_relay_and_the_daemon_were_down(lived: Lived) -> None:
    assert {row.state for row in lived.outgoing} == {OutboxState.DELIVERED}
    ids = [mail.message_id for _, mail in lived.month.relay.left]
    assert len(ids) == len(set(ids)) == len(lived.outgoing)


def test_the_summaries_cover_the_month_without_gap_and_add_up(lived: Lived) -> None:
    for desk in (CONTRACTS, WORKS):
        texts = [row.mail.text for row in lived.letters(Letter.SUMMARY) if row.mail.recipient == desk]
        spans = [re.findall(r"^　(令和\S+ \S+?)から(令和\S+ \S+?)まで$", text, re.MULTILINE)[0] for text in texts]
        for before, after in pairwise(spans):
            assert before[1] == after[0]
        received = []
        for text in texts:
            total, doors = _doors(text)
            assert total == sum(count for count, _ in doors)
            assert all(count == sum(map(int, re.findall(r"\d+", ends))) for count, ends in doors)
            assert "合計が一致しません" not in text
            received.append(total)
        until = max(row.created_at for row in lived.letters(Letter.SUMMARY))
        assert sum(received) == sum(mail.envelope.received_at <= until for mail in lived.mails)


def _doors(text: str) -> tuple[int, list[tuple[int, str]]]:
    """What came, and for each door how many and their ends, as the summary tells them."""
    told = text.partition("■ 期間中の処理")[2].replace("\n　　　", "").replace("　", "")
    total, _, ends = re.findall(r"^受信したメール：(\d+)件(（(.*)）)?$", told, re.MULTILINE)[0]
    doors = [
        (int(count), words) for count, words in re.findall(r"^(?:SMTP|手入力)：(\d+)件（(.*)）$", told, re.MULTILINE)
    ]
    return int(total), doors or [(int(total), ends)]


def test_each_headline_counts_what_stands_below_it(lived: Lived) -> None:
    for row in lived.letters(Letter.SUMMARY):
        for title in ("確認待ち", "D-Sureで確認するもの", "差出人の返信待ち"):
            found = re.search(rf"^■ {title}：(\d+)件.*\n((?:　.*\n)*)", row.mail.text, re.MULTILINE)
            count, section = found.groups() if found else ("0", "")
            listed = re.findall(r"^　(?:\d+件目　|・)", section, re.MULTILINE)
            besides = re.search(r"^　ほか(\d+)件", section, re.MULTILINE)
            assert len(listed) + int(besides[1] if besides else 0) == int(count), title


def test_the_summaries_are_as_long_as_the_table_says(lived: Lived) -> None:
    assert SUMMARIES.read_text("utf-8") == summaries_table(lived.month.relay.left)
    lines = [shown_lines(row.mail.text) for row in lived.letters(Letter.SUMMARY)]
    assert max(lines) <= 90


def test_the_workbook_counts_what_the_store_has(lived: Lived) -> None:
    last = lived.letters(Letter.SUMMARY)[-1]
    parsed = BytesParser(policy=default).parsebytes(last.mail.content)
    (file,) = [part for part in parsed.walk() if (part.get_filename() or "").endswith(".xlsx")]
    book = CalamineWorkbook.from_filelike(io.BytesIO(file.get_content()))
    _, *days = book.get_sheet_by_name("件数の推移").to_python()
    theirs = [
        one
        for one in lived.submissions
        if one.received_at <= last.created_at and one.fields.product in {"advance_payment", "interim_payment"}
    ]
    assert sum(int(row[1]) for row in days) == len(theirs)


def test_every_answer_did_what_it_said(lived: Lived) -> None:
    of_number: dict[str, list[Submission]] = {}
    for one in lived.submissions:
        of_number.setdefault(one.fields.number, []).append(one)
    for day in range(DAYS):
        for place, expected in _EXPECTED.items():
            one = work(day - 1, 0) if place == 19 and day % 5 == 1 else work(day, place)  # with another key
            if day == 16 and place == 19:
                continue  # the guarantee whose changes are a test of their own
            state = expected(day)
            states = {found.state for found in of_number[one.registered_number or one.number]}
            assert state in states, (day, place, one.number, states)
    open_states = {SubmissionState.HELD, SubmissionState.ACCEPTED}
    assert not [one.receipt_number for one in lived.submissions if one.state in open_states]


_VERIFIED, _REFUSED = SubmissionState.VERIFIED, SubmissionState.REFUSED
_EXPECTED = {
    0: lambda _day: _VERIFIED,
    1: lambda _day: _VERIFIED,
    4: lambda day: _VERIFIED if day % 2 == 0 else _REFUSED,
    6: lambda _day: _VERIFIED,
    7: lambda _day: _VERIFIED,
    8: lambda day: _REFUSED if day % 2 == 0 else _VERIFIED,
    10: lambda _day: _VERIFIED,
    16: lambda _day: _VERIFIED,
    19: lambda day: _REFUSED if day % 5 == 1 else _VERIFIED,
}


def test_nobody_gets_a_key(lived: Lived) -> None:
    assert _keys_in_no_letter_of(lived) > 200


def test_nobody_gets_a_key_behind_the_gateway(beside: tuple[Lived, Lived]) -> None:
    assert min(map(_keys_in_no_letter_of, beside)) > 50


def _keys_in_no_letter_of(lived: Lived) -> int:
    """How many keys it had; none stands in a letter that left."""
    keys = {one.fields.auth_key.reveal() for one in lived.submissions if one.fields.auth_key}
    for _, mail in lived.month.relay.left:
        assert not [key for key in keys if key in mail.text], mail.letter
    return len(keys)


def test_behind_a_gateway_that_strips_every_case_is_done_the_same(beside: tuple[Lived, Lived]) -> None:
    lived, stripped = beside
    assert stripped.ends() == lived.ends()
    assert stripped.guarantee_states == lived.guarantee_states
    assert Counter(mail.state for mail in stripped.mails) == Counter(mail.state for mail in lived.mails)
    assert all(clerk.answered for clerk in stripped.month.clerks[:2])  # what waits for the deputy comes later
    for clerk in stripped.month.clerks:
        for letter, _ in clerk.answered:
            assert letter.subject.startswith("【無害化済】")
            assert "http" not in letter.text


def test_a_series_of_changes_is_seen_each_time_until_it_is_cancelled(lived: Lived) -> None:
    number = work(0, SERIES).number
    (one,) = [found for found in lived.submissions if found.fields.number == number and found.state in _NOT_REPEATED]
    seen = [reason for reason in one.reasons if reason is SubmissionReason.VERIFIED_IN_DSURE]
    assert (one.state, len(seen)) == (SubmissionState.SUPERSEDED, 3)
    assert lived.guarantee_states[number] is GuaranteeState.CANCELLED
    texts = [row.mail.text for row in lived.letters(Letter.SUMMARY)]
    named = [name for text in texts for name in re.findall(r"【(\S+)：D-Sureで改めて確認】", text)]
    assert (named, set(named)) == (sorted(named), {"変更－1", "変更－2"})


_NOT_REPEATED = frozenset({SubmissionState.SUPERSEDED, SubmissionState.VERIFIED, SubmissionState.ACCEPTED})


def test_what_waits_goes_to_the_deputy_once_a_day_while_the_head_is_away(lived: Lived) -> None:
    reminders = lived.letters(Letter.REMINDER)
    assert {row.mail.recipient for row in reminders} == {DEPUTY}
    days = [row.created_at.astimezone(JAPAN).date() for row in reminders]
    assert len(days) == len(set(days))
    assert any("課長様ご不在のため" in row.mail.text for row in reminders)
    of_the_deputy = [words for letter, words in lived.month.clerks[2].answered if letter.letter is Letter.REMINDER]
    assert len(of_the_deputy) == len(reminders)


def test_a_notice_at_another_desks_address_is_moved_and_its_sender_told(lived: Lived) -> None:
    moved = [row for row in lived.letters(Letter.RECEIPT) if "あての書類でしたので" in row.mail.text.replace("\n", "")]
    contracts = [day for day in range(DAYS) if work(day, 2).product == CONTRACT]
    assert len(moved) == len(contracts)
    told = [
        row.mail for row in lived.letters(Letter.SUMMARY) if "他の担当へ" in row.mail.text.replace("\n　　　　", "")
    ]
    assert {mail.recipient for mail in told} == {WORKS}


def test_a_wish_to_hear_no_more_is_confirmed(lived: Lived) -> None:
    consents = lived.letters(Letter.CONSENT)
    assert sorted(row.mail.recipient for row in consents) == sorted(work(day, 3).sender for day in range(3, DAYS, 5))
