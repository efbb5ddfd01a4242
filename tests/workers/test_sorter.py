"""The sorter: what becomes of a mail that can't be read, and of one that can."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.core.health.alarms import Overdue
from bot.core.notice.interpret import UnderstoodMail
from bot.core.notice.read_mail import NotNow, ReadFailure, TakesLong
from bot.core.policy.policy import Formats
from bot.core.records.envelope import Arrival, Envelope, Source
from bot.core.records.incoming_mail import ClaimFilter, MailState
from bot.core.records.outgoing_mail import Letter
from bot.core.records.reasons import MailReason
from bot.core.records.submission import SubmissionState
from bot.documents.pool.reader import Reader
from bot.workers.sorter import KILLED_FOR, LEASE, NOT_NOW, NOT_STORED, TRIES, Sorter
from tests.in_process_reader import InProcessReader
from tests.workers.conftest import DESK, INBOX


class PoisonedReader(Reader):
    """A reader that gives up on every mail, as the real one does after two dead children."""

    async def read(
        self, content: bytes, formats: Formats | None = None, *, quick: bool = False, **_: object
    ) -> ReadFailure:
        return ReadFailure(f"the reading of {len(content)} bytes ran out of time twice")


class BrokenReader(Reader):
    """A reader with a fault of its own, whose words hold what the mail held."""

    async def read(
        self, content: bytes, formats: Formats | None = None, *, quick: bool = False, **_: object
    ) -> ReadFailure:
        raise KeyError(content.decode())


class BusyMachine(InProcessReader):
    """A reader for which the machine has no time: so often, then it reads as ever."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    async def read(self, *mail: Any, **how: Any) -> UnderstoodMail | ReadFailure | TakesLong | NotNow:
        self.times -= 1
        return NotNow() if self.times >= 0 else await super().read(*mail, **how)


class EndlessReader(InProcessReader):
    """A reader that is still at work when the daemon stops."""

    async def read(self, *_: Any, **__: Any) -> UnderstoodMail:
        return await asyncio.get_running_loop().create_future()


def arrival(watch, body: str = "認証キー：abcdEFGH1234") -> Arrival:
    envelope = Envelope(Source.SMTP, "a@b.example.jp", (INBOX,), watch())
    return Arrival(envelope, f"From: a@b.example.jp\r\nMessage-ID: <{body}@b>\r\n\r\n{body}\r\n".encode())


async def sort_until_done(sorter: Sorter, store, watch) -> None:
    for _ in range(10):
        while mail := await store.incoming.claim(lease=LEASE):
            await sorter.sort(mail)
        watch.turn(minutes=10)


async def test_a_poisonous_mail_is_parked_with_its_error_after_three_tries_and_a_person_is_told(
    store, composer, policy, watch
):
    await store.incoming.keep([arrival(watch)])
    await sort_until_done(Sorter(store, PoisonedReader(), composer, policy, watch), store, watch)
    (mail,) = await store.incoming.list_()
    assert (mail.state, mail.reason, mail.attempts) == (MailState.PARKED, MailReason.PROCESSING_FAILED, TRIES)
    assert mail.error.endswith("ran out of time twice")
    assert [row.mail.recipient for row in await store.outbox.list_()] == [DESK]


async def test_the_words_of_an_unknown_error_are_kept_nowhere(store, composer, policy, watch, caplog):
    await store.incoming.keep([arrival(watch)])
    await sort_until_done(Sorter(store, BrokenReader(), composer, policy, watch), store, watch)
    (mail,) = await store.incoming.list_()
    assert mail.error == "KeyError (read)"
    assert "abcdEFGH1234" not in caplog.text


async def test_others_go_on_while_one_waits_for_its_next_try(store, composer, policy, watch):
    await store.incoming.keep([arrival(watch, "first")])
    mail = await store.incoming.claim(lease=LEASE)
    await Sorter(store, PoisonedReader(), composer, policy, watch).sort(mail)
    await store.incoming.keep([arrival(watch, "second")])
    claimed = await store.incoming.claim(lease=LEASE)
    assert claimed.mail_id == 2
    assert await store.incoming.next_due() == watch() + timedelta(minutes=1)


