"""The relay client against a real SMTP server that answers by a script."""

from __future__ import annotations

import asyncio
import logging
import shutil
import socket
import ssl
import subprocess

import pytest
from pydantic import SecretStr

from bot.core.letters.drafts import Draft
from bot.core.records.outgoing_mail import OutgoingMail
from bot.core.records.reasons import OutboxReason
from bot.credentials import Credential, CredentialError
from bot.outbound.smtp_relay import Delivery, Login, RelayOutcome, SmtpRelay
from tests.letters.letter_cases import CASES, COMPOSER, NOW
from tests.outbound.relays import DROP, Script, relay

ACCEPTED = Delivery(RelayOutcome.DELIVERED, OutboxReason.RELAY_ACCEPTED, "250 2.0.0 queued as 42")


def a_mail(name: str = "receipt", key: str = "k") -> OutgoingMail:
    return COMPOSER.compose(Draft(CASES[name], "tanto@mihon.example.jp", key), now=NOW)


def holding(secret: str) -> Credential:
    async def credential() -> SecretStr:
        return SecretStr(secret)

    return credential


def client(port: int, **options) -> SmtpRelay:
    return SmtpRelay("127.0.0.1", port, **({"tls": "none", "hostname": "bot.example.jp", "timeout_s": 5.0} | options))


async def test_an_answer_arrives_unchanged_with_the_null_reverse_path_and_one_recipient():
    script, mail = Script(), a_mail()
    async with relay(script) as port:
        sender = client(port)
        assert await sender.deliver(mail) == ACCEPTED
        await sender.close()
    assert script.mails == [
        ("<>", ["tanto@mihon.example.jp"], mail.content)
    ]  # as aiosmtpd writes the null reverse-path


async def test_a_notification_carries_the_address_for_bounces():
    script, mail = Script(), a_mail("issued")
    async with relay(script) as port:
        sender = client(port)
        assert await sender.deliver(mail) == ACCEPTED
        await sender.close()
    assert script.mails == [("denshi-hosho-bounces@city.example.jp", ["tanto@mihon.example.jp"], mail.content)]


async def test_an_answer_names_a_sender_where_the_relay_wants_one():
    script, mail = Script(), a_mail()
    async with relay(script) as port:
        sender = client(port, answers_from="hosho@city.example.jp")
        assert await sender.deliver(mail) == ACCEPTED
        await sender.close()
    assert script.mails == [("hosho@city.example.jp", ["tanto@mihon.example.jp"], mail.content)]


async def test_a_batch_goes_over_one_connection():
    script = Script()
    async with relay(script) as port:
        sender = client(port)
        assert [await sender.deliver(a_mail(key=str(number))) for number in range(5)] == [ACCEPTED] * 5
        await sender.close()
        assert await sender.deliver(a_mail()) == ACCEPTED  # after close a new one is opened
        await sender.close()
    assert (len(script.connections), len(script.mails)) == (2, 6)


BOUNCED, DEFERRED = RelayOutcome.BOUNCED, RelayOutcome.DEFERRED
REFUSALS = [
    ("451 4.3.0 later", [OutboxReason.RELAY_DEFERRED] * 4),
    ("450 4.2.0 greylisted", [OutboxReason.RELAY_DEFERRED] * 4),
    ("421 4.3.2 closing", [OutboxReason.RELAY_DEFERRED] * 4),
    ("550 5.1.1 no such user", [OutboxReason.RELAY_SENDER, *[OutboxReason.RELAY_REFUSED] * 3]),
    ("530 5.7.0 must issue STARTTLS", [OutboxReason.RELAY_LOGIN] * 4),
    ("553 5.7.1 sender address rejected: not owned by user", [OutboxReason.RELAY_SENDER] * 4),
    ("554 5.7.1 relay access denied", [OutboxReason.RELAY_RELAYING] * 4),
    ("550 5.4.5 daily user sending limit exceeded", [OutboxReason.RELAY_QUOTA] * 4),
    ("550 5.7.708 traffic not accepted from this IP", [OutboxReason.RELAY_BLOCKED] * 4),
    ("552 5.3.4 message size exceeds fixed limit", [OutboxReason.LETTER_REFUSED] * 4),
    ("550 odd", [OutboxReason.RELAY_SENDER, *[OutboxReason.RELAY_UNCLEAR] * 3]),
]


