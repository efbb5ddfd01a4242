"""What left lately is counted in one question, by mailbox, by organisation and in all; what was withheld is told by its limit."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.records.outgoing_mail import Letter
from bot.core.records.reasons import LimitReason, SubmissionReason
from bot.core.records.send_counts import SendCount, Withheld
from bot.core.summary.facts import WithheldLetters
from storage.store import Store
from tests.storage.samples import FIELDS, START, Watch, arrival, letter, settled, submission

DESK = "keiyaku@city.example.jp"


async def test_letters_are_counted_by_kind_hour_and_day(store: Store, watch: Watch) -> None:
    watch.turn(days=-1, seconds=1)
    await store.outbox.enqueue([letter("old", recipient="koji@kensetsu.co.jp")])
    watch.turn(hours=22)
    await store.outbox.enqueue([letter("a", recipient="Koji+1@kensetsu.co.jp", letter=Letter.NOTICE_WANTED)])
    await store.outbox.enqueue([letter("b", recipient="else@mail.kensetsu.co.jp", letter=Letter.VERIFIED)])
    watch.now = START
    mails = [letter(str(n), recipient="koji@kensetsu.co.jp") for n in range(3)]
    await store.outbox.enqueue([*mails, letter("alert", recipient=DESK, letter=Letter.ALERT)])
    await store.outbox.cancel(6, actor="clerk")
    lately = await store.send_counts.lately("KOJI@kensetsu.co.jp", [DESK])
    assert lately.to("koji+2@kensetsu.co.jp") == {
        Letter.RECEIPT: SendCount(hour=2, day=3),
        Letter.NOTICE_WANTED: SendCount(hour=0, day=1),
    }
    assert lately.to_domain == {**lately.to("koji@kensetsu.co.jp"), Letter.VERIFIED: SendCount(hour=0, day=1)}
    assert lately.to(DESK) == {Letter.ALERT: SendCount(hour=1, day=1)}
    assert lately.in_all == lately.to("koji@kensetsu.co.jp")
    watch.turn(seconds=1)
    assert (await store.send_counts.lately("koji@kensetsu.co.jp")).in_all[Letter.RECEIPT] == SendCount(hour=2, day=3)
    watch.turn(seconds=1)
    assert (await store.send_counts.lately("koji@kensetsu.co.jp")).in_all[Letter.RECEIPT] == SendCount(hour=2, day=2)


async def test_nobody_has_no_letters(store: Store) -> None:
    lately = await store.send_counts.lately("")
    assert (lately.to_address, lately.to_domain, lately.in_all, lately.unknown_numbers) == ({}, {}, {}, frozenset())


@pytest.mark.parametrize("reason", [SubmissionReason.NOT_IN_REGISTER, SubmissionReason.SIMILAR_ONLY])
async def test_the_unknown_numbers_of_a_sender_are_those_of_his_waiting_notices(
    store: Store, watch: Watch, reason
) -> None:
    await store.incoming.keep([arrival()])
    unknown = [replace(FIELDS, number=f"1000{n}-000001") for n in range(4)]
    await store.submissions.settle(
        1,
        settled(
            submission("a", fields=unknown[0], reasons=(reason,), sender="Koji@x.example.jp"),
            submission(
                "b", fields=unknown[0], reasons=(SubmissionReason.NUMBERS_GUESSED, reason), sender="koji@x.example.jp"
            ),
            submission("c", fields=unknown[1], reasons=(SubmissionReason.KEY_DIFFERS,), sender="koji@x.example.jp"),
            submission("d", fields=unknown[2], reasons=(reason,), sender="other@x.example.jp"),
            submission("e", fields=replace(FIELDS, number=""), reasons=(reason,), sender="koji@x.example.jp"),
        ),
    )
    assert (await store.send_counts.lately("KOJI@x.example.jp")).unknown_numbers == {"10000-000001"}
    watch.turn(days=2)
    assert (await store.send_counts.lately("koji@x.example.jp")).unknown_numbers == frozenset()


async def test_what_was_withheld_is_told_once_for_each_limit(store: Store, watch: Watch) -> None:
    await store.incoming.keep([arrival(), arrival(), arrival()])
    one = Withheld(Letter.RECEIPT, LimitReason.ADDRESS, "koji@kensetsu.co.jp")
    desk = Withheld(Letter.MAIL_ALERT, LimitReason.DESK, "契約課")
    since = watch.now
    watch.turn(minutes=1)
    await store.submissions.settle(1, replace(settled(), withheld=(one, desk)))
    await store.submissions.settle(2, replace(settled(), withheld=(one,)))
    await store.incoming.park(3, error="x", withheld=(desk,))
    facts = await store.summary.facts(since=since, until=watch.now)
    assert facts.withheld == (
        WithheldLetters(LimitReason.ADDRESS, "koji@kensetsu.co.jp", Letter.RECEIPT, 2),
        WithheldLetters(LimitReason.DESK, "契約課", Letter.MAIL_ALERT, 2),
    )
    assert (await store.summary.facts(since=watch.now, until=watch.now + timedelta(days=1))).withheld == ()


async def test_a_letter_is_not_due_before_its_time(store: Store, watch: Watch) -> None:
    await store.outbox.enqueue([replace(letter("later"), not_before=watch.now + timedelta(seconds=5)), letter("now")])
    assert [one.mail.dedupe_key for one in await store.outbox.claim()] == ["now"]
    assert await store.outbox.next_due() == watch.now + timedelta(seconds=5)
    watch.turn(seconds=5)
    assert [one.mail.dedupe_key for one in await store.outbox.claim()] == ["later"]


async def test_what_an_address_sent_is_its_own_proven_then_and_lately(store: Store, watch: Watch) -> None:
    await store.incoming.keep([arrival()])
    mine = submission("a", sender="Koji@x.example.jp", received_at=START)
    others = (
        replace(mine, receipt_number="b", sender_proven=False),
        replace(mine, receipt_number="c", sender="else@x.example.jp"),
        replace(mine, receipt_number="d", received_at=START - timedelta(days=61)),
    )
    await store.submissions.settle(1, settled(mine, *others))
    found = await store.submissions.sent_by("koji@X.example.jp", since=START - timedelta(days=60), limit=5)
    assert [one.receipt_number for one in found] == ["a"]
