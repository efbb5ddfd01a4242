"""A daemon's place on a PostgreSQL database: advisory locks of one connection, which the server releases with it.

Made by daemon_lock.py. The daemons share one lock, which a command takes alone; each has one under its own number, which its claims
bear: a claim whose number nobody holds is a dead daemon's (use_cases/recovery.py). The first that gets the leader's lock leads; and one
lock goes round among those that decide. No clock is compared. Needs a session: no PgBouncer in transaction mode. Raises StoreError.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from storage.errors import DaemonRunning, StoreError

log = logging.getLogger("hosho.guard")

# The key of the lock that all share, unique in the PostgreSQL database: "daemon" in ASCII.
DAEMON_LOCK = 0x6461656D6F6E
# The two-part keys: each daemon's number; the leader and the turn.
NUMBERS = 0x6461656D
_ROLES = 0x726F6C65
_LEADER, _TURN = 1, 2
_MODES = {False: 3, True: 4}
"""Daemons in shadow mode and others don't run beside each other: the first would cancel what the others are to send."""
LIVING = (
    "SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2 "  # noqa: S608 - our own number
    f"AND classid = {NUMBERS} AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
"""The numbers of the daemons that live."""
HOLDERS = (
    "SELECT DISTINCT application_name AS name FROM pg_stat_activity JOIN pg_locks USING (pid) WHERE locktype = 'advisory' AND granted "  # noqa: S608 - likewise
    "AND pid <> pg_backend_pid() AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    f"AND objsubid = 1 AND classid = {DAEMON_LOCK >> 32} AND objid = {DAEMON_LOCK & 0xFFFFFFFF}"
)
_END_OUR_OLD = (
    "SELECT pg_terminate_backend(pid) AS ended FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE locktype = 'advisory' AND granted "  # noqa: S608 - likewise
    "AND pid <> pg_backend_pid() AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    f"AND objsubid = 2 AND classid = {NUMBERS} AND objid = $1::bigint AND application_name = $2"
)
_TRIES_FOR_A_NUMBER, _NUMBER_SECONDS = 20, 0.1
_CHANNEL = "hosho_work"
# How long the server may take to answer.
_ANSWER_SECONDS = 10.0
# A wait for the turn that takes longer lets the connection's other questions pass.
_SETTINGS = {
    "lock_timeout": "2s",
    "tcp_keepalives_idle": "6",
    "tcp_keepalives_interval": "3",
    "tcp_keepalives_count": "3",
}
_LOCK_NOT_AVAILABLE = "55P03"
_MOST_OF_A_NAME = 63  # what the server keeps


class ServerLock:
    """The locks of one daemon, or of a command that wants to be alone. `others`: those that run beside it, by name."""

    def __init__(self, url: str, what: str, *, beside: bool, told: str, in_shadow: bool = False) -> None:
        self._url = url
        self._name = f"hosho-bot {what} {socket.gethostname()[:24]}:{os.getpid()} {told}".strip()[:_MOST_OF_A_NAME]
        self._told = told
        self._in_shadow = in_shadow
        self._connection: Any = None  # asyncpg's, which is an extra
        self._asking = asyncio.Lock()
        self._number = secrets.randbelow(2**31 - 1) + 1
        self._leads = False
        self._giving: asyncio.Future[None] | None = None
        self.beside = beside
        self.others: frozenset[str] = frozenset()
        self.on_news: Callable[[], None] = lambda: None

    @property
    def number(self) -> int:
        """See DaemonLock."""
        self._held()
        return self._number

    async def take(self) -> None:
        """Take the lock without waiting. Raises DaemonRunning when it is taken, StoreError when that can't be determined."""
        from storage.database.driver import login, reach, read_url  # noqa: PLC0415 - Tortoise is slow to load

        await self.release()
        where = read_url(self._url, durable=True)
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                self._connection = await reach(
                    **login(where),
                    server_settings={"application_name": self._name, **_SETTINGS},
                )
        except ImportError as error:  # an extra: absent where only SQLite is used
            raise StoreError("PostgreSQL needs the package asyncpg: install hosho-bot[postgresql]") from error
        except _failures() as error:
            raise _not_asked(error) from error
        shared = "_shared" if self.beside else ""
        if not await self._ask(f"SELECT pg_try_advisory_lock{shared}($1)", DAEMON_LOCK):
            holders = ", ".join(sorted(row["name"] for row in await self._ask(HOLDERS, rows=True)))
            await self.release()
            raise DaemonRunning(running(holders or "hosho-bot", where.credentials.get("database") or "PostgreSQL"))
        if self.beside:
            await self._take_mode()
            # What is in hand bears the number. The server ends our old connection, if it has not found it dead yet.
            for _ in range(_TRIES_FOR_A_NUMBER):
                if await self._ask("SELECT pg_try_advisory_lock($1, $2)", NUMBERS, self._number):
                    break
                await self._ask(_END_OUR_OLD, self._number, self._name, rows=True)
                await asyncio.sleep(_NUMBER_SECONDS)
            else:  # another daemon's, by chance
                self._number = secrets.randbelow(2**31 - 1) + 1
                await self._ask("SELECT pg_advisory_lock($1, $2)", NUMBERS, self._number)
            try:
                await self._connection.add_listener(_CHANNEL, lambda *_: self.on_news())
            except _failures() as error:
                await self.release()
                raise _not_asked(error) from error
            await self.is_held()

    async def _take_mode(self) -> None:
        """Keep those out that have the other mode. Raises DaemonRunning when one is there, or looks just now."""
        ours, others = _MODES[self._in_shadow], _MODES[not self._in_shadow]
        is_ours = await self._ask("SELECT pg_try_advisory_lock_shared($1, $2)", _ROLES, ours)
        if not is_ours or not await self._ask("SELECT pg_try_advisory_lock($1, $2)", _ROLES, others):
            await self.release()
            raise DaemonRunning(
                "このデータベースでは、試験運用（outgoing.shadow）の設定が異なる hosho-bot が動いています。全て止めてから、起動してください"
            )
        await self._ask("SELECT pg_advisory_unlock($1, $2)", _ROLES, others)

    async def is_held(self) -> bool:
        """Whether the lock is still held; the log tells who has come and gone beside this daemon."""
        try:
            names = frozenset(row["name"] for row in await self._ask(HOLDERS, rows=True))
        except StoreError:
            return False
        if self.beside:
            for name in sorted(names - self.others):
                differs = self._told and not name.endswith(self._told)
                log.log(
                    logging.WARNING if differs else logging.INFO,
                    "another daemon runs on this database: %s%s",
                    name,
                    ". ITS SETTINGS DIFFER FROM OURS（設定が異なります。同じ設定で動かしてください）"
                    if differs
                    else "",
                )
            for name in sorted(self.others - names):
                log.warning("a daemon that ran beside this one is gone: %s", name)
        self.others = names
        return True

    async def release(self) -> None:
        """Release all; twice is no error."""
        connection, self._connection, self._leads = self._connection, None, False
        if connection is not None:
            connection.terminate()  # unlike close(), it does not wait for the server

    async def leads(self) -> bool:
        """Whether this daemon leads; it becomes the leader where there is none."""
        if self._connection is None or self._connection.is_closed():
            return False
        if not self._leads:
            with suppress(StoreError):
                self._leads = await self._ask("SELECT pg_try_advisory_lock($1, $2)", _ROLES, _LEADER)
        return self._leads

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[Callable[[], None]]:
        """See DaemonLock."""
        # To its end, also when its caller is cancelled: nobody would give back a lock that came meanwhile.
        waiting = asyncio.ensure_future(self._wait_for_turn())
        try:
            taken_on = await asyncio.shield(waiting)

            def check() -> None:
                if self._held() is not taken_on:
                    raise StoreError("the turn was lost with its connection")

            yield check
        finally:
            self._giving = asyncio.ensure_future(self._give_turn_back(waiting))
            await asyncio.shield(self._giving)

    async def _wait_for_turn(self) -> Any:
        """Returns the connection that has it."""
        while not await self._ask("SELECT pg_advisory_lock($1, $2)", _ROLES, _TURN, waits=True):
            pass  # somebody takes long; a lost connection raises
        return self._held()

    async def _give_turn_back(self, waiting: asyncio.Future[Any]) -> None:
        with suppress(StoreError):  # the server has released it
            await waiting
            await self._ask("SELECT pg_advisory_unlock($1, $2)", _ROLES, _TURN)

    async def tell(self) -> None:
        """Tell the others that there is work."""
        with suppress(StoreError):
            await self._ask(f"NOTIFY {_CHANNEL}")

    def _held(self) -> Any:
        if self._connection is None or self._connection.is_closed():
            self._leads = False
            raise StoreError("the daemon's lock on the database is lost")
        return self._connection

    async def _ask(self, sql: str, *values: int | str, rows: bool = False, waits: bool = False) -> Any:
        """The answer's one value, or its rows. `waits`: True, or False when a lock did not come in time. A connection that fails is cut."""
        async with self._asking:
            connection = self._held()
            try:
                async with asyncio.timeout(_ANSWER_SECONDS):
                    if rows:
                        return await connection.fetch(sql, *values)
                    answer = await connection.fetchval(sql, *values)
                    return True if waits else answer
            except _failures() as error:
                if getattr(error, "sqlstate", "") == _LOCK_NOT_AVAILABLE:
                    return False
                connection.terminate()
                raise _not_asked(error) from error


def running(holder: str, place: str) -> str:
    """What a process is told that finds the lock taken."""
    return f"このデータベース（{place}）は、既に動いている {holder} が使っています。先にそれを止めてください"


def _not_asked(error: Exception) -> StoreError:
    return StoreError(f"the database could not be asked ({type(error).__name__})")


def _failures() -> tuple[type[Exception], ...]:
    from storage.database.driver import driver_errors  # noqa: PLC0415 - Tortoise is slow to load

    return (*driver_errors(), TimeoutError)
