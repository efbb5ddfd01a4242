"""Password mails: open a mail's encrypted files by passwords in the sender's other mails, and find the mails that need this one.

Used by sorter.py for each mail between its reading and its verdict. core/verdict/password_pairing.py decides which mails may be
paired, core/mail/passwords.py, in the child, what may be a password. Other mails are read again from the store's sealed bytes; no password is
kept, logged or shown. The number of mails and the CPU time are bounded. Raises StoreError.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from bot.core.notice.interpret import UnderstoodMail
from bot.core.notice.read_mail import NotNow, ReadFailure, TakesLong
from bot.core.policy.policy import Formats, Policy
from bot.core.records.envelope import ReceivedMail
from bot.core.records.incoming_mail import MailRow
from bot.core.records.paper import Paper
from bot.core.records.reasons import MailReason
from bot.core.records.secret import Password
from bot.core.verdict.known_mail import KnownMail, known_mail
from bot.core.verdict.password_pairing import (
    TRIED_AT_ONCE,
    in_one_thread,
    in_turns,
    locked,
    opened,
    pairs_by_address,
    tells_passwords,
)
from bot.documents.pool.progress import CpuBudget
from bot.documents.pool.reader import Reader
from storage.errors import Unreadable
from storage.store import Store

PAIRING_CPU, QUICK_PAIRING_CPU = 30.0, 2.0
"""Seconds of CPU time for all readings for one mail's pairing, in addition to the mail's own reading."""
MOST_MAILS = 10
"""The most other mails of a sender that are tried, the nearest in time first."""


ReadAgain = Callable[[Sequence[Password]], Awaitable[UnderstoodMail | ReadFailure | TakesLong | NotNow]]
"""Reads the current mail again in the same way, with these passwords."""


@dataclass(frozen=True, slots=True)
class Paired:
    """A mail after its pair was looked for. `read`: with what could be opened, by `passwords`; `opens`: the mails that wait and
    open by its words. `told`, `waiting`: the other mails that were looked at, None = none had to be; `address`: whose they are.
    """

    read: UnderstoodMail
    passwords: tuple[Password, ...] = ()
    opens: tuple[int, ...] = ()
    address: str = ""
    told: frozenset[int] | None = None
    waiting: frozenset[int] | None = None


class Pairing:
    """Over the sorter's own store and reader."""

    def __init__(self, store: Store, reader: Reader, policy: Policy) -> None:
        self._store = store
        self._reader = reader
        self._policy = policy

    async def pair(
        self, mail: ReceivedMail, known: KnownMail, read: UnderstoodMail, read_again: ReadAgain, *, quick: bool = False
    ) -> Paired | TakesLong | NotNow:
        """Look for the mail's pair: who tells its password, whose password it tells. TakesLong only when `quick`."""
        if not self._policy.password_window or not tells_passwords(known.screened(read.words.automatic)):
            return Paired(read)
        words = read.words.passwords
        if not locked(read.papers) and not _may_open_others(read, words):
            return Paired(read)
        readings = _Readings(self._reader, self._policy.formats, quick=quick)
        try:
            paired = await self._opened(mail, known, read, readings)
            if paired.passwords:
                again = await read_again(paired.passwords)  # what was tried was not looked at as closely
                if isinstance(again, TakesLong | NotNow):
                    return again
                paired = replace(paired, read=again if isinstance(again, UnderstoodMail) else read)
            if paired.address and _may_open_others(paired.read, words):
                paired = await self._opening(mail, words, paired, readings)
        except _LaterError as error:
            return error.why
        return paired

    async def passwords_of(
        self, row: MailRow, content: bytes
    ) -> tuple[tuple[Password, ...], tuple[MailRow, ...], bool]:
        """What opens the locked files of a stored mail; the sender's other mails, nearest first; whether its own words tell a password."""
        known = known_mail(content, row.envelope, self._policy)
        read = await self._reader.read(
            content, self._policy.formats, beforehand=known.beforehand(), worth_a_look=_not_closely
        )
        if not isinstance(read, UnderstoodMail) or not self._policy.password_window:
            return (), (), False
        automatic = known.screened(read.words.automatic)
        if not tells_passwords(automatic) or not locked(read.papers):
            return (), (), False
        mail = ReceivedMail(row.mail_id, row.envelope, content, row.digest, row.attempts)
        address = pairs_by_address(known, automatic)
        rows = await self._told(mail, address) if address else ()
        with suppress(_LaterError):
            paired = await self._opened(mail, known, read, _Readings(self._reader, self._policy.formats, quick=False))
            return paired.passwords, rows, read.words.tells_password
        return (), rows, read.words.tells_password

    async def holds(self, mail: ReceivedMail, paired: Paired) -> bool:
        """Whether no other mail of this sender was sorted or opened since, so that the later one of a pair sees the earlier."""
        if paired.told is not None and not _ids(await self._told(mail, paired.address)) <= paired.told:
            return False
        if paired.waiting is None:
            return True
        waiting = _ids(await self._waiting(mail, paired.address))
        return waiting <= paired.waiting and waiting.issuperset(paired.opens)

    async def _opened(self, mail: ReceivedMail, known: KnownMail, read: UnderstoodMail, readings: _Readings) -> Paired:
        """The mail's own files: by its own words first, then by those of the same sender's other mails."""
        address = pairs_by_address(known, known.screened(read.words.automatic))
        lock = _Lock(mail.content, known, read, readings)
        await lock.try_all([read.words.passwords])
        told: frozenset[int] | None = None
        if lock.is_closed and address:
            rows = await self._told(mail, address)
            told = _ids(rows)
            for sources in await self._words_of(rows, known, address, readings):
                await lock.try_all(sources)
        return Paired(read, lock.fitting, address=address, told=told)

    async def _opening(
        self, mail: ReceivedMail, words: Sequence[Password], paired: Paired, readings: _Readings
    ) -> Paired:
        """The same sender's mails that wait for a password: those that this mail's words open."""
        rows = await self._waiting(mail, paired.address)
        opens = [row.mail_id for row in rows if await self._opens(row, words, paired.address, readings)]
        return replace(paired, opens=tuple(opens), waiting=_ids(rows))

    async def _words_of(
        self, rows: Sequence[MailRow], mail: KnownMail, address: str, readings: _Readings
    ) -> tuple[list[Sequence[Password]], ...]:
        """What the sender's other mails tell: first those of the same conversation and those that have opened something."""
        near: list[Sequence[Password]] = []
        far: list[Sequence[Password]] = []
        for row in rows:
            if (other := await self._read(row, (), address, readings)) is None:
                continue
            known, read = other
            is_near = row.reason is MailReason.PASSWORD_MAIL or in_one_thread(mail.head, known.head)
            (near if is_near else far).append(read.words.passwords)
        return near, far

    async def _opens(self, row: MailRow, words: Sequence[Password], address: str, readings: _Readings) -> bool:
        for portion in _portions(words, TRIED_AT_ONCE):
            other = await self._read(row, portion, address, readings)
            if other is None:
                return False
            if opened(row.papers, other[1].papers):
                return True
        return False

    async def _read(
        self, row: MailRow, words: Sequence[Password], address: str, readings: _Readings
    ) -> tuple[KnownMail, UnderstoodMail] | None:
        """Another mail, if it pairs by this address."""
        try:
            _, content, _ = await self._store.incoming.get(row.mail_id)
        except Unreadable:  # one mail that the disk has lost is no other mail's trouble
            return None
        known = known_mail(content, row.envelope, self._policy)
        if pairs_by_address(known, known.signs) != address:
            return None
        read = await readings.read(content, known, words)
        if read is None or pairs_by_address(known, known.screened(read.words.automatic)) != address:
            return None
        return known, read

    async def _told(self, mail: ReceivedMail, address: str) -> tuple[MailRow, ...]:
        return await self._near(self._store.password_pairing.mails_near, mail, address)

    async def _waiting(self, mail: ReceivedMail, address: str) -> tuple[MailRow, ...]:
        return await self._near(self._store.password_pairing.locked_mails_near, mail, address)

    async def _near(
        self, rows_near: Callable[..., Awaitable[tuple[MailRow, ...]]], mail: ReceivedMail, address: str
    ) -> tuple[MailRow, ...]:
        return await rows_near(
            address,
            at=mail.envelope.received_at,
            window=self._policy.password_window,
            besides=mail.mail_id,
            limit=MOST_MAILS,
        )