async def test_a_parked_mail_is_read_again_when_it_is_replayed(store, composer, policy, watch):
    await store.incoming.keep([arrival(watch, "保証契約番号：11111-111111\r\n認証キー：abcdEFGH1234")])
    await sort_until_done(Sorter(store, PoisonedReader(), composer, policy, watch), store, watch)
    await store.incoming.replay(1, actor="clerk")
    async with InProcessReader(2) as reader:
        await sort_until_done(Sorter(store, reader, composer, policy, watch), store, watch)
    (mail,) = await store.incoming.list_()
    assert (mail.state, mail.error) == (MailState.SORTED, "")
    (submission,) = await store.submissions.list_()
    assert submission.fields.number == "11111-111111"


async def test_run_sorts_what_comes_and_stops_when_told(store, composer, policy, watch):
    async with InProcessReader(2) as reader:
        sorter = Sorter(store, reader, composer, policy, watch)
        sorter.on_settled = sorter.stop
        await store.incoming.keep([arrival(watch, "お尋ねします。どの課に送ればよいですか")])
        await sorter.run()
    (mail,) = await store.incoming.list_()
    assert mail.reason is MailReason.NO_NOTICE


async def test_a_mail_that_takes_the_daemon_down_is_parked_unread_at_its_fourth_turn(store, composer, policy, watch):
    await store.incoming.keep([arrival(watch)])
    for _ in range(TRIES):
        assert await store.incoming.claim(lease=LEASE)  # and then the process was gone
        watch.turn(minutes=LEASE.total_seconds() / 60 + 1)
    await Sorter(store, BrokenReader(), composer, policy, watch).sort(await store.incoming.claim(lease=LEASE))
    (mail,) = await store.incoming.list_()
    assert (mail.state, mail.error) == (MailState.PARKED, f"gave no result in {TRIES} tries")


async def test_a_mail_that_the_machine_has_no_time_for_waits_in_the_slow_lane_and_is_never_parked(
    store, composer, policy, watch
):
    await store.incoming.keep([arrival(watch, "保証契約番号：11111-111111\r\n認証キー：abcdEFGH1234")])
    times, waits = 5 * TRIES, []
    async with BusyMachine(times) as reader:
        sorter = Sorter(store, reader, composer, policy, watch)
        for _ in range(times):
            mail = await store.incoming.claim(lease=LEASE)
            await sorter.sort(mail, quick=mail.attempts == 1)
            (row,) = await store.incoming.list_()
            assert (row.state, row.attempts, row.error) == (MailState.RECEIVED, 1, NOT_NOW)
            assert await store.incoming.claim(lease=LEASE, turn=ClaimFilter(first_tries_only=True)) is None
            due = await store.incoming.next_due()
            waits.append((due - watch()).total_seconds())
            watch.now = due
        assert await store.outbox.list_() == ()
        assert (await store.health.alarm_facts()).waiting == Overdue(1, row.envelope.received_at)
        await sorter.sort(await store.incoming.claim(lease=LEASE))
    (mail,) = await store.incoming.list_()
    assert (mail.state, mail.reason, mail.error) == (MailState.SORTED, MailReason.NOTICE_FOUND, "")
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (30, 600)
    assert [one.state for one in await store.submissions.list_()] == [SubmissionState.HELD]
    assert [row.mail.letter for row in await store.outbox.list_()] == [Letter.ALERT, Letter.RECEIPT]


class FailingTable(InProcessReader):
    """Whenever it reads, the database loses a table, or its file, behind the store's back."""

    def __init__(self, file: Path, take_away: Callable[[Path], None]) -> None:
        super().__init__()
        self._file, self._take_away = file, take_away

    async def read(self, content: bytes, *arguments, **options):
        read = await super().read(content, *arguments, **options)
        self._take_away(self._file)
        return read


def rename_table(file: Path, before: str, after: str) -> None:
    with closing(sqlite3.connect(file)) as other, other:
        other.execute(f"ALTER TABLE {before} RENAME TO {after}")


FAILURES = {
    "a table": (
        lambda file: rename_table(file, "submission", "lost"),
        lambda file: rename_table(file, "lost", "submission"),
    ),
    "the file": (lambda file: file.rename(file.with_name("gone")), lambda file: file.with_name("gone").rename(file)),
}


