"""Beside a running daemon: a copy of its database, and what it answers machines that watch."""

from __future__ import annotations

import json
import socket
from importlib.util import find_spec
from pathlib import Path

from tests.whole.conftest import mail_with, wait_until


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
