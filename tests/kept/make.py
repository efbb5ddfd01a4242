"""Make the small database of this version: `python -m tests.kept.make` writes NUMBER.sql, a dump of SQLite, and NUMBER.key beside it.

It has a row in each state of a mail, a submission, a letter and a guarantee, and something of all else that commands show. Made anew only
while its version is not yet out: what is out is opened as it was.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from bot.core.deadlines.reminders import Told
from bot.core.deadlines.rules import DeadlineKind
from bot.core.health.alarm_words import AlarmKind
from bot.core.health.alarms import Alarm
from bot.core.health.reconciliation import MailboxCheck
from bot.core.health.workers import Worker, WorkerHealth
from bot.core.records.envelope import MailboxPlace
from bot.core.records.guarantee import GuaranteeState
from bot.core.records.incoming_mail import MailboxMemory, MailState
from bot.core.records.outgoing_mail import Letter, OutboxState
from bot.core.records.reasons import LimitReason, MailReason, OutboxReason, SubmissionReason
from bot.core.records.reply_token import NewTicket, TokenCase
from bot.core.records.send_counts import Withheld
from bot.core.records.submission import SubmissionState
from bot.version import number
from storage.store import KeyFile, Store
from tests.storage.samples import (
    AT,
    FIELDS,
    GUARANTEE,
    START,
    Watch,
    add,
    arrival,
    judge,
    letter,
    settled,
    submission,
    update,
)

HERE = Path(__file__).parent
BOX = "hosho@imap.example.jp/INBOX"
MAILS = {
    MailState.RECEIVED: None,  # not read yet
    MailState.SORTED: MailReason.NOTICE_FOUND,
    MailState.BESIDES: MailReason.NOTICE_AND_QUESTION,
    MailState.ANSWERED: MailReason.ORDERS_DONE,
    MailState.PASSED_ON: MailReason.NO_NOTICE,
    MailState.ASKED: MailReason.NOTICE_WANTED,
    MailState.IGNORED: MailReason.AUTOMATIC_REPLY,
    MailState.PARKED: MailReason.READING_FAILED,
    MailState.RELEASED: MailReason.CLERK_RELEASED,
}
CASES = {
    SubmissionState.HELD: SubmissionReason.NOT_IN_REGISTER,
    SubmissionState.ACCEPTED: SubmissionReason.NUMBER_MATCHES,
    SubmissionState.REFUSED: SubmissionReason.CLERK_REFUSED,
    SubmissionState.DUPLICATE: SubmissionReason.SAME_AS_ACCEPTED,
    SubmissionState.VERIFIED: SubmissionReason.VERIFIED_IN_DSURE,
    SubmissionState.SUPERSEDED: SubmissionReason.GUARANTEE_CHANGED,
}
LETTERS = {
    OutboxState.QUEUED: OutboxReason.RELAY_DEFERRED,
    OutboxState.HOLD: OutboxReason.CLERK_HELD,
    OutboxState.DELIVERED: OutboxReason.RELAY_ACCEPTED,
    OutboxState.BOUNCED: OutboxReason.RELAY_REFUSED,
    OutboxState.EXPIRED: OutboxReason.TOO_OLD,
    OutboxState.CANCELLED: OutboxReason.CLERK_CANCELLED,
}


OF_GUARANTEES = {SubmissionState.ACCEPTED: 2, SubmissionState.VERIFIED: 8, SubmissionState.DUPLICATE: 2}


async def fill(store: Store) -> None:
    """Something of everything; a letter's state by its column, since the way to it is long."""
    states = [*GuaranteeState, GuaranteeState.KEY_RECEIVED]  # the last one is verified below
    rows = [replace(GUARANTEE, number=f"00123-{place:06}", state=state) for place, state in enumerate(states, 1)]
    await store.register.change(add(*rows), actor="register", source="台帳.csv")
    first = (await store.register.guarantees(text="00123-000001"))[0]
    await store.register.change([update(first, deposit_bank="見本銀行")], actor="契約課A", source="台帳.csv")
    await store.incoming.keep([arrival(f"{state} のメール") for state in MAILS])
    cases = [
        submission(
            f"20261122-0002-{place}",
            state=state,
            reasons=(reason,),
            fields=replace(FIELDS, number=f"00123-{place:06}"),
            guarantee_id=OF_GUARANTEES.get(state),
        )
        for place, (state, reason) in enumerate(CASES.items(), 1)
    ]
    verified = next(case for case in cases if case.state is SubmissionState.VERIFIED)
    cases[cases.index(verified)] = replace(verified, state=SubmissionState.ACCEPTED)
    letters = [letter(f"receipt/{place}", submission=case.receipt_number) for place, case in enumerate(cases, 1)]
    first_case = (TokenCase(1, cases[0].receipt_number),)
    letters[0] = replace(letters[0], ticket=NewTicket("ABCDEFGHJKLM", "契約課", START + timedelta(days=90), first_case))
    for mail_id, (state, reason) in enumerate(MAILS.items(), 1):
        if state is MailState.SORTED:
            verdict = settled(
                submissions=tuple(cases), withheld=(Withheld(Letter.RECEIPT, LimitReason.ADDRESS, "a@example.jp"),)
            )
            await store.submissions.settle(mail_id, verdict, outgoing=letters)
        elif state is MailState.RELEASED:
            await store.submissions.settle(mail_id, settled(state=MailState.PARKED, reason=MailReason.READING_FAILED))
            await store.incoming.release(mail_id, actor="契約課A", note="電話で確認")
        elif reason is not None:
            await store.submissions.settle(mail_id, settled(state=state, reason=reason))
    seen = {"state": SubmissionState.VERIFIED, "reason": SubmissionReason.VERIFIED_IN_DSURE}
    await judge(store, verified.receipt_number, actor="契約課A", **seen)
    await store.mailboxes.remember(MailboxMemory(BOX, '{"uidvalidity": 1, "uid": 7}', START))
    await store.mailboxes.note_waiting(MailboxPlace(BOX, "1/7"))
    await store.mailboxes.note_check(MailboxCheck(BOX, START, 7, 9, 8, missing=1, recovered=1))
    await store.canaries.begin("0011223344556677-1795311000")
    await store.canaries.sent("0011223344556677-1795311000", OutboxReason.RELAY_ACCEPTED, "250 2.0.0 Ok")
    alarm = Alarm(AlarmKind.MAILS_PARKED, "", START, "保留のメール：1件", told_on="2026-11-22")
    await store.health.note_alarms(told=[alarm], still=[alarm], over=[])
    await store.health.note_workers([WorkerHealth(worker, START, START) for worker in Worker])
    await store.consent.opt_out("eigyo@kensetsu.example.jp", wording="今後は不要", actor="契約課A", source="電話")
    await store.deadlines.end(
        DeadlineKind.NOTICE_WITHOUT_CLAIM, "submission/20261122-0002-2", actor="契約課A", note="紙"
    )
    told = Told(
        DeadlineKind.HELD_TOO_LONG, f"submission/{cases[0].receipt_number}", "keiyaku@city.example.jp", 1, AT.date()
    )
    await store.deadlines.remind([(letter("reminder/1", letter=Letter.REMINDER), [told])])
    await store.disposal.hold(2, why="住民訴訟のため", actor="文書管理者")


