"""A header field that may stand once stands twice: the signature covers one, the program reads the other. Nobody's word, then."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.core.mail.authentication_results import SenderProof, judge_sender
from bot.core.mail.automatic.screen import screen_header
from bot.core.mail.header_values import ONCE, repeated_fields
from bot.core.mail.parse import parse_mail
from bot.core.policy.policy import Desk, Policy
from bot.core.policy.policy import Office as CityOffice
from bot.core.records.incoming_mail import MailState
from bot.core.records.outgoing_mail import Letter
from bot.core.records.reasons import MailReason, NoReplyReason, SubmissionReason
from bot.core.records.submission import SubmissionState
from tests.storage.samples import add
from tests.workers.conftest import DESK, INBOX, composer, store, watch  # noqa: F401 - fixtures
from tests.workers.test_clerk_answers import KEY, NUMBER, STAFF, Held, Office, held, notice_mail, office, row  # noqa: F401 - fixtures

MX = "mx.city.example.jp"
HEAD = f"Authentication-Results: {MX}; dmarc=pass header.from=city.example.jp\r\nFrom: yamada@city.example.jp\r\n"
OWN = frozenset({"denshi-hosho@city.example.jp"})


@pytest.mark.parametrize("name", sorted(ONCE))
@pytest.mark.parametrize("write", [str.lower, str.upper, str.title, lambda name: f"{name} ", lambda name: f"{name} \t"])
def test_a_field_that_stands_twice_proves_nothing_and_no_machine_answers(name: str, write) -> None:
    fields = "" if name == "from" else f"{name.title()}: x\r\n"
    mail = parse_mail(f"{write(name)}: y@city.example.jp\r\n{HEAD}{fields}\r\nx".encode()).mail
    assert judge_sender(mail, MX) is SenderProof.FAILED
    assert screen_header(mail, "yamada@city.example.jp", OWN) is MailReason.FIELDS_REPEATED


@pytest.mark.parametrize("between", ["", "X-A: b\r\n", "Subject:\r\n folded\r\n", "\t continued\r\n"])
def test_where_they_stand_and_how_they_are_folded_does_not_matter(between: str) -> None:
    mail = parse_mail(f"Subject: a\r\n{between}{HEAD}SUBJECT :\r\n b\r\n\r\nx".encode()).mail
    assert judge_sender(mail, MX) is SenderProof.FAILED


@pytest.mark.parametrize(
    "junk", ["no field\r\n", "X\xad: y\r\n", "X y: z\r\n", ": x\r\n", "X-A: b\r", "X-A: b\r\r", "\x0bx\r\n"]
)
def test_behind_a_line_that_is_no_field_they_count_as_well(junk: str) -> None:
    mail = parse_mail(
        f"{HEAD}Subject: a\r\n{junk}Subject: b\r\nFrom: jiro@city.example.jp\r\n\r\nx".encode("latin-1")
    ).mail
    assert judge_sender(mail, MX) is SenderProof.FAILED
    assert screen_header(mail, "yamada@city.example.jp", OWN) is MailReason.FIELDS_REPEATED


@pytest.mark.parametrize("body", ["Subject: b\r\nFrom: x\r\n", "From: x\r\n\r\nFrom: y\r\n"])
def test_what_looks_like_fields_in_the_text_does_not_count(body: str) -> None:
    mail = parse_mail(f"{HEAD}Subject: a\r\n\r\n{body}".encode()).mail
    assert judge_sender(mail, MX) is SenderProof.PROVEN


def test_fields_that_servers_add_may_repeat() -> None:
    names = [
        "Received",
        "Received",
        "Authentication-Results",
        "Authentication-Results",
        "DKIM-Signature",
        "DKIM-Signature",
    ]
    assert (
        repeated_fields(
            (name, "x") for name in [*names, "Return-Path", "Return-Path", "X-A", "X-A", "Comments", "Comments"]
        )
        == ()
    )


def test_fields_of_an_attached_mail_and_of_parts_are_their_own() -> None:
    attached = (
        "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: b\r\nFrom: a@other.example.net\r\n\r\nx\r\n--b--\r\n"
    )
    mail = parse_mail(f"{HEAD}Subject: a\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n{attached}".encode()).mail
    assert judge_sender(mail, MX) is SenderProof.PROVEN


@pytest.mark.parametrize("padding", ["X: y\r\n" * 1_000, f"X: {'y' * 70_000}\r\n" * 4])
def test_a_field_may_stand_beyond_what_is_read(padding: str) -> None:
    mail = parse_mail(f"{HEAD}Subject: a\r\n{padding}Subject: b\r\n\r\nx".encode()).mail
    assert judge_sender(mail, MX) is SenderProof.FAILED


@pytest.fixture
def policy() -> Policy:
    city = CityOffice("見本市", "契約課", "", "", "", "電子保証受付システム")
    desk = Desk("契約課", DESK, staff=frozenset({STAFF}))
    window, domains = timedelta(days=30), frozenset({"city.example.jp"})
    return Policy(city, (INBOX,), (desk,), authserv_id=MX, reply_window=window, staff_domains=domains)


def twice(content: bytes, field: str) -> bytes:
    return field.encode() + b"\r\n" + content


async def test_a_signed_answer_under_a_second_subject_does_nothing_and_is_told(office: Office, held: Held) -> None:  # noqa: F811
    alert = await held()
    told = len(await office.letters(Letter.MAIL_ALERT))
    await office.answer(alert, "承認", more="Subject: x\r\n")
    assert await office.state() is SubmissionState.HELD
    assert await office.end() == (MailState.PASSED_ON, MailReason.FIELDS_REPEATED)
    assert len(await office.letters(Letter.MAIL_ALERT)) == told + 1
    assert await office.letters(Letter.DESK_REPLY, Letter.DESK_HELP) == []


async def test_a_notice_in_such_a_mail_waits_for_a_person_and_is_not_answered(office: Office) -> None:  # noqa: F811
    await office.store.register.change(add(row()), actor="register", source="rows.csv")
    await office.receive(twice(notice_mail((NUMBER, KEY)), "Message-ID: <b@other.example.net>"))
    (submission,) = await office.submissions()
    assert submission.state is SubmissionState.HELD
    assert SubmissionReason.SENDER_UNPROVEN in submission.reasons
    (mail, *_) = await office.store.incoming.list_(limit=1)
    assert mail.no_reply is NoReplyReason.SENDER_UNPROVEN
    assert await office.letters(Letter.RECEIPT) == []
    assert len(await office.letters(Letter.ALERT)) == 1
