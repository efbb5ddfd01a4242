from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.mail.trace_headers import MAX_DELIVERED_TO, envelope_of, is_ours, trace_envelope
from bot.core.records.envelope import HEADER_BLOCK_BYTES, Envelope, Source

NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"Return-Path: <a@b.example.jp>\r\nDelivered-To: c@d.example.jp\r\n", ("a@b.example.jp", ("c@d.example.jp",))),
        (b"return-path:a@b.example.jp\nX-ORIGINAL-TO:\n c@d.example.jp\n", ("a@b.example.jp", ("c@d.example.jp",))),
        (b"Return-Path: <>\r\n", ("", ())),
        (b"Return-Path: < >\r\n", ("", ())),
        (b"Return-Path: <>\r\nReturn-Path: <forged@b.example.jp>\r\n", ("", ())),
        (b"Return-Path:\r\n", (None, ())),
        (b"Return-Path: nobody\r\nReturn-Path: <a@b.example.jp>\r\n", (None, ())),
        (b"Subject: x\r\n", (None, ())),
        (b"Subject: x\r\n\r\nReturn-Path: <a@b.example.jp>\r\n", (None, ())),
        (b"X: 1\r\n Return-Path: <a@b.example.jp>\r\n", (None, ())),
        ("Return-Path: <担当@b.example.jp>\r\n".encode(), ("担当@b.example.jp", ())),
        (b"Return-Path: <\xff@b.example.jp>\r\n", (None, ())),
        (b"Return-Path: <a@b.example.jp\x00>\r\n", (None, ())),
        (b"Return-Path: <a@b, c@d>\r\n", (None, ())),
        (b"Return-Path: <" + b"a" * 400 + b"@b>\r\n", (None, ())),
        (
            b"Delivered-To: a@b\r\nX-Original-To: c@d\r\nDelivered-To: a@b\r\nEnvelope-To: e@f\r\n",
            (None, ("a@b", "c@d", "e@f")),
        ),
        (b"X: " + b"x" * HEADER_BLOCK_BYTES + b"\r\nReturn-Path: <a@b>\r\n", (None, ())),
        (b"", (None, ())),
    ],
)
def test_trace_headers_are_read(head, expected):
    assert trace_envelope(head) == expected


def test_the_list_of_recipients_is_bounded():
    head = b"".join(b"Delivered-To: a%d@b\r\n" % n for n in range(1_000))
    assert len(trace_envelope(head)[1]) == MAX_DELIVERED_TO


@given(st.binary(max_size=300))
def test_no_bytes_make_it_raise(junk):
    mail_from, delivered_to = trace_envelope(b"Return-Path: " + junk + b"\nDelivered-To: " + junk)
    for text in (mail_from or "", *delivered_to):
        assert text.encode("utf-8").decode("utf-8") == text


@pytest.mark.parametrize(
    ("address", "ours"),
    [
        ("hosho@city.example.jp", True),
        ("HOSHO@City.Example.JP", True),
        ("hosho+tag@city.example.jp", True),
        ("hosho+a+b@city.example.jp", True),
        ("sales+jp@city.example.jp", True),
        ("sales+other@city.example.jp", False),
        ("hosho+tag@other.example.jp", False),
        ("+hosho@city.example.jp", False),
        ("hosho", False),
        ("", False),
        ("@city.example.jp", False),
    ],
)
def test_an_address_is_ours_with_or_without_an_extension(address, ours):
    assert is_ours(address, frozenset({"hosho@city.example.jp", "sales+jp@city.example.jp"})) is ours


def test_a_mailbox_s_mail_without_our_address_is_the_mailbox_s():
    content = b"Return-Path: <a@b.example.jp>\r\nDelivered-To: internal-17@store.example.jp\r\n\r\n"
    assert envelope_of(
        content, source=Source.IMAP, recipients=("hosho@city.example.jp", "second@city.example.jp"), received_at=NOW
    ) == Envelope(Source.IMAP, "a@b.example.jp", ("hosho@city.example.jp",), NOW)
