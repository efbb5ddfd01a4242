"""Reports about our letters, from the mail at the door to the letter's row; and under which subject answers go."""

from __future__ import annotations

import base64
from dataclasses import replace
from email.message import EmailMessage

import pytest

from bot.core.letters.drafts import Draft
from bot.core.letters.to_contractors import Issued
from bot.core.mail.parse import parse_mail
from bot.core.notice.interpret import UnderstoodMail
from bot.core.notice.read_mail import Beforehand, ReadMail
from bot.core.policy.policy import Formats, Office
from bot.core.records.envelope import Arrival, Envelope, Source
from bot.core.records.incoming_mail import MailState
from bot.core.records.outgoing_mail import Letter, OutboxState, OutgoingMail
from bot.core.records.reasons import MailReason, OutboxReason
from bot.documents.delivery_reports import read_report
from bot.documents.pool.reader import Reader
from bot.outbound.compose import Composer
from bot.workers.sorter import LEASE, Sorter
from tests.reading import understood
from tests.storage.samples import GUARANTEE, add
from tests.workers.conftest import DESK, INBOX

TO = "tanto@kensetsu.example.jp"
OFFICE = Office("見本市", "契約課", "", "", "", "電子保証受付システム")
BOUNCES = "hosho-bounces@city.example.jp"


class InProcess(Reader):
    """Reads mails without papers in this process: a child for each test would take most of its time."""

    async def read(
        self, content: bytes, formats: Formats | None = None, beforehand: Beforehand | None = None, **_: object
    ) -> UnderstoodMail:
        parsed = parse_mail(content)
        return understood(ReadMail(parsed.mail, (), read_report(content, parsed)), formats, beforehand)


@pytest.fixture
def reader() -> Reader:
    return InProcess()


@pytest.fixture
def composer() -> Composer:
    return Composer(sender=INBOX, bounces=BOUNCES, secret=bytes(16), delimiter="+")


@pytest.fixture
async def issued(store, composer, watch) -> OutgoingMail:
    """A notification that the relay took."""
    context = Issued(OFFICE, "工事", "みほん建設", "契約保証", "12345-678901", watch(), INBOX)
    await store.register.change(add(replace(GUARANTEE, email=TO)), actor="clerk", source="a.csv")
    mail = composer.compose(Draft(context, TO, "issued/1/0", guarantee_id=1), now=watch())
    await store.outbox.enqueue([mail])
    (claimed,) = await store.outbox.claim()
    word = {"state": OutboxState.DELIVERED, "reason": OutboxReason.RELAY_ACCEPTED, "reply": "250 ok"}
    await store.outbox.note_delivery(claimed.outbox_id, **word)
    return mail


def dsn(returned: str, action: str = "failed", status: str = "5.1.1") -> bytes:
    return (
        f"From: MAILER-DAEMON@relay.example.jp\r\nTo: {BOUNCES}\r\nSubject: Undelivered Mail\r\nMessage-ID: <{action}@relay>\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nsorry\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; relay.example.jp\r\n\r\n"
        f"Final-Recipient: rfc822; {TO}\r\nAction: {action}\r\nStatus: {status}\r\nDiagnostic-Code: smtp; 550 no such user\r\n"
        f"\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\n{returned}\r\n--b--\r\n"
    ).encode()


async def sorted_(sorter, store, watch, content: bytes, mail_from: str = "", rcpt_to: str = BOUNCES) -> None:
    await store.incoming.keep([Arrival(Envelope(Source.SMTP, mail_from, (rcpt_to,), watch()), content)])
    await sorter.sort(await store.incoming.claim(lease=LEASE))


async def row(store, number: int = 1):
    found = await store.outbox.get(number)
    return found.state, found.reason


