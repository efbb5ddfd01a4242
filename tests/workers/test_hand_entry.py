"""A notice that a clerk enters takes the way of a mail: the same match, the same doubts, the same receipt."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.core.notice.entry_forms import EntryForm
from bot.core.policy.policy import Policy
from bot.core.records.envelope import Arrival, Envelope, Source
from bot.core.records.guarantee import Guarantee, GuaranteeState, Product
from bot.core.records.outgoing_mail import Letter
from bot.core.records.reasons import SubmissionReason
from bot.core.records.secret import AuthKey
from bot.core.records.submission import ReadFrom, SubmissionState
from bot.outbound.compose import Composer
from bot.workers.hand_entry import form_mail
from bot.workers.sorter import LEASE, Sorter
from storage.store import Store
from tests.in_process_reader import InProcessReader
from tests.storage.samples import add
from tests.workers.conftest import DESK, INBOX, Watch

FORM = EntryForm(
    "10001-000001",
    AuthKey("aB3dEf6hIj9k"),
    "市道第５号線改良工事",
    "株式会社みほん建設",
    Product.ADVANCE_PAYMENT,
    "koji@kensetsu.example.jp",
    "FAX",
)
ROW = Guarantee("市道第５号線改良工事", "株式会社みほん建設", Product.ADVANCE_PAYMENT, number="10001-000001")


@pytest.fixture
def policy(policy: Policy) -> Policy:
    return replace(policy, authserv_id="mx.city.example.jp")


class Counter:
    """A clerk at the counter, and the sorter behind."""

    def __init__(self, store: Store, sorter: Sorter, watch: Watch) -> None:
        self.store, self._sorter, self._watch, self._count = store, sorter, watch, 0

    async def enter(self, form: EntryForm = FORM) -> None:
        self._count += 1
        content = form_mail(form, f"<entered.{self._count}@city.example.jp>")
        envelope = Envelope(Source.HAND, form.sender or None, (INBOX,), self._watch(), peer=form.how)
        await self.store.incoming.enter([Arrival(envelope, content)], actor="山田")
        while mail := await self.store.incoming.claim(lease=LEASE):
            await self._sorter.sort(mail)

    async def letters(self) -> list[tuple[Letter, str]]:
        return [(row.mail.letter, row.mail.recipient) for row in reversed(await self.store.outbox.list_())]


@pytest.fixture
async def counter(store: Store, composer: Composer, policy: Policy, watch: Watch) -> AsyncIterator[Counter]:
    async with InProcessReader() as reader:
        yield Counter(store, Sorter(store, reader, composer, policy, watch), watch)


async def test_it_is_accepted_and_receipted_like_a_mailed_one(counter: Counter) -> None:
    await counter.store.register.change(add(ROW), actor="register", source="rows.csv")
    await counter.enter()
    (one,) = await counter.store.submissions.list_()
    assert (one.state, one.read_from, one.document_name) == (SubmissionState.ACCEPTED, ReadFrom.FORM, "手入力")
    assert one.fields.auth_key.reveal() == "aB3dEf6hIj9k"
    assert one.fields.contractor == "株式会社みほん建設"
    assert (await counter.store.register.guarantee(1)).state is GuaranteeState.KEY_RECEIVED
    assert await counter.letters() == [(Letter.RECEIPT, "koji@kensetsu.example.jp")]
    lines = await counter.store.journal.lines(subject=("mail", "1"))
    assert [(line.event, line.actor) for line in reversed(lines)] == [("mail.entered", "山田"), ("mail.sorted", "bot")]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"number": "10001-000002"}, SubmissionReason.NUMBER_DIFFERS),
        ({"project_name": "別の工事"}, SubmissionReason.PROJECT_NAME_DIFFERS),
        ({"auth_key": AuthKey("short")}, SubmissionReason.KEY_FORMAT),
    ],
)
async def test_what_speaks_against_it_holds_it_and_tells_the_desk(counter, changes, reason) -> None:
    await counter.store.register.change(add(ROW), actor="register", source="rows.csv")
    await counter.enter(replace(FORM, **changes))
    (one,) = await counter.store.submissions.list_()
    assert one.state is SubmissionState.HELD
    assert reason in one.reasons
    assert SubmissionReason.TYPED_IN_BODY not in one.reasons
    assert (Letter.ALERT, DESK) in await counter.letters()


async def test_without_an_address_nobody_is_mailed(counter: Counter) -> None:
    await counter.store.register.change(add(ROW), actor="register", source="rows.csv")
    await counter.enter(replace(FORM, sender=""))
    assert (await counter.store.submissions.list_())[0].state is SubmissionState.ACCEPTED
    assert await counter.letters() == []


async def test_the_same_key_with_a_mailed_one_is_a_duplicate_and_another_key_is_held(counter: Counter) -> None:
    await counter.store.register.change(add(ROW), actor="register", source="rows.csv")
    await counter.enter()
    await counter.enter()
    await counter.enter(replace(FORM, auth_key=AuthKey("zY8xWv5uTs2r")))
    states = [one.state for one in reversed(await counter.store.submissions.list_())]
    assert states == [SubmissionState.ACCEPTED, SubmissionState.DUPLICATE, SubmissionState.HELD]


@pytest.mark.parametrize(
    "name", ["工事名：別の工事", "認証キー：zzzzzzzzzzzz\r\n保証契約番号：99999-999999", "改行\nBcc: x@example.jp"]
)
async def test_no_field_makes_another(counter: Counter, name: str) -> None:
    await counter.enter(replace(FORM, project_name=name))
    for one in await counter.store.submissions.list_():
        assert (one.fields.number, one.fields.auth_key.reveal()) == ("10001-000001", "aB3dEf6hIj9k") or (
            one.state is SubmissionState.HELD and SubmissionReason.READ_TWICE_DIFFERENTLY in one.reasons
        )
