"""A line of the header that is no field hides nothing behind it; a mail that has one is read, and is nobody's word."""

from __future__ import annotations

import base64

import pytest

from bot.core.mail.addresses import is_ambiguous
from bot.core.mail.authentication_results import SenderProof, judge_sender
from bot.core.mail.message import Flaw
from bot.core.mail.own_head import own_head
from bot.core.mail.parse import parse_mail

MX = "mx.city.example.jp"
FIELDS = (
    b"Return-Path: <taro@kensetsu.example.jp>",
    b"Authentication-Results: mx.city.example.jp; dmarc=pass header.from=kensetsu.example.jp",
    b"Received: from a by b; Mon, 30 Nov 2026 09:00:00 +0900",
    b"From: taro@kensetsu.example.jp",
    b"Subject: =?utf-8?B?6KqN6Ki8?=",
    b"References: <1@example.jp>",
    b'Content-Type: multipart/mixed; boundary="b:1"',
    b"MIME-Version: 1.0",
)
BODY = (
    b'--b:1\r\n\r\nwords\r\n--b:1\r\nContent-Type: application/pdf;\r\nname="key.pdf"\r\n'
    b"Content-Transfer-Encoding: base64\r\n\r\nJVBERi0x\r\n--b:1--\r\n"
)  # fmt: skip


def mail_with(line: bytes, place: int) -> bytes:
    lines = [*FIELDS[:place], line, *FIELDS[place:]]
    return b"\r\n".join([*lines, b"", BODY])


STRAY = {
    "a mailbox file's line": b"From taro@kensetsu.example.jp Mon Nov 30 09:00:00 2026",
    "the same, quoted": b">From taro@kensetsu.example.jp Mon Nov 30 09:00:00 2026",
    "a sentence": b"Good Day,",
    "a sentence with a colon": "ご確認ください: 至急".encode(),
    "a field with an 8-bit name": "件名: x".encode("cp932"),
    "the same, folded": "件名: x\r\n y".encode(),
    "a name with blanks": b"X Y: z",
    "no name": b": x",
    "a parameter": b"charset=utf-8",
}


@pytest.mark.parametrize("line", STRAY.values(), ids=STRAY)
@pytest.mark.parametrize("place", range(1, len(FIELDS) + 1))
def test_a_line_that_is_no_field_hides_nothing(line: bytes, place: int) -> None:
    content = mail_with(line, place)
    mail = parse_mail(content).mail
    assert [one.addr_spec for one in mail.from_] == ["taro@kensetsu.example.jp"]
    assert (mail.subject, mail.body.strip()) == ("認証", "words")
    assert [(part.media_type, part.file_name) for part in mail.parts[1:]] == [("application/pdf", "key.pdf")]
    assert Flaw.HEADER_GUESSED in mail.flaws
    assert is_ambiguous(mail)
    assert judge_sender(mail, MX) is not SenderProof.PROVEN
    own = own_head(content)
    assert (own.from_, own.has_one_header) == (mail.from_, mail.has_one_header)


@pytest.mark.parametrize("place", range(len(FIELDS)))
def test_a_byte_order_mark_hides_no_field(place: int) -> None:
    content = b"\r\n".join([*FIELDS[:place], b"\xef\xbb\xbf" + FIELDS[place], *FIELDS[place + 1 :], b"", BODY])
    mail = parse_mail(content).mail
    assert (len(mail.headers), len(mail.parts), is_ambiguous(mail)) == (len(FIELDS), 2, True)
    assert not own_head(content).has_one_header


@pytest.mark.parametrize(
    ("field", "folded"),
    [
        (6, b'Content-Type: multipart/mixed;\r\nboundary="b:1"'),
        (6, b'Content-Type: multipart/mixed;\r\ntype=x;\r\n boundary="b:1"'),
        (4, b"Subject: =?utf-8?B?6KqN?=\r\n=?utf-8?B?6Ki8?="),
        (5, b"References:\r\n<1@example.jp>"),
    ],
)
def test_a_folded_line_without_its_blank_goes_on_with_its_field(field: int, folded: bytes) -> None:
    mail = parse_mail(b"\r\n".join([*FIELDS[:field], folded, *FIELDS[field + 1 :], b"", BODY])).mail
    assert (mail.subject, mail.reference_ids, len(mail.parts)) == ("認証", ("<1@example.jp>",), 2)
    assert is_ambiguous(mail)


@pytest.mark.parametrize(
    ("content", "body"),
    [
        (b"Subject: x\nHello,\nI send it.\n\nMore", "Hello,\nI send it.\n\nMore"),
        (b"Subject: x\nNote: y\nHello\n\nMore", "Hello\n\nMore"),
        ("Subject: x\nご連絡です\n\n続き".encode(), "ご連絡です\n\n続き"),
        (b"\n>From a to b\n", ">From a to b\n"),
    ],
)
def test_a_body_may_follow_without_a_blank_line(content: bytes, body: str) -> None:
    assert parse_mail(content).mail.body == body


def test_a_mailbox_files_first_line_is_no_flaw() -> None:
    mail = parse_mail(b"\r\n".join([b"From taro Mon Nov 30", *FIELDS, b"", BODY])).mail
    assert not is_ambiguous(mail)
    assert judge_sender(mail, MX) is SenderProof.PROVEN


PDF = b"%PDF-1.7\n" + bytes(range(256)) * 2
LINES = base64.encodebytes(PDF)


@pytest.mark.parametrize(
    ("encoding", "body", "read"),
    [
        ("base64", LINES, PDF),
        ("BASE64 ", LINES, PDF),
        ("base 64", LINES, PDF),
        ("base-64", LINES, PDF),
        ('"base64"', LINES, PDF),
        ("base64 (RFC 2045)", LINES, PDF),
        ("(Mac) base64; x=y", LINES, PDF),
        ("", LINES, PDF),
        ("7bit", LINES, PDF),
        ("8bit", LINES, PDF),
        ("binary", b"\r\n" + LINES.replace(b"\n", b"\r\n"), PDF),
        ("unknown", LINES, PDF),
        ("Quoted Printable", b"a=3Db", b"a=b"),
        ("7bit", b"JVBERi0x is how such a file begins", b"JVBERi0x is how such a file begins"),
        ("", base64.encodebytes(b"words that are in no file of a known kind"), None),
        ("", PDF, PDF),
    ],
)
def test_base64_is_decoded_whatever_the_header_calls_it(encoding: str, body: bytes, read: bytes | None) -> None:
    declared = f"Content-Transfer-Encoding: {encoding}\n" if encoding else ""
    head = f"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: application/pdf; name=k.pdf\n{declared}\n"
    parsed = parse_mail(head.encode() + body + b"\n--b--\n")
    assert parsed.contents["1"].rstrip(b"\r\n") == (body if read is None else read).rstrip(b"\r\n")
