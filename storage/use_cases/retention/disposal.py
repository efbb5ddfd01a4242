"""Disposal: find what is due, carry out what a person approved in small transactions, hold what must stay; give room back.

`Store.disposal`. Rows stay, emptied: what makes a mail known when it comes again (identity, digest, places, dedupe keys), its 受付番号 and
its state. Each portion has its line in the journal: what, which, a digest over them, who approved. A crash leaves whole portions done and
the rest due. Raises StoreError, NotFound.
"""

# ruff: noqa: S608 - the SQL is made of our own names, and of places for values
from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from bot.core.records.guarantee import GuaranteeState
from bot.core.records.incoming_mail import MailState
from bot.core.records.outgoing_mail import Addressee, Letter, OutboxState, OutgoingMail
from bot.core.records.retention import ApprovedList, DueItem, DueList, ListAnswer, Retained, Retention, digest_of
from bot.core.records.submission import SubmissionState, mail_number
from bot.core.text.dates import JAPAN
from bot.crash_points import crash_point
from storage.database.connection import Database
from storage.database.fields import in_utc, storable
from storage.database.mapping import blank_notice
from storage.database.rows import lock_register, places
from storage.errors import NotFound
from storage.use_cases import journal, outbox, tickets
from storage.use_cases.base import UseCases, use_case
from storage.use_cases.journal import Entry

PORTION = 20
"""So many rows in a transaction: the daemon's writes wait for no more."""
_PAGES = 500  # likewise of the file

_CLOSED = ", ".join(f"'{state}'" for state in MailState if not state.is_open and state is not MailState.RECEIVED)
_OPEN_CASES = ", ".join(f"'{state}'" for state in SubmissionState if state.is_open)
_ENDED = ", ".join(f"'{state}'" for state in OutboxState if state not in {OutboxState.QUEUED, OutboxState.HOLD})
_NO_MORE = ", ".join(f"'{state}'" for state in GuaranteeState if state.is_closed)
_TO_CONTRACTORS = ", ".join(f"'{letter}'" for letter in Letter if letter.to is Addressee.CONTRACTOR)

_MAIL = (
    f"mail.state IN ({_CLOSED}) AND NOT EXISTS (SELECT 1 FROM legal_hold WHERE legal_hold.mail_id = mail.id) "
    f"AND NOT EXISTS (SELECT 1 FROM submission AS s WHERE s.mail_id = mail.id AND s.state IN ({_OPEN_CASES}))"
)
_LONG_AGO = (
    "mail.state_at < ? AND NOT EXISTS (SELECT 1 FROM submission AS s WHERE s.mail_id = mail.id AND s.state_at >= ?)"
)
_LETTER = f"outbox.state IN ({_ENDED})"
_DUE = MappingProxyType(
    {
        # Its mails and letters go with it: what holds the key is no use any more.
        Retained.KEYS: (
            "SELECT g.id, g.number AS proof FROM guarantee AS g WHERE g.expires_on < ? AND (g.auth_key IS NOT NULL OR EXISTS "
            "(SELECT 1 FROM submission AS s WHERE s.guarantee_id = g.id AND s.auth_key IS NOT NULL)) AND NOT EXISTS "
            f"(SELECT 1 FROM submission AS s WHERE (s.guarantee_id = g.id OR s.number = g.number) AND (s.state IN ({_OPEN_CASES}) "
            "OR s.mail_id IN (SELECT mail_id FROM legal_hold)))"
        ),
        Retained.MAILS: f"SELECT mail.id, mail.digest AS proof FROM mail WHERE {_MAIL} AND {_LONG_AGO}",
        Retained.LETTERS: (
            "SELECT outbox.id, outbox.message_id AS proof, outbox.dedupe_key, outbox.submission FROM outbox "
            f"WHERE {_LETTER} AND outbox.done_at < ?"
        ),
        Retained.CASES: (
            f"SELECT mail.id, mail.digest AS proof FROM mail WHERE {_MAIL} AND {_LONG_AGO} AND EXISTS (SELECT 1 FROM disposed AS d "
            f"WHERE d.row_kind = 'mail' AND d.row_id = mail.id AND d.what = '{Retained.MAILS}') AND NOT EXISTS (SELECT 1 FROM submission "
            f"AS s JOIN guarantee AS g ON g.id = s.guarantee_id WHERE s.mail_id = mail.id AND s.state = '{SubmissionState.VERIFIED}' "
            f"AND g.state NOT IN ({_NO_MORE}) AND (g.expires_on IS NULL OR g.expires_on >= ?))"
        ),
    }
)
_UNDONE = "NOT EXISTS (SELECT 1 FROM disposed AS d WHERE d.row_kind = ? AND d.row_id = {id} AND d.what = ?)"


