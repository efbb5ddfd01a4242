"""I1–I8: what must hold after every test with a whole daemon, whatever was done to it.

`check_invariants(daemons, relay)` is called by the `daemon` fixture when the test is over: it stops what runs, opens each
store as another process would, and compares it with what clients and relay saw. Raises AssertionError with all that is wrong.

I1 what was acknowledged is in the store, byte for byte · I2 one intake for each mail · I3 every letter ends or is due, every
copy of it has one Message-ID, no second copy unless the test opened that window · I4 nothing to automatic senders · I5 no key
outside its column · I6 memory, descriptors, temporary files · I7 the ledger adds up · I8 up again within ten seconds.
"""

from __future__ import annotations

import asyncio
import base64
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import TYPE_CHECKING

from bot.config.settings import Config, load
from bot.core.records.envelope import digest, identity
from bot.core.records.incoming_mail import MailRow, MailState
from bot.core.records.outgoing_mail import Letter, OutboxRow, OutboxState
from bot.core.records.submission import Submission
from storage.store import KeyFile, Store
from tests.patience import PATIENCE_SECONDS, within

if TYPE_CHECKING:  # it imports us
    from tests.whole.world import Daemon, Measured, Relay

RSS_LIMIT_KIB = 300 * 1024
RECOVERY_SECONDS = 10.0
DESCRIPTORS_MORE = 16
"""What a daemon may hold beyond its start: a pool of ten connections to PostgreSQL, the relay's, the children's."""
EVERYTHING = 10**9
HEADER_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class StoredMail:
    """A mail as the store gives it back."""

    row: MailRow
    content: bytes
    headers: Message


@dataclass(frozen=True, slots=True)
class Stored:
    """All that a store knows, read through its own door."""

    mails: tuple[StoredMail, ...]
    submissions: tuple[Submission, ...]
    outgoing: tuple[OutboxRow, ...]
    keys: frozenset[str]


def check_invariants(daemons: Sequence[Daemon], relay: Relay) -> None:
    """Stop the daemons and look at everything. Raises AssertionError."""
    wrong: list[str] = []
    stores: list[Stored] = []
    for daemon in daemons:
        wrong += [f"I6 {told}" for told in _resources(daemon)]
        wrong += [f"I6 {told}" for told in _stopped(daemon)]
        if daemon.process is not None and not daemon.unchecked:
            stored = read_store(daemon)
            stores.append(stored)
            wrong += [f"I1 {told}" for told in _kept(daemon, stored)]
            wrong += [f"I2 {told}" for told in _taken_once(stored)]
            wrong += [f"I7 {told}" for told in _ledger(stored)]
            wrong += [f"I5 {told}" for told in _leaks(daemon, relay, stored)]
        wrong += [f"I8 {told}" for told in slow_recoveries(daemon.measured)]
        if daemon.process is not None and "[critical" in daemon.log():
            wrong.append(f"I8 it ended by an error that nobody expected: {daemon.log()[-2000:]}")
    if stores and not any(daemon.unchecked for daemon in daemons):
        wrong += [f"I3 {told}" for told in _letters(stores, relay)]
    wrong += [f"I4 {told}" for stored in stores for told in _answers_to_machines(stored, relay)]
    assert not wrong, "\n".join(wrong)


def slow_recoveries(measured: Measured) -> list[str]:
    """Starts after a crash that took too long."""
    longest = within(RECOVERY_SECONDS)
    return [f"it took {s:.1f} s to answer again" for s in measured.recoveries if s > longest]


def read_store(daemon: Daemon) -> Stored:
    """Everything in a daemon's store, which may be running; whatever event loop the caller has."""
    found: list[Stored | BaseException] = []

    def read() -> None:
        try:
            found.append(asyncio.run(_read(load(daemon.config))))
        except BaseException as error:  # noqa: BLE001 - carried into the thread that asked
            found.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    thread.join()
    (result,) = found
    if isinstance(result, BaseException):
        raise result
    return result


async def opened(config: Config) -> Store:
    """A daemon's store, as another process opens it."""
    return await Store.open(config.database_url, vault=KeyFile(config.key_file))


async def _read(config: Config) -> Stored:
    async with await opened(config) as store:
        mails = []
        for row in await store.incoming.list_(limit=EVERYTHING):
            _, content, _ = await store.incoming.get(row.mail_id)
            mails.append(StoredMail(row, content, BytesHeaderParser().parsebytes(content[:HEADER_BYTES])))
        submissions = await store.submissions.list_(limit=EVERYTHING)
        guarantees = await store.register.guarantees(limit=None)
        keys = {key.reveal() for key in (s.fields.auth_key for s in submissions) if key}
        keys |= {guarantee.auth_key.reveal() for guarantee in guarantees if guarantee.auth_key}
        return Stored(tuple(mails), submissions, await store.outbox.list_(limit=EVERYTHING), frozenset(keys))


def _kept(daemon: Daemon, stored: Stored) -> Iterator[str]:
    digests = {digest(mail.content) for mail in stored.mails}
    identities = {identity(mail.content) for mail in stored.mails}
    for mail in daemon.acknowledged:
        # The same mail by another way has other trace headers; its first copy is the one that is kept.
        if mail.digest not in digests and mail.identity not in identities:
            yield f"an acknowledged mail is not in the store: {mail.digest}"
    for mail in stored.mails:
        if mail.row.digest != digest(mail.content) and mail.row.size_bytes == len(mail.content):
            yield f"mail {mail.row.mail_id} is not what came"


def _taken_once(stored: Stored) -> Iterator[str]:
    for one, times in Counter(identity(mail.content) for mail in stored.mails).items():
        if times > 1:
            yield f"a mail was taken {times} times: {one}"
    for number, times in Counter(submission.receipt_number for submission in stored.submissions).items():
        if times > 1:
            yield f"{times} submissions have the receipt number {number}"


