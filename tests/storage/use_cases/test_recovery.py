"""What a daemon that died had in hand is due at once for the next one, on both databases; and still only so often."""

from dataclasses import replace
from datetime import timedelta

from bot.core.health.reconciliation import MailboxCheck
from bot.core.records.journal import JournalHead
from bot.core.records.outgoing_mail import OutboxState
from bot.core.records.reasons import OutboxReason
from storage.database.fields import Utc
from storage.database.models import models_of, table_of
from storage.store import Store
from storage.use_cases.recovery import AGAIN_AFTER, AT_ONCE_ATTEMPTS, HAPPENED, KEPT, WAITS, Replaced
from tests.storage.samples import Opener, Watch, arrival, letter

LEASE = timedelta(minutes=10)


async def recover(store: Store) -> tuple[int, int]:
    """As the app calls it."""
    return await store.recovery.recover(await store.recovery.gone())


async def test_a_mail_in_hand_is_due_at_once_and_its_tries_count_on(store: Store, open_store: Opener) -> None:
    await store.incoming.keep([arrival(), arrival()])
    claimed = await store.incoming.claim(lease=LEASE)
    assert claimed is not None
    new = await open_store()
    assert await recover(new) == (1, 0)
    assert await recover(new) == (0, 0)
    turns = [await new.incoming.claim(lease=LEASE) for _ in range(3)]
    assert sorted((mail.mail_id, mail.attempts) for mail in turns if mail) == [(1, 2), (2, 1)]


async def test_a_mail_that_waits_for_its_next_try_gets_it_at_the_start_of_an_only_daemon(
    store: Store, url: str, watch: Watch
) -> None:
    await store.incoming.keep([arrival()])
    await store.incoming.claim(lease=LEASE)
    await store.incoming.postpone(1, error="no memory", until=watch.now + timedelta(minutes=2))
    is_only = url.startswith("sqlite")  # among several nobody has it in hand, and it keeps its time
    assert await recover(store) == (int(is_only), 0)
    assert await store.incoming.next_due() == watch.now + timedelta(minutes=0 if is_only else 2)


async def test_a_letter_whose_result_nobody_noted_goes_at_once_and_is_told_to_be_a_second_one(store: Store) -> None:
    mail = letter("receipt/1")
    await store.outbox.enqueue([mail])
    await store.outbox.claim()
    assert await recover(store) == (0, 1)
    assert (await store.outbox.get(1)).reason is OutboxReason.OUTCOME_UNKNOWN
    (claimed,) = await store.outbox.claim()
    assert (claimed.mail, claimed.attempts) == (mail, 2)
    await store.outbox.note_delivery(1, state=OutboxState.DELIVERED, reason=OutboxReason.RELAY_ACCEPTED, reply="250 ok")
    row = await store.outbox.get(1)
    assert (row.state, row.reason) == (OutboxState.DELIVERED, OutboxReason.RELAY_ACCEPTED_AGAIN)


async def test_a_letter_that_the_relay_put_off_keeps_its_time(store: Store, watch: Watch) -> None:
    await store.outbox.enqueue([letter("receipt/1")])
    await store.outbox.claim()
    await store.outbox.note_delivery(1, state=OutboxState.QUEUED, reason=OutboxReason.RELAY_DEFERRED, reply="451 later")
    due = await store.outbox.next_due()
    assert await recover(store) == (0, 0)
    assert await store.outbox.next_due() == due
    assert (await store.outbox.get(1)).reason is OutboxReason.RELAY_DEFERRED


async def test_a_letter_in_hand_at_one_death_after_the_other_waits_as_any_other(store: Store, watch: Watch) -> None:
    await store.outbox.enqueue([letter("receipt/1")])
    for _ in range(AT_ONCE_ATTEMPTS - 1):
        await store.outbox.claim()
        assert await recover(store) == (0, 1)
    await store.outbox.claim()
    assert await recover(store) == (0, 0)
    assert await store.outbox.claim() == ()


async def test_what_nobody_had_in_hand_is_left_as_it_is(store: Store) -> None:
    await store.incoming.keep([arrival()])
    await store.outbox.enqueue([letter("receipt/1")])
    before = (await store.incoming.list_(), await store.outbox.list_())
    assert await recover(store) == (0, 0)
    assert (await store.incoming.list_(), await store.outbox.list_()) == before


def test_every_stored_time_is_known_to_have_happened_to_be_waited_for_or_to_stay() -> None:
    models = models_of("sqlite").all()
    times = {
        (table_of(model), name)
        for model in models
        for name, field in model._meta.fields_map.items()
        if isinstance(field, Utc)
    }
    known = [(table, name) for columns in (HAPPENED, WAITS, KEPT) for table, names in columns.items() for name in names]
    assert len(known) == len(set(known))
    assert set(known) == times | {("mail_place", "noted_at"), ("canary", "sent_at"), ("canary", "back_at")}  # no models


async def test_what_a_clock_that_was_ahead_has_written_is_set_to_now_and_told(store: Store, watch: Watch) -> None:
    assert await store.recovery.set_times_right() == 0
    watch.turn(days=365)
    await store.incoming.keep([arrival()])
    await store.incoming.claim(lease=LEASE)
    await store.outbox.enqueue([letter("receipt/1")])
    await store.outbox.claim()
    await store.mailboxes.note_check(MailboxCheck("box", watch.now, 7, 1, 1))
    watch.turn(days=-365)
    assert await store.recovery.set_times_right() == 6
    assert await store.recovery.set_times_right() == 0
    (sent,) = await store.outbox.list_()
    assert sent.created_at == watch.now
    assert (await store.mailboxes.checks())[0].checked_at == watch.now
    assert await store.incoming.next_due() == await store.outbox.next_due() == watch.now + AGAIN_AFTER
    (line,) = await store.journal.lines(subject=("clock", ""))
    assert (line.event, line.at, line.detail["values"]) == ("clock.was_ahead", watch.now, 6)


async def test_lines_of_the_right_clock_hide_none_of_the_wrong_one(store: Store, watch: Watch) -> None:
    watch.turn(hours=5)
    await store.outbox.enqueue([letter("receipt/1")])
    watch.turn(hours=-5)
    await store.recovery.note_jump(-5 * 3600)
    await store.recovery.note_run(started=True)
    assert await store.recovery.set_times_right() > 0
    assert (await store.outbox.list_())[0].created_at == watch.now
    assert await store.recovery.set_times_right() == 0


async def test_after_a_restore_numbers_go_on_above_any_that_can_have_been_given(store: Store, watch: Watch) -> None:
    restored = store.recovery.note_restored
    assert await restored(actor="joho") == 0  # nothing has happened
    await store.incoming.keep([arrival(), arrival()])
    await store.recovery.note_run(started=True)
    known = Replaced(JournalHead(7, "0" * 64), {"mail": 5})
    assert await restored(actor="joho", replaced=known) == 110_001
    assert [kept.mail_id for kept in await store.incoming.keep([arrival()])] == [110_001]
    assert await restored(actor="joho", replaced=replace(known, numbers={"mail": 230_000})) == 340_001
    firsts = [await restored(actor="joho")]
    watch.turn(minutes=1)
    firsts.append(await restored(actor="joho"))  # the same copy once more
    assert firsts[1] - firsts[0] == 1_000
