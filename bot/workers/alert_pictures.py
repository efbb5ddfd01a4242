"""The pictures of alerts: drawn after a mail is settled, so that nothing that its sender sees depends on them.

The sorter queues such an alert complete but for its pictures, due after WAIT; `later` notes what is to be drawn, and `run` draws
it. With its pictures an alert is due at once. Without them it leaves when the time is over: drawing failed, took too long, or
the daemon was stopped. Raises nothing but CancelledError.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.core.letters.contexts import Alert
from bot.core.letters.drafts import Draft
from bot.core.notice.evidence import View
from bot.core.records.outgoing_mail import OutgoingMail
from bot.core.records.secret import Password
from bot.documents.pool.reader import Reader
from bot.outbound.compose import Composer
from bot.outbound.message import Attachment
from storage.store import Store

log = logging.getLogger("hosho.sorter")

WAIT = timedelta(minutes=3)
"""So long an alert waits for its pictures."""


@dataclass(frozen=True, slots=True)
class _Job:
    """The alerts of one mail that show the same pages."""

    mail_id: int
    views: tuple[View, ...]
    drafts: tuple[Draft, ...]
    passwords: tuple[Password, ...]
    made_at: datetime


class AlertPictures:
    """`on_done` is called when an alert is due."""

    def __init__(self, store: Store, reader: Reader, composer: Composer, clock: Clock) -> None:
        self._store = store
        self._reader = reader
        self._composer = composer
        self._clock = clock
        self._jobs: deque[_Job] = deque()
        self._wake = asyncio.Event()
        self.on_done: Callable[[], None] = lambda: None

    def later(self, mail_id: int, drafts: Sequence[Draft], passwords: tuple[Password, ...], made_at: datetime) -> None:
        """Note the drafts of a settled mail that want pictures; `made_at`: when they were queued."""
        for views in dict.fromkeys(draft.views for draft in drafts if draft.views):
            same = tuple(draft for draft in drafts if draft.views == views)
            self._jobs.append(_Job(mail_id, views, same, passwords, made_at))
        self._wake.set()

    async def run(self) -> None:
        """Draw what is noted, for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self.draw_all()

    async def draw_all(self) -> None:
        """Draw what is noted now."""
        while self._jobs:
            job = self._jobs.popleft()
            if self._clock() >= job.made_at + WAIT:
                continue  # it has left without them
            try:
                await self._draw(job)
            except Exception as error:  # noqa: BLE001 - the worker's top: the alert leaves without its pictures
                log.warning("mail %d: its alert leaves without pictures: %s", job.mail_id, type(error).__name__)
            self.on_done()

    async def _draw(self, job: _Job) -> None:
        _, content, _ = await self._store.incoming.get(job.mail_id)
        drawn = [one for one in await self._reader.draw(content, job.views, job.passwords) if one]
        pictures = [Attachment(f"notice-{n}.png", "image/png", one) for n, one in enumerate(drawn, 1)]
        for draft in job.drafts:
            await self._store.outbox.complete(alert_with(self._composer, draft, job.made_at, pictures))


def alert_with(composer: Composer, draft: Draft, now: datetime, pictures: Sequence[Attachment] = ()) -> OutgoingMail:
    """The alert with these pictures. Whatever they are, its Message-ID, date and reply token are the same."""
    if isinstance(draft.context, Alert):
        draft = replace(draft, context=replace(draft.context, pictures=len(pictures)))
    return composer.compose_draft(draft, now=now, attachments=pictures)
