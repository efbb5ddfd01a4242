"""`submissions accept|refuse|refusals|verify|send-key`: a clerk's word on a notice.

Part of the group in submissions.py. Exit codes as in commands/shared/common.py.
"""

from __future__ import annotations

from pathlib import Path

import click

from bot.clock import utc_now
from bot.commands.shared.common import actor_option, config_option, echo_json, json_option, run, show
from bot.commands.shared.json_rows import submission_row
from bot.commands.shared.language import Command, argument, option
from bot.commands.shared.refusal_option import refusal_option
from bot.composing import composer_of
from bot.core.records.reasons import SubmissionReason
from bot.core.records.refusal import Refusal
from bot.core.records.submission import Submission
from bot.office import CommandContext, command_context
from bot.workers.clerk_commands import Clerk

_SEEN = {"differs": SubmissionReason.DSURE_DIFFERS, "none": SubmissionReason.NOT_IN_DSURE}


def _clerk(office: CommandContext, actor: str) -> Clerk:
    if office.config.outgoing.shadow:
        click.echo("試験運用（outgoing.shadow）のため、メールはどなたにも送りません", err=True)
    return Clerk(office.store, composer_of(office.config, office.letter_secret), office.policy, utc_now, actor)


@click.command(cls=Command, ja="確認待ちの受付を受け付けます。")
@argument("receipt_number")
@option(
    "--guarantee",
    "guarantee_id",
    type=int,
    ja="番号が台帳にないときに、台帳の行を番号で指定します。",
    en="The register's row, by its id, when the number is not in it.",
)
@config_option
@json_option
@actor_option
@run
async def accept(
    receipt_number: str, *, guarantee_id: int | None, config_path: Path, as_json: bool, actor: str
) -> None:
    """Accept a held submission."""
    async with command_context(config_path) as office:
        _told(await _clerk(office, actor).accept(receipt_number, guarantee_id=guarantee_id), as_json=as_json)


@click.command(cls=Command, ja="受付を差し戻し、受注者に理由を知らせます。")
@argument("receipt_number")
@refusal_option
@option(
    "--reason",
    default="",
    ja="理由や補足。受注者への文面に書かれます。",
    en="Why, or what is to be added, in words for the contractor.",
)
@option(
    "--seen",
    type=click.Choice(list(_SEEN)),
    ja="D-Sure で見た結果。differs は相違、none は閲覧できる保証がないことです。",
    en="What was seen in D-Sure: it differs (相違), or the guarantee can't be viewed (none, なし).",
)
@config_option
@json_option
@actor_option
@run
async def refuse(
    receipt_number: str,
    *,
    kind: Refusal | None,
    reason: str,
    seen: str | None,
    config_path: Path,
    as_json: bool,
    actor: str,
) -> None:
    """Send a submission back (差戻し); the contractor is told why."""
    async with command_context(config_path) as office:
        because = _SEEN[seen] if seen else SubmissionReason.CLERK_REFUSED
        _told(
            await _clerk(office, actor).refuse(receipt_number, reason=reason, kind=kind, because=because),
            as_json=as_json,
        )


@click.command(cls=Command, ja="差戻しの種類を示します。種類ごとに文面があり、別の言い方でも指定できます。")
@json_option
def refusals(*, as_json: bool) -> None:
    """List the kinds of refusals: each has a letter of its own, and other words that a clerk may write for it."""
    rows = [
        {"name": kind.words, "means": kind.means, "others": list(kind.others), "kind": kind.value} for kind in Refusal
    ]
    show(rows, as_json=as_json, titles={"name": "種類", "means": "内容", "others": "ほかの言い方", "kind": "英字"})


@click.command(cls=Command, ja="D-Sure で証書を確かめ、正しかったこと（確認済）を記録し、受注者に知らせます。")
@argument("receipt_number")
@config_option
@json_option
@actor_option
@run
async def verify(receipt_number: str, *, config_path: Path, as_json: bool, actor: str) -> None:
    """Record that the certificate was seen in D-Sure and is right (確認済); the contractor is told."""
    async with command_context(config_path) as office:
        _told(await _clerk(office, actor).verify(receipt_number), as_json=as_json)


@click.command(
    "send-key",
    cls=Command,
    ja='D-Sure での確認を待つ案件の認証キーを、担当へもう一度メールで送ります（answers.keys = "separate" のとき）。',
)
@argument("receipt_number")
@config_option
@actor_option
@run
async def send_key(receipt_number: str, *, config_path: Path, actor: str) -> None:
    """Mail the access key of what waits for D-Sure to its desk once more (answers.keys = "separate")."""
    async with command_context(config_path) as office:
        office.check_may_send()
        addresses = await _clerk(office, actor).send_key(receipt_number)
    click.echo(f"{receipt_number} の認証キーを {'、'.join(addresses)} への送信待ちに入れました")


def _told(submission: Submission, *, as_json: bool) -> None:
    row = submission_row(submission)
    if as_json:
        echo_json(row)
    else:
        click.echo(f"{row['receipt_number']}: {row['state_text']}")
