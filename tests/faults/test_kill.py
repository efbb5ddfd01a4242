"""kill -9 at every named point and at any moment, with a client that sends again whatever was not answered 250.

What is promised: an acknowledged mail is never lost, no mail is taken twice, and no letter leaves twice but in the window
"dot sent, reply unseen"; then both copies are the same mail. The daemon is up again within ten seconds.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from pathlib import Path

import pytest

from bot.config.settings import load
from tests.faults import points
from tests.faults.light import LightDaemon
from tests.faults.notices import NO_LIMITS, UniqueNotice, register_of
from tests.faults.rehearsal import Rehearsal
from tests.peers import free_port
from tests.whole.conftest import BLIND, CONFIG, tell_memory
from tests.whole.world import DESK, INBOX, Daemon, Relay

ROOT = Path(__file__).resolve().parents[2]
DRAIN_EVERY = 10


def test_every_crash_point_of_the_code_is_in_the_list_and_none_else():
    found = Counter(
        name
        for folder in ("bot", "storage")
        for file in (ROOT / folder).rglob("*.py")
        for name in re.findall(r"\bcrash_point\(\"([^\"]+)\"\)", file.read_text("utf-8"))
    )
    assert found == Counter(points.ALL)


@pytest.fixture
def rehearsal(request: pytest.FixtureRequest, tmp_path: Path, relay: Relay):
    made: list[Rehearsal] = []

    def make(*, mails: int, storage: str = "", extra: str = "") -> Rehearsal:
        port = free_port()
        config = tmp_path / "config.toml"
        text = CONFIG.format(inbox=INBOX, port=port, relay=relay.port, desk=DESK, storage=storage, mail="")
        config.write_text(text + NO_LIMITS + extra + BLIND, "utf-8")
        register = tmp_path / "register.csv"
        register.write_text(register_of(map(UniqueNotice, range(1, mails + 1))), "utf-8-sig")
        Daemon(tmp_path, config, port).command("register", "import", str(register))
        made.append(Rehearsal(LightDaemon(config, port), relay, load(config)))
        return made[-1]

    yield make
    for one in made:
        if one.daemon.is_running:
            one.daemon.kill()
    tell_memory(request, [one.daemon.measured for one in made])


@pytest.mark.timeout(600)
def test_killed_at_each_named_point_nothing_is_lost_and_nothing_doubled(rehearsal, figure):
    rounds = rehearsal(mails=len(points.SMTP))
    for n, point in enumerate(points.SMTP, 1):
        rounds.new_mails(1, large=point in points.LARGE)
        assert rounds.kill_at(point), f"nothing passes {point}"
        if n % 2 == 0 or n == len(points.SMTP):  # after three deaths a mail that was in hand at each is put aside
            rounds.drain()
    assert rounds.doubles >= len(points.REPEATS_A_LETTER)
    figure(rounds.told("each named point"))


@pytest.mark.timeout(14400)
def test_killed_at_any_moment_nothing_is_lost_and_nothing_doubled(rehearsal, count, figure):
    rounds = rehearsal(mails=6000 + 100)
    run_rounds(rounds, count(12, 2000))
    figure(rounds.told("named points and any moment"))


@pytest.mark.postgresql
@pytest.mark.timeout(3600)
def test_killed_at_any_moment_on_postgresql(rehearsal, count, figure, new_postgresql):
    rounds = rehearsal(mails=1000, storage=f'url = "{new_postgresql}"')
    run_rounds(rounds, count(4, 300))
    figure(rounds.told("on PostgreSQL"))


@pytest.mark.dovecot
@pytest.mark.timeout(3600)
def test_killed_while_it_watches_a_mailbox_nothing_is_lost_and_nothing_doubled(
    rehearsal, count, figure, dovecot, tmp_path
):
    secret = tmp_path / "secret"
    secret.touch(0o600)
    secret.write_text(dovecot.password)
    rounds = rehearsal(mails=1000, extra=MAILBOX.format(server=dovecot))
    rounds.mailbox = dovecot
    rounds.drain()  # what lies there before the first look is not answered
    dice = random.Random(2)
    how_many = count(3, 100)
    for n in range(1, how_many + 1):
        rounds.new_mails(dice.randint(1, 3))
        if n % 2:
            assert rounds.kill_at("imap.kept_before_cursor")
        else:
            rounds.kill_after(dice.uniform(0, 0.3), since=dice.choice(("start", "ready", "sending")))
        if n % DRAIN_EVERY == 0 or n == how_many:
            rounds.drain()
    assert all(b"\\Seen" not in flags for flags in dovecot.flags().values())
    figure(rounds.told("a watched mailbox"))


MAILBOX = """
[imap]
enabled = true
host = "127.0.0.1"
port = {server.imap_port}
tls = "none"
user = "{server.user}"
password_file = "secret"
"""


def run_rounds(rounds: Rehearsal, how_many: int) -> None:
    """Every third kill at a named point, the others at any moment; the relay is slow with every second reply."""
    dice = random.Random(1)
    for n in range(1, how_many + 1):
        rounds.new_mails(dice.randint(1, 3), large=dice.random() < 0.05)
        rounds.relay.reply_seconds = dice.choice((0.0, 0.05))
        if n % 3 == 0:
            rounds.kill_at(f"{dice.choice(points.SMTP)}:{dice.randint(1, 2)}", within_seconds=4)
        else:
            rounds.kill_after(dice.uniform(0, 0.3), since=dice.choice(("start", "ready", "sending")))
        if n % DRAIN_EVERY == 0 or n == how_many:
            rounds.drain()
