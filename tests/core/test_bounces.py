"""Reports about our own letters, and what only looks like one."""

from __future__ import annotations

import pytest

from bot.core.automatic import OwnIdentity, screen
from bot.core.bounces import bounced_letters
from bot.core.mime import parse_mail

OURS = "<hosho-bot.0123456789abcdef0123456789abcdef@city.example.jp>"


def report(action: str = "failed", returned: str = OURS) -> bytes:
    return (
        "From: MAILER-DAEMON@relay.example.jp\nSubject: Undelivered Mail Returned to Sender\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        "--b\nContent-Type: text/plain\n\nsorry\n"
        "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; relay.example.jp\n\n"
        f"Final-Recipient: rfc822; a@example.jp\nAction: {action}\nStatus: 5.1.1\n"
        f"--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: {returned}\n--b--\n"
    ).encode()


def bounced(content: bytes, mail_from: str = "") -> tuple[str, ...]:
    mail = parse_mail(content).mail
    return bounced_letters(content, mail, screen(mail, mail_from, OwnIdentity(frozenset())))


def test_a_report_names_the_letter_that_it_returns():
    assert bounced(report()) == (OURS,)
    assert bounced(report().replace(b"\n", b"\r\n")) == (OURS,)


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded"])
def test_a_letter_that_is_only_late_has_not_bounced(action: str):
    assert bounced(report(action)) == ()


def test_somebody_elses_letter_is_none_of_ours():
    assert bounced(report(returned="<a@example.jp>")) == ()


def test_an_answer_to_a_letter_is_no_report():
    answer = f"From: a@example.jp\nIn-Reply-To: {OURS}\nSubject: 不在\nAuto-Submitted: auto-replied\n\nhello {OURS}\n"
    assert bounced(answer.encode()) == ()
    assert bounced(answer.encode(), "a@example.jp") == ()
