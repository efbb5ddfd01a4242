from __future__ import annotations

import asyncio

import pytest

from bot.core.envelope import Arrival, Envelope, Kept, Source
from bot.intake.receive import BATCH_BYTES, BATCH_MAILS, Receiver, ReceiverStoppedError
from tests.intake.keepers import NOW, FailingKeeper, GatedKeeper, ListKeeper


def mail(content: bytes) -> Arrival:
    return Arrival(Envelope(Source.SMTP, "a@firm.example.jp", ("hosho@city.example.jp",), NOW), content)


async def drained(receiver: Receiver) -> None:
    receiver.stop()
    await receiver.run()


async def test_a_mail_is_kept_and_the_sorter_is_woken():
    keeper, woken = ListKeeper(), []
    receiver = Receiver(keeper, lambda: woken.append(True))
    async with asyncio.TaskGroup() as group:
        group.create_task(receiver.run())
        assert await receiver.receive(mail(b"one")) == Kept(1, is_new=True)
        assert await receiver.receive(mail(b"one")) == Kept(1, is_new=False)
        receiver.stop()
    assert keeper.contents == [b"one"]
    assert woken == [True]


async def test_what_waits_at_one_moment_is_kept_in_one_transaction():
    keeper = GatedKeeper()
    receiver = Receiver(keeper, lambda: None)
    async with asyncio.TaskGroup() as group:
        group.create_task(receiver.run())
        first = group.create_task(receiver.receive(mail(b"first")))
        await keeper.asked.wait()
        others = [group.create_task(receiver.receive(mail(b"%d" % n))) for n in range(10)]
        await asyncio.sleep(0)
        keeper.gate.set()
        assert await first == Kept(1, is_new=True)
        assert [await other for other in others] == [Kept(n + 2, is_new=True) for n in range(10)]
        receiver.stop()
    assert keeper.batches == [1, 10]


async def test_a_transaction_is_bounded_in_mails_and_bytes():
    keeper = ListKeeper()
    receiver = Receiver(keeper, lambda: None)
    large = BATCH_BYTES // 2 + 1
    contents = [b"%d" % n for n in range(BATCH_MAILS + 1)] + [bytes([65 + n]) * large for n in range(2)]
    kept = asyncio.create_task(receiver.receive_many([mail(content) for content in contents]))
    await asyncio.sleep(0)
    await drained(receiver)
    assert len(await kept) == BATCH_MAILS + 3
    assert keeper.batches == [BATCH_MAILS, 2, 1]


async def test_a_mail_larger_than_a_batch_goes_alone():
    keeper = ListKeeper()
    receiver = Receiver(keeper, lambda: None)
    kept = asyncio.create_task(receiver.receive_many([mail(b"x" * (BATCH_BYTES + 1)), mail(b"small")]))
    await asyncio.sleep(0)
    await drained(receiver)
    assert await kept == (Kept(1, is_new=True), Kept(2, is_new=True))
    assert keeper.batches == [1, 1]


async def test_a_caller_that_is_cancelled_neither_cancels_nor_doubles_the_storing():
    keeper = GatedKeeper()
    receiver = Receiver(keeper, lambda: None)
    committer = asyncio.create_task(receiver.run())
    callers = [asyncio.create_task(receiver.receive(mail(b"storing")))]
    await keeper.asked.wait()
    callers.append(asyncio.create_task(receiver.receive(mail(b"waiting"))))
    await asyncio.sleep(0)
    for caller in callers:
        caller.cancel()
    await asyncio.wait(callers)
    assert all(caller.cancelled() for caller in callers)
    keeper.gate.set()
    receiver.stop()
    await committer
    assert keeper.contents == [b"storing", b"waiting"]
    assert keeper.batches == [1, 1]


async def test_one_bad_mail_does_not_fail_its_neighbours():
    keeper = FailingKeeper(poison=b"poison")
    receiver = Receiver(keeper, lambda: None)
    calls = [asyncio.create_task(receiver.receive(mail(c))) for c in (b"a", b"poison", b"b")]
    await asyncio.sleep(0)
    await drained(receiver)
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert results[0] == Kept(1, is_new=True)
    assert isinstance(results[1], ValueError)
    assert results[2] == Kept(2, is_new=True)
    assert keeper.batches == [-3, 1, -1, 1]


async def test_a_store_that_is_down_is_not_asked_for_every_mail_of_the_batch():
    keeper = FailingKeeper([OSError("down")] * 10)
    receiver = Receiver(keeper, lambda: None)
    calls = [asyncio.create_task(receiver.receive(mail(b"%d" % n))) for n in range(9)]
    await asyncio.sleep(0)
    await drained(receiver)
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(result) for result in results] == [OSError] * 9
    assert keeper.batches == [-9, -1, -1]


async def test_many_at_once_raise_the_first_error_though_the_others_are_kept():
    keeper = FailingKeeper(poison=b"poison")
    receiver = Receiver(keeper, lambda: None)
    call = asyncio.create_task(receiver.receive_many([mail(b"a"), mail(b"poison"), mail(b"b")]))
    await asyncio.sleep(0)
    await drained(receiver)
    with pytest.raises(ValueError, match="unable to store"):
        await call
    assert keeper.contents == [b"a", b"b"]


async def test_after_the_stop_nothing_is_taken():
    receiver = Receiver(ListKeeper(), lambda: None)
    await drained(receiver)
    with pytest.raises(ReceiverStoppedError):
        await receiver.receive(mail(b"late"))


async def test_a_cancelled_committer_leaves_nobody_waiting():
    keeper = GatedKeeper()
    receiver = Receiver(keeper, lambda: None)
    committer = asyncio.create_task(receiver.run())
    calls = [asyncio.create_task(receiver.receive(mail(b"a")))]
    await keeper.asked.wait()
    calls.append(asyncio.create_task(receiver.receive(mail(b"b"))))
    await asyncio.sleep(0)
    committer.cancel()
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(result) for result in results] == [ReceiverStoppedError] * 2
