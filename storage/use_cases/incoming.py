"""Incoming mails: keep them (T1), claim them one at a time, postpone, park, replay, list.

`Store.incoming`, and steps of settling a mail (T2, settle.py). Raises NotFound, WrongState.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.core.health.canary import SIGNED_AS, is_plain, recognised
from bot.core.records import incoming_mail
from bot.core.records.envelope import CANARY, Arrival, Kept, ReceivedMail, message_id_of
from bot.core.records.incoming_mail import ClaimFilter, MailRow, MailState
from bot.core.records.outgoing_mail import OutgoingMail
from bot.core.records.own_identifiers import MESSAGE_ID_PREFIX
from bot.core.records.reasons import MailReason, NoReplyReason
from bot.core.records.send_counts import Withheld
from bot.core.records.submission import Submission
from bot.crash_points import crash_point
from storage.database import mapping, models
from storage.database.connection import Database
from storage.database.fields import in_utc, storable
from storage.database.rows import check_move, first_time, insert, newest, one, places
from storage.errors import Unreadable, WrongState
from storage.keys.vault import derived
from storage.use_cases import journal, mailboxes, outbox, send_counts
from storage.use_cases.base import UseCases, use_case
from storage.use_cases.journal import Entry

log = logging.getLogger("hosho.mails")

LISTED = (
    *("id", "source", "peer", "mail_from", "rcpt_tos", "received_at", "size_bytes", "digest", "state", "reason"),
    *("no_reply", "error", "attempts", "sender", "quoted", "desk", "papers"),
)
# The longest error text in a row; the traceback is in the log.
MAX_ERROR = 500


async def _keep(database: Database, arrivals: Sequence[Arrival], entered_by: str = "") -> tuple[Kept, ...]:
    """See `Incoming.keep`. `entered_by`: the clerk who entered the mails, "" = none."""
    if not arrivals:
        return ()
    rows = await _rows(database, arrivals)
    async with database.transaction(seals=True, short=True):
        canaries = await _canaries_in(database, arrivals)
        mails = [row for place, row in enumerate(rows) if place not in canaries]
        new = await insert(database, database.models.mail, mails, unless="identity", returning="id, identity")
        ids = {row["identity"]: row["id"] for row in new}
        known = [row["identity"] for row in mails if row["identity"] not in ids]
        if known:
            pairs = database.models.mail.filter(identity__in=set(known)).values_list("identity", "id")
            ids.update({str(identity): int(number) for identity, number in await pairs})
        numbers = [CANARY if place in canaries else ids[row["identity"]] for place, row in enumerate(rows)]
        await mailboxes.note_places(
            database, [(one.place, number) for one, number in zip(arrivals, numbers, strict=True) if one.place]
        )
        entries = _ended_at_the_door(mails, {row["identity"]: row["id"] for row in new})
        if entered_by:
            entries += [Entry("mail.entered", "mail", row["id"], {}, entered_by) for row in new]
        await journal.write(database, entries)
        crash_point("keep.before_commit")
    fresh = {row["id"] for row in new}
    kept = []
    for number in numbers:
        kept.append(Kept(number, number in fresh))
        fresh.discard(number)  # a second copy in the same call is not new
    return tuple(kept)


async def _canaries_in(database: Database, arrivals: Sequence[Arrival]) -> frozenset[int]:
    """The places of our own canaries among these, each noted as come back; also one that comes by a second door."""
    back: set[int] = set()
    for place, arrival in enumerate(arrivals):
        if MESSAGE_ID_PREFIX in (message_id := message_id_of(arrival.content)):  # few do
            name = recognised(message_id, derived(database.secret, SIGNED_AS.encode("ascii")))
            is_one = bool(name) and is_plain(arrival.content)
            if is_one and await mailboxes.take_canary(database, name):
                back.add(place)
    return frozenset(back)


async def enter(database: Database, arrivals: Sequence[Arrival], actor: str, mail_id: int) -> list[Entry]:
    """Keep the forms of a clerk's mail, as a step of settling it; returns a journal line for each, in the clerk's name.

    A form that exists already is left unchanged.
    """
    if not arrivals:
        return []
    rows = [row | {"entered_by": mail_id} for row in await _rows(database, arrivals)]
    new = await insert(database, database.models.mail, rows, unless="identity", returning="id, identity")
    return [Entry("mail.entered", "mail", row["id"], {"by_mail": mail_id}, actor) for row in new]


async def _rows(database: Database, arrivals: Sequence[Arrival]) -> list[dict[str, Any]]:
    now = database.clock()
    return [
        mapping.mail_row(arrival, now, await database.vault.seal_mail(arrival.content), database.vault)
        for arrival in arrivals
    ]


def _ended_at_the_door(rows: Sequence[dict[str, Any]], new: dict[str, int]) -> list[Entry]:
    """A journal line for each new mail in an end state; the others get theirs when they are settled."""
    ended: dict[str, dict[str, Any]] = {}
    for row in rows:
        if row["state"] != MailState.RECEIVED.value and row["identity"] in new:
            ended.setdefault(row["identity"], row)
    return [
        Entry(f"mail.{row['state']}", "mail", new[name], {"reason": row["reason"], "no_reply": row["no_reply"]})
        for name, row in ended.items()
    ]


# The sender by which the fair queue shares the sorter's time; without a reverse-path, the From field.
_SHARES_AS = "CASE WHEN COALESCE(mail_from, '') = '' THEN sender ELSE lower(mail_from) END"
# New mails go before one that was tried before, until it has been due for this long.
OVERDUE = timedelta(minutes=1)


class Incoming(UseCases):
    """Incoming mails."""

    @use_case
    async def keep(self, arrivals: Sequence[Arrival]) -> tuple[Kept, ...]:
        """Make mails durable in one transaction, in order. The same mail (core.envelope.identity) again gives is_new=False,
        also within one call; a canary that came back is no mail and gives CANARY. `before_first_start` → state ignored / before_first_start at once; all else: received, due now, what
        the door could not take whole with its reason (size_bytes = what the server told).
        """
        return await _keep(self._database, arrivals)

    @use_case
    async def enter(self, arrivals: Sequence[Arrival], *, actor: str) -> tuple[Kept, ...]:
        """`keep` for forms that a clerk has entered, with a journal line for each in the clerk's name."""
        return await _keep(self._database, arrivals, actor)

    @use_case
    async def claim(self, *, lease: timedelta, turn: ClaimFilter | None = None) -> ReceivedMail | None:
        """The next received mail that is due; attempts+1 and next_attempt_at = now+lease are committed before this returns.

        Each sender's oldest due mail is a candidate. The order of the candidates: new mails and those due for over a minute
        first, then senders without a recent turn (`turn`; None = no turns yet), then the oldest. A mail that can't be unsealed
        is parked, or it would be claimed for ever.
        """
        while (row := await _claimed(self._database, lease, turn or ClaimFilter())) is not None:
            shares_as = str(row.pop("shares_as"))
            # Not by RETURNING: SQLite makes two more copies of its result, and a mail may have 25 MiB.
            [content_row] = await self._database.rows("SELECT content FROM mail WHERE id = ?", [row["id"]])
            found = models.from_columns(self._database.models.mail, row | content_row)
            try:
                content = await self._database.vault.unseal_mail(found.content)
            except Unreadable as error:
                log.error("mail %d is parked: %s", found.id, error)  # noqa: TRY400 - the text says all
                await _park(self._database, found.id, str(error), (), (), "")
            else:
                return replace(mapping.received_mail(found, content), shares_as=shares_as)
        return None

    @use_case
    async def next_due(self) -> datetime | None:
        """The time, in UTC, at which the next received mail is or was due; None when none waits."""
        return await first_time(self._database, "SELECT min(next_attempt_at) AS at FROM mail WHERE state = 'received'")

    @use_case
    async def postpone(self, mail_id: int, *, error: str, until: datetime, attempts: int | None = None) -> None:
        """A received mail could not be sorted now: due again at `until`. Raises NotFound, WrongState.

        `attempts`: as many count from now on; None = this one counts too.
        """
        received = self._database.models.mail.filter(id=mail_id, state=MailState.RECEIVED.value)
        changes: dict[str, Any] = {"owner": None} if attempts is None else {"owner": None, "attempts": attempts}
        if not await received.update(error=error[:MAX_ERROR], next_attempt_at=until, **changes):
            await check_received(self._database, mail_id, MailState.RECEIVED)

    @use_case
    async def give_back(self, in_hand: Collection[int]) -> int:
        """After the database was out of reach: make due at once what this daemon has claimed and does not have `in_hand`, since the
        claim's answer or the mail's end was lost; returns how many. SQLite does not know whose they are: their leases end.
        """
        if (owner := self._database.owner) is None:
            return 0
        apart = f" AND id NOT IN ({places(tuple(in_hand))})" if in_hand else ""
        return await self._database.execute(
            f"UPDATE mail SET next_attempt_at = ?, owner = NULL WHERE state = 'received' AND owner = ?{apart}",  # noqa: S608 - our own words
            [in_utc(self._database.clock()), owner, *in_hand],
        )

    @use_case
    async def park(
        self,
        mail_id: int,
        *,
        error: str,
        desk: str = "",
        outgoing: Sequence[OutgoingMail] = (),
        withheld: Sequence[Withheld] = (),
    ) -> None:
        """A received mail can't be sorted: parked / processing_failed, and a person of the desk is told. Raises NotFound, WrongState."""
        await _park(self._database, mail_id, error, outgoing, withheld, desk)

    @use_case
    async def replay(self, mail_id: int, *, actor: str) -> None:
        """Parked, passed on, asked, ignored or released → received, attempts 0, due now. No letter is sent a second time.

        Raises NotFound; WrongState also when only the header was kept.
        """
        async with self._database.transaction():
            await journal.write(self._database, [await read_again(self._database, mail_id, actor)])

    @use_case
    async def release(self, mail_id: int, *, actor: str, note: str) -> None:
        """What was open is dealt with, with the clerk's note in the journal. Raises NotFound, WrongState."""
        async with self._database.transaction():
            await journal.write(self._database, [await put_away(self._database, mail_id, actor, note)])

    @use_case
    async def asked_of(self, sender: str) -> tuple[MailRow, ...]:
        """The mails of this address (case-insensitive) that wait for their sender, newest first."""
        # SQLite folds ASCII letters alone.
        own, values = (" AND lower(sender) = ?", [storable(sender.lower())]) if sender.isascii() else ("", [])
        asked = await self._database.rows(f"SELECT id, sender FROM mail WHERE state = 'asked'{own}", values)  # noqa: S608 - our own words
        theirs = [row["id"] for row in asked if row["sender"].casefold() == sender.casefold()]
        found = self._database.models.mail.filter(id__in=theirs).only(*LISTED).order_by("-id")
        return tuple(mapping.listed_mail(row, self._database.vault) for row in await found) if theirs else ()

    @use_case
    async def list_(self, *, states: Sequence[MailState] = (), limit: int = 100) -> tuple[MailRow, ...]:
        """Newest first; no states = all."""
        rows = await newest(self._database.models.mail, states).only(*LISTED).limit(limit)
        return tuple(mapping.listed_mail(row, self._database.vault) for row in rows)

    @use_case
    async def entered(self, *, limit: int = 20) -> tuple[int, ...]:
        """The clerks' mails whose forms have all been read, and whose result was not told yet; oldest first."""
        rows = await self._database.rows(
            "SELECT DISTINCT m.entered_by AS id FROM mail m WHERE m.entered_by IS NOT NULL AND NOT EXISTS "
            "(SELECT 1 FROM mail c WHERE c.entered_by = m.entered_by AND c.state = 'received') AND NOT EXISTS "
            "(SELECT 1 FROM outbox o WHERE o.dedupe_key = 'entry_result/' || CAST(m.entered_by AS TEXT)) "
            "ORDER BY m.entered_by LIMIT ?",
            [limit],
        )
        return tuple(row["id"] for row in rows)

    @use_case
    async def entered_by(self, mail_id: int) -> tuple[int, ...]:
        """The mails that the forms of a clerk's mail became, in their order."""
        ids = self._database.models.mail.filter(entered_by=mail_id).order_by("id").values_list("id", flat=True)
        return tuple([int(str(one)) for one in await ids])

    @use_case
    async def get(self, mail_id: int) -> tuple[MailRow, bytes, tuple[Submission, ...]]:
        """A mail, its bytes, and its submissions in the order of the notices. Raises NotFound."""
        return await _one(self._database, mail_id)


