"""What the daemon reads of a mail's header by itself: the same that a child reads, and never more than its bounds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.mail.addresses import plain_sender
from bot.core.mail.message import Flaw, Mail
from bot.core.mail.own_head import OWN_BYTES, SAID_CHARACTERS, own_head, to_be_told, with_own_head
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


def joined(content: bytes) -> Mail:
    return with_own_head(to_be_told(parse_mail(content).mail), own_head(content))


def in_order_of_names(mail: Mail) -> tuple[object, ...]:
    headers = sorted(mail.headers, key=lambda one: one.name.lower())
    return (headers, mail.from_, mail.to, mail.cc, mail.subject, mail.message_id, mail.in_reply_to, mail.reference_ids,
            mail.date, mail.media_type, mail.body, [replace(part, text=None) for part in mail.parts], mail.flaws)  # fmt: skip


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
def test_both_together_are_the_whole_mail(content: bytes) -> None:
    assert in_order_of_names(joined(content)) == in_order_of_names(parse_mail(content).mail)


def test_what_a_child_tells_holds_nothing_that_the_daemon_reads() -> None:
    told = to_be_told(parse_mail(WHOLE).mail)
    assert [one.name for one in told.headers] == ["X-Priority", "List-Id"]
    assert (told.from_, told.subject, told.message_id) == ((), "", "")


@pytest.mark.parametrize("field", [b"From", b"Subject", b"References", b"Received"])
def test_a_header_of_any_length_costs_its_bound_only_and_has_no_sender(field: bytes) -> None:
    head = own_head((b"%s: a@example.jp \x8f\xa4\r\n" % field) * 200_000 + WHOLE)
    assert sum(len(one.value) for one in head.headers) <= OWN_BYTES
    longest = own_head((b"%s: %s\r\n" % (field, b"a@example.jp, " * 200)) * 100 + WHOLE)
    assert sum(len(one.value) for one in longest.headers) <= OWN_BYTES
    assert (plain_sender(longest), longest.flaws) == (None, (Flaw.HEADERS_CUT,))


def test_a_child_tells_no_text_of_any_length() -> None:
    told = to_be_told(parse_mail(WHOLE + "長い".encode() * SAID_CHARACTERS).mail)
    assert len(told.body) == SAID_CHARACTERS
    assert [part.text for part in told.parts] == [None]