@pytest.mark.parametrize(("answer", "reasons"), REFUSALS)
async def test_a_refusal_ends_a_letter_or_lets_it_wait_and_the_next_mail_goes(answer, reasons):
    for command, reason in zip(("mail", "rcpt", "data", "dot"), reasons, strict=True):
        script = Script({command: [answer]})
        ends = reason in {OutboxReason.RELAY_REFUSED, OutboxReason.LETTER_REFUSED}
        is_relays = answer.startswith(("421", "530"))
        is_dead = command == "rcpt" and "5.1.1" in answer
        async with relay(script) as port:
            sender = client(port)
            expected = Delivery(BOUNCED if ends else DEFERRED, reason, answer, is_relays, is_dead)
            assert await sender.deliver(a_mail()) == expected
            assert script.mails == []
            assert await sender.deliver(a_mail(key="next")) == ACCEPTED
            await sender.close()
        assert len(script.mails) == 1


@pytest.mark.parametrize("command", ["mail", "rcpt", "data"])
async def test_a_connection_lost_before_the_content_is_a_deferral(command):
    script = Script({command: [DROP]})
    async with relay(script) as port:
        sender = client(port)
        delivery = await sender.deliver(a_mail())
        assert (delivery.outcome, delivery.reason) == (RelayOutcome.DEFERRED, OutboxReason.RELAY_UNREACHABLE)
        assert script.mails == []
        assert await sender.deliver(a_mail(key="next")) == ACCEPTED
        await sender.close()


async def test_a_connection_lost_after_the_final_dot_leaves_the_outcome_unknown():
    script = Script({"dot": [DROP]})
    async with relay(script) as port:
        sender = client(port)
        delivery = await sender.deliver(a_mail())
        assert (delivery.outcome, delivery.reason) == (RelayOutcome.UNKNOWN, OutboxReason.OUTCOME_UNKNOWN)
        assert len(script.mails) == 1  # it did arrive; nobody told us
        assert await sender.deliver(a_mail(key="next")) == ACCEPTED
        await sender.close()


async def test_an_answer_to_the_dot_that_no_relay_may_give_leaves_the_outcome_unknown():
    script = Script({"dot": ["399 what?"]})
    async with relay(script) as port:
        sender = client(port)
        assert await sender.deliver(a_mail()) == Delivery(
            RelayOutcome.UNKNOWN, OutboxReason.OUTCOME_UNKNOWN, "399 what?"
        )
        await sender.close()


async def test_a_kept_connection_that_the_relay_has_closed_is_opened_again_for_the_same_mail():
    for parting in (DROP, "421 4.4.2 idle too long"):
        script = Script({"mail": ["", parting]})
        async with relay(script) as port:
            sender = client(port)
            assert [await sender.deliver(a_mail(key=str(number))) for number in range(2)] == [ACCEPTED] * 2
            await sender.close()
        assert (len(script.connections), len(script.mails)) == (2, 2)


async def test_nobody_listening_is_a_deferral():
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))  # bound, not listening: refused
        delivery = await client(reserved.getsockname()[1]).deliver(a_mail())
    assert (delivery.outcome, delivery.reason) == (RelayOutcome.DEFERRED, OutboxReason.RELAY_UNREACHABLE)


