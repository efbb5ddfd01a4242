"""Reports about our own letters in every form, and what only looks like one."""

from __future__ import annotations

import base64
import quopri

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.mail.automatic.screen import screen
from bot.core.mail.delivery_status import (
    Report,
    find_report,
    folded_address,
    needs_a_person,
    returned_letter,
    says_no_such_address,
)
from bot.core.mail.parse import parse_mail
from bot.core.records.outgoing_mail import BounceMatch, BounceReport

OURS = "<hosho-bot.0123456789abcdef0123456789abcdef@city.example.jp>"
PATH = "hosho-bounces+0123456789abcdef01234567@city.example.jp"
TO = "a@example.jp"


def report(
    action: str = "failed", returned: str = OURS, status: str = "5.1.1", recipient: str = f"rfc822; {TO}"
) -> bytes:
    return (
        "From: MAILER-DAEMON@relay.example.jp\nSubject: Undelivered Mail Returned to Sender\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        "--b\nContent-Type: text/plain\n\nsorry\n"
        "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; relay.example.jp\n\n"
        f"Final-Recipient: {recipient}\nAction: {action}\nStatus: {status}\nDiagnostic-Code: smtp; 550 5.1.1 User\n unknown\n"
        f"--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: {returned}\n--b--\n"
    ).encode()


def returned(content: bytes, mail_from: str = "", rcpt_tos: tuple[str, ...] = ()) -> BounceReport | None:
    parsed = parse_mail(content)
    automatic = screen(parsed.mail, mail_from, frozenset())
    return returned_letter(find_report(content, parsed), parsed.mail, automatic, rcpt_tos)


DEAD = BounceReport(
    reverse_paths=(),
    message_ids=(OURS,),
    addresses=(TO,),
    is_final=True,
    is_sure=True,
    is_dead=True,
    words="5.1.1 smtp; 550 5.1.1 User unknown",
)


def test_a_report_names_the_letter_that_it_returns():
    assert returned(report()) == DEAD
    assert returned(report().replace(b"\n", b"\r\n")) == DEAD


@pytest.mark.parametrize("address", [PATH, PATH.upper(), PATH.replace("+", "-")])
def test_a_report_names_the_letter_by_the_address_that_it_goes_to(address):
    found = returned(report(returned="<a@example.jp>"), rcpt_tos=("hosho@city.example.jp", address))
    assert found is not None
    assert (found.reverse_paths, found.message_ids) == ((address.lower(),), ())


@pytest.mark.parametrize("line", [f"To: {PATH}", f"X-Original-To: {PATH}"])
def test_a_mailbox_without_an_envelope_has_the_address_in_the_header(line):
    found = returned(line.encode() + b"\n" + report(returned="<a@example.jp>"))
    assert found is not None
    assert found.reverse_paths == (PATH,)


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable"])
def test_what_is_returned_may_be_encoded(encoding):
    head = f"Return-Path: <{PATH}>\nSubject: =?utf-8?q?x?=\nMessage-ID: {OURS}\n".encode()
    coded = base64.encodebytes(head) if encoding == "base64" else quopri.encodestring(head)
    content = report().replace(
        f"text/rfc822-headers\n\nMessage-ID: {OURS}\n".encode(),
        f"text/rfc822-headers\nContent-Transfer-Encoding: {encoding}\n\n".encode() + coded,
    )
    found = returned(content)
    assert found is not None
    assert (found.reverse_paths, found.message_ids) == ((PATH,), (OURS,))


@pytest.mark.parametrize(
    ("recipient", "address"),
    [
        ("rfc822; A@Example.JP", "a@example.jp"),
        ("rfc822;<a@example.jp>", "a@example.jp"),
        ("utf-8; a@見本.example.jp", "a@xn--8pvz87e.example.jp"),
        (r"utf-8; \x{62C5}\x{5F53}@example.jp", "担当@example.jp"),
        ("<a@example.jp>", "a@example.jp"),
        ("x-local; nobody", ""),
        (r"utf-8; \x{D800}\x{110000}a@example.jp", "a@example.jp"),
    ],
)
def test_recipients_are_told_in_many_ways(recipient, address):
    found = returned(report(recipient=recipient))
    assert found is not None
    assert found.addresses == ((address,) if address else ())