def _may_open_others(read: UnderstoodMail, words: Sequence[Password]) -> bool:
    """Whether the mail may tell another one's password: a notice is sent with one only when the mail says so."""
    return bool(words) and (not read.notices or read.words.speaks_of_password)


def _ids(rows: Sequence[MailRow]) -> frozenset[int]:
    return frozenset(row.mail_id for row in rows)


def _not_closely(_: MailReason | None) -> bool:
    return False


class _LaterError(Exception):
    """A reading came to no end: what is known so far decides nothing."""

    def __init__(self, why: TakesLong | NotNow) -> None:
        super().__init__()
        self.why = why


class _Readings:
    """The readings for one mail's pairing, within one budget of CPU time; without OCR."""

    def __init__(self, reader: Reader, formats: Formats, *, quick: bool) -> None:
        self._reader = reader
        self._formats = formats
        self._quick = quick
        self._budget = CpuBudget(QUICK_PAIRING_CPU if quick else PAIRING_CPU)

    async def read(self, content: bytes, known: KnownMail, words: Sequence[Password]) -> UnderstoodMail | None:
        """Read a mail with these passwords; None when it can't be, or when the CPU time is used up. Raises _LaterError."""
        read: UnderstoodMail | ReadFailure | TakesLong | NotNow = TakesLong()
        if self._budget.left:
            read = await self._reader.read(
                content,
                self._formats,
                beforehand=known.beforehand(),
                quick=self._quick,
                passwords=words,
                worth_a_look=_not_closely,
                budget=self._budget,
            )
        if isinstance(read, NotNow) or (self._quick and isinstance(read, TakesLong)):
            raise _LaterError(read)
        return read if isinstance(read, UnderstoodMail) else None