@pytest.mark.parametrize("what", FAILURES)
async def test_a_database_that_fails_costs_a_mail_no_try(store, composer, policy, watch, tmp_path, what):
    take_away, bring_back = FAILURES[what]
    file = tmp_path / "store.db"
    await store.incoming.keep([arrival(watch, "保証契約番号：11111-111111\r\n認証キー：abcdEFGH1234")])
    async with FailingTable(file, take_away) as reader, InProcessReader() as sound:
        sorter = Sorter(store, reader, composer, policy, watch)
        for _ in range(TRIES + 2):
            await sorter.sort(await store.incoming.claim(lease=LEASE))
            bring_back(file)
            (row,) = await store.incoming.list_()
            assert row.state is MailState.RECEIVED
            watch.now = await store.incoming.next_due()
        assert (row.attempts, row.error) == ((0, NOT_STORED) if what == "a table" else (TRIES + 2, ""))
        sorter._reader = sound
        await sorter.sort(await store.incoming.claim(lease=LEASE))
    (mail,) = await store.incoming.list_()
    assert (mail.state, mail.error) == (MailState.SORTED, "")


async def test_values_that_no_database_takes_are_the_mails_own_fault(store, composer, policy, watch, tmp_path):
    with closing(sqlite3.connect(tmp_path / "store.db")) as other, other:
        other.execute("CREATE TRIGGER never BEFORE INSERT ON submission BEGIN SELECT RAISE(ABORT, 'no'); END")
    await store.incoming.keep([arrival(watch, "保証契約番号：11111-111111\r\n認証キー：abcdEFGH1234")])
    async with InProcessReader() as reader:
        await sort_until_done(Sorter(store, reader, composer, policy, watch), store, watch)
    (mail,) = await store.incoming.list_()
    assert (mail.state, mail.attempts) == (MailState.PARKED, TRIES)
    assert [row.mail.recipient for row in await store.outbox.list_()] == [DESK]


class MachineWithoutMemory(InProcessReader):
    async def read(self, *_: Any, **__: Any) -> NotNow:
        return NotNow(is_killed=True)


async def test_a_mail_that_the_machine_has_no_memory_for_waits_for_hours_and_is_then_for_a_person(
    store, composer, policy, watch
):
    await store.incoming.keep([arrival(watch)])
    began = watch()
    async with MachineWithoutMemory() as reader:
        sorter = Sorter(store, reader, composer, policy, watch)
        while (due := await store.incoming.next_due()) is not None:
            watch.now = due
            await sorter.sort(await store.incoming.claim(lease=LEASE))
            (row,) = await store.incoming.list_()
            if watch() - began <= KILLED_FOR:
                assert (row.state, row.attempts, row.error) == (MailState.RECEIVED, 1, NOT_NOW)
    assert (row.state, row.reason) == (MailState.PARKED, MailReason.PROCESSING_FAILED)
    assert KILLED_FOR < watch() - began < KILLED_FOR + timedelta(hours=1)
    assert [one.mail.recipient for one in await store.outbox.list_()] == [DESK]


async def test_a_machine_without_time_forgives_no_failure_of_the_mails_own(store, composer, policy, watch):
    await store.incoming.keep([arrival(watch)])
    for reader in (PoisonedReader(sees=False), BusyMachine(1), PoisonedReader(sees=False), BusyMachine(1)):
        watch.turn(minutes=15)
        await Sorter(store, reader, composer, policy, watch).sort(await store.incoming.claim(lease=LEASE))
    (mail,) = await store.incoming.list_()
    assert (mail.state, mail.attempts) == (MailState.RECEIVED, 2)


async def test_a_mail_that_is_in_work_when_the_daemon_stops_has_lost_no_try(store, composer, policy, watch):
    await store.incoming.keep([arrival(watch)])
    for _ in range(2 * TRIES):
        sorting = asyncio.create_task(
            Sorter(store, EndlessReader(), composer, policy, watch).sort(await store.incoming.claim(lease=LEASE))
        )
        await asyncio.sleep(0)
        sorting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sorting
    (mail,) = await store.incoming.list_()
    assert (mail.state, mail.attempts, mail.error) == (MailState.RECEIVED, 0, "")
