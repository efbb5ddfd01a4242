"""Bounce reports about our letters (T2), and the dead addresses, to which no more letters are sent.

`note` and `revive` are steps of settling a mail, `bury` also of noting a delivery; the rest is `Store.bounces`.
"""

from __future__ import annotations

from collections.abc import Collection

from bot.core.policy.masking import mask_keys
from bot.core.policy.policy import Formats
from bot.core.records.outgoing_mail import (
    OF_CLERKS,
    SUSPECTED_FOR,
    BounceMatch,
    BounceReport,
    DeadAddress,
    OutboxState,
)
from bot.core.records.reasons import OutboxReason
from storage.database import mapping, models
from storage.database.connection import Database
from storage.database.fields import in_utc, storable
from storage.database.rows import places
from storage.errors import NotFound
from storage.use_cases import journal
from storage.use_cases.base import UseCases, use_case
from storage.use_cases.journal import Entry

_LATE = "遅延の通知: "


class Bounces(UseCases):
    """Bounce reports and dead addresses."""

    @use_case
    async def match_bounce(self, returned: BounceReport) -> BounceMatch:
        """Which letters a report is about: those that it names by what only their recipients know; else how many went to the
        addresses that it names in the last days. `settle` writes it down.
        """
        proven = [row.id for row in await _named(self._database, returned)]
        if proven or not returned.addresses:
            return BounceMatch(tuple(proven))
        lately = self._database.models.outbox.filter(
            recipient_fold__in=returned.addresses,
            state=OutboxState.DELIVERED.value,
            created_at__gte=self._database.clock() - SUSPECTED_FOR,
        )
        return BounceMatch((), await lately.count())

    @use_case
    async def dead_addresses(self) -> tuple[DeadAddress, ...]:
        """The addresses to which no contractor's letter is sent, oldest first."""
        rows = await self._database.models.dead_address.all().order_by("since", "address")
        return tuple(DeadAddress(row.address, row.since, row.why, row.outbox_id) for row in rows)

    @use_case
    async def revive_address(self, address: str, *, actor: str) -> None:
        """Send letters to this address (case-insensitive) again. Raises NotFound when it is not dead."""
        async with self._database.transaction():
            entries = await revive(self._database, address, actor)
            if not entries:
                raise NotFound(f"dead address {address}")
            await journal.write(self._database, entries)


async def _named(database: Database, returned: BounceReport) -> list[models.OutboxRecord]:
    """The attempted letters that a report names by reverse-path or, else, by Message-ID; locked."""
    for column, values in (("reverse_path", returned.reverse_paths), ("message_id", returned.message_ids)):
        if not values:
            continue
        query = database.models.outbox.filter(**{f"{column}__in": values}, attempts__gt=0).order_by("id")
        found = await query.select_for_update().only("id", "state", "letter", "recipient_fold")
        if found:
            return found
    return []


_GONE_OUT = frozenset({OutboxState.DELIVERED.value, OutboxState.QUEUED.value, OutboxState.HOLD.value})


async def note(database: Database, returned: BounceReport) -> list[Entry]:
    """Update the letters that a report names; returns the journal entries, which the caller writes."""
    entries: list[Entry] = []
    if not returned.is_sure:
        return entries
    words = mask_keys(returned.words, Formats())  # it may be anybody's
    for row in await _named(database, returned):
        if row.state not in _GONE_OUT:
            continue
        this = database.models.outbox.filter(id=row.id)
        if not returned.is_final:
            await this.update(reply=_LATE + words)
            entries.append(Entry("outgoing.delayed", "outgoing", row.id, {"report": words}))
            continue
        reason = OutboxReason.REPORTED_BACK.value
        if row.state == OutboxState.HOLD.value:  # it was sent before it was held
            entries.append(Entry("outgoing.queued", "outgoing", row.id, {"reason": OutboxReason.WAITING.value}))
        await this.update(state=OutboxState.BOUNCED.value, reason=reason, reply=words, done_at=database.clock())
        entries.append(Entry("outgoing.bounced", "outgoing", row.id, {"reason": reason, "report": words}))
        if returned.is_dead and row.recipient_fold in returned.addresses:
            entries += await bury(database, row, words)
    return entries


async def bury(database: Database, row: models.OutboxRecord, why: str) -> list[Entry]:
    """Mark the recipient of this letter as dead. Not a desk's address: an alarm reports that one."""
    if row.letter in OF_CLERKS:
        return []
    new = await database.rows(
        "INSERT INTO dead_address (address, since, why, outbox_id) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (address) DO NOTHING RETURNING address",
        [storable(row.recipient_fold), in_utc(database.clock()), storable(why), row.id],
    )
    detail = {"outgoing": row.id, "why": why}
    return [Entry("address.dead", "address", row.recipient_fold, detail)] if new else []


async def dead_of(database: Database, addresses: Collection[str]) -> set[str]:
    """The dead ones among these folded addresses."""
    wanted = [storable(address) for address in addresses]
    asked = f"SELECT address FROM dead_address WHERE address IN ({places(wanted)})"  # noqa: S608 - our own words
    return {row["address"] for row in await database.rows(asked, wanted)}


async def revive(database: Database, address: str, actor: str) -> list[Entry]:
    """Mark the address as alive; returns the journal entries, which the caller writes, none when it was not dead."""
    address = mapping.fold_address(address)
    dead = [storable(address)]
    if not address or not await database.execute("DELETE FROM dead_address WHERE address = ?", dead):
        return []
    return [Entry("address.revived", "address", address, {}, actor)]