def test_an_internationalised_report_is_one_too():
    content = report(recipient=f"utf-8; {TO}").replace(b"message/delivery-status", b"message/global-delivery-status")
    assert returned(content) == DEAD


def test_a_letter_that_is_only_late_has_not_bounced():
    found = returned(report("delayed", status="4.4.1"))
    assert found is not None
    assert (found.is_final, found.is_sure, found.is_dead) == (False, True, False)


@pytest.mark.parametrize("action", ["delivered", "relayed", "expanded", "deliverable"])
def test_good_news_is_no_news(action):
    assert returned(report(action)) is None


def test_what_failed_after_many_days_failed_but_its_address_lives():
    found = returned(report("failed", status="4.4.7"))
    assert found is not None
    assert (found.is_final, found.is_dead) == (True, False)


def test_somebody_elses_letter_is_none_of_ours():
    found = returned(report(returned="<a@example.jp>"))
    assert found is not None
    assert (found.message_ids, found.reverse_paths) == ((), ())


@pytest.mark.parametrize(
    "header",
    [
        b"Auto-Submitted: auto-replied\nSubject: =?utf-8?b?5LiN5Zyo?=\n",  # 不在
        b"Subject: Re: x\n",
        b"Subject: Out of office\nX-Autoreply: yes\n",
    ],
)
@pytest.mark.parametrize("mail_from", ["", "a@example.jp"])
def test_an_answer_to_a_letter_is_no_report(header, mail_from):
    content = b"From: a@example.jp\nIn-Reply-To: %s\n%s\nI am away. %s\n" % (OURS.encode(), header, OURS.encode())
    found = returned(content, mail_from, (PATH,))
    assert found is None or not found.is_final


def test_a_person_who_passes_a_report_on_reports_nothing():
    content = (
        report()
        .replace(b"From: MAILER-DAEMON@relay", b"From: tanto@kensetsu")
        .replace(b"Subject: Und", b"Subject: Fwd: Und")
    )
    content = content.replace(b"multipart/report; report-type=delivery-status;", b"multipart/mixed;")
    content = content.replace(b"message/delivery-status", b"text/plain").replace(b"text/rfc822-headers", b"text/plain")
    assert returned(content, "tanto@kensetsu.example.jp") is None


@pytest.mark.parametrize("media_type", ["message/disposition-notification", "message/feedback-report"])
def test_a_letter_that_was_read_or_disliked_did_arrive(media_type):
    assert returned(report().replace(b"message/delivery-status", media_type.encode())) is None


WHOLE = f"Final-Recipient: rfc822; {TO}\nAction: failed\nStatus: 5.1.1\n"


@pytest.mark.parametrize(
    ("text", "actions"),
    [
        (WHOLE, ("failed",)),
        (f"The original message\n\n{WHOLE}\nsorry", ("failed",)),
        (WHOLE.replace("failed", "error"), ("failed",)),
        (WHOLE.replace("Final", "Original").replace("failed", "delayed"), ("delayed",)),
        ("Action: failed\n", ()),
        ("File name : list.js\nStatus    : File Name violation\nAction    : deleted\n", ()),
        ("Status: 5.0.0\nAction: failed\n", ()),
        (f"Action: failed\nFinal-Recipient: rfc822; {TO}\n", ()),
        ("Final-Recipient: the works\nAction: failed\nStatus: 5.1.1\n", ()),
        (WHOLE.replace("failed", "quarantined"), ()),
        (f"Final-Recipient: rfc822; {TO}\n\nAction: failed\nStatus: 5.1.1\n", ()),
    ],
)
def test_a_text_is_a_report_by_a_recipient_with_a_status(text, actions):
    content = f"From: taro@kensetsu.example.jp\n\n{text}".encode()
    assert find_report(content, parse_mail(content)).actions == actions


PLAIN = "From: MAILER-DAEMON@example.jp\nSubject: {subject}\n\n{text}\n\n--- original ---\nMessage-ID: {ours}\n"


