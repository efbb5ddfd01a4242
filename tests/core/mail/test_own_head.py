"""What the daemon reads of a mail's header by itself: the same that a child reads, and never more than its bounds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.mail.addresses import plain_sender
from bot.core.mail.message import Flaw, Mail
from bot.core.mail.own_head import OWN_BYTES, OWN_FIELDS, own_head
from bot.core.mail.parse import parse_mail

WHOLE = (
    b"Return-Path: <koji@kensetsu.example.jp>\r\nReceived: from a by mx\r\nX-Priority: 1\r\n"
    b"Authentication-Results: mx; dmarc=pass\r\n header.from=kensetsu.example.jp\r\nList-Id: <l.example.jp>\r\n"
    b"From: =?utf-8?B?5Lya56S+?= <koji@kensetsu.example.jp>\r\nTo: a@city.example.jp, b@city.example.jp\r\n"
    b"Cc: c@city.example.jp\r\nSubject: =?utf-8?B?6KqN6Ki8?=\r\nMessage-ID: <1@example.jp>\r\n"
    b"In-Reply-To: <2@example.jp>\r\nReferences: <3@example.jp>\r\n <2@example.jp>\r\nDate: Tue, 2 Jun 2026 10:00:00 +0900\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    b"words\r\n"
)


def of_the_head(mail: Mail) -> Mail:
    headers = tuple(one for one in mail.headers if one.name.lower() in OWN_FIELDS)
    return replace(mail, headers=headers, media_type="", body="", marked="", parts=(), flaws=())


@pytest.mark.parametrize(
    "content",
    [
        WHOLE,
        WHOLE.replace(b"\r\n", b"\n"),
        WHOLE.replace(b"\r\n", b"\r"),
        b"From a Tue\r\n" + WHOLE,
        b"\r\n" + WHOLE,
        b"",
        b"x",
    ],
    ids=["CRLF", "LF", "CR", "mailbox file", "blank line first", "empty", "no header"],
)
def test_the_daemon_reads_of_a_header_what_a_child_reads(content: bytes) -> None:
    assert own_head(content) == of_the_head(parse_mail(content).mail)


@pytest.mark.parametrize("field", [b"From", b"Subject", b"References", b"Received"])
def test_a_header_of_any_length_costs_its_bound_only_and_has_no_sender(field: bytes) -> None:
    head = own_head((b"%s: a@example.jp \x8f\xa4\r\n" % field) * 200_000 + WHOLE)
    assert sum(len(one.value) for one in head.headers) <= OWN_BYTES
    longest = own_head((b"%s: %s\r\n" % (field, b"a@example.jp, " * 200)) * 100 + WHOLE)
    assert sum(len(one.value) for one in longest.headers) <= OWN_BYTES
    assert (plain_sender(longest), longest.flaws) == (None, (Flaw.HEADERS_CUT,))
