"""Fetches listed mails and makes them durable; a mail that the server does not give now is asked for again for a day.

Made by bot/intake/imap/watcher.py, for all connections of one mailbox. A mail is known by its place, which names UIDVALIDITY, UID
and mark: another mail under the same UID is another one. After a day a person is told where a mail lies that never came. Raises
ImapError for a connection that is unusable, and what the Receiver raises.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf

from bot.clock import Clock
from bot.core.mail.trace_headers import envelope_of
from bot.core.records.envelope import Arrival, MailboxPlace, Source
from bot.intake.imap.cursor import MailboxCursor
from bot.intake.imap.mailbox import GROUP_BYTES, Listed, OpenMailbox
from bot.intake.imap.settings import ImapSettings, Mailboxes
from bot.intake.imap.stand_in import in_place_of, is_stand_in
from bot.intake.imap.wire import ImapError, ImapRefusedError
from bot.intake.receive import Receiver

log = logging.getLogger("hosho.intake")

HEADER_AFTER = 3
"""After a FETCH failed on this many connections, only the mail's header is fetched, and a person looks at the mail."""

STAND_IN_AFTER = 6
"""After the header failed too, a short text of ours is stored in the mail's place, so that later mails come in."""

WAIT_FOR = timedelta(days=1)
"""How long a mail is asked for that the server lists and does not give, or for which it gives a text of its own."""

LONGEST_PAUSE_SECONDS = 3_600.0
"""Between two tries; the first is as short as after a connection that failed, and each is twice the one before."""

REFUSED_IN_A_ROW = 20
"""So many mails refused with none between them: the server has trouble of its own, and the connection is given up."""


@dataclass(frozen=True, slots=True)
class Taken:
    """`settled`: how many of the asked mails need no further look: stored, or gone. `new`: how many of them nobody knew."""

    settled: int
    new: int


