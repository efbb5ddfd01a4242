"""Who is told what is due: absent deputies and heads, one mail a person and day, and nothing twice without a reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time, timedelta

import pytest

from bot.core.deadlines.due import contractors_dues
from bot.core.deadlines.reminders import (
    MOST_OF_A_KIND,
    ReminderDraft,
    Told,
    contractor_drafts,
    desk_list,
    reminder_drafts,
    routes_of,
)
from bot.core.deadlines.rules import Absence, DeadlineKind, ReminderRules
from bot.core.letters.lists import Reminder
from bot.core.letters.to_contractors import NoticeReminder
from bot.core.policy.policy import Desk
from bot.core.records.guarantee import Product
from bot.core.records.reply_token import TokenCase
from bot.core.records.submission import SubmissionState
from bot.core.verdict.reply import is_the_citys
from tests.core.deadlines.cases import CITY, DESK, POLICY, at, due_on, facts, guarantee, mail, notice

K = DeadlineKind
APRIL_28 = date(2026, 4, 28)
MAY_1, MAY_7, MAY_8 = date(2026, 5, 1), date(2026, 5, 7), date(2026, 5, 8)
HELD = facts(notices=(notice(APRIL_28, SubmissionState.HELD),))
RULES = ReminderRules({K.HELD_TOO_LONG: 2}, held_head=4)  # the deputy's from 1 May, the head's from 8 May
ANSWERED = replace(POLICY, reply_window=timedelta(days=30))
DEPUTY_AWAY = Absence(DESK.deputy, MAY_1, MAY_8, "山田")
HEAD_AWAY = Absence(DESK.head.upper(), MAY_1, MAY_8)
DESK_AWAY = Absence(DESK.address, MAY_1, MAY_8)


def routes(today: date, of=HELD, rules: ReminderRules = RULES, policy=POLICY):
    return routes_of(due_on(today, of, rules, policy), policy.desks, rules, today)


def drafts(
    today: date, told: tuple[Told, ...] = (), of=HELD, rules: ReminderRules = RULES, policy=POLICY, calendar=CITY
):
    return reminder_drafts(routes(today, of, rules, policy), told, policy, calendar, rules, at(today))


@pytest.mark.parametrize(
    ("today", "away", "address", "absent"),
    [
        (MAY_1, (), DESK.deputy, ()),
        (MAY_8, (), DESK.head, ()),
        (MAY_1, (DEPUTY_AWAY,), DESK.head, ("山田",)),
        (MAY_1, (DEPUTY_AWAY, HEAD_AWAY), DESK.address, ("山田", DESK.head)),
        (MAY_8, (HEAD_AWAY,), DESK.deputy, (DESK.head,)),
        (MAY_8, (DEPUTY_AWAY,), DESK.head, ()),
        (MAY_1, (replace(DEPUTY_AWAY, last=date(2026, 4, 30)),), DESK.deputy, ()),
        (MAY_1, (replace(DEPUTY_AWAY, first=date(2026, 5, 2)),), DESK.deputy, ()),
        (MAY_1, (DEPUTY_AWAY, HEAD_AWAY, DESK_AWAY), DESK.deputy, ()),  # nobody is there
    ],
)
def test_who_is_away_is_passed_over_at_once(today: date, away, address: str, absent):
    (route,) = routes(today, rules=replace(RULES, absences=away))
    assert (route.address, route.absent) == (address, absent)


def test_an_absent_desks_own_dues_go_to_its_deputy():
    rules = ReminderRules({K.NOT_VERIFIED: 1}, absences=(DESK_AWAY,))
    (route,) = routes(MAY_1, facts(notices=(notice(APRIL_28),)), rules)
    assert (route.address, route.absent) == (DESK.deputy, (DESK.address,))


def test_a_desk_without_deputy_and_head_keeps_its_cases():
    policy = replace(POLICY, desks=(Desk("契約課", DESK.address),))
    assert [route.address for route in routes(MAY_8, policy=policy)] == [DESK.address]
    assert drafts(MAY_8, policy=policy) == ()  # they stand in its summary


def test_the_mail_says_for_whom_it_goes_there():
    (draft,) = drafts(MAY_1, rules=replace(RULES, absences=(DEPUTY_AWAY,)))
    assert isinstance(draft.draft.context, Reminder)
    assert draft.draft.context.why == ("山田様ご不在のため、お知らせします。",)
    assert draft.draft.recipient == DESK.head


def test_what_was_told_is_told_again_after_the_opening_days_that_are_set():
    by = replace(RULES, held_head=0, repeat=3)
    (first,) = drafts(MAY_1, rules=by)
    assert first.told == (Told(K.HELD_TOO_LONG, "submission/20260428-0007-1", DESK.deputy, 1, MAY_1),)
    days = [MAY_1 + timedelta(days=n) for n in range(15)]  # of these 7, 8 and 11 May are open first
    assert [day for day in days if drafts(day, first.told, rules=by)] == [
        day for day in days if day >= date(2026, 5, 11)
    ]
    (again,) = drafts(date(2026, 5, 11), first.told, rules=by)
    assert again.told[0].count == 2
    assert drafts(date(2026, 8, 3), first.told, rules=replace(by, repeat=0)) == ()


def test_what_is_worse_is_told_at_once():
    rules = ReminderRules({K.CONTRACT_GUARANTEE_DUE: 3}, repeat=0, absences=(DESK_AWAY,))
    of = facts(guarantee(product=Product.CONTRACT, contracted_on=MAY_7))
    (first,) = drafts(APRIL_28, of=of, rules=replace(rules, absences=(replace(DESK_AWAY, first=APRIL_28),)))
    assert drafts(MAY_1, first.told, of=of, rules=rules) == ()
    (worse,) = drafts(MAY_7, first.told, of=of, rules=rules)
    assert (worse.told[0].level, worse.told[0].count) == (2, 2)


def test_who_gets_a_summary_gets_no_mail_beside_it():
    boss = Desk("課長", DESK.head)
    policy = replace(POLICY, desks=(DESK, boss))
    assert [draft.draft.recipient for draft in drafts(MAY_8, policy=policy)] == []
    listed = desk_list(routes(MAY_8, policy=policy), boss, policy)
    # As a desk that takes all it has the case itself too, and it is listed once for each way.
    assert {line.name for group in listed.groups for line in group.lines} == {"受付番号 20260428-0007-1"}


def test_where_there_are_no_summaries_the_desk_has_a_mail():
    rules = ReminderRules({K.NOT_VERIFIED: 1})
    of = facts(notices=(notice(APRIL_28),))
    assert drafts(MAY_1, of=of, rules=rules) == ()
    (draft,) = drafts(MAY_1, of=of, rules=rules, calendar=replace(CITY, times=()))
    assert draft.draft.recipient == DESK.address


def test_one_person_has_one_mail_for_all_desks_and_kinds():
    other = Desk("土木課", "doboku@city.example.jp", deputy=DESK.deputy.title())
    policy = replace(ANSWERED, desks=(DESK, other))
    of = facts(notices=HELD.notices, mails=(mail(APRIL_28),))
    (draft,) = drafts(MAY_1, of=of, policy=policy)
    assert draft.draft.dedupe_key == f"reminder/20260501/{DESK.deputy}"
    (group,) = draft.draft.context.groups
    assert [line.name for line in group.lines] == ["受付番号 20260428-0057-0", "受付番号 20260428-0007-1"]


def test_a_deputy_can_answer_the_cases_of_one_desk():
    (draft,) = drafts(MAY_1, of=facts(notices=HELD.notices, mails=(mail(APRIL_28),)), policy=ANSWERED)
    assert draft.draft.answerable is not None
    assert draft.draft.answerable.desk == "契約課"
    assert draft.draft.answerable.until == at(MAY_1) + timedelta(days=30)
    assert draft.draft.answerable.cases == (TokenCase(1, "", mail_id=57), TokenCase(2, "20260428-0007-1"))
    assert "2番" not in {hint.write for hint in draft.draft.context.hints}  # no rows are numbered here
    assert "承認" not in {hint.write for hint in draft.draft.context.hints}  # the register has no such number
    (silent,) = drafts(MAY_1)
    assert (silent.draft.answerable, silent.draft.context.hints) == (None, ())


def test_a_long_list_is_cut_and_the_rest_comes_the_next_day():
    many = tuple(
        notice(APRIL_28, SubmissionState.HELD, receipt=f"20260428-{n:04}-1", mail_id=n, number="") for n in range(1, 26)
    )
    (first,) = drafts(MAY_1, of=facts(notices=many))
    assert (len(first.told), first.draft.context.groups[0].besides) == (MOST_OF_A_KIND, 5)
    (second,) = drafts(date(2026, 5, 7), first.told, of=facts(notices=many))
    assert (len(second.told), second.draft.context.told_before) == (5, MOST_OF_A_KIND)
    assert not {one.about for one in first.told} & {one.about for one in second.told}


def test_a_case_keeps_its_number_in_the_summary_and_others_follow():
    rules = ReminderRules({K.NOT_VERIFIED: 1, K.NOTICE_WITHOUT_CLAIM: 1, K.HELD_TOO_LONG: 1})
    waiting = notice(APRIL_28, SubmissionState.HELD, receipt="20260428-0009-1", number="1")
    of = facts(guarantee(guarantee_id=9, contracted_on=MAY_1), notices=(notice(APRIL_28), waiting))
    listed = desk_list(routes(MAY_1, of, rules), DESK, ANSWERED, {"20260428-0007-1": 4})
    assert [(group.title[:4], group.places, [line.place for line in group.lines]) for group in listed.groups] == [
        ("担当者の", (), [5]),
        ("D-Su", (4,), []),
        ("お知らせ", (), [4]),
    ]
    assert [group.count for group in listed.groups] == [1, 1, 1]
    assert listed.cases == (TokenCase(5, "20260428-0009-1"),)
    assert listed.groups[0].lines[0].note.endswith(f"{DESK.deputy} へもお知らせします")


def test_who_is_told_too_of_what_the_summary_lists_stands_there_once():
    rules = ReminderRules({K.HELD_TOO_LONG: 1})
    waiting = [notice(APRIL_28, SubmissionState.HELD, receipt=f"20260428-000{n}-1", number=str(n)) for n in (1, 2)]
    places = {"20260428-0001-1": 3, "20260428-0002-1": 4}
    (group,) = desk_list(routes(MAY_1, facts(notices=tuple(waiting)), rules), DESK, ANSWERED, places).groups
    assert (group.places, group.lines, group.step) == ((3, 4), (), f"{DESK.deputy} へもお知らせします。")


@pytest.mark.parametrize(
    ("address", "may"), [(DESK.deputy, True), (DESK.head.upper(), True), ("other@city.example.jp", False), ("", False)]
)
def test_deputy_and_head_speak_for_the_desk(address: str, may: bool):
    assert DESK.is_of(address) is may
    assert is_the_citys(address, POLICY) is may
    assert Desk("契約課", DESK.address).is_of(DESK.deputy) is False


# -- contractors


def contractors(today: date, told: tuple[Told, ...] = (), **more: object) -> tuple[ReminderDraft, ...]:
    email = "Keiri@kensetsu.example.jp"
    of = facts(
        guarantee(issued_at=at(APRIL_28), email=email),
        guarantee(guarantee_id=13, issued_at=at(APRIL_28), email=email.lower(), number="1", project_name="別の工事"),
        guarantee(guarantee_id=14, issued_at=at(APRIL_28), email="b@example.jp", number="2", revision=1),
        wanting=frozenset({12, 13, 14}),
    )
    rules = ReminderRules(contractor=3, **more)  # type: ignore[arg-type]  # its own fields
    return contractor_drafts(
        contractors_dues(of, CITY, rules, POLICY.desks, today), told, POLICY, CITY, rules, at(today)
    )


def test_a_contractor_has_one_mail_for_all_his_guarantees():
    first, second = contractors(MAY_7)
    assert isinstance(first.draft.context, NoticeReminder)
    assert (first.draft.recipient, len(first.draft.context.items)) == ("Keiri@kensetsu.example.jp", 2)
    assert first.draft.dedupe_key == "notice_reminder/20260507/keiri@kensetsu.example.jp"
    assert [one.about for one in (*first.told, *second.told)] == ["guarantee/12/0", "guarantee/13/0", "guarantee/14/1"]
    assert first.draft.answerable is None


@pytest.mark.parametrize(
    ("times", "repeat", "days"),
    [(1, 2, [MAY_7]), (2, 2, [MAY_7, date(2026, 5, 11)]), (2, 0, [MAY_7])],
)
def test_a_contractor_is_told_so_often_and_no_more(times: int, repeat: int, days: list[date]):
    told: dict[object, Told] = {}
    mailed = []
    for n in range(60):
        today = APRIL_28 + timedelta(days=n)
        for draft in contractors(today, tuple(told.values()), contractor_times=times, repeat=repeat):
            told |= {one.key: one for one in draft.told}
            mailed.append(today)
    assert sorted(set(mailed)) == days
    assert len(mailed) == 2 * len(days)


def test_the_first_summary_time_does_not_matter_to_what_is_due():
    assert drafts(MAY_1, calendar=replace(CITY, times=(time(16, 0),))) == drafts(MAY_1)
