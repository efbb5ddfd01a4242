"""What a daemon that died had in hand is due at once for the next one, on both databases; and still only so often."""

from datetime import timedelta

from bot.core.outbox import OutboxState
from bot.core.reasons import OutboxReason
from storage.store import Store
from storage.use_cases.recovery import AT_ONCE_ATTEMPTS
from tests.storage.samples import Opener, Watch, arrival, letter

LEASE = timedelta(minutes=10)


async def test_a_mail_in_hand_is_due_at_once_and_its_tries_count_on(store: Store, open_store: Opener) -> None:
    await store.keep([arrival(), arrival()])
    claimed = await store.claim_mail(lease=LEASE)
    assert claimed is not None
    new = await open_store()
    assert await new.recover() == (1, 0)
    assert await new.recover() == (0, 0)
    turns = [await new.claim_mail(lease=LEASE) for _ in range(3)]
    assert sorted((mail.mail_id, mail.attempts) for mail in turns if mail) == [(1, 2), (2, 1)]


async def test_a_mail_that_waits_for_its_next_try_gets_it_at_the_start(store: Store, watch: Watch) -> None:
    await store.keep([arrival()])
    await store.claim_mail(lease=LEASE)
    await store.postpone_mail(1, error="no memory", until=watch.now + timedelta(minutes=2))
    assert await store.recover() == (1, 0)
    assert await store.next_mail_due() == watch.now


async def test_a_letter_whose_result_nobody_noted_goes_at_once_and_is_told_to_be_a_second_one(store: Store) -> None:
    mail = letter("receipt/1")
    await store.enqueue([mail])
    await store.claim_outgoing()
    assert await store.recover() == (0, 1)
    assert (await store.outgoing_mail(1)).reason is OutboxReason.OUTCOME_UNKNOWN
    (claimed,) = await store.claim_outgoing()
    assert (claimed.mail, claimed.attempts) == (mail, 2)
    await store.note_delivery(1, state=OutboxState.DELIVERED, reason=OutboxReason.RELAY_ACCEPTED, reply="250 ok")
    row = await store.outgoing_mail(1)
    assert (row.state, row.reason) == (OutboxState.DELIVERED, OutboxReason.RELAY_ACCEPTED_AGAIN)


async def test_a_letter_that_the_relay_put_off_keeps_its_time(store: Store, watch: Watch) -> None:
    await store.enqueue([letter("receipt/1")])
    await store.claim_outgoing()
    await store.note_delivery(1, state=OutboxState.QUEUED, reason=OutboxReason.RELAY_DEFERRED, reply="451 later")
    due = await store.next_outgoing_due()
    assert await store.recover() == (0, 0)
    assert await store.next_outgoing_due() == due
    assert (await store.outgoing_mail(1)).reason is OutboxReason.RELAY_DEFERRED


async def test_a_letter_in_hand_at_one_death_after_the_other_waits_as_any_other(store: Store, watch: Watch) -> None:
    await store.enqueue([letter("receipt/1")])
    for _ in range(AT_ONCE_ATTEMPTS - 1):
        await store.claim_outgoing()
        assert await store.recover() == (0, 1)
    await store.claim_outgoing()
    assert await store.recover() == (0, 0)
    assert await store.claim_outgoing() == ()


async def test_what_nobody_had_in_hand_is_left_as_it_is(store: Store) -> None:
    await store.keep([arrival()])
    await store.enqueue([letter("receipt/1")])
    before = (await store.mails(), await store.outgoing())
    assert await store.recover() == (0, 0)
    assert (await store.mails(), await store.outgoing()) == before