class Disposal(UseCases):
    """What is due, what was approved, what is held."""

    @use_case
    async def due(self, rules: Retention, *, at: datetime | None = None) -> DueList:
        """Everything that is due now, in the order in which it is carried out. `at`: of it, what was due then."""
        now = self._database.clock()
        until = rules.until(min(at or now, now))
        items = [item for what in Retained if what in until for item in await _due(self._database, what, until[what])]
        holds = await self._database.rows("SELECT count(*) AS holds FROM legal_hold")
        days = {what: at.astimezone(JAPAN).date() for what, at in until.items()}
        return DueList(tuple(items), days, holds[0]["holds"])

    @use_case
    async def approve(self, approved: DueList, *, actor: str) -> None:
        """Note who approved which list, before anything of it is carried out."""
        detail = {"digest": digest_of(approved.items), **{str(what): n for what, n in approved.counts.items()}}
        async with self._database.transaction():
            await journal.write(
                self._database, [Entry("disposal.approved", "disposal", approved.number, detail, actor)]
            )

    @use_case
    async def carry_out(self, rules: Retention, portion: Sequence[DueItem], *, number: str, actor: str) -> int:
        """Dispose of these items of one class, those that are still due; returns how many. `number`: the approved list's."""
        what = portion[0].what
        async with self._database.transaction(seals=True):
            await lock_register(self._database, alone=True)  # as an import, it goes from guarantees to submissions
            ids = [item.row_id for item in portion]
            until = rules.until(self._database.clock())
            still = await _due(self._database, what, until[what], ids) if what in until else []
            if still:
                await _DISPOSE[what](self._database, [item.row_id for item in still])
                rows = " ".join(f"{what.row}/{item.row_id}" for item in still)
                detail = {"what": str(what), "count": len(still), "rows": rows, "digest": digest_of(tuple(still))}
                await journal.write(self._database, [Entry("disposal.done", "disposal", number, detail, actor)])
        crash_point("disposal.portion")
        return len(still)

    @use_case
    async def approved_by_mail(self) -> tuple[ApprovedList, ...]:
        """The lists that were approved by mail and are still to be carried out, oldest first."""
        rows = await self._database.rows(
            "SELECT id FROM journal AS line WHERE subject_kind = 'disposal' AND event = 'disposal.approved' AND NOT EXISTS (SELECT 1 FROM "
            "journal AS later WHERE later.subject_kind = 'disposal' AND later.subject_id = line.subject_id "
            "AND later.event = 'disposal.finished' AND later.id > line.id) ORDER BY id"
        )
        lines = self._database.models.journal.filter(id__in=[row["id"] for row in rows]).order_by("id")
        return tuple(
            ApprovedList(line.subject_id, datetime.fromisoformat(line.detail["listed_at"]), line.actor)
            for line in (await lines if rows else ())
            if "listed_at" in line.detail  # else the command carries it out
        )

    @use_case
    async def finish(
        self, approved: ApprovedList, listed: DueList, done: int, *, outgoing: Sequence[OutgoingMail] = ()
    ) -> None:
        """A list that was approved by mail is carried out, or can't be any more (none done); who approved it is told."""
        detail = {"digest": digest_of(listed.items), "done": done}
        async with self._database.transaction(seals=True):
            queued = await outbox.put(self._database, outgoing)
            entry = Entry("disposal.finished", "disposal", approved.number, detail, approved.actor)
            await journal.write(self._database, [entry, *queued])

    @use_case
    async def hold(self, mail_id: int, *, why: str, actor: str) -> None:
        """Keep a mail with its cases and letters whatever their age. Again is no error. Raises NotFound."""
        async with self._database.transaction():
            if not await self._database.rows("SELECT 1 AS there FROM mail WHERE id = ?", [mail_id]):
                raise NotFound(f"mail {mail_id}")
            await self._database.execute(
                "INSERT INTO legal_hold (mail_id, why, actor) VALUES (?, ?, ?) "
                "ON CONFLICT (mail_id) DO UPDATE SET why = excluded.why, actor = excluded.actor",
                [mail_id, storable(why), storable(actor)],
            )
            await journal.write(self._database, [Entry("disposal.held", "mail", mail_id, {"why": why}, actor)])

    @use_case
    async def release(self, mail_id: int, *, why: str, actor: str) -> None:
        """End a hold. Raises NotFound."""
        async with self._database.transaction():
            if not await self._database.execute("DELETE FROM legal_hold WHERE mail_id = ?", [mail_id]):
                raise NotFound(f"legal hold {mail_id}")
            await journal.write(self._database, [Entry("disposal.released", "mail", mail_id, {"why": why}, actor)])

    @use_case
    async def holds(self) -> tuple[tuple[int, str, str], ...]:
        """(mail, why, by whom) of each hold."""
        rows = await self._database.rows("SELECT mail_id, why, actor FROM legal_hold ORDER BY mail_id")
        return tuple((row["mail_id"], row["why"], row["actor"]) for row in rows)

    @use_case
    async def shrink(self) -> int:
        """Give free pages of an SQLite file back, some at a time; returns how many bytes. PostgreSQL's autovacuum does so by itself."""
        if self._database.dialect != "sqlite":
            return 0
        free = first = await self._pragma("freelist_count")
        while free:
            await self._database.client.execute_script(  # a query is stepped once, and frees one page
                f"PRAGMA incremental_vacuum({_PAGES})"
            )
            left = await self._pragma("freelist_count")
            if left >= free:  # a file that was not made for it
                break
            free = left
        return (first - free) * await self._pragma("page_size")

    async def _pragma(self, name: str) -> int:
        return int((await self._database.rows(f"PRAGMA {name}"))[0][name])


