"""`disposal list|approve|hold|release`: what was kept long enough goes when a person has approved the list. Exit codes as in
commands/shared/common.py; `approve` gives 1 when the list is another one by now.

Works beside the running daemon: small transactions, each with its line in the journal. Stopped in between, what is done is whole, and the
rest is on the next list.
"""

from __future__ import annotations

from pathlib import Path

import click

from bot.clock import utc_now
from bot.commands.shared.common import (
    EXIT_FAILED,
    actor_option,
    config_option,
    echo_json,
    json_option,
    run,
)
from bot.commands.shared.language import Group, argument, option
from bot.commands.shared.mail_number import MailNumber
from bot.composing import composer_of
from bot.config.to_policy import retention_of
from bot.core.records.retention import DueList
from bot.core.text.told import ToldError
from bot.office import CommandContext, command_context
from bot.workers.disposal import Disposals
from storage.use_cases.retention.disposal import PORTION

disposal = Group("disposal")


@disposal.command("list", ja="保存期間を過ぎたものを、件数と一覧の番号で示します。何も廃棄しません。")
@option("--items", is_flag=True, ja="1件ずつ示します。", en="Each item, too.")
@config_option
@json_option
@run
async def list_(*, items: bool, config_path: Path, as_json: bool) -> None:
    """List what is due for disposal; nothing is disposed of."""
    async with command_context(config_path) as office:
        due = await office.store.disposal.due(retention_of(office.config))
        holds = await office.store.disposal.holds()
    if as_json:
        echo_json(
            {
                "number": due.number,
                "counts": {str(what): count for what, count in due.counts.items()},
                "ended_before": {str(what): day for what, day in due.ended_before.items()},
                "holds": [{"mail": mail_id, "why": why, "actor": actor} for mail_id, why, actor in holds],
                "items": [item.line.strip() for item in due.items] if items else [],
            }
        )
        return
    if not due.ended_before:
        click.echo("保存期間は、どれも定められていません（設定 [retention]）。廃棄するものはありません")
    for what, count in due.counts.items():
        click.echo(f"{what.words}: {count}件（{due.ended_before[what]} より前に終わったもの）")
    for item in due.items if items else ():
        click.echo(f"  {item.line.strip()}")
    for mail_id, why, actor in holds:
        click.echo(f"廃棄しないもの: メール{mail_id}（{why}、{actor}）")
    if due.items:
        click.echo(f"一覧の番号: {due.number}")
        click.echo(f"承認して廃棄するには: ./run disposal approve {due.number}")


@disposal.command(ja="一覧の番号を承認し、その一覧にあるものを廃棄します。元に戻せません。")
@argument("number")
@config_option
@actor_option
@run
async def approve(number: str, *, config_path: Path, actor: str) -> None:
    """Approve the list with this NUMBER and dispose of what is on it; there is no way back."""
    async with command_context(config_path) as office:
        due = await office.store.disposal.due(retention_of(office.config))
        if not due.items or due.number != number:
            click.echo(f"一覧の番号が {number} ではありません。disposal list で、今の一覧を確かめてください", err=True)
            raise click.exceptions.Exit(EXIT_FAILED)
        await office.store.disposal.approve(due, actor=actor)
        done = await _carry_out(office, due, actor)
        freed = await office.store.disposal.shrink()
    click.echo(
        f"{done}件を廃棄しました。データベースのファイルは、{freed // 2**10} KiB 小さくなります。バックアップには、古いものが削除されるまで残ります"
    )


@disposal.command(
    "mail", ja="一覧を、承認する方（設定 retention.approver）へ送ります。その方が返信で、承認するか保留します。"
)
@config_option
@run
async def mail(*, config_path: Path) -> None:
    """Mail the list to who approves it; he approves it or puts it off by answering."""
    async with command_context(config_path) as office:
        policy, rules = office.policy, retention_of(office.config)
        if not (policy.disposal_approver and policy.reply_window):
            raise ToldError("設定 retention.approver（と answers.enabled、mail.authserv_id）がないため、送れません")
        due = await office.store.disposal.due(rules)
        if not due.items:
            click.echo("保存期間を過ぎたものはありません。送っていません")
            return
        composer = composer_of(office.config, office.letter_secret)
        letter = Disposals(office.store, composer, policy, rules, utc_now).listed(due)
        office.check_may_send()
        queued = await office.store.outbox.enqueue([letter])
    told = "送ります" if queued else "同じ一覧を、既に送っています"
    click.echo(f"{policy.disposal_approver} へ、一覧 {due.number}（{len(due.items)}件）を{told}")


async def _carry_out(office: CommandContext, due: DueList, actor: str) -> int:
    done = 0
    rules = retention_of(office.config)
    for portion in due.portions(PORTION):
        done += await office.store.disposal.carry_out(rules, portion, number=due.number, actor=actor)
    return done


@disposal.command(ja="メールを、その受付と送信も含めて、期間を過ぎても廃棄しないものとします（訴訟、開示請求など）。")
@argument("mail_id", type=MailNumber())
@option("--note", required=True, ja="理由（記録に残します）。", en="Why, for the journal.")
@config_option
@actor_option
@run
async def hold(mail_id: int, *, note: str, config_path: Path, actor: str) -> None:
    """Keep a mail with its cases and letters whatever their age (legal hold)."""
    async with command_context(config_path) as office:
        await office.store.disposal.hold(mail_id, why=note, actor=actor)
    click.echo(f"メール{mail_id}を、廃棄しないものとしました")


@disposal.command(ja="「廃棄しない」を解きます。")
@argument("mail_id", type=MailNumber())
@option("--note", required=True, ja="理由（記録に残します）。", en="Why, for the journal.")
@config_option
@actor_option
@run
async def release(mail_id: int, *, note: str, config_path: Path, actor: str) -> None:
    """End a hold."""
    async with command_context(config_path) as office:
        await office.store.disposal.release(mail_id, why=note, actor=actor)
    click.echo(f"メール{mail_id}の「廃棄しない」を解きました")
