"""What the operator must be told: facts about mailboxes, disk, outbox and database → alarms; when each is told and when over.

Asked by workers/alarms.py at each tick and by `status`. Words are for the person who runs the system, not for clerks. A time that
lies ahead, since the clock was put back, counts as one that is as long past. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.core.health.alarm_words import AlarmKind, Repeat
from bot.core.health.canary import Canaries, CanaryRules, lost_since
from bot.core.health.reconciliation import MailboxCheck
from bot.core.health.workers import Worker, WorkerHealth
from bot.core.records.reasons import OUR_TROUBLE, OutboxReason
from bot.core.text.business_days import Calendar
from bot.core.text.dates import JAPAN
from bot.core.text.lazy_pattern import LazyPattern

REFUSALS_TOLD = OUR_TROUBLE | {OutboxReason.RELAY_UNCLEAR}
"""Why letters wait that the operator is told of at once."""
UNREADABLE_AFTER = timedelta(minutes=30)
REFUSED_LOGINS = 3  # one may be a server's bad moment; the tries are five minutes apart
WAITING_AFTER = timedelta(hours=1)  # where the settings say no other
NO_ROOM_AFTER = timedelta(minutes=5)
DELAYED_AFTER = timedelta(hours=4)
DATABASE_FAILED_FOR = timedelta(minutes=5)
CERTIFICATE_DAYS = 14
COMPARED_WITHIN = timedelta(days=2)
EVENTS_OF = timedelta(days=1)
"""How long an event (a letter given up) stays an alarm."""
FAILURES = 3
"""So many in a row, and a worker fails; fewer are a bad moment."""
SILENT_AFTER = timedelta(minutes=15)
CRASHES = 5
CRASHES_OF = timedelta(hours=1)
SUMMARY_WITHIN = timedelta(hours=1)
OVER_AFTER = timedelta(minutes=30)
"""So long away, and an alarm is over: one that comes and goes shall not mail each time."""


@dataclass(frozen=True, slots=True)
class MailboxHealth:
    """How it stands with a watched mailbox. `looked_at`: the last look that succeeded.

    `failing_since`: no look has succeeded since then; None while all is well. `trouble`: the last error, in the log's words.
    """

    mailbox: str
    looked_at: datetime | None = None
    failing_since: datetime | None = None
    refused_logins: int = 0
    trouble: str = ""
    certificate_ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Overdue:
    """How many, and since when the oldest of them."""

    count: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Refused:
    """Letters that were refused for this reason: those that wait for a trouble of ours to end, or ended in the last day."""

    reason: OutboxReason
    letters: Overdue
    reply: str  # the relay's last one, or the report's words
    is_returned: bool = False  # the relay took them, and a report came back


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """What the database knows. None: nothing of the kind. Each is what is late by the times above. `clock`: the last jump of the
    clock in the last day, in words.

    `unreachable`: pairs (address of a clerk or the operator, letters that did not get there in the last day).
    """

    waiting: Overdue | None = None
    waiting_after: timedelta = WAITING_AFTER  # by this limit, which is a setting
    delayed: Overdue | None = None
    given_up: Overdue | None = None
    taken_out: Overdue | None = None  # mails of the last day whose files a gateway has, and gateways' notices
    unreachable: tuple[tuple[str, Overdue], ...] = ()
    refused: tuple[Refused, ...] = ()
    checks: tuple[MailboxCheck, ...] = ()
    ledger_since: datetime | None = None  # since when the books do not balance; None: they do
    parked: Overdue | None = None
    crashes: Overdue | None = None  # starts of the last hour without a stop before them
    clock: tuple[datetime, str] | None = None
    summary_at: datetime | None = None  # when the last summary was queued
    canaries: Canaries | None = None


@dataclass(frozen=True, slots=True)
class AlarmFacts:
    """Everything that is known now. `no_room_since`, `database_failed`: (from, to) of the last failure, of this process.

    `calendar`: when summaries are due. `canary`: None where none is sent; `was_canary_lost`: they were at the last look. `backup_at`: of the
    newest copy, None: there is none; `backup_within`: how old it may be, None where nobody says where copies lie.
    """

    store: StoreFacts
    mailboxes: tuple[MailboxHealth, ...] = ()
    no_room_since: datetime | None = None
    database_failed: tuple[datetime, datetime] | None = None
    workers: tuple[WorkerHealth, ...] = ()
    calendar: Calendar | None = None
    canary: CanaryRules | None = None
    was_canary_lost: bool = False
    backup_at: datetime | None = None
    backup_within: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something wrong. `subject`: which mailbox or address, "" where there is only one. `detail`: numbers, in a sentence.

    `told_on`: the Japanese day of its last mail, "" before the first. `absent_since`: it was not seen any more since then.
    """

    kind: AlarmKind
    subject: str
    since: datetime
    detail: str
    told_on: str = ""
    absent_since: datetime | None = None


