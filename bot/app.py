"""The only place that wires things together: settings to values, rooms to workers, workers to one TaskGroup.

`serve(config)` runs the daemon until SIGTERM or SIGINT; `policy_of` and `composer_of` serve the commands as well. Raises
ConfigError for a secret that can't be read, StoreError for a database that can't be opened, OSError for a port that is taken.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Collection, Coroutine
from contextlib import AsyncExitStack

from bot.clock import Clock, utc_now
from bot.config import Config
from bot.core.calendar import Calendar
from bot.core.key_notice import Formats
from bot.core.letters import Office
from bot.core.matching import Rules
from bot.core.policy import Desk, Policy
from bot.documents.reader import Reader
from bot.intake.folder import FolderSettings, FolderWatcher
from bot.intake.imap import ImapSettings, ImapWatcher
from bot.intake.receive import Receiver
from bot.intake.smtp import SmtpListener
from bot.intake.smtp_session import SmtpSettings
from bot.outbound.compose import Composer
from bot.outbound.delivery import Deliverer, SmtpRelay
from bot.outbound.maildir import MaildirDelivery
from bot.workers.register_watch import RegisterWatch
from bot.workers.sender import Sender
from bot.workers.sorter import Sorter
from bot.workers.sweeps import Sweeps
from bot.workers.ticker import Ticker
from storage.store import Store

log = logging.getLogger("hosho.app")

TICK_SECONDS = "30"
"""How often the sweeps ask what is due; HOSHO_TICK_SECONDS in the environment may shorten it for a rehearsal."""

STOP_SECONDS = 8.0
"""What the mail in hand gets when we stop; systemd waits longer than that for both workers."""

_MIB = 1024 * 1024


def policy_of(config: Config) -> Policy:
    """The rules that the core needs, from the settings."""
    office = config.office
    return Policy(
        office=Office(office.city, office.department, office.phone, office.email, office.hours, office.system_name),
        inboxes=tuple(address.lower() for address in config.mail.inboxes),
        desks=tuple(Desk(desk.name, desk.address, frozenset(desk.products)) for desk in config.desks),
        formats=Formats(config.reading.number_patterns, config.reading.key_patterns),
        rules=Rules(config.matching.name_score, config.matching.margin),
        automatic_products=frozenset(config.matching.automatic_products),
        authserv_id=config.mail.authserv_id,
        staff_domains=frozenset(domain.lower() for domain in config.mail.staff_domains),
        free_mail_domains=frozenset(domain.lower() for domain in config.replies.free_mail_domains),
        replies_enabled=config.replies.enabled,
        replies_per_address_per_day=config.replies.per_address_per_day,
    )


def composer_of(config: Config) -> Composer:
    """The maker of letters, from the settings."""
    sender = config.mail.inboxes[0]
    return Composer(sender=sender, bounces=config.mail.bounce_address or sender)


def calendar_of(config: Config) -> Calendar:
    """The city's opening days, from the settings."""

    def month_day(text: str) -> tuple[int, int]:
        month, _, day = text.partition("-")
        return int(month), int(day)

    summary = config.summary
    return Calendar(
        summary.times,
        frozenset(summary.closed_days),
        month_day(summary.year_end_from),
        month_day(summary.year_end_to),
    )


def deliverer_of(config: Config) -> Deliverer:
    """Where outgoing mail goes. Raises ConfigError when the relay's password can't be read."""
    outgoing = config.outgoing
    if outgoing.method == "maildir":
        return MaildirDelivery(config.maildir)
    password = config.secret(outgoing.password_file).get_secret_value() if outgoing.password_file else ""
    return SmtpRelay(
        outgoing.host,
        outgoing.port,
        tls=outgoing.tls,
        username=outgoing.user,
        password=password,
        hostname=config.smtp.hostname,
    )


