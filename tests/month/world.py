"""The city's office for a month: the daemon's rooms over one store, a relay that may be down, clerks with their mailboxes, and a clock.

`Month.live()` plays the twenty days of tests/month/mails.py from the first mail to the last answer. Nothing waits for the wall: the
clock is turned from one event to the next, and after each the daemon's workers do what is due.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

from bot.composing import composer_of
from bot.config.settings import check
from bot.config.to_policy import calendar_of, policy_of, reminders_of
from bot.core.notice.interpret import UnderstoodMail
from bot.core.notice.read_mail import NotNow, ReadFailure, TakesLong
from bot.core.policy.policy import Formats
from bot.core.records.envelope import Arrival, Envelope, Source
from bot.core.records.outgoing_mail import OutgoingMail
from bot.core.records.reasons import OutboxReason
from bot.core.register.layout import Layout
from bot.core.text.dates import JAPAN
from bot.documents.pool.reader import Reader
from bot.outbound.smtp_relay import Delivery, RelayOutcome
from bot.register.importing import import_file
from bot.workers.alarms import Alarms
from bot.workers.sender import Sender
from bot.workers.sorter import LEASE, Sorter
from bot.workers.sweeps import Sweeps, rematch
from storage.store import KeyFile, Store
from tests.in_process_reader import InProcessReader
from tests.month.clerks import Clerk, seen
from tests.month.mails import (
    DAYS,
    ENTERING,
    INBOX,
    MX,
    OPENING_DAYS,
    TO_CONTRACTS,
    TO_WORKS,
    Incoming,
    mails_of,
    register_of,
)

CONTRACTS, WORKS = "keiyaku@city.example.jp", "koji@city.example.jp"
OPERATOR = "joho@city.example.jp"
DEPUTY, HEAD = "kakaricho@city.example.jp", "kacho@city.example.jp"
SETTINGS = f"""
[office]
city = "見本市"
department = "契約課"
phone = "000-000-0000"
email = "{CONTRACTS}"
[mail]
inboxes = ["{INBOX}"]
authserv_id = "{MX}"
staff_domains = ["city.example.jp"]
[smtp]
enabled = true
[operator]
address = "{OPERATOR}"
[issued]
enabled = true
[pictures]
in_alerts = false
[[desks]]
name = "契約課"
address = "{CONTRACTS}"
products = ["contract"]
staff = ["{ENTERING}"]
inboxes = ["{TO_CONTRACTS}"]
[[desks]]
name = "工事担当課"
address = "{WORKS}"
products = ["advance_payment", "interim_payment"]
staff = ["suzuki@city.example.jp"]
inboxes = ["{TO_WORKS}"]
deputy = "{DEPUTY}"
head = "{HEAD}"
[reminders]
held_deputy_days = 2
held_head_days = 4
not_verified_days = 3
issued_without_notice_days = 5
guarantee_ends_before_works_days = 30
[[reminders.absences]]
address = "{HEAD}"
since = {OPENING_DAYS[0]}
until = {OPENING_DAYS[-1]}
name = "課長"
"""

RELAY_DOWN = (6, time(11, 0), time(15, 0))
"""On this day, from when to when the relay can't be reached."""
DAEMON_DOWN = (10, time(13, 0), time(10, 15))
"""On this day from when, and until when on the next: the city's MX keeps what comes."""
AWAY = range(8, 13)
"""The days on which the clerk of 工事担当課 is not there."""
READING = (time(9, 40), time(13, 10), time(16, 50))
"""When clerks read their mail."""


class Watch:
    """The clock, turned from event to event."""

    def __init__(self) -> None:
        self.now = datetime.combine(OPENING_DAYS[0], time(7, 30), JAPAN).astimezone(UTC)

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Relay:
    """The city's relay. `left`: every letter with its time."""

    watch: Watch
    is_down: bool = False
    left: list[tuple[datetime, OutgoingMail]] = field(default_factory=list)

    async def deliver(self, mail: OutgoingMail) -> Delivery:
        if self.is_down:
            return Delivery(RelayOutcome.DEFERRED, OutboxReason.RELAY_UNREACHABLE, "接続できません", is_relays=True)
        self.left.append((self.watch(), mail))
        return Delivery(RelayOutcome.DELIVERED, OutboxReason.RELAY_ACCEPTED, "250 ok")

    async def ready(self) -> Delivery | None:
        return await self.deliver_nothing() if self.is_down else None

    async def deliver_nothing(self) -> Delivery:
        return Delivery(RelayOutcome.DEFERRED, OutboxReason.RELAY_UNREACHABLE, "接続できません", is_relays=True)

    async def close(self) -> None:
        """Nothing is kept open."""


class ReadOnce(InProcessReader):
    """Reads each mail once for all months that are lived: the second month's are the same to the byte, but for the clerks' own."""

    def __init__(self) -> None:
        super().__init__(2)

    async def read(
        self, content: bytes, formats: Formats, **options: Any
    ) -> UnderstoodMail | ReadFailure | TakesLong | NotNow:
        key = (content, options.get("beforehand"), tuple(one.reveal() for one in options.get("passwords", ())))
        if key not in _READ:
            result = await super().read(content, formats, **options)
            if isinstance(result, TakesLong | NotNow):
                return result
            _READ[key] = result
        return _READ[key]


_READ: dict[tuple[bytes, object, tuple[str, ...]], UnderstoodMail | ReadFailure] = {}


