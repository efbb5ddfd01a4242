"""`outbox list|show|retry|hold|release|cancel|dead|revive`: outgoing mail, and who gets none. Exit codes as in commands/shared/common.py."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from bot.commands.shared.basics import state_option
from bot.commands.shared.common import actor_option, config_option, json_option, limit_option, run, show, show_one
from bot.commands.shared.json_rows import outbox_row
from bot.commands.shared.language import Group, argument, option
from bot.core.records.outgoing_mail import OutboxState
from bot.office import command_context

_TITLES = {
    "id": "番号",
    "created_at": "作成日時",
    "state_text": "状態",
    "reason_text": "理由",
    "letter_text": "種類",
    "to": "宛先",
    "subject": "件名",
    "attempts": "試行",
}
_ALL_TITLES = _TITLES | {
    "reply": "相手の応答",
    "next_attempt_at": "次の試行",
    "done_at": "完了日時",
    "submission": "受付番号",
    "message_id": "Message-ID",
    "text": "本文",
}


outbox = Group("outbox")


@outbox.command("list", ja="送信メールの一覧を、新しい順に示します。")
@state_option(OutboxState)
@config_option
@json_option
@limit_option
@run
async def list_(*, states: tuple[str, ...], config_path: Path, as_json: bool, limit: int) -> None:
    """List outgoing mails, newest first."""
    async with command_context(config_path) as office:
        found = await office.store.outbox.list_(states=tuple(OutboxState(s) for s in states), limit=limit)
    show([outbox_row(row) for row in found], as_json=as_json, titles=_TITLES)


@outbox.command("show", ja="送信メール1通を、本文とともに示します。")
@argument("outbox_id", type=int)
@option(
    "--raw",
    is_flag=True,
    ja="メールをそのまま書き出します。認証キーを含み得るときは、見たことを記録します。",
    en="Write the mail's bytes; if a key may stand in it, the journal tells that you saw it.",
)
@config_option
@json_option
@actor_option
@run
async def show_(outbox_id: int, *, raw: bool, config_path: Path, as_json: bool, actor: str) -> None:
    """Show one outgoing mail with its text."""
    async with command_context(config_path) as office:
        found = await office.store.outbox.get(outbox_id)
        if raw and found.mail.is_secret:
            await office.store.journal.note_keys_shown(
                [("outgoing", outbox_id)], actor=actor, command="outbox show --raw"
            )
    if raw:
        sys.stdout.buffer.write(found.mail.content)
        return
    show_one(outbox_row(found) | {"text": found.mail.text}, as_json=as_json, titles=_ALL_TITLES)


@outbox.command(ja="保留・不達・期限切れ・見合わせのメールを、同じ内容でもう一度送ります（常駐が行います）。")
@argument("outbox_id", type=int)
@config_option
@actor_option
@run
async def retry(outbox_id: int, *, config_path: Path, actor: str) -> None:
    """Send a held, refused, expired or kept back mail again, byte for byte the same (the running daemon does it)."""
    async with command_context(config_path) as office:
        office.check_may_send()
        await office.store.outbox.retry(outbox_id, actor=actor)
    click.echo(f"送信{outbox_id}をもう一度送ります")


@outbox.command(ja="送信待ちのメールを、解くまで保留します。")
@argument("outbox_id", type=int)
@config_option
@actor_option
@run
async def hold(outbox_id: int, *, config_path: Path, actor: str) -> None:
    """Keep a waiting mail back until it is released."""
    async with command_context(config_path) as office:
        await office.store.outbox.hold(outbox_id, actor=actor)
    click.echo(f"送信{outbox_id}を保留しました。送るときは outbox release {outbox_id} を実行してください")


@outbox.command(ja="保留したメールを送ります（常駐が行います）。")
@argument("outbox_id", type=int)
@config_option
@actor_option
@run
async def release(outbox_id: int, *, config_path: Path, actor: str) -> None:
    """Let a held mail go (the running daemon sends it)."""
    async with command_context(config_path) as office:
        office.check_may_send()
        await office.store.outbox.release(outbox_id, actor=actor)
    click.echo(f"送信{outbox_id}の保留を解きました")


@outbox.command(ja="不達のため、送信を止めているアドレスを示します。")
@config_option
@json_option
@run
async def dead(*, config_path: Path, as_json: bool) -> None:
    """List the addresses that no letters are sent to, since one came back (不達)."""
    async with command_context(config_path) as office:
        found = await office.store.bounces.dead_addresses()
    titles = {"address": "アドレス", "since": "不達の日時", "why": "相手の応答", "outgoing": "送信番号"}
    rows = [{"address": d.address, "since": d.since, "why": d.why, "outgoing": d.outbox_id} for d in found]
    show(rows, as_json=as_json, titles=titles)


@outbox.command(ja="アドレスへの送信を再開します。送らなかったものは outbox retry で送れます。")
@argument("address")
@config_option
@actor_option
@run
async def revive(address: str, *, config_path: Path, actor: str) -> None:
    """Send letters to ADDRESS again. Those that were kept back are sent by `outbox retry`."""
    async with command_context(config_path) as office:
        await office.store.bounces.revive_address(address, actor=actor)
    click.echo(f"{address}: 今後は送信します。送らなかったものは outbox retry で送れます")


@outbox.command(ja="送信待ちのメールを取り消します。")
@argument("outbox_id", type=int)
@config_option
@actor_option
@run
async def cancel(outbox_id: int, *, config_path: Path, actor: str) -> None:
    """Take a waiting mail back."""
    async with command_context(config_path) as office:
        await office.store.outbox.cancel(outbox_id, actor=actor)
    click.echo(f"送信{outbox_id}を取り消しました")
