"""A sender's mails around a moment, and the mails that another one opens, on both databases."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.records.incoming_mail import MailState
from bot.core.records.paper import Paper, PaperKind
from bot.core.records.reasons import MailReason, NoReplyReason, PaperReason
from storage.errors import Overtaken
from storage.store import Store, WrongState
from tests.storage.samples import AT, ENVELOPE, Opener, Watch, arrival, letter, settled

SENDER = "tanto@kensetsu.example.jp"
DAY = timedelta(days=1)
LOCKED = (Paper("認証キー.zip", PaperKind.UNREADABLE, PaperReason.ENCRYPTED),)
OPEN = (
    Paper('"encrypted"', PaperKind.OTHER, PaperReason.NO_SIGN),
    Paper("encrypted", PaperKind.OTHER, PaperReason.NO_SIGN),
)
WAITING = {"state": MailState.PASSED_ON, "reason": MailReason.NOTICE_WANTED, "papers": LOCKED}


async def keep(store: Store, hours: float = 0, **changes) -> int:
    """A mail that came so many hours after AT, and is settled."""
    envelope = replace(ENVELOPE, received_at=AT + timedelta(hours=hours))
    (kept,) = await store.incoming.keep([arrival(envelope=envelope)])
    if changes:
        await store.submissions.settle(kept.mail_id, settled(**changes))
    return kept.mail_id


def ids(rows) -> list[int]:
    return [row.mail_id for row in rows]


async def near(store: Store, sender: str = SENDER, besides: int = 0, **more) -> list[int]:
    return ids(await store.password_pairing.mails_near(sender, at=AT, window=DAY, besides=besides, **more))


async def locked_near(store: Store, sender: str = SENDER, besides: int = 0, **more) -> list[int]:
    return ids(await store.password_pairing.locked_mails_near(sender, at=AT, window=DAY, besides=besides, **more))


async def test_a_senders_mails_are_given_nearest_first_before_and_after_within_the_window(store: Store) -> None:
    hours = (-30, -5, 3, -1, 30, 24, -24)
    numbers = [await keep(store, hour, state=MailState.SORTED) for hour in hours]
    assert await near(store) == [numbers[place] for place in (3, 2, 1, 5, 6)]
    assert await near(store, limit=2) == [numbers[3], numbers[2]]
    assert await near(store, besides=numbers[3], limit=1) == [numbers[2]]


async def test_only_the_same_address_counts_in_any_case(store: Store) -> None:
    await keep(store, sender="TANTO@kensetsu.example.jp")
    await keep(store, sender="keiri@kensetsu.example.jp")
    await keep(store, sender="tanto@kensetsu.example.jp.example.net")
    await keep(store, sender="")
    await keep(store, sender="%")
    assert await near(store, "Tanto@kensetsu.example.jp") == [1]


async def test_a_mail_that_is_not_sorted_yet_looks_for_its_pair_itself(store: Store) -> None:
    await keep(store)
    await keep(store, **WAITING)
    assert await near(store) == [2]


async def test_a_mail_waits_while_it_is_passed_on_with_a_locked_file(store: Store) -> None:
    await keep(store, **WAITING)
    await keep(store, **{**WAITING, "papers": OPEN})
    await keep(store, **{**WAITING, "papers": ()})
    await keep(store, papers=LOCKED)  # sorted
    released = await keep(store, **WAITING)
    await store.incoming.release(released, actor="clerk", note="電話で確認")
    assert await locked_near(store) == [1]
    assert await near(store) == [1, 2, 3, 4, 5]
    (row,) = await store.password_pairing.locked_mails_near(SENDER, at=AT, window=DAY, besides=0)
    assert row.papers == LOCKED


async def test_a_mail_is_received_again_in_the_transaction_that_settles_what_opens_it(
    store: Store, watch: Watch
) -> None:
    await keep(store, **WAITING, no_reply=NoReplyReason.LIMIT_REACHED)
    opener = await keep(store, 1)
    watch.turn(hours=2)
    await store.submissions.settle(
        opener, settled(state=MailState.IGNORED, reason=MailReason.PASSWORD_MAIL, papers=(), reopened=(1,))
    )
    row, _, _ = await store.incoming.get(1)
    assert (row.state, row.reason, row.no_reply, row.attempts) == (MailState.RECEIVED, None, None, 0)
    assert await store.incoming.next_due() == watch()
    claimed = await store.incoming.claim(lease=DAY)
    assert claimed is not None
    assert (claimed.mail_id, claimed.attempts) == (1, 1)
    lines = await store.journal.lines(subject=("mail", "1"))
    assert (lines[0].event, lines[0].detail, lines[0].actor) == (
        "mail.received",
        {"from": "passed_on", "opened_by": opener},
        "bot",
    )
    assert (await store.journal.verify()).is_whole


@pytest.mark.parametrize("end", [MailState.RECEIVED, MailState.RELEASED, MailState.SORTED, MailState.IGNORED])
async def test_a_mail_that_waits_no_more_leaves_its_opener_as_it_was(store: Store, end: MailState) -> None:
    await keep(store, **(WAITING if end in {MailState.RECEIVED, MailState.RELEASED} else {"state": end}))
    if end is MailState.RECEIVED:
        await store.incoming.replay(1, actor="clerk")
    if end is MailState.RELEASED:
        await store.incoming.release(1, actor="clerk", note="")
    opener = await keep(store, 1)
    before = await store.journal.head()
    with pytest.raises(Overtaken):
        await store.submissions.settle(opener, settled(state=MailState.IGNORED, reopened=(1,), outgoing=(letter(),)))
    assert [(await store.incoming.get(number))[0].state for number in (1, opener)] == [end, MailState.RECEIVED]
    assert await store.outbox.list_() == ()
    assert await store.journal.head() == before


async def test_a_mail_that_is_not_there_is_not_opened(store: Store) -> None:
    opener = await keep(store)
    with pytest.raises(Overtaken):
        await store.submissions.settle(opener, settled(state=MailState.IGNORED, reopened=(99,)))


async def test_of_two_openers_and_a_clerk_at_the_same_time_one_is_first(open_store: Opener) -> None:
    stores = [await open_store() for _ in range(3)]
    await keep(stores[0], **WAITING)
    first, second = await keep(stores[0], 1), await keep(stores[0], 2)
    ends = await asyncio.gather(
        stores[0].submissions.settle(first, settled(state=MailState.IGNORED, reopened=(1,))),
        stores[1].submissions.settle(second, settled(state=MailState.IGNORED, reopened=(1,))),
        stores[2].incoming.replay(1, actor="clerk"),
        return_exceptions=True,
    )
    late = [end for end in ends if end is not None]
    assert len(late) == 2
    assert all(isinstance(end, Overtaken | WrongState) for end in late)
    assert (await stores[0].incoming.get(1))[0].state is MailState.RECEIVED
    assert [line.event for line in await stores[0].journal.lines(subject=("mail", "1"))].count("mail.received") == 1


async def test_a_subject_from_the_door_shows_no_password(store: Store) -> None:
    content = b"From: tanto@kensetsu.example.jp\r\nSubject: PW: Himitsu7\r\n\r\nx\r\n"
    await store.incoming.keep([arrival(content=content, before_first_start=True)])
    (row,) = await store.incoming.list_()
    assert row.subject == "PW: ******"
