r"""The IMAP door: fetches the new mails of a mailbox that people use too, without changing the mailbox.

Made by the app; `run` is a task of its TaskGroup and ends only by cancelling. Any error ends the connection and is followed
by another try after an exponential backoff; the alarms read `health`. The state is a cursor in the database (UIDVALIDITY
and last UID), never a flag: the mailbox is opened with EXAMINE. A cursor is saved only after its mails are durable.

The first look saves the watermark, the newest UID of that moment, before it fetches anything. Mails up to the watermark
are listed but not answered, also when that look is interrupted and repeated:

    UID   1 ........ watermark ........ last_uid ........ *
          old: listed        stored, answered    new: fetched next

A changed UIDVALIDITY (RFC 9051 §2.3.1.1) makes all UIDs void: everything is fetched again, and a mail that the store does
not know is new, because the store knows all older ones. `received_at` is our clock: INTERNALDATE is set by another machine
or a copying client. Once a day the server is asked for the UIDs of the last days; a missing mail is fetched and logged.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import random
import ssl
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.header import Header
from typing import NoReturn

from bot.clock import Clock
from bot.core.health.alarms import MailboxHealth
from bot.core.health.reconciliation import MailboxCheck, answerable, first_day, is_due, missing
from bot.core.mail.trace_headers import envelope_of
from bot.core.records.envelope import HEADER_BLOCK_BYTES, Arrival, MailboxPlace, Source
from bot.core.records.incoming_mail import MailboxCursor
from bot.crash_points import crash_point
from bot.intake.imap.mailbox import GROUP_BYTES, OpenMailbox, batches, groups
from bot.intake.imap.protocol import ImapProtocol, connect
from bot.intake.imap.settings import ImapSettings, Mailboxes
from bot.intake.imap.wire import ImapError, LoginRefusedError
from bot.intake.receive import Receiver, always_room

__all__ = ["ImapSettings", "ImapWatcher", "NotLookedYetError"]

log = logging.getLogger("hosho.intake")

IDLE_SECONDS = 300.0
"""Firewalls and some servers drop a silent connection after ten minutes (RFC 2177 allows 29)."""

HEADER_AFTER = 3
"""After a FETCH failed on this many connections, only the mail's header is fetched, and a person looks at the mail."""

