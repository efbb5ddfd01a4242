"""The canary as it is sent and lost: by a real relay, told by another one, once when it is lost and once when it is back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from email import message_from_bytes
from email.policy import default

import pytest

from bot.core.health.alarm_words import AlarmKind
from bot.core.health.canary import CanaryRules
from bot.core.health.workers import Worker
from bot.core.mail.automatic.screen import screen_head
from bot.core.mail.own_head import own_head
from bot.core.records.envelope import Arrival, Envelope, Source
from bot.core.records.reasons import MailReason, OutboxReason
from bot.outbound.smtp_relay import SmtpRelay
from bot.successes import Successes
from bot.workers.alarms import Alarms
from bot.workers.canary import CanarySender
from bot.workers.heartbeat import Heartbeat
from tests.outbound.relays import Script, relay
from tests.workers.conftest import INBOX

OPERATOR = "joho@city.example.jp"
RULES = CanaryRules(timedelta(hours=1), timedelta(minutes=15))


def way(port: int) -> SmtpRelay:
    return SmtpRelay("127.0.0.1", port, tls="none", hostname="bot.example.jp", timeout_s=5)


@pytest.fixture
async def usual() -> AsyncIterator[tuple[Script, int]]:
    script = Script()
    async with relay(script) as port:
        yield script, port


@pytest.fixture
async def other() -> AsyncIterator[tuple[Script, int]]:
    script = Script()
    async with relay(script) as port:
        yield script, port


class Office:
    """A daemon's canary, alarms and heartbeat, looked at by hand."""

    def __init__(self, store, composer, policy, watch, usual, other, folder, *, rules=RULES) -> None:
        self.store, self.watch = store, watch
        self.successes = Successes(watch)
        self.canary = CanarySender(store, watch, way(usual), INBOX, rules, self.successes)
        aside = way(other) if other else None
        self.alarms = Alarms(
            store, composer, policy, watch, operator=OPERATOR, canary=rules, aside=aside, successes=self.successes
        )
        self.beat = folder / "beat"
        self.heart = Heartbeat(store, watch, lambda: True, lambda: True, self.successes, self.beat, "")

    async def tick(self, *, every: int = 5, **span: float) -> None:
        """Let the time pass, with a look each five minutes."""
        until = self.watch() + timedelta(**span)
        while True:
            self.watch.now = min(self.watch() + timedelta(minutes=every), until)
            await self.canary.look()
            try:
                with self.successes.during(Worker.ALARMS):
                    await self.alarms.look()
            finally:
                self.beat.unlink(missing_ok=True)
                await self.heart.beat()
            if self.watch() == until:
                return

    async def come_back(self, mail: tuple[str, list[str], bytes]) -> int:
        envelope = Envelope(Source.SMTP, mail[0], tuple(mail[1]), self.watch())
        [kept] = await self.store.incoming.keep([Arrival(envelope, mail[2])])
        return kept.mail_id


def subjects(script: Script) -> list[tuple[list[str], str]]:
    return [(to, str(message_from_bytes(raw, policy=default)["Subject"])) for _, to, raw in script.mails]


LOST, BACK = "【警報】試験メールが戻りません", "【解消】試験メールが戻りません"


async def test_each_hour_one_goes_out_and_comes_back(store, composer, policy, watch, usual, other, tmp_path):
    office = Office(store, composer, policy, watch, usual[1], other[1], tmp_path)
    for hours in (0, 1, 1):
        await office.tick(hours=hours)
        assert await office.come_back(usual[0].mails[-1]) == 0
        assert office.beat.exists()
    assert [(sender, to) for sender, to, _ in usual[0].mails] == [("<>", [INBOX])] * 3
    assert (other[0].mails, await store.outbox.list_(), await store.incoming.list_()) == ([], (), ())


async def test_one_that_comes_again_is_our_own_mail_and_nobody_is_answered(
    store, composer, policy, watch, usual, other, tmp_path
):
    office = Office(store, composer, policy, watch, usual[1], other[1], tmp_path)
    await office.tick(hours=0)
    mail = usual[0].mails[0]
    assert [await office.come_back(mail), await office.come_back(mail)] == [0, 0]
    for content in (mail[2], mail[2].replace(b"X-Hosho-Bot", b"X-Other").replace(INBOX.encode(), b"a@example.jp")):
        assert screen_head(own_head(content), "a@example.jp", frozenset()) is MailReason.OWN_MAIL


