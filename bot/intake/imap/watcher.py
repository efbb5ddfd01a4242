r"""The IMAP door: looks into a mailbox that people use too, takes what is new, and changes nothing there.

Made by the app, `run` is a task of its TaskGroup and ends only by cancelling: any trouble ends the connection and is
followed by another try, ever later; `health` tells the alarms of it. The memory is our cursor (UIDVALIDITY and the last UID),
never a flag: the mailbox is opened with EXAMINE. A cursor is saved only after its mails are durable.

The first look draws the line between old and new mail (the watermark) and saves it before it fetches anything: what lies below
is listed, not answered, however often that look is broken off. A changed UIDVALIDITY (RFC 9051 §2.3.1.1) means that the
UIDs are void: all is fetched again, and what the store does not know is new mail, for the store knows all older ones.
`received_at` is our clock: INTERNALDATE is whatever another machine or a copying client set it to.

Once a day the server is asked which mails came in the last days; one that we do not know is fetched then and there, and told.
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
from bot.intake.imap.mailbox import OpenMailbox, batches, groups
from bot.intake.imap.protocol import ImapProtocol, connect
from bot.intake.imap.settings import ImapSettings, Mailboxes
from bot.intake.imap.wire import ImapError, LoginRefusedError
from bot.intake.receive import Receiver, always_room

__all__ = ["ImapSettings", "ImapWatcher", "NotLookedYetError"]

log = logging.getLogger("hosho.intake")

IDLE_SECONDS = 300.0
"""Firewalls and some servers forget a silent connection after ten minutes (RFC 2177 would allow 29)."""

HEADER_AFTER = 3
"""So many connections on which a mail could not be fetched: then its header must do, and a person looks."""

STAND_IN_AFTER = 6
"""So many, and not even the header came: a line of ours stands for it, so that those behind it come in."""


COMPARE_AGAIN_AFTER = timedelta(hours=1)
"""A comparison that broke off: a server that can't stand it is not asked at every look."""


class NotLookedYetError(OSError):
    """There is nothing to compare: the mailbox was never looked into, or its UIDVALIDITY has changed since."""


