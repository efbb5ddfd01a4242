r"""The IMAP door: fetches the new mails of a mailbox that people use too, without changing the mailbox.

Made by the app; `run` is a task of its TaskGroup and ends only by cancelling. Any error ends the connection and is followed
by another try after an exponential backoff; the alarms read `health`. The state is a cursor in the database (UIDVALIDITY
and last UID) and the places of the mails, never a flag. A cursor is saved only after its mails are durable.

The first look saves the watermark, the newest UID of that moment, before it fetches anything. Mails up to the watermark
are listed but not answered, also when that look is interrupted and repeated:

    UID   1 ........ watermark ........ last_uid ........ *
          old: listed        stored, answered    new: fetched next

A changed UIDVALIDITY (RFC 9051 §2.3.1.1) makes all UIDs void: everything is fetched again, and a mail that the store does
not know is new, because the store knows all older ones. A server may also give a UID again without saying so: what was seen
is a mail, not a number (fetching.py), the newest are compared at each look, and once a day all of the last days; a missing mail
is fetched and logged. `received_at` is our clock: INTERNALDATE is set by another machine or a copying client.
"""

from __future__ import annotations

import asyncio
import logging
import random
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NoReturn

from bot.clock import Clock
from bot.core.health.alarms import MailboxHealth
from bot.core.health.reconciliation import MailboxCheck, first_day, is_due
from bot.crash_points import crash_point
from bot.intake.imap.cursor import MailboxCursor
from bot.intake.imap.fetching import Fetcher, Taken
from bot.intake.imap.login import certificate_end, logged_in
from bot.intake.imap.mailbox import OpenMailbox, batches, groups
from bot.intake.imap.protocol import ImapProtocol
from bot.intake.imap.settings import ImapSettings, Mailboxes
from bot.intake.imap.wire import ImapError, ListingError, LoginRefusedError
from bot.intake.receive import Receiver, always_room

__all__ = ["ImapSettings", "ImapWatcher", "NotLookedYetError"]

log = logging.getLogger("hosho.intake")

IDLE_SECONDS = 300.0
"""Firewalls and some servers drop a silent connection after ten minutes (RFC 2177 allows 29)."""

NEWEST = 200
"""How many of the newest mails are compared at each look. All others of the last days are compared once a day."""

EMPTY_LOOKS_AT_ONCE = 10
"""After so many looks in a row that found nothing there is a pause before the next, whatever the server says has changed."""

EMPTY_LOOK_SECONDS = 1.0

STEADY_SECONDS = 60.0
"""A connection that lasted so long ends the backoff: a server that hangs up after each look is asked ever less often."""

RENUMBERINGS = 3
RENUMBERED_WITHIN = timedelta(hours=1)
"""A mailbox whose UIDVALIDITY changes more often than RENUMBERINGS within this time is not fetched again and again."""

COMPARE_AGAIN_AFTER = timedelta(hours=1)
"""Pause after a comparison that failed: a server that fails at it is not asked at every look."""


class NotLookedYetError(OSError):
    """No cursor to compare with: the mailbox was never opened, or its UIDVALIDITY has changed since."""


