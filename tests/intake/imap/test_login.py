"""Logging in to a mailbox: by token, with whatever lies in the file at that moment, and without telling it to a log."""

from __future__ import annotations

import base64
import logging
import sys

import pytest
from pydantic import SecretStr

from bot.credentials import CredentialError, printed_by
from tests.intake.imap.scripted_imap import Peer, ScriptedImap
from tests.intake.imap.test_watcher import holding, mail, seen_before, settings, watching
from tests.intake.keepers import Cursors, ListKeeper, Logged

TOKEN = "eyJ0eXAi.canary-token.x-y_z"
SAID = base64.b64encode(f"user=city\x01auth=Bearer {TOKEN}\x01\x01".encode()).decode()
REFUSAL = b"+ " + base64.b64encode(b'{"status":"401","schemes":"bearer","scope":"https://x"}') + b"\r\n"


@pytest.fixture
async def keeper():
    return ListKeeper()


@pytest.fixture
async def receiver(receiver_over, keeper):
    return await receiver_over(keeper)


def by_token(port: int, **changes: object):
    return settings(port, **{"auth": "xoauth2", "credential": holding(TOKEN), **changes})


async def test_a_token_is_told_at_once_where_the_server_allows_it_and_the_capabilities_are_asked_again(
    keeper, receiver
):
    server, cursors = ScriptedImap({1: mail(1)}), await seen_before()
    server.capabilities = "IMAP4rev1 IDLE SASL-IR AUTH=XOAUTH2"
    async with server.serving() as port, watching(receiver, cursors, by_token(port)):
        await server.idles(1)
    assert keeper.contents == [mail(1)]
    assert server.commands[:4] == ["CAPABILITY", f"AUTHENTICATE XOAUTH2 {SAID}", "CAPABILITY", 'SELECT "INBOX"']


async def test_a_token_is_the_answer_to_the_challenge_where_the_server_wants_to_ask_first(keeper, receiver):
    server, cursors, answers = ScriptedImap({1: mail(1)}), await seen_before(), []
    server.capabilities = "IMAP4rev1 IDLE AUTH=XOAUTH2"

    async def ask_first(peer: Peer, tag: str) -> None:
        await peer.send(b"+ \r\n")
        answers.append(await peer.reader.readline())
        await peer.send(f"{tag} OK in\r\n".encode())

    server.faults["AUTHENTICATE"] = [ask_first]
    async with server.serving() as port, watching(receiver, cursors, by_token(port)):
        await server.idles(1)
    assert answers == [f"{SAID}\r\n".encode()]
    assert keeper.contents == [mail(1)]


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_refusals_challenge_is_answered_with_an_empty_line_and_its_status_told(receiver, caplog, at_once):
    server, answers = ScriptedImap({}), []
    server.capabilities = f"IMAP4rev1 AUTH=XOAUTH2{' SASL-IR' * at_once}"

    async def refuse(peer: Peer, tag: str) -> None:
        if not at_once:
            await peer.send(b"+\r\n")
            await peer.reader.readline()
        await peer.send(REFUSAL)
        answers.append(await peer.reader.readline())
        await peer.send(f"{tag} NO AUTHENTICATE failed.\r\n".encode())

    server.faults["AUTHENTICATE"] = [refuse]
    async with (
        server.serving() as port,
        watching(receiver, Cursors(), by_token(port, login_retry_seconds=300)),
        Logged.within("AUTHENTICATE: NO AUTHENTICATE failed. (status 401); next try in 300 s"),
    ):
        pass
    assert answers == [b"\r\n"]
    assert server.connections == 1


async def test_a_server_that_asks_for_ever_is_left(receiver):
    server = ScriptedImap({})
    server.capabilities = "IMAP4rev1 AUTH=XOAUTH2"

    async def ask_on(peer: Peer, _: str) -> None:
        for _ in range(1_000):
            await peer.send(b"+ bW9yZQ==\r\n")
        await peer.silence()

    server.faults["AUTHENTICATE"] = [ask_on]
    async with (
        server.serving() as port,
        watching(receiver, Cursors(), by_token(port)),
        Logged.within("asks for the login again and again"),
    ):
        pass


async def test_a_server_without_xoauth2_is_not_told_the_token(receiver):
    server = ScriptedImap({})
    async with (
        server.serving() as port,
        watching(receiver, Cursors(), by_token(port, login_retry_seconds=300)),
        Logged.within("takes no XOAUTH2"),
    ):
        pass
    assert server.commands == ["CAPABILITY"]


async def test_the_secret_is_asked_for_at_each_login(keeper, receiver):
    server, cursors = ScriptedImap({1: mail(1)}), await seen_before()
    handed_out = iter(("old", "new"))

    async def credential() -> SecretStr:
        return SecretStr(next(handed_out))

    async def refuse(peer: Peer, tag: str) -> None:
        await peer.send(f"{tag} NO expired\r\n".encode())

    server.faults["LOGIN"] = [refuse]
    async with server.serving() as port, watching(receiver, cursors, settings(port, credential=credential)):
        await server.idles(1)
    assert [command for command in server.commands if "LOGIN" in command] == [
        'LOGIN "city" "old"',
        'LOGIN "city" "new"',
    ]
    assert keeper.contents == [mail(1)]


async def test_a_password_that_would_be_a_command_is_not_sent(receiver):
    server = ScriptedImap({})
    async with (
        server.serving() as port,
        watching(receiver, Cursors(), settings(port, credential=holding('x"\r\na LOGOUT'))),
        Logged.within("a line end in it"),
    ):
        pass
    assert server.commands == ["CAPABILITY"]


@pytest.mark.parametrize("auth", ["password", "xoauth2"])
async def test_not_even_at_debug_does_a_log_hold_secrets_or_mails(keeper, receiver, caplog, auth):
    caplog.set_level(logging.DEBUG)
    server, cursors = ScriptedImap({1: mail(1) + b"canary-body\r\n"}), await seen_before()
    server.capabilities = "IMAP4rev1 IDLE SASL-IR AUTH=XOAUTH2"
    async with server.serving() as port, watching(receiver, cursors, by_token(port, auth=auth)):
        await server.idles(1)
    assert keeper.contents == [mail(1) + b"canary-body\r\n"]
    sent = [record.getMessage() for record in caplog.records if record.name.startswith("aioimaplib")]
    assert any("Sending" in message for message in sent)  # the library did log
    assert "canary" not in caplog.text
    assert SAID not in caplog.text


# -- where secrets come from


def printing(program: str, seconds: float = 20.0):
    return printed_by((sys.executable, "-c", program), SecretStr, seconds)


@pytest.mark.process
async def test_a_commands_first_line_is_the_token():
    secret = await printing("print('  tok.en  '); print('and more')")()
    assert secret.get_secret_value() == "tok.en"


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("import sys; print('canary'); sys.exit(3)", "ended with 3"),
        ("pass", "printed no token"),
        ("import sys; sys.stdout.buffer.write(b'canary\\xff')", "printed no token"),
        ("import time; print('canary', flush=True); time.sleep(60)", "longer than"),
    ],
)
@pytest.mark.process
async def test_a_command_that_gives_no_token_is_told_without_its_output(program, words):
    seconds = 0.5 if "sleep" in program else 20.0
    with pytest.raises(CredentialError, match=words) as caught:
        await printing(program, seconds)()
    assert "canary" not in str(caught.value)


@pytest.mark.process
async def test_a_command_that_is_not_there_is_told():
    with pytest.raises(CredentialError, match="FileNotFoundError"):
        await printed_by(("/nowhere/token",), SecretStr)()
