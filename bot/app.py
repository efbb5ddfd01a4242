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
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

from pydantic import SecretStr

from bot.clock import Clock, utc_now
from bot.config import Config, ConfigError, Mistake
from bot.core.alarms import MailboxHealth
from bot.core.calendar import Calendar
from bot.core.consent_words import STOP_SUBJECT
from bot.core.deadlines import Absence, DeadlineKind, ReminderRules
from bot.core.guessing import GuessRules
from bot.core.key_notice import Formats
from bot.core.letters import Office
from bot.core.limits import Limits, Rate
from bot.core.matching import Rules
from bot.core.papers import PaperRules
from bot.core.policy import Desk, KeysShown, Policy
from bot.core.subjects import Forms
from bot.documents.reader import Reader
from bot.intake.credentials import Credential, CredentialError, printed_by
from bot.intake.folder import FolderSettings, FolderWatcher
from bot.intake.imap import ImapSettings, ImapWatcher
from bot.intake.receive import Receiver
from bot.intake.smtp import SmtpListener, SmtpSettings
from bot.memory import give_back_what_is_freed
from bot.outbound.checking import check_letters
from bot.outbound.compose import Composer
from bot.outbound.delivery import Deliverer, SmtpRelay
from bot.outbound.maildir import MaildirDelivery
from bot.workers.alarms import Alarms
from bot.workers.register_watch import RegisterWatch
from bot.workers.sender import Sender
from bot.workers.sorter import Sorter
from bot.workers.sweeps import Sweeps
from bot.workers.ticker import Ticker
from storage.database.daemon_lock import DaemonLock
from storage.errors import DaemonRunning, DatabaseGone, DatabaseReplaced
from storage.files import Room, make_folder, sqlite_file
from storage.store import KeyFile, Store

log = logging.getLogger("hosho.app")

TICK_SECONDS = "30"
"""How often the sweeps ask what is due; HOSHO_TICK_SECONDS in the environment may shorten it for a rehearsal."""

STOP_SECONDS = 8.0
"""What an orderly stop may take in all: the doors first, then what was received, then the mail in hand."""
_DOOR_SECONDS = 3.0  # of these: a mail in the middle of its transfer; its client has it still
_LAST_SECONDS = 1.0  # of these: for workers that have to be cut short

KILLED_AFTER_SECONDS = 9
"""After a signal the kernel ends us, whatever hangs: a crash loses nothing that was promised."""

_LOOK_SECONDS = 1.0  # how often the guard looks at the database's file and the disk

_MIB = 1024 * 1024


def policy_of(config: Config) -> Policy:
    """The rules that the core needs, from the settings."""
    office = config.office
    return Policy(
        office=Office(office.city, office.department, office.phone, office.email, office.hours, office.system_name),
        inboxes=config.inboxes,
        desks=tuple(
            Desk(
                desk.name,
                desk.address,
                frozenset(desk.products),
                frozenset(one.lower() for one in desk.staff),
                desk.deputy,
                desk.head,
                desk.keys_address,
                tuple(one.lower() for one in desk.inboxes),
            )
            for desk in config.desks
        ),
        formats=Formats(
            config.reading.number_patterns,
            config.reading.key_patterns,
            PaperRules.deciding(config.papers.model_dump()),
            tuple(config.register_.columns.items()),
        ),
        rules=Rules(config.matching.name_score, config.matching.margin),
        automatic_products=frozenset(config.matching.automatic_products),
        authserv_id=config.mail.authserv_id,
        staff_domains=frozenset(domain.lower() for domain in config.mail.staff_domains),
        free_mail_domains=frozenset(domain.lower() for domain in config.replies.free_mail_domains),
        own_hops=config.mail.own_hops,
        replies_enabled=config.replies.enabled,
        keep_subjects=config.outgoing.keep_subjects,
        reply_delay=timedelta(seconds=config.replies.delay_seconds),
        password_window=timedelta(hours=config.passwords.window_hours if config.passwords.enabled else 0),
        pictures=config.pictures.in_alerts,
        answers_for=_answers_for(config),
        keys=KeysShown(config.answers.keys),
        workbooks=config.summary.workbook,
        takes_wishes=_takes_wishes(config),
        subjects=Forms.of(config.subjects.profiles, config.subjects.patterns),
        limits=limits_of(config),
        guesses=GuessRules(
            config.replies.guessed_keys, config.replies.guessed_keys_days, config.replies.guessed_numbers
        ),
    )


def _answers_for(config: Config) -> timedelta:
    """How long clerks may answer a letter; never where nothing proves who wrote."""
    return timedelta(days=config.answers.days if config.answers.enabled and config.mail.authserv_id else 0)