class Month:
    """`stripped`: every mail to the clerks goes through the gateway, and the city has set that its summaries have no file.

    `days`: how many of the month's it has.
    """

    def __init__(self, folder: Path, reader: Reader, *, stripped: bool, days: int = DAYS) -> None:
        self._folder = folder
        self._reader = reader
        self._stripped = stripped
        self._days = days
        self.watch = Watch()
        self.relay = Relay(self.watch)
        self.config = check(tomllib.loads(SETTINGS + ("[summary]\nworkbook = false\n" if stripped else "")), folder)
        self.clerks = (
            Clerk(ENTERING, "Outlook", reads_pages=True),
            Clerk("suzuki@city.example.jp", "Thunderbird", away=AWAY),
            Clerk(DEPUTY, "a telephone"),
        )
        self._desks = {CONTRACTS: self.clerks[0], WORKS: self.clerks[1]}
        self._delivered = 0
        self._at_the_mx: list[Incoming] = []
        self.store: Store

    async def live(self) -> None:
        """From the first mail to the last answer."""
        await self._start()
        for day in range(self._days + 1):
            for at, what in sorted(self._events(day), key=lambda event: event[0]):
                self.watch.now = max(at.astimezone(UTC), self.watch.now + timedelta(seconds=1))
                await self._happens(day, what)

    def _events(self, day: int) -> Iterator[tuple[datetime, Incoming | str]]:
        def at(when: time) -> datetime:
            return datetime.combine(OPENING_DAYS[day], when, JAPAN)

        yield at(time(7, 50)), "register"
        yield at(time(9, 0)), "tick"
        for when in READING:
            yield at(when), "clerks"
        for mail in mails_of(day) if day < self._days else ():
            yield mail.at, mail
        if day == RELAY_DOWN[0]:
            yield at(RELAY_DOWN[1]), "relay down"
            yield at(RELAY_DOWN[2]), "relay up"
        if day == DAEMON_DOWN[0]:
            yield at(DAEMON_DOWN[1]), "daemon down"
        if day == DAEMON_DOWN[0] + 1:
            yield at(DAEMON_DOWN[2]), "daemon up"

    async def _happens(self, day: int, what: Incoming | str) -> None:
        match what:
            case Incoming():
                await self._receive(what)
            case "register":
                await self._import(day)
            case "clerks":
                for clerk in self.clerks:
                    if day not in clerk.away:
                        for mail in list(clerk.answers(self.watch())):
                            await self._receive(mail)
            case "relay down" | "relay up":
                self.relay.is_down = what == "relay down"
            case "daemon down":
                await self.store.close()
                self._is_running = False
            case "daemon up":
                await self._start()
                waiting, self._at_the_mx = self._at_the_mx, []
                for mail in waiting:
                    await self._receive(mail)
        await self._tick()

    async def _start(self) -> None:
        """As the daemon starts: the same database, everything else anew."""
        url = f"sqlite:///{self._folder}/hosho.db"
        self.store = await Store.open(url, vault=KeyFile(self._folder / "hosho.key"), clock=self.watch, durable=False)
        await self.store.recovery.recover()
        policy = policy_of(self.config)
        composer = composer_of(self.config, b"a month's secret, always the same")
        self._sorter = Sorter(self.store, self._reader, composer, policy, self.watch)
        self._sender = Sender(self.store, (self.relay,), self.watch)
        self._sweeps = Sweeps(
            self.store,
            composer,
            policy,
            calendar_of(self.config),
            self.watch,
            issued_enabled=True,
            reminders=reminders_of(self.config),
        )
        self._alarms = Alarms(self.store, composer, policy, self.watch, operator=OPERATOR)
        self._policy = policy
        self._is_running = True

    async def _receive(self, mail: Incoming) -> None:
        if not self._is_running:
            self._at_the_mx.append(mail)
            return
        envelope = Envelope(Source.SMTP, mail.sender, (mail.to,), self.watch())
        await self.store.incoming.keep([Arrival(envelope, mail.content)])

    async def _import(self, day: int) -> None:
        if not (text := register_of(day)) or not self._is_running:
            return
        file = self._folder / f"register-{OPENING_DAYS[day]}.csv"
        file.write_text(text, "utf-8")
        result = await import_file(self.store.register, file, layout=Layout(), actor="register")
        assert not [one for one in result.problems if not one.is_note], result.problems
        await rematch(self.store, self._policy)

    async def _tick(self) -> None:
        """What the daemon's workers do when they are woken."""
        if not self._is_running:
            return
        while mail := await self.store.incoming.claim(lease=LEASE):
            await self._sorter.sort(mail)
        await self._sorter.pictures.draw_all()
        await self._sweeps.all()
        await self._alarms.look()
        self.watch.now += timedelta(seconds=10)  # answers have their delay behind them
        while claimed := await self.store.outbox.claim(limit=1 if self.relay.is_down else 50):
            for one in claimed:
                await self._sender.send(one, self.relay)
            if self.relay.is_down:
                break
        self._hand_out()

    def _hand_out(self) -> None:
        for _, mail in self.relay.left[self._delivered :]:
            clerk = self._desks.get(mail.recipient) or next(
                (one for one in self.clerks if one.address == mail.recipient), None
            )
            if clerk is not None:
                clerk.unread.append(seen(mail, stripped=self._stripped, page=clerk.reads_pages))
        self._delivered = len(self.relay.left)
