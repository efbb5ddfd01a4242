"""One table of what no line may hold; every way to a reader goes through it."""

from __future__ import annotations

import json
import re
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.mail.header_values import decode_file_name, decode_header_value, one_line
from bot.core.text.control_characters import CONTROLS, HIDDEN, SURROGATES, VARIATIONS, escaped, escaped_json
from bot.core.text.normalise import clean

NEVER = re.compile(f"[{CONTROLS}{HIDDEN}{SURROGATES}]")
ANY = st.characters(exclude_categories=())
TRICKY = st.one_of(
    st.text(ANY),
    st.text(
        st.sampled_from(
            "\x00\x07\t\n\x0b\x0c\r\x1b\x1c\x7f\x85\x9b\u00ad\u061c\u200b\u200e\u202e\u2028\u2066\ufeff\ud800\U000e0041あA9"
        )
    ),
)


def test_the_table_has_every_control_and_every_format_character():
    letters = map(chr, range(sys.maxunicode + 1))
    missing = [c for c in letters if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and not NEVER.match(c)]
    assert [hex(ord(c)) for c in missing] == []


@pytest.mark.parametrize("c", "あアー〇々ゝ髙﨑①㈱　 ~\\'\"=%日")
def test_what_people_write_is_not_in_it(c: str):
    assert not NEVER.match(c)
    assert not re.match(f"[{VARIATIONS}]", c)


@given(text=TRICKY)
def test_escaped_shows_everything_and_steers_nothing(text: str):
    shown = escaped(text)
    assert not NEVER.search(shown)
    assert shown.encode("utf-8").decode("utf-8") == shown
    assert len(shown.splitlines()) <= 1
    if not NEVER.search(text):
        assert shown == text


@given(value=st.dictionaries(TRICKY, st.one_of(TRICKY, st.integers(), st.lists(TRICKY))))
def test_a_json_line_is_one_line_and_says_the_same(value: dict[str, object]):
    line = escaped_json(json.dumps(value, ensure_ascii=False))
    assert not NEVER.search(line)
    assert json.loads(line) == json.loads(json.dumps(value))


@given(text=TRICKY)
def test_every_cleaner_uses_the_table(text: str):
    raw = text.encode("utf-8", "surrogatepass")
    for shown in (
        clean(text),
        one_line(text),
        decode_header_value(raw),
        decode_file_name(b"attachment; filename=" + raw),
    ):
        assert not NEVER.search(shown), ascii(shown)