async def _claimed(database: Database, lease: timedelta, turn: ClaimFilter) -> dict[str, Any] | None:
    """Claim in one transaction, so that two workers never get the same mail, also in different processes."""
    now, owner = database.clock(), database.owner
    lock = " FOR UPDATE OF mail SKIP LOCKED" if database.dialect == "postgresql" else ""
    async with database.transaction(short=True):
        for chosen, values in (_soon_found(turn, now, owner), _chosen(turn, now, owner)):
            if found := await database.rows(f"{chosen}{lock}", values):
                [row] = await database.rows(
                    "UPDATE mail SET attempts = attempts + 1, next_attempt_at = ?, owner = ? WHERE id = ? RETURNING "  # noqa: S608 - our own words
                    f"id, source, peer, mail_from, rcpt_tos, received_at, digest, attempts, reason, {_SHARES_AS} AS shares_as",
                    [in_utc(now + lease), owner, found[0]["id"]],
                )
                return dict(row)
    return None


_DUE = "state = 'received' AND next_attempt_at <= ?"
# So many of the oldest mails are looked at first.
_FIRST_IDS = 200


def _not_others(alias: str, owner: int | None) -> tuple[str, list[Any]]:
    """That no other daemon has a mail of the same sender in hand, and its value."""
    if owner is None:
        return "", []
    theirs = f"SELECT {_of('o')} FROM mail AS o WHERE o.owner IS NOT NULL AND o.owner <> ?"  # noqa: S608 - likewise
    return f" AND {_of(alias)} NOT IN ({theirs})", [owner]


