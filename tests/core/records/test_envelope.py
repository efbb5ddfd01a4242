"""Where a mail's head ends, whatever its line ends are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.records.envelope import message_id_of, parted


@pytest.mark.parametrize(
    ("content", "message_id"),
    [
        (b"Message-ID: <a@example.jp>\r\nFrom: x\r\n\r\nx", "<a@example.jp>"),
        (b"From: x\nMessage-ID: <a@example.jp>\n\nx", "<a@example.jp>"),
        (b"From: x\r\nMessage-ID:\r\n <a@example.jp>\r\n\r\n", "<a@example.jp>"),
        (b"From: x\r\n\nMessage-ID: <a@example.jp>\r\n\r\n", ""),
        (b"From: x\n\r\nMessage-ID: <a@example.jp>\n\n", ""),
        (b"Message-ID: <a@example.jp>", "<a@example.jp>"),
    ],
)
def test_a_message_id_stands_before_the_first_blank_line(content: bytes, message_id: str) -> None:
    assert message_id_of(content) == message_id


@given(st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"x", b"y: z"]), max_size=12).map(b"".join))
def test_it_ends_where_it_would_with_one_kind_of_line_end(content: bytes) -> None:
    def as_lf(some: bytes) -> bytes:
        return some.replace(b"\r\n", b"\n")

    head, _, body = as_lf(content).partition(b"\n\n")
    assert tuple(map(as_lf, parted(content))) == (head, body)
