"""What a daemon that died had in hand is due at once for the next one, on both databases; and still only so often."""

from datetime import timedelta

from bot.core.records.outgoing_mail import OutboxState
from bot.core.records.reasons import OutboxReason
from storage.store import Store
from storage.use_cases.recovery import AT_ONCE_ATTEMPTS
from tests.storage.samples import Opener, Watch, arrival, letter

LEASE = timedelta(minutes=10)


async def test_a_mail_in_hand_is_due_at_once_and_its_tries_count_on(store: Store, open_store: Opener) -> None:
    await store.incoming.keep([arrival(), arrival()])
    claimed = await store.incoming.claim(lease=LEASE)
    assert claimed is not None
    new = await open_store()
    assert await new.recovery.recover() == (1, 0)
    assert await new.recovery.recover() == (0, 0)
    turns = [await new.incoming.claim(lease=LEASE) for _ in range(3)]
    assert sorted((mail.mail_id, mail.attempts) for mail in turns if mail) == [(1, 2), (2, 1)]


async def test_a_mail_that_waits_for_its_next_try_gets_it_at_the_start(store: Store, watch: Watch) -> None:
    await store.incoming.keep([arrival()])
    await store.incoming.claim(lease=LEASE)
    await store.incoming.postpone(1, error="no memory", until=watch.now + timedelta(minutes=2))
    assert await store.recovery.recover() == (1, 0)
    assert await store.incoming.next_due() == watch.now


async def test_a_letter_whose_result_nobody_noted_goes_at_once_and_is_told_to_be_a_second_one(store: Store) -> None:
    mail = letter("receipt/1")
    await store.outbox.enqueue([mail])
    await store.outbox.claim()
    assert await store.recovery.recover() == (0, 1)
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
    assert await store.recovery.recover() == (0, 0)
    assert await store.outbox.next_due() == due
    assert (await store.outbox.get(1)).reason is OutboxReason.RELAY_DEFERRED


async def test_a_letter_in_hand_at_one_death_after_the_other_waits_as_any_other(store: Store, watch: Watch) -> None:
    await store.outbox.enqueue([letter("receipt/1")])
    for _ in range(AT_ONCE_ATTEMPTS - 1):
        await store.outbox.claim()
        assert await store.recovery.recover() == (0, 1)
    await store.outbox.claim()
    assert await store.recovery.recover() == (0, 0)
    assert await store.outbox.claim() == ()


async def test_what_nobody_had_in_hand_is_left_as_it_is(store: Store) -> None:
    await store.incoming.keep([arrival()])
    await store.outbox.enqueue([letter("receipt/1")])
    before = (await store.incoming.list_(), await store.outbox.list_())
    assert await store.recovery.recover() == (0, 0)
    assert (await store.incoming.list_(), await store.outbox.list_()) == before
