"""The sender: each outcome of an attempt, the back-off, giving up; several connections, and a relay in trouble."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise

import pytest

from bot.core.records.outgoing_mail import GIVE_UP_AFTER, Letter, OutboxState, OutgoingMail, wait_after
from bot.core.records.reasons import OUR_TROUBLE, OutboxReason
from bot.outbound.smtp_relay import Delivery, RelayOutcome
from bot.workers.sender import Sender
from tests.storage.samples import letter

DELIVERED = Delivery(RelayOutcome.DELIVERED, OutboxReason.RELAY_ACCEPTED, "250 ok")
DEFERRED = Delivery(RelayOutcome.DEFERRED, OutboxReason.RELAY_DEFERRED, "451 later")
BOUNCED = Delivery(RelayOutcome.BOUNCED, OutboxReason.RELAY_REFUSED, "550 no")
NO_SUCH = Delivery(RelayOutcome.BOUNCED, OutboxReason.RELAY_REFUSED, "550 5.1.1 no such user", address_is_dead=True)
UNKNOWN = Delivery(RelayOutcome.UNKNOWN, OutboxReason.OUTCOME_UNKNOWN, "connection lost")
DOWN = Delivery(RelayOutcome.DEFERRED, OutboxReason.RELAY_UNREACHABLE, "つながりません", is_relays=True)


@dataclass
class ScriptedRelay:
    """A deliverer that answers by a script; an exception in it is raised. After the script it delivers.

    `is_down`: it can't be reached. A mail to an address in `slow` waits for its event.
    """

    script: Sequence[Delivery | Exception] = ()
    taken: list[OutgoingMail] = field(default_factory=list)
    is_down: bool = False
    tries: int = 0
    slow: dict[str, asyncio.Event] = field(default_factory=dict)
    under_way: list[str] = field(default_factory=list)
    began: asyncio.Event = field(default_factory=asyncio.Event)

    async def deliver(self, mail: OutgoingMail) -> Delivery:
        if self.is_down:
            return DOWN
        place = len(self.taken)
        self.taken.append(mail)
        self.began.set()
        assert mail.recipient not in self.under_way
        self.under_way.append(mail.recipient)
        if mail.recipient in self.slow:
            await self.slow[mail.recipient].wait()
        self.under_way.remove(mail.recipient)
        answer = self.script[place] if place < len(self.script) else DELIVERED
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def ready(self) -> Delivery | None:
        self.tries += 1
        return DOWN if self.is_down else None

    async def close(self) -> None:
        """Nothing is open."""

    @property
    def keys(self) -> list[str]:
        return [mail.dedupe_key for mail in self.taken]


async def send_due(store, relay, watch) -> None:
    sender = Sender(store, [relay], watch)
    for claimed in await store.outbox.claim():
        await sender.send(claimed, relay)


async def state(store) -> tuple[OutboxState, OutboxReason, int]:
    (row,) = await store.outbox.list_()
    return row.state, row.reason, row.attempts


async def settled(store, condition) -> None:
    """Until the rows are as they should be; the sender runs in tasks of its own."""
    while not condition(await store.outbox.list_(limit=1000)):  # noqa: ASYNC110 - the rows tell nobody
        await asyncio.sleep(REST_SECONDS)


REST_SECONDS = 0.005
"""Between two looks, so that what is waited for has the processor."""


async def test_a_deferred_mail_goes_out_again_byte_for_byte_the_same(store, watch):
    relay = ScriptedRelay([DEFERRED, DEFERRED, ConnectionError("odd")])
    await store.outbox.enqueue([letter("receipt/1")])
    for attempts in range(3):
        if attempts:
            watch.now += wait_after(attempts, 1)
        await send_due(store, relay, watch)
        assert (await state(store))[0] is OutboxState.QUEUED
    watch.now += wait_after(3, 1) - timedelta(seconds=1)
    await send_due(store, relay, watch)
    assert len(relay.taken) == 3  # not before its time
    watch.turn(seconds=1)
    await send_due(store, relay, watch)
    assert await state(store) == (OutboxState.DELIVERED, OutboxReason.RELAY_ACCEPTED_AGAIN, 4)
    assert len({mail.content for mail in relay.taken}) == 1


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ([UNKNOWN], OutboxReason.RELAY_ACCEPTED_AGAIN),
        ([UNKNOWN, DEFERRED, DEFERRED], OutboxReason.RELAY_ACCEPTED_AGAIN),
        ([DEFERRED, DEFERRED], OutboxReason.RELAY_ACCEPTED),
        ([], OutboxReason.RELAY_ACCEPTED),
    ],
)
async def test_a_row_says_whether_its_mail_may_have_arrived_twice(store, watch, script, reason):
    relay = ScriptedRelay(script)
    await store.outbox.enqueue([letter("receipt/1")])
    for _ in range(len(script) + 1):
        await send_due(store, relay, watch)
        watch.turn(hours=5)
    assert await state(store) == (OutboxState.DELIVERED, reason, len(script) + 1)


async def test_a_row_whose_result_was_never_noted_says_so_too(store, watch):
    await store.outbox.enqueue([letter("receipt/1")])
    await store.outbox.claim()  # and there the process died
    watch.turn(hours=5)
    await send_due(store, ScriptedRelay(), watch)
    assert await state(store) == (OutboxState.DELIVERED, OutboxReason.RELAY_ACCEPTED_AGAIN, 2)


async def test_a_refused_mail_is_not_tried_again(store, watch):
    relay = ScriptedRelay([BOUNCED])
    await store.outbox.enqueue([letter("receipt/1")])
    await send_due(store, relay, watch)
    watch.turn(days=1)
    await send_due(store, relay, watch)
    assert await state(store) == (OutboxState.BOUNCED, OutboxReason.RELAY_REFUSED, 1)
    assert len(relay.taken) == 1
    assert await store.bounces.dead_addresses() == ()


async def test_a_mail_that_never_gets_through_is_given_up_after_five_days(store, watch):
    await store.outbox.enqueue([letter("receipt/1")])
    relay = ScriptedRelay([DEFERRED] * 100)
    began = watch()
    while (await state(store))[0] is OutboxState.QUEUED:
        await send_due(store, relay, watch)
        watch.turn(hours=4.5)
    assert await state(store) == (OutboxState.EXPIRED, OutboxReason.TOO_OLD, len(relay.taken))
    assert GIVE_UP_AFTER <= watch() - began <= 1.1 * GIVE_UP_AFTER


def test_mails_that_failed_together_do_not_come_back_together():
    waits = sorted(wait_after(1, number) for number in range(1, 1001))
    assert timedelta(minutes=5) <= waits[0]
    assert waits[-1] < timedelta(minutes=5.5)
    assert max(b - a for a, b in pairwise(waits)) < timedelta(seconds=0.2)
    assert wait_after(2, 7) == wait_after(2, 7)


async def test_no_more_letters_go_to_a_dead_address_but_a_desk_is_always_tried(store, watch):
    relay = ScriptedRelay([NO_SUCH, NO_SUCH])
    dead, desk = "gone@example.jp", "keiyaku@city.example.jp"
    await store.outbox.enqueue([letter("a", recipient=dead), letter("b", recipient=desk, letter=Letter.ALERT)])
    await send_due(store, relay, watch)
    ((address, since, why, number),) = [
        (one.address, one.since, one.why, one.outbox_id) for one in await store.bounces.dead_addresses()
    ]
    assert (address, since, why, number) == (dead, watch(), "550 5.1.1 no such user", 1)
    assert (await store.outbox.get(2)).state is OutboxState.BOUNCED

    more = [letter("c", recipient="Gone@Example.JP"), letter("d", recipient=desk, letter=Letter.ALERT)]
    await store.outbox.enqueue(more)
    await send_due(store, relay, watch)
    row = await store.outbox.get(3)
    assert (row.state, row.reason, row.attempts) == (OutboxState.CANCELLED, OutboxReason.DEAD_ADDRESS, 0)
    assert relay.keys == ["a", "b", "d"]

    await store.bounces.revive_address("GONE@example.jp", actor="clerk")
    await store.outbox.retry(3, actor="clerk")
    await send_due(store, relay, watch)
    assert relay.keys[-1] == "c"
    assert relay.taken[-1] == more[0]


async def test_a_retry_takes_its_address_off_the_list(store, watch):
    relay = ScriptedRelay([NO_SUCH])
    await store.outbox.enqueue([letter("a")])
    await send_due(store, relay, watch)
    await store.outbox.retry(1, actor="clerk")
    await send_due(store, relay, watch)
    assert await store.bounces.dead_addresses() == ()
    assert relay.keys == ["a", "a"]


async def test_a_held_mail_waits_for_its_release(store, watch):
    relay = ScriptedRelay()
    await store.outbox.enqueue([letter("a")])
    await store.outbox.hold(1, actor="clerk")
    assert await state(store) == (OutboxState.HOLD, OutboxReason.CLERK_HELD, 0)
    await send_due(store, relay, watch)
    assert relay.taken == []
    await store.outbox.release(1, actor="clerk")
    await send_due(store, relay, watch)
    assert await state(store) == (OutboxState.DELIVERED, OutboxReason.RELAY_ACCEPTED, 1)


@pytest.mark.parametrize(
    ("result", "end"),
    [(DELIVERED, OutboxState.DELIVERED), (BOUNCED, OutboxState.BOUNCED), (DEFERRED, OutboxState.HOLD)],
)
async def test_what_happens_to_a_mail_that_is_held_on_its_way_is_not_forgotten(store, watch, result, end):
    await store.outbox.enqueue([letter("a")])
    (claimed,) = await store.outbox.claim()
    await store.outbox.hold(1, actor="clerk")
    relay = ScriptedRelay([result])
    await Sender(store, [relay], watch).send(claimed, relay)
    row = await store.outbox.get(1)
    assert (row.state, row.reply) == (end, result.reply)


async def test_run_sends_what_is_due_and_stops_when_told(store, watch):
    relay = ScriptedRelay()
    sender = Sender(store, [relay], watch)
    await store.outbox.enqueue([letter("receipt/1")])
    running = asyncio.create_task(sender.run())
    await settled(store, lambda rows: rows[0].state is OutboxState.DELIVERED)
    sender.stop()
    await running


async def test_a_stop_waits_for_the_mail_under_way(store, watch):
    relay = ScriptedRelay(slow={"slow@example.jp": asyncio.Event()})
    sender = Sender(store, [relay], watch)
    await store.outbox.enqueue([letter("a", recipient="slow@example.jp"), letter("b")])
    running = asyncio.create_task(sender.run())
    await relay.began.wait()
    sender.stop()
    relay.slow["slow@example.jp"].set()
    await running
    assert relay.keys == ["a"]
    assert [row.state for row in await store.outbox.list_()] == [OutboxState.QUEUED, OutboxState.DELIVERED]


async def test_a_slow_address_takes_one_connection_and_delays_nobody_else(store, watch):
    relay = ScriptedRelay(slow={"slow@example.jp": asyncio.Event()})
    sender = Sender(store, [relay, relay, relay], watch)
    await store.outbox.enqueue([letter(f"slow/{n}", recipient="slow@example.jp") for n in range(20)])
    await store.outbox.enqueue([letter(f"other/{n}", recipient=f"{n}@example.jp") for n in range(20)])
    running = asyncio.create_task(sender.run())
    await settled(store, lambda rows: sum(row.state is OutboxState.DELIVERED for row in rows) == 20)
    assert [key for key in relay.keys if key.startswith("slow")] == ["slow/0"]
    relay.slow["slow@example.jp"].set()
    await settled(store, lambda rows: all(row.state is OutboxState.DELIVERED for row in rows))
    sender.stop()
    await running
    assert [key for key in relay.keys if key.startswith("slow")] == [f"slow/{n}" for n in range(20)]


async def test_while_the_relay_is_down_mails_wait_untouched_and_then_go_in_order(store, watch):
    relay = ScriptedRelay(is_down=True)
    sender = Sender(store, [relay, relay], watch)
    for number in range(30):
        await store.outbox.enqueue([letter(str(number), recipient=f"{number}@example.jp")])
        watch.turn(seconds=1)
    running = asyncio.create_task(sender.run())
    while relay.tries < 1:  # it is woken, and still leaves the relay alone for a second
        sender.wake.set()
        await asyncio.sleep(REST_SECONDS)
    rows = await store.outbox.list_(limit=100)
    touched = [row for row in rows if row.attempts]
    assert 1 <= len(touched) <= 2
    assert {(row.state, row.reason, row.reply) for row in touched} == {
        (OutboxState.QUEUED, OutboxReason.RELAY_UNREACHABLE, "つながりません")
    }
    watch.turn(hours=2)
    relay.is_down = False
    await settled(store, lambda rows: all(row.state is OutboxState.DELIVERED for row in rows))
    sender.stop()
    await running
    order = [int(key) for key in relay.keys]
    waited = [number for number in order if number >= len(touched)]
    assert sorted(order) == list(range(30))
    assert waited == sorted(waited)


REFUSALS = {
    OutboxReason.RELAY_SENDER: "553 5.7.1 sender address rejected: not owned by user",
    OutboxReason.RELAY_RELAYING: "554 5.7.1 relay access denied",
    OutboxReason.RELAY_QUOTA: "550 5.4.5 daily limit exceeded",
    OutboxReason.RELAY_BLOCKED: "550 5.7.708 traffic not accepted from this IP",
}
assert REFUSALS.keys() | {OutboxReason.RELAY_LOGIN, OutboxReason.RELAY_INSECURE} == OUR_TROUBLE


@pytest.mark.parametrize("reason", REFUSALS)
async def test_what_is_refused_because_of_us_waits_together_and_all_go_when_it_is_over(store, watch, reason):
    refused = Delivery(RelayOutcome.DEFERRED, reason, REFUSALS[reason])
    relay = ScriptedRelay([*[refused] * 10, DELIVERED, DEFERRED])
    sender = Sender(store, [relay], watch)
    await store.outbox.enqueue([letter(str(number), recipient=f"{number}@example.jp") for number in range(5)])

    async def attempts(*, tries_ours: bool) -> int:
        claimed = await store.outbox.claim(tries_ours=tries_ours)
        for mail in claimed:
            await sender.send(mail, relay)
        return len(claimed)

    assert await attempts(tries_ours=False) == 5
    rows = await store.outbox.list_()
    assert {(row.state, row.reason, row.reply) for row in rows} == {(OutboxState.QUEUED, reason, REFUSALS[reason])}
    assert await store.outbox.next_due() is None
    ((told,),) = [(await store.health.alarm_facts()).refused]
    assert (told.reason, told.letters.count, told.reply) == (reason, 5, REFUSALS[reason])
    tried = []
    for _ in range(5):  # six days: nobody is given up, and one letter tries at a time, in turns
        watch.turn(days=1.2)
        assert await attempts(tries_ours=False) == 0
        assert await attempts(tries_ours=True) == 1
        tried.append(relay.keys[-1])
    assert sorted(tried) == ["0", "1", "2", "3", "4"]
    assert await attempts(tries_ours=True) == 1  # this one gets through
    assert sender.wake.is_set()
    assert await attempts(tries_ours=False) == 4
    states = Counter(row.state for row in await store.outbox.list_())
    assert states == {
        OutboxState.DELIVERED: 4,
        OutboxState.QUEUED: 1,
    }  # greylisted after six days: its five days begin anew
    assert (await store.health.alarm_facts()).refused == ()


async def test_a_letter_whose_refusal_nobody_understands_keeps_its_own_back_off_and_is_told(store, watch):
    unclear = Delivery(RelayOutcome.DEFERRED, OutboxReason.RELAY_UNCLEAR, "550 5.9.99 no")
    await store.outbox.enqueue([letter("a")])
    relay = ScriptedRelay([unclear] * 100)
    await send_due(store, relay, watch)
    ((told,),) = [(await store.health.alarm_facts()).refused]
    assert (told.reason, told.letters.count) == (OutboxReason.RELAY_UNCLEAR, 1)
    while (await state(store))[0] is OutboxState.QUEUED:
        watch.turn(hours=4.5)
        await send_due(store, relay, watch)
    assert (await state(store))[:2] == (OutboxState.EXPIRED, OutboxReason.TOO_OLD)


async def test_a_letter_refused_for_its_content_ends_and_is_told_for_a_day(store, watch):
    spam = Delivery(RelayOutcome.BOUNCED, OutboxReason.LETTER_REFUSED, "554 5.7.1 spam")
    await store.outbox.enqueue([letter("a")])
    await send_due(store, ScriptedRelay([spam]), watch)
    assert await state(store) == (OutboxState.BOUNCED, OutboxReason.LETTER_REFUSED, 1)
    ((told,),) = [(await store.health.alarm_facts()).refused]
    assert (told.reason, told.letters.count, told.reply) == (OutboxReason.LETTER_REFUSED, 1, "554 5.7.1 spam")
    watch.turn(days=1.1)
    assert (await store.health.alarm_facts()).refused == ()


async def test_the_running_sender_tries_what_waits_for_us_again_after_a_restart(store, watch):
    refused = Delivery(RelayOutcome.DEFERRED, OutboxReason.RELAY_SENDER, "553 not yours")
    await store.outbox.enqueue([letter(str(number), recipient=f"{number}@example.jp") for number in range(20)])
    await send_due(store, ScriptedRelay([refused] * 20), watch)
    relay = ScriptedRelay()
    sender = Sender(store, [relay, relay], watch)
    running = asyncio.create_task(sender.run())
    await settled(store, lambda rows: all(row.state is OutboxState.DELIVERED for row in rows))
    sender.stop()
    await running
    assert len(relay.keys) == 20


async def test_an_account_is_not_tried_again_and_again_with_a_wrong_password(store, watch):
    login = Delivery(RelayOutcome.DEFERRED, OutboxReason.RELAY_LOGIN, "535", is_relays=True)
    relay = ScriptedRelay([login] * 5)
    sender = Sender(store, [relay], watch)
    await store.outbox.enqueue([letter("a"), letter("b")])
    running = asyncio.create_task(sender.run())
    await settled(store, lambda rows: any(row.reason is OutboxReason.RELAY_LOGIN for row in rows))
    for _ in range(20):
        sender.wake.set()
        await store.outbox.next_due()
    sender.stop()
    await running
    assert (relay.keys, relay.tries) == (["a"], 0)
