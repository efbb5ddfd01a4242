"""Beside a running daemon: a copy of its database, and what it answers machines that watch."""

from __future__ import annotations

import json
import smtplib
import socket
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.patience import PATIENCE_SECONDS
from tests.whole.conftest import INBOX, mail_with, wait_until
from tests.whole.world import Daemon, send_data


def asked(place: Path, path: str) -> bytes:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(place))
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        return client.makefile("rb").read()


def test_a_running_daemon_is_copied_and_tells_that_it_is_ready(daemon, tmp_path):
    has_extra = find_spec("aiohttp") is not None and find_spec("prometheus_client") is not None
    place = tmp_path / "watch.sock"
    beat = tmp_path / "beat"
    listen = f'[monitoring]\nheartbeat_file = "{beat}"\n' + (f'listen = "unix:{place}"\n' if has_extra else "")
    bot = daemon(extra=f'[backup]\nfolder = "copies"\n{listen}')
    wait_until(beat.exists)
    bot.send(mail_with())
    made = json.loads(bot.command("backup", "create", "--json"))
    assert made["ok"]
    bot.command("backup", "verify", made["copy"])
    if has_extra:
        assert asked(place, "/readyz").startswith(b"HTTP/1.1 200 OK")
        assert b"hosho_ready 1.0\n" in asked(place, "/metrics")
    bot.send(mail_with(message_id="b@kensetsu.example.jp"))
    assert bot.stop() == 0
    bot.command("backup", "restore", made["copy"])
    (restored,) = bot.rows("mail", "list")
    assert restored["id"] == 1
    bot.command("backup", "restore", next(str(one / "hosho.db") for one in (tmp_path / "data").glob("*.replaced-*")))


CANARY = "\n[canary]\nevery_minutes = 60\n"


def back(bot: Daemon) -> bool:
    return json.loads(bot.command("status", "--json"))["canary"]["back_at"] is not None


def nothing_else(bot: Daemon) -> bool:
    """That a canary is no mail, no letter, no line of the journal, and in no count."""
    stands = json.loads(bot.command("status", "--json"))
    counted = sum(stands["mails"].values()) + sum(stands["outgoing"].values()) + stands["open"]["count"]
    listed = bot.rows("mail", "list") + bot.rows("outbox", "list") + bot.rows("submissions", "list")
    events = {str(line["event"]) for line in bot.rows("journal", "list")}
    return (stands["ok"], counted, listed, events) == (True, 0, [], {"daemon.started"})


@pytest.mark.postfix
def test_a_canary_goes_out_by_postfix_and_comes_back_by_our_door_and_is_no_mail(daemon, postfix, relay):
    one = daemon(relay_port=postfix.smtp_port, extra=CANARY, start=False)
    postfix.deliver_to(one.smtp_port)
    one.start()
    wait_until(lambda: "a canary came back by smtp" in one.log())
    assert back(one)
    assert nothing_else(one)
    assert "試験メール: 最後に送ったもの " in one.command("status")
    assert relay.is_quiet()


@pytest.mark.dovecot
def test_a_canary_in_a_mailbox_is_known_there_and_is_no_mail(daemon, dovecot, relay, tmp_path):
    (tmp_path / "password").write_text(f"{dovecot.password}\n", "utf-8")
    (tmp_path / "password").chmod(0o600)
    imap = (
        f'\n[imap]\nenabled = true\nhost = "127.0.0.1"\nport = {dovecot.imap_port}\ntls = "none"\n'
        f'user = "{dovecot.user}"\npassword_file = "password"\n'
    )
    one = daemon(extra=CANARY + imap)
    (canary,) = relay.take(1)
    assert canary.recipient == INBOX
    wait_until(lambda: one.rows("mailbox", "status") != [])  # what lay there before is another matter
    dovecot.deliver(canary.raw)
    wait_until(lambda: "a canary came back by imap" in one.log())
    assert back(one)
    one.command("mailbox", "reconcile")
    [check] = json.loads(one.command("status", "--json"))["checks"]
    assert (check["on_server"], check["known"], check["missing"]) == (1, 1, 0)
    assert one.rows("mail", "list") == []


@pytest.mark.postgresql
def test_of_two_daemons_the_leader_sends_the_canary_and_either_takes_it_back(daemon, relay, new_postgresql, tmp_path):
    storage = f'url = "{new_postgresql}"\nkey_file = "{tmp_path}/hosho.key"'
    leader, other = (daemon(storage=storage, extra=CANARY) for _ in range(2))
    (canary,) = relay.take(1)
    with smtplib.SMTP("127.0.0.1", other.smtp_port, timeout=PATIENCE_SECONDS) as client:
        send_data(client, canary.raw, mail_from="", recipients=(INBOX,))
    assert "a canary came back by smtp" in other.log()
    assert back(leader)
    assert leader.stop() == 0
    wait_until(lambda: "this daemon leads" in other.log())
    wait_until(lambda: json.loads(other.command("status", "--json"))["workers"])  # it has looked once
    assert relay.is_quiet()  # the next is due in an hour, whoever leads
    assert back(other)
