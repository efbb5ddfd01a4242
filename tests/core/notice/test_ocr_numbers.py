"""A number of a picture that has no known form: what settles it, and what doesn't."""

from __future__ import annotations

import pytest

from bot.core.notice.ocr_numbers import settled_number
from bot.core.policy.policy import Formats

FORMATS = Formats()
NUMBER = "12345-678901"


@pytest.mark.parametrize(
    ("first", "again"),
    [
        ("12345-67890", (NUMBER, NUMBER)),
        ("2345-678901", ("１２３４５－６７８９０１", NUMBER, "345-678901")),
        ("12345-6789O1", (NUMBER, "")),
        ("l2345-678901", ("I2345-67890l",)),
        ("", (NUMBER, NUMBER)),
        (NUMBER, ("99999-999999", "99999-999999")),  # it has a known form: nothing to settle
    ],
)
def test_two_readings_that_agree_settle_a_number(first, again):
    assert settled_number(first, again, FORMATS) == NUMBER


@pytest.mark.parametrize(
    ("first", "again"),
    [
        ("12345-67890", (NUMBER,)),
        ("12345-67890", (NUMBER, NUMBER, "12345-678907")),
        ("12345-67890", ("2345-678901", "2345-678901")),
        ("12345-6789X1", ("12345-6789X1",)),
        ("A2345", ()),
        ("", ()),
    ],
)
def test_a_number_that_is_not_sure_stays_as_it_was_read(first, again):
    assert settled_number(first, again, FORMATS) == first


def test_letters_stay_letters_where_a_known_form_has_letters():
    formats = Formats(numbers=(r"[A-Z]{1}[0-9]{4}-[0-9]{6}", r"[0-9]{5}-[0-9]{6}"))
    assert settled_number("O2345-67890l", ("O2345-67890l",), formats) == "O2345-67890l"
    assert settled_number("O2345-67890", ("O2345-678901", "O2345-678901"), formats) == "O2345-678901"
