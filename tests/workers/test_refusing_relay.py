"""A relay that refuses us, over SMTP: no letter ends, the operator is told its words, and all go when it takes them."""

from __future__ import annotations

import pytest

from bot.core.health.alarm_words import AlarmKind
from bot.core.records.outgoing_mail import OutboxState
from bot.outbound.smtp_relay import SmtpRelay
from bot.workers.alarms import Alarms
from bot.workers.sender import Sender
from tests.outbound.relays import Script, relay
from tests.storage.samples import letter

OPERATOR = "operator@city.example.jp"


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("mail", "501 5.1.7 <>: null sender not allowed"),
        ("mail", "553 5.7.1 sender address rejected: not owned by user"),
        ("mail", "530 5.7.57 Client not authenticated to send mail."),
        ("rcpt", "554 5.7.1 Relay access denied"),
        ("rcpt", "550 5.7.60 SMTP; Client does not have permissions to send as this sender"),
        ("dot", "550 5.7.708 Service unavailable. Access denied, traffic not accepted from this IP."),
        ("dot", "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException"),
        ("dot", "550 words that nobody has read before"),
    ],
)
async def test_five_letters_wait_are_told_and_arrive(store, watch, composer, policy, command, answer):
    script = Script({command: [answer] * 5})
    alarms = Alarms(store, composer, policy, watch, operator=OPERATOR)
    await store.outbox.enqueue([letter(str(number), recipient=f"{number}@example.jp") for number in range(5)])
    async with relay(script) as port:
        connection = SmtpRelay("127.0.0.1", port, tls="none", hostname="bot.example.jp", timeout_s=5.0)
        sender = Sender(store, [connection], watch)

        async def send() -> None:
            for claimed in await store.outbox.claim(tries_ours=True):
                await sender.send(claimed, connection)

        await send()
        rows = await store.outbox.list_()
        assert {(row.state, row.reply) for row in rows} == {(OutboxState.QUEUED, answer)}
        assert await alarms.look() == 1
        (told,) = await store.health.open_alarms()
        assert told.kind is AlarmKind.RELAY_REFUSES
        assert f"待っているメール：5件。中継サーバーの答え：{answer[:60]}" in told.detail
        watch.turn(hours=1)
        await send()  # the first that gets through releases the others
        await send()
        await connection.close()
    assert {row.state for row in await store.outbox.list_()} == {OutboxState.DELIVERED}
    assert len(script.mails) == 6  # with the alarm
    assert await alarms.look() == 0
    watch.turn(hours=1)
    assert await alarms.look() == 1  # it is over
    assert await store.health.open_alarms() == ()
