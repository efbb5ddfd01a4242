from __future__ import annotations

import asyncio

import pytest

from bot.core.records.envelope import Arrival, Envelope, Kept, Source
from bot.intake.receive import (
    BATCH_BYTES,
    BATCH_MAILS,
    LARGE_BYTES,
    KeepingInterruptedError,
    KeepingTooSlowError,
    Receiver,
    ReceiverStoppedError,
)
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
    a_third = LARGE_BYTES - 1
    contents = [b"%d" % n for n in range(BATCH_MAILS + 1)]
    contents += [bytes([65 + n]) * a_third for n in range(BATCH_BYTES // a_third)]
    kept = asyncio.create_task(receiver.receive_many([mail(content) for content in contents]))
    await asyncio.sleep(0)
    await drained(receiver)
    assert len(await kept) == len(contents)
    assert keeper.batches == [BATCH_MAILS, 1 + BATCH_BYTES // a_third]


async def test_a_mail_larger_than_a_batch_goes_alone():
    keeper = ListKeeper()
    receiver = Receiver(keeper, lambda: None)
    contents = [b"x" * (BATCH_BYTES + 1), b"y" * (BATCH_BYTES // 2), b"z" * (BATCH_BYTES // 2), b"z" * LARGE_BYTES]
    kept = asyncio.create_task(receiver.receive_many([mail(content) for content in contents]))
    await asyncio.sleep(0)
    await drained(receiver)
    assert await kept == tuple(Kept(n, is_new=True) for n in (1, 2, 3, 4))
    assert keeper.batches == [1, 2, 1]


async def test_small_mails_and_large_ones_take_turns():
    keeper = ListKeeper()
    receiver = Receiver(keeper, lambda: None)
    large = [bytes([65 + n]) * (BATCH_BYTES + 1) for n in range(4)]
    small = [b"%d" % n for n in range(2 * BATCH_MAILS)]
    kept = asyncio.create_task(receiver.receive_many([mail(content) for content in (*large, *small)]))
    await asyncio.sleep(0)
    await drained(receiver)
    await kept
    assert keeper.batches == [BATCH_MAILS, 1, BATCH_MAILS, 1, 1, 1]
    assert [content for content in keeper.contents if len(content) < LARGE_BYTES] == small
    assert [content for content in keeper.contents if len(content) > LARGE_BYTES] == large


class Package:
    """A parcel of the tests'. `log`: what was done with all of them, in order."""

    def __init__(self, name: bytes, log: list[str], *, size_bytes: int = 1, error: Exception | None = None) -> None:
        self.name, self.log, self.size_bytes, self.error = name, log, size_bytes, error

    async def unpack(self) -> Arrival:
        self.log.append(f"unpack {self.name.decode()}")
        if self.error is not None:
            raise self.error
        return mail(self.name)

    def close(self) -> None:
        entry = f"close {self.name.decode()}"
        if entry not in self.log:
            self.log.append(entry)


async def test_parcels_are_unpacked_one_transaction_at_a_time_and_closed_after_it():
    keeper, log = ListKeeper(), []
    receiver = Receiver(keeper, lambda: None)
    parcels = [Package(name, log, size_bytes=BATCH_BYTES // 2 + 1) for name in (b"a", b"b")]
    calls = [asyncio.create_task(receiver.receive(parcel)) for parcel in parcels]
    await asyncio.sleep(0)
    await drained(receiver)
    assert [await call for call in calls] == [Kept(1, is_new=True), Kept(2, is_new=True)]
    assert log == ["unpack a", "close a", "unpack b", "close b"]


@pytest.mark.parametrize("error", [OSError("unreadable"), MemoryError()], ids=repr)
async def test_a_parcel_that_can_not_be_unpacked_fails_alone(error):
    keeper, log = ListKeeper(), []
    receiver = Receiver(keeper, lambda: None)
    parcels = [Package(b"a", log), Package(b"b", log, error=error), Package(b"c", log)]
    calls = [asyncio.create_task(receiver.receive(parcel)) for parcel in parcels]
    await asyncio.sleep(0)
    await drained(receiver)
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert results == [Kept(1, is_new=True), error, Kept(2, is_new=True)]
    assert {entry for entry in log if entry.startswith("close")} == {"close a", "close b", "close c"}


async def test_a_parcel_is_closed_whatever_becomes_of_it():
    log: list[str] = []
    stopped = Receiver(ListKeeper(), lambda: None)
    await drained(stopped)
    with pytest.raises(ReceiverStoppedError):
        await stopped.receive(Package(b"late", log))
    keeper = FailingKeeper([OSError("down")])
    receiver = Receiver(keeper, lambda: None)
    failing = asyncio.create_task(receiver.receive(Package(b"failing", log)))
    await asyncio.sleep(0)
    await drained(receiver)
    with pytest.raises(OSError, match="down"):
        await failing
    gated = GatedKeeper()
    receiver = Receiver(gated, lambda: None)
    committer = asyncio.create_task(receiver.run())
    hung_up = asyncio.create_task(receiver.receive(Package(b"hung up", log)))
    await gated.asked.wait()
    hung_up.cancel()
    await asyncio.wait([hung_up])
    gated.gate.set()
    receiver.stop()
    await committer
    assert gated.contents == [b"hung up"]
    assert [entry for entry in log if entry.startswith("close")] == ["close late", "close failing", "close hung up"]


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


async def test_when_the_store_is_stuck_everybody_who_waits_is_told_and_what_is_under_way_is_kept_at_last():
    keeper, woken = GatedKeeper(), []
    receiver = Receiver(keeper, lambda: woken.append(True), patience_seconds=0.01)
    committer = asyncio.create_task(receiver.run())
    calls = [asyncio.create_task(receiver.receive(mail(b"first")))]
    await keeper.asked.wait()
    large = mail(b"x" * LARGE_BYTES)
    calls += [asyncio.create_task(receiver.receive(one)) for one in (mail(b"second"), mail(b"third"), large)]
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(result) for result in results] == [KeepingTooSlowError] * 4
    with pytest.raises(KeepingTooSlowError):
        await receiver.receive(mail(b"meanwhile"))
    assert keeper.batches == woken == []
    keeper.gate.set()
    assert await receiver.receive(mail(b"first")) == Kept(1, is_new=False)  # it comes again, and is known
    assert await receiver.receive(mail(b"second")) == Kept(2, is_new=True)
    receiver.stop()
    await committer
    assert keeper.contents == [b"first", b"second"]
    assert woken == [True, True]


async def test_a_batch_that_fails_late_is_not_tried_again_for_callers_who_know():
    keeper = GatedKeeper(error=OSError("locked"))
    receiver = Receiver(keeper, lambda: None, patience_seconds=0.01)
    calls = [asyncio.create_task(receiver.receive(mail(content))) for content in (b"a", b"b", b"c")]
    await asyncio.sleep(0)
    committer = asyncio.create_task(receiver.run())
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(result) for result in results] == [KeepingTooSlowError] * 3
    keeper.gate.set()
    receiver.stop()
    await committer
    assert keeper.asked_times == 1


async def test_a_keeper_that_somebody_cancels_is_an_error_and_not_the_end_of_the_committer():
    keeper = FailingKeeper([asyncio.CancelledError()])
    receiver = Receiver(keeper, lambda: None)
    committer = asyncio.create_task(receiver.run())
    with pytest.raises(KeepingInterruptedError):
        await receiver.receive(mail(b"first"))
    assert await receiver.receive(mail(b"second")) == Kept(1, is_new=True)
    receiver.stop()
    await committer


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
