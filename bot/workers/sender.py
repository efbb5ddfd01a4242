"""The sender: takes due mails from the outbox and hands them to the relay (or the Maildir), result by result.

Run by bot/app.py. The attempt and the next time are already committed when a mail is claimed, so a crash costs one wait and
never a flood. A retry sends the same bytes. Nothing is raised but cancellation.
"""

from __future__ import annotations

import asyncio
import logging

from bot.clock import Clock
from bot.core.outbox import ClaimedMail, OutboxState, gives_up
from bot.core.reasons import OutboxReason
from bot.outbound.delivery import Deliverer, Delivery, Outcome
from storage.errors import NotFound, WrongState
from storage.store import Store

log = logging.getLogger("hosho.sender")

_IDLE_SECONDS = 60.0
_AT_ONCE = 1  # a mail claimed and not yet sent can't be cancelled, and its back-off runs


class Sender:
    """One mail after another over one kept connection. `wake` is set when there is new mail to send."""

    def __init__(self, store: Store, deliverer: Deliverer, clock: Clock) -> None:
        self._store = store
        self._deliverer = deliverer
        self._clock = clock
        self._stopping = False
        self.wake = asyncio.Event()

    def stop(self) -> None:
        """Let `run` return after the mail in hand; what is claimed besides is due again by the back-off."""
        self._stopping = True
        self.wake.set()

    async def run(self) -> None:
        """Send until `stop`."""
        try:
            while not self._stopping:
                self.wake.clear()
                seconds = await self._send_due()
                if self._stopping:
                    return
                try:
                    async with asyncio.timeout(seconds):
                        await self.wake.wait()
                except TimeoutError:
                    continue
        finally:
            await self._deliverer.close()

    async def _send_due(self) -> float:
        """Send what is due; returns how many seconds to wait for more."""
        try:
            while not self._stopping and (claimed := await self._store.claim_outgoing(limit=_AT_ONCE)):
                for mail in claimed:
                    if not self._stopping:
                        await self.send(mail)
            await self._deliverer.close()
            due = await self._store.next_outgoing_due()
        except Exception as error:  # noqa: BLE001 - the worker's top: it goes on
            log.error("the database can't be asked, trying again: %s", error)  # noqa: TRY400 - the cause is in the text
            return _IDLE_SECONDS
        seconds = _IDLE_SECONDS if due is None else (due - self._clock()).total_seconds()
        return min(max(seconds, 0.1), _IDLE_SECONDS)

    async def send(self, claimed: ClaimedMail) -> None:
        """Make one attempt and note its result."""
        try:
            delivery = await self._deliverer.deliver(claimed.mail)
        except Exception as error:  # noqa: BLE001 - the worker's top: an unknown error is temporary, the other mails go on
            delivery = Delivery(Outcome.UNKNOWN, OutboxReason.OUTCOME_UNKNOWN, type(error).__name__)
        state, reason = _STATES[delivery.outcome], delivery.reason
        if state is OutboxState.QUEUED and gives_up(claimed.created_at, self._clock()):
            state, reason = OutboxState.EXPIRED, OutboxReason.TOO_OLD
        level = logging.INFO if state is OutboxState.DELIVERED else logging.WARNING
        log.log(level, "outgoing %d (%s): %s, %s", claimed.outbox_id, claimed.mail.letter, state, reason)
        try:
            await self._store.note_delivery(claimed.outbox_id, state=state, reason=reason, reply=delivery.reply)
        except (NotFound, WrongState) as error:  # somebody cancelled it while it was on its way
            log.warning("outgoing %d: %s", claimed.outbox_id, error)


# A mail whose outcome is unknown goes out again, byte for byte the same: a copy is better than silence (design.md).
_STATES = {
    Outcome.DELIVERED: OutboxState.DELIVERED,
    Outcome.DEFERRED: OutboxState.QUEUED,
    Outcome.BOUNCED: OutboxState.BOUNCED,
    Outcome.UNKNOWN: OutboxState.QUEUED,
}
