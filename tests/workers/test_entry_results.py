"""A clerk who sends a notice on, or enters some, is told what became of each: accepted for which row, or why not."""

from __future__ import annotations

import pytest

from bot.core.records.outgoing_mail import Letter, OutboxRow
from bot.core.records.reasons import NoReplyReason
from bot.core.text.business_days import Calendar
from bot.workers.sweeps import Sweeps
from tests.workers.test_clerk_answers import FIRM, KEY, NUMBER, SENDER, STAFF, WORK, Office
from tests.workers.test_entry_mails import FORM, OTHER, SECOND, entry_mail, office, policy

__all__ = ["office", "policy"]  # its fixtures


@pytest.fixture
def sweeps(store, composer, policy, watch) -> Sweeps:
    return Sweeps(store, composer, policy, Calendar(), watch, issued_enabled=False)


def plain(letter: OutboxRow) -> str:
    assert letter.mail.recipient == STAFF
    assert KEY not in letter.mail.text
    return "".join(letter.mail.text.split())


async def result(office: Office) -> str:
    (letter,) = await office.letters(Letter.ENTRY_RESULT)
    return plain(letter)


def typed(body: str, **changes: str) -> bytes:
    """A mail of a clerk with a notice in its words, as he sends one on."""
    return entry_mail(f"電子保証にかかる「認証キー」のお知らせ\n{body}", subject="Fwd: 認証キー", **changes)


async def test_a_notice_that_a_clerk_sends_on_is_answered_with_what_became_of_it(office: Office) -> None:
    await office.receive(typed(FORM))
    text = await result(office)
    assert f"■受付番号20261124-0001-1{WORK}／{FIRM}／前払金保証／{NUMBER}" in text
    assert "結果：確認待ちです。契約課へ、確認依頼のメール又は定時報告でお知らせします" in text
    assert "・PDFではなく、メールの本文に書かれた番号とキーです" in text
    assert "連絡：受注者へは、受付のお知らせを送っていません" in text
    (mail,) = await office.store.incoming.list_()
    assert mail.no_reply is None
    alert = (await office.letter(Letter.ALERT)).mail.text
    assert "差出人への返信：担当者が送ったお知らせの結果を返信しました" in alert


async def test_forms_are_answered_once_when_all_of_a_mail_have_been_read(office: Office, sweeps: Sweeps) -> None:
    unknown = SECOND.replace(OTHER, "99999-000001")
    await office.receive(entry_mail(f"{FORM}差出人：{SENDER}\n\n{unknown}"))
    assert await office.letters(Letter.ENTRY_RESULT) == []
    assert [await sweeps.entry_results(), await sweeps.entry_results()] == [1, 0]
    text = await result(office)
    assert f"結果：受け付けました（台帳1「{WORK}」）。D-Sureでの確認をお願いします" in text
    assert f"連絡：{SENDER}へ、受付のお知らせを送ります" in text
    assert "結果：確認待ちです。" in text
    assert "・保証契約番号が台帳と異なります" in text
    assert "連絡：差出人のアドレスがないため、受付のお知らせを送っていません" in text


async def test_a_form_that_came_before_names_the_first_receipt(office: Office, sweeps: Sweeps) -> None:
    await office.receive(entry_mail(FORM))
    await office.receive(entry_mail(FORM, name="2"))
    assert await sweeps.entry_results() == 2
    letters = await office.letters(Letter.ENTRY_RESULT)
    assert "既に届いているため、新たには受け付けていません（11月24日受付番号20261124-0002-1）" in plain(letters[1])


async def test_papers_without_a_notice_are_answered_too(office: Office) -> None:
    await office.receive(entry_mail("", ("scan.pdf", b"%PDF-1.4 damaged"), subject="Fwd: 認証キー"))
    text = await result(office)
    assert "「認証キー」のお知らせを読み取れませんでした。受付番号20261124-0001-0として" in text
    assert "・scan.pdf：" in text
    assert "（ファイルが壊れています）" in text


@pytest.mark.parametrize(
    ("changes", "no_reply"),
    [
        ({"result": "dmarc=fail header.from=city.example.jp"}, NoReplyReason.OWN_ADDRESS),
        (
            {"sender": "suzuki@city.example.jp"},
            None,
        ),  # of the city, not of the desk: he has a line, without the register's row
    ],
)
async def test_nobody_else_is_told(office: Office, changes, no_reply) -> None:
    await office.receive(typed(FORM, **changes))
    assert await office.letters(Letter.ENTRY_RESULT) == []
    (mail,) = await office.store.incoming.list_()
    assert mail.no_reply is no_reply