def found(facts: AlarmFacts, now: datetime) -> tuple[Alarm, ...]:
    """What is wrong now."""
    return (
        *_of_mailboxes(facts, now),
        *_of_checks(facts, now),
        *_of_store(facts.store),
        *_of_process(facts, now),
        *_of_workers(facts.workers, now),
        *_of_times(facts, now),
    )


def _of_mailboxes(facts: AlarmFacts, now: datetime) -> Iterator[Alarm]:
    for health in facts.mailboxes:
        name, failing_since = health.mailbox, health.failing_since
        if failing_since is not None and health.refused_logins >= REFUSED_LOGINS:
            detail = f"{health.refused_logins}回続けて断られました。サーバーの答え：{health.trouble}"
            yield Alarm(AlarmKind.LOGIN_REFUSED, name, failing_since, detail)
        elif failing_since is not None and abs(now - (health.looked_at or failing_since)) >= UNREADABLE_AFTER:
            yield Alarm(AlarmKind.MAILBOX_UNREADABLE, name, failing_since, f"最後の理由：{health.trouble or '不明'}")
        ends_at = health.certificate_ends_at
        if ends_at is not None and ends_at - now < timedelta(days=CERTIFICATE_DAYS):
            yield Alarm(AlarmKind.CERTIFICATE_ENDS, name, now, f"期限は{_minute(ends_at)}です。")


def _of_checks(facts: AlarmFacts, now: datetime) -> Iterator[Alarm]:
    looked = {health.mailbox for health in facts.mailboxes if health.failing_since is None and health.looked_at}
    for check in facts.store.checks:
        if check.missing:
            detail = (
                f"最近{check.days}日間：サーバー{check.on_server}件、取込み済み{check.known}件、"
                f"不足{check.missing}件（うち今回取り込んだもの{check.recovered}件）"
            )
            yield Alarm(AlarmKind.MAILS_MISSING, check.mailbox, check.checked_at, detail)
        if check.mailbox in looked and abs(now - check.checked_at) > COMPARED_WITHIN:
            detail = f"最後の照合は{_minute(check.checked_at)}です。"
            yield Alarm(AlarmKind.NOT_COMPARED, check.mailbox, check.checked_at, detail)


def _of_store(store: StoreFacts) -> Iterator[Alarm]:
    if store.waiting:
        hours, minutes = divmod(round(store.waiting_after.total_seconds() / 60), 60)
        limit = f"{hours}時間" * (hours > 0) + f"{minutes}分" * (minutes > 0)
        yield _overdue(AlarmKind.MAILS_WAITING, "", store.waiting, f"{limit}以上、処理されていないメール")
    yield from map(_of_relay, store.refused)
    if store.delayed:
        yield _overdue(AlarmKind.LETTERS_DELAYED, "", store.delayed, "4時間以上、送信できていないメール")
    if store.given_up:
        yield _overdue(AlarmKind.LETTERS_GIVEN_UP, "", store.given_up, "この1日に送信をやめたメール")
    if store.taken_out:
        yield _overdue(AlarmKind.FILES_TAKEN_OUT, "", store.taken_out, "この1日に届いた該当のメール")
    for address, letters in store.unreachable:
        yield _overdue(AlarmKind.DESK_UNREACHABLE, address, letters, "この1日に届かなかったメール")
    if store.parked:
        yield _overdue(AlarmKind.MAILS_PARKED, "", store.parked, "保留のメール")
    if store.crashes and store.crashes.count >= CRASHES:
        yield _overdue(AlarmKind.CRASH_LOOP, "", store.crashes, "この1時間の異常終了")
    if store.clock:
        at, words = store.clock
        yield Alarm(AlarmKind.CLOCK_WRONG, "", at, words)
    if store.ledger_since:
        yield Alarm(AlarmKind.LEDGER_DIFFERS, "", store.ledger_since, "状態又は理由の決まっていないメールがあります。")


_ADDRESS = LazyPattern(r"\S+@\S+")


def _of_relay(refused: Refused) -> Alarm:
    kind, words = AlarmKind.RELAY_REFUSES, "待っているメール"
    if refused.is_returned:
        kind, words = AlarmKind.LETTERS_RETURNED, "この1日に戻ったメール"
    elif refused.reason is OutboxReason.LETTER_REFUSED:
        kind, words = AlarmKind.LETTERS_REFUSED, "この1日に受け付けられなかったメール"
    reply = _without_addresses(refused.reply) or "（なし）"  # the log tells it too
    detail = f"{refused.reason.words}。{words}：{refused.letters.count}件。中継サーバーの答え：{reply}"
    return Alarm(kind, refused.reason.value, refused.letters.since, detail)


