"""Mailboxes, books and alarms on both databases."""

from datetime import timedelta

from bot.core.health.alarm_words import AlarmKind
from bot.core.health.alarms import Alarm, Overdue
from bot.core.health.reconciliation import DoorCount, Ledger, MailboxCheck
from bot.core.records.envelope import Envelope, MailboxPlace, Source
from bot.core.records.incoming_mail import MailboxMemory, MailState
from bot.core.records.outgoing_mail import Letter, OutboxState
from bot.core.records.reasons import OutboxReason
from storage.store import Store
from tests.storage.samples import ENVELOPE, START, Watch, arrival, letter

BOX = "hosho@imap.example.jp/INBOX"


def place(uid: int) -> MailboxPlace:
    return MailboxPlace(BOX, name(uid))


def name(uid: int) -> str:
    return f"7/{uid}/x"


def from_door(source: Source) -> Envelope:
    return Envelope(source, ENVELOPE.mail_from, ENVELOPE.rcpt_tos, START, "")


async def test_the_memory_of_a_mailbox_is_kept(store: Store) -> None:
    cursor = MailboxMemory(BOX, '{"uidvalidity": 4000000000}', START)
    await store.mailboxes.remember(cursor)
    await store.mailboxes.remember(MailboxMemory("INBOX", "{}", START))
    assert await store.mailboxes.memory(BOX) == cursor
    assert await store.mailboxes.memories() == (MailboxMemory("INBOX", "{}", START), cursor)


async def test_a_mail_is_kept_with_its_place_and_a_second_place_is_of_the_same_mail(store: Store) -> None:
    mail = arrival(place=place(1))
    await store.incoming.keep([mail, arrival(place=place(2)), arrival()])
    await store.incoming.keep(
        [arrival(place=place(3)), arrival(mail.content.decode(), content=mail.content, place=place(4))]
    )
    names = [*map(name, range(10)), "8/1/x"]
    assert await store.mailboxes.known(BOX, names) == {*map(name, range(1, 5))}
    assert await store.mailboxes.known("another", names) == frozenset()
    assert len(await store.incoming.list_()) == 4


async def test_many_places_are_asked_about_at_once(store: Store) -> None:
    await store.incoming.keep([arrival(place=place(uid)) for uid in range(1, 65)])
    assert await store.mailboxes.known(BOX, [*map(name, range(1, 3_000))]) == {*map(name, range(1, 65))}


async def test_what_is_waited_for_is_known_since_when_until_it_is_stored(store: Store, watch: Watch) -> None:
    await store.incoming.keep([arrival(place=place(1))])
    for uid in (1, 2, 2, 3):
        await store.mailboxes.note_waiting(place(uid))
        watch.turn(hours=1)
    since = {name(2): START + timedelta(hours=1), name(3): START + timedelta(hours=3)}
    assert await store.mailboxes.waiting(BOX, START) == since
    assert await store.mailboxes.waiting(BOX, START + timedelta(hours=1)) == {name(3): since[name(3)]}
    assert await store.mailboxes.known(BOX, [name(1), name(2)]) == {name(1)}
    await store.incoming.keep([arrival(place=place(2))])
    assert await store.mailboxes.known(BOX, [name(1), name(2)]) == {name(1), name(2)}
    assert await store.mailboxes.waiting(BOX, START) == {name(3): since[name(3)]}


async def test_the_last_comparison_is_kept(store: Store) -> None:
    assert await store.mailboxes.last_check(BOX) is None
    first = MailboxCheck(BOX, START, 7, 300, 297, 3, 2)
    second = MailboxCheck(BOX, START + timedelta(days=1), 7, 310, 310)
    await store.mailboxes.note_check(first)
    assert await store.mailboxes.last_check(BOX) == first
    await store.mailboxes.note_check(second)
    assert await store.mailboxes.checks() == (second,)


async def test_the_ledger_counts_each_door_and_adds_up(store: Store, watch: Watch) -> None:
    assert await store.health.ledger() == Ledger((), 0)
    await store.incoming.keep(
        [
            arrival(envelope=from_door(Source.SMTP)),
            arrival(envelope=from_door(Source.SMTP), too_large_bytes=99),
            arrival(envelope=from_door(Source.IMAP), before_first_start=True),
            arrival(envelope=from_door(Source.IMAP), not_fetched=True),
        ]
    )
    expected = Ledger(
        (
            DoorCount(Source.SMTP, 2, ((MailState.RECEIVED, 2),)),
            DoorCount(Source.IMAP, 2, ((MailState.RECEIVED, 1), (MailState.IGNORED, 1))),
        ),
        0,
    )
    assert await store.health.ledger() == expected
    assert await store.health.ledger(since=START - timedelta(seconds=1), until=START) == expected
    assert await store.health.ledger(since=START) == Ledger((), 0)
    assert expected.balances