STAND_IN_AFTER = 6
"""After the header failed too, a short text of ours is stored in the mail's place, so that later mails come in."""

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
        self._receiver = receiver
        self._mailboxes = mailboxes
        self._settings = settings
        self._clock = clock
        self._has_room = has_room
        self._tries = 0
        self._unfetched: dict[tuple[int, int], int] = {}  # (uidvalidity, uid) → connections that could not fetch it
        self._renumbered: list[datetime] = []  # the changes of UIDVALIDITY within RENUMBERED_WITHIN
        self._doubt = ""  # what is wrong with a mailbox that can be read all the same
        self._taken = 0  # mails that were handed on
        self._compare_not_before = datetime.min.replace(tzinfo=UTC)
        self._health = MailboxHealth(settings.name, clock())

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
            cursor = await self._mailboxes.cursor(self._settings.name)
            if cursor is None or cursor.uidvalidity != box.uidvalidity:
                raise NotLookedYetError("the daemon has not looked into this mailbox yet")
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
        now = self._clock()
        since = (self._health.failing_since or now) if self._doubt else None
        self._health = replace(self._health, looked_at=now, failing_since=since, refused_logins=0, trouble=self._doubt)

    # -- one connection

    async def _watch(self) -> NoReturn:
        imap = await self._connect()
        try:
            box, cursor = await self._open(imap)
            empty_looks = 0
            while True:
                imap.mailbox_changed = False
                before = self._taken
                cursor, all_taken = await self._look(box, cursor)
                self._is_well()
                if all_taken and await self._is_comparison_due():
                    await self._compare(box, cursor)
                if not (imap.mailbox_changed and all_taken):
                    await self._wait(imap)
                empty_looks = empty_looks + 1 if self._taken == before else 0
                if empty_looks > EMPTY_LOOKS_AT_ONCE:
                    await asyncio.sleep(min(EMPTY_LOOK_SECONDS, self._settings.poll_seconds))
        finally:
            imap.abort()

    async def _connect(self) -> ImapProtocol:
        settings = self._settings
        context = None
        if settings.tls != "none":
            context = settings.ssl_context or ssl.create_default_context()
        secret = await settings.credential()  # before connecting: servers close a connection without login soon
        imap = await connect(
            settings.host,
            settings.port,
            context=context if settings.tls == "implicit" else None,
            max_literal_bytes=2 * settings.max_bytes + HEADER_BLOCK_BYTES,  # servers count sizes differently
            reply_seconds=settings.reply_seconds,
        )
        try:
            if context is not None and settings.tls == "starttls":
                await imap.start_tls(context, settings.host)
            if context is None and not _is_loopback(imap):
                raise LoginRefusedError("a password is not sent in plain to another machine; set tls")  # noqa: TRY301
            log_in = imap.log_in_by_token if settings.auth == "xoauth2" else imap.log_in
            await log_in(settings.user, secret.get_secret_value())
        except BaseException:
            imap.abort()
            raise
        self._health = replace(self._health, certificate_ends_at=_certificate_end(imap))
        return imap

    async def _wait(self, imap: ImapProtocol) -> None:
        if "IDLE" in imap.capabilities:
            await imap.idle(min(self._settings.poll_seconds, IDLE_SECONDS))
        else:
            await asyncio.sleep(self._settings.poll_seconds)
            await imap.ask("NOOP")

    async def _open(self, imap: ImapProtocol) -> tuple[OpenMailbox, MailboxCursor]:
        """Open the mailbox; load its cursor, or start a new one."""
        name = self._settings.name
        box = await OpenMailbox.open(imap, self._settings.mailbox, self._settings.reply_seconds)
        cursor = await self._mailboxes.cursor(name)
        if cursor is None:
            newest = box.uidnext - 1 if box.uidnext else max(await box.above(0), default=0)
            cursor = MailboxCursor(name, box.uidvalidity, 0, self._clock(), newest)
            await self._mailboxes.save_cursor(cursor)
        elif cursor.uidvalidity != box.uidvalidity:
            self._note_renumbering()
            log.warning("mailbox at %s: UIDVALIDITY has changed, everything is fetched again", self._settings.host)
            cursor = MailboxCursor(name, box.uidvalidity, 0, self._clock())
        self._unfetched = {key: tries for key, tries in self._unfetched.items() if key[0] == box.uidvalidity}
        self._doubt = ""
        if box.uidnext is not None and box.uidnext <= cursor.last_uid:
            self._doubt = (
                f"UIDNEXT is {box.uidnext} after UID {cursor.last_uid}: mails with UIDs given again are missed"
            )
            log.error("mailbox at %s: %s", self._settings.host, self._doubt)
        return box, cursor

    def _note_renumbering(self) -> None:
        """Raise ImapError when the UIDVALIDITY has changed too often of late."""
        now = self._clock()
        self._renumbered = [at for at in self._renumbered if now - at < RENUMBERED_WITHIN]
        if len(self._renumbered) >= RENUMBERINGS:
            raise ImapError("UIDVALIDITY changes again and again; the mails wait on their server")
        self._renumbered.append(now)

    # -- one look

    async def _look(self, box: OpenMailbox, cursor: MailboxCursor) -> tuple[MailboxCursor, bool]:
        """Fetch and store the new mails. The cursor is saved after each group, and without new mails for its `looked_at`.

        Returns the cursor, and whether all mails are stored: False when the disk has no room for more.
        """
        before = cursor
        for batch in batches(await box.above(cursor.last_uid)):
            sizes = await box.sizes(batch)
            for group in groups(batch, sizes, self._settings.max_bytes):
                if not self._has_room():
                    return self._full(cursor)
                await self._take(box, cursor, group)
                crash_point("imap.kept_before_cursor")
                cursor = await self._advance(cursor, group[-1][0])
            if not self._has_room():  # also for the note of mails that are gone: a server can claim millions of them
                return self._full(cursor)
            await self._note_gone(cursor, [uid for uid in batch if uid not in sizes])
            if batch[-1] > cursor.last_uid:  # the last mails of the batch were expunged
                cursor = await self._advance(cursor, batch[-1])
        if cursor is before or cursor.last_uid < cursor.watermark:
            cursor = await self._advance(cursor, max(cursor.last_uid, cursor.watermark))
        return cursor, True

    def _full(self, cursor: MailboxCursor) -> tuple[MailboxCursor, bool]:
        log.warning("mailbox at %s: the disk is nearly full, its mails wait there", self._settings.host)
        return cursor, False

    async def _advance(self, cursor: MailboxCursor, last_uid: int) -> MailboxCursor:
        cursor = replace(cursor, last_uid=last_uid, looked_at=self._clock())
        await self._mailboxes.save_cursor(cursor)
        return cursor

    async def _take(self, box: OpenMailbox, cursor: MailboxCursor, group: Sequence[tuple[int, int]]) -> None:
        """Fetch the mails of this group of (UID, size in bytes) and make them durable."""
        fetched: list[tuple[int, Arrival | None]] = []
        held_bytes = 0
        for uid, size in group:
            arrival = await self._fetch(box, cursor, uid, size)
            fetched.append((uid, arrival))
            held_bytes += len(arrival.content) if arrival else 0
            if held_bytes > GROUP_BYTES:  # more than the server had said
                await self._keep(cursor, fetched)
                fetched, held_bytes = [], 0
        await self._keep(cursor, fetched)
        for uid, _ in group:  # only now: one mail that can't be fetched repeats the whole group
            self._unfetched.pop((cursor.uidvalidity, uid), None)

    async def _keep(self, cursor: MailboxCursor, fetched: Sequence[tuple[int, Arrival | None]]) -> None:
        arrivals = [arrival for _, arrival in fetched if arrival is not None]
        await self._receiver.receive_many(arrivals)
        self._taken += len(arrivals)
        await self._note_gone(cursor, [uid for uid, arrival in fetched if arrival is None])

    async def _note_gone(self, cursor: MailboxCursor, uids: Sequence[int]) -> None:
        await self._mailboxes.note_gone([MailboxPlace(cursor.mailbox, cursor.uidvalidity, uid) for uid in uids])

    async def _fetch(self, box: OpenMailbox, cursor: MailboxCursor, uid: int, size_bytes: int) -> Arrival | None:
        """One mail; only its header when it is too large or repeatedly failed. None when it is expunged."""
        place = MailboxPlace(cursor.mailbox, cursor.uidvalidity, uid)
        key = (place.uidvalidity, uid)
        tries = self._unfetched.get(key, 0)
        fits = size_bytes <= self._settings.max_bytes
        try:
            content = (
                await box.content(uid, size_bytes, whole=fits and tries < HEADER_AFTER)
                if tries < STAND_IN_AFTER
                else _stand_in(place)
            )
        except ImapError:
            self._unfetched[key] = tries + 1
            raise
        if content is None:
            return None
        envelope = envelope_of(
            content,
            source=Source.IMAP,
            recipients=self._settings.recipients,
            received_at=self._clock(),
            peer=self._settings.name,
        )
        return Arrival(
            envelope,
            content,
            before_first_start=uid <= cursor.watermark,
            too_large_bytes=0 if fits and tries < HEADER_AFTER else max(size_bytes, 1),
            not_fetched=tries >= HEADER_AFTER,
            place=place,
        )

    # -- the comparison

    async def _is_comparison_due(self) -> bool:
        """Whether the daily comparison is due. After a failed one there is a pause; the alarms report a long absence."""
        now = self._clock()
        if self._settings.reconcile_days == 0 or now < self._compare_not_before:
            return False
        last = await self._mailboxes.last_check(self._settings.name)
        if not is_due(last.checked_at if last else None, now):
            return False
        self._compare_not_before = now + COMPARE_AGAIN_AFTER
        return True

    async def _compare(self, box: OpenMailbox, cursor: MailboxCursor) -> MailboxCheck:
        """Ask the server for the UIDs of the last days, fetch the unknown ones, store and return the result."""
        days, name = self._settings.reconcile_days, self._settings.name
        span = answerable(cursor)
        on_server = await box.since(first_day(self._clock(), days), *span) if span else []
        known = await self._mailboxes.known_uids(name, cursor.uidvalidity, on_server)
        unknown = missing(on_server, known)
        recovered = 0
        for batch in batches(unknown):
            sizes = await box.sizes(batch)
            for group in groups(batch, sizes, self._settings.max_bytes):
                if self._has_room():
                    await self._take(box, cursor, group)
                    recovered += len(group)
            if self._has_room():
                gone = [uid for uid in batch if uid not in sizes]
                await self._note_gone(cursor, gone)
                recovered += len(gone)
        check = MailboxCheck(name, self._clock(), days, len(on_server), len(known), len(unknown), recovered)
        await self._mailboxes.note_check(check)
        level = logging.ERROR if unknown else logging.INFO
        log.log(level, "mailbox at %s: %s", self._settings.host, check_line(check))
        return check


def check_line(check: MailboxCheck) -> str:
    """A comparison as one log line."""
    return (
        f"compared {check.days} days: server {check.on_server}, ours {check.known}, missing {check.missing}, "
        f"of these fetched now {check.recovered}"
    )


def _is_loopback(imap: ImapProtocol) -> bool:
    """Whether the server is on this machine, judged by the connected address, not by its name."""
    address = str(imap.transport.get_extra_info("peername")[0])
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback


def _certificate_end(imap: ImapProtocol) -> datetime | None:
    """The end of the server certificate's validity; None without TLS."""
    certificate = imap.transport.get_extra_info("peercert")
    ends = certificate.get("notAfter") if certificate else None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC) if ends else None


def _stand_in(place: MailboxPlace) -> bytes:
    """A header block in place of a mail that the server does not send; a person finds the mail by its UID."""
    subject = Header(f"受信箱から取り出せないメール（UID {place.uid}）", "utf-8").encode(linesep="\r\n")
    return f"X-Hosho-Place: {place.uidvalidity}/{place.uid}\r\nSubject: {subject}\r\n\r\n".encode()