def _soon_found(turn: ClaimFilter, now: datetime, owner: int | None) -> tuple[str, list[Any]]:
    """What `_chosen` finds where it is among the oldest mails, without asking for every sender's: with ten thousand senders in the
    queue it is nearly always. Due is asked again outside: PostgreSQL checks that anew where another worker has just claimed the mail.
    """
    others = (*turn.busy, *turn.lately)
    first = f"SELECT id FROM mail WHERE state = 'received' ORDER BY id LIMIT {_FIRST_IDS}"  # noqa: S608 - likewise
    earlier = f"SELECT 1 FROM mail AS e WHERE e.{_DUE} AND {_of('e')} = {_of('m')} AND e.id < m.id"  # noqa: S608 - likewise
    apart = f" AND {_of('m')} NOT IN ({places(others)})" if others else ""
    not_others, owners = _not_others("m", owner)
    query = (
        f"SELECT id FROM mail WHERE {_DUE} AND id = (SELECT min(m.id) FROM mail AS m WHERE m.id IN ({first}) AND m.{_DUE} "  # noqa: S608 - likewise
        f"AND (m.attempts = 0 {'' if turn.first_tries_only else 'OR m.next_attempt_at <= ?'}) "
        f"AND NOT EXISTS ({earlier}){apart}{not_others})"
    )
    overdue = [] if turn.first_tries_only else [in_utc(now - OVERDUE)]
    return query, [in_utc(now), in_utc(now), *overdue, in_utc(now), *others, *owners]