async def test_one_that_is_lost_is_told_by_the_other_way_once_and_once_when_it_is_over(
    store, composer, policy, watch, usual, other, tmp_path
):
    office = Office(store, composer, policy, watch, usual[1], other[1], tmp_path)
    await office.tick(minutes=0)
    await office.tick(minutes=75)
    assert subjects(other[0]) == [([OPERATOR], LOST)]
    assert not office.beat.exists()
    [alarm] = await store.health.open_alarms()
    assert (alarm.kind, alarm.subject) == (AlarmKind.CANARY_LOST, "")
    assert (
        alarm.detail
        == "一度も戻っていません。最後に送った1通：送信しました。中継サーバーの答え：250 2.0.0 queued as 42"
    )
    assert len(usual[0].mails) == 6  # the next one each quarter of an hour, to see soon that it is over
    await office.tick(days=1)
    assert len(other[0].mails) == 1
    assert await office.come_back(usual[0].mails[-1]) == 0
    await office.tick(seconds=30)
    assert office.beat.exists()  # not only when that is told
    await office.tick(minutes=31)
    assert subjects(other[0]) == [([OPERATOR], LOST), ([OPERATOR], BACK)]
    assert (await store.outbox.list_(), await store.health.open_alarms()) == ((), ())
    last = {one.worker: one.done_at for one in office.successes.healths}[Worker.HEARTBEAT]
    assert last == watch()


async def test_a_start_of_the_daemon_ends_no_loss(store, composer, policy, watch, usual, other, tmp_path):
    rules = CanaryRules(timedelta(hours=1), timedelta(hours=2))

    def office() -> Office:
        return Office(store, composer, policy, watch, usual[1], other[1], tmp_path, rules=rules)

    await office().tick(minutes=0)
    await office().tick(minutes=135)  # it has been up for long enough
    assert subjects(other[0]) == [([OPERATOR], LOST)]
    started = office()
    await started.tick(minutes=100)
    assert subjects(other[0]) == [([OPERATOR], LOST)]
    await started.come_back(usual[0].mails[-1])
    await started.tick(minutes=36)
    assert subjects(other[0]) == [([OPERATOR], LOST), ([OPERATOR], BACK)]


async def test_a_loss_of_days_is_one_loss(store, composer, policy, watch, usual, other, tmp_path):
    office = Office(store, composer, policy, watch, usual[1], other[1], tmp_path)
    await office.tick(minutes=0)
    await office.tick(days=5, every=60)  # what was sent more than a day ago is forgotten meanwhile
    assert subjects(other[0]) == [([OPERATOR], LOST)]


async def test_one_of_two_that_is_lost_is_one_loss_though_the_day_changes(
    store, composer, policy, watch, usual, other, tmp_path
):
    rules = CanaryRules(timedelta(minutes=20), timedelta(minutes=15))
    office = Office(store, composer, policy, watch, usual[1], other[1], tmp_path, rules=rules)
    await office.tick(minutes=0)
    for _ in range(25):  # into the next day
        await office.tick(minutes=20, every=20)  # one is lost, and the next is sent
        await office.come_back(usual[0].mails[-1])
        await office.tick(minutes=20, every=20)
    assert subjects(other[0]) == [([OPERATOR], LOST)]


async def test_what_the_other_way_does_not_take_is_told_when_it_does(
    store, composer, policy, watch, usual, other, tmp_path
):
    office = Office(store, composer, policy, watch, usual[1], other[1], tmp_path)
    await office.tick(minutes=0)
    await office.tick(minutes=10)
    other[0].answers["dot"] = ["451 4.3.0 later", "451 4.3.0 later"]
    for _ in range(2):
        with pytest.raises(OSError, match=r"canary\.tell_host: 451"):
            await office.tick(minutes=5)
        assert [alarm.told_on for alarm in await store.health.open_alarms()] == [""]
    await office.tick(minutes=1)
    await office.tick(minutes=1)
    assert subjects(other[0]) == [([OPERATOR], LOST)]
    await office.come_back(usual[0].mails[-1])
    other[0].answers["rcpt"] = ["550 5.7.1 no"]
    await office.tick(minutes=1)
    with pytest.raises(OSError, match=r"canary\.tell_host: 550"):
        await office.tick(minutes=31)
    await office.tick(minutes=1)
    assert subjects(other[0]) == [([OPERATOR], LOST), ([OPERATOR], BACK)]


async def test_without_another_way_it_is_told_by_the_usual_one(store, composer, policy, watch, usual, tmp_path):
    office = Office(store, composer, policy, watch, usual[1], 0, tmp_path)
    usual[0].answers["mail"] = ["451 4.7.1 <a@b.example.jp> later"] * 9
    await office.tick(minutes=0)
    await office.tick(minutes=20)
    [row] = await store.outbox.list_()
    assert (row.mail.recipient, row.mail.subject) == (OPERATOR, LOST)
    assert "451 4.7.1 …@… later" in row.mail.text.replace("\n　　　　　　", " ")
    assert len(usual[0].commands) == 5  # one each five minutes


async def test_a_relay_that_is_not_there_is_a_canary_that_is_lost(store, composer, policy, watch, other, tmp_path):
    office = Office(store, composer, policy, watch, 1, other[1], tmp_path)
    await office.tick(minutes=0)
    await office.tick(minutes=20)
    assert subjects(other[0]) == [([OPERATOR], LOST)]
    known = await store.canaries.known()
    assert known is not None
    assert (known.sent_at, known.is_back, known.reason) == (watch(), False, OutboxReason.RELAY_UNREACHABLE)
