"""A data folder over many lives of the daemon, a client that sends again what was not answered 250, a relay that remembers.

Used by test_kill.py: `kill_at` and `kill_after` are lives that end by kill -9, `drain` is one that ends in order when all is
done, and compares what clients, store and relay know. Raises AssertionError.
"""

from __future__ import annotations

import asyncio
import smtplib
import statistics
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from bot.config.settings import Config
from bot.core.records.envelope import digest
from bot.core.records.incoming_mail import MailState
from bot.core.records.outgoing_mail import OutboxState
from storage.store import Store
from storage.use_cases.recovery import AT_ONCE_ATTEMPTS
from tests.faults.invariants import EVERYTHING, RSS_LIMIT_KIB, opened, slow_recoveries
from tests.faults.light import LightDaemon
from tests.faults.notices import UniqueNotice
from tests.patience import PATIENCE_SECONDS
from tests.peers import Dovecot
from tests.whole.world import DESK, INBOX, Relay, send_data, wait_until

CONNECTIONS = 3
"""outgoing.connections: so many letters may be between the relay's word and our note of it."""
LARGE_BYTES = 600_000
UNDER_WAY_SECONDS = 5.0
"""So long a letter may be under way; one that waits longer was in hand at one death after the other."""


@dataclass
class Rehearsal:
    """One data folder over many lives of the daemon, a client with patience, and a relay that remembers."""

    daemon: LightDaemon
    relay: Relay
    config: Config
    mailbox: Dovecot | None = None
    pending: dict[int, bytes] = field(default_factory=dict)
    acknowledged: dict[int, str] = field(default_factory=dict)  # n → digest
    sent: int = 0
    kills: int = 0
    parked: int = 0
    released: int = 0
    checked_mails: int = 0
    recoveries: list[float] = field(default_factory=list)

    def new_mails(self, how_many: int, *, large: bool = False) -> None:
        """So many more notices wait to be sent."""
        for _ in range(how_many):
            self.sent += 1
            self.pending[self.sent] = UniqueNotice(self.sent).mail(padding_bytes=LARGE_BYTES if large else 0)

    def send_pending(self) -> None:
        """Send what was not answered 250 yet; whatever goes wrong, it stays. To a mailbox instead, if there is one."""
        if self.mailbox is not None:
            for n, content in list(self.pending.items()):
                self.mailbox.append(content)
                self.acknowledged[n] = digest(content)
                del self.pending[n]
            return
        with suppress(OSError, smtplib.SMTPException), self._client() as client:
            for n, content in list(self.pending.items()):
                send_data(client, content, mail_from=UniqueNotice(n).sender, recipients=(INBOX,))
                self.acknowledged[n] = digest(content)
                del self.pending[n]

    def _client(self) -> smtplib.SMTP:
        return smtplib.SMTP("127.0.0.1", self.daemon.smtp_port, timeout=PATIENCE_SECONDS)

    def begin(self, *, crash_at: str = "") -> None:
        """The next life."""
        self.relay.life += 1
        self.daemon.begin(crash_at=crash_at)

    def kill_at(self, point: str, *, within_seconds: float = PATIENCE_SECONDS) -> bool:
        """A life that ends at the point. False when nothing passed it in time: it is killed then."""
        self.begin(crash_at=point)
        sending = threading.Thread(target=self._send_when_ready)
        sending.start()
        died = self.daemon.wait_for_crash(within_seconds)
        if not died:
            self.daemon.kill()
        sending.join()
        self.kills += 1
        return died

    def kill_after(self, seconds: float, *, since: str) -> None:
        """A life that ends so long after its `start`, after it was `ready`, or after its client began `sending`."""
        self.begin()
        sending = threading.Thread(target=self._send_when_ready)
        if since == "start":
            sending.start()
        elif self.daemon.wait_ready():
            if since == "ready":
                self.send_pending()
            else:
                sending.start()
        time.sleep(seconds)  # the moment itself is what is tried
        self.daemon.kill()
        if sending.ident is not None:
            sending.join()
        self.kills += 1

    def _send_when_ready(self) -> None:
        if self.daemon.wait_ready():
            self.send_pending()

    def drain(self) -> None:
        """A life that ends in order when all is done, and a look at everything since the last one."""
        self.begin()
        assert self.daemon.wait_ready(), self.daemon.log()[-3000:]
        wait_until(self._all_sent)
        asyncio.run(self._work_off())
        self.daemon.stop()
        assert slow_recoveries(self.daemon.measured) == []
        self.recoveries += self.daemon.measured.recoveries
        self.daemon.measured.recoveries.clear()
        self.check()

    def _all_sent(self) -> bool:
        self.send_pending()
        return not self.pending

    async def _work_off(self) -> None:
        async with await opened(self.config) as store:
            began = time.monotonic()
            while True:
                for row in await store.incoming.list_(states=[MailState.PARKED]):
                    assert row.attempts > 3, row  # parked because the daemon died with it in hand, again and again
                    self.parked += 1
                    await store.incoming.replay(row.mail_id, actor="test")
                is_sorted = await self._all_taken(store) and await store.incoming.next_due() is None
                waiting = await store.outbox.list_(states=[OutboxState.QUEUED])
                if is_sorted and not waiting:
                    return
                seconds = time.monotonic() - began
                if seconds > UNDER_WAY_SECONDS and waiting and all(row.attempts >= AT_ONCE_ATTEMPTS for row in waiting):
                    for row in waiting:  # in hand at three deaths, they wait as if put off; a clerk is quicker
                        self.released += 1
                        await store.outbox.hold(row.outbox_id, actor="test")
                        await store.outbox.release(row.outbox_id, actor="test")
                    began = time.monotonic()
                assert seconds < PATIENCE_SECONDS, (await store.health.backlog(), self.daemon.log()[-3000:])
                await asyncio.sleep(0.05)

    async def _all_taken(self, store: Store) -> bool:
        if self.mailbox is not None and not await store.mailboxes.memories():
            return False
        return len(await store.incoming.list_(limit=EVERYTHING)) == self.sent

    def check(self) -> None:
        """I1, I2, I3, I7 of what is new since the last look."""
        asyncio.run(self._check())

    async def _check(self) -> None:
        async with await opened(self.config) as store:
            rows = await store.incoming.list_(limit=EVERYTHING)
            assert len(rows) == len(self.acknowledged) == self.sent  # none lost, none taken twice
            assert {row.digest for row in rows} == set(self.acknowledged.values())
            assert {(row.state, row.reason is None) for row in rows} <= {(MailState.SORTED, False)}
            for row in rows[: len(rows) - self.checked_mails]:
                _, content, submissions = await store.incoming.get(row.mail_id)
                assert digest(content) == row.digest
                assert len(submissions) == 1
            self.checked_mails = len(rows)
            outgoing = await store.outbox.list_(limit=EVERYTHING)
        assert {row.state for row in outgoing} <= {OutboxState.DELIVERED}
        copies = defaultdict(list)
        for letter in self.relay.copies:
            copies[letter.message_id].append(letter)
        assert copies.keys() == {row.mail.message_id for row in outgoing}
        answers = Counter(str(same[0].mail["In-Reply-To"]) for same in copies.values() if same[0].recipient != DESK)
        assert answers == Counter(UniqueNotice(n).message_id for n in self.acknowledged)
        assert list(self._wrong_doubles(copies)) == []
        assert self.daemon.measured.daemon_kib < RSS_LIMIT_KIB

    def _wrong_doubles(self, copies) -> Iterator[str]:
        """Letters that left twice, although nothing was open when the life that sent the first copy ended."""
        last = defaultdict(list)
        for letter in self.relay.copies:
            last[letter.life] = [*last[letter.life], letter.message_id][-CONNECTIONS:]
        for message_id, same in copies.items():
            lives = [letter.life for letter in same]
            if len({letter.raw for letter in same}) > 1 or len(set(lives)) < len(lives):
                yield f"{message_id} in the lives {lives}"
            for life in lives[:-1]:
                if message_id not in last[life]:
                    yield f"{message_id} of life {life} left again in {lives}"

    @property
    def doubles(self) -> int:
        """How many letters left more than once."""
        return sum(times > 1 for times in Counter(letter.message_id for letter in self.relay.copies).values())

    def told(self, what: str) -> str:
        """The figure."""
        letters = len({letter.message_id for letter in self.relay.copies})
        usual, slowest = statistics.median(self.recoveries), max(self.recoveries)
        return (
            f"kill -9, {what}: {self.kills} kills, {self.sent} mails: 0 acknowledged lost, 0 taken twice, {letters} letters, "
            f"{self.doubles} twice (all in the window, the same Message-ID), {self.parked} mails and {self.released} letters put aside after 3 deaths and released; "
            f"back in {usual:.1f} s ({slowest:.1f} at most), {self.daemon.measured.daemon_kib // 1024} MiB"
        )