def _of(alias: str) -> str:
    """_SHARES_AS of the table under this name."""
    return _SHARES_AS.replace("mail_from", f"{alias}.mail_from").replace("sender", f"{alias}.sender")


def _chosen(turn: ClaimFilter, now: datetime, owner: int | None) -> tuple[str, list[Any]]:
    """The query for the id of the next mail, one of the senders' oldest due mails, and its values."""
    heads = f"SELECT min(id) AS head FROM mail WHERE {_DUE} GROUP BY {_SHARES_AS}"  # noqa: S608 - likewise
    query = f"SELECT id FROM ({heads}) AS heads JOIN mail ON mail.id = heads.head WHERE {_DUE}"  # noqa: S608 - likewise
    values: list[Any] = [in_utc(now), in_utc(now)]
    if turn.first_tries_only:
        query += " AND attempts = 0"
    if turn.busy:
        query += f" AND {_SHARES_AS} NOT IN ({places(turn.busy)})"
        values += turn.busy
    not_others, owners = _not_others("mail", owner)
    query += not_others
    values += owners
    query += " ORDER BY CASE WHEN attempts = 0 OR next_attempt_at <= ? THEN 0 ELSE 1 END, "
    values.append(in_utc(now - OVERDUE))
    if turn.lately:
        ranks = " ".join(f"WHEN ? THEN {rank}" for rank in range(1, len(turn.lately) + 1))
        query += f"CASE {_SHARES_AS} {ranks} ELSE 0 END, "
        values += turn.lately
    return query + "id LIMIT 1", values