class Daemon:
    """The daemon's parts, made from the settings and run together. `ports`: what the listeners got, by "smtp" and "lmtp"."""

    def __init__(self, config: Config, *, clock: Clock = utc_now) -> None:
        self._config = config
        self._clock = clock
        self.ports: dict[str, int] = {}
        self.ready = asyncio.Event()
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Begin an orderly stop."""
        self._stopping.set()

    async def run(self) -> None:
        """Run until `stop`: first the doors close, then what was received is stored, then the workers end."""
        os.umask(0o077)  # what we write holds keys and personal data
        async with AsyncExitStack() as stack:
            store = await stack.enter_async_context(await Store.open(self._config.database_url, clock=self._clock))
            reader = await stack.enter_async_context(Reader())
            deliverer = deliverer_of(self._config)
            policy, composer = policy_of(self._config), composer_of(self._config)
            sorter = Sorter(store, reader, composer, policy, self._clock)
            sender = Sender(store, deliverer, self._clock)
            sorter.on_settled = sender.wake.set
            receiver = Receiver(store, sorter.wake.set)
            sweeps = Sweeps(
                store,
                composer,
                policy,
                calendar_of(self._config),
                self._clock,
                issued_enabled=self._config.issued.enabled,
            )
            tick = asyncio.Event()
            ticker = Ticker(
                tick, seconds=int(os.environ.get("HOSHO_TICK_SECONDS", TICK_SECONDS)), times=self._config.summary.times
            )
            await reader.warm()
            async with asyncio.TaskGroup() as group:
                committer = group.create_task(receiver.run(), name="committer")
                sorting = group.create_task(sorter.run(), name="sorter")
                sending = group.create_task(sender.run(), name="sender")
                ticking = [
                    group.create_task(ticker.run(), name="ticker"),
                    group.create_task(self._sweep(tick, store, sweeps, sorter, sender), name="sweeps"),
                ]
                listeners = await self._listen(receiver)
                watchers = [group.create_task(run(), name=name) for name, run in self._watchers(receiver, store)]
                log.info(
                    "ready: %s", ", ".join(f"{name} on port {port}" for name, port in self.ports.items()) or "watching"
                )
                self.ready.set()
                await self._stopping.wait()
                log.info("stopping")
                for listener in listeners:
                    await listener.stop()
                await _end(watchers)
                receiver.stop()
                await committer
                for task in ticking:
                    task.cancel()
                sorter.stop()
                await asyncio.wait([sorting], timeout=STOP_SECONDS)
                sender.stop()
                await asyncio.wait([sending], timeout=STOP_SECONDS)
                await _end([sorting, sending])
        log.info("stopped")

    async def _listen(self, receiver: Receiver) -> list[SmtpListener]:
        mail = self._config.mail
        recipients = frozenset(address.lower() for address in (*mail.inboxes, mail.bounce_address) if address)
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
                lmtp=lmtp,
                takes_bare_line_ends=not section.strict_line_ends,
            )
            listener = SmtpListener(receiver, settings, self._clock)
            self.ports["lmtp" if lmtp else "smtp"] = await listener.start()
            listeners.append(listener)
        return listeners

    def _watchers(
        self, receiver: Receiver, store: Store
    ) -> list[tuple[str, Callable[[], Coroutine[None, None, None]]]]:
        watchers: list[tuple[str, Callable[[], Coroutine[None, None, None]]]] = []
        inboxes = tuple(address.lower() for address in self._config.mail.inboxes)
        imap = self._config.imap
        if imap.enabled and imap.password_file:
            settings = ImapSettings(
                host=imap.host,
                port=imap.port,
                tls=imap.tls,
                user=imap.user,
                password=self._config.secret(imap.password_file),
                mailbox=imap.mailbox,
                poll_seconds=imap.poll_seconds,
                max_bytes=imap.max_message_mib * _MIB,
                recipients=inboxes,
            )
            watchers.append(("imap", ImapWatcher(receiver, store, settings, self._clock).run))
        if self._config.folder.path:
            path = self._config.path(self._config.folder.path)
            watchers.append(("folder", FolderWatcher(receiver, FolderSettings(path, inboxes), self._clock).run))
        return watchers

    async def _sweep(self, tick: asyncio.Event, store: Store, sweeps: Sweeps, sorter: Sorter, sender: Sender) -> None:
        """On each tick: the watched folder, then what is due."""
        section = self._config.register_
        folder = self._config.path(section.watch_folder) if section.watch_folder else None
        watch = RegisterWatch(store, folder, section.columns, self._clock) if folder else None
        while True:
            await tick.wait()
            tick.clear()
            for sweep in (*((watch.look,) if watch else ()), sweeps.all):
                try:
                    await sweep()
                except Exception as error:  # noqa: BLE001 - the worker's top: the other sweeps and the next tick go on
                    log.error("a sweep is put off to the next tick: %s: %s", type(error).__name__, error)  # noqa: TRY400 - one line
            sorter.wake.set()
            sender.wake.set()


async def _end(tasks: Collection[asyncio.Task[None]]) -> None:
    """Cancel tasks and wait; once more where a library swallowed the first cancel (seen with asyncio.wait_for on 3.11)."""
    for _ in range(2):
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=STOP_SECONDS)


async def serve(config: Config) -> None:
    """Run the daemon until a signal."""
    daemon = Daemon(config)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, daemon.stop)
    await daemon.run()
