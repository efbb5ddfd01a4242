"""What a clerk's mail enters is kept with that mail's end or not at all, once, in his name; and which keys were mailed to whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.records.envelope import Arrival, Envelope, Source
from bot.core.records.incoming_mail import MailState, Settled
from bot.core.records.outgoing_mail import Letter, OutboxState
from bot.core.records.reasons import MailReason, OutboxReason
from storage.errors import Overtaken, WrongState
from storage.store import Store
from tests.storage.samples import GUARANTEE as G
from tests.storage.samples import KEY, START, accepted, add, arrival, letter, settled

CLERK = "yamada@city.example.jp"


def entered(place: int = 1) -> Arrival:
    content = f"Message-ID: <entered.0123.{place}@city.example.jp>\r\n\r\n認証キー：{KEY.reveal()}\r\n".encode()
    return Arrival(Envelope(Source.HAND, None, ("hosho@city.example.jp",), START, "FAX"), content)


def taken(*arrivals: Arrival, **changes: object) -> Settled:
    plain = Settled(MailState.ANSWERED, MailReason.FORMS_TAKEN, CLERK, "手入力", entered=arrivals)
    return replace(plain, **changes)


@pytest.fixture
async def clerks(store: Store) -> Store:
    """Two mails in hand."""
    await store.incoming.keep([arrival(), arrival()])
    for _ in range(2):
        await store.incoming.claim(lease=timedelta(hours=1))
    return store


async def test_the_forms_are_there_with_the_mails_end_each_with_its_line(clerks: Store) -> None:
    await clerks.submissions.settle(1, taken(entered(1), entered(2)))
    rows = [one for one in await clerks.incoming.list_() if one.envelope.source is Source.HAND]
    assert [(one.state, one.envelope.peer) for one in rows] == [(MailState.RECEIVED, "FAX")] * 2
    for one in rows:
        (line,) = await clerks.journal.lines(subject=("mail", str(one.mail_id)))
        assert (line.event, line.actor, line.detail) == ("mail.entered", CLERK, {"by_mail": 1})
    first = await clerks.incoming.claim(lease=timedelta(hours=1))
    assert first is not None
    assert first.content == entered(1).content
    assert (await clerks.journal.verify()).broken is None


async def test_a_second_try_of_the_mail_enters_nothing_twice(clerks: Store) -> None:
    await clerks.submissions.settle(1, taken(entered(1)))
    with pytest.raises(WrongState):
        await clerks.submissions.settle(1, taken(entered(1), entered(2)))
    await clerks.submissions.settle(2, taken(entered(1), entered(1)))  # the same form again: it is there
    assert len(await clerks.incoming.list_()) == 3


async def test_what_fails_leaves_neither_the_end_nor_the_forms(clerks: Store) -> None:
    await clerks.register.change(add(G), actor="register", source="rows.csv")
    await clerks.submissions.settle(2, settled(accepted(1, "20261122-0002-1")))
    with pytest.raises(Overtaken):  # another has taken the row
        await clerks.submissions.settle(1, taken(entered(1), submissions=(accepted(1),)))
    assert {one.envelope.source for one in await clerks.incoming.list_()} == {Source.SMTP}
    assert (await clerks.incoming.get(1))[0].state is MailState.RECEIVED


async def test_a_key_that_was_mailed_is_known_by_its_address(store: Store) -> None:
    receipts = ("20261122-0001-1", "20261122-0002-1")
    desk = "keiyaku-key@city.example.jp"
    keys = letter("keys/1", letter=Letter.KEYS, recipient=desk, is_secret=True, keys_of=receipts[:1])
    shown = letter("summary/1", letter=Letter.SUMMARY, recipient=desk, is_secret=True, keys_of=receipts[1:])
    assert await store.outbox.enqueue([keys, shown], actor="山田") == 2
    assert set(await store.outbox.keys_mailed(receipts, "Keiyaku-Key@city.example.jp")) == {receipts[0]}
    assert await store.outbox.keys_mailed(receipts, "other@city.example.jp") == {}
    assert await store.outbox.keys_mailed((), desk) == {}
    (line,) = await store.journal.lines(subject=("submission", receipts[0]))
    assert (line.event, line.actor) == ("key.shown", "山田")
    for row in await store.outbox.claim():
        bounced = {"state": OutboxState.BOUNCED, "reason": OutboxReason.RELAY_REFUSED, "reply": "550"}
        await store.outbox.note_delivery(row.outbox_id, **bounced)
    assert await store.outbox.keys_mailed(receipts, desk) == {}  # nobody has got it
