"""The sender: claims due mails from the outbox, delivers them to the relay (or the Maildir), and records each result.

Run by bot/app.py. The claim commits the attempt and the time of the next one, so a crash costs one attempt and never causes a
flood. A retry sends the same bytes. The longest due mail goes first, over a few connections, with one mail at a time for each
address, so that a slow address occupies one connection only. While the relay itself fails, no mail is claimed and only a
connection is tried. What the relay refuses because of us waits together: one of them tries every five minutes, and when it gets
through all go. Raises nothing but CancelledError.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from bot.clock import Clock
from bot.core.health.workers import Worker
from bot.core.records.outgoing_mail import ClaimedMail, OutboxState, gives_up
from bot.core.records.reasons import OUR_TROUBLE, OutboxReason
from bot.crash_points import crash_point
from bot.log import error_words
from bot.outbound.smtp_relay import Deliverer, Delivery, RelayOutcome
from bot.successes import Successes
from storage.errors import NotFound, WrongState
from storage.store import Store

log = logging.getLogger("hosho.sender")

_IDLE_SECONDS = 60.0
_AFTER_ERROR_SECONDS = 5.0
# Pauses while the relay can't be reached: a connection attempt is cheap, and mail continues within ten seconds.
_UNREACHABLE_SECONDS = (1.0, 2.0, 5.0, 10.0)
# Pauses after a refused login, or where we are not welcome: with more attempts, a wrong password locks the account.
_LOGIN_SECONDS = (60.0, 300.0)
_OURS_SECONDS = 300.0  # between two tries of what waits for a trouble of ours


class Sender:
    """Mails over as many connections as there are deliverers. `wake` is set when there is new mail to send."""

    def __init__(self, store: Store, connections: Sequence[Deliverer], clock: Clock) -> None:
        self._store = store
        self._free = list(connections)
        self._clock = clock
        self._stopping = False
        self._under_way: dict[asyncio.Task[None], str] = {}  # the mail's task, its recipient
        self._relays_trouble: OutboxReason | None = None
        self._tries = 0
        self._not_before = 0.0  # loop time, in seconds
        self._try_ours_at = 0.0  # likewise
        self._refusals: set[OutboxReason] = set()  # the troubles of ours that are logged
        self.wake = asyncio.Event()
        self.successes = Successes(clock)

    def stop(self) -> None:
        """Let `run` return after the mails in delivery."""
        self._stopping = True
        self.wake.set()

    async def run(self) -> None:
        """Send until `stop`."""
        try:
            while not self._stopping:
                self.wake.clear()
                seconds = await self._send_due()
                if not self._stopping:
                    await self._wait(seconds)
            if self._under_way:
                await asyncio.wait(self._under_way)
        finally:
            for task in self._under_way:
                task.cancel()
            if self._under_way:
                await asyncio.wait(self._under_way)
            await self._hang_up()

    async def _wait(self, seconds: float) -> None:
        """Until there is news, a connection comes free, or the time is over."""
        waking = asyncio.create_task(self.wake.wait())
        try:
            await asyncio.wait([waking, *self._under_way], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waking.cancel()

    async def _send_due(self) -> float:
        """Start the delivery of due mails; returns the seconds to wait for more."""
        try:
            if self._relays_trouble is not None and not await self._relay_is_back():
                return max(self._not_before - asyncio.get_running_loop().time(), 0.1)
            while self._free and not self._stopping and self._relays_trouble is None:
                in_flight, free = frozenset(self._under_way.values()), len(self._free)
                now = asyncio.get_running_loop().time()
                tries_ours = now >= self._try_ours_at
                if tries_ours:
                    self._try_ours_at = now + _OURS_SECONDS
                claimed = await self._store.outbox.claim(limit=free, in_flight=in_flight, tries_ours=tries_ours)
                for mail in claimed:
                    self._start(mail)
                if len(claimed) < free:
                    break
            if self._under_way:  # what is due already waits for one of them to end
                return _IDLE_SECONDS
            due = await self._store.outbox.next_due()
        except Exception as error:  # noqa: BLE001 - the worker's top: it goes on
            self.successes.failed(Worker.SENDING, error_words(error))
            log.error("the database can't be asked, trying again: %s", error)  # noqa: TRY400 - the cause is in the text
            return _AFTER_ERROR_SECONDS
        self.successes.done(Worker.SENDING)
        await self._hang_up()
        seconds = _IDLE_SECONDS if due is None else (due - self._clock()).total_seconds()
        return min(max(seconds, 0.1), _IDLE_SECONDS)

    def _start(self, mail: ClaimedMail) -> None:
        connection = self._free.pop(0)
        task = asyncio.create_task(self.send(mail, connection), name=f"outgoing {mail.outbox_id}")
        self._under_way[task] = mail.mail.recipient

        def done(task: asyncio.Task[None]) -> None:
            del self._under_way[task]
            self._free.insert(0, connection)  # the warm one goes next
            if not task.cancelled() and (error := task.exception()):
                log.error("outgoing %d: its result could not be noted: %s", mail.outbox_id, error)

        task.add_done_callback(done)

    async def _relay_is_back(self) -> bool:
        if asyncio.get_running_loop().time() < self._not_before or not self._free:
            return False  # whoever wakes us: it is not asked more often
        trouble = await self._free[0].ready()
        if trouble is None:
            log.warning("the relay is back")
            self._relays_trouble = None  # the pauses go on growing until it takes a mail
            self._try_ours_at = 0.0
            return True
        if trouble.reason is not self._relays_trouble:
            log.error("no mail can be sent: %s: %s", trouble.reason.words, trouble.reply)
        self._leave_alone(trouble.reason)
        return False

    def _leave_alone(self, trouble: OutboxReason) -> None:
        """Set the time of the next try of the relay."""
        pauses = _LOGIN_SECONDS if trouble in OUR_TROUBLE else _UNREACHABLE_SECONDS
        self._not_before = asyncio.get_running_loop().time() + pauses[min(self._tries, len(pauses) - 1)]
        self._relays_trouble = trouble
        self._tries += 1

    async def _hang_up(self) -> None:
        for connection in self._free:
            await connection.close()

    async def send(self, claimed: ClaimedMail, connection: Deliverer) -> None:
        """Make one attempt and note its result."""
        crash_point("sender.claimed")
        try:
            delivery = await connection.deliver(claimed.mail)
        except Exception as error:  # noqa: BLE001 - the worker's top: an unknown error is temporary, the other mails go on
            delivery = Delivery(RelayOutcome.UNKNOWN, OutboxReason.OUTCOME_UNKNOWN, type(error).__name__)
        crash_point("sender.sent")
        if delivery.is_relays and self._relays_trouble is None:
            log.error("no mail can be sent: %s: %s", delivery.reason.words, delivery.reply)
            self._leave_alone(delivery.reason)
            self.wake.set()  # whoever waits for the next mail has to wait for the relay now
        elif delivery.outcome is RelayOutcome.DELIVERED:
            self._tries = 0
        state, reason = _STATES[delivery.outcome], delivery.reason
        was_ours, is_ours = claimed.reason in OUR_TROUBLE, delivery.is_relays or reason in OUR_TROUBLE
        is_late = gives_up(claimed.created_at, claimed.attempts, self._clock())
        if state is OutboxState.QUEUED and not (was_ours or is_ours) and is_late:
            state, reason = OutboxState.EXPIRED, OutboxReason.TOO_OLD
        level = logging.INFO if state is OutboxState.DELIVERED else logging.WARNING
        about = f", {claimed.mail.submission}" if claimed.mail.submission else ""
        log.log(level, "outgoing %d (%s%s): %s, %s", claimed.outbox_id, claimed.mail.letter, about, state, reason)
        try:
            await self._store.outbox.note_delivery(
                claimed.outbox_id,
                state=state,
                reason=reason,
                reply=delivery.reply,
                outcome_known=delivery.outcome is not RelayOutcome.UNKNOWN,
                address_is_dead=delivery.address_is_dead,
            )
            crash_point("sender.noted")
        except (NotFound, WrongState) as error:  # somebody cancelled it while it was on its way
            log.warning("outgoing %d: %s", claimed.outbox_id, error)
        if reason in OUR_TROUBLE and reason not in self._refusals:
            log.error("the relay refuses us, letters wait: %s", reason.words)
            self._refusals.add(reason)
        elif was_ours and state is not OutboxState.QUEUED:
            self._refusals.discard(claimed.reason)
            log.warning(
                "over: %s; %d waiting letters are due",
                claimed.reason.words,
                await self._store.outbox.over(claimed.reason),
            )
            self.wake.set()


# A mail whose outcome is unknown goes out again, byte for byte the same: a second copy (RFC 1047) is better than none.
_STATES = {
    RelayOutcome.DELIVERED: OutboxState.DELIVERED,
    RelayOutcome.DEFERRED: OutboxState.QUEUED,
    RelayOutcome.BOUNCED: OutboxState.BOUNCED,
    RelayOutcome.UNKNOWN: OutboxState.QUEUED,
}