def _takes_wishes(config: Config) -> bool:
    """Whether contractors stop the issuance-complete mails by mail; never where nothing proves who wrote."""
    notifies = config.issued.enabled or config.reminders.contractor_days > 0
    return notifies and config.issued.stop_by_mail and bool(config.mail.authserv_id)


def reader_of(config: Config) -> Reader:
    """The reading processes, from the settings."""
    return Reader(sees=None if config.pictures.recognise else False)


def limits_of(config: Config) -> Limits:
    """How many letters may leave, from the settings."""
    replies = config.replies
    return Limits(
        address=Rate(replies.per_address_per_hour, replies.per_address_per_day),
        domain=Rate(replies.per_domain_per_hour, replies.per_domain_per_day),
        in_all=Rate(replies.in_all_per_hour, replies.in_all_per_day),
        desk=Rate(replies.alerts_per_desk_per_hour, replies.alerts_per_desk_per_day),
        kind_per_day=replies.kind_per_day,
        notice_per_day=replies.notice_per_day,
        words_per_day=replies.words_per_day,
    )


def letters_folder(config: Config) -> Path | None:
    """Where the city keeps the letters that it words itself."""
    return config.path(config.letters.folder) if config.letters.folder else None


def check_own_letters(config: Config) -> None:
    """Raise ConfigError where the city's own letters are not in order: a mail must not find that out."""
    folder = letters_folder(config)
    if folder is None:
        return
    if not folder.is_dir():
        raise ConfigError(
            (Mistake("letters.folder", f"{folder} というフォルダがありません", "作るか、行を削除してください"),)
        )
    faults = check_letters(folder, policy_of(config).formats)
    if faults:
        cure = "直してから ./run letters check で確かめてください"
        raise ConfigError(tuple(Mistake(f"letters.folder（{fault.file}）", fault.words, cure) for fault in faults))


def composer_of(config: Config, secret: bytes) -> Composer:
    """The maker of letters, from the settings. `secret`: see Composer; Store.derived_secret has it."""
    sender = config.mail.inboxes[0]
    return Composer(
        sender=sender,
        bounces=config.mail.bounce_address or sender,
        secret=secret,
        delimiter=config.mail.bounce_delimiter,
        unsubscribe=sender if _takes_wishes(config) else config.outgoing.unsubscribe,
        unsubscribe_subject=STOP_SUBJECT if _takes_wishes(config) else "",
        reply_to=config.outgoing.reply_to,
        html=config.summary.html,
        templates_dir=letters_folder(config),
        english=config.letters.english,
    )


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


def reminders_of(config: Config) -> ReminderRules:
    """Which deadlines are watched, from the settings."""
    reminders = config.reminders
    return ReminderRules(
        days=MappingProxyType(
            {
                DeadlineKind.PAYMENT_DUE: reminders.payment_due_days,
                DeadlineKind.CONTRACT_GUARANTEE_DUE: reminders.contract_guarantee_due_days,
                DeadlineKind.HELD_TOO_LONG: reminders.held_deputy_days,
                DeadlineKind.NOT_VERIFIED: reminders.not_verified_days,
                DeadlineKind.CLAIM_WITHOUT_NOTICE: reminders.claim_without_notice_days,
                DeadlineKind.NOTICE_WITHOUT_CLAIM: reminders.notice_without_claim_days,
                DeadlineKind.ISSUED_WITHOUT_NOTICE: reminders.issued_without_notice_days,
                DeadlineKind.GUARANTEE_ENDS_BEFORE_WORKS: reminders.guarantee_ends_before_works_days,
            }
        ),
        all_days=frozenset(reminders.all_days),
        payment_warning=reminders.payment_warning_days,
        held_head=reminders.held_head_days,
        contractor=reminders.contractor_days,
        contractor_times=reminders.contractor_times,
        repeat=reminders.repeat_days,
        ends_after=reminders.ends_after_days,
        claim_window=timedelta(days=reminders.claim_window_days),
        begins_on=reminders.begins_on,
        absences=tuple(Absence(one.address, one.since, one.until, one.name) for one in reminders.absences),
    )


def connections_of(config: Config) -> tuple[Deliverer, ...]:
    """Where outgoing mail goes, as often as that may be used at a time. Raises ConfigError when the relay's password can't be read."""
    outgoing = config.outgoing
    if outgoing.method == "maildir":
        return (MaildirDelivery(config.maildir),)
    password = config.secret(outgoing.password_file).get_secret_value() if outgoing.password_file else ""
    return tuple(
        SmtpRelay(
            outgoing.host,
            outgoing.port,
            tls=outgoing.tls,
            username=outgoing.user,
            password=password,
            hostname=config.smtp.hostname,
            ca_file=str(config.path(outgoing.ca_file)) if outgoing.ca_file else "",
        )
        for _ in range(outgoing.connections)
    )


