"""The sender: each outcome of an attempt, the back-off, and giving up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.core.outbox import GIVE_UP_AFTER, OutboxState, OutgoingMail
from bot.core.reasons import OutboxReason
from bot.outbound.delivery import Delivery, Outcome
from bot.workers.sender import Sender
from tests.storage.samples import letter

DELIVERED = Delivery(Outcome.DELIVERED, OutboxReason.RELAY_ACCEPTED, "250 ok")
DEFERRED = Delivery(Outcome.DEFERRED, OutboxReason.RELAY_DEFERRED, "451 later")
BOUNCED = Delivery(Outcome.BOUNCED, OutboxReason.RELAY_REFUSED, "550 no")
UNKNOWN = Delivery(Outcome.UNKNOWN, OutboxReason.OUTCOME_UNKNOWN, "connection lost")


@dataclass
class ScriptedRelay:
    """A deliverer that answers by a script; an exception in it is raised. After the script it delivers."""

    script: Sequence[Delivery | Exception] = ()
    taken: list[bytes] = field(default_factory=list)

    async def deliver(self, mail: OutgoingMail) -> Delivery:
        answer = self.script[len(self.taken)] if len(self.taken) < len(self.script) else DELIVERED
        self.taken.append(mail.content)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def close(self) -> None:
        """Nothing is open."""


async def send_due(store, relay, watch) -> None:
    sender = Sender(store, relay, watch)
    for claimed in await store.claim_outgoing():
        await sender.send(claimed)


async def state(store) -> tuple[OutboxState, OutboxReason, int]:
    (row,) = await store.outgoing()
    return row.state, row.reason, row.attempts


async def test_a_deferred_mail_goes_out_again_byte_for_byte_the_same(store, watch):
    relay = ScriptedRelay([DEFERRED, UNKNOWN, ConnectionError("odd")])
    await store.enqueue([letter("receipt/1")])
    for minutes in (0, 5, 15):
        watch.turn(minutes=minutes)
        await send_due(store, relay, watch)
        assert (await state(store))[0] is OutboxState.QUEUED
    watch.turn(minutes=29)
    await send_due(store, relay, watch)
    assert len(relay.taken) == 3  # not before its time
    watch.turn(minutes=1)
    await send_due(store, relay, watch)
    assert await state(store) == (OutboxState.DELIVERED, OutboxReason.RELAY_ACCEPTED, 4)
    assert len(set(relay.taken)) == 1


async def test_a_refused_mail_is_not_tried_again(store, watch):
    relay = ScriptedRelay([BOUNCED])
    await store.enqueue([letter("receipt/1")])
    await send_due(store, relay, watch)
    watch.turn(days=1)
    await send_due(store, relay, watch)
    assert await state(store) == (OutboxState.BOUNCED, OutboxReason.RELAY_REFUSED, 1)
    assert len(relay.taken) == 1


async def test_a_mail_that_never_gets_through_is_given_up_after_five_days(store, watch):
    await store.enqueue([letter("receipt/1")])
    relay = ScriptedRelay([DEFERRED] * 100)
    began = watch()
    while (await state(store))[0] is OutboxState.QUEUED:
        await send_due(store, relay, watch)
        watch.turn(hours=4)
    assert await state(store) == (OutboxState.EXPIRED, OutboxReason.TOO_OLD, len(relay.taken))
    assert GIVE_UP_AFTER <= watch() - began <= 1.1 * GIVE_UP_AFTER


async def test_run_sends_what_is_due_and_stops_when_told(store, watch):
    @dataclass
    class Last(ScriptedRelay):
        sender: Sender | None = None

        async def deliver(self, mail: OutgoingMail) -> Delivery:
            self.sender.stop()
            return await super().deliver(mail)

    relay = Last()
    relay.sender = Sender(store, relay, watch)
    await store.enqueue([letter("receipt/1")])
    await relay.sender.run()
    assert (await state(store))[0] is OutboxState.DELIVERED
