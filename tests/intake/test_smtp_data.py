from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.intake.smtp.data import DataStream

PIECES = st.lists(st.sampled_from([b"\r\n", b"\r", b"\n", b".", b"..", b"x", b"\0", b"\r\n.", b"abc"]), max_size=30)


def fed(wire: bytes, cuts: list[int]) -> tuple[DataStream, bytes, bytes | None]:
    """The stream after the wire in pieces, its content, what followed the end."""
    stream, content, rest = DataStream(), b"", None
    places = [0, *sorted({cut for cut in cuts if cut < len(wire)}), len(wire)]
    for begin, end in pairwise(places):
        if rest is not None:
            rest += wire[begin:end]
            continue
        piece, rest = stream.feed(wire[begin:end])
        content += piece
    return stream, content, rest


def plainly(wire: bytes) -> tuple[bytes, bytes | None, bool]:
    """The same by RFC 5321's words, line by line; the content is what is sure to be content."""
    lines, separator, rest = (b"\r\n" + wire).partition(b"\r\n.\r\n")
    content = (lines + b"\r\n")[2:] if separator else wire
    unstuffed = b"\r\n".join(line[1:] if line[:1] == b"." else line for line in content.split(b"\r\n"))
    suspect = (b"\r\n" + content).replace(b"\0", b"")
    return unstuffed, rest if separator else None, bool(re.search(rb"[\r\n]\.[\r\n]", suspect))


@given(PIECES, PIECES, st.lists(st.integers(0, 80), max_size=12))
def test_it_is_what_the_rfc_says_wherever_the_chunks_are_cut(before, after, cuts):
    wire = b"".join(before) + b"\r\n.\r\n" + b"".join(after)
    stream, content, rest = fed(wire, cuts)
    expected, expected_rest, has_false_end = plainly(wire)
    assert (content, rest, stream.has_false_end) == (expected, expected_rest, has_false_end)
    assert stream.size_bytes == len(content)
    on_the_wire = wire[: len(wire) - len(rest) - 3]
    assert stream.lines == len(re.findall(rb"\r\n|\r|\n", on_the_wire))
    assert stream.has_bare_line_end == bool(re.search(rb"\r(?!\n)|(?<!\r)\n", on_the_wire))


@pytest.mark.parametrize(
    ("wire", "has_false_end", "has_bare"),
    [
        (b"a\r\n..\r\nb\r\n.\r\n", False, False),
        (b"a\n.b\r\n.\r\n", False, True),
        (b"a\rb\nc\r\n.\r\n", False, True),
        (b"a.\nb\r\n.\r\n", False, True),
        (b"a\n..\nb\r\n.\r\n", False, True),
        (b"a\r\r\n.\r\n", False, True),
        (b"a\n.\n\r\n.\r\n", True, True),
        (b".\n\r\n.\r\n", True, True),
        (b"a\r\n\0.\0\r\nb\r\n.\r\n", True, False),
        (b"a\r\n" + b"\0" * 1000 + b".\r\nb\r\n.\r\n", True, False),
    ],
)
def test_a_false_end_is_told_from_a_careless_line_end(wire, has_false_end, has_bare):
    stream, _, rest = fed(wire, list(range(len(wire))))
    assert rest == b""
    assert (stream.has_false_end, stream.has_bare_line_end) == (has_false_end, has_bare)
