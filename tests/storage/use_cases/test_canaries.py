"""Canaries in the store: one that comes back is no mail and stands in no count; whatever is not one of ours, or brings more than words, is a mail."""

from __future__ import annotations

import secrets
from dataclasses import replace

import pytest

from bot.core.health.canary import MOST_BYTES, SIGNED_AS, Canaries, message_id, name_of
from bot.core.records.envelope import CANARY, Arrival, Kept, MailboxPlace
from bot.core.records.incoming_mail import MailState
from bot.core.records.reasons import OutboxReason
from storage.store import Store
from tests.storage.samples import Opener, Watch, arrival

INBOX = "hosho@city.example.jp"
BOX = "hosho@imap.example.jp/INBOX"
UNKNOWN = OutboxReason.OUTCOME_UNKNOWN  # as before its sending ended


async def sent(store: Store, watch: Watch) -> Arrival:
    name = name_of(secrets.token_bytes(8), watch())
    await store.canaries.begin(name)
    its_id = message_id(name, "city.example.jp", store.derived_secret(SIGNED_AS))
    head = f"Received: x\r\nFrom: Hosho <{INBOX}>\r\nTo: {INBOX}\r\nMessage-ID:\r\n {its_id}\r\n"
    return replace(arrival(), content=f"{head}\r\nx\r\n".encode())


async def test_it_comes_back_once_among_other_mails_and_is_none(store: Store, watch: Watch) -> None:
    assert await store.canaries.known() is None
    canary, mail = await sent(store, watch), arrival()
    sent_at = watch()
    assert await store.canaries.known() == Canaries(sent_at, is_back=False, reason=UNKNOWN, missing_since=sent_at)
    watch.turn(seconds=12)
    again = replace(canary, content=b"X: y\r\n" + canary.content)
    none = Kept(CANARY, False)  # also the copy that comes by a second door
    assert await store.incoming.keep([mail, canary, again]) == (Kept(1, True), none, none)
    known = await store.canaries.known()
    assert known == Canaries(sent_at, is_back=True, reason=UNKNOWN, back_at=watch(), took=watch() - sent_at)
    watch.turn(seconds=40)
    assert await store.incoming.keep([canary]) == (none,)
    assert await store.canaries.known() == known
    assert [row.mail_id for row in await store.incoming.list_()] == [1]
    assert sum(door.received for door in (await store.health.ledger()).doors) == 1
    assert dict((await store.health.backlog()).mails)[MailState.RECEIVED] == 1
    assert await store.journal.lines() == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"From: Hosho <hosho@city.example.jp>", b"From: tanto@kensetsu.example.jp"),
        (b"\r\n\r\nx", b"\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\n%PDF-"),
        (
            b"\r\n\r\nx",
            b"\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\nContent-Type: application/pdf\r\n\r\n%PDF-\r\n--b--",
        ),
        (b"\r\n\r\nx", b"\r\n\r\n" + b"x" * MOST_BYTES),
    ],
    ids=["another sender", "a file", "a file beside words", "long"],
)
async def test_what_bears_a_canarys_name_and_is_more_is_kept_as_a_mail(
    store: Store, watch: Watch, old: bytes, new: bytes
) -> None:
    canary = await sent(store, watch)
    other = replace(canary, content=canary.content.replace(old, new))
    assert other.content != canary.content
    assert await store.incoming.keep([other, canary]) == (Kept(1, True), Kept(CANARY, False))


async def test_what_was_never_sent_or_comes_a_day_late_is_a_mail(store: Store, watch: Watch) -> None:
    old = await sent(store, watch)
    name = name_of(bytes(8), watch())
    unsent = message_id(name, "city.example.jp", store.derived_secret(SIGNED_AS))
    forged = message_id(name, "city.example.jp", bytes(32))
    mails = [replace(arrival(), content=f"Message-ID: {one}\r\n\r\n{one}".encode()) for one in (unsent, forged)]
    assert await store.incoming.keep(mails) == (Kept(1, True), Kept(2, True))
    watch.turn(days=1, seconds=1)
    assert await store.incoming.keep([old]) == (Kept(3, True),)


async def test_a_later_one_that_is_back_ends_what_was_missing_and_the_last_is_remembered(
    store: Store, watch: Watch
) -> None:
    await sent(store, watch)
    watch.turn(minutes=10)
    name = name_of(bytes(8), watch())
    await store.canaries.begin(name)
    await store.canaries.sent(name, OutboxReason.RELAY_DEFERRED, "451 4.7.1 later")
    known = await store.canaries.known()
    assert known is not None
    assert (known.reason, known.reply, known.missing_since) == (
        OutboxReason.RELAY_DEFERRED,
        "451 4.7.1 later",
        known.sent_at.replace(minute=known.sent_at.minute - 10),
    )
    watch.turn(minutes=5)
    good = await sent(store, watch)
    await store.incoming.keep([good])
    back_at = watch()
    assert await store.canaries.known() == Canaries(back_at, is_back=True, reason=UNKNOWN, back_at=back_at)
    for _ in range(3):
        watch.turn(days=1, minutes=1)
        await sent(store, watch)
    known = await store.canaries.known()
    assert known == Canaries(watch(), is_back=False, reason=UNKNOWN, back_at=back_at, missing_since=watch())


async def test_its_place_in_a_mailbox_is_known_and_waits_for_nothing(
    store: Store, watch: Watch, open_store: Opener
) -> None:
    canary = replace(await sent(store, watch), place=MailboxPlace(BOX, "1/7"))
    await store.mailboxes.note_waiting(MailboxPlace(BOX, "1/7"))
    other = await open_store()  # whichever daemon it comes to
    assert await other.incoming.keep([canary]) == (Kept(CANARY, False),)
    assert await store.mailboxes.known(BOX, ["1/7", "1/8"]) == {"1/7"}
    assert await store.mailboxes.waiting(BOX, watch().replace(year=2000)) == {}
    known = await store.canaries.known()
    assert known is not None
    assert known.is_back
