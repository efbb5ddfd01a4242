"""`mail list|show|replay`: the incoming mails and what became of them. Exit codes as in common.py."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from bot.commands.common import actor_option, bureau, config_option, json_option, limit_option, run, show, show_one
from bot.commands.rows import mail_row, submission_row
from bot.core.incoming import MailState

_TITLES = {
    "id": "番号",
    "received_at": "受信日時",
    "state_text": "状態",
    "reason_text": "理由",
    "from": "差出人",
    "subject": "件名",
}
_ALL_TITLES = _TITLES | {
    "source": "経路",
    "mail_from": "エンベロープ差出人",
    "rcpt_tos": "宛先",
    "size_bytes": "大きさ",
    "attempts": "試行",
    "error": "問題",
    "no_reply": "返信しない理由",
    "papers": "書類",
    "submissions": "受付",
}


@click.group()
def mail() -> None:
    """Incoming mail (受信メール)."""


@mail.command("list")
@click.option("--state", "states", multiple=True, type=click.Choice([s.value for s in MailState]))
@config_option
@json_option
@limit_option
@run
async def list_(*, states: tuple[str, ...], config_path: Path, as_json: bool, limit: int) -> None:
    """List mails, newest first."""
    async with bureau(config_path) as office:
        found = await office.store.mails(states=tuple(MailState(state) for state in states), limit=limit)
    show([mail_row(row) for row in found], as_json=as_json, titles=_TITLES)


@mail.command("show")
@click.argument("mail_id", type=int)
@click.option("--raw", is_flag=True, help="Write the mail's bytes as they came to standard output.")
@config_option
@json_option
@run
async def show_(mail_id: int, *, raw: bool, config_path: Path, as_json: bool) -> None:
    """Show one mail and its submissions."""
    async with bureau(config_path) as office:
        row, content, submissions = await office.store.mail(mail_id)
    if raw:
        sys.stdout.buffer.write(content)
        return
    values = mail_row(row) | {"submissions": [submission_row(s) for s in submissions]}
    if not as_json:
        values["submissions"] = [f"{s.receipt_number} {s.state} {s.fields.number}" for s in submissions]
        values["papers"] = [f"{p.name}: {p.kind}（{p.reason}）" for p in row.papers]
    show_one(values, as_json=as_json, titles=_ALL_TITLES)


@mail.command()
@click.argument("mail_id", type=int)
@config_option
@actor_option
@run
async def replay(mail_id: int, *, config_path: Path, actor: str) -> None:
    """Have a parked or ignored mail read again (the running daemon does it)."""
    async with bureau(config_path) as office:
        await office.store.replay_mail(mail_id, actor=actor)
    click.echo(f"メール{mail_id}をもう一度読み取ります")
