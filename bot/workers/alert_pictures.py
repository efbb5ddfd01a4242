"""What goes along with letters to desks, pictures of papers or the papers themselves: made after a mail is settled.

So nothing that its sender sees depends on it. The sorter queues such a letter without its files, to wait for them; `later` notes what is
to be made, and `run` makes it, however long its turn takes: with its files, or when they can't be had in TRIES tries, the letter is
due. `recover` sees to the letters of a daemon that was stopped meanwhile. A letter that was asked for papers says where there are
none, and in which mail they lie. Raises nothing but CancelledError; `recover`: StoreError.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.core.clerk.originals import asked_again, mail_of_letter
from bot.core.letters.drafts import Draft
from bot.core.letters.to_desks import Alert
from bot.core.notice.evidence import View
from bot.core.policy.policy import Policy
from bot.core.records.outgoing_mail import Letter, OutgoingMail
from bot.core.records.secret import Password
from bot.documents.pool.reader import Reader
from bot.outbound.compose import Composer
from bot.outbound.message import Attachment
from bot.workers.asked_papers import AskedPapers
from storage.errors import NotFound
from storage.store import Store

log = logging.getLogger("hosho.sorter")

HELD_FOR = timedelta(days=1)
"""Until then a letter waits for its files if nobody completes it: a daemon does, or the next one at its start."""
TRIES = 3
_PAUSE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class _Job:
    """The alerts of one mail that show the same pages, or a letter that asks for its papers (no views)."""

    mail_id: int
    views: tuple[View, ...]
    drafts: tuple[Draft, ...]
    passwords: tuple[Password, ...]
    made_at: datetime
    tries: int = 0


class AlertPictures:
    """`on_done` is called when a letter is due."""

    def __init__(self, store: Store, reader: Reader, composer: Composer, policy: Policy) -> None:
        self._store = store
        self._reader = reader
        self._composer = composer
        self._policy = policy
        self._papers = AskedPapers(store, reader, composer, policy)
        self._jobs: deque[_Job] = deque()
        self._tried: list[_Job] = []  # could not be had, and wait for their next try
        self._wake = asyncio.Event()
        self.on_done: Callable[[], None] = lambda: None

    def later(self, mail_id: int, drafts: Sequence[Draft], passwords: tuple[Password, ...], made_at: datetime) -> None:
        """Note the drafts of a settled mail that want pictures or papers; `made_at`: when they were queued."""
        for views in dict.fromkeys(draft.views for draft in drafts if draft.views):
            same = tuple(draft for draft in drafts if draft.views == views)
            self._jobs.append(_Job(mail_id, views, same, passwords, made_at))
        for draft in drafts:
            if draft.papers_of:
                self._jobs.append(_Job(draft.papers_of, (), (draft,), (), made_at))
        self._wake.set()

    async def recover(self) -> None:
        """See to what an earlier daemon left: papers are asked for again, an alert leaves without its pictures."""
        for waiting in await self._store.outbox.waiting_for_files():
            if waiting.mail.letter is Letter.ORIGINALS:
                try:
                    row, _, _ = await self._store.incoming.get(mail_of_letter(waiting))
                except NotFound:  # a database that was restored
                    continue
                draft = asked_again(waiting, row, self._policy)
                self._jobs.append(_Job(draft.papers_of, (), (draft,), (), waiting.created_at))
            else:
                await self._store.outbox.let_go(waiting.outbox_id)
        self._wake.set()

    async def run(self) -> None:
        """Make what is noted, for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self._draw_noted()

    async def draw_all(self) -> None:
        """Make all that is noted, or try to, also what was tried before; what can't be had is tried again at the next call."""
        self._jobs.extend(self._tried)
        self._tried.clear()
        await self._draw_noted()

    async def _draw_noted(self) -> None:
        while self._jobs:
            job = self._jobs.popleft()
            try:
                mails = await self._made(job)
            except Exception as error:  # noqa: BLE001 - the worker's top: the letter is tried again, then leaves without its files
                log.warning("mail %d: what goes along can't be made: %s", job.mail_id, type(error).__name__)
                mails = None
            job = replace(job, tries=job.tries + 1)
            if mails is None and job.tries < TRIES:
                self._try_again(job)
                continue
            await self._leave(job, mails)
            self.on_done()

    def _try_again(self, job: _Job) -> None:
        """After a pause, of this job alone: others don't wait for it."""

        def note() -> None:
            if job in self._tried:
                self._tried.remove(job)
                self._jobs.append(job)
                self._wake.set()

        self._tried.append(job)
        asyncio.get_running_loop().call_later(_PAUSE_SECONDS, note)

    async def _leave(self, job: _Job, mails: Sequence[OutgoingMail] | None) -> None:
        try:
            for mail in mails if mails is not None else self._bare(job):
                await self._store.outbox.complete(mail)
        except Exception as error:  # noqa: BLE001 - likewise
            log.warning("mail %d: its letters wait: %s", job.mail_id, type(error).__name__)
            self._try_again(job)

    def _bare(self, job: _Job) -> list[OutgoingMail]:
        return [alert_with(self._composer, draft, job.made_at) for draft in job.drafts]

    async def _made(self, job: _Job) -> list[OutgoingMail] | None:
        """The letters with their files; None where these can't be had now."""
        if not job.views:
            letter = await self._papers.letter(job.drafts[0], job.made_at)
            return None if letter is None else [letter]
        _, content, _ = await self._store.incoming.get(job.mail_id)
        drawn = await self._reader.draw(content, job.views, job.passwords)
        if drawn is None:
            return None
        pictures = [Attachment(f"notice-{n}.png", "image/png", one) for n, one in enumerate(filter(None, drawn), 1)]
        return [alert_with(self._composer, draft, job.made_at, pictures) for draft in job.drafts]


def alert_with(composer: Composer, draft: Draft, now: datetime, pictures: Sequence[Attachment] = ()) -> OutgoingMail:
    """The letter with these pictures. Whatever they are, its Message-ID, date and reply token are the same."""
    if isinstance(draft.context, Alert):
        draft = replace(draft, context=replace(draft.context, pictures=len(pictures)))
    return composer.compose(draft, now=now, attachments=pictures)
