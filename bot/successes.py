"""Each worker's last success, and its failures in a row; the log gets a line when an outage is over.

The workers note here what they do, and log what fails; workers/alarms.py reads it, saves it for `status`, and tells the operator. `during` notes what the
block does and raises what it raises; nothing else raises anything.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from bot.clock import Clock
from bot.core.health.workers import Worker, WorkerHealth
from bot.log import error_words

log = logging.getLogger("hosho.workers")


class Successes:
    """Of one daemon, since its start."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._started_at = clock()
        self._known: dict[Worker, WorkerHealth] = {}

    @property
    def healths(self) -> tuple[WorkerHealth, ...]:
        """How each worker is doing that has done or tried anything."""
        return tuple(self._known.values())

    def done(self, worker: Worker) -> None:
        """It did its work, or there was none."""
        before = self._of(worker)
        self._known[worker] = before.done(self._clock())
        if before.failing_since is not None:
            log.warning(
                "%s works again, after %d failures since %s", worker, before.failures, before.failing_since.isoformat()
            )

    def failed(self, worker: Worker, trouble: str, about: str = "") -> None:
        """It failed. `about`: the mail that it worked on; the same mail counts once."""
        before = self._of(worker)
        self._known[worker] = before.failed(self._clock(), trouble, about)

    def forget(self, worker: Worker) -> None:
        """It has no work any more: other settings were taken up."""
        self._known.pop(worker, None)

    @contextmanager
    def during(self, worker: Worker) -> Iterator[None]:
        """Note how the block ends."""
        try:
            yield
        except Exception as error:
            self.failed(worker, error_words(error))
            raise
        self.done(worker)

    def _of(self, worker: Worker) -> WorkerHealth:
        return self._known.get(worker) or WorkerHealth(worker, self._started_at)
