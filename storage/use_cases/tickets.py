"""Tickets: the reply tokens of letters, with the cases that a clerk can answer by them, each once.

`put` is a step of queueing letters, `spend` of settling an answer; the rest is `Store.tickets`. Raises Overtaken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.core.records.outgoing_mail import Letter, OutgoingMail
from bot.core.records.reply_token import ReplyToken, TokenCase
from storage.database import mapping, models
from storage.database.connection import Database
from storage.database.rows import insert
from storage.errors import Overtaken
from storage.use_cases.base import UseCases, use_case


async def put(database: Database, mails: Sequence[OutgoingMail], queued: Mapping[str, int]) -> None:
    """Insert the tickets of queued letters. `queued`: dedupe key → outbox id."""
    new = dict(queued)
    for mail in mails:
        number = new.pop(mail.dedupe_key, None)  # of two letters with one key, only the first was queued
        if mail.ticket is None or number is None:
            continue
        row = await database.models.ticket.create(
            token=mail.ticket.token,
            outbox_id=number,
            desk=mail.ticket.desk,
            expires_at=mail.ticket.expires_at,
        )
        by_place = {case.place: case for case in mail.ticket.cases}
        await insert(database, database.models.ticket_case, [_case_row(row.id, case) for case in by_place.values()])


def _case_row(ticket_id: int, case: TokenCase) -> dict[str, object]:
    return {
        "ticket_id": ticket_id,
        "place": case.place,
        "receipt_number": case.receipt_number,
        "mail_id": case.mail_id or None,
        "candidates": case.candidates,
    }


_ANSWERS = (Letter.DESK_REPLY.value, Letter.DESK_HELP.value)
_LATER = (
    "SELECT newer.id FROM ticket AS own JOIN ticket_case AS mine ON mine.ticket_id = own.id "
    "JOIN ticket_case AS theirs ON theirs.ticket_id > own.id AND (theirs.mail_id = mine.mail_id OR "
    "(theirs.receipt_number = mine.receipt_number AND mine.receipt_number <> '')) "
    "JOIN ticket AS newer ON newer.id = theirs.ticket_id JOIN outbox ON outbox.id = newer.outbox_id "
    "WHERE own.token = ? AND outbox.letter IN (?, ?) LIMIT 1"
)


async def letters_about(database: Database, receipt_number: str) -> list[int]:
    """The outbox ids of the letters whose tickets have this submission as a case."""
    cases = database.models.ticket_case.filter(receipt_number=receipt_number).values_list("ticket_id", flat=True)
    tickets = database.models.ticket.filter(id__in=list(await cases)).values_list("outbox_id", flat=True)
    return [int(str(number)) for number in await tickets]


class Tickets(UseCases):
    """Find tickets."""

    @use_case
    async def find(self, token: str, message_ids: Sequence[str] = ()) -> ReplyToken | None:
        """The ticket with this token; else that of the newest letter with one of the Message-IDs; else None."""
        if token and (row := await self._database.models.ticket.filter(token=token).first()):
            return await _ticket(self._database, row)
        letters = self._database.models.outbox.filter(message_id__in=list(message_ids)).values_list("id", flat=True)
        numbers = list(await letters) if message_ids else []
        row = (
            await self._database.models.ticket.filter(outbox_id__in=numbers).order_by("-id").first()
            if numbers
            else None
        )
        return await _ticket(self._database, row) if row is not None else None

    @use_case
    async def is_overtaken(self, token: str) -> bool:
        """Whether a clerk's later answer, to whichever letter, was about a case of this ticket: it has a letter back with a newer ticket."""
        found = await self._database.rows(_LATER, [token, *_ANSWERS])
        return bool(found)


async def _ticket(database: Database, row: models.TicketRecord) -> ReplyToken:
    columns = ("id", "message_id", "created_at", "quoted")
    letter = await database.models.outbox.filter(id=row.outbox_id).only(*columns).get()
    cases = await database.models.ticket_case.filter(ticket_id=row.id).order_by("place")
    text, proposal = mapping.words_of_letter(letter, database.vault)
    return ReplyToken(
        row.token,
        row.desk,
        letter.message_id,
        row.expires_at,
        tuple(
            TokenCase(one.place, one.receipt_number, tuple(one.candidates), one.spent_at, one.mail_id or 0)
            for one in cases
        ),
        letter.created_at,
        text,
        proposal,
    )


async def spend(database: Database, token: str, place: int, at: datetime) -> None:
    """Spend one case of a ticket, in the transaction that carries out its action. Raises Overtaken when it is spent."""
    ticket = database.models.ticket.filter(token=token).values_list("id", flat=True)
    unspent = database.models.ticket_case.filter(ticket_id__in=list(await ticket), place=place, spent_at__isnull=True)
    if not await unspent.update(spent_at=at):
        raise Overtaken(f"case {place} of a ticket was answered meanwhile: decide anew")
