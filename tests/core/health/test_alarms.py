"""What the operator is told: each kind of trouble from its moment on, once a day, and once when it is over."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.health.alarm_words import AlarmKind
from bot.core.health.alarms import (
    OVER_AFTER,
    Alarm,
    AlarmFacts,
    MailboxHealth,
    Overdue,
    Refused,
    StoreFacts,
    decide,
    found,
)
from bot.core.health.canary import Canaries, CanaryRules
from bot.core.health.reconciliation import MailboxCheck
from bot.core.health.workers import Worker, WorkerHealth
from bot.core.records.reasons import OutboxReason
from bot.core.text.business_days import Calendar

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)  # noon in Japan
BOX = "hosho@imap.example.jp/INBOX"


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


def box(**changes: object) -> MailboxHealth:
    return replace(MailboxHealth(BOX, looked_at=ago(minutes=1)), **changes)


def failing(minutes: float, **changes: object) -> MailboxHealth:
    since = ago(minutes=minutes)
    return box(looked_at=since, failing_since=since, trouble="no answer", **changes)


def check(**changes: object) -> MailboxCheck:
    return replace(MailboxCheck(BOX, ago(hours=3), 7, 300, 300), **changes)


def facts(**store: object) -> AlarmFacts:
    return AlarmFacts(StoreFacts(**store))


def worker(**changes: object) -> WorkerHealth:
    since = ago(minutes=2)
    return replace(WorkerHealth(Worker.SUMMARIES, ago(days=1), since, since, 3, "StoreError: no"), **changes)


def at(hour: int, minute: int = 0) -> Calendar:
    return Calendar(times=(time(hour, minute),))


def kinds(of: AlarmFacts) -> list[AlarmKind]:
    return [alarm.kind for alarm in found(of, NOW)]


WELL = AlarmFacts(StoreFacts(checks=(check(),)), (box(),))
SENDER_REFUSED = Refused(
    OutboxReason.RELAY_SENDER, Overdue(5, ago(minutes=1)), "553 5.7.1 <hosho@city.example.jp>: not owned by user"
)
CANARIES = Canaries(ago(minutes=20), is_back=False, missing_since=ago(minutes=20))
CANARY_RULES = CanaryRules(timedelta(hours=1), timedelta(minutes=15))
SINCE_LONG = WorkerHealth(Worker.ALARMS, ago(days=1), NOW)
CASES = {
    "all is well": (WELL, []),
    "a mailbox that fails for 29 minutes": (AlarmFacts(StoreFacts(), (failing(29),)), []),
    "for 30 minutes": (AlarmFacts(StoreFacts(), (failing(30),)), [AlarmKind.MAILBOX_UNREADABLE]),
    "since the start": (
        AlarmFacts(StoreFacts(), (box(looked_at=None, failing_since=ago(hours=1)),)),
        [AlarmKind.MAILBOX_UNREADABLE],
    ),
    "two refused logins": (AlarmFacts(StoreFacts(), (failing(10, refused_logins=2),)), []),
    "three refused logins": (AlarmFacts(StoreFacts(), (failing(11, refused_logins=3),)), [AlarmKind.LOGIN_REFUSED]),
    "a certificate good for 15 days": (
        AlarmFacts(StoreFacts(), (box(certificate_ends_at=NOW + timedelta(days=15)),)),
        [],
    ),
    "for 13 days": (
        AlarmFacts(StoreFacts(), (box(certificate_ends_at=NOW + timedelta(days=13)),)),
        [AlarmKind.CERTIFICATE_ENDS],
    ),
    "mails missing": (facts(checks=(check(known=297, missing=3, recovered=3),)), [AlarmKind.MAILS_MISSING]),
    "not compared for two days": (
        AlarmFacts(StoreFacts(checks=(check(checked_at=ago(days=2, minutes=1)),)), (box(),)),
        [AlarmKind.NOT_COMPARED],
    ),
    "not compared because the mailbox fails": (
        AlarmFacts(StoreFacts(checks=(check(checked_at=ago(days=3)),)), (failing(60),)),
        [AlarmKind.MAILBOX_UNREADABLE],
    ),
    "mails waiting": (facts(waiting=Overdue(2, ago(hours=1))), [AlarmKind.MAILS_WAITING]),
    "letters delayed": (facts(delayed=Overdue(2, ago(hours=4))), [AlarmKind.LETTERS_DELAYED]),
    "a relay that refuses our sender": (facts(refused=(SENDER_REFUSED,)), [AlarmKind.RELAY_REFUSES]),
    "a letter refused for its content": (
        facts(refused=(Refused(OutboxReason.LETTER_REFUSED, Overdue(1, ago(hours=4)), "554 spam"),)),
        [AlarmKind.LETTERS_REFUSED],
    ),
    "files taken out": (facts(taken_out=Overdue(2, ago(hours=4))), [AlarmKind.FILES_TAKEN_OUT]),
    "a letter that came back with words about us": (
        facts(refused=(replace(SENDER_REFUSED, is_returned=True),)),
        [AlarmKind.LETTERS_RETURNED],
    ),
    "letters given up": (facts(given_up=Overdue(2, ago(hours=4))), [AlarmKind.LETTERS_GIVEN_UP]),
    "a desk that can't be reached": (
        facts(unreachable=(("keiyaku@city.example.jp", Overdue(1, ago(hours=4))),)),
        [AlarmKind.DESK_UNREACHABLE],
    ),
    "books that do not balance": (facts(ledger_since=ago(days=1)), [AlarmKind.LEDGER_DIFFERS]),
    "mails parked": (facts(parked=Overdue(1, ago(days=9))), [AlarmKind.MAILS_PARKED]),
    "four crashes in an hour": (facts(crashes=Overdue(4, ago(minutes=50))), []),
    "five": (facts(crashes=Overdue(5, ago(minutes=50))), [AlarmKind.CRASH_LOOP]),
    "a clock that jumped": (facts(clock=(ago(hours=3), "時計が3600秒進みました。")), [AlarmKind.CLOCK_WRONG]),
    "a sweep that failed twice": (AlarmFacts(StoreFacts(), workers=(worker(failures=2),)), []),
    "that fails again and again": (AlarmFacts(StoreFacts(), workers=(worker(failures=3),)), [AlarmKind.WORKER_FAILING]),
    "alarms that nobody looked at": (
        AlarmFacts(StoreFacts(), workers=(WorkerHealth(Worker.ALARMS, ago(days=1), ago(minutes=16)),)),
        [AlarmKind.WORKER_FAILING],
    ),
    "that were looked at with a clock ahead": (
        AlarmFacts(StoreFacts(), workers=(WorkerHealth(Worker.ALARMS, ago(days=1), NOW + timedelta(days=1)),)),
        [AlarmKind.WORKER_FAILING],
    ),
    "a summary that is just due": (AlarmFacts(StoreFacts(summary_at=ago(hours=22)), calendar=at(11, 30)), []),
    "that was not sent": (AlarmFacts(StoreFacts(summary_at=ago(days=3)), calendar=at(9)), [AlarmKind.SUMMARY_MISSED]),
    "that was sent": (AlarmFacts(StoreFacts(summary_at=ago(hours=3)), calendar=at(9)), []),
    "the first that was not sent": (
        AlarmFacts(StoreFacts(), workers=(WorkerHealth(Worker.ALARMS, ago(hours=4), NOW),), calendar=at(9)),
        [AlarmKind.SUMMARY_MISSED],
    ),
    "a canary that is lost": (
        AlarmFacts(facts(canaries=CANARIES).store, workers=(SINCE_LONG,), canary=CANARY_RULES),
        [AlarmKind.CANARY_LOST],
    ),
    "one that is lost, and none is sent any more": (
        AlarmFacts(facts(canaries=CANARIES).store, workers=(SINCE_LONG,)),
        [],
    ),
    "no backup": (AlarmFacts(StoreFacts(), backup_within=timedelta(days=2)), [AlarmKind.BACKUP_OLD]),
    "one of yesterday": (AlarmFacts(StoreFacts(), backup_at=ago(days=1), backup_within=timedelta(days=2)), []),
    "one of last week": (
        AlarmFacts(StoreFacts(), backup_at=ago(days=7), backup_within=timedelta(days=2)),
        [AlarmKind.BACKUP_OLD],
    ),
    "no room for four minutes": (AlarmFacts(StoreFacts(), no_room_since=ago(minutes=4)), []),
    "no room for five minutes": (AlarmFacts(StoreFacts(), no_room_since=ago(minutes=5)), [AlarmKind.DISK_LOW]),
    "the database away for a minute": (
        AlarmFacts(StoreFacts(), database_failed=(ago(minutes=2), ago(minutes=1))),
        [],
    ),
    "for six minutes": (
        AlarmFacts(StoreFacts(), database_failed=(ago(minutes=7), ago(minutes=1))),
        [AlarmKind.DATABASE_FAILING],
    ),
    "for six minutes, two days ago": (
        AlarmFacts(StoreFacts(), database_failed=(ago(days=2, minutes=6), ago(days=2))),
        [],
    ),
}


@pytest.mark.parametrize(("of", "expected"), CASES.values(), ids=list(CASES))
def test_trouble_is_an_alarm_from_its_moment_on(of, expected):
    assert kinds(of) == expected


def test_every_kind_of_alarm_has_a_case():
    assert {kind for _, expected in CASES.values() for kind in expected} == set(AlarmKind)


def test_the_numbers_are_told():
    (alarm,) = found(facts(checks=(check(on_server=300, known=297, missing=3, recovered=2),)), NOW)
    assert alarm == Alarm(
        AlarmKind.MAILS_MISSING,
        BOX,
        ago(hours=3),
        "最近7日間：サーバー300件、取込み済み297件、不足3件（うち今回取り込んだもの2件）",
    )


def test_the_relays_own_words_are_told_without_addresses():
    (alarm,) = found(facts(refused=(SENDER_REFUSED,)), NOW)
    assert (alarm.subject, alarm.since) == ("relay_sender", ago(minutes=1))
    words = "中継サーバーが市の差出人アドレスを拒否しています。待っているメール：5件。中継サーバーの答え："
    assert alarm.detail == f"{words}553 5.7.1 …@… not owned by user"


NEVER_BACK, BACK_LATE = (
    "一度も戻っていません。最後に送った1通：",
    "最後に戻ったのは2026年11月24日 12:00です。送ってから20分かかりました。",
)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"reply": "250 2.0.0 Ok: queued as 4F"},
            f"{NEVER_BACK}送信しました。中継サーバーの答え：250 2.0.0 Ok: queued as 4F",
        ),
        ({"reason": OutboxReason.OUTCOME_UNKNOWN}, f"{NEVER_BACK}送信の結果を確認できませんでした。"),
        (
            {"reason": OutboxReason.RELAY_DEFERRED, "reply": "451 <a@b.example.jp> later"},
            f"{NEVER_BACK}中継サーバーが一時的に受け付けませんでした。中継サーバーの答え：451 …@… later",
        ),
        ({"is_back": True, "back_at": NOW, "took": timedelta(minutes=20), "missing_since": None}, BACK_LATE),
    ],
)
def test_of_a_lost_canary_is_told_what_is_known_of_its_sending(changes, words):
    store = StoreFacts(canaries=replace(CANARIES, **changes))
    (alarm,) = found(AlarmFacts(store, workers=(SINCE_LONG,), canary=CANARY_RULES), NOW)
    assert (alarm.kind, alarm.detail) == (AlarmKind.CANARY_LOST, words)


@pytest.mark.parametrize("kind", AlarmKind)
def test_an_alarms_words_are_japanese_short_and_say_what_to_do(kind):
    words = kind.words
    assert re.search("[ぁ-ん]", words.title)
    assert not words.title.endswith("。")
    assert len(words.title) <= 31  # with 【警報】 in a line of 70 columns
    assert words.advice
    assert all(step.endswith("。") for step in words.advice)


DISK = Alarm(AlarmKind.DISK_LOW, "", ago(minutes=10), "空きが下限を下回っています。")


def test_it_is_told_once_a_day_and_remembered_with_its_beginning():
    first = decide((), (DISK,), NOW)
    told = replace(DISK, told_on="2026-11-24")
    assert (first.told, first.still, first.over) == ((told,), (told,), ())
    later = replace(DISK, since=NOW, detail="now even less")
    second = decide(first.still, (later,), NOW + timedelta(hours=8))
    still = replace(told, detail="now even less")
    assert (second.told, second.still) == ((), (still,))
    tomorrow = decide(second.still, (later,), NOW + timedelta(hours=12))  # midnight in Japan
    assert tomorrow.told == (replace(still, told_on="2026-11-25"),)


def test_it_is_over_when_it_has_been_away_for_a_while_and_not_when_it_comes_back_before():
    opened = decide((), (DISK,), NOW).still
    away = decide(opened, (), NOW)
    assert (away.told, away.over, away.still[0].absent_since) == ((), (), NOW)
    back = decide(away.still, (DISK,), NOW + timedelta(minutes=20))
    assert (back.told, back.over, back.still[0].absent_since) == ((), (), None)
    again_away = decide(back.still, (), NOW + timedelta(minutes=30))
    assert again_away.over == ()
    over = decide(again_away.still, (), NOW + timedelta(minutes=30) + OVER_AFTER)
    assert (over.still, over.over) == ((), again_away.still)


def test_a_comparisons_finding_is_told_once_and_again_only_when_the_next_one_finds_something():
    missed = Alarm(AlarmKind.MAILS_MISSING, BOX, NOW, "missing 3")
    opened = decide((), (missed,), NOW).still
    at_midnight = decide(opened, (missed,), NOW + timedelta(hours=13))  # before the day's comparison
    assert at_midnight.told == ()
    compared = decide(at_midnight.still, (replace(missed, since=NOW + timedelta(hours=13)),), NOW + timedelta(hours=13))
    assert [(alarm.told_on, alarm.since) for alarm in compared.told] == [("2026-11-25", NOW)]


@given(st.lists(st.booleans(), max_size=60))
def test_however_it_comes_and_goes_mails_are_few_and_begin_and_end_alternate(seen):
    """Looks ten minutes apart within one day."""
    at, opened, mails = NOW, (), []
    for is_wrong in seen:
        verdict = decide(opened, (replace(DISK, since=at),) if is_wrong else (), at)
        mails += ["told"] * len(verdict.told) + ["over"] * len(verdict.over)
        opened, at = verdict.still, at + timedelta(minutes=10)
    begun = [mail for mail in mails if mail == "told"]
    assert mails[::2] == ["told"] * len(mails[::2])
    assert mails[1::2] == ["over"] * len(mails[1::2])
    assert len(begun) <= 1 + len(seen) // 4 + (len(seen) > 48)


def test_what_has_not_lasted_yet_is_open_and_not_mailed():
    failing = Alarm(AlarmKind.WORKER_FAILING, "定時報告", ago(minutes=2), "3回")
    first = decide((), (failing,), NOW)
    assert (first.told, [alarm.told_on for alarm in first.still]) == ((), [""])
    later = decide(first.still, (failing,), NOW + timedelta(minutes=4))
    assert [alarm.kind for alarm in later.told] == [AlarmKind.WORKER_FAILING]