def set_states(database: sqlite3.Connection) -> None:
    """Of the letters; the address of the one that bounced is dead."""
    for place, (state, reason) in enumerate(LETTERS.items(), 1):
        database.execute("UPDATE outbox SET state = ?, reason = ? WHERE id = ?", (state, reason, place))
    bounced = [*LETTERS].index(OutboxState.BOUNCED) + 1
    dead = ("ko@kensetsu.example.jp", START.isoformat(" "), "550 5.1.1 no such user", bounced)
    database.execute("INSERT INTO dead_address VALUES (?, ?, ?, ?)", dead)
    database.commit()


async def make() -> None:
    """Write both files."""
    with tempfile.TemporaryDirectory() as folder:
        file, key = Path(folder, "hosho.db"), KeyFile(Path(folder, "hosho.key"))
        async with await Store.open(f"sqlite:///{file}", vault=key, clock=Watch(), durable=False) as store:
            await fill(store)
        with closing(sqlite3.connect(file)) as database:
            set_states(database)
            dump = "".join(f"{line}\n" for line in database.iterdump())
        (HERE / f"{number()}.sql").write_text(dump, "utf-8")
        shutil.copy(Path(folder, "hosho.key"), HERE / f"{number()}.key")


if __name__ == "__main__":
    asyncio.run(make())
