"""Logging for the whole program: structlog's renderer on the standard library's loggers, one line an event, keys never.

Called once by the command line. Libraries that log what they carry (SQL values, DATA lines, IMAP literals) are kept at
WARNING whatever the level (faults.md §0.11).
"""

from __future__ import annotations

import logging
import sys
from typing import Literal

import structlog

_TALKATIVE = (
    "aiosqlite",
    "tortoise",
    "tortoise.db_client",
    "aioimaplib",
    "mail.log",
    "mail.debug",
    "asyncio",
    "apscheduler",
)


def configure(level: str, form: Literal["text", "json"]) -> None:
    """Send everything to standard error in one form; `level` is a name of the logging module's in lower case."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, structlog.processors.format_exc_info],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
