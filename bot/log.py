"""Logging for the whole program: one event is one line on standard error, and no key can be in it, whatever a library says.

`configure` is called once by the command line, `quieten` again when more libraries are loaded. Our own events are clean by
design; they are masked and escaped besides. Libraries log what they handle (database drivers SQL values, aiosmtpd lines of
DATA), so of their records only the place is told, from WARNING on, whatever the level; of exceptions the class and the
traceback. Raises nothing.
"""

from __future__ import annotations

import copy
import json
import logging
import os
import socket
import ssl
import sys
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePath
from types import MappingProxyType, TracebackType
from typing import Any, Literal

from bot.core.policy.masking import mask_keys, mask_whole_keys
from bot.core.policy.policy import Formats
from bot.core.records.envelope import MessageId
from bot.core.text.control_characters import escaped
from bot.core.text.dates import JAPAN
from bot.core.text.lazy_pattern import LazyPattern

REPEATED_AFTER_SECONDS = 600.0
"""A warning or an error in the same words is said again only then, with how often it happened meanwhile."""
_MOST_REPEATS = 1000  # of different ones; memory is bounded

_OURS = "hosho"
# Packages whose exceptions' texts we wrote ourselves: reasons and places, never contents.
_OUR_PACKAGES = frozenset({"bot", "storage", "mail_templates"})
# They look as random as a key, and one key in a thousand million ends like this.
_CLASS_NAMES = LazyPattern(r"(?a:\b)([A-Z][A-Za-z0-9]*(?:Error|Exception))(?a:\b)")
_ROWS = LazyPattern(r"(?a:\b)(mail|outgoing) ([0-9]{1,18})(?a:\b)")
"""How our events name what they are about."""
_MOST_FRAMES = 20  # of an exception's way through the code, the last ones
_MOST_CAUSES = 5
_MOST_LETTERS = 4000  # characters of one event
_PLAIN, _BOLD, _DIM, _BLUE = "\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[34m"
_COLOURS = MappingProxyType(
    {"debug": "\x1b[32m", "info": "\x1b[32m", "warning": "\x1b[33m", "error": "\x1b[31m", "critical": "\x1b[31m"}
)


def configure(level: str, form: Literal["text", "json"], formats: Formats | None = None) -> None:
    """Send everything to standard error in one form.

    `level`: a name of the logging module's in lower case, for our own events. `formats`: what keys look like here.
    """
    handler = handler_for(form, formats or Formats())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    logging.captureWarnings(capture=True)
    sys.excepthook = _told
    quieten()


def handler_for(form: Literal["text", "json"], formats: Formats) -> logging.StreamHandler[Any]:
    """A handler for standard error: keys are masked, control characters escaped."""
    return _Handler(form, formats)


class _OneLine(logging.Formatter):
    """Time, level, words and logger of an event: in columns, with colours on a terminal, or as a JSON object."""

    def __init__(self, form: Literal["text", "json"], *, colours: bool) -> None:
        super().__init__()
        self._form, self._colours = form, colours

    def format(self, record: logging.LogRecord) -> str:
        then = datetime.fromtimestamp(record.created, UTC)
        at, local = then.isoformat(timespec="microseconds").replace("+00:00", "Z"), then.astimezone(JAPAN)
        level, words = record.levelname.lower(), record.getMessage()
        if self._form == "json":
            event = {"event": words, "level": level, "logger": record.name, "timestamp": at}
            fields = {"local": local.isoformat(timespec="seconds")} | getattr(record, "fields", {})
            return json.dumps(fields | event, ensure_ascii=False)
        at = f"{at} ({local:%H:%M:%S}+09:00)"
        if self._colours:
            return (
                f"{_DIM}{at}{_PLAIN} [{_COLOURS.get(level, '')}{_BOLD}{level:<9}{_PLAIN}] {_BOLD}{words:<30}{_PLAIN} "
                f"[{_BOLD}{_BLUE}{record.name}{_PLAIN}]"
            )
        return f"{at} [{level:<9}] {words:<30} [{record.name}]"


_PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))


def _priority(level: int) -> int:
    """Syslog's number for a level."""
    return next((number for least, number in _PRIORITIES if level >= least), 7)


def _is_journal() -> bool:
    """Whether journald reads our standard error (systemd.exec(5))."""
    try:
        status = os.fstat(2)
    except OSError:
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


def quieten() -> None:
    """Take away what libraries attached to their own loggers: everything goes through the one handler."""
    for logger in logging.Logger.manager.loggerDict.values():
        if isinstance(logger, logging.Logger):
            logger.handlers.clear()
            logger.propagate = True


