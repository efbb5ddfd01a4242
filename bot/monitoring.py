"""The door for who watches: /healthz, /readyz, /metrics and the page /status over HTTP, on loopback or a unix socket ([monitoring]).

Made by bot/app.py where the settings ask for it; nothing here is loaded elsewhere. Tells counts and times; no key, no name, no address of a
sender. Read-only: GET and HEAD. Raises OSError for a port that is taken or a socket that can't be made.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import platform
import shutil
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from bot.clock import Clock
from bot.core.health.alarm_words import AlarmKind
from bot.core.health.alarms import Alarm
from bot.core.health.canary import Canaries
from bot.core.health.reconciliation import Ledger
from bot.core.health.status import Backlog
from bot.core.health.workers import WorkerHealth
from bot.core.records.incoming_mail import MailboxMemory, MailState
from bot.core.records.journal import JournalHead
from bot.core.records.outgoing_mail import OutboxState
from bot.core.text.dates import JAPAN
from bot.core.text.lazy_pattern import LazyPattern
from bot.probing.standing import Standing, by_age, by_day
from bot.version import number
from bot.workers.heartbeat import database_answers
from storage.errors import StoreError
from storage.store import Store

UNIX = "unix:"
_ANSWER_SECONDS = 5.0
"""So long the database may take; a monitor asks again."""
_DAY = timedelta(days=1)
PATHS = ("/healthz", "/readyz", "/metrics", "/status")
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
    canaries: Canaries | None = None


class Monitoring:
    """`start` and `stop` once each. `is_ready`: the doors are open. `workers`: as they are now. `look`: what `status` shows."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        folder: Path,
        is_ready: Callable[[], bool],
        workers: Callable[[], tuple[WorkerHealth, ...]],
        look: Callable[[datetime], Awaitable[Standing]],
    ) -> None:
        self._store = store
        self._look = look
        self._clock = clock
        self._folder = folder
        self._is_ready = is_ready
        self._workers = workers
        app = web.Application()
        handlers = (_alive, self._ready, self._metrics, self._page)
        app.add_routes([web.get(path, _for_ours(how)) for path, how in zip(PATHS, handlers, strict=True)])
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
        asked = [("doors", self._is_ready()), ("database", await database_answers(self._store))]
        is_ready = all(is_well for _, is_well in asked)
        lines = "".join(f"{name}: {'ok' if is_well else 'failed'}\n" for name, is_well in asked)
        return web.Response(text=lines, status=200 if is_ready else 503)

    async def _metrics(self, _request: web.Request) -> web.Response:
        try:
            facts = await asyncio.wait_for(self._facts(), _ANSWER_SECONDS)
        except (StoreError, TimeoutError):
            return web.Response(text="the database does not answer\n", status=503)
        return web.Response(body=as_text(facts, self._clock()), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _page(self, _request: web.Request) -> web.Response:
        try:
            text = await asyncio.wait_for(self._page_text(), _ANSWER_SECONDS)
        except (StoreError, TimeoutError):
            return web.Response(text="データベースが答えません。\n", status=503)
        return web.Response(text=text, content_type="text/html", headers=_page_headers(text))

    async def _page_text(self) -> str:
        now = self._clock()
        standing, days = await self._look(now), await by_day(self._store, now)
        return as_page(standing, self._is_ready(), days, await by_age(self._store, now), now)

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
            canaries=await store.canaries.known(),
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
    canaries = facts.canaries
    sent = canaries.sent_at.timestamp() if canaries else 0
    yield _one("hosho_canary_last_sent_seconds", "When the last test mail was sent (Unix time); 0: never", sent)
    back = canaries.back_at.timestamp() if canaries and canaries.back_at else 0
    yield _one("hosho_canary_last_back_seconds", "When one came back last (Unix time); 0: never", back)
    took = canaries.took.total_seconds() if canaries else 0
    yield _one("hosho_canary_way_seconds", "How long the last one that came back took", took)
    yield _one("hosho_free_bytes", "Free on the disk of the data", facts.free_bytes)
    yield _one("hosho_journal_lines", "Lines of the journal", facts.journal.number)


def _one(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(name, words, value=float(value))


def _by(name: str, words: str, label: str, values: Iterable[tuple[str, float]]) -> Metric:
    family = GaugeMetricFamily(name, words, labels=[label])
    for which, value in values:
        family.add_metric([str(which)], float(value))
    return family


_ADDRESS = LazyPattern(r"[^\s、（）]+@[^\s、（）]+")
_TEMPLATE = "status_page.html.j2"


def _page_headers(page: str) -> dict[str, str]:
    """Nothing but the page's own style is used, nothing is fetched, nobody frames it, and nothing keeps it."""
    style = page.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }


def as_page(
    standing: Standing,
    is_ready: bool,  # noqa: FBT001 - the facts in their order
    days: tuple[tuple[date, Ledger], ...],
    ages: tuple[tuple[int, int], ...],
    now: datetime,
) -> str:
    """The status page in HTML. An alarm's detail, where a server's words may stand, is left to `status`."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters |= {"when": _when, "hidden": lambda text: _ADDRESS.sub("…@…", text)}
    return environment.get_template(_TEMPLATE).render(
        stands=standing,
        is_ready=is_ready,
        days=[(day, sum(door.received for door in ledger.doors), ledger.balances) for day, ledger in days],
        ages=ages,
        now=now,
        mails=dict(standing.backlog.mails),
        letters=dict(standing.backlog.outgoing),
        MailState=MailState,
        OutboxState=OutboxState,
        bot=number(),
        python=platform.python_version(),
    )


def _when(at: datetime | None) -> str:
    return f"{at.astimezone(JAPAN):%Y-%m-%d %H:%M}" if at else "（まだありません）"