async def note_answer(database: Database, said: ListAnswer, mail_id: int) -> list[Entry]:
    """What was answered to a list, as a step of settling the mail: the ticket is spent. Raises Overtaken when it was before."""
    await tickets.spend(database, said.token, 1, database.clock())
    event = "disposal.approved" if said.is_approved else "disposal.put_off"
    detail = {"mail": mail_id, "listed_at": said.listed_at.isoformat()} | ({"note": said.note} if said.note else {})
    return [Entry(event, "disposal", said.number, detail, said.actor)]


async def _due(database: Database, what: Retained, until: datetime, ids: Sequence[int] | None = None) -> list[DueItem]:
    """What is due of a class; of these rows where `ids` are given, which then are locked."""
    name = {Retained.KEYS: "g.id", Retained.LETTERS: "outbox.id"}.get(what, "mail.id")
    day = until.astimezone(JAPAN).date()
    values: list[Any] = {
        Retained.KEYS: [_day(database, day)],
        Retained.LETTERS: [in_utc(until)],
        Retained.MAILS: [in_utc(until)] * 2,
        Retained.CASES: [*[in_utc(until)] * 2, _day(database, day)],
    }[what]
    sql = _DUE[what]
    if what is not Retained.KEYS:
        sql += f" AND {_UNDONE.format(id=name)}"
        values += [what.row, str(what)]
    if ids is not None:
        sql += f" AND {name} IN ({places(ids)})"
        values += ids
    lock = " FOR UPDATE" if ids is not None and database.dialect == "postgresql" else ""
    rows = await database.rows(f"{sql} ORDER BY {name}{lock}", values)
    if what is Retained.LETTERS:
        held = await _words_of_held(database)
        rows = [row for row in rows if not any(word in row["dedupe_key"] or word in row["submission"] for word in held)]
    return [DueItem(what, row["id"], row["proof"] or "") for row in rows]


def _day(database: Database, day: date) -> Any:
    return day if database.dialect == "postgresql" else day.isoformat()


async def _words_of_held(database: Database) -> list[str]:
    """What the letters about held mails are known by: the mail's digest, and how its 受付番号 begin."""
    held = database.models.mail.filter(
        id__in=[row["mail_id"] for row in await database.rows("SELECT mail_id FROM legal_hold")]
    )
    rows = await held.only("id", "digest", "received_at")
    return [
        word for row in rows for word in (row.digest, mail_number(row.id, row.received_at).rpartition("-")[0] + "-")
    ]


