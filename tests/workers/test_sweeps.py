"""The sweeps: summaries on opening days, issuance mails once, waiting notices when the register catches up."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time

import pytest

from bot.core.policy.conditions import Conditions
from bot.core.records.guarantee import GuaranteeState
from bot.core.records.outgoing_mail import Letter
from bot.core.records.reasons import SubmissionReason
from bot.core.records.secret import AuthKey
from bot.core.records.submission import SubmissionState
from bot.core.text.business_days import Calendar
from bot.workers.sweeps import Sweeps, rematch
from tests.storage.samples import FIELDS, add, arrival, settled, submission
from tests.storage.samples import GUARANTEE as G


@pytest.fixture
def sweeps(store, composer, policy, watch) -> Sweeps:
    calendar = Calendar(times=(time(9, 0), time(15, 0)))
    return Sweeps(store, composer, policy, calendar, watch, issued_enabled=True)


async def subjects(store, letter: Letter) -> list[str]:
    return [row.mail.subject for row in await store.outbox.list_() if row.mail.letter is letter]


async def test_a_summary_is_due_once_for_each_time_of_an_opening_day(sweeps, store, watch):
    assert await sweeps.summaries() == 0  # it began at 10:00: the one of 9:00 is not made up
    watch.turn(hours=5)
    assert await sweeps.summaries() == 1
    assert await sweeps.summaries() == 0
    watch.turn(hours=17, minutes=59)
    assert await sweeps.summaries() == 0
    watch.turn(minutes=1)  # 9:00 on Wednesday
    assert await sweeps.summaries() == 1


async def test_what_was_missed_over_a_long_weekend_is_one_summary(sweeps, store, watch):
    watch.turn(hours=5)
    await sweeps.summaries()
    watch.now = datetime(2026, 11, 28, 6, 0, tzinfo=UTC)  # Saturday; down since Tuesday
    assert await sweeps.summaries() == 1
    watch.now = datetime(2026, 11, 29, 23, 59, tzinfo=UTC)  # Monday 8:59
    assert await sweeps.summaries() == 0
    watch.turn(minutes=1)
    assert await sweeps.summaries() == 1


async def test_an_empty_summary_says_so(sweeps, store):
    await sweeps.send_summary()
    (row,) = await store.outbox.list_()
    assert "受信したメール：0件" in row.mail.text


async def test_the_issuance_mail_goes_once_to_who_wants_it(sweeps, store):
    wants = replace(G, email="a@example.jp")
    await store.register.change(
        add(
            wants,
            replace(wants, number="", project_name="番号のない工事"),
            replace(wants, number="3", wants_issued_mail=False),
        ),
        actor="clerk",
        source="a.csv",
    )
    assert await sweeps.issued() == 2
    assert await sweeps.issued() == 0
    assert len(await subjects(store, Letter.ISSUED)) == 2


async def test_no_issuance_mail_goes_for_a_guarantee_outside_of_the_citys_conditions(store, composer, policy, watch):
    rows = [replace(G, email="a@example.jp", number=str(n), contract_amount_yen=n * 1_000_000) for n in (1, 2)]
    await store.register.change(add(*rows), actor="clerk", source="a.csv")
    within = replace(policy, conditions=Conditions(least_yen=2_000_000))
    assert await Sweeps(store, composer, within, Calendar(), watch, issued_enabled=True).issued() == 1
    assert await Sweeps(store, composer, policy, Calendar(), watch, issued_enabled=True).issued() == 1


async def test_the_register_catches_up_with_a_waiting_notice(store, policy):
    await store.incoming.keep([arrival(), arrival()])
    await store.submissions.settle(1, settled(submission("r-1")))
    other = submission("r-2", reasons=(SubmissionReason.NOT_IN_REGISTER, SubmissionReason.SENDER_UNPROVEN))
    await store.submissions.settle(2, settled(replace(other, fields=replace(FIELDS, number="00123-000000"))))
    assert await rematch(store, policy) == 0
    await store.register.change(add(G, replace(G, number="00123-000000")), actor="clerk", source="a.csv")
    assert await rematch(store, policy) == 1
    assert [(s.receipt_number, s.state) for s in await store.submissions.list_()] == [
        ("r-2", SubmissionState.HELD),  # its sender is still unproven: a person's business
        ("r-1", SubmissionState.ACCEPTED),
    ]
    guarantee = await store.register.guarantee(1)
    assert (guarantee.state, guarantee.auth_key) == (GuaranteeState.KEY_RECEIVED, FIELDS.auth_key)


async def test_two_keys_for_one_number_wait_for_a_person_even_when_the_register_catches_up(store, policy):
    await store.incoming.keep([arrival(), arrival()])
    await store.submissions.settle(1, settled(submission("r-1")))
    twin = submission("r-2", fields=replace(FIELDS, auth_key=AuthKey("zzzzzzzzzzzz")))
    await store.submissions.settle(2, settled(twin))
    await store.register.change(add(G), actor="clerk", source="a.csv")
    assert await rematch(store, policy) == 0