@pytest.mark.parametrize("by", ["the token in the envelope", "the token in what is returned", "the Message-ID"])
async def test_a_report_marks_its_letter_and_stops_others_to_that_address(
    store, composer, policy, watch, reader, issued, by
):
    sorter = Sorter(store, reader, composer, policy, watch)
    returned = {"the token in what is returned": f"Return-Path: <{issued.reverse_path}>", "the Message-ID": ""}
    content = dsn(returned.get(by) or (f"Message-ID: {issued.message_id}" if "ID" in by else "Subject: x"))
    await sorted_(sorter, store, watch, content, rcpt_to=issued.reverse_path if "envelope" in by else BOUNCES)
    assert await row(store) == (OutboxState.BOUNCED, OutboxReason.REPORTED_BACK)
    assert [dead.address for dead in await store.bounces.dead_addresses()] == [TO]
    (mail,) = await store.incoming.list_()
    assert mail.state is MailState.IGNORED
    assert len(await store.outbox.list_()) == 1  # nobody is answered, no alert


@pytest.mark.process
async def test_the_reading_child_reads_reports_too(store, composer, policy, watch, issued):
    async with Reader(1, sees=False) as child:
        sorter = Sorter(store, child, composer, policy, watch)
        qmail = "From: MAILER-DAEMON@b.example.jp\r\nSubject: failure notice\r\nMessage-ID: <q@b>\r\n\r\nHi. This is the qmail-send"
        qmail += f" program.\r\n\r\n<{TO}>:\r\nno such user\r\n\r\n--- Below this line\r\n\r\nMessage-ID: {issued.message_id}\r\n"
        await sorted_(sorter, store, watch, qmail.encode())
    assert await row(store) == (OutboxState.BOUNCED, OutboxReason.REPORTED_BACK)
    assert [dead.address for dead in await store.bounces.dead_addresses()] == [TO]


async def test_a_report_that_somebody_made_up_marks_nothing(store, composer, policy, watch, reader, issued):
    sorter = Sorter(store, reader, composer, policy, watch)
    forger = Composer(sender=INBOX, bounces=BOUNCES, secret=b"a guess" * 3, delimiter="+")
    context = Issued(OFFICE, "工事", "みほん建設", "契約保証", "12345-678901", watch(), INBOX)
    guess = forger.compose(Draft(context, TO, "issued/1/0"), now=watch())
    await sorted_(sorter, store, watch, dsn(f"Message-ID: {guess.message_id}"), rcpt_to=guess.reverse_path)
    assert await row(store) == (OutboxState.DELIVERED, OutboxReason.RELAY_ACCEPTED)
    assert await store.bounces.dead_addresses() == ()


async def test_a_report_that_names_only_the_address_is_shown_to_a_person(
    store, composer, policy, watch, reader, issued
):
    sorter = Sorter(store, reader, composer, policy, watch)
    await sorted_(sorter, store, watch, dsn("Subject: x"))
    (mail,) = await store.incoming.list_()
    assert (mail.state, mail.reason) == (MailState.PASSED_ON, MailReason.REPORT_UNCLEAR)
    alerts = [one for one in await store.outbox.list_() if one.mail.letter is Letter.MAIL_ALERT]
    assert [one.mail.recipient for one in alerts] == [DESK]
    assert await row(store) == (OutboxState.DELIVERED, OutboxReason.RELAY_ACCEPTED)


async def test_a_late_letter_is_noted_and_nobody_is_bothered(store, composer, policy, watch, reader, issued):
    sorter = Sorter(store, reader, composer, policy, watch)
    await sorted_(sorter, store, watch, dsn("Subject: x", "delayed", "4.4.1"), rcpt_to=issued.reverse_path)
    found = await store.outbox.get(1)
    assert (found.state, found.reply) == (OutboxState.DELIVERED, "遅延の通知: 4.4.1 smtp; 550 no such user")
    assert len(await store.outbox.list_()) == 1


