"""Whose mail is claimed next, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.core.records.incoming_mail import ClaimFilter
from storage.store import Store
from storage.use_cases.incoming import OVERDUE
from tests.storage.samples import ENVELOPE, Watch, arrival

LEASE = timedelta(minutes=10)


async def keep(store: Store, *senders: str | None, author: str = "") -> None:
    """One mail from each reverse-path; their ids count from 1."""
    for number, sender in enumerate(senders):
        mail = arrival(f"{number}", envelope=replace(ENVELOPE, mail_from=sender))
        await store.incoming.keep(
            [replace(mail, content=f"From: {author}\r\n".encode() + mail.content) if author else mail]
        )


async def claimed(store: Store, turn: ClaimFilter | None = None) -> tuple[int, str] | None:
    mail = await store.incoming.claim(lease=LEASE, turn=turn)
    return (mail.mail_id, mail.shares_as) if mail else None


async def test_a_sender_in_work_waits_and_each_senders_mails_stay_in_order(store: Store) -> None:
    await keep(store, "a@x.example.jp", "A@X.example.jp", "b@x.example.jp")
    assert await claimed(store, ClaimFilter(busy=("b@x.example.jp",))) == (1, "a@x.example.jp")
    assert await claimed(store, ClaimFilter(busy=("a@x.example.jp",))) == (3, "b@x.example.jp")
    assert await claimed(store, ClaimFilter(busy=("a@x.example.jp", "b@x.example.jp"))) is None
    assert await claimed(store) == (2, "a@x.example.jp")


async def test_who_was_served_lately_comes_last_and_longest_ago_first(store: Store) -> None:
    await keep(store, "a@x.example.jp", "b@x.example.jp", "c@x.example.jp", "c@x.example.jp")
    lately = ("b@x.example.jp", "a@x.example.jp")
    assert [await claimed(store, ClaimFilter(lately=lately)) for _ in range(2)] == [
        (3, "c@x.example.jp"),
        (4, "c@x.example.jp"),
    ]
    assert [await claimed(store, ClaimFilter(lately=lately)) for _ in range(2)] == [
        (2, "b@x.example.jp"),
        (1, "a@x.example.jp"),
    ]


async def test_mails_without_a_reverse_path_share_by_their_authors(store: Store) -> None:
    await keep(store, "", None, author="Suzuki <Suzuki@Kensetsu.example.jp>")
    await keep(store, "", author="sato@kensetsu.example.jp")
    turn = ClaimFilter(busy=("Suzuki@kensetsu.example.jp",))
    assert await claimed(store, turn) == (3, "sato@kensetsu.example.jp")
    assert await claimed(store) == (1, "Suzuki@kensetsu.example.jp")


async def test_what_was_tried_before_waits_for_new_mails_but_not_for_ever(store: Store, watch: Watch) -> None:
    await keep(store, "a@x.example.jp", "b@x.example.jp")
    assert await claimed(store) == (1, "a@x.example.jp")
    await store.incoming.postpone(1, error="takes long", until=watch())
    assert await claimed(store) == (2, "b@x.example.jp")
    await store.incoming.postpone(2, error="takes long", until=watch())
    assert await claimed(store, ClaimFilter(first_tries_only=True)) is None
    await keep(store, "c@x.example.jp")
    watch.turn(seconds=OVERDUE.total_seconds())
    assert await claimed(store) == (1, "a@x.example.jp")
    assert await claimed(store, ClaimFilter(first_tries_only=True)) == (3, "c@x.example.jp")


async def test_a_later_mail_of_a_sender_does_not_overtake_the_one_that_takes_long(store: Store, watch: Watch) -> None:
    await keep(store, "a@x.example.jp", "a@x.example.jp")
    assert await claimed(store) == (1, "a@x.example.jp")
    await store.incoming.postpone(1, error="takes long", until=watch())
    assert await claimed(store, ClaimFilter(first_tries_only=True)) is None
    assert await claimed(store) == (1, "a@x.example.jp")
