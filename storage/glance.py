"""A glance at a database beside its daemon: a few counts and the alarms that it has noted, without the schema's check, the keys and the ORM.

For a watchdog that asks each minute (bot/probing/glance.py). Reads only. Whatever is not as it should be gives None: then `Store` says what
it is. Raises nothing.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from bot.core.health.workers import Worker
from bot.core.records.incoming_mail import MailState
from bot.core.records.submission import SubmissionState
from storage.database.daemon_lock import is_running
from storage.database.server_lock import HOLDERS
from storage.errors import StoreError
from storage.files import sqlite_file

_ANSWER_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Glance:
    """`noted_at`: when the daemon last looked for alarms, None = not yet; `alarms`: the kinds of those that it found then."""

    mails_waiting: int
    letters_waiting: int
    open_work: int
    noted_at: datetime | None
    alarms: tuple[str, ...]


_Row = Sequence[Any]


def _in(values: Sequence[str]) -> str:
    """Our own words as SQL."""
    return f"({', '.join(repr(str(one)) for one in values)})"


_OPEN = _in([state.value for state in MailState if state.is_work])
_WAITING = _in([SubmissionState.HELD.value, SubmissionState.ACCEPTED.value])
_COUNTS = (
    "SELECT (SELECT count(*) FROM mail WHERE state = 'received'), (SELECT count(*) FROM outbox WHERE state = 'queued'), "  # noqa: S608 - our own words
    f"(SELECT count(*) FROM mail WHERE state IN {_OPEN}) + (SELECT count(*) FROM submission WHERE state IN {_WAITING}), "
    f"(SELECT max(done_at) FROM worker WHERE name = '{Worker.ALARMS.value}')"
)
_ALARMS = "SELECT kind FROM alarm WHERE absent_since IS NULL ORDER BY kind"


async def glance(url: str) -> Glance | None:
    """What there is, where a daemon runs. None: none does, or the database can't be read so."""
    if url.startswith("sqlite:"):
        return await _of_sqlite(url)
    return await _of_postgresql(url)


async def _of_sqlite(url: str) -> Glance | None:
    try:
        file = sqlite_file(url)
        if file is None or not file.exists() or not await is_running(url):
            return None
        place = f"file:{quote(str(file))}?mode=ro"
        with closing(sqlite3.connect(place, uri=True, timeout=_ANSWER_SECONDS)) as database:
            [counts] = database.execute(_COUNTS)
            return _read(counts, list(database.execute(_ALARMS)))
    except (StoreError, OSError, sqlite3.Error, ValueError):
        return None


async def _of_postgresql(url: str) -> Glance | None:
    try:
        import asyncpg  # noqa: PLC0415 - an extra: absent where only SQLite is used
    except ImportError:
        return None
    errors = (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
    primary = {"target_session_attrs": "primary"} if "," in url.partition("://")[2].partition("/")[0] else {}
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            connection = await asyncpg.connect(url, **primary)
            try:
                if not await connection.fetch(HOLDERS):
                    return None
                return _read(await connection.fetchrow(_COUNTS), await connection.fetch(_ALARMS))
            finally:
                connection.terminate()
    except (TimeoutError, *errors):
        return None


def _read(counts: _Row, alarms: Sequence[_Row]) -> Glance:
    mails, letters, work, at = counts
    noted_at = datetime.fromisoformat(at) if isinstance(at, str) else at
    return Glance(
        mails, letters, work, noted_at.astimezone(UTC) if noted_at else None, tuple(kind for (kind,) in alarms)
    )