async def test_an_end_without_a_reason_and_a_state_of_nobody_are_found(store: Store) -> None:
    await store.incoming.keep([arrival(), arrival(), arrival()])
    database = store._database
    await database.run(type(database).execute, "UPDATE mail SET state = 'parked' WHERE id = 1", [])
    assert (await store.health.ledger()).without_reason == 1
    await database.run(type(database).execute, "UPDATE mail SET state = 'lost', reason = 'x' WHERE id = 2", [])
    (door,) = (await store.health.ledger()).doors
    assert (door.received, sum(count for _, count in door.ends), door.balances) == (3, 2, False)


async def test_alarm_facts_are_what_is_late(store: Store, watch: Watch) -> None:
    await store.incoming.keep([arrival()])
    await store.outbox.enqueue([letter("a"), letter("b")])
    assert await store.health.alarm_facts() == type(await store.health.alarm_facts())()
    watch.turn(hours=1)
    assert (await store.health.alarm_facts()).waiting == Overdue(1, START)
    watch.turn(hours=3)
    facts = await store.health.alarm_facts()
    assert (facts.delayed, facts.given_up, facts.unreachable) == (Overdue(2, START), None, ())


async def test_letters_to_clerks_that_do_not_arrive_are_told_until_one_does(store: Store, watch: Watch) -> None:
    mails = [
        letter("a", letter=Letter.SUMMARY, recipient="Desk@city.example.jp"),
        letter("b", letter=Letter.ALERT, recipient="desk@city.example.jp"),
        letter("c", letter=Letter.RECEIPT, recipient="tanto@kensetsu.example.jp"),
        letter("d", letter=Letter.SUMMARY, recipient="desk@city.example.jp"),
    ]
    await store.outbox.enqueue(mails)
    claimed = await store.outbox.claim()
    at = watch.now
    for mail in claimed[:3]:
        watch.turn(minutes=1)
        bounced = OutboxState.EXPIRED if mail is claimed[1] else OutboxState.BOUNCED
        await store.outbox.note_delivery(mail.outbox_id, state=bounced, reason=OutboxReason.RELAY_REFUSED, reply="550")
    facts = await store.health.alarm_facts()
    assert facts.unreachable == (("desk@city.example.jp", Overdue(2, at + timedelta(minutes=1))),)
    assert facts.given_up == Overdue(1, at + timedelta(minutes=2))
    await store.outbox.note_delivery(
        claimed[3].outbox_id, state=OutboxState.DELIVERED, reason=OutboxReason.RELAY_ACCEPTED, reply="250"
    )
    assert (await store.health.alarm_facts()).unreachable == ()
    watch.turn(days=1)
    assert (await store.health.alarm_facts()).given_up is None


async def test_alarms_are_remembered_changed_and_closed_with_their_mails(store: Store) -> None:
    disk = Alarm(AlarmKind.DISK_LOW, "", START, "x", "2026-11-22")
    box = Alarm(AlarmKind.LOGIN_REFUSED, BOX, START + timedelta(hours=1), "y", "2026-11-22")
    assert (
        await store.health.note_alarms(told=[disk, box], still=[disk, box], over=[], outgoing=[letter("alarm/1")]) == 1
    )
    assert await store.health.open_alarms() == (disk, box)
    away = Alarm(AlarmKind.DISK_LOW, "", START, "z", "2026-11-22", START + timedelta(hours=2))
    assert await store.health.note_alarms(told=[], still=[away], over=[box], outgoing=[letter("alarm/1")]) == 0
    assert await store.health.open_alarms() == (away,)


async def test_the_backlog_names_every_state(store: Store, watch: Watch) -> None:
    empty = await store.health.backlog()
    assert [state for state, _ in empty.mails] == list(MailState)
    assert (empty.oldest_mail_at, empty.oldest_letter_at) == (None, None)
    await store.incoming.keep([arrival()])
    watch.turn(minutes=5)
    await store.outbox.enqueue([letter("a")])
    backlog = await store.health.backlog()
    assert dict(backlog.mails)[MailState.RECEIVED] == 1
    assert dict(backlog.outgoing) == dict.fromkeys(OutboxState, 0) | {OutboxState.QUEUED: 1}
    assert (backlog.oldest_mail_at, backlog.oldest_letter_at) == (START, START + timedelta(minutes=5))
