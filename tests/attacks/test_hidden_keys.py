"""Keys that their writers hid from the masking, in some thousand forms, are taken in; then all that is left is searched for them.

A sender may write a key into every part of a mail and dress it as he likes. Whatever he does, it stands in no column of the database
(but, sealed, where mails and keys lie), no letter, no log, no journal, no export and on no screen.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from datetime import time, timedelta
from email import message_from_bytes
from email.header import decode_header, make_header
from email.policy import default
from pathlib import Path
from zipfile import ZipFile, is_zipfile

import pytest

from bot.commands.inspect import InspectedMail, as_row
from bot.commands.shared.json_rows import mail_row, outbox_row, submission_row
from bot.core.policy.policy import Desk, Formats, Limits, Office, Policy, Rate
from bot.core.records.envelope import Arrival, Envelope, Source
from bot.core.records.outgoing_mail import Letter, OutgoingMail
from bot.core.summary.workbook import case_sheet
from bot.core.text.business_days import Calendar
from bot.log import handler_for
from bot.outbound.compose import Composer
from bot.spreadsheets.writing import workbook
from bot.workers.sorter import LEASE, Sorter
from bot.workers.sweeps import Sweeps
from storage.store import Store
from tests.attacks.disguises import bare, disguises, keys
from tests.attacks.hiding_mails import INBOX, MX, STAFF, answer_with, mails_with
from tests.in_process_reader import InProcessReader
from tests.workers.conftest import DESK, Watch

_SMALL = 29  # every so many disguises in the small size; it is prime to the numbers of separators and splits
_MANY = Rate(1_000_000, 1_000_000)


@pytest.fixture
def policy() -> Policy:
    desk = Desk("契約課", DESK, staff=frozenset({STAFF}))
    return Policy(
        office=Office("見本市", "契約課", "", "", "", "電子保証受付システム"),
        inboxes=(INBOX,),
        desks=(desk,),
        authserv_id=MX,
        staff_domains=frozenset({"city.example.jp"}),
        reply_window=timedelta(days=30),
        accepts_opt_out=True,
        limits=Limits(_MANY, _MANY, _MANY, _MANY, 1_000_000, 1_000_000, 1_000_000),
    )


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What the program would write to its log, at its most talkative."""
    handler, lines = handler_for("text", Formats()), io.StringIO()
    handler.setStream(lines)
    logger = logging.getLogger("hosho")
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield lines
    logger.removeHandler(handler)
    logger.setLevel(before)


async def everything_of(
    chosen: list[str], seed: int, folder: Path, policy: Policy, watch: Watch, log: io.StringIO
) -> tuple[list[str], dict[str, str]]:
    """The keys that were sent, and by name every text that is left afterwards."""
    composer = Composer(sender=INBOX, bounces=INBOX, secret=bytes(16))
    sent: list[str] = []
    async with (
        await Store.open(f"sqlite:///{folder}/store.db", clock=watch, durable=False) as store,
        InProcessReader() as reader,
    ):
        sorter = Sorter(store, reader, composer, policy, watch)

        async def receive(content: bytes) -> None:
            envelope = Envelope(Source.SMTP, "koji@kensetsu.example.jp", (INBOX,), watch())
            await store.incoming.keep([Arrival(envelope, content)])
            while mail := await store.incoming.claim(lease=LEASE):
                await sorter.sort(mail)
            watch.turn(hours=1)

        for number, (name, key) in enumerate(zip(chosen, keys(seed), strict=False)):
            sent.append(key)
            written = disguises()[name](key)
            for mail in mails_with(written, str(number)):
                await receive(mail)
            alert = next(row.mail for row in await store.outbox.list_() if row.mail.letter in _ALERTS)
            subject = str(make_header(decode_header(str(message_from_bytes(alert.content)["Subject"]))))
            await receive(answer_with(written, str(number), alert, subject))
        calendar = Calendar(times=(time(9, 0), time(15, 0)))
        await Sweeps(store, composer, policy, calendar, watch, issued_enabled=True).send_summary()
        left = {name: text async for name, text in _shown(store)}
    return sent, left | _files(folder) | {"log": log.getvalue()}


def _files(folder: Path) -> dict[str, str]:
    return {path.name: path.read_bytes().decode("utf-8", "ignore") for path in folder.iterdir() if path.is_file()}


_ALERTS = {Letter.ALERT, Letter.MAIL_ALERT}


async def _shown(store: Store):
    """Everything that a person or a program is shown of the store."""
    mails = await store.incoming.list_(limit=1_000_000)
    submissions = await store.submissions.list_(limit=1_000_000)
    letters = await store.outbox.list_(limit=1_000_000)
    for mail in mails:
        yield f"mail {mail.mail_id}", f"{mail}{mail_row(mail)}"
        _, _, its = await store.incoming.get(mail.mail_id)
        seen = InspectedMail(mail, is_new=True, submissions=its, outgoing=())
        yield f"inspect {mail.mail_id}", str(as_row(Path("mail.eml"), seen, reveal_keys=False))
    for one in submissions:
        yield f"submission {one.receipt_number}", f"{one}{submission_row(one)}"
    for row in letters:
        yield f"letter {row.outbox_id} {row.mail.letter}", f"{outbox_row(row)}{row.mail.text}{_content(row.mail)}"
    for line in await store.journal.lines(limit=1_000_000):
        yield f"journal {line.number}", str(line)
    yield "export", _unpacked(workbook((case_sheet(submissions, submissions[0].received_at),)))


def _content(mail: OutgoingMail) -> str:
    """A letter's bytes as its recipient reads them. What leads to his own mail is no text."""
    message = message_from_bytes(mail.content, policy=default)
    heads = [f"{name}: {value}" for name, value in message.items() if name not in {"References", "In-Reply-To"}]
    bodies = [part.get_payload(decode=True) or b"" for part in message.walk() if not part.is_multipart()]
    return "\n".join([*heads, *(_unpacked(body) for body in bodies if isinstance(body, bytes))])


def _unpacked(content: bytes) -> str:
    if not is_zipfile(io.BytesIO(content)):
        return content.decode("utf-8", "replace")
    with ZipFile(io.BytesIO(content)) as archive:
        return "\n".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist())


def _found(sent: list[str], left: dict[str, str], chosen: list[str]) -> list[str]:
    texts = {name: bare(text) for name, text in left.items()}
    return [
        f"{disguise}: {name}"
        for key, disguise in zip(sent, chosen, strict=True)
        for name, text in texts.items()
        if key in text
    ]


@pytest.mark.timeout(120)
async def test_a_hidden_key_is_left_nowhere(tmp_path, policy, watch, written, figure):
    chosen = list(disguises())[::_SMALL]
    sent, left = await everything_of(chosen, 20261122, tmp_path, policy, watch, written)
    assert _found(sent, left, chosen) == []
    figure(f"hidden keys: {len(chosen)} disguises in 9 mails each, 0 found in {len(left):,} places")


@pytest.mark.slow
@pytest.mark.timeout(3600)
async def test_every_hidden_key_is_left_nowhere(tmp_path, policy, watch, written, figure):
    chosen = list(disguises())
    sent, left = await everything_of(chosen, 7, tmp_path, policy, watch, written)
    assert _found(sent, left, chosen) == []
    figure(f"hidden keys: {len(chosen)} disguises in 9 mails each, 0 found in {len(left):,} places")


def test_the_search_would_find_each_of_them():
    for name, key in zip(disguises(), keys(1), strict=False):
        assert key in bare(f"認証キー：{disguises()[name](key)}です"), name
