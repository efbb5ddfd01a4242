"""The summary's lines: a flood has one, and what a limit withheld is told once, with its number."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.letters.contexts import Summary, SummaryLine
from bot.core.policy.policy import Desk
from bot.core.records.envelope import Envelope, Source
from bot.core.records.guarantee import Product
from bot.core.records.incoming_mail import MailRow, MailState
from bot.core.records.outgoing_mail import Letter
from bot.core.records.reasons import LimitReason, MailReason, NoReplyReason
from bot.core.records.submission import SubmissionState
from bot.core.summary.facts import SummaryFacts, WithheldLetters
from bot.core.summary.summarise import summarise
from bot.outbound.compose import Composer
from tests.core.verdict.cases import INBOX, NOW, POLICY, SENDER, fields, guarantee, submission

COMPOSER = Composer(sender=INBOX, bounces=INBOX, secret=bytes(16))


def passed_on(number: int, sender: str = SENDER, no_reply: NoReplyReason = NoReplyReason.LIMIT_REACHED) -> MailRow:
    envelope = Envelope(Source.SMTP, sender, (INBOX,), NOW)
    return MailRow(
        mail_id=number,
        state=MailState.PASSED_ON,
        reason=MailReason.NO_NOTICE,
        envelope=envelope,
        sender=sender,
        subject="質問",
        size_bytes=100,
        digest="0" * 64,
        attempts=1,
        error="",
        papers=(),
        no_reply=no_reply,
    )


def facts_of(*mails: MailRow, withheld: tuple[WithheldLetters, ...] = ()) -> SummaryFacts:
    nothing = dict.fromkeys(("accepted", "held", "refused", "duplicates", "verified", "parked", "undelivered"), ())
    return SummaryFacts(
        since=NOW - timedelta(days=1),
        until=NOW,
        mails=((MailState.PASSED_ON, len(mails)),),
        passed_on=mails,
        issued_without_notice=(),
        withheld=withheld,
        looked_at=None,
        **nothing,
    )


def summary_of(*mails: MailRow, withheld: tuple[WithheldLetters, ...] = ()) -> Summary:
    return summarise(facts_of(*mails, withheld=withheld), POLICY.desks[0], POLICY).letter


@pytest.mark.parametrize(("mails", "lines"), [(1, 1), (5, 5), (6, 1), (1000, 1)])
def test_a_senders_flood_is_one_line_and_the_count_stays(mails: int, lines: int):
    others = [passed_on(10_000, "other@x.example.jp"), passed_on(10_001, no_reply=NoReplyReason.NO_NOTICE)]
    summary = summary_of(*(passed_on(n) for n in range(1, mails + 1)), *others)
    assert len(summary.passed_on) == lines + 2
    assert sum(line.count for line in summary.passed_on) == mails + 2
    text = COMPOSER.word(summary).text
    assert f"対応が必要なもの：{mails + 2}件" in text
    assert f"担当者が読む必要のあるメール：{mails + 2}件" in text


def test_mails_without_a_sender_are_not_one_flood():
    assert len(summary_of(*(passed_on(n, "") for n in range(1, 10))).passed_on) == 9


@pytest.mark.parametrize(
    ("row", "line"),
    [
        (
            WithheldLetters(LimitReason.ADDRESS, SENDER, Letter.RECEIPT, 40),
            SummaryLine(SENDER, "受付のお知らせ", "上限に達したため、40件に返信していません", 40),
        ),
        (
            WithheldLetters(LimitReason.IN_ALL, "", Letter.RECEIPT, 3),
            SummaryLine("全ての宛先", "受付のお知らせ", "上限に達したため、3件に返信していません", 3),
        ),
    ],
)
def test_a_limit_is_told_in_one_line(row: WithheldLetters, line: SummaryLine):
    assert summary_of(withheld=(row,)).withheld == (line,)


@pytest.mark.parametrize("limit", [*LimitReason])
@pytest.mark.parametrize("letter", [Letter.RECEIPT, Letter.ALERT])
def test_every_limit_has_words_and_its_number(limit: LimitReason, letter: Letter):
    (line,) = summary_of(withheld=(WithheldLetters(limit, "相手", letter, 17),)).withheld
    assert "相手" in line.name
    assert line.about == letter.words
    assert "17件" in line.note
    assert limit.words


def test_a_flood_of_addresses_does_not_fill_the_summary():
    rows = tuple(WithheldLetters(LimitReason.ADDRESS, f"{n}@x.example.jp", Letter.RECEIPT, n) for n in range(1, 1001))
    lines = summary_of(withheld=rows).withheld
    assert len(lines) == 31
    assert sum(line.count for line in lines) == sum(range(1001))
    assert lines[0].name == "1000@x.example.jp"


def test_a_case_stands_with_the_desk_that_is_told_of_it():
    """By the register's row where it names a desk of ours, else by the product: as alerts go."""
    contracts, works = Desk("契約課", "k@x", frozenset({Product.CONTRACT})), Desk("土木課", "d@x", frozenset())
    policy = replace(POLICY, desks=(contracts, works), reply_window=timedelta(days=30))
    row = guarantee(desk="土木課", product=Product.CONTRACT)
    held = submission(SubmissionState.HELD, fields=fields(number=row.number, product=Product.CONTRACT))
    nobodys = replace(row, guarantee_id=2, desk="廃止された課")
    accepted = submission(SubmissionState.ACCEPTED, receipt_number="20261122-0002-1", guarantee_id=2)
    facts = replace(facts_of(), held=(held,), named=(row,), to_verify=((accepted, nobodys),))
    of_contracts, of_works = (summarise(facts, desk, policy) for desk in policy.desks)
    assert [line.name for line in of_works.letter.held] == [held.receipt_number]
    assert of_contracts.letter.held == ()
    assert [one.receipt_number for one in of_contracts.for_dsure] == [accepted.receipt_number]
    assert of_contracts.answerable is not None
    assert [case.receipt_number for case in of_contracts.answerable.cases] == [accepted.receipt_number]
