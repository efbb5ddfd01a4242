"""The one way in: every door hands its mails to a Receiver, which groups what waits at one moment into one transaction.

`receive` and `receive_many` are called by the doors, `run` is the committer, a task of the app's TaskGroup. Promise:
when `receive` returns, the mail is durable; a caller that is cancelled (its client hung up) neither cancels nor doubles the
storing. Of spooled mails only one transaction's are in memory at a time, however many wait. Raises what the keeper
raised, OSError for a spool that can't be read, and ReceiverStoppedError (an OSError: temporary) at the end of the day.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.core.records.envelope import Arrival, Kept
from bot.crash_points import crash_point

BATCH_MAILS = 64
"""More in one transaction gains nothing: the sync is shared already, and the first ones wait for the last."""

BATCH_BYTES = 8 * 2**20
"""What one transaction may hold; a single larger mail goes alone. Storing takes a multiple of it in memory for a moment."""

LARGE_BYTES = 2**20
"""From here on a mail waits in the other line: a dozen of the largest must not keep a small one waiting for seconds."""

STORE_IS_DOWN_AFTER = 2
"""So many temporary failures in a row are not one bad mail: the others' callers are told instead of kept waiting."""

PATIENCE_SECONDS = 8.0
"""What one transaction may take; the largest mails take two or three. Then everybody who waits is told, not only these callers."""

STUCK_LOOK_SECONDS = 1.0
"""How long those wait who come while a transaction is overdue."""


class ReceiverStoppedError(OSError):
    """The daemon is stopping and takes no more mail; try again later."""


class KeepingInterruptedError(OSError):
    """The keeper was cancelled by somebody else than us; whether the mail is stored is not known. Try again later."""


class KeepingTooSlowError(OSError):
    """The keeper is locked or unreachable; whether the mail will be stored is not known. Try again later."""


def always_room() -> bool:
    """Whether the disk takes more, for a door where nobody asks."""
    return True


class MailKeeper(Protocol):
    """Where mails become durable; `Store.incoming` is one."""

    async def keep(self, arrivals: Sequence[Arrival]) -> tuple[Kept, ...]:
        """Store all of them in one transaction, in order, or none and raise."""


class Parcel(Protocol):
    """A mail whose content need not be in memory before its turn. The Receiver closes it, whatever comes."""

    @property
    def size_bytes(self) -> int:
        """The content's size."""

    async def unpack(self) -> Arrival:
        """The mail, whole. Raises OSError."""

    def close(self) -> None:
        """Let the content go."""


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
        """Whether its caller knows; one that has gone does not, and his mail is stored all the same."""
        return self.kept.done() and not self.kept.cancelled()

    def tell(self, outcome: Kept | Exception) -> None:
        """Tell the caller, unless he has gone or knows already."""
        self.parcel.close()
        if self.kept.done():
            return
        if isinstance(outcome, Exception):
            self.kept.set_exception(outcome)
        else:
            self.kept.set_result(outcome)


_Mails = list[tuple[_Waiting, Arrival]]


class Receiver:
    """Groups arrivals and keeps them. `on_new` is called after each transaction that brought something new."""

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
        """Make one mail durable. The mail is handed over before the first await: a cancel comes too late to lose it."""
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
        """Take nothing more; `run` ends when all that was handed over is kept."""
        self._stopped = True
        self._wake.set()

    async def run(self) -> None:
        """Commit until `stop`, and then until nothing waits. Cancelled, it tells every caller so."""
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
        finally:  # nobody is left, unless we were cancelled in the middle
            _tell_all(batch, ReceiverStoppedError("the daemon is stopping"))

    def _next_batch(self) -> list[_Waiting]:
        """Small mails and large ones by turns, if both wait: neither line keeps the other waiting for long."""
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
        """The mails whose content can be read; the others' callers are told."""
        mails: _Mails = []
        for waiting in batch:
            try:
                mails.append((waiting, await waiting.parcel.unpack()))
            except Exception as error:  # noqa: BLE001  # the top of a worker loop: the error is the waiting caller's
                waiting.tell(error)
        return mails

    async def _keep(self, mails: _Mails) -> Exception | None:
        """One transaction. The callers are told of success; of failure only if it takes too long."""
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
            keeping.cancel()  # when we are cancelled; what is done it leaves alone
        if keeping.cancelled():
            return KeepingInterruptedError("the storing was interrupted")
        error = keeping.exception()
        if isinstance(error, Exception):
            return error
        results = keeping.result()  # an exception that is none of Exception's is nobody's to handle
        crash_point("intake.kept")
        for (waiting, _), kept in zip(mails, results, strict=True):
            waiting.tell(kept)
        if any(kept.is_new for kept in results):
            self._on_new()
        return None

    async def _keep_singly(self, mails: _Mails, error: Exception) -> None:
        """Try the mails of a failed batch one by one: a bad one must not fail its neighbours."""
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
        """The store is stuck: tell these callers and everybody who came to wait meanwhile."""
        error = KeepingTooSlowError("the store takes too long")
        _tell_all((waiting for waiting, _ in mails), error)
        for line in (self._small, self._large):
            _tell_all(line, error)
            line.clear()


def _tell_all(waiting: Iterable[_Waiting], error: Exception) -> None:
    for one in waiting:
        one.tell(error)
