"""`mail list|show|export|replay|release`: the incoming mails and what became of them. Exit codes as in commands/shared/common.py."""

from __future__ import annotations

import sys
from collections.abc import Awaitable
from datetime import datetime
from pathlib import Path

import click

from bot import log
from bot.commands.shared.basics import in_japan, state_option
from bot.commands.shared.common import (
    EXIT_FAILED,
    EXIT_USAGE,
    actor_option,
    config_option,
    json_option,
    limit_option,
    run,
    show,
    show_one,
)
from bot.commands.shared.json_rows import mail_row, submission_row
from bot.commands.shared.language import Group, argument, option
from bot.commands.shared.long_work import Work, long_work
from bot.commands.shared.mail_number import MailNumber
from bot.config.settings import load
from bot.core.policy.masking import mask_whole_keys
from bot.core.records.envelope import message_id_of
from bot.core.records.incoming_mail import MailRow, MailState
from bot.core.text.normalise import clean
from bot.core.text.told import ToldError
from bot.files import Folder
from bot.office import CommandContext, command_context
from bot.probing.stored import database

_TITLES = {
    "id": "番号",
    "received_at": "受信日時",
    "state_text": "状態",
    "reason_text": "理由",
    "from": "差出人",
    "subject": "件名",
}
_ALL_TITLES = _TITLES | {
    "message_id": "Message-ID",
    "source": "経路",
    "mail_from": "エンベロープ差出人",
    "rcpt_tos": "宛先",
    "size_bytes": "大きさ",
    "attempts": "試行",
    "error": "問題",
    "no_reply_text": "返信しない理由",
    "papers": "書類",
    "submissions": "受付",
}


mail = Group("mail")

_DAY = click.DateTime(formats=["%Y-%m-%d"])


@mail.command("list", ja="受信メールの一覧を、新しい順に示します。")
@state_option(MailState)
@config_option
@json_option
@limit_option
@run
async def list_(*, states: tuple[str, ...], config_path: Path, as_json: bool, limit: int) -> None:
    """List mails, newest first."""
    async with command_context(config_path) as office:
        found = await office.store.incoming.list_(states=tuple(MailState(state) for state in states), limit=limit)
    show([mail_row(row) for row in found], as_json=as_json, titles=_TITLES)


@mail.command("show", ja="受信メール1通と、その受付を示します。")
@argument("mail_id", type=MailNumber())
@option(
    "--raw",
    is_flag=True,
    ja="メールを届いたまま（認証キーも含めて）書き出します。見たことを記録します。",
    en="Write the mail's bytes as they came, keys and all; the journal tells that you saw it.",
)
@config_option
@json_option
@actor_option
@run
async def show_(mail_id: int, *, raw: bool, config_path: Path, as_json: bool, actor: str) -> None:
    """Show one mail and its submissions."""
    async with command_context(config_path) as office:
        formats = office.policy.formats
        row, content, submissions = await office.store.incoming.get(mail_id)
        if raw:
            await office.store.journal.note_keys_shown([("mail", mail_id)], actor=actor, command="mail show --raw")
    if raw:
        _check_kept(row, content)
        sys.stdout.buffer.write(content)
        return
    values = mail_row(row) | {
        "message_id": clean(mask_whole_keys(message_id_of(content), formats)),
        "submissions": [submission_row(s) for s in submissions],
    }
    if not as_json:
        values["submissions"] = [f"{s.receipt_number} {s.state.words} {s.fields.number}" for s in submissions]
        values["papers"] = [f"{p.name}: {p.kind.words}（{p.reason.words}）" for p in row.papers]
    show_one(values, as_json=as_json, titles=_ALL_TITLES)


@mail.command(
    ja=(
        "保留・要確認・対象外・対応済のメールを、もう一度読み取ります（常駐が行います）。"
        "--since と --dry-run では、受け取ったメールを今の設定と台帳で判定し直し、当時との違いを示します。何も書かず、送りません。"
    )
)
@argument("mail_id", type=MailNumber(), required=False)
@option(
    "--since",
    type=_DAY,
    ja="この日以後に受け取ったもの（日本時間）。",
    en="Received on this day or after it (Japan's).",
)
@option(
    "--until",
    type=_DAY,
    ja="この日以前に受け取ったもの（日本時間）。",
    en="Received on this day or before it (Japan's).",
)
@option("--dry-run", is_flag=True, ja="違いだけを示します。", en="Show the differences only.")
@config_option
@json_option
@actor_option
@run
async def replay(
    mail_id: int | None,
    *,
    since: datetime | None,
    until: datetime | None,
    dry_run: bool,
    config_path: Path,
    as_json: bool,
    actor: str,
) -> None:
    """Have a parked, passed on, ignored or released mail read again (the running daemon does it). With --since and --dry-run: judge
    the stored mails by today's settings and register, and show what would be decided otherwise; nothing is written or sent.
    """
    if (mail_id is None) == (since is None) or dry_run != (since is not None) or (until is not None and since is None):
        raise click.UsageError("メールの番号か、--since と --dry-run の、どちらかを指定してください")
    begins, ends = in_japan(since, until)
    if begins is not None and (await database(load(config_path)))[0].pending:  # opening it would bring it to this form
        raise ToldError("データベースがこの版の形ではありません。更新してから実行してください（何も変えていません）")
    async with command_context(config_path) as office:
        if begins is not None:
            await _compare(office, begins, ends, as_json=as_json)
            return
        if mail_id is None:  # refused above
            return
        await office.store.incoming.replay(mail_id, actor=actor)
    click.echo(f"メール{mail_id}をもう一度読み取ります")