async def raw_server(lines: list[bytes], silent: asyncio.Event | None = None) -> asyncio.Server:
    """Says a line for each line that it gets, the first unasked; then nothing more, and `silent` is set."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for line in lines:
            writer.write(line)
            await reader.readline()
        if silent is not None:
            silent.set()
        await reader.read()
        writer.close()

    return await asyncio.start_server(talk, "127.0.0.1", 0)


@pytest.mark.parametrize(
    ("lines", "outcome", "reason"),
    [
        ([], RelayOutcome.DEFERRED, OutboxReason.RELAY_UNREACHABLE),
        ([b"554 5.7.1 go away\r\n"], RelayOutcome.DEFERRED, OutboxReason.RELAY_BLOCKED),
        ([b"421 4.7.0 busy\r\n"], RelayOutcome.DEFERRED, OutboxReason.RELAY_DEFERRED),
        ([b"220 hi\r\n", b"550 no EHLO here\r\n"], RelayOutcome.DEFERRED, OutboxReason.RELAY_BLOCKED),
        ([b"220 hi\r\n", b"250 ok\r\n"], RelayOutcome.DEFERRED, OutboxReason.RELAY_UNREACHABLE),
        ([b"220 hi\r\n", b"nonsense\r\n"], RelayOutcome.DEFERRED, OutboxReason.RELAY_DEFERRED),
        ([b"220 hi\r\n", *[b"250 ok\r\n"] * 3, b"354 go on\r\n"], RelayOutcome.UNKNOWN, OutboxReason.OUTCOME_UNKNOWN),
    ],
)
async def test_a_relay_that_falls_silent_or_talks_nonsense_never_bounces_a_mail(lines, outcome, reason):
    server = await raw_server(lines)
    async with server:
        delivery = await client(server.sockets[0].getsockname()[1], timeout_s=0.2).deliver(a_mail())
    assert (delivery.outcome, delivery.reason) == (outcome, reason)


async def test_a_relay_that_can_be_used_is_ready_and_its_connection_is_used():
    script = Script()
    async with relay(script) as port:
        sender = client(port)
        assert await sender.ready() is None
        assert await sender.ready() is None
        assert await sender.deliver(a_mail()) == ACCEPTED
        await sender.close()
    assert len(script.connections) == 1


async def test_a_relay_that_can_not_be_used_is_not_ready():
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))  # bound, not listening: refused
        port = reserved.getsockname()[1]
        delivery = await client(port).ready()
    assert delivery is not None
    assert (delivery.outcome, delivery.reason, delivery.is_relays) == (
        RelayOutcome.DEFERRED,
        OutboxReason.RELAY_UNREACHABLE,
        True,
    )
    assert delivery.reply.startswith(f"127.0.0.1:{port} につながりません（")


@pytest.mark.parametrize("command", ["mail", "rcpt", "data"])
async def test_a_connection_lost_in_a_mail_is_that_mails_trouble(command):
    script = Script({command: [DROP]})
    async with relay(script) as port:
        sender = client(port)
        delivery = await sender.deliver(a_mail())
    assert (delivery.reason, delivery.is_relays) == (OutboxReason.RELAY_UNREACHABLE, False)
    assert "通信が途中で切れました" in delivery.reply


@pytest.mark.parametrize(
    ("answer", "is_dead"),
    [
        ("550 5.1.1 <a@b>: Recipient address rejected: User unknown in relay recipient table", True),
        ("550 no such user here", True),
        ("554 5.7.1 relay access denied", False),
        ("552 5.2.2 mailbox full", False),
        ("550 5.1.1 relaying denied", False),
        ("550 blocked by policy", False),
        ("450 4.1.1 user unknown", False),
    ],
)
async def test_a_recipient_refused_as_unknown_is_a_dead_address(answer, is_dead):
    script = Script({"rcpt": [answer]})
    async with relay(script) as port:
        sender = client(port)
        assert (await sender.deliver(a_mail())).address_is_dead is is_dead
        await sender.close()


async def test_a_reply_is_told_in_one_cut_line_without_controls():
    script = Script({"rcpt": ["550-5.1.1 no\x1b[31m such\r\n550 5.1.1 user " + "x" * 400]})
    async with relay(script) as port:
        sender = client(port)
        delivery = await sender.deliver(a_mail())
        await sender.close()
    assert delivery.reply == ("550 5.1.1 no [31m such 5.1.1 user " + "x" * 400)[:300]


async def test_a_cancelled_attempt_does_not_leave_its_reply_to_the_next_mail():
    script = Script()
    silent = asyncio.Event()
    server = await raw_server([b"220 hi\r\n", b"250 ok\r\n"], silent)
    async with server, relay(script) as port:
        sender = client(server.sockets[0].getsockname()[1], timeout_s=60)
        attempt = asyncio.create_task(sender.deliver(a_mail()))
        await silent.wait()  # it has said MAIL and waits for the reply
        attempt.cancel()
        with pytest.raises(asyncio.CancelledError):
            await attempt
        sender._port = port
        assert await sender.deliver(a_mail()) == ACCEPTED
        await sender.close()


async def test_lines_that_start_with_a_dot_arrive_as_they_were():
    script = Script()
    content = b"Subject: x\r\n\r\n.\r\n..\r\n.a\r\n"
    mail = OutgoingMail("k", a_mail().letter, "a@example.jp", "", "x", "x", "<x@x>", content)
    async with relay(script) as port:
        sender = client(port)
        assert await sender.deliver(mail) == ACCEPTED
        await sender.close()
    assert [received for _, _, received in script.mails] == [content]


@pytest.mark.parametrize("host", ["relay.example.jp", "192.0.2.1", "10.0.0.1", "::2", "localhost.example.jp", ""])
def test_a_relay_elsewhere_needs_tls(host):
    with pytest.raises(ValueError, match="loopback"):
        SmtpRelay(host, 25, tls="none", hostname="bot.example.jp")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.0.0.53", "::1"])
def test_a_relay_on_this_machine_does_not(host):
    SmtpRelay(host, 25, tls="none", hostname="bot.example.jp")


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    if shutil.which("openssl") is None:
        pytest.skip("needs the openssl command to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=relay"
    command += f" -addext subjectAltName=IP:127.0.0.1 -keyout {folder}/key.pem -out {folder}/cert.pem"
    subprocess.run(command.split(), check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context, str(folder / "cert.pem")


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_a_mail_goes_by_tls(certificate, tls):
    context, ca_file = certificate
    script = Script()
    async with relay(script, tls=context, implicit=tls == "implicit") as port:
        sender = client(port, tls=tls, ca_file=ca_file)
        assert [await sender.deliver(a_mail(key=str(number))) for number in range(2)] == [ACCEPTED] * 2
        await sender.close()
    assert len(script.mails) == 2
    assert tls == "implicit" or script.handshakes == [True, True]


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_a_certificate_that_nobody_vouches_for_is_a_deferral(certificate, tls):
    script = Script()
    async with relay(script, tls=certificate[0], implicit=tls == "implicit") as port:
        sender = client(port, tls=tls)
        delivery = await sender.deliver(a_mail())
        assert await sender.ready() == delivery
    assert (delivery.outcome, delivery.reason) == (RelayOutcome.DEFERRED, OutboxReason.RELAY_INSECURE)
    assert delivery.is_relays
    assert "証明書を信頼できません" in delivery.reply
    assert script.commands == []


async def test_a_relay_that_hides_its_starttls_gets_neither_the_password_nor_the_mail():
    script = Script()
    async with relay(script) as port:
        delivery = await client(port, tls="starttls", login=Login("hosho", holding("right"))).deliver(a_mail())
    words = f"127.0.0.1:{port} は STARTTLS に対応していません。outgoing.tls と outgoing.port を確かめてください"
    assert delivery == Delivery(RelayOutcome.DEFERRED, OutboxReason.RELAY_INSECURE, words, is_relays=True)
    assert script.commands == []


@pytest.mark.parametrize(("password", "outcome"), [("right", RelayOutcome.DELIVERED), ("wrong", RelayOutcome.DEFERRED)])
async def test_a_wrong_password_bounces_no_mail(certificate, password, outcome):
    context, ca_file = certificate
    script = Script()
    async with relay(script, tls=context) as port:
        sender = client(port, tls="starttls", ca_file=ca_file, login=Login("hosho", holding(password)))
        delivery = await sender.deliver(a_mail())
        await sender.close()
    assert delivery.outcome == outcome
    if outcome is RelayOutcome.DEFERRED:
        assert (delivery.reason, delivery.is_relays) == (OutboxReason.RELAY_LOGIN, True)
        assert "認証に失敗しました（535" in delivery.reply


async def test_a_token_logs_in_by_xoauth2_and_is_asked_for_at_each_login(certificate):
    context, ca_file = certificate
    script, tokens = Script(token="tok.en"), iter(["old", "tok.en"])

    async def credential() -> SecretStr:
        return SecretStr(next(tokens))

    async with relay(script, tls=context) as port:
        sender = client(port, tls="starttls", ca_file=ca_file, login=Login("hosho", credential, "xoauth2"))
        refused = await sender.deliver(a_mail())
        assert await sender.deliver(a_mail()) == ACCEPTED
        await sender.close()
    assert (refused.reason, refused.is_relays) == (OutboxReason.RELAY_LOGIN, True)
    assert "認証に失敗しました（535" in refused.reply
    assert script.logins == [
        b"user=hosho\1auth=Bearer old\1\1",
        b"\r\n",  # the refusal's challenge is answered with an empty line
        b"user=hosho\1auth=Bearer tok.en\1\1",
    ]


async def test_a_relay_without_xoauth2_is_not_told_the_token(certificate):
    context, ca_file = certificate
    script = Script()
    async with relay(script, tls=context) as port:
        login = Login("hosho", holding("tok.en"), "xoauth2")
        delivery = await client(port, tls="starttls", ca_file=ca_file, login=login).deliver(a_mail())
    assert (delivery.outcome, delivery.reason) == (RelayOutcome.DEFERRED, OutboxReason.RELAY_LOGIN)
    assert (script.logins, script.mails) == ([], [])


async def test_a_token_that_can_not_be_had_is_a_login_that_failed():
    async def credential() -> SecretStr:
        raise CredentialError("the token's command ended with 3")

    script = Script()
    async with relay(script) as port:
        delivery = await client(port, login=Login("hosho", credential, "xoauth2")).deliver(a_mail())
    assert (delivery.reason, delivery.is_relays) == (OutboxReason.RELAY_LOGIN, True)
    assert "ended with 3" in delivery.reply


async def test_nothing_of_a_mail_is_logged_or_shown_and_no_password_either(caplog):
    script = Script()
    async with relay(script) as port:
        senders = client(port), client(port, login=Login("hosho", holding("hunter2")))
        with caplog.at_level(logging.DEBUG, logger="aiosmtplib"):
            results = [await sender.deliver(a_mail()) for sender in senders]
        await senders[0].close()
    assert [record for record in caplog.records if record.name.startswith(("aiosmtplib", "bot"))] == []
    assert [result.outcome for result in results] == [RelayOutcome.DELIVERED, RelayOutcome.DEFERRED]
    assert "hunter2" not in f"{senders!r} {vars(senders[1])!r} {results!r}"