def imap_settings_of(config: Config) -> ImapSettings:
    """The mailbox to watch. Raises ConfigError when the password's file can't be read."""
    imap = config.imap
    if imap.password_file:
        config.secret(
            imap.password_file
        )  # at the start a wrong file is a wrong setting; later it is trouble that may pass
    return ImapSettings(
        host=imap.host,
        port=imap.port,
        tls=imap.tls,
        user=imap.user,
        credential=_from_file(config, imap.password_file)
        if imap.password_file
        else printed_by(imap.token_command, SecretStr),
        mailbox=imap.mailbox,
        poll_seconds=imap.poll_seconds,
        max_bytes=imap.max_message_mib * _MIB,
        recipients=config.addresses,
        auth=imap.auth,
        reconcile_days=imap.reconcile_days,
    )


def _from_file(config: Config, path: Path) -> Credential:
    async def credential() -> SecretStr:
        try:
            return config.secret(path)
        except ConfigError as error:
            raise CredentialError(str(error)) from None

    return credential


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
        self._has_room = Room(self._folder, config.room_bytes)
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
            store = await stack.enter_async_context(
                await Store.open(
                    self._config.database_url,
                    vault=KeyFile(self._config.key_file),
                    clock=self._clock,
                    new_database=self._new_database,
                )
            )
            mails, letters = await store.recovery.recover()
            if mails or letters:
                log.warning(
                    "due at once: %d mails tried before, %d letters whose last result is not known", mails, letters
                )
            reader = await stack.enter_async_context(reader_of(self._config))
            connections = connections_of(self._config)
            policy, composer = policy_of(self._config), composer_of(self._config, store.derived_secret("letters"))
            sorter = Sorter(store, reader, composer, policy, self._clock)
            sender = Sender(store, connections, self._clock)
            sorter.on_settled = sender.wake.set
            receiver = Receiver(store.incoming, sorter.wake.set)
            sweeps = Sweeps(
                store,
                composer,
                policy,
                calendar_of(self._config),
                self._clock,
                issued_enabled=self._config.issued.enabled,
                reminders=reminders_of(self._config),
            )
            alarms = Alarms(
                store,
                composer,
                policy,
                self._clock,
                operator=self._config.operator.address,
                mailboxes=self._healths,
                has_room=self._has_room,
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
                    group.create_task(self._sweep(tick, store, sweeps, alarms, sorter, sender), name="sweeps"),
                ]
                listeners = await self._listen(receiver)
                watchers = [group.create_task(run(), name=name) for name, run in self._watchers(receiver, store)]
                guard = group.create_task(self._guard(store), name="guard")
                log.info(
                    "ready: %s", ", ".join(f"{name} on port {port}" for name, port in self.ports.items()) or "watching"
                )
                self.ready.set()
                await asyncio.wait(
                    [guard, group.create_task(self._stopping.wait())], return_when=asyncio.FIRST_COMPLETED
                )
                is_ours = not guard.done()
                self._stopping.set()
                log.info("stopping")
                deadline = asyncio.get_running_loop().time() + STOP_SECONDS
                await asyncio.gather(_end([guard, *watchers], deadline), *(listener.stop() for listener in listeners))
                receiver.stop()
                await _wait([committer], deadline - _LAST_SECONDS)
                sorter.stop()
                sender.stop()
                await _wait([sorting, sending], deadline - _LAST_SECONDS)
                await _end([committer, sorting, sending, *ticking], deadline)
        log.info("stopped")
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
                receiver, FolderSettings(path, self._config.addresses), self._clock, has_room=self._has_room
            )
            watchers.append(("folder", folder.run))
        return watchers

    async def _sweep(
        self, tick: asyncio.Event, store: Store, sweeps: Sweeps, alarms: Alarms, sorter: Sorter, sender: Sender
    ) -> None:
        """On each tick: the watched folder, then what is due."""
        section = self._config.register_
        folder = self._config.path(section.watch_folder) if section.watch_folder else None
        watch = RegisterWatch(store, folder, section.columns, self._clock) if folder else None
        while True:
            await tick.wait()
            tick.clear()
            for sweep in (*((watch.look,) if watch else ()), sweeps.all, alarms.look):
                try:
                    await sweep()
                except Exception as error:  # noqa: BLE001 - the worker's top: the other sweeps and the next tick go on
                    log.error("a sweep is put off to the next tick: %s: %s", type(error).__name__, error)  # noqa: TRY400 - one line
            sorter.wake.set()
            sender.wake.set()


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
        return True  # told to stop while it started
