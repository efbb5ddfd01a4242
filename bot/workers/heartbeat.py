"""The heartbeat: a file that is written anew and a URL that is fetched while all is well, so that who watches from outside notices silence.

Run by bot/crew.py after the sweeps, in the daemon that leads. Well is what /readyz says: the doors are open, and the database answers. Raises OSError
for a file that can't be written and a URL that does not take it; its words have no URL, which may hold a secret.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bot.clock import Clock
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
    """`file`, `url`: where it goes; None and "": nowhere."""

    store: Store
    clock: Clock
    is_ready: Callable[[], bool]
    file: Path | None
    url: str

    @property
    def is_on(self) -> bool:
        """Whether anybody asked for it."""
        return bool(self.file or self.url)

    async def beat(self) -> None:
        """Send one, unless something is wrong."""
        if not self.is_ready() or not await database_answers(self.store):
            return
        if self.file:
            await asyncio.to_thread(self.file.write_text, f"{self.clock().isoformat()}\n", "utf-8")
        if self.url:
            await _fetch(self.url)


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