def _told(_kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
    """Log an exception that nobody caught; the program ends."""
    if not isinstance(error, KeyboardInterrupt):
        logging.getLogger(_OURS).critical("ended by an error that nobody expected", exc_info=error)


@dataclass(slots=True)
class _Repeat:
    """When something was said, in seconds since the epoch, and how often it would have been said since."""

    at: float
    times: int = 0


class _Handler(logging.StreamHandler[Any]):
    """What handler_for makes."""

    def __init__(self, form: Literal["text", "json"], formats: Formats) -> None:
        super().__init__(sys.stderr)
        self.setFormatter(_OneLine(form, colours=sys.stderr.isatty()))
        self._formats = formats
        self._repeats: dict[tuple[str, str], _Repeat] = {}
        self._form = form
        self._is_journal = _is_journal()

    def emit(self, record: logging.LogRecord) -> None:
        is_ours = record.name == _OURS or record.name.startswith(f"{_OURS}.")
        if not is_ours and record.levelno < logging.WARNING:
            return
        try:
            words = self._our_words(record) if is_ours else _place(record)
            if record.exc_info and record.exc_info[1]:
                words = f"{words}: {' ← '.join(self._causes(record.exc_info[1]))}"
        except Exception as error:  # noqa: BLE001 - a wrong format or a `str` that raises must not hide that something happened
            words = f"{_place(record)}, which can't be shown ({type(error).__name__})"
        if record.levelno >= logging.WARNING and not (words := self._unless_repeated(record, words)):
            return
        clean = copy.copy(record)
        clean.msg = escaped(words[:_MOST_LETTERS])
        clean.fields = self._fields(record, words) if is_ours and self._form == "json" else {}
        clean.args, clean.exc_info, clean.exc_text, clean.stack_info = None, None, None, None
        super().emit(clean)

    def format(self, record: logging.LogRecord) -> str:
        """Give each line its priority where journald reads it (sd-daemon(3))."""
        line = super().format(record)
        return f"<{_priority(record.levelno)}>{line}" if self._is_journal else line

    def _fields(self, record: logging.LogRecord, words: str) -> dict[str, object]:
        """What the event is about, by name: the rows that its words name, and what the caller gave as `extra`."""
        rows = {kind: int(number) for kind, number in _ROWS.findall(words)}
        given: Mapping[str, object] = getattr(record, "fields", {})
        return rows | {name: self._field(value) for name, value in given.items()}

    def _field(self, value: object) -> object:
        return value if value is None or isinstance(value, int) else escaped(str(self._value(value)))

    def _unless_repeated(self, record: logging.LogRecord, words: str) -> str:
        """The words, "" when the same were said lately: a fault is one line, not one for each mail that meets it."""
        key = (record.name, words)
        known = self._repeats.get(key)
        if known is not None and 0 <= record.created - known.at < REPEATED_AFTER_SECONDS:
            known.times += 1
            return ""
        if len(self._repeats) >= _MOST_REPEATS:
            self._repeats.clear()
        self._repeats[key] = _Repeat(record.created)
        return f"{words} (and {known.times} times more since it was said)" if known and known.times else words

    def _our_words(self, record: logging.LogRecord) -> str:
        """The event's words are ours; the values in it are masked one by one."""
        if not isinstance(record.args, tuple) or not record.args:
            return record.getMessage()
        return str(record.msg) % tuple(self._value(value) for value in record.args)

    def _value(self, value: object) -> object:
        if isinstance(value, int | float):
            return value
        if isinstance(value, MessageId):
            return mask_whole_keys(value, self._formats)
        return self._masked(error_words(value) if isinstance(value, BaseException) else str(value))

    def _masked(self, text: str) -> str:
        pieces = _CLASS_NAMES.split(text[:_MOST_LETTERS])  # the class names are every second one
        return "".join(piece if place % 2 else mask_keys(piece, self._formats) for place, piece in enumerate(pieces))

    def _causes(self, error: BaseException) -> Iterator[str]:
        """The exception and what led to it, each with its way through the code, last step first."""
        following: BaseException | None = error
        for _ in range(_MOST_CAUSES):
            if following is None:
                return
            frames = traceback.extract_tb(following.__traceback__)[-_MOST_FRAMES:]
            way = " < ".join(f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in reversed(frames))
            yield self._masked(error_words(following)) + (f" at {way}" if way else "")
            if isinstance(following, BaseExceptionGroup):
                for inner in following.exceptions[:_MOST_CAUSES]:
                    yield " ← ".join(self._causes(inner))
            hidden = following.__suppress_context__
            following = following.__cause__ or (None if hidden else following.__context__)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name; its own prints the record's values
        """Standard error is closed: nothing can be reported."""


def _place(record: logging.LogRecord) -> str:
    return f"{record.name} says something at {_short(record.pathname)}:{record.lineno} {record.funcName}"


_REASON = LazyPattern(r"[A-Z_]+")


def error_words(error: BaseException) -> str:
    """An exception in words that can't hold a secret: our own text, the system's, or only its class."""
    if type(error).__module__.partition(".")[0] in _OUR_PACKAGES:
        return str(error)
    name = type(error).__name__
    if isinstance(error, ssl.SSLError):
        return f"{name} ({error.reason})" if _REASON.fullmatch(error.reason or "") else name
    if isinstance(error, OSError) and isinstance(error.errno, int):
        if isinstance(error, socket.gaierror) or error.strerror == os.strerror(error.errno):
            return f"{name} ({error.strerror})"
        return f"{name} ({os.strerror(error.errno)})"
    return name


def _short(path: str) -> str:
    """A file's name with its folder: enough to find it, nothing of where it was installed."""
    return "/".join(PurePath(path).parts[-2:])
