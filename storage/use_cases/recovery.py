"""What a daemon that died has left in hand: due again at once, instead of when its lease runs out.

Use case of `Store`; called once by the app at its start, while the daemon's lock (database/daemon_lock.py) keeps every other daemon away: so whatever
is claimed was claimed by one that is no more. Counts of attempts stay as they are: a mail that kills the daemon is parked
after three tries all the same, and a letter that does so falls back to the usual waits.
"""

from __future__ import annotations

from bot.core.incoming import MailState
from bot.core.outbox import OutboxState
from bot.core.reasons import OutboxReason
from storage.database.connection import Database
from storage.use_cases import journal
from storage.use_cases.journal import Entry

# A letter that was in hand so many times when the daemon died may be why: from then on it waits as any other.
AT_ONCE_ATTEMPTS = 3


async def recover(database: Database) -> tuple[int, int]:
    """See Store.recover."""
    now = database.clock()
    async with database.transaction():
        waiting = database.models.mail.filter(state=MailState.RECEIVED.value, attempts__gt=0, next_attempt_at__gt=now)
        mails = await waiting.update(next_attempt_at=now)
        unsure = database.models.outbox.filter(
            state=OutboxState.QUEUED.value,
            unsure_attempts__gt=0,
            attempts__lt=AT_ONCE_ATTEMPTS,
            next_attempt_at__gt=now,
        )
        rows = await unsure.order_by("id").select_for_update().only("id")
        reason = OutboxReason.OUTCOME_UNKNOWN.value
        for row in rows:
            await database.models.outbox.filter(id=row.id).update(reason=reason, next_attempt_at=now)
        entries = [Entry("outgoing.interrupted", "outgoing", row.id, {"reason": reason}) for row in rows]
        await journal.write(database, entries)
    return mails, len(rows)
