"""The committer: every door hands its mails to the Receiver, which stores the waiting ones in groups, one transaction each.

The doors call `receive` and `receive_many`; `run` is a task of the app's TaskGroup. When `receive` returns, the mail is
durable. A cancelled caller (its client hung up) neither cancels nor repeats the storing. Of the spooled mails only those of
the current transaction are in memory. Raises what the keeper raised, OSError for a spool that can't be read, and
ReceiverStoppedError (an OSError: temporary) after `stop`.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.core.records.envelope import CANARY, Arrival, Kept, message_id_of
from bot.crash_points import crash_point

log = logging.getLogger("hosho.taken")

BATCH_MAILS = 64
"""The most mails in one transaction. More gain nothing: the fsync is shared already, and the first wait for the last."""

BATCH_BYTES = 8 * 2**20
"""The most bytes in one transaction; a larger mail goes alone. Storing briefly takes a multiple of this in memory."""

LARGE_BYTES = 2**20
"""Mails of this size and more use a separate queue, so that a dozen of them do not delay a small one for seconds."""

STORE_IS_DOWN_AFTER = 2
"""After this many temporary failures in a row the store counts as down; the rest of the batch fails without a try."""

PATIENCE_SECONDS = 8.0
"""How long a transaction may take; the largest mails take two or three seconds. Then all waiting callers fail."""

STUCK_LOOK_SECONDS = 1.0
"""While a transaction is overdue, callers that arrive in the meantime fail after this time."""


class ReceiverStoppedError(OSError):
    """The daemon is stopping and takes no more mail; try again later."""


class KeepingInterruptedError(OSError):
    """The storing was cancelled from outside; whether the mail is stored is unknown. Try again later."""


class KeepingTooSlowError(OSError):
    """The store is locked or unreachable; whether the mail will be stored is unknown. Try again later."""


def always_room() -> bool:
    """`has_room` for a door that does not check the disk."""
    return True


class MailKeeper(Protocol):
    """Where mails become durable; `Store.incoming` is one."""

    async def keep(self, arrivals: Sequence[Arrival]) -> tuple[Kept, ...]:
        """Store all of them in one transaction, in order, or none and raise."""


class Parcel(Protocol):
    """A mail whose content is loaded only for its transaction. The Receiver closes it in every case."""

    @property
    def size_bytes(self) -> int:
        """The content's size."""

    async def unpack(self) -> Arrival:
        """Load the whole mail. Raises OSError."""

    def close(self) -> None:
        """Free the content."""


@dataclass(frozen=True, slots=True)
class _Whole:
    """An Arrival as a parcel."""

    arrival: Arrival

    @property
    def size_bytes(self) -> int:
        return len(self.arrival.content)

    async def unpack(self) -> Arrival:
        return self.arrival

    def close(self) -> None:
        pass


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    parcel: Parcel
    kept: asyncio.Future[Kept]

    @property
    def is_told(self) -> bool:
        """Whether the caller has its result. False for a cancelled caller: its mail is stored all the same."""
        return self.kept.done() and not self.kept.cancelled()

    def tell(self, outcome: Kept | Exception) -> None:
        """Close the parcel and give the caller its result, unless it is cancelled or has one."""
        self.parcel.close()
        if self.kept.done():
            return
        if isinstance(outcome, Exception):
            self.kept.set_exception(outcome)
        else:
            self.kept.set_result(outcome)


_Mails = list[tuple[_Waiting, Arrival]]


