"""What is due on a day: each kind with the day before it is due and the day on which it is, over Golden Week and New Year."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.deadlines.due import contractors_dues, due_items
from bot.core.deadlines.facts import DEPUTY, HEAD, DeadlineFacts
from bot.core.deadlines.rules import KIND_WORDS, DeadlineKind, ReminderRules
from bot.core.records.guarantee import GuaranteeState, Product
from bot.core.records.incoming_mail import MailState
from bot.core.records.submission import SubmissionState
from tests.core.deadlines.cases import CITY, POLICY, at, due_on, facts, guarantee, mail, notice, rules

K = DeadlineKind
APRIL_28 = date(2026, 4, 28)  # open; then 30 April, 1, 7, 8 May
DECEMBER_25 = date(2026, 12, 25)  # open; then 28 December, 4 January

ISSUED = facts(guarantee(issued_at=at(APRIL_28)))
CONTRACT = facts(guarantee(product=Product.CONTRACT, contracted_on=date(2026, 5, 7), state=GuaranteeState.EXPECTED))
SHORT = facts(guarantee(expires_on=date(2027, 1, 4), works_end_on=date(2027, 1, 29), state=GuaranteeState.VERIFIED))
ACCEPTED = notice(APRIL_28)
HELD = notice(DECEMBER_25, SubmissionState.HELD)
CLAIM = mail(DECEMBER_25, claims=1)
# 25 December and 14 days is Friday, 8 January; three opening days before that it is told.
PAY = facts(notices=(notice(DECEMBER_25),), mails=(CLAIM,))


@pytest.mark.parametrize(
    ("kind", "days", "of", "first"),
    [
        (K.ISSUED_WITHOUT_NOTICE, 3, ISSUED, date(2026, 5, 7)),
        (K.NOTICE_WITHOUT_CLAIM, 3, facts(notices=(ACCEPTED,)), date(2026, 5, 7)),
        (K.CLAIM_WITHOUT_NOTICE, 2, facts(mails=(CLAIM,)), date(2027, 1, 4)),
        (K.CONTRACT_GUARANTEE_DUE, 3, CONTRACT, APRIL_28),
        (K.PAYMENT_DUE, 14, PAY, date(2027, 1, 5)),
        (K.GUARANTEE_ENDS_BEFORE_WORKS, 2, SHORT, DECEMBER_25),
        (K.NOT_VERIFIED, 2, facts(notices=(ACCEPTED,)), date(2026, 5, 1)),
        (K.HELD_TOO_LONG, 2, facts(notices=(HELD,)), date(2027, 1, 4)),
        (K.HELD_TOO_LONG, 2, facts(mails=(mail(DECEMBER_25, state=MailState.PARKED),)), date(2027, 1, 4)),
    ],
)
def test_each_kind_is_due_from_its_day_on_and_not_the_day_before(
    kind: DeadlineKind, days: int, of: DeadlineFacts, first: date
):
    assert due_on(first - timedelta(days=1), of, rules(kind, days)) == ()
    (due,) = due_on(first, of, rules(kind, days))
    assert (due.kind, due.due_on, due.desks) == (kind, first, ("契約課",))
    assert due_on(first + timedelta(days=1), of, rules(kind, days)) != ()
    assert due_on(first, of, rules(kind, 0)) == ()  # off


@pytest.mark.parametrize(
    ("kind", "of"),
    [
        (K.ISSUED_WITHOUT_NOTICE, ISSUED),
        (K.NOTICE_WITHOUT_CLAIM, facts(notices=(ACCEPTED,))),
        (K.NOT_VERIFIED, facts(notices=(ACCEPTED,))),
        (K.HELD_TOO_LONG, facts(notices=(notice(APRIL_28, SubmissionState.HELD),))),
        (K.CLAIM_WITHOUT_NOTICE, facts(mails=(mail(APRIL_28, claims=1),))),
    ],
)
def test_a_kind_may_count_every_day(kind: DeadlineKind, of: DeadlineFacts):
    by = rules(kind, 3, all_days=frozenset({kind}))
    assert due_on(date(2026, 4, 30), of, by) == ()
    assert len(due_on(date(2026, 5, 1), of, by)) == 1


def test_a_payment_may_be_counted_in_opening_days():
    by = rules(K.PAYMENT_DUE, 4, all_days=frozenset(), payment_warning=1)  # 28 December, 4, 5 and 6 January
    assert due_on(date(2027, 1, 4), PAY, by) == ()
    assert [due.deadline for due in due_on(date(2027, 1, 5), PAY, by)] == [date(2027, 1, 6)]


def test_nothing_is_due_by_the_settings_as_they_come():
    everything = facts(
        guarantee(issued_at=at(APRIL_28)),
        guarantee(guarantee_id=13, product=Product.CONTRACT, contracted_on=APRIL_28),
        notices=(ACCEPTED, HELD),
        mails=(CLAIM,),
        wanting=frozenset({12}),
    )
    later = date(2027, 3, 1)
    assert due_items(everything, CITY, ReminderRules(), POLICY, later) == ()
    assert contractors_dues(everything, CITY, ReminderRules(), POLICY, later) == ()
    assert not ReminderRules().is_on


def test_every_kind_has_words():
    assert set(KIND_WORDS) == set(K)
    assert all(words.step.endswith("。") for words in KIND_WORDS.values())


# -- what ends or spares a due


@pytest.mark.parametrize(
    ("came", "is_due"),
    [
        (notice(APRIL_28, SubmissionState.HELD), False),  # it came, and waits for a person
        (notice(APRIL_28, SubmissionState.HELD, number="99999-999999"), True),
        (notice(APRIL_28, SubmissionState.HELD, number="", number_as_written=""), False),  # the same work
        (notice(APRIL_28, SubmissionState.HELD, number="", project_name="別の工事"), True),
        (notice(APRIL_28, SubmissionState.HELD, number="", product=Product.CONTRACT), True),
        (notice(APRIL_28, SubmissionState.DUPLICATE), True),
        (notice(APRIL_28, SubmissionState.REFUSED, state_on=date(2026, 5, 1)), False),  # sent back on Friday
        (notice(APRIL_28, SubmissionState.REFUSED), True),
    ],
)
def test_an_issued_guarantee_is_not_missed_while_its_notice_may_be_there(came, is_due: bool):
    of = facts(guarantee(issued_at=at(APRIL_28)), notices=(came,))
    assert bool(due_on(date(2026, 5, 8), of, rules(K.ISSUED_WITHOUT_NOTICE, 3))) is is_due


@pytest.mark.parametrize(
    "state",
    [GuaranteeState.KEY_RECEIVED, GuaranteeState.VERIFIED, GuaranteeState.ON_PAPER, GuaranteeState.CANCELLED],
)
def test_a_guarantee_for_which_no_notice_is_awaited_is_not_missed(state: GuaranteeState):
    issued = facts(guarantee(issued_at=at(APRIL_28), state=state))
    contract = facts(guarantee(product=Product.CONTRACT, contracted_on=APRIL_28, state=state))
    assert due_on(date(2026, 6, 1), issued, rules(K.ISSUED_WITHOUT_NOTICE, 1)) == ()
    assert due_on(date(2026, 6, 1), contract, rules(K.CONTRACT_GUARANTEE_DUE, 1)) == ()


def test_a_contract_guarantee_is_worse_from_the_contracts_day_on_and_a_waiting_notice_is_named():
    by = rules(K.CONTRACT_GUARANTEE_DUE, 3)
    held = notice(APRIL_28, SubmissionState.HELD, product=Product.CONTRACT)
    (before,) = due_on(date(2026, 5, 6), CONTRACT, by)
    (on_the_day,) = due_on(date(2026, 5, 7), replace(CONTRACT, notices=(held,)), by)
    assert (before.level, on_the_day.level) == (1, 2)
    assert "契約日 5月7日（あと1開庁日）" in before.note
    assert "20260428-0007-1 が確認待ちです" in on_the_day.note


def test_a_guarantee_that_covers_the_works_is_no_matter_and_an_ended_work_neither():
    by = rules(K.GUARANTEE_ENDS_BEFORE_WORKS, 365)
    covers = facts(guarantee(expires_on=date(2027, 1, 29), works_end_on=date(2027, 1, 29)))
    unknown = facts(guarantee(expires_on=None, works_end_on=date(2027, 1, 29)))
    assert due_on(date(2027, 1, 5), covers, by) == due_on(date(2027, 1, 5), unknown, by) == ()
    (after_its_end,) = due_on(date(2027, 1, 29), SHORT, by)
    assert after_its_end.level == 2
    assert due_on(date(2027, 1, 30), SHORT, by) == ()


def test_the_head_follows_the_deputy():
    by = rules(K.HELD_TOO_LONG, 2, held_head=4)
    of = facts(notices=(HELD,))
    levels = [[due.level for due in due_on(date(2027, 1, day), of, by)] for day in (3, 4, 5, 6)]
    assert levels == [[], [DEPUTY], [DEPUTY], [HEAD]]
    alone = ReminderRules(held_head=4)
    assert [due.level for due in due_on(date(2027, 1, 6), of, alone)] == [HEAD]
    assert due_on(date(2027, 1, 5), of, alone) == ()


def test_a_mail_that_was_dealt_with_or_held_no_person_up_is_not_due():
    by = rules(K.HELD_TOO_LONG, 1)
    for state in (MailState.RELEASED, MailState.SORTED, MailState.IGNORED, MailState.ANSWERED):
        assert due_on(date(2027, 2, 1), facts(mails=(mail(DECEMBER_25, state=state),)), by) == ()


def test_a_day_beyond_a_weekend_is_told_in_days():
    of = facts(guarantee(expires_on=date(2027, 1, 10), works_end_on=date(2027, 1, 29)))  # a Sunday
    by = rules(K.GUARANTEE_ENDS_BEFORE_WORKS, 5)
    notes = [due_on(date(2027, 1, day), of, by)[0].note for day in (7, 8, 10, 11, 12)]
    ends = [note.partition("（")[2] for note in notes]
    assert ends == [
        "保証期限まであと1開庁日）",
        "保証期限まであと2日）",
        "本日）",
        "保証期限から1日経過）",  # 成人の日
        "保証期限から1開庁日経過）",
    ]


# -- payment


@pytest.mark.parametrize(
    ("today", "level", "words"),
    [
        (date(2027, 1, 4), 0, ""),
        (date(2027, 1, 5), 1, "支払期限 1月8日（あと3日）"),
        (date(2027, 1, 8), 2, "支払期限 1月8日（本日）"),
        (date(2027, 1, 9), 3, "支払期限 1月8日（1日経過）"),
        (date(2027, 1, 25), 3, ""),
        (date(2027, 1, 26), 0, ""),  # ten opening days later: nobody tells us that it was paid
    ],
)
def test_a_payment_is_told_before_its_day_on_it_and_for_a_while_after(today: date, level: int, words: str):
    found = due_on(today, PAY, rules(K.PAYMENT_DUE, 14))
    assert [due.level for due in found] == ([level] if level else [])
    assert all(words in due.note and "12月25日に届いた、同じ差出人の請求書によります" in due.note for due in found)


def test_a_payment_day_on_which_the_office_is_closed_is_told_with_the_last_opening_day():
    of = facts(notices=(notice(date(2026, 12, 18)),), mails=(mail(date(2026, 12, 18), claims=1),))
    by = rules(K.PAYMENT_DUE, 14, payment_warning=0)  # 1 January
    assert due_on(date(2026, 12, 27), of, by) == ()
    (due,) = due_on(date(2026, 12, 28), of, by)
    assert due.level == 2
    assert "支払期限 2027年1月1日（あと4日）。閉庁日のため、12月28日までに" in due.note


@pytest.mark.parametrize("state", [SubmissionState.HELD, SubmissionState.REFUSED])
def test_nothing_is_paid_for_what_was_not_accepted(state: SubmissionState):
    of = facts(notices=(notice(DECEMBER_25, state),), mails=(CLAIM,))
    assert due_on(date(2027, 1, 8), of, rules(K.PAYMENT_DUE, 14)) == ()


def test_a_contract_guarantee_brings_no_claim():
    of = facts(notices=(notice(APRIL_28, product=Product.CONTRACT),))
    assert due_on(date(2026, 5, 8), of, rules(K.NOTICE_WITHOUT_CLAIM, 1)) == ()


def test_a_claim_that_may_be_on_paper_is_asked_for_and_not_for_ever():
    of, by = facts(notices=(ACCEPTED,)), rules(K.NOTICE_WITHOUT_CLAIM, 3, ends_after=2)
    (due,) = due_on(date(2026, 5, 7), of, by)
    assert "同じ差出人からの請求書が見当たりません" in due.note
    assert len(due_on(date(2026, 5, 11), of, by)) == 1
    assert due_on(date(2026, 5, 12), of, by) == ()


@pytest.mark.parametrize(
    ("changes", "is_due"),
    [
        ({}, False),  # the same sender
        ({"sender": "Tanto@Kensetsu.example.jp"}, False),
        ({"sender": "keiri@kensetsu.example.jp"}, True),
        ({"sender": ""}, True),
        ({"sender": "keiri@kensetsu.example.jp", "subject": "請求書（００１２３－４５６７８９）"}, False),
        ({"sender": "x@example.jp", "mail_id": 7}, False),  # the very mail
        ({"received_at": at(APRIL_28 - timedelta(days=61))}, True),
        ({"received_at": at(APRIL_28 - timedelta(days=60))}, False),
        ({"claims": 0}, True),
    ],
)
def test_a_claim_belongs_to_a_notice_by_mail_number_or_sender(changes: dict[str, object], is_due: bool):
    of = facts(notices=(ACCEPTED,), mails=(mail(APRIL_28, claims=1, state=MailState.RELEASED),))
    of = replace(of, mails=(replace(of.mails[0], **changes),))
    assert bool(due_on(date(2026, 5, 8), of, rules(K.NOTICE_WITHOUT_CLAIM, 3))) is is_due


def test_one_claim_does_for_one_notice_of_its_sender_and_for_all_of_its_own_mail():
    two = (notice(APRIL_28), notice(date(2026, 4, 27), receipt="20260427-0008-1", mail_id=8, number="00123-000001"))
    by, today = rules(K.NOTICE_WITHOUT_CLAIM, 1), date(2026, 5, 1)
    (left,) = due_on(today, facts(notices=two, mails=(mail(APRIL_28, claims=1),)), by)
    assert left.about == "submission/20260427-0008-1"  # the other is nearer to the claim
    assert due_on(today, facts(notices=two, mails=(mail(APRIL_28, claims=2),)), by) == ()
    together = (two[0], replace(two[1], mail_id=7))
    assert due_on(today, facts(notices=together, mails=(mail(APRIL_28, mail_id=7, claims=1),)), by) == ()


@pytest.mark.parametrize("state", [SubmissionState.HELD, SubmissionState.ACCEPTED, SubmissionState.VERIFIED])
def test_a_claim_whose_sender_brought_a_notice_misses_none(state: SubmissionState):
    of = facts(notices=(notice(DECEMBER_25, state),), mails=(CLAIM,))
    assert due_on(date(2027, 1, 8), of, rules(K.CLAIM_WITHOUT_NOTICE, 2)) == ()


@pytest.mark.parametrize(
    "came", [notice(DECEMBER_25, SubmissionState.REFUSED), notice(DECEMBER_25, product=Product.CONTRACT)]
)
def test_a_claim_whose_sender_brought_no_notice_that_counts_misses_one(came):
    of = facts(notices=(came,), mails=(CLAIM,))
    assert len(due_on(date(2027, 1, 8), of, rules(K.CLAIM_WITHOUT_NOTICE, 2))) == 1


# -- desks, beginnings, what a clerk has dealt with


def test_a_due_is_its_desks_by_register_or_product():
    contract = replace(POLICY.desks[0], name="財政課", products=frozenset({Product.CONTRACT}))
    works = replace(POLICY.desks[0], name="土木課", products=frozenset({Product.ADVANCE_PAYMENT}))
    policy = replace(POLICY, desks=(contract, works))
    by, today = rules(K.ISSUED_WITHOUT_NOTICE, 1), date(2026, 5, 8)
    named = facts(guarantee(issued_at=at(APRIL_28), desk="財政課"))
    assert [due.desks for due in due_on(today, ISSUED, by, policy)] == [("土木課",)]
    assert [due.desks for due in due_on(today, named, by, policy)] == [("財政課",)]


def test_what_began_before_the_city_began_is_let_be():
    by = rules(K.ISSUED_WITHOUT_NOTICE, 1)
    assert due_on(date(2026, 5, 8), ISSUED, replace(by, begins_on=date(2026, 4, 29))) == ()
    assert len(due_on(date(2026, 5, 8), ISSUED, replace(by, begins_on=APRIL_28))) == 1


def test_what_a_clerk_has_dealt_with_is_told_no_more_and_its_other_dues_are():
    by = ReminderRules({K.NOTICE_WITHOUT_CLAIM: 1, K.NOT_VERIFIED: 1})
    done = frozenset({(K.NOTICE_WITHOUT_CLAIM, "submission/20260428-0007-1")})
    of = facts(notices=(ACCEPTED,))
    assert [due.kind for due in due_on(date(2026, 5, 1), of, by)] == [K.NOT_VERIFIED, K.NOTICE_WITHOUT_CLAIM]
    assert [due.kind for due in due_on(date(2026, 5, 1), replace(of, done=done), by)] == [K.NOT_VERIFIED]


def test_a_contractor_is_reminded_only_if_he_wants_mails_and_not_before_his_days():
    by = ReminderRules(contractor=3)
    wants = replace(ISSUED, wanting=frozenset({12}))
    assert contractors_dues(wants, CITY, by, POLICY, date(2026, 5, 6)) == ()
    assert len(contractors_dues(wants, CITY, by, POLICY, date(2026, 5, 7))) == 1
    assert contractors_dues(ISSUED, CITY, by, POLICY, date(2026, 5, 7)) == ()
    assert due_on(date(2026, 5, 7), wants, by) == ()  # the desk has not asked for it


DAYS = st.dates(date(2026, 3, 1), date(2027, 2, 28))


@given(DAYS, DAYS, st.integers(1, 30), st.sampled_from(K), st.booleans())
def test_nothing_is_ever_told_before_it_is_due(start: date, today: date, days: int, kind: DeadlineKind, is_all: bool):
    of = facts(
        guarantee(issued_at=at(start), expires_on=start, works_end_on=start + timedelta(days=40)),
        guarantee(guarantee_id=13, product=Product.CONTRACT, contracted_on=start, number="", project_name="別"),
        notices=(
            notice(start),
            notice(start, SubmissionState.HELD, receipt="20260428-0008-1", mail_id=8, number="1", project_name="別2"),
        ),
        mails=(mail(start, claims=1), mail(start, mail_id=58, sender="b@example.jp", claims=1)),
    )
    by = rules(kind, days, all_days=frozenset({kind} if is_all else ()))
    earliest = (
        start - timedelta(days=150) if kind in {K.CONTRACT_GUARANTEE_DUE, K.GUARANTEE_ENDS_BEFORE_WORKS} else start
    )
    for due in due_on(today, of, by):
        assert due.due_on <= today
        assert earliest <= due.due_on
        if kind in {
            K.ISSUED_WITHOUT_NOTICE,
            K.NOTICE_WITHOUT_CLAIM,
            K.NOT_VERIFIED,
            K.HELD_TOO_LONG,
            K.CLAIM_WITHOUT_NOTICE,
        }:
            assert (due.due_on - start).days >= days
            assert is_all or CITY.days_open_between(start, today) >= days