async def _keys(database: Database, ids: Sequence[int]) -> None:
    """The keys of these guarantees, wherever they are. A guarantee without its key takes no notice any more: it has expired."""
    some = places(ids)
    cases = await database.rows(
        f"SELECT id, receipt_number, mail_id FROM submission WHERE guarantee_id IN ({some}) OR number IN "
        f"(SELECT number FROM guarantee WHERE id IN ({some}) AND number IS NOT NULL)",
        [*ids, *ids],
    )
    state = f"CASE WHEN state IN ({_NO_MORE}) THEN state ELSE '{GuaranteeState.EXPIRED}' END"
    await database.execute(f"UPDATE guarantee SET auth_key = NULL, state = {state} WHERE id IN ({some})", ids)
    numbers, receipts = [row["id"] for row in cases], [row["receipt_number"] for row in cases]
    for part in _parts(numbers):
        await database.execute(
            f"UPDATE submission SET auth_key = NULL, key_mark = '' WHERE id IN ({places(part)})", part
        )
    for part in _parts(sorted({row["mail_id"] for row in cases})):
        rows = await database.rows(
            f"SELECT mail.id FROM mail WHERE {_MAIL} AND mail.id IN ({places(part)}) AND NOT EXISTS "
            "(SELECT 1 FROM submission AS s WHERE s.mail_id = mail.id AND s.auth_key IS NOT NULL)",
            part,
        )
        await _mails(database, [row["id"] for row in rows])
    for part in _parts(receipts):
        rows = await database.rows(
            f"SELECT id FROM outbox WHERE {_LETTER} AND submission IN ({places(part)})",
            part,
        )
        await _letters(database, [row["id"] for row in rows])


async def _mails(database: Database, ids: Sequence[int]) -> None:
    """Empty the bytes as they came."""
    empty = database.vault.seal_bytes(b"")
    for part in _parts(ids):
        await database.execute(f"UPDATE mail SET content = ? WHERE id IN ({places(part)})", [empty, *part])
    await _note(database, Retained.MAILS, ids)


async def _letters(database: Database, ids: Sequence[int]) -> None:
    """Empty what a letter said."""
    empty, nothing = database.vault.seal_bytes(b""), database.vault.seal_text(b"{}")
    for part in _parts(ids):
        await database.execute(
            f"UPDATE outbox SET content = ?, quoted = ?, reply = '' WHERE {_LETTER} AND id IN ({places(part)})",
            [empty, nothing, *part],
        )
    await _note(database, Retained.LETTERS, ids)


async def _cases(database: Database, ids: Sequence[int]) -> None:
    """Empty who sent these mails, what their notices said in words, and to whom the answers went."""
    some = places(ids)
    rows = await database.models.mail.filter(id__in=list(ids)).only("id", "digest", "received_at")
    for row in rows:
        number = mail_number(row.id, row.received_at).rpartition("-")[0]
        letters = await database.rows(
            f"SELECT id, letter FROM outbox WHERE {_LETTER} AND (submission LIKE ? OR dedupe_key LIKE ?)",
            [f"{number}-%", f"%{row.digest}%"],
        )
        await _letters(database, [letter["id"] for letter in letters])
        for part in _parts([letter["id"] for letter in letters]):
            await database.execute(
                "UPDATE outbox SET recipient = '', recipient_fold = '', counted_as = '', counted_domain = '', reverse_path = '', "
                f"dedupe_key = 'disposed/' || id WHERE {_LETTER} AND letter IN ({_TO_CONTRACTORS}) AND id IN ({places(part)})",
                part,
            )
    await database.execute(
        f"UPDATE mail SET sender = '', mail_from = NULL, peer = '', quoted = NULL, papers = '[]', error = '' WHERE id IN ({some})",
        ids,
    )
    await database.execute(
        f"DELETE FROM case_words WHERE submission_id IN (SELECT id FROM submission WHERE mail_id IN ({some}))", ids
    )
    await database.execute(
        f"UPDATE submission SET sender = '', quoted = ?, auth_key = NULL, key_mark = '' WHERE mail_id IN ({some})",
        [blank_notice(database.vault), *ids],
    )
    await database.execute(f"DELETE FROM withheld WHERE mail_id IN ({some})", ids)
    await _note(database, Retained.CASES, ids)


_DISPOSE = MappingProxyType(
    {Retained.KEYS: _keys, Retained.MAILS: _mails, Retained.LETTERS: _letters, Retained.CASES: _cases}
)


async def _note(database: Database, what: Retained, ids: Sequence[int]) -> None:
    for row_id in ids:
        await database.execute(
            "INSERT INTO disposed (row_kind, row_id, what) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            [what.row, row_id, str(what)],
        )


def _parts(values: Sequence[Any]) -> list[list[Any]]:
    return [list(values[start : start + 500]) for start in range(0, len(values), 500)]