class Receiver:
    """Stores arrivals in groups. `on_new` is called after each transaction that stored a mail not known before."""

    def __init__(
        self, keeper: MailKeeper, on_new: Callable[[], None], *, patience_seconds: float = PATIENCE_SECONDS
    ) -> None:
        self._keeper = keeper
        self._on_new = on_new
        self._patience_seconds = patience_seconds
        self._small: deque[_Waiting] = deque()
        self._large: deque[_Waiting] = deque()
        self._last_was_large = True
        self._wake = asyncio.Event()
        self._stopped = False

    async def receive(self, mail: Arrival | Parcel) -> Kept:
        """Make one mail durable. It is queued before the first await, so a cancel can't lose it."""
        return await self._hand_over(mail)

    async def receive_many(self, arrivals: Sequence[Arrival]) -> tuple[Kept, ...]:
        """Make several mails durable. One that fails raises here; the others are kept all the same."""
        waiting = [self._hand_over(arrival) for arrival in arrivals]
        results = await asyncio.gather(*waiting, return_exceptions=True)
        kept: list[Kept] = []
        for result in results:
            if isinstance(result, BaseException):
                raise result
            kept.append(result)
        return tuple(kept)

    def stop(self) -> None:
        """Take no more mail; `run` ends when all queued mails are stored."""
        self._stopped = True
        self._wake.set()

    async def run(self) -> None:
        """Store until `stop`, then until the queues are empty. When cancelled, all waiting callers fail."""
        try:
            while self._small or self._large or not self._stopped:
                if self._small or self._large:
                    await self._keep_batch()
                else:
                    self._wake.clear()
                    await self._wake.wait()
        finally:
            self._stopped = True
            _tell_all((*self._small, *self._large), ReceiverStoppedError("the daemon is stopping"))

    def _hand_over(self, mail: Arrival | Parcel) -> asyncio.Future[Kept]:
        parcel = _Whole(mail) if isinstance(mail, Arrival) else mail
        waiting = _Waiting(parcel, asyncio.get_running_loop().create_future())
        if self._stopped:
            waiting.tell(ReceiverStoppedError("the daemon is stopping"))
        else:
            (self._large if parcel.size_bytes >= LARGE_BYTES else self._small).append(waiting)
            self._wake.set()
        return waiting.kept

    async def _keep_batch(self) -> None:
        batch = self._next_batch()
        try:
            mails = await self._unpacked(batch)
            error = await self._keep(mails)
            if error is not None and len(mails) == 1:
                mails[0][0].tell(error)
            elif error is not None:
                await self._keep_singly(mails, error)
        finally:  # no caller is left waiting, except after a cancel in the middle
            _tell_all(batch, ReceiverStoppedError("the daemon is stopping"))

    def _next_batch(self) -> list[_Waiting]:
        """The next group: from the small and the large queue by turns, so that neither delays the other for long."""
        self._last_was_large = bool(self._large) and not (self._small and self._last_was_large)
        line = self._large if self._last_was_large else self._small
        batch = [line.popleft()]
        size_bytes = batch[0].parcel.size_bytes
        while line and len(batch) < BATCH_MAILS:
            size_bytes += line[0].parcel.size_bytes
            if size_bytes > BATCH_BYTES:
                break
            batch.append(line.popleft())
        return batch

    async def _unpacked(self, batch: Sequence[_Waiting]) -> _Mails:
        """Load the mails' contents. A mail that can't be read fails its own caller and is left out."""
        mails: _Mails = []
        for waiting in batch:
            try:
                mails.append((waiting, await waiting.parcel.unpack()))
            except Exception as error:  # noqa: BLE001  # the top of a worker loop: the error is the waiting caller's
                waiting.tell(error)
        return mails

    async def _keep(self, mails: _Mails) -> Exception | None:
        """Run one transaction. On success the callers get their results; an error is returned, and callers fail only when
        it takes too long.
        """
        if not mails:
            return None
        crash_point("intake.before_keep")
        keeping = asyncio.create_task(self._keeper.keep([arrival for _, arrival in mails]))  # noqa: RUF006  # awaited below
        try:
            wait_seconds = self._patience_seconds
            while not (await asyncio.wait([keeping], timeout=wait_seconds))[0]:
                self._give_up(mails)
                wait_seconds = STUCK_LOOK_SECONDS
        finally:
            keeping.cancel()  # for a cancel of this task; no effect on a finished transaction
        if keeping.cancelled():
            return KeepingInterruptedError("the storing was interrupted")
        error = keeping.exception()
        if isinstance(error, Exception):
            return error
        results = keeping.result()  # raises a BaseException that is no Exception; it is not handled here
        crash_point("intake.kept")
        for (waiting, arrival), kept in zip(mails, results, strict=True):
            waiting.tell(kept)
            _log_taken(arrival, kept)
        if any(kept.is_new for kept in results):
            self._on_new()
        return None

    async def _keep_singly(self, mails: _Mails, error: Exception) -> None:
        """Store the mails of a failed batch one by one, so that a bad one does not fail the others."""
        failures_in_a_row = 0
        for waiting, arrival in mails:
            if waiting.is_told:
                continue
            if failures_in_a_row >= STORE_IS_DOWN_AFTER:
                waiting.tell(error)
                continue
            failure = await self._keep([(waiting, arrival)])
            if failure is not None:
                waiting.tell(failure)
            failures_in_a_row = failures_in_a_row + 1 if isinstance(failure, OSError) else 0

    def _give_up(self, mails: _Mails) -> None:
        """The store is stuck: fail these callers and all queued ones."""
        error = KeepingTooSlowError("the store takes too long")
        _tell_all((waiting for waiting, _ in mails), error)
        for line in (self._small, self._large):
            _tell_all(line, error)
            line.clear()


def _log_taken(arrival: Arrival, kept: Kept) -> None:
    """One line for each mail, by which it is found in the sender's log, in ours, and by `mail show`."""
    if kept.mail_id == CANARY:
        log.info("a canary came back by %s", arrival.envelope.source)
        return
    envelope, message_id = arrival.envelope, message_id_of(arrival.content)
    size_bytes = arrival.too_large_bytes or len(arrival.content)
    fields = {"message_id": message_id, "sender": envelope.mail_from, "size_bytes": size_bytes, "peer": envelope.peer}
    level = logging.DEBUG if arrival.before_first_start else logging.INFO  # thousands may lie in a mailbox
    log.log(
        level,
        "mail %d taken by %s: Message-ID %s, from <%s>, %d bytes%s",
        kept.mail_id,
        envelope.source,
        message_id or "(none)",
        envelope.mail_from or "",
        size_bytes,
        "" if kept.is_new else ", known already",
        extra={"fields": fields},
    )


def _tell_all(waiting: Iterable[_Waiting], error: Exception) -> None:
    for one in waiting:
        one.tell(error)
