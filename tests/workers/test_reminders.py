"""Deadlines as time goes by: desks read them in their summaries, a person has one mail a day, and nothing goes out unless it is set."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from bot.core.deadlines.rules import Absence, DeadlineKind, ReminderRules
from bot.core.policy.policy import Desk, Policy
from bot.core.records.guarantee import GuaranteeState, Product
from bot.core.records.incoming_mail import KeyReceived, MailState
from bot.core.records.outgoing_mail import Letter
from bot.core.records.reasons import MailReason
from bot.core.records.submission import SubmissionState
from bot.core.text.business_days import Calendar
from bot.core.text.dates import JAPAN
from bot.outbound.compose import Composer
from bot.workers.sweeps import Sweeps
from storage.store import Store
from tests.storage.samples import FIELDS, KEY, accepted, add, arrival, settled, submission
from tests.storage.samples import GUARANTEE as G
from tests.workers.conftest import DESK, Watch

K = DeadlineKind
DEPUTY, HEAD = "kakaricho@city.example.jp", "kacho@city.example.jp"
CITY = Calendar(times=(time(9, 0),))
EMAIL = "keiri@kensetsu.example.jp"


@pytest.fixture
def policy(policy: Policy) -> Policy:
    return replace(policy, desks=(Desk("契約課", DESK, deputy=DEPUTY, head=HEAD),), reply_window=timedelta(days=30))


class City:
    """The sweeps over a store, day by day."""

    def __init__(self, store: Store, composer: Composer, policy: Policy, watch: Watch) -> None:
        self.store, self.composer, self.policy, self.watch = store, composer, policy, watch

    def sweeps(self, rules: ReminderRules | None) -> Sweeps:
        return Sweeps(self.store, self.composer, self.policy, CITY, self.watch, issued_enabled=False, reminders=rules)

    async def live(self, days: int, rules: ReminderRules | None, *, restarts: bool = False) -> None:
        """So many days, looked at in the morning and in every third evening.

        `restarts`: each time by a daemon that has just started.
        """
        sweeps = self.sweeps(rules)
        for day in range(days):
            for looks in (True, day % 3 == 0):
                if looks and restarts:
                    sweeps = self.sweeps(rules)
                if looks:
                    await sweeps.all()
                self.watch.turn(hours=12)

    async def mails(self, letter: Letter) -> list[tuple[str, date]]:
        """(to whom, on which day in Japan), in the order in which they were queued."""
        rows = reversed(await self.store.outbox.list_(limit=10_000))
        return [
            (row.mail.recipient, row.created_at.astimezone(JAPAN).date()) for row in rows if row.mail.letter is letter
        ]


@pytest.fixture
def city(store: Store, composer: Composer, policy: Policy, watch: Watch) -> City:
    return City(store, composer, policy, watch)


async def wait_for_a_person(store: Store) -> None:
    """A held notice, and a mail that a person must read, both of Tuesday, 24 November."""
    await store.incoming.keep([arrival(), arrival()])
    await store.submissions.settle(
        1, settled(submission("20261124-0001-1", received_at=datetime(2026, 11, 24, 1, tzinfo=UTC)))
    )
    await store.submissions.settle(2, settled(state=MailState.PASSED_ON, reason=MailReason.NO_NOTICE))


EVERYTHING = ReminderRules(dict.fromkeys(K, 2), held_head=6, contractor=2, contractor_times=2, repeat=5, absences=())


async def test_nothing_is_asked_and_nothing_is_sent_by_the_settings_as_they_come(city: City):
    await wait_for_a_person(city.store)
    await city.store.register.change(add(replace(G, email=EMAIL)), actor="clerk", source="a.csv")
    await city.live(40, None)
    assert await city.mails(Letter.REMINDER) == []
    assert await city.mails(Letter.NOTICE_REMINDER) == []
    (first, *_) = [row for row in await city.store.outbox.list_() if row.mail.letter is Letter.SUMMARY]
    assert "期限に注意するもの" not in first.mail.text


@pytest.mark.parametrize("restarts", [False, True])
async def test_what_waits_goes_to_the_deputy_then_to_the_head_and_again_after_the_days_set(city: City, restarts: bool):
    await wait_for_a_person(city.store)
    rules = ReminderRules({K.HELD_TOO_LONG: 2}, held_head=6, repeat=5)
    await city.live(45, rules, restarts=restarts)
    # 26 November is the second opening day after the 24th, 2 December the sixth; then every fifth one, over New Year.
    assert await city.mails(Letter.REMINDER) == [
        (DEPUTY, date(2026, 11, 26)),
        (HEAD, date(2026, 12, 2)),
        (HEAD, date(2026, 12, 9)),
        (HEAD, date(2026, 12, 16)),
        (HEAD, date(2026, 12, 23)),
        (HEAD, date(2027, 1, 5)),
    ]


async def test_one_mail_a_person_and_day_on_opening_days_after_the_first_summary(city: City):
    await wait_for_a_person(city.store)
    rows = [
        replace(
            G,
            number=str(n),
            email=EMAIL,
            product=Product.CONTRACT,
            contracted_on=date(2026, 12, n),
            project_name=f"第{n}号",
        )
        for n in range(1, 21)
    ]
    await city.store.register.change(add(*rows), actor="clerk", source="a.csv")
    away = Absence(DESK, date(2026, 12, 1), date(2026, 12, 10), "契約課")
    await city.live(50, replace(EVERYTHING, absences=(away,)), restarts=True)
    mails = [*await city.mails(Letter.REMINDER), *await city.mails(Letter.NOTICE_REMINDER)]
    assert {to for to, _ in mails} == {DEPUTY, HEAD, EMAIL}
    assert max(Counter(mails).values()) == 1
    assert all(CITY.is_open(day) for _, day in mails)
    hours = {
        row.created_at.astimezone(JAPAN).hour
        for row in await city.store.outbox.list_(limit=10_000)
        if row.mail.letter in {Letter.REMINDER, Letter.NOTICE_REMINDER}
    }
    assert hours == {10}  # the first look after 9:00


async def test_the_desk_reads_it_in_its_summary_and_gets_no_mail_beside_it(city: City, watch: Watch):
    await city.store.register.change(add(G), actor="clerk", source="a.csv")
    await city.store.incoming.keep([arrival()])
    taken = KeyReceived(1, G.number, KEY)
    await city.store.submissions.settle(
        1, settled(accepted(1, "20261124-0001-1", received_at=watch()), keys_received=(taken,))
    )
    await city.live(7, ReminderRules({K.NOT_VERIFIED: 2, K.NOTICE_WITHOUT_CLAIM: 3}))
    texts = {
        row.created_at.astimezone(JAPAN).strftime("%d %H"): row.mail.text
        for row in await city.store.outbox.list_()
        if row.mail.letter is Letter.SUMMARY
    }
    assert "■ 期限：0件\n" in texts["25 10"]
    assert "D-Sureでの確認が済んでいないもの：1件（1件目）" in texts["26 10"]
    assert "請求書が見当たらない" not in texts["26 10"]
    assert re.search(
        r"^　1件目　.*\n　　受付番号 20261124-0001-1：", texts["27 10"].partition("■ 期限")[2], re.MULTILINE
    )
    assert "同じ差出人からの請求書が見当たりません" in texts["27 10"].replace("\n　　", "")
    assert await city.mails(Letter.REMINDER) == []


async def test_the_summary_can_be_answered_about_what_is_due(city: City):
    await wait_for_a_person(city.store)
    await city.live(4, ReminderRules({K.HELD_TOO_LONG: 2}))
    rows = [row for row in await city.store.outbox.list_() if row.mail.letter in {Letter.SUMMARY, Letter.REMINDER}]
    for row in (rows[0], next(row for row in rows if row.mail.letter is Letter.REMINDER)):
        mark = re.search(r"\[([A-Z2-7]{4})-([A-Z2-7]{4})-([A-Z2-7]{4})\]", row.mail.subject)
        assert mark is not None
        ticket = await city.store.tickets.find("".join(mark.groups()))
        assert ticket is not None
        assert {(case.receipt_number, case.mail_id) for case in ticket.cases} == {("20261124-0001-1", 0), ("", 2)}
        assert "差戻し 理由" in row.mail.text
        assert "対応済" in row.mail.text


async def test_an_absent_deputys_mail_goes_to_the_head_at_once_and_says_so(city: City):
    await wait_for_a_person(city.store)
    away = Absence(DEPUTY, date(2026, 11, 26), date(2026, 11, 26), "山田")
    await city.live(4, ReminderRules({K.HELD_TOO_LONG: 2}, absences=(away,)))
    (first, second) = await city.mails(Letter.REMINDER)
    assert (first, second) == ((HEAD, date(2026, 11, 26)), (DEPUTY, date(2026, 11, 27)))
    text = next(row.mail.text for row in await city.store.outbox.list_() if row.mail.recipient == HEAD)
    assert "山田様ご不在のため、お知らせします。" in text


async def test_what_was_decided_is_not_told(city: City):
    await wait_for_a_person(city.store)
    await city.store.incoming.release(2, actor="clerk", note="電話で回答")
    await city.live(4, ReminderRules({K.HELD_TOO_LONG: 2}))
    (row,) = [row for row in await city.store.outbox.list_() if row.mail.letter is Letter.REMINDER]
    assert "メール番号 2" not in row.mail.text


async def test_a_contractor_is_reminded_once_of_all_that_is_his_until_the_notice_comes(city: City):
    issued = datetime(2026, 11, 24, 1, tzinfo=UTC)
    rows = [
        replace(G, issued_at=issued, email=EMAIL),
        replace(G, number="2", project_name="別の工事", issued_at=issued, email=EMAIL.upper()),
        replace(G, number="3", project_name="希望しない工事", issued_at=issued, email=EMAIL, wants_issued_mail=False),
        replace(G, number="4", project_name="届いた工事", issued_at=issued, email=EMAIL),
        replace(G, number="5", project_name="紙の工事", issued_at=issued, email=EMAIL, state=GuaranteeState.ON_PAPER),
    ]
    await city.store.register.change(add(*rows), actor="clerk", source="a.csv")
    await city.store.incoming.keep([arrival()])
    came = replace(FIELDS, number="4", project_name="届いた工事")
    await city.store.submissions.settle(
        1, settled(submission("20261124-0001-1", fields=came, state=SubmissionState.HELD))
    )
    await city.live(60, ReminderRules(contractor=3), restarts=True)
    (row,) = [row for row in await city.store.outbox.list_(limit=1000) if row.mail.letter is Letter.NOTICE_REMINDER]
    assert row.created_at.astimezone(JAPAN).date() == date(2026, 11, 27)
    text = row.mail.text
    assert G.number in text
    assert "別の工事" in text
    assert not any(word in text for word in ("希望しない", "届いた工事", "紙の工事", KEY.reveal()))


async def test_it_is_told_on_the_next_opening_day_when_the_machine_was_down(city: City, watch: Watch):
    await wait_for_a_person(city.store)
    watch.now = datetime(2026, 11, 28, 1, tzinfo=UTC)  # Saturday
    await city.live(4, ReminderRules({K.HELD_TOO_LONG: 2}))
    assert await city.mails(Letter.REMINDER) == [(DEPUTY, date(2026, 11, 30))]
