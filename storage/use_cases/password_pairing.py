"""A sender's mails around a time: those that may contain the password of a locked file, and those that need one.

`Store.password_pairing`, and a step of settle.py. No password is in a query or a row: the texts are read from the sealed
mails.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.core.records.incoming_mail import MailRow, MailState
from bot.core.records.reasons import NoReplyReason, PaperReason
from storage.database import mapping, models
from storage.database.connection import Database
from storage.database.fields import in_utc
from storage.errors import NotFound, Overtaken, WrongState
from storage.use_cases import incoming
from storage.use_cases.base import UseCases, use_case
from storage.use_cases.journal import Entry

# The column has the From field: of a sorted mail, and of one from a mailbox already before.
_OF_SENDER = "lower(sender) = ?"
_LOCKED = f"""state IN ('passed_on', 'asked') AND CAST(papers AS TEXT) LIKE '%"{PaperReason.ENCRYPTED.value}"%'"""
# A mail that is not sorted yet will look for its pair itself; one in a sender's name that our MX could not prove must not take the
# places of his own.
_TOLD = f"state <> 'received' AND COALESCE(no_reply, '') <> '{NoReplyReason.SENDER_UNPROVEN.value}'"


class PasswordPairing(UseCases):
    """A sender's mails around a time."""

    @use_case
    async def mails_near(
        self, sender: str, *, at: datetime, window: timedelta, besides: int, limit: int = 10
    ) -> tuple[MailRow, ...]:
        """The mails from this address (case-insensitive) that came within `window` of `at` and are sorted, whatever their end,
        nearest first; without the mail `besides`.
        """
        return await _near(self._database, _TOLD, sender, at, window, besides, limit)

    @use_case
    async def locked_mails_near(
        self, sender: str, *, at: datetime, window: timedelta, besides: int, limit: int = 10
    ) -> tuple[MailRow, ...]:
        """Those of `mails_near` that are open, and brought an encrypted file."""
        return await _near(self._database, _LOCKED, sender, at, window, besides, limit)


async def _near(
    database: Database, which: str, sender: str, at: datetime, window: timedelta, besides: int, limit: int
) -> tuple[MailRow, ...]:
    """Nearest first. Two queries, because the dialects have no common expression for a time difference."""
    asked = f"SELECT {', '.join(incoming.LISTED)} FROM mail WHERE {which} AND {_OF_SENDER} AND id <> ?"  # noqa: S608 - our own words
    before = f"{asked} AND received_at >= ? AND received_at <= ? ORDER BY received_at DESC, id DESC LIMIT {limit:d}"
    after = f"{asked} AND received_at > ? AND received_at <= ? ORDER BY received_at, id LIMIT {limit:d}"
    found = [
        *await database.rows(before, [sender.lower(), besides, in_utc(at - window), in_utc(at)]),
        *await database.rows(after, [sender.lower(), besides, in_utc(at), in_utc(at + window)]),
    ]
    rows = [mapping.listed_mail(models.from_columns(database.models.mail, row), database.vault) for row in found]
    rows = [row for row in rows if which is not _LOCKED or _is_locked(row)]
    return tuple(sorted(rows, key=lambda row: (abs(row.envelope.received_at - at), row.mail_id))[:limit])


def _is_locked(row: MailRow) -> bool:
    """The exact check after the LIKE, which also matches a file name."""
    return any(paper.reason is PaperReason.ENCRYPTED for paper in row.papers)


async def reopen(database: Database, mail_ids: Sequence[int], opened_by: int) -> list[Entry]:
    """Set open mails back to received, in the transaction that settles the mail with their password.

    Raises Overtaken when one of them is not open any more.
    """
    entries: list[Entry] = []
    for mail_id in sorted(mail_ids):  # one lock order for all workers prevents deadlocks
        try:
            old = await incoming.lock_for(database, mail_id, MailState.RECEIVED)
        except (NotFound, WrongState) as error:
            raise Overtaken(f"{error}: decide anew") from error
        if old not in {MailState.PASSED_ON, MailState.ASKED}:
            raise Overtaken(f"mail {mail_id} is {old}: decide anew")
        entries.append(await incoming.receive_again(database, mail_id, old, {"opened_by": opened_by}))
    return entries
