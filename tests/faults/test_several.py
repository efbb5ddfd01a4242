"""Two daemons on one PostgreSQL database; one of them is killed, at a named point or at any moment, and the other does its work.

What is promised: an acknowledged mail is never lost, no mail is taken twice, and no letter leaves twice but in the window "dot sent,
reply unseen"; the living one needs no help.
"""

from __future__ import annotations

import asyncio
import random
import smtplib
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller

from bot.config.settings import load
from bot.core.records.envelope import digest
from bot.core.records.incoming_mail import MailState
from bot.core.records.outgoing_mail import OutboxState
from storage.errors import WrongState
from tests.faults import points
from tests.faults.invariants import EVERYTHING, opened
from tests.faults.light import LightDaemon
from tests.faults.notices import NO_LIMITS, UniqueNotice, register_of
from tests.faults.rehearsal import CONNECTIONS, UNDER_WAY_SECONDS
from tests.patience import PATIENCE_SECONDS
from tests.peers import free_port
from tests.whole.conftest import BLIND, CONFIG
from tests.whole.world import DESK, INBOX, Daemon, Relay, send_data, wait_until

pytestmark = [pytest.mark.postgresql, pytest.mark.process]
MAILS = 4000
HANDFUL = ("keep.before_commit", "sorter.read", "settle.before_commit", "sender.sent")
"""One in each of the four transactions' steps; `--slow` has them all."""


@dataclass
class Seat:
    """A daemon and the relay that only it sends to."""

    daemon: LightDaemon
    relay: Relay

    def window(self) -> set[str]:
        """The letters of which it may have seen no reply, when it dies now."""
        return {letter.message_id for letter in self.relay.copies[-CONNECTIONS:]}


@dataclass
class Several:
    """The daemons, and a client that sends again what was not answered 250, to whichever daemon answers."""

    seats: list[Seat]
    sent: int = 0
    pending: bytes = b""  # sent and not answered 250: the same bytes go again
    acknowledged: dict[int, str] = field(default_factory=dict)
    may_be_twice: set[str] = field(default_factory=set)
    takeovers: list[float] = field(default_factory=list)
    kills: int = 0

    def send(self, seat: Seat) -> bool:
        """The next mail, or the one that was refused; False when the daemon did not take it."""
        notice = UniqueNotice(len(self.acknowledged) + 1)
        self.sent, self.pending = notice.n, self.pending or notice.mail()
        with suppress(OSError, smtplib.SMTPException):
            with smtplib.SMTP("127.0.0.1", seat.daemon.smtp_port, timeout=PATIENCE_SECONDS) as client:
                send_data(client, self.pending, mail_from=notice.sender, recipients=(INBOX,))
            self.acknowledged[notice.n], self.pending = digest(self.pending), b""
            return True
        return False

    def died(self, seat: Seat) -> None:
        """It has just been killed: let another finish, and note how long that takes."""
        self.kills += 1
        self.may_be_twice |= seat.window()
        began = time.monotonic()
        while len(self.acknowledged) < self.sent:
            assert any(self.send(one) for one in self.seats if one is not seat)
        asyncio.run(self.settled(seat))
        self.takeovers.append(time.monotonic() - began)

    async def settled(self, seat: Seat) -> None:
        """Wait until there is nothing left to do."""
        began = time.monotonic()
        async with await opened(load(seat.daemon.config)) as store, asyncio.timeout(PATIENCE_SECONDS):
            while (
                await store.incoming.next_due() is not None
                or len(await store.incoming.list_(limit=EVERYTHING)) < self.sent
                or await store.outbox.list_(states=[OutboxState.QUEUED])
            ):
                await asyncio.sleep(0.1)
                for row in await store.outbox.list_(states=[OutboxState.QUEUED]):
                    if row.attempts and time.monotonic() - began > UNDER_WAY_SECONDS:
                        # Sent, and the note of it was lost with the connection: it waits as any other. A clerk is quicker.
                        with suppress(WrongState):
                            await store.outbox.hold(row.outbox_id, actor="test")
                            await store.outbox.release(row.outbox_id, actor="test")

    async def check(self) -> None:
        """Everything since the beginning."""
        async with await opened(load(self.seats[0].daemon.config)) as store:
            rows = await store.incoming.list_(limit=EVERYTHING)
            outgoing = await store.outbox.list_(limit=EVERYTHING)
            journal = await store.journal.verify()
        assert sorted(row.digest for row in rows) == sorted(self.acknowledged.values())  # none lost, none twice
        assert {row.state for row in rows} == {MailState.SORTED}
        assert {row.state for row in outgoing} == {OutboxState.DELIVERED}
        copies = [letter for seat in self.seats for letter in seat.relay.copies]
        times = Counter(letter.message_id for letter in copies)
        assert times.keys() == {row.mail.message_id for row in outgoing}
        assert {message_id for message_id, count in times.items() if count > 1} <= self.may_be_twice
        assert len({letter.raw for letter in copies}) == len(times)  # a second copy is the same mail
        answered = Counter(
            {
                letter.message_id: str(letter.mail["In-Reply-To"]) for letter in copies if letter.recipient != DESK
            }.values()
        )
        assert answered == Counter(UniqueNotice(n).message_id for n in self.acknowledged)
        assert journal.is_whole

    def told(self) -> str:
        """The figure."""
        twice = sum(len(seat.relay.copies) for seat in self.seats)
        twice -= len({letter.message_id for seat in self.seats for letter in seat.relay.copies})
        return (
            f"two daemons on PostgreSQL: {self.kills} kills, {len(self.acknowledged)} mails, 0 lost, 0 taken twice, "
            f"{twice} letters twice (in the window); all done by the other after {statistics.median(self.takeovers):.1f} s "
            f"({max(self.takeovers):.1f} at most)"
        )