@pytest.mark.parametrize(
    ("text", "is_final", "is_sure", "is_dead"),
    [
        ("<a@example.jp>: 550 5.1.1 User unknown", True, True, True),
        ("次の宛先 a@example.jp は宛先不明のため配信できませんでした。", True, True, True),
        ("a@example.jp: 552 5.2.2 mailbox full", True, True, False),
        ("a@example.jp: 550 5.7.1 blocked by policy", True, True, False),
        ("a@example.jp は迷惑メールと判定されたため配信できません", True, True, False),
        ("could not be delivered for 4 hours. It will be retried.", False, True, False),
        ("451 4.7.1 try again", False, True, False),
        ("送信は遅延しています。", False, True, False),
        ("a@example.jp: something happened", False, False, False),
    ],
)
def test_a_report_in_words_is_final_late_or_unclear(text, is_final, is_sure, is_dead):
    found = returned(PLAIN.format(subject="Returned mail", text=text, ours=OURS).encode())
    assert found is not None
    assert (found.message_ids, found.is_final, found.is_sure, found.is_dead) == ((OURS,), is_final, is_sure, is_dead)


@pytest.mark.parametrize(
    ("status", "words", "is_dead"),
    [
        ("5.1.1", "blocked", True),
        ("5.1.2", "", True),
        ("5.4.4", "", True),
        ("5.1.8", "sender unknown", False),
        ("5.7.1", "no such user", False),
        ("5.2.2", "", False),
        ("5.0.0", "550 no such user here", True),
        ("5.0.0", "550 user unknown; blocked by policy", False),
        ("", "550 unknown user", True),
        ("", "554 rejected", False),
    ],
)
def test_only_a_missing_address_is_a_dead_one(status, words, is_dead):
    assert says_no_such_address(status, words) is is_dead


@pytest.mark.parametrize(
    ("placed", "is_final", "is_sure", "needed"),
    [
        (BounceMatch((7,)), True, True, False),
        (BounceMatch((7,)), False, True, False),
        (BounceMatch((7,)), False, False, True),
        (BounceMatch((), 1), True, True, True),
        (BounceMatch((), 1), False, False, True),
        (BounceMatch((), 1), False, True, False),
        (BounceMatch((), 2), True, True, False),
        (BounceMatch(), True, True, False),
    ],
)
def test_a_person_is_asked_where_the_machine_can_not_know(placed, is_final, is_sure, needed):
    assert needs_a_person(BounceReport((), (), (TO,), is_final, is_sure, False, ""), placed) is needed


@pytest.mark.parametrize(
    "line", ["〒550-0001 大阪市西区", "〒451 -0042 名古屋市", "〒421-0101 静岡市", "手数料は 550 円です"]
)
def test_a_postal_code_or_a_price_is_no_reply_code(line):
    content = (
        f"From: {TO}\nSubject: =?utf-8?b?5Y+X5LuY?=\nContent-Type: text/plain; charset=utf-8\n"
        f"Content-Transfer-Encoding: 8bit\n\nお世話になっております。\n{line} {TO}\n"
    ).encode()
    found = returned(content, rcpt_tos=(PATH,))
    assert found is not None
    assert (found.is_final, found.is_sure, found.is_dead) == (False, False, False)


def test_words_are_one_clean_line():
    found = returned(report().replace(b"User\n unknown", b"\x1b[31mUser\xe2\x80\xae unknown " + b"x" * 5000))
    assert found is not None
    assert found.words.isprintable()
    assert len(found.words) <= 300


@given(
    st.lists(
        st.sampled_from([report(), b"\n", b"--b\n", b"\xff" * 9, b"Action: failed\n", PATH.encode(), OURS.encode()])
    )
)
def test_no_bytes_raise(pieces):
    content = b"".join(pieces)
    assert isinstance(find_report(content, parse_mail(content)), Report)
    returned(content)


@settings(deadline=None)
@given(st.text(max_size=60))
def test_no_text_makes_more_than_one_address(text):
    address = folded_address(text)
    assert address.count("@") == (1 if address else 0)