async def _park(
    database: Database,
    mail_id: int,
    error: str,
    outgoing: Sequence[OutgoingMail],
    withheld: Sequence[Withheld],
    desk: str,
) -> None:
    """The transaction of `park`."""
    reason = MailReason.PROCESSING_FAILED.value
    async with database.transaction(seals=True):
        received = database.models.mail.filter(id=mail_id, state=MailState.RECEIVED.value)
        parked = MailState.PARKED
        changes = {
            "state": parked.value,
            "state_at": database.clock(),
            "reason": reason,
            "error": error[:MAX_ERROR],
            "desk": desk,
            "owner": None,
        }
        if not await received.update(no_reply=NoReplyReason.NOT_READ.value, **changes):
            await check_received(database, mail_id, parked)
        queued = await outbox.put(database, outgoing)
        await send_counts.note_withheld(database, mail_id, withheld)
        await journal.write(database, [Entry("mail.parked", "mail", mail_id, {"reason": reason}), *queued])


async def put_away(database: Database, mail_id: int, actor: str, note: str) -> Entry:
    """Release a mail, as a step of a transaction; returns its journal line. Raises NotFound, WrongState."""
    old = await _locked(database, mail_id)
    released = old.when_dealt_with
    check_move(f"mail {mail_id}", incoming_mail.TRANSITIONS, old, released)
    return await _release(database, mail_id, old, MailReason.CLERK_RELEASED, actor, {"note": note})


async def put_all_away(database: Database, mail_ids: Sequence[int], actor: str, note: str) -> list[Entry]:
    """The same for further mails; those that are not open any more stay as they are. Raises NotFound."""
    return [
        await _release(database, mail_id, old, MailReason.CLERK_RELEASED, actor, {"note": note})
        for mail_id in sorted(mail_ids)  # one lock order for all workers prevents deadlocks
        if (old := await _locked(database, mail_id)).is_open
    ]


async def end_asked(database: Database, mail_ids: Sequence[int], by: int) -> list[Entry]:
    """Release the mails that waited for a sender whose notice has come with the mail `by`; those that don't wait any more stay."""
    return [
        await _release(database, mail_id, old, MailReason.SENDER_HAS_SENT, journal.BOT, {"sent_by": by})
        for mail_id in sorted(mail_ids)  # likewise
        if (old := await _locked(database, mail_id)) is MailState.ASKED
    ]


