"""`mailbox status|reconcile`: the watched mailbox, and its comparison with the server at once. Exit codes as in commands/shared/common.py."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path

import click

from bot.clock import utc_now
from bot.commands.shared.common import EXIT_FAILED, config_option, echo_json, json_option, run, show
from bot.commands.shared.json_rows import mailbox_row
from bot.commands.shared.language import Group
from bot.core.health.reconciliation import MailboxCheck
from bot.intake.imap.watcher import ImapSettings, ImapWatcher, NotLookedYetError
from bot.intake.receive import Receiver
from bot.office import command_context
from bot.wiring import imap_settings_of
from storage.store import Store

_TITLES = {
    "mailbox": "受信箱",
    "looked_at": "最後の確認",
    "last_uid": "最後のUID",
    "checked_at": "照合日時",
    "days": "日数",
    "on_server": "サーバー",
    "known": "取込み済み",
    "missing": "不足",
    "recovered": "今回の取込み",
}


mailbox = Group("mailbox")


@mailbox.command("status", ja="受信箱をどこまで読んだかと、前回サーバーと照合した結果を示します。")
@config_option
@json_option
@run
async def status_(*, config_path: Path, as_json: bool) -> None:
    """Show how far each mailbox was read, and what the last comparison with the server found."""
    async with command_context(config_path) as office:
        memories, checks = await office.store.mailboxes.memories(), await office.store.mailboxes.checks()
    checked = {check.mailbox: asdict(check) for check in checks}
    rows = [mailbox_row(one) | checked.get(one.mailbox, {}) for one in memories]
    show(rows, as_json=as_json, titles=_TITLES)


@mailbox.command(
    ja="受信箱を今すぐサーバーと照合し、足りないものを取り込みます。足りないものがあれば、終了コードが1になります。"
)
@config_option
@json_option
@run
async def reconcile(*, config_path: Path, as_json: bool) -> None:
    """Compare the mailbox with the server now, and fetch what is missing; exit code 1 when something was."""
    async with command_context(config_path) as office:
        if not office.config.imap.enabled or office.config.imap.reconcile_days == 0:
            click.echo("設定 imap.enabled が true で、imap.reconcile_days が1以上のときだけ使えます", err=True)
            raise click.exceptions.Exit(EXIT_FAILED)
        settings = imap_settings_of(office.config)
        try:
            check = await _compare(office.store, settings)
        except NotLookedYetError:
            click.echo(
                "受信箱をまだ一度も確認していません。serve を起動し、取込みが終わってから実行してください", err=True
            )
            raise click.exceptions.Exit(EXIT_FAILED) from None
        except OSError as error:
            click.echo(f"受信箱を確認できません（{error}）。status とメールサーバーを確かめてください", err=True)
            raise click.exceptions.Exit(EXIT_FAILED) from None
    if as_json:
        echo_json(asdict(check))
    else:
        click.echo(
            f"{check.mailbox}: 最近{check.days}日間、サーバー{check.on_server}件、取込み済み{check.known}件、"
            f"不足{check.missing}件（うち今回取り込んだもの{check.recovered}件）"
        )
    if check.missing:
        raise click.exceptions.Exit(EXIT_FAILED)


async def _compare(store: Store, settings: ImapSettings) -> MailboxCheck:
    receiver = Receiver(store.incoming, lambda: None)
    committing = asyncio.create_task(receiver.run())
    try:
        return await ImapWatcher(receiver, store.mailboxes, settings, utc_now).compare_now()
    finally:
        receiver.stop()
        await committing
