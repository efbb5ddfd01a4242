"""The door for machines that watch: /healthz, /readyz and /metrics over HTTP, on loopback or a unix socket ([monitoring]).

Made by bot/app.py where the settings ask for it; nothing here is loaded elsewhere. Tells counts and times; no key, no name, no address of a
sender. Raises OSError for a port that is taken or a socket that can't be made.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from bot.clock import Clock
from bot.core.health.alarm_words import AlarmKind
from bot.core.health.alarms import Alarm
from bot.core.health.reconciliation import Ledger
from bot.core.health.status import Backlog
from bot.core.health.workers import WorkerHealth
from bot.core.records.incoming_mail import MailboxMemory
from bot.core.records.journal import JournalHead
from storage.errors import StoreError
from storage.store import Store

UNIX = "unix:"
_ANSWER_SECONDS = 5.0
"""So long the database may take; a monitor asks again."""
_DAY = timedelta(days=1)
_OUR_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})


@dataclass(frozen=True, slots=True)
class Facts:
    """What `status` tells, as far as numbers tell it."""

    backlog: Backlog
    ledger: Ledger  # of the last day
    alarms: tuple[Alarm, ...]
    workers: tuple[WorkerHealth, ...]
    mailboxes: tuple[MailboxMemory, ...]
    journal: JournalHead
    free_bytes: int
    is_ready: bool


class Monitoring:
    """`start` and `stop` once each. `is_ready`: the doors are open. `workers`: as they are now."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        folder: Path,
        is_ready: Callable[[], bool],
        workers: Callable[[], tuple[WorkerHealth, ...]],
    ) -> None:
        self._store = store
        self._clock = clock
        self._folder = folder
        self._is_ready = is_ready
        self._workers = workers
        app = web.Application()
        asked = {"/healthz": _alive, "/readyz": self._ready, "/metrics": self._metrics}
        app.add_routes([web.get(path, _for_ours(handler)) for path, handler in asked.items()])
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.5)

    async def start(self, listen: str) -> int:
        """Listen at unix:/path or host:port; returns the port, 0 for a socket."""
        await self._runner.setup()
        if listen.startswith(UNIX):
            socket = listen.removeprefix(UNIX)
            await web.UnixSite(self._runner, socket).start()
            await asyncio.to_thread(Path(socket).chmod, 0o600)
            return 0
        host, _, port = listen.rpartition(":")
        await web.TCPSite(self._runner, host.strip("[]"), int(port)).start()
        return int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Answer nobody any more."""
        await self._runner.cleanup()

    async def _ready(self, _request: web.Request) -> web.Response:
        """Whether mail is taken: the doors are open, and the database answers."""
        asked = [("doors", self._is_ready()), ("database", await self._database_answers())]
        is_ready = all(is_well for _, is_well in asked)
        lines = "".join(f"{name}: {'ok' if is_well else 'failed'}\n" for name, is_well in asked)
        return web.Response(text=lines, status=200 if is_ready else 503)

    async def _database_answers(self) -> bool:
        try:
            self._store.check_files()
            await asyncio.wait_for(self._store.journal.head(), _ANSWER_SECONDS)
        except (StoreError, TimeoutError):
            return False
        return True

    async def _metrics(self, _request: web.Request) -> web.Response:
        try:
            facts = await asyncio.wait_for(self._facts(), _ANSWER_SECONDS)
        except (StoreError, TimeoutError):
            return web.Response(text="the database does not answer\n", status=503)
        return web.Response(body=as_text(facts, self._clock()), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _facts(self) -> Facts:
        store = self._store
        return Facts(
            backlog=await store.health.backlog(),
            ledger=await store.health.ledger(since=self._clock() - _DAY),
            alarms=await store.health.open_alarms(),
            workers=self._workers(),
            mailboxes=await store.mailboxes.memories(),
            journal=await store.journal.head(),
            free_bytes=shutil.disk_usage(self._folder).free,
            is_ready=self._is_ready(),
        )


async def _alive(_request: web.Request) -> web.Response:
    """The loop goes round."""
    return web.Response(text="ok\n")


_Handler = Callable[[web.Request], Awaitable[web.Response]]


def _for_ours(handler: _Handler) -> _Handler:
    """A page that a browser on this machine shows can't ask us under a name of its own (DNS rebinding)."""

    async def asked(request: web.Request) -> web.Response:
        host = request.host.rpartition(":")[0] or request.host
        if request.transport is not None and request.transport.get_extra_info("peername") and host not in _OUR_NAMES:
            return web.Response(text="wrong host\n", status=421)
        return await handler(request)

    return asked


class _Told:
    """What a registry collects."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        """Give all of it."""
        return self._metrics


def as_text(facts: Facts, now: datetime) -> bytes:
    """The facts in Prometheus's format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(cast(Any, _Told(tuple(_families(facts, now)))))
    return bytes(generate_latest(registry))


def _families(facts: Facts, now: datetime) -> Iterator[Metric]:
    backlog, work = facts.backlog, facts.backlog.work
    yield _one("hosho_ready", "1: the doors are open", facts.is_ready)
    yield _by("hosho_mails", "Incoming mails by state", "state", backlog.mails)
    yield _by("hosho_letters", "Outgoing mails by state", "state", backlog.outgoing)
    waits = (("held", work.held), ("to_verify", work.to_verify), ("mails", work.mails))
    yield _by("hosho_open_work", "What waits for a person of a desk", "kind", waits)
    oldest = (("mail", backlog.oldest_mail_at), ("letter", backlog.oldest_letter_at), ("work", work.since))
    ages = [(what, max(0.0, (now - at).total_seconds()) if at else 0.0) for what, at in oldest]
    yield _by("hosho_oldest_seconds", "How long the oldest waits; 0: none does", "what", ages)
    doors = [(door.source, door.received) for door in facts.ledger.doors]
    yield _by("hosho_received_last_day", "Mails received in the last 24 hours", "door", doors)
    yield _one("hosho_ledger_balances", "1: what was received has ended or waits", facts.ledger.balances)
    kinds = [alarm.kind for alarm in facts.alarms if alarm.absent_since is None]
    yield _by("hosho_alarms", "Open alarms", "kind", [(kind, kinds.count(kind)) for kind in AlarmKind])
    done = [(one.worker, one.done_at.timestamp()) for one in facts.workers if one.done_at]
    yield _by("hosho_worker_last_success_seconds", "When the worker last did its work (Unix time)", "worker", done)
    failures = [(one.worker, one.failures) for one in facts.workers]
    yield _by("hosho_worker_failures", "Failures in a row", "worker", failures)
    looks = [(memory.mailbox, memory.looked_at.timestamp()) for memory in facts.mailboxes]
    yield _by("hosho_mailbox_last_look_seconds", "When the mailbox was last looked at (Unix time)", "mailbox", looks)
    yield _one("hosho_free_bytes", "Free on the disk of the data", facts.free_bytes)
    yield _one("hosho_journal_lines", "Lines of the journal", facts.journal.number)


def _one(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(name, words, value=float(value))


def _by(name: str, words: str, label: str, values: Iterable[tuple[str, float]]) -> Metric:
    family = GaugeMetricFamily(name, words, labels=[label])
    for which, value in values:
        family.add_metric([str(which)], float(value))
    return family
