"""The bomb set against the real reading children, the sorter, and the whole daemon: nothing dies but a child, nobody waits long."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from bot.core.notice.document import OpenFailure
from bot.core.notice.interpret import UnderstoodMail
from bot.core.policy.policy import Desk, Office, Policy
from bot.core.records.envelope import Arrival, Envelope, Source
from bot.core.records.incoming_mail import MailState
from bot.documents.pool.reader import Reader
from bot.outbound.compose import Composer
from bot.workers.sorter import LEASE, Sorter
from storage.store import Store
from tests.documents.pool.test_reader import cpu_of
from tests.faults import bombs
from tests.patience import within
from tests.whole.conftest import mail_with, register_of
from tests.whole.world import DESK, INBOX, Daemon, Relay, children_of, peak_kib, wait_until

Count = Callable[[int, int], int]
Figure = Callable[[str], None]

# What a bomb, a bomb of headers, and a good mail behind bombs may take beside other tests: thrice what they take alone.
BOMB_SECONDS, HEADER_SECONDS, DELAY_SECONDS = 36.0, 1.0, 90.0
SENDER = "suzuki@kensetsu.example.jp"

pytestmark = pytest.mark.timeout(900)


class Workplace:
    """A store, children and a sorter, and how long each mail took it."""

    def __init__(self, store: Store, reader: Reader) -> None:
        policy = Policy(
            office=Office("見本市", "契約課", "", "", "", "電子保証受付システム"),
            inboxes=(INBOX,),
            desks=(Desk("契約課", DESK),),
        )
        composer = Composer(sender=INBOX, bounces=INBOX, secret=bytes(16))
        self.store = store
        self.reader = reader
        self.now = datetime(2026, 6, 2, 1, 0, tzinfo=UTC)
        self._sorter = Sorter(store, reader, composer, policy, self._clock)

    def _clock(self) -> datetime:
        return self.now

    async def sort(self, content: bytes) -> float:
        """Take the mail and sort it to its end. The seconds of work that it took."""
        envelope = Envelope(Source.SMTP, SENDER, (INBOX,), self.now)
        (kept,) = await self.store.incoming.keep([Arrival(envelope, content)])
        assert kept.is_new
        began = time.monotonic()
        while mail := await self.store.incoming.claim(lease=LEASE):
            await self._sorter.sort(mail, quick=mail.attempts == 1)
            self.now += timedelta(minutes=10)
        return time.monotonic() - began


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def reader() -> AsyncIterator[Reader]:
    async with Reader() as reader:
        await reader.warm()
        yield reader


@pytest_asyncio.fixture(loop_scope="module")
async def office(tmp_path: Path, reader: Reader) -> AsyncIterator[Workplace]:
    made: list[Workplace] = []
    clock = lambda: made[0].now if made else datetime(2026, 6, 2, 1, 0, tzinfo=UTC)  # noqa: E731 - one clock for both
    async with await Store.open(f"sqlite:///{tmp_path}/data/store.db", clock=clock, durable=False) as store:
        made.append(Workplace(store, reader))
        yield made[0]


async def all_sorted(office: Workplace, mails: dict[str, bytes]) -> dict[str, float]:
    """Sort them all; each ends with a reason, a person is told of each, nobody else is written to."""
    seconds = {name: await office.sort(content) for name, content in mails.items()}
    rows = await office.store.incoming.list_(limit=1000)
    assert len(rows) == len(mails)
    told = await office.store.outbox.list_(limit=1000)
    assert [row.mail_id for row in rows if row.reason is None or row.state is MailState.RECEIVED] == []
    assert {row.mail.recipient for row in told} <= {DESK}
    return seconds


def slowest(seconds: dict[str, float]) -> tuple[str, float]:
    return max(seconds.items(), key=lambda one: one[1])


@pytest.mark.asyncio(loop_scope="module")
async def test_pdf_bombs_cost_a_child_at_most_and_each_ends_before_a_person(
    office: Workplace, count: Count, figure: Figure
) -> None:
    every = count(5, 1)
    mails = {name: bombs.mail_with(maker(), mark=name) for name, maker in list(bombs.PDFS.items())[::every]}
    seconds = await all_sorted(office, mails)
    rows = await office.store.incoming.list_(limit=1000)
    assert {row.state for row in rows} == {MailState.PASSED_ON}
    assert len(await office.store.outbox.list_(limit=1000)) == len(mails)  # a person is told of each
    name, longest = slowest(seconds)
    figure(f"PDF bombs: {len(mails)}, daemon alive, slowest {longest:.1f} s ({name})")
    assert longest < within(BOMB_SECONDS)


@pytest.mark.asyncio(loop_scope="module")
async def test_mime_bombs_cost_a_child_at_most_and_each_ends_before_a_person(
    office: Workplace, count: Count, figure: Figure
) -> None:
    mails = {name: maker() for name, maker in list(bombs.MIMES.items())[:: count(3, 1)]}
    seconds = await all_sorted(office, mails)
    rows = await office.store.incoming.list_(limit=1000)
    assert {row.state for row in rows} == {MailState.PASSED_ON}
    name, longest = slowest(seconds)
    figure(f"MIME bombs: {len(mails)}, daemon alive, slowest {longest:.1f} s ({name})")
    assert longest < within(BOMB_SECONDS)


@pytest.mark.asyncio(loop_scope="module")
async def test_header_attacks_are_read_in_no_time(office: Workplace, figure: Figure) -> None:
    """In the children's own time: what else the machine does is not their affair."""
    async with Reader(1, sees=False) as reader:
        await reader.warm()
        (server,) = reader.server_pids
        seconds: dict[str, float] = {}
        for name, mail in bombs.HEADERS.items():
            before = cpu_of(server)
            assert isinstance(await reader.read(mail), UnderstoodMail)
            await reader.read(b"")  # by then the mail's own child was waited for
            seconds[name] = cpu_of(server) - before
    name, longest = slowest(seconds)
    figure(f"header attacks: {len(seconds)}, slowest {longest:.2f} s of CPU ({name})")
    assert longest < HEADER_SECONDS
    await all_sorted(office, dict(bombs.HEADERS))


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    "maker", [bombs.scripts_and_launches, bombs.embedded_files_and_streams_elsewhere, bombs.form_data_with_entities]
)
async def test_what_acts_in_a_paper_asks_for_nothing(reader: Reader, maker: Callable[[], bytes]) -> None:
    """A child that asked for a socket, a file or a program would be dead, or would have read less."""
    read = await reader.read(bombs.mail_with(maker()))
    if reader.unfiltered:
        pytest.skip(reader.unfiltered)
    assert isinstance(read, UnderstoodMail)
    assert OpenFailure.LIMITS not in {document.trouble for document in read.documents}


