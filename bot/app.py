"""The only place that wires things together: settings to values, rooms to workers, workers to one TaskGroup.

`serve(config)` runs the daemon until SIGTERM or SIGINT. Raises ConfigError for a secret that can't be read, StoreError for a
database that can't be opened, OSError for a port that is taken.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Collection, Coroutine
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass

from bot.clock import Clock, utc_now
from bot.composing import composer_of
from bot.config.notes import unproven_senders
from bot.config.settings import Config
from bot.config.to_policy import backup_of, calendar_of, policy_of, reminders_of, waiting_after
from bot.connecting import connections_of, relays_refusals
from bot.core.health.alarms import MailboxHealth
from bot.core.health.workers import Worker
from bot.documents.pool.reader import Reader
from bot.intake.folder import FolderSettings, FolderWatcher
from bot.intake.imap.watcher import ImapWatcher
from bot.intake.receive import Receiver
from bot.intake.smtp.listener import SmtpListener, SmtpSettings
from bot.outbound.compose import Composer
from bot.process_memory import give_back_what_is_freed
from bot.successes import Successes
from bot.watchdog import notify, watched_loop
from bot.wiring import _MIB, imap_settings_of
from bot.workers.alarms import Alarms
from bot.workers.register_watch import RegisterWatch
from bot.workers.sender import Sender
from bot.workers.sorter import Sorter
from bot.workers.sweeps import Sweeps
from bot.workers.ticker import Jumps, Ticker
from storage.database.daemon_lock import DaemonLock
from storage.errors import DaemonRunning, DatabaseGone, DatabaseReplaced, StoreError
from storage.files import DiskRoom, make_folder, sqlite_file
from storage.store import KeyFile, Store
from storage.use_cases.journal import BOT

log = logging.getLogger("hosho.app")

TICK_SECONDS = "30"
"""How often the sweeps ask what is due; HOSHO_TICK_SECONDS in the environment may shorten it for a rehearsal."""

STOP_SECONDS = 8.0
"""What an orderly stop may take in all: the doors first, then what was received, then the mail in hand."""
_DOOR_SECONDS = 3.0  # of these: for a mail in the middle of its transfer; its client still has it
_LAST_SECONDS = 1.0  # of these: for workers that have to be cut short

KILLED_AFTER_SECONDS = 9
"""So long after a signal the kernel ends the process, whatever hangs: a crash loses nothing that was promised."""

_LOOK_SECONDS = 1.0  # how often the guard looks at the database's file and the disk


@dataclass(frozen=True, slots=True)
class _Workers:
    composer: Composer
    receiver: Receiver
    sorter: Sorter
    sender: Sender
    sweeps: Sweeps
    alarms: Alarms


class Daemon:
    """The daemon's parts, made from the settings and run together. `ports`: what the listeners got, by "smtp" and "lmtp"."""

    def __init__(
        self, config: Config, *, clock: Clock = utc_now, lock: DaemonLock | None = None, new_database: bool = False
    ) -> None:
        self._config = config
        self._clock = clock
        self._lock = lock
        self._new_database = new_database
        file = sqlite_file(config.database_url) if config.database_url.startswith("sqlite:") else None
        self._folder = file.parent if file else config.data_folder
        self._has_room = DiskRoom(self._folder, config.room_bytes)
        self._successes = Successes(clock)
        self._healths: list[Callable[[], MailboxHealth]] = []  # of the mailboxes that are watched
        self.ports: dict[str, int] = {}
        self.ready = asyncio.Event()
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Begin an orderly stop; again is no error."""
        self._stopping.set()

    async def run(self) -> bool:
        """Run until `stop`: first the doors close, then what was received is stored, then the workers end.

        False: it had to stop by itself, since the database is no longer ours; the log says why.
        """
        os.umask(0o077)  # what we write holds keys and personal data
        make_folder(self._folder)
        async with AsyncExitStack() as stack:
            opening = Store.open(
                self._config.database_url,
                vault=KeyFile(self._config.key_file),
                clock=self._clock,
                new_database=self._new_database,
            )
            store = await stack.enter_async_context(await opening)
            mails, letters = await store.recovery.recover()
            if mails or letters:
                log.warning(
                    "due at once: %d mails tried before, %d letters whose last result is not known", mails, letters
                )
            reader = await stack.enter_async_context(Reader(sees=self._config.pictures.sees))
            workers = self._workers(store, reader)
            if store.was_put_here and (first := await store.recovery.note_restored(actor=BOT)):
                log.warning("the database was put here by hand: numbers go on from %d", first)
            await store.recovery.note_run(started=True)
            async with watched_loop(), asyncio.TaskGroup() as group:
                is_ours = await self._work(group, store, reader, workers)
            if is_ours:
                with suppress(StoreError):
                    await store.recovery.note_run(started=False)
        log.info("stopped")
        return is_ours

    def _workers(self, store: Store, reader: Reader) -> _Workers:
        config, clock = self._config, self._clock
        policy, composer = policy_of(config), composer_of(config, store.derived_secret("letters"))
        sorter = Sorter(store, reader, composer, policy, clock)
        sender = Sender(store, connections_of(config), clock)
        sorter.on_settled = sender.wake.set
        sorter.successes = sender.successes = self._successes
        sweeps = Sweeps(
            store,
            composer,
            policy,
            calendar_of(config),
            clock,
            issued_enabled=config.issued.enabled,
            reminders=reminders_of(config),
        )
        alarms = Alarms(
            store,
            composer,
            policy,
            clock,
            operator=config.operator.address,
            waiting_after=waiting_after(config),
            mailboxes=self._healths,
            has_room=self._has_room,
            calendar=calendar_of(config),
            successes=self._successes,
            backup=backup_of(config),
        )
        return _Workers(composer, Receiver(store.incoming, sorter.wake.set), sorter, sender, sweeps, alarms)

    async def _work(self, group: asyncio.TaskGroup, store: Store, reader: Reader, workers: _Workers) -> bool:
        receiver, sorter, sender = workers.receiver, workers.sorter, workers.sender
        tick = asyncio.Event()
        seconds = int(os.environ.get("HOSHO_TICK_SECONDS", TICK_SECONDS))
        ticker = Ticker(tick, self._clock, seconds=seconds, times=self._config.summary.times)
        committer = group.create_task(receiver.run(), name="committer")
        sorting = group.create_task(sorter.run(), name="sorter")
        sending = group.create_task(sender.run(), name="sender")
        ticking = [
            group.create_task(ticker.run(), name="ticker"),
            group.create_task(self._sweep(tick, store, workers), name="sweeps"),
        ]
        listeners = await self._listen(receiver)
        watchers = [group.create_task(run(), name=name) for name, run in self._watchers(receiver, store)]
        guard = group.create_task(self._guard(store), name="guard")
        for note in unproven_senders(self._config):
            log.warning("%s", note)
        log.info("ready: %s", ", ".join(f"{name} on port {port}" for name, port in self.ports.items()) or "watching")
        self.ready.set()
        notify("READY=1\nSTATUS=運転中")
        warming = group.create_task(reader.warm(), name="warming")
        trying = group.create_task(_try_relay(self._config), name="trying the relay")
        group.create_task(_load(workers.composer), name="letters")
        await asyncio.wait([guard, group.create_task(self._stopping.wait())], return_when=asyncio.FIRST_COMPLETED)
        is_ours = not guard.done()
        self._stopping.set()
        log.info("stopping")
        deadline = asyncio.get_running_loop().time() + STOP_SECONDS
        closing = (listener.stop() for listener in listeners)
        await asyncio.gather(_end([guard, warming, trying, *watchers], deadline), *closing)
        receiver.stop()
        await _wait([committer], deadline - _LAST_SECONDS)
        sorter.stop()
        sender.stop()
        await _wait([sorting, sending], deadline - _LAST_SECONDS)
        await _end([committer, sorting, sending, *ticking], deadline)
        return is_ours

    async def _guard(self, store: Store) -> None:
        """See that the database is there and ours, and the disk not full. Returns when the daemon must stop, and has said why."""
        watching = asyncio.create_task(self._lock.watch() if self._lock else asyncio.Event().wait())
        is_gone = False
        try:
            while True:
                await asyncio.wait([watching], timeout=_LOOK_SECONDS)
                if watching.done():
                    await watching
                self._has_room()
                try:
                    store.check_files()
                except DatabaseGone as error:  # somebody may put it back; until then every mail is refused for now
                    if not is_gone:
                        log.error("%s", error)  # noqa: TRY400 - the text says all
                    is_gone = True
                else:
                    if is_gone:
                        log.warning("the database's file is back")
                    is_gone = False
        except (DaemonRunning, DatabaseReplaced) as error:
            log.error("%s。停止します", error)  # noqa: TRY400 - likewise
        finally:
            watching.cancel()

    async def _listen(self, receiver: Receiver) -> list[SmtpListener]:
        recipients = frozenset(self._config.addresses)
        listeners: list[SmtpListener] = []
        for section, lmtp in ((self._config.smtp, False), (self._config.lmtp, True)):
            if not section.enabled:
                continue
            settings = SmtpSettings(
                section.host,
                section.port,
                section.hostname,
                section.max_message_mib * _MIB,
                recipients,
                self._folder,
                lmtp=lmtp,
                takes_bare_line_ends=not section.strict_line_ends,
                stop_seconds=_DOOR_SECONDS,
                max_connections=section.max_connections,
                max_connections_per_ip=section.max_connections_per_ip,
                command_seconds=section.command_seconds,
                data_seconds=section.data_seconds,
                session_seconds=section.session_seconds,
            )
            listener = SmtpListener(receiver, settings, self._clock, has_room=self._has_room)
            self.ports["lmtp" if lmtp else "smtp"] = await listener.start()
            listeners.append(listener)
        return listeners

    def _watchers(
        self, receiver: Receiver, store: Store
    ) -> list[tuple[str, Callable[[], Coroutine[None, None, None]]]]:
        watchers: list[tuple[str, Callable[[], Coroutine[None, None, None]]]] = []
        if self._config.imap.enabled:
            settings = imap_settings_of(self._config)
            watcher = ImapWatcher(receiver, store.mailboxes, settings, self._clock, has_room=self._has_room)
            self._healths.append(lambda: watcher.health)
            watchers.append(("imap", watcher.run))
        if self._config.folder.path:
            path = self._config.path(self._config.folder.path)
            folder = FolderWatcher(
                receiver,
                FolderSettings(path, self._config.addresses),
                self._clock,
                has_room=self._has_room,
                successes=self._successes,
            )
            watchers.append(("folder", folder.run))
        return watchers

    async def _sweep(self, tick: asyncio.Event, store: Store, workers: _Workers) -> None:
        """On each tick: the watched folder, then what is due."""
        section, layout = self._config.register_, policy_of(self._config).formats.layout
        folder = self._config.path(section.watch_folder) if section.watch_folder else None
        watch = RegisterWatch(store, folder, layout, self._clock) if folder else None
        jumps = Jumps(self._clock)
        while True:
            await tick.wait()
            tick.clear()
            if seconds := jumps.look():
                log.error("the clock was put %s by %d seconds", "forward" if seconds > 0 else "back", abs(seconds))
                with suppress(StoreError):  # the log has it
                    await store.recovery.note_jump(seconds)
            register = ((Worker.REGISTER, watch.look),) if watch else ()
            for worker, sweep in (*register, *workers.sweeps.each, (Worker.ALARMS, workers.alarms.look)):
                try:
                    with self._successes.during(worker):
                        await sweep()
                except Exception as error:  # noqa: BLE001 - the worker's top: the other sweeps and the next tick go on
                    log.error("a sweep is put off to the next tick: %s: %s", type(error).__name__, error)  # noqa: TRY400 - one line
            workers.sorter.wake.set()
            workers.sender.wake.set()


async def _try_relay(config: Config) -> None:
    """Say in the log what the relay refuses of us before there is a letter; the daemon runs all the same."""
    try:
        for refusal in await relays_refusals(config):
            log.warning("%s", refusal)
    except Exception as error:  # noqa: BLE001 - the letters will tell
        log.warning("the relay could not be tried: %s", type(error).__name__)


async def _load(composer: Composer) -> None:
    """Compile the letters before they are needed; a fault here (no file descriptors left) does not end the daemon."""
    try:
        await asyncio.to_thread(composer.load)
    except Exception as error:  # noqa: BLE001 - a letter that is needed is compiled again, and its mail tried again
        log.warning("the letters are compiled as they are needed: %s", type(error).__name__)


async def _wait(tasks: Collection[asyncio.Task[None]], deadline: float) -> None:
    """Wait for tasks, not beyond the deadline (of the loop's clock)."""
    await asyncio.wait(tasks, timeout=max(0.0, deadline - asyncio.get_running_loop().time()))


async def _end(tasks: Collection[asyncio.Task[None]], deadline: float) -> None:
    """Cancel tasks and wait; once more where a library swallowed the first cancel (seen with asyncio.wait_for on 3.11)."""
    for until in (deadline - _LAST_SECONDS / 2, deadline):
        for task in tasks:
            task.cancel()
        await _wait(tasks, until)


async def serve(config: Config, lock: DaemonLock, *, new_database: bool = False) -> bool:
    """Run the daemon until a signal. False: it had to stop by itself, and the log says why."""
    give_back_what_is_freed()
    daemon = Daemon(config, lock=lock, new_database=new_database)
    running = asyncio.ensure_future(daemon.run())
    loop = asyncio.get_running_loop()

    def told() -> None:
        daemon.stop()
        if not daemon.ready.is_set():
            running.cancel()

    def on_signal(_number: int, _frame: object) -> None:
        # In the handler itself, not in the loop, which may be what hangs; the default action of SIGALRM ends the process.
        signal.alarm(KILLED_AFTER_SECONDS)
        loop.call_soon_threadsafe(told)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    try:
        return await running
    except asyncio.CancelledError:
        if daemon.ready.is_set():
            raise
        return True  # a signal that came during the start