class Fetcher:
    """Takes mails of one mailbox."""

    def __init__(self, receiver: Receiver, mailboxes: Mailboxes, settings: ImapSettings, clock: Clock) -> None:
        self._receiver = receiver
        self._mailboxes = mailboxes
        self._settings = settings
        self._clock = clock
        self._broken: dict[tuple[int, int], int] = {}  # (uidvalidity, uid) → connections that broke over it
        self._waiting: dict[int, datetime] = {}  # UID → since when the server does not give its mail
        self._again: dict[int, _NextTry] = {}  # UID → when it is asked for again
        self._refused_in_a_row = 0
        self.taken = 0  # mails that were handed on

    async def begin(self, uidvalidity: int) -> None:
        """A mailbox was opened: forget what was about other UIDs, and remember the mails that are waited for."""
        self._broken = {key: tries for key, tries in self._broken.items() if key[0] == uidvalidity}
        waiting = await self._mailboxes.waiting(self._settings.name, self._clock() - 2 * WAIT_FOR)
        places = [(name.split("/"), since) for name, since in waiting.items()]
        self._waiting = {int(uid): since for (validity, uid, _), since in places if int(validity) == uidvalidity}
        self._again = {uid: again for uid, again in self._again.items() if uid in self._waiting}

    @property
    def seconds_to_wait(self) -> float:
        """Until a mail is to be asked for again."""
        now = asyncio.get_running_loop().time()
        return min((max(again.at - now, 0.0) for again in self._again.values()), default=inf)

    @property
    def waiting_uids(self) -> Sequence[int]:
        """The UIDs of mails that are waited for; asked for at each look."""
        self._refused_in_a_row = 0
        return tuple(self._waiting)

    async def unknown(self, box: OpenMailbox, cursor: MailboxCursor, uids: Sequence[int]) -> tuple[int, list[Listed]]:
        """How many mails with these UIDs the server has, and those of them that our store does not have."""
        mails = await box.listed(uids)
        names = {mail: _place(cursor, mail).name for mail in mails}
        known = await self._mailboxes.known(cursor.mailbox, tuple(names.values()))
        unknown = [mail for mail in mails if names[mail] not in known]
        for uid in set(uids).difference(mail.uid for mail in unknown):  # had, or expunged
            self._has_come(uid)
        return len(mails), unknown

    async def take(self, box: OpenMailbox, cursor: MailboxCursor, group: Sequence[Listed]) -> Taken:
        """Fetch these mails and make them durable; those that the server does not give now are noted and left out."""
        new = held_bytes = 0
        arrivals: list[Arrival] = []
        came: list[Listed] = []
        due = [mail for mail in group if self._is_due(mail)]
        for mail in due:
            try:
                arrival = await self._fetch(box, cursor, mail)
            except _NotYetError:
                if self._refused_in_a_row >= REFUSED_IN_A_ROW:
                    raise ImapError("the server refuses one mail after the other") from None
                continue
            came.append(mail)
            if arrival is None:
                continue
            arrivals.append(arrival)
            held_bytes += len(arrival.content)
            if held_bytes > GROUP_BYTES:  # more than the server had said
                new += await self._keep(arrivals)
                arrivals, held_bytes = [], 0
        new += await self._keep(arrivals)
        for mail in came:
            self._has_come(mail.uid)
        for mail in due:  # only now: one mail that can't be fetched repeats the whole group
            self._broken.pop((cursor.uidvalidity, mail.uid), None)
        return Taken(len(came), new)

    async def _keep(self, arrivals: Sequence[Arrival]) -> int:
        kept = await self._receiver.receive_many(arrivals)
        self.taken += len(arrivals)
        return sum(one.is_new for one in kept)

    async def _fetch(self, box: OpenMailbox, cursor: MailboxCursor, mail: Listed) -> Arrival | None:
        """One mail; what stands for it when it never comes. None when it is expunged. Raises _NotYetError."""
        key, fits = (cursor.uidvalidity, mail.uid), mail.size_bytes <= self._settings.max_bytes
        tries = self._broken.get(key, 0)
        try:
            content, is_mail = await self._content(box, cursor, mail, whole=fits and tries < HEADER_AFTER)
        except ImapError:
            self._broken[key] = tries + 1
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
        is_whole = is_mail and fits and tries < HEADER_AFTER
        return Arrival(
            envelope,
            content,
            before_first_start=self._is_old(cursor, mail),
            too_large_bytes=0 if is_whole else max(mail.size_bytes, len(content) + (not is_mail)),
            not_fetched=not is_mail or tries >= HEADER_AFTER,
            place=_place(cursor, mail),
        )

    async def _content(
        self, box: OpenMailbox, cursor: MailboxCursor, mail: Listed, *, whole: bool
    ) -> tuple[bytes | None, bool]:
        """What there is of a mail (None: it is expunged), and whether the server gave it as its own. Raises _NotYetError."""
        given = b""
        if self._broken.get((cursor.uidvalidity, mail.uid), 0) < STAND_IN_AFTER:
            try:
                content = await box.content(mail, whole=whole)
            except ImapRefusedError:
                self._refused_in_a_row += 1
            else:
                self._refused_in_a_row = 0
                if not (whole and content and is_stand_in(content, mail.uid)):
                    return content, True
                given = content
            if await self._waits_for(mail, _place(cursor, mail)):
                raise _NotYetError
            with suppress(ImapRefusedError):
                if not given and (head := await box.content(mail, whole=False)):
                    return head, False
        return in_place_of(cursor.uidvalidity, mail.uid, self._settings.mailbox, given), False

    # -- mails that the server does not give now

    def _is_due(self, mail: Listed) -> bool:
        again = self._again.get(mail.uid)
        return again is None or again.mark != mail.mark or asyncio.get_running_loop().time() >= again.at

    async def _waits_for(self, mail: Listed, place: MailboxPlace) -> bool:
        """Whether the mail is to be asked for again; durable, so that a restart does not begin the day anew."""
        since = self._waiting.get(mail.uid)
        if since is None:
            await self._mailboxes.note_waiting(place)
            log.warning(
                "mailbox at %s: the server does not give the mail with UID %d; it is asked for again for a day",
                self._settings.host,
                mail.uid,
            )
            since = self._waiting[mail.uid] = self._clock()
        last = self._again.get(mail.uid)
        pause = min(2 * last.pause, LONGEST_PAUSE_SECONDS) if last else self._settings.first_retry_seconds
        self._again[mail.uid] = _NextTry(asyncio.get_running_loop().time() + pause, pause, mail.mark)
        return abs(self._clock() - since) < WAIT_FOR

    def _has_come(self, uid: int) -> None:
        self._waiting.pop(uid, None)
        self._again.pop(uid, None)

    def _is_old(self, cursor: MailboxCursor, mail: Listed) -> bool:
        """Whether it lay there before the first look. Later another mail may get its UID: that one is new."""
        return mail.uid <= cursor.watermark and (mail.uid > cursor.last_uid or mail.uid in self._waiting)


@dataclass(frozen=True, slots=True)
class _NextTry:
    """`at`: the loop's time; `pause`: seconds before it. `mark`: of the mail; another one is asked for at once."""

    at: float
    pause: float
    mark: str


class _NotYetError(LookupError):
    """The server does not give a mail; it is asked for again later."""


def _place(cursor: MailboxCursor, mail: Listed) -> MailboxPlace:
    return MailboxPlace(cursor.mailbox, f"{cursor.uidvalidity}/{mail.uid}/{mail.mark}")
