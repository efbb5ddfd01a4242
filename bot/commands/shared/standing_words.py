"""How `status` says what stands: lines for a person, an object for programs, one line of several offices.

Called by status.py, which loads it only where everything is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from bot.clock import utc_now
from bot.commands.shared.json_rows import mailbox_row
from bot.commands.shared.offices import OfficeState, OfficeStatus
from bot.core.health.canary import Canaries
from bot.core.health.workers import WorkerHealth
from bot.core.records.incoming_mail import MailState
from bot.core.records.outgoing_mail import OutboxState
from bot.core.text.dates import JAPAN
from bot.office import command_context
from bot.probing.glance import Glimpse
from bot.probing.standing import Standing, look
from storage.database.daemon_lock import is_running


async def all_of(config_path: Path, now: datetime) -> Standing:
    """Everything. Raises ConfigError, StoreError."""
    async with command_context(config_path) as office:
        runs = await is_running(office.config.database_url)
        return await look(office.config, office.store, now, runs=runs)


def glimpse_of(stands: Standing) -> Glimpse:
    """The little of it that a watchdog is told."""
    return Glimpse(
        dict(stands.backlog.mails)[MailState.RECEIVED],
        dict(stands.backlog.outgoing)[OutboxState.QUEUED],
        stands.backlog.work.count,
        tuple(alarm.kind for alarm in stands.alarms),
        stands.free_bytes,
    )


async def one_line(config_path: Path) -> OfficeStatus:
    """One office. Raises ConfigError, StoreError."""
    stands = await all_of(config_path, utc_now())
    done = [one.done_at for one in stands.workers if one.done_at] + [one.looked_at for one in stands.memories]
    return OfficeStatus(
        state=OfficeState.WELL if stands.is_well else OfficeState.ALARM if stands.is_running else OfficeState.STOPPED,
        mails_waiting=dict(stands.backlog.mails)[MailState.RECEIVED],
        letters_waiting=dict(stands.backlog.outgoing)[OutboxState.QUEUED],
        open_work=stands.backlog.work.count,
        succeeded_at=max(done, default=None),
        details=tuple(alarm.kind.words.title for alarm in stands.alarms),
    )


def lines(stands: Standing) -> Iterator[str]:
    """For a person."""
    mails, outgoing = dict(stands.backlog.mails), dict(stands.backlog.outgoing)
    work = stands.backlog.work
    waits = f"（担当者の対応待ち{work.count}件）" if work.count else ""
    yield f"状態: {'正常' if stands.is_well else '要確認'}{waits}"
    yield f"デーモン: {'動いています' if stands.is_running else '動いていません（systemctl status hosho-bot を確かめてください）'}"
    if stands.workers:
        yield f"最後の成功: {'、'.join(f'{one.worker.words} {_last(one)}' for one in stands.workers)}"
    if stands.canaries:
        yield f"試験メール: {_canary(stands.canaries)}"
    for memory in stands.memories:
        yield f"受信箱 {memory.mailbox}: 最後の確認 {_when(memory.looked_at)}"
    for check in stands.checks:
        yield (
            f"照合 {check.mailbox}: {_when(check.checked_at)}、最近{check.days}日間、サーバー{check.on_server}件、"
            f"取込み済み{check.known}件、不足{check.missing}件"
        )
    received = sum(door.received for door in stands.ledger.doors)
    ends = "一致" if stands.ledger.balances else "不一致"
    yield f"この24時間の受信: {received}件（受信と結果の数は{ends}）"
    yield (
        f"担当者の対応待ち: {work.count}件（確認待ちの受付{work.held}件、D-Sureの確認{work.to_verify}件、メール{work.mails}件）"
        f"{_since(work.since)}、差出人の返信待ち: {mails[MailState.ASKED]}件"
    )
    oldest = stands.backlog.oldest_mail_at
    yield f"処理待ちのメール: {mails[MailState.RECEIVED]}件{_since(oldest)}、保留: {mails[MailState.PARKED]}件"
    failed = outgoing[OutboxState.BOUNCED] + outgoing[OutboxState.EXPIRED]
    oldest = stands.backlog.oldest_letter_at
    yield f"送信待ち: {outgoing[OutboxState.QUEUED]}件{_since(oldest)}、送信できなかったもの: {failed}件"
    if stands.backlog.in_shadow:
        yield f"試験運用のため送っていないもの: {stands.backlog.in_shadow}件（あとから送られることはありません）"
    yield f"ディスクの空き: {stands.free_bytes // 2**20} MiB"
    yield f"記録の末尾: {stands.journal_head}"
    for note in stands.notes:
        yield f"注意: {note}"
    yield f"警報: {len(stands.alarms)}件"
    for alarm in stands.alarms:
        words = alarm.kind.words
        yield f"  ・{words.title}{f'（{alarm.subject}）' if alarm.subject else ''}：{_when(alarm.since)}から。{alarm.detail}"
        for step in words.advice:
            yield f"      → {step}"


def _canary(known: Canaries) -> str:
    back = (
        f"最後に戻ったもの {_when(known.back_at)}（{known.took.total_seconds():.0f}秒）"
        if known.back_at
        else "まだ戻っていません"
    )
    return f"最後に送ったもの {_when(known.sent_at)}、{back}"


def _last(one: WorkerHealth) -> str:
    return _when(one.done_at) if one.done_at else "（まだありません）"


def _since(at: datetime | None) -> str:
    return f"（最も古いもの {_when(at)}）" if at else ""


def _when(at: datetime) -> str:
    return f"{at.astimezone(JAPAN):%Y-%m-%d %H:%M}"


def plain(stands: Standing) -> dict[str, object]:
    """For a program."""
    return {
        "running": stands.is_running,
        "workers": [
            {
                "name": str(one.worker),
                "done_at": one.done_at,
                "failing_since": one.failing_since,
                "failures": one.failures,
            }
            for one in stands.workers
        ],
        "canary": {
            "sent_at": stands.canaries.sent_at,
            "back_at": stands.canaries.back_at,
            "seconds": stands.canaries.took.total_seconds() if stands.canaries.back_at else None,
        }
        if stands.canaries
        else None,
        "mailboxes": [mailbox_row(memory) for memory in stands.memories],
        "checks": [asdict(check) for check in stands.checks],
        "mails": {str(state): count for state, count in stands.backlog.mails},
        "outgoing": {str(state): count for state, count in stands.backlog.outgoing},
        "kept_back_in_shadow": stands.backlog.in_shadow,
        "open": asdict(stands.backlog.work) | {"count": stands.backlog.work.count},
        "oldest_mail_at": stands.backlog.oldest_mail_at,
        "oldest_letter_at": stands.backlog.oldest_letter_at,
        "ledger_balances": stands.ledger.balances,
        "free_bytes": stands.free_bytes,
        "journal_head": stands.journal_head,
        "notes": stands.notes,
        "alarms": [
            {
                "kind": str(alarm.kind),
                "subject": alarm.subject,
                "since": alarm.since,
                "title": alarm.kind.words.title,
                "detail": alarm.detail,
            }
            for alarm in stands.alarms
        ],
    }
