"""The operator's alarms over a real store: who is told, how often, and what happens when the trouble is the store itself."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.health.alarm_words import AlarmKind
from bot.core.health.alarms import MailboxHealth
from bot.core.health.workers import Worker
from bot.core.policy.policy import Desk
from bot.core.records.envelope import Arrival, Envelope, Source
from bot.core.records.outgoing_mail import Letter, OutboxState
from bot.core.records.reasons import OutboxReason
from bot.successes import Successes
from bot.workers.alarms import Alarms
from storage.store import StoreError
from tests.storage.samples import arrival, letter
from tests.workers.conftest import DESK, INBOX

OPERATOR = "joho@city.example.jp"
BOX = "hosho@imap.example.jp/INBOX"


class Room:
    """A disk that a test fills."""

    def __init__(self) -> None:
        self.is_there = True

    def __call__(self) -> bool:
        return self.is_there


@pytest.fixture
def room() -> Room:
    return Room()


@pytest.fixture
def alarms(store, composer, policy, watch, room) -> Alarms:
    return Alarms(store, composer, policy, watch, operator=OPERATOR, has_room=room)


async def told(store) -> list[tuple[str, str]]:
    rows = await store.outbox.list_()
    return [(row.mail.recipient, row.mail.subject) for row in reversed(rows) if row.mail.letter is Letter.ALARM]


async def deliver(store) -> None:
    """The relay takes what waits: else that would be an alarm as well."""
    for claimed in await store.outbox.claim():
        await store.outbox.note_delivery(
            claimed.outbox_id, state=OutboxState.DELIVERED, reason=OutboxReason.RELAY_ACCEPTED, reply="250"
        )


FULL = "ディスクの空きが少ないため、受信を止めています"


async def test_a_full_disk_is_told_after_five_minutes_once_a_day_and_once_when_it_is_over(
    alarms, store, watch, room, caplog
):
    assert await alarms.look() == 0
    room.is_there = False
    assert await alarms.look() == 0
    watch.turn(minutes=5)
    assert await alarms.look() == 1
    await deliver(store)
    for _ in range(10):
        watch.turn(hours=1)
        assert await alarms.look() == 0
    assert [alarm.kind for alarm in await store.health.open_alarms()] == [AlarmKind.DISK_LOW]
    watch.turn(hours=14)
    assert await alarms.look() == 1  # the next day
    await deliver(store)
    room.is_there = True
    assert await alarms.look() == 0
    watch.turn(minutes=30)
    assert await alarms.look() == 1
    assert await told(store) == [(OPERATOR, f"【警報】{FULL}")] * 2 + [(OPERATOR, f"【解消】{FULL}")]
    assert await store.health.open_alarms() == ()
    logged = [record.levelno for record in caplog.records if "alarm disk_low" in record.getMessage()]
    assert logged == [logging.ERROR] * 2


async def test_a_restart_tells_nothing_twice(alarms, store, composer, policy, watch, room):
    room.is_there = False
    await alarms.look()
    watch.turn(minutes=5)
    await alarms.look()
    again = Alarms(store, composer, policy, watch, operator=OPERATOR, has_room=room)
    await again.look()
    watch.turn(minutes=5)
    assert await again.look() == 0
    assert len(await told(store)) == 1


async def test_without_an_operator_all_desks_are_told(store, composer, policy, watch):
    desks = (*policy.desks, Desk("財政課", "zaisei@city.example.jp"), Desk("契約課2", DESK))
    health = MailboxHealth(BOX, failing_since=watch(), refused_logins=3, trouble="LOGIN: NO")
    alarms = Alarms(store, composer, replace(policy, desks=desks), watch, mailboxes=[lambda: health])
    assert await alarms.look() == 2
    subject = "【警報】受信箱へのログインが断られています"
    assert await told(store) == [(DESK, subject), ("zaisei@city.example.jp", subject)]
    text = (await store.outbox.list_())[0].mail.text
    assert BOX in text
    assert "3回続けて断られました。サーバーの答え：LOGIN: NO" in text


async def bounce(store, recipient: str) -> None:
    await store.outbox.enqueue([letter(f"summary/{recipient}", letter=Letter.SUMMARY, recipient=recipient)])
    (claimed,) = await store.outbox.claim()
    await store.outbox.note_delivery(
        claimed.outbox_id, state=OutboxState.BOUNCED, reason=OutboxReason.RELAY_REFUSED, reply="550"
    )


@pytest.mark.parametrize(
    ("operator", "in_shadow", "dead", "recipients"),
    [
        (OPERATOR, False, DESK, [OPERATOR]),
        (OPERATOR, False, OPERATOR, [DESK]),
        (OPERATOR, True, OPERATOR, []),
        ("", False, DESK, []),
    ],
)
async def test_who_cannot_be_reached_is_not_told_so_by_mail(
    store, composer, policy, watch, caplog, operator, in_shadow, dead, recipients
):
    alarms = Alarms(store, composer, policy, watch, operator=operator, in_shadow=in_shadow)
    await bounce(store, dead)
    await alarms.look()
    assert [recipient for recipient, _ in await told(store)] == recipients
    assert f"alarm desk_unreachable {dead}" in caplog.text


async def test_a_letter_given_up_is_an_event_whose_end_is_not_told(alarms, store, watch):
    await store.outbox.enqueue([letter("x")])
    (claimed,) = await store.outbox.claim()
    await store.outbox.note_delivery(
        claimed.outbox_id, state=OutboxState.EXPIRED, reason=OutboxReason.TOO_OLD, reply=""
    )
    assert await alarms.look() == 1
    await deliver(store)
    watch.turn(days=1, minutes=1)
    await alarms.look()
    watch.turn(minutes=30)
    assert await alarms.look() == 0
    assert await store.health.open_alarms() == ()


async def test_a_database_that_was_away_is_told_when_it_is_back(alarms, store, watch, caplog):
    await store._database.run(type(store._database).execute, "ALTER TABLE alarm RENAME TO alarm_away", [])
    with pytest.raises(StoreError):
        await alarms.look()
    watch.turn(minutes=7)
    with pytest.raises(StoreError):
        await alarms.look()
    await store._database.run(type(store._database).execute, "ALTER TABLE alarm_away RENAME TO alarm", [])
    assert await alarms.look() == 1
    ((_, subject),) = await told(store)
    assert subject == "【警報】データベースを一時使えませんでした"
    assert caplog.text.count("the database can't be asked") == 1


async def test_after_how_long_a_waiting_mail_is_told_is_a_setting(store, composer, policy, watch):
    envelope = Envelope(Source.SMTP, "a@b.example.jp", (INBOX,), watch())
    await store.incoming.keep([Arrival(envelope, b"Subject: x\r\n\r\n")])
    patient = Alarms(store, composer, policy, watch, operator=OPERATOR, waiting_after=timedelta(minutes=150))
    watch.turn(minutes=149)
    assert await patient.look() == 0
    watch.turn(minutes=1)
    assert await patient.look() == 1
    (row,) = await store.outbox.list_()
    assert "2時間30分以上、処理されていないメール" in row.mail.text.replace("\n", "")


async def test_a_worker_that_fails_is_open_at_once_mailed_after_a_while_and_over_when_it_works_again(
    store, composer, policy, watch, caplog
):
    successes = Successes(watch)
    alarms = Alarms(store, composer, policy, watch, operator=OPERATOR, successes=successes)
    successes.done(Worker.SUMMARIES)
    for _ in range(3):
        watch.turn(seconds=30)
        with pytest.raises(OSError, match="no"), successes.during(Worker.SUMMARIES):
            raise OSError(5, "no")
        assert await alarms.look() == 0
    assert [(alarm.kind, alarm.subject) for alarm in await store.health.open_alarms()] == [
        (AlarmKind.WORKER_FAILING, "定時報告")
    ]
    (kept,) = await store.health.workers()
    assert (kept.worker, kept.failures, kept.failing_since is not None) == (Worker.SUMMARIES, 3, True)
    watch.turn(minutes=5)
    assert await alarms.look() == 1
    successes.done(Worker.SUMMARIES)
    await alarms.look()
    watch.turn(minutes=30)
    assert await alarms.look() == 1
    says = [record.message for record in caplog.records if record.name == "hosho.workers"]
    assert [line.split()[:3] for line in says] == [["summaries", "works", "again,"]]


@pytest.mark.parametrize(("operator", "mails"), [("", 0), (OPERATOR, 1)])
async def test_a_parked_mail_is_an_alarm_that_the_desks_get_no_second_letter_of(
    store, composer, policy, watch, operator, mails
):
    await store.incoming.keep([arrival()])
    await store.incoming.claim(lease=timedelta(minutes=1))
    await store.incoming.park(1, error="no", desk="契約課")
    assert await Alarms(store, composer, policy, watch, operator=operator).look() == mails
    assert [alarm.kind for alarm in await store.health.open_alarms()] == [AlarmKind.MAILS_PARKED]


async def test_a_mail_that_is_parked_beside_an_old_one_is_told_too(store, composer, policy, watch):
    told = []
    for number in (1, 2):
        await store.incoming.keep([arrival()])
        await store.incoming.claim(lease=timedelta(minutes=1))
        await store.incoming.park(number, error="no", desk="契約課")
        told.append(
            [await Alarms(store, composer, policy, watch, operator="joho@city.example.jp").look() for _ in "ab"]
        )
        watch.turn(days=9)
    assert told == [[1, 0], [2, 0]]  # the second time also that the first alarm's mail was not sent


def test_a_worker_that_has_no_work_any_more_is_forgotten(watch):
    successes = Successes(watch)
    successes.failed(Worker.REGISTER, "no")
    successes.forget(Worker.REGISTER)
    assert successes.healths == ()


async def test_starts_without_a_stop_are_crashes_and_a_jump_of_the_clock_is_told(store, watch):
    await store.recovery.note_run(started=True)
    await store.recovery.note_run(started=False)
    for _ in range(6):
        watch.turn(minutes=1)
        await store.recovery.note_run(started=True)
    await store.recovery.note_jump(-7200)
    facts = await store.health.alarm_facts()
    assert (facts.crashes.count, facts.clock) == (5, (watch.now, "時計が7200秒戻りました。"))
