"""What the operator must be told: facts about mailboxes, disk, outbox and database → alarms; when each is told and when over.

Asked by workers/alarms.py at each tick and by `status`. Words are for the person who runs the system, not for clerks. A time that
lies ahead, since the clock was put back, counts as one that is as long past. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from bot.core.health.reconciliation import MailboxCheck
from bot.core.records.reasons import OUR_TROUBLE, OutboxReason
from bot.core.text.dates import JAPAN
from bot.core.text.lazy_pattern import LazyPattern


class AlarmKind(StrEnum):
    """Everything that raises an alarm."""

    MAILBOX_UNREADABLE = "mailbox_unreadable"
    LOGIN_REFUSED = "login_refused"
    MAILS_MISSING = "mails_missing"
    NOT_COMPARED = "not_compared"
    CERTIFICATE_ENDS = "certificate_ends"
    MAILS_WAITING = "mails_waiting"
    LEDGER_DIFFERS = "ledger_differs"
    DISK_LOW = "disk_low"
    DATABASE_FAILING = "database_failing"
    RELAY_REFUSES = "relay_refuses"
    LETTERS_REFUSED = "letters_refused"
    LETTERS_RETURNED = "letters_returned"
    LETTERS_DELAYED = "letters_delayed"
    LETTERS_GIVEN_UP = "letters_given_up"
    DESK_UNREACHABLE = "desk_unreachable"
    FILES_TAKEN_OUT = "files_taken_out"


@dataclass(frozen=True, slots=True)
class AlarmWords:
    """`title`: what is wrong. `advice`: what to do, a step each. `ends`: whether its end is worth a mail (else it was an event).

    `daily`: told each day while it lasts; else only when there is a finding (`since`) of a later day than the last mail.
    """

    title: str
    advice: tuple[str, ...]
    ends: bool = True
    daily: bool = True


WORDS: MappingProxyType[AlarmKind, AlarmWords] = MappingProxyType(
    {
        AlarmKind.MAILBOX_UNREADABLE: AlarmWords(
            "受信箱を確認できません",
            (
                "メールサーバーと、そこまでの通信を確かめてください。",
                "つながり次第自動で再開し、その間に届いたメールも全て取り込みます。",
            ),
        ),
        AlarmKind.LOGIN_REFUSED: AlarmWords(
            "受信箱へのログインが断られています",
            (
                "設定 [imap] の利用者名と、パスワード又はトークンのファイルを確かめてください。",
                "パスワードの期限切れやアカウントの停止がないか、メールサーバーの担当に確かめてください。",
            ),
        ),
        AlarmKind.MAILS_MISSING: AlarmWords(
            "受信箱との照合で、取り込んでいないメールがありました",
            (
                "取り込めたものは、届いたばかりのメールと同じように処理しました。",
                "./run mailbox reconcile でもう一度照合し、不足が0件になることを確かめてください。",
            ),
            daily=False,
        ),
        AlarmKind.NOT_COMPARED: AlarmWords(
            "受信箱との照合ができていません",
            ("./run mailbox reconcile を実行し、表示される理由を確かめてください。",),
        ),
        AlarmKind.CERTIFICATE_ENDS: AlarmWords(
            "メールサーバーの証明書の期限が近づいています",
            ("メールサーバーの担当に、証明書の更新を依頼してください。期限が過ぎると受信できません。",),
        ),
        AlarmKind.MAILS_WAITING: AlarmWords(
            "受信したメールの処理が滞っています",
            (
                "./run status と、システムの記録（journalctl -u hosho-bot）を確かめてください。",
                "メールは失われていません。処理が動き次第、届いた順に進みます。",
            ),
        ),
        AlarmKind.LEDGER_DIFFERS: AlarmWords(
            "受信したメールの数と、処理の結果の数が合いません",
            ("./run status を確かめ、システムの保守担当に連絡してください。",),
        ),
        AlarmKind.DISK_LOW: AlarmWords(
            "ディスクの空きが少ないため、受信を止めています",
            (
                "不要なファイルを削除するか、ディスクを増やしてください。",
                "空きができ次第、自動で受信を再開します。メールは送信元又は受信箱に残っています。",
            ),
        ),
        AlarmKind.DATABASE_FAILING: AlarmWords(
            "データベースを一時使えませんでした",
            (
                "今は使えています。ディスクと、システムの記録（journalctl -u hosho-bot）を確かめてください。",
                "./run journal verify で、記録がそろっていることを確かめてください。",
            ),
            ends=False,
        ),
        AlarmKind.RELAY_REFUSES: AlarmWords(
            "中継サーバーが市からの送信を断っています",
            (
                "中継サーバーの答えを、中継サーバーの担当に見せてください。設定は [outgoing] です。",
                "./run check-config で、中継サーバーを試せます。",
                "メールは失われていません。解消次第、待っているものを全て自動で送ります。",
                "送らなくてよいものは ./run outbox list --state queued で確かめ、./run outbox cancel 番号 で取りやめられます。",
            ),
        ),
        AlarmKind.LETTERS_REFUSED: AlarmWords(
            "大きさ又は内容を理由に断られたメールがあります",
            (
                "./run outbox list --state bounced で確かめてください。",
                "中継サーバーの担当に、市の通知を通すよう依頼してから ./run outbox retry 番号 で送り直せます。",
            ),
            ends=False,
        ),
        AlarmKind.LETTERS_RETURNED: AlarmWords(
            "市の側を理由に不達となったメールがあります",
            (
                "戻った通知の言葉を、中継サーバーの担当に見せてください。",
                "./run outbox list --state bounced で確かめ、原因を除いてから ./run outbox retry 番号 で送り直せます。",
            ),
            ends=False,
        ),
        AlarmKind.LETTERS_DELAYED: AlarmWords(
            "送信できないメールがあります",
            (
                "./run outbox list --state queued で理由を確かめてください。",
                "中継サーバーに届いていないときは、中継サーバーと [outgoing] の設定を確かめてください。",
            ),
        ),
        AlarmKind.LETTERS_GIVEN_UP: AlarmWords(
            "期限までに送信できず、送信をやめたメールがあります",
            (
                "./run outbox list --state expired で確かめてください。",
                "原因を除いてから ./run outbox retry 番号 で送り直せます。",
            ),
            ends=False,
        ),
        AlarmKind.DESK_UNREACHABLE: AlarmWords(
            "担当あてのメールが届きません",
            ("設定 [[desks]] 又は [operator] のアドレスと、その受信箱を確かめてください。",),
            ends=False,
        ),
        AlarmKind.FILES_TAKEN_OUT: AlarmWords(
            "メールの装置が添付ファイルを取り除いているようです",
            (
                "受信箱に届くメールの添付ファイル（PDF、画像、圧縮ファイル）を、無害化や隔離の対象から外せるか、装置の担当に確かめてください。",
                "./run mail list --state passed_on で該当のメールを確かめ、元のファイルを装置から取り出してください。差出人には送付を依頼していません。",
            ),
            ends=False,
            daily=False,
        ),
    }
)

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
OVER_AFTER = timedelta(minutes=30)
"""So long away, and an alarm is over: one that comes and goes shall not mail each time."""


@dataclass(frozen=True, slots=True)
class MailboxHealth:
    """How it stands with a watched mailbox. `looked_at`: the last look that succeeded, since `started_at`.

    `failing_since`: no look has succeeded since then; None while all is well. `trouble`: the last error, in the log's words.
    """

    mailbox: str
    started_at: datetime
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
    """What the database knows. None: nothing of the kind. Each is what is late by the times above.

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


