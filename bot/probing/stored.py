"""What the database tells an onlooker: whether it can be opened, and what the last mails say of the city's servers.

Called by `doctor`. Nothing is changed. `database` raises nothing, `last_mails` StoreError.
"""

from __future__ import annotations

from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

from bot.clock import utc_now
from bot.config.settings import Config
from bot.core.health.diagnosis import file_system_of
from bot.core.health.own_domain import tags
from bot.core.health.probe_facts import DatabaseFact, DatabaseState, LastMails, MailSeen
from bot.core.mail.authentication_results import written_by
from bot.core.mail.multipart import own_header
from bot.core.mail.own_head import own_head
from bot.core.records.envelope import Source
from bot.core.text.lazy_pattern import LazyPattern
from bot.probing.machine import database_file, own_domains
from storage.errors import DatabaseGone, KeysUnfit, NotPrivate, SchemaUnfit, StoreError
from storage.opening import pending_migrations
from storage.store import Store

LAST_MAILS = 20
_LISTED = 100
_MOUNTS = Path("/proc/self/mountinfo")
_STATES = {
    DatabaseGone: DatabaseState.GONE,
    KeysUnfit: DatabaseState.KEYS,
    NotPrivate: DatabaseState.OPEN,
    SchemaUnfit: DatabaseState.UNFIT,
}


def trouble(config: Config, error: StoreError) -> DatabaseFact:
    """Why it can't be opened."""
    state = next((state for kind, state in _STATES.items() if isinstance(error, kind)), DatabaseState.UNUSABLE)
    return DatabaseFact(str(database_file(config) or ""), state, str(error))


async def database(config: Config) -> tuple[DatabaseFact, bool]:
    """What is seen of it before it is opened; and whether it may be, without any change."""
    file = database_file(config)
    if file is not None and not file.exists():
        if file.with_name(f"{file.name}.lock").exists():
            return trouble(config, DatabaseGone(f"{file} がありません（以前はありました）")), False
        return DatabaseFact(str(file), file_system=_file_system(file)), False
    try:
        pending = await pending_migrations(config.database_url, clock=utc_now)
    except StoreError as error:
        return trouble(config, error), False
    fact = DatabaseFact(str(file or ""), file_system=_file_system(file), pending=pending or ())
    return fact, pending == ()


def _file_system(file: Path | None) -> str:
    if file is None:
        return ""
    try:
        return file_system_of(str(file.resolve()), _MOUNTS.read_text("utf-8", "replace"))
    except OSError:
        return ""


async def last_mails(config: Config, store: Store) -> LastMails:
    """The last mails that strangers sent, by their heads."""
    domains = own_domains(config)
    rows = [
        row
        for row in await store.incoming.list_(limit=_LISTED)
        if row.envelope.source is not Source.HAND and not is_own(row.sender.rpartition("@")[2].lower(), domains)
    ]
    seen = [
        _seen((await store.incoming.get(row.mail_id))[1], row.envelope.received_at, domains)
        for row in rows[:LAST_MAILS]
    ]
    return LastMails(tuple(seen), config.mail.authserv_id, config.mail.own_hops, domains)


async def dkim_selectors(store: Store, domain: str) -> frozenset[str]:
    """The selectors by which stored mails of this domain are signed."""
    rows = [row for row in await store.incoming.list_(limit=_LISTED) if row.sender.lower().endswith(f"@{domain}")]
    found: set[str] = set()
    for row in rows[:LAST_MAILS]:
        fields, _ = own_header((await store.incoming.get(row.mail_id))[1])
        for said in (
            tags(one.raw.decode("ascii", "replace")) for one in fields if one.name.lower() == "dkim-signature"
        ):
            if said.get("d", "").lower() == domain and _SELECTOR.fullmatch(selector := said.get("s", "").lower()):
                found.add(selector)
    return frozenset(found)


_SELECTOR = LazyPattern(r"[a-z0-9][a-z0-9._-]{0,99}")


def is_own(domain: str, domains: tuple[str, ...]) -> bool:
    """Whether it is one of the domains, or below one."""
    return any(domain == one or domain.endswith(f".{one}") for one in domains)


_BY = LazyPattern(r"(?i)(?:^|[ \t])by[ \t]+([^ \t;()]{1,255})")


def _seen(content: bytes, received_at: datetime, domains: tuple[str, ...]) -> MailSeen:
    proofs: list[tuple[str, int]] = []
    traces: list[str] = []
    for header in own_head(content).headers:
        if header.name.lower() == "received":
            traces.append(header.value)
        elif header.name.lower() == "authentication-results" and (name := written_by(header.value)):
            proofs.append((name, len(traces)))
    hosts = [found[1].lower().rstrip(".") if (found := _BY.search(trace)) else "" for trace in traces]
    own = next((place for place, host in enumerate(hosts) if not is_own(host, domains)), len(hosts))
    return MailSeen(received_at, _date(traces[0]) if traces else None, own, tuple(proofs))


def _date(trace: str) -> datetime | None:
    """A Received's date; None where it says no zone."""
    try:
        at = parsedate_to_datetime(trace.rpartition(";")[2].strip())
    except ValueError:
        return None
    return at if at.tzinfo else None
