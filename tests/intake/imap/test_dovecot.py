"""A real mailbox: what the scripted server can't know, Dovecot does."""

from __future__ import annotations

import asyncio
import ssl
import time
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from pydantic import SecretStr

from bot.core.records.envelope import Arrival, Envelope, Source
from bot.intake.imap.watcher import ImapSettings, ImapWatcher
from tests.intake.keepers import NOW, Cursors, ListKeeper, Logged, clock
from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.dovecot

INBOX = "hosho@city.example.jp"


def mail(number: int) -> bytes:
    return b"Return-Path: <a@b.example.jp>\r\nMessage-ID: <%d@b.example.jp>\r\n\r\nbody %d (:-( {9}\r\n" % (
        number,
        number,
    )


def holding(secret: str):
    async def credential() -> SecretStr:
        return SecretStr(secret)

    return credential


def settings(dovecot, **changes: object) -> ImapSettings:
    base = ImapSettings(
        host="127.0.0.1",
        port=dovecot.imap_port,
        tls="none",
        user=dovecot.user,
        credential=holding(dovecot.password),
        mailbox="INBOX",
        poll_seconds=300,  # longer than any test: what comes, comes by IDLE
        max_bytes=100_000,
        recipients=(INBOX,),
        reply_seconds=20,
        first_retry_seconds=0.1,
        longest_retry_seconds=0.2,
        login_retry_seconds=0.1,
    )
    return replace(base, **changes)


def arrival(content: bytes, *, old: bool = False, mailbox: str = "INBOX", host: str = "127.0.0.1") -> Arrival:
    """Without its place: Dovecot chooses the UIDVALIDITY."""
    envelope = Envelope(Source.IMAP, "a@b.example.jp", (INBOX,), NOW, f"city@{host}/{mailbox}")
    return Arrival(envelope, content, before_first_start=old)


def without_places(mails: list[Arrival]) -> list[Arrival]:
    return [replace(mail, place=None) for mail in mails]


@pytest.fixture
async def keeper():
    return ListKeeper()


@pytest.fixture
async def receiver(receiver_over, keeper):
    return await receiver_over(keeper)


@pytest.fixture
def cursors():
    return Cursors()


