"""The workers that go by the settings: sorter, sender, sweeps, alarms and the ticker, made, run and ended together.

Made by bot/app.py at the start, and anew when the settings are read anew; the doors, the store and the reading processes stay. Raises
ConfigError for a secret that can't be read.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from bot.clock import Clock
from bot.composing import composer_of
from bot.config.settings import Config
from bot.config.to_policy import backup_of, calendar_of, canary_of, policy_of, reminders_of, retention_of, waiting_after
from bot.connecting import connections_of, way_aside
from bot.core.health.alarms import MailboxHealth
from bot.core.health.workers import Worker
from bot.documents.pool.reader import Reader
from bot.outbound.compose import Composer
from bot.successes import Successes
from bot.workers.alarms import Alarms
from bot.workers.canary import CanarySender
from bot.workers.disposal import Disposals
from bot.workers.heartbeat import Heartbeat
from bot.workers.register_watch import RegisterWatch
from bot.workers.sender import Sender
from bot.workers.sorter import Sorter
from bot.workers.sweeps import Sweeps
from bot.workers.ticker import Jumps, Ticker
from storage.errors import StoreError
from storage.store import Store

log = logging.getLogger("hosho.app")

TICK_SECONDS = "30"
"""How often the sweeps ask what is due; HOSHO_TICK_SECONDS in the environment may shorten it for a rehearsal."""

LAST_SECONDS = 1.0
"""Of the time for an end: for workers that have to be cut short."""


@dataclass(frozen=True, slots=True)
class Around:
    """What outlives a crew. `mailboxes`: return their state. `has_room`: free disk space. `is_ready`: the doors are open."""

    successes: Successes
    mailboxes: Sequence[Callable[[], MailboxHealth]]
    has_room: Callable[[], bool]
    is_ready: Callable[[], bool]


class Crew:
    """`start` and `end` are called once each; `wake` and `wake_all` tell of work. `lead` and `follow` begin and end what one daemon of a
    database alone does.
    """

    def __init__(self, config: Config, store: Store, reader: Reader, clock: Clock, around: Around) -> None:
        self._store = store
        self._successes = around.successes
        policy, calendar = policy_of(config), calendar_of(config)
        self._composer = composer_of(config, store.derived_secret("letters"))
        self._sorter = Sorter(store, reader, self._composer, policy, clock)
        self._sender = Sender(store, connections_of(config), clock)
        self._sorter.on_settled = self._sender.wake.set
        self._sorter.successes = self._sender.successes = around.successes
        rules = reminders_of(config)
        is_on = config.issued.enabled
        self._sweeps = Sweeps(store, self._composer, policy, calendar, clock, issued_enabled=is_on, reminders=rules)
        self._alarms = Alarms(
            store,
            self._composer,
            policy,
            clock,
            operator=config.operator.address,
            in_shadow=config.outgoing.shadow,
            waiting_after=waiting_after(config),
            mailboxes=around.mailboxes,
            has_room=around.has_room,
            calendar=calendar,
            canary=canary_of(config),
            aside=way_aside(config),
            successes=around.successes,
            backup=backup_of(config),
        )
        watched = config.monitoring
        file = config.path(watched.heartbeat_file) if watched.heartbeat_file else None
        self._heartbeat = Heartbeat(
            store, clock, around.is_ready, around.has_room, around.successes, file, watched.heartbeat_url
        )
        self._disposals = Disposals(store, self._composer, policy, retention_of(config), clock)
        self._disposes = bool(policy.disposal_approver)
        if not self._disposes:
            around.successes.forget(Worker.DISPOSAL)
        self._canary = _canary_of(config, store, clock, around.successes)
        folder = config.register_.watch_folder
        layout = policy.formats
        self._watch = RegisterWatch(store, config.path(folder), layout, clock) if folder else None
        if self._watch is None:
            around.successes.forget(Worker.REGISTER)
        self._jumps = Jumps(clock)
        self._tick = asyncio.Event()
        seconds = int(os.environ.get("HOSHO_TICK_SECONDS", TICK_SECONDS))
        self._seconds, self._times, self._clock = seconds, config.summary.times, clock
        self._working: list[asyncio.Task[None]] = []
        self._ticking: list[asyncio.Task[None]] = []
        self._has_ended = False

    def wake(self) -> None:
        """There is a new mail."""
        self._sorter.wake.set()

    def wake_all(self) -> None:
        """There is work that another daemon left."""
        self._sorter.wake.set()
        self._sender.wake.set()

    async def see_to_files(self) -> None:
        """See to the letters whose pictures or papers a dead daemon had still to make."""
        await self._sorter.see_to_files()

    def start(self, group: asyncio.TaskGroup) -> None:
        """Run until `end`."""
        self._working = [
            group.create_task(self._sorter.run(), name="sorter"),
            group.create_task(self._sender.run(), name="sender"),
        ]
        group.create_task(_load(self._composer), name="letters")

    def lead(self, group: asyncio.TaskGroup) -> None:
        """Run the sweeps until `follow` or `end`; not any more after it."""
        if self._has_ended:
            return
        self._jumps.look()  # what the clock did before is another's
        self._ticking = [
            group.create_task(
                Ticker(self._tick, Jumps(self._clock), seconds=self._seconds, times=self._times).run(), name="ticker"
            ),
            group.create_task(self._sweep(), name="sweeps"),
        ]
        if self._canary:
            self._ticking.append(group.create_task(self._canary.run(self._seconds), name="canary"))

    async def follow(self, deadline: float) -> None:
        """Leave the sweeps to another daemon."""
        ticking, self._ticking = self._ticking, []
        await end(ticking, deadline)

    async def end(self, deadline: float) -> None:
        """Finish what is in hand; what takes beyond the deadline (of the loop's clock) is cut short."""
        self._has_ended = True
        self._sorter.stop()
        self._sender.stop()
        await wait(self._working, deadline - LAST_SECONDS)
        await end([*self._working, *self._ticking], deadline)

    async def _sweep(self) -> None:
        """On each tick: the watched folder, then what is due."""
        register = ((Worker.REGISTER, self._watch.look),) if self._watch else ()
        disposals = ((Worker.DISPOSAL, self._disposals.carry_out),) if self._disposes else ()
        while True:
            await self._tick.wait()
            self._tick.clear()
            if seconds := self._jumps.look():
                log.error("the clock was put %s by %d seconds", "forward" if seconds > 0 else "back", abs(seconds))
                with suppress(StoreError):  # the log has it
                    await self._store.recovery.note_jump(seconds)
            for worker, sweep in (*register, *self._sweeps.each, *disposals, (Worker.ALARMS, self._alarms.look)):
                with _put_off(), self._successes.during(worker):
                    await sweep()
            if self._heartbeat.is_on:
                with _put_off():
                    await self._heartbeat.beat()
            self.wake_all()


@contextmanager
def _put_off() -> Iterator[None]:
    """The worker's top: what fails waits for the next tick, the others go on."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - as above
        log.error("a sweep is put off to the next tick: %s: %s", type(error).__name__, error)  # noqa: TRY400 - one line


def _canary_of(config: Config, store: Store, clock: Clock, successes: Successes) -> CanarySender | None:
    """What sends canaries, where they are wanted; on a connection of its own."""
    if (rules := canary_of(config)) is None:
        successes.forget(Worker.CANARY)
        return None
    return CanarySender(store, clock, connections_of(config)[0], config.mail.inboxes[0], rules, successes)


async def _load(composer: Composer) -> None:
    """Compile the letters before they are needed; a fault here (no file descriptors left) does not end the daemon."""
    try:
        await asyncio.to_thread(composer.load)
    except Exception as error:  # noqa: BLE001 - a letter that is needed is compiled again, and its mail tried again
        log.warning("the letters are compiled as they are needed: %s", type(error).__name__)


async def wait(tasks: Collection[asyncio.Task[None]], deadline: float) -> None:
    """Wait for tasks, not beyond the deadline (of the loop's clock)."""
    if tasks:
        await asyncio.wait(tasks, timeout=max(0.0, deadline - asyncio.get_running_loop().time()))


async def end(tasks: Collection[asyncio.Task[None]], deadline: float) -> None:
    """Cancel tasks and wait; once more where a library swallowed the first cancel (seen with asyncio.wait_for on 3.11)."""
    for until in (deadline - LAST_SECONDS / 2, deadline):
        for task in tasks:
            task.cancel()
        await wait(tasks, until)
