"""What the desk reads in an alert: the work in its subject, and in one about a mail what came from the same address before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.policy.policy import Policy
from bot.core.records.outgoing_mail import Letter
from tests.storage.samples import add
from tests.workers.test_clerk_answers import NUMBER, SENDER, WORK, Office, notice_mail, office, row

__all__ = ["office"]
KEYS = tuple(f"{letter}B3dEf6hIj9k" for letter in "acdef")


@pytest.fixture
def policy(policy: Policy) -> Policy:
    return replace(policy, authserv_id="mx.city.example.jp")


def question(sender: str, name: str) -> bytes:
    """A mail in words alone."""
    head = (
        f"From: {sender}\r\nMessage-ID: <{name}@x>\r\nSubject: shitsumon\r\nContent-Type: text/plain; charset=utf-8\r\n"
    )
    return f"{head}Content-Transfer-Encoding: 8bit\r\n\r\n前払金の請求書は、紙で提出するのでしょうか。\r\n".encode()


def plain(text: str) -> str:
    """The text without the blanks and breaks of its layout."""
    return "".join(text.split())


async def test_an_alert_names_the_work(office: Office) -> None:
    await office.receive(notice_mail((NUMBER, KEYS[0])))
    assert (await office.letter(Letter.ALERT)).mail.subject == f"【確認待ち】{WORK}"


async def test_an_alert_about_a_mail_shows_the_last_three_receipts_of_its_address_alone(office: Office) -> None:
    await office.store.register.change(add(row()), actor="register", source="rows.csv")
    for number, key in enumerate(KEYS, 1):
        await office.receive(notice_mail((f"1000{number}-000001", key), name=str(number)))
    await office.receive(notice_mail(("99999-000001", KEYS[0]), sender="else@other.example.jp", name="else"))
    await office.receive(question(SENDER.upper(), "q"))
    alert = (await office.letter(Letter.MAIL_ALERT)).mail
    assert alert.subject == "【要確認】shitsumon"
    listed = alert.text.partition("■ このアドレスからの最近の受付")[2]
    assert [f"受付番号 20261124-000{mail}-1" in listed for mail in range(1, 8)] == [
        *[False] * 2,
        *[True] * 3,
        *[False] * 2,
    ]
    assert listed.index("-0005-1") < listed.index("-0004-1") < listed.index("-0003-1")
    assert f"（確認待ち）{WORK}／" in plain(listed)
    assert all(key not in alert.text for key in KEYS)


async def test_an_alert_about_the_first_mail_of_an_address_lists_nothing(office: Office) -> None:
    await office.receive(question(SENDER, "q"))
    assert "最近の受付" not in (await office.letter(Letter.MAIL_ALERT)).mail.text