@mail.command(ja="対応待ち・返信待ちのメールに対応したことを記録します。定時報告に載らなくなります。")
@argument("mail_id", type=MailNumber())
@option("--note", required=True, ja="どう対応したか（記録に残します）。", en="What was done about it, for the journal.")
@config_option
@actor_option
@run
async def release(mail_id: int, *, note: str, config_path: Path, actor: str) -> None:
    """Note that a person has dealt with a parked or passed on mail; it leaves the summary's lists."""
    if not note.strip():
        raise click.UsageError("--note に、どう対応したかを書いてください")
    async with command_context(config_path) as office:
        await office.store.incoming.release(mail_id, actor=actor, note=note)
    click.echo(f"メール{mail_id}を対応済みとしました")


@mail.command(
    ja="メールを届いたまま（認証キーも含めて）、1通ずつ .eml ファイルに書き出します。本人だけが読めます。上書きはせず、書き出したことを記録します。"
)
@argument("mail_ids", metavar="[MAIL_ID]...", type=int, nargs=-1)
@option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([s.value for s in MailState]),
    ja="この状態の全てのメール。",
    en="All such mails.",
)
@option(
    "--to",
    "folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    ja="書き出すフォルダ。",
    en="Where to write.",
)
@config_option
@actor_option
@run
async def export(
    *, mail_ids: tuple[int, ...], states: tuple[str, ...], folder: Path, config_path: Path, actor: str
) -> None:
    """Write mails as they came, keys and all, one .eml file each, for you alone; nothing is overwritten, the journal tells which."""
    if not mail_ids and not states:
        click.echo("書き出すメールの番号か --state を指定してください", err=True)
        raise click.exceptions.Exit(EXIT_USAGE)
    async with command_context(config_path) as office:
        wanted = dict.fromkeys(mail_ids)
        if states:
            rows = await office.store.incoming.list_(states=[MailState(state) for state in states], limit=_EVERYTHING)
            wanted |= dict.fromkeys(row.mail_id for row in reversed(rows))
        written = 0
        for mail_id in wanted:
            row, content, _ = await office.store.incoming.get(mail_id)
            _check_kept(row, content)
            await office.store.journal.note_keys_shown([("mail", mail_id)], actor=actor, command="mail export")
            # Named by us alone: a subject or a name of the sender's has no place in a path.
            written += _write_new(folder, f"{mail_id:08d}-{row.digest[:16]}.eml", content)
    click.echo(f"{written}通を {folder} に書き出しました")
    if written < len(wanted):
        raise click.exceptions.Exit(EXIT_FAILED)


async def _compare(office: CommandContext, since: datetime, until: datetime | None, *, as_json: bool) -> None:
    from bot.commands.comparing import replay as replaying  # noqa: PLC0415 - reader, letters: no other command on mails loads them

    log.configure("error", "text", office.policy.formats)

    def work(told: Work) -> Awaitable[list[replaying.Compared]]:
        return replaying.compare(office, since, until, told.tell)

    stopped = "途中で止めました。何も書いていません。もう一度実行できます"
    found = await long_work("判定し直しています", work, when_stopped=stopped, shown=not as_json, may_be_cut=True)
    replaying.show(found, as_json=as_json)


_EVERYTHING = 10**9


def _check_kept(row: MailRow, content: bytes) -> None:
    """Raise ToldError for a mail of which nothing but its row is left."""
    if row.size_bytes and not content:
        raise ToldError(f"メール{row.mail_id}の原本は、保存期間を過ぎて廃棄しました（journal list の disposal.done）")


def _write_new(folder: Path, name: str, content: bytes) -> bool:
    """Write a file that was not there, mode 0600; False, said on standard error, when it was. Raises OSError."""
    try:
        with Folder.open(folder, make=True) as opened:
            opened.write_new(name, content)
    except FileExistsError:
        click.echo(f"{folder / name} は既にあるため、上書きしません", err=True)
        return False
    return True
