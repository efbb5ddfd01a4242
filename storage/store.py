"""The interface of the database: `Store` and its parts, whose methods are use cases; core values in and out.

Called by workers, intake and commands; nothing outside this package sees a row or SQL. Every method runs to its end in its
own task even if the caller is cancelled (a cancelled Tortoise transaction would lock the database for ever).
Raises StoreError (temporary: retry), NotFound, WrongState.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import cached_property
from typing import Self, TypeVar

from bot.clock import Clock, utc_now
from bot.loading import when_used
from storage.database.connection import Database
from storage.database.daemon_lock import DaemonLock
from storage.errors import NotFound, StoreError, WrongState
from storage.keys.key_file import KeyFile
from storage.keys.vault import Vault, derived
from storage.opening import open_database
from storage.use_cases.key_rotation import KeyRotation, KeysCheck

with when_used():  # a command uses one or two
    from storage import moving
    from storage.use_cases import (
        bounces,
        consent,
        health,
        incoming,
        journal,
        mailboxes,
        outbox,
        password_pairing,
        recovery,
        register,
        reminders,
        send_counts,
        summary,
        tickets,
    )
    from storage.use_cases.retention import disposal, personal_data
    from storage.use_cases.settling import settle

__all__ = ["KeyFile", "KeysCheck", "NotFound", "Store", "StoreError", "Vault", "WrongState"]


Part = TypeVar("Part")


def _part(kind: Callable[[], Callable[[Database], Part]]) -> cached_property[Part]:
    """One of the store's parts, whose module is loaded when it is first used."""
    return cached_property(lambda store: kind()(store._database))  # noqa: SLF001 - of the class below


class Store:
    """An open database: `async with await Store.open(url) as store`. A process may have several, of either dialect.

    The methods may be called from any task of the event loop in which the store was opened.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    recovery = _part(lambda: recovery.Recovery)
    incoming = _part(lambda: incoming.Incoming)
    mailboxes = _part(lambda: mailboxes.Mailboxes)
    canaries = _part(lambda: mailboxes.CanaryNotes)
    submissions = _part(lambda: settle.Submissions)
    tickets = _part(lambda: tickets.Tickets)
    register = _part(lambda: register.Register)
    send_counts = _part(lambda: send_counts.SendCounts)
    password_pairing = _part(lambda: password_pairing.PasswordPairing)
    outbox = _part(lambda: outbox.Outbox)
    bounces = _part(lambda: bounces.Bounces)
    consent = _part(lambda: consent.Consents)
    deadlines = _part(lambda: reminders.Deadlines)
    health = _part(lambda: health.Health)
    summary = _part(lambda: summary.Summaries)
    journal = _part(lambda: journal.Journal)
    keys = _part(lambda: KeyRotation)
    disposal = _part(lambda: disposal.Disposal)
    personal_data = _part(lambda: personal_data.PersonalData)

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        vault: KeyFile | Vault | None = None,
        clock: Clock = utc_now,
        durable: bool = True,
        new_database: bool = False,
        daemon: DaemonLock | None = None,
        in_shadow: bool = False,
    ) -> Self:
        """Open a database and migrate its schema.

        `url`: sqlite:///relative, sqlite:////absolute, sqlite://:memory: or postgres://…. An SQLite file is made with mode 0600,
        its folder with 0700; before a migration an existing file is copied to `<file>.before-NNNN`.
        `vault`: seals keys and mails; a missing key file is created while nothing is sealed. None, for a temporary database
        only: Vault.throwaway(). `durable=False`: no fsync, for a temporary SQLite database only. `new_database`: start with an
        empty database although an earlier one is missing. `daemon`: whose claims these are. `in_shadow`: no letter leaves but
        alarms, and no notice changes the register.
        Raises StoreError and its subclasses KeysUnfit, NotPrivate, DatabaseGone, DatabaseReplaced.
        """
        if vault is None:
            if durable and url != "sqlite://:memory:":
                raise TypeError("a database that is kept needs a vault")
            vault = Vault.throwaway()
        opening = open_database(url, keys=vault, clock=clock, durable=durable, new_database=new_database, daemon=daemon)
        database = await opening
        database.in_shadow = in_shadow
        return cls(database)

    def turn(self) -> AbstractAsyncContextManager[Callable[[], None]]:
        """For a decision that rests on what others have decided: one at a time, of all daemons. What it gives is called before the
        decision is written; it raises StoreError when the turn was lost meanwhile.
        """
        return self._database.daemon.turn()

    async def close(self) -> None:
        """Wait for running use cases, then disconnect; else the driver's thread keeps the process alive. Twice is no error."""
        await self._database.close()

    async def take_all_from(self, source: Store, tell: Callable[[int, int], None]) -> int:
        """Copy the whole of another database into this empty one, in one transaction, and compare every row; returns how many. No
        daemon may run on either. `tell`: how many steps of how many are done. A cancelled copy leaves nothing. Raises StoreError.
        """
        is_cancelled = False

        def go_on(done: int, total: int) -> None:
            if is_cancelled:
                raise StoreError("stopped")
            tell(done, total)

        try:
            return await self._database.run(moving.take_all, source._database, go_on)
        except asyncio.CancelledError:
            is_cancelled = True
            raise

    def derived_secret(self, label: str) -> bytes:
        """32 bytes derived from this database's secret, different for each label; a rotation of the keys does not change them."""
        return derived(self._database.secret, label.encode("utf-8"))

    @property
    def was_put_here(self) -> bool:
        """Whether the SQLite file is not the one that was opened at this place last: somebody has put a copy there, or moved it."""
        return self._database.files is not None and self._database.files.was_put_here

    def check_files(self) -> None:
        """Raise DatabaseGone or DatabaseReplaced when the SQLite file is not the opened one; every use case checks it too."""
        self._database.check_files()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()