@dataclass(frozen=True, slots=True)
class AlarmFacts:
    """Everything that is known now. `no_room_since`, `database_failed`: (from, to) of the last failure, of this process."""

    store: StoreFacts
    mailboxes: tuple[MailboxHealth, ...] = ()
    no_room_since: datetime | None = None
    database_failed: tuple[datetime, datetime] | None = None


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
    return (*_of_mailboxes(facts, now), *_of_checks(facts, now), *_of_store(facts.store), *_of_process(facts, now))


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
    if store.ledger_since:
        yield Alarm(AlarmKind.LEDGER_DIFFERS, "", store.ledger_since, "状態又は理由の決まっていないメールがあります。")


_ADDRESS = LazyPattern(r"\S+@\S+")


def _of_relay(refused: Refused) -> Alarm:
    kind, words = AlarmKind.RELAY_REFUSES, "待っているメール"
    if refused.is_returned:
        kind, words = AlarmKind.LETTERS_RETURNED, "この1日に戻ったメール"
    elif refused.reason is OutboxReason.LETTER_REFUSED:
        kind, words = AlarmKind.LETTERS_REFUSED, "この1日に受け付けられなかったメール"
    reply = _ADDRESS.sub("…@…", refused.reply) or "（なし）"  # the log tells it too
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


def _overdue(kind: AlarmKind, subject: str, overdue: Overdue, words: str) -> Alarm:
    return Alarm(kind, subject, overdue.since, f"{words}：{overdue.count}件")


@dataclass(frozen=True, slots=True)
class AlarmVerdict:
    """`told`: to be mailed now. `still`: open, with what is to be remembered (those told included). `over`: closed now."""

    told: tuple[Alarm, ...]
    still: tuple[Alarm, ...]
    over: tuple[Alarm, ...]


def decide(opened: Sequence[Alarm], seen: Sequence[Alarm], now: datetime) -> AlarmVerdict:
    """One mail for each alarm and day, one when it is over. `opened`: what is remembered; `seen`: what is wrong now."""
    today = japanese_day(now)
    known = {(alarm.kind, alarm.subject): alarm for alarm in opened}
    told: list[Alarm] = []
    still: list[Alarm] = []
    for alarm in seen:
        before = known.pop((alarm.kind, alarm.subject), None)
        told_on = before.told_on if before else ""
        current = replace(alarm, since=min(before.since, alarm.since) if before else alarm.since, told_on=today)
        if told_on != today and (WORDS[alarm.kind].daily or japanese_day(alarm.since) > told_on):
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
