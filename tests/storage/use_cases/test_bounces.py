"""What comes back of our letters, on both databases: reports, dead addresses, and mails to a slow address."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.core.records.incoming_mail import MailState
from bot.core.records.outgoing_mail import SUSPECTED_FOR, BounceMatch, BounceReport, DeadAddress, Letter, OutboxState
from bot.core.records.reasons import MailReason, OutboxReason
from storage.store import NotFound, Store, WrongState
from tests.storage.samples import START, Opener, Watch, arrival, letter, settled

TO = "tanto@kensetsu.example.jp"
PATH = "b+0123456789abcdef01234567@city.example.jp"
ID = "<hosho-bot.1@city.example.jp>"


def returned(
    *, paths: tuple[str, ...] = (), ids: tuple[str, ...] = (), to: str = TO, final: bool = True, dead: bool = True
) -> BounceReport:
    return BounceReport(paths, ids, (to,), is_final=final, is_sure=True, is_dead=dead, words="5.1.1 no such user")


async def sent(store: Store, *letters: object) -> None:
    """Queue letters and note them as delivered."""
    await store.outbox.enqueue(letters)
    for claimed in await store.outbox.claim():
        word = {"state": OutboxState.DELIVERED, "reason": OutboxReason.RELAY_ACCEPTED, "reply": "250 ok"}
        await store.outbox.note_delivery(claimed.outbox_id, **word)


async def told(store: Store, about: BounceReport | None, **changes: Any) -> None:
    (kept,) = await store.incoming.keep([arrival()])
    report = settled(state=MailState.IGNORED, reason=MailReason.DELIVERY_REPORT, sender=TO.upper())
    await store.submissions.settle(kept.mail_id, report, returned=about, **changes)


async def states(store: Store) -> list[tuple[OutboxState, OutboxReason]]:
    return [(row.state, row.reason) for row in reversed(await store.outbox.list_())]


SENT = (OutboxState.DELIVERED, OutboxReason.RELAY_ACCEPTED)
BACK = (OutboxState.BOUNCED, OutboxReason.REPORTED_BACK)


@pytest.mark.parametrize("about", [returned(paths=(PATH,)), returned(ids=(ID,)), returned(paths=("x@y",), ids=(ID,))])
async def test_a_report_marks_the_very_letter_that_it_names(store: Store, about: BounceReport) -> None:
    await sent(store, letter("a"), letter("b", reverse_path=PATH, message_id=ID), letter("c"))
    assert await store.bounces.match_bounce(about) == BounceMatch((2,))
    await told(store, about)
    assert await states(store) == [SENT, BACK, SENT]
    assert await store.bounces.dead_addresses() == (DeadAddress(TO, START, "5.1.1 no such user", 2),)
    facts = await store.summary.facts(since=START - timedelta(hours=1), until=START)
    assert [(mail.outbox_id, mail.submission) for mail in facts.undelivered] == [(2, "20261122-0001-1")]
    await told(store, about)  # a second report of the same changes nothing
    assert await states(store) == [SENT, BACK, SENT]


async def test_a_forged_report_changes_nothing(store: Store) -> None:
    await sent(store, letter("a", reverse_path=PATH, message_id=ID))
    for about in (
        returned(paths=(PATH.replace("0", "1"),), ids=(ID.replace("1", "2"),)),
        returned(paths=("",), ids=("",)),
        returned(),
    ):
        await told(store, about)
        assert await states(store) == [SENT]
        assert await store.bounces.dead_addresses() == ()


async def test_a_report_about_a_letter_that_never_left_is_not_believed(store: Store) -> None:
    await store.outbox.enqueue([letter("a", reverse_path=PATH)])
    assert await store.bounces.match_bounce(returned(paths=(PATH,))) == BounceMatch((), 0)
    await told(store, returned(paths=(PATH,)))
    assert await states(store) == [(OutboxState.QUEUED, OutboxReason.WAITING)]


async def test_a_report_about_a_letter_whose_result_nobody_knew_ends_its_retries(store: Store) -> None:
    await store.outbox.enqueue([letter("a", reverse_path=PATH)])
    await store.outbox.claim()
    await told(store, returned(paths=(PATH,)))
    assert await states(store) == [BACK]


async def test_a_letter_that_is_late_is_only_noted_as_such(store: Store) -> None:
    await sent(store, letter("a", reverse_path=PATH))
    await told(store, returned(paths=(PATH,), final=False, dead=False))
    assert await states(store) == [SENT]
    assert (await store.outbox.get(1)).reply == "遅延の通知: 5.1.1 no such user"


async def test_a_report_whose_words_are_about_us_is_told_for_a_day(store: Store, watch: Watch) -> None:
    words = "5.7.708 550 5.7.708 Service unavailable. Access denied, traffic not accepted from this IP."
    await sent(store, letter("a", reverse_path=PATH), letter("b", message_id=ID))
    await told(store, returned(ids=(ID,)))  # no such user: nothing of ours
    assert (await store.health.alarm_facts()).refused == ()
    await told(store, replace(returned(paths=(PATH,), dead=False), words=words))
    (refused,) = (await store.health.alarm_facts()).refused
    assert (refused.reason, refused.letters.count, refused.is_returned) == (OutboxReason.RELAY_BLOCKED, 1, True)
    assert refused.reply == words
    watch.turn(days=1.1)
    assert (await store.health.alarm_facts()).refused == ()


@pytest.mark.parametrize(
    ("about", "kind"),
    [
        (returned(paths=(PATH,), dead=False), Letter.RECEIPT),  # refused for another cause
        (returned(paths=(PATH,), to="elsewhere@example.jp"), Letter.RECEIPT),  # where it was passed on to
        (returned(paths=(PATH,)), Letter.ALERT),  # a desk
    ],
)
async def test_an_address_is_dead_only_if_it_is_the_one_that_failed(
    store: Store, about: BounceReport, kind: Letter
) -> None:
    await sent(store, letter("a", reverse_path=PATH, letter=kind))
    await told(store, about)
    assert await states(store) == [BACK]
    assert await store.bounces.dead_addresses() == ()


async def test_a_report_that_names_no_letter_is_placed_by_its_address_if_one_can_be_meant(
    store: Store, watch: Watch
) -> None:
    await sent(store, letter("a"), letter("other", recipient="other@example.jp"))
    about = returned(to=TO)
    assert await store.bounces.match_bounce(about) == BounceMatch((), 1)
    await sent(store, letter("b"))
    assert await store.bounces.match_bounce(about) == BounceMatch((), 2)
    watch.now += SUSPECTED_FOR + timedelta(seconds=1)
    assert await store.bounces.match_bounce(about) == BounceMatch((), 0)


async def test_a_mail_from_a_dead_address_brings_it_back_to_life(store: Store) -> None:
    await sent(store, letter("a", reverse_path=PATH))
    await told(store, returned(paths=(PATH,)))
    await store.outbox.enqueue([letter("b")])
    assert await store.outbox.claim() == ()
    assert (await states(store))[1] == (OutboxState.CANCELLED, OutboxReason.DEAD_ADDRESS)
    facts = await store.summary.facts(since=START - timedelta(hours=1), until=START)
    assert [(mail.outbox_id, mail.reason) for mail in facts.undelivered] == [
        (1, OutboxReason.REPORTED_BACK),
        (2, OutboxReason.DEAD_ADDRESS),
    ]
    await told(store, None, is_alive=True, outgoing=(letter("c"),))
    assert await store.bounces.dead_addresses() == ()
    assert [claimed.mail.dedupe_key for claimed in await store.outbox.claim()] == ["c"]


async def test_a_clerk_may_bring_it_back_and_what_was_kept_back_is_sent_by_a_retry(store: Store) -> None:
    await sent(store, letter("a", reverse_path=PATH))
    await told(store, returned(paths=(PATH,)))
    await store.outbox.enqueue([letter("b"), letter("x", recipient="x@example.jp")])
    await store.outbox.claim()
    await store.bounces.revive_address(TO.upper(), actor="clerk")
    with pytest.raises(NotFound, match=TO):
        await store.bounces.revive_address(TO, actor="clerk")
    await store.outbox.retry(2, actor="clerk")
    assert [claimed.mail.dedupe_key for claimed in await store.outbox.claim()] == ["b"]
    await store.outbox.cancel(3, actor="clerk")
    with pytest.raises(WrongState, match=r"cancelled.*queued"):  # what a clerk has cancelled stays so
        await store.outbox.retry(3, actor="clerk")


async def test_hold_and_release_are_for_what_waits(store: Store) -> None:
    await sent(store, letter("a"))
    await store.outbox.enqueue([letter("b")])
    with pytest.raises(WrongState, match=r"delivered.*hold"):
        await store.outbox.hold(1, actor="clerk")
    with pytest.raises(WrongState, match=r"queued.*queued"):
        await store.outbox.release(2, actor="clerk")
    with pytest.raises(NotFound):
        await store.outbox.hold(9, actor="clerk")
    await store.outbox.hold(2, actor="clerk")
    assert await store.outbox.claim() == ()
    await store.outbox.release(2, actor="clerk")
    assert [claimed.outbox_id for claimed in await store.outbox.claim()] == [2]


async def test_one_mail_an_address_is_claimed_when_asked_so(store: Store) -> None:
    to = ["A@example.jp", "a@example.jp", "b@example.jp", "a@example.jp", "c@example.jp", "b@example.jp"]
    await store.outbox.enqueue([letter(f"{n}", recipient=address) for n, address in enumerate(to)])

    async def claimed(limit: int, *in_flight: str) -> list[str]:
        return [one.mail.dedupe_key for one in await store.outbox.claim(limit=limit, in_flight=in_flight)]

    assert await claimed(3) == ["0", "2", "4"]
    assert await claimed(3, "A@EXAMPLE.jp", "b@example.jp", "c@example.jp") == []
    assert await claimed(9, "b@example.jp") == ["1"]
    assert await claimed(9) == ["3", "5"]


async def test_two_senders_never_send_one_row_twice_while_its_lease_holds(open_store: Opener, watch: Watch) -> None:
    one, two = await open_store(), await open_store()
    await one.outbox.enqueue([letter(f"{n}", recipient=f"{n % 7}@example.jp") for n in range(40)])
    taken: list[int] = []

    async def take(store: Store) -> None:
        while claimed := await store.outbox.claim(limit=3, in_flight=()):
            taken.extend(each.outbox_id for each in claimed)

    await asyncio.gather(take(one), take(two), take(one))
    assert sorted(taken) == list(range(1, 41))
    watch.turn(minutes=4, seconds=59)  # nothing is noted: both have died
    await asyncio.gather(take(one), take(two))
    assert len(taken) == 40
    watch.turn(minutes=1)
    await asyncio.gather(take(one), take(two))
    assert sorted(taken) == sorted([*range(1, 41), *range(1, 41)])


async def test_letters_that_wait_for_hours_are_told(store: Store, watch: Watch) -> None:
    await store.outbox.enqueue([letter(f"{n}") for n in range(30)])
    watch.turn(hours=3)
    assert (await store.summary.facts(since=START, until=watch.now)).undelivered == ()
    watch.turn(hours=2)
    undelivered = (await store.summary.facts(since=START, until=watch.now)).undelivered
    assert [mail.outbox_id for mail in undelivered] == list(range(1, 21))  # the oldest stand for all


async def test_a_cases_letters_are_found_by_any_of_its_mails_receipt_numbers(store: Store) -> None:
    first, second = "20261122-0042-1", "20261122-0042-2"
    await store.outbox.enqueue(
        [
            letter("a", submission=first),
            letter("b", submission=second, letter=Letter.VERIFIED),
            letter("c", submission=first, letter=Letter.SENT_BACK),
            letter("d", submission="20261122-0043-1"),
            letter("e", submission=""),
        ],
    )
    assert [row.mail.dedupe_key for row in await store.outbox.of_submission(first)] == ["a", "c"]
    assert [row.mail.dedupe_key for row in await store.outbox.of_submission(second)] == ["a", "b"]
    assert await store.outbox.of_submission("nothing") == ()
