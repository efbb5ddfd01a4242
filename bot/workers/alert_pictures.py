"""What goes along with letters to desks, pictures of papers or the papers themselves: made after a mail is settled.

So nothing that its sender sees depends on it. The sorter queues such a letter without its files, due after WAIT; `later` notes what is
to be made, and `run` makes it. With its files a letter is due at once. Without them it leaves when the time is over: that failed, took
too long, or the daemon was stopped. A letter that was asked for papers says then that there are none, and where the mail is. Raises nothing but CancelledError.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.core.clerk.originals import attached_name, keys_shown, of_other_desks, with_papers
from bot.core.letters.drafts import Draft
from bot.core.letters.to_desks import Alert, Originals
from bot.core.notice.evidence import View
from bot.core.policy.policy import Policy
from bot.core.records.guarantee import Guarantee
from bot.core.records.outgoing_mail import OutgoingMail
from bot.core.records.secret import Password
from bot.core.records.submission import Submission
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
    views: tuple[View, ...]  # none: its papers as they came
    drafts: tuple[Draft, ...]
    passwords: tuple[Password, ...]
    made_at: datetime


class AlertPictures:
    """`on_done` is called when an alert is due."""

    def __init__(self, store: Store, reader: Reader, composer: Composer, policy: Policy, clock: Clock) -> None:
        self._store = store
        self._reader = reader
        self._composer = composer
        self._policy = policy
        self._clock = clock
        self._jobs: deque[_Job] = deque()
        self._wake = asyncio.Event()
        self.on_done: Callable[[], None] = lambda: None

    def later(self, mail_id: int, drafts: Sequence[Draft], passwords: tuple[Password, ...], made_at: datetime) -> None:
        """Note the drafts of a settled mail that want pictures; `made_at`: when they were queued."""
        for views in dict.fromkeys(draft.views for draft in drafts if draft.views):
            same = tuple(draft for draft in drafts if draft.views == views)
            self._jobs.append(_Job(mail_id, views, same, passwords, made_at))
        for draft in drafts:
            if draft.papers_of:
                self._jobs.append(_Job(draft.papers_of, (), (draft,), (), made_at))
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
        if not job.views:
            await self._attach(job)
            return
        _, content, _ = await self._store.incoming.get(job.mail_id)
        drawn = [one for one in await self._reader.draw(content, job.views, job.passwords) if one]
        pictures = [Attachment(f"notice-{n}.png", "image/png", one) for n, one in enumerate(drawn, 1)]
        for draft in job.drafts:
            await self._store.outbox.complete(alert_with(self._composer, draft, job.made_at, pictures))

    async def _attach(self, job: _Job) -> None:
        """Complete the letter to a clerk with the papers that he asked for."""
        (draft,) = job.drafts
        if not isinstance(draft.context, Originals):
            return
        row, content, submissions = await self._store.incoming.get(job.mail_id)
        if len(content) < row.size_bytes:
            return  # its header alone was kept
        rows = [(one, await self._row_of(one)) for one in submissions]
        others, shared = of_other_desks(rows, draft.context.desk, self._policy.desks)
        limit = self._policy.originals_bytes
        handed = await self._reader.hand_out(
            content, limit, other_desks=others, shared=shared, formats=self._policy.formats
        )
        if handed is None:
            return
        papers = tuple(paper for paper, _ in handed)
        letter = with_papers(draft.context, papers, limit, self._policy)
        going = [(paper, held) for paper, held in handed if paper.kept_back is None]
        files = [
            Attachment(attached_name(n, paper), paper.media_type, held) for n, (paper, held) in enumerate(going, 1)
        ]
        mail = self._composer.compose_draft(replace(draft, context=letter), now=job.made_at, attachments=files)
        await self._store.outbox.complete(replace(mail, keys_of=keys_shown(submissions, papers)))

    async def _row_of(self, one: Submission) -> Guarantee | None:
        if one.guarantee_id is not None:
            return await self._store.register.guarantee(one.guarantee_id)
        return await self._store.register.by_number(one.fields.number)


def alert_with(composer: Composer, draft: Draft, now: datetime, pictures: Sequence[Attachment] = ()) -> OutgoingMail:
    """The alert with these pictures. Whatever they are, its Message-ID, date and reply token are the same."""
    if isinstance(draft.context, Alert):
        draft = replace(draft, context=replace(draft.context, pictures=len(pictures)))
    return composer.compose_draft(draft, now=now, attachments=pictures)
