"""The log: one event, one line; nothing that a library, an exception or a mail says can forge one or carry a key."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.policy.policy import Formats
from bot.core.records.envelope import MessageId
from bot.core.text.control_characters import CONTROLS, HIDDEN, SURROGATES
from bot.log import REPEATED_AFTER_SECONDS, error_words, handler_for
from storage.errors import StoreError

KEY = "Zq7Rk2Wm9Tb4"
Form = Literal["text", "json"]
NEVER = re.compile(f"[{CONTROLS}{HIDDEN}{SURROGATES}]")
TRICKS = (
    "\n2026-11-22T00:00:00Z [error    ] forged [hosho.app]",
    "\r\x1b[2K\x1b[31mred",
    "\u202egnp.exe",
    "a\u2028b\u2029c\x85d\x0be\x0cf",
    "nul \0 and half \udc80",
    "\U000e0041 tag \u200b zero \ufeff",
)


def logged(form: Form, log: Callable[[logging.Logger], None], *, name: str = "hosho.test", level: int = 1) -> str:
    """What the handler writes of a call on a logger of this name, whose level is 1: everything."""
    stream = io.StringIO()
    handler = handler_for(form, Formats())
    handler.setStream(stream)
    logger = logging.Logger(name, level)  # noqa: LOG001 - one that nobody else has
    logger.addHandler(handler)
    log(logger)
    return stream.getvalue()


def raised(error: BaseException, cause: BaseException | None = None) -> BaseException:
    """The error with a way through the code."""
    try:
        raise error from cause  # noqa: TRY301 - that is the purpose
    except BaseException as caught:  # noqa: BLE001 - any of the test's
        return caught


# -- lines


def test_an_event_is_its_time_level_words_and_logger():
    record = logging.LogRecord("hosho.x", logging.WARNING, __file__, 1, "メール %d", (3,), None)
    record.created = 1796000000.5
    as_text, as_json = handler_for("text", Formats()), handler_for("json", Formats())
    assert (
        as_text.format(record)
        == "2026-11-30T00:53:20.500000Z (09:53:20+09:00) [warning  ] メール 3                          [hosho.x]"
    )
    assert json.loads(as_json.format(record)) == {
        "event": "メール 3",
        "level": "warning",
        "logger": "hosho.x",
        "timestamp": "2026-11-30T00:53:20.500000Z",
        "local": "2026-11-30T09:53:20+09:00",
    }


@pytest.mark.parametrize("form", ["text", "json"])
@given(
    text=st.one_of(st.sampled_from(TRICKS), st.text(st.characters(exclude_categories=())), st.text(NEVER.pattern[1:-1]))
)
def test_whatever_a_value_holds_an_event_is_one_line(form: Form, text: str):
    written = logged(form, lambda log: log.warning("mail %d from %s", 1, text))
    assert written.endswith("\n")
    line = written[:-1]
    assert not NEVER.search(line)
    assert len(line.splitlines()) == 1
    assert "mail 1 from " in line
    if form == "json":
        event = json.loads(line)
        assert (event["level"], event["logger"]) == ("warning", "hosho.test")


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("trick", TRICKS)
def test_a_trick_is_shown_escaped_not_taken_away(form: Form, trick: str):
    line = logged(form, lambda log: log.error("%s", trick))
    for found in set(NEVER.findall(trick)):
        assert re.search(rf"\\+(?:x{ord(found):02x}|u{ord(found):04x}|U{ord(found):08x})", line), found


@pytest.mark.parametrize("form", ["text", "json"])
def test_an_exception_stays_on_the_line_of_its_event(form: Form):
    error = raised(StoreError("the database\nis gone"), raised(ValueError(KEY)))
    written = logged(form, lambda log: log.error("no mail is taken", exc_info=error))
    assert len(written.splitlines()) == 1
    assert re.search(
        r"no mail is taken: the database\\+x0ais gone at tests/test_log\.py:\d+ raised ← ValueError at ", written
    )


# -- what is not ours


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize(
    "name", ["aiosmtpd", "mail.log", "tortoise.db_client", "aioimaplib.aioimaplib", "hoshoX", "root"]
)
def test_a_library_is_told_by_its_place_and_only_from_warning_on(form: Form, name: str):
    def says(log: logging.Logger) -> None:
        log.debug("%r << %r", "peer", KEY)
        log.info(f"received {KEY}")  # noqa: G004 - as libraries do

    assert logged(form, says, name=name) == ""

    def warns(log: logging.Logger) -> None:
        log.warning(f"line {KEY} %s", KEY, exc_info=raised(ValueError(KEY)))  # noqa: G004 - likewise

    written = logged(form, warns, name=name)
    assert re.search(
        rf"{re.escape(name)} says something at tests/test_log\.py:\d+ warns: ValueError at tests/test_log", written
    )
    assert KEY not in written


# -- exceptions


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError(KEY), "ValueError"),
        (StoreError("the database is gone"), "the database is gone"),
        (OSError(28, "No space left on device"), "OSError (No space left on device)"),
        (FileNotFoundError(2, "No such file or directory", KEY), "FileNotFoundError (No such file or directory)"),
        (ConnectionRefusedError(111, KEY), "ConnectionRefusedError (Connection refused)"),
        (OSError(KEY), "OSError"),
        (UnicodeDecodeError("utf-8", KEY.encode(), 0, 1, KEY), "UnicodeDecodeError"),
        (ExceptionGroup(KEY, [ValueError(KEY)]), "ExceptionGroup"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_exceptions_words_are_ours_the_systems_or_its_class(error: BaseException, words: str):
    assert error_words(error) == words
    for log_it in (
        lambda log: log.error("%s", error),
        lambda log: log.error("x", exc_info=raised(error)),
        lambda log: log.error("x", exc_info=raised(RuntimeError(), error)),
        lambda log: log.error("x", exc_info=raised(ExceptionGroup("", [StoreError("a"), Exception(error)]))),
    ):
        written = logged("text", log_it)
        assert KEY not in written
        assert len(written.splitlines()) == 1


def test_a_record_that_can_not_be_shown_is_told_all_the_same():
    class Wild:
        def __str__(self) -> str:
            raise RuntimeError(KEY)

    for log_it in (lambda log: log.error("%d", KEY), lambda log: log.error("%s", Wild())):
        written = logged("text", log_it)
        assert "which can't be shown (" in written
        assert KEY not in written


# -- ours


def test_a_key_in_an_event_of_ours_is_masked_all_the_same():
    assert KEY not in (written := logged("text", lambda log: log.warning("the relay said: 550 %s", KEY)))
    assert "the relay said: 550 ＊＊＊＊＊＊" in written


def test_the_class_of_an_error_is_no_key():
    error = StoreError("the database could not be asked (OperationalError)")
    for log_it in (lambda log: log.error("%s", error), lambda log: log.error("x", exc_info=raised(error))):
        assert "the database could not be asked (OperationalError)" in logged("text", log_it)
    assert "NotImplementedError at " in logged(
        "text", lambda log: log.error("x", exc_info=raised(NotImplementedError()))
    )


def test_the_same_trouble_is_one_line_and_its_count_comes_later():
    handler = handler_for("text", Formats())
    handler.setStream(stream := io.StringIO())

    def say(at: float, words: str, level: int = logging.ERROR) -> None:
        record = logging.LogRecord("hosho.x", level, __file__, 1, words, (), None)
        record.created = at
        handler.handle(record)

    for number in range(1000):
        say(number / 10, "the disk is full")
        say(number / 10, "a mail came", logging.INFO)
    say(50, "the relay is gone")
    say(REPEATED_AFTER_SECONDS, "the disk is full")
    say(REPEATED_AFTER_SECONDS + 1, "the disk is full")
    say(5, "the disk is full")  # somebody set the clock back
    told = [
        line.split("] ", 1)[1].rpartition(" [")[0].rstrip()
        for line in stream.getvalue().splitlines()
        if " came" not in line
    ]
    assert told == [
        "the disk is full",
        "the relay is gone",
        "the disk is full (and 999 times more since it was said)",
        "the disk is full (and 1 times more since it was said)",
    ]
    assert stream.getvalue().count("a mail came") == 1000


# -- the whole


SCRIPT = """
import logging, sys, warnings
from bot import log
library = logging.getLogger("library.part")
library.addHandler(logging.StreamHandler())
library.propagate = False
log.configure("debug", "text")
library.warning("%s", KEY)
late = logging.getLogger("late")
late.addHandler(logging.StreamHandler())
late.setLevel("DEBUG")
log.quieten()
late.debug(KEY)
warnings.warn(KEY)
raise ValueError(KEY)
"""


@pytest.mark.process
def test_handlers_of_libraries_warnings_and_the_last_error_go_the_same_way():
    done = subprocess.run(
        [sys.executable, "-c", f"KEY = {KEY!r}\n{SCRIPT}"],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[1],
        check=False,
    )
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert len(lines) == 3, done.stderr
    assert "library.part says something at " in lines[0]
    assert "py.warnings says something at " in lines[1]
    assert re.search(r"ended by an error that nobody expected: ValueError at .*<string>:\d+ <module>", lines[2])
    assert KEY not in done.stdout + done.stderr


# -- what an event is about


def test_an_events_rows_and_fields_stand_beside_its_words_and_both_times_are_told():
    given_ = {
        "message_id": MessageId(f"<{KEY}@example.jp>"),
        "sender": "a\u202eb@example.jp",
        "size_bytes": 7,
        "peer": None,
    }
    line = logged("json", lambda log: log.info("mail %d taken, outgoing %d waits", 42, 5, extra={"fields": given_}))
    event = json.loads(line)
    assert {name: event[name] for name in ("mail", "outgoing", "size_bytes", "peer")} == {
        "mail": 42,
        "outgoing": 5,
        "size_bytes": 7,
        "peer": None,
    }
    assert KEY not in line
    assert event["sender"] == "a\\u202eb@example.jp"
    assert (event["timestamp"][-1], event["local"][-6:]) == ("Z", "+09:00")
    assert datetime.fromisoformat(event["local"]) == datetime.fromisoformat(event["timestamp"]).replace(microsecond=0)
    text = logged("text", lambda log: log.info("mail %d", 1))
    assert re.match(r"[0-9-]{10}T[0-9:.]+Z \([0-9:]{8}\+09:00\) ", text)


@pytest.mark.process
def test_journald_gets_each_lines_priority(tmp_path):
    script = "import logging; from bot import log; log.configure('info', 'text'); [logging.getLogger('hosho.x').log(n, str(n)) for n in (20, 30, 40)]"
    with (tmp_path / "journal").open("wb") as journal:
        status = os.fstat(journal.fileno())
        environment = os.environ | {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
        subprocess.run([sys.executable, "-c", script], stderr=journal, env=environment, check=True)
    lines = (tmp_path / "journal").read_text().splitlines()
    assert [line[:3] for line in lines] == ["<6>", "<4>", "<3>"]