async def end_unused_passwords(database: Database, mail_ids: Sequence[int], by: int) -> list[Entry]:
    """Release those of the mails that told a password and opened nothing, when the file has come with the mail `by`."""
    unused = {"state": MailState.PASSED_ON.value, "reason": MailReason.PASSWORD_UNUSED.value}
    found = database.models.mail.filter(id__in=list(mail_ids), **unused).order_by("id").select_for_update().only("id")
    return [
        await _release(database, row.id, MailState.PASSED_ON, MailReason.PASSWORD_MAIL, journal.BOT, {"opened": by})
        for row in (await found if mail_ids else ())
    ]


async def _release(
    database: Database, mail_id: int, old: MailState, reason: MailReason, actor: str, detail: dict[str, Any]
) -> Entry:
    """Set a locked mail to where it stands when it is dealt with; returns its journal line."""
    new = old.when_dealt_with.value
    changes = {"state": new, "state_at": database.clock(), "reason": reason.value}
    await database.models.mail.filter(id=mail_id).update(**changes)
    return Entry(f"mail.{new}", "mail", mail_id, {"from": old.value, "reason": reason.value, **detail}, actor)


async def _locked(database: Database, mail_id: int) -> MailState:
    """Lock a mail until the transaction ends; returns its state. Raises NotFound."""
    found = database.models.mail.filter(id=mail_id).select_for_update().only("id", "state")
    return MailState((await one(found, f"mail {mail_id}")).state)


async def lock_for(database: Database, mail_id: int, new: MailState) -> MailState:
    """Lock a mail until the transaction ends; returns its state, which allows `new`. Raises NotFound, WrongState."""
    old = await _locked(database, mail_id)
    check_move(f"mail {mail_id}", incoming_mail.TRANSITIONS, old, new)
    return old


async def read_again(database: Database, mail_id: int, actor: str) -> Entry:
    """Replay a mail, as a step of a transaction; returns its journal line. Raises NotFound, WrongState."""
    old = await lock_for(database, mail_id, MailState.RECEIVED)
    row, content, _ = await _one(database, mail_id)
    if len(content) < row.size_bytes:
        raise WrongState(f"メール{mail_id}は本文を保存していないため、もう一度読み取ることができません")
    return replace(await receive_again(database, mail_id, old, {}), actor=actor)


async def receive_again(database: Database, mail_id: int, old: MailState, detail: dict[str, Any]) -> Entry:
    """Set a locked mail to received and due now, like a new one; returns its journal line."""
    await database.models.mail.filter(id=mail_id).update(
        state=MailState.RECEIVED.value,
        state_at=database.clock(),
        reason=None,
        no_reply=None,
        error="",
        attempts=0,
        next_attempt_at=database.clock(),
    )
    return Entry("mail.received", "mail", mail_id, {"from": old.value, **detail})


async def check_received(database: Database, mail_id: int, new: MailState) -> None:
    """Raise NotFound when the mail does not exist, else WrongState: it is not `received` any more."""
    row = await one(database.models.mail.filter(id=mail_id).only("id", "state"), f"mail {mail_id}")
    check_move(f"mail {mail_id}", {MailState(row.state): frozenset()}, MailState(row.state), new)


async def standing(database: Database, *states: MailState) -> tuple[MailRow, ...]:
    """The mails that stand in one of these states now, oldest first."""
    names = [state.value for state in states]
    query = database.models.mail.filter(state__in=names).only(*LISTED).order_by("id")
    return tuple(mapping.listed_mail(row, database.vault) for row in await query)


async def _one(database: Database, mail_id: int) -> tuple[MailRow, bytes, tuple[Submission, ...]]:
    """A mail, its bytes and its submissions. Raises NotFound."""
    row = await one(database.models.mail.filter(id=mail_id), f"mail {mail_id}")
    found = await database.models.submission.filter(mail_id=mail_id).order_by("id")
    content = await database.vault.unseal_mail(row.content)
    return (
        mapping.listed_mail(row, database.vault),
        content,
        tuple(mapping.submission_of(submission, database.vault) for submission in found),
    )
