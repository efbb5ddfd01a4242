"""What a real Postfix refuses of a letter, by its settings, and what we make of it."""

from __future__ import annotations

import pytest

from bot.core.letters.drafts import Draft
from bot.core.records.outgoing_mail import OutgoingMail
from bot.core.records.reasons import OutboxReason
from bot.outbound.smtp_relay import Delivery, SmtpRelay
from tests.letters.letter_cases import CASES, COMPOSER, NOW

pytestmark = pytest.mark.postfix

MAIL: OutgoingMail = COMPOSER.compose(Draft(CASES["issued"], "tanto@mihon.example.jp", "k"), now=NOW)
USUAL = (
    "smtpd_client_restrictions =",
    "smtpd_sender_restrictions =",
    "smtpd_recipient_restrictions = permit_mynetworks, reject",
    "smtpd_relay_restrictions =",
    "relay_domains =",
    "relay_recipient_maps =",
    "message_size_limit = 52428800",
    "header_checks =",
)
NO_NETWORK = "smtpd_recipient_restrictions = reject_unauth_destination"


@pytest.mark.parametrize(
    ("settings", "reason", "reply"),
    [
        ((), OutboxReason.RELAY_ACCEPTED, "250"),
        ((NO_NETWORK,), OutboxReason.RELAY_RELAYING, "554 5.7.1"),
        (
            ("smtpd_relay_restrictions = defer_unauth_destination",),
            OutboxReason.RELAY_RELAYING,
            "454 4.7.1",
        ),
        (("smtpd_client_restrictions = reject",), OutboxReason.RELAY_BLOCKED, "554 5.7.1"),
        (
            ("smtpd_sender_restrictions = check_sender_access static:REJECT",),
            OutboxReason.RELAY_SENDER,
            "554 5.7.1",
        ),
        (
            ("relay_domains = mihon.example.jp", "relay_recipient_maps = inline:{other@mihon.example.jp=x}"),
            OutboxReason.RELAY_REFUSED,
            "550 5.1.1",
        ),
        (("message_size_limit = 1000",), OutboxReason.LETTER_REFUSED, "552 5.3.4"),
        (("header_checks = regexp:{{/^Subject:/ REJECT looks like spam}}",), OutboxReason.LETTER_REFUSED, "550 5.7.1"),
    ],
)
async def test_what_postfix_refuses_is_understood(postfix, settings, reason, reply):
    postfix.set("default_transport = discard:", *USUAL, *settings)
    relay = SmtpRelay("127.0.0.1", postfix.smtp_port, tls="none", hostname="bot.example.jp", timeout_s=60.0)
    delivery: Delivery = await relay.deliver(MAIL)
    await relay.close()
    assert (delivery.reason, delivery.reply[: len(reply)]) == (reason, reply), delivery.reply