class ImapWatcher:
    """Watches one mailbox. `has_room`: whether the disk takes more; while it does not, the mails stay on their server."""

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
        self._compare_not_before = datetime.min.replace(tzinfo=UTC)
        self._health = MailboxHealth(settings.name, clock())

    @property
    def health(self) -> MailboxHealth:
        """How it stands, for the alarms."""
        return self._health

    async def run(self) -> None:
        """Watch for ever, connection after connection."""
        while True:
            try:
                await self._watch()
            except Exception as error:  # noqa: BLE001  # the top of a worker loop: any trouble is followed by a new try
                wait_seconds = self._back_off(error)
                log.warning(
                    "mailbox at %s: %s; next try in %.0f s",
                    self._settings.host,
                    str(error) or type(error).__name__,
                    wait_seconds,
                )
            await asyncio.sleep(wait_seconds)

    async def compare_now(self) -> MailboxCheck:
        """One connection, one comparison with the server, whatever is missing fetched. Raises OSError, NotLookedYetError."""
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
        self._tries = 0
        self._health = replace(self._health, looked_at=self._clock(), failing_since=None, refused_logins=0, trouble="")

    # -- one connection

    async def _watch(self) -> NoReturn:
        imap = await self._connect()
        try:
            box, cursor = await self._open(imap)
            while True:
                imap.mailbox_changed = False
                cursor, all_taken = await self._look(box, cursor)
                self._is_well()
                if all_taken and await self._is_comparison_due():
                    await self._compare(box, cursor)
                if not (imap.mailbox_changed and all_taken):
                    await self._wait(imap)
        finally:
            imap.abort()

    async def _connect(self) -> ImapProtocol:
        settings = self._settings
        context = None
        if settings.tls != "none":
            context = settings.ssl_context or ssl.create_default_context()
        secret = await settings.credential()  # before we connect: a server does not wait long for a login
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
        """Open the mailbox and find out where we stand."""
        name = self._settings.name
        box = await OpenMailbox.open(imap, self._settings.mailbox, self._settings.reply_seconds)
        cursor = await self._mailboxes.cursor(name)
        if cursor is None:
            newest = box.uidnext - 1 if box.uidnext else max(await box.above(0), default=0)
            cursor = MailboxCursor(name, box.uidvalidity, 0, self._clock(), newest)
            await self._mailboxes.save_cursor(cursor)
        elif cursor.uidvalidity != box.uidvalidity:
            log.warning("mailbox at %s: UIDVALIDITY has changed, everything is fetched again", self._settings.host)
            cursor = MailboxCursor(name, box.uidvalidity, 0, self._clock())
        return box, cursor

    # -- one look

    async def _look(self, box: OpenMailbox, cursor: MailboxCursor) -> tuple[MailboxCursor, bool]:
        """Take what is new; the cursor is saved after each group, and when nothing is new for its looked_at.

        Returns it, and whether all is taken: False when the disk has no room for more.
        """
        before = cursor
        for batch in batches(await box.above(cursor.last_uid)):
            sizes = await box.sizes(batch)
            for group in groups(batch, sizes, self._settings.max_bytes):
                if not self._has_room():
                    log.warning("mailbox at %s: the disk is nearly full, its mails wait there", self._settings.host)
                    return cursor, False
                await self._take(box, cursor, group)
                crash_point("imap.kept_before_cursor")
                cursor = await self._advance(cursor, group[-1][0])
            await self._note_gone(cursor, [uid for uid in batch if uid not in sizes])
            if batch[-1] > cursor.last_uid:  # those expunged meanwhile
                cursor = await self._advance(cursor, batch[-1])
        if cursor is before or cursor.last_uid < cursor.watermark:
            cursor = await self._advance(cursor, max(cursor.last_uid, cursor.watermark))
        return cursor, True

    async def _advance(self, cursor: MailboxCursor, last_uid: int) -> MailboxCursor:
        cursor = replace(cursor, last_uid=last_uid, looked_at=self._clock())
        await self._mailboxes.save_cursor(cursor)
        return cursor

    async def _take(self, box: OpenMailbox, cursor: MailboxCursor, group: Sequence[tuple[int, int]]) -> None:
        """Fetch these (uid, size) and make them durable."""
        fetched = [(uid, await self._fetch(box, cursor, uid, size)) for uid, size in group]
        await self._receiver.receive_many([arrival for _, arrival in fetched if arrival is not None])
        await self._note_gone(cursor, [uid for uid, arrival in fetched if arrival is None])
        for uid, _ in group:  # only now: a neighbour that can't be fetched brings all of them here again
            self._unfetched.pop((cursor.uidvalidity, uid), None)

    async def _note_gone(self, cursor: MailboxCursor, uids: Sequence[int]) -> None:
        await self._mailboxes.note_gone([MailboxPlace(cursor.mailbox, cursor.uidvalidity, uid) for uid in uids])

    async def _fetch(self, box: OpenMailbox, cursor: MailboxCursor, uid: int, size_bytes: int) -> Arrival | None:
        """One mail; of one that is too large, or that the server never gives, the header. None: it is gone."""
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
        """Once a day; one that fails is tried again after a while, and its absence is told by the alarms."""
        now = self._clock()
        if self._settings.reconcile_days == 0 or now < self._compare_not_before:
            return False
        last = await self._mailboxes.last_check(self._settings.name)
        if not is_due(last.checked_at if last else None, now):
            return False
        self._compare_not_before = now + COMPARE_AGAIN_AFTER
        return True

    async def _compare(self, box: OpenMailbox, cursor: MailboxCursor) -> MailboxCheck:
        """Ask the server for the UIDs of the last days; what we don't know is fetched now. The result is durable and returned."""
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
            gone = [uid for uid in batch if uid not in sizes]
            await self._note_gone(cursor, gone)
            recovered += len(gone)
        check = MailboxCheck(name, self._clock(), days, len(on_server), len(known), len(unknown), recovered)
        await self._mailboxes.note_check(check)
        level = logging.ERROR if unknown else logging.INFO
        log.log(level, "mailbox at %s: %s", self._settings.host, check_line(check))
        return check


def check_line(check: MailboxCheck) -> str:
    """A comparison in one line of the log."""
    return (
        f"compared {check.days} days: server {check.on_server}, ours {check.known}, missing {check.missing}, "
        f"of these fetched now {check.recovered}"
    )


def _is_loopback(imap: ImapProtocol) -> bool:
    """Whether the other end is this very machine: judged by the address that was reached, not by its name."""
    address = str(imap.transport.get_extra_info("peername")[0])
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback


def _certificate_end(imap: ImapProtocol) -> datetime | None:
    """Until when the server's certificate is good; None without TLS."""
    certificate = imap.transport.get_extra_info("peercert")
    ends = certificate.get("notAfter") if certificate else None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC) if ends else None


def _stand_in(place: MailboxPlace) -> bytes:
    """What stands for a mail of which the server gives nothing: a header by which a person finds it there."""
    subject = Header(f"受信箱から取り出せないメール（UID {place.uid}）", "utf-8").encode(linesep="\r\n")
    return f"X-Hosho-Place: {place.uidvalidity}/{place.uid}\r\nSubject: {subject}\r\n\r\n".encode()
