"""`status`: how the machine stands, in a few lines; for a person in the morning and for a watchdog (cron, Nagios).

0 all is well · 1 something is not, and says what · 2 wrong call or wrong settings; `--nagios` has the codes of its own. Asks the database
and the lock only, so it works beside the daemon and without it. `--all` is several offices, a line each (offices.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from bot.clock import utc_now
from bot.commands.shared.common import EXIT_FAILED, EXIT_USAGE, config_option, echo_json, json_option, run
from bot.commands.shared.json_rows import mailbox_row
from bot.commands.shared.language import command, option
from bot.commands.shared.offices import OfficeState, OfficeStatus, settings_files, tell_all
from bot.config.mistakes import ConfigError
from bot.core.health.canary import Canaries
from bot.core.health.workers import WorkerHealth
from bot.core.records.incoming_mail import MailState
from bot.core.records.outgoing_mail import OutboxState
from bot.core.text.control_characters import escaped
from bot.core.text.dates import JAPAN
from bot.office import command_context
from bot.probing.standing import Standing, look
from storage.database.daemon_lock import is_running


@command()
@option(
    "--nagios",
    is_flag=True,
    ja="監視の仕組み（Nagios など）向けに1行で示します。終了コードは、0が正常、1が注意、2が異常、3が不明です。",
    en="One line with perfdata for Nagios and its kin; exit code 0 ok, 1 warning, 2 critical, 3 unknown.",
)
@option(
    "--all",
    "places",
    multiple=True,
    metavar="FILES",
    ja="複数の課の設定ファイル（フォルダ、又は '/etc/hosho-bot/*.toml' のような形）を、1課1行で示します。何回でも指定できます。終了コードは、最も悪いものです。",
    en="Several offices, a line each: a folder of settings files, or a pattern for them; may be given several times. The exit code is the worst.",
)
@config_option
@json_option
@run
async def status(*, config_path: Path, as_json: bool, nagios: bool, places: tuple[str, ...]) -> None:
    """Print what database and lock tell, and what is wrong."""
    if places:
        await _tell_offices(places, as_json=as_json, nagios=nagios)
        return
    try:
        async with command_context(config_path) as office:
            now = utc_now()
            runs = await is_running(office.config.database_url)
            stands = await look(office.config, office.store, now, runs=runs)
    except (ConfigError, OSError) as error:
        if not nagios:
            raise
        click.echo(f"HOSHO UNKNOWN - {' '.join(escaped(str(error)).split()).replace('|', '/')}")
        raise click.exceptions.Exit(_UNKNOWN) from None
    if nagios:
        code, line = _for_nagios(stands)
        click.echo(line)
        raise click.exceptions.Exit(code)
    if as_json:
        echo_json({"ok": stands.is_well, "at": now, **_plain(stands)})
    else:
        for line in _lines(stands):
            click.echo(line)
    if not stands.is_well:
        raise click.exceptions.Exit(EXIT_FAILED)


async def _tell_offices(places: tuple[str, ...], *, as_json: bool, nagios: bool) -> None:
    files = settings_files(places)
    if nagios or not files:
        told = (
            f"{'、'.join(places)} に設定ファイルがありません" if not files else "--all と --nagios は、一緒に使えません"
        )
        click.echo(escaped(told), err=True)
        raise click.exceptions.Exit(EXIT_USAGE)
    if code := await tell_all(files, _one_line, as_json=as_json):
        raise click.exceptions.Exit(code)


async def _one_line(config_path: Path) -> OfficeStatus:
    async with command_context(config_path) as office:
        runs = await is_running(office.config.database_url)
        stands = await look(office.config, office.store, utc_now(), runs=runs)
    done = [one.done_at for one in stands.workers if one.done_at] + [one.looked_at for one in stands.memories]
    return OfficeStatus(
        state=OfficeState.WELL if stands.is_well else OfficeState.ALARM if stands.is_running else OfficeState.STOPPED,
        mails_waiting=dict(stands.backlog.mails)[MailState.RECEIVED],
        letters_waiting=dict(stands.backlog.outgoing)[OutboxState.QUEUED],
        open_work=stands.backlog.work.count,
        succeeded_at=max(done, default=None),
        details=tuple(alarm.kind.words.title for alarm in stands.alarms),
    )


_OK, _WARNING, _CRITICAL, _UNKNOWN = range(4)
_NAMES = ("OK", "WARNING", "CRITICAL")


def _for_nagios(stands: Standing) -> tuple[int, str]:
    """The plugin's exit code and its one line, with perfdata."""
    kinds = sorted({alarm.kind for alarm in stands.alarms})
    can_wait = all(kind.words.can_wait for kind in kinds)
    code = _OK if stands.is_well else _WARNING if stands.is_running and can_wait else _CRITICAL
    wrong = [kind.words.title for kind in kinds]
    words = "、".join([*([] if stands.is_running else ["動いていません"]), *wrong]) or "正常"
    figures = {
        "mails_waiting": dict(stands.backlog.mails)[MailState.RECEIVED],
        "letters_waiting": dict(stands.backlog.outgoing)[OutboxState.QUEUED],
        "open_work": stands.backlog.work.count,
        "alarms": len(stands.alarms),
        "free": f"{stands.free_bytes}B",
    }
    return code, f"HOSHO {_NAMES[code]} - {words} | {' '.join(f'{name}={value}' for name, value in figures.items())}"


def _lines(stands: Standing) -> Iterator[str]:
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


def _plain(stands: Standing) -> dict[str, object]:
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