@pytest.mark.parametrize(
    "header", ["Auto-Submitted: auto-replied\r\nSubject: =?utf-8?b?5LiN5Zyo?=", "Subject: Out of office"]
)
async def test_a_responder_that_answers_to_the_token_reports_nothing(
    store, composer, policy, watch, reader, issued, header
):
    sorter = Sorter(store, reader, composer, policy, watch)
    content = f"From: {TO}\r\n{header}\r\nIn-Reply-To: {issued.message_id}\r\n\r\nI am out of the office.\r\n".encode()
    await sorted_(sorter, store, watch, content, rcpt_to=issued.reverse_path)
    assert await row(store) == (OutboxState.DELIVERED, OutboxReason.RELAY_ACCEPTED)
    assert await store.bounces.dead_addresses() == ()


async def test_a_persons_mail_brings_his_address_back_to_life_and_a_machines_does_not(
    store, composer, policy, watch, reader, issued
):
    sorter = Sorter(store, reader, composer, policy, watch)
    await sorted_(sorter, store, watch, dsn("Subject: x"), rcpt_to=issued.reverse_path)
    machine = f"From: {TO}\r\nAuto-Submitted: auto-generated\r\nMessage-ID: <m@k>\r\n\r\nx\r\n".encode()
    await sorted_(sorter, store, watch, machine, TO, INBOX)
    assert len(await store.bounces.dead_addresses()) == 1
    person = f"From: {TO.upper()}\r\nMessage-ID: <p@k>\r\nSubject: x\r\n\r\n直しました。\r\n".encode()
    await sorted_(sorter, store, watch, person, TO, INBOX)
    assert await store.bounces.dead_addresses() == ()


def submission(subject: str, *, authenticated: bool) -> bytes:
    mail = EmailMessage()
    if authenticated:
        mail["Authentication-Results"] = "mx.city.example.jp; dmarc=pass header.from=kensetsu.example.jp"
    mail["Received"] = "from a by mx.city.example.jp; Tue, 24 Nov 2026 10:00:00 +0900"
    mail["From"], mail["To"], mail["Message-ID"], mail["Subject"] = TO, INBOX, "<p@k>", subject
    mail.set_content("保証契約番号：12345-678901\n認証キー：abcdEFGH1234\n")
    return mail.as_bytes()


@pytest.mark.parametrize(
    ("subject", "authenticated", "kept"),
    [
        ("【契約関係書類】市道舗装工事", True, "Re: 【契約関係書類】市道舗装工事"),
        ("RE: 市道舗装工事", True, "RE: 市道舗装工事"),
        ("市道舗装工事", False, ""),
        ("詳しくは http://example.jp/", True, ""),
        ("詳しくは example.jp へ", True, ""),
        ("認証キー abcdEFGH1234 の件", True, ""),
        ("工" * 101, True, ""),
        ("", True, ""),
    ],
)
async def test_a_proven_sender_is_answered_under_his_own_subject_if_it_is_harmless(
    store, composer, policy, watch, reader, subject, authenticated, kept
):
    trusting = replace(policy, authserv_id="mx.city.example.jp" if authenticated else "")
    sorter = Sorter(store, reader, composer, trusting, watch)
    await sorted_(sorter, store, watch, submission(subject, authenticated=authenticated), TO, INBOX)
    (letter,) = [one.mail for one in await store.outbox.list_() if one.mail.recipient == TO]
    assert b"\r\nIn-Reply-To: <p@k>\r\nReferences: <p@k>\r\n" in letter.content
    if kept:
        assert letter.subject == kept
    else:
        assert letter.subject.startswith("【")
        assert not subject or subject not in letter.subject
    body = base64.b64decode(letter.content.partition(b"\r\n\r\n")[2]).decode()
    assert "abcdEFGH1234" not in letter.subject + body


async def test_an_office_may_want_its_own_subjects_only(store, composer, policy, watch, reader):
    trusting = replace(policy, authserv_id="mx.city.example.jp", keep_subjects=False)
    sorter = Sorter(store, reader, composer, trusting, watch)
    await sorted_(sorter, store, watch, submission("市道舗装工事", authenticated=True), TO, INBOX)
    (letter,) = [one.mail for one in await store.outbox.list_() if one.mail.recipient == TO]
    assert letter.subject.startswith("【")