@pytest.mark.parametrize("is_one_sender", [True, False])
def test_bombs_in_a_row_do_not_hold_up_a_good_mail(
    is_one_sender: bool, daemon: Callable[..., Daemon], relay: Relay, count: Count, figure: Figure
) -> None:
    bomb = bombs.flate_twice_1_gib()
    running = daemon(register=register_of("chromium-leaflet"))
    many = count(6, 20)
    for number in range(many):
        sender = f"s{0 if is_one_sender else number}@bombs.example.jp"
        running.send(bombs.mail_with(bomb, sender=sender, mark=str(number)), mail_from=sender)
    good = mail_with("chromium-leaflet")
    sent = time.monotonic()
    running.send(good)
    wait_until(lambda: any(letter.recipient == good["From"] for letter in relay.copies))
    delay = time.monotonic() - sent
    rss = peak_kib(running.process.pid) // 1024
    children = [peak_kib(child) // 1024 for child in children_of(running.process.pid)]
    figure(
        f"{many} bombs from {'one sender' if is_one_sender else f'{many} senders'}, then a good mail: answered after {delay:.1f} s;"
        f" daemon {rss} MiB, children now {children} MiB at most"
    )
    assert delay < within(DELAY_SECONDS)
    wait_until(lambda: len(relay.copies) > many, 400)  # a person is told of each bomb, too


@pytest.mark.asyncio(loop_scope="module")
async def test_a_mail_that_comes_back_from_the_dead_children_is_not_read_for_ever(office: Workplace) -> None:
    seconds = await office.sort(bombs.ten_bombs_in_one_mail())
    ((row,), told) = await asyncio.gather(office.store.incoming.list_(), office.store.outbox.list_())
    assert (row.state, row.attempts) == (MailState.PASSED_ON, 2)
    assert [letter.mail.recipient for letter in told] == [DESK]
    assert seconds < within(BOMB_SECONDS)
