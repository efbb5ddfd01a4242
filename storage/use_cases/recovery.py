"""After a crash: release the leases of the previous daemon, so that its claimed rows are due at once.

`Store.recovery`; called once by the app at its start, under the daemon's lock (database/daemon_lock.py), so every lease is a
previous daemon's. The counts of attempts stay: a mail that crashes the daemon is still parked after three tries, and such a
letter returns to the usual waits.
"""

from __future__ import annotations

from bot.core.records.incoming_mail import MailState
from bot.core.records.outgoing_mail import OutboxState
from bot.core.records.reasons import OutboxReason
from storage.use_cases import journal
from storage.use_cases.base import UseCases, use_case
from storage.use_cases.journal import Entry

# A letter with this many attempts may be the cause of the crashes: it keeps its normal wait.
AT_ONCE_ATTEMPTS = 3


class Recovery(UseCases):
    """The leases of a previous daemon."""

    @use_case
    async def recover(self) -> tuple[int, int]:
        """Make due at once what a daemon that died had in hand: received mails that were tried before, and letters whose last
        attempt has no result (reason outcome_unknown: they may arrive twice). Returns how many of each. Only for the holder of
        the daemon's lock (database/daemon_lock.py), before it claims anything.
        """
        now = self._database.clock()
        async with self._database.transaction():
            waiting = self._database.models.mail.filter(
                state=MailState.RECEIVED.value, attempts__gt=0, next_attempt_at__gt=now
            )
            mails = await waiting.update(next_attempt_at=now)
            unsure = self._database.models.outbox.filter(
                state=OutboxState.QUEUED.value,
                unsure_attempts__gt=0,
                attempts__lt=AT_ONCE_ATTEMPTS,
                next_attempt_at__gt=now,
            )
            rows = await unsure.order_by("id").select_for_update().only("id")
            reason = OutboxReason.OUTCOME_UNKNOWN.value
            for row in rows:
                await self._database.models.outbox.filter(id=row.id).update(reason=reason, next_attempt_at=now)
            entries = [Entry("outgoing.interrupted", "outgoing", row.id, {"reason": reason}) for row in rows]
            await journal.write(self._database, entries)
        return mails, len(rows)
