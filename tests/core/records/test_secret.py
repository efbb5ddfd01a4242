"""A key can't be shown by accident."""

from __future__ import annotations

import json
import logging
import pprint
import traceback
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.records.incoming_mail import KeyReceived
from bot.core.records.secret import AuthKey
from tests.core.verdict.cases import KEY, NUMBER, guarantee, notice, submission

LETTERS = KEY.reveal()


@pytest.mark.parametrize(
    "shown",
    [
        str(KEY),
        repr(KEY),
        f"{KEY}",
        f"{KEY!r:>40}",
        f"{KEY:>40}",
        "%s %r" % (KEY, KEY),  # noqa: UP031 - the old way is a way too
        repr([KEY]),
        pprint.pformat({"key": KEY}),
        json.dumps({"key": KEY}, default=str),
        repr(notice()),
        repr(submission()),
        repr(guarantee(auth_key=KEY)),
        repr(KeyReceived(1, NUMBER, KEY)),
        repr(replace(submission(), evidence=(f"{KEY}",))),
    ],
)
def test_it_is_masked_however_it_is_shown(shown: str):
    assert LETTERS not in shown
    assert "************(12)" in shown


def test_it_is_masked_in_a_log_and_in_a_traceback(caplog: pytest.LogCaptureFixture):
    error = ValueError(KEY)
    shown = "".join(traceback.format_exception(error))
    logging.getLogger("test").error("key %s", KEY, exc_info=error)
    assert LETTERS not in shown
    assert LETTERS not in caplog.text
    assert "************(12)" in caplog.text


def test_its_letters_are_given_only_on_demand():
    assert KEY.reveal() == LETTERS


@given(st.text(max_size=20), st.text(max_size=20))
def test_keys_are_the_same_to_the_letter_only(a: str, b: str):
    assert AuthKey(a).same_as(AuthKey(b)) is (a == b)


@pytest.mark.parametrize("other", [LETTERS.lower(), LETTERS.upper(), LETTERS + " ", "ａＢ３ｄＥｆ６ｈＩｊ９ｋ", ""])
def test_case_width_and_blanks_make_another_key(other: str):
    assert not KEY.same_as(AuthKey(other))
