"""What a daemon that died has left in hand: due again at once, instead of when its lease runs out.

`Store.recovery`; called once by the app at its start, while the daemon's lock (database/daemon_lock.py) keeps every other daemon away: so whatever
is claimed was claimed by one that is no more. Counts of attempts stay as they are: a mail that kills the daemon is parked
after three tries all the same, and a letter that does so falls back to the usual waits.
"""

from __future__ import annotations

from bot.core.records.incoming_mail import MailState
from bot.core.records.outgoing_mail import OutboxState
from bot.core.records.reasons import OutboxReason
from storage.use_cases import journal
from storage.use_cases.base import UseCases, use_case
from storage.use_cases.journal import Entry

# A letter that was in hand so many times when the daemon died may be why: from then on it waits as any other.
AT_ONCE_ATTEMPTS = 3


class Recovery(UseCases):
    """What a daemon that died has left in hand."""

    @use_case
    async def recover(self) -> tuple[int, int]:
        """Make due at once what a daemon that died had in hand: received mails that were tried before, and letters whose last
        attempt has no result (reason outcome_unknown: they may arrive twice). Returns how many of each. Only for the holder of
        the daemon's lock (database/daemon_lock.py), before it claims anything.
        """  # noqa: D205 - one promise, not a headline and its text
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
