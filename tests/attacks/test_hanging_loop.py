"""A mail that makes the event loop hang: the daemon says where, ends itself, and after three such ends a person is told."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest

from bot.core.records.incoming_mail import MailState
from bot.watchdog import LOOP_HANGS
from tests.faults.invariants import read_store
from tests.faults.notices import UniqueNotice
from tests.whole.conftest import daemon, relay
from tests.whole.world import DESK, wait_until

__all__ = ["daemon", "relay"]

pytestmark = pytest.mark.process
QUICKLY = {"HOSHO_HANG_SECONDS": "2:4"}


@pytest.mark.parametrize(
    ("how", "status", "told"),
    [
        ("waits", LOOP_HANGS, "the event loop has stood still"),
        # Code in C that lets no thread run: the kernel's clock ends it.
        ("spins", -signal.SIGPROF, "most recent call first"),
    ],
)
def test_a_mail_that_hangs_the_loop_three_times_is_parked_and_told(daemon, relay, how, status, told):
    bot = daemon(environment=QUICKLY | {"HOSHO_CRASH_AT": f"sorter.read:1:{how}"})
    bot.send(UniqueNotice(1).mail(), mail_from=UniqueNotice(1).sender)
    bot.wait_for_crash(status)
    for _ in range(2):
        bot.start()
        bot.wait_for_crash(status)
    bot.start()
    (alert,) = relay.take(1)
    assert alert.recipient == DESK
    assert [mail.row.state for mail in read_store(bot).mails] == [MailState.PARKED]
    assert told in bot.log()
    assert bot.stop() == 0


def test_a_daemon_that_was_stopped_for_long_goes_on(daemon, relay):
    """Neither watch counts while nobody runs."""
    bot = daemon(environment=QUICKLY)
    os.kill(bot.process.pid, signal.SIGSTOP)
    with pytest.raises(subprocess.TimeoutExpired):
        bot.process.wait(6)
    os.kill(bot.process.pid, signal.SIGCONT)
    bot.send(UniqueNotice(1).mail(), mail_from=UniqueNotice(1).sender)
    relay.take(1)
    assert bot.is_running
    assert "hangs" not in bot.log()


def test_systemd_is_told_that_the_loop_turns(daemon):
    bot = daemon()
    wait_until(lambda: bot.told_systemd("WATCHDOG=1"))