def _letters(stores: Sequence[Stored], relay: Relay) -> Iterator[str]:
    rows = {row.mail.message_id: row for stored in stores for row in stored.outgoing}
    for row in rows.values():
        if (row.done_at is None) != (row.state in {OutboxState.QUEUED, OutboxState.HOLD}):
            yield f"outgoing mail {row.outbox_id} is {row.state.value}, done at {row.done_at}"
    # A canary is sent once, and is no letter.
    letters = [one for one in relay.copies if not one.message_id.startswith("<hosho-bot.canary.")]
    copies = Counter(letter.message_id for letter in letters)
    for message_id, times in copies.items():
        row = rows.get(message_id)
        if row is None:
            yield f"a letter left that no store knows: {message_id}"
        elif times > 1 + (message_id in relay.doubles_allowed):
            yield f"a {row.mail.letter.value} left {times} times"
    answers = {
        letter.message_id: (letter.recipient, str(letter.mail["In-Reply-To"]), letter.text) for letter in relay.copies
    }
    for (recipient, answered, _), times in Counter(answers.values()).items():
        if times > 1 and answered != "None":
            yield f"{recipient} was told the same {times} times about {answered}"
    if copies:
        for message_id, row in rows.items():
            if row.state is OutboxState.DELIVERED and message_id not in copies:
                yield f"outgoing mail {row.outbox_id} counts as delivered, and the relay never had it"


def _answers_to_machines(stored: Stored, relay: Relay) -> Iterator[str]:
    machines = {str(mail.headers["Message-ID"]).strip() for mail in stored.mails if is_automatic(mail)} - {"None"}
    told = [(row.mail.recipient, _in_reply_to(row.mail.content)) for row in stored.outgoing]
    told += [(letter.recipient, str(letter.mail["In-Reply-To"])) for letter in relay.copies]
    for recipient, answered in told:
        if answered.strip() in machines:
            yield f"an automatic mail was answered: {recipient}, {answered}"


def is_automatic(mail: StoredMail) -> bool:
    """By the plainest signs, looked at by other code than the daemon's own."""
    headers = mail.headers
    return (
        mail.row.envelope.mail_from == ""
        or str(headers.get("Auto-Submitted", "no")).strip().lower() != "no"
        or str(headers.get("Precedence", "")).strip().lower() in {"bulk", "junk", "list"}
        or "List-Id" in headers
    )


def _in_reply_to(content: bytes) -> str:
    return str(BytesHeaderParser().parsebytes(content)["In-Reply-To"])


def _ledger(stored: Stored) -> Iterator[str]:
    for mail in stored.mails:
        if mail.row.state is not MailState.RECEIVED and mail.row.reason is None:
            yield f"mail {mail.row.mail_id} is {mail.row.state.value} without a reason"
    for submission in stored.submissions:
        if not submission.reasons:
            yield f"submission {submission.receipt_number} has no reason"


def _resources(daemon: Daemon) -> Iterator[str]:
    if not daemon.is_running:
        return
    allowed = daemon.measured.descriptors_at_start + DESCRIPTORS_MORE
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (have := daemon.descriptors()) > allowed and time.monotonic() < deadline:
        time.sleep(0.1)
    if have > allowed:
        yield f"{have} descriptors are open, {daemon.measured.descriptors_at_start} were at the start"


def _stopped(daemon: Daemon) -> Iterator[str]:
    if daemon.is_running:
        code = daemon.stop()
        if code:
            yield f"it ended with {code}: {daemon.log()[-2000:]}"
        left = [path for path in temporary_files(daemon.folder) if path.is_file()]
        if left:
            yield f"temporary files are left: {left}"
    if daemon.measured.daemon_kib > RSS_LIMIT_KIB:
        yield f"it took {daemon.measured.daemon_kib // 1024} MiB"


def temporary_files(folder: Path) -> list[Path]:
    """What a daemon that has stopped in order should have cleared away."""
    halves = [path for path in (folder / "data").rglob("*") if path.name.endswith((".part", ".tmp", "-wal", "-shm"))]
    return [*(folder / "tmp").rglob("*"), *halves]


def _leaks(daemon: Daemon, relay: Relay, stored: Stored) -> Iterator[str]:
    """A key in the log, in a letter, in a temporary file, or in the database's files as it stands.

    But one letter is there to bring keys, where the city wants that.
    """
    brings_keys = {row.mail.message_id for row in stored.outgoing if row.mail.letter is Letter.KEYS}
    files = [daemon.folder / "log.txt", *(daemon.folder / "tmp").rglob("*"), *(daemon.folder / "data").rglob("*")]
    places = {str(path): path.read_bytes() for path in files if path.is_file()}
    for key in stored.keys - daemon.not_secret:
        shapes = spellings(key)
        for place, content in places.items():
            if any(shape in content for shape in shapes):
                yield f"a key stands in {place}"
        for letter in relay.copies:
            if letter.message_id in brings_keys:
                continue
            if key in letter.text or any(shape in letter.raw for shape in shapes):
                yield f"a key stands in a letter to {letter.recipient}"


def spellings(key: str) -> tuple[bytes, ...]:
    """The bytes by which a key would be recognised: UTF-8, UTF-16, and the part of its base64 that stands at each alignment."""
    plain = key.encode()
    encoded = [base64.b64encode(b"\0" * shift + plain) for shift in range(3)]
    inner = [code.rstrip(b"=")[(0, 2, 3)[shift] : -1] for shift, code in enumerate(encoded)]
    return plain, key.encode("utf-16-le"), key.encode("utf-16-be"), *inner
