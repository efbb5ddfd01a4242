"""What commands print: whatever a mail brought, a line is a line, a terminal is not steered, and JSON says the same."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout

from hypothesis import given, settings

from bot.commands.shared.common import echo_json, show, show_one
from tests.core.text.test_control_characters import NEVER, TRICKY

TITLES = {"id": "番号", "subject": "件名"}


def printed(call) -> str:
    with redirect_stdout(io.StringIO()) as out:
        call()
    return out.getvalue()


@settings(deadline=None)
@given(text=TRICKY)
def test_a_table_holds_nothing_that_steers_a_terminal(text: str):
    out = printed(lambda: show([{"id": 1, "subject": text}], as_json=False, titles=TITLES))
    assert not NEVER.search(out.replace("\n", ""))
    assert out.endswith("1件\n")


@given(text=TRICKY)
def test_no_value_can_be_taken_for_another_field(text: str):
    forged = f"{text}\n番号: 2"
    row = {"id": 1, "subject": forged, "parts": [forged]}
    out = printed(lambda: show_one(row, as_json=False, titles=TITLES | {"parts": "書類"}))
    assert not NEVER.search(out.replace("\n", ""))
    assert [line for line in out.split("\n") if line.startswith("番号")] == ["番号: 1"]


@given(text=TRICKY)
def test_json_is_one_line_with_the_same_value(text: str):
    out = printed(lambda: echo_json({"subject": text}))
    assert out.count("\n") == 1
    assert not NEVER.search(out[:-1])
    assert json.loads(out) == json.loads(json.dumps({"subject": text}))