def _of_process(facts: AlarmFacts, now: datetime) -> Iterator[Alarm]:
    if facts.no_room_since is not None and abs(now - facts.no_room_since) >= NO_ROOM_AFTER:
        yield Alarm(AlarmKind.DISK_LOW, "", facts.no_room_since, "空きが下限を下回っています。")
    if facts.database_failed is not None:
        began, ended = facts.database_failed
        if ended - began >= DATABASE_FAILED_FOR and abs(now - ended) < EVENTS_OF:
            minutes = (ended - began) // timedelta(minutes=1)
            yield Alarm(AlarmKind.DATABASE_FAILING, "", began, f"約{minutes}分間、読み書きできませんでした。")


def _of_workers(workers: Sequence[WorkerHealth], now: datetime) -> Iterator[Alarm]:
    for health in workers:
        words = health.worker.words
        if health.failing_since is not None and health.failures >= FAILURES:
            detail = f"{health.failures}回続けて失敗しました。最後の成功：{_last(health)}。理由：{health.trouble}"
            yield Alarm(AlarmKind.WORKER_FAILING, words, health.failing_since, detail)
        elif health.worker is Worker.ALARMS and abs(now - (last := health.done_at or health.started_at)) > SILENT_AFTER:
            yield Alarm(AlarmKind.WORKER_FAILING, words, min(last, now), f"最後の成功：{_last(health)}")


def _last(health: WorkerHealth) -> str:
    return _minute(health.done_at) if health.done_at else "起動してから一度もありません"


def _of_times(facts: AlarmFacts, now: datetime) -> Iterator[Alarm]:
    began = next((one.started_at for one in facts.workers if one.worker is Worker.ALARMS), None)
    known, rules = facts.store.canaries, facts.canary
    if known and rules:  # at its first look a daemon has not yet done anything
        since = lost_since(known, rules, began or now, now, was_lost=facts.was_canary_lost)
        if since:
            yield Alarm(AlarmKind.CANARY_LOST, "", since, _of_canaries(known))
    told = facts.store.summary_at or began
    due = facts.calendar.last_due(now - SUMMARY_WITHIN) if facts.calendar and told else None
    if told and due and told < due:
        yield Alarm(AlarmKind.SUMMARY_MISSED, "", due, f"{_minute(due)}の分を送っていません。")
    within, at = facts.backup_within, facts.backup_at
    if within is not None and (at is None or abs(now - at) > within):
        detail = f"最も新しいものは{_minute(at)}です。" if at else "一つもありません。"
        yield Alarm(AlarmKind.BACKUP_OLD, "", min(at or now, now), detail)


def _of_canaries(known: Canaries) -> str:
    back = f"最後に戻ったのは{_minute(known.back_at)}です。" if known.back_at else "一度も戻っていません。"
    if known.is_back:
        return f"{back}送ってから{known.took // timedelta(minutes=1)}分かかりました。"
    sent = f"{back}最後に送った1通：{known.reason.words}。"
    return sent + (f"中継サーバーの答え：{_without_addresses(known.reply)}" if known.reply else "")


def _without_addresses(reply: str) -> str:
    return _ADDRESS.sub("…@…", reply)


def _overdue(kind: AlarmKind, subject: str, overdue: Overdue, words: str) -> Alarm:
    return Alarm(kind, subject, overdue.since, f"{words}：{overdue.count}件")


@dataclass(frozen=True, slots=True)
class AlarmVerdict:
    """`told`: to be mailed now. `still`: open, with what is to be remembered (those told included). `over`: closed now."""

    told: tuple[Alarm, ...]
    still: tuple[Alarm, ...]
    over: tuple[Alarm, ...]


def decide(opened: Sequence[Alarm], seen: Sequence[Alarm], now: datetime) -> AlarmVerdict:
    """One mail for each alarm and day, or as its `repeat` says; one when it is over. `opened`: what is remembered; `seen`: what is wrong now."""
    today = japanese_day(now)
    known = {(alarm.kind, alarm.subject): alarm for alarm in opened}
    told: list[Alarm] = []
    still: list[Alarm] = []
    for alarm in seen:
        before = known.pop((alarm.kind, alarm.subject), None)
        told_on = before.told_on if before else ""
        current = replace(alarm, since=min(before.since, alarm.since) if before else alarm.since, told_on=today)
        words = alarm.kind.words
        is_news = told_on != today and (
            not told_on
            or words.repeat is Repeat.DAILY
            or (words.repeat is Repeat.FINDING and japanese_day(alarm.since) > told_on)
        )
        if is_news and abs(now - current.since) >= words.patience:
            told.append(current)
        else:
            current = replace(current, told_on=told_on)
        still.append(current)
    over: list[Alarm] = []
    for alarm in known.values():
        absent_since = alarm.absent_since or now
        if abs(now - absent_since) >= OVER_AFTER:
            over.append(replace(alarm, absent_since=absent_since))
        else:
            still.append(replace(alarm, absent_since=absent_since))
    return AlarmVerdict(tuple(told), tuple(still), tuple(over))


def japanese_day(at: datetime) -> str:
    """The day in Japan, 2026-11-24."""
    return at.astimezone(JAPAN).date().isoformat()


def _minute(at: datetime) -> str:
    local = at.astimezone(JAPAN)
    return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"
