"""A list for disposal goes to who approves it, by mail; his answer alone, proven and in the thread, lets it be carried out, once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.policy.policy import Desk
from bot.core.records.incoming_mail import MailState
from bot.core.records.outgoing_mail import Letter, OutboxRow
from bot.core.records.reasons import MailReason
from bot.core.records.retention import Retained, Retention
from bot.workers.disposal import Disposals
from bot.workers.sorter import Sorter
from tests.in_process_reader import InProcessReader
from tests.storage.samples import arrival, settled
from tests.workers.conftest import DESK
from tests.workers.test_clerk_answers import MX, STAFF, Office

APPROVER = "bunsho@city.example.jp"
RULES = Retention({Retained.MAILS: 30})


@pytest.fixture
def policy(policy):
    return replace(
        policy,
        desks=(Desk("契約課", DESK, staff=frozenset({STAFF})),),
        authserv_id=MX,
        reply_window=timedelta(days=10),
        staff_domains=frozenset({"city.example.jp"}),
        disposal_approver=APPROVER,
    )


@pytest.fixture
async def office(store, composer, policy, watch) -> AsyncIterator[Office]:
    async with InProcessReader() as reader:
        yield Office(store, Sorter(store, reader, composer, policy, watch), watch)


@pytest.fixture
def disposals(store, composer, policy, watch) -> Disposals:
    return Disposals(store, composer, policy, RULES, watch)


@pytest.fixture
async def listed(store, watch, disposals, office) -> OutboxRow:
    """Two mails of long ago are on the list that was mailed; the same list is mailed once."""
    await store.incoming.keep([arrival(), arrival()])
    for number in (1, 2):
        await store.submissions.settle(number, settled(state=MailState.IGNORED, reason=MailReason.BEFORE_FIRST_START))
    watch.turn(days=40)
    due = await store.disposal.due(RULES)
    assert len(due.items) == 2
    assert await store.outbox.enqueue([disposals.listed(due)]) == 1
    assert await store.outbox.enqueue([disposals.listed(due)]) == 0
    watch.turn(hours=1)
    letter = await office.letter(Letter.DISPOSAL_LIST)
    assert (letter.mail.recipient, " ".join(due.in_fours) in letter.mail.text) == (APPROVER, True)
    return letter


async def kept(office: Office) -> list[bool]:
    """Whether the two mails are still there."""
    return [b"example.jp" in (await office.store.incoming.get(number))[1] for number in (1, 2)]


async def events(office: Office) -> list[tuple[str, str]]:
    lines = await office.store.journal.lines(limit=1000)
    return [(line.event, line.actor) for line in reversed(lines) if line.event.startswith("disposal.")]


async def told(office: Office) -> list[str]:
    """The notes to the approver, who gets no other word."""
    assert await office.letters(Letter.DESK_NOTE, Letter.ALERT, Letter.MAIL_ALERT) == []
    return ["".join(row.mail.text.split()) for row in await office.letters(Letter.DISPOSAL_NOTE)]


async def test_what_is_approved_the_next_day_is_carried_out_once_and_told(office, disposals, listed, watch):
    assert await disposals.carry_out() == 0
    watch.turn(days=1)
    await office.answer(listed, "お疲れ様です。文書課の田中です。\n承認します。\n", sender=APPROVER)
    assert await office.end() == (MailState.ANSWERED, MailReason.ORDERS_DONE)
    assert await kept(office) == [True, True]
    assert await disposals.carry_out() == 2
    assert await disposals.carry_out() == 0
    assert await kept(office) == [False, False]
    assert await events(office) == [(f"disposal.{event}", APPROVER) for event in ("approved", "done", "finished")]
    await office.answer(listed, "承認", sender=APPROVER)
    assert await office.end() == (MailState.ANSWERED, MailReason.ORDERS_NOT_DONE)
    assert await disposals.carry_out() == 0
    first, done, again = await told(office)
    assert "承認を受け付けました" in first
    assert "2件を廃棄しました" in done
    assert "この一覧には、既に返信をいただいています" in again


async def test_what_is_put_off_stays_with_the_reason_in_the_journal_and_can_be_listed_again(
    office, disposals, listed, store, watch
):
    await office.answer(listed, "保留 監査が終わるまで", sender=APPROVER)
    assert await disposals.carry_out() == 0
    assert await kept(office) == [True, True]
    [line] = await office.store.journal.lines(subject=("disposal", "".join(await listed_number(office))))
    assert (line.event, line.actor, line.detail["note"]) == ("disposal.put_off", APPROVER, "監査が終わるまで")
    assert "保留を受け付けました" in (await told(office))[0]
    watch.turn(days=20)
    assert await store.outbox.enqueue([disposals.listed(await store.disposal.due(RULES))]) == 1
    await office.answer(await office.letter(Letter.DISPOSAL_LIST), "承認", sender=APPROVER)
    assert await disposals.carry_out() == 2


async def listed_number(office: Office) -> tuple[str, ...]:
    return (await office.store.disposal.due(RULES)).in_fours


@pytest.mark.parametrize(
    "answer",
    [
        {"sender": STAFF},
        {"sender": "bunsho@kensetsu.example.jp", "result": "dmarc=pass header.from=kensetsu.example.jp"},
        {"sender": APPROVER, "result": "dmarc=fail header.from=city.example.jp"},
        {"sender": APPROVER, "in_reply_to": ""},
        {"sender": APPROVER, "subject": "Re: 廃棄"},
        {"sender": APPROVER, "words": "承認します。ただし1通目は残してください"},
        {"sender": APPROVER, "words": "1件目 承認"},
        {"sender": APPROVER, "words": "差戻し 理由"},
        {"sender": APPROVER, "words": "承認\n保留"},
        {"sender": APPROVER, "more": "Auto-Submitted: auto-replied\r\n"},
        {"sender": APPROVER, "file": "契約書.pdf"},
    ],
)
async def test_no_other_answer_disposes_of_anything(office, disposals, listed, answer):
    await office.answer(listed, answer.pop("words", "承認"), **answer)
    assert await disposals.carry_out() == 0
    assert await kept(office) == [True, True]
    assert await events(office) == []


async def test_an_answer_after_its_time_disposes_of_nothing(office, disposals, listed, watch):
    watch.turn(days=11)
    await office.answer(listed, "承認", sender=APPROVER)
    assert await disposals.carry_out() == 0
    assert "返信の期限を過ぎたメールです" in (await told(office))[0]


async def test_a_list_that_is_another_one_by_now_is_not_carried_out(office, disposals, listed, store):
    await office.answer(listed, "承認", sender=APPROVER)
    await store.disposal.hold(2, why="照会中", actor="sato")
    assert await disposals.carry_out() == 0
    assert await kept(office) == [True, True]
    assert "何も廃棄していません" in (await told(office))[-1]
    assert (await events(office))[-1] == ("disposal.finished", APPROVER)
    assert await disposals.carry_out() == 0
