"""The heartbeat: a file that is written anew and a URL that is fetched while all is well, so that who watches from outside notices silence.

Run by bot/crew.py after the sweeps, in the daemon that leads. Well is: the doors are open, the disk has room, the database answers, and
no alarm is open that can't wait (what `status --nagios` calls critical). Notes as its success what it really sent. Raises OSError for a file
that can't be written and a URL that does not take it; its words have no URL, which may hold a secret.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bot.clock import Clock
from bot.core.health.alarm_words import AlarmKind
from bot.core.health.workers import Worker
from bot.successes import Successes
from storage.errors import StoreError
from storage.store import Store

ANSWER_SECONDS = 5.0
"""So long the database, or who watches, may take."""


async def database_answers(store: Store) -> bool:
    """Whether its files are there and it answers in time."""
    try:
        store.check_files()
        await asyncio.wait_for(store.journal.head(), ANSWER_SECONDS)
    except (StoreError, TimeoutError):
        return False
    return True


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """`is_ready`: the doors are open. `has_room`: free disk space. `file`, `url`: where it goes; None and "": nowhere."""

    store: Store
    clock: Clock
    is_ready: Callable[[], bool]
    has_room: Callable[[], bool]
    successes: Successes
    file: Path | None
    url: str

    @property
    def is_on(self) -> bool:
        """Whether anybody asked for it."""
        return bool(self.file or self.url)

    async def beat(self) -> None:
        """Send one, unless something is wrong."""
        if not await self._is_well():
            return
        with self.successes.during(Worker.HEARTBEAT):
            if self.file:
                await asyncio.to_thread(self.file.write_text, f"{self.clock().isoformat()}\n", "utf-8")
            if self.url:
                await _fetch(self.url)

    async def _is_well(self) -> bool:
        if not (self.is_ready() and self.has_room() and await database_answers(self.store)):
            return False
        opened = [one for one in await self.store.health.open_alarms() if one.absent_since is None]
        # That it could not be sent is no reason to send it no more.
        ours = (AlarmKind.WORKER_FAILING, Worker.HEARTBEAT.words)
        return all(one.kind.words.can_wait or (one.kind, one.subject) == ours for one in opened)


async def _fetch(url: str) -> None:
    from aiohttp import ClientError, ClientSession, ClientTimeout  # noqa: PLC0415 - an extra, which most offices do without

    try:
        async with (
            ClientSession(timeout=ClientTimeout(total=ANSWER_SECONDS), trust_env=True) as session,
            session.get(url, allow_redirects=False) as answer,
        ):
            status = answer.status
    except (ClientError, TimeoutError, ValueError) as error:
        raise OSError(f"monitoring.heartbeat_url に届きません（{type(error).__name__}）") from None
    if status not in range(200, 300):
        raise OSError(f"monitoring.heartbeat_url の答えが {status} です")
