"""Mails that are sorted at the same time: what one takes, the other sees."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from pathlib import Path
from typing import Any

import pytest

from bot.core.judging.lookup import LookUp
from bot.core.notice.interpret import UnderstoodMail
from bot.core.notice.read_mail import TakesLong
from bot.core.policy.policy import Formats
from bot.core.records.envelope import Arrival, Envelope, Source
from bot.core.records.incoming_mail import MailState
from bot.core.records.submission import NoticeFields, SubmissionState
from bot.core.verdict.mail_verdict import Verdict
from bot.workers.sorter import LEASE, Sorter
from storage.database.connection import Database
from storage.store import Store
from storage.use_cases.register import Register
from storage.use_cases.settling.settle import Submissions
from tests.storage.samples import add
from tests.workers.conftest import INBOX, Watch
from tests.workers.test_oracle import RIGHT, PaperReader, notice, number_of, row

SENDERS = ("a@first.example.jp", "b@second.example.jp")


class MeetingRegister(Register):
    """The first two look-ups may wait for each other: two processes that judge the same notice at once."""

    meeting: asyncio.Barrier | None = None

    async def look_up(
        self, fields: NoticeFields, works_numbers: Sequence[str] = (), *, besides: Collection[int] = ()
    ) -> LookUp:
        found = await super().look_up(fields, works_numbers, besides=besides)
        if self.meeting is not None:
            await self.meeting.wait()
            self.meeting = None
        return found


class ListedSubmissions(Submissions):
    """`order`: the mails that were settled."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.order: list[int] = []

    async def settle(self, mail_id: int, verdict: Verdict, **letters: Any) -> None:
        await super().settle(mail_id, verdict, **letters)
        self.order.append(mail_id)


class HastyReader(PaperReader):
    """A reader that comes to no end when it is to be quick."""

    def __init__(self, slow: bytes) -> None:
        super().__init__()
        self._slow = slow
        self.tries: list[bool] = []

    async def read(
        self, content: bytes, formats: Formats, *, quick: bool = False, **_: object
    ) -> UnderstoodMail | TakesLong:
        if self._slow in content:
            self.tries.append(quick)
            if quick:
                return TakesLong()
        return await super().read(content, formats, quick=quick)


@pytest.fixture
async def store(tmp_path: Path, watch: Watch) -> AsyncIterator[Store]:
    async with await Store.open(f"sqlite:///{tmp_path}/store.db", clock=watch, durable=False) as opened:
        opened.register, opened.submissions = MeetingRegister(opened._database), ListedSubmissions(opened._database)
        await opened.register.change(add(row(number_of(1))), actor="clerk", source="a.csv")
        yield opened


async def keep(store: Store, watch: Watch, *senders: str, key: str = RIGHT) -> None:
    for number, sender in enumerate(senders):
        envelope = Envelope(Source.SMTP, sender, (INBOX,), watch())
        await store.incoming.keep(
            [Arrival(envelope, notice(number_of(1), key, sender, message_id=f"{number}-{key}@x"))]
        )


async def states(store: Store) -> list[SubmissionState]:
    return sorted(one.state for one in await store.submissions.list_())


async def test_two_notices_that_are_judged_at_once_give_one_accepted_and_one_duplicate(
    store, tmp_path, composer, policy, watch
):
    """Two daemons, one of which has lost its turn, find the guarantee free; the second to settle decides anew, at once and not after its
    lease.
    """
    await keep(store, watch, *SENDERS)
    mails = [await store.incoming.claim(lease=LEASE) for _ in SENDERS]
    async with await Store.open(f"sqlite:///{tmp_path}/store.db", clock=watch, durable=False) as other:
        other.register = MeetingRegister(other._database)
        store.register.meeting = other.register.meeting = asyncio.Barrier(2)
        sorters = [Sorter(one, PaperReader(), composer, policy, watch) for one in (store, other)]
        await asyncio.gather(*(sorter.sort(mail) for sorter, mail in zip(sorters, mails, strict=True)))
    assert await states(store) == [SubmissionState.ACCEPTED, SubmissionState.DUPLICATE]
    assert {mail.state for mail in await store.incoming.list_()} == {MailState.SORTED}
    assert [mail.attempts for mail in await store.incoming.list_()] == [1, 1]


async def test_one_sorter_sorts_two_senders_side_by_side_and_decides_one_by_one(store, composer, policy, watch):
    await keep(store, watch, *SENDERS)
    sorter = Sorter(store, PaperReader(), composer, policy, watch)
    settled = iter(SENDERS)
    sorter.on_settled = lambda: sorter.stop() if next(settled) == SENDERS[-1] else None
    await sorter.run()
    assert await states(store) == [SubmissionState.ACCEPTED, SubmissionState.DUPLICATE]


async def test_a_mail_that_takes_long_is_read_again_behind_others_and_its_senders_later_mails_behind_it(
    store, composer, policy, watch
):
    slow, other = SENDERS
    await keep(store, watch, slow)
    await keep(store, watch, slow, key="zY8xWv5uTs2r")
    await keep(store, watch, other, key="kK3dEf6hIj9k")
    reader = HastyReader(slow.encode())
    sorter = Sorter(store, reader, composer, policy, watch)
    sorter.on_settled = lambda: sorter.stop() if len(store.submissions.order) == 3 else None
    await sorter.run()
    assert store.submissions.order == [3, 1, 2]
    assert reader.tries == [True, False, True, False]
    assert [mail.error for mail in await store.incoming.list_()] == ["", "", ""]
