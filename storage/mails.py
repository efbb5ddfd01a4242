"""Incoming mails: keep them (T1), hand them out one at a time, postpone, park, replay, list.

Use cases of `Store`; see there for what each promises. Settling a mail (T2) is in settling.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.core import incoming
from bot.core.envelope import Arrival, Kept, ReceivedMail
from bot.core.incoming import MailboxCursor, MailRow, MailState
from bot.core.outbox import OutgoingMail
from bot.core.reasons import MailReason, NoReplyReason
from bot.core.submission import Submission
from storage import journal, letters, mapping, models
from storage.database import Database
from storage.errors import NotFound
from storage.fields import in_utc
from storage.journal import Entry
from storage.rows import check_move, insert

_LISTED = (
    *("id", "source", "peer", "mail_from", "rcpt_tos", "received_at", "size_bytes", "digest", "state", "reason"),
    *("no_reply", "error", "attempts", "sender", "subject", "papers"),
)
# An exception's words are kept up to here; a traceback belongs in the log.
MAX_ERROR = 500


async def keep(database: Database, arrivals: Sequence[Arrival]) -> tuple[Kept, ...]:
    """See Store.keep."""
    if not arrivals:
        return ()
    now = database.clock()
    rows = [mapping.mail_row(arrival, now) for arrival in arrivals]
    async with database.transaction():
        new = await insert(database, database.models.mail, rows, unless="identity", returning="id, identity")
        ids = {row["identity"]: row["id"] for row in new}
        known = [row["identity"] for row in rows if row["identity"] not in ids]
        if known:
            pairs = database.models.mail.filter(identity__in=set(known)).values_list("identity", "id")
            ids.update({str(identity): int(number) for identity, number in await pairs})
    fresh = {row["identity"] for row in new}
    kept = []
    for row in rows:
        kept.append(Kept(ids[row["identity"]], row["identity"] in fresh))
        fresh.discard(row["identity"])  # its second copy in the same call is not new
    return tuple(kept)


async def mailbox_cursor(database: Database, mailbox: str) -> MailboxCursor | None:
    """See Store.mailbox_cursor."""
    row = await database.models.mailbox_cursor.get_or_none(mailbox=mailbox)
    return MailboxCursor(row.mailbox, row.uidvalidity, row.last_uid, row.looked_at) if row else None


async def save_cursor(database: Database, cursor: MailboxCursor) -> None:
    """See Store.save_cursor."""
    await database.execute(
        "INSERT INTO mailbox_cursor (mailbox, uidvalidity, last_uid, looked_at) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (mailbox) DO UPDATE SET uidvalidity = excluded.uidvalidity, last_uid = excluded.last_uid, "
        "looked_at = excluded.looked_at",
        [cursor.mailbox, cursor.uidvalidity, cursor.last_uid, in_utc(cursor.looked_at)],
    )


async def claim(database: Database, lease: timedelta) -> ReceivedMail | None:
    """See Store.claim_mail. One statement: two workers, of this process or another, never get the same mail."""
    now = in_utc(database.clock())
    oldest = "SELECT id FROM mail WHERE state = 'received' AND next_attempt_at <= ? ORDER BY id LIMIT 1"
    if database.dialect == "postgresql":
        oldest += " FOR UPDATE SKIP LOCKED"
    rows = await database.rows(
        "UPDATE mail SET attempts = attempts + 1, next_attempt_at = ? WHERE id = "  # noqa: S608 - `oldest` is ours
        f"({oldest}) RETURNING id, source, peer, mail_from, rcpt_tos, received_at, content, digest, attempts",
        [now + lease, now],
    )
    return mapping.received_mail(models.from_columns(database.models.mail, rows[0])) if rows else None


async def next_due(database: Database) -> datetime | None:
    """See Store.next_mail_due."""
    query = database.models.mail.filter(state=MailState.RECEIVED.value).order_by("next_attempt_at").limit(1)
    times: list[datetime] = await query.values_list("next_attempt_at", flat=True)  # type: ignore[assignment]
    return times[0] if times else None


async def postpone(database: Database, mail_id: int, error: str, until: datetime) -> None:
    """See Store.postpone_mail."""
    received = database.models.mail.filter(id=mail_id, state=MailState.RECEIVED.value)
    if not await received.update(error=error[:MAX_ERROR], next_attempt_at=until):
        await check_received(database, mail_id, MailState.RECEIVED)


async def park(database: Database, mail_id: int, error: str, outgoing: Sequence[OutgoingMail]) -> None:
    """See Store.park_mail."""
    reason = MailReason.PROCESSING_FAILED.value
    async with database.transaction():
        received = database.models.mail.filter(id=mail_id, state=MailState.RECEIVED.value)
        parked = MailState.PARKED
        changes = {"state": parked.value, "state_at": database.clock(), "reason": reason, "error": error[:MAX_ERROR]}
        if not await received.update(no_reply=NoReplyReason.NOT_READ.value, **changes):
            await check_received(database, mail_id, parked)
        queued = await letters.put(database, outgoing)
        await journal.write(database, [Entry("mail.parked", "mail", mail_id, {"reason": reason}), *queued])


async def replay(database: Database, mail_id: int, actor: str) -> None:
    """See Store.replay_mail."""
    async with database.transaction():
        row = await database.models.mail.filter(id=mail_id).select_for_update().only("id", "state").first()
        if row is None:
            raise NotFound(f"there is no mail {mail_id}")
        check_move(f"mail {mail_id}", incoming.TRANSITIONS, MailState(row.state), MailState.RECEIVED)
        await database.models.mail.filter(id=mail_id).update(
            state=MailState.RECEIVED.value,
            state_at=database.clock(),
            reason=None,
            no_reply=None,
            error="",
            attempts=0,
            next_attempt_at=database.clock(),
        )
        await journal.write(database, [Entry("mail.received", "mail", mail_id, {"from": row.state}, actor)])


async def check_received(database: Database, mail_id: int, new: MailState) -> None:
    """Say why a mail was not changed: there is none (NotFound), or it is not `received` any more (WrongState)."""
    row = await database.models.mail.filter(id=mail_id).only("id", "state").first()
    if row is None:
        raise NotFound(f"there is no mail {mail_id}")
    check_move(f"mail {mail_id}", {MailState(row.state): frozenset()}, MailState(row.state), new)


async def listed(database: Database, states: Sequence[MailState], limit: int) -> tuple[MailRow, ...]:
    """See Store.mails."""
    query = database.models.mail.all().only(*_LISTED).order_by("-id").limit(limit)
    if states:
        query = query.filter(state__in=[state.value for state in states])
    return tuple(mapping.listed_mail(row) for row in await query)


async def came_to(
    database: Database, state: MailState, since: datetime | None, until: datetime | None
) -> tuple[MailRow, ...]:
    """Mails in a state, oldest first, into which they came after `since` up to `until`; None = whenever."""
    query = database.models.mail.filter(state=state.value).only(*_LISTED).order_by("id")
    if since is not None:
        query = query.filter(state_at__gt=since)
    if until is not None:
        query = query.filter(state_at__lte=until)
    return tuple(mapping.listed_mail(row) for row in await query)


async def one(database: Database, mail_id: int) -> tuple[MailRow, bytes, tuple[Submission, ...]]:
    """See Store.mail."""
    row = await database.models.mail.get_or_none(id=mail_id)
    if row is None:
        raise NotFound(f"there is no mail {mail_id}")
    found = await database.models.submission.filter(mail_id=mail_id).order_by("id")
    return mapping.listed_mail(row), row.content, tuple(mapping.submission_of(submission) for submission in found)
