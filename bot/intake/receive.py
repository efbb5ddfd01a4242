"""The one way in: every door hands its mails to a Receiver, which groups what waits at one moment into one transaction.

`receive` and `receive_many` are called by the doors, `run` is the committer, a task of the app's TaskGroup. Promise:
when `receive` returns, the mail is durable; a caller that is cancelled (its client hung up) neither cancels nor doubles the
storing. Raises what the keeper raised, and ReceiverStoppedError (an OSError: temporary) at the end of the day.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.core.envelope import Arrival, Kept

BATCH_MAILS = 64
"""More in one transaction gains nothing: the sync is shared already, and the first ones wait for the last."""

BATCH_BYTES = 32 * 1024 * 1024
"""What one transaction may hold; a single larger mail goes alone."""

STORE_IS_DOWN_AFTER = 2
"""So many temporary failures in a row are not one bad mail: the others' callers are told instead of kept waiting."""


class ReceiverStoppedError(OSError):
    """The daemon is stopping and takes no more mail; try again later."""


class MailKeeper(Protocol):
    """Where mails become durable; storage.Store is one."""

    async def keep(self, arrivals: Sequence[Arrival]) -> tuple[Kept, ...]:
        """Store all of them in one transaction, in order, or none and raise."""


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    arrival: Arrival
    kept: asyncio.Future[Kept]


class Receiver:
    """Groups arrivals and keeps them. `on_new` is called after each transaction that brought something new."""

    def __init__(self, keeper: MailKeeper, on_new: Callable[[], None]) -> None:
        self._keeper = keeper
        self._on_new = on_new
        self._waiting: deque[_Waiting] = deque()
        self._wake = asyncio.Event()
        self._stopped = False

    async def receive(self, arrival: Arrival) -> Kept:
        """Make one mail durable. The mail is handed over before the first await: a cancel comes too late to lose it."""
        return await self._hand_over(arrival)

    async def receive_many(self, arrivals: Sequence[Arrival]) -> tuple[Kept, ...]:
        """Make several mails durable, in order. One that fails raises here; the others are kept all the same."""
        waiting = [self._hand_over(arrival) for arrival in arrivals]
        results = await asyncio.gather(*waiting, return_exceptions=True)
        kept: list[Kept] = []
        for result in results:
            if isinstance(result, BaseException):
                raise result
            kept.append(result)
        return tuple(kept)

    def stop(self) -> None:
        """Take nothing more; `run` ends when all that was handed over is kept."""
        self._stopped = True
        self._wake.set()

    async def run(self) -> None:
        """Commit until `stop`, and then until nothing waits. Cancelled, it tells every caller so."""
        try:
            while self._waiting or not self._stopped:
                if self._waiting:
                    await self._keep_batch()
                else:
                    self._wake.clear()
                    await self._wake.wait()
        finally:
            self._stopped = True
            self._refuse(self._waiting)

    def _hand_over(self, arrival: Arrival) -> asyncio.Future[Kept]:
        kept: asyncio.Future[Kept] = asyncio.get_running_loop().create_future()
        if self._stopped:
            kept.set_exception(ReceiverStoppedError("the daemon is stopping"))
        else:
            self._waiting.append(_Waiting(arrival, kept))
            self._wake.set()
        return kept

    async def _keep_batch(self) -> None:
        batch = self._next_batch()
        try:
            error = await self._keep(batch)
            if error is not None:
                await self._keep_singly(batch, error)
        finally:
            self._refuse(batch)  # nobody is left, unless we were cancelled in the middle

    def _next_batch(self) -> list[_Waiting]:
        batch = [self._waiting.popleft()]
        size_bytes = len(batch[0].arrival.content)
        while self._waiting and len(batch) < BATCH_MAILS:
            size_bytes += len(self._waiting[0].arrival.content)
            if size_bytes > BATCH_BYTES:
                break
            batch.append(self._waiting.popleft())
        return batch

    async def _keep(self, batch: Sequence[_Waiting]) -> Exception | None:
        """One transaction. Its error is returned; the callers of a batch of several have not been told yet."""
        try:
            results = await self._keeper.keep([waiting.arrival for waiting in batch])
        except Exception as error:  # noqa: BLE001  # the top of a worker loop: the error is the waiting callers'
            if len(batch) == 1:
                _settle(batch[0].kept, error)
            return error
        for waiting, kept in zip(batch, results, strict=True):
            _settle(waiting.kept, kept)
        if any(kept.is_new for kept in results):
            self._on_new()
        return None

    async def _keep_singly(self, batch: Sequence[_Waiting], error: Exception) -> None:
        """Try the mails of a failed batch one by one: a bad one must not fail its neighbours."""
        failures_in_a_row = 0
        for waiting in batch if len(batch) > 1 else ():
            if failures_in_a_row >= STORE_IS_DOWN_AFTER:
                _settle(waiting.kept, error)
                continue
            failure = await self._keep([waiting])
            failures_in_a_row = failures_in_a_row + 1 if isinstance(failure, OSError) else 0

    def _refuse(self, waiting: Sequence[_Waiting] | deque[_Waiting]) -> None:
        for one in waiting:
            _settle(one.kept, ReceiverStoppedError("the daemon is stopping"))


def _settle(future: asyncio.Future[Kept], outcome: Kept | Exception) -> None:
    """Tell the caller, unless he has gone or knows already."""
    if future.done():
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
