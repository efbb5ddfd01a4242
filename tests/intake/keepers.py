"""Keepers of mail in memory that follow the store's contract: all or nothing, in order, the same mail twice is not new."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

from bot.core.health.reconciliation import MailboxCheck
from bot.core.records.envelope import Arrival, Kept, MailboxPlace, identity
from bot.core.records.incoming_mail import MailboxMemory
from bot.intake.imap.cursor import MailboxCursor
from tests.patience import PATIENCE_SECONDS

NOW = datetime(2026, 11, 24, 1, 2, 3, tzinfo=UTC)


def clock() -> datetime:
    return NOW


def unmarked(arrival: Arrival) -> Arrival:
    """With the UIDVALIDITY and the UID of its place only."""
    if arrival.place is None:
        return arrival
    return replace(arrival, place=MailboxPlace(arrival.place.mailbox, arrival.place.name.rpartition("/")[0]))


class Today:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


class ListKeeper:
    """A list, places without what tells mails apart. `batches`: the size of every call; `holds` waits until so many mails are in."""

    def __init__(self) -> None:
        self.mails: list[Arrival] = []
        self.batches: list[int] = []
        self.places: set[MailboxPlace] = set()
        self._ids: dict[str, int] = {}
        self._changed = asyncio.Condition()

    async def keep(self, arrivals: Sequence[Arrival]) -> tuple[Kept, ...]:
        self.batches.append(len(arrivals))
        kept = []
        for arrival in arrivals:
            if arrival.place:
                self.places.add(arrival.place)
            key = identity(arrival.content)
            is_new = key not in self._ids
            if is_new:
                self.mails.append(unmarked(arrival))
                self._ids[key] = len(self.mails)
            kept.append(Kept(self._ids[key], is_new))
        await self.changed()
        return tuple(kept)

    async def changed(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def until(self, condition: Callable[[], bool], seconds: float = 30.0) -> None:
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(condition)

    async def holds(self, count: int) -> None:
        await self.until(lambda: len(self.mails) >= count)

    @property
    def contents(self) -> list[bytes]:
        return [mail.content for mail in self.mails]


class FailingKeeper(ListKeeper):
    """Raises the errors of a script, one a call (None: works), then works; and always for a mail that holds `poison`."""

    def __init__(self, script: Iterable[Exception | None] = (), *, poison: bytes = b"\xff\xff") -> None:
        super().__init__()
        self.script = list(script)
        self.poison = poison

    async def keep(self, arrivals: Sequence[Arrival]) -> tuple[Kept, ...]:
        error = self.script.pop(0) if self.script else None
        if error is None and any(self.poison in arrival.content for arrival in arrivals):
            error = ValueError("unable to store in /var/lib/secret.db")
        if error is not None:
            self.batches.append(-len(arrivals))
            raise error
        return await super().keep(arrivals)


class GatedKeeper(ListKeeper):
    """Stores (or raises `error`) only when the gate is open; `asked` tells that somebody stands before it."""

    def __init__(self, *, error: Exception | None = None) -> None:
        super().__init__()
        self.error = error
        self.gate = asyncio.Event()
        self.asked = asyncio.Event()
        self.asked_times = 0

    async def keep(self, arrivals: Sequence[Arrival]) -> tuple[Kept, ...]:
        self.asked.set()
        self.asked_times += 1
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return await super().keep(arrivals)


class Cursors:
    """Mailbox cursors in a list, every saved one in order; places as the keeper's mails name them; comparisons.

    `keeper`: whose mails are known. None: no mail is, so a comparison would miss all.
    """

    def __init__(self, keeper: ListKeeper | None = None) -> None:
        self.saved: list[MailboxCursor] = []
        self.waits: dict[str, datetime] = {}  # place → since when
        self.checks: list[MailboxCheck] = []
        self._keeper = keeper
        self._changed = asyncio.Condition()

    async def note_waiting(self, place: MailboxPlace) -> None:
        self.waits.setdefault(place.name, NOW)

    async def waiting(self, mailbox: str, since: datetime) -> dict[str, datetime]:
        return {name: at for name, at in self.waits.items() if at > since} if mailbox else {}

    async def known(self, mailbox: str, names: Sequence[str]) -> frozenset[str]:
        places = self._keeper.places if self._keeper else set()
        return frozenset(name for name in names if MailboxPlace(mailbox, name) in places)

    async def last_check(self, mailbox: str) -> MailboxCheck | None:
        return next((check for check in reversed(self.checks) if check.mailbox == mailbox), None)

    async def note_check(self, check: MailboxCheck) -> None:
        self.checks.append(check)
        async with self._changed:
            self._changed.notify_all()

    async def memory(self, mailbox: str) -> MailboxMemory | None:
        return next((cursor.memory for cursor in reversed(self.saved) if cursor.mailbox == mailbox), None)

    async def remember(self, memory: MailboxMemory) -> None:
        self.saved.append(MailboxCursor.of(memory))
        async with self._changed:
            self._changed.notify_all()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS), self._changed:
            await self._changed.wait_for(condition)

    async def looks(self, count: int) -> None:
        """Wait until so many cursors were saved; the first look at a mailbox saves the watermark first."""
        await self.until(lambda: len(self.saved) >= count)


class Logged(logging.Handler):
    """Waits for a line in the log."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text
        self._seen = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        if self._text in record.getMessage():
            self._seen.set()

    @classmethod
    @asynccontextmanager
    async def within(cls, text: str) -> AsyncIterator[None]:
        """The block's end waits until the line has come."""
        handler, logger = cls(text), logging.getLogger("hosho.intake")
        level, disabled = logger.level, logger.manager.disable
        logger.disabled = False
        logger.setLevel(logging.DEBUG)  # a command that ran in this process may have asked for less
        logging.disable(logging.NOTSET)
        logger.addHandler(handler)
        try:
            yield
            async with asyncio.timeout(PATIENCE_SECONDS):
                await handler._seen.wait()
        finally:
            logger.removeHandler(handler)
            logger.setLevel(level)
            logging.disable(disabled)