@asynccontextmanager
async def watching(receiver, cursors, chosen: ImapSettings):
    task = asyncio.create_task(ImapWatcher(receiver, cursors, chosen, clock).run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_old_mail_is_listed_new_mail_arrives_while_idling_and_none_becomes_seen(
    dovecot, keeper, receiver, cursors
):
    await asyncio.to_thread(dovecot.append, mail(1))
    async with watching(receiver, cursors, settings(dovecot)):
        await cursors.looks(2)
        await asyncio.to_thread(dovecot.append, mail(2))
        await keeper.holds(2)
        await asyncio.to_thread(dovecot.append, mail(3))
        await keeper.holds(3)
    assert without_places(keeper.mails) == [arrival(mail(1), old=True), arrival(mail(2)), arrival(mail(3))]
    # \\Recent is gone, as after any mail program's look.
    assert await asyncio.to_thread(dovecot.flags) == dict.fromkeys((1, 2, 3), ())


async def test_three_hundred_mails_come_once_each_also_over_a_restart_of_ours(dovecot, keeper, receiver, cursors):
    new = dovecot.maildir / "new"

    def fill(first: int, last: int) -> None:
        for number in range(first, last):
            (new / f"{1_700_000_000 + number}.M{number}.test").write_bytes(mail(number))

    async with watching(receiver, cursors, settings(dovecot)):
        await cursors.looks(2)  # an empty mailbox, which also makes the folders
    await asyncio.to_thread(fill, 0, 300)
    async with watching(receiver, cursors, settings(dovecot)):
        await keeper.holds(300)
    async with watching(receiver, cursors, settings(dovecot)):
        await cursors.looks(len(cursors.saved) + 1)
    assert without_places(keeper.mails) == [arrival(mail(number)) for number in range(300)]
    assert cursors.saved[-1].last_uid == 300


async def test_a_new_uidvalidity_means_all_again_and_only_the_unknown_is_new(dovecot, keeper, receiver, cursors):
    for number in (1, 2):
        await asyncio.to_thread(dovecot.append, mail(number))
    async with watching(receiver, cursors, settings(dovecot)):
        await cursors.looks(2)
    before = cursors.saved[-1]
    await asyncio.to_thread(dovecot.stop)
    # Dovecot's new UIDVALIDITY is the time in seconds: let that be another one.
    async with asyncio.timeout(PATIENCE_SECONDS):
        while int(time.time()) <= before.uidvalidity:  # noqa: ASYNC110  # another program's clock
            await asyncio.sleep(0.05)
    for path in dovecot.maildir.glob("dovecot*"):
        path.unlink()
    (dovecot.maildir / "new" / "1700000009.M9.test").write_bytes(mail(9))
    await asyncio.to_thread(dovecot.start)
    async with watching(receiver, cursors, settings(dovecot)), Logged.within("UIDVALIDITY has changed"):
        await keeper.holds(3)
        await cursors.until(lambda: cursors.saved[-1].uidvalidity != before.uidvalidity)
    assert without_places(keeper.mails) == [arrival(mail(1), old=True), arrival(mail(2), old=True), arrival(mail(9))]
    assert cursors.saved[-1].last_uid == 3


async def test_a_mailbox_with_a_japanese_name_is_watched(dovecot, keeper, receiver, cursors):
    def make() -> None:
        with dovecot.client() as client:
            assert client.create('"&UeZ0Bm4I-"')[0] == "OK"

    await asyncio.to_thread(make)
    async with watching(receiver, cursors, settings(dovecot, mailbox="処理済")):
        await cursors.looks(2)
        await asyncio.to_thread(dovecot.append, mail(1), '"&UeZ0Bm4I-"')
        await keeper.holds(1)
    assert without_places(keeper.mails) == [arrival(mail(1), mailbox="処理済")]


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_tls_with_a_known_certificate_works(dovecot, keeper, receiver, cursors, tls):
    port = dovecot.imap_port if tls == "starttls" else dovecot.imaps_port
    context = ssl.create_default_context(cafile=dovecot.certificate)
    chosen = settings(dovecot, tls=tls, port=port, host="localhost", ssl_context=context)
    async with watching(receiver, cursors, chosen):
        await cursors.looks(2)
        await asyncio.to_thread(dovecot.append, mail(1))
        await keeper.holds(1)
    assert without_places(keeper.mails) == [arrival(mail(1), host="localhost")]


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_a_certificate_that_nobody_vouches_for_is_refused(dovecot, receiver, cursors, tls):
    port = dovecot.imap_port if tls == "starttls" else dovecot.imaps_port
    async with (
        watching(receiver, cursors, settings(dovecot, tls=tls, port=port)),
        Logged.within("CERTIFICATE_VERIFY_FAILED"),
    ):
        pass
    assert cursors.saved == []


async def test_a_wrong_password_is_told_in_the_log(dovecot, receiver, cursors):
    chosen = settings(dovecot, credential=holding("wrong"))
    async with watching(receiver, cursors, chosen), Logged.within("AUTHENTICATIONFAILED"):
        pass
    assert cursors.saved == []


@pytest.mark.slow  # Dovecot lets an idling client wait ten seconds for its BYE
async def test_a_restart_of_the_server_is_survived(dovecot, keeper, receiver, cursors):
    async with watching(receiver, cursors, settings(dovecot)):
        await cursors.looks(2)
        async with Logged.within("next try in"):
            await asyncio.to_thread(dovecot.stop)
        await asyncio.to_thread(dovecot.start)
        await asyncio.to_thread(dovecot.append, mail(1))
        await keeper.holds(1)
    assert without_places(keeper.mails) == [arrival(mail(1))]


async def test_another_client_that_deletes_everything_meanwhile_is_no_trouble(dovecot, keeper, receiver, cursors):
    def delete_all() -> None:
        with dovecot.client() as client:
            client.store("1:*", "+FLAGS", "\\Deleted")
            client.expunge()

    for number in range(20):
        await asyncio.to_thread(dovecot.append, mail(number))
    async with watching(receiver, cursors, settings(dovecot)):
        await cursors.looks(2)
        await asyncio.to_thread(delete_all)
        await asyncio.to_thread(dovecot.append, mail(99))
        await keeper.holds(21)
    assert without_places(keeper.mails[-1:]) == [arrival(mail(99))]
