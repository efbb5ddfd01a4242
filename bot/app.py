"""The only place that wires things together: settings to values, rooms to workers, workers to one TaskGroup.

`serve(config)` runs the daemon until SIGTERM or SIGINT; SIGHUP makes it read the settings anew. Raises ConfigError for a secret that can't be read, StoreError for a
database that can't be opened, OSError for a port that is taken.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Collection, Coroutine
from contextlib import AsyncExitStack, suppress

from bot.clock import Clock, utc_now
from bot.config.mistakes import ConfigError, Mistake
from bot.config.notes import settings_notes
from bot.config.reloading import reloaded
from bot.config.settings import Config
from bot.core.health.alarms import MailboxHealth
from bot.crew import LAST_SECONDS, Around, Crew, end, wait
from bot.documents.pool.reader import Reader
from bot.intake.folder import FolderSettings, FolderWatcher
from bot.intake.imap.watcher import ImapWatcher
from bot.intake.receive import Receiver
from bot.intake.smtp.listener import SmtpListener, SmtpSettings
from bot.log import error_words
from bot.probing.servers import relays_refusals
from bot.probing.standing import look
from bot.process_memory import give_back_what_is_freed
from bot.successes import Successes
from bot.watchdog import notify, watched_loop
from bot.wiring import _MIB, imap_settings_of
from storage.database.daemon_lock import LOOK_SECONDS, DaemonLock
from storage.errors import DaemonRunning, DatabaseGone, DatabaseReplaced, StoreError
from storage.files import DiskRoom, make_folder, sqlite_file
from storage.store import KeyFile, Store
from storage.use_cases.journal import BOT

log = logging.getLogger("hosho.app")

STOP_SECONDS = 8.0
"""What an orderly stop may take in all: the doors first, then what was received, then the mail in hand."""
_DOOR_SECONDS = 3.0  # of these: for a mail in the middle of its transfer; its client still has it
RELOAD_SECONDS = 30.0
"""What the mails in hand may take before a reload cuts them short; then they are read anew."""

KILLED_AFTER_SECONDS = 9
"""So long after a signal the kernel ends the process, whatever hangs: a crash loses nothing that was promised."""

_LOOK_SECONDS = 1.0  # how often the guard looks at the database's file and the disk


class Daemon:
    """The daemon's parts, made from the settings and run together. `ports`: what the listeners got, by "smtp" and "lmtp".

    `reread`: reads the settings anew and checks them; raises ConfigError.
    """

    def __init__(
        self,
        config: Config,
        *,
        clock: Clock = utc_now,
        lock: DaemonLock | None = None,
        new_database: bool = False,
        reread: Callable[[], Config] | None = None,
    ) -> None:
        self._config = config
        # Its secrets are read once: what is wrong with them ends a start, and never a daemon that begins to lead.
        self._imap = imap_settings_of(config) if config.imap.enabled else None
        self._clock = clock
        self._lock = lock or DaemonLock(None)
        self._leads = False
        self._watching: list[asyncio.Task[None]] = []
        self._new_database = new_database
        self._reread = reread or (lambda: config)
        file = sqlite_file(config.database_url) if config.database_url.startswith("sqlite:") else None
        self._folder = file.parent if file else config.data_folder
        self._has_room = DiskRoom(self._folder, config.room_bytes)
        self._successes = Successes(clock)
        self._healths: list[Callable[[], MailboxHealth]] = []  # of the mailboxes that are watched
        self.ports: dict[str, int] = {}
        self.ready = asyncio.Event()
        self._stopping = asyncio.Event()
        self._told_to_reload = asyncio.Event()
        self._crew: Crew

    @property
    def _mode(self) -> str:
        return "試験運用中" if self._config.outgoing.shadow else "運転中"

    def stop(self) -> None:
        """Begin an orderly stop; again is no error."""
        self._stopping.set()

    def reload(self) -> None:
        """Read the settings anew, soon; the doors stay open meanwhile."""
        self._told_to_reload.set()

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
                daemon=self._lock,
                in_shadow=self._config.outgoing.shadow,
            )
            store = await stack.enter_async_context(await opening)
            if store.was_put_here and (first := await store.recovery.note_restored(actor=BOT)):
                log.warning("the database was put here by hand: numbers go on from %d", first)
            if not self._lock.is_shared:
                await _recover(store)
            reader = await stack.enter_async_context(Reader(sees=self._config.pictures.sees))
            self._crew = self._crew_of(self._config, store, reader)
            await store.recovery.note_run(started=True, place=self._place)
            async with watched_loop(), asyncio.TaskGroup() as group:
                is_ours = await self._work(group, store, reader)
            if is_ours:
                with suppress(StoreError):
                    await store.recovery.note_run(started=False, place=self._place)
        log.info("stopped")
        return is_ours

    @property
    def _place(self) -> str:
        """Which of several daemons this is, the same after its next start."""
        return (
            f"{socket.gethostname()} {self._config.base} {self._config.smtp.port}/{self._config.lmtp.port}"
            if self._lock.is_shared
            else ""
        )

    def _crew_of(self, config: Config, store: Store, reader: Reader) -> Crew:
        around = Around(self._successes, self._healths, self._has_room, self._is_ready)
        return Crew(config, store, reader, self._clock, around)

    def _is_ready(self) -> bool:
        return self.ready.is_set() and not self._stopping.is_set()

    async def _work(self, group: asyncio.TaskGroup, store: Store, reader: Reader) -> bool:
        receiver = Receiver(store.incoming, self._wake)
        committer = group.create_task(receiver.run(), name="committer")
        self._crew.start(group)
        listeners = await self._listen(receiver)
        self._lock.listen(self._wake_all)
        leading = group.create_task(self._lead(group, receiver, store), name="leading")
        monitoring = await self._monitor(store)
        guard = group.create_task(self._guard(store), name="guard")
        for note in settings_notes(self._config):
            log.warning("%s", note)
        mode = "ready, in shadow mode" if self._config.outgoing.shadow else "ready"
        log.info("%s: %s", mode, ", ".join(f"{name} on port {port}" for name, port in self.ports.items()) or "watching")
        self.ready.set()
        notify(f"READY=1\nSTATUS={self._mode}")
        beside = [
            group.create_task(reader.warm(), name="warming"),
            group.create_task(_try_relay(self._config), name="trying the relay"),
            group.create_task(self._reload_when_told(group, store, reader), name="reloading"),
        ]
        await asyncio.wait([guard, group.create_task(self._stopping.wait())], return_when=asyncio.FIRST_COMPLETED)
        is_ours = not guard.done()
        self._stopping.set()
        log.info("stopping")
        deadline = asyncio.get_running_loop().time() + STOP_SECONDS
        closing = [*(listener.stop() for listener in listeners), *(stop() for stop in monitoring)]
        await asyncio.gather(end([guard, *beside, leading, *self._watching], deadline), *closing)
        receiver.stop()
        await wait([committer], deadline - LAST_SECONDS)
        await self._crew.end(deadline)
        await end([committer], deadline)
        return is_ours

    def _wake(self) -> None:
        self._crew.wake()
        self._lock.tell()

    def _wake_all(self) -> None:
        self._crew.wake_all()

    async def _lead(self, group: asyncio.TaskGroup, receiver: Receiver, store: Store) -> None:
        """While this daemon leads: watch the mailboxes, run the sweeps, free what the dead had in hand."""
        gone: frozenset[int] = frozenset()
        while True:
            if (leads := await self._lock.leads()) and not self._leads:
                self._begin_to_lead(group, receiver, store)
            elif self._leads and not leads:
                await self._end_to_lead()
            if leads and self._lock.is_shared:
                with suppress(StoreError):  # the next look
                    # Twice: whoever lost his connection to a server that starts anew is back by then.
                    before, gone = gone, await store.recovery.gone()
                    if (dead := gone & before) and await _recover(store, dead):
                        self._crew.wake_all()
                        self._lock.tell()
                    if dead:
                        await self._crew.see_to_files()
            await asyncio.sleep(LOOK_SECONDS)

    def _begin_to_lead(self, group: asyncio.TaskGroup, receiver: Receiver, store: Store) -> None:
        self._leads = True
        self._watching = [group.create_task(run(), name=name) for name, run in self._watchers(receiver, store)]
        self._crew.lead(group)
        if self._lock.is_shared:
            log.info("this daemon leads: it watches the mailboxes and the register, and sends summaries and reminders")

    async def _end_to_lead(self) -> None:
        self._leads = False
        log.warning("this daemon does not lead any more")
        watching, self._watching = self._watching, []
        self._healths.clear()
        deadline = asyncio.get_running_loop().time() + STOP_SECONDS
        await asyncio.gather(end(watching, deadline), self._crew.follow(deadline))

    async def _reload_when_told(self, group: asyncio.TaskGroup, store: Store, reader: Reader) -> None:
        """Make a crew by the settings as they are now; wrong ones are told, and those before stay."""
        while True:
            await self._told_to_reload.wait()
            self._told_to_reload.clear()
            notify(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}\nSTATUS=設定を読み直しています")
            try:
                read = await asyncio.to_thread(self._reread)
                config, waiting = reloaded(self._config, read)
                crew = self._crew_of(config, store, reader)
            except Exception as error:  # noqa: BLE001 - the worker's top: whatever is wrong, the settings before stay
                for mistake in error.mistakes if isinstance(error, ConfigError) else ():
                    log.error("設定の誤り %s: %s。%s", mistake.key, mistake.what, mistake.cure)  # noqa: TRY400 - likewise
                told = "" if isinstance(error, ConfigError) else f"（{error_words(error)}）"
                log.error("設定を読み直せないため、前の設定のまま動いています%s", told)  # noqa: TRY400 - the text says all
                notify("READY=1\nSTATUS=設定に誤りがあるため、前の設定で運転中")
                continue
            await self._crew.end(asyncio.get_running_loop().time() + RELOAD_SECONDS)
            self._config, self._crew = config, crew
            crew.start(group)
            if self._leads:
                crew.lead(group)
            crew.wake()
            log.info("設定を読み直しました")
            if waiting:
                log.warning("次の変更は、起動し直すまで使われません: %s", "、".join(waiting))
            notify(
                f"READY=1\nSTATUS={self._mode}{'（起動し直すまで使われない設定の変更があります）' if waiting else ''}"
            )

    async def _guard(self, store: Store) -> None:
        """See that the database is there and ours, and the disk not full. Returns when the daemon must stop, and has said why."""
        watching = asyncio.create_task(self._lock.watch())
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

    async def _monitor(self, store: Store) -> list[Callable[[], Coroutine[None, None, None]]]:
        """Open the door for machines that watch, where the settings have one; returns what closes it."""
        if not (listen := self._config.monitoring.listen):
            return []
        try:
            from bot.monitoring import Monitoring  # noqa: PLC0415 - an extra, which most offices do without
        except ImportError:
            cure = "./run setup で、この版のパッケージを入れてください"
            raise ConfigError(
                (Mistake("monitoring.listen", "aiohttp と prometheus_client がありません", cure),)
            ) from None

        monitoring = Monitoring(
            store,
            self._clock,
            folder=self._folder,
            is_ready=self._is_ready,
            workers=lambda: self._successes.healths,
            look=lambda now: look(self._config, store, now, runs=True),
        )
        self.ports["monitoring"] = await monitoring.start(listen)
        return [monitoring.stop]

    def _watchers(
        self, receiver: Receiver, store: Store
    ) -> list[tuple[str, Callable[[], Coroutine[None, None, None]]]]:
        watchers: list[tuple[str, Callable[[], Coroutine[None, None, None]]]] = []
        if self._imap is not None:
            watcher = ImapWatcher(receiver, store.mailboxes, self._imap, self._clock, has_room=self._has_room)
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


async def _recover(store: Store, gone: Collection[int] = ()) -> bool:
    """Whether a daemon that died had anything in hand; it is due now."""
    mails, letters = await store.recovery.recover(gone)
    if mails or letters:
        log.warning("due at once: %d mails tried before, %d letters whose last result is not known", mails, letters)
    return bool(mails or letters)


async def _try_relay(config: Config) -> None:
    """Say in the log what the relay refuses of us before there is a letter; the daemon runs all the same."""
    try:
        for refusal in await relays_refusals(config):
            log.warning("%s", refusal)
    except Exception as error:  # noqa: BLE001 - the letters will tell
        log.warning("the relay could not be tried: %s", type(error).__name__)


async def serve(
    config: Config, lock: DaemonLock, *, new_database: bool = False, reread: Callable[[], Config] | None = None
) -> bool:
    """Run the daemon until a signal. False: it had to stop by itself, and the log says why."""
    give_back_what_is_freed()
    daemon = Daemon(config, lock=lock, new_database=new_database, reread=reread)
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
    # A terminal that is closed ends what runs in it; without one, SIGHUP means: read the settings anew.
    at_hangup = on_signal if _has_terminal() else lambda _number, _frame: loop.call_soon_threadsafe(daemon.reload)
    signal.signal(signal.SIGHUP, at_hangup)
    try:
        return await running
    except asyncio.CancelledError:
        if daemon.ready.is_set():
            raise
        return True  # a signal that came during the start


def _has_terminal() -> bool:
    try:
        return os.isatty(0)
    except OSError:
        return False