def _portions(words: Sequence[Password], size: int) -> Iterator[tuple[Password, ...]]:
    for start in range(0, len(words), size):
        yield tuple(words[start : start + size])


class _Lock:
    """A mail's encrypted files, and the passwords that opened some of them, which are tried on the others too."""

    def __init__(self, content: bytes, known: KnownMail, read: UnderstoodMail, readings: _Readings) -> None:
        self._content = content
        self._known = known
        self._readings = readings
        self._papers = read.papers
        self.fitting: tuple[Password, ...] = ()

    @property
    def is_closed(self) -> bool:
        return bool(locked(self._papers))

    async def try_all(self, sources: Sequence[Sequence[Password]]) -> None:
        """Try what several mails tell, until nothing is locked any more."""
        for words in _portions(in_turns(sources), TRIED_AT_ONCE // 2 if self.fitting else TRIED_AT_ONCE):
            if not self.is_closed:
                return
            papers = await self._papers_with(words)
            if papers is not None and opened(self._papers, papers):
                self.fitting = (*self.fitting, *await self._narrowed(words, locked(papers)))
                self._papers = papers

    async def _narrowed(self, words: tuple[Password, ...], left: tuple[str, ...]) -> tuple[Password, ...]:
        """Those of the words that leave no more locked than all of them: the mail is to be read once more with what fits alone."""
        while len(words) > 1:
            for half in _portions(words, (len(words) + 1) // 2):
                papers = await self._papers_with(half)
                if papers is not None and locked(papers) == left and opened(self._papers, papers):
                    words = half
                    break
            else:
                return words
        return words

    async def _papers_with(self, words: Sequence[Password]) -> tuple[Paper, ...] | None:
        read = await self._readings.read(self._content, self._known, (*self.fitting, *words)[:TRIED_AT_ONCE])
        return None if read is None else read.papers