@pytest.fixture
def several(tmp_path: Path) -> Iterator[Callable[[int, str], Several]]:
    """A maker of so many daemons on the database of this URL; none of them runs yet."""
    controllers: list[Controller] = []
    made: list[Seat] = []

    def seat(number: int, url: str) -> Seat:
        relay = Relay(port=free_port())
        controllers.append(Controller(relay, hostname="127.0.0.1", port=relay.port))
        controllers[-1].start()
        folder, port = tmp_path / f"daemon{number}", free_port()
        folder.mkdir()
        storage = f'url = "{url}"\nkey_file = "{tmp_path}/hosho.key"'
        text = CONFIG.format(inbox=INBOX, port=port, relay=relay.port, desk=DESK, storage=storage, mail="")
        (folder / "config.toml").write_text(text + NO_LIMITS + BLIND, "utf-8")
        if not number:
            (folder / "register.csv").write_text(register_of(map(UniqueNotice, range(1, MAILS))), "utf-8-sig")
            whole = Daemon(folder, folder / "config.toml", port)
            whole.command("register", "import", str(folder / "register.csv"))
        made.append(Seat(LightDaemon(folder / "config.toml", port), relay))
        return made[-1]

    yield lambda count, url: Several([seat(number, url) for number in range(count)])
    for one in made:
        if one.daemon.is_running:
            one.daemon.kill()
    for controller in controllers:
        controller.stop()


@pytest.mark.timeout(14400)
def test_one_of_two_is_killed_at_each_named_point_and_the_other_does_its_work(several, new_postgresql, count, figure):
    two = several(2, new_postgresql)
    for seat in two.seats:
        seat.daemon.begin()
        assert seat.daemon.wait_ready(), seat.daemon.log()[-3000:]
    dice = random.Random(3)
    rounds = count(len(HANDFUL), 500)
    for n in range(rounds):
        # By turns: the one that began first leads, and the leader dies too.
        seat = two.seats[n % 2]
        if rounds > len(HANDFUL) and n % 3 == 2:
            for _ in range(dice.randint(1, 4)):
                two.send(seat)
            time.sleep(dice.uniform(0, 0.3))  # the moment itself is what is tried
            seat.daemon.kill()
        else:
            of = HANDFUL if rounds == len(HANDFUL) else tuple(set(points.SMTP) - points.LARGE)
            seat.daemon.stop()
            seat.daemon.begin(crash_at=sorted(of)[n % len(of)])
            assert seat.daemon.wait_ready(), seat.daemon.log()[-3000:]
            wait_until(lambda seat=seat: not seat.daemon.is_running or not two.send(seat) or dies_soon(seat))
            assert seat.daemon.wait_for_crash(PATIENCE_SECONDS)
        two.died(seat)
        seat.daemon.begin()
        assert seat.daemon.wait_ready(), seat.daemon.log()[-3000:]
        if n % 25 == 24:
            asyncio.run(two.check())
    for seat in two.seats:
        seat.daemon.stop()
    asyncio.run(two.check())
    figure(two.told())


def dies_soon(seat: Seat) -> bool:
    """Whether the point was passed by this mail; else the other daemon may have taken it, and the next is sent."""
    return seat.daemon.wait_for_crash(2)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_server_starts_anew_and_fails_over_to_its_replica_and_the_daemons_go_on(several, loopback, figure):
    """Two clusters on loopback; the daemons are not started anew, and nothing that was acknowledged is lost."""
    primary, replica = loopback(), loopback()
    primary.make()
    with (primary.folder / "data" / "pg_hba.conf").open("a") as rules:
        rules.write("host replication bot 127.0.0.1/32 trust\n")
    primary.start()
    primary.run("createdb", "-h", "127.0.0.1", "-p", str(primary.port), "-U", "bot", "hosho")
    two = several(2, f"postgres://bot@127.0.0.1:{primary.port},127.0.0.1:{replica.port}/hosho")
    for seat in two.seats:
        seat.daemon.begin()
        assert seat.daemon.wait_ready(), seat.daemon.log()[-3000:]
    began = [seat.daemon.pid for seat in two.seats]
    seconds: list[float] = []

    def mail_after(trouble: Callable[[], None]) -> None:
        """Mails before, while and after it happens; the time until all is done."""
        for n in range(4):
            assert two.send(two.seats[n % 2])
        for seat in two.seats:
            two.may_be_twice |= seat.window()
        trouble()
        since = time.monotonic()
        two.send(two.seats[0])
        for seat in two.seats:
            wait_until(lambda seat=seat: two.send(seat))
        asyncio.run(two.settled(two.seats[0]))
        seconds.append(time.monotonic() - since)
        # What was under way when the connection went may have left before it could be noted.
        for seat in two.seats:
            two.may_be_twice |= seat.window()

    def restarted() -> None:
        primary.stop()
        primary.start()

    mail_after(restarted)
    replica.copy(primary)
    replica.start()
    primary.stop("fast")
    primary.start("-c synchronous_standby_names='*'")  # else the replica may lack what was acknowledged

    def failed_over() -> None:
        primary.stop()
        replica.promote()

    mail_after(failed_over)
    assert [seat.daemon.pid for seat in two.seats] == began
    for seat in two.seats:
        assert seat.daemon.is_running
        seat.daemon.stop()
    asyncio.run(two.check())
    figure(
        f"PostgreSQL restarted: all done after {seconds[0]:.1f} s; failed over to its replica: {seconds[1]:.1f} s; 0 mails lost"
    )