class ImapWatcher:
    """Watches one mailbox. While `has_room` (free disk space) is False, the mails stay on their server."""

    def __init__(
        self,
        receiver: Receiver,
        mailboxes: Mailboxes,
        settings: ImapSettings,
        clock: Clock,
        *,
        has_room: Callable[[], bool] = always_room,
    ) -> None:
        self._fetcher = Fetcher(receiver, mailboxes, settings, clock)
        self._mailboxes = mailboxes
        self._settings = settings
        self._clock = clock
        self._has_room = has_room
        self._tries = 0
        self._lists_headers = True
        self._renumbered: list[datetime] = []  # the changes of UIDVALIDITY within RENUMBERED_WITHIN
        self._tried_to_compare_at: datetime | None = None
        self._health = MailboxHealth(settings.name)

    @property
    def health(self) -> MailboxHealth:
        """The state of the connection, for the alarms."""
        return self._health

    async def run(self) -> None:
        """Watch for ever, connection after connection."""
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                await self._watch()
            except Exception as error:  # noqa: BLE001  # the top of a worker loop: any trouble is followed by a new try
                self._lists_headers = self._lists_headers and not isinstance(error, ListingError)
                if self._health.failing_since is None and loop.time() - began >= STEADY_SECONDS:
                    self._tries = 0
                wait_seconds = self._back_off(error)
                log.warning(
                    "mailbox at %s: %s; next try in %.0f s",
                    self._settings.host,
                    str(error) or type(error).__name__,
                    wait_seconds,
                )
            await asyncio.sleep(wait_seconds)

    async def compare_now(self) -> MailboxCheck:
        """Connect, compare with the server once and fetch what is missing. Raises OSError, NotLookedYetError."""
        imap = await self._connect()
        try:
            box = await OpenMailbox.open(imap, self._settings.mailbox, self._settings.reply_seconds)
            cursor = await self._cursor()
            if cursor is None or cursor.uidvalidity != box.uidvalidity:
                raise NotLookedYetError("the daemon has not looked into this mailbox yet")
            await self._fetcher.begin(box.uidvalidity)
            return await self._compare(box, cursor)
        finally:
            imap.abort()

    def _back_off(self, error: Exception) -> float:
        settings, health = self._settings, self._health
        refused = isinstance(error, LoginRefusedError)
        self._health = replace(
            health,
            failing_since=health.failing_since or self._clock(),
            refused_logins=health.refused_logins + 1 if refused else 0,
            trouble=str(error) or type(error).__name__,
        )
        exponent = min(self._tries, 16)
        self._tries += 1
        longest = min(settings.first_retry_seconds * float(2**exponent), settings.longest_retry_seconds)
        jittered = longest * random.uniform(0.5, 1.0)  # noqa: S311  # spreads tries, guards nothing
        return max(jittered, settings.login_retry_seconds) if refused else jittered

    def _is_well(self) -> None:
        if self._health.failing_since is not None:
            since = self._health.failing_since.isoformat(timespec="seconds")
            log.warning("mailbox at %s: it is looked into again, after failing since %s", self._settings.host, since)
        self._health = replace(self._health, looked_at=self._clock(), failing_since=None, refused_logins=0, trouble="")

    # -- one connection

    async def _watch(self) -> NoReturn:
        imap = await self._connect()
        try:
            box, cursor = await self._open(imap)
            empty_looks = 0
            while True:
                imap.mailbox_changed = False
                before = self._fetcher.taken
                cursor, all_taken = await self._look(box, cursor)
                self._is_well()
                if all_taken and await self._is_comparison_due():
                    await self._compare(box, cursor)
                if not (imap.mailbox_changed and all_taken):
                    await self._wait(imap)
                empty_looks = empty_looks + 1 if self._fetcher.taken == before else 0
                if empty_looks > EMPTY_LOOKS_AT_ONCE:
                    await asyncio.sleep(min(EMPTY_LOOK_SECONDS, self._settings.poll_seconds))
        finally:
            imap.abort()

    async def _connect(self) -> ImapProtocol:
        imap = await logged_in(self._settings)
        self._health = replace(self._health, certificate_ends_at=certificate_end(imap))
        return imap

    async def _wait(self, imap: ImapProtocol) -> None:
        seconds = min(self._settings.poll_seconds, self._fetcher.seconds_to_wait)
        if "IDLE" in imap.capabilities:
            await imap.idle(min(seconds, IDLE_SECONDS))
        else:
            await asyncio.sleep(seconds)
            await imap.ask("NOOP")

    async def _open(self, imap: ImapProtocol) -> tuple[OpenMailbox, MailboxCursor]:
        """Open the mailbox; load its cursor, or start a new one."""
        name, host = self._settings.name, self._settings.host
        box = await OpenMailbox.open(imap, self._settings.mailbox, self._settings.reply_seconds)
        box.lists_headers = self._lists_headers
        await self._fetcher.begin(box.uidvalidity)
        cursor = await self._cursor()
        if cursor is not None and cursor.uidvalidity != box.uidvalidity:
            self._note_renumbering()
            log.warning("mailbox at %s: UIDVALIDITY has changed, everything is fetched again", host)
            # A first look that was not finished begins anew: what it had not stored yet is old all the same.
            is_complete = cursor.last_uid >= cursor.watermark
            cursor = MailboxCursor(name, box.uidvalidity, 0, self._clock()) if is_complete else None
        if cursor is None:
            cursor = MailboxCursor(name, box.uidvalidity, 0, self._clock(), await self._newest(box))
            await self._mailboxes.remember(cursor.memory)
        elif box.uidnext is not None and box.uidnext <= cursor.last_uid:
            newest = await self._newest(box)
            log.warning("mailbox at %s: UIDNEXT is %d after UID %d", host, box.uidnext, cursor.last_uid)
            cursor = replace(
                cursor, last_uid=min(cursor.last_uid, newest), watermark=min(cursor.watermark, newest)
            )  # its UIDs are given again
        return box, cursor

    async def _cursor(self) -> MailboxCursor | None:
        memory = await self._mailboxes.memory(self._settings.name)
        return MailboxCursor.of(memory) if memory is not None else None

    async def _newest(self, box: OpenMailbox) -> int:
        """The highest UID that was given."""
        return max([(box.uidnext or 1) - 1, *(await box.above(0))[-1:]])

    def _note_renumbering(self) -> None:
        """Raise ImapError when the UIDVALIDITY has changed too often of late."""
        now = self._clock()
        self._renumbered = [at for at in self._renumbered if abs(now - at) < RENUMBERED_WITHIN]
        if len(self._renumbered) >= RENUMBERINGS:
            raise ImapError("UIDVALIDITY changes again and again; the mails wait on their server")
        self._renumbered.append(now)

    # -- one look

    async def _look(self, box: OpenMailbox, cursor: MailboxCursor) -> tuple[MailboxCursor, bool]:
        """Fetch and store the new mails, and those among the newest that are not the mails which had their UIDs before.

        The cursor is saved after each group, and without new mails for its `looked_at`. Returns the cursor, and whether all
        mails are stored: False when the disk has no room for more.
        """
        before = cursor
        uids = await box.above(box.floor - 1)
        newest = uids[-NEWEST:]
        seen = sorted({*newest, *self._fetcher.waiting_uids})
        cursor = await self._look_again(box, cursor, [uid for uid in seen if uid <= cursor.last_uid])
        for batch in batches(uids[bisect_right(uids, cursor.last_uid) :]):
            for group in groups(await box.listed(batch), self._settings.max_bytes):
                if not self._has_room():
                    return self._full(cursor)
                await self._fetcher.take(box, cursor, group)
                crash_point("imap.kept_before_cursor")
                cursor = await self._advance(cursor, group[-1].uid)
            if not self._has_room():  # also for a cursor: a server can claim millions of mails
                return self._full(cursor)
            if batch[-1] > cursor.last_uid:  # the last mails of the batch were expunged
                cursor = await self._advance(cursor, batch[-1])
        box.floor = min([*newest[:1], cursor.last_uid + 1]) if len(newest) == NEWEST else 1
        if cursor is before or cursor.last_uid < cursor.watermark:
            cursor = await self._advance(cursor, max(cursor.last_uid, cursor.watermark))
        return cursor, True

    async def _look_again(self, box: OpenMailbox, cursor: MailboxCursor, uids: Sequence[int]) -> MailboxCursor:
        """Compare the mails with these UIDs with those that had them, and fetch the others.

        When none of them is known, the whole mailbox is another one: the cursor that is returned begins anew.
        """
        known = new = 0
        for batch in batches(uids):
            there, unknown = await self._fetcher.unknown(box, cursor, batch)
            known += there - len(unknown)
            for group in groups(unknown, self._settings.max_bytes):
                if self._has_room():
                    new += (await self._fetcher.take(box, cursor, group)).new
        if not new:
            return cursor
        log.warning("mailbox at %s: %d mails have UIDs that others had before", self._settings.host, new)
        if known:
            return cursor
        self._note_renumbering()
        box.floor = 1
        return replace(cursor, last_uid=0, watermark=0)

    def _full(self, cursor: MailboxCursor) -> tuple[MailboxCursor, bool]:
        log.warning("mailbox at %s: the disk is nearly full, its mails wait there", self._settings.host)
        return cursor, False

    async def _advance(self, cursor: MailboxCursor, last_uid: int) -> MailboxCursor:
        cursor = replace(cursor, last_uid=last_uid, looked_at=self._clock())
        await self._mailboxes.remember(cursor.memory)
        return cursor

    # -- the comparison

    async def _is_comparison_due(self) -> bool:
        """Whether the daily comparison is due. After a failed one there is a pause; the alarms report a long absence."""
        now = self._clock()
        tried_at = self._tried_to_compare_at
        if self._settings.reconcile_days == 0 or (tried_at and abs(now - tried_at) < COMPARE_AGAIN_AFTER):
            return False
        last = await self._mailboxes.last_check(self._settings.name)
        if not is_due(last.checked_at if last else None, now):
            return False
        self._tried_to_compare_at = now
        return True

    async def _compare(self, box: OpenMailbox, cursor: MailboxCursor) -> MailboxCheck:
        """Ask the server for the mails of the last days, fetch the unknown ones, store and return the result."""
        days, name = self._settings.reconcile_days, self._settings.name
        on_server = missing = recovered = 0
        uids = await box.since(first_day(self._clock(), days), 1, cursor.last_uid) if cursor.last_uid else []
        for batch in batches(uids):
            there, unknown = await self._fetcher.unknown(box, cursor, batch)
            on_server += there
            for group in groups(unknown, self._settings.max_bytes):
                taken = await self._fetcher.take(box, cursor, group) if self._has_room() else Taken(0, 0)
                recovered += taken.new
                missing += len(group) - taken.settled + taken.new  # what turned out to be known was not missing
        check = MailboxCheck(name, self._clock(), days, on_server, on_server - missing, missing, recovered)
        await self._mailboxes.note_check(check)
        level = logging.ERROR if missing else logging.INFO
        log.log(level, "mailbox at %s: %s", self._settings.host, check_line(check))
        return check


def check_line(check: MailboxCheck) -> str:
    """A comparison as one log line."""
    return (
        f"compared {check.days} days: server {check.on_server}, ours {check.known}, missing {check.missing}, "
        f"of these fetched now {check.recovered}"
    )
